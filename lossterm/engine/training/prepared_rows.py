"""Rows drawn and prepared once for all programs that train on them, whatever their loss and thread."""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from lossterm.comparison.protocol import Prepared, Protocol
from lossterm.engine.runtime import tf
from lossterm.store import MOST_SAMPLED
from lossterm.stress_axes import Stress
from lossterm.tasks import Task

MOST = 96
"""The most draws that are kept: those of the ten seeds of a stack, for some threads side by side, at several levels of
a sweep."""

MOST_BYTES = 2**25
"""The largest size of all kept draws together; the last one is kept whatever its size."""


class PreparedRows(NamedTuple):
    """The data of one seed."""

    data: Prepared
    """NumPy arrays, for scores; of the features only the rows that are kept as a sample."""
    features: tuple[Any, ...]
    """Features (rows, *input_shape) of each split, as programs read them."""

    @property
    def bytes(self) -> int:
        """Size of the features in bytes."""
        return sum(4 * math.prod(part.shape) for part in self.features)


class Stressed(NamedTuple):
    """A stress by name, loaded only where data are prepared."""

    name: str
    """Axis and level."""
    load: Callable[[], Stress]
    """Returns the axis with its function, which may be a person's own."""


RowsKey = tuple[str, str, int, str, str]
"""Task, protocol, seed, the name of the place whose memory holds the features, and that of the stress."""


class _RowsCache:
    """The last draws. If another thread is making a draw, it is waited for rather than made twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[RowsKey, PreparedRows] = OrderedDict()
        self._drawing: dict[RowsKey, threading.Lock] = {}

    def draw(self, task: Task, protocol: Protocol, seed: int, place: str, stress: "Stressed | None") -> PreparedRows:
        key = task.key, protocol.key, seed, place, stress.name if stress else ""
        with self._lock:
            drawing = self._drawing.setdefault(key, threading.Lock())
        with drawing:
            rows = self._kept.get(key) or _prepared(task, protocol, seed, place, stress)
            with self._lock:
                self._kept[key] = rows
                self._kept.move_to_end(key)  # the last used goes last
                self._drawing.pop(key, None)
                while len(self._kept) > MOST or (len(self._kept) > 1 and self._bytes > MOST_BYTES):
                    self._kept.popitem(last=False)
        return rows

    @property
    def _bytes(self) -> int:
        return sum(rows.bytes for rows in self._kept.values())


def _prepared(task: Task, protocol: Protocol, seed: int, place: str, stress: "Stressed | None") -> PreparedRows:
    data = protocol.prepare(task, seed, stress.load()) if stress else protocol.prepare(task, seed)
    features = []
    for name, part in data.splits.items():
        with tf.device(place):
            features.append(tf.constant(part.features))
        # Each part is freed before the next is made: the table must not be in memory twice.
        data.splits[name] = msgspec.structs.replace(part, features=part.features[:MOST_SAMPLED].copy())
        del part
    return PreparedRows(data, tuple(features))


_CACHE = _RowsCache()


def rows_of(task: Task, protocol: Protocol, seed: int, place: str, stress: "Stressed | None" = None) -> PreparedRows:
    """Return the data of a seed, prepared as the protocol does and perhaps stressed, for programs at a place.

    All threads that train there share them: do not change them.
    """
    return _CACHE.draw(task, protocol, seed, place, stress)
