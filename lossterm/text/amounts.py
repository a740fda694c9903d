"""Lengths of time and amounts of memory as a person writes them."""

import re

from lossterm.errors import OutOfRange

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:d|h|min|m|s)\s*)*(?:\d+(?:\.\d+)?)?")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|s|)")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)

LEAST_MEMORY = 10**9
"""Bytes with which a worker can train at all: TensorFlow alone takes about half of them."""

TOO_MUCH_MEMORY = 2**63
"""Bytes that no limit of a process can hold."""


def seconds_from(text: str, name: str) -> float:
    """Return the seconds of a length of time such as `90`, `90s`, `10m` or `1h30m`.

    Raises OutOfRange, which calls it by `name`.
    """
    written = text.strip().lower()
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(written))
    if not _DURATION.fullmatch(written) or not 0 < seconds < float("inf"):
        raise OutOfRange(name, repr(text), "a length of time such as 90s, 10m or 1h30m")
    return seconds


def bytes_from(text: str, name: str) -> int:
    """Return the bytes of an amount of memory such as `4G`, `1500M` or `4GiB`. Raises OutOfRange."""
    match = _AMOUNT.fullmatch(text.strip())
    count = 0.0
    if match:
        number, unit, binary = match.groups()
        count = float(number) * (1024 if binary else 1000) ** " kmgt".index(unit.lower() or " ")
    if not LEAST_MEMORY <= count < TOO_MUCH_MEMORY:
        raise OutOfRange(name, repr(text), "an amount of memory of 1G or more, such as 4G")
    return int(count)
