"""Where deviations lie. The DDL stands in `app/server/kernel/migrations/first/quality.sql`."""

from typing import Final

from app.domain.deviation import Deviation
from app.server.kernel.record_tables import RecordTable, columns


def _deviation(each: Deviation) -> tuple[object, ...]:
    return (
        each.plant_id,
        each.number,
        each.title,
        each.status.value,
        each.classification.value if each.classification else None,
        each.batch_id,
        each.product_held,
        each.occurred_at,
        each.noticed_at,
        each.due_on,
        each.reported_by,
    )


TABLES: Final = (
    RecordTable(
        kind="deviation",
        table="quality.deviations",
        columns=columns(
            "plant_id text, number text, title text, status text, classification text, batch_id uuid, "
            "product_held boolean, occurred_at timestamptz, noticed_at timestamptz, due_on timestamptz, "
            "reported_by uuid"
        ),
        values=_deviation,
    ),
)
