"""Advice on a task's data, from a separate process: it needs scikit-learn, which the app never loads."""

from collections.abc import Awaitable, Callable

from lossterm.comparison.advice import Advice
from lossterm.tasks import Task
from lossterm.tui.background.asked_once import AskedOnce
from lossterm.tui.background.kept_answer import answer_on
from lossterm.tui.background.lossterm_process import LEAST_PRIORITY

Find = Callable[[Task], Awaitable[Advice | None]]
"""`task -> advice`, None if there is none."""


class Advisor(AskedOnce[Advice]):
    """Looks for the advice on each task once."""


AFTER_SECONDS = 1.0
"""Time that the first paint and the worker's start have to themselves."""


async def ask_for_advice(task: Task) -> Advice | None:
    """Have `lossterm advise` look at a task, at the lowest priority: what is on the screen comes first."""
    return await answer_on(task, "advise", Advice, after=AFTER_SECONDS, before=LEAST_PRIORITY)
