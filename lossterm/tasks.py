"""The tasks that come with lossterm: data, its kind, and the network it starts from.

scikit-learn is imported inside the draws, since the terminal's process lists tasks without drawing any.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lossterm.errors import UnknownName
from lossterm.losses import Kind

if TYPE_CHECKING:
    import numpy as np

    Draw = tuple[np.ndarray, np.ndarray]
    """Features (rows, features) and target (rows,): a number, or the index of a class."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One record of the catalogue of tasks."""

    key: str
    """As typed on the command line."""
    title: str
    """One line for lists."""
    kind: Kind
    """What is to be predicted."""
    rows: int
    """Rows of one draw, before it is split."""
    features: int
    """Columns of the network's input."""
    classes: int | None
    """Number of classes, None for regression."""
    hidden: tuple[int, ...]
    """Units of each hidden layer, unless the comparison says otherwise."""
    epochs: int
    """Epochs, unless the comparison says otherwise."""
    tutorial_seed: int
    """`random_state` with which the tutorial drew the data."""
    tutorial_scaling: bool
    """Whether the tutorial standardised features and target (over all rows, before its split)."""
    draw: "Callable[[int], Draw]"
    """`seed -> (features, target)`, the same for the same seed on every machine."""


def _regression(seed: int) -> "Draw":
    from sklearn.datasets import make_regression

    features, target = make_regression(n_samples=1000, n_features=20, noise=0.1, random_state=seed)
    return features, target


def _circles(seed: int) -> "Draw":
    from sklearn.datasets import make_circles

    features, target = make_circles(n_samples=1000, noise=0.1, random_state=seed)
    return features, target


def _blobs(seed: int) -> "Draw":
    from sklearn.datasets import make_blobs

    features, target = make_blobs(n_samples=1000, centers=3, n_features=2, cluster_std=2, random_state=seed)
    return features, target


TASKS: dict[str, Task] = {
    task.key: task
    for task in (
        Task(
            key="regression",
            title="a linear target of 20 features with a little noise",
            kind="regression",
            rows=1000,
            features=20,
            classes=None,
            hidden=(25,),
            epochs=100,
            tutorial_seed=1,
            tutorial_scaling=True,
            draw=_regression,
        ),
        Task(
            key="circles",
            title="two noisy circles, one inside the other",
            kind="binary",
            rows=1000,
            features=2,
            classes=2,
            hidden=(50,),
            epochs=200,
            tutorial_seed=1,
            tutorial_scaling=False,
            draw=_circles,
        ),
        Task(
            key="blobs",
            title="three overlapping clusters in the plane",
            kind="multiclass",
            rows=1000,
            features=2,
            classes=3,
            hidden=(50,),
            epochs=100,
            tutorial_seed=2,
            tutorial_scaling=False,
            draw=_blobs,
        ),
    )
}
"""Every task by key, in the order in which lists show them."""


def task_named(key: str) -> Task:
    """Return the record of a key. Raises UnknownName with near misses."""
    try:
        return TASKS[key]
    except KeyError:
        raise UnknownName("task", key, TASKS) from None
