"""How the machine was busy over the last minutes: kept while something trains, or while somebody looks."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import msgspec

from lossterm.following.hardware import Card, Hardware, share_of

SECONDS = 300.0
"""How far back it goes."""

HOTTEST = 100.0
"""Temperature in °C that fills a bar."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The machine at a moment."""

    moment: float
    """Seconds of a clock that only goes forward."""
    hardware: Hardware
    """What it did."""
    trainings: float | None
    """Trainings that ended a second; None where nothing was trained."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """How one figure went."""

    label: str
    """What it is of; "" for a further figure of the row before."""
    what: str
    """What it is: use, memory, temperature."""
    shares: tuple[float | None, ...]
    """From the oldest to now, each between 0 and 1; None for a time of which nothing is known."""
    now: str
    """The last, in words."""


class HardwareHistory:
    """Keeps what was read of the machine. May be looked at from any thread."""

    def __init__(self, read: Callable[[], Hardware], clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock, self._lock = read, clock, threading.Lock()
        self._samples: deque[Sample] = deque()

    def look(self, trainings: float | None = None) -> Hardware:
        """Read the machine and keep what was read; not for an event loop."""
        hardware = self._read()
        with self._lock:
            now = self._clock()
            self._samples.append(Sample(moment=now, hardware=hardware, trainings=trainings))
            while now - self._samples[0].moment > SECONDS:
                self._samples.popleft()
        return hardware

    def rows(self, columns: int) -> list[Row]:
        """Return how each figure went, in so many columns of equal time; none before the first look."""
        with self._lock:
            samples, now = tuple(self._samples), self._clock()
        if not samples:
            return []
        places = [int(columns * (1 - (now - one.moment) / SECONDS)) for one in samples]
        return list(_rows(samples, [min(max(place, 0), columns - 1) for place in places], columns))


def _rows(samples: Sequence[Sample], places: Sequence[int], columns: int) -> Iterator[Row]:
    def row(label: str, what: str, values: Sequence[float | None], now: str) -> Row:
        return Row(label=label, what=what, shares=_means(values, places, columns), now=now)

    last = samples[-1].hardware
    yield row("cores", "use", [one.hardware.busy for one in samples], last.cores_in_words)
    yield row(
        "memory",
        "in use",
        [share_of(one.hardware.used, one.hardware.memory) for one in samples],
        last.memory_in_words,
    )
    for number, card in enumerate(last.cards):
        cards = [one.hardware.cards[number] if number < len(one.hardware.cards) else None for one in samples]
        for what, value, words in _FIGURES:
            values = [None if one is None else value(one) for one in cards]
            if values[-1] is not None:
                label = f"card {number}" if what == _FIGURES[0][0] else ""
                yield row(label, what, values, words(card))
    rates = [one.trainings for one in samples]
    most = max((rate for rate in rates if rate is not None), default=0.0)
    if most:
        now = "none" if rates[-1] is None else f"{rates[-1]:,.3g} a second"
        yield row("trainings", "ended", [None if rate is None else rate / most for rate in rates], now)


_FIGURES: tuple[tuple[str, Callable[[Card], float | None], Callable[[Card], str]], ...] = (
    ("use", lambda card: card.busy, lambda card: f"{card.busy_in_words} · {card.name}"),
    ("memory", lambda card: share_of(card.used, card.memory), lambda card: card.memory_in_words),
    (
        "temperature",
        lambda card: None if card.celsius is None else card.celsius / HOTTEST,
        lambda card: card.heat_in_words,
    ),
)
"""What is told of a card: its name, its share of a bar, and the last in words."""


def _means(values: Sequence[float | None], places: Sequence[int], columns: int) -> tuple[float | None, ...]:
    """Return the mean of the values that fall into each column."""
    fallen: list[list[float]] = [[] for _ in range(columns)]
    for value, place in zip(values, places, strict=True):
        if value is not None:
            fallen[place].append(value)
    return tuple(sum(those) / len(those) if those else None for those in fallen)
