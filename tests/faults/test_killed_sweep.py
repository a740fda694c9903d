"""kill -9 of worker and command while a sweep is trained: it goes on, and ends with the bits of one left alone."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lossterm.errors import LosstermError
from lossterm.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.tensorflow]

SWEEP = (
    *("stress", "--task", "circles", "--axis", "label_noise", "--levels", "0,0.1,0.4"),
    *("--loss", "hinge", "--loss", "binary_crossentropy", "--seeds", "4", "--lr", "0.01,0.1", "--epochs", "120", "-q"),
)
TRAININGS = 48
EVERY = 8
"""Trainings after each of which something is killed."""


def begun(home: Path) -> "subprocess.Popen[bytes]":
    home.mkdir(mode=0o700, exist_ok=True)
    variables = {**os.environ, "LOSSTERM_HOME": str(home), "LOSSTERM_IDLE_SECONDS": "10"}
    words = [sys.executable, "-m", "lossterm", *SWEEP]
    return subprocess.Popen(words, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def bits(home: Path) -> dict[str, tuple[str, str, bytes]]:
    """Return status, scores and curve of every trial."""
    with Store(home / "lossterm.db") as store:
        numbers = [one.id for one in store.reader.comparisons("default")]
        curves: dict[int, bytes] = {}
        for chunk in store.reader.chunks(numbers)[0]:
            curves[chunk.trial] = curves.get(chunk.trial, b"") + chunk.data
        rows = store.reader.trials(numbers)
        return {row.trial.key: (row.status, json.dumps(row.scores), curves[row.id]) for row in rows}


def killed_once(home: Path, after: int) -> bool:
    """Kill the worker if so many trainings have ended; return whether that was done."""
    try:
        with Store(home / "lossterm.db", make=False) as store:
            workers = store.reader.workers()
            rows = store.reader.trials([one.id for one in store.reader.comparisons("default")])
    except LosstermError:  # it is being made
        return False
    if not workers or workers[0].state != "training" or sum(row.ended for row in rows) < after:
        return False
    os.kill(workers[0].pid, 9)
    return True


@pytest.mark.timeout(400)
def test_a_sweep_goes_on_after_kills_with_the_same_bits(tmp_path: Path) -> None:
    assert begun(tmp_path / "left").wait(200) == 0
    kills, command = 0, begun(tmp_path / "killed")
    while command.poll() is None:
        time.sleep(0.2)
        if kills < 3 and killed_once(tmp_path / "killed", EVERY * (kills + 1)):
            kills += 1
            if kills == 2:
                command.kill()
                command.wait(10)
                command = begun(tmp_path / "killed")
    assert kills >= 2
    assert command.returncode == 0
    left = bits(tmp_path / "left")
    assert len(left) == TRAININGS
    assert bits(tmp_path / "killed") == left
