"""The engine held to `keras.Model.fit`: Keras's own loss class and loop, the same start, the same batches."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lossterm.comparison.comparison import Trial
from lossterm.comparison.hyperparameters import OPTIMIZERS
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.losses import Loss, loss_named
from tests.cells import each
from tests.long_run import cases
from tests.losses import TABLES

from .conftest import (
    Programs,
    assert_same_slopes,
    mean_loss,
    one_of_each_form,
    raw_outputs,
    setting_of,
    trial_of,
)
from .reference import fit, keras_mean_loss

pytestmark = pytest.mark.tensorflow

EPOCHS = 5
WITH_EVERY_LOSS = "momentum"
"""The optimizer whose fits are evaluated after each epoch as well."""

WITH_ADAM = ("gaussian_nll", "poisson", "hinge", "multiclass_hinge")
"""One loss of each other head."""

REFERENCES = ("mse",)
"""What is trained by all optimizers: a loss and an optimizer meet in nothing but the gradient."""


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
    **{key: Case(key, *setting_of(loss)) for key, loss in TABLES.items()},
    "msle on counts": Case("msle", "counts", "fair"),  # as it should be set up, where the tutorial does otherwise
    "barron:alpha=-2,c=0.5": Case("barron:alpha=-2,c=0.5", "regression", "tutorial"),
}

PAIRS = {
    f"{key}-{optimizer}": (case, optimizer)
    for key, case in CASES.items()
    for optimizer in OPTIMIZERS
    if optimizer == WITH_EVERY_LOSS or key in REFERENCES or (optimizer == "adam" and key in WITH_ADAM)
}

FORMS = one_of_each_form()
"""Losses that every run trains. The others differ from them in a formula, which is held to Keras's without training."""

RATE = {"regression": 0.01, "binary": 0.01, "multiclass": 0.001}
"""Momentum at 0.01 on the blobs, whose features are not scaled, magnifies rounding: weights that start 1e-7 apart end
up to 4e-4 apart, so that sums taken in another order (fit without XLA) end 3e-5 apart, and no nearer to float64. There,
too, Keras's KLDivergence and CategoricalFocalCrossentropy clip probabilities at 1e-7 and so have no gradient where p_t
is smaller, which ours, from logits, have: rows get there in the second epoch, and the weights part by 1e-2 and 1e-1
(for the former, a float64 replica follows Keras with the clip and the engine without it). At 0.001 no p_t gets there,
all orders agree to 1e-6, and the square on logits, which diverges at 0.003, does not."""


SLOWER = {"zero_inflated_poisson": 0.002}
"""Rates of losses of raw counts whose weights part by 2e-5 at RATE, where the gradient at the start agrees to 1e-5."""

NEAR = 5e-5
"""How near curves are, relatively. The kernels of `fit` are the coarser ones: a replica of sce in float64 has the
engine's curve within 1e-6 of it everywhere, and that of `fit`, on a processor with AVX2 and no AVX-512, 2e-5 away where
the curve is steepest."""


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
def train_both(runtime: ModuleType, programs: Programs, network: SimpleNamespace) -> Train:
    """Train by the engine and by Keras; a training that was done is not done again."""
    done: dict[str, Both] = {}

    def train(trial: Trial, *, curves: bool = False) -> Both:
        if trial.key not in done:
            program = programs(trial)
            parts: list[bytes] = []
            result = program.train(trial, 0, lambda chunk: parts.append(chunk.data))
            assert result.status == "done"
            values = np.frombuffer(b"".join([*parts, result.chunk.data]), "<f4")
            theirs = fit(runtime, network, program, trial, curves=curves)
            our_losses = values.reshape(trial.hyperparameters.epochs, -1)[:, ::2]
            done[trial.key] = Both(program.network.get_weights(), theirs.weights, our_losses, theirs.losses)
        return done[trial.key]

    return train


def _trial(case: Case, optimizer: str) -> Trial:
    rate = SLOWER.get(case.loss) or RATE[case.record.kinds[0]]
    return trial_of(
        case.task, case.loss, protocol=case.protocol, optimizer=optimizer, epochs=EPOCHS, learning_rate=rate
    )


def _assert_equal_weights(both: Both) -> None:
    for ours, theirs in zip(both.ours, both.theirs, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


@each("case", CASES.values(), ids=CASES)
def test_every_loss_and_its_gradient_are_those_of_keras(runtime: ModuleType, case: Case) -> None:
    trial = _trial(case, WITH_EVERY_LOSS)
    raw = raw_outputs(case.record, case.task)
    mean, slopes = mean_loss(runtime, case.record, trial, raw)
    expected, expected_slopes = keras_mean_loss(runtime, trial, raw)
    assert mean == pytest.approx(expected, rel=1e-5)
    assert_same_slopes(slopes, expected_slopes)


@pytest.mark.parametrize(
    ("case", "optimizer"),
    cases(PAIRS, {"mse-adam", *(f"{key}-{WITH_EVERY_LOSS}" for key in FORMS)}),
)
def test_weights_after_five_epochs_are_those_of_fit(train_both: Train, case: Case, optimizer: str) -> None:
    _assert_equal_weights(train_both(_trial(case, optimizer), curves=optimizer == WITH_EVERY_LOSS))


@pytest.mark.parametrize("case", cases(CASES, FORMS))
def test_loss_curves_are_what_evaluate_says_after_each_epoch(train_both: Train, case: Case) -> None:
    both = train_both(_trial(case, WITH_EVERY_LOSS), curves=True)
    assert both.our_losses.shape == (EPOCHS, len(protocol_named(case.protocol).splits))
    np.testing.assert_allclose(both.our_losses, both.their_losses, rtol=NEAR, atol=1e-6)


@pytest.mark.parametrize(
    ("batch_size", "hidden"),
    cases(
        {
            "more than the rows": (1000, (50,)),
            "all rows": (500, (50,)),
            "single rows": (1, (5,)),
            "two hidden layers": (32, (20, 10)),
        },
        {"more than the rows", "single rows"},
    ),
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
