"""The rows that hold the gradient, and the sentences that say whether they are why a loss is behind."""

import msgspec
import pytest

from lossterm.reports import notes, report
from lossterm.reports.gradient_rows import gradient_rows, percent, why_behind, why_not
from lossterm.reports.report import Report
from lossterm.store import Anatomy, HeldRow
from tests.builders.reports import asked_for, circles, rows_for

SEEDS = 10


def held(row: int, share: float) -> HeldRow:
    return HeldRow(row=row, share=share, deviation=-share, target=1.0, predicted=0.0)


def judged(shares: dict[str, float], scores: dict[str, float]) -> Report:
    """Return a report on losses whose models' rows hold so much, with scores so far apart."""
    comparison = circles(*shares, seeds=SEEDS)
    rows = rows_for(comparison, lambda trial, *_: scores[trial.loss] + 0.001 * (trial.seed % 3))
    rows = [
        msgspec.structs.replace(row, anatomy=Anatomy(of="margin", quantiles=(0.0, 1.0), share=shares[row.trial.loss]))
        for row in rows
    ]
    return report.build(asked_for(comparison), rows)


def test_rows_of_several_losses_are_one_list_the_one_with_most_first() -> None:
    models = rows_for(circles("hinge", "squared_hinge", seeds=2))
    rows = {"hinge": (held(7, 0.3), held(9, 0.1)), "squared_hinge": (held(9, 0.5), held(2, 0.2))}
    models = [
        msgspec.structs.replace(
            row, anatomy=Anatomy(of="margin", quantiles=(0.0, 1.0), share=0.1, rows=rows[row.trial.loss])
        )
        for row in models
    ]
    listed = gradient_rows(models)  # of the first seed alone: another seed draws other rows
    assert [(row.row, row.most) for row in listed] == [(9, 0.5), (7, 0.3), (2, 0.2)]
    assert listed[0].held.keys() == {"hinge", "squared_hinge"}
    assert listed[2].held.keys() == {"squared_hinge"}
    assert gradient_rows([]) == ()


def test_a_loss_that_is_worse_and_follows_single_rows_is_said_to_lose_for_that() -> None:
    seen = judged({"hinge": 0.02, "squared_hinge": 0.16}, {"hinge": 0.9, "squared_hinge": 0.7})
    (sentence,) = why_behind(seen)
    assert sentence == (
        "squared_hinge loses because 1 % of the rows hold 16 % of its gradient; of hinge's they hold 2 %."
    )
    assert why_not(seen) == []
    assert sentence in notes.notes(seen)


@pytest.mark.parametrize(
    "shares", [{"hinge": 0.02, "squared_hinge": 0.03}, {"hinge": 0.3, "squared_hinge": 0.4}], ids=["little", "both"]
)
def test_a_loss_that_is_worse_for_another_reason_is_not(shares: dict[str, float]) -> None:
    seen = judged(shares, {"hinge": 0.9, "squared_hinge": 0.7})
    assert why_behind(seen) == []
    (sentence,) = why_not(seen)
    assert sentence.startswith("squared_hinge loses by something else: 1 % of the rows hold ")


def test_of_losses_that_are_level_nothing_is_said() -> None:
    seen = judged({"hinge": 0.02, "squared_hinge": 0.5}, {"hinge": 0.9, "squared_hinge": 0.9})
    assert why_behind(seen) == why_not(seen) == []


def test_without_what_is_known_of_the_rows_nothing_is_said() -> None:
    comparison = circles("hinge", "squared_hinge", seeds=SEEDS)
    rows = rows_for(comparison, lambda trial, *_: 0.9 if trial.loss == "hinge" else 0.5)
    seen = report.build(asked_for(comparison), rows)
    assert why_behind(seen) == why_not(seen) == []


@pytest.mark.parametrize(("share", "words"), [(0.161, "16 %"), (0.023, "2.3 %"), (0.01, "1 %"), (1.0, "100 %")])
def test_shares_have_two_digits(share: float, words: str) -> None:
    assert percent(share) == words
