"""A stress sweep in the HTML report: how far losses are ahead over severity, who is best where, tables and notes."""

from itertools import pairwise

from lossterm.export.html import svg
from lossterm.export.html.frame import figure, table, whole
from lossterm.export.html.pictures import colour
from lossterm.export.html.svg import shown
from lossterm.stress_axes import written
from lossterm.stress_sweeps.contamination import Contamination
from lossterm.stress_sweeps.curve import SweepCurve
from lossterm.stress_sweeps.table import by_level, by_loss
from lossterm.stress_sweeps.wording import headline, notes, verdict

_RIBBON = 16.0
"""Height of the ribbon."""


def section(curve: SweepCurve, found: Contamination | None = None) -> str:
    """Return a section of a report."""
    axis = curve.asked.axis
    return "\n".join(
        [
            f"<section>\n<h2>{shown(curve.asked.comparison.task)}, {shown(axis.title)}</h2>",
            f'<p class="verdict">{shown(verdict(curve, found))}</p>',
            f'<p class="faint">{shown(headline(curve))}</p>',
            figure(gains(curve, found)),
            table(by_level(curve)),
            table(by_loss(curve)),
            f"<ul>{''.join(f'<li>{shown(note)}</li>' for note in notes(curve, found))}</ul>\n</section>",
        ]
    )


def alone(curve: SweepCurve, found: Contamination | None = None) -> str:
    """Return a document with one sweep."""
    return whole(curve.asked.session, curve.losses, "A stress sweep.", section(curve, found))


def gains(curve: SweepCurve, found: Contamination | None = None) -> str:
    """Draw how far each loss is ahead of the reference, with bands, and a ribbon of who is best; "" without scores."""
    import numpy as np

    from lossterm.charts.axes import Axis

    nothing = float("nan")
    places = np.array(curve.places)
    lines = [
        svg.Line(
            name=loss,
            colour=colour(loss),
            x=places,
            y=np.array([nothing if one.gain is None else one.gain for one in curve.points[loss]]),
            low=np.array([one.band[0] if one.band else nothing for one in curve.points[loss]]),
            high=np.array([one.band[1] if one.band else nothing for one in curve.points[loss]]),
            dash=svg.DASHES[place % len(svg.DASHES)],
            dots=True,
        )
        for place, loss in enumerate(curve.others)
    ]
    ends = [part for line in lines for part in (line.y, line.low, line.high) if part is not None]
    upright = svg.number_axis(np.concatenate([*ends, np.array([-curve.rope, 0.0, curve.rope])])) if lines else None
    if upright is None or not any(np.isfinite(line.y).any() for line in lines):
        return ""
    ticks = tuple((place, written(curve.asked.axis, level)) for place, level in zip(places, curve.levels, strict=True))
    frame = svg.Chart(
        title=f"Ahead of {svg.shortened(curve.asked.reference)} in {curve.metric}, by severity",
        across=curve.asked.axis.title,
        level=Axis(0.0, float(places[-1]) or 1.0, _apart(ticks, float(places[-1]))),
        upright=upright,
        height=svg.height_for(len(lines), 320),
    )
    return svg.chart(frame, lines) + _ribbon(curve, frame, found)


def _apart(ticks: "tuple[tuple[float, str], ...]", last: float) -> "tuple[tuple[float, str], ...]":
    """Return the labels that have room, both ends first."""
    kept = [ticks[-1], ticks[0]]
    for tick in ticks[1:-1]:
        if all(abs(tick[0] - other) > 0.08 * last for other, _ in kept):
            kept.append(tick)
    return tuple(kept)


def _ribbon(curve: SweepCurve, frame: svg.Chart, found: Contamination | None) -> str:
    """Draw who is best around each level, fainter where another is not shown to be worse."""
    import numpy as np

    places = curve.places
    middles = [(a + b) / 2 for a, b in pairwise(places)]
    edges = frame.x(np.array([0.0, *middles, places[-1]])).tolist()
    parts = []
    for leader, start, end in zip(curve.leaders, edges, edges[1:], strict=False):
        if leader is None:
            continue
        tied = f"; not shown to be apart: {', '.join(leader.tied)}" if leader.tied else ""
        kind = f"band {colour(leader.loss)}" if leader.tied else f"dot {colour(leader.loss)}"
        parts.append(
            f'<rect x="{start:.1f}" y="2" width="{max(end - start, 1):.1f}" height="{_RIBBON:g}" class="{kind}">'
            f"<title>{shown(leader.loss + tied)}</title></rect>"
        )
        if end - start > 7 * len(leader.loss):
            parts.append(svg.text((start + end) / 2, 14, leader.loss, anchor="middle"))
    if found is not None:
        own = float(frame.x(np.array([min(curve.asked.axis.place(found.level), places[-1])]))[0])
        parts += [
            svg.stroke(own, 0, own, _RIBBON + 4, "axis"),
            svg.text(own, _RIBBON + 16, "your data", anchor="middle"),
        ]
    parts.append(svg.text(8, 14, "best"))
    return svg.picture("Who is best, by severity; fainter where tied", frame.width, _RIBBON + 22, parts)
