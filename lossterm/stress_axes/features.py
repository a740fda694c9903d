"""Axes of what happens to features, and of how few rows there are."""

import warnings
from typing import TYPE_CHECKING

from lossterm.losses import KINDS
from lossterm.stress_axes.axis import Axis, LostClass, Rows
from lossterm.stress_axes.drawing import spreads

if TYPE_CHECKING:
    import numpy as np

    from lossterm.stress_axes.axis import Altered

DEVIATIONS = (0.0, 0.1, 0.3, 1.0, 3.0)
"""Sizes of noise and shifts that are tried, in standard deviations."""


def _noise(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    noise = generator.standard_normal(rows.features.shape)
    return rows.features + level * spreads(rows.features) * rows.numbers * noise, rows.target


def _missing(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    """Replace some cells of the columns of numbers by the median of what is left of their column."""
    import numpy as np

    chance = generator.random(rows.features.shape)
    lost = (chance < level) & rows.numbers
    features = np.where(lost, np.nan, rows.features)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a column without a value
        middle = np.nan_to_num(np.nanmedian(features, axis=0))
    return np.where(lost, middle, features), rows.target


def _shift(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    """Move every row the same way: each column of numbers up or down."""
    ways = generator.choice([-1.0, 1.0], rows.features.shape[1])
    return rows.features + level * spreads(rows.features) * rows.numbers * ways, rows.target


def _fewer_rows(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    """Replace a share of the rows by copies of those that are left."""
    import numpy as np

    order = generator.permutation(len(rows.target))
    left = max(1, len(order) - round(level * len(order)))
    _refuse_lost_class(rows, order[:left])
    chosen = np.arange(len(order))
    chosen[order[left:]] = order[np.arange(len(order) - left) % left]
    return rows.features[chosen], rows.target[chosen]


def _imbalance(rows: Rows, level: float, generator: "np.random.Generator") -> "Altered":
    """Replace a share of the rows of the rarest class by copies of rows of the others."""
    import numpy as np

    order = generator.permutation(len(rows.target))
    counts = np.bincount(rows.target, minlength=rows.classes or 2)
    rarest = len(counts) - 1 - int(counts[::-1].argmin())  # of equal ones the last
    rare, others = order[rows.target[order] == rarest], order[rows.target[order] != rarest]
    left = len(rare) - round(level * len(rare))
    _refuse_lost_class(rows, np.concatenate([rare[:left], others]))
    chosen = np.arange(len(order))
    chosen[rare[left:]] = others[np.arange(len(rare) - left) % len(others)]
    return rows.features[chosen], rows.target[chosen]


def _refuse_lost_class(rows: Rows, left: "np.ndarray") -> None:
    """Raise LostClass if what is left has no row of a class."""
    import numpy as np

    if rows.kind in ("regression", "multioutput"):
        return
    lost = set(np.unique(rows.target).tolist()) - set(np.unique(rows.target[left]).tolist())
    if lost:
        raise LostClass(min(lost))


_OF_TABLES = tuple(kind for kind in KINDS if kind != "segmentation")
"""Kinds of tasks that may have columns of numbers."""

OF_FEATURES = (
    Axis(
        key="imbalance",
        title="rows missing from the rarest class",
        kinds=("binary", "multiclass"),
        of="of the rows of the rarest class",
        levels=(0.0, 0.3, 0.6, 0.8, 0.9, 0.95),
        most=0.999,
        does="A share of the rows of the rarest class is replaced by copies of rows of the others.",
        known="Class weights move the threshold, not the ranking: at 95 : 5 weighted cross-entropy raises balanced "
        "accuracy at .5 from .733 to .771 and worsens the Brier score from .038 to .071; a tuned threshold on plain "
        "cross-entropy has .788. The focal loss brings nothing.",
        source="a replica of this protocol; King & Zeng 2001, Logistic Regression in Rare Events Data",
        function=_imbalance,
        thins=True,
    ),
    Axis(
        key="fewer_rows",
        title="rows missing",
        kinds=KINDS,
        levels=(0.0, 0.3, 0.6, 0.8, 0.9, 0.95),
        most=0.999,
        does="A share of the rows is replaced by copies of those that are left, so that there are fewer rows to learn "
        "from and as many steps.",
        known="With few rows all losses overfit, and their differences drown in the spread over seeds.",
        source="the learning curve of any estimator",
        function=_fewer_rows,
        thins=True,
    ),
    Axis(
        key="missing_features",
        title="missing cells",
        kinds=_OF_TABLES,
        of="of the cells of columns of numbers",
        levels=(0.0, 0.05, 0.1, 0.2, 0.4, 0.6),
        most=0.95,
        does="A share of the cells of columns of numbers is lost and filled with the median of the column.",
        known="It acts as noise in the inputs.",
        source="Little & Rubin 2019, Statistical Analysis with Missing Data",
        function=_missing,
        needs_numbers=True,
    ),
    Axis(
        key="feature_noise",
        title="noise in the features",
        kinds=_OF_TABLES,
        unit="sd",
        of="of each column of numbers",
        levels=DEVIATIONS,
        most=10.0,
        does="Normal noise is added to the columns of numbers, so many standard deviations of each in size.",
        known="Coefficients shrink towards 0 whatever the loss (attenuation); in training it acts as a ridge penalty.",
        source="Bishop 1995, Training with Noise is Equivalent to Tikhonov Regularization",
        function=_noise,
        needs_numbers=True,
    ),
    Axis(
        key="shift",
        title="shift of the test inputs",
        kinds=_OF_TABLES,
        unit="sd",
        of="of each column of numbers",
        levels=DEVIATIONS,
        most=10.0,
        splits=("test",),
        does="Every row of the test split is moved, each column of numbers up or down by so many standard deviations. "
        "This one alters the inputs of the test rows, since it is about rows that come later; train and validation "
        "stay as they are.",
        known="A shift of the inputs alone leaves the best prediction of each row as it is; what fails is a network "
        "beyond the rows that it has seen.",
        source="Shimodaira 2000, Improving predictive inference under covariate shift",
        function=_shift,
        needs_numbers=True,
    ),
)
