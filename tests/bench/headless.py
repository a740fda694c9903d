"""Wall time of a whole comparison from the shell: `lossterm run --task circles --loss all --seeds 10 --format json`.

    python tests/bench/headless.py [--rounds 3]

Cold: a fresh home, so no worker and no store; TensorFlow's import and the compiling of each program are in it. Warm:
the worker is up, and each run asks for another learning rate in another session, so that the store has none of its
trials. Each round does both, in this order.
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

from lossterm import daemon
from lossterm.store import Store

DEVICE = "auto"
WARM_RUNS = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="fresh homes (default 3)")
    given = parser.parse_args()
    found: dict[str, list[float]] = {"cold": [], "warm": []}
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="lossterm-bench-") as place:
            home = Path(place) / "home"
            try:
                found["cold"].append(_run(home, "cold", 0.01))
                for number in range(WARM_RUNS):
                    found["warm"].append(_run(home, f"warm {number}", 0.011 + 0.001 * number))
            finally:
                _dismiss(home)
    print("circles, 3 losses x 10 seeds, 200 epochs: wall time of the command")
    for name, seconds in found.items():
        print(
            f"{name:10} median {statistics.median(seconds):6.2f} s   least {min(seconds):6.2f} s   n = {len(seconds)}"
        )


def _run(home: Path, session: str, rate: float) -> float:
    """Run the command and return its wall time; all 30 trials must have been trained."""
    command = shutil.which("lossterm", path=str(Path(sys.executable).parent))
    program = [command] if command else [sys.executable, "-m", "lossterm"]
    asked = ["run", "--task", "circles", "--loss", "all", "--seeds", "10", "--lr", f"{rate:.3f}", "--format", "json"]
    environment = {**os.environ, "LOSSTERM_HOME": str(home)}
    start = time.perf_counter()
    done = subprocess.run(
        [*program, *asked, "--session", session, "--quiet"], env=environment, check=True, stdout=subprocess.PIPE
    )
    seconds = time.perf_counter() - start
    assert sum(standing["trials"] for standing in json.loads(done.stdout)["standings"]) == 30
    print(f"{session:10} {seconds:6.2f} s", file=sys.stderr, flush=True)
    return seconds


def _dismiss(home: Path) -> None:
    """Tell the worker to leave and wait until it has."""
    path = home / "lossterm.db"
    if not path.exists():
        return
    with Store(path) as store:
        pids = [worker.pid for worker in store.workers()]
    if daemon.alive(path, DEVICE):
        for pid in pids:
            os.kill(pid, 15)
    while daemon.alive(path, DEVICE):
        time.sleep(0.05)


if __name__ == "__main__":
    main()
