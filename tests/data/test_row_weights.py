"""The column of what rows weigh: read, told, kept, and refused where it holds no weights."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import PROTOCOLS
from lossterm.data import FileRequest, describe, load
from lossterm.data.request import arguments
from lossterm.errors import DataError, DoesNotFit, UnknownName, UsageError
from lossterm.home.paths import shelf as kept
from lossterm.stress_axes import axis_named
from lossterm.stress_sweeps.sweep import at_levels
from lossterm.tasks import task_on

from .conftest import Read, Write


def weighed(*weights: str, rows: int = 40) -> str:
    """Return a CSV of x, w and y whose last rows have these weights, the others 1 and 2 in turn."""
    every = [*(str(1 + number % 2) for number in range(rows - len(weights))), *weights]
    return "x,w,y\n" + "".join(f"{n * 7 % 11},{weight},{n * 3 % 13 + n / 4}\n" for n, weight in enumerate(every))


def test_weights_are_read_told_and_kept(read: Read, write: Write, shelf: Path) -> None:
    path = write(weighed("0.25", "0"))
    data, said, table = read(path, sample_weight="w")
    assert table.weights is not None
    assert table.weights.dtype == np.float32
    assert table.weights[-4:].tolist() == [1, 2, 0.25, 0]
    assert [column.name for column in table.columns] == ["x"]
    assert data.features == 1
    told = "In training rows weigh what w says, 0 to 2, 1.43 on average; curves, early stopping, scores and the"
    assert any(one.startswith(told) for one in said)
    assert "--sample-weight w" in " ".join(arguments(data.asked))
    again = load(data, shelf).weights
    np.testing.assert_array_equal(table.weights, again)


def test_without_weights_nothing_is_other_than_it_was(read: Read, write: Write) -> None:
    data, said, table = read(write(weighed()))
    assert table.weights is None
    assert b"sample_weight" not in msgspec.json.encode(data)
    assert not any("weigh" in one for one in said)
    assert data.key != read(write(weighed()), sample_weight="w")[0].key


def test_weights_go_with_their_rows(home: Path, write: Write) -> None:
    """Rows without a target are left out, and those that are left are put in order of time."""
    rows = "".join(f"{n % 7},{n + 1},{60 - n},{'' if n % 10 == 3 else n}\n" for n in range(60))
    asked = FileRequest(path=str(write("x,w,when,y\n" + rows)), target="y", time="when", sample_weight="w")
    data = describe(asked, kept())[0]
    prepared = PROTOCOLS["fair"].prepare(task_on(data), 0)
    assert prepared.weights is not None
    np.testing.assert_array_equal(prepared.weights, prepared.splits["train"].target + 1)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (("-0.5", "1"), "row 40, column w: the row weighs -0.5, and a weight is at least 0"),
        (("", "1", ""), "row 39, column w: the row has no weight, as 2 of 40 have none. Give each a number, 0 where"),
        (("NA",), "row 41, column w: the row has no weight, as 1 of 40"),
        (("1e40",), "row 41, column w: a number is 1e+40, too large for a network's 32 bits"),
        (("0",) * 40, "row 2, column w: every row weighs 0, so that nothing would be learnt."),
        (("often", "seldom") * 20, "row 2, column w: 'often' is not a number, so rows can't weigh by it."),
        (("2024-01-02",) * 40, "row 2, column w: '2024-01-02' is not a number"),
    ],
)
def test_what_is_no_weight_is_refused_with_its_row(
    read: Read, write: Write, weights: tuple[str, ...], words: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(write(weighed(*weights)), sample_weight="w")
    assert f", {words}" in str(caught.value)


@pytest.mark.parametrize(
    ("wish", "kind", "words"),
    [
        ({"sample_weight": "W"}, UnknownName, r"There is no column in .* called 'W'\. Did you mean w\?"),
        ({"sample_weight": "y"}, UsageError, "Column y is the target and --sample-weight at once"),
        ({"sample_weight": "w", "drop": ("w",)}, UsageError, "Column w is in --drop and --sample-weight at once"),
        ({"sample_weight": "w", "categorical": ("w",)}, UsageError, "in --categorical and --sample-weight at once"),
    ],
)
def test_columns_that_are_not_there_or_are_something_else(
    read: Read, write: Write, wish: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        read(write(weighed()), **wish)


@pytest.mark.parametrize(("factor", "told"), [("1000", "1.5e+03"), ("0.001", "0.0015")])
def test_a_mean_that_acts_as_another_learning_rate_is_told(read: Read, write: Write, factor: str, told: str) -> None:
    _, said, _ = read(write(weighed(*[str((1 + n % 2) * float(factor)) for n in range(40)])), sample_weight="w")
    assert any(f"gradients are {told} times the usual ones: divide w by its mean" in one for one in said)


def test_training_rows_that_all_weigh_nothing_are_refused_when_they_are_split(home: Path, write: Write) -> None:
    rows = "".join(f"{n % 7},{n // 50},{n},{n * n % 31}\n" for n in range(60))
    asked = FileRequest(path=str(write("x,w,when,y\n" + rows)), target="y", time="when", sample_weight="w")
    with pytest.raises(DataError, match="all training rows weigh 0, so that nothing would be learnt"):
        PROTOCOLS["fair"].prepare(task_on(describe(asked, kept())[0]), 0)


IMAGES, MASKS = np.zeros((60, 8, 8)), np.arange(60 * 64).reshape(60, 8, 8) % 3
WEIGHTS = 1 + np.arange(60) % 3


def of_arrays(place: Path, name: str = "w", **arrays: Any) -> FileRequest:
    np.savez(place / "a.npz", **{"X": IMAGES, "y": MASKS, **arrays})
    return FileRequest(path=str(place / "a.npz"), target="y", sample_weight=name)


def test_an_array_weighs_rows_with_shapes(home: Path, tmp_path: Path) -> None:
    data, said = describe(of_arrays(tmp_path, w=WEIGHTS), kept())
    assert any("rows weigh what w says, 1 to 3" in one for one in said)
    assert data.input_shape == (8, 8, 1)
    prepared = PROTOCOLS["fair"].prepare(task_on(data), 0)
    assert prepared.weights is not None
    assert prepared.weights.shape == prepared.splits["train"].target.shape[:1]


def test_of_a_split_of_its_own_the_training_rows_need_weights(home: Path, tmp_path: Path) -> None:
    parts: dict[str, Any] = {
        f"{name}_{part}": array for name, array in (("X", IMAGES), ("y", MASKS)) for part in ("train", "test")
    }
    np.savez(tmp_path / "b.npz", **parts, w_train=WEIGHTS)
    asked = FileRequest(path=str(tmp_path / "b.npz"), target="y", sample_weight="w_train")
    weights = load(describe(asked, kept())[0], kept()).weights
    assert weights is not None
    assert weights.tolist() == [*WEIGHTS, *[1] * 60]


@pytest.mark.parametrize(
    ("arrays", "name", "kind", "words"),
    [
        ({"w": np.ones(59)}, "w", DataError, r"w \(59, float64\) is to weigh 60 rows: one number for each is wanted"),
        ({"w": np.ones((60, 2))}, "w", DataError, r"w \(60 × 2, float64\) is to weigh 60 rows"),
        ({"w": np.array(["a"] * 60)}, "w", DataError, "is to weigh 60 rows"),
        ({"w": -np.ones(60)}, "w", DataError, "row 1, column w: the row weighs -1"),
        ({"w": np.ones(60)}, "v", UnknownName, "There is no array in .* called 'v'"),
        ({}, "y", UsageError, "The array y is the target and --sample-weight at once"),
    ],
)
def test_arrays_that_are_no_weights(
    tmp_path: Path, shelf: Path, arrays: dict[str, Any], name: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        describe(of_arrays(tmp_path, name, **arrays), shelf)


def test_losses_of_a_batch_and_class_weights_do_not_go_with_weights(home: Path, tmp_path: Path, write: Write) -> None:
    masks = describe(of_arrays(tmp_path, w=WEIGHTS), kept())[0]
    with pytest.raises(DoesNotFit) as caught:
        Comparison.ask(masks, ("batch_dice",))
    assert "is one number for a batch as a whole, and rows that weigh differently need one for each" in str(
        caught.value
    )
    assert "dice" in str(caught.value).partition("Losses that fit:")[2] or "Did you mean" in str(caught.value)
    assert "batch_dice" not in Comparison.ask(masks, ("all",)).losses
    own = tmp_path / "mine.py"
    own.write_text("def whole(y_true, y_pred):\n    return 0.0\n", encoding="utf-8")
    with pytest.raises(DoesNotFit, match=r"is one number for a batch as a whole.* leave out --sample-weight"):
        Comparison.ask(masks, (), own=(f"{own}:whole:per=batch",))
    rows = "".join(f"{n % 7},{1 + n % 2},{'ab'[n * 7 % 11 % 2]}\n" for n in range(60))
    table = FileRequest(path=str(write("x,w,y\n" + rows)), target="y", sample_weight="w")
    with pytest.raises(
        UsageError, match="Rows weigh by --class-weight or by --sample-weight, as in Keras, not by both"
    ):
        Comparison.ask(describe(table, kept())[0], class_weight="balanced")


def test_a_sweep_does_not_part_rows_from_their_weights(home: Path, write: Write) -> None:
    data = describe(FileRequest(path=str(write(weighed())), target="y", sample_weight="w"), kept())[0]
    plain = Comparison.ask(data, ("mse", "mae"))
    with pytest.raises(UsageError, match="A sweep alters rows, to which their weights would no longer belong"):
        at_levels(plain, axis_named("outliers"), "")


def test_a_column_is_not_groups_and_weights_at_once(read: Read, write: Write) -> None:
    with pytest.raises(UsageError, match="Column w is --group and --sample-weight at once"):
        read(write(weighed()), group="w", sample_weight="w")


def test_the_mean_weight_is_that_of_rows_that_are_trained_on(tmp_path: Path) -> None:
    x, y = np.zeros((60, 4, 4, 1), np.float32), np.arange(60) % 3
    x[:, 0, 0, 0] = np.arange(60)
    weights = np.full(30, 150.0)
    np.savez(tmp_path / "a.npz", x_train=x[:30], y_train=y[:30], x_test=x[30:], y_test=y[30:], w_train=weights)
    asked = FileRequest(path=str(tmp_path / "a.npz"), target="y", sample_weight="w_train")
    assert "150 to 150, 150 on average" in " ".join(describe(asked, tmp_path / "shelf")[1])
