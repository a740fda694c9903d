"""Advice on a task's data, from a process of its own: it needs scikit-learn, which the app does without."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable

import msgspec

from lossterm.advice import Advice

Find = Callable[[str], Awaitable[Advice | None]]
"""`task -> advice`, None where there is none to be had."""

COMMAND = (sys.executable, "-P", "-m", "lossterm", "advise", "--format", "json", "--task")


class Advisor:
    """Looks for the advice on each task once."""

    def __init__(self, find: Find | None) -> None:
        """`find` looks at a task's data; None for no advice at all."""
        self._find = find
        self._known: dict[str, Advice | None] = {}

    async def on(self, task: str) -> Advice | None:
        """Return the advice on a task, None where there is none to be had."""
        if self._find and task not in self._known:
            try:
                self._known[task] = await self._find(task)
            except (OSError, msgspec.MsgspecError):  # no such process to be had, or it says something else
                self._known[task] = None
        return self._known.get(task)


AFTER_SECONDS = 1.0
"""Time that the first paint and the worker's start have to themselves."""


async def ask_for_advice(task: str) -> Advice | None:
    """Have `lossterm advise` look at a task, at the lowest priority: what is on the screen comes first."""
    await asyncio.sleep(AFTER_SECONDS)
    # Not by asyncio's own processes: one that is cancelled while the app leaves ends in a traceback in the shell.
    process = subprocess.Popen(
        ["nice", "-n", "19", *COMMAND, task],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        said, _ = await asyncio.to_thread(process.communicate)
    finally:
        process.kill()
    return msgspec.json.decode(said, type=Advice) if process.returncode == 0 else None
