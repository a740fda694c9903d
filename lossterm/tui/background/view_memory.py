"""How a session is looked at, kept in the store for the next time."""

import asyncio
from collections.abc import Callable

from textual.widget import Widget

from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.background.widget_work import run_beside
from lossterm.tui.state.remembered_views import Remembered

REMEMBER_SECONDS = 1.0
"""Time from a change of the view to its being kept: what is held down changes it often."""


class ViewMemory:
    """Keeps how a session is looked at, once it has been looked at so for a moment."""

    def __init__(self, jobs: StoreJobs, now: Callable[[], Remembered]) -> None:
        """`now` tells how it is looked at."""
        self._jobs, self._now = jobs, now
        self.kept: Remembered | None = None
        """What was kept last."""

    def remember(self, while_there: Widget) -> None:
        """Keep it in a moment, unless a widget goes away before that; asked again, the moment begins anew."""
        run_beside(while_there, self._soon, name="remember", exclusive=True)

    async def _soon(self) -> None:
        await asyncio.sleep(REMEMBER_SECONDS)
        if self._now() != self.kept:
            await self.remember_now()

    async def remember_now(self) -> None:
        """Keep it without waiting."""
        self.kept = self._now()
        await self._jobs.remember(self.kept)
