"""Losses for counts whose variance is not their mean: two units, target y (rows,), output f (rows, 2).

The first unit is z = ln of the mean, so that the predicted value is exp(z); the second says how the counts scatter
about it. Targets come as they are: these likelihoods, unlike Poisson's, mean something else in another unit.
"""

from lossterm.losses.loss import Array, Loss, Namespace

_SHIFT = 8
"""Where Stirling's series begins: below, each factor of the gamma function is taken by itself."""


def negative_binomial(xp: Namespace, y: Array, f: Array) -> Array:
    """(y + 1/α)·ln(1 + αμ) − yz − Σ_{j<y} ln(1 + αj): −ln NB2(y; μ = exp z, α) but for ln y!, which is constant."""
    z, dispersion = f[:, 0], xp.softplus(f[:, 1]) + 1e-6
    spread = xp.softplus(z + xp.log(dispersion))  # ln(1 + αμ), which never overflows
    return (y + 1 / dispersion) * spread - y * z - rising(xp, y, dispersion)


def rising(xp: Namespace, y: Array, a: Array) -> Array:
    """Σ_{j<y} ln(1 + αj) = ln Γ(y + 1/α) − ln Γ(1/α) + y ln α, for any y ≥ 0, without the cancellation of this form."""
    r = 1 / a
    start = r + _SHIFT
    series = (start + y - 0.5) * xp.log1p(y / start) - y + xp.log1p(_SHIFT * a) * y
    for factor in range(_SHIFT):
        series = series - xp.log1p(y / (r + factor))
    return series + beyond_stirling(xp, start + y) - beyond_stirling(xp, start)


def beyond_stirling(_: Namespace, x: Array) -> Array:
    """ln Γ(x) less (x − ½) ln x − x + ½ ln 2π, for x ≥ 8: the first terms of an asymptotic series, to 1e-13."""
    s = 1 / (x * x)
    return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * 691 / 360360))))) / x


def zero_inflated_poisson(xp: Namespace, y: Array, f: Array) -> Array:
    """−ln(π·1[y = 0] + (1 − π)·Poisson(y; λ)) but for ln y!; π = σ(f₂), λ = exp(z)/(1 − π): exp(z) is the mean."""
    z, odds = f[:, 0], f[:, 1]
    log_rate = z + xp.softplus(odds)
    rate = xp.exp(log_rate)
    none = xp.softplus(-odds) - xp.softplus(-odds - rate)  # −ln(π + (1 − π)·exp(−λ))
    some = xp.softplus(odds) + rate - y * log_rate
    return xp.where(y > 0, some, none)


COUNTS = (
    Loss(
        key="negative_binomial",
        title="negative binomial loss",
        kinds=("regression",),
        function=negative_binomial,
        formula="(y+1/α)·ln(1+αμ) − yz − Σ ln(1+αj), j = 0 … y−1",
        estimates="mean and dispersion",
        reading="value",
        units=2,
        beside="dispersion",
        encoding="value",
        scale="raw",
        link="log",
        valid="y ≥ 0",
        lowest=0,
        large_errors="gradient (μ − y)/(1 + αμ): like a ratio where counts are dispersed",
        use_when="targets are counts that vary more than their mean: variance μ + αμ²",
        avoid_when="the variance is the mean (Poisson), or targets are no counts: their unit matters here",
        elsewhere=(),
        aliases=("nb", "nb2"),
        references=(
            "Lawless 1987, Negative Binomial and Mixed Poisson Regression",
            "Salinas et al. 2020, DeepAR",
        ),
    ),
    Loss(
        key="zero_inflated_poisson",
        title="zero-inflated Poisson loss",
        kinds=("regression",),
        function=zero_inflated_poisson,
        formula="−ln(π·1[y = 0] + (1−π)·Poisson(y; λ))",
        estimates="mean and share of extra zeros",
        reading="value",
        units=2,
        beside="zeros",
        encoding="value",
        scale="raw",
        link="log",
        valid="y ≥ 0",
        lowest=0,
        large_errors="as Poisson's, steep where the prediction is too high, but for zeros, whose gradient is bounded",
        use_when="targets are counts with more zeros than a Poisson law has, as when some rows cannot count at all",
        avoid_when="zeros are no more than the mean explains, or counts are dispersed besides",
        elsewhere=(),
        aliases=("zip",),
        references=("Lambert 1992, Zero-Inflated Poisson Regression, with an Application to Defects in Manufacturing",),
    ),
)
