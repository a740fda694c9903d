"""Every property of the catalogue, on the same examples in each run."""

from hypothesis import HealthCheck, given, settings

from tests.cells import each
from tests.fuzz.catalogue import PROPERTIES
from tests.fuzz.property import Property


@each("tried", PROPERTIES.values(), ids=PROPERTIES)
def test_it_holds(tried: Property) -> None:
    # The first example makes the materials, which takes longer than any other.
    quietly = settings(max_examples=tried.gate, suppress_health_check=list(HealthCheck))
    quietly(given(tried.examples)(tried.holds))()
