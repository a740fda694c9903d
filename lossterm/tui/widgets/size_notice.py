"""A sentence that stands in for the panels where the terminal is too small for them."""

from textual.geometry import Size
from textual.widgets import Static

from lossterm.tui.state.key_names import KeyNames

SMALLEST = (80, 24)
"""Columns and lines below which it does."""

LEAVING = "{main.quit} quits, training goes on."


class SizeNotice(Static):
    """Says how large the terminal is, and how large it has to be."""

    def __init__(self, keys: KeyNames) -> None:
        super().__init__(id="too-small")
        self._keys = keys

    def say(self, size: Size) -> bool:
        """Say it of a terminal of this size, and return whether that is too small."""
        columns, lines = size
        self.update(
            f"{columns}×{lines} is too small: lossterm needs {SMALLEST[0]}×{SMALLEST[1]}.\n"
            f"{self._keys.told(LEAVING)}\nEnlarge it, or use `lossterm run`."
        )
        return columns < SMALLEST[0] or lines < SMALLEST[1]
