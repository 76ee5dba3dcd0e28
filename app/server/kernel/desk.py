"""The one desk where commands are handed in: sealed ones from workstations, and those of the REST API.

An answer leaves only after COMMIT. A command that makes the database or a rule fail is found by halving the run,
refused and kept, and the others go on (reference/sync.md, *Poison*).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.domain.decision import RULEBOOK_VERSION, Actor, Reason, Refusal
from app.domain.envelope import Command, Envelope
from app.domain.identity import CommandId, PlantId, StationId, UserId
from app.domain.record import Record
from app.server.kernel.database import (
    REPEATABLE,
    UNIQUE_VIOLATION,
    Database,
    Overtaken,
    Transaction,
    sqlstate,
)
from app.server.kernel.journal import Journal
from app.server.kernel.record_tables import RecordStore, RecordTable
from app.server.kernel.seals import Arrival, read_arrivals
from app.server.kernel.security import NO_REMOTE, Remote
from app.server.kernel.server_key import ServerKey
from app.server.kernel.sitting import Kernel, NamesOf, Settlement, Sitting, actor_of, keys_in, keys_wanted
from app.wire.codec import dump_envelope, load, load_envelope
from app.wire.seal import GENESIS, NO_STATION, seal
from app.wire.sync import MOST_COMMANDS, Outcome, Push, PushAnswer, Settled

log = logging.getLogger(__name__)

REPEAT_ON: Final = REPEATABLE | {UNIQUE_VIOLATION}
"""A unique key that was free when we looked: somebody was quicker, and the next look sees it."""
POISON_CLASSES: Final = frozenset({"", "22", "23", "54"})
"""Classes of PostgreSQL errors that the content of a command can cause; all others are the server's own trouble."""

SAVES: Final = 20
"""A push of so many commands is somebody at work; a larger one is a backlog coming back."""
RUN: Final = 250
"""Commands of a backlog that are settled in one transaction: half of what costs most is shared out by then."""
BACKLOGS: Final = 2
"""Backlogs that one process settles at a time, so that those at work find processor and journal free."""

Beside = Callable[[Transaction], Awaitable[None]]
"""Written in the same transaction as an accepted act: the rows of a series, the card of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What became of an act by the REST API. `after`: the records it changed, as they are now, in order."""

    outcome: Outcome
    after: tuple[Record, ...] = ()

    @property
    def refusal(self) -> Refusal | None:
        """Why it was refused, or None."""
        if self.outcome.settled is Settled.ACCEPTED:
            return None
        return Refusal(
            reason=self.outcome.reason or Reason.MALFORMED,
            detail=self.outcome.detail,
            blockers=self.outcome.blockers,
        )


class CommandDesk:
    """Settles commands. `clock` answers the server's time, aware; `new_id` makes UUIDv7."""

    def __init__(
        self,
        *,
        database: Database,
        tables: Sequence[RecordTable],
        names_of: NamesOf,
        key: ServerKey,
        journal: Journal,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        zone: str = "UTC",
    ) -> None:
        self.store = RecordStore(tables)
        self.names_of: Final = names_of
        self._database = database
        self._key = key
        self._journal = journal
        self._clock = clock
        self._new_id = new_id
        self._zone = zone
        self._readers = ThreadPoolExecutor(BACKLOGS, thread_name_prefix="seals")
        self._backlogs = asyncio.Semaphore(BACKLOGS)
        self._kernel = Kernel(store=self.store, journal=journal, names_of=names_of, new_id=new_id)

    async def open(self) -> None:
        """Once at start, before anything is handed in: the server's key becomes known to `verify`."""
        async with self._database.transaction() as tx:
            await self._key.register(tx)
            await tx.execute("SELECT kernel.ensure_partitions()")

    def close(self) -> None:
        """Once at the end, when nothing is being handed in any more."""
        self._readers.shutdown()

    async def push(
        self, station_id: StationId, push: Push, remote: Remote = NO_REMOTE
    ) -> PushAnswer | Refusal:
        """Settle what a workstation sent, in its order; every outcome is committed when this returns.

        A refusal here is one of the whole request. Raises only for trouble of the server's own (no database).
        """
        if push.station_id != station_id:
            return Refusal(reason=Reason.NOT_PERMITTED, detail=("workstation", str(push.station_id)))
        if len(push.commands) > MOST_COMMANDS:
            return Refusal(reason=Reason.MALFORMED, detail=(f"commands: more than {MOST_COMMANDS}",))
        if len(push.commands) <= SAVES:
            settled = await self._settle_run(
                read_arrivals(push.commands, station_id, push.plant_id, remote), push
            )
        else:
            async with self._backlogs:
                settled = await self._settle_backlog(push, remote)
        return PushAnswer(
            outcomes=tuple(outcome for each in settled for outcome in each.outcomes),
            head_seq=settled[-1].head_seq,
            server_time=self._clock().isoformat(),
            durable_seq=settled[-1].durable_seq,
        )

    async def act(
        self,
        command: Command,
        actor: Actor | UserId,
        plant_id: PlantId,
        *,
        remote: Remote = NO_REMOTE,
        command_id: CommandId | None = None,
        interactive: bool = True,
        beside: Beside | None = None,
    ) -> Acted:
        """Settle a command of the REST API, sealed by the server's own key at no station.

        A `UserId` is looked up in the same transaction, so a role that was taken away a moment ago is away. The
        same `command_id` with the same content answers the first outcome again. `interactive`: the author waits, so
        an observation may still be prevented. `beside` is written only with an accepted act.
        """
        now = self._clock()
        user_id = actor.user_id if isinstance(actor, Actor) else actor
        envelope = Envelope(
            id=command_id or CommandId(self._new_id()),
            plant_id=plant_id,
            station_id=None,
            author_id=user_id,
            performed_at=now,
            zone=self._zone,
            rulebook=RULEBOOK_VERSION,
            command=command,
        )

        async def work(tx: Transaction) -> tuple[Outcome, tuple[Record, ...]]:
            known = await self._recalled(tx, envelope)
            if known is not None:
                return known, ()
            who = actor if isinstance(actor, Actor) else await actor_of(self._kernel, tx, actor)
            arrival = self._sealed(envelope, who, remote, interactive=interactive)
            done = await Sitting(self._kernel, tx, plant_id, self._clock()).settle([arrival], None)
            if beside is not None and done.outcomes[0].settled is Settled.ACCEPTED:
                await beside(tx)
            return done.outcomes[0], tuple(change.after for each in done.results for change in each.changes)

        outcome, after = await self._database.repeated(work, repeat_on=REPEAT_ON)
        return Acted(outcome=outcome, after=after)

    async def _recalled(self, tx: Transaction, envelope: Envelope) -> Outcome | None:
        """The first outcome of this id, if it was settled before."""
        known = await tx.first("SELECT body, outcome FROM kernel.commands WHERE id = $1", envelope.id)
        if known is None:
            return None
        first = load_envelope(bytes(known["body"]))
        if (first.command, first.author_id, first.plant_id) != (
            envelope.command,
            envelope.author_id,
            envelope.plant_id,
        ):
            return Outcome(
                id=envelope.id, settled=Settled.REFUSED, reason=Reason.SAME_ID_OTHER_CONTENT, again=True
            )
        return replace(load(Outcome, known["outcome"]), again=True)

    def _sealed(
        self, envelope: Envelope, actor: Actor | None, remote: Remote, *, interactive: bool
    ) -> Arrival:
        sealed = seal(
            dump_envelope(envelope), StationId(NO_STATION), 0, GENESIS, self._key.key_id, self._key.sign
        )
        return Arrival(
            sealed=sealed,
            id=envelope.id,
            digest=sealed.digest,
            envelope=envelope,
            fault=None if actor else Refusal(reason=Reason.NOT_FOUND, detail=("person",)),
            actor=actor,
            interactive=interactive,
            remote=remote,
        )

    async def _settle_backlog(self, push: Push, remote: Remote) -> list[Settlement]:
        """Settle many commands in runs, each in a transaction of its own.

        While one run waits for the database the next is parsed and verified in a thread; and between two runs
        somebody at work gets the plant's journal. An error ends it here: what was settled is found settled when the
        station sends again.
        """
        async with self._database.transaction() as tx:
            found = await self.store.load(tx, keys_wanted(push.station_id))
        _, keys = keys_in(found, push.station_id)
        loop = asyncio.get_running_loop()
        runs = [push.commands[at : at + RUN] for at in range(0, len(push.commands), RUN)]
        read = [
            loop.run_in_executor(
                self._readers, read_arrivals, run, push.station_id, push.plant_id, remote, keys
            )
            for run in runs
        ]
        settled: list[Settlement] = []
        try:
            for each in read:
                settled += await self._settle_run(await each, push)
        finally:
            for each in read:
                each.cancel()
        return settled

    async def _settle_run(self, arrivals: Sequence[Arrival], push: Push) -> list[Settlement]:
        """Settle a run in one transaction; where its content breaks that, settle its halves one after the other."""
        try:
            return [await self._settle(arrivals, push)]
        except Exception as error:
            if not _may_be_poison(error):
                raise
            if len(arrivals) > 1:
                log.warning("push.halved", extra={"commands": len(arrivals), "error": type(error).__name__})
                middle = len(arrivals) // 2
                first = await self._settle_run(arrivals[:middle], push)
                return first + await self._settle_run(arrivals[middle:], push)
            log.exception("command.poison", extra={"command": str(arrivals[0].id)})
            return [await self._keep_poison(arrivals[0], push)]

    async def _settle(self, arrivals: Sequence[Arrival], push: Push) -> Settlement:
        async def work(tx: Transaction) -> Settlement:
            sitting = Sitting(self._kernel, tx, push.plant_id, self._clock())
            return await sitting.settle(arrivals, push.station_id)

        return await self._database.repeated(work, repeat_on=REPEAT_ON)

    async def _keep_poison(self, arrival: Arrival, push: Push) -> Settlement:
        """Refuse a command that cannot be carried out at all, and keep its bytes for people to settle."""
        arrival.fault = arrival.fault or Refusal(reason=Reason.MALFORMED, detail=("cannot be carried out",))
        return await self._settle([arrival], push)


def _may_be_poison(error: Exception) -> bool:
    """Whether a command's content may have caused `error`; if not, the whole push is sent again later."""
    if isinstance(error, DBAPIError):
        return not error.connection_invalidated and sqlstate(error)[:2] in POISON_CLASSES
    return not isinstance(error, OSError | TimeoutError | PoolTimeout | Overtaken)
