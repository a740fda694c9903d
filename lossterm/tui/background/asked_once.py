"""What another process finds out about a task's data, asked for once and then known."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from lossterm.tasks import Task

Answer = TypeVar("Answer")


class AskedOnce(Generic[Answer]):
    """Asks about each task once."""

    def __init__(self, find: Callable[[Task], Awaitable[Answer | None]] | None) -> None:
        """`find` looks at a task's data; None for no answer at all."""
        self._find = find
        self._known: dict[str, Answer | None] = {}

    @property
    def asks(self) -> bool:
        """Whether there may be an answer."""
        return self._find is not None

    async def on(self, task: Task) -> Answer | None:
        """Return the answer on a task, None if there is none."""
        if self._find and task.key not in self._known:
            try:
                self._known[task.key] = await self._find(task)
            except (OSError, ValueError, msgspec.MsgspecError):  # no such process to be had, or it says something else
                self._known[task.key] = None
        return self._known.get(task.key)
