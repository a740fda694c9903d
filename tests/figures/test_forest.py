"""What a forest plot is drawn from: the table's differences, the seeds behind them, and words without them."""

import pytest

from lossterm.charts.terminal_style import Style
from lossterm.comparison.comparison import Comparison, Trial
from lossterm.figures.forest import chart, seed_differences
from lossterm.reports.cells import verdict_in_words
from tests.builders.reports import built, circles, drawn, ending, valued

DARK = Style(dark=True)
LOSSES = ("hinge", "squared_hinge", "binary_crossentropy")
NUMBERS = Comparison.ask("regression", ["mse", "mae", "huber"], seeds=6, learning_rates=[0.01])


@pytest.mark.parametrize("comparison", [circles(*LOSSES, seeds=6), NUMBERS], ids=["more is better", "less is better"])
def test_the_seeds_differences_are_those_whose_mean_the_table_has(comparison: Comparison) -> None:
    report = built(comparison, drawn)
    each = seed_differences(report)
    assert list(each) == [standing.loss for standing in report.standings[1:]]
    for standing in report.standings[1:]:
        assert standing.difference is not None
        assert len(each[standing.loss]) == 6
        assert sum(each[standing.loss]) / 6 == pytest.approx(standing.difference.mean)


def test_seeds_that_collapsed_are_left_out_as_in_the_verdict() -> None:
    def collapsed(trial: Trial) -> bool:
        return trial.loss == "hinge" and trial.seed < 2

    report = built(circles(*LOSSES, seeds=6), drawn, collapse=collapsed)
    place = next(one for one in report.standings if one.loss == "hinge")
    each = seed_differences(report)
    if place is report.standings[0]:
        assert {len(seeds) for seeds in each.values()} == {4}
    else:
        assert place.difference is not None
        assert sum(each["hinge"]) / len(each["hinge"]) == pytest.approx(place.difference.mean)
        assert len(each["hinge"]) == place.sound_pairs == 4


def test_each_loss_has_its_line_with_its_verdict_in_the_order_of_the_table() -> None:
    report = built(circles(*LOSSES, seeds=6), drawn)
    drawing = chart(report, DARK, 100)
    assert drawing is not None
    for standing, line in zip(report.standings, drawing.lines, strict=False):
        assert line.plain.startswith(standing.loss)
        assert verdict_in_words(standing, short=True) in line.plain


@pytest.mark.parametrize(("seeds", "words"), [(1, "no verdict"), (2, "no verdict")])
def test_too_few_seeds_for_an_interval_are_points(seeds: int, words: str) -> None:
    values = valued({(loss, seed): 0.5 + 0.1 * place for place, loss in enumerate(LOSSES) for seed in range(seeds)})
    drawing = chart(built(circles(*LOSSES, seeds=seeds), values), DARK, 80)
    assert drawing is not None
    assert words in drawing.lines[1].plain
    assert "●" in drawing.lines[1].plain
    assert "─" not in drawing.lines[1].plain


def test_a_loss_that_always_diverged_has_a_line_without_a_bar() -> None:
    ends = ending({("hinge", seed): "diverged" for seed in range(6)})
    drawing = chart(built(circles(*LOSSES, seeds=6), drawn, ends), DARK, 80)
    assert drawing is not None
    last = drawing.lines[2].plain
    assert last.startswith("hinge")
    assert "0/6 div 6" in last
    assert "●" not in last


@pytest.mark.parametrize("losses", [("hinge",), LOSSES], ids=["one loss", "all diverged"])
def test_without_two_losses_that_have_scores_there_is_no_plot(losses: tuple[str, ...]) -> None:
    ends = ending({(loss, seed): "diverged" for loss in LOSSES for seed in range(4)})
    assert chart(built(circles(*losses, seeds=4), drawn, ends), DARK, 80) is None
