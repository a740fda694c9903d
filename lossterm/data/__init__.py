"""A table of one's own: read from CSV, TSV, Parquet or NPZ, recognised, described, and kept on a shelf.

Importing this loads neither NumPy nor pyarrow, since the processes that do not train know a table by its record alone;
the functions load them when called.
"""

from lossterm.data.column import FeatureColumn
from lossterm.data.description import describe, load
from lossterm.data.preview import Preview, ShownColumn, ShownTarget
from lossterm.data.preview_building import preview
from lossterm.data.request import FileRequest, arguments
from lossterm.data.table import Table, let_go
from lossterm.data.user_data import Data

__all__ = [
    "Data",
    "FeatureColumn",
    "FileRequest",
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
