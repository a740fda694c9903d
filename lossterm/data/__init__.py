"""User tables: read from CSV, TSV, Parquet or NPZ, recognised, described and cached.

Importing this package loads neither NumPy nor pyarrow: processes that do not train need only a table's record. The
functions import them when they are called.
"""

from lossterm.data.column import FeatureColumn
from lossterm.data.description import advised, describe, load, notes_on
from lossterm.data.preview import Preview, ShownColumn, ShownOutput, ShownTarget
from lossterm.data.preview_building import preview
from lossterm.data.request import FileRequest, arguments, resolved
from lossterm.data.table import Table, let_go
from lossterm.data.user_data import Data

__all__ = [
    "Data",
    "FeatureColumn",
    "FileRequest",
    "Preview",
    "ShownColumn",
    "ShownOutput",
    "ShownTarget",
    "Table",
    "advised",
    "arguments",
    "describe",
    "let_go",
    "load",
    "notes_on",
    "preview",
    "resolved",
]
