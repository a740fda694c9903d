"""Losses of several quantiles at once, n of them, those of τ = 1/(n+1), …, n/(n+1): target y (rows,), output (rows, n).

The first unit is the median, read as the value. After it come the units of the quantiles above, from the median
outwards, and then those of the quantiles below.
"""

from lossterm.losses.loss import Array, Loss, Namespace, Parameter


def apart(xp: Namespace, f: Array) -> Array:
    """Return quantiles that cannot cross, (rows, n) from the lowest up: softplus of each unit over n/2 is a step."""
    half = f.shape[-1] // 2
    middle, steps = f[:, :1], xp.softplus(f[:, 1:]) / half
    above = middle + xp.cumsum(steps[:, :half], axis=1)
    below = middle - xp.cumsum(steps[:, half:], axis=1)
    return xp.concatenate([xp.flip(below, axis=1), middle, above], axis=1)


def in_order(xp: Namespace, f: Array) -> Array:
    """Return the units as quantiles, (rows, n), those of the smallest τ first; they may cross."""
    half = f.shape[-1] // 2
    return xp.concatenate([xp.flip(f[:, half + 1 :], axis=1), f[:, : half + 1]], axis=1)


def pinballs(xp: Namespace, y: Array, q: Array, levels: float) -> Array:
    """2/(n+1)·Σ max(τr, (τ − 1)r), r = y − q_τ: the trapezium rule for the CRPS, twice the integral over τ."""
    level = xp.cumsum(xp.ones_like(q), axis=1) / (levels + 1)
    short = y[:, None] - q
    return 2 / (levels + 1) * xp.sum(xp.maximum(level * short, (level - 1) * short), axis=-1)


def joint_quantiles(xp: Namespace, y: Array, f: Array, *, levels: float) -> Array:
    """Σ of pinball losses of quantiles that cannot cross."""
    return pinballs(xp, y, apart(xp, f), levels)


def free_quantiles(xp: Namespace, y: Array, f: Array, *, levels: float) -> Array:
    """Σ of pinball losses of units that are the quantiles themselves."""
    return pinballs(xp, y, in_order(xp, f), levels)


LEVELS = Parameter(
    name="levels",
    default=9,
    low=3,
    high=99,
    odd=True,
    meaning="how many quantiles: n of them are those of τ = k/(n+1), so 9 are the deciles and 19 hold a 90 % interval",
)

JOINT_QUANTILES = (
    Loss(
        key="quantiles",
        title="joint quantiles, which cannot cross",
        kinds=("regression",),
        function=joint_quantiles,
        formula="2/(n+1)·Σ_τ max(τr, (τ−1)r), q apart by softplus",
        estimates="median, and the other quantiles",
        reading="value",
        units=9,
        units_by="levels",
        beside="steps",
        encoding="value",
        valid="any y",
        parameters=(LEVELS,),
        large_errors="gradient bounded: each quantile pulls by −τ above it and 1 − τ below",
        use_when="the whole distribution of the target is wanted, with intervals: rank by crps",
        avoid_when="one number is enough, or rows are too few to tell tails from the middle",
        elsewhere=(),
        aliases=("joint_quantiles", "multi_quantile", "crps"),
        references=(
            "Gasthaus et al. 2019, Probabilistic Forecasting with Spline Quantile Function RNNs",
            "Laio & Tamea 2007, on the CRPS as twice the integral of pinball losses",
        ),
    ),
    Loss(
        key="free_quantiles",
        title="quantiles that may cross",
        kinds=("regression",),
        function=free_quantiles,
        formula="2/(n+1)·Σ_τ max(τr, (τ−1)r), r = y − q_τ",
        estimates="median, and the other quantiles",
        reading="value",
        units=9,
        units_by="levels",
        beside="quantiles",
        encoding="value",
        valid="any y",
        parameters=(LEVELS,),
        large_errors="gradient bounded: each quantile pulls by −τ above it and 1 − τ below",
        use_when="you want to know what it costs to keep quantiles from crossing",
        avoid_when="intervals are used: an upper end may lie below the lower one",
        elsewhere=(),
        references=("Taylor 2000, A quantile regression neural network approach to estimating conditional densities",),
    ),
)
