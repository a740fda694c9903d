"""`lossterm.compare` on whatever a program has, with a fake worker."""

import csv
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

import lossterm
from lossterm.api.comparing import SESSION, started_as
from lossterm.api.settings import Keywords, Settings
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS, OF_COMPARISON
from lossterm.data import FileRequest
from lossterm.store import Store, schema
from tests.builders.loaded_modules import HEAVY, loaded_by
from tests.builders.training_here import training_here
from tests.cells import each

ROWS = 60
DRAWN = np.random.default_rng(0)
X = DRAWN.normal(size=(ROWS, 3))
Y = X @ [1.0, 2.0, 3.0] + DRAWN.normal(size=ROWS)
NAMES = ["no", "yes"]
LABELS = [NAMES[int(value > 0)] for value in Y]
IMAGES = DRAWN.normal(size=(ROWS, 8, 8, 1))
MASKS = np.digitize(IMAGES[..., 0], (-0.5, 0.5))
QUICK: dict[str, Any] = {"seeds": 3, "epochs": 5, "learning_rates": 0.01, "progress": False}


class Series:
    """A column as pandas has it, of which only this is used."""

    def __init__(self, name: str | None, values: Any) -> None:
        self.name, self.values = name, np.asarray(values)

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self.values

    def to_numpy(self) -> Any:
        return self.values


class Frame:
    """A frame as polars has it."""

    def __init__(self, **columns: Any) -> None:
        self._columns = {name: Series(name, values) for name, values in columns.items()}
        self.columns = list(columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())).values) if self._columns else 0

    def get_columns(self) -> list[Series]:
        return list(self._columns.values())

    def to_numpy(self) -> Any:
        return np.column_stack([one.values for one in self._columns.values()])


def homes(**more: Any) -> Frame:
    return Frame(area=X[:, 0], rooms=[None, *X[1:, 1]], town=["a", "b", "c"] * (ROWS // 3), price=Y, **more)


def asked(session: str = SESSION) -> Comparison:
    with Store() as store:
        return store.reader.comparisons(session)[-1].comparison


# What may be given


def test_what_was_told_of_the_table_stands_in_the_notes(trained: Path) -> None:
    y = Y.copy()
    y[[3, 8, 21, 34, 55]] = np.nan
    result = lossterm.compare((np.column_stack([X, Y]), y), ["mse"], **QUICK)
    left_out = "5 rows left out for want of a target, the first in row 4."
    assert result.notes.count(left_out) == 1
    leaks = [note for note in result.notes if "Leak? X_3 is a copy of the target" in note]
    assert len(leaks) == 1
    assert not any(note.startswith(("Read as", "y is")) for note in result.notes)
    assert str(result).splitlines()[-1] == left_out
    assert lossterm.result().notes == result.notes
    frame = Frame(area=X[:, 0], town=["a", "b", "unknown"] * (ROWS // 3), day=["mon"] * ROWS, price=[-999, *Y[1:]])
    notes = lossterm.compare(frame, ["mse"], target="price", **QUICK).notes
    assert "Left out, since it is the same in every row: day." in notes
    assert any('missing="price=-999" reads it so' in note for note in notes)


def test_a_pair_of_arrays_is_compared(trained: Path) -> None:
    result = lossterm.compare((X, Y), ["mse", "huber:delta=0.5"], hidden=(8, 4), **QUICK)
    assert [one["loss"] for one in result.standings] == ["mse", "huber:delta=0.5"]
    assert result.verdict.startswith("mse is best, ahead of huber:delta=0.5 by ")
    assert (result.complete, result.sound, result.session, result.failure) == (True, True, SESSION, None)
    data = asked().data
    assert data is not None
    assert (data.kind, data.rows, data.features, asked().hyperparameters.hidden) == ("regression", ROWS, 3, (8, 4))


@each(
    "data",
    [
        (X.tolist(), Y.tolist()),
        (X.astype(np.float32), Y[:, None]),
        (X[:, 0], Y),
        ((X * 100).astype(int), Y),
        ([[None, 1], [2, np.nan]] * (ROWS // 2), Y),
        (X, LABELS),
        (X, np.array(LABELS, dtype=object)),
        (X, np.arange(ROWS) % 3),
        (X, Y > 0),
        (X, Series("price", Y)),
        (Frame(a=X[:, 0], b=X[:, 1]), Series("c", Y)),
        (Frame(a=X[:, 0]), Frame(c=Y)),
        (Frame(a=X[:, 0], y=X[:, 1]), Y),
        (X.astype(object), Y),
        (np.ma.masked_less(X, -1.0), Y),
    ],
    ids=lambda data: f"{type(data[0]).__name__}, {type(data[1]).__name__}",
)
def test_whatever_is_an_array_is_taken(trained: Path, data: Any) -> None:
    result = lossterm.compare(data, **QUICK)
    assert result.complete
    assert asked().record.rows == ROWS


def test_labels_are_those_that_were_given(trained: Path) -> None:
    lossterm.compare((X, LABELS), **QUICK)
    data = asked().data
    assert data is not None
    assert (data.kind, data.classes) == ("binary", ("no", "yes"))


def test_columns_of_a_frame_keep_their_names_and_kinds(trained: Path) -> None:
    lossterm.compare(homes(), target="price", drop="rooms", **QUICK)
    data = asked().data
    assert data is not None
    assert data.asked.target == "price"
    with np.load(data.asked.path) as archive:
        assert archive.files == ["area", "town", "price"]
    assert data.features == 4  # a number, and three towns
    lossterm.compare((homes(), Series("cost", Y + 1)), drop=["price", "town"], **QUICK)
    data = asked().data
    assert data is not None
    assert (data.asked.target, data.features) == ("cost", 3)  # two numbers, and one that marks what is missing


def test_several_columns_of_a_frame_or_a_file_are_predicted_together(trained: Path) -> None:
    frame = Frame(a=X[:, 0], b=X[:, 1], y1=Y, **{"price, net": Y + 1})
    several: tuple[Any, ...] = (["y1", "price, net"], ("y1", "price, net"), 'y1,"price, net"')
    for target in several:
        lossterm.compare(frame, target=target, **QUICK)
        data = asked().data
        assert data is not None
        assert (data.kind, data.asked.targets, data.features) == ("multioutput", ("y1", "price, net"), 2)
    lossterm.compare(frame, target=["price, net"], **QUICK)
    assert (one := asked().data) is not None
    assert one.asked.targets == ("price, net",)
    path = trained / "homes.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("a", "x", "y"), *zip(X[:, 0], Y, Y + X[:, 1], strict=True)])
    lossterm.compare(path, target=["x", "y"], **QUICK)
    assert asked().record.outputs == ("x", "y")
    wrong: tuple[tuple[Any, str], ...] = (
        ([], "target= is an empty list"),
        (["y1", "y1"], "stands twice in target=: name it once"),
        (["y1", 2.5], "target= is of type float"),
        (["y1", "y3"], "no column in the frame called 'y3'. Did you mean y1"),
    )
    for given, words in wrong:
        with pytest.raises(lossterm.LosstermError, match=words):
            lossterm.compare(frame, target=given, **QUICK)
    with pytest.raises(lossterm.LosstermError, match=r"y has 2 columns, a, b\. Columns that are predicted together"):
        lossterm.compare((X, Frame(a=Y, b=Y)), **QUICK)


def test_rows_weigh_by_an_array_beside_them_or_by_a_column(trained: Path) -> None:
    weights = np.arange(ROWS) % 3
    for given in (weights, weights.tolist(), Series("how much", weights)):
        lossterm.compare((X, Y), sample_weight=given, **QUICK)
        assert asked().data is not None
        assert asked().record.features == 3
        kept = asked().record.weights
        assert kept is not None
        np.testing.assert_array_equal(kept(), weights)
    assert "sample_weight" in asked().record.words
    frame = Frame(a=X[:, 0], price=Y, often=weights)
    lossterm.compare(frame, target="price", sample_weight="often", **QUICK)
    assert asked().record.words[-2:] == ("--sample-weight", "often")
    assert asked().record.features == 1


def test_the_same_arrays_are_the_same_task_and_are_not_trained_again(trained: Path) -> None:
    first = lossterm.compare((X, Y), "mse", **QUICK)
    again = lossterm.compare((X.copy(), Y.tolist()), "mse", **QUICK)
    assert [one["trial"] for one in first.trials()] == [one["trial"] for one in again.trials()]
    other = lossterm.compare((X + 1, Y), "mse", **QUICK)
    assert {one["task"] for one in other.trials()} != {one["task"] for one in first.trials()}


def test_a_file_and_a_task_are_compared_too(trained: Path) -> None:
    path = trained / "homes.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("a", "price"), *zip(X[:, 0], Y, strict=True)])
    for given in (path, str(path)):
        assert lossterm.compare(given, target="price", **QUICK).complete
    assert lossterm.compare("circles", "usual", **QUICK).standings[0]["rank"] == 1


OF_NETWORKS = {
    name for name, one in HYPERPARAMETERS.items() if name == "network" or (one.networks and name != "hidden")
}
"""Settings of networks that are no stack of dense layers."""


def test_every_setting_goes_where_the_command_line_puts_it(trained: Path) -> None:
    given: dict[str, Any] = {
        **{"seeds": 2, "epochs": 5, "learning_rates": [0.1, 0.01], "hidden": (16,), "activation": "tanh"},
        **{"dropout": 0.1, "batch_norm": True, "l2": 1e-4, "batch_size": 16, "optimizer": "adam", "schedule": "linear"},
        **{"early_stopping": 3, "class_weight": "balanced", "metric": "balanced_accuracy", "rope": 0.02},
        **{"final": True, "device": "auto", "protocol": "fair"},
    }
    losses = ["hinge", "squared_hinge"]
    numpys = {"seeds": np.int64(2), "hidden": 16, "learning_rates": np.array([0.1, 0.01]), "l2": np.float64(1e-4)}
    lossterm.compare("circles", losses, session="mine", progress=False, **{**given, **numpys})
    assert asked("mine") == Comparison.ask("circles", losses, **given)
    lossterm.compare("digit_images", "usual", session="images", network="cnn", filters=[4], kernel=2, **QUICK)
    assert asked("images").hyperparameters.filters == (4,)
    assert asked("images").hyperparameters.kernel == 2
    assert set(given) == set(Settings.__annotations__) - {"until", "model", "scaling", *OF_NETWORKS}


def test_a_race_goes_on_until_all_is_settled(trained: Path) -> None:
    result = lossterm.compare("circles", ["hinge", "squared_hinge"], until="settled", **{**QUICK, "seeds": 10})
    assert result.complete
    assert result.to_dict()["race"]["over"]
    assert len(result.curves()) == 5 * len(result.trials())


def test_time_that_is_up_leaves_a_result_that_is_not_complete(home: Path) -> None:
    with started_as(None):
        result = lossterm.compare("circles", "hinge", **QUICK, max_time="0.01s")
    assert not result.complete
    assert result.verdict == "No trial has a score so far."


# The keywords


def test_the_keywords_are_the_settings_and_how_a_table_is_read() -> None:
    every = {**HYPERPARAMETERS, **OF_COMPARISON}
    settings = {name for name, one in every.items() if one.has_option}
    assert set(Settings.__annotations__) == {*settings, "learning_rates"}
    assert set(Keywords.__annotations__) - set(Settings.__annotations__) == {*FileRequest.__struct_fields__} - {
        "path",
        "target",
        "more_targets",
    }
    for name, hint in get_type_hints(Settings).items():
        if name in ("learning_rates", "model", "hidden", "filters", "units"):
            continue
        setting = every[name]
        words = next((get_args(one) for one in get_args(hint) if get_args(one)), ())
        assert words == (() if setting.beside else setting.words), name
        assert words or setting.plain_form in get_args(hint), name


def test_arrays_with_shapes_are_taken_as_those_of_a_file(trained: Path, tmp_path: Path) -> None:
    one_of_three = np.arange(ROWS) % 3
    cells: tuple[tuple[Any, Any, str, tuple[int, ...]], ...] = (
        (IMAGES, Y, "regression", (8, 8, 1)),
        (IMAGES, MASKS, "segmentation", (8, 8, 1)),
        (IMAGES[..., 0].tolist(), MASKS[..., None], "segmentation", (8, 8, 1)),
        (IMAGES[:, :, :3, 0], Series("X", LABELS), "binary", (8, 3)),
        (np.array([None, *IMAGES[..., 0]], dtype=object)[1:], one_of_three, "multiclass", (8, 8, 1)),
        (X, X + 1, "multioutput", (3,)),
        (X[:, 0], X.astype(object), "multioutput", (1,)),
        (X, np.eye(3)[one_of_three], "multiclass", (3,)),
    )
    for features, target, kind, shape in cells:
        lossterm.compare((features, target), sample_weight=np.arange(ROWS) % 3, **QUICK)
        record = asked().record
        assert (record.kind, record.input_shape) == (kind, shape)
        assert record.weights is not None
        np.testing.assert_array_equal(record.weights(), np.arange(ROWS) % 3)
    path = tmp_path / "data.npz"
    np.savez(path, X=IMAGES, y=MASKS)
    for given, target in (((IMAGES, MASKS), None), (path, "y")):
        lossterm.compare(given, target=target, **QUICK)
        data = asked().data
        assert data is not None
        assert data.kind == "segmentation"
        assert (data.classes, data.input_shape) == (("0", "1", "2"), (8, 8, 1))


def test_rows_of_different_lengths_are_told_with_the_first_odd_one(home: Path) -> None:
    tail = [[1, 2, 3]] * (ROWS - 3)
    cells: tuple[tuple[Any, str], ...] = (
        ([[1, 2, 3]] * 2 + [[4]] + tail, r"row 1 has 3 values, and row 3 .* with 1 value\. Pad .*pad_sequences\(X,"),
        (
            [[1, 2, 3]] * 2 + [4] + tail,
            r"row 3 is the first that differs, with a single value\. Pad them all to one length\.",
        ),
        ([[[1], [2]], [[1], [2, 3]]] * (ROWS // 2), "Row 2 of X holds lists of different lengths: pad them"),
        (np.array([[1, 2, 3], [4]] * (ROWS // 2), dtype=object), "row 1 has 3 values, and row 2"),
        ([np.zeros((4, 4)), np.zeros((4, 5))] * (ROWS // 2), r"row 1 has 4 × 4 values, .*, with 4 × 5 values\. Pad"),
    )
    for given, words in cells:
        with pytest.raises(lossterm.DataError, match=words):
            lossterm.compare((given, Y), **QUICK)
    with pytest.raises(lossterm.DataError, match="The rows of y have different lengths"):
        lossterm.compare((X, [[1, 2], [3]] * (ROWS // 2)), **QUICK)


# What cannot be


REFUSED: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "lengths": ((X, Y[:-1]), {}, lossterm.DataError, "X has 60 rows and y has 59 values: they must be of the same"),
    "text in X": ((X.astype(str), Y), {}, lossterm.DataError, r"X holds text, as '0\.125.*: give numbers, or a frame"),
    "mixed X": (([["a", 1]] * ROWS, Y), {}, lossterm.DataError, "X holds text, as 'a'"),
    "mixed objects": ((np.array([["a", 1]] * ROWS, object), Y), {}, lossterm.DataError, "X holds text, as 'a'"),
    "ragged": (([[1, 2], [3]] * 30, Y), {}, lossterm.DataError, "row 1 has 2 values, and row 2 is the first"),
    "complex": ((X * 1j, Y), {}, lossterm.DataError, "X holds complex128"),
    "3-D": ((X.reshape(10, 6, 3), Y), {}, lossterm.DataError, "X has 10 rows and y has 60 values"),
    "a number": ((1.0, Y), {}, lossterm.DataError, r"X is a single float, and \(rows, features\) is wanted\."),
    "one-hot y beside a frame": (
        (Frame(a=Y, b=Y), np.eye(2)[np.arange(ROWS) % 2]),
        {},
        lossterm.DataError,
        r"give X\.to_numpy\(\)\. It is one-hot: y\.argmax\(axis=1\)",
    ),
    "columns of y of text": ((X, [["a", "b"]] * ROWS), {}, lossterm.DataError, r"\(60, 2\) and holds text"),
    "no outputs": ((X, X[:, :0]), {}, lossterm.DataError, "a value to predict for each row is wanted"),
    "no pixels": ((IMAGES[:, :0], Y), {}, lossterm.DataError, "there is no column to predict from"),
    "channels first": (
        (np.moveaxis(IMAGES, 3, 1), Y),
        {},
        lossterm.DataError,
        r"X and y: X .*np\.moveaxis\(X, 1, -1\)",
    ),
    "a gap in an image": ((np.where(IMAGES[4, 0, 0, 0] == IMAGES, np.nan, IMAGES), Y), {}, lossterm.DataError, "row 5"),
    "a stray class": ((IMAGES, np.where(MASKS == 2, 9, MASKS)), {}, lossterm.DataError, "column y: the mask has .* 9"),
    "masks of another size": ((IMAGES, MASKS[:, :4]), {}, lossterm.DataError, "y has the shape 60 × 4 × 8"),
    "fewer masks": ((IMAGES, MASKS[:-1]), {}, lossterm.DataError, "X has 60 rows and y has 59 values"),
    "weights of fewer images": (
        (IMAGES, Y),
        {"sample_weight": Y[1:]},
        lossterm.DataError,
        "sample_weight= has 59 values",
    ),
    "negative weights of images": (
        (IMAGES, Y),
        {"sample_weight": -(Y**2)},
        lossterm.DataError,
        "row 1, column sample_weight",
    ),
    "frame as y": ((X, homes()), {}, lossterm.DataError, "y has 4 columns, area, rooms, town, …"),
    "no rows": ((X[:0], Y[:0]), {}, lossterm.DataError, "X has no rows"),
    "no columns": ((X[:, :0], Y), {}, lossterm.DataError, "no column to predict from"),
    "all NaN": ((X, Y * np.nan), {}, lossterm.DataError, "X and y, column y: the target is missing in every row"),
    "infinite": (
        (np.where(X > 0, np.inf, X), Y),
        {},
        lossterm.DataError,
        "X and y, row 1, column X_0: a number is infinite",
    ),
    "few": ((X[:9], Y[:9]), {}, lossterm.DataError, "X and y: 9 rows can be used, and at least 20 are needed"),
    "weights": ((X, Y), {"sample_weight": Y[:-1]}, lossterm.DataError, "sample_weight= has 59 values for 60 rows"),
    "weights in columns": ((X, Y), {"sample_weight": X}, lossterm.DataError, "Column sample_weight holds an array of"),
    "negative weights": (
        (X, Y),
        {"sample_weight": X[:, 0] - 99},
        lossterm.DataError,
        "row 1, column sample_weight: the",
    ),
    "weights not there": ((X, Y), {"sample_weight": "w"}, lossterm.UnknownName, "no column in X and y called 'w'"),
    "weights of a file": (
        "a.csv",
        {"target": "y", "sample_weight": Y},
        lossterm.UsageError,
        "^sample_weight= names a c",
    ),
    "weights of a task": ("circles", {"sample_weight": "w"}, lossterm.UsageError, "^sample_weight= is about a table"),
    "y in X": ((homes(), Series("price", Y)), {}, lossterm.DataError, "X has the column 'price', and y has that name"),
    "X alone": (X, {}, lossterm.UsageError, r"ndarray is nothing to train on: give a pair \(X, y\)"),
    "target of a pair": ((X, Y), {"target": "y"}, lossterm.UsageError, "^target= names a column of a frame or a file"),
    "frame": (homes(), {}, lossterm.UsageError, "A frame needs target=, the column.*: area, rooms, town, price"),
    "column": (homes(), {"target": "prise"}, lossterm.UnknownName, "no column in the frame.*Did you mean price"),
    "dropped": (homes(), {"target": "price", "drop": "aera"}, lossterm.UnknownName, "Did you mean area"),
    "drop of a pair": ((X, Y), {"drop": "a"}, lossterm.UsageError, "^drop= names columns of a frame"),
    "objects": (homes(tags=[{1}] * ROWS), {"target": "price"}, lossterm.DataError, 'Column tags holds .*drop="tags"'),
    "lists": (homes(tags=[[1]] * ROWS), {"target": "price"}, lossterm.DataError, "Column tags holds an array of shape"),
    "file": ("homes.csv", {}, lossterm.UsageError, "homes.csv needs target=, the column to predict"),
    "no file": ("homes.csv", {"target": "price"}, lossterm.DataError, "homes.csv: there is no such file"),
    "task": ("circls", {}, lossterm.UnknownName, "no task 'circls'. Did you mean circles"),
    "task's column": ("circles", {"drop": "a"}, lossterm.UsageError, "drop= is about a table"),
    "loss": ((X, Y), {"losses": "hubr"}, lossterm.UnknownName, "Did you mean huber"),
    "no loss": ((X, Y), {"losses": []}, lossterm.UsageError, "There is no loss in losses"),
    "loss of classes": ((X, Y), {"losses": "hinge"}, lossterm.DoesNotFit, "hinge"),
    "keyword": ((X, Y), {"hiden": 3}, lossterm.UnknownName, "no keyword 'hiden'. Did you mean hidden"),
    "other keyword": ((X, Y), {"lr": 3}, lossterm.UnknownName, "no keyword 'lr'. Did you mean learning_rates"),
    "form": ((X, Y), {"hidden": "many"}, lossterm.OutOfRange, "Hidden layers is 'many', but must be whole numbers"),
    "range": ((X, Y), {"seeds": 0}, lossterm.OutOfRange, "The number of seeds is 0, but must be from 1"),
    "rates": ((X, Y), {"learning_rates": "fast"}, lossterm.OutOfRange, "learning_rates is 'fast', but.*or 'tune'"),
    "kind": ((X, Y), {"kind": "clas"}, lossterm.UnknownName, "no kind of task 'clas'"),
    "header": ((X, Y), {"header": "no"}, lossterm.OutOfRange, "header is 'no', but must be true or false"),
    "time": ((X, Y), {"max_time": "ten"}, lossterm.OutOfRange, "max_time is 'ten'"),
    "negative time": ((X, Y), {"max_time": -1}, lossterm.OutOfRange, "max_time is -1"),
    "endless time": (
        (X, Y),
        {"max_time": float("inf")},
        lossterm.OutOfRange,
        "max_time is inf, but must be a positive",
    ),
    "time of no float": ((X, Y), {"max_time": 10**400}, lossterm.OutOfRange, "max_time is 1000"),
    "switch for time": ((X, Y), {"max_time": True}, lossterm.OutOfRange, "max_time is True"),
    "memory": ((X, Y), {"memory": 5}, lossterm.OutOfRange, "memory is 5"),
    "endless memory": ((X, Y), {"memory": float("inf")}, lossterm.OutOfRange, "memory is inf, but must be a number of"),
    "no memory": ((X, Y), {"memory": float("nan")}, lossterm.OutOfRange, "memory is nan"),
    "too much memory": ((X, Y), {"memory": 2**63}, lossterm.OutOfRange, "memory is 9223372036854775808"),
    "session": ((X, Y), {"session": 5}, lossterm.UsageError, "session is 5"),
    "protocol": (
        ("circles"),
        {"early_stopping": 3, "protocol": "tutorial"},
        lossterm.UsageError,
        'use protocol="fair"',
    ),
    "race": ("circles", {"until": "settled", "losses": "hinge"}, lossterm.UsageError, 'leave out until="settled"'),
    "size": ("circles", {"seeds": 9000}, lossterm.UsageError, "If that is meant, say max_trials=27000"),
    "allowed size": ("circles", {"max_trials": 2}, lossterm.UsageError, "max_trials= allows 2"),
}


@each("name", REFUSED)
def test_what_cannot_be_compared_is_refused_in_words_of_python(home: Path, name: str) -> None:
    data, given, kind, sentence = REFUSED[name]
    with started_as(None), pytest.raises(kind, match=sentence) as error:
        lossterm.compare(data, **{"max_time": 1, **QUICK, **given})
    assert "--" not in str(error.value)
    assert str(home) not in str(error.value)  # where arrays are kept is no concern of the caller's


def test_a_store_that_another_program_holds_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "PATIENCE", 0.05)
    path = home / "held.db"
    with Store(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(lossterm.StoreError, match="is locked by another program"):
            lossterm.compare("circles", "hinge", store=path, **QUICK)


def test_a_damaged_store_is_refused_and_left_as_it_was(home: Path) -> None:
    path = home / "damaged.db"
    path.write_bytes(b"not a store at all" * 100)
    with pytest.raises(lossterm.StoreError, match=r"another place with store=\."):
        lossterm.compare("circles", store=path, **QUICK)
    with pytest.raises(lossterm.StoreError, match=r"another place with store=\."):
        lossterm.result(store=path)
    assert path.read_bytes() == b"not a store at all" * 100


def test_where_every_trial_fails_the_reason_is_raised_and_the_table_is_kept(home: Path) -> None:
    reason = pytest.raises(lossterm.DataError, match=r"Every trial failed. mine.py, line 3: oh no")
    with training_here(fails=lambda trial: "mine.py, line 3: oh no."), started_as(None), reason as error:
        lossterm.compare("circles", "hinge", **QUICK)
    assert error.value.__notes__ == ["lossterm.result() returns the table."]
    assert not lossterm.result().sound


def test_where_some_trials_fail_the_table_says_so(home: Path) -> None:
    with training_here(fails=lambda trial: "oh no." if trial.loss == "hinge" else None), started_as(None):
        result = lossterm.compare("circles", ["hinge", "squared_hinge"], **QUICK)
    assert (result.sound, result.failure) == (False, None)
    assert any("oh no." in note for note in result.notes)


# Processes


def test_importing_it_loads_nothing_else() -> None:
    loaded = loaded_by("import lossterm")
    assert {name for name in loaded if name.startswith("lossterm")} == {"lossterm"}
    loaded = loaded_by("import lossterm\nlossterm.compare")
    assert "lossterm.api.comparing" in loaded
    assert loaded & HEAVY == set()


def test_the_command_line_does_without() -> None:
    loaded = loaded_by("from lossterm.cli.main import cli\ndict(cli.commands)")
    assert not any(name.startswith("lossterm.api") for name in loaded)


SCRIPT = """
import sys
import numpy as np
import lossterm
from lossterm.api.comparing import started_as
from lossterm.worker_control.starting import Workers
X = np.random.default_rng(0).normal(size=(60, 3))
y = X.sum(axis=1) + X[::-1, 0]
if __name__ == "__main__":
    with started_as(Workers((sys.executable, "-P", "-m", "lossterm.engine.fakes.fake_engine"))):
        print("begins", flush=True)
        result = lossterm.compare((X, y), ["mse", "mae"], seeds=3, epochs=EPOCHS)
    print(result.verdict)
    print(sorted({"tensorflow", "keras", "pandas", "sklearn"} & set(sys.modules)))
"""


def test_a_script_never_imports_tensorflow(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("EPOCHS", "5")], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    begins, verdict, loaded = done.stdout.splitlines()
    assert (begins, loaded) == ("begins", "[]")
    assert verdict == lossterm.result().verdict
    assert "30/30 trials" in done.stderr
