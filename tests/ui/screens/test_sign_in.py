"""Signing in: what the page says, what a tap and a badge do, and what is said of a wrong password."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.client.ports import Link
from app.domain.decision import Reason, Refusal
from app.domain.permissions import Role
from tests.support.desk import SampleDesk, sample_desk
from tests.support.screens import LARGE, SMALL, grab_all, out_directory
from tests.ui.screens.floor_bench import pressed, typed
from ui import text
from ui.screens.sign_in.view import SignInView
from ui.screens.sign_in.view_model import DemoHint, SignInViewModel
from ui.tasks import Tasks

HINTS = tuple(
    DemoHint(login=login, password="floor", role=role.value)
    for login, role in (
        ("ana.kovac", Role.PRODUCTION_OFFICER),
        ("marko.zupan", Role.PRODUCTION_OFFICER),
        ("petra.novak", Role.PRODUCTION_MANAGER),
        ("eva.mlakar", Role.QA_REVIEWER),
        ("nina.golob", Role.QA_HEAD),
        ("sam.rozman", Role.SYSTEM_ADMIN),
    )
)


def _report(name: str, error: BaseException) -> None:
    raise AssertionError(name) from error


def model_of(desk: SampleDesk, *, warning: str = "", demo: tuple[DemoHint, ...] = ()) -> SignInViewModel:
    return SignInViewModel(
        desk.session,
        desk.sync,
        lambda: desk.world.now,
        plant="Ljubljana Solids and Liquids",
        station="PRESS-01 · Compression",
        warning=warning,
        demo=demo,
    )


async def shown(qtbot: QtBot, model: SignInViewModel) -> tuple[SignInView, Tasks]:
    tasks = Tasks(_report)
    view = SignInView(model, tasks)
    qtbot.addWidget(view)
    view.resize(SMALL)
    view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    view.show()
    view.load()
    await tasks.settle()
    return view, tasks


async def test_the_right_password_opens_a_session() -> None:
    desk = sample_desk(signed_in=None)
    model = model_of(desk)
    assert await model.sign_in("ana.kovac", "floor")
    assert desk.session.person.value is not None
    assert model.state.value.login == ""


async def test_a_wrong_password_is_said_and_asked_again() -> None:
    model = model_of(sample_desk(signed_in=None))
    assert not await model.sign_in("ana.kovac", "guess")
    assert model.state.value.error == text.refusal(Refusal(reason=Reason.WRONG_SECRET))
    assert model.state.value.asks == 1
    assert not model.state.value.busy
    model.choose("marko.zupan")
    assert model.state.value.error == "", "nobody is told of another person's password"


async def test_too_many_tries_say_how_long_to_wait() -> None:
    model = model_of(sample_desk(signed_in=None))
    for _ in range(6):
        await model.sign_in("ana.kovac", "guess")
    assert model.state.value.error == "Too many wrong passwords. Wait 30 seconds, then try again."


async def test_what_is_missing_is_said_before_the_server_is_asked() -> None:
    model = model_of(sample_desk(signed_in=None))
    assert not await model.sign_in(" ", "")
    assert model.state.value.error == "Enter your name."
    assert not await model.sign_in("ana.kovac", "")
    assert model.state.value.error == "Enter your password."


async def test_who_was_here_last_comes_first() -> None:
    model = model_of(sample_desk(signed_in=None))
    await model.load()
    assert [each.name for each in model.state.value.people][:2] == ["Ana Kovač", "Marko Zupan"]
    assert model.state.value.people[0].seen == "3 h ago"


async def test_offline_says_since_when_and_until_when_each_can_sign_in() -> None:
    desk = sample_desk(signed_in=None, offline=True)
    model = model_of(desk)
    await model.load()
    assert model.state.value.link_note.startswith("Offline since 14:05.")
    assert model.state.value.people[0].note == "offline until 25 Nov 11:05"
    desk.world.now += timedelta(hours=80)
    model.follow(desk.sync.state.value)
    assert not model.state.value.people[0].possible
    assert model.state.value.people[0].note == "needs the server now"


async def test_offline_a_stranger_is_told_that_the_first_time_needs_the_server() -> None:
    model = model_of(sample_desk(signed_in=None, offline=True))
    await model.load()
    assert not await model.sign_in("nina.golob", "floor")
    assert "never seen this person" in model.state.value.error


async def test_a_refused_workstation_says_why() -> None:
    desk = sample_desk(signed_in=None)
    model = model_of(desk)
    model.follow(replace(desk.sync.state.value, link=Link.REFUSED, problem="its key was revoked"))
    assert "its key was revoked" in model.state.value.link_note


async def test_a_tap_on_a_person_asks_for_their_password(qtbot: QtBot) -> None:
    desk = sample_desk(signed_in=None)
    view, tasks = await shown(qtbot, model_of(desk))
    view.people()[1].click()
    assert view.login.text() == "marko.zupan"
    assert view.focusWidget() is view.password
    typed(view.password, "floor")
    pressed(view.password, Qt.Key.Key_Return)
    assert view.password.text() == "", "the field is emptied before anybody hears of it"
    await tasks.settle()
    assert desk.session.person.value is not None
    assert desk.session.person.value.login == "marko.zupan"


async def test_a_badge_goes_from_the_name_to_the_password(qtbot: QtBot) -> None:
    view, _ = await shown(qtbot, model_of(sample_desk(signed_in=None)))
    typed(view.login, "eva.mlakar")
    pressed(view.login, Qt.Key.Key_Return)
    assert view.focusWidget() is view.password
    assert view.enter.isEnabled()


async def test_a_double_tap_is_one_sign_in_and_a_wrong_one_gives_the_keyboard_back(qtbot: QtBot) -> None:
    view, tasks = await shown(qtbot, model_of(sample_desk(signed_in=None)))
    view.people()[0].click()
    typed(view.password, "guess")
    view.enter.click()
    assert not view.enter.isEnabled()
    view.enter.click()
    await tasks.settle()
    assert view.error.isVisible()
    assert view.enter.isEnabled()
    assert view.focusWidget() is view.password


async def test_demo_accounts_show_only_where_they_were_given(qtbot: QtBot) -> None:
    plain, _ = await shown(qtbot, model_of(sample_desk(signed_in=None)))
    assert not plain.demo.isVisible()
    view, _ = await shown(qtbot, model_of(sample_desk(signed_in=None), demo=HINTS))
    assert view.demo.isVisible()
    view.hint_buttons()[3].click()
    assert (view.login.text(), view.password.text()) == ("eva.mlakar", "floor")


async def test_pictures(qtbot: QtBot, tmp_path: Path) -> None:
    desk = sample_desk(signed_in=None)
    model = model_of(desk, warning="No backup has run yet. Ask an administrator to run one.", demo=HINTS)
    view, tasks = await shown(qtbot, model)
    directory = out_directory(tmp_path)
    grab_all(view, "sign-in", directory, sizes=(SMALL, LARGE))
    view.people()[0].click()
    typed(view.password, "guess")
    view.enter.click()
    await tasks.settle()
    grab_all(view, "sign-in-wrong-password", directory)
    desk.go_offline()
    model.warn("")
    grab_all(view, "sign-in-offline", directory)
    assert len(list(directory.glob("sign-in*.png"))) >= 8
