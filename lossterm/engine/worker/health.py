"""What a worker watches in itself: signs of life, its memory, and lanes that no longer answer."""

import os
import threading
from contextlib import suppress
from pathlib import Path

from lossterm.worker_control import lock

BEAT = 1.0
"""Seconds between two signs of life."""

HANG_SECONDS = 1200.0
"""Silence after which a training is taken for hung; LOSSTERM_HANG_SECONDS overrides it. Compiling counts as silence."""

SILENCE_SECONDS = 60.0
"""Time without a sign of life after which a lane's process is ended; whoever looks after the worker waits as long."""

OBEY_SECONDS = 10.0
"""Silence after which a training that someone wants stopped is taken for hung, and time that a lane has to stop."""


class SignsOfLife(threading.Thread):
    """Gives a sign of life every BEAT seconds, also while TensorFlow is loading."""

    def __init__(self, lock: int, memory: int | None, cluster: str | None = None, *, refused: bool = False) -> None:
        super().__init__(name="heart", daemon=True)
        self._lock, self._memory, self._cluster = lock, memory, cluster
        self.refused = refused
        """Whether the signs say that the store took nothing more: the next worker counts no death then."""
        self._ended = threading.Event()

    def run(self) -> None:
        """Beat until stopped."""
        beat = 1
        while not self._ended.is_set():
            self._give(beat)
            beat += 1
            self._ended.wait(BEAT)
        self._give(beat)

    def _give(self, beat: int) -> None:
        with suppress(OSError):  # on a full disk there may be no room for the first
            lock.give(self._lock, self.sign(beat))

    def sign(self, beat: int) -> lock.Sign:
        """Return what is written."""
        return lock.Sign(pid=os.getpid(), beat=beat, memory=self._memory, refused=self.refused, cluster=self._cluster)

    def stop(self) -> None:
        """Beat once more, and then no more."""
        self._ended.set()
        self.join()


def resident() -> int:
    """Return the bytes of memory that this process holds now; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def seconds_from(name: str, usual: float) -> float:
    """Return the seconds that an environment variable sets; if it is invalid, log that and return the usual ones."""
    text = os.environ.get(name, "")
    try:
        seconds = float(text) if text else usual
    except ValueError:
        seconds = -1.0
    if seconds >= 0:  # also false for nan
        return seconds
    print(f"{name} is {text!r}, which is not a number of seconds: using {usual:g}.", flush=True)
    return usual
