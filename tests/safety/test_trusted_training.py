"""A real worker on a store that names code: none of it runs until a person names it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_code_consent import trust_all_of
from lossterm.store import Store, TrialRow
from lossterm.worker_control import starting

pytestmark = pytest.mark.tensorflow

CODE = """
import pathlib

pathlib.Path({mark!r}).touch()

import keras


def mine(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


def net(features, outputs):
    return keras.Sequential([keras.layers.Input((features,)), keras.layers.Dense(outputs)])
"""


@pytest.fixture
def store(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with a worker, which finds a planted module among those that are installed."""
    (home / "modules").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(home / "modules"))
    monkeypatch.syspath_prepend(str(home / "modules"))
    monkeypatch.setenv("LOSSTERM_IDLE_SECONDS", "60")
    with Store() as store:
        assert starting.ensure(store.path, "cpu")
        yield store


def trained(store: Store, comparison: Comparison) -> TrialRow:
    """Ask for the one trial of a comparison and wait for its end."""
    asked = store.requests.ask("theirs", comparison)
    until = time.monotonic() + 100
    while not (row := store.reader.trials([asked.id])[0]).ended:
        assert time.monotonic() < until, starting.last_words(store.path, "cpu")
        time.sleep(0.05)
    return row


def test_a_worker_runs_nothing_that_only_its_store_named(store: Store, home: Path) -> None:
    settings: dict[str, Any] = {"protocol": "tutorial", "seeds": 1, "epochs": 2, "device": "cpu"}
    loss, network, module = home / "loss.py", home / "network.py", home / "modules" / "planted.py"
    marks = {}
    for file in (loss, network, module):
        marks[file] = file.with_suffix(".ran")
        file.write_text(CODE.format(mark=os.fspath(marks[file])))
    named = {
        loss: Comparison.ask("circles", (), own=[f"{loss}:mine"], **settings),
        network: Comparison.ask("circles", ("hinge",), model=f"{network}:net", **settings),
        module: Comparison.ask("circles", (), own=["planted:mine"], **settings),
    }
    for file, comparison in named.items():
        row = trained(store, comparison)
        assert (file.name, row.status) == (file.name, "failed")
        assert row.error is not None
        assert "was named by the store, and not by you as it is now" in row.error
        assert not marks[file].exists()
    log = starting.log_path(store.path, "cpu").read_text()
    assert "Traceback" not in log
    for comparison in named.values():
        trust_all_of(comparison)
    store.sessions.resume("theirs")
    for file, comparison in named.items():
        row = trained(store, comparison)
        assert (file.name, row.status, row.error) == (file.name, "done", None)
        assert marks[file].exists()
