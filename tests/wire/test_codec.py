"""What crosses the wire comes back as it was, digit for digit, and says what does not fit."""

import hashlib
import json
import os
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from app.domain.decision import Reason
from app.domain.entry import RecordEntry
from app.domain.envelope import Command, Envelope
from app.domain.identity import BatchId, CommandId, KeyId, PlantId, StationId, UserId
from app.wire import chain, codec
from app.wire.journal import JournalMeta, load_meta, row_bytes, split_row
from app.wire.problem import Problem, problem_of, status_of
from app.wire.seal import GENESIS, seal, seal_digest
from tests.domain.builders import Floor

SCHEMAS = Path(__file__).with_name("schemas.json")


def kind_of(cls: type[Any]) -> str:
    """The word a command is told by."""
    return next(str(each.default) for each in fields(cls) if each.name == "kind")


def envelope(value: str = "1.412698315", comment: str = "") -> Envelope:
    return Envelope(
        id=CommandId(UUID(int=1)),
        plant_id=PlantId("north"),
        station_id=StationId(UUID(int=2)),
        author_id=UserId(UUID(int=3)),
        performed_at=datetime(2026, 11, 22, 14, 5, 9, 123456, tzinfo=timezone(timedelta(hours=1))),
        zone="Europe/Berlin",
        rulebook=1,
        command=RecordEntry(
            batch_id=BatchId(UUID(int=4)), stage_key="blend", step_key="weight", value=value, comment=comment
        ),
        clock_offset_ms=-12,
        depends_on=(CommandId(UUID(int=9)),),
    )


@given(value=st.text(), comment=st.text())
def test_an_envelope_comes_back_as_it_went(value: str, comment: str) -> None:
    sent = envelope(value, comment)
    assert codec.load_envelope(codec.dump_envelope(sent)) == sent


def test_every_record_of_a_finished_batch_comes_back_as_it_went() -> None:
    floor = Floor().executed()
    kinds: set[str] = set()
    for cls in codec.RECORD_CLASSES:
        for each in floor.facts.every(cls):
            assert codec.load_record(each.KIND, codec.dump(each)) == each
            kinds.add(each.KIND)
    assert {"batch", "stage", "step", "clearance", "master", "plant", "station"} <= kinds


def test_every_command_is_told_by_its_kind() -> None:
    kinds = [kind_of(cls) for cls in get_args(Command)]
    assert len(kinds) == len(set(kinds))
    started = codec.load_command(
        b'{"kind": "batch.start", "batch_id": "00000000-0000-0000-0000-000000000004"}'
    )
    assert type(started).__name__ == "StartBatch"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"surprise": 1}, "surprise"),
        ({"command": {"kind": "entry.unheard_of"}}, "command"),
        ({"performed_at": "yesterday"}, "performed_at"),
        ({"id": "seven"}, "id"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(change: dict[str, Any], place: str) -> None:
    body = json.loads(codec.dump_envelope(envelope())) | change
    with pytest.raises(codec.Malformed, match=place):
        codec.load_envelope(json.dumps(body))


def test_half_a_text_is_malformed_and_nothing_worse() -> None:
    with pytest.raises(codec.Malformed):
        codec.load_envelope(codec.dump_envelope(envelope())[:-5])


@pytest.mark.req("R18")
def test_a_seal_binds_body_station_place_and_predecessor() -> None:
    body = codec.dump_envelope(envelope())
    station = StationId(UUID(int=2))
    sealed = seal(body, station, 7, GENESIS, KeyId(UUID(int=5)), lambda digest: digest * 2)
    assert sealed.body.encode() == body
    assert bytes.fromhex(sealed.signature) == sealed.digest * 2
    others = {
        seal_digest(sealed.body + " ", station, 7, GENESIS),
        seal_digest(sealed.body, StationId(UUID(int=6)), 7, GENESIS),
        seal_digest(sealed.body, station, 8, GENESIS),
        seal_digest(sealed.body, station, 7, "11" * 32),
    }
    assert sealed.digest not in others
    assert len(others) == 4
    assert sealed.body_hash == hashlib.sha256(body).hexdigest()


def test_the_chain_is_what_its_docstring_says() -> None:
    epoch = UUID(int=12)
    row = b"{}\t{}"
    expected = hashlib.sha256(
        bytes(32) + b"north" + epoch.bytes + (5).to_bytes(8, "big") + hashlib.sha256(row).digest()
    ).digest()
    assert chain.link(chain.GENESIS, "north", epoch, 5, chain.row_digest(row)) == expected


def test_a_journal_row_splits_into_what_it_was_made_of() -> None:
    meta = JournalMeta(
        event_type="step.recorded",
        entity_type="step",
        entity_id=UUID(int=4),
        batch_id=UUID(int=4),
        user_id=UserId(UUID(int=3)),
        action="create",
        old_values={},
        reason="tab\there",
        command_id=CommandId(UUID(int=1)),
        station_id=None,
        performed_at=datetime(2026, 11, 22, tzinfo=UTC),
        timestamp=datetime(2026, 11, 22, tzinfo=UTC),
        rulebook=1,
        nonce="n",
    )
    body = b'{"comment":"a\\tb"}'
    row = row_bytes(meta, body)
    assert row.count(b"\t") == 1
    assert split_row(row)[1] == body
    assert load_meta(row) == meta


@pytest.mark.parametrize("reason", list(Reason))
def test_every_refusal_has_a_problem_body_and_a_client_error_status(reason: Reason) -> None:
    problem = problem_of(reason, ("this", "that"))
    assert 400 <= status_of(reason) < 500
    assert codec.load(Problem, codec.dump(problem)) == problem
    assert problem.type == f"urn:batchwright:refusal:{reason.value}"


def test_the_schemas_are_those_that_old_outboxes_were_written_by() -> None:
    """Commands that wait in an outbox must stay readable. A change here needs a new rulebook version, and a thought.

    Run with `BATCHWRIGHT_WRITE_SCHEMAS=1` to write the file anew.
    """

    schemas = {kind_of(cls): TypeAdapter(cls).json_schema() for cls in get_args(Command)}
    digest = {
        kind: hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()
        for kind, schema in schemas.items()
    }
    if os.environ.get("BATCHWRIGHT_WRITE_SCHEMAS"):
        SCHEMAS.write_text(json.dumps(schemas, indent=1, sort_keys=True) + "\n")
    known = json.loads(SCHEMAS.read_text())
    assert {
        kind: hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()
        for kind, schema in known.items()
    } == digest
