"""The rows that are kept of a final model's gradient: the largest first, by their numbers in file or draw."""

import numpy as np
import pytest

from lossterm.comparison.protocol import Prepared, Split
from lossterm.engine.training.anatomy import MOST_HELD, anatomy_of
from lossterm.losses import LOSSES


def prepared(target: np.ndarray, *, inputs: int = 3, numbered: bool = True) -> Prepared:
    features = np.arange(len(target) * inputs, dtype=np.float32).reshape(len(target), inputs)
    rows = 10 * np.arange(len(target)) + 2 if numbered else None
    return Prepared(splits={"train": Split(features, target)}, rows=rows)


def test_rows_are_the_largest_shares_first_with_target_and_prediction_in_own_units() -> None:
    target = np.array([0.0, 1.0, 2.0, 3.0])
    slopes, predicted = np.array([1.0, 6.0, 0.0, 3.0]), np.array([5.0, 5.0, 5.0, 5.0])
    anatomy = anatomy_of(LOSSES["mse"], prepared(target), np.zeros(4), slopes, predicted)
    assert anatomy is not None
    assert [(row.row, row.share, row.target, row.predicted) for row in anatomy.rows] == [
        (12, 0.6, 1.0, 5.0),
        (32, 0.3, 3.0, 5.0),
        (2, 0.1, 0.0, 5.0),
        (22, 0.0, 2.0, 5.0),
    ]
    assert {row.inputs for row in anatomy.rows} == {None}
    scaled = (target - target.mean()) / target.std()
    assert anatomy.rows[0].deviation == pytest.approx(-scaled[1], rel=1e-4)


def test_the_place_on_a_map_is_kept_where_there_are_two_features() -> None:
    target = np.array([0, 1, 1])
    data = prepared(target, inputs=2)
    anatomy = anatomy_of(LOSSES["hinge"], data, np.array([1.0, -1.0, 2.0]), np.array([1.0, 2.0, 0.0]), target)
    assert anatomy is not None
    assert anatomy.rows[0].inputs == (2.0, 3.0)


def test_as_many_as_can_be_read_are_kept_and_none_of_what_is_not_numbered_or_has_no_gradient() -> None:
    target = np.arange(100.0)
    many = anatomy_of(LOSSES["mse"], prepared(target), target, target, target)
    assert many is not None
    assert len(many.rows) == MOST_HELD
    for data, slopes, predicted in (
        (prepared(target, numbered=False), target, target),
        (prepared(target), np.zeros(100), target),
        (prepared(target), target, None),
    ):
        none = anatomy_of(LOSSES["mse"], data, target, slopes, predicted)
        assert none is not None
        assert none.rows == ()
