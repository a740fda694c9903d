"""Metrics of ranks: true and predicted rank, both from 0 to K−1."""

from lossterm.metrics.metric import Metric, Numpy, Outcome


def _rank_mae(np: Numpy, o: Outcome) -> float:
    return float(np.mean(np.abs(o.target - o.prediction), dtype=np.float64))


def _weighted_kappa(np: Numpy, o: Outcome) -> float:
    """1 − the mean squared error over that of two independent draws of a true and of a predicted rank."""
    true, predicted = o.target.astype(np.float64), o.prediction.astype(np.float64)
    by_chance = np.var(true) + np.var(predicted) + (np.mean(true) - np.mean(predicted)) ** 2
    return float(1 - np.mean((true - predicted) ** 2) / by_chance) if by_chance else float("nan")


RANKS = (
    Metric(
        key="rank_mae",
        title="mean absolute error in ranks",
        kinds=("ordinal",),
        direction="min",
        rope=0.01,
        relative=True,
        formula="mean |predicted rank − true rank|",
        source="Baccianella, Esuli & Sebastiani 2009, Evaluation Measures for Ordinal Regression",
        function=_rank_mae,
    ),
    Metric(
        key="qwk",
        title="quadratic weighted kappa",
        kinds=("ordinal",),
        direction="max",
        signed=True,
        formula="1 − mean (f − y)² / mean (f − y)² of rows paired at random",
        undefined="all true and predicted ranks are equal",
        source="Cohen 1968, Weighted kappa",
        function=_weighted_kappa,
    ),
)
