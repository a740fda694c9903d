"""Limits of what a command may take, time and memory, and where: also on a cluster."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lossterm.cli.options.cluster import cluster_options
from lossterm.text.amounts import bytes_from, seconds_from

Command = TypeVar("Command", bound=Callable[..., Any])


class Duration(click.ParamType[float]):
    """A length of time: `90`, `90s`, `10m`, `1h30m`."""

    name = "time"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds. Raises OutOfRange."""
        return seconds_from(value, _name(param)) if isinstance(value, str) else float(value)


class Memory(click.ParamType[int]):
    """An amount of memory: `4G`, `1500M`, `4GiB`."""

    name = "memory"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes. Raises OutOfRange."""
        return bytes_from(value, _name(param)) if isinstance(value, str) else value


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
    """Add `--max-time`, `--memory` and those of `cluster_options`, for a command that trains."""
    max_time = click.option(
        "--max-time",
        type=Duration(),
        metavar="TIME",
        help="Stop after so long, as 10m or 1h30m, and print what there is; lossterm resume goes on.",
    )
    return max_time(memory_option(cluster_options(command)))
