"""Weights kept while a network is trained, so that its predictions can be shown without TensorFlow."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol import Split
from lossterm.losses import Activation, Loss
from lossterm.losses.target_scaling import Scaling
from lossterm.store import MOST_SAMPLED, Model, Sample, sample_key

PLACES = 20
"""The most epochs at which weights are kept; the initial weights count as one."""

MOST_BYTES = 2**22
"""The largest size of a model in the store: a large network is kept at fewer epochs, a larger one not at all."""


def kept_epochs(epochs: int, weights: int) -> tuple[int, ...]:
    """Return the epochs after which a network of `weights` numbers is kept: from 0 to the last, denser at first.

    Empty if even one set of weights is too large.
    """
    places = min(PLACES, MOST_BYTES // (4 * weights))
    if places < 2:
        return (epochs,) * places
    return tuple(sorted({round(epochs * (place / (places - 1)) ** 1.5) for place in range(places)}))


class NetworkForm(NamedTuple):
    """A stack of dense layers without its weights: fields of `Model` by the same names."""

    layers: tuple[int, ...]
    activation: str
    head: Activation


class KeptWeights:
    """The weights kept of one training, at the given epochs; by default at none."""

    def __init__(self, epochs: tuple[int, ...] = ()) -> None:
        self._wanted = epochs
        self._kept: dict[int, bytes] = {}

    def pieces(self, done: int, count: int) -> Iterator[int]:
        """Cut the next `count` epochs into pieces that end wherever weights are to be kept."""
        ends = [epoch for epoch in self._wanted if done < epoch < done + count]
        for start, end in zip([done, *ends], [*ends, done + count], strict=True):
            yield end - start

    def wants(self, epoch: int) -> bool:
        """Whether weights are to be kept after an epoch, 0 for the initial ones."""
        return epoch in self._wanted

    def keep(self, epoch: int, weights: list[np.ndarray]) -> None:
        """Keep the weights after an epoch, kernels and biases in turn, unless one of them is not finite."""
        flat = np.concatenate([np.ravel(part) for part in weights]).astype("<f4")
        if np.isfinite(flat).all():
            self._kept[epoch] = flat.tobytes()

    def end(self, epoch: int, weights: list[np.ndarray]) -> None:
        """Keep the restored weights of an epoch as the last, and drop those of later epochs."""
        self._kept = {kept_epoch: kept for kept_epoch, kept in self._kept.items() if kept_epoch < epoch}
        if self._wanted:
            self.keep(epoch, weights)

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


def sample_of(trial: Trial, split: Split, classes: int | None) -> Sample:
    """Return the first rows of the test split of a trial's data."""
    features, target = split.features[:MOST_SAMPLED], split.target[:MOST_SAMPLED]
    return Sample(
        key=sample_key(trial.task, trial.protocol, trial.seed),
        split="test",
        count=features.shape[1],
        classes=classes,
        features=features.astype("<f4").tobytes(),
        target=target.astype("<f8").tobytes(),
    )
