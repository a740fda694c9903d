"""Files to read, and a shelf to keep what was read on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossterm.data import Data, FileRequest, Table, describe, load

Write = Callable[..., Path]
Read = Callable[..., tuple[Data, tuple[str, ...], Table]]


def table(*lines: str, rows: int = 30, end: str = "\n") -> str:
    """Return a CSV of x, c and y with enough rows to be used, in which `lines` stand for the last ones."""
    plain = [f"{number / 4},{'ab'[number % 2]},{number * 1.25}" for number in range(rows - len(lines))]
    return end.join(["x,c,y", *plain, *lines]) + end


def ragged() -> np.ndarray:
    """Return rows of different lengths, which NumPy saves as a pickle."""
    rows = np.empty(60, object)
    rows[:] = [np.zeros(place + 1) for place in range(60)]
    return rows


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Return where tables are kept; not there yet."""
    return tmp_path / "shelf"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return what writes a file: its content, its name, its encoding."""

    def written(content: str | bytes, name: str = "table.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return written


@pytest.fixture
def read(shelf: Path) -> Read:
    """Return what describes and loads a file: its record, what was said, its table."""

    def reading(path: Path, target: str = "y", **more: Any) -> tuple[Data, tuple[str, ...], Table]:
        data, remarks = describe(FileRequest(path=str(path), target=target, **more), shelf)
        return data, remarks, load(data, shelf)

    return reading
