"""One act of signing: the secret given again, the command sealed in that person's name, the server's last word.

Knows no Qt: the dialog renders `Signing.state` and passes the password on. 21 CFR 11.50, 11.200(a)(1).
"""

from asyncio import gather
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.client.ports import Desk, Saved
from app.domain.decision import Blocker, Reason, Refusal
from app.domain.envelope import Command
from app.domain.signature import Meaning
from app.wire.sync import Outcome, Settled
from ui.observable import Observable

WAIT_SECONDS: Final = 20.0
"""How long a signer waits for the server's word before the screen says that it is still on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignSheet:
    """What is signed, as it is shown to the signer. `verb` is the word of the button, e.g. `Release B-0042`.

    `facts` are pairs of label and value; `consequence` says what the signature does. All `commands` are sealed by the
    one signing, each with its own time.
    """

    verb: str
    meaning: Meaning
    facts: tuple[tuple[str, str], ...]
    commands: tuple[Command, ...]
    consequence: str = ""


class Phase(StrEnum):
    """Where a signing stands."""

    ASKED = "asked"
    CHECKING = "checking"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningState:
    """`secret`: why the password was not taken; the signer may try again. `refusals`: what was refused, each once.

    `failed`: something broke on the way, e.g. the disk; signing again saves what was not saved yet.
    """

    phase: Phase = Phase.ASKED
    secret: Refusal | None = None
    failed: bool = False
    refusals: tuple[Refusal, ...] = ()
    accepted: int = 0
    unanswered: int = 0

    @property
    def busy(self) -> bool:
        return self.phase in {Phase.CHECKING, Phase.WAITING}

    @property
    def over(self) -> bool:
        """Whether the commands were given out of hand: nothing can be signed a second time from here."""
        return self.phase in {Phase.ACCEPTED, Phase.REFUSED, Phase.UNANSWERED}

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        return tuple(each for refusal in self.refusals for each in refusal.blockers)


class Signing:
    """The signing of one sheet by the person who is signed in."""

    def __init__(self, desk: Desk, sheet: SignSheet, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._desk = desk
        self._wait_seconds = wait_seconds
        self.sheet = sheet
        self.state = Observable(SigningState())
        self._kept: list[Saved | Refusal] = []

    async def sign(self, password: str) -> SigningState:
        """Prove who signs, seal every command of the sheet and wait for the server; answers the state it ends in.

        What anything on the way raises is raised here too, once the signer may try again.
        """
        if self.state.value.busy or self.state.value.over:
            return self.state.value
        person = self._desk.session.person.value
        if person is None:
            return self._say(SigningState(secret=Refusal(reason=Reason.SIGNED_OUT)))
        self._say(SigningState(phase=Phase.CHECKING))
        try:
            return await self._sign(person.login, password)
        except BaseException:
            self._say(SigningState(failed=True))
            raise

    async def _sign(self, login: str, password: str) -> SigningState:
        signatory = await self._desk.session.authenticate(login, password)
        if isinstance(signatory, Refusal):
            return self._say(SigningState(secret=signatory))
        for command in self.sheet.commands[len(self._kept) :]:
            self._kept.append(await self._desk.commands.save(command, signatory=signatory))
        saved = [each for each in self._kept if isinstance(each, Saved)]
        refusals = [each for each in self._kept if isinstance(each, Refusal)]
        if saved:
            self._say(SigningState(phase=Phase.WAITING))  # not before: the screen says *saved* now
        outcomes = await gather(*(self._desk.commands.outcome(each.id, self._wait_seconds) for each in saved))
        refusals.extend(_refused(outcomes))
        accepted = sum(each is not None and each.settled is Settled.ACCEPTED for each in outcomes)
        ended = SigningState(
            refusals=tuple(dict.fromkeys(refusals)),
            accepted=accepted,
            unanswered=len(self.sheet.commands) - accepted - len(refusals),
        )
        return self._say(replace(ended, phase=_phase_of(ended)))

    def _say(self, state: SigningState) -> SigningState:
        self.state.set(state)
        return state


def _refused(outcomes: Sequence[Outcome | None]) -> Iterator[Refusal]:
    for each in outcomes:
        if each is not None and each.settled is Settled.REFUSED:
            yield Refusal(reason=each.reason or Reason.MALFORMED, detail=each.detail, blockers=each.blockers)


def _phase_of(ended: SigningState) -> Phase:
    if ended.refusals:
        return Phase.REFUSED
    return Phase.UNANSWERED if ended.unanswered else Phase.ACCEPTED
