"""The guess of a target: a name that targets have, else the last column that may be one."""

from pathlib import Path

import pytest

from lossterm.data import preview
from lossterm.data.guessed_target import guessed_target
from tests.data.conftest import Write


@pytest.mark.parametrize(
    ("columns", "guess"),
    [
        (("area", "price", "rooms"), "price"),
        (("Survived", "Pclass", "Age"), "Survived"),
        (("sepal", "petal", "kind"), "kind"),
        (("a", "b_label", "c"), "b_label"),
        (("label", "x", "target"), "target"),
        ((), ""),
    ],
)
def test_a_name_that_targets_have_comes_first_and_else_the_last_column(columns: tuple[str, ...], guess: str) -> None:
    name, why = guessed_target(columns)
    assert name == guess
    assert bool(why) == bool(guess)


def test_numbers_of_rows_dates_and_texts_are_not_guessed(write: Write, shelf: Path) -> None:
    rows = "\n".join(f"{n % 7},{n % 3},2020-01-{n % 28 + 1:02},a text of its own {n}" for n in range(60))
    path = write(f"x,y2,day,remark\n{rows}\n")
    shown = preview(path, shelf=shelf)
    assert shown.guess == "y2"
    assert preview(path, target="x", shelf=shelf).guess == ""


def test_what_the_warnings_advise_is_in_a_command_of_its_own(write: Write, shelf: Path) -> None:
    rows = "\n".join(
        f"{n % 7},{n * 37 % 101 * 1.5},{-999 if n % 6 == 0 else n % 11},{n * 37 % 101 * 3.0}" for n in range(1, 90)
    )
    shown = preview(write(f"x,twice,size,y\n{rows}\n"), target="y", shelf=shelf)
    assert "--drop" not in shown.command
    assert "--drop twice" in shown.advised
    assert "--missing size=-999" in shown.advised
    plain = "\n".join(f"{n % 7},{n % 5}" for n in range(90))
    assert preview(write(f"x,y\n{plain}\n", "plain.csv"), target="y", shelf=shelf).advised == ""


def test_an_id_is_advised_to_be_dropped_and_nothing_else(write: Write, shelf: Path) -> None:
    rows = "\n".join(f"{n:05},{n * 7919 % 90001:05},{n % 7},{n % 11 / 3}" for n in range(90))
    shown = preview(write(f"id,zip,x,y\n{rows}\n"), target="y", shelf=shelf)
    assert shown.advised == f"{shown.command} --drop id,zip"
    assert not any("--categorical" in one for one in shown.warnings), shown.warnings
    named = preview(write(f"id,zip,x,y\n{rows}\n"), target="y", categorical=("zip",), shelf=shelf)
    assert named.advised.endswith(" --drop id --categorical zip")
    only = "\n".join(f"{n:05},{n % 7}" for n in range(90))
    alone = preview(write(f"id,y\n{only}\n", "only.csv"), target="y", shelf=shelf)
    assert alone.advised == "", "no feature would be left"
