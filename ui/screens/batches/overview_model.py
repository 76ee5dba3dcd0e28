"""One batch at a glance, and what can be done with it now. Knows no Qt."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.client.ports import (
    BatchFile,
    Changed,
    ChartData,
    Desk,
    HistoryRow,
    Link,
    Mark,
    Signatory,
    SignedIn,
    SyncState,
)
from app.domain.batch import (
    UNDER_REVIEW,
    AbortBatch,
    Batch,
    BatchAction,
    BatchStatus,
    HoldBatch,
    IssueBatch,
    MaterialUse,
    Origin,
    ResumeBatch,
    StartBatch,
    actions_from,
    offered,
    right_for,
)
from app.domain.decision import Reason, Refusal
from app.domain.deviation import SETTLED, Deviation
from app.domain.envelope import Command
from app.domain.exception import ReviewException
from app.domain.identity import BatchId, DeviationId, stage_id, step_id
from app.domain.metrics import MetricSeries
from app.domain.review import CompleteBatch
from app.domain.rulebook import predict
from app.domain.signature import Meaning
from app.domain.stage import Stage, StageStatus, status_of
from app.domain.step import Step, StepStatus
from app.domain.transcription import Dataset
from ui import text
from ui.observable import Observable
from ui.signing import SignSheet

Clock = Callable[[], datetime]

HERE: Final = (
    BatchAction.ISSUE,
    BatchAction.START,
    BatchAction.RESUME,
    BatchAction.COMPLETE,
    BatchAction.HOLD,
    BatchAction.ABORT,
)
"""What is done from this page, in the order of the buttons; reviews and dispositions have a page of their own."""

ONWARD: Final[Mapping[BatchStatus, BatchAction]] = MappingProxyType(
    {
        BatchStatus.PLANNED: BatchAction.ISSUE,
        BatchStatus.ISSUED: BatchAction.START,
        BatchStatus.ON_HOLD: BatchAction.RESUME,
    }
)
"""The one next step of a batch. It is shown even to who may not take it, with the reason."""


class Fetch(StrEnum):
    """How far something is that only the server has."""

    NOT_ASKED = "not asked"
    WAITING = "waiting"
    HERE = "here"
    NONE = "none"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionOffer:
    """One button. `primary`: it is what should happen next."""

    action: BatchAction
    allowed: bool
    why_not: str
    primary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLine:
    """One stage on the track. `open_points`: contested or unverified steps in it."""

    key: str
    name: str
    status: StageStatus
    who: str
    when: str
    answered: int
    steps: int
    open_points: int
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionLine:
    """One exception that waits for a judgement. `stage_key` and `step_key` lead to it."""

    rule: str
    sentence: str
    place: str
    stage_key: str
    step_key: str
    raised: str
    stops: bool
    deviation_id: DeviationId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationLine:
    """One deviation of this batch, open ones first."""

    id: DeviationId
    number: str
    title: str
    status: str
    classification: str
    open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLine:
    """One signature as printed (21 CFR 11.50): name, role, meaning, when."""

    who: str
    role: str
    meaning: str
    what: str
    when: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One row of the journal as people read it."""

    seq: int
    when: str
    who: str
    event: str
    change: str
    reason: str
    station: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewState:
    """What the page shows. `refused` is the last refusal in words."""

    batch_id: BatchId | None = None
    loaded: bool = False
    missing: bool = False
    number: str = ""
    product: str = ""
    status: BatchStatus = BatchStatus.PLANNED
    master: str = ""
    master_hash: str = ""
    quantity: str = ""
    line: str = ""
    started: str = ""
    ended: str = ""
    planned: str = ""
    waiting_here: int = 0
    held: str = ""
    transcribed: str = ""
    stages: tuple[StageLine, ...] = ()
    go_on: str = ""
    go_on_name: str = ""
    actions: tuple[ActionOffer, ...] = ()
    reviewable: bool = False
    exceptions: tuple[ExceptionLine, ...] = ()
    deviations: tuple[DeviationLine, ...] = ()
    materials: tuple[MaterialUse, ...] = ()
    equipment: str = ""
    signatures: tuple[SignatureLine, ...] = ()
    chart_stages: tuple[tuple[str, str], ...] = ()
    chart: Fetch = Fetch.NOT_ASKED
    chart_data: ChartData | None = None
    chart_why: str = ""
    history: Fetch = Fetch.NOT_ASKED
    history_lines: tuple[HistoryLine, ...] = ()
    history_why: str = ""
    signer: str = ""
    busy: bool = False
    refused: str = ""


class OverviewViewModel:
    """`open` first. The chart and the history are asked for when they are looked at."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        self._file: BatchFile | None = None
        self._loads = 0
        self._shown = 0
        self._online = desk.sync.state.value.link is Link.ONLINE
        self.state = Observable(OverviewState())

    @property
    def changed(self) -> Observable[Changed]:
        """News of the cache."""
        return self._desk.records.changed

    @property
    def person(self) -> Observable[SignedIn | None]:
        """Who is signed in: what is offered follows them."""
        return self._desk.session.person

    @property
    def link(self) -> Observable[SyncState]:
        """The line to the server: some actions need it."""
        return self._desk.sync.state

    def refresh(self) -> None:
        """Who is signed in or the line changed: work out anew what is offered."""
        online = self._desk.sync.state.value.link is Link.ONLINE
        if online != self._online:
            self._online = online
            before = self.state.value
            again = {Fetch.REFUSED: Fetch.NOT_ASKED} if online else {}
            self.state.set(
                replace(
                    before,
                    chart=again.get(before.chart, before.chart),
                    history=again.get(before.history, before.history),
                )
            )
        if self._file is not None:
            self._show(self._file)

    @property
    def desk(self) -> Desk:
        """For the signing of what needs the server."""
        return self._desk

    async def open(self, batch_id: BatchId) -> None:
        """Show a batch."""
        self._file = None
        self._shown = self._loads + 1
        self.state.set(OverviewState(batch_id=batch_id))
        await self.reload()

    async def reload(self) -> None:
        """Read the batch again."""
        batch_id = self.state.value.batch_id
        if batch_id is None:
            return
        self._loads += 1
        load = self._loads
        file = await self._desk.records.batch(batch_id)
        if load < self._shown:
            return  # a later reading was faster, or another batch was opened meanwhile
        self._shown, self._file = load, file
        if file is None:
            self.state.set(replace(self.state.value, loaded=True, missing=True))
        else:
            self._show(file)

    def concerns(self, changed: Changed) -> bool:
        """Whether the news is about the batch that is shown."""
        batch_id = self.state.value.batch_id
        return batch_id is not None and (not changed.batches or batch_id in changed.batches)

    async def load_chart(self, stage_key: str) -> None:
        """Ask the server for the series of a stage."""
        batch_id = self.state.value.batch_id
        if batch_id is None or self.state.value.chart is Fetch.WAITING:
            return
        self.state.set(replace(self.state.value, chart=Fetch.WAITING, chart_why=""))
        try:
            answer = await self._desk.archive.chart(batch_id, stage_key)
        except Exception:
            why = "The chart could not be read."
            self.state.set(replace(self.state.value, chart=Fetch.REFUSED, chart_why=why))
            raise
        if self.state.value.batch_id != batch_id:
            return
        match answer:
            case None:
                self.state.set(replace(self.state.value, chart=Fetch.NONE, chart_data=None))
            case Refusal():
                why = text.refusal(answer)
                self.state.set(replace(self.state.value, chart=Fetch.REFUSED, chart_why=why))
            case ChartData():
                self.state.set(replace(self.state.value, chart=Fetch.HERE, chart_data=answer))

    async def load_history(self) -> None:
        """Ask the server for the journal rows of this batch."""
        batch_id = self.state.value.batch_id
        if batch_id is None or self.state.value.history is Fetch.WAITING:
            return
        self.state.set(replace(self.state.value, history=Fetch.WAITING, history_why=""))
        try:
            answer = await self._desk.archive.history(batch_id)
        except Exception:
            why = "The history could not be read."
            self.state.set(replace(self.state.value, history=Fetch.REFUSED, history_why=why))
            raise
        if self.state.value.batch_id != batch_id:
            return
        if isinstance(answer, Refusal):
            why = text.refusal(answer)
            self.state.set(replace(self.state.value, history=Fetch.REFUSED, history_why=why))
            return
        zone = self._clock().tzinfo
        lines = tuple(_history_line(row, zone) for row in reversed(answer))
        kind = Fetch.HERE if lines else Fetch.NONE
        self.state.set(replace(self.state.value, history=kind, history_lines=lines))

    async def start(self) -> bool:
        return await self._act(BatchAction.START, "")

    async def hold(self, reason: str) -> bool:
        return await self._act(BatchAction.HOLD, reason)

    async def resume(self, reason: str) -> bool:
        return await self._act(BatchAction.RESUME, reason)

    def issue_sheet(self) -> SignSheet | None:
        """What is signed when the batch is issued: the frozen master record, by its hash."""
        file = self._file
        if file is None:
            return None
        state = self.state.value
        return SignSheet(
            verb=f"Issue {state.number}",
            meaning=Meaning.ISSUED,
            facts=(
                ("Batch", f"{state.number}, {state.product}"),
                ("Quantity", state.quantity),
                ("Line", state.line or text.NOTHING),
                ("Master record", state.master),
                ("Content hash", file.batch.master_hash),
            ),
            commands=(IssueBatch(batch_id=file.batch.id, master_hash=file.batch.master_hash),),
            consequence="Production runs this version from now on; it cannot be changed in this batch any more.",
        )

    async def complete(self, login: str, password: str) -> str:
        """Sign the batch as performed; answers why not, or nothing."""
        return await self._sign(login, password, BatchAction.COMPLETE, "")

    async def abort(self, login: str, password: str, reason: str) -> str:
        """End the batch for good, signed; answers why not, or nothing."""
        return await self._sign(login, password, BatchAction.ABORT, reason)

    async def pdf(self) -> bytes | str:
        """The controlled print of the record, or why there is none."""
        return await self._fetch(self._desk.archive.batch_pdf)

    async def evidence(self) -> bytes | str:
        """The evidence bundle, or why there is none."""
        return await self._fetch(self._desk.archive.evidence)

    async def _fetch(self, ask: Callable[[BatchId], Awaitable[bytes | Refusal]]) -> bytes | str:
        batch_id = self.state.value.batch_id
        if batch_id is None:
            return text.refusal(Refusal(reason=Reason.NOT_FOUND, detail=("batch",)))
        answer = await ask(batch_id)
        return text.refusal(answer) if isinstance(answer, Refusal) else answer

    async def _act(self, action: BatchAction, reason: str) -> bool:
        file = self._file
        if file is None or self.state.value.busy:
            return False
        refused = await self._save(_command(action, file.batch, reason), None)
        if refused is not None:
            self.state.set(replace(self.state.value, refused=text.refusal(refused)))
            return False
        await self.reload()
        return True

    async def _sign(self, login: str, password: str, action: BatchAction, reason: str) -> str:
        file, person = self._file, self._desk.session.person.value
        if file is None or person is None:
            return text.refusal(Refusal(reason=Reason.SIGNED_OUT))
        signatory = await self._desk.session.authenticate(login or person.login, password)
        if isinstance(signatory, Refusal):
            return text.refusal(signatory)
        refused = await self._save(_command(action, file.batch, reason), signatory)
        if refused is not None:
            return text.refusal(refused)
        await self.reload()
        return ""

    async def _save(self, command: Command, signatory: Signatory | None) -> Refusal | None:
        self.state.set(replace(self.state.value, busy=True, refused=""))
        try:
            answer = await self._desk.commands.save(command, signatory=signatory)
        finally:
            self.state.set(replace(self.state.value, busy=False))
        return answer if isinstance(answer, Refusal) else None

    def _show(self, file: BatchFile) -> None:
        batch, now, before = file.batch, self._clock(), self.state.value
        zone = now.tzinfo
        stages = _stages(file, now)
        onward = next((each for each in stages if each.status is not StageStatus.COMPLETED), None)
        running = batch.status is BatchStatus.IN_PROGRESS
        person = self._desk.session.person.value
        series = file.facts.every(MetricSeries, batch_id=batch.id)
        named = {each.key: each.name for each in file.master.stages}
        self.state.set(
            replace(
                before,
                loaded=True,
                missing=False,
                number=batch.number,
                product=batch.product_name,
                status=batch.status,
                master=f"{file.master.title}, version {batch.master_version}",
                master_hash=batch.master_hash[:12],
                quantity=f"{text.big_number(batch.quantity.value)} {batch.quantity.unit}".strip(),
                line=batch.line,
                started=text.when(batch.started_at, zone)
                if batch.started_at
                else text.reduced_date(batch.started_on),
                ended=text.when(batch.ended_at, zone) if batch.ended_at else "",
                planned=text.when(batch.planned_start, zone) if batch.planned_start else "",
                waiting_here=sum(mark is not Mark.ACCEPTED for mark in file.marks.values()),
                held=batch.reason if batch.status in {BatchStatus.ON_HOLD, BatchStatus.QA_HOLD} else "",
                transcribed=_transcribed(file),
                stages=stages,
                go_on=onward.key if running and onward else "",
                go_on_name=onward.name if running and onward else "",
                actions=self._offers(file, all_done=onward is None),
                reviewable=self._reviewable(batch),
                exceptions=_exceptions(file, zone),
                deviations=_deviations(file),
                materials=_materials(file),
                equipment=", ".join(_equipment(file)),
                signatures=_signatures(file, zone),
                chart_stages=tuple(
                    dict.fromkeys(
                        (each.stage_key, named.get(each.stage_key, each.stage_key)) for each in series
                    )
                ),
                signer=person.name if person else "",
            )
        )

    def _reviewable(self, batch: Batch) -> bool:
        """Whether this person has something to do or to see on the page of reviews."""
        if batch.status not in UNDER_REVIEW or self._desk.session.person.value is None:
            return False
        return bool(offered(batch, self._desk.session.context()))

    def _offers(self, file: BatchFile, *, all_done: bool) -> tuple[ActionOffer, ...]:
        batch = file.batch
        if self._desk.session.person.value is None:
            return ()
        context = self._desk.session.context()
        onward = ONWARD.get(batch.status)
        if batch.status is BatchStatus.IN_PROGRESS and all_done:
            onward = BatchAction.COMPLETE
        mine = offered(batch, context)
        offers: list[ActionOffer] = []
        for action in HERE:
            if action not in actions_from(batch.status) or (action not in mine and action is not onward):
                continue
            if action is BatchAction.COMPLETE and not all_done:
                continue  # the track says what is left; a dead button would say it again
            refused = context.lacks(right_for(batch.status, action))
            if refused is None:
                answer = predict(file.facts, _command(action, batch, "…"), context)
                refused = answer if isinstance(answer, Refusal) else None
            offers.append(
                ActionOffer(
                    action=action,
                    allowed=refused is None,
                    why_not=text.refusal(refused) if refused else "",
                    primary=action is onward,
                )
            )
        return tuple(offers)


def _command(action: BatchAction, batch: Batch, reason: str) -> Command:
    match action:
        case BatchAction.ISSUE:
            return IssueBatch(batch_id=batch.id, master_hash=batch.master_hash)
        case BatchAction.START:
            return StartBatch(batch_id=batch.id)
        case BatchAction.HOLD:
            return HoldBatch(batch_id=batch.id, reason=reason)
        case BatchAction.RESUME:
            return ResumeBatch(batch_id=batch.id, reason=reason)
        case BatchAction.COMPLETE:
            return CompleteBatch(batch_id=batch.id)
        case BatchAction.ABORT:
            return AbortBatch(batch_id=batch.id, reason=reason)
        case _:
            raise AssertionError(f"{action} is not done from this page")


def _stages(file: BatchFile, now: datetime) -> tuple[StageLine, ...]:
    batch = file.batch
    lines: list[StageLine] = []
    for spec in file.master.stages:
        record = file.facts.one(Stage, stage_id(batch.id, spec.key))
        steps = [file.facts.one(Step, step_id(batch.id, spec.key, each.key)) for each in spec.steps]
        waiting = {StepStatus.CONTESTED, StepStatus.AWAITING_VERIFICATION}
        at = (record.completed_at or record.started_at) if record else None
        card = file.people.get(record.officer_id) if record else None
        transcribed = batch.origin is Origin.TRANSCRIBED
        lines.append(
            StageLine(
                key=spec.key,
                name=spec.name,
                status=status_of(file.facts, batch.id, spec.key),
                who=card.name if card and not transcribed else "",
                when=text.since(at, now, now.tzinfo) if at and not transcribed else "",
                answered=sum(each is not None for each in steps),
                steps=len(steps),
                open_points=sum(each is not None and each.status in waiting for each in steps),
                current=batch.stage_key == spec.key and batch.status is BatchStatus.IN_PROGRESS,
            )
        )
    return tuple(lines)


def _exceptions(file: BatchFile, zone: tzinfo | None) -> tuple[ExceptionLine, ...]:
    lines: list[ExceptionLine] = []
    for each in file.facts.every(ReviewException, batch_id=file.batch.id):
        if not each.unsettled:
            continue
        stage = file.master.stage(each.stage_key)
        spec = file.master.step(each.stage_key, each.step_key)
        place = " · ".join(part for part in (stage.name if stage else "", spec.title if spec else "") if part)
        lines.append(
            ExceptionLine(
                rule=text.rule(each.rule),
                sentence=text.noticed(each.rule, each.detail),
                place=place,
                stage_key=each.stage_key,
                step_key=each.step_key,
                raised=text.when(each.raised_at, zone),
                stops=each.severity.value == "stop",
                deviation_id=each.deviation_id,
            )
        )
    return tuple(sorted(lines, key=lambda line: not line.stops))


def _deviations(file: BatchFile) -> tuple[DeviationLine, ...]:
    lines = [
        DeviationLine(
            id=each.id,
            number=each.number or "Number follows",
            title=each.title,
            status=each.status.value,
            classification=each.classification.value if each.classification else "",
            open=each.status not in SETTLED,
        )
        for each in file.facts.every(Deviation, batch_id=file.batch.id)
    ]
    return tuple(sorted(lines, key=lambda line: not line.open))


def _materials(file: BatchFile) -> tuple[MaterialUse, ...]:
    """The lots of the batch; before they are assigned, what the master record asks for."""
    batch = file.batch
    if batch.materials or batch.origin is Origin.TRANSCRIBED:
        return batch.materials
    return tuple(
        MaterialUse(code=each.code, name=each.name, lot="not assigned yet", quantity=each.quantity)
        for each in file.master.materials
    )


def _equipment(file: BatchFile) -> list[str]:
    """The equipment that the steps of the master record name, each once, in the order of the work."""
    named = (step.equipment for stage in file.master.stages for step in stage.steps if step.equipment)
    return list(dict.fromkeys(named))


def _signatures(file: BatchFile, zone: tzinfo | None) -> tuple[SignatureLine, ...]:
    """Those under the batch and under its stages, in order of time."""
    batch = file.batch
    found = [(each, "Batch") for each in batch.signatures]
    found += [
        (each.performed, f"Stage {each.name}")
        for each in file.facts.every(Stage, batch_id=batch.id)
        if each.performed is not None
    ]
    found.sort(key=lambda pair: pair[0].signed_at)
    return tuple(
        SignatureLine(
            who=each.printed_name,
            role=each.role.value,
            meaning=each.meaning.value,
            what=what,
            when=text.when(each.signed_at, zone),
            at=each.signed_at,
        )
        for each, what in found
    )


def _transcribed(file: BatchFile) -> str:
    """Where a transcribed record came from, with the citation its licence asks for."""
    if file.batch.origin is not Origin.TRANSCRIBED:
        return ""
    datasets = file.facts.every(Dataset, plant_id=file.batch.plant_id)
    told = f"Transcribed from {file.batch.source}, not made with this system."
    return " ".join(
        (told, *(f"{each.citation}." for each in datasets if each.citation not in file.batch.source))
    )


def _history_line(row: HistoryRow, zone: tzinfo | None) -> HistoryLine:
    old = dict(row.old)
    changes = [
        f"{name.replace('_', ' ')}: {old[name]} → {value}"
        if old.get(name)
        else f"{name.replace('_', ' ')}: {value}"
        for name, value in row.new
        if name not in {"revision", "id"} and not name.endswith(("_id", "_key", "_hash"))
    ]
    return HistoryLine(
        seq=row.seq,
        when=text.when(row.at, zone),
        who=row.who,
        event=text.event(row.event),
        change="; ".join(changes),
        reason=row.reason,
        station=row.station,
    )
