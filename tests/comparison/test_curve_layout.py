"""Curves: which values they hold of each epoch, and of which split they are judged."""

import pytest

from lossterm.comparison.curve_layout import VALUES, CurveLayout
from lossterm.comparison.protocol_catalogue import PROTOCOLS, protocol_named


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_columns_of_a_curve_are_named_for_each_split(protocol: str) -> None:
    validation = ("validation_loss", "validation_metric") if protocol != "tutorial" else ()
    names = protocol_named(protocol).curves.names
    assert names == ("train_loss", "train_metric", *validation, "test_loss", "test_metric")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_names_tags_places_and_sizes_are_of_the_same_columns(protocol: str) -> None:
    layout = protocol_named(protocol).curves
    assert layout.columns == len(layout.names) == len(layout.tags("accuracy"))
    for split in layout.splits:
        for value in VALUES:
            place = layout.column(split, value)
            assert layout.names[place] == f"{split}_{value}"
            assert layout.tags("accuracy")[place] == f"{'loss' if value == 'loss' else 'accuracy'}/{split}"
    assert layout.size(3) == 3 * 4 * layout.columns


def test_a_split_that_is_not_there_has_no_column() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        CurveLayout(("train", "test")).column("validation", "loss")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_validation_is_held_out_where_there_is_one(protocol: str) -> None:
    record = protocol_named(protocol)
    assert record.held_out == ("validation" if record.tunes else "test")
