"""A loop over cells reports like the cells would have: each that fails, by its name, and no other."""

import inspect

import pytest

from tests.cells import each


def test_every_cell_is_tried_and_each_that_fails_is_named() -> None:
    tried = []

    @each("number", range(5))
    @each(("letter", "length"), [("a", 1), ("bb", 2)], ids=["one", "two"])
    def loop(fixture: str, number: int, letter: str, length: int) -> None:
        tried.append((fixture, number, letter))
        assert len(letter) == length
        if number == 3 and letter == "bb":
            pytest.fail("no bb")
        assert number != 2

    assert list(inspect.signature(loop).parameters) == ["fixture"]
    with pytest.raises(ExceptionGroup, match="3 cells failed") as raised:
        loop(fixture="f")
    assert tried == [("f", number, letter) for number in range(5) for letter in ("a", "bb")]
    assert [error.__notes__ for error in raised.value.exceptions] == [
        ["in the cell one", "in the cell number=2"],
        ["in the cell two", "in the cell number=2"],
        ["in the cell two", "in the cell number=3"],
    ]


def test_a_loop_whose_cells_all_hold_says_nothing() -> None:
    @each("number", range(3), ids=str)
    def loop(number: int) -> None:
        assert number < 3

    loop()


def test_a_name_that_the_test_does_not_take_is_refused() -> None:
    def test(number: int) -> None: ...

    with pytest.raises(AssertionError, match="does not take"):
        each("numbr", [1])(test)
