"""An evidence bundle proves its record by itself, and names the place of every alteration."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.decision import Reason
from app.wire import bundle
from app.wire.chain import GENESIS, link, row_digest
from app.wire.verify_bundle import Report, verify_bundle
from tests.support.sealed_plant import PLANT, SVEN, SealedPlant, key_of

FEED = f"journal/{PLANT}/000000000001.feed"
MEMBERS = (
    bundle.MANIFEST,
    bundle.SIGNATURE,
    bundle.RECORD,
    bundle.CHECKPOINTS,
    bundle.COMMANDS,
    bundle.KEYS,
    bundle.PEOPLE,
    bundle.PDF,
    bundle.README,
    FEED,
    "journal/system/000000000001.feed",
)


@cache
def plant() -> SealedPlant:
    return SealedPlant().released()


def packed(of: SealedPlant) -> bytes:
    told = bundle.record_hash((each.kind, each.id, each.body) for each in of.carried())
    pdf = f"%PDF-1.7 {bundle.PDF_KEYWORD}{told}".encode()
    return bundle.bundle_bytes(of.source(pdf), key_id=of.server_key_id, sign=of.server.sign)


@cache
def whole() -> bytes:
    return packed(plant())


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def forged(change: Callable[[dict[str, bytes]], None]) -> Report:
    """Alter members as someone would who can write the manifest anew, but has not the server's key."""
    members = unpacked(whole())
    change(members)
    manifest = json.loads(members[bundle.MANIFEST])
    manifest["members"] = {
        name: {"sha256": sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in members.items()
        if name not in {bundle.MANIFEST, bundle.SIGNATURE}
    }
    members[bundle.MANIFEST] = json.dumps(manifest).encode()
    return verify_bundle(zipped(members))


def places(report: Report) -> list[str]:
    return [each.place for each in report.flaws]


def sentences(report: Report) -> str:
    return "\n".join(f"{each.place}: {each.what}" for each in report.flaws)


@pytest.mark.req("R1")
@pytest.mark.req("R49")
def test_a_bundle_as_it_was_made_is_whole_and_says_what_was_checked() -> None:
    report = verify_bundle(whole())
    assert report.flaws == ()
    assert report.batch_number == "N-2026-001"
    counts = {each.what: each.count for each in report.checked}
    assert counts["entries"] == 4
    assert counts["signatures"] == 14
    assert counts["records"] == 15
    assert counts["commands"] == 32
    assert counts["members"] == len(MEMBERS) - 2


def test_the_same_source_gives_the_same_bytes() -> None:
    assert packed(SealedPlant().released()) == whole()


def test_a_bundle_is_anchored_only_by_a_fingerprint_that_the_reader_brings() -> None:
    (fingerprint,) = verify_bundle(whole()).fingerprints
    assert not verify_bundle(whole()).anchored
    assert verify_bundle(whole(), trust=fingerprint.upper().replace(" ", ":")).anchored
    other = verify_bundle(whole(), trust="00 11")
    assert not other.anchored
    assert not other.whole


@pytest.mark.req("R1")
@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_one_altered_byte_is_found_and_its_member_named(name: str, where: float) -> None:
    members = unpacked(whole())
    content = bytearray(members[name])
    at = int(len(content) * where)
    content[at] ^= 0x01
    members[name] = bytes(content)
    report = verify_bundle(zipped(members))
    named = {each.split(",")[0] for each in places(report)}
    # A manifest that no longer says what it said is caught by its signature, wherever the byte was.
    assert (bundle.SIGNATURE if name == bundle.MANIFEST else name) in named or name in named


@pytest.mark.parametrize("name", [each for each in MEMBERS if each != bundle.MANIFEST])
def test_a_missing_member_is_named(name: str) -> None:
    members = unpacked(whole())
    del members[name]
    assert name in places(verify_bundle(zipped(members)))


def test_a_member_that_nobody_listed_is_named() -> None:
    assert "note.txt" in places(verify_bundle(zipped(unpacked(whole()) | {"note.txt": b"hello"})))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_named() -> None:
    target = io.BytesIO(whole())
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr(bundle.RECORD, b"{}")
    assert bundle.RECORD in places(verify_bundle(target.getvalue()))


def test_a_manifest_written_anew_is_not_the_servers() -> None:
    report = forged(lambda members: members.__setitem__(bundle.README, b"Trust me.\n"))
    assert places(report) == [bundle.SIGNATURE]


@pytest.mark.req("R1")
def test_a_value_changed_in_the_record_alone_is_not_what_the_journal_says() -> None:
    def change(members: dict[str, bytes]) -> None:
        members[bundle.RECORD] = members[bundle.RECORD].replace(b'"value":"10.6"', b'"value":"10.4"')

    told = sentences(forged(change))
    assert "record.json, step" in told
    assert "its value is not its command's" in told
    assert "its record hash is not the hash of the records in it" in told


@pytest.mark.req("R1")
def test_a_row_that_was_changed_breaks_the_chain_there() -> None:
    def change(members: dict[str, bytes]) -> None:
        lines = members[FEED].split(b"\n")
        at = next(at for at, line in enumerate(lines) if b"step.corrected" in line)
        lines[at] = lines[at].replace(b"Read the wrong display.", b"Read the right display.")
        members[FEED] = b"\n".join(lines)

    assert "breaks the chain" in sentences(forged(change))


def test_a_chain_computed_anew_no_longer_fits_its_checkpoint() -> None:
    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members[bundle.MANIFEST])
        (run,) = (each for each in manifest["journal"] if each["journal"] == PLANT)
        before = GENESIS
        lines: list[bytes] = []
        for seq, line in enumerate(members[FEED].split(b"\n")[:-1], start=1):
            row = line.split(b" ", 2)[2].replace(b'"value":"10.6"', b'"value":"10.4"')
            digest = bytes.fromhex(row[1:].decode()) if row.startswith(b"#") else row_digest(row)
            before = link(before, PLANT, UUID(run["epoch"]), seq, digest)
            lines.append(f"{seq} {before.hex()} ".encode() + row + b"\n")
        members[FEED] = b"".join(lines)

    told = sentences(forged(change))
    assert "checkpoints.json, north" in told
    assert "does not fit the chain in here" in told


def test_a_run_of_rows_without_a_checkpoint_at_its_end_is_named() -> None:
    def change(members: dict[str, bytes]) -> None:
        points = json.loads(members[bundle.CHECKPOINTS])
        kept = [each for each in points if each["journal"] != PLANT]
        members[bundle.CHECKPOINTS] = json.dumps(kept).encode()

    assert "which no checkpoint signs" in sentences(forged(change))


def parted(keep_first: bool) -> bytes:
    """The bundle with the plant's rows in two runs, as after a restore; or without the first of them."""
    told = bundle.record_hash((each.kind, each.id, each.body) for each in plant().carried())
    source = plant().source(f"%PDF-1.7 {bundle.PDF_KEYWORD}{told}".encode())
    system, rows = source.segments
    first = replace(rows, lines=rows.lines[:10])
    last = replace(rows, after=10, before=rows.lines[9].split(b" ")[1].decode(), lines=rows.lines[10:])
    segments = (system, first, last) if keep_first else (system, last)
    source = replace(source, segments=segments)
    return bundle.bundle_bytes(source, key_id=plant().server_key_id, sign=plant().server.sign)


def test_a_run_of_rows_may_go_on_where_another_ended_but_not_begin_nowhere() -> None:
    assert sentences(verify_bundle(parted(keep_first=True))) == ""
    assert "begins behind row 10, which no checkpoint signs" in sentences(
        verify_bundle(parted(keep_first=False))
    )


@pytest.mark.req("R18")
def test_a_signature_copied_to_another_record_leads_to_the_wrong_command() -> None:
    def change(members: dict[str, bytes]) -> None:
        record = json.loads(members[bundle.RECORD])
        steps = {
            each["record"]["step_key"]: each["record"] for each in record["records"] if each["kind"] == "step"
        }
        steps["clear"]["verified"] = steps["weight"]["verified"]
        members[bundle.RECORD] = _rewritten(record)

    told = sentences(forged(change))
    assert "signature “Verified” of Sven Brandt: its command is about another record" in told


def test_a_signature_in_another_name_is_found() -> None:
    def change(members: dict[str, bytes]) -> None:
        record = json.loads(members[bundle.RECORD])
        for each in record["records"]:
            if each["kind"] == "stage":
                each["record"]["performed"]["signer_id"] = str(SVEN.id)
        members[bundle.RECORD] = _rewritten(record)

    assert "its command was given by somebody else" in sentences(forged(change))


@pytest.mark.req("R18")
def test_a_command_with_another_body_has_a_broken_seal() -> None:
    def change(members: dict[str, bytes]) -> None:
        members[bundle.COMMANDS] = members[bundle.COMMANDS].replace(b"Tare not set.", b"Tare was set.")

    assert "its seal is broken" in sentences(forged(change))


def test_a_command_that_was_taken_out_is_missed_by_its_rows() -> None:
    def change(members: dict[str, bytes]) -> None:
        lines = members[bundle.COMMANDS].splitlines(keepends=True)
        members[bundle.COMMANDS] = b"".join(each for each in lines if b"batch.disposition" not in each)

    told = sentences(forged(change))
    assert "its command is not in here" in told
    assert "Certified and released" in told


def test_a_key_of_ones_own_is_not_the_one_that_was_enrolled() -> None:
    own = key_of("intruder").public_key().public_bytes_raw().hex()

    def change(members: dict[str, bytes]) -> None:
        keys = json.loads(members[bundle.KEYS])
        for each in keys["people"]:
            each["public_key"] = own
        members[bundle.KEYS] = json.dumps(keys).encode()

    told = sentences(forged(change))
    assert "is not what the journal says of it" in told
    assert "its seal is broken" in told


def test_the_pdf_of_another_record_is_found() -> None:
    def change(members: dict[str, bytes]) -> None:
        members[bundle.PDF] = f"%PDF-1.7 {bundle.PDF_KEYWORD}{'0' * 64}".encode()

    assert bundle.PDF in places(forged(change))


def test_a_record_left_out_is_missed() -> None:
    def change(members: dict[str, bytes]) -> None:
        record = json.loads(members[bundle.RECORD])
        record["records"] = [each for each in record["records"] if each["kind"] != "deviation"]
        members[bundle.RECORD] = _rewritten(record)

    assert "lacks deviation" in sentences(forged(change))


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all", zipped({}), zipped({bundle.MANIFEST: b"[]"})])
def test_what_is_no_bundle_is_said_to_be_none(data: bytes) -> None:
    assert not verify_bundle(data).whole


@pytest.mark.parametrize("junk", [b"[" * 100_000, b"{}", b"[]", b"null", b'{"people":7}', b"\xff\xfe", b""])
@pytest.mark.parametrize("name", MEMBERS)
def test_no_content_of_a_member_makes_the_check_fail_itself(name: str, junk: bytes) -> None:
    report = forged(lambda members: members.__setitem__(name, junk) if name != bundle.MANIFEST else None)
    assert not report.whole
    assert not verify_bundle(zipped(unpacked(whole()) | {name: junk})).whole


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damage_to_the_file_makes_the_check_fail_itself(data: st.DataObject) -> None:
    damaged = bytearray(whole())
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    report = verify_bundle(bytes(damaged))
    assert report.whole == (report.flaws == ())


def test_refused_commands_are_carried_and_need_no_good_seal() -> None:
    of = SealedPlant().released()
    last = of.commands[-1]
    broken = bundle.CarriedCommand(
        id=last.id,
        sealed=last.sealed,
        settled="refused",
        reason=Reason.BAD_SEAL.value,
        received_at=last.received_at,
    )
    of.commands[-1] = broken
    told = sentences(verify_bundle(packed(of)))
    assert "its command was refused" in told  # the release it signed cannot stand
    assert "its seal is broken" not in told


@pytest.mark.req("R49")
def test_the_check_needs_neither_server_nor_libraries_but_ed25519() -> None:
    ask = (
        "import sys; import app.wire.verify_bundle; "
        "print([each for each in ('pydantic', 'sqlalchemy', 'fastapi', 'httpx', 'PySide6', 'app.server') "
        "if each in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def _rewritten(record: dict[str, Any]) -> bytes:
    """`record.json` in its own layout: one record a line."""

    def compact(value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    head = {name: each for name, each in record.items() if name != "records"}
    lines = b",\n".join(compact(each) for each in record["records"])
    return compact(head)[:-1] + b',"records":[\n' + lines + b"\n]}\n"
