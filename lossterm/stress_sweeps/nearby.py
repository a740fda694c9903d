"""What stored sweeps say of data at hand: whether they are near a point at which the best loss changes."""

from collections.abc import Iterator
from itertools import pairwise

from lossterm.errors import LosstermError
from lossterm.store import Store
from lossterm.stress_axes import written
from lossterm.stress_sweeps.contamination import Contamination, contamination
from lossterm.stress_sweeps.curve import Step, SweepCurve, curve_of
from lossterm.stress_sweeps.sweep import AskedSweep, sweeps
from lossterm.stress_sweeps.wording import ends, point
from lossterm.tasks import Task

NEAR = 0.7
"""Distance along an axis that counts as near, where the interval of a tipping point is narrower: a factor of two."""


def near_tipping_points(store: Store, task: Task) -> list[str]:
    """Say of each stored sweep on a task's data whether their own severity is near one of its tipping points.

    Raises StoreError. It looks at the data only where a sweep has a tipping point.
    """
    sentences, known = list[str](), dict[str, Contamination | None]()
    for sweep in _on(store, task):
        every = store.reader.comparisons(sweep.session)
        try:
            curve = curve_of(sweep, store.reader.trials([one.id for one in every]))
        except LosstermError:  # a loss of a package that is no longer installed
            continue
        if len(curve.steps) < 2:
            continue
        if sweep.axis.key not in known:
            known[sweep.axis.key] = contamination(task, sweep.axis)
        if (found := known[sweep.axis.key]) is not None:
            sentences += _sentences(curve, found)
    return sentences


def _on(store: Store, task: Task) -> Iterator[AskedSweep]:
    """Yield the sweeps on a task of all sessions."""
    for session in store.sessions.every():
        if task.key in session.tasks:
            every = store.reader.comparisons(session.name)
            yield from (one for one in sweeps(every) if one.comparison.task == task.key)


def _sentences(curve: SweepCurve, found: Contamination) -> Iterator[str]:
    axis = curve.asked.axis
    own = axis.place(found.level)
    for step, after in pairwise(curve.steps):
        if step.until is not None and _is_near(own, step):
            yield (
                f"The sweep {curve.asked.number} of the session {curve.asked.session} says {step.loss} until "
                f"{point(axis, step.until.place)} {axis.title} {ends(axis, step.until)}, then {after.loss}, and the "
                f"data have about {written(axis, found.level)}: near the tipping point, so compare both."
            )


def _is_near(own: float, step: Step) -> bool:
    assert step.until is not None
    low, high = step.until.interval or (step.until.place, step.until.place)
    return min(low, step.until.place - NEAR) <= own <= max(high, step.until.place + NEAR)
