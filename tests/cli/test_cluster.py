"""`lossterm cluster`, and `--cluster` of what trains, with nodes that are threads of a bridge."""

import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from lossterm.cli.commands import cluster as command
from lossterm.cli.main import cli
from lossterm.comparison.user_code_consent import shared
from lossterm.engine.cluster import hello, look
from lossterm.engine.cluster.messages import Joined, NodeBeat, NodeDown, NodeFacts, NodeUp
from lossterm.errors import DataError, UsageError
from lossterm.losses import source_from
from lossterm.store import HERE, Store
from lossterm.worker_control import lock, starting, supervisor
from lossterm.worker_control.cluster import Cluster
from lossterm.worker_control.starting import Workers
from tests.builders.loaded_modules import loaded_by
from tests.faults.watcher import until

FAKE = (
    sys.executable,
    "-c",
    "import sys; from lossterm.engine.fakes import fake_engine; from lossterm.engine.worker.process import main; "
    "main(fake_engine.load_fake, (sys.executable, '-P', '-m', 'lossterm.engine.fakes.fake_cluster'))",
)
"""A worker with the fake engine, and a bridge to nodes that are threads."""

ADDRESS = "127.0.0.1:6379"
MINE = hello.facts()


def invoke(*words: str, **more: Any) -> Result:
    return CliRunner().invoke(cli, words, obj={"workers": Workers(FAKE)}, **more)


@pytest.fixture
def worker_ends(store: Store) -> Iterator[None]:
    yield
    for holder in [lock.sign(store.path, device) for device in ("auto",)]:
        if holder and lock.alive(store.path, "auto"):
            os.kill(holder.pid, signal.SIGTERM)
            until(lambda: not lock.alive(store.path, "auto"), "the worker to leave")


RUN = ("run", "--task", "circles", "--loss", "hinge", "--protocol", "tutorial", "--session", "s", "--no-project")


def test_a_run_trains_on_nodes_beside_this_machine_and_says_so(
    store: Store, worker_ends: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOSSTERM_FAKE_NODES", "2x3")
    monkeypatch.setenv("LOSSTERM_FAKE_EPOCH_SECONDS", "0.01")
    done = invoke(*RUN, "--seeds", "12", "--epochs", "40", "--cluster", ADDRESS, "--format", "json")
    assert done.exit_code == 0, done.output
    (standing,) = [one for one in json.loads(done.stdout)["standings"] if one["loss"]]
    assert standing["trials"] == 12
    (worker,) = store.reader.workers()
    assert worker.lanes == {HERE: 1, "node-1": 3, "node-2": 3}, "a core that is lent is not used twice"
    assert (worker.environment or {})["chosen"] == "CPU + 6 lanes on 2 nodes"
    assert not any("lanes" in (row.environment or {}) for row in store.reader.trials([1]))


def test_code_that_is_named_in_a_run_with_a_cluster_may_go_there(
    store: Store, worker_ends: None, tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def mine(y_true, y_pred):\n    return (y_true - y_pred) ** 2\n")
    words = (
        "run",
        "--task",
        "regression",
        "--loss-file",
        f"{file}:mine",
        "--seeds",
        "1",
        "--epochs",
        "2",
        "--no-project",
    )
    assert invoke(*words).exit_code == 0
    source = source_from(f"{file}:mine")
    assert not shared(ADDRESS, source, source.digest)
    assert invoke(*words, "--cluster", ADDRESS).exit_code == 0
    assert shared(ADDRESS, source, source.digest)


def test_a_worker_without_the_cluster_is_replaced_once(store: Store, worker_ends: None) -> None:
    first = starting.ensure(store.path, "auto", FAKE)
    assert first is not None
    until(lambda: (holder := lock.sign(store.path, "auto")) and holder.beat, "the worker")
    keeper = supervisor.Supervisor(store.path, "auto", FAKE, cluster=Cluster(ADDRESS))
    keeper.GRACE = 0.0
    mark = Cluster(ADDRESS).mark

    def has_cluster() -> bool:
        keeper.tend(needed=True, ready=False)
        holder = lock.sign(store.path, "auto")
        return holder is not None and bool(holder.beat) and holder.cluster == mark

    until(has_cluster, "one that uses it")
    first.wait(10)
    other = supervisor.Supervisor(store.path, "auto", FAKE, cluster=Cluster("another:6379"))
    other._moved = True  # it has had its way once
    holder = lock.sign(store.path, "auto")
    other.tend(needed=True, ready=True)
    until(lambda: (now := lock.sign(store.path, "auto")) and holder and now.beat > holder.beat, "another sign")
    assert lock.alive(store.path, "auto")
    plain = supervisor.Supervisor(store.path, "auto", FAKE)
    plain.tend(needed=True, ready=True)
    assert (now := lock.sign(store.path, "auto")) is not None
    assert now.cluster == mark


def test_a_sign_with_everything_in_it_fits_where_signs_are(store: Store) -> None:
    descriptor = lock.hold(store.path, "auto")
    assert descriptor is not None
    sign = lock.Sign(
        pid=4194304, beat=10**8, memory=10**13, refused=False, before=4194304, cluster=Cluster(ADDRESS).mark
    )
    assert len(msgspec.json.encode(sign)) <= lock._SIGN_BYTES
    lock.give(descriptor, sign)
    lock.note_death(store.path, "auto", lock.Death(pid=4194304, code=-9))
    assert lock.sign(store.path, "auto") == sign
    os.close(descriptor)


# What `lossterm cluster` says


def up(name: str, *, loopback: bool = True, **facts: Any) -> NodeUp:
    said = msgspec.structs.replace(MINE, **facts)
    return NodeUp(node=name, name=name, loopback=loopback, cores=4, cards=0, facts=said)


class Told:
    """A bridge that says what it is given."""

    def __init__(self, *messages: Any) -> None:
        self._left = list(messages)

    def send(self, message: Any) -> None:
        raise AssertionError("nothing is asked of it")

    def receive(self, seconds: float) -> Any:
        return self._left.pop(0) if self._left else None

    def close(self) -> None:
        pass


def seen(*messages: Any, allow_open: bool = False) -> look.ClusterSeen:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(look, "BEAT_SECONDS", 0.02)
        return look.look(Cluster(ADDRESS, allow_open), Told(*messages, Joined(address=ADDRESS)), MINE)


def test_it_shows_nodes_versions_and_load_and_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    found = seen(
        up("near"),
        NodeBeat(node="near", load=1.25, free=2**34),
        up("old", tensorflow="2.20.0"),
        NodeDown(node="mute", name="mute", reason="it was killed"),
    )
    living = lock.hold(store.path, "auto")
    assert living is not None
    for device, count in (("auto", 4), ("cpu", 8)):
        lanes = json.dumps({HERE: 2, "near": count})
        store.worker.report_worker(device, 1, "training", "", {"device": "CPU", "lanes": lanes})
    answer = SimpleNamespace(returncode=0, stdout=msgspec.json.encode(found), stderr=b"")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: answer)
    done = invoke("cluster", "--cluster", ADDRESS)
    assert isinstance(done.exception, DataError)
    assert str(done.exception) == "2 problems: see above."
    lines = done.stdout.splitlines()
    assert lines[0] == f"Cluster at {ADDRESS}: 3 nodes, 4 lanes."
    assert lines[1].startswith("ok    near  4 cores, load 1.2, 17.2 GB free, lossterm ")
    assert lines[2].startswith("BAD   old   4 cores, ")
    assert lines[3].strip().startswith("→ Node old has TensorFlow 2.20.0, and here is ")
    assert "Node mute does not answer: it was killed." in lines[5]
    assert lines[-1] == "in use: 4 lanes on near"
    document = json.loads(invoke("cluster", "--cluster", ADDRESS, "--format", "json").stdout)
    assert [node["name"] for node in document["nodes"]] == ["near", "old", "mute"]
    assert document["lanes_in_use"] == {"near": 4}, "none of a worker that is dead"
    os.close(living)
    assert json.loads(invoke("cluster", "--cluster", ADDRESS, "--format", "json").stdout)["lanes_in_use"] == {}


def test_a_node_that_goes_while_it_is_looked_at_is_listed_once() -> None:
    down = NodeDown(node="one", name="one", reason="it was killed")
    (gone,) = seen(up("one"), down).nodes
    assert gone.problem == "Node one does not answer: it was killed. Its Ray logs may tell why."
    (back,) = seen(up("one"), down, up("one")).nodes
    assert back.problem == ""


def test_a_cluster_that_does_not_say_which_nodes_it_has_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "LOOK_SECONDS", 0.02)
    found = look.look(Cluster(ADDRESS), Told(), MINE)
    assert found.nodes == []
    assert found.problem.startswith(f"The cluster at {ADDRESS} did not say within 0.02 s which nodes it has: ")


def test_a_look_that_fails_ends_in_one_full_stop(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = SimpleNamespace(returncode=1, stdout=b"", stderr=b"Traceback\nOSError: there is no room.\n")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: answer)
    done = invoke("cluster", "--cluster", ADDRESS)
    assert str(done.exception) == f"The cluster at {ADDRESS} could not be looked at: OSError: there is no room."


def test_an_open_cluster_is_told_of_unless_that_is_allowed() -> None:
    assert "lets in whoever reaches it" in seen(up("far", loopback=False)).problem
    assert seen(up("far", loopback=False), allow_open=True).problem == ""
    assert seen(up("far", loopback=False, authenticated=True)).problem == ""


def test_what_the_command_reads_is_what_the_look_prints() -> None:
    assert {*command.SeenFacts.__struct_fields__} <= {*NodeFacts.__struct_fields__}
    assert command.SeenNode.__struct_fields__ == look.NodeSeen.__struct_fields__
    assert command.SeenCluster.__struct_fields__ == look.ClusterSeen.__struct_fields__


def test_a_look_through_a_real_bridge(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(sys, "argv", ["look", "--cluster", ADDRESS])
    written = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(written):
        look.main((sys.executable, "-P", "-m", "lossterm.engine.fakes.fake_cluster"))
    assert isinstance(written.buffer, io.BytesIO)
    found = msgspec.json.decode(written.buffer.getvalue(), type=look.ClusterSeen)
    assert {node.name: node.problem for node in found.nodes} == {"node-1": "", "node-2": ""}


# What is asked for in vain


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cluster",), "Say which cluster: --cluster auto, HOST:PORT or ray://HOST:PORT, or LOSSTERM_CLUSTER."),
        ((*RUN, "--cluster", "head"), "--cluster 'head' is not the address of a cluster: give auto, HOST:PORT or "),
        (("--cluster", ADDRESS, "run"), "--cluster stands after the command's name: lossterm run …"),
    ],
)
def test_what_is_no_cluster_is_refused(home: Path, words: tuple[str, ...], said: str) -> None:
    done = invoke(*words)
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)


def test_without_ray_it_is_said_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    done = invoke(*RUN, "--cluster", ADDRESS)
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == f"Training on the cluster {ADDRESS} needs Ray: pip install 'lossterm[ray]'."


def test_nothing_imports_ray_unless_it_is_asked_to() -> None:
    modules = ("cli.main", "cli.commands.cluster", "tui.app", "engine.cluster.look", "engine.cluster.node_lane")
    code = "".join(f"import lossterm.{module}\n" for module in (*modules, "engine.worker.process"))
    assert "ray" not in loaded_by(code)
