"""One colour per verdict, told apart by colour-blind eyes (after Okabe & Ito 2008), for dark and light themes."""

from lossterm.charts.loss_colours import Colour

_DARK: dict[str, Colour] = {
    "best": (0, 190, 140),
    "equal": (86, 180, 233),
    "open": (230, 159, 0),
    "worse": (213, 94, 0),
}
_LIGHT: dict[str, Colour] = {
    "best": (0, 120, 88),
    "equal": (0, 104, 168),
    "open": (140, 110, 0),
    "worse": (170, 30, 60),
}


def verdict_colour(verdict: str, *, dark: bool) -> Colour | None:
    """Return the colour of a verdict, None for any other word: the word itself stands beside what is coloured."""
    return (_DARK if dark else _LIGHT).get(verdict)
