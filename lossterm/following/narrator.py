"""How a run goes, in words: on stderr, or wherever a front end shows it."""

import sys
import time
from typing import TYPE_CHECKING, Protocol, Self

from lossterm.following.follow import Follower, GoesOn, TimeUp, WorkerLeft
from lossterm.following.progress import Progress, sentence
from lossterm.following.session_state import SessionState
from lossterm.following.store_changes import Update
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bar


class Tells(Protocol):
    """Whatever tells a person how a run goes."""

    def show(self, state: SessionState) -> None:
        """Show the present state."""

    def say(self, text: str) -> None:
        """Say something that stays."""


def narrate(follower: Follower, tells: Tells) -> float | None:
    """Follow to the end and tell what is new; return the time that there was if it was up before the end.

    Raises as following does.
    """
    up, trouble = None, ""
    if follower.network:
        tells.say(f"The store lies on a network file system ({follower.network}), which makes it slower.")
    with follower:
        for news in follower:
            match news:
                case Update():
                    tells.show(follower.state)
                    worker = follower.state.worker
                    if worker and worker.cluster_trouble not in ("", trouble):
                        trouble = worker.cluster_trouble
                        tells.say(trouble)
                case WorkerLeft(message=message) | GoesOn(message=message):
                    tells.say(message)
                case TimeUp(seconds=seconds):
                    up = seconds
    return up


def told(state: SessionState, progress: Progress | None = None) -> str:
    """Say how far the trials are, and what the worker does meanwhile, in one harmless line.

    `progress` is that of the state, if it is known: finding it goes through all trials.
    """
    progress = progress or state.progress()
    text = sentence(progress)
    if progress.ended < progress.trials:
        worker = state.worker
        doing = worker.message if worker and worker.state != "ready" else "" if worker else "starting the worker"
        doing = "those of another session first" if progress.waits else doing
        text = ": ".join(filter(None, (text, doing)))
    return printable(text)


class Narrator:
    """Shows how a run goes on stderr: a bar where that is a terminal, a line now and then where it is not."""

    LINE_SECONDS = 2.0
    """Least time between two plain lines."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        from rich.console import Console  # for what trains alone

        self._console = Console(stderr=True, highlight=False, markup=False)
        self._bar: Bar | None = None
        self._said: str | None = None
        self._said_at = float("-inf")

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            from rich.progress import BarColumn, SpinnerColumn, TextColumn  # the app does without
            from rich.progress import Progress as Bar

            self._bar = Bar(
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

    def show(self, state: SessionState) -> None:
        """Show the present state, if it is worth a line."""
        if self._quiet:
            return
        progress = state.progress()
        text = told(state, progress)
        if self._bar:
            total = progress.all_epochs or None
            self._bar.update(self._task, total=total, completed=progress.epochs, description=text)
        else:
            self._line(text, last=progress.ended == progress.trials)

    def _line(self, text: str, *, last: bool) -> None:
        now = time.monotonic()
        if text == self._said or (now - self._said_at < self.LINE_SECONDS and not last):
            return
        self._said, self._said_at = text, now
        print(text, file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        if not self._quiet:
            self._console.print(printable(text), soft_wrap=not self._console.is_terminal)  # no line of a log is cut
