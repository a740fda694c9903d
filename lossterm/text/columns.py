"""A table as columns of texts, from which plain text and Markdown are written."""

from collections.abc import Sequence

import msgspec

from lossterm.text.harmless import in_markdown, printable


class TableColumn(msgspec.Struct, frozen=True):
    """One column of a table."""

    head: str
    """Title of the column."""
    right: bool
    """Whether the column is aligned to the right."""
    values: tuple[str, ...]
    """One text per row."""

    @property
    def width(self) -> int:
        """Length of the longest text."""
        return max(map(len, (self.head, *self.values)))

    def padded(self, text: str) -> str:
        """Pad a text to the column's width."""
        return text.rjust(self.width) if self.right else text.ljust(self.width)


def plain(columns: Sequence[TableColumn]) -> str:
    """Write columns aligned, without lines around them."""
    lines = zip(*((column.head, *column.values) for column in columns), strict=True)
    return "\n".join(
        "  ".join(column.padded(printable(text)) for column, text in zip(columns, line, strict=True)).rstrip()
        for line in lines
    )


def markdown(columns: Sequence[TableColumn]) -> str:
    """Write columns as a Markdown table that shows every text as it is."""
    rule = ["---:" if column.right else ":---" for column in columns]
    heads, rows = [column.head for column in columns], zip(*(column.values for column in columns), strict=True)
    shown = [[in_markdown(text).replace("|", "\\|") for text in row] for row in (heads, *rows)]
    table = [shown[0], rule, *shown[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in table)
