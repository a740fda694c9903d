"""Every cell that is painted passes by here: what is not shown, but would move a cursor or turn a text, is left out."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from lossterm.text.harmless import REPLACED


class HarmlessFilter(LineFilter):
    """Leaves signs that are seen, and REPLACED for each cell that another was given, so that nothing moves."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Take the signs that are not seen out of a row."""
        return [
            segment if segment.text.isprintable() else Segment(_seen(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def _seen(text: str) -> str:
    return "".join(sign if _is_seen(sign) else REPLACED * cell_len(sign) for sign in text)


def _is_seen(sign: str) -> bool:
    return sign.isprintable() or (sign.isspace() and sign not in _BREAKS)


_BREAKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
