"""Further levels around the points at which the best loss changes, once the first ones are trained."""

from collections.abc import Iterator

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.stress_axes.levels import written
from lossterm.stress_sweeps.curve import SweepCurve
from lossterm.text.numbers import listed

WIDE = 0.75
"""Width of the gap between two levels, along the axis, from which it is divided: a factor of two, about."""

PARTS = 3
"""Parts into which it is divided."""


def refined(curve: SweepCurve) -> list[Comparison]:
    """Return the comparisons at further levels; none while trials have not ended, and where levels were chosen.

    The gap in which a loss is overtaken is divided until it is narrow; the levels are rounded, so that another session
    asks for the same trainings.
    """
    if curve.partial or not curve.asked.comparison.refines:
        return []
    plain = next((one.asked.comparison for one in curve.reports if one.asked.comparison.severity is None), None)
    source = curve.asked.comparison.severity
    if plain is None or source is None:
        return []
    return [
        msgspec.structs.replace(_begun(curve), severity=msgspec.structs.replace(source, level=level))
        for level in dict.fromkeys(_levels(curve))
    ]


def _begun(curve: SweepCurve) -> Comparison:
    """Return the comparison at a level as it was first asked for: without what a race or wider rates have added."""
    last = curve.asked.comparison
    return last.begun(curve.seeds if last.cap is None else None)


def _levels(curve: SweepCurve) -> Iterator[float]:
    places, axis = curve.places, curve.asked.axis
    for step in curve.steps:
        if step.until is None:
            return
        above = next((number for number, place in enumerate(places) if place > step.until.place), None)
        if not above:
            continue
        low, high = places[above - 1], places[above]
        if high - low < WIDE:
            continue
        for part in range(1, PARTS):
            level = float(f"{axis.level_at(low + (high - low) * part / PARTS):.2g}")
            if level not in curve.levels:
                yield level


def announced(curve: SweepCurve, comparisons: list[Comparison]) -> str:
    """Say at which further levels a sweep trains, and why."""
    levels = [written(curve.asked.axis, one.severity.level) for one in comparisons if one.severity]
    return f"The best loss changes between two levels, so more are tried there: {listed(levels)}."
