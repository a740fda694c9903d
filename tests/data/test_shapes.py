"""Tables that are not one row of different names above columns: equal names, several rows of names, images."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossterm.errors import DataError, UnknownName, UsageError

from .conftest import Read, Write

ROWS = range(60)


def test_columns_of_the_same_name_are_told_apart(read: Read, write: Write) -> None:
    path = write(
        "\n".join(["length,width,length,length_2,,y", *(f"{n},{n % 7},{n % 5},{n / 3},{n % 2},{n}" for n in ROWS)])
    )
    _, said, table = read(path)
    assert [column.name for column in table.columns] == ["length", "width", "length_3", "length_2", "column_5"]
    assert table.features[:3, 2].tolist() == [0, 1, 2]
    assert "Columns of the same name are told apart: length in column 3 is length_3." in said
    _, _, table = read(path, "length_3", kind="regression")
    assert table.target[:6].tolist() == [0, 1, 2, 3, 4, 0]


@pytest.mark.parametrize("header", [None, True])
def test_several_rows_of_names(header: bool | None, read: Read, write: Write) -> None:
    body = [f"{n},{n / 3},{n % 7},{n / 5}" for n in ROWS]
    cases = [
        ([",len,len,mass", ",mean,std,mean", "id,,,"], ["id", "len_mean", "len_std"], "mass_mean", 3),
        ([",len,,mass", ",mean,std,mean"], ["column_1", "len_mean", "len_std"], "mass_mean", 2),
        (["id,height,age,weight", ",cm,years,kg"], ["id", "height_cm", "age_years"], "weight_kg", 2),
        (["k,a,a,b", "k,c,d,e", "k,f,g,h"], ["k_k_k", "a_c_f", "a_d_g"], "b_e_h", 3),
    ]
    for head, names, target, height in cases:
        _, said, table = read(write("\n".join([*head, *body]) + "\n"), target, header=header)
        assert [column.name for column in table.columns] == names
        assert len(table.target) == 60
        assert f"The first {height} rows name the columns, joined as in {target}." in said


def test_a_first_row_of_words_for_nothing_is_no_row_of_names(read: Read, write: Write) -> None:
    for first in ("NA,-,1", "?,?,1", "<1,<1,3", "missing,4,5"):
        data, _, _ = read(write("\n".join(["a,b,y", first, *(f"{n / 3},{n % 7},{n}" for n in ROWS)]) + "\n"))
        assert data.rows == 61


def test_arrays_that_are_split_already_are_named_with_how_to_put_them_together_for_a_column_of_one(
    read: Read, tmp_path: Path
) -> None:
    x, y = np.ones((60, 2)), np.arange(60.0)
    for names in (("x_train", "y_train", "x_test", "y_test"), ("train_x", "train_y", "test_x", "test_y")):
        arrays: dict[str, Any] = dict(zip(names, (x, y, x[:20], y[:20]), strict=True))
        np.savez(tmp_path / "t.npz", **arrays)
        with pytest.raises(DataError, match="the arrays are parts of a split") as error:
            read(tmp_path / "t.npz", f"{names[0]}_0")
        assert f"x=np.concatenate([a['{names[0]}'], a['{names[2]}']])" in str(error.value)


def test_columns_that_are_named_like_parts_are_columns(read: Read, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(3, 60))
    np.savez(tmp_path / "t.npz", loss_train=rows[0], loss_val=rows[1], y=rows[2])
    _, _, table = read(tmp_path / "t.npz")
    assert [column.name for column in table.columns] == ["loss_train", "loss_val"]


def test_what_helps_where_no_column_is_left(read: Read, write: Write) -> None:
    cases = [
        ("y", [f"{n}" for n in ROWS], "Give the --delimiter between cells, if it is another, or a table with more"),
        ("y,name", [f"{n},who{n}" for n in ROWS], "--categorical name takes a column as names."),
        ("y,a,b", [f"{n},1,2" for n in ROWS], "Give a table with columns that differ from row to row."),
    ]
    for head, body, advice in cases:
        with pytest.raises(DataError) as error:
            read(write("\n".join([head, *body]) + "\n"))
        assert advice in str(error.value)


def rare(write: Write) -> Path:
    """Write a table whose classes A, B and C have 30, 24 and 6 rows, and D and E have 3 each."""
    labels = ["A"] * 30 + ["B"] * 24 + ["C"] * 6 + ["D"] * 3 + ["E"] * 3
    return write("\n".join(["x,y", *(f"{n / 3},{label}" for n, label in enumerate(labels))]) + "\n")


def test_rare_classes_are_joined_or_left_out_where_asked_for(read: Read, write: Write) -> None:
    path = rare(write)
    with pytest.raises(DataError, match=r"--min-class 5:join, which makes one class of all that are rare, or 5:drop"):
        read(path)
    data, said, table = read(path, min_class="5:join")
    assert data.classes == ("A", "B", "C", "other")
    assert np.bincount(table.target).tolist() == [30, 24, 6, 6]
    assert "2 classes with fewer than 5 rows, D (3) and E (3): joined as 'other', with 6 rows." in said
    data, said, table = read(path, min_class="5:drop")
    assert (data.rows, data.classes) == (60, ("A", "B", "C"))
    assert np.bincount(table.target).tolist() == [30, 24, 6]
    assert "2 classes with fewer than 5 rows, D (3) and E (3): left out, with 6 rows." in said
    data, said, _ = read(path, min_class="10:drop")
    assert (data.kind, data.rows, data.classes) == ("binary", 54, ("A", "B"))
    assert "3 classes with fewer than 10 rows, C (6), D (3) and E (3): left out, with 12 rows." in said


def test_rules_for_rare_classes_that_make_no_sense(read: Read, write: Write) -> None:
    for rule in ("5", "join", "1:join", "5:keep", "x:drop"):
        with pytest.raises(UsageError, match=r"--min-class is '.*', but must be 5:join, .* or 5:drop"):
            read(rare(write), min_class=rule)
    with pytest.raises(UsageError, match="--min-class is about classes, and x is a number to predict"):
        read(rare(write), "x", min_class="5:join")
    numbers = write("\n".join(["x,y", *(f"{n / 3},{n % 3 if n < 57 else 3}" for n in ROWS)]) + "\n")
    assert read(numbers, min_class="5:drop")[0].classes == ("0", "1", "2")


def body(columns: int) -> str:
    return "".join(",".join(f"{(n * 7 + place) % 31}.5" for place in range(columns)) + "\n" for n in range(40))


def test_a_second_row_of_names_or_units_goes_with_the_name_above(read: Read, write: Write) -> None:
    cases = (
        ("a,,c,y\nkg,cm,s,\n", ["a_kg", "column_2", "c_s"]),
        ("a,,c,y\n(kg),,,\n", ["a_(kg)", "column_2", "c"]),
        ("a,b,c,y\nkg,,s,\n", ["a_kg", "b", "c_s"]),
        ("price,,size,y\nmean,std,mean,\n", ["price_mean", "price_std", "size_mean"]),
        ("id,size,,y\n,mean,std,\n", ["id", "size_mean", "size_std"]),
    )
    for head, names in cases:
        _, said, table = read(write(head + body(4)))
        assert [column.name for column in table.columns] == names, head
        assert any(one.startswith("The first 2 rows name the columns, joined as in ") for one in said), head
        assert any("A column without a name is called column_2, after its place." in one for one in said) == (
            "column_2" in names
        )


def test_columns_without_a_name_are_told(read: Read, write: Write) -> None:
    _, said, _ = read(write("a,,,y\n" + body(4)))
    assert "Columns without a name are called column_2 and column_3, after their places." in said
    _, said, _ = read(write(body(3)), "column_3")
    assert not any("without a name" in one for one in said)


def test_what_makes_more_inputs_than_rows_is_named(read: Read, write: Write) -> None:
    rows = [f"c{n % 40},u{n % 25},{n % 7},{n % 5},{n * 7 % 31}.5" for n in range(60)]
    _, said, _ = read(write("\n".join(["city,u,a,b,y", *rows]) + "\n"))
    assert (
        "There are more inputs (67) than rows (60): city makes 40, u makes 25 and 2 other columns make 2. --drop what "
        "says little."
    ) in said


def test_a_title_above_the_names_is_refused_with_what_to_delete(read: Read, write: Write) -> None:
    body = [f"{n / 4},{n % 7},{n}" for n in ROWS]
    names = "line {} like the names of the columns (a, b, y). Delete {}."
    for above, line, delete in (
        (["Quarterly report 2020,,", "", "a,b,y"], 3, "lines 1 to 2"),
        (["Quarterly report,,", "2020-11-30,,", ",,", "a,b,y"], 4, "lines 1 to 3"),
        (["Quarterly report", "a,b,y"], 2, "line 1"),
        (["", "Quarterly report", "", "", "a,b,y"], 5, "lines 2 to 4"),
    ):
        path = write("\n".join([*above, *body]) + "\n")
        for target in ("y", "Quarterly report 2020"):
            with pytest.raises(DataError) as error:
                read(path, target)
            first = next(place for place, one in enumerate(above, 1) if one)
            assert str(error.value) == (
                f"{path}, row {first}: this looks like a title above the table, and {names.format(line, delete)}"
            )


def test_names_of_which_only_the_first_is_written_are_no_title(read: Read, write: Write) -> None:
    for first in ("x,k,y", "p,q,r"):
        body = [first, *(f"{'xyz'[n % 3]},{'kl'[n % 2]},{'uv'[n % 3 % 2]}" for n in ROWS)]
        data, _, _ = read(write("\n".join(["day,,", *body]) + "\n"), "day", header=True, min_class="5:drop")
        assert data.rows >= 60
    data, _, _ = read(write("\n".join(["day,,", *(f"{n % 7},{n / 3},{n}" for n in ROWS)]) + "\n"), "column_3")
    assert data.rows == 60


def test_a_name_that_was_joined_is_told_with_what_it_became(read: Read, write: Write) -> None:
    body = [f"{n / 4},{n % 7},{n}" for n in ROWS]
    path = write("\n".join(["temp,hum,y", "°C,%,kg", *body]) + "\n")
    with pytest.raises(UnknownName) as error:
        read(path)
    assert str(error.value) == (
        f"There is no column in {path} called 'y'. Did you mean y_kg? Line 2 was joined to the names above it: "
        "temp became temp_°C."
    )
    with pytest.raises(UnknownName, match="Did you mean hum_%"):
        read(path, "y_kg", drop=("hum",))
    with pytest.raises(UnknownName, match=r"Known: temp_°C, hum_%, y_kg\. Line 2 was"):
        read(path, "zzzzzz")
    path = write("\n".join(["k,a,a,b", "k,c,d,e", "k,f,g,h", *(f"{one},1" for one in body)]) + "\n")
    with pytest.raises(UnknownName, match=r"Did you mean b_e_h\? Lines 2 to 3 were joined to the names above them: "):
        read(path, "h")
