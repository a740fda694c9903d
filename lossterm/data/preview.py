"""The preview of a file that is shown before training on it. Light to import, since the terminal app decodes it."""

from typing import Literal

import msgspec

from lossterm.data.user_data import Data
from lossterm.losses import Kind
from lossterm.text.numbers import counted

ShownKind = Literal["number", "boolean", "date", "category", "text", "nothing", "unread", "array"]
Role = Literal["feature", "inputs", "target", "group", "time", "weight", "dropped", "left out"]


class ShownColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a file. All text is harmless for a terminal."""

    name: str
    """As in the file."""
    kind: ShownKind
    """What its cells hold; "unread" for a column that was dropped or that no table can use."""
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
    """Number of distinct values of a category or text, as a lower bound."""
    levels: tuple[tuple[str, int], ...] = ()
    """The most frequent names of a category or boolean, each with its number of rows."""
    examples: tuple[str, ...] = ()
    """The first distinct cells, without missing ones."""
    shape: tuple[int, ...] = ()
    """Of an array, rows first."""
    dtype: str = ""
    """Of an array, as in the file."""
    memory: str = ""
    """How much of it an array takes as float32."""

    @property
    def share(self) -> str:
        """The share of missing cells in words; "" if none is missing."""
        return "" if not self.missing else "<1 %" if self.missing < 0.01 else f"{self.missing:.0%}".replace("%", " %")

    @property
    def dimensions(self) -> str:
        """The shape of an array in words."""
        return " × ".join(f"{size:,}" for size in self.shape)

    def values(self, levels: int) -> str:
        """Describe the values: range of numbers and dates, shape of arrays, the most frequent names of a category."""
        if self.kind == "array":
            ends = f", {self.lowest} … {self.highest}" if self.lowest else ""
            return f"{self.dimensions} {self.dtype}{ends}"
        if self.lowest:
            return f"{self.lowest} … {self.highest}"
        names = [f"{name} {rows:,}" for name, rows in self.levels[:levels]]
        more = max(self.different, len(self.levels)) - len(names)
        if not names:
            return f"{self.different:,} different" if self.different else ""
        return ", ".join(names) + (f", {more:,} more" if more > 0 else "")


class ShownOutput(msgspec.Struct, frozen=True, kw_only=True):
    """One of several numbers to predict."""

    name: str
    edges: tuple[float, ...]
    """Edges of the histogram's bars, one more than there are bars."""
    counts: tuple[int, ...]
    """Rows in each bar."""


class ShownTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The column to predict, or several."""

    kind: Kind
    """Kind of task."""
    why: str
    """Why it is of that kind, in a sentence."""
    rows: int
    """Rows that have a target."""
    classes: tuple[tuple[str, int], ...] = ()
    """Labels in the order of their indices, each with its number of rows; of several labels, with the rows that have
    it."""
    edges: tuple[float, ...] = ()
    """Edges of the histogram's bars, one more than there are bars; empty for classes."""
    counts: tuple[int, ...] = ()
    """Rows in each bar."""
    outputs: tuple[ShownOutput, ...] = ()
    """The histogram of each of several numbers; those above are then empty."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is shown before training."""

    file: str
    """Absolute path."""
    form: Literal["csv", "parquet", "npz", "npy", "arrow", "jsonl"]
    """How it is stored; npy is a folder of arrays."""
    rows: int
    """Number of rows, the header not counted."""
    delimiter: str | None
    """Character between cells; None for formats without one."""
    encoding: str | None
    """Text encoding; None where the format fixes it."""
    header: bool | None
    """Whether the first row names the columns; None where the format fixes it."""
    columns: tuple[ShownColumn, ...]
    """In the order of the file; the arrays where they have shapes."""
    target: ShownTarget | None
    """None if no target is named, or if it can't be used."""
    features: int | None
    """Number of network inputs, None without a target."""
    said: tuple[str, ...]
    """What was recognised, in sentences."""
    warnings: tuple[str, ...]
    """What may be wrong, in sentences."""
    problem: str
    """Why no network can be trained on the file as requested, in a sentence; "" if one can."""
    data: Data | None = None
    """The record for comparisons; None if the file can't be trained on or no target is named."""
    command: str
    """The command line to continue with; "" if there is a problem or no target."""
    advised: str = ""
    """The same with what the warnings advise: columns left out, codes read as missing; "" where they advise nothing."""
    guess: str = ""
    """The column that is most likely the target, where none is named; "" if there is none."""
    guess_why: str = ""
    """Why that one, in a few words."""
    refused: str = ""
    """Why no network can be trained on arrays with the guess as the target, in a sentence; "" if one can."""
    guess_command: str = ""
    """The command line that trains on arrays with the guess as the target; "" where there is none, and for tables."""

    @property
    def shaped(self) -> bool:
        """Whether it holds arrays with shapes rather than columns."""
        return any(column.kind == "array" for column in self.columns)

    @property
    def size(self) -> str:
        """How many rows and columns, or arrays, it has, in words."""
        return f"{counted(self.rows, 'row')}, {counted(len(self.columns), 'array' if self.shaped else 'column')}"
