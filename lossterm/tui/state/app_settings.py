"""Settings that every session of the app shares."""

from collections.abc import Callable, Sequence

import msgspec

from lossterm.data import Data
from lossterm.following.hardware_history import HardwareHistory
from lossterm.tui.background.advisor import Advisor
from lossterm.tui.background.data_viewer import DataViewer, FindRows
from lossterm.tui.background.table_reader import Read
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.terminal.redraw_budget import Budget
from lossterm.worker_control.starting import Workers


class AppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that all sessions of one app share."""

    workers: Workers | None
    """How workers are started; None for watching only."""
    clock: Callable[[], float]
    """Measures the rate of training."""
    own: Sequence[str]
    """Where custom losses are."""
    advisor: Advisor
    """Looks at tasks' data."""
    viewer: DataViewer
    """Takes first looks at tasks' data."""
    find_rows: FindRows | None
    """Reads rows of tasks' data; None to leave them out."""
    read: Read
    """Reads user tables."""
    tables: dict[str, Data]
    """Those that were brought, by key."""
    budget: Budget
    """What live frames may cost."""
    written: Callable[[], int]
    """Bytes that went to the terminal so far."""
    machine: HardwareHistory | None
    """What the machine was doing; None to leave that out."""
    machine_in_line: bool
    """Whether the status line says so while something trains."""
    bands: bool
    """Whether bands over seeds are drawn."""
    keys: KeyNames
    """What a person presses for each binding."""
