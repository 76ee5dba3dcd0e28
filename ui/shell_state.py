"""What the window around the screens shows. Knows no Qt and no domain record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType


class Connection(StrEnum):
    ONLINE = "online"
    OFFLINE = "offline"
    REFUSED = "refused"  # the server answers, and says no to this workstation


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is signed in, since when, and in which role, as a person reads it."""

    name: str
    role: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A banner that lasts as long as its reason. `action` names what its button does, empty for none.

    `tone` is a word of `ui.tokens.Tone`, `icon` a name of `ui.icons.Icon` (empty: the tone's own mark); `key` tells
    the receiver of the gesture which notice it was.
    """

    key: str
    text: str
    tone: str = "info"
    icon: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellState:
    """Everything around the pages. All datetimes are aware; they are shown in `now`'s zone."""

    plant: str
    station: str
    now: datetime
    person: Person | None = None
    locked: bool = False
    lock_error: str = ""
    connection: Connection = Connection.ONLINE
    offline_since: datetime | None = None
    clock_offset: timedelta | None = None  # server minus workstation, as last known
    waiting: int = 0
    needs_attention: int = 0
    last_sync: datetime | None = None
    pages: frozenset[str] | None = None  # the pages this person may open; None means all
    badges: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    notice: Notice | None = None
