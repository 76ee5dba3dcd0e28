"""An outbox with everything that can lie in it: waiting, sent, refused with a reason, refused with blockers."""

from datetime import datetime, timedelta

from app.client.ports import Mark, PendingCommand
from app.domain.decision import Blocker, Reason
from app.domain.identity import CommandId
from tests.support.desk import SampleDesk


def fill_outbox(desk: SampleDesk) -> None:
    """Six commands that wait and two that the server refused."""
    now = desk.world.now
    for place, (author, number, kind, title, minutes, mark) in enumerate(
        (
            ("Ana Kovač", "B-2026-0147", "entry.record", "Main compression force: 18.6 kN", 47, Mark.SENT),
            (
                "Ana Kovač",
                "B-2026-0147",
                "entry.record",
                "Average weight of 20 tablets: 201.3 mg",
                42,
                Mark.SAVED_HERE,
            ),
            ("Ana Kovač", "B-2026-0147", "entry.verify", "Line clearance: verified", 40, Mark.SAVED_HERE),
            (
                "Marko Zupan",
                "B-2026-0146",
                "entry.record",
                "Temperature of the syrup base: 70 °C",
                21,
                Mark.SAVED_HERE,
            ),
            ("Marko Zupan", "B-2026-0146", "stage.start", "Suspension: started", 19, Mark.SAVED_HERE),
            (
                "Ana Kovač",
                "",
                "deviation.raise",
                "Deviation: leaking valve at the washer",
                4,
                Mark.SAVED_HERE,
            ),
        )
    ):
        _keep(desk, place, author, number, kind, title, now - timedelta(minutes=minutes), mark)
    _keep(
        desk,
        20,
        "Marko Zupan",
        "B-2026-0144",
        "stage.complete",
        "Blending: signed as performed",
        now - timedelta(hours=5),
        Mark.NEEDS_ATTENTION,
        reason=Reason.WRONG_STATUS,
        detail=("On Hold", "stage.complete"),
    )
    _keep(
        desk,
        21,
        "Marko Zupan",
        "B-2026-0144",
        "batch.complete",
        "Batch handed over to review",
        now - timedelta(hours=4, minutes=58),
        Mark.NEEDS_ATTENTION,
        reason=Reason.DEPENDENCY_REFUSED,
        blockers=(
            Blocker(
                what="stage_incomplete", kind="batch", id=desk.batch_id("B-2026-0144"), detail="Blending"
            ),
        ),
    )
    desk.sync.count()


def _keep(
    desk: SampleDesk,
    place: int,
    author: str,
    number: str,
    kind: str,
    title: str,
    at: datetime,
    mark: Mark,
    *,
    reason: Reason | None = None,
    detail: tuple[str, ...] = (),
    blockers: tuple[Blocker, ...] = (),
) -> None:
    key = CommandId(desk.world.fresh())
    desk.board.outbox[key] = PendingCommand(
        id=key,
        counter=400 + place,
        kind=kind,
        title=title,
        author=author,
        batch_id=desk.batch_id(number) if number else None,
        batch_number=number,
        performed_at=at,
        mark=mark,
        reason=reason,
        detail=detail,
        blockers=blockers,
    )
