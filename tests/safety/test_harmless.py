"""What makes a text harmless, wherever it is to stand."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lossterm.text.harmless import cell, clipped, in_json, in_markdown, lines_of, one_line, printable
from tests.cells import each

from .evil import BREAKS_A_CALL, EVIL, acting, formulas

any_text = st.text(st.characters(codec=None), max_size=60) | st.lists(st.sampled_from(list(EVIL.values()))).map("".join)
"""Surrogates too: a file's name may hold bytes that are not UTF-8."""


@given(any_text)
def test_a_printable_text_has_as_many_signs_and_none_that_acts(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert acting(shown, "") == {}
    assert len(shown) == len(text)
    assert printable(shown) == shown


@given(any_text)
def test_lines_keep_their_breaks_and_tabs_and_nothing_else_that_acts(text: str) -> None:
    shown = lines_of(text)
    shown.encode()
    assert acting(shown, "\n\t\u00a0\u2007\u2009\u202f") == {}
    assert [sign in "\n\t" for sign in shown] == [sign in "\n\t" for sign in text]


@given(any_text, st.integers(1, 40))
def test_what_is_clipped_is_short_and_harmless(text: str, most: int) -> None:
    shown = clipped(text, most)
    assert acting(shown, "") == {}
    assert len(shown) == min(len(text), most)


@given(any_text)
def test_one_line_is_one(text: str) -> None:
    shown = one_line(text)
    assert acting(shown, "") == {}
    assert shown == " ".join(shown.split())


@given(any_text)
def test_a_cell_is_no_formula(text: str) -> None:
    shown = cell(text)
    assert isinstance(shown, str)
    assert acting(shown, "") == {}
    assert formulas('"' + shown.replace('"', '""') + '"') == []
    assert shown.lstrip("'").split() == one_line(text).lstrip("'").split()


@pytest.mark.parametrize("value", [-1, 1.5, -0.0, None, True])
def test_a_cell_that_is_no_text_stays_what_it_is(value: object) -> None:
    assert cell(value) is value


@given(st.dictionaries(st.text(), st.text() | st.integers()))
def test_json_means_the_same_and_does_nothing(document: dict[str, object]) -> None:
    shown = in_json(json.dumps(document, ensure_ascii=False))
    assert json.loads(shown) == document


@each("text", EVIL.values(), ids=EVIL)
def test_an_evil_text_is_the_same_text_in_json(text: str) -> None:
    shown = in_json(json.dumps([text], ensure_ascii=False))
    assert acting(shown, "") == {}
    assert json.loads(shown) == [text]


@each("text", EVIL.values(), ids=EVIL)
def test_markdown_shows_an_evil_text_as_it_is(text: str) -> None:
    """As a reader of the standard reads it: paragraphs of nothing but text."""
    shown = in_markdown(text)
    assert acting(shown, BREAKS_A_CALL) == {}
    assert re.search(r"(?<![^\W_])@\w", shown) is None
    tokens = MarkdownIt("commonmark").enable("strikethrough").enable("table").parse(f"before {shown}\n\n- {shown}\n")
    inline = [token for token in tokens if token.type == "inline"]
    assert len(inline) == 2
    kinds = {child.type for token in inline for child in token.children or ()}
    assert kinds <= {"text", "text_special"}
    shown = "".join(child.content for child in inline[0].children or ())
    assert shown.replace(BREAKS_A_CALL, "").split() == f"before {printable(text)}".split()
