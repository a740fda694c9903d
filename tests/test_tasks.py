from dataclasses import fields

import numpy as np
import pytest
from sklearn.datasets import make_blobs, make_circles, make_regression

from lossterm.errors import UnknownName
from lossterm.losses import fitting
from lossterm.protocols import PROTOCOLS, Protocol, protocol_named
from lossterm.tasks import TASKS, Task, task_named

every_task = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS.keys())


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
def test_draw_depends_on_the_seed_alone(task: Task) -> None:
    np.random.seed(1)  # a draw that reads the global state would change with it
    first = task.draw(3)
    np.random.seed(2)
    again, other = task.draw(3), task.draw(4)
    for place in (0, 1):
        np.testing.assert_array_equal(first[place], again[place])
    assert not np.array_equal(first[0], other[0])


@every_task
def test_task_record_leaves_no_field_empty_and_fits_losses(task: Task) -> None:
    assert TASKS[task.key] is task
    for field in fields(task):
        value = getattr(task, field.name)
        assert value is not None or field.name == "classes", field.name
        assert value != "", field.name
    assert (task.classes is None) == (task.kind == "regression")
    assert task.kind != "binary" or task.classes == 2
    assert all(units > 0 for units in task.hidden)
    assert len(task.hidden) > 0
    assert task.epochs > 0
    assert fitting(task.kind)


@every_protocol
@every_task
def test_splits_are_ready_for_the_network_and_have_the_rows_that_the_protocol_says(
    task: Task, protocol: Protocol
) -> None:
    splits = protocol.prepare(task, 0)
    assert tuple(splits) == protocol.splits
    assert {name: len(split.target) for name, split in splits.items()} == protocol.rows(task)
    assert sum(protocol.rows(task).values()) == task.rows
    for split in splits.values():
        assert split.features.shape == (len(split.target), task.features)
        assert split.features.dtype == np.float32
        assert split.target.dtype == (np.float32 if task.kind == "regression" else np.int64)


@every_protocol
@every_task
def test_splits_are_the_same_for_the_same_seed(task: Task, protocol: Protocol) -> None:
    first, again, other = (protocol.prepare(task, seed) for seed in (0, 0, 1))
    for name in protocol.splits:
        np.testing.assert_array_equal(first[name].features, again[name].features)
        np.testing.assert_array_equal(first[name].target, again[name].target)
    same = np.array_equal(first["train"].features, other["train"].features)
    assert same != protocol.draws


@every_protocol
@every_task
def test_no_row_is_in_two_splits(task: Task, protocol: Protocol) -> None:
    rows = np.concatenate([split.features for split in protocol.prepare(task, 0).values()])
    assert len(np.unique(rows, axis=0)) == task.rows


@every_protocol
def test_protocol_record_leaves_no_field_empty(protocol: Protocol) -> None:
    assert PROTOCOLS[protocol.key] is protocol
    assert protocol.title.strip()
    assert protocol.caveat.endswith(".")
    assert len(protocol.splits) == len(protocol.shares)
    assert sum(protocol.shares) == pytest.approx(1)
    assert {"train", "test"} <= set(protocol.splits)


def drawn_by_hand(key: str) -> tuple[np.ndarray, np.ndarray]:
    if key == "regression":
        x, y = make_regression(n_samples=1000, n_features=20, noise=0.1, random_state=1)
        return (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    if key == "circles":
        return make_circles(n_samples=1000, noise=0.1, random_state=1)  # type: ignore[no-any-return]  # no stubs
    return make_blobs(n_samples=1000, centers=3, n_features=2, cluster_std=2, random_state=2)  # type: ignore[no-any-return]  # no stubs


@pytest.mark.parametrize("key", ["regression", "circles", "blobs"])
def test_the_tutorials_first_500_rows_train_and_the_rest_test(key: str) -> None:
    features, target = drawn_by_hand(key)
    splits = protocol_named("tutorial").prepare(task_named(key), 5)
    assert protocol_named("tutorial").rows(task_named(key)) == {"train": 500, "test": 500}
    for name, part in (("train", slice(0, 500)), ("test", slice(500, 1000))):
        np.testing.assert_allclose(splits[name].features, features[part], rtol=1e-5, atol=1e-6)  # type: ignore[index]  # names of splits
        np.testing.assert_allclose(splits[name].target, target[part], rtol=1e-5, atol=1e-6)  # type: ignore[index]  # as above


def test_the_tutorial_scales_regression_over_all_rows_and_leaves_the_others_alone() -> None:
    splits = protocol_named("tutorial").prepare(task_named("regression"), 0)
    whole = np.concatenate([splits["train"].target, splits["test"].target]).astype(float)
    assert whole.mean() == pytest.approx(0, abs=1e-6)
    assert whole.std() == pytest.approx(1, abs=1e-6)
    assert abs(float(splits["train"].target.mean())) > 1e-4  # the scaler saw the test rows: the tutorial's own flaw
    circles = protocol_named("tutorial").prepare(task_named("circles"), 0)["train"]
    assert circles.features.std() != pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("typed", "near"), [("circle", "circles"), ("Blobs", "blobs"), ("regresion", "regression")])
def test_an_unknown_task_is_refused_with_a_near_miss(typed: str, near: str) -> None:
    with pytest.raises(UnknownName, match=rf"There is no task '{typed}'\. Did you mean {near}") as raised:
        task_named(typed)
    assert raised.value.exit_code == 2


def test_an_unknown_protocol_is_refused_with_a_near_miss() -> None:
    with pytest.raises(UnknownName, match=r"There is no protocol 'tutorail'\. Did you mean tutorial"):
        protocol_named("tutorail")
