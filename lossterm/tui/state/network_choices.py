"""The choices of network and training that have no field in the settings panel."""

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
    """Return the settings of a remembered network that are still valid: another version may have stored it."""
    usable = {}
    for name, value in network.items():
        with suppress(KeyError, OutOfRange):  # a setting that is gone, or has another form
            usable[name] = CHOSEN_HERE[name].of_form(value)
    return usable


def network_on(network: Network, kind: Kind) -> Network:
    """Return the part of a network that stays when a task of this kind is chosen: options that fit it."""
    settings = {name: CHOSEN_HERE[name] for name in network}
    return {name: network[name] for name, one in settings.items() if one.has_option and kind in one.kinds}


def differing(network: Network) -> str:
    """List the settings that differ from the usual ones; "" if none does."""
    return ", ".join(setting.phrase(network[name]) for name, setting in CHOSEN_HERE.items() if name in network)
