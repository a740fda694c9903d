"""Networks for images, sequences and masks, held to `keras.Model.fit` with layers of Keras alone."""

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.training.batch_orders import batch_orders, shuffler
from tests.engine.conftest import Programs, trial_of

pytestmark = pytest.mark.tensorflow

EPOCHS = 2


def fitted(runtime: ModuleType, network: SimpleNamespace, trial: Trial, program: Any, loss: Any) -> Any:
    """Train a network of Keras's own layers by its own loop, from the same weights and in the same order."""
    keras = runtime.keras
    data = protocol_named(trial.protocol).prepare(trial.record, trial.seed).splits["train"]
    plain = network.build_network(trial.record, program.loss, trial.hyperparameters, plain=True)
    plain.set_weights(network.initial_weights(plain, trial.seed))
    plain.compile(optimizer=network.build_optimizer("momentum", trial.learning_rate), loss=loss)
    stream = shuffler(trial.seed)
    target = data.target.astype(np.float32) if trial.record.element == "regression" else data.target
    for _ in range(EPOCHS):
        (order,) = batch_orders(stream, len(target), 1)
        plain.fit(data.features[order], target[order], trial.hyperparameters.batch_size, shuffle=False, verbose=0)
    assert all(type(layer).__module__.startswith("keras.") for layer in plain.layers)
    assert keras.backend.backend() == "tensorflow"
    return plain


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "cnn": ("digit_images", {}),
    "cnn of another form": (
        "digit_images",
        {"filters": (6, 4), "kernel": 4, "pooling": "average", "hidden": (7,), "l2": 1e-3, "activation": "tanh"},
    ),
    "cnn with batch norm": ("digit_images", {"batch_norm": True}),
    "mlp on images": ("digit_images", {"network": "mlp", "hidden": (8,)}),
    "gru": ("waves", {}),
    "lstm both ways": ("waves", {"cell": "lstm", "bidirectional": True, "units": (4,)}),
    "simple": ("waves", {"cell": "simple"}),
    "unet": ("shapes", {}),
    "unet of three levels": ("shapes", {"filters": (4, 6, 8), "batch_norm": True}),
}


QUICK = ("cnn", "unet")
"""What every run trains: compiling the others takes minutes."""


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_weights_after_training_are_those_of_fit(
    runtime: ModuleType, network: SimpleNamespace, programs: Programs, name: str
) -> None:
    task, settings = CASES[name]
    trial = trial_of(task, "crossentropy", protocol="fair", epochs=EPOCHS, batch_size=64, **settings)
    program = programs(trial)
    assert program.train(trial).status == "done"
    loss = runtime.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    theirs = fitted(runtime, network, trial, program, loss)
    for ours, fit in zip(program.network.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(ours, fit, rtol=0, atol=2e-5 if trial.hyperparameters.batch_norm else 1e-5)
    rows = program.protocol.prepare(trial.record, 0).splits["test"].features[:20]
    # Batch norm divides by deviations that are small after two epochs: weights 2e-5 apart give outputs 2e-4 apart.
    near = 1e-3 if trial.hyperparameters.batch_norm else 1e-4
    np.testing.assert_allclose(program.network(rows), theirs(rows), rtol=0, atol=near)


@pytest.mark.parametrize("task", [pytest.param("spots", marks=pytest.mark.slow), "topics"])
def test_a_loss_of_single_numbers_trains_several_as_its_mean(
    runtime: ModuleType, network: SimpleNamespace, programs: Programs, task: str
) -> None:
    trial = trial_of(task, "binary_crossentropy", protocol="fair", epochs=EPOCHS, batch_size=64)
    program = programs(trial)
    assert program.train(trial).status == "done"
    keras = runtime.keras

    def mean(y: Any, f: Any) -> Any:
        y = keras.ops.reshape(keras.ops.cast(y, "float32"), keras.ops.shape(f))
        return keras.losses.BinaryCrossentropy(from_logits=True)(y, f)

    theirs = fitted(runtime, network, trial, program, mean)
    for ours, fit in zip(program.network.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(ours, fit, rtol=0, atol=1e-5)


def test_outputs_are_scaled_each_by_itself(programs: Programs) -> None:
    trial = trial_of("arm", "mae", protocol="fair", epochs=40)
    program = programs(trial)
    result = program.train(trial)
    data = program.protocol.prepare(trial.record, 0)
    scaling = data.scaling("standard")
    np.testing.assert_allclose(scaling.origin, data.splits["train"].target.mean(axis=0))
    np.testing.assert_allclose(scaling.unit, data.splits["train"].target.std(axis=0))
    np.testing.assert_allclose(scaling.restored(scaling.scaled(data.splits["test"].target)), data.splits["test"].target)
    assert result.scores["r2"]["test"] > 0.5
    curve = np.frombuffer(result.chunk.data, "<f4").reshape(-1, 6)
    assert curve[-1, 5] == pytest.approx(result.scores["mae"]["test"], rel=1e-4)


@pytest.mark.parametrize("task", [pytest.param("spots", marks=pytest.mark.slow), "shapes", "topics"])
def test_the_last_point_of_a_curve_is_the_accuracy_that_is_scored(programs: Programs, task: str) -> None:
    loss = "binary_crossentropy" if task in ("spots", "topics") else "crossentropy"
    trial = trial_of(task, loss, protocol="fair", epochs=EPOCHS, batch_size=64)
    result = programs(trial).train(trial)
    curve = np.frombuffer(result.chunk.data, "<f4").reshape(-1, 6)
    assert curve[-1, 5] == pytest.approx(result.scores["accuracy"]["test"], abs=1e-6)
    assert result.anatomy.of == "margin"
    assert np.isfinite(result.anatomy.quantiles).all()


def test_a_convolution_is_keras_own_in_both_of_its_forms(runtime: ModuleType) -> None:
    from lossterm.engine.training.sliced_convolution import SlicedConv2D

    rng = np.random.default_rng(0)
    for channels, filters, side, height, width in ((1, 3, 3, 5, 4), (4, 2, 3, 6, 6), (3, 3, 2, 4, 7), (5, 2, 1, 3, 3)):
        images = rng.normal(size=(6, height, width, channels)).astype(np.float32)
        ours = SlicedConv2D(filters, side, activation="tanh")
        theirs = runtime.keras.layers.Conv2D(filters, side, activation="tanh", padding="same")
        for layer in (ours, theirs):
            layer.build(images.shape)
        theirs.set_weights(ours.get_weights())
        np.testing.assert_allclose(ours(images), theirs(images), atol=1e-6)
