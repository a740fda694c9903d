"""`lossterm cluster`: the nodes of a Ray cluster, what they lend, and what to do about each problem."""

import subprocess
import sys

import click
import msgspec

from lossterm.cli.options.cluster import cluster_options
from lossterm.cli.options.shared import StorePath, list_formats, store_option
from lossterm.errors import DataError, UsageError
from lossterm.home.paths import default_store_path
from lossterm.store import HERE, Store
from lossterm.text.harmless import printable
from lossterm.text.numbers import counted, memory_size
from lossterm.worker_control import lock
from lossterm.worker_control.cluster import FORM, Cluster


class SeenFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Versions of a node, as `lossterm.engine.cluster.look` prints them."""

    lossterm: str
    """Of the package, "" where it is not installed."""
    tensorflow: str = ""
    """Of TensorFlow."""
    keras: str = ""
    """Of Keras."""
    python: str = ""
    """Of Python."""
    processor: str = ""
    """The model of its processor."""
    authenticated: bool = False
    """Whether the cluster wants a token of whoever connects."""


class SeenNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node."""

    name: str
    """What a person calls it."""
    cores: int
    """Cores that it lends, each a lane."""
    cards: int
    """GPUs that it lends, each a lane for --device gpu."""
    facts: SeenFacts | None
    """What it says of itself; None where it did not answer."""
    load: float | None
    """Processes that run or wait to run on it, over the last minute."""
    free: int | None
    """Bytes that are free on the disk of what it keeps."""
    problem: str = ""
    """Why it is given nothing and what to do; "" where it is."""


class SeenCluster(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster, as `lossterm.engine.cluster.look` prints it."""

    address: str
    """Where it is."""
    nodes: list[SeenNode]
    """All of its nodes."""
    problem: str = ""
    """Why it is not used at all, and what to do; "" where it is."""


@click.command()
@cluster_options
@list_formats
@store_option
def cluster(cluster: Cluster | None, form: str, store: StorePath) -> None:
    """Look at a Ray cluster: its nodes, their lanes, versions and load, and what to do about each problem.

    Nothing is trained. Exit code 3 where the cluster, or a node of it, is not used.
    """
    if cluster is None:
        raise UsageError(f"Say which cluster: --cluster {FORM}, or LOSSTERM_CLUSTER.")
    command = [sys.executable, "-P", "-m", "lossterm.engine.cluster.look", *cluster.options]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no output"])[-1]
        raise DataError(
            f"The cluster at {cluster.address} could not be looked at: {printable(last).removesuffix('.')}."
        )
    seen = msgspec.json.decode(done.stdout, type=SeenCluster)
    used = _lanes_in_use(store)
    if form == "json":
        click.echo(msgspec.json.encode({**msgspec.to_builtins(seen), "lanes_in_use": used}).decode())
    else:
        for line in lines(seen, used):
            click.echo(printable(line))
    if problems := [*filter(None, (seen.problem, *(node.problem for node in seen.nodes)))]:
        raise DataError(problems[0] if len(problems) == 1 else f"{counted(len(problems), 'problem')}: see above.")


def lines(seen: SeenCluster, used: dict[str, int]) -> list[str]:
    """Say what was seen, a line for each node and one for what to do about it."""
    lanes = sum(node.cores for node in seen.nodes if not node.problem)
    told = [f"Cluster at {seen.address}: {counted(len(seen.nodes), 'node')}, {counted(lanes, 'lane')}."]
    width = max((len(node.name) for node in seen.nodes), default=0)
    for node in seen.nodes:
        told.append(f"{'BAD ' if node.problem else 'ok  '}  {node.name.ljust(width)}  {_in_words(node)}")
        if node.problem:
            told.append(f"{'':{width + 8}}→ {node.problem}")
    if seen.problem:
        told.append(f"BAD   {seen.problem}")
    for name, count in used.items():
        told.append(f"in use: {counted(count, 'lane')} on {name}")
    return told


def _in_words(node: SeenNode) -> str:
    """Say of a node what it lends, how busy it is, and what it has."""
    parts = [counted(node.cores, "core")]
    if node.cards:
        parts.append(counted(node.cards, "GPU"))
    if node.load is not None:
        parts.append(f"load {node.load:.1f}")
    if node.free is not None:
        parts.append(f"{memory_size(node.free)} free")
    if facts := node.facts:
        versions = (
            ("lossterm", facts.lossterm),
            ("TensorFlow", facts.tensorflow),
            ("Keras", facts.keras),
            ("Python", facts.python),
        )
        parts += [f"{what} {version}" for what, version in versions if version]
        parts += [facts.processor] if facts.processor else []
        parts.append("wants a token" if facts.authenticated else "wants no token")
    return ", ".join(parts)


def _lanes_in_use(store: StorePath) -> dict[str, int]:
    """Return how many lanes living workers of a store have on which node now, this machine left out."""
    path = store or default_store_path()
    if not path.exists():
        return {}
    with Store(path, make=False) as opened:
        used: dict[str, int] = {}
        for worker in opened.reader.workers():
            living = lock.alive(path, worker.device)  # what a dead one said stays there
            for name, count in worker.lanes.items():
                if living and name != HERE:
                    used[name] = used.get(name, 0) + count
        return used
