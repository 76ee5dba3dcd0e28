"""The kit: every widget the screens are made of. It knows no domain record."""

from ui.widgets.banner import Banner, Mark
from ui.widgets.button import Button, ButtonKind, IconButton
from ui.widgets.card import Card
from ui.widgets.command_palette import CommandPalette, PaletteItem
from ui.widgets.empty_state import EmptyState
from ui.widgets.filter_chips import FilterChips, FilterChoice
from ui.widgets.flow import FlowLayout
from ui.widgets.label import ElidedLabel, Label
from ui.widgets.lock_screen import LockScreen
from ui.widgets.overlay import Overlay
from ui.widgets.password_field import PasswordField
from ui.widgets.rail import Rail, RailItem
from ui.widgets.rows_model import Column, RowsModel, TableRole
from ui.widgets.search_field import SearchField
from ui.widgets.section_header import SectionHeader
from ui.widgets.sheet import Sheet
from ui.widgets.status_bar import StatusBar
from ui.widgets.status_chip import Chip, StatusChip
from ui.widgets.table_view import ColumnMemory, TableView
from ui.widgets.toast import ToastArea
from ui.widgets.top_bar import TopBar

__all__ = [
    "Banner",
    "Button",
    "ButtonKind",
    "Card",
    "Chip",
    "Column",
    "ColumnMemory",
    "CommandPalette",
    "ElidedLabel",
    "EmptyState",
    "FilterChips",
    "FilterChoice",
    "FlowLayout",
    "IconButton",
    "Label",
    "LockScreen",
    "Mark",
    "Overlay",
    "PaletteItem",
    "PasswordField",
    "Rail",
    "RailItem",
    "RowsModel",
    "SearchField",
    "SectionHeader",
    "Sheet",
    "StatusBar",
    "StatusChip",
    "TableRole",
    "TableView",
    "ToastArea",
    "TopBar",
]
