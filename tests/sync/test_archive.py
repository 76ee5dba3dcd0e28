"""What lies on the server only, asked from a workstation: history, curves, paper, evidence."""

from datetime import timedelta
from decimal import Decimal

from app.client.ports import ChartData
from app.domain.decision import Reason, Refusal
from app.domain.metrics import Channel
from app.wire import paths
from app.wire.codec import dump
from app.wire.series import MetricsRequest, Row
from tests.support.floor import Floor
from tests.support.plant import confirmed

NEEDS_SERVER = Refusal(reason=Reason.NEEDS_SERVER)


async def test_history_paper_and_evidence_come_from_the_server_and_are_refused_without_it(
    floor: Floor,
) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    await place.save(confirmed(batch.id))
    await place.sync()
    archive = place.station.desk.archive

    history = await archive.history(batch.id)
    assert not isinstance(history, Refusal)
    entered = [each for each in history if each.event == "step.recorded"]
    assert [(each.who, each.station) for each in entered] == [(floor.plant.ana.name, "Press room")]
    assert [each.seq for each in history] == sorted(each.seq for each in history)
    pdf = await archive.batch_pdf(batch.id)
    assert isinstance(pdf, bytes)
    assert pdf.startswith(b"%PDF")
    evidence = await archive.evidence(batch.id)
    assert isinstance(evidence, bytes)
    assert evidence.startswith(b"PK")

    place.network.down = True
    assert await archive.history(batch.id) == NEEDS_SERVER
    assert await archive.batch_pdf(batch.id) == NEEDS_SERVER
    assert await archive.evidence(batch.id) == NEEDS_SERVER
    assert await archive.chart(batch.id, "dispensing") == NEEDS_SERVER


async def test_a_curve_seen_once_is_there_during_an_outage(floor: Floor) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    at = floor.plant.ticking.now
    rows = tuple(
        Row(at=at + timedelta(seconds=n), values=(Decimal(f"{n}.50"), None if n == 1 else Decimal(7)))
        for n in range(3)
    )
    request = MetricsRequest(
        stage_key="dispensing",
        name="balance",
        channels=(Channel(name="Mass", unit="kg"), Channel(name="Tare", unit="kg")),
        position=0,
        rows=rows,
        zone_known=True,
        source="balance 3",
    )
    headers = {**await floor.api.sign_in(floor.plant.ana), "Content-Type": "application/json"}
    path = paths.BATCH_METRICS.format(batch_id=batch.id)
    answer = await floor.api.client.post(path, headers=headers, content=dump(request))
    assert answer.status_code == 201, answer.text
    await place.sync()

    chart = await place.station.desk.archive.chart(batch.id, "dispensing")

    assert isinstance(chart, ChartData)
    assert chart.series.name == "balance"
    assert [each.name for each in chart.channels] == ["Mass", "Tare"]
    assert chart.channels[0].values == (0.5, 1.5, 2.5)
    assert str(chart.channels[1].values[1]) == "nan"
    assert chart.times[0] == at.timestamp()
    assert await place.station.desk.archive.chart(batch.id, "packing") is None

    place.network.down = True
    assert isinstance(await place.station.desk.archive.chart(batch.id, "dispensing"), ChartData)
