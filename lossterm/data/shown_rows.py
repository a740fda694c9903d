"""Rows of a table as a person finds them in its file. Light to import, since the terminal app decodes them."""

import msgspec


class ShownRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    row: int
    """Its number in the file, or in the draw of a task, counted from 1."""
    cells: tuple[str, ...]
    """What stands in each column, "" where nothing does; harmless for a terminal."""


class ShownRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows with the names of their columns."""

    target: str
    """What is predicted, as `--target` names it; its columns come first."""
    columns: tuple[str, ...]
    """Their names, in the order of the file but for those that are predicted."""
    labels: tuple[str, ...] = ()
    """Names of the classes in the order of their indices; () for numbers."""
    rows: tuple[ShownRow, ...]
    """In the order in which they were asked for; those that are not there are left out."""
