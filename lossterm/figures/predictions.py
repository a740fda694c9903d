"""What the models of several losses predict, side by side. Slow to import, so the app imports it on first use."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.axes import Axis
from lossterm.charts.confusion_matrix import confusion_matrix
from lossterm.charts.decision_map import class_colours, decision_map
from lossterm.charts.drawing import Drawing, Region
from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.reliability import reliability_bars
from lossterm.charts.scatter import predicted_against_true, residual_histogram
from lossterm.charts.terminal_style import Style
from lossterm.charts.text_lines import fitted, message_lines, panel, with_sign
from lossterm.figures.kept_model import Predicted, confusion, field, on_sample, place_at, reliability, residuals
from lossterm.figures.shaped_predictions import (
    SUMMED_UP_BY,
    ShapedKind,
    Tile,
    masks,
    outcome,
    rows_tile,
    shaped_kind,
    table,
)
from lossterm.metrics import METRICS, Outcome
from lossterm.store import HeldRow, Kept, Model, Sample
from lossterm.text.marks import COLLAPSED, MARKED_ROW

FigureKind = Literal["map", "confusion", "reliability", "scatter"] | ShapedKind

TITLES: dict[FigureKind, str] = {
    "map": "decision maps",
    "confusion": "confusion matrices",
    "reliability": "reliability",
    "scatter": "predicted against true",
    "images": "images, the worst first",
    "sequences": "sequences, the worst first",
    "masks": "masks, the worst first",
    "labels": "each label",
    "outputs": "each output",
}

SMALLEST: dict[FigureKind, tuple[int, int]] = {
    "map": (24, 9),
    "confusion": (24, 8),
    "reliability": (24, 10),
    "scatter": (26, 14),
    "images": (24, 2),  # and an image
    "sequences": (32, 6),
    "labels": (48, 8),
    "outputs": (36, 5),
}
"""Columns and lines that a picture wants at least; with less room fewer losses are shown at a time."""

LARGEST_IMAGE = 12
"""Lines of an image for which fewer losses are shown at a time; a higher one is thinned out."""

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
    rows: int = 0
    """How many rows of the sample were drawn of each loss, where they are drawn one by one."""
    among: int = 0
    """Among how many."""


def kinds(sample: Sample) -> list[FigureKind]:
    """Return the pictures that can be drawn of a task's models, the most telling first."""
    if sample.target_shape:
        return [shaped_kind(sample)]
    if sample.shaped:
        return [shaped_kind(sample), *(["scatter"] if sample.classes is None else _OF_CLASSES)]
    if sample.classes is None:
        return ["scatter"]
    return ["map", *_OF_CLASSES] if sample.count == 2 else [*_OF_CLASSES]


_OF_CLASSES: tuple[FigureKind, ...] = ("confusion", "reliability")


def page(
    kind: FigureKind,
    models: Mapping[str, Kept],
    sample: Sample,
    epoch: int,
    first: int,
    size: tuple[int, int],
    style: Style,
    *,
    marked: Mapping[str, HeldRow] = MappingProxyType({}),
    linear: bool = False,
    first_row: int = 0,
) -> Page:
    """Draw the models as they were at an epoch, by key of the loss, from the `first` on, in `size` columns and lines.

    Rows that are drawn one by one begin with the `first_row`. `marked` is a training row as each loss's final model
    sees it. Numbers are drawn on the scale that they ask for, unless `linear`.

    A model that was not kept at the epoch is shown as it was at the last one before, which is said. With less room than
    SMALLEST for all, fewer are shown.
    """
    width, height = size
    keys = list(models)[first:]
    if kind == "masks":
        drawn = masks(models, keys, sample, epoch, first_row, size, style)
        return Page(
            lines=tuple(panel(drawn.lines, *size)),
            shown=tuple(keys[: drawn.shown]),
            rows=drawn.rows,
            among=drawn.among,
        )
    across, down = _tiling(len(keys), smallest(kind, sample), size)
    shown = keys[: across * down]
    wide, tall = _wide(width, across), height // down
    tiles = [
        _tile(kind, key, models[key], sample, epoch, first_row, (wide, tall), style, marked.get(key), linear=linear)
        for key in shown
    ]
    lines: list[Text] = []
    for start in range(0, len(shown), across):
        row = [tile.lines for tile in tiles[start : start + across]]
        lines += [Text(" " * GAP).join(parts) for parts in zip(*row, strict=True)]
    return Page(
        lines=tuple(panel(lines, width, height)),
        shown=tuple(shown),
        rows=min(tile.rows for tile in tiles),
        among=min(tile.among for tile in tiles),
    )


def smallest(kind: FigureKind, sample: Sample) -> tuple[int, int]:
    """Return columns and lines that a picture wants at least: one of images all of an image, unless it is large."""
    width, height = SMALLEST[kind]
    if kind == "images":
        return width, height + min((sample.input_shape[0] + 1) // 2, LARGEST_IMAGE)
    return width, height


def _tiling(count: int, smallest: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Return how many pictures stand side by side, and above each other: as large as all of them can be.

    As many as have room where that is not enough.
    """
    least_wide, least_tall = smallest
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
    """Return the width of each of `across` pictures side by side."""
    return (width - GAP * (across - 1)) // across


def _tile(
    kind: FigureKind,
    key: str,
    kept: Kept,
    sample: Sample,
    epoch: int,
    first_row: int,
    size: tuple[int, int],
    style: Style,
    marked: HeldRow | None,
    *,
    linear: bool,
) -> Tile:
    width, height = size
    place, room = place_at(kept, epoch), (width, height - 1)
    predictions, target = on_sample(kept, place, sample)
    colour = style.colour(key)
    at = "" if kept.epochs[place] == epoch else f" at epoch {kept.epochs[place]}"
    title = _title(key, f"{_summary(outcome(kept, place, sample), sample)}{at}", colour, width)
    if kind in ("images", "sequences"):
        tile = rows_tile(kept, place, sample, first_row, room, colour, style)
        return Tile(lines=[title, *panel(tile.lines, *room)], rows=tile.rows, among=tile.among)
    if kind in ("labels", "outputs"):
        drawn = table(kept, place, sample, room)
    elif kind == "map" and isinstance(kept, Model):
        features, _ = sample.arrays()
        drawn = _map(kept, place, features, target, predictions.prediction, room, style, marked)
    elif kind == "confusion":
        counts = confusion(predictions.prediction, target, sample.classes or 2)
        drawn = confusion_matrix(counts, *room, colour=colour, dark=style.dark)
    elif kind == "reliability":
        drawn = (
            message_lines("Its output gives no probabilities.", *room)
            if predictions.probability is None
            else reliability_bars(reliability(predictions.probability, target), colour, *room)
        )
    else:
        at_end = place == len(kept.epochs) - 1  # of what is predicted for the row before, nothing is kept
        drawn = _scatter(predictions, target, colour, room, marked if at_end else None, linear=linear)
    return Tile(lines=[title, *drawn])


def _title(key: str, summary: str, colour: Colour, width: int) -> Text:
    """Name the loss and say how good it is; where room is short the name is cut."""
    if width < NARROW:
        summary = summary.removeprefix("accuracy ")  # what is left says enough, and a name that is cut may be another's
    room = max(width - len(summary) - 2, 1)
    name = key if len(key) <= room else f"{key[: room - 1]}…"
    return fitted(Text.assemble((name, colour_text(colour)), f"  {summary}"), width)


def _scatter(
    predictions: Predicted,
    target: np.ndarray,
    colour: Colour,
    room: tuple[int, int],
    marked: HeldRow | None,
    *,
    linear: bool,
) -> list[Text]:
    """Draw predicted against true, and the residuals beneath where there is room for both."""
    width, height = room
    least, most = _RESIDUALS
    below = min(most, max(least, height // 4))
    below = below if height - below >= LEAST_SCATTER else 0
    drawn = predicted_against_true(
        target,
        predictions.prediction,
        colour,
        width,
        height - below,
        scale="linear" if linear else None,
        marked=(marked.target, marked.predicted) if marked else None,
    )
    if not below:
        return drawn
    return [
        *drawn,
        *residual_histogram(residuals(predictions, target), colour, width, below),
    ]


def _map(
    model: Model,
    place: int,
    features: np.ndarray,
    target: np.ndarray,
    prediction: np.ndarray,
    room: tuple[int, int],
    style: Style,
    marked: HeldRow | None,
) -> list[Text]:
    columns, lines = room[0], room[1] - 1  # a line for what the map says of wrong rows
    if columns < 1 or lines < 1:
        return message_lines("Too small to draw.", *room)
    low, high = features.min(axis=0).astype(float), features.max(axis=0).astype(float)
    aside = AROUND * np.maximum(high - low, 1e-6)
    low, high = low - aside, high + aside
    classes, confidence = field(model, place, low.tolist(), high.tolist(), columns, 2 * lines)
    across = (features[:, 0] - low[0]) / (high[0] - low[0]) * columns - 0.5
    down = (high[1] - features[:, 1]) / (high[1] - low[1]) * 2 * lines - 0.5
    colours = class_colours(int(max(classes.max(), target.max())) + 1, dark=style.dark)
    points = np.stack([across, down], axis=1)
    drawn = decision_map(
        classes, confidence, points, target, prediction, colours, *room, dark=style.dark, plain=style.plain
    )
    if marked is None or marked.inputs is None:
        return drawn
    column = (marked.inputs[0] - low[0]) / (high[0] - low[0]) * columns
    row = (high[1] - marked.inputs[1]) / (high[1] - low[1]) * lines
    column, row = (int(np.clip(at, 0, most - 1)) for at, most in ((column, columns), (row, lines)))
    return with_sign(drawn, column, row, MARKED_ROW)


def _summary(judged: Outcome, sample: Sample) -> str:
    """Sum up in a few words how good the predictions are on the shown rows; ◇ where all of them are the same."""
    prediction, target = judged.prediction, judged.target
    same = f" {COLLAPSED}" if len(prediction) > 1 and (prediction == prediction[0]).all() else ""
    if sample.target_shape:
        words, metric = SUMMED_UP_BY[shaped_kind(sample)]
        return f"{words} {METRICS[metric].function(np, judged):.3f}{same}"
    if sample.classes is None:
        with np.errstate(over="ignore", invalid="ignore"):  # a model that diverged has no error to tell
            error = float(np.abs(prediction - target).mean())
        return f"mae {error:.3g}{same}" if np.isfinite(error) else "mae not finite"
    return f"accuracy {float((prediction == target).mean()):.3f}{same}"


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
