"""A filter over every painted cell that drops invisible characters: they could move the cursor or reverse the text."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from lossterm.text.harmless import REPLACED


class HarmlessFilter(LineFilter):
    """Keeps visible characters, and puts REPLACED in each cell of the others, so that nothing moves."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Remove the invisible characters from a row."""
        return [
            segment if segment.text.isprintable() else Segment(_seen(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def _seen(text: str) -> str:
    return "".join(sign if _is_seen(sign) else REPLACED * cell_len(sign) for sign in text)


def _is_seen(sign: str) -> bool:
    return sign.isprintable() or (sign.isspace() and sign not in _BREAKS)


_BREAKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
