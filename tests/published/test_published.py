"""Cases: the published figures as published, what the seeds say by NumPy, and sentences that hold the numbers found."""

import math
import re
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import pytest
from scipy import stats

from lossterm.cli.commands.reproduce import document
from lossterm.comparison.comparison import RATES_TO_TUNE, Status, Trial
from lossterm.comparison.protocol import SplitName
from lossterm.errors import UnknownName
from lossterm.published import CASES, Case, case_named, digits, tutorial
from lossterm.reports import json_document, verdict
from lossterm.reports.report import Report
from lossterm.text.json_text import as_json
from tests.builders.reports import ENVIRONMENT, End, done, reports_of, stored, strictly
from tests.cells import each


def median_and_range(values: Sequence[float]) -> str:
    """Write a median and the ends of what 95 % of the values lie between, by NumPy."""
    low, high = np.quantile(values, [0.025, 0.975], method="linear")
    return f"{np.median(values):.3f} [{low:.3f}, {high:.3f}]"


TUTORIAL, DIGITS = CASES["tutorial"], CASES["digits"]
FIVE = {case.key: reports_of(case, 5) for case in CASES.values()}
"""Every case as five seeds would answer it."""

# Every case


def test_a_case_is_found_by_its_key_and_a_near_miss_is_suggested() -> None:
    assert [case_named(key) for key in CASES] == list(CASES.values())
    assert list(CASES) == ["tutorial", "digits", "noise"]
    with pytest.raises(UnknownName, match=r"There is no case 'tutorail'. Did you mean tutorial\?"):
        case_named("tutorail")


def troubled(trial: Trial) -> Status:
    """One loss diverged, one failed on a seed, and a seed is still to come."""
    if trial.loss in ("hinge", "brier"):
        return "diverged"
    if trial.loss == "mse" and trial.seed == 1:
        return "failed"
    return "queued" if trial.seed == 2 else "done"


STATES: dict[str, tuple[int, End]] = {
    "five seeds": (5, done),
    "one seed": (1, done),
    "in trouble": (3, troubled),
    "nothing ended": (2, lambda trial: "queued"),
    "everything diverged": (2, lambda trial: "diverged"),
    "half way": (2, lambda trial: "queued" if trial.seed else "done"),
    "stopped": (2, lambda trial: "cancelled" if trial.seed else "done"),
}


@each("state", STATES)
@each("case", CASES.values(), ids=CASES)
def test_a_case_in_any_state_has_a_full_table_a_story_and_json_without_nan(case: Case, state: str) -> None:
    reports = reports_of(case, STATES[state][0], end=STATES[state][1])
    rows = case.rows(reports)
    columns, story = case.columns(rows), case.story(rows, reports)
    assert len(rows) == {"tutorial": 13, "digits": 8, "noise": 18}[case.key]
    assert len({column.head for column in columns}) == len(columns)
    for column in columns:
        assert len(column.values) == len(rows)
        assert not any(re.search(r"nan|inf\b|None", text, re.IGNORECASE) for text in column.values)
    assert all(line.endswith(".") and not re.search(r"\bnan\b|None", line) for line in story)
    written = strictly(as_json(document(case, reports)))
    assert [msgspec.convert(row, case.row_type) for row in written["rows"]] == rows
    assert written["story"] == story


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_json_holds_rows_story_and_every_comparison_as_a_run_gives_it(case: Case) -> None:
    reports = FIVE[case.key]
    written = strictly(as_json(document(case, reports)))
    names = "lossterm schema reproduction session seeds rows story comparisons environment seconds"
    assert list(written) == names.split()
    assert (written["reproduction"], written["session"], written["seeds"]) == (case.key, "s", 5)
    assert (written["schema"], written["environment"]) == (json_document.SCHEMA, ENVIRONMENT)
    assert written["comparisons"] == [strictly(as_json(json_document.document(one))) for one in reports]
    assert written["seconds"] == max(one.seconds for one in reports) > 0


# The tutorial: what it printed


PRINTED = """
    regression  mse                               0.000  0.001
    regression  msle                              0.165  0.184
    regression  mae                               0.002  0.002
    circles     binary_crossentropy               0.836  0.852
    circles     hinge                             0.792  0.740
    circles     squared_hinge                     0.682  0.646
    blobs       categorical_crossentropy          0.840  0.822
    blobs       sparse_categorical_crossentropy   0.832  0.818
    blobs       kl_divergence                     0.822  0.822
"""
"""Task, loss, what was printed for train and for test."""


def test_the_nine_printed_rows_are_the_tutorials() -> None:
    rows = [(task, loss, *both) for task, losses in tutorial.PRINTED.items() for loss, both in losses.items()]
    printed = [line.split() for line in PRINTED.strip().splitlines()]
    assert rows == [(task, loss, float(train), float(test)) for task, loss, train, test in printed]
    assert len(rows) == 9


@pytest.mark.parametrize(("seeds", "fairly"), [(1, 1), (2, 2), (10, 10), (30, 10), (90, 30)])
def test_the_tutorial_is_three_comparisons_of_its_own_then_three_fair_ones_and_one_on_another_schedule(
    seeds: int, fairly: int
) -> None:
    asked = TUTORIAL.comparisons(seeds)
    own, fair, again = asked[:3], asked[3:6], asked[6]
    assert [*asked[6:]] == [
        msgspec.structs.replace(
            fair[0], hyperparameters=msgspec.structs.replace(fair[0].hyperparameters, schedule="constant")
        )
    ]
    assert {one.hyperparameters.schedule for one in fair} == {"cosine"}
    assert again.learning_rates == RATES_TO_TUNE
    assert [(one.protocol, one.task, one.seeds) for one in asked[:6]] == [
        (protocol, task, many)
        for protocol, many in (("tutorial", seeds), ("fair", fairly))
        for task in ("regression", "circles", "blobs")
    ]
    assert all(one.learning_rates == (0.01,) for one in own)
    assert all(one.learning_rates == RATES_TO_TUNE for one in fair)
    assert sum(len(list(one.trials())) for one in own) == 9 * seeds
    assert [one.losses for one in own] == [tuple(losses) for losses in tutorial.PRINTED.values()]
    assert own[0].losses == ("mse", "msle", "mae")
    assert fair[0].losses == ("mse", "mae")
    assert [one.losses for one in fair[1:]] == [one.losses for one in own[1:]]


def test_the_tutorial_is_asked_for_with_thirty_seeds_and_its_own_network_and_optimizer() -> None:
    assert TUTORIAL.seeds == 30
    settings = [one.hyperparameters for one in TUTORIAL.comparisons(1)]
    assert [(h.hidden, h.epochs) for h in settings] == [((25,), 100), ((50,), 200), ((50,), 100)] * 2 + [((25,), 100)]
    assert {(h.activation, h.initial_sd, h.optimizer, h.batch_size) for h in settings} == {
        ("relu", None, "momentum", 32)
    }


# The tutorial: what the seeds say


def rows_of(reports: Sequence[Report]) -> dict[tuple[str, str], tutorial.Row]:
    return {(row.loss, row.metric): row for row in tutorial.rows(reports)}


def test_rows_stand_in_the_tutorials_order_each_hinge_counted_in_three_ways() -> None:
    ways = ("accuracy", "keras2_accuracy", "keras3_accuracy")
    assert [(row.task, row.loss, row.metric) for row in tutorial.rows(FIVE["tutorial"])] == [
        *(("regression", loss, "mse") for loss in ("mse", "msle", "mae")),
        ("circles", "binary_crossentropy", "accuracy"),
        *(("circles", loss, way) for loss in ("hinge", "squared_hinge") for way in ways),
        *(("blobs", loss, "accuracy") for loss in tutorial.PRINTED["blobs"]),
    ]


@pytest.mark.parametrize("seeds", [2, 3, 5, 30])
def test_median_range_and_sd_are_those_that_numpy_gives_for_the_stored_scores(seeds: int) -> None:
    reports = reports_of(TUTORIAL, seeds)
    by_task = {one.asked.comparison.task: one for one in reports[:3]}
    for row in tutorial.rows(reports):
        assert list(row.seeds) == list(row.printed) == list(row.inside) == ["train", "test"]
        for split in ("train", "test"):
            values, summary = stored(by_task[row.task], row.loss, row.metric, split), row.seeds[split]
            assert summary.count == len(values) == seeds
            assert summary.median == pytest.approx(np.median(values), abs=1e-12)
            assert summary.range == pytest.approx(np.quantile(values, [0.025, 0.975], method="linear"), abs=1e-12)
            assert summary.sd == pytest.approx(np.std(values, ddof=1), abs=1e-12)
            assert row.inside[split] is bool(
                summary.range and summary.range[0] <= row.printed[split] <= summary.range[1]
            )


@pytest.mark.parametrize(
    ("ends", "printed", "inside"),
    [
        ((0.70, 0.80), 0.740, True),
        ((0.75, 0.80), 0.740, False),
        ((0.60, 0.70), 0.740, False),
        ((0.7404, 0.80), 0.740, True),
        ((0.7406, 0.80), 0.740, False),
        ((0.60, 0.7396), 0.740, True),
        ((0.60, 0.7394), 0.740, False),
        ((0.0004, 0.002), 0.000, True),
        (None, 0.740, None),
    ],
)
def test_a_printed_value_is_inside_if_a_value_of_the_range_would_be_printed_so(
    ends: tuple[float, float] | None, printed: float, inside: bool | None
) -> None:
    seeds = tutorial.Seeds(median=0.74, range=ends, sd=0.05 if ends else None, count=5 if ends else 1)
    assert seeds.holds(printed) is inside


def test_the_fair_result_stands_on_the_first_row_of_each_loss_that_the_fair_protocol_offers() -> None:
    rows = rows_of(FIVE["tutorial"])
    without = {key for key, row in rows.items() if row.fair is None}
    ways = ("keras2_accuracy", "keras3_accuracy")
    assert without == {("msle", "mse"), *((loss, way) for loss in ("hinge", "squared_hinge") for way in ways)}
    for place, report in enumerate(FIVE["tutorial"][3:]):
        for standing in report.standings:
            row = next(row for (loss, _), row in rows.items() if loss == standing.loss and row.fair)
            assert (row.fair_on_schedule if place == 3 else row.fair) == tutorial.Fair(
                metric=report.asked.comparison.metric,
                mean=standing.mean,
                ci=standing.ci,
                verdict=standing.verdict,
                learning_rate=standing.learning_rate,
                schedule="constant" if place == 3 else "cosine",
            )
    assert {row.loss for row in rows.values() if row.fair_on_schedule} == {"mse", "mae"}


def test_one_seed_has_a_median_but_no_range_and_decides_nothing() -> None:
    reports = reports_of(TUTORIAL, 1)
    for row in tutorial.rows(reports):
        report = next(one for one in reports if one.asked.comparison.task == row.task)
        for split, seeds in row.seeds.items():
            (value,) = stored(report, row.loss, row.metric, split)
            assert seeds == tutorial.Seeds(median=value, range=None, sd=None, count=1)
        assert row.inside == {"train": None, "test": None}
        assert row.fair is None or (row.fair.ci, row.fair.verdict) == (None, None)
    table = {text for column in tutorial.columns(tutorial.rows(reports)) for text in column.values}
    assert not {"inside", "outside"} & table


def test_seeds_that_diverged_have_no_score_and_a_loss_with_no_other_has_no_result() -> None:
    ends: dict[tuple[str, int], Status] = {("mae", 0): "diverged", ("mae", 3): "failed"}
    reports = reports_of(
        TUTORIAL, 5, end=lambda t: "diverged" if t.loss == "msle" else ends.get((t.loss, t.seed), "done")
    )
    rows = rows_of(reports)
    nothing = tutorial.Seeds(median=None, range=None, sd=None, count=0)
    assert rows["msle", "mse"].seeds == {"train": nothing, "test": nothing}
    assert rows["msle", "mse"].inside == {"train": None, "test": None}
    mae = rows["mae", "mse"].seeds["test"]
    assert mae.count == 3
    assert mae.median == pytest.approx(np.median(stored(reports[0], "mae", "mse", "test")))
    assert mae.sd == pytest.approx(np.std(stored(reports[0], "mae", "mse", "test"), ddof=1))
    assert rows["mse", "mse"].seeds == rows_of(FIVE["tutorial"])["mse", "mse"].seeds


def cells_of(case: Case, reports: Sequence[Report], head: str) -> Sequence[str]:
    """Return a column of a case's table."""
    return next(column.values for column in case.columns(case.rows(reports)) if column.head == head)


def test_the_story_tells_the_numbers_that_were_found() -> None:
    reports = FIVE["tutorial"]
    story = TUTORIAL.story(TUTORIAL.rows(reports), reports)
    for loss, printed in (("hinge", "0.740"), ("squared_hinge", "0.646")):
        (line,) = (line for line in story if line.startswith(f"{loss}: printed {printed}."))
        sign, rounding, threshold = (
            median_and_range(stored(reports[1], loss, metric, "test"))
            for metric in ("accuracy", "keras2_accuracy", "keras3_accuracy")
        )
        assert re.search(f"sign of its output scores {re.escape(sign)}", line)
        assert re.search(f"Keras 2.3 rounds .* {re.escape(rounding)}", line)
        assert re.search(f"Keras 3 compares .* {re.escape(threshold)}", line)
    (same,) = (line for line in story if line.startswith("sparse_categorical_crossentropy is categorical_crossentropy"))
    assert "0.818 against 0.822" in same
    (lottery,) = (line for line in story if line.startswith("msle"))
    assert median_and_range(stored(reports[0], "msle", "mse", "test")) in lottery
    fair = [f"Fair, {one.asked.comparison.task}: {verdict.verdict(one)}" for one in reports[3:6]]
    assert story[-4:-1] == fair
    assert story[-1] == f"Fair, regression, with a constant rate: {verdict.verdict(reports[6])}"
    assert sum("±" in cell for cell in cells_of(TUTORIAL, reports, "constant rate")) == 2
    assert not any("One seed" in line for line in story)


def test_the_story_of_one_seed_says_that_it_says_little_and_no_more() -> None:
    reports = reports_of(TUTORIAL, 1)
    story = TUTORIAL.story(TUTORIAL.rows(reports), reports)
    both = FIVE["tutorial"]
    assert story[:-1] == TUTORIAL.story(TUTORIAL.rows(both), both)[:2]
    assert story[-1].startswith("One seed says as little here as it did there")
    ended = reports_of(TUTORIAL, 1, end=lambda t: "diverged" if t.loss == "msle" else "done")
    told_of = TUTORIAL.story(TUTORIAL.rows(ended), ended)
    assert told_of[:3] == story
    assert any("msle" in line for line in told_of[3:])
    assert not any(line.startswith(("msle saw", "Fair,")) for line in told_of)


def test_the_table_shows_what_was_printed_beside_the_seeds_and_says_where_the_two_disagree() -> None:
    def score(trial: Trial, metric: str, split: SplitName) -> float:
        return 0.70 + 0.02 * trial.seed if trial.loss in ("hinge", "squared_hinge") else 0.5

    rows = tutorial.rows(reports_of(TUTORIAL, 5, score))
    table = list(zip(*(column.values for column in tutorial.columns(rows)), strict=True))
    lines = {(row.loss, row.metric): line for row, line in zip(rows, table, strict=True)}
    hinge, squared = lines["hinge", "accuracy"], lines["squared_hinge", "accuracy"]
    assert {"hinge", "0.740", "0.740 [0.702, 0.778]", "inside"} <= set(hinge)
    assert {"squared_hinge", "0.646", "0.740 [0.702, 0.778]", "outside"} <= set(squared)
    assert "not offered" in lines["msle", "mse"]
    shown = {column.head: column.values[list(lines).index(("hinge", "accuracy"))] for column in tutorial.columns(rows)}
    assert shown["median [95 % range]"] == shown["train [95 % range]"] == "0.740 [0.702, 0.778]"
    assert any(text.startswith("accuracy 0.74") for text in hinge)


# Digits


def test_digits_asks_for_each_model_scale_and_loss_once() -> None:
    asked = DIGITS.comparisons(5)
    losses = ("categorical_crossentropy", "brier")
    assert [(one.hyperparameters.hidden, one.hyperparameters.initial_sd, one.losses) for one in asked] == [
        (hidden, sd, (loss,)) for hidden in ((), (32,)) for sd in (0.01, 4.0) for loss in losses
    ]
    assert len(asked) == 8


def test_digits_is_trained_as_published_with_rates_in_half_decades_halved_for_brier() -> None:
    half_decades = [0.01, 0.0316228, 0.1, 0.316228, 1, 3.16228, 10, 31.6228, 100, 316.228, 1000]
    assert DIGITS.seeds == 5
    for one in DIGITS.comparisons(5):
        h = one.hyperparameters
        assert (one.task, one.protocol, one.metric, one.seeds) == ("digits", "published", "accuracy", 5)
        assert (h.optimizer, h.batch_size, h.epochs, h.activation) == ("sgd", 32, 30, "tanh")
        factor = 0.5 if one.losses == ("brier",) else 1.0
        assert one.learning_rates == pytest.approx([factor * rate for rate in half_decades], rel=1e-5)


PUBLISHED = """
    softmax regression  0.01  categorical_crossentropy  96.9
    softmax regression  0.01  brier                     96.6
    softmax regression  4     categorical_crossentropy  95.1
    softmax regression  4     brier                     58.1  47.8  73.6
    32 tanh units       0.01  categorical_crossentropy  97.7
    32 tanh units       0.01  brier                     97.7
    32 tanh units       4     categorical_crossentropy  96.6
    32 tanh units       4     brier                     66.7
"""
"""Model, initial sd, loss, mean test accuracy in per cent, and its range where that was given."""


def test_the_eight_published_rows_are_the_published_ones() -> None:
    lines = [re.split(r"\s{2,}", line.strip()) for line in PUBLISHED.strip().splitlines()]
    rows = digits.rows(FIVE["digits"])
    assert [[row.model, f"{row.initial_sd:g}", row.loss] for row in rows] == [line[:3] for line in lines]
    for row, (_, _, _, mean, *ends) in zip(rows, lines, strict=True):
        assert row.published == pytest.approx(float(mean) / 100, abs=1e-12)
        assert list(row.published_range or ()) == pytest.approx([float(end) / 100 for end in ends], abs=1e-12)


def as_published(trial: Trial) -> float:
    """Return a trial's learning rate as the published code counts it."""
    return trial.learning_rate * (2 if trial.loss == "brier" else 1)


def misleading(trial: Trial, metric: str, split: SplitName) -> float:
    """Rate 1 is best on validation over seeds 0–2, rate 10 over all five."""
    rate = as_published(trial)
    if rate == pytest.approx(1):
        return 0.90 if split == "validation" else 0.50 + 0.01 * trial.seed
    if rate == pytest.approx(10):
        return 0.99 if trial.seed > 2 else 0.85
    return 0.2


def test_the_rate_of_digits_is_chosen_on_its_first_three_seeds_alone() -> None:
    reports = reports_of(DIGITS, 5, misleading)
    for row, report in zip(digits.rows(reports), reports, strict=True):
        (standing,) = report.standings
        assert standing.learning_rate == pytest.approx(5 if row.loss == "brier" else 10)  # by all five
        assert row.learning_rate == pytest.approx(1)
        assert row.seeds == 5
        assert row.mean == pytest.approx(0.52)
        assert row.sd == pytest.approx(np.std([0.50, 0.51, 0.52, 0.53, 0.54], ddof=1))
        assert row.range == pytest.approx((0.50, 0.54))


def test_a_rate_of_digits_at_which_a_tuning_seed_diverged_is_not_chosen() -> None:
    def end(trial: Trial) -> Status:
        return "diverged" if trial.seed == 1 and as_published(trial) == pytest.approx(1) else "done"

    rows = digits.rows(reports_of(DIGITS, 5, misleading, end))
    assert [row.learning_rate for row in rows] == pytest.approx([10] * 8)


def test_a_seed_of_digits_that_diverged_at_the_chosen_rate_has_no_score() -> None:
    for row in digits.rows(reports_of(DIGITS, 5, misleading, lambda t: "diverged" if t.seed == 4 else "done")):
        assert row.seeds == 4
        assert row.mean == pytest.approx(0.515)
        assert row.range == pytest.approx((0.50, 0.53))


def test_the_story_of_digits_tells_the_difference_found_beside_the_one_published() -> None:
    rows = digits.rows(FIVE["digits"])
    story = DIGITS.story(rows, FIVE["digits"])
    pairs = list(zip(rows[::2], rows[1::2], strict=True))
    published = ["0.3", "37.0", "0.0", "29.9"]
    assert len(story) == len(pairs) + 1
    for line, (cross, squared), difference in zip(story, pairs, published, strict=False):
        assert cross.mean is not None
        assert squared.mean is not None
        assert line.startswith(f"{cross.model}, initial sd {cross.initial_sd:g}: ")
        assert f"by {100 * (cross.mean - squared.mean):.1f} points here, {difference} as published." in line


def test_the_table_of_digits_is_in_per_cent() -> None:
    rows = digits.rows(reports_of(DIGITS, 5, misleading))
    table = list(zip(*(column.values for column in digits.columns(rows)), strict=True))
    assert {"softmax regression", "4", "brier", "58.1 [47.8, 73.6]", "52.0 [50.0, 54.0]", "1", "5"} <= set(table[3])
    assert {"32 tanh units", "0.01", "97.7", "52.0 [50.0, 54.0]"} <= set(table[4])


# What a second run must find again


def apart(values: Iterable[float]) -> float:
    """Return half the 95 % interval of the difference of two means over as many values with their spread, by SciPy."""
    numbers = np.array(list(values))
    of_difference = stats.sem(numbers) * math.sqrt(2)
    return float(stats.t.ppf(0.975, len(numbers) - 1) * of_difference)


def test_a_median_of_the_tutorial_may_be_off_as_far_as_one_of_other_seeds() -> None:
    for row in tutorial.rows(FIVE["tutorial"]):
        report = next(one for one in FIVE["tutorial"] if one.asked.comparison.task == row.task)
        train, test = tutorial.quantities(row)
        for quantity, split in ((train, "train"), (test, "test")):
            values = stored(report, row.loss, row.metric, split)
            assert quantity.what == f"median {split} {row.metric} on {row.task}"
            assert quantity.value == row.seeds[split].median
            assert quantity.tolerance(1) == pytest.approx(math.sqrt(math.pi / 2) * apart(values))


def test_a_mean_of_digits_may_be_off_as_far_as_one_of_other_seeds() -> None:
    for row, report in zip(digits.rows(FIVE["digits"]), FIVE["digits"], strict=True):
        (quantity,) = digits.quantities(row)
        rate = row.learning_rate * digits.LOSSES[row.loss]
        values = [r.scores["accuracy"]["test"] for r in report.rows if r.trial.learning_rate == rate]  # type: ignore[index]
        assert quantity.value == pytest.approx(np.mean(values))  # type: ignore[arg-type]
        assert quantity.tolerance(1) == pytest.approx(apart(values))  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_with_one_seed_what_matters_to_anyone_is_the_tolerance(case: Case) -> None:
    for row in case.rows(reports_of(case, 1)):
        for quantity in case.quantities(row):
            relative = row.metric == "mse" if isinstance(row, tutorial.Row) else False
            assert quantity.value is not None
            assert quantity.tolerance(1) == pytest.approx(0.02 * quantity.value if relative else 0.005)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_seeds_that_all_score_the_same_leave_room_for_rounding(case: Case) -> None:
    for row in case.rows(reports_of(case, 5, lambda trial, metric, split: 0.75)):
        assert all(quantity.tolerance(1) > 1e-9 for quantity in case.quantities(row))
