"""One act of signing: what the signer is told, and when."""

from typing import Any, cast

import pytest

from app.domain.deviation import ClassifyDeviation, Deviation, DeviationClass, DeviationStatus
from app.domain.permissions import Role
from app.domain.signature import Meaning
from tests.support.desk import SampleDesk, sample_desk
from ui.signing import Phase, Signing, SigningState, SignSheet


class DiskFull(Exception):
    """The disk's word."""


def signing_of(desk: SampleDesk, count: int) -> Signing:
    reported = desk.world.facts.every(Deviation, status=DeviationStatus.REPORTED)[0]
    commands = tuple(
        ClassifyDeviation(
            deviation_id=reported.id,
            classification=DeviationClass.MAJOR,
            reason=f"Reason {number}",
            owner_name="Eva",
        )
        for number in range(count)
    )
    sheet = SignSheet(verb="Classify", meaning=Meaning.CLASSIFIED, facts=(), commands=commands)
    return Signing(desk, sheet)


def failing(desk: SampleDesk, monkeypatch: pytest.MonkeyPatch, *, at: int) -> None:
    """The save number `at`, from 1, fails."""
    save, calls = desk.commands.save, [0]

    async def once_full(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == at:
            raise DiskFull
        return await save(*given, **named)

    monkeypatch.setattr(desk.commands, "save", once_full)


@pytest.mark.req("R19")
async def test_saved_is_said_only_when_everything_is_saved() -> None:
    desk = sample_desk(signed_in=Role.QA_REVIEWER)
    signing = signing_of(desk, 2)
    seen: list[tuple[Phase, int]] = []
    signing.state.subscribe(lambda state: seen.append((state.phase, len(desk.commands.saved))))
    assert (await signing.sign("floor")).phase is Phase.ACCEPTED
    assert seen[-3:] == [(Phase.CHECKING, 0), (Phase.WAITING, 2), (Phase.ACCEPTED, 2)]


async def test_what_the_disk_did_not_keep_is_signed_again_and_what_it_kept_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = sample_desk(signed_in=Role.QA_REVIEWER)
    signing = signing_of(desk, 3)
    failing(desk, monkeypatch, at=2)
    with pytest.raises(DiskFull):
        await signing.sign("floor")
    assert signing.state.value == SigningState(failed=True)
    ended = await signing.sign("floor")
    assert (ended.phase, ended.accepted) == (Phase.ACCEPTED, 3)
    reasons = [cast("ClassifyDeviation", each).reason for each in desk.commands.saved]
    assert reasons == ["Reason 0", "Reason 1", "Reason 2"]
