import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.errors import StoreError, WorkerError
from lossterm.following import follow
from lossterm.following.follow import Follower, GoesOn, News, TimeUp, WorkerLeft, asking
from lossterm.following.store_changes import Update
from lossterm.reports.report import Report
from lossterm.store import AskedComparison, Store
from lossterm.worker_control import lock
from lossterm.worker_control.starting import Workers
from lossterm.worker_control.supervisor import Supervisor

SESSION = "s"
FAKE = Workers((sys.executable, "-P", "-m", "lossterm.engine.fakes.fake_engine"))
DIES = Workers((sys.executable, "-c", "print('no such engine')"))


def comparison(*losses: str, device: str = "auto", seeds: int = 1, epochs: int = 3) -> Comparison:
    return Comparison.ask("circles", losses, protocol="tutorial", seeds=seeds, epochs=epochs, device=device)


def statuses(store: Store) -> set[str]:
    return {row.status for row in store.reader.trials([one.id for one in store.reader.comparisons(SESSION)])}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once, and start workers one right after the other."""
    monkeypatch.setattr(follow, "INTERVAL", 0.01)
    monkeypatch.setattr(Supervisor, "GRACE", 0.0)
    monkeypatch.setenv("LOSSTERM_IDLE_SECONDS", "0.2")


@pytest.fixture
def following(store: Store) -> Iterator[Callable[..., Follower]]:
    """Return what makes a follower, which is closed at the end; workers are let go then."""
    made: list[Follower] = []

    def make(*comparisons: Comparison, **how: object) -> Follower:
        asked = asking(store, SESSION, comparisons) if comparisons else None
        made.append(Follower(store, SESSION, asked, **how))  # type: ignore[arg-type]  # each test gives what it needs
        return made[-1]

    yield make
    for one in made:
        one.close()
    for device in ("auto", "cpu"):
        lock.dismiss(store.path, device)
        while lock.alive(store.path, device):
            time.sleep(0.01)


def test_what_is_asked_for_is_trained_to_the_end(store: Store, following: Callable[..., Follower]) -> None:
    follower = following(comparison("hinge"), comparison("squared_hinge", seeds=2), workers=FAKE)
    news = list(follower)
    assert [one.comparison.losses for one in follower.asked] == [("hinge",), ("squared_hinge",)]
    assert statuses(store) == {"done"}
    assert not follower.state.training
    assert [row.status for row in follower.state.rows.values()] == ["done"] * 3
    assert set(follower.state.curves) == set(follower.state.rows)
    assert isinstance(news[0], Update)
    assert isinstance(news[-1], Update), "the look that saw the end is the last"


def test_each_device_with_trials_left_gets_a_worker(store: Store, following: Callable[..., Follower]) -> None:
    follower = following(comparison("hinge", device="cpu"), comparison("hinge"), workers=FAKE)
    list(follower)
    assert {(row.trial.device, row.status) for row in follower.state.rows.values()} == {
        ("cpu", "done"),
        ("auto", "done"),
    }
    assert {worker.device for worker in store.reader.workers()} == {"auto", "cpu"}


def test_only_what_was_asked_for_here_is_waited_for_unless_all_of_the_session_is(
    store: Store, following: Callable[..., Follower]
) -> None:
    store.requests.ask(SESSION, comparison("squared_hinge", device="cpu"))
    list(following(comparison("hinge"), workers=FAKE))
    assert statuses(store) == {"done", "queued"}
    list(following(device="cpu", workers=FAKE))
    assert statuses(store) == {"done"}


def test_nothing_asked_for_is_the_end_already(store: Store) -> None:
    store.requests.ask(SESSION, comparison("hinge"))
    with Follower(store, SESSION, []) as follower:
        assert list(follower) == []
    assert statuses(store) == {"queued"}


def test_a_look_that_brings_nothing_yields_none_and_a_watcher_starts_no_worker(
    store: Store, following: Callable[..., Follower]
) -> None:
    follower = following(comparison("hinge"), workers=None)
    looks = iter(follower)
    first = next(looks)
    assert isinstance(first, Update)
    assert first.asked == tuple(follower.asked)
    assert next(looks) is None
    store.requests.cancel([one.id for one in follower.asked])
    assert isinstance(next(looks), Update)
    assert list(looks) == []
    assert store.reader.workers() == []


def test_what_was_asked_for_before_an_interruption_can_be_stopped(
    store: Store, following: Callable[..., Follower]
) -> None:
    def interrupted() -> Iterator[AskedComparison]:
        yield store.requests.ask(SESSION, comparison("hinge"))
        raise KeyboardInterrupt

    follower = Follower(store, SESSION, interrupted(), workers=None)
    with pytest.raises(KeyboardInterrupt):
        list(follower)
    assert len(follower.asked) == 1
    assert follower.stop() == 0
    assert statuses(store) == {"cancelled"}


def test_stopping_leaves_what_another_comparison_waits_for_and_says_how_much(
    store: Store, following: Callable[..., Follower]
) -> None:
    store.requests.ask("another", comparison("hinge"))
    follower = following(comparison("hinge", "squared_hinge"), workers=None)
    next(iter(follower))
    assert follower.stop() == 1
    assert [row.status for row in store.reader.trials([one.id for one in follower.asked])] == ["queued", "cancelled"]


def test_stopping_a_whole_session_stops_all_of_it(store: Store, following: Callable[..., Follower]) -> None:
    store.requests.ask(SESSION, comparison("hinge"))
    store.requests.ask(SESSION, comparison("squared_hinge"))
    assert following(workers=None).stop() == 0
    assert statuses(store) == {"cancelled"}


def test_when_time_is_up_it_says_so_once_and_ends_as_soon_as_the_worker_has_obeyed(
    store: Store, following: Callable[..., Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.02")
    follower = following(comparison("hinge", epochs=5000), workers=FAKE, seconds=0.5)
    news = [one for one in follower if one is not None]
    assert [one for one in news if isinstance(one, TimeUp)] == [TimeUp(0.5)]
    assert isinstance(news[-1], Update)
    assert statuses(store) == {"cancelled"}


def test_a_worker_that_the_store_refused_is_told_once_and_the_last_of_too_many_ends_it(
    store: Store, following: Callable[..., Follower]
) -> None:
    follower, news = following(comparison("hinge"), workers=None), list[News | None]()
    looks = iter(follower)
    for pid in range(1, Supervisor.MOST):
        store.worker.report_worker("auto", pid, "failed", f"The disk is full: {pid}.")
        news += [next(looks) for _ in range(4)]
    assert [one for one in news if isinstance(one, WorkerLeft)] == [
        WorkerLeft(f"The disk is full: {pid}.") for pid in range(1, Supervisor.MOST)
    ]
    store.worker.report_worker("auto", Supervisor.MOST, "failed", "The disk is full again.")
    with pytest.raises(StoreError, match="again"):
        list(looks)


def test_workers_that_keep_dying_are_told_of_and_end_it(store: Store, following: Callable[..., Follower]) -> None:
    words: list[str] = []

    def follow() -> None:
        news = following(comparison("hinge"), workers=DIES)
        words.extend(one.message for one in news if isinstance(one, WorkerLeft))

    with pytest.raises(WorkerError, match="started 10 times"):
        follow()
    assert [word.partition(" times")[0] for word in words] == [f"The worker went away {n}" for n in range(3, 10)]
    assert statuses(store) == {"queued"}


def test_a_worker_that_is_killed_is_replaced(
    store: Store, following: Callable[..., Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    follower, killed = following(comparison("hinge", epochs=40), workers=FAKE), 0
    for _ in follower:
        sign = lock.sign(store.path, "auto")
        if not killed and sign and any(row.epochs for row in follower.state.rows.values()):
            lock.send_signal(sign.pid, signal.SIGKILL)
            killed = sign.pid
    assert killed
    assert statuses(store) == {"done"}
    assert {len(curve) for curve in follower.state.curves.values()} == {40 * 4}


def test_following_is_done_without_asyncio() -> None:
    code = "import sys, lossterm.following.follow; sys.exit('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_the_grid_is_widened_when_all_has_ended_and_the_end_is_when_nothing_more_follows(
    store: Store, following: Callable[..., Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_BEST_RATE", "1")  # the grid goes to 0.1
    asked = Comparison.ask("circles", ("hinge", "squared_hinge"), seeds=3, epochs=3)
    follower = following(asked, workers=FAKE)
    words = [one.message for one in follower if isinstance(one, GoesOn)]
    assert words == [
        "The best learning rate lies at the edge of the grid, so it is widened: "
        f"{rate:g} for hinge, {rate:g} for squared_hinge."
        for rate in (0.3, 1.0, 3.0)
    ]
    (one,) = follower.asked
    assert one.comparison.size == asked.size + 2 * 3 * 3
    (report,) = follower.state.reports()
    assert {standing.learning_rate for standing in report.standings} == {1.0}
    assert not report.partial
    assert list(following(asked, workers=FAKE)), "what is there already is followed to its end too"


def test_the_progress_of_a_widened_table_is_that_of_all_that_was_set_off_by_asking(
    store: Store, following: Callable[..., Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_BEST_RATE", "0.3")
    list(following(Comparison.ask("circles", ("hinge",), seeds=2, epochs=4), workers=FAKE))  # counts no more
    asked = Comparison.ask("circles", ("hinge",), seeds=3, epochs=3)
    follower = following(asked, workers=FAKE)
    counts = [follower.state.progress().trials for one in follower if not isinstance(one, GoesOn)]
    assert counts == sorted(counts)
    assert counts[-1] == asked.size + 3 * 2, "0.3, and 1 to see that it is no better"
    assert follower.state.progress().ended == counts[-1]


# Races

RACE = Comparison.ask("circles", ("hinge", "squared_hinge", "binary_crossentropy"), epochs=3, until="settled")


def raced_to_its_end(follower: Follower) -> tuple[list[str], Report]:
    words = [one.message for one in follower if isinstance(one, GoesOn)]
    (report,) = follower.state.reports()
    assert report.race is not None
    assert report.race.over
    assert not report.partial
    return words, report


def test_a_race_trains_stage_after_stage_until_nothing_is_wanted(
    store: Store, following: Callable[..., Follower]
) -> None:
    words, report = raced_to_its_end(following(RACE, workers=FAKE))
    assert words[0].startswith("After 3 seeds: ")
    assert words[1].startswith("Look at 5 seeds: ")
    assert len(report.rows) == report.asked.comparison.size < RACE.size_at_most / 2
    again, same = raced_to_its_end(following(RACE, workers=FAKE))
    assert again == words, "what is there already is gone through once more, and nothing is trained"
    assert [(one.loss, one.verdict, one.mean) for one in same.standings] == [
        (one.loss, one.verdict, one.mean) for one in report.standings
    ]


def test_a_race_goes_on_after_its_viewer_or_its_worker_was_killed_at_a_look(
    store: Store, following: Callable[..., Follower]
) -> None:
    whole = raced_to_its_end(following(RACE, workers=FAKE))[1]
    store.sessions.delete(SESSION)
    left = following(RACE, workers=FAKE)
    while left.state.training or not left.state.rows:
        next(iter(left))  # a viewer that is gone before it could ask for the next stage
    sign = lock.sign(store.path, "auto")
    assert sign is not None
    lock.send_signal(sign.pid, signal.SIGKILL)
    killed, words = 0, list[str]()
    follower = following(workers=FAKE, device="auto")
    for news in follower:
        if isinstance(news, GoesOn):
            words.append(news.message)
            if (sign := lock.sign(store.path, "auto")) and len(words) < 3:
                lock.send_signal(sign.pid, signal.SIGKILL)
                killed += 1
    assert killed
    (report,) = follower.state.reports()
    assert report.race == whole.race
    assert [(one.loss, one.verdict, one.mean) for one in report.standings] == [
        (one.loss, one.verdict, one.mean) for one in whole.standings
    ]


def test_a_race_that_was_stopped_goes_on_where_it_is_when_it_is_asked_for_again(
    store: Store, following: Callable[..., Follower], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.005")
    stopped = following(RACE, workers=FAKE)
    for news in stopped:
        if isinstance(news, GoesOn):
            stopped.stop()
    assert statuses(store) == {"done", "cancelled"}
    _, report = raced_to_its_end(following(RACE, workers=FAKE))
    assert {row.status for row in report.rows} == {"done"}


def test_what_failed_is_not_tried_again_at_each_stage_but_what_was_stopped_is(store: Store) -> None:
    store.requests.ask(SESSION, RACE)
    row = store.worker.claim("auto")
    assert row is not None
    store.worker.finish(row.id, "failed", error="ValueError: no such thing")
    store.sessions.stop(SESSION)
    more = store.requests.ask(SESSION, RACE, failed=False)
    assert {one.id: one.status for one in store.reader.trials([more.id])}[row.id] == "failed"
    assert statuses(store) == {"failed", "queued"}
    store.requests.ask(SESSION, RACE)
    assert statuses(store) == {"queued"}
