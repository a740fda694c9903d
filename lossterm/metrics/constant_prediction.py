"""The constant prediction: the same for every row, as good as the training targets allow; what any loss should beat.

For classes it is the largest class of the training rows, with their shares as probabilities; for numbers the mean,
median or quantile of their targets, whichever the metric rewards most.
"""

from lossterm.metrics.distribution import DECILES
from lossterm.metrics.metric import Array, Metric, Numpy, Outcome

CONSTANT = "constant"
"""Stands among the splits of a trial's scores for the score of the constant prediction on the test rows."""


def constant_outcome(np: Numpy, metric: Metric, train: Outcome, test: Outcome) -> Outcome:
    """Return what a model that predicts the same for every row would predict on the test rows."""
    rows = len(test.target)
    if metric.constant == "quantiles":
        levels = np.array(DECILES)
        return Outcome(
            target=test.target,
            prediction=np.full(rows, np.median(train.target)),
            quantiles=np.tile(np.quantile(train.target, levels), (rows, 1)),
        )
    if test.decision is None:
        numbers = train.target if train.target.ndim > 1 else train.target[:, None]
        best = np.array([_number(np, metric, output) for output in numbers.T]).reshape(test.target.shape[1:])
        return Outcome(target=test.target, prediction=np.broadcast_to(best, test.target.shape))
    signed = test.decision.ndim == test.target.ndim
    classes = 2 if signed else test.decision.shape[-1]
    shares = np.stack([np.mean(train.target == c, axis=0) for c in range(classes)], axis=-1)
    if test.target.ndim > 2:  # of masks, those of all pixels, since objects lie anywhere
        shares = np.broadcast_to(shares.mean(axis=(0, 1)), shares.shape)
    largest = np.argmax(shares, axis=-1)

    def of_each(row: Array) -> Array:
        return np.broadcast_to(row, (rows, *np.shape(row)))

    return Outcome(
        target=test.target,
        prediction=of_each(largest),
        decision=of_each(2.0 * largest - 1 if signed else shares),
        probability=of_each(shares),
    )


def _number(np: Numpy, metric: Metric, target: Array) -> float:
    """Return the number that a metric rewards most on the training targets."""
    if metric.level is not None:
        return float(np.quantile(target, metric.level))
    if metric.constant == "median":
        return float(np.median(target))
    if metric.constant == "mean":
        return float(np.mean(target, dtype=np.float64))
    return float(np.expm1(np.mean(np.log1p(target), dtype=np.float64)))
