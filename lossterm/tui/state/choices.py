"""What a person has chosen to train: as the panels hold it, and as it is remembered."""

import msgspec

from lossterm.data import Data
from lossterm.tui.state.network_choices import Network


class Choices(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person has chosen, run or not."""

    task: str
    """Key of the task."""
    data: Data | None = None
    """The table that it is on, if it is one of one's own."""
    protocol: str
    """Key of the protocol."""
    settings: dict[str, str] = {}
    """What is written in each field of the settings."""
    network: Network = {}
    """What is chosen of the network besides."""
    turned: dict[str, dict[str, bool]] = {}
    """Task → loss → whether it is ticked, where that is not as it comes."""
    varied: tuple[str, ...] = ()
    """Keys of losses with parameters that were added."""
