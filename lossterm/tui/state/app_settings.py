"""What is the same for every session that the app opens."""

from collections.abc import Callable, Sequence

import msgspec

from lossterm.data import Data
from lossterm.tui.background.advisor import Advisor
from lossterm.tui.background.table_reader import Read
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.terminal.redraw_budget import Budget
from lossterm.worker_control.starting import Workers


class AppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What all sessions that one app opens have in common."""

    workers: Workers | None
    """How workers are started; None for watching only."""
    clock: Callable[[], float]
    """Measures the rate of training."""
    own: Sequence[str]
    """Where losses of one's own are."""
    advisor: Advisor
    """Looks at tasks' data."""
    read: Read
    """Reads tables of one's own."""
    tables: dict[str, Data]
    """Those that were brought, by key."""
    budget: Budget
    """What live frames may cost."""
    written: Callable[[], int]
    """Bytes that went to the terminal so far."""
    bands: bool
    """Whether bands over seeds are drawn."""
    keys: KeyNames
    """What a person presses for each binding."""
