"""The kit: every widget the screens are made of. It knows no domain record."""

from ui.widgets.banner import Banner, Mark
from ui.widgets.button import Button, ButtonKind, IconButton
from ui.widgets.card import Card
from ui.widgets.chart import Channel, Chart, ChartMark
from ui.widgets.choice_buttons import Choice, ChoiceButtons
from ui.widgets.command_palette import CommandPalette, PaletteItem
from ui.widgets.comment_field import CommentField
from ui.widgets.dialog import Dialog
from ui.widgets.empty_state import EmptyState
from ui.widgets.filter_chips import FilterChips, FilterChoice
from ui.widgets.flow import FlowLayout
from ui.widgets.key_value_grid import Fact, KeyValueGrid
from ui.widgets.keypad import Keypad
from ui.widgets.label import ElidedLabel, Label
from ui.widgets.limit_bar import LimitBar, Limits
from ui.widgets.loading import Loading
from ui.widgets.lock_screen import LockScreen
from ui.widgets.numeric_field import NumericField
from ui.widgets.overlay import Overlay
from ui.widgets.password_field import PasswordField
from ui.widgets.progress_panel import ProgressPanel
from ui.widgets.rail import Rail, RailItem
from ui.widgets.reason_dialog import ReasonDialog
from ui.widgets.rows_model import Column, RowsModel, TableRole
from ui.widgets.scroll_column import ScrollColumn
from ui.widgets.search_field import SearchField
from ui.widgets.section_header import SectionHeader
from ui.widgets.sheet import Sheet
from ui.widgets.sign_dialog import Manifest, SignDialog, SignRequest
from ui.widgets.stage_track import StageTrack, TrackStage
from ui.widgets.status_bar import StatusBar
from ui.widgets.status_chip import Chip, StatusChip
from ui.widgets.step_list import StepItem, StepList
from ui.widgets.sync_mark import Delivery, SyncMark
from ui.widgets.table_view import ColumnMemory, TableView
from ui.widgets.timeline_view import TimelineEntry, TimelineView
from ui.widgets.toast import ToastArea
from ui.widgets.top_bar import TopBar

__all__ = [
    "Banner",
    "Button",
    "ButtonKind",
    "Card",
    "Channel",
    "Chart",
    "ChartMark",
    "Chip",
    "Choice",
    "ChoiceButtons",
    "Column",
    "ColumnMemory",
    "CommandPalette",
    "CommentField",
    "Delivery",
    "Dialog",
    "ElidedLabel",
    "EmptyState",
    "Fact",
    "FilterChips",
    "FilterChoice",
    "FlowLayout",
    "IconButton",
    "KeyValueGrid",
    "Keypad",
    "Label",
    "LimitBar",
    "Limits",
    "Loading",
    "LockScreen",
    "Manifest",
    "Mark",
    "NumericField",
    "Overlay",
    "PaletteItem",
    "PasswordField",
    "ProgressPanel",
    "Rail",
    "RailItem",
    "ReasonDialog",
    "RowsModel",
    "ScrollColumn",
    "SearchField",
    "SectionHeader",
    "Sheet",
    "SignDialog",
    "SignRequest",
    "StageTrack",
    "StatusBar",
    "StatusChip",
    "StepItem",
    "StepList",
    "SyncMark",
    "TableRole",
    "TableView",
    "TimelineEntry",
    "TimelineView",
    "ToastArea",
    "TopBar",
    "TrackStage",
]
