"""What happened in the demo plants before the demo begins: batches in every status, made by real sealed commands.

Every value goes the way a workstation's would: sealed with the author's key, pushed to the command desk, decided by the
rulebook, journalled. Chance comes from a seed, so the demo looks the same every time.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final, Protocol
from uuid import UUID

from app.domain.batch import (
    AbortBatch,
    Batch,
    BatchStatus,
    CreateBatch,
    HoldBatch,
    IssueBatch,
    MaterialUse,
    StartBatch,
)
from app.domain.decision import RULEBOOK_VERSION
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
from app.domain.exception import AssessException, ExceptionAction, ReviewException, Rule
from app.domain.facts import Facts
from app.domain.identity import BatchId, CommandId, DeviationId, EntryId, KeyId, PlantId, StationId, UserId
from app.domain.master_record import CONFIRMED, MasterRecord, StageSpec, StepKind, StepSpec
from app.domain.quantity import Limit
from app.domain.record import record
from app.domain.review import (
    CompleteBatch,
    DecideDisposition,
    DeclareClear,
    Disposition,
    PlaceQaHold,
    ReviewProduction,
    ReviewQuality,
    manifest_of,
)
from app.domain.stage import CompleteStage, StartStage
from app.wire.codec import dump_envelope
from app.wire.seal import GENESIS, SealedCommand, Sign, seal
from app.wire.sync import Outcome, Push, PushAnswer, Settled

CHUNK: Final = 200


class Desk(Protocol):
    """What the history needs of the server: take commands, and look at what came of them."""

    async def push(self, push: Push, at: datetime) -> PushAnswer: ...
    async def batch_file(self, batch_id: BatchId) -> Facts: ...
    async def find_batch(self, plant_id: PlantId, number: str) -> BatchId | None: ...


@record
class Player:
    """Someone who acts in the history, with the key that seals in their name."""

    user_id: UserId
    key_id: KeyId
    sign: Sign


@record
class Troupe:
    """Who plays which part in one plant."""

    officer: Player
    second: Player
    manager: Player
    reviewer: Player
    head: Player
    station: Player


class NotAccepted(RuntimeError):
    """A command of the history was refused: the script and the rulebook disagree."""


class Stagehand:
    """One workstation of the past: seals, numbers and delivers."""

    def __init__(
        self,
        desk: Desk,
        plant_id: PlantId,
        station_id: StationId,
        zone: str,
        troupe: Troupe,
        new_id: Callable[[datetime], UUID],
    ) -> None:
        self.desk = desk
        self.plant_id = plant_id
        self.troupe = troupe
        self._station_id = station_id
        self._zone = zone
        self._new_id = new_id
        self._counter = 0
        self._prev = GENESIS
        self._queue: list[SealedCommand] = []
        self._last = datetime.min.replace(tzinfo=UTC)

    @property
    def counter(self) -> int:
        return self._counter

    def fresh(self, at: datetime) -> UUID:
        return self._new_id(at)

    def seal(self, command: Command, player: Player, at: datetime) -> tuple[CommandId, str]:
        """Queue one command; its id and the hash of its body."""
        envelope = Envelope(
            id=CommandId(self._new_id(at)),
            plant_id=self.plant_id,
            station_id=self._station_id,
            author_id=None if player is self.troupe.station else player.user_id,
            performed_at=at,
            zone=self._zone,
            rulebook=RULEBOOK_VERSION,
            command=command,
            clock_offset_ms=0,
        )
        self._counter += 1
        sealed = seal(
            dump_envelope(envelope), self._station_id, self._counter, self._prev, player.key_id, player.sign
        )
        self._prev = sealed.digest.hex()
        self._queue.append(sealed)
        self._last = at
        return envelope.id, sealed.body_hash

    async def deliver(self) -> tuple[Outcome, ...]:
        """Push what is queued; every command must be accepted."""
        outcomes: list[Outcome] = []
        while self._queue:
            chunk, self._queue = tuple(self._queue[:CHUNK]), self._queue[CHUNK:]
            answer = await self.desk.push(
                Push(station_id=self._station_id, plant_id=self.plant_id, commands=chunk),
                self._last + timedelta(seconds=1),
            )
            for sealed, outcome in zip(chunk, answer.outcomes, strict=True):
                if outcome.settled is not Settled.ACCEPTED:
                    raise NotAccepted(f"{outcome.reason} {outcome.detail}: {sealed.body[:400]}")
            outcomes.extend(answer.outcomes)
        return tuple(outcomes)


@record
class Plot:
    """What shall become of one batch. `stray` names a step that leaves its limit, with its value."""

    number: str
    line: str
    begun: datetime
    until: BatchStatus
    stages: int | None = None
    stray: tuple[str, str, str] | None = None
    stray_comment: str = ""
    corrected: tuple[str, str] | None = None
    deviation: DeviationClass | None = None
    deviation_closed: bool = False
    steps: int | None = None


_PAST_EXECUTION: Final = frozenset(
    {
        BatchStatus.PRODUCTION_REVIEW,
        BatchStatus.QA_REVIEW,
        BatchStatus.REVIEWED,
        BatchStatus.RELEASED,
        BatchStatus.REJECTED,
        BatchStatus.QA_HOLD,
    }
)


async def play(hand: Stagehand, master: MasterRecord, plot: Plot, chance: Random) -> BatchId:
    """Bring one batch into being and as far as the plot says."""
    return await _Story(hand, master, plot, chance).tell()


class _Story:
    def __init__(self, hand: Stagehand, master: MasterRecord, plot: Plot, chance: Random) -> None:
        self._hand = hand
        self._master = master
        self._plot = plot
        self._chance = chance
        self._now = plot.begun
        self._batch_id: BatchId | None = None

    @property
    def _batch(self) -> BatchId:
        assert self._batch_id is not None  # noqa: S101  set by the first act
        return self._batch_id

    def _later(self, low: float, high: float) -> datetime:
        """A while later, in minutes."""
        self._now += timedelta(seconds=round(self._chance.uniform(low * 60, high * 60)))
        return self._now

    def _say(
        self, command: Command, player: Player, low: float = 1, high: float = 6
    ) -> tuple[CommandId, str]:
        return self._hand.seal(command, player, self._later(low, high))

    async def tell(self) -> BatchId:
        troupe, plot = self._hand.troupe, self._plot
        self._say(
            CreateBatch(
                master_id=self._master.id,
                number=plot.number,
                quantity=self._master.batch_size,
                line=plot.line,
                planned_start=plot.begun + timedelta(hours=1),
                materials=self._materials(),
            ),
            troupe.manager,
        )
        await self._hand.deliver()
        found = await self._hand.desk.find_batch(self._hand.plant_id, plot.number)
        if found is None:
            raise NotAccepted(f"batch {plot.number} was not created")
        self._batch_id = found
        if plot.until is not BatchStatus.PLANNED:
            self._say(
                IssueBatch(batch_id=found, master_hash=self._master.content_hash), troupe.manager, 20, 40
            )
        if plot.until not in {BatchStatus.PLANNED, BatchStatus.ISSUED}:
            await self._execute()
        await self._hand.deliver()
        return found

    async def _execute(self) -> None:
        troupe, plot = self._hand.troupe, self._plot
        self._say(StartBatch(batch_id=self._batch), troupe.officer, 30, 60)
        stages = self._master.stages[: plot.stages]
        for index, stage in enumerate(stages):
            self._say(StartStage(batch_id=self._batch, stage_key=stage.key), troupe.officer, 5, 20)
            last = index == len(stages) - 1 and plot.stages is not None
            await self._stage(stage, plot.steps if last else None)
        if plot.until is BatchStatus.ON_HOLD:
            reason = "Press stopped: compressed-air pressure below 5 bar"
            self._say(HoldBatch(batch_id=self._batch, reason=reason), troupe.officer)
        elif plot.until is BatchStatus.ABORTED:
            reason = "Granulator gearbox failed; granulate discarded under deviation"
            self._say(AbortBatch(batch_id=self._batch, reason=reason), troupe.manager, 60, 120)
        elif plot.until in _PAST_EXECUTION:
            self._say(CompleteBatch(batch_id=self._batch), troupe.officer, 5, 15)
            await self._hand.deliver()
            await self._review()

    async def _stage(self, stage: StageSpec, steps: int | None) -> None:
        troupe = self._hand.troupe
        for spec in stage.steps[:steps]:
            await self._step(stage, spec)
        if steps is None:
            self._say(CompleteStage(batch_id=self._batch, stage_key=stage.key), troupe.officer, 2, 10)

    async def _step(self, stage: StageSpec, spec: StepSpec) -> None:
        troupe, plot = self._hand.troupe, self._plot
        stray = plot.stray if plot.stray and plot.stray[:2] == (stage.key, spec.key) else None
        value = stray[2] if stray else _plausible(spec, self._chance)
        entry_id, sealed = self._say(
            RecordEntry(
                batch_id=self._batch,
                stage_key=stage.key,
                step_key=spec.key,
                value=value,
                comment=plot.stray_comment if stray else "",
            ),
            troupe.officer,
            2,
            14,
        )
        if plot.corrected and plot.corrected[0] == f"{stage.key}.{spec.key}":
            entry_id, sealed = self._say(
                CorrectEntry(
                    batch_id=self._batch,
                    stage_key=stage.key,
                    step_key=spec.key,
                    corrects=EntryId(entry_id),
                    value=plot.corrected[1],
                    reason="Digits transposed when typing",
                ),
                troupe.officer,
            )
        if spec.verified:
            self._say(
                VerifyEntry(
                    batch_id=self._batch,
                    stage_key=stage.key,
                    step_key=spec.key,
                    entry_id=EntryId(entry_id),
                    entry_seal=sealed,
                ),
                troupe.second,
            )
        if stray and plot.deviation is not None:
            await self._deviation(stage, spec, value)

    async def _deviation(self, stage: StageSpec, spec: StepSpec, value: str) -> None:
        troupe, plot = self._hand.troupe, self._plot
        await self._hand.deliver()
        facts = await self._hand.desk.batch_file(self._batch)
        exception = next(
            each
            for each in facts.every(ReviewException, batch_id=self._batch, rule=Rule.OUT_OF_LIMIT)
            if each.step_key == spec.key
        )
        key = DeviationId(self._hand.fresh(self._now))
        self._say(
            RaiseDeviation(
                deviation_id=key,
                title=f"{spec.title} outside its limit",
                description=f"{spec.title}: {value} {spec.unit} in {stage.name} of batch {plot.number}.",
                immediate_action="Material set aside and labelled; supervisor informed.",
                occurred_at=self._now,
                noticed_at=self._now,
                batch_id=self._batch,
                stage_key=stage.key,
                step_key=spec.key,
                exception_id=exception.id,
                equipment=spec.equipment,
                product_held=True,
            ),
            troupe.officer,
        )
        if plot.deviation is None or not plot.deviation_closed:
            return
        self._say(
            ClassifyDeviation(
                deviation_id=key,
                classification=plot.deviation,
                reason="Isolated, no direct effect on the product",
                owner_name="Marta Costa",
            ),
            troupe.reviewer,
            60,
            240,
        )
        self._say(
            InvestigateDeviation(
                deviation_id=key,
                investigation=Investigation(
                    root_cause="Drift of the dosing wheel after the format change",
                    method="5 whys",
                    evidence="Machine log, re-test of retained sample",
                    impact="Affected tablets sorted out; the rest is within specification",
                    other_batches="Two neighbouring batches checked, not affected",
                    correction="Dosing wheel re-adjusted and checked",
                ),
            ),
            troupe.manager,
            600,
            1800,
        )
        await self._hand.deliver()
        facts = await self._hand.desk.batch_file(self._batch)
        known = facts.one(Deviation, key)
        if known is not None:
            self._say(
                CloseDeviation(
                    deviation_id=key,
                    base_revision=known.revision,
                    capa_required=False,
                    conclusion="Cause found and corrected; no effect on quality.",
                ),
                troupe.head,
                300,
                900,
            )

    async def _review(self) -> None:
        troupe, plot = self._hand.troupe, self._plot
        facts = await self._hand.desk.batch_file(self._batch)
        batch = facts.one(Batch, self._batch)
        if batch is None:
            raise NotAccepted(f"batch {plot.number} is not in its own file")
        clear = DeclareClear(batch_id=self._batch, counter=self._hand.counter, completions=batch.completions)
        self._say(clear, troupe.station, 0.1, 0.3)
        if plot.until is BatchStatus.PRODUCTION_REVIEW:
            return
        await self._hand.deliver()
        self._say(
            ReviewProduction(
                batch_id=self._batch, manifest=await self._manifest(), comment="Complete and plausible."
            ),
            troupe.manager,
            60,
            300,
        )
        if plot.until is BatchStatus.QA_REVIEW:
            return
        await self._hand.deliver()
        facts = await self._hand.desk.batch_file(self._batch)
        for each in facts.every(ReviewException, batch_id=self._batch):
            if each.unsettled:
                self._say(
                    AssessException(
                        batch_id=self._batch,
                        exception_id=each.id,
                        action=ExceptionAction.ACCEPT,
                        comment="Cause known, no effect on the product.",
                    ),
                    troupe.reviewer,
                )
        await self._hand.deliver()
        if plot.until is BatchStatus.QA_HOLD:
            reason = "Waiting for the laboratory's repeat of dissolution"
            self._say(PlaceQaHold(batch_id=self._batch, reason=reason), troupe.reviewer, 30, 90)
            return
        self._say(
            ReviewQuality(batch_id=self._batch, manifest=await self._manifest(), audit_trail_reviewed=True),
            troupe.reviewer,
            60,
            240,
        )
        await self._hand.deliver()
        if plot.until is BatchStatus.REVIEWED:
            return
        releasing = plot.until is BatchStatus.RELEASED
        self._say(
            DecideDisposition(
                batch_id=self._batch,
                disposition=Disposition.RELEASE if releasing else Disposition.REJECT,
                manifest=await self._manifest(),
                reason="" if releasing else "Assay below specification in two retained samples",
            ),
            troupe.head,
            60,
            600,
        )

    async def _manifest(self) -> str:
        facts = await self._hand.desk.batch_file(self._batch)
        batch = facts.one(Batch, self._batch)
        if batch is None:
            raise NotAccepted(f"batch {self._plot.number} is not in its own file")
        return manifest_of(facts, batch)

    def _materials(self) -> tuple[MaterialUse, ...]:
        return tuple(
            MaterialUse(
                code=each.code,
                name=each.name,
                lot=f"{each.code[3:]}-{self._chance.randrange(2400, 2690)}",
                source="Goods in",
                quantity=replace(each.quantity),
            )
            for each in self._master.materials
        )


def _plausible(spec: StepSpec, chance: Random) -> str:
    """A value as a good day would give it: well inside the limits, with the limit's own number of digits."""
    match spec.kind:
        case StepKind.CONFIRMATION:
            return CONFIRMED
        case StepKind.CHOICE:
            return spec.expected or spec.choices[0]
        case StepKind.TEXT:
            return chance.choice(("as ordered", "checked, no remark", "punch set PS-0711", "foil F-2210-C"))
        case StepKind.NUMBER | StepKind.TIMER:
            return str(_inside(spec.limit or Limit(low=Decimal(0), high=Decimal(100)), chance))


def _inside(limit: Limit, chance: Random) -> Decimal:
    low = limit.low if limit.low is not None else (limit.high or Decimal(1)) * Decimal("0.55")
    high = limit.high if limit.high is not None else low * Decimal("1.2")
    middle = limit.target if limit.target is not None else (low + high) / 2
    room = min(middle - low, high - middle)
    drift = Decimal(str(round(chance.uniform(-0.6, 0.6), 3)))
    digits = max(
        -int(each.as_tuple().exponent) for each in (low, high) if isinstance(each.as_tuple().exponent, int)
    )
    value = max(
        low, min(high, middle + (room if room > 0 else high - low) * (drift if room > 0 else abs(drift)))
    )
    return value.quantize(Decimal(1).scaleb(-max(digits, 0)))
