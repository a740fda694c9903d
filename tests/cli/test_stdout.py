"""What is drawn without rich, beside what rich draws: byte for byte in a pipe, and on a terminal as it looks."""

import io
import sys

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossterm.cli import stdout
from lossterm.cli.rich_stdout import RichStdout
from lossterm.cli.stdout import Stdout, drawn, wrapped
from lossterm.text.columns import TableColumn

SIGNS = "ab cd  e,.-±Δ●"
"""Each takes one cell."""

WIDE = "表\u0301"
"""Two cells, and none."""

TEXTS = st.text(SIGNS, max_size=60)


class File(io.StringIO):
    """A pipe, or a terminal."""

    encoding = "utf-8"

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@st.composite
def columns(draw: st.DrawFn, signs: str = SIGNS) -> list[TableColumn]:
    texts, rows = st.text(signs, max_size=9), draw(st.integers(0, 4))
    return [
        TableColumn(draw(texts), draw(st.booleans()), tuple(draw(texts) for _ in range(rows)))
        for _ in range(draw(st.integers(1, 5)))
    ]


def printed(rich: bool, what: str | list[TableColumn], style: str, width: int, *, terminal: bool = False) -> str:
    file = File(terminal=terminal)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", file)
        patch.setenv("TERM", "xterm-256color")
        patch.setattr(stdout, "PIPE_WIDTH", width)
        patch.setenv("COLUMNS", str(width))
        patch.delenv("NO_COLOR", raising=False)
        patch.delenv("FORCE_COLOR", raising=False)
        if rich and isinstance(what, str):
            RichStdout(width).print(what, style=style)
        elif rich:
            RichStdout(width).table(list(what))  # type: ignore[arg-type]
        elif isinstance(what, str):
            Stdout().sentence(what, style)
        else:
            Stdout().table(what)
    return file.getvalue()


def seen(text: str) -> list[list[tuple[str, bool, str]]]:
    """Return what a terminal shows: each cell's sign, whether it is bold, and its colour."""
    screen = pyte.Screen(120, 60)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    shown = [[screen.buffer[row][column] for column in range(120)] for row in range(60)]
    return [[(cell.data, cell.bold and cell.data != " ", cell.fg) for cell in line] for line in shown]


@settings(deadline=None, max_examples=300)
@given(TEXTS, st.integers(5, 70))
def test_a_sentence_in_a_pipe_is_what_rich_writes(text: str, width: int) -> None:
    assert printed(False, text, "dim", width) == printed(True, text, "dim", width)


@settings(deadline=None, max_examples=300)
@given(columns(), st.integers(5, 70))
def test_a_table_in_a_pipe_is_what_rich_writes(shown: list[TableColumn], width: int) -> None:
    assert printed(False, shown, "", width) == printed(True, shown, "", width)


@settings(deadline=None, max_examples=60)
@given(TEXTS, columns(), st.sampled_from(["", "bold", "dim", "red"]), st.integers(5, 70))
def test_a_terminal_shows_what_it_shows_of_rich(text: str, shown: list[TableColumn], style: str, width: int) -> None:
    for what in (text, shown):
        mine, theirs = (printed(rich, what, style, width, terminal=True) for rich in (False, True))
        assert seen(mine) == seen(theirs)
    assert ("\x1b[2m" in printed(False, "faint", "dim", width, terminal=True)) is True


@settings(deadline=None, max_examples=60)
@given(columns(SIGNS + WIDE), st.text(SIGNS + WIDE, max_size=60))
def test_what_is_wide_is_left_to_rich(shown: list[TableColumn], text: str) -> None:
    assert printed(False, shown, "", 40) == printed(True, shown, "", 40)
    assert printed(False, text, "", 40) == printed(True, text, "", 40)


def test_most_is_drawn_here_and_what_does_not_fit_is_not() -> None:
    table = [TableColumn("loss", False, ("mse", "mae")), TableColumn("n", True, ("1", "100"))]
    assert drawn(table, 10) == ["loss     n", "─" * 10, "mse      1", "mae    100"]
    assert drawn(table, 9) is None
    assert drawn([TableColumn("", False, ("",))], 9) is None
    assert drawn([TableColumn("表", False, ())], 9) is None
    assert wrapped("one two three", 8) == ["one two ", "three"]
    assert wrapped("one two threefold", 8) is None
    assert wrapped("表", 8) is None


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_knows_no_styles_gets_none(term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", file := File(terminal=True))
    monkeypatch.setenv("TERM", term)
    Stdout().sentence("plain", "bold")
    assert file.getvalue() == "plain\n"


def test_an_output_that_is_not_in_utf_8_is_left_to_rich_which_draws_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    file = File(terminal=False)
    file.encoding = "ascii"
    monkeypatch.setattr(sys, "stdout", file)
    Stdout().table([TableColumn("loss", False, ("mse",))])
    assert file.getvalue().isascii()
    assert file.getvalue().startswith("loss\n----\n")
