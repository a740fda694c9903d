"""Numbers and lists in words: counts, durations, amounts of memory, enumerations."""

from collections.abc import Sequence
from datetime import datetime

DAY = 86_400
"""Seconds of a day."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun: 1 row, 1,200 rows, 2 losses."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: Sequence[str]) -> str:
    """Write words as a sentence lists them: a; a and b; a, b and c. No words give an empty text."""
    *most, last = words or [""]
    return f"{', '.join(most)} and {last}" if most else last


def duration(seconds: float) -> str:
    """Write a duration as a person would: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 1:
        return f"{max(seconds, 0):.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


def brief_duration(seconds: float) -> str:
    """Write a duration that may be far below a second: 2.5 ms, 340 ms, 12 s."""
    return f"{1000 * seconds:.3g} ms" if seconds < 0.9995 else duration(seconds)


def ratio(number: float) -> str:
    """Write how many times one thing is another, from 10 on as a whole number: 2.5, 13, 1,300."""
    return f"{number:,.0f}" if number >= 9.95 else f"{number:.1f}"


def ago(seconds: float) -> str:
    """Say how long ago something was, in its largest unit: just now, 5 min ago, 1 day ago."""
    for size, unit in ((DAY, "day"), (3600, "h"), (60, "min")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{counted(number, unit) if unit == 'day' else f'{number} {unit}'} ago"
    return "just now"


def moment(unix_time: float, now: float) -> str:
    """Say when something was: how long ago, and from a day on the date too."""
    told = ago(now - unix_time)
    return f"{told}, {datetime.fromtimestamp(unix_time):%Y-%m-%d}" if now - unix_time >= DAY else told


def memory_size(count: float) -> str:
    """Write a number of bytes: 12.5 GB, 340 MB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def exact(number: float) -> str:
    """Write a number so that parsing gives the same one: 0.01, 1e-05, 3."""
    return repr(number).removesuffix(".0")
