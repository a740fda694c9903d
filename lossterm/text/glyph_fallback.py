"""Replaces characters that a terminal's font may lack, one for one, so that nothing moves."""

from functools import lru_cache
from typing import Literal, get_args

from rich.cells import cell_len

Markers = Literal["braille", "blocks", "ascii"]
"""What curves are drawn with."""

MARKERS: tuple[Markers, ...] = get_args(Markers)

_BRAILLE = range(0x2800, 0x2900)
_QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""Block characters by bits: upper left 1, upper right 2, lower left 4, lower right 8."""

_ASCII = str.maketrans(
    {
        **dict.fromkeys("─━═╌┄▔▁▂", "-"),
        **dict.fromkeys("│┃║┊▌▐▍▎▏▕┤├╎", "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘┬┴┼╔╗╚╝┏┓┗┛", "+"),
        **dict.fromkeys("▃▄▖▗", "."),
        **dict.fromkeys("▀▘▝", "'"),
        **dict.fromkeys("▅▆▇█▛▜▙▟■▊▋▉", "#"),
        **dict.fromkeys("░▒▓", ":"),
        **dict.fromkeys("▲↑", "^"),
        **dict.fromkeys("▼↓", "v"),
        **dict.fromkeys("▸▶→›", ">"),
        **dict.fromkeys("◂◀←‹", "<"),
        **dict.fromkeys("○•◇", "o"),
        **{"▞": "/", "▚": "\\", "□": "_", "●": "@", "×": "x", "★": "*", "◆": "&", "·": ".", "…": "~"},
        **{"−": "-", "┼": "+", "▾": "v", "✓": "+", "ℓ": "l", "′": "'", "≠": "#", "∝": "~", "∓": "-", "√": "V"},
        **dict(zip("αβγδεπστωΣ", "abgdepstwS", strict=True)),
        **{"–": "-", "—": "-", "†": "+", "≥": ">", "≤": "<", "Δ": "d", "±": "~", "≈": "~", "∞": "8", "²": "2"},
    }
)

_TOP, _UPPER, _LOWER, _BOTTOM = (0x01 | 0x08), (0x02 | 0x10), (0x04 | 0x20), (0x40 | 0x80)
_LEFT = 0x01 | 0x02 | 0x04 | 0x40


@lru_cache(maxsize=4096)
def swapped(text: str, markers: Markers, *, plain: bool) -> str:
    """Return a text of the same length in characters that a simpler terminal can show."""
    if markers != "braille":
        each = _quadrant if markers == "blocks" else _stroke
        text = "".join(each(ord(sign) - 0x2800) if ord(sign) in _BRAILLE else sign for sign in text)
    if plain:
        text = "".join(sign if sign.isascii() else "?" * cell_len(sign) for sign in text.translate(_ASCII))
    return text


def _quadrant(dots: int) -> str:
    left, right = dots & _LEFT, dots & ~_LEFT
    upper, lower = _TOP | _UPPER, _LOWER | _BOTTOM
    return _QUADRANTS[
        bool(left & upper) | bool(right & upper) << 1 | bool(left & lower) << 2 | bool(right & lower) << 3
    ]


def _stroke(dots: int) -> str:
    """Return the ASCII character that looks most like these eight dots."""
    if not dots:
        return " "
    if dots.bit_count() >= 6:
        return "#"
    left, right = dots & _LEFT, dots & ~_LEFT
    rows = [bool(dots & row) for row in (_TOP, _UPPER, _LOWER, _BOTTOM)]
    if sum(rows) >= 3:
        return "|"
    if not (left and right) or sum(rows) == 1:
        return "'`-._"[0 if rows[0] else 2 if rows[1] or rows[2] else 4 if left and right else 3]
    heights = [
        [place for place, row in enumerate((_TOP, _UPPER, _LOWER, _BOTTOM)) if side & row] for side in (left, right)
    ]
    slope = sum(heights[0]) / len(heights[0]) - sum(heights[1]) / len(heights[1])
    return "/" if slope > 0 else "\\" if slope < 0 else "-"
