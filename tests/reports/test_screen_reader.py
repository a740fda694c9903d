"""A session in sentences: what they say against numbers computed here, and what they are written in."""

import math
import os
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from lossterm.cli.commands.linear import Telling
from lossterm.comparison.comparison import Comparison, Status, Trial
from lossterm.following.session_state import SessionState
from lossterm.following.store_changes import StoreChanges
from lossterm.metrics import metrics_for
from lossterm.reports import notes, screen_reader
from lossterm.reports.curve_shape import LAST_SHARE, NOTICEABLE, joined, median, shape_of, stacked
from lossterm.reports.report import Report
from lossterm.reports.screen_reader import PUNCTUATION, spoken
from lossterm.store import Chunk, Store, TrialScores
from lossterm.tasks import task_named
from tests.cells import each

SESSION = "told"
Drawn = Callable[[Trial], np.ndarray]
"""`trial -> (epochs, columns)`: loss and metric of each split."""


def tutorial(
    losses: tuple[str, ...] = ("hinge",), *, seeds: int = 1, epochs: int = 40, rate: float = 0.01
) -> Comparison:
    return Comparison.ask("circles", losses, protocol="tutorial", seeds=seeds, epochs=epochs, learning_rates=[rate])


def fair(losses: tuple[str, ...] = ("hinge",), *, seeds: int = 1, epochs: int = 40) -> Comparison:
    return Comparison.ask("circles", losses, seeds=seeds, epochs=epochs, learning_rates=[0.001, 0.01, 0.1])


def done(_: Trial) -> Status:
    return "done"


def fill(
    store: Store,
    comparison: Comparison,
    drawn: Drawn,
    *,
    end: Callable[[Trial], Status] = done,
    score: Callable[[Trial], float] = lambda trial: 0.9,
    most: int | None = None,
) -> None:
    """Ask for a comparison and end its trials, or the first `most` of them."""
    store.requests.ask(SESSION, comparison)
    ended = 0
    while (most is None or ended < most) and (row := store.worker.claim("auto")):
        ended += 1
        status = end(row.trial)
        kind = task_named(comparison.task).kind
        splits = ("train", "validation", "test") if comparison.protocol == "fair" else ("train", "test")
        scores: TrialScores = {
            metric.key: dict.fromkeys(splits, score(row.trial)) for metric in metrics_for(kind, comparison.protocol)
        }
        values = drawn(row.trial).astype("<f4")
        store.worker.record(chunk_of(row.id, values))
        store.worker.finish(row.id, status, seconds=0.1, scores=scores if status == "done" else None)


def chunk_of(trial: int, values: np.ndarray) -> Chunk:
    return Chunk(trial=trial, start=0, epochs=len(values), data=values.tobytes())


def viewed(store: Store) -> SessionState:
    view, tail = SessionState(), StoreChanges(store.path, SESSION)
    try:
        update = tail.poll()
    finally:
        tail.close()
    assert update is not None
    view.apply(update)
    return view


def sentences_of(store: Store) -> list[str]:
    view = viewed(store)
    (report,) = view.reports()
    return screen_reader.lines(report, view.curves, followed=True)


def columns(held_out: np.ndarray, train: np.ndarray | None = None, metric: np.ndarray | None = None) -> np.ndarray:
    """Return a curve of the tutorial's protocol from the parts that a test minds."""
    trained = held_out if train is None else train
    measured = np.full(len(held_out), 0.5) if metric is None else metric
    return np.stack([trained, measured, held_out, measured], axis=1)


# How a curve goes

EPOCHS = np.arange(40)
FALLING = 0.3 + 0.6 * np.exp(-EPOCHS / 6)
STEADILY = 1.0 - 0.02 * EPOCHS
TURNING = np.concatenate([1 - 0.08 * np.arange(10), 0.28 + 0.01 * np.arange(30)])
RISING = 0.5 + 0.01 * EPOCHS
LATE = np.where(EPOCHS < 20, 1.0, 0.2)
HOLED = np.where(EPOCHS % 7 == 3, np.nan, FALLING)
BROKEN = np.where(EPOCHS < 30, FALLING, np.inf)
SPIKE = np.where(EPOCHS == 38, 1.0, FALLING)
CURVES = {
    "falling": FALLING,
    "steadily": STEADILY,
    "turning": TURNING,
    "rising": RISING,
    "late": LATE,
    "holed": HOLED,
    "broken": BROKEN,
    "spike": SPIKE,
}


@each("direction", ["min", "max"])
@each("name", CURVES)
def test_a_course_is_what_a_loop_over_the_epochs_finds(name: str, direction: str) -> None:
    sign = 1 if direction == "min" else -1
    shape = shape_of(sign * CURVES[name], "min" if direction == "min" else "max")
    assert shape is not None
    finite = [(epoch + 1, float(value)) for epoch, value in enumerate(CURVES[name]) if math.isfinite(value)]
    values = [value for _, value in finite]
    assert (shape.start, shape.end, shape.last) == (sign * values[0], sign * values[-1], finite[-1][0])
    assert shape.best == sign * min(values)
    assert shape.best_epoch == next(epoch for epoch, value in finite if value == min(values))
    noticeable = NOTICEABLE * (max(values) - min(values))
    level = next(
        place for place in range(len(values)) if all(abs(v - values[-1]) <= noticeable for v in values[place:])
    )
    settled = level < len(values) - len(values) // LAST_SHARE
    assert shape.level_from == (finite[level][0] if settled else None)
    steps = {(a, b): w - v for (a, v), (b, w) in pairwise(finite)}
    steepest = min(steps, key=lambda pair: steps[pair])
    assert shape.steepest == (steepest if steps[steepest] < 0 else None)
    worse = values[-1] - min(values)
    assert shape.worsened == pytest.approx(worse if worse > noticeable else 0)


def test_the_end_of_a_curve_is_level_or_falls_or_rises_or_is_unsteady() -> None:
    endings = {name: shape.ending for name, curve in CURVES.items() if (shape := shape_of(curve, "min"))}
    assert endings == {
        **{"falling": None, "steadily": "better", "turning": "worse", "rising": "worse", "late": None},
        **{"holed": None, "broken": None, "spike": "unsteady"},
    }


def test_a_curve_without_a_finite_value_has_no_course_and_one_value_is_constant() -> None:
    assert shape_of(np.array([np.nan, np.inf, -np.inf]), "min") is None
    assert shape_of(np.array([]), "min") is None
    one = shape_of(np.array([np.nan, 0.25]), "min")
    assert one is not None
    assert (one.constant, one.start, one.end, one.last, one.level_from) == (True, 0.25, 0.25, 2, 2)


def test_the_median_is_over_those_that_got_there_and_are_finite() -> None:
    curves = [array("f", [1, 9, 2, 9, 3, 9]), array("f", [5, 9, math.nan, 9]), array("f", [3, 9, 4, 9, 9, 9, 7])]
    assert stacked(curves, 2, 0).shape == (3, 3)
    assert median(stacked(curves, 2, 0)).tolist() == [3, 3, 6]
    assert np.isnan(median(stacked([array("f", [math.nan, 1])], 2, 0))).all()


# Words on curves


def test_a_falling_curve_is_told_with_its_numbers(store: Store) -> None:
    metric = 0.5 + 0.01 * np.minimum(EPOCHS, 30) - 0.001 * np.maximum(EPOCHS - 30, 0)
    fill(store, tutorial(), lambda trial: columns(FALLING, FALLING - 0.05, metric))
    lines = sentences_of(store)
    place = lines.index("Curves of hinge on test follow, of one seed.")
    level = next(e for e in range(40) if all(abs(v - FALLING[-1]) <= 0.05 * np.ptp(FALLING) for v in FALLING[e:]))
    assert lines[place + 1 :] == [
        f"Its loss starts at {FALLING[0]:.4f} and ends at {FALLING[-1]:.4f} in epoch 40, which is its lowest.",
        "It falls fastest between epochs 1 and 2.",
        f"It is level from epoch {level + 1} on.",
        f"At the end test is 0.0500 above train, which is {FALLING[-1] - 0.05:.4f}.",
        f"Its accuracy starts at 0.5000 and ends at {metric[-1]:.4f} in epoch 40.",
        "Its accuracy is highest in epoch 31, at 0.8000.",
    ]


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        (np.full(40, 0.7), ["Its loss is 0.7000 up to epoch 40, without a change."]),
        (np.array([0.7]), ["Its loss is 0.7000 in epoch 1, the only one."]),
        (
            STEADILY,
            [
                "Its loss starts at 1.0000 and ends at 0.2200 in epoch 40, which is its lowest.",
                "It is still falling at the end.",
            ],
        ),
        (
            TURNING,
            [
                "Its loss is lowest in epoch 10, at 0.2800.",
                f"It ends {TURNING[-1] - 0.28:.4f} above its lowest, of epoch 10: the network may overfit.",
            ],
        ),
        (RISING, ["It never falls.", "It is rising at the end.", "It ends 0.3900 above where it started."]),
        (LATE, ["It falls fastest between epochs 20 and 21.", "It is level from epoch 21 on."]),
        (SPIKE, ["It is not level at the end."]),
        (np.full(3, np.nan), ["No curve of hinge has a finite value on test."]),
        (-EPOCHS / 10, ["Its loss starts at 0.0000 and ends at minus 3.9000 in epoch 40, which is its lowest."]),
        (
            np.array([3e-5, 2e9]),
            ["Its loss starts at 3.0 times 10 to the minus 5 and ends at 2.0 times 10 to the 9 in epoch 2."],
        ),
    ],
    ids=["constant", "one epoch", "falling", "turning", "rising", "late", "spike", "nan", "negative", "powers"],
)
def test_curves_of_every_sort_are_told(store: Store, curve: np.ndarray, expected: list[str]) -> None:
    fill(store, tutorial(epochs=len(curve)), lambda trial: columns(curve))
    lines = sentences_of(store)
    assert [line for line in expected if line not in lines] == []
    if curve is TURNING:
        assert not any(line.endswith("which is its lowest.") for line in lines)
    else:
        assert not any("overfit" in line for line in lines)


def test_a_constant_curve_is_told_in_one_sentence_and_its_gap(store: Store) -> None:
    fill(store, tutorial(epochs=5), lambda trial: columns(np.full(5, 0.5), np.full(5, 0.75)))
    lines = sentences_of(store)
    place = lines.index("Curves of hinge on test follow, of one seed.")
    assert lines[place + 1 :] == [
        "Its loss is 0.5000 up to epoch 5, without a change.",
        "At the end test is 0.2500 below train, which is 0.7500.",
        "Its accuracy is 0.5000 up to epoch 5, without a change.",
    ]


def test_seeds_are_told_by_their_median_and_how_far_apart_they_end(store: Store) -> None:
    shifts = (0.0, 0.3, 0.1)
    fill(store, tutorial(seeds=3), lambda trial: columns(FALLING + shifts[trial.seed]))
    lines = sentences_of(store)
    assert "Curves of hinge on test follow, of the median over 3 seeds." in lines
    end = FALLING[-1]
    assert (
        f"Its loss starts at {FALLING[0] + 0.1:.4f} and ends at {end + 0.1:.4f} in epoch 40, which is its lowest."
        in (lines)
    )
    assert f"Over 3 seeds it ends between {end:.4f} and {end + 0.3:.4f}." in lines


def test_diverged_seeds_are_counted_with_their_epochs_and_leave_the_median_to_the_others(store: Store) -> None:
    def drawn(trial: Trial) -> np.ndarray:
        broken = {0: 3, 2: 8}.get(trial.seed, 40)
        return columns(np.where(broken - 1 > EPOCHS, FALLING, np.nan)[:broken] if broken < 40 else FALLING)

    fill(store, tutorial(seeds=4), drawn, end=lambda trial: "diverged" if trial.seed in (0, 2) else "done")
    lines = sentences_of(store)
    assert "2 of 4 seeds diverged, between epochs 3 and 8." in lines
    assert "Over 2 seeds it ends at 0.3009 alike." in lines
    assert "hinge is judged at learning rate 0.01, with 2 of 4 trials done and 2 diverged." in lines
    assert "Curves of hinge on test follow, of the median over 4 seeds." in lines


def test_a_loss_whose_seeds_all_diverged_at_once_has_a_place_nowhere(store: Store) -> None:
    fill(store, tutorial(seeds=2), lambda trial: columns(np.array([np.nan])), end=lambda trial: "diverged")
    lines = sentences_of(store)
    assert "hinge has no place: no trial of it has a test accuracy." in lines
    assert lines[-2:] == ["No curve of hinge has a finite value on test.", "2 of 2 seeds diverged, in epoch 1."]


def test_curves_are_of_the_rate_that_is_judged_and_on_validation_where_there_is_such_a_split(store: Store) -> None:
    def drawn(trial: Trial) -> np.ndarray:
        values = np.full((40, 6), 0.5)
        values[:, 2] = trial.learning_rate * 10  # validation loss
        values[:, 4] = 77  # test is for the table
        return values

    fill(store, fair(), drawn, score=lambda trial: {0.001: 0.7, 0.01: 0.8, 0.1: 0.9}[trial.learning_rate])
    lines = sentences_of(store)
    assert (
        "hinge is judged at learning rate 0.1, chosen of 3 on validation, the largest tried, with 1 of 1 trial done."
        in (lines)
    )
    place = lines.index("Curves of hinge on validation follow, of one seed.")
    assert lines[place + 1] == "Its loss is 1.0000 up to epoch 40, without a change."
    (report,) = viewed(store).reports()
    chunks = store.reader.chunks([one.id for one in store.reader.comparisons(SESSION)])[0]
    assert screen_reader.lines(report, joined(chunks)) == lines  # told of all columns as of those kept
    assert not any("77" in line for line in lines)


# Words on places


def test_what_else_is_set_is_told_by_name(store: Store) -> None:
    chosen: dict[str, Any] = {"dropout": 0.25, "batch_norm": True, "schedule": "cosine", "early_stopping": 9}
    asked = Comparison.ask("circles", ("hinge",), seeds=1, learning_rates=(0.1,), epochs=40, **chosen)
    fill(store, asked, lambda _: np.full((40, 6), 0.5))
    assert "Besides: dropout 0.25, batch norm on, schedule cosine, early stopping 9." in sentences_of(store)


def test_a_custom_network_is_told_by_its_name_and_fingerprint(store: Store) -> None:
    asked = Comparison.ask("circles", ("hinge",), seeds=1, learning_rates=(0.1,), epochs=40, model="keras:Sequential")
    fill(store, asked, lambda _: np.full((40, 6), 0.5))
    name = asked.hyperparameters.model.rpartition(":")[2]
    assert f"The network is {name}, and is trained by momentum 0.9 in batches of 32." in sentences_of(store)


def test_places_say_mean_interval_difference_and_verdict(store: Store) -> None:
    def score(trial: Trial) -> float:
        return 0.9 + 0.01 * (trial.seed % 2) if trial.loss == "hinge" else 0.6 + 0.01 * (trial.seed // 2)

    fill(store, tutorial(("hinge", "squared_hinge"), seeds=4), lambda trial: columns(FALLING), score=score)
    half = 3.182446 * np.std([0.9, 0.91, 0.9, 0.91], ddof=1) / 2  # t of 3 degrees of freedom
    error = np.std([0.3, 0.31, 0.29, 0.3], ddof=1) / 2
    low = 0.3 - stats.t.isf(0.015, 3) * error  # two-sided .03 and one-sided .03: the levels of a first look
    high = 0.3 + stats.t.isf(0.03, 3) * error
    lines = sentences_of(store)
    assert lines[:8] == [
        "Session told, task circles: 2 losses are compared.",
        "Each is trained with 4 seeds for 40 epochs.",
        "The learning rate is 0.01.",
        "The network has 1 hidden layer of 50 units with relu and He-uniform initial weights, and is trained by "
        "momentum 0.9 in batches of 32.",
        "hinge is best, ahead of squared_hinge by 0.300 in test accuracy.",
        f"Place 1: hinge, with mean test accuracy 0.9050 plus or minus {half:.4f}; it is the best.",
        "hinge is judged at learning rate 0.01, with 4 of 4 trials done.",
        f"Place 2: squared_hinge, with mean test accuracy 0.6050 plus or minus {half:.4f}; it is worse than the best; "
        f"0.300 behind it, between +{low:.3f} and +{high:.3f}.",
    ]
    assert "Losses are ranked by mean test accuracy, of which more is better." in lines
    assert "Plus or minus gives a 95 percent interval." in lines
    assert "Equal losses are behind the best by less than 0.005." in lines


def test_each_verdict_has_its_words(store: Store) -> None:
    apart = {"binary_crossentropy": 0.9, "squared_hinge": 0.899, "hinge": 0.88}

    def score(trial: Trial) -> float:
        wide = 0.03 if trial.loss == "hinge" else 0.0001 if trial.loss == "squared_hinge" else 0
        return apart[trial.loss] - wide if trial.seed % 2 else apart[trial.loss] + wide

    asked = tutorial(tuple(apart), seeds=8)
    fill(store, asked, lambda trial: columns(FALLING), score=score)
    lines = "\n".join(sentences_of(store))
    assert "binary_crossentropy, with mean test accuracy 0.9000 plus or minus 0; it is the best." in lines
    assert "; it is equal to the best: behind, by less than matters; 0.00100 behind it, between " in lines
    assert "; it is open, neither worse than the best nor equal to it; 0.020 behind it, between -0.0" in lines.replace(
        "minus ", "-"
    )


def test_one_seed_gets_places_but_no_verdict(store: Store) -> None:
    fill(
        store,
        tutorial(("hinge", "squared_hinge")),
        lambda trial: columns(FALLING),
        score=lambda trial: 0.9 if trial.loss == "hinge" else 0.8,
    )
    lines = sentences_of(store)
    assert "hinge is ahead on one seed: no interval, no verdict." in lines
    assert "Place 1: hinge, with mean test accuracy 0.9000." in lines
    assert "Place 2: squared_hinge, with mean test accuracy 0.8000; it is 0.1000 behind the first." in lines
    assert not any(line.startswith(("Plus or minus", "Equal losses are behind")) for line in lines)


def test_before_anything_ended_that_is_said_and_no_curve_is_told(store: Store) -> None:
    store.requests.ask(SESSION, fair(("hinge", "squared_hinge"), seeds=2))
    lines = sentences_of(store)
    assert "No trial has a score so far." in lines
    assert "hinge has no place yet: no trial of it has a test accuracy." in lines
    assert "hinge has no learning rate chosen yet, with 0 of 2 trials done." in lines
    assert "Partial: 12 of 12 trials have not ended." in lines
    assert not any("urve" in line for line in lines)


def test_a_loss_that_was_not_trained_yet_has_no_curve_beside_one_that_was(store: Store) -> None:
    fill(store, tutorial(("hinge", "squared_hinge")), lambda trial: columns(FALLING), most=1)
    lines = sentences_of(store)
    assert "Curves of hinge on test follow, of one seed." in lines
    assert "squared_hinge has no curve yet: none of its trials was trained." in lines


def test_notes_are_those_of_the_table_but_for_the_one_on_its_symbols(store: Store) -> None:
    fill(store, fair(("hinge", "unhinged")), lambda trial: np.full((2, 6), 0.5), score=lambda t: t.learning_rate)
    view = viewed(store)
    (report,) = view.reports()
    lines = screen_reader.lines(report, view.curves, followed=True)
    assert [spoken(note) in lines for note in notes.notes(report)] == [False] + [True] * (len(notes.notes(report)) - 1)
    assert any(line.startswith("hinge, unhinged: the best rate is the largest tried") for line in lines)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("~52 seeds would settle it.", "about 52 seeds would settle it."),
        ("* hinge: more [±.5, −.25].", "hinge: more ( plus or minus 0.5, minus 0.25)."),
        ("† gce: not proper at α ≤ ½.", "gce: not proper at alpha at most 1/2."),
        ("split 60/20/20 (Nadeau–Bengio)", "split 60/20/20 (Nadeau-Bengio)"),
        ("try lr 1e-05,0.0001", "try lr 1e-05,0.0001"),
        ("use `lossterm run --lr -1`", "use 'lossterm run --lr minus 1'"),
        ("a\x1b[31mred\x00\n│ box", "a (31mred box"),
        ("größe of tests/x.py", "größe of tests/x.py"),
    ],
)
def test_symbols_are_said_in_words(written: str, words: str) -> None:
    assert spoken(written) == words


# What it is written in


def plain(line: str) -> bool:
    return all(one in PUNCTUATION or (one.isascii() and one.isalnum()) for one in line)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Report:
    with Store(tmp_path_factory.mktemp("prepared") / "lossterm.db") as store:
        fill(
            store,
            tutorial(("hinge", "binary_focal:gamma=0.5"), seeds=2, epochs=4),
            lambda trial: columns(FALLING[:4]),
            end=lambda trial: "diverged" if trial.seed and trial.loss == "hinge" else "done",
        )
        (report,) = viewed(store).reports()
        return report


NUMBERS = st.floats(width=32, allow_nan=True, allow_infinity=True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(curves=st.lists(st.lists(NUMBERS, max_size=26), min_size=4, max_size=4))
def test_no_line_holds_a_symbol_whatever_the_curves(prepared: Report, curves: list[list[float]]) -> None:
    numbers = [row.id for row in prepared.rows]
    lines = screen_reader.lines(prepared, dict(zip(numbers, (array("f", curve) for curve in curves), strict=True)))
    assert [line for line in lines if not plain(line) or not line.endswith(".")] == []
    assert not any("nan" in line.split() or "inf" in line for line in lines)


@given(st.text())
def test_any_text_is_said_in_letters_digits_and_usual_punctuation_on_one_line(text: str) -> None:
    sentence = spoken(text)
    assert all(one in PUNCTUATION or not one.isascii() or one.isalnum() for one in sentence)
    assert sentence.isprintable()
    assert len(sentence.splitlines()) <= 1


# While it is trained


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def steps(store: Store, comparison: Comparison, **more: object) -> Iterator[SessionState]:
    """End one trial after the other, and give what a viewer sees each time."""
    store.requests.ask(SESSION, comparison)
    yield viewed(store)
    while any(not row.ended for row in viewed(store).rows.values()):
        fill(store, comparison, lambda trial: columns(FALLING[:4]), most=1, **more)  # type: ignore[arg-type]  # as fill takes them
        yield viewed(store)


@pytest.mark.parametrize(("seconds", "expected"), [(0.25, range(0, 21, 4)), (5.0, range(0, 21, 2))], ids=str)
def test_news_come_once_a_second_and_once_a_tenth_of_the_trials(store: Store, seconds: float, expected: range) -> None:
    clock = Clock()
    telling = Telling(clock)
    heard = []
    for number, view in enumerate(steps(store, tutorial(("hinge", "squared_hinge"), seeds=10, epochs=4))):
        clock.now = number * seconds
        heard += [(number, line) for line in telling.new(view)]
        assert telling.new(view) == []
    counts = [(number, line) for number, line in heard if line.endswith("trials have ended.")]
    assert counts == [(number, f"{number} of 20 trials have ended.") for number in expected]
    clock = Clock()
    telling, view = Telling(clock), viewed(store)
    assert telling.new(view) == ["20 of 20 trials have ended."]


def test_losses_that_are_through_trials_that_broke_and_a_new_verdict_are_told(store: Store) -> None:
    clock = Clock()
    telling = Telling(clock)

    def end(trial: Trial) -> Status:
        return "diverged" if (trial.loss, trial.seed) == ("hinge", 1) else "done"

    def score(trial: Trial) -> float:
        return 0.9 + 0.001 * trial.seed if trial.loss == "hinge" else 0.6 + 0.001 * (trial.seed % 2)

    heard = []
    for view in steps(store, tutorial(("hinge", "squared_hinge"), seeds=4, epochs=4), end=end, score=score):
        clock.now += 1
        heard += telling.new(view)
    assert heard.count("1 trial of hinge diverged.") == 1
    assert sum(line.startswith("All seeds of hinge have ended, with mean test accuracy 0.90") for line in heard) == 1
    assert sum(line.startswith("All seeds of squared_hinge have ended, with mean test acc") for line in heard) == 1
    verdicts = [line for line in heard if "best" in line or "Only" in line or "verdict" in line]
    assert "hinge is best, ahead of squared_hinge by 0.30" in verdicts[-1]
    assert len(verdicts) == len(set(verdicts))
    assert all(map(plain, heard))


def test_trials_that_collapsed_are_told_once(store: Store) -> None:
    clock = Clock()
    telling = Telling(clock)

    def score(trial: Trial) -> float:
        return 0.0 if (trial.loss, trial.seed) == ("hinge", 1) else 0.9

    heard = []
    for view in steps(store, tutorial(("hinge", "squared_hinge"), seeds=4, epochs=4), score=score):
        clock.now += 1
        heard += telling.new(view)
    assert heard.count("1 trial of hinge collapsed.") == 1
    assert any("with median test accuracy 0.90" in line for line in heard)
    assert all(map(plain, heard))


def test_losses_that_go_on_in_a_race_are_not_said_to_have_ended(store: Store) -> None:
    clock = Clock()
    telling, heard = Telling(clock), list[str]()
    losses = ("hinge", "squared_hinge")
    begun = Comparison.ask("circles", losses, protocol="tutorial", until="settled", epochs=4)
    for view in steps(store, begun, score=lambda trial: 0.9 + 0.01 * trial.seed):
        clock.now += 1
        heard += telling.new(view)
    assert "6 of 6 trials have ended." in heard
    assert not any(line.startswith("All seeds of") for line in heard)


def test_trials_that_are_added_begin_new_steps(store: Store) -> None:
    clock = Clock()
    telling = Telling(clock)
    fill(store, tutorial(seeds=2, epochs=4), lambda trial: columns(FALLING[:4]))
    assert telling.new(viewed(store)) == ["2 of 2 trials have ended."]
    store.requests.ask(SESSION, tutorial(seeds=8, epochs=4))
    clock.now = 5
    assert telling.new(viewed(store)) == []
    fill(store, tutorial(seeds=8, epochs=4), lambda trial: columns(FALLING[:4]), most=1)
    assert telling.new(viewed(store))[0] == "3 of 8 trials have ended."


# The program


def test_a_prepared_session_is_told_through_pipes_as_report_tells_it(store: Store) -> None:
    fill(store, tutorial(("hinge", "squared_hinge"), seeds=3), lambda trial: columns(FALLING + 0.01 * trial.seed))
    expected = sentences_of(store)
    words = (["--session", SESSION, "--linear"], ["report", SESSION, "--format", "linear"])
    began = time.monotonic()
    for arguments in words:
        result = subprocess.run(
            [sys.executable, "-m", "lossterm", *arguments],
            env={**os.environ, "LOSSTERM_HOME": str(store.path.parent)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            text=True,
            timeout=30,
        )
        assert result.stdout.splitlines() == expected
        assert result.stderr == ""
    assert time.monotonic() - began < 60
    assert not list(Path(store.path.parent).glob("*worker*"))  # nothing is to be trained
