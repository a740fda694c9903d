"""What the fake engine keeps of a training: random weights or outputs, and rows to show them on.

Separate from `fake_engine.py` because it needs NumPy, which is loaded with the first trial that keeps a model.
"""

import hashlib
import math
from itertools import pairwise

import msgspec
import numpy as np

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol import Split
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.training.kept_numbers import (
    KeptNumbers,
    NetworkForm,
    kept_epochs,
    rows_of_outputs,
    sample_of,
    sampled,
)
from lossterm.engine.training.output_shape import shape_seen
from lossterm.losses import Kind, Loss, Reading, loss_recorded
from lossterm.losses.loss import RANKED
from lossterm.losses.target_scaling import Scaling
from lossterm.store import Kept, KeptOutputs, Model, Sample
from lossterm.tasks import Task

_LOADED: dict[Kind, Reading] = {"regression": "value", "binary": "logit", "multiclass": "logits"}
"""How the output of a custom loss is read, since the fake cannot load it."""


def fake_model(trial: Trial, number: int, *, trained: bool) -> Kept | None:
    """Return weights, or outputs on the sample, that depend on loss and rate; untrained, only the initial ones."""
    task, loss = trial.record, loss_recorded(trial.loss).under(trial.protocol)
    if loss.reading == "unknown":
        loss = msgspec.structs.replace(loss, reading=_LOADED[task.element])
    if task.shaped:
        return _outputs(trial, number, loss, trained=trained)
    return _weights(trial, number, loss, trained=trained)


def _weights(trial: Trial, number: int, loss: Loss, *, trained: bool) -> Model | None:
    """Return weights that grow epoch by epoch."""
    task = trial.record
    outputs = loss.outputs(task.classes)
    layers = (task.features, *trial.hyperparameters.hidden, outputs)
    stream = _stream(f"{trial.loss} {trial.learning_rate}")
    final = [
        part
        for inputs, units in pairwise(layers)
        for part in (stream.normal(0, (2 / inputs) ** 0.5, (inputs, units)), stream.normal(0, 0.3, units))
    ]
    epochs = trial.hyperparameters.epochs
    wanted = kept_epochs(epochs, sum(part.size for part in final))
    keeping = KeptNumbers(wanted)
    for epoch in wanted if trained else wanted[: wanted[:1] == (0,)]:
        keeping.keep(epoch, [part * (0.2 + 0.8 * epoch / epochs) for part in final])
    return keeping.model(
        number, NetworkForm(layers, trial.hyperparameters.activation, loss.activation), loss, Scaling()
    )


def _outputs(trial: Trial, number: int, loss: Loss, *, trained: bool) -> KeptOutputs | None:
    """Return outputs that come nearer to the target epoch by epoch, with noise that stays."""
    _, target = fake_sample(trial).arrays()
    shape = shape_seen(trial.record, loss)
    rows = rows_of_outputs(len(target), math.prod(shape))
    right = _right(target[:rows], loss, shape)
    spread = 0.3 * right.std(axis=0) if loss.reading == "value" else 1.0
    noise = spread * _stream(f"{trial.loss} {trial.learning_rate}").normal(0, 1, right.shape)
    epochs = trial.hyperparameters.epochs
    wanted = kept_epochs(epochs, right.size)
    keeping = KeptNumbers(wanted)
    for epoch in wanted if trained else wanted[: wanted[:1] == (0,)]:
        keeping.keep(epoch, [3 * (epoch / epochs) * right + noise])
    return keeping.outputs(number, shape, loss, Scaling())


def _right(target: np.ndarray, loss: Loss, shape: tuple[int, ...]) -> np.ndarray:
    """Return outputs of such a shape for a row that a loss reads as the target."""
    units = shape[-1] if len(shape) >= target.ndim else 0
    if loss.reading == "value":
        return target / 3 if not units else np.repeat(target[..., None], units, axis=-1) / 3
    if not units:
        return np.asarray(1.4 * target - 0.7)
    if loss.reading in RANKED:
        return np.asarray(2.0 * (target[..., None] > np.arange(units)) - 1)
    return np.asarray(np.eye(units)[target])


def fake_sample(trial: Trial) -> Sample:
    """Return as many rows as the test split has, in a cube from −2 to 2, with targets by a simple rule.

    Of images, sequences and targets of several numbers, the task's own first rows.
    """
    task = trial.record
    rows = protocol_named(trial.protocol).rows(task)["test"]
    if task.shaped:
        drawn, target = task.draw(trial.seed)
        rows = sampled(task, rows)
        return sample_of(trial, Split(drawn[:rows].astype(np.float32), target[:rows]), task)
    features = _stream(f"{trial.task} {trial.protocol} {trial.seed}").uniform(-2, 2, (rows, task.features))
    return sample_of(trial, Split(features.astype(np.float32), _targets(task, features)), task)


def _targets(task: Task, features: np.ndarray) -> np.ndarray:
    if task.classes is None:
        if task.lowest < 0:
            return np.asarray(features.sum(axis=1))
        return np.asarray(np.abs(features).sum(axis=1) + task.lowest)
    if task.key == "circles":
        return np.asarray(np.hypot(*features.T) < 1.5, np.int64)
    if task.features == 2:
        turn = np.arctan2(features[:, 1], features[:, 0]) / (2 * np.pi) + 0.5
    else:
        turn = features.sum(axis=1) / 4
    return np.asarray(np.floor(turn * task.classes).astype(np.int64) % task.classes)


def _stream(words: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big"))
