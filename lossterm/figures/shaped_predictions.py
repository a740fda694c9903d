"""What is predicted for images, sequences, masks, labels and several outputs: row by row, or in a table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.decision_map import class_colours
from lossterm.charts.half_blocks import (
    GAP,
    beside,
    blocks,
    breadth,
    channels,
    coloured,
    grey,
    thinned,
)
from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.terminal_style import Style
from lossterm.charts.text_lines import fitted, panel
from lossterm.figures.kept_model import confusion, on_sample, place_at
from lossterm.losses.prediction_from_output import Predicted
from lossterm.metrics import METRICS, Outcome
from lossterm.metrics.labels import average_precision
from lossterm.metrics.masks import dice_of_rows
from lossterm.store import Kept, KeptOutputs, Sample
from lossterm.text.harmless import clipped

ShapedKind = Literal["images", "sequences", "masks", "labels", "outputs"]

SUMMED_UP_BY: dict[ShapedKind, tuple[str, str]] = {
    "masks": ("dice", "dice"),
    "labels": ("mean AP", "label_macro_ap"),
    "outputs": ("R²", "r2"),
}
"""What a loss's title says of targets of several numbers, and the metric that it is."""

LONGEST = 16
"""Characters of a class's or label's name that are written."""

NARROWEST = 10
"""Columns that a mask has at least, for the name above it."""


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """What was drawn of one loss, or of all of them on the same rows."""

    lines: list[Text]
    """As many as asked for at most."""
    rows: int = 0
    """How many rows of the sample were drawn one by one; 0 where they are summed up."""
    among: int = 0
    """Among how many."""
    shown: int = 1
    """How many losses."""


def shaped_kind(sample: Sample) -> ShapedKind:
    """Return how a sample's rows are shown, if it is `shaped`."""
    if len(sample.target_shape) > 1:
        return "masks"
    if sample.target_shape:
        return "labels" if sample.classes else "outputs"
    return "images" if len(sample.input_shape) == 3 else "sequences"


def outcome(kept: Kept, place: int, sample: Sample) -> Outcome:
    """Return what metrics judge of what is predicted on a sample."""
    predictions, target = on_sample(kept, place, sample)
    decision = None
    if isinstance(kept, KeptOutputs) and kept.reading != "value":
        decision = kept.output(place)[: len(target)].astype(np.float64)
    return Outcome(
        target=target,
        prediction=predictions.prediction,
        decision=decision,
        probability=predictions.probability,
    )


def worst_first(predictions: Predicted, target: np.ndarray) -> np.ndarray:
    """Return the places of rows of one class or number each, (rows,): those that are most wrong first.

    Of classes the wrong ones come first, the surest of them before all, and the right ones last, the surest at the end.
    """
    if target.dtype.kind == "f":
        return np.argsort(-np.abs(predictions.prediction - target), kind="stable")
    wrong = predictions.prediction != target
    sure = np.zeros(len(target)) if predictions.probability is None else predictions.probability.max(axis=1)
    return np.lexsort((np.where(wrong, -sure, sure), ~wrong))


# Rows one by one


def rows_tile(
    kept: Kept, place: int, sample: Sample, first: int, size: tuple[int, int], colour: Colour, style: Style
) -> Tile:
    """Draw images or sequences from the `first` on, each with what is true and what is predicted for it.

    Those that the last network gets most wrong come first, at whatever place: so the same rows are seen on the way.
    """
    width, height = size
    last, target = on_sample(kept, -1, sample)
    predictions, _ = on_sample(kept, place, sample)
    rows = worst_first(last, target)[min(first, len(target) - 1) :].tolist()
    features, _ = sample.arrays()
    draw = _image if len(sample.input_shape) == 3 else _sequence
    one = draw(features[rows[0]], width, height - 1, style)
    down = max(height // (len(one) + 1), 1)

    def across(wide: int) -> int:
        return (width + GAP) // (wide + GAP)

    narrow = min(breadth([one]), width)
    captions = [_caption(predictions, target, row, sample, colour) for row in rows[: across(narrow) * down]]
    wide = min(max(narrow, *(caption.cell_len for caption in captions)), width)
    pictures = [
        [fitted(line, wide) for line in (*draw(features[row], width, height - 1, style), caption)]
        for row, caption in zip(rows[: across(wide) * down], captions, strict=False)
    ]
    starts = range(0, len(pictures), across(wide))
    lines = [line for start in starts for line in beside(pictures[start : start + across(wide)])]
    return Tile(lines=lines[:height], rows=len(pictures), among=len(target))


def _image(features: np.ndarray, width: int, height: int, style: Style) -> list[Text]:
    image = thinned(features.mean(axis=-1), max(2 * height, 1), width)
    return blocks(grey(image, dark=style.dark), plain=style.plain)


def _sequence(features: np.ndarray, width: int, height: int, _: Style) -> list[Text]:
    return channels(features, width)[: max(height, 1)]


def _caption(predictions: Predicted, target: np.ndarray, row: int, sample: Sample, colour: Colour) -> Text:
    """Write what is true of a row and what is predicted, in the loss's colour where that is wrong."""
    true, predicted = target[row], predictions.prediction[row]
    if sample.classes is None:
        return Text(f"{true:.3g} → {predicted:.3g}", "dim")
    sure = "" if predictions.probability is None else f" {predictions.probability[row].max():.2f}"
    if true == predicted:
        return Text(f"{_name(sample, int(true))}{sure}", "dim")
    words = f"{_name(sample, int(true))} → {_name(sample, int(predicted))}{sure}"
    return Text(words, f"bold {colour_text(colour)}")


def _name(sample: Sample, place: int) -> str:
    return clipped(sample.names[place], LONGEST) if place < len(sample.names) else str(place)


# Masks


def masks(
    models: Mapping[str, Kept],
    keys: Sequence[str],
    sample: Sample,
    epoch: int,
    first: int,
    size: tuple[int, int],
    style: Style,
) -> Tile:
    """Draw images from the `first` on, each with its true mask and beside it those of losses, as many `keys` as fit.

    Above each mask is its Dice. The images with the lowest come first, as the mean over all losses' last networks.
    """
    width, height = size
    features, target = sample.arrays()
    room = max(2 * (height - _HEADS - 1), 1), max((width - 2 * GAP) // 3, 1)
    tall, across = thinned(target[0], *room).shape
    wide = min(max(across, NARROWEST), width)
    shown = keys[: max((width + GAP) // (wide + GAP) - 2, 1)]
    fits = (width + GAP) // (len(shown) + 2) - GAP  # with the room that is left, for the names
    wide = max(wide, min(fits, max(map(len, shown))))
    order = _lowest_dice_first(models, sample)
    rows = order[min(first, len(order) - 1) :][: max((height - _HEADS) // (-(-tall // 2) + 1), 1)].tolist()
    palette = _palette(sample, style)

    def picture(pixels: np.ndarray) -> list[Text]:
        return blocks(pixels, plain=style.plain)

    def masked(mask: np.ndarray) -> list[Text]:
        return picture(coloured(thinned(mask, *room), palette))

    images = [
        (f"row {row + 1}", picture(grey(thinned(features[row].mean(axis=-1), *room), dark=style.dark))) for row in rows
    ]
    columns = [
        _column(Text("image", "dim"), "", images, wide),
        _column(Text("true", "dim"), "", [("", masked(target[row])) for row in rows], wide),
    ]
    for key in shown:
        judged = outcome(models[key], place_at(models[key], epoch), sample)
        of_rows = dice_of_rows(np, judged)
        pictures = [(f"{of_rows[row]:.2f}", masked(judged.prediction[row])) for row in rows]
        name = Text(clipped(key, wide), style.of_loss(key))
        columns.append(_column(name, f"dice {_dice(judged):.3f}", pictures, wide))
    return Tile(
        lines=[_legend(sample, palette, style), *beside(columns)][:height],
        rows=len(rows),
        among=len(order),
        shown=len(shown),
    )


_HEADS = 3
"""Lines above masks: what colours stand for, the names of losses, and how good they are."""


def _column(name: Text, mean: str, pictures: Iterable[tuple[str, list[Text]]], wide: int) -> list[Text]:
    lines = [name, Text(mean)]
    for caption, picture in pictures:
        lines += [Text(caption, "dim"), *picture]
    return [fitted(line, wide) for line in lines]


def _lowest_dice_first(models: Mapping[str, Kept], sample: Sample) -> np.ndarray:
    """Return the places of the rows, (rows,), by the mean Dice of all last networks, the lowest first.

    Of equal rows those come first whose masks are wrong at more pixels.
    """
    judged = [outcome(kept, -1, sample) for kept in models.values()]
    rows = min(len(one.target) for one in judged)
    dice = np.mean([dice_of_rows(np, one)[:rows] for one in judged], axis=0)
    wrong = np.sum([(one.prediction != one.target)[:rows].sum(axis=(1, 2)) for one in judged], axis=0)
    return np.lexsort((-wrong, dice.round(9)))  # rounded: sums in another order are no other Dice


def _dice(judged: Outcome) -> float:
    return METRICS["dice"].function(np, judged)


def _palette(sample: Sample, style: Style) -> list[Colour]:
    """Return the colour of each class; without colours, how bright it is."""
    classes = max(sample.classes or 2, 2)
    if not style.plain:
        return class_colours(classes, dark=style.dark)
    return [(level, level, level) for level in (round(255 * place / (classes - 1)) for place in range(classes))]


def _legend(sample: Sample, palette: Sequence[Colour], style: Style) -> Text:
    """Say which colour is which class."""
    line = Text()
    for place, colour in enumerate(palette):
        (block,) = blocks(np.full((2, 1, 3), colour), plain=style.plain)
        line.append_text(block).append(f" {_name(sample, place)}{'' if place == len(palette) - 1 else '  '}", "dim")
    return line


# Tables


def table(kept: Kept, place: int, sample: Sample, size: tuple[int, int]) -> list[Text]:
    """Draw a line of numbers for each label or each output, as many as fit; the last says how many are left out."""
    width, height = size
    judged = outcome(kept, place, sample)
    columns = _OF_LABELS if sample.classes else _OF_OUTPUTS
    names = [_name(sample, number) for number in range(judged.target.shape[1])]
    longest = max(map(len, names))
    heads = list(columns)[: max((width - longest) // _NUMBER, 0)]
    lines = [Text(f"{'':{longest}}{''.join(f'{head:>{_NUMBER}}' for head in heads)}", "dim")]
    fits = len(names) if len(names) < height else max(height - 2, 0)
    for number, name in enumerate(names[:fits]):
        one = _of_column(judged, number)
        numbers = "".join(f"{columns[head](one):>{_NUMBER}}" for head in heads)
        lines.append(Text.assemble((f"{name:<{longest}}", "dim"), numbers))
    if fits < len(names):
        lines.append(Text(f"and {len(names) - fits} more", "dim"))
    return panel(lines, width, height)


_NUMBER = 8
"""Columns of a number with the gap before it."""


def _of_column(judged: Outcome, column: int) -> Outcome:
    """Return the outcome of a single label or output."""
    return Outcome(
        target=judged.target[:, column],
        prediction=judged.prediction[:, column],
        decision=None if judged.decision is None else judged.decision[:, column],
    )


def _share(of: Callable[[Outcome], np.ndarray]) -> Callable[[Outcome], str]:
    return lambda one: f"{100 * float(np.mean(of(one))):.0f} %"


def _ratio(one: Outcome, axis: int) -> str:
    """Return which part of those predicted (axis 0) or true (axis 1) are both, – where there are none."""
    counts = confusion(one.prediction, one.target, 2)
    whole = counts.sum(axis=axis)[1]
    return f"{counts[1, 1] / whole:.2f}" if whole else "–"


def _number(value: float, form: str = ".3g") -> str:
    return f"{value:{form}}" if np.isfinite(value) else "–"


_OF_LABELS: dict[str, Callable[[Outcome], str]] = {
    "true": _share(lambda one: one.target),
    "pred.": _share(lambda one: one.prediction),
    "prec.": lambda one: _ratio(one, 0),
    "recall": lambda one: _ratio(one, 1),
    "F1": lambda one: _number(METRICS["label_micro_f1"].function(np, one), ".2f"),
    "AP": lambda one: _number(average_precision(np, one.target, one.decision), ".2f"),
}
"""Shares of rows that have a label and that are predicted to, and how good that is."""

_OF_OUTPUTS: dict[str, Callable[[Outcome], str]] = {
    "mae": lambda one: _number(METRICS["mae"].function(np, one)),
    "rmse": lambda one: _number(METRICS["rmse"].function(np, one)),
    "R²": lambda one: _number(METRICS["r2"].function(np, one), ".3f"),
    "bias": lambda one: _number(float(np.mean(one.prediction - one.target))),
}
"""How far an output is off, in its own unit; the bias is the mean of predicted less true."""
