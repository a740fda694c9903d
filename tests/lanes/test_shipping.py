"""What a node keeps: tables and code, each only as it was sent; and what a worker counts of what runs elsewhere."""

import random
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.comparison.user_code_consent import share, shared, trusted
from lossterm.data import FileRequest
from lossterm.data.description import describe, load
from lossterm.data.table_cache import META, TableCache
from lossterm.engine.cluster import shipping
from lossterm.engine.cluster.remote_lane import coalesced
from lossterm.engine.contract import Result
from lossterm.engine.lanes.messages import Curve, Ended, FromLane
from lossterm.errors import DataError, Unnamed
from lossterm.home.paths import shelf
from lossterm.losses import source_from
from lossterm.store import AskedComparison, Chunk, Store
from lossterm.text.fingerprint import sha256

ADDRESS = "head:6379"


def test_a_table_is_kept_elsewhere_as_it_is(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    trial, need = a_table(home)
    files = {file.name: file.read_bytes() for file in need.place.iterdir()}
    elsewhere = TableCache(tmp_path_factory.mktemp("node") / "data")
    elsewhere.adopt(need.name, need.digest, files)
    assert trial.data
    came = elsewhere.find(trial.data.digest, trial.data.asked)
    assert came is not None
    assert came[0].data == trial.data
    assert (came[1].features == load(trial.data, shelf()).features).all()
    kept = elsewhere.place_of(trial.data.digest, trial.data.asked)
    assert {file.stat().st_mode & 0o777 for file in kept.iterdir()} == {0o600}


@pytest.mark.parametrize("what", ["a byte", "a file less", "a file more", "the record", "another name"])
def test_a_table_that_did_not_arrive_as_it_was_sent_is_not_kept(
    home: Path, tmp_path_factory: pytest.TempPathFactory, what: str
) -> None:
    _, need = a_table(home)
    files = {file.name: file.read_bytes() for file in need.place.iterdir()}
    if what == "a byte":
        files["target.npy"] = files["target.npy"][:-1] + b"\1"
    elif what == "a file less":
        del files["target.npy"]
    elif what == "a file more":
        files["../more.npy"] = b""
    elif what == "the record":
        files[META] = files[META].replace(b"60", b"61")
    place = tmp_path_factory.mktemp("node") / "data"
    with pytest.raises(DataError, match="a table did not arrive here as it was sent"):
        TableCache(place).adopt("0" * 32 if what == "another name" else need.name, need.digest, files)
    assert not place.exists()


def a_table(home: Path) -> tuple[Trial, shipping.Need]:
    file = home / "table.csv"
    file.write_text("a,b\n" + "".join(f"{n},{n * n}\n" for n in range(60)))
    data, _ = describe(FileRequest(path=str(file), target="b"), shelf())
    trial = next(iter(Comparison.ask(data, ("mse",), seeds=1, epochs=1).trials()))
    (need,) = shipping.needs(trial, ADDRESS)
    return trial, need


def code(home: Path) -> tuple[Trial, Path]:
    file = home / "mine.py"
    file.write_text("def mine(y_true, y_pred):\n    return (y_true - y_pred) ** 2\n")
    comparison = Comparison.ask("regression", (), own=(f"{file}:mine",), seeds=1, epochs=1)
    return next(iter(comparison.trials())), file


def test_code_is_kept_with_its_digest_and_run_from_where_the_node_has_it(home: Path) -> None:
    trial, file = code(home)
    share(ADDRESS, source_from(f"{file}:mine"))
    (need,) = shipping.needs(trial, ADDRESS)
    shipping.keep_code(need.name, need.digest, file.read_bytes())
    file.unlink()
    moved = shipping.here(trial)
    source = source_from(moved.source)
    assert source.file is not None
    assert source.file.is_relative_to(home / "code")
    assert source.file.stat().st_mode & 0o777 == 0o600
    assert (source.key, moved.loss) == (trial.loss, trial.loss)
    assert trusted(source)


def test_code_that_is_not_what_was_sent_is_neither_kept_nor_run(home: Path) -> None:
    trial, file = code(home)
    source = source_from(f"{file}:mine")
    share(ADDRESS, source)
    (need,) = shipping.needs(trial, ADDRESS)
    with pytest.raises(DataError, match="did not arrive as it was sent"):
        shipping.keep_code(need.name, need.digest, b"import os\n")
    with pytest.raises(DataError, match="is not on this node"):
        shipping.here(trial)
    shipping.keep_code(need.name, need.digest, file.read_bytes())
    kept = source_from(shipping.here(trial).source).file
    assert kept is not None
    kept.write_text("import os\n")
    with pytest.raises(DataError, match="on this node is not what was sent"):
        shipping.here(trial)


def test_code_is_shared_with_the_cluster_that_it_was_named_for_as_it_was_then(home: Path) -> None:
    trial, file = code(home)
    source = source_from(f"{file}:mine")
    with pytest.raises(Unnamed, match=f"was not named for the cluster at {ADDRESS}"):
        shipping.needs(trial, ADDRESS)
    share(ADDRESS, source)
    assert shared(ADDRESS, source, source.digest)
    assert not shared("another:6379", source, source.digest)
    assert not shared(ADDRESS, source, sha256(b"another content"))
    assert not trusted(source), "what nodes may have is another question than what may run here"


def test_a_loss_of_an_installed_module_stays_here(home: Path) -> None:
    comparison = Comparison.ask("regression", (), own=("keras.losses:mean_squared_error",), seeds=1, epochs=1)
    with pytest.raises(Unnamed, match=r"keras\.losses is an installed module, which is not sent to a cluster"):
        shipping.needs(next(iter(comparison.trials())), ADDRESS)


# Parts of curves that came together


def part(start: int, epochs: int, attempt: int = 1, begun: int = 0) -> Curve:
    data = array("f", range(start, start + epochs)).tobytes()
    return Curve(attempt=attempt, begun=begun, chunk=Chunk(trial=attempt, start=start, epochs=epochs, data=data))


@given(st.integers(0, 2**32), st.booleans())
def test_parts_that_are_joined_are_what_they_were(seed: int, ends: bool) -> None:
    luck = random.Random(seed)
    waiting: dict[int, list[FromLane]] = {}
    for attempt in range(1, luck.randint(1, 3) + 1):
        lengths, at = [luck.randint(1, 4) for _ in range(luck.randint(1, 6))], 0
        waiting[attempt] = []
        for length in lengths:
            waiting[attempt].append(part(at, length, attempt))
            at += length
        if ends:
            last = Result(status="done", seconds=1.0, scores=None, chunk=part(at, 2, attempt).chunk)
            waiting[attempt].append(Ended(attempt=attempt, result=last, device="CPU"))
    said = []
    while queues := [queue for queue in waiting.values() if queue]:
        said.append(luck.choice(queues).pop(0))
    joined = coalesced(said)
    assert len(joined) == len({one.attempt for one in said if isinstance(one, Curve | Ended)})
    assert whole(joined) == whole(said)


def whole(said: list[FromLane]) -> dict[int, bytes]:
    data: dict[int, bytes] = {}
    for one in said:
        assert isinstance(one, Curve | Ended)
        chunk = one.chunk if isinstance(one, Curve) else one.result and one.result.chunk
        assert chunk
        assert chunk.start * 4 == len(data.get(one.attempt, b""))
        data[one.attempt] = data.get(one.attempt, b"") + chunk.data
    return data


def test_parts_that_do_not_follow_each_other_are_left_alone() -> None:
    gap, anew = [part(0, 2), part(3, 2)], [part(0, 2), part(2, 2, begun=1)]
    assert coalesced(gap) == gap
    assert coalesced(anew) == anew
    stopped = Result(status="cancelled", seconds=1.0, scores=None, chunk=part(2, 2).chunk)
    said: list[FromLane] = [part(0, 2), Ended(attempt=1, result=stopped, device="CPU")]
    assert coalesced(said) == said


# What runs elsewhere


def ask(store: Store, epochs: int = 3, seeds: int = 4) -> AskedComparison:
    return store.requests.ask(
        "s", Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=seeds, epochs=epochs)
    )


def test_what_runs_elsewhere_is_not_blamed_for_the_death_of_a_worker_here(store: Store) -> None:
    asked = ask(store)
    away, here = store.worker.claim("auto", away=True), store.worker.claim("auto")
    assert away
    assert here
    store.worker.requeue("auto", died=True)
    assert [(row.status, row.attempts) for row in store.reader.trials([asked.id])][:2] == [("queued", 0), ("queued", 1)]
    first = store.worker.claim("auto", away=True)
    assert first is not None
    assert first.id == away.id, "it is not tried alone, after all others"
    store.worker.requeue("auto", died=True, trials=[first.id])
    assert store.reader.trials([asked.id])[0].attempts == 1, "but for the death of its own lane"


def test_several_that_ran_here_are_tried_alone_and_those_elsewhere_are_not(store: Store) -> None:
    asked = ask(store)
    for away in (True, True, False, False):
        assert store.worker.claim("auto", away=away)
    store.worker.requeue("auto", died=True)
    (stack,) = store.worker.claim_stacks("auto", next(iter(asked.comparison.trials())).program, [4], away=True)
    assert [row.id for row in stack] == [1, 2], "the others wait for the end of these, to be tried alone"


def test_stacks_are_of_one_length_and_none_is_empty(store: Store) -> None:
    short, long = ask(store, epochs=3, seeds=5), ask(store, epochs=9, seeds=4)
    program = next(iter(short.comparison.trials())).program
    stacks = store.worker.claim_stacks("auto", program, [3, 3, 3, 3], away=True)
    assert [[row.trial.hyperparameters.epochs for row in stack] for stack in stacks] == [[3] * 3, [3] * 2, [9] * 3, [9]]
    assert {row.status for row in store.reader.trials([short.id, long.id])} == {"running"}
    assert store.worker.claim_stacks("auto", program, [3], away=True) == []


def test_what_is_written_together_is_there_as_a_whole_or_not_at_all(store: Store) -> None:
    asked = ask(store)

    def claim_and_fail() -> None:
        with store.worker.together():
            assert store.worker.claim("auto")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        claim_and_fail()
    assert {row.status for row in store.reader.trials([asked.id])} == {"queued"}
    with store.worker.together():
        assert store.worker.claim("auto")
        assert store.worker.claim("auto")
    statuses = [row.status for row in store.reader.trials([asked.id])]
    assert statuses.count("running") == 2
