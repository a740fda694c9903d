"""How many trials are meant: asks about a comparison that is suspiciously large."""

import sys
from collections.abc import Callable, Sequence
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
    refused = comparison.too_large(most)
    if refused is None:
        return
    if most is not None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise refused
    if not click.confirm(f"This comparison has {comparison.size_in_words}. Train them all?", err=True):
        raise UsageError("Nothing was trained.")


def see_to_sizes(comparisons: Sequence[Comparison], most: int | None) -> None:
    """Do the same for the levels of a sweep together."""
    total = sum(one.size_at_most for one in comparisons)
    if total <= (MANY if most is None else most):
        return
    sentence = f"This sweep has {total:,} trainings at most, at {len(comparisons)} levels."
    if most is not None:
        raise UsageError(f"{sentence} --max-trials allows {most:,}: ask for fewer, or allow more.")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{sentence} If that is meant, say --max-trials {total}.")
    if not click.confirm(f"{sentence} Train them all?", err=True):
        raise UsageError("Nothing was trained.")
