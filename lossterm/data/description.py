"""From a file to the record of its data and to its table, read once and then taken from the shelf.

NumPy is loaded by the functions, since processes that do not train import this module too.
"""

import os
from pathlib import Path

from lossterm.data.files.position import refusal
from lossterm.data.request import FileRequest
from lossterm.data.table import Table
from lossterm.data.user_data import Data


def describe(asked: FileRequest, shelf: Path) -> tuple[Data, tuple[str, ...]]:
    """Read a file, keep its table in the directory `shelf`, and return its record and what to tell a person.

    The same file and the same wishes are taken from the shelf. Raises DataError for a file that can't be used, with
    its row and column, UnknownName for a column that is not there, and UsageError for wishes that contradict.
    """
    from lossterm.data.files.opening import opened
    from lossterm.data.table_building import build
    from lossterm.data.table_cache import TableCache

    file, kept = opened(asked), TableCache(shelf)
    if found := kept.find(file.digest, asked):
        return found[0].data, found[0].said
    sheet = file.read()
    built = kept.keep(file.digest, asked, lambda allocate: build(sheet, asked, file.digest, allocate))
    return built.data, (*built.said, *built.warnings)


def load(data: Data, shelf: Path) -> Table:
    """Return the table of a record, from the shelf, else from its file.

    Raises DataError where it is not on the shelf and the file is gone or was changed since it was described.
    """
    from lossterm.data.files.opening import opened
    from lossterm.data.table_cache import TableCache

    kept, path = TableCache(shelf), data.asked.path
    if (found := kept.find(data.digest, data.asked)) and found[0].data == data:
        return found[1]
    if not os.path.exists(path):  # noqa: PTH110  Path.exists raises for a name that is too long
        raise refusal(path, "the file is gone since it was described. Put it back, or ask anew for another.")
    if opened(data.asked).digest != data.digest:
        raise refusal(path, "the file was changed since it was described. Ask anew to train on what it is now.")
    again, _ = describe(data.asked, shelf)
    if again != data:
        raise refusal(path, "another version of lossterm read the file differently. Ask anew.")
    found = kept.find(data.digest, data.asked)
    if found is None:
        raise refusal(shelf, "the table does not stay on the shelf. Is the disk full?")
    return found[1]
