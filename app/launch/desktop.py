"""The desktop application: the door at the first start, then the workplace."""

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_data_path
from PySide6.QtWidgets import QApplication

from app.client.cache_key import CacheKeyProblem, NoCacheKey
from app.client.gateway import Offline, PlainHttp
from app.client.ports import Plug
from app.client.vault import VaultFailed
from app.domain.decision import Refusal
from app.launch.command import CommandFailed
from app.launch.machine import new_id, now, surroundings, vault_of
from app.launch.preferences import Preferences
from offline.database import NotOpened
from offline.desk import NotReady, StationProblem, Surroundings, Workstation, enrol, open_desk
from ui import text, theme
from ui.loop import run as run_loop
from ui.screens.door.view import DoorView
from ui.screens.door.view_model import Ask, DoorState, DoorViewModel, EnrolForm
from ui.screens.sign_in.view_model import DemoHint
from ui.tasks import Tasks
from ui.workplace import Fittings, Workplace

DATA: Final = "workstation"
NO_KEYRING: Final = (
    "{0} Batchwright works for this session only, keeps no secret, "
    "and says saved when the server has answered."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How the desktop is started. `invitation`: enrol without asking, in the demo. `before` is awaited before the first
    window, `arrived` after the workplace is shown.
    """

    data_dir: Path
    plug: Plug | None = None
    server: str | None = None
    invitation: EnrolForm | None = None
    demo: tuple[DemoHint, ...] = ()
    warning: str = ""
    before: Callable[[], Awaitable[None]] | None = None
    arrived: Callable[[Workplace, Workstation], Awaitable[None]] | None = None


def arguments(parser: ArgumentParser) -> None:
    """What the desktop takes."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="where this workstation keeps its encrypted file (default: this user's data folder)",
    )


def run(options: Namespace) -> str:
    """Show the desktop until its window is closed."""
    data_dir = options.data or user_data_path("batchwright") / DATA
    code = show(Start(data_dir=data_dir))
    if code != 0:
        raise CommandFailed("The desktop ended with a fault; its log says more.", code=code)
    return ""


def show(start: Start) -> int:
    """The application from its first window to its last; answers the exit code."""
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Batchwright")
    start.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    preferences = Preferences(start.data_dir / "look.json")
    theme.apply(app, preferences.theme, preferences.scale)
    return run_loop(app, _Desktop(start, preferences).live())


class _Desktop:
    def __init__(self, start: Start, preferences: Preferences) -> None:
        self._start = start
        self._preferences = preferences
        self._closed = asyncio.Event()
        self._keyring_problem = ""

    async def live(self) -> int:
        if self._start.before is not None:
            await self._start.before()
        vault, self._keyring_problem = await asyncio.to_thread(vault_of, self._start.data_dir)
        around = surroundings(self._start.data_dir, vault, self._start.plug)
        station = await self._station(around)
        if station is None:
            return 0
        workplace: Workplace | None = None
        try:
            workplace = self._workplace(station)
            await station.start()
            workplace.shell.show()
            if self._start.arrived is not None:
                await self._start.arrived(workplace, station)
            await self._closed.wait()
            return 0
        finally:
            if workplace is not None:
                await workplace.close()
            await station.close()

    def _workplace(self, station: Workstation) -> Workplace:
        warnings = [self._start.warning]
        if not station.durable:
            warnings.append(NO_KEYRING.format(self._keyring_problem))
        fittings = Fittings(
            clock=now,
            new_id=new_id,
            drafts=station.drafts,
            plant=station.station.plant_name,
            station=station.station.name,
            close=self._closed.set,
            look=self._preferences.look,
            memory=self._preferences,
            demo=self._start.demo,
            warning=" ".join(each for each in warnings if each),
        )
        return Workplace(station.desk, fittings)

    async def _station(self, around: Surroundings) -> Workstation | None:
        """The workstation, through the door if need be; None when the door was closed."""
        try:
            opened = await open_desk(around, server_url=self._start.server)
        except (PlainHttp, VaultFailed) as problem:
            return await self._door(around, DoorState(ask=Ask.NOTHING, problem=str(problem)))
        match opened:
            case Workstation():
                return opened
            case NotReady(problem=StationProblem.NOT_ENROLLED) if self._start.invitation is not None:
                enrolled = await self._enrolled(around, self._start.invitation)
                if isinstance(enrolled, Workstation):
                    return enrolled
                return await self._door(around, DoorState(ask=Ask.NOTHING, problem=enrolled))
            case NotReady(problem=StationProblem.NOT_ENROLLED):
                return await self._door(around, DoorState(ask=Ask.ENROL, keyring=self._keyring_note()))
            case NotReady(problem=problem):
                return await self._door(around, DoorState(ask=Ask.NOTHING, problem=problem.value))
            case NoCacheKey(problem=CacheKeyProblem.PASSWORD_NEEDED):
                return await self._door(around, DoorState(ask=Ask.PASSWORD, keyring=self._keyring_note()))
            case NoCacheKey(problem=problem):
                return await self._door(around, DoorState(ask=Ask.NOTHING, problem=problem.value))
            case NotOpened(refusal=refusal):
                return await self._door(around, DoorState(ask=Ask.NOTHING, problem=refusal.value))

    def _keyring_note(self) -> str:
        return NO_KEYRING.format(self._keyring_problem) if self._keyring_problem else ""

    async def _enrolled(self, around: Surroundings, form: EnrolForm) -> Workstation | str:
        """The new workstation, or why not, in a sentence."""
        try:
            answered = await enrol(
                around, server_url=form.server, code=form.code, name=form.name, area=form.area
            )
        except (PlainHttp, VaultFailed) as problem:
            return str(problem)
        match answered:
            case Workstation():
                return answered
            case Refusal():
                return text.refusal(answered)
            case Offline():
                return "The server does not answer. Check its address and the network."
            case NoCacheKey(problem=problem):
                return problem.value
            case NotOpened(refusal=refusal):
                return refusal.value

    async def _door(self, around: Surroundings, state: DoorState) -> Workstation | None:
        passed: asyncio.Future[Workstation | None] = asyncio.get_running_loop().create_future()

        async def try_enrol(form: EnrolForm) -> str:
            answered = await self._enrolled(around, form)
            if isinstance(answered, str):
                return answered
            passed.set_result(answered)
            return ""

        async def try_unlock(password: str) -> str:
            opened = await open_desk(around, server_url=self._start.server, password=password)
            if isinstance(opened, Workstation):
                passed.set_result(opened)
                return ""
            return "That password does not open the file. It is kept as it is; try again."

        def failed(_: str, error: BaseException) -> None:
            if not passed.done():
                passed.set_exception(error)

        def gave_up() -> None:
            if not passed.done():
                passed.set_result(None)

        tasks = Tasks(failed)
        view = DoorView(DoorViewModel(state, enrol=try_enrol, unlock=try_unlock), tasks)
        view.closed.connect(gave_up)
        view.show()
        try:
            return await passed
        finally:
            await tasks.shutdown()
            view.hide()
            view.deleteLater()
