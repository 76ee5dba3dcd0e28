"""Signing in: who used this station last, what the network allows, and why a password was not taken. Knows no Qt."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from app.client.ports import KnownPerson, Link, Session, SyncCentre, SyncState
from app.domain.decision import Reason, Refusal
from ui import text
from ui.observable import Observable

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoHint:
    """One account of the demo plant, shown so that a visitor can sign in. Only the demo gives any."""

    login: str
    password: str
    role: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """Someone who used this station before. `note` says until when they can sign in without the server."""

    login: str
    name: str
    role: str
    seen: str
    note: str
    possible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInState:
    """What the page shows. `error` stands under the password; `asks` grows when the password must be typed again."""

    plant: str
    station: str
    link: Link = Link.ONLINE
    link_note: str = ""
    people: tuple[PersonLine, ...] = ()
    loaded: bool = False
    login: str = ""
    busy: bool = False
    error: str = ""
    asks: int = 0
    warning: str = ""
    demo: tuple[DemoHint, ...] = ()


class SignInViewModel:
    """`plant` and `station` are names; `demo` is given by the demo's composition alone."""

    def __init__(
        self,
        session: Session,
        sync: SyncCentre,
        clock: Clock,
        *,
        plant: str,
        station: str,
        warning: str = "",
        demo: tuple[DemoHint, ...] = (),
    ) -> None:
        self._session = session
        self._clock = clock
        self._known: tuple[KnownPerson, ...] = ()
        self.link = sync.state
        self.state = Observable(SignInState(plant=plant, station=station, warning=warning, demo=demo))
        self.follow(sync.state.value)

    def follow(self, link: SyncState) -> None:
        """The line to the server changed: say what that means for signing in."""
        self.state.set(
            replace(
                self.state.value,
                link=link.link,
                link_note=self._note(link),
                people=tuple(self._line(each, link.link) for each in self._known),
            )
        )

    def warn(self, warning: str) -> None:
        """Something the administrator should know, e.g. that no backup has run yet. Empty takes it away."""
        self.state.set(replace(self.state.value, warning=warning))

    async def load(self) -> None:
        """Read who used this station last."""
        known = await self._session.known_people()
        self._known = tuple(sorted(known, key=lambda each: each.last_seen, reverse=True))
        people = tuple(self._line(each, self.link.value.link) for each in self._known)
        self.state.set(replace(self.state.value, people=people, loaded=True))

    def choose(self, login: str) -> None:
        """Take a person by a tap, a badge or typing; what was said of another person's password goes."""
        login = login.strip()
        if login != self.state.value.login:
            self.state.set(replace(self.state.value, login=login, error=""))

    async def sign_in(self, login: str, password: str) -> bool:
        """Ask for a session; True when there is one. The password is kept nowhere."""
        state = self.state.value
        if state.busy:
            return False
        login = login.strip()
        if not login or not password:
            self._say("Enter your name." if not login else "Enter your password.", login)
            return False
        self.state.set(replace(state, login=login, busy=True, error=""))
        try:
            answer = await self._session.sign_in(login, password)
        except BaseException:
            self.state.set(replace(self.state.value, busy=False))
            raise
        if isinstance(answer, Refusal):
            self._say(self._why_not(answer, login), login)
            return False
        self.state.set(replace(self.state.value, busy=False, login="", error=""))
        return True

    def _say(self, error: str, login: str) -> None:
        state = self.state.value
        self.state.set(replace(state, busy=False, login=login, error=error, asks=state.asks + 1))

    def _why_not(self, answer: Refusal, login: str) -> str:
        if answer.reason is Reason.NEEDS_SERVER:
            known = next((each for each in self._known if each.login == login), None)
            if known is None:
                return (
                    "This workstation is offline and has never seen this person. The first sign-in at a workstation "
                    "needs the server."
                )
            ended = text.when(known.offline_until, self._clock().tzinfo)
            return f"{known.name}'s time without the server ended {ended}. Signing in needs the server again."
        return text.refusal(answer)

    def _note(self, link: SyncState) -> str:
        now = self._clock()
        match link.link:
            case Link.ONLINE:
                return ""
            case Link.OFFLINE:
                since = text.since(link.since, now, now.tzinfo)
                return (
                    f"Offline since {since}. Whoever used this workstation before can sign in and go on working; "
                    "everything is saved here and sent later."
                )
            case Link.REFUSED:
                why = f" ({link.problem})" if link.problem else ""
                return f"The server answers, but refuses this workstation{why}. Tell an administrator."

    def _line(self, person: KnownPerson, link: Link) -> PersonLine:
        now = self._clock()
        left = person.offline_until - now
        possible = link is Link.ONLINE or left.total_seconds() > 0
        if link is Link.ONLINE:
            note = ""
        elif possible:
            note = f"offline until {text.since(person.offline_until, now, now.tzinfo)}"
        else:
            note = "needs the server now"
        return PersonLine(
            login=person.login,
            name=person.name,
            role=person.role.value,
            seen=text.ago(person.last_seen, now),
            note=note,
            possible=possible,
        )
