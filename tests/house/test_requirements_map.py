"""The page that leads from a requirement to its tests says what the tests say."""

from tests.house.requirements_map import CLAUSES, PAGE, page, proofs, proofs_in


def test_the_page_is_what_the_markers_say() -> None:
    kept = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    assert kept == page(), "write it anew: uv run python -m tests.house.requirements_map"


def test_no_test_names_a_requirement_that_nobody_wrote_down() -> None:
    assert sorted({each.requirement for each in proofs()} - set(CLAUSES)) == []


def test_markers_of_every_kind_of_test_are_read() -> None:
    source = (
        '@pytest.mark.req("R7", "R44")\nasync def test_one_thing_holds(): ...\n\n@other\ndef test_no(): ...\n'
    )
    assert [(each.requirement, each.sentence) for each in proofs_in(source, "a.py")] == [
        ("R7", "one thing holds"),
        ("R44", "one thing holds"),
    ]
