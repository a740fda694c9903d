"""Rows of a task's first draw, for tasks that are no user table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lossterm.data.shown_rows import ShownRow, ShownRows
from lossterm.tasks.task import Task

if TYPE_CHECKING:
    import numpy as np

TARGET = "target"
"""What the target of a task without a file is called."""


def rows_of_draw(task: Task, numbers: Sequence[int]) -> ShownRows:
    """Return the rows with these numbers, counted from 1, of the draw of the first seed."""
    features, target = task.draw(0)
    features = features.reshape(len(features), -1)
    labels = task.labels or tuple(map(str, range(task.classes or 0)))

    def cells(place: int) -> tuple[str, ...]:
        return _true(task, target[place], labels), *(f"{float(value):.4g}" for value in features[place])

    return ShownRows(
        target=TARGET,
        labels=labels,
        columns=(TARGET, *(f"x{column + 1}" for column in range(features.shape[1]))),
        rows=tuple(ShownRow(row=number, cells=cells(number - 1)) for number in numbers if 0 < number <= len(target)),
    )


def _true(task: Task, true: "np.ndarray", labels: Sequence[str]) -> str:
    """Write a row's target: of several labels those that it has, of a mask the pixels of each class."""
    if task.kind == "multilabel":
        return ", ".join(name for name, has in zip(task.outputs, true, strict=True) if has) or "none"
    if task.kind == "multioutput":
        return ", ".join(f"{float(value):.6g}" for value in true)
    if task.kind == "segmentation":
        counts = [int((true == place).sum()) for place in range(len(labels))]
        return ", ".join(f"{label} {count}" for label, count in zip(labels, counts, strict=True))
    return labels[int(true)] if labels else f"{float(true):.6g}"
