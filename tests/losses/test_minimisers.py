"""What losses estimate: where each is least in the mean, over the whole registry, against what its record says."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, softmax
from scipy.stats import expectile, norm

from lossterm.losses import LOSSES, Kind, Loss, Targets, fitting, loss_named, loss_recorded
from lossterm.losses.prediction_from_output import quantiles_of
from lossterm.losses.target_scaling import scaling_of
from tests.cells import each
from tests.losses import COUNTS, TABLES, XP, activated, central_differences, encoded, loss_of, random_rows

# A numeric target: the best constant

SAMPLE = np.random.default_rng(21).lognormal(0, 1, 4001)
"""Skewed: the mode is 0.37, the median 1, the mean 1.65."""

Range = tuple[float, float]


def best_constant(loss: Loss, sample: np.ndarray = SAMPLE) -> float:
    """Return the prediction, in the target's own units, that makes the mean loss least when all rows have it."""
    scale = scaling_of(loss.scale, sample)
    y = scale.scaled(sample)

    def mean(output: float) -> float:
        return float(loss_of(loss, y, np.full(len(y), output)).mean())

    inner = np.log if loss.link == "log" else np.asarray
    low, high = (float(inner(end)) for end in (max(y.min(), 1e-3) if loss.link == "log" else y.min(), y.max()))
    grid = np.linspace(low, high, 401)  # some are not convex: look everywhere first
    middle = grid[np.argmin([mean(output) for output in grid])]
    step = grid[1] - grid[0]
    output = minimize_scalar(mean, bounds=(middle - step, middle + step), method="bounded", options={"xatol": 1e-9}).x
    value = math.exp(output) if loss.link == "log" else output
    return float(scale.restored(np.array([value]))[0])


def exactly(value: float) -> Range:
    return value - 2e-3 * abs(value), value + 2e-3 * abs(value)


def weighted_median(sample: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(sample)
    return float(sample[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])


def median_to_mean(loss: Loss) -> Range:
    return float(np.median(SAMPLE)), float(SAMPLE.mean())


def mode_to_mean(loss: Loss) -> Range:
    return float(np.exp(-1)), float(SAMPLE.mean())


def within_epsilon(loss: Loss) -> Range:
    middle, width = float(np.median(SAMPLE)), float(SAMPLE.std()) * (loss.values["epsilon"] or 0)
    return middle - width, middle + width


GEOMETRIC = float(np.expm1(np.log1p(SAMPLE).mean()))

# What a record says that its loss estimates → where its best constant must be
ESTIMATES: dict[str, Callable[[Loss], Range]] = {
    "mean": lambda _: exactly(SAMPLE.mean()),
    "median": lambda _: exactly(float(np.median(SAMPLE))),
    "τ-quantile": lambda loss: exactly(float(np.quantile(SAMPLE, loss.values["tau"] or 0))),
    "τ-expectile": lambda loss: exactly(expectile(SAMPLE, loss.values["tau"])),
    "between mean and median": median_to_mean,
    "median, within ε": within_epsilon,
    "towards the mode as c shrinks": mode_to_mean,
    "mean (α = 2) to about the mode (α < 1)": mode_to_mean,
    "about the geometric mean": lambda _: exactly(GEOMETRIC),
    "exp of the mean logarithm": lambda _: exactly(GEOMETRIC),
    "a median, weighted by 1/|y|": lambda _: exactly(weighted_median(SAMPLE, 1 / SAMPLE)),
}

MORE = ("pinball:tau=0.5", "pinball:tau=0.1", "expectile:tau=0.25", "tweedie:power=1.1", "tweedie:power=1.9")
CONSTANTS = [
    *(one for one in TABLES.values() if one.reading == "value" and one.units == 1 and one.highest == math.inf),
    *(loss_named(name) for name in MORE),
]


SHARES = np.clip(np.random.default_rng(22).beta(0.5, 1.5, 4001) * 1.1 - 0.05, 0, 1)
"""Shares of which some are exactly 0 or 1."""


def test_the_best_constant_of_a_loss_of_shares_is_their_mean() -> None:
    y = SHARES
    loss = LOSSES["share_crossentropy"]
    best = minimize_scalar(lambda z: float(loss_of(loss, y, np.full(len(y), z)).mean()), bounds=(-9, 9)).x
    assert expit(best) == pytest.approx(SHARES.mean(), abs=1e-5)


def best_outputs(loss: Loss, y: np.ndarray) -> np.ndarray:
    """Return the outputs, (units,), that make the mean loss least when all rows have them."""

    def mean(outputs: np.ndarray) -> float:
        return float(loss_of(loss, y, np.tile(outputs, (len(y), 1))).mean())

    start = minimize(mean, np.full(loss.units, 0.5), method="Nelder-Mead", options={"maxiter": 4000, "fatol": 1e-12})
    return np.asarray(minimize(mean, start.x, method="BFGS").x)


@pytest.mark.parametrize("key", ["quantiles:levels=3", "free_quantiles:levels=3"])
def test_joint_quantiles_are_those_of_the_target(key: str) -> None:
    loss, y = loss_named(key), SAMPLE[:801]
    quantiles = np.asarray(quantiles_of(best_outputs(loss, y)[None], loss.beside))
    np.testing.assert_allclose(quantiles[0], np.quantile(y, [0.25, 0.5, 0.75]), atol=5e-3)


def test_quantiles_by_steps_never_cross_and_free_ones_do() -> None:
    f = np.random.default_rng(5).normal(0, 20, (500, 9))
    apart, free = (quantiles_of(f, beside) for beside in ("steps", "quantiles"))
    assert apart is not None
    assert free is not None
    assert (np.diff(apart, axis=1) >= 0).all()
    assert (np.diff(free, axis=1) < 0).any(axis=1).mean() > 0.9
    np.testing.assert_array_equal(apart[:, 4], f[:, 0])  # the median is the value
    np.testing.assert_array_equal(free[:, 4], f[:, 0])


def test_a_normal_distribution_gives_its_deciles() -> None:
    f = np.array([[1.0, math.log(math.expm1(4 - 1e-6))]])  # mean 1, variance 4
    deciles = np.asarray(quantiles_of(f, "variance"))[0]
    np.testing.assert_allclose(deciles, norm.ppf(np.arange(1, 10) / 10, 1, 2), rtol=1e-9)


def test_the_negative_binomial_finds_mean_and_dispersion_of_its_own_draws() -> None:
    stream = np.random.default_rng(4)
    y = stream.poisson(3 * stream.gamma(1 / 0.8, 0.8, 20_000)).astype(float)  # mean 3, α = 0.8
    z, raw = best_outputs(LOSSES["negative_binomial"], y)
    assert math.exp(z) == pytest.approx(y.mean(), rel=1e-3)
    assert math.log1p(math.exp(raw)) == pytest.approx(0.8, rel=0.05)


def test_the_zero_inflated_poisson_finds_mean_and_extra_zeros_of_its_own_draws() -> None:
    stream = np.random.default_rng(4)
    y = stream.poisson(4, 20_000) * (stream.random(20_000) > 0.3).astype(float)
    z, odds = best_outputs(LOSSES["zero_inflated_poisson"], y)
    assert math.exp(z) == pytest.approx(y.mean(), rel=1e-3)
    assert expit(odds) == pytest.approx(0.3, abs=0.01)


def test_the_negative_binomial_without_dispersion_is_poisson() -> None:
    y = np.random.default_rng(6).poisson(3, 40).astype(float)
    z = np.random.default_rng(7).normal(1, 1, 40)
    rows = np.stack([z, np.full(40, -1e4)], axis=1)
    np.testing.assert_allclose(
        loss_of(LOSSES["negative_binomial"], y, rows), loss_of(LOSSES["poisson"], y, z), rtol=1e-4, atol=1e-4
    )


def test_zero_inflated_poisson_without_extra_zeros_is_poisson() -> None:
    y = np.random.default_rng(6).poisson(3, 40).astype(float)
    z = np.random.default_rng(7).normal(1, 1, 40)
    rows = np.stack([z, np.full(40, -1e4)], axis=1)
    np.testing.assert_allclose(
        loss_of(LOSSES["zero_inflated_poisson"], y, rows), loss_of(LOSSES["poisson"], y, z), rtol=1e-9
    )


def test_joint_quantiles_are_about_the_continuous_ranked_probability_score() -> None:
    """Of a standard normal distribution it is known: Gneiting & Raftery 2007, equation 21."""
    loss = loss_named("free_quantiles:levels=99")
    q = norm.ppf(np.arange(1, 100) / 100)
    f = np.concatenate([q[49:], q[48::-1]])[None]
    for y in (-2.0, -0.3, 0.0, 1.5):
        expected = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / math.sqrt(math.pi)
        assert loss_of(loss, np.array([y]), f)[0] == pytest.approx(expected, abs=0.01)


def test_adjusting_logits_after_cross_entropy_is_logit_adjustment_from_another_bias() -> None:
    """Why post-hoc adjustment is left out: by gradient descent both end with the same predictions."""
    stream = np.random.default_rng(9)
    x = np.concatenate([stream.normal(size=(120, 4)), np.ones((120, 1))], axis=1)
    classes = stream.choice(3, 120, p=COUNTS[3] / COUNTS[3].sum())
    y, shift = np.eye(3)[classes], np.log(COUNTS[3] / COUNTS[3].sum())
    after, during = np.zeros((5, 3)), np.zeros((5, 3))
    during[-1] = -shift
    for _ in range(50):
        after -= 0.5 * x.T @ (softmax(x @ after, axis=1) - y) / 120
        slope = central_differences(LOSSES["logit_adjusted"], y, x @ during)
        during -= 0.5 * x.T @ slope / 120
    np.testing.assert_allclose(x @ after - shift, x @ during, atol=1e-6)


@each("loss", CONSTANTS, ids=lambda loss: loss.key)
def test_the_best_constant_is_what_the_record_says_it_estimates(loss: Loss) -> None:
    low, high = ESTIMATES[loss.estimates](loss)
    assert low <= best_constant(loss) <= high


def test_barron_goes_from_the_mean_to_about_the_mode_as_alpha_falls() -> None:
    minimisers = [best_constant(loss_named(f"barron:alpha={alpha},c=0.5")) for alpha in (2, 1.5, 1, 0, -2, -math.inf)]
    assert minimisers == sorted(minimisers, reverse=True)
    assert minimisers[0] == pytest.approx(SAMPLE.mean(), rel=1e-3)
    assert np.exp(-1) < minimisers[-1] < np.median(SAMPLE)


def test_cauchy_goes_from_the_mean_towards_the_mode_as_its_length_falls() -> None:
    minimisers = [best_constant(loss_named(f"cauchy:c={c}")) for c in (10, 1, 0.3, 0.1)]
    assert minimisers == sorted(minimisers, reverse=True)
    assert np.exp(-1) < minimisers[-1] < np.median(SAMPLE)


@pytest.mark.parametrize("name", ["gaussian_nll", "beta_nll", "beta_nll:beta=1"])
def test_mean_and_variance_leave_no_gradient_to_follow(name: str) -> None:
    y = np.random.default_rng(3).normal(1.5, 0.7, 500)
    raw = math.log(math.expm1(y.var() - 1e-6))  # softplus(raw) + 1e-6 is the variance
    gradient = central_differences(loss_named(name), y, np.tile([y.mean(), raw], (500, 1)))
    np.testing.assert_allclose(gradient.mean(axis=0), 0, atol=1e-6)


SPREAD_OUT = ("zero_inflated_poisson",)
"""Where what is least depends on the other units: with extra zeros, a count alone comes from a larger rate."""


@each(
    "loss",
    [one for one in fitting(Targets(kind="regression", lowest=1)) if one.key not in SPREAD_OUT],
    ids=lambda loss: loss.key,
)
def test_a_numeric_loss_is_least_where_the_prediction_is_the_target(loss: Loss) -> None:
    y, f = random_rows(loss)
    y = y[y != 0]
    right, wrong = f[: len(y)].copy(), f[: len(y)]
    (right[:, 0] if loss.units > 1 else right)[:] = np.log(y) if loss.link == "log" else y
    assert (loss_of(loss, y, right) <= loss_of(loss, y, wrong)).all()


# Classes: the best output where the true probabilities are known

TRUTH: dict[Kind, np.ndarray] = {"binary": np.array([0.3, 0.7]), "multiclass": np.array([0.6, 0.3, 0.1])}
CLASSIFYING = [loss for loss in TABLES.values() if loss.reading != "value"]
PROBABILISTIC = [loss for loss in CLASSIFYING if loss.probabilistic]


def best_output(loss: Loss) -> np.ndarray:
    """Return the output that makes the expected loss least where classes are drawn by TRUTH."""
    truth = TRUTH[loss.kinds[0]]
    labels = encoded(loss, np.arange(len(truth)), len(truth))

    def expected(output: np.ndarray) -> float:
        rows = np.tile(output, (len(truth), 1)) if loss.by_class else np.repeat(output, len(truth))
        return float(truth @ loss(XP, labels, rows, COUNTS[len(truth)]))

    size = len(truth) if loss.by_class else 1
    limit = 1 if loss.activation == "tanh" else 15
    start = np.full(size, 1e-3)
    smooth = minimize(expected, start, method="L-BFGS-B", bounds=[(-limit, limit)] * size, options={"ftol": 1e-15})
    rough = minimize(expected, smooth.x, method="Nelder-Mead", bounds=[(-limit, limit)] * size)
    return np.asarray(rough.x if rough.fun < smooth.fun else smooth.x)


def best_probabilities(loss: Loss) -> np.ndarray:
    output = best_output(loss)
    return np.asarray(softmax(output)) if loss.by_class else np.array([expit(-output[0]), expit(output[0])])


def normalised(weights: np.ndarray) -> np.ndarray:
    return np.asarray(weights / weights.sum())


@each("loss", PROBABILISTIC, ids=lambda loss: loss.key)
def test_a_loss_is_proper_just_where_its_record_says_so(loss: Loss) -> None:
    distance = np.abs(best_probabilities(loss) - TRUTH[loss.kinds[0]]).max()
    if loss.proper:
        assert distance < 2e-3
    else:
        assert distance > 0.02


NEUTRAL = [
    f"{loss.key}:{parameter.name}={parameter.neutral!r}"
    for loss in CLASSIFYING
    for parameter in loss.parameters
    if parameter.neutral is not None
]


@pytest.mark.parametrize("name", NEUTRAL)
def test_a_loss_is_cross_entropy_where_its_record_says_that_a_parameter_leaves_it(name: str) -> None:
    loss = loss_named(name)
    assert not loss.distorts
    y, f = random_rows(loss)
    plain = LOSSES["categorical_crossentropy" if loss.by_class else "binary_crossentropy"]
    assert loss.encoding == plain.encoding
    factor = loss.values.get("alpha") or 1  # symmetric cross-entropy keeps its weight
    np.testing.assert_allclose(loss_of(loss, y, f), factor * loss_of(plain, y, f), rtol=1e-6, atol=1e-9)


def test_losses_whose_output_is_not_known_or_whose_truth_is_not_the_least_distort() -> None:
    assert {loss.key for loss in TABLES.values() if loss.distorts} == {
        loss.key for loss in PROBABILISTIC if not loss.proper
    }
    assert loss_recorded("mine@01234567").distorts


@pytest.mark.parametrize("key", [loss.key for loss in PROBABILISTIC if loss.proper])
def test_a_proper_loss_is_least_at_the_true_probabilities_whichever_they_are(key: str) -> None:
    loss, rng = LOSSES[key], np.random.default_rng(8)
    for truth in rng.dirichlet([1, 1, 1] if loss.by_class else [1, 1], 10):
        size = len(truth)
        labels = encoded(loss, np.arange(size), size)
        true = np.log(truth) if loss.by_class else np.log(truth[1:] / truth[0])
        tried = [true, *(true + rng.normal(0, 0.5, len(true)) for _ in range(20))]
        rows = [np.tile(output, (size, 1)) if loss.by_class else np.repeat(output, size) for output in tried]
        least, *others = [float(truth @ loss(XP, labels, row, None)) for row in rows]
        assert least < min(others)


EFFECTIVE = (1 - 0.999) / (1 - 0.999 ** COUNTS[3])

# Those whose distortion has a closed form
DISTORTED: dict[str, np.ndarray] = {
    "weighted_binary_crossentropy": normalised(TRUTH["binary"] / COUNTS[2]),
    "smoothed_binary_crossentropy": 0.9 * TRUTH["binary"] + 0.1 / 2,
    "smoothed_crossentropy": 0.9 * TRUTH["multiclass"] + 0.1 / 3,
    "binary_gce": normalised(TRUTH["binary"] ** (1 / 0.3)),
    "gce": normalised(TRUTH["multiclass"] ** (1 / 0.3)),
    "logit_adjusted": normalised(TRUTH["multiclass"] / COUNTS[3]),
    "balanced_softmax": normalised(TRUTH["multiclass"] / COUNTS[3]),
    "class_balanced": normalised(TRUTH["multiclass"] * EFFECTIVE),
    "probability_mae": np.array([1.0, 0.0, 0.0]),
}


@pytest.mark.parametrize(("key", "expected"), DISTORTED.items(), ids=list(DISTORTED))
def test_probabilities_are_distorted_as_the_formula_has_it(key: str, expected: np.ndarray) -> None:
    np.testing.assert_allclose(best_probabilities(LOSSES[key]), expected, atol=2e-3)


@each("loss", CLASSIFYING, ids=lambda loss: loss.key)
def test_what_a_record_says_of_classes_and_sureness_is_true(loss: Loss) -> None:
    truth, output = TRUTH[loss.kinds[0]], best_output(loss)
    if not (loss.counted or loss.same_as):  # counts shift the classes on purpose
        assert (output.argmax() if loss.by_class else output[0] > 0) == truth.argmax()
    if "less sure" in loss.estimates or "drawn towards" in loss.estimates:
        assert best_probabilities(loss).max() < truth.max() - 0.02
    assert ("as if" in loss.estimates) == loss.counted
    assert ("sign only" in loss.estimates) == (loss.key in ("hinge", "unhinged"))
    if loss.estimates == "2p − 1, p the class probability":
        assert output[0] == pytest.approx(2 * truth[1] - 1, abs=2e-3)
    if loss.estimates == "half the log-odds of the class":
        assert output[0] == pytest.approx(math.log(truth[1] / truth[0]) / 2, abs=2e-3)
    if loss.estimates == "class probabilities, read as scores":
        assert output == pytest.approx(truth, abs=2e-3)


def test_only_the_losses_made_for_it_are_symmetric_in_the_labels() -> None:
    def total(loss: Loss) -> np.ndarray:
        """Return the sum over all labels, which random flips then cannot move (Ghosh 2017)."""
        count = 3 if loss.by_class else 2
        rng = np.random.default_rng(13)
        outputs = activated(loss, rng.normal(0, 3, (40, 3) if loss.by_class else 40))
        classes = (np.full(40, label) for label in range(count))
        values = [loss(XP, encoded(loss, one, count), outputs, COUNTS[count]) for one in classes]
        return np.asarray(np.sum(values, axis=0))

    symmetric = {loss.key for loss in CLASSIFYING if np.ptp(total(loss)) < 1e-9}
    assert symmetric == {"probability_mae", "unhinged"}
