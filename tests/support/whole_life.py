"""A batch's whole life at a test plant's real desk: everything a record can hold, up to the release."""

from app.domain.batch import Batch
from app.domain.deviation import (
    ClassifyDeviation,
    CloseDeviation,
    Deviation,
    DeviationClass,
    InvestigateDeviation,
    Investigation,
    RaiseDeviation,
)
from app.domain.entry import CorrectEntry, RecordEntry, VerifyEntry
from app.domain.envelope import Command
from app.domain.exception import AssessException, ExceptionAction, ReviewException
from app.domain.facts import Facts
from app.domain.identity import BatchId, DeviationId, EntryId, step_id
from app.domain.permissions import Role
from app.domain.review import (
    CompleteBatch,
    DecideDisposition,
    DeclareClear,
    Disposition,
    ReviewProduction,
    ReviewQuality,
    manifest_of,
)
from app.domain.stage import CompleteStage, StartStage
from app.domain.step import Step
from app.wire.sync import Settled
from tests.support.plant import Colleague, TestPlant, TestStation, confirmed, lot, weight


class WholeLife:
    """Drives one batch. Each act is sealed at `station` and accepted, or the test fails."""

    def __init__(self, plant: TestPlant, station: TestStation, batch: Batch) -> None:
        self.plant = plant
        self.station = station
        self.id: BatchId = batch.id

    async def says(self, command: Command, who: Colleague | None, *, offline: bool = False) -> None:
        self.plant.later(seconds=40)
        sealed = self.station.says(command, who, offline=offline)
        (outcome,) = (await self.station.push(sealed)).outcomes
        assert outcome.settled is Settled.ACCEPTED, outcome

    async def facts(self) -> Facts:
        async with self.plant.database.transaction() as tx:
            return Facts(await self.plant.desk.store.load_batch_files(tx, self.plant.id, [self.id]))

    async def step(self, stage_key: str, step_key: str) -> Step:
        found = (await self.facts()).one(Step, step_id(self.id, stage_key, step_key))
        assert found is not None
        return found

    async def manifest(self) -> str:
        facts = await self.facts()
        batch = facts.one(Batch, self.id)
        assert batch is not None
        return manifest_of(facts, batch)

    async def executed(self, *, comment: str = "Scanned twice.") -> None:
        """Both stages, with a correction, a verification, an offline entry with `comment` and a deviation."""
        plant = self.plant
        await self.says(confirmed(self.id), plant.ana)
        await self.says(weight(self.id, "9.10"), plant.ana)
        wrong = (await self.step("dispensing", "weight")).current_id
        assert wrong is not None
        await self.says(self._corrected(wrong), plant.ana)
        entry = (await self.step("dispensing", "weight")).current
        assert entry is not None
        verify = VerifyEntry(
            batch_id=self.id,
            stage_key="dispensing",
            step_key="weight",
            entry_id=entry.id,
            entry_seal=entry.seal,
        )
        await self.says(verify, plant.boris)
        await self._deviation()
        with_comment = RecordEntry(
            batch_id=self.id,
            stage_key="dispensing",
            step_key="lot",
            value=lot(self.id, "L-7").value,
            comment=comment,
        )
        await self.says(with_comment, plant.ana, offline=True)
        await self.says(CompleteStage(batch_id=self.id, stage_key="dispensing"), plant.ana)
        await self.says(StartStage(batch_id=self.id, stage_key="pressing"), plant.boris)
        for step_key, value, who in (("tool", "A", plant.boris), ("warm_up", "75", None)):
            await self.says(
                RecordEntry(batch_id=self.id, stage_key="pressing", step_key=step_key, value=value), who
            )
        await self.says(CompleteStage(batch_id=self.id, stage_key="pressing"), plant.boris)
        await self.says(CompleteBatch(batch_id=self.id), plant.ana)

    def _corrected(self, wrong: EntryId) -> CorrectEntry:
        return CorrectEntry(
            batch_id=self.id,
            stage_key="dispensing",
            step_key="weight",
            corrects=wrong,
            value="9.85",
            reason="Read the wrong display.",
        )

    async def _deviation(self) -> None:
        plant = self.plant
        key = DeviationId(plant.ticking.new_id())
        await self.says(
            RaiseDeviation(
                deviation_id=key,
                title="Weight below limit",
                description="9.85 kg, the limit is 9.90 to 10.10 kg.",
                immediate_action="Container set apart.",
                occurred_at=plant.ticking.now,
                noticed_at=plant.ticking.now,
                batch_id=self.id,
                stage_key="dispensing",
                step_key="weight",
            ),
            plant.ana,
        )
        classify = ClassifyDeviation(
            deviation_id=key,
            classification=DeviationClass.MINOR,
            reason="No impact.",
            owner_name="Petra Novak",
        )
        await self.says(classify, plant.quentin)
        found = Investigation(
            root_cause="Tare not set.",
            method="5 whys",
            evidence="Scale log.",
            impact="None.",
            other_batches="None.",
            correction="Tare check added.",
        )
        await self.says(InvestigateDeviation(deviation_id=key, investigation=found), plant.petra)
        known = (await self.facts()).one(Deviation, key)
        assert known is not None
        close = CloseDeviation(
            deviation_id=key, base_revision=known.revision, capa_required=False, conclusion="Accepted as is."
        )
        await self.says(close, plant.rosa)

    async def released(self) -> None:
        """Cleared, assessed, reviewed twice and released, each by whom the rules want."""
        plant = self.plant
        await self.says(DeclareClear(batch_id=self.id, counter=self.station.counter, completions=1), None)
        for each in (await self.facts()).every(ReviewException, batch_id=self.id):
            if each.unsettled:
                judged = AssessException(
                    batch_id=self.id,
                    exception_id=each.id,
                    action=ExceptionAction.ACCEPT,
                    comment="Seen, see the deviation.",
                )
                await self.says(judged, plant.quentin)
        await self.says(ReviewProduction(batch_id=self.id, manifest=await self.manifest()), plant.petra)
        quality = ReviewQuality(batch_id=self.id, manifest=await self.manifest(), audit_trail_reviewed=True)
        await self.says(quality, plant.quentin)
        release = DecideDisposition(
            batch_id=self.id, disposition=Disposition.RELEASE, manifest=await self.manifest()
        )
        await self.says(release, await plant.colleague("Hanna Grau", Role.QA_HEAD))


async def released_batch(plant: TestPlant, *, comment: str = "Scanned twice.") -> WholeLife:
    """A batch of `plant`, released, its acts sealed at one workstation."""
    station = plant.stations[0] if plant.stations else await plant.station("PRESS-01")
    life = WholeLife(plant, station, await plant.batch())
    await life.executed(comment=comment)
    await life.released()
    return life
