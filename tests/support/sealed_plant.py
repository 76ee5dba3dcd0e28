"""A plant in memory that seals, decides and journals as the real one does, down to the bytes and signatures."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid5

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.batch import Batch, CreateBatch, IssueBatch, MaterialUse, StartBatch
from app.domain.decision import Actor, Change, Context, Decision, Refusal
from app.domain.deviation import (
    ClassifyDeviation,
    CloseDeviation,
    Deviation,
    DeviationClass,
    InvestigateDeviation,
    Investigation,
    RaiseDeviation,
)
from app.domain.entry import CorrectEntry, RecordEntry, VerifyEntry
from app.domain.envelope import Command, Envelope
from app.domain.exception import AssessException, ExceptionAction, ReviewException
from app.domain.facts import Facts
from app.domain.identity import (
    SYSTEM,
    BatchId,
    CommandId,
    DeviationId,
    KeyId,
    MasterId,
    PlantId,
    ProductId,
    StationId,
    UserId,
    step_id,
)
from app.domain.master_record import (
    ApproveMasterRecord,
    DraftMasterRecord,
    MasterRecord,
    MaterialSpec,
    RegisterProduct,
    StageSpec,
    StepKind,
    StepSpec,
    content_hash,
)
from app.domain.permissions import Role
from app.domain.plant import EnrolKey, EnrolStation, FoundPlant, Person, SigningKey, Station
from app.domain.quantity import Limit, Quantity
from app.domain.record import Record
from app.domain.review import (
    CompleteBatch,
    DecideDisposition,
    DeclareClear,
    Disposition,
    ReviewProduction,
    ReviewQuality,
    manifest_of,
)
from app.domain.rulebook import decide
from app.domain.stage import CompleteStage, StartStage
from app.domain.step import Step
from app.wire.bundle import (
    BundleSource,
    CarriedCommand,
    CarriedRecord,
    JournalKey,
    PersonKey,
    Segment,
    StationKey,
)
from app.wire.chain import GENESIS, link, row_digest
from app.wire.checkpoint import Checkpoint, checkpoint_digest
from app.wire.codec import class_of, dump, dump_envelope
from app.wire.journal import JournalMeta, row_bytes
from app.wire.seal import GENESIS as FIRST
from app.wire.seal import NO_STATION, SealedCommand, seal

PLANT: Final = PlantId("north")
BEGIN: Final = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
_SPACE: Final = UUID("a5b7a7a3-6f1b-5a53-9d43-0d3c64f2a001")


def made(*names: object) -> UUID:
    """An id that is the same in every run."""
    return uuid5(_SPACE, "/".join(map(str, names)))


def key_of(*names: object) -> Ed25519PrivateKey:
    """A private key that is the same in every run, and protects nothing."""
    return Ed25519PrivateKey.from_private_bytes(sha256("/".join(map(str, names)).encode()).digest())


@dataclass(frozen=True, slots=True)
class Worker:
    name: str
    role: Role

    @property
    def id(self) -> UserId:
        return UserId(made("person", self.name))

    @property
    def key_id(self) -> KeyId:
        return KeyId(made("key", self.name))


OLGA: Final = Worker("Olga Adler", Role.PRODUCTION_OFFICER)
SVEN: Final = Worker("Sven Brandt", Role.PRODUCTION_OFFICER)
MARTA: Final = Worker("Marta Costa", Role.PRODUCTION_MANAGER)
RITA: Final = Worker("Rita Eder", Role.QA_REVIEWER)
PETR: Final = Worker("Petr Fiala", Role.QA_MANAGER)
HANNA: Final = Worker("Hanna Grau", Role.QA_HEAD)
ADMIN: Final = Worker("Yara Olsen", Role.SYSTEM_ADMIN)
WORKERS: Final = (OLGA, SVEN, MARTA, RITA, PETR, HANNA)
PANEL: Final = StationId(made("station"))
BATCH: Final = BatchId(made("batch"))


@dataclass(slots=True)
class _Book:
    """One journal: rows with their hashes, and whether each belongs to the batch."""

    journal: PlantId
    epoch: UUID
    rows: list[bytes] = field(default_factory=list[bytes])
    hashes: list[bytes] = field(default_factory=list[bytes])
    shown: list[bool] = field(default_factory=list[bool])

    def append(self, row: bytes, *, shown: bool) -> int:
        before = self.hashes[-1] if self.hashes else GENESIS
        self.rows.append(row)
        self.shown.append(shown)
        self.hashes.append(link(before, self.journal, self.epoch, len(self.rows), row_digest(row)))
        return len(self.rows)

    def lines(self) -> Iterable[bytes]:
        for seq, (row, chain, shown) in enumerate(zip(self.rows, self.hashes, self.shown, strict=True), 1):
            told = row if shown else b"#" + row_digest(row).hex().encode()
            yield f"{seq} {chain.hex()} ".encode() + told


class SealedPlant:
    """Decides commands by the real rulebook and keeps everything a server would."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.facts = Facts()
        self.server = key_of("server")
        self.server_key_id = made("server key")
        self.books = {each: _Book(journal=each, epoch=made("epoch", each)) for each in (SYSTEM, PLANT)}
        self.commands: list[CarriedCommand] = []
        self.records: dict[tuple[str, UUID], CarriedRecord] = {}
        self._counter = 0
        self._prev = FIRST
        self._made = 0
        self._found()

    # --- acting ---------------------------------------------------------------------------------------------

    def act(self, command: Command, who: Worker | None, *, by_server: bool = False, **more: Any) -> Decision:
        """Seal with the author's key (None: the workstation's own), decide, journal."""
        self._made += 1
        self.now += timedelta(seconds=37)
        plant = SYSTEM if command.kind.startswith(("master.", "product.")) else PLANT
        station = None if by_server else PANEL
        envelope = Envelope(
            id=CommandId(made("command", self._made)),
            plant_id=plant,
            station_id=station,
            author_id=who.id if who else None,
            performed_at=self.now,
            zone="Europe/Berlin",
            rulebook=1,
            command=command,
            offline=more.get("offline", False),
        )
        sealed = self._sealed(envelope, who, by_server=by_server)
        actor = Actor(
            user_id=who.id if who else UserId(PANEL),
            name=who.name if who else "Panel 1",
            role=who.role if who else Role.PRODUCTION_OFFICER,
            plants=frozenset({PLANT, SYSTEM}),
        )
        context = Context(
            actor=actor,
            command_id=envelope.id,
            plant_id=plant,
            station_id=station,
            performed_at=self.now,
            received_at=self.now + timedelta(seconds=2),
            clock_offset=timedelta(milliseconds=400),
            seal=sealed.body_hash,
            fresh_id=BATCH,
            number=more.get("number"),
            offline=envelope.offline,
        )
        answer = decide(self.facts, command, context)
        if isinstance(answer, Refusal):
            raise AssertionError(f"refused: {answer} for {command}")
        self.commands.append(
            CarriedCommand(
                id=envelope.id,
                sealed=sealed,
                settled="accepted",
                reason="",
                received_at=self.now + timedelta(seconds=2),
            )
        )
        for change in answer.changes:
            self._journal(change, envelope)
        return answer

    def _sealed(self, envelope: Envelope, who: Worker | None, *, by_server: bool) -> SealedCommand:
        body = dump_envelope(envelope)
        if by_server:
            return seal(body, StationId(NO_STATION), 0, FIRST, KeyId(self.server_key_id), self.server.sign)
        self._counter += 1
        key = key_of("person", who.name) if who else key_of("station")
        key_id = who.key_id if who else KeyId(PANEL)
        sealed = seal(body, PANEL, self._counter, self._prev, key_id, key.sign)
        self._prev = sealed.digest.hex()
        return sealed

    def _journal(self, change: Change, envelope: Envelope | None) -> None:
        after = change.after
        batch_id = after.id if isinstance(after, Batch) else getattr(after, "batch_id", None)
        meta = JournalMeta(
            event_type=change.event,
            entity_type=after.KIND,
            entity_id=after.id,
            batch_id=batch_id,
            user_id=envelope.author_id if envelope else None,
            action="create" if change.before is None else "update",
            old_values={},
            reason=change.note,
            command_id=envelope.id if envelope else None,
            station_id=envelope.station_id if envelope else None,
            performed_at=self.now,
            timestamp=self.now + timedelta(seconds=2),
            rulebook=1,
            nonce=made("nonce", after.id, after.revision).hex[:24],
        )
        body = dump(after)
        journal = SYSTEM if after.KIND in {"product", "master", "person", "key", "plant"} else PLANT
        shown = batch_id == BATCH or after.KIND in {"master", "station", "key", "product", "plant"}
        seq = self.books[journal].append(row_bytes(meta, body), shown=shown)
        self.facts.put(after)
        self.records[after.KIND, after.id] = CarriedRecord(
            journal=journal, kind=after.KIND, id=after.id, seq=seq, body=body
        )

    def foreign_row(self) -> None:
        """A row of somebody else's batch: it travels as two hashes."""
        self.books[PLANT].append(f"row {len(self.books[PLANT].rows)}\t{{}}".encode(), shown=False)

    # --- a plant and a batch --------------------------------------------------------------------------------

    def _found(self) -> None:
        found = FoundPlant(plant_id=PLANT, name="North", site="Hall 1", timezone="Europe/Berlin")
        station = EnrolStation(
            station_id=PANEL,
            name="Panel 1",
            area="Blending",
            public_key=key_of("station").public_key().public_bytes_raw().hex(),
        )
        for each in (found, station):
            self.act(each, ADMIN, by_server=True)
        for worker in WORKERS:
            self._journal(
                Change(
                    event="person.registered",
                    before=None,
                    after=Person(id=worker.id, role=worker.role, plants=frozenset({PLANT}), active=True),
                ),
                None,
            )
            public = key_of("person", worker.name).public_key().public_bytes_raw().hex()
            enrol = EnrolKey(key_id=worker.key_id, user_id=worker.id, station_id=PANEL, public_key=public)
            self.act(enrol, ADMIN, by_server=True)
        self._master()

    def _master(self) -> None:
        product = ProductId(made("product"))
        self.act(
            RegisterProduct(
                product_id=product, code="P1", name="Paracel", strength="500 mg", dosage_form="tablets"
            ),
            MARTA,
            by_server=True,
        )
        steps = (
            StepSpec(key="clear", title="Room clearance", instruction="Check.", kind=StepKind.CONFIRMATION),
            StepSpec(
                key="weight",
                title="Net weight",
                instruction="Weigh on WS-11.",
                kind=StepKind.NUMBER,
                unit="kg",
                limit=Limit(low=Decimal("9.5"), high=Decimal("10.5"), unit="kg"),
                verified=True,
                critical=True,
            ),
            StepSpec(key="note", title="Remarks", instruction="Anything?", kind=StepKind.TEXT),
        )
        stages = (StageSpec(key="blend", name="Blending", area="Room 2", steps=steps),)
        size = Quantity(value=Decimal(100000), unit="tablets")
        bill = (
            MaterialSpec(
                code="RM-1", name="Paracel HCl", quantity=Quantity(value=Decimal("10.0"), unit="kg")
            ),
        )
        master = MasterId(made("master"))
        draft = DraftMasterRecord(
            master_id=master,
            product_id=product,
            version=1,
            title="Paracel 500 mg",
            batch_size=size,
            materials=bill,
            stages=stages,
            content_hash=content_hash(size, bill, stages),
        )
        self.act(draft, MARTA, by_server=True)
        approve = ApproveMasterRecord(master_id=master, content_hash=draft.content_hash)
        self.act(approve, PETR, by_server=True)

    @property
    def batch(self) -> Batch:
        found = self.facts.one(Batch, BATCH)
        assert found is not None
        return found

    def entry_of(self, step_key: str) -> Any:
        step = self.facts.one(Step, step_id(BATCH, "blend", step_key))
        assert step is not None
        assert step.current is not None
        return step.current

    def record(self, step_key: str, value: str, who: Worker | None = OLGA, **more: Any) -> None:
        command = RecordEntry(batch_id=BATCH, stage_key="blend", step_key=step_key, value=value, **more)
        self.act(command, who, offline=step_key == "note")

    def started(self) -> "SealedPlant":
        master = self.facts.one(MasterRecord, MasterId(made("master")))
        assert master is not None
        lot = MaterialUse(
            code="RM-1", name="Paracel HCl", lot="L-77", quantity=Quantity(value=Decimal("10.0"), unit="kg")
        )
        create = CreateBatch(
            master_id=master.id,
            number="N-2026-001",
            quantity=Quantity(value=Decimal(100000), unit="tablets"),
            line="Line 1",
            materials=(lot,),
        )
        self.act(create, MARTA, by_server=True)
        self.act(IssueBatch(batch_id=BATCH, master_hash=master.content_hash), MARTA)
        self.act(StartBatch(batch_id=BATCH), OLGA)
        return self

    def released(self) -> "SealedPlant":
        """A whole life: a correction, a verification, a deviation, reviews and the release."""
        self.started()
        self.act(StartStage(batch_id=BATCH, stage_key="blend"), OLGA)
        self.foreign_row()
        self.record("clear", "confirmed")
        self.record("weight", "11.2")
        corrected = CorrectEntry(
            batch_id=BATCH,
            stage_key="blend",
            step_key="weight",
            corrects=self.entry_of("weight").id,
            value="10.6",
            reason="Read the wrong display.",
        )
        self.act(corrected, OLGA)
        entry = self.entry_of("weight")
        verify = VerifyEntry(
            batch_id=BATCH, stage_key="blend", step_key="weight", entry_id=entry.id, entry_seal=entry.seal
        )
        self.act(verify, SVEN)
        self.foreign_row()
        self._deviation()
        self.record("note", "All done.", comment="Cleaned the hopper.")
        self.act(CompleteStage(batch_id=BATCH, stage_key="blend"), OLGA)
        self.act(CompleteBatch(batch_id=BATCH), OLGA)
        self.act(DeclareClear(batch_id=BATCH, counter=self._counter, completions=1), None)
        for each in self.facts.every(ReviewException, batch_id=BATCH):
            if each.unsettled:
                self.act(
                    AssessException(
                        batch_id=BATCH,
                        exception_id=each.id,
                        action=ExceptionAction.ACCEPT,
                        comment="Seen, see the deviation.",
                    ),
                    RITA,
                )
        self.act(ReviewProduction(batch_id=BATCH, manifest=self._manifest()), MARTA)
        quality = ReviewQuality(batch_id=BATCH, manifest=self._manifest(), audit_trail_reviewed=True)
        self.act(quality, RITA)
        release = DecideDisposition(
            batch_id=BATCH, disposition=Disposition.RELEASE, manifest=self._manifest()
        )
        self.act(release, HANNA)
        self.foreign_row()
        return self

    def _manifest(self) -> str:
        return manifest_of(self.facts, self.batch)

    def _deviation(self) -> None:
        key = DeviationId(made("deviation"))
        self.act(
            RaiseDeviation(
                deviation_id=key,
                title="Weight above limit",
                description="10.6 kg, the limit is 9.5 to 10.5 kg.",
                immediate_action="Container set apart.",
                occurred_at=self.now,
                noticed_at=self.now,
                batch_id=BATCH,
                stage_key="blend",
                step_key="weight",
            ),
            OLGA,
            number="DEV-2026-001",
        )
        self.act(
            ClassifyDeviation(
                deviation_id=key,
                classification=DeviationClass.MINOR,
                reason="No impact.",
                owner_name="Marta Costa",
            ),
            RITA,
        )
        self.act(
            InvestigateDeviation(
                deviation_id=key,
                investigation=Investigation(
                    root_cause="Tare not set.",
                    method="5 whys",
                    evidence="Scale log.",
                    impact="None.",
                    other_batches="None.",
                    correction="Tare check added.",
                ),
            ),
            MARTA,
        )
        known = self.facts.one(Deviation, key)
        assert known is not None
        close = CloseDeviation(
            deviation_id=key, base_revision=known.revision, capa_required=False, conclusion="Accepted."
        )
        self.act(close, PETR)

    # --- the bundle -----------------------------------------------------------------------------------------

    def carried(self) -> tuple[CarriedRecord, ...]:
        """The batch's file as the state tables would have it."""
        chosen = [
            each
            for (kind, _), each in self.records.items()
            if kind in {"master", "product", "plant", "station"} or self._of_batch(each)
        ]
        return tuple(sorted(chosen, key=lambda each: (each.kind, each.id.bytes)))

    def _of_batch(self, each: CarriedRecord) -> bool:
        known: Record | None = self.facts.one(class_of(each.kind), each.id)
        return each.kind == "batch" or getattr(known, "batch_id", None) == BATCH

    def source(self, pdf: bytes) -> BundleSource:
        """What a server would hand over for the batch."""
        return BundleSource(
            plant_id=PLANT,
            batch_id=BATCH,
            batch_number=self.batch.number,
            made_at=self.now,
            records=self.carried(),
            segments=tuple(
                Segment(
                    journal=book.journal,
                    epoch=book.epoch,
                    after=0,
                    before=GENESIS.hex(),
                    lines=tuple(book.lines()),
                )
                for book in self.books.values()
            ),
            checkpoints=tuple(self._checkpoint(book) for book in self.books.values()),
            commands=tuple(self.commands),
            person_keys=tuple(
                PersonKey(
                    key_id=each.id,
                    user_id=each.user_id,
                    station_id=each.station_id,
                    public_key=each.public_key,
                )
                for each in self.facts.every(SigningKey)
            ),
            station_keys=tuple(
                StationKey(station_id=each.id, name=each.name, public_key=each.public_key)
                for each in self.facts.every(Station)
            ),
            journal_keys=(
                JournalKey(
                    key_id=self.server_key_id, public_key=self.server.public_key().public_bytes_raw().hex()
                ),
            ),
            people={each.id: each.name for each in WORKERS},
            pdf=pdf,
        )

    def _checkpoint(self, book: _Book) -> Checkpoint:
        seq, chain = len(book.rows), book.hashes[-1]
        return Checkpoint(
            journal=book.journal,
            epoch=book.epoch,
            seq=seq,
            hash=chain.hex(),
            key_id=self.server_key_id,
            signature=self.server.sign(checkpoint_digest(book.journal, book.epoch, seq, chain)).hex(),
            signed_at=self.now,
        )
