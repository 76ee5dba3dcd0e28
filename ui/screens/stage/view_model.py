"""Working through a stage: which step, what is typed, what was saved, who verified. Knows no Qt."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.client.ports import BatchFile, Changed, Desk, Signatory, SignedIn
from app.domain.batch import Batch, BatchStatus, Origin
from app.domain.decision import Reason, Refusal
from app.domain.entry import ChooseEntry, CorrectEntry, RecordEntry, SkipStep, VerifyEntry
from app.domain.envelope import Command
from app.domain.identity import BatchId, EntryId, UserId, stage_id, step_id
from app.domain.master_record import CONFIRMED, MasterRecord, StageSpec, StepKind, StepSpec
from app.domain.permissions import Permission
from app.domain.review import CompleteBatch
from app.domain.rulebook import predict
from app.domain.stage import CompleteStage, Stage, StageStatus, StartStage, status_of
from app.domain.step import Entry, Step, StepStatus
from ui import text
from ui.drafts import Drafts
from ui.navigation import DeviationContext
from ui.observable import Observable
from ui.screens.stage.card import (
    NO_OFFER,
    OUT,
    Mode,
    Offer,
    StepCard,
    card_of,
    problem_of,
    unexpected,
    value_of,
)
from ui.screens.stage.draft import StepDraft, from_text, key_of

Clock = Callable[[], datetime]

COMMENT_ASKED: Final = "Say what you saw and what you did: the value is out of its limit."
REASON_ASKED: Final = "Say why it is corrected. The old value stays visible."


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One line of the list of steps. `now`: the next one to be answered."""

    key: str
    title: str
    status: StepStatus
    now: bool
    value: str
    out: bool
    half_typed: bool
    transcribed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLine:
    """One stage of the batch, for going from one to the next."""

    key: str
    name: str
    status: StageStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class StageState:
    """What the screen shows. `refused` is the last refusal in words; `saved` says what was just saved."""

    loaded: bool = False
    missing: bool = False
    batch_id: BatchId | None = None
    batch_number: str = ""
    product: str = ""
    batch_status: BatchStatus = BatchStatus.PLANNED
    held: str = ""
    stage_key: str = ""
    stage_name: str = ""
    area: str = ""
    status: StageStatus = StageStatus.PENDING
    officer: str = ""
    signed: str = ""
    stages: tuple[StageLine, ...] = ()
    next_stage: StageLine | None = None
    steps: tuple[StepLine, ...] = ()
    answered: int = 0
    card: StepCard | None = None
    start: Offer = NO_OFFER
    complete: Offer = NO_OFFER
    complete_batch: Offer = NO_OFFER
    signer: str = ""
    verifier_login: str = ""
    busy: bool = False
    refused: str = ""
    saved: str = ""
    asks: int = 0


class StageViewModel:
    """`open` first; then gestures. What is typed goes to the drafts with every keystroke."""

    def __init__(self, desk: Desk, clock: Clock, drafts: Drafts) -> None:
        self._desk = desk
        self._clock = clock
        self._drafts = drafts
        self._file: BatchFile | None = None
        self._stage_key = ""
        self._step_key = ""
        self._tried = False
        self._loads = 0
        self._shown = 0
        self.state = Observable(StageState())

    @property
    def changed(self) -> Observable[Changed]:
        """News of the cache."""
        return self._desk.records.changed

    @property
    def person(self) -> Observable[SignedIn | None]:
        """Who is signed in: what is offered, and whose drafts are shown, follow them."""
        return self._desk.session.person

    def refresh(self) -> None:
        """Someone else is signed in: their drafts, their rights; nothing of what was said to the one before."""
        self._tried = False
        self._show(refused="", saved="")

    def now(self) -> datetime:
        """The workstation's clock."""
        return self._clock()

    # Looking.

    async def open(self, batch_id: BatchId, stage_key: str, step_key: str = "") -> None:
        """Show a stage of a batch, at `step_key` or at the step that is due."""
        self._file, self._stage_key, self._step_key, self._tried = None, stage_key, step_key, False
        self._shown = self._loads + 1
        self.state.set(StageState(batch_id=batch_id))
        await self.reload()

    async def reload(self) -> None:
        """Read the batch again; what is typed stays."""
        batch_id = self.state.value.batch_id
        if batch_id is None:
            return
        self._loads += 1
        load = self._loads
        file = await self._desk.records.batch(batch_id)
        if load < self._shown:
            return  # a later reading was faster, or another stage was opened meanwhile
        self._shown = load
        stage = file.master.stage(self._stage_key) if file else None
        if file is None or stage is None:
            self.state.set(replace(self.state.value, loaded=True, missing=True))
            return
        self._file = file
        if stage.step(self._step_key) is None:
            self._step_key = _due(file, stage) or (stage.steps[0].key if stage.steps else "")
        self._show()

    def concerns(self, changed: Changed) -> bool:
        """Whether the news is about the batch that is shown."""
        batch_id = self.state.value.batch_id
        return batch_id is not None and (not changed.batches or batch_id in changed.batches)

    def choose_step(self, step_key: str) -> None:
        """Show another step; what was typed in the one before stays as its draft."""
        if step_key != self._step_key:
            self._step_key, self._tried = step_key, False
            self._show(refused="", saved="")

    def tick(self) -> None:
        """A running timer moved on."""
        self._show()

    # Typing.

    def type(self, typed: str) -> None:
        self._edit(typed=typed)

    def comment(self, words: str) -> None:
        self._edit(comment=words)

    def reason(self, words: str) -> None:
        self._edit(reason=words)

    def done_earlier(self, moment: datetime, reason: str) -> None:
        """The work was done at `moment`, and is entered only now (R29)."""
        self._edit(done_at=moment.isoformat(), late_reason=reason.strip())

    def done_now(self) -> None:
        """Take an earlier time back."""
        self._edit(done_at="", late_reason="")

    def begin_correction(self) -> None:
        """Open the card for a correction, with what counts now already in the field."""
        spec, entry = self._spec(), self._current_entry()
        if spec is None or entry is None:
            return
        typed = "" if spec.kind is StepKind.TIMER or not entry.applicable else entry.value
        self._keep(StepDraft(correcting=True, typed=typed))
        self._tried = False
        self._show(refused="", saved="")

    def give_up_correction(self) -> None:
        """Leave the entry as it is."""
        self._forget()
        self._tried = False
        self._show()

    def start_timer(self) -> None:
        """Start the clock; it runs on while other screens are shown, and after a restart."""
        self._edit(started_at=self._clock().isoformat(), typed="")

    def stop_timer(self) -> None:
        """Stop the clock; whole seconds are the answer."""
        since = self._draft().running_since
        if since is not None:
            seconds = max(int((self._clock() - since).total_seconds()), 0)
            self._edit(started_at="", typed=str(seconds))

    # Acting.

    async def save(self) -> bool:
        """Record or correct what is typed; True when it is durable on this station."""
        file, spec, card = self._file, self._spec(), self.state.value.card
        if file is None or spec is None or card is None or self.state.value.busy:
            return False
        draft = self._draft()
        if spec.kind is StepKind.CONFIRMATION:
            draft = replace(draft, typed=CONFIRMED)
        self._tried = True
        missing = problem_of(spec, draft)
        if missing or self._words_missing(spec, draft, card):
            self._show(ask=True)
            return False
        value = value_of(spec, draft)
        command = self._recording(file, spec, draft, value)
        if command is None or not await self._act(command, settles_draft=True):
            return False
        self._after_save(spec, value)
        return True

    async def skip(self, reason: str) -> bool:
        """The step does not apply to this batch."""
        file, spec = self._file, self._spec()
        if file is None or spec is None:
            return False
        command = SkipStep(
            batch_id=file.batch.id, stage_key=self._stage_key, step_key=spec.key, reason=reason
        )
        if not await self._act(command, settles_draft=True):
            return False
        self._move_on()
        return True

    async def choose_entry(self, entry_id: EntryId, reason: str) -> bool:
        """Settle a contested step."""
        file, spec = self._file, self._spec()
        if file is None or spec is None:
            return False
        command = ChooseEntry(
            batch_id=file.batch.id,
            stage_key=self._stage_key,
            step_key=spec.key,
            entry_id=entry_id,
            reason=reason,
        )
        return await self._act(command)

    async def verify(self, login: str, password: str) -> str:
        """The second person signs the entry that is shown; answers why not, or nothing."""
        file, spec, entry = self._file, self._spec(), self._current_entry()
        if file is None or spec is None or entry is None:
            return text.refusal(Refusal(reason=Reason.NOTHING_TO_VERIFY, detail=("",)))
        command = VerifyEntry(
            batch_id=file.batch.id,
            stage_key=self._stage_key,
            step_key=spec.key,
            entry_id=entry.id,
            entry_seal=entry.seal,
        )
        refused = await self._sign(login, password, command)
        if not refused:
            self._move_on()
        return refused

    async def start_stage(self) -> bool:
        batch_id = self.state.value.batch_id
        if batch_id is None:
            return False
        return await self._act(StartStage(batch_id=batch_id, stage_key=self._stage_key))

    async def complete_stage(self, login: str, password: str) -> str:
        """Sign the stage as performed; answers why not, or nothing."""
        batch_id = self.state.value.batch_id
        if batch_id is None:
            return text.refusal(Refusal(reason=Reason.NOT_FOUND, detail=("batch",)))
        return await self._sign(login, password, CompleteStage(batch_id=batch_id, stage_key=self._stage_key))

    async def complete_all(self, login: str, password: str) -> str:
        """Sign the whole batch as performed and hand it over to review; answers why not, or nothing."""
        batch_id = self.state.value.batch_id
        if batch_id is None:
            return text.refusal(Refusal(reason=Reason.NOT_FOUND, detail=("batch",)))
        return await self._sign(login, password, CompleteBatch(batch_id=batch_id))

    def deviation_context(self) -> DeviationContext | None:
        """All that is known of a departure at this step, for the form of a new deviation."""
        file, spec, card = self._file, self._spec(), self.state.value.card
        stage = file.master.stage(self._stage_key) if file else None
        if file is None or spec is None or card is None or stage is None:
            return None
        entry = self._current_entry()
        told = card.out_words or " ".join(card.exceptions)
        if entry is not None and not card.out_words and card.current is not None:
            told = " ".join(part for part in (card.current.verdict_words, entry.comment) if part) or told
            told = f"Entered: {card.current.value}. {told}".strip()
        return DeviationContext(
            batch_id=file.batch.id,
            batch_number=file.batch.number,
            product_name=file.batch.product_name,
            stage_key=stage.key,
            stage_name=stage.name,
            step_key=spec.key,
            step_title=spec.title,
            exception_id=card.exception_id,
            equipment=spec.equipment,
            title=f"{spec.title}: {'out of limit' if spec.limit else 'unexpected'}"
            if card.out
            else spec.title,
            description=told,
            occurred_at=entry.performed_at if entry else None,
        )

    def stage_sheet(self) -> tuple[tuple[str, str], ...]:
        """What the signature under the stage covers."""
        state = self.state.value
        return (
            ("Batch", f"{state.batch_number}, {state.product}"),
            ("Stage", state.stage_name),
            ("Steps", f"{state.answered} of {len(state.steps)} answered"),
        )

    def entry_sheet(self) -> tuple[tuple[str, str], ...]:
        """What a verifier signs: the very entry that is shown."""
        state = self.state.value
        card = state.card
        if card is None or card.current is None:
            return ()
        lines = [
            ("Step", f"{state.batch_number} · {state.stage_name} · {card.title}"),
            ("Entry", card.current.value),
            ("Entered by", f"{card.current.who}, {card.current.when}"),
        ]
        if card.limit_words:
            name, _, told = card.limit_words.rpartition(": ")
            lines.insert(2, (name or "Limit", told))
        if card.current.comment:
            lines.append(("Comment", card.current.comment))
        return tuple(lines)

    # Inside.

    def _recording(
        self, file: BatchFile, spec: StepSpec, draft: StepDraft, value: str
    ) -> RecordEntry | CorrectEntry | None:
        entry = self._current_entry()
        if not draft.correcting:
            return RecordEntry(
                batch_id=file.batch.id,
                stage_key=self._stage_key,
                step_key=spec.key,
                value=value,
                comment=draft.comment.strip(),
                performed_at=draft.performed_at,
                late_reason=draft.late_reason,
            )
        if entry is None:
            return None
        return CorrectEntry(
            batch_id=file.batch.id,
            stage_key=self._stage_key,
            step_key=spec.key,
            corrects=entry.id,
            value=value,
            reason=draft.reason.strip(),
            comment=draft.comment.strip(),
        )

    def _words_missing(self, spec: StepSpec, draft: StepDraft, card: StepCard) -> bool:
        if card.comment_asked and not draft.comment.strip():
            return True
        return draft.correcting and not draft.reason.strip()

    def _after_save(self, spec: StepSpec, value: str) -> None:
        card = self.state.value.card
        out = card is not None and card.out
        told = f"Saved here: {spec.title}, {text.answer(spec, value)}"
        if out or spec.verified:
            self._show(saved=told)  # a deviation or a second person comes next, here
        else:
            self._move_on(saved=told)

    def _move_on(self, saved: str = "") -> None:
        """To the next step that has no answer: after this one, else from the top."""
        stage = self._stage()
        if self._file is not None and stage is not None:
            self._step_key = _due(self._file, stage, after=self._step_key) or self._step_key
        self._tried = False
        self._show(saved=saved, ask=True)

    async def _act(self, command: Command, *, settles_draft: bool = False) -> bool:
        """Save one command; a refusal is said, and nothing typed is lost by it."""
        if self.state.value.busy:
            return False
        refused = await self._save(command, None)
        if refused is not None:
            self._show(refused=text.refusal(refused), saved="", ask=True)
            return False
        if settles_draft:  # only now: until it is durable, what was typed is all there is
            self._forget()
            self._tried = False
        await self.reload()
        return True

    async def _save(self, command: Command, signatory: Signatory | None) -> Refusal | None:
        self.state.set(replace(self.state.value, busy=True, refused=""))
        try:
            answer = await self._desk.commands.save(command, signatory=signatory)
        finally:
            self.state.set(replace(self.state.value, busy=False))
        return answer if isinstance(answer, Refusal) else None

    async def _sign(self, login: str, password: str, command: Command) -> str:
        person = self._desk.session.person.value
        who = login or (person.login if person else "")
        signatory = await self._desk.session.authenticate(who, password)
        if isinstance(signatory, Refusal):
            return text.refusal(signatory)
        refused = await self._save(command, signatory)
        if refused is not None:
            return text.refusal(refused)
        await self.reload()
        return ""

    def _stage(self) -> StageSpec | None:
        return self._file.master.stage(self._stage_key) if self._file else None

    def _spec(self) -> StepSpec | None:
        stage = self._stage()
        return stage.step(self._step_key) if stage else None

    def _current_entry(self) -> Entry | None:
        if self._file is None:
            return None
        step = self._file.facts.one(Step, step_id(self._file.batch.id, self._stage_key, self._step_key))
        return step.current if step else None

    def _key(self) -> str:
        return key_of(self._file.batch.id, self._stage_key, self._step_key) if self._file else ""

    def _draft(self) -> StepDraft:
        return from_text(self._drafts.get(self._key()))

    def _keep(self, draft: StepDraft) -> None:
        if draft.empty:
            self._drafts.forget(self._key())
        else:
            self._drafts.put(self._key(), draft.to_text())

    def _forget(self) -> None:
        self._drafts.forget(self._key())

    def _edit(self, **changes: str) -> None:
        draft = self._draft()
        after = replace(
            draft,
            typed=changes.get("typed", draft.typed),
            comment=changes.get("comment", draft.comment),
            reason=changes.get("reason", draft.reason),
            started_at=changes.get("started_at", draft.started_at),
            done_at=changes.get("done_at", draft.done_at),
            late_reason=changes.get("late_reason", draft.late_reason),
        )
        if after != draft and self._file is not None:
            self._keep(after)
            self._show(refused="", saved="")

    def _objection(self, command: Command) -> Refusal | None:
        if self._file is None or self._desk.session.person.value is None:
            return Refusal(reason=Reason.SIGNED_OUT)
        answer = predict(self._file.facts, command, self._desk.session.context())
        return answer if isinstance(answer, Refusal) else None

    def _offered(self, command: Command, shown: bool) -> Offer:
        if not shown:
            return NO_OFFER
        refused = self._objection(command)
        return Offer(shown=True, allowed=refused is None, why_not=text.refusal(refused) if refused else "")

    def _show(self, *, refused: str | None = None, saved: str | None = None, ask: bool = False) -> None:
        """Work the state out anew from the file and the draft."""
        file, stage, before = self._file, self._stage(), self.state.value
        if file is None or stage is None:
            return
        spec, now, batch = stage.step(self._step_key), self._clock(), file.batch
        card = (
            card_of(file, stage, spec, self._draft(), self._objection, now, tried=self._tried)
            if spec
            else None
        )
        if card is not None and self._tried:
            card = replace(card, problem=card.problem or self._missing_words(card))
        record = file.facts.one(Stage, stage_id(batch.id, stage.key))
        status = status_of(file.facts, batch.id, stage.key)
        stages = _stages_of(file, batch, file.master)
        running = batch.status is BatchStatus.IN_PROGRESS
        all_done = all(each.status is StageStatus.COMPLETED for each in stages)
        steps = self._lines(file, stage, status)
        person = self._desk.session.person.value
        self.state.set(
            replace(
                before,
                loaded=True,
                missing=False,
                batch_number=batch.number,
                product=batch.product_name,
                batch_status=batch.status,
                held=batch.reason if batch.status in {BatchStatus.ON_HOLD, BatchStatus.QA_HOLD} else "",
                stage_key=stage.key,
                stage_name=stage.name,
                area=stage.area,
                status=status,
                officer="" if batch.origin is Origin.TRANSCRIBED else _officer(file, record),
                signed=_performed(record, now),
                stages=stages,
                next_stage=_after(stages, stage.key),
                steps=steps,
                answered=sum(each.status is not StepStatus.OPEN for each in steps),
                card=card,
                start=self._offered(
                    StartStage(batch_id=batch.id, stage_key=stage.key), status is StageStatus.PENDING
                ),
                complete=self._offered(
                    CompleteStage(batch_id=batch.id, stage_key=stage.key), status is StageStatus.IN_PROGRESS
                ),
                complete_batch=self._offered(CompleteBatch(batch_id=batch.id), running and all_done),
                signer=person.name if person else "",
                verifier_login=self._verifier(
                    person.login if person else "", person.user_id if person else None
                ),
                refused=before.refused if refused is None else refused,
                saved=before.saved if saved is None else saved,
                asks=before.asks + 1 if ask else before.asks,
            )
        )

    def _missing_words(self, card: StepCard) -> str:
        if card.mode not in {Mode.ENTER, Mode.CORRECT}:
            return ""
        if card.mode is Mode.CORRECT and not card.reason.strip():
            return REASON_ASKED
        return COMMENT_ASKED if card.comment_asked and not card.comment.strip() else ""

    def _verifier(self, login: str, user_id: UserId | None) -> str:
        """The signed-in person, where they could be the second person; else someone else is asked for."""
        entry = self._current_entry()
        if entry is None or user_id is None or entry.author_id == user_id:
            return ""
        lacking = self._desk.session.context().lacks(Permission.BATCH_VERIFY)
        return login if lacking is None else ""

    def _lines(self, file: BatchFile, stage: StageSpec, status: StageStatus) -> tuple[StepLine, ...]:
        due = _due(file, stage) if status is StageStatus.IN_PROGRESS else ""
        lines: list[StepLine] = []
        for spec in stage.steps:
            step = file.facts.one(Step, step_id(file.batch.id, stage.key, spec.key))
            current = step.current if step else None
            value = text.answer(spec, current.value) if current and current.applicable else ""
            draft = from_text(self._drafts.get(key_of(file.batch.id, stage.key, spec.key)))
            lines.append(
                StepLine(
                    key=spec.key,
                    title=spec.title,
                    status=step.status if step else StepStatus.OPEN,
                    now=spec.key == due,
                    value="" if spec.kind is StepKind.CONFIRMATION else value,
                    out=current is not None and (current.verdict in OUT or unexpected(spec, current.value)),
                    half_typed=not draft.empty,
                    transcribed=file.batch.origin is Origin.TRANSCRIBED,
                )
            )
        return tuple(lines)


def _due(file: BatchFile, stage: StageSpec, after: str = "") -> str:
    """The next step without an answer, behind `after` first; empty when all have one."""
    open_keys = [
        spec.key
        for spec in stage.steps
        if (step := file.facts.one(Step, step_id(file.batch.id, stage.key, spec.key))) is None
        or step.status is StepStatus.OPEN
    ]
    keys = [spec.key for spec in stage.steps]
    behind = keys[keys.index(after) + 1 :] if after in keys else keys
    return next((key for key in behind if key in open_keys), open_keys[0] if open_keys else "")


def _stages_of(file: BatchFile, batch: Batch, master: MasterRecord) -> tuple[StageLine, ...]:
    return tuple(
        StageLine(key=each.key, name=each.name, status=status_of(file.facts, batch.id, each.key))
        for each in master.stages
    )


def _after(stages: tuple[StageLine, ...], key: str) -> StageLine | None:
    keys = [each.key for each in stages]
    place = keys.index(key) + 1
    return stages[place] if place < len(stages) else None


def _officer(file: BatchFile, record: Stage | None) -> str:
    if record is None:
        return ""
    card = file.people.get(record.officer_id)
    return card.name if card else ""


def _performed(record: Stage | None, now: datetime) -> str:
    if record is None or record.performed is None:
        return ""
    signature = record.performed
    return f"{signature.printed_name}, {text.when(signature.signed_at, now.tzinfo)}"
