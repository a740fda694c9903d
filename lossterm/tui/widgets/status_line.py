"""One line: what the worker does, how far the trials are, the session."""

from rich.cells import cell_len
from rich.text import Text
from textual.reactive import var

from lossterm.following.progress import Progress, sentence
from lossterm.store import WorkerRow
from lossterm.tui.widgets.changing_lines import ChangingLines


class StatusLine(ChangingLines):
    """Device or what the worker is doing, trials done, rate, time left; the session's name at the right."""

    worker: var[WorkerRow | None] = var(None, init=False)
    """The living worker."""
    progress: var[Progress | None] = var(None, init=False)
    """How far the session's trials are."""

    def __init__(self, session: str) -> None:
        super().__init__(id="status")
        self._session = session

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
        """Show how far it is."""
        self._paint()

    def _paint(self) -> None:
        words = worker_in_words(self.worker)
        idle = self.progress is None or self.progress.ended == self.progress.trials
        elsewhere = self.worker is not None and self.worker.state == "training" and idle
        parts = [f"{words} for another session" if elsewhere else words]
        if self.progress and self.progress.trials:
            parts.append(sentence(self.progress))
        left = Text(" · ".join(parts))
        name = f"session {self._session}"
        room = self.size.width - left.cell_len
        if room > cell_len(name) + 2:
            left.append(" " * (room - cell_len(name)) + name, "dim")
        left.truncate(self.size.width, overflow="ellipsis")
        self.show([left])


def worker_in_words(worker: WorkerRow | None) -> str:
    """Say what a worker does: `CPU ready`, `CPU training`, `loading TensorFlow`."""
    if worker is None:
        return "idle"
    if worker.state in ("loading", "failed") or not worker.environment:
        return worker.message
    device = worker.environment["device"]
    return f"{device} {worker.state}"
