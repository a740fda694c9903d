"""What is kept of networks for images, masks and targets of several numbers: their outputs on the first test rows."""

from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.contract import Result
from lossterm.engine.fakes import fake_engine
from lossterm.engine.training.kept_numbers import (
    LEAST_ROWS,
    MOST_BYTES,
    PLACES,
    KeptNumbers,
    kept_epochs,
    rows_of_outputs,
    sampled,
)
from lossterm.figures.kept_model import on_sample
from lossterm.figures.shaped_predictions import outcome
from lossterm.losses import LOSSES
from lossterm.losses.target_scaling import Scaling
from lossterm.metrics import METRICS
from lossterm.store import MOST_SAMPLED, MOST_SAMPLED_BYTES, KeptOutputs
from lossterm.tasks import TASKS, task_named
from tests.engine.conftest import Programs, train, trial_of

# How many


@pytest.mark.parametrize("outputs", [1, 10, 768, 49_152, 131_072, 600_000, MOST_BYTES // 4, MOST_BYTES])
def test_what_is_kept_has_room_with_many_epochs_or_at_least_a_few_rows(outputs: int) -> None:
    rows = rows_of_outputs(500, outputs)
    places = len(kept_epochs(1000, rows * outputs))
    assert 4 * outputs * rows * places <= MOST_BYTES
    assert (rows > 0) == (places > 0) == (4 * outputs <= MOST_BYTES)
    assert rows <= 500
    assert places == PLACES or rows <= LEAST_ROWS


def test_a_sample_of_images_has_as_many_rows_as_have_room() -> None:
    assert sampled(task_named("digits"), 5000) == MOST_SAMPLED
    assert sampled(task_named("digit_images"), 359) == 359
    shapes = task_named("shapes")
    assert sampled(shapes, 10_000) == MOST_SAMPLED_BYTES // (4 * 256 + 8 * 256)
    assert sampled(msgspec.structs.replace(shapes, input_shape=(2048, 2048, 3)), 10) == 1


def test_kept_outputs_are_cut_into_epochs_and_rows() -> None:
    keeping = KeptNumbers((0, 3))
    assert keeping.outputs(7, (2,), LOSSES["mse"], Scaling()) is None
    for epoch in (0, 3):
        keeping.keep(epoch, [np.arange(6.0).reshape(3, 2) + epoch])
    kept = keeping.outputs(7, (2,), LOSSES["mse"], Scaling())
    assert kept is not None
    assert (kept.trial, kept.epochs, kept.rows, kept.size) == (7, (0, 3), 3, len(kept.data))
    assert kept.output(1).tolist() == [[3, 4], [5, 6], [7, 8]]


# Which

CASES = {
    "images": ("digit_images", "crossentropy", "accuracy"),
    "masks": ("shapes", "crossentropy", "dice"),
    "labels": ("topics", "binary_crossentropy", "label_macro_ap"),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", CASES)
def test_what_is_kept_are_the_outputs_of_the_network_at_each_epoch(
    network: SimpleNamespace, programs: Programs, name: str
) -> None:
    task, loss, metric = CASES[name]
    trial = trial_of(task, loss, protocol="fair", epochs=2, batch_size=64)
    program = programs(trial)
    result = train(program, trial).result
    kept, sample = result.model, result.sample
    assert isinstance(kept, KeptOutputs)
    assert sample is not None
    assert kept.epochs == (0, 1, 2)
    assert (sample.input_shape, sample.target_shape) == (TASKS[task].input_shape, TASKS[task].target_shape)
    test = protocol_named("fair").prepare(TASKS[task], 0).splits["test"]
    features, target = sample.arrays()
    np.testing.assert_array_equal(features, test.features)
    np.testing.assert_array_equal(target, test.target)

    def given(by: Any) -> np.ndarray:
        return np.asarray(by(features[: kept.rows])).reshape(kept.rows, *kept.shape)

    np.testing.assert_allclose(kept.output(2), given(program.network), rtol=0, atol=1e-5)
    plain = network.build_network(TASKS[task], program.loss, trial.hyperparameters, plain=True)
    plain.set_weights(network.initial_weights(plain, 0))
    np.testing.assert_allclose(kept.output(0), given(plain), rtol=0, atol=1e-5)
    shorter = train(program, trial_of(task, loss, protocol="fair", epochs=1, batch_size=64)).result.model
    assert isinstance(shorter, KeptOutputs)
    assert shorter.output(-1).tolist() == kept.output(1).tolist()

    assert kept.rows == len(target)
    score = METRICS[metric].function(np, outcome(kept, -1, sample))
    assert score == pytest.approx(((result.scores or {})[metric] or {})["test"], rel=1e-5)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["images", "labels"])
def test_keeping_outputs_changes_no_bit_and_only_the_first_seed_leaves_them(
    training: ModuleType, programs: Programs, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    task, loss, _ = CASES[name]
    trial = trial_of(task, loss, protocol="fair", epochs=4, batch_size=64)
    program = programs(trial)
    kept = train(program, trial)
    other = trial_of(task, loss, protocol="fair", epochs=1, batch_size=64, seed=1)
    assert train(program, other).result.model is None
    monkeypatch.setattr(training, "kept_epochs", lambda *_: ())
    plain = train(program, trial)
    assert kept.bits == plain.bits
    assert kept.result.scores == plain.result.scores
    assert (plain.result.model, plain.result.sample) == (None, None)


@pytest.mark.tensorflow
def test_with_early_stopping_the_last_outputs_are_those_of_the_best_weights(programs: Programs) -> None:
    trial = trial_of("topics", "binary_crossentropy", protocol="fair", epochs=40, learning_rate=1.0, early_stopping=2)
    program = programs(trial)
    trained = train(program, trial)
    kept, sample = trained.result.model, trained.result.sample
    assert isinstance(kept, KeptOutputs)
    assert sample is not None
    assert kept.epochs[-1] < len(trained.curve) < 40
    features, _ = sample.arrays()
    np.testing.assert_allclose(kept.output(-1), np.asarray(program.network(features)), rtol=0, atol=1e-4)


# The fake


@pytest.mark.parametrize(
    ("task", "loss"),
    [
        ("digit_images", "categorical_crossentropy"),
        ("waves", "multiclass_hinge"),
        ("shapes", "dice"),
        ("spots", "binary_crossentropy"),
        ("topics", "hinge"),
        ("arm", "mse"),
    ],
)
def test_the_fake_leaves_outputs_that_come_nearer_to_the_target(task: str, loss: str) -> None:
    trial = trial_of(task, loss, protocol="fair", epochs=20)
    result = fake_engine.FakeTrainer().train(trial, 7, lambda _: False)
    kept, sample = result.model, result.sample
    assert isinstance(kept, KeptOutputs)
    assert sample is not None
    assert sample.whole
    assert len(kept.data) == kept.size
    assert kept.epochs == kept_epochs(20, kept.size // 4 // len(kept.epochs))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(result), type=Result) == result  # as lanes hand it on
    off = [
        np.abs(predictions.prediction - target).mean()
        for predictions, target in (on_sample(kept, place, sample) for place in (0, -1))
    ]
    assert off[1] < off[0]
