"""The command line: finds the command's module, imports that one alone, and ends with one line and an exit code."""

import importlib
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final, cast

from app.launch.command import CommandFailed, CommandModule

DESKTOP: Final = "desktop"
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count


@dataclass(frozen=True, slots=True)
class Entry:
    """A command's module below `app.launch`, what it does, and words that go before those of the person."""

    module: str
    does: str
    words: tuple[str, ...] = ()


COMMANDS: Final = {
    DESKTOP: Entry("desktop", "the desktop application; what starts when no command is given"),
    "demo": Entry("demo", "a whole plant on this machine, for trying out"),
    "serve": Entry("serve", "the bundled API with its database"),
    "admin": Entry("admin", "plants, people, roles, workstations"),
    "import": Entry("importer", "bring existing records in"),
    "export": Entry("evidence", "write a batch's evidence bundle", ("export",)),
    "verify": Entry("evidence", "check a bundle or a whole database", ("verify",)),
    "backup": Entry("backup", "write the plant's database to a file", ("backup",)),
    "restore": Entry("backup", "fill an empty database from a backup and verify it", ("restore",)),
    "bench": Entry("bench", "measure against the budgets"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in `argv` (without the program's name); answer the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if words[:1] in (["-h"], ["--help"], ["--version"]):
        parser.parse_args(words)
    name = words.pop(0) if words and not words[0].startswith("-") else DESKTOP
    entry = COMMANDS.get(name)
    if entry is None:
        parser.error(f"there is no command {name!r}; choose from {', '.join(COMMANDS)}")
    where = f"app.launch.{entry.module}"
    if find_spec(where) is None:
        return _failed(f"This installation has no {name!r}.", 2)
    module = cast("CommandModule", importlib.import_module(where))
    of_command = ArgumentParser(
        prog=f"main.py {name}", description=f"{entry.does[0].upper()}{entry.does[1:]}."
    )
    if entry.words:  # before the module looks at it
        of_command.set_defaults(command=entry.words[0])
    module.arguments(of_command)
    return _run(module, of_command, words)


def _run(module: CommandModule, parser: ArgumentParser, words: list[str]) -> int:
    options = parser.parse_args(words)
    try:
        said = module.run(options)
    except CommandFailed as failure:
        return _failed(str(failure), failure.code)
    except KeyboardInterrupt:
        return _failed("Interrupted.", INTERRUPTED)
    if said:
        print(said)
    sys.stdout.flush()
    return 0


def _failed(sentence: str, code: int) -> int:
    sys.stdout.flush()
    print(sentence, file=sys.stderr)
    return code


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="main.py",
        description="Batchwright, the electronic batch record. Without a command: the desktop application.",
        epilog="main.py COMMAND --help says what a command takes.",
    )
    parser.add_argument("--version", action="version", version=f"Batchwright {version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, entry in COMMANDS.items():
        commands.add_parser(name, help=entry.does, add_help=False)
    return parser


def version() -> str:
    """The release, from the project's own file: the application is not installed as a package."""
    import tomllib
    from pathlib import Path

    with (Path(__file__).parents[2] / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
