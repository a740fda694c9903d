"""Value and gradient of every loss against an independent source: scikit-learn's own, or closed forms written anew."""

import math
from collections.abc import Callable
from functools import partial
from itertools import product

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import digamma, expit, gammaln, softmax
from scipy.stats import norm
from sklearn._loss import loss as sklearn_loss

from lossterm.losses import LOSSES, Loss, loss_named
from tests.cells import each
from tests.losses import COUNTS, TABLES, XP, central_differences, loss_of, random_rows

Found = tuple[np.ndarray, np.ndarray]
Oracle = Callable[..., Found]
"""`(targets, outputs, **parameters) -> loss of each row, its gradient`; targets are as the record's encoding says."""


def from_sklearn(name: str, y: np.ndarray, f: np.ndarray, factor: float = 1.0, **settings: float) -> Found:
    made = getattr(sklearn_loss, name)(**settings)
    value, gradient = made.loss_gradient(y_true=y.astype(float), raw_prediction=np.ascontiguousarray(f))
    return factor * value, factor * gradient


def by_row(one: Callable[..., tuple[float, float]]) -> Oracle:
    """Return the oracle of a loss given as `(target, output, **parameters) -> value, slope` of plain numbers."""

    def oracle(y: np.ndarray, f: np.ndarray, **parameters: float) -> Found:
        pairs = [one(float(a), float(b), **parameters) for a, b in zip(y, f, strict=True)]
        return np.array([value for value, _ in pairs]), np.array([slope for _, slope in pairs])

    return oracle


def by_error(one: Callable[..., tuple[float, float]]) -> Oracle:
    return by_row(lambda y, f, **parameters: one(f - y, **parameters))


# Regression


def expectile(e: float, tau: float) -> tuple[float, float]:
    return ((1 - tau) * e * e, 2 * (1 - tau) * e) if e > 0 else (tau * e * e, 2 * tau * e)


def gaussian(y: np.ndarray, f: np.ndarray, beta: float = 0.0) -> Found:
    variance = np.log(1 + np.exp(f[:, 1])) + 1e-6
    likelihood = norm.logpdf(y, f[:, 0], np.sqrt(variance)) + 0.5 * math.log(2 * math.pi)
    error = f[:, 0] - y
    slopes = [error / variance, 0.5 * (1 / variance - error**2 / variance**2) * expit(f[:, 1])]
    return -likelihood * variance**beta, np.stack(slopes, axis=1) * variance[:, None] ** beta


def pseudo_huber(e: float, delta: float) -> tuple[float, float]:
    return delta * math.hypot(delta, e) - delta**2, delta * e / math.hypot(delta, e)


def epsilon_insensitive(e: float, epsilon: float) -> tuple[float, float]:
    return (abs(e) - epsilon, math.copysign(1, e)) if abs(e) > epsilon else (0.0, 0.0)


def fair(e: float, c: float) -> tuple[float, float]:
    return c * abs(e) - c**2 * math.log((c + abs(e)) / c), c * e / (c + abs(e))


def cauchy(e: float, c: float) -> tuple[float, float]:
    return c**2 * math.log(math.hypot(c, e) / c), e / (1 + (e / c) ** 2)


def barron(e: float, alpha: float, c: float) -> tuple[float, float]:
    """The cases of Barron 2019, equations 8 and 9 (value) and 10 (slope)."""
    x = (e / c) ** 2
    if alpha == 2:
        return x / 2, e / c**2
    if alpha == 0:
        return math.log(x / 2 + 1), 2 * e / (e**2 + 2 * c**2)
    if alpha == -math.inf:
        return 1 - math.exp(-x / 2), e / c**2 * math.exp(-x / 2)
    bend = abs(alpha - 2)
    return bend / alpha * ((x / bend + 1) ** (alpha / 2) - 1), e / c**2 * (x / bend + 1) ** (alpha / 2 - 1)


def msle(y: float, z: float) -> tuple[float, float]:
    ratio = math.log((1 + math.exp(z)) / (1 + y))
    return ratio**2, 2 * ratio * math.exp(z) / (1 + math.exp(z))


def clipped_msle(y: float, f: float) -> tuple[float, float]:
    gap = math.log(1 + max(f, 1e-7)) - math.log(1 + max(y, 1e-7))
    return gap * gap, 2 * gap / (1 + f) if f > 1e-7 else 0.0


def mape(y: float, f: float) -> tuple[float, float]:
    return abs(f / y - 1), math.copysign(1, f / y - 1) / y


# Two classes: σ(z) as the probability of class 1, p_t from it


def of_true_class(one: Callable[..., tuple[float, float]]) -> Oracle:
    """Return the oracle of `(p_t, **parameters) -> value, dL/dp_t`, for a logit and labels 0 and 1."""

    def row(y: float, z: float, **parameters: float) -> tuple[float, float]:
        sign = 1 if y else -1
        right = 1 / (1 + math.exp(-sign * z))
        value, slope = one(right, **parameters)
        return value, sign * slope * right * (1 - right)

    return by_row(row)


def weighted(y: np.ndarray, z: np.ndarray, weight: float | None) -> Found:
    balanced = COUNTS[2].sum() / (2 * COUNTS[2])
    weights = balanced if weight is None else np.array([1, weight])
    value, gradient = from_sklearn("HalfBinomialLoss", y, z)
    return value * weights[y.astype(int)], gradient * weights[y.astype(int)]


def smoothed_binary(y: np.ndarray, z: np.ndarray, epsilon: float) -> Found:
    (value, gradient), (half_value, half_gradient) = (
        from_sklearn("HalfBinomialLoss", labels, z) for labels in (y, np.full_like(y, 0.5))
    )
    return (1 - epsilon) * value + epsilon * half_value, (1 - epsilon) * gradient + epsilon * half_gradient


def focal(p: float, gamma: float) -> tuple[float, float]:
    return -((1 - p) ** gamma) * math.log(p), gamma * (1 - p) ** (gamma - 1) * math.log(p) - (1 - p) ** gamma / p


def generalized(p: float, q: float) -> tuple[float, float]:
    return (1 - p**q) / q, -(p ** (q - 1))


def hinge(power: int, y: float, f: float) -> tuple[float, float]:
    short = 1 - y * f
    if short <= 0:
        return 0.0, 0.0
    return (short, -y) if power == 1 else (short**2, -2 * y * short)


def modified_huber(y: float, f: float) -> tuple[float, float]:
    return (-4 * y * f, -4 * y) if y * f < -1 else hinge(2, y, f)


# Counts, shares, quantiles


def negative_binomial(y: float, z: float, raw: float) -> tuple[float, list[float]]:
    """By way of SciPy's gamma functions, of any y: NB2 of mean μ and dispersion α, without Γ(y + 1)."""
    mean, alpha = math.exp(z), math.log1p(math.exp(raw)) + 1e-6
    r = 1 / alpha
    value = gammaln(r) - gammaln(y + r) + r * math.log(1 + alpha * mean) + y * math.log((1 + alpha * mean) / alpha)
    by_r = digamma(r) - digamma(y + r) + math.log1p(alpha * mean) - alpha * (mean - y) / (1 + alpha * mean)
    return value - y * z, [(mean - y) / (1 + alpha * mean), -by_r * r * r * float(expit(raw))]


def zero_inflated(y: float, z: float, raw: float) -> tuple[float, list[float]]:
    extra = float(expit(raw))
    rate = math.exp(z) / (1 - extra)
    if y > 0:
        return rate - y * math.log(rate) - math.log(1 - extra), [rate - y, (rate - y) * extra + extra]
    none = extra + (1 - extra) * math.exp(-rate)
    by_rate, by_extra = (1 - extra) * math.exp(-rate) / none, -(1 - math.exp(-rate)) / none
    return -math.log(none), [by_rate * rate, by_rate * rate * extra + by_extra * extra * (1 - extra)]


def of_two_units(one: Callable[[float, float, float], tuple[float, list[float]]]) -> Oracle:
    def oracle(y: np.ndarray, f: np.ndarray) -> Found:
        pairs = [one(float(a), float(b), float(c)) for a, (b, c) in zip(y, f, strict=True)]
        return np.array([value for value, _ in pairs]), np.array([slope for _, slope in pairs])

    return oracle


def several_quantiles(apart: bool) -> Oracle:
    """Scikit-learn's pinball losses of each quantile, and their gradients by the chain rule."""

    def oracle(y: np.ndarray, f: np.ndarray, levels: float) -> Found:
        half = int(levels) // 2
        inner = np.zeros((f.shape[1], f.shape[1]))  # how quantile (row) moves with unit (column) where all add up
        inner[:, 0] = 1
        for k in range(1, half + 1):
            inner[half + k, 1 : k + 1], inner[half - k, half + 1 : half + k + 1] = 1, -1
        if not apart:
            inner = np.zeros_like(inner)
            for k in range(half + 1):
                inner[half + k, k] = 1
                inner[half - k, half + k if k else 0] = 1
        inner[half, 0] = 1
        steps = np.concatenate([f[:, :1], np.log1p(np.exp(f[:, 1:])) / half if apart else f[:, 1:]], axis=1)
        slope_of_step = np.concatenate([np.ones((len(f), 1)), expit(f[:, 1:]) / half], axis=1) if apart else 1.0
        q = steps @ inner.T
        value, gradient = np.zeros(len(y)), np.zeros_like(f)
        for place in range(int(levels)):
            one, slope = from_sklearn("PinballLoss", y, q[:, place], quantile=(place + 1) / (levels + 1))
            value += 2 / (levels + 1) * one
            gradient += 2 / (levels + 1) * slope[:, None] * inner[place]
        return value, gradient * slope_of_step

    return oracle


# Several classes


def multinomial(y: np.ndarray, z: np.ndarray) -> Found:
    target = y.argmax(axis=1) if y.ndim == 2 else y
    return from_sklearn("HalfMultinomialLoss", target, z, n_classes=z.shape[1])


def of_true_probability(one: Callable[..., tuple[float, float]]) -> Oracle:
    """Return the oracle of `(p_t, **parameters) -> value, dL/dp_t`, for logits and one-hot labels."""

    def oracle(y: np.ndarray, z: np.ndarray, **parameters: float) -> Found:
        p = softmax(z, axis=1)
        right = p[y == 1]
        pairs = [one(float(probability), **parameters) for probability in right]
        slope = np.array([slope for _, slope in pairs]) * right
        return np.array([value for value, _ in pairs]), slope[:, None] * (y - p)

    return oracle


def smoothed(y: np.ndarray, z: np.ndarray, epsilon: float) -> Found:
    value, gradient = multinomial(y, z)
    others = [multinomial(np.full(len(z), k), z) for k in range(z.shape[1])]
    mean_value, mean_gradient = (np.mean([other[part] for other in others], axis=0) for part in (0, 1))
    return (1 - epsilon) * value + epsilon * mean_value, (1 - epsilon) * gradient + epsilon * mean_gradient


def brier(y: np.ndarray, f: np.ndarray) -> Found:
    p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    gap = p - y
    return (gap**2).sum(axis=1), 2 * p * (gap - (gap * p).sum(axis=1, keepdims=True))


def multiclass_hinge(y: np.ndarray, z: np.ndarray) -> Found:
    value, gradient = np.zeros(len(z)), np.zeros_like(z)
    for row, (label, scores) in enumerate(zip(y.argmax(axis=1), z, strict=True)):
        rival = max((k for k in range(len(scores)) if k != label), key=lambda k: scores[k])
        short = 1 + scores[rival] - scores[label]
        if short > 0:
            value[row], gradient[row, rival], gradient[row, label] = short, 1, -1
    return value, gradient


def logit_adjusted(y: np.ndarray, z: np.ndarray, tau: float) -> Found:
    shares = COUNTS[z.shape[1]] / COUNTS[z.shape[1]].sum()
    return multinomial(y, z + np.log(shares**tau))


def class_balanced(y: np.ndarray, z: np.ndarray, beta: float) -> Found:
    """Weights by the effective number of rows, 1 + β + β² + … of n terms."""
    weights = np.array([1 / sum(beta**power for power in range(n)) for n in COUNTS[z.shape[1]]])
    own = (weights / weights.mean())[y.argmax(axis=1)]
    value, gradient = multinomial(y, z)
    return own * value, own[:, None] * gradient


def bi_tempered(y: np.ndarray, z: np.ndarray, t1: float, t2: float) -> Found:
    """Amid et al. 2019, equation 6, with the normaliser of their equation 5 found by bracketing."""
    p = np.array([tempered_softmax(row, t2) for row in z])
    right = p[y == 1]
    surprise = -np.log(right) if t1 == 1 else -(right ** (1 - t1) - 1) / (1 - t1)
    value = surprise - (1 - (p ** (2 - t1)).sum(axis=1)) / (2 - t1)
    escort = p**t2 / (p**t2).sum(axis=1, keepdims=True)
    pull = p ** (t2 - t1) * (p - y)
    return value, pull - escort * pull.sum(axis=1, keepdims=True)


def tempered_softmax(z: np.ndarray, t: float) -> np.ndarray:
    if t == 1:
        return np.asarray(softmax(z))

    def powers(normaliser: float) -> np.ndarray:
        return np.asarray((1 + (t - 1) * (normaliser - z)) ** (-1 / (t - 1)))

    top, widest = z.max(), (len(z) ** (t - 1) - 1) / (t - 1)  # λ − max z is 0 where one class has all, most where even
    return powers(
        brentq(lambda normaliser: powers(normaliser).sum() - 1, top, top + widest + 1, xtol=1e-14, rtol=1e-15)
    )


def ldam(y: np.ndarray, z: np.ndarray, margin: float) -> Found:
    """As the authors write it: the logit of the true class is less by its margin (Cao et al. 2019, equation 12)."""
    roots = COUNTS[z.shape[1]] ** 0.25
    needed = margin * roots.min() / roots
    return multinomial(y, np.ascontiguousarray(np.where(y == 1, z - needed, z)))


def mixture(p: float, ce: float, linear: float) -> tuple[float, float]:
    """a·CE + b·(1 − p_t)."""
    return -ce * math.log(p) + linear * (1 - p), -ce / p - linear


ORACLES: dict[str, Oracle] = {
    "mse": partial(from_sklearn, "HalfSquaredError", factor=2),
    "mae": partial(from_sklearn, "AbsoluteError"),
    "pinball": lambda y, f, tau: from_sklearn("PinballLoss", y, f, quantile=tau),
    "expectile": by_error(expectile),
    "gaussian_nll": gaussian,
    "beta_nll": gaussian,
    "huber": partial(from_sklearn, "HuberLoss"),
    "log_cosh": by_error(lambda e: (math.log(math.cosh(e)), math.tanh(e))),
    "pseudo_huber": by_error(pseudo_huber),
    "epsilon_insensitive": by_error(epsilon_insensitive),
    "fair": by_error(fair),
    "cauchy": by_error(cauchy),
    "barron": by_error(barron),
    "msle": by_row(msle),
    "log1p_mse": partial(from_sklearn, "HalfSquaredError", factor=2),
    "mape": by_row(mape),
    "poisson": partial(from_sklearn, "HalfPoissonLoss"),
    "gamma": partial(from_sklearn, "HalfGammaLoss"),
    "tweedie": partial(from_sklearn, "HalfTweedieLoss"),
    "negative_binomial": of_two_units(negative_binomial),
    "zero_inflated_poisson": of_two_units(zero_inflated),
    "share_crossentropy": partial(from_sklearn, "HalfBinomialLoss"),
    "quantiles": several_quantiles(apart=True),
    "free_quantiles": several_quantiles(apart=False),
    "binary_crossentropy": partial(from_sklearn, "HalfBinomialLoss"),
    "weighted_binary_crossentropy": weighted,
    "smoothed_binary_crossentropy": smoothed_binary,
    "binary_focal": of_true_class(focal),
    "binary_brier": of_true_class(lambda p: ((1 - p) ** 2, -2 * (1 - p))),
    "binary_gce": of_true_class(generalized),
    "hinge": by_row(partial(hinge, 1)),
    "squared_hinge": by_row(partial(hinge, 2)),
    "modified_huber": by_row(modified_huber),
    "exponential": lambda y, f: from_sklearn("ExponentialLoss", (y + 1) / 2, f),
    "unhinged": by_row(lambda y, f: (1 - y * f, -y)),
    "categorical_crossentropy": multinomial,
    "sparse_categorical_crossentropy": multinomial,
    "kl_divergence": multinomial,  # its entropy is 0 for one-hot targets
    "smoothed_crossentropy": smoothed,
    "focal": of_true_probability(focal),
    "brier": brier,
    "poly1": of_true_probability(lambda p, epsilon: mixture(p, 1, epsilon)),
    "square_on_logits": lambda y, z: (((z - y) ** 2).sum(axis=1), 2 * z - 2 * y),
    "multiclass_hinge": multiclass_hinge,
    "logit_adjusted": logit_adjusted,
    "class_balanced": class_balanced,
    "probability_mae": of_true_probability(lambda p: mixture(p, 0, 2)),
    "gce": of_true_probability(generalized),
    "sce": of_true_probability(lambda p, alpha, beta: mixture(p, alpha, 4 * beta)),
    "bi_tempered": bi_tempered,
    "ldam": ldam,
    "balanced_softmax": lambda y, z: logit_adjusted(y, z, tau=1),
}

ORACLES_UNDER: dict[tuple[str, str], Oracle] = {
    ("msle", "tutorial"): by_row(clipped_msle),
    ("hinge", "tutorial"): ORACLES["hinge"],
    ("squared_hinge", "tutorial"): ORACLES["squared_hinge"],
}

# Every parameter away from its default, and wherever a function branches on it
SPELLED = (
    "pinball:tau=0.25",
    "expectile:tau=0.25",
    "beta_nll:beta=0",
    "beta_nll:beta=1",
    "huber:delta=0.25",
    "huber:delta=4",
    "pseudo_huber:delta=0.25",
    "pseudo_huber:delta=4",
    "epsilon_insensitive:epsilon=0",
    "epsilon_insensitive:epsilon=1.5",
    "fair:c=0.25",
    "fair:c=4",
    "cauchy:c=0.25",
    "cauchy:c=4",
    "barron:alpha=2,c=3",
    "barron:alpha=1.5",
    "barron:alpha=0",
    "barron:alpha=-2,c=0.5",
    "barron:alpha=-inf",
    "barron:alpha=4",
    "tweedie:power=1.1",
    "tweedie:power=1.9",
    "quantiles:levels=3",
    "quantiles:levels=19",
    "free_quantiles:levels=3",
    "weighted_binary_crossentropy:weight=0.3",
    "weighted_binary_crossentropy:weight=7",
    "smoothed_binary_crossentropy:epsilon=0.5",
    "binary_focal:gamma=0.5",
    "binary_focal:gamma=5",
    "binary_gce:q=0.1",
    "binary_gce:q=1",
    "smoothed_crossentropy:epsilon=0.5",
    "focal:gamma=0.5",
    "focal:gamma=5",
    "poly1:epsilon=-1",
    "poly1:epsilon=3",
    "logit_adjusted:tau=0.5",
    "logit_adjusted:tau=2",
    "class_balanced:beta=0",
    "class_balanced:beta=0.9",
    "gce:q=0.1",
    "gce:q=1",
    "sce:alpha=2,beta=0.5",
    "bi_tempered:t1=0",
    "bi_tempered:t1=1,t2=1",
    "bi_tempered:t1=0.5,t2=1",
    "bi_tempered:t1=1,t2=2",
    "bi_tempered:t2=4",
    "ldam:margin=0",
    "ldam:margin=3",
)

CASES = {name: (loss_named(name), ORACLES[loss_named(name).base]) for name in (*ORACLES, *SPELLED)}
CASES |= {f"{key} under {by}": (LOSSES[key].under(by), oracle) for (key, by), oracle in ORACLES_UNDER.items()}
every_case = each(("loss", "oracle"), CASES.values(), ids=list(CASES))


def test_every_loss_has_an_oracle() -> None:
    assert list(ORACLES) == list(TABLES)
    assert set(ORACLES_UNDER) == {(loss.key, one.protocol) for loss in TABLES.values() for one in loss.variants}


def test_every_parameter_is_tried_away_from_its_default() -> None:
    tried = {(loss.base, name) for loss, _ in CASES.values() for name, _ in loss.settings}
    assert tried == {(loss.key, one.name) for loss in TABLES.values() for one in loss.parameters}


@every_case
def test_value_is_the_oracles_and_in_single_precision_to_its_digits(loss: Loss, oracle: Oracle) -> None:
    y, f = random_rows(loss)
    expected = oracle(y, f, **loss.values)[0]
    np.testing.assert_allclose(loss_of(loss, y, f), expected, rtol=1e-10, atol=1e-12)
    single = y if loss.encoding == "index" else y.astype(np.float32)
    np.testing.assert_allclose(loss_of(loss, single, f.astype(np.float32)), expected, rtol=3e-5, atol=3e-5)


@every_case
def test_gradient_by_central_differences_is_the_oracles(loss: Loss, oracle: Oracle) -> None:
    y, f = random_rows(loss)
    expected = oracle(y, f, **loss.values)[1]
    np.testing.assert_allclose(central_differences(loss, y, f), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("t2", [1.01, 1.2, 2, 3, 4])
def test_tempered_softmax_converges_in_its_few_steps(t2: float) -> None:
    loss, rng = loss_named(f"bi_tempered:t2={t2}"), np.random.default_rng(5)
    for classes, spread in product([3, 10, 100], [0, 1, 30, 1e4]):
        z, y = spread * rng.normal(size=(20, classes)), np.eye(classes)[np.arange(20) % classes]
        np.testing.assert_allclose(loss(XP, y, z), bi_tempered(y, z, t1=0.8, t2=t2)[0], rtol=1e-9, atol=1e-12)
