"""One training of the two-circles task: the engine beside hand-written C, JAX and `Model.fit`, interleaved in one run.

    python -m tests.bench.engine [--rounds 5] [--jax-python PATH] [--fit] [--only NAME …]

C is the floor to compare with: `limit.c` by `gcc -O3 -march=native -ffast-math`, one thread, no library; without a
compiler its row and the ratios are left out. JAX (`jax_scan.py`) is run by another environment's Python, one with jax
and scikit-learn. `--fit` adds the tutorial's own `Model.fit` (`keras_fit.py`), once: it takes half a minute.

All train 2-50-1 for 200 epochs of 500 rows in batches of 32 with momentum, and evaluate both halves after each epoch.
"lossterm, warm" is what the product calls a trial's seconds (`lossterm.engine.benchmark`): orders of batches, training
and curves, but neither initial weights nor the final metrics; "lossterm, whole trial" (`trial.py`) has these too.

A machine's speed wanders by more than contestants differ, so each round starts every one afresh, in turn, every other
round in the opposite order; a ratio is the median of the rounds' own ratios. C is one careful program, not a proof:
what XLA makes of the same arithmetic may be faster.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from sklearn.datasets import make_circles

HERE = Path(__file__).resolve().parent
FLOOR = "C, -O3 -march=native -ffast-math"

Contestant = Callable[[], list[float]]
"""Starts a process and returns the seconds of its warm trainings."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="times that each is started (default 5)")
    parser.add_argument("--jax-python", type=Path, help="Python of an environment with jax and scikit-learn")
    parser.add_argument("--fit", action="store_true", help="run Model.fit too, once")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only those whose names begin so, to try this out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lossterm-bench-") as place:
        contestants = _contestants(Path(place), given.jax_python)
        if given.only:
            contestants = {name: one for name, one in contestants.items() if name.startswith(tuple(given.only))}
        rounds = [_round(contestants, number) for number in range(given.rounds)]
        if given.fit:
            rounds[0]["Model.fit"] = _printed([sys.executable, str(HERE / "keras_fit.py")], "keras fit")
    _print(rounds)


def _contestants(place: Path, jax: Path | None) -> dict[str, Contestant]:
    contestants: dict[str, Contestant] = {}
    if compiler := shutil.which("gcc") or shutil.which("cc"):
        features, labels = make_circles(n_samples=1000, noise=0.1, random_state=1)
        data, program = place / "circles.bin", place / "limit"
        data.write_bytes(features.astype("<f4").tobytes() + labels.astype("<f4").tobytes())
        flags = ["-O3", "-march=native", "-ffast-math"]
        subprocess.run([compiler, *flags, str(HERE / "limit.c"), "-o", str(program), "-lm"], check=True)
        contestants[FLOOR] = lambda: _printed([str(program), str(data)], "limit")
    else:
        print("No C compiler here: the floor and the ratios to it are left out.", file=sys.stderr)
    environment = {**os.environ, "LOSSTERM_HOME": str(place / "home")}
    contestants["lossterm, warm"] = lambda: _engine(environment)
    trial = [sys.executable, str(HERE / "trial.py")]
    contestants["lossterm, whole trial, warm"] = lambda: _printed(trial, "trial", environment)
    if jax:
        contestants["JAX, lax.scan, warm"] = lambda: _printed([str(jax), str(HERE / "jax_scan.py")], "jax warm")
    return contestants


def _round(contestants: dict[str, Contestant], number: int) -> dict[str, list[float]]:
    order = list(contestants) if number % 2 == 0 else list(reversed(contestants))
    seconds = {}
    for name in order:
        seconds[name] = contestants[name]()
        print(f"round {number + 1}  {name:34} {_ms(statistics.median(seconds[name]))}", file=sys.stderr, flush=True)
    return seconds


def _engine(environment: dict[str, str]) -> list[float]:
    command = [sys.executable, "-m", "lossterm.engine.benchmark", "--without-fit"]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return [float(seconds) for seconds in json.loads(done.stdout)["engine_seconds"]]


def _printed(command: list[str], label: str, environment: dict[str, str] | None = None) -> list[float]:
    """Run a program that prints lines `label SECONDS s …` and return the seconds."""
    done = subprocess.run(
        command, env=environment, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return [float(seconds) for seconds in re.findall(rf"^{label} ([\d.]+) s", done.stdout, re.MULTILINE)]


def _print(rounds: list[dict[str, list[float]]]) -> None:
    print(f"{'one training, 200 epochs':34} {'median':>10} {'least':>10} {'to C':>6}")
    for name in sorted({name for one in rounds for name in one}, key=lambda name: min(rounds[0][name])):
        ran = [one for one in rounds if name in one]
        medians = [statistics.median(one[name]) for one in ran]
        ratios = [m / statistics.median(one[FLOOR]) for m, one in zip(medians, ran, strict=True) if FLOOR in one]
        ratio = f"{statistics.median(ratios):.2f}" if ratios else "–"
        least = min(seconds for one in ran for seconds in one[name])
        print(f"{name:34} {_ms(statistics.median(medians))} {_ms(least)} {ratio:>6}")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:>7,.1f} ms"


if __name__ == "__main__":
    main()
