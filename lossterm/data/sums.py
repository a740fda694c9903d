"""Finds a few columns that add up, or multiply, to given values exactly."""

from dataclasses import dataclass

import numpy as np

FEW = 5
"""Columns up to which any factors count; of more, all must count alike, as the parts of a total do."""

MOST, MOST_FACTORS = 60, 3
"""Most columns of a sum, and of a product."""

WIDE = 0.2
"""Columns for each row above which only a few are looked for: many would fit anything, and take long."""

UNEXPLAINED = 1e-4
"""Share of the variance that rounded parts leave unexplained."""

TYPICAL = 0.02
"""Median residual relative to the median deviation: a single value far out explains no others."""

ALIKE = 0.02
"""How far factors of a total may be apart, relative to their size."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Columns that add up to the values."""

    places: tuple[int, ...]
    """Their places, ascending."""
    share: float
    """R²."""


def product_of(columns: np.ndarray, values: np.ndarray) -> Sum | None:
    """Return columns of (rows, columns) whose powers multiply to (rows,) values, None if there are none."""
    if values.min() <= 0:
        return None
    positive = np.flatnonzero(columns.min(axis=0) > 0)
    if len(positive) < 2:
        return None
    seen = sum_of(np.log(columns[:, positive]), np.log(values), most=MOST_FACTORS)
    return seen and Sum(tuple(int(positive[place]) for place in seen.places), seen.share)


def sum_of(columns: np.ndarray, values: np.ndarray, most: int = MOST) -> Sum | None:
    """Return columns of (rows, columns) that add up to (rows,) values, each times a number, None if there are none."""
    spread = columns.std(axis=0)
    usable = np.flatnonzero(spread > 0)
    if len(usable) < 2 or len(values) < 20 or values.std() == 0:
        return None
    scaled = (columns[:, usable] - columns[:, usable].mean(axis=0)) / spread[usable]
    wanted = (values - values.mean()) / values.std()
    most = min(most, len(values) // 3, FEW if len(usable) > WIDE * len(values) else most)
    places = _fewest(scaled, wanted, _chosen(scaled, wanted, min(most, len(usable))))
    if len(places) < 2:
        return None
    factors, left = _fitted(scaled[:, places], wanted)
    if not _explained(left, wanted) or len(places) > most:
        return None
    parts = np.abs(factors / spread[usable][places])
    if len(places) > FEW and np.ptp(parts) > ALIKE * parts.mean():
        return None
    order = np.sort(usable[places])
    return Sum(tuple(map(int, order)), 1 - float((left**2).mean()))


def _chosen(scaled: np.ndarray, wanted: np.ndarray, most: int) -> list[int]:
    """Choose columns one by one, each the one that goes best with what is left; all where that does not lead there."""
    places: list[int] = []
    left = wanted
    while len(places) < most and not _explained(left, wanted):
        match = np.abs(np.einsum("rc,r->c", scaled, left))  # a product by threads costs more than these few numbers
        match[places] = -1.0
        places.append(int(match.argmax()))
        _, left = _fitted(scaled[:, places], wanted)
    return places


def _fewest(scaled: np.ndarray, wanted: np.ndarray, places: list[int]) -> list[int]:
    """Leave out what is not needed, the least contribution first."""
    while len(places) > 1:
        factors, left = _fitted(scaled[:, places], wanted)
        if not _explained(left, wanted):
            return []
        fewer = [place for place in places if place != places[int(np.abs(factors).argmin())]]
        if not _explained(_fitted(scaled[:, fewer], wanted)[1], wanted):
            return places
        places = fewer
    return places


def _fitted(scaled: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the factors of the least squares and what they leave."""
    # By the normal equations, at a tenth of the cost: rounding of 1e-8 is far below what counts as explained.
    squares, products = np.einsum("ri,rj->ij", scaled, scaled), np.einsum("rc,r->c", scaled, wanted)
    factors = np.linalg.lstsq(squares, products, rcond=1e-12)[0]
    return factors, wanted - np.einsum("rc,c->r", scaled, factors)


def _explained(left: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether all but rounding is explained, in most rows and not only in a few far out."""
    typical = float(np.median(np.abs(wanted - np.median(wanted))))
    allowed = TYPICAL * typical if typical > 0 else 1e-3
    return float((left**2).mean()) < UNEXPLAINED and float(np.median(np.abs(left))) <= allowed
