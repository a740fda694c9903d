"""Metrics of a numeric target: y true, f predicted, both in the target's units."""

from collections.abc import Callable

from lossterm.losses import Kind
from lossterm.metrics.metric import Array, Metric, Numpy, Outcome


def _mse(np: Numpy, o: Outcome) -> float:
    return float(np.mean(np.square(o.target - o.prediction, dtype=np.float64)))


def _rmse(np: Numpy, o: Outcome) -> float:
    return float(_mse(np, o) ** 0.5)


def _mae(np: Numpy, o: Outcome) -> float:
    return float(np.mean(np.abs(o.target - o.prediction), dtype=np.float64))


def _median_ae(np: Numpy, o: Outcome) -> float:
    return float(np.median(np.abs(o.target - o.prediction)))


def _r2(np: Numpy, o: Outcome) -> float:
    if np.any(np.ptp(o.target, axis=0) == 0):
        return float("nan")
    error = np.mean(np.square(o.target - o.prediction, dtype=np.float64), axis=0)
    return float(np.mean(1 - error / np.var(o.target, axis=0, dtype=np.float64)))


def _rmsle(np: Numpy, o: Outcome) -> float:
    if np.min(o.target) < 0:
        return float("nan")
    error = np.log1p(np.maximum(o.prediction, 0)) - np.log1p(o.target)  # a prediction below 0 counts as 0
    return float(np.mean(np.square(error, dtype=np.float64)) ** 0.5)


def _explained(np: Numpy, o: Outcome, deviance: Callable[[Array, Array], Array]) -> float:
    """Return D²: the share of the deviance of the mean that the predictions explain."""
    if np.min(o.target) < 0 or np.ptp(o.target) == 0:
        return float("nan")
    predicted = np.maximum(o.prediction, np.finfo(np.float32).eps)
    constant = np.full(len(o.target), np.mean(o.target, dtype=np.float64))
    left, whole = (np.mean(deviance(o.target, one), dtype=np.float64) for one in (predicted, constant))
    return float(1 - left / whole)


def _d2_poisson(np: Numpy, o: Outcome) -> float:
    def deviance(y: Array, f: Array) -> Array:
        return y * np.log(np.where(y > 0, y / f, 1)) - y + f  # 0·ln 0 = 0

    return _explained(np, o, deviance)


def _d2_tweedie(np: Numpy, o: Outcome) -> float:
    def deviance(y: Array, f: Array) -> Array:
        return 4 * np.square(np.sqrt(f) - np.sqrt(y)) / np.sqrt(f)  # the general form at p = 1.5

    return _explained(np, o, deviance)


_NUMBERS: tuple[Kind, ...] = ("regression", "multioutput")

REGRESSION = (
    Metric(
        key="mae",
        title="mean absolute error",
        kinds=_NUMBERS,
        direction="min",
        rope=0.01,
        relative=True,
        power=1,
        constant="median",
        formula="mean |f − y|",
        source="Willmott & Matsuura 2005",
        function=_mae,
    ),
    Metric(
        key="mse",
        title="mean squared error",
        kinds=_NUMBERS,
        direction="min",
        rope=0.02,
        relative=True,
        power=2,
        formula="mean (f − y)²",
        source="Gauss 1823, Theoria combinationis",
        function=_mse,
    ),
    Metric(
        key="rmse",
        title="root mean squared error",
        kinds=_NUMBERS,
        direction="min",
        rope=0.01,
        relative=True,
        power=1,
        formula="√ mean (f − y)²",
        source="Gauss 1823, Theoria combinationis",
        function=_rmse,
    ),
    Metric(
        key="r2",
        signed=True,
        title="coefficient of determination",
        kinds=_NUMBERS,
        direction="max",
        formula="1 − Σ(f − y)² / Σ(y − ȳ)²; of several outputs, the mean of theirs",
        undefined="all targets of the test rows are equal",
        source="Wright 1921, Correlation and Causation",
        function=_r2,
    ),
    Metric(
        key="median_ae",
        title="median absolute error",
        kinds=("regression",),
        direction="min",
        rope=0.01,
        relative=True,
        power=1,
        constant="median",
        formula="median |f − y|",
        source="Hampel 1974, for the median of absolute deviations",
        function=_median_ae,
    ),
    Metric(
        key="rmsle",
        title="root mean squared logarithmic error",
        kinds=("regression",),
        direction="min",
        lowest=0,
        rope=0.01,
        relative=True,
        constant="exp of the mean logarithm",
        formula="√ mean (ln(1+f) − ln(1+y))², f below 0 taken for 0",
        source="RMSE after log1p; scikit-learn, root_mean_squared_log_error",
        function=_rmsle,
    ),
    Metric(
        key="d2_poisson",
        signed=True,
        title="share of Poisson deviance explained (counts)",
        kinds=("regression",),
        direction="max",
        lowest=0,
        formula="1 − D(f)/D(ȳ), D = mean 2(y·ln(y/f) − y + f), f ≥ 1.2e-7",
        source="Cameron & Windmeijer 1996, R-squared for count data; Hastie et al. 2015, eq. 3.11",
        function=_d2_poisson,
    ),
    Metric(
        key="d2_tweedie",
        signed=True,
        title="share of Tweedie deviance explained (amounts)",
        kinds=("regression",),
        direction="max",
        lowest=0,
        formula="1 − D(f)/D(ȳ), D = mean 4(√y − √f)²/√f, of p = 1.5",
        source="Jørgensen 1987, Exponential Dispersion Models; Hastie et al. 2015, eq. 3.11",
        function=_d2_tweedie,
    ),
)
