"""What an axis does to data, looked at before anything is trained."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from lossterm.comparison.protocol_catalogue import fair_parts
from lossterm.stress_axes import Axis, Stress, written
from lossterm.tasks import Task
from lossterm.text.columns import TableColumn

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
    """Mean, standard deviation, lowest and highest target; None for classes."""
    classes: tuple[int, ...] | None
    """Rows of each class; None for numbers."""


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One row at the highest level."""

    row: int
    """Its number in the file, or in the draw counted from 1."""
    target: tuple[float, float]
    """Its target before and after."""
    features: tuple[tuple[str, float, float], ...]
    """Of the columns that changed most: name, before and after."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an axis does to one seed's data."""

    split: str
    """The split that was looked at."""
    rows: int
    """Its rows."""
    levels: tuple[LevelPreview, ...]
    """Each level, ascending from 0."""
    examples: tuple[Example, ...]
    """Some of the rows that the highest level alters."""


def preview(task: Task, axis: Axis, levels: Sequence[float], seed: int = 0) -> Preview:
    """Alter the first split that an axis is about, at each level. Raises as `Stress.applied`."""
    features, target = task.draw(seed)
    parts = fair_parts(task, target, seed)
    split = axis.splits[0]
    places = parts[split]
    clean = features[places], target[places]
    each, last = [], clean
    for level in levels:
        last = clean
        if level:
            whole = Stress(axis=axis, level=level).applied(task, features, target, parts, seed)
            last = whole[0][places], whole[1][places]
        each.append(_level(task, level, clean, last))
    return Preview(split=split, rows=len(places), levels=tuple(each), examples=_examples(task, places, clean, last))


def _differs(clean: "tuple[np.ndarray, np.ndarray]", altered: "tuple[np.ndarray, np.ndarray]") -> "np.ndarray":
    """Return which rows differ, (rows,) of bool."""
    import numpy as np

    before, after = (np.nan_to_num(part[0]) for part in (clean, altered))
    return np.asarray((before != after).any(axis=1) | (clean[1] != altered[1]))


def _level(
    task: Task, level: float, clean: "tuple[np.ndarray, np.ndarray]", altered: "tuple[np.ndarray, np.ndarray]"
) -> LevelPreview:
    import numpy as np

    target = altered[1]
    moments = tuple(float(one) for one in (target.mean(), target.std(), target.min(), target.max()))
    return LevelPreview(
        level=level,
        altered=float(_differs(clean, altered).mean()),
        moments=None if task.classes else (moments[0], moments[1], moments[2], moments[3]),
        classes=tuple(np.bincount(target, minlength=task.classes).tolist()) if task.classes else None,
    )


def _examples(
    task: Task, places: "np.ndarray", clean: "tuple[np.ndarray, np.ndarray]", altered: "tuple[np.ndarray, np.ndarray]"
) -> tuple[Example, ...]:
    import numpy as np

    names = task.column_names() if task.column_names else [f"x{column + 1}" for column in range(clean[0].shape[1])]
    numbers = task.row_numbers()[places] if task.row_numbers else places + 1
    chosen = np.flatnonzero(_differs(clean, altered))[:EXAMPLES]
    examples = []
    for one in chosen.tolist():
        before, after = clean[0][one], altered[0][one]
        change = np.nan_to_num(np.abs(after - before))
        columns = np.argsort(-change, kind="stable")[:SHOWN_COLUMNS]
        examples.append(
            Example(
                row=int(numbers[one]),
                target=(float(clean[1][one]), float(altered[1][one])),
                features=tuple(
                    (names[column], float(before[column]), float(after[column]))
                    for column in columns
                    if change[column] > 0
                ),
            )
        )
    return tuple(examples)


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
    for number in range(len(levels[0].classes or ())):
        name = task.labels[number] if task.labels else f"class {number}"
        columns.append(TableColumn(name, True, tuple(str(one.classes[number]) for one in levels if one.classes)))
    return columns


def example_in_words(one: Example, task: Task) -> str:
    """Write a row as it was and as it is: `row 12: y 14.2 → 154`."""

    def target(value: float) -> str:
        if not task.classes:
            return f"{value:.4g}"
        return task.labels[int(value)] if task.labels else str(int(value))

    parts = [f"y {target(one.target[0])} → {target(one.target[1])}"] if one.target[0] != one.target[1] else []
    for column, before, after in one.features:
        parts.append(f"{column} {before:.3g} → {after:.3g}")
    return f"row {one.row}: {', '.join(parts)}"
