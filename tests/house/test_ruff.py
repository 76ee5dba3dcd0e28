"""The code is written and set as ruff wants it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ruff(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "ruff", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "words", [("check", "--output-format=concise"), ("format", "--check")], ids=["lint", "format"]
)
def test_ruff_has_nothing_to_say(words: tuple[str, ...]) -> None:
    done = ruff(*words, ".")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("snippet", "rule"),
    [
        ("from qasync import asyncSlot\n", "TID251"),
        ("from datetime import datetime\n\nprint(datetime.utcnow())\n", "DTZ003"),
        ("import logging\n\nlogging.getLogger('x').info(f'{1}')\n", "G004"),
        ("from .other import thing\n", "TID252"),
    ],
)
def test_what_is_banned_is_seen(snippet: str, rule: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--output-format=concise",
            "--stdin-filename=app/client/probe.py",
            "-",
        ],
        cwd=ROOT,
        input=snippet,
        capture_output=True,
        text=True,
        check=False,
    )
    assert rule in done.stdout
