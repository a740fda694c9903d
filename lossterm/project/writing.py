"""Writes a project file: given values are set, all other keys are there as comments."""

from collections.abc import Mapping
from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.setting import settings_of
from lossterm.comparison.setting_catalogue import OF_COMPARISON
from lossterm.project.paths import relative
from lossterm.project.settings_schema import SECTIONS, Value, in_toml
from lossterm.project.toml import toml

_OPENING = """\
# What `lossterm run` compares when it is started here. Keys are its long options; options on the command line override
# them. Lines that begin with # set nothing. Paths are relative to the folder of this file.
"""


def written(given: Mapping[str, Value], comparison: Comparison, folder: Path, session: str) -> str:
    """Write a project file for a folder: given values are set, all others are comments with the comparison's values.

    `given` maps keys to TOML values. Paths in it are relative to the working directory; those that lie in the folder
    become relative to the folder, others absolute.
    """
    defaults = _defaults(comparison, session)
    lines = [_OPENING]
    for section, keys in SECTIONS.items():
        lines.append(f"[{section}]")
        for key in keys:
            lines.append(f"# {key.meaning}")
            if key.name in given:
                lines.append(f"{key.name} = {toml(relative(key.name, given[key.name], folder))}")
            else:
                lines.append(f"#{key.name} = {toml(defaults.get(key.name, key.example))}")
        lines.append("")
    return "\n".join(lines)


def _defaults(comparison: Comparison, session: str) -> dict[str, Value]:
    """Return the comparison's values of all keys that have one even if they are not set."""
    h, own, rates = comparison.hyperparameters, dict(comparison.sources), comparison.learning_rates
    records = [
        *((h, setting) for setting in settings_of(type(h))),
        *((comparison, one) for one in OF_COMPARISON.values()),
    ]
    defaults = {setting.key: in_toml(getattr(record, setting.name)) for record, setting in records}
    defaults |= {
        "lr": in_toml(rates if len(rates) > 1 else rates[0]),
        "loss": [loss for loss in comparison.losses if loss not in own],
        "seeds": comparison.most_seeds,
        "session": session,
    }
    defaults |= {} if comparison.data else {"task": comparison.task}
    return {key: value for key, value in defaults.items() if value not in (None, "")}
