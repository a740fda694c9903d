"""How much memory a table would need, and how much there is."""

import os
from pathlib import Path

from lossterm.data.files.position import refusal
from lossterm.text.numbers import memory_size

BYTES_PER_CELL = 12
"""A float64 while the file is read, plus a float32 for the features."""

_MEMINFO = Path("/proc/meminfo")
_LIMIT, _USED, _PARTS = (Path("/sys/fs/cgroup", f"memory.{name}") for name in ("max", "current", "stat"))


def available() -> int | None:
    """Return the bytes of memory available without swapping, None where the system does not say."""
    sizes = [size for size in (_machine_memory(), _container_memory()) if size is not None]
    return min(sizes, default=None)


def refuse_too_large(path: Path, cells: float) -> None:
    """Raise DataError, with both sizes, if a table of so many cells would not fit into memory."""
    needed, free = cells * BYTES_PER_CELL, available()
    if free is not None and needed > free:
        raise refusal(
            path,
            f"about {memory_size(needed)} of memory would be needed and {memory_size(free)} is available. "
            "Take a sample of the rows, or fewer columns.",
        )


def _machine_memory() -> int | None:
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


def _container_memory() -> int | None:
    try:
        limit, used = (int(file.read_text(encoding="ascii")) for file in (_LIMIT, _USED))
        parts = dict(line.split() for line in _PARTS.read_text(encoding="ascii").splitlines())
        cached = int(parts["active_file"]) + int(parts["inactive_file"])  # file cache, which the kernel frees on demand
        return max(0, limit - used + cached)
    except (OSError, ValueError, KeyError):  # no such group, or "max": no limit
        return None
