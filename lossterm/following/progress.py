"""How far the trials are that a session is training, and how long the rest may take."""

import math

import msgspec

from lossterm.text.numbers import duration

RATE_WINDOW = 5.0
"""Seconds over which the rate of training is averaged."""

PACE_SECONDS = 30.0
"""Time after which what was trained counts for a third (1/e) of what is trained now: the time left moves gradually
where a program is compiled or a quick loss follows a slow one."""

PACE_SHARE = 0.05
"""Share of the training that must be done before a time left is shown: compiling comes first."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the trials of what is being trained are, or of what was trained last."""

    trials: int
    """Trials asked for."""
    ended: int
    """Trials that are done, diverged, failed or cancelled."""
    stopped: int
    """Those of them that were cancelled."""
    epochs: int
    """Epochs trained, those that an ended trial did not need counted as trained."""
    all_epochs: int
    """Epochs asked for."""
    rate: float | None
    """Epochs a second over the last seconds, None before anything was trained or when nothing is."""
    pace: float | None = None
    """The same as an exponential average over a longer time."""
    trials_rate: float | None = None
    """Trials a second, averaged as the pace is."""
    compiles: bool = False
    """Whether the worker took trials up and none has an epoch yet."""
    waits: bool = False
    """Whether none of them was begun though the worker trains: those of another session come first."""

    @property
    def seconds_left(self) -> float | None:
        """Time until the last trial ends at the present pace, None where too little was trained to tell."""
        if not self.pace or self.ended == self.trials:
            return None
        return (self.all_epochs - self.epochs) / self.pace


class Pace:
    """Epochs and trials a second as exponential averages, each interval weighted by its length."""

    def __init__(self) -> None:
        self._seconds = self._epochs = self._trials = 0.0
        self._last: tuple[float, int, int] | None = None

    def note(self, moment: float, epochs: int, trials: int) -> None:
        """Take in how many epochs are trained and how many trials have ended at a moment, in seconds."""
        if self._last is not None and moment > self._last[0]:
            passed = moment - self._last[0]
            kept = math.exp(-passed / PACE_SECONDS)
            self._seconds = self._seconds * kept + passed
            self._epochs = self._epochs * kept + max(0, epochs - self._last[1])
            self._trials = self._trials * kept + max(0, trials - self._last[2])
        self._last = moment, epochs, trials

    @property
    def epochs(self) -> float | None:
        """Epochs a second, None before any."""
        return self._epochs / self._seconds if self._epochs else None

    @property
    def trials(self) -> float | None:
        """Trials a second, None before any."""
        return self._trials / self._seconds if self._trials else None


def sentence(progress: Progress) -> str:
    """Put a progress into words: trials done, trials a second or where they are long epochs a second, time left."""
    words = [f"{progress.ended - progress.stopped}/{progress.trials} trials"]
    if progress.stopped:
        words.append(f"{progress.stopped} stopped")
    if progress.rate and progress.trials_rate and progress.trials_rate >= 1:
        words.append(f"{progress.trials_rate:,.{0 if progress.trials_rate >= 10 else 1}f} trials/s")
    elif progress.rate:
        words.append(f"{progress.rate:,.0f} epochs/s")
    if progress.seconds_left is not None:
        words.append(f"{duration(progress.seconds_left)} left")
    return ", ".join(words)
