"""A screen that follows one session: its store, what is new in it, and the worker that trains it."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from textual.screen import Screen

from lossterm.data import Data
from lossterm.following.session_state import SessionState
from lossterm.store import Store
from lossterm.tui.background.advisor import Advisor
from lossterm.tui.background.session_follower import SessionFollower
from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.background.table_reader import Read
from lossterm.tui.terminal.redraw_budget import Budget, RedrawPace
from lossterm.worker_control.starting import Workers


class AppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What all sessions that one app opens have in common."""

    workers: Workers | None
    """How workers are started; None for watching only."""
    clock: Callable[[], float]
    """Measures the rate of training."""
    own: Sequence[str]
    """Where losses of one's own are."""
    advisor: Advisor
    """Looks at tasks' data."""
    read: Read
    """Reads tables of one's own."""
    tables: dict[str, Data]
    """Those that were brought, by key."""
    budget: Budget
    """What live frames may cost."""
    written: Callable[[], int]
    """Bytes that went to the terminal so far."""
    bands: bool
    """Whether bands over seeds are drawn."""
    keys: dict[str, str]
    """Id of a binding → the keys that it has instead of its own."""


class SessionScreen(Screen[None]):
    """Keeps `view` up to date, and has `show` called as often as the budget for bytes allows."""

    def __init__(self, session: str, store: Path, habits: AppSettings) -> None:
        super().__init__()
        self.session, self.habits = session, habits
        self.store = Store(store)
        self.following = SessionFollower(self.store, session, habits.workers, habits.clock)
        self.desk = StoreJobs(self.store, session)
        self._pace = RedrawPace(habits.budget, self.show, self.set_timer, habits.written, lambda: self.app.size.area)

    def on_mount(self) -> None:
        """Begin to follow the session, and have the worker load TensorFlow while a person chooses."""
        if self.store.network:
            kind = self.store.network
            self.notify(f"The store lies on a network file system ({kind}), which makes it slower.", markup=False)
        self.following.follow(self)

    def on_unmount(self) -> None:
        """Let go of the store."""
        self._pace.stop()
        self.store.close()

    async def up(self) -> None:
        """Wait until every panel is mounted: while one is being mounted on another, none may be taken down."""
        while not (self.is_mounted and all(panel.is_mounted for panel in self.query("*"))):
            await asyncio.sleep(0.02)

    @property
    def view(self) -> SessionState:
        """What is known of the session."""
        return self.following.state

    def noticed(self) -> None:
        """Take note that `view` has changed, before anything is painted."""

    def show(self) -> None:
        """Paint what is new."""

    def on_session_follower_changed(self) -> None:
        """Take note at once, and have it painted as soon as the budget allows."""
        if self.is_attached:
            self.noticed()
            self._pace.ask()

    def on_session_follower_ended(self, event: SessionFollower.Ended) -> None:
        """Leave, and say why in the shell."""
        self.app.exit(return_code=event.error.exit_code, message=f"lossterm: {event.error}")

    def on_session_follower_worker_lost(self, event: SessionFollower.WorkerLost) -> None:
        """Say that nothing will be trained."""
        title = "The worker does not start"
        self.notify(str(event.error), title=title, severity="error", timeout=60, markup=False)
