"""What the demo's keeper tells a desktop process, by the environment: arguments can be read by every user."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOrder:
    """What the keeper tells a desktop process. `shift` names a part of the scripted shift, empty for none."""

    VARIABLE: ClassVar[str] = "BATCHWRIGHT_DEMO_CHILD"

    server: str
    data: Path
    plug_port: int
    plug_token: str
    enrolment_code: str
    shift: str = ""
    out: Path | None = None

    def text(self) -> str:
        return json.dumps(
            {
                "server": self.server,
                "data": str(self.data),
                "plug_port": self.plug_port,
                "plug_token": self.plug_token,
                "enrolment_code": self.enrolment_code,
                "shift": self.shift,
                "out": str(self.out) if self.out else "",
            }
        )

    @staticmethod
    def from_environment() -> "ChildOrder":
        """The order this process was started with; taken out of the environment, so that nothing inherits it."""
        told = json.loads(os.environ.pop(ChildOrder.VARIABLE))
        return ChildOrder(
            server=told["server"],
            data=Path(told["data"]),
            plug_port=told["plug_port"],
            plug_token=told["plug_token"],
            enrolment_code=told["enrolment_code"],
            shift=told["shift"],
            out=Path(told["out"]) if told["out"] else None,
        )
