"""Every comparison of a store: what belongs together, what came of it, and what is damaged."""

import sqlite3
import time
from pathlib import Path

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.engine.fakes import fake_engine
from lossterm.errors import UsageError
from lossterm.history.entries import DAMAGED, UNREADABLE, Entry, History, record, unusual_settings
from lossterm.store import Store
from lossterm.stress_axes import Severity
from tests.builders import sweeps
from tests.builders.reports import circles
from tests.builders.stores import TUTORIAL, fill, settled

BLOBS = Comparison.ask("blobs", learning_rates=[0.01], epochs=20, seeds=2)


@pytest.fixture
def path(home: Path) -> Path:
    return home / "lossterm.db"


def entries(path: Path) -> list[Entry]:
    with Store(path) as store:
        return History(store).entries()


def damage(path: Path, number: int, asked: object = "{") -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE comparisons SET asked = ? WHERE id = ?", (asked, number))
    connection.close()


def test_every_comparison_of_every_session_is_there_the_last_first(path: Path) -> None:
    fill(path, BLOBS, session="older")
    fill(path, TUTORIAL, session="newer")
    fill(path, TUTORIAL, session="older")
    assert [(one.session, one.title) for one in entries(path)] == [
        ("older", "circles"),
        ("newer", "circles"),
        ("older", "blobs"),
    ]


def test_requests_that_share_a_table_are_one_comparison(path: Path) -> None:
    fill(path, circles(seeds=2))
    fill(path, BLOBS)
    fill(path, circles(seeds=4))
    first, second = entries(path)
    assert [row.id for row in first.requests] == [1, 3]
    assert first.asked is not None
    assert first.asked.comparison.seeds == 4
    assert second.number == 2


def test_a_comparison_is_judged_once_until_its_trials_change(path: Path) -> None:
    fill(path, TUTORIAL, trials=5, scored=settled)
    with Store(path) as store:
        history = History(store)
        (entry,) = history.entries()
        assert history.known(entry) is None
        before = history.outcome(entry)
        assert (before.ended, before.trials, before.verdict[-6:]) == (5, 12, "so far")
        assert history.known(history.entries()[0]) is before
        fill(path, TUTORIAL, scored=settled)
        (entry,) = history.entries()
        assert history.known(entry) is None
        after = history.outcome(entry)
        assert (after.ended, after.verdict) == (12, "binary_crossentropy is best")
        assert after.bars == "█▅▁"


@pytest.mark.parametrize("asked", ["{", "{}", "null", 3, b"\xff\xfe", b'{"task": "\xff"}'])
def test_a_damaged_request_is_told_and_the_others_are_there(path: Path, asked: object) -> None:
    fill(path, BLOBS, session="older")
    fill(path, TUTORIAL)
    damage(path, 1, asked)
    with Store(path) as store:
        history = History(store)
        sound, damaged = history.entries()
        assert history.outcome(damaged).verdict == DAMAGED
        assert history.outcome(sound).trials == 12
    assert (damaged.session, damaged.asked, damaged.title) == ("older", None, "?")


def test_a_comparison_with_a_damaged_training_is_told(path: Path) -> None:
    fill(path, BLOBS)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE trials SET scores = '{' WHERE id = 1")
    connection.close()
    with Store(path) as store:
        history = History(store)
        assert history.outcome(history.entries()[0]).verdict == UNREADABLE


def test_a_comparison_on_a_task_that_is_not_installed_says_so(path: Path) -> None:
    fill(path, BLOBS)
    with Store(path) as store:
        history = History(store)
        (entry,) = history.entries()
        assert entry.asked is not None
        comparison = msgspec.structs.replace(entry.asked.comparison, task="elsewhere.moons")
        foreign = msgspec.structs.replace(entry, asked=msgspec.structs.replace(entry.asked, comparison=comparison))
        assert "elsewhere.moons" in history.outcome(foreign).verdict
    assert "hidden" in unusual_settings(comparison)[0]


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (Comparison.ask("circles"), ["hidden 50", "fair"]),
        (Comparison.ask("circles", protocol="tutorial"), ["hidden 50", "tutorial"]),
        (
            Comparison.ask("circles", learning_rates=[0.01], epochs=7, hidden=[64, 32], rope=0.1, final=True),
            ["hidden 64,32", "fair", "lr 0.01", "7 epochs", "ROPE 0.1", "final"],
        ),
        (Comparison.ask("blobs", learning_rates=[0.1, 0.01]), ["hidden 50", "fair", "2 lr from 0.01 to 0.1"]),
    ],
)
def test_the_settings_that_are_told_are_those_that_nobody_expects(comparison: Comparison, words: list[str]) -> None:
    assert unusual_settings(comparison) == words


def test_a_thousand_comparisons_are_listed_in_less_than_a_second(path: Path) -> None:
    with Store(path) as store:
        for place in range(1000):
            store.requests.ask(f"{place % 2}", circles("hinge", seeds=1, epochs=1 + place))
        history = History(store)
        start = time.perf_counter()
        assert len(history.entries()) == 1000
        first = time.perf_counter() - start
        assert first < 1


# Sweeps


def swept(path: Path) -> None:
    for one in sweeps.levels():
        fill(path, one, session="swept")


def test_a_sweep_is_one_entry_beside_the_comparison_on_plain_data(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_engine, "_level", sweeps.tipped)
    swept(path)
    with Store(path) as store:
        history = History(store)
        sweep, plain = history.entries()
        outcome = history.outcome(sweep)
        assert (sweep.title, plain.title) == ("regression · outliers", "regression")
        assert sweep.settings[0] == "4 levels up to 10 % of the rows"
        assert outcome.verdict.startswith("mse until ")
        assert outcome.verdict.endswith("then mae.")
        assert (outcome.ended, outcome.trials, outcome.bars) == (40, 40, "█▇▆▁")
        assert "mse" in history.outcome(plain).verdict
        assert record(sweep, outcome)["axis"] == "outliers"
        assert record(plain, history.outcome(plain))["axis"] is None
        with pytest.raises(UsageError, match=r"regression · outliers is a stress sweep"):
            history.report(sweep)


def test_a_sweep_is_judged_again_when_a_training_on_plain_data_has_ended(path: Path) -> None:
    plain, *stressed = sweeps.levels()
    for one in stressed:
        fill(path, one, session="swept")
    fill(path, plain, trials=3, session="swept")
    with Store(path) as store:
        history = History(store)
        before = history.outcome(next(one for one in history.entries() if one.sweep))
        assert before.verdict.startswith("So far (not all is trained): ")
        fill(path, plain, session="swept")
        sweep = next(one for one in history.entries() if one.sweep)
        assert history.known(sweep) is None
        assert history.outcome(sweep).ended == 40


def test_a_sweep_along_an_axis_that_is_not_installed_says_so(path: Path) -> None:
    _, first, *_ = sweeps.levels()
    severity = Severity(axis="elsewhere", level=0.1)
    with Store(path) as store:
        store.requests.ask("swept", msgspec.structs.replace(first, severity=severity))
        history = History(store)
        (sweep,) = history.entries()
        assert (sweep.title, sweep.sweep) == ("regression · elsewhere", None)
        assert "'elsewhere'" in history.outcome(sweep).verdict
