"""Acting where the local file ends with the session: nothing is *saved* before the server has it (ruling B18)."""

from collections.abc import Callable
from typing import Final

from app.client.ports import Saved, Signatory
from app.domain.decision import Reason, Refusal
from app.domain.envelope import Command
from app.domain.identity import CommandId
from app.wire.sync import Outcome, Settled
from offline.outbox import LinkNow, Outbox

ANSWER_SECONDS: Final = 15.0


class ConfirmedCommands:
    """The `Commands` of a workstation without a keyring: online only."""

    def __init__(self, outbox: Outbox, link: Callable[[], LinkNow]) -> None:
        self._outbox = outbox
        self._link = link

    async def save(
        self, command: Command, *, signatory: Signatory | None = None, command_id: CommandId | None = None
    ) -> Saved | Refusal:
        """`Saved` once the server has committed it.

        Without an answer in time NEEDS_SERVER: the same `command_id` may be saved again, and counts once.
        """
        if not self._link().online:
            return Refusal(reason=Reason.NEEDS_SERVER)
        saved = await self._outbox.save(command, signatory=signatory, command_id=command_id)
        if isinstance(saved, Refusal):
            return saved
        outcome = await self._outbox.outcome(saved.id, ANSWER_SECONDS)
        if outcome is None:
            return Refusal(reason=Reason.NEEDS_SERVER, detail=(str(saved.id),))
        if outcome.settled is Settled.ACCEPTED:
            return saved
        return Refusal(
            reason=outcome.reason or Reason.MALFORMED, detail=outcome.detail, blockers=outcome.blockers
        )

    async def preview(self, command: Command) -> Refusal | None:
        return await self._outbox.preview(command)

    async def outcome(self, command_id: CommandId, wait_seconds: float) -> Outcome | None:
        return await self._outbox.outcome(command_id, wait_seconds)
