"""Columns of arrays and frames, and the files in which they are kept."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossterm.data.arrays import _column, columns_of_pair, keep_arrays
from lossterm.data.kept_file import KEPT
from lossterm.errors import DataError
from tests.cells import each

NAN = float("nan")


class Gone:
    """A missing cell as pandas's NA: it equals nothing, and that has no truth value."""

    def __ne__(self, _: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("ambiguous")

    __hash__ = None  # type: ignore[assignment]  # as what has no equality


def objects(*values: Any) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


COLUMNS: dict[str, tuple[Any, str, list[Any]]] = {
    "whole numbers": ([1, 2], "i", [1, 2]),
    "numbers and None": (objects(1, None, 2.5, Gone()), "f", [1.0, NAN, 2.5, NAN]),
    "decimals": (objects(Decimal("1.5"), None), "f", [1.5, NAN]),
    "truth values": (objects(True, False), "b", [True, False]),
    "truth values and None": (objects(True, None, False), "U", ["True", "", "False"]),
    "texts": (objects("a", None, NAN), "U", ["a", "", ""]),
    "texts and numbers": (objects("a", 1, None), "U", ["a", "1", ""]),
    "nothing": (objects(None, None), "f", [NAN, NAN]),
    "dates": (objects(datetime.date(2020, 1, 2), None), "M", [np.datetime64("2020-01-02"), np.datetime64("NaT")]),
}


@each("name", COLUMNS)
def test_cells_are_taken_for_what_they_are(name: str) -> None:
    given, kind, wanted = COLUMNS[name]
    column = _column("c", given)
    assert column.dtype.kind == kind
    assert column.tolist() == np.array(wanted, dtype=column.dtype).tolist() or np.array_equal(
        column, np.array(wanted, dtype=column.dtype), equal_nan=True
    )


def test_a_sparse_matrix_is_named() -> None:
    class Sparse:
        def toarray(self) -> None:
            raise AssertionError

    with pytest.raises(DataError, match=r"X is sparse: give X.toarray\(\)"):
        columns_of_pair(Sparse(), [1, 2])


def test_the_same_columns_are_the_same_file_and_the_last_are_kept(tmp_path: Path) -> None:
    first = keep_arrays({"a/b": np.arange(3), "y": np.array(["u", "v", "w"])}, tmp_path)
    assert first == keep_arrays({"a/b": np.arange(3), "y": np.array(["u", "v", "w"])}, tmp_path)
    with np.load(first) as archive:
        assert archive.files == ["a/b", "y"]
    paths = [keep_arrays({"a": np.array([number])}, tmp_path) for number in range(KEPT + 2)]
    assert len(set(paths)) == KEPT + 2
    assert len(list(tmp_path.iterdir())) == KEPT
    assert paths[-1].is_file()
    assert not first.parent.exists()
