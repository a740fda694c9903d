"""A task as one record: the data, their kind, and the default network."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from lossterm.losses import Kind, Targets

if TYPE_CHECKING:
    import numpy as np

    Draw = tuple[np.ndarray, np.ndarray]
    """Inputs (rows, *input_shape) and targets (rows, *target_shape): numbers, or indices of classes."""


FILTERS, MOST_LEVELS = 8, 4
"""Filters of the first convolution, and the most times that an image is halved, unless a person says otherwise."""

UNITS = (16,)
"""Units of the recurrent layers on sequences, unless a person says otherwise."""


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
    """What is predicted: a number, a class, several of them, a rank, a mask."""
    rows: int
    """Rows of one draw, before it is split."""
    features: int = 0
    """How many numbers a network gets for a row; that of `input_shape`, unless only it is given."""
    input_shape: tuple[int, ...] = ()
    """Shape of a row's inputs: (features,) of a table, (steps, channels) of a sequence, (height, width, channels) of an
    image."""
    target_shape: tuple[int, ...] = ()
    """Shape of a row's target: () for one number, class or rank, (outputs,) for several, (height, width) for a mask."""
    output_names: tuple[str, ...] = ()
    """Names of several outputs or labels."""
    classes: int | None
    """Number of classes, of each label and each pixel too; None for numbers."""
    network: str = "mlp"
    """The network that it starts from, one of `comparison.hyperparameters.NETWORKS`."""
    hidden: tuple[int, ...]
    """Units of each hidden layer, unless the comparison says otherwise."""
    epochs: int
    """Epochs, unless the comparison says otherwise."""
    batch_size: int = 32
    """Rows of one optimizer step, unless the comparison says otherwise."""
    lowest: float = float("-inf")
    """No target is below this; losses that need more are not offered."""
    highest: float = float("inf")
    """No target is above this, as far as losses mind."""
    zeros: bool = True
    """Whether a target may be exactly 0."""
    imbalance: float = 1.0
    """Rows of the largest class over those of the smallest."""
    finite: bool = False
    """Whether there is one fixed set of rows, split anew for each seed, instead of fresh draws."""
    family: bool = False
    """Whether each seed draws a new problem (coefficients, centres) and not only new rows of the same problem."""
    test_rows: int = 0
    """How many of the last rows are the test rows for all seeds; 0 where each seed splits them off anew."""
    ordered: bool = False
    """Whether the rows are in order of time, so that the last of them are the test rows."""
    times: "Callable[[], np.ndarray] | None" = None
    """Returns the rank in time of each row of an ordered task, (rows,); rows of equal rank stay in one split."""
    groups: "Callable[[], np.ndarray] | None" = None
    """Returns the group of each row, (rows,); rows of one group stay in one split."""
    weights: "Callable[[], np.ndarray] | None" = None
    """Returns what each row weighs in the loss that is trained, (rows,) float32; None where all weigh alike."""
    row_numbers: "Callable[[], np.ndarray] | None" = None
    """Returns the number of each row in its file, (rows,); None for rows that are counted from 1 as they are drawn."""
    column_names: "Callable[[], tuple[str, ...]] | None" = None
    """Returns the names of a draw's columns, (columns,); None for x1, x2, …"""
    pipeline: "Callable[[], Any]" = standard
    """Returns an unfitted scikit-learn transformer of the features, to be fitted on the training rows."""
    numeric: "Callable[[], np.ndarray] | None" = None
    """Returns which columns of a draw hold numbers rather than codes, (columns,) of bool; None for all of them."""
    labels: tuple[str, ...] = ()
    """Names of the classes in the order of their indices; () for the indices themselves."""
    draw: "Callable[[int], Draw]"
    """`seed -> (features, target)`, the same for the same seed on every machine; finite data ignore the seed."""

    asked: tuple[str, ...] = ()
    """Its command-line arguments, if they are more than its key."""
    advised: "Callable[[], tuple[str, ...]] | None" = None
    """Returns these with what the warnings about its table advise; None where there is nothing to be warned of."""

    def __post_init__(self) -> None:
        """Complete number and shape of the inputs by each other."""
        shape = self.input_shape or (self.features,)
        msgspec.structs.force_setattr(self, "input_shape", shape)
        msgspec.structs.force_setattr(self, "features", math.prod(shape))

    @property
    def words(self) -> tuple[str, ...]:
        """Return the command-line arguments that choose it."""
        return self.asked or ("--task", self.key)

    @property
    def shares(self) -> bool:
        """Whether targets are shares of a whole, from 0 to 1."""
        return self.lowest >= 0 and self.highest <= 1

    @property
    def targets(self) -> Targets:
        """What decides whether a loss fits the targets."""
        return Targets(
            kind=self.kind,
            lowest=self.lowest,
            highest=self.highest,
            zeros=self.zeros,
            classes=self.classes,
            weighted=self.weights is not None,
        )

    @property
    def element(self) -> Kind:
        """The kind of each number of the target."""
        return self.targets.element

    @property
    def stratifies(self) -> bool:
        """Whether each row is of one class, so that splits can have equal shares of each."""
        return self.kind in ("binary", "multiclass", "ordinal")

    @property
    def shaped(self) -> bool:
        """Whether a row is an image or a sequence, or its target more than one number."""
        return len(self.input_shape) > 1 or self.target_shape != ()

    @property
    def filters(self) -> tuple[int, ...]:
        """Filters of convolutions that suit images of such a size: twice as many after each halving, down to 2 to 4."""
        if len(self.input_shape) != 3:
            return ()
        levels = min(max(int(math.log2(min(self.input_shape[:2]))) - 1, 1), MOST_LEVELS)
        halved = 2 if self.kind == "segmentation" else levels
        return tuple(FILTERS * 2**level for level in range(min(levels, halved)))

    @property
    def units(self) -> tuple[int, ...]:
        """Units of recurrent layers."""
        return UNITS if len(self.input_shape) == 2 else ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of several outputs or labels, numbers from 1 where they have none; () for other targets."""
        if self.kind not in ("multioutput", "multilabel"):
            return ()
        return self.output_names or tuple(f"output {place + 1}" for place in range(*self.target_shape))
