"""Metrics of a predicted distribution: y true, q the quantiles predicted for τ = 1/(n+1), …, n/(n+1), in y's units."""

from lossterm.metrics.metric import Array, Metric, Numpy, Outcome

DECILES = tuple(k / 10 for k in range(1, 10))


def _quantiles(o: Outcome) -> Array:
    assert o.quantiles is not None
    return o.quantiles


def levels_of(np: Numpy, quantiles: Array) -> Array:
    """Return τ of each column of quantiles (rows, n), (n,)."""
    count = quantiles.shape[1]
    return np.arange(1, count + 1) / (count + 1)


def _deciles(np: Numpy, quantiles: Array) -> Array:
    """Return the deciles, (rows, 9), as straight lines between the quantiles that there are, or the outermost."""
    levels = levels_of(np, quantiles)
    return np.stack([np.interp(DECILES, levels, row) for row in quantiles])


def _crps(np: Numpy, o: Outcome) -> float:
    short = o.target[:, None] - _deciles(np, _quantiles(o))
    level = np.array(DECILES)
    return float(0.2 * np.mean(np.sum(np.maximum(level * short, (level - 1) * short), axis=1), dtype=np.float64))


def _crossing(np: Numpy, o: Outcome) -> float:
    return float(np.mean(np.any(np.diff(_quantiles(o), axis=1) < 0, axis=1)))


def _miscoverage(np: Numpy, o: Outcome) -> float:
    quantiles = _quantiles(o)
    count = quantiles.shape[1]
    inside = (quantiles[:, 0] <= o.target) & (o.target <= quantiles[:, -1])
    return float(abs(np.mean(inside) - (count - 1) / (count + 1)))


DISTRIBUTION = (
    Metric(
        key="crps",
        title="continuous ranked probability score",
        kinds=("regression",),
        direction="min",
        needs="quantiles",
        rope=0.01,
        relative=True,
        power=1,
        constant="quantiles",
        formula="mean of 0.2·Σ max(τr, (τ−1)r), r = y − q_τ, over the deciles",
        source="Matheson & Winkler 1976; by quantiles after Laio & Tamea 2007",
        function=_crps,
    ),
    Metric(
        key="miscoverage",
        title="miscoverage of the outermost interval",
        kinds=("regression",),
        direction="min",
        needs="quantiles",
        rope=0.01,
        constant="quantiles",
        formula="|share of q_1 ≤ y ≤ q_n − (n−1)/(n+1)|, of n quantiles",
        source="Gneiting & Raftery 2007, on calibration of quantiles",
        function=_miscoverage,
    ),
    Metric(
        key="crossing_rate",
        title="share of rows whose quantiles cross",
        kinds=("regression",),
        direction="min",
        needs="quantiles",
        constant="quantiles",
        formula="share of rows with a quantile below that of a smaller τ",
        source="Bassett & Koenker 1982, An Empirical Quantile Function for Linear Models",
        function=_crossing,
    ),
)
