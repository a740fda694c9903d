"""How much memory a table would need, and how much there is."""

import os
from pathlib import Path

from lossterm.data.files.position import refusal
from lossterm.text.numbers import memory_size

BYTES_PER_CELL = 12
"""A float64 while the file is read, and a float32 of the features."""

_MEMINFO = Path("/proc/meminfo")
_LIMIT, _USED, _PARTS = (Path("/sys/fs/cgroup", f"memory.{name}") for name in ("max", "current", "stat"))


def available() -> int | None:
    """Return the bytes of memory that can be had without swapping, None where the system does not say."""
    known = [found for found in (_of_the_machine(), _of_the_container()) if found is not None]
    return min(known, default=None)


def refuse_too_large(path: Path, cells: float) -> None:
    """Raise DataError where a table of so many cells would not fit into memory, with both numbers."""
    needed, there = cells * BYTES_PER_CELL, available()
    if there is not None and needed > there:
        raise refusal(
            path,
            f"about {memory_size(needed)} of memory would be needed and {memory_size(there)} are there. "
            "Take a sample of the rows, or fewer columns.",
        )


def _of_the_machine() -> int | None:
    try:
        for line in _MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass  # not Linux
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def _of_the_container() -> int | None:
    try:
        limit, used = (int(file.read_text(encoding="ascii")) for file in (_LIMIT, _USED))
        told = dict(line.split() for line in _PARTS.read_text(encoding="ascii").splitlines())
        cached = int(told["active_file"]) + int(told["inactive_file"])  # of files, given back when it is needed
        return max(0, limit - used + cached)
    except (OSError, ValueError, KeyError):  # no such group, or "max": no limit
        return None
