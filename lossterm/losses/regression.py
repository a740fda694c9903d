"""Losses for a numeric target of any sign: one linear unit, target y and output f of shape (rows,), e = f − y.

The target is standardised on the training rows, so that a length such as δ is in its standard deviations.
"""

from lossterm.losses.equivalent import Equivalent, FalseFriend, keras, pytorch
from lossterm.losses.foreign_parameter import ForeignParameter
from lossterm.losses.loss import QUANTILE, Array, Loss, Namespace, Parameter


def squared_error(xp: Namespace, y: Array, f: Array) -> Array:
    """e²."""
    return xp.square(f - y)


def absolute_error(xp: Namespace, y: Array, f: Array) -> Array:
    """|e|."""
    return xp.abs(f - y)


def pinball(xp: Namespace, y: Array, f: Array, *, tau: float) -> Array:
    """max(τr, (τ − 1)r), r = y − f."""
    return xp.maximum(tau * (y - f), (tau - 1) * (y - f))


def expectile(xp: Namespace, y: Array, f: Array, *, tau: float) -> Array:
    """|τ − 1[r < 0]|·r², r = y − f."""
    return xp.where(y < f, 1 - tau, tau) * xp.square(y - f)


def gaussian_nll(xp: Namespace, y: Array, f: Array) -> Array:
    """½(ln v + e²/v), v = softplus(f₂) + 1e-6."""
    variance = variance_of(xp, f)
    return 0.5 * (xp.log(variance) + xp.square(f[:, 0] - y) / variance)


def beta_nll(xp: Namespace, y: Array, f: Array, *, beta: float) -> Array:
    """Gaussian NLL × v^β, without a gradient through that factor."""
    return xp.power(xp.stop_gradient(variance_of(xp, f)), beta) * gaussian_nll(xp, y, f)


def variance_of(xp: Namespace, f: Array) -> Array:
    """Return softplus(f₂) + 1e-6, (rows,)."""
    return xp.softplus(f[:, 1]) + 1e-6


def _pinball_elsewhere(tau: float) -> tuple[Equivalent, ...]:
    return (keras("MeanAbsoluteError", factor=0.5), pytorch("L1Loss", factor=0.5)) if tau == 0.5 else ()


def _expectile_elsewhere(tau: float) -> tuple[Equivalent, ...]:
    return (keras("MeanSquaredError", factor=0.5), pytorch("MSELoss", factor=0.5)) if tau == 0.5 else ()


_VARIANCE = (
    ForeignParameter(names=("eps", "epsilon"), why="the variance here is always at least 1e-6"),
    ForeignParameter(names=("full",), why="the term that full=True adds is constant, so it changes nothing"),
)


def _gaussian_elsewhere() -> tuple[Equivalent, ...]:
    return (pytorch("GaussianNLLLoss", full=(False, False), eps=(1e-6, 1e-6), on="f and the variance v"),)


REGRESSION = (
    Loss(
        key="mse",
        title="mean squared error",
        kinds=("regression",),
        function=squared_error,
        formula="e²",
        estimates="mean",
        reading="value",
        encoding="value",
        valid="any y",
        large_errors="gradient 2e, unbounded: one far row can outweigh a batch",
        use_when="noise is roughly normal; the reference that every other loss has to beat",
        avoid_when="the target has outliers or heavy tails",
        elsewhere=(keras("MeanSquaredError"), pytorch("MSELoss")),
        aliases=("l2", "squared_error"),
        usual=True,
        references=("Gauss 1809, Theoria motus corporum coelestium",),
    ),
    Loss(
        key="mae",
        title="mean absolute error",
        kinds=("regression",),
        function=absolute_error,
        formula="|e|",
        estimates="median",
        reading="value",
        encoding="value",
        valid="any y",
        large_errors="gradient ±1 at any distance",
        use_when="the target has outliers, or the median is what you want",
        avoid_when="the mean is what you need, or very small errors must still be reduced",
        elsewhere=(keras("MeanAbsoluteError"), pytorch("L1Loss")),
        aliases=("l1", "absolute_error"),
        usual=True,
        references=("Laplace 1774; Huber 1981, Robust Statistics",),
    ),
    Loss(
        key="pinball",
        title="pinball (quantile) loss",
        kinds=("regression",),
        function=pinball,
        formula="max(τr, (τ−1)r), r = y − f",
        estimates=QUANTILE,
        reading="value",
        encoding="value",
        valid="any y",
        parameters=(
            Parameter(
                name="tau",
                default=0.9,
                low=0,
                high=1,
                open=True,
                meaning="τ, the quantile wanted",
                aliases=("q", "quantile", "alpha"),
            ),
        ),
        large_errors="gradient −τ above, 1 − τ below, at any distance",
        use_when="a bound is wanted that a share τ of targets stays under; rank by the pinball metric of that τ",
        avoid_when="the mean or the median is wanted: RMSE and MAE do not measure a quantile",
        elsewhere=_pinball_elsewhere,
        aliases=("quantile", "quantile_loss"),
        references=("Koenker & Bassett 1978, Regression Quantiles",),
    ),
    Loss(
        key="expectile",
        title="expectile loss",
        kinds=("regression",),
        function=expectile,
        formula="|τ − 1[r<0]|·r², r = y − f",
        estimates="τ-expectile",
        reading="value",
        encoding="value",
        valid="any y",
        parameters=(
            Parameter(
                name="tau",
                default=0.9,
                low=0,
                high=1,
                open=True,
                meaning="τ, weight of rows above f",
                aliases=("alpha", "expectile"),
            ),
        ),
        large_errors="gradient grows with e, steeper on one side",
        use_when="being too low costs more than being too high, or the reverse, and the cost grows with the square",
        avoid_when="the target has outliers, or a quantile is what is meant",
        elsewhere=_expectile_elsewhere,
        references=("Newey & Powell 1987, Asymmetric Least Squares",),
    ),
    Loss(
        key="gaussian_nll",
        title="Gaussian negative log-likelihood",
        kinds=("regression",),
        function=gaussian_nll,
        formula="½(ln v + e²/v), v = softplus(f₂) + 1e-6",
        estimates="mean and variance",
        reading="value",
        units=2,
        beside="variance",
        encoding="value",
        valid="any y",
        foreign_parameters=_VARIANCE,
        large_errors="gradient e/v: large where a small variance was claimed",
        use_when="the noise differs from row to row and its size is wanted too",
        avoid_when="the mean alone is wanted: rows that are hard at first are given up as noise",
        elsewhere=_gaussian_elsewhere,
        false_friends=(
            FalseFriend(
                name="torch.nn.NLLLoss",
                why="is cross-entropy of log-probabilities of classes",
            ),
        ),
        aliases=("nll",),
        references=("Nix & Weigend 1994, Estimating the mean and variance of the target probability distribution",),
    ),
    Loss(
        key="beta_nll",
        title="β-NLL",
        kinds=("regression",),
        function=beta_nll,
        formula="v^β·½(ln v + e²/v), no gradient through v^β",
        estimates="mean and variance",
        reading="value",
        units=2,
        beside="variance",
        encoding="value",
        valid="any y",
        foreign_parameters=_VARIANCE,
        parameters=(
            Parameter(
                name="beta", default=0.5, low=0, high=1, meaning="β: 0 is the Gaussian NLL, 1 gives MSE's gradient"
            ),
        ),
        large_errors="gradient v^(β−1)·e: between that of the Gaussian NLL and of MSE",
        use_when="mean and variance are wanted, and the Gaussian NLL fits the mean badly",
        avoid_when="the mean alone is wanted",
        elsewhere=lambda beta: () if beta else _gaussian_elsewhere(),
        references=("Seitzer et al. 2022, On the pitfalls of heteroscedastic uncertainty estimation",),
    ),
)
