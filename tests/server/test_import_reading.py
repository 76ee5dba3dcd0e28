"""A damaged file is refused whole, with each place that is wrong; nothing is guessed or repaired."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.launch.command import CommandFailed
from app.launch.importer import MOST_FAULTS_TOLD, read_source
from app.launch.importing.lek_tablets import read_lek_tablets
from app.launch.importing.reading import Faults
from tests.support.lek_small import FOLDER, files, write_lek_small

Damage = Callable[[bytes], bytes]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_lek_small(tmp_path / "lek-small")


def faults_of(directory: Path) -> list[str]:
    faults = Faults()
    source = read_lek_tablets(directory, faults)
    assert (source is None) == bool(faults.found)
    return [str(each) for each in faults.found]


def swapped(old: bytes, new: bytes) -> Damage:
    def damage(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new, 1)

    return damage


def line(number: int, change: Damage) -> Damage:
    def damage(content: bytes) -> bytes:
        lines = content.split(b"\r\n")
        lines[number - 1] = change(lines[number - 1])
        return b"\r\n".join(lines)

    return damage


def cell(number: int, column: str, text: bytes) -> Damage:
    def damage(content: bytes) -> bytes:
        index = content.split(b"\r\n", 1)[0].split(b";").index(column.encode())

        def change(row: bytes) -> bytes:
            cells = row.split(b";")
            cells[index] = text
            return b";".join(cells)

        return line(number, change)(content)

    return damage


def test_the_files_that_the_project_brings_are_the_generated_ones() -> None:
    assert {
        path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in FOLDER.rglob("*.csv")
    } == files()


def test_a_whole_data_set_has_no_fault(small: Path) -> None:
    assert faults_of(small) == []


NUMBER = "not a number with '.' as decimal mark and no other marks"


DAMAGES: list[tuple[str, Damage, str]] = [
    (
        "Laboratory.csv",
        lambda content: content.replace(b";", b","),
        "Laboratory.csv:1: there is no ';' in the header: wrong delimiter",
    ),
    (
        "Laboratory.csv",
        line(1, swapped(b";tbl_yield", b"")),
        "Laboratory.csv:1:tbl_yield: the column is missing",
    ),
    (
        "Process.csv",
        line(1, swapped(b"weekend", b"weekend;colour")),
        "Process.csv:1:colour: there is no such column in this data set",
    ),
    (
        "Process.csv",
        line(1, swapped(b"weekend", b"weekend;weekend")),
        "Process.csv:1:weekend: the column stands here twice",
    ),
    (
        "Laboratory.csv",
        cell(17, "tbl_tensile", b"1.412.698.315"),
        f"Laboratory.csv:17:tbl_tensile: '1.412.698.315' is {NUMBER}",
    ),
    ("Laboratory.csv", cell(4, "tbl_yield", b"97,7"), f"Laboratory.csv:4:tbl_yield: '97,7' is {NUMBER}"),
    (
        "Laboratory.csv",
        cell(4, "tbl_yield", b"n. d."),
        f"Laboratory.csv:4:tbl_yield: 'n. d.' is {NUMBER}",
    ),
    (
        "Laboratory.csv",
        cell(4, "impurity_o", b"<0.05"),
        f"Laboratory.csv:4:impurity_o: '<0.05' is {NUMBER}",
    ),
    ("Process.csv", cell(4, "fom_mean", b"#DIV/0!"), f"Process.csv:4:fom_mean: '#DIV/0!' is {NUMBER}"),
    ("Process/1.csv", cell(9, "SREL", b"NaN"), f"Process/1.csv:9:SREL: 'NaN' is {NUMBER}"),
    ("Process/1.csv", cell(9, "SREL", b"1_000"), f"Process/1.csv:9:SREL: '1_000' is {NUMBER}"),
    ("Laboratory.csv", cell(7, "batch", b"5"), "Laboratory.csv:7:batch: 5 stands in line 6 already"),
    (
        "Laboratory.csv",
        cell(7, "batch", b""),
        "Laboratory.csv:7:batch: the value is missing",
    ),
    (
        "Laboratory.csv",
        cell(7, "start", b"may.19"),
        "Laboratory.csv:7:start: 'may.19' is not a Slovenian month with a two-digit year like 'maj.19'",
    ),
    (
        "Laboratory.csv",
        cell(7, "strength", b"strong"),
        "Laboratory.csv:7:strength: 'strong' is not a strength like '5MG'",
    ),
    (
        "Process/2.csv",
        cell(3, "timestamp", b"29.11.2019 06:00"),
        "Process/2.csv:3:timestamp: '29.11.2019 06:00' is not a time like 2019-03-20 14:56:17",
    ),
    (
        "Process/2.csv",
        cell(3, "timestamp", b"2019-02-30 06:00:00"),
        "Process/2.csv:3:timestamp: '2019-02-30 06:00:00' is no time of the calendar",
    ),
    (
        "Laboratory.csv",
        cell(5, "tbl_yield", "97.7µ".encode("latin-1")),
        "Laboratory.csv:5:tbl_yield: byte",
    ),
    (
        "Laboratory.csv",
        lambda content: content.decode().encode("utf-16"),
        "Laboratory.csv:1: byte 1 is not",
    ),
    (
        "Laboratory.csv",
        lambda content: content.decode().encode("utf-16-le"),
        "Laboratory.csv:1: byte 2 is not text in UTF-8: wrong encoding",
    ),
    ("Process.csv", lambda content: content[:-40], "Process.csv:25: the last line has no end"),
    ("Process.csv", lambda _: b"", "Process.csv: the file is empty"),
    (
        "Laboratory.csv",
        line(9, lambda row: row[:60]),
        "columns instead of 55",
    ),
    ("Laboratory.csv", line(9, lambda _: b""), "Laboratory.csv:9:code: 1 columns instead of 55"),
    ("Process.csv", line(9, lambda row: row + b";1"), "Process.csv:9: 36 columns instead of 35"),
    (
        "Process.csv",
        lambda content: b"\r\n".join(content.split(b"\r\n")[:-2]) + b"\r\n",
        "Laboratory.csv:25:batch: batch 23 is not in Process.csv",
    ),
    (
        "Laboratory.csv",
        lambda content: b"\r\n".join(content.split(b"\r\n")[:-2]) + b"\r\n",
        "Process.csv:25:batch: batch 23 is not in Laboratory.csv",
    ),
    (
        "Normalization.csv",
        lambda content: b"\r\n".join(content.split(b"\r\n")[:-2]) + b"\r\n",
        "Laboratory.csv:4:code: product code 3 is not in Normalization.csv",
    ),
    (
        "Process/2.csv",
        cell(2, "batch", b"99"),
        "Process/2.csv:2:batch: batch 99 is not in Laboratory.csv",
    ),
    (
        "Process/2.csv",
        cell(2, "batch", b"20"),
        "Process/2.csv:2:batch: batch 20 stands in Process/1.csv too",
    ),
]


@pytest.mark.parametrize(("file", "damage", "told"), DAMAGES)
def test_damage_is_told_with_file_line_and_column(small: Path, file: str, damage: Damage, told: str) -> None:
    path = small / file
    path.write_bytes(damage(path.read_bytes()))
    assert any(told in each for each in faults_of(small)), faults_of(small)


@pytest.mark.parametrize("file", sorted(files()))
def test_a_file_that_is_not_there_is_named(small: Path, file: str) -> None:
    (small / file).unlink()
    if file.startswith("Process/"):
        assert faults_of(small) == []  # most batches have no series at all
        (small / "Process/1.csv").unlink(missing_ok=True)
        (small / "Process/2.csv").unlink(missing_ok=True)
        assert faults_of(small) == ["Process/: there is no file of a time series (*.csv) here"]
    else:
        assert f"{file}: the file is missing" in faults_of(small)


def test_a_folder_that_is_not_there_is_refused_with_all_it_lacks(tmp_path: Path) -> None:
    assert len(faults_of(tmp_path / "nowhere")) == 4


def test_every_fault_is_told_not_the_first_alone(small: Path) -> None:
    path = small / "Laboratory.csv"
    content = path.read_bytes()
    for row, column in ((3, "tbl_yield"), (3, "size"), (8, "start")):
        content = cell(row, column, b"?")(content)
    path.write_bytes(content)
    (small / "Normalization.csv").unlink()
    assert [each.split(": ")[0] for each in faults_of(small)] == [
        "Laboratory.csv:3:size",
        "Laboratory.csv:3:tbl_yield",
        "Laboratory.csv:8:start",
        "Normalization.csv",
    ]


def test_so_many_faults_are_told_and_the_rest_counted(small: Path) -> None:
    path = small / "Process/1.csv"
    path.write_bytes(path.read_bytes().replace(b";127\r\n", b";12.7.0\r\n").replace(b";3.9;", b";3,9;"))
    many = len(faults_of(small))
    assert many > MOST_FAULTS_TOLD
    with pytest.raises(CommandFailed) as failure:
        read_source("lek-tablets", small)
    said = str(failure.value).splitlines()
    assert "nothing was written" in said[0]
    assert len(said) == 1 + MOST_FAULTS_TOLD + 1
    assert said[-1] == f"  and {many - MOST_FAULTS_TOLD} more"


def test_a_damaged_cell_cannot_draw_on_the_terminal(small: Path) -> None:
    path = small / "Laboratory.csv"
    path.write_bytes(cell(3, "tbl_yield", b"\x1b[2J" + b"9" * 100)(path.read_bytes()))
    (told,) = faults_of(small)
    assert "\x1b" not in told
    assert len(told) < 200


def test_line_ends_of_other_systems_and_a_byte_order_mark_change_nothing(small: Path) -> None:
    path = small / "Laboratory.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n"))
    assert faults_of(small) == []
