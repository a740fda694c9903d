import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn import metrics as sk

from lossterm.comparison.protocol import Prepared, Split, SplitName
from lossterm.comparison.protocol_catalogue import PROTOCOLS
from lossterm.engine import scoring
from lossterm.errors import DoesNotFit, UnknownName
from lossterm.losses import KINDS, LOSSES, Kind, Loss, Targets, fitting, loss_named
from lossterm.losses.target_scaling import Scaling, scaling_of
from lossterm.losses.user_defined import own_loss
from lossterm.metrics import METRICS, PRIMARY, Metric, Outcome, metric_for, metric_named, metrics_for, worth_showing
from lossterm.metrics.quantiles import LEVELS
from lossterm.tasks import TASKS, Task
from tests.cells import each
from tests.losses import TABLES
from tests.metrics import SHAPED

OF_ELEMENT: dict[Kind, Kind] = {
    "multioutput": "regression",
    "multilabel": "binary",
    "ordinal": "multiclass",
    "segmentation": "multiclass",
}
BINARY = Targets(kind="binary")


def random_outcome(kind: Kind, seed: int, *, ties: bool = False, counts: bool = False) -> Outcome:
    if kind in ("multioutput", "multilabel", "segmentation"):
        return in_rows(
            random_outcome(OF_ELEMENT[kind], seed, ties=ties), (45, 3) if kind != "segmentation" else (5, 9, 3)
        )
    kind = OF_ELEMENT.get(kind, kind)
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    rows = 137  # not a multiple of the ten bins
    if kind == "regression" and counts:
        mean = rng.gamma(2, 2, rows)
        return Outcome(target=rng.poisson(mean).astype(float), prediction=mean * rng.uniform(0.7, 1.3, rows))
    if kind == "regression":
        values = rng.normal(3, 5, rows)
        predicted = values + rng.standard_t(3, rows)
        quantiles = predicted[:, None] + norm.ppf(np.arange(1, 10) / 10) + rng.normal(0, 0.03, (rows, 9))
        return Outcome(target=values, prediction=predicted, quantiles=quantiles)
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


def in_rows(flat: Outcome, shape: tuple[int, ...]) -> Outcome:
    """Put the first numbers of an outcome into rows of several."""
    count = math.prod(shape)

    def shaped(part: np.ndarray | None) -> np.ndarray | None:
        return None if part is None else part[:count].reshape(*shape, *part.shape[1:])

    return Outcome(
        target=shaped(flat.target),
        prediction=shaped(flat.prediction),
        decision=shaped(flat.decision),
        probability=shaped(flat.probability),
    )


def flat(o: Outcome) -> Outcome:
    """Take every number for a row, as metrics that are a mean over all of them do."""
    rank = o.target.ndim

    def ravelled(part: np.ndarray | None) -> np.ndarray | None:
        return None if part is None else part.reshape(-1, *part.shape[rank:])

    return Outcome(
        target=ravelled(o.target),
        prediction=ravelled(o.prediction),
        decision=ravelled(o.decision),
        probability=ravelled(o.probability),
        quantiles=o.quantiles,
    )


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


def accuracy_of_old_keras(o: Outcome) -> float:
    """Keras 2.3's: y± is compared with the output rounded to a whole number, halves to the even one."""
    pairs = zip(o.target, np.asarray(o.decision), strict=True)
    return sum((1 if target else -1) == round(float(f)) for target, f in pairs) / len(o.target)


def accuracy_of_new_keras(o: Outcome) -> float:
    """Keras 3's: y± is compared with 1 for an output above .5 and 0 otherwise."""
    pairs = zip(o.target, np.asarray(o.decision), strict=True)
    return sum((1 if target else -1) == (1 if f > 0.5 else 0) for target, f in pairs) / len(o.target)


def pinball_by_sklearn(level: float) -> Callable[[Outcome], float]:
    return lambda o: float(sk.mean_pinball_loss(o.target, o.prediction, alpha=level))


def miscoverage_by_counting(level: float) -> Callable[[Outcome], float]:
    def count(o: Outcome) -> float:
        below = sum(bool(y <= f) for y, f in zip(o.target, o.prediction, strict=True))
        return abs(below / len(o.target) - level)

    return count


def ece_by_loop(o: Outcome) -> float:
    """Equal confidences share the bin of the middle of their places; each squared gap less its variance by luck."""
    assert o.probability is not None
    rows = sorted((float(max(p)), bool(t == f)) for p, t, f in zip(o.probability, o.target, o.prediction, strict=True))
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in rows:
        places = [place for place, (other, _) in enumerate(rows) if other == confidence]
        middle = sum(places) / len(places) + 0.5
        bins.setdefault(int(10 * middle // len(rows)), []).append((confidence, right))
    total = 0.0
    for held in bins.values():
        gap = sum(confidence - right for confidence, right in held) / len(held)
        luck = sum(confidence * (1 - confidence) for confidence, _ in held) / len(held) ** 2
        total += len(held) / len(rows) * (gap**2 - luck)
    return math.sqrt(max(0, total))


def crps_by_sklearn(o: Outcome) -> float:
    """Twice the integral over τ of the pinball loss, by the trapezium rule over the deciles."""
    assert o.quantiles is not None
    deciles = [sk.mean_pinball_loss(o.target, o.quantiles[:, k], alpha=(k + 1) / 10) for k in range(9)]
    return float(2 * np.trapezoid([0, *deciles, 0], dx=0.1))


def crossing_by_counting(o: Outcome) -> float:
    assert o.quantiles is not None
    return sum(list(row) != sorted(row) for row in o.quantiles) / len(o.target)


def interval_by_counting(o: Outcome) -> float:
    assert o.quantiles is not None
    inside = sum(bool(row[0] <= y <= row[-1]) for y, row in zip(o.target, o.quantiles, strict=True))
    return abs(inside / len(o.target) - 0.8)


ORACLES: dict[str, Callable[[Outcome], float]] = {
    "crps": crps_by_sklearn,
    "miscoverage": interval_by_counting,
    "crossing_rate": crossing_by_counting,
    "mae": lambda o: sk.mean_absolute_error(o.target, o.prediction),
    "mse": lambda o: sk.mean_squared_error(o.target, o.prediction),
    "rmse": lambda o: sk.root_mean_squared_error(o.target, o.prediction),
    "r2": lambda o: sk.r2_score(o.target, o.prediction),
    "median_ae": lambda o: sk.median_absolute_error(o.target, o.prediction),
    "rmsle": lambda o: sk.root_mean_squared_log_error(o.target, o.prediction),
    "d2_poisson": lambda o: sk.d2_tweedie_score(o.target, o.prediction, power=1),
    "d2_tweedie": lambda o: sk.d2_tweedie_score(o.target, o.prediction, power=1.5),
    **{f"pinball_{name}": pinball_by_sklearn(float(f"0.{name}")) for name in ("05", "10", "25", "75", "90", "95")},
    **{
        f"miscoverage_{name}": miscoverage_by_counting(float(f"0.{name}"))
        for name in ("05", "10", "25", "75", "90", "95")
    },
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
    "keras2_accuracy": accuracy_of_old_keras,
    "keras3_accuracy": accuracy_of_new_keras,
}

OF_ANY_KIND = [metric for metric in METRICS.values() if metric.key not in SHAPED]
"""All but those of ranks, labels and masks alone, which `test_shaped_metrics.py` tries."""

every_metric = each("metric", METRICS.values(), ids=METRICS.keys())
every_task = each("task", TASKS.values(), ids=TASKS.keys())
every_protocol = each("protocol", PROTOCOLS)
every_use = each(
    ("metric", "kind"),
    [(metric, kind) for metric in OF_ANY_KIND for kind in metric.kinds],
    ids=[f"{metric.key}-{kind}" for metric in OF_ANY_KIND for kind in metric.kinds],
)


def test_every_metric_has_an_oracle() -> None:
    assert set(ORACLES) == {metric.key for metric in OF_ANY_KIND}


@every_use
@each("ties", [False, True], ids=["distinct", "ties"])
def test_metric_is_what_the_oracle_says(metric: Metric, kind: Kind, ties: bool) -> None:
    for seed in range(5):
        outcome = random_outcome(kind, seed, ties=ties, counts=metric.lowest == 0)
        score = metric.function(np, outcome)
        assert type(score) is float
        seen = outcome if metric.key == "r2" else flat(outcome)  # of R², the mean over outputs
        assert score == pytest.approx(ORACLES[metric.key](seen), rel=1e-10)


def test_brier_score_of_several_classes_agrees_with_sklearn() -> None:
    outcome = random_outcome("multiclass", 0)
    truth = np.eye(4)[outcome.target]
    expected = 4 * sk.mean_squared_error(truth, outcome.probability)  # a mean over rows and columns alike
    assert METRICS["brier"].function(np, outcome) == pytest.approx(expected, rel=1e-12)


@every_use
def test_perfect_predictions_get_the_best_value(metric: Metric, kind: Kind) -> None:
    target = np.arange(30) % (2 if kind == "binary" else 3)
    sure = np.eye(2 if kind == "binary" else 3)[target]
    values = target + 1.0
    outcome = Outcome(
        target=values if kind == "regression" else target,
        prediction=values if kind == "regression" else target,
        decision=None if kind == "regression" else 2 * sure[:, 1] - 1 if kind == "binary" else sure,
        probability=None if kind == "regression" else sure,
        quantiles=np.repeat(values[:, None], 9, axis=1) if kind == "regression" else None,
    )
    best = 1.0 if metric.direction == "max" else 0.0
    if metric.key == "keras3_accuracy":
        best = 0.5  # the flaw for which it is shown at all: no output is right for a row of class −1
    if metric.key.startswith("miscoverage_"):
        assert metric.level is not None
        best = 1 - metric.level  # a prediction that is always right is no bound that a share may lie above
    if metric.key == "miscoverage":
        best = 0.2  # as many again as should be are between nine deciles that are all the same
    assert metric.function(np, outcome) == pytest.approx(best, abs=1e-15)


@every_use
def test_worse_predictions_get_a_worse_value(metric: Metric, kind: Kind) -> None:
    good = random_outcome(kind, 0, counts=metric.lowest == 0)
    if metric.level is not None:  # a bound that the right share lies below, and one that nothing lies below
        bound = np.full(len(good.target), np.quantile(good.target, metric.level, method="higher"))
        good = Outcome(target=good.target, prediction=bound)
        bad = Outcome(target=good.target, prediction=bound - 100)
    elif kind in ("regression", "multioutput"):
        bad = Outcome(
            target=good.target,
            prediction=good.prediction[::-1],
            quantiles=None if good.quantiles is None else good.quantiles[::-1, ::-1],
        )
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
    full = random_outcome(kind, 1, counts=metric.lowest == 0)
    bare = Outcome(target=full.target, prediction=full.prediction, decision=full.decision)
    if metric.needs in ("probability", "quantiles"):
        with pytest.raises(AssertionError):
            metric.function(np, bare)
    else:
        assert math.isfinite(metric.function(np, bare))


@each("levels", [3, 9, 19, 99])
def test_quantiles_of_a_known_distribution_have_its_score_and_its_interval(levels: int) -> None:
    """A normal distribution's CRPS against its own draws is 1/√π; fewer levels than the deciles know less of it."""
    y = np.random.default_rng(1).normal(size=20_000)
    q = np.tile(norm.ppf(np.arange(1, levels + 1) / (levels + 1)), (len(y), 1))
    outcome = Outcome(target=y, prediction=q[:, levels // 2], quantiles=q)
    assert METRICS["crps"].function(np, outcome) == pytest.approx(
        1 / math.sqrt(math.pi), rel=0.03 if levels > 3 else 0.1
    )
    assert METRICS["miscoverage"].function(np, outcome) < 0.01
    assert METRICS["crossing_rate"].function(np, outcome) == 0


def test_metrics_of_distributions_are_for_losses_that_give_quantiles_and_shown_with_them() -> None:
    keys = {"crps", "miscoverage", "crossing_rate"}
    giving = {loss.key for loss in TABLES.values() if METRICS["crps"].defined(loss)}
    assert giving == {"gaussian_nll", "beta_nll", "quantiles", "free_quantiles"}
    for name, shown in (("mse", set()), ("quantiles:levels=19", keys), ("gaussian_nll", keys)):
        every = worth_showing(METRICS.values(), [loss_named("mae"), loss_named(name)], "mae")
        assert {metric.key for metric in every} & keys == shown
    assert {metric.key for metric in worth_showing(METRICS.values(), [loss_named("mae")], "crps")} & keys == {"crps"}


def test_roc_auc_of_a_margin_needs_no_probability() -> None:
    o = random_outcome("binary", 2)
    bare = Outcome(target=o.target, prediction=o.prediction, decision=o.decision)
    assert METRICS["roc_auc"].function(np, bare) == pytest.approx(sk.roc_auc_score(o.target, o.decision))


# Data that leave a metric undefined


@pytest.mark.parametrize(("value", "rows"), [(2.0, 10), (0.1, 7)])  # the mean of seven .1 is not .1
def test_constant_target_leaves_shares_of_variation_undefined_and_the_errors_whole(value: float, rows: int) -> None:
    outcome = Outcome(target=np.full(rows, value), prediction=np.linspace(1, 3, rows))
    scores = {one.key: one.function(np, outcome) for one in metrics_for("regression") if one.needs is None}
    assert math.isnan(scores.pop("r2"))
    assert math.isnan(scores.pop("d2_poisson"))
    assert math.isnan(scores.pop("d2_tweedie"))
    assert all(math.isfinite(value) for value in scores.values())


def test_targets_that_are_all_zero_leave_the_share_of_deviance_undefined() -> None:
    outcome = Outcome(target=np.zeros(5), prediction=np.full(5, 0.5))
    assert math.isnan(METRICS["d2_poisson"].function(np, outcome))
    assert math.isnan(METRICS["d2_tweedie"].function(np, outcome))
    assert METRICS["rmsle"].function(np, outcome) == pytest.approx(math.log(1.5))


@pytest.mark.parametrize("key", ["rmsle", "d2_poisson", "d2_tweedie"])
def test_a_target_below_zero_leaves_metrics_of_positive_targets_undefined(key: str) -> None:
    outcome = Outcome(target=np.array([1.0, -0.5, 2.0]), prediction=np.array([1.0, 0.5, 2.0]))
    assert math.isnan(METRICS[key].function(np, outcome))


@pytest.mark.parametrize(("key", "power"), [("d2_poisson", 1), ("d2_tweedie", 1.5)])
@pytest.mark.parametrize("prediction", [0.0, -1.5])
def test_a_prediction_that_is_not_positive_is_clipped_by_the_share_of_deviance(
    prediction: float, key: str, power: float
) -> None:
    target, predicted = np.array([1.0, 3.0, 2.0]), np.array([1.0, prediction, 2.0])
    score = METRICS[key].function(np, Outcome(target=target, prediction=predicted))
    clipped = np.maximum(predicted, np.finfo(np.float32).eps)
    assert score == pytest.approx(sk.d2_tweedie_score(target, clipped, power=power))
    assert score < 0


@pytest.mark.parametrize(("key", "power"), [("d2_poisson", 1), ("d2_tweedie", 1.5)])
def test_a_prediction_of_nothing_is_no_trouble_where_the_target_is_0(key: str, power: float) -> None:
    target, predicted = np.array([0.0, 250.0, 0.0, 40.0, 110.0]), np.array([3.0, 200.0, 1e-3, 80.0, 100.0])
    score = METRICS[key].function(np, Outcome(target=target, prediction=predicted))
    assert score == pytest.approx(sk.d2_tweedie_score(target, predicted, power=power))
    assert 0 < score < 1


@pytest.mark.parametrize("key", ["d2_poisson", "d2_tweedie"])
def test_the_mean_explains_none_of_the_deviance(key: str) -> None:
    target = np.array([0.0, 2.0, 1.0, 4.0])
    assert METRICS[key].function(np, Outcome(target=target, prediction=np.full(4, 1.75))) == pytest.approx(0, abs=1e-12)


def test_a_prediction_below_zero_is_taken_for_zero_by_the_logarithmic_error() -> None:
    # ln 1 − ln 4 and ln 4 − ln 2: √((4·ln²2 + ln²2)/2)
    outcome = Outcome(target=np.array([3.0, 1.0]), prediction=np.array([-7.0, 3.0]))
    assert METRICS["rmsle"].function(np, outcome) == pytest.approx(math.log(2) * math.sqrt(2.5))


def test_share_of_deviance_is_what_was_worked_out_by_hand() -> None:
    # of the prediction: 2/4·((2·ln 4 − 1.5) + .5 + (ln ½ + 1) + (4·ln 2 − 2)) = .5·(7·ln 2 − 2) = 1.42602
    # of the mean 1.75: 2/4·(2·ln(2/1.75) + ln(1/1.75) + 4·ln(4/1.75)) = .5·(.26706 − .55962 + 3.30671) = 1.50708
    outcome = Outcome(target=np.array([2.0, 0.0, 1.0, 4.0]), prediction=np.array([0.5, 0.5, 2.0, 2.0]))
    assert METRICS["d2_poisson"].function(np, outcome) == pytest.approx(1 - 1.42602 / 1.50708, abs=1e-5)
    constant = Outcome(target=outcome.target, prediction=np.full(4, 1.75))
    assert METRICS["d2_poisson"].function(np, constant) == pytest.approx(0, abs=1e-12)


# How Keras counted margins


@pytest.mark.parametrize(
    ("key", "right"),
    [
        # y± −1: rounded to −1 from beyond −.5; y± +1: rounded to 1 from beyond .5
        ("keras2_accuracy", [True, True, False, False, False, False, False, False, True, True]),
        # above .5 counts as 1, the rest as 0, which is no class's label
        ("keras3_accuracy", [False, False, False, False, False, False, False, False, True, True]),
        ("accuracy", [True, True, True, True, False, False, True, True, True, True]),
    ],
)
def test_accuracy_of_tanh_outputs_is_what_was_worked_out_by_hand(key: str, right: list[bool]) -> None:
    output = np.array([-0.9, -0.51, -0.5, -0.1, 0.2, -0.2, 0.1, 0.5, 0.51, 0.9], np.float32)
    target = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    split = Split(np.zeros((10, 2), np.float32), target)
    outcome = scoring.outcome_of(LOSSES["hinge"], Prepared(splits={"test": split}), "test", output)
    assert METRICS[key].function(np, outcome) == np.mean(right)
    for row, expected in enumerate(right):
        one = Outcome(
            target=outcome.target[row : row + 1],
            prediction=outcome.prediction[row : row + 1],
            decision=np.asarray(outcome.decision)[row : row + 1],
        )
        assert METRICS[key].function(np, one) == expected


@pytest.mark.parametrize("key", ["keras2_accuracy", "keras3_accuracy"])
def test_kerass_accuracies_are_computed_for_margins_under_the_tutorial_alone(key: str) -> None:
    metric = METRICS[key]
    for protocol in PROTOCOLS:
        for kind in KINDS:
            assert (metric in metrics_for(kind, protocol)) == ((kind, protocol) == ("binary", "tutorial"))
    assert {"hinge", "squared_hinge"} <= {loss.key for loss in fitting(BINARY) if metric.defined(loss)}
    metrics = metrics_for("binary", "tutorial")
    for loss in fitting(BINARY):
        outcome = scoring.outcome_of(loss, prepared_for(loss), "train", np.tanh(output_of(loss, 1)))
        scores = scoring.score(metrics, loss, {"train": outcome})
        expected = {"train": metric.function(np, outcome)} if loss.reading == "margin" else None
        assert scores[key] == expected


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
    scores = {metric.key: metric.function(np, outcome) for metric in metrics_for(kind)}
    assert math.isnan(scores.pop("roc_auc"))
    assert all(math.isfinite(value) for value in scores.values())
    assert scores["accuracy"] == scores["balanced_accuracy"] == scores["macro_f1"] == 1


def calibrated(rows: int, off: float, seed: int) -> Outcome:
    """Predictions that are right as often as they are confident, less `off`."""
    rng = np.random.default_rng([rows, seed])
    confidence = rng.uniform(0.5, 1, rows)
    right = rng.random(rows) < confidence - off
    return Outcome(
        target=np.where(right, 1, 0),
        prediction=np.ones(rows, int),
        probability=np.stack([1 - confidence, confidence], axis=1),
    )


@each(("rows", "naive", "debiased"), [(30, 0.15, 0.07), (200, 0.06, 0.03), (1000, 0.025, 0.012)])
def test_the_calibration_error_of_a_calibrated_model_is_not_that_of_luck(
    rows: int, naive: float, debiased: float
) -> None:
    def by_the_textbook(o: Outcome) -> float:
        assert o.probability is not None
        confidence = o.probability.max(axis=1)
        bins = np.array_split(np.argsort(confidence), 10)
        right = o.target == o.prediction
        return float(sum(len(one) * abs(confidence[one].mean() - right[one].mean()) for one in bins) / rows)

    outcomes = [calibrated(rows, 0, seed) for seed in range(200)]
    assert np.mean([METRICS["ece"].function(np, one) for one in outcomes]) < debiased
    assert np.mean([by_the_textbook(one) for one in outcomes]) > naive


@each("off", [0.1, 0.2])
def test_the_calibration_error_of_a_model_that_is_off_is_by_how_much(off: float) -> None:
    found = [METRICS["ece"].function(np, calibrated(200, off, seed)) for seed in range(200)]
    assert np.mean(found) == pytest.approx(off, rel=0.1)


def test_the_calibration_error_does_not_depend_on_the_order_of_rows_with_equal_confidence() -> None:
    rng = np.random.default_rng(0)
    confidence = np.round(rng.uniform(0.5, 1, 100), 1)
    target = (rng.random(100) < 0.5).astype(int)
    found = set()
    for _ in range(5):
        order = rng.permutation(100)
        probability = np.stack([1 - confidence, confidence], axis=1)[order]
        outcome = Outcome(target=target[order], prediction=np.ones(100, int), probability=probability)
        found.add(round(METRICS["ece"].function(np, outcome), 12))
    assert len(found) == 1


def test_fewer_rows_than_bins_are_no_trouble_for_calibration() -> None:
    outcome = Outcome(
        target=np.array([0, 1, 1]), prediction=np.zeros(3, int), probability=np.tile([0.75, 0.25], (3, 1))
    )
    # one bin: (3·.75 − 1)²/9 − 3·.75·.25/9
    assert METRICS["ece"].function(np, outcome) == pytest.approx(math.sqrt((1.25**2 - 0.5625) / 9))


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
    assert metric.needs in {None, "probability", "margin", "quantiles"}
    assert metric.protocol is None or metric.protocol in PROTOCOLS


@every_metric
def test_what_does_not_matter_is_a_little_more_than_nothing(metric: Metric) -> None:
    squared = metric.key in {"mse", "brier"}
    assert metric.rope == (0.02 if squared else 0.01 if metric.relative or "miscoverage" in metric.key else 0.005)
    assert (metric.power > 0) == (metric.key in {"mse", "rmse", "mae", "median_ae", "crps"} or "pinball" in metric.key)
    assert not metric.relative or metric.direction == "min"  # a share of a mean needs a scale that starts at 0


@every_metric
def test_what_does_not_matter_is_never_less_than_a_thousandth_of_the_targets_deviation(metric: Metric) -> None:
    at_zero = metric.region(target_sd=50.0).around(0.0)
    if not metric.power:
        assert at_zero == metric.region().around(0.0)
    else:
        assert at_zero == pytest.approx(0.05**metric.power)
        assert metric.region().around(0.0) == 0
        assert metric.region(target_sd=50.0).around(1e6) == metric.region().around(1e6) == metric.rope * 1e6


@every_metric
def test_metric_is_defined_for_the_heads_that_have_what_it_needs(metric: Metric) -> None:
    for loss in TABLES.values():
        has = {None: True, "probability": loss.probabilistic, "margin": loss.reading == "margin"}
        has["quantiles"] = loss.beside in ("steps", "quantiles", "variance")
        assert metric.defined(loss) == has[metric.needs]


@every_task
@every_protocol
def test_primary_metric_fits_every_task_protocol_and_head(task: Task, protocol: str) -> None:
    primary = METRICS[PRIMARY[task.kind]]
    assert primary in metrics_for(task.kind, protocol, task.lowest)
    assert metric_for(primary.key, task.kind, protocol, task.lowest) is primary
    assert all(primary.defined(loss) for loss in fitting(task.targets, protocol))
    assert primary.level is None


@each("kind", KINDS)
@every_protocol
@each("lowest", [-math.inf, -1e-9, 0.0, 3.0, math.inf])
def test_metrics_are_those_whose_record_names_the_kind_the_protocol_and_the_targets(
    kind: Kind, protocol: str, lowest: float
) -> None:
    metrics = metrics_for(kind, protocol, lowest)
    expected = [m for m in METRICS.values() if kind in m.kinds]
    expected = [m for m in expected if m.protocol in {None, protocol} and not lowest < m.lowest]
    assert list(metrics) == expected
    assert len(metrics) >= 3
    assert all(metric_for(metric.key, kind, protocol, lowest) is metric for metric in metrics)


def test_metrics_of_counts_are_for_targets_that_are_never_below_zero() -> None:
    keys = {metric.key for metric in METRICS.values() if metric.lowest > -math.inf}
    assert keys == {"rmsle", "d2_poisson", "d2_tweedie"}
    assert keys <= {metric.key for metric in metrics_for("regression", lowest=0)}
    assert keys.isdisjoint(metric.key for metric in metrics_for("regression", lowest=-1))


@pytest.mark.parametrize(
    ("key", "kind", "protocol", "lowest", "reason"),
    [
        (
            "mae",
            "binary",
            "fair",
            math.inf,
            "mae is a metric for regression and multioutput tasks, but this task is binary.",
        ),
        (
            "accuracy",
            "regression",
            "fair",
            math.inf,
            "accuracy is a metric for binary, multiclass, ordinal, multilabel and segmentation tasks, but this task is "
            "regression.",
        ),
        (
            "rmsle",
            "regression",
            "fair",
            -math.inf,
            "rmsle needs targets of at least 0, and this task's go below.",
        ),
        (
            "keras2_accuracy",
            "binary",
            "fair",
            math.inf,
            "keras2_accuracy is computed under the protocol tutorial only.",
        ),
        (
            "keras3_accuracy",
            "multiclass",
            "tutorial",
            math.inf,
            "keras3_accuracy is a metric for binary tasks, but this task is multiclass.",
        ),
    ],
)
def test_a_metric_that_does_not_fit_is_refused_with_why_and_what_fits(
    key: str, kind: Kind, protocol: str, lowest: float, reason: str
) -> None:
    with pytest.raises(DoesNotFit) as raised:
        metric_for(key, kind, protocol, lowest)
    fit = ", ".join(metric.key for metric in metrics_for(kind, protocol, lowest))
    assert str(raised.value) == f"{reason} Metrics that fit: {fit}."
    assert raised.value.exit_code == 2


def test_an_unknown_metric_is_refused_with_a_near_miss() -> None:
    assert metric_named("ece") is METRICS["ece"]
    with pytest.raises(UnknownName, match=r"There is no metric 'acuracy'\. Did you mean accuracy"):
        metric_named("acuracy")
    with pytest.raises(UnknownName, match=r"There is no metric 'd2_poison'\. Did you mean d2_poisson"):
        metric_for("d2_poison", "regression")
    with pytest.raises(UnknownName, match=r"There is no metric 'acuracy'\. Known: mae, ") as raised:
        metric_for("acuracy", "regression")
    assert "accuracy" not in str(raised.value), "it does not fit"


# From a network's output to an outcome

every_loss = each("loss", TABLES.values(), ids=TABLES.keys())


def split_of(loss: Loss, rows: int = 40, *, factor: float = 1) -> Split:
    target = np.arange(rows) % (3 if loss.by_class else 2)
    features = np.zeros((rows, 1), np.float32)
    return Split(features, factor * (target + 1.0) if loss.reading == "value" else target)


def output_of(loss: Loss, size: float, rows: int = 40) -> np.ndarray:
    units = 3 if loss.by_class else loss.units
    outputs = np.random.default_rng(0).normal(0, size, (rows, units) if units > 1 else rows)
    return outputs.astype(np.float32)


def prepared_for(loss: Loss, *, scales: bool = False, factor: float = 1) -> Prepared:
    """Targets of 1 and 2 by turns, times a factor, or classes."""
    split = split_of(loss, factor=factor)
    return Prepared(splits={"train": split, "test": split}, scales=scales)


def value_by_hand(loss: Loss, output: np.ndarray) -> np.ndarray:
    """What the record says that the output stands for, on the loss's scale."""
    first = np.array([row[0] for row in output] if output.ndim > 1 else output, float)
    return np.asarray({"identity": first, "log": np.exp(first), "logit": expit(first)}[loss.link])


@every_loss
@each("size", [1.0, 1e4])
def test_output_is_read_as_the_record_says(loss: Loss, size: float) -> None:
    output = output_of(loss, size)
    outcome = scoring.outcome_of(loss, prepared_for(loss), "test", output)
    assert (outcome.probability is not None) == loss.probabilistic == (loss.reading in ("logit", "logits"))
    np.testing.assert_array_equal(outcome.target, split_of(loss).target)
    if loss.reading == "value":
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(outcome.prediction, value_by_hand(loss, output), rtol=1e-12)
        return
    assert outcome.decision is not None
    if loss.by_class:
        np.testing.assert_array_equal(outcome.prediction, [max(range(3), key=lambda k: row[k]) for row in output])
    else:
        np.testing.assert_array_equal(outcome.prediction, [int(one > 0) for one in output])
    if outcome.probability is not None:
        np.testing.assert_allclose(outcome.probability.sum(axis=1), 1)
        np.testing.assert_array_equal(outcome.probability.argmax(axis=1), outcome.prediction)
        if size == 1 and loss.reading == "logit":
            np.testing.assert_allclose(outcome.probability[:, 1], 1 / (1 + np.exp(-output.astype(float))))


@every_loss
def test_values_are_read_in_the_units_of_the_target_and_classes_as_they_are(loss: Loss) -> None:
    output = output_of(loss, 1)
    plain = scoring.outcome_of(loss, prepared_for(loss), "test", output)
    data = prepared_for(loss, scales=True, factor=50)
    scaled = scoring.outcome_of(loss, data, "test", output)
    np.testing.assert_array_equal(scaled.target, data.splits["test"].target)
    if loss.reading == "value":
        # targets are 50 and 100 by turns: their mean is 75, their standard deviation 25
        logs = np.log1p([50.0, 100.0])
        value = value_by_hand(loss, output)
        expected = {
            "standard": 75 + 25 * value,
            "mean": 75 * value,
            "raw": value,
            "log1p": np.expm1(logs.mean() + logs.std() * value),
        }
        np.testing.assert_allclose(scaled.prediction, expected[loss.scale], rtol=1e-12)
    else:
        np.testing.assert_array_equal(scaled.prediction, plain.prediction)
    for one, other in ((plain.decision, scaled.decision), (plain.probability, scaled.probability)):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_array_equal(one, other)


@each(
    "loss",
    [loss for loss in TABLES.values() if loss.reading == "value" and loss.scale in ("standard", "mean")],
    ids=lambda loss: loss.key,
)
def test_errors_are_in_the_units_of_the_target(loss: Loss) -> None:
    scores = {}
    for unit in (1.0, 4.0):
        data = prepared_for(loss, scales=True, factor=unit)
        outcome = scoring.outcome_of(loss, data, "test", output_of(loss, 1))
        scores[unit] = scoring.score(metrics_for("regression", lowest=-1), loss, {"test": outcome})

    def value(unit: float, key: str) -> float:
        summary = (scores[unit][key] or {})["test"]
        assert summary is not None
        return summary

    for key, factor in (("mae", 4), ("median_ae", 4), ("rmse", 4), ("mse", 16), ("r2", 1)):
        assert value(4.0, key) == pytest.approx(factor * value(1.0, key), rel=1e-9)


def test_a_split_is_read_with_its_own_target() -> None:
    loss = LOSSES["mse"]
    names: tuple[SplitName, ...] = ("train", "validation", "test")
    splits = {
        name: Split(np.zeros((2, 1), np.float32), np.array([8.0, 12.0]) + place) for place, name in enumerate(names)
    }
    for place, name in enumerate(splits):
        outcome = scoring.outcome_of(loss, Prepared(splits=splits), name, np.ones(2, np.float32))
        np.testing.assert_array_equal(outcome.target, np.array([8, 12]) + place)
        np.testing.assert_array_equal(outcome.prediction, [12, 12])  # the scale is that of train, for every split


@every_loss
def test_targets_are_encoded_as_the_record_says(loss: Loss) -> None:
    target = split_of(loss).target
    scaling = Scaling(origin=2, unit=4)  # classes know nothing of it
    encoded = scoring.encode(loss, scaling, target, 3 if loss.by_class else None)
    expected: dict[str, tuple[list[object], type]] = {
        "value": ([-0.25, 0, -0.25, 0], np.float32),
        "zero_one": ([0, 1, 0, 1], np.float32),
        "plus_minus_one": ([-1, 1, -1, 1], np.float32),
        "one_hot": ([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32),
        "index": ([0, 1, 2, 0], np.int32),
    }
    values, dtype = expected[loss.encoding]
    np.testing.assert_array_equal(encoded[:4], values)
    assert encoded.dtype == dtype


@every_loss
@every_protocol
def test_scores_hold_every_metric_asked_for_and_none_where_the_head_does_not_give_it(loss: Loss, protocol: str) -> None:
    metrics = metrics_for(loss.kinds[0], protocol, lowest=-1)
    outcome = scoring.outcome_of(loss, prepared_for(loss), "test", output_of(loss, 1))
    scores = scoring.score(metrics, loss, {"train": outcome, "test": outcome})
    assert list(scores) == [metric.key for metric in metrics]
    for metric in metrics:
        expected = metric.function(np, outcome) if metric.defined(loss) else None
        assert scores[metric.key] == (None if expected is None else {"train": expected, "test": expected})


@every_loss
def test_values_are_encoded_on_the_scale_of_their_loss_and_read_back(loss: Loss) -> None:
    if loss.encoding != "value":
        assert loss.scale == "standard"  # nothing that classes have
        assert loss.link == "identity"
        return
    data = prepared_for(loss, scales=True, factor=0.3 if loss.highest == 1 else 3)
    target = data.splits["train"].target
    seen = scoring.encode(loss, data.scaling(loss.scale), target, None)
    assert data.scaling(loss.scale) == scaling_of(loss.scale, target)
    output = np.log(seen) if loss.link == "log" else np.asarray(logit(seen)) if loss.link == "logit" else seen
    if loss.units > 1:
        others = np.full((len(output), loss.units - 1), 7, np.float32)  # which are not the value
        output = np.concatenate([output[:, None], others], axis=1)
    outcome = scoring.outcome_of(loss, data, "test", output)
    np.testing.assert_allclose(outcome.prediction, outcome.target, rtol=1e-6)
    if outcome.quantiles is not None:
        middle = outcome.quantiles[:, outcome.quantiles.shape[1] // 2]
        np.testing.assert_allclose(middle, outcome.target, rtol=1e-6)


def test_a_prediction_that_overflows_has_no_score() -> None:
    loss = LOSSES["poisson"]
    outcome = scoring.outcome_of(loss, prepared_for(loss, scales=True), "test", np.full(40, 1e4, np.float32))
    assert np.isinf(outcome.prediction).all()
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = scoring.score(metrics_for("regression", lowest=0), loss, {"test": outcome})
    assert scores["mae"] == {"test": None}


def test_a_score_that_the_data_leave_undefined_is_none_and_never_nan() -> None:
    loss = LOSSES["mse"]
    split = Split(np.zeros((5, 1), np.float32), np.ones(5))
    data = Prepared(splits={"train": split, "test": split}, scales=False)
    outcome = scoring.outcome_of(loss, data, "test", np.arange(5.0))
    scores = scoring.score(metrics_for("regression"), loss, {"test": outcome})
    assert scores["r2"] == scores["d2_poisson"] == {"test": None}
    assert scores["mse"] == {"test": 3.0}


# Metrics of quantiles

OF_QUANTILES = [metric for metric in METRICS.values() if metric.level is not None]
every_quantile = each("metric", OF_QUANTILES, ids=lambda metric: metric.key)


def test_every_level_has_its_two_metrics_and_the_median_has_mae() -> None:
    assert LEVELS == (0.05, 0.1, 0.25, 0.75, 0.9, 0.95)
    expected = [f"{what}_{100 * level:02.0f}" for level in LEVELS for what in ("pinball", "miscoverage")]
    assert [metric.key for metric in OF_QUANTILES] == expected
    assert expected[0] == "pinball_05"
    assert {metric.kinds for metric in OF_QUANTILES} == {("regression",)}


@every_quantile
def test_metric_of_a_quantile_is_what_was_worked_out_by_hand(metric: Metric) -> None:
    assert metric.level is not None
    outcome = Outcome(target=np.array([1.0, 5.0, 3.0, 10.0]), prediction=np.array([2.0, 3.0, 3.0, 4.0]))
    # f − y is 1, −2, 0, −6: one row is above by 1, two are below by 8 together; two of four targets are at or below f
    expected = ((1 - metric.level) * 1 + metric.level * 8) / 4
    if metric.key.startswith("miscoverage_"):
        expected = abs(0.5 - metric.level)
    assert metric.function(np, outcome) == pytest.approx(expected, rel=1e-12)


@every_quantile
def test_the_quantile_itself_is_the_best_bound_that_is_the_same_for_all(metric: Metric) -> None:
    target = np.random.default_rng(4).gamma(2, 3, 4000)
    assert metric.level is not None
    values = {
        share: metric.function(np, Outcome(target=target, prediction=np.full(4000, np.quantile(target, share))))
        for share in np.linspace(0.01, 0.99, 99).round(2)
    }
    assert min(values, key=lambda share: values[share]) == metric.level


def test_a_quantile_of_many_rows_is_not_lost_in_single_precision() -> None:
    target = np.full(200_000, 1e4, np.float32)
    outcome = Outcome(target=target + np.float32(0.125), prediction=target)
    assert METRICS["pinball_90"].function(np, outcome) == pytest.approx(0.9 * 0.125, rel=1e-6)


SHOWN: dict[str, tuple[tuple[str, ...], str, set[str]]] = {
    "no quantile": (("mse", "mae", "huber"), "mae", set()),
    "one at its default": (("mse", "pinball"), "mae", {"pinball_90", "miscoverage_90"}),
    "one with a parameter": (("pinball:tau=0.05",), "mae", {"pinball_05", "miscoverage_05"}),
    "two": (
        ("pinball:tau=0.1", "pinball"),
        "mae",
        {"pinball_10", "miscoverage_10", "pinball_90", "miscoverage_90"},
    ),
    "the median": (("pinball:tau=0.5",), "mae", set()),
    "a level that none measures": (("pinball:tau=0.8",), "mae", set()),
    "an expectile is no quantile": (("expectile",), "mae", set()),
    "asked to rank": (("mse",), "pinball_75", {"pinball_75"}),
    "asked to rank beside its own": (("pinball",), "pinball_75", {"pinball_75", "pinball_90", "miscoverage_90"}),
    "a custom loss": (("mine@01234567",), "mae", set()),
}


@each("case", SHOWN)
def test_a_metric_of_a_quantile_is_shown_where_a_loss_estimates_it_or_it_ranks(case: str) -> None:
    keys, ranking, expected = SHOWN[case]
    losses = [own_loss(key) if "@" in key else loss_named(key) for key in keys]
    every = metrics_for("regression", lowest=0)
    shown = worth_showing(every, losses, ranking)
    assert {metric.key for metric in shown if metric.level is not None} == expected
    assert [metric for metric in every if metric in shown] == list(shown)
    plain = [metric for metric in every if metric.level is None and metric.needs != "quantiles"]
    assert plain == [one for one in shown if one.level is None]


@every_metric
def test_figures_of_probabilities_that_a_loss_distorts_are_marked(metric: Metric) -> None:
    for key in ("focal", "binary_focal", "gce", "smoothed_crossentropy", "weighted_binary_crossentropy", "poly1"):
        assert metric.distorted(LOSSES[key]) == (metric.needs == "probability")
    for key in ("categorical_crossentropy", "brier", "binary_brier", "hinge", "mse", "square_on_logits", "bi_tempered"):
        assert not metric.distorted(LOSSES[key])


@each("metric", METRICS.values(), ids=METRICS)
def test_a_parameter_that_leaves_cross_entropy_distorts_nothing(metric: Metric) -> None:
    neutral = [
        (loss, parameter) for loss in TABLES.values() for parameter in loss.parameters if parameter.neutral is not None
    ]
    assert neutral
    for loss, parameter in neutral:
        assert parameter.neutral is not None
        assert not metric.distorted(loss_named(f"{loss.key}:{parameter.name}={parameter.neutral!r}"))


def test_a_custom_loss_is_left_to_its_scores_and_may_distort_probabilities() -> None:
    assert all(metric.defined(own_loss("mine@01234567")) for metric in METRICS.values())
    assert [metric for metric in METRICS.values() if metric.distorted(own_loss("mine@01234567"))] == [
        metric for metric in METRICS.values() if metric.needs == "probability"
    ]
