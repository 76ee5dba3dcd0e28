"""Checks an evidence bundle by itself: no server, no network, nothing but the standard library and Ed25519.

Whatever is wrong becomes a `Flaw` that names the place; nothing that a file can contain raises. The bundle is not
trusted anywhere: every member is read as if somebody had made it up.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.domain.record import record
from app.wire import bundle
from app.wire.chain import GENESIS, link, row_digest
from app.wire.checkpoint import checkpoint_digest, fingerprint
from app.wire.verify_record import Sealed, record_flaws

LARGEST: Final = 512 * 1024 * 1024
"""Bytes of one unpacked member: more is no batch, but an attack on the reader."""
LARGEST_FILE: Final = 1024 * 1024 * 1024
MOST_FLAWS: Final = 200
_MISSHAPEN: Final = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)
"""What reading JSON of any shape can raise."""

Row = tuple[Mapping[str, Any], Any]
"""Meta and record part of a journal row that is there in full."""


@record
class Flaw:
    """`place` is member and line, key or record; `what` says what is wrong there."""

    place: str
    what: str


@record
class Checked:
    """One thing that was looked at, and how many of it."""

    what: str
    count: int
    note: str = ""


@record
class Report:
    """What was checked and found. `fingerprints` name the server's keys; `anchored`: one of them is the trusted one."""

    batch_number: str
    record_sha256: str
    checked: tuple[Checked, ...]
    flaws: tuple[Flaw, ...]
    fingerprints: tuple[str, ...]
    anchored: bool

    @property
    def whole(self) -> bool:
        return not self.flaws


def verify_bundle(data: bytes, *, trust: str = "") -> Report:
    """Check everything there is to check; `trust` is the fingerprint the reader knows, however it is spaced."""
    check = _Check()
    check.run(data)
    names = tuple(fingerprint(bytes.fromhex(each)) for each in check.server_keys.values())
    wanted = _bare(trust)
    anchored = bool(wanted) and wanted in {_bare(each) for each in check.used_fingerprints}
    if wanted and not anchored:
        check.flaw(bundle.KEYS, "the journal's key is not the one to trust")
    return Report(
        batch_number=check.number,
        record_sha256=check.record_sha256,
        checked=tuple(check.checked),
        flaws=tuple(check.flaws[:MOST_FLAWS]),
        fingerprints=names,
        anchored=anchored,
    )


def is_signed(public_key: str, signature: str, digest: bytes) -> bool:
    """Whether `signature` over `digest` is of the key with this public half; both in hex."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), digest)
    except (InvalidSignature, ValueError):
        return False
    return True


class _Check:
    """One pass over one bundle."""

    def __init__(self) -> None:
        self.flaws: list[Flaw] = []
        self.checked: list[Checked] = []
        self.members: dict[str, bytes] = {}
        self.manifest: dict[str, Any] = {}
        self.number = ""
        self.record_sha256 = ""
        self.server_keys: dict[str, str] = {}
        self.used_fingerprints: set[str] = set()
        self.rows: dict[tuple[str, int], Row] = {}
        self.newest: dict[tuple[str, str], tuple[str, int, Any]] = {}
        self.chain: dict[tuple[str, int], str] = {}
        self.records: list[dict[str, Any]] = []

    def flaw(self, place: str, what: str) -> None:
        self.flaws.append(Flaw(place=place, what=what))

    def saw(self, what: str, count: int, note: str = "") -> None:
        self.checked.append(Checked(what=what, count=count, note=note))

    def run(self, data: bytes) -> None:
        parts = (
            ("the file", lambda: self._unpack(data)),
            (bundle.MANIFEST, self._manifest),
            (bundle.KEYS, self._keys),
            (bundle.SIGNATURE, self._manifest_signature),
            ("journal", self._journal),
            (bundle.CHECKPOINTS, self._checkpoints),
            (bundle.RECORD, self._records),
            (bundle.COMMANDS, self._commands),
            (bundle.PDF, self._pdf),
        )
        for place, part in parts:
            try:
                part()
            except _Unreadable as error:
                self.flaw(error.place, error.what)
            except _MISSHAPEN as error:
                self.flaw(place, f"is not laid out as it should be ({type(error).__name__})")
            if not self.manifest and self.flaws:
                return  # without a manifest there is nothing to hold the rest against

    # --- the zip ------------------------------------------------------------------------------------------------------

    def _unpack(self, data: bytes) -> None:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for each in archive.infolist():
                    if each.filename in self.members:
                        self.flaw(each.filename, "is in the zip twice")
                    elif each.file_size > LARGEST:
                        self.flaw(each.filename, "is larger than any batch's")
                    else:
                        self.members[each.filename] = archive.read(each)
        except (
            zipfile.BadZipFile,
            OSError,
            EOFError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise _Unreadable("the file", f"is no whole zip ({error})") from None
        except Exception as error:  # zlib.error has no public base but Exception
            raise _Unreadable("the file", f"cannot be unpacked ({type(error).__name__})") from None

    def _manifest(self) -> None:
        manifest = self._read_json(bundle.MANIFEST)
        with _reading(bundle.MANIFEST):
            if manifest["format"] != bundle.FORMAT:
                raise _Unreadable(bundle.MANIFEST, "is of another format")
            listed: dict[str, Any] = dict(manifest["members"])
            self.number = str(manifest["batch"]["number"])
            self.record_sha256 = str(manifest["record_sha256"])
            hashes = {name: str(each["sha256"]) for name, each in listed.items()}
        self.manifest = manifest
        present = set(self.members) - {bundle.MANIFEST, bundle.SIGNATURE}
        for name in sorted(hashes.keys() - present):
            self.flaw(name, "is missing")
        for name in sorted(present - hashes.keys()):
            self.flaw(name, "is not in the manifest")
        for name in sorted(present & hashes.keys()):
            if sha256(self.members[name]).hexdigest() != hashes[name]:
                self.flaw(name, "is not what the manifest says: its SHA-256 differs")
        self.saw("members", len(present), "each as its SHA-256 in the manifest")

    def _keys(self) -> None:
        keys = self._read_json(bundle.KEYS)
        with _reading(bundle.KEYS):
            for each in keys["server"]:
                if len(bytes.fromhex(each["public_key"])) != 32:
                    raise ValueError("no Ed25519 key")
                self.server_keys[str(each["key_id"])] = str(each["public_key"])

    def _manifest_signature(self) -> None:
        signed = self._read_json(bundle.SIGNATURE)
        with _reading(bundle.SIGNATURE):
            key, signature = str(signed["key_id"]), str(signed["signature"])
        self._server_signed(
            bundle.SIGNATURE,
            key,
            signature,
            bundle.manifest_digest(self.members[bundle.MANIFEST]),
            "the manifest",
        )

    def _server_signed(self, place: str, key: str, signature: str, digest: bytes, about: str) -> bool:
        public = self.server_keys.get(key)
        if public is None:
            self.flaw(place, f"is signed by a key that is not in {bundle.KEYS}")
            return False
        if not is_signed(public, signature, digest):
            self.flaw(place, f"the server's signature does not fit {about}")
            return False
        self.used_fingerprints.add(fingerprint(bytes.fromhex(public)))
        return True

    # --- the chain ----------------------------------------------------------------------------------------------------

    def _journal(self) -> None:
        with _reading(bundle.MANIFEST):
            runs = [dict(each) for each in self.manifest["journal"]]
        total = full = 0
        for run in runs:
            with _reading(bundle.MANIFEST):
                member, journal = str(run["member"]), str(run["journal"])
                epoch, after, before = UUID(run["epoch"]), int(run["after"]), bytes.fromhex(run["before"])
                count = int(run["rows"])
            lines = self._member(member).split(b"\n")[:-1]
            if len(lines) != count:
                self.flaw(member, f"has {len(lines)} rows, the manifest says {count}")
            if self.chain.setdefault((journal, after), before.hex()) != before.hex():
                self.flaw(member, "does not begin where the run before it ended")
            if after == 0 and before != GENESIS:
                self.flaw(member, "begins the journal with a hash that is not the beginning")
            total += len(lines)
            full += self._chain(member, journal, epoch, after, before, lines)
        self.saw("journal rows", total, f"{full} in full, chain closed in {len(runs)} runs")

    def _chain(
        self, member: str, journal: str, epoch: UUID, after: int, before: bytes, lines: list[bytes]
    ) -> int:
        full = 0
        for seq, line in enumerate(lines, start=after + 1):
            place = f"{member}, row {seq}"
            number, _, rest = line.partition(b" ")
            told, _, row = rest.partition(b" ")
            if number != str(seq).encode():
                self.flaw(place, f"is numbered {number[:20].decode(errors='replace')}")
                return full
            shown = not row.startswith(b"#")
            digest = row_digest(row) if shown else _hex(row[1:])
            before = link(before, journal, epoch, seq, digest)
            if told != before.hex().encode():
                self.flaw(place, "breaks the chain: its hash does not follow from the row and the one before")
                return full
            self.chain[journal, seq] = before.hex()
            if shown:
                full += 1
                self._take_row(place, journal, seq, row)
        return full

    def _take_row(self, place: str, journal: str, seq: int, row: bytes) -> None:
        head, _, body = row.partition(b"\t")
        try:
            meta, content = json.loads(head), json.loads(body)
            entity = (str(meta["entity_type"]), str(UUID(meta["entity_id"])))
        except (ValueError, KeyError, TypeError, RecursionError):
            self.flaw(place, "cannot be read")
            return
        self.rows[journal, seq] = (meta, content)
        self.newest[entity] = (journal, seq, content)

    def _checkpoints(self) -> None:
        points = self._read_json(bundle.CHECKPOINTS)
        signed: set[tuple[str, int]] = set()
        with _reading(bundle.CHECKPOINTS):
            for each in points:
                journal, seq, chain_hash = str(each["journal"]), int(each["seq"]), str(each["hash"])
                place = f"{bundle.CHECKPOINTS}, {journal} {seq}"
                known = self.chain.get((journal, seq))
                if known is not None and known != chain_hash:
                    self.flaw(place, "does not fit the chain in here")
                digest = checkpoint_digest(journal, UUID(each["epoch"]), seq, bytes.fromhex(chain_hash))
                if self._server_signed(
                    place, str(each["key_id"]), str(each["signature"]), digest, "the checkpoint"
                ):
                    signed.add((journal, seq))
        self._ends(signed)
        self.saw("checkpoints", len(points), "signed by the journal's key")

    def _ends(self, signed: set[tuple[str, int]]) -> None:
        """Each run of rows lies between two signed ends, or goes on where another one ended."""
        with _reading(bundle.MANIFEST):
            runs = [
                (str(each["member"]), str(each["journal"]), each["after"], each["rows"])
                for each in self.manifest["journal"]
            ]
            begins = {(journal, after) for _, journal, after, _ in runs}
            ends = {(journal, after + rows) for _, journal, after, rows in runs}
            for member, journal, after, rows in runs:
                if after and (journal, after) not in signed | ends:
                    self.flaw(member, f"begins behind row {after}, which no checkpoint signs")
                if (journal, after + rows) not in signed | begins:
                    self.flaw(member, f"ends at row {after + rows}, which no checkpoint signs")

    # --- the record ---------------------------------------------------------------------------------------------------

    def _records(self) -> None:
        whole = self._read_json(bundle.RECORD)
        with _reading(bundle.RECORD):
            batch_id = str(UUID(whole["batch_id"]))
            if batch_id != self.manifest["batch"]["id"]:
                self.flaw(bundle.RECORD, "is of another batch than the manifest")
            told = str(whole["record_sha256"])
            parts: list[tuple[str, UUID, bytes]] = []
            for each, body in zip(whole["records"], self._bodies(), strict=True):
                self.records.append({**each, "record": json.loads(body)})
                parts.append((str(each["kind"]), UUID(each["id"]), body))
        computed = bundle.record_hash(parts)
        if not computed == told == self.record_sha256:
            self.flaw(bundle.RECORD, "its record hash is not the hash of the records in it")
        seen: set[tuple[str, str]] = set()
        for each in self.records:
            seen.add((str(each["kind"]), str(UUID(each["id"]))))
            self._against_journal(each)
        missing = (
            key
            for key, (journal, seq, _) in self.newest.items()
            if key[0] in bundle.HASHED_KINDS and key not in seen and self.rows[journal, seq]
        )
        for kind, key in sorted(missing):
            self.flaw(bundle.RECORD, f"lacks {kind} {key}, which the journal has")
        self.saw("records", len(self.records), "each as its newest journal row")

    def _bodies(self) -> Iterator[bytes]:
        """The records' own bytes: what stands between the `"record":` of a line and its end."""
        for line in self._member(bundle.RECORD).split(b"\n")[1:-2]:
            _, found, body = line.partition(b',"record":')
            if not found:
                raise ValueError("a record that is no line of its own")
            yield body.removesuffix(b",").removesuffix(b"}")

    def _against_journal(self, each: dict[str, Any]) -> None:
        kind, key = str(each["kind"]), str(UUID(each["id"]))
        place = f"{bundle.RECORD}, {kind} {key}"
        found = self.newest.get((kind, key))
        if found is None:
            self.flaw(place, "has no journal row in here")
            return
        journal, seq, content = found
        if not _same(content, each["record"]) or each["record"].get("id") != key:
            self.flaw(place, f"is not what row {seq} of journal {journal} says")
        elif (journal, seq) != (each["journal"], each["seq"]):
            self.flaw(place, f"names another row than {seq} of journal {journal}, its newest")

    # --- commands -----------------------------------------------------------------------------------------------------

    def _commands(self) -> None:
        keys = self._read_json(bundle.KEYS)
        with _reading(bundle.KEYS):
            people = {str(each["key_id"]): dict(each) for each in keys["people"]}
            stations = {str(each["station_id"]): dict(each) for each in keys["workstations"]}
        for key, each in people.items():
            self._enrolled("key", key, each, ("public_key", "user_id", "station_id"))
        for key, each in stations.items():
            self._enrolled("station", key, each, ("public_key", "name"))
        commands: dict[str, Sealed] = {}
        for number, line in enumerate(self._member(bundle.COMMANDS).split(b"\n")[:-1], start=1):
            place = f"{bundle.COMMANDS}, line {number}"
            try:
                command = Sealed.of(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                self.flaw(place, "cannot be read")
                continue
            if command.id in commands:
                self.flaw(place, f"command {command.id} is in here twice")
            commands[command.id] = command
            if wrong := command.fault(people, stations, self.server_keys, is_signed):
                self.flaw(f"{place}, command {command.id}", wrong)
        for station, counter, wrong in _chain_faults(commands.values()):
            self.flaw(f"{bundle.COMMANDS}, workstation {station}, command {counter}", wrong)
        self.saw("commands", len(commands), f"sealed by {len(people)} keys of people")
        bound = record_flaws(str(self.manifest["batch"]["id"]), self.records, commands, self.rows)
        for place, what in bound.flaws:
            self.flaw(place, what)
        self.saw("entries", bound.entries, "each bound to its command, author and value")
        self.saw("signatures", bound.signatures, "each bound to its command, signer and record")
        self.saw("rows of the batch", bound.rows, "each led to by a command")

    def _enrolled(self, kind: str, key: str, told: Mapping[str, Any], fields: tuple[str, ...]) -> None:
        found = self.newest.get((kind, key))
        place = f"{bundle.KEYS}, {kind} {key}"
        if found is None:
            self.flaw(place, "its enrolment is not among the journal rows in here")
        elif any(found[2].get(name) != told.get(name) for name in fields):
            self.flaw(place, "is not what the journal says of it")

    def _pdf(self) -> None:
        keyword = f"{bundle.PDF_KEYWORD}{self.record_sha256}".encode()
        content = self._member(bundle.PDF)
        if not content.startswith(b"%PDF-"):
            self.flaw(bundle.PDF, "is no PDF")
        elif keyword not in content:
            self.flaw(bundle.PDF, "carries another record hash than record.json")
        self.saw("PDF", 1, "carries the hash of these records")

    # --- reading ------------------------------------------------------------------------------------------------------

    def _member(self, name: str) -> bytes:
        found = self.members.get(name)
        if found is None:
            raise _Unreadable(name, "is missing")
        return found

    def _read_json(self, name: str) -> Any:
        try:
            return json.loads(self._member(name))
        except (ValueError, RecursionError):
            raise _Unreadable(name, "is no JSON") from None


class _Unreadable(Exception):
    def __init__(self, place: str, what: str) -> None:
        super().__init__(place, what)
        self.place = place
        self.what = what


class _reading:
    """Turns whatever goes wrong with a member's shape into a flaw of that member."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, _MISSHAPEN):
            raise _Unreadable(self._place, f"is not laid out as it should be ({error})") from None


def _chain_faults(commands: Iterable[Sealed]) -> Iterator[tuple[str, int, str]]:
    """Neighbours of one workstation's chain: each names the digest of the one before."""
    by_place = {(each.station_id, each.counter): each for each in commands if each.counter}
    for (station, counter), each in by_place.items():
        before = by_place.get((station, counter - 1))
        if before is not None and each.prev != before.digest.hex():
            yield station, counter, "does not follow the command before it"


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: `true` is not `1`, and `1` is not `1.0`."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _hex(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return b""


def _bare(told: str) -> str:
    return "".join(each for each in told.lower() if each in "0123456789abcdef")
