"""What is kept of a training: the weights that it had, and rows to show them on, without a trace in its results."""

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.contract import Result
from lossterm.engine.fakes import fake_engine
from lossterm.engine.training.kept_numbers import MOST_BYTES, PLACES, KeptNumbers, kept_epochs, pieces
from lossterm.figures.kept_model import outputs, predicted
from lossterm.losses import LOSSES
from lossterm.store import MOST_SAMPLED, Model
from lossterm.tasks import TASKS, task_named
from tests.long_run import cases

from .conftest import Programs, setting_of, train, trial_of

# When


@pytest.mark.parametrize("epochs", [1, 2, 10, 19, 20, 200, 5000, 1_000_000])
def test_weights_are_kept_at_the_start_at_the_end_and_more_densely_at_first(epochs: int) -> None:
    epochs_kept = kept_epochs(epochs, 100)
    assert (epochs_kept[0], epochs_kept[-1]) == (0, epochs)
    assert list(epochs_kept) == sorted(set(epochs_kept))
    assert len(epochs_kept) <= PLACES
    if epochs >= 200:
        assert len(epochs_kept) == PLACES
        gaps = np.diff(epochs_kept)
        assert gaps[0] < gaps[-1]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (MOST_BYTES // 4 // PLACES, PLACES),
        (MOST_BYTES // 4 // PLACES + 1, PLACES - 1),
        (MOST_BYTES // 8, 2),
        (MOST_BYTES // 4, 1),
        (MOST_BYTES // 4 + 1, 0),
    ],
)
def test_of_a_large_network_fewer_epochs_are_kept_and_the_last_one_longest(weights: int, expected: int) -> None:
    epochs_kept = kept_epochs(1000, weights)
    assert len(epochs_kept) == expected
    assert not epochs_kept or epochs_kept[-1] == 1000


def test_pieces_end_where_weights_are_kept_and_make_up_the_whole() -> None:
    keeping = KeptNumbers((0, 1, 4, 9))
    assert list(pieces([keeping], 0, 9)) == [1, 3, 5]
    assert list(pieces([keeping], 2, 3)) == [2, 1]
    assert list(pieces([keeping], 4, 5)) == [5]
    assert list(pieces([KeptNumbers()], 0, 9)) == [9]
    assert list(pieces([keeping, KeptNumbers((3, 4)), KeptNumbers()], 0, 9)) == [1, 2, 1, 5]


# What


@pytest.mark.tensorflow
@pytest.mark.parametrize("seconds", [0, 1e9], ids=["epoch by epoch", "all at once"])
def test_keeping_changes_no_bit_of_a_training_and_no_number_of_reports(
    training: ModuleType, programs: Programs, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    trial = trial_of("circles", "binary_crossentropy", optimizer="adam", epochs=60)
    program = programs(trial)
    monkeypatch.setattr(training, "REPORT_SECONDS", seconds)
    train(program, trial)  # compiles, and learns how long an epoch takes
    kept = train(program, trial)
    monkeypatch.setattr(training, "kept_epochs", lambda *_: ())
    plain = train(program, trial)
    assert kept.bits == plain.bits
    assert kept.result.scores == plain.result.scores
    assert kept.result.anatomy == plain.result.anatomy
    assert kept.reports == plain.reports == (59 if seconds == 0 else 0)
    assert (plain.result.model, plain.result.sample) == (None, None)
    assert kept.result.model is not None
    assert kept.result.model.epochs == kept_epochs(60, 201)


@pytest.mark.tensorflow
def test_what_is_kept_is_the_weights_that_a_training_of_so_many_epochs_ends_with(
    training: ModuleType, network: SimpleNamespace
) -> None:
    trial = trial_of("circles", "hinge", epochs=30, hidden=(4, 3))
    program = training.Program(trial)
    model = train(program, trial).result.model
    assert isinstance(model, Model)
    assert model.layers == (2, 4, 3, 1)
    for place, epoch in enumerate(model.epochs):
        if epoch == 0:
            weights = network.initial_weights(program.network, 0)
        else:
            weights = train(program, trial_of("circles", "hinge", epochs=epoch, hidden=(4, 3))).weights
        flat = [part for layer in model.weights(place) for part in layer]
        assert [part.tolist() for part in flat] == [part.tolist() for part in weights]


@pytest.mark.tensorflow
def test_only_the_first_seed_leaves_a_model_and_none_that_was_stopped(
    training: ModuleType, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "REPORT_SECONDS", 0)
    program = programs(trial_of("circles", "hinge"))
    assert train(program, trial_of("circles", "hinge", seed=1)).result.model is None
    stopped = train(program, trial_of("circles", "hinge", epochs=50), stop_at=3).result
    assert (stopped.status, stopped.model, stopped.sample) == ("cancelled", None, None)


@pytest.mark.tensorflow
@pytest.mark.parametrize(("rate", "least"), [(1e6, 1), (0.8, 3)])
def test_a_training_that_diverges_leaves_what_was_finite_until_then(
    programs: Programs, rate: float, least: int
) -> None:
    trial = trial_of("regression", "mse", learning_rate=rate, epochs=40, optimizer="sgd", hidden=())
    trained = train(programs(trial), trial)
    model = trained.result.model
    assert trained.result.status == "diverged"
    assert isinstance(model, Model)
    assert trained.result.sample is not None
    assert model.epochs == tuple(epoch for epoch in kept_epochs(40, 21) if epoch < len(trained.curve))
    assert len(model.epochs) >= least
    assert np.isfinite(np.frombuffer(model.data, "<f4")).all()


# The same predictions as Keras's

KINDS = (
    "mse",
    "poisson",
    "gaussian_nll",
    "hinge",
    "binary_crossentropy",
    "categorical_crossentropy",
    "multiclass_hinge",
)
"""Losses of each reading and link; the others are no other to a forward pass."""

FORWARD = {
    f"{loss}-{protocol}-{activation}": (loss, protocol, activation)
    for loss in KINDS
    for protocol in dict.fromkeys((setting_of(LOSSES[loss])[1], "fair"))
    for activation in ("relu", "tanh")
}

QUICK = ("mse-fair-tanh", *(f"{loss}-{setting_of(LOSSES[loss])[1]}-relu" for loss in KINDS))
"""Those whose programs, but for one, other files use too, and one that scales its target back."""


@pytest.mark.tensorflow
@pytest.mark.parametrize(("loss", "protocol", "activation"), cases(FORWARD, QUICK))
def test_outputs_are_those_of_keras_and_predictions_give_the_trials_own_scores(
    programs: Programs, loss: str, protocol: str, activation: str
) -> None:
    task, _ = setting_of(LOSSES[loss])
    trial = trial_of(task, loss, protocol=protocol, activation=activation, epochs=8)
    program = programs(trial)
    result = train(program, trial).result
    test = protocol_named(protocol).prepare(task_named(task), 0).splits["test"]
    model, sample = result.model, result.sample
    assert isinstance(model, Model)
    assert sample is not None
    theirs = program.network.predict(test.features, verbose=0)
    ours = outputs(model, -1, test.features)
    np.testing.assert_allclose(ours.reshape(theirs.shape), theirs, rtol=1e-5, atol=1e-5)

    features, target = sample.arrays()
    np.testing.assert_array_equal(features, test.features)
    np.testing.assert_array_equal(target, test.target)
    prediction = predicted(model, -1, features).prediction
    metric = "accuracy" if sample.classes else "mae"
    score = np.mean(prediction == target) if sample.classes else np.mean(np.abs(prediction - target))
    assert score == pytest.approx(((result.scores or {})[metric] or {})["test"], rel=1e-5)


@pytest.mark.tensorflow
def test_a_custom_loss_is_read_as_it_was_loaded(training: ModuleType, tmp_path: Any) -> None:
    file = tmp_path / "mine.py"
    file.write_text("import keras\ndef mine(y, f):\n    return keras.ops.mean(keras.ops.square(y - f), axis=-1)\n")
    trial = trial_of("circles", None, own=f"{file}:mine:head=margin", protocol="fair")
    model = train(training.Program(trial), trial).result.model
    assert isinstance(model, Model)
    assert (model.reading, model.layers) == ("margin", (2, 50, 1))


# The fake


def faked(task: str, loss: str, **settings: Any) -> Result:
    return fake_engine.FakeTrainer().train(trial_of(task, loss, protocol="fair", **settings), 7, lambda _: False)


@pytest.mark.parametrize("task", ["regression", "claims", "circles", "blobs", "digits"])
def test_the_fake_leaves_a_model_and_a_sample_as_the_real_engine_does(task: str) -> None:
    record = TASKS[task]
    loss = {"regression": "mae", "binary": "hinge", "multiclass": "categorical_crossentropy"}[record.kind]
    result, again = faked(task, loss, epochs=40), faked(task, loss, epochs=40)
    model, sample = result.model, result.sample
    assert isinstance(model, Model)
    assert sample is not None
    assert (model, sample) == (again.model, again.sample)
    assert model.trial == 7
    assert model.layers == (record.features, *record.hidden, record.classes if record.kind == "multiclass" else 1)
    assert model.epochs == kept_epochs(40, len(model.data) // 4 // len(model.epochs))
    assert sample.key == f"{task}/fair/0"
    features, target = sample.arrays()
    assert features.shape == (protocol_named("fair").rows(record)["test"], record.features)
    assert len(features) <= MOST_SAMPLED
    assert np.abs(features).max() <= 2
    if record.classes:
        assert set(target.tolist()) == set(range(record.classes))
    else:
        assert target.min() >= record.lowest
    start, end = (predicted(model, place, features).prediction for place in (0, -1))
    assert np.isfinite(end).all()
    sizes = [np.abs(outputs(model, place, features)).mean() for place in range(len(model.epochs))]
    assert sizes == sorted(sizes)
    assert len(start) == len(end) == len(target)


def test_the_fake_keeps_no_model_of_other_seeds_and_the_initial_one_of_what_diverged() -> None:
    assert faked("circles", "hinge", seed=1).model is None
    diverged = faked("circles", "hinge", learning_rate=1000)
    assert diverged.status == "diverged"
    assert isinstance(diverged.model, Model)
    assert diverged.model.epochs == (0,)
    assert faked("blobs", "categorical_crossentropy").model != faked("blobs", "kl_divergence").model
