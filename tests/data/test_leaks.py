"""What gives the target away is named with its number and what to do; what is merely good at telling it is not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lossterm.data import FileRequest, describe, preview
from lossterm.data.cutting import was_cut

ROWS = 300
Columns = dict[str, np.ndarray]
Draw = Callable[[np.random.Generator], Columns]


def written(path: Path, columns: Columns) -> Path:
    lines = [",".join(columns), *(",".join(map(str, cells)) for cells in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def warned(path: Path, shelf: Path, target: str = "y") -> list[str]:
    _, remarks = describe(FileRequest(path=str(path), target=target), shelf)
    shown = preview(path, target=target, shelf=shelf).warnings
    every = [one for one in remarks if "eak" in one]
    assert every == [one for one in shown if "eak" in one]
    return every


def numbers(rng: np.random.Generator, **more: np.ndarray) -> Columns:
    return {"a": rng.normal(size=ROWS).round(3), "b": rng.normal(size=ROWS).round(3), **more}


def of_number(function: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Draw:
    def draw(rng: np.random.Generator) -> Columns:
        y = np.exp(rng.normal(size=ROWS)).round(4)
        return numbers(rng, leaky=function(y, rng), y=y)

    return draw


def of_class(function: Callable[[np.ndarray, np.random.Generator], np.ndarray], classes: int = 2) -> Draw:
    def draw(rng: np.random.Generator) -> Columns:
        y = rng.integers(0, classes, ROWS)
        return numbers(rng, leaky=function(y, rng), y=np.array(["no", "yes", "perhaps"])[y])

    return draw


def with_gaps(values: np.ndarray) -> np.ndarray:
    cells = values.astype(str)
    cells[::7] = ""
    return cells


def thresholded(rng: np.random.Generator) -> Columns:
    leaky = rng.normal(size=ROWS).round(3)
    return numbers(rng, leaky=leaky, y=np.where(leaky > 0.4, "high", "low"))


ONE = {
    "a copy": of_number(lambda y, _: y),
    "a copy with gaps": of_number(lambda y, _: with_gaps(y)),
    "another unit": of_number(lambda y, _: (1.8 * y + 32).round(5)),
    "its logarithm": of_number(lambda y, _: np.log(y).round(5)),
    "its reciprocal": of_number(lambda y, _: (1 / y).round(6)),
    "rounded": of_number(lambda y, _: y.round(1)),
    "its rank": of_number(lambda y, _: y.argsort().argsort() * 3.5 + 1000),
    "with noise of a thousandth": of_number(lambda y, rng: (y + rng.normal(0, 1e-4, ROWS)).round(6)),
    "its thirds": of_number(lambda y, _: np.array(["low", "mid", "top"])[np.searchsorted([0.6, 1.5], y)]),
    "the classes as codes": of_class(lambda y, _: y + 7),
    "the classes in other words": of_class(lambda y, _: np.array(["A", "Z"])[y]),
    "three classes as codes": of_class(lambda y, _: 10 - 3 * y, 3),
    "three classes in finer codes": of_class(lambda y, rng: y + 10 * rng.integers(0, 2, ROWS), 3),
    "one class of three": of_class(lambda y, _: (y == 1).astype(int), 3),
    "missing in a class": of_class(lambda y, rng: np.where(y == 1, "", rng.normal(size=ROWS).round(3).astype(str))),
    "scores that lie apart": of_class(lambda y, rng: (y + rng.normal(0, 0.1, ROWS)).round(3)),
    "cut into classes": thresholded,
}  # fmt: skip


@pytest.mark.parametrize("what", ONE)
def test_a_column_that_gives_the_target_away_is_named_with_its_number_and_how_to_drop_it(
    what: str, tmp_path: Path, shelf: Path
) -> None:
    path = written(tmp_path / "t.csv", ONE[what](np.random.default_rng(1)))
    said = warned(path, shelf)
    assert len(said) == 1, said
    assert said[0].startswith("Leak? leaky ")
    assert "--drop leaky leaves it out" in said[0]
    assert "1.000" in said[0] or "0.9" in said[0] or "in 100 % of the rows" in said[0]
    _, remarks = describe(FileRequest(path=str(path), target="y", drop=("leaky",)), shelf)
    assert not any("eak" in one for one in remarks)


def in_few_rows(rng: np.random.Generator, rows: int) -> dict[str, Columns]:
    """Return small tables with a column `leaky`, each with a way in which classes show in it."""
    y = rng.permutation(np.arange(rows) % 3)
    three, x = np.array(["A", "B", "C"])[y], rng.normal(size=rows).round(3)
    rare = np.where(rng.permutation(rows) < 6, "yes", "no")
    return {
        "words": {"leaky": np.array(["i", "ii", "iii"])[y], "y": three},
        "codes": {"leaky": y * 10, "y": three},
        "one-hot": {"leaky": (y == 1).astype(int), "y": three},
        "one-hot in words": {"leaky": np.where(y == 2, "yes", "no"), "y": three},
        "rare": {"leaky": (rare == "yes").astype(int), "y": rare},
        "missing": {"leaky": np.where(y == 0, "", x.astype(str)), "y": three},
        "halves": {"leaky": x, "y": np.where(x > np.median(x), "high", "low")},
        "thirds": {"leaky": x, "y": np.array(["low", "mid", "top"])[np.searchsorted(np.quantile(x, (0.3, 0.7)), x)]},
        "upper quarter": {"leaky": x, "y": (x > np.quantile(x, 0.75)).astype(int)},
        "ratings": {"leaky": 1 + np.arange(rows) % 5, "y": np.where(np.arange(rows) % 5 > 2, "good", "bad")},
        "parts": {"leaky": np.array(["s", "m", "l"])[np.searchsorted(np.quantile(x, (0.3, 0.7)), x)], "y": x},
    }


@pytest.mark.parametrize("rows", [30, 60])
def test_few_rows_are_enough_where_chance_is_excluded(rows: int, tmp_path: Path, shelf: Path) -> None:
    for what, columns in in_few_rows(np.random.default_rng(1), rows).items():
        noise = np.random.default_rng(9).normal(size=(2, rows)).round(3)
        said = " ".join(warned(written(tmp_path / "t.csv", {"a": noise[0], "b": noise[1], **columns}), shelf))
        assert said.startswith("Leak? leaky "), what
        few = ("words", "codes", "one-hot", "rare", "missing", "halves", "upper quarter", "ratings")
        assert ("rows, in which a merely good column may do the same" in said) or what not in few or rows > 30


def test_a_column_that_tells_one_class_apart_is_not_said_to_name_them_all(tmp_path: Path, shelf: Path) -> None:
    columns = in_few_rows(np.random.default_rng(1), 90)
    noise = {"a": np.random.default_rng(9).normal(size=90).round(3)}
    said = {what: warned(written(tmp_path / "t.csv", {**noise, **columns[what]}), shelf)[0] for what in columns}
    assert said["one-hot"].startswith("Leak? leaky tells class 'B' apart in 100 % of the rows. ")
    assert said["missing"].startswith("Leak? leaky is missing in class 'A' and nowhere else in 100 % of the rows. ")
    assert said["words"].startswith("Leak? leaky names the class in other words (share of rows 1.000). ")
    assert said["rare"].startswith(
        "Leak? leaky names the class in other words (share of rows 1.000), but the smallest group has 6 rows"
    )


def test_a_column_that_is_perfect_in_few_rows_is_told_as_such(tmp_path: Path, shelf: Path) -> None:
    path = written(tmp_path / "t.csv", few_rows_apart(np.random.default_rng(1)))
    _, said = describe(FileRequest(path=str(path), target="y"), shelf)
    sentence = (
        "x tells the classes apart in every row; 50 rows are too few to say whether that gives the target away or is "
        "merely good."
    )
    assert sentence in said
    _, said = describe(FileRequest(path=str(path), target="c"), shelf)
    assert sentence not in said


def test_where_there_were_too_few_rows_to_look_it_is_said(tmp_path: Path, shelf: Path) -> None:
    rng = np.random.default_rng(2)
    y = np.repeat(["a", "b", "c"], (5, 8, 9))
    noise = {f"x{place}": rng.normal(size=22).round(3) for place in range(40)}
    gaps = np.where(np.arange(22) < 8, "3", rng.integers(0, 99, 22).astype(str))
    gaps[8:] = ""
    path = written(tmp_path / "t.csv", {**noise, "gaps": gaps, "y": y})
    _, said = describe(FileRequest(path=str(path), target="y"), shelf)
    assert any("looked for in gaps, which has cells in fewer than half" in one for one in said), said
    path = written(tmp_path / "t.csv", {**noise, "y": y})
    _, said = describe(FileRequest(path=str(path), target="y"), shelf)
    assert any("marks class a (5 rows) alone was not looked for: it has too few rows" in one for one in said), said


def total(rng: np.random.Generator) -> Columns:
    p, q = rng.gamma(2, 10, ROWS).round(2), rng.gamma(3, 5, ROWS).round(2)
    return numbers(rng, p=p, q=q, y=(p + q).round(2))


def difference_in_whole_units(rng: np.random.Generator) -> Columns:
    p, q = rng.gamma(2, 1000, ROWS), rng.gamma(3, 500, ROWS)
    return numbers(rng, p=p.round(0), q=q.round(0), y=(0.5 * p - 2 * q).round(0))


def revenue(rng: np.random.Generator) -> Columns:
    p, q = rng.gamma(3, 10, ROWS).round(2) + 1, rng.integers(1, 40, ROWS)
    return numbers(rng, p=p, q=q, y=(p * q).round(2))


def one_hot(rng: np.random.Generator) -> Columns:
    y = rng.integers(0, 3, ROWS)
    return numbers(rng, y=(y == 0).astype(int), p=(y == 1).astype(int), q=(y == 2).astype(int))


def test_parts_that_make_up_the_target_are_named(tmp_path: Path, shelf: Path) -> None:
    for draw in (total, difference_in_whole_units, revenue, one_hot):
        said = warned(written(tmp_path / f"{draw.__name__}.csv", draw(np.random.default_rng(2))), shelf)
        assert [one[:14] for one in said] == ["Leak? p and q "], draw.__name__
        assert "1.000)" in said[0]
        assert "--drop p,q" in said[0]


def test_several_leaks_are_dropped_at_once(tmp_path: Path, shelf: Path) -> None:
    columns = total(np.random.default_rng(3))
    columns["y again"] = columns["y"]
    *_, last = said = warned(written(tmp_path / "t.csv", columns), shelf)
    assert len(said) == 3
    assert "--drop 'y again,p,q' leaves 3 columns out" in last


def test_where_nothing_else_is_left_no_column_is_to_be_dropped(tmp_path: Path, shelf: Path) -> None:
    y = np.random.default_rng(0).normal(size=ROWS).round(3)
    [said] = warned(written(tmp_path / "t.csv", {"x": y, "y": y}), shelf)
    assert "No other column would be left" in said
    assert "--drop" not in said


def test_other_columns_of_one_output_are_named(tmp_path: Path, shelf: Path) -> None:
    rng = np.random.default_rng(4)
    path = tmp_path / "t.npz"
    np.savez(path, X=rng.normal(size=(120, 4)), y=rng.normal(size=(120, 3)))
    [said] = warned(path, shelf, "y_0")
    assert "y_1 and y_2 belong to the same output" in said
    assert "--drop y_1,y_2" in said
    assert describe(FileRequest(path=str(path), target="y"), shelf)[0].kind == "multioutput"
    np.savez(path, X=rng.normal(size=(120, 4)), y=np.eye(3)[rng.integers(0, 3, 120)])
    assert "y_1 and y_2" in warned(path, shelf, "y_0")[0]
    assert describe(FileRequest(path=str(path), target="y"), shelf)[0].kind == "multiclass"
    columns = numbers(rng, y1=rng.normal(size=ROWS), y2=rng.normal(size=ROWS))
    assert "y2 belongs" in warned(written(tmp_path / "t.csv", columns), shelf, "y1")[0]


def lagged(rng: np.random.Generator) -> Columns:
    walk = rng.normal(size=ROWS + 2).cumsum().round(2)
    return {"lag_2": walk[:-2], "lag_1": walk[1:-1], "lag_0": walk[2:]}


def flowers(rng: np.random.Generator) -> Columns:
    long = np.concatenate([rng.normal(1.5, 0.2, 50), rng.normal(4.3, 0.5, 50), rng.normal(5.5, 0.5, 50)]).round(1)
    wide = (long / 3 + rng.normal(0, 0.2, 150)).round(1)
    return {"long": long, "wide": wide, "y": np.repeat(["setosa", "versicolor", "virginica"], 50)}


def growth(_: np.random.Generator) -> Columns:
    year = np.arange(1950, 2021)
    return {"year": year, "y": (2.5 * 1.017 ** (year - 1950)).round(3)}


def outlier(rng: np.random.Generator) -> Columns:
    x = rng.normal(size=ROWS)
    x[0] = 1e5
    return numbers(rng, x=x, y=x + rng.normal(0, 0.5, ROWS))


def groups_apart(rng: np.random.Generator) -> Columns:
    size = rng.integers(0, 3, ROWS)
    return numbers(rng, size=np.array(["S", "M", "L"])[size], y=(10 * size + rng.normal(0, 1, ROWS)).round(3))


def mostly_zero(rng: np.random.Generator) -> Columns:
    x = np.where(rng.random(ROWS) < 0.9, 0, rng.gamma(2, 5, ROWS)).round(3)
    return numbers(rng, x=x, y=np.where(x > 0, x * rng.gamma(5, 0.2, ROWS), 0).round(3))


def many_inputs(rng: np.random.Generator) -> Columns:
    x = rng.normal(size=(60, 80)).round(3)
    return {**{f"x{place}": column for place, column in enumerate(x.T)}, "y": rng.normal(size=60).round(3)}


def few_rows(rng: np.random.Generator) -> Columns:
    y = np.repeat(["no", "yes"], 12)
    x = rng.normal(size=24) + 1.5 * (y == "yes")
    return {"x": x.round(3), "c": rng.integers(0, 2, 24), "d": rng.choice(["n", "m", "k"], 24), "y": y}


def few_rows_apart(rng: np.random.Generator) -> Columns:
    y = np.repeat(["no", "yes"], 25)
    return {"x": (rng.normal(size=50) + 7 * (y == "yes")).round(3), "c": rng.integers(0, 9, 50), "y": y}


def small_sensor(rng: np.random.Generator) -> Columns:
    y = rng.normal(20, 5, 30)
    return {"x": (y + rng.normal(0, 1, 30)).round(2), "b": rng.normal(size=30).round(2), "y": y.round(2)}


HONEST = {
    "correlation .95": of_number(lambda y, rng: np.log(y) + rng.normal(0, 0.33, ROWS)),
    "correlation .995": of_number(lambda y, rng: np.log(y) + rng.normal(0, 0.1, ROWS)),
    "good at classes": of_class(lambda y, rng: (y + rng.normal(0, 0.25, ROWS)).round(3)),
    "names that go with classes": of_class(lambda y, rng: np.where(rng.random(ROWS) < 0.97, y, 1 - y)),
    **{
        draw.__name__: draw
        for draw in (lagged, flowers, growth, outlier, groups_apart, mostly_zero, many_inputs)
    },
    **{draw.__name__: draw for draw in (small_sensor, few_rows, few_rows_apart)},
}  # fmt: skip


@pytest.mark.parametrize("what", HONEST)
def test_what_is_merely_good_is_not_called_a_leak(what: str, tmp_path: Path, shelf: Path) -> None:
    for seed in range(3):
        columns = HONEST[what](np.random.default_rng(seed))
        path = written(tmp_path / f"{seed}.csv", columns)
        assert warned(path, shelf, list(columns)[-1]) == []


def test_what_holds_in_a_sample_only_is_no_leak(tmp_path: Path, shelf: Path) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(20_000, 8)).round(4)
    y = x[:, 0].copy()
    columns = {f"x{place}": column for place, column in enumerate(x.T)}
    assert "x0 is a copy" in warned(written(tmp_path / "all.csv", {**columns, "y": y}), shelf)[0]
    y[np.arange(0, 20_000, 40)] += 3
    assert warned(written(tmp_path / "most.csv", {**columns, "y": y}), shelf) == []


def test_a_column_that_is_nearly_all_zeros_is_not_cut_at_them() -> None:
    amounts = np.concatenate([np.zeros(960), np.random.default_rng(0).uniform(1, 100, 40)])
    assert not was_cut((amounts > 0).astype(int), amounts, 2)
    assert not was_cut((amounts > 0) + (amounts > 50).astype(int), amounts, 3)
    assert was_cut((amounts[960:] > 50).astype(int), amounts[960:], 2)
