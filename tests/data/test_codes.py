"""Codes for missing values among numbers, and names that are written in two ways."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from lossterm.data import preview
from lossterm.data.request import arguments
from lossterm.errors import DataError
from tests.cells import each

from .conftest import Read, Write

R = random.Random(2)


def test_codes_for_missing_values_are_told_and_what_to_write(read: Read, write: Write) -> None:
    cases: list[tuple[str, Callable[[], float]]] = [
        ("-999", lambda: R.gauss(8, 3)),
        ("9999", lambda: R.uniform(0, 500)),
        ("-99", lambda: R.randint(0, 40)),
        ("99", lambda: R.randint(18, 60)),
        ("-1", lambda: R.randint(0, 90)),
        ("-88.8", lambda: R.gauss(20, 2)),
        ("999.9", lambda: R.expovariate(0.1)),
        ("-32768", lambda: R.randint(0, 3000)),
        ("99", lambda: R.randint(0, 80)),
        ("999", lambda: R.uniform(0, 900)),
        ("9", lambda: R.randint(0, 3)),
        ("-9", lambda: R.choice([1, 2])),
    ]
    for code, draw in cases:
        values = [code if n % 5 == 2 else f"{draw():.6g}" for n in range(200)]
        path = write("\n".join(["x,y", *(f"{n / 3:.4f},{value}" for n, value in enumerate(values))]) + "\n")
        for target in ("x", "y"):
            _, said, _ = read(path, target)
            hints = [one for one in said if one.startswith(f"y: 40 cells (20 %) are {code}, apart from the others (")]
            assert len(hints) == 1, (code, said)
            assert hints[0].endswith(f"If it stands for a missing value, --missing y={code} reads it so.")
            assert not any("If it stands" in one for one in read(path, target, missing=(code,))[1]), code


def test_several_codes_of_one_column_are_told(read: Read, write: Write) -> None:
    rows = [f"{n},{(-999, -888, R.gauss(5, 1), R.gauss(5, 1), R.gauss(5, 1))[n % 5]}" for n in range(200)]
    _, said, _ = read(write("\n".join(["x,y", *rows]) + "\n"))
    assert [code for code in ("-999", "-888") if any(f"--missing y={code} " in one for one in said)] == ["-999", "-888"]


def test_classes_with_minus_one_beside_them(read: Read, write: Write) -> None:
    rows = [f"{n / 7},{(-1, 0, 1, 2)[n % 4]},{(-1, 0, 1)[n % 3]},{(-1, 1)[n % 2]}" for n in range(120)]
    path = write("\n".join(["x,y,mood,side", *rows]) + "\n")
    data, said, _ = read(path)
    assert data.classes == ("-1", "0", "1", "2")
    assert [one for one in said if "--missing" in one] == [
        "y: 30 cells (25 %) are -1, apart from the others (0 to 2). If it stands for a missing value, "
        "--missing y=-1 reads it so."
    ]


def test_plain_columns_are_not_suspected(read: Read, write: Write) -> None:
    draws = (
        lambda n: R.gauss(0, 400),
        lambda n: R.randint(0, 100),
        lambda n: n,
        lambda n: R.choice([9, 99, 19, 29, 49]),
        lambda n: R.randint(1, 9),
        lambda n: R.expovariate(1 / 50),
        lambda n: R.choice([0, 1]),
        lambda n: R.randint(-20, 20),
        lambda n: R.choice([199, 499, 999, 1999, 2999, 4999, 9999]),
        lambda n: min(100, R.gauss(90, 9)),
        lambda n: 1990 + n % 10,
    )
    rows = [",".join(f"{draw(n):.5g}" for draw in draws) for n in range(1000)]
    _, said, _ = read(write("\n".join(["a,b,c,d,e,f,g,h,i,j,y", *rows]) + "\n"), "a")
    assert not any("--missing" in one for one in said), said


def test_names_that_differ_in_capitals_blanks_or_width_only_are_told(read: Read, write: Write) -> None:
    names = ["Yes", "yes ", "Ｙｅｓ", "no", "New York", "new  york", "Oslo"]
    path = write("\n".join(["x,c,y", *(f"{n},{names[n % 7]},{n / 3}" for n in range(140))]) + "\n")
    hint = (
        "c: 'Yes' (20), 'yes' (20) and 'Ｙｅｓ' (20) differ in capitals, blanks or width only, as do the words of 1 "
        "other name, and are different names here. Write them alike if they mean the same."
    )
    for asked in ({}, {"categorical": ("c",)}):
        assert hint in read(path, **asked)[1]
        assert hint in read(path, "c", **asked)[1]


def test_a_rare_spelling_is_told_where_it_is_refused_as_a_rare_class(read: Read, write: Write) -> None:
    names = ["cat", "dog", "bird"] * 20 + ["Cat"]
    path = write("\n".join(["x,y", *(f"{n},{name}" for n, name in enumerate(names))]) + "\n")
    with pytest.raises(
        DataError, match=r"'cat' \(20\) and 'Cat' \(1\) differ in capitals.*As names, class 'Cat' has 1 row"
    ):
        read(path)


def test_odd_values_are_told_and_what_to_write(read: Read, write: Write) -> None:
    cases: list[tuple[str, Callable[[int], str]]] = [
        ("99", lambda n: "99" if n % 20 == 3 else str(R.randint(18, 80))),
        ("99", lambda n: "99" if n == 3 else str(R.randint(18, 80))),
        ("1900", lambda n: "1900" if n % 20 == 3 else str(R.randint(1980, 2020))),
        ("-9", lambda n: "-9" if n % 15 == 2 else f"{R.gauss(70, 9):.1f}"),
        ("0", lambda n: "0" if n == 7 else str(R.randint(60, 180))),
        ("0", lambda n: "0" if n % 9 == 4 else f"{R.gauss(32, 4):.1f}"),
        ("1900-01-01", lambda n: "1900-01-01" if n % 20 == 3 else f"20{R.randint(10, 20)}-03-{R.randint(10, 28)}"),
        ("1900-01-01", lambda n: "01.01.1900" if n == 3 else f"{R.randint(10, 28)}.03.20{R.randint(10, 20)}"),
        ("9999-12-31", lambda n: "9999-12-31" if n % 9 == 3 else f"20{R.randint(10, 20)}-03-{R.randint(10, 28)}"),
    ]
    for code, cell in cases:
        path = write("\n".join(["x,y", *(f"{n / 3:.4f},{cell(n)}" for n in range(100))]) + "\n")
        for target in ("x", "y"):
            [said] = [one for one in read(path, target)[1] if "--missing" in one]
            assert said.startswith("y: ")
            assert f" {code}, apart from the others (" in said
            assert said.endswith(f"If it stands for a missing value, --missing y={code} reads it so.")
            _, again, table = read(path, target, missing=(code,))
            assert not any("If it stands" in one for one in again), again
            assert len(table.target) < 100 or np.isnan(table.features).any()


def test_a_name_for_the_unknown_is_told(read: Read, write: Write) -> None:
    rows = [f"{n},{('Unknown', 'Unknown', 'a', 'b')[n % 4]},{('n.a.', 'c')[n % 5 // 4]}" for n in range(80)]
    path = write("\n".join(["x,y,z", *rows]) + "\n")
    data, said, _ = read(path)
    assert [one for one in said if "--missing" in one] == [
        "y: the largest class is 'Unknown' (40 rows, 50 %). If it stands for a missing value, "
        "--missing y=Unknown leaves its rows out.",
        "z: the most frequent name is 'n.a.' (64 rows, 80 %). If it stands for a missing value, "
        "--missing z=n.a. reads it so.",
    ]
    assert data.classes == ("a", "b", "Unknown")
    assert read(path, missing=("unknown", "n.a."))[0].classes == ("a", "b")
    assert not any("the largest class" in one for one in read(path, categorical=("y",))[1])


def test_a_code_can_be_that_of_one_column(read: Read, write: Write, tmp_path: Path) -> None:
    temp, mood = np.resize(np.arange(-8.0, 9.0), 120), np.resize([-1.0, 0.0, 1.0, 2.0], 120)
    days = np.array("2020-01-01", "datetime64[us]") + np.arange(120).astype("timedelta64[D]")
    rows = [f"{t:g},{m:g},{d}" for t, m, d in zip(temp, mood, days.astype("datetime64[D]"), strict=True)]
    path = write("\n".join(["temp,mood,day", *rows]) + "\n")
    columns = {"temp": temp, "mood": mood, "day": days}
    np.savez(tmp_path / "t.npz", **columns)
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    for file in (path, tmp_path / "t.npz", tmp_path / "t.parquet"):
        data, said, table = read(file, "mood", missing=("mood=-1", "day=2020-01-02"))
        assert data.classes == ("0", "1", "2")
        assert data.rows == 90
        assert not np.isnan(table.features[:, 0]).any()
        assert int(np.isnan(table.features[:, 1]).sum()) == 1
        assert not any("which --missing names" in one for one in said), said
        everywhere = read(file, "mood", missing=("-1",))[2]
        assert int(np.isnan(everywhere.features[:, 0]).sum()) == 5


def test_a_code_with_a_sign_of_equality_is_a_code_where_no_column_is_called_so(read: Read, write: Write) -> None:
    rows = [f"{n},{('a', 'b', 'k=1')[n % 3]},{n % 7}" for n in range(90)]
    path = write("\n".join(["x,name,name=y", *rows]) + "\n")
    assert read(path, "name", missing=("k=1",))[0].classes == ("a", "b")
    assert read(path, "name", missing=("name=k=1",))[0].classes == ("a", "b")
    _, said, table = read(path, "name", missing=("name=y=3", "x=77777"))
    assert np.isnan(table.features[:, 1]).any()
    assert "No cell of x is '77777', which --missing names." in said


def test_what_is_advised_reads_a_code_in_the_column_that_has_it(write: Write, shelf: Path) -> None:
    rows = [f"{n % 17 - 8},{n % 7},{(-1, 0, 1, 2)[n % 4]}" for n in range(120)]
    path = write("\n".join(["temp,x,mood", *rows]) + "\n")
    shown = preview(path, target="mood", shelf=shelf)
    assert shown.advised == f"{shown.command} --missing mood=-1"
    again = preview(path, target="mood", missing=("mood=-1",), shelf=shelf)
    assert again.advised == ""
    assert again.data is not None
    assert arguments(again.data.asked)[-2:] == ["--missing", "mood=-1"]


@each(
    ("code", "said"),
    [
        ("-99", "No cell is '-99', which --missing names. Did you mean '-999' in size?"),
        ("999", "No cell is '999', which --missing names. Did you mean '-999' in size?"),
        ("unknwn", "No cell is 'unknwn', which --missing names. Did you mean 'unknown' in word?"),
        ("12345", "No cell is '12345', which --missing names."),
        ("wrd=b", "No cell is 'wrd=b', which --missing names. No column is called 'wrd': did you mean word?"),
        ("y=-99", "No cell of y is '-99', which --missing names."),
        ("1900-01-02", "No cell is '1900-01-02', which --missing names. Did you mean '1900-01-01' in day?"),
        ("gone=-1", "--missing gone=-1 changes nothing, since gone is left out."),
        ("3", "'3' is read as missing in x, size and y; --missing y=3 in its place does so in one column alone."),
    ],
)
def test_of_codes_that_no_cell_or_many_columns_hold_it_is_said(read: Read, write: Write, code: str, said: str) -> None:
    rows = [
        f"{n % 9},{-999 if n % 7 == 0 else n / 4},{('unknown', 'b')[n % 2]},"
        f"{'1900-01-01' if n == 9 else f'2020-01-{n % 28 + 1:02d}'},{n},{n % 5}"
        for n in range(90)
    ]
    path = write("\n".join(["x,size,word,day,gone,y", *rows]) + "\n")
    assert said in read(path, missing=(code,), drop=("gone",))[1]
    assert said in read(path, missing=(code,), drop=("gone",))[1], "from the cache"
