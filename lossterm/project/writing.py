"""Writing a project file: what is given is set, all else is there to be set."""

from collections.abc import Mapping
from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.setting import settings_of
from lossterm.comparison.setting_catalogue import OF_COMPARISON
from lossterm.project.paths import relative
from lossterm.project.settings_schema import SECTIONS, Value, in_toml
from lossterm.project.toml import toml

_OPENING = """\
# What `lossterm run` compares when it is started here. Keys are its long options, and those that are given on the
# command line go before what stands here. What stands behind a # is not set. Paths start where this file lies.
"""


def written(given: Mapping[str, Value], comparison: Comparison, folder: Path, session: str) -> str:
    """Write a project file for a folder: what is given is set, all else stands behind a # as it is in the comparison.

    `given` holds values of TOML by key; paths in it that start at the working directory and lie in the folder become
    relative to it, others absolute.
    """
    usual = _usual(comparison, session)
    lines = [_OPENING]
    for section, keys in SECTIONS.items():
        lines.append(f"[{section}]")
        for key in keys:
            lines.append(f"# {key.meaning}")
            if key.name in given:
                lines.append(f"{key.name} = {toml(relative(key.name, given[key.name], folder))}")
            else:
                lines.append(f"#{key.name} = {toml(usual.get(key.name, key.example))}")
        lines.append("")
    return "\n".join(lines)


def _usual(comparison: Comparison, session: str) -> dict[str, Value]:
    """Return the values of keys that have one whether they are set or not."""
    h, own, rates = comparison.hyperparameters, dict(comparison.sources), comparison.learning_rates
    records = [
        *((h, setting) for setting in settings_of(type(h))),
        *((comparison, one) for one in OF_COMPARISON.values()),
    ]
    usual = {setting.key: in_toml(getattr(record, setting.name)) for record, setting in records}
    usual |= {
        "lr": in_toml(rates if len(rates) > 1 else rates[0]),
        "loss": [loss for loss in comparison.losses if loss not in own],
        "session": session,
    }
    usual |= {} if comparison.data else {"task": comparison.task}
    return {key: value for key, value in usual.items() if value not in (None, "")}
