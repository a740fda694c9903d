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
    lowest: float = float("-inf")
    """No target is below this; losses that need more are not offered."""
    finite: bool = False
    """Whether there is one set of rows, to be split anew for each seed, rather than a source of fresh draws."""
    family: bool = False
    """Whether a seed draws a new problem (coefficients, centres) and not only new rows of the same."""
    draw: "Callable[[int], Draw]"
    """`seed -> (features, target)`, the same for the same seed on every machine; finite data ignore the seed."""


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


def _digits(_: int) -> "Draw":
    from sklearn.datasets import load_digits

    features, target = load_digits(return_X_y=True)
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
            family=True,
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
            family=True,
            draw=_blobs,
        ),
        Task(
            key="digits",
            title="handwritten digits of 8×8 pixels",
            kind="multiclass",
            rows=1797,
            features=64,
            classes=10,
            hidden=(32,),
            epochs=30,
            finite=True,
            draw=_digits,
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
