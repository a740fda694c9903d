"""Every benchmark still runs: on next to nothing, its table has its rows, and what took time took some."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.long_run import cases

HERE = Path(__file__).parent


class Smoke(msgspec.Struct, frozen=True):
    """A benchmark made tiny."""

    words: tuple[str, ...]
    """Its arguments."""
    rows: tuple[str, ...]
    """How the rows of its table begin."""
    may_be_none: tuple[str, ...] = ()
    """How those rows begin whose figures may be 0 or less where so little is measured."""


FAKED = {
    "advice": Smoke(
        ("--only", "prices,majority", "--seeds", "4", "--epochs", "3", "--fake"),
        ("prices", "majority", "won", "held", "mean rank"),
        ("won", "held"),
    ),
    "charts": Smoke(
        ("--rounds", "1", "--epochs", "60"),
        ("sorting", "24 curves × 60 epochs ", "24 curves × 60 epochs, with", "11 curves", "24 losses × 5 seeds"),
    ),
    "defaults": Smoke(
        ("--tasks", "circles", "--seeds", "3", "--epochs", "2", "--fake"),
        ("circles", "all", "above the best"),
        ("circles", "all", "above the best"),
    ),
    "headless": Smoke(
        ("--rounds", "1", "--warm", "1", "--seeds", "1", "--reproduced", "1", "--fake"),
        ("fair, cold", "fair, warm", "tutorial, cold", "tutorial, warm", "reproduce, cold"),
    ),
    "memory": Smoke(
        ("--comparisons", "2", "--fake"),
        ("2 comparisons, each of another program", "alone", "in the end", "most", "above alone"),
        ("above alone",),
    ),
    "nodes": Smoke(
        ("--seeds", "50", "--long", "50", "--epochs", "3", "--long-epochs", "5", "--rounds", "1", "--fake"),
        ("| circles, stacks of ten", "| circles, a second and more each"),
    ),
    "racing": Smoke(
        ("--tasks", "circles", "--seeds", "5", "--epochs", "3", "--fake"), ("circles", "all"), ("circles", "all")
    ),
    "reliability": Smoke(
        ("--rounds", "1", "--deaths", "1", "--fake"),
        ("cancel to idle", "kill -9 to the viewer's notice", "kill -9 to the next epoch"),
    ),
    "scale": Smoke(
        ("--lanes", "4", "--trials", "40", "--long", "8", "--chunks", "4"),
        *(("| short trainings", "| … each written", "| chunks", "| … not joined", "| … nor written"),),
    ),
    "soak": Smoke(("--trials", "8"), ("8 trials in 2 rounds", "worker", "app"), ("worker", "app")),
    "start_up": Smoke(
        ("--rounds", "1"),
        (
            "processor time",
            "  import click, msgspec",
            "  lossterm --help",
            "  lossterm report prepared --format json",
            "first screen",
            "  import textual.app alone",
            "  lossterm ",
        ),
    ),
    "store": Smoke(
        ("--trials", "8", "--epochs", "3"),
        ("8 trials × 3 epochs", "open ", "open, list sessions", "open, standings", "open, all for a viewer"),
        ("8 trials × 3 epochs",),  # megabytes
    ),
    "terminal": Smoke(
        ("--rounds", "1", "--keys", "1", "--seconds", "0.2", "--seeds", "2", "--fake"),
        (
            "first paint",
            "import textual.app alone",
            "ratio, median of pairs",
            "-- as it comes",
            "bytes a second while training: home",
            "bytes a second while training: predictions",
            "key to frame while training",
            "memory of the UI process",
            "bytes in 0.2 s while idle",
            "opening 40 trials × 200 epochs",
            "opening an empty session",
        ),
        ("bytes", "--"),
    ),
    "stress": Smoke(
        ("--rounds", "1", "--seeds", "5", "--epochs", "3", "--fake"),
        ("whole", "raced", "-- whole", "-- raced"),
        ("-- ",),
    ),
    "verdicts": Smoke(("--losses", "3", "--seeds", "4"), ("3 losses × 4 seeds",), ("3 losses",)),
}
TAKE_SECONDS = {"nodes", "terminal", "soak", "defaults", "racing", "advice", "stress"}
"""Those that the slow run alone tries."""
WITH_TENSORFLOW = {
    "engine": Smoke(("--rounds", "1", "--fit"), ("lossterm, warm", "lossterm, whole trial, warm", "Model.fit")),
    "gpu": Smoke(
        ("--stand-in", "--epochs", "3", "--rows", "300", "--seconds", "0.1", "--widths", "1", "3"),
        (
            "| weights after five epochs, furthest from Model.fit (1e-5 is allowed) |",
            "| networks whose three trainings gave the same bits | 3 of ",
            "| trainings a second, 2-50-1, 3 epochs, 1 at once |",
            "| trainings a second, 784-128-10, 1 epochs, 3 at once |",
            "| auto, 2-50-1, batches of 32, 1,000 rows |",
            "| auto, 784-128-10, batches of 32, 300 rows |",
            "| trainings a second through the worker, 2-50-1, 3 epochs, one process; two on one card |",
            "| peak of the card's memory |",
            "| too large for 1G, then small: failed, then done | 2 of 2 so",
        ),
        ("| weights",),
    ),
    "images": Smoke(
        ("--rounds", "1", "--seeds", "1", "--epochs", "1"),
        ("4 losses × 1 seeds, cold", "one training, lossterm, warm", "one training, Model.fit"),
    ),
    "table": Smoke(
        ("--rows", "400", "--columns", "5", "--batch-size", "32"),
        ("100 rows × 5 columns", "400 rows × 5 columns", "file to first epoch", "looking for", "an epoch:", "memory:"),
        ("memory", "looking for", "100 rows", "400 rows"),
    ),
}
PARTS = {"jax_scan", "keras_fit", "trial"}
"""What `engine` runs."""


def assert_it_runs(name: str, smoke: Smoke) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{name}", *smoke.words],
        cwd=HERE.parents[1],
        capture_output=True,
        check=False,
        text=True,
        timeout=1100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    for row in smoke.rows:
        beginning = [line for line in lines if line.startswith(row)]
        assert beginning, f"no row {row!r}:\n{done.stdout}"
        for line in beginning:
            figures = [
                float(text) for text in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", line[len(row) :].replace(",", ""))
            ]
            assert figures or row.startswith("--"), line
            assert min(figures, default=1) > 0 or line.startswith(smoke.may_be_none), line


def test_every_benchmark_is_tried() -> None:
    files = {file.stem for file in HERE.glob("*.py")} - {"__init__", Path(__file__).stem}
    assert files == {*FAKED, *WITH_TENSORFLOW, *PARTS}


@pytest.mark.parametrize("name", cases({name: name for name in FAKED}, {*FAKED} - TAKE_SECONDS))
def test_a_benchmark_runs(name: str) -> None:
    assert_it_runs(name, FAKED[name])


def test_the_benchmark_of_the_engine_runs_with_the_floor_alone() -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    assert_it_runs("engine", Smoke(("--rounds", "1", "--only", "C,"), ("C, -O3",) if compiler else ()))


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.timeout(1200)  # that of cards has nine parts
@pytest.mark.parametrize("name", WITH_TENSORFLOW)
def test_a_benchmark_of_real_trainings_runs(name: str) -> None:
    assert_it_runs(name, WITH_TENSORFLOW[name])


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_check_of_a_card_says_that_there_is_none() -> None:
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-m", "tests.bench.gpu"]
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, check=False, text=True, env=hidden)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no card that TensorFlow sees: nothing was measured." in done.stderr
