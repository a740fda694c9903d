"""Sound things to begin with: a store, a recording, tables, files with code; each made once."""

import io
import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from lossterm.comparison.comparison import Comparison
from lossterm.data import FileRequest, describe
from lossterm.engine.fakes.fake_engine import FakeTrainer
from lossterm.store import LEVELS, Anatomy, Checkpoint, Store
from tests.builders.ending import finish
from tests.fuzz.sandbox import sandbox

SESSION = "sound"
OTHER = "with a table"

LOSSES = b"""\
def wing(y_true, y_pred):
    return abs(y_true - y_pred)
"""
NETWORKS = b"""\
def build(features, outputs):
    return None
"""
RUN = (
    *("run", "--task", "circles", "--loss", "hinge", "--loss", "squared_hinge", "--seeds", "2", "--epochs", "3"),
    *("--lr", "0.01,0.1", "--format", "json", "--quiet"),
)
"""A command that writes a recording."""


@cache
def table() -> bytes:
    """Return a CSV file with columns of every kind."""
    rows = ["size;when;colour;who;y"]
    for place in range(40):
        size = "" if place % 9 == 4 else f"{place * 0.37:.3f}".replace(".", ",")
        rows.append(f"{size};2021-0{1 + place % 9}-1{place % 10};{['red', 'blue', 'green'][place % 3]};p{place % 8};")
        rows[-1] += ("no", "yes")[place % 7 > 2]
    return "\n".join(rows).encode()


@cache
def columns() -> dict[str, np.ndarray]:
    """Return what an NPZ or a Parquet file holds."""
    stream = np.random.default_rng(1)
    return {
        "size": stream.normal(size=40),
        "count": stream.integers(0, 9, 40),
        "colour": np.array(["red", "blue", "green", "red"] * 10),
        "y": stream.integers(0, 2, 40),
    }


@cache
def npz() -> bytes:
    """Return an NPZ file."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **columns())
    return file.getvalue()


@cache
def parquet() -> bytes:
    """Return a Parquet file."""
    import pyarrow
    from pyarrow import parquet as files

    file = io.BytesIO()
    files.write_table(pyarrow.table({name: values.tolist() for name, values in columns().items()}), file)
    return file.getvalue()


@cache
def recording() -> dict[str, Any]:
    """Return a recording of two losses at two rates."""
    with sandbox() as place:
        document: dict[str, Any] = msgspec.json.decode(place.run(*RUN).out)
        return document


@cache
def store() -> bytes:
    """Return a store with trials that are done, diverged, half way, failed, cancelled and queued."""
    with sandbox() as place:
        with Store(place.store) as opened:
            _fill(opened, place.home)
        with closing(sqlite3.connect(place.store)) as connection:
            connection.execute("PRAGMA journal_mode = delete")
        return place.store.read_bytes()


def _fill(opened: Store, home: Path) -> None:
    opened.worker.report_worker("auto", 1, "ready", "", {"tensorflow": "2.21.0", "device": "CPU", "cpu": "a processor"})
    tuned = Comparison.ask("circles", ("hinge", "squared_hinge"), learning_rates=[0.01, 0.1], epochs=4, seeds=2)
    opened.requests.ask(SESSION, tuned)
    _train(opened)
    opened.requests.ask(
        SESSION, Comparison.ask("regression", ("mse",), protocol="tutorial", learning_rates=[1e6], seeds=2)
    )
    _train(opened)
    opened.requests.ask(SESSION, Comparison.ask("blobs", ("kl_divergence",), protocol="tutorial", seeds=3, epochs=2))
    if row := opened.worker.claim("auto"):
        opened.worker.finish(row.id, "failed", error="It did not load.")
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "table.csv")
        path.write_bytes(table())
        data, _ = describe(FileRequest(path=str(path), target="y"), home / "data")
    data = msgspec.structs.replace(data, asked=msgspec.structs.replace(data.asked, path="/nowhere/table.csv"))
    other = opened.requests.ask(OTHER, Comparison.ask(data, ("hinge",), learning_rates=[0.01], seeds=2, epochs=2))
    opened.requests.cancel([other.id])
    if row := opened.worker.claim("auto"):
        opened.worker.save(row.id, Checkpoint(epochs=1, seconds=0.5, state=b"state"))
    opened.preferences.keep("view", '{"task": "circles"}')


def _train(opened: Store) -> None:
    engine = FakeTrainer()
    while row := opened.worker.claim("auto"):
        done = engine.train(row.trial, row.id, opened.worker.record)
        levels = tuple(level - 0.5 for level in LEVELS)
        more = {"anatomy": Anatomy(of="margin", quantiles=levels, share=0.1), "note": "It is a note."}
        finish(opened, row.id, done, **(more if done.scores else {}))
