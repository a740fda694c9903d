"""Wall time of whole comparisons from the shell, as a person would start them.

    python tests/bench/headless.py [--rounds 3]

`fair` is `lossterm run --task circles --loss all --lr tune --seeds 10`, 150 trainings; `tutorial` the same at one rate
under the tutorial's protocol, 30 trainings; `reproduce` is `lossterm reproduce --seeds 30`, 270 trainings under the
tutorial's protocol and 400 fair ones.

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
from pathlib import Path

from lossterm.store import Store
from lossterm.worker_control import lock

DEVICE = "auto"
WARM_RUNS = 3
RUNS = {
    "fair": (["--lr", "tune"], 150),
    "tutorial": (["--protocol", "tutorial"], 30),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="fresh homes (default 3)")
    given = parser.parse_args()
    measured: dict[str, list[float]] = {}
    for _ in range(given.rounds):
        for name in RUNS:
            with _Home() as home:
                measured.setdefault(f"{name}, cold", []).append(_run(home, name, 200))
                for more in range(WARM_RUNS):
                    measured.setdefault(f"{name}, warm", []).append(_run(home, name, 201 + more))
        with _Home() as home:
            measured.setdefault("reproduce, cold", []).append(_reproduce(home))
    for name, seconds in measured.items():
        middle, least, most = statistics.median(seconds), min(seconds), max(seconds)
        print(f"{name:16} median {middle:6.2f} s   least {least:6.2f} s   most {most:6.2f} s   n = {len(seconds)}")


def _run(home: Path, name: str, epochs: int) -> float:
    """Run one comparison and return its wall time; all its trials must have been trained."""
    options, trainings = RUNS[name]
    asked = ["run", "--task", "circles", "--loss", "all", "--seeds", "10", "--epochs", str(epochs), *options]
    seconds, _ = _timed(home, [*asked, "--format", "json"])
    with Store(home / "lossterm.db") as store:
        last = store.reader.comparisons("default")[-1]
        assert sum(row.status == "done" for row in store.reader.trials([last.id])) == trainings
    print(f"{name} {epochs} {seconds:6.2f} s", file=sys.stderr, flush=True)
    return seconds


def _reproduce(home: Path) -> float:
    seconds, printed = _timed(home, ["reproduce", "--seeds", "30", "--format", "json"])
    assert len(json.loads(printed)["rows"]) == 13
    print(f"reproduce {seconds:6.2f} s", file=sys.stderr, flush=True)
    return seconds


def _timed(home: Path, asked: list[str]) -> tuple[float, bytes]:
    command = shutil.which("lossterm", path=str(Path(sys.executable).parent))
    program = [command] if command else [sys.executable, "-m", "lossterm"]
    environment = {**os.environ, "LOSSTERM_HOME": str(home)}
    start = time.perf_counter()
    done = subprocess.run([*program, *asked, "--quiet"], env=environment, check=True, stdout=subprocess.PIPE)
    return time.perf_counter() - start, done.stdout


class _Home:
    """A fresh LOSSTERM_HOME, whose worker is told to leave at the end."""

    def __enter__(self) -> Path:
        self._place = tempfile.TemporaryDirectory(prefix="lossterm-bench-")
        self._home = Path(self._place.name) / "home"
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
