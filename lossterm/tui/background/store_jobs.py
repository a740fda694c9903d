"""What a person does in the store and looks up there: one job at a time, off the event loop."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from lossterm.comparison.comparison import Comparison
from lossterm.history import side_by_side
from lossterm.history.entries import Entry, History, Outcome
from lossterm.store import Kept, Sample, SessionRow, Store
from lossterm.tui.state.remembered_views import Remembered, forget, recall, remember

T = TypeVar("T")

THEME = "theme"
"""Name under which the store keeps the theme."""


class StoreJobs:
    """Works for one session, off the event loop: another program may hold the store's lock."""

    def __init__(self, store: Store, session: str) -> None:
        self._store, self._session = store, session
        self._lock = asyncio.Lock()
        self._history = History(store)
        self.last_asked = 0
        """Number of the comparison that was asked for last, 0 before any."""

    async def ask(self, *comparisons: Comparison) -> str | None:
        """Ask for a comparison, or for the levels of a sweep; return a message about it."""
        return await self._do(lambda: self._ask(comparisons))

    def _ask(self, comparisons: Sequence[Comparison]) -> str | None:
        asked = [self._store.requests.ask(self._session, one) for one in comparisons]
        self.last_asked = asked[-1].id
        rows = self._store.reader.trials([one.id for one in asked])
        if comparisons[-1].cap is None and all(row.status == "done" for row in rows):
            return "All of these were trained before; nothing is trained again."
        return None

    async def stop(self) -> str | None:
        """Stop all trainings of the session; return a message about it."""
        shared = await self._do(lambda: self._store.sessions.stop(self._session))
        return f"{shared} of the trials go on, since another session waits for them too." if shared else None

    async def waiting(self) -> bool:
        """Return whether something of the session is still to be trained."""
        return bool(await self._do(lambda: self._store.sessions.waiting(self._session)))

    async def models(self, trials: Collection[int], sample: str) -> tuple[dict[int, Kept], Sample | None]:
        """Return what was kept of trials, by their number, and the rows to show them on."""
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

    async def comparisons(self) -> list[Entry]:
        """Return every comparison of every session, the last asked for first. Raises LosstermError."""
        return await self._do(self._history.entries)

    def known(self, entry: Entry) -> Outcome | None:
        """Return what came of a comparison when it was last worked out, at once; None where it never was."""
        return self._history.last(entry)

    def unjudged(self, entry: Entry) -> bool:
        """Whether it is still to be worked out what came of a comparison, as its trials are now."""
        return self._history.known(entry) is None

    async def judge(self, entry: Entry) -> None:
        """Work out what came of a comparison."""
        await self._do(lambda: self._history.outcome(entry))

    async def compare(self, entries: Sequence[Entry], now: float) -> list[str]:
        """Say what differs between comparisons, the first asked for first, as lines. Raises LosstermError."""
        return await self._do(lambda: side_by_side.of_comparisons(self._history, entries, now))

    # What is remembered

    async def remember(self, how: Remembered) -> None:
        """Store how the session is viewed."""
        await self._do(lambda: remember(self._store, self._session, how))

    async def theme(self) -> str | None:
        """Return the theme that was chosen last, None if there is none."""
        return await self._do(lambda: self._store.preferences.kept(THEME))

    async def keep_theme(self, name: str) -> None:
        """Store the theme for the next run."""
        await self._do(lambda: self._store.preferences.keep(THEME, name))

    async def _do(self, work: Callable[[], T]) -> T:
        async with self._lock:
            return await asyncio.to_thread(work)
