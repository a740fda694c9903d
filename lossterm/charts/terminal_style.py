"""What the terminal can show: which colours, if any."""

import msgspec

from lossterm.charts.loss_colours import Colour, colour_of, colour_text, faint
from lossterm.charts.verdict_colours import verdict_colour


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """What the terminal can show."""

    dark: bool
    """Whether its ground is dark."""
    plain: bool = False
    """Whether it has no colours, so that curves are told apart by their names."""
    bands: bool = True
    """Whether bands are drawn: they are most of the bytes."""

    def colour(self, loss: str) -> Colour:
        """Return the colour of a loss."""
        return colour_of(loss, dark=self.dark)

    def faint(self, loss: str) -> Colour:
        """Return its fainter colour."""
        return faint(self.colour(loss), dark=self.dark)

    def of_loss(self, loss: str) -> str:
        """Return how a loss's name is written, as Rich reads it; "" without colours."""
        return "" if self.plain else colour_text(self.colour(loss))

    def of_verdict(self, verdict: str) -> str:
        """Return how what a verdict is about is written, as Rich reads it; "" without colours and for other words."""
        colour = None if self.plain else verdict_colour(verdict, dark=self.dark)
        return colour_text(colour) if colour else ""
