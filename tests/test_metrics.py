import math
from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as sk

from lossterm.engine import scoring
from lossterm.errors import UnknownName
from lossterm.losses import LOSSES, Kind, Loss, fitting
from lossterm.metrics import METRICS, PRIMARY, Metric, Outcome, metric_named, metrics_for
from lossterm.protocols import Split

KINDS: tuple[Kind, ...] = ("regression", "binary", "multiclass")


def random_outcome(kind: Kind, seed: int, *, ties: bool = False) -> Outcome:
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    rows = 137  # not a multiple of the ten bins
    if kind == "regression":
        values = rng.normal(3, 5, rows)
        return Outcome(target=values, prediction=values + rng.standard_t(3, rows))
    classes = 2 if kind == "binary" else 4
    target = rng.integers(0, classes, rows)
    logits = rng.normal(0, 1.5, (rows, classes)) + 1.2 * np.eye(classes)[target]
    logits = np.round(logits) if ties else logits
    if kind == "binary":
        logits[:, 0] = 0
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    decision = logits[:, 1] if kind == "binary" else logits
    prediction = (decision > 0).astype(int) if kind == "binary" else logits.argmax(axis=1)
    return Outcome(target=target, prediction=prediction, decision=decision, probability=probability)


def roc_auc_by_sklearn(o: Outcome) -> float:
    assert o.decision is not None
    if o.decision.ndim == 1:
        return float(sk.roc_auc_score(o.target, o.decision))
    return float(sk.roc_auc_score(o.target, o.probability, multi_class="ovr", average="macro"))


def brier_by_loop(o: Outcome) -> float:
    total = 0.0
    for target, row in zip(o.target, np.asarray(o.probability), strict=True):
        total += sum((p - (place == target)) ** 2 for place, p in enumerate(row))
    return float(total / len(o.target))


def ece_by_loop(o: Outcome) -> float:
    assert o.probability is not None
    rows = sorted(
        (float(max(p)), place, bool(t == f))
        for place, (p, t, f) in enumerate(zip(o.probability, o.target, o.prediction, strict=True))
    )
    total, begin = 0.0, 0
    for number in range(10):
        size = len(rows) // 10 + (number < len(rows) % 10)
        held = rows[begin : begin + size]
        begin += size
        confidence = sum(c for c, _, _ in held) / size
        accuracy = sum(right for _, _, right in held) / size
        total += size / len(rows) * abs(confidence - accuracy)
    assert begin == len(rows)
    return total


ORACLES: dict[str, Callable[[Outcome], float]] = {
    "mae": lambda o: sk.mean_absolute_error(o.target, o.prediction),
    "mse": lambda o: sk.mean_squared_error(o.target, o.prediction),
    "rmse": lambda o: sk.root_mean_squared_error(o.target, o.prediction),
    "r2": lambda o: sk.r2_score(o.target, o.prediction),
    "median_ae": lambda o: sk.median_absolute_error(o.target, o.prediction),
    "accuracy": lambda o: sk.accuracy_score(o.target, o.prediction),
    "balanced_accuracy": lambda o: sk.balanced_accuracy_score(o.target, o.prediction),
    "macro_f1": lambda o: sk.f1_score(o.target, o.prediction, average="macro"),
    "roc_auc": roc_auc_by_sklearn,
    "log_loss": lambda o: sk.log_loss(o.target, o.probability),
    "brier": lambda o: (
        sk.brier_score_loss(o.target, np.asarray(o.probability)[:, 1])
        if np.asarray(o.probability).shape[1] == 2
        else brier_by_loop(o)
    ),
    "ece": ece_by_loop,
}

every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())
every_use = pytest.mark.parametrize(
    ("metric", "kind"),
    [(metric, kind) for metric in METRICS.values() for kind in metric.kinds],
    ids=[f"{metric.key}-{kind}" for metric in METRICS.values() for kind in metric.kinds],
)


def test_every_metric_has_an_oracle() -> None:
    assert set(ORACLES) == set(METRICS)


@every_use
@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
def test_metric_is_what_the_oracle_says(metric: Metric, kind: Kind, ties: bool) -> None:
    for seed in range(5):
        outcome = random_outcome(kind, seed, ties=ties)
        found = metric.function(np, outcome)
        assert type(found) is float
        assert found == pytest.approx(ORACLES[metric.key](outcome), rel=1e-10)


def test_brier_score_of_several_classes_agrees_with_sklearn() -> None:
    outcome = random_outcome("multiclass", 0)
    truth = np.eye(4)[outcome.target]
    expected = 4 * sk.mean_squared_error(truth, outcome.probability)  # a mean over rows and columns alike
    assert METRICS["brier"].function(np, outcome) == pytest.approx(expected, rel=1e-12)


@every_use
def test_perfect_predictions_get_the_best_value(metric: Metric, kind: Kind) -> None:
    target = np.arange(30) % (2 if kind == "binary" else 3)
    sure = np.eye(2 if kind == "binary" else 3)[target]
    outcome = Outcome(
        target=target.astype(float) if kind == "regression" else target,
        prediction=target,
        decision=None if kind == "regression" else sure[:, 1] if kind == "binary" else sure,
        probability=None if kind == "regression" else sure,
    )
    assert metric.function(np, outcome) == (1.0 if metric.direction == "max" else 0.0)


@every_use
def test_worse_predictions_get_a_worse_value(metric: Metric, kind: Kind) -> None:
    good = random_outcome(kind, 0)
    if kind == "regression":
        bad = Outcome(target=good.target, prediction=-good.prediction)
    else:
        assert good.decision is not None
        assert good.probability is not None
        bad = Outcome(
            target=good.target,
            prediction=(good.prediction + 1) % good.probability.shape[1],
            decision=-good.decision if kind == "binary" else np.roll(good.decision, 1, axis=1),
            probability=np.roll(good.probability, 1, axis=1),
        )
    better, worse = metric.function(np, good), metric.function(np, bad)
    assert better < worse if metric.direction == "min" else better > worse


@every_use
def test_metric_needs_a_probability_only_where_it_says_so(metric: Metric, kind: Kind) -> None:
    full = random_outcome(kind, 1)
    bare = Outcome(target=full.target, prediction=full.prediction, decision=full.decision)
    if metric.needs_probability:
        with pytest.raises(AssertionError):
            metric.function(np, bare)
    else:
        assert math.isfinite(metric.function(np, bare))


def test_roc_auc_of_a_margin_needs_no_probability() -> None:
    o = random_outcome("binary", 2)
    bare = Outcome(target=o.target, prediction=o.prediction, decision=o.decision)
    assert METRICS["roc_auc"].function(np, bare) == pytest.approx(sk.roc_auc_score(o.target, o.decision))


# Data that leave a metric undefined


def test_constant_target_leaves_r2_undefined_and_the_other_errors_whole() -> None:
    outcome = Outcome(target=np.full(10, 2.0), prediction=np.linspace(1, 3, 10))
    found = {metric.key: metric.function(np, outcome) for metric in metrics_for("regression")}
    assert math.isnan(found.pop("r2"))
    assert all(math.isfinite(value) for value in found.values())


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_a_single_class_leaves_roc_auc_undefined_and_the_rest_whole(kind: Kind) -> None:
    rows, classes = 12, 2 if kind == "binary" else 3
    probability = np.full((rows, classes), 1 / classes)
    outcome = Outcome(
        target=np.ones(rows, int),
        prediction=np.ones(rows, int),
        decision=np.linspace(-1, 1, rows) if kind == "binary" else np.tile([0.0, 1.0, -1.0], (rows, 1)),
        probability=probability,
    )
    found = {metric.key: metric.function(np, outcome) for metric in metrics_for(kind)}
    assert math.isnan(found.pop("roc_auc"))
    assert all(math.isfinite(value) for value in found.values())
    assert found["accuracy"] == found["balanced_accuracy"] == found["macro_f1"] == 1


def test_fewer_rows_than_bins_are_no_trouble_for_calibration() -> None:
    outcome = Outcome(
        target=np.array([0, 1]), prediction=np.array([0, 0]), probability=np.array([[0.75, 0.25], [0.75, 0.25]])
    )
    assert METRICS["ece"].function(np, outcome) == pytest.approx((0.25 + 0.75) / 2)


def test_log_loss_of_a_certain_mistake_is_clipped() -> None:
    outcome = Outcome(
        target=np.array([0, 1]), prediction=np.array([1, 1]), probability=np.array([[0.0, 1.0], [0.0, 1.0]])
    )
    expected = -math.log(2.0**-23) / 2
    assert METRICS["log_loss"].function(np, outcome) == pytest.approx(expected)


def test_single_precision_sums_do_not_lose_the_error() -> None:
    target = np.full(200_000, 1e4, np.float32)
    outcome = Outcome(target=target, prediction=target + np.float32(0.125))
    assert METRICS["mse"].function(np, outcome) == pytest.approx(0.015625, rel=1e-9)
    assert METRICS["mae"].function(np, outcome) == pytest.approx(0.125, rel=1e-9)


# The catalogue


@every_metric
def test_record_leaves_no_field_empty(metric: Metric) -> None:
    assert METRICS[metric.key] is metric
    assert all(text.strip() for text in (metric.key, metric.title, metric.formula))
    assert metric.kinds
    assert set(metric.kinds) <= set(KINDS)
    assert metric.direction in {"min", "max"}


@pytest.mark.parametrize("kind", KINDS)
def test_primary_metric_fits_its_kind_and_every_head(kind: Kind) -> None:
    primary = METRICS[PRIMARY[kind]]
    assert primary in metrics_for(kind)
    assert not primary.needs_probability


@pytest.mark.parametrize("kind", KINDS)
def test_metrics_of_a_kind_are_those_whose_record_names_it(kind: Kind) -> None:
    assert [metric.key for metric in metrics_for(kind)] == [key for key, m in METRICS.items() if kind in m.kinds]
    assert len(metrics_for(kind)) >= 3


def test_an_unknown_metric_is_refused_with_a_near_miss() -> None:
    assert metric_named("ece") is METRICS["ece"]
    with pytest.raises(UnknownName, match=r"There is no metric 'acuracy'\. Did you mean accuracy"):
        metric_named("acuracy")


# From a network's output to an outcome

every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


def split_of(loss: Loss, rows: int = 40) -> Split:
    target = np.arange(rows) % (3 if loss.reading == "logits" else 2)
    features = np.zeros((rows, 1), np.float32)
    return Split(features, target.astype(np.float32) if loss.reading == "value" else target)


def output_of(loss: Loss, size: float, rows: int = 40) -> np.ndarray:
    outputs = np.random.default_rng(0).normal(0, size, (rows, 3) if loss.reading == "logits" else rows)
    return outputs.astype(np.float32)


@every_loss
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_output_is_read_as_the_record_says(loss: Loss, size: float) -> None:
    output = output_of(loss, size)
    outcome = scoring.read(loss, split_of(loss), output)
    assert (outcome.probability is not None) == loss.probabilistic
    if loss.reading == "value":
        np.testing.assert_array_equal(outcome.prediction, output)
        return
    assert outcome.decision is not None
    if loss.reading == "logits":
        np.testing.assert_array_equal(outcome.prediction, [max(range(3), key=lambda k: row[k]) for row in output])
    else:
        np.testing.assert_array_equal(outcome.prediction, [int(one > 0) for one in output])
    if outcome.probability is not None:
        np.testing.assert_allclose(outcome.probability.sum(axis=1), 1)
        np.testing.assert_array_equal(outcome.probability.argmax(axis=1), outcome.prediction)
        if size == 1 and loss.reading == "logit":
            np.testing.assert_allclose(outcome.probability[:, 1], 1 / (1 + np.exp(-output.astype(float))))


@every_loss
def test_targets_are_encoded_as_the_record_says(loss: Loss) -> None:
    target = split_of(loss).target
    found = scoring.encode(loss, target, 3 if loss.reading == "logits" else None)
    expected: dict[str, tuple[list[object], type]] = {
        "value": ([0, 1, 0, 1], np.float32),
        "zero_one": ([0, 1, 0, 1], np.float32),
        "plus_minus_one": ([-1, 1, -1, 1], np.float32),
        "one_hot": ([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32),
        "index": ([0, 1, 2, 0], np.int32),
    }
    values, dtype = expected[loss.encoding]
    np.testing.assert_array_equal(found[:4], values)
    assert found.dtype == dtype


@every_loss
def test_scores_hold_every_metric_of_the_kind_and_none_where_the_head_has_no_probabilities(loss: Loss) -> None:
    kind = loss.kinds[0]
    outcome = scoring.read(loss, split_of(loss), output_of(loss, 1))
    scores = scoring.score(kind, {"train": outcome, "test": outcome})
    assert list(scores) == [metric.key for metric in metrics_for(kind)]
    for key, splits in scores.items():
        if METRICS[key].needs_probability and not loss.probabilistic:
            assert splits is None
        else:
            assert splits is not None
            expected = METRICS[key].function(np, outcome)
            assert splits == {"train": expected, "test": expected}


def test_a_score_that_the_data_leave_undefined_is_none_and_never_nan() -> None:
    loss = fitting("regression")[0]
    split = Split(np.zeros((5, 1), np.float32), np.ones(5, np.float32))
    scores = scoring.score("regression", {"test": scoring.read(loss, split, np.arange(5.0))})
    assert scores["r2"] == {"test": None}
    assert scores["mse"] == {"test": 3.0}
