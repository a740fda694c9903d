"""Names of files, whatever they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossterm.export.file_name import file_name


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
