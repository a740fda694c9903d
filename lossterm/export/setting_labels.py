"""What a comparison was trained with, as labels and values: settings, versions and device."""

from typing import Any

from lossterm import __version__
from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.comparison.setting import settings_of
from lossterm.reports.report import Report
from lossterm.text.numbers import exact

Labelled = list[tuple[str, str]]


def settings(report: Report) -> Labelled:
    """Return the settings of a comparison, the most wanted first."""
    c = report.asked.comparison
    task, protocol = c.record, protocol_named(c.protocol)
    rows = ", ".join(f"{count:,} {split}" for split, count in protocol.rows(task).items())
    tuned = ", the best on validation chosen for each loss" if c.tuned else ""
    return [
        ("task", c.task),
        ("kind", task.kind),
        ("rows", rows),
        ("features", str(task.features)),
        ("protocol", f"{c.protocol}: {protocol.described(task)}"),
        ("losses", ", ".join(c.losses)),
        *((f"code of {loss}", source) for loss, source in c.sources),
        ("ranked by", f"test {c.metric}"),
        *((setting.title, written(getattr(c, setting.name))) for setting in c.judged_otherwise),
        ("seeds", str(c.seeds) if c.cap is None else f"{c.seeds}, at most {c.cap}, until {c.until}"),
        ("learning rate", ", ".join(map(exact, c.rates_tried)) + tuned),
        *hyperparameters(c.hyperparameters),
        ("device asked for", c.device),
    ]


def hyperparameters(h: Hyperparameters) -> Labelled:
    """Return those that are set, without those that are off, left to Keras, or ignored by a custom network, and what
    follows from them: initial kernels and momentum.
    """
    hidden, output = h.hidden_initializer, h.output_initializer
    following = [
        ("hidden kernels", hidden and hidden.title),
        ("output kernel", output and output.title),
        ("momentum", h.momentum and exact(h.momentum)),
    ]
    return [
        (setting.title, written(value))
        for setting in settings_of(type(h))
        if not h.ignores(setting)
        and (setting.is_set(value := getattr(h, setting.name)) or value not in (None, False, "", 0))
    ] + [(label, text) for label, text in following if text]


def written(value: Any) -> str:
    """Write a setting as a person would."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return exact(value) if isinstance(value, float) else str(value)


def environment(report: Report) -> Labelled:
    """Return versions, device and processor of the last training; lossterm's version alone before any ended."""
    return [("lossterm", __version__), *(report.environment or {}).items()]
