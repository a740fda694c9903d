"""What a person is shown of a file before training on it. Light to load: the terminal app decodes it."""

from typing import Literal

import msgspec

from lossterm.data.user_data import Data
from lossterm.losses import Kind

ShownKind = Literal["number", "boolean", "date", "category", "text", "nothing", "unread"]
Role = Literal["feature", "target", "group", "time", "dropped", "left out"]


class ShownColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a file. All text is harmless for a terminal."""

    name: str
    """As in the file."""
    kind: ShownKind
    """What its cells hold; "unread" of one that was dropped or that no table can use."""
    role: Role
    """What it is for."""
    why: str = ""
    """Why it is left out."""
    missing: float = 0.0
    """Share of cells that are missing, 0 to 1."""
    lowest: str = ""
    """Smallest number or earliest date."""
    highest: str = ""
    """Largest or latest."""
    different: int = 0
    """Different values, of categories and text; at least so many."""
    levels: tuple[tuple[str, int], ...] = ()
    """The most frequent names and their rows, of categories and booleans."""
    examples: tuple[str, ...] = ()
    """The first cells that are different, missing ones left out."""

    @property
    def share(self) -> str:
        """The share of missing cells, in words; "" for none."""
        return "" if not self.missing else "<1 %" if self.missing < 0.01 else f"{self.missing:.0%}".replace("%", " %")

    def values(self, levels: int) -> str:
        """Write the range of numbers and dates, the most frequent names of a category."""
        if self.lowest:
            return f"{self.lowest} … {self.highest}"
        names = [f"{name} {rows:,}" for name, rows in self.levels[:levels]]
        more = max(self.different, len(self.levels)) - len(names)
        if not names:
            return f"{self.different:,} different" if self.different else ""
        return ", ".join(names) + (f", {more:,} more" if more > 0 else "")


class ShownTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The column that is to be predicted."""

    kind: Kind
    """Kind of task."""
    why: str
    """Why, in a sentence."""
    rows: int
    """Rows that have a target."""
    classes: tuple[tuple[str, int], ...] = ()
    """Labels in the order of their indices, and their rows."""
    edges: tuple[float, ...] = ()
    """Edges of the bars of the histogram, one more than bars; none for classes."""
    counts: tuple[int, ...] = ()
    """Rows in each bar."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is shown of a file."""

    file: str
    """Absolute path."""
    form: Literal["csv", "parquet", "npz"]
    """How it is stored."""
    rows: int
    """Rows below the names."""
    delimiter: str | None
    """Sign between cells, None where there is none."""
    encoding: str | None
    """How text is encoded, None where that is fixed."""
    header: bool | None
    """Whether the first row names the columns, None where that is fixed."""
    columns: tuple[ShownColumn, ...]
    """In order of the file."""
    target: ShownTarget | None
    """None where no target is named, or it can't be used."""
    features: int | None
    """Inputs of the network, None without a target."""
    said: tuple[str, ...]
    """What was recognised."""
    warnings: tuple[str, ...]
    """What may be wrong."""
    problem: str
    """Why no network can be trained on it as it is asked for, in a sentence; "" where one can."""
    data: Data | None = None
    """What comparisons know of it; None where it can't be trained on, or no target is named."""
    command: str
    """The command line to go on with; "" where there is a problem, or no target."""
