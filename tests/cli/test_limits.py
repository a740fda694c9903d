"""Limits of what a command may take, and `lossterm resume`, with the fake worker."""

import sys
import time
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner, Result

from lossterm.cli.main import cli
from lossterm.cli.options.comparison_size import see_to_size
from lossterm.cli.options.limits import Duration, Memory
from lossterm.cli.options.shared import DEFAULT_SESSION
from lossterm.comparison.comparison import MANY, MOST_RATES, MOST_SEEDS, Comparison
from lossterm.errors import OutOfRange, UsageError
from lossterm.store import Store
from lossterm.worker_control import lock, starting
from lossterm.worker_control.starting import Workers
from tests.cells import each

NOBODY = lock.Sign(pid=0, beat=0)
FAKE = (sys.executable, "-m", "lossterm.engine.fakes.fake_engine")
WAIT = 20.0

RUN = ("run", "--task", "circles", "--loss", "hinge", "--protocol", "tutorial", "--session", "s")


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an epoch of the fake worker take its time."""
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")


def invoked(*words: str) -> Result:
    return CliRunner().invoke(cli, words, obj={"workers": Workers(FAKE)})


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def statuses(store: Store, session: str = "s") -> list[str]:
    return [row.status for row in store.reader.trials([one.id for one in store.reader.comparisons(session)])]


# What a person writes


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        (" 1.5 m ", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("2 h", 7200),
        ("1d", 86400),
        ("5min", 300),
    ],
)
def test_a_length_of_time_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize(
    ("text", "count"),
    [("4G", 4 * 10**9), ("1200M", 12 * 10**8), ("4GiB", 2**32), ("1.5 gb", 1.5e9), ("1T", 10**12), ("2000000k", 2e9)],
)
def test_an_amount_of_memory_is_read_as_people_write_it(text: str, count: int) -> None:
    assert Memory().convert(text, None, None) == count


@each("text", ["", "soon", "0", "-5", "10 m 3 x", "1e3", "nan", "inf", "m", "9" * 400, "10 20", "1" * 60 + "x"])
def test_what_is_no_length_of_time_is_refused_with_the_options_name(text: str) -> None:
    with pytest.raises(OutOfRange, match=r"--max-time is '.*', but must be a length of time such as 90s, 10m or 1h30m"):
        Duration().convert(text, click.Option(["--max-time"]), None)


@each("text", ["", "much", "4", "4K", "50M", "800M", "-4G", "4GG", "1e9", "9" * 40 + "T"])
def test_what_is_no_amount_of_memory_is_refused_with_the_options_name(text: str) -> None:
    with pytest.raises(OutOfRange, match=r"--memory is '.*', but must be an amount of memory of 1G or more"):
        Memory().convert(text, click.Option(["--memory"]), None)


# A comparison too large to be meant


def large(seeds: int, rates: int = 1) -> Comparison:
    return Comparison.ask("circles", ("hinge",), seeds=seeds, learning_rates=[1 / (n + 1) for n in range(rates)])


def test_its_size_is_known_without_expanding_it() -> None:
    comparison = Comparison.ask("circles", ("hinge", "squared_hinge"), seeds=3, learning_rates=(0.1, 0.2))
    assert comparison.size == len(list(comparison.trials())) == 12
    assert large(MOST_SEEDS, MOST_RATES).size == 10**6


def test_one_of_a_million_trials_is_refused_where_nobody_can_be_asked() -> None:
    with pytest.raises(UsageError) as raised:
        see_to_size(large(MOST_SEEDS, MOST_RATES), None)
    assert str(raised.value) == (
        "This comparison has 1,000,000 trials (10,000 seeds × 100 rates). If that is meant, say --max-trials 1000000."
    )
    see_to_size(large(MANY), None)
    see_to_size(large(MOST_SEEDS, MOST_RATES), 10**6)
    with pytest.raises(UsageError, match="--max-trials allows 5: ask for fewer, or allow more"):
        see_to_size(large(6), 5)


@pytest.mark.parametrize("answer", [True, False])
def test_where_somebody_is_there_it_is_asked_about(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return answer

    asked: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", confirm)
    if answer:
        see_to_size(large(MOST_SEEDS, 2), None)
    else:
        with pytest.raises(UsageError, match="Nothing was trained"):
            see_to_size(large(MOST_SEEDS, 2), None)
    assert asked == ["This comparison has 20,000 trials (10,000 seeds × 2 rates). Train them all?"]


def test_a_refused_run_leaves_no_trace(store: Store) -> None:
    result = invoked(*RUN, "--seeds", "10", "--max-trials", "9")
    assert isinstance(result.exception, UsageError)
    assert store.sessions.every() == []


# Time


def test_when_time_is_up_the_rest_is_stopped_and_resume_trains_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = invoked(*RUN, "--seeds", "40", "--epochs", "20", "--max-time", "2s")
    assert stopped.exit_code == 4, stopped.output
    assert "Stopped after 2 s, as --max-time says. Go on: lossterm resume s" in stopped.stderr
    assert "hinge" in stopped.stdout
    assert set(statuses(store)) == {"done", "cancelled"}
    before = {row.id: row for row in store.reader.trials([1]) if row.status == "done"}
    monkeypatch.delenv("LOSSTERM_FAKE_EPOCH_SECONDS")
    resumed = invoked("resume", "s")
    assert resumed.exit_code == 0, resumed.output
    assert statuses(store) == ["done"] * 40
    assert len(store.reader.comparisons("s")) == 1  # the one that was asked for, not another
    assert {row.id: row.finished for row in store.reader.trials([1]) if row.id in before} == {
        number: row.finished for number, row in before.items()
    }  # nothing was trained twice
    assert resumed.stdout == invoked("report", "s").stdout


# Memory


def test_a_worker_that_may_take_more_is_replaced_by_one_that_may_not(store: Store) -> None:
    starting.ensure(store.path, "auto", FAKE)
    until(lambda: (lock.sign(store.path, "auto") or NOBODY).beat, "a worker without a limit")
    first = lock.sign(store.path, "auto")
    assert first is not None
    assert first.memory is None
    result = invoked(*RUN, "--seeds", "2", "--epochs", "50", "--memory", "3G")
    assert result.exit_code == 0, result.output
    second = lock.sign(store.path, "auto")
    assert second is not None
    assert (second.memory, second.pid != first.pid) == (3 * 10**9, True)
    assert [row.attempts for row in store.reader.trials([1])] == [1, 1]  # being put back does not count


def test_a_worker_that_may_take_less_than_asked_for_is_left_to_whoever_started_it(store: Store) -> None:
    process = starting.ensure(store.path, "auto", FAKE, 2 * 10**9)
    assert process is not None
    until(lambda: (lock.sign(store.path, "auto") or NOBODY).beat, "the worker")
    assert invoked(*RUN, "--seeds", "2", "--epochs", "50", "--memory", "3G").exit_code == 0
    assert process.poll() is None


# Resume


def test_resume_takes_up_what_failed_was_stopped_or_was_left_running(store: Store) -> None:
    store.requests.ask("s", Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=5, epochs=5))
    rows = [store.worker.claim("auto") for _ in range(4)]
    for row, status in zip(rows, ("done", "failed", "diverged"), strict=False):
        assert row is not None
        scores = {"accuracy": {"train": 0.5, "test": 0.5}}
        store.worker.finish(row.id, status, scores=scores if status == "done" else None, seconds=0.1)  # type: ignore[arg-type]  # it is one
    store.requests.cancel([1])
    assert statuses(store) == ["done", "failed", "diverged", "running", "cancelled"]
    result = invoked("resume", "s", "--quiet")
    assert statuses(store) == ["done", "done", "diverged", "done", "done"]
    assert result.exit_code == 4  # one of them diverged
    assert result.stderr == ""
    again = invoked("resume", "s", "--quiet")
    assert again.stdout == result.stdout


def test_resume_and_report_take_the_usual_session_where_none_is_named(store: Store) -> None:
    store.requests.ask(DEFAULT_SESSION, Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=2, epochs=5))
    assert invoked("resume", "--quiet").exit_code == 0
    assert statuses(store, DEFAULT_SESSION) == ["done", "done"]
    assert invoked("report").stdout == invoked("report", DEFAULT_SESSION).stdout != ""
    store.requests.ask("other", Comparison.ask("circles", ("squared_hinge",), protocol="tutorial", seeds=1, epochs=5))
    assert "squared_hinge" in invoked("--session", "other", "report").stdout


def test_resume_of_what_is_not_there_says_so(store: Store) -> None:
    missing = invoked("resume", "sss").exception
    assert isinstance(missing, UsageError)
    assert "There is no session 'sss'" in str(missing)
    store.requests.ask("empty", Comparison.ask("circles", ("hinge",), seeds=1))
    store.requests.ask("empty", Comparison.ask("regression", ("mse",), seeds=1))
    two = invoked("resume", "empty", "--format", "json").exception
    assert isinstance(two, UsageError)
    assert "JSON holds one comparison" in str(two)
    assert {row.status for one in (1, 2) for row in store.reader.trials([one])} == {"queued"}
