"""Limits of what a command may take: time and memory."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from lossterm.errors import OutOfRange

Command = TypeVar("Command", bound=Callable[..., Any])

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:d|h|min|m|s)\s*)*(?:\d+(?:\.\d+)?)?")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|s|)")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)

LEAST_MEMORY = 10**9
"""Bytes with which a worker can train at all: TensorFlow alone takes about half of them."""


class Duration(click.ParamType[float]):
    """A length of time: `90`, `90s`, `10m`, `1h30m`."""

    name = "time"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds. Raises OutOfRange."""
        if not isinstance(value, str):
            return float(value)
        text = value.strip().lower()
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
        if not _DURATION.fullmatch(text) or not 0 < seconds < float("inf"):
            raise OutOfRange(_name(param), repr(value), "a length of time such as 90s, 10m or 1h30m")
        return seconds


class Memory(click.ParamType[int]):
    """An amount of memory: `4G`, `1500M`, `4GiB`."""

    name = "memory"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes. Raises OutOfRange."""
        if isinstance(value, int):
            return value
        found = _AMOUNT.fullmatch(value.strip())
        count = 0.0
        if found:
            number, unit, binary = found.groups()
            count = float(number) * (1024 if binary else 1000) ** " kmgt".index(unit.lower() or " ")
        if not LEAST_MEMORY <= count < 2**63:
            raise OutOfRange(_name(param), repr(value), "an amount of memory of 1G or more, such as 4G")
        return int(count)


def _name(param: click.Parameter | None) -> str:
    return param.opts[0] if param else "It"


memory_option = click.option(
    "--memory",
    type=Memory(),
    metavar="AMOUNT",
    envvar="LOSSTERM_MEMORY",
    help="What the worker may take, 1G or more: a training that takes more fails, others go on (default: no limit).",
)
"""For whatever may start a worker."""


def limit_options(command: Command) -> Command:
    """Add `--max-time` and `--memory`, for a command that trains."""
    max_time = click.option(
        "--max-time",
        type=Duration(),
        metavar="TIME",
        help="Stop after so long, as 10m or 1h30m, and print what there is; lossterm resume goes on.",
    )
    return max_time(memory_option(command))
