"""Numbers as a person reads them: scores, intervals, differences, counts, sweeps."""

import math
from collections.abc import Sequence

from lossterm.charts.sparkline import bar
from lossterm.metrics import metric_named
from lossterm.reports.report import Standing
from lossterm.statistics.paired_differences import Interval
from lossterm.statistics.ranking import Difference
from lossterm.text.marks import COLLAPSED

DASH = "–"

NOTHING = 1e-12
"""Width below which an interval is only the rounding error of equal scores."""

NOISE = 1e-6
"""Range of scores, as a share of their size, up to which they differ by the rounding of single precision alone."""


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


def centre(standing: Standing, *, digits: int = 2) -> str:
    """Write what a loss is ranked by and its interval: 0.8504 ±.0052, or for a median 0.844 [.501, .855]."""
    if standing.median is None:
        return spread(standing.mean, standing.ci, digits=digits)
    middle, *ends = median_and_ends(standing)
    return f"{middle} [{', '.join(ends)}]" if ends else middle


def median_and_ends(standing: Standing) -> tuple[str, ...]:
    """Write a median, and the ends of its interval if it has one: it is not in the middle of them."""
    if standing.median is None or standing.median_ci is None:
        return (number(standing.median),)
    values = (standing.median, *standing.median_ci)
    if min(map(abs, values)) >= 1e-2 and max(map(abs, values)) < 10:
        return f"{standing.median:.3f}", *(bare(end, 3, sign=end < 0) for end in standing.median_ci)
    return tuple(map(number, values))


def verdict_in_words(standing: Standing, *, short: bool = False) -> str:
    """Write a verdict, marked where seeds that collapsed are left out, and whether the loss collapses more often."""
    words: str = standing.verdict or ""
    if words and standing.without_collapsed:
        words += f" {COLLAPSED}"
    if standing.collapses and not short:
        words = ", ".join(filter(None, [words, f"collapses {standing.collapses}"]))
    return words or DASH


def gap(difference: Difference | None, *, digits: int = 2) -> str:
    """Write how far a loss is behind the best: +.0124 [+.0040, +.0220], or +.012 [+.004, +.022] where room is short."""
    if difference is None:
        return DASH
    mean, *ends = gap_and_ends(difference, digits=digits)
    return f"{mean} [{', '.join(ends)}]" if ends else mean


def gap_and_ends(difference: Difference, *, digits: int = 2) -> tuple[str, ...]:
    """Write how far a loss is behind the best, and the ends of its interval if it has one of any width."""
    low, high = difference.ci or (difference.mean, difference.mean)
    wide = high - low >= NOTHING
    places = _places((high - low) / 2, digits) if wide else 4
    values = (difference.mean, low, high) if wide else (difference.mean,)
    if places is not None and 1e4 <= max(map(abs, values)) < 1e7:
        return tuple(f"{'−' if value < 0 else '+'}{abs(value):,.0f}" for value in values)
    if places is None or max(map(abs, values)) >= 1e7:
        return tuple(f"{'−' if value < 0 else '+'}{number(abs(value))}" for value in values)
    return tuple(bare(value, places, sign=True) for value in values)


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
    """Write how many trials are done, and how many of them collapsed, and how many diverged or failed."""
    words = [f"{standing.done}/{standing.trials}"]
    if standing.collapsed:
        words.append(f"col {standing.collapsed}" if short else f"collapsed {standing.collapsed}/{standing.done}")
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


def shares_in_percent(standing: Standing) -> str:
    """Write how likely a loss is truly worse, equal and better, in percent: 85/15/0."""
    if standing.shares is None:
        return DASH
    parts = standing.shares.worse, standing.shares.equal, standing.shares.better
    return "/".join(f"{100 * part:.0f}" for part in parts)


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
        mark = ("×" if point.broken else "·") if point.mean is None else _bar(sign * point.mean, low, high)
        marks.append(f"‹{mark}›" if point.chosen else mark)
    return "".join(marks)


def bars(standings: Sequence[Standing], metric: str) -> str:
    """Draw what losses are ranked by in a line: a bar for each, higher is better, · where one has no score."""
    sign = 1 if metric_named(metric).direction == "max" else -1
    values = [sign * standing.centre for standing in standings if standing.centre is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    return "".join("·" if one.centre is None else _bar(sign * one.centre, low, high) for one in standings)


def _bar(value: float, low: float, high: float) -> str:
    """Return the sign whose height is the value's place between the lowest and the highest."""
    height = (value - low) / (high - low) if high - low > NOISE * max(-low, high) else 1.0
    return bar(height)
