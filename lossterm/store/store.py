"""Everything that is ever asked of the store, in short transactions."""

from lossterm.store.reader import Viewing
from lossterm.store.sessions import Sessions
from lossterm.store.worker_writes import Working


class Store(Sessions, Viewing, Working):
    """One connection to the file that holds sessions. Threads may share it: each operation waits for the one before.

    `network` is the kind of network file system that the file lies on, None for a local one.
    """
