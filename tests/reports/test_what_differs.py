"""Two comparisons: the settings that differ, and by how much the scores do, where that can be said."""

from typing import Any

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.data import Data, FileRequest
from lossterm.reports.report import Report
from lossterm.reports.what_differs import changes_of, differing, incomparable, lines
from tests.builders.reports import Score, built, circles, valued


def better_by(amount: float, spread: float = 0.01) -> Score:
    """Scores whose hinge is better by an amount, give or take, and whose other losses stay as they are."""

    def score(trial: Trial, metric: str, split: str) -> float:
        value = 0.6 + 0.02 * trial.seed
        return value + amount + spread * (-1) ** trial.seed if trial.loss == "hinge" else value

    return score


def two(seeds: int = 4, other: int | None = None, **settings: Any) -> tuple[Report, Report]:
    losses = ("hinge", "squared_hinge")
    before = built(circles(*losses, seeds=seeds), better_by(0, 0))
    return before, built(circles(*losses, seeds=other or seeds, **settings), better_by(0.1))


def test_the_settings_that_differ_are_told_with_both_values() -> None:
    before = Comparison.ask("circles")
    after = Comparison.ask("circles", hidden=[64, 32], epochs=7, seeds=3, learning_rates=[0.01], rope=0.1)
    assert differing(before, before) == []
    assert differing(before, after) == [
        "hidden 50 → 64,32",
        "epochs 200 → 7",
        "seeds 10 → 3",
        "rope none → 0.1",
        "learning rates 0.001,0.003,0.01,0.03,0.1 → 0.01",
    ]
    race = Comparison.ask("circles", until="settled", seeds=20)
    assert {"seeds 10 → 20", "until none → settled"} <= set(differing(before, race))


def test_the_change_stands_with_its_interval_and_what_it_rests_on() -> None:
    first, *rest = lines(*two(hidden=[64, 32]))
    # Differences .11, .09, .11, .09: mean .1, sd .011547, half t(.975, 3)·sd/2.
    assert first == "hidden 50 → 64,32: accuracy +.100 [+.082, +.118] with hinge."
    table = {line.split()[0]: line.split() for line in rest if line}
    assert table["hinge"][1:3] == ["0.6300", "0.7300"]
    assert table["hinge"][-1] == "better"
    assert table["squared_hinge"][-2:] == ["+.0000", "same"]
    words = " ".join(rest)
    assert "Mean test accuracy; changes with 95 % intervals, paired over the 4 seeds that both have" in words
    assert max(map(len, (first, *rest))) <= 72


def test_seeds_that_only_one_has_do_not_count() -> None:
    before, after = two(seeds=3, other=5, epochs=4)
    (hinge, _) = changes_of(before, after)
    assert hinge.paired is not None
    assert (hinge.seeds, hinge.paired.seeds) == (3, 3)
    assert "over the 3 seeds that both have" in " ".join(lines(before, after))


@pytest.mark.parametrize(("metric", "words"), [("mae", "better"), ("r2", "worse")])
def test_less_is_better_where_the_metric_says_so(metric: str, words: str) -> None:
    def report(factor: float) -> Report:
        comparison = Comparison.ask("regression", ("mse",), protocol="tutorial", seeds=4, epochs=3, metric=metric)
        return built(comparison, lambda trial, metric, split: factor * (2 + 0.1 * trial.seed))

    text = lines(report(1), report(0.9))
    assert next(line for line in text if line.startswith("mse")).endswith(words)
    assert ("%" in text[0]) == (metric == "mae")
    if metric == "mae":
        # Differences −.2, −.21, −.22, −.23 of a mean of 2.15: half t(.975, 3)·.0129/2 is 1 % of it.
        assert "mae −10.0 % [−11.0, −9.0] with mse" in text[0]


def test_two_seeds_have_no_interval_and_it_is_said() -> None:
    text = lines(*two(seeds=2))
    assert text[0] == "No setting differs: accuracy +.1000 with hinge."
    assert "no intervals, since both share 2 seeds, and 3 are the least" in " ".join(text)
    assert any(line.endswith("–") for line in text)


def test_collapsed_trainings_leave_medians_without_an_interval() -> None:
    losses = circles("hinge", "squared_hinge", seeds=4)
    collapsed = built(losses, better_by(0), collapse=lambda trial: trial.seed == 0 and trial.loss == "hinge")
    assert collapsed.by_median
    text = lines(built(losses, better_by(0)), collapsed)
    words = "Median test accuracy; no intervals, since trainings collapsed and medians are compared."
    assert " ".join(text).endswith(words)


def test_what_cannot_be_compared_says_why_and_gives_no_number() -> None:
    fair = built(circles(protocol="fair", learning_rates=[0.01]))
    blobs = built(Comparison.ask("blobs", ("categorical_crossentropy",), protocol="tutorial", seeds=2, epochs=3))
    tutorial = built(circles())
    never = built(circles("hinge"), end=lambda _: "queued")
    for before, after, why in (
        (tutorial, blobs, "the data are not the same"),
        (tutorial, fair, "tutorial and fair score on other rows"),
        (never, tutorial, "no loss has scores in both"),
        (built(circles("hinge")), built(circles("squared_hinge")), "no loss has scores in both"),
    ):
        text = lines(before, after)
        assert text[1] == f"By how much cannot be said: {why}."
        assert len(text) == 2


def test_the_second_is_ranked_by_the_metric_of_the_first() -> None:
    balanced = built(circles("hinge", metric="balanced_accuracy", seeds=3), valued({}))
    text = lines(built(circles("hinge", seeds=3), valued({})), balanced)
    assert text[0] == "metric accuracy → balanced_accuracy: accuracy +.0000 with hinge."


def on_file(path: str, digest: str = "0" * 16) -> Comparison:
    request = FileRequest(path=path, target="y")
    data = Data(
        asked=request, digest=digest, kind="regression", rows=100, features=2, lowest=0.0, zeros=True, imbalance=1.0
    )
    return msgspec.structs.replace(Comparison.ask("regression", ("mse",)), task=data.key, data=data)


def test_a_file_that_was_moved_is_the_same_data_and_one_that_was_edited_is_not() -> None:
    here = on_file("/a/t.csv")
    assert incomparable(here, on_file("/b/t.csv")) == ""
    assert "was changed in between" in incomparable(here, on_file("/a/t.csv", "1" * 16))
    assert incomparable(here, on_file("/b/t.csv", "1" * 16)) == "the data are not the same"
