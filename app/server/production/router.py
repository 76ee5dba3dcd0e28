"""`/api/v1/batches` and `/masters`. Writes become the same commands that workstations seal, and go the same way."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from app.domain.batch import AmendBatch, Batch, BatchStatus, CreateBatch, MaterialUse
from app.domain.deviation import Deviation
from app.domain.exception import ReviewException
from app.domain.identity import BatchId, MasterId, PlantId
from app.domain.master_record import MasterRecord, MasterStatus
from app.domain.metrics import MetricSeries
from app.domain.permissions import Permission
from app.domain.quantity import Quantity
from app.domain.record import record
from app.domain.review import Clearance, CompleteBatch
from app.domain.stage import Stage, StartStage
from app.domain.step import Step
from app.server.kernel.answers import answer, granted, json_answer
from app.server.kernel.database import Transaction
from app.server.kernel.desk import Acted
from app.server.kernel.gates import caller_with, person_of
from app.server.kernel.openapi import refusals
from app.server.kernel.pages import MOST_ITEMS
from app.server.kernel.preconditions import BaseRevision, IdempotencyKey, tag_of
from app.server.kernel.sealed_acts import hand_in
from app.server.kernel.security import Caller, RemoteHere
from app.server.kernel.state import DatabaseHere, DeskHere, SharedHere
from app.server.production.evidence import evidence_of, paper_of, printed_name
from app.server.production.history import history_of
from app.server.production.metrics import command_of, point_lines, series_of, with_points
from app.server.production.print_sheet import Printing
from app.server.production.queries import BatchFilter, batch_made_by, batch_of, batch_page, master_page
from app.wire import paths
from app.wire.history import HistoryPage
from app.wire.seal import SealedCommand
from app.wire.series import POINTS_TYPE, MetricsRequest

router = APIRouter(tags=["batches"])

Reads = Annotated[Caller, caller_with(Permission.BATCH_READ, stations=True)]
Creates = Annotated[Caller, caller_with(Permission.BATCH_CREATE)]
Updates = Annotated[Caller, caller_with(Permission.BATCH_UPDATE)]
Executes = Annotated[Caller, caller_with(Permission.BATCH_EXECUTE)]
Limit = Annotated[int, Query(ge=1, le=MOST_ITEMS)]
Text = Annotated[str, Query(max_length=200)]

PDF: Final = "application/pdf"
ZIP: Final = "application/zip"

NO_BATCH: Final = refusals(_404="The plant has no such batch.")
REFUSED: Final = refusals(_409="The rules of the plant refuse it; `reason` says why.")
STALE: Final = refusals(_409="The record was changed since, or its status does not allow it.")
NO_TAG: Final = refusals(_428="Without If-Match nothing is changed.")


@record
class BatchPage:
    """Batches, newest first. `next_cursor` asks for the ones behind them, None at the end."""

    items: tuple[Batch, ...]
    next_cursor: str | None = None


@record
class MasterPage:
    items: tuple[MasterRecord, ...]
    next_cursor: str | None = None


@record
class BatchPlan:
    """A batch to be made. Without a `number` it gets the plant's next one."""

    master_id: MasterId
    quantity: Quantity
    line: str
    number: str = ""
    planned_start: datetime | None = None
    materials: tuple[MaterialUse, ...] = ()


@record
class BatchAmendment:
    """The whole plan as it shall be, and why it changes."""

    quantity: Quantity
    line: str
    planned_start: datetime | None
    reason: str


@record
class StageStart:
    stage_key: str


@record
class BatchRecord:
    """Everything that is written about one batch, at one moment."""

    batch: Batch
    master: MasterRecord
    stages: tuple[Stage, ...]
    steps: tuple[Step, ...]
    exceptions: tuple[ReviewException, ...]
    deviations: tuple[Deviation, ...]
    clearances: tuple[Clearance, ...]
    series: tuple[MetricSeries, ...]


@router.get(paths.BATCHES, response_model=BatchPage)
async def list_batches(
    caller: Reads,
    database: DatabaseHere,
    status: Annotated[list[BatchStatus] | None, Query()] = None,
    text: Text = "",
    line: Text = "",
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Batches of the token's plant, newest first. `text` is looked for in number, product, line and lots."""
    asked = BatchFilter(statuses=frozenset(status or ()), text=text, line=line)
    async with database.transaction() as tx:
        return json_answer(await batch_page(tx, caller.plant_id, asked, limit, cursor))


@router.post(
    paths.BATCHES,
    status_code=201,
    response_model=Batch,
    responses=refusals(_404="There is no such master record.") | REFUSED,
)
async def create_batch(
    body: BatchPlan,
    caller: Creates,
    desk: DeskHere,
    database: DatabaseHere,
    remote: RemoteHere,
    key: IdempotencyKey,
) -> Response:
    """Plan a batch from an effective master record."""
    command = CreateBatch(
        master_id=body.master_id,
        number=body.number,
        quantity=body.quantity,
        line=body.line,
        planned_start=body.planned_start,
        materials=body.materials,
    )
    acted = await desk.act(command, person_of(caller), caller.plant_id, remote=remote, command_id=key)
    made = _changed(acted)
    if made is None:  # the same key again: what it made the first time
        async with database.transaction() as tx:
            made = await batch_made_by(tx, caller.plant_id, acted.outcome.id)
    return _tagged(made, 201, {"Location": paths.BATCH.format(batch_id=made.id)})


@router.get(paths.BATCH, response_model=Batch, responses=NO_BATCH)
async def get_batch(batch_id: BatchId, caller: Reads, database: DatabaseHere) -> Response:
    """One batch. Its ETag is what an amendment must bring back."""
    async with database.transaction() as tx:
        return _tagged(await batch_of(tx, caller.plant_id, batch_id))


@router.put(paths.BATCH, response_model=Batch, responses=NO_BATCH | STALE | NO_TAG)
async def amend_batch(
    batch_id: BatchId,
    body: BatchAmendment,
    caller: Updates,
    base_revision: BaseRevision,
    desk: DeskHere,
    database: DatabaseHere,
    remote: RemoteHere,
) -> Response:
    """Change the plan of a batch that was not issued yet."""
    async with database.transaction() as tx:
        await batch_of(tx, caller.plant_id, batch_id)
    command = AmendBatch(
        batch_id=batch_id,
        base_revision=base_revision,
        quantity=body.quantity,
        line=body.line,
        planned_start=body.planned_start,
        reason=body.reason,
    )
    acted = await desk.act(command, person_of(caller), caller.plant_id, remote=remote)
    granted(acted.refusal)
    async with database.transaction() as tx:
        return _tagged(await batch_of(tx, caller.plant_id, batch_id))


@router.post(paths.BATCH_STAGES, status_code=201, response_model=Stage, responses=NO_BATCH | REFUSED)
async def start_stage(
    batch_id: BatchId,
    body: StageStart,
    caller: Executes,
    desk: DeskHere,
    database: DatabaseHere,
    remote: RemoteHere,
) -> Response:
    """Start a stage of a running batch. Completing it is a signature, made at a workstation."""
    async with database.transaction() as tx:
        await batch_of(tx, caller.plant_id, batch_id)
    command = StartStage(batch_id=batch_id, stage_key=body.stage_key)
    acted = await desk.act(command, person_of(caller), caller.plant_id, remote=remote)
    granted(acted.refusal)
    return answer(next(each for each in acted.after if isinstance(each, Stage)), 201)


@router.post(paths.BATCH_METRICS, status_code=201, response_model=MetricSeries, responses=NO_BATCH | REFUSED)
async def record_metrics(
    batch_id: BatchId,
    body: MetricsRequest,
    caller: Executes,
    desk: DeskHere,
    database: DatabaseHere,
    remote: RemoteHere,
) -> Response:
    """Store one chunk of a time series; the journal keeps its digest."""
    async with database.transaction() as tx:
        await batch_of(tx, caller.plant_id, batch_id)
    command = command_of(batch_id, body)
    acted = await desk.act(
        command,
        person_of(caller),
        caller.plant_id,
        remote=remote,
        beside=with_points(command, body.rows),
    )
    granted(acted.refusal)
    return answer(next(each for each in acted.after if isinstance(each, MetricSeries)), 201)


@router.get(
    paths.BATCH_METRICS,
    response_class=StreamingResponse,
    responses={200: {"content": {POINTS_TYPE: {"schema": {"type": "string"}}}}} | NO_BATCH,
)
async def read_metrics(
    batch_id: BatchId,
    caller: Reads,
    database: DatabaseHere,
    stage: Text | None = None,
    points: Annotated[int | None, Query(ge=4, le=100_000)] = None,
) -> Response:
    """The series of a batch, one line per row. With `points`, thinned out per bucket to its lows and highs."""
    async with database.transaction() as tx:
        await batch_of(tx, caller.plant_id, batch_id)
        series = await series_of(tx, caller.plant_id, batch_id, stage)
    lines = point_lines(database, series, points)
    return StreamingResponse(lines, media_type=POINTS_TYPE, headers={"Cache-Control": "no-store"})


@router.post(paths.BATCH_COMPLETE, response_model=Batch, responses=NO_BATCH | REFUSED)
async def complete_batch(
    batch_id: BatchId, body: SealedCommand, caller: Executes, shared: SharedHere, remote: RemoteHere
) -> Response:
    """Hand an executed batch over to review. A signature: takes the sealed `batch.complete` and nothing else."""
    async with shared.database.transaction() as tx:
        await batch_of(tx, caller.plant_id, batch_id)
    await hand_in(shared, body, CompleteBatch(batch_id=batch_id), caller, remote)
    async with shared.database.transaction() as tx:
        return _tagged(await batch_of(tx, caller.plant_id, batch_id))


@router.get(paths.BATCH_RECORD, response_model=BatchRecord, responses=NO_BATCH)
async def read_record(batch_id: BatchId, caller: Reads, shared: SharedHere) -> Response:
    """The whole file of a batch."""
    async with shared.database.transaction(snapshot=True) as tx:
        return answer(await _record_of(tx, shared, caller.plant_id, batch_id))


@router.get(paths.BATCH_HISTORY, response_model=HistoryPage, responses=NO_BATCH)
async def read_history(
    batch_id: BatchId,
    caller: Reads,
    database: DatabaseHere,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
    cursor: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """The journal's rows of a batch, in the journal's order, behind `cursor`."""
    async with database.transaction() as tx:
        await batch_of(tx, caller.plant_id, batch_id)
        lines = await history_of(tx, caller.plant_id, batch_id, after=cursor, limit=limit + 1)
    shown = lines[:limit]
    return answer(HistoryPage(items=shown, next_cursor=str(shown[-1].seq) if len(lines) > limit else None))


@router.get(
    paths.BATCH_PDF,
    response_class=Response,
    responses={200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}} | NO_BATCH,
)
async def read_pdf(
    batch_id: BatchId, caller: Reads, shared: SharedHere, copy: Annotated[int, Query(ge=0, le=999)] = 1
) -> Response:
    """The record as PDF/A-2a: what an inspector reads. `copy` is the number that stands on it."""
    by = await printed_name(shared.database, shared.desk, caller.user_id)
    printing = Printing(at=shared.clock(), by=by, copy=copy)
    paper = await paper_of(shared.database, shared.desk, caller.plant_id, batch_id, printing)
    return file_answer(paper, PDF)


@router.get(
    paths.BATCH_EVIDENCE,
    response_class=Response,
    responses={200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}} | NO_BATCH,
)
async def read_evidence(batch_id: BatchId, caller: Reads, shared: SharedHere) -> Response:
    """The evidence bundle: a zip that `main.py verify` checks without server or network."""
    by = await printed_name(shared.database, shared.desk, caller.user_id)
    printing = Printing(at=shared.clock(), by=by)
    bundle = await evidence_of(
        shared.database, shared.desk, shared.journal.key, caller.plant_id, batch_id, printing
    )
    return file_answer(bundle, ZIP)


@router.get(paths.MASTERS, tags=["masters"], response_model=MasterPage)
async def list_masters(
    caller: Reads,
    database: DatabaseHere,
    status: Annotated[list[MasterStatus] | None, Query()] = None,
) -> Response:
    """Master records in every version, by title. They belong to no plant."""
    del caller  # the gate is all that is asked
    async with database.transaction() as tx:
        return json_answer(await master_page(tx, frozenset(status or ())))


def file_answer(content: bytes, media_type: str) -> Response:
    """A file of a plant; like all its answers, kept by no proxy and no browser."""
    return Response(content, media_type=media_type, headers={"Cache-Control": "no-store"})


def _changed(acted: Acted) -> Batch | None:
    granted(acted.refusal)
    return next((each for each in acted.after if isinstance(each, Batch)), None)


def _tagged(batch: Batch, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return answer(batch, status, {"ETag": tag_of(batch.revision), **(headers or {})})


async def _record_of(
    tx: Transaction, shared: SharedHere, plant_id: PlantId, batch_id: BatchId
) -> BatchRecord:
    await batch_of(tx, plant_id, batch_id)
    found = await shared.desk.store.load_batch_files(tx, plant_id, [batch_id])
    by_kind: dict[str, list[Any]] = {}
    for each in sorted(found, key=lambda each: each.id.bytes):
        by_kind.setdefault(each.KIND, []).append(each)
    return BatchRecord(
        batch=by_kind["batch"][0],
        master=by_kind["master"][0],
        stages=tuple(sorted(by_kind.get("stage", ()), key=lambda each: each.position)),
        steps=tuple(by_kind.get("step", ())),
        exceptions=tuple(by_kind.get("exception", ())),
        deviations=tuple(by_kind.get("deviation", ())),
        clearances=tuple(by_kind.get("clearance", ())),
        series=tuple(by_kind.get("series", ())),
    )
