"""The decision map of a classifier of two features: its regions as a background, with test rows on top."""

import textwrap
from collections.abc import Sequence

import numpy as np
from rich.text import Text

from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.text_lines import SMALLEST, message_lines, painted, panel

LEVELS = (0.6, 0.9)
"""Confidences from which the ground of a region is drawn stronger."""

TEXTURES = " ·:░-+=~▒^"
"""Ground of the regions of each class where there are no colours; from the eleventh class on they come again."""

_SHARES = {True: (0.16, 0.28, 0.42), False: (0.20, 0.30, 0.42)}
"""How much of a class's colour its ground holds at each level of confidence, for dark and light themes."""
_GROUND = {True: 25, False: 235}
_WRONG = {True: "bold #ffffff", False: "bold #000000"}
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_UNKNOWN = "?"

# Chosen one after the other, each as far as can be in CIELAB from those before it, as eyes with full colour vision and
# with each of the three kinds of colour blindness (Machado et al. 2009) see them; the first two are Okabe & Ito's.
_DARK: tuple[Colour, ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (150, 60, 255),
    (225, 15, 90),
    (240, 225, 150),
    (195, 60, 150),
    (0, 255, 210),
    (120, 120, 0),
    (105, 105, 210),
    (195, 165, 90),
)
_LIGHT: tuple[Colour, ...] = (
    (0, 104, 168),
    (200, 80, 0),
    (150, 0, 255),
    (120, 45, 60),
    (75, 15, 165),
    (195, 105, 135),
    (135, 0, 0),
    (135, 105, 240),
    (90, 45, 105),
    (105, 135, 75),
)


def class_colours(classes: int, *, dark: bool) -> list[Colour]:
    """Return a colour for each class, distinct from each other; ten are so for colour-blind eyes too.

    Further classes have the same ten again, nearer to the background each time.
    """
    palette = _DARK if dark else _LIGHT
    rounds = (divmod(place, len(palette)) for place in range(classes))
    return [_mixed(palette[which], 0.75**again, dark=dark) for again, which in rounds]


def decision_map(
    classes: np.ndarray,
    confidence: np.ndarray,
    points: np.ndarray,
    truth: np.ndarray,
    prediction: np.ndarray,
    colours: Sequence[Colour],
    width: int,
    height: int,
    *,
    dark: bool,
    plain: bool = False,
) -> list[Text]:
    """Draw which class is predicted where, and the test rows on it: right ones as •, wrong ones as ×.

    `classes` and `confidence` (0 … 1) are (2 · lines, columns), the first row at the top, with no more lines and
    columns than `height` and `width`; spare lines say how many rows are wrong. `points` are
    (n, 2), column and row on that grid, (0, 0) the middle of its first cell; `truth` and `prediction` are (n,), class
    numbers. `plain` draws regions as textures and rows as the digit of their true class, wrong ones reversed, with no
    colour at all. A cell whose confidence is not finite is a question mark.

    Returns `height` lines of `width` cells; words where there is nothing to draw or no room. Raises ValueError where
    the shapes do not belong together.
    """
    if classes.ndim != 2 or len(classes) % 2 or classes.shape != confidence.shape:
        raise ValueError(f"A grid of {classes.shape} classes and {confidence.shape} confidences cannot be drawn.")
    if not classes.size:
        return message_lines("Nothing to draw: there is no grid.", width, height)
    if width < SMALLEST[0] or height < SMALLEST[1] or len(classes) > 2 * height or classes.shape[1] > width:
        return message_lines("Too small to draw.", width, height)
    if not np.isfinite(confidence).any():
        return message_lines("Nothing to draw: no prediction is finite.", width, height)

    styles = [""]
    signs, inks, grounds = (
        _textured(classes, confidence) if plain else _tinted(classes, confidence, styles, colours, dark)
    )
    marks = _Marks(points, truth, prediction, classes.shape)
    for line, half, column, label, wrong in zip(
        marks.lines, marks.halves, marks.columns, marks.labels, marks.wrong, strict=True
    ):
        if plain:
            signs[line, column], style = _DIGITS[label % len(_DIGITS)], "reverse" if wrong else ""
        else:
            signs[line, column] = "×" if wrong else "•"
            style = (
                f"{_WRONG[dark] if wrong else colour_text(colours[label])} {grounds[2 * line + half, column]}".strip()
            )
        inks[line, column] = _place(style, styles)
    return panel(_captioned(painted(signs, inks, styles), marks, width, height, plain=plain), width, height)


class _Marks:
    """One mark for each cell that holds points: that of the wrong ones if there are any, of their commonest class."""

    def __init__(self, points: np.ndarray, truth: np.ndarray, prediction: np.ndarray, shape: tuple[int, ...]) -> None:
        if points.shape != (len(truth), 2) or len(truth) != len(prediction):
            raise ValueError(f"{points.shape} points, {len(truth)} true classes and {len(prediction)} predicted ones.")
        rows, columns = shape
        finite = np.isfinite(points).all(axis=1)
        places = np.floor(np.where(finite[:, None], points, -1) + 0.5)
        inside = ((places >= 0) & (places < (columns, rows))).all(axis=1)
        self.asked, self.mistaken = len(points), int((truth != prediction).sum())
        self.not_finite, self.beyond = int((~finite).sum()), int((finite & ~inside).sum())

        column, row = places[inside].astype(int).T
        kinds, first, count = np.unique(
            np.stack([row // 2 * columns + column, truth[inside] != prediction[inside], truth[inside]]).astype(int),
            axis=1,
            return_index=True,
            return_counts=True,
        )
        order = np.lexsort((kinds[2], -count, -kinds[1], kinds[0]))
        kept = order[np.unique(kinds[0][order], return_index=True)[1]]
        self.lines, self.columns = (part.tolist() for part in np.divmod(kinds[0][kept], columns))
        self.halves = (row[first[kept]] % 2).tolist()
        self.wrong, self.labels = kinds[1][kept].astype(bool).tolist(), kinds[2][kept].tolist()


def _tinted(
    classes: np.ndarray, confidence: np.ndarray, styles: list[str], colours: Sequence[Colour], dark: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return signs and places among the styles of each cell, and the background of each row of the grid as a style."""
    upper, lower, unknown = _halves(classes, confidence)
    sure = np.where(np.isfinite(confidence), confidence, 0)
    above, below = np.digitize(sure[::2], LEVELS), np.digitize(sure[1::2], LEVELS)
    split = upper != lower
    middle = np.digitize((sure[::2] + sure[1::2]) / 2, LEVELS)
    above, below = np.where(split, above, middle), np.where(split, below, middle)

    kinds, which = np.unique(
        np.stack([upper, above, lower, below, unknown], axis=-1).reshape(-1, 5), axis=0, return_inverse=True
    )
    places, top, bottom = [], [], []
    for one, high, two, low, missing in kinds.tolist():
        ground, other = (
            colour_text(_mixed(colours[label], _SHARES[dark][level], dark=dark))
            for label, level in ((one, high), (two, low))
        )
        style = "dim" if missing else f"on {ground}" if one == two else f"{other} on {ground}"
        places.append(_place(style, styles))
        top.append("" if missing else f"on {ground}")
        bottom.append("" if missing else f"on {other}")
    which = which.reshape(upper.shape)
    signs = np.where(unknown, _UNKNOWN, np.where(split, "▄", " "))
    grounds = np.empty(classes.shape, object)
    grounds[::2], grounds[1::2] = np.array(top, object)[which], np.array(bottom, object)[which]
    return signs, np.array(places)[which], grounds


def _textured(classes: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the same without any style: each cell in the texture of the class of its upper half."""
    upper, _, unknown = _halves(classes, confidence)
    signs = np.where(unknown, _UNKNOWN, np.array(list(TEXTURES))[upper % len(TEXTURES)])
    return signs, np.zeros(upper.shape, int), np.full(classes.shape, "", object)


def _halves(classes: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the classes of the upper and lower half of each cell, and the cells in which no prediction is finite."""
    known = np.isfinite(confidence)
    upper = np.where(known[::2], classes[::2], classes[1::2])
    lower = np.where(known[1::2], classes[1::2], classes[::2])
    unknown = ~known[::2] & ~known[1::2]
    return np.where(unknown, 0, upper), np.where(unknown, 0, lower), unknown


def _captioned(lines: list[Text], marks: _Marks, width: int, height: int, *, plain: bool) -> list[Text]:
    """Say how many rows are wrong in the line below, and how many are not drawn there or, without one, on the map."""
    missed = [
        f"{count} {what}" for count, what in ((marks.beyond, "beyond"), (marks.not_finite, "not finite")) if count
    ]
    if len(lines) == height:
        words = ", ".join(missed)
        if words:
            words = words if len(words) <= width else f"{marks.beyond + marks.not_finite} not drawn"[:width]
            lines[-1] = Text.assemble((words, "dim"), lines[-1][len(words) :])
        return lines
    wrong = f"{'' if plain else '× '}{marks.mistaken} of {marks.asked} wrong"
    reversed_too = f"{wrong} (reversed)" if plain and marks.mistaken else f"• right  {wrong}" if not plain else wrong
    caption = next((text for text in (reversed_too, wrong) if len(", ".join([text, *missed])) <= width), wrong)
    below = textwrap.wrap(", ".join([caption, *missed]), width) if marks.asked else []
    return [*lines, *(Text(line, "dim") for line in below)]


def _mixed(colour: Colour, share: float, *, dark: bool) -> Colour:
    """Return a colour of which the rest is the background."""
    red, green, blue = (round(share * part + (1 - share) * _GROUND[dark]) for part in colour)
    return red, green, blue


def _place(style: str, styles: list[str]) -> int:
    """Return the place of a style in the list, which it joins where it is new."""
    if style not in styles:
        styles.append(style)
    return styles.index(style)
