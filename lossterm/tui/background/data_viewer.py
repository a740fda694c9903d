"""A first look at a task's data, and single rows of them, from a separate process: it needs NumPy and reads files."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from lossterm.comparison.first_look import FirstLook
from lossterm.data.shown_rows import ShownRows
from lossterm.tasks import Task
from lossterm.tui.background.asked_once import AskedOnce
from lossterm.tui.background.kept_answer import answer_on
from lossterm.tui.background.lossterm_process import LESS_PRIORITY, run

FindLook = Callable[[Task], Awaitable[FirstLook | None]]
"""`task -> first look`, None if there is none."""

FindRows = Callable[[Task, Sequence[int]], Awaitable[ShownRows | None]]
"""`(task, numbers) -> rows`, None if there are none."""


class DataViewer(AskedOnce[FirstLook]):
    """Looks at each task's data once."""


AFTER_SECONDS = 0.3
"""Time that the first paint has to itself."""


async def look_at_data(task: Task) -> FirstLook | None:
    """Have `lossterm look` look at a task's data."""
    return await answer_on(task, "look", FirstLook, after=AFTER_SECONDS, before=LESS_PRIORITY)


async def read_rows(task: Task, numbers: Sequence[int]) -> ShownRows | None:
    """Have `lossterm look` read rows of a task's data."""
    words = "look", "--format", "json", "--rows", ",".join(map(str, numbers))
    result = await run(*words, *task.words, before=LESS_PRIORITY)
    return msgspec.json.decode(result.out, type=ShownRows) if result.code == 0 else None
