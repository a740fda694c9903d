"""Every property of the catalogue, on the same examples in each run."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.cells import each
from tests.fuzz.catalogue import PROPERTIES
from tests.fuzz.property import Property

PART = 4
"""Of the examples, the gate tries one in so many."""


def hold(tried: Property, examples: int) -> None:
    # The first example makes the materials, which takes longer than any other.
    quietly = settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    quietly(given(tried.examples)(tried.holds))()


@each("tried", PROPERTIES.values(), ids=PROPERTIES)
def test_it_holds(tried: Property) -> None:
    hold(tried, -(-tried.gate // PART))


@pytest.mark.slow
@pytest.mark.parametrize("tried", PROPERTIES.values(), ids=PROPERTIES)
def test_it_holds_for_many(tried: Property) -> None:
    hold(tried, tried.gate)
