"""The truth about this workstation's line to the server, and all that waits for it or for a person. Knows no Qt."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from app.client.ports import Desk, PendingCommand, SyncState
from app.domain.decision import Refusal
from app.domain.identity import BatchId, CommandId
from ui.navigation import Navigator
from ui.observable import Observable

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingGroup:
    """What one person has waiting for one batch."""

    author: str
    batch_id: BatchId | None
    batch_number: str
    commands: tuple[PendingCommand, ...]

    @property
    def oldest(self) -> datetime:
        return min(each.performed_at for each in self.commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """A refused command that is being settled: the reason so far and what is wrong with it."""

    command: PendingCommand
    note: str = ""
    refusal: Refusal | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncCentreState:
    """What the screen shows. `plug` is None where there is none to pull; `said` is what was done last."""

    loaded: bool = False
    sync: SyncState | None = None
    now: datetime | None = None
    waiting: tuple[WaitingGroup, ...] = ()
    attention: tuple[PendingCommand, ...] = ()
    asking: bool = False
    plug: bool | None = None
    plugging: bool = False
    settling: Settling | None = None
    said: str = ""


class SyncViewModel:
    """What waits, what was refused, and what a person can do about it."""

    def __init__(self, desk: Desk, clock: Clock, navigator: Navigator) -> None:
        self._desk = desk
        self._clock = clock
        self._navigator = navigator
        self.state = Observable(SyncCentreState(sync=desk.sync.state.value, now=clock(), plug=_pulled(desk)))

    @property
    def sync(self) -> Observable[SyncState]:
        """The state of the line; the screen loads again with every change of it."""
        return self._desk.sync.state

    def follow(self, line: SyncState) -> None:
        """Say at once how the line is; what waits is read after it."""
        self.state.set(replace(self.state.value, sync=line, now=self._clock(), plug=_pulled(self._desk)))

    async def load(self) -> None:
        """Read what waits and what needs a person."""
        pending = await self._desk.sync.pending()
        attention = await self._desk.sync.attention()
        state = self.state.value
        refused = {each.id for each in attention}
        settling = state.settling if state.settling and state.settling.command.id in refused else None
        self.state.set(
            replace(
                state,
                loaded=True,
                sync=self._desk.sync.state.value,
                now=self._clock(),
                waiting=grouped(pending),
                attention=tuple(sorted(attention, key=lambda each: each.performed_at)),
                plug=_pulled(self._desk),
                settling=settling,
            )
        )

    async def sync_now(self) -> None:
        """Try the server at once. Pressing it again while it tries does nothing."""
        if self.state.value.asking:
            return
        self.state.set(replace(self.state.value, asking=True, said=""))
        try:
            await self._desk.sync.sync_now()
        finally:
            self.state.set(replace(self.state.value, asking=False))
        await self.load()

    async def pull_plug(self, pulled: bool) -> None:
        """Really stop the demo's server, or start it again."""
        plug = self._desk.plug
        if plug is None or self.state.value.plugging:
            return
        self.state.set(replace(self.state.value, plugging=True))
        try:
            await (plug.pull() if pulled else plug.put_back())
        finally:
            self.state.set(replace(self.state.value, plugging=False))
        await self.load()

    def begin_settling(self, command_id: CommandId) -> None:
        """Open the form that settles a refused command."""
        found = next((each for each in self.state.value.attention if each.id == command_id), None)
        if found is not None:
            self.state.set(replace(self.state.value, settling=Settling(command=found)))

    def write(self, note: str) -> None:
        state = self.state.value
        if state.settling is not None and note != state.settling.note:
            self.state.set(replace(state, settling=replace(state.settling, note=note, refusal=None)))

    def leave_settling(self) -> None:
        self.state.set(replace(self.state.value, settling=None))

    async def settle(self) -> bool:
        """Settle the command with the reason written; answers whether that was done."""
        settling = self.state.value.settling
        if settling is None or settling.busy:
            return False
        self.state.set(replace(self.state.value, settling=replace(settling, busy=True)))
        refusal = await self._desk.sync.settle(settling.command.id, settling.note.strip())
        if refusal is not None:
            failed = replace(settling, refusal=refusal, busy=False)
            self.state.set(replace(self.state.value, settling=failed))
            return False
        self.state.set(replace(self.state.value, settling=None))
        await self.load()
        return True

    async def report(self) -> str:
        """Diagnostics to copy; holds no secret."""
        return await self._desk.sync.report()

    def open_batch(self, batch_id: BatchId) -> None:
        """Go to where the entry can be made again."""
        self._navigator.open_batch(batch_id)


def grouped(commands: tuple[PendingCommand, ...]) -> tuple[WaitingGroup, ...]:
    """By person and batch, whoever has waited longest first; inside a group in the order they were given."""
    groups: dict[tuple[str, BatchId | None], list[PendingCommand]] = {}
    for each in sorted(commands, key=lambda one: one.counter):
        groups.setdefault((each.author, each.batch_id), []).append(each)
    made = [
        WaitingGroup(
            author=author, batch_id=batch_id, batch_number=found[0].batch_number, commands=tuple(found)
        )
        for (author, batch_id), found in groups.items()
    ]
    return tuple(sorted(made, key=lambda group: group.oldest))


def _pulled(desk: Desk) -> bool | None:
    return desk.plug.pulled.value if desk.plug is not None else None
