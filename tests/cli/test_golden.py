"""Golden text of headless runs, in `snapshots/headless`: words exactly, numbers within tolerance.

`pytest tests/cli/test_golden.py --snapshot-update` writes them anew; then read them.
"""

import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lossterm.store import Store
from lossterm.worker_control import lock, starting
from tests.fork_server import ForkServer

GOLDEN = Path(__file__).parents[2] / "snapshots" / "headless"
NUMBER = re.compile(r"(?<![\w.])[-+−]?\d*\.\d+(?:e[-+]?\d+)?")
SEEDS = re.compile(r"~?[\d,]+(?= seeds would settle it)")
"""Goes with the square of a spread: a row that turns over moves it by a tenth."""

TOLERANCE = 0.01
"""Five epochs on another processor differ in the fifth digit; a tie among 500 rows may turn over one or two of them."""

TRAINED = {
    "regression.txt": ["--task", "regression", "--seeds", "5", "--format", "table"],
    "circles.md": ["--task", "circles", "--protocol", "tutorial", "--format", "markdown"],
    "blobs.txt": ["--task", "blobs", "--protocol", "tutorial", "--loss", "kl_divergence", "--format", "plain"],
    "diverged.csv": ["--task", "regression", "--loss", "mse", "--lr", "1e6", "--format", "csv"],
}
"""Runs that TensorFlow trains."""

FAKED = {
    "fair.txt": ["--task", "circles", "--seeds", "10", "--format", "table"],
    "fair.md": ["--task", "regression", "--seeds", "10", "--format", "markdown"],
    "split-anew.txt": [
        "--task",
        "digits",
        "--loss",
        "brier",
        "--loss",
        "kl_divergence",
        "--seeds",
        "40",
        "--format",
        "table",
    ],
    "published.md": ["--task", "digits", "--protocol", "published", "--hidden", "none", "--format", "markdown"],
    "edges.txt": ["--task", "circles", "--lr", "0.03,0.1,1000", "--format", "table"],
    "by-another-metric.txt": ["--task", "circles", "--metric", "log_loss", "--format", "table"],
    "one-seed.txt": ["--task", "blobs", "--seeds", "1", "--format", "table"],
    "one-rate.txt": ["--task", "circles", "--lr", "0.01", "--format", "plain"],
    "positive.md": [
        *("--task", "claims", "--loss", "usual", "--loss", "tweedie:power=1.2", "--loss", "pinball"),
        *("--lr", "0.01", "--format", "markdown"),
    ],
    "every-loss.txt": ["--task", "blobs", "--loss", "all", "--lr", "0.01", "--format", "table"],
}
"""Runs of the fake engine: the same on every machine, so that their texts are compared to the letter."""


def difference(printed: str, golden: str) -> str | None:
    """Return what differs between two texts beyond the tolerance, None if nothing does."""
    printed, golden = (SEEDS.sub("N", text) for text in (printed, golden))
    words, expected = NUMBER.split(printed), NUMBER.split(golden)
    if [re.sub(r"\s+", " ", word) for word in words] != [re.sub(r"\s+", " ", word) for word in expected]:
        return "the words differ"
    for one, other in zip(NUMBER.findall(printed), NUMBER.findall(golden), strict=True):
        number, wanted = (float(text.replace("−", "-")) for text in (one, other))
        if not math.isclose(number, wanted, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            return f"{one} is not {other}"
    return None


def stdout_of(home: Path, runs: dict[str, list[str]]) -> dict[str, str]:
    """Run commands one after the other on one store; return their stdout."""
    environment = {**os.environ, "LOSSTERM_HOME": str(home), "COLUMNS": "120"}
    common = [sys.executable, "-m", "lossterm", "run", "--epochs", "5", "--seeds", "3", "--quiet"]
    return {
        name: subprocess.run(
            [*common, *arguments], env=environment, stdout=subprocess.PIPE, check=False, timeout=120
        ).stdout.decode()
        for name, arguments in runs.items()
    }


def wait_for_worker(path: Path) -> None:
    """Wait until a worker holds the lock, or the first command would start another."""
    deadline = time.monotonic() + 30
    while not lock.alive(path, "auto"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Iterator[dict[str, str]]:
    """Run all of TRAINED with one worker, which finds TensorFlow loaded; return their stdout."""
    path = tmp_path_factory.mktemp("golden") / "lossterm.db"
    Store(path).close()
    worker = fork_server.fork(path, "auto")
    wait_for_worker(path)
    yield stdout_of(path.parent, TRAINED)
    worker.kill()


@pytest.fixture(scope="module")
def faked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run all of FAKED with one fake worker; return their stdout."""
    path = tmp_path_factory.mktemp("golden") / "lossterm.db"
    Store(path).close()
    process = starting.ensure(path, "auto", (sys.executable, "-m", "lossterm.engine.fakes.fake_engine"))
    assert process is not None
    wait_for_worker(path)
    yield stdout_of(path.parent, FAKED)
    process.kill()
    process.wait(30)
    starting._started.remove(process)


def golden(name: str, printed: str, request: pytest.FixtureRequest) -> str:
    """Return the text that a run should print, written anew if that was asked for."""
    path = GOLDEN / name
    if request.config.option.update_snapshots:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(printed, encoding="utf-8")
    return path.read_text(encoding="utf-8")


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", TRAINED)
def test_a_headless_run_prints_what_it_printed(
    trained: dict[str, str], name: str, request: pytest.FixtureRequest
) -> None:
    assert difference(trained[name], golden(name, trained[name], request)) is None, trained[name]


@pytest.mark.parametrize("name", FAKED)
def test_a_run_of_the_fake_engine_prints_what_it_printed_to_the_letter(
    faked: dict[str, str], name: str, request: pytest.FixtureRequest
) -> None:
    assert faked[name] == golden(name, faked[name], request)


def test_there_is_no_golden_text_that_nothing_prints() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {*TRAINED, *FAKED}


def test_the_comparison_notices_what_it_should() -> None:
    assert difference("a 0.500 b", "a  0.501 b") is None
    assert difference("a 0.500 b", "a 0.530 b") == "0.500 is not 0.530"
    assert difference("a 0.5 b", "a 0.5 c") == "the words differ"
    assert difference("a 0.5", "a 0.5 0.6") == "the words differ"
    assert difference("seeds 3", "seeds 4") == "the words differ"
    assert difference("+.12 [−.04, +.30]", "+.125 [−.041, +.304]") is None
    assert difference("−.04", "+.04") == "−.04 is not +.04"
    assert difference("0.85 ±.052", "0.85 ±.012") == ".052 is not .012"
    assert difference("open; ~1,234 seeds would settle it", "open; ~889 seeds would settle it") is None
