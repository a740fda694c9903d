"""What a redraw of the curves costs, beside a fixed piece of NumPy work, so that a slow machine shows as such.

Run from the repository's root, in an environment with the test extra, with nothing else going on:

    python -m tests.bench.charts [--rounds 50] [--epochs 5000]

A redraw is one chart of 140 × 40 cells whose medians are kept already; with segments, the lines are made ready for the
terminal too. An epoch more is what `Overlay` takes for it, with everything before it kept.
"""

import argparse
import gc
import io
import statistics
import time
from array import array
from collections.abc import Callable

import numpy as np
from rich.console import Console

from lossterm.charts.line_chart import Frame, Series, line_chart
from lossterm.charts.terminal_style import Style
from lossterm.comparison.comparison import Comparison, Trial
from lossterm.figures.curve_view_state import CurveViewState
from lossterm.figures.curves import Curves, Overlay
from lossterm.reports.report import build
from lossterm.store import AskedComparison, TrialRow

SEEDS, LOSSES_DRAWN = 5, 24
SIZE = (140, 40)
VALUES = 6
"""Of each epoch: loss and metric of three splits."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50, help="redraws to time")
    parser.add_argument("--epochs", type=int, default=5000, help="epochs of a curve; more than there are rounds")
    given = parser.parse_args()
    rounds, epochs = given.rounds, given.epochs
    gc.freeze()  # as the app does when it has started
    values = np.random.default_rng(0).normal(size=1_000_000)
    show("sorting 1,000,000 floats", lambda: np.sort(values), rounds)
    for count in (11, 24):
        redraw(count, epochs, rounds)
    an_epoch_more(epochs, rounds)


def redraw(count: int, epochs: int, rounds: int) -> None:
    """Print how long a chart takes, and with turning it into segments."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=SIZE[0])
    random = np.random.default_rng(1)
    series = [
        Series(falling(random, epochs, 0.01 * place).astype(np.float32), (2 * place, 100, 200), f"loss {place}")
        for place in range(count)
    ]
    frame = Frame(last=epochs, names=20)
    what = f"{count} curves × {epochs} epochs"
    show(what, lambda: line_chart(series, *SIZE, frame), rounds)
    show(
        f"{what}, with segments",
        lambda: [list(line.render(console)) for line in line_chart(series, *SIZE, frame).lines],
        rounds,
    )


def an_epoch_more(epochs: int, rounds: int) -> None:
    """Print how long the first look at a comparison takes, the same again, and one with an epoch more."""
    losses = tuple(f"huber:delta={1.5 + place}" for place in range(LOSSES_DRAWN))
    comparison = Comparison.ask("regression", losses, learning_rates=[0.01], seeds=SEEDS, epochs=epochs)
    rows = tuple(running(number, trial) for number, trial in enumerate(comparison.trials(), start=1))
    report = build(AskedComparison(id=1, session="bench", comparison=comparison, created=0.0, cancelled=None), rows)
    random = np.random.default_rng(2)
    values = {
        row.id: array("f", falling(random, epochs, 0.01)[: epochs - rounds].repeat(VALUES).tolist()) for row in rows
    }
    curves, overlay, style = Curves(report=report, values=values), Overlay(), Style(dark=True)

    def draw() -> object:
        return overlay.prepared(curves, losses, CurveViewState(), "loss", SIZE, style).draw()

    def grow() -> object:
        for curve in values.values():
            curve.extend([0.1] * VALUES)
        return draw()

    what = f"{LOSSES_DRAWN} losses × {SEEDS} seeds × {epochs} epochs"
    show(f"{what}, first", draw, 1)
    show(f"{what}, again", draw, rounds)
    show(f"{what}, an epoch more", grow, rounds)


def running(number: int, trial: Trial) -> TrialRow:
    """Return the row of a trial that is being trained."""
    return TrialRow(
        id=number,
        trial=trial,
        status="running",
        cancel=False,
        attempts=1,
        epochs=0,
        seconds=None,
        scores=None,
        environment=None,
        error=None,
        finished=None,
        changed=number,
    )


def falling(random: np.random.Generator, epochs: int, above: float) -> np.ndarray:
    """Return a curve that falls and is not smooth, (epochs,)."""
    return np.asarray(np.exp(-np.linspace(0, 4, epochs)) + random.normal(0, 0.05, epochs) + above)


def show(name: str, work: Callable[[], object], rounds: int) -> None:
    """Time some work and print its median, with the least and the most."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    print(f"{name:<52} median {statistics.median(times):7.2f} ms, min {min(times):.2f}, max {max(times):.2f}")


if __name__ == "__main__":
    main()
