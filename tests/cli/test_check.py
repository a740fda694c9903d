"""`reproduce` and `check` as processes with the fake worker: what is printed, what is left behind, exit codes."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lossterm import __version__
from lossterm.cli.options.shared import FORMATS
from lossterm.published import CASES
from lossterm.store import Store

WAIT = 30.0

WORKER = """
import os, pathlib, time
from lossterm.engine.fakes import fake_engine as fake
from lossterm.engine.worker import process as worker

place = pathlib.Path(os.environ["WORKERS"])

def wait_for(name):
    while name in os.environ and not pathlib.Path(os.environ[name]).exists():
        time.sleep(0.01)

def load(device, memory):
    wait_for("LOADS_AFTER")
    return fake.load_fake(device)

(place / f"{os.getpid()}.began").touch()
try:
    wait_for("STARTS_AFTER")
    worker.main(load)
finally:
    (place / f"{os.getpid()}.left").touch()
"""
"""The fake worker, which says in the directory WORKERS when it comes and goes; it may wait for files to be there."""

PROGRAM = f"""
import sys
from lossterm.cli.main import main
from lossterm.worker_control.starting import Workers

main(workers=Workers((sys.executable, "-c", {WORKER!r})))
"""
"""lossterm, all of it, with that worker in place of the real one."""

Result = subprocess.CompletedProcess[str]
Document = dict[str, Any]


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


@dataclass(frozen=True)
class Home:
    """Somebody's place: a store, a directory for temporary files, and notes of the workers that came and went."""

    place: Path

    def __post_init__(self) -> None:
        for directory in (self.temporary, self.workers):
            directory.mkdir()

    @property
    def temporary(self) -> Path:
        return self.place / "temporary"

    @property
    def workers(self) -> Path:
        return self.place / "workers"

    @property
    def store(self) -> Path:
        return self.place / "data" / "lossterm.db"

    def start(self, *words: object, **more: object) -> "subprocess.Popen[str]":
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LD_LIBRARY_PATH"}}
        places = {name: str(self.place / "data") for name in ("HOME", "XDG_DATA_HOME", "LOSSTERM_HOME")}
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *map(str, words)],
            env={
                **kept,
                **places,
                "LANG": "C.UTF-8",
                "TMPDIR": str(self.temporary),
                "WORKERS": str(self.workers),
                **{name: str(value) for name, value in more.items()},
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def lossterm(self, *words: object) -> Result:
        with self.start(*words) as running:
            stdout, stderr = running.communicate(timeout=WAIT)
        return Result([str(word) for word in words], running.returncode, stdout, stderr)

    def came(self) -> set[str]:
        return {mark.stem for mark in self.workers.glob("*.began")}

    def left(self) -> set[str]:
        return {mark.stem for mark in self.workers.glob("*.left")}

    def is_tidy(self) -> bool:
        """Whether a `check` left nothing behind: no file, and no worker."""
        until(lambda: self.left() == self.came(), "the worker to leave")
        return list(self.temporary.iterdir()) == []

    def stop(self) -> None:
        """End the workers that are still there."""
        for number in self.came() - self.left():
            os.kill(int(number), signal.SIGTERM)
        until(lambda: self.left() == self.came(), "the workers to leave")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Return the place of somebody who has no store yet."""
    mine = Home(tmp_path)
    yield mine
    mine.stop()


@dataclass(frozen=True)
class Recorded:
    """What one person recorded: a file for each command, and what that printed on stderr."""

    home: Home
    files: dict[str, Path]
    progress: dict[str, str]

    def document(self, name: str) -> Document:
        document: Document = strictly(self.files[name].read_text(encoding="utf-8"))
        return document


COMMANDS: dict[str, tuple[str, ...]] = {
    "run": ("run", "--loss", "hinge", "--loss", "binary_crossentropy", "--seeds", "3", "--epochs", "20"),
    "tuned": ("run", "--task", "regression", "--seeds", "2", "--lr", "tune", "--epochs", "5"),
    "diverged": ("run", "--loss", "hinge", "--seeds", "2", "--epochs", "5", "--lr", "1000"),
    "one seed": ("run", "--seeds", "1", "--epochs", "5", "--protocol", "tutorial"),
    "tutorial": ("reproduce", "--seeds", "2"),
    "digits": ("reproduce", "--case", "digits", "--seeds", "1"),
    "noise": ("reproduce", "--case", "noise", "--seeds", "2"),
}
EXITS = {"diverged": 4}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Return what the commands recorded, with the store and the worker that they used."""
    home = Home(tmp_path_factory.mktemp("recorded"))
    files, progress = {}, {}
    for name, words in COMMANDS.items():
        result = home.lossterm(*words, "--format", "json")
        assert result.returncode == EXITS.get(name, 0), result.stderr
        files[name], progress[name] = home.place / f"{name}.json", result.stderr
        files[name].write_text(result.stdout, encoding="utf-8")
    yield Recorded(home, files, progress)
    home.stop()


def strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def succeeded(result: Result, code: int = 0) -> str:
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout


# Checking


def counted(text: str) -> tuple[int, ...]:
    """Return how many scores agree, of how many, and how many to the last digit."""
    words = r"^(\d+) of (\d+) scores agree within what their seeds justify, (\d+) to the last digit\.$"
    ((agreeing, every, same),) = re.findall(words, text, re.MULTILINE)
    return int(agreeing), int(every), int(same)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_recorded_agrees_with_a_second_run(recorded: Recorded, home: Home, name: str) -> None:
    result = home.lossterm("check", recorded.files[name])
    lines = succeeded(result).splitlines()
    assert "DIFFERS" not in result.stdout
    document = recorded.document(name)
    for one in document.get("comparisons", [document]):
        for standing in one["standings"]:
            mine = [line for line in lines if re.match(rf"{standing['loss']} +agrees ", line)]
            assert any(f" {one['task']['key']}, {one['protocol']}" in line for line in mine) or standing["mean"] is None
    agreeing, every, same = counted(result.stdout)
    assert agreeing == every == same  # the fake worker repeats itself exactly
    assert every > len(document.get("rows", []))
    assert re.search(r"^\d+/\d+ trials", result.stderr, re.MULTILINE)
    assert home.is_tidy()
    assert home.came()


def test_an_agreement_as_json_is_one_document_and_quiet_says_nothing_else(recorded: Recorded, home: Home) -> None:
    result = home.lossterm("check", recorded.files["run"], "--format", "json", "--quiet")
    document = strictly(succeeded(result))
    assert result.stderr == ""
    assert list(document) == ["recording", "agrees", "findings", "remarks"]
    assert (document["recording"], document["agrees"], document["remarks"]) == (str(recorded.files["run"]), True, [])
    assert document["findings"]
    for finding in document["findings"]:
        assert list(finding) == ["where", "loss", "what", "recorded", "now", "tolerance", "ranks", "agrees"]
        assert finding["agrees"] is True
        assert finding["recorded"] == pytest.approx(finding["now"])
        assert finding["where"] == "circles, fair"


def write(place: Path, document: Document) -> Path:
    path = place / "edited.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def edited(recorded: Recorded, tmp_path: Path) -> Path:
    """Return a recording in which hinge was made to look better by .1, with all that hangs on its mean."""
    document = recorded.document("run")
    (hinge,) = (standing for standing in document["standings"] if standing["loss"] == "hinge")
    hinge["scores"]["accuracy"]["test"]["mean"] += 0.1
    hinge["mean"] += 0.1
    hinge["ci"] = [end + 0.1 for end in hinge["ci"]]
    return write(tmp_path, document)


def test_a_loss_that_was_made_to_look_better_is_named_and_the_exit_code_is_5(edited: Path, home: Home) -> None:
    text = succeeded(home.lossterm("check", edited), code=5)
    assert re.search(r"^hinge +DIFFERS ", text, re.MULTILINE)
    assert re.search(r"^binary_crossentropy +agrees ", text, re.MULTILINE)
    (line,) = re.findall(r"^Differs: (.*)", text, re.MULTILINE)
    assert re.match(r"hinge \(circles, fair\): test accuracy \S+ recorded, \S+ now, tolerance \S+\.$", line)
    agreeing, every, same = counted(text)
    assert agreeing == same == every - 1
    assert home.is_tidy()


def test_a_difference_as_json_names_the_loss_too(edited: Path, home: Home) -> None:
    document = strictly(succeeded(home.lossterm("check", edited, "--format", "json"), code=5))
    assert document["agrees"] is False
    (wrong,) = (finding for finding in document["findings"] if not finding["agrees"])
    assert (wrong["loss"], wrong["what"], wrong["ranks"]) == ("hinge", "test accuracy", True)
    assert wrong["recorded"] == pytest.approx(wrong["now"] + 0.1)


def test_a_median_of_the_tutorial_that_was_edited_is_named(recorded: Recorded, home: Home, tmp_path: Path) -> None:
    document = recorded.document("tutorial")
    (row,) = (row for row in document["rows"] if (row["loss"], row["metric"]) == ("hinge", "keras2_accuracy"))
    row["seeds"]["test"]["median"] += 20  # two seeds justify much
    text = succeeded(home.lossterm("check", write(tmp_path, document)), code=5)
    (line,) = re.findall(r"^Differs: (.*)", text, re.MULTILINE)
    assert line.startswith("hinge (case tutorial): median test keras2_accuracy on circles ")


def test_another_rate_or_verdict_is_remarked_upon_and_no_difference(
    recorded: Recorded, home: Home, tmp_path: Path
) -> None:
    document = recorded.document("tuned")
    first = max(document["standings"], key=lambda standing: standing["sd"])  # its scores at 0.1 are no difference
    was, other = first["verdict"], "open" if first["verdict"] != "open" else "worse"
    first.update(learning_rate=0.1, verdict=other)
    text = succeeded(home.lossterm("check", write(tmp_path, document)))
    assert f"Not a difference, but: {first['loss']} (regression, fair): validation chose 0.01 rather than 0.1." in text
    assert (
        f"Not a difference, but: {first['loss']} (regression, fair): the verdict is {was} rather than {other}." in text
    )
    agreeing, every, same = counted(text)
    assert same < agreeing == every  # what was recorded at 0.01 is held against the scores at 0.1


def test_a_recording_of_another_version_is_checked_with_a_word_on_stderr(
    recorded: Recorded, home: Home, tmp_path: Path
) -> None:
    result = home.lossterm("check", write(tmp_path, {**recorded.document("one seed"), "lossterm": "0.0.1"}))
    assert "agrees" in succeeded(result)
    assert "was written by lossterm 0.0.1; its form is the same." in result.stderr
    assert __version__ not in result.stdout + result.stderr


BAD: dict[str, tuple[Callable[[Document], object], str]] = {
    "empty": (lambda d: d.clear(), "is not a recording of lossterm"),
    "another form": (lambda d: d.update(schema=99), "in form 99 of the JSON"),
    "unknown loss": (
        lambda d: d["standings"][0].update(loss="hindge"),
        "There is no loss 'hindge'. Did you mean hinge",
    ),
    "contradiction": (lambda d: d["standings"][0].update(mean=0.9999), "contradicts itself: hinge on circles"),
    "spread": (lambda d: d["standings"][0].update(sd=0.3), "its sd is 0.3"),
    "escape": (lambda d: d.update(lossterm="1\x1b[31m"), "is not a recording of lossterm"),
    "partial": (lambda d: d.update(partial=True), "was recorded before all of its trials had ended"),
}


@pytest.mark.parametrize("case", [*BAD, "missing", "directory"])
def test_a_bad_file_is_one_sentence_on_stderr_exit_code_3_and_nothing_is_started(
    recorded: Recorded, home: Home, tmp_path: Path, case: str
) -> None:
    path, words = tmp_path if case == "directory" else tmp_path / "nothing.json", "cannot be read"
    if case in BAD:
        edit, words = BAD[case]
        document = recorded.document("run")
        edit(document)
        path = write(tmp_path, document)
    result = home.lossterm("check", path)
    assert succeeded(result, code=3) == ""
    assert result.stderr.startswith(f"lossterm: {path}")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert "\x1b" not in result.stderr
    assert home.is_tidy()
    assert not home.came()


# What a check leaves behind


def test_a_check_makes_no_store_where_there_is_none(recorded: Recorded, home: Home) -> None:
    succeeded(home.lossterm("check", recorded.files["one seed"]))
    assert home.is_tidy()
    assert not home.store.parent.exists()


def test_a_check_does_not_touch_the_store_that_is_there(recorded: Recorded) -> None:
    with Store(recorded.home.store) as store:
        until(
            lambda: {row.state for row in store.reader.workers()} == {"ready"}, "the worker to say that it has no work"
        )
        before = store.reader.tick(), store.sessions.every()
        assert before[1]
    succeeded(recorded.home.lossterm("check", recorded.files["one seed"]))
    with Store(recorded.home.store) as store:
        assert (store.reader.tick(), store.sessions.every()) == before
    assert list(recorded.home.temporary.iterdir()) == []


def check_store(home: Home) -> Path | None:
    """Return the store of a check that goes on."""
    return next(home.temporary.glob("lossterm-check-*/lossterm.db"), None)


def trained(home: Home) -> bool:
    """Whether a check's worker has reported an epoch."""
    if path := check_store(home):
        with Store(path) as store:
            return any(row.epochs for row in store.reader.trials([one.id for one in store.reader.comparisons("check")]))
    return False


def states(home: Home) -> list[str]:
    """Return what a check's worker says that it does."""
    if path := check_store(home):
        with Store(path) as store:
            return [row.state for row in store.reader.workers()]
    return []


@pytest.mark.parametrize("quiet", [(), ("--quiet",)], ids=["loud", "quiet"])
def test_ctrl_c_during_a_check_exits_with_130_and_leaves_nothing_behind(
    recorded: Recorded, home: Home, quiet: tuple[str, ...]
) -> None:
    slowly = {"LOSSTERM_FAKE_EPOCH_SECONDS": 0.3}
    with home.start("check", recorded.files["run"], "--format", "json", *quiet, **slowly) as running:
        until(lambda: trained(home), "a first epoch")
        running.send_signal(signal.SIGINT)
        stdout, stderr = running.communicate(timeout=WAIT)
    assert running.returncode == 130
    assert stdout == ""
    assert stderr.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in stderr
    assert "kept" not in stderr
    assert home.is_tidy()
    assert home.came()
    assert not home.store.parent.exists()


@pytest.mark.parametrize("moment", ["STARTS_AFTER", "LOADS_AFTER"])
def test_ctrl_c_before_the_worker_is_ready_leaves_nothing_behind_either(
    recorded: Recorded, home: Home, tmp_path: Path, moment: str
) -> None:
    gate = tmp_path / "gate"
    with home.start("check", recorded.files["run"], **{moment: gate}) as running:
        until(home.came, "the worker to start")
        if moment == "LOADS_AFTER":
            until(lambda: "loading" in states(home), "the worker to load")
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=WAIT)
    assert running.returncode == 130
    gate.touch()
    assert home.is_tidy()


# Reproducing


def test_a_reproduction_holds_every_row_and_comparison_and_its_progress_is_kept_out_of_it(recorded: Recorded) -> None:
    for key, seeds, rows, comparisons in (("tutorial", 2, 13, 7), ("digits", 1, 8, 8), ("noise", 2, 18, 3)):
        document = recorded.document(key)
        assert (document["reproduction"], document["session"]) == (key, f"reproduce-{key}")
        assert (document["seeds"], document["lossterm"]) == (seeds, __version__)
        assert [len(document["rows"]), len(document["comparisons"])] == [rows, comparisons]
        assert not any(one["partial"] for one in document["comparisons"])
        assert document["environment"]["tensorflow"] == "fake"
        assert document["story"]
        assert re.search(r"^(\d+)/\1 trials", recorded.progress[key].splitlines()[-1])


def test_one_seed_of_digits_has_a_mean_but_no_range(recorded: Recorded) -> None:
    for row in recorded.document("digits")["rows"]:
        assert (row["seeds"], row["sd"], row["range"]) == (1, None, None)
        assert 0 < row["mean"] < 1


def test_a_second_reproduction_trains_nothing_again(recorded: Recorded) -> None:
    def trials() -> list[tuple[int, int, str, float | None]]:
        with Store(recorded.home.store) as store:
            asked = [one.id for one in store.reader.comparisons("reproduce-tutorial")]
            return [(row.id, row.attempts, row.status, row.finished) for row in store.reader.trials(asked)]

    before = trials()
    assert {(attempts, status) for _, attempts, status, _ in before} == {(1, "done")}
    again = strictly(succeeded(recorded.home.lossterm(*COMMANDS["tutorial"], "--format", "json", "--quiet")))
    assert trials() == before
    assert again["seconds"] == 0
    assert again["rows"] == recorded.document("tutorial")["rows"]


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in ("json", "linear")])
@pytest.mark.parametrize("key", CASES)
def test_a_reproduction_is_printed_in_every_form(recorded: Recorded, key: str, form: str) -> None:
    result = recorded.home.lossterm(*COMMANDS[key], "--format", form, "--quiet")
    text = succeeded(result)
    document = recorded.document(key)
    losses = [row["loss"] for row in document["rows"]]
    assert result.stderr == ""
    assert not re.search(r"\bnan\b|\x1b", text, re.IGNORECASE)
    if form == "csv":
        lines = list(csv.DictReader(io.StringIO(text), strict=True))
        assert [line["loss"] for line in lines] == losses
        assert not any(None in line or None in line.values() for line in lines)  # as many fields as there are names
        name = "seeds_test_median" if key == "tutorial" else "mean"
        expected = [row["seeds"]["test"]["median"] if key == "tutorial" else row["mean"] for row in document["rows"]]
        assert [float(line[name]) for line in lines] == expected
        return
    sentences = " ".join(text.split())  # lines may be folded
    assert all(line in sentences for line in document["story"])
    assert CASES[key].title in text
    assert all(re.search(rf"\b{loss}\b", text) for loss in losses)
    table = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(table) == (len(losses) + 2 if form == "markdown" else 0)
    assert len({line.count("|") for line in table}) <= 1
    assert form == "table" or not re.search("[\u2500-\u259f]", text)


def test_the_session_may_be_named(recorded: Recorded) -> None:
    words = (*COMMANDS["digits"], "--session", "mine", "--format", "json")
    assert strictly(succeeded(recorded.home.lossterm(*words)))["session"] == "mine"
    with Store(recorded.home.store) as store:
        assert len(store.reader.comparisons("mine")) == 8


USAGE: dict[tuple[str, ...], str] = {
    ("reproduce", "--case", "tutorail"): "There is no case 'tutorail'. Did you mean tutorial?",
    ("reproduce", "--case", "digit"): "There is no case 'digit'. Did you mean digits?",
    ("reproduce", "--seeds", "0"): "The number of seeds is 0, but must be from 1",
    ("reproduce", "--session", " "): "A session's name must be 1 to 80 printable characters.",
    ("check", "f.json", "--format", "csv"): "There is no format 'csv'. Known: table, json.",
    ("check", "f.json", "--device", "gpuu"): "There is no device 'gpuu'. Did you mean gpu",
}


@pytest.mark.parametrize("words", USAGE, ids=" ".join)
def test_wrong_usage_is_one_sentence_and_exit_code_2(home: Home, words: tuple[str, ...]) -> None:
    result = home.lossterm(*words)
    assert succeeded(result, code=2) == ""
    assert USAGE[words] in result.stderr
    assert result.stderr.count("\n") == 1
    assert home.is_tidy()
    assert not home.came()


def test_help_says_what_the_commands_do_and_leaves_nothing_behind(home: Home) -> None:
    reproduce, check = (succeeded(home.lossterm(command, "--help")) for command in ("reproduce", "check"))
    options = ("--case [tutorial|digits|noise]", "--seeds", "--session", "--device", "--quiet", "--format", "--store")
    for option in options:
        assert option in reproduce
    assert "Usage: lossterm check [OPTIONS] FILE" in check
    assert "the exit code is 5" in " ".join(check.split())
    assert not home.store.parent.exists()


def test_a_custom_loss_is_checked_where_its_place_is_said(home: Home, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def mine(y, f):\n    return (y - f) ** 2\n")
    place = ("--loss-file", f"{mine}:mine")
    words = ("run", "--loss", "hinge", *place, "--seeds", "2", "--epochs", "3", "--lr", "0.01", "--format", "json")
    path = tmp_path / "own.json"
    path.write_text(succeeded(home.lossterm(*words)), encoding="utf-8")
    text = succeeded(home.lossterm("check", path, *place))
    assert re.search(r"^mine@[0-9a-f]{8} +agrees ", text, re.MULTILINE)
    agreeing, every, same = counted(text)
    assert agreeing == every == same
    refused = home.lossterm("check", path)
    assert succeeded(refused, code=3) == ""
    assert "is a custom loss: say where it is with --loss-file FILE.py:NAME." in refused.stderr
    assert refused.stderr.count("\n") == 1
