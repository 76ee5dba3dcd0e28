"""One deviation: its workflow as a timeline, the one next action for this person, an action's form. Knows no Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.client.ports import BatchFile, Changed, Desk
from app.domain.decision import Reason, Refusal
from app.domain.deviation import (
    MOVES,
    SETTLED,
    Deviation,
    DeviationAction,
    DeviationStatus,
    actions_from,
    offered,
)
from app.domain.exception import ReviewException
from app.domain.identity import DeviationId, UserId
from app.domain.signature import Meaning, Signature
from ui import text
from ui.drafts import Drafts
from ui.observable import Observable
from ui.screens.deviations.forms import (
    FORMS,
    Field,
    FieldKind,
    FormSpec,
    command_of,
    filled,
    probe,
    shown,
    unchosen,
)
from ui.screens.deviations.view_model import NUMBER_FOLLOWS, Clock
from ui.signing import Signing, SignSheet

FORWARD: Final = MappingProxyType(
    {
        DeviationStatus.REPORTED: DeviationAction.CLASSIFY,
        DeviationStatus.CLASSIFIED: DeviationAction.INVESTIGATE,
        DeviationStatus.INVESTIGATED: DeviationAction.CLOSE,
    }
)
"""Which of the actions the table allows is the next one on the way to closure."""

WAITS: Final = MappingProxyType(
    {
        DeviationAction.CLASSIFY: "Waits for quality assurance to classify it.",
        DeviationAction.INVESTIGATE: "Waits for its investigation.",
        DeviationAction.CLOSE: "Waits for quality assurance to close it: neither the reporter nor an investigator may.",
    }
)
STEPS_AHEAD: Final = MappingProxyType(
    {
        DeviationAction.CLASSIFY: "Classification by quality assurance",
        DeviationAction.INVESTIGATE: "Investigation",
        DeviationAction.CLOSE: "Closure by quality assurance",
    }
)


class When(StrEnum):
    """Where a step of the workflow lies."""

    DONE = "done"
    NOW = "now"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineStep:
    """One step of the workflow; `facts` are pairs of label and text, `at` None for what lies ahead."""

    title: str
    when: When
    who: str = ""
    role: str = ""
    at: datetime | None = None
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An action this person's role has. `refusal` says why not now; it is the rulebook's own."""

    action: DeviationAction
    verb: str
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """An open form: what was typed, and what is missing, by field."""

    action: DeviationAction
    values: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    refusal: Refusal | None = None

    @property
    def spec(self) -> FormSpec:
        return FORMS[self.action]

    @property
    def fields(self) -> tuple[Field, ...]:
        return shown(self.spec, self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailState:
    """One deviation as shown. `step_title` and `exception` are the places it is linked to."""

    loaded: bool = False
    deviation: Deviation | None = None
    overdue: bool = False
    now: datetime | None = None
    timeline: tuple[TimelineStep, ...] = ()
    next: Offer | None = None
    others: tuple[Offer, ...] = ()
    waits: str = ""
    stage_name: str = ""
    step_title: str = ""
    exception: ReviewException | None = None
    people: tuple[str, ...] = ()
    form: Form | None = None
    busy: bool = False

    @property
    def number(self) -> str:
        return (self.deviation.number or NUMBER_FOLLOWS) if self.deviation else ""


class DeviationViewModel:
    """Shows one deviation at a time and takes it one step further."""

    def __init__(self, desk: Desk, clock: Clock, drafts: Drafts) -> None:
        self._desk = desk
        self._clock = clock
        self._drafts = drafts
        self._id: DeviationId | None = None
        self._who: UserId | None = None
        self.state = Observable(DetailState())

    @property
    def changed(self) -> Observable[Changed]:
        return self._desk.records.changed

    @property
    def signer(self) -> str:
        """The printed name of who signs here."""
        person = self._desk.session.person.value
        return person.name if person is not None else ""

    async def open(self, deviation_id: DeviationId) -> None:
        """Show this deviation; whatever form was open for another is put away, its words kept as drafts."""
        if deviation_id != self._id:
            self._id = deviation_id
            self.state.set(DetailState())
        await self.load()

    async def load(self) -> None:
        """Read the deviation and what it is linked to again; an open form stays open for whoever opened it."""
        wanted = self._id
        self._forget_others_words()
        if wanted is None or self._who is None:
            return
        deviation = await self._desk.records.deviation(wanted)
        file = None
        if deviation is not None and deviation.batch_id is not None:
            file = await self._desk.records.batch(deviation.batch_id)
        offers = await self._offers(deviation) if deviation is not None else ()
        if wanted != self._id:
            return
        if deviation is None:
            self.state.set(DetailState(loaded=True))
            return
        now = self._clock()
        forward = FORWARD.get(deviation.status)
        following = next((each for each in offers if each.action is forward), None)
        self.state.set(
            replace(
                self.state.value,
                loaded=True,
                deviation=deviation,
                now=now,
                overdue=deviation.status not in SETTLED and deviation.due_on < now,
                timeline=tuple(timeline_of(deviation)),
                next=following,
                others=tuple(each for each in offers if each is not following),
                waits=WAITS[forward] if forward is not None and following is None else "",
                stage_name=_stage_name(file, deviation),
                step_title=_step_title(file, deviation),
                exception=_exception(file, deviation),
                people=tuple(sorted(each.name for each in file.people.values())) if file else (),
            )
        )

    def begin(self, action: DeviationAction) -> None:
        """Open the form of an action, with the words typed before."""
        deviation = self.state.value.deviation
        if deviation is None:
            return
        start = dict(filled(deviation, action))
        for each in FORMS[action].fields:
            kept = self._drafts.get(self._draft_key(action, each.key))
            if kept is not None:
                start[each.key] = kept
        self.state.set(replace(self.state.value, form=Form(action=action, values=start)))

    def put(self, key: str, value: str) -> None:
        """What was typed into a field; it is a draft until it is signed."""
        form = self.state.value.form
        if form is None or form.values.get(key, "") == value:
            return
        self._drafts.put(self._draft_key(form.action, key), value)
        errors = {name: said for name, said in form.errors.items() if name != key}
        changed = replace(form, values={**form.values, key: value}, errors=errors, refusal=None)
        self.state.set(replace(self.state.value, form=changed))

    def leave_form(self) -> None:
        """Put the form away; what was typed stays a draft."""
        self.state.set(replace(self.state.value, form=None))

    async def submit(self) -> Signing | None:
        """Check the form. Answers the signing to ask for; None where fields are missing or no signature is asked."""
        form, deviation = self.state.value.form, self.state.value.deviation
        if form is None or deviation is None:
            return None
        errors = unchosen(form.action, form.values)
        if errors:
            self._fail(form, errors, None)
            return None
        command = command_of(deviation, form.action, form.values)
        refusal = await self._desk.commands.preview(command)
        if refusal is not None:
            errors = missing_fields(form, refusal)
            self._fail(form, errors, None if errors else refusal)
            return None
        if form.spec.meaning is None:
            kept = await self._desk.commands.save(command)
            if isinstance(kept, Refusal):
                self._fail(form, {}, kept)
            else:
                await self.finished()
            return None
        return Signing(
            self._desk,
            SignSheet(
                verb=form.spec.verb,
                meaning=form.spec.meaning,
                facts=(
                    ("Deviation", f"{deviation.number or NUMBER_FOLLOWS}  {deviation.title}"),
                    *((("Batch", deviation.batch_number),) if deviation.batch_number else ()),
                    *summary_of(form),
                ),
                commands=(command,),
                consequence=form.spec.consequence,
            ),
        )

    async def finished(self) -> None:
        """The act was saved: its drafts are no longer needed, and the record is read again."""
        form = self.state.value.form
        if form is not None:
            for each in form.spec.fields:
                self._drafts.forget(self._draft_key(form.action, each.key))
        self.leave_form()
        await self.load()

    def _forget_others_words(self) -> None:
        person = self._desk.session.person.value
        who = person.user_id if person is not None else None
        if who != self._who:
            self._who = who
            self.leave_form()

    async def _offers(self, deviation: Deviation) -> tuple[Offer, ...]:
        allowed = offered(deviation, self._desk.session.context())
        order = [each for each in DeviationAction if each in allowed & actions_from(deviation.status)]
        made: list[Offer] = []
        for each in order:
            refusal = await self._desk.commands.preview(probe(deviation, each))
            made.append(Offer(action=each, verb=_verb(each, deviation), refusal=refusal))
        return tuple(made)

    def _fail(self, form: Form, errors: Mapping[str, str], refusal: Refusal | None) -> None:
        self.state.set(replace(self.state.value, form=replace(form, errors=dict(errors), refusal=refusal)))

    def _draft_key(self, action: DeviationAction, key: str) -> str:
        return f"deviation:{self._id}:{action.value}:{key}"


def _verb(action: DeviationAction, deviation: Deviation) -> str:
    """The button's word; an act that was done before is done anew."""
    if action is DeviationAction.CLASSIFY and deviation.classification is not None:
        return "Change the class"
    if action is DeviationAction.INVESTIGATE and deviation.investigation is not None:
        return "Revise the investigation"
    return text.deviation_action(action)


def missing_fields(form: Form, refusal: Refusal) -> dict[str, str]:
    """Which fields of the form a refusal is about, with what to do there; empty where it is about something else."""
    keys = [each.key for each in form.fields]
    if refusal.reason is Reason.REASON_MISSING:
        return {key: "Give a reason." for key in ("reason", "conclusion") if key in keys}
    if refusal.reason is not Reason.FIELD_MISSING:
        return {}
    aliases = {"method": "method_other" if "method_other" in keys else "method"}
    named = [aliases.get(each, each) for each in refusal.detail]
    return {key: "Needed." for key in named if key in keys}


def summary_of(form: Form) -> tuple[tuple[str, str], ...]:
    """The filled-in fields as the signer sees them once more."""

    def word(each: Field, value: str) -> str:
        return "Yes" if each.kind is FieldKind.TICK else dict(each.choices).get(value, value)

    typed = ((each, form.values.get(each.key, "").strip()) for each in form.fields)
    return tuple((each.label, word(each, value)) for each, value in typed if value)


def timeline_of(deviation: Deviation) -> list[TimelineStep]:
    """What happened, in order, then what waits and what lies ahead."""
    latest = {each.meaning: each.command_id for each in deviation.signatures}
    steps = [
        TimelineStep(
            title="Reported",
            when=When.DONE,
            who=deviation.reporter_name,
            at=deviation.noticed_at,
            facts=tuple(
                (label, value)
                for label, value in (
                    ("What happened", deviation.description),
                    ("Done at once", deviation.immediate_action),
                )
                if value
            ),
        )
    ]
    for signature in deviation.signatures:
        current = latest[signature.meaning] == signature.command_id
        steps.append(
            TimelineStep(
                title=_title_of(deviation, signature, current),
                when=When.DONE,
                who=signature.printed_name,
                role=signature.role.value,
                at=signature.signed_at,
                facts=_facts_of(deviation, signature) if current else (),
            )
        )
    status = deviation.status
    while status in FORWARD:
        action = FORWARD[status]
        here = status is deviation.status
        steps.append(TimelineStep(title=STEPS_AHEAD[action], when=When.NOW if here else When.AHEAD))
        status = MOVES[status, action]
    return steps


def _title_of(deviation: Deviation, signature: Signature, current: bool) -> str:
    if signature.meaning is Meaning.CLASSIFIED and current and deviation.classification is not None:
        return f"Classified as {deviation.classification.value}"
    return signature.meaning.value


def _facts_of(deviation: Deviation, signature: Signature) -> tuple[tuple[str, str], ...]:
    """What the record holds of the last act with this meaning. A conclusion belongs to the last act that wrote one."""
    last = deviation.signatures[-1].command_id == signature.command_id
    match signature.meaning:
        case Meaning.CLASSIFIED:
            pairs = (("Reason", deviation.class_reason), ("Owner", deviation.owner_name))
        case Meaning.INVESTIGATED if deviation.investigation is not None:
            found = deviation.investigation
            cause = "Not determined: why" if found.undetermined else "Root cause"
            pairs = (
                (cause, found.root_cause),
                ("Method", found.method),
                ("Evidence", found.evidence),
                ("Impact", found.impact),
                ("Other batches", found.other_batches),
                ("Correction", found.correction),
            )
        case Meaning.CLOSED if last:
            capa = "" if deviation.capa_required is None else "Needed" if deviation.capa_required else "None"
            pairs = (("CAPA", capa), ("Conclusion", deviation.conclusion))
        case Meaning.CANCELLED | Meaning.REOPENED if last:
            pairs = (("Reason", deviation.conclusion),)
        case _:
            pairs = ()
    return tuple((label, value) for label, value in pairs if value)


def _stage_name(file: BatchFile | None, deviation: Deviation) -> str:
    spec = file.master.stage(deviation.stage_key) if file else None
    return spec.name if spec else ""


def _step_title(file: BatchFile | None, deviation: Deviation) -> str:
    spec = file.master.step(deviation.stage_key, deviation.step_key) if file else None
    return spec.title if spec else ""


def _exception(file: BatchFile | None, deviation: Deviation) -> ReviewException | None:
    if file is None:
        return None
    if deviation.exception_id is not None:
        return file.facts.one(ReviewException, deviation.exception_id)
    return next(iter(file.facts.every(ReviewException, deviation_id=deviation.id)), None)
