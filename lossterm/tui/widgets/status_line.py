"""One line: what the worker does, how far the trials are, the session."""

import asyncio
import time
from collections.abc import Callable

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import var

from lossterm.following.progress import Progress, sentence
from lossterm.store import CHOSEN, WorkerRow
from lossterm.tui.background.widget_work import run_with_widget
from lossterm.tui.widgets.changing_lines import ChangingLines

BAR = 10
"""Columns of the bar."""

MACHINE_SECONDS = 2.0
"""Least seconds between two looks at the machine."""


class StatusLine(ChangingLines):
    """What the worker is doing, a bar, trials done, rate, time left, the race; the session's name at the right.

    Where there is room, also what the machine is doing while it trains.
    """

    worker: var[WorkerRow | None] = var(None, init=False)
    """The living worker."""
    progress: var[Progress | None] = var(None, init=False)
    """How far the trials of what is being trained are."""
    race: var[str] = var("", init=False)
    """How far the race on the chosen task is; "" without one."""

    def __init__(self, session: str, read_machine: Callable[[], str] | None = None) -> None:
        """`read_machine` says what the machine is doing; it is called in a thread, and only while something trains."""
        super().__init__(id="status")
        self._session, self._read_machine = session, read_machine
        self._machine, self._asked = "", float("-inf")

    def on_mount(self) -> None:
        """Show the line as soon as there is one."""
        self._paint()

    def on_resize(self) -> None:
        """Move the session's name to the right end."""
        self._paint()

    def watch_worker(self) -> None:
        """Show what the worker does."""
        self._paint()

    def watch_progress(self) -> None:
        """Show how far it is, and look at the machine while it trains: when nothing does, nothing is repainted."""
        if self._read_machine and self.trains and time.monotonic() - self._asked > MACHINE_SECONDS:
            self._asked = time.monotonic()
            run_with_widget(self, self._look_at_machine, name="machine")
        self._paint()

    async def _look_at_machine(self) -> None:
        if self._read_machine:
            self._machine = await asyncio.to_thread(self._read_machine)
            self._paint()

    @property
    def trains(self) -> bool:
        """Whether something of this session is being trained."""
        return self.progress is not None and not self.progress.waits and self.progress.ended < self.progress.trials

    def watch_race(self) -> None:
        """Show what the race comes to next."""
        self._paint()

    def _paint(self) -> None:
        words = worker_in_words(self.worker)
        elsewhere = self.worker is not None and self.worker.state == "training" and not self.trains
        parts = [f"{words} for another session" if elsewhere else words]
        if self.progress and self.progress.compiles and self.worker and self.worker.state == "training":
            parts[0] = f"compiling {self.worker.message}"
        if self.progress and self.progress.trials:
            parts.append(f"{bar(self.progress)}{sentence(self.progress)}")
        if self.race:
            parts.append(self.race)
        name = f"session {self._session}"
        if self.trains and self._machine:
            whole = " · ".join([*parts, self._machine, name])
            if cell_len(whole) <= self.size.width:  # what is trained comes first
                parts.append(self._machine)
        left = Text(" · ".join(parts))
        room = self.size.width - left.cell_len
        if room > cell_len(name) + 2:
            left.append(" " * (room - cell_len(name)) + name, "dim")
        left.truncate(self.size.width, overflow="ellipsis")
        self.show([left])


def bar(progress: Progress) -> str:
    """Draw how much of what is being trained is trained, and a blank after it; "" once all has ended."""
    if progress.ended == progress.trials or not progress.all_epochs:
        return ""
    done = BAR * progress.epochs // progress.all_epochs
    return f"{'█' * done}{'░' * (BAR - done)} "


def worker_in_words(worker: WorkerRow | None) -> str:
    """Say what a worker does: `CPU ready`, `CPU training`, `loading TensorFlow`."""
    if worker is None:
        return "idle"
    if worker.state in ("loading", "failed") or not worker.environment:
        return worker.message
    device = worker.environment.get(CHOSEN, worker.environment["device"])
    return f"{device} {worker.state}"
