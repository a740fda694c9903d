"""Wall time of whole comparisons from the shell, as a person would start them.

    python -m tests.bench.headless [--rounds 3] [--warm 3] [--seeds 10] [--reproduced 30] [--fake]

`fair` is `lossterm run --task circles --lr tune --seeds 10`, the three usual losses in 150 trainings and those at wider
rates, if any; `tutorial` the same at one rate under the tutorial's protocol, 30 trainings; `reproduce` is `lossterm
reproduce --seeds 30`, 270 trainings under the tutorial's protocol and at least 500 fair ones.

Cold: a fresh home, so no worker and no store; TensorFlow's import and the compiling of each program are in it. Warm:
the worker is up and has compiled, and each run asks for another number of epochs (200, 201, …), so that the store has
none of its trials. Each round does all, in this order.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lossterm.store import Store
from lossterm.worker_control import lock, starting
from tests.builders.stores import DEVICE, FAKE

RUNS = {
    "fair": (["--lr", "tune"], 15),
    "tutorial": (["--protocol", "tutorial"], 3),
}
"""Options, and how many trainings there are for each seed."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="fresh homes (default 3)")
    parser.add_argument("--warm", type=int, default=3, help="runs in each home once it is warm (default 3)")
    parser.add_argument("--seeds", type=int, default=10, help="of fair and tutorial (default 10)")
    parser.add_argument("--reproduced", type=int, default=30, help="seeds of reproduce (default 30)")
    parser.add_argument("--fake", action="store_true", help="with a worker that pretends to train, to try this out")
    given = parser.parse_args()
    measured: dict[str, list[float]] = {}
    for _ in range(given.rounds):
        for name in RUNS:
            with Home(fake=given.fake) as home:
                measured.setdefault(f"{name}, cold", []).append(_run(home, name, given.seeds, 200))
                for more in range(given.warm):
                    measured.setdefault(f"{name}, warm", []).append(_run(home, name, given.seeds, 201 + more))
        with Home(fake=given.fake) as home:
            measured.setdefault("reproduce, cold", []).append(_reproduce(home, given.reproduced))
    for name, seconds in measured.items():
        middle, least, most = statistics.median(seconds), min(seconds), max(seconds)
        print(f"{name:16} median {middle:6.2f} s   least {least:6.2f} s   most {most:6.2f} s   n = {len(seconds)}")


def _run(home: Path, name: str, seeds: int, epochs: int) -> float:
    """Run one comparison and return its wall time; all its trials must have been trained."""
    options, each = RUNS[name]
    asked = ["run", "--task", "circles", "--seeds", str(seeds), "--epochs", str(epochs), *options]
    seconds, _ = timed(home, [*asked, "--format", "json"])
    with Store(home / "lossterm.db") as store:
        last = store.reader.comparisons("default")[-1]
        done = sum(row.status == "done" for row in store.reader.trials([last.id]))
        assert done >= each * seeds
    print(f"{name} {epochs} {seconds:6.2f} s, {done} trainings", file=sys.stderr, flush=True)
    return seconds


def _reproduce(home: Path, seeds: int) -> float:
    seconds, printed = timed(home, ["reproduce", "--seeds", str(seeds), "--format", "json"])
    assert len(json.loads(printed)["rows"]) == 13
    print(f"reproduce {seconds:6.2f} s", file=sys.stderr, flush=True)
    return seconds


def timed(home: Path, asked: list[str], *, may_fail: bool = False, quiet: bool = True) -> tuple[float, bytes]:
    """Run a command in a home; return its wall time and what it printed. Trials of it may fail where that is said."""
    command = shutil.which("lossterm", path=str(Path(sys.executable).parent))
    program = [command] if command else [sys.executable, "-m", "lossterm"]
    environment = {**os.environ, "LOSSTERM_HOME": str(home)}
    start = time.perf_counter()
    done = subprocess.run(
        [*program, *asked, *(["--quiet"] if quiet else [])], env=environment, check=not may_fail, stdout=subprocess.PIPE
    )
    return time.perf_counter() - start, done.stdout


def document(home: Path, asked: list[str]) -> dict[str, Any]:
    """Return what a run prints as JSON; trials of it may fail."""
    read: dict[str, Any] = json.loads(timed(home, [*asked, "--format", "json"], may_fail=True)[1])
    return read


def verdicts_of(run: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the verdict on each loss in such a document."""
    return {one["loss"]: one["verdict"] for one in run["standings"]}


class Home:
    """A fresh LOSSTERM_HOME, whose worker is told to leave at the end."""

    def __init__(self, *, fake: bool) -> None:
        self._fake = fake

    def __enter__(self) -> Path:
        self._place = tempfile.TemporaryDirectory(prefix="lossterm-bench-")
        self._home = Path(self._place.name) / "home"
        if self._fake:
            self._home.mkdir(mode=0o700)
            Store(self._home / "lossterm.db").close()
            starting.ensure(self._home / "lossterm.db", DEVICE, FAKE)
        return self._home

    def __exit__(self, *_: object) -> None:
        path = self._home / "lossterm.db"
        if path.exists():
            with Store(path) as store:
                pids = [worker.pid for worker in store.reader.workers()]
            if lock.alive(path, DEVICE):
                for pid in pids:
                    os.kill(pid, 15)
            while lock.alive(path, DEVICE):
                time.sleep(0.05)
        self._place.cleanup()


if __name__ == "__main__":
    main()
