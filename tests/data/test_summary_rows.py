"""Last rows that sum up those above are named as such, and no hint makes names of the column they stand in."""

import pytest

from lossterm.data import preview

from .conftest import Read, Write

ROWS = [f"{n / 4 + 1},{'ab'[n % 2]},{5 + n % 10}.5" for n in range(60)]


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (["Total,,2989.8"], "Row 62 looks like a summary of the rows above ('Total' in x): it is no example"),
        ([",Grand Total,2989.8"], "Row 62 looks like a summary of the rows above ('Grand Total' in c): it is no"),
        (["Durchschnitt:,,9.5"], "Row 62 looks like a summary of the rows above ('Durchschnitt:' in x)"),
        (["sum,,570", "mean,,9.5"], "Rows 62 and 63 look like summaries of the rows above ('sum' in x): they are no"),
        ([",Subtotal,570", ",Total (all),900"], "('Subtotal' in c and 'Total (all)' in c): they are no examples"),
    ],
)
def test_a_last_row_of_sums_is_named(last: list[str], said: str, read: Read, write: Write) -> None:
    path = write("\n".join(["x,c,y", *ROWS, *last]) + "\n")
    _, remarks, _ = read(path)
    (sentence,) = [one for one in remarks if "of the rows above" in one]
    assert said in sentence
    assert sentence.endswith(f"Delete {'it' if len(last) == 1 else 'them'} from the file.")
    assert not any("--categorical" in one for one in remarks)


def test_it_is_named_without_a_target_too(write: Write) -> None:
    path = write("\n".join(["x,c,y", *ROWS, "Total,,2989.8"]) + "\n")
    assert "looks like a summary" in preview(path, shelf=path.parent / "shelf").warnings[0]


@pytest.mark.parametrize("last", [["3,total,5.5"], ["unknown,a,5.5"], ["Total,a,5.5", "3,a,5.5"], ["3,a,5.5"]])
def test_other_rows_are_not(last: list[str], read: Read, write: Write) -> None:
    rows = [*ROWS, "2,total,6.5"] if "total" in last[0] else ROWS
    _, remarks, _ = read(write("\n".join(["x,c,y", *rows, *last]) + "\n"))
    assert not any("of the rows above" in one for one in remarks)


def test_names_of_statistics_are_no_summaries(read: Read, write: Write) -> None:
    words = ["median", "sum", "std", "other"] * 15 + ["mean"]
    _, remarks, _ = read(write("a,x,y\n" + "".join(f"{word},{n / 4},{n % 7}.5\n" for n, word in enumerate(words))))
    assert not any("of the rows above" in one for one in remarks)


def test_a_total_without_a_target_is_left_out_and_told_once(read: Read, write: Write) -> None:
    _, remarks, _ = read(write("\n".join(["x,c,y", *ROWS, "Total,,"]) + "\n"))
    assert any(one.startswith("1 row left out for want of a target") for one in remarks)
    assert not any("of the rows above" in one or "--categorical" in one for one in remarks)
