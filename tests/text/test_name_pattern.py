"""Names are found by parts, alternatives and exclusions, whatever is typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossterm.text.name_pattern import matches, whole
from tests.cells import each

NAMES = ("hinge", "squared_hinge", "binary_crossentropy", "huber:delta=0.5", "a[b]?c", "Wing@1a2b")


@each(
    ("pattern", "names"),
    [
        ("", set(NAMES)),
        ("hinge", {"hinge", "squared_hinge"}),
        ("HINGE", {"hinge", "squared_hinge"}),
        ("wing", {"Wing@1a2b"}),
        ("s*hinge", {"squared_hinge"}),
        ("hinge|cross", {"hinge", "squared_hinge", "binary_crossentropy"}),
        ("hinge | !squared", {"hinge"}),
        ("!hinge", set(NAMES) - {"hinge", "squared_hinge"}),
        ("[b]", {"a[b]?c"}),
        ("]?c", {"a[b]?c"}),
        ("delta=0.5", {"huber:delta=0.5"}),
        (".", {"huber:delta=0.5"}),
        ("nothing", set()),
    ],
)
def test_names_are_found(pattern: str, names: set[str]) -> None:
    assert {name for name in NAMES if matches(pattern, name)} == names


@pytest.mark.parametrize(("text", "is_whole"), [("", True), ("hinge", True), ("hinge|", False), ("hinge | ", False)])
def test_what_is_half_typed_is_seen(text: str, is_whole: bool) -> None:
    assert whole(text) is is_whole
    assert not whole("!")


@given(st.text(max_size=60), st.sampled_from(NAMES))
def test_whatever_is_typed_is_a_pattern(pattern: str, name: str) -> None:
    assert matches(pattern, name) in (True, False)


def test_a_pattern_of_many_stars_is_answered() -> None:
    assert not matches("a*" * 30 + "z", "a" * 80)
