"""A desktop process of the demo: told by its keeper where the server is, and which part of the shift to play."""

import os
import signal

from app.launch.demo.order import ChildOrder


def run(kind: str) -> str:
    """Show the desktop, or play a part of the shift on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the keeper, who ends us in order
    order = ChildOrder.from_environment()
    if kind == "shift":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from app.launch.demo.shift import play

        return play(order)
    from app.launch.demo.window import show

    return show(order)
