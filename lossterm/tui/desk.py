"""What a person does to the store: one thing after the other, off the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from lossterm.comparison import Comparison
from lossterm.store import Store

T = TypeVar("T")


class Desk:
    """Writes for one session. Another program may have locked the store meanwhile; that must not hold up the screen."""

    def __init__(self, store: Store, session: str) -> None:
        self._store, self._session = store, session
        self._lock = asyncio.Lock()
        self.last_asked = 0
        """Number of the comparison that was asked for last, 0 before any."""

    async def ask(self, comparison: Comparison) -> str | None:
        """Ask for a comparison; return what there is to say of it."""
        return await self._do(lambda: self._ask(comparison))

    def _ask(self, comparison: Comparison) -> str | None:
        asked = self._store.ask(self._session, comparison)
        self.last_asked = asked.id
        if all(row.status == "done" for row in self._store.trials([asked.id])):
            return "All of these were trained before; nothing is trained again."
        return None

    async def stop(self) -> str | None:
        """Stop all trainings of the session; return what there is to say of it."""
        shared = await self._do(lambda: self._store.stop(self._session))
        return f"{shared} of the trials go on, since another session waits for them too." if shared else None

    async def waiting(self) -> bool:
        """Return whether something of the session is still to be trained."""
        return bool(await self._do(lambda: self._store.waiting(self._session)))

    async def _do(self, work: Callable[[], T]) -> T:
        async with self._lock:
            return await asyncio.to_thread(work)
