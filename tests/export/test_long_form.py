"""CSV and Parquet: every epoch of every trial, read back by csv and pyarrow; nothing that a spreadsheet computes."""

import csv
import math
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from lossterm.errors import UsageError
from lossterm.export import FORMATS, Contents, csv_file, epochs
from lossterm.export.csv_file import write_csv
from lossterm.export.parquet_file import GROUP, write_parquet
from lossterm.store import Store
from lossterm.text.harmless import FORMULA, cell

from .prepared import ERROR, SESSION, stored

VALUES = tuple(f"{split}_{what}" for split in ("train", "validation", "test") for what in ("loss", "metric"))
HEAD = (
    "comparison",
    "trial",
    "task",
    "protocol",
    "loss",
    "seed",
    "learning_rate",
    "severity",
    "status",
    "error",
    "metric",
    "epoch",
)


def expected(store: Store) -> list[tuple[int, int | None, tuple[float | None, ...]]]:
    """Return trial, epoch and values of each line that is to be there."""
    lines: list[tuple[int, int | None, tuple[float | None, ...]]] = []
    for number, (_, columns, curve) in stored(store).items():
        if not len(curve):
            lines.append((number, None, (None,) * len(VALUES)))
        for place, values in enumerate(curve.tolist()):
            there = dict(zip(columns, values, strict=True))
            cells = (there.get(name, math.nan) for name in VALUES)
            lines.append((number, place + 1, tuple(value if math.isfinite(value) else None for value in cells)))
    return lines


def test_csv_holds_every_epoch_of_every_trial_to_the_last_bit(
    contents: Contents, opened: Store, tmp_path: Path
) -> None:
    write_csv(contents, tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    assert tuple(head) == (*HEAD, *VALUES)
    epochs = [
        (int(line[1]), int(line[11]) if line[11] else None, tuple(float(c) if c else None for c in line[12:]))
        for line in lines
    ]
    assert epochs == expected(opened)
    rows = {row.id: row for row in contents.rows}
    for line in lines:
        row = rows[int(line[1])]
        trial = row.trial
        cells = [contents.held[row.id][0], row.id, trial.task, trial.protocol, trial.loss, trial.seed]
        assert line[:6] == [str(cell) for cell in cells]
        assert float(line[6]) == trial.learning_rate
        assert line[7:9] == ["", row.status]


def test_csv_is_read_by_pyarrow_with_a_type_for_each_column(contents: Contents, opened: Store, tmp_path: Path) -> None:
    write_csv(contents, tmp_path / "x.csv")
    table = arrow_csv.read_csv(tmp_path / "x.csv").to_pydict()
    lines = zip(table["trial"], table["epoch"], zip(*(table[name] for name in VALUES), strict=True), strict=True)
    assert list(lines) == expected(opened)
    assert set(table["status"]) == {"queued", "running", "done", "diverged", "failed", "cancelled"}


def test_parquet_holds_the_same_lines_as_float32(contents: Contents, opened: Store, tmp_path: Path) -> None:
    write_parquet(contents, tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet")
    assert {str(table.schema.field(name).type) for name in VALUES} == {"float"}
    assert table.schema.metadata[b"session"] == SESSION.encode()
    columns = table.to_pydict()
    lines = zip(columns["trial"], columns["epoch"], zip(*(columns[name] for name in VALUES), strict=True), strict=True)
    assert list(lines) == expected(opened)
    assert ERROR in columns["error"]  # as it is: no program computes it
    assert set(columns["metric"]) == {"accuracy", "mae"}


def test_parquet_is_written_in_groups(contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossterm.export.parquet_file.GROUP", 10)
    write_parquet(contents, tmp_path / "x.parquet")
    file = parquet.ParquetFile(tmp_path / "x.parquet")
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    assert set(sizes[:-1]) == {10}
    assert len(sizes) > 3
    assert GROUP > 1000


def test_without_pyarrow_it_is_said_what_to_install(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'lossterm\[parquet\]'"):
        write_parquet(contents, tmp_path / "x.parquet")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("\r=1", "'=1"),
        ("\n=1", "'=1"),
        ("  =1", "'=1"),
        ("＝1", "'＝1"),
        ("\tplain", "'plain"),
        ("huber:delta=-1", "huber:delta=-1"),
        ("two\nlines\x1b[31m", "two lines\ufffd[31m"),
        ("", ""),
    ],
)
def test_a_text_that_a_spreadsheet_would_compute_has_an_apostrophe(text: str, written: str) -> None:
    assert cell(text) == written


@pytest.mark.parametrize("number", [-1, -0.5, 1e-7, None])
def test_a_number_never_has_one(number: float | None) -> None:
    assert cell(number) == number


def test_hostile_keys_and_errors_are_harmless_in_the_file(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(epochs.every(contents))

    def hostile(_: Contents) -> Any:
        for one in whole:
            trial = msgspec.structs.replace(one.row.trial, loss='=cmd|"/c calc"!A1', task="-2+3")
            yield msgspec.structs.replace(one, row=msgspec.structs.replace(one.row, trial=trial))

    monkeypatch.setattr(csv_file, "every", hostile)
    write_csv(contents, tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["loss"] for line in lines} == {'\'=cmd|"/c calc"!A1'}
    assert {line["task"] for line in lines} == {"'-2+3"}
    (error,) = {line["error"] for line in lines} - {""}
    assert error.startswith("'=HYPERLINK(")
    assert not set(error) & set("\x1b\r\n\u202e")
    texts = ("task", "protocol", "loss", "status", "error", "metric")
    assert not any(line[name].startswith(FORMULA) for line in lines for name in texts)
    assert any(line["test_loss"].startswith("-") for line in lines) == any(
        (np.array(one.column(one.layout.column("test", "loss"))) < 0).any() for one in whole
    )


def test_a_negative_loss_is_a_number_in_the_file(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = next(epochs.every(contents))
    for place in range(len(first.values)):
        first.values[place] = -1.5
    monkeypatch.setattr(csv_file, "every", lambda _: [first])
    write_csv(contents, tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        assert {line["train_loss"] for line in csv.DictReader(file)} == {"-1.5"}


def test_the_formats_are_those_of_the_registry() -> None:
    assert (FORMATS["csv"].write, FORMATS["parquet"].write) == (write_csv, write_parquet)
    assert (FORMATS["csv"].text, FORMATS["parquet"].text) == (True, False)
