"""The engine held to `keras.Model.fit`: Keras's own loss class and loop, the same start, the same batches."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lossterm.comparison import OPTIMIZERS, Trial
from lossterm.losses import LOSSES, Loss, loss_named
from lossterm.protocols import protocol_named
from lossterm.tasks import TASKS, task_named

from .conftest import trial_of

pytestmark = pytest.mark.tensorflow

EPOCHS = 5
CURVE_OPTIMIZER = "momentum"
"""The one whose fits are evaluated after each epoch as well."""

WITH_EVERY_LOSS = ("momentum", "adam")
REFERENCES = ("mse", "binary_crossentropy", "categorical_crossentropy")
"""One loss of each kind, for the other optimizers: a loss and an optimizer meet in nothing but the gradient."""

PAIRS = [
    pytest.param(loss, optimizer, id=f"{key}-{optimizer}")
    for key, loss in LOSSES.items()
    for optimizer in OPTIMIZERS
    if optimizer in WITH_EVERY_LOSS or key in REFERENCES
]

ACTIVATION = {"value": "linear", "logit": "sigmoid", "margin": "tanh", "logits": "softmax"}
"""What Keras's losses want on the output where ours read the raw one; tanh is the tutorial's for hinges."""

RATES = {"kl_divergence": 0.001, "brier": 0.003}
"""Where not 0.01. Keras's KLDivergence clips probabilities at 1e-7 and so has no gradient where p_t is smaller, which
ours, from logits, has. At 0.01 with momentum that befalls two rows of the second epoch, and the weights part by 1e-2
(a float64 replica follows Keras with the clip and the engine without it). At 0.001 no p_t gets there. Training by the
Brier score at 0.01 magnifies rounding most: weights that start 1e-7 apart end 4e-4 apart, and the engine, fit without
XLA and a NumPy replica all end 3e-5 from float64."""


@dataclass(frozen=True)
class Both:
    """One training done twice."""

    ours: list[np.ndarray]
    """Weights from the engine."""
    theirs: list[np.ndarray]
    """Weights from `Model.fit`."""
    our_losses: np.ndarray
    """(epochs, splits): loss on each split after each epoch."""
    their_losses: np.ndarray
    """The same by `Model.evaluate`; empty unless asked for."""


Train = Callable[..., Both]


@pytest.fixture(scope="module")
def train_both(runtime: ModuleType, training: ModuleType, network: ModuleType) -> Train:
    """Train by the engine and by Keras; a training that was done is not done again."""
    done: dict[str, Both] = {}

    def train(trial: Trial, *, curves: bool = False) -> Both:
        if trial.key not in done:
            program = training.Program(trial)
            parts: list[bytes] = []
            result = program.train(trial, 0, lambda chunk: parts.append(chunk.data))
            assert result.status == "done"
            values = np.frombuffer(b"".join([*parts, result.chunk.data]), "<f4")
            theirs, losses = _fit(runtime.keras, network, program, trial, curves=curves)
            our_losses = values.reshape(trial.hyperparameters.epochs, -1)[:, ::2]
            done[trial.key] = Both(program.network.get_weights(), theirs, our_losses, losses)
        return done[trial.key]

    return train


def _fit(keras: Any, network: Any, program: Any, trial: Trial, *, curves: bool) -> tuple[list[np.ndarray], np.ndarray]:
    task, loss, h = task_named(trial.task), loss_named(trial.loss), trial.hyperparameters
    splits = protocol_named(trial.protocol).prepare(task, trial.seed).splits
    data = [(part.features, _target(loss, part.target, task.classes)) for part in splits.values()]
    features, target = data[0]
    model = keras.Sequential(
        [
            keras.layers.Input((task.features,)),
            *[keras.layers.Dense(units, activation=h.activation) for units in h.hidden],
            keras.layers.Dense(task.classes if loss.reading == "logits" else 1, activation=ACTIVATION[loss.reading]),
        ]
    )
    model.set_weights(network.initial_weights(program.network, trial.seed))
    # Momentum on the unscaled blobs multiplies rounding by 100 in five epochs: float32 in another order of summation
    # (NumPy, fit without XLA) ends 3e-5 away, and no nearer to float64. There fit is compiled by XLA, as the engine is.
    model.compile(
        loss=_keras_loss(keras, loss),
        optimizer=network.build_optimizer(h.optimizer, trial.learning_rate),
        jit_compile=task.kind == "multiclass",
    )
    losses = []
    for order in network.batch_orders(network.shuffler(trial.seed), len(features), h.epochs):
        model.fit(features[order], target[order], batch_size=h.batch_size, epochs=1, shuffle=False, verbose=0)
        if curves:
            losses.append([model.evaluate(x, y, batch_size=len(x), verbose=0) for x, y in data])
    return model.get_weights(), np.array(losses)


def _keras_loss(keras: Any, loss: Loss) -> Any:
    """Return Keras's own loss, or the textbook's formula over probabilities where Keras has none."""
    if loss.keras is not None:
        return getattr(keras.losses, loss.keras)()

    def brier(target: Any, probability: Any) -> Any:
        return keras.ops.sum(keras.ops.square(probability - target), axis=-1)

    return {"brier": brier}[loss.key]


def _target(loss: Loss, target: np.ndarray, classes: int | None) -> np.ndarray:
    """Encode as Keras's documentation says, without the engine's own encoding: a column, or one-hot rows."""
    if loss.encoding == "one_hot":
        assert classes is not None
        return np.asarray(np.eye(classes, dtype=np.float32)[target])
    if loss.encoding == "plus_minus_one":
        return np.where(target == 1, 1.0, -1.0).astype(np.float32)[:, None]
    return target[:, None]


def _trial(loss: Loss, optimizer: str) -> Trial:
    task = next(task.key for task in TASKS.values() if task.kind in loss.kinds)
    rate = RATES.get(loss.key, 0.01)
    return trial_of(task, loss.key, optimizer=optimizer, epochs=EPOCHS, learning_rate=rate)


def _assert_equal_weights(both: Both) -> None:
    for ours, theirs in zip(both.ours, both.theirs, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("loss", "optimizer"), PAIRS)
def test_weights_after_five_epochs_are_those_of_fit(train_both: Train, loss: Loss, optimizer: str) -> None:
    _assert_equal_weights(train_both(_trial(loss, optimizer), curves=optimizer == CURVE_OPTIMIZER))


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_loss_curves_are_what_evaluate_says_after_each_epoch(train_both: Train, loss: Loss) -> None:
    both = train_both(_trial(loss, CURVE_OPTIMIZER), curves=True)
    assert both.our_losses.shape == (EPOCHS, 2)
    np.testing.assert_allclose(both.our_losses, both.their_losses, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("batch_size", "hidden"),
    [(1000, (50,)), (500, (50,)), (1, (5,)), (32, (20, 10))],
    ids=["more than the rows", "all rows", "single rows", "two hidden layers"],
)
def test_other_batches_and_layers_are_those_of_fit_too(
    train_both: Train, batch_size: int, hidden: tuple[int, ...]
) -> None:
    trial = trial_of("circles", "binary_crossentropy", batch_size=batch_size, hidden=hidden, epochs=2)
    _assert_equal_weights(train_both(trial))


@pytest.mark.parametrize(
    ("task", "loss", "settings"),
    [
        ("blobs", "brier", {"hidden": (), "initial_sd": 0.5}),
        ("circles", "binary_crossentropy", {"hidden": (8, 5), "activation": "tanh", "initial_sd": 2}),
    ],
    ids=["linear", "two layers of tanh"],
)
def test_other_networks_and_starts_are_those_of_fit_too(
    train_both: Train, task: str, loss: str, settings: dict[str, Any]
) -> None:
    _assert_equal_weights(train_both(trial_of(task, loss, epochs=3, **settings)))


def test_keras_kl_divergence_has_no_gradient_at_extreme_logits_and_ours_has(runtime: ModuleType) -> None:
    keras, tf = runtime.keras, runtime.tf
    target, logits = tf.constant([[1.0, 0.0, 0.0]]), tf.Variable([[-40.0, 40.0, 0.0]])
    with tf.GradientTape(persistent=True) as tape:
        theirs = keras.losses.KLDivergence()(target, tf.nn.softmax(logits))
        ours = loss_named("kl_divergence").function(keras.ops, target, logits)
    assert float(theirs) == pytest.approx(16.118, abs=1e-3)
    assert float(ours[0]) == pytest.approx(80)
    np.testing.assert_allclose(tape.gradient(theirs, logits), [[0, 0, 0]], atol=1e-20)
    np.testing.assert_allclose(tape.gradient(ours, logits), [[-1, 1, 0]], atol=1e-6)
