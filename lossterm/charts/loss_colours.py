"""One stable colour per loss, told apart by colour-blind eyes (after Okabe & Ito 2008), for dark and light themes."""

from lossterm.losses import place_of

Colour = tuple[int, int, int]

_DARK: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 190, 140),
    (240, 228, 66),
    (213, 94, 0),
    (204, 121, 167),
    (120, 150, 255),
    (200, 200, 200),
    (255, 130, 130),
    (160, 220, 90),
    (190, 140, 80),
    (190, 150, 255),
)
_LIGHT: tuple[Colour, ...] = (
    (200, 80, 0),
    (0, 104, 168),
    (0, 120, 88),
    (140, 110, 0),
    (170, 30, 60),
    (150, 60, 120),
    (60, 60, 190),
    (90, 90, 90),
    (210, 40, 40),
    (70, 120, 0),
    (120, 70, 20),
    (120, 50, 200),
)


KEPT = 5
"""Colours that the usual losses of a kind have for themselves: of 20 losses some must share, but not with these."""


def colour_of(loss: str, *, dark: bool) -> Colour:
    """Return the colour of a loss: by its place among the losses of its kind, whatever is ticked or shown."""
    palette, place = _DARK if dark else _LIGHT, place_of(loss)
    return palette[place if place < KEPT else KEPT + (place - KEPT) % (len(palette) - KEPT)]


def faint(colour: Colour, *, dark: bool) -> Colour:
    """Return a colour half way to the background, for the curve of the training split."""
    ground = 25 if dark else 235
    red, green, blue = ((part + ground) // 2 for part in colour)
    return red, green, blue


def tint(colour: Colour, *, dark: bool) -> Colour:
    """Return a colour that is nearly the background, for the band over seeds."""
    ground = 25 if dark else 235
    red, green, blue = ((part + 4 * ground) // 5 for part in colour)
    return red, green, blue


def colour_text(colour: Colour) -> str:
    """Write a colour as Rich and Textual read it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
