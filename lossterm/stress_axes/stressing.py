"""An axis at work: the rows of the splits that it is about are altered, all others stay as they are."""

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from lossterm.errors import DataError, DoesNotFit, UsageError
from lossterm.stress_axes.axis import LEAST_ROWS, Axis, LostClass, Rows
from lossterm.stress_axes.levels import in_words, written
from lossterm.tasks import Task
from lossterm.text.harmless import clipped

if TYPE_CHECKING:
    import numpy as np

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
"""Their places give each split a stream of its own."""


class Stress(msgspec.Struct, frozen=True, kw_only=True):
    """An axis whose function is loaded, and a level above 0 on it."""

    axis: Axis
    level: float

    def applied(
        self,
        task: Task,
        features: "np.ndarray",
        target: "np.ndarray",
        parts: "Mapping[Split, np.ndarray]",
        seed: int,
    ) -> "tuple[np.ndarray, np.ndarray]":
        """Return the whole data, (rows, columns) and (rows,), with the rows of the axis's splits altered.

        `parts` are the places of the rows of each split. The same for the same seed on every machine. Raises UsageError
        for a level that leaves no row of a class, DoesNotFit for features that the axis has nothing to do to, and
        DataError for a function that returns what no training could use.
        """
        import numpy as np

        if task.kind not in self.axis.kinds:  # of a record in a file, which is known only now
            kinds = " and ".join(self.axis.kinds)
            raise DoesNotFit(f"The axis {self.axis.key} is for {kinds}, and {task.title} is not.")
        numbers = numeric_columns(task, features.shape[1])
        if self.axis.needs_numbers and not numbers.any():
            raise DoesNotFit(f"The axis {self.axis.key} alters columns of numbers, and {task.title} has none.")
        whole, target = features, np.array(target)
        for split in self.axis.splits:
            places = parts.get(split)
            if places is None or len(places) < LEAST_ROWS:
                continue
            rows = Rows(
                features=_read_only(features[places]),
                target=_read_only(target[places]),
                numbers=numbers,
                kind=task.kind,
                classes=task.classes,
            )
            altered_features, altered = self._altered(task, rows, split, seed)
            if altered_features is not rows.features:
                features = np.array(features) if features is whole else features  # a table is large, and read-only
                features[places] = altered_features
            target[places] = _within(task, altered, rows.target)
        return features, target

    def _altered(self, task: Task, rows: Rows, split: Split, seed: int) -> "tuple[np.ndarray, np.ndarray]":
        import numpy as np

        stream = np.random.default_rng([seed, zlib.crc32(self.axis.key.encode()), SPLITS.index(split)])
        try:
            features, target = self.axis.function(rows, self.level, stream)
        except LostClass as error:
            at = f"{task.title}, at {in_words(self.axis, self.level)}"
            lost = _named(task, error.place)
            raise UsageError(
                f"{at}: no row of the class {lost} is left in the {split} rows. Choose lower --levels."
            ) from error
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            raise DataError(
                f"The axis {self.axis.key} changes the rows that it is given in place: have it change copies, "
                "as numpy.array(rows.features), and return these."
            ) from error
        self._check(task, rows, np.asarray(features), np.asarray(target))
        return features, np.asarray(target)

    def _check(self, task: Task, rows: Rows, features: "np.ndarray", target: "np.ndarray") -> None:
        """Raise DataError for what no training could use: of another shape, or with values that are none."""
        import numpy as np

        at = f"The axis {self.axis.key} at {written(self.axis, self.level)}"
        if features.shape != rows.features.shape or target.shape != rows.target.shape:
            raise DataError(
                f"{at} returns features {features.shape} and a target {target.shape}, where as many rows are wanted as "
                f"it was given: {rows.features.shape} and {rows.target.shape}."
            )
        if not np.isfinite(target.astype(float)).all() or np.isinf(features).any():
            raise DataError(f"{at} gives values that are not finite.")
        if task.classes and not np.isin(target, np.arange(task.classes)).all():
            known = f"the {task.classes} classes, as whole numbers from 0"
            raise DataError(f"{at} gives labels that are not among {known}.")
        gone = set(range(task.classes or 0)) & set(np.unique(rows.target).tolist()) - set(np.unique(target).tolist())
        if gone:
            lost = _named(task, min(gone))
            raise UsageError(f"{task.title}, at {in_words(self.axis, self.level)}: no row of the class {lost} is left.")


def _read_only(array: "np.ndarray") -> "np.ndarray":
    """Return an array of our own closed: what is changed in place would pass for the clean rows."""
    array.flags.writeable = False
    return array


def numeric_columns(task: Task, columns: int) -> "np.ndarray":
    """Return which columns of a task's features hold numbers, (columns,) of bool."""
    import numpy as np

    return np.ones(columns, bool) if task.numeric is None else task.numeric()


def _within(task: Task, altered: "np.ndarray", clean: "np.ndarray") -> "np.ndarray":
    """Keep targets that have a lowest value from going below the lowest of the clean ones: losses rely on it.

    So too for shares, which end at 1.
    """
    import numpy as np

    altered = altered if task.lowest == float("-inf") else np.maximum(altered, clean.min())
    return np.minimum(altered, clean.max()) if task.shares else altered


def _named(task: Task, place: int) -> str:
    """Return what a task calls a class."""
    return clipped(task.labels[place]) if task.labels else str(place)
