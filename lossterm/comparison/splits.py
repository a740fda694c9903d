"""Rows divided into train, validation and test: at random, by class, by group or by time."""

import warnings
from typing import TYPE_CHECKING

from lossterm.errors import DataError
from lossterm.tasks import Task
from lossterm.text.harmless import clipped

if TYPE_CHECKING:
    import numpy as np

    from lossterm.comparison.protocol import SplitName

    Parts = dict["SplitName", np.ndarray]
    """Indices of the rows of each split."""
from lossterm.comparison.protocol import Protocol


def split_rows(task: Task, protocol: Protocol, target: "np.ndarray", random_state: int) -> "Parts":
    """Split the rows by time, by groups, or at random with classes stratified."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    wanted, rest = protocol.rows(task), np.arange(len(target))
    if task.ordered:
        ends = np.cumsum([wanted[split] for split in protocol.splits])[:-1]
        parts: Parts = dict(zip(protocol.splits, np.split(rest, _between_times(task, ends)), strict=True))
        return _with_every_class(task, target, parts)
    parts = {}
    if task.test_rows:
        rest, parts["test"] = rest[: -task.test_rows], rest[-task.test_rows :]
    left = len(target)  # what would be left if all groups were of one size
    for split in reversed(protocol.splits[1:]):  # test first, then validation; train is what is left
        if split in parts:
            continue
        if task.groups:
            rest, parts[split] = _by_groups(task, target, rest, (left, wanted[split]), random_state)
            left -= wanted[split]
            continue
        rest, parts[split] = train_test_split(
            rest,
            test_size=wanted[split],
            random_state=random_state,
            stratify=target[rest] if task.stratifies else None,
        )
    parts[protocol.splits[0]] = rest
    return _with_every_class(task, target, {split: parts[split] for split in protocol.splits})


def _between_times(task: Task, ends: "np.ndarray") -> "list[int]":
    """Move each cut through rows in order of time to the nearest change of time."""
    import numpy as np

    if task.times is None:
        return [int(end) for end in ends]
    changes = np.flatnonzero(np.diff(task.times())) + 1
    cuts: list[int] = []
    for place, end in enumerate(ends):
        free = changes[place : len(changes) - (len(ends) - 1 - place)]  # one is left for each of the other cuts
        free = free[free > cuts[-1]] if cuts else free
        cuts.append(int(free[np.argmin(np.abs(free - end))]))
    return cuts


def _with_every_class(task: Task, target: "np.ndarray", parts: "Parts") -> "Parts":
    """Return the parts. Raises DataError if a class is missing from the training rows."""
    import numpy as np

    first = next(iter(parts))
    if task.kind == "multilabel":
        _refuse_one_sided(task, target[parts[first]])
    missing = set(range(task.classes or 0)) - set(np.unique(target[parts[first]]).tolist()) if task.classes else set()
    if missing:
        place = min(missing)
        name = clipped(task.labels[place]) if task.labels else place
        raise DataError(
            f"{task.title}: the training rows hold no row of the class {name}. "
            "Split by another time or other groups, or leave the class out."
        )
    return parts


def _refuse_one_sided(task: Task, target: "np.ndarray") -> None:
    """Raise DataError if a label has one value alone in the training rows, (rows, labels)."""
    for name, values in zip(task.outputs, target.T, strict=True):
        if values.min() == values.max():
            told = "has no" if values.max() == 0 else "is on all"
            raise DataError(
                f"{task.title}: the label {clipped(name)} {told} rows of the training rows, so that nothing can be "
                "learnt of it. Leave it out, or give more rows."
            )


def _by_groups(
    task: Task, target: "np.ndarray", rows: "np.ndarray", sizes: tuple[int, int], random_state: int
) -> "tuple[np.ndarray, np.ndarray]":
    """Split whole groups off the rows: of `sizes[0]` rows about `sizes[1]`, as near as the groups allow.

    Raises DataError for too few groups.
    """
    import numpy as np
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    assert task.groups is not None
    groups = task.groups()[rows]
    folds, count = round(sizes[0] / sizes[1]), len(np.unique(groups))
    if count < folds:
        raise DataError(
            f"{task.title} has {count} groups left where {folds} are wanted to split them: "
            "take a column with more groups, or leave --group out."
        )
    fold = StratifiedGroupKFold if task.stratifies else GroupKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a class in fewer groups than folds
        cut = list(fold(folds, shuffle=True, random_state=random_state).split(rows, target[rows], groups))
    rest, taken = min(cut, key=lambda parts: abs(len(parts[1]) - sizes[1]))
    return rows[rest], rows[taken]
