"""A table of one's own: read from CSV, TSV, Parquet or NPZ, recognised, described, and kept on a shelf.

Importing this loads neither NumPy nor pyarrow, since the processes that do not train know a table by its record alone;
the functions load them when called.
"""

from lossterm.data.asked import KINDS, Asked, arguments
from lossterm.data.column import Column
from lossterm.data.describing import describe, load
from lossterm.data.previewing import preview
from lossterm.data.record import Data
from lossterm.data.shown import Preview, ShownColumn, ShownTarget
from lossterm.data.table import Table, let_go

__all__ = [
    "KINDS",
    "Asked",
    "Column",
    "Data",
    "Preview",
    "ShownColumn",
    "ShownTarget",
    "Table",
    "arguments",
    "describe",
    "let_go",
    "load",
    "preview",
]
