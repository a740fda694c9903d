"""Fewer points for the same picture: of many points in one column of dots only a few can be seen.

plotext's time goes into the dots on the way from point to point, so what it costs can be told before it draws.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

STROKES = (1, 2, 4, 8, 12)
"""Widths, in dots, of the columns that are drawn as one stroke each where the exact picture costs too much."""

MOST_DOTS = 10_000
"""Dots from which a chart is drawn with strokes: about a twentieth of a second of plotext's time."""

_SEGMENT = 3
"""What the way from one point to the next costs whatever its length, in dots."""


class Line(msgspec.Struct, frozen=True):
    """A line without gaps, in dots from the lower left."""

    x: np.ndarray
    """(points,), ascending, not rounded."""
    y: np.ndarray
    """(points,), not rounded."""

    @property
    def cost(self) -> int:
        """Dots that it takes to draw, and what each of its points costs beside."""
        if len(self.x) < 2:
            return len(self.x)
        across, up = np.abs(np.diff(rounded(self.x))), np.abs(np.diff(rounded(self.y)))
        return int(np.maximum(across, up).sum()) + _SEGMENT * len(self.x)


def decimated(lines: Sequence[Line]) -> list[Line]:
    """Return lines with as few points as the same picture needs; fewer still, with all extremes, where it costs much.

    Source of the exact reduction: Jugel et al. 2014, M4: A Visualization-Oriented Time Series Data Aggregation.
    """
    same = fewer = [_same_picture(line) for line in lines]
    for width in STROKES:
        if sum(line.cost for line in fewer) <= MOST_DOTS:
            break
        fewer = [_strokes(line, width) for line in same]
    return fewer


def _same_picture(line: Line) -> Line:
    """Keep the first, the lowest, the highest and the last point of each column of dots, where the line turns."""
    starts, ends = _columns(line, 1)
    if len(starts) < len(line.x):
        low, high = _extremes(line.y, starts, ends)
        kept = np.unique(np.concatenate([starts, low, high, ends - 1]))
        line = Line(line.x[kept], line.y[kept])
    turns = _turns(line)
    return Line(line.x[turns], line.y[turns])


def _turns(line: Line) -> np.ndarray:
    """Return which points the way does not go straight through, (points,) of bool.

    Straight is level, upright or diagonal: only there plotext sets the same dots in one step as in two.
    """
    across, up = np.diff(rounded(line.x)), np.diff(rounded(line.y))
    straight = (up == 0) | (across == 0) | (across == np.abs(up))
    on = straight[1:] & straight[:-1] & (np.sign(up[1:]) == np.sign(up[:-1]))
    on &= np.sign(across[1:]) == np.sign(across[:-1])
    return np.concatenate([[True], ~on, [True]])[: len(line.x)]


def _strokes(line: Line, width: int) -> Line:
    """Keep the lowest and the highest point of each column so many dots wide, and both ends of the line.

    Both stand in the middle of their column, in turn upwards and downwards, so that strokes lie beside each other.
    """
    starts, ends = _columns(line, width)
    if 2 * len(starts) >= len(line.x):
        return line
    low, high = _extremes(line.y, starts, ends)
    pairs = np.stack([low, high], axis=1)
    pairs[1::2] = pairs[1::2, ::-1]
    middles = np.repeat((line.x[starts] + line.x[ends - 1]) / 2, 2)
    return Line(
        np.concatenate([line.x[:1], middles, line.x[-1:]]),
        np.concatenate([line.y[:1], line.y[pairs.ravel()], line.y[-1:]]),
    )


def _columns(line: Line, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the points of each column begin and end that has any, (columns,) each."""
    column = rounded(line.x) // width
    starts = np.flatnonzero(np.diff(column, prepend=column[:1] - 1))
    return starts, np.append(starts[1:], len(column))


def _extremes(y: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which point is the lowest and which the highest of each column, (columns,) each."""
    column = np.repeat(np.arange(len(starts)), ends - starts)
    return _first_equal(y, np.minimum.reduceat(y, starts), column), _first_equal(
        y, np.maximum.reduceat(y, starts), column
    )


def _first_equal(y: np.ndarray, wanted: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return the first point of each column whose value is the one that is wanted of it, (columns,)."""
    points = np.flatnonzero(y == wanted[column])
    return points[np.searchsorted(column[points], np.arange(len(wanted)))]


def rounded(dots: np.ndarray) -> np.ndarray:
    """Return the dots that plotext sets for places that are not whole, as floats: a half goes up; NaN stays."""
    return np.floor(np.round(dots + 0.5, 8))
