"""The engine held to `keras.Model.fit`: Keras's own loss class and loop, the same start, the same batches."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lossterm.comparison import OPTIMIZERS, Trial
from lossterm.losses import LOSSES, Loss, Scale, loss_named
from lossterm.protocols import protocol_named
from lossterm.tasks import task_named

from .conftest import setting_of, trial_of

pytestmark = pytest.mark.tensorflow

EPOCHS = 5
WITH_EVERY_LOSS = "momentum"
"""The optimizer whose fits are evaluated after each epoch as well."""

WITH_ADAM = ("gaussian_nll", "poisson", "hinge", "multiclass_hinge")
"""One loss of each head besides those of the references."""

REFERENCES = ("mse", "binary_crossentropy", "categorical_crossentropy")
"""One loss of each kind, for all optimizers: a loss and an optimizer meet in nothing but the gradient."""


@dataclass(frozen=True)
class Case:
    """A loss where it is trained."""

    loss: str
    task: str
    protocol: str

    @property
    def record(self) -> Loss:
        """As the protocol sets it up."""
        return loss_named(self.loss).under(self.protocol)


CASES = {
    **{key: Case(key, *setting_of(loss)) for key, loss in LOSSES.items()},
    "msle on counts": Case("msle", "counts", "fair"),  # as it should be set up, where the tutorial does otherwise
    "barron:alpha=-2,c=0.5": Case("barron:alpha=-2,c=0.5", "regression", "tutorial"),
}

PAIRS = [
    pytest.param(case, optimizer, id=f"{key}-{optimizer}")
    for key, case in CASES.items()
    for optimizer in OPTIMIZERS
    if optimizer == WITH_EVERY_LOSS or key in REFERENCES or (optimizer == "adam" and key in WITH_ADAM)
]

RATE = {"regression": 0.01, "binary": 0.01, "multiclass": 0.001}
"""Momentum at 0.01 on the blobs, whose features are not scaled, magnifies rounding: weights that start 1e-7 apart end
up to 4e-4 apart, so that sums taken in another order (fit without XLA) end 3e-5 apart, and no nearer to float64. There,
too, Keras's KLDivergence and CategoricalFocalCrossentropy clip probabilities at 1e-7 and so have no gradient where p_t
is smaller, which ours, from logits, have: rows get there in the second epoch, and the weights part by 1e-2 and 1e-1
(for the former, a float64 replica follows Keras with the clip and the engine without it). At 0.001 no p_t gets there,
all orders agree to 1e-6, and the square on logits, which diverges at 0.003, does not."""

RATES = {"mape": 0.001}
"""Where not that of the kind: a gradient of 100/|y| makes steps a hundred times as long, and at 0.01 rounding becomes
2e-5."""


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
    task, h = task_named(trial.task), trial.hyperparameters
    loss, protocol = loss_named(trial.loss).under(trial.protocol), protocol_named(trial.protocol)
    splits = protocol.prepare(task, trial.seed).splits
    truth = splits["train"].target
    scaled = protocol.scales and task.kind == "regression"
    data = [
        (
            part.features,
            _encoded(loss, _scaled(loss.scale, part.target, truth) if scaled else part.target, task.classes),
        )
        for part in splits.values()
    ]
    features, target = data[0]
    units = task.classes if loss.reading in ("logits", "scores") else loss.units
    model = keras.Sequential(
        [
            keras.layers.Input((task.features,)),
            *[keras.layers.Dense(units, activation=h.activation) for units in h.hidden],
            keras.layers.Dense(units, activation=_head(loss)),
        ]
    )
    model.set_weights(network.initial_weights(program.network, trial.seed))
    model.compile(
        loss=_reference(keras, loss, truth),
        optimizer=network.build_optimizer(h.optimizer, trial.learning_rate),
        jit_compile=False,  # XLA is the engine's way; it need not be the other's, and compiling takes seconds
    )
    losses = []
    for order in network.batch_orders(network.shuffler(trial.seed), len(features), h.epochs):
        model.fit(features[order], target[order], batch_size=h.batch_size, epochs=1, shuffle=False, verbose=0)
        if curves:
            losses.append([_evaluated(model, x, y) for x, y in data])
    return model.get_weights(), np.array(losses)


def _evaluated(model: Any, features: np.ndarray, target: np.ndarray) -> float:
    """Return what `evaluate` with one batch says, without the tenth of a second that it takes to begin."""
    model.reset_metrics()
    return float(model.test_on_batch(features, target))


# The other side: what Keras's documentation and the textbooks say, without a line of the engine's or the catalogue's


def _head(loss: Loss) -> str:
    """Return the activation that Keras's losses and the textbooks' formulas want, where ours take the raw output."""
    if loss.link == "log":
        return "exponential"
    return {"logit": "sigmoid", "logits": "softmax"}.get(loss.reading, loss.activation)


def _scaled(scale: Scale, target: np.ndarray, train: np.ndarray) -> np.ndarray:
    if scale == "raw":
        return target
    if scale == "mean":
        return np.asarray(target / train.mean())
    if scale == "log1p":
        target, train = np.log(1 + target), np.log(1 + train)
    return np.asarray((target - train.mean()) / train.std())


def _encoded(loss: Loss, target: np.ndarray, classes: int | None) -> np.ndarray:
    """Encode as Keras's documentation says: a column, or one-hot rows."""
    if loss.encoding == "one_hot":
        assert classes is not None
        return np.asarray(np.eye(classes, dtype=np.float32)[target])
    if loss.encoding == "plus_minus_one":
        return np.where(target == 1, 1.0, -1.0).astype(np.float32)[:, None]
    return target[:, None] if loss.encoding == "index" else target.astype(np.float32)[:, None]


def _reference(keras: Any, loss: Loss, train: np.ndarray) -> Any:
    """Return Keras's own loss, or the textbook's formula over values, margins or probabilities."""
    ops, named, p = keras.ops, keras.losses, loss.values
    made: dict[str, Callable[[], Any]] = {
        "huber": lambda: named.Huber(delta=p["delta"]),
        "binary_focal": lambda: named.BinaryFocalCrossentropy(gamma=2, apply_class_balancing=False),
        "focal": lambda: named.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=2
        ),  # .25 by default: a quarter of the loss
        "smoothed_binary_crossentropy": lambda: named.BinaryCrossentropy(label_smoothing=0.1),
        "smoothed_crossentropy": lambda: named.CategoricalCrossentropy(label_smoothing=0.1),
        "log1p_mse": named.MeanSquaredError,
    }
    if loss.base in made:
        return made[loss.base]()
    if loss.keras is not None:
        return getattr(named, loss.keras)()

    def true(y: Any, probability: Any) -> Any:
        return ops.sum(y * probability, axis=-1)

    def true_of_two(y: Any, probability: Any) -> Any:
        return ops.where(y > 0.5, probability, 1 - probability)

    def two_sided(y: Any, f: Any, above: Any, below: Any) -> Any:
        return ops.where(y > f, above, below)

    def modified_huber(y: Any, f: Any) -> Any:
        return ops.where(y * f >= -1, ops.square(ops.relu(1 - y * f)), -4 * y * f)

    def gaussian(y: Any, f: Any) -> Any:
        variance = ops.log(1 + ops.exp(f[:, 1:])) + 1e-6
        return (ops.log(variance) + (y - f[:, :1]) ** 2 / variance) / 2, variance

    def beta_nll(y: Any, f: Any) -> Any:
        likelihood, variance = gaussian(y, f)
        return ops.sqrt(ops.stop_gradient(variance)) * likelihood

    shares = np.bincount(train) / len(train) if loss.kinds != ("regression",) else np.ones(1)
    rare, frequent = float(0.5 / shares[-1]), float(0.5 / shares[0])
    weights = (1 - 0.999) / (1 - 0.999 ** (shares * len(train)))
    weights = (len(weights) * weights / weights.sum()).astype(np.float32)

    def logit_adjusted(y: Any, probability: Any) -> Any:
        shifted = probability * shares.astype(np.float32)  # softmax(z + ln π) ∝ softmax(z)·π
        return -ops.log(true(y, shifted) / ops.sum(shifted, axis=-1))

    formulas: dict[str, Callable[[Any, Any], Any]] = {
        "pinball": lambda y, f: two_sided(y, f, 0.9 * (y - f), 0.1 * (f - y)),
        "expectile": lambda y, f: two_sided(y, f, 0.9, 0.1) * (y - f) ** 2,
        "gaussian_nll": lambda y, f: gaussian(y, f)[0],
        "beta_nll": beta_nll,
        "pseudo_huber": lambda y, f: ops.sqrt(1 + (y - f) ** 2) - 1,
        "epsilon_insensitive": lambda y, f: ops.relu(ops.abs(y - f) - 0.1),
        "fair": lambda y, f: ops.abs(y - f) - ops.log(1 + ops.abs(y - f)),
        "cauchy": lambda y, f: ops.log(1 + (y - f) ** 2) / 2,
        "gamma": lambda y, f: y / f + ops.log(f),
        "tweedie": lambda y, f: 2 * y / ops.sqrt(f) + 2 * ops.sqrt(f),
        "weighted_binary_crossentropy": lambda y, p: -ops.log(true_of_two(y, p)) * two_sided(y, 0.5, rare, frequent),
        "binary_brier": lambda y, p: (p - y) ** 2,
        "binary_gce": lambda y, p: (1 - true_of_two(y, p) ** 0.7) / 0.7,
        "modified_huber": modified_huber,
        "exponential": lambda y, f: ops.exp(-y * f),
        "unhinged": lambda y, f: 1 - y * f,
        "brier": lambda y, p: ops.sum((p - y) ** 2, axis=-1),
        "poly1": lambda y, p: -ops.log(true(y, p)) + 1 - true(y, p),
        "square_on_logits": lambda y, f: ops.sum((f - y) ** 2, axis=-1),
        "multiclass_hinge": lambda y, f: ops.relu(1 + ops.max(f - 1e9 * y, axis=-1) - true(y, f)),
        "logit_adjusted": logit_adjusted,
        "class_balanced": lambda y, p: -ops.sum(y * weights, axis=-1) * ops.log(true(y, p)),
        "probability_mae": lambda y, p: ops.sum(ops.abs(p - y), axis=-1),
        "gce": lambda y, p: (1 - true(y, p) ** 0.7) / 0.7,
        "sce": lambda y, p: -0.1 * ops.log(true(y, p)) + 4 * (1 - true(y, p)),
        "bi_tempered": lambda y, f: _bi_tempered(ops, y, f),
    }
    if loss.base == "barron":
        return lambda y, f: _barron(y, f, p["alpha"], p["c"])
    return formulas[loss.key]


def _barron(y: Any, f: Any, alpha: Any, c: Any) -> Any:
    distance = abs(alpha - 2)
    return distance / alpha * ((((f - y) / c) ** 2 / distance + 1) ** (alpha / 2) - 1)


def _bi_tempered(ops: Any, y: Any, z: Any, t1: float = 0.8, t2: float = 1.2) -> Any:
    """Write the loss out, normalised by the authors' fixed point (Amid et al. 2019, algorithm 1), run to its end."""

    def exp_t(x: Any) -> Any:
        return (1 + (1 - t2) * x) ** (1 / (1 - t2))

    largest = ops.max(z, axis=-1, keepdims=True)
    start = shifted = z - largest
    for _ in range(12):
        shifted = start * ops.sum(exp_t(shifted), axis=-1, keepdims=True) ** (1 - t2)
    total = ops.sum(exp_t(shifted), axis=-1, keepdims=True)
    normaliser = -((1 / total) ** (1 - t2) - 1) / (1 - t2) + largest
    p = exp_t(z - normaliser)
    right = ops.sum(y * p, axis=-1)
    return -(right ** (1 - t1) - 1) / (1 - t1) - (1 - ops.sum(p ** (2 - t1), axis=-1)) / (2 - t1)


def _trial(case: Case, optimizer: str) -> Trial:
    rate = RATES.get(case.loss, RATE[case.record.kinds[0]])
    return trial_of(
        case.task, case.loss, protocol=case.protocol, optimizer=optimizer, epochs=EPOCHS, learning_rate=rate
    )


def _assert_equal_weights(both: Both) -> None:
    for ours, theirs in zip(both.ours, both.theirs, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("case", "optimizer"), PAIRS)
def test_weights_after_five_epochs_are_those_of_fit(train_both: Train, case: Case, optimizer: str) -> None:
    _assert_equal_weights(train_both(_trial(case, optimizer), curves=optimizer == WITH_EVERY_LOSS))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_loss_curves_are_what_evaluate_says_after_each_epoch(train_both: Train, case: Case) -> None:
    both = train_both(_trial(case, WITH_EVERY_LOSS), curves=True)
    assert both.our_losses.shape == (EPOCHS, len(protocol_named(case.protocol).splits))
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
