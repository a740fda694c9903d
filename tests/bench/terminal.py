"""Figures of the terminal app in a real pseudo-terminal: start, keys, memory, bytes, large sessions.

Run from the repository's root, in an environment with the test extra, with nothing else going on:

    python -m tests.bench.terminal [--rounds 10] [--keys 100] [--seconds 8] [--seeds 50] [--fake]

First paint is the time from starting the process to a whole first screen. Key to frame is the time from sending a
key to its effect on the screen, while two trials train. Each start is paired with one of
`python -c "import textual.app"`, so that a slow machine shows as such. The large session has 20 trials of 200
epochs for each seed; opening it is the time to its table and curves on the screen, beside that of an empty one.
"""

import argparse
import os
import random
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.store import Store
from lossterm.worker_control import lock, starting
from tests.builders.stores import DEVICE, FAKE, SESSION, fill
from tests.terminal.pseudo_terminal import Terminal, braille

LOSSES = ("binary_crossentropy", "hinge", "squared_hinge", "binary_focal")
"""Of the large session: at five rates each."""

PATIENCE = 60
"""Seconds without a byte after which what was waited for will not come."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="starts to time")
    parser.add_argument("--keys", type=int, default=100, help="keys to time while training")
    parser.add_argument("--seconds", type=float, default=8, help="time over which bytes are counted")
    parser.add_argument("--seeds", type=int, default=50, help="of the large session, 2 at least: 20 trials for each")
    parser.add_argument("--fake", action="store_true", help="pretend to train, as it comes alone: to try this out")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        if given.fake:
            pretend(home)
        warm_up = Terminal(home)  # compiles bytecode, starts the worker
        warm_up.until(lambda text: "ready" in text)
        warm_up.press("q")
        warm_up.rest()
        first_paint(home, given.rounds)
        training(home, given.keys, given.seconds, 2000)
        if not given.fake:  # its first frame waits half a minute for its bytes
            training(home, 0, given.seconds, 1999, "--low-bandwidth")  # other epochs, or all would be trained already
            many(home)
        large(home, given.rounds, given.seeds, fake=given.fake)
        for store in home.rglob("lossterm.db"):
            lock.dismiss(store, DEVICE)


def pretend(home: Path) -> None:
    """Have the fake engine train what is asked for."""
    os.environ |= {"LOSSTERM_FAKE_EPOCH_SECONDS": "0.001", "LOSSTERM_IDLE_SECONDS": "60"}
    Store(home / "lossterm.db").close()
    starting.ensure(home / "lossterm.db", DEVICE, FAKE)


def first_paint(home: Path, rounds: int) -> None:
    """Print how long the first screen takes, beside importing Textual alone."""
    paints, imports = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import textual.app"], check=True)
        imports.append(time.perf_counter() - start)
        paints.append(opened(home, b"Quit"))
    show("first paint", paints, "s")
    show("import textual.app alone", imports, "s")
    ratio = statistics.median(p / i for p, i in zip(paints, imports, strict=True))
    print(f"{'ratio, median of pairs':<34} {ratio:8.2f}")


def opened(home: Path, wanted: bytes, *arguments: str) -> float:
    """Return the seconds from starting the program to some bytes of its screen."""
    start = time.perf_counter()
    terminal = Terminal(home, *arguments)
    seen = wait_for(terminal, wanted)
    seconds = time.perf_counter() - start
    terminal.take(seen)
    terminal.press("q")
    terminal.rest()
    return seconds


def training(home: Path, keys: int, seconds: float, epochs: int, *arguments: str) -> None:
    """Print key to frame, memory and bytes while two trials train and while nothing does."""
    print(f"-- {' '.join(arguments) or 'as it comes'}, 80×24")
    terminal = Terminal(home, "--session", f"bench{''.join(arguments)}", *arguments)
    terminal.until(lambda text: "ready" in text)
    terminal.press(f"\t{epochs}\t90")  # 1,350 trials
    terminal.until(lambda text: re.search(rf"epochs {epochs} +seeds +90 ", text))
    terminal.press("r")
    terminal.until(braille)
    terminal.press("\x1b[Z\x1b[Z")  # back to the losses
    terminal.until(lambda text: "All" in text)
    for name, view in {"home": "", "curves": "1", "scores": "2", "predictions": "4"}.items():
        if view:
            terminal.press(view)
        terminal.during(seconds)  # a view that was just opened is painted, and what waited for that
        print(f"{f'bytes a second while training: {name}':<40} {len(terminal.during(seconds)) / seconds:8.0f} B/s")
        if view:
            terminal.press("\x1b")
            terminal.read(1)
    if keys:
        press_keys(terminal, keys)
        describe(terminal)
    terminal.press("s")
    terminal.until(lambda text: " stopped" in text)
    while terminal.read(1.5 * seconds):  # a frame may have had to wait for its bytes
        pass
    print(f"{f'bytes in {seconds:g} s while idle':<40} {len(terminal.during(seconds)):8d} B")
    terminal.press("q")
    terminal.rest()


def many(home: Path) -> None:
    """Print the memory while a long session trains, once it has 1,000 trials of as many epochs as the task has."""
    terminal = Terminal(home, "--session", "many")
    terminal.until(lambda text: "ready" in text)
    terminal.press("\t201\t90")  # 1,350 trials, none of which is there already
    terminal.until(lambda text: re.search(r"epochs 201 +seeds +90 ", text))
    terminal.press("r")
    terminal.until(lambda text: any(int(ended) >= 1000 for ended in re.findall(r"(\d+)/\d+ trials", text)), seconds=900)
    print("-- 1,000 trials of 201 epochs, still training")
    describe(terminal)
    terminal.press("s")
    terminal.until(lambda text: " stopped" in text)
    terminal.press("q")
    terminal.rest()


def press_keys(terminal: Terminal, keys: int) -> None:
    """Tick all losses, and those alone that were ticked before, in turn, at random moments."""
    delays, ticked = [], False  # not all, at the start
    for _ in range(keys):
        pause = time.perf_counter() + random.uniform(0.05, 0.3)
        while time.perf_counter() < pause:
            terminal.read(0.01)
        ticked = not ticked
        start = time.perf_counter()
        terminal.press("a")
        seen = wait_for(terminal, b"11 of 11 ticked" if ticked else b"3 of 11 ticked")
        delays.append((time.perf_counter() - start) * 1000)
        terminal.take(seen)
    show("key to frame while training", delays, "ms")


def describe(terminal: Terminal) -> None:
    """Print the memory of the program and what it has loaded."""
    pid = terminal.process.pid
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    loaded = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    heavy = [name for name in ("tensorflow", "sklearn", "scipy", "h5py") if f"/{name}/" in loaded]
    print(f"{'memory of the UI process':<40} {resident / 1024:8.0f} MB")
    print(f"{'TensorFlow and the like in it':<40} {', '.join(heavy) or 'none':>8}")


def large(home: Path, rounds: int, seeds: int, *, fake: bool) -> None:
    """Print how long a large session takes to open, and the memory of the program that shows it."""
    place = home / "large"
    place.mkdir()
    fill(place / "lossterm.db", Comparison.ask("circles", LOSSES, seeds=seeds, epochs=200))
    if fake:
        pretend(place)
    with Store(place / "lossterm.db") as store:
        store.requests.ask("empty", Comparison.ask("circles", seeds=1))
        store.sessions.stop("empty")
    table = b"\xc2\xb1"  # ±, which only a table has
    trials = f"{5 * len(LOSSES) * seeds:,} trials × 200 epochs"
    show(f"opening {trials}", [opened(place, table, "--session", SESSION) for _ in range(rounds)], "s")
    show("opening an empty session", [opened(place, b"Quit", "--session", "none") for _ in range(rounds)], "s")
    terminal = Terminal(place, "--session", SESSION)
    terminal.until(braille)
    for view in "12345":
        terminal.press(view)
        terminal.read(1)
    describe(terminal)
    terminal.press("q")
    terminal.rest()


def wait_for(terminal: Terminal, wanted: bytes) -> bytes:
    """Return what the program wrote up to some bytes.

    Drawing the screen from them would cost this process as much as the app takes to answer.
    """
    seen = b""
    while wanted not in seen:
        ready, _, _ = select.select([terminal.process.child_fd], [], [], PATIENCE)
        assert ready, f"waited in vain for {wanted!r}"
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
