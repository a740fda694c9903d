"""What an axis does to a task's data, from a separate process: it needs scikit-learn, which the app never loads."""

from collections.abc import Awaitable, Callable

import msgspec

from lossterm.comparison.axis_preview import Preview
from lossterm.stress_sweeps.contamination import Contamination
from lossterm.tasks import Task
from lossterm.tui.background.lossterm_process import run


class AxisLook(Preview, frozen=True, kw_only=True):
    """A preview, and where the data at hand lie on the axis."""

    contamination: Contamination | None = None
    """None where nothing can tell."""


Look = Callable[[Task, str], Awaitable[AxisLook | str]]
"""`(task, axis) -> what it does`, or why that cannot be shown."""


async def look_at(task: Task, axis: str) -> AxisLook | str:
    """Have `lossterm stress --show` alter the data, at the lowest priority: what is on the screen comes first."""
    words = ("stress", *task.words, "--axis", axis, "--show", "--format", "json")
    try:
        result = await run(*words, before=("nice", "-n", "19"))
        return msgspec.json.decode(result.out, type=AxisLook) if result.code == 0 else result.sentence
    except (OSError, ValueError, msgspec.MsgspecError) as error:  # no such process to be had, or it says something else
        return f"The data cannot be looked at: {error}."
