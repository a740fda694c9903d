"""The columns of a table, of which there may be thousands: only what is seen is drawn."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lossterm.data import ShownColumn
from lossterm.reports.cells import DASH
from lossterm.text.harmless import printable
from lossterm.tui.widgets.changing_lines import fitted

Row = tuple[str, ...]

HEADS: Row = ("column", "holds", "is", "missing", "values", "first")
WIDEST: Row = ("24", "8", "8", "7", "40", "30")
GAP = 2
LEVELS = 3
"""Names of a category that are shown."""


class ColumnList(ScrollView, can_focus=True):
    """One line per column, under their heads; one is under the cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"columns--cursor"}
    PLACE = "in the list of columns"
    BINDINGS = [  # noqa: RUF012  Textual's own form
        Binding("down,j", "move(1)", "Down", show=False, id="columns.down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="columns.up"),
        Binding("pagedown", "page(1)", "Far down", show=False, id="columns.far_down"),
        Binding("pageup", "page(-1)", "Far up", show=False, id="columns.far_up"),
        Binding("home", "end(-1)", "First", show=False, id="columns.first"),
        Binding("end", "end(1)", "Last", show=False, id="columns.last"),
    ]

    cursor: var[int] = var(0, init=False)
    """Place of the column under the cursor."""

    class Moved(Message):
        """Another column is under the cursor."""

    def __init__(self) -> None:
        super().__init__(id="columns")
        self._rows: list[Row] = []
        self._styles: list[str] = []
        self._widths: list[int] = []

    def show(self, columns: Sequence[ShownColumn], roles: Sequence[str]) -> None:
        """Show columns, each with what it is for."""
        self._rows = [_row(column, role) for column, role in zip(columns, roles, strict=True)]
        self._styles = [_style(role) for role in roles]
        self._fit()
        self.cursor = min(self.cursor, max(len(self._rows) - 1, 0))
        self._follow()
        self.refresh()

    def _fit(self) -> None:
        """Give each part the width it needs, as long as there is room; the last parts give way first."""
        room, self._widths = self.size.width, []
        for head, widest, cells in zip(HEADS, WIDEST, zip(*self._rows, strict=True), strict=False):
            needed = min(max(len(head), *(cell_len(cell) for cell in cells)), int(widest))
            if (needed > len(head) or any(cells)) and room >= min(needed, 10):
                self._widths.append(min(needed, room))
                room -= self._widths[-1] + GAP
            else:
                self._widths.append(0)
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)

    def on_resize(self) -> None:
        """Fit the parts to the new width."""
        self._fit()
        self._follow()

    def watch_cursor(self) -> None:
        """Keep the cursor in sight, and say so."""
        self._follow()
        self.refresh()
        self.post_message(self.Moved())

    def _follow(self) -> None:
        # The row of heads stays on top of what is seen.
        self.scroll_to_region(
            Region(0, self.cursor, 1, 2), animate=False, force=True, immediate=True, x_axis=False, origin_visible=False
        )

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.cursor = min(max(self.cursor + by, 0), max(len(self._rows) - 1, 0))

    def action_page(self, by: int) -> None:
        """Move it by what is seen at once."""
        self.action_move(by * max(self.size.height - 2, 1))

    def action_end(self, by: int) -> None:
        """Move it to the first or last column."""
        self.action_move(by * len(self._rows))

    def on_click(self, event: events.Click) -> None:
        """Move it to where the mouse is."""
        if event.y >= 1:
            self.action_move(event.y - 1 + self.scroll_offset.y - self.cursor)

    def render_line(self, y: int) -> Strip:
        """Return one line: the heads on top, then what is seen of the columns."""
        base = self.rich_style
        place = y - 1 + self.scroll_offset.y
        if y == 0 and self._rows:
            return self._strip(HEADS, base + Style(dim=True))
        if not 0 <= place < len(self._rows):
            return Strip.blank(self.size.width, base)
        style = base + Style.parse(self._styles[place] or "none")
        if place == self.cursor:
            style += self.get_component_rich_style("columns--cursor")
        return self._strip(self._rows[place], style)

    def _strip(self, row: Row, style: Style) -> Strip:
        cells = [fitted(cell, width) for cell, width in zip(row, self._widths, strict=True) if width]
        return Strip([Segment((" " * GAP).join(cells), style)]).crop_extend(0, self.size.width, style)


def _row(column: ShownColumn, role: str) -> Row:
    holds = DASH if column.kind == "unread" else column.kind
    values = column.values(LEVELS)
    return (
        printable(column.name) or DASH,
        holds,
        role,
        column.share,
        printable(column.why if role == "left out" else values),
        ", ".join(map(printable, column.examples)),
    )


def _style(role: str) -> str:
    return {"target": "bold", "dropped": "dim", "left out": "dim"}.get(role, "")
