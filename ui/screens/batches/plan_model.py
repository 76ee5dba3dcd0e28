"""Planning a batch: an effective master record, how much, on which line. Knows no Qt."""

from dataclasses import dataclass, replace
from decimal import Decimal

from app.client.ports import Desk
from app.domain.batch import CreateBatch
from app.domain.decision import Reason, Refusal
from app.domain.identity import MasterId
from app.domain.quantity import Quantity
from app.wire.sync import Settled
from ui import text
from ui.numbers import NotANumber, parse_number
from ui.observable import Observable

WAIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterLine:
    """An effective master record that a batch can be made from."""

    id: MasterId
    title: str
    hint: str
    size: Decimal
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanState:
    """The form. `number` empty: the server gives the next one. `note`: how it ended, where that is not plain."""

    loaded: bool = False
    masters: tuple[MasterLine, ...] = ()
    lines: tuple[str, ...] = ()
    master: MasterLine | None = None
    number: str = ""
    typed: str = ""
    line: str = ""
    problem: str = ""
    busy: bool = False
    done: bool = False
    waiting: bool = False


class PlanViewModel:
    """`load`, fill in, `plan`. It needs the server: number, id and the frozen master are made there."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.state = Observable(PlanState())

    async def load(self) -> None:
        """Read what can be chosen; the first master record and its batch size are suggested."""
        masters = tuple(
            MasterLine(
                id=each.id,
                title=each.title,
                hint=f"Version {each.version}, {text.big_number(each.batch_size.value)} {each.batch_size.unit}",
                size=each.batch_size.value,
                unit=each.batch_size.unit,
            )
            for each in await self._desk.records.masters()
        )
        lines = await self._desk.records.lines()
        self.state.set(
            replace(
                self.state.value, loaded=True, masters=masters, lines=lines, line=lines[0] if lines else ""
            )
        )
        if masters:
            self.choose_master(masters[0].id)

    def choose_master(self, key: MasterId) -> None:
        """Take a master record; its batch size is suggested as the quantity."""
        chosen = next((each for each in self.state.value.masters if each.id == key), None)
        if chosen is not None:
            self.state.set(
                replace(self.state.value, master=chosen, typed=text.number(chosen.size), problem="")
            )

    def type_quantity(self, typed: str) -> None:
        self.state.set(replace(self.state.value, typed=typed, problem=""))

    def type_number(self, number: str) -> None:
        self.state.set(replace(self.state.value, number=number, problem=""))

    def choose_line(self, line: str) -> None:
        self.state.set(replace(self.state.value, line=line))

    async def plan(self) -> bool:
        """Ask the server for the batch; True when it is planned, or on its way there."""
        state = self.state.value
        if state.busy or state.done:
            return False
        quantity = parse_number(state.typed)
        if state.master is None:
            return self._say("There is no effective master record to plan from.")
        if not isinstance(quantity, Decimal) or quantity <= 0:
            return self._say(
                quantity.why if isinstance(quantity, NotANumber) else "Enter how much is to be made."
            )
        command = CreateBatch(
            master_id=state.master.id,
            number=state.number.strip(),
            quantity=Quantity(value=quantity, unit=state.master.unit),
            line=state.line,
        )
        self.state.set(replace(state, busy=True, problem=""))
        try:
            saved = await self._desk.commands.save(command)
            if isinstance(saved, Refusal):
                return self._say(text.refusal(saved))
            outcome = await self._desk.commands.outcome(saved.id, WAIT_SECONDS)
        finally:
            self.state.set(replace(self.state.value, busy=False))
        if outcome is not None and outcome.settled is Settled.REFUSED:
            return self._say(
                text.refusal(Refusal(reason=outcome.reason or Reason.MALFORMED, detail=outcome.detail))
            )
        waiting = outcome is None or outcome.settled is Settled.HELD
        self.state.set(replace(self.state.value, done=True, waiting=waiting))
        return True

    def _say(self, problem: str) -> bool:
        self.state.set(replace(self.state.value, problem=problem))
        return False
