"""What a command of the command line is: a module with `arguments` and `run`.

`run` answers with the one last line that says what was done, or an empty one where there is nothing to say (a window
was closed). It raises `CommandFailed` with the one sentence that says what to do.
"""

from argparse import ArgumentParser, Namespace
from typing import Protocol


class CommandFailed(Exception):
    """The command did not do what was asked. The sentence is for the person at the terminal."""

    def __init__(self, sentence: str, *, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


class CommandModule(Protocol):
    """A module below `app.launch` that can be started."""

    def arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        ...

    def run(self, options: Namespace) -> str:
        """Do it, and say in one line what was done. Raises CommandFailed."""
        ...
