"""Follows a session while the app runs: blocking work is done in threads, and each change is a message."""

import asyncio
from collections.abc import Callable

from textual.message import Message
from textual.widget import Widget

from lossterm.errors import LosstermError, StoreError
from lossterm.following.follow import Follower
from lossterm.following.session_state import SessionState
from lossterm.store import Store
from lossterm.tui.background.widget_work import run_with_widget
from lossterm.worker_control.starting import Workers

DEVICE = "auto"
"""The device that the app trains on."""

LOOK_SECONDS = 0.25
"""Time between two looks at the store."""

TEND_SECONDS = 1.0
"""Time between two looks after the worker."""


class SessionFollower:
    """Keeps `state` up to date, and a worker warm for it."""

    class Changed(Message):
        """What is known of the session has changed."""

    class Ended(Message):
        """The session can no longer be followed."""

        def __init__(self, error: LosstermError) -> None:
            super().__init__()
            self.error = error

    class WorkerLost(Message):
        """The worker does not start, and no other is started."""

        def __init__(self, error: LosstermError) -> None:
            super().__init__()
            self.error = error

    class WorkerRestarted(Message):
        """A worker left, and another is started in its place."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class GoesOn(Message):
        """What came out of the trials that have ended asks for more, which is queued."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def __init__(self, store: Store, session: str, workers: Workers | None, clock: Callable[[], float]) -> None:
        """`workers` says how they are started, None for watching only; `clock` measures the rate of training."""
        self._follower = Follower(store, session, device=DEVICE, workers=workers, clock=clock)
        self._path, self._tends = store.path, workers is not None

    @property
    def state(self) -> SessionState:
        """What is known of the session."""
        return self._follower.state

    def follow(self, listener: Widget) -> None:
        """Follow while a widget exists, and post what happens to it."""
        run_with_widget(listener, self._look, listener, name="tail")
        run_with_widget(listener, self._watch_file, listener, name="file")
        if self._tends:
            run_with_widget(listener, self._tend, listener, name="keeper")

    async def _look(self, listener: Widget) -> None:
        watched, opened = False, False
        try:
            while True:
                update = await asyncio.to_thread(self._follower.poll)
                if update := self._follower.take(update):
                    listener.post_message(self.Changed())
                    # Only after what was asked for or trained while somebody looked: opening a session trains nothing.
                    watched |= opened and update.asked is not None
                    more: list[str] = []
                    if watched and not self.state.training and self._tends:
                        more = await asyncio.to_thread(self._follower.go_on)
                    for words in more:
                        listener.post_message(self.GoesOn(words))
                    watched, opened = self.state.training or bool(more), True
                await asyncio.sleep(LOOK_SECONDS)
        except LosstermError as error:
            listener.post_message(self.Ended(error))
        finally:
            self._follower.close()

    async def _watch_file(self, listener: Widget) -> None:
        """Notice that the store was deleted: its file stays open, so whatever is written would be lost in silence."""
        while await asyncio.to_thread(self._path.exists):
            await asyncio.sleep(TEND_SECONDS)
        gone = StoreError(f"The store {self._path} is gone: it was deleted or moved while it was open.")
        listener.post_message(self.Ended(gone))

    async def _tend(self, listener: Widget) -> None:
        """Keep a worker: one at the start, to be warm when it is needed, then whenever there is work."""
        needed = {DEVICE}
        try:
            while True:
                for words in await asyncio.to_thread(self._follower.tend, needed):
                    listener.post_message(self.WorkerRestarted(words))
                await asyncio.sleep(TEND_SECONDS)
                needed = self._follower.waiting & {DEVICE}
        except LosstermError as error:
            listener.post_message(self.WorkerLost(error))
