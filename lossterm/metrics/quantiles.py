"""Metrics of a predicted quantile: y true, f predicted, τ the share of targets that should not lie above f."""

from lossterm.metrics.metric import Metric, Numpy, Outcome

LEVELS = (0.05, 0.1, 0.25, 0.75, 0.9, 0.95)
"""Quantiles on which every model is scored; MAE judges the median."""


def _pinball(level: float) -> Metric:
    def function(np: Numpy, o: Outcome) -> float:
        short = o.target - o.prediction
        return float(np.mean(np.maximum(level * short, (level - 1) * short), dtype=np.float64))

    return Metric(
        key=f"pinball_{100 * level:02.0f}",
        title=f"pinball loss of the {100 * level:g} % quantile",
        kinds=("regression",),
        direction="min",
        level=level,
        rope=0.01,
        relative=True,
        power=1,
        formula=f"mean max(τr, (τ−1)r), r = y − f, τ = {level:g}",
        source="Koenker & Bassett 1978; proper for a quantile after Gneiting & Raftery 2007",
        function=function,
    )


def _miscoverage(level: float) -> Metric:
    def function(np: Numpy, o: Outcome) -> float:
        return float(abs(np.mean(o.target <= o.prediction) - level))

    return Metric(
        key=f"miscoverage_{100 * level:02.0f}",
        title=f"miscoverage of the {100 * level:g} % quantile",
        kinds=("regression",),
        direction="min",
        level=level,
        rope=0.01,
        formula=f"|share of y ≤ f − τ|, τ = {level:g}",
        source="Gneiting & Raftery 2007, on calibration of quantiles",
        function=function,
    )


QUANTILES = tuple(metric for level in LEVELS for metric in (_pinball(level), _miscoverage(level)))
