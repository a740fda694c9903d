"""What the models of several losses predict, side by side. Slow to import, so the app does it when it is looked at."""

from collections.abc import Mapping
from typing import Literal

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.axes import Axis
from lossterm.charts.canvas import fitted, panel, told
from lossterm.charts.confusion_matrix import confusion_matrix
from lossterm.charts.decision_map import class_colours, decision_map
from lossterm.charts.drawing import Drawing, Region
from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.reliability import reliability_bars
from lossterm.charts.scatter import predicted_against_true, residual_histogram
from lossterm.charts.terminal_style import Style
from lossterm.figures.kept_model import Predicted, confusion, field, predicted, reliability, residuals
from lossterm.store import Model, Sample

FigureKind = Literal["map", "confusion", "reliability", "scatter"]

TITLES: dict[FigureKind, str] = {
    "map": "decision maps",
    "confusion": "confusion matrices",
    "reliability": "reliability",
    "scatter": "predicted against true",
}

SMALLEST: dict[FigureKind, tuple[int, int]] = {
    "map": (24, 9),
    "confusion": (24, 8),
    "reliability": (24, 10),
    "scatter": (26, 14),
}
"""Columns and lines that a picture wants at least; with less room fewer losses are shown at a time."""

NARROW = 36
"""Columns below which a picture's title gives its room to the loss's name."""

GAP = 2
"""Columns between two pictures."""

AROUND = 0.08
"""Share of the features' range by which a map goes beyond the rows."""

LEAST_SCATTER = 9
"""Lines that a scatter keeps to itself, before there are residuals beneath it."""

_RESIDUALS = (3, 6)
"""Lines that residuals take at least and at most."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What was drawn."""

    lines: tuple[Text, ...]
    """As many as asked for, each as wide as asked for."""
    shown: tuple[str, ...]
    """Keys of the losses that had room."""


def kinds(sample: Sample) -> list[FigureKind]:
    """Return the pictures that can be drawn of a task's models, the most telling first."""
    if sample.classes is None:
        return ["scatter"]
    others: list[FigureKind] = ["confusion", "reliability"]
    return ["map", *others] if sample.count == 2 else others


def page(
    kind: FigureKind,
    models: Mapping[str, Model],
    sample: Sample,
    epoch: int,
    first: int,
    size: tuple[int, int],
    style: Style,
) -> Page:
    """Draw the models as they were at an epoch, by key of the loss, from the `first` on, in `size` columns and lines.

    A model that was not kept at the epoch is shown as it was at the last one before, which is said. With less room than
    SMALLEST for all, fewer are shown.
    """
    width, height = size
    keys = list(models)
    across, down = _tiling(len(keys) - first, kind, size)
    shown = keys[first : first + across * down]
    wide, tall = _wide(width, across), height // down
    lines: list[Text] = []
    for start in range(0, len(shown), across):
        row = [
            _tile(kind, key, models[key], sample, epoch, (wide, tall), style) for key in shown[start : start + across]
        ]
        lines += [Text(" " * GAP).join(parts) for parts in zip(*row, strict=True)]
    return Page(lines=tuple(panel(lines, width, height)), shown=tuple(shown))


def _tiling(count: int, kind: FigureKind, size: tuple[int, int]) -> tuple[int, int]:
    """Return how many pictures stand side by side, and above each other: as large as all of them can be.

    As many as have room where that is not enough.
    """
    least_wide, least_tall = SMALLEST[kind]
    most_across = max(1, (size[0] + GAP) // (least_wide + GAP))
    most_down = max(1, size[1] // least_tall)
    fits = [
        (across, down)
        for across in range(1, most_across + 1)
        for down in range(1, most_down + 1)
        if across * down >= count
    ]
    if not fits:
        return most_across, most_down
    # A cell is twice as high as it is wide: the largest square is what counts.
    return max(fits, key=lambda grid: (min(_wide(size[0], grid[0]), 2 * (size[1] // grid[1])), -grid[0] * grid[1]))


def _wide(width: int, across: int) -> int:
    """Return the columns of each of so many pictures side by side."""
    return (width - GAP * (across - 1)) // across


def _tile(
    kind: FigureKind, key: str, model: Model, sample: Sample, epoch: int, size: tuple[int, int], style: Style
) -> list[Text]:
    width, height = size
    place = max(0, int(np.searchsorted(model.epochs, epoch, "right")) - 1)
    features, target = sample.arrays()
    found = predicted(model, place, features)
    colour = style.colour(key)
    at = "" if model.epochs[place] == epoch else f" at epoch {model.epochs[place]}"
    title = _title(key, f"{_summary(found.prediction, target, sample)}{at}", colour, width)
    room = width, height - 1
    if kind == "map":
        drawn = _map(model, place, features, target, found.prediction, room, style)
    elif kind == "confusion":
        counts = confusion(found.prediction, target, sample.classes or 2)
        drawn = confusion_matrix(counts, *room, colour=colour, dark=style.dark)
    elif kind == "reliability":
        drawn = (
            told("Its output gives no probabilities.", *room)
            if found.probability is None
            else reliability_bars(reliability(found.probability, target), colour, *room)
        )
    else:
        drawn = _scatter(found, target, colour, room)
    return [title, *drawn]


def _title(key: str, said: str, colour: Colour, width: int) -> Text:
    """Name the loss and say how good it is; where room is short the name is cut."""
    if width < NARROW:
        said = said.removeprefix("accuracy ")  # what is left says enough, and a name that is cut may be another's
    room = max(width - len(said) - 2, 1)
    name = key if len(key) <= room else f"{key[: room - 1]}…"
    return fitted(Text.assemble((name, colour_text(colour)), f"  {said}"), width)


def _scatter(found: Predicted, target: np.ndarray, colour: Colour, room: tuple[int, int]) -> list[Text]:
    """Draw predicted against true, and the residuals beneath where there is room for both."""
    width, height = room
    least, most = _RESIDUALS
    below = min(most, max(least, height // 4))
    if height - below < LEAST_SCATTER:
        return predicted_against_true(target, found.prediction, colour, width, height)
    return [
        *predicted_against_true(target, found.prediction, colour, width, height - below),
        *residual_histogram(residuals(found, target), colour, width, below),
    ]


def _map(
    model: Model,
    place: int,
    features: np.ndarray,
    target: np.ndarray,
    prediction: np.ndarray,
    room: tuple[int, int],
    style: Style,
) -> list[Text]:
    columns, lines = room[0], room[1] - 1  # a line for what the map says of wrong rows
    if columns < 1 or lines < 1:
        return told("Too small to draw.", *room)
    low, high = features.min(axis=0).astype(float), features.max(axis=0).astype(float)
    aside = AROUND * np.maximum(high - low, 1e-6)
    low, high = low - aside, high + aside
    classes, confidence = field(model, place, low.tolist(), high.tolist(), columns, 2 * lines)
    across = (features[:, 0] - low[0]) / (high[0] - low[0]) * columns - 0.5
    down = (high[1] - features[:, 1]) / (high[1] - low[1]) * 2 * lines - 0.5
    colours = class_colours(int(max(classes.max(), target.max())) + 1, dark=style.dark)
    points = np.stack([across, down], axis=1)
    return decision_map(
        classes, confidence, points, target, prediction, colours, *room, dark=style.dark, plain=style.plain
    )


def _summary(prediction: np.ndarray, target: np.ndarray, sample: Sample) -> str:
    """Say in a word how good the predictions are on the rows that are shown."""
    if sample.classes is None:
        with np.errstate(over="ignore", invalid="ignore"):  # a model that diverged has no error to tell
            error = float(np.abs(prediction - target).mean())
        return f"mae {error:.3g}" if np.isfinite(error) else "mae not finite"
    return f"accuracy {float((prediction == target).mean()):.3f}"


def slider(epochs: tuple[int, ...], chosen: int, width: int) -> Drawing:
    """Draw in a line of `width` cells where among the kept epochs, ascending, the chosen place is."""
    label, last = f"epoch {epochs[chosen]} of {epochs[-1]}", max(epochs[-1], 1)
    room = width - len(label) - 4
    if room < 2:
        return Drawing(lines=(fitted(Text(label), width),))
    step = last / (room - 1)
    axis = Axis(-step, last + step)  # the signs at both ends are a step further out
    bar = ["├", *"─" * room, "┤"]
    places = [1 + round(one / last * (room - 1)) for one in epochs]
    for place in places:
        bar[place] = "┼"
    bar[places[chosen]] = "●"
    line = Text.assemble(f"{label}  ", ("".join(bar), "dim"))
    return Drawing(lines=(line,), regions=(Region(left=len(label) + 2, top=0, columns=len(bar), rows=1, x=axis),))
