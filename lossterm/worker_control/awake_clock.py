"""A clock that counts only the time in which this process was awake to look at it."""

import time


class AwakeClock:
    """Seconds as they pass for who looks often: of a longer gap no more than MOST count.

    A process that was stopped itself (a suspended job, a closed laptop) has heard nothing meanwhile, which says nothing
    of whom it listens to. One per thread, or under a lock.
    """

    MOST = 2.0

    def __init__(self) -> None:
        self._last, self._seconds = time.monotonic(), 0.0

    def look(self) -> float:
        """Return the seconds that were counted so far."""
        now = time.monotonic()
        self._seconds += min(now - self._last, self.MOST)
        self._last = now
        return self._seconds
