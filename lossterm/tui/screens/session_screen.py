"""A screen that follows one session: its store, what is new in it, and the worker that trains it."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from textual import work
from textual.screen import Screen

from lossterm.data import Data
from lossterm.errors import LosstermError, StoreError
from lossterm.following.session_state import SessionState
from lossterm.following.store_changes import StoreChanges
from lossterm.store import Store
from lossterm.tui.background.advisor import Advisor
from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.background.table_reader import Read
from lossterm.tui.terminal.redraw_budget import Budget, RedrawPace
from lossterm.worker_control import supervisor

DEVICE = "auto"
"""The device that the app trains on."""

LOOK_SECONDS = 0.25
"""Time between two looks at the store."""

TEND_SECONDS = 1.0
"""Time between two looks after the worker."""


class AppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What all sessions that one app opens have in common."""

    command: Sequence[str] | None
    """Starts a worker; None for watching only."""
    memory: int | None
    """Bytes that a worker may take; None for whatever one that is there may."""
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
        self.view = SessionState(habits.clock)
        self.store = Store(store)
        self.desk = StoreJobs(self.store, session)
        self._keeper: supervisor.Supervisor | None = None
        if habits.command:
            self._keeper = supervisor.Supervisor(self.store.path, DEVICE, habits.command, habits.memory)
        self._pace = RedrawPace(habits.budget, self.show, self.set_timer, habits.written, lambda: self.app.size.area)

    def on_mount(self) -> None:
        """Begin to follow the session, and have the worker load TensorFlow while a person chooses."""
        if self.store.network:
            kind = self.store.network
            self.notify(f"The store lies on a network file system ({kind}), which makes it slower.", markup=False)
        self._follow()
        self._watch_file()
        if self._keeper:
            self._tend()

    def on_unmount(self) -> None:
        """Let go of the store."""
        self._pace.stop()
        self.store.close()

    async def up(self) -> None:
        """Wait until every panel is mounted: while one is being mounted on another, none may be taken down."""
        while not (self.is_mounted and all(panel.is_mounted for panel in self.query("*"))):
            await asyncio.sleep(0.02)

    def noticed(self) -> None:
        """Take note that `view` has changed, before anything is painted."""

    def show(self) -> None:
        """Paint what is new."""

    @work(name="tail")
    async def _follow(self) -> None:
        tail: StoreChanges | None = None
        try:
            tail = await asyncio.to_thread(lambda: StoreChanges(self.store.path, self.session, device=DEVICE))
            async for update in tail.stream(LOOK_SECONDS):
                self.view.apply(update)
                if self.is_attached:
                    self.noticed()
                    self._pace.ask()
        except LosstermError as error:
            self.app.exit(return_code=error.exit_code, message=f"lossterm: {error}")
        finally:
            if tail:
                tail.close()

    @work(name="file")
    async def _watch_file(self) -> None:
        """Leave when the store is deleted: its file stays open, so whatever is written would be lost in silence."""
        while await asyncio.to_thread(self.store.path.exists):
            await asyncio.sleep(TEND_SECONDS)
        gone = StoreError(f"The store {self.store.path} is gone: it was deleted or moved while it was open.")
        self.app.exit(return_code=gone.exit_code, message=f"lossterm: {gone}")

    @work(name="keeper")
    async def _tend(self) -> None:
        """Keep a worker: one at the start, to be warm when it is needed, then whenever there is work."""
        assert self._keeper is not None
        needed = True
        while True:
            try:
                if word := await asyncio.to_thread(self._keeper.tend, needed=needed, ready=self.view.ready):
                    self.notify(word, severity="warning", timeout=30, markup=False)
            except LosstermError as error:
                self.notify(str(error), title="The worker does not start", severity="error", timeout=60, markup=False)
                return
            await asyncio.sleep(TEND_SECONDS)
            needed = self.view.training
