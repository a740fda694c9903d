"""The confusion matrix: counts of predicted classes, in the best form that fits."""

from collections.abc import Sequence

import msgspec
import numpy as np
from rich.text import Text

from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.text_lines import SMALLEST, message_lines, panel
from lossterm.text.harmless import clipped

LEVELS = (0.1, 0.3)
"""Shares of a true class from which a cell is shaded stronger."""

_SHARES = (0.15, 0.3, 0.5)
"""How much of the colour the shade of a cell holds at each level."""
_GROUND = {True: 25, False: 235}
_INK = {True: "#e6e6e6", False: "#1e1e1e"}
_BLOCKS = "░▒▓█"
"""Shades for shares of up to a quarter, a half, three quarters, and all."""
_RECALL = " recall"
_LONGEST = 12
"""Characters of a name that are written."""


def confusion_matrix(
    counts: np.ndarray,
    width: int,
    height: int,
    *,
    colour: Colour,
    names: Sequence[str] | None = None,
    dark: bool = True,
) -> list[Text]:
    """Draw how many rows of each true class (down) were predicted as which (across), with the diagonal bold.

    `counts` is (classes, classes), true by predicted; `names` has one for each class, else they are numbered. The best
    form that has room is taken: counts with each class's recall, counts, percent of the true class, shaded blocks, a
    list of the commonest mistakes. Returns `height` lines of `width` cells; words where there is nothing to count or
    no room. Raises ValueError for a matrix that is not square or not as wide as there are names.
    """
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or (names is not None and len(names) != len(counts)):
        raise ValueError(f"{counts.shape} counts of {len(counts) if names is None else len(names)} classes.")
    if not np.isfinite(counts).all():
        return message_lines("Nothing to draw: not all counts are finite.", width, height)
    if not counts.sum():
        return message_lines("Nothing to draw: there are no rows.", width, height)
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return message_lines("Too small to draw.", width, height)
    labels = [clipped(name, _LONGEST) for name in (map(str, range(len(counts))) if names is None else names)]
    matrix = _Matrix(np.rint(counts).astype(int), labels, colour, dark)
    forms = (_counted, _in_percent, _shaded, _listed)
    drawn = (form(matrix, width, height) for form in forms)
    return panel(next(lines for lines in drawn if lines), width, height)


class _Matrix(msgspec.Struct, frozen=True):
    counts: np.ndarray
    labels: Sequence[str]
    colour: Colour
    dark: bool

    def style(self, true: int, predicted: int) -> str:
        """Return how a cell looks: bold where it is right, else shaded by its share of the row."""
        count, row = self.counts[true, predicted], self.counts[true].sum()
        if not count:
            return "dim"
        if true == predicted:
            return f"bold {colour_text(self.colour)}"
        share = _SHARES[int(np.digitize(count / row, LEVELS))]
        red, green, blue = (round(share * part + (1 - share) * _GROUND[self.dark]) for part in self.colour)
        return f"{_INK[self.dark]} on {colour_text((red, green, blue))}"


def _counted(matrix: _Matrix, width: int, height: int) -> list[Text]:
    texts = [[str(count) if count else "·" for count in row] for row in matrix.counts.tolist()]
    cell = max(len(text) for row in texts for text in row) + 1
    room = width - max(map(len, matrix.labels)) - 1 - max(cell, 3) * len(texts)
    rows = matrix.counts.tolist()
    recalls = [f"{_percent(row[place], sum(row))} %" if any(row) else "–" for place, row in enumerate(rows)]
    titles = ("true ↓ predicted →, rows of each", "true ↓ predicted →", "↓true →pred.")
    return _table(matrix, texts, recalls if room >= len(_RECALL) else [], titles, max(cell, 3), width, height)


def _in_percent(matrix: _Matrix, width: int, height: int) -> list[Text]:
    texts = [[_percent(count, sum(row)) if count else "·" for count in row] for row in matrix.counts.tolist()]
    titles = ("true ↓ predicted →, % of each true class", "true ↓ pred. → in %", "true↓ pred→%")
    return _table(matrix, texts, [], titles, 4 if len(texts) * 4 + 1 < width // 2 else 3, width, height)


def _table(
    matrix: _Matrix,
    texts: Sequence[Sequence[str]],
    recalls: Sequence[str],
    titles: Sequence[str],
    cell: int,
    width: int,
    height: int,
) -> list[Text]:
    """Return title, heads and rows of numbers; nothing where they have no room."""
    classes, longest = len(texts), max(map(len, matrix.labels))
    rest = width - len(_RECALL) * bool(recalls)
    first = min(longest + 1, rest - cell * classes)
    if first < min(longest + 1, 4) or classes + 1 > height:
        return []
    cell = max(cell, min(max(longest + 1, cell + 2), (rest - first) // classes))
    lines = [_first(titles, width)]
    if classes + 2 <= height:  # else the columns stand in the order of the rows, and go without heads
        heads = "".join(f"{_cut(label, cell - 1):>{cell}}" for label in matrix.labels)
        lines.append(Text(f"{'':{first}}{heads}{_RECALL if recalls else ''}", "dim"))
    for true, row in enumerate(texts):
        line = Text.assemble((f"{_cut(matrix.labels[true], first - 1):<{first}}", "dim"))
        for predicted, text in enumerate(row):
            line.append(f"{text:>{cell}}", matrix.style(true, predicted))
        line.append(f"{recalls[true]:>{len(_RECALL)}}" if recalls else "", "dim")
        lines.append(line)
    return lines


def _shaded(matrix: _Matrix, width: int, height: int) -> list[Text]:
    """Return a block for each cell, two columns wide where there is room; nothing where there is not even for one."""
    classes, longest = len(matrix.labels), max(map(len, matrix.labels))
    cell = 2 if min(longest, 3) + 1 + 2 * classes <= width else 1
    first = min(longest + 1, width - cell * classes)
    if first < min(longest, 3) + 1 or classes + 1 > height:
        return []
    whole = "true ↓ predicted →, shares as ░▒▓█, counts left out"
    lines = [_first((whole, "↓true →pred. ░▒▓█", "↓true →pred."), width)]
    for label, row in zip(matrix.labels, matrix.counts.tolist(), strict=True):
        blocks = "".join(_block(count, sum(row)) * cell for count in row)
        lines.append(Text.assemble((f"{_cut(label, first - 1):<{first}}", "dim"), (blocks, colour_text(matrix.colour))))
    return lines if len(whole) <= width else [*lines, _first(("counts left out", "no counts"), width)]


def _listed(matrix: _Matrix, width: int, height: int) -> list[Text]:
    """Return the commonest mistakes, as many as there are lines for."""
    counts, mistakes = matrix.counts, matrix.counts * ~np.eye(len(matrix.counts), dtype=bool)
    order = np.argsort(-mistakes, axis=None, kind="stable")[: np.count_nonzero(mistakes)]
    pairs = [divmod(int(place), len(counts)) for place in order]
    right, rows = int(np.trace(counts)), int(counts.sum())
    lines = [_first((f"{right} of {rows} right", f"{_percent(right, rows)} % right"), width)]
    if pairs:
        lines.append(_first(("commonest mistakes, true → predicted", "true → predicted", "true → pred."), width))
    room = height - len(lines)
    shown = pairs if len(pairs) <= room else pairs[: room - 1]
    for true, predicted in shown:
        end = f" {counts[true, predicted]}×"
        half = max((width - len(end) - 3) // 2, 1)
        lines.append(Text(f"{_cut(matrix.labels[true], half)} → {_cut(matrix.labels[predicted], half)}{end}"))
    if len(shown) < len(pairs):
        lines.append(_first((f"{len(pairs) - len(shown)} more left out", f"{len(pairs) - len(shown)} more"), width))
    return lines


def _first(titles: Sequence[str], width: int) -> Text:
    """Return the first title that fits, else the last."""
    return Text(next((title for title in titles if len(title) <= width), titles[-1]), "dim")


def _percent(count: int, row: int) -> str:
    """Write a share in two digits, 100 only for all and 0 only for none."""
    if count and 200 * count < row:
        return "<1"
    return "99" if count < row and round(100 * count / row) == 100 else str(round(100 * count / row))


def _block(count: int, row: int) -> str:
    return _BLOCKS[min(int(4 * count / row), 3)] if count else "·"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: max(length - 1, 0)]}…"[:length]
