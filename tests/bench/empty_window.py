"""The least that a Qt program does: an empty window, painted once. Prints when, and what it weighs then.

python -m tests.bench.empty_window
"""

import sys
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget


def main() -> int:
    """Show it and go."""
    app = QApplication(sys.argv[:1])
    window = QWidget()
    window.resize(1280, 800)
    window.show()
    app.processEvents()
    pages = Path("/proc/self/statm").read_text().split()[1]
    print(time.monotonic(), time.process_time(), int(pages) * 4096)
    return 0


if __name__ == "__main__":
    sys.exit(main())
