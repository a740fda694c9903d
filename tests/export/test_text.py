"""Names for files and text for pages, whatever they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossterm.export.text import REPLACED, clean, file_name, one_line


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my run", "my_run"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("-rf", "rf"),
        (".hidden", "hidden"),
        ("...", "_"),
        ("", "_"),
        ("a/b\\c:d", "a_b_c_d"),
        ("Grüße ☃ 損失", "Grüße___損失"),
        ("con", "_con"),
        ("nul.x", "_nul.x"),
        ("損" * 80, "損" * 40),
    ],
)
def test_a_name_of_a_file_is_safe(text: str, name: str) -> None:
    assert file_name(text) == name


@given(st.text())
def test_any_text_gives_a_name_in_the_same_directory(text: str) -> None:
    name = file_name(text)
    assert name
    assert len(name.encode()) <= 121
    assert not name.startswith((".", "-"))
    assert not set(name) & set('/\\:*?"<>|\0\n ')


@given(st.text(st.characters(codec=None), max_size=50))
def test_clean_text_can_be_written_and_moves_no_cursor(text: str) -> None:
    found = clean(text)
    found.encode()
    assert len(found) == len(text)
    assert "\n" not in one_line(text)


def test_what_acts_is_replaced() -> None:
    assert clean("a\x1b[2J\x00\x9b\u202eb\n\tc\ud800") == f"a{REPLACED}[2J{REPLACED * 3}b\n\tc{REPLACED}"
