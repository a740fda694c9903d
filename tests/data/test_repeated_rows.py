"""Rows that are copies of another are named with what they do; rows that are equal by chance are not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossterm.data import FileRequest, describe, preview

Cells = list[np.ndarray]
Draw = Callable[[np.random.Generator], tuple[str, Cells]]


def said(rows: Cells, names: str, path: Path, order: np.ndarray | None = None, **more: Any) -> list[str]:
    lines = [",".join(map(str, row)) for row in zip(*rows, strict=True)]
    if order is not None:
        lines = [lines[place] for place in order]
    path.mkdir(exist_ok=True)
    file = path / "table.csv"
    file.write_text("\n".join([names, *lines]) + "\n", encoding="utf-8")
    _, remarks = describe(FileRequest(path=str(file), target="y", **more), path / "shelf")
    assert set(preview(file, target="y", shelf=path / "shelf", **more).warnings) <= set(remarks)
    return [one for one in remarks if "of another" in one]


def mixed(rng: np.random.Generator, rows: int = 100) -> tuple[str, Cells]:
    x = rng.normal(size=rows).round(3)
    return "x,c,k,y", [x, rng.choice(["a", "b"], rows), rng.integers(0, 4, rows), (x + rng.normal(size=rows)).round(2)]


def test_copies_are_named_with_what_they_do_and_what_to_do(tmp_path: Path) -> None:
    names, cells = mixed(np.random.default_rng(0))
    assert said(cells, names, tmp_path / "whole") == []
    (sentence,) = said(cells, names, tmp_path / "thrice", np.tile(np.arange(100), 3))
    assert sentence == (
        "Leak? 200 rows of 300 are copies of another, equal in all features and the target (row 102 of row 2 is the "
        "first). Copies of training rows among the test rows make scores too good, and losses that learn rows by "
        "heart win. Leave one of each in the file, or keep together what belongs together by --group COL."
    )
    (one,) = said(cells, names, tmp_path / "one", np.append(np.arange(100), 7))
    assert one.startswith("Leak? 1 row of 101 is a copy of another, equal in all features and the target (row 102 of ")


def test_copies_of_classes_with_missing_cells_and_ids_are_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=200).round(2).astype(str)
    x[::9] = ""
    cells = [np.arange(400), np.tile(x, 2), np.tile(rng.normal(size=200).round(3), 2), np.tile(rng.choice(2, 200), 2)]
    (sentence,) = said(cells, "id,x,z,y", tmp_path)
    assert (
        "200 rows of 400 are copies of another, equal in all features and the target, but for id (row 202" in sentence
    )


def test_copies_in_one_group_are_not_named(tmp_path: Path) -> None:
    names, cells = mixed(np.random.default_rng(0))
    group = np.arange(100) % 10
    twice = np.tile(np.arange(100), 2)
    assert said([*cells, group], f"{names},g", tmp_path, twice, group="g") == []
    cells = [np.tile(one, 2) for one in cells]
    (sentence,) = said([*cells, np.arange(200) // 20], f"{names},g", tmp_path, group="g")
    assert sentence.startswith("Leak? 100 rows of 200 are copies of another in another group, equal")
    assert sentence.endswith("Leave one of each in the file.")


def categories(rng: np.random.Generator) -> tuple[str, Cells]:
    return "a,b,y", [rng.choice(list("pqr"), 300), rng.choice(list("st"), 300), rng.choice(["no", "yes"], 300)]


def ratings(rng: np.random.Generator) -> tuple[str, Cells]:
    return "a,b,age,y", [
        rng.integers(1, 6, 300),
        rng.integers(1, 6, 300),
        rng.integers(20, 60, 300),
        rng.choice(2, 300),
    ]


def prices(rng: np.random.Generator) -> tuple[str, Cells]:
    item = rng.integers(0, 30, 1000)
    price = rng.normal(50, 9, 30).round(2)[item]
    return "item,price,number,y", [np.char.add("i", item.astype(str)), price, rng.integers(1, 4, 1000), price * 2]


def places(rng: np.random.Generator) -> tuple[str, Cells]:
    place, at = rng.integers(0, 50, 1000), rng.normal(size=(2, 50)).round(4)
    return "lat,lon,y", [at[0][place], at[1][place], rng.choice(["dry", "wet"], 1000)]


def rounded(rng: np.random.Generator) -> tuple[str, Cells]:
    return "x,y", [rng.normal(size=2000).round(1), rng.normal(size=2000).round(1)]


def follows(rng: np.random.Generator) -> tuple[str, Cells]:
    x = rng.normal(size=300).round(3)
    return "x,y", [x, 2 * x]


@pytest.mark.parametrize("draw", [follows, categories, ratings, prices, places, rounded], ids=lambda one: one.__name__)
def test_rows_that_may_be_equal_by_chance_are_not_named(draw: Draw, tmp_path: Path) -> None:
    for seed in range(3):
        names, cells = draw(np.random.default_rng(seed))
        assert len({*zip(*map(tuple, cells), strict=True)}) < len(cells[0])
        assert said(cells, names, tmp_path) == []


def test_few_copies_in_a_large_table_are_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cells = [*rng.normal(size=(6, 20_000)).round(2), rng.normal(size=20_000).round(2)]
    (sentence,) = said(cells, "a,b,c,d,e,f,y", tmp_path, np.append(np.arange(20_000), [3, 5]))
    assert "2 rows of 20,002 are copies" in sentence


def test_a_column_of_different_whole_numbers_is_no_id_because_of_that_alone(tmp_path: Path) -> None:
    n = np.arange(120)
    assert said([n + 1, n % 60 / 7], "x,y", tmp_path) == []


def test_groups_are_not_advised_beside_an_order_in_time(tmp_path: Path) -> None:
    names, cells = mixed(np.random.default_rng(0))
    when = np.tile(np.arange(100), 2)
    twice = [np.tile(cell, 2) for cell in cells]
    (sentence,) = said([*twice[:-1], when, twice[-1]], f"{names[:-1]}t,y", tmp_path, time="t")
    assert sentence.endswith("Leave one of each in the file.")
