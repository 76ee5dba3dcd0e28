"""The bundled API in one piece: what it is made of, and which of its services a process serves.

Every process holds the desk and all records, whatever it serves: a command is decided by the same rules everywhere
(ruling A15). `only` chooses the REST routes.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from fastapi import APIRouter, FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from app.domain.record import record
from app.server.auth import directory as auth_directory
from app.server.auth import router as auth_router
from app.server.auth.authentication import Authentication, open_authentication
from app.server.auth.settings import AuthSettings
from app.server.auth.tables import TABLES as AUTH_TABLES
from app.server.auth.tables import read_names
from app.server.kernel import problems
from app.server.kernel.answers import answer
from app.server.kernel.database import Database
from app.server.kernel.desk import CommandDesk
from app.server.kernel.gates import open_door
from app.server.kernel.journal import Journal
from app.server.kernel.live import LiveHeads
from app.server.kernel.openapi import DescribedApi, operation_id
from app.server.kernel.problems import BodyLimit
from app.server.kernel.server_key import ServerKey
from app.server.kernel.settings import Settings
from app.server.kernel.state import DatabaseHere, Shared
from app.server.kernel.sync_router import sync_router
from app.server.kernel.telemetry import RequestIds
from app.server.production import router as production_router
from app.server.production.tables import TABLES as PRODUCTION_TABLES
from app.server.quality import router as quality_router
from app.server.quality.tables import TABLES as QUALITY_TABLES
from app.wire import paths

TABLES: Final = (*AUTH_TABLES, *PRODUCTION_TABLES, *QUALITY_TABLES)
"""Where every kind of record lies."""


class Service(StrEnum):
    """What can be served apart, behind a gateway."""

    AUTH = "auth"
    PRODUCTION = "production"
    QUALITY = "quality"


ROUTERS: Final[dict[Service, tuple[APIRouter, ...]]] = {
    Service.AUTH: (auth_router.router, auth_directory.router),
    Service.PRODUCTION: (production_router.router,),
    Service.QUALITY: (quality_router.router,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What one process is made of. `desk` and `authentication` work without any HTTP: `admin` and the demo use them."""

    settings: Settings
    database: Database
    journal: Journal
    desk: CommandDesk
    live: LiveHeads
    authentication: Authentication
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]


def assemble(
    settings: Settings,
    auth: AuthSettings,
    *,
    api_url: str,
    key: ServerKey,
    clock: Callable[[], datetime],
    new_id: Callable[[], UUID],
    random_bytes: Callable[[int], bytes],
    zone: str = "UTC",
) -> Parts:
    """The parts on a migrated database, which is connected to on first use. `await parts.desk.open()` comes next.

    Raises TokenKeysFailed where the token keys cannot be used.
    """
    database = Database.open(api_url, settings)
    live = LiveHeads(api_url, heartbeat_seconds=settings.heartbeat_seconds)
    journal = Journal(key=key, clock=clock, entropy=random_bytes, announce=live.announce)
    desk = CommandDesk(
        database=database,
        tables=TABLES,
        names_of=read_names,
        key=key,
        journal=journal,
        clock=clock,
        new_id=new_id,
        zone=zone,
    )
    authentication = open_authentication(
        auth,
        database=database,
        journal=journal,
        desk=desk,
        journal_key=key.public_key,
        clock=clock,
        new_id=new_id,
        random_bytes=random_bytes,
    )
    return Parts(
        settings=settings,
        database=database,
        journal=journal,
        desk=desk,
        live=live,
        authentication=authentication,
        clock=clock,
        new_id=new_id,
    )


def create_app(parts: Parts, *, only: frozenset[Service] | None = None, docs: bool = False) -> FastAPI:
    """The application. `only`: the REST services to serve, all by default; the sync is served by every process.

    `docs` shows a page to try the API on; the description itself is always at `/openapi.json`.
    """

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncGenerator[None]:
        await parts.desk.open()
        await parts.authentication.tidy()
        async with asyncio.TaskGroup() as tasks:
            passing_on = tasks.create_task(parts.live.run(), name="live heads")
            try:
                yield
            finally:
                parts.live.close()
                passing_on.cancel()
        parts.desk.close()
        await parts.database.close()

    app = DescribedApi(
        title="Batchwright",
        version="1",
        summary="The electronic batch record: batches, deviations, people, workstations, and their sync.",
        lifespan=life,
        docs_url="/docs" if docs else None,
        redoc_url=None,
        generate_unique_id_function=operation_id,
    )
    app.state.shared = Shared(
        database=parts.database,
        desk=parts.desk,
        journal=parts.journal,
        clock=parts.clock,
        new_id=parts.new_id,
    )
    app.state.authentication = parts.authentication
    app.state.token_reader = parts.authentication.callers
    problems.install(app)
    app.add_middleware(BodyLimit, most=parts.settings.most_request_bytes)
    app.add_middleware(RequestIds, new_id=parts.new_id)
    app.include_router(health)
    for service in Service:
        if only is None or service in only:
            for each in ROUTERS[service]:
                app.include_router(each)
    app.include_router(
        sync_router(desk=parts.desk, database=parts.database, live=parts.live, clock=parts.clock)
    )
    return app


@record
class Health:
    """Whether this process answers, and whether it reaches its database."""

    status: str


health = APIRouter(tags=["health"])


@health.get(paths.HEALTH, response_model=Health, dependencies=[open_door("says nothing but that we live")])
async def alive() -> Response:
    """The process answers."""
    return answer(Health(status="alive"))


@health.get(
    paths.READY,
    response_model=Health,
    dependencies=[open_door("says nothing but whether to send requests here")],
    responses={503: {"model": Health, "description": "The database does not answer."}},
)
async def ready(database: DatabaseHere) -> Response:
    """The process reaches its database."""
    try:
        async with database.transaction() as tx:
            await tx.value("SELECT 1")
    except (SQLAlchemyError, OSError):
        return answer(Health(status="no database"), 503)
    return answer(Health(status="ready"))
