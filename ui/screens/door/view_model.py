"""What stands at the door: the server's address and a one-time code at the first start, a password for the file, or a
sentence that says what to do. Knows no Qt.
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from app.client.observable import Observable
from app.domain.record import record


class Ask(StrEnum):
    """What the door asks for."""

    ENROL = "enrol"
    PASSWORD = "password"
    NOTHING = "nothing"


@record
class EnrolForm:
    """What the first start needs to know."""

    server: str
    code: str
    name: str
    area: str


@record
class DoorState:
    """`problem` is the sentence under the form; with `Ask.NOTHING` it is all there is."""

    ask: Ask
    problem: str = ""
    busy: bool = False
    keyring: str = ""


Answer = str
"""Why it did not work, in a sentence; empty when it did."""


class DoorViewModel:
    """Passes the form on and says what came of it."""

    def __init__(
        self,
        state: DoorState,
        *,
        enrol: Callable[[EnrolForm], Awaitable[Answer]],
        unlock: Callable[[str], Awaitable[Answer]],
    ) -> None:
        self.state = Observable(state)
        self._enrol = enrol
        self._unlock = unlock

    async def enrol(self, form: EnrolForm) -> None:
        """Enrol this workstation; names the first field that is missing."""
        named = (
            (form.server, "Enter the address of the server."),
            (form.code, "Enter the one-time code that an administrator gave you."),
            (form.name, "Give this workstation a name."),
        )
        missing = next((sentence for text, sentence in named if not text.strip()), "")
        if missing:
            self._say(missing)
            return
        await self._try(self._enrol(form))

    async def unlock(self, password: str) -> None:
        """Open the workstation's file with the password of somebody who signed in here before."""
        if not password:
            self._say("Enter your password.")
            return
        await self._try(self._unlock(password))

    async def _try(self, work: Awaitable[Answer]) -> None:
        before = self.state.value
        self.state.set(DoorState(ask=before.ask, busy=True, keyring=before.keyring))
        self._say(await work)

    def _say(self, problem: str) -> None:
        before = self.state.value
        self.state.set(DoorState(ask=before.ask, problem=problem, keyring=before.keyring))
