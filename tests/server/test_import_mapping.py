"""What the small data set becomes: records digit for digit with their cells, and a finding for every trap in it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.exception import Rule
from app.domain.identity import PlantId
from app.domain.master_record import StepKind, value_fits
from app.domain.metrics import Channel
from app.domain.transcription import ImportBatch
from app.launch.importing.lek_columns import CHANNELS, COMPRESSION, LABORATORY_FORMS, PROCESS_FORMS, STAGES
from app.launch.importing.lek_findings import agree
from app.launch.importing.lek_tablets import CITATION, read_lek_tablets
from app.launch.importing.plan import Plan, PlannedSeries
from app.launch.importing.reading import Faults
from app.wire.series import MOST_ROWS, Row, chunk_of
from tests.support.lek_small import FOLDER

PLANT = PlantId("ljubljana")


def plan_of(directory: Path = FOLDER, plant_id: PlantId = PLANT) -> Plan:
    source = read_lek_tablets(directory, Faults())
    assert source is not None
    return source(plant_id)


PLAN = plan_of()


def batch(number: int) -> ImportBatch:
    return next(each for each in PLAN.batches if each.number == f"LEK-{number:04d}")


def entry(number: int, key: str) -> tuple[str, str]:
    found = next(each for each in batch(number).entries if each.step_key == key)
    return found.value, found.source


def told(number: int) -> list[tuple[Rule, str, str]]:
    """Rule, first words and source of each finding of a batch."""
    return [(each.rule, each.detail[0], each.source) for each in batch(number).findings]


CONTRADICTION, NOT_RECORDED, IMPLAUSIBLE = Rule.CONTRADICTION, Rule.NOT_RECORDED, Rule.IMPLAUSIBLE


@pytest.mark.parametrize("number", [1, 6, 12, 18, 24])
def test_a_batch_that_is_in_order_gives_no_cause_to_notice_anything(number: int) -> None:
    assert told(number) == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (
            2,
            [
                (
                    CONTRADICTION,
                    "fct_min_thickness 3.8",
                    "Laboratory.csv:3:fct_min_thickness+fct_max_thickness",
                )
            ],
        ),
        (3, [(CONTRADICTION, "Laboratory.csv size 4800000", "Laboratory.csv:4:size")]),
        (4, [(CONTRADICTION, "Active substance lot 77", "Laboratory.csv:5:api_water+api_content")]),
        (5, [(CONTRADICTION, "Active substance lot 77", "Laboratory.csv:6:api_water+api_content")]),
        (
            7,
            [
                (NOT_RECORDED, "api_water (written as 0)", "Laboratory.csv:8:api_water+api_ps01"),
                (NOT_RECORDED, "resodual_solvent (written as 0)", "Laboratory.csv:8:resodual_solvent"),
            ],
        ),
        (
            8,
            [
                (Rule.AT_REPORTING_LIMIT, "api_l_impurity 0.05", "Laboratory.csv:9:api_l_impurity"),
                (Rule.AT_REPORTING_LIMIT, "impurity_o 0.05", "Laboratory.csv:9:impurity_o+impurity_l"),
            ],
        ),
        (
            10,
            [(CONTRADICTION, "Laboratory.csv dissolution_min 86", "Process.csv:11:Drug release min (%)")],
        ),
        (
            13,
            [
                (NOT_RECORDED, "api_water", "Laboratory.csv:14:api_water"),
                (NOT_RECORDED, "tbl_min_weight", "Laboratory.csv:14:tbl_min_weight+tbl_max_weight"),
                (NOT_RECORDED, "fct_rsd_weight", "Laboratory.csv:14:fct_rsd_weight"),
            ],
        ),
        (14, [(NOT_RECORDED, "unit of strength 10M, cut off", "Laboratory.csv:15:strength")]),
        (
            15,
            [
                (
                    CONTRADICTION,
                    "tbl_av_hardness 46",
                    "Laboratory.csv:16:tbl_min_hardness+tbl_av_hardness+tbl_max_hardness",
                )
            ],
        ),
        (
            16,
            [
                (
                    CONTRADICTION,
                    "tbl_tensile 1.412698315",
                    "Laboratory.csv:17:tbl_tensile+tbl_av_hardness+tbl_max_diameter+tbl_max_thickness",
                )
            ],
        ),
        (
            17,
            [
                (IMPLAUSIBLE, "ejection_mean -223.3192547", "Process.csv:18:ejection_mean"),
                (IMPLAUSIBLE, "ejection_min -300", "Process.csv:18:ejection_min"),
            ],
        ),
        (19, [(CONTRADICTION, "impurity_o 0.40", "Laboratory.csv:20:impurity_o+impurities_total")]),
        (22, [(CONTRADICTION, "start dec.19", "Process/2.csv:2:timestamp")]),
        (
            23,
            [
                (CONTRADICTION, "Laboratory.csv code 1", "Process.csv:25:code"),
                (CONTRADICTION, "Laboratory.csv code 1", "Process/2.csv:22:code"),
            ],
        ),
    ],
)
def test_each_trap_is_noticed_where_it_stands(number: int, expected: list[tuple[Rule, str, str]]) -> None:
    assert told(number) == expected


def test_results_that_one_file_lacks_are_one_finding() -> None:
    (finding,) = batch(9).findings
    assert finding.rule is CONTRADICTION
    assert finding.detail[0] == "6 results of Laboratory.csv are missing in Process.csv"
    assert len(finding.detail) == 7


def test_a_size_ten_times_another_says_so() -> None:
    assert batch(3).findings[0].detail[1] == (
        "Normalization.csv Batch Size (tablets) 480000 (10 times apart)"
    )


def test_a_lot_with_two_results_names_the_other_one() -> None:
    assert batch(4).findings[0].detail == (
        "Active substance lot 77",
        "api_water 1.53, 1.67 in line 6",
        "api_content 94.5, 94.9 in line 6",
    )


def test_a_series_is_checked_row_against_row() -> None:
    assert told(20) == [
        (
            NOT_RECORDED,
            "2 rows without any value, the first at 2019-08-30 23:59:10",
            "Process/1.csv:7:tbl_speed",
        ),
        (
            NOT_RECORDED,
            "1 row without some values, the first at 2019-08-30 23:59:40",
            "Process/1.csv:10:ejection",
        ),
        (IMPLAUSIBLE, "1 of 19 steps are not 10 s", "Process/1.csv:17:timestamp"),
        (
            IMPLAUSIBLE,
            "10 rows of a weekend inside the run, 2019-08-31 00:00:00 to 2019-08-31 00:02:00",
            "Process/1.csv:12:timestamp",
        ),
        (IMPLAUSIBLE, "produced falls from 18 to 0 at 2019-08-31 00:02:00", "Process/1.csv:21:produced"),
        (IMPLAUSIBLE, "waste falls from 12 to 0 at 2019-08-31 00:02:00", "Process/1.csv:21:waste"),
        (CONTRADICTION, "fom is the same as tbl_speed in 16 of 16 rows", "Process/1.csv:4:fom+tbl_speed"),
        (CONTRADICTION, "Process.csv tbl_speed_mean 100.1", "Process.csv:21:tbl_speed_mean"),
        (CONTRADICTION, "Process.csv tbl_speed_0_duration 2.5", "Process.csv:21:tbl_speed_0_duration"),
        (CONTRADICTION, "Process.csv weekend no", "Process.csv:21:weekend"),
        (CONTRADICTION, "runs 2019-08-30 23:58:20 to 2019-08-31 00:02:00", "Process/1.csv:2:timestamp+batch"),
    ]


def test_batches_that_overlap_in_time_name_each_other() -> None:
    (finding,) = batch(21).findings
    assert finding.detail == (
        "runs 2019-08-30 23:56:30 to 2019-08-30 23:59:40",
        "LEK-0020 runs 2019-08-30 23:58:20 to 2019-08-31 00:02:00",
    )
    assert batch(20).findings[-1].detail[1].startswith("LEK-0021 runs ")


def test_no_two_findings_of_a_batch_are_told_apart_by_nothing() -> None:
    for each in PLAN.batches:
        keys = [(f.rule, f.stage_key, f.step_key, f.detail[:1], f.source) for f in each.findings]
        assert len(keys) == len(set(keys)), each.number  # else two exceptions would share one id


@pytest.mark.req("A13")
def test_values_are_transcribed_digit_for_digit_with_file_line_and_column() -> None:
    assert entry(16, "tbl_tensile") == ("1.412698315", "Laboratory.csv:17:tbl_tensile")
    assert entry(17, "tbl_yield") == ("97.700", "Laboratory.csv:18:tbl_yield")
    assert entry(18, "pre_compforce_mean") == ("7.08E-05", "Process.csv:19:pre_CompForce_mean")
    assert entry(1, "main_compforce_mean") == (
        "4.255403727",
        "Process.csv:2:main_CompForce mean",
    )
    assert entry(23, "tbl_yield") == ("97.785", "Laboratory.csv:25:tbl_yield")


def test_what_is_missing_has_no_entry() -> None:
    keys = {each.step_key for each in batch(13).entries}
    assert not keys & {"tbl_min_weight", "tbl_max_weight", "fct_rsd_weight"}
    assert len(batch(13).entries) == len(batch(1).entries) - 3
    assert "api_water" not in {name for use in batch(13).materials for name, _, _ in use.results}


def test_every_column_but_keys_and_repetitions_becomes_an_entry_or_a_result() -> None:
    columns = {each.source.rsplit(":", 1)[1] for each in batch(1).entries}
    results = {name for use in batch(1).materials for name, _, _ in use.results}
    left = {*LABORATORY_FORMS, *PROCESS_FORMS} - columns - results
    assert left == {
        *("batch", "code", "strength", "size", "start"),  # number, product, product, quantity, month
        *("Drug release average (%)", "Drug release min (%)", "Residual solvent"),
        *("Total impurities", "Impurity O", "Impurity L"),
    }


def test_months_are_slovenian_and_get_no_day() -> None:
    assert [batch(each).started_on for each in (1, 3, 4, 5, 22)] == [
        "2018-11",
        "2019-05",
        "2019-08",
        "2020-10",
        "2019-12",
    ]


def test_a_lot_is_unique_only_with_its_source_and_keeps_its_results() -> None:
    one, other = (batch(each).materials[0] for each in (5, 6))
    assert (one.lot, other.lot) == ("77", "77")
    assert (one.source, other.source) == ("5", "4")
    assert ("api_water", "1.67", "") in one.results
    assert [each.source for each in batch(5).materials[1:]] == ["", "", ""]  # the data name no source


def test_code_and_strength_are_the_product_and_its_master_record() -> None:
    assert [(each.product.code, each.product.strength) for each in PLAN.masters] == [
        ("LEK-01", "5MG"),
        ("LEK-02", "10M"),
        ("LEK-03", "20MG"),
    ]
    third = PLAN.masters[2]
    assert batch(3).master_id == third.draft.master_id
    assert (str(third.draft.batch_size.value), str(batch(3).quantity.value)) == ("480000", "4800000")
    assert [each.name for each in third.draft.stages] == [
        *("Dispensing and blending", "Compression", "Film coating", "Final QC"),
    ]


def test_only_the_illustrative_limits_are_drawn_and_they_say_that_they_are() -> None:
    limits = {
        step.key: (step.limit.low, step.limit.high, step.limit.illustrative)
        for stage in STAGES
        for step in stage.steps
        if step.limit
    }
    assert limits == {
        "tbl_rsd_weight": (None, Decimal("3.0"), True),
        "tbl_yield": (Decimal("95.0"), Decimal("101.0"), True),
        "fct_rsd_weight": (None, Decimal("3.0"), True),
        "batch_yield": (Decimal("95.0"), Decimal("101.0"), True),
        "dissolution_min": (Decimal(75), None, True),
    }


def test_every_entry_fits_its_step() -> None:
    steps = {(stage.key, step.key): step for stage in STAGES for step in stage.steps}
    for each in PLAN.batches:
        for made in each.entries:
            assert value_fits(steps[made.stage_key, made.step_key], made.value), made
    assert {step.kind for step in steps.values()} == {StepKind.NUMBER, StepKind.TEXT, StepKind.CHOICE}


def test_the_citation_stands_at_every_batch_master_and_series() -> None:
    assert all(each.source.endswith(f"({CITATION})") for each in (*PLAN.batches, *PLAN.series))
    assert all(each.draft.note.endswith(CITATION) for each in PLAN.masters)
    assert batch(24).source.startswith("Laboratory.csv:23 of lek-tablets (")


def test_ids_follow_from_plant_and_number_and_from_nothing_else() -> None:
    again, elsewhere = plan_of(), plan_of(plant_id=PlantId("other"))
    assert [each.batch_id for each in again.batches] == [each.batch_id for each in PLAN.batches]
    assert not {each.batch_id for each in elsewhere.batches} & {each.batch_id for each in PLAN.batches}
    assert [each.draft for each in elsewhere.masters] == [each.draft for each in PLAN.masters]


def test_series_keep_every_row_empty_ones_too_in_the_local_time_of_the_machine() -> None:
    by_batch = {each.batch_id: each for each in PLAN.series}
    series = by_batch[batch(20).batch_id]
    assert (series.stage_key, len(series.rows), series.channels) == (COMPRESSION, 20, CHANNELS)
    assert series.rows[0].at == datetime(2019, 8, 30, 23, 58, 20, tzinfo=UTC)
    assert set(series.rows[5].values) == {None}
    assert str(series.rows[0].values[2]) == "4.90"
    ((command, rows),) = series.chunks()
    assert not command.zone_known
    assert command.chunk == chunk_of(0, series.rows)
    assert rows == series.rows
    assert command.source.startswith("Process/1.csv:2-21, campaign 33, of lek-tablets (")


def test_a_long_series_goes_in_chunks_that_count_on() -> None:
    begin = datetime(2019, 1, 1, tzinfo=UTC)
    rows = tuple(
        Row(at=begin + timedelta(seconds=each), values=(Decimal(each),)) for each in range(MOST_ROWS + 1)
    )
    series = PlannedSeries(
        batch_id=batch(1).batch_id,
        stage_key=COMPRESSION,
        name="long",
        channels=(Channel(name="one", unit=""),),
        rows=rows,
        source="here",
    )
    first, second = series.chunks()
    assert [(each.chunk.position, each.chunk.rows) for each, _ in (first, second)] == [
        (0, MOST_ROWS),
        (MOST_ROWS, 1),
    ]
    assert second[0].first_at == second[0].last_at == rows[-1].at


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("158.215", "158.22", True),
        ("158.225", "158.22", True),  # to even
        ("94.1", "94", True),
        ("94.5", "94.50", True),
        ("94.1", "94.2", False),
        ("1.53", "1.67", False),
        ("1E+2", "100", True),
    ],
)
def test_a_rounded_result_is_no_second_result(one: str, other: str, same: bool) -> None:
    assert agree(Decimal(one), Decimal(other)) is same
    assert agree(Decimal(other), Decimal(one)) is same
