import os
from array import array
from collections.abc import Iterator
from itertools import pairwise
from math import exp

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison, Status
from lossterm.following import store_changes
from lossterm.following.progress import PACE_SECONDS, Progress, sentence
from lossterm.following.session_state import SessionState
from lossterm.following.store_changes import StoreChanges, Update
from lossterm.store import AskedComparison, Chunk, Store, TrialRow, WorkerRow
from lossterm.text.numbers import duration
from lossterm.worker_control import lock

EPOCHS = 10


def ask(store: Store, *losses: str, session: str = "s", seeds: int = 1) -> AskedComparison:
    return store.requests.ask(
        session, Comparison.ask("circles", losses, protocol="tutorial", seeds=seeds, epochs=EPOCHS)
    )


def chunk(trial: int, start: int, *levels: float) -> Chunk:
    values = array("f", [value for level in levels for value in (level, level + 1, level + 2, level + 3)])
    return Chunk(trial=trial, start=start, epochs=len(levels), data=values.tobytes())


def claimed(store: Store) -> TrialRow:
    row = store.worker.claim("auto")
    assert row is not None
    return row


def news(tail: StoreChanges) -> Update:
    update = tail.poll()
    assert update is not None
    return update


@pytest.fixture
def tail(store: Store) -> Iterator[StoreChanges]:
    opened = StoreChanges(store.path, "s")
    yield opened
    opened.close()


# The tail


def test_first_look_brings_everything_and_the_next_nothing(store: Store, tail: StoreChanges) -> None:
    asked = ask(store, "hinge", "squared_hinge")
    row = claimed(store)
    store.worker.record(chunk(row.id, 0, 1, 2))
    update = news(tail)
    assert update.asked == (asked,)
    assert [(one.status, one.epochs) for one in update.trials] == [("running", 2), ("queued", 0)]
    assert update.chunks == (chunk(row.id, 0, 1, 2),)
    assert update.worker is None
    assert tail.poll() is None
    assert tail.poll() is None


def test_a_session_that_is_not_there_yet_is_followed_from_its_beginning(store: Store, tail: StoreChanges) -> None:
    first = news(tail)
    assert (first.asked, first.trials, first.chunks) == (None, (), ())
    asked = ask(store, "hinge")
    assert news(tail).asked == (asked,)


def test_only_what_changed_is_brought_in_the_order_written(store: Store, tail: StoreChanges) -> None:
    ask(store, "hinge", "squared_hinge")
    one, two = claimed(store), claimed(store)
    news(tail)
    store.worker.record(chunk(one.id, 0, 1))
    store.worker.record(chunk(one.id, 1, 2))
    update = news(tail)
    assert update.asked is None
    assert [row.id for row in update.trials] == [one.id]
    assert update.chunks == (chunk(one.id, 0, 1), chunk(one.id, 1, 2))
    store.worker.finish(two.id, "diverged", chunk=chunk(two.id, 0, 3))
    update = news(tail)
    assert [(row.id, row.status) for row in update.trials] == [(two.id, "diverged")]
    assert update.chunks == (chunk(two.id, 0, 3),)


def test_a_comparison_added_later_brings_the_curves_that_it_shares(store: Store, tail: StoreChanges) -> None:
    ask(store, "hinge", session="elsewhere")
    row = claimed(store)
    store.worker.finish(row.id, "done", chunk=chunk(row.id, 0, 1))
    first = ask(store, "squared_hinge")
    other = claimed(store)
    store.worker.record(chunk(other.id, 0, 5))  # later than the one that is shared
    assert news(tail).chunks == (chunk(other.id, 0, 5),)
    second = ask(store, "hinge")
    update = news(tail)
    assert update.asked == (first, second)
    assert {(one.id, one.status) for one in update.trials} >= {(row.id, "done")}
    assert chunk(row.id, 0, 1) in update.chunks


def test_a_cancel_is_news(store: Store, tail: StoreChanges) -> None:
    asked = ask(store, "hinge")
    news(tail)
    store.requests.cancel([asked.id])
    update = news(tail)
    assert update.asked is not None
    assert update.asked[0].cancelled is not None
    assert [row.status for row in update.trials] == ["cancelled"]


def test_some_comparisons_can_be_followed_alone(store: Store) -> None:
    ask(store, "hinge")
    second = ask(store, "squared_hinge")
    third = ask(store, "hinge", "squared_hinge", seeds=2)
    alone = StoreChanges(store.path, "s", [second.id, third.id])
    try:
        update = news(alone)
        assert update.asked == (second, third)
        assert {row.id for row in update.trials} == {row.id for row in store.reader.trials([second.id, third.id])}
        ask(store, "binary_crossentropy")
        later = news(alone)
        assert (later.asked, later.trials) == (None, ())
    finally:
        alone.close()


def test_one_comparison_followed_alone_brings_no_trial_of_another(store: Store) -> None:
    ask(store, "hinge")
    second = ask(store, "squared_hinge")
    alone = StoreChanges(store.path, "s", [second.id])
    try:
        update = news(alone)
        assert update.asked == (second,)
        assert [row.trial.loss for row in update.trials] == ["squared_hinge"]
    finally:
        alone.close()


def test_following_no_comparison_is_not_following_all(store: Store) -> None:
    ask(store, "hinge")
    none = StoreChanges(store.path, "s", [])
    try:
        update = news(none)
        assert (update.asked, update.trials, update.chunks) == (None, (), ())
    finally:
        none.close()


def test_a_worker_is_seen_while_it_lives_and_missed_when_it_dies(
    store: Store, tail: StoreChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_changes, "LIVENESS", 0.0)
    store.worker.report_worker("auto", 1, "ready", "ready")
    assert news(tail).worker is None  # its row is there, its lock is free: it is dead
    held = lock.hold(store.path, "auto")
    assert held is not None
    worker = news(tail).worker
    assert worker is not None
    assert (worker.state, worker.pid) == ("ready", 1)
    assert tail.poll() is None
    os.close(held)
    assert news(tail).worker is None
    assert tail.poll() is None


def test_the_lock_is_not_looked_at_more_often_than_liveness_says(
    store: Store, tail: StoreChanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []

    def look(*where: object) -> bool:
        looks.append(where)
        return False

    monkeypatch.setattr(lock, "alive", look)
    news(tail)
    for _ in range(10):
        assert tail.poll() is None
    assert len(looks) == 1


# The view


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def update(
    *trials: TrialRow, chunks: tuple[Chunk, ...] = (), asked: tuple[AskedComparison, ...] | None = None
) -> Update:
    return Update(asked=asked, trials=trials, chunks=chunks, worker=None)


def levels(view: SessionState, trial: int) -> list[float]:
    return list(view.curves[trial][::4])


def test_a_view_fed_by_a_tail_knows_trials_and_curves(store: Store, tail: StoreChanges) -> None:
    view = SessionState()
    assert not view.training
    asked = ask(store, "hinge", "squared_hinge")
    view.apply(news(tail))
    assert view.asked == (asked,)
    assert view.training
    for loss in ("hinge", "squared_hinge"):
        row = claimed(store)
        assert row.trial.loss == loss
        store.worker.record(chunk(row.id, 0, 1, 2))
        view.apply(news(tail))
        store.worker.finish(row.id, "done", chunk=chunk(row.id, 2, 3))
        view.apply(news(tail))
        assert levels(view, row.id) == [1, 2, 3]
        assert list(view.curves[row.id][:4]) == [1, 2, 3, 4]
    assert not view.training
    assert [row.status for row in view.rows.values()] == ["done", "done"]
    assert view.asked == (asked,)


def test_a_curve_that_starts_again_replaces_the_old_one(store: Store) -> None:
    ask(store, "hinge")
    row, view = claimed(store), SessionState()
    view.apply(update(row, chunks=(chunk(row.id, 0, 1, 2), chunk(row.id, 2, 3))))
    view.apply(update(chunks=(chunk(row.id, 0, 9),)))
    assert levels(view, row.id) == [9]


def test_a_chunk_seen_twice_changes_nothing_and_one_that_does_not_join_on_is_left_out(store: Store) -> None:
    ask(store, "hinge")
    row, view = claimed(store), SessionState()
    view.apply(update(row, chunks=(chunk(row.id, 0, 1, 2), chunk(row.id, 2, 3))))
    view.apply(update(chunks=(chunk(row.id, 2, 3),)))
    assert levels(view, row.id) == [1, 2, 3]
    view.apply(update(chunks=(chunk(row.id, 7, 8),)))
    assert levels(view, row.id) == [1, 2, 3]


@pytest.mark.parametrize(("protocol", "columns"), [("tutorial", 4), ("fair", 6)])
def test_chunks_join_at_the_columns_of_the_protocol_and_what_no_view_shows_is_not_kept(
    store: Store, protocol: str, columns: int
) -> None:
    def part(start: int, epochs: int) -> Chunk:
        values = array("f", range(start * columns, (start + epochs) * columns))
        return Chunk(trial=row.id, start=start, epochs=epochs, data=values.tobytes())

    comparison = Comparison.ask("circles", ("hinge",), protocol=protocol, seeds=1, epochs=EPOCHS, learning_rates=(1,))
    store.requests.ask("s", comparison)
    row, view = claimed(store), SessionState()
    view.apply(update(row, chunks=(part(0, 3), part(3, 1))))
    view.apply(update(chunks=(part(2, 3),)))  # seen before in part
    shown = [columns * epoch + column for epoch in range(5) for column in range(4)]  # of train and the held-out split
    assert list(view.curves[row.id]) == shown


def test_curves_of_two_trials_do_not_mix(store: Store) -> None:
    ask(store, "hinge", "squared_hinge")
    one, two, view = claimed(store), claimed(store), SessionState()
    chunks = (chunk(one.id, 0, 1), chunk(two.id, 0, 5), chunk(one.id, 1, 2), chunk(two.id, 1, 6))
    view.apply(update(one, two, chunks=chunks))
    assert (levels(view, one.id), levels(view, two.id)) == ([1, 2], [5, 6])


def at(row: TrialRow, epochs: int, status: Status = "running") -> TrialRow:
    return msgspec.structs.replace(row, epochs=epochs, status=status)


def test_progress_counts_trials_and_epochs_and_takes_ended_ones_as_trained(store: Store, clock: Clock) -> None:
    asked = ask(store, "hinge", seeds=4)
    rows, view = store.reader.trials([asked.id]), SessionState(clock)
    view.apply(update(at(rows[0], 10, "done"), at(rows[1], 1, "diverged"), at(rows[2], 4), at(rows[3], 0, "queued")))
    assert view.progress() == Progress(trials=4, ended=2, stopped=0, epochs=24, all_epochs=40, rate=None)


def test_progress_says_when_another_session_is_trained_first(store: Store, clock: Clock) -> None:
    asked = ask(store, "hinge", seeds=2)
    rows, view = store.reader.trials([asked.id]), SessionState(clock)
    busy = WorkerRow(device="cpu", pid=1, state="training", message="training huber", environment=None)
    view.apply(msgspec.structs.replace(update(*rows), worker=busy))
    assert view.progress().waits
    view.apply(msgspec.structs.replace(update(at(rows[0], 4), rows[1]), worker=busy))
    assert not view.progress().waits


def test_progress_is_of_what_was_asked_for_last_and_of_what_goes_on_beside_it(store: Store, clock: Clock) -> None:
    view = SessionState(clock)

    def told() -> str:
        held = store.reader.comparisons("s")
        view.apply(update(*store.reader.trials([one.id for one in held]), asked=tuple(held)))
        return sentence(view.progress())

    def end(*ends: Status) -> None:
        for status in ends:
            store.worker.finish(claimed(store).id, status, seconds=1.0, scores={})

    ask(store, "hinge", seeds=3)
    assert told() == "0/3 trials"
    end("done", "done", "failed")
    assert told() == "3/3 trials"
    ask(store, "hinge", seeds=3)  # what failed is trained again
    assert told() == "0/1 trials"
    end("done")
    assert told() == "1/1 trials"
    ask(store, "hinge", seeds=5)  # three of the five are there already
    assert told() == "0/2 trials"
    end("done")
    assert told() == "1/2 trials"
    second = ask(store, "squared_hinge", seeds=2)  # while the one before still goes on
    assert told() == "1/4 trials"
    end("done")
    assert told() == "2/4 trials"
    store.requests.cancel([second.id])
    assert told() == "2/4 trials, 2 stopped"
    ask(store, "hinge", seeds=5)  # all that is asked for is there
    assert told() == "5/5 trials"


def test_rate_and_time_left_follow_the_clock(store: Store, clock: Clock) -> None:
    asked = ask(store, "hinge", seeds=3)
    rows, view = store.reader.trials([asked.id]), SessionState(clock)
    view.apply(update(*rows))
    clock.now += 2
    view.apply(update(at(rows[0], 10, "done")))
    progress = view.progress()
    assert progress.rate == 5
    assert progress.seconds_left == 4
    assert sentence(progress) == "1/3 trials, 5 epochs/s, 4 s left"


def test_rate_is_of_the_last_seconds_alone(store: Store, clock: Clock) -> None:
    asked = ask(store, "hinge", seeds=3)
    rows, view = store.reader.trials([asked.id]), SessionState(clock)
    view.apply(update(*rows))
    clock.now += 1
    view.apply(update(at(rows[0], 1)))
    clock.now += 20
    view.apply(update(at(rows[0], 2)))
    clock.now += 2
    view.apply(update(at(rows[0], 8)))
    assert view.progress().rate == 3


def test_time_left_is_of_a_longer_time_so_that_compiling_does_not_make_it_leap(store: Store, clock: Clock) -> None:
    asked = ask(store, "hinge", seeds=10)
    rows, view = store.reader.trials([asked.id]), SessionState(clock)
    view.apply(update(*rows))
    clock.now += 10
    view.apply(update(*(at(row, 10, "done") for row in rows[:5])))
    clock.now += 6
    view.apply(update())
    clock.now += 4
    view.apply(update(at(rows[5], 1)))
    assert view.progress().rate == 0.25
    epochs, seconds = 50 * exp(-10 / PACE_SECONDS) + 1, 10 * exp(-10 / PACE_SECONDS) + 6 * exp(-4 / PACE_SECONDS) + 4
    assert view.progress().seconds_left == pytest.approx(49 / (epochs / seconds))


def test_time_left_does_not_leap_when_trainings_become_quick_or_slow(store: Store, clock: Clock) -> None:
    asked = ask(store, "hinge", seeds=100)
    rows, view = store.reader.trials([asked.id]), SessionState(clock)
    view.apply(update(*rows))
    done, told = 0, []
    for each in [1] * 40 + [4] * 15:  # trials a second
        clock.now += 1
        view.apply(update(*(at(row, 10, "done") for row in rows[done : done + each])))
        done += each
        told.append(view.progress().seconds_left)
    left = [seconds for seconds in told if seconds is not None]
    assert len(left) > 40
    assert all(0.75 * before - 1 < after < before for before, after in pairwise(left) if after > 5)


def test_no_time_left_is_told_before_a_twentieth_is_trained(store: Store, clock: Clock) -> None:
    asked = ask(store, "hinge", seeds=10)
    rows, view = store.reader.trials([asked.id]), SessionState(clock)
    view.apply(update(*rows))
    clock.now += 5
    view.apply(update(at(rows[0], 1)))
    assert view.progress().rate == 0.2
    assert view.progress().seconds_left is None
    clock.now += 5
    view.apply(update(at(rows[0], 5)))
    kept = exp(-5 / PACE_SECONDS)
    assert view.progress().seconds_left == pytest.approx(95 / ((kept + 4) / (5 * kept + 5)))


def test_no_rate_where_nothing_moves_or_nothing_is_left(store: Store, clock: Clock) -> None:
    asked = ask(store, "hinge")
    rows, view = store.reader.trials([asked.id]), SessionState(clock)
    view.apply(update(at(rows[0], 5)))
    assert view.progress().rate is None
    clock.now += 1
    view.apply(update())
    assert view.progress().rate is None
    assert view.progress().seconds_left is None
    clock.now += 1
    view.apply(update(at(rows[0], 10, "done")))
    assert view.progress().rate is None
    assert sentence(view.progress()) == "1/1 trials"


def test_a_trial_that_begins_again_does_not_make_a_rate_below_zero(store: Store, clock: Clock) -> None:
    asked = ask(store, "hinge")
    rows, view = store.reader.trials([asked.id]), SessionState(clock)
    view.apply(update(at(rows[0], 8)))
    clock.now += 1
    view.apply(update(at(rows[0], 0)))
    assert view.progress().rate is None


def test_an_empty_view_has_no_progress_and_no_report() -> None:
    view = SessionState()
    assert view.progress() == Progress(trials=0, ended=0, stopped=0, epochs=0, all_epochs=0, rate=None)
    assert view.reports() == []
    view.apply(update())
    assert view.progress().rate is None


def test_reports_of_a_view_are_one_for_each_table(store: Store, tail: StoreChanges) -> None:
    ask(store, "hinge")
    ask(store, "squared_hinge", seeds=2)
    last = store.requests.ask("s", Comparison.ask("blobs", ("kl_divergence",), protocol="tutorial", seeds=1))
    view = SessionState()
    view.apply(news(tail))
    first, second = view.reports()
    assert {standing.loss: standing.trials for standing in first.standings} == {"hinge": 1, "squared_hinge": 2}
    assert second.asked == last
    assert len(second.rows) == 1


def test_reports_of_a_view_rank_by_another_metric_for_the_tasks_that_are_named(
    store: Store, tail: StoreChanges
) -> None:
    ask(store, "hinge")
    store.requests.ask("s", Comparison.ask("blobs", ("kl_divergence",), protocol="tutorial", seeds=1))
    view = SessionState()
    view.apply(news(tail))
    assert [one.asked.comparison.metric for one in view.reports()] == ["accuracy", "accuracy"]
    named = view.reports({"blobs": "log_loss", "regression": "mae"})
    assert [one.asked.comparison.metric for one in named] == ["accuracy", "log_loss"]


def test_a_metric_that_one_protocol_alone_knows_ranks_its_tables_and_no_others(
    store: Store, tail: StoreChanges
) -> None:
    ask(store, "hinge")
    store.requests.ask("s", Comparison.ask("circles", ("hinge",), seeds=1))
    view = SessionState()
    view.apply(news(tail))
    named = view.reports({"circles": "keras2_accuracy"})
    assert [(one.asked.comparison.protocol, one.asked.comparison.metric) for one in named] == [
        ("tutorial", "keras2_accuracy"),
        ("fair", "accuracy"),
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (12, "12 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (360_000, "100 h 0 min"),
    ],
)
def test_a_length_of_time_is_written_as_a_person_would(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_large_rates_are_written_with_thousands() -> None:
    progress = Progress(trials=2, ended=1, stopped=0, epochs=5_000, all_epochs=30_000, rate=12_500.0, pace=12_500.0)
    assert sentence(progress) == "1/2 trials, 12,500 epochs/s, 2 s left"


def test_short_trials_are_told_by_the_second_and_long_ones_by_their_epochs() -> None:
    many = Progress(trials=90, ended=30, stopped=0, epochs=300, all_epochs=900, rate=50.0, pace=50.0, trials_rate=12.4)
    assert sentence(many) == "30/90 trials, 12 trials/s, 12 s left"
    assert "2.5 trials/s" in sentence(msgspec.structs.replace(many, trials_rate=2.5))
    assert "50 epochs/s" in sentence(msgspec.structs.replace(many, trials_rate=0.5))


def test_trials_that_were_taken_up_and_have_no_epoch_are_being_compiled(store: Store, clock: Clock) -> None:
    asked = ask(store, "hinge", seeds=2)
    rows, view = store.reader.trials([asked.id]), SessionState(clock)
    view.apply(update(*rows))
    assert not view.progress().compiles
    clock.now += 1
    view.apply(update(at(rows[0], 0, "running")))
    assert view.progress().compiles
    clock.now += 1
    view.apply(update(at(rows[0], 2, "running")))
    assert not view.progress().compiles


def test_stopped_trials_are_not_counted_as_trained() -> None:
    progress = Progress(trials=5, ended=4, stopped=3, epochs=5, all_epochs=5, rate=None)
    assert sentence(progress) == "1/5 trials, 3 stopped"
