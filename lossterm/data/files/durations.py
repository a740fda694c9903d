"""Durations as people write them: 0:50:00, 1h 30min, PT45M."""

import re
from collections.abc import Sequence

from lossterm.data.files.notation import Notation
from lossterm.data.files.written import SPACE

_CLOCK = re.compile(
    r"(?P<minus>-)?(?:(?:(?P<days>\d+) days?,? )?(?P<hours>\d{1,3}):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d(?:\.\d+)?)"
    r"|(?P<minute>\d{1,3}):(?P<second>[0-5]\d\.\d+)|(?P<major>\d{1,3}):(?P<minor>[0-5]\d))"
)
_SPELLED = re.compile(
    rf"(?=\D{{0,3}}\d)(?P<minus>-)?(?:(?P<days>\d+){SPACE}d(?:ays?)?\b)?{SPACE}"
    rf"(?:(?P<hours>\d+){SPACE}h(?:(?:ou)?rs?)?(?![^\W\d]))?{SPACE}"
    rf"(?:(?P<minutes>\d+){SPACE}m(?:in(?:ute)?s?)?(?![^\W\d]))?{SPACE}"
    rf"(?:(?P<seconds>\d+(?:\.\d+)?){SPACE}s(?:ec(?:ond)?s?)?)?"
)
_ISO = re.compile(
    r"(?P<minus>-)?P(?=T?\d)(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_SECONDS = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}
_TIME_OF_DAY = re.compile(r"(?i)\d{1,2}(?::\d\d){0,2}\s*[ap]\.?\s?m\.?|[012]?\d\s?h\s?[0-5]\d")
_FRACTION = {"minute": 60.0, "second": 1.0}
"""Of two numbers of which the last has a fraction, as only seconds have."""
_SMALLER = {"major": 60.0, "minor": 1.0}
"""Of two numbers alone, such as minutes and seconds: how many of the smaller unit each is."""
_ENOUGH = 0.5
"""Share of the cells that must be read for a notation to be one."""


def is_time_of_day(cell: str) -> bool:
    """Whether a cell is a time of day as it is written in words: 10:30 AM, 7 p.m., 19h30."""
    return _TIME_OF_DAY.fullmatch(cell.strip()) is not None


def durations_in(cells: Sequence[str]) -> Notation | None:
    """Return how durations are written in these cells, None if most are none."""
    stripped = list(map(str.strip, cells))
    clocks = [match for match in map(_CLOCK.fullmatch, stripped) if match]
    if len(clocks) >= _ENOUGH * len(cells) > 0:
        return _of_clocks(clocks)
    iso = [match for match in map(_ISO.fullmatch, stripped) if match]
    if len(iso) >= _ENOUGH * len(cells) > 0:
        return _in_seconds(_ISO, iso[0][0])
    spelled = [match for match in map(_SPELLED.fullmatch, stripped) if match]
    several = [match for match in spelled if sum(match[part] is not None for part in _SECONDS) > 1]
    if not several or len(spelled) < _ENOUGH * len(cells):
        return None  # with one unit alone they are numbers like others
    return _in_seconds(_SPELLED, several[0][0])


def _in_seconds(pattern: re.Pattern[str], example: str) -> Notation:
    parts = ("durations are read in seconds",)
    return Notation(pattern=pattern.pattern, durations=tuple(_SECONDS.items()), parts=parts, example=example)


def _may_be_time_of_day(match: re.Match[str]) -> bool:
    """Whether a cell may be a time of day: hours of two digits below 24, without days before them."""
    hours = match["hours"] or match["major"]
    return bool(hours and len(hours) == 2 and int(hours) < 24 and not match["days"] and not match["minus"])


def _of_clocks(clocks: Sequence[re.Match[str]]) -> Notation:
    whole = next((match for match in clocks if match["hours"] or match["minute"]), None)
    what = "durations are read in seconds"  # where hours stand in some cells, two numbers are minutes and seconds
    if all(_may_be_time_of_day(match) for match in clocks):
        unit = "seconds" if whole else "minutes"
        what = (
            f"times are read in {unit} since midnight, since hours have two digits and none is above 23; durations "
            "would be the same numbers"
        )
    elif whole is None:
        what = "durations are read as minutes of hours:minutes, or seconds of minutes:seconds"
    return Notation(
        pattern=_CLOCK.pattern,
        durations=tuple((_SECONDS | _FRACTION | _SMALLER).items()),
        parts=(what,),
        example=(whole or clocks[0])[0],
    )
