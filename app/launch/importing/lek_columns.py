"""Every column of the Lek tablet data: what its cells look like, which step it answers, what limit judges it.

Units stand only where the source states one. No specification limits are published: the limits here are illustrative,
and say so.
"""

import re
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from app.domain.master_record import StageSpec, StepKind, StepSpec
from app.domain.metrics import Channel
from app.domain.quantity import Limit
from app.domain.record import record
from app.launch.importing.reading import COUNTED, MEASURED, TIMED, Form

LABORATORY: Final = "Laboratory.csv"
PROCESS: Final = "Process.csv"
NORMALIZATION: Final = "Normalization.csv"
SERIES_FOLDER: Final = "Process"

DISPENSING, COMPRESSION, COATING, FINAL_QC = "dispensing", "compression", "coating", "final_qc"

MONTHS: Final = MappingProxyType(
    {
        name: number
        for number, name in enumerate(
            ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "avg", "sep", "okt", "nov", "dec"), start=1
        )
    }
)
"""Slovenian, as the source writes them."""

MONTH: Final = Form(
    pattern=re.compile(rf"(?:{'|'.join(MONTHS)})\.[0-9]{{2}}"),
    says="not a Slovenian month with a two-digit year like 'maj.19'",
)
STRENGTH: Final = Form(pattern=re.compile(r"[0-9]+M(?:G)?"), says="not a strength like '5MG'")
YES_NO: Final = Form(pattern=re.compile(r"yes|no"), says="neither 'yes' nor 'no'", may_be_missing=True)
WHOLE_STRENGTH: Final = "MG"
"""What a strength ends with that was not cut off."""

YIELD: Final = Limit(low=Decimal("95.0"), high=Decimal("101.0"), unit="%", illustrative=True)
WEIGHT_RSD: Final = Limit(high=Decimal("3.0"), unit="%", illustrative=True)
DISSOLUTION: Final = Limit(low=Decimal(75), unit="%", illustrative=True)


@record
class Material:
    """A starting material: the prefix of its columns, and the columns of its lot, its source and its test results."""

    code: str
    name: str
    results: tuple[str, ...]
    source: str = ""

    @property
    def lot(self) -> str:
        return f"{self.code}_batch"


MATERIALS: Final = (
    Material(
        code="api",
        name="Active substance",
        source="api_code",
        results=(
            "api_water",
            "api_total_impurities",
            "api_l_impurity",
            "api_content",
            "api_ps01",
            "api_ps05",
            "api_ps09",
        ),
    ),
    Material(
        code="smcc",
        name="Silicified microcrystalline cellulose",
        results=("smcc_water", "smcc_td", "smcc_bd", "smcc_ps01", "smcc_ps05", "smcc_ps09"),
    ),
    Material(
        code="lactose",
        name="Lactose",
        results=("lactose_water", "lactose_sieve0045", "lactose_sieve015", "lactose_sieve025"),
    ),
    Material(code="starch", name="Starch", results=("starch_ph", "starch_water")),
)


@record
class Result:
    """One column whose cells become entries of a step."""

    file: str
    column: str
    stage: str
    title: str
    unit: str = ""
    limit: Limit | None = None
    kind: StepKind = StepKind.NUMBER
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The step's key: the column's name in lower case, joined by low lines."""
        return self.column.lower().replace(" ", "_")

    @property
    def step(self) -> StepSpec:
        return StepSpec(
            key=self.key,
            title=self.title,
            instruction=f"Transcribed from column {self.column} of {self.file}.",
            kind=self.kind,
            unit=self.unit,
            limit=self.limit,
            choices=self.choices,
        )


def _lot(column: str, title: str) -> Result:
    return Result(file=LABORATORY, column=column, stage=DISPENSING, title=title, kind=StepKind.TEXT)


def _tablet(column: str, title: str, unit: str = "", limit: Limit | None = None) -> Result:
    stage = COMPRESSION if column.startswith("tbl_") else COATING
    return Result(file=LABORATORY, column=column, stage=stage, title=title, unit=unit, limit=limit)


def _final(column: str, title: str, unit: str = "", limit: Limit | None = None) -> Result:
    return Result(file=LABORATORY, column=column, stage=FINAL_QC, title=title, unit=unit, limit=limit)


def _press(column: str, title: str) -> Result:
    return Result(file=PROCESS, column=column, stage=COMPRESSION, title=title)


RESULTS: Final = (
    _lot("api_code", "Active substance: source"),
    _lot("api_batch", "Active substance: lot"),
    _lot("smcc_batch", "Silicified microcrystalline cellulose: lot"),
    _lot("lactose_batch", "Lactose: lot"),
    _lot("starch_batch", "Starch: lot"),
    _tablet("tbl_min_thickness", "Core tablet: smallest thickness"),
    _tablet("tbl_max_thickness", "Core tablet: largest thickness"),
    _tablet("tbl_min_weight", "Core tablet: smallest weight"),
    _tablet("tbl_max_weight", "Core tablet: largest weight"),
    _tablet("tbl_rsd_weight", "Core tablet: weight, relative standard deviation", "%", WEIGHT_RSD),
    _tablet("tbl_min_hardness", "Core tablet: smallest hardness"),
    _tablet("tbl_max_hardness", "Core tablet: largest hardness"),
    _tablet("tbl_av_hardness", "Core tablet: mean hardness"),
    _tablet("tbl_max_diameter", "Core tablet: largest diameter"),
    _tablet("tbl_tensile", "Core tablet: tensile strength"),
    _tablet("tbl_yield", "Core tablet: yield", "%", YIELD),
    _press("tbl_speed_mean", "Press: mean speed"),
    _press("tbl_speed_change", "Press: changes of speed"),
    _press("tbl_speed_0_duration", "Press: time at standstill"),
    _press("total_waste", "Press: total waste"),
    _press("startup_waste", "Press: waste at start-up"),
    Result(
        file=PROCESS,
        column="weekend",
        stage=COMPRESSION,
        title="Press: a weekend fell into the run",
        kind=StepKind.CHOICE,
        choices=("no", "yes"),
    ),
    _press("fom_mean", "Press: mean speed of the filling device"),
    _press("fom_change", "Press: changes of speed of the filling device"),
    _press("SREL_startup_mean", "Press: mean SREL at start-up"),
    _press("SREL_production_mean", "Press: mean SREL in production"),
    _press("SREL_production_max", "Press: largest SREL in production"),
    _press("main_CompForce mean", "Press: mean main compression force"),
    _press("main_CompForce_sd", "Press: standard deviation of the main compression force"),
    _press("main_CompForce_median", "Press: median main compression force"),
    _press("pre_CompForce_mean", "Press: mean pre-compression force"),
    _press("tbl_fill_mean", "Press: mean fill depth"),
    _press("tbl_fill_sd", "Press: standard deviation of the fill depth"),
    _press("cyl_height_mean", "Press: mean cylindrical height"),
    _press("stiffness_mean", "Press: mean stiffness"),
    _press("stiffness_max", "Press: largest stiffness"),
    _press("stiffness_min", "Press: smallest stiffness"),
    _press("ejection_mean", "Press: mean ejection force"),
    _press("ejection_max", "Press: largest ejection force"),
    _press("ejection_min", "Press: smallest ejection force"),
    _press("Startup_tbl_fill_maxDifference", "Press: largest difference of fill depth at start-up"),
    _press("Startup_main_CompForce_mean", "Press: mean main compression force at start-up"),
    _press("Startup_tbl_fill_mean", "Press: mean fill depth at start-up"),
    _tablet("fct_min_thickness", "Coated tablet: smallest thickness"),
    _tablet("fct_max_thickness", "Coated tablet: largest thickness"),
    _tablet("fct_rsd_weight", "Coated tablet: weight, relative standard deviation", "%", WEIGHT_RSD),
    _tablet("fct_min_hardness", "Coated tablet: smallest hardness"),
    _tablet("fct_max_hardness", "Coated tablet: largest hardness"),
    _tablet("fct_av_hardness", "Coated tablet: mean hardness"),
    _tablet("fct_max_diameter", "Coated tablet: largest diameter"),
    _tablet("fct_tensile", "Coated tablet: tensile strength"),
    _final("batch_yield", "Yield of the batch", "%", YIELD),
    _final("dissolution_av", "Dissolution: mean", "%"),
    _final("dissolution_min", "Dissolution: smallest", "%", DISSOLUTION),
    _final("resodual_solvent", "Residual solvent"),
    _final("impurities_total", "Impurities: total"),
    _final("impurity_o", "Impurity O"),
    _final("impurity_l", "Impurity L"),
)
"""In the order in which a batch's record shows them."""

_STAGES: Final = (
    (DISPENSING, "Dispensing and blending"),
    (COMPRESSION, "Compression"),
    (COATING, "Film coating"),
    (FINAL_QC, "Final QC"),
)
STAGES: Final = tuple(
    StageSpec(key=key, name=name, steps=tuple(each.step for each in RESULTS if each.stage == key))
    for key, name in _STAGES
)

AGAIN: Final = MappingProxyType(
    {
        "Drug release average (%)": "dissolution_av",
        "Drug release min (%)": "dissolution_min",
        "Residual solvent": "resodual_solvent",
        "Total impurities": "impurities_total",
        "Impurity O": "impurity_o",
        "Impurity L": "impurity_l",
    }
)
"""Columns of Process.csv that give a column of Laboratory.csv again, under another name."""

LABORATORY_FORMS: Final = MappingProxyType(
    {
        "batch": COUNTED,
        "code": COUNTED,
        "strength": STRENGTH,
        "size": COUNTED,
        "start": MONTH,
        "api_code": COUNTED,
        **{each.lot: COUNTED for each in MATERIALS},
        **dict.fromkeys((column for each in MATERIALS for column in each.results), MEASURED),
        **{each.column: MEASURED for each in RESULTS if each.file == LABORATORY and each.stage != DISPENSING},
    }
)
PROCESS_FORMS: Final = MappingProxyType(
    {
        "batch": COUNTED,
        "code": COUNTED,
        **{each.column: MEASURED for each in RESULTS if each.file == PROCESS},
        "weekend": YES_NO,
        **dict.fromkeys(AGAIN, MEASURED),
    }
)
FACTOR: Final = "Normalisation factor"
SIZE: Final = "Batch Size (tablets)"
NORMALIZATION_FORMS: Final = MappingProxyType(
    {"Product code": COUNTED, SIZE: COUNTED, FACTOR: Form(pattern=MEASURED.pattern, says=MEASURED.says)}
)

SERIES_NAME: Final = "Tablet press"
CHANNELS: Final = (
    Channel(name="tbl_speed", unit="1000 tablets/h"),
    Channel(name="fom", unit=""),
    Channel(name="main_comp", unit=""),
    Channel(name="tbl_fill", unit=""),
    Channel(name="SREL", unit=""),
    Channel(name="pre_comp", unit=""),
    Channel(name="produced", unit="1000 tablets"),
    Channel(name="waste", unit=""),
    Channel(name="cyl_main", unit=""),
    Channel(name="cyl_pre", unit=""),
    Channel(name="stiffness", unit=""),
    Channel(name="ejection", unit=""),
)
SERIES_FORMS: Final = MappingProxyType(
    {
        "timestamp": TIMED,
        "campaign": COUNTED,
        "batch": COUNTED,
        "code": COUNTED,
        **{each.name: MEASURED for each in CHANNELS},
    }
)
