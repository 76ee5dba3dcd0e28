"""The style sheet: only what a palette cannot say.

Borders of fields (Fusion's own nearly vanish in the dark), sizes of targets, the type scale of labels.
Generated from the tokens; no colour is written here.
"""

from collections.abc import Callable
from pathlib import Path

from ui.tokens import RADIUS, RADIUS_SMALL, TARGET, TARGET_STEP, TYPE_SIZES, Tokens, Tone


def style_sheet(t: Tokens, px: Callable[[float], int], pictures: Path) -> str:
    """Qt style sheet for these tokens. `px` scales a length; `pictures` holds the check mark and the
    arrows.
    """
    art = pictures.as_posix()
    return "\n".join(
        (
            _labels(t, px),
            _fields(t, px),
            _choices(t, px, art),
            _lists(t, px, art),
            _rest(t, px),
        )
    )


def _labels(t: Tokens, px: Callable[[float], int]) -> str:
    sizes = (
        f'QLabel[type="{kind.value}"] {{ font-size: {px(size)}px; font-weight: {weight}; }}'
        for kind, (size, weight) in TYPE_SIZES.items()
    )
    tones = (f'QLabel[tone="{tone.value}"] {{ color: {t.ink(tone)}; }}' for tone in Tone)
    plain = f'QLabel[tone="plain"] {{ color: {t.text}; }}\nQLabel:disabled {{ color: {t.disabled}; }}'
    struck = 'QLabel[struck="true"] { text-decoration: line-through; }'
    return "\n".join((*sizes, *tones, plain, struck))


def _fields(t: Tokens, px: Callable[[float], int]) -> str:
    return f"""
QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QDateTimeEdit, QSpinBox {{
    background: {t.surface}; color: {t.text}; border: 1px solid {t.border}; border-radius: {RADIUS}px;
    padding: 1px {px(11)}px; selection-background-color: {t.accent}; selection-color: {t.on_accent};
}}
QLineEdit, QComboBox, QDateTimeEdit, QSpinBox {{ min-height: {px(TARGET) - 4}px; }}
QPlainTextEdit, QTextEdit {{ padding: {px(8)}px {px(9)}px; }}
QLineEdit:hover, QPlainTextEdit:hover, QTextEdit:hover, QComboBox:hover {{ border-color: {t.text}; }}
QLineEdit:focus, QComboBox:focus, QDateTimeEdit:focus, QSpinBox:focus {{
    border: 2px solid {t.accent}; padding: 0px {px(11) - 1}px;
}}
QPlainTextEdit:focus, QTextEdit:focus {{
    border: 2px solid {t.accent}; padding: {px(8) - 1}px {px(9) - 1}px;
}}
QLineEdit[entry="true"] {{ min-height: {px(TARGET_STEP)}px; font-size: {px(28)}px; font-weight: 500; }}
QLineEdit[judged="out"] {{ border: 2px solid {t.critical}; padding: 0px {px(11) - 1}px; }}
QPlainTextEdit[judged="out"] {{ border: 2px solid {t.critical}; padding: {px(8) - 1}px {px(9) - 1}px; }}
QLineEdit:disabled, QPlainTextEdit:disabled, QTextEdit:disabled, QComboBox:disabled {{
    color: {t.disabled}; background: {t.window}; border-color: {t.hairline};
}}
QLineEdit:read-only, QPlainTextEdit:read-only {{ background: {t.window}; }}
"""


def _choices(t: Tokens, px: Callable[[float], int], art: str) -> str:
    return f"""
QComboBox::drop-down, QDateTimeEdit::drop-down {{ border: none; width: {px(36)}px; }}
QComboBox::down-arrow, QDateTimeEdit::down-arrow {{
    image: url({art}/chevron-down.svg); width: {px(18)}px; height: {px(18)}px;
}}
QComboBox QAbstractItemView {{
    background: {t.surface}; border: 1px solid {t.border}; padding: {px(4)}px; outline: none;
    selection-background-color: {t.accent_ground}; selection-color: {t.text};
}}
QComboBox QAbstractItemView::item {{ min-height: {px(TARGET)}px; padding: 0 {px(8)}px; }}
QCheckBox, QRadioButton {{
    spacing: {px(10)}px; min-height: {px(TARGET) - 4}px; border: 2px solid transparent;
    border-radius: {RADIUS}px; padding: 0 {px(4)}px;
}}
QCheckBox:focus, QRadioButton:focus {{ border-color: {t.accent}; }}
QCheckBox::indicator, QRadioButton::indicator {{
    width: {px(22)}px; height: {px(22)}px; border: 2px solid {t.border}; background: {t.surface};
}}
QCheckBox::indicator {{ border-radius: 5px; }}
QRadioButton::indicator {{ border-radius: {px(22) // 2 + 2}px; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover {{ border-color: {t.text}; }}
QCheckBox::indicator:checked {{
    background: {t.accent}; border-color: {t.accent}; image: url({art}/check.svg);
}}
QRadioButton::indicator:checked {{
    border: {px(7)}px solid {t.accent}; width: {px(12)}px; height: {px(12)}px;
}}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{
    border-color: {t.disabled}; background: {t.sunken};
}}
QMenu {{ background: {t.surface}; border: 1px solid {t.border}; padding: {px(6)}px; }}
QMenu::item {{ padding: {px(10)}px {px(28)}px {px(10)}px {px(14)}px; border-radius: {RADIUS_SMALL}px; }}
QMenu::item:selected {{ background: {t.accent_ground}; color: {t.text}; }}
QMenu::item:disabled {{ color: {t.disabled}; }}
QMenu::separator {{ height: 1px; background: {t.hairline}; margin: {px(6)}px {px(8)}px; }}
QTabBar::tab {{
    min-height: {px(TARGET)}px; padding: 0 {px(16)}px; color: {t.muted};
    border: none; border-bottom: 3px solid transparent;
}}
QTabBar::tab:hover {{ color: {t.text}; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom-color: {t.accent}; font-weight: 600; }}
QTabBar::tab:focus {{ border: 2px solid {t.accent}; border-radius: {RADIUS_SMALL}px; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {t.hairline}; }}
"""


def _lists(t: Tokens, px: Callable[[float], int], art: str) -> str:
    return f"""
QTableView, QListView, QTreeView {{
    background: {t.surface}; border: none; outline: none; gridline-color: {t.hairline};
    selection-background-color: {t.accent_ground}; selection-color: {t.text};
}}
QHeaderView {{ background: {t.surface}; border: none; }}
QHeaderView::section {{
    background: {t.surface}; color: {t.muted}; border: none; border-bottom: 1px solid {t.hairline};
    padding: 0 {px(12)}px; min-height: {px(40)}px; font-size: {px(13)}px; font-weight: 600;
}}
QHeaderView::section:hover {{ color: {t.text}; background: {t.hover}; }}
QHeaderView::up-arrow {{
    image: url({art}/chevron-up.svg); width: {px(14)}px; height: {px(14)}px; right: {px(6)}px;
    subcontrol-origin: padding; subcontrol-position: center right;
}}
QHeaderView::down-arrow {{
    image: url({art}/chevron-down.svg); width: {px(14)}px; height: {px(14)}px; right: {px(6)}px;
    subcontrol-origin: padding; subcontrol-position: center right;
}}
QScrollArea {{ border: none; background: transparent; }}
QScrollBar:vertical {{ background: transparent; width: {px(14)}px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: {px(14)}px; margin: 0; }}
QScrollBar::handle {{ background: {t.border}; border-radius: {px(4)}px; }}
QScrollBar::handle:vertical {{ min-height: {px(40)}px; margin: 2px {px(3)}px; }}
QScrollBar::handle:horizontal {{ min-width: {px(40)}px; margin: {px(3)}px 2px; }}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: none; }}
"""


def _rest(t: Tokens, px: Callable[[float], int]) -> str:
    return f"""
QToolTip {{
    background: {t.tooltip}; color: {t.on_tooltip}; border: none; padding: {px(6)}px {px(10)}px;
    font-size: {px(13)}px;
}}
QProgressBar {{
    background: {t.sunken}; border: none; border-radius: {px(8) // 2}px; text-align: center;
    min-height: {px(8)}px; max-height: {px(8)}px;
}}
QProgressBar::chunk {{ background: {t.accent}; border-radius: {px(8) // 2}px; }}
QSplitter::handle {{ background: {t.hairline}; }}
"""
