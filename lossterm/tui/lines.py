"""A widget that shows lines of text and repaints only those that changed: few bytes over a slow link."""

from collections.abc import Sequence

from rich.text import Text
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class Lines(ScrollView, can_focus=False):
    """Scrollable lines, set as a whole with `show`."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self._lines: list[Text] = []
        self._strips: list[Strip] = []

    def show(self, lines: Sequence[Text]) -> None:
        """Replace what is shown; only rows that differ are painted."""
        strips = [Strip(line.render(self.app.console)) for line in lines]
        changed = [
            row
            for row in range(max(len(strips), len(self._strips)))
            if row >= len(strips) or row >= len(self._strips) or strips[row] != self._strips[row]
        ]
        self._lines, self._strips = list(lines), strips
        self.virtual_size = Size(
            self.size.width, len(strips)
        )  # a change of it is a new layout; nothing scrolls sideways
        width, top = self.size.width, self.scroll_offset.y
        seen = [Region(0, row - top, width, 1) for row in changed if 0 <= row - top < self.size.height]
        if seen:  # refresh() without a region means all of the widget
            self.refresh(*seen)

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
