"""A workstation from its enrolment on: opened again with what the keyring and the disk hold, and told why not."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.client.cache_key import CacheKey, CacheKeyProblem, NoCacheKey
from app.client.gateway import Offline, PlainHttp
from app.client.ports import Saved
from app.client.vault import MemoryVault
from app.domain.decision import Reason, Refusal
from app.domain.identity import step_id
from app.domain.step import Step
from offline.cache import Cache
from offline.database import Database, Fault, NotOpened, OpenRefusal, StorageFailed, open_database
from offline.desk import NotReady, StationProblem, Workstation, enrol, open_desk
from offline.schema import MIGRATIONS
from tests.support.api import PASSWORD
from tests.support.floor import SERVER, Floor, KeptVault
from tests.support.plant import confirmed


async def test_a_machine_that_was_never_enrolled_says_so(floor: Floor) -> None:
    place = floor.place("Nowhere")
    assert await open_desk(place.around) == NotReady(problem=StationProblem.NOT_ENROLLED)


async def test_a_wrong_code_enrols_nothing_and_the_right_one_still_does(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    place = floor.place("Press room")
    wrong = await enrol(place.around, server_url=SERVER, code="AAAA-BBBB", name="Press room", area="Floor")
    assert isinstance(wrong, Refusal)
    place.network.down = True
    off = await enrol(place.around, server_url=SERVER, code="AAAA-BBBB", name="Press room", area="Floor")
    assert isinstance(off, Offline)
    place.network.down = False
    right = await enrol(
        place.around, server_url=SERVER, code=await floor.code(), name="Press room", area="Floor"
    )
    assert isinstance(right, Workstation)
    assert right.durable
    assert right.station.plant_id == floor.plant.id
    place.running = right
    again = await enrol(place.around, server_url=SERVER, code="-", name="Press room", area="Floor")
    assert isinstance(again, NoCacheKey)
    assert again.problem is CacheKeyProblem.ALREADY_MADE
    assert "database.not_opened" in caplog.text
    await place.reopen()
    assert place.station.station.name == "Press room"


async def test_an_enrolment_that_was_cut_off_before_it_was_written_down_is_made_again(floor: Floor) -> None:
    place = floor.place("Press room")
    key = place.around.slots().make()
    assert isinstance(key, CacheKey)
    cut_off = open_database(place.around.file, key, MIGRATIONS, create=True)
    assert isinstance(cut_off, Database)
    await cut_off.close()
    assert await open_desk(place.around) == NotReady(problem=StationProblem.NOT_ENROLLED)
    made = await enrol(
        place.around, server_url=SERVER, code=await floor.code(), name="Press room", area="Floor"
    )
    assert isinstance(made, Workstation)
    place.running = made
    await place.sync()
    await place.reopen()
    assert place.station.durable


async def test_a_disk_that_keeps_no_draft_does_not_keep_the_file_open(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place = await floor.station("Press room")

    async def full() -> None:
        raise StorageFailed(Fault.DISK_FULL)

    monkeypatch.setattr(place.station.drafts, "write", full)
    await place.station.close()
    assert "desk.drafts_not_written" in caplog.text
    await place.reopen()


async def test_the_loop_outlives_a_disk_that_is_full_for_a_while(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place = await floor.station("Press room")

    async def full(_cache: Cache, _name: str, _value: str) -> None:
        raise StorageFailed(Fault.DISK_FULL)

    with monkeypatch.context() as broken:
        broken.setattr(Cache, "keep_meta", full)
        await place.sync()
    told = place.station.desk.sync.state.value
    assert (told.problem, told.working) == (str(StorageFailed(Fault.DISK_FULL)), False)
    assert "sync.round_failed" in caplog.text
    await place.sync()
    assert not place.station.desk.sync.state.value.problem


async def test_passwords_and_records_are_not_sent_in_the_clear(floor: Floor) -> None:
    place = floor.place("Press room")
    with pytest.raises(PlainHttp):
        await enrol(place.around, server_url="http://plant.example", code="-", name="P", area="F")


async def test_everything_is_there_again_after_a_restart(floor: Floor) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    place.network.down = True
    saved = await place.save(confirmed(batch.id))
    place.station.drafts.put("stage/weight", "10.")
    last = place.station.desk.sync.state.value.last_sync

    await place.reopen()

    assert (await place.file(batch.id)).facts.every(Step, batch_id=batch.id)
    person = await place.sign_in(floor.plant.ana)
    assert person.offline
    assert place.station.drafts.get("stage/weight") == "10."
    assert [each.id for each in await place.station.desk.sync.pending()] == [saved.id]
    await place.station.start()
    assert place.station.desk.sync.state.value.waiting == 1
    assert place.station.desk.sync.state.value.last_sync == last

    await place.sign_in(floor.plant.ana)
    await place.station.desk.session.lock()
    assert place.station.drafts.get("stage/weight") is None


async def test_another_persons_drafts_are_never_seen(floor: Floor) -> None:
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    place.station.drafts.put("deviation", "The press rattles")
    await place.sign_in(floor.plant.boris)
    assert place.station.drafts.get("deviation") is None
    place.station.drafts.put("deviation", "Mine")
    await place.sign_in(floor.plant.ana)
    assert place.station.drafts.get("deviation") == "The press rattles"
    place.station.drafts.forget("deviation")
    await place.reopen()
    await place.sign_in(floor.plant.ana)
    assert place.station.drafts.get("deviation") is None
    for file in place.around.data_dir.iterdir():
        assert b"rattles" not in file.read_bytes()


async def test_a_lost_keyring_opens_with_a_password_and_what_was_unsent_is_delivered(floor: Floor) -> None:
    batch = await floor.plant.batch()
    place = await floor.station("Press room")
    await place.sign_in(floor.plant.ana)
    await place.sync()
    saved = await place.save(confirmed(batch.id))
    await place.station.close()
    place.running = None
    place.around = replace(place.around, vault=KeptVault())

    closed = await open_desk(place.around)
    assert isinstance(closed, NoCacheKey)
    assert closed.problem is CacheKeyProblem.PASSWORD_NEEDED
    assert floor.plant.ana.user_id in closed.can_open
    assert await open_desk(place.around, password="wrong") == closed
    opened = await open_desk(place.around, password=PASSWORD)
    assert isinstance(opened, Workstation)
    place.running = opened
    await place.sync()
    step = await floor.plant.record("step", step_id(batch.id, "dispensing", "clear"))
    assert isinstance(step, Step)
    assert [each.id for each in step.entries] == [saved.id]
    await place.reopen()  # the keyring has everything again
    await place.sign_in(floor.plant.ana)


async def test_another_stations_key_in_the_keyring_is_not_used(floor: Floor) -> None:
    place, other = await floor.station("Press room"), await floor.station("Packing")
    own = place.station.station.station_id
    await place.station.close()
    place.running = None
    altered = other.around.vault.get(f"station-key/{other.station.station.station_id}")
    assert altered is not None
    place.around.vault.put(f"station-key/{own}", altered)
    assert await open_desk(place.around) == NotReady(problem=StationProblem.ALTERED_KEY)


async def test_one_file_is_one_window(floor: Floor, caplog: pytest.LogCaptureFixture) -> None:
    place = await floor.station("Press room")
    second = await open_desk(place.around)
    assert isinstance(second, NotOpened)
    assert second.refusal is OpenRefusal.IN_USE
    assert "database.not_opened" in caplog.text


async def test_without_a_keyring_it_works_online_only_and_leaves_nothing(
    floor: Floor, tmp_path: Path
) -> None:
    batch = await floor.plant.batch()
    place = floor.place("Kiosk", vault=MemoryVault())
    made = await enrol(place.around, server_url=SERVER, code=await floor.code(), name="Kiosk", area="Floor")
    assert isinstance(made, Workstation)
    assert not made.durable
    place.running = made
    await place.sync()
    await place.sign_in(floor.plant.ana)
    await place.sync()
    await made.start()

    saved = await made.desk.commands.save(confirmed(batch.id))

    assert isinstance(saved, Saved)
    assert [each.id for each in await made.desk.sync.pending()] == [], "saved is said when the server has it"
    place.network.down = True
    await place.sync()
    assert await made.desk.commands.save(confirmed(batch.id)) == Refusal(reason=Reason.NEEDS_SERVER)
    file = made._database.path  # pyright: ignore[reportPrivateUsage]
    await made.close()
    place.running = None
    assert not file.parent.exists()
    assert not list((tmp_path / "Kiosk").glob("*.db*"))


async def test_a_server_that_moved_is_found_at_its_new_address(floor: Floor) -> None:
    place = await floor.station("Press room")
    await place.station.close()
    opened = await open_desk(place.around, server_url="http://localhost:2/")
    assert isinstance(opened, Workstation)
    assert "server: http://localhost:2\n" in await opened.desk.sync.report()
    place.running = opened
    await place.reopen()
    report = await place.station.desk.sync.report()
    assert "http://localhost:2" in report
    assert PASSWORD not in report
