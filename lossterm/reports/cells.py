"""Numbers as a person reads them: scores, intervals, differences, counts, sweeps."""

import math

from lossterm.metrics import metric_named
from lossterm.reports.report import Standing
from lossterm.statistics.paired_differences import Interval
from lossterm.statistics.ranking import Difference

DASH = "–"

NOTHING = 1e-12
"""Width below which an interval is only the rounding error of equal scores."""


def number(value: float | None) -> str:
    """Write a score with four digits after the point, two from 10 on, none from 10,000 on; – for None.

    Very small and very large scores are written as 1.2e-05.
    """
    if value is None:
        return DASH
    if 1e4 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"
    return f"{value:.1e}"


def spread(mean: float | None, ci: Interval | None, *, digits: int = 2) -> str:
    """Write a mean and half the width of its interval, as 0.8504 ±.0052; the mean alone without an interval."""
    if mean is None or ci is None:
        return number(mean)
    half = (ci[1] - ci[0]) / 2
    places = _places(half, digits)
    if half < NOTHING:
        return f"{number(mean)} ±0"
    if 1e4 <= abs(mean) < 1e7 and half >= 1:
        return f"{mean:,.0f} ±{half:,.0f}"
    if places is None or abs(mean) >= 1e4:
        return f"{number(mean)} ±{number(half)}"
    return f"{mean:.{places}f} ±{bare(half, places)}"


def gap(difference: Difference | None, *, brackets: bool) -> str:
    """Write how far a loss is behind the best: +.0124 [+.0040, +.0208], or +.0124 ±.0084 where room is short."""
    if difference is None:
        return DASH
    low, high = difference.ci or (difference.mean, difference.mean)
    places = _places((high - low) / 2, 2)
    if high - low < NOTHING:
        return bare(difference.mean, 4, sign=True)
    half, sign = (high - low) / 2, "−" if difference.mean < 0 else "+"
    if 1e4 <= abs(difference.mean) < 1e7 and half >= 1:
        return f"{sign}{abs(difference.mean):,.0f} ±{half:,.0f}"
    if places is None or abs(difference.mean) >= 1e4:
        return f"{sign}{number(abs(difference.mean))} ±{number(half)}"
    if not brackets:
        return f"{bare(difference.mean, places, sign=True)} ±{bare((high - low) / 2, places)}"
    ends = f"[{bare(low, places, sign=True)}, {bare(high, places, sign=True)}]"
    return f"{bare(difference.mean, places, sign=True)} {ends}"


def bare(value: float, places: int, *, sign: bool = False) -> str:
    """Write a number without the zero before its point: .0124, +.0124, −.0124, 12.30."""
    text = f"{abs(value):.{places}f}"
    text = text[1:] if text.startswith("0.") else text
    if not sign:
        return text
    return ("−" if value < 0 and text.strip(".0") else "+") + text


def _places(half: float, digits: int) -> int | None:
    """Return how many digits after the point show `digits` significant ones of a half-width; None for too many.

    One digit is too coarse if it is a 1: ±.014 is not ±.01.
    """
    if half < 1e-6:
        return None
    size = math.floor(math.log10(half))
    if digits == 1 and half < 2 * 10.0**size:
        digits = 2
    return max(0, digits - 1 - size)


def trial_counts(standing: Standing, *, short: bool = False) -> str:
    """Write how many trials are done, and how many diverged or failed."""
    words = [f"{standing.done}/{standing.trials}"]
    if standing.diverged:
        words.append(f"div {standing.diverged}" if short else f"diverged {standing.diverged}/{standing.trials}")
    if standing.failed:
        words.append(f"fail {standing.failed}" if short else f"failed {standing.failed}/{standing.trials}")
    return " ".join(words) if short else ", ".join(words)


def times_beaten(standing: Standing) -> str:
    """Write on how many of the seeds the best was ahead: 6/10; equal scores count half. One seed says nothing."""
    if standing.beaten is None or standing.pairs is None or standing.pairs < 2:
        return DASH
    return f"{standing.beaten * standing.pairs:g}/{standing.pairs}"


def rate(standing: Standing) -> str:
    """Write the learning rate, marked where it was the smallest or largest tried."""
    return f"{standing.learning_rate:g}" + ("*" if standing.learning_rate_at_edge else "")


def strip(standing: Standing) -> str:
    """Draw a learning-rate sweep in a line: a bar per rate, higher is better, × where all diverged, ‹› the choice."""
    sign = 1 if metric_named(standing.tuned_by).direction == "max" else -1
    values = [sign * point.mean for point in standing.sweep if point.mean is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    marks = []
    for point in standing.sweep:
        if point.mean is None:
            mark = "×" if point.broken else "·"
        else:
            height = (sign * point.mean - low) / (high - low) if high > low else 1.0
            mark = "▁▂▃▄▅▆▇█"[round(7 * height)]
        marks.append(f"‹{mark}›" if point.chosen else mark)
    return "".join(marks)
