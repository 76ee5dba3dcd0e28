"""A small data set of our own in the shape of Lek's published one: 24 invented batches, every trap at a known place.

`python -m tests.support.lek_small` writes `tests/data/lek-small` anew; a test compares the two. Nothing in it was
measured anywhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from app.launch.importing.lek_columns import (
    AGAIN,
    FACTOR,
    LABORATORY_FORMS,
    NORMALIZATION_FORMS,
    PROCESS_FORMS,
    SERIES_FORMS,
    SIZE,
)

FOLDER: Final = Path(__file__).parents[1] / "data" / "lek-small"
BLANKS: Final = " " * 12

Cells = dict[str, str]

CODES: Final = {
    "1": ("5MG", "240000", "2.4"),
    "2": ("10M", "1920000", "19.2"),
    "3": ("20MG", "480000", "4.8"),
}
OF_CODE_2: Final = frozenset({14})
OF_CODE_3: Final = frozenset({3})
MONTHS: Final = {3: "maj.19", 4: "avg.19", 5: "okt.20", 22: "dec.19"}

TENSILE_TBL: Final = f"{2 * Decimal(60) / (Decimal('3.14') * Decimal('6.1') * Decimal('3.4')):.9f}"
TENSILE_FCT: Final = f"{2 * Decimal(64) / (Decimal('3.14') * Decimal('6.1') * Decimal('3.5')):.9f}"

LABORATORY: Final[Mapping[str, str]] = {
    "api_code": "5",
    "smcc_batch": "1",
    "lactose_batch": "2",
    "starch_batch": "1",
    "api_water": "1.53",
    "api_total_impurities": "0.25",
    "api_l_impurity": "0.13",
    "api_content": "94.5",
    "api_ps01": "1.27",
    "api_ps05": "18.52",
    "api_ps09": "109.999",
    "lactose_water": "0.0495",
    "lactose_sieve0045": "17",
    "lactose_sieve015": "50",
    "lactose_sieve025": "82",
    "smcc_water": "4.251",
    "smcc_td": "0.45",
    "smcc_bd": "0.33",
    "smcc_ps01": "31.156",
    "smcc_ps05": "112.141",
    "smcc_ps09": "245.499",
    "starch_ph": "4.4",
    "starch_water": "3.012",
    "tbl_min_thickness": "3.3",
    "tbl_max_thickness": "3.4",
    "fct_min_thickness": "3.4",
    "fct_max_thickness": "3.5",
    "tbl_min_weight": "111",
    "tbl_max_weight": "116",
    "tbl_rsd_weight": "0.92",
    "fct_rsd_weight": "0.72",
    "tbl_min_hardness": "56.84",
    "tbl_max_hardness": "68.60",
    "tbl_av_hardness": "60",
    "fct_min_hardness": "57",
    "fct_max_hardness": "70",
    "fct_av_hardness": "64",
    "tbl_max_diameter": "6.1",
    "fct_max_diameter": "6.1",
    "tbl_tensile": TENSILE_TBL,
    "fct_tensile": TENSILE_FCT,
    "tbl_yield": "97.785",
    "batch_yield": "96.697",
    "dissolution_av": "93.83",
    "dissolution_min": "86",
    "resodual_solvent": "0.06",
    "impurities_total": "0.33",
    "impurity_o": "0.06",
    "impurity_l": "0.16",
}
"""A batch that gives no cause to notice anything."""

OTHER_LABORATORY: Final[Mapping[int, Mapping[str, str]]] = {
    2: {"fct_min_thickness": "3.8"},
    3: {"size": "4800000"},
    4: {"api_batch": "77", "api_water": "1.53", "api_content": "94.5"},
    5: {"api_batch": "77", "api_water": "1.67", "api_content": "94.9"},
    6: {"api_code": "4", "api_batch": "77", "api_water": "9.99"},  # another source: another lot
    7: {"api_water": "0", "api_ps01": "0", "resodual_solvent": "0"},
    8: {"api_l_impurity": "0.05", "impurity_o": "0.05", "impurity_l": "0.05"},
    11: {
        "tbl_yield": "94.999",
        "batch_yield": "101.001",
        "tbl_rsd_weight": "3.01",
        "dissolution_min": "74.9",
    },
    12: {"tbl_yield": "95.0", "batch_yield": "101.0", "tbl_rsd_weight": "3.0", "dissolution_min": "75"},
    13: {"api_water": BLANKS, "tbl_min_weight": "", "tbl_max_weight": "#N/A", "fct_rsd_weight": BLANKS},
    15: {
        "tbl_av_hardness": "46",
        "tbl_tensile": f"{92 / (Decimal('3.14') * Decimal('6.1') * Decimal('3.4')):.9f}",
    },
    16: {"tbl_tensile": "1.412698315"},
    17: {"starch_ph": "4.40", "tbl_yield": "97.700"},
    18: {"api_batch": "118", "api_ps09": "158.22"},
    19: {"impurity_o": "0.40", "api_batch": "118", "api_ps09": "158.215"},  # one of the two is rounded
}
FEATURES: Final[Mapping[str, str]] = {
    "tbl_speed_mean": "99.86465621",
    "tbl_speed_change": "5.416666667",
    "tbl_speed_0_duration": "149.5833333",
    "total_waste": "2125.416667",
    "startup_waste": "5085",
    "weekend": "no",
    "fom_mean": "49.96144578",
    "fom_change": "12",
    "SREL_startup_mean": "4.392",
    "SREL_production_mean": "3.559875776",
    "SREL_production_max": "7.1",
    "main_CompForce mean": "4.255403727",
    "main_CompForce_sd": "0.058473468",
    "main_CompForce_median": "4.3",
    "pre_CompForce_mean": "0",
    "tbl_fill_mean": "5.332248447",
    "tbl_fill_sd": "0.095937572",
    "cyl_height_mean": "2.099465839",
    "stiffness_mean": "91.01614907",
    "stiffness_max": "103",
    "stiffness_min": "0",
    "ejection_mean": "223.3192547",
    "ejection_max": "248",
    "ejection_min": "196",
    "Startup_tbl_fill_maxDifference": "0",
    "Startup_main_CompForce_mean": "4.5875",
    "Startup_tbl_fill_mean": "5.466666667",
}
OTHER_FEATURES: Final[Mapping[int, Mapping[str, str]]] = {
    9: dict.fromkeys(AGAIN, "#N/A"),
    10: {"Drug release min (%)": "85", "Impurity O": "0.060"},  # the second says the same with another digit
    17: {"ejection_mean": "-223.3192547", "ejection_min": "-300"},
    18: {"pre_CompForce_mean": "7.08E-05"},
    20: {"tbl_speed_mean": "100.1", "total_waste": "5", "tbl_speed_0_duration": "2.5", "weekend": "no"},
    21: {"tbl_speed_mean": "100", "total_waste": "5", "tbl_speed_0_duration": "0.8333333333"},
    22: {"tbl_speed_mean": "100", "total_waste": "5", "tbl_speed_0_duration": "0.8333333333"},
    23: {"code": "2", "tbl_speed_mean": "100", "total_waste": "5", "tbl_speed_0_duration": "0.8333333333"},
    24: {"tbl_speed_mean": "100", "total_waste": "5", "tbl_speed_0_duration": "0.8333333333"},
}
ORDER: Final = (*range(1, 22), 24, 22, 23)
"""Rows of the files do not stand in the order of their numbers."""


def code_of(batch: int) -> str:
    return "2" if batch in OF_CODE_2 else "3" if batch in OF_CODE_3 else "1"


def laboratory_row(batch: int) -> Cells:
    code = code_of(batch)
    strength, size, _ = CODES[code]
    own = {"batch": str(batch), "code": code, "strength": strength, "size": size}
    start = MONTHS.get(batch, "nov.18")
    return {**own, "start": start, "api_batch": str(batch), **LABORATORY, **OTHER_LABORATORY.get(batch, {})}


def process_row(batch: int) -> Cells:
    measured = laboratory_row(batch)
    again = {ours: measured[theirs] for ours, theirs in AGAIN.items()}
    return {"batch": str(batch), "code": code_of(batch), **FEATURES, **again, **OTHER_FEATURES.get(batch, {})}


def press_row(batch: int, at: datetime, second: int, produced: int) -> Cells:
    """One row of the press. It stands still in the first two rows, then makes 100,000 tablets an hour."""
    speed = "0" if second < 2 else "100"
    return {
        "timestamp": f"{at:%Y-%m-%d %H:%M:%S}",
        "campaign": "33",
        "batch": str(batch),
        "code": "1",
        "tbl_speed": speed,
        "fom": "30" if second >= 2 else "0",
        "main_comp": "4.90",
        "tbl_fill": "3.9",
        "SREL": "7.6",
        "pre_comp": "0",
        "produced": str(produced),
        "waste": str(min(second, 12)),
        "cyl_main": "1.04",
        "cyl_pre": "1.5",
        "stiffness": "4",
        "ejection": "127",
    }


def press_rows(batch: int, begin: datetime, rows: int = 20) -> list[Cells]:
    """A series without anything to notice: its features are those of batch 24."""
    return [press_row(batch, begin + timedelta(seconds=10 * each), each, each) for each in range(rows)]


def troubled_rows() -> list[Cells]:
    """Batch 20: empty rows, a step of 40 s, a night into the weekend, counters that fall, `fom` a copy of the speed."""
    rows = press_rows(20, datetime(2019, 8, 30, 23, 58, 20))  # noqa: DTZ001  a Friday; the source has no zone
    for each in rows:
        each["fom"] = each["tbl_speed"]
    for each in rows[5:7]:
        each.update(dict.fromkeys(list(SERIES_FORMS)[4:], ""))
    rows[8]["ejection"] = ""
    for each in rows[15:]:
        later = datetime.fromisoformat(each["timestamp"]) + timedelta(seconds=30)
        each["timestamp"] = f"{later:%Y-%m-%d %H:%M:%S}"
    for name in ("produced", "waste"):
        rows[-1][name] = "0"
    return rows


def series_files() -> dict[str, list[Cells]]:
    friday, monday = datetime(2019, 8, 30, 23, 58), datetime(2019, 12, 2, 6, 0)  # noqa: DTZ001
    other_code = press_rows(23, monday + timedelta(days=1))
    for each in other_code:
        each["code"] = "3"
    return {
        "1.csv": [
            *troubled_rows(),
            *press_rows(21, friday - timedelta(seconds=90)),
            *press_rows(24, monday),
        ],
        "2.csv": [*press_rows(22, datetime(2019, 11, 29, 6, 0)), *other_code],  # noqa: DTZ001  before its month
    }


def csv_of(columns: Iterable[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    """Rows as the source writes them: `;` between, CRLF behind."""
    names = list(columns)
    lines = [";".join(names), *(";".join(row[name] for name in names) for row in rows)]
    return "".join(f"{line}\r\n" for line in lines).encode()


def files() -> dict[str, bytes]:
    """The whole data set by path."""
    sizes: list[Cells] = [
        dict(zip(("Product code", SIZE, FACTOR), (code, size, factor), strict=True))
        for code, (_, size, factor) in CODES.items()
    ]
    return {
        "Laboratory.csv": csv_of(LABORATORY_FORMS, [laboratory_row(each) for each in ORDER]),
        "Process.csv": csv_of(PROCESS_FORMS, [process_row(each) for each in ORDER]),
        "Normalization.csv": csv_of(NORMALIZATION_FORMS, sizes),
        **{f"Process/{name}": csv_of(SERIES_FORMS, rows) for name, rows in series_files().items()},
    }


def write_lek_small(directory: Path) -> Path:
    """Write the data set into `directory` and answer it."""
    return _written(directory, files())


def copies_of_batch_1(directory: Path, many: int) -> Path:
    """Batch 1, to which there is nothing to say, under `many` numbers, and the series of batch 24."""
    content = files()
    content["Laboratory.csv"] = csv_of(
        LABORATORY_FORMS, [{**laboratory_row(1), "batch": str(each)} for each in range(1, many + 1)]
    )
    content["Process.csv"] = csv_of(
        PROCESS_FORMS, [{**process_row(1), "batch": str(each)} for each in range(1, many + 1)]
    )
    content["Process/1.csv"] = csv_of(SERIES_FORMS, press_rows(24, datetime(2019, 12, 2, 6, 0)))  # noqa: DTZ001
    del content["Process/2.csv"]
    return _written(directory, content)


def _written(directory: Path, content: Mapping[str, bytes]) -> Path:
    for name, each in content.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each)
    return directory


if __name__ == "__main__":
    write_lek_small(FOLDER)
