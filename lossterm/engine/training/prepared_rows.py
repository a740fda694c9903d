"""Rows drawn and prepared once for all programs that train on them, whichever their loss and lane."""

import threading
from collections import OrderedDict
from typing import Any, NamedTuple

import msgspec

from lossterm.comparison.protocol import Prepared, Protocol
from lossterm.engine.runtime import tf
from lossterm.store import MOST_SAMPLED
from lossterm.tasks import Task

MOST = 4
"""Draws that are kept: those of the seeds that lanes work on side by side."""

MOST_BYTES = 2**25
"""What the kept draws may take together; the last one is kept whatever it takes."""


class PreparedRows(NamedTuple):
    """The data of one seed."""

    data: Prepared
    """As NumPy has them, for scores; of the features only as many rows as are kept as a sample."""
    features: tuple[Any, ...]
    """Features (rows, features) of each split, as programs read them."""

    @property
    def bytes(self) -> int:
        """What the features take."""
        return sum(4 * int(part.shape[0]) * int(part.shape[1]) for part in self.features)


RowsKey = tuple[str, str, int]
"""Task, protocol and seed."""


class _Shelf:
    """What was drawn last. A draw that another thread is at is waited for rather than made twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[RowsKey, PreparedRows] = OrderedDict()
        self._drawing: dict[RowsKey, threading.Lock] = {}

    def draw(self, task: Task, protocol: Protocol, seed: int) -> PreparedRows:
        key = task.key, protocol.key, seed
        with self._lock:
            mine = self._drawing.setdefault(key, threading.Lock())
        with mine:
            found = self._kept.get(key) or _prepared(task, protocol, seed)
            with self._lock:
                self._kept[key] = found
                self._kept.move_to_end(key)  # the last used goes last
                self._drawing.pop(key, None)
                while len(self._kept) > MOST or (len(self._kept) > 1 and self._bytes > MOST_BYTES):
                    self._kept.popitem(last=False)
        return found

    @property
    def _bytes(self) -> int:
        return sum(one.bytes for one in self._kept.values())


def _prepared(task: Task, protocol: Protocol, seed: int) -> PreparedRows:
    data = protocol.prepare(task, seed)
    features = []
    for name, part in data.splits.items():
        features.append(tf.constant(part.features))
        # Each goes before the next comes: a table twice in memory is once too often.
        data.splits[name] = msgspec.structs.replace(part, features=part.features[:MOST_SAMPLED].copy())
        del part
    return PreparedRows(data, tuple(features))


_SHELF = _Shelf()


def rows_of(task: Task, protocol: Protocol, seed: int) -> PreparedRows:
    """Return the data of a seed, prepared as the protocol does; all threads share them: they are not to be changed."""
    return _SHELF.draw(task, protocol, seed)
