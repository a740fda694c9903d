"""The grid of learning rates is widened where the best rate lies clearly at its edge, by one rule for all losses."""

import msgspec

from lossterm.comparison.comparison import RATES_TO_TUNE, Comparison, Status, Trial
from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.report import Report, build, rows_of, tables
from lossterm.reports.verdict import verdict
from lossterm.reports.widening import announced, rates_beyond, widened
from tests.builders.reports import Score, asked_for, rows_for

EITHER: tuple[Status, ...] = ("queued", "cancelled")
TWO = ("hinge", "squared_hinge")


def rising(*, until: float = 1e9, seed_noise: float = 0.001) -> Score:
    """Score hinge the better the larger its rate up to one, and squared_hinge best within the grid."""

    def score(trial: Trial, metric: str, split: str) -> float:
        noise = seed_noise * (trial.seed % 3)
        if trial.loss == "hinge":
            rate = min(trial.learning_rate, until)
            return 0.5 + 0.01 * (RATES.index(rate) if rate in RATES else 0) + noise
        return 0.9 - abs(trial.learning_rate - 0.01) + noise

    return score


RATES = (3e-5, 1e-4, 3e-4, *RATES_TO_TUNE, 0.3, 1.0, 3.0, 10.0)


def trained(comparison: Comparison, score: object, end: object = lambda _: "done") -> Report:
    return build(asked_for(comparison), rows_for(comparison, score, end))  # type: ignore[arg-type]


def comparison(**settings: object) -> Comparison:
    return Comparison.ask("circles", TWO, **{"seeds": 4, "epochs": 3, **settings})  # type: ignore[arg-type]


def widened_fully(score: object) -> list[Comparison]:
    steps = [comparison()]
    while (more := widened(trained(steps[-1], score))) is not None:
        steps.append(more)
    return steps


def test_it_goes_on_by_about_three_at_most_three_times_and_for_the_one_loss_alone() -> None:
    steps = widened_fully(rising())
    assert [rates_beyond(step, "hinge") for step in steps] == [[], [0.3], [0.3, 1.0], [0.3, 1.0, 3.0]]
    assert all(rates_beyond(step, "squared_hinge") == [] for step in steps)
    assert [step.size for step in steps] == [40, 44, 48, 52]
    report = trained(steps[-1], rising())
    assert next(one for one in report.standings if one.loss == "hinge").learning_rate == 3.0


def test_it_ends_where_the_best_rate_lies_within() -> None:
    steps = widened_fully(rising(until=0.3))
    assert rates_beyond(steps[-1], "hinge") == [0.3, 1.0]
    report = trained(steps[-1], rising(until=0.3))
    assert not any(one.learning_rate_at_edge for one in report.standings)
    assert "at the rates tried" not in verdict(report)


def test_what_was_tried_beyond_is_told_and_that_the_best_is_still_at_the_edge() -> None:
    *_, before, last = widened_fully(rising())
    report = trained(last, rising())
    assert "8 lr from 0.001 to 3" in headline(report)
    assert "The grid of rates was widened where the best lay clearly at its edge: hinge 0.3 1 3." in notes(report)
    assert verdict(report).endswith(", at the rates tried.")
    assert announced(trained(before, rising()), last) == (
        "The best learning rate lies at the edge of the grid, so it is widened: 3 for hinge."
    )


def test_an_edge_that_is_ahead_by_no_more_than_chance_is_left_alone() -> None:
    def score(trial: Trial, metric: str, split: str) -> float:
        return 0.8 + (0.02 * (-1) ** trial.seed + 0.001 if trial.learning_rate == 0.1 else 0)

    report = trained(comparison(), score)
    assert all(standing.learning_rate_at_edge for standing in report.standings)
    assert widened(report) is None


def test_nothing_is_widened_of_ones_own_rates_of_a_single_seed_or_of_what_is_not_over() -> None:
    def stopped(trial: Trial) -> Status:
        return "cancelled" if trial.seed == 3 else "done"

    assert widened(trained(comparison(learning_rates=[0.01, 0.1]), rising())) is None
    assert widened(trained(comparison(seeds=1), rising())) is None
    assert widened(trained(comparison(), rising(), stopped)) is None
    assert widened(trained(comparison(), rising(), lambda trial: "queued" if trial.seed == 3 else "done")) is None


def test_more_seeds_are_trained_at_the_rates_beyond_too() -> None:
    *_, last = widened_fully(rising())
    (asked,) = tables([asked_for(last), asked_for(comparison(seeds=9), 2)])
    rows = rows_of(asked, rows_for(asked.comparison, rising()))
    filled = widened(build(asked, rows))
    assert filled is not None
    assert set(filled.rates_of("hinge").values()) == {9}
    assert last.with_seeds(9).size == filled.size


def test_losses_of_unequal_seeds_are_widened_for_their_own_seeds_and_nothing_else_is_queued() -> None:
    one = Comparison.ask("circles", ("hinge",), seeds=4, epochs=3)
    two = Comparison.ask("circles", ("squared_hinge",), seeds=20, epochs=3)
    (asked,) = tables([asked_for(one), asked_for(two, 2)])
    assert asked.comparison.size == one.size + two.size
    more = widened(build(asked, rows_of(asked, rows_for(asked.comparison, rising()))))
    assert more is not None
    assert more.size == one.size + two.size + 4
    assert more.rates_of("hinge")[0.3] == 4


def test_a_rate_beyond_is_not_chosen_before_it_was_tried_on_all_seeds() -> None:
    wider = widened(trained(comparison(), rising()))
    assert wider is not None
    for ends in EITHER:

        def end(trial: Trial, ends: Status = ends) -> Status:
            return ends if trial.learning_rate > 0.1 and trial.seed > 1 else "done"

        report = trained(wider, rising(), end)
        hinge = next(one for one in report.standings if one.loss == "hinge")
        assert (hinge.learning_rate, hinge.done) == (0.1, 4)
        assert hinge.verdict is not None


def test_a_widening_that_was_stopped_no_longer_counts_once_the_grid_is_asked_for_again() -> None:
    wider = widened(trained(comparison(), rising()))
    assert wider is not None
    stopped = msgspec.structs.replace(asked_for(wider, 2), cancelled=1.0)
    (asked,) = tables([asked_for(comparison()), stopped, asked_for(comparison(), 3)])
    assert asked.comparison.rates_of("hinge") == comparison().rates_of("hinge")
    (last,) = tables([asked_for(comparison()), stopped])
    assert last.comparison.rates_of("hinge")[0.3] == 4, "what was stopped last is told as partial"
