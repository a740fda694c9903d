"""Parquet and NPZ give the same table as CSV."""

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from lossterm.data import Table, preview
from lossterm.errors import DataError

from .conftest import Read, Write

ROWS = 60


def columns() -> dict[str, Any]:
    stream = np.random.default_rng(0)
    number = stream.normal(size=ROWS).round(3)
    number[7] = np.nan
    return {
        "number": number,
        "whole": np.arange(ROWS) % 5 * 3,
        "flag": np.arange(ROWS) % 2 == 0,
        "day": np.datetime64("2020-01-01", "D") + np.arange(ROWS),
        "name": np.array([("red", "green", "blue, or so")[place % 3] for place in range(ROWS)]),
        "y": stream.normal(size=ROWS).round(4),
    }


def as_csv(path: Path) -> Path:
    values = columns()

    def cell(value: Any) -> str:
        return (
            "" if isinstance(value, float) and math.isnan(value) else f'"{value}"' if "," in str(value) else str(value)
        )

    lines = [",".join(values), *(",".join(map(cell, row)) for row in zip(*values.values(), strict=True))]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def as_parquet(path: Path, **more: Any) -> Path:
    parquet.write_table(pa.table({**columns(), **more}), path, row_group_size=17)
    return path


def as_npz(path: Path) -> Path:
    np.savez(path, **columns())
    return path


def same(one: Table, other: Table) -> None:
    assert one.columns == other.columns
    np.testing.assert_array_equal(one.features, other.features)
    np.testing.assert_array_equal(one.target, other.target)


@pytest.mark.parametrize("target", ["y", "name", "flag", "whole"])
def test_all_forms_give_the_same_table(target: str, read: Read, tmp_path: Path) -> None:
    of_csv = read(as_csv(tmp_path / "a.csv"), target)
    for path in (as_parquet(tmp_path / "a.parquet"), as_npz(tmp_path / "a.npz")):
        data, _, loaded = read(path, target)
        same(loaded, of_csv[2])
        assert data.kind == of_csv[0].kind
        assert [one.lower() for one in data.classes] == [one.lower() for one in of_csv[0].classes]


def test_a_form_is_known_by_its_content(read: Read, tmp_path: Path) -> None:
    same(read(as_parquet(tmp_path / "table.csv"))[2], read(as_csv(tmp_path / "b.csv"))[2])


def test_arrow_types(read: Read, tmp_path: Path) -> None:
    more = {
        "decimal": pa.array([None, *range(1, ROWS)], pa.decimal128(6, 2)),
        "coded": pa.array(["u", "v", None, "u"] * (ROWS // 4)).dictionary_encode(),
        "moment": pa.array(
            [place * 86_400 * 10**9 + 1 for place in range(ROWS)], pa.timestamp("ns", tz="Europe/Berlin")
        ),
        "wide": pa.array(["w", "v"] * (ROWS // 2), pa.large_string()),
        "digits": pa.array([f"{place}.5" for place in range(ROWS)]),
        "nested": pa.array([[1]] * ROWS),
        "nothing": pa.nulls(ROWS),
    }
    _, remarks, loaded = read(as_parquet(tmp_path / "a.parquet", **more))
    kinds = {column.name: (column.kind, column.missing) for column in loaded.columns}
    assert kinds["decimal"] == ("number", True)
    assert kinds["coded"] == ("category", True)
    assert kinds["wide"] == ("category", False)
    assert kinds["digits"] == ("number", False)
    assert kinds["moment"] == ("date", False)
    moments = loaded.features[:, [column.name for column in loaded.columns].index("moment")]
    assert moments.tolist() == list(range(ROWS))
    assert any("which no network can take as it is: nested." in one for one in remarks)
    assert "Left out, since it is empty in every row: nothing." in remarks


def test_numbers_and_words_in_one_column_of_text(read: Read, tmp_path: Path) -> None:
    mixed = ["01", "01", "x", "y"] * (ROWS // 4)
    _, _, loaded = read(as_parquet(tmp_path / "a.parquet", mixed=mixed))
    assert set(loaded.columns[-1].levels) == {"01", "x", "y"}


def test_parquet_without_pyarrow(read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_parquet(tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value) == (
        f"{path}: Parquet is read by pyarrow, which is not installed: pip install 'lossterm[parquet]'."
    )


def test_a_damaged_parquet(read: Read, tmp_path: Path) -> None:
    path = as_parquet(tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"a\.parquet: the Parquet file is damaged \("):
        read(path)


def test_parquet_with_no_rows(read: Read, tmp_path: Path) -> None:
    parquet.write_table(pa.table({"y": pa.array([], pa.float64())}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="there are columns and no rows"):
        read(tmp_path / "a.parquet")


def test_infinity_in_parquet(read: Read, tmp_path: Path) -> None:
    path = as_parquet(tmp_path / "a.parquet", bad=[1.0] * 40 + [float("inf")] * 20)
    with pytest.raises(DataError, match=r"a\.parquet, row 41, column bad: a number is infinite"):
        read(path)


def test_a_column_of_parquet_without_a_name(read: Read, tmp_path: Path) -> None:
    content = columns()
    parquet.write_table(pa.table({"": content.pop("number"), **content}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet")[2].columns[0].name == "column_1"


def test_days_beyond_the_calendar(shelf: Path, tmp_path: Path) -> None:
    days = np.datetime64("20000-01-01", "D") + np.arange(ROWS)
    content = {**columns(), "day": days}
    np.savez(tmp_path / "a.npz", **content)
    moments = pa.array(days.astype(np.int64) * 86_400, pa.timestamp("s"))
    parquet.write_table(pa.table({**content, "day": moments}), tmp_path / "a.parquet")
    for path in (tmp_path / "a.npz", tmp_path / "a.parquet"):
        shown = next(one for one in preview(path, target="y", shelf=shelf).columns if one.name == "day")
        assert (shown.kind, shown.lowest) == ("date", f"{days[0].astype(int)} days since 1970")


def test_matrices_give_numbered_columns(read: Read, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(ROWS, 3)).astype(np.float32)
    y = np.arange(ROWS).reshape(-1, 1) % 3
    np.savez(tmp_path / "a.npz", X=x, y=y, title=np.array("what it is"))
    data, remarks, loaded = read(tmp_path / "a.npz")
    assert [column.name for column in loaded.columns] == ["X_0", "X_1", "X_2"]
    np.testing.assert_array_equal(loaded.features, x)
    assert (data.kind, data.classes) == ("multiclass", ("0", "1", "2"))
    assert "Left out, since it has 0 dimensions, not one or more: title." in remarks


def test_complex_numbers_are_left_out(read: Read, write: Write, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(ROWS) / 3, z=np.ones(ROWS) * 1j, y=np.arange(ROWS) / 7)
    _, remarks, _ = read(tmp_path / "a.npz")
    assert "Left out, since it holds complex128, which no network can take as it is: z." in remarks
    with pytest.raises(DataError, match=r"column z: the target holds complex128"):
        read(tmp_path / "a.npz", "z")
