"""The preview of arrays with shapes: what each is, which task follows, and what stands against it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossterm.data import FileRequest, Preview, describe, load, memory, preview
from lossterm.errors import DataError, UnknownName, UsageError

from .conftest import ragged

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(60, 8, 8, 3)).astype(np.float32)
SEQUENCES = RNG.normal(size=(60, 12, 2))
CLASSES = np.arange(60) % 3
MASKS = RNG.integers(0, 3, (60, 8, 8))
LABELS = (RNG.random((60, 4)) < 0.4).astype(int)


def shown(tmp_path: Path, arrays: dict[str, Any], target: str | None = None, drop: tuple[str, ...] = ()) -> Preview:
    np.savez(tmp_path / "a.npz", **arrays)
    return preview(tmp_path / "a.npz", target=target, drop=drop, shelf=tmp_path / "shelf")


def test_each_array_is_shown_with_its_shape_type_range_and_memory(tmp_path: Path) -> None:
    seen = shown(tmp_path, {"X": np.clip(IMAGES, -2, 2.5), "y": CLASSES})
    assert (seen.form, seen.rows, seen.size, seen.shaped) == ("npz", 60, "60 rows, 2 arrays", True)
    x, y = seen.columns
    assert (x.name, x.kind, x.shape, x.dtype, x.lowest, x.highest) == (
        *("X", "array", (60, 8, 8, 3), "float32", "-2", "2.5"),
    )
    assert (y.values(4), y.memory) == ("60 int64, 0 … 2", "1 MB")
    assert (seen.guess, seen.problem, seen.command, seen.data) == ("y", "", "", None)
    assert seen.guess_command == f"lossterm run --data {tmp_path}/a.npz --target y"


@pytest.mark.parametrize(
    ("arrays", "guess", "words"),
    [
        ({"X": IMAGES, "y": CLASSES}, "y", "images of 8 × 8 pixels, 3 channels. y has 3 whole numbers"),
        ({"images": IMAGES, "masks": MASKS}, "masks", "masks is a mask of 3 classes (segmentation)"),
        (
            {"X": SEQUENCES, "labels": LABELS},
            "labels",
            "sequences of 12 steps of 2 channels. labels has 4 columns of 0",
        ),
        ({"X": IMAGES, "y": np.eye(3)[CLASSES]}, "y", "one-hot, 3 classes (multiclass)"),
        ({"X": SEQUENCES, "z": RNG.normal(size=(60, 2))}, "z", "z has 2 columns of numbers: 2 outputs (multioutput)"),
        (
            {"x_train": IMAGES[:40], "y_train": CLASSES[:40], "x_test": IMAGES[40:], "y_test": CLASSES[40:]},
            "y_train",
            "The last 20 rows (x_test) are the test rows of every seed",
        ),
    ],
)
def test_without_a_target_the_task_that_follows_is_said_with_its_command(
    tmp_path: Path, arrays: dict[str, np.ndarray], guess: str, words: str
) -> None:
    seen = shown(tmp_path, arrays)
    assert (seen.guess, seen.rows) == (guess, 60)
    assert words in " ".join(seen.said)
    assert f"--target {guess}" in seen.guess_command


@pytest.mark.parametrize(
    ("y", "kind", "classes", "outputs"),
    [
        (CLASSES, "multiclass", (("0", 20), ("1", 20), ("2", 20)), 0),
        (
            MASKS,
            "segmentation",
            tuple((str(k), count) for k, count in enumerate(np.bincount(MASKS.ravel()).tolist())),
            0,
        ),
        (LABELS, "multilabel", tuple((f"y_{k}", int(LABELS[:, k].sum())) for k in range(4)), 0),
        (RNG.normal(size=(60, 2)), "multioutput", (), 2),
        (RNG.normal(size=60), "regression", (), 0),
    ],
)
def test_with_a_target_it_is_drawn_and_what_is_trained_on_is_kept(
    tmp_path: Path, y: np.ndarray, kind: str, classes: Any, outputs: int
) -> None:
    seen = shown(tmp_path, {"X": IMAGES, "y": y}, "y")
    assert seen.target is not None
    assert seen.data is not None
    assert (seen.target.kind, seen.target.classes, len(seen.target.outputs)) == (kind, classes, outputs)
    assert sum(seen.target.counts) == (60 if kind == "regression" else 0)
    assert seen.target.why in seen.said
    assert [column.role for column in seen.columns] == ["inputs", "target"]
    assert seen.command == f"lossterm run --data {tmp_path}/a.npz --target y"
    assert load(seen.data, tmp_path / "shelf").features.shape == IMAGES.shape


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"X": np.moveaxis(IMAGES, 3, 1), "y": CLASSES}, "np.moveaxis(X, 1, -1) puts them there"),
        ({"X": IMAGES, "y": np.where(MASKS == 2, 255, MASKS)}, "the mask has the value 255"),
        ({"X": IMAGES, "Z": IMAGES, "y": CLASSES}, "--drop Z keeps X"),
        ({"X": IMAGES, "y": CLASSES[:50]}, "no array has as many rows"),
    ],
)
def test_what_does_not_fit_is_said_beside_the_arrays(tmp_path: Path, arrays: dict[str, np.ndarray], words: str) -> None:
    seen = shown(tmp_path, arrays)
    assert words in " ".join(seen.said)
    assert (seen.problem, seen.guess_command, seen.said) == ("", "", (seen.refused,))
    assert seen.refused.startswith("With y as the target: ")
    wanted = shown(tmp_path, arrays, "y")
    assert words in wanted.problem
    assert (wanted.data, wanted.target, len(wanted.columns)) == (None, None, len(arrays))


def test_arrays_that_cannot_be_read_are_shown_by_their_heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = shown(tmp_path, {"X": ragged(), "y": MASKS})
    assert "pad rows of different lengths" in seen.problem
    assert [(column.dtype, column.lowest) for column in seen.columns] == [("object", ""), ("int64", "")]
    np.savez(tmp_path / "large.npz", X=IMAGES, y=CLASSES)
    monkeypatch.setattr(memory, "available", lambda: 1000)
    monkeypatch.setattr(np, "load", None)
    for target in (None, "y"):
        seen = preview(tmp_path / "large.npz", target=target, shelf=tmp_path / "shelf")
        assert "of memory would be needed and" in seen.problem
        assert seen.columns[0].shape == IMAGES.shape


def test_a_folder_of_arrays_is_shown_and_one_of_pictures_refused(tmp_path: Path) -> None:
    folder = tmp_path / "arrays"
    folder.mkdir()
    np.save(folder / "X.npy", IMAGES)
    np.save(folder / "y.npy", MASKS)
    seen = preview(folder, target="y", shelf=tmp_path / "shelf")
    assert (seen.form, [column.name for column in seen.columns]) == ("npy", ["X", "y"])
    assert seen.target is not None
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "one.png").write_bytes(b"\x89PNG")
    with pytest.raises(DataError, match="folder of 1 image files"):
        preview(tmp_path / "cats", shelf=tmp_path / "shelf")
    with pytest.raises(UnknownName, match="called 'z'"):
        preview(folder, target="z", shelf=tmp_path / "shelf")
    with pytest.raises(UsageError, match="--group is about columns of a table"):
        preview(folder, target="y", group="X", shelf=tmp_path / "shelf")


def test_arrays_of_columns_are_a_table_as_before(tmp_path: Path) -> None:
    seen = shown(tmp_path, {"X": IMAGES[:, 0, 0], "y": CLASSES})
    assert [column.name for column in seen.columns] == ["X_0", "X_1", "X_2", "y"]
    assert not seen.shaped
    dropped = shown(tmp_path, {"X": IMAGES, "Z": IMAGES, "y": CLASSES}, "y", ("Z",))
    assert [column.role for column in dropped.columns] == ["inputs", "dropped", "target"]


def test_an_array_of_weights_has_its_role_and_is_never_guessed_as_the_target(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=IMAGES, seg=CLASSES, w=np.linspace(0.5, 1.5, 60))
    seen = preview(tmp_path / "a.npz", target="seg", sample_weight="w", shelf=tmp_path / "shelf")
    assert {one.name: one.role for one in seen.columns} == {"X": "inputs", "seg": "target", "w": "weight"}
    guessed = preview(tmp_path / "a.npz", sample_weight="w", shelf=tmp_path / "shelf")
    assert (guessed.guess, guessed.problem) == ("seg", "")


def test_only_a_guess_by_place_sends_to_another_array(tmp_path: Path) -> None:
    another = "Where another array is the target, name it with --target."
    assert shown(tmp_path, {"labelled": CLASSES, "scans": IMAGES}).refused.endswith(another)
    assert another not in shown(tmp_path, {"X": IMAGES}).refused
    assert shown(tmp_path, {"X": IMAGES, "y": MASKS}).refused == ""
    np.savez(tmp_path / "a.npz", X=IMAGES, y=CLASSES)
    with pytest.raises(UsageError, match="--group is about columns of a table"):
        preview(tmp_path / "a.npz", group="X", shelf=tmp_path / "shelf")


def test_one_array_is_the_target_beside_shapes_whatever_is_left_out(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=RNG.normal(size=(60, 5)), y=RNG.normal(size=(60, 3)), z=np.arange(60.0))
    asked = FileRequest(path=str(tmp_path / "a.npz"), target="y", more_targets=("z",), drop=("z",))
    with pytest.raises(UsageError, match="names several arrays"):
        describe(asked, tmp_path / "shelf")
