"""Every setting, in the order in which a person is asked for them."""

from typing import get_args

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.setting import Part, settings_of

OF_COMPARISON = {setting.name: setting for setting in settings_of(Comparison)}
"""The settings of a comparison other than losses and learning rates, by name."""

HYPERPARAMETERS = {
    setting.name: setting
    for setting in sorted(
        settings_of(Hyperparameters), key=lambda setting: (get_args(Part).index(setting.part), not setting.of_task)
    )
}
"""Every hyperparameter by name: layers, then their training, then the custom network; in each part those that a task
sets come first."""

IN_DIALOG = tuple(setting for setting in (*HYPERPARAMETERS.values(), *OF_COMPARISON.values()) if setting.row)
"""The settings in the app's network dialog."""

OF_VERDICTS = tuple(setting for setting in OF_COMPARISON.values() if setting.row)
"""The settings of a comparison that change no training, but how its scores are judged."""

IN_PANEL = tuple(setting for setting in HYPERPARAMETERS.values() if setting.field)
"""The settings that have a field in the app's settings panel."""
