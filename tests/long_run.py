"""Which cases of a product every run takes, and which the long run alone."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

Case = Any
"""What pytest calls a ParameterSet."""


def cases(every: Mapping[str, Any], quick: Collection[str]) -> list[Case]:
    """Return all cases as parameters with their names as ids; those that are not quick are marked slow.

    A case that is a tuple gives several parameters. Fails on a quick one that there is not.
    """
    assert set(quick) <= set(every), set(quick) - set(every)
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)), id=name, marks=() if name in quick else pytest.mark.slow
        )
        for name, case in every.items()
    ]
