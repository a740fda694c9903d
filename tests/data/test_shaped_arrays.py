"""Images, sequences and targets of several numbers from NPZ files and folders of arrays."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from lossterm.comparison.hyperparameters import unfit_network
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.data import Data, FileRequest, describe, load, memory
from lossterm.errors import DataError, UnknownName, UsageError
from lossterm.tasks import task_on

from .conftest import ragged

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(60, 8, 8, 3)).astype(np.float32)
SEQUENCES = RNG.normal(size=(60, 12, 2))
CLASSES = np.arange(60) % 3
MASKS = RNG.integers(0, 3, (60, 8, 8))
STRAY = MASKS.copy()
STRAY[5, 0, :3] = 7
LABELS = (RNG.random((60, 4)) < 0.4).astype(int)


def asked(path: Path, target: str = "y", **more: Any) -> FileRequest:
    return FileRequest(path=str(path), target=target, **more)


def described(
    tmp_path: Path, target: str = "y", options: dict[str, Any] | None = None, **arrays: Any
) -> tuple[Data, str]:
    np.savez(tmp_path / "a.npz", **arrays)
    data, said = describe(asked(tmp_path / "a.npz", target, **(options or {})), tmp_path / "shelf")
    return data, " ".join(said)


@pytest.mark.parametrize(
    ("x", "y", "kind", "inputs", "target", "network", "words"),
    [
        (IMAGES, CLASSES, "multiclass", (8, 8, 3), (), "cnn", "images of 8 × 8 pixels, 3 channels"),
        (IMAGES[..., 0], CLASSES, "multiclass", (8, 8, 1), (), "cnn", "taken as grey images"),
        (SEQUENCES, CLASSES % 2, "binary", (12, 2), (), "rnn", "sequences of 12 steps of 2 channels"),
        (IMAGES, MASKS, "segmentation", (8, 8, 3), (8, 8), "unet", "a mask of 3 classes"),
        (IMAGES, MASKS[..., None], "segmentation", (8, 8, 3), (8, 8), "unet", "a mask of 3 classes"),
        (IMAGES, np.eye(3)[MASKS], "segmentation", (8, 8, 3), (8, 8), "unet", "one-hot (segmentation)"),
        (IMAGES, 255 * (MASKS > 1), "segmentation", (8, 8, 3), (8, 8), "unet", "0 and 255 in the file"),
        (IMAGES, np.eye(3)[CLASSES], "multiclass", (8, 8, 3), (), "cnn", "one-hot, 3 classes (multiclass)"),
        (RNG.normal(size=(60, 5)), LABELS, "multilabel", (5,), (4,), "mlp", "4 labels (multilabel)"),
        (RNG.normal(size=(60, 5)), RNG.normal(size=(60, 2)), "multioutput", (5,), (2,), "mlp", "2 outputs"),
        (SEQUENCES, RNG.normal(size=60), "regression", (12, 2), (), "rnn", "different numbers"),
    ],
)
def test_arrays_are_what_their_shapes_say_and_that_is_said(
    tmp_path: Path, x: np.ndarray, y: np.ndarray, kind: str, inputs: Any, target: Any, network: str, words: str
) -> None:
    data, said = described(tmp_path, "y", None, X=x, y=y)
    task = task_on(data)
    assert (data.kind, task.input_shape, task.target_shape, task.network) == (kind, inputs, target, network)
    assert words in said
    assert "as float32" in said
    assert unfit_network(task.network, task, task.filters) == ""
    table = load(data, tmp_path / "shelf")
    assert table.features.shape == (60, *inputs)
    assert table.target.shape == (60, *target)
    assert table.features.dtype == np.float32


def test_the_task_draws_what_is_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSTERM_HOME", str(tmp_path / "home"))
    data, _ = described(tmp_path, "y", None, X=IMAGES, y=MASKS)
    splits = protocol_named("fair").prepare(task_on(data), 0).splits
    assert {name: split.features.shape for name, split in splits.items()} == {
        "train": (36, 8, 8, 3),
        "validation": (12, 8, 8, 3),
        "test": (12, 8, 8, 3),
    }
    np.testing.assert_allclose(splits["train"].features.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    assert splits["test"].target.dtype == np.int64


def test_the_test_rows_of_a_file_are_those_of_every_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSTERM_HOME", str(tmp_path / "home"))
    parts = {"x_train": IMAGES[:45], "y_train": CLASSES[:45], "x_test": IMAGES[45:], "y_test": CLASSES[45:]}
    data, said = described(tmp_path, "y", None, **parts)
    assert data.test_rows == 15
    assert "The last 15 rows (x_test) are the test rows of every seed" in said
    task, fair = task_on(data), protocol_named("fair")
    assert fair.rows(task) == {"train": 34, "validation": 11, "test": 15}
    first, second = (fair.prepare(task, seed).splits for seed in (0, 1))
    np.testing.assert_array_equal(first["test"].target, CLASSES[45:])
    np.testing.assert_array_equal(second["test"].target, CLASSES[45:])
    assert not np.array_equal(first["train"].features, second["train"].features)
    assert "the 15 test rows of the file for all seeds" in fair.caveat(task, tuned=True)
    assert described(tmp_path, "y_train", None, **parts)[0].test_rows == 15
    other = dict(zip(("train_x", "train_y", "test_x", "test_y"), parts.values(), strict=True))
    assert described(tmp_path, "y", None, **other)[0].test_rows == 15


def test_a_folder_of_arrays_is_read_as_an_archive_is(tmp_path: Path) -> None:
    folder = tmp_path / "arrays"
    folder.mkdir()
    np.save(folder / "X.npy", IMAGES)
    np.save(folder / "y.npy", MASKS)
    data, _ = describe(asked(folder), tmp_path / "shelf")
    assert (data.kind, data.input_shape) == ("segmentation", (8, 8, 3))
    with pytest.raises(UnknownName, match=r"array in .* called"):
        describe(asked(folder, "z"), tmp_path / "shelf")
    with pytest.raises(UnknownName, match=r"called 'X_0'"):
        describe(asked(folder, "X_0"), tmp_path / "shelf")
    np.save(folder / "y.npy", MASKS * 1)
    load(data, tmp_path / "shelf")
    np.save(folder / "X.npy", IMAGES + 1)
    with pytest.raises(DataError, match=r"changed since it was described|read the file differently"):
        load(data, tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"X": np.moveaxis(IMAGES, 3, 1), "y": CLASSES}, "channels come first.*np.moveaxis\\(X, 1, -1\\)"),
        ({"X": IMAGES, "y": MASKS[:, :4]}, "has the shape 60 × 4 × 8, and a row of the inputs is 8 × 8 × 3"),
        ({"X": IMAGES, "y": np.where(MASKS == 2, 255, MASKS)}, "value 255, and its classes are whole numbers from 0"),
        ({"X": IMAGES, "y": MASKS - 1}, "value -1, and its classes"),
        (
            {"X": IMAGES, "y": STRAY},
            "value 7, .* It stands in 3 pixels, the first of them in row 6. Number",
        ),
        ({"X": IMAGES, "y": MASKS + 1}, "value 1, .* No pixel has a class below: y - 1 begins at 0"),
        (
            {"X": IMAGES, "y": RNG.random((60, 8, 8))},
            r"soft masks are not taken: .*\(y > 0.5\).astype\(int\)",
        ),
        ({"X": IMAGES, "y": MASKS * 0}, "all pixels are of one class, 0"),
        ({"X": IMAGES, "y": MASKS * 0 + 1}, "all pixels are of one class, 1"),
        ({"X": IMAGES, "y": MASKS * 0 + 0.5}, r"all pixels are of one class, 0\.5"),
        ({"X": IMAGES, "y": CLASSES[:50]}, "the target y: y has 50, X has 60. Cut both .* X\\[:50\\] and y\\[:50\\]"),
        ({"X": IMAGES[:50], "y": CLASSES}, "the target y: y has 60, X has 50. Cut both .* X\\[:50\\] and y\\[:50\\]"),
        ({"y": IMAGES}, "y is the only array that is read: there is no second array to predict"),
        (
            {"X": IMAGES, "y": np.where(CLASSES[:, None] == [1, 1], np.nan, 0.5)},
            "row 2: y has a value that is not finite in 20 rows",
        ),
        ({"X": IMAGES, "y": np.where(CLASSES == 1, np.nan, CLASSES)}, "y is missing in 20 rows, first in row 2"),
        (
            {"X": IMAGES, "Z": IMAGES, "y": CLASSES},
            "several arrays could be the inputs of y: .*--drop Z keeps X",
        ),
        ({"ids": CLASSES, "X": IMAGES, "y": CLASSES}, r"of y: ids \(60\), X \([^y]*\)\. .*--drop ids keeps X"),
        (
            {"X": np.where(np.arange(60)[:, None, None, None] % 30 == 3, np.nan, IMAGES), "y": CLASSES},
            "row 4: X has a value that is not finite in 2 rows, of which this is the first",
        ),
        (
            {"X": np.where(np.arange(60)[:, None, None, None] == 3, np.inf, IMAGES), "y": CLASSES},
            "row 4: X has a value that is not finite in this row alone",
        ),
        ({"X": IMAGES[..., None], "y": CLASSES}, "has the shape 60 × 8 × 8 × 3 × 1"),
        ({"X": IMAGES.astype(str), "y": CLASSES}, "a network takes numbers"),
        ({"X": ragged(), "y": MASKS}, "pickle"),
        ({"X": SEQUENCES, "y": np.concatenate([LABELS, LABELS[:, :1] * 0], axis=1)}, "no row has the label"),
        ({"X": SEQUENCES, "y": np.ones((60, 2)) * 3}, "the same in every row"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_does_not_fit_is_refused_with_what_to_do(
    tmp_path: Path, arrays: dict[str, np.ndarray], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        described(tmp_path, "y", None, **arrays)


def test_an_unknown_target_is_told_the_arrays_where_they_have_shapes(tmp_path: Path) -> None:
    images: dict[str, np.ndarray] = {"X": IMAGES, "y": MASKS}
    rows = {"X": IMAGES[:, 0, 0], "y": LABELS}
    for arrays, target, words in (
        (images, "nope", "There is no array in .*a.npz called 'nope'. Known: X, y."),
        (images, "Y", "called 'Y'. Did you mean y\\?"),
        (images, "y_99", "There is no array"),
        ({"X": IMAGES, "y": LABELS}, "Y", "There is no array .* Did you mean y\\?"),
        (images, f"y_{'9' * 5000}", "There is no array"),
        ({"X": IMAGES}, "y", "X is the only array, so there is no second array to predict. Known: X."),
        (rows, "Y", "There is no array .* Did you mean y\\?"),
        (rows, "nope", "There is no column .* Known: X_0, X_1, X_2, y_0"),
    ):
        with pytest.raises(UnknownName, match=words):
            described(tmp_path, target, None, **arrays)
    halves = {f"{name}_{part}": array[:30] for name, array in images.items() for part in ("train", "val")}
    with pytest.raises(DataError, match="the arrays are parts of a split"):
        described(tmp_path, "y", None, **halves)
    with pytest.raises(UsageError, match="The array y is the target and in --drop at once"):
        described(tmp_path, "y", {"drop": ("y",)}, **images)
    assert described(tmp_path, "y_3", None, **images)[0].kind == "multiclass"  # a column of an array still is one


def test_a_folder_of_pictures_is_refused_with_how_to_make_an_array_of_it(tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "one.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match=r"folder of 1 image files.*np.savez\('images.npz', X=X, y=y\)"):
        describe(asked(tmp_path), tmp_path / "shelf")


def test_options_of_tables_are_refused_and_memory_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="--group is about columns of a table"):
        described(tmp_path, options={"group": "g"}, X=IMAGES, y=CLASSES)
    monkeypatch.setattr(memory, "available", lambda: 1000)
    monkeypatch.setattr(np, "load", None)
    with pytest.raises(DataError, match="of memory would be needed and"):
        describe(asked(tmp_path / "a.npz"), tmp_path / "shelf")


def test_a_record_of_before_shapes_keeps_its_key(tmp_path: Path) -> None:
    data, _ = described(tmp_path, "y", None, X=IMAGES, y=CLASSES)
    plain = msgspec.structs.replace(data, input_shape=(), target_shape=(), test_rows=0)
    assert b'_shape"' not in msgspec.json.encode(plain)
    assert b"test_rows" not in msgspec.json.encode(plain)


def test_whole_numbers_can_be_asked_for_as_ranks(tmp_path: Path) -> None:
    data, said = described(tmp_path, options={"kind": "ordinal"}, X=SEQUENCES, y=CLASSES)
    assert data.kind == "ordinal"
    assert "ranks (ordinal)" in said
    with pytest.raises(DataError, match="--kind multilabel is of several numbers a row"):
        described(tmp_path, options={"kind": "multilabel"}, X=SEQUENCES, y=CLASSES)
