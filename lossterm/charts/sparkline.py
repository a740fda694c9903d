"""A line of bars, one sign high: how something went, in little room."""

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"


def bar(share: float) -> str:
    """Return the bar for a share of the whole, from 0 to 1; what lies beyond is drawn as the nearer end."""
    return BARS[round((len(BARS) - 1) * min(max(share, 0.0), 1.0))]


def sparkline(shares: Sequence[float | None]) -> str:
    """Return a bar for each share, and a blank where there is none."""
    return "".join(" " if share is None else bar(share) for share in shares)
