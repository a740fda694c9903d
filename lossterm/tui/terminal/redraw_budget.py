"""When to paint live updates: no more bytes a second than the link may carry."""

import time
from collections.abc import Callable

import msgspec
from textual.driver import Driver
from textual.timer import Timer

AREA = 80 * 24
"""Cells of the terminal that the budgets are for; a larger one may have more."""

LONGEST = 30.0
"""Seconds that a frame waits at most, whatever the last one cost."""


FLUSH_SECONDS = 0.08
"""Time from painting to the bytes having gone."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What live frames may cost."""

    seconds: float
    """Least time between two frames."""
    bytes: float
    """Bytes a second at 80×24, on average."""


LIVE = Budget(seconds=0.25, bytes=4_000)
SPARING = Budget(seconds=2.0, bytes=700)
"""For `--low-bandwidth`."""


class Meter:
    """Counts what goes to the terminal."""

    bytes: int = 0
    """Bytes so far."""


def metered(driver: type[Driver], meter: Meter) -> type[Driver]:
    """Return a driver that counts what it writes."""

    class Metered(driver):  # type: ignore[misc, valid-type]  # which one it is depends on the terminal
        """The driver, with a meter."""

        def write(self, data: str) -> None:
            """Write data to the terminal."""
            meter.bytes += len(data.encode(errors="replace"))
            super().write(data)

    return Metered


class RedrawPace:
    """Calls `paint` soon after each `ask`, as often as the budget allows; of several asks the last counts for all."""

    def __init__(
        self,
        budget: Budget,
        paint: Callable[[], None],
        later: Callable[[float, Callable[[], None]], Timer],
        written: Callable[[], int],
        area: Callable[[], int],
    ) -> None:
        """`later` calls a function after so many seconds; `written` returns the bytes sent to the terminal so far,
        `area` how many cells that has.
        """
        self._budget, self._paint, self._later, self._written, self._area = budget, paint, later, written, area
        self._due: Timer | None = None
        self._painted = float("-inf")
        self._cost = 0
        self._waited_for = False
        self._stopped = False

    def ask(self) -> None:
        """Have what is new painted as soon as the budget allows."""
        if self._stopped:
            return
        if self._waited_for:
            self._waited_for = False
            self._drop_due()
            self._now()
        elif self._due is None:
            self._plan()

    def expect(self) -> None:
        """Have what is asked for next painted at once: a person pressed a key and waits for what it does."""
        self._waited_for = True

    def _plan(self) -> None:
        wait = self._painted + self._between() - time.monotonic()
        if wait <= 0:
            self._now()
        else:
            self._due = self._later(wait, self._now)

    def stop(self) -> None:
        """Paint nothing more."""
        self._stopped = True
        self._drop_due()

    def _drop_due(self) -> None:
        if self._due is not None:
            self._due.stop()
            self._due = None

    def _between(self) -> float:
        """Return the seconds that the last frame has used up."""
        allowed = self._budget.bytes * max(1.0, self._area() / AREA)
        return max(self._budget.seconds, min(self._cost / allowed, LONGEST))

    def _now(self) -> None:
        self._due = None
        self._painted, before = time.monotonic(), self._written()
        self._paint()
        # What a person does costs bytes too, but they are asked for: they do not hold up the next frame.
        self._later(FLUSH_SECONDS, lambda: self._weigh(before))

    def _weigh(self, before: int) -> None:
        self._cost = self._written() - before
        if self._due is not None:  # asked for meanwhile, when it was not known yet what the frame costs
            self._due.stop()
            self._plan()
