"""A sweep as JSON, CSV, Markdown, plain text and sentences: the words and numbers of its tables."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

import lossterm
from lossterm.reports.json_document import SCHEMA
from lossterm.statistics.paired_differences import Interval
from lossterm.statistics.tipping_point import TippingPoint
from lossterm.stress_axes import Axis, written
from lossterm.stress_sweeps.contamination import Contamination
from lossterm.stress_sweeps.curve import Point, SweepCurve
from lossterm.stress_sweeps.table import by_level, by_loss, gain
from lossterm.stress_sweeps.wording import area_in_words, headline, notes, tipping_in_words, verdict
from lossterm.text.columns import markdown, plain
from lossterm.text.harmless import cell, in_markdown, printable


def document(curve: SweepCurve, found: Contamination | None = None) -> dict[str, Any]:
    """Return the JSON of a sweep; no number in it is NaN or infinite."""
    axis, comparison = curve.asked.axis, curve.asked.comparison
    done, fixed = curve.trainings
    return {
        "lossterm": lossterm.__version__,
        "schema": SCHEMA,
        "session": curve.asked.session,
        "sweep": curve.asked.number,
        "task": {"key": comparison.task, "kind": curve.asked.record.kind},
        "axis": {"key": axis.key, "title": axis.title, "unit": axis.unit, "of": axis.of, "splits": axis.splits},
        "metric": comparison.metric,
        "reference": curve.asked.reference,
        "levels": curve.levels,
        "seeds": curve.seeds,
        "rope": curve.rope,
        "verdict": verdict(curve, found),
        "steps": [
            {"loss": step.loss, "until": None if step.until is None else _tipping(axis, step.until)}
            for step in curve.steps
        ],
        "leaders": [
            {"level": level, "loss": leader and leader.loss, "tied": leader.tied if leader else ()}
            for level, leader in zip(curve.levels, curve.leaders, strict=True)
        ],
        "losses": [_loss(curve, loss) for loss in curve.losses],
        "contamination": None if found is None else {"level": found.level, "by": found.by},
        "partial": curve.partial,
        "trainings": {"done": done, "fixed_design": fixed},
        "environment": curve.reports[-1].environment,
        "seconds": round(curve.seconds, 3),
    }


def _loss(curve: SweepCurve, loss: str) -> dict[str, Any]:
    tipping, known = curve.tipping_points.get(loss), curve.areas[loss]
    return {
        "loss": loss,
        "tipping_point": None if tipping is None else _tipping(curve.asked.axis, tipping),
        "beyond_chance": None if tipping is None else curve.shown_ahead(loss, curve.asked.reference),
        "area": None if known is None else {"mean": known[0], "ci": known[1]},
        "levels": [
            {"level": level, **_point(one)} for level, one in zip(curve.levels, curve.points[loss], strict=True)
        ],
    }


def _point(one: Point) -> dict[str, Any]:
    return {
        "mean": one.score.mean,
        "sd": one.score.sd,
        "learning_rate": None if math.isnan(one.learning_rate) else one.learning_rate,
        "difference": None if one.gain is None else {"mean": one.gain, "ci": one.band},
        "seeds": one.seeds,
        "collapsed": one.collapsed,
        "diverged": one.diverged,
    }


def _tipping(axis: Axis, tipping: TippingPoint) -> dict[str, Any]:
    """Return levels; None for one beyond the last."""
    low, high = tipping.interval or (math.inf, math.inf)
    return {
        "level": _level(axis, tipping.place),
        "ci": None if tipping.interval is None else (_level(axis, low), _level(axis, high)),
        "seeds": [_level(axis, place) for place in tipping.seeds],
    }


def _level(axis: Axis, place: float) -> float | None:
    return float(f"{axis.level_at(place):.4g}") if math.isfinite(place) else None


def as_csv(curves: Sequence[SweepCurve]) -> str:
    """Write one line per sweep, loss and level."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV)
    for curve in curves:
        for loss in curve.losses:
            tipping = curve.tipping_points.get(loss)
            between: Interval | tuple[None, None] = (tipping and tipping.interval) or (None, None)
            axis = curve.asked.axis
            ends = [None if end is None else _level(axis, end) for end in between]
            tipped = [tipping and _level(axis, tipping.place), *ends]
            known = curve.areas[loss]
            for place, (level, one) in enumerate(zip(curve.levels, curve.points[loss], strict=True)):
                leader = curve.leaders[place]
                line = [curve.asked.number, curve.asked.comparison.task, axis.key, level, loss, curve.metric]
                line += [one.score.mean, one.score.sd, one.gain, *(one.band or (None, None)), one.seeds]
                line += [one.collapsed, one.diverged, leader and leader.loss, *tipped, known and known[0]]
                writer.writerow(map(cell, line))
    return text.getvalue().rstrip("\n")


_CSV = (
    *("sweep", "task", "axis", "level", "loss", "metric", "mean", "sd", "difference"),
    *("difference_low", "difference_high", "seeds", "collapsed", "diverged", "best"),
    *("tipping_point", "tipping_point_low", "tipping_point_high", "area"),
)


def as_markdown(curve: SweepCurve, found: Contamination | None = None) -> str:
    """Write tables for a pull request."""
    listed = "\n".join(f"- {in_markdown(note)}" for note in notes(curve, found))
    head = [f"**{in_markdown(verdict(curve, found))}**", in_markdown(headline(curve))]
    return "\n\n".join([*head, markdown(by_level(curve)), markdown(by_loss(curve)), listed])


def as_plain(curve: SweepCurve, found: Contamination | None = None) -> str:
    """Write aligned tables without drawing, for logs."""
    head = [headline(curve), verdict(curve, found)]
    tables = [plain(by_level(curve)), "", plain(by_loss(curve))]
    return "\n".join([*map(printable, head), "", *tables, "", *map(printable, notes(curve, found))])


def sentences(curve: SweepCurve, found: Contamination | None = None) -> list[str]:
    """Return a sweep as sentences, for screen readers and logs."""
    axis, reference = curve.asked.axis, curve.asked.reference
    lines = [f"{headline(curve)}.", verdict(curve, found)]
    for place, (level, leader) in enumerate(zip(curve.levels, curve.leaders, strict=True)):
        if leader is None:
            lines.append(f"At {written(axis, level)} nothing is known yet.")
            continue
        tied = f", not shown to be apart from {' and '.join(leader.tied)}" if leader.tied else ""
        gains = [f"{loss} {gain(curve.points[loss][place])}" for loss in curve.others]
        score = curve.points[reference][place].score.mean
        of_reference = "no score" if score is None else f"{curve.metric} {score:.4g}"
        ahead = f" Ahead of it by: {'; '.join(gains)}." if gains else ""
        lines.append(f"At {written(axis, level)} {leader.loss} is best{tied}. {reference} has {of_reference}.{ahead}")
    lines += [f"{loss} overtakes {reference} at {tipping_in_words(curve, loss)}." for loss in curve.others]
    lines += [f"{loss} gets worse by {area_in_words(curve, loss)} on average." for loss in curve.losses]
    return [*lines, *notes(curve, found)]
