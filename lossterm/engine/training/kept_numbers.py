"""Weights or outputs kept while a network is trained, so that its predictions can be shown without TensorFlow.

A stack of dense layers is kept by its weights, from which NumPy predicts for any rows; of any other network its outputs
are kept, on the first rows of the sample.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol import Split
from lossterm.losses import Activation, Loss
from lossterm.losses.target_scaling import Scaling
from lossterm.store import MOST_SAMPLED, MOST_SAMPLED_BYTES, KeptOutputs, Model, Sample, sample_key
from lossterm.tasks import Task

PLACES = 20
"""The most epochs at which something is kept; the initial weights count as one."""

MOST_BYTES = 2**22
"""The largest size of what is kept of a training: of a large network fewer epochs, of a larger one nothing at all."""

LEAST_ROWS = 8
"""Rows whose outputs are kept at fewer epochs rather than those of fewer rows at all."""


def kept_epochs(epochs: int, numbers: int) -> tuple[int, ...]:
    """Return the epochs after which so many weights or outputs are kept: from 0 to the last, denser at first.

    Empty if even one set of them is too large, and without any.
    """
    places = min(PLACES, MOST_BYTES // (4 * numbers)) if numbers else 0
    if places < 2:
        return (epochs,) * places
    return tuple(sorted({round(epochs * (place / (places - 1)) ** 1.5) for place in range(places)}))


def rows_of_outputs(sampled: int, outputs: int) -> int:
    """Return for how many of `sampled` rows, of so many outputs each, outputs are kept; 0 if one row is too large."""
    fit = MOST_BYTES // (4 * outputs)
    return min(sampled, max(fit // PLACES, min(fit, LEAST_ROWS)))


class NetworkForm(NamedTuple):
    """A stack of dense layers without its weights: fields of `Model` by the same names."""

    layers: tuple[int, ...]
    activation: str
    head: Activation


class KeptNumbers:
    """The weights or outputs kept of one training, at the given epochs; by default at none."""

    def __init__(self, epochs: tuple[int, ...] = ()) -> None:
        self.wanted = epochs
        """Epochs after which numbers are to be kept."""
        self._kept: dict[int, bytes] = {}

    def wants(self, epoch: int) -> bool:
        """Whether numbers are to be kept after an epoch, 0 for those of the initial weights."""
        return epoch in self.wanted

    def keep(self, epoch: int, numbers: list[np.ndarray]) -> None:
        """Keep the kernels and biases in turn, or the outputs, after an epoch, unless one of them is not finite."""
        flat = np.concatenate([np.ravel(part) for part in numbers]).astype("<f4")
        if np.isfinite(flat).all():
            self._kept[epoch] = flat.tobytes()

    def end(self, epoch: int, numbers: list[np.ndarray]) -> None:
        """Keep what belongs to the restored weights of an epoch as the last, and drop what came later."""
        self._kept = {kept_epoch: kept for kept_epoch, kept in self._kept.items() if kept_epoch < epoch}
        if self.wanted:
            self.keep(epoch, numbers)

    @property
    def kept(self) -> dict[int, bytes]:
        """What was kept so far, by epoch."""
        return dict(self._kept)

    def go_on(self, kept: dict[int, bytes]) -> None:
        """Restore what was kept before an interruption."""
        self._kept = dict(kept)

    def model(self, number: int, form: NetworkForm, loss: Loss, scaling: Scaling) -> Model | None:
        """Return the kept weights as a record of trial `number`, None if there are none; `loss` as it was loaded."""
        if not self._kept:
            return None
        return Model(
            trial=number,
            epochs=tuple(self._kept),
            **form._asdict(),
            reading=loss.reading,
            link=loss.link,
            scaling=scaling,
            data=b"".join(self._kept.values()),
        )

    def outputs(self, number: int, shape: tuple[int, ...], loss: Loss, scaling: Scaling) -> KeptOutputs | None:
        """Return the kept outputs, of such a shape for a row, as a record of trial `number`; None if there are none."""
        if not self._kept:
            return None
        data = b"".join(self._kept.values())
        return KeptOutputs(
            trial=number,
            epochs=tuple(self._kept),
            rows=len(data) // (4 * len(self._kept) * math.prod(shape)),
            shape=shape,
            reading=loss.reading,
            link=loss.link,
            scaling=scaling,
            data=data,
        )


def pieces(keepings: Iterable[KeptNumbers], done: int, count: int) -> Iterator[int]:
    """Cut the next `count` epochs into pieces that end wherever anything is to be kept of a training."""
    ends = sorted({epoch for keeping in keepings for epoch in keeping.wanted if done < epoch < done + count})
    for start, end in zip([done, *ends], [*ends, done + count], strict=True):
        yield end - start


def sampled(task: Task, rows: int) -> int:
    """Return how many of the test split's rows are a task's sample: of images and the like, what has room."""
    if not task.shaped:
        return min(rows, MOST_SAMPLED)
    row = 4 * task.features + 8 * math.prod(task.target_shape)
    return min(rows, MOST_SAMPLED, max(MOST_SAMPLED_BYTES // row, 1))


def sample_of(trial: Trial, split: Split, task: Task) -> Sample:
    """Return the first rows of the test split of a trial's data."""
    rows = sampled(task, len(split.target))
    return Sample(
        key=sample_key(trial.task, trial.protocol, trial.seed),
        split="test",
        count=task.features,
        classes=task.classes,
        input_shape=task.input_shape,
        target_shape=task.target_shape,
        names=task.outputs or task.labels,
        features=split.features[:rows].astype("<f4").tobytes(),
        target=split.target[:rows].astype("<f8").tobytes(),
    )
