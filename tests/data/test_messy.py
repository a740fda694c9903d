"""Tables as they come: each loads at the first try, or with what the first try's sentence says."""

import random

import numpy as np
import pytest

from lossterm.errors import DataError, UnknownName

from .conftest import Read, Write

R = random.Random(1)
ROWS = range(120)


def lines(names: str, *rows: str) -> str:
    return "\n".join([names, *rows]) + "\n"


def comma(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")


def test_a_german_export(read: Read, write: Write) -> None:
    rows = [f"{n % 28 + 1:02}.03.2021;{comma(150 + n / 3)};{('Köln', 'München')[n % 2]};{comma(n)} €" for n in ROWS]
    data, remarks, table = read(
        write(lines("Datum;Größe;Stadt;Preis", *rows).replace("\n", "\r\n"), encoding="cp1252"), "Preis"
    )
    assert data.kind == "regression"
    assert [(column.name, column.kind) for column in table.columns] == [
        ("Datum", "date"),
        ("Größe", "number"),
        ("Stadt", "category"),
    ]
    assert table.target.tolist() == [float(n) for n in ROWS]
    assert "Preis: '€' beside its numbers is left out." in remarks


def test_passengers_with_missing_ages(read: Read, write: Write) -> None:
    rows = [
        f'{n + 1},{n % 3 // 2},{n % 3 + 1},"Smith{n}, Mr. John ""J""",{("male", "female")[n % 2]},'
        f"{'' if n % 5 == 0 else 20 + n % 40},A/5 {2000 + n},{n * 1.5:.4f},{'' if n % 4 else f'B{n}'},{'SCQ'[n % 3]}"
        for n in ROWS
    ]
    data, remarks, table = read(
        write(lines("PassengerId,Survived,Pclass,Name,Sex,Age,Ticket,Fare,Cabin,Embarked", *rows)), "Survived"
    )
    assert (data.kind, data.classes) == ("binary", ("0", "1"))
    assert [column.name for column in table.columns] == ["PassengerId", "Pclass", "Sex", "Age", "Fare", "Embarked"]
    assert [column.name for column in table.columns if column.missing] == ["Age"]
    assert "Left out, since it is free text, nearly every cell different: Name, Ticket, Cabin." in remarks
    assert any("--drop PassengerId leaves it out." in one for one in remarks)


def test_wines(read: Read, write: Write) -> None:
    rows = [f"{7 + n / 50:.1f};{n / 100:.2f};{9 + n % 7 / 10:.1f};{3 + n % 6}" for n in ROWS]
    data, _, table = read(write(lines('"fixed acidity";"volatile acidity";"alcohol";"quality"', *rows)), "quality")
    assert (data.kind, data.classes) == ("multiclass", ("3", "4", "5", "6", "7", "8"))
    assert [column.name for column in table.columns] == ["fixed acidity", "volatile acidity", "alcohol"]


def test_text_as_excel_saves_it(read: Read, write: Write) -> None:
    rows = [f"Müller{n % 4}\t{comma(n / 7)}\t{('ja', 'nein')[n % 2]}" for n in ROWS]
    content = lines("Name\tWert\tKauf", *rows).replace("\n", "\r\n")
    data, _, table = read(write(content, "book.txt", "utf-16"), "Kauf")
    assert data.classes == ("ja", "nein")
    assert table.columns[0].levels == ("Müller0", "Müller1", "Müller2", "Müller3")


def test_cells_of_several_lines(read: Read, write: Write) -> None:
    rows = [f'"first {n % 3}\nsecond, ""quoted""",{n}.5' for n in ROWS]
    _, _, table = read(write(lines("remark,y", *rows)))
    assert table.columns[0].levels[0] == 'first 0\nsecond, "quoted"'


def test_american_dates(read: Read, write: Write) -> None:
    rows = [f"{n % 12 + 1}/{n % 28 + 1}/2021 {n % 12 + 1}:30 {('AM', 'PM')[n % 2]},{n}.5" for n in ROWS]
    _, _, table = read(write(lines("when,y", *rows)))
    assert table.columns[0].kind == "date"


def test_dates_that_nobody_can_tell(read: Read, write: Write) -> None:
    rows = [f"{n % 12 + 1}/{n % 11 + 1}/2021,{n},{n}.5" for n in ROWS]
    _, remarks, _ = read(write(lines("when,x,y", *rows)))
    hint = next(one for one in remarks if one.startswith("when: '1/1/2021' and the like are not read as dates"))
    assert hint.endswith("Write them as 2020-12-31.")


def test_percent_and_dollars_and_thousands(read: Read, write: Write) -> None:
    rows = [f'{n}%,${n}.25,"${n + 1},{n + 100}.50",{n}.5' for n in ROWS]
    _, remarks, table = read(write(lines("rate,price,total,y", *rows)))
    assert [column.name for column in table.columns] == ["rate", "price", "total"]
    np.testing.assert_array_equal(table.features[:, 1], [n + 0.25 for n in ROWS])
    np.testing.assert_array_equal(table.features[:, 2], [1000 * (n + 1) + n + 100.5 for n in ROWS])
    assert any(one.startswith("total: '$' beside its numbers is left out") for one in remarks)


def test_thousands_in_few_cells_are_not_taken_as_missing(read: Read, write: Write) -> None:
    rows = [f"{n},{n % 7}.5,{n}.5" for n in ROWS] + ['"1,234",1,3']
    _, remarks, table = read(write(lines("x,z,y", *rows)))
    assert [column.name for column in table.columns] == ["z"]
    assert any(one.startswith("x: '1,234' and the like are not read as numbers") for one in remarks)


@pytest.mark.parametrize(
    ("delimiter", "cells"),
    [
        (";", ["1.234,5", "12,25", "7", "-1.234.567,25", "€ 2.000,00"]),
        (";", ["1 234,5", "12,25", "7", "\u22121\u202f234\u202f567,25", "2\u00a0000,00"]),
        (";", ["1,234.5", "12.25", "7", "-1,234,567.25", "2'000.00"]),
        (",", ['"1,234.5"', "12.25", "7", '"-1,234,567.25"', '"2,000.00 €"']),
        ("\t", ["1’234.5", "12.25", "7", "-1’234’567.25", "2,000.00"]),
    ],
)
def test_thousands_are_read_where_a_decimal_sign_of_another_kind_tells_them(
    delimiter: str, cells: list[str], read: Read, write: Write
) -> None:
    meant = [1234.5, 12.25, 7, -1234567.25, 2000]
    rows = [delimiter.join((cells[n % 5], str(n % 3))) for n in ROWS]
    _, remarks, table = read(write(lines(delimiter.join("xy"), *rows)))
    np.testing.assert_array_equal(table.features[:, 0], [meant[n % 5] for n in ROWS])
    assert not any("thousands" in one for one in remarks)


def test_a_sign_that_separates_here_and_is_decimal_there_is_refused(read: Read, write: Write) -> None:
    rows = [f"1.234,5;{n}" for n in ROWS] + ["1.234;3"]
    with pytest.raises(DataError, match=r"'1\.234' has a decimal point, and '1\.234,5' in row 2 has a decimal comma"):
        read(write(lines("x;y", *rows)))


def test_a_comma_that_may_separate_thousands_is_said(read: Read, write: Write) -> None:
    rows = [f"{n % 9 + 1},{n + 100};{n}" for n in ROWS]
    _, remarks, table = read(write(lines("x;y", *rows)))
    assert table.features[0, 0] == np.float32(1.1)
    assert any(one.startswith("x: the comma in '1,100' is read as a decimal one.") for one in remarks)


def test_a_point_that_may_separate_thousands_is_said(read: Read, write: Write) -> None:
    rows = [f"{n % 9 + 1}.{n + 100};{n},5" for n in ROWS] + ["951;3,25"]
    _, remarks, table = read(write(lines("x;y", *rows)))
    assert table.features[0, 0] == np.float32(1.1)
    assert any(one.startswith("x: the point in '1.100' is read as a decimal one.") for one in remarks)


@pytest.mark.parametrize(
    ("cells", "doubtful"),
    [
        (["1.100", "2.951"], True),
        (["1.100", "951"], True),
        (["1.100", "951", "1.5"], False),
        (["0.951", "951"], False),
        (["1.100", "0"], True),
        (["-$1.100", "$951", "NA"], True),
    ],
)
def test_which_points_may_separate_thousands(cells: list[str], doubtful: bool, read: Read, write: Write) -> None:
    rows = [f"{cells[n % len(cells)]},{n / 8}" for n in range(3000)]
    _, remarks, _ = read(write(lines("x,y", *rows)))
    assert any(one.startswith("x: the point in '") for one in remarks) == doubtful


def test_columns_with_different_decimal_signs_are_said(read: Read, write: Write) -> None:
    rows = [f"{n},5;{n}.25" for n in ROWS]
    _, remarks, _ = read(write(lines("x;y", *rows)))
    assert any(one.startswith("Decimal commas in x (row 2) and points in y (row 2)") for one in remarks)


def test_no_names_spaces_and_question_marks(read: Read, write: Write) -> None:
    rows = [f"{20 + n % 40}, {('Private', '?', 'State-gov')[n % 3]}, {n * 7}, {('<=50K', '>50K')[n % 2]}" for n in ROWS]
    path = write("\n".join(rows) + "\n", "adult.data")
    with pytest.raises(UnknownName, match=r"Known: column_1, column_2, column_3, column_4\."):
        read(path, "income")
    data, _, table = read(path, "column_4")
    assert data.classes == ("<=50K", ">50K")
    assert table.columns[1].missing


def test_numbers_in_columns_of_spaces(read: Read, write: Write) -> None:
    rows = [f" {n / 7:9.5f}  {n % 5:3d}   {n % 2}  {n + 0.5:6.2f}" for n in ROWS]
    _, remarks, table = read(write("\n".join(rows) + "\n", "housing.data"), "column_4")
    assert table.target[3] == 3.5
    assert "Read as text in UTF-8 with spaces between cells and no row of names." in remarks


def test_an_index_without_a_name_and_gaps(read: Read, write: Write) -> None:
    rows = [f"{n},{('True', 'False', '')[n % 3]},{'NaN' if n % 7 == 0 else n / 3},{n}.5" for n in ROWS]
    _, remarks, table = read(write(lines(",flag,temp,y", *rows)))
    assert [(column.name, column.kind, column.missing) for column in table.columns] == [
        ("column_1", "number", False),
        ("flag", "boolean", True),
        ("temp", "number", True),
    ]
    assert any("--drop column_1 leaves it out." in one for one in remarks)


def test_a_delimiter_at_each_end(read: Read, write: Write) -> None:
    _, remarks, table = read(write(lines("x;y;", *(f"{n};{n}.5;" for n in ROWS))))
    assert [column.name for column in table.columns] == ["x"]
    assert "Left out, since it is empty in every row: column_3." in remarks


def test_sums_below_the_table(read: Read, write: Write) -> None:
    data, remarks, _ = read(write(lines("x,y", *(f"{n}.5,{n}.5" for n in ROWS), "Total,", "")))
    assert data.rows == 120
    assert "1 row left out for want of a target, the first in row 122." in remarks


def test_a_header_of_the_wrong_width(read: Read, write: Write) -> None:
    with pytest.raises(DataError, match=r"row 1: 3 cells where most rows have 4"):
        read(write(lines("x,z,y", *(f"{n},1,2,{n}.5" for n in ROWS))))
