"""What a training promises besides agreeing with Keras: the same bits, an end for every course, one compilation."""

from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn import metrics

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.training.batch_orders import batch_orders, shuffler
from lossterm.errors import UnknownName
from lossterm.losses import LOSSES
from lossterm.tasks import task_named

from .conftest import Programs, expected_values, train, trial_of

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def regression(programs: Programs) -> Any:
    """A program for regression with the squared error."""
    return programs(trial_of("regression", "mse"))


@pytest.fixture(scope="module")
def circles(programs: Programs) -> Any:
    """A program with an optimizer that has much to remember: moments, and a count of steps."""
    return programs(trial_of("circles", "binary_crossentropy", optimizer="adam"))


def _circles(**settings: Any) -> Trial:
    return trial_of("circles", "binary_crossentropy", optimizer="adam", **settings)


# The same bits


def test_the_same_trial_gives_the_same_bits_after_other_trials_and_in_a_new_program(
    training: ModuleType, circles: Any
) -> None:
    trial = _circles(seed=3, epochs=30)
    first = train(circles, trial)
    train(circles, _circles(seed=1, epochs=7, learning_rate=0.3))
    again, fresh = train(circles, trial), train(training.Program(trial), trial)
    assert first.result.status == "done"
    assert first.bits == again.bits == fresh.bits
    assert first.result.scores == again.result.scores == fresh.result.scores


def test_chunks_of_any_size_give_the_same_bits(
    training: ModuleType, circles: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    curves = []
    for seconds in (0, 0.005, 1e9):
        monkeypatch.setattr(training, "REPORT_SECONDS", seconds)
        curves.append(train(circles, _circles(seed=2, epochs=40)))
    assert curves[0].bits == curves[1].bits == curves[2].bits
    assert curves[0].reports == 39
    assert curves[2].reports <= 1


def test_seeds_differ_in_weights_and_batch_orders(network: SimpleNamespace, circles: Any) -> None:
    start = [network.initial_weights(circles.network, seed)[0] for seed in (0, 1)]
    orders = [batch_orders(shuffler(seed), 500, 2) for seed in (0, 1)]
    assert not np.array_equal(*start)
    assert not np.array_equal(orders[0], orders[1])
    assert train(circles, _circles(seed=0)).bits != train(circles, _circles(seed=1)).bits


def test_batch_orders_are_permutations_and_do_not_depend_on_how_many_are_drawn_at_once(
    network: SimpleNamespace,
) -> None:
    whole = batch_orders(shuffler(5), 100, 6)
    stream = shuffler(5)
    parts = [batch_orders(stream, 100, count) for count in (1, 3, 2)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    np.testing.assert_array_equal(np.sort(whole, axis=1), np.tile(np.arange(100), (6, 1)))
    assert not np.array_equal(whole[0], whole[1])


def test_initial_weights_are_spread_as_keras_documents(network: SimpleNamespace, regression: Any) -> None:
    drawn = [network.initial_weights(regression.network, seed) for seed in range(40)]
    hidden, output = (np.stack([weights[place] for weights in drawn]) for place in (0, 2))
    for kernel, limit in ((hidden, (6 / 20) ** 0.5), (output, (6 / (25 + 1)) ** 0.5)):  # he_uniform, glorot_uniform
        assert np.abs(kernel).max() == pytest.approx(limit, rel=0.01)
        assert np.abs(kernel).max() <= limit
        assert kernel.std() == pytest.approx(limit / 3**0.5, rel=0.05)
    assert not np.stack([weights[1] for weights in drawn]).any()


@pytest.mark.parametrize(("activation", "hidden"), [("relu", (6 / 20) ** 0.5), ("tanh", (6 / (20 + 25)) ** 0.5)])
def test_the_output_is_drawn_with_the_spread_asked_for_and_hidden_layers_as_their_activation_wants(
    network: SimpleNamespace, activation: str, hidden: float
) -> None:
    def kernels(sd: float) -> tuple[np.ndarray, np.ndarray]:
        trial = trial_of("regression", "mse", activation=activation, initial_sd=sd)
        task, loss = task_named(trial.task), LOSSES[trial.loss]
        built = network.build_network(task, loss, trial.hyperparameters)
        drawn = [network.initial_weights(built, seed) for seed in range(60)]
        assert not any(weights[place].any() for weights in drawn for place in (1, 3))  # biases start at 0
        return np.stack([weights[0] for weights in drawn]), np.stack([weights[2] for weights in drawn])

    (before, output), (before_too, wide) = kernels(0.5), kernels(4)
    assert output.std() == pytest.approx(0.5, rel=0.05)
    assert output.mean() == pytest.approx(0, abs=0.05)
    np.testing.assert_allclose(wide, 8 * output, rtol=1e-5)  # the same draw, on another scale
    np.testing.assert_array_equal(before, before_too)
    assert np.abs(before).max() == pytest.approx(hidden, rel=0.01)  # he_uniform for ReLU, glorot_uniform for tanh


# Ends


@pytest.mark.parametrize("seconds", [0, 1e9], ids=["epoch by epoch", "all at once"])
@pytest.mark.parametrize("rate", [1e6, 0.6])
def test_a_rate_far_too_large_ends_as_diverged_at_the_first_epoch_that_is_not_finite(
    training: ModuleType, regression: Any, monkeypatch: pytest.MonkeyPatch, rate: float, seconds: float
) -> None:
    monkeypatch.setattr(training, "REPORT_SECONDS", seconds)
    trained = train(regression, trial_of("regression", "mse", learning_rate=rate, epochs=50))
    assert trained.result.status == "diverged"
    assert trained.result.scores is None
    assert len(trained.curve) < 50
    assert np.isfinite(trained.curve[:-1]).all()
    assert not np.isfinite(trained.curve[-1]).all()


def test_a_program_trains_well_after_a_trial_of_it_diverged(training: ModuleType, regression: Any) -> None:
    trial = trial_of("regression", "mse", seed=4)
    before = train(regression, trial)
    assert train(regression, trial_of("regression", "mse", learning_rate=1e6)).result.status == "diverged"
    assert train(regression, trial).bits == before.bits


def test_a_report_that_says_stop_ends_the_training_as_cancelled(
    training: ModuleType, regression: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "REPORT_SECONDS", 0)
    trained = train(regression, trial_of("regression", "mse", epochs=1_000_000), stop_at=3)
    assert trained.result.status == "cancelled"
    assert trained.result.device == "CPU"
    assert trained.result.scores is None
    assert trained.result.chunk is None
    assert len(trained.curve) == trained.reports == 3


def test_one_epoch_comes_with_the_result(regression: Any) -> None:
    trained = train(regression, trial_of("regression", "mse", epochs=1))
    assert trained.result.status == "done"
    assert trained.reports == 0
    assert trained.curve.shape == (1, 4)


def test_more_epochs_than_a_chunk_can_hold_are_reported_in_parts(
    training: ModuleType, regression: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "REPORT_SECONDS", 1e9)
    trained = train(regression, trial_of("regression", "mse", epochs=600))
    assert trained.result.status == "done"
    assert trained.reports >= 2
    assert len(trained.curve) == 600


# Compiled once


def test_seeds_rates_and_lengths_share_one_compiled_program(regression: Any) -> None:
    for seed, rate, epochs in ((0, 0.01, 1), (1, 0.01, 5), (1, 0.3, 5), (2, 0.001, 300)):
        train(regression, trial_of("regression", "mse", seed=seed, learning_rate=rate, epochs=epochs))
    assert regression._epochs._compiled.experimental_get_tracing_count() == 1


def test_a_trainer_keeps_the_programs_used_last(training: ModuleType) -> None:
    small = [trial_of("regression", "mse", hidden=(units,), epochs=1) for units in (2, 3, 4)]
    trainer = training.Trainer(most=2)
    for place in (0, 1, 0, 2):
        assert trainer.train(small[place], 0, lambda _: False).status == "done"
    assert trainer.programs == {small[0].program, small[2].program}
    assert trainer.compiled_bytes > 1_000_000, "also of the one that was let go of"
    before = trainer.compiled_bytes
    trainer.train(small[2], 0, lambda _: False)
    assert trainer.compiled_bytes == before


# Scores


def test_a_program_that_cannot_be_built_is_refused_by_the_same_sentence_each_time(training: ModuleType) -> None:
    trial = msgspec.structs.replace(trial_of("circles", "hinge", epochs=2), task="gone")
    trainer = training.Trainer()
    said = []
    for _ in range(2):
        with pytest.raises(UnknownName) as raised:
            trainer.train(trial)
        said.append(str(raised.value))
    assert said[0].startswith("There is no task 'gone'")
    assert said[0] == said[1]


def test_accuracies_of_old_and_new_keras_are_those_of_its_own_rules(runtime: ModuleType, programs: Programs) -> None:
    trial = trial_of("circles", "hinge", seed=1, epochs=30)
    program = programs(trial)
    scores = train(program, trial).result.scores
    assert scores is not None
    for name, part in protocol_named("tutorial").prepare(task_named("circles"), 0).splits.items():
        output = program.network.predict(part.features, verbose=0)[:, 0]
        target = np.where(part.target == 1, 1.0, -1.0).astype(np.float32)
        rounded = float(np.mean(target == np.round(output)))  # Keras 2.3: K.mean(K.equal(y_true, K.round(y_pred)))
        threshold = runtime.keras.metrics.binary_accuracy(target[:, None], output[:, None], threshold=0.5)
        assert (scores["keras2_accuracy"] or {})[name] == pytest.approx(rounded, abs=1e-9)
        assert (scores["keras3_accuracy"] or {})[name] == pytest.approx(float(np.mean(threshold)), abs=1e-6)
        accuracy = (scores["accuracy"] or {})[name]
        assert accuracy is not None
        assert float(np.mean(threshold)) < rounded < accuracy - 0.1  # three numbers for one network


# The fair protocol


@pytest.fixture(scope="module")
def fair(programs: Programs) -> Any:
    """A program for regression in units of its own, with three splits that differ from seed to seed."""
    return programs(trial_of("regression", "mse", protocol="fair"))


def test_a_fair_trial_is_scored_in_the_units_of_the_target(fair: Any) -> None:
    trial = trial_of("regression", "mse", protocol="fair", seed=3, epochs=20)
    trained, task = train(fair, trial), task_named("regression")
    scores, data = trained.result.scores, protocol_named("fair").prepare(task, 3)
    assert scores is not None
    assert list(data.splits) == ["train", "validation", "test"]
    assert trained.curve.shape == (20, 6)
    origin, unit = data.splits["train"].target.mean(), data.splits["train"].target.std()
    truths = []
    for place, (name, part) in enumerate(data.splits.items()):
        output = fair.network.predict(part.features, verbose=0)[:, 0].astype(np.float64)
        truths.append(part.target)
        for key, expected in expected_values(part.target, origin + unit * output).items():
            assert (scores[key] or {})[name] == pytest.approx(expected, rel=1e-4), key
        loss, metric = trained.curve[-1, 2 * place : 2 * place + 2]
        assert loss == pytest.approx(metrics.mean_squared_error((part.target - origin) / unit, output), rel=1e-4)
        assert metric == pytest.approx((scores["mae"] or {})[name], rel=1e-5)
    np.testing.assert_array_equal(np.sort(np.concatenate(truths)), np.sort(task.draw(3)[1]))
    assert unit > 10  # a scale on which a score in scaled units would be far off


def test_fair_seeds_have_data_of_their_own_in_one_compiled_program(fair: Any) -> None:
    trials = [trial_of("regression", "mse", protocol="fair", seed=seed) for seed in (0, 1, 0)]
    first, other, again = (train(fair, trial) for trial in trials)
    assert first.bits == again.bits != other.bits
    assert first.result.scores == again.result.scores != other.result.scores
    assert fair._epochs._compiled.experimental_get_tracing_count() == 1
