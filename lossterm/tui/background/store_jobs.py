"""What a person does to the store, and looks up in it: one thing after the other, off the event loop."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from lossterm.comparison.comparison import Comparison
from lossterm.reports import side_by_side
from lossterm.store import Model, Sample, SessionRow, Store
from lossterm.tui.state.remembered_views import Remembered, forget, recall, remember

T = TypeVar("T")

THEME = "theme"
"""Name under which the store keeps the theme."""


class StoreJobs:
    """Works for one session. Another program may have locked the store meanwhile; that must not hold up the screen."""

    def __init__(self, store: Store, session: str) -> None:
        self._store, self._session = store, session
        self._lock = asyncio.Lock()
        self.last_asked = 0
        """Number of the comparison that was asked for last, 0 before any."""

    async def ask(self, comparison: Comparison) -> str | None:
        """Ask for a comparison; return what there is to say of it."""
        return await self._do(lambda: self._ask(comparison))

    def _ask(self, comparison: Comparison) -> str | None:
        asked = self._store.requests.ask(self._session, comparison)
        self.last_asked = asked.id
        if all(row.status == "done" for row in self._store.reader.trials([asked.id])):
            return "All of these were trained before; nothing is trained again."
        return None

    async def stop(self) -> str | None:
        """Stop all trainings of the session; return what there is to say of it."""
        shared = await self._do(lambda: self._store.sessions.stop(self._session))
        return f"{shared} of the trials go on, since another session waits for them too." if shared else None

    async def waiting(self) -> bool:
        """Return whether something of the session is still to be trained."""
        return bool(await self._do(lambda: self._store.sessions.waiting(self._session)))

    async def models(self, trials: Collection[int], sample: str) -> tuple[dict[int, Model], Sample | None]:
        """Return the models that were kept of trials, by their number, and the rows to show them on."""
        return await self._do(lambda: (self._store.reader.models(trials), self._store.reader.sample(sample)))

    # Sessions

    async def sessions(self) -> list[SessionRow]:
        """Return every session, newest first."""
        return await self._do(self._store.sessions.every)

    async def rename(self, old: str, new: str) -> None:
        """Give a session another name. Raises LosstermError."""
        await self._do(lambda: self._rename(old, new))

    def _rename(self, old: str, new: str) -> None:
        how = recall(self._store, old)
        self._store.sessions.rename(old, new)
        remember(self._store, new.strip(), how)
        forget(self._store, old)

    async def delete(self, name: str) -> None:
        """Delete a session and what only it holds. Raises LosstermError."""
        await self._do(lambda: self._delete(name))

    def _delete(self, name: str) -> None:
        self._store.sessions.delete(name)
        forget(self._store, name)

    async def resume(self, name: str) -> int:
        """Ask again for what was stopped or failed in a session; return how many trials that queues."""
        return await self._do(lambda: self._resume(name))

    def _resume(self, name: str) -> int:
        rows = self._store.reader.trials([asked.id for asked in self._store.reader.comparisons(name)])
        self._store.sessions.resume(name)
        return sum(row.status in ("cancelled", "failed") for row in rows)

    async def compare(self, names: Sequence[str]) -> list[str]:
        """Return the tables of several sessions side by side, as lines."""
        return await self._do(
            lambda: side_by_side.lines({name: side_by_side.reports(self._store, name) for name in names})
        )

    # What is remembered

    async def remember(self, how: Remembered) -> None:
        """Keep how the session is looked at."""
        await self._do(lambda: remember(self._store, self._session, how))

    async def theme(self) -> str | None:
        """Return the theme that was chosen last, None if none ever was."""
        return await self._do(lambda: self._store.preferences.kept(THEME))

    async def keep_theme(self, name: str) -> None:
        """Keep the theme for the next time."""
        await self._do(lambda: self._store.preferences.keep(THEME, name))

    async def _do(self, work: Callable[[], T]) -> T:
        async with self._lock:
            return await asyncio.to_thread(work)
