"""Drawing with axes as inline SVG: nothing but text, shapes and classes, so that a page's style colours it."""

import html
import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from lossterm.text.harmless import one_line

if TYPE_CHECKING:
    import numpy as np

    from lossterm.charts.axes import Axis

MOST_POINTS = 600
"""Points of a line: more are drawn as the lowest and highest of neighbours."""

LONGEST_NAME = 26
"""Characters of a name at the end of a line."""

_NAME_SPACING = 14.0
"""Least distance of two names."""

DASHES = ("", "7 3", "2 3", "9 3 2 3", "14 4", "4 2 1 2")
"""How lines are drawn, by their places in the chart, so that they are told apart without colours."""

LEFT, RIGHT, TOP, BOTTOM = 58, 190, 30, 44
"""Room around a chart: for numbers, names, the title, and numbers with what they count."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a chart."""

    name: str
    """What stands at its right end."""
    colour: str
    """Class of its colour."""
    x: "np.ndarray"
    """(points,), ascending."""
    y: "np.ndarray"
    """(points,), not finite where nothing is drawn."""
    low: "np.ndarray | None" = None
    """Lower edge of its band, None without one."""
    high: "np.ndarray | None" = None
    """Upper edge."""
    dash: str = ""
    """One of DASHES."""
    ringed: float | None = None
    """Place on the level axis of a point that has a ring around it."""
    dots: bool = False
    """Whether each point is marked."""
    collapsed: tuple[tuple[int, float], ...] = ()
    """Points that have a diamond around them: where trainings ended that collapsed."""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A frame with two axes."""

    title: str
    """What is drawn."""
    across: str
    """What the level axis counts."""
    level: "Axis"
    """The level axis."""
    upright: "Axis"
    """The upright axis."""
    width: float = 760.0
    """Units of the whole picture."""
    height: float = 320.0
    """Units of the whole picture."""

    def x(self, values: "np.ndarray") -> "np.ndarray":
        """Return where values lie from left to right."""
        import numpy as np

        return np.asarray(LEFT + self.level.share(values) * (self.width - LEFT - RIGHT))

    def y(self, values: "np.ndarray") -> "np.ndarray":
        """Return where values lie from above; those beyond the axis lie on its end."""
        import numpy as np

        share = np.clip(self.upright.share(values), 0, 1)
        return np.asarray(TOP + (1 - share) * (self.height - TOP - BOTTOM))


def chart(frame: Chart, lines: Sequence[Line]) -> str:
    """Draw bands, then lines, then names at their ends."""
    drawn = [*_axes(frame)]
    drawn += [_band(frame, line) for line in lines if line.low is not None]
    drawn += [part for line in lines for part in _line(frame, line)]
    drawn += _names(frame, lines)
    return picture(frame.title, frame.width, frame.height, drawn)


def picture(title: str, width: float, height: float, parts: Iterable[str]) -> str:
    """Put parts into a picture that a screen reader knows by its title."""
    inside = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{shown(title)}</title>\n{inside}\n</svg>"
    )


def shown(text: str) -> str:
    """Write text so that it is shown as it is, within elements and attributes."""
    return html.escape(one_line(text))


def text(x: float, y: float, words: str, *, kind: str = "", anchor: str = "start") -> str:
    """Write words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{shown(words)}</text>'


def stroke(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Draw a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def shortened(name: str) -> str:
    """Return as much of a name as there is room for."""
    name = one_line(name)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _axes(frame: Chart) -> list[str]:
    import numpy as np

    left, right, bottom = LEFT, frame.width - RIGHT, frame.height - BOTTOM
    drawn = [text(left, 16, frame.title, kind="title")]
    for number, label in frame.upright.ticks:
        if frame.upright.low <= number <= frame.upright.high:
            y = float(frame.y(np.array([number]))[0])
            drawn += [stroke(left, y, right, y, "grid"), text(left - 6, y + 4, label, anchor="end")]
    for number, label in frame.level.ticks:
        if frame.level.low <= number <= frame.level.high:
            x = float(frame.x(np.array([number]))[0])
            drawn += [stroke(x, bottom, x, bottom + 5, "axis"), text(x, bottom + 18, label, anchor="middle")]
    drawn += [stroke(left, bottom, right, bottom, "axis")]
    return [*drawn, text((left + right) / 2, frame.height - 8, frame.across, anchor="middle")]


def _runs(*values: "np.ndarray") -> list[slice]:
    """Return the stretches in which all are finite."""
    import numpy as np

    there = np.all([np.isfinite(one) for one in values], axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return [slice(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _points(x: "np.ndarray", y: "np.ndarray") -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def thinned(x: "np.ndarray", y: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
    """Return at most MOST_POINTS points that look like all: of neighbours the lowest and the highest."""
    import numpy as np

    if len(x) <= MOST_POINTS:
        return x, y
    parts = np.array_split(np.arange(len(x)), MOST_POINTS // 2)
    kept = [place for part in parts for place in sorted({part[y[part].argmin()], part[y[part].argmax()]})]
    return x[kept], y[kept]


def _line(frame: Chart, line: Line) -> list[str]:
    dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
    drawn = []
    for run in _runs(line.y):
        x, y = thinned(line.x[run], line.y[run])
        if len(x) == 1 or line.dots:
            drawn += [_circle(frame, a, b, 3, f"dot {line.colour}") for a, b in zip(x, y, strict=True)]
        if len(x) > 1:
            points = _points(frame.x(x), frame.y(y))
            drawn.append(f'<polyline points="{points}" class="line {line.colour}"{dash}/>')
        drawn += [_circle(frame, a, b, 7, f"ring {line.colour}") for a, b in zip(x, y, strict=True) if a == line.ringed]
    inside = [(x, y) for x, y in line.collapsed if frame.upright.low <= y <= frame.upright.high]
    return drawn + [_diamond(frame, x, y, f"ring {line.colour}") for x, y in inside]


def _diamond(frame: Chart, x: float, y: float, kind: str) -> str:
    import numpy as np

    across, down = frame.x(np.array([x]))[0], frame.y(np.array([y]))[0]
    return f'<path d="M{across:.1f},{down - 6:.1f}l6,6l-6,6l-6,-6z" class="{kind}"/>'


def _circle(frame: Chart, x: float, y: float, radius: float, kind: str) -> str:
    import numpy as np

    across, down = frame.x(np.array([x]))[0], frame.y(np.array([y]))[0]
    return f'<circle cx="{across:.1f}" cy="{down:.1f}" r="{radius:g}" class="{kind}"/>'


def _band(frame: Chart, line: Line) -> str:
    import numpy as np

    if line.low is None or line.high is None:
        return ""
    drawn = []
    for run in _runs(line.low, line.high):
        x_low, low = thinned(line.x[run], line.low[run])
        x_high, high = thinned(line.x[run], line.high[run])
        x, y = np.concatenate([x_high, x_low[::-1]]), np.concatenate([high, low[::-1]])
        drawn.append(f'<polygon points="{_points(frame.x(x), frame.y(y))}" class="band {line.colour}"/>')
    return "\n".join(drawn)


def _names(frame: Chart, lines: Sequence[Line]) -> list[str]:
    """Write each name beside the end of its line, those that would lie upon one another apart."""
    import numpy as np

    ends = []
    for line in lines:
        there = np.flatnonzero(np.isfinite(line.y))
        if len(there):
            last = there[-1:]
            ends.append((float(frame.y(line.y[last])[0]), float(frame.x(line.x[last])[0]), line))
    ends.sort(key=lambda end: end[0])
    drawn, right = [], frame.width - RIGHT
    for place, (y, x, line) in zip(spread([end[0] for end in ends], TOP, frame.height - BOTTOM), ends, strict=True):
        drawn.append(
            f'<path d="M{x + 2:.1f},{y:.1f} L{right + 4:.1f},{y:.1f} L{right + 14:.1f},{place:.1f}" class="lead"/>'
        )
        dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
        drawn.append(
            f'<line x1="{right + 16:.1f}" y1="{place:.1f}" x2="{right + 40:.1f}" y2="{place:.1f}" '
            f'class="line {line.colour}"{dash}/>'
        )
        drawn.append(text(right + 45, place + 4, shortened(line.name), kind="name"))
    return drawn


def spread(places: Sequence[float], top: float, bottom: float) -> list[float]:
    """Move ascending places apart by as little as it takes, within top and bottom as far as there is room."""
    spaced: list[float] = []
    for place in places:
        spaced.append(max(place, spaced[-1] + _NAME_SPACING if spaced else top))
    limit = bottom
    for number in range(len(spaced) - 1, -1, -1):
        spaced[number] = min(spaced[number], limit)
        limit = spaced[number] - _NAME_SPACING
    return spaced


def height_for(names: int, least: float) -> float:
    """Return the height of a chart in which so many names stand one below the other."""
    return max(least, TOP + BOTTOM + _NAME_SPACING * names)


def number_axis(values: "np.ndarray", lines: int = 24) -> "Axis | None":
    """Return an axis for values that a few far outliers do not stretch, None where none is finite."""
    import numpy as np

    from lossterm.charts.axes import LARGEST, value_axis

    wide = values.astype(np.float64)
    there = wide[np.abs(wide) < LARGEST]
    return value_axis(there, lines) if len(there) else None


AxisScale = Callable[[float], float]
"""A number → its place from left to right."""


def level_scale(axis: "Axis", left: float, right: float) -> AxisScale:
    """Return where numbers lie between two places; not a number lies at the left."""
    import numpy as np

    def place(number: float) -> float:
        share = float(np.clip(axis.share(np.array([number])), 0, 1)[0])
        return left if math.isnan(share) else left + share * (right - left)

    return place
