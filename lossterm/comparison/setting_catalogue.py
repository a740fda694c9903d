"""Every setting that has a record, in the order in which a person is asked for them."""

from typing import get_args

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.setting import Part, settings_of

OF_COMPARISON = {setting.name: setting for setting in settings_of(Comparison)}
"""What a comparison is made with besides losses and learning rates, by name."""

HYPERPARAMETERS = {
    setting.name: setting
    for setting in sorted(
        settings_of(Hyperparameters), key=lambda one: (get_args(Part).index(one.part), not one.of_task)
    )
}
"""What is trained and how, by name: layers, then their training, then the network instead of them; in each part what a
task has values of its own for comes first."""

IN_DIALOG = tuple(setting for setting in HYPERPARAMETERS.values() if setting.row)
"""What the app's network dialog asks for."""

IN_PANEL = tuple(setting for setting in HYPERPARAMETERS.values() if setting.field)
"""What has a field of its own in the app's settings panel."""
