"""A filter over every painted cell, borders included, for terminals whose font lacks some characters."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from lossterm.text.glyph_fallback import Markers, swapped


class GlyphFilter(LineFilter):
    """Replaces characters one for one, so that nothing moves."""

    def __init__(self, markers: Markers, *, plain: bool) -> None:
        """`markers` are what curves are drawn with; `plain` leaves nothing but ASCII on the screen."""
        super().__init__()
        self._markers: Markers = "ascii" if plain else markers
        self._plain = plain

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Replace the characters of a row."""
        return [
            segment if segment.text.isascii() else Segment(self._swapped(segment.text), segment.style, segment.control)
            for segment in segments
        ]

    def _swapped(self, text: str) -> str:
        return swapped(text, self._markers, plain=self._plain)
