"""A widget that shows lines of text and repaints rows only as far as they changed: few bytes over a slow link."""

import math
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lossterm.text.harmless import printable

STEP = 4
"""Lines by which what can be scrolled through grows."""


class ChangingLines(ScrollView, can_focus=False):
    """Scrollable lines, set as a whole with `show`."""

    class Resized(Message):
        """There is another size to draw in."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._lines: list[Text] = []
        self._strips: list[Strip] = []

    def on_resize(self) -> None:
        """Post the new size."""
        self.post_message(self.Resized())

    def show(self, lines: Sequence[Text]) -> None:
        """Replace what is shown; rows are painted as far as the last cell that differs."""
        strips = [Strip(line.render(self.app.console)) for line in lines]
        width, top = self.size.width, self.scroll_offset.y
        changed = [
            Region(0, row - top, end, 1)  # Textual paints from the left edge of the widget, whatever it is told
            for row in range(max(len(strips), len(self._strips)))
            if 0 <= row - top < self.size.height
            and (end := _last_change(_at(self._strips, row), _at(strips, row), width))
        ]
        self._lines, self._strips = list(lines), strips
        # Another size is a new layout, and all of the screen is painted: so it changes in steps. Nothing goes sideways.
        self.virtual_size = Size(width, max(self.size.height, STEP * math.ceil(len(strips) / STEP)))
        if changed:  # refresh() without a region means all of the widget
            self.refresh(*changed)

    @property
    def rows(self) -> list[Text]:
        """What is shown."""
        return self._lines

    @property
    def text(self) -> str:
        """What is shown, without colours."""
        return "\n".join(line.plain for line in self._lines)

    def render_line(self, y: int) -> Strip:
        """Return one row of the visible part."""
        row, style = y + self.scroll_offset.y, self.rich_style
        if row >= len(self._strips):
            return Strip.blank(self.size.width, style)
        return self._strips[row].crop_extend(0, self.size.width, style).apply_style(style)


def fitted(text: str, width: int) -> str:
    """Return a harmless text in exactly `width` cells: filled up with spaces, or cut with an ellipsis."""
    text = printable(text)
    return set_cell_size(text, width) if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"


def _at(strips: Sequence[Strip], row: int) -> Strip:
    return strips[row] if row < len(strips) else Strip([])


def _last_change(old: Strip, new: Strip, width: int) -> int:
    """Return how many of a row's `width` cells to paint so that all which differ are: 0 if none does."""
    if old == new:
        return 0
    cells_old, cells_new = _cells(old, width), _cells(new, width)
    if cells_old is None or cells_new is None:
        return width
    return max((place + 1 for place in range(width) if cells_old[place] != cells_new[place]), default=0)


def _cells(strip: Strip, width: int) -> list[tuple[str, object]] | None:
    """Return character and style of each cell, None if a character is wider than a cell."""
    cells: list[tuple[str, object]] = [(sign, segment.style) for segment in strip for sign in segment.text]
    if len(cells) != strip.cell_length:
        return None
    return (cells + [(" ", None)] * (width - len(cells)))[:width]
