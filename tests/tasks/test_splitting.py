"""How rows are kept apart: by groups, by time, by class, and from what is fitted on the training rows."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from lossterm.comparison.protocol import Prepared
from lossterm.comparison.protocol_catalogue import PROTOCOLS
from lossterm.errors import DataError
from lossterm.tasks import Task, task_named

FAIR = PROTOCOLS["fair"]
SPLITS = ("train", "validation", "test")


class Untouched:
    """A pipeline that leaves features as they are, so that a row can be told by its number."""

    def fit(self, features: np.ndarray) -> "Untouched":
        return self

    def transform(self, features: np.ndarray) -> np.ndarray:
        return features


def task(rows: int, classes: int | None = None, **more: Any) -> Task:
    """A task whose one feature is the number of its row."""
    target = np.random.default_rng(rows).random(rows) if classes is None else np.arange(rows) * 7 % 11 % classes
    kind = {None: "regression", 2: "binary"}.get(classes, "multiclass")
    fields: dict[str, Any] = {"kind": kind, "rows": rows, "classes": classes, "finite": True, "pipeline": Untouched}
    fields["draw"] = lambda _: (np.arange(rows, dtype=np.float32)[:, None], target)
    return replace(task_named("iris"), **{"key": "numbers", "features": 1, "labels": (), **fields, **more})


def numbers(data: Prepared) -> dict[str, np.ndarray]:
    return {name: split.features[:, 0].astype(int) for name, split in data.splits.items()}


# Groups

SIZES = st.lists(st.integers(1, 90), min_size=5, max_size=40)


@given(sizes=SIZES, classes=st.sampled_from([None, 2, 3]), seed=st.integers(0, 99), mixed=st.booleans())
def test_no_group_is_in_two_splits_and_every_row_is_in_one(
    sizes: list[int], classes: int | None, seed: int, mixed: bool
) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    assume(len(groups) >= 20)
    if mixed:
        groups = np.random.default_rng(0).permutation(groups)
    data = FAIR.prepare(task(len(groups), classes, groups=lambda: groups), seed)
    splits = numbers(data)
    assert tuple(splits) == SPLITS
    assert sorted(np.concatenate(list(splits.values()))) == list(range(len(groups)))
    held = [set(groups[rows]) for rows in splits.values()]
    assert all(held)
    assert sum(map(len, held)) == len(set().union(*held)) == len(sizes)


@pytest.mark.parametrize("classes", [None, 2, 3])
def test_groups_of_one_size_are_split_60_20_20_and_anew_for_each_seed(classes: int | None) -> None:
    record = task(300, classes, groups=lambda: np.arange(300) // 3)
    splits = [numbers(FAIR.prepare(record, seed)) for seed in (0, 1)]
    for one in splits:
        for split, rows in FAIR.rows(record).items():
            assert len(one[split]) == pytest.approx(rows, abs=6), split
    shared = len(set(splits[0]["test"]) & set(splits[1]["test"]))
    assert shared < 30
    assert {name: list(rows) for name, rows in numbers(FAIR.prepare(record, 1)).items()} == {
        name: list(rows) for name, rows in splits[1].items()
    }


def test_classes_are_stratified_over_groups_as_far_as_those_allow() -> None:
    groups = np.repeat(np.arange(60), 5)
    target = (groups % 4 == 0).astype(int)  # a quarter of the groups are all of one class
    record = task(300, 2, groups=lambda: groups, draw=lambda _: (np.arange(300)[:, None], target))
    for seed in range(5):
        for name, split in FAIR.prepare(record, seed).splits.items():
            assert split.target.mean() == pytest.approx(0.25, abs=0.06), name


def test_too_few_groups_are_refused_with_what_to_do() -> None:
    with pytest.raises(DataError, match=r"has 3 groups left where 5 are wanted .*, or leave --group out\."):
        FAIR.prepare(task(90, groups=lambda: np.arange(90) % 3), 0)


def test_rows_of_a_group_count_as_split_anew_and_the_caveat_says_so() -> None:
    record = task(300, groups=lambda: np.arange(300) // 3)
    assert FAIR.varies(record)
    assert FAIR.correlation(record) == 60 / 180
    caveat = FAIR.caveat(record, tuned=True)
    assert "the same groups split anew for each seed, about 60/20/20 (intervals widened after Nadeau–Bengio)" in caveat


# Time


@given(rows=st.integers(20, 500), classes=st.sampled_from([None, 2, 3]), seed=st.integers(0, 9))
def test_nothing_is_trained_on_that_is_later_than_what_is_tested_on(rows: int, classes: int | None, seed: int) -> None:
    record = task(rows, classes, ordered=True)
    splits = numbers(FAIR.prepare(record, seed))
    assert {name: len(part) for name, part in splits.items()} == FAIR.rows(record)
    assert list(np.concatenate([splits[split] for split in SPLITS])) == list(range(rows))


def test_rows_in_order_of_time_are_split_in_one_way_only_and_the_caveat_says_so() -> None:
    record = task(100, ordered=True)
    assert not FAIR.varies(record)
    assert FAIR.correlation(record) == 0
    caveat = FAIR.caveat(record, tuned=False)
    assert "one split, about 60/20/20, by time for all seeds, so that intervals say nothing of other times" in caveat
    assert "Nadeau" not in caveat


# Classes


@given(
    sizes=st.lists(st.integers(5, 60), min_size=2, max_size=6).filter(lambda sizes: sum(sizes) >= 20),
    seed=st.integers(0, 9),
)
def test_every_class_of_five_rows_or_more_is_in_every_split_with_its_share(sizes: list[int], seed: int) -> None:
    target = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    record = task(len(target), len(sizes), draw=lambda _: (np.arange(len(target))[:, None], target))
    for split in FAIR.prepare(record, seed).splits.values():
        counts = np.bincount(split.target, minlength=len(sizes))
        assert counts.min() >= 1
        assert np.abs(counts - np.array(sizes) * len(split.target) / len(target)).max() <= 1.5


# What is fitted


@pytest.mark.parametrize("more", [{}, {"ordered": True}, {"groups": lambda: np.arange(150) // 3}], ids=["", "t", "g"])
def test_a_pipeline_is_fitted_on_the_training_rows_once_and_never_sees_a_target(more: dict[str, Any]) -> None:
    fitted: list[np.ndarray] = []

    class Watched(Untouched):
        def fit(self, features: np.ndarray) -> "Watched":
            fitted.append(features)
            return self

    splits = numbers(FAIR.prepare(task(150, 3, pipeline=Watched, **more), 2))
    (seen,) = fitted
    assert list(seen[:, 0].astype(int)) == list(splits["train"])


def test_rows_of_one_time_stay_in_one_split() -> None:
    days = np.repeat([0, 1, 2, 3, 4, 5], [130, 90, 40, 60, 50, 30])
    splits = numbers(FAIR.prepare(task(400, ordered=True, times=lambda: days), 0))
    assert {name: set(days[rows]) for name, rows in splits.items()} == {
        "train": {0, 1},
        "validation": {2, 3},
        "test": {4, 5},
    }


@pytest.mark.parametrize("groups", [6, 7, 9, 11])
def test_groups_of_any_number_give_splits_about_as_large_as_the_caveat_says(groups: int) -> None:
    record = task(1000, groups=lambda: np.arange(1000) % groups)
    for seed in range(3):
        splits = numbers(FAIR.prepare(record, seed))
        assert abs(len(splits["test"]) - 200) <= 1000 / groups / 2 + 1
        assert len(splits["train"]) >= 500


def test_one_group_that_is_most_of_the_rows_is_trained_on() -> None:
    record = task(1000, groups=lambda: np.r_[np.zeros(800, int), 1 + np.arange(200) % 20])
    for seed in range(5):
        assert len(numbers(FAIR.prepare(record, seed))["train"]) >= 800


def test_a_class_that_is_never_trained_on_is_refused_by_name() -> None:
    target = np.repeat([0, 1, 2], [240, 80, 80])
    rows = np.arange(400, dtype=np.float32)[:, None]
    late = task(400, 3, ordered=True, labels=("early", "later", "last"), draw=lambda _: (rows, target))
    with pytest.raises(DataError, match="the training rows hold no row of the class later"):
        FAIR.prepare(late, 0)
