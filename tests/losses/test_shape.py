"""Losses as curves: finite where there is a prediction, with the slope that they have on paper."""

import math

import numpy as np
import pytest

from lossterm.losses import LOSSES, Loss, loss_named
from lossterm.losses.shape import REACH, axis_of, shape_of, where_drawn
from tests.cells import each

X = np.linspace(-REACH, REACH, 321)


def thrown(loss: Loss) -> np.ndarray:
    """Return where there is no such prediction: the logarithm of nothing or less, what no tanh gives, or its end."""
    if loss.activation == "tanh":
        return np.abs(X) >= 1
    if loss.link == "logit":
        return np.abs(X) >= 0.5
    return X <= -1 if loss.link == "log" else np.zeros(len(X), bool)


# The whole registry


@each("key", LOSSES)
def test_every_loss_is_finite_wherever_there_is_such_a_prediction(key: str) -> None:
    loss = LOSSES[key]
    values, slopes = shape_of(loss, X)
    assert values.shape == slopes.shape == X.shape
    there = ~thrown(loss)
    assert np.isfinite(values[there]).all()
    assert np.isfinite(slopes[there]).all()


@pytest.mark.parametrize("key", [key for key, loss in LOSSES.items() if loss.link == "log"])
def test_a_loss_of_positive_predictions_is_not_drawn_where_they_would_be_negative(key: str) -> None:
    values, slopes = shape_of(LOSSES[key], X)
    assert np.isnan(values[X < -1]).all()
    assert np.isnan(slopes[X < -1]).all()


def test_a_loss_of_what_a_tanh_gives_is_drawn_over_nothing_else() -> None:
    values, slopes = shape_of(LOSSES["unhinged"], X)
    assert np.isfinite(values).tolist() == (np.abs(X) <= 1).tolist()
    assert np.isnan(slopes[np.abs(X) > 1]).all()


@each("key", LOSSES)
def test_every_slope_is_the_derivative_of_its_loss_by_the_output(key: str) -> None:
    loss = LOSSES[key]
    values, slopes = shape_of(loss, X)
    there = X > -0.8 if loss.link == "log" else ~thrown(loss)
    x, y, slope = X[there], values[there], slopes[there]
    if loss.link == "log":
        x = np.log(1 + x)
    if loss.link == "logit":
        x = np.log((0.5 + x) / (0.5 - x))
    risen = np.concatenate([[0], np.cumsum(np.diff(x) * (slope[1:] + slope[:-1]) / 2)])
    assert risen == pytest.approx(y - y[0], abs=0.01 * np.ptp(y) + 1e-9)


@each("key", LOSSES)
def test_drawing_a_loss_says_nothing_on_stderr(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    shape_of(LOSSES[key], np.array([-1e6, -4.0, -1.0, 0.0, 4.0, 1e3]))
    assert capsys.readouterr().err == ""


@each("key", LOSSES)
def test_every_loss_says_where_it_is_drawn(key: str) -> None:
    loss, said = LOSSES[key], where_drawn(LOSSES[key])
    assert axis_of(loss) == ("residual" if loss.kinds == ("regression",) else "margin")
    assert said.startswith({"residual": "over e = f − y ", "margin": "over "}[axis_of(loss)])
    assert ("logits at 0" in said) == (loss.by_class and loss.kinds != ("segmentation",))
    assert ("at a target of" in said) == (loss.kinds == ("regression",) and loss.scale in ("mean", "raw"))


# On paper


@each(
    ("key", "points"),
    [
        ("mse", {-2.0: (4, -4), 0.5: (0.25, 1), 3.0: (9, 6)}),
        ("mae", {-2.0: (2, -1), 0.5: (0.5, 1), 3.0: (3, 1)}),
        ("huber", {-2.0: (1.5, -1), 0.5: (0.125, 0.5), 3.0: (2.5, 1)}),
        ("huber:delta=0.5", {-2.0: (0.875, -0.5), 0.25: (0.03125, 0.25), 3.0: (1.375, 0.5)}),
        ("pinball:tau=0.5", {-2.0: (1, -0.5), 3.0: (1.5, 0.5)}),
        ("log1p_mse", {-2.0: (4, -4), 0.5: (0.25, 1)}),
        ("poisson", {0.0: (1, 0), 1.0: (2 - math.log(2), 1), 3.0: (4 - math.log(4), 3)}),
        ("gamma", {0.0: (1, 0), 1.0: (0.5 + math.log(2), 0.5)}),
        ("mape", {-0.5: (0.5, -1), 2.0: (2, 1)}),
        ("negative_binomial", {0.0: (2 * math.log(2), 0), 1.0: (2 * math.log(3) - math.log(2), 1 / 3)}),
        ("share_crossentropy", {0.0: (math.log(2), 0), 0.25: (-math.log(3 / 16) / 2, 0.25)}),
        ("quantiles", {0.0: (0.4, 0), 2.5: (0.1 * (45 - 28.5), 0.9)}),
        ("hinge", {-2.0: (3, -1), 0.5: (0.5, -1), 3.0: (0, 0)}),
        ("squared_hinge", {-2.0: (9, -6), 0.5: (0.25, -1), 3.0: (0, 0)}),
        ("exponential", {-2.0: (math.exp(2), -math.exp(2)), 3.0: (math.exp(-3), -math.exp(-3))}),
        (
            "binary_crossentropy",
            {z: (math.log1p(math.exp(-z)), -1 / (1 + math.exp(z))) for z in (-3.0, -0.5, 0.0, 2.0)},
        ),
        (
            "categorical_crossentropy",
            {z: (math.log1p(2 * math.exp(-z)), -2 / (2 + math.exp(z))) for z in (-3.0, 0.0, 2.0)},
        ),
        ("multiclass_hinge", {-2.0: (3, -1), 3.0: (0, 0)}),
    ],
)
def test_values_and_slopes_are_those_on_paper(key: str, points: dict[float, tuple[float, float]]) -> None:
    values, slopes = shape_of(loss_named(key), np.array(list(points)))
    assert values == pytest.approx([value for value, _ in points.values()], abs=1e-9)
    assert slopes == pytest.approx([slope for _, slope in points.values()], abs=1e-4)


def test_losses_that_are_the_same_by_construction_are_the_same_curve() -> None:
    for loss in LOSSES.values():
        if loss.same_as:
            assert shape_of(loss, X)[0] == pytest.approx(shape_of(LOSSES[loss.same_as], X)[0], abs=1e-9)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("mse", "over e = f − y in standard deviations of the target"),
        ("gaussian_nll", "over e = f − y in standard deviations of the target, at a variance of 1"),
        ("msle", "over e = f − y at a target of 1, its slope by z = ln f"),
        ("mape", "over e = f − y at a target of 1, in means of the target"),
        ("poisson", "over e = f − y at a target of 1, in means of the target, its slope by z = ln f"),
        ("log1p_mse", "over e = f − y in standard deviations of ln(1 + y)"),
        ("negative_binomial", "over e = f − y at a target of 1, at a dispersion of 1, its slope by z = ln f"),
        (
            "zero_inflated_poisson",
            "over e = f − y at a target of 1, with half of the zeros extra, its slope by z = ln f",
        ),
        ("share_crossentropy", "over e = f − y at a target of ½, its slope by z = ln f/(1 − f)"),
        (
            "quantiles",
            "over e = f − y in standard deviations of the target, the other quantiles a step of ½ apart",
        ),
        ("hinge", "over m = y±·f"),
        ("unhinged", "over m = y±·f, f after tanh"),
        ("brier", "over z_t with the other 2 logits at 0"),
    ],
)
def test_the_axis_is_named_with_its_unit(key: str, words: str) -> None:
    assert where_drawn(LOSSES[key]) == words


def test_a_likelihood_is_drawn_at_a_variance_of_one() -> None:
    values, _ = shape_of(loss_named("gaussian_nll"), np.array([0.0, 2.0]))
    assert values == pytest.approx([0, 2], abs=1e-4)
