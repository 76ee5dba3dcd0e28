"""The laws of the house hold in the product, and each can be broken."""

import ast

import pytest

from tests.house import laws

BROKEN = {
    "tasks start behind doors": [
        "asyncio.create_task(work())",
        "asyncio.get_running_loop().create_task(work())",
        "self._loop.create_task(work())",
        "from asyncio import ensure_future",
    ],
    "clocks are parameters": [
        "datetime.now(UTC)",
        "datetime.datetime.now()",
        "field(default_factory=datetime.utcnow)",
        "from time import time",
        "time.time()",
        "date.today()",
        "QDateTime.currentDateTimeUtc()",
    ],
    "chance is a parameter": [
        "uuid.uuid4()",
        "from uuid import uuid4",
        "random.random()",
        "from random import choice",
    ],
    "use cases do not commit": ["await session.commit()", "connection.commit()"],
    "logs are names and fields": [
        "log.info(f'pushed {n}')",
        "log.info('pushed %d' % n)",
        "self._log.error('pushed ' + name)",
        "logging.getLogger(__name__).warning('pushed {}'.format(n))",
    ],
    "dialogs are awaited": [
        "SignDialog(self).exec()",
        "dialog.exec()",
        "menu.exec_(point)",
        "QMessageBox.question(self, 'a', 'b')",
        "QtWidgets.QMessageBox.warning(self, 'a', 'b')",
        "QFileDialog.getSaveFileName(self)",
        "QInputDialog.getText(self, 'a', 'b')",
    ],
}

KEPT = {
    "tasks start behind doors": ["self._tasks.start(work(), name='x')", "group.create_task(work())"],
    "clocks are parameters": ["self._clock.now()", "now = clock()", "started = time.monotonic()"],
    "chance is a parameter": ["new_id()", "from uuid import UUID, uuid5", "secrets.token_bytes(32)"],
    "use cases do not commit": ["commit = 'abc'", "await session.flush()"],
    "logs are names and fields": [
        "log.info('outbox.pushed', extra={'commands': n})",
        "log.log(logging.INFO, 'outbox.pushed')",
        "math.log(x + 1)",
        "self._journal.error(f'{x}')",
    ],
    "dialogs are awaited": [
        "await answer(SignDialog(self))",
        "dialog.open()",
        "limits.getInt(a)",
        "exec('x')",
    ],
}


def check(name: str) -> laws.Check:
    return next(law.check for law in laws.LAWS if law.name == name)


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.name)
def test_the_product_keeps_the_law(law: laws.Law) -> None:
    assert laws.breaches(law) == []


@pytest.mark.parametrize(
    ("law", "snippet"), [(law, each) for law, snippets in BROKEN.items() for each in snippets]
)
def test_a_breach_is_seen(law: str, snippet: str) -> None:
    assert list(check(law)(ast.parse(snippet)))


@pytest.mark.parametrize(
    ("law", "snippet"), [(law, each) for law, snippets in KEPT.items() for each in snippets]
)
def test_what_is_allowed_is_no_breach(law: str, snippet: str) -> None:
    assert list(check(law)(ast.parse(snippet))) == []


def test_every_law_has_examples_and_every_room_is_read() -> None:
    assert {law.name for law in laws.LAWS} == set(BROKEN) == set(KEPT)
    assert {path.parts[0] for path in laws.sources()} >= {"app", "ui", "offline"}
