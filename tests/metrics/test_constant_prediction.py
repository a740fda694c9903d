"""The constant prediction: what a model that looks at no feature scores, by scikit-learn's dummies."""

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.dummy import DummyClassifier, DummyRegressor

from lossterm.losses import Kind
from lossterm.metrics import METRICS, Outcome, constant_outcome

RNG = np.random.default_rng(0)
TRAIN, TEST = RNG.lognormal(size=301), RNG.lognormal(size=97)


def numbers(target: np.ndarray) -> Outcome:
    return Outcome(target=target, prediction=target)


def classes(target: np.ndarray, count: int) -> Outcome:
    decision = np.zeros(len(target)) if count == 2 else np.zeros((len(target), count))
    return Outcome(target=target, prediction=target, decision=decision)


def constant(key: str, train: Outcome, test: Outcome) -> float:
    metric = METRICS[key]
    return metric.function(np, constant_outcome(np, metric, train, test))


def test_numbers_get_the_mean_the_median_or_the_quantile_that_the_metric_rewards() -> None:
    for key, strategy, score in (
        ("mae", {"strategy": "median"}, sk.mean_absolute_error),
        ("mse", {"strategy": "mean"}, sk.mean_squared_error),
        ("r2", {"strategy": "mean"}, sk.r2_score),
        ("pinball_90", {"strategy": "quantile", "quantile": 0.9}, lambda y, f: sk.mean_pinball_loss(y, f, alpha=0.9)),
    ):
        dummy = DummyRegressor(**strategy).fit(TRAIN[:, None], TRAIN)
        expected = score(TEST, dummy.predict(TEST[:, None]))
        assert constant(key, numbers(TRAIN), numbers(TEST)) == pytest.approx(expected), key


def test_no_other_number_is_better_on_the_rows_that_it_was_chosen_on() -> None:
    train = numbers(TRAIN)
    for key, metric in METRICS.items():
        if metric.kinds != ("regression",) or key == "median_ae":  # whose best number has no name
            continue
        if metric.needs:  # of several numbers
            continue
        sign = 1 if metric.direction == "min" else -1
        others = [
            metric.function(np, Outcome(target=TRAIN, prediction=np.full(len(TRAIN), number)))
            for number in np.quantile(TRAIN, np.linspace(0.01, 0.99, 99))
        ]
        assert sign * constant(key, train, train) <= min(sign * np.array(others)) + 1e-12, key


def test_distributions_get_the_deciles_of_the_training_targets() -> None:
    deciles = np.quantile(TRAIN, np.arange(1, 10) / 10)
    inside = np.mean((deciles[0] <= TEST) & (deciles[-1] >= TEST))
    assert constant("miscoverage", numbers(TRAIN), numbers(TEST)) == pytest.approx(abs(inside - 0.8))
    assert constant("crossing_rate", numbers(TRAIN), numbers(TEST)) == 0
    assert constant("crps", numbers(TRAIN), numbers(TEST)) < constant("mae", numbers(TRAIN), numbers(TEST))


@pytest.mark.parametrize("count", [2, 3])
def test_classes_get_the_largest_one_and_the_shares_as_probabilities(count: int) -> None:
    shares = np.array([0.2, 0.8] if count == 2 else [0.1, 0.2, 0.7])
    train, test = (RNG.choice(count, size, p=shares) for size in (300, 200))
    dummy = DummyClassifier(strategy="prior").fit(train[:, None], train)
    predicted, probability = dummy.predict(test[:, None]), dummy.predict_proba(test[:, None])
    expected = {
        "accuracy": sk.accuracy_score(test, predicted),
        "balanced_accuracy": 1 / count,
        "macro_f1": sk.f1_score(test, predicted, average="macro", zero_division=0),
        "roc_auc": 0.5,
        "log_loss": sk.log_loss(test, probability),
    }
    for key, value in expected.items():
        assert constant(key, classes(train, count), classes(test, count)) == pytest.approx(value), key


def test_every_metric_has_one() -> None:
    kinds: tuple[Kind, ...] = ("regression", "binary", "multiclass")
    parts = {
        "regression": (numbers(TRAIN), numbers(TEST)),
        "binary": (classes(np.array([0, 1, 1, 1]), 2), classes(np.array([0, 1, 1]), 2)),
        "multiclass": (classes(np.array([0, 1, 2, 2]), 3), classes(np.array([0, 1, 2]), 3)),
    }
    for key, metric in METRICS.items():
        for kind in set(kinds) & set(metric.kinds):
            assert np.isfinite(constant(key, *parts[kind])), (key, kind)
