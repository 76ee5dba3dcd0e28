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
    """`secret`: why the password was not taken; the signer may try again. `refusals`: what was refused, each once."""

    phase: Phase = Phase.ASKED
    secret: Refusal | None = None
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

    async def sign(self, password: str) -> SigningState:
        """Prove who signs, seal every command of the sheet and wait for the server; answers the state it ends in."""
        if self.state.value.busy or self.state.value.over:
            return self.state.value
        person = self._desk.session.person.value
        if person is None:
            return self._say(SigningState(secret=Refusal(reason=Reason.SIGNED_OUT)))
        self._say(SigningState(phase=Phase.CHECKING))
        signatory = await self._desk.session.authenticate(person.login, password)
        if isinstance(signatory, Refusal):
            return self._say(SigningState(secret=signatory))
        self._say(SigningState(phase=Phase.WAITING))
        saved: list[Saved] = []
        refusals: list[Refusal] = []
        for command in self.sheet.commands:
            kept = await self._desk.commands.save(command, signatory=signatory)
            if isinstance(kept, Refusal):
                refusals.append(kept)
            else:
                saved.append(kept)
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
