import math

import numpy as np
import pytest
from msgspec.structs import asdict
from sklearn import datasets

from lossterm.comparison.hyperparameters import unfit_network
from lossterm.errors import UnknownName
from lossterm.losses import KINDS, Targets, fitting, usual
from lossterm.metrics import PRIMARY, metrics_for
from lossterm.tasks import TASKS, Task, task_named
from lossterm.tasks.shipped import SHIPPED
from tests.cells import each

every_task = each("task", TASKS.values(), ids=TASKS.keys())


@every_task
def test_draw_has_the_shape_that_the_record_says(task: Task) -> None:
    features, target = task.draw(0)
    assert features.shape == (task.rows, *task.input_shape)
    assert target.shape == (task.rows, *task.target_shape)
    assert task.features == math.prod(task.input_shape)
    assert np.isfinite(features).all()
    assert np.isfinite(target).all()
    if task.classes is None:
        assert len(np.unique(target)) > (10 if task.shares or (target == np.round(target)).all() else task.rows / 2)
    else:
        assert set(np.unique(target)) == set(range(task.classes))


@every_task
def test_draw_depends_on_the_seed_alone_and_on_nothing_where_the_rows_are_finite(task: Task) -> None:
    np.random.seed(1)  # a draw that reads the global state would change with it
    first = task.draw(3)
    np.random.seed(2)
    again, other = task.draw(3), task.draw(4)
    for place in (0, 1):
        np.testing.assert_array_equal(first[place], again[place])
    assert np.array_equal(first[0], other[0]) == task.finite
    assert np.array_equal(first[1], other[1]) == task.finite


@every_task
def test_a_draw_can_be_changed_without_changing_the_next(task: Task) -> None:
    features, target = task.draw(5)
    before = features.copy(), target.copy()
    features[:], target[:] = 0, 0
    for drawn, expected in zip(task.draw(5), before, strict=True):
        np.testing.assert_array_equal(drawn, expected)


@every_task
def test_no_target_is_below_what_the_record_says(task: Task) -> None:
    for seed in range(3):
        target = task.draw(seed)[1]
        assert target.min() >= task.lowest
        assert task.zeros or (target != 0).all()


@every_task
def test_task_record_leaves_no_field_empty_and_fits_losses_and_metrics(task: Task) -> None:
    assert TASKS[task.key] is task
    for name, value in asdict(task).items():
        may_be_none = ("classes", "groups", "numeric", "row_numbers", "column_names", "times", "weights", "advised")
        assert value is not None or name in may_be_none, name
        assert value != "", name
    assert len(task.labels) in (0, task.classes)
    assert len(set(task.labels)) == len(task.labels)
    assert task.words == ("--task", task.key)
    assert (task.classes is None) == (task.element == "regression")
    assert (task.classes == 2) == (task.element == "binary")
    assert all(units > 0 for units in task.hidden)
    assert len(task.hidden) > 0 or task.network != "mlp"
    assert unfit_network(task.network, task, task.filters) == ""
    assert len(task.outputs) == (math.prod(task.target_shape) if task.kind in ("multioutput", "multilabel") else 0)
    assert task.epochs > 0
    assert task.targets == Targets(
        kind=task.kind, lowest=task.lowest, highest=task.highest, zeros=task.zeros, classes=task.classes
    )
    assert len(fitting(task.targets)) > len(usual(task.targets)) >= 3
    assert PRIMARY[task.kind] in {metric.key for metric in metrics_for(task.kind, lowest=task.lowest)}


@every_task
def test_classes_are_as_unequal_as_the_record_says(task: Task) -> None:
    if task.classes is None:
        assert task.imbalance == 1
        return
    counts = np.bincount(task.draw(0)[1].ravel())
    assert counts.max() / counts.min() == pytest.approx(task.imbalance, rel=0.1)


# Targets that are never negative


def surface(features: np.ndarray) -> np.ndarray:
    """Friedman's first function over 10, by hand."""
    a, b, c, d, e = features.T
    return np.sin(np.pi * a * b) + 2 * (c - 0.5) ** 2 + d + e / 2  # type: ignore[no-any-return]  # NumPy's Any


POSITIVE = ("counts", "claims", "prices")


@pytest.mark.parametrize("key", POSITIVE)
def test_positive_targets_hang_on_five_features_drawn_evenly(key: str) -> None:
    task = task_named(key)
    features, target = task.draw(1)
    assert features.shape == (1000, 5)
    assert 0 <= features.min() < 0.01
    assert 0.99 < features.max() < 1
    np.testing.assert_allclose(features.mean(axis=0), 0.5, atol=0.04)
    assert target.dtype == np.float64
    assert task.lowest == 0
    assert not task.finite
    assert not task.family  # the same surface for every seed: fresh rows alone
    by_surface = target[np.argsort(surface(features))]
    assert by_surface[500:].mean() > 1.5 * by_surface[:500].mean()
    levels = [np.mean(task.draw(seed)[1]) for seed in range(4)]
    assert len(set(levels)) == 4
    assert max(levels) < 1.5 * min(levels)


def test_counts_are_whole_numbers_whose_mean_is_the_surface() -> None:
    task = task_named("counts")
    features, target = (np.concatenate(parts) for parts in zip(*(task.draw(seed) for seed in range(10)), strict=True))
    assert (target == np.round(target)).all()
    assert 0.02 < (target == 0).mean() < 0.2
    assert 12 <= target.max() <= 40
    mean = np.exp(surface(features) - 0.5)
    assert target.mean() == pytest.approx(mean.mean(), rel=0.03)
    assert np.mean((target - mean) ** 2 / mean) == pytest.approx(1, abs=0.05)  # Poisson: the variance is the mean


def test_many_claims_are_exactly_0_and_the_others_are_amounts() -> None:
    task = task_named("claims")
    features, target = (np.concatenate(parts) for parts in zip(*(task.draw(seed) for seed in range(10)), strict=True))
    expected = np.exp(surface(features) - 1.5)
    assert task.zeros
    assert (target == 0).mean() == pytest.approx(np.exp(-expected).mean(), abs=0.02)
    assert 0.2 < (target == 0).mean() < 0.5
    amounts = target[target > 0]
    assert len(np.unique(amounts)) == len(amounts)
    assert target.mean() == pytest.approx(100 * expected.mean(), rel=0.05)


def test_prices_are_above_0_with_a_tail_on_one_side() -> None:
    task = task_named("prices")
    features, target = (np.concatenate(parts) for parts in zip(*(task.draw(seed) for seed in range(10)), strict=True))
    assert not task.zeros
    assert target.min() > 0
    assert target.mean() > 1.15 * np.median(target)
    noise = np.log(target / 1000) - surface(features)
    assert (noise.mean(), noise.std()) == pytest.approx((0, 0.5), abs=0.02)


@pytest.mark.parametrize("key", POSITIVE)
def test_losses_of_positive_targets_are_offered_where_targets_allow(key: str) -> None:
    offered = {loss.key for loss in fitting(task_named(key).targets)}
    assert {"poisson", "tweedie", "log1p_mse", "msle", "mse"} <= offered
    assert ({"gamma", "mape"} <= offered) == (key == "prices")
    assert {"gamma", "mape"}.isdisjoint(offered) == (key != "prices")
    signed = {loss.key for loss in fitting(task_named("regression").targets)}
    assert signed.isdisjoint({"poisson", "tweedie", "log1p_mse", "msle", "gamma", "mape"})


def test_keys_and_titles_are_unique_and_keys_are_typed_as_they_stand() -> None:
    assert [task.key for task in TASKS.values()] == list(TASKS)
    assert len({task.title for task in TASKS.values()}) == len(TASKS)
    assert all(key.isidentifier() and key == key.lower() for key in TASKS)
    assert {task.kind for task in TASKS.values()} == set(KINDS)


@pytest.mark.parametrize("key", [task.key for task in SHIPPED])
def test_a_shipped_table_is_the_one_that_everyone_has_with_each_row_once(key: str) -> None:
    task = task_named(key)
    features, target = task.draw(7)
    expected = getattr(datasets, f"load_{key}")()
    assert task.finite
    assert (task.ordered, task.groups, task.asked) == (False, None, ())
    np.testing.assert_array_equal(features, expected.data)
    np.testing.assert_array_equal(target, expected.target)
    if task.classes is None:
        assert task.lowest == target.min()
        assert task.zeros == (target == 0).any()
    else:
        assert task.labels in ((), tuple(expected.target_names))
        assert task.labels or key == "digits"  # whose labels are the indices


def test_digits_are_1797_different_pictures_in_17_shades() -> None:
    task = task_named("digits")
    assert (task.rows, task.features, task.classes) == (1797, 64, 10)
    features, _ = task.draw(0)
    assert (features.min(), features.max()) == (0, 16)
    assert len(np.unique(features, axis=0)) == 1797


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("circle", "circles"),
        ("Blobs", "blobs"),
        ("regresion", "regression"),
        ("digit", "digits"),
        ("brest-cancer", "breast_cancer"),
    ],
)
def test_an_unknown_task_is_refused_with_a_near_miss(typed: str, near: str) -> None:
    with pytest.raises(UnknownName, match=rf"There is no task '{typed}'\. Did you mean {near}\?") as raised:
        task_named(typed)
    assert raised.value.exit_code == 2
