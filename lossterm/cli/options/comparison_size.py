"""How many trials are meant: asks about a comparison that is suspiciously large."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from lossterm.comparison.comparison import MANY, Comparison
from lossterm.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])


def most_trials_option(command: Command) -> Command:
    """Add `--max-trials`, for a command that takes a comparison of any size."""
    return click.option(
        "--max-trials",
        type=click.IntRange(min=1),
        metavar="N",
        help=f"Refuse a comparison of more trainings (default: ask about more than {MANY:,}).",
    )(command)


def see_to_size(comparison: Comparison, most: int | None) -> None:
    """Ask whether a very large comparison is meant, if there is somebody to ask.

    Raises UsageError if it is not meant, or larger than `most`.
    """
    if comparison.size <= (MANY if most is None else most):
        return
    sentence = f"This comparison has {comparison.size_in_words}."
    if most is not None:
        raise UsageError(f"{sentence} --max-trials allows {most:,}: ask for fewer, or allow more.")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{sentence} If that is meant, say --max-trials {comparison.size}.")
    if not click.confirm(f"{sentence} Train them all?", err=True):
        raise UsageError("Nothing was trained.")
