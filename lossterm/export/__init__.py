"""Writes a session in the formats of other tools. Loaded only when something is exported."""

from lossterm.export.destination import default_destination, path_from, write
from lossterm.export.formats import FORMATS, PROPOSED, Format, format_named
from lossterm.export.session_contents import Contents, gather

__all__ = [
    "FORMATS",
    "PROPOSED",
    "Contents",
    "Format",
    "default_destination",
    "format_named",
    "gather",
    "path_from",
    "write",
]
