"""The form that raises a deviation, filled in with everything that is known where it was noticed. Knows no Qt.

Works without the network: the report is saved here, and the server gives the number when it hears of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.client.ports import Desk, Saved
from app.domain.decision import Reason, Refusal
from app.domain.deviation import RaiseDeviation
from app.domain.identity import DeviationId
from ui.drafts import Drafts
from ui.navigation import DeviationContext
from ui.observable import Observable
from ui.screens.deviations.view_model import Clock

NewId = Callable[[], UUID]

NO_CONTEXT: Final = DeviationContext()
TEXTS: Final = ("title", "description", "immediate_action", "equipment", "lot")


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseState:
    """The form. `values` by field of `RaiseDeviation`; times are aware; `saved` is the deviation once it is durable."""

    context: DeviationContext = NO_CONTEXT
    deviation_id: DeviationId | None = None
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    occurred_at: datetime | None = None
    noticed_at: datetime | None = None
    product_held: bool = False
    offline: bool = False
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    refusal: Refusal | None = None
    busy: bool = False
    saved: Saved | None = None


class RaiseDeviationViewModel:
    """Fills in what is known, keeps what is typed, and saves the report."""

    def __init__(self, desk: Desk, clock: Clock, new_id: NewId, drafts: Drafts) -> None:
        self._desk = desk
        self._clock = clock
        self._new_id = new_id
        self._drafts = drafts
        self.state = Observable(RaiseState())

    def begin(self, context: DeviationContext) -> None:
        """Open the form. The deviation's id is made here, so that a double tap raises one."""
        now = self._clock()
        known = {
            "title": context.title,
            "description": context.description,
            "equipment": context.equipment,
            "lot": context.lot,
        }
        typed = {key: self._drafts.get(_draft_key(context, key)) for key in TEXTS}
        values = {key: typed[key] or known.get(key, "") for key in TEXTS}
        person = self._desk.session.person.value
        self.state.set(
            RaiseState(
                context=context,
                deviation_id=DeviationId(self._new_id()),
                values=values,
                occurred_at=context.occurred_at or now,
                noticed_at=now,
                offline=person is not None and self._desk.session.context().offline,
            )
        )

    def put(self, key: str, value: str) -> None:
        state = self.state.value
        if state.values.get(key, "") == value:
            return
        self._drafts.put(_draft_key(state.context, key), value)
        errors = {name: said for name, said in state.errors.items() if name != key}
        self.state.set(replace(state, values={**state.values, key: value}, errors=errors, refusal=None))

    def occurred(self, at: datetime) -> None:
        """When it happened, as the person says."""
        self.state.set(replace(self.state.value, occurred_at=at, errors=_without(self.state.value, "times")))

    def noticed(self, at: datetime) -> None:
        """When somebody became aware of it."""
        self.state.set(replace(self.state.value, noticed_at=at, errors=_without(self.state.value, "times")))

    def hold_product(self, held: bool) -> None:
        self.state.set(replace(self.state.value, product_held=held))

    async def save(self) -> Saved | None:
        """Save the report on this station. None while fields are missing or the rulebook says no."""
        state = self.state.value
        if state.deviation_id is None or state.busy or state.saved is not None:
            return state.saved
        now = self._clock()
        occurred, noticed = state.occurred_at or now, state.noticed_at or now
        if occurred > noticed + timedelta(minutes=1):
            self.state.set(
                replace(state, errors={"times": "It cannot have been noticed before it happened."})
            )
            return None
        command = RaiseDeviation(
            deviation_id=state.deviation_id,
            title=state.values["title"].strip(),
            description=state.values["description"].strip(),
            immediate_action=state.values["immediate_action"].strip(),
            occurred_at=occurred,
            noticed_at=noticed,
            batch_id=state.context.batch_id,
            stage_key=state.context.stage_key,
            step_key=state.context.step_key,
            exception_id=state.context.exception_id,
            equipment=state.values["equipment"].strip(),
            lot=state.values["lot"].strip(),
            product_held=state.product_held,
        )
        self.state.set(replace(state, busy=True, errors={}, refusal=None))
        answer = await self._desk.commands.save(command)
        if isinstance(answer, Refusal):
            errors = dict.fromkeys(answer.detail, "Needed.") if answer.reason is Reason.FIELD_MISSING else {}
            self.state.set(
                replace(self.state.value, busy=False, errors=errors, refusal=None if errors else answer)
            )
            return None
        for key in TEXTS:
            self._drafts.forget(_draft_key(state.context, key))
        self.state.set(replace(self.state.value, busy=False, saved=answer))
        return answer


def _draft_key(context: DeviationContext, key: str) -> str:
    place = ":".join((str(context.batch_id or ""), context.stage_key, context.step_key))
    return f"deviation.raise:{place}:{context.exception_id or ''}:{key}"


def _without(state: RaiseState, key: str) -> dict[str, str]:
    return {name: said for name, said in state.errors.items() if name != key}
