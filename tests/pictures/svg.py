"""Frames of a terminal as SVG that any viewer draws alike: still, or moving by CSS alone.

No viewer is trusted with the width of a font: each word stands at its own x, and what has to join up (lines, blocks,
the dots of curves) is drawn as shapes. What stays the same from frame to frame is drawn once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import blend_rgb
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style

CELL, LINE, FONT = 9, 18, 15
"""Width and height of a cell and size of the font in pixels: most fonts are .6 as wide as high."""

MARGIN, BAR = 8, 28
"""Pixels around the frame, and of the window's bar above it."""

FONTS = "DejaVu Sans Mono,Menlo,Consolas,monospace"
"""Some viewers look no further than the first."""
GROUND, INK = ColorTriplet(18, 18, 18), ColorTriplet(224, 224, 224)
"""Colours where the app sets none."""

FADED = 0.4
"""Share of the background in dim text."""

STROKE, DOT = 1.2, 2.6
"""Width of a line, and of the dot of a curve."""

ARMS = {
    **{"─": "lr", "━": "lr", "│": "ud", "┃": "ud", "┼": "lrud", "├": "rud", "┤": "lud", "┬": "lrd", "┴": "lru"},
    **{"┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "╴": "l", "╵": "u", "╶": "r", "╷": "d", "╸": "l", "╺": "r"},
}
"""Line signs → where their arms go from the middle: left, right, up, down."""

CORNERS = {"╭": (CELL, LINE), "╮": (0, LINE), "╰": (CELL, 0), "╯": (0, 0)}
"""Round corners → the corner of the cell that they turn round."""

BLOCKS: Mapping[str, Sequence[tuple[float, float, float, float]]] = {
    **{sign: [(0, 1 - part / 8, 1, part / 8)] for part, sign in enumerate("▁▂▃▄▅▆▇█", 1)},
    **{sign: [(0, 0, part / 8, 1)] for part, sign in enumerate("▏▎▍▌▋▊▉", 1)},
    **{"▔": [(0, 0, 1, 1 / 8)], "▕": [(7 / 8, 0, 1 / 8, 1)], "▀": [(0, 0, 1, 0.5)], "▐": [(0.5, 0, 0.5, 1)]},
}
"""Block signs → rectangles in shares of the cell: x, y, width, height."""

_BRAILLE = 0x2800
_DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""Column and row of each dot of a braille sign, from its lowest bit on."""


class Piece(NamedTuple):
    """Cells of one row that are drawn in one way."""

    row: int
    column: int
    text: str
    kind: str
    """What is drawn: `ground`, `word`, `block`, `line` or `dots`."""
    colour: str
    bold: bool = False


Frame = tuple[Piece, ...]


def frame(rows: Iterable[Iterable[Segment]]) -> Frame:
    """Return the pieces of a screen's rows; the first is empty and has the background of the corner, which is not drawn
    again."""
    cells = [list(_cells(row)) for row in rows]
    common = next((ground for row in cells for _, _, ground, _ in row), GROUND.hex)
    pieces = [piece for place, row in enumerate(cells) for piece in _pieces(place, row, common)]
    return (Piece(0, 0, "", "ground", common), *pieces)


def _cells(row: Iterable[Segment]) -> Iterator[tuple[str, str, str, bool]]:
    """Yield text, colour, background and weight of each cell; a wide sign is followed by an empty cell."""
    for text, style, control in row:
        if control:
            continue
        ink, ground = _colours(style or Style())
        for sign in text:
            wide = cell_len(sign)
            if wide:
                yield sign, ink, ground, bool(style and style.bold)
            yield from (("", ink, ground, False) for _ in range(wide - 1))


def _colours(style: Style) -> tuple[str, str]:
    ink = INK if style.color is None or style.color.is_default else style.color.get_truecolor()
    ground = GROUND if style.bgcolor is None or style.bgcolor.is_default else style.bgcolor.get_truecolor()
    if style.reverse:
        ink, ground = ground, ink
    return (blend_rgb(ink, ground, FADED) if style.dim else ink).hex, ground.hex


def _pieces(row: int, cells: Sequence[tuple[str, str, str, bool]], common: str) -> Iterator[Piece]:
    """Join the cells of a row that are drawn alike and stand beside each other."""
    for which in (_of_ground, _of_sign):
        begun: Piece | None = None
        for column, cell in enumerate(cells):
            kind, colour, bold = which(cell, common)
            alike = begun and (begun.kind, begun.colour, begun.bold) == (kind, colour, bold)
            if begun and alike and kind != "sign":
                begun = begun._replace(text=begun.text + (cell[0] or " "))
                continue
            if begun and begun.kind:
                yield _named(begun)
            begun = Piece(row, column, cell[0], kind, colour, bold)
        if begun and begun.kind:
            yield _named(begun)


def _named(piece: Piece) -> Piece:
    return piece._replace(kind="word") if piece.kind == "sign" else piece


def _of_ground(cell: tuple[str, str, str, bool], common: str) -> tuple[str, str, bool]:
    return ("", "", False) if cell[2] == common else ("ground", cell[2], False)


def _of_sign(cell: tuple[str, str, str, bool], common: str) -> tuple[str, str, bool]:
    sign, ink, _, bold = cell
    if not sign or sign.isspace() or sign == chr(_BRAILLE):
        return "", "", False
    if sign in BLOCKS:
        return "block", ink, False
    if sign in ARMS or sign in CORNERS:
        return "line", ink, False
    if _BRAILLE < ord(sign) < _BRAILLE + 256:
        return "dots", ink, False
    return "word" if sign.isascii() else "sign", ink, bold  # a sign may come from another font, of any width


def still(picture: Frame, size: tuple[int, int], title: str) -> str:
    """Return one frame as SVG; `size` is columns and rows."""
    return _document(size, title, picture[0].colour, "", _drawn(picture))


def moving(frames: Sequence[Frame], seconds: Sequence[float], size: tuple[int, int], title: str) -> str:
    """Return frames as an endless picture, each shown for so many seconds. Viewers that do not move it show the last.

    Raises ValueError for no frames.
    """
    if not frames or len(frames) != len(seconds):
        raise ValueError("one frame at least, and a time for each")
    last, whole = len(frames) - 1, sum(seconds)
    starts = [sum(seconds[:place]) / whole for place in range(len(frames) + 1)]
    groups: dict[tuple[bool, int, int], list[Piece]] = defaultdict(list)
    for piece, (start, end) in spans(frames):
        groups[piece.kind != "ground", start, end].append(piece)
    styles, drawn = dict[str, str](), list[str]()
    for (_, start, end), pieces in sorted(groups.items()):  # backgrounds first: they lie beneath all else
        shapes = _drawn(pieces)
        if (start, end) == (0, last):
            drawn.append(shapes)
            continue
        name = f"f{start}-{end}"
        styles[name] = _keyframes(name, starts[start], starts[end + 1])
        hidden = "" if end == last else ' visibility="hidden"'
        drawn.append(f'<g{hidden} style="animation:{name} {whole:g}s step-end infinite">{shapes}</g>')
    calm = "@media (prefers-reduced-motion:reduce){g{animation:none!important}}"
    return _document(size, title, frames[-1][0].colour, "".join([*styles.values(), calm]), "".join(drawn))


def spans(frames: Sequence[Frame]) -> list[tuple[Piece, tuple[int, int]]]:
    """Return each piece with the first and the last frame of every unbroken time in which it is there."""
    there: dict[Piece, int] = {}
    every: list[tuple[Piece, tuple[int, int]]] = []
    for place, picture in enumerate(frames):
        now = dict.fromkeys(picture)
        gone = [piece for piece in there if piece not in now]
        every += [(piece, (there.pop(piece), place - 1)) for piece in gone]
        there |= {piece: place for piece in now if piece not in there}
    return every + [(piece, (start, len(frames) - 1)) for piece, start in there.items()]


def _keyframes(name: str, start: float, end: float) -> str:
    steps = [(0.0, "visible" if start == 0 else "hidden")]
    steps += [(start, "visible")] if start else []
    steps += [(end, "hidden")] if end < 1 else []
    return f"@keyframes {name}{{{''.join(f'{100 * at:.4g}%{{visibility:{what}}}' for at, what in steps)}}}"


def _drawn(pieces: Iterable[Piece]) -> str:
    """Return the shapes of pieces, those that look alike in one group; backgrounds beneath everything else."""
    groups: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for piece in sorted(pieces, key=lambda piece: (piece.kind != "ground", piece)):
        groups[piece.kind, piece.colour, piece.bold].append(_shape(piece))
    return "".join(
        f"<g {_look(kind, colour, bold)}>{''.join(shapes) if kind == 'word' else _path(shapes)}</g>"
        for (kind, colour, bold), shapes in groups.items()
        if any(shapes)
    )


def _path(shapes: Iterable[str]) -> str:
    return f'<path d="{"".join(shapes)}"/>'


def _look(kind: str, colour: str, bold: bool) -> str:
    if kind in ("line", "dots"):
        return f'class="{kind}" stroke="{colour}"'
    return f'fill="{colour}"' + (' font-weight="bold"' if bold else "")


def _shape(piece: Piece) -> str:
    x, y = piece.column * CELL, piece.row * LINE
    if piece.kind == "word":
        return f'<text x="{x}" y="{y + 13.5:g}">{escape(piece.text, quote=False)}</text>'
    if piece.kind == "ground":
        return f"M{x} {y}h{len(piece.text) * CELL}v{LINE}h-{len(piece.text) * CELL}z" if piece.text else ""
    draw = {"block": _block, "line": _line, "dots": _dots}[piece.kind]
    return "".join(draw(sign, x + place * CELL, y) for place, sign in enumerate(piece.text))


def _block(sign: str, x: float, y: float) -> str:
    return "".join(
        f"M{x + CELL * left:g} {y + LINE * top:g}h{CELL * width:g}v{LINE * height:g}h-{CELL * width:g}z"
        for left, top, width, height in BLOCKS[sign]
    )


def _line(sign: str, x: float, y: float) -> str:
    middle, centre = x + CELL / 2, y + LINE / 2
    if sign in CORNERS:
        right, bottom = CORNERS[sign]
        return f"M{middle:g} {y + bottom:g}Q{middle:g} {centre:g} {x + right:g} {centre:g}"
    ends = {"l": f"H{x:g}", "r": f"H{x + CELL:g}", "u": f"V{y:g}", "d": f"V{y + LINE:g}"}
    return "".join(f"M{middle:g} {centre:g}{ends[arm]}" for arm in ARMS[sign])


def _dots(sign: str, x: float, y: float) -> str:
    bits = ord(sign) - _BRAILLE
    # A length of almost nothing: some viewers leave out lines of none.
    return "".join(
        f"M{x + CELL * (column + 0.5) / 2:g} {y + LINE * (row + 0.5) / 4:g}h.1"
        for bit, (column, row) in enumerate(_DOTS)
        if bits >> bit & 1
    )


def _document(size: tuple[int, int], title: str, ground: str, styles: str, shapes: str) -> str:
    width, height = size[0] * CELL + 2 * MARGIN, size[1] * LINE + BAR + MARGIN
    lights = "".join(
        f'<circle cx="{18 + 20 * place}" cy="{BAR // 2}" r="6" fill="{colour}"/>'
        for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    window = f'<rect width="{width}" height="{height}" rx="8" fill="{ground}" stroke="#555"/>'
    name = f'<text x="{width // 2}" y="19" text-anchor="middle" fill="{INK.hex}">{escape(title)}</text>'
    look = (
        f"text{{font-family:{FONTS};font-size:{FONT}px;white-space:pre}}"
        f".line,.dots{{fill:none;stroke-width:{STROKE}}}.dots{{stroke-width:{DOT};stroke-linecap:round}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<title>{escape(title)}</title><style>{look}{styles}</style>"
        f'{window}{lights}{name}<g transform="translate({MARGIN} {BAR})">{shapes}</g></svg>\n'
    )
