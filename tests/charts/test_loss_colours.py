"""Colours of losses: those of the usual losses are theirs alone."""

from typing import get_args

import pytest

from lossterm.charts.loss_colours import KEPT, colour_of, colour_text
from lossterm.losses import LOSSES, Kind
from tests.cells import each


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("dark", [True, False], ids=["dark", "light"])
def test_the_usual_losses_of_a_kind_share_their_colours_with_no_other_loss(kind: Kind, dark: bool) -> None:
    of_kind = [loss for loss in LOSSES.values() if kind in loss.kinds]
    usual = [loss.key for loss in of_kind if loss.usual]
    colours = {colour_of(key, dark=dark) for key in usual}
    assert len(colours) == len(usual) <= KEPT
    varied = [
        f"{loss.key}:{parameter.name}={value:g}"
        for loss in of_kind
        for parameter in loss.parameters
        for value in (0.125, 0.25, 0.5)
        if value != parameter.default and parameter.allows(value)
    ]
    own = [f"mine@{number:08x}" for number in range(50)]
    assert varied or not any(loss.parameters for loss in of_kind)
    others = [loss.key for loss in of_kind if not loss.usual]
    assert [key for key in (*others, *varied, *own) if colour_of(key, dark=dark) in colours] == []


@each("key", [*LOSSES, "huber:delta=0.5", "mine@12345678"])
def test_a_colour_is_written_as_a_terminal_library_reads_it(key: str) -> None:
    for dark in (True, False):
        colour = colour_of(key, dark=dark)
        assert colour_text(colour) == "#" + "".join(f"{part:02x}" for part in colour)
