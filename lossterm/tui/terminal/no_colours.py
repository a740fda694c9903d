"""No colours at all, where NO_COLOR asks for that: Textual alone would send greys."""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

APART = 0.1
"""Difference in brightness from which a ground that stands out is shown by swapping ink and ground."""


class NoColours(LineFilter):
    """Keeps bold, dim, underlined and the like, and reverses what had a background colour."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Take the colours out of a row."""
        return [
            Segment(text, style and _without_colours(style, background), control) for text, style, control in segments
        ]


@lru_cache(maxsize=1024)
def _without_colours(style: Style, background: Color) -> Style:
    plain = style.without_color
    if style.bgcolor is None or style.bgcolor.is_default:
        return plain
    ground = Color.from_rich_color(style.bgcolor)
    return plain + Style(reverse=True) if abs(ground.brightness - background.brightness) > APART else plain
