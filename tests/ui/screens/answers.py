"""A server that answers a saved command otherwise than the sample desk's does."""

from app.client.ports import Desk, Saved, Signatory
from app.domain.decision import Blocker, Reason, Refusal
from app.domain.envelope import Command
from app.domain.identity import CommandId
from app.wire.sync import Outcome, Settled
from tests.support.desk import FakeCommands, SampleDesk


class OtherwiseAnswered:
    """Saves as the sample desk does; the answer is a refusal, or silence where `refuses` is None."""

    def __init__(self, commands: FakeCommands, refuses: Reason | None, blockers: tuple[Blocker, ...]) -> None:
        self._commands = commands
        self._refuses = refuses
        self._blockers = blockers

    async def save(
        self, command: Command, *, signatory: Signatory | None = None, command_id: CommandId | None = None
    ) -> Saved | Refusal:
        return await self._commands.save(command, signatory=signatory, command_id=command_id)

    async def preview(self, command: Command) -> Refusal | None:
        return await self._commands.preview(command)

    async def outcome(self, command_id: CommandId, wait_seconds: float) -> Outcome | None:
        if self._refuses is None:
            return None
        return Outcome(id=command_id, settled=Settled.REFUSED, reason=self._refuses, blockers=self._blockers)


def with_server_that(
    desk: SampleDesk, *, refuses: Reason | None = None, blockers: tuple[Blocker, ...] = ()
) -> Desk:
    """The same workstation with a server that refuses whatever is sent, or says nothing."""
    return Desk(
        session=desk.session,
        records=desk.records,
        archive=desk.archive,
        commands=OtherwiseAnswered(desk.commands, refuses, blockers),
        sync=desk.sync,
        plug=desk.plug,
    )
