"""Losses of ranks, labels and masks on tensors: the values and gradients that they have in NumPy, compiled by XLA."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.scoring import encode
from lossterm.losses import LOSSES, Loss, arrays
from lossterm.losses.target_scaling import Scaling
from lossterm.tasks import task_named
from tests.cells import each
from tests.losses import TABLES, rows_of

from .conftest import Programs, train, trial_of

pytestmark = pytest.mark.tensorflow

SHAPED = [loss for key, loss in LOSSES.items() if key not in TABLES]


def forms(loss: Loss) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return targets and outputs, float32 as the engine has them, for few classes and for more."""
    every = (3, 5) if loss.kinds == ("ordinal",) else (2,) if loss.kinds == ("multilabel",) else (2, 4)
    drawn = [rows_of(loss, rows=3, classes=classes) for classes in every]
    kind = np.int32 if loss.encoding == "index" else np.float32
    return [(y.astype(kind), f.astype(np.float32)) for y, f in drawn]


@each("loss", SHAPED, ids=lambda loss: loss.key)
def test_value_and_gradient_are_those_of_numpy(runtime: ModuleType, loss: Loss) -> None:
    tf, ops, xp = runtime.tf, runtime.keras.ops, arrays.numpy()
    for y, f in forms(loss):
        variable = tf.Variable(f)
        with tf.GradientTape() as tape:
            value = loss(ops, tf.constant(y), variable)
        exact = f.astype(np.float64)
        np.testing.assert_allclose(value, loss(xp, y, exact), rtol=1e-5, atol=1e-6)
        gradient, step = np.asarray(tape.gradient(value, variable)), 1e-6
        stream = np.random.default_rng(1)
        for _ in range(12):  # along random directions, which see every number
            way = stream.normal(size=f.shape)
            above, below = (np.sum(loss(xp, y, exact + sign * step * way)) for sign in (1, -1))
            slope = (above - below) / (2 * step)
            assert np.sum(gradient * way) == pytest.approx(slope, rel=1e-3, abs=1e-4), loss.key


def test_every_loss_compiles(runtime: ModuleType) -> None:
    """In one program, since a program takes half a second."""
    tf, ops = runtime.tf, runtime.keras.ops
    inputs = [(loss, *map(tf.constant, form)) for loss in SHAPED for form in forms(loss)]

    def every(outputs: list[Any]) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            values = [loss(ops, y, f) for (loss, y, _), f in zip(inputs, outputs, strict=True)]
            total = tf.add_n([tf.reduce_sum(value) for value in values])
        return [*values, *tape.gradient(total, outputs)]

    outputs = [f for _, _, f in inputs]
    compiled = tf.function(every, jit_compile=True, autograph=False)(outputs)
    for one, other in zip(compiled, every(outputs), strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("key", ["corn", "cumulative_link"])
def test_a_loss_of_ranks_trains_and_its_curve_is_the_accuracy_of_what_it_predicts(programs: Programs, key: str) -> None:
    trial = trial_of("ratings", key, protocol="fair", epochs=3)
    program = programs(trial)
    trained = train(program, trial)
    scores = trained.result.scores
    assert scores is not None
    for place, split in enumerate(("train", "validation", "test")):
        assert trained.curve[-1, 2 * place + 1] == pytest.approx((scores["accuracy"] or {})[split], abs=1e-6)
    assert trained.curve[-1, 0] < trained.curve[0, 0]
    errors = scores["rank_mae"] or {}
    assert (errors["test"] or 9) < (errors["constant"] or 0)
    assert trained.result.anatomy is not None
    data = protocol_named("fair").prepare(task_named("ratings"), 0)
    target = encode(program.loss, Scaling(), data.splits["train"].target, 5)
    output = program.network(data.splits["train"].features).numpy().astype(np.float64)
    assert trained.curve[-1, 0] == pytest.approx(np.mean(program.loss(arrays.numpy(), target, output)), rel=1e-4)
