"""`/api/v1/deviations`. Writes become the same commands that workstations seal, and go the same way."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain.deviation import (
    AmendDeviation,
    CloseDeviation,
    Deviation,
    DeviationClass,
    DeviationStatus,
    InvestigateDeviation,
    Investigation,
    RaiseDeviation,
)
from app.domain.identity import BatchId, CommandId, DeviationId, ExceptionId, derived
from app.domain.permissions import Permission
from app.domain.record import record
from app.server.kernel.answers import answer, granted, json_answer
from app.server.kernel.gates import caller_with, person_of
from app.server.kernel.openapi import refusals
from app.server.kernel.pages import MOST_ITEMS
from app.server.kernel.preconditions import BaseRevision, IdempotencyKey, tag_of
from app.server.kernel.sealed_acts import hand_in
from app.server.kernel.security import Caller, RemoteHere
from app.server.kernel.state import DatabaseHere, DeskHere, SharedHere
from app.server.quality.queries import DeviationFilter, batch_exists, deviation_of, deviation_page
from app.wire import paths
from app.wire.seal import SealedCommand

router = APIRouter(tags=["deviations"])

Reads = Annotated[Caller, caller_with(Permission.BATCH_READ, stations=True)]
Raises = Annotated[Caller, caller_with(Permission.DEVIATION_CREATE)]
Investigates = Annotated[Caller, caller_with(Permission.DEVIATION_INVESTIGATE)]
Closes = Annotated[Caller, caller_with(Permission.DEVIATION_APPROVE)]
Text = Annotated[str, Query(max_length=200)]

NO_DEVIATION: Final = refusals(_404="The plant has no such deviation.")
REFUSED: Final = refusals(_409="The rules of the plant refuse it; `reason` says why.")
STALE: Final = refusals(_409="The record was changed since, or its status does not allow it.")
NO_TAG: Final = refusals(_428="Without If-Match nothing is changed.")
NOTHING_FOUND: Final = Investigation(
    root_cause="", method="", evidence="", impact="", other_batches="", correction=""
)


@record
class DeviationPage:
    """Deviations, last noticed first. `next_cursor` asks for the ones behind them, None at the end."""

    items: tuple[Deviation, ...]
    next_cursor: str | None = None


@record
class DeviationReport:
    """A departure to report. `occurred_at` and `noticed_at` are two times, and both are asked for (requirements c1)."""

    title: str
    description: str
    immediate_action: str
    occurred_at: datetime
    noticed_at: datetime
    batch_id: BatchId | None = None
    stage_key: str = ""
    step_key: str = ""
    exception_id: ExceptionId | None = None
    equipment: str = ""
    lot: str = ""
    product_held: bool = False


@record
class DeviationAmendment:
    """The report as it shall be, and why it changes."""

    title: str
    description: str
    immediate_action: str
    reason: str


@router.get(paths.DEVIATIONS, response_model=DeviationPage)
async def list_deviations(
    caller: Reads,
    database: DatabaseHere,
    status: Annotated[list[DeviationStatus] | None, Query()] = None,
    classification: DeviationClass | None = None,
    batch_id: BatchId | None = None,
    text: Text = "",
    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Deviations of the token's plant, last noticed first. `text` is looked for in number, title and description."""
    asked = DeviationFilter(
        statuses=frozenset(status or ()), classification=classification, batch_id=batch_id, text=text
    )
    async with database.transaction() as tx:
        return json_answer(await deviation_page(tx, caller.plant_id, asked, limit, cursor))


@router.post(
    paths.DEVIATIONS,
    status_code=201,
    response_model=Deviation,
    responses=refusals(_404="The plant has no such batch.") | REFUSED,
)
async def raise_deviation(
    body: DeviationReport, caller: Raises, shared: SharedHere, remote: RemoteHere, key: IdempotencyKey
) -> Response:
    """Report a departure. It gets the plant's next number."""
    command_id = key or CommandId(shared.new_id())
    deviation_id = DeviationId(derived(command_id, "deviation"))
    if body.batch_id is not None:
        async with shared.database.transaction() as tx:
            await batch_exists(tx, caller.plant_id, body.batch_id)
    command = RaiseDeviation(
        deviation_id=deviation_id,
        title=body.title,
        description=body.description,
        immediate_action=body.immediate_action,
        occurred_at=body.occurred_at,
        noticed_at=body.noticed_at,
        batch_id=body.batch_id,
        stage_key=body.stage_key,
        step_key=body.step_key,
        exception_id=body.exception_id,
        equipment=body.equipment,
        lot=body.lot,
        product_held=body.product_held,
    )
    acted = await shared.desk.act(
        command, person_of(caller), caller.plant_id, remote=remote, command_id=command_id
    )
    granted(acted.refusal)
    async with shared.database.transaction() as tx:
        made = await deviation_of(tx, caller.plant_id, deviation_id)
    return _tagged(made, 201, {"Location": paths.DEVIATION.format(deviation_id=deviation_id)})


@router.get(paths.DEVIATION, response_model=Deviation, responses=NO_DEVIATION)
async def get_deviation(deviation_id: DeviationId, caller: Reads, database: DatabaseHere) -> Response:
    """One deviation. Its ETag is what an amendment must bring back."""
    async with database.transaction() as tx:
        return _tagged(await deviation_of(tx, caller.plant_id, deviation_id))


@router.put(paths.DEVIATION, response_model=Deviation, responses=NO_DEVIATION | STALE | NO_TAG)
async def amend_deviation(
    deviation_id: DeviationId,
    body: DeviationAmendment,
    caller: Raises,
    base_revision: BaseRevision,
    desk: DeskHere,
    database: DatabaseHere,
    remote: RemoteHere,
) -> Response:
    """Complete a report that QA has not classified yet."""
    async with database.transaction() as tx:
        await deviation_of(tx, caller.plant_id, deviation_id)
    command = AmendDeviation(
        deviation_id=deviation_id,
        base_revision=base_revision,
        title=body.title,
        description=body.description,
        immediate_action=body.immediate_action,
        reason=body.reason,
    )
    acted = await desk.act(command, person_of(caller), caller.plant_id, remote=remote)
    granted(acted.refusal)
    async with database.transaction() as tx:
        return _tagged(await deviation_of(tx, caller.plant_id, deviation_id))


@router.post(paths.DEVIATION_INVESTIGATE, response_model=Deviation, responses=NO_DEVIATION | REFUSED)
async def investigate_deviation(
    deviation_id: DeviationId,
    body: SealedCommand,
    caller: Investigates,
    shared: SharedHere,
    remote: RemoteHere,
) -> Response:
    """Sign what an investigation found. Takes the sealed `deviation.investigate` and nothing else."""
    expected = InvestigateDeviation(deviation_id=deviation_id, investigation=NOTHING_FOUND)
    return await _signed(deviation_id, body, expected, caller, shared, remote)


@router.post(paths.DEVIATION_CLOSE, response_model=Deviation, responses=NO_DEVIATION | REFUSED)
async def close_deviation(
    deviation_id: DeviationId, body: SealedCommand, caller: Closes, shared: SharedHere, remote: RemoteHere
) -> Response:
    """Sign a deviation as closed. Takes the sealed `deviation.close` and nothing else."""
    expected = CloseDeviation(deviation_id=deviation_id, base_revision=0, capa_required=False, conclusion="")
    return await _signed(deviation_id, body, expected, caller, shared, remote)


async def _signed(
    deviation_id: DeviationId,
    body: SealedCommand,
    expected: InvestigateDeviation | CloseDeviation,
    caller: Caller,
    shared: SharedHere,
    remote: RemoteHere,
) -> Response:
    async with shared.database.transaction() as tx:
        await deviation_of(tx, caller.plant_id, deviation_id)
    await hand_in(shared, body, expected, caller, remote)
    async with shared.database.transaction() as tx:
        return _tagged(await deviation_of(tx, caller.plant_id, deviation_id))


def _tagged(deviation: Deviation, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return answer(deviation, status, {"ETag": tag_of(deviation.revision), **(headers or {})})
