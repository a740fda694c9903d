"""The way out: a session written in the formats of other tools. Loaded when something is exported, not before."""

from lossterm.export.contents import Contents, gather
from lossterm.export.formats import FORMATS, Format, format_named
from lossterm.export.writing import default_path, path_from, write

__all__ = ["FORMATS", "Contents", "Format", "default_path", "format_named", "gather", "path_from", "write"]
