"""A drawn chart: its lines, and where in them the numbers lie; and one that is ready to be drawn."""

from collections.abc import Callable

import msgspec
from rich.text import Text

from lossterm.charts.axes import Axis
from lossterm.charts.text_lines import message_lines


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """The cells between a chart's axes; maps a column to its number, so that callers need not parse the text."""

    left: int
    """Its first column in the drawing."""
    top: int
    """Its first line."""
    columns: int
    """How wide it is."""
    rows: int
    """How high it is."""
    x: Axis
    """The level axis, from its first column to its last."""

    def x_at(self, column: int) -> float | None:
        """Return the number at a column of the drawing, None outside the region and where it is a single column."""
        place = column - self.left
        return self.x.at(place / (self.columns - 1)) if self.columns > 1 and 0 <= place < self.columns else None


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """What every chart function returns."""

    lines: tuple[Text, ...]
    """The picture, every line equally wide."""
    regions: tuple[Region, ...] = ()
    """Where numbers lie in it, one for each pair of axes; none where words stand in place of a chart."""

    def x_at(self, column: int, line: int) -> float | None:
        """Return the number at a column, on the axis of the chart that a line belongs to; None where there is none.

        What is written beneath a chart belongs to it.
        """
        top = max((region.top for region in self.regions if region.top <= line), default=None)
        numbers = (region.x_at(column) for region in self.regions if region.top == top)
        return next((number for number in numbers if number is not None), None)

    def above(self, below: "Drawing") -> "Drawing":
        """Return both, this one on top."""
        moved = (msgspec.structs.replace(one, top=one.top + len(self.lines)) for one in below.regions)
        return Drawing(lines=(*self.lines, *below.lines), regions=(*self.regions, *moved))

    def beside(self, right: "Drawing") -> "Drawing":
        """Return both, this one at the left. They have as many lines."""
        wide = self.lines[0].cell_len if self.lines else 0
        moved = (msgspec.structs.replace(one, left=one.left + wide) for one in right.regions)
        lines = (Text.assemble(*pair) for pair in zip(self.lines, right.lines, strict=True))
        return Drawing(lines=tuple(lines), regions=(*self.regions, *moved))


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A chart that is laid out but not drawn: its numbers are its own, so that another thread may draw it."""

    draw: Callable[[], Drawing]
    """Draws it."""
    cost: int
    """How long that takes, in dots: ten thousand take about a twentieth of a second."""

    def above(self, below: "Prepared") -> "Prepared":
        """Return both, this one on top."""
        return Prepared(draw=lambda: self.draw().above(below.draw()), cost=self.cost + below.cost)


def in_words(words: str, width: int, height: int) -> Drawing:
    """Return a message in place of a chart, wrapped, in exactly `height` lines of exactly `width` cells."""
    return Drawing(lines=tuple(message_lines(words, width, height)))


def prepared_words(words: str, width: int, height: int) -> Prepared:
    """Return the same where a chart that is laid out was asked for."""
    return Prepared(draw=lambda: in_words(words, width, height), cost=0)
