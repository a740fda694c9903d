"""Values of a column whose number is not known before its end."""

import numpy as np

_FIRST = 1024


class Growing:
    """An array that grows at its end in place, so that a column is in memory once."""

    def __init__(self, kind: type[np.float64] | type[np.int32]) -> None:
        self._values = np.empty(_FIRST, kind)
        self._length = 0

    def add(self, values: np.ndarray) -> None:
        """Put values at the end."""
        end = self._length + len(values)
        if end > len(self._values):
            self._values.resize(max(end, 2 * len(self._values)), refcheck=False)  # nobody else has seen it yet
        self._values[self._length : end] = values
        self._length = end

    @property
    def values(self) -> np.ndarray:
        """What is there so far, to be looked at before more is added."""
        return self._values[: self._length]

    def done(self) -> np.ndarray:
        """Return all; nothing may be added after."""
        self._values.resize(self._length, refcheck=False)
        return self._values
