"""What is recognised of a file: encoding, delimiter, header, kinds of columns, kind of task."""

import shlex
from datetime import date
from typing import Any

import msgspec
import numpy as np
import pytest

from lossterm.data import Data, FeatureColumn, FileRequest, Table
from lossterm.data.files import cells
from lossterm.data.files.csv_dialect import delimiter_in, has_header, rows_in
from lossterm.data.request import names_from
from lossterm.errors import DataError
from tests.cells import each

from .conftest import Read, Write, table

# How the text is written


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"])
def test_encodings(encoding: str, read: Read, write: Write) -> None:
    content = table(*["1,é,2"] * 10).replace("x,c,y", "größe,c,y")
    given = {"encoding": "utf-16-le"} if encoding == "utf-16-le" else {}  # without its mark nobody can tell
    _, remarks, loaded = read(write(content, encoding=encoding), **given)
    assert [column.name for column in loaded.columns] == ["größe", "c"]
    assert set(loaded.columns[1].levels) == {"a", "b", "é"}
    assert any("cp1252" in one for one in remarks) == (encoding in ("cp1252", "latin-1"))


def test_a_byte_that_only_latin_1_has(read: Read, write: Write) -> None:
    path = write(table(*["1,\x81,2"] * 10), encoding="latin-1")
    _, remarks, _ = read(path)
    assert "Row 22 is not UTF-8, so the file is read as Latin-1; --encoding says otherwise." in remarks


def test_a_sign_of_utf_8_on_the_edge_of_two_blocks(read: Read, write: Write) -> None:
    content = "x,c,y\n" + "".join(f"{number}.5,ä,{number}.25\n{number}.5,ü,{number}.75\n" for number in range(60_000))
    assert len(content.encode()) > 1 << 20
    _, remarks, loaded = read(write(content))
    assert loaded.columns[1].levels == ("ä", "ü")
    assert "Read as text in UTF-8 with commas between cells and a row of names." in remarks


@each("delimiter", [",", ";", "\t", "|", " "])
@each("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_ends_of_lines(delimiter: str, end: str, read: Read, write: Write) -> None:
    _, _, loaded = read(write(table(end=end).replace(",", delimiter)))
    _, _, plain = read(write(table(), "plain.csv"))
    assert loaded.columns == plain.columns
    np.testing.assert_array_equal(loaded.features, plain.features)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("1,5;2,5\n3,5;4,5\n", ";"),
        ("a,b\n1;2,3\n4,5\n", ","),
        ("only\none\n", ","),
        ('a,b\n"x;y",1\n"x;y",1\n', ","),
        ("a\tb c\n1\t2 3\n", "\t"),
        ("a b\n1   2\n", " "),
    ],
)
def test_which_sign_stands_between_cells(text: str, sign: str) -> None:
    assert delimiter_in(text) == sign


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a,b\n1,2\n", True),
        ("1,2\n3,4\n", False),
        ("id,name,2019\n1,x,3\n2,y,4\n", True),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", False),
        ("p,x,s\ne,x,s\np,f,y\n", False),
        ("colour,shape\nred,round\nblue,flat\n", True),
        ("2020-01-01,a\n2020-01-02,b\n", False),
        ("day,a\n2020-01-01,a\n2020-01-02,b\n", True),
        (",x\n0,1\n1,2\n", True),
    ],
)
def test_whether_the_first_row_names_the_columns(text: str, named: bool) -> None:
    assert has_header(rows_in(text, ",")) == named


def test_what_is_recognised_can_be_said_otherwise(read: Read, write: Write) -> None:
    content = "\n".join(f"{number},{number * 2}" for number in range(1990, 2030))
    _, _, loaded = read(write(content), "column_2")
    assert len(loaded.target) == 40
    _, _, loaded = read(write(content), "3980", header=True)
    assert len(loaded.target) == 39
    _, _, loaded = read(write(table().replace(",", "~")), delimiter="~")
    assert len(loaded.columns) == 2


# What cells hold


@each("cell", ["", " ", "NA", "n/a", "NaN", "null", "None", "?", "-", "#N/A", "."])
def test_what_stands_for_nothing(cell: str, read: Read, write: Write) -> None:
    _, _, loaded = read(write(table(f"{cell},{cell},3")))
    assert np.isnan(loaded.features[-1]).all()
    assert not np.isnan(loaded.features[:-1]).any()
    assert [column.missing for column in loaded.columns] == [True, True]
    assert [column.width for column in loaded.columns] == [2, 3]


@each(
    ("cell", "value"),
    [
        ("3", 3),
        ("-3.5e2", -350),
        (" +.5 ", 0.5),
        ("−2", -2),
        ("12 %", 12),
        ("$5.25", 5.25),
        ("-$5", -5),
        ("5 €", 5),
        ("1_000", None),
        ("1,5", None),
        ("1.2.3", None),
        ("0x10", None),
        ("$5%", None),
        ("5 kg", None),
    ],
)
def test_numbers(cell: str, value: float | None) -> None:
    number = cells.number_of(cell, comma=False)
    assert (number.value if number else None) == value


def test_a_decimal_comma_only_where_the_comma_separates_no_cells() -> None:
    assert cells.number_of("1,5", comma=True) == cells.Number(1.5, ",", "")
    assert cells.number_of("1,5", comma=False) is None
    assert cells.number_of("1.234,5", comma=True) == cells.Number(1234.5, ",", "")
    assert cells.number_of("1.234,5", comma=False) is None


@each("comma", [True, False])
@each(
    ("cell", "value"),
    [
        ("1,234.5", 1234.5),
        ("-12,345,678.25 %", -12_345_678.25),
        ("$1'234.5", 1234.5),
        ("1,234,567", None),  # it may be a list of codes
        ("192.168.100.200", None),
        ("1,234 567.5", None),
        ("12,34.5", None),
        ("0,123.5", None),
        ("1234,567.5", None),
        ("1,234.", None),
    ],
)
def test_separators_of_thousands_before_a_decimal_sign_of_another_kind(
    cell: str, value: float | None, comma: bool
) -> None:
    number = cells.number_of(cell, comma=comma)
    assert (number.value if number else None) == value
    assert cells.is_grouped(cell) == (value is not None)


@each(
    ("cell", "days"),
    [
        ("1970-01-02", 1),
        ("1970-01-01T12:00:00", 0.5),
        ("1970-01-01 12:00", 0.5),
        ("1970-01-01T12:00:00Z", 0.5),
        ("1970-01-01T12:00:00+06:00", 0.25),
        ("1970-02", 31),
        ("02.01.1970", 1),
        ("2. 1. 1970 12:00", 1.5),
        ("1970/01/02", 1),
        ("2-Jan-1970", 1),
        ("2 January 1970", 1),
        ("Jan 2, 1970, 6:00 PM", 1.75),
        ("13/01/1970", 12),
        ("01/13/1970 12:00 AM", 12),
        ("01/02/1970", None),
        ("1970-13-01", None),
        ("31.02.1970", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("noon", None),
    ],
)
def test_days(cell: str, days: float | None) -> None:
    reader = cells.days_in([cell])
    assert (reader(cell) if reader else None) == days


def test_every_iso_date_is_that_of_the_calendar() -> None:
    reader = cells.days_in(["2020-01-01"])
    assert reader is not None
    for ordinal in range(1, date.max.toordinal(), 997):
        day = date.fromordinal(ordinal)
        assert reader(day.isoformat()) == ordinal - date(1970, 1, 1).toordinal()
        assert ordinal < 400_000 or cells.day_text(reader(day.isoformat()) or 0) == day.isoformat()


@pytest.mark.parametrize("pair", [("true", "false"), ("Yes", "No"), ("T", "F"), ("y", "n")])
def test_booleans(pair: tuple[str, str], read: Read, write: Write) -> None:
    yes, no = pair
    content = table().replace(",a,", f",{yes},").replace(",b,", f",{no},")
    data, _, loaded = read(write(content))
    assert loaded.columns[1] == FeatureColumn(name="c", kind="boolean")
    assert loaded.features[:2, 1].tolist() == [1, 0]
    data, _, loaded = read(write(content), "c")
    assert (data.kind, data.classes, loaded.target[:2].tolist()) == ("binary", (no, yes), [1, 0])


def test_dates_keep_their_digits(read: Read, write: Write) -> None:
    rows = "".join(f"2020-01-01T00:{number:02}:00,{number}.5\n" for number in range(40))
    _, _, loaded = read(write("when,y\n" + rows))
    assert loaded.columns == (FeatureColumn(name="when", kind="date", origin=18262),)
    np.testing.assert_allclose(loaded.features[:, 0] * 1440, np.arange(40), atol=1e-4)


def test_large_numbers_keep_their_digits(read: Read, write: Write) -> None:
    rows = "".join(f"{1_600_000_000 + number},{number}.5\n" for number in range(40))
    _, _, loaded = read(write("x,y\n" + rows))
    assert (loaded.features[:, 0].astype(float) + loaded.columns[0].origin).tolist() == [
        1.6e9 + number for number in range(40)
    ]


def test_words_that_look_like_numbers_stay_words_where_asked(read: Read, write: Write) -> None:
    rows = "".join(f"{('007', '7', '12')[number % 3]},{number}.5\n" for number in range(30))
    _, _, loaded = read(write("code,y\n" + rows), categorical=("code",))
    assert loaded.columns[0].levels == ("007", "7", "12")
    assert loaded.features[:3, 0].tolist() == [0, 1, 2]


def test_numbers_that_turn_to_words_far_down_are_read_again(read: Read, write: Write) -> None:
    rows = [f"0{number % 7},{number}.5" for number in range(3000)] + [
        f"w{number % 7},{number}.5" for number in range(999)
    ]
    _, _, loaded = read(write("\n".join(["code,y", *rows])))
    assert loaded.columns[0].kind == "category"
    assert set(loaded.columns[0].levels) == {f"{sign}{number}" for sign in "0w" for number in range(7)}


def test_a_few_words_among_numbers_are_missing_and_said(read: Read, write: Write) -> None:
    _, remarks, loaded = read(write(table("unknown,a,2", rows=100)))
    assert np.isnan(loaded.features[-1, 0])
    assert (
        "x: 1 cell taken as missing, since the others are numbers; the first is 'unknown' in row 101. "
        "--categorical x takes all as names." in remarks
    )


def test_rare_names_are_one_level(read: Read, write: Write) -> None:
    rows = [f"n{min(number % 100, 60)},{number}.5" for number in range(500)]
    _, remarks, loaded = read(write("\n".join(["c,y", *rows])))
    (column,) = loaded.columns
    assert len(column.levels) == 50
    assert (column.levels[0], column.levels[-1]) == ("n60", "other")
    assert (loaded.features[:, 0] == 49).sum() == 12 * 5  # n49 … n59 and the first of n0 … that has no room
    assert "c has more than 50 names; the 49 most frequent are kept, the rest is one." in remarks


def test_a_name_that_is_that_of_the_rest(read: Read, write: Write) -> None:
    rows = [f"{'other' if number % 3 else f'n{number % 70}'},{number}.5" for number in range(600)]
    _, _, loaded = read(write("\n".join(["c,y", *rows])))
    assert loaded.columns[0].levels[0] == "other"
    assert loaded.columns[0].levels[-1] == "any other"


def test_what_is_left_out_is_said(read: Read, write: Write) -> None:
    rows = [f"{number * 0.5},same,,text {number},{number}.25" for number in range(60)]
    _, remarks, loaded = read(write("\n".join(["x,constant,empty,remark,y", *rows])))
    assert [column.name for column in loaded.columns] == ["x"]
    assert {one for one in remarks if one.startswith("Left out")} == {
        "Left out, since it is the same in every row: constant.",
        "Left out, since it is empty in every row: empty.",
        "Left out, since it is free text, nearly every cell different: remark.",
    }


@pytest.mark.parametrize("name", ["id", "ID", "customer_id", "PassengerId", "user id", "index", "whatever"])
def test_ids_are_warned_about(name: str, read: Read, write: Write) -> None:
    rows = [f"{number},{number % 7}.5,{number * 3}.25" for number in range(30)]
    _, remarks, loaded = read(write("\n".join([f"{name},x,y", *rows])))
    assert len(loaded.columns) == 2
    warning = next(one for one in remarks if one.startswith(f"{name} "))
    assert f"--drop {shlex.quote(name)} leaves it out." in warning
    _, remarks, loaded = read(write("\n".join([f"{name},x,y", *rows])), drop=(name,))
    assert [column.name for column in loaded.columns] == ["x"]
    assert not any(one.startswith(f"{name} ") for one in remarks)


@pytest.mark.parametrize("name", ["agent fee", "l'avis", "a, b", "größe"])
def test_a_hint_can_be_pasted_into_a_shell(name: str, read: Read, write: Write) -> None:
    quoted = '"' + name + '"'
    rows = [f"{number},{number % 7}.5,a {number % 5},{number * 3}.25" for number in range(30)]
    _, remarks, _ = read(write("\n".join([f"id,x,{quoted},y", *rows])), drop=(name,))
    hint = next(one for one in remarks if one.startswith("id "))
    words = shlex.split(hint)
    assert names_from(words[words.index("--drop") + 1]) == (name, "id")


@pytest.mark.parametrize("name", ["valid", "humidity", "paid", "grid"])
def test_words_that_end_like_an_id_are_none(name: str, read: Read, write: Write) -> None:
    rows = [f"{number % 5}.5,{number * 3}.25" for number in range(30)]
    _, remarks, _ = read(write("\n".join([f"{name},y", *rows])))
    assert not any(one.startswith(f"{name} ") for one in remarks)


def test_more_columns_than_rows_is_a_warning(read: Read, write: Write) -> None:
    values = np.random.default_rng(0).random((25, 41))
    content = "\n".join([",".join(f"c{place}" for place in range(41)), *(",".join(map(str, row)) for row in values)])
    data, remarks, loaded = read(write(content), "c40")
    assert (data.features, loaded.features.shape) == (40, (25, 40))
    assert (
        "There are more inputs (40) than rows (25): each of 40 columns makes one. --drop what says little." in remarks
    )


# What is to be predicted


@pytest.mark.parametrize(
    ("values", "kind", "classes", "why"),
    [
        ([0, 1], "binary", ("0", "1"), "has two values, 0 and 1"),
        ([1.5, 2.5], "binary", ("1.5", "2.5"), "has two values, 1.5 and 2.5"),
        ([3, 4, 5, 6], "multiclass", ("3", "4", "5", "6"), "has 4 whole numbers, 3 to 6"),
        ([1, 10, 100], "regression", (), "has 3 different numbers"),
        ([0.5, 1.5, 2.5], "regression", (), "has 3 different numbers"),
        (list(range(11)), "regression", (), "has 11 different numbers"),
        (["b", "a"], "binary", ("a", "b"), "has 2 names"),
        (["b", "A", "c"], "multiclass", ("A", "b", "c"), "has 3 names"),
        (["2020-01-01", "2020-01-02", "2020-02-01"], "regression", (), "is a date"),
    ],
)
def test_kinds_of_task(
    values: list[Any], kind: str, classes: tuple[str, ...], why: str, read: Read, write: Write
) -> None:
    rows = [f"{number}.5,{values[number % len(values)]}" for number in range(66)]
    data, remarks, loaded = read(write("\n".join(["x,y", *rows])))
    assert (data.kind, data.classes) == (kind, classes)
    assert any(one.startswith(f"y {why}") for one in remarks)
    if classes:
        assert [classes[index] for index in loaded.target] == [
            str(values[number % len(values)]) for number in range(66)
        ]
        assert loaded.target.dtype == np.int64


def test_whole_numbers_of_which_one_is_rare_are_amounts(read: Read, write: Write) -> None:
    rows = [f"{number}.5,{number % 4}" for number in range(40)]
    data, remarks, _ = read(write("\n".join(["x,y", *rows, "1,4"])))
    assert data.kind == "regression"
    assert any(
        "y has 5 whole numbers, 0 to 4, one of them in 1 row only: a number to predict" in one for one in remarks
    )


def test_the_kind_that_is_asked_for(read: Read, write: Write) -> None:
    rows = [f"{number}.5,{number % 3}" for number in range(60)]
    data, remarks, loaded = read(write("\n".join(["x,y", *rows])), kind="regression")
    assert (data.kind, data.lowest, data.zeros) == ("regression", 0, True)
    assert loaded.target.dtype == np.float64
    assert "y is taken as a number to predict (regression), as asked for." in remarks


def test_what_is_known_of_targets(read: Read, write: Write) -> None:
    rows = [f"{number}.5,{number + 0.5},{'aab'[number % 3]}" for number in range(60)]
    path = write("\n".join(["x,y,c", *rows]))
    data, _, _ = read(path)
    assert (data.lowest, data.zeros, data.imbalance, data.rows) == (0.5, False, 1, 60)
    data, _, _ = read(path, "c")
    assert (data.lowest, data.zeros, data.imbalance) == (0, True, 2)


def test_rows_without_a_target_are_left_out_and_counted(read: Read, write: Write) -> None:
    data, remarks, loaded = read(write(table("7,a,", "7,a,NA", "1,b,5")))
    assert (data.rows, len(loaded.target), len(loaded.features)) == (28, 28, 28)
    assert "2 rows left out for want of a target, the first in row 29. Taken as missing: 'NA'." in remarks
    assert loaded.features[-1, 0] == 1


def test_a_class_that_is_called_none(read: Read, write: Write) -> None:
    rows = [f"{number}.5,{('none', 'low', 'high', '')[number % 4]}" for number in range(40)]
    path = write("\n".join(["x,y", *rows]))
    data, remarks, _ = read(path)
    assert data.classes == ("high", "low")
    assert (
        "20 rows left out for want of a target, the first in row 2. "
        "Taken as missing: 'none'; with --categorical y only empty cells are." in remarks
    )
    data, remarks, _ = read(path, categorical=("y",))
    assert data.classes == ("high", "low", "none")
    assert "10 rows left out for want of a target, the first in row 5." in remarks


def test_a_name_that_ends_as_the_rest_does(read: Read, write: Write) -> None:
    names = [*(f"n{number}" for number in range(49)), "another"]
    rows = [f"{names[number % 50]},{number}.5" for number in range(199)]
    _, remarks, loaded = read(write("\n".join(["x,y", *rows])))
    assert loaded.columns[0].levels[-1] == "another"
    assert not any("more than 50 names" in one for one in remarks)


def test_a_delimiter_by_name_is_its_sign() -> None:
    assert FileRequest(path="a", target="y", delimiter="semicolon") == FileRequest(path="a", target="y", delimiter=";")


# Groups and times


def test_groups(read: Read, write: Write) -> None:
    rows = [f"{number}.5,g{number % 6},{number * 2}.5" for number in range(60)] + ["1.5,,2.5", "2.5,NA,3.5"]
    _, remarks, loaded = read(write("\n".join(["x,who,y", *rows])), group="who")
    assert [column.name for column in loaded.columns] == ["x"]
    assert loaded.groups is not None
    assert len(set(loaded.groups.tolist())) == 7
    assert (loaded.groups[:60].reshape(10, 6) == loaded.groups[:6]).all()
    assert loaded.groups[60] == loaded.groups[61]
    assert "2 rows without a group (who) stay together as one." in remarks


def test_more_groups_than_words_are_kept_of_others(read: Read, write: Write) -> None:
    rows = [f"{number % 100}.5,g{number // 2},{number * 2}.5" for number in range(50_000)]
    _, _, loaded = read(write("\n".join(["x,who,y", *rows])), group="who")
    assert loaded.groups is not None
    assert len(np.unique(loaded.groups)) == 25_000
    assert (loaded.groups[::2] == loaded.groups[1::2]).all()


def test_rows_in_order_of_time(read: Read, write: Write) -> None:
    days = np.random.default_rng(0).permutation(28) + 1
    rows = [f"2020-01-{day:02},{day}.5,{day}.25" for day in days] + [",7,7"]
    _, remarks, loaded = read(write("\n".join(["when,x,y", *rows])), time="when")
    assert loaded.target.tolist() == [day + 0.25 for day in range(1, 29)]
    assert loaded.features[:, 0].tolist() == [day + 0.5 for day in range(1, 29)]
    assert "1 row left out for want of a time (when)." in remarks
    assert loaded.times is not None
    assert loaded.times.tolist() == list(range(28))


def test_equal_times_have_one_rank(read: Read, write: Write) -> None:
    rows = [f"{2000 + number * 7 % 6},{number}.5,{number}.25" for number in range(60)]
    _, _, loaded = read(write("\n".join(["year,x,y", *rows])), time="year")
    assert loaded.times is not None
    assert loaded.times.dtype == np.int64
    assert loaded.times.tolist() == [rank for rank in range(6) for _ in range(10)]


def test_the_same_table_has_the_same_name_and_another_another(read: Read, write: Write) -> None:
    path = write(table(), "my table, of 2020.csv")
    first, _, _ = read(path)
    assert first.key.startswith("my_table_of_2020.y@")
    assert first.key == read(path)[0].key
    assert first.key != read(path, drop=("c",))[0].key
    write(table("1,a,2"), "my table, of 2020.csv")
    assert first.key != read(path)[0].key


def test_a_table_is_what_it_says(read: Read, write: Write) -> None:
    data, _, loaded = read(write(table()))
    assert msgspec.json.decode(msgspec.json.encode(data), type=Data) == data
    assert isinstance(loaded, Table)
    assert loaded.features.dtype == np.float32
    assert loaded.target.dtype == np.float64
    assert data.features == sum(column.width for column in loaded.columns) == 3


def test_what_is_taken_as_missing_names_its_cause(read: Read, write: Write) -> None:
    rows = [f"{n},{('unknown', 'a', 'b', 'NA')[n % 4]}" for n in range(80)]
    path = write("\n".join(["x,y", *rows]) + "\n")
    left = "rows left out for want of a target, the first in row 2. Taken as missing, as --missing says: 'unknown'."
    assert f"20 {left}" in read(path, missing=("unknown",), categorical=("y",))[1]
    more = " Taken as missing: 'NA'; with --categorical y only empty cells are."
    assert f"40 {left}{more}" in read(path, missing=("unknown",))[1]


def test_what_is_done_about_rare_classes_is_not_advised_again(read: Read, write: Write) -> None:
    def refused(classes: str, min_class: str) -> str:
        path = write("\n".join(["x,y", *(f"{n},{name}" for n, name in enumerate(classes))]) + "\n")
        with pytest.raises(DataError) as error:
            read(path, min_class=min_class)
        return str(error.value).partition("column y: ")[2]

    common = "ab" * 25
    assert "--min-class 5:drop" in refused(f"{common}cd", "5:join")
    assert ":join" not in refused(f"{common}cd", "5:join")
    assert refused("aabbccddeeffgghhiijjkk", "5:join").startswith("--min-class 5:join leaves one class, 'other', since")
    assert refused("aabbccddeeffgghhiijjkk", "5:drop").startswith("--min-class 5:drop leaves no class, since too many")
    assert refused(f"{'a' * 50}bbcc", "5:drop").startswith("--min-class 5:drop leaves one class, 'a', since too many")
    assert "Add rows." in refused("aaabbbcccdddeeefffggghhhiii", "2:join")
