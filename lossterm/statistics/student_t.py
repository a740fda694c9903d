"""Student's t distribution: its tail probabilities and critical values.

Written here because the terminal's process needs nothing else of scipy: importing `scipy.special` would cost 27 MB and
a quarter of a second. The tests compare every value with scipy's.
"""

import math
from functools import lru_cache

_MOST_TERMS = 500
_TINY = 1e-300


def two_sided(t: float, freedom: int) -> float:
    """Return P(|T| ≥ |t|) for T with `freedom` ≥ 1 degrees: I_x(ν/2, 1/2) at x = ν/(ν + t²).

    Relative error below 1e-10 for up to 10,000 degrees. Source: DLMF 8.17.1; Abramowitz & Stegun 26.7.1.
    """
    if math.isinf(t):
        return 0.0
    return _incomplete_beta(freedom / (freedom + t * t), t * t / (freedom + t * t), freedom / 2, 0.5)


def above(t: float, freedom: int) -> float:
    """Return P(T > t)."""
    return two_sided(t, freedom) / 2 if t >= 0 else 1 - two_sided(t, freedom) / 2


@lru_cache(maxsize=4096)
def critical(freedom: int, level: float = 0.05) -> float:
    """Return the t > 0 with P(|T| ≥ t) = `level`: half the width of a 1 − `level` interval, in standard errors."""
    low, high = 0.0, 2.0
    while two_sided(high, freedom) > level:
        low, high = high, 2 * high
    while True:
        middle = (low + high) / 2
        if middle in (low, high):  # the two are neighbours: no number lies between
            return middle
        low, high = (middle, high) if two_sided(middle, freedom) > level else (low, middle)


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """Return the regularised I_x(a, b); `rest` is 1 − x, passed separately because the difference would lose digits."""
    if x <= 0 or rest <= 0:
        return float(rest <= 0)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(rest, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of I_x(a, b) by Lentz's method. Source: DLMF 8.17.22."""
    value, c, d = 1.0, 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
