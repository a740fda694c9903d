"""`lossterm data`: what it shows of a file, as a table and as JSON."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result

from lossterm.cli.commands.data import data
from lossterm.data import FileRequest, Preview, arguments
from lossterm.errors import DataError, UnknownName, UsageError

ROWS = 60


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a table with something of everything."""
    rows = [
        f"{n + 1},{n % 7 * 1.5},{'' if n % 4 == 0 else ['red', 'green'][n % 2]},2020-01-{n % 28 + 1:02},text {n},"
        f"{('no', 'yes')[n % 3 // 2]},{n / 8}"
        for n in range(ROWS)
    ]
    path = tmp_path / "my table.csv"
    path.write_text("\n".join(["id,size,colour,day,remark,sold,price", *rows]), encoding="utf-8")
    return path


def ran(*words: object) -> Result:
    return CliRunner().invoke(data, list(map(str, words)))


def shown(*words: object) -> list[str]:
    """Return the lines that a command prints when it ends well."""
    result = ran(*words)
    assert result.exception is None, result.exception
    return [line.rstrip() for line in result.stdout.splitlines()]


def as_json(*words: object) -> Preview:
    return msgspec.json.decode("\n".join(shown(*words, "--format", "json")), type=Preview)


def row_of(lines: list[str], column: str) -> str:
    return " ".join(next(line for line in lines if line.startswith(f"{column} ")).split())


def test_arrays_with_shapes(tmp_path: Path) -> None:
    path = tmp_path / "scans.npz"
    masks = np.arange(60 * 16).reshape(60, 4, 4) % 3
    np.savez(path, X=np.linspace(0, 1, 60 * 16).reshape(60, 4, 4, 1), y=masks)
    lines = shown(path)
    assert lines[0] == f"{path}: 60 rows, 2 arrays"
    assert "X       60 × 4 × 4 × 1   float64   –    0 … 1     1 MB" in lines
    assert "y is a mask of 3 classes (segmentation)" in " ".join(lines)
    assert lines[-1] == f"lossterm run --data {path} --target y"
    lines = shown(path, "--target", "y")
    assert "y       60 × 4 × 4       int64     target   0 … 2     1 MB" in lines
    assert "The target, in pixels of 60 rows:" in lines
    assert lines[-1] == f"To go on: lossterm run --data {path} --target y"
    np.savez(path, X=np.zeros((60, 3, 8, 8)), y=np.arange(60) % 3)
    result = ran(path, "--target", "y")
    assert isinstance(result.exception, DataError)
    assert "channels come first" in str(result.exception)
    assert "60 × 3 × 8 × 8" in result.stdout


def test_a_guess_that_is_refused_is_shown_with_the_arrays_and_said_as_the_error(tmp_path: Path) -> None:
    path = tmp_path / "scans.npz"
    np.savez(path, X=np.zeros((60, 4, 4, 1)), y=np.linspace(0, 1, 960).reshape(60, 4, 4))
    result = ran(path)
    assert isinstance(result.exception, DataError)
    assert result.exception.exit_code == 3
    assert "soft masks are not taken" in str(result.exception)
    assert "60 × 4 × 4 × 1" in result.stdout
    assert not any(words in result.stdout for words in ("soft masks", "--target"))
    document = json.loads(ran(path, "--format", "json").stdout)
    assert document["refused"] == str(result.exception)


def test_several_targets_are_drawn_each(file: Path) -> None:
    lines = shown(file, "--target", "price,size")
    place = lines.index("The target, in 60 rows:")
    assert lines[place + 1 : place + 3] == ["", "price"]
    assert "size" in lines[place + 3 :]
    assert "--target price,size" in lines[-1]


def test_columns(file: Path) -> None:
    lines = shown(file)
    assert lines[0] == f"{file}: 60 rows, 7 columns"
    assert row_of(lines, "id") == "id number feature 1 … 60 1, 2, 3"
    assert row_of(lines, "size") == "size number feature 0 … 9 0, 1.5, 3"
    assert row_of(lines, "colour") == "colour category feature 25 % green 30, red 15 green, red"
    assert row_of(lines, "day") == "day date feature 2020-01-01 … 2020-01-28 2020-01-01, 2020-01-02, 2020-01-03"
    assert row_of(lines, "remark") == "remark text left out 60 different text 0, text 1, text 2"
    assert row_of(lines, "sold") == "sold boolean feature no 40, yes 20 no, yes"
    told = "To go on, name the column to predict with --target. A guess: price, since targets are often called so."
    assert lines[-1] == told


def test_a_target_of_numbers(file: Path) -> None:
    lines = shown(file, "--target", "price")
    assert lines[0].endswith("60 rows, 7 columns, 7 inputs of a network")
    assert "price has 60 different numbers: a number to predict (regression); --kind says otherwise." in lines
    bars = [line for line in lines if " … " in line and "█" in line]
    assert len(bars) == 20
    assert sum(int(line.split()[-1]) for line in bars) == ROWS
    to_run = f"lossterm run --data '{file}' --target price"
    assert lines[-2:] == [f"To go on: {to_run}", f"With what is advised above: {to_run} --drop id"]


def test_a_target_of_classes(file: Path) -> None:
    lines = shown(file, "--target", "sold", "--drop", "id,remark", "--time", "day")
    assert f"no  {'█' * 40} 40" in lines
    assert f"yes {'█' * 20} 20" in lines
    assert row_of(lines, "id") == "id – dropped"
    assert "day date time" in row_of(lines, "day")
    assert lines[-1] == f"To go on: lossterm run --data '{file}' --target sold --drop id,remark --time day"


def test_what_to_look_at(file: Path) -> None:
    lines = shown(file, "--target", "price")
    place = lines.index("To look at:")
    assert lines[place + 1].startswith("• id has the name of an id")


def test_json(file: Path) -> None:
    shown = as_json(file, "--target", "price", "--group", "size")
    assert (shown.form, shown.rows, shown.delimiter, shown.encoding, shown.header) == ("csv", 60, ",", "utf-8", True)
    roles = {column.name: column.role for column in shown.columns}
    assert (roles["price"], roles["size"], roles["remark"]) == ("target", "group", "left out")
    assert shown.target is not None
    assert len(shown.target.edges) == len(shown.target.counts) + 1
    assert sum(shown.target.counts) == shown.target.rows == ROWS
    assert shown.command.startswith("lossterm run --data ")


def test_a_problem_is_shown_with_the_columns(file: Path) -> None:
    result = ran(file, "--target", "remark")
    assert "remark" in result.stdout
    assert isinstance(result.exception, DataError)
    assert ", row 2, column remark: the target is free text" in str(result.exception)
    document = json.loads(ran(file, "--target", "remark", "--format", "json").stdout)
    assert document["problem"] == str(result.exception)
    assert (document["target"], document["command"]) == (None, "")


@pytest.mark.parametrize(
    ("words", "kind", "word"),
    [
        (["--target", "prise"], UnknownName, "Did you mean price?"),
        (["--drop", "remarks"], UnknownName, "Did you mean remark?"),
        (["--kind", "regresion"], UnknownName, "Did you mean regression?"),
        (["--target", "price", "--group", "price"], UsageError, "is the target and --group at once"),
        (["--delimiter", "xyz"], UsageError, "must be one character"),
        (["--encoding", "utf-9"], UsageError, "There is no encoding"),
    ],
)
def test_wishes_that_cannot_be_met(words: list[str], kind: type[Exception], word: str, file: Path) -> None:
    error = ran(file, *words).exception
    assert isinstance(error, kind)
    assert word in str(error)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"kind": "regression", "drop": ("a", "b, c"), "categorical": ('d"e',)},
        {"group": "g", "delimiter": "\t", "encoding": "cp1252", "header": False},
        {"time": "t", "delimiter": ";", "header": True},
    ],
)
def test_the_line_to_go_on_with_asks_the_same(more: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = FileRequest(path="/a b/c.csv", target="y", **more)
    seen: dict[str, Any] = {}

    def preview(path: Path, **wishes: Any) -> Preview:
        seen.update(wishes, path=str(path))
        raise DataError("seen")

    monkeypatch.setattr("lossterm.cli.commands.data.preview", preview)
    words = shlex.split(shlex.join(arguments(asked)))
    assert words[:2] == ["--data", "/a b/c.csv"]
    ran(*words[1:])
    assert seen.pop("shelf")
    delimiter = {"tab": "\t", "semicolon": ";"}.get(seen["delimiter"], seen["delimiter"])
    assert FileRequest(**{**seen, "delimiter": delimiter}) == asked


def test_nothing_from_a_file_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07"
    path = tmp_path / "evil.csv"
    rows = [f"{evil}{n % 3},{n},{evil}{n % 2}\x1b[2J,{evil} {n}" for n in range(40)]
    path.write_text("\n".join([f"a{evil},b\x9b31m,c,\u202ed", *rows]), encoding="utf-8")
    for words in (["--target", "c"], ["--target", "\N{REPLACEMENT CHARACTER}d"], [], ["--target", "none"]):
        for form in ("table", "json"):
            result = ran(path, *words, "--format", form)
            for text in (result.stdout, str(result.exception)):
                assert all(sign.isprintable() or sign == "\n" for sign in text)


def test_a_table_that_was_looked_at_is_kept_for_the_training(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_HOME", str(tmp_path / "home"))
    shown(file, "--target", "price")
    assert len(list((tmp_path / "home" / "data").iterdir())) == 1


def test_the_record_of_a_preview_is_light_to_load() -> None:
    code = "import lossterm.data, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60)
    assert "lossterm.data.preview" in done.stdout.split()
    assert {"numpy", "pyarrow", "sklearn", "pandas", "rich", "textual"} & set(done.stdout.split()) == set()


def test_a_table_from_standard_input_is_kept_and_can_be_trained_on(file: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(data, ["-", "--target", "price"], input=file.read_bytes())
    assert result.exception is None, result.exception
    first, *_, last, _ = result.stdout.strip().splitlines()
    kept = Path(first.partition(": 60 rows, 7 columns")[0])
    assert kept.read_bytes() == file.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert last == f"To go on: lossterm run --data {kept} --target price"
    again = CliRunner().invoke(data, ["-"], input=file.read_bytes())
    assert again.stdout.startswith(str(kept))
    empty = CliRunner().invoke(data, ["-"], input=b"")
    assert "the file is empty" in str(empty.exception)


def test_what_separates_thousands_and_what_is_missing_can_be_said(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    lines = [f'"{n + 1},{n + 100}",{-999 if n % 5 == 0 else n},{"abc"[n % 3] if n > 2 else "d"}' for n in range(ROWS)]
    file.write_text("\n".join(["price,x,c", *lines]))
    given = ["--thousands", "comma", "--missing", "-999", "--min-class", "5:drop"]
    lines = shown(file, "--target", "c", *given)
    assert row_of(lines, "price") == "price number feature 1100 … 60159 1100, 2101, 3102"
    assert row_of(lines, "x").startswith("x number feature 20 % 1 … 59")
    assert "1 class with fewer than 5 rows, d (3): left out, with 3 rows." in lines
    assert lines[-1].endswith("--thousands comma --missing -999 --min-class 5:drop")
