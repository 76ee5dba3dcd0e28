"""Whether there is a screen to show a window on: without one Qt aborts the process, and a sentence is better."""

import os
import sys
from typing import Final

TOLD_BY: Final = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def is_there_a_display() -> bool:
    """On Linux what the environment says; elsewhere a desktop is always there."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in TOLD_BY)
