"""Losses for a target that is never negative: counts, prices, durations. One linear unit, output z of shape (rows,).

If the record's link is log, the predicted value is exp(z), in the unit that its scale says.
"""

from lossterm.losses.equivalent import FalseFriend, keras, pytorch
from lossterm.losses.foreign_parameter import ForeignParameter
from lossterm.losses.loss import GEOMETRIC_MEAN, LOG_MEAN, Array, Loss, Namespace, Parameter, Variant
from lossterm.losses.regression import squared_error


def squared_log_error(xp: Namespace, y: Array, z: Array) -> Array:
    """(ln(1 + exp z) − ln(1 + y))², the first term as softplus(z)."""
    return xp.square(xp.softplus(z) - xp.log1p(y))


def clipped_squared_log_error(xp: Namespace, y: Array, f: Array) -> Array:
    """(ln(1 + f) − ln(1 + y))², with y and f clipped to at least 1e-7 as Keras does."""
    return xp.square(xp.log1p(xp.maximum(f, 1e-7)) - xp.log1p(xp.maximum(y, 1e-7)))


def absolute_percentage_error(xp: Namespace, y: Array, f: Array) -> Array:
    """|(f − y)/y|: the fraction, since a hundred times as large a gradient asks for rates that suit no other loss."""
    return xp.abs((f - y) / y)


def poisson(xp: Namespace, y: Array, z: Array) -> Array:
    """exp(z) − y·z: the negative log-likelihood of a count, without the terms that do not depend on z."""
    return xp.exp(z) - y * z


def gamma(xp: Namespace, y: Array, z: Array) -> Array:
    """y·exp(−z) + z."""
    return y * xp.exp(-z) + z


def tweedie(xp: Namespace, y: Array, z: Array, *, power: float) -> Array:
    """−y·f^(1−p)/(1−p) + f^(2−p)/(2−p), f = exp(z); the first term is 0 at y = 0, however small f is."""
    seen = xp.where(y > 0, z, 0)
    return xp.exp((2 - power) * z) / (2 - power) - y * xp.exp((1 - power) * seen) / (1 - power)


POSITIVE = (
    Loss(
        key="msle",
        title="mean squared logarithmic error",
        kinds=("regression",),
        function=squared_log_error,
        formula="(ln(1+f) − ln(1+y))², f = exp(z)",
        estimates=GEOMETRIC_MEAN,
        reading="value",
        encoding="value",
        scale="raw",
        link="log",
        valid="y ≥ 0",
        lowest=0,
        large_errors="gradient grows with the logarithm of the ratio only",
        use_when="targets are positive, span orders of magnitude, and ratios matter",
        avoid_when="targets can be negative or are standardised, or sums and means matter",
        elsewhere=(keras("MeanSquaredLogarithmicError", on="exp(z)", clips=True),),
        references=("Keras, keras.losses.MeanSquaredLogarithmicError",),
        variants=(
            Variant(
                protocol="tutorial",
                note="on a standardised target every negative value is clipped to 0 and any f ≤ 0 has no gradient",
                function=clipped_squared_log_error,
                elsewhere=(keras("MeanSquaredLogarithmicError"),),
                link="identity",
                lowest=float("-inf"),
            ),
        ),
    ),
    Loss(
        key="log1p_mse",
        title="squared error after log1p",
        kinds=("regression",),
        function=squared_error,
        formula="e², target ln(1 + y) standardised",
        estimates=LOG_MEAN,
        reading="value",
        encoding="value",
        scale="log1p",
        valid="y ≥ 0",
        lowest=0,
        large_errors="gradient 2e on the logarithmic scale",
        use_when="the target is skewed and ratios matter: the plain remedy",
        avoid_when="sums or means matter: going back from the logarithm is biased low",
        elsewhere=(keras("MeanSquaredError"), pytorch("MSELoss")),
        false_friends=(
            FalseFriend(
                name="keras.losses.MeanSquaredLogarithmicError",
                why="takes the logarithm of the output too",
            ),
        ),
        aliases=("log_mse",),
        usual=True,
        references=("Duan 1983, Smearing Estimate: A Nonparametric Retransformation Method",),
    ),
    Loss(
        key="mape",
        title="mean absolute percentage error",
        kinds=("regression",),
        function=absolute_percentage_error,
        formula="|e/y|",
        estimates="a median, weighted by 1/|y|",
        reading="value",
        encoding="value",
        scale="mean",
        valid="y ≠ 0",
        zeros=False,
        large_errors="gradient ±1/|y|: the smallest targets pull hardest",
        use_when="someone is judged by percentages, and no target is near 0",
        avoid_when="any target is near 0; it also prefers predictions that are too low",
        elsewhere=(keras("MeanAbsolutePercentageError", factor=0.01),),
        references=("Hyndman & Koehler 2006, Another look at measures of forecast accuracy",),
    ),
    Loss(
        key="poisson",
        title="Poisson loss",
        kinds=("regression",),
        function=poisson,
        formula="exp(z) − y·z",
        estimates="mean",
        reading="value",
        encoding="value",
        scale="mean",
        link="log",
        valid="y ≥ 0",
        lowest=0,
        large_errors="gradient exp(z) − y, steep where the prediction is too high",
        use_when="targets are counts, or the variance grows with the mean",
        avoid_when="a few rows are far out, or ratios matter more than differences",
        foreign_parameters=(
            ForeignParameter(
                names=("log_input", "eps", "epsilon"),
                why="the output here is always the logarithm of the mean, as log_input=True says, and needs no epsilon",
            ),
            ForeignParameter(names=("full",), why="the terms that full=True adds are constant, so they change nothing"),
        ),
        elsewhere=(
            keras("Poisson", on="exp(z)", clips=True),
            pytorch("PoissonNLLLoss", log_input=(True, True), full=(False, False)),
        ),
        usual=True,
        references=("Nelder & Wedderburn 1972, Generalized Linear Models",),
    ),
    Loss(
        key="gamma",
        title="gamma loss",
        kinds=("regression",),
        function=gamma,
        formula="y·exp(−z) + z",
        estimates="mean",
        reading="value",
        encoding="value",
        scale="mean",
        link="log",
        valid="y > 0",
        lowest=0,
        zeros=False,
        large_errors="gradient 1 − y/f: steep where the prediction is far too low",
        use_when="targets are positive and the standard deviation grows with the mean, as with costs",
        avoid_when="any target is 0",
        elsewhere=(),
        references=("Nelder & Wedderburn 1972, Generalized Linear Models",),
    ),
    Loss(
        key="tweedie",
        title="Tweedie loss",
        kinds=("regression",),
        function=tweedie,
        formula="−y·f^(1−p)/(1−p) + f^(2−p)/(2−p), f = exp(z)",
        estimates="mean",
        reading="value",
        encoding="value",
        scale="mean",
        link="log",
        valid="y ≥ 0",
        lowest=0,
        parameters=(
            Parameter(
                name="power",
                default=1.5,
                low=1,
                high=2,
                open=True,
                meaning="p: variance grows as the mean to this power",
                aliases=("p", "variance_power", "tweedie_variance_power"),
            ),
        ),
        large_errors="between Poisson's (p → 1) and gamma's (p → 2)",
        use_when="many targets are exactly 0 and the others are positive amounts, as with claims",
        avoid_when="no target is 0 (gamma), or all are counts (Poisson)",
        elsewhere=(),
        references=("Jørgensen 1987, Exponential Dispersion Models",),
    ),
)
