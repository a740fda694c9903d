"""A task as one record: the data, their kind, and the default network."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from lossterm.losses import Kind, Targets

if TYPE_CHECKING:
    import numpy as np

    Draw = tuple[np.ndarray, np.ndarray]
    """Features (rows, features) and target (rows,): a number, or the index of a class."""


def standard() -> Any:
    """Return a transformer that scales every feature to mean 0 and standard deviation 1."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler()


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One record of the catalogue of tasks."""

    key: str
    """As typed on the command line."""
    title: str
    """One line for lists."""
    kind: Kind
    """Whether it is regression or classification."""
    rows: int
    """Rows of one draw, before it is split."""
    features: int
    """Number of network inputs."""
    classes: int | None
    """Number of classes, None for regression."""
    hidden: tuple[int, ...]
    """Units of each hidden layer, unless the comparison says otherwise."""
    epochs: int
    """Epochs, unless the comparison says otherwise."""
    batch_size: int = 32
    """Rows of one optimizer step, unless the comparison says otherwise."""
    lowest: float = float("-inf")
    """No target is below this; losses that need more are not offered."""
    zeros: bool = True
    """Whether a target may be exactly 0."""
    imbalance: float = 1.0
    """Rows of the largest class over those of the smallest."""
    finite: bool = False
    """Whether there is one fixed set of rows, split anew for each seed, instead of fresh draws."""
    family: bool = False
    """Whether each seed draws a new problem (coefficients, centres) and not only new rows of the same problem."""
    ordered: bool = False
    """Whether the rows are in order of time, so that the last of them are the test rows."""
    times: "Callable[[], np.ndarray] | None" = None
    """Returns the rank in time of each row of an ordered task, (rows,); rows of equal rank stay in one split."""
    groups: "Callable[[], np.ndarray] | None" = None
    """Returns the group of each row, (rows,); rows of one group stay in one split."""
    pipeline: "Callable[[], Any]" = standard
    """Returns an unfitted scikit-learn transformer of the features, to be fitted on the training rows."""
    labels: tuple[str, ...] = ()
    """Names of the classes in the order of their indices; () for the indices themselves."""
    draw: "Callable[[int], Draw]"
    """`seed -> (features, target)`, the same for the same seed on every machine; finite data ignore the seed."""

    asked: tuple[str, ...] = ()
    """Its command-line arguments, if they are more than its key."""

    @property
    def words(self) -> tuple[str, ...]:
        """Return the command-line arguments that choose it."""
        return self.asked or ("--task", self.key)

    @property
    def targets(self) -> Targets:
        """What decides whether a loss fits the targets."""
        return Targets(kind=self.kind, lowest=self.lowest, zeros=self.zeros)
