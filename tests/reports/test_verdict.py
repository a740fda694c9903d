"""Reports in sentences: what was compared, which loss is best, and what a reader must know."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison, Status, Trial
from lossterm.comparison.protocol import SplitName
from lossterm.reports import markdown, plain_text, report
from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.verdict import short_verdict, verdict
from lossterm.text.harmless import in_markdown
from tests.builders.reports import (
    EVERY,
    TROUBLED,
    End,
    Score,
    asked_for,
    built,
    circles,
    diverging_at,
    drawn,
    ending,
    rows_for,
    valued,
)
from tests.cells import each

THREE = ("binary_crossentropy", "hinge", "squared_hinge")


def around(levels: Mapping[str, float], **spreads: float) -> Score:
    """Scores at a level for each loss, a spread above and below it by turns."""
    return lambda trial, metric, split: levels[trial.loss] + spreads.get(trial.loss, 0) * (-1) ** trial.seed


def sentence_of(result: Report) -> str:
    """All sentences of a report, after a look at whether every text holds them."""
    sentences = [headline(result), verdict(result), *notes(result)]
    plain, marked = plain_text.as_plain(result), markdown.as_markdown(result)
    assert all(sentence in plain and in_markdown(sentence) in marked for sentence in sentences)
    return "\n".join(sentences)


# The headline


def test_the_headline_says_what_was_compared() -> None:
    assert headline(built(circles(seeds=2))) == (
        "circles: 2 seeds × 3 epochs, lr 0.01, momentum 0.9, batch 32, hidden 50 (he_uniform)"
    )
    assert headline(built(circles(protocol="fair", seeds=1))) == (
        "circles: 1 seed × 3 epochs, 5 lr from 0.001 to 0.1 cosine, momentum 0.9, batch 32, hidden 50 (he_uniform)"
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hidden": ()}, ", batch 32, hidden none"),
        ({"hidden": (8, 4), "activation": "tanh"}, ", batch 32, hidden 8,4 tanh (glorot_uniform)"),
        ({"hidden": (8,), "initial_sd": 4}, ", batch 32, hidden 8 (he_uniform), output drawn with sd 4"),
        ({"optimizer": "adam", "batch_size": 1}, ", adam, batch 1, hidden 50 (he_uniform)"),
        (
            {"class_weight": "balanced", "dropout": 0.1},
            ", batch 32, balanced classes, hidden 50 (he_uniform), dropout 0.1",
        ),
        ({"batch_norm": True, "l2": 1e-4}, ", batch 32, hidden 50 (he_uniform), batch norm, l2 0.0001"),
        ({"protocol": "fair", "schedule": "constant"}, ", 5 lr from 0.001 to 0.1, momentum 0.9, "),
        (
            {"protocol": "fair", "early_stopping": 9},
            "seeds × up to 3 epochs (stops after 9 without a better), 5 lr from 0.001 to 0.1 cosine, momentum 0.9, ",
        ),
        ({"model": "keras:Sequential"}, ", momentum 0.9, batch 32, network Sequential@"),
        ({"protocol": "fair", "learning_rates": (0.5,)}, ", lr 0.5 cosine, momentum 0.9, "),
        ({"protocol": "fair", "learning_rates": (0.5, 1e-05)}, ", 2 lr from 1e-05 to 0.5 cosine, momentum 0.9, "),
    ],
)
def test_the_headline_names_the_network_and_the_rates(settings: dict[str, Any], words: str) -> None:
    assert words in headline(built(circles(**settings)))


# The verdict


def all_end(status: Status) -> End:
    return lambda trial: status


@pytest.mark.parametrize("status", ["queued", "running"])
def test_while_nothing_has_ended_there_is_no_score_so_far(status: Status) -> None:
    assert verdict(built(circles(), end=all_end(status))) == "No trial has a score so far."


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_where_no_trial_came_to_its_end_there_is_no_score(status: Status) -> None:
    assert verdict(built(circles(), end=all_end(status))) == "No trial has a score."


def test_one_loss_has_nothing_to_be_compared_with() -> None:
    assert verdict(built(circles("hinge"))) == "Only hinge has scores: nothing to compare."


def test_of_one_loss_with_scores_it_is_said_what_became_of_the_others() -> None:
    ends: dict[str, Status] = {"binary_crossentropy": "failed", "hinge": "done", "squared_hinge": "diverged"}
    assert verdict(built(circles(), end=lambda trial: ends[trial.loss])) == (
        "Only hinge has scores (binary_crossentropy failed and squared_hinge diverged): nothing to compare."
    )


def test_where_the_best_rate_is_at_the_edge_and_no_number_of_seeds_would_settle_it_other_rates_come_first() -> None:
    def score(trial: Trial, *_: str) -> float:
        return 0.8 + trial.learning_rate + 0.01 * ((trial.seed * (7 if trial.loss == "hinge" else 5)) % 4)

    asked = Comparison.ask("circles", ("hinge", "squared_hinge"), learning_rates=[0.01, 0.03], seeds=6, rope=0.0)
    assert verdict(built(asked, score)).endswith(
        "; try other rates first, since the best of hinge and squared_hinge is at the edge of those tried."
    )


def test_one_seed_says_little() -> None:
    result = built(circles(seeds=1), valued({("hinge", 0): 0.8}))
    assert verdict(result) == "hinge is ahead on one seed: no interval, no verdict."
    assert "±" not in sentence_of(result)


def test_no_loss_is_ahead_on_one_seed_where_all_score_the_same() -> None:
    assert "is ahead" not in verdict(built(circles(seeds=1)))


@pytest.mark.parametrize("seeds", [(3,), ()])
def test_fewer_than_three_seeds_in_common_give_no_verdict(seeds: tuple[int, ...]) -> None:
    def end(trial: Trial) -> Status:
        of_its_own = trial.seed == THREE.index(trial.loss)
        return "done" if trial.seed in seeds or (not seeds and of_its_own) else "running"

    result = built(circles(seeds=4), drawn, end)
    assert verdict(result) == "No verdict: fewer than three seeds have scores that can be compared so far."
    whole = built(circles(seeds=4), drawn, lambda trial: "done" if end(trial) == "done" else "diverged")
    assert verdict(whole) == "No verdict: fewer than three seeds have scores that can be compared."
    assert verdict(built(circles(seeds=2), drawn)) == verdict(whole)


def test_the_best_is_named_with_those_behind_it_and_how_far_in_what() -> None:
    levels = {"binary_crossentropy": 0.8, "hinge": 0.9, "squared_hinge": 0.85}
    assert verdict(built(circles(seeds=5), around(levels, hinge=0.001))) == (
        "hinge is best, ahead of squared_hinge by .050 and binary_crossentropy by .100 in test accuracy."
    )


def test_how_far_behind_is_a_share_of_the_best_where_the_metric_is_judged_by_shares() -> None:
    comparison = Comparison.ask("regression", ("mse", "mae"), protocol="tutorial", seeds=5)
    score = around({"mse": 100, "mae": 105}, mae=0.1)
    assert verdict(built(comparison, score)) == "mse is best, ahead of mae by 5 % of mse's test mae."
    far = around({"mse": 100, "mae": 1300}, mae=0.1)
    assert verdict(built(comparison, far)) == "mse is best, ahead of mae by 1,200 % of mse's test mae."
    assert verdict(built(comparison, around({"mse": 0.6, "mae": 0.4}, mae=0.001), metric="r2")) == (
        "mse is best, ahead of mae by .200 in test r2."
    )


def test_the_best_may_be_open_against_one_and_ahead_of_another() -> None:
    levels = {"binary_crossentropy": 0.8, "hinge": 0.8999, "squared_hinge": 0.9}
    result = built(circles(seeds=6), around(levels, hinge=0.02, squared_hinge=0.001))
    assert verdict(result) == (
        "squared_hinge is best, ahead of binary_crossentropy by .100 in test accuracy; open: hinge; "
        f"~{result.seeds_to_settle} seeds would settle it."
    )
    assert short_verdict(result).startswith("Best: squared_hinge; hinge open; ~")


def test_two_that_are_open_are_named_and_more_are_counted() -> None:
    levels = dict.fromkeys(THREE, 0.8)
    two = verdict(built(circles("hinge", "squared_hinge", seeds=6), around(levels, hinge=0.04)))
    assert two.startswith("No detectable difference: hinge and squared_hinge open; ")
    three = verdict(built(circles(seeds=6), around(levels, hinge=0.04, squared_hinge=0.05)))
    assert three.startswith("No detectable difference: all 3 open; ")


def test_equal_losses_are_told_from_open_ones() -> None:
    levels = dict.fromkeys(THREE, 0.8)
    mixed = verdict(built(circles(seeds=6), around(levels, hinge=0.04)))
    assert mixed.startswith("No detectable difference: binary_crossentropy and squared_hinge equal, hinge open; ")
    both = built(circles("hinge", "squared_hinge", seeds=8), around(levels, hinge=0.001))
    assert verdict(both) == "No difference that matters: hinge and squared_hinge equal."
    assert verdict(built(circles(seeds=3))) == "No difference that matters: all 3 equal."
    apart = built(circles(seeds=8), around({**levels, "squared_hinge": 0.6}, hinge=0.001, squared_hinge=0.001))
    assert verdict(apart) == (
        "binary_crossentropy is best, ahead of squared_hinge by .200 in test accuracy, equal to hinge."
    )
    assert short_verdict(apart) == "Best: binary_crossentropy; hinge equal"


def test_losses_that_are_many_times_worse_are_named_though_they_are_not_certain_to_be() -> None:
    """Twelve losses with errors ten times as large, which vary so much that three seeds prove nothing."""
    losses = ("mse", *(f"huber:delta={delta}" for delta in range(1, 13)))
    comparison = Comparison.ask("regression", losses, seeds=3, learning_rates=(0.1,))

    def score(trial: Trial, metric: str, split: SplitName) -> float:
        return 1.0 if trial.loss == "mse" else (4.0, 8.0, 24.0)[trial.seed]

    result = built(comparison, score)
    assert {standing.verdict for standing in result.standings[1:]} == {"open"}
    sentence = verdict(result)
    assert sentence.startswith("Not certain: mse is ahead of huber by 1,100 %, huber:delta=2 by ")
    assert "No detectable difference" not in sentence
    assert sentence.count(" by 1,100 %") == 12
    assert " of mse's test mae; " in sentence
    assert short_verdict(result).startswith("Not certain: mse is ahead; ")


def test_large_differences_that_are_not_certain_are_named_beside_certain_and_small_ones() -> None:
    losses = ("categorical_crossentropy", "brier", "kl_divergence", "focal")
    levels = dict(zip(losses, (0.9, 0.7, 0.72, 0.899), strict=True))
    comparison = Comparison.ask("blobs", losses, seeds=5, learning_rates=(0.1,))
    result = built(comparison, around(levels, brier=0.001, kl_divergence=0.3, focal=0.004))
    assert re.fullmatch(
        r"categorical_crossentropy is best, ahead of brier by \.200 in test accuracy; "
        r"not certain: ahead of kl_divergence by \.\d+ in test accuracy; open: focal; .+\.",
        verdict(result),
    )


def test_a_person_who_calls_everything_equal_still_reads_of_large_differences_as_usual() -> None:
    levels = {"hinge": 0.9, "squared_hinge": 0.7}
    wide = built(circles("hinge", "squared_hinge", seeds=3, rope=0), around(levels, hinge=0.2))
    assert verdict(wide).startswith("Not certain: hinge is ahead of squared_hinge by ")


def test_an_open_verdict_says_how_many_seeds_would_settle_it() -> None:
    result = built(circles("hinge", "squared_hinge", seeds=6), around(dict.fromkeys(THREE, 0.8), hinge=0.4))
    assert result.seeds_to_settle is not None
    assert result.seeds_to_settle > 1000
    assert verdict(result).endswith(" open; more than 1,000 seeds would be needed to settle it.")


@each("seeds", [2, 3])
def test_two_or_three_seeds_say_neither_how_many_would_settle_it_nor_that_none_would(seeds: int) -> None:
    digits = Comparison.ask("digits", ("brier", "categorical_crossentropy"), learning_rates=(0.1,), seeds=seeds)
    close = around({"brier": 0.8, "categorical_crossentropy": 0.8001}, brier=0.2)
    for result in (
        built(digits, close),
        built(circles("hinge", "squared_hinge", seeds=seeds), around(dict.fromkeys(THREE, 0.8), hinge=0.4)),
        built(circles("hinge", "squared_hinge", seeds=seeds), around(dict.fromkeys(THREE, 0.8), hinge=0.01)),
    ):
        said = "; too few seeds to say how many would settle it." if seeds == 3 else "No verdict: fewer than three"
        assert said in verdict(result)
        assert result.settling is not None
        assert result.settling.seeds == 4
        assert not re.search("more data|would be needed|would show|~", verdict(result))


def test_seeds_that_have_no_scores_yet_count_towards_those_that_would_settle_it() -> None:
    def end(trial: Trial) -> Status:
        return "done" if trial.seed < 4 else "queued"

    result = built(circles("hinge", "squared_hinge", seeds=100), around(dict.fromkeys(THREE, 0.8), hinge=0.004), end)
    assert result.seeds_to_settle is not None
    assert 4 < result.seeds_to_settle <= 100
    assert verdict(result).endswith(f" open; ~{result.seeds_to_settle} seeds would settle it.")


def test_a_verdict_that_more_seeds_do_settle_is_not_said_to_be_beyond_them() -> None:
    def seeds(count: int) -> Report:
        comparison = Comparison.ask("digits", ("brier", "categorical_crossentropy"), learning_rates=(0.1,), seeds=count)
        return built(comparison, around({"brier": 0.75, "categorical_crossentropy": 0.8}, brier=0.02))

    assert [standing.verdict for standing in seeds(3).standings] == ["best", "open"]
    assert [standing.verdict for standing in seeds(10).standings] == ["best", "worse"]


def test_an_open_verdict_says_so_where_no_number_of_splits_of_the_same_rows_would_settle_it() -> None:
    comparison = Comparison.ask("digits", ("brier", "categorical_crossentropy"), learning_rates=(0.1,), seeds=6)
    wide = around({"brier": 0.8, "categorical_crossentropy": 0.8001}, brier=0.2)
    assert verdict(built(comparison, wide)).endswith(" open; no number of re-splits would settle it, more data would.")


def test_differences_below_what_matters_are_named_where_they_are_certain() -> None:
    levels = {"hinge": 0.8, "squared_hinge": 0.799}
    equal = built(circles("hinge", "squared_hinge", seeds=8), around(levels, hinge=0.0001))
    assert "Behind, by less than matters: squared_hinge." in notes(equal)
    near = {"hinge": 0.8, "squared_hinge": 0.7952}
    worse = built(circles("hinge", "squared_hinge", seeds=8), around(near, hinge=0.002))
    assert worse.standings[1].verdict == "worse"
    assert "Worse, on average by less than matters: squared_hinge." in notes(worse)


# In one line


LONG = "sparse_categorical_crossentropy"


def multiclass(levels: Mapping[str, float], seeds: int = 6, **spreads: float) -> Report:
    comparison = Comparison.ask("blobs", tuple(levels), seeds=seeds, learning_rates=(0.1,), epochs=3)
    return built(comparison, around(levels, **spreads))


PAIR = {LONG: 0.9, "categorical_crossentropy": 0.8999}
SHORT: dict[str, tuple[Report, str]] = {
    "nothing": (built(circles(), end=all_end("queued")), "No trial has a score so far"),
    "one loss": (multiclass({LONG: 0.9}), f"Only {LONG} has scores"),
    "one seed": (multiclass({LONG: 0.9, "brier": 0.8}, seeds=1), f"{LONG} is ahead on one seed"),
    "best": (multiclass({LONG: 0.9, "brier": 0.8}, seeds=8), f"{LONG} is best"),
    "two equal": (
        built(circles("hinge", "squared_hinge", seeds=8), around(dict.fromkeys(THREE, 0.8), hinge=0.001)),
        "No difference that matters",
    ),
    "two open": (multiclass(PAIR, sparse_categorical_crossentropy=0.4), "No detectable difference"),
    "two seeds": (built(circles("hinge", "squared_hinge")), "No verdict"),
    "equal and open": (
        built(circles(seeds=6), around(dict.fromkeys(THREE, 0.8), hinge=0.4)),
        "No detectable difference: 2 equal, 1 open; ",
    ),
    "best with one equal": (
        built(
            circles(seeds=6),
            around({**dict.fromkeys(THREE, 0.8), "squared_hinge": 0.3}, hinge=0.002, squared_hinge=0.001),
        ),
        "Best: binary_crossentropy; hinge equal",
    ),
    "best with one open": (
        multiclass({**PAIR, "brier": 0.2}, sparse_categorical_crossentropy=0.04),
        f"Best: {LONG}; 1 open; ",
    ),
    "best with two open": (
        multiclass({**PAIR, "kl_divergence": 0.8999, "brier": 0.2}, brier=0.001),
        f"Best: {LONG}; 2 open; ",
    ),
    "far ahead, not certain": (
        multiclass({LONG: 0.9, "brier": 0.6}, brier=0.4),
        f"Not certain: {LONG} is ahead; ",
    ),
}


@each("case", SHORT)
def test_the_short_verdict_says_what_the_verdict_says_without_how_far(case: str) -> None:
    result, words = SHORT[case]
    sentence = short_verdict(result)
    assert sentence.startswith(words)
    assert not sentence.endswith(".")
    assert " in test " not in sentence
    assert len(sentence) <= 78
    if result.undecided:
        many = (result.seeds_to_settle or 0) > 1000
        assert sentence.endswith("; 1,000+ seeds settle it" if many else f"; ~{result.seeds_to_settle} seeds settle it")
    elif not sentence.startswith("Best: "):
        assert verdict(result).startswith(sentence)


def test_the_short_verdict_says_where_seeds_settle_nothing() -> None:
    splits = Comparison.ask("digits", ("brier", "categorical_crossentropy"), learning_rates=(0.1,), seeds=6)
    wide = around({"brier": 0.8, "categorical_crossentropy": 0.8001}, brier=0.2)
    assert short_verdict(built(splits, wide)).endswith("; more data would settle it")
    nothing = circles("hinge", "squared_hinge", seeds=6, rope=0)
    assert short_verdict(built(nothing, around(dict.fromkeys(THREE, 0.8), hinge=0.04))).endswith(
        "; seeds do not settle it"
    )


def test_both_verdicts_say_that_they_are_of_what_is_there_so_far() -> None:
    def end(trial: Trial) -> Status:
        return "done" if trial.seed < 3 else "queued"

    levels = {"binary_crossentropy": 0.8, "hinge": 0.9, "squared_hinge": 0.85}
    score = around(levels, hinge=0.001)
    result, whole = built(circles(seeds=5), score, end), built(circles(seeds=3), score)
    assert verdict(result) == f"So far: {verdict(whole)}"
    assert short_verdict(result) == "So far: hinge is best"
    assert short_verdict(whole) == "hinge is best"


# Notes


@pytest.mark.parametrize(("task", "better"), [("regression", "less"), ("circles", "more"), ("blobs", "more")])
@pytest.mark.parametrize("protocol", ["fair", "tutorial"])
def test_the_ranking_metric_and_its_direction_are_said(task: str, better: str, protocol: str) -> None:
    comparison = Comparison.ask(task, seeds=2, protocol=protocol)
    assert f"Ranked by mean test {comparison.metric} ({better} is better)" in sentence_of(built(comparison))


def test_intervals_and_the_region_that_counts_as_equal_are_explained_where_there_are_any() -> None:
    explained = (
        "; ± is a 95 % interval, Δ is how far behind the best, within [ ] for the whole table, equal is less than "
    )
    assert notes(built(circles(seeds=3)))[0].endswith(f"{explained}.005.")
    assert notes(built(Comparison.ask("regression", seeds=3)))[0].endswith(f"{explained}1 % of the best.")
    assert notes(built(circles(seeds=2)))[0] == "Ranked by mean test accuracy (more is better); ± is a 95 % interval."
    assert notes(built(circles(seeds=1)))[0] == "Ranked by mean test accuracy (more is better)."


CAVEATS = {
    ("circles", "fair", None): "Fair protocol: fresh data for each seed, split 60/20/20, scaled on train; "
    "the learning rate tuned per loss on validation; compared seed by seed.",
    ("circles", "fair", 0.1): "Fair protocol: fresh data for each seed, split 60/20/20, scaled on train; "
    "one learning rate for all losses; compared seed by seed.",
    ("digits", "fair", None): "Fair protocol: the same rows split anew for each seed, 60/20/20 "
    "(intervals widened after Nadeau–Bengio), scaled on train; "
    "the learning rate tuned per loss on validation; compared seed by seed.",
    ("digits", "published", None): "Published protocol: one stratified split 60/15/25 for all seeds, so that "
    "intervals say nothing of other data, scaled on train; "
    "the learning rate tuned per loss on validation; compared seed by seed.",
    ("circles", "tutorial", None): "Tutorial protocol: one fixed draw cut in half, one learning rate; "
    "seeds vary initial weights and shuffles only, so intervals say nothing of other data.",
    ("regression", "tutorial", None): "Tutorial protocol: one fixed draw cut in half, scaled before the split, "
    "one learning rate; seeds vary initial weights and shuffles only, so intervals say nothing of other data.",
}


@pytest.mark.parametrize(("task", "protocol", "rate"), CAVEATS)
def test_what_the_protocol_means_for_a_reader_is_said(task: str, protocol: str, rate: float | None) -> None:
    comparison = Comparison.ask(task, protocol=protocol, seeds=2, learning_rates=None if rate is None else (rate,))
    assert CAVEATS[task, protocol, rate] in notes(built(comparison))


@each(("task", "protocol"), EVERY)
def test_every_protocol_says_its_caveat_once(task: str, protocol: str) -> None:
    text = sentence_of(built(Comparison.ask(task, protocol=protocol, seeds=2)))
    assert text.count(" protocol: ") == 1
    assert f"{protocol.capitalize()} protocol: " in text


def test_the_tutorials_faults_are_said_under_its_protocol_alone() -> None:
    fault = "hinge, squared_hinge: the tutorial puts a tanh on the output"
    assert fault in sentence_of(built(circles()))
    assert "tanh" not in sentence_of(built(circles("binary_crossentropy")))
    assert "the tutorial" not in sentence_of(built(circles(protocol="fair")))


def test_losses_that_are_one_function_are_said_to_be_so() -> None:
    both = sentence_of(built(Comparison.ask("blobs", ("kl_divergence", "categorical_crossentropy"), seeds=1)))
    assert "kl_divergence is categorical_crossentropy by construction; what differs is rounding that grew." in both
    assert "by construction" not in sentence_of(built(Comparison.ask("blobs", ("kl_divergence",), seeds=1)))


def test_losses_whose_output_does_not_give_the_metric_are_said_to_be_without() -> None:
    text = sentence_of(built(circles(protocol="fair", metric="brier")))
    for loss in ("hinge", "squared_hinge"):
        assert f"{loss} has no brier: its output does not give it." in text
    assert text.count("has no brier") == 2
    assert "has no " not in sentence_of(built(circles(protocol="fair")))


def best_at(**rates: float) -> Score:
    """Validation and test say that a loss trains best at a rate."""

    def score(trial: Trial, metric: str, split: SplitName) -> float:
        return 0.9 if trial.learning_rate == rates.get(trial.loss, 0.01) else 0.5

    return score


def test_a_best_rate_at_the_edge_of_those_tried_is_said_with_what_to_try() -> None:
    result = built(circles(protocol="fair"), best_at(hinge=0.1, squared_hinge=0.1, binary_crossentropy=0.001))
    edges = [note for note in notes(result) if note.startswith("*")]
    assert edges == [
        "* binary_crossentropy: the best rate is the smallest tried, a better one may lie beyond; "
        "try lr 0.0001,0.0003,0.001,0.003,0.01,0.03,0.1.",
        "* hinge, squared_hinge: the best rate is the largest tried, a better one may lie beyond; "
        "try lr 0.001,0.003,0.01,0.03,0.1,0.3,1.",
    ]
    assert all(edge in sentence_of(result) for edge in edges)


def test_the_rates_to_try_follow_those_that_were_tried() -> None:
    result = built(circles("hinge", protocol="fair", learning_rates=(0.5, 2)), best_at(hinge=2))
    assert "try lr 0.5,2,6,20." in sentence_of(result)
    assert "* hinge" not in sentence_of(built(circles("hinge", protocol="fair"), best_at(hinge=0.01)))
    assert "*" not in "".join(notes(built(circles("hinge", protocol="fair", learning_rates=(0.5,)))))


def test_no_rate_is_the_best_of_those_tried_before_any_trial_ended() -> None:
    result = built(circles(protocol="fair"), end=all_end("queued"))
    assert not any(standing.learning_rate_at_edge for standing in result.standings)
    assert "the best rate is" not in sentence_of(result)


def test_a_rate_that_was_not_chosen_and_diverged_is_said_of_a_report_that_is_sound() -> None:
    result = built(circles(protocol="fair", seeds=3), best_at(), diverging_at(0.03, 0.1))
    assert result.sound
    text = sentence_of(result)
    for loss in THREE:
        assert f"{loss} diverged or failed at rates that were not chosen: 3/3 at 0.03, 3/3 at 0.1." in text
    assert "ranked by the" not in text


def test_means_over_fewer_trials_than_asked_for_are_said_to_be_so() -> None:
    def end(trial: Trial) -> Status:
        return "diverged" if (trial.loss, trial.seed) == ("hinge", 1) else "done"

    result = built(circles(protocol="fair", seeds=3), best_at(), end)
    assert not result.sound
    assert "hinge: 1 of 3 trials diverged or failed; ranked by the others." in sentence_of(result)
    assert "hinge: 1 of 3 trials diverged or failed; ranked by the others." in sentence_of(TROUBLED)


def test_a_loss_that_is_not_ranked_is_not_said_to_be_ranked_by_some_of_its_trials() -> None:
    result = built(circles(metric="log_loss", seeds=3), end=ending({("hinge", 1): "diverged"}))
    assert next(s for s in result.standings if s.loss == "hinge").rank is None
    assert "ranked by the others" not in sentence_of(result)


def test_what_is_not_whole_is_marked_partial() -> None:
    assert "Partial" not in sentence_of(built(circles()))
    text = sentence_of(TROUBLED)
    assert "Partial: 1 of 9 trials have not ended." in text
    assert "Partial: 1 of 9 trials were stopped." in text


def test_failures_are_said_once_for_each_loss_with_their_reason() -> None:
    assert sentence_of(TROUBLED).count("squared_hinge failed: ValueError: it broke") == 1


def test_a_custom_loss_whose_trials_have_no_score_of_the_metric_is_said_to_be_without() -> None:
    asked = circles("binary_crossentropy", metric="log_loss")
    asked = msgspec.structs.replace(asked, losses=(*asked.losses, "mine@01234567"))
    rows = [
        msgspec.structs.replace(row, scores={**(row.scores or {}), "log_loss": None}) if "@" in row.trial.loss else row
        for row in rows_for(asked)
    ]
    result = report.build(asked_for(asked), rows)
    assert [standing.rank for standing in result.standings] == [1, None]
    assert "mine@01234567 has no log_loss: its output does not give it." in notes(result)
