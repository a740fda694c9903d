"""Changing rows of a store as somebody would who knows how it is written: with the right checksums."""

import sqlite3
from contextlib import suppress

from lossterm.store.checksum import COVERED, checksum


def seal(connection: sqlite3.Connection) -> None:
    """Write the checksum of each row anew, where it can be reckoned."""
    connection.create_function("checksum", -1, checksum)
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    for table, columns in COVERED.items():
        if table not in tables:
            continue
        for (number,) in connection.execute(f"SELECT rowid FROM {table}").fetchall():
            with suppress(sqlite3.OperationalError):  # text that is none
                connection.execute(
                    f"UPDATE {table} SET checksum = checksum({', '.join(columns)}) WHERE rowid = ?", (number,)
                )
