"""Reads a batch's file into the sheet that is printed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.batch import ENDED, Batch, BatchStatus, MaterialUse, Origin
from app.domain.deviation import SETTLED, Deviation
from app.domain.exception import ExceptionStatus, ReviewException, Severity
from app.domain.facts import Facts
from app.domain.identity import EntryId, StationId, UserId, stage_id, step_id
from app.domain.master_record import MasterRecord, StageSpec, StepSpec
from app.domain.metrics import MetricSeries
from app.domain.plant import Plant, Station
from app.domain.quantity import Verdict
from app.domain.review import Clearance, release_blockers, stands
from app.domain.signature import Meaning, Signature
from app.domain.stage import Stage, StageStatus
from app.domain.step import Entry, Step, StepStatus
from app.domain.transcription import Dataset
from app.server.production import print_words as words
from app.server.production.print_sheet import (
    DeviationPage,
    EntryLine,
    ExceptionLine,
    Line,
    MaterialLine,
    Printing,
    SeriesLine,
    Sheet,
    SignatureLine,
    StagePage,
    Standing,
    StepLines,
    Tone,
    TrailLine,
)
from app.wire.history import HistoryLine

T = TypeVar("T")
_TONES: Final[Mapping[BatchStatus, Tone]] = {
    BatchStatus.RELEASED: Tone.GOOD,
    BatchStatus.REJECTED: Tone.BAD,
    BatchStatus.ABORTED: Tone.BAD,
    BatchStatus.ON_HOLD: Tone.LOOK,
    BatchStatus.QA_HOLD: Tone.LOOK,
}
_DISPOSITIONS: Final = frozenset({Meaning.RELEASED, Meaning.REJECTED, Meaning.ABORTED})
_BOUND: Final = frozenset({Meaning.REVIEWED_QUALITY, Meaning.RELEASED, Meaning.REJECTED})
"""Signatures that cover the whole record, so that a later change to it can be told from them."""


def sheet_of(
    facts: Facts,
    batch: Batch,
    *,
    people: Mapping[UserId, str],
    standing: Standing,
    trail: Sequence[HistoryLine],
    printing: Printing,
) -> Sheet:
    """The printout of `batch` from its file: the records that the rulebook's scope of a batch names.

    `people` are names for what the record itself names by id only; signatures and entries carry their own.
    """
    return _Reader(facts, batch, people).sheet(standing, trail, printing)


class _Reader:
    """Reads one batch's file; every question about names, places and numbers in one place."""

    def __init__(self, facts: Facts, batch: Batch, people: Mapping[UserId, str]) -> None:
        self.facts = facts
        self.batch = batch
        self.people = people
        self.master = facts.one(MasterRecord, batch.master_id)
        self.plant = _first(facts.every(Plant, plant_id=batch.plant_id))
        self.specs = self.master.stages if self.master else ()
        self.steps = facts.every(Step, batch_id=batch.id)
        self.made: dict[UUID | None, tuple[Step, Entry]] = {
            entry.id: (step, entry) for step in self.steps for entry in step.entries
        }
        order = {
            (stage.key, step.key): (at, index)
            for at, stage in enumerate(self.specs, start=1)
            for index, step in enumerate(stage.steps, start=1)
        }
        self.exceptions = sorted(
            facts.every(ReviewException, batch_id=batch.id),
            key=lambda each: (each.raised_at, order.get((each.stage_key, each.step_key), (0, 0)), each.rule),
        )
        self.labels = {each.id: f"E{at}" for at, each in enumerate(self.exceptions, start=1)}
        self.deviations = facts.every(Deviation, batch_id=batch.id)

    def sheet(self, standing: Standing, trail: Sequence[HistoryLine], printing: Printing) -> Sheet:
        batch = self.batch
        plant = f"{self.plant.name}, {self.plant.site}" if self.plant else batch.plant_id
        return Sheet(
            number=batch.number,
            product=batch.product_name,
            plant=plant,
            status=batch.status.value,
            tone=_TONES.get(batch.status, Tone.PLAIN),
            disposition=self.disposition(),
            transcribed=self.transcribed(),
            head=tuple(self.head()),
            counts=tuple(self.counts()),
            open_points=self.open_points(),
            materials=tuple(self.materials()),
            stages=tuple(self.stage(at, each) for at, each in enumerate(self.specs, start=1)),
            exceptions=tuple(self.exception(each) for each in self.exceptions),
            deviations=tuple(self.deviation(each) for each in self.deviations),
            signatures=tuple(self.signatures()),
            series=tuple(self.series(each) for each in self.facts.every(MetricSeries, batch_id=batch.id)),
            clearances=tuple(self.clearances()),
            trail=tuple(self.trail(each) for each in trail),
            printed=words.when(self.local(printing.at)),
            printed_by=printing.by,
            copy=str(printing.copy) if printing.copy else "",
            zone=self.plant.timezone if self.plant else "",
            journal=f"journal {standing.journal}, row {standing.seq}, {standing.hash[:16]}",
            record_hash=standing.record_hash,
        )

    # --- names and places ---------------------------------------------------------------------------------------------

    def name(self, user_id: UserId | None) -> str:
        if user_id is None:
            return "the workstation"
        return self.people.get(user_id) or str(user_id)

    def local(self, moment: datetime) -> datetime:
        """A time of the server's clock, which runs in UTC, as a clock on the plant's wall would show it."""
        try:
            return moment.astimezone(ZoneInfo(self.plant.timezone)) if self.plant else moment
        except (ZoneInfoNotFoundError, ValueError):
            return moment  # a plant that named no zone of the world's

    def place(self, station_id: StationId | None) -> str:
        if station_id is None or station_id.int == 0:
            return "server"
        station = self.facts.one(Station, station_id)
        return station.name if station else str(station_id)[:8]

    def step_label(self, stage_key: str, step_key: str) -> str:
        """`3.3 Main compression force`; the stage's name alone where no step is named."""
        for at, stage in enumerate(self.specs, start=1):
            if stage.key == stage_key:
                for index, step in enumerate(stage.steps, start=1):
                    if step.key == step_key:
                        return f"{at}.{index} {step.title}"
                return f"{at} {stage.name}"
        return " / ".join(each for each in (stage_key, step_key) if each) or "whole batch"

    # --- the first page -----------------------------------------------------------------------------------------------

    def disposition(self) -> str:
        made = [each for each in self.batch.signatures if each.meaning in _DISPOSITIONS]
        if made and self.batch.status in ENDED:
            last = made[-1]
            return f"{last.meaning.value} by {last.printed_name}, {last.role.value}, {words.when(last.signed_at)}"
        if self.batch.origin is Origin.TRANSCRIBED:
            return "None here: this record was transcribed"
        return "None yet"

    def transcribed(self) -> tuple[str, ...]:
        batch = self.batch
        if batch.origin is not Origin.TRANSCRIBED:
            return ()
        cited = (
            f"Data set {each.name}: {each.citation}"
            for each in self.facts.every(Dataset, plant_id=batch.plant_id)
            if each.citation
        )
        return (
            f"Transcribed from {batch.source} on {words.when(batch.created_at)} by {self.name(batch.created_by)}.",
            "Values stand as in the source, with its cell beside each; times of entry are times of transcription.",
            *cited,
        )

    def head(self) -> Iterator[Line]:
        batch, master = self.batch, self.master
        yield Line(label="Batch number", text=batch.number)
        yield Line(label="Product", text=_joined(batch.product_name, master.product_code if master else ""))
        yield Line(label="Batch size", text=words.amount(batch.quantity))
        yield Line(label="Line", text=batch.line or words.NOTHING)
        yield Line(
            label="Master record",
            text=f"Version {batch.master_version} of {master.title if master else batch.master_id}",
        )
        yield Line(label="Master record SHA-256", text=batch.master_hash)
        for each in master.signatures if master else ():
            signed = f"{each.printed_name}, {each.role.value}, {words.when(each.signed_at)}"
            yield Line(label=f"Master {each.meaning.value.lower()}", text=signed)
        yield Line(label="Created", text=f"{words.when(batch.created_at)} by {self.name(batch.created_by)}")
        if batch.planned_start:
            yield Line(label="Planned start", text=words.when(batch.planned_start))
        started = batch.started_on or words.when(batch.started_at)
        yield Line(
            label="Started", text=f"{started} (known to this precision)" if batch.started_on else started
        )
        yield Line(label="Ended", text=words.when(batch.ended_at))
        yield Line(label="Disposition", text=self.disposition(), tone=_TONES.get(batch.status, Tone.PLAIN))
        if batch.reason:
            yield Line(label="Reason given last", text=batch.reason)
        yield Line(label="Origin", text=_ORIGINS[batch.origin])

    def counts(self) -> Iterator[Line]:
        entries = [entry for step in self.steps for entry in step.entries]
        total = sum(len(each.steps) for each in self.specs)
        changed = sum(len(each.entries) > 1 for each in self.steps)
        corrections = sum(each.corrects is not None for each in entries)
        contested = sum(each.status is StepStatus.CONTESTED for each in self.steps)
        waiting = sum(each.status is StepStatus.AWAITING_VERIFICATION for each in self.steps)
        offline = sum(each.offline for each in entries)
        unsettled = sum(each.unsettled for each in self.exceptions)
        stops = sum(each.severity is Severity.STOP for each in self.exceptions)
        undecided = sum(each.status not in SETTLED for each in self.deviations)
        done = len(self.steps)
        yield _count("Steps answered", f"{done} of {total}", good=done == total)
        told = f"{len(entries)} ({words.count(corrections, 'correction', 'corrections')})"
        yield _count("Entries", told, good=True)
        for label, number in (
            ("Changed since first entered", changed),
            ("Waiting for a verifier", waiting),
            ("Contested", contested),
        ):
            yield _count(label, words.count(number, "step", "steps"), good=not number)
        yield _count("Entered offline", words.count(offline, "entry", "entries"), good=not offline)
        told = (
            f"{len(self.exceptions)}: {stops} severe, {unsettled} not assessed" if self.exceptions else "none"
        )
        yield _count("Exceptions", told, good=not unsettled, bad=unsettled > 0)
        told = f"{len(self.deviations)}: {undecided} open" if self.deviations else "none"
        yield _count("Deviations", told, good=not undecided, bad=undecided > 0)

    def open_points(self) -> tuple[str, ...]:
        if self.batch.status in ENDED:
            return ()
        grouped: dict[str, list[str]] = {}
        for each in release_blockers(self.facts, self.batch):
            grouped.setdefault(each.what, []).append(each.detail)
        return tuple(words.blockers(what, about) for what, about in grouped.items())

    def materials(self) -> Iterator[MaterialLine]:
        used: dict[str, list[MaterialUse]] = {}
        for each in self.batch.materials:
            used.setdefault(each.code, []).append(each)
        for spec in self.master.materials if self.master else ():
            lots = used.pop(spec.code, [])
            if not lots:
                yield MaterialLine(
                    code=spec.code,
                    name=spec.name,
                    planned=words.amount(spec.quantity),
                    lot="no lot recorded",
                    source="",
                    used=words.NOTHING,
                    results="",
                )
            for lot in lots:
                yield _material(lot, words.amount(spec.quantity))
        for rest in used.values():
            for lot in rest:
                yield _material(lot, words.NOTHING)

    # --- stages and steps ---------------------------------------------------------------------------------------------

    def stage(self, at: int, spec: StageSpec) -> StagePage:
        known = self.facts.one(Stage, stage_id(self.batch.id, spec.key))
        status = known.status if known else StageStatus.PENDING
        transcribed = self.batch.origin is Origin.TRANSCRIBED
        return StagePage(
            number=str(at),
            name=spec.name,
            area=spec.area,
            status=status.value,
            tone=Tone.PLAIN if status is StageStatus.COMPLETED else Tone.LOOK,
            started=self._stage_span(known),
            steps=tuple(
                self.step(f"{at}.{index}", spec, each) for index, each in enumerate(spec.steps, start=1)
            ),
            signed=self._stage_signature(known),
            unsigned="Transcribed, not signed here."
            if transcribed
            else "The stage is not signed as performed.",
            notes=known.notes if known else "",
        )

    def _stage_span(self, known: Stage | None) -> str:
        if known is None:
            return "not started"
        if known.started_at is None:
            return "times not in the source"
        until = f", completed {words.when(known.completed_at)}" if known.completed_at else ""
        return f"started {words.when(known.started_at)} by {self.name(known.officer_id)}{until}"

    def _stage_signature(self, known: Stage | None) -> tuple[str, ...]:
        if known is None or known.performed is None:
            return ()
        return self._signed(known.performed)

    def _signed(self, signature: Signature) -> tuple[str, ...]:
        """Meaning, printed name with role, time, place: the parts of 11.50(a), in this order."""
        return (
            signature.meaning.value,
            signature.printed_name,
            signature.role.value,
            words.when(signature.signed_at),
            self.place(signature.station_id),
        )

    def step(self, number: str, stage: StageSpec, spec: StepSpec) -> StepLines:
        known = self.facts.one(Step, step_id(self.batch.id, stage.key, spec.key))
        status = known.status if known else StepStatus.OPEN
        references = [
            self.labels[each.id]
            for each in self.exceptions
            if (each.stage_key, each.step_key) == (stage.key, spec.key)
        ]
        references += [
            each.number or each.title
            for each in self.deviations
            if (each.stage_key, each.step_key) == (stage.key, spec.key)
        ]
        return StepLines(
            number=number,
            title=spec.title,
            instruction=spec.instruction,
            equipment=spec.equipment,
            critical=spec.critical,
            asked=words.asked(spec),
            status=_step_status(status, self.batch),
            tone=_STEP_TONES.get(status, Tone.PLAIN),
            entries=tuple(self.entry(known, spec, each) for each in known.entries) if known else (),
            verified=self._verification(known, spec),
            chosen=self._choice(known),
            references=", ".join(references),
        )

    def _verification(self, known: Step | None, spec: StepSpec) -> tuple[str, ...]:
        if known is not None and known.verified is not None:
            return self._signed(known.verified)
        if not spec.verified or known is None or self.batch.origin is Origin.TRANSCRIBED:
            return ()
        if known.status is StepStatus.NOT_APPLICABLE:
            return ()
        return ("NOT VERIFIED",)

    def _choice(self, known: Step | None) -> str:
        if known is None or known.chosen is None:
            return ""
        made = known.chosen
        return (
            f"{made.meaning.value}: {made.printed_name}, {made.role.value}, {words.when(made.signed_at)}, "
            f"{self.place(made.station_id)}"
        )

    def entry(self, step: Step, spec: StepSpec, entry: Entry) -> EntryLine:
        counts = step.current_id == entry.id
        contested = entry.id in step.contested
        answer = words.answer(spec, entry.value, entry.unit) if entry.applicable else "Not applicable"
        outside = entry.verdict in {Verdict.BELOW, Verdict.ABOVE}
        return EntryLine(
            answer=answer,
            verdict=words.verdict(entry.verdict),
            tone=Tone.BAD if outside else Tone.PLAIN,
            struck=not counts and not contested,
            mark=_mark(step, entry, counts=counts, contested=contested),
            who=entry.author_name,
            where="transcribed" if entry.origin is Origin.TRANSCRIBED else self.place(entry.station_id),
            at=words.when(entry.performed_at),
            remarks=tuple(self._remarks(step, entry)),
        )

    def _remarks(self, step: Step, entry: Entry) -> Iterator[str]:
        if entry.corrects is not None:
            replaced = step.entry(entry.corrects)
            was = (replaced.value or "N/A") if replaced else str(entry.corrects)
            yield f"Corrects “{was}”. Reason: {entry.reason or 'none given'}"
        elif not entry.applicable:
            yield f"Reason: {entry.reason or 'none given'}"
        elif entry.reason:
            yield f"Reason: {entry.reason}"
        if entry.comment:
            yield f"Comment: {entry.comment}"
        if entry.performed_at != entry.recorded_at:
            yield f"Entered later, at {words.when(entry.recorded_at)}"
        if entry.offline:
            came = entry.received_at
            received = f"received by the server {words.when(self.local(came))}" if came else ""
            offset = words.clock_offset(entry.clock_offset_ms)
            yield "; ".join(each for each in ("Entered offline", received, offset) if each)
        elif entry.clock_offset_ms is not None and abs(entry.clock_offset_ms) >= _WORTH_TELLING_MS:
            yield f"Workstation clock was off: {words.clock_offset(entry.clock_offset_ms)}"
        if entry.source:
            yield f"Source: {entry.source}"

    # --- after the stages ---------------------------------------------------------------------------------------------

    def exception(self, each: ReviewException) -> ExceptionLine:
        assessed = each.assessed
        told = f"{each.status.value}"
        if assessed is not None:
            told += f" by {assessed.printed_name}, {assessed.role.value}, {words.when(assessed.signed_at)}"
        if each.deviation_id is not None:
            deviation = self.facts.one(Deviation, each.deviation_id)
            told += f", deviation {deviation.number or deviation.title if deviation else each.deviation_id}"
        information = each.severity is Severity.INFORMATION and each.status is ExceptionStatus.OPEN
        return ExceptionLine(
            number=self.labels[each.id],
            where=self.step_label(each.stage_key, each.step_key),
            rule=words.rule(each.rule),
            text=words.noticed(each.rule, each.detail) + (f" Source: {each.source}" if each.source else ""),
            severity=words.severity(each.severity),
            status="Noted" if information else each.status.value,
            tone=Tone.BAD if each.unsettled else Tone.PLAIN,
            raised=words.when(each.raised_at),
            assessed="Asks for no assessment" if information else told,
            comment=each.comment,
        )

    def deviation(self, each: Deviation) -> DeviationPage:
        return DeviationPage(
            number=each.number or "not yet numbered",
            title=each.title,
            status=_joined(each.classification.value if each.classification else "", each.status.value),
            tone=Tone.PLAIN if each.status in SETTLED else Tone.BAD,
            lines=tuple(self._deviation_lines(each)),
            signatures=tuple(self.signature(one, each.number, Tone.PLAIN) for one in each.signatures),
        )

    def _deviation_lines(self, each: Deviation) -> Iterator[Line]:
        yield Line(label="Where", text=self.step_label(each.stage_key, each.step_key))
        yield Line(label="What happened", text=each.description)
        yield Line(label="Immediate action", text=each.immediate_action or words.NOTHING)
        told = f"occurred {words.when(each.occurred_at)}, noticed {words.when(each.noticed_at)}"
        yield Line(label="When", text=told)
        yield Line(label="Reported by", text=each.reporter_name)
        if each.equipment or each.lot:
            yield Line(label="Equipment, lot", text=_joined(each.equipment, each.lot))
        yield Line(label="Product held", text="yes" if each.product_held else "no")
        if each.exception_id is not None and each.exception_id in self.labels:
            yield Line(label="Raised from", text=f"exception {self.labels[each.exception_id]}")
        if each.classification is not None:
            yield Line(label="Class", text=f"{each.classification.value}: {each.class_reason}")
        yield Line(label="Owner, due", text=_joined(each.owner_name or "no owner", words.day(each.due_on)))
        found = each.investigation
        if found is None:
            yield Line(label="Investigation", text="not done", tone=Tone.LOOK)
        else:
            cause = f"{found.root_cause}{' (cause not determined)' if found.undetermined else ''}"
            yield Line(label="Root cause", text=cause)
            yield Line(label="Method, evidence", text=f"{found.method}: {found.evidence}")
            yield Line(label="Impact", text=found.impact)
            yield Line(label="Other batches", text=found.other_batches)
            yield Line(label="Correction", text=found.correction)
        if each.capa_required is not None:
            yield Line(label="CAPA", text="required" if each.capa_required else "not required")
        if each.conclusion:
            yield Line(label="Conclusion", text=each.conclusion)

    def signatures(self) -> Iterator[SignatureLine]:
        """Every signature under this batch, in the order of signing; those of deviations stand with them as well."""
        signed: list[tuple[Signature, str]] = [(each, "the batch") for each in self.batch.signatures]
        signed.extend(
            (stage.performed, f"stage {stage.position + 1} {stage.name}")
            for stage in self.facts.every(Stage, batch_id=self.batch.id)
            if stage.performed is not None
        )
        for step in self.steps:
            about = self.step_label(step.stage_key, step.step_key)
            signed.extend((each, about) for each in (step.verified, step.chosen) if each is not None)
        signed.extend(
            (each.assessed, f"exception {self.labels[each.id]}")
            for each in self.exceptions
            if each.assessed is not None
        )
        for each in self.deviations:
            signed.extend((one, f"deviation {each.number or each.title}") for one in each.signatures)
        for one, about in sorted(signed, key=lambda pair: (pair[0].signed_at, pair[0].command_id.bytes)):
            tone = Tone.GOOD if one.meaning is Meaning.RELEASED else Tone.PLAIN
            yield self.signature(one, about, tone)

    def signature(self, one: Signature, about: str, tone: Tone) -> SignatureLine:
        state = ""
        if one.meaning in _BOUND and one in self.batch.signatures:
            whole = stands(one, self.facts, self.batch)
            state = "✓ record unchanged since" if whole else "▲ RECORD CHANGED SINCE"
            tone = tone if whole else Tone.BAD
        meaning, name, role, at, where = self._signed(one)
        return SignatureLine(
            meaning=meaning, name=name, role=role, at=at, where=where, about=about, state=state, tone=tone
        )

    def series(self, each: MetricSeries) -> SeriesLine:
        channels = (f"{one.name} ({one.unit or 'unit not stated'})" for one in each.channels)
        zone = "" if each.zone_known else " (clock of the machine, zone unknown)"
        return SeriesLine(
            stage=self.step_label(each.stage_key, ""),
            name=each.name,
            channels=", ".join(channels),
            rows=str(each.rows),
            span=f"{words.when(each.first_at)} to {words.when(each.last_at)}{zone}",
            source=each.source,
            digest=", ".join(chunk.digest[:16] for chunk in each.chunks),
        )

    def clearances(self) -> Iterator[Line]:
        for each in self.facts.every(Clearance, batch_id=self.batch.id):
            told = f"nothing more for this batch up to its command {each.counter}, {words.when(each.declared_at)}"
            current = each.completions == self.batch.completions
            yield Line(
                label=self.place(each.station_id),
                text=told if current else f"{told} (before the batch was completed last)",
                tone=Tone.PLAIN if current else Tone.LOOK,
            )

    def trail(self, line: HistoryLine) -> TrailLine:
        return TrailLine(
            seq=str(line.seq),
            at=words.when(line.performed_at),
            received=words.when(self.local(line.received_at)),
            who=_joined(self.name(line.user_id), self.place(line.station_id)),
            event=words.event(line.event),
            about=self._about(line),
            changes="; ".join(self._changes(line)),
            reason=line.reason,
        )

    def _changes(self, line: HistoryLine) -> Iterator[str]:
        made = self.made.get(line.command_id) if line.entity_kind == Step.KIND else None
        if made is not None:
            step, entry = made
            spec = self.master.step(step.stage_key, step.step_key) if self.master else None
            told = words.answer(spec, entry.value, entry.unit) if entry.applicable else "not applicable"
            replaced = step.entry(entry.corrects) if entry.corrects else None
            yield (
                f"{words.answer(spec, replaced.value, replaced.unit) or 'N/A'} → {told}" if replaced else told
            )
        for name, before in line.old.items():
            if name not in _UNTOLD:
                yield words.change(name, before, line.new.get(name))

    def _about(self, line: HistoryLine) -> str:
        for step in self.steps:
            if step.id == line.entity_id:
                return self.step_label(step.stage_key, step.step_key)
        for stage in self.facts.every(Stage, batch_id=self.batch.id):
            if stage.id == line.entity_id:
                return self.step_label(stage.key, "")
        for each in self.exceptions:
            if each.id == line.entity_id:
                return f"{self.labels[each.id]} {words.rule(each.rule).lower()}"
        for each in self.deviations:
            if each.id == line.entity_id:
                return each.number or each.title
        return "" if line.entity_id == self.batch.id else line.entity_kind


_WORTH_TELLING_MS: Final = 60_000
"""Clocks a minute apart are told on paper even where the plant's tolerance is wider."""
_UNTOLD: Final = frozenset(
    {
        *("revision", "entries", "current_id", "contested", "stage_key", "completions"),
        *("started_at", "ended_at", "completed_at"),
        *("signatures", "verified", "performed", "chosen", "assessed"),
    }
)
"""Fields of a journal row that tell nothing to a person, or that stand beside it in words already."""
_ORIGINS: Final[Mapping[Origin, str]] = {
    Origin.NATIVE: "recorded in this system",
    Origin.API: "sent by another system",
    Origin.TRANSCRIBED: "transcribed from another record",
}
_STEP_TONES: Final[Mapping[StepStatus, Tone]] = {
    StepStatus.OPEN: Tone.LOOK,
    StepStatus.AWAITING_VERIFICATION: Tone.LOOK,
    StepStatus.CONTESTED: Tone.BAD,
}


def _step_status(status: StepStatus, batch: Batch) -> str:
    if status is StepStatus.OPEN:
        return "NOT IN THE SOURCE" if batch.origin is Origin.TRANSCRIBED else "NOT RECORDED"
    return {
        StepStatus.AWAITING_VERIFICATION: "WAITS FOR VERIFIER",
        StepStatus.CONTESTED: "CONTESTED: no entry counts yet",
    }.get(status, "")


def _mark(step: Step, entry: Entry, *, counts: bool, contested: bool) -> str:
    """Annex 11 §8.2: a printout says which data were changed since the original entry."""
    if contested:
        return "contested"
    replaced: tuple[EntryId | None, ...] = tuple(each.corrects for each in step.entries)
    if not counts:
        return "replaced" if entry.id in replaced else "not chosen"
    if entry.corrects is not None:
        return "◆ changed after original entry"
    return "◆ chosen between entries" if step.chosen is not None else ""


def _material(lot: MaterialUse, planned: str) -> MaterialLine:
    return MaterialLine(
        code=lot.code,
        name=lot.name,
        planned=planned,
        lot=lot.lot,
        source=lot.source,
        used=words.amount(lot.quantity),
        results="; ".join(f"{name} {words.with_unit(value, unit)}" for name, value, unit in lot.results),
    )


def _count(label: str, text: str, *, good: bool, bad: bool = False) -> Line:
    return Line(label=label, text=text, tone=Tone.BAD if bad else Tone.PLAIN if good else Tone.LOOK)


def _joined(*parts: str) -> str:
    return ", ".join(each for each in parts if each)


def _first(found: Iterable[T]) -> T | None:
    return next(iter(found), None)
