"""What lies on the server only: the history of a batch, its curves, its paper. Curves seen once are kept for outages."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import Connection

from app.client.gateway import Gateway, Offline
from app.client.ports import ChartChannel, ChartData, HistoryRow
from app.domain.batch import Batch
from app.domain.decision import Reason, Refusal
from app.domain.facts import Facts
from app.domain.identity import BatchId, UserId
from app.domain.master_record import MasterRecord, StepSpec
from app.domain.metrics import MetricSeries
from app.domain.plant import Station
from app.wire.codec import Malformed, load
from app.wire.history import HistoryLine
from app.wire.series import END
from app.wire.sync import PersonCard
from offline.database import Database
from offline.fold import FoldReader, Shelf, every_record
from offline.reading import cards_of

_NEEDS_SERVER: Final = Refusal(reason=Reason.NEEDS_SERVER)
_MICRO: Final = 1e-6
_NAN: Final = float("nan")


class ServerArchive:
    """The `Archive` of this station."""

    def __init__(
        self,
        *,
        database: Database,
        gateway: Gateway,
        folds: FoldReader,
        shelf: Shelf,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._gateway = gateway
        self._folds = folds
        self._shelf = shelf
        self._clock = clock

    async def history(self, batch_id: BatchId) -> tuple[HistoryRow, ...] | Refusal:
        lines = await self._gateway.history(batch_id)
        if isinstance(lines, Refusal | Offline):
            return _refusal(lines)
        people, stations = await self._database.reader.run(
            lambda c: (cards_of(c), every_record(c, self._shelf, "station"))
        )
        names = dict[UUID, str]((each.id, each.name) for each in Facts(stations).every(Station))
        return tuple(_history_row(each, people, names) for each in lines)

    async def chart(self, batch_id: BatchId, stage_key: str) -> ChartData | Refusal | None:
        answer = await self._gateway.points(batch_id, stage_key)
        if isinstance(answer, bytes) and answer.endswith(END):
            await self._keep(batch_id, stage_key, answer)
        else:
            kept = await self._kept(batch_id, stage_key)
            if kept is None:
                return _NEEDS_SERVER if isinstance(answer, bytes) else _refusal(answer)
            answer = kept
        facts = (await self._folds.of(batch_id.bytes)).facts
        return _chart(answer, stage_key, facts)

    async def batch_pdf(self, batch_id: BatchId) -> bytes | Refusal:
        answer = await self._gateway.batch_pdf(batch_id)
        return answer if isinstance(answer, bytes) else _refusal(answer)

    async def evidence(self, batch_id: BatchId) -> bytes | Refusal:
        answer = await self._gateway.evidence(batch_id)
        return answer if isinstance(answer, bytes) else _refusal(answer)

    async def _keep(self, batch_id: BatchId, stage_key: str, body: bytes) -> None:
        row = (batch_id.bytes, stage_key, body, self._clock().isoformat())
        await self._database.writer.run(
            lambda c: c.exec_driver_sql(
                "INSERT OR REPLACE INTO metrics_cache (batch_id, stage_key, body, fetched_at) VALUES (?, ?, ?, ?)",
                row,
            ).close()
        )

    async def _kept(self, batch_id: BatchId, stage_key: str) -> bytes | None:
        def read(connection: Connection) -> bytes | None:
            body: bytes | None = connection.exec_driver_sql(
                "SELECT body FROM metrics_cache WHERE batch_id = ? AND stage_key = ?",
                (batch_id.bytes, stage_key),
            ).scalar()
            return body

        return await self._database.reader.run(read)


def _refusal(answer: Refusal | Offline) -> Refusal:
    return _NEEDS_SERVER if isinstance(answer, Offline) else answer


def _history_row(
    line: HistoryLine, people: Mapping[UserId, PersonCard], stations: Mapping[UUID, str]
) -> HistoryRow:
    card = people.get(line.user_id) if line.user_id else None
    station = stations.get(line.station_id, str(line.station_id)) if line.station_id else ""
    return HistoryRow(
        seq=line.seq,
        event=line.event,
        entity_kind=line.entity_kind,
        entity_id=line.entity_id,
        who=card.name if card else station if line.user_id is None else str(line.user_id),
        at=line.performed_at,
        received_at=line.received_at,
        station=station,
        reason=line.reason,
        old=tuple((name, _told(value)) for name, value in line.old.items()),
        new=tuple((name, _told(value)) for name, value in line.new.items()),
    )


def _told(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _chart(body: bytes, stage_key: str, facts: Facts) -> ChartData | None:
    """The first series of a stage, with the limits its master states for a channel's step, if any."""
    series: MetricSeries | None = None
    rows: list[list[Any]] = []
    for line in body.removesuffix(END).split(b"\n"):
        if line.startswith(b"{"):
            if series is not None:
                break
            try:
                found = load(MetricSeries, line)
            except Malformed:
                return None
            series = found if found.stage_key == stage_key else None
        elif line and series is not None:
            rows.append(from_json(line))
    if series is None:
        return None
    columns = list(zip(*rows, strict=True)) if rows else [()] * (len(series.channels) + 1)
    limits = _limits(facts, stage_key)
    channels: list[ChartChannel] = []
    for index, channel in enumerate(series.channels):
        spec = limits.get((channel.name.casefold(), channel.unit))
        limit = spec.limit if spec else None
        channels.append(
            ChartChannel(
                name=channel.name,
                unit=channel.unit,
                values=tuple(_NAN if value is None else float(value) for value in columns[index + 1]),
                low=_number(limit.low) if limit else None,
                high=_number(limit.high) if limit else None,
            )
        )
    times = tuple(micros * _MICRO for micros in columns[0])
    return ChartData(series=series, times=times, channels=tuple(channels))


def _limits(facts: Facts, stage_key: str) -> dict[tuple[str, str], StepSpec]:
    """Steps of the stage with a limit, by title and unit: a limit is drawn only where there is one (ruling C30)."""
    batches = facts.every(Batch)
    master = facts.one(MasterRecord, batches[0].master_id) if batches else None
    stage = master.stage(stage_key) if master else None
    if stage is None:
        return {}
    return {(each.title.casefold(), each.unit): each for each in stage.steps if each.limit is not None}


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
