"""What starting costs: processor time of the commands that compute nothing, and the app's first screen.

Run from the repository's root, in an environment with the test extra:

    python -m tests.bench.start_up [--rounds 10]

Each command runs in a fresh process, with its bytecode compiled before. Its time is that of the processor, user and
system, so that what else goes on matters little; beside it stands that of importing click and msgspec, without which
there is no command. The first screen is timed in a pseudo-terminal, from starting the process to the last line of the
screen, without a worker; each start is paired with one of `python -c "import textual.app"`, so that a slow machine
shows as such.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect

from lossterm.comparison.comparison import Comparison
from tests.builders.stores import SESSION, fill

FLOOR = ("-c", "import click, msgspec")
TEXTUAL = ("-c", "import textual.app")
COMMANDS = (
    ("--help",),
    ("losses",),
    ("losses", "--format", "json"),
    ("report", SESSION),
    ("report", SESSION, "--format", "json"),
    ("run", "--help"),
)
ASKED = Comparison.ask("circles", protocol="tutorial", epochs=20, seeds=10)
"""The session that is reported: three losses with ten seeds."""

APP = """
from lossterm.cli.main import main
from lossterm.worker_control.starting import Workers
main([], Workers(command=()))
"""
"""The app without a worker, which would load TensorFlow beside it."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="times that each is started; with 1 to see that it runs")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as place:
        fill(Path(place) / "lossterm.db", ASKED)
        environment = {**os.environ, "LOSSTERM_HOME": place, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        commands(environment, rounds)
        first_paint(environment, rounds)


def commands(environment: Mapping[str, str], rounds: int) -> None:
    """Print the processor time of each command, in turns, so that all see the same machine."""
    wanted = {"import click, msgspec": FLOOR, **{shown(words): ("-m", "lossterm", *words) for words in COMMANDS}}
    taken: dict[str, list[float]] = {name: [] for name in wanted}
    if rounds > 1:
        for arguments in wanted.values():
            processor_ms(arguments, environment)  # compiles bytecode
    for _ in range(rounds):
        for name, arguments in wanted.items():
            taken[name].append(processor_ms(arguments, environment))
    floor = statistics.median(next(iter(taken.values())))
    print(f"processor time, {rounds} rounds")
    for name, values in taken.items():
        show(name, values, f", {statistics.median(values) / floor:.2f} of the floor")


def shown(words: Sequence[str]) -> str:
    """Write a command as it is typed."""
    return " ".join(("lossterm", *words))


def processor_ms(arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    """Run Python and return the milliseconds of processor time that it took."""
    with subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"python {' '.join(arguments)} ended with {process.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def first_paint(environment: Mapping[str, str], rounds: int) -> None:
    """Print how long the first screen takes, beside importing Textual alone."""
    if rounds > 1:
        painted_ms(environment)  # compiles bytecode
    paints, imports = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run([sys.executable, *TEXTUAL], env=environment, check=True)
        imports.append((time.perf_counter() - start) * 1000)
        paints.append(painted_ms(environment))
    print(f"first screen, {rounds} rounds, wall time")
    show("import textual.app alone", imports)
    ratio = statistics.median(paint / alone for paint, alone in zip(paints, imports, strict=True))
    show("lossterm", paints, f", {ratio:.2f} of it, median of pairs")


def painted_ms(environment: Mapping[str, str]) -> float:
    """Open the app, leave it again, and return the milliseconds to its first screen."""
    start = time.perf_counter()
    app = pexpect.spawn(sys.executable, ["-c", APP], dimensions=(24, 80), env=dict(environment), timeout=60)
    app.delaybeforesend = None  # pexpect would wait 50 ms before every key
    app.expect_exact(b"Quit")
    taken = (time.perf_counter() - start) * 1000
    app.send("q")
    app.expect(pexpect.EOF)
    app.close()
    return taken


def show(name: str, values: list[float], more: str = "") -> None:
    """Print minimum, median and 95th percentile."""
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    middle = statistics.median(ordered)
    print(f"  {name:<34} min {ordered[0]:4.0f} ms, median {middle:4.0f}, p95 {p95:4.0f}{more}")


if __name__ == "__main__":
    main()
