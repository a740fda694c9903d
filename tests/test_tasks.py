from dataclasses import fields

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lossterm.errors import UnknownName
from lossterm.losses import fitting
from lossterm.metrics import PRIMARY, metrics_for
from lossterm.tasks import TASKS, Task, task_named

every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())


@every_task
def test_draw_has_the_shape_that_the_record_says(task: Task) -> None:
    features, target = task.draw(0)
    assert features.shape == (task.rows, task.features)
    assert target.shape == (task.rows,)
    assert np.isfinite(features).all()
    assert np.isfinite(target).all()
    if task.classes is None:
        assert len(np.unique(target)) > task.rows / 2
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
    for found, expected in zip(task.draw(5), before, strict=True):
        np.testing.assert_array_equal(found, expected)


@every_task
def test_no_target_is_below_what_the_record_says(task: Task) -> None:
    for seed in range(3):
        assert task.draw(seed)[1].min() >= task.lowest


@every_task
def test_task_record_leaves_no_field_empty_and_fits_losses_and_metrics(task: Task) -> None:
    assert TASKS[task.key] is task
    for field in fields(task):
        value = getattr(task, field.name)
        assert value is not None or field.name == "classes", field.name
        assert value != "", field.name
    assert (task.classes is None) == (task.kind == "regression")
    assert (task.classes == 2) == (task.kind == "binary")
    assert all(units > 0 for units in task.hidden)
    assert len(task.hidden) > 0
    assert task.epochs > 0
    assert len(fitting(task.kind, task.lowest)) >= 2
    assert PRIMARY[task.kind] in {metric.key for metric in metrics_for(task.kind, lowest=task.lowest)}


def test_keys_and_titles_are_unique_and_keys_are_typed_as_they_stand() -> None:
    assert [task.key for task in TASKS.values()] == list(TASKS)
    assert len({task.title for task in TASKS.values()}) == len(TASKS)
    assert all(key.isidentifier() and key == key.lower() for key in TASKS)
    assert {task.kind for task in TASKS.values()} == {"regression", "binary", "multiclass"}


def test_digits_are_the_1797_rows_that_everyone_has_each_once() -> None:
    task = task_named("digits")
    features, target = task.draw(7)
    expected = load_digits()
    assert task.finite
    assert (task.rows, task.features, task.classes) == (1797, 64, 10)
    np.testing.assert_array_equal(features, expected.data)
    np.testing.assert_array_equal(target, expected.target)
    assert (features.min(), features.max()) == (0, 16)
    assert len(np.unique(features, axis=0)) == 1797


@pytest.mark.parametrize(
    ("typed", "near"),
    [("circle", "circles"), ("Blobs", "blobs"), ("regresion", "regression"), ("digit", "digits")],
)
def test_an_unknown_task_is_refused_with_a_near_miss(typed: str, near: str) -> None:
    with pytest.raises(UnknownName, match=rf"There is no task '{typed}'\. Did you mean {near}") as raised:
        task_named(typed)
    assert raised.value.exit_code == 2
