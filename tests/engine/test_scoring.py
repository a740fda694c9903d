"""What counts as a divergence although its numbers are finite. NumPy only."""

import numpy as np

from lossterm.engine.scoring import BLOWN_UP, blown_up
from lossterm.metrics import Outcome

TARGET = np.array([0.0, 1.0, 2.0, 3.0, 4.0])  # on average 1.2 from their median


def off_by(error: float) -> Outcome:
    return Outcome(target=TARGET, prediction=TARGET + error)


def test_a_regression_has_blown_up_that_ends_a_thousand_times_as_far_off_as_a_constant() -> None:
    assert not blown_up(off_by(1.2 * BLOWN_UP), "regression")
    assert blown_up(off_by(1.2 * BLOWN_UP + 1), "regression")
    assert blown_up(off_by(-1e30), "regression")
    assert not blown_up(Outcome(target=np.ones(4), prediction=np.full(4, 1e9)), "regression"), "no spread to go by"
    assert not blown_up(off_by(1e30), "binary")
