"""Levels that leave no row of a class: left out of the usual ones with a sentence, refused where they were chosen."""

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import fair_parts
from lossterm.errors import UsageError
from lossterm.stress_axes import Axis, Stress, axis_named
from lossterm.stress_sweeps.sweep import at_levels, without_lost_class
from lossterm.tasks import task_named

SEEDS = 4


def sweep(task: str, axis: Axis, levels: tuple[float, ...] | None = None) -> tuple[Comparison, ...]:
    return at_levels(Comparison.ask(task, seeds=SEEDS), axis, "", levels)


def test_usual_levels_end_where_some_seed_would_lose_a_class() -> None:
    axis = axis_named("fewer_rows", "multiclass")
    for key in ("digits", "wine", "digit_images"):
        whole = sweep(key, axis)
        kept, said = without_lost_class(whole, axis, chosen=False)
        assert 2 <= len(kept) < len(whole)
        assert kept == whole[: len(kept)]
        first = whole[len(kept)].severity
        assert first is not None
        assert said.startswith(f"Levels from {100 * first.level:g} % rows missing on are left out")
        task, last = task_named(key), kept[-1].severity
        assert last is not None
        for seed in range(SEEDS):
            features, target = task.draw(seed)
            Stress(axis=axis, level=last.level).applied(task, features, target, fair_parts(task, target, seed), seed)


def test_levels_that_are_possible_or_chosen_stay() -> None:
    axis = axis_named("fewer_rows", "binary")
    whole = sweep("circles", axis)
    assert without_lost_class(whole, axis, chosen=False) == (whole, "")
    axis = axis_named("fewer_rows", "multiclass")
    with pytest.raises(UsageError, match=r"no row of the class .* is left in the .* rows. Choose lower --levels\."):
        without_lost_class(sweep("digits", axis, (0.99,)), axis, chosen=True)
    with pytest.raises(UsageError, match="no row of the class"):  # not even the lowest is possible
        without_lost_class(sweep("digits", axis, (0.99,)), axis, chosen=False)
