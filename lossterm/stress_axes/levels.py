"""Levels as a person writes and reads them: shares in percent, the rest in standard deviations."""

import math

from lossterm.errors import OutOfRange, UsageError
from lossterm.stress_axes.axis import Axis

MOST_LEVELS = 100


def written(axis: Axis, level: float) -> str:
    """Write a level: 5 %, 0.03 %, 1.5 SD."""
    return f"{100 * level:.3g} %" if axis.unit == "share" else f"{level:.3g} SD"


def in_words(axis: Axis, level: float) -> str:
    """Write a level and what it is of: 5 % outliers in y."""
    return f"{written(axis, level)} {axis.title}"


def level_from(text: str, axis: Axis, setting: str = "A level") -> float:
    """Parse a level: 0.05, 5%, 1.5, 1.5sd. Raises OutOfRange."""
    plain = text.strip().lower().replace(" ", "")
    try:
        number = float(f"{float(plain[:-1]) / 100:.12g}") if plain.endswith("%") else float(plain.removesuffix("sd"))
    except ValueError:
        number = math.nan
    percent_of_sd = plain.endswith("%") and axis.unit == "sd"
    if not math.isfinite(number) or percent_of_sd or (plain.endswith("sd") and axis.unit == "share"):
        example = "0.05 or 5%" if axis.unit == "share" else "0.5, in standard deviations"
        raise OutOfRange(setting, repr(text), f"a number such as {example}")
    return checked(number, axis, setting)


def checked(level: float, axis: Axis, setting: str = "A level") -> float:
    """Return a level that lies on the axis. Raises OutOfRange for another."""
    if not (math.isfinite(level) and 0 <= level <= axis.most):
        allowed = f"from 0 to {axis.most:g} ({written(axis, axis.most)} {axis.of}) on the axis {axis.key}"
        raise OutOfRange(setting, f"{level:g}", allowed)
    return level


def levels_from(text: str, axis: Axis, setting: str = "--levels") -> tuple[float, ...]:
    """Parse levels with commas between. Raises OutOfRange and UsageError as `all_checked`."""
    return all_checked([level_from(part, axis, setting) for part in text.split(",")], axis, setting)


def all_checked(levels: "list[float] | tuple[float, ...]", axis: Axis, setting: str = "--levels") -> tuple[float, ...]:
    """Return levels ascending, each once, and 0 among them: that is the plain comparison.

    Raises OutOfRange for one that is not on the axis, and UsageError for none above 0 or too many.
    """
    every = tuple(sorted({0.0, *(float(checked(level, axis, setting)) for level in levels)}))
    if len(every) < 2:
        raise UsageError(f"{setting} has no level above 0, and 0 alone is no sweep: {_example(axis)}")
    if len(every) > MOST_LEVELS:
        raise UsageError(f"{setting} has {len(every)} levels; at most {MOST_LEVELS} make a curve: {_example(axis)}")
    return every


def _example(axis: Axis) -> str:
    return f"give for instance {','.join(f'{level:g}' for level in axis.levels)}."
