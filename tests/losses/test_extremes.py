"""Outputs, errors and targets that no sound network gives: finite all the same, or known to overflow, never NaN."""

import math
from collections.abc import Callable

import numpy as np

from lossterm.losses import LOSSES, Loss, Parameter
from tests.cells import each
from tests.losses import TABLES, XP, activated, loss_of, over_the_registry, random_rows

Rows = tuple[np.ndarray, np.ndarray]
PRECISIONS = ("float32", "float64")

POWER, SQUARE = "exp of the output", "the square of the error"

# Where a loss is infinite, and through what; all others are finite
OVERFLOWS: dict[tuple[str, str], dict[str, str]] = {
    ("outputs of ±100", "float32"): dict.fromkeys(["poisson", "gamma", "exponential", "zero_inflated_poisson"], POWER),
    ("outputs of ±1e4", "float32"): dict.fromkeys(
        ["poisson", "gamma", "tweedie", "exponential", "zero_inflated_poisson"], POWER
    ),
    ("outputs of ±1e4", "float64"): dict.fromkeys(
        ["poisson", "gamma", "tweedie", "exponential", "zero_inflated_poisson"], POWER
    ),
    ("errors of ±1e20", "float32"): dict.fromkeys(
        ["mse", "expectile", "gaussian_nll", "beta_nll", "pseudo_huber", "cauchy", "barron", "log1p_mse"], SQUARE
    ),
}


def far_outputs(size: float) -> Callable[[Loss], list[Rows]]:
    def rows(loss: Loss) -> list[Rows]:
        y, f = random_rows(loss)
        outputs = (size * np.sign(f), np.full_like(f, size), np.full_like(f, -size))
        return [(y, activated(loss, one)) for one in outputs]

    return rows


def far_errors(size: float) -> Callable[[Loss], list[Rows]]:
    def rows(loss: Loss) -> list[Rows]:
        if loss.reading != "value" or loss.link == "log":
            return []
        y, f = random_rows(loss)
        value = y + size * np.sign(y - 0.5)
        return [(y, np.concatenate([value[:, None], f[:, 1:]], axis=1) if loss.units > 1 else value)]

    return rows


def targets_at(edge: float) -> Callable[[Loss], list[Rows]]:
    def rows(loss: Loss) -> list[Rows]:
        if loss.reading != "value" or edge < loss.lowest or (edge == 0 and not loss.zeros):
            return []
        y, f = random_rows(loss)
        return [(np.full_like(y, edge), f)]

    return rows


SITUATIONS: dict[str, Callable[[Loss], list[Rows]]] = {
    "outputs of ±100": far_outputs(100),
    "outputs of ±1e4": far_outputs(1e4),
    "errors of ±1e4": far_errors(1e4),
    "errors of ±1e20": far_errors(1e20),
    "targets of 0": targets_at(0),
    "targets near 0": targets_at(float(np.finfo(np.float32).tiny)),
    "targets of 1e6": targets_at(1e6),
    "targets of −1e6": targets_at(-1e6),
}


def losses_at(loss: Loss, situation: str, precision: str) -> np.ndarray:
    rows = [
        loss_of(loss, y if loss.encoding == "index" else y.astype(precision), f.astype(precision))
        for y, f in SITUATIONS[situation](loss)
    ]
    return np.concatenate(rows) if rows else np.zeros(0)


@over_the_registry
def test_extremes_are_finite_without_a_warning_but_for_those_known_to_overflow(loss: Loss) -> None:
    for situation in SITUATIONS:
        for precision in PRECISIONS:
            if loss.key in OVERFLOWS.get((situation, precision), {}):
                with np.errstate(over="ignore", invalid="ignore"):
                    assert np.isinf(losses_at(loss, situation, precision)).any(), (situation, precision)
            else:
                assert np.isfinite(losses_at(loss, situation, precision)).all(), (situation, precision)


@each(
    "key",
    sorted({key for keys in OVERFLOWS.values() for key in keys}),
)
def test_what_overflows_is_infinite_and_never_nan(key: str) -> None:
    for (situation, precision), keys in OVERFLOWS.items():
        if key in keys:
            with np.errstate(over="ignore", invalid="ignore"):
                assert not np.isnan(losses_at(LOSSES[key], situation, precision)).any(), (situation, precision)


# The ends of parameters


def ends(parameter: Parameter) -> list[float]:
    """Return the smallest and largest values that it may have, or some close to those that it may only approach."""
    low = max(parameter.low, -1e6) + (1e-6 if parameter.open else 0)
    high = min(parameter.high, 1e6) - (1e-6 if parameter.open else 0)
    return [low, high, *({parameter.low} if parameter.low == -math.inf and not parameter.open else ())]


@each("loss", [loss for loss in TABLES.values() if loss.parameters], ids=lambda loss: loss.key)
def test_a_parameter_at_an_end_of_its_range_gives_finite_values(loss: Loss) -> None:
    for parameter in loss.parameters:
        for end in ends(parameter):
            bound = loss.bound({parameter.name: end})
            y, f = random_rows(bound)
            for precision in PRECISIONS:
                assert np.isfinite(loss_of(bound, y.astype(precision), f.astype(precision))).all(), bound.key


# Signs and shapes

BELOW_ZERO = {
    "gaussian_nll": "a log-likelihood of a density",
    "beta_nll": "the same",
    "poisson": "without the part that the prediction does not move",
    "gamma": "the same",
    "negative_binomial": "the same",
    "zero_inflated_poisson": "the same",
}


@over_the_registry
def test_loss_has_one_value_per_row_and_is_never_negative_but_for_likelihoods(loss: Loss) -> None:
    value = loss_of(loss, *random_rows(loss, 500))
    assert value.shape == (500,)
    assert (value < 0).any() == (loss.key in BELOW_ZERO)


@over_the_registry
def test_a_row_has_the_same_loss_alone_as_among_others(loss: Loss) -> None:
    y, f = random_rows(loss)
    alone = [loss_of(loss, y[row : row + 1], f[row : row + 1])[0] for row in range(len(y))]
    np.testing.assert_allclose(loss_of(loss, y, f), alone, rtol=1e-12)


def test_targets_and_outputs_are_left_as_they_were() -> None:
    for loss in TABLES.values():
        y, f = random_rows(loss)
        before = y.copy(), f.copy()
        loss_of(loss, y, f)
        np.testing.assert_array_equal(y, before[0])
        np.testing.assert_array_equal(f, before[1])


def test_the_namespaces_softplus_and_log_softmax_keep_far_arguments() -> None:
    far = np.array([-1e4, 0.0, 1e4])
    np.testing.assert_allclose(XP.softplus(far), [0, math.log(2), 1e4])
    np.testing.assert_allclose(XP.log_softmax(far), [-2e4, -1e4, 0])
    np.testing.assert_array_equal(XP.one_hot(np.array([2, 0]), 3), [[0, 0, 1], [1, 0, 0]])
