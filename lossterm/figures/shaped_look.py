"""A first look at images, sequences and targets of several numbers: what is there, and some rows as pictures."""

from collections.abc import Iterator, Sequence

import numpy as np
from rich.text import Text

from lossterm.charts.axes import brief
from lossterm.charts.decision_map import class_colours
from lossterm.charts.drawing import Drawing
from lossterm.charts.half_blocks import GAP, beside, blocks, breadth, channels, coloured, grey, thinned
from lossterm.charts.terminal_style import Style
from lossterm.charts.text_lines import fitted
from lossterm.comparison.first_look import FirstLook, Picture
from lossterm.tasks import Task
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted, listed

MOST_PICTURES = 8
"""Rows that are shown as pictures."""

MOST_SIDE = 64
"""Pixels of a side up to which an image is shown as it is; of larger ones, every second, third, … pixel."""


def shaped_look(task: Task, target_name: str, doubts: Sequence[str] = ()) -> FirstLook:
    """Look at one draw of a task whose rows are no rows of a table, or whose target is several numbers.

    `doubts` are sentences on what may be wrong with the data.
    """
    features, target = task.draw(0)
    labels = task.outputs if task.kind == "multilabel" else task.labels or tuple(map(str, range(task.classes or 0)))
    counts = _counts(task, target)
    first = target[:, 0] if task.kind == "multioutput" else target
    return FirstLook(
        task=task.key,
        kind=task.kind,
        target=clipped(task.outputs[0] if task.kind == "multioutput" else target_name),
        rows=len(target),
        values=tuple(np.quantile(first, np.linspace(0, 1, 200)).tolist()) if task.classes is None else (),
        classes=tuple((clipped(labels[one]), int(count)) for one, count in enumerate(counts)),
        said=tuple(_said(task, target, labels, counts)),
        doubts=tuple(doubts),
        pictures=tuple(_pictures(task, features, target, labels)) if len(task.input_shape) > 1 else (),
    )


def _counts(task: Task, target: np.ndarray) -> np.ndarray:
    """Return rows of each class, rows with each label, or pixels of each class of a mask."""
    if task.classes is None:
        return np.zeros(0, np.int64)
    if task.kind == "multilabel":
        return np.asarray(target.sum(axis=0), np.int64)
    return np.bincount(target.ravel(), minlength=task.classes)


def _said(task: Task, target: np.ndarray, labels: Sequence[str], counts: np.ndarray) -> Iterator[str]:
    shape = " × ".join(map(str, task.input_shape))
    what = {2: f"sequences of {shape} (steps × channels)", 3: f"images of {shape} pixels and channels"}
    inputs = what.get(len(task.input_shape), counted(task.features, "input"))
    drawn = "" if task.finite else " in a draw"
    yield f"{counted(len(target), 'row')}{drawn}, {inputs}; {_wanted(task)}."
    if task.kind == "multioutput":
        for name, values in zip(task.outputs, target.T, strict=True):
            low, middle, high = (brief(float(one)) for one in np.quantile(values, (0, 0.5, 1)))
            yield f"{clipped(name)} is from {low} to {high}, half of it below {middle}."
        return
    if task.kind == "multilabel":
        shares = [f"{clipped(name)} {100 * one / len(target):.0f} %" for name, one in zip(labels, counts, strict=True)]
        yield f"Of the rows have each label: {listed(shares)}."
        return
    largest = int(counts.argmax())
    of = "pixels" if task.kind == "segmentation" else "rows"
    yield (
        f"Always {clipped(labels[largest])!r}, the constant prediction, is right for "
        f"{100 * counts[largest] / counts.sum():.0f} % of the {of}: a loss has to beat that."
    )


def _wanted(task: Task) -> str:
    if task.kind == "multioutput":
        return f"{counted(len(task.outputs), 'number')} to predict"
    if task.kind == "multilabel":
        return f"{counted(len(task.outputs), 'label')}, of which a row may have several"
    classes = counted(task.classes or 0, "class", "classes")
    return f"one of {classes} for each pixel" if task.kind == "segmentation" else classes


def _pictures(task: Task, features: np.ndarray, target: np.ndarray, labels: Sequence[str]) -> Iterator[Picture]:
    """Yield some rows: one of each class, and the first ones."""
    places = list(range(MOST_PICTURES))
    if task.stratifies:
        _, places = (part.tolist() for part in np.unique(target, return_index=True))
    for place in places[:MOST_PICTURES]:
        mask = thinned(target[place], MOST_SIDE, MOST_SIDE).tolist() if task.kind == "segmentation" else ()
        title = clipped(labels[int(target[place])]) if task.stratifies else f"row {place + 1}"
        row = features[place]
        shown = thinned(row.mean(axis=-1), MOST_SIDE, MOST_SIDE) if row.ndim == 3 else row
        yield Picture(
            title=title,
            sequence=row.ndim == 2,
            values=tuple(tuple(float(f"{one:.3g}") for one in line) for line in shown),
            mask=tuple(map(tuple, mask)),
        )


def drawn_pictures(look: FirstLook, width: int, height: int, style: Style) -> Drawing:
    """Draw rows beside each other and in lines beneath, as many as have room in `width` × `height` cells.

    Only the first may be cut off beneath, where there is no room for a whole one.
    """
    palette = class_colours(max(len(look.classes), 2), dark=style.dark)
    rows: list[list[list[Text]]] = []
    for picture in look.pictures:
        values = np.array(picture.values)
        if picture.sequence:
            drawn = [Text(picture.title, "dim"), *channels(values, width)]
        else:
            drawn = [Text(picture.title, "dim"), *blocks(grey(values, dark=style.dark), plain=style.plain)]
            if picture.mask:
                mask = np.array(picture.mask)
                shade = grey(mask, dark=style.dark) if style.plain else coloured(mask, palette)
                drawn = beside([drawn, [Text("mask", "dim"), *blocks(shade, plain=style.plain)]])
        if rows and breadth(rows[-1]) + GAP + breadth([drawn]) <= width:
            rows[-1].append(drawn)
        else:
            rows.append([drawn])
    lines = beside(rows[0])[:height] if rows and height > 1 else []  # a title alone would be of nothing
    for row in rows[1:]:
        beneath = beside(row)
        if len(lines) + len(beneath) > height:
            break
        lines += beneath
    blank = [Text(" " * width)] * (height - len(lines))
    return Drawing(lines=(*(fitted(line, width) for line in lines), *blank))
