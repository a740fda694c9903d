"""Reads a user table in a separate process: it takes seconds, and needs NumPy and perhaps pyarrow."""

from collections.abc import Awaitable, Callable

import msgspec

from lossterm.data import FileRequest, Preview, arguments
from lossterm.errors import DataError
from lossterm.text.harmless import printable
from lossterm.tui.background.lossterm_process import run

Read = Callable[[FileRequest], Awaitable[Preview]]
"""`asked -> preview`. Raises DataError with a sentence where the file can't be read at all."""

ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".npz", ".csv.gz", ".feather", ".jsonl")
"""Ends of the names of files that can be read; others may be, whatever they are called."""


async def read_table(asked: FileRequest) -> Preview:
    """Have `lossterm data` read a file; without a target it is only previewed. Raises DataError."""
    # An absolute path is never taken for an option.
    words = ("data", asked.path, "--format", "json", *arguments(asked)[2:])
    try:
        result = await run(*words)
        return msgspec.json.decode(result.out, type=Preview)
    except msgspec.MsgspecError:
        raise DataError(result.sentence) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(asked.path)} cannot be looked at: {error}.") from error
