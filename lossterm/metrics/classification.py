"""Metrics of classes: true class, predicted class, and probabilities p if the head gives them."""

from lossterm.losses import Kind
from lossterm.metrics.metric import Array, Metric, Numpy, Outcome


def _accuracy(np: Numpy, o: Outcome) -> float:
    return float(np.mean(o.target == o.prediction))


def _rounded_accuracy(np: Numpy, o: Outcome) -> float:
    return float(np.mean(2 * o.target - 1 == np.round(o.decision)))


def _threshold_accuracy(np: Numpy, o: Outcome) -> float:
    assert o.decision is not None
    return float(np.mean(2 * o.target - 1 == (o.decision > 0.5)))


def _balanced_accuracy(np: Numpy, o: Outcome) -> float:
    return float(np.mean([np.mean(o.prediction[o.target == c] == c) for c in np.unique(o.target)]))


def _macro_f1(np: Numpy, o: Outcome) -> float:
    def f1(c: int) -> float:
        hits = np.sum((o.target == c) & (o.prediction == c))
        return float(2 * hits / (np.sum(o.target == c) + np.sum(o.prediction == c)))

    return float(np.mean([f1(c) for c in np.union1d(o.target, o.prediction)]))


def _area(np: Numpy, positive: Array, score: Array) -> float:
    """Area under the ROC curve by the Mann–Whitney statistic, ties counted half."""
    positives = int(np.sum(positive))
    negatives = len(positive) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = _midranks(np, score)
    return float((np.sum(ranks[positive]) - positives * (positives + 1) / 2) / (positives * negatives))


def _midranks(np: Numpy, score: Array) -> Array:
    """Rank each row from 1, the lowest score first; equal scores share the mean of their ranks."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def _roc_auc(np: Numpy, o: Outcome) -> float:
    if o.decision is None:
        return float("nan")
    if o.decision.ndim == 1:
        return _area(np, o.target == 1, o.decision)
    score = o.decision if o.probability is None else o.probability
    return float(np.mean([_area(np, o.target == c, score[:, c]) for c in range(score.shape[1])]))


def _true_probability(np: Numpy, o: Outcome) -> Array:
    assert o.probability is not None
    return np.take_along_axis(o.probability, o.target[..., None], axis=-1)[..., 0]


def _log_loss(np: Numpy, o: Outcome) -> float:
    smallest = np.finfo(np.float32).eps
    return float(-np.mean(np.log(np.clip(_true_probability(np, o), smallest, 1))))


def _brier(np: Numpy, o: Outcome) -> float:
    assert o.probability is not None
    classes = o.probability.shape[-1]
    total = float(np.mean(np.sum(np.square(o.probability - np.eye(classes)[o.target]), axis=-1)))
    return total / 2 if classes == 2 else total


BINS = 10
"""Bins of equal mass for the calibration error."""


def _ece(np: Numpy, o: Outcome) -> float:
    """Root mean square of the gaps in bins, less what luck adds to their squares.

    Without that, a perfectly calibrated model has .15 on 30 rows. Equal confidences share a bin, so that the order of
    the rows counts for nothing.
    """
    assert o.probability is not None
    confidence = np.max(o.probability, axis=1).astype(np.float64)
    rows = len(confidence)
    bins = ((_midranks(np, confidence) - 0.5) * BINS // rows).astype(int)

    def summed(values: Array) -> Array:
        return np.bincount(bins, values, minlength=BINS)

    count = np.maximum(summed(np.ones(rows)), 1)
    gaps = summed(confidence) - summed(o.target == o.prediction)
    luck = summed(confidence * (1 - confidence))
    return float(np.sqrt(max(0.0, np.sum((gaps**2 - luck) / count) / rows)))


_CLASSES: tuple[Kind, ...] = ("binary", "multiclass", "ordinal")
_ANY: tuple[Kind, ...] = (*_CLASSES, "multilabel", "segmentation")

CLASSIFICATION = (
    Metric(
        key="accuracy",
        title="accuracy",
        kinds=_ANY,
        direction="max",
        formula="share of rows, labels or pixels whose class (sign or argmax of the output) is right",
        source="share of hits",
        function=_accuracy,
    ),
    Metric(
        key="balanced_accuracy",
        title="balanced accuracy",
        kinds=(*_CLASSES, "segmentation"),
        direction="max",
        formula="mean over classes of the recall",
        source="Brodersen et al. 2010",
        function=_balanced_accuracy,
    ),
    Metric(
        key="macro_f1",
        title="macro F1",
        kinds=_CLASSES,
        direction="max",
        formula="mean over classes of 2·TP / (2·TP + FP + FN)",
        source="van Rijsbergen 1979; macro-averaged after Opitz & Burst 2019",
        function=_macro_f1,
    ),
    Metric(
        key="roc_auc",
        title="area under the ROC curve",
        kinds=_CLASSES,
        direction="max",
        formula="P(score of a positive > score of a negative), ties half; mean of one-vs-rest for K > 2",
        source="Hanley & McNeil 1982; one-vs-rest after Provost & Domingos 2000",
        undefined="a class is missing from the test rows",
        function=_roc_auc,
    ),
    Metric(
        key="log_loss",
        title="log-loss",
        kinds=_ANY,
        direction="min",
        needs="probability",
        rope=0.01,
        relative=True,
        formula="−mean ln p_t, p_t clipped at 1.2e-7",
        source="Good 1952, Rational Decisions",
        function=_log_loss,
    ),
    Metric(
        key="brier",
        title="Brier score",
        kinds=_ANY,
        direction="min",
        needs="probability",
        rope=0.02,
        relative=True,
        formula="mean Σ(p − y)², halved for two classes",
        source="Brier 1950, Verification of forecasts expressed in terms of probability",
        function=_brier,
    ),
    Metric(
        key="ece",
        title="expected calibration error, debiased",
        kinds=_CLASSES,
        direction="min",
        needs="probability",
        formula="√ mean gap² − c(1 − c)/n, gap: confidence c − accuracy in 10 bins of n rows",
        source="Kumar, Liang & Ma 2019, Verified Uncertainty Calibration; equal-mass bins after Nguyen & O'Connor 2015",
        since=2,
        function=_ece,
    ),
    Metric(
        key="keras2_accuracy",
        title="accuracy as Keras 2.3 counted it",
        kinds=("binary",),
        direction="max",
        needs="margin",
        protocol="tutorial",
        formula="share of rows with y± = round(f): every |f| < 0.5 counts as wrong",
        source="Keras 2.3.1, keras/metrics.py, binary_accuracy",
        function=_rounded_accuracy,
    ),
    Metric(
        key="keras3_accuracy",
        title="accuracy as Keras 3 counts it",
        kinds=("binary",),
        direction="max",
        needs="margin",
        protocol="tutorial",
        formula="share of rows with y± = (f > 0.5), which is 0 or 1: every row of class −1 counts as wrong",
        source="Keras 3.15, keras.metrics.binary_accuracy",
        function=_threshold_accuracy,
    ),
)
