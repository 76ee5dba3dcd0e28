"""The evidence bundle of one batch: a zip that proves its record without server or network (rulings A6; R1, R2, R49).

Members:

- `manifest.json`: what this is, which rows it holds, and the SHA-256 of every other member
- `manifest.sig`: the exporting server's Ed25519 signature over `manifest_digest`, where it had its key at hand
- `record.json`: every record of the batch, its master record and its workstations, each as its journal row has it
- `journal/JOURNAL/FIRST.feed`: journal rows as stations are fed them, `seq SP hash SP row`; rows of other batches as
  `seq SP hash SP #digest`, so that the chain closes over what is not shown
- `checkpoints.json`: the server's signatures under the chain, at both ends of every run of rows
- `commands.jsonl`: the sealed commands, each with the very text that its author's key signed
- `keys.json`: public keys of people, workstations and server
- `people.json`: names as printed, by user id; `batch.pdf`; `README.txt`

The same source gives the same bytes. Standard library only: `verify_bundle.py` reads this file too.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from app.domain.identity import BatchId, KeyId, PlantId, StationId, UserId
from app.domain.record import record
from app.wire.checkpoint import Checkpoint
from app.wire.seal import SealedCommand

FORMAT: Final = "batchwright-bundle-1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
RECORD: Final = "record.json"
CHECKPOINTS: Final = "checkpoints.json"
COMMANDS: Final = "commands.jsonl"
KEYS: Final = "keys.json"
PEOPLE: Final = "people.json"
PDF: Final = "batch.pdf"
README: Final = "README.txt"

RECORD_DOMAIN: Final = b"batchwright-record-1\n"
MANIFEST_DOMAIN: Final = b"batchwright-bundle-1\n"
PDF_KEYWORD: Final = "batchwright-record-sha256:"
"""Stands before the record hash in the PDF's keywords, in clear bytes of its metadata."""

HASHED_KINDS: Final = frozenset({"batch", "stage", "step", "exception", "deviation", "clearance", "series"})
"""What a record hash covers: the batch's own records. Its master record is bound by the batch's `master_hash`."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: members have no time of their own


@record
class CarriedRecord:
    """One record as the journal row `seq` of `journal` has it, byte for byte."""

    journal: PlantId
    kind: str
    id: UUID
    seq: int
    body: bytes


@record
class CarriedCommand:
    """A command that had an outcome: `settled` and, for a refused one, `reason`."""

    id: UUID
    sealed: SealedCommand
    settled: str
    reason: str
    received_at: datetime


@record
class Segment:
    """A run of rows behind `after`, whose hash is `before` (hex). `lines` as fed, without line ends."""

    journal: PlantId
    epoch: UUID
    after: int
    before: str
    lines: tuple[bytes, ...]


@record
class PersonKey:
    """The public half of a person's key on one workstation, hex."""

    key_id: KeyId
    user_id: UserId
    station_id: StationId
    public_key: str


@record
class StationKey:
    station_id: StationId
    name: str
    public_key: str


@record
class JournalKey:
    """A public key of the server: of its checkpoints, and of commands that came by the REST API."""

    key_id: UUID
    public_key: str


@record
class BundleSource:
    """All that a bundle is made of. `made_at` comes in, so that a bundle can be made again bit by bit."""

    plant_id: PlantId
    batch_id: BatchId
    batch_number: str
    made_at: datetime
    records: tuple[CarriedRecord, ...]
    segments: tuple[Segment, ...]
    checkpoints: tuple[Checkpoint, ...]
    commands: tuple[CarriedCommand, ...]
    person_keys: tuple[PersonKey, ...]
    station_keys: tuple[StationKey, ...]
    journal_keys: tuple[JournalKey, ...]
    people: Mapping[UserId, str]
    pdf: bytes


def record_hash(parts: Iterable[tuple[str, UUID, bytes]]) -> str:
    """SHA-256 (hex) over a batch's records: the one hash that PDF, bundle and `verify` mean.

    One line `kind SP id SP sha256(record) LF` for each record of `HASHED_KINDS`, sorted, behind `RECORD_DOMAIN`.
    """
    lines = sorted(
        f"{kind} {key} {sha256(body).hexdigest()}\n" for kind, key, body in parts if kind in HASHED_KINDS
    )
    return sha256(RECORD_DOMAIN + "".join(lines).encode()).hexdigest()


def manifest_digest(manifest: bytes) -> bytes:
    """The 32 bytes that `manifest.sig` signs."""
    return sha256(MANIFEST_DOMAIN + manifest).digest()


def bundle_bytes(source: BundleSource, *, key_id: UUID, sign: Callable[[bytes], bytes]) -> bytes:
    """The zip. `sign` signs 32 bytes with the server's key `key_id`."""
    members = {
        RECORD: _record_json(source),
        CHECKPOINTS: _json([_checkpoint(each) for each in source.checkpoints]),
        COMMANDS: b"".join(_line(_command(each)) for each in source.commands),
        KEYS: _json(_keys(source)),
        PEOPLE: _json({str(key): name for key, name in sorted(source.people.items(), key=_by_id)}),
        PDF: source.pdf,
        README: _README.format(number=source.batch_number, plant=source.plant_id).encode(),
    }
    runs: list[dict[str, Any]] = []
    for each in source.segments:
        member = f"journal/{each.journal}/{each.after + 1:012d}.feed"
        members[member] = b"".join(line + b"\n" for line in each.lines)
        runs.append(
            {
                "member": member,
                "journal": each.journal,
                "epoch": str(each.epoch),
                "after": each.after,
                "before": each.before,
                "rows": len(each.lines),
            }
        )
    manifest = _json(
        {
            "format": FORMAT,
            "plant": source.plant_id,
            "batch": {"id": str(source.batch_id), "number": source.batch_number},
            "record_sha256": _hash_of(source),
            "made_at": source.made_at.isoformat(),
            "journal": runs,
            "members": {
                name: {"sha256": sha256(content).hexdigest(), "bytes": len(content)}
                for name, content in sorted(members.items())
            },
        }
    )
    signature = {"key_id": str(key_id), "signature": sign(manifest_digest(manifest)).hex()}
    return _zip({MANIFEST: manifest, SIGNATURE: _json(signature), **dict(sorted(members.items()))})


def _hash_of(source: BundleSource) -> str:
    return record_hash((each.kind, each.id, each.body) for each in source.records)


def _record_json(source: BundleSource) -> bytes:
    """Records keep their own bytes: they are put between the lines as they are, not written out anew."""
    head = {
        "format": FORMAT,
        "batch_id": str(source.batch_id),
        "record_sha256": _hash_of(source),
    }
    rows = (
        _compact({"journal": each.journal, "seq": each.seq, "kind": each.kind, "id": str(each.id)})[:-1]
        + b',"record":'
        + each.body
        + b"}"
        for each in source.records
    )
    return _compact(head)[:-1] + b',"records":[\n' + b",\n".join(rows) + b"\n]}\n"


def _checkpoint(each: Checkpoint) -> dict[str, Any]:
    return {
        "journal": each.journal,
        "epoch": str(each.epoch),
        "seq": each.seq,
        "hash": each.hash,
        "key_id": str(each.key_id),
        "signature": each.signature,
        "signed_at": each.signed_at.isoformat(),
    }


def _command(each: CarriedCommand) -> dict[str, Any]:
    return {
        "id": str(each.id),
        "settled": each.settled,
        "reason": each.reason,
        "received_at": each.received_at.isoformat(),
        "station_id": str(each.sealed.station_id),
        "counter": each.sealed.counter,
        "prev": each.sealed.prev,
        "key_id": str(each.sealed.key_id),
        "signature": each.sealed.signature,
        "body": each.sealed.body,
    }


def _keys(source: BundleSource) -> dict[str, Any]:
    return {
        "people": [
            {
                "key_id": str(each.key_id),
                "user_id": str(each.user_id),
                "station_id": str(each.station_id),
                "public_key": each.public_key,
            }
            for each in source.person_keys
        ],
        "workstations": [
            {"station_id": str(each.station_id), "name": each.name, "public_key": each.public_key}
            for each in source.station_keys
        ],
        "server": [
            {"key_id": str(each.key_id), "public_key": each.public_key} for each in source.journal_keys
        ],
    }


def _by_id(pair: tuple[UserId, str]) -> bytes:
    return pair[0].bytes


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _line(value: Any) -> bytes:
    return _compact(value) + b"\n"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _zip(members: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            place = zipfile.ZipInfo(name, _EPOCH)
            place.create_system = 3  # Unix, wherever it is made: the same bytes everywhere
            place.external_attr = 0o644 << 16
            place.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(place, content, compresslevel=9)
    return target.getvalue()


_README: Final = """\
Evidence of batch {number}, plant {plant}
=========================================

batch.pdf is the record to read. Everything else is there to prove it, without server or network:

    main.py verify FILE                        checks all that is said below
    main.py verify FILE --trust FINGERPRINT    and that the journal's key is the one you know

Compare the fingerprint that is printed with the one the plant gave you by another way (its quality unit has it).
Until then the bundle is whole in itself, but could have been made by anybody: "not anchored".

What is checked
- manifest.json lists the SHA-256 of every member; manifest.sig is the server's signature under it.
- journal/ holds rows of the plant's journal. Row by row, hash = sha256(hash of the row before, journal, epoch as 16
  bytes, seq as 8 bytes big-endian, sha256(row)). Rows that are not of this batch stand as `#digest`.
- checkpoints.json: Ed25519 by the server over sha256("batchwright-checkpoint-1", journal, epoch, seq, hash).
- record.json: each record equals the newest journal row of that record (behind the tab in the row).
- commands.jsonl: Ed25519 by the author's key on that workstation over sha256("batchwright-command-1", station, counter
  as 8 bytes big-endian, prev, sha256(body)). Each key's enrolment is a row of the journal.
- Every entry and every signature in the record leads to such a command, given by that person, for that very place.
- The record hash in record.json, in the PDF's keywords and in its QR code is the same: sha256 of
  "batchwright-record-1\\n" and, sorted, one line `kind id sha256(record)\\n` for each record of the batch.

What it cannot show: rows that were written after the last checkpoint in here, and that nothing was kept from the journal.
"""
