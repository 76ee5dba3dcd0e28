"""What the window around the screens says, worked out from session, sync and records. Knows no Qt."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from app.client.observable import Observable, Unsubscribe
from app.client.ports import BatchQuery, Desk, DeviationQuery, Link, SignedIn, SyncState, WitnessState
from app.domain.batch import BatchStatus
from app.domain.deviation import SETTLED, DeviationStatus
from app.domain.permissions import Permission, Role, may
from ui.shell_state import Connection, Notice, Person, ShellState

BATCHES: Final = "batches"
BATCH: Final = "batch"
STAGE: Final = "stage"
DEVIATIONS: Final = "deviations"
DEVIATION: Final = "deviation"
RAISE: Final = "raise-deviation"
REVIEW: Final = "review"
REVIEW_FILE: Final = "review-file"
SYNC: Final = "sync"
SIGN_IN: Final = "sign-in"

PUT_BACK: Final = "put-back"
SEE_WITNESS: Final = "see-witness"
SEE_ATTENTION: Final = "see-attention"

_CONNECTIONS: Final = MappingProxyType(
    {Link.ONLINE: Connection.ONLINE, Link.OFFLINE: Connection.OFFLINE, Link.REFUSED: Connection.REFUSED}
)
_RIGHTS: Final = MappingProxyType(
    {
        BATCHES: (Permission.BATCH_READ,),
        BATCH: (Permission.BATCH_READ,),
        STAGE: (Permission.BATCH_READ,),
        DEVIATIONS: (Permission.BATCH_READ, Permission.DEVIATION_CREATE),
        DEVIATION: (Permission.BATCH_READ, Permission.DEVIATION_CREATE),
        RAISE: (Permission.DEVIATION_CREATE,),
        REVIEW: (Permission.BATCH_REVIEW, Permission.QUALITY_REVIEW, Permission.BATCH_APPROVE),
        REVIEW_FILE: (Permission.BATCH_REVIEW, Permission.QUALITY_REVIEW, Permission.BATCH_APPROVE),
    }
)
"""A page opens for whoever has one of its rights; a page that is not listed opens for everyone signed in."""

_WAITING_FOR: Final = MappingProxyType(
    {
        Permission.BATCH_REVIEW: BatchStatus.PRODUCTION_REVIEW,
        Permission.QUALITY_REVIEW: BatchStatus.QA_REVIEW,
        Permission.BATCH_APPROVE: BatchStatus.REVIEWED,
    }
)


def pages_for(role: Role) -> frozenset[str]:
    """The pages someone of this role may open."""
    listed = {page for page, rights in _RIGHTS.items() if any(may(role, right) for right in rights)}
    return frozenset({*listed, SYNC, SIGN_IN})


def waiting_for(role: Role) -> frozenset[BatchStatus]:
    """The statuses in which a batch waits for someone of this role."""
    return frozenset(status for right, status in _WAITING_FOR.items() if may(role, right))


class WorkplaceModel:
    """Keeps one `ShellState` true. `plugged`: whether the demo's plug can be put back from the banner."""

    def __init__(self, desk: Desk, plant: str, station: str, clock: Callable[[], datetime]) -> None:
        self._desk = desk
        self._clock = clock
        self.state = Observable(ShellState(plant=plant, station=station, now=clock()))
        self._badges: dict[str, int] = {}
        self._counts = 0
        self._undo: list[Unsubscribe] = [
            desk.session.person.subscribe(lambda _: self.refresh()),
            desk.session.locked.subscribe(lambda _: self.refresh()),
            desk.sync.state.subscribe(lambda _: self.refresh()),
        ]
        if desk.plug is not None:
            self._undo.append(desk.plug.pulled.subscribe(lambda _: self.refresh()))
        self._lock_error = ""
        self.refresh()

    def close(self) -> None:
        for undo in self._undo:
            undo()

    def say_lock_error(self, sentence: str) -> None:
        """What went wrong with the last try to unlock; empty for nothing."""
        self._lock_error = sentence
        self.refresh()

    def refresh(self) -> None:
        """Say how things are now."""
        person = self._desk.session.person.value
        sync = self._desk.sync.state.value
        before = self.state.value
        offset = sync.clock_offset_ms
        self.state.set(
            ShellState(
                plant=person.plant_name if person else before.plant,
                station=person.station_name if person else before.station,
                now=self._clock(),
                person=_person(person),
                locked=self._desk.session.locked.value,
                lock_error=self._lock_error if self._desk.session.locked.value else "",
                connection=_CONNECTIONS[sync.link],
                offline_since=None if sync.link is Link.ONLINE else sync.since,
                clock_offset=None if offset is None else timedelta(milliseconds=offset),
                waiting=sync.waiting,
                needs_attention=sync.attention,
                last_sync=sync.last_sync,
                pages=pages_for(person.role) if person else frozenset({SIGN_IN}),
                badges=MappingProxyType(self._badges | _sync_badge(sync)),
                notice=self._notice(sync),
            )
        )

    async def count(self) -> None:
        """Count what waits for this person; the numbers beside the rail's words.

        Counting takes a moment: where another count was begun meanwhile (a change, another person), that one is said.
        """
        self._counts += 1
        count, person = self._counts, self._desk.session.person.value
        badges: dict[str, int] = {}
        if person is not None:
            waits = waiting_for(person.role)
            found = await self._desk.records.batches(BatchQuery(statuses=waits, limit=1)) if waits else None
            open_ones = frozenset(each for each in DeviationStatus if each not in SETTLED)
            deviations = await self._desk.records.deviations(DeviationQuery(statuses=open_ones, limit=1))
            badges = {REVIEW: found.total if found else 0, DEVIATIONS: deviations.total}
        if count == self._counts:
            self._badges = badges
            self.refresh()

    def _notice(self, sync: SyncState) -> Notice | None:
        plug = self._desk.plug
        if sync.witness is WitnessState.BROKEN:
            return Notice(
                key=SEE_WITNESS,
                text="The server shows another past than this workstation has seen. Entries are kept here; "
                "tell Quality Assurance.",
                tone="stopped",
                action="Show what differs",
            )
        if sync.link is Link.OFFLINE:
            put_back = plug is not None and plug.pulled.value
            waiting = f" {sync.waiting} waiting." if sync.waiting else ""
            return Notice(
                key=PUT_BACK if put_back else "offline",
                text=f"Working offline since {sync.since.astimezone(self._clock().tzinfo):%H:%M}. "
                f"Entries are saved on this workstation and sent when the network is back.{waiting}",
                tone="attention",
                icon="offline",
                action="Put the plug back" if put_back else "",
            )
        if sync.link is Link.REFUSED:
            return Notice(
                key="refused",
                text="The server answers but does not accept this workstation. Entries are kept here; "
                "tell an administrator.",
                tone="stopped",
            )
        if sync.attention:
            text = (
                "1 entry needs attention."
                if sync.attention == 1
                else f"{sync.attention} entries need attention."
            )
            return Notice(key=SEE_ATTENTION, text=text, tone="attention", action="Show")
        return None


def _person(person: SignedIn | None) -> Person | None:
    return Person(name=person.name, role=person.role.value, since=person.since) if person else None


def _sync_badge(sync: SyncState) -> dict[str, int]:
    return {SYNC: sync.attention} if sync.attention else {}
