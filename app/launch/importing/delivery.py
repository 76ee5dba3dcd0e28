"""A plan carried out through the one desk: a commit per batch, resumed where an earlier run ended, never doubled."""

from collections.abc import Mapping, Sequence
from typing import Final

from app.domain.decision import Refusal
from app.domain.envelope import Command
from app.domain.exception import Rule
from app.domain.identity import CommandId, UserId
from app.domain.master_record import ApproveMasterRecord
from app.domain.metrics import RecordMetrics
from app.domain.record import record
from app.domain.transcription import CompleteImport
from app.launch.importing.plan import Plan
from app.launch.importing.progress import Progress
from app.server.kernel.database import Database
from app.server.kernel.desk import Beside, CommandDesk
from app.server.production.metrics import with_points
from app.server.production.transcripts import accepted_commands, count_exceptions, numbers_of_others
from app.wire.series import Row

MOST_TRIES: Final = 8
"""So often may runs of one import be refused the same command; each asks under an id of its own."""


class NotDelivered(Exception):
    """The plan cannot be carried out. The sentence says why, for the person at the terminal."""


@record
class Task:
    """One command of the plan under its name. `shared`: on what all plants share. `rows` travel beside it."""

    name: tuple[str, ...]
    command: Command
    shared: bool = False
    rows: tuple[Row, ...] = ()


@record
class Delivered:
    """What the plant holds of a data set after a run. `changed` False: an earlier run had done it all."""

    batches: int
    entries: int
    series_rows: int
    exceptions: Mapping[Rule, int]
    changed: bool


class Delivery:
    """Carries out one plan for `author`; `approver` approves master records that are not in yet."""

    def __init__(
        self,
        *,
        desk: CommandDesk,
        database: Database,
        plan: Plan,
        author: UserId,
        approver: UserId | None,
        progress: Progress,
    ) -> None:
        self._desk = desk
        self._database = database
        self._plan = plan
        self._author = author
        self._approver = approver
        self._progress = progress
        self.batches_in = 0
        """How many of the plan's batches are in, for the sentence of an interrupted run."""

    async def run(self) -> Delivered:
        """Everything that is not in yet, each command in a transaction of its own. Raises NotDelivered.

        Before the first write it is clear that what earlier runs left is part of this very plan.
        """
        masters, batches, series = self._masters(), self._batches(), self._series()
        known = await self._known([*masters, *batches, *series])
        await self._look_ahead(masters, known)
        self.batches_in = sum(each.name in known for each in batches)
        self._progress.begin(
            "Products and master records", len(masters), done=sum(each.name in known for each in masters)
        )
        for each in masters:
            if each.name not in known:
                approves = isinstance(each.command, ApproveMasterRecord)
                await self._do(each, self._approver if approves and self._approver else self._author)
                self._progress.step()
        self._progress.begin("Batches", len(batches), done=self.batches_in)
        for each in batches:
            if each.name not in known:
                await self._do(each, self._author)
                self.batches_in += 1
                self._progress.step()
        await self._deliver_series(series, known)
        self._progress.end()
        return await self._complete(all(each.name in known for each in (*masters, *batches, *series)))

    def _masters(self) -> list[Task]:
        found: list[Task] = []
        for each in self._plan.masters:
            approve = ApproveMasterRecord(
                master_id=each.draft.master_id, content_hash=each.draft.content_hash
            )
            for what, command in (("product", each.product), ("draft", each.draft), ("approve", approve)):
                found.append(Task(name=(what, each.key), command=command, shared=True))
        return found

    def _batches(self) -> list[Task]:
        return [Task(name=("batch", each.number), command=each) for each in self._plan.batches]

    def _series(self) -> list[Task]:
        return [
            Task(
                name=("series", str(command.batch_id), command.name, str(command.chunk.position)),
                command=command,
                rows=rows,
            )
            for each in self._plan.series
            for command, rows in each.chunks()
        ]

    def _ids(self, task: Task) -> list[CommandId]:
        """The ids of a task's tries, in their order."""
        make = self._plan.ids.shared_command if task.shared else self._plan.ids.command
        return [make(*task.name, *([str(again)] if again else [])) for again in range(MOST_TRIES)]

    async def _known(self, tasks: Sequence[Task]) -> set[tuple[str, ...]]:
        """Names of the tasks that an earlier run did. Raises NotDelivered where it did something else."""
        by_id = {key: each for each in tasks for key in self._ids(each)}
        async with self._database.transaction() as tx:
            accepted = await accepted_commands(tx, list(by_id))
        for key, said in accepted.items():
            task = by_id[key]
            if said != task.command:
                what = " ".join(task.name)
                raise NotDelivered(
                    f"{what} of {self._plan.dataset} was imported before with other content: nothing is written. "
                    "A transcribed record is corrected by an entry with its reason, not by another import."
                )
        return {by_id[key].name for key in accepted}

    async def _look_ahead(self, masters: Sequence[Task], known: set[tuple[str, ...]]) -> None:
        wanted = {each.number: each.batch_id for each in self._plan.batches}
        async with self._database.transaction() as tx:
            taken = await numbers_of_others(tx, self._plan.ids.plant_id, wanted)
        if taken:
            raise NotDelivered(
                f"Other batches of {self._plan.ids.plant_id} have the number {taken[0]}"
                f"{f' and {len(taken) - 1} more' if len(taken) > 1 else ''} of this data set: nothing is written."
            )
        owed = [each for each in masters if isinstance(each.command, ApproveMasterRecord)]
        if self._approver is None and any(each.name not in known for each in owed):
            raise NotDelivered(
                f"{len(owed)} master records need the approval of a second person: name one with --approver."
            )

    async def _deliver_series(self, series: Sequence[Task], known: set[tuple[str, ...]]) -> None:
        done = sum(len(each.rows) for each in series if each.name in known)
        self._progress.begin("Series rows", self._plan.series_rows, done=done)
        for each in series:
            if each.name not in known:
                await self._do(each, self._author)
                self._progress.step(len(each.rows))

    async def _do(self, task: Task, by: UserId) -> None:
        """One task, in one transaction. An id that an earlier run was refused under is left to that refusal."""
        tries = self._ids(task)
        for command_id in tries:
            acted = await self._desk.act(
                task.command,
                by,
                self._plan.ids.plant_id,
                command_id=command_id,
                interactive=False,
                beside=_rows_of(task),
            )
            if acted.refusal is None:
                return
            if not acted.outcome.again or command_id == tries[-1]:
                raise NotDelivered(f"{' '.join(task.name)} was refused: {_why(acted.refusal)}.")

    async def _complete(self, unchanged: bool) -> Delivered:
        plan = self._plan
        async with self._database.transaction() as tx:
            exceptions = await count_exceptions(tx, [each.batch_id for each in plan.batches])
        command = CompleteImport(
            dataset=plan.dataset,
            citation=plan.citation,
            batches=len(plan.batches),
            entries=plan.entries,
            exceptions=sum(exceptions.values()),
            series_rows=plan.series_rows,
        )
        task = Task(name=("complete",), command=command)
        async with self._database.transaction() as tx:
            before = await accepted_commands(tx, self._ids(task))
        if not before:
            await self._do(task, self._author)
        return Delivered(
            batches=len(plan.batches),
            entries=plan.entries,
            series_rows=plan.series_rows,
            exceptions=exceptions,
            changed=not (unchanged and before),
        )


def _why(refusal: Refusal) -> str:
    about = f" ({', '.join(refusal.detail)})" if refusal.detail else ""
    return refusal.reason.value.replace("_", " ") + about


def _rows_of(task: Task) -> Beside | None:
    """What lies beside a chunk's command: the rows that its digest binds."""
    return with_points(task.command, task.rows) if isinstance(task.command, RecordMetrics) else None
