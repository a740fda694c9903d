"""What the store hands out: one frozen record per row."""

import math
from array import array
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from lossterm.comparison.comparison import Comparison, Status, Trial
from lossterm.comparison.protocol import SplitName
from lossterm.errors import UsageError
from lossterm.losses import Activation, Link, Reading
from lossterm.losses.target_scaling import Scaling

if TYPE_CHECKING:
    import numpy as np

TrialScores = dict[str, dict[str, float | None] | None]
"""Metric → split → value; None where the metric has no meaning for the head. Beside the splits stands
`metrics.CONSTANT`: what the constant prediction scores on the same test rows."""

Moment = Annotated[float, msgspec.Meta(ge=0, lt=253_000_000_000)]
"""Unix time, of a year with four digits."""

LARGEST = 1e100
"""Largest size of a usable score: a larger one counts as missing, so that sums of squares stay finite."""

WorkerState = Literal["loading", "ready", "training", "failed"]
"""What a living worker is doing; a dead one is told by its lock, not by its row."""


class HeldRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One of the training rows that hold most of a final model's gradient."""

    row: int
    """Its number, counted from 1: in the file of a user table, or in the draw of the first seed."""
    share: float
    """Share of the summed size of all gradients that it holds."""
    deviation: float
    """Its residual or margin."""
    target: float
    """Its target in its own units, or the index of its class."""
    predicted: float
    """What the model predicts for it, likewise."""
    inputs: tuple[float, float] | None = None
    """Its features as the network sees them, where it has two."""


class Anatomy(msgspec.Struct, frozen=True, kw_only=True):
    """What a final model does on its training rows: the residuals or margins, and who holds the gradient."""

    of: Literal["residual", "margin"]
    """Prediction less target, in the unit that the loss sees (in means of the target where it sees the target as it
    is); or by how much the true class is ahead."""
    quantiles: tuple[float, ...]
    """Their quantiles at LEVELS."""
    share: float | None
    """Share of the summed size of all gradients that the worst hundredth of the rows holds: those with the largest
    residuals or smallest margins. None where no row has a gradient."""
    rows: tuple[HeldRow, ...] = ()
    """Of the first seed's models, the rows that hold most of the gradient, the one with most of it first."""


LEVELS = tuple(
    round(level, 4)
    for level in (0, 0.0025, 0.005, 0.01, 0.02, *(step / 40 for step in range(1, 40)), 0.98, 0.99, 0.995, 0.9975, 1)
)
"""Shares of the rows at which residuals and margins are kept."""


class SessionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One session, as a list shows it."""

    name: str
    """Its name."""
    created: Moment
    """Unix time."""
    comparisons: int
    """How many comparisons it holds."""
    trials: int
    """How many trials they ask for."""
    ended: int
    """How many of those are done, diverged, failed or cancelled."""
    stopped: int
    """How many of those that ended were cancelled."""
    tasks: tuple[str, ...]
    """Tasks compared in it."""
    last: Moment
    """Unix time at which its newest comparison was asked for."""


class AskedComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison as it was asked for."""

    id: int
    """Number of the comparison in its store."""
    session: str
    """Name of its session."""
    comparison: Comparison
    """What was asked."""
    created: Moment
    """Unix time of asking."""
    cancelled: Moment | None
    """Unix time of cancelling, None if it was not."""
    looks: int = 1
    """How many requests, one after the other, asked for more seeds of its table; each of them is a look."""


class RequestRow(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a comparison, as a list of all of them shows it."""

    id: int
    """Number of the comparison in its store."""
    session: str
    """Name of its session."""
    asked: AskedComparison | None
    """What was asked; None where its row is damaged."""
    state: tuple[int, ...]
    """Tick of its last change, and how many trials it has, done, diverged, failed and cancelled: while it is the same,
    so is what can be said of it."""


class TrialRow(msgspec.Struct, frozen=True, kw_only=True):
    """One trial and what became of it."""

    id: int
    """Number of the trial in its store."""
    trial: Trial
    """What is trained."""
    status: Status
    """Where it is."""
    cancel: bool
    """Whether someone asked to stop it."""
    attempts: int
    """How often a worker took it up."""
    epochs: int
    """Epochs recorded so far."""
    seconds: float | None
    """Time of the training itself, None before its end."""
    scores: TrialScores | None
    """Metrics of the final model, None before its end and where it diverged or failed."""
    environment: dict[str, str] | None
    """Versions and device that it was trained with, None before its end."""
    error: str | None
    """Why it failed."""
    finished: Moment | None
    """Unix time of its end."""
    note: str | None = None
    """What a reader must know of how it was trained."""
    anatomy: Anatomy | None = None
    """Residuals or margins of the final model, None before its end and where it diverged or failed."""
    changed: int
    """Tick of the store's clock at the last change."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in ("queued", "running")

    @property
    def trained(self) -> bool:
        """Whether it ended by itself, well or not, rather than being stopped."""
        return self.ended and self.status != "cancelled"

    def score(self, metric: str, split: str) -> float | None:
        """Return a score of the final model, None where there is none or it is beyond LARGEST."""
        score = ((self.scores or {}).get(metric) or {}).get(split)
        return score if score is not None and abs(score) <= LARGEST else None


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """Some consecutive epochs of one trial's curve."""

    trial: int
    """Number of the trial."""
    start: int
    """First epoch, from 0; a chunk that starts at 0 replaces what was there."""
    epochs: int
    """How many."""
    data: bytes
    """float32, little-endian, (epochs, columns): loss and metric of each split in the protocol's order."""

    def values(self) -> "array[float]":
        """Return the numbers, row by row."""
        values = array("f", self.data)
        if _BIG_ENDIAN:
            values.byteswap()
        return values


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a training stands, so that another worker goes on from there to the same bits."""

    epochs: int
    """Epochs trained."""
    seconds: float
    """Time that they took."""
    state: bytes
    """All that the training goes on from, as the engine writes it: arrays, nothing that runs when it is read."""


Side = Annotated[int, msgspec.Meta(ge=1)]
"""Length of an axis."""


class Model(msgspec.Struct, frozen=True, kw_only=True, tag_field="keeps", tag="weights"):
    """The weights of one trial's network at some of its epochs: a stack of dense layers."""

    trial: int
    """Number of the trial."""
    epochs: tuple[int, ...]
    """Epochs after which weights were kept, ascending: 0 for the initial ones; of a trial that is done, the last."""
    layers: tuple[int, ...]
    """Units from the input to the output."""
    activation: str
    """Activation of the hidden layers, one of `comparison.ACTIVATIONS`."""
    head: Activation
    """Activation of the output layer."""
    reading: Reading
    """How the output is read; kept here, so that it is known for a custom loss too."""
    link: Link
    """How a value is read off the output."""
    scaling: Scaling
    """How the loss saw a numeric target."""
    data: bytes
    """float32, little-endian, (epochs, weights): kernel (inputs, units) and bias (units,) of each layer in turn."""

    @property
    def size(self) -> int:
        """How many bytes `data` must have."""
        return 4 * len(self.epochs) * sum((inputs + 1) * units for inputs, units in pairwise(self.layers))

    def weights(self, place: int) -> "list[tuple[np.ndarray, np.ndarray]]":
        """Return kernel (inputs, units) and bias (units,) of each layer, as kept at `epochs[place]`.

        Raises IndexError for a place that isn't there.
        """
        import numpy as np

        left = np.frombuffer(self.data, "<f4").reshape(len(self.epochs), -1)[place]
        layers = []
        for inputs, units in pairwise(self.layers):
            kernel, bias, left = np.split(left, [inputs * units, inputs * units + units])
            layers.append((kernel.reshape(inputs, units), bias))
        return layers


class KeptOutputs(msgspec.Struct, frozen=True, kw_only=True, tag_field="keeps", tag="outputs"):
    """What one trial's network gave for the first rows of its sample at some of its epochs, whatever its layers are."""

    trial: int
    """Number of the trial."""
    epochs: tuple[int, ...]
    """Epochs after which outputs were kept, as in `Model`."""
    rows: Side
    """How many of the sample's rows they are for."""
    shape: tuple[Side, ...]
    """Shape of the output for a row, (…) or (…, units): () for one number, (height, width, units) for a mask."""
    reading: Reading
    """How the output is read."""
    link: Link
    """How a value is read off the output."""
    scaling: Scaling
    """How the loss saw a numeric target."""
    data: bytes
    """float32, little-endian, (epochs, rows, *shape)."""

    @property
    def size(self) -> int:
        """How many bytes `data` must have."""
        return 4 * len(self.epochs) * self.rows * math.prod(self.shape)

    def output(self, place: int) -> "np.ndarray":
        """Return the output for each row, (rows, *shape), as kept at `epochs[place]`.

        Raises IndexError for a place that isn't there.
        """
        import numpy as np

        return np.asarray(np.frombuffer(self.data, "<f4").reshape(len(self.epochs), self.rows, *self.shape)[place])


Kept = Model | KeptOutputs
"""What is kept of a trial, for its predictions to be shown: a row of `models`."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that no network was trained on, for models to be shown on."""

    key: str
    """What they are rows of, as `sample_key` gives it."""
    split: SplitName
    """The split that they were taken from."""
    count: int
    """How many features a row has."""
    classes: int | None
    """Number of classes, None for regression."""
    input_shape: tuple[Side, ...] = ()
    """Shape of a row's inputs, () for (count,)."""
    target_shape: tuple[Side, ...] = ()
    """Shape of a row's target."""
    names: tuple[str, ...] = ()
    """Names of several outputs or labels, or else of the classes; () where they have none."""
    features: bytes
    """float32, little-endian, (rows, *input_shape), as the network sees them."""
    target: bytes
    """float64, little-endian, (rows, *target_shape): values in the units of scores, or indices of classes."""

    @property
    def whole(self) -> bool:
        """Whether there are as many rows of features as of the target, and as many features as their shape says."""
        rows, rest = divmod(len(self.target), 8 * math.prod(self.target_shape))
        fits = not self.input_shape or math.prod(self.input_shape) == self.count
        return fits and rest == 0 < rows and len(self.features) == 4 * rows * self.count

    @property
    def shaped(self) -> bool:
        """Whether a row is an image or a sequence, or its target more than one number."""
        return len(self.input_shape) > 1 or bool(self.target_shape)

    def arrays(self) -> "tuple[np.ndarray, np.ndarray]":
        """Return features (rows, *input_shape), float32, and target (rows, *target_shape).

        The target is float64 values, or int64 indices of classes.
        """
        import numpy as np

        target = np.frombuffer(self.target, "<f8").reshape(-1, *self.target_shape)
        features = np.frombuffer(self.features, "<f4").reshape(len(target), *(self.input_shape or (self.count,)))
        return features, target.astype(np.int64) if self.classes else target


MOST_SAMPLED = 2000
"""Rows that a sample has at most."""

MOST_SAMPLED_BYTES = 2**20
"""The largest size of a sample of images, sequences or targets of several numbers, unless one row is larger."""


def sample_key(task: str, protocol: str, seed: int) -> str:
    """Return the key of the sample of a task, drawn and split by a seed as a protocol does."""
    return f"{task}/{protocol}/{seed}"


CHOSEN, LANES, CLUSTER_TROUBLE = OF_WORKER = ("chosen", "lanes", "cluster_trouble")
"""Keys of a worker's environment, which no trial inherits."""

HERE = "this machine"
"""What stands for the worker's own machine among nodes of a cluster."""


class WorkerRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker last said of itself."""

    device: str
    """The device asked for."""
    pid: int
    """Its process."""
    state: WorkerState
    """What it does."""
    message: str
    """The same in words."""
    environment: dict[str, str] | None
    """Versions and device, None until TensorFlow is loaded; under CHOSEN what trains now and why, where it chose.

    Of a worker with a cluster under LANES how many lanes each node has, and under CLUSTER_TROUBLE what is wrong.
    """

    @property
    def lanes(self) -> dict[str, int]:
        """How many lanes a worker with a cluster has on which node, HERE for its own machine; nothing without one."""
        try:
            return msgspec.json.decode((self.environment or {}).get(LANES, "{}"), type=dict[str, int])
        except msgspec.MsgspecError:  # no worker wrote that
            return {}

    @property
    def cluster_trouble(self) -> str:
        """What is wrong with the cluster of a worker, in sentences; "" for nothing, and without one."""
        return (self.environment or {}).get(CLUSTER_TROUBLE, "")


_BIG_ENDIAN = array("H", [1]).tobytes() == b"\0\1"


def session_name(text: str) -> str:
    """Return a session's name without outer spaces. Raises UsageError for one that could not be read in a list."""
    name = text.strip()
    if not name or len(name) > 80 or not name.isprintable():
        raise UsageError("A session's name must be 1 to 80 printable characters.")
    return name
