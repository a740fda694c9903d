"""`lossterm stress` with a worker in a thread: what it asks for, prints and refuses."""

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lossterm.cli import following
from lossterm.cli.main import main
from lossterm.comparison.comparison import Trial
from lossterm.engine.fakes import fake_engine
from lossterm.following.follow import Follower
from lossterm.store import Store
from lossterm.stress_sweeps.sweep import sweeps
from tests.builders.training_here import training_here

SWEEP = ("stress", "--task", "regression", "--axis", "outliers", "--loss", "mse", "--loss", "mae", "--lr", "0.01")
SMALL = (*SWEEP, "--epochs", "2", "--seeds", "5")
AXIS = "import numpy as np\ndef dust(features, target, level, generator):\n    return features, target + level\n"


class Invoked:
    """A command that ran in this process."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


def invoked(capfd: pytest.CaptureFixture[str], *words: str) -> Invoked:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    out, err = capfd.readouterr()
    return Invoked(int(left.value.code or 0), out, err)


def tipped(trial: Trial) -> float:
    """Make mse the best until some per cent of outliers."""
    level = trial.severity.level if trial.severity else 0.0
    luck = 0.01 * ((trial.seed * (7 if trial.loss == "mse" else 5)) % 4)
    return {"mse": 0.3 + 5 * level, "mae": 0.5}.get(trial.loss, 0.4) + luck


@pytest.fixture
def worker(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Train whatever is asked for in `home`, in a thread; what comes out depends on the level."""
    monkeypatch.setattr(fake_engine, "_level", tipped)
    monkeypatch.setattr(Follower, "tend", lambda *_: [])
    with Store():
        pass
    with training_here():
        yield home


def test_a_sweep_is_trained_and_printed(worker: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = invoked(capfd, *SMALL, "--levels", "1%,3%,10%")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "regression: outliers in y, 4 levels × 2 losses × 5 seeds × 1 learning rate"
    assert lines[1].startswith("mse until 3.")
    assert lines[1].endswith("], then mae.")
    assert any(line.startswith(" 10 %   mae") for line in lines)
    assert any("best" in line and ("█" in line or "▒" in line) for line in lines)


def test_more_levels_come_where_the_best_loss_changes(worker: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = invoked(capfd, *SMALL, "--format", "json")
    assert done.code == 0, done.err
    assert "The best loss changes between two levels, so more are tried there: " in done.err
    document = json.loads(done.out)
    usual = [0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2]
    assert set(usual) < set(document["levels"])
    assert len(document["levels"]) == len(usual) + 2
    again = invoked(capfd, *SMALL, "--format", "json")
    assert json.loads(again.out)["levels"] == document["levels"]
    with Store() as store:
        assert store.reader.size() == 9 * 2 * 5


@pytest.mark.parametrize("form", ["csv", "markdown", "plain", "linear"])
def test_every_form_is_printed(worker: Path, capfd: pytest.CaptureFixture[str], form: str) -> None:
    done = invoked(capfd, *SMALL, "--levels", "1%,10%", "--format", form, "-q")
    assert done.code == 0, done.err
    if form == "csv":
        assert len(list(csv.DictReader(io.StringIO(done.out)))) == 6
    else:
        assert "then mae" in done.out
        assert "Squared errors follow the outliers" in done.out


def test_level_0_is_what_run_trains(worker: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = ("run", *SMALL[1:3], *SMALL[5:])
    assert invoked(capfd, *run).code == 0
    with Store() as store:
        before = store.reader.size()
    assert invoked(capfd, *SMALL, "--levels", "5%", "-q").code == 0
    with Store() as store:
        assert store.reader.size() == before + 10
    reported = invoked(capfd, "report", "--format", "json")
    assert json.loads(reported.out)["task"]["key"] == "regression"
    assert reported.err == ""


def test_each_level_may_be_raced(worker: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = invoked(capfd, *SMALL[:-2], "--seeds", "10", "--until", "settled", "--levels", "3%,20%", "--format", "json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["trainings"]["done"] < document["trainings"]["fixed_design"]
    assert "At 20 % outliers in y: " in done.err


def test_a_sweep_that_is_interrupted_prints_the_curve_so_far(
    worker: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def interrupted(*_: object) -> Iterator[None]:
        yield
        raise KeyboardInterrupt

    monkeypatch.setattr(following, "_exiting_on_signals", interrupted)
    done = invoked(capfd, *SMALL, "--levels", "5%")
    assert done.code == 130
    assert "mse" in done.out


# Looking at an axis


def test_what_an_axis_does_is_shown_without_training(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = invoked(capfd, "stress", "--task", "blobs", "--axis", "label_noise", "--levels", "10%", "--show")
    assert done.code == 0
    assert "The train rows of seed 0, 600 of them:" in done.out
    assert re.search(r"10 %\s+10 %\s+\d+\s+\d+\s+\d+", done.out)
    assert re.search(r"row \d+: y \d → \d", done.out)
    assert not (home / "lossterm.db").exists()


def test_the_preview_is_json_too(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    done = invoked(capfd, "stress", "--task", "regression", "--axis", "leverage", "--show", "--format", "json")
    shown = json.loads(done.out)
    assert shown["split"] == "train"
    assert shown["levels"][-1]["altered"] == pytest.approx(0.2)
    assert shown["examples"][0]["features"]


def test_axes_are_listed(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(invoked(capfd, "stress", "--list", "--format", "json").out)
    assert [row["axis"] for row in rows][:2] == ["outliers", "leverage"]
    assert all(row["known"] and row["source"] for row in rows)


@pytest.mark.tensorflow
def test_what_a_custom_axis_does_is_shown_by_another_process(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (home / "dust.py").write_text(AXIS)
    place = f"{home / 'dust.py'}:dust"
    done = invoked(capfd, "stress", "--task", "regression", "--axis-file", place, "--levels", "0.5", "--show")
    assert done.code == 0, done.err
    assert re.search(r"50 %\s+100 %\s+6\.1", done.out)
    (home / "dust.py").write_text(AXIS.replace("target + level", "target[:1]"))
    done = invoked(capfd, "stress", "--task", "regression", "--axis-file", place, "--levels", "0.5", "--show")
    assert (done.code, done.out) == (3, "")
    assert "where as many rows are wanted as it was given: (600, 20) and (600,)" in done.err


# What cannot be done

REFUSED: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no axis": ((), 2, "Say what to stress the data by: --axis, one of label_noise, asymmetric_noise, "),
    "unknown axis": (("--axis", "label_nois"), 2, "There is no axis 'label_nois'. Did you mean label_noise?"),
    "axis of numbers": (("--axis", "outliers"), 2, "The axis outliers (outliers in y) is not for binary tasks"),
    "two axes": (("--axis", "shift", "--axis-file", "a.py:b"), 2, "Say what to stress the data by: --axis, one of "),
    "no such file": (("--axis-file", "gone.py:f"), 3, "gone.py cannot be read: No such file or directory."),
    "levels in words": (("--axis", "shift", "--levels", "much"), 2, "--levels is 'much', but must be a number such"),
    "level beyond": (
        ("--axis", "label_noise", "--levels", "95%"),
        2,
        "--levels is 0.95, but must be from 0 to 0.9 (90 %",
    ),
    "only level 0": (("--axis", "shift", "--levels", "0"), 2, "--levels has no level above 0, and 0 alone is no sweep"),
    "one loss": (("--axis", "shift", "--loss", "hinge"), 2, "A sweep compares losses, and hinge is alone: add another"),
    "tutorial": (
        ("--axis", "shift", "--protocol", "tutorial"),
        2,
        "The protocol tutorial prepares its data in its own",
    ),
    "no row of a class": (
        ("--task", "iris", "--axis", "imbalance", "--levels", "99%"),
        2,
        "at 99 % rows missing from the rarest class: no row of the class virginica is left in",
    ),
    "no row of a class to look at": (
        ("--task", "iris", "--axis", "fewer_rows", "--levels", "99%", "--show"),
        2,
        "is left in the train rows. Choose lower --levels.",
    ),
    "too many": (
        ("--axis", "shift", "--seeds", "10000"),
        2,
        "This sweep has 750,000 trainings at most, at 5 levels. If",
    ),
}


@pytest.mark.parametrize(("words", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_one_sentence(
    home: Path, capfd: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: str
) -> None:
    task = () if "--task" in words else ("--task", "circles")
    done = invoked(capfd, "stress", *task, *words)
    assert (done.code, done.out) == (code, ""), done.err
    assert says in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (home / "lossterm.db").exists()


def test_a_table_with_one_row_of_a_class_is_refused_in_a_sentence(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{n},{n % 7},{'a' if n else 'b'}" for n in range(40)]
    (home / "one.csv").write_text("x,z,y\n" + "\n".join(lines))
    words = ("--data", str(home / "one.csv"), "--target", "y", "--axis", "label_noise", "--show")
    done = invoked(capfd, "stress", *words)
    assert done.code in (2, 3)
    assert "Traceback" not in done.err
    every = [f"{n},{n % 7},c{n}" for n in range(40)]
    (home / "each.csv").write_text("x,z,y\n" + "\n".join(every))
    words = ("--data", str(home / "each.csv"), "--target", "y", "--axis", "label_noise", "--show")
    done = invoked(capfd, "stress", *words)
    assert done.code in (2, 3)
    assert "Traceback" not in done.err


def test_a_trial_that_fails_is_told_under_the_table_and_by_the_exit_code(
    home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Follower, "tend", lambda *_: [])
    with Store():
        pass

    def fails(trial: Trial) -> str | None:
        return "no row of the class b is left" if trial.severity else None

    with training_here(fails=fails):
        done = invoked(capfd, *SMALL, "--levels", "5%")
    assert done.code == 4
    assert "10 trainings failed: no row of the class b is left" in done.out


def names(store: Store) -> list[str]:
    return [sweep.axis.key for sweep in sweeps(store.reader.comparisons("default"))]


def test_the_sweeps_of_a_session_are_found_again(worker: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert invoked(capfd, *SMALL, "--levels", "5%", "-q").code == 0
    with Store() as store:
        assert names(store) == ["outliers"]


def test_a_report_shows_sweeps_beneath_the_tables_and_one_by_number(
    worker: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert invoked(capfd, *SMALL, "--levels", "3%,10%", "-q").code == 0
    shown = invoked(capfd, "report")
    assert shown.out.index("Δ to best") < shown.out.index("regression: outliers in y, 3 levels")
    with Store() as store:
        (number,) = [sweep.number for sweep in sweeps(store.reader.comparisons("default"))]
    alone = invoked(capfd, "report", "--sweep", str(number), "--format", "json")
    assert json.loads(alone.out)["sweep"] == number
    missing = invoked(capfd, "report", "--sweep", "1")
    assert (missing.code, missing.out) == (2, "")
    assert f"has no sweep 1; it has {number} (outliers)." in missing.err
    resumed = invoked(capfd, "resume", "-q")
    assert "then mae" in resumed.out
    told = invoked(capfd, "--linear")
    assert "mae overtakes mse at 3." in told.out


def test_a_page_and_a_pull_request_hold_the_sweep(worker: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert invoked(capfd, *SMALL, "--levels", "3%,10%", "-q").code == 0
    for form, name in (("html", "page.html"), ("markdown", "page.md"), ("json", "page.json"), ("csv", "page.csv")):
        done = invoked(capfd, "export", "--to", form, "--output", str(worker / name))
        assert done.code == 0, done.err
    page = (worker / "page.html").read_text()
    assert "then mae" in page
    assert "Who is best, by severity; fainter where tied" in page
    assert "then mae" in (worker / "page.md").read_text()
    document = json.loads((worker / "page.json").read_text())
    assert document["sweeps"][0]["axis"]["key"] == "outliers"
    lines = list(csv.DictReader(io.StringIO((worker / "page.csv").read_text())))
    assert {line["severity"] for line in lines} == {"", "outliers=0.03", "outliers=0.1"}
