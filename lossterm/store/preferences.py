"""How a person looked at sessions, remembered from one time to the next."""

from lossterm.store.connection import Connection


class Preferences:
    """Keeps texts by name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, name: str, value: str) -> None:
        """Remember something of how a person looks at sessions, under a name; it replaces what was there."""
        with self._connection.write():
            self._connection.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))

    def kept(self, name: str) -> str | None:
        """Return what was last kept under a name, None for nothing."""
        rows = self._connection.read("SELECT value FROM kept WHERE name = ?", name)
        return str(rows[0]["value"]) if rows else None
