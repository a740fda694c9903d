"""Metrics of ranks, labels and masks: by scikit-learn, by SciPy, by hand."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion
from sklearn import metrics as sk

from lossterm.losses import Kind
from lossterm.metrics import METRICS, Outcome
from tests.cells import each
from tests.metrics import SHAPED


def random_outcome(kind: Kind, seed: int) -> Outcome:
    stream = np.random.default_rng([seed, 1])
    if kind == "ordinal":
        target = stream.integers(0, 5, 90)
        return Outcome(target=target, prediction=np.clip(target + stream.integers(-1, 3, 90), 0, 4))
    if kind == "multilabel":
        target = (stream.random((70, 4)) < [0.5, 0.3, 0.2, 0.1]).astype(int)
        decision = np.round(stream.normal(size=target.shape) + target - 0.5, 1)  # with ties
        return Outcome(target=target, prediction=(decision > 0).astype(int), decision=decision)
    target = stream.choice(3, (12, 7, 9), p=[0.7, 0.2, 0.1])
    target[0] = 0
    decision = stream.normal(size=(12, 7, 9, 3)) + 2 * np.eye(3)[target]
    decision[0, ..., 0] += 9
    return Outcome(target=target, prediction=decision.argmax(axis=-1), decision=decision)


def dice_of_images(o: Outcome) -> float:
    each_image = [
        sk.f1_score(t.ravel(), p.ravel(), labels=[1, 2], average="macro", zero_division=1)
        for t, p in zip(o.target, o.prediction, strict=True)
    ]
    return float(np.mean(each_image))


def boundary_f1(o: Outcome) -> float:
    """Erosion and dilation by SciPy: a boundary is what erosion takes, and near is what dilation adds."""
    cross, block = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]), np.ones((3, 3))
    values = []
    for true, predicted in zip(o.target, o.prediction, strict=True):
        for c in (1, 2):
            a, b = (m & ~binary_erosion(m, cross, border_value=1) for m in (true == c, predicted == c))
            if not a.any() and not b.any():
                values.append(1.0)
                continue
            recall = (a & binary_dilation(b, block)).sum() / a.sum() if a.any() else 0.0
            precision = (b & binary_dilation(a, block)).sum() / b.sum() if b.any() else 0.0
            values.append(2 * recall * precision / (recall + precision) if recall + precision else 0.0)
    return float(np.mean(values))


ORACLES: dict[str, Callable[[Outcome], float]] = {
    "rank_mae": lambda o: sk.mean_absolute_error(o.target, o.prediction),
    "qwk": lambda o: sk.cohen_kappa_score(o.target, o.prediction, weights="quadratic"),
    "label_macro_ap": lambda o: sk.average_precision_score(o.target, o.decision, average="macro"),
    "label_micro_ap": lambda o: sk.average_precision_score(o.target, o.decision, average="micro"),
    "label_macro_f1": lambda o: sk.f1_score(o.target, o.prediction, average="macro", zero_division=0),
    "label_micro_f1": lambda o: sk.f1_score(o.target, o.prediction, average="micro"),
    "hamming": lambda o: sk.hamming_loss(o.target, o.prediction),
    "iou": lambda o: sk.jaccard_score(o.target.ravel(), o.prediction.ravel(), labels=[1, 2], average="macro"),
    "dice": dice_of_images,
    "boundary_f1": boundary_f1,
}


def test_every_metric_has_an_oracle() -> None:
    assert set(ORACLES) == set(SHAPED)
    for key, kind in SHAPED.items():
        assert METRICS[key].kinds == (kind,)


@each("key", SHAPED)
def test_metric_is_what_the_oracle_says(key: str) -> None:
    for seed in range(5):
        outcome = random_outcome(SHAPED[key], seed)
        assert METRICS[key].function(np, outcome) == pytest.approx(ORACLES[key](outcome), rel=1e-10)


@each("key", SHAPED)
def test_perfect_predictions_get_the_best_value_and_others_a_worse_one(key: str) -> None:
    metric, o = METRICS[key], random_outcome(SHAPED[key], 0)
    classes = np.eye(3)[o.target] if SHAPED[key] == "segmentation" else 2.0 * o.target - 1
    perfect = Outcome(target=o.target, prediction=o.target, decision=classes)
    best = 1.0 if metric.direction == "max" else 0.0
    assert metric.function(np, perfect) == pytest.approx(best)
    assert metric.function(np, o) < best if metric.direction == "max" else metric.function(np, o) > best


def test_what_is_missing_from_the_data_leaves_a_metric_undefined_as_it_says() -> None:
    none = np.zeros((5, 3), int)
    nothing = Outcome(target=none, prediction=none, decision=none - 1.0)
    for key in ("label_macro_ap", "label_micro_ap", "label_micro_f1"):
        assert METRICS[key].undefined
        assert math.isnan(METRICS[key].function(np, nothing))
    assert METRICS["label_macro_f1"].function(np, nothing) == 0
    assert METRICS["hamming"].function(np, nothing) == 0
    ranks = Outcome(target=np.ones(4, int), prediction=np.ones(4, int))
    assert METRICS["qwk"].undefined
    assert math.isnan(METRICS["qwk"].function(np, ranks))
    blank = np.zeros((3, 4, 4), int)
    masks = Outcome(target=blank, prediction=blank, decision=blank - 1.0)
    assert METRICS["iou"].undefined
    assert math.isnan(METRICS["iou"].function(np, masks))
    assert METRICS["dice"].function(np, masks) == METRICS["boundary_f1"].function(np, masks) == 1


def test_a_label_without_a_row_is_left_out_of_the_mean_of_average_precisions() -> None:
    target, decision = np.array([[1, 0], [0, 0], [1, 0]]), np.array([[0.9, 0.1], [0.5, 0.2], [0.1, 0.3]])
    outcome = Outcome(target=target, prediction=(decision > 0.4).astype(int), decision=decision)
    expected = sk.average_precision_score(target[:, 0], decision[:, 0])
    assert METRICS["label_macro_ap"].function(np, outcome) == pytest.approx(expected)


def test_an_edge_that_is_one_pixel_off_is_near_and_one_that_is_two_is_not() -> None:
    mask = np.zeros((1, 12, 12), int)
    mask[0, 3:6, 3:6] = 1
    for shift, expected in ((0, 1.0), (1, 1.0), (4, 0.0)):
        moved = Outcome(target=mask, prediction=np.roll(mask, shift, axis=1))
        assert METRICS["boundary_f1"].function(np, moved) == pytest.approx(expected)
    assert 0 < METRICS["boundary_f1"].function(np, Outcome(target=mask, prediction=np.roll(mask, 3, axis=1))) < 1
