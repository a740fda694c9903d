"""Data before training: how a target is distributed, how it goes with a feature, how many rows each class has."""

from collections.abc import Sequence

import numpy as np
from rich.text import Text

from lossterm.charts.axes import Axis, Scale, scale_for, scaled_axis
from lossterm.charts.drawing import Drawing, in_words
from lossterm.charts.loss_colours import Colour, colour_text
from lossterm.charts.plot import Plot
from lossterm.charts.text_lines import SMALLEST, fitted, panel

_BARS = " ▁▂▃▄▅▆▇█"
_LYING = " ▏▎▍▌▋▊▉█"
_WIDEST_NAME = 16
_FEWEST_BARS = 8


def target_histogram(values: np.ndarray, rows: int, colour: Colour, width: int, height: int) -> Drawing:
    """Draw how often which target occurs, on a scale that the targets ask for, in `width` × `height` cells.

    `values` are targets, or evenly spaced quantiles of so many `rows`, (values,), all finite.
    """
    if width < SMALLEST[0] or height < SMALLEST[1] or not len(values):
        return in_words("Too small to draw.", width, height)
    across = scaled_axis(values, _seen_scale(values), width, level=True)
    wide = max(1, round(width / max(_FEWEST_BARS, 2 * len(values) ** 0.5)))
    columns = Plot(width, height, across, Axis(0, 1, ((1.0, f"{rows:,}"),))).columns  # as many at the least
    bars = max(1, columns // wide)
    counts = np.bincount(np.clip((across.share(values) * bars).astype(int), 0, bars - 1), minlength=bars)
    most = float(counts.max())
    tallest = f"{max(1, round(most * rows / len(values))):,}"
    plot = Plot(width, height, across, Axis(0, most, ((most, tallest), (0.0, "0"))))
    counts = counts[np.arange(plot.columns) * bars // plot.columns]
    picture = plot.picture()
    for column, count in enumerate(counts.tolist()):
        eighths = max(1, round(8 * plot.rows * count / most)) if count else 0
        for row in range(plot.rows):
            level = min(max(eighths - 8 * (plot.rows - 1 - row), 0), 8)
            if level:
                picture.mark(column, row, _BARS[level], colour)
    return picture.drawing()


def _seen_scale(values: np.ndarray) -> Scale:
    """Return the scale that values ask for; not by quantiles, on which every distribution looks the same."""
    scale = scale_for(values)
    return scale if scale == "log" else "linear"


def scatter_of(
    points: np.ndarray, colours: Sequence[Colour], names: tuple[str, str], width: int, height: int
) -> Drawing:
    """Draw points, (points, 3): two numbers and the index of a colour, each axis on the scale that its numbers ask for.

    `names` are those of the level axis, which is written beneath, and of the upright one, on top.
    """
    if width < SMALLEST[0] or height < SMALLEST[1] + 2 or not len(points):
        return in_words("Too small to draw.", width, height)
    x, y = points[:, 0], points[:, 1]
    level = scaled_axis(x, scale_for(x), width, level=True)
    upright = scaled_axis(y, scale_for(y), height - 2)
    plot = Plot(width, height - 2, level, upright)
    for group in reversed(range(len(colours))):
        held = points[:, 2] == group
        if held.any():
            plot.dots(x[held], y[held], colours[group])
    how = [f"{name} ({word})" if word != "linear" else name for name, word in zip(names, _scales(x, y), strict=True)]
    top = fitted(Text(f"↑ {how[1]}", "dim"), width)
    beneath = Text(f"{how[0]} →", "dim")
    beneath.pad_left(max(0, width - beneath.cell_len))
    return Drawing(lines=(top, *plot.picture().drawing().lines, fitted(beneath, width)))


def _scales(*values: np.ndarray) -> list[str]:
    words = {"log": "log scale", "quantiles": "by quantile", "linear": "linear"}
    return [words[scale_for(one)] for one in values]


def class_bars(
    classes: Sequence[tuple[str, int]], colours: Sequence[Colour], width: int, height: int
) -> tuple[Text, ...]:
    """Draw a lying bar for each class with its rows, in `width` × `height` cells; what has no room is counted."""
    shown = classes if len(classes) <= height else classes[: max(height - 1, 0)]
    name = min(max((len(label) for label, _ in shown), default=1), _WIDEST_NAME, max(width // 3, 1))
    counts = [f"{rows:,}" for _, rows in shown]
    room = max(width - name - max(map(len, counts), default=0) - 2, 1)
    most = max((rows for _, rows in shown), default=1)
    lines = []
    for (label, rows), count, colour in zip(shown, counts, colours, strict=False):
        level = max(round(8 * room * rows / max(most, 1)), 1) if rows else 0
        bar = "█" * (level // 8) + _LYING[level % 8].strip()
        named = label if len(label) <= name else f"{label[: name - 1]}…"
        lines.append(Text.assemble(named.ljust(name), " ", (bar, colour_text(colour)), f" {count}"))
    if more := len(classes) - len(shown):
        lines.append(Text(f"and {more} more classes", "dim"))
    return tuple(panel(lines, width, height))
