"""The command that asks for a comparison again, to be copied into a shell."""

import shlex
from typing import Any

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.comparison.setting import Setting
from lossterm.text.numbers import exact


def command(comparison: Comparison) -> str:
    """Write the `lossterm run …` that asks for the same trials; a comment after it names settings without an option."""
    c, custom = comparison, dict(comparison.sources)
    words = ["lossterm", "run", *c.record.words, "--protocol", c.protocol]
    for loss in c.losses:
        words += ["--loss-file", custom[loss]] if loss in custom else ["--loss", loss]
    words += ["--until", c.until] if c.until else []
    words += ["--seeds", str(c.most_seeds), "--lr", ",".join(map(exact, c.learning_rates)), "--metric", c.metric]
    without = []
    unlike = c.hyperparameters.unlike(protocol_named(c.protocol))
    for setting in dict.fromkeys((*c.hyperparameters.shown, *unlike)):
        value = getattr(c.hyperparameters, setting.name)
        if setting.has_option:
            words += _option(setting, value)
        else:
            without.append(f"{setting.title} {setting.written(value)}")
    for setting in c.judged_otherwise:
        words += _option(setting, getattr(c, setting.name))
    if c.device != "auto":
        words += ["--device", c.device]
    written = shlex.join(words)
    return f"{written}  # and {', '.join(without)}, which has no option" if without else written


def _option(setting: Setting, value: Any) -> list[str]:
    if setting.form is bool:
        return [f"--{setting.key}" if value else f"--no-{setting.key}"]
    return [f"--{setting.key}", setting.written(value)]
