"""The first look at data: what it says of them, and that its pictures fit."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lossterm.charts.terminal_style import Style
from lossterm.comparison.first_look import FirstLook
from lossterm.data import FileRequest, describe
from lossterm.figures.first_look import chart
from lossterm.figures.first_look_building import first_look
from lossterm.home.paths import shelf
from lossterm.tasks import TASKS, task_named, task_on

STYLE = Style(dark=True)
SIZES = ((1, 1), (20, 5), (40, 12), (40, 24), (69, 30), (102, 22), (160, 50))


def looked_at(path: Path, lines: list[str], target: str = "y") -> FirstLook:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    data, _ = describe(FileRequest(path=str(path), target=target), shelf())
    return first_look(task_on(data), data)


@pytest.mark.parametrize("task", [key for key, task in TASKS.items() if not task.target_shape])
def test_every_task_is_looked_at_and_drawn_in_every_size(task: str, home: Path) -> None:
    look = first_look(task_named(task))
    assert len(look.said) == 2
    assert "constant prediction" in look.said[1]
    assert bool(look.classes) != bool(look.values)
    assert sum(rows for _, rows in look.classes) == (look.rows if look.classes else 0)
    for width, height in SIZES:
        lines = chart(look, width, height, STYLE).lines
        assert [line.cell_len for line in lines] == [width] * height


def test_targets_far_out_are_named_with_their_rows_in_the_file(home: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{x + rng.normal() / 9:.3f}" for x in rng.normal(size=200)]
    rows[41] = "0.1,987.5"
    look = looked_at(tmp_path / "far.csv", ["x,y", *rows])
    (far,) = [one for one in look.doubts if "beyond 5 deviations" in one]
    assert far.startswith("1 target (0.5 %) lies beyond 5 deviations: 988 in row 43.")  # under the row of names
    assert max(y for _, y, _ in look.points) == 987.5


def test_a_long_tail_is_drawn_by_its_logarithms_and_is_not_far_out(home: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{x:.3f},{np.exp(3 * x):.5f}" for x in rng.normal(size=300)]
    look = looked_at(tmp_path / "tail.csv", ["x,y", *rows])
    assert not [one for one in look.doubts if "target" in one and "beyond" in one]
    assert "↑ y (log scale)" in "\n".join(line.plain for line in chart(look, 120, 20, STYLE).lines)


def _slips(rows: int) -> list[str]:
    return ["x,y", *(f"{n % 9},{'Red' if n % 2 else 'blue'}" for n in range(rows)), *["3,red"] * 5]


def _missing(rows: int) -> list[str]:
    return ["x,z,y", *(f"{n % 9},{'' if n % 4 == 0 else n % 5},{n * n % 17}" for n in range(rows))]


def _unequal(rows: int) -> list[str]:
    return ["x,y", *(f"{n % 9},{'a' if n % 10 else 'b'}" for n in range(rows))]


def _leaking(rows: int) -> list[str]:
    return ["x,z,y", *(f"{n % 9},{n * 37 % 101 * 2.5},{n * 37 % 101 * 5.0}" for n in range(rows))]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (_slips, "Classes that are nearly the same: 'Red' (50) and 'red' (5)"),
        (_missing, "Missing cells: z 25 %."),
        (_unequal, "'a' is 90 % of the rows: rank by balanced_accuracy"),
        (_unequal, "Few rows of 'b' (10)"),
        (_leaking, "Leak? z is the target in another unit"),
    ],
)
def test_what_to_look_at_is_said(lines: Callable[[int], list[str]], said: str, home: Path, tmp_path: Path) -> None:
    look = looked_at(tmp_path / "table.csv", lines(100))
    assert said in " ".join(look.doubts)
