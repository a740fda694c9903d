"""Every benchmark still runs: on next to nothing, its table has its rows, and what took time took some."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

HERE = Path(__file__).parent


class Smoke(msgspec.Struct, frozen=True):
    """A benchmark made tiny."""

    words: tuple[str, ...]
    """Its arguments."""
    rows: tuple[str, ...]
    """How the rows of its table begin."""
    may_be_none: tuple[str, ...] = ()
    """How those rows begin whose figures may be 0 or less where so little is measured."""


QUICK = {
    "charts": Smoke(
        ("--rounds", "1", "--epochs", "60"),
        ("sorting", "24 curves × 60 epochs ", "24 curves × 60 epochs, with", "100 curves", "24 losses × 5 seeds"),
    ),
    "headless": Smoke(
        ("--rounds", "1", "--seeds", "1", "--reproduced", "1", "--fake"),
        ("fair, cold", "fair, warm", "tutorial, cold", "tutorial, warm", "reproduce, cold"),
    ),
    "reliability": Smoke(
        ("--rounds", "1", "--deaths", "1", "--fake"),
        ("cancel to idle", "kill -9 to the viewer's notice", "kill -9 to the next epoch"),
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
}
WITH_TENSORFLOW = {
    "engine": Smoke(("--rounds", "1", "--fit"), ("lossterm, warm", "lossterm, whole trial, warm", "Model.fit")),
    "table": Smoke(
        ("--rows", "400", "--columns", "5", "--batch-size", "32"),
        ("100 rows × 5 columns", "400 rows × 5 columns", "file to first epoch", "an epoch:", "memory:"),
        ("memory", "100 rows", "400 rows"),
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
        timeout=200,
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
    assert files == {*QUICK, *WITH_TENSORFLOW, *PARTS}


@pytest.mark.parametrize("name", QUICK)
def test_a_benchmark_runs(name: str) -> None:
    assert_it_runs(name, QUICK[name])


@pytest.mark.tensorflow
def test_the_benchmark_of_the_engine_runs() -> None:
    words = ("--rounds", "1", "--only", "C,", "lossterm, whole")
    assert_it_runs("engine", Smoke(words, ("lossterm, whole trial, warm",)))


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("name", WITH_TENSORFLOW)
def test_a_benchmark_of_real_trainings_runs(name: str) -> None:
    assert_it_runs(name, WITH_TENSORFLOW[name])
