"""How this workstation likes to look: theme, text size and column widths, in a small file. Nothing of a record."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ui.tokens import ThemeName


class Preferences:
    """Read once, written at each change; a file that can't be read counts as none. Fills `ColumnMemory`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: dict[str, Any] = self._read()

    @property
    def theme(self) -> ThemeName:
        kept = self._kept.get("theme", "")
        return ThemeName(kept) if kept in set(ThemeName) else ThemeName.LIGHT

    @property
    def scale(self) -> float:
        kept = self._kept.get("scale", 1.0)
        return float(kept) if isinstance(kept, int | float) else 1.0

    def look(self, theme: ThemeName, scale: float) -> None:
        """Keep theme and text size."""
        self._kept |= {"theme": theme.value, "scale": scale}
        self._write()

    def load(self, table: str) -> Mapping[str, int]:
        """The widths of a table's columns."""
        widths = self._kept.get("columns", {}).get(table, {})
        return {str(name): int(width) for name, width in widths.items()}

    def save(self, table: str, widths: Mapping[str, int]) -> None:
        """Keep the widths of a table's columns."""
        self._kept.setdefault("columns", {})[table] = dict(widths)
        self._write()

    def _read(self) -> dict[str, Any]:
        try:
            kept: object = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return cast("dict[str, Any]", kept) if isinstance(kept, dict) else {}

    def _write(self) -> None:
        try:
            self._file.write_text(json.dumps(self._kept), encoding="utf-8")
        except OSError:
            return  # a look that is forgotten costs nobody an entry
