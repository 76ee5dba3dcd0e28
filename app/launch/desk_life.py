"""One life of the desktop: the door at the first start, then the workplace, and an orderly end."""

import asyncio
from concurrent.futures import Future
from typing import Final

from app.client.cache_key import CacheKeyProblem, NoCacheKey
from app.client.gateway import Offline, PlainHttp
from app.client.vault import Vault, VaultFailed
from app.domain.decision import Refusal
from app.launch.desk_start import Start
from app.launch.machine import new_id, now, surroundings
from app.launch.preferences import Preferences
from offline.database import NotOpened
from offline.desk import NotReady, StationProblem, Surroundings, Workstation, enrol, open_desk
from ui import text
from ui.first_picture import first_picture
from ui.screens.door.view_model import Ask, DoorState, DoorViewModel, EnrolForm
from ui.tasks import Tasks
from ui.workplace import Fittings, Workplace

NO_KEYRING: Final = (
    "{0} Batchwright works for this session only, keeps no secret, "
    "and says saved when the server has answered."
)


class DeskLife:
    """`keyring` is the answer of `vault_of`, asked for since the process began."""

    def __init__(self, start: Start, preferences: Preferences, keyring: Future[tuple[Vault, str]]) -> None:
        self._start = start
        self._preferences = preferences
        self._keyring = keyring
        self._closed = asyncio.Event()
        self._keyring_problem = ""

    async def live(self) -> int:
        """Until the window is closed; answers the exit code."""
        if self._start.before is not None:
            await self._start.before()
        vault, self._keyring_problem = await asyncio.wrap_future(self._keyring)
        around = surroundings(self._start.data_dir, vault, self._start.plug)
        station = await self._station(around)
        if station is None:
            return 0
        workplace: Workplace | None = None
        try:
            workplace = self._workplace(station)
            workplace.shell.show()
            await first_picture(workplace.shell)  # the first round of the sync loop imports and connects
            await station.start()
            await workplace.warm()
            if self._start.arrived is not None:
                await self._start.arrived(workplace, station)
            await self._closed.wait()
            return 0
        finally:
            if workplace is not None:
                try:
                    await workplace.close()
                finally:
                    await station.close()
            else:
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

    async def _unlocked(self, around: Surroundings, password: str) -> Workstation | str:
        """The workstation that the password of somebody known here opens, or why not, in a sentence."""
        try:
            opened = await open_desk(around, server_url=self._start.server, password=password)
        except (PlainHttp, VaultFailed) as problem:
            return str(problem)
        match opened:
            case Workstation():
                return opened
            case NotReady(problem=problem):
                return problem.value
            case NotOpened(refusal=refusal):
                return refusal.value
            case NoCacheKey():
                return "That password does not open the file. It is kept as it is; try again."

    async def _door(self, around: Surroundings, state: DoorState) -> Workstation | None:
        from ui.screens.door.view import DoorView  # seen once in the life of a workstation

        passed: asyncio.Future[Workstation | None] = asyncio.get_running_loop().create_future()

        async def pass_with(station: Workstation) -> str:
            if passed.done():  # the door was closed meanwhile: nobody waits for this workstation any more
                await station.close()
            else:
                passed.set_result(station)
            return ""

        async def try_enrol(form: EnrolForm) -> str:
            answered = await self._enrolled(around, form)
            return answered if isinstance(answered, str) else await pass_with(answered)

        async def try_unlock(password: str) -> str:
            answered = await self._unlocked(around, password)
            return answered if isinstance(answered, str) else await pass_with(answered)

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
