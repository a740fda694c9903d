"""Over every loss: it trains, is scored and summed up as its record says, and is the same on tensors as in NumPy."""

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn import metrics

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol import Prepared, SplitName
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.scoring import encode
from lossterm.losses import LOSSES, Link, Loss, Scale, arrays, loss_named
from lossterm.losses.target_scaling import Scaling
from lossterm.metrics import CONSTANT
from lossterm.store import LEVELS
from lossterm.tasks import task_named
from tests.cells import each
from tests.long_run import cases
from tests.losses import TABLES

from .conftest import Programs, Trained, expected_values, one_of_each_form, setting_of, train, trial_of

pytestmark = pytest.mark.tensorflow

EPOCHS = 20
RATES = {"square_on_logits": 0.001, "exponential": 0.003}
"""Where 0.01 is too large: percentages have gradients of 100/|y|, and the blobs' features are not scaled."""

LINKS: dict[Link, Callable[[np.ndarray], np.ndarray]] = {
    "identity": np.asarray,
    "log": np.exp,
    "logit": lambda z: 1 / (1 + np.exp(-z)),
}
"""How a value is read from an output."""

every_loss = pytest.mark.parametrize("loss", cases(TABLES, one_of_each_form()))
"""Trains one loss of each form in every run, and all in the long one; formulas and gradients are held for all below."""


class Final(msgspec.Struct, frozen=True):
    """A loss trained once, for all that is asked of it here."""

    loss: Loss
    """As the protocol sets it up."""
    trial: Trial
    data: Prepared
    trained: Trained
    outputs: dict[SplitName, np.ndarray]
    """Final output on each split, (rows, units), float64: what the network itself says."""


Finals = Callable[[Loss], Final]


@pytest.fixture(scope="module")
def final(programs: Programs) -> Finals:
    """Train a loss on a task of its kind; one that was trained is not trained again."""
    done: dict[str, Final] = {}

    def train_once(loss: Loss) -> Final:
        if loss.key not in done:
            task, protocol = setting_of(loss)
            trial = trial_of(task, loss.key, protocol=protocol, epochs=EPOCHS, learning_rate=RATES.get(loss.key, 0.01))
            program = programs(trial)
            trained = train(program, trial)
            assert program._epochs._compiled._jit_compile
            data = protocol_named(protocol).prepare(task_named(task), 0)
            outputs = {
                name: program.network(part.features).numpy().astype(np.float64) for name, part in data.splits.items()
            }
            done[loss.key] = Final(loss.under(protocol), trial, data, trained, outputs)
        return done[loss.key]

    return train_once


def scale_of(scale: Scale, data: Prepared) -> tuple[float, float]:
    """Return origin and unit of the target as a loss sees it, by NumPy alone; both of ln(1 + y) for log1p."""
    target = data.splits["train"].target
    if scale == "raw" or not data.scales:
        return 0.0, 1.0
    if scale == "mean":
        return 0.0, float(np.mean(np.abs(target)))
    seen = np.log(1 + target) if scale == "log1p" else target
    return float(np.mean(seen)), float(np.std(seen))


# Training


@every_loss
def test_every_loss_trains_compiled_and_is_lower_on_the_training_rows_in_the_end(final: Finals, loss: Loss) -> None:
    trained = final(loss).trained
    assert trained.result.status == "done"
    assert trained.result.note is None
    assert len(trained.curve) == EPOCHS
    assert np.isfinite(trained.curve).all()
    assert trained.curve[-1, 0] < trained.curve[0, 0]


# Scores


@every_loss
def test_scores_are_those_of_the_final_network_by_scikit_learn(final: Finals, loss: Loss) -> None:
    trained = final(loss)
    scores = trained.trained.result.scores
    assert scores is not None
    for place, (name, part) in enumerate(trained.data.splits.items()):
        expected = expected_scores(trained.loss, trained.data, part.target, trained.outputs[name])
        for key, value in expected.items():
            assert (scores[key] or {})[name] == pytest.approx(value, rel=2e-4, abs=1e-5), key
        curve_metric = "mae" if loss.reading == "value" else "accuracy"
        assert trained.trained.curve[-1, 2 * place + 1] == pytest.approx(expected[curve_metric], rel=1e-4)
        if loss.reading not in ("value", "logit", "logits"):
            assert scores["log_loss"] is scores["brier"] is scores["ece"] is None
    target = trained.data.splits["test"].target
    if loss.reading == "value":
        constant = np.median(trained.data.splits["train"].target)
        assert (scores["mae"] or {})[CONSTANT] == pytest.approx(np.mean(np.abs(target - constant)))
    else:
        largest = np.bincount(trained.data.splits["train"].target).argmax()
        assert (scores["accuracy"] or {})[CONSTANT] == pytest.approx(np.mean(target == largest))


def expected_scores(loss: Loss, data: Prepared, target: np.ndarray, output: np.ndarray) -> dict[str, float]:
    if loss.reading == "value":
        value = LINKS[loss.link](output[:, 0])
        origin, unit = scale_of(loss.scale, data)
        value = origin + unit * value
        return expected_values(target, np.exp(value) - 1 if loss.scale == "log1p" else value)
    if output.shape[1] > 1:
        probability = np.exp(output - output.max(axis=1, keepdims=True))
        probability /= probability.sum(axis=1, keepdims=True)
        area = metrics.roc_auc_score(target, probability, multi_class="ovr")
        if loss.reading == "scores":
            area = np.mean([metrics.roc_auc_score(target == k, output[:, k]) for k in range(output.shape[1])])
        predicted = output.argmax(axis=1)
    else:
        probability = 1 / (1 + np.exp(-output[:, 0]))
        area = metrics.roc_auc_score(target, output[:, 0])
        predicted = (np.sign(output[:, 0]) > 0).astype(int)  # for margins too: by the sign, with tanh or without
    expected = {
        "accuracy": metrics.accuracy_score(target, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(target, predicted),
        "macro_f1": metrics.f1_score(target, predicted, average="macro"),
        "roc_auc": area,
    }
    if loss.reading in ("logit", "logits"):
        expected["log_loss"] = metrics.log_loss(target, probability.astype(np.float32))  # clips at float32's eps
    return expected


# Anatomy


@every_loss
def test_the_anatomy_is_that_of_the_final_network(runtime: ModuleType, final: Finals, loss: Loss) -> None:
    trained = final(loss)
    anatomy, part = trained.trained.result.anatomy, trained.data.splits["train"]
    assert anatomy is not None
    deviation = deviation_of(trained, part.target)
    assert anatomy.of == ("residual" if loss.reading == "value" else "margin")
    spread = np.abs(deviation).max()
    np.testing.assert_allclose(anatomy.quantiles, np.quantile(deviation, LEVELS), rtol=2e-3, atol=1e-5 * spread)

    tf = runtime.tf
    counts = np.bincount(part.target, minlength=1) if loss.reading != "value" else np.zeros(1)
    scaling = Scaling(**scaling_settings(trained))
    encoded = tf.constant(encode(trained.loss, scaling, part.target, task_named(trained.trial.task).classes))
    whole = trained.outputs["train"].astype(np.float32)
    output = tf.Variable(whole if whole.shape[1] > 1 else whole[:, 0])
    with tf.GradientTape() as tape:
        losses = trained.loss(runtime.keras.ops, encoded, output, tf.constant(counts, tf.float32))
    slopes = np.asarray(tape.gradient(losses, output), np.float64)
    sizes = np.sqrt((slopes**2).sum(axis=1)) if slopes.ndim == 2 else np.abs(slopes)
    badness = np.abs(deviation) if loss.reading == "value" else -deviation
    worst = np.argsort(-badness)[: math.ceil(0.01 * len(badness))]
    assert anatomy.share == pytest.approx(sizes[worst].sum() / sizes.sum(), rel=2e-3)


def scaling_settings(trained: Final) -> dict[str, Any]:
    origin, unit = scale_of(trained.loss.scale, trained.data)
    return {"origin": origin, "unit": unit, "log1p": trained.loss.scale == "log1p"}


def deviation_of(trained: Final, target: np.ndarray) -> np.ndarray:
    """Return residuals in the unit that the loss sees (of a raw target, in mean targets), or margins."""
    loss, output = trained.loss, trained.outputs["train"]
    if loss.reading == "value":
        origin, unit = scale_of(loss.scale, trained.data)
        seen = np.log(1 + target) if loss.scale == "log1p" else target
        value = LINKS[loss.link](output[:, 0])
        mean = np.mean(np.abs(target)) if loss.scale == "raw" and trained.data.scales and loss.link != "logit" else 1
        return np.asarray((value - (seen - origin) / unit) / mean)
    if output.shape[1] == 1:
        return np.asarray(np.where(target == 1, output[:, 0], -output[:, 0]))
    ahead = [row[true] - max(np.delete(row, true)) for row, true in zip(output, target, strict=True)]
    return np.array(ahead)


def test_the_anatomy_of_a_raw_target_is_in_units_of_its_mean(training: ModuleType) -> None:
    trial = trial_of("prices", "msle", protocol="fair", epochs=2)
    program = training.Program(trial)
    anatomy = train(program, trial).result.anatomy
    part = protocol_named("fair").prepare(task_named("prices"), 0).splits["train"]
    value = np.exp(program.network(part.features).numpy()[:, 0].astype(np.float64))
    residuals = (value - part.target) / part.target.mean()
    assert anatomy is not None
    np.testing.assert_allclose(anatomy.quantiles, np.quantile(residuals, LEVELS), rtol=1e-3)
    assert np.abs(residuals).max() < 100  # prices are in thousands


def test_a_trial_that_diverged_or_was_stopped_has_no_anatomy(programs: Programs) -> None:
    trial = trial_of("regression", "mse", learning_rate=1e6, epochs=9)
    program = programs(trial)
    diverged = train(program, trial).result
    assert (diverged.status, diverged.anatomy, diverged.scores) == ("diverged", None, None)
    stopped = train(program, trial_of("regression", "mse", epochs=1_000_000), stop_at=1).result
    assert (stopped.status, stopped.anatomy, stopped.scores) == ("cancelled", None, None)


# On tensors as in NumPy

COUNTS = np.array([70, 20, 9, 1])
OTHERS = [
    "barron:alpha=2",
    "barron:alpha=0",
    "barron:alpha=-2",
    "barron:alpha=-inf",
    "bi_tempered:t1=1,t2=1",
    "bi_tempered:t1=0.5,t2=4",
    "focal:gamma=0",
    "focal:gamma=0.5",
    "tweedie:power=1.9",
    "beta_nll:beta=0",
    "weighted_binary_crossentropy:weight=5",
]
"""Parameters that take another path through their function."""

FORMS = {
    **TABLES,
    **{name: loss_named(name) for name in OTHERS},
    "msle of the tutorial": LOSSES["msle"].under("tutorial"),
}


def rows_of(loss: Loss) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw targets in the form that a loss wants, outputs in float64 that float32 holds exactly, and counts."""
    draw = np.random.default_rng(list(loss.key.encode()))
    classes = 4 if loss.by_class else 2
    target: np.ndarray = draw.integers(classes, size=200)
    if loss.reading == "value":
        target = draw.gamma(2, size=200) if loss.lowest == 0 or not loss.zeros else draw.normal(size=200)
    encoded = encode(loss, Scaling(), target, classes)
    shape = (200, 4) if loss.by_class else (200, loss.units) if loss.units > 1 else (200,)
    output = draw.normal(scale=2, size=shape).astype(np.float32).astype(np.float64)
    return encoded, output, COUNTS if loss.by_class else COUNTS[:2]


@each("loss", FORMS.values(), ids=FORMS)
def test_losses_are_the_same_under_keras_as_under_numpy(runtime: ModuleType, loss: Loss) -> None:
    target, output, counts = rows_of(loss)
    tf = runtime.tf
    ours = loss(arrays.numpy(), target, output, counts)
    theirs = loss(runtime.keras.ops, *map(tf.constant, (target, output.astype(np.float32), counts.astype(np.float32))))
    assert theirs.dtype == "float32"
    assert theirs.shape == (200,)
    np.testing.assert_allclose(theirs, ours, rtol=2e-5, atol=1e-5)


@each("loss", FORMS.values(), ids=FORMS)
def test_gradients_on_tensors_are_central_differences_in_numpy(runtime: ModuleType, loss: Loss) -> None:
    target, output, counts = rows_of(loss)
    tf = runtime.tf
    variable = tf.Variable(output.astype(np.float32))
    with tf.GradientTape() as tape:
        value = loss(runtime.keras.ops, tf.constant(target), variable, tf.constant(counts, tf.float32))
    trained = np.asarray(tape.gradient(value, variable)).reshape(200, -1)
    xp = arrays.numpy()
    if loss.base == "beta_nll":  # the factor that gradients do not pass is held where it is
        held = arrays.numpy()
        factor = (np.logaddexp(output[:, 1], 0) + 1e-6) ** (loss.values["beta"] or 0.0)

        def function(f: np.ndarray) -> np.ndarray:
            return np.asarray(factor * loss_named("gaussian_nll")(held, target, f, counts))
    else:

        def function(f: np.ndarray) -> np.ndarray:
            return np.asarray(loss(xp, target.astype(np.float64) if target.dtype == np.float32 else target, f, counts))

    flat = output.reshape(200, -1)
    expected, bend = np.empty_like(flat), np.zeros(200)
    h = 1e-5
    for place in range(flat.shape[1]):
        step = np.zeros_like(flat)
        step[:, place] = h
        above, at, below = (function((flat + sign * step).reshape(output.shape)) for sign in (1, 0, -1))
        expected[:, place] = (above - below) / (2 * h)
        bend = np.maximum(bend, np.abs((above - at) - (at - below)) / h)
    scale = np.maximum(np.abs(expected).max(axis=1, keepdims=True), 1e-2)
    smooth = bend < 0.01 * scale[:, 0]  # elsewhere the slope jumps within the step
    assert smooth.sum() >= 196
    np.testing.assert_allclose((trained / scale)[smooth], (expected / scale)[smooth], rtol=1e-3, atol=1e-4)


def test_the_gradient_of_beta_nll_does_not_pass_the_factor_that_makes_it_the_squared_errors(
    runtime: ModuleType,
) -> None:
    tf, ops = runtime.tf, runtime.keras.ops
    rng = np.random.default_rng(0)
    target = tf.constant(rng.normal(size=50), tf.float32)
    output = tf.Variable(rng.normal(size=(50, 2)).astype(np.float32))
    gradients = {}
    for name in ("gaussian_nll", "beta_nll:beta=0", "beta_nll:beta=0.5", "beta_nll:beta=1"):
        with tf.GradientTape() as tape:
            value = loss_named(name)(ops, target, output)
        gradients[name] = np.asarray(tape.gradient(value, output))
    variance = np.logaddexp(output.numpy()[:, 1:], 0) + 1e-6
    np.testing.assert_allclose(gradients["beta_nll:beta=0"], gradients["gaussian_nll"], rtol=1e-5)
    np.testing.assert_allclose(gradients["beta_nll:beta=0.5"], np.sqrt(variance) * gradients["gaussian_nll"], rtol=1e-4)
    error = output.numpy()[:, 0] - target.numpy()
    np.testing.assert_allclose(gradients["beta_nll:beta=1"][:, 0], error, rtol=1e-4, atol=1e-6)  # ½MSE's
