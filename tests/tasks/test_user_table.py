"""A user table as a task: its record, its pipeline, and what comes out of a protocol."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import PROTOCOLS
from lossterm.data import Data, FeatureColumn, FileRequest, describe, let_go
from lossterm.errors import DataError
from lossterm.home.paths import shelf
from lossterm.tasks import Task, task_on
from lossterm.tasks.user_table import AT_ONCE, FEWEST_EPOCHS, MOST_EPOCHS, STEPS, pipeline

FAIR = PROTOCOLS["fair"]
ROWS = 120

Describe = Callable[..., Data]


@pytest.fixture
def described(home: Path) -> Describe:
    """Return what describes a table with something of everything, with the wishes that are given."""
    rows = [
        f"{'' if n % 6 == 0 else n % 7 / 2},{'' if n % 5 == 0 else ('red', 'green', 'blue')[n % 3]},{n % 2 == 0},"
        f"2020-{n // 28 + 1:02}-{n % 28 + 1:02},{n % 15},{(119 * n + 3) % 120},{n * n % 31 / 7},"
        f"{('no', 'yes')[n % 3 // 2]}"
        for n in range(ROWS)
    ]
    path = home / "my table.csv"
    path.write_text("\n".join(["size,colour,new,day,patient,order,price,sold", *rows]), encoding="utf-8")

    def describing(target: str = "price", **wishes: Any) -> Data:
        return describe(FileRequest(path=str(path), target=target, **wishes), shelf())[0]

    return describing


def test_a_table_is_a_task_of_its_own_whose_words_ask_for_it(described: Describe) -> None:
    data = described("sold", drop=("order",), categorical=("patient",))
    task = task_on(data)
    assert task is task_on(data)
    assert (task.key, task.title) == (data.key, "sold in my table.csv")
    assert (task.kind, task.rows, task.features, task.classes) == ("binary", ROWS, data.features, 2)
    assert task.labels == ("no", "yes")
    assert task.imbalance == 2
    assert (task.finite, task.family, task.ordered, task.groups) == (True, False, False, None)
    assert task.words == (
        *("--data", data.asked.path, "--target", "sold"),
        *("--drop", "order", "--categorical", "patient"),
    )
    features, target = task.draw(0)
    assert features.shape == (ROWS, 6)
    assert set(target) == {0, 1}


def test_a_table_of_numbers_says_what_losses_must_know_of_them(described: Describe) -> None:
    task = task_on(described())
    assert (task.kind, task.classes, task.labels) == ("regression", None, ())
    assert (task.lowest, task.zeros, task.imbalance) == (0, True, 1)
    assert "poisson" in Comparison.ask(described(), ("all",)).losses


@pytest.mark.parametrize(("rows", "batch"), [(20, 32), (9_999, 32), (10_000, 256), (50_000, 1024), (10_000_000, 1024)])
def test_large_tables_are_passed_over_less_often_in_larger_steps(described: Describe, rows: int, batch: int) -> None:
    data = msgspec.structs.replace(described(), rows=rows)
    task = task_on(data)
    assert task.batch_size == batch
    assert FEWEST_EPOCHS <= task.epochs <= MOST_EPOCHS
    steps = task.epochs * -(-0.6 * rows // batch)
    assert task.epochs in (FEWEST_EPOCHS, MOST_EPOCHS) or steps == pytest.approx(STEPS, rel=0.05)


@pytest.mark.parametrize(
    "wishes", [{}, {"group": "patient"}, {"time": "order"}, {"target": "sold"}, {"target": "sold", "group": "patient"}]
)
def test_every_split_has_the_width_that_was_promised_and_nothing_missing(
    described: Describe, wishes: dict[str, Any]
) -> None:
    data = described(**wishes)
    for seed in range(3):
        splits = FAIR.prepare(task_on(data), seed).splits
        assert sum(len(split.target) for split in splits.values()) == ROWS
        for split in splits.values():
            assert split.features.shape == (len(split.target), data.features)
            assert split.features.dtype == np.float32
            assert np.isfinite(split.features).all()


def test_groups_of_a_table_stay_together(described: Describe) -> None:
    task = task_on(described(group="patient", drop=("size", "colour", "new", "day")))
    assert task.groups is not None
    groups, order = task.groups(), task.draw(0)[0][:, 0]
    assert len(set(groups)) == 15
    by_order = dict(zip(np.argsort(np.argsort(order)), groups, strict=True))
    splits = FAIR.prepare(task, 0).splits.values()
    scaled = np.concatenate([split.features[:, 0] for split in splits])
    ranks = np.split(np.argsort(np.argsort(scaled)), np.cumsum([len(split.target) for split in splits])[:-1])
    held = [{by_order[rank] for rank in part} for part in ranks]
    assert sum(map(len, held)) == 15


def test_rows_of_a_table_are_tested_on_later_ones_than_it_is_trained_on(described: Describe) -> None:
    task = task_on(described(time="order"))
    assert task.ordered
    order = [(119 * n + 3) % 120 for n in range(ROWS)]
    expected = [n * n % 31 / 7 for n in np.argsort(order)]
    splits = FAIR.prepare(task, 4).splits
    assert np.concatenate([split.target for split in splits.values()]) == pytest.approx(expected)


def test_a_file_that_was_changed_or_is_gone_is_said_when_it_is_read(described: Describe, home: Path) -> None:
    data = described()
    for kept in shelf().glob("*/*"):
        kept.unlink()
    path = Path(data.asked.path)
    path.write_text(path.read_text(encoding="utf-8").replace("red", "pink"), encoding="utf-8")
    with pytest.raises(DataError, match="was changed since it was described"):
        task_on(data).draw(0)
    path.unlink()
    with pytest.raises(DataError, match="is gone since it was described"):
        task_on(data).draw(0)


# The pipeline


def column(kind: Any, *, missing: bool = False, levels: int = 0) -> FeatureColumn:
    return FeatureColumn(name="x", kind=kind, missing=missing, levels=tuple(f"level {n}" for n in range(levels)))


NAN = float("nan")


def test_numbers_are_filled_with_the_median_of_train_and_scaled_by_it() -> None:
    train = np.array([[1.0], [NAN], [2.0], [6.0]], np.float32)
    fitted = pipeline((column("number", missing=True),)).fit(train)
    filled = np.array([1, 2, 2, 6])
    transformed = fitted.transform(np.array([[NAN], [10.0]], np.float32))
    expected = (np.array([2, 10]) - filled.mean()) / filled.std()
    assert transformed[:, 0] == pytest.approx(expected, rel=1e-6)
    assert transformed[:, 1].tolist() == [1, 0]


def test_categories_have_a_feature_for_each_level_and_one_for_what_is_missing() -> None:
    columns = (column("category", levels=3, missing=True), column("category", levels=2))
    fitted = pipeline(columns).fit(np.array([[0, 1], [0, 1]], np.float32))  # the other levels are in no training row
    transformed = fitted.transform(np.array([[0, 0], [1, 1], [2, 0], [NAN, 1]], np.float32))
    assert transformed.tolist() == [
        [1, 0, 0, 0, 1, 0],
        [0, 1, 0, 0, 0, 1],
        [0, 0, 1, 0, 1, 0],
        [0, 0, 0, 1, 0, 1],
    ]


COLUMNS = st.lists(
    st.builds(column, st.sampled_from(["number", "date", "boolean"]), missing=st.booleans())
    | st.builds(column, st.just("category"), missing=st.booleans(), levels=st.integers(1, 5)),
    min_size=1,
    max_size=5,
).map(tuple)


def table(columns: tuple[FeatureColumn, ...], rows: int, share: float, seed: int) -> np.ndarray:
    """A table of such columns; in those that may have missing cells, this share of them is."""
    stream = np.random.default_rng(seed)
    features = np.empty((rows, len(columns)), np.float32)
    for place, one in enumerate(columns):
        levels = len(one.levels) or 2
        features[:, place] = stream.integers(levels, size=rows) if one.kind != "number" else stream.normal(size=rows)
        if one.missing:
            features[stream.random(rows) < share, place] = np.nan
    return features


FEW = settings(max_examples=25)
"""Fitting a pipeline takes milliseconds for each column."""


@FEW
@given(columns=COLUMNS, train=st.integers(1, 30), share=st.sampled_from([0.0, 0.3, 1.0]), seed=st.integers(0, 99))
def test_the_width_hangs_on_the_columns_alone(
    columns: tuple[FeatureColumn, ...], train: int, share: float, seed: int
) -> None:
    fitted = pipeline(columns).fit(table(columns, train, share, seed))
    for other in (0.0, 0.5, 1.0):
        transformed = fitted.transform(table(columns, 7, other, seed + 1))
        assert transformed.shape == (7, sum(one.width for one in columns))
        assert np.isfinite(transformed).all()
        assert np.abs(transformed).max() < 1e4


@FEW
@given(columns=COLUMNS, seed=st.integers(0, 99))
def test_columns_of_many_rows_are_fitted_some_at_a_time_to_the_same_bits(
    columns: tuple[FeatureColumn, ...], seed: int
) -> None:
    features = table(columns, 20, 0.3, seed)
    whole, apart = (pipeline(columns, rows).fit(features).transform(features) for rows in (1, AT_ONCE))
    assert np.array_equal(whole, apart)


def test_the_pages_of_a_table_are_given_back_and_read_again(tmp_path: Path) -> None:
    np.save(tmp_path / "features.npy", np.arange(12.0).reshape(4, 3))
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    before = mapped.copy()
    let_go(mapped)
    let_go(before)  # which is mapped from nothing
    assert np.array_equal(mapped, before)


@FEW
@given(columns=COLUMNS, seed=st.integers(0, 99), wishes=st.sampled_from([{}, {"ordered": True}, {"grouped": True}]))
def test_rows_outside_train_change_nothing_of_train(
    columns: tuple[FeatureColumn, ...], seed: int, wishes: dict[str, bool]
) -> None:
    features, target = table(columns, 60, 0.3, seed), np.arange(60.0)

    def on(features: np.ndarray) -> Task:
        return Task(
            key="own",
            title="own",
            kind="regression",
            rows=60,
            features=sum(one.width for one in columns),
            classes=None,
            hidden=(5,),
            epochs=1,
            finite=True,
            ordered=wishes.get("ordered", False),
            groups=(lambda: np.arange(60) // 3) if wishes.get("grouped") else None,
            pipeline=lambda: pipeline(columns),
            draw=lambda _: (features, target),
        )

    plain = FAIR.prepare(on(features), seed).splits
    outside = np.concatenate([plain[name].target for name in ("validation", "test")]).astype(int)
    changed = features.copy()
    changed[outside] = np.where(np.isnan(changed[outside]), 0, np.nan)
    changed[outside[0]] = 1e6  # for a category, a level that there is not
    other = FAIR.prepare(on(changed), seed).splits
    np.testing.assert_array_equal(other["train"].features, plain["train"].features)
    np.testing.assert_array_equal(other["train"].target, plain["train"].target)
    assert not np.array_equal(other["test"].features, plain["test"].features)
