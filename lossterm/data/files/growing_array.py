"""Collects the values of a column whose length is not known in advance."""

import numpy as np

_FIRST = 1024


class Growing:
    """An array that grows in place, so that a column is in memory only once."""

    def __init__(self, kind: type[np.float64] | type[np.int32]) -> None:
        self._values = np.empty(_FIRST, kind)
        self._length = 0

    def add(self, values: np.ndarray) -> None:
        """Append values."""
        end = self._length + len(values)
        if end > len(self._values):
            self._values.resize(max(end, 2 * len(self._values)), refcheck=False)  # nobody else holds a reference
        self._values[self._length : end] = values
        self._length = end

    @property
    def values(self) -> np.ndarray:
        """The values so far; valid until more are added."""
        return self._values[: self._length]

    def done(self) -> np.ndarray:
        """Return all values; nothing may be added afterwards."""
        self._values.resize(self._length, refcheck=False)
        return self._values
