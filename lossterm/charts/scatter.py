"""A regression's predictions against the true values, and a histogram of the residuals."""

import textwrap
from collections.abc import Sequence

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.axes import Axis, Scale, brief, scale_for, scaled_axis
from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.plot import Plot
from lossterm.charts.text_lines import SMALLEST, message_lines, painted, panel
from lossterm.text.marks import MARKED_ROW

KEPT = (1, 99)
"""Percentiles between which values set the range that is drawn."""

_FAINT: Colour = (128, 128, 128)
"""Half way between black and white: to be seen on both, without weight on either."""
_BARS = " ▁▂▃▄▅▆▇█"
_LARGEST = 1e300
"""Size from which a value counts as infinite, so that no difference of two overflows."""


def predicted_against_true(
    target: np.ndarray,
    prediction: np.ndarray,
    colour: Colour,
    width: int,
    height: int,
    *,
    scale: Scale | None = "linear",
    marked: tuple[float, float] | None = None,
) -> list[Text]:
    """Draw a dot for each row, predicted (up) against true (right), both on one range, with the diagonal behind.

    `target` and `prediction` have as many values each; both axes have one `scale`, None for the one that targets ask
    for. `marked` are target and prediction of a marked row. Rows beyond the range are drawn at the edge and counted in
    words, as are those that are not finite. Returns `height` lines of `width` cells; words where there is nothing to
    draw or no room. Raises ValueError where there are not as many predictions as targets.
    """
    true, predicted = np.ravel(target).astype(float), np.ravel(prediction).astype(float)
    if len(true) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions of {len(true)} targets.")
    there = _drawable(true) & _drawable(predicted)
    true, predicted, missing = true[there], predicted[there], int((~there).sum())
    refused = _refused(len(true), missing, width >= SMALLEST[0] and height >= SMALLEST[1])
    if refused:
        return message_lines(refused, width, height)

    scale = scale or scale_for(true)
    ends = _ends(true), _ends(predicted[predicted > 0] if scale == "log" and (predicted > 0).any() else predicted)
    low, high = _widened(min(ends)[0], max(end for _, end in ends))
    both = _axis(np.concatenate([true, predicted]), low, high, scale)
    beyond = int(((np.minimum(true, predicted) < low) | (np.maximum(true, predicted) > high)).sum())
    caption = _caption(beyond, missing, width, height)
    labels = _short(low), _short(high)
    edge = max(map(len, labels)) + 1
    columns, rows = width - edge, height - 1 - len(caption)
    if columns < 4 or rows < 2:
        return message_lines("Too small to draw.", width, height)

    both = msgspec.structs.replace(both, ticks=((high, labels[1]), (low, labels[0])))
    plot = Plot(width, rows, both, both, labelled=False)
    plot.line(np.array([low, high]), np.array([low, high]), _FAINT)
    plot.dots(np.clip(true, low, high), np.clip(predicted, low, high), colour)
    picture = plot.picture()
    if marked:
        picture.mark(*_within(plot, *(min(max(one, low), high) for one in marked)), MARKED_ROW)
    how = "by quantile" if both.knots else "log scale" if both.log else ""
    words = (f"true, {how} →", f"true, {how}", how) if how else ("true →", "true")
    axis = Text(" " * edge + _between(*labels, words, columns), "dim")
    return panel([*picture.drawing().lines, axis, *caption], width, height)


def _axis(values: np.ndarray, low: float, high: float, scale: Scale) -> Axis:
    """Return the axis of both, from `low` to `high`; a logarithmic one only where both are above zero."""
    if scale == "linear" or (scale == "log" and low <= 0):
        return Axis(low, high)
    return scaled_axis(np.clip(values, low, high), scale, 1)


def _within(plot: Plot, x: float, y: float) -> tuple[int, int]:
    return min(max(plot.column(x), 0), plot.columns - 1), plot.row(y)


def residual_histogram(residuals: np.ndarray, colour: Colour, width: int, height: int) -> list[Text]:
    """Draw how often which residual occurs, with 0 in the middle and the numbers at the ends of the last line.

    `residuals` may have any shape. Those beyond the ends lie in the outermost bars, marked by ≤ and ≥; those that are
    not finite are counted in words. Returns `height` lines of `width` cells; words where there is nothing to draw or
    no room.
    """
    values = np.ravel(residuals).astype(float)
    there = _drawable(values)
    values, missing = values[there], int((~there).sum())
    refused = _refused(len(values), missing, width >= SMALLEST[0] and height >= 2)
    if refused:
        return message_lines(refused, width, height)

    reach = max(map(abs, _ends(values))) or float(np.abs(values).max()) or 1.0
    wide = max(1, round(width / max(9, 2 * len(values) ** 0.5)))  # few rows in narrow bars would look like noise
    bars = width // wide
    bars -= 1 - bars % 2  # an odd number, so that 0 is the middle of a bar
    caption = [Text(line, "dim") for line in textwrap.wrap(f"{missing} not finite", width)] if missing else []
    rows = height - 1 - len(caption)
    if rows < 1:
        return message_lines(f"Too small to draw; {missing} not finite.", width, height)
    counts, _ = np.histogram(np.clip(values, -reach, reach), bars, (-reach, reach))
    labels = (
        ("≤" if values.min() < -reach else "") + _short(-reach),
        ("≥" if values.max() > reach else "") + _short(reach),
    )
    axis = Text(_between(*labels, ("0",), wide * bars), "dim")
    return panel([*_bars(counts.repeat(wide), colour, rows), axis, *caption], width, height)


def _bars(counts: np.ndarray, colour: Colour, rows: int) -> list[Text]:
    """Return bars of eighths of a line over the columns, with a dotted line over the middle."""
    eighths = np.where(counts > 0, np.maximum(1, np.rint(8 * rows * counts / max(1, counts.max()))), 0).astype(int)
    levels = np.clip(eighths - 8 * np.arange(rows - 1, -1, -1)[:, None], 0, 8)
    signs, inks = np.array(list(_BARS))[levels], (levels > 0).astype(int)
    middle = len(counts) // 2
    above = levels[:, middle] == 0
    signs[above, middle], inks[above, middle] = "┊", 2
    return painted(signs, inks, ("", colour_text(colour), "dim"))


def _refused(rows: int, missing: int, room: bool) -> str:
    """Return why nothing can be drawn, "" if it can."""
    if not rows:
        return "Nothing to draw: no value is finite." if missing else "Nothing to draw: there are no rows."
    return "" if room else "Too small to draw."


def _caption(beyond: int, missing: int, width: int, height: int) -> list[Text]:
    """Name the axis at the left, unless a small chart needs the line to say what is not drawn in its place."""
    notes = [f"{count} {what}" for count, what in ((beyond, "beyond"), (missing, "not finite")) if count]
    words = ["predicted ↑", *notes]
    if notes and len(", ".join(words)) > width and height < 8:
        words = notes
    return [Text(line, "dim") for line in textwrap.wrap(", ".join(words), width)]


def _between(low: str, high: str, middles: Sequence[str], columns: int) -> str:
    """Return the ends of an axis, or but its upper one, and the first of some words that fits between them."""
    low = low if len(low) + len(high) < columns else ""
    ends = f"{low}{high:>{columns - len(low)}}"
    for words in middles:
        start = (columns - len(words)) // 2
        if not ends[max(0, start - 1) : start + len(words) + 1].strip():
            return f"{ends[:start]}{words}{ends[start + len(words) :]}"
    return ends


def _drawable(values: np.ndarray) -> np.ndarray:
    there: np.ndarray = np.abs(values) < _LARGEST  # false for NaN too
    return there


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Return the percentiles KEPT, each the next value outwards: of fewer than a hundred values none lies beyond."""
    low, high = KEPT
    return float(np.percentile(values, low, method="lower")), float(np.percentile(values, high, method="higher"))


def _widened(low: float, high: float) -> tuple[float, float]:
    """Return ends that differ."""
    if high - low > 1e-9 * max(abs(low), abs(high)):
        return low, high
    return low - 0.5 * abs(low or 1), high + 0.5 * abs(high or 1)


def _short(value: float) -> str:
    """Write a number with three significant digits: 0, −1.25, 1234, 341k, 1.2e−7."""
    size = abs(value)
    if 1e4 <= size < 1e12:
        return brief(value)
    if size == 0 or 1e-3 <= size < 1e5:
        places = max(0, 2 - int(np.floor(np.log10(size)))) if size else 0
        text = f"{value:.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        digits, power = f"{value:.1e}".split("e")
        text = f"{digits.removesuffix('.0')}e{int(power)}"
    return text.replace("-", "−")
