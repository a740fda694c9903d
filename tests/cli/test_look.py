"""`lossterm look`: the data of a task or table in words and drawn, and rows of them as they are."""

from pathlib import Path

import msgspec
import pytest

from lossterm.comparison.first_look import FirstLook
from lossterm.data.shown_rows import ShownRows
from lossterm.errors import UsageError
from tests.builders.commands import invoked


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my table.csv"
    rows = "\n".join(f"{n % 9},{'red' if n % 3 else ''},{n * 1.5}" for n in range(60))
    path.write_text(f"size,colour,price\n{rows}\n", encoding="utf-8")
    return path


def test_a_task_is_described_and_drawn(home: Path) -> None:
    result = invoked("look", "--task", "circles")
    assert result.exit_code == 0
    assert result.stdout.startswith("1,000 rows in a draw, 2 inputs; 2 classes.\nAlways '0', the constant prediction,")
    assert "rows of each class of target" in result.stdout
    assert "↑ x2" in result.stdout


def test_a_table_is_described_and_drawn(home: Path, file: Path) -> None:
    result = invoked("look", "--data", str(file), "--target", "price")
    assert "60 rows, 3 inputs; price is from 0 to 88.5, half of it below 44.2." in result.stdout
    assert "• Missing cells: colour 33 %." in result.stdout
    seen = msgspec.json.decode(
        invoked("look", "--data", str(file), "--target", "price", "--format", "json").stdout, type=FirstLook
    )
    assert seen.rows == len(seen.values) == 60


def test_rows_are_printed_as_they_stand_in_the_file(home: Path, file: Path) -> None:
    words = "look", "--data", str(file), "--target", "price", "--rows", "3,61,3,99"
    read = msgspec.json.decode(invoked(*words, "--format", "json").stdout, type=ShownRows)
    assert read.columns == ("price", "size", "colour")
    assert [(row.row, row.cells) for row in read.rows] == [(3, ("1.5", "1", "red")), (61, ("88.5", "5", "red"))]
    assert " 61   88.5    5      red" in invoked(*words).stdout


def test_rows_of_a_drawn_task_are_those_of_its_first_draw(home: Path) -> None:
    read = msgspec.json.decode(
        invoked("look", "--task", "blobs", "--rows", "1,1000,1001", "--format", "json").stdout, type=ShownRows
    )
    assert [row.row for row in read.rows] == [1, 1000]
    assert read.columns == ("target", "x1", "x2")


@pytest.mark.parametrize(("rows", "said"), [("a,b", "'a,b' are no row numbers"), ("0", "None of these rows is there.")])
def test_what_are_no_rows_is_said(rows: str, said: str, home: Path) -> None:
    result = invoked("look", "--task", "blobs", "--rows", rows)
    assert isinstance(result.exception, UsageError)
    assert said in str(result.exception)
