"""Metrics of several labels of a row: each there or not, (rows, labels), by sign or by the order of the outputs."""

from lossterm.metrics.metric import Array, Metric, Numpy, Outcome


def _counts(np: Numpy, o: Outcome) -> tuple[Array, Array]:
    """Return twice the hits, and hits, misses and false alarms together with them, of each label, (labels,)."""
    hits = np.sum((o.target == 1) & (o.prediction == 1), axis=0)
    return 2 * hits, np.sum(o.target == 1, axis=0) + np.sum(o.prediction == 1, axis=0)


def _macro_f1(np: Numpy, o: Outcome) -> float:
    hits, all_of = _counts(np, o)
    return float(np.mean(np.where(all_of > 0, hits / np.maximum(all_of, 1), 0.0)))


def _micro_f1(np: Numpy, o: Outcome) -> float:
    hits, all_of = _counts(np, o)
    return float(np.sum(hits) / np.sum(all_of)) if np.sum(all_of) else float("nan")


def average_precision(np: Numpy, there: Array, score: Array) -> float:
    """Σ (R_n − R_(n−1))·P_n over the thresholds from the highest score down; NaN without a positive."""
    order = np.argsort(-score, kind="stable")
    there, score = there[order], score[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # equal scores pass a threshold together
    hits = np.cumsum(there)[last]
    if not hits[-1]:
        return float("nan")
    gained = np.diff(np.concatenate([[0], hits])) / hits[-1]
    return float(np.sum(gained * hits / (last + 1)))


def _macro_ap(np: Numpy, o: Outcome) -> float:
    assert o.decision is not None
    each = [average_precision(np, o.target[:, k], o.decision[:, k]) for k in range(o.target.shape[1])]
    known = [value for value in each if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _micro_ap(np: Numpy, o: Outcome) -> float:
    assert o.decision is not None
    return average_precision(np, o.target.ravel(), o.decision.ravel())


def _hamming(np: Numpy, o: Outcome) -> float:
    return float(np.mean(o.target != o.prediction))


LABELS = (
    Metric(
        key="label_macro_ap",
        title="average precision, mean over labels",
        kinds=("multilabel",),
        direction="max",
        formula="mean over labels of Σ (R_n − R_(n−1))·P_n by the order of outputs, of those on any row",
        undefined="no label is on any row",
        source="Zhu 2004, Recall, Precision and Average Precision; the mAP of multi-label benchmarks",
        function=_macro_ap,
    ),
    Metric(
        key="label_micro_ap",
        title="average precision over all labels",
        kinds=("multilabel",),
        direction="max",
        formula="Σ (R_n − R_(n−1))·P_n over rows and labels together",
        undefined="no label is on any row",
        source="Zhu 2004, Recall, Precision and Average Precision",
        function=_micro_ap,
    ),
    Metric(
        key="label_macro_f1",
        title="F1, mean over labels",
        kinds=("multilabel",),
        direction="max",
        formula="mean over labels of 2·TP / (2·TP + FP + FN), 0 for one never there nor predicted",
        source="van Rijsbergen 1979; macro-averaged after Opitz & Burst 2019",
        function=_macro_f1,
    ),
    Metric(
        key="label_micro_f1",
        title="F1 over all labels",
        kinds=("multilabel",),
        direction="max",
        formula="2·TP / (2·TP + FP + FN) over rows and labels together",
        undefined="no label is on any row, nor predicted",
        source="van Rijsbergen 1979, Information Retrieval",
        function=_micro_f1,
    ),
    Metric(
        key="hamming",
        title="Hamming loss",
        kinds=("multilabel",),
        direction="min",
        formula="share of labels that are wrong",
        source="Schapire & Singer 1999, Improved Boosting Algorithms Using Confidence-rated Predictions",
        function=_hamming,
    ),
)
