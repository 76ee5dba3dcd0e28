"""One batch under review: what stands in the way, what was noticed, the whole record, and the acts that are signed.

Knows no Qt and no rule of its own: blockers, manifest and what may be done come from the rulebook.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.client.ports import BatchFile, Changed, ChartData, Desk, HistoryRow, Mark
from app.domain.batch import Batch, BatchAction, BatchStatus, actions_from, offered
from app.domain.decision import Blocker, Reason, Refusal
from app.domain.deviation import SETTLED, Deviation, DeviationStatus
from app.domain.exception import (
    MOVES as EXCEPTION_MOVES,
)
from app.domain.exception import AssessException, ExceptionAction
from app.domain.identity import BatchId, DeviationId, ExceptionId, UserId
from app.domain.master_record import MasterRecord
from app.domain.metrics import MetricSeries
from app.domain.permissions import Permission
from app.domain.plant import Plant, Station
from app.domain.review import (
    DecideDisposition,
    Disposition,
    LiftQaHold,
    PlaceQaHold,
    ReturnBatch,
    ReviewCommand,
    ReviewProduction,
    ReviewQuality,
    manifest_of,
    release_blockers,
    review_blockers,
    stands,
)
from app.domain.signature import Meaning, Signature
from app.domain.step import Step
from ui import text
from ui.drafts import Drafts
from ui.navigation import DeviationContext, Navigator
from ui.observable import Observable
from ui.screens.review.record_lines import (
    NO_COUNTS,
    Counts,
    ExceptionLine,
    RuleGroup,
    StageBlock,
    counts_of,
    groups_of,
    stages_of,
)
from ui.screens.review.view_model import FORWARD
from ui.signing import Signing, SignSheet

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureLine:
    """A signature under the batch and whether what was signed is still what the record says (R19).

    `stands` None: it binds nothing that could change under it, as the issue binds the frozen master.
    """

    signature: Signature
    stands: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An act this person's role has in this status. `refusal`: why not now, in the rulebook's words."""

    action: BatchAction
    refusal: Refusal | None = None

    @property
    def blocked(self) -> bool:
        """Whether a list of blockers is the answer: the button then shows them instead of staying mute."""
        return self.refusal is not None and bool(self.refusal.blockers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The open decision on exceptions: which, and the comment so far."""

    ids: frozenset[ExceptionId] = frozenset()
    comment: str = ""
    error: str = ""
    refusal: Refusal | None = None


NOTHING_JUDGED: Final = Judgement()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActForm:
    """The open form of an act: its comment or reason, and for QA's review the word about the audit trail."""

    action: BatchAction
    comment: str = ""
    audit_trail_reviewed: bool = False
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """One batch as opened for review. `missing`: there is none of that id here."""

    loaded: bool = False
    missing: bool = False
    batch: Batch | None = None
    now: datetime | None = None
    waiting_since: datetime | None = None
    manifest: str = ""
    pending: int = 0
    counts: Counts = NO_COUNTS
    blockers: tuple[Blocker, ...] = ()
    groups: tuple[RuleGroup, ...] = ()
    stages: tuple[StageBlock, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    signatures: tuple[SignatureLine, ...] = ()
    forward: Offer | None = None
    others: tuple[Offer, ...] = ()
    may_assess: bool = False
    selected: ExceptionId | None = None
    verdict: Judgement = NOTHING_JUDGED
    form: ActForm | None = None
    history: tuple[HistoryRow, ...] | Refusal | None = None
    history_loading: bool = False
    charted: frozenset[str] = frozenset()
    chart_stage: str = ""
    chart: ChartData | Refusal | None = None

    @property
    def chart_here(self) -> ChartData | Refusal | None:
        """The series of the stage that the open exception is about, where it was asked for."""
        line = self.line
        return self.chart if line is not None and line.exception.stage_key == self.chart_stage else None

    @property
    def line(self) -> ExceptionLine | None:
        """The exception that is open beside the list."""
        return next((each for group in self.groups for each in group.lines if each.id == self.selected), None)

    @property
    def deciding(self) -> tuple[ExceptionLine, ...]:
        """The exceptions that the open decision is about."""
        every = (each for group in self.groups for each in group.lines)
        return tuple(each for each in every if each.id in self.verdict.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActWords:
    """How an act is said: its verb, the meaning that is printed, what it does, and what its text field is called."""

    verb: str
    meaning: Meaning
    consequence: str
    comment: str = "Reason"


ACTS: Final = MappingProxyType(
    {
        BatchAction.REVIEW_PRODUCTION: ActWords(
            verb="Sign production review",
            meaning=Meaning.REVIEWED_PRODUCTION,
            consequence="The batch goes on to quality assurance.",
            comment="Comment (may stay empty)",
        ),
        BatchAction.REVIEW_QUALITY: ActWords(
            verb="Sign QA review",
            meaning=Meaning.REVIEWED_QUALITY,
            consequence="The batch goes on to the decision about its release.",
            comment="Comment (may stay empty)",
        ),
        BatchAction.RETURN: ActWords(
            verb="Return",
            meaning=Meaning.RETURNED,
            consequence="The batch goes back one step. Your reason is shown to whoever takes it up.",
        ),
        BatchAction.PLACE_QA_HOLD: ActWords(
            verb="Place on QA hold",
            meaning=Meaning.HELD,
            consequence="The batch cannot be released until the hold is lifted.",
        ),
        BatchAction.LIFT_QA_HOLD: ActWords(
            verb="Lift QA hold",
            meaning=Meaning.LIFTED,
            consequence="The batch goes back to QA review.",
        ),
        BatchAction.RELEASE: ActWords(
            verb="Release",
            meaning=Meaning.RELEASED,
            consequence="You certify the batch. A release cannot be taken back here.",
            comment="Comment (may stay empty)",
        ),
        BatchAction.REJECT: ActWords(
            verb="Reject",
            meaning=Meaning.REJECTED,
            consequence="The batch is rejected for good.",
        ),
    }
)
"""The acts of this screen; a batch's other acts are offered where the batch is."""

SHARED: Final = frozenset({Plant.KIND, Station.KIND, MasterRecord.KIND})
"""Kinds of records that the blockers of any batch may hang on."""
DISPOSED_OF: Final = frozenset({BatchStatus.REVIEWED})
"""Statuses in which the next word is the release's, so the longer list of blockers counts."""
JUDGEMENTS: Final = MappingProxyType(
    {ExceptionAction.ACCEPT: "Accept", ExceptionAction.RETURN: "Return", ExceptionAction.ESCALATE: "Escalate"}
)


class ReviewViewModel:
    """One batch at a time: look, judge, sign."""

    def __init__(self, desk: Desk, clock: Clock, navigator: Navigator, drafts: Drafts) -> None:
        self._desk = desk
        self._clock = clock
        self._navigator = navigator
        self._drafts = drafts
        self._who: UserId | None = None
        self._id: BatchId | None = None
        self._file: BatchFile | None = None
        self.state = Observable(FileState())

    @property
    def changed(self) -> Observable[Changed]:
        return self._desk.records.changed

    def concerned_by(self, news: Changed) -> bool:
        """Whether this batch may look otherwise now. What all batches stand on concerns every one of them."""
        return not news.batches or self._id in news.batches or bool(news.kinds & SHARED)

    @property
    def signer(self) -> str:
        """The printed name of who signs here."""
        person = self._desk.session.person.value
        return person.name if person is not None else ""

    async def open(self, batch_id: BatchId) -> None:
        """Show this batch from its first exception on."""
        if batch_id != self._id:
            self._id = batch_id
            self._file = None
            self.state.set(FileState())
        await self.load()

    async def load(self) -> None:
        """Read the file again; what is selected and half written stays, for whoever wrote it."""
        wanted = self._id
        self._forget_others_words()
        if wanted is None or self._who is None:
            return
        file = await self._desk.records.batch(wanted)
        offers = await self._offers(file) if file is not None else ()
        if wanted != self._id:
            return
        self._file = file
        if file is None:
            self.state.set(FileState(loaded=True, missing=True))
            return
        state = self.state.value
        groups = groups_of(file)
        known = [each.id for group in groups for each in group.lines]
        waiting = [each.id for group in groups for each in group.lines if each.exception.unsettled]
        selected = state.selected if state.selected in known else next(iter([*waiting, *known]), None)
        ids = state.verdict.ids & frozenset(known) or (frozenset({selected}) if selected else frozenset())
        verdict = replace(state.verdict, ids=ids)
        if ids != state.verdict.ids:
            verdict = self._judgement(ids)
        forward = FORWARD.get(file.batch.status)
        following = next((each for each in offers if each.action is forward), None)
        self.state.set(
            replace(
                state,
                loaded=True,
                missing=False,
                batch=file.batch,
                now=self._clock(),
                waiting_since=_waiting_since(file),
                manifest=manifest_of(file.facts, file.batch),
                pending=sum(mark is not Mark.ACCEPTED for mark in file.marks.values()),
                charted=frozenset(
                    each.stage_key for each in file.facts.every(MetricSeries, batch_id=file.batch.id)
                ),
                counts=counts_of(file),
                blockers=blockers_of(file),
                groups=groups,
                stages=stages_of(file),
                deviations=_open_first(file.facts.every(Deviation, batch_id=file.batch.id)),
                signatures=tuple(
                    SignatureLine(signature=each, stands=_stands(each, file))
                    for each in file.batch.signatures
                ),
                forward=following,
                others=tuple(each for each in offers if each is not following),
                may_assess=self._desk.session.context().lacks(Permission.EXCEPTION_ASSESS) is None,
                selected=selected,
                verdict=verdict,
                form=_checked_again(state.form, offers),
            )
        )

    # Looking.

    def select(self, exception_id: ExceptionId) -> None:
        """Open one exception; a decision that was half written for another is put away."""
        state = self.state.value
        if exception_id == state.selected and state.verdict.ids == frozenset((exception_id,)):
            return
        self.state.set(
            replace(state, selected=exception_id, verdict=self._judgement(frozenset({exception_id})))
        )

    def step_on(self, by: int) -> None:
        """The next or the previous exception in the order shown."""
        order = [each.id for group in self.state.value.groups for each in group.lines]
        selected = self.state.value.selected
        if selected is not None and selected in order:
            self.select(order[(order.index(selected) + by) % len(order)])

    async def load_history(self) -> None:
        """Fetch the batch's journal from the server; offline that is refused, and the screen says so."""
        wanted = self._id
        if wanted is None:
            return
        self.state.set(replace(self.state.value, history_loading=True))
        history = await self._desk.archive.history(wanted)
        if wanted == self._id:
            self.state.set(replace(self.state.value, history=history, history_loading=False))

    async def load_chart(self) -> None:
        """Fetch the series of the open exception's stage; offline that is refused, and the screen says so."""
        line, wanted = self.state.value.line, self._id
        if line is None or wanted is None:
            return
        stage = line.exception.stage_key
        chart = await self._desk.archive.chart(wanted, stage)
        if wanted == self._id:
            self.state.set(replace(self.state.value, chart=chart, chart_stage=stage))

    def follow(self, blocker: Blocker) -> None:
        """Go to what blocks."""
        state, file = self.state.value, self._file
        if file is None:
            return
        batch_id = file.batch.id
        match blocker.kind:
            case "exception":
                self.select(ExceptionId(blocker.id))
            case "deviation":
                self._navigator.open_deviation(DeviationId(blocker.id))
            case "station":
                self._navigator.open_sync()
            case "step":
                step = next((each for each in file.facts.every(Step) if each.id == blocker.id), None)
                if step is not None:
                    self._navigator.open_stage(batch_id, step.stage_key, step.step_key)
            case _:
                place = _place_named(state.stages, blocker.detail)
                if place is not None:
                    self._navigator.open_stage(batch_id, *place)
                else:
                    self._navigator.open_batch(batch_id)

    def in_the_way(self) -> str:
        """The block list in one line: `8 exceptions, 3 workstations`."""
        names = {
            "exception": ("exception", "exceptions"),
            "deviation": ("deviation", "deviations"),
            "station": ("workstation", "workstations"),
            "step": ("step", "steps"),
        }
        counted: dict[str, int] = {}
        for each in self.state.value.blockers:
            counted[each.kind] = counted.get(each.kind, 0) + 1
        others = counted.pop("batch", 0)
        parts = [text.count(number, *names.get(kind, (kind, kind))) for kind, number in counted.items()]
        if others:
            parts.append(text.count(others, "gap in the record", "gaps in the record"))
        return ", ".join(parts)

    def said(self, blocker: Blocker) -> str:
        """A blocker's sentence; an exception also says which step it is about."""
        lines = (line for group in self.state.value.groups for line in group.lines)
        found = next((line for line in lines if line.id == blocker.id), None)
        if found is None or not found.step_title:
            return text.blocker(blocker)
        return f"{found.step_title}: {text.rule(found.exception.rule).lower()}, not assessed yet."

    def follows(self, blocker: Blocker) -> bool:
        """Whether there is a place to go to: what only a signature can mend has none."""
        return blocker.what not in {"review_missing", "changed_since_review"}

    def open_deviation(self, deviation_id: DeviationId) -> None:
        self._navigator.open_deviation(deviation_id)

    def open_step(self, stage_key: str, step_key: str) -> None:
        if self._id is not None:
            self._navigator.open_stage(self._id, stage_key, step_key)

    def open_batch(self) -> None:
        if self._id is not None:
            self._navigator.open_batch(self._id)

    # Judging exceptions.

    def decide_on(self, ids: Sequence[ExceptionId]) -> None:
        """Take several exceptions of one rule into one decision."""
        state = self.state.value
        first = next((each for each in ids if each == state.selected), ids[0] if ids else state.selected)
        self.state.set(replace(state, selected=first, verdict=self._judgement(frozenset(ids))))

    def comment(self, words: str) -> None:
        """The comment of the decision that is being written."""
        state = self.state.value
        if words != state.verdict.comment:
            self._drafts.put(_draft_of(state.verdict.ids), words)
            self.state.set(
                replace(state, verdict=replace(state.verdict, comment=words, error="", refusal=None))
            )

    def may_judge(self, action: ExceptionAction) -> bool:
        """Whether the table allows this judgement for everything in the open decision."""
        state = self.state.value
        return (
            state.may_assess
            and bool(state.deciding)
            and all((each.exception.status, action) in EXCEPTION_MOVES for each in state.deciding)
        )

    async def judge(
        self, action: ExceptionAction, *, deviation_id: DeviationId | None = None
    ) -> Signing | None:
        """Check the decision. Answers the signing to ask for, or None and says what is missing."""
        state = self.state.value
        if state.batch is None or not state.deciding:
            return None
        commands = tuple(
            AssessException(
                batch_id=state.batch.id,
                exception_id=each.id,
                action=action,
                comment=state.verdict.comment.strip(),
                deviation_id=deviation_id,
            )
            for each in state.deciding
        )
        refusal = await self._desk.commands.preview(commands[0])
        if refusal is not None:
            missing = refusal.reason is Reason.REASON_MISSING
            verdict = replace(
                state.verdict,
                error="Write a comment first: it goes on the record with your name." if missing else "",
                refusal=None if missing else refusal,
            )
            self.state.set(replace(self.state.value, verdict=verdict))
            return None
        return Signing(
            self._desk,
            SignSheet(
                verb=f"{JUDGEMENTS[action]} {text.count(len(commands), 'exception', 'exceptions')}",
                meaning=Meaning.ASSESSED,
                facts=(
                    ("Batch", f"{state.batch.number}  {state.batch.product_name}"),
                    (
                        "Rule",
                        " · ".join(dict.fromkeys(text.rule(each.exception.rule) for each in state.deciding)),
                    ),
                    ("Steps", "; ".join(_steps_named(state.deciding))),
                    ("Comment", state.verdict.comment.strip()),
                ),
                commands=commands,
                consequence=_JUDGED[action],
            ),
        )

    def judged(self) -> None:
        """The decision was given: go on to the next exception that waits."""
        state = self.state.value
        done = state.verdict.ids
        self._drafts.forget(_draft_of(done))
        waiting = [
            each.id
            for group in state.groups
            for each in group.lines
            if each.exception.unsettled and each.id not in done
        ]
        following = waiting[0] if waiting else state.selected
        ids = frozenset({following}) if following else frozenset[ExceptionId]()
        self.state.set(replace(state, selected=following, verdict=self._judgement(ids)))

    def raise_deviation(self) -> None:
        """Escalate to a new deviation, its form filled in with all that is known."""
        state, line = self.state.value, self.state.value.line
        if state.batch is None or line is None:
            return
        said = text.noticed(line.exception.rule, line.exception.detail)
        self._navigator.raise_deviation(
            DeviationContext(
                batch_id=state.batch.id,
                batch_number=state.batch.number,
                product_name=state.batch.product_name,
                stage_key=line.exception.stage_key,
                stage_name=line.stage_name,
                step_key=line.exception.step_key,
                step_title=line.step_title,
                exception_id=line.id,
                equipment=line.step.spec.equipment if line.step else "",
                title=f"{line.step_title}: {text.rule(line.exception.rule).lower()}".strip(": "),
                description=said,
                occurred_at=line.entry.performed_at if line.entry else line.exception.raised_at,
            )
        )

    # Signing the batch.

    def begin(self, action: BatchAction) -> None:
        """Open the form of an act; one that is blocked says at once by what."""
        state = self.state.value
        offer = next(
            (each for each in (state.forward, *state.others) if each and each.action is action), None
        )
        refusal = offer.refusal if offer is not None else None
        words = self._drafts.get(self._draft_of_act(action)) or ""
        self.state.set(replace(state, form=ActForm(action=action, comment=words, refusal=refusal)))

    def leave_form(self) -> None:
        """Put the form away; its words stay a draft."""
        self.state.set(replace(self.state.value, form=None))

    def acted(self) -> None:
        """The act was given: its words are no longer a draft."""
        form = self.state.value.form
        if form is not None:
            self._drafts.forget(self._draft_of_act(form.action))
        self.leave_form()

    def write(self, words: str) -> None:
        """The comment or the reason of the act."""
        state = self.state.value
        if state.form is not None and words != state.form.comment:
            self._drafts.put(self._draft_of_act(state.form.action), words)
            errors = {key: said for key, said in state.form.errors.items() if key != "comment"}
            form = replace(state.form, comment=words, errors=errors, refusal=None)
            self.state.set(replace(state, form=form))

    def tick_audit_trail(self, reviewed: bool) -> None:
        """The reviewer's word that the critical audit trail was reviewed (R45)."""
        state = self.state.value
        if state.form is not None and reviewed != state.form.audit_trail_reviewed:
            errors = {key: said for key, said in state.form.errors.items() if key != "audit_trail"}
            form = replace(state.form, audit_trail_reviewed=reviewed, errors=errors, refusal=None)
            self.state.set(replace(state, form=form))

    async def submit(self) -> Signing | None:
        """Check the act. Answers the signing to ask for, or None and says why not."""
        state = self.state.value
        form, batch = state.form, state.batch
        if form is None or batch is None:
            return None
        command = command_of(batch, form, state.manifest)
        refusal = await self._desk.commands.preview(command)
        if refusal is not None:
            errors = _missing(refusal)
            failed = replace(form, errors=errors, refusal=None if errors else refusal)
            self.state.set(replace(self.state.value, form=failed))
            return None
        return Signing(self._desk, self._sheet(state, batch, form, command))

    def _sheet(self, state: FileState, batch: Batch, form: ActForm, command: ReviewCommand) -> SignSheet:
        counts, words = state.counts, ACTS[form.action]
        facts = [
            ("Batch", f"{batch.number}  {batch.product_name}"),
            ("Quantity", f"{text.big_number(batch.quantity.value)} {batch.quantity.unit}"),
            ("Record", record_in_numbers(counts)),
            ("Manifest", short_hash(state.manifest)),
        ]
        if form.action is BatchAction.REVIEW_QUALITY:
            facts.append(("Audit trail", "Reviewed by me"))
        if form.comment.strip():
            facts.append((words.comment.partition(" (")[0], form.comment.strip()))
        return SignSheet(
            verb=f"{words.verb} {batch.number}" if " " not in words.verb else f"{words.verb}: {batch.number}",
            meaning=words.meaning,
            facts=tuple(facts),
            commands=(command,),
            consequence=words.consequence,
        )

    def _judgement(self, ids: frozenset[ExceptionId]) -> Judgement:
        """The open decision on these, with the comment that was half written for just them."""
        return Judgement(ids=ids, comment=self._drafts.get(_draft_of(ids)) or "")

    def _draft_of_act(self, action: BatchAction) -> str:
        return f"review:{self._id}:{action.value}"

    def _forget_others_words(self) -> None:
        person = self._desk.session.person.value
        who = person.user_id if person is not None else None
        if who != self._who:
            self._who = who
            self.state.set(replace(self.state.value, form=None, verdict=NOTHING_JUDGED))

    async def _offers(self, file: BatchFile) -> tuple[Offer, ...]:
        allowed = offered(file.batch, self._desk.session.context()) & actions_from(file.batch.status)
        manifest = manifest_of(file.facts, file.batch)
        made: list[Offer] = []
        for action in ACTS:
            if action in allowed:
                whole = ActForm(action=action, comment="–", audit_trail_reviewed=True)
                command = command_of(file.batch, whole, manifest)
                made.append(Offer(action=action, refusal=await self._desk.commands.preview(command)))
        return tuple(made)


_JUDGED: Final = MappingProxyType(
    {
        ExceptionAction.ACCEPT: "The exceptions no longer stand in the way of the review. Your comment stays with each.",
        ExceptionAction.RETURN: "Production is asked to explain or correct. The exceptions stay open.",
        ExceptionAction.ESCALATE: "The deviation takes the exceptions over.",
    }
)


def command_of(batch: Batch, form: ActForm, manifest: str) -> ReviewCommand:
    """The command that an act's form makes."""
    words = form.comment.strip()
    match form.action:
        case BatchAction.REVIEW_PRODUCTION:
            return ReviewProduction(batch_id=batch.id, manifest=manifest, comment=words)
        case BatchAction.REVIEW_QUALITY:
            return ReviewQuality(
                batch_id=batch.id,
                manifest=manifest,
                audit_trail_reviewed=form.audit_trail_reviewed,
                comment=words,
            )
        case BatchAction.RETURN:
            return ReturnBatch(batch_id=batch.id, reason=words)
        case BatchAction.PLACE_QA_HOLD:
            return PlaceQaHold(batch_id=batch.id, reason=words)
        case BatchAction.LIFT_QA_HOLD:
            return LiftQaHold(batch_id=batch.id, reason=words)
        case BatchAction.RELEASE | BatchAction.REJECT:
            releasing = form.action is BatchAction.RELEASE
            return DecideDisposition(
                batch_id=batch.id,
                disposition=Disposition.RELEASE if releasing else Disposition.REJECT,
                manifest=manifest,
                reason=words,
            )
        case _:
            raise ValueError(f"{form.action} is not an act of this screen")


def record_in_numbers(counts: Counts) -> str:
    """What a signature covers, in one line."""
    parts = (
        text.count(counts.entries, "entry", "entries"),
        text.count(counts.corrections, "correction", "corrections"),
        f"{text.count(counts.exceptions, 'exception', 'exceptions')} ({counts.exceptions_open} open)",
        f"{text.count(counts.deviations, 'deviation', 'deviations')} ({counts.deviations_open} open)",
    )
    return ", ".join(parts)


def short_hash(manifest: str) -> str:
    """The first 12 digits, in fours: enough to compare by eye."""
    return " ".join(manifest[place : place + 4] for place in range(0, 12, 4))


def blockers_of(file: BatchFile) -> tuple[Blocker, ...]:
    """What stands in the way of the next signature of this batch."""
    if file.batch.status in DISPOSED_OF:
        return release_blockers(file.facts, file.batch)
    return review_blockers(file.facts, file.batch)


BINDING: Final = frozenset(
    {Meaning.REVIEWED_PRODUCTION, Meaning.REVIEWED_QUALITY, Meaning.RELEASED, Meaning.REJECTED}
)
"""Meanings whose manifest is the record's own, so that a later change makes the signature stand no longer."""


def _stands(signature: Signature, file: BatchFile) -> bool | None:
    return stands(signature, file.facts, file.batch) if signature.meaning in BINDING else None


def _waiting_since(file: BatchFile) -> datetime | None:
    """When the batch last changed hands: its last signature, else the end of its execution."""
    if file.batch.signatures:
        return file.batch.signatures[-1].signed_at
    return file.batch.ended_at


def _open_first(deviations: tuple[Deviation, ...]) -> tuple[Deviation, ...]:
    order = list(DeviationStatus)
    return tuple(sorted(deviations, key=lambda each: (each.status in SETTLED, order.index(each.status))))


def _draft_of(ids: frozenset[ExceptionId]) -> str:
    return "exception:" + ",".join(sorted(str(each) for each in ids))


def _checked_again(form: ActForm | None, offers: tuple[Offer, ...]) -> ActForm | None:
    """An act that was blocked is asked for again, now that the record has changed."""
    if form is None or form.refusal is None:
        return form
    offer = next((each for each in offers if each.action is form.action), None)
    return replace(form, refusal=offer.refusal if offer is not None else form.refusal)


def _steps_named(lines: tuple[ExceptionLine, ...]) -> list[str]:
    return list(dict.fromkeys(each.step_title or each.stage_name for each in lines))


def _place_named(stages: tuple[StageBlock, ...], name: str) -> tuple[str, str] | None:
    """Where a stage or a step of that title is."""
    for stage in stages:
        if stage.spec.name == name:
            return stage.spec.key, ""
        for step in stage.steps:
            if step.spec.title == name:
                return stage.spec.key, step.spec.key
    return None


def _missing(refusal: Refusal) -> dict[str, str]:
    """Which field of the act's form a refusal is about; empty where it is about something else."""
    if refusal.reason is Reason.REASON_MISSING:
        return {"comment": "Give a reason: it goes on the record with your name."}
    if refusal.reason is Reason.FIELD_MISSING and "audit trail" in refusal.detail:
        return {
            "audit_trail": "Say that you reviewed the critical audit trail; the journal is one click away."
        }
    return {}
