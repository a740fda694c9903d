"""Figures of the terminal app in a real pseudo-terminal: start, keys, memory, bytes.

Run from the repository's root, in an environment with the test extra, with nothing else going on:

    python -m tests.bench.terminal [--rounds 10] [--keys 100]

First paint is the time from starting the process to a whole first screen. Key to frame is the time from sending a
key to its effect on the screen, while two trials train. Each start is paired with one of
`python -c "import textual.app"`, so that a slow machine shows as such.
"""

import argparse
import os
import random
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.test_terminal import Terminal, braille


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="starts to time")
    parser.add_argument("--keys", type=int, default=100, help="keys to time while training")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        warm_up = Terminal(home)  # compiles bytecode, starts the worker
        warm_up.until(lambda text: "ready" in text)
        warm_up.press("q")
        warm_up.rest()
        first_paint(home, given.rounds)
        training(home, given.keys)


def first_paint(home: Path, rounds: int) -> None:
    """Print how long the first screen takes, beside importing Textual alone."""
    paints, imports = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import textual.app"], check=True)
        imports.append(time.perf_counter() - start)
        start = time.perf_counter()
        terminal = Terminal(home)
        seen = wait_for(terminal, b"Quit")
        paints.append(time.perf_counter() - start)
        terminal.take(seen)
        terminal.press("q")
        terminal.rest()
    show("first paint", paints, "s")
    show("import textual.app alone", imports, "s")
    ratio = statistics.median(p / i for p, i in zip(paints, imports, strict=True))
    print(f"{'ratio, median of pairs':<34} {ratio:8.2f}")


def training(home: Path, keys: int) -> None:
    """Print key to frame, memory and bytes while two trials train and while nothing does."""
    terminal = Terminal(home, "--session", "bench")
    terminal.until(lambda text: "ready" in text)
    terminal.press("\t2000\t40r")  # 600 trials of 2000 epochs
    terminal.until(braille)
    terminal.press("\x1b[Z\x1b[Z")  # back to the losses
    terminal.until(lambda text: "All" in text)

    before, start = len(terminal.bytes), time.perf_counter()
    while time.perf_counter() - start < 10:
        terminal.read(0.05)
    live = (len(terminal.bytes) - before) / (time.perf_counter() - start)

    delays, ticked = [], False  # not all, at the start
    for _ in range(keys):
        pause = time.perf_counter() + random.uniform(0.05, 0.3)
        while time.perf_counter() < pause:
            terminal.read(0.01)
        ticked = not ticked
        start = time.perf_counter()
        terminal.press("a")
        seen = wait_for(terminal, b"11 of 11 ticked" if ticked else b"0 of 11 ticked")
        delays.append((time.perf_counter() - start) * 1000)
        terminal.take(seen)
    show("key to frame while training", delays, "ms")
    print(f"{'bytes a second while training':<34} {live:8.0f} B/s at 80×24")

    pid = terminal.process.pid
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    loaded = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    heavy = [name for name in ("tensorflow", "sklearn", "scipy", "h5py") if f"/{name}/" in loaded]
    print(f"{'memory of the UI process':<34} {resident / 1024:8.0f} MB")
    print(f"{'TensorFlow and the like in it':<34} {', '.join(heavy) or 'none':>8}")

    terminal.press("s")
    terminal.until(lambda text: " stopped" in text)
    while terminal.read(1.5):
        pass
    before = len(terminal.bytes)
    start = time.perf_counter()
    while time.perf_counter() - start < 10:
        terminal.read(0.05)
    print(f"{'bytes in 10 s while idle':<34} {len(terminal.bytes) - before:8d} B")
    terminal.press("q")
    terminal.rest()


def wait_for(terminal: Terminal, wanted: bytes) -> bytes:
    """Return what the program wrote up to some bytes.

    Drawing the screen from them would cost this process as much as the app takes to answer.
    """
    seen = b""
    while wanted not in seen:
        select.select([terminal.process.child_fd], [], [], 1)
        seen += os.read(terminal.process.child_fd, 65536)
    return seen


def show(name: str, values: list[float], unit: str) -> None:
    """Print minimum, median, 95th percentile and maximum."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    middle = statistics.median(ordered)
    print(f"{name:<34} median {middle:.3g} {unit}, p95 {p95:.3g}, min {ordered[0]:.3g}, max {ordered[-1]:.3g}")


if __name__ == "__main__":
    main()
