"""Corrections for multiple comparisons."""

from collections.abc import Sequence


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values adjusted to control the family-wise error rate: max over i ≤ j of (m − i + 1)·p(i).

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    adjusted, least = [0.0] * len(p), 0.0
    for place, number in enumerate(sorted(range(len(p)), key=lambda number: p[number])):
        least = max(least, min(1.0, (len(p) - place) * p[number]))
        adjusted[number] = least
    return adjusted
