"""How much of what an axis adds the data at hand have already, as far as quick fits can tell. A heuristic.

Sources: far residuals as `comparison.evidence` counts them; wrong labels after Northcutt, Jiang & Chuang 2021,
Confident Learning.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from lossterm.stress_axes import Axis, numeric_columns
from lossterm.stress_axes.levels import written
from lossterm.tasks import Task

if TYPE_CHECKING:
    import numpy as np

MOST_ROWS = 2000
"""Rows that are looked at."""

LEAST_ROWS = 30
"""With fewer nothing is concluded."""


class Contamination(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    level: float
    """On the axis."""
    by: str
    """What it goes by."""

    def sentence(self, axis: Axis, name: str) -> str:
        """Say it in words."""
        return f"{name} has about {written(axis, self.level)} {axis.title}, by {self.by} (a heuristic)"


Estimate = Callable[[Task, "np.ndarray", "np.ndarray"], "tuple[float, str] | None"]
"""`(task, features, target) -> level and what it goes by`, of at most MOST_ROWS rows; None where it cannot be told."""


def contamination(task: Task, axis: Axis) -> Contamination | None:
    """Estimate the level at which a task's data are already; None where nothing here can tell.

    Only of fixed data: of rows that are drawn it is known. Only of rows of a table: it trains a line and forests on
    their columns, for about a second.
    """
    import numpy as np

    estimate = _ESTIMATES.get(axis.key)
    if estimate is None or not task.finite or len(task.input_shape) > 1:
        return None
    features, target = task.draw(0)
    if len(target) < LEAST_ROWS:
        return None
    chosen = np.random.default_rng(0).permutation(len(target))[:MOST_ROWS]
    estimated = estimate(task, features[chosen], target[chosen])
    return None if estimated is None else Contamination(level=min(estimated[0], axis.most), by=estimated[1])


def _far_residuals(task: Task, features: "np.ndarray", target: "np.ndarray") -> tuple[float, str] | None:
    from lossterm.comparison.evidence import far_out, residuals

    if target.min() == target.max():
        return None
    return far_out(residuals(task.pipeline().fit_transform(features), target)), "residuals of robust fits"


def _far_rows(task: Task, features: "np.ndarray", target: "np.ndarray") -> tuple[float, str] | None:
    """Return the share of rows that are far out in their target and in a feature."""
    import numpy as np

    from lossterm.comparison.evidence import residuals

    numbers = features[:, numeric_columns(task, features.shape[1])]
    if target.min() == target.max() or not numbers.size:
        return None
    left = residuals(task.pipeline().fit_transform(features), target)
    far = _far(left[:, None]).any(axis=1) & _far(np.nan_to_num(numbers)).any(axis=1)
    return float(far.mean()), "rows that are far out in a feature and in the residual of robust fits"


def _far(columns: "np.ndarray") -> "np.ndarray":
    """Return what lies beyond five deviations of each column, as the middle half of it tells."""
    import numpy as np

    aside = np.abs(columns - np.median(columns, axis=0))
    spread = 1.4826 * np.median(aside, axis=0)
    return np.asarray((aside > 5 * spread) & (spread > 0))


def _wrong_labels(task: Task, features: "np.ndarray", target: "np.ndarray") -> tuple[float, str] | None:
    """Return the share of rows that are of another class, as far as a forest is sure."""
    classes = _sure_classes(task, features, target)
    if classes is None:
        return None
    labelled, sure = classes
    return float(
        (labelled != sure).mean()
    ), "rows of which a cross-validated forest is sure that they are of another class"


def _next_labels(task: Task, features: "np.ndarray", target: "np.ndarray") -> tuple[float, str] | None:
    """Return the share of rows that have the class after their own, of two classes that of the second's rows."""
    classes = _sure_classes(task, features, target)
    if classes is None:
        return None
    labelled, sure = classes
    count = task.classes or 2
    wrong = (labelled != sure) & (labelled == (sure + 1) % count)
    share = wrong[sure == 1].mean() if count == 2 and (sure == 1).any() else wrong.mean()
    return float(share), "rows of which a cross-validated forest is sure that they are of the class before theirs"


def _sure_classes(task: Task, features: "np.ndarray", target: "np.ndarray") -> "tuple[np.ndarray, np.ndarray] | None":
    """Return the class of each row as labelled, and the one that a forest is sure of, (rows,) each.

    It is sure of a class where it gives it as much as it does on average to the rows that have it; where it is sure of
    none, the label stands.
    """
    import numpy as np

    given = _probabilities(task, features, target)
    if given is None:
        return None
    labels, place = np.unique(target, return_inverse=True)
    usual = np.array([given[place == one, one].mean() for one in range(len(labels))])
    sure = np.where(given >= usual, given, 0.0)
    foreseen = np.where(sure.max(axis=1) > 0, sure.argmax(axis=1), place)
    return labels[place], labels[foreseen]


def _disagreement(task: Task, features: "np.ndarray", target: "np.ndarray") -> tuple[float, str] | None:
    import numpy as np

    given = _probabilities(task, features, target)
    if given is None:
        return None
    place = np.unique(target, return_inverse=True)[1]
    return float((given.argmax(axis=1) != place).mean()), "labels that a cross-validated forest disagrees with"


def _probabilities(task: Task, features: "np.ndarray", target: "np.ndarray") -> "np.ndarray | None":
    import numpy as np

    from lossterm.comparison.evidence import FOLDS, probabilities

    rows = np.unique(target, return_counts=True)[1]
    if len(rows) < 2 or rows.min() < FOLDS:
        return None
    return probabilities(task.pipeline().fit_transform(features), target)


def _imbalance(task: Task, _: "np.ndarray", target: "np.ndarray") -> tuple[float, str] | None:
    import numpy as np

    rows = np.bincount(target, minlength=task.classes or 2)
    return 1.0 - float(rows.min() / rows.max()), "the sizes of the smallest and the largest class"


def _missing(task: Task, features: "np.ndarray", _: "np.ndarray") -> tuple[float, str] | None:
    import numpy as np

    numbers = features[:, numeric_columns(task, features.shape[1])]
    return (float(np.isnan(numbers).mean()), "its empty cells") if numbers.size else None


_ESTIMATES: dict[str, Estimate] = {
    "outliers": _far_residuals,
    "leverage": _far_rows,
    "label_noise": _wrong_labels,
    "asymmetric_noise": _next_labels,
    "boundary_noise": _disagreement,
    "imbalance": _imbalance,
    "missing_features": _missing,
}
"""Axis → what tells how far along it data are."""
