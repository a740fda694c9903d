"""The anatomy of losses: each with its slope, beneath them where a model's own rows lie, and who holds its gradient."""

from collections.abc import Sequence

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.canvas import SMALLEST, Colour, built, canvas_of, frame, written
from lossterm.palette import written as written_colour

SIDE_BY_SIDE = 76
"""Columns from which loss and slope stand beside each other."""

_BARS = " ▁▂▃▄▅▆▇█"
_OF_WHAT = " of the gradient"
_BEYOND = 0.005
"""Share of rows out of the picture from which that is marked."""


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """One loss as curves."""

    x: np.ndarray
    """(points,), residuals or margins, ascending."""
    values: np.ndarray
    """(points,), the loss there; not finite where nothing is to be drawn."""
    slopes: np.ndarray
    """(points,), its slope."""
    colour: Colour
    """Its colour."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
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


def anatomy_chart(losses: Sequence[Drawn], models: Sequence[Measured], width: int, height: int) -> list[Text]:
    """Draw losses and slopes in `width` × `height` cells, with a histogram of each model's rows beneath.

    Returns one Text per line, all of the given width; words where there is nothing to draw.
    """
    if not losses:
        return [Text("No loss whose shape is known is ticked.", "dim")]
    if width < SMALLEST[0] or height < 2 * SMALLEST[1]:
        return [Text("Too small to draw.", "dim")]
    if width >= SIDE_BY_SIDE:
        return _beside(losses, models, width, height)
    return _stacked(losses, models, width, height)


def _beside(losses: Sequence[Drawn], models: Sequence[Measured], width: int, height: int) -> list[Text]:
    shown = list(models[: max(0, height // 2 - 2)])
    tall, left = height - len(shown), width // 2
    one = _chart(losses, "loss", left, tall)
    two = _chart(losses, "slope", width - left, tall)
    lines = [Text.assemble(a, b) for a, b in zip(one, two, strict=True)]
    _, edge = canvas_of(one)
    beneath = ((_histogram(model, losses[0].x, edge, left), _share(model, width - left, edge)) for model in shown)
    return [*lines, *(Text.assemble(*pair) for pair in beneath)]


def _stacked(losses: Sequence[Drawn], models: Sequence[Measured], width: int, height: int) -> list[Text]:
    shown = list(models[: max(0, height - 2 * SMALLEST[1] - 1)])
    rest = height - len(shown) - bool(shown)
    one = _chart(losses, "loss", width, rest // 2, labelled=False)
    two = _chart(losses, "slope", width, rest - rest // 2)
    _, edge = canvas_of(two)
    beneath = [_histogram(model, losses[0].x, edge, width) for model in shown]
    return [*one, *two, *beneath, *([_shares(shown, len(models) - len(shown), width)] if shown else [])]


def _chart(losses: Sequence[Drawn], what: str, width: int, height: int, *, labelled: bool = True) -> list[Text]:
    curves = [(loss.x, loss.values if what == "loss" else loss.slopes, loss.colour) for loss in losses]
    low, high = _range([y[np.isfinite(y)] for _, y, _ in curves])
    x = losses[0].x
    ticks = [float(tick) for tick in range(int(np.ceil(x[0])), int(np.floor(x[-1])) + 1, 2)]
    ticks = ticks if labelled else []
    labels = [f"{tick:g}" for tick in ticks]
    figure = frame(width, height, (float(x[0]), float(x[-1])), (low, high), (ticks, labels), labelled=labelled)
    for place, y, colour in reversed(curves):
        inside = np.isfinite(y) & (y >= low) & (y <= high)
        for part in _stretches(inside):
            if part.stop - part.start > 1:
                figure.plot(place[part].tolist(), y[part].tolist(), marker="braille", color=colour)
    lines = built(figure, width, height)
    rows, left = canvas_of(lines)
    for place in (0.5, 0.3, 0.7, 0.1, 0.9) if rows else ():
        named = written(lines[rows[0]], what, left + round(place * (width - left)) - len(what) // 2)
        if named is not lines[rows[0]]:  # where no curve passes
            lines[rows[0]] = named
            break
    return lines


def _range(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the lowest and highest that is drawn: one loss that shoots up does not press the others flat."""
    there = [y for y in curves if len(y)]
    if not there:
        return 0.0, 1.0
    tops, bottoms = sorted(float(y.max()) for y in there), sorted(float(y.min()) for y in there)
    high, low = tops[-1], bottoms[0]
    middle_top, middle_bottom = tops[len(tops) // 2], bottoms[len(bottoms) // 2]
    size = middle_top - middle_bottom
    high, low = min(high, middle_top + size), max(low, middle_bottom - size)
    if len(there) == 1:  # a single one that shoots up is shown where it does something else
        middle = np.quantile(there[0], (0.1, 0.9))
        high, low = min(high, middle[1] + 2 * np.ptp(middle)), max(low, middle[0] - 2 * np.ptp(middle))
    margin = 0.04 * (high - low) or 0.5
    return float(low - margin), float(high + margin)


def _stretches(inside: np.ndarray) -> list[slice]:
    """Return the runs of points that are drawn, so that no line leaps over what is not."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
    return [slice(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _histogram(model: Measured, x: np.ndarray, edge: int, width: int) -> Text:
    """Draw where a model's rows lie, a bar for each column of the chart above."""
    columns = width - edge
    edges = np.linspace(x[0], x[-1], columns + 1)
    below = np.mean([_share_below(quantiles, model.levels, edges) for quantiles in model.quantiles], axis=0)
    mass = np.diff(below)
    bars = [_BARS[0 if part <= 0 else max(1, round(8 * part / max(mass.max(), 1e-12)))] for part in mass]
    if below[0] > _BEYOND:
        bars[0] = "‹"
    if 1 - below[-1] > _BEYOND:
        bars[-1] = "›"
    line = Text(" " * edge)
    line.append("".join(bars), written_colour(model.colour))
    return line


def _share_below(quantiles: np.ndarray, levels: Sequence[float], edges: np.ndarray) -> np.ndarray:
    """Return the share of rows below each edge; where quantiles are equal, the rows lie at that point."""
    rising = quantiles + np.arange(len(quantiles)) * 1e-9 * max(1.0, float(np.ptp(quantiles)))
    return np.asarray(np.interp(edges, rising, levels, left=0.0, right=1.0))


def _shares(models: Sequence[Measured], others: int, width: int) -> Text:
    """Say in one line who holds the gradient, each in its loss's colour."""
    line = Text("worst 1 % hold", "dim")
    for model in models:
        line.append("  –" if model.share is None else f"  {_percent(model.share)}", written_colour(model.colour))
    line.append(f"  and {others} more" if others else "", "dim")
    line.truncate(width, pad=True)
    return line


def _share(model: Measured, width: int, edge: int) -> Text:
    """Say who holds a model's gradient, in fewer words where the loss's name needs the room."""
    room = width - edge - 2
    said = "no row has a gradient" if model.share is None else f"worst 1 % hold {_percent(model.share)}"
    if model.share is not None and len(model.name) + len(said) + len(_OF_WHAT) <= room:
        said += _OF_WHAT
    name = model.name if len(model.name) + len(said) <= room else f"{model.name[: max(room - len(said) - 1, 1)]}…"
    line = Text(" " * edge)
    line.append(name, written_colour(model.colour))
    line.append(f"  {said}", "dim")
    line.truncate(width, pad=True)
    return line


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"
