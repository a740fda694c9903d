"""Nodes that are threads: what becomes of trials when nodes, lanes or the cluster fail, join and leave."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_code_consent import share, trust
from lossterm.data import FileRequest
from lossterm.data.description import describe
from lossterm.engine.cluster import bridge, hello, lanes
from lossterm.engine.cluster.served import ClusterLost
from lossterm.engine.fakes.fake_cluster import FakeNode, FakeSide
from lossterm.engine.lanes.lane_client import Limits
from lossterm.errors import UsageError
from lossterm.home.paths import shelf
from lossterm.losses import source_from
from lossterm.store import AskedComparison, Store, TrialRow
from lossterm.worker_control.cluster import Cluster, cluster_from
from tests.faults.watcher import until
from tests.lanes.places import CLUSTER, LIMITS, Nodes

Run = Callable[..., Nodes]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have signs of life come often, and their lack be noticed soon."""
    monkeypatch.setattr(bridge, "BEAT", 0.1)
    monkeypatch.setattr(bridge, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(lanes, "PAUSE", 0.01)


@pytest.fixture
def run(store: Store) -> Iterator[Run]:
    """Return what begins to serve nodes; it is ended with the test."""
    stop, threads = threading.Event(), list[threading.Thread]()
    failed: list[BaseException] = []

    def begin(*nodes: FakeNode, limits: Limits = LIMITS, **more: Any) -> Nodes:
        place = Nodes(stop, limits, FakeSide({node.seen.name: node for node in nodes}), **more)

        def serve() -> None:
            try:
                with Store(store.path, make=False) as own:
                    place.serve(own, lambda _: pytest.fail("there is no lane of this machine"))
            except BaseException as error:
                failed.append(error)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        place.failed = failed
        return place

    yield begin
    stop.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def ask(store: Store, *losses: str, epochs: int = 40, seeds: int = 3) -> AskedComparison:
    losses = losses or ("hinge", "squared_hinge")
    one = Comparison.ask("circles", losses, protocol="tutorial", seeds=seeds, epochs=epochs)
    return store.requests.ask("s", one)


def rows_of(store: Store, asked: AskedComparison) -> list[TrialRow]:
    return store.reader.trials([asked.id])


def done(store: Store, asked: AskedComparison) -> Callable[[], bool]:
    return lambda: all(row.status == "done" for row in rows_of(store, asked))


def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")


def trains_on(place: Nodes, node: FakeNode) -> Callable[[], bool]:
    def trains() -> bool:
        there = place.dispatcher
        lanes = list(there.lanes.values()) if there else []
        return any(lane.slot.node == node.seen.name and lane.ledger.given for lane in lanes)

    return trains


# Nodes that die, come back, join and leave


def test_a_node_that_is_silent_is_noticed_and_what_it_had_is_trained_by_another(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch)
    asked, one, other = ask(store, epochs=60), FakeNode("one", 1), FakeNode("other", 1)
    place = run(one, other)
    until(trains_on(place, one), "a training on the first node")
    one.silent.set()
    until(done(store, asked), "the end on the other")
    assert {row.attempts for row in rows_of(store, asked)} == {1}, "nobody is blamed"


def test_what_a_link_that_stalls_brings_late_is_known_for_what_it_is(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch)
    asked, one, other = ask(store, epochs=60), FakeNode("one", 1), FakeNode("other", 1)
    place = run(one, other)
    until(trains_on(place, one), "a training on the first node")
    one.silent.set()
    until(lambda: place.dispatcher and "one" not in place.dispatcher.nodes, "it to be noticed")
    one.silent.clear()
    until(trains_on(place, one), "the first node to be used again")
    until(done(store, asked), "the end")
    assert {(row.epochs, row.attempts) for row in rows_of(store, asked)} == {(60, 1)}


def test_a_node_that_joins_is_used(store: Store, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch)
    ask(store, epochs=5000)
    place, late = run(FakeNode("one", 1)), FakeNode("late", 2)
    place.side.members["late"] = late
    until(trains_on(place, late), "a training on the node that joined")
    assert place.dispatcher is not None
    until(lambda: place.dispatcher and place.dispatcher.lanes_by_node() == {"one": 1, "late": 2}, "all lanes")


def test_a_node_that_leaves_is_given_nothing_more_and_ends_what_it_has(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch)
    asked, one, other = ask(store, epochs=80, seeds=6), FakeNode("one", 1), FakeNode("other", 1)
    place = run(one, other)
    until(trains_on(place, one), "a training on the first node")
    one.seen = one.seen._replace(leaves=True)
    until(lambda: place.dispatcher and place.dispatcher.lanes_by_node() == {"other": 1}, "its lane to be closed")
    until(done(store, asked), "the end on the other")
    assert {row.attempts for row in rows_of(store, asked)} == {1}


def test_a_cluster_that_is_lost_puts_back_what_it_had(store: Store, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch)
    asked, one = ask(store, epochs=5000), FakeNode("one", 1)
    place = run(one)
    until(trains_on(place, one), "a training")
    place.side.lost = "the head is gone"
    until(lambda: place.failed, "the loss to be told")
    (error,) = place.failed
    assert isinstance(error, ClusterLost)
    assert (str(error), error.final) == ("The cluster at 127.0.0.1:6379 is lost: the head is gone.", False)
    until(lambda: all(row.status == "queued" for row in rows_of(store, asked)), "all to be queued")
    assert {row.attempts for row in rows_of(store, asked)} == {0}


# Lanes that die and hang


def test_a_lane_whose_process_dies_is_replaced_and_its_trials_tried_again(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch)
    asked, one = ask(store, epochs=60), FakeNode("one", 1)
    place = run(one)
    until(trains_on(place, one), "a training")
    place.side.lanes[0].killed = True
    until(lambda: len(place.side.lanes) > 1, "another lane")
    until(done(store, asked), "the end")
    assert max(row.attempts for row in rows_of(store, asked)) <= 2


def test_a_lane_that_gives_no_epoch_fails_what_it_trains_and_is_replaced(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "30")
    hung = ask(store, "hinge", seeds=1, epochs=3)
    place = run(FakeNode("one", 1), limits=msgspec.structs.replace(LIMITS, hang=0.5))
    until(lambda: rows_of(store, hung)[0].status == "failed", "it to be taken for hung")
    assert rows_of(store, hung)[0].error == "It gave no epoch for 0.5 s and was taken for hung."
    until(lambda: len(place.side.lanes) > 1, "another lane")


def test_a_cancel_while_all_lanes_stream_stops_all_of_them(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(monkeypatch)
    monkeypatch.setenv("LOSSTERM_FAKE_WIDTH", "2")
    asked, nodes = ask(store, epochs=100_000, seeds=8), [FakeNode(name, 2) for name in ("one", "other")]
    run(*nodes)
    until(lambda: sum(row.epochs > 0 for row in rows_of(store, asked)) >= 4, "all lanes to stream")
    store.requests.cancel([asked.id])
    until(lambda: all(row.status == "cancelled" for row in rows_of(store, asked)), "all to be stopped")


def test_a_lane_has_two_batches_at_once(store: Store, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch)
    asked, place = ask(store, "hinge", epochs=100_000, seeds=6), run(FakeNode("one", 1))
    until(lambda: [row.status for row in rows_of(store, asked)].count("running") == 2, "two to be on their way")
    assert place.dispatcher is not None
    assert [len(lane.batches) for lane in place.dispatcher.lanes.values()] == [2]


# Who is refused


MINE = hello.facts()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lossterm": ""}, "Node far has no lossterm: install "),
        ({"lossterm": "0.0.1"}, "Node far has lossterm 0.0.1, and here is "),
        ({"tensorflow": "2.20.0"}, "Node far has TensorFlow 2.20.0, and here is "),
        ({"keras": ""}, "Node far has Keras not at all, and here is "),
        ({"python": "3.9.1"}, "Node far has Python 3.9, and here is "),
        ({"engine": 1}, "Node far has another state of lossterm "),
        ({"family": f"{MINE.family} of_another"}, "with of_another), which trains to other numbers than the one here"),
    ],
)
def test_a_node_that_would_train_to_other_numbers_is_refused_with_a_sentence(
    store: Store, run: Run, change: dict[str, Any], words: str
) -> None:
    asked = ask(store)
    place = run(FakeNode("far", 1, msgspec.structs.replace(MINE, **change)), FakeNode("one", 1))
    until(done(store, asked), "the end on the other")
    assert place.dispatcher is not None
    (trouble,) = place.dispatcher.troubles
    assert words in trouble
    assert place.dispatcher.lanes_by_node() == {"one": 1}


def test_a_processor_of_the_same_family_is_welcome(store: Store) -> None:
    other = msgspec.structs.replace(MINE, processor="another model", machine="another", python=f"{MINE.python}9")
    assert hello.refusal(MINE, other, "far") == ""


def test_instructions_and_maker_make_the_family() -> None:
    info = {"vendor_id": "AuthenticAMD", "flags": "fpu sse2 avx2 fma"}
    assert hello.family(info, "x86_64") == "x86_64 AuthenticAMD avx2 fma"
    assert hello.family({"CPU implementer": "0x41", "Features": "fp asimd"}, "aarch64") == "aarch64 0x41 asimd"


@pytest.mark.parametrize(("authenticated", "allowed"), [(False, False), (True, False), (False, True)])
def test_a_cluster_that_lets_in_whoever_reaches_it_is_refused_unless_that_is_allowed(
    store: Store, run: Run, authenticated: bool, allowed: bool
) -> None:
    asked, node = ask(store), FakeNode("one", 1, msgspec.structs.replace(MINE, authenticated=authenticated))
    node.seen = node.seen._replace(loopback=False)
    place = run(node, cluster=Cluster(CLUSTER.address, allowed))
    if authenticated or allowed:
        until(done(store, asked), "the end")
        return
    until(lambda: place.failed, "the refusal")
    (error,) = place.failed
    assert isinstance(error, ClusterLost)
    assert error.final
    assert "lets in whoever reaches it" in str(error)
    assert "add --allow-open-cluster" in str(error)
    assert place.side.lanes == []
    assert {row.status for row in rows_of(store, asked)} == {"queued"}


# What goes to nodes


def user_table(tmp_path: Path) -> Comparison:
    file = tmp_path / "table.csv"
    file.write_text("a,b\n" + "".join(f"{n},{n * n}\n" for n in range(60)))
    data, _ = describe(FileRequest(path=str(file), target="b"), shelf())
    return Comparison.ask(data, ("mse", "mae"), seeds=2, epochs=3, learning_rates=(0.01,))


def test_a_table_goes_to_each_node_once(store: Store, run: Run, tmp_path: Path) -> None:
    asked, nodes = store.requests.ask("s", user_table(tmp_path)), [FakeNode(name, 2) for name in ("one", "other")]
    run(*nodes)
    until(done(store, asked), "the end")
    kept = [[ship.name for ship in node.kept] for node in nodes]
    assert [len(names) for names in kept if names] in ([1], [1, 1])
    assert len({name for names in kept for name in names}) == 1


def test_what_a_full_disk_of_a_node_keeps_from_it_is_trained_by_another(store: Store, run: Run, tmp_path: Path) -> None:
    asked, full, other = store.requests.ask("s", user_table(tmp_path)), FakeNode("full", 1), FakeNode("other", 1)
    full.refuses = "the table can't be kept here (No space left on device)."
    run(full, other)
    until(done(store, asked), "the end on the other")
    assert {row.attempts for row in rows_of(store, asked)} == {1}


def test_where_no_node_can_keep_a_table_its_trials_fail_with_the_reason(store: Store, run: Run, tmp_path: Path) -> None:
    asked, full = store.requests.ask("s", user_table(tmp_path)), FakeNode("full", 1)
    full.refuses = "the table can't be kept here (No space left on device)."
    run(full)
    until(lambda: all(row.status == "failed" for row in rows_of(store, asked)), "them to fail")
    assert {row.error for row in rows_of(store, asked)} == {f"Node full: {full.refuses}"}


def custom(tmp_path: Path) -> tuple[Path, Comparison]:
    file = tmp_path / "mine.py"
    file.write_text("def mine(y_true, y_pred):\n    return (y_true - y_pred) ** 2\n")
    return file, Comparison.ask("regression", (), own=(f"{file}:mine",), seeds=2, epochs=3, learning_rates=(0.01,))


def test_code_goes_to_a_cluster_only_where_it_was_named_for_it(store: Store, run: Run, tmp_path: Path) -> None:
    file, comparison = custom(tmp_path)
    source = source_from(f"{file}:mine")
    trust(source)
    share("another:6379", source)
    asked, node = store.requests.ask("s", comparison), FakeNode("one", 1)
    run(node)
    until(lambda: all(row.status == "failed" for row in rows_of(store, asked)), "them to fail")
    (words,) = {row.error for row in rows_of(store, asked)}
    assert words is not None
    assert f"{file} was not named for the cluster at {CLUSTER.address} in its present form" in words
    assert node.kept == []


def test_code_that_was_named_for_the_cluster_goes_there_once(store: Store, run: Run, tmp_path: Path) -> None:
    file, comparison = custom(tmp_path)
    share(CLUSTER.address, source_from(f"{file}:mine"))
    asked, node = store.requests.ask("s", comparison), FakeNode("one", 2)
    run(node)
    until(done(store, asked), "the end")
    (shipped,) = node.kept
    assert (shipped.what, Path(shipped.name).name, shipped.place) == ("code", "mine.py", str(file))


# How it is named


@pytest.mark.parametrize("text", ["auto", "head:6379", "10.0.0.1:6379", "ray://head.example.org:10001", "[::1]:6379"])
def test_an_address_is_taken_as_it_is(text: str) -> None:
    assert cluster_from(text) == text


@pytest.mark.parametrize("text", ["", "head", "http://head:6379", "head:port", "ray://", "-x:1 2", "a b:1"])
def test_what_is_no_address_is_refused_with_its_forms(text: str) -> None:
    with pytest.raises(UsageError, match=r"--cluster .* is not the address of a cluster: give auto, HOST:PORT or ray"):
        cluster_from(text)


def test_this_machine_lends_its_cores_once(store: Store, run: Run) -> None:
    far = msgspec.structs.replace(MINE, machine="another")
    place = run(FakeNode("one", 2), FakeNode("far", 4, far))
    until(lambda: place.dispatcher and place.dispatcher.joined, "both nodes")
    assert place.dispatcher is not None
    assert place.dispatcher.cores_here() == 2
