"""What a start of the desktop is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.client.ports import Plug
    from offline.desk import Workstation
    from ui.screens.door.view_model import EnrolForm
    from ui.screens.sign_in.view_model import DemoHint
    from ui.workplace import Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How the desktop is started. `invitation`: enrol without asking, in the demo. `before` is awaited before the first
    window, `arrived` after the workplace is shown.
    """

    data_dir: Path
    plug: "Plug | None" = None
    server: str | None = None
    invitation: "EnrolForm | None" = None
    demo: "tuple[DemoHint, ...]" = ()
    warning: str = ""
    before: Callable[[], Awaitable[None]] | None = None
    arrived: "Callable[[Workplace, Workstation], Awaitable[None]] | None" = None
