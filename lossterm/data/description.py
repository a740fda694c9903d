"""From a file to the record of its data and to its table: read once, then taken from the cache.

The functions import NumPy themselves, since processes that do not train import this module too.
"""

import os
from pathlib import Path

from lossterm.data.files.position import refusal
from lossterm.data.request import FileRequest, resolved
from lossterm.data.table import Table
from lossterm.data.user_data import Data


def describe(asked: FileRequest, shelf: Path) -> tuple[Data, tuple[str, ...]]:
    """Read a file, cache its table in the directory `shelf`, and return its record and the remarks to show.

    The same request for the same file is answered from the cache. Raises DataError, with row and column, for a file
    that can't be used, UnknownName for a column that does not exist, and UsageError for options that contradict.
    """
    from lossterm.data.files.opening import opened
    from lossterm.data.shaped_arrays import shaped_arrays
    from lossterm.data.table_building import build
    from lossterm.data.table_cache import TableCache

    if shaped := shaped_arrays(asked):
        if cached := TableCache(shelf).find(shaped.digest, asked):
            return cached[0].data, cached[0].said
        arrays = TableCache(shelf).keep(shaped.digest, asked, shaped.build)
        return arrays.data, (*arrays.remarks, *arrays.warnings)
    file, cache = opened(asked), TableCache(shelf)
    for request in dict.fromkeys((asked, resolved(asked, ()))):  # one column, or several with commas between
        if cached := cache.find(file.digest, request):
            entry, _ = cached
            return entry.data, entry.said
    sheet = file.read()
    asked = resolved(asked, sheet.names)
    built = cache.keep(file.digest, asked, lambda allocate: build(sheet, asked, file.digest, allocate))
    return built.data, (*built.remarks, *built.warnings)


def load(data: Data, shelf: Path) -> Table:
    """Return the table of a record, from the cache or else from its file.

    Raises DataError if it is not cached and the file is gone or has changed since it was described.
    """
    from lossterm.data.table_cache import TableCache

    cache, path = TableCache(shelf), data.asked.path
    if (cached := cache.find(data.digest, data.asked)) and cached[0].data == data:
        return cached[1]
    if not os.path.exists(path):  # noqa: PTH110  Path.exists raises for a name that is too long
        raise refusal(path, "the file is gone since it was described. Put it back, or ask anew for another.")
    if _digest(data) != data.digest:
        raise refusal(path, "the file was changed since it was described. Ask anew to train on what it is now.")
    again, _ = describe(data.asked, shelf)
    if again != data:
        raise refusal(path, "another version of lossterm read the file differently. Ask anew.")
    cached = cache.find(data.digest, data.asked)
    if cached is None:
        raise refusal(shelf, "the table could not be kept in this directory. Is the disk full?")
    return cached[1]


def notes_on(data: Data, shelf: Path) -> tuple[str, ...]:
    """Return what a reader of results must know of a table: rows and columns left out, leaks, codes, in sentences.

    That is kept beside the table in the directory `shelf`: () where others have taken its place since.
    """
    from lossterm.data.table_cache import TableCache

    return TableCache(shelf).notes(data)


def advised(data: Data, shelf: Path) -> FileRequest:
    """Return the request of a record with all that the warnings about its table advise. Raises DataError as `load`."""
    from lossterm.data.table_cache import TableCache

    load(data, shelf)
    cached = TableCache(shelf).find(data.digest, data.asked)
    return (cached[0].advised if cached else None) or data.asked


def _digest(data: Data) -> str:
    """Return the digest of a record's file as it is now."""
    from lossterm.data.files import array_files
    from lossterm.data.files.opening import opened

    return array_files.digest(Path(data.asked.path)) if data.input_shape else opened(data.asked).digest
