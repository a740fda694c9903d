"""Numbers as people write them: with units, thousands, parentheses, suffixes, as durations, with codes."""

from pathlib import Path

import numpy as np
import pytest

from lossterm.data import FileRequest, arguments, preview
from lossterm.errors import DataError, UsageError

from .conftest import Read, Write

ROWS = range(60)


def column(*cells: str, name: str = "x", delimiter: str = ",") -> str:
    """Return a CSV in which a column has these cells again and again, beside a number and a target."""
    quoted = [f'"{cell}"' if delimiter in cell else cell for cell in cells]
    lines = [delimiter.join((quoted[n % len(cells)], str(n % 7), str(n + 0.5))) for n in ROWS]
    return "\n".join([delimiter.join((name, "z", "y")), *lines]) + "\n"


def test_numbers_that_can_be_read_in_one_way_only_are_read_and_said(read: Read, write: Write) -> None:
    cases: list[tuple[list[str], list[float], str]] = [
        (["$3,371,223", "$887,614", "$12"], [3371223, 887614, 12], "x: '$' beside its numbers is left out, commas"),
        (["83'136", "1’040’456", "-"], [83136, 1040456, np.nan], "apostrophes are read as separators of thousands"),
        (["1\u202f234", "12\u202f345\u202f678", "5"], [1234, 12345678, 5], "spaces are read as separators"),
        (["1\u00a0234 €", "12\u00a0345,50 €"], [1234, 12345.5], "'€' beside its numbers is left out, spaces"),
        (
            ["85 kg", "61 kg", "58.5kg"],
            [85, 61, 58.5],
            "x: 'kg' beside its numbers is left out: '58.5kg' is read as 58.5.",
        ),
        (["832.50 USD", "1,720.50 USD"], [832.5, 1720.5], "'USD' beside its numbers is left out"),
        (["USD 83", "USD 1,720,500"], [83, 1720500], "'USD 1,720,500' is read as 1720500."),
        (["₹363", "₹1,39,900", "₹2,899"], [363, 139900, 2899], "'₹' beside its numbers is left out"),
        (["10 mg", "20 mg", "500 mg"], [10, 20, 500], "'500 mg' is read as 500."),
        (["1 year", "12 years", "3 Years"], [1, 12, 3], "'Years', 'year' and 'years' beside its numbers are left out"),
        (["1st", "2nd", "3rd", "4th"], [1, 2, 3, 4], "'nd', 'rd', 'st' and 'th' beside its numbers are left out"),
        (["4.1/5", "3.9/5"], [4.1, 3.9], "'/5' beside its numbers is left out"),
        (["20 °C", "-3,5 °C"], [20, -3.5], "the comma is read as a decimal one"),
        (["9.34", "(6.01)", "(1,007.98)"], [9.34, -6.01, -1007.98], "parentheses are read as a minus sign"),
        (["$9.34", "$(6.01)", "($7)"], [9.34, -6.01, -7], "'$' beside its numbers is left out, parentheses"),
        (["762k", "1.2M", "980"], [762e3, 1.2e6, 980], "k read as thousands, M read as millions"),
        (["$1.5m", "$2bn", "$80K"], [1.5e6, 2e9, 80e3], "K read as thousands, m read as millions, bn read as billions"),
        (["12 million", "3.5 million"], [12e6, 3.5e6], "million read as millions: '3.5 million' is read as 3500000."),
        (
            ["0:50:00", "1:39:01", "39:02"],
            [3000, 5941, 2342],
            "durations are read in seconds: '0:50:00' is read as 3000.",
        ),
        (["12:30", "0:05", "115:59"], [750, 5, 6959], "minutes of hours:minutes, or seconds of minutes:seconds"),
        (
            ["1h 30min", "45 min", "2 h"],
            [5400, 2700, 7200],
            "durations are read in seconds: '1h 30min' is read as 5400.",
        ),
        (["1 hour 5 minutes", "2d 3s", "10 secs"], [3900, 172803, 10], "durations are read in seconds"),
        (["PT1H30M", "PT45M", "P1DT3.5S"], [5400, 2700, 86403.5], "durations are read in seconds: 'PT1H30M'"),
        (["90 min", "100 min"], [90, 100], "'min' beside its numbers is left out"),
        (["10,000,000+", "5,000+", "10+"], [1e7, 5000, 10], "'+' beside its numbers is left out"),
        (
            ["691.00-", "12.50", "1,000.25-"],
            [-691, 12.5, -1000.25],
            "a minus sign behind a number is read as one before it",
        ),
        (
            [f"{n},{n}00 sq ft" if n < 10 else f"{n * 10} sq ft" for n in range(7, 14)],
            [7700, 8800, 9900],
            "'sq ft' beside its numbers is left out, commas are read as separators of thousands",
        ),
        (["0 days 00:50:00", "2 days 01:00:00.5"], [3000, 176400.5], "durations are read in seconds"),
        (["1,234", "951", "12.75"], [1234, 951, 12.75], "commas are read as separators of thousands"),
        (["$200,000", "$950,000"], [200000, 950000], "commas are read as separators of thousands"),
        (["¥12,000", "¥5,000"], [12000, 5000], "commas are read as separators of thousands"),
        (["12,000円", "5,000円"], [12000, 5000], "'円' beside its numbers is left out, commas"),
        (["3.5 out of 5", "4 out of 5"], [3.5, 4], "'out of 5' beside its numbers is left out"),
        (["1.234.567", "951", "83.136"], [1234567, 951, 83136], "points are read as separators of thousands"),
    ]
    for cells, meant, sentence in cases:
        _, said, table = read(write(column(*cells)))
        assert [one.name for one in table.columns] == ["x", "z"], cells
        assert table.columns[0].kind == "number"
        np.testing.assert_array_equal(table.features[:3, 0], np.resize(np.array(meant, np.float32), 3), str(cells))
        assert any(sentence in one for one in said), (cells, said)


def test_they_are_targets_too_and_never_classes_in_silence(read: Read, write: Write) -> None:
    for cells in (["10 mg", "20 mg", "500 mg"], ["$200,000", "$350,000", "$1,500,000"], ["1.2k", "3k", "4.5k"]):
        data, said, _ = read(write(column(*cells)), "x")
        assert data.kind == "regression"
        assert any(one.startswith("x: ") and "is read as" in one for one in said)


def test_a_notation_that_shows_far_down_is_found(read: Read, write: Write) -> None:
    rows = [f"{n},{n % 7}" for n in range(3000)] + ['"1,234,567",3', '"(2,345)",4']
    _, said, table = read(write("\n".join(["x,y", *rows]) + "\n"))
    assert table.features[-2:, 0].tolist() == [1234567, -2345]
    assert any("commas are read as separators of thousands, parentheses" in one for one in said)


def test_words_with_digits_stay_words(read: Read, write: Write) -> None:
    for cells in (
        ["Q1", "Q2", "Q3"],
        ["18-25", "26-35", "65+"],
        ["3a", "4b", "5c"],
        ["A12", "A13"],
        ["10.0.0.1", "10.0.0.2"],
        ["1/2", "3/4", "1/3"],
        ["5 to 10", "10 to 20"],
    ):
        _, said, table = read(write(column(*cells)))
        assert table.columns[0].levels == tuple(cells), said


def test_two_readings_are_no_feature_and_no_target_until_one_is_named(read: Read, write: Write) -> None:
    path = write(column("83,136", "40,456", "7,250"))
    _, said, table = read(path)
    assert [one.name for one in table.columns] == ["z"]
    assert "Left out, since it holds numbers that have two readings: x." in said
    hint = "--thousands comma reads them as numbers, --categorical x as names."
    assert any(one.startswith("x: '83,136' and the like are not read as numbers") and hint in one for one in said)
    with pytest.raises(DataError, match="column x: the target has two readings") as error:
        read(path, "x")
    assert hint in str(error.value)
    data, said, table = read(path, "x", thousands="comma")
    assert data.kind == "regression"
    assert table.target[:3].tolist() == [83136, 40456, 7250]
    assert "x: commas are read as separators of thousands: '83,136' is read as 83136." in said
    assert read(path, "x", categorical=("x",))[0].classes == ("40,456", "7,250", "83,136")


def test_a_separator_that_is_named_is_one_only_where_it_can_be(read: Read, write: Write) -> None:
    lines = [f"{n + 1}.{n + 100};{48 + n / 64:.6f};{n},5" for n in ROWS]
    _, said, table = read(write("\n".join(["price;latitude;y", *lines]) + "\n"), thousands="point")
    assert table.features[:2, 0].tolist() == [1100, 2101]
    np.testing.assert_allclose(table.features[:2, 1] + table.columns[1].origin, [48, 48.015625])
    assert any(one.startswith("price: points are read as separators of thousands") for one in said)
    with pytest.raises(UsageError, match="--thousands is 'x', but must be one of comma, point, apostrophe, space"):
        FileRequest(path="/t.csv", target="y", thousands="x")


def test_bounds_are_told_with_their_share_and_what_can_be_done(read: Read, write: Write) -> None:
    cells = ["4.63", "<1.0", "2.14", "3.5", "<0.5"]
    with pytest.raises(DataError) as error:
        read(write(column(*(f"{n}.25" if n % 4 else "<1.0" for n in range(60)), name="level")), "level")
    assert (
        "column level: the target is read as words: 46 different ones in 60 rows, the first '<1.0'. level: "
        "25 % of its cells are bounds such as '<1.0', so the column is not read as numbers. "
        "Write a number instead, such as half of the limit; --missing 'level=<1.0' takes them as missing."
    ) in str(error.value)
    _, said, table = read(write(column(*cells)))
    assert any("40 % of its cells are bounds such as '<1.0'" in one for one in said)
    _, _, table = read(write(column(*cells)), missing=("<1.0", "<0.5"))
    assert table.columns[0].kind == "number"
    np.testing.assert_array_equal(table.features[:3, 0], np.array([4.63, np.nan, 2.14], np.float32))


def test_two_readings_are_told_beside_a_unit_too(read: Read, write: Write) -> None:
    _, said, _ = read(write(column("1,234 m", "2,500 m", "7,125 m")))
    assert "Left out, since it holds numbers that have two readings: x." in said
    _, said, table = read(write(column("1,234 m", "2,500 m", "7,125 m")), thousands="comma")
    assert table.features[:2, 0].tolist() == [1234, 2500]


def test_both_decimal_signs_in_a_column_are_told(read: Read, write: Write) -> None:
    _, said, _ = read(write(column("1,5", "2.75", "3,125", "4,25")))
    assert any(one.startswith("x: '1,5' has a decimal comma and '2.75' a decimal point, so they are") for one in said)


def test_two_numbers_in_a_cell_are_told(read: Read, write: Write) -> None:
    _, said, _ = read(write(column(*(f"{100 + n}/{60 + n % 9}" for n in range(60)))))
    assert any(one.startswith("x: '100/60' and the like hold two numbers each") for one in said)
    assert "Left out, since it is read as words, nearly every one different: x." in said


def test_prices_with_three_digits_behind_the_point_are_told(read: Read, write: Write) -> None:
    for cells, doubtful in (
        (["€1.234", "€2.951"], True),
        (["1.234 %", "2.951 %"], True),
        (["€1.25", "€2.951"], False),
    ):
        _, said, _ = read(write(column(*cells)))
        assert any(
            "is read as a decimal one. If it separates thousands, say --thousands point." in one for one in said
        ) == (doubtful)


def test_cells_that_are_long_or_full_of_spaces_take_no_time(read: Read, write: Write) -> None:
    for cell in ("-" + " " * 50_000 + "x", "1," * 50_000, "5 " + "k " * 30_000, "1" * 60_000 + "k"):
        read(write(column("85 kg", "61 kg", cell)))
    feet = column(*(f"{n % 5 + 3}'{n % 12}" for n in range(60)))
    assert any("hold two numbers each" in one for one in read(write(feet))[1])


def test_different_units_are_told(read: Read, write: Write) -> None:
    _, said, _ = read(write(column("10 mg", "1 g", "20 mg", "2 g")))
    hint = "x: '10 mg' and the like are numbers in different units (mg and g), so they are not read as numbers."
    assert any(one.startswith(hint) for one in said)
    assert any("different units (kg and lb)" in one for one in read(write(column("85 kg", "150 lb")))[1])
    assert not any("different units" in one for one in read(write(column("12A", "14B")))[1])


def test_words_among_numbers_are_told(read: Read, write: Write) -> None:
    _, said, _ = read(write(column(*(f"{n}M" if n % 5 else "Varies with device" for n in range(20)))))
    hint = "x: 20 % of its cells are no numbers, such as 'Varies with device', so the column is not read as numbers."
    assert any(one.startswith(hint) and "--missing 'x=Varies with device' takes them as missing" in one for one in said)
    _, said, table = read(write(column(*(f"{n}M" if n % 5 else "Varies" for n in range(20)))), missing=("varies",))
    assert table.columns[0].kind == "number"


def test_codes_of_missing_values(read: Read, write: Write, tmp_path: Path) -> None:
    path = write(column("-999", "8.5", "7.25", "-999.0", "6.75", "2.5"))
    data, said, table = read(path, "x", missing=("-999", "unknown"))
    assert data.rows == 40
    left = "20 rows left out for want of a target, the first in row 2. Taken as missing, as --missing says: "
    assert f"{left}'-999', '-999.0'." in said
    assert "No cell is 'unknown', which --missing names." in said
    assert set(table.target) == {2.5, 6.75, 7.25, 8.5}
    np.savez(
        tmp_path / "t.npz", x=np.resize([-999, 2.5, 3.5], 60), c=np.resize(["a", "?!", "b"], 60), y=np.arange(60.0)
    )
    _, _, table = read(tmp_path / "t.npz", missing=("-999", "?!"))
    np.testing.assert_array_equal(table.features[:3], [[np.nan, 0], [2.5, np.nan], [3.5, 1]])


def test_zeros_before_a_number_are_told(read: Read, write: Write) -> None:
    path = write(column("94103", "02139", "60601", name="zip"))
    _, said, table = read(path)
    hint = "zip: '02139' and the like begin with a zero and are read as numbers, without it. If they are codes, as of "
    assert any(one.startswith(hint) and one.endswith("--categorical zip takes them as names.") for one in said)
    _, said, table = read(path, categorical=("zip",))
    assert "02139" in table.columns[0].levels
    for cells in (["0.5", "0", "-0.25", "10"], ["0", "1", "100"]):
        assert not any("begin with a zero" in one for one in read(write(column(*cells)))[1])


def test_what_is_asked_stands_in_the_command_to_go_on_with(shelf: Path, write: Write) -> None:
    path = write(column("83.136", "-999", "951"))
    shown = preview(path, target="y", thousands=".", missing=("-999", "n o"), shelf=shelf)
    assert shown.command.endswith("--thousands point --missing -999 --missing 'n o'")
    assert shown.data is not None
    assert arguments(shown.data.asked)[-6:] == ["--thousands", "point", "--missing", "-999", "--missing", "n o"]


def hints(read: Read, path: Path, **more: object) -> list[str]:
    """Return what is said of the column x."""
    return [one for one in read(path, **more)[1] if one.startswith("x: ")]


def test_a_unit_that_some_cells_have_is_told_with_how_many(read: Read, write: Write) -> None:
    cases = (
        (["18 kg", "21", "3"], "'18 kg'", "'kg'"),
        (["18%", "21", "3"], "'18%'", "'%'"),
        (["€18.50", "21.25", "3.75"], "'€18.50'", "'€'"),
        (["3", "21", "18 km/h"], "'18 km/h'", "'km/h'"),
        (["3", "USD 21", "18"], "'USD 21'", "'USD'"),
        (["3k", "21", "18k EUR"], "'18k EUR'", "'EUR'"),
    )
    for cells, first, sign in cases:
        said = hints(read, write(column(*cells)))
        assert (
            f"x: 20 of its 60 numbers have {sign} beside them, such as {first}, and 40 do not; all are read as of one "
            in " ".join(said)
        ), cells
    assert not any("beside them" in one for one in hints(read, write(column("3 kg", "4 kg"))))
    rows = [f"{n} km" if n % 40 == 39 else str(n) for n in range(40)]
    data, told, _ = read(write(column(*rows)), "x")
    assert data.rows == 60
    assert any("1 of its 60 numbers have 'km' beside them" in one for one in told)
    for odd in ("1_000", "12a34", "12A", "100+"):
        _, told, table = read(write(column(*(odd if n % 60 == 7 else str(n) for n in ROWS))))
        assert np.isnan(table.features[7, 0]), odd
        assert any(f"the first is {odd!r}" in one for one in told), odd


def test_marks_of_footnotes_are_told_and_left_out(read: Read, write: Write) -> None:
    for mark in ("*", "†", "[1]", "¹", "**"):
        _, said, table = read(write(column(f"6.5{mark}", "7.25", "3.5", "4")))
        assert table.features[:2, 0].tolist() == [6.5, 7.25]
        assert any(f"15 of its 60 numbers have {mark!r} beside them" in one and "footnotes?" in one for one in said), (
            mark
        )


def test_cells_that_are_no_single_numbers_are_told_by_their_sort(read: Read, write: Write) -> None:
    cases = (
        (lambda n: f"£{n + 100}–£{n + 190}", "100 % of its cells are ranges such as '£100–£190'", "the middle"),
        (lambda n: f"{n + 100} to {n + 190}" if n % 4 == 0 else str(n), "25 % of its cells are ranges", "the middle"),
        (lambda n: f"{n + 1} 1/2", "100 % of its cells are fractions such as '1 1/2'", "6 1/2 as 6.5"),
        (lambda n: f"{n + 1}½" if n % 2 else str(n), "50 % of its cells are fractions", "6 1/2 as 6.5"),
        (
            lambda n: f"~{n}" if n % 3 == 0 else str(n),
            "33 % of its cells are approximate, such as '~0'",
            "number alone",
        ),
        (lambda n: f"ca. {n}" if n % 3 == 0 else str(n), "33 % of its cells are approximate", "Write the number alone"),
        (lambda n: "<1.0" if n % 3 == 0 else f"{n}.25", "33 % of its cells are bounds", "such as half of the limit; -"),
        (lambda n: f"{n}.5×10^{n % 7}", "100 % of its cells are powers of ten", "Write them as 1.3e5"),
        (lambda n: f"{n}.5 x 10-{n % 7}", "100 % of its cells are powers of ten", "Write them as 1.3e5"),
        (lambda n: f"'{n}", "100 % of its cells have something beside the number", "Write the number alone"),
        (lambda n: f"{n}/{(2, 4, 8)[n % 3]}", "100 % of its cells are fractions such as", "6 1/2 as 6.5"),
        (lambda n: f"{n % 9}-1/2", "100 % of its cells are fractions such as", "6 1/2 as 6.5"),
        (lambda n: f"{n}.2k–{n + 9}.4k", "100 % of its cells are ranges", "the middle"),
        (lambda n: f"{n} kg - {n + 9} kg", "100 % of its cells are ranges", "the middle"),
        (lambda n: f"{n} ± 2", "100 % of its cells are approximate", "number alone"),
        (lambda n: f"{n}.5 a" if n % 8 == 0 else f"{n}.5", "13 % of its cells have something beside", "number alone"),
        (lambda n: ">90" if n % 3 == 0 else str(n), "33 % of its cells are bounds", "such as the limit where more is"),
        (lambda n: "90+" if n % 3 == 0 else str(n), "33 % of its cells are bounds", "such as the limit where more is"),
    )
    for cell, what, instead in cases:
        said = " ".join(hints(read, write(column(*map(cell, ROWS)))))
        assert what in said
        assert instead in said
        assert "two numbers" not in said


def test_times_of_day_and_of_races_are_told(read: Read, write: Write) -> None:
    said = hints(read, write(column(*(f"{n % 12 + 1}:{n % 50 + 10} {'AP'[n % 2]}M" for n in ROWS))))
    assert said == [
        "x: '1:10 AM' and the like are times of day, not read where they have am, pm or h. Write them with 24 hours, "
        "as 09:30 and 21:30."
    ]
    _, told, table = read(write(column("5:18.63", "4:59.07")))
    np.testing.assert_allclose(table.features[:2, 0] + table.columns[0].origin, [318.63, 299.07], rtol=1e-6)
    assert "x: durations are read in seconds: '5:18.63' is read as 318.63." in told
    for times in (["10 a.m.", "7 p.m."], ["19h30", "07h05"], ["10:30 PM", "09:45"]):
        assert "and the like are times of day, not read where" in hints(read, write(column(*times)))[0]
    for cells, unit in ((["22:11:06", "08:00:59"], "seconds"), (["22:11", "08:00"], "minutes")):
        assert hints(read, write(column(*cells)))[0].startswith(
            f"x: times are read in {unit} since midnight, since hours have two digits and none is above 23; durations "
        )
    assert hints(read, write(column("22:11:06", "31:00:59")))[0].startswith("x: durations are read in seconds")


def test_yes_and_no_in_more_ways_than_one_are_told(read: Read, write: Write) -> None:
    for cells, yes in (
        (["TRUE", "False", "1", "0"], "'TRUE' (15) and '1' (15)"),
        (["yes", "no", "Y"], "'yes' (20)"),
        (["true", "0.0", "1.0"], "'true' (20)"),
    ):
        for target in ("x", "y"):
            said = [one for one in read(write(column(*cells)), target)[1] if one.startswith("x: yes")]
            assert len(said) == 1
            assert said[0].startswith(f"x: yes is written as {yes}")
            assert "Write each in one way." in said[0]
    assert hints(read, write(column("TRUE", "False", "true"))) == []


def test_an_option_for_thousands_is_named_only_where_it_helps(read: Read, write: Write) -> None:
    for cells, options in (
        (["2.728", "3,877"], "--thousands comma or --thousands point reads them"),
        (["2,728", "3,877"], "too. --thousands comma reads them"),
    ):
        assert options in " ".join(read(write(column(*cells)))[1])
    for cells, options in (
        (["12.5", "3,877"], "thousands: --thousands comma."),
        (["2.728", "3.877,5"], "thousands: --thousands point."),
        (["12.5", "3,87"], "Write all numbers with the same."),
    ):
        with pytest.raises(DataError) as error:
            read(write(column(*cells, delimiter=";").replace(".5\n", "\n")))
        assert str(error.value).endswith(options), cells
    said = hints(read, write(column("2.728 kg", "3.877 kg")))
    assert "--thousands point reads it as a separator of thousands" in said[0]
    assert "--thousands" not in hints(read, write(column("2.728 kg", "3.877 kg")), thousands="comma")[0]


def test_dates_that_are_not_read_say_why(read: Read, write: Write) -> None:
    cases = (
        (lambda n: f"{13 + n % 15}/{1 + n % 12}/21", "since their years have two digits. Write them as 2020-12-31."),
        (
            lambda n: f"2021-03-{10 + n % 9}" if n % 2 else f"{10 + n % 9}/03/2021",
            "are dates written in more ways than",
        ),
        (
            lambda n: "99/99/9999" if n % 5 == 0 else f"{13 + n % 15}/03/2021",
            "20 % of its cells are no dates, such as '",
        ),
    )
    for cell, why in cases:
        assert why in " ".join(hints(read, write(column(*map(cell, ROWS)))))
    _, told, table = read(write(column(*("99/99/9999" if n % 30 == 0 else f"{13 + n % 15}/03/2021" for n in ROWS))))
    assert table.columns[0].kind == "date"
    assert any("the first is '99/99/9999'" in one for one in told)


def test_a_target_in_several_currencies_gets_no_hint_that_is_refused(read: Read, write: Write) -> None:
    cells = [f"${n * 7}k" if n % 2 else f"€{n * 7001}" for n in range(1, 61)]
    path = write("\n".join(["x,w,price", *(f"{n % 9},{n % 7},{cell}" for n, cell in enumerate(cells))]) + "\n")
    with pytest.raises(DataError) as error:
        read(path, "price")
    assert str(error.value).endswith(
        "numbers in different currencies ($ and €), so they are not read as numbers. Convert them to one currency."
    ), error.value
    with pytest.raises(DataError, match=r"Convert them to one currency\. Leave out --kind"):
        read(path, "price", kind="regression")
    assert any("--categorical price takes them as names" in one for one in read(path, "x")[1])


def test_of_bounds_in_a_target_it_is_said_what_to_write(read: Read, write: Write) -> None:
    for cell, instead in (("<0.1", "half of the limit"), (">900", "the limit where more is meant")):
        rows = [f"{n % 9},{cell if n % 25 == 3 else n / 7}" for n in range(1, 101)]
        _, said, _ = read(write("\n".join(["x,y", *rows]) + "\n"))
        holds = f"Of these 4 hold what is not a number, first '{cell}' in row 4."
        assert f"{holds} Write a number instead, such as {instead}." in said
