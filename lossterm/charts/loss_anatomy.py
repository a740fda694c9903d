"""The anatomy of losses: each with its slope, beneath them where a model's own rows lie, and who holds its gradient."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.axes import LARGEST, Axis, exact_axis, flat
from lossterm.charts.drawing import Drawing, Region, in_words
from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.plot import Picture, Plot
from lossterm.charts.text_lines import SMALLEST, fitted
from lossterm.text.marks import MARKED_ROW

SIDE_BY_SIDE = 76
"""Columns from which loss and slope stand beside each other."""

SHORT_NAME = 9
"""Letters of a loss's name that stand beside its curve where the whole has no room."""

_BARS = " ▁▂▃▄▅▆▇█"
_OF_WHAT = " of the gradient"
_BEYOND = 0.005
"""Share of rows out of the picture from which that is marked."""


class LossShape(msgspec.Struct, frozen=True, kw_only=True):
    """One loss as curves."""

    x: np.ndarray
    """(points,), residuals or margins, ascending."""
    values: np.ndarray
    """(points,), the loss there; not finite where nothing is to be drawn."""
    slopes: np.ndarray
    """(points,), its slope."""
    colour: Colour
    """Its colour."""
    name: str = ""
    """What is written beside its curve where there is room; "" where colours tell curves apart."""


class ModelRows(msgspec.Struct, frozen=True, kw_only=True):
    """What the models that a loss trained do on their training rows."""

    name: str
    """Key of the loss."""
    levels: tuple[float, ...]
    """Shares of the rows, ascending."""
    quantiles: np.ndarray
    """(models, levels), residuals or margins at those shares."""
    share: float | None
    """Share of the gradient that the worst hundredth of the rows holds, in the mean over models; None without any."""
    colour: Colour
    """Its colour."""
    marked: float | None = None
    """The residual or margin of a row that is marked, None without one."""


def anatomy_chart(losses: Sequence[LossShape], models: Sequence[ModelRows], width: int, height: int) -> Drawing:
    """Draw losses and slopes in `width` × `height` cells, with a histogram of each model's rows beneath.

    Returns `height` lines of `width` cells; words where there is nothing to draw or no room.
    """
    if not losses:
        return in_words("No loss whose shape is known is ticked.", width, height)
    if width < SMALLEST[0] or height < 2 * SMALLEST[1]:
        return in_words("Too small to draw.", width, height)
    if width >= SIDE_BY_SIDE:
        return _side_by_side(losses, models, width, height)
    return _stacked(losses, models, width, height)


def _side_by_side(losses: Sequence[LossShape], models: Sequence[ModelRows], width: int, height: int) -> Drawing:
    shown = list(models[: max(0, height // 2 - 2)])
    tall, left = height - len(shown), width // 2
    drawing = _chart(losses, "loss", left, tall).beside(_chart(losses, "slope", width - left, tall))
    region = drawing.regions[0]
    beneath = (Text.assemble(_histogram(model, region), _share(model, width - left, region.left)) for model in shown)
    return drawing.above(Drawing(lines=tuple(beneath)))


def _stacked(losses: Sequence[LossShape], models: Sequence[ModelRows], width: int, height: int) -> Drawing:
    shown = list(models[: max(0, height - 2 * SMALLEST[1] - 1)])
    rest = height - len(shown) - bool(shown)
    lower = _chart(losses, "slope", width, rest - rest // 2)
    drawing = _chart(losses, "loss", width, rest // 2, labelled=False).above(lower)
    beneath = [_histogram(model, lower.regions[0]) for model in shown]
    beneath += [_shares(shown, len(models) - len(shown), width)] if shown else []
    return drawing.above(Drawing(lines=tuple(beneath)))


def _chart(losses: Sequence[LossShape], what: str, width: int, height: int, *, labelled: bool = True) -> Drawing:
    curves = [(loss.x, loss.values if what == "loss" else loss.slopes, loss.colour) for loss in losses]
    low, high = _range([y[np.abs(y) < LARGEST] for _, y, _ in curves])
    first, last = float(losses[0].x[0]), float(losses[0].x[-1])
    ticks = tuple((float(tick), str(tick)) for tick in range(math.ceil(first), math.floor(last) + 1, 2))
    plot = Plot(width, height, Axis(first, last, ticks), exact_axis(low, high, height), labelled=labelled)
    for place, y, colour in reversed(curves):
        with np.errstate(invalid="ignore"):  # NaN is neither above nor below
            plot.line(place, np.where((y >= low) & (y <= high), y, np.nan), colour)
    picture = plot.picture()
    for share in (0.5, 0.3, 0.7, 0.1, 0.9):
        start = round(share * plot.columns) - len(what) // 2
        if picture.free(start - 1, 0, len(what) + 2):  # where no curve passes
            for place, letter in enumerate(what):
                picture.mark(start + place, 0, letter)
            break
    for loss, (x, y, _) in zip(losses, curves, strict=True):
        for name in _written(loss.name):
            if _name_beside(picture, plot, name, x, y):
                break
    return picture.drawing()


def _written(name: str) -> tuple[str, ...]:
    """Return how a name may be written: whole, or cut where that has no room."""
    return () if not name else (name,) if len(name) <= SHORT_NAME else (name, f"{name[: SHORT_NAME - 1]}…")


def _name_beside(picture: Picture, plot: Plot, name: str, x: np.ndarray, y: np.ndarray) -> bool:
    """Write a name right beside a curve at the first place where nothing is drawn; return whether there is one."""
    for share in np.linspace(0.95, 0.05, 31):
        point = round(share * (len(x) - 1))
        if not plot.y.low <= y[point] <= plot.y.high:
            continue
        column, row = plot.column(float(x[point])), plot.row(float(y[point]))
        middle = max(1, min(column - len(name) // 2, plot.columns - len(name) - 1))
        for start, line in ((middle, row - 1), (middle, row + 1), (column + 2, row), (column - len(name) - 1, row)):
            if picture.free(start - 1, line, len(name) + 2):
                for place, letter in enumerate(name):
                    picture.mark(start + place, line, letter)
                return True
    return False


def _range(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the lowest and highest that is drawn: one loss that shoots up does not press the others flat."""
    there = [y for y in curves if len(y)]
    if not there:
        return 0.0, 1.0
    tops, bottoms = sorted(float(y.max()) for y in there), sorted(float(y.min()) for y in there)
    high, low = tops[-1], bottoms[0]
    middle_top, middle_bottom = tops[len(tops) // 2], bottoms[len(bottoms) // 2]
    if not flat(middle_bottom, middle_top):  # beside straight lines every other loss would shoot up
        size = middle_top - middle_bottom
        high, low = min(high, middle_top + size), max(low, middle_bottom - size)
    if len(there) == 1:  # a single one that shoots up is shown where it does something else
        under, over = np.quantile(there[0], (0.1, 0.9))
        if not flat(under, over):
            high, low = min(high, over + 2 * (over - under)), max(low, under - 2 * (over - under))
    margin = 0.5 * (abs(high) or 1.0) if flat(low, high) else 0.04 * (high - low)
    return float(low - margin), float(high + margin)


def _histogram(model: ModelRows, above: Region) -> Text:
    """Draw where a model's rows lie, a bar for each column of the chart above."""
    edges = np.linspace(above.x.low, above.x.high, above.columns + 1)
    below = np.mean([_share_below(quantiles, model.levels, edges) for quantiles in model.quantiles], axis=0)
    mass = np.diff(below)
    bars = [_BARS[0 if part <= 0 else max(1, round(8 * part / max(mass.max(), 1e-12)))] for part in mass]
    if below[0] > _BEYOND:
        bars[0] = "‹"
    if 1 - below[-1] > _BEYOND:
        bars[-1] = "›"
    line = Text(" " * above.left)
    if model.marked is None:
        line.append("".join(bars), colour_text(model.colour))
        return line
    place = min(max(int(above.x.share(np.array([model.marked]))[0] * above.columns), 0), above.columns - 1)
    line.append("".join(bars[:place]), colour_text(model.colour))
    line.append(MARKED_ROW, "bold")
    line.append("".join(bars[place + 1 :]), colour_text(model.colour))
    return line


def _share_below(quantiles: np.ndarray, levels: Sequence[float], edges: np.ndarray) -> np.ndarray:
    """Return the share of rows below each edge; where quantiles are equal, the rows lie at that point."""
    rising = quantiles + np.arange(len(quantiles)) * 1e-9 * max(1.0, float(np.ptp(quantiles)))
    return np.asarray(np.interp(edges, rising, levels, left=0.0, right=1.0))


def _shares(models: Sequence[ModelRows], others: int, width: int) -> Text:
    """List in one line which share of the gradient the worst rows hold, each in its loss's colour."""
    line = Text("worst 1 % hold", "dim")
    for model in models:
        line.append("  –" if model.share is None else f"  {_percent(model.share)}", colour_text(model.colour))
    line.append(f"  and {others} more" if others else "", "dim")
    return fitted(line, width)


def _share(model: ModelRows, width: int, edge: int) -> Text:
    """Say which share of a model's gradient the worst rows hold, shortened if the loss's name needs the room."""
    room = width - edge - 2
    sentence = "no row has a gradient" if model.share is None else f"worst 1 % hold {_percent(model.share)}"
    if model.share is not None and len(model.name) + len(sentence) + len(_OF_WHAT) <= room:
        sentence += _OF_WHAT
    name = (
        model.name if len(model.name) + len(sentence) <= room else f"{model.name[: max(room - len(sentence) - 1, 1)]}…"
    )
    line = Text(" " * edge)
    line.append(name, colour_text(model.colour))
    line.append(f"  {sentence}", "dim")
    return fitted(line, width)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"
