"""Numbers as a person reads them: counts, durations, sizes, lists."""


def duration(seconds: float) -> str:
    """Write a length of time as a person would: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 1:
        return f"{max(seconds, 0):.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


def exact(number: float) -> str:
    """Write a number so that it can be read again as the same: 0.01, 1e-05, 3."""
    return repr(number).removesuffix(".0")
