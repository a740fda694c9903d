"""Advice on a task's data, from a separate process: it needs scikit-learn, which the app never loads."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from lossterm.comparison.advice import Advice
from lossterm.tasks import Task
from lossterm.tui.background.lossterm_process import run

Find = Callable[[Task], Awaitable[Advice | None]]
"""`task -> advice`, None if there is none."""


class Advisor:
    """Looks for the advice on each task once."""

    def __init__(self, find: Find | None) -> None:
        """`find` looks at a task's data; None for no advice at all."""
        self._find = find
        self._known: dict[str, Advice | None] = {}

    async def on(self, task: Task) -> Advice | None:
        """Return the advice on a task, None if there is none."""
        if self._find and task.key not in self._known:
            try:
                self._known[task.key] = await self._find(task)
            except (OSError, ValueError, msgspec.MsgspecError):  # no such process to be had, or it says something else
                self._known[task.key] = None
        return self._known.get(task.key)


AFTER_SECONDS = 1.0
"""Time that the first paint and the worker's start have to themselves."""


async def ask_for_advice(task: Task) -> Advice | None:
    """Have `lossterm advise` look at a task, at the lowest priority: what is on the screen comes first."""
    await asyncio.sleep(AFTER_SECONDS)
    result = await run("advise", "--format", "json", *task.words, before=("nice", "-n", "19"))
    return msgspec.json.decode(result.out, type=Advice) if result.code == 0 else None
