"""One column of several trials' curves, with its median and band: new epochs cost what is new, not everything."""

from array import array
from collections.abc import Mapping

import numpy as np

BAND = (0.1, 0.9)
"""Quantiles over the seeds between which a band is drawn."""

_SHARES = (BAND[0], 0.5, BAND[1])
_BLOCK = 64
"""Epochs that are averaged at a time."""


class BandOverSeeds:
    """Curves of one kind, one for each trial; `low`, `median` and `high` are over the trials that reached an epoch.

    Each is (epochs,), as long as the longest curve, NaN where none is finite.
    """

    def __init__(self, columns: int, column: int) -> None:
        """`columns` is how many values each epoch of a trial has, `column` the one that is used."""
        self._columns, self._column = columns, column
        self._forget()

    def _forget(self) -> None:
        self._curves: dict[int, array[float]] = {}
        self._lengths: dict[int, int] = {}
        self._rows: dict[int, int] = {}
        self._values = np.empty((0, 0), np.float32)
        self._keep(np.empty((len(_SHARES), 0), np.float32))

    def _keep(self, quantiles: np.ndarray) -> None:
        self._quantiles = quantiles
        self.low, self.median, self.high = quantiles

    def feed(self, curves: Mapping[int, "array[float]"]) -> None:
        """Take in the curves as they are now, (epochs, columns) row by row, by number of the trial.

        A known array may only have grown; a trial that was restarted has a new array.
        """
        lengths = {trial: len(curve) // self._columns for trial, curve in curves.items()}
        if any(curves.get(trial) is not known for trial, known in self._curves.items()) or any(
            lengths[trial] < length for trial, length in self._lengths.items()
        ):
            self._forget()
        grown = {trial: length for trial, length in lengths.items() if length > self._lengths.get(trial, 0)}
        if not grown:
            return
        for trial in grown:
            self._rows.setdefault(trial, len(self._rows))
        self._make_room(len(self._rows), max(grown.values()))
        first = min(self._lengths.get(trial, 0) for trial in grown)
        for trial, length in grown.items():
            known = self._lengths.get(trial, 0)
            new = np.frombuffer(curves[trial], np.float32)[known * self._columns + self._column :: self._columns]
            self._values[self._rows[trial], known:length] = np.where(np.isfinite(new), new, np.nan)[: length - known]
            self._curves[trial] = curves[trial]
        self._lengths.update(grown)
        last = max(grown.values())
        fresh = _quantiles(self._values[: len(self._rows), first:last])
        self._keep(np.concatenate([self._quantiles[:, :first], fresh, self._quantiles[:, last:]], axis=1))

    def _make_room(self, rows: int, epochs: int) -> None:
        """Enlarge the matrix, by half as much again, so that this happens rarely."""
        old_rows, old_epochs = self._values.shape
        if rows <= old_rows and epochs <= old_epochs:
            return
        wider = max(old_epochs, epochs + epochs // 2 if old_epochs else epochs)
        taller = max(old_rows, rows + rows // 2 if old_rows else rows)
        larger = np.full((taller, wider), np.nan, np.float32)
        larger[:old_rows, :old_epochs] = self._values
        self._values = larger

    @property
    def trials(self) -> int:
        """Number of trials that have any epoch."""
        return len(self._lengths)

    def each(self, most: int) -> list[np.ndarray]:
        """Return the curves of the first `most` trials, (epochs,) each."""
        return [self._values[row, : self._lengths[trial]] for trial, row in list(self._rows.items())[:most]]


def _quantiles(values: np.ndarray) -> np.ndarray:
    """Return quantiles over trials: (trials, epochs) → (shares, epochs), interpolated linearly; NaN without values.

    The same as `numpy.nanquantile`, which handles each epoch by itself and takes a hundred times as long.
    """
    if len(values) == 1:
        return np.repeat(values, len(_SHARES), axis=0)
    order = np.sort(values, axis=0)  # NaN sorts last
    last = np.maximum(np.isfinite(order).sum(axis=0) - 1, 0)
    place = np.arange(order.shape[1])
    quantiles = np.empty((len(_SHARES), order.shape[1]), np.float32)
    for line, share in zip(quantiles, _SHARES, strict=True):
        exact = share * last
        below = exact.astype(int)
        low, high = (order[row, place].astype(np.float64) for row in (below, np.minimum(below + 1, last)))
        line[:] = low + (high - low) * (exact - below)
    return quantiles
