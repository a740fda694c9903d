"""A write-ahead log that lies beside a store but belongs to another: SQLite would play it back over the store.

Nothing in a log names the file that it belongs to. But every transaction of lossterm moves the store's clock, and the
clock's row bears the store's id, so that each transaction in a log tells whose it is and where it belongs in time. A
backup that was put in the place of a store whose log was left is told from it in that way too.
"""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, NamedTuple

from lossterm.errors import StoreError
from lossterm.store.file_header import OPENING, held_descriptor

_LOG_HEADER, _FRAME_HEADER = 32, 24
_PAGE_SIZES = [2**power for power in range(9, 17)]
_LOOKS = 3
"""How often to look again where the log is begun anew meanwhile."""


class Clock(NamedTuple):
    """The row of the clock."""

    tick: int
    """How many transactions there were."""
    store: str
    """Id of the store."""


class _Log(NamedTuple):
    header: bytes
    clocks: list[Clock | None]
    """The clock's page in the order of its transactions; None where it is no clock."""


def refuse_foreign_log(path: Path) -> None:
    """Raise StoreError if the log beside a store is from another store, or another state of it. Changes nothing."""
    if is_foreign(path):
        log = path.with_name(f"{path.name}-wal")
        raise StoreError(
            f"Beside the store {path} lies a log that is not its own ({log.name}): it is of another store, or of "
            f"another state of this one, and would be written over it. Nothing was changed: move {log} away, or put "
            "the store back that it belongs to."
        )


def is_foreign(path: Path) -> bool:
    """Whether the log beside a store belongs to another one; of a store without an id no log is doubted."""
    log = path.with_name(f"{path.name}-wal")
    try:
        if log.stat().st_size <= _LOG_HEADER:
            return False
        with OPENING:
            if held_descriptor(path) is not None:  # it was looked at when this process opened it
                return False
            for _ in range(_LOOKS):
                before = _header(log)
                page, here = _without_log(path)
                content = _read(log, page)
                if content.header == before == _header(log):
                    return _does_not_fit(here, content.clocks)
    except (OSError, sqlite3.Error, ValueError, UnicodeDecodeError):
        pass  # no log, an older store, or a damaged one: others say what is wrong with it
    return False


def _does_not_fit(here: Clock, clocks: list[Clock | None]) -> bool:
    own = [clock for clock in clocks if clock is not None and clock.store == here.store]
    if not own:
        return bool(clocks)
    return not own[0].tick - 1 <= here.tick <= own[-1].tick


def _without_log(path: Path) -> tuple[int, Clock]:
    """Return the clock's page and row as the file alone has them. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'clock'").fetchone() or (0,)
        row = connection.execute("SELECT tick, store FROM clock").fetchone()
        if not row or not row[1]:
            raise ValueError("no id")
        return page, Clock(*row)


def _header(log: Path) -> bytes:
    with log.open("rb") as file:
        return file.read(_LOG_HEADER)


def _read(log: Path, page: int) -> _Log:
    """Read a page as each committed transaction of a log left it. Raises ValueError if it is no log."""
    # The log is not mapped into memory: another process may empty it meanwhile, and whoever reads on dies by SIGBUS.
    with log.open("rb") as file:
        header = file.read(_LOG_HEADER)
        return _Log(header, list(_clocks(file, header, page)))


def _clocks(frames: BinaryIO, header: bytes, page: int) -> Iterator[Clock | None]:
    """Yield the clocks of the frames that SQLite would believe: those with the header's salts, up to the last commit.

    Checksums are not worked out: a frame that is damaged is at worst one that shows another store's id.
    """
    size = int.from_bytes(header[8:12], "big")
    if header and size not in _PAGE_SIZES:
        raise ValueError("no log")
    waiting: list[Clock | None] = []
    while len(frame := frames.read(_FRAME_HEADER + size)) == _FRAME_HEADER + size:
        number, committed = struct.unpack_from(">II", frame)
        if frame[8:16] != header[16:24]:
            return
        if number == page:
            waiting.append(_clock(frame[_FRAME_HEADER:]))
        if committed:
            yield from waiting
            waiting = []


def _clock(page: bytes) -> Clock | None:
    """Read the clock off its page, a leaf of a table with one row: (tick, given, store); None for any other page."""
    try:
        if page[0] != 0x0D or int.from_bytes(page[3:5], "big") != 1:
            return None
        place = int.from_bytes(page[8:10], "big")
        for _ in range(2):  # the row's size and its number
            _, place = _varint(page, place)
        size, at = _varint(page, place)
        kinds, end = [], place + size
        while at < end:
            kind, at = _varint(page, at)
            kinds.append(kind)
        values = []
        for kind in kinds[:3]:
            length = _INTEGERS.get(kind, (kind - 13) // 2 if kind >= 13 and kind % 2 else 0)
            values.append((kind, page[at : at + length]))
            at += length
        (tick_kind, tick), _, (_, store) = values
        number = tick_kind - 8 if tick_kind in (8, 9) else int.from_bytes(tick, "big", signed=True)
        return Clock(number, store.decode("ascii"))
    except (IndexError, ValueError):
        return None


_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Bytes of SQLite's integers by the kind that it writes before them."""


def _varint(page: bytes, place: int) -> tuple[int, int]:
    """Read a number of SQLite's variable length, and return it with the place behind it."""
    value = 0
    for index in range(8):
        byte = page[place + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + index + 1
    return value << 8 | page[place + 8], place + 9
