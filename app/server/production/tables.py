"""Where products, master records, batches and all that belongs to a batch lie.

The DDL of the whole schema stands in `app/server/kernel/migrations/first/production.sql`.
"""

from typing import Final

from app.domain.batch import Batch
from app.domain.exception import ReviewException
from app.domain.master_record import MasterRecord, Product
from app.domain.metrics import MetricSeries
from app.domain.review import Clearance
from app.domain.stage import Stage
from app.domain.step import Step
from app.domain.transcription import Dataset
from app.server.kernel.record_tables import RecordTable, columns


def _product(each: Product) -> tuple[object, ...]:
    return (each.code, each.name)


def _master(each: MasterRecord) -> tuple[object, ...]:
    return (each.product_id, each.version, each.title, each.status.value, each.content_hash)


def _batch(each: Batch) -> tuple[object, ...]:
    return (
        each.plant_id,
        each.number,
        each.product_id,
        each.product_name,
        each.master_id,
        each.status.value,
        each.line,
        each.stage_key,
        each.stage_name,
        each.quantity.value,
        each.quantity.unit,
        each.planned_start,
        each.started_at,
        each.started_on,
        each.ended_at,
        each.origin.value,
        each.created_by,
        each.created_at,
    )


def _stage(each: Stage) -> tuple[object, ...]:
    return (
        each.plant_id,
        each.batch_id,
        each.key,
        each.name,
        each.position,
        each.status.value,
        each.started_at,
        each.completed_at,
        each.officer_id,
        each.notes,
    )


def _step(each: Step) -> tuple[object, ...]:
    return (each.plant_id, each.batch_id, each.stage_key, each.step_key, each.status.value)


def _exception(each: ReviewException) -> tuple[object, ...]:
    return (
        each.plant_id,
        each.batch_id,
        each.rule.value,
        each.severity.value,
        each.status.value,
        each.raised_at,
    )


def _clearance(each: Clearance) -> tuple[object, ...]:
    return (each.plant_id, each.batch_id, each.station_id)


def _series(each: MetricSeries) -> tuple[object, ...]:
    return (
        each.plant_id,
        each.batch_id,
        each.stage_key,
        each.name,
        each.rows,
        each.first_at,
        each.last_at,
    )


def _dataset(each: Dataset) -> tuple[object, ...]:
    return (each.plant_id, each.name, each.completed_at)


TABLES: Final = (
    RecordTable(
        kind="product",
        table="production.products",
        columns=columns("code text, name text"),
        values=_product,
    ),
    RecordTable(
        kind="master",
        table="production.master_records",
        columns=columns("product_id uuid, version integer, title text, status text, content_hash text"),
        values=_master,
    ),
    RecordTable(
        kind="batch",
        table="production.production_batches",
        columns=columns(
            "plant_id text, batch_number text, product_id uuid, product_name text, master_id uuid, status text, "
            "line text, stage_key text, stage_name text, quantity numeric, unit text, planned_start timestamptz, "
            "start_date timestamptz, started_on text, end_date timestamptz, origin text, created_by uuid, "
            "created_at timestamptz"
        ),
        values=_batch,
    ),
    RecordTable(
        kind="stage",
        table="production.batch_stages",
        columns=columns(
            "plant_id text, batch_id uuid, stage_key text, stage_name text, position integer, status text, "
            "started_at timestamptz, completed_at timestamptz, officer_id uuid, notes text"
        ),
        values=_stage,
    ),
    RecordTable(
        kind="step",
        table="production.batch_steps",
        columns=columns("plant_id text, batch_id uuid, stage_key text, step_key text, status text"),
        values=_step,
    ),
    RecordTable(
        kind="exception",
        table="production.review_exceptions",
        columns=columns(
            "plant_id text, batch_id uuid, rule text, severity text, status text, raised_at timestamptz"
        ),
        values=_exception,
    ),
    RecordTable(
        kind="clearance",
        table="production.station_clearances",
        columns=columns("plant_id text, batch_id uuid, station_id uuid"),
        values=_clearance,
    ),
    RecordTable(
        kind="series",
        table="production.metric_series",
        columns=columns(
            "plant_id text, batch_id uuid, stage_key text, name text, rows bigint, first_at timestamptz, "
            "last_at timestamptz"
        ),
        values=_series,
    ),
    RecordTable(
        kind="dataset",
        table="production.datasets",
        columns=columns("plant_id text, name text, completed_at timestamptz"),
        values=_dataset,
    ),
)
