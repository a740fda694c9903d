"""Every axis by name: those of lossterm, then those that installed packages add."""

import math
import re
from functools import cache
from typing import get_args

import msgspec

from lossterm import plugins
from lossterm.errors import DoesNotFit, UnknownName
from lossterm.losses import KINDS, Kind
from lossterm.stress_axes.axis import Axis, Unit
from lossterm.stress_axes.features import OF_FEATURES
from lossterm.stress_axes.labels import OF_LABELS
from lossterm.stress_axes.targets import OF_TARGETS

AXES: dict[str, Axis] = {axis.key: axis for axis in (*OF_TARGETS, *OF_LABELS, *OF_FEATURES)}
"""The axes that come with lossterm, by key, in the order in which lists show them."""

GROUP = "lossterm.axes"
"""Entry point group in which a package declares axes: `key = "module:RECORD"`, one record or a tuple of them."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


def every_axis() -> dict[str, Axis]:
    """Return all axes by key."""
    return _every()[0]


def axis_problems() -> list[str]:
    """Say what is wrong with axes that installed packages try to add."""
    return list(_every()[1])


@cache
def _every() -> tuple[dict[str, Axis], tuple[str, ...]]:
    """Return all axes, and what is wrong with those left out. A name that is taken stays with its first owner."""
    axes, wrong = dict(AXES), []
    for offer in plugins.offers(GROUP, "axes"):
        wrong += [offer.problem] if offer.problem else []
        for one in offer.given:
            if problem := _problem(one, axes):
                wrong.append(f"{offer.package} gives {problem} ({offer.place}): left out.")
            elif isinstance(one, Axis):
                axes[one.key] = msgspec.structs.replace(one, origin=offer.package)
    return axes, tuple(wrong)


def _problem(one: object, taken: dict[str, Axis]) -> str:
    """Say what is wrong with an object that is given as an axis, "" if nothing is."""
    if not isinstance(one, Axis):
        return f"a {type(one).__name__} as an axis, where a record is wanted"
    if not isinstance(one.key, str) or not _KEY.fullmatch(one.key):
        return f"an axis {one.key!r}, which is not a valid name"
    if one.key in taken:
        return f"an axis {one.key!r}, but that is taken"
    if problem := malformed(one):
        return f"an axis {one.key!r}, of which {problem}"
    return ""


def malformed(axis: Axis) -> str:
    """Say what is wrong with the numbers and words of a record, "" if nothing is."""
    if not axis.kinds or set(axis.kinds) - set(KINDS):
        return f"the kinds must be some of {', '.join(KINDS)}"
    if axis.unit not in get_args(Unit):
        return f"the unit must be one of {', '.join(get_args(Unit))}"
    levels = axis.levels
    if len(levels) < 2 or levels[0] != 0 or list(levels) != sorted(set(levels)):
        return "the levels must ascend from 0"
    if not all(map(math.isfinite, levels)) or not levels[-1] <= axis.most < math.inf:
        return "the levels must be finite, and none above the largest that makes sense"
    if not axis.splits or set(axis.splits) - {"train", "validation", "test"}:
        return "the splits must be some of train, validation, test"
    return "" if callable(axis.function) else "the function cannot be called"


def axes_for(kind: Kind) -> tuple[Axis, ...]:
    """Return the axes for tasks of a kind, in the order of lists."""
    return tuple(axis for axis in every_axis().values() if kind in axis.kinds)


def axis_named(key: str, kind: Kind | None = None) -> Axis:
    """Return the record of a key. Raises UnknownName with near misses, and DoesNotFit for tasks of another kind."""
    known = AXES if key in AXES else every_axis()
    plain = key.strip().lower().replace("-", "_").replace(" ", "_")
    axis = known.get(key) or known.get(plain)
    if axis is None:
        raise UnknownName("axis", key, [one.key for one in axes_for(kind)] if kind else known)
    if kind is not None and kind not in axis.kinds:
        fitting = ", ".join(one.key for one in axes_for(kind))
        does = f"try {fitting}." if fitting else "there is none for them so far."
        raise DoesNotFit(f"The axis {axis.key} ({axis.title}) is not for {kind} tasks, as this one is: {does}")
    return axis
