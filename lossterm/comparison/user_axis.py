"""A custom axis of a stress sweep, as the processes that do not train know it: where it is, and a fingerprint.

Only the worker calls its function. As with custom losses, an edited file is another axis.
"""

from typing import TYPE_CHECKING

from lossterm.errors import DataError
from lossterm.losses import KINDS, Source, is_own, source_from
from lossterm.stress_axes import Axis, Rows, Severity, axis_named

if TYPE_CHECKING:
    import numpy as np

AXIS_OPTION = "--axis-file"
"""The option that names a custom axis."""

FORM = "FILE.py:NAME of a function (features, target, level, generator) that returns features and target"

USUAL_LEVELS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Levels that are tried of a custom axis, whose record is not known before it is loaded."""


def axis_from(text: str) -> Source:
    """Return where a custom axis is. Raises as `losses.source_from`."""
    source = source_from(text, AXIS_OPTION, "axis", FORM)
    if source.settings:
        raise DataError(f"{AXIS_OPTION} {text!r}: an axis takes no parameters. Give {FORM}.")
    return source


def axis_of(severity: Severity) -> Axis:
    """Return the record of an axis; of a custom one what is known without loading it. Raises UnknownName."""
    return own_axis(severity.axis) if is_own(severity.axis) else axis_named(severity.axis)


def own_axis(key: str) -> Axis:
    """Return a record that stands for a custom axis."""
    return Axis(
        key=key,
        title=key.partition("@")[0].replace("_", " "),
        kinds=KINDS,
        levels=USUAL_LEVELS,
        most=1.0,
        does="What its function does.",
        known="Nothing: it is yours.",
        source="a file or package of your own",
        function=_not_loaded,
        origin="own",
    )


def _not_loaded(rows: Rows, level: float, generator: "np.random.Generator") -> "tuple[np.ndarray, np.ndarray]":
    raise NotImplementedError("only the worker loads a custom axis")


def source_of(severity: Severity) -> Source | None:
    """Return where to load a custom axis from, None for the others.

    Raises DataError for a file that was edited since the fingerprint was taken, or that is gone.
    """
    if not is_own(severity.axis):
        return None
    source = axis_from(severity.source)
    if source.key != severity.axis:
        place, asked = source.place, severity.axis
        raise DataError(f"{place} was changed since {asked} was asked for. Run again for what it is now.")
    return source
