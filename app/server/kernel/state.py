"""What routes reach of the process they run in: one pool, one desk, one clock. Set by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from app.server.kernel.database import Database
from app.server.kernel.desk import CommandDesk
from app.server.kernel.journal import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """`app.state.shared`. `clock` answers the server's time, aware; `new_id` makes UUIDv7."""

    database: Database
    desk: CommandDesk
    journal: Journal
    clock: Callable[[], datetime]
    new_id: Callable[[], UUID]


def shared_of(request: Request) -> Shared:
    """What the application shares with its routes."""
    state: Any = request.app.state
    return state.shared


def _database(request: Request) -> Database:
    return shared_of(request).database


def _desk(request: Request) -> CommandDesk:
    return shared_of(request).desk


SharedHere = Annotated[Shared, Depends(shared_of)]
DatabaseHere = Annotated[Database, Depends(_database)]
DeskHere = Annotated[CommandDesk, Depends(_desk)]
"""For a route's parameters."""
