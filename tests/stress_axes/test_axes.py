"""Every axis of the catalogue: what it alters, that levels are nested, and that it leaves the rest alone."""

import zlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest

from lossterm.comparison.protocol_catalogue import PROTOCOLS, fair_parts
from lossterm.errors import DataError, DoesNotFit, OutOfRange, UnknownName, UsageError
from lossterm.losses import Kind
from lossterm.stress_axes import AXES, Axis, Rows, Stress, axes_for, axis_named, levels_from, written
from lossterm.stress_axes.catalogue import axis_problems, every_axis, malformed
from lossterm.stress_axes.levels import all_checked
from lossterm.tasks import TASKS, Task, task_named
from tests.cells import each

TASK_OF: dict[Kind, str] = {
    "regression": "regression",
    "binary": "circles",
    "multiclass": "blobs",
    "multioutput": "arm",
    "multilabel": "topics",
    "ordinal": "ratings",
    "segmentation": "spots",
}
EVERY = [(axis, task_named(TASK_OF[kind])) for axis in AXES.values() for kind in axis.kinds]
EACH = each(("axis", "task"), EVERY, ids=lambda one: one.key)
FAIR = PROTOCOLS["fair"]


def altered(
    axis: Axis, task: Task, level: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, dict[Any, np.ndarray]]:
    features, target = task.draw(seed)
    parts = fair_parts(task, target, seed)
    new_features, new_target = Stress(axis=axis, level=level).applied(task, features, target, parts, seed)
    return new_features, new_target, parts


def changed(axis: Axis, task: Task, level: float, seed: int = 0) -> np.ndarray:
    """Return which rows of the whole data differ from the clean ones."""
    features, target = task.draw(seed)
    new_features, new_target, _ = altered(axis, task, level, seed)
    pairs = ((features, new_features), (target, new_target))
    return np.asarray(np.logical_or(*((old != new).reshape(len(old), -1).any(axis=1) for old, new in pairs)))


@each("axis", AXES.values(), ids=lambda axis: axis.key)
def test_a_record_is_complete(axis: Axis) -> None:
    assert malformed(axis) == ""
    assert axis.does.endswith(".")
    assert axis.known.endswith(".")
    assert axis.source
    assert axis.title == axis.title.lower() or " y" in axis.title
    assert axis.place(0) == 0
    for level in axis.levels:
        assert axis.level_at(axis.place(level)) == pytest.approx(level)


@EACH
def test_only_the_splits_that_it_is_about_are_altered(axis: Axis, task: Task) -> None:
    differs = changed(axis, task, axis.levels[-1])
    _, target = task.draw(0)
    for split, rows in fair_parts(task, target, 0).items():
        assert differs[rows].any() == (split in axis.splits), split


@EACH
def test_levels_are_nested_and_grow(axis: Axis, task: Task) -> None:
    rows = [set(np.flatnonzero(changed(axis, task, level)).tolist()) for level in axis.levels[1:]]
    for fewer, more in pairwise(rows):
        assert len(fewer) <= len(more)
        # A row that was replaced by a copy of another may be one of those copied at the next level.
        assert len(fewer - more) <= 0.02 * len(fewer), axis.key
    assert rows[-1]


@EACH
def test_the_same_seed_gives_the_same_rows_and_another_others(axis: Axis, task: Task) -> None:
    level = axis.levels[-1]
    one, same = altered(axis, task, level), altered(axis, task, level)
    assert np.array_equal(one[0], same[0])
    assert np.array_equal(one[1], same[1])
    if axis.key != "shift":  # its rows are all of them
        assert not np.array_equal(changed(axis, task, level, 0), changed(axis, task, level, 1))


@EACH
def test_drawn_data_and_the_split_stay_as_they_are(axis: Axis, task: Task) -> None:
    features, target = task.draw(3)
    before = features.copy(), target.copy()
    Stress(axis=axis, level=axis.levels[-2]).applied(task, features, target, fair_parts(task, target, 3), 3)
    assert np.array_equal(features, before[0])
    assert np.array_equal(target, before[1])


@EACH
def test_stressed_data_are_prepared_as_plain_ones_are(axis: Axis, task: Task) -> None:
    plain, stressed = (FAIR.prepare(task, 1, stress) for stress in (None, Stress(axis=axis, level=axis.levels[-1])))
    for split, part in plain.splits.items():
        other = stressed.splits[split]
        assert part.features.shape == other.features.shape
        assert other.target.dtype == part.target.dtype
        assert np.isfinite(other.features).all()
        if split not in axis.splits and "train" not in axis.splits:
            assert np.array_equal(part.features, other.features)
    if "test" not in axis.splits:
        assert np.array_equal(plain.splits["test"].target, stressed.splits["test"].target)


def test_a_share_of_rows_is_hit_to_the_row() -> None:
    for level in (0.01, 0.1, 0.4):
        differs = changed(AXES["label_noise"], task_named("blobs"), level)
        _, target = task_named("blobs").draw(0)
        parts = fair_parts(task_named("blobs"), target, 0)
        assert [int(differs[parts[split]].sum()) for split in ("train", "validation")] == [
            round(600 * level),
            round(200 * level),
        ]


def test_outliers_lie_five_to_fifteen_deviations_up() -> None:
    task = task_named("regression")
    _, target = task.draw(0)
    _, new, parts = altered(AXES["outliers"], task, 0.1)
    train = parts["train"]
    up = (new - target)[train] / target[train].std()
    hit = up != 0
    assert hit.sum() == 60
    assert up[hit].min() >= 5
    assert up[hit].max() <= 15


def test_asymmetric_noise_of_two_classes_goes_one_way() -> None:
    task = task_named("circles")
    _, target = task.draw(0)
    _, new, parts = altered(AXES["asymmetric_noise"], task, 0.4)
    train = parts["train"]
    assert (new[train] <= target[train]).all()
    assert (new[train] != target[train]).sum() == round(0.4 * (target[train] == 1).sum())


def test_labels_near_the_boundary_are_the_ones_with_neighbours_of_another_class() -> None:
    """Two clouds far apart with a few rows between: those are hit first."""
    stream = np.random.default_rng(0)
    x = np.concatenate([stream.normal(-5, 0.5, (50, 1)), stream.normal(5, 0.5, (50, 1)), [[-0.2]] * 4, [[0.2]] * 4])
    y = np.array([0] * 50 + [1] * 50 + [0] * 4 + [1] * 4)
    rows = Rows(features=x, target=y, numbers=np.ones(1, bool), kind="binary", classes=2)
    _, new = AXES["boundary_noise"].function(rows, 8 / 108, np.random.default_rng(1))
    assert set(np.flatnonzero(new != y).tolist()) == set(range(100, 108))


@pytest.mark.parametrize("key", ["heavy_tails", "outliers", "skew"])
def test_targets_with_a_lowest_value_stay_above_it(key: str) -> None:
    task = task_named("counts")
    _, target = task.draw(0)
    _, new, _ = altered(AXES[key], task, AXES[key].levels[-1])
    assert new.min() >= target.min()


def test_codes_of_categories_are_left_alone() -> None:
    numbers = np.array([True, False])
    features = np.stack([np.linspace(0, 1, 40), np.arange(40) % 3], axis=1)
    rows = Rows(features=features, target=np.arange(40.0), numbers=numbers, kind="regression", classes=None)
    for axis in AXES.values():
        if axis.needs_numbers:
            new, _ = axis.function(rows, axis.levels[-1], np.random.default_rng(0))
            assert np.array_equal(new[:, 1], features[:, 1]), axis.key
            assert not np.array_equal(new[:, 0], features[:, 0]), axis.key


def test_an_axis_of_numbers_is_refused_where_there_are_none() -> None:
    task = msgspec.structs.replace(task_named("circles"), numeric=lambda: np.zeros(2, bool))
    with pytest.raises(DoesNotFit, match="alters columns of numbers, and two noisy circles"):
        altered(AXES["feature_noise"], task, 1.0)


def test_missing_cells_and_noise_bear_cells_that_are_missing_already() -> None:
    features = np.stack([np.where(np.arange(40) % 4 == 0, np.nan, 1.0 * np.arange(40)), np.full(40, np.nan)], axis=1)
    rows = Rows(features=features, target=np.zeros(40), numbers=np.ones(2, bool), kind="regression", classes=None)
    noisy, _ = AXES["feature_noise"].function(rows, 1.0, np.random.default_rng(0))
    assert np.array_equal(np.isnan(noisy), np.isnan(features))
    filled, _ = AXES["missing_features"].function(rows, 0.5, np.random.default_rng(0))
    assert np.isfinite(filled[:, 0]).sum() >= 30


@pytest.mark.parametrize("key", ["imbalance", "fewer_rows"])
def test_a_level_that_leaves_no_row_of_a_class_is_refused_by_name(key: str) -> None:
    task = msgspec.structs.replace(
        task_named("circles"), labels=("in", "out"), draw=lambda _: (np.eye(100, 2), np.array([0] * 95 + [1] * 5))
    )
    task = msgspec.structs.replace(task, rows=100)
    with pytest.raises(UsageError, match=r"no row of the class out is left in the train rows. Choose lower --levels."):
        altered(AXES[key], task, 0.999)


def _longer(rows: Rows, level: float, generator: object) -> Any:
    return rows.features[:1], rows.target[:1]


def _infinite(rows: Rows, level: float, generator: object) -> Any:
    return rows.features, rows.target * np.inf


def _strange(rows: Rows, level: float, generator: object) -> Any:
    return rows.features, rows.target + 7


def _one_class(rows: Rows, level: float, generator: object) -> Any:
    return rows.features, np.zeros_like(rows.target)


@pytest.mark.parametrize(
    ("function", "key", "says"),
    [
        (_longer, "circles", r"returns features \(1, 2\) and a target \(1,\), where as many rows"),
        (_infinite, "regression", "gives values that are not finite"),
        (_strange, "circles", "gives labels that are not among the 2 classes"),
        (_one_class, "circles", "no row of the class 1 is left"),
    ],
)
def test_what_no_training_could_use_is_refused(function: Any, key: str, says: str) -> None:
    axis = msgspec.structs.replace(AXES["fewer_rows"], function=function)
    with pytest.raises((DataError, UsageError), match=says):
        altered(axis, task_named(key), 0.5)


def test_a_function_that_changes_its_rows_in_place_is_refused() -> None:
    def in_place(rows: Any, level: float, _: np.random.Generator) -> Any:
        rows.target[:] = level
        return rows.features, rows.target

    axis = msgspec.structs.replace(AXES["outliers"], function=in_place)
    with pytest.raises(DataError, match=r"changes the rows that it is given in place: have it change copies"):
        altered(axis, task_named("regression"), 0.5)


# Names and levels


def test_axes_are_found_by_near_misses_and_by_kind() -> None:
    assert axis_named("label-noise") is AXES["label_noise"]
    with pytest.raises(UnknownName, match=r"There is no axis 'outlier'\. Did you mean outliers\?"):
        axis_named("outlier")
    with pytest.raises(DoesNotFit, match="is not for binary tasks, as this one is: try label_noise, "):
        axis_named("outliers", "binary")
    for kind in TASK_OF:
        assert len(axes_for(kind)) >= (8 if kind in ("regression", "binary", "multiclass") else 1)


@pytest.mark.parametrize(
    ("key", "text", "levels"),
    [
        ("outliers", "0.01,5%", (0.0, 0.01, 0.05)),
        ("outliers", "0, 10 %,0.1", (0.0, 0.1)),
        ("shift", "1,0.5sd", (0.0, 0.5, 1.0)),
        ("imbalance", "99.9%", (0.0, 0.999)),
    ],
)
def test_levels_are_read(key: str, text: str, levels: tuple[float, ...]) -> None:
    assert levels_from(text, AXES[key]) == levels


@pytest.mark.parametrize(
    ("key", "text", "error", "says"),
    [
        ("outliers", "much", OutOfRange, "--levels is 'much', but must be a number such as 0.05 or 5%."),
        ("outliers", "nan", OutOfRange, "must be a number such as"),
        ("outliers", "", OutOfRange, "must be a number such as"),
        ("outliers", "1sd", OutOfRange, "must be a number such as 0.05 or 5%"),
        ("shift", "5%", OutOfRange, "must be a number such as 0.5, in standard deviations"),
        ("outliers", "0.6", OutOfRange, r"--levels is 0.6, but must be from 0 to 0.5 \(50 % of the rows\) on the axis"),
        ("outliers", "-1", OutOfRange, "must be from 0 to 0.5"),
        (
            "outliers",
            "0",
            UsageError,
            "--levels has no level above 0, and 0 alone is no sweep: give for instance 0,0.001",
        ),
        ("outliers", ",".join(f"{n / 1000}" for n in range(1, 200)), UsageError, "has 200 levels; at most 100"),
    ],
)
def test_levels_that_make_no_sense_are_refused(key: str, text: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        levels_from(text, AXES[key])


def test_levels_of_a_program_are_checked_too() -> None:
    assert all_checked([0.2, 0.1], AXES["outliers"]) == (0.0, 0.1, 0.2)


def test_levels_are_written_in_percent_or_deviations() -> None:
    assert [written(AXES["outliers"], level) for level in (0, 0.0003, 0.2)] == ["0 %", "0.03 %", "20 %"]
    assert written(AXES["shift"], 1.5) == "1.5 SD"


def test_streams_of_axes_are_apart() -> None:
    assert len({zlib.crc32(key.encode()) for key in AXES}) == len(AXES)


# Packages

OWN = msgspec.structs.replace(AXES["outliers"], key="dust", title="dust")
INSTALLS = Callable[[Callable[[], object]], None]


def test_a_package_adds_axes_and_what_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    given = (
        OWN,
        "an axis",
        msgspec.structs.replace(OWN, key="Dust"),
        msgspec.structs.replace(OWN, key="outliers"),
        msgspec.structs.replace(OWN, key="backwards", levels=(0.0, 0.2, 0.1)),
        msgspec.structs.replace(OWN, key="nowhere", splits=()),
    )
    from lossterm import plugins
    from lossterm.stress_axes import catalogue

    offer = plugins.Offer(place="dusty:AXES", package="dusty 1.0", given=given)
    monkeypatch.setattr(plugins, "offers", lambda group, what: iter([offer] if group == "lossterm.axes" else []))
    catalogue._every.cache_clear()
    try:
        assert list(every_axis()) == [*AXES, "dust"]
        assert axis_named("dust").origin == "dusty 1.0"
        assert axis_problems() == [
            "dusty 1.0 gives a str as an axis, where a record is wanted (dusty:AXES): left out.",
            "dusty 1.0 gives an axis 'Dust', which is not a valid name (dusty:AXES): left out.",
            "dusty 1.0 gives an axis 'outliers', but that is taken (dusty:AXES): left out.",
            "dusty 1.0 gives an axis 'backwards', of which the levels must ascend from 0 (dusty:AXES): left out.",
            "dusty 1.0 gives an axis 'nowhere', of which the splits must be some of train, validation, test "
            "(dusty:AXES): left out.",
        ]
    finally:
        monkeypatch.undo()
        catalogue._every.cache_clear()


def test_every_task_can_be_stressed_by_some_axis() -> None:
    for task in TASKS.values():
        assert axes_for(task.kind)
