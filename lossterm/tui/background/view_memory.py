"""How a session is viewed, kept in the store for the next time."""

import asyncio
from collections.abc import Callable

from textual.widget import Widget

from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.background.widget_work import run_with_widget
from lossterm.tui.state.remembered_views import Remembered

REMEMBER_SECONDS = 1.0
"""Time from a change of the view to its being kept: what is held down changes it often."""


class ViewMemory:
    """Stores how a session is viewed, once that has stayed the same for a moment."""

    def __init__(self, jobs: StoreJobs, now: Callable[[], Remembered]) -> None:
        """`now` returns how it is viewed."""
        self._jobs, self._now = jobs, now
        self.kept: Remembered | None = None
        """What was kept last."""

    def remember(self, while_there: Widget) -> None:
        """Store it in a moment, unless the widget goes away first; each call restarts the moment."""
        run_with_widget(while_there, self._soon, name="remember", exclusive=True)

    async def _soon(self) -> None:
        await asyncio.sleep(REMEMBER_SECONDS)
        if self._now() != self.kept:
            await self.remember_now()

    async def remember_now(self) -> None:
        """Store it without waiting."""
        self.kept = self._now()
        await self._jobs.remember(self.kept)
