"""Several columns of a table that are predicted together."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.data import Data, FileRequest, arguments, describe, load, preview, resolved
from lossterm.data.request import joined
from lossterm.errors import DataError, UnknownName, UsageError
from lossterm.tasks import task_on

ROWS = 60
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(ROWS, 3))
CLASS = np.arange(ROWS) % 3
COLUMNS: dict[str, Sequence[object]] = {
    "a": NUMBERS[:, 0].round(3).tolist(),
    "b": RNG.normal(size=ROWS).round(3).tolist(),
    "y1": ["", *(3 * NUMBERS[1:, 1]).round(3).tolist()],
    "y2": [*NUMBERS[:-1, 2].round(3).tolist(), "NA"],
    "l1": (RNG.random(ROWS) < 0.4).astype(int).tolist(),
    "l2": np.where(RNG.random(ROWS) < 0.5, "yes", "no").tolist(),
    "o1": (CLASS == 0).astype(int).tolist(),
    "o2": (CLASS == 1).astype(int).tolist(),
    "o3": (CLASS == 2).astype(int).tolist(),
    "never": [0] * ROWS,
    "rare": [1] * 3 + [0] * (ROWS - 3),
    "town": [f"t{place % 4}" for place in range(ROWS)],
    "price, net": (5 + 2 * NUMBERS[:, 1]).round(3).tolist(),
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return written(tmp_path / "t.csv", COLUMNS)


def written(path: Path, columns: dict[str, Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return path


def described(path: Path, target: str, *more: str, **options: Any) -> tuple[Data, str]:
    asked = FileRequest(path=str(path), target=target, more_targets=more, **options)
    data, said = describe(asked, path.parent / "shelf")
    return data, " ".join(said)


def test_numbers_are_outputs_that_are_named_by_their_columns(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSTERM_HOME", str(table.parent / "home"))
    data, said = described(table, "y1,y2", drop=("price, net",))
    assert (data.kind, data.asked.targets, data.rows, data.target_shape) == ("multioutput", ("y1", "y2"), 58, (2,))
    assert data.key.startswith("t.y1_y2@")
    assert "y1 and y2 are 2 columns of numbers: 2 outputs (multioutput)." in said
    assert "2 rows left out for want of a target (y1 and y2), the first in row 2. Taken as missing: 'NA'." in said
    task = task_on(data)
    assert task.outputs == ("y1", "y2")
    assert task.words[2:4] == ("--target", "y1,y2")
    splits = protocol_named("fair").prepare(task, 0).splits
    assert splits["train"].target.shape == (34, 2)
    kept = load(data, table.parent / "shelf")
    np.testing.assert_allclose(kept.target[:, 1], np.array(COLUMNS["y2"][1:-1], float))
    assert {"y1", "y2"} & {column.name for column in kept.columns} == set()


def test_zeros_and_ones_are_labels_and_a_single_one_in_each_row_a_class(table: Path) -> None:
    data, said = described(table, "l1,l2")
    assert (data.kind, data.classes, data.target_shape) == ("multilabel", ("no", "yes"), (2,))
    assert "l1 and l2 are 2 columns of 0 and 1, several in a row: 2 labels (multilabel)." in said
    assert task_on(data).outputs == ("l1", "l2")
    data, said = described(table, "o1,o2,o3")
    assert (data.kind, data.classes, data.target_shape) == ("multiclass", ("o1", "o2", "o3"), ())
    assert "one-hot, 3 classes (multiclass); --kind multilabel takes them as labels" in said
    np.testing.assert_array_equal(load(data, table.parent / "shelf").target, CLASS)
    assert described(table, "o1,o2,o3", kind="multilabel")[0].target_shape == (3,)
    assert described(table, "l1,l2", kind="multioutput")[0].kind == "multioutput"


def test_a_name_with_a_comma_is_one_column_alone_and_beside_others(table: Path) -> None:
    for text in ("price, net", '"price, net"'):
        assert described(table, text)[0].asked.targets == ("price, net",)
    data, _ = described(table, 'y2,"price, net"')
    assert data.asked.targets == ("y2", "price, net")
    again = arguments(data.asked)
    assert again[2:4] == ["--target", 'y2,"price, net"']
    assert resolved(FileRequest(path=str(table), target=again[3]), tuple(COLUMNS)).targets == data.asked.targets
    both = written(table.parent / "both.csv", {**COLUMNS, "y1,y2": COLUMNS["b"]})
    assert described(both, "y1,y2")[0].asked.targets == ("y1,y2",)
    with pytest.raises(UsageError, match="One column is called y1,y2, as these 2 are together"):
        described(both, "y1", "y2")


def test_names_of_a_list_and_of_a_text_are_the_same_task_and_one_target_keeps_its_record(table: Path) -> None:
    assert described(table, "y1", "y2")[0].key == described(table, "y1, y2")[0].key
    data, _ = described(table, "y1")
    assert b"more_targets" not in msgspec.json.encode(data)
    assert b'"target":"y1"' in msgspec.json.encode(data.asked)


@pytest.mark.parametrize(
    ("target", "options", "error", "words"),
    [
        ("y1,y9", {}, UnknownName, "called 'y9'. Did you mean y1 or y2"),
        ("y1,y1", {}, UsageError, "Column y1 stands twice in --target: name it once"),
        ("y1,y2", {"drop": ("y2",)}, UsageError, "Column y2 is the target and in --drop at once"),
        ("y1,town", {"group": "town"}, UsageError, "Column town is the target and --group at once"),
        ("y1,town", {}, DataError, "row 3, column town: several columns .* holds 't1'.*--target town"),
        ("y1,y2", {"categorical": ("y2",)}, DataError, "column y2: several columns .* is in --categorical"),
        ("l1,never", {}, DataError, "column never: no row has the label, and a split needs 5 that do"),
        ("l1,rare", {}, DataError, "column rare: 3 rows have the label"),
        ("y1,never", {}, DataError, "column never: the output is the same in every row"),
        ("y1,y2", {"kind": "regression"}, DataError, "--kind regression is of one number a row, and y1 and y2 are 2"),
        ("y1,y2", {"kind": "multilabel"}, DataError, "--kind multilabel needs 0 and 1, and .* of other numbers"),
        ("l1,l2", {"kind": "multiclass"}, DataError, "needs a single 1 in each row, and l1 and l2 are 2 columns of 0"),
        ("l1,l2", {"min_class": "5:join"}, UsageError, "--min-class is about the classes of one column"),
        ("y1,", {}, None, "y1 has 59 different numbers"),
        (",", {}, UnknownName, "called ','"),
    ],
)
def test_what_cannot_be_predicted_together_gets_a_sentence(
    table: Path, target: str, options: dict[str, Any], error: type[Exception] | None, words: str
) -> None:
    if error is None:
        assert words in described(table, target, **options)[1]
        return
    with pytest.raises(error, match=words):
        described(table, target, **options)


def test_what_gives_one_of_them_away_says_which(table: Path) -> None:
    copied = {**COLUMNS, "copy": COLUMNS["y2"], "flag": COLUMNS["l1"]}
    path = written(table.parent / "leaks.csv", {name: copied[name] for name in ("a", "b", "y1", "y2", "copy")})
    data, said = described(path, "y1,y2")
    assert [(leak.columns, leak.target) for leak in data.leaks] == [(("copy",), "y2")]
    assert "Leak? copy is a copy of the target y2 (correlation 1.000)." in said
    path = written(path, {name: copied[name] for name in ("a", "b", "l1", "l2", "flag")})
    assert (
        "Leak? flag names the class in other words (share of rows 1.000), of the target l1, but the smallest"
        in (described(path, "l1,l2")[1])
    )
    path = written(path, {name: copied[name] for name in ("l1", "l2", "flag")})
    assert all(leak.alone for leak in described(path, "l1,l2")[0].leaks)


def test_a_preview_draws_each_of_them(table: Path) -> None:
    shown = preview(table, target="y1,y2", drop=("price, net",), shelf=table.parent / "shelf")
    assert shown.target is not None
    assert [output.name for output in shown.target.outputs] == ["y1", "y2"]
    assert [sum(output.counts) for output in shown.target.outputs] == [58, 58]
    assert [column.name for column in shown.columns if column.role == "target"] == ["y1", "y2"]
    assert "--target y1,y2" in shown.command
    labels = preview(table, target="l1,l2", shelf=table.parent / "shelf").target
    assert labels is not None
    assert dict(labels.classes) == {"l1": list(COLUMNS["l1"]).count(1), "l2": list(COLUMNS["l2"]).count("yes")}
    assert "several columns are predicted together" in (
        preview(table, target="y1,town", shelf=table.parent / "shelf").problem
    )


def test_arrays_with_shapes_take_one_array_as_the_target(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=RNG.normal(size=(60, 4, 4, 1)), y=CLASS, z=CLASS)
    with pytest.raises(UsageError, match=r"save it as y=np.stack\(\[y, z\], axis=1\)"):
        described(tmp_path / "a.npz", "y,z")
    np.savez(tmp_path / "b.npz", X=NUMBERS, y=RNG.normal(size=60), z=RNG.normal(size=60))
    assert described(tmp_path / "b.npz", "y,z")[0].kind == "multioutput"


def test_names_are_written_as_they_are_read() -> None:
    names = ("a", "b, c", 'd "e"', "f")
    assert resolved(FileRequest(path="/t", target=joined(names)), ()).targets == names
