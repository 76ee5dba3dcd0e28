"""The kit: every widget the screens are made of. It knows no domain record."""

from ui.widgets.banner import Banner, Mark
from ui.widgets.button import Button, ButtonKind, IconButton
from ui.widgets.card import Card
from ui.widgets.empty_state import EmptyState
from ui.widgets.filter_chips import FilterChips, FilterChoice
from ui.widgets.flow import FlowLayout
from ui.widgets.label import ElidedLabel, Label
from ui.widgets.rows_model import Column, RowsModel, TableRole
from ui.widgets.search_field import SearchField
from ui.widgets.section_header import SectionHeader
from ui.widgets.status_chip import Chip, StatusChip
from ui.widgets.table_view import ColumnMemory, TableView

__all__ = [
    "Banner",
    "Button",
    "ButtonKind",
    "Card",
    "Chip",
    "Column",
    "ColumnMemory",
    "ElidedLabel",
    "EmptyState",
    "FilterChips",
    "FilterChoice",
    "FlowLayout",
    "IconButton",
    "Label",
    "Mark",
    "RowsModel",
    "SearchField",
    "SectionHeader",
    "StatusChip",
    "TableRole",
    "TableView",
]
