"""A sweep in words: which loss until where, what that rests on, and what the data at hand say."""

import math

from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.metrics import metric_named
from lossterm.reports.cells import spread
from lossterm.statistics.tipping_point import TippingPoint
from lossterm.stress_axes import Axis, written
from lossterm.stress_sweeps.contamination import Contamination
from lossterm.stress_sweeps.curve import SweepCurve
from lossterm.text.numbers import counted, listed


def headline(curve: SweepCurve) -> str:
    """Say in one line what was swept."""
    comparison, axis = curve.asked.comparison, curve.asked.axis
    seeds = counted(curve.seeds, "seed") if comparison.cap is None else f"races of at most {comparison.cap} seeds"
    levels = counted(len(curve.levels), "level")
    rates = counted(len(comparison.learning_rates), "learning rate")
    return (
        f"{_named(curve)}: {axis.title}, {levels} × {counted(len(curve.losses), 'loss', 'losses')} × {seeds} × {rates}"
    )


def _named(curve: SweepCurve) -> str:
    comparison = curve.asked.comparison
    return comparison.task.rpartition("@")[0] if comparison.data else comparison.task


def verdict(curve: SweepCurve, found: Contamination | None = None) -> str:
    """Say which loss to take from where to where, and at the data's own severity: one or two sentences."""
    partial = "So far (not all is trained): " if curve.partial else ""
    if len(curve.levels) < 2 or all(leader is None for leader in curve.leaders):
        return f"{partial}No level has a score yet."
    path = _path(curve)
    own = ""
    if found is not None:
        level = written(curve.asked.axis, found.level)
        place = "your table has" if curve.asked.comparison.data else "the data have"
        own = f"; {place} about {level}: {curve.taken_at(found.level)}"
    return f"{partial}{path}{own}."


def _path(curve: SweepCurve) -> str:
    axis, steps = curve.asked.axis, curve.steps
    if len(steps) == 1:
        return _without_tipping(curve)
    words = []
    for place, step in enumerate(steps):
        if step.until is None:
            words.append(f"then {step.loss}")
        elif step.until.place <= 0 and place == 0:
            words.append(f"{step.loss} is behind from the start")
        else:
            then = "then " if place else ""
            what = "" if place else f" {axis.title}"
            words.append(f"{then}{step.loss} until {point(axis, step.until.place)}{what} {ends(axis, step.until)}")
    return ", ".join(words).replace("is behind from the start, then", "is behind from the start:")


def _without_tipping(curve: SweepCurve) -> str:
    """Say that no loss overtakes the reference, and whether any seems to."""
    axis, reference = curve.asked.axis, curve.asked.reference
    last = written(axis, curve.levels[-1])
    seeming = {loss: one for loss in curve.others if (one := curve.tipping_points[loss]) is not None and one.found}
    if not seeming:
        return f"{reference} holds: no tipping point up to {last} {axis.title}"
    first = min(seeming, key=lambda loss: seeming[loss].place)
    where = point(axis, seeming[first].place)
    return (
        f"No tipping point is shown up to {last} {axis.title}: {first} is ahead of {reference} from about {where} on, "
        "but not beyond chance"
    )


def point(axis: Axis, place: float) -> str:
    """Write the level at a place, with two digits; `none` for one beyond the last level."""
    return "none" if math.isinf(place) else written(axis, float(f"{axis.level_at(place):.2g}"))


def ends(axis: Axis, tipping: TippingPoint) -> str:
    """Write the interval of a tipping point: [0 %, 0.2 %]; an end beyond the last level as `none`."""
    between = tipping.interval
    return f"[{point(axis, between[0])}, {point(axis, between[1])}]" if between else "[too few seeds]"


def tipping_in_words(curve: SweepCurve, loss: str) -> str:
    """Write where a loss overtakes the reference: 0.03 % [0 %, 0.2 %], or `none up to 20 %`."""
    tipping, axis = curve.tipping_points.get(loss), curve.asked.axis
    if tipping is None:
        return "–"
    where = point(axis, tipping.place) if tipping.found else f"none up to {written(axis, curve.levels[-1])}"
    shown = "" if not tipping.found or curve.shown_ahead(loss, curve.asked.reference) else ", not beyond chance"
    return f"{where} {ends(axis, tipping)}{shown}"


def area_in_words(curve: SweepCurve, loss: str) -> str:
    """Write by how much a loss gets worse on average along the axis: +.0123 ±.0031."""
    known = curve.areas.get(loss)
    if known is None:
        return "–"
    mean, between = known
    half = (between[1] - between[0]) / 2 if between else None
    around = None if half is None else (abs(mean) - half, abs(mean) + half)
    return f"{'+' if mean >= 0 else '−'}{spread(abs(mean), around)}"


def notes(curve: SweepCurve, found: Contamination | None = None) -> list[str]:
    """Return what a reader must know, a sentence each."""
    axis, comparison = curve.asked.axis, curve.asked.comparison
    altered = listed(axis.splits)
    kept = "test never" if "test" not in axis.splits else "train and validation never"
    metric = metric_named(comparison.metric)
    better = "higher" if metric.direction == "max" else "lower"
    lines = [
        f"{axis.does} In {altered}, {kept}; the rows altered at a level are among those of the next.",
        f"Δ is how far a loss is ahead of {curve.asked.reference} in {comparison.metric} on the test rows ({better} is "
        f"better), seed by seed; its bands hold for all {curve.intervals} at once, in 95 % of cases. ▒ not shown to be "
        "apart.",
        "The tipping point is found on each seed: median and 95 % interval by their order. Area: how much worse a loss "
        "gets on average along the axis.",
        protocol_named(comparison.protocol).caveat(curve.asked.record, tuned=comparison.tuned),
        f"Known: {axis.known} ({axis.source})",
    ]
    if found is not None:
        name = "Your table" if comparison.data else comparison.task
        lines.append(f"{found.sentence(axis, name)}; levels are added to what is there already.")
    lines += _trouble(curve)
    if comparison.cap is not None:
        done, whole = curve.trainings
        lines.append(f"Raced: {done:,} of {whole:,} trainings.")
    return lines


def _trouble(curve: SweepCurve) -> list[str]:
    lines = []
    if curve.stopped:
        lines.append(f"Partial: {counted(curve.stopped, 'training')} stopped before the end.")
    elif curve.pending:
        lines.append(f"Partial: {counted(curve.pending, 'training')} not done yet.")
    for loss in curve.losses:
        for what in ("diverged", "collapsed"):
            at = [
                f"{getattr(one, what)} at {written(curve.asked.axis, level)}"
                for level, one in zip(curve.levels, curve.points[loss], strict=True)
                if getattr(one, what)
            ]
            if at:
                lines.append(f"{loss} {what} on some seeds: {', '.join(at)}.")
    failed = sum(row.status == "failed" for one in curve.reports for row in one.rows)
    if failed:
        lines.append(f"{counted(failed, 'training')} failed: {curve.failure}")
    return lines
