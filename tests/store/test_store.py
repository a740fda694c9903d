import os
import sqlite3
import stat
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lossterm.comparison import comparison as module
from lossterm.comparison.comparison import Comparison, Status, Trial
from lossterm.errors import StoreError, UnknownName, UsageError
from lossterm.home.paths import default_store_path
from lossterm.losses.target_scaling import Scaling
from lossterm.store import (
    LEVELS,
    Anatomy,
    AskedComparison,
    Checkpoint,
    Chunk,
    KeptOutputs,
    Model,
    Sample,
    Store,
    TrialRow,
    migrations,
    schema,
)
from lossterm.store.file_header import APPLICATION_ID
from lossterm.store.requests import Requests
from lossterm.store.serialisation import encode


def two_losses(seeds: int = 2, **settings: object) -> Comparison:
    given = {"protocol": "tutorial", "epochs": 4, **settings}  # one rate, two splits: trials and columns stay few
    return Comparison.ask("circles", ("hinge", "squared_hinge"), seeds=seeds, **given)  # type: ignore[arg-type]  # a test's own words


def chunk(trial: int, start: int, epochs: int = 2, value: float = 0.5) -> Chunk:
    return Chunk(trial=trial, start=start, epochs=epochs, data=array("f", [value] * (4 * epochs)).tobytes())


def claimed(store: Store) -> TrialRow:
    row = store.worker.claim("auto")
    assert row is not None
    return row


def statuses(store: Store, *asked: AskedComparison) -> list[Status]:
    return [row.status for row in store.reader.trials([one.id for one in asked])]


def end_all(store: Store, status: Status) -> None:
    while row := store.worker.claim("auto"):
        store.worker.finish(row.id, status, error="it broke" if status == "failed" else None)


# Asking


def test_asking_queues_every_trial_once_in_the_order_of_the_comparison(store: Store) -> None:
    comparison = two_losses()
    asked = store.requests.ask("s", comparison)
    rows = store.reader.trials([asked.id])
    assert [row.trial for row in rows] == list(comparison.trials())
    assert {(row.status, row.attempts, row.epochs, row.cancel) for row in rows} == {("queued", 0, 0, False)}
    assert asked in store.reader.comparisons("s")
    assert (asked.session, asked.comparison, asked.cancelled) == ("s", comparison, None)


@pytest.mark.parametrize("session", ["s", "another"])
def test_a_trial_that_is_there_is_shared_and_never_queued_twice(store: Store, session: str) -> None:
    first = store.requests.ask("s", two_losses(seeds=2))
    row = claimed(store)
    store.worker.finish(row.id, "done", seconds=0.1, scores={"accuracy": {"test": 0.5}})
    second = store.requests.ask(session, two_losses(seeds=3))
    ids = [row.id for row in store.reader.trials([first.id])]
    assert [row.id for row in store.reader.trials([second.id])][:4] == ids
    assert statuses(store, second) == ["done", "queued", "queued", "queued", "queued", "queued"]
    assert sum(store.worker.queued_epochs("auto").values()) == 5 * 4
    assert len(store.reader.trials([first.id, second.id])) == 6


def test_a_tuned_comparison_queues_every_rate_and_shares_one_of_them_with_a_comparison_at_that_rate(
    store: Store,
) -> None:
    tuned = store.requests.ask("s", two_losses(seeds=2, protocol="fair", learning_rates=(0.01, 0.1, 1)))
    assert len(store.reader.trials([tuned.id])) == 2 * 2 * 3
    alone = store.requests.ask("t", two_losses(seeds=2, protocol="fair", learning_rates=(0.1,)))
    assert {row.id for row in store.reader.trials([alone.id])} == {
        row.id for row in store.reader.trials([tuned.id]) if row.trial.learning_rate == 0.1
    }
    more = store.requests.ask("s", two_losses(seeds=3, protocol="fair", learning_rates=(0.01, 0.1, 1)))
    assert len({row.id for row in store.reader.trials([tuned.id, alone.id, more.id])}) == 3 * 2 * 3
    elsewhere = store.requests.ask("s", two_losses(seeds=2, learning_rates=(0.1,)))
    assert {row.id for row in store.reader.trials([elsewhere.id])}.isdisjoint(
        row.id for row in store.reader.trials([tuned.id, alone.id, more.id])
    )


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_trial_that_failed_or_was_cancelled_is_queued_anew_when_asked_for_again(store: Store, status: Status) -> None:
    asked = store.requests.ask("s", two_losses())
    row = claimed(store)
    if status == "cancelled":
        store.requests.cancel([asked.id])
    store.worker.finish(row.id, status, error="it broke")
    again = store.requests.ask("s", two_losses())
    first = store.reader.trials([again.id])[0]
    assert (first.id, first.status, first.attempts, first.error, first.cancel) == (row.id, "queued", 0, None, False)


@pytest.mark.parametrize("status", ["done", "diverged"])
def test_a_trial_that_came_to_its_end_is_not_queued_again(store: Store, status: Status) -> None:
    store.requests.ask("s", two_losses())
    end_all(store, status)
    assert statuses(store, store.requests.ask("s", two_losses())) == [status] * 4
    assert store.worker.queued_epochs("auto") == {}


def test_asking_again_for_a_running_trial_leaves_it_running(store: Store) -> None:
    store.requests.ask("s", two_losses())
    row = claimed(store)
    again = store.reader.trials([store.requests.ask("s", two_losses()).id])[0]
    assert (again.id, again.status, again.attempts) == (row.id, "running", 1)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "two\nlines", "\x1b[31mred", "nul\0"])
def test_a_name_that_no_list_could_show_is_refused_and_nothing_is_written(store: Store, name: str) -> None:
    before = store.reader.tick()
    with pytest.raises(UsageError, match="1 to 80 printable characters"):
        store.requests.ask(name, two_losses())
    assert store.sessions.every() == []
    assert store.worker.queued_epochs("auto") == {}
    assert store.reader.tick() == before


@pytest.mark.parametrize(
    ("name", "kept"), [("x" * 80, "x" * 80), ("  my été 1 ", "my été 1"), ("'; DROP--", "'; DROP--")]
)
def test_a_session_is_kept_under_its_name_without_blanks_around(store: Store, name: str, kept: str) -> None:
    assert store.requests.ask(name, two_losses()).session == kept
    assert [row.name for row in store.sessions.every()] == [kept]
    assert len(store.reader.comparisons(kept)) == 1


def test_a_transaction_that_fails_half_way_leaves_nothing(store: Store) -> None:
    class Breaks(Comparison, frozen=True, kw_only=True):
        def trials(self) -> Iterator[Trial]:
            yield next(Comparison.trials(self))
            raise RuntimeError("half way")

    good = two_losses()
    bad = Breaks(**{name: getattr(good, name) for name in good.__struct_fields__})
    with pytest.raises(RuntimeError, match="half way"):
        store.requests.ask("s", bad)
    assert store.sessions.every() == []
    assert store.worker.queued_epochs("auto") == {}
    assert len(store.reader.trials([store.requests.ask("s", good).id])) == 4


# Cancelling


def test_cancelling_ends_queued_trials_at_once_and_marks_running_ones(store: Store) -> None:
    asked = store.requests.ask("s", two_losses())
    done, running = claimed(store), claimed(store)
    store.worker.finish(done.id, "done")
    store.requests.cancel([asked.id])
    rows = store.reader.trials([asked.id])
    assert [(row.status, row.cancel) for row in rows] == [
        ("done", False),
        ("running", True),
        ("cancelled", True),
        ("cancelled", True),
    ]
    assert [row.finished is None for row in rows] == [False, True, False, False]
    assert store.reader.comparisons("s")[0].cancelled is not None
    assert store.worker.record(chunk(running.id, 0)) is True
    assert store.worker.claim("auto") is None


def test_trials_that_another_comparison_wants_go_on(store: Store) -> None:
    small, large = store.requests.ask("s", two_losses(seeds=1)), store.requests.ask("t", two_losses(seeds=2))
    store.requests.cancel([large.id])
    assert statuses(store, large) == ["queued", "queued", "cancelled", "cancelled"]
    assert statuses(store, small) == ["queued", "queued"]
    store.requests.cancel([small.id])
    assert statuses(store, small) == ["cancelled", "cancelled"]


def test_cancelling_all_that_share_a_trial_at_once_ends_it(store: Store) -> None:
    one, two = store.requests.ask("s", two_losses()), store.requests.ask("t", two_losses())
    store.requests.cancel([one.id, two.id])
    assert set(statuses(store, one)) == {"cancelled"}


def test_a_running_trial_that_is_asked_for_again_after_a_cancel_goes_on(store: Store) -> None:
    asked = store.requests.ask("s", two_losses())
    running = claimed(store)
    store.requests.cancel([asked.id])
    again = store.requests.ask("s", two_losses())
    assert store.worker.record(chunk(running.id, 0)) is False
    assert statuses(store, again) == ["running", "queued", "queued", "queued"]


def test_a_trial_stopped_just_before_it_is_asked_for_again_goes_back_into_the_queue(store: Store) -> None:
    asked = store.requests.ask("s", two_losses())
    running = claimed(store)
    store.requests.cancel([asked.id])
    assert store.worker.record(chunk(running.id, 0)) is True
    again = store.requests.ask("s", two_losses())
    store.worker.finish(running.id, "cancelled")
    assert statuses(store, again)[0] == "queued"


def test_cancelling_twice_keeps_the_first_time_and_nothing_is_no_comparison(store: Store) -> None:
    asked = store.requests.ask("s", two_losses())
    store.requests.cancel([])
    store.requests.cancel([asked.id + 100])
    assert set(statuses(store, asked)) == {"queued"}
    store.requests.cancel([asked.id])
    first = store.reader.comparisons("s")[0].cancelled
    store.requests.cancel([asked.id])
    assert store.reader.comparisons("s")[0].cancelled == first


# What a worker does


def test_trials_are_claimed_in_the_order_asked_for_until_none_is_left(store: Store) -> None:
    asked = store.requests.ask("s", two_losses())
    wanted = [row.id for row in store.reader.trials([asked.id])]
    rows = [claimed(store) for _ in wanted]
    assert [row.id for row in rows] == wanted
    assert all(row.status == "running" and row.attempts == 1 for row in rows)
    assert store.worker.claim("auto") is None


def test_programs_to_be_avoided_are_left_to_others(store: Store) -> None:
    asked = store.requests.ask("s", two_losses())
    programs = {row.trial.loss: row.trial.program for row in store.reader.trials([asked.id])}
    assert store.worker.queued_epochs("auto") == {programs["hinge"]: 8, programs["squared_hinge"]: 8}
    row = store.worker.claim("auto", {programs["hinge"]})
    assert row is not None
    assert row.trial.loss == "squared_hinge"
    assert store.worker.claim("auto", set(programs.values())) is None
    assert store.worker.queued_epochs("auto") == {programs["hinge"]: 8, programs["squared_hinge"]: 4}


def test_what_can_be_trained_together_is_taken_up_together(store: Store) -> None:
    asked = store.requests.ask("s", two_losses(seeds=5))
    longer = store.requests.ask("s", two_losses(seeds=6, epochs=8))
    elsewhere = store.requests.ask("s", two_losses(seeds=5, device="cpu"))
    first = claimed(store)
    more = store.worker.claim_like(first, 3)
    assert [row.trial.seed for row in (first, *more)] == [0, 1, 2, 3]
    assert {(row.trial.loss, row.status, row.attempts, row.epochs) for row in more} == {("hinge", "running", 1, 0)}
    assert [row.trial.seed for row in store.worker.claim_like(first, 9)] == [4]
    assert store.worker.claim_like(first, 9) == []
    assert store.worker.claim_like(claimed(store), 0) == []
    assert set(statuses(store, longer, elsewhere)) == {"queued"}
    assert statuses(store, asked).count("running") == 6


def test_what_is_damaged_is_not_taken_up_together_either(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=3))
    first = claimed(store)
    with sqlite3.connect(store.path) as raw:
        raw.execute("UPDATE trials SET asked = replace(asked, '\"seed\":2', '\"seed\":7')")
    with pytest.raises(StoreError, match=r"no lossterm wrote|checksum"):
        store.worker.claim_like(first, 9)


def test_what_goes_on_is_trained_by_itself(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=4))
    begun = claimed(store)
    store.worker.record(chunk(begun.id, 0))
    store.worker.save(begun.id, Checkpoint(epochs=2, seconds=1.0, state=b"state"))
    store.worker.requeue("auto", died=False)
    goes_on = claimed(store)
    assert (goes_on.id, goes_on.epochs) == (begun.id, 2)
    assert store.worker.claim_like(goes_on, 9) == []
    store.worker.requeue("auto", died=False)
    others = store.worker.claim_like(begun, 9)
    assert begun.id not in {row.id for row in others}
    assert {row.trial.loss for row in others} == {begun.trial.loss}


def test_what_is_tried_alone_is_taken_up_alone(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=4))
    first = claimed(store)
    together = [first, *store.worker.claim_like(first, 2)]
    store.worker.try_alone([row.id for row in together])
    store.worker.requeue("auto", died=False)
    while (row := claimed(store)).id != first.id:  # what is to be tried alone comes last
        store.worker.finish(row.id, "done")
    assert store.worker.claim_like(first, 9) == []
    assert store.worker.claim("auto") is None


def test_a_worker_is_given_what_was_asked_for_on_its_device_alone(store: Store) -> None:
    store.requests.ask("s", two_losses(device="cpu"))
    assert store.worker.claim("auto") is None
    assert store.worker.queued_epochs("auto") == {}
    row = store.worker.claim("cpu")
    assert row is not None
    assert row.trial.device == "cpu"


def test_many_that_open_a_new_store_at_once_all_get_it(tmp_path: Path) -> None:
    def open_it(path: Path, start: threading.Barrier) -> None:
        start.wait()
        try:
            Store(path).close()
        except StoreError as error:
            refused.append(str(error))

    refused: list[str] = []
    for number in range(10):
        start = threading.Barrier(12)
        arguments = (tmp_path / f"{number}.db", start)
        openers = [threading.Thread(target=open_it, args=arguments) for _ in range(12)]
        for opener in openers:
            opener.start()
        for opener in openers:
            opener.join()
    assert refused == []


def test_a_trial_that_is_not_as_it_was_asked_for_is_not_trained(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=1))
    running = claimed(store)
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("UPDATE trials SET asked = replace(asked, '\"seed\":', '\"seed\":1')")
        connection.commit()
    with pytest.raises(StoreError, match="one of trials whose checksum is wrong"):
        store.worker.claim("auto")
    with pytest.raises(StoreError, match="one of trials whose checksum is wrong"):
        store.worker.finish(running.id, "done", seconds=0.1, scores={})


def test_a_store_that_another_version_has_updated_meanwhile_is_not_written(store: Store) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute(f"PRAGMA user_version = {migrations.VERSION + 1}")
    with pytest.raises(StoreError, match="was updated by another version of lossterm"):
        store.requests.ask("s", two_losses())


def test_four_workers_never_get_the_same_trial(store: Store) -> None:
    asked = store.requests.ask("s", two_losses(seeds=20))
    claimed: list[int] = []
    lock, start = threading.Lock(), threading.Barrier(4)

    def work() -> None:
        with Store(store.path) as mine:
            start.wait()
            while row := mine.worker.claim("auto"):
                with lock:
                    claimed.append(row.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(row.id for row in store.reader.trials([asked.id]))


def test_a_curve_grows_by_chunks_and_one_that_starts_at_0_replaces_it(store: Store) -> None:
    asked = store.requests.ask("s", two_losses())
    row, other = claimed(store), claimed(store)
    store.worker.record(chunk(row.id, 0))
    store.worker.record(chunk(other.id, 0))
    assert store.worker.record(chunk(row.id, 2)) is False
    assert [row.epochs for row in store.reader.trials([asked.id])] == [4, 2, 0, 0]
    before, mark = store.reader.chunks([asked.id])
    assert [(one.trial, one.start, one.epochs) for one in before] == [(row.id, 0, 2), (other.id, 0, 2), (row.id, 2, 2)]
    store.worker.record(chunk(row.id, 0, epochs=1, value=0.25))
    after, later = store.reader.chunks([asked.id])
    assert [(one.trial, one.start, one.epochs) for one in after] == [(other.id, 0, 2), (row.id, 0, 1)]
    assert list(after[-1].values()) == [0.25] * 4
    assert store.reader.trials([asked.id])[0].epochs == 1
    assert [one.start for one in store.reader.chunks([asked.id], mark)[0]] == [0]
    assert later > mark
    assert store.reader.chunks([asked.id], later) == ([], later)


def test_the_mark_of_curves_never_goes_back_when_rows_are_replaced(store: Store) -> None:
    asked = store.requests.ask("s", two_losses())
    row = claimed(store)
    store.worker.record(chunk(row.id, 0))
    mark = store.reader.chunks([asked.id])[1]
    store.worker.record(chunk(row.id, 0, value=0.75))  # deletes the highest row: its number must not be used again
    fresh, _ = store.reader.chunks([asked.id], mark)
    assert [one.values()[0] for one in fresh] == [0.75]


def test_finishing_records_all_that_is_known_with_the_end_of_the_curve(store: Store) -> None:
    asked = store.requests.ask("s", two_losses())
    row = claimed(store)
    store.worker.record(chunk(row.id, 0))
    scores: dict[str, dict[str, float | None] | None] = {"accuracy": {"train": 0.75, "test": None}, "ece": None}
    store.worker.finish(row.id, "done", seconds=1.5, scores=scores, chunk=chunk(row.id, 2))
    row = store.reader.trials([asked.id])[0]
    assert (row.status, row.seconds, row.scores, row.error) == ("done", 1.5, scores, None)
    assert row.epochs == 4
    assert row.ended
    assert row.finished is not None
    assert len(store.reader.chunks([asked.id])[0]) == 2


def test_taking_a_trial_up_again_forgets_how_it_ended(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=1))
    row = claimed(store)
    store.worker.finish(row.id, "failed", seconds=1, error="it broke")
    asked = store.requests.ask("s", two_losses(seeds=1))
    claimed(store)
    row = store.reader.trials([asked.id])[0]
    assert (row.status, row.seconds, row.scores, row.error, row.finished) == ("running",) + (None,) * 4


def test_a_trial_whose_worker_died_is_queued_again_and_failed_the_second_time(store: Store) -> None:
    asked = store.requests.ask("s", two_losses(seeds=1))
    claimed(store)
    store.worker.requeue("auto", died=True)
    assert statuses(store, asked) == ["queued", "queued"]
    assert claimed(store).attempts == 2
    store.worker.requeue("auto", died=True)
    failed, waiting = store.reader.trials([asked.id])
    assert (failed.status, waiting.status) == ("failed", "queued")
    assert failed.error == "The worker died 2 times while training this: see its log, and whether memory ran out."
    assert failed.finished is not None


def test_a_worker_that_leaves_in_good_order_costs_no_attempt(store: Store) -> None:
    asked = store.requests.ask("s", two_losses(seeds=1))
    for _ in range(5):
        assert claimed(store).attempts == 1
        store.worker.requeue("auto", died=False)
    assert statuses(store, asked) == ["queued", "queued"]


@pytest.mark.parametrize("died", [True, False])
def test_a_trial_that_was_to_be_stopped_is_cancelled_when_its_worker_goes(store: Store, died: bool) -> None:
    asked = store.requests.ask("s", two_losses(seeds=1))
    claimed(store)
    store.requests.cancel([asked.id])
    store.worker.requeue("auto", died=died)
    assert statuses(store, asked) == ["cancelled", "cancelled"]


def test_requeueing_leaves_other_devices_alone(store: Store) -> None:
    asked = store.requests.ask("s", two_losses(device="cpu"))
    store.worker.claim("cpu")
    store.worker.requeue("auto", died=True)
    assert statuses(store, asked)[0] == "running"


def test_what_waits_for_a_device_that_cannot_train_is_failed_with_the_reason(store: Store) -> None:
    here, there = (
        store.requests.ask("s", two_losses(seeds=1)),
        store.requests.ask("s", two_losses(seeds=1, device="cpu")),
    )
    claimed(store)
    store.worker.fail_queued("auto", "no GPU")
    assert [(row.status, row.error) for row in store.reader.trials([here.id])] == [("failed", "no GPU")] * 2
    assert statuses(store, there) == ["queued", "queued"]


def test_a_workers_environment_stays_as_last_said(store: Store) -> None:
    store.worker.report_worker("auto", 1, "loading", "loading TensorFlow")
    assert store.reader.workers()[0].environment is None
    store.worker.report_worker("auto", 1, "ready", "ready", {"device": "CPU"})
    store.worker.report_worker("auto", 1, "training", "hinge")
    store.worker.report_worker("cpu", 2, "ready", "ready")
    auto, cpu = store.reader.workers()
    assert (auto.state, auto.message, auto.environment) == ("training", "hinge", {"device": "CPU"})
    assert (cpu.device, cpu.pid, cpu.environment) == ("cpu", 2, None)


# Reading


def test_sessions_come_newest_first_with_what_they_hold(store: Store) -> None:
    store.requests.ask("old", two_losses(seeds=2))
    end_all(store, "done")
    store.requests.ask("new", two_losses(seeds=3))
    store.requests.ask("new", Comparison.ask("blobs", ("kl_divergence",), protocol="tutorial", seeds=1))
    new, old = store.sessions.every()
    assert (new.name, new.comparisons, new.trials, new.ended) == ("new", 2, 7, 4)
    assert sorted(new.tasks) == ["blobs", "circles"]
    newest = max(asked.created for asked in store.reader.comparisons("new"))
    assert (new.last, old.last) == (newest, store.reader.comparisons("old")[0].created)
    assert new.created < new.last
    assert (old.name, old.comparisons, old.trials, old.ended, old.tasks) == ("old", 1, 4, 4, ("circles",))


def test_sessions_tell_what_was_stopped_from_what_came_to_its_end(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=2))
    for status in ("done", "failed"):
        store.worker.finish(claimed(store).id, status)
    assert [(row.ended, row.stopped) for row in store.sessions.every()] == [(2, 0)]
    store.sessions.stop("s")
    assert [(row.trials, row.ended, row.stopped) for row in store.sessions.every()] == [(4, 4, 2)]


def test_a_trial_that_two_comparisons_of_a_session_hold_is_counted_once(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=2))
    store.requests.ask("s", two_losses(seeds=3))
    end_all(store, "done")
    (row,) = store.sessions.every()
    assert (row.comparisons, row.trials, row.ended, row.tasks) == (2, 6, 6, ("circles",))


def test_an_unknown_session_is_refused_with_near_misses_and_holds_no_comparison(store: Store) -> None:
    with pytest.raises(UnknownName, match=r"There is no session 'x'\. There are none yet\."):
        store.sessions.require("x")
    store.requests.ask("monday", two_losses())
    store.sessions.require("monday")
    with pytest.raises(UnknownName, match=r"There is no session 'munday'\. Did you mean monday\?"):
        store.sessions.require("munday")
    assert store.reader.comparisons("munday") == []


def test_only_trials_changed_after_a_tick_are_read(store: Store) -> None:
    asked = store.requests.ask("s", two_losses())
    tick = store.reader.tick()
    assert store.reader.trials([asked.id], tick) == []
    row = claimed(store)
    assert [one.id for one in store.reader.trials([asked.id], tick)] == [row.id]
    assert store.reader.tick() == tick + 1


def test_two_connections_see_each_others_writes(store: Store) -> None:
    with Store(store.path) as other:
        version = store.reader.data_version()
        assert store.reader.data_version() == version
        asked = other.requests.ask("s", two_losses())
        assert store.reader.data_version() != version
        assert store.reader.comparisons("s") == [asked]
        row = claimed(store)
        assert statuses(other, asked)[0] == "running"
        other.worker.record(chunk(row.id, 0))
        assert store.reader.chunks([asked.id])[0] == [chunk(row.id, 0)]


def test_what_is_written_is_there_when_opened_again(home: Path) -> None:
    with Store() as store:
        asked = store.requests.ask("s", two_losses())
    with Store() as store:
        assert store.reader.comparisons("s") == [asked]


def test_opening_the_store_twice_in_one_process_loses_nothing_when_another_process_closes_it(home: Path) -> None:
    # Closing any descriptor of a file drops a process's POSIX locks on it: had the second opening closed one of its
    # own, then the other process would take itself for the last user and delete the log that is still written to.
    path = home / "lossterm.db"
    with Store(path) as first:
        first.requests.ask("before", two_losses())
        with Store(path):
            code = "import sys, pathlib; from lossterm.store import Store; Store(pathlib.Path(sys.argv[1])).close()"
            subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=30)
            first.requests.ask("after", two_losses(seeds=3))
            read = "SELECT name FROM sessions ORDER BY id"
            code = f"import sqlite3, sys; print([r[0] for r in sqlite3.connect(sys.argv[1]).execute('{read}')])"
            seen = subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=30, capture_output=True)
    assert seen.stdout.decode().strip() == "['before', 'after']"
    with Store(path) as again:
        assert [row.name for row in again.sessions.every()] == ["after", "before"]


# The file


def test_file_and_directory_are_private_to_the_user(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "lossterm.db"
    before = os.umask(0)
    try:
        with Store(path) as store:
            store.requests.ask("s", two_losses())
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes["lossterm.db"] == 0o600
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes


def test_the_store_lies_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSTERM_HOME", str(tmp_path / "here"))
    assert default_store_path() == tmp_path / "here" / "lossterm.db"
    with Store() as store:
        assert store.path == tmp_path.resolve() / "here" / "lossterm.db"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOSSTERM_HOME", "~/there")
    assert default_store_path() == tmp_path / "there" / "lossterm.db"
    monkeypatch.delenv("LOSSTERM_HOME")
    assert default_store_path().is_relative_to(os.environ["HOME"]) or default_store_path().is_relative_to(
        os.environ["XDG_DATA_HOME"]
    )


def test_a_local_store_keeps_a_log_and_one_on_a_network_a_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mode(path: Path) -> str:
        Store(path).close()
        with closing(sqlite3.connect(path)) as connection:
            return str(connection.execute("PRAGMA journal_mode").fetchone()[0])

    assert mode(tmp_path / "local.db") == "wal"
    monkeypatch.setattr(schema, "network_file_system", lambda _: "nfs4")
    assert mode(tmp_path / "remote.db") == "delete"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/x.db", "nfs4"),
        ("/home/me/fast/x.db", None),
        ("/srv/x.db", None),
        ("/home/mercury/x.db", None),
        ("/mnt/share/x.db", "fuse.sshfs"),
    ],
)
def test_a_network_file_system_is_told_by_the_innermost_mount(
    path: str, kind: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = (
        "/dev/vda / ext4 rw 0 0\nserver:/x /home/me nfs4 rw 0 0\n/dev/vdb /home/me/fast ext4 rw 0 0\n"
        "host: /mnt/share fuse.sshfs rw 0 0\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: mounts)
    assert schema.network_file_system(Path(path)) == kind


def written(text: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_text(text)

    return make


def make_newer(path: Path) -> None:
    Store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {migrations.VERSION + 1}")


def make_foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE cookies (id INTEGER)")
        connection.commit()


def make_foreign_marked(path: Path) -> None:
    make_foreign(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id = 77")


def make_filled(path: Path) -> None:
    with Store(path) as store:
        store.requests.ask("s", two_losses(seeds=200))


def cut(keep: Callable[[int], int]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        make_filled(path)
        with path.open("r+b") as file:
            file.truncate(keep(path.stat().st_size))

    return make


def scribbled(place: int, size: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        make_filled(path)
        with path.open("r+b") as file:
            file.seek(place)
            file.write(b"\xa5" * size)

    return make


UNUSABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "newer": (make_newer, "was made by a newer lossterm"),
    "foreign": (make_foreign, "is a SQLite file of another program"),
    "foreign with a mark": (make_foreign_marked, "is a SQLite file of another program"),
    "text": (written("my notes\n" * 500), "is damaged or is not a lossterm store"),
    "short text": (written("hello\n"), "is damaged or is not a lossterm store"),
    "cut to a header": (cut(lambda _: 100), "is damaged or is not a lossterm store"),
    "cut in the first page": (cut(lambda _: 700), "is damaged or is not a lossterm store"),
    "cut to a half": (cut(lambda size: size // 2), "is damaged or is not a lossterm store"),
    "cut by a page": (cut(lambda size: size - 4096), "is damaged or is not a lossterm store"),
    "scribbled over the header": (scribbled(0, 64), "is damaged or is not a lossterm store"),
    "scribbled over the schema": (scribbled(100, 3900), "is damaged or is not a lossterm store"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_that_is_no_sound_store_is_refused_and_left_as_it_is(tmp_path: Path, case: str) -> None:
    make, sentence = UNUSABLE[case]
    path = tmp_path / "some.db"
    make(path)
    before = path.read_bytes()
    with pytest.raises(StoreError) as raised:
        Store(path)
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)
    assert raised.value.exit_code == 3
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["some.db"]


def test_damage_deep_in_the_file_is_said_when_it_is_met_and_found_by_the_check(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    make_filled(path)
    assert schema.damage(path) == []
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    assert schema.damage(path)
    with Store(path) as store, pytest.raises(StoreError, match="is damaged"):
        store.sessions.every()


def test_a_directory_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used: it is a directory"):
        Store(tmp_path)


@pytest.mark.parametrize("below", ["lossterm.db", "deep/er/lossterm.db"])
def test_a_place_under_a_file_cannot_be_used(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"cannot be used: .* Give another place with --store FILE"):
        Store(tmp_path / "file" / below)


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    path.touch(0o600)
    with Store(path) as store:
        store.requests.ask("s", two_losses())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        assert connection.execute("PRAGMA user_version").fetchone()[0] == migrations.VERSION


def test_a_store_that_may_not_be_made_is_opened_where_it_is_and_missed_where_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with Store(path) as store:
        store.requests.ask("s", two_losses())
    with Store(path, make=False) as store:
        assert [row.name for row in store.sessions.every()] == ["s"]
    path.unlink()
    with pytest.raises(StoreError, match=r"The store .*s\.db is gone\."):
        Store(path, make=False)
    assert not path.exists()


def test_a_migration_that_fails_half_way_leaves_the_file_for_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.db"
    with monkeypatch.context() as broken:
        broken.setattr(schema, "MIGRATIONS", (migrations.MIGRATIONS[0] + "; CREATE NONSENSE",))
        with pytest.raises(StoreError):
            Store(path)
    with Store(path) as store:
        assert store.sessions.every() == []


# A store of an older version


def make_old(path: Path, *comparisons: Comparison) -> None:
    """Write a store as version 1 wrote it: its schema, and trials without a word of sources, notes and anatomy."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(migrations.MIGRATIONS[0])
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("UPDATE clock SET tick = 7")
        connection.execute("INSERT INTO sessions VALUES (1, 'old', 1000.5)")
        connection.execute("INSERT INTO workers VALUES ('auto', 1, 'ready', 'ready', '{\"keras\":\"3\"}', 5)")
        number = 0
        for place, asked in enumerate(comparisons, start=1):
            words = msgspec.to_builtins(asked)
            del words["sources"]
            connection.execute("INSERT INTO comparisons VALUES (?, 1, ?, 1001, NULL, 2)", (place, encode(words)))
            for position, trial in enumerate(asked.trials()):
                number += 1
                said = msgspec.to_builtins(trial)
                del said["source"]
                done = number % 2
                connection.execute(
                    "INSERT INTO trials VALUES "
                    "(?, ?, ?, 'auto', ?, 4, ?, 1, 0, 1, 4, ?, ?, '{\"keras\":\"3\"}', ?, ?, ?)",
                    (
                        *(number, f"key {number}", encode(said), trial.program, "done" if done else "failed"),
                        *(1.5 if done else None, '{"accuracy":{"train":0.75,"test":null}}' if done else None),
                        *(None if done else "it broke", 1002.0, 3),
                    ),
                )
                connection.execute("INSERT INTO comparison_trials VALUES (?, ?, ?)", (place, position, number))
                curve = number, chunk(number, 0, epochs=4, value=number / 8).data
                connection.execute("INSERT INTO curves (trial, start, epochs, data) VALUES (?, 0, 4, ?)", curve)


def test_a_store_of_version_1_is_brought_to_this_version_with_every_row_as_it_was(tmp_path: Path) -> None:
    path, comparison = tmp_path / "old.db", two_losses()
    make_old(path, comparison)
    with closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        before = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
    assert before["trials"]
    with Store(path) as store:
        (asked,) = store.reader.comparisons("old")
        assert asked.comparison == comparison
        rows = store.reader.trials([asked.id])
        assert [row.trial for row in rows] == list(comparison.trials())
        assert [row.status for row in rows] == ["done", "failed", "done", "failed"]
        assert [(row.seconds, row.error, row.finished, row.attempts) for row in rows[:2]] == [
            (1.5, None, 1002.0, 1),
            (None, "it broke", 1002.0, 1),
        ]
        assert rows[0].scores == {"accuracy": {"train": 0.75, "test": None}}
        assert rows[0].environment == {"keras": "3"}
        assert all(row.note is None and row.anatomy is None for row in rows)
        curves, _ = store.reader.chunks([asked.id])
        assert [list(one.values()) for one in curves] == [[number / 8] * 16 for number in (1, 2, 3, 4)]
        assert [(one.name, one.trials, one.ended) for one in store.sessions.every()] == [("old", 4, 4)]
        assert store.reader.tick() == 7
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == migrations.VERSION
        after = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert [row[-1] for row in after["trials"]] == [0] * 4, "none is to be tried alone"
    after["trials"] = [row[:-1] for row in after["trials"]]
    assert [row[-3:-1] for row in after["trials"]] == [(None, None)] * 4
    assert all(row[-1] for name in ("comparisons", "trials", "curves") for row in after[name]), "each has a checksum"
    after["trials"] = [row[:-3] for row in after["trials"]]
    after |= {name: [row[:-1] for row in after[name]] for name in ("comparisons", "curves")}
    assert [row[:2] for row in after["clock"]] == [(7, 0)]
    assert len(after["clock"][0][2]) == 32, "an id of its own"
    after["clock"] = [(7,)]
    assert after == before
    assert schema.damage(path) == []


def test_a_store_of_version_1_is_worked_on_as_one_of_this_version(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    make_old(path, two_losses())
    with Store(path) as store:
        (old,) = store.reader.comparisons("old")
        again = store.requests.ask("old", two_losses())
        assert {row.id for row in store.reader.trials([old.id])}.isdisjoint(
            row.id for row in store.reader.trials([again.id])
        )
        row = claimed(store)
        store.worker.finish(row.id, "done", anatomy=ANATOMY, note="slowly")
        row = store.reader.trials([again.id])[0]
        assert (row.anatomy, row.note) == (ANATOMY, "slowly")


def test_a_store_of_version_2_is_worked_on_as_one_of_this_version(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    make_old(path, two_losses())
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(migrations.MIGRATIONS[1])
        connection.execute("PRAGMA user_version = 2")
        connection.execute("UPDATE trials SET note = 'slowly', anatomy = ? WHERE id = 1", (encode(ANATOMY),))
    with Store(path) as store:
        (old,) = store.reader.comparisons("old")
        rows = store.reader.trials([old.id])
        assert (rows[0].note, rows[0].anatomy, rows[0].status) == ("slowly", ANATOMY, "done")
        assert store.reader.models([row.id for row in rows]) == {}
        again = store.requests.ask("old", two_losses())
        row = claimed(store)
        store.worker.finish(row.id, "done", model=model_of(row.id), sample=SAMPLE)
        assert store.reader.models([one.id for one in store.reader.trials([again.id])]) == {row.id: model_of(row.id)}
        assert store.reader.sample(SAMPLE.key) == SAMPLE
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == migrations.VERSION
    assert schema.damage(path) == []


def test_a_migration_that_fails_leaves_a_store_of_version_1_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.db"
    make_old(path, two_losses())
    with monkeypatch.context() as broken:
        broken.setattr(schema, "MIGRATIONS", (migrations.MIGRATIONS[0], migrations.MIGRATIONS[1] + "; CREATE NONSENSE"))
        with pytest.raises(StoreError):
            Store(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
        assert "note" not in [row[1] for row in connection.execute("PRAGMA table_info(trials)")]
    with Store(path) as store:
        assert len(store.reader.trials([1])) == 4


def test_many_that_open_an_old_store_at_once_migrate_it_once(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    make_old(path, two_losses())
    refused: list[str] = []
    start = threading.Barrier(8)

    def open_it() -> None:
        start.wait()
        try:
            Store(path).close()
        except StoreError as error:
            refused.append(str(error))

    openers = [threading.Thread(target=open_it) for _ in range(8)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert refused == []
    with Store(path) as store:
        assert len(store.reader.trials([1])) == 4


def test_a_store_made_anew_and_one_brought_up_have_the_same_tables(tmp_path: Path) -> None:
    def columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
        Store(path).close()
        with closing(sqlite3.connect(path)) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
            return {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in tables}

    make_old(tmp_path / "old.db", two_losses())
    assert columns(tmp_path / "old.db") == columns(tmp_path / "new.db")


# What a final model does, and how it was trained

ANATOMY = Anatomy(of="residual", quantiles=tuple(float(step) - 20 for step in range(len(LEVELS))), share=0.125)


def test_levels_are_shares_of_the_rows_ascending_from_the_least_to_the_most() -> None:
    assert list(LEVELS) == sorted(set(LEVELS))
    assert (LEVELS[0], LEVELS[-1]) == (0, 1)
    assert {0.05, 0.25, 0.5, 0.75, 0.95} <= set(LEVELS)
    assert all(level == pytest.approx(1 - mirror) for level, mirror in zip(LEVELS, reversed(LEVELS), strict=True))


@pytest.mark.parametrize("anatomy", [ANATOMY, Anatomy(of="margin", quantiles=(0.1, 2e-9, 1e30), share=None), None])
@pytest.mark.parametrize("note", ["trained step by step: it cannot be compiled (été)", None])
def test_anatomy_and_note_are_read_back_as_they_were_written(
    store: Store, anatomy: Anatomy | None, note: str | None
) -> None:
    asked = store.requests.ask("s", two_losses(seeds=1))
    row = claimed(store)
    assert (row.anatomy, row.note) == (None, None)
    store.worker.finish(row.id, "done", scores={}, anatomy=anatomy, note=note)
    row, other = store.reader.trials([asked.id])
    assert (row.anatomy, row.note) == (anatomy, note)
    assert (other.anatomy, other.note) == (None, None)


def test_a_trial_that_is_taken_up_again_loses_its_anatomy_and_its_note(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=1))
    row = claimed(store)
    store.worker.finish(row.id, "failed", error="it broke", anatomy=ANATOMY, note="slowly")
    asked = store.requests.ask("s", two_losses(seeds=1))
    taken = claimed(store)
    assert (taken.id, taken.anatomy, taken.note) == (row.id, None, None)
    row = store.reader.trials([asked.id])[0]
    assert (row.status, row.anatomy, row.note, row.error) == ("running", None, None, None)
    store.worker.finish(row.id, "done", scores={})
    assert store.reader.trials([asked.id])[0].anatomy is None


def test_a_trial_is_its_parameters_and_its_source_too(store: Store) -> None:
    def ask(*losses: str) -> AskedComparison:
        return store.requests.ask("s", Comparison.ask("regression", losses, seeds=1, learning_rates=(0.1,), epochs=4))

    plain, bent, again = ask("huber"), ask("huber:delta=0.5"), ask("huber:delta=.5")
    ids = [[row.id for row in store.reader.trials([one.id])] for one in (plain, bent, again)]
    assert ids[0] != ids[1] == ids[2]
    mine = msgspec.structs.replace(plain.comparison, losses=("mine@0",), sources=(("mine@0", "/a/mine.py:mine"),))
    moved = msgspec.structs.replace(mine, sources=(("mine@0", "/b/mine.py:mine"),))
    rows = [store.reader.trials([store.requests.ask("s", one).id])[0] for one in (mine, mine, moved)]
    assert rows[0].id == rows[1].id != rows[2].id
    assert [row.trial.source for row in rows] == ["/a/mine.py:mine", "/a/mine.py:mine", "/b/mine.py:mine"]
    assert store.reader.comparisons("s")[-1].comparison == moved


def test_trials_of_an_older_engine_are_not_taken_for_new_ones(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(module, "ENGINE", module.ENGINE - 1)
        before = store.requests.ask("s", two_losses())
        end_all(store, "done")
    after = store.requests.ask("s", two_losses())
    assert statuses(store, after) == ["queued"] * 4
    assert statuses(store, before) == ["done"] * 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("file is not a database", "is damaged or is not a lossterm store"),
        ("database disk image is malformed", "is damaged or is not a lossterm store"),
        ("attempt to write a readonly database", "cannot be written"),
        ("unable to open database file", "cannot be written"),
        ("database is locked", "is locked by another program"),
        ("database or disk is full", "is full"),
        ("disk I/O error", "failed: disk I/O error"),
    ],
)
def test_sqlites_errors_become_sentences_that_name_the_file(text: str, sentence: str) -> None:
    error = schema.explain(Path("/x/lossterm.db"), sqlite3.OperationalError(text))
    assert sentence in str(error)
    assert "/x/lossterm.db" in str(error)
    assert str(error).endswith(("FILE.", "again.", "closely."))


def test_closing_while_another_thread_reads_does_not_crash(tmp_path: Path) -> None:
    def read(shared: Store, start: threading.Barrier) -> None:
        start.wait()
        try:
            while True:
                shared.reader.data_version()
        except StoreError as error:
            ended.append(str(error))

    ended: list[str] = []
    for _ in range(20):
        shared, start = Store(tmp_path / "s.db"), threading.Barrier(3)
        readers = [threading.Thread(target=read, args=(shared, start)) for _ in range(2)]
        for reader in readers:
            reader.start()
        start.wait()
        shared.close()
        for reader in readers:
            reader.join()
    assert len(ended) == 40


def test_a_comparison_that_saw_its_trials_end_does_not_keep_them_from_being_stopped(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=1))
    for row in (claimed(store), claimed(store)):
        store.worker.finish(row.id, "failed", error="broken")
    again = store.requests.ask("s", two_losses(seeds=1))
    assert store.requests.cancel([again.id]) == 0
    assert statuses(store, again) == ["cancelled", "cancelled"]


def test_stopping_says_how_many_trials_go_on_for_others(store: Store) -> None:
    one = store.requests.ask("s", two_losses(seeds=1))
    other = store.requests.ask("t", two_losses(seeds=2))
    assert store.requests.cancel([other.id]) == 2
    assert statuses(store, one) == ["queued", "queued"]
    assert statuses(store, other)[2:] == ["cancelled", "cancelled"]


def test_stopping_a_session_stops_all_that_it_waits_for_and_nothing_else(store: Store) -> None:
    done = store.requests.ask("s", two_losses(seeds=1))
    for row in (claimed(store), claimed(store)):
        store.worker.finish(row.id, "done", seconds=0.1, scores={})
    assert not store.sessions.waiting("s")
    store.requests.ask("s", two_losses(seeds=2))
    store.requests.ask("s", two_losses(seeds=3))
    assert store.sessions.waiting("s")
    assert store.sessions.stop("s") == 0
    assert not store.sessions.waiting("s")
    assert store.worker.queued_epochs("auto") == {}
    assert [asked.cancelled is None for asked in store.reader.comparisons("s")] == [True, False, False]
    assert statuses(store, done) == ["done", "done"]


def test_a_write_after_a_commit_that_failed_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossterm.store.schema.network_file_system", lambda _: "nfs")  # a rollback journal
    with Store(tmp_path / "s.db") as store:
        store._connection.execute("PRAGMA busy_timeout = 50")
        reader = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sessions").fetchone()
        with pytest.raises(StoreError, match="locked"):
            store.requests.ask("s", two_losses())
        reader.execute("COMMIT")
        reader.close()
        store.requests.ask("s", two_losses())
        assert [row.name for row in store.sessions.every()] == ["s"]


# Models, and the rows to show them on

SAMPLE = Sample(
    key="circles/tutorial/0",
    split="test",
    count=2,
    classes=2,
    features=array("f", [0.5, -1, 2, 3]).tobytes(),
    target=array("d", [1, 0]).tobytes(),
)


def model_of(trial: int, value: float = 0.5) -> Model:
    return Model(
        trial=trial,
        epochs=(0, 4),
        layers=(2, 3, 1),
        activation="relu",
        head="tanh",
        reading="margin",
        link="log",
        scaling=Scaling(origin=1.5, unit=1 / 3, log1p=True),
        data=array("f", [value] * 13 + [2 * value] * 13).tobytes(),
    )


def test_a_model_and_its_sample_are_read_back_as_they_were_written_with_the_end_of_the_trial(store: Store) -> None:
    asked = store.requests.ask("s", two_losses(seeds=1))
    row, other = claimed(store), claimed(store)
    before = store.reader.tick()
    store.worker.finish(row.id, "done", chunk=chunk(row.id, 0, epochs=4), model=model_of(row.id), sample=SAMPLE)
    assert store.reader.tick() == before + 1  # one transaction
    store.worker.finish(other.id, "done")
    ids = [one.id for one in store.reader.trials([asked.id])]
    assert store.reader.models(ids) == {row.id: model_of(row.id)}
    assert store.reader.models([other.id]) == store.reader.models([]) == {}
    assert store.reader.sample(SAMPLE.key) == SAMPLE
    assert store.reader.sample("circles/tutorial/1") is None


def test_a_value_that_two_trials_of_one_seed_give_as_sample_stays_the_first(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=1))
    for features in (SAMPLE.features, b"\0" * len(SAMPLE.features)):
        store.worker.finish(claimed(store).id, "done", sample=msgspec.structs.replace(SAMPLE, features=features))
    assert store.reader.sample(SAMPLE.key) == SAMPLE


def test_weights_are_cut_into_kernels_and_biases_of_each_layer() -> None:
    numbers = [float(number) for number in range(26)]
    model = msgspec.structs.replace(model_of(1), data=array("f", numbers).tobytes())
    for place, first in ((0, 0), (1, 13), (-1, 13)):
        (kernel, bias), (last, shift) = model.weights(place)
        assert kernel.tolist() == [numbers[first : first + 3], numbers[first + 3 : first + 6]]
        assert bias.tolist() == numbers[first + 6 : first + 9]
        assert last.tolist() == [[number] for number in numbers[first + 9 : first + 12]]
        assert shift.tolist() == [numbers[first + 12]]
    with pytest.raises(IndexError):
        model.weights(2)


def test_a_sample_gives_rows_and_classes_or_values() -> None:
    features, target = SAMPLE.arrays()
    assert features.tolist() == [[0.5, -1], [2, 3]]
    assert (target.tolist(), target.dtype.kind) == ([1, 0], "i")
    _, values = msgspec.structs.replace(SAMPLE, classes=None, target=array("d", [1.5, 0]).tobytes()).arrays()
    assert values.tolist() == [1.5, 0]


MASKS = Sample(
    key="shapes/fair/0",
    split="test",
    count=4,
    classes=2,
    input_shape=(2, 2, 1),
    target_shape=(2, 2),
    names=("ground", "thing"),
    features=array("f", range(8)).tobytes(),
    target=array("d", [0, 1, 1, 0, 1, 1, 0, 0]).tobytes(),
)


def outputs_of(trial: int) -> KeptOutputs:
    return KeptOutputs(
        trial=trial,
        epochs=(0, 4, 9),
        rows=2,
        shape=(2, 2),
        reading="logit",
        link="identity",
        scaling=Scaling(),
        data=array("f", range(24)).tobytes(),
    )


def test_outputs_and_images_are_read_back_as_they_were_written(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=1))
    one, other = claimed(store).id, claimed(store).id
    store.worker.finish(one, "done", model=outputs_of(one), sample=MASKS)
    store.worker.finish(other, "done", model=model_of(other))
    assert store.reader.models([one, other]) == {one: outputs_of(one), other: model_of(other)}
    assert store.reader.sample(MASKS.key) == MASKS
    features, target = MASKS.arrays()
    assert features[1, :, :, 0].tolist() == [[4, 5], [6, 7]]
    assert target.tolist() == [[[0, 1], [1, 0]], [[1, 1], [0, 0]]]
    assert outputs_of(one).output(-1)[1].tolist() == [[20, 21], [22, 23]]
    with pytest.raises(IndexError):
        outputs_of(one).output(3)


@pytest.mark.parametrize(
    "changed",
    [{"target_shape": (2, 3)}, {"input_shape": (4, 4, 1)}, {"count": 5}, {"features": b""}, {"target": b""}],
)
def test_a_sample_whose_parts_do_not_fit_is_not_whole(changed: dict[str, Any]) -> None:
    assert MASKS.whole
    assert not msgspec.structs.replace(MASKS, **changed).whole


def test_outputs_of_another_size_than_they_say_are_damage(store: Store, tmp_path: Path) -> None:
    store.requests.ask("s", two_losses(seeds=1))
    number = claimed(store).id
    store.worker.finish(number, "done", model=msgspec.structs.replace(outputs_of(number), rows=3))
    with pytest.raises(StoreError, match="damaged"):
        store.reader.models([number])


def test_a_trial_that_is_taken_up_again_loses_its_model(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=1))
    row = claimed(store)
    store.worker.finish(row.id, "failed", model=model_of(row.id), sample=SAMPLE)
    store.requests.ask("s", two_losses(seeds=1))
    assert store.reader.models([row.id]) == {row.id: model_of(row.id)}
    assert claimed(store).id == row.id
    assert store.reader.models([row.id]) == {}
    store.worker.finish(row.id, "done", model=model_of(row.id, 0.25))
    store.worker.finish(row.id, "failed", model=model_of(row.id, 0.75))  # of a worker that was thought dead
    assert store.reader.models([row.id]) == {row.id: model_of(row.id, 0.25)}
    assert next(one.status for one in store.reader.trials([1])) == "done"


def test_what_is_kept_is_there_until_it_is_replaced(store: Store) -> None:
    assert store.preferences.kept("view") is None
    store.preferences.keep("view", "1")
    store.preferences.keep("other", "")
    with Store(store.path) as other:
        assert other.preferences.kept("view") == "1"
        other.preferences.keep("view", '{"été": 2}')
    assert (store.preferences.kept("view"), store.preferences.kept("other")) == ('{"été": 2}', "")


# Renaming and deleting


def test_a_renamed_session_holds_what_it_held(store: Store) -> None:
    asked = store.requests.ask("old", two_losses())
    store.sessions.rename("old", "  new ")
    assert [row.name for row in store.sessions.every()] == ["new"]
    assert [(one.id, one.session) for one in store.reader.comparisons("new")] == [(asked.id, "new")]
    assert store.reader.comparisons("old") == []
    store.sessions.rename("new", "new")
    assert [row.name for row in store.sessions.every()] == ["new"]


@pytest.mark.parametrize(
    ("old", "new", "error", "sentence"),
    [
        ("tuesday", "friday", UnknownName, "There is no session 'tuesday'"),
        ("monday", "sunday", UsageError, "There is a session 'sunday' already: choose another name."),
        ("monday", "two\nlines", UsageError, "1 to 80 printable characters"),
    ],
)
def test_a_name_that_cannot_be_given_changes_nothing(
    store: Store, old: str, new: str, error: type[Exception], sentence: str
) -> None:
    store.requests.ask("monday", two_losses())
    store.requests.ask("sunday", two_losses())
    before = store.reader.tick()
    with pytest.raises(error, match=sentence):
        store.sessions.rename(old, new)
    assert [row.name for row in store.sessions.every()] == ["sunday", "monday"]
    assert store.reader.tick() == before


def rows_of(store: Store, table: str) -> int:
    with closing(sqlite3.connect(store.path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_deleted_session_takes_along_all_that_no_other_holds(store: Store) -> None:
    kept = store.requests.ask("kept", two_losses(seeds=1))
    store.requests.ask("gone", two_losses(seeds=2))
    while row := store.worker.claim("auto"):
        store.worker.finish(row.id, "done", chunk=chunk(row.id, 0, epochs=4), model=model_of(row.id), sample=SAMPLE)
    before = [(row.id, row.status) for row in store.reader.trials([kept.id])]
    store.sessions.delete("gone")
    assert [(row.name, row.trials) for row in store.sessions.every()] == [("kept", 2)]
    assert store.reader.comparisons("gone") == []
    assert [(row.id, row.status) for row in store.reader.trials([kept.id])] == before
    counts = {table: rows_of(store, table) for table in ("comparisons", "comparison_trials", "trials", "curves")}
    assert counts == {"comparisons": 1, "comparison_trials": 2, "trials": 2, "curves": 2}
    assert set(store.reader.models(range(100))) == {number for number, _ in before}
    store.sessions.delete("kept")
    assert store.sessions.every() == []
    assert [rows_of(store, table) for table in ("trials", "curves", "models")] == [0, 0, 0]
    assert schema.damage(store.path) == []


def test_a_deleted_session_stops_what_only_it_waits_for(store: Store) -> None:
    other = store.requests.ask("other", two_losses(seeds=1))
    store.requests.ask("gone", two_losses(seeds=2))
    store.sessions.delete("gone")
    assert statuses(store, other) == ["queued", "queued"]
    assert sum(store.worker.queued_epochs("auto").values()) == 2 * 4
    assert rows_of(store, "trials") == 2


@pytest.mark.parametrize("end", ["cancelled", "done", "the worker dies"])
def test_a_trial_that_runs_while_its_session_is_deleted_is_told_to_stop_and_goes_at_the_next_deletion(
    store: Store, end: Status
) -> None:
    store.requests.ask("gone", two_losses(seeds=1))
    running = claimed(store)
    store.sessions.delete("gone")
    assert rows_of(store, "trials") == 1
    assert store.worker.record(chunk(running.id, 0)) is True
    if end in ("cancelled", "done"):
        store.worker.finish(running.id, end, chunk=chunk(running.id, 2), model=model_of(running.id), sample=SAMPLE)
    else:
        store.worker.requeue("auto", died=True)
    assert store.worker.claim("auto") is None
    assert store.sessions.every() == []
    store.requests.ask("other", two_losses(seeds=1, epochs=5))
    store.sessions.delete("other")
    assert rows_of(store, "trials") == 0


def test_a_trial_that_is_asked_for_again_after_its_session_was_deleted_goes_on(store: Store) -> None:
    store.requests.ask("gone", two_losses(seeds=1))
    running = claimed(store)
    store.sessions.delete("gone")
    again = store.requests.ask("new", two_losses(seeds=1))
    assert store.reader.trials([again.id])[0].id == running.id
    assert store.worker.record(chunk(running.id, 0)) is False


def test_what_a_worker_says_of_a_trial_that_is_gone_is_not_written(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=1))
    assert store.worker.record(chunk(1000, 0)) is True
    store.worker.finish(1000, "done", chunk=chunk(1000, 2), scores={}, model=model_of(1000), sample=SAMPLE)
    assert [rows_of(store, table) for table in ("trials", "curves", "models", "samples")] == [2, 0, 0, 0]


def test_numbers_of_what_was_deleted_are_not_given_again(store: Store) -> None:
    first = store.requests.ask("s", two_losses())
    rows = store.reader.trials([first.id])
    store.sessions.delete("s")
    second = store.requests.ask("s", two_losses(epochs=5))
    assert second.id > first.id
    assert min(row.id for row in store.reader.trials([second.id])) > max(row.id for row in rows)
    assert len(store.reader.trials([second.id])) == 4


def test_only_a_session_that_is_there_is_deleted(store: Store) -> None:
    store.requests.ask("monday", two_losses())
    before = store.reader.tick()
    with pytest.raises(UnknownName, match="Did you mean monday"):
        store.sessions.delete("munday")
    assert store.reader.tick() == before
    assert [row.trials for row in store.sessions.every()] == [4]


# Going on from where a training was


def long_training(store: Store) -> TrialRow:
    """Return a running trial whose curve has four epochs and whose checkpoint stands there."""
    store.requests.ask("s", two_losses(seeds=1))
    row = claimed(store)
    store.worker.record(chunk(row.id, 0, epochs=4))
    store.worker.save(row.id, Checkpoint(epochs=4, seconds=20.0, state=b"there"))
    return row


def test_a_trial_that_was_interrupted_begins_at_its_checkpoint(store: Store) -> None:
    row = long_training(store)
    store.worker.record(chunk(row.id, 4, epochs=3))
    store.worker.requeue("auto", died=True)
    again = claimed(store)
    assert (again.id, again.epochs, again.attempts) == (row.id, 4, 2)
    assert store.worker.checkpoint(row.id) == Checkpoint(epochs=4, seconds=20.0, state=b"there")
    store.worker.record(chunk(row.id, 4, epochs=1))  # what was recorded beyond the checkpoint is replaced
    assert [(one.start, one.epochs) for one in store.reader.chunks([1])[0] if one.trial == row.id] == [(0, 4), (4, 1)]
    store.worker.finish(row.id, "done", scores={})
    assert store.worker.checkpoint(row.id) is None


def test_a_checkpoint_of_a_trial_that_no_longer_runs_or_is_not_that_far_is_not_kept(store: Store) -> None:
    row = long_training(store)
    store.worker.save(row.id, Checkpoint(epochs=5, seconds=30.0, state=b"beyond its curve"))
    kept = store.worker.checkpoint(row.id)
    assert kept is not None
    assert kept.epochs == 4
    store.worker.finish(row.id, "failed", error="taken for hung")
    store.worker.save(row.id, Checkpoint(epochs=4, seconds=30.0, state=b"of a lane that was left behind"))
    assert store.worker.checkpoint(row.id) is None


def test_a_checkpoint_whose_curve_was_lost_is_not_gone_on_from(store: Store) -> None:
    row = long_training(store)
    store.worker.requeue("auto", died=True)
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("DELETE FROM curves")
        connection.commit()
    assert (claimed(store).id, store.reader.trials([1])[0].epochs) == (row.id, 0)


def test_two_deaths_of_workers_count_only_where_nothing_was_kept_between_them(store: Store) -> None:
    row = long_training(store)
    for epochs in (6, 8):
        store.worker.requeue("auto", died=True)
        again = claimed(store)
        assert (again.id, again.attempts) == (row.id, 2)
        store.worker.record(chunk(row.id, epochs - 2, epochs=2))
        store.worker.save(row.id, Checkpoint(epochs=epochs, seconds=1.0, state=b""))
    store.worker.requeue("auto", died=True)
    assert claimed(store).id == row.id
    store.worker.requeue("auto", died=True)
    assert store.reader.trials([1])[0].status == "failed"


def test_what_was_being_stopped_when_its_worker_died_is_resumed(store: Store) -> None:
    store.requests.ask("s", two_losses(seeds=1))
    rows = [claimed(store) for _ in store.reader.trials([1])]
    store.requests.cancel([1])
    (again,) = store.sessions.resume("s")
    assert again.cancelled is None
    store.worker.requeue("auto", died=True)
    assert [row.status for row in store.reader.trials([1])] == ["queued"] * len(rows)


def test_an_ask_that_is_interrupted_half_way_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossterm.store.requests._AT_ONCE", 3)
    kept = Requests._queue
    calls: list[int] = []

    def interrupted(self: Requests, trials: Sequence[Any], tick: int) -> list[int]:
        calls.append(len(trials))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return kept(self, trials, tick)

    monkeypatch.setattr(Requests, "_queue", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.requests.ask("s", two_losses(seeds=9))
    assert calls == [3, 3, 3]
    assert store.sessions.every() == []
    assert store.worker.queued_epochs("auto") == {}
    assert store._connection.read("SELECT count(*) FROM trials")[0][0] == 0
