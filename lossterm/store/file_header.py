"""What a file says of itself before SQLite opens it: only what is known to be a store of lossterm is touched at all."""

import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lossterm.errors import StoreError

APPLICATION_ID = 0x6C6F7373  # "loss": tells our files from any other SQLite file

MAGIC = b"SQLite format 3\0"

OPENING = threading.RLock()
"""Held while a file is looked at, and while a connection to one begins or ends: to close a second descriptor of a file
would drop the locks that SQLite holds on it for this process."""

_HEADER = 100
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def refuse_other_files(path: Path, *, damaged: bool = False) -> None:
    """Raise StoreError for what is no regular file, and for a file of another program; what is not there passes.

    `damaged` lets a file pass that is none of SQLite's, but may have been a store. Nothing is changed.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    for is_kind, kind in _KINDS:
        if is_kind(status.st_mode):
            raise StoreError(f"The store {path} cannot be used: it is {kind}. Give another place with --store FILE.")
    private = not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    if status.st_size == 0:
        if not private and not damaged:  # lossterm makes none that others may read
            raise StoreError(
                f"{path} is an empty file that lossterm did not make. It was left as it is: remove it, or give "
                "another place with --store FILE."
            )
        return
    with descriptor_of(path) as descriptor:
        header = os.pread(descriptor, _HEADER, 0)
    application = int.from_bytes(header[68:72], "big")
    begun = application == 0 and status.st_size <= int.from_bytes(header[16:18], "big") and private
    if header.startswith(MAGIC) and application != APPLICATION_ID and not begun:
        raise StoreError(
            f"{path} is a SQLite file of another program. It was left as it is: give another place with --store FILE."
        )
    if not header.startswith(MAGIC) and application != APPLICATION_ID and not damaged:
        raise StoreError(
            f"The store {path} is damaged or is not a lossterm store (file is not a database). It was left as it is: "
            f"`lossterm doctor --repair` saves what can be read, or give another place with --store FILE."
        )


@contextmanager
def descriptor_of(path: Path) -> Iterator[int]:
    """Yield a descriptor to read a file by: one that this process has already, or a new one that is closed again."""
    with OPENING:
        if (held := held_descriptor(path)) is not None:
            yield held
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def held_descriptor(path: Path) -> int | None:
    """Return a descriptor by which this process has a file open, None if it has none. For whoever holds OPENING."""
    place = path.stat()
    with suppress(OSError):  # a system that does not tell
        for name in os.listdir("/dev/fd"):  # noqa: PTH208  names are all that is wanted
            with suppress(OSError, ValueError):  # the one that lists is gone already
                one = os.fstat(int(name))
                if (one.st_dev, one.st_ino) == (place.st_dev, place.st_ino):
                    return int(name)
    return None
