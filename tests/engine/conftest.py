"""The engine in this process, and Keras to hold it to."""

import importlib
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn import metrics

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.comparison.protocol_catalogue import PROTOCOLS, protocol_named
from lossterm.comparison.user_code_consent import trust_all_of
from lossterm.engine.contract import Result
from lossterm.engine.scoring import encode
from lossterm.losses import Loss
from lossterm.losses.target_scaling import Scaling
from lossterm.store import Chunk
from lossterm.tasks import TASKS, task_named
from tests.losses import TABLES


@pytest.fixture(scope="session")
def training(runtime: ModuleType) -> ModuleType:
    """The module `lossterm.engine.training.trainer`."""
    return importlib.import_module("lossterm.engine.training.trainer")


Programs = Callable[[Trial], Any]
"""Gives the compiled program of a trial."""


@pytest.fixture(scope="session")
def programs(training: ModuleType) -> Programs:
    """Give the program of a trial, compiled once for all files of this process: compiling is most of what these cost.

    A test of what is fresh, or that counts reports or tracings, makes a `Program` for itself.
    """
    known: dict[str, Any] = {}

    def program(trial: Trial) -> Any:
        if trial.program not in known:
            known[trial.program] = training.Program(trial)
        return known[trial.program]

    return program


@pytest.fixture(scope="session")
def network(runtime: ModuleType) -> SimpleNamespace:
    """What builds a network and its optimizer and draws its weights, of three modules that import Keras."""
    from lossterm.engine.training import initial_weights, keras_network, optimizers

    return SimpleNamespace(
        build_network=keras_network.build_network,
        build_optimizer=optimizers.build_optimizer,
        initial_state=initial_weights.initial_state,
        initial_weights=initial_weights.initial_weights,
    )


ITS_OWN_TASK = {"tweedie": "claims"}
"""Where a loss is not tried on the first task that it fits."""


def setting_of(loss: Loss) -> tuple[str, str]:
    """Return task and protocol that a loss is tried under: the tutorial's where it knows a task of the loss's kind."""
    for protocol in ("tutorial", "fair"):
        for task in TASKS.values():
            known = PROTOCOLS[protocol].tasks
            if (known is None or task.key in known) and loss.misfit(task.targets, protocol) is None:
                return (ITS_OWN_TASK.get(loss.key, task.key) if protocol == "fair" else task.key), protocol
    raise AssertionError(f"no task fits {loss.key}")


def one_of_each_form() -> tuple[str, ...]:
    """Return the first loss of each form: all that the engine treats alike but for the formula."""
    forms: dict[tuple[object, ...], str] = {}
    for key, loss in TABLES.items():
        one = loss.under(setting_of(loss)[1])
        forms.setdefault((one.reading, one.encoding, one.units, one.link, one.scale, one.activation), key)
    return tuple(forms.values())


def trial_of(
    task: str,
    loss: str | None,
    *,
    own: str | None = None,
    protocol: str = "tutorial",
    seed: int = 0,
    epochs: int = 5,
    learning_rate: float = 0.01,
    optimizer: str = "momentum",
    batch_size: int = 32,
    hidden: tuple[int, ...] | None = None,
    **others: Any,
) -> Trial:
    """Return one trial, asked for as a person would: of a loss by name, or a custom one by its place.

    Its rate stays, unless `others` say how it falls: so trainings of different lengths begin alike.
    """
    others = {"schedule": "constant", **others}
    asked = Comparison.ask(
        task,
        [loss] if loss else (),
        own=[own] if own else (),
        protocol=protocol,
        seeds=seed + 1,
        epochs=epochs,
        learning_rates=(learning_rate,),
        optimizer=optimizer,
        batch_size=batch_size,
        hidden=hidden,
        **others,
        device="cpu",
    )
    trust_all_of(asked)
    return list(asked.trials())[seed]


class Trained(msgspec.Struct, frozen=True):
    """How a training went."""

    result: Result
    curve: np.ndarray
    """(epochs, columns), put together from reports and result."""
    weights: list[np.ndarray]
    reports: int

    @property
    def bits(self) -> tuple[bytes, ...]:
        """All that must not differ between two runs of a trial."""
        return self.curve.tobytes(), *(weights.tobytes() for weights in self.weights)


def train(program: Any, trial: Trial, stop_at: int | None = None) -> Trained:
    """Train to the end, or until report number `stop_at`; chunks must follow one another without a gap."""
    chunks: list[Chunk] = []

    def report(chunk: Chunk) -> bool:
        chunks.append(chunk)
        return len(chunks) == stop_at

    result = program.train(trial, 7, report)
    reports = len(chunks)
    if result.chunk:
        chunks.append(result.chunk)
    epochs = 0
    for chunk in chunks:
        assert (chunk.trial, chunk.start) == (7, epochs)
        epochs += chunk.epochs
    values = np.concatenate([np.frombuffer(chunk.data, "<f4") for chunk in chunks])
    return Trained(result, values.reshape(epochs, -1), program.network.get_weights(), reports)


ROWS = 64
"""Training rows whose loss is compared without training."""


def raw_outputs(loss: Loss, task: str) -> np.ndarray:
    """Draw what a network might give for some rows, (rows, units), before the output layer's activation."""
    units = loss.outputs(task_named(task).classes)
    return np.random.default_rng(0).normal(size=(ROWS, units)).astype(np.float32)


def mean_loss(runtime: ModuleType, loss: Loss, trial: Trial, raw: np.ndarray) -> tuple[float, np.ndarray]:
    """Return a loss's mean over a trial's first training rows and its gradient by their raw outputs, (rows, units)."""
    keras, tf, task = runtime.keras, runtime.tf, task_named(trial.task)
    data = protocol_named(trial.protocol).prepare(task, trial.seed)
    truth = data.splits["train"].target
    scaling = data.scaling(loss.scale) if task.kind == "regression" else Scaling()
    counts = np.bincount(truth, minlength=task.classes) if task.classes else np.zeros(1)
    target = tf.constant(encode(loss, scaling, truth[: len(raw)], task.classes))
    output = tf.Variable(raw)
    with tf.GradientTape() as tape:
        given = keras.layers.Activation(loss.activation)(output)
        given = given if loss.by_class or loss.units > 1 else tf.squeeze(given, -1)
        mean = tf.reduce_mean(loss(keras.ops, target, given, tf.constant(counts, tf.float32)))
    return float(mean), tape.gradient(mean, output).numpy()


def assert_same_slopes(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Hold two gradients to each other, by the largest of them where they are nearly 0."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())


def expected_values(target: np.ndarray, value: np.ndarray) -> dict[str, float]:
    """Return scores of predicted values by scikit-learn."""
    scores = {
        "mae": metrics.mean_absolute_error(target, value),
        "mse": metrics.mean_squared_error(target, value),
        "rmse": metrics.root_mean_squared_error(target, value),
        "r2": metrics.r2_score(target, value),
        "median_ae": metrics.median_absolute_error(target, value),
    }
    for level in (0.05, 0.1, 0.25, 0.75, 0.9, 0.95):
        scores[f"pinball_{100 * level:02.0f}"] = metrics.mean_pinball_loss(target, value, alpha=level)
    if target.min() >= 0:
        above = np.maximum(value, np.finfo(np.float32).eps)
        scores["rmsle"] = metrics.root_mean_squared_log_error(target, np.maximum(value, 0))
        scores["d2_poisson"] = metrics.d2_tweedie_score(target, above, power=1)
        scores["d2_tweedie"] = metrics.d2_tweedie_score(target, above, power=1.5)
    return scores
