import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from lossterm.statistics.student_t import critical, two_sided
from tests.cells import each

FREEDOM = (1, 2, 3, 4, 5, 6, 9, 10, 19, 29, 30, 49, 99, 100, 299, 999, 2500, 5000, 9999)
TIMES = [float(t) for t in np.geomspace(1e-8, 100, 61)]
LEVELS = (0.5, 0.2, 0.1, 0.05, 0.01, 0.001, 1e-6)

every_freedom = each("freedom", FREEDOM)


@each("freedom", FREEDOM[1:])
def test_probability_is_scipys_from_two_degrees_on(freedom: int) -> None:
    expected = 2 * stats.t.sf(TIMES, freedom)
    probabilities = np.array([two_sided(t, freedom) for t in TIMES])
    representable = expected > 1e-290  # further out scipy itself runs out of digits
    np.testing.assert_allclose(probabilities[representable], expected[representable], rtol=1e-10)
    assert (probabilities[~representable] < 1e-289).all()


@each("t", TIMES)
def test_probability_has_the_closed_forms_of_one_and_two_degrees(t: float) -> None:
    # One degree is Cauchy's distribution: 1 − (2/π)·atan t = (2/π)·atan 1/t. Scipy is 3e-9 off for small t there.
    assert two_sided(t, 1) == pytest.approx(2 / math.pi * math.atan(1 / t), rel=1e-12)
    root = math.sqrt(2 + t * t)  # 1 − t/√(2 + t²), without the difference of near equals
    assert two_sided(t, 2) == pytest.approx(2 / (root * (root + t)), rel=1e-12)


@pytest.mark.parametrize(
    ("t", "freedom", "expected"),
    [
        (1.0, 1, 0.5),  # 1 − (2/π)·π/4
        (math.sqrt(3), 1, 1 / 3),  # 1 − (2/π)·π/3
        (1.0, 2, 1 - 1 / math.sqrt(3)),
        (math.sqrt(6), 2, 1 - math.sqrt(3) / 2),
        (2.0, 4, 1 - 5 / (4 * math.sqrt(2))),  # 1 − u·(3 − u²)/2 with u = t/√(4 + t²) = 1/√2
    ],
)
def test_probability_is_what_was_worked_out_by_hand(t: float, freedom: int, expected: float) -> None:
    assert two_sided(t, freedom) == pytest.approx(expected, rel=1e-13)


@every_freedom
def test_probability_falls_as_t_grows_and_knows_no_sign(freedom: int) -> None:
    probabilities = [two_sided(t, freedom) for t in TIMES]
    assert all(0 <= later < sooner <= 1 or sooner == later == 0 for sooner, later in pairwise(probabilities))
    assert [two_sided(-t, freedom) for t in TIMES] == probabilities


@pytest.mark.parametrize("t", [0.01, 0.5, 1.0, 2.0, 5.0, 20.0])
def test_probability_falls_as_degrees_grow_towards_the_normal_distributions(t: float) -> None:
    probabilities = [two_sided(t, freedom) for freedom in FREEDOM]
    assert all(later < sooner for sooner, later in pairwise(probabilities))
    assert probabilities[-1] > math.erfc(t / math.sqrt(2))


@every_freedom
def test_probability_is_one_at_zero_and_none_at_infinity(freedom: int) -> None:
    assert two_sided(0.0, freedom) == 1
    assert two_sided(math.inf, freedom) == two_sided(-math.inf, freedom) == 0
    assert 0 <= two_sided(1e200, freedom) < 1e-190


@every_freedom
def test_critical_is_scipys(freedom: int) -> None:
    for level in LEVELS:
        assert critical(freedom, level) == pytest.approx(stats.t.isf(level / 2, freedom), rel=1e-9)


@every_freedom
def test_critical_inverts_the_probability(freedom: int) -> None:
    for level in LEVELS:
        assert two_sided(critical(freedom, level), freedom) == pytest.approx(level, rel=1e-11)
    for t in (0.01, 0.7, 1.96, 8.0):
        assert critical(freedom, two_sided(t, freedom)) == pytest.approx(t, rel=1e-9)


def test_critical_falls_as_degrees_or_the_level_grow() -> None:
    bounds = [critical(freedom) for freedom in FREEDOM]
    assert all(later < sooner for sooner, later in pairwise(bounds))
    assert bounds[0] == pytest.approx(12.706204736, abs=1e-8)
    assert 1.959963984540054 < bounds[-1] < 1.961
    for freedom in FREEDOM:
        by_level = [critical(freedom, level) for level in LEVELS]
        assert all(later > sooner for sooner, later in pairwise(by_level))


def test_half_width_is_that_of_a_95_percent_interval_unless_said() -> None:
    assert critical(9) == critical(9, 0.05) == pytest.approx(2.2621571627982, rel=1e-13)
