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
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    midrank = np.cumsum(count) - (count - 1) / 2
    return float((np.sum(midrank[place][positive]) - positives * (positives + 1) / 2) / (positives * negatives))


def _roc_auc(np: Numpy, o: Outcome) -> float:
    if o.decision is None:
        return float("nan")
    if o.decision.ndim == 1:
        return _area(np, o.target == 1, o.decision)
    score = o.decision if o.probability is None else o.probability
    return float(np.mean([_area(np, o.target == c, score[:, c]) for c in range(score.shape[1])]))


def _true_probability(np: Numpy, o: Outcome) -> Array:
    assert o.probability is not None
    return o.probability[np.arange(len(o.target)), o.target]


def _log_loss(np: Numpy, o: Outcome) -> float:
    smallest = np.finfo(np.float32).eps
    return float(-np.mean(np.log(np.clip(_true_probability(np, o), smallest, 1))))


def _brier(np: Numpy, o: Outcome) -> float:
    assert o.probability is not None
    truth = np.eye(o.probability.shape[1])[o.target]
    total = float(np.mean(np.sum(np.square(o.probability - truth), axis=1)))
    return total / 2 if o.probability.shape[1] == 2 else total


def _ece(np: Numpy, o: Outcome) -> float:
    assert o.probability is not None
    confidence = np.max(o.probability, axis=1)
    right = o.target == o.prediction
    bins = np.array_split(np.argsort(confidence, kind="stable"), 10)
    gaps = [len(rows) * abs(np.mean(confidence[rows]) - np.mean(right[rows])) for rows in bins if len(rows)]
    return float(np.sum(gaps) / len(right))


_CLASSES: tuple[Kind, ...] = ("binary", "multiclass")

CLASSIFICATION = (
    Metric(
        key="accuracy",
        title="accuracy",
        kinds=_CLASSES,
        direction="max",
        formula="share of rows whose class (sign or argmax of the output) is right",
        source="share of hits",
        function=_accuracy,
    ),
    Metric(
        key="balanced_accuracy",
        title="balanced accuracy",
        kinds=_CLASSES,
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
        function=_roc_auc,
    ),
    Metric(
        key="log_loss",
        title="log-loss",
        kinds=_CLASSES,
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
        kinds=_CLASSES,
        direction="min",
        needs="probability",
        rope=0.01,
        relative=True,
        formula="mean Σ(p − y)², halved for two classes",
        source="Brier 1950, Verification of forecasts expressed in terms of probability",
        function=_brier,
    ),
    Metric(
        key="ece",
        title="expected calibration error",
        kinds=_CLASSES,
        direction="min",
        needs="probability",
        formula="Σ |mean confidence − accuracy| over 10 bins of equal mass, weighted by rows",
        source="Naeini et al. 2015; equal-mass bins after Nguyen & O'Connor 2015",
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
