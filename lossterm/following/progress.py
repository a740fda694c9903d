"""How far the trials of a session are, and how long the rest may take."""

import msgspec

from lossterm.text.numbers import duration

RATE_WINDOW = 5.0
"""Seconds over which the rate of training is averaged."""

PACE_WINDOW = 30.0
"""Seconds over which the time left is judged: long enough that the compiling of a program does not make it leap."""

PACE_SHARE = 0.05
"""Share of the training that must be done before a time left is shown: compiling comes first."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the trials of a session are."""

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
    """The same over a longer time."""

    @property
    def seconds_left(self) -> float | None:
        """Time until the last trial ends at the present pace, None where too little was trained to tell."""
        if not self.pace or self.ended == self.trials:
            return None
        return (self.all_epochs - self.epochs) / self.pace


def sentence(progress: Progress) -> str:
    """Put a progress into words: trials done, epochs a second, time left."""
    words = [f"{progress.ended - progress.stopped}/{progress.trials} trials"]
    if progress.stopped:
        words.append(f"{progress.stopped} stopped")
    if progress.rate:
        words.append(f"{progress.rate:,.0f} epochs/s")
    if progress.seconds_left is not None:
        words.append(f"{duration(progress.seconds_left)} left")
    return ", ".join(words)
