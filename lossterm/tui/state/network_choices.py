"""What is chosen of network and training besides what has a field of its own in the settings."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS
from lossterm.errors import OutOfRange
from lossterm.losses import Kind

Network = Mapping[str, Any]
"""Name of a setting → its value as `Comparison.ask` takes it, for those alone that are not as usual."""

USUAL: Network = {}
"""The usual network."""

CHOSEN_HERE = {name: setting for name, setting in HYPERPARAMETERS.items() if not setting.field}
"""What may be chosen."""


def network_of(settings: Hyperparameters) -> Network:
    """Return what a comparison had; a custom network as its file is now."""
    return {
        setting.name: setting.asked_again(getattr(settings, setting.name))
        for setting in settings.chosen
        if setting.name in CHOSEN_HERE
    }


def network_remembered(network: Network) -> Network:
    """Return what can still be chosen of a network that was remembered, perhaps by another version."""
    found = {}
    for name, value in network.items():
        with suppress(KeyError, OutOfRange):  # a setting that is gone, or has another form
            found[name] = CHOSEN_HERE[name].of_form(value)
    return found


def network_on(network: Network, kind: Kind) -> Network:
    """Return what stays of it where another task, of a kind, is chosen: what a person may set, as far as it fits."""
    settings = {name: CHOSEN_HERE[name] for name in network}
    return {name: network[name] for name, one in settings.items() if one.has_option and kind in one.kinds}


def differing(network: Network) -> str:
    """Say what differs from what is usual; "" where nothing does."""
    return ", ".join(setting.phrase(network[name]) for name, setting in CHOSEN_HERE.items() if name in network)
