"""The choices of network and training that have no field in the settings panel."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import NETWORKS, unfit_network
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.comparison.setting import Setting
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS, OF_VERDICTS
from lossterm.errors import OutOfRange
from lossterm.tasks import Task

Network = Mapping[str, Any]
"""Name of a setting → its value as `Comparison.ask` takes it, for those alone that are not as usual."""

USUAL: Network = {}
"""The usual network."""

CHOSEN_HERE = {setting.name: setting for setting in (*HYPERPARAMETERS.values(), *OF_VERDICTS) if not setting.field}
"""What may be chosen."""


def network_of(comparison: Comparison) -> Network:
    """Return what a comparison had; a custom network as its file is now."""
    h = comparison.hyperparameters
    unlike = h.unlike(protocol_named(comparison.protocol))
    chosen = {
        setting.name: setting.asked_again(getattr(h, setting.name))
        for setting in unlike
        if not (setting.of_task and getattr(h, setting.name) == getattr(comparison.record, setting.name))
    }
    judged = {setting.name: getattr(comparison, setting.name) for setting in comparison.judged_otherwise}
    return {name: value for name, value in (chosen | judged).items() if name in CHOSEN_HERE}


def network_remembered(network: Network) -> Network:
    """Return the settings of a remembered network that are still valid: another version may have stored it."""
    usable = {}
    for name, value in network.items():
        with suppress(KeyError, OutOfRange):  # a setting that is gone, or has another form
            usable[name] = CHOSEN_HERE[name].of_form(value)
    return usable


def network_on(network: Network, task: Task) -> Network:
    """Return the part of a network that stays when a task is chosen: options that fit it.

    How verdicts are given does not stay: what matters is in units of the old task's metric.
    """
    settings = {name: CHOSEN_HERE[name] for name in network if CHOSEN_HERE[name] not in OF_VERDICTS}
    kind = str(network.get("network", task.network))
    kind = task.network if unfit_network(kind, task) else kind

    def fits(one: Setting) -> bool:
        shaped = network[one.name] == kind if one.name == "network" else kind in (one.networks or NETWORKS)
        return one.has_option and task.kind in one.kinds and shaped

    return {name: network[name] for name, one in settings.items() if fits(one)}


def differing(network: Network) -> str:
    """List the settings that differ from the usual ones; "" if none does."""
    return ", ".join(setting.phrase(network[name]) for name, setting in CHOSEN_HERE.items() if name in network)
