"""What an axis does to data, looked at before anything is trained."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from lossterm.comparison.protocol_catalogue import fair_parts
from lossterm.errors import UsageError
from lossterm.stress_axes import Axis, Stress, written
from lossterm.tasks import Task
from lossterm.text.columns import TableColumn
from lossterm.text.harmless import clipped
from lossterm.text.numbers import counted

if TYPE_CHECKING:
    import numpy as np

EXAMPLES = 6
"""Rows that are shown as they were and as they are."""

SHOWN_COLUMNS = 4
"""Columns of such a row that are shown."""


class LevelPreview(msgspec.Struct, frozen=True, kw_only=True):
    """The rows that an axis is about, at one level."""

    level: float
    """The level."""
    altered: float
    """Share of them that differ from the clean ones."""
    moments: tuple[float, float, float, float] | None
    """Mean, standard deviation, lowest and highest target; None for classes and several outputs."""
    classes: tuple[int, ...] | None
    """Rows of each class or with each label, of masks pixels of each class; None for numbers."""
    outputs: tuple[tuple[float, float], ...] = ()
    """Mean and standard deviation of each of several outputs; () for other targets."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One row at the highest level."""

    row: int
    """Its number in the file, or in the draw counted from 1."""
    target: tuple[float, float] | None
    """Its target before and after; None for several outputs, labels and masks."""
    features: tuple[tuple[str, float, float], ...]
    """Of the columns that changed most: name, before and after; () for images and sequences."""
    outputs: tuple[tuple[str, float, float], ...] = ()
    """Of the outputs or labels that changed most: name, before and after."""
    inputs: int = 0
    """How many numbers of its image or sequence changed; 0 for a row of a table."""
    pixels: int = 0
    """How many pixels of its mask changed their class."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an axis does to one seed's data."""

    split: str
    """The split that was looked at."""
    rows: int
    """Its rows."""
    levels: tuple[LevelPreview, ...]
    """Each level, ascending from 0, up to the last one that is possible."""
    examples: tuple[Example, ...]
    """Some of the rows that the highest level alters."""
    ends: str = ""
    """Why the levels beyond are not possible; "" where all are."""


def preview(task: Task, axis: Axis, levels: Sequence[float], seed: int = 0) -> Preview:
    """Alter the first split that an axis is about, at each level up to the first that leaves no row of a class.

    Raises as `Stress.applied`, and UsageError only where no level above 0 is possible.
    """
    features, target = task.draw(seed)
    parts = fair_parts(task, target, seed)
    split = axis.splits[0]
    places = parts[split]
    clean = features[places], target[places]
    each: list[LevelPreview] = []
    last, ends = clean, ""
    for level in levels:
        altered = clean
        if level:
            try:
                whole = Stress(axis=axis, level=level).applied(task, features, target, parts, seed)
            except UsageError as error:
                if not any(one.level for one in each):
                    raise
                ends = f"No higher level is possible: {error}"
                break
            altered = whole[0][places], whole[1][places]
        last = altered
        each.append(_level(task, level, clean, last))
    return Preview(
        split=split, rows=len(places), levels=tuple(each), examples=_examples(task, places, clean, last), ends=ends
    )


def _changed(before: "np.ndarray", after: "np.ndarray") -> "np.ndarray":
    """Return which numbers of each row differ, (rows, numbers of a row) of bool, whatever the shape of a row."""
    import numpy as np

    return np.asarray(np.nan_to_num(before) != np.nan_to_num(after)).reshape(len(before), -1)


def _differs(clean: "tuple[np.ndarray, np.ndarray]", altered: "tuple[np.ndarray, np.ndarray]") -> "np.ndarray":
    """Return which rows differ, (rows,) of bool."""
    import numpy as np

    features, target = (_changed(*pair).any(axis=1) for pair in zip(clean, altered, strict=True))
    return np.asarray(features | target)


def _level(
    task: Task, level: float, clean: "tuple[np.ndarray, np.ndarray]", altered: "tuple[np.ndarray, np.ndarray]"
) -> LevelPreview:
    target = altered[1]
    several = task.kind == "multioutput"
    moments = tuple(float(one) for one in (target.mean(), target.std(), target.min(), target.max()))
    return LevelPreview(
        level=level,
        altered=float(_differs(clean, altered).mean()),
        moments=None if task.classes or several else (moments[0], moments[1], moments[2], moments[3]),
        classes=_counts(task, target) if task.classes else None,
        outputs=tuple((float(one.mean()), float(one.std())) for one in target.T) if several else (),
    )


def _counts(task: Task, target: "np.ndarray") -> tuple[int, ...]:
    """Return the rows of each class or with each label, of masks the pixels of each class."""
    import numpy as np

    if task.kind == "multilabel":
        return tuple(int(one) for one in target.sum(axis=0))
    return tuple(np.bincount(target.ravel(), minlength=task.classes or 0).tolist())


def _examples(
    task: Task, places: "np.ndarray", clean: "tuple[np.ndarray, np.ndarray]", altered: "tuple[np.ndarray, np.ndarray]"
) -> tuple[Example, ...]:
    import numpy as np

    numbers = task.row_numbers()[places] if task.row_numbers else places + 1
    chosen = np.flatnonzero(_differs(clean, altered))[:EXAMPLES]
    table = len(task.input_shape) == 1
    names: Sequence[str] = ()
    if table:
        names = task.column_names() if task.column_names else [f"x{column + 1}" for column in range(clean[0].shape[1])]
    return tuple(
        Example(
            row=int(numbers[one]),
            target=None if task.target_shape else (float(clean[1][one]), float(altered[1][one])),
            features=_most_changed(names, clean[0][one], altered[0][one]) if table else (),
            outputs=_most_changed(task.outputs, clean[1][one], altered[1][one]) if task.outputs else (),
            inputs=0 if table else int(_changed(clean[0][[one]], altered[0][[one]]).sum()),
            pixels=int((clean[1][one] != altered[1][one]).sum()) if task.kind == "segmentation" else 0,
        )
        for one in chosen.tolist()
    )


def _most_changed(
    names: Sequence[str], before: "np.ndarray", after: "np.ndarray"
) -> tuple[tuple[str, float, float], ...]:
    """Return name, before and after of the columns of a row that changed most, (columns,) each."""
    import numpy as np

    change = np.nan_to_num(np.abs(after - before))
    columns = np.argsort(-change, kind="stable")[:SHOWN_COLUMNS]
    return tuple(
        (names[column], float(before[column]), float(after[column])) for column in columns if change[column] > 0
    )


def columns_of(shown: Preview, task: Task, axis: Axis) -> list[TableColumn]:
    """Return a row for each level."""
    levels = shown.levels
    columns = [
        TableColumn("level", True, tuple(written(axis, one.level) for one in levels)),
        TableColumn("rows altered", True, tuple(f"{100 * one.altered:.3g} %" for one in levels)),
    ]
    for place, head in enumerate(("mean y", "SD", "lowest", "highest")):
        values = tuple(f"{one.moments[place]:.4g}" for one in levels if one.moments)
        columns += [TableColumn(head, True, values)] if values else []
    for place, name in enumerate(task.outputs if levels[0].outputs else ()):
        for part, head in enumerate(("mean", "SD")):
            values = tuple(f"{one.outputs[place][part]:.4g}" for one in levels)
            columns.append(TableColumn(f"{head} {clipped(name)}", True, values))
    for number in range(len(levels[0].classes or ())):
        name = _class_named(task, number)
        columns.append(TableColumn(name, True, tuple(str(one.classes[number]) for one in levels if one.classes)))
    return columns


def counted_in_words(task: Task) -> str:
    """Say what the table counts where that is not the rows of each class; "" where it is, or where nothing is."""
    if task.kind == "segmentation":
        return "Counted are the pixels of each class."
    return "Counted are the rows with each label." if task.kind == "multilabel" else ""


def _class_named(task: Task, number: int) -> str:
    if task.kind == "multilabel":
        return clipped(task.outputs[number])
    return task.labels[number] if task.labels else f"class {number}"


def example_in_words(one: Example, task: Task) -> str:
    """Write a row as it was and as it is: `row 12: y 14.2 → 154`."""

    def target(value: float) -> str:
        if not task.classes:
            return f"{value:.4g}"
        return task.labels[int(value)] if task.labels else str(int(value))

    parts = []
    if one.target is not None and one.target[0] != one.target[1]:
        parts.append(f"y {target(one.target[0])} → {target(one.target[1])}")
    for column, before, after in (*one.outputs, *one.features):
        parts.append(f"{clipped(column)} {before:.3g} → {after:.3g}")
    if one.inputs:
        what = "image" if len(task.input_shape) == 3 else "sequence"
        parts.append(f"{one.inputs:,} of the {counted(task.features, 'number')} of its {what} changed")
    if one.pixels:
        parts.append(f"{one.pixels:,} of the {counted(math.prod(task.target_shape), 'pixel')} of its mask changed")
    return f"row {one.row}: {', '.join(parts)}"
