"""Each setting of network and training held to `keras.Model.fit`, and what each promises besides."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lossterm.comparison.comparison import Trial
from lossterm.comparison.hyperparameters import ACTIVATIONS, OPTIMIZERS, SCHEDULES
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.figures.kept_model import outputs
from lossterm.losses import LOSSES
from lossterm.store import Model
from lossterm.tasks import task_named
from tests.cells import each
from tests.long_run import cases

from .conftest import Programs, Trained, train, trial_of
from .reference import Fitted, build_reference, fit, scheduled_rate

pytestmark = pytest.mark.tensorflow

TWO: dict[str, Any] = {"hidden": (12, 6)}
OVERFITS: dict[str, Any] = {
    "hidden": (40,),
    "optimizer": "adam",
    "learning_rate": 0.03,
    "epochs": 60,
    "early_stopping": 3,
}
ALL: dict[str, Any] = {
    **{"hidden": (8, 4), "activation": "gelu", "dropout": 0.1, "batch_norm": True, "l2": 1e-3, "optimizer": "adamw"},
    **{"schedule": "cosine", "early_stopping": 4, "class_weight": "balanced", "epochs": 25},
    "batch_size": 31,  # divides the rows: a smaller last batch is one more step to compile
}

SETTINGS: dict[str, tuple[str, str, dict[str, Any]]] = {
    **{activation: ("regression", "mse", {**TWO, "activation": activation}) for activation in ACTIVATIONS},
    **{schedule: ("regression", "mse", {"schedule": schedule}) for schedule in SCHEDULES[1:]},
    "cosine with adam": ("circles", "binary_crossentropy", {"schedule": "cosine", "optimizer": "adam"}),
    "cosine with decay of weights": ("circles", "hinge", {"schedule": "cosine", "optimizer": "adamw"}),
    **{
        f"exponential with {optimizer}": ("circles", "hinge", {"schedule": "exponential", "optimizer": optimizer})
        for optimizer in ("nadam", "adagrad")
    },
    "dropout": ("circles", "binary_crossentropy", {"dropout": 0.3, "batch_size": 40}),
    "dropout twice": ("regression", "mse", {**TWO, "dropout": 0.5, "batch_size": 50}),
    "batch norm": ("circles", "binary_crossentropy", {**TWO, "batch_norm": True}),
    "l2": ("regression", "mse", {**TWO, "l2": 0.02}),
    "class weight of two": ("breast_cancer", "binary_crossentropy", {"class_weight": "balanced"}),
    "class weight of margins": ("breast_cancer", "hinge", {"class_weight": "balanced"}),
    "class weight of one-hot rows": ("wine", "categorical_crossentropy", {"class_weight": "balanced"}),
    "class weight of indices": ("wine", "sparse_categorical_crossentropy", {"class_weight": "balanced"}),
    "early stopping": ("circles", "binary_crossentropy", OVERFITS),
    "early stopping with what it penalises": ("circles", "binary_crossentropy", {**OVERFITS, "l2": 0.003}),
    "early stopping with means of batches": ("wine", "categorical_crossentropy", {**OVERFITS, "batch_norm": True}),
    "early stopping that never stops": ("regression", "mse", {"early_stopping": 50, "epochs": 6}),
    "all": ("breast_cancer", "binary_crossentropy", ALL),
}
"""Setting → task, loss and what is asked for besides, under the fair protocol."""

QUICK = ("class weight of one-hot rows", "early stopping", "all")
"""What every run trains: each setting alone or among all. Others differ from these in what Keras is told to build, a
stack of layers or a schedule, and that is held to Keras without training."""

every_setting = pytest.mark.parametrize("name", cases({name: name for name in SETTINGS}, QUICK))


@dataclass(frozen=True)
class Case:
    """One setting, trained three times."""

    trial: Trial
    ours: Trained
    again: Trained
    """The same after a training of another seed and rate in the same program."""
    theirs: Fitted
    program: Any


@pytest.fixture(scope="module")
def case(runtime: ModuleType, training: ModuleType, network: SimpleNamespace) -> Callable[[str], Case]:
    """Train a setting by the engine and by Keras; what was done is not done again."""
    done: dict[str, Case] = {}

    def trained(name: str) -> Case:
        if name not in done:
            task, loss, settings = SETTINGS[name]
            asked: dict[str, Any] = {"protocol": "fair", **settings}
            trial = trial_of(task, loss, **asked)
            program = training.Program(trial)
            ours = train(program, trial)
            train(program, trial_of(task, loss, seed=1, **{**asked, "learning_rate": 0.002, "epochs": 3}))
            again = train(program, trial)
            done[name] = Case(trial, ours, again, fit(runtime, network, program, trial, curves=True), program)
        return done[name]

    return trained


@every_setting
def test_weights_and_curves_are_those_of_fit(case: Callable[[str], Case], name: str) -> None:
    fitted = case(name)
    assert fitted.ours.result.status == "done"
    for ours, theirs in zip(fitted.ours.weights, fitted.theirs.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert fitted.ours.curve[:, ::2].shape == fitted.theirs.losses.shape
    if not fitted.trial.hyperparameters.l2:  # of a penalised loss Keras's curves show the penalty too
        np.testing.assert_allclose(fitted.ours.curve[:, ::2], fitted.theirs.losses, rtol=2e-5, atol=1e-5)


@every_setting
def test_the_same_trial_gives_the_same_bits_after_another_in_one_compiled_program(
    case: Callable[[str], Case], name: str
) -> None:
    fitted = case(name)
    assert fitted.ours.bits == fitted.again.bits
    assert fitted.ours.result.scores == fitted.again.result.scores
    assert fitted.program._epochs._compiled._jit_compile
    assert fitted.program._epochs._compiled.experimental_get_tracing_count() == 1


@every_setting
def test_what_is_kept_predicts_as_the_network_does(case: Callable[[str], Case], name: str) -> None:
    fitted = case(name)
    model = fitted.again.result.model
    assert isinstance(model, Model)
    test = protocol_named("fair").prepare(task_named(fitted.trial.task), 0).splits["test"]
    theirs = fitted.program.network.predict(test.features, verbose=0)
    np.testing.assert_allclose(outputs(model, -1, test.features).reshape(theirs.shape), theirs, rtol=1e-5, atol=1e-5)


STACKS: dict[str, dict[str, Any]] = {
    **{activation: {**TWO, "activation": activation} for activation in ACTIVATIONS},
    "linear": {"hidden": ()},
    "l2": {**TWO, "l2": 0.02},
    "batch norm": {**TWO, "batch_norm": True},
    "dropout": {**TWO, "dropout": 0.4},
    "all": {**TWO, "activation": "selu", "batch_norm": True, "dropout": 0.2, "l2": 0.01},
}


@each("settings", STACKS.values(), ids=STACKS)
def test_a_network_is_the_stack_of_layers_that_its_settings_say(
    runtime: ModuleType, network: SimpleNamespace, settings: dict[str, Any]
) -> None:
    keras, task, loss = runtime.keras, task_named("regression"), LOSSES["mse"]
    h = trial_of("regression", "mse", **settings).hyperparameters
    ours = network.build_network(task, loss, h)
    theirs = build_reference(keras, task.features, 1, "linear", h)
    draw = np.random.default_rng(0)
    theirs.set_weights(values := [draw.uniform(0.1, 1, size=one.shape) for one in theirs.get_weights()])
    ours.set_weights(values)
    rows = draw.normal(size=(40, task.features)).astype(np.float32)
    np.testing.assert_allclose(ours(rows), theirs(rows), rtol=1e-5, atol=1e-6)
    assert float(sum(ours.losses)) == pytest.approx(float(sum(theirs.losses)))
    trained = ours(rows, training=True)
    rates = [[one.rate for one in stack.layers if isinstance(one, keras.layers.Dropout)] for stack in (ours, theirs)]
    assert rates[0] == rates[1]
    assert np.allclose(trained, ours(rows)) == (not h.dropout and not h.batch_norm)


@each("schedule", SCHEDULES[1:])
def test_a_rate_goes_as_its_schedule_says_from_the_first_step_to_the_last(runtime: ModuleType, schedule: str) -> None:
    optimizers = importlib.import_module("lossterm.engine.training.optimizers")
    keras, steps = runtime.keras, 90
    rate, length = (keras.Variable(value, trainable=False) for value in (0.3, steps))
    ours, theirs = optimizers.build_schedule(schedule, rate, length), scheduled_rate(keras, schedule, 0.3, steps)
    for step in (0, 1, 2, 31, 45, 89, 90):
        assert float(ours(step)) == pytest.approx(float(theirs(step)), rel=1e-5, abs=1e-8), step


@pytest.mark.parametrize("optimizer", cases({one: one for one in OPTIMIZERS}, ("nadam",)))
def test_every_optimizer_gives_the_same_bits_after_another_training(training: ModuleType, optimizer: str) -> None:
    def trial(**settings: Any) -> Trial:
        return trial_of("circles", "hinge", optimizer=optimizer, hidden=(4,), **settings)

    program = training.Program(trial())
    first = train(program, trial(seed=3))
    train(program, trial(seed=1, learning_rate=0.1, epochs=3))
    assert train(program, trial(seed=3)).bits == first.bits


# Early stopping


def _overfitting(**settings: Any) -> Trial:
    return trial_of("circles", "binary_crossentropy", protocol="fair", **{**OVERFITS, **settings})


def test_a_training_stops_after_epochs_without_a_better_loss_and_is_that_of_the_best(
    case: Callable[[str], Case], programs: Programs
) -> None:
    fitted = case("early stopping")
    losses = fitted.ours.curve[:, 2]
    best = int(losses.argmin()) + 1
    assert len(losses) == best + OVERFITS["early_stopping"] < OVERFITS["epochs"]
    shorter = _overfitting(epochs=best, early_stopping=None)
    end = train(programs(shorter), shorter)
    for stopped, whole in zip(fitted.ours.weights, end.weights, strict=True):
        np.testing.assert_allclose(stopped, whole, rtol=0, atol=1e-6)
    scores, expected = fitted.ours.result.scores, end.result.scores
    assert scores is not None
    assert expected is not None
    assert scores["accuracy"] == expected["accuracy"]
    assert (scores["log_loss"] or {})["test"] == pytest.approx((expected["log_loss"] or {})["test"], rel=1e-5)
    anatomy, whole_anatomy = fitted.ours.result.anatomy, end.result.anatomy
    assert anatomy is not None
    assert whole_anatomy is not None
    assert anatomy.quantiles == pytest.approx(whole_anatomy.quantiles, rel=1e-3)


def test_models_are_kept_up_to_the_epoch_that_a_training_was_brought_back_to(case: Callable[[str], Case]) -> None:
    fitted = case("early stopping")
    model = fitted.ours.result.model
    assert isinstance(model, Model)
    assert model.epochs[0] == 0
    assert model.epochs[-1] == int(fitted.ours.curve[:, 2].argmin()) + 1
    last = [part for layer in model.weights(-1) for part in layer]
    assert [part.tolist() for part in last] == [part.tolist() for part in fitted.ours.weights]


@pytest.mark.parametrize("seconds", [0, 1e9], ids=["epoch by epoch", "all at once"])
def test_where_it_stops_does_not_depend_on_chunks(
    case: Callable[[str], Case], monkeypatch: pytest.MonkeyPatch, training: ModuleType, seconds: float
) -> None:
    fitted = case("early stopping")
    monkeypatch.setattr(training, "REPORT_SECONDS", seconds)
    assert train(fitted.program, fitted.trial).bits == fitted.ours.bits


def test_a_training_with_all_settings_may_be_cancelled_or_diverge(
    training: ModuleType, case: Callable[[str], Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = case("all")
    monkeypatch.setattr(training, "REPORT_SECONDS", 0)
    stopped = train(fitted.program, fitted.trial, stop_at=2)
    assert (stopped.result.status, len(stopped.curve)) == ("cancelled", 2)
    trial = trial_of("regression", "mse", protocol="fair", learning_rate=1e30, epochs=30, early_stopping=20, l2=0.1)
    diverged = train(training.Program(trial), trial)
    assert diverged.result.status == "diverged"
    assert diverged.result.scores is None
    assert not np.isfinite(diverged.curve[-1]).all()
    assert train(fitted.program, fitted.trial).bits == fitted.ours.bits
