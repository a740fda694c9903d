"""Golden text of headless runs, in `snapshots/headless`: words exactly, numbers within tolerance.

`pytest tests/test_golden.py --snapshot-update` writes them anew; then read them.
"""

import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lossterm import daemon
from lossterm.store import Store

GOLDEN = Path(__file__).parents[1] / "snapshots" / "headless"
NUMBER = re.compile(r"(?<![\w.])[-−]?\d+\.\d+(?:e[-+]?\d+)?")

TOLERANCE = 0.01
"""Five epochs on another processor differ in the fifth digit; a tie among 500 rows may turn over one or two of them."""

RUNS = {
    "regression.txt": ["--task", "regression", "--format", "plain"],
    "circles.md": ["--task", "circles", "--format", "markdown"],
    "blobs.txt": ["--task", "blobs", "--loss", "kl_divergence", "--format", "table"],
    "diverged.csv": ["--task", "regression", "--loss", "mse", "--lr", "1e6", "--format", "csv"],
}


def difference(found: str, golden: str) -> str | None:
    """Return what differs between two texts beyond the tolerance, None if nothing does."""
    words, expected = NUMBER.split(found), NUMBER.split(golden)
    if [re.sub(r"\s+", " ", word) for word in words] != [re.sub(r"\s+", " ", word) for word in expected]:
        return "the words differ"
    for one, other in zip(NUMBER.findall(found), NUMBER.findall(golden), strict=True):
        if not math.isclose(float(one), float(other), rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            return f"{one} is not {other}"
    return None


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run all of RUNS with one worker; return their stdout."""
    home = tmp_path_factory.mktemp("golden")
    environment = {**os.environ, "LOSSTERM_HOME": str(home), "COLUMNS": "120"}
    common = [sys.executable, "-m", "lossterm", "run", "--epochs", "5", "--seeds", "3", "--quiet"]
    yield {
        name: subprocess.run(
            [*common, *arguments], env=environment, stdout=subprocess.PIPE, check=False, timeout=120
        ).stdout.decode()
        for name, arguments in RUNS.items()
    }
    with Store(home / "lossterm.db") as store:
        for worker in store.workers():
            if daemon.alive(store.path, worker.device):
                os.kill(worker.pid, signal.SIGKILL)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", RUNS)
def test_a_headless_run_prints_what_it_printed(
    trained: dict[str, str], name: str, request: pytest.FixtureRequest
) -> None:
    golden = GOLDEN / name
    if request.config.option.update_snapshots:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(trained[name], encoding="utf-8")
    assert difference(trained[name], golden.read_text(encoding="utf-8")) is None, trained[name]


def test_the_comparison_notices_what_it_should() -> None:
    assert difference("a 0.500 b", "a  0.501 b") is None
    assert difference("a 0.500 b", "a 0.530 b") == "0.500 is not 0.530"
    assert difference("a 0.5 b", "a 0.5 c") == "the words differ"
    assert difference("a 0.5", "a 0.5 0.6") == "the words differ"
    assert difference("seeds 3", "seeds 4") == "the words differ"
