"""Programs whose stacks were made narrower on this machine since memory ran out: one line of JSON for each halving.

They stay so: how many trainings share a program decides their last bits, which must not change from day to day.
"""

import msgspec

from lossterm.errors import DataError
from lossterm.home import json_lines
from lossterm.home.paths import stack_widths


class StackWidth(msgspec.Struct, frozen=True, kw_only=True):
    """How many trials of a program are trained together on a device."""

    device: str
    """The processor or card, by its model, and the number of the engine."""
    program: str
    """As `Trial.program` names it."""
    width: int
    """Trainings in its stacks."""


def kept(device: str, program: str) -> int | None:
    """Return the width of a program that was made narrower on a device; None for one that was not."""
    widths = [
        one.width
        for one in json_lines.records(stack_widths(), StackWidth)
        if (one.device, one.program) == (device, program) and one.width > 0
    ]
    return min(widths, default=None)


def keep(device: str, program: str, width: int) -> None:
    """Note a narrower width; where that can't be, say so: the next worker starts wide again."""
    try:
        record = StackWidth(device=device, program=program, width=width)
        json_lines.append(stack_widths(), record, "move it away, and memory is tried anew.")
    except (OSError, DataError) as error:
        print(f"That a stack is narrower is not kept: {error}", flush=True)
