"""What the widgets of the kit do under finger and keyboard."""

from collections.abc import Mapping
from decimal import Decimal

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QCursor, QEnterEvent, QGuiApplication, QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QToolTip, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.kit import gallery
from ui.icons import Icon
from ui.theme import LOOK
from ui.tokens import Tone
from ui.widgets import (
    Banner,
    Button,
    Channel,
    Chart,
    Chip,
    Choice,
    ChoiceButtons,
    CommentField,
    Delivery,
    EmptyState,
    Fact,
    FilterChips,
    FilterChoice,
    IconButton,
    Keypad,
    KeyValueGrid,
    Label,
    LimitBar,
    Limits,
    Loading,
    NumericField,
    PasswordField,
    ProgressPanel,
    ReasonDialog,
    SearchField,
    SignDialog,
    StageTrack,
    StepItem,
    StepList,
    SyncMark,
    TableView,
    TimelineEntry,
    TimelineView,
    ToastArea,
    TrackStage,
)


def shown(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.addWidget(widget)
    widget.show()
    widget.activateWindow()
    QApplication.processEvents()


# Buttons


def test_a_button_that_is_off_says_why(qtbot: QtBot) -> None:
    button = Button("Release B-0042", shortcut="Ctrl+R")
    shown(qtbot, button)
    assert "Ctrl+R" in button.toolTip()
    button.offer(False, "Deviation DEV-7 is open")
    assert not button.isEnabled()
    assert button.toolTip() == "Deviation DEV-7 is open"
    assert button.accessibleDescription() == "Deviation DEV-7 is open"
    QCoreApplication.sendEvent(button, QHelpEvent(QEvent.Type.ToolTip, QPoint(1, 1), QPoint(1, 1)))
    assert QToolTip.text() == "Deviation DEV-7 is open"
    QToolTip.hideText()
    button.offer(True)
    assert "Release B-0042" in button.toolTip()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_enter_and_space_press_a_button(qtbot: QtBot, key: Qt.Key) -> None:
    button = Button("Save")
    shown(qtbot, button)
    with qtbot.waitSignal(button.clicked, timeout=1000):
        QTest.keyClick(button, key)


def test_an_icon_alone_still_has_a_name(qtbot: QtBot) -> None:
    button = IconButton(Icon.PRINT, "Print the record")
    shown(qtbot, button)
    assert button.accessibleName() == "Print the record"
    assert "Print the record" in button.toolTip()


def test_a_folded_button_keeps_its_word_for_screen_readers_and_hands(qtbot: QtBot) -> None:
    button = Button("Switch user", icon=Icon.SWITCH_USER)
    shown(qtbot, button)
    wide = button.sizeHint().width()
    button.set_compact(True)
    assert button.sizeHint().width() < wide
    assert button.accessibleName() == "Switch user"
    assert button.toolTip() == "Switch user"


def test_text_is_never_markup(qtbot: QtBot) -> None:
    label = Label("<b>weight</b> < 5 & rising")
    shown(qtbot, label)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert label.text() == "<b>weight</b> < 5 & rising"


# Lists and filters


def test_search_waits_for_a_pause_and_tells_once(qtbot: QtBot) -> None:
    field = SearchField()
    shown(qtbot, field)
    heard: list[str] = []
    field.searched.connect(heard.append)
    QTest.keyClicks(field, "B-0042")
    assert heard == []
    qtbot.waitUntil(lambda: heard == ["B-0042"], timeout=2000)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert heard == ["B-0042"]
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""
    assert heard == ["B-0042", ""]


def test_ctrl_f_brings_the_keyboard_to_the_search(qtbot: QtBot) -> None:
    window = QWidget()
    column = QVBoxLayout(window)
    field, other = SearchField(), QLineEdit()
    column.addWidget(other)
    column.addWidget(field)
    shown(qtbot, window)
    other.setFocus()
    QTest.keyClick(other, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert field.hasFocus()


def test_a_text_from_the_state_is_shown_but_not_searched_again(qtbot: QtBot) -> None:
    field = SearchField()
    shown(qtbot, field)
    with qtbot.assertNotEmitted(field.searched, wait=250):
        field.set_text_quietly("compression")
    assert field.text() == "compression"


def filters(*, multi: bool) -> FilterChips:
    return FilterChips(
        [FilterChoice("run", "In progress", 12), FilterChoice("hold", "QA Hold", 2)], multi=multi
    )


def test_several_filters_hold_together_or_one_at_a_time(qtbot: QtBot) -> None:
    for multi, expected in ((True, {"run", "hold"}), (False, {"hold"})):
        chips = filters(multi=multi)
        shown(qtbot, chips)
        heard: list[frozenset[str]] = []
        chips.changed.connect(heard.append)
        for key in ("run", "hold"):
            QTest.mouseClick(chips.chip(key), Qt.MouseButton.LeftButton)
        assert chips.chosen() == expected
        assert heard[-1] == expected


def test_new_counts_keep_the_choice_and_are_read_aloud(qtbot: QtBot) -> None:
    chips = filters(multi=True)
    shown(qtbot, chips)
    chips.choose(frozenset({"hold"}))
    chips.set_choices([FilterChoice("run", "In progress", 13), FilterChoice("hold", "QA Hold", 3)])
    assert chips.chosen() == {"hold"}
    assert chips.chip("hold").accessibleName() == "QA Hold, 3"


def filled_table(qtbot: QtBot) -> TableView:
    table, model = gallery.batch_table()
    model.set_rows(gallery.rows(20))
    table.resize(1000, 400)
    shown(qtbot, table)
    return table


def test_a_table_is_used_by_keyboard_alone(qtbot: QtBot) -> None:
    table = filled_table(qtbot)
    table.setFocus()
    assert table.current_row() == 0
    QTest.keyClick(table, Qt.Key.Key_Down)
    opened: list[int] = []
    table.opened.connect(opened.append)
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert opened == [1]
    QTest.keyClick(table, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert table.current_row() == 19


def test_the_selection_is_copied_as_tsv_with_headings(qtbot: QtBot) -> None:
    table = filled_table(qtbot)
    table.choose_row(1)
    table.copy_selection()
    head, row = QGuiApplication.clipboard().text().splitlines()
    assert head.split("\t")[:3] == ["Number", "Product", "Status"]
    assert row.split("\t")[:3] == ["B-2599", "Ibuprofen 400 mg film-coated tablets", "QA Hold"]


def test_the_whole_table_goes_to_a_file_and_no_cell_becomes_a_formula(qtbot: QtBot) -> None:
    table, model = gallery.batch_table()
    first = gallery.rows(1)[0]
    model.set_rows([first, gallery.Row("=1+1", "-12.5", "", first.status, 1, "-", 0)])
    qtbot.addWidget(table)
    lines = table.csv(["Status: In Progress", "22 Nov 2026 14:05:09 CET"]).split("\r\n")
    assert lines[:3] == [
        "# Status: In Progress",
        "# 22 Nov 2026 14:05:09 CET",
        "Number,Product,Status,Progress,Started,Deviations",
    ]
    assert lines[3].startswith("B-2600,Paracetamol 500 mg tablets,In Progress,0 of 10,")
    assert lines[4] == "'=1+1,-12.5,In Progress,1 of 10,'-,0"


def test_a_short_wait_shows_nothing_and_a_long_one_says_what_is_waited_for(qtbot: QtBot) -> None:
    loading = Loading("Loading batches …")
    shown(qtbot, loading)
    assert not loading.sentence.isVisible()
    loading.hide()
    QTest.qWait(350)
    loading.show()
    assert not loading.sentence.isVisible()
    qtbot.waitUntil(loading.sentence.isVisible, timeout=2000)


def test_sorting_by_a_number_and_back(qtbot: QtBot) -> None:
    table, model = gallery.batch_table()
    model.set_rows(gallery.rows(20))
    shown(qtbot, table)
    given = [row.number for row in model.rows]
    table.sortByColumn(5, Qt.SortOrder.DescendingOrder)
    assert [row.deviations for row in model.rows] == sorted((r.deviations for r in model.rows), reverse=True)
    table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    assert [row.number for row in model.rows] == given


def test_rows_that_only_changed_keep_selection_and_place(qtbot: QtBot) -> None:
    table, model = gallery.batch_table()
    rows = gallery.rows(20)
    model.set_rows(rows)
    shown(qtbot, table)
    table.choose_row(7)
    changed = tuple(
        gallery.Row(r.number, r.product, "Coating", r.status, 10, r.started, r.deviations) for r in rows
    )
    model.set_rows(changed)
    assert table.current_row() == 7
    assert model.row_at(7).stage == "Coating"
    assert model.find("B-2593") == 7


def test_an_empty_table_explains_itself(qtbot: QtBot) -> None:
    table, model = gallery.batch_table()
    empty = EmptyState(Icon.BATCHES, "No batch matches", "Change the filters.", action="Show all")
    table.set_empty(empty)
    table.resize(900, 400)
    shown(qtbot, table)
    assert empty.isVisible()
    with qtbot.waitSignal(empty.acted, timeout=1000):
        QTest.mouseClick(empty.button, Qt.MouseButton.LeftButton)
    model.set_rows(gallery.rows(3))
    assert not empty.isVisible()


class Memory:
    def __init__(self) -> None:
        self.kept: dict[str, Mapping[str, int]] = {"batches": {"number": 160}}

    def load(self, table: str) -> Mapping[str, int]:
        return self.kept.get(table, {})

    def save(self, table: str, widths: Mapping[str, int]) -> None:
        self.kept[table] = widths


def test_column_widths_are_remembered(qtbot: QtBot) -> None:
    memory = Memory()
    _, model = gallery.batch_table()
    table = TableView(name="batches", memory=memory)
    table.setModel(model)
    table.resize(1200, 300)
    shown(qtbot, table)
    assert table.columnWidth(0) == 160
    table.setColumnWidth(0, 190)
    qtbot.waitUntil(lambda: memory.kept["batches"].get("number") == 190, timeout=2000)
    table.resize(1100, 300)
    assert table.columnWidth(0) == 190


# Readings


def test_junk_stays_typed_and_is_explained(qtbot: QtBot) -> None:
    field = NumericField("Weight", "mg")
    shown(qtbot, field)
    QTest.keyClicks(field.line, "25o.4")
    assert field.typed() == "25o.4"
    assert field.value() is None
    assert "not a number" in field.problem()


def test_a_comma_is_a_decimal_sign_and_the_field_says_so(qtbot: QtBot) -> None:
    field = NumericField("Weight", "mg")
    shown(qtbot, field)
    QTest.keyClicks(field.line, "250,40")
    assert field.value() == Decimal("250.40")
    assert str(field.value()) == "250.40"
    assert any(label.text() == "Read as 250.40\N{NO-BREAK SPACE}mg" for label in field.findChildren(Label))
    with qtbot.waitSignal(field.entered, timeout=1000):
        QTest.keyClick(field.line, Qt.Key.Key_Return)


def test_the_keypad_types_where_the_cursor_is_and_leaves_the_keyboard_there(qtbot: QtBot) -> None:
    field = NumericField("Weight", "mg")
    pad = Keypad(field.line)
    window = QWidget()
    column = QVBoxLayout(window)
    column.addWidget(field)
    column.addWidget(pad)
    shown(qtbot, window)
    for key in ("2", "5", "0", ".", "4"):
        QTest.mouseClick(pad.keys[key], Qt.MouseButton.LeftButton)
    assert field.value() == Decimal("250.4")
    assert field.line.hasFocus()
    QTest.mouseClick(pad.keys["backspace"], Qt.MouseButton.LeftButton)
    QTest.mouseClick(pad.keys["±"], Qt.MouseButton.LeftButton)
    assert field.typed() == "-250."
    QTest.mouseClick(pad.keys["±"], Qt.MouseButton.LeftButton)
    assert field.typed() == "250."
    QTest.mouseClick(pad.keys["clear"], Qt.MouseButton.LeftButton)
    assert field.typed() == ""
    field.line.undo()
    assert field.typed() == "250."
    with qtbot.waitSignal(pad.entered, timeout=1000):
        QTest.mouseClick(pad.keys["enter"], Qt.MouseButton.LeftButton)


def test_the_limit_bar_places_a_value_and_says_the_verdict(qtbot: QtBot) -> None:
    bar = LimitBar()
    shown(qtbot, bar)
    bar.set_limits(Limits(low=Decimal("9.80"), high=Decimal("10.20"), unit="kN"))
    low, middle, high = (bar.position(Decimal(v)) for v in ("9.80", "10.00", "10.20"))
    assert 0 < low < middle < high < 1
    assert middle == pytest.approx(0.5)
    assert bar.position(Decimal(73)) > 1
    bar.show_value(Decimal("10.27"), Chip("Above the limit", Tone.STOPPED))
    assert bar.accessibleName() == (
        "Limits: 9.80 to 10.20\N{NO-BREAK SPACE}kN, 10.27\N{NO-BREAK SPACE}kN, Above the limit"
    )


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(low=Decimal(40), unit="N"), "At least 40\N{NO-BREAK SPACE}N"),
        (Limits(high=Decimal("1.0"), unit="%"), "At most 1.0\N{NO-BREAK SPACE}%"),
        (Limits(), "No limits"),
    ],
)
def test_a_missing_bound_is_not_invented(qtbot: QtBot, limits: Limits, said: str) -> None:
    bar = LimitBar()
    shown(qtbot, bar)
    bar.set_limits(limits)
    bar.show_value(Decimal(5))
    assert limits.words() == said
    assert not bar.grab().isNull()


def test_a_choice_is_exclusive_and_can_be_cleared_by_the_state(qtbot: QtBot) -> None:
    choice = ChoiceButtons("Result", [Choice("pass", "Conforms"), Choice("fail", "Does not conform")])
    shown(qtbot, choice)
    heard: list[str] = []
    choice.chosen.connect(heard.append)
    QTest.mouseClick(choice.button("fail"), Qt.MouseButton.LeftButton)
    QTest.mouseClick(choice.button("pass"), Qt.MouseButton.LeftButton)
    assert (choice.current(), heard) == ("pass", ["fail", "pass"])
    choice.choose("")
    assert (choice.current(), heard) == ("", ["fail", "pass"])


def test_a_comment_counts_what_is_missing(qtbot: QtBot) -> None:
    comment = CommentField("Why?", minimum=10)
    shown(qtbot, comment)
    QTest.keyClicks(comment.box, "Too dry")
    assert not comment.enough()
    assert any(label.text() == "3 more characters" for label in comment.findChildren(Label))
    QTest.keyClicks(comment.box, " air")
    assert comment.enough()
    with qtbot.waitSignal(comment.done, timeout=1000):
        QTest.keyClick(comment.box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_a_password_is_handed_over_once(qtbot: QtBot) -> None:
    field = PasswordField()
    shown(qtbot, field)
    QTest.keyClicks(field, "s3cret word")
    assert field.displayText() != "s3cret word"
    assert field.take() == "s3cret word"
    assert field.text() == ""
    assert field.take() == ""


# States


def test_the_sync_mark_says_each_state_in_words(qtbot: QtBot) -> None:
    mark = SyncMark()
    shown(qtbot, mark)
    said: list[str] = []
    for delivery in Delivery:
        mark.show_delivery(delivery)
        said.append(mark.text())
    assert said == ["Saved here", "Sent", "Accepted", "Needs attention"]


def test_a_stage_is_chosen_by_tap_and_by_keyboard(qtbot: QtBot) -> None:
    track = StageTrack()
    track.set_stages(
        [
            TrackStage(key="d", name="Dispensing", word="Complete"),
            TrackStage(key="c", name="Compression", word="Now"),
        ]
    )
    shown(qtbot, track)
    heard: list[str] = []
    track.chosen.connect(heard.append)
    first, second = track.nodes()
    QTest.mouseClick(second, Qt.MouseButton.LeftButton)
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Return)
    assert heard == ["c", "d"]
    assert second.accessibleName() == "Compression, Now"


def test_the_step_list_keeps_its_place_when_steps_change(qtbot: QtBot) -> None:
    steps = StepList()
    shown(qtbot, steps)
    heard: list[str] = []
    steps.chosen.connect(heard.append)
    items = [StepItem(key=str(i), title=f"Step {i}", word="Waiting") for i in range(5)]
    steps.set_steps(items)
    steps.show_current("2")
    assert heard == []
    QTest.keyClick(steps, Qt.Key.Key_Down)
    assert heard == ["3"]
    steps.set_steps([StepItem(key=str(i), title=f"Step {i}", word="Done") for i in range(6)])
    assert steps.current_key() == "3"
    assert heard == ["3"]


def test_the_timeline_shows_an_old_value_struck_through(qtbot: QtBot) -> None:
    view = TimelineView([TimelineEntry(title="Corrected", struck="25.04 mg", body="250.4 mg")])
    shown(qtbot, view)
    old = next(label for label in view.findChildren(Label) if label.text() == "25.04 mg")
    assert old.font().strikeOut()
    view.set_entries([TimelineEntry(title="Started")])
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert [label.text() for label in view.findChildren(Label)] == ["Started"]


def test_facts_take_as_many_columns_as_fit(qtbot: QtBot) -> None:
    grid = KeyValueGrid([Fact(f"Name {i}", f"Value {i}") for i in range(6)], columns=4, narrowest=180)
    grid.resize(800, 200)
    shown(qtbot, grid)
    tops = {
        cell.y() for cell in grid.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    }
    assert len(tops) == 2
    grid.resize(200, 600)
    QApplication.processEvents()
    tops = {
        cell.y() for cell in grid.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    }
    assert len(tops) == 6


def test_long_work_can_be_cancelled_once(qtbot: QtBot) -> None:
    panel = ProgressPanel("Importing")
    shown(qtbot, panel)
    panel.show_progress(412, 1005, "batch 412")
    with qtbot.waitSignal(panel.cancelled, timeout=1000):
        QTest.mouseClick(panel.cancel, Qt.MouseButton.LeftButton)
    assert not panel.cancel.isEnabled()


def test_a_banner_offers_its_action(qtbot: QtBot) -> None:
    banner = Banner("Offline since 10:42.", tone=Tone.ATTENTION, action="Show what waits")
    shown(qtbot, banner)
    with qtbot.waitSignal(banner.acted, timeout=1000):
        QTest.mouseClick(banner.button, Qt.MouseButton.LeftButton)
    banner.say("Connection is back.", Tone.INFO)
    assert not banner.button.isVisible()


# Toasts


def test_a_toast_never_takes_the_keyboard_and_goes_by_itself(qtbot: QtBot) -> None:
    window = QWidget()
    window.resize(900, 600)
    line = QLineEdit(window)
    area = ToastArea(window, shown_ms=80)
    shown(qtbot, window)
    QCursor.setPos(1200, 900)  # a pointer left over the toast would hold it
    line.setFocus()
    area.say("Deviation DEV-7 raised.")
    QApplication.processEvents()
    assert line.hasFocus()
    assert [toast.message.text for toast in area.shown()] == ["Deviation DEV-7 raised."]
    qtbot.waitUntil(lambda: not area.shown(), timeout=2000)
    assert [message.text for message in area.history] == ["Deviation DEV-7 raised."]


def test_a_toast_waits_while_somebody_reads_it(qtbot: QtBot) -> None:
    window = QWidget()
    area = ToastArea(window, shown_ms=40)
    shown(qtbot, window)
    area.say("3 entries were sent.")
    toast = area.shown()[0]
    spot = QPoint(2, 2).toPointF()
    QCoreApplication.sendEvent(toast, QEnterEvent(spot, spot, spot))
    assert toast.paused
    qtbot.wait(120)
    assert area.shown() == [toast]
    QCoreApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: not area.shown(), timeout=2000)


def test_the_newest_toast_takes_the_place_of_the_one_before_and_none_is_forgotten(qtbot: QtBot) -> None:
    window = QWidget()
    area = ToastArea(window)
    shown(qtbot, window)
    for number in range(5):
        area.say(f"Entry {number} sent.")
    assert [toast.message.text for toast in area.shown()] == ["Entry 4 sent."]
    assert len(area.history) == 5


# Dialogs


def test_signing_shows_what_is_signed_and_hands_the_password_over_once(qtbot: QtBot) -> None:
    dialog = gallery.sign_dialog()
    shown(qtbot, dialog)
    words = {label.text() for label in dialog.findChildren(Label)}
    assert {"Released", "Dr. Mara Lindt, QA Head", "B-2597, Paracetamol 500 mg tablets"} <= words
    assert not dialog.act.isEnabled()
    assert dialog.act.why_not() == "Enter the password to sign"
    heard: list[tuple[str, str]] = []

    def hear(user: str, password: str) -> None:
        heard.append((user, password))

    dialog.signed.connect(hear)
    QTest.keyClicks(dialog.password, "correct horse")
    QTest.keyClick(dialog.password, Qt.Key.Key_Return)
    assert heard == [("", "correct horse")]
    assert dialog.password.text() == ""
    assert dialog.isVisible()
    dialog.show_busy("Waiting for the server")
    assert not dialog.password.isEnabled()
    dialog.show_refusal("That is not the password.")
    assert dialog.error.text() == "That is not the password."
    assert dialog.password.isEnabled()


def test_a_second_person_must_say_who_they_are(qtbot: QtBot) -> None:
    dialog = gallery.verify_dialog()
    assert isinstance(dialog, SignDialog)
    shown(qtbot, dialog)
    dialog.user.clear()
    QTest.keyClicks(dialog.password, "secret")
    assert not dialog.act.isEnabled()
    QTest.keyClicks(dialog.user, "tom.brandt")
    heard: list[tuple[str, str]] = []

    def hear(user: str, password: str) -> None:
        heard.append((user, password))

    dialog.signed.connect(hear)
    QTest.mouseClick(dialog.act, Qt.MouseButton.LeftButton)
    assert heard == [("tom.brandt", "secret")]


def test_a_decided_signing_can_only_be_closed(qtbot: QtBot) -> None:
    dialog = gallery.refused_dialog()
    shown(qtbot, dialog)
    assert not dialog.password.isVisible()
    with qtbot.assertNotEmitted(dialog.signed), qtbot.waitSignal(dialog.accepted, timeout=1000):
        QTest.mouseClick(dialog.act, Qt.MouseButton.LeftButton)


def test_enter_in_a_dialog_presses_no_button_by_itself(qtbot: QtBot) -> None:
    dialog = gallery.reason_dialog()
    shown(qtbot, dialog)
    dialog.setFocus()
    with qtbot.assertNotEmitted(dialog.finished):
        QTest.keyClick(dialog, Qt.Key.Key_Return)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_another_reason_needs_words(qtbot: QtBot) -> None:
    dialog = ReasonDialog(
        "Correct", "Correct to 250.4 mg", reasons=["Typing error", "Wrong sample"], minimum=10
    )
    shown(qtbot, dialog)
    assert dialog.act.why_not() == "Choose a reason"
    QTest.mouseClick(dialog.choices.button("other"), Qt.MouseButton.LeftButton)
    assert dialog.act.why_not() == "Write at least 10 characters"
    assert dialog.comment.box.hasFocus()
    QTest.keyClicks(dialog.comment.box, "The scale was not zeroed")
    assert dialog.reason() == "The scale was not zeroed"
    QTest.mouseClick(dialog.choices.button("0"), Qt.MouseButton.LeftButton)
    given: list[str] = []
    dialog.given.connect(given.append)
    QTest.mouseClick(dialog.act, Qt.MouseButton.LeftButton)
    assert given == ["Typing error: The scale was not zeroed"]


# Chart


def test_a_chart_keeps_a_spike_of_one_reading_among_thousands(qtbot: QtBot) -> None:
    chart = Chart()
    chart.resize(900, 400)
    y = [10.0] * 45_000
    chart.set_series([Channel(key="force", name="Force", unit="kN", y=[*y[:-1], 99.0])])
    shown(qtbot, chart)
    accent = LOOK.value.color("accent").rgb()

    def inked(image: QImage) -> int:
        middle = range(image.height() // 4, image.height() * 3 // 4)
        return sum(image.pixel(x, row) == accent for x in range(200, 800) for row in middle)

    assert inked(chart.canvas.grab().toImage()) == 0
    y[31_234] = 99.0
    chart.set_series([Channel(key="force", name="Force", unit="kN", y=y)])
    image = chart.canvas.grab().toImage()
    assert inked(image) > 50


def test_a_chart_is_moved_by_keyboard_and_wheel_within_its_series(qtbot: QtBot) -> None:
    chart = Chart()
    chart.resize(900, 500)
    shown(qtbot, chart)
    chart.set_series([Channel(key=k, name=k, unit="", y=list(range(1000))) for k in ("a", "b")])
    whole = chart.visible_range()
    assert whole == (0.0, 999.0)
    QTest.keyClick(chart, Qt.Key.Key_Plus)
    zoomed = chart.visible_range()
    assert zoomed[1] - zoomed[0] < whole[1] - whole[0]
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.visible_range()[0] > zoomed[0]
    for _ in range(20):
        QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.visible_range()[1] == pytest.approx(999.0)
    QTest.keyClick(chart, Qt.Key.Key_Home)
    assert chart.visible_range() == pytest.approx(whole)
    for _ in range(60):
        QTest.keyClick(chart, Qt.Key.Key_Plus)
    assert chart.visible_range()[1] - chart.visible_range()[0] == pytest.approx(5.0)


def test_dragging_pans_and_the_pointer_reads_all_channels(qtbot: QtBot) -> None:
    chart = Chart()
    chart.resize(900, 500)
    shown(qtbot, chart)
    chart.set_series([Channel(key=k, name=k, unit="", y=list(range(1000))) for k in ("a", "b")])
    chart.show_range(400, 600)
    canvas = chart.canvas
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(500, 100))
    QTest.mouseMove(canvas, QPoint(400, 100))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(400, 100))
    assert chart.visible_range()[0] > 400
    assert canvas.pointer == round(canvas.at(400))


def test_a_chart_draws_limits_only_where_there_are_some(qtbot: QtBot) -> None:
    chart = Chart()
    chart.resize(900, 500)
    shown(qtbot, chart)
    critical = LOOK.value.color("critical").rgb()

    def red(low: float | None, high: float | None) -> int:
        chart.set_series([Channel(key="a", name="Force", unit="kN", y=[1.0, 2.0, 1.0], low=low, high=high)])
        image = chart.canvas.grab().toImage()
        rows = {y for y in range(image.height()) for x in range(100, 600, 3) if image.pixel(x, y) == critical}
        return len(rows)

    assert red(None, None) == 0
    assert 1 <= red(None, 1.5) <= 2
    assert 2 <= red(1.2, 1.8) <= 4


def test_a_chart_without_measurements_says_so_and_uneven_channels_are_refused(qtbot: QtBot) -> None:
    chart = Chart()
    shown(qtbot, chart)
    chart.set_series([])
    assert any(label.isVisible() and label.text() == "No measurements" for label in chart.findChildren(Label))
    with pytest.raises(ValueError, match="channel b"):
        chart.set_series(
            [Channel(key="a", name="A", unit="", y=[1.0]), Channel(key="b", name="B", unit="", y=[1.0, 2.0])]
        )
