"""The target of a table as bars: upright over the range of numbers, lying for classes."""

from collections.abc import Sequence

from rich.text import Text

from lossterm.data import ShownOutput, ShownTarget
from lossterm.reports.cells import number
from lossterm.tui.widgets.changing_lines import fitted

EIGHTHS = " ▁▂▃▄▅▆▇█"
LYING = " ▏▎▍▌▋▊▉█"
WIDEST_NAME = 20
MOST_CLASSES = 12
"""Classes that have a bar each; the rest are counted."""

MOST_OUTPUTS = 6
"""Numbers that have bars, of several."""


def lines(target: ShownTarget, width: int, height: int) -> list[Text]:
    """Return the bars of a target in `width` cells; upright ones are `height` lines high, each of several outputs."""
    if target.outputs:
        return _of_outputs(target.outputs, width, height)
    return _lying(target, width) if target.classes else _upright(target, width, height)


def _of_outputs(outputs: Sequence[ShownOutput], width: int, height: int) -> list[Text]:
    bars: list[Text] = []
    for output in outputs[:MOST_OUTPUTS]:
        bars += [Text(fitted(output.name, width).rstrip()), *_upright(output, width, height)]
    if (more := len(outputs) - MOST_OUTPUTS) > 0:
        bars.append(Text(f"and {more} more outputs", "dim"))
    return bars


def _upright(target: ShownTarget | ShownOutput, width: int, height: int) -> list[Text]:
    most, bars = max(target.counts), len(target.counts)
    wide = max(min(width // bars, 4), 1)
    levels = [_level(count, most, 8 * height) for count in target.counts]
    drawn = [
        "".join(EIGHTHS[min(max(level - 8 * row, 0), 8)] * wide for level in levels) for row in reversed(range(height))
    ]
    low, high = number(target.edges[0]), number(target.edges[-1])
    axis = low + high.rjust(max(bars * wide - len(low), len(high) + 1))
    return [*(Text(line) for line in drawn), Text(axis, "dim")]


def _lying(target: ShownTarget, width: int) -> list[Text]:
    shown = target.classes[:MOST_CLASSES]
    name = min(max(len(label) for label, _ in shown), WIDEST_NAME)
    counts = [f"{rows:,}" for _, rows in shown]
    room = min(max(width - name - max(map(len, counts)) - 2, 4), 40)
    most = max(rows for _, rows in shown)
    bars = []
    for (label, rows), count in zip(shown, counts, strict=True):
        level = _level(rows, most, 8 * room)
        bar = "█" * (level // 8) + LYING[level % 8].strip()
        bars.append(Text.assemble(fitted(label, name), " ", bar, " ", (count, "dim")))
    if more := len(target.classes) - len(shown):
        bars.append(Text(f"and {more} more classes", "dim"))
    return bars


def _level(count: int, most: int, full: int) -> int:
    """Return eighths of a cell; something is there for whatever is not 0."""
    return max(round(full * count / most), 1) if count else 0
