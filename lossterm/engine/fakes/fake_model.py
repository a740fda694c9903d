"""What the fake engine keeps of a training: a network of random weights, and rows to show it on.

Separate from `fake_engine.py` because it needs NumPy, which is loaded with the first trial that keeps a model.
"""

import hashlib
from itertools import pairwise

import msgspec
import numpy as np

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol import Split
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.training.kept_weights import KeptWeights, NetworkForm, kept_epochs, sample_of
from lossterm.losses import Kind, Reading, loss_recorded
from lossterm.losses.target_scaling import Scaling
from lossterm.store import Model, Sample
from lossterm.tasks import Task

_LOADED: dict[Kind, Reading] = {"regression": "value", "binary": "logit", "multiclass": "logits"}
"""How the output of a custom loss is read, since the fake cannot load it."""


def fake_model(trial: Trial, number: int, *, trained: bool) -> Model | None:
    """Return weights that depend on loss and rate and grow epoch by epoch; untrained, only the initial ones."""
    task, loss = trial.record, loss_recorded(trial.loss).under(trial.protocol)
    if loss.reading == "unknown":
        loss = msgspec.structs.replace(loss, reading=_LOADED[task.kind])
    outputs = (task.classes if loss.by_class else None) or loss.units
    layers = (task.features, *trial.hyperparameters.hidden, outputs)
    stream = _stream(f"{trial.loss} {trial.learning_rate}")
    final = [
        part
        for inputs, units in pairwise(layers)
        for part in (stream.normal(0, (2 / inputs) ** 0.5, (inputs, units)), stream.normal(0, 0.3, units))
    ]
    epochs = trial.hyperparameters.epochs
    wanted = kept_epochs(epochs, sum(part.size for part in final))
    keeping = KeptWeights(wanted)
    for epoch in wanted if trained else wanted[: wanted[:1] == (0,)]:
        keeping.keep(epoch, [part * (0.2 + 0.8 * epoch / epochs) for part in final])
    return keeping.model(
        number, NetworkForm(layers, trial.hyperparameters.activation, loss.activation), loss, Scaling()
    )


def fake_sample(trial: Trial) -> Sample:
    """Return as many rows as the test split has, in a cube from −2 to 2, with targets by a simple rule."""
    task = trial.record
    rows = protocol_named(trial.protocol).rows(task)["test"]
    features = _stream(f"{trial.task} {trial.protocol} {trial.seed}").uniform(-2, 2, (rows, task.features))
    return sample_of(trial, Split(features.astype(np.float32), _targets(task, features)), task.classes)


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
