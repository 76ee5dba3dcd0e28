"""The laws of the house that no tool knows, read from the syntax tree.

Each law takes one parsed file and yields its breaches; `LAWS` says where each law holds.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PRODUCT: Final = ("main.py", "app", "ui", "offline")

Breach = tuple[int, str]
Check = Callable[[ast.Module], Iterator[Breach]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """`check` holds in every product file below `within`, but for those at or below `except_in`."""

    name: str
    check: Check
    within: tuple[str, ...] = PRODUCT
    except_in: tuple[str, ...] = ()

    def holds_in(self, path: PurePosixPath) -> bool:
        return _below(path, self.within) and not _below(path, self.except_in)


def _below(path: PurePosixPath, places: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def _dotted(node: ast.expr) -> str:
    """`a.b.c` as written; calls and subscripts in between are left out."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{_dotted(node.value)}.{node.attr}"
        case ast.Call():
            return _dotted(node.func)
        case ast.Subscript():
            return _dotted(node.value)
        case _:
            return ""


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, _dotted(node.func)


def _imported(tree: ast.Module, module: str, names: frozenset[str]) -> Iterator[Breach]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            for alias in node.names:
                if alias.name in names:
                    yield node.lineno, f"from {module} import {alias.name}"


def tasks_start_behind_doors(tree: ast.Module) -> Iterator[Breach]:
    """A task nobody holds is lost with its failure. A TaskGroup holds its own."""
    starts = frozenset({"create_task", "ensure_future", "run_coroutine_threadsafe"})
    for call, name in _calls(tree):
        receiver, _, last = name.rpartition(".")
        if last in starts and (receiver == "asyncio" or "loop" in receiver):
            yield call.lineno, name
    yield from _imported(tree, "asyncio", starts)


def clocks_are_parameters(tree: ast.Module) -> Iterator[Breach]:
    """What reads the wall clock by itself cannot be tested at midnight, nor trusted at sync."""
    clocks = frozenset(
        {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
    )
    qt = frozenset(
        {"currentDateTime", "currentDateTimeUtc", "currentDate", "currentTime", "currentMSecsSinceEpoch"}
    )
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = ".".join(_dotted(node).split(".")[-2:])
            if name in clocks or node.attr in qt:
                yield node.lineno, name
    yield from _imported(tree, "time", frozenset({"time", "time_ns"}))


def chance_is_a_parameter(tree: ast.Module) -> Iterator[Breach]:
    """Ids and dice come in from outside, so that a failure can be played again."""
    ids = frozenset({"uuid1", "uuid4", "uuid6", "uuid7"})
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = _dotted(node)
            if name.startswith("random.") or name in {f"uuid.{each}" for each in ids}:
                yield node.lineno, name
        if isinstance(node, ast.ImportFrom) and node.module == "random":
            yield node.lineno, "from random import …"
    yield from _imported(tree, "uuid", ids)


def use_cases_do_not_commit(tree: ast.Module) -> Iterator[Breach]:
    """One command, one transaction, its journal row inside: whoever opened the transaction ends it."""
    for call, name in _calls(tree):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit":
            yield call.lineno, name


def logs_are_names_and_fields(tree: ast.Module) -> Iterator[Breach]:
    """An event's name is constant, so that it can be searched for; values go into `extra`."""
    levels = frozenset({"debug", "info", "warning", "error", "critical", "exception", "log"})
    speakers = frozenset({"log", "_log", "logger", "_logger", "logging", "getLogger"})
    for call, name in _calls(tree):
        receiver, _, last = name.rpartition(".")
        composed = [
            each for each in call.args if not isinstance(each, ast.Constant | ast.Name | ast.Attribute)
        ]
        if last in levels and receiver.rpartition(".")[2] in speakers and composed:
            yield call.lineno, f"{name}(…) with a composed message"


def dialogs_are_awaited(tree: ast.Module) -> Iterator[Breach]:
    """A dialog that runs its own loop starves every other task (qasync #59): open it, and await its answer."""
    loops = frozenset(
        {"exec", "exec_", "getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory"}
        | {"getText", "getMultiLineText", "getInt", "getDouble", "getItem"}
    )
    boxes = frozenset({"question", "information", "warning", "critical", "about"})
    for call, name in _calls(tree):
        if not isinstance(call.func, ast.Attribute):
            continue
        receiver, _, last = name.rpartition(".")
        if last in loops and (last.startswith("exec") or receiver.startswith("Q")):
            yield call.lineno, name
        if last in boxes and receiver.endswith("QMessageBox"):
            yield call.lineno, name


LAWS: Final = (
    Law(
        name="tasks start behind doors",
        check=tasks_start_behind_doors,
        except_in=(
            "ui/tasks.py",
            "offline/sync.py",
            "app/launch",
            "app/server/main.py",
            "app/server/kernel/relay.py",
            "app/server/kernel/live.py",
        ),
    ),
    Law(name="clocks are parameters", check=clocks_are_parameters, except_in=("app/launch",)),
    Law(name="chance is a parameter", check=chance_is_a_parameter, except_in=("app/launch",)),
    Law(
        name="use cases do not commit",
        check=use_cases_do_not_commit,
        except_in=("app/server/kernel/database.py", "offline/database.py"),
    ),
    Law(name="logs are names and fields", check=logs_are_names_and_fields),
    Law(name="dialogs are awaited", check=dialogs_are_awaited, within=("ui", "app/launch")),
)


def sources() -> Iterator[PurePosixPath]:
    """Every Python file of the product, from the root."""
    for place in PRODUCT:
        found = [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py"))
        for path in found:
            if path.exists():
                yield PurePosixPath(path.relative_to(ROOT).as_posix())


def breaches(law: Law) -> list[str]:
    """Each breach of `law` in the product, as `file:line: what`."""
    found: list[str] = []
    for path in sources():
        if law.holds_in(path):
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))
            found += [f"{path}:{line}: {what}" for line, what in law.check(tree)]
    return found
