"""A table of one's own, read in a process of its own: that takes NumPy, perhaps pyarrow, and seconds."""

from collections.abc import Awaitable, Callable

import msgspec

from lossterm.data import FileRequest, Preview, arguments
from lossterm.errors import DataError
from lossterm.text.harmless import printable
from lossterm.tui.background.lossterm_process import run

Read = Callable[[FileRequest], Awaitable[Preview]]
"""`asked -> preview`. Raises DataError with a sentence where the file can't be read at all."""

ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".npz")
"""Ends of the names of files that can be read; others may be, whatever they are called."""


async def read_table(asked: FileRequest) -> Preview:
    """Have `lossterm data` read a file; one without a target is only looked at. Raises DataError."""
    # An absolute path is never taken for an option.
    words = ("data", asked.path, "--format", "json", *arguments(asked)[2:])
    try:
        said = await run(*words)
        return msgspec.json.decode(said.out, type=Preview)
    except msgspec.MsgspecError:
        raise DataError(said.sentence) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(asked.path)} cannot be looked at: {error}.") from error
