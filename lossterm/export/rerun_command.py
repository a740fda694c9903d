"""The command that asks for a comparison again, to be copied into a shell."""

import shlex
from collections.abc import Iterator
from typing import Any

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import NO_LAYERS, Hyperparameters
from lossterm.reports.cells import exact

NO_OPTION = ("initial_sd",)
"""Hyperparameters that no option of `lossterm run` sets: reproductions of published numbers alone do."""


def command(comparison: Comparison) -> str:
    """Write the `lossterm run …` that asks for the same trials; a comment after it names what no option gives."""
    c, own = comparison, dict(comparison.sources)
    words = ["lossterm", "run", *c.record.words, "--protocol", c.protocol]
    for loss in c.losses:
        words += ["--loss-file", own[loss]] if loss in own else ["--loss", loss]
    words += ["--seeds", str(c.seeds), "--lr", ",".join(map(exact, c.learning_rates)), "--metric", c.metric]
    without = []
    for name, value in _told(c.hyperparameters):
        if name in NO_OPTION:
            without.append(f"{name.replace('_', ' ')} {value}")
        else:
            words += _option(name, value)
    if c.device != "auto":
        words += ["--device", c.device]
    written = shlex.join(words)
    return f"{written}  # and {', '.join(without)}, which has no option" if without else written


def _told(h: Hyperparameters) -> Iterator[tuple[str, Any]]:
    """Yield what a task has its own usual value of, and what is not as usual."""
    usual = Hyperparameters(hidden=h.hidden, optimizer=h.optimizer, batch_size=h.batch_size, epochs=h.epochs)
    told = {"optimizer", "batch_size", "epochs", *(() if h.model else ("hidden",))}
    for name, value in msgspec.structs.asdict(h).items():
        if name in told or value != getattr(usual, name):
            yield name, value


def _option(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if value is True:
        return [option]
    if isinstance(value, tuple):
        return [option, ",".join(map(str, value)) or NO_LAYERS]
    return [option, exact(value) if isinstance(value, float) else str(value)]
