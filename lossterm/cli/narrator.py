"""How a run goes, on stderr."""

import time
from typing import TYPE_CHECKING, Self

import click

from lossterm.following.progress import sentence
from lossterm.following.session_state import SessionState
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    from rich.progress import Progress


class Narrator:
    """Shows how a run goes on stderr: a bar where that is a terminal, a line now and then where it is not."""

    LINE_SECONDS = 2.0
    """Least time between two plain lines."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        from rich.console import Console  # for what trains alone

        self._console = Console(stderr=True, highlight=False, markup=False)
        self._bar: Progress | None = None
        self._said: str | None = None
        self._said_at = float("-inf")

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn  # the app does without

            self._bar = Progress(
                SpinnerColumn(),
                BarColumn(bar_width=30),
                TextColumn("{task.description}", markup=False),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task("asking", total=None)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, view: SessionState) -> None:
        """Show the present state, if it is worth a line."""
        progress = view.progress()
        text = sentence(progress)
        if progress.ended < progress.trials:
            worker = view.worker
            doing = worker.message if worker and worker.state != "ready" else "" if worker else "starting the worker"
            text = ": ".join(filter(None, (text, doing)))
        text = printable(text)
        if self._bar:
            total = progress.all_epochs or None
            self._bar.update(self._task, total=total, completed=progress.epochs, description=text)
        elif not self._quiet:
            self._line(text, last=progress.ended == progress.trials)

    def _line(self, text: str, *, last: bool) -> None:
        now = time.monotonic()
        if text == self._said or (now - self._said_at < self.LINE_SECONDS and not last):
            return
        self._said, self._said_at = text, now
        click.echo(text, err=True)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        if not self._quiet:
            self._console.print(printable(text))
