"""What one loss is in terms of another: identities, limits and published deviances."""

import math

import numpy as np
import pytest

from lossterm.losses import LOSSES, Loss, Targets, fitting, loss_named
from lossterm.metrics import METRICS, Outcome
from tests.cells import each
from tests.losses import COUNTS, XP, central_differences, loss_of, random_rows, value_of

SOFT, ENTROPY = [0.7, 0.2, 0.1], 0.8018185525433372
ERRORS = np.concatenate([np.linspace(-6, 6, 241), [-1e3, 1e3]])


def of_errors(name: str, errors: np.ndarray = ERRORS) -> np.ndarray:
    return value_of(name, np.zeros_like(errors), errors)


def of_rows(name: str, like: str) -> np.ndarray:
    """Return the values of a loss on the random rows of another of the same form."""
    y, f = random_rows(LOSSES[like])
    return value_of(name, y, f)


# The same by construction, or at an end of a parameter's range

SAME = [
    ("binary_focal:gamma=0", "binary_crossentropy", 1.0),
    ("focal:gamma=0", "categorical_crossentropy", 1.0),
    ("gce:q=1", "probability_mae", 0.5),
    ("smoothed_binary_crossentropy:epsilon=0", "binary_crossentropy", 1.0),
    ("smoothed_crossentropy:epsilon=0", "categorical_crossentropy", 1.0),
    ("weighted_binary_crossentropy:weight=1", "binary_crossentropy", 1.0),
    ("poly1:epsilon=0", "categorical_crossentropy", 1.0),
    ("poly1:epsilon=4", "sce:alpha=1,beta=1", 1.0),
    ("sce:alpha=1,beta=0", "categorical_crossentropy", 1.0),
    ("sce:alpha=0,beta=1", "probability_mae", 2.0),
    ("logit_adjusted:tau=0", "categorical_crossentropy", 1.0),
    ("class_balanced:beta=0", "categorical_crossentropy", 1.0),
    ("bi_tempered:t1=1,t2=1", "categorical_crossentropy", 1.0),
    ("kl_divergence", "categorical_crossentropy", 1.0),
    ("balanced_softmax", "logit_adjusted", 1.0),
    ("ldam:margin=0", "categorical_crossentropy", 1.0),
    ("pinball:tau=0.5", "mae", 0.5),
    ("expectile:tau=0.5", "mse", 0.5),
    ("epsilon_insensitive:epsilon=0", "mae", 1.0),
    ("barron:alpha=2", "mse", 0.5),
    ("barron:alpha=1", "pseudo_huber", 1.0),
    ("log1p_mse", "mse", 1.0),
    ("beta_nll:beta=0", "gaussian_nll", 1.0),
]


@each(("name", "other", "factor"), SAME, ids=[f"{one}={other}" for one, other, _ in SAME])
def test_one_loss_is_another_times_a_factor(name: str, other: str, factor: float) -> None:
    like = loss_named(name).base
    np.testing.assert_allclose(of_rows(name, like), factor * of_rows(other, like), rtol=1e-10, atol=1e-13)


NEAR = [
    ("binary_focal:gamma=1e-6", "binary_crossentropy", 1.0, 1e-5),
    ("focal:gamma=1e-6", "categorical_crossentropy", 1.0, 1e-5),
    ("gce:q=0.001", "categorical_crossentropy", 1.0, 5e-3),
    ("binary_gce:q=0.001", "binary_crossentropy", 1.0, 5e-3),
    ("bi_tempered:t1=0.9999,t2=1.0001", "categorical_crossentropy", 1.0, 2e-3),
    ("huber:delta=1e5", "mse", 0.5, 1e-12),
    ("huber:delta=1e-5", "mae", 1e-5, 1e-3),
    ("pseudo_huber:delta=1e4", "mse", 0.5, 1e-6),
    ("pseudo_huber:delta=1e-5", "mae", 1e-5, 1e-3),
    ("fair:c=1e6", "mse", 0.5, 1e-4),
    ("fair:c=1e-6", "mae", 1e-6, 1e-3),
    ("cauchy:c=1e5", "mse", 0.5, 1e-6),
    ("barron:alpha=1.9999999", "barron:alpha=2", 1.0, 1e-5),
    ("barron:alpha=2.0000001", "barron:alpha=2", 1.0, 1e-5),
    ("barron:alpha=1e-9", "barron:alpha=0", 1.0, 1e-7),
    ("barron:alpha=-1e-9", "barron:alpha=0", 1.0, 1e-7),
    ("barron:alpha=-1e9", "barron:alpha=-inf", 1.0, 1e-6),
    ("smoothed_crossentropy:epsilon=1e-9", "categorical_crossentropy", 1.0, 1e-7),
    ("beta_nll:beta=1e-9", "gaussian_nll", 1.0, 1e-7),
]


@each(("name", "other", "factor", "rtol"), NEAR, ids=[f"{one}→{other}" for one, other, *_ in NEAR])
def test_one_loss_tends_to_another_as_its_parameter_goes_to_an_end(
    name: str, other: str, factor: float, rtol: float
) -> None:
    like = loss_named(name).base
    np.testing.assert_allclose(of_rows(name, like), factor * of_rows(other, like), rtol=rtol, atol=rtol * factor)


# Regression


def test_barron_at_0_is_the_log_of_cauchy_and_at_minus_2_geman_mcclure_and_at_minus_infinity_welsch() -> None:
    np.testing.assert_allclose(of_errors("barron:alpha=0"), of_errors(f"cauchy:c={math.sqrt(2)}"), rtol=1e-12)
    np.testing.assert_allclose(of_errors("barron:alpha=-2"), 2 * ERRORS**2 / (ERRORS**2 + 4), rtol=1e-12)
    np.testing.assert_allclose(of_errors("barron:alpha=-inf"), 1 - np.exp(-(ERRORS**2) / 2), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("alpha", [-math.inf, -2, 0, 0.5, 1, 2, 3])
def test_barrons_scale_is_the_unit_of_its_errors(alpha: float) -> None:
    np.testing.assert_allclose(
        of_errors(f"barron:alpha={alpha},c=3", 3 * ERRORS), of_errors(f"barron:alpha={alpha}"), rtol=1e-12
    )


def test_barron_falls_with_alpha() -> None:
    alphas = [-math.inf, -100, -2, -1, -1e-9, 0, 1e-9, 0.5, 1, 1.5, 2 - 1e-9, 2, 2 + 1e-9, 4]
    values = np.array([of_errors(f"barron:alpha={alpha!r}") for alpha in alphas])
    assert (np.diff(values, axis=0) >= -1e-6 * values[1:]).all()


@pytest.mark.parametrize("name", ["huber", "pseudo_huber", "log_cosh", "fair", "cauchy", "barron"])
def test_robust_losses_are_half_the_square_at_small_errors_and_never_above_it(name: str) -> None:
    small = np.array([-1e-3, 1e-3])
    np.testing.assert_allclose(of_errors(name, small), small**2 / 2, rtol=1e-3)
    assert (of_errors(name) <= ERRORS**2 / 2 + 1e-15).all()


def test_log_cosh_stays_within_log_2_of_the_absolute_error_and_near_huber() -> None:
    assert (
        (np.abs(ERRORS) - of_errors("log_cosh") >= 0) & (np.abs(ERRORS) - of_errors("log_cosh") <= math.log(2))
    ).all()
    assert np.abs(of_errors("log_cosh") - of_errors("huber")).max() < 0.2


def test_pinball_of_a_level_and_of_its_complement_make_the_absolute_error() -> None:
    np.testing.assert_allclose(of_errors("pinball:tau=0.3") + of_errors("pinball:tau=0.7"), np.abs(ERRORS), atol=1e-12)
    np.testing.assert_allclose(of_errors("pinball:tau=0.3"), of_errors("pinball:tau=0.7", -ERRORS), rtol=1e-12)


def test_beta_1_gives_the_mean_the_gradient_of_half_the_squared_error() -> None:
    y, f = random_rows(LOSSES["beta_nll"])
    gradient = central_differences(loss_named("beta_nll:beta=1"), y, f)
    np.testing.assert_allclose(gradient[:, 0], f[:, 0] - y, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(("power", "limit"), [(1 + 1e-6, "poisson"), (2 - 1e-6, "gamma")])
def test_tweedie_has_the_gradient_of_poisson_and_gamma_at_the_ends(power: float, limit: str) -> None:
    y, z = random_rows(LOSSES["gamma"])
    gradient = central_differences(loss_named(f"tweedie:power={power!r}"), y, z, h=1e-4)
    np.testing.assert_allclose(gradient, central_differences(LOSSES[limit], y, z), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "target", "deviance"),
    [("poisson", [2.0, 0.0, 1.0, 4.0], 1.4260), ("gamma", [2.0, 0.5, 1.0, 4.0], 1.0568)],
)
def test_mean_deviance_is_the_published_value(name: str, target: list[float], deviance: float) -> None:
    predicted, y = np.array([0.5, 0.5, 2.0, 2.0]), np.array(target)
    saturated = np.log(np.maximum(y, 1e-300))
    excess = value_of(name, y, np.log(predicted)) - value_of(name, y, saturated)
    assert float(2 * excess.mean()) == pytest.approx(deviance, abs=1e-4)


def test_msle_has_no_gradient_below_zero_under_the_tutorial_and_one_everywhere_else() -> None:
    y, f = np.array([2.0, 2.0]), np.array([-3.0, -0.1])
    np.testing.assert_array_equal(central_differences(LOSSES["msle"].under("tutorial"), y, f), [0, 0])
    assert (central_differences(LOSSES["msle"], y, f) < 0).all()


def test_msle_is_the_squared_error_of_log1p() -> None:
    y, z = random_rows(LOSSES["msle"])
    np.testing.assert_allclose(value_of("msle", y, z), value_of("mse", np.log1p(y), np.log1p(np.exp(z))), rtol=1e-10)


# Two classes


def test_binary_crossentropy_of_a_confident_mistake_is_its_logit() -> None:
    np.testing.assert_allclose(value_of("binary_crossentropy", [1, 0], [-1e4, 1e4]), [1e4, 1e4])
    np.testing.assert_allclose(value_of("binary_crossentropy", [0, 1], [-1e4, 1e4]), [0, 0], atol=1e-12)


def test_linear_generalised_crossentropy_of_two_classes_is_the_probability_of_the_wrong_one() -> None:
    y, z = random_rows(LOSSES["binary_gce"])
    p = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(value_of("binary_gce:q=1", y, z), np.where(y == 1, 1 - p, p), rtol=1e-12)


def test_weights_that_balance_equal_counts_change_nothing() -> None:
    y, z = random_rows(LOSSES["binary_crossentropy"])
    balanced = LOSSES["weighted_binary_crossentropy"](XP, y, z, np.array([30, 30]))
    np.testing.assert_allclose(balanced, value_of("binary_crossentropy", y, z), rtol=1e-12)


def test_weights_that_balance_give_both_classes_the_same_total() -> None:
    y = np.repeat([0.0, 1.0], COUNTS[2])
    value = value_of("weighted_binary_crossentropy", y, np.zeros(len(y)))
    assert value[y == 0].sum() == pytest.approx(value[y == 1].sum(), rel=1e-12)
    assert value.mean() == pytest.approx(math.log(2), rel=1e-12)


@pytest.mark.parametrize("name", ["hinge", "squared_hinge"])
def test_hinge_on_labels_0_and_1_is_hinge_on_minus_1_and_1(name: str) -> None:
    rng = np.random.default_rng(9)
    labels, f = rng.integers(0, 2, 50), rng.normal(0, 2, 50)
    agreeing = np.where(labels == 1, f, -f)
    expected = np.maximum(1 - agreeing, 0) ** (2 if name == "squared_hinge" else 1)
    np.testing.assert_allclose(value_of(name, 2 * labels - 1, f), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["hinge", "squared_hinge", "modified_huber", "exponential", "unhinged"])
def test_a_margin_loss_is_the_same_for_both_classes_and_falls_with_the_margin(name: str) -> None:
    f = np.linspace(-5, 5, 101)
    positive = value_of(name, np.ones(101), f)
    np.testing.assert_array_equal(positive, value_of(name, -np.ones(101), -f))
    assert (np.diff(positive) <= 0).all()
    assert (np.diff(positive)[f[1:] <= 1] < 0).all()


@pytest.mark.parametrize("name", ["hinge", "squared_hinge", "modified_huber"])
def test_hinges_are_zero_beyond_the_margin(name: str) -> None:
    f = np.linspace(1, 9, 50)
    np.testing.assert_array_equal(value_of(name, np.ones(50), f), 0)
    np.testing.assert_array_equal(value_of(name, -np.ones(50), -f), 0)


def test_modified_huber_is_the_squared_hinge_down_to_minus_1_and_a_line_from_there() -> None:
    near, far = np.linspace(-1, 3, 81), np.linspace(-9, -1, 81)
    ones = np.ones(81)
    np.testing.assert_allclose(value_of("modified_huber", ones, near), value_of("squared_hinge", ones, near))
    np.testing.assert_allclose(value_of("modified_huber", ones, far), -4 * far)


# Several classes


def test_sparse_crossentropy_is_crossentropy() -> None:
    y, f = random_rows(LOSSES["sparse_categorical_crossentropy"])
    dense = value_of("categorical_crossentropy", np.eye(4)[y], f)
    np.testing.assert_allclose(value_of("sparse_categorical_crossentropy", y, f), dense, rtol=1e-12)


def test_crossentropy_less_divergence_is_the_targets_entropy() -> None:
    outputs = np.random.default_rng(1).normal(0, 3, (40, 3))
    targets = np.tile(SOFT, (40, 1))
    gap = value_of("categorical_crossentropy", targets, outputs) - value_of("kl_divergence", targets, outputs)
    np.testing.assert_allclose(gap, ENTROPY, rtol=1e-12)
    assert round(float(gap[0]), 5) == 0.80182


def test_divergence_is_zero_only_where_the_prediction_is_the_target() -> None:
    rng = np.random.default_rng(2)
    targets = rng.dirichlet([1, 1, 1], 30)
    np.testing.assert_allclose(value_of("kl_divergence", targets, np.log(targets) + 5), 0, atol=1e-12)
    assert (value_of("kl_divergence", targets, np.log(targets) + rng.normal(0, 1, (30, 3))) > 1e-6).all()


@pytest.mark.parametrize("key", ["kl_divergence", "categorical_crossentropy"])
def test_soft_targets_give_the_gradient_p_minus_y(key: str) -> None:
    rng = np.random.default_rng(4)
    targets, outputs = rng.dirichlet([1, 1, 1], 20), rng.normal(0, 2, (20, 3))
    p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(central_differences(LOSSES[key], targets, outputs), p - targets, rtol=1e-5, atol=1e-8)


def test_two_class_crossentropy_is_binary_crossentropy_of_the_difference() -> None:
    rng = np.random.default_rng(5)
    z, y = rng.normal(0, 3, (50, 2)), rng.integers(0, 2, 50)
    both = value_of("categorical_crossentropy", np.eye(2)[y], z)
    np.testing.assert_allclose(value_of("binary_crossentropy", y, z[:, 1] - z[:, 0]), both, rtol=1e-10)


@pytest.mark.parametrize(
    ("several", "two", "factor"), [("focal", "binary_focal", 1), ("gce", "binary_gce", 1), ("brier", "binary_brier", 2)]
)
def test_two_columns_give_what_the_loss_of_one_logit_gives(several: str, two: str, factor: float) -> None:
    rng = np.random.default_rng(6)
    z, y = rng.normal(0, 3, (50, 2)), rng.integers(0, 2, 50)
    alone = value_of(two, y, z[:, 1] - z[:, 0])
    np.testing.assert_allclose(value_of(several, np.eye(2)[y], z), factor * alone, rtol=1e-9)


@pytest.mark.parametrize("key", ["logit_adjusted", "class_balanced"])
def test_equal_counts_leave_crossentropy_as_it_is(key: str) -> None:
    y, z = random_rows(LOSSES[key])
    values = LOSSES[key](XP, y, z, np.array([20, 20, 20, 20]))
    np.testing.assert_allclose(values, value_of("categorical_crossentropy", y, z), rtol=1e-10)


def test_class_balanced_weights_go_as_one_over_n_where_beta_goes_to_1() -> None:
    y, z = random_rows(LOSSES["class_balanced"])
    share = (1 / COUNTS[4]) / (1 / COUNTS[4]).mean()
    expected = share[y.argmax(axis=1)] * value_of("categorical_crossentropy", y, z)
    np.testing.assert_allclose(value_of("class_balanced:beta=0.999999", y, z), expected, rtol=1e-4)


@each(
    "loss",
    [one for one in fitting(Targets(kind="multiclass")) if one.key != "square_on_logits"],
    ids=lambda loss: loss.key,
)
def test_a_shift_of_all_logits_changes_nothing_but_the_square_on_them(loss: Loss) -> None:
    y, f = random_rows(loss)
    np.testing.assert_allclose(loss_of(loss, y, f + 1000), loss_of(loss, y, f), rtol=1e-9, atol=1e-14)


def test_hinge_of_all_negative_scores_is_zero_where_the_true_one_leads() -> None:
    scores = np.array([[-5.0, -1.0, -3.0]])
    assert value_of("multiclass_hinge", np.array([[0.0, 1.0, 0.0]]), scores) == [0.0]


def test_mean_brier_loss_is_the_brier_score() -> None:
    y, f = random_rows(LOSSES["brier"])
    p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    outcome = Outcome(target=y.argmax(axis=1), prediction=p.argmax(axis=1), probability=p)
    assert value_of("brier", y, f).mean() == pytest.approx(METRICS["brier"].function(np, outcome), rel=1e-12)


def test_brier_loss_of_a_certain_mistake_is_2_without_a_gradient_and_of_the_truth_0() -> None:
    y, f = np.eye(3), 1e4 * np.eye(3)
    np.testing.assert_allclose(value_of("brier", y, f), 0, atol=1e-300)
    np.testing.assert_allclose(value_of("brier", y, np.roll(f, 1, axis=1)), 2)
    np.testing.assert_array_equal(central_differences(LOSSES["brier"], y, np.roll(f, 1, axis=1)), 0)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_probability_mae_summed_over_the_labels_is_twice_k_minus_1(classes: int) -> None:
    z = np.random.default_rng(12).normal(0, 3, (30, classes))
    total = sum(LOSSES["probability_mae"](XP, np.tile(label, (30, 1)), z, None) for label in np.eye(classes))
    np.testing.assert_allclose(total, 2 * (classes - 1), rtol=1e-12)
