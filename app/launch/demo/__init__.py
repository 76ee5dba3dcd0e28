"""The whole plant on this machine: a demo plant of our own making, and a shift that proves itself."""

from argparse import SUPPRESS, ArgumentParser, Namespace
from pathlib import Path


def arguments(parser: ArgumentParser) -> None:
    """Declare what `main.py demo` takes."""
    parser.add_argument(
        "--headless",
        action="store_true",
        help="no display: perform a scripted shift through the real screens and prove it",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="with --headless: where report and pictures go"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="throw the demo plant away and begin with a new one"
    )
    parser.add_argument("--child", help=SUPPRESS)


def run(options: Namespace) -> str:
    """Bring the plant up, and the desktop with it."""
    if options.child:
        from app.launch.demo import child

        return child.run(options.child)
    from app.launch.demo import keeper

    return keeper.run(options)
