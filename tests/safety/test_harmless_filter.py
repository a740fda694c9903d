"""What the filter takes out of a row leaves every other cell where it was."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from lossterm.tui.terminal.harmless_filter import HarmlessFilter
from tests.cells import each

from .evil import EVIL, acting

BLACK = Color(0, 0, 0)


@each("text", [*EVIL.values(), "a\u00adb", "\u0600", "\ue000\U000f0000", "\u0378", "\ud800", "損\x1b失"], ids=ascii)
def test_a_row_keeps_its_cells_and_loses_what_acts(text: str) -> None:
    (segment,) = HarmlessFilter().apply([Segment(text)], BLACK)
    assert cell_len(segment.text) == cell_len(text)
    assert acting(segment.text, "") == {}


def test_a_row_that_holds_nothing_else_is_left_as_it_is() -> None:
    line = [Segment("plain"), Segment("损失 ±.02 ✓")]
    assert all(one is other for one, other in zip(HarmlessFilter().apply(line, BLACK), line, strict=True))
