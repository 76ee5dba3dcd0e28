"""Whether a record says only what its sealed commands say: each entry and signature, its author, time and place.

A signature that was copied to another record leads to a command about another record, and is found (11.70, R18).
Standard library only, like all of `verify`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, cast
from uuid import UUID

from app.domain.identity import StationId, derived
from app.domain.record import record
from app.wire.seal import NO_STATION, seal_digest

Verify = Callable[[str, str, bytes], bool]
"""Public key and signature in hex, and the digest."""

MEANINGS: Final[Mapping[str, frozenset[str]]] = {
    "batch.issue": frozenset({"Issued for execution"}),
    "batch.abort": frozenset({"Aborted"}),
    "batch.complete": frozenset({"Performed"}),
    "batch.review_production": frozenset({"Reviewed for production"}),
    "batch.review_quality": frozenset({"Reviewed for quality"}),
    "batch.return": frozenset({"Returned for correction"}),
    "batch.place_qa_hold": frozenset({"Placed on hold"}),
    "batch.lift_qa_hold": frozenset({"Hold lifted"}),
    "batch.disposition": frozenset({"Certified and released", "Rejected"}),
    "stage.complete": frozenset({"Performed"}),
    "entry.verify": frozenset({"Verified"}),
    "entry.choose": frozenset({"Chosen between contested entries"}),
    "exception.assess": frozenset({"Assessed"}),
    "deviation.classify": frozenset({"Classified"}),
    "deviation.investigate": frozenset({"Investigated"}),
    "deviation.close": frozenset({"Closed"}),
    "deviation.cancel": frozenset({"Cancelled"}),
    "deviation.reopen": frozenset({"Reopened"}),
    "master.draft": frozenset({"Prepared"}),
    "master.approve": frozenset({"Approved"}),
}
"""Which command makes which signature."""

SUBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "batch": {"batch_id": "id"},
    "stage": {"batch_id": "batch_id", "stage_key": "key"},
    "step": {"batch_id": "batch_id", "stage_key": "stage_key", "step_key": "step_key"},
    "exception": {"exception_id": "id"},
    "deviation": {"deviation_id": "id"},
    "master": {"master_id": "id"},
}
"""For each kind of record: which field of the command names which field of the record."""

FAMILIES: Final[Mapping[str, str]] = {
    "batch": "batch.",
    "stage": "stage.",
    "step": "entry.",
    "exception": "exception.",
    "deviation": "deviation.",
    "master": "master.",
}
"""For each kind of record: what the commands are called that sign it."""


UNKEPT: Final = frozenset({"sign-in", "signature"})
"""Rows about a try that never became a command."""


@record
class Sealed:
    """A carried command, read. `author` is a user id, or the workstation's where it spoke for itself."""

    id: str
    station_id: str
    counter: int
    prev: str
    key_id: str
    signature: str
    body: str
    settled: str
    author_id: str | None
    performed_at: str
    content: Mapping[str, Any] = field(default_factory=dict[str, Any])
    digest: bytes = b""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Sealed":
        """Read one line of `commands.jsonl`. Raises ValueError, KeyError or TypeError for what is none."""
        body, counter, prev = str(told["body"]), int(told["counter"]), str(told["prev"])
        station = UUID(told["station_id"])
        envelope = json.loads(body) if told["settled"] == "accepted" else _as_far_as_readable(body)
        return cls(
            id=str(UUID(told["id"])),
            station_id=str(station),
            counter=counter,
            prev=prev,
            key_id=str(UUID(told["key_id"])),
            signature=str(told["signature"]),
            body=body,
            settled=str(told["settled"]),
            author_id=envelope.get("author_id"),
            performed_at=str(envelope.get("performed_at", "")),
            content={"id": envelope.get("id"), **dict(envelope.get("command") or {})},
            digest=seal_digest(body, StationId(station), counter, prev),
        )

    @property
    def author(self) -> str:
        return self.author_id or self.station_id

    @property
    def kind(self) -> str:
        return str(self.content.get("kind", ""))

    @property
    def body_hash(self) -> str:
        return sha256(self.body.encode()).hexdigest()

    def fault(
        self,
        people: Mapping[str, Mapping[str, Any]],
        stations: Mapping[str, Mapping[str, Any]],
        server: Mapping[str, str],
        is_signed: Verify,
    ) -> str:
        """What is wrong with the seal, or nothing. A refused command may have a bad one: that may be why."""
        if self.settled != "accepted":
            return ""
        if self.content.get("id") != self.id:
            return "its body says another id"
        if self.station_id == str(NO_STATION):
            public = server.get(self.key_id)
        elif self.author_id is None:
            station = stations.get(self.station_id)
            public = station.get("public_key") if station and self.key_id == self.station_id else None
        else:
            key = people.get(self.key_id)
            mine = key and (key.get("user_id"), key.get("station_id")) == (self.author_id, self.station_id)
            public = key.get("public_key") if key and mine else None
        if not isinstance(public, str):
            return "its key is not its author's on that workstation"
        return "" if is_signed(public, self.signature, self.digest) else "its seal is broken"


def _as_far_as_readable(body: str) -> dict[str, Any]:
    try:
        read: Any = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", read) if isinstance(read, dict) else {}


@record
class Bound:
    """What was looked at, and what does not hold: pairs of place and fault."""

    entries: int
    signatures: int
    rows: int
    flaws: tuple[tuple[str, str], ...]


def record_flaws(
    batch_id: str,
    records: Sequence[Mapping[str, Any]],
    commands: Mapping[str, Sealed],
    rows: Mapping[tuple[str, int], tuple[Mapping[str, Any], Any]],
) -> Bound:
    """Check every entry and signature of `records`, and every row of the batch, against the commands."""
    flaws: list[tuple[str, str]] = []
    entries = signatures = 0
    for each in records:
        kind, content = str(each["kind"]), each["record"]
        place = f"record.json, {kind} {each['id']}"
        for entry in content.get("entries", ()) if kind == "step" else ():
            entries += 1
            if wrong := _entry_fault(entry, content, commands):
                flaws.append((f"{place}, entry {entry.get('id')}", wrong))
        for signature in signatures_in(content):
            signatures += 1
            if wrong := _signature_fault(signature, kind, content, commands):
                meaning, name = signature.get("meaning"), signature.get("printed_name")
                flaws.append((f"{place}, signature “{meaning}” of {name}", wrong))
    seen = 0
    for (journal, seq), (meta, _) in rows.items():
        if meta.get("batch_id") != batch_id or meta.get("entity_type") in UNKEPT:
            continue
        if meta.get("command_id") is None:
            continue
        seen += 1
        command = commands.get(str(meta["command_id"]))
        place = f"journal {journal}, row {seq}"
        if command is None:
            flaws.append((place, "its command is not in here"))
        elif command.settled == "accepted" and command.author_id != meta.get("user_id"):
            flaws.append((place, "names another author than its command"))
    return Bound(entries=entries, signatures=signatures, rows=seen, flaws=tuple(flaws))


def signatures_in(content: Any) -> Iterator[Mapping[str, Any]]:
    """Every signature in a record, wherever it stands."""
    if isinstance(content, dict):
        found = cast("dict[str, Any]", content)
        if {"signer_id", "printed_name", "meaning", "signed_at"} <= found.keys():
            yield found
        for each in found.values():
            yield from signatures_in(each)
    elif isinstance(content, list):
        for each in cast("list[Any]", content):
            yield from signatures_in(each)


def _entry_fault(entry: Mapping[str, Any], step: Mapping[str, Any], commands: Mapping[str, Sealed]) -> str:
    native = commands.get(str(entry.get("id")))
    command = native or _import_of(entry, step, commands)
    if command is None:
        return "its command is not in here"
    if entry.get("seal") != command.body_hash:
        return "its seal is not its command's"
    if entry.get("author_id") != command.author:
        return "names another author than its command"
    if not _same_time(entry.get("recorded_at"), command.performed_at):
        return "names another time than its command"
    if not _about(command, "step", step):
        return "its command is about another step"
    if native is None:
        return ""  # found by its own value and place
    if command.kind == "entry.skip":
        return "" if entry.get("applicable") is False else "its command says that the step does not apply"
    return "" if entry.get("value") == command.content.get("value") else "its value is not its command's"


def _import_of(
    entry: Mapping[str, Any], step: Mapping[str, Any], commands: Mapping[str, Sealed]
) -> Sealed | None:
    """The import that a transcribed entry came with: its id follows from that command and its place."""
    where = (str(step.get("stage_key")), str(step.get("step_key")))
    for command in commands.values():
        if command.kind != "batch.import" or str(derived(UUID(command.id), "entry", *where)) != entry.get(
            "id"
        ):
            continue
        for told in command.content.get("entries", ()):
            if (told.get("stage_key"), told.get("step_key")) == where and told.get("value") == entry.get(
                "value"
            ):
                return command
    return None


def _signature_fault(
    signature: Mapping[str, Any], kind: str, content: Mapping[str, Any], commands: Mapping[str, Sealed]
) -> str:
    command = commands.get(str(signature.get("command_id")))
    if command is None:
        return "its command is not in here"
    if command.settled != "accepted":
        return "its command was refused"
    if signature.get("signer_id") != command.author:
        return "its command was given by somebody else"
    if not _same_time(signature.get("signed_at"), command.performed_at):
        return "its time is not its command's"
    if signature.get("meaning") not in MEANINGS.get(command.kind, frozenset()):
        return f"its command ({command.kind}) has another meaning"
    if not command.kind.startswith(FAMILIES.get(kind, "-")) or not _about(command, kind, content):
        return "its command is about another record"
    manifest = command.content.get("manifest")
    if manifest is not None and manifest != signature.get("manifest"):
        return "covers something else than its command"
    return ""


def _about(command: Sealed, kind: str, content: Mapping[str, Any]) -> bool:
    return all(
        command.content.get(told) == content.get(asked)
        for told, asked in SUBJECTS.get(kind, {}).items()
        if told in command.content
    )


def _same_time(one: Any, other: Any) -> bool:
    try:
        return _moment(one) == _moment(other)
    except (ValueError, TypeError, AttributeError):
        return False


def _moment(told: str) -> datetime:
    return datetime.fromisoformat(told)
