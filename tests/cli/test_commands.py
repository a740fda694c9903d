import csv
import io
import json
import math
import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import click
import msgspec
import pytest
from click.testing import CliRunner

from lossterm import __version__
from lossterm.cli.commands.doctor import _configuration, _devices
from lossterm.cli.main import cli, main
from lossterm.cli.options.shared import FORMATS
from lossterm.comparison.comparison import RATES_TO_TUNE, Comparison, Status, Trial
from lossterm.comparison.device import CARDS, DEVICES
from lossterm.comparison.hyperparameters import OPTIMIZERS
from lossterm.data import FileRequest
from lossterm.engine.fakes.fake_engine import BEST_RATE
from lossterm.errors import UsageError
from lossterm.following.session_state import SessionState
from lossterm.home import device_choices
from lossterm.home.configuration import Config
from lossterm.home.device_choices import DeviceChoice, Speed
from lossterm.losses import LEFT_OUT, LOSSES, fitting
from lossterm.metrics import METRICS, metrics_for
from lossterm.store import Store, TrialRow, TrialScores, migrations
from lossterm.tasks import TASKS
from lossterm.worker_control import lock
from lossterm.worker_control.starting import Workers
from tests.builders.program import FAKE, PROGRAM, WAIT, Result, environment, lossterm, several, start_fake, stop, until
from tests.builders.stores import fill
from tests.cells import each

COMMANDS = sorted(cli.commands)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a home with a fake worker, for all tests that mind only their own session."""
    home = tmp_path_factory.mktemp("shared")
    process = start_fake(home)
    yield home
    stop(process)


def succeeded(result: Result, code: int = 0) -> str:
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    return result.stdout


def strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


# What cannot be done: one sentence, an exit code, nothing on stdout

REFUSED: dict[str, tuple[tuple[str, ...], int, str]] = {
    "unknown task": (("run", "--task", "circels"), 2, "There is no task 'circels'. Did you mean circles"),
    "unknown loss": (("run", "--loss", "hindge"), 2, "There is no loss 'hindge'. Did you mean hinge"),
    "unknown format": (("run", "--format", "jsn"), 2, "There is no format 'jsn'. Did you mean json?"),
    "unknown format of a list": (("tasks", "--format", "csv"), 2, "There is no format 'csv'. Known: table, json."),
    "unknown format of the losses": (("losses", "--format", "csv"), 2, "There is no format 'csv'. Known: table, mark"),
    "unknown optimizer": (("run", "--optimizer", "adm"), 2, "There is no optimizer 'adm'. Did you mean adam"),
    "unknown device": (("run", "--device", "gpuu"), 2, "There is no device 'gpuu'. Did you mean gpu"),
    "unknown protocol": (("run", "--protocol", "tutorail"), 2, "There is no protocol 'tutorail'. Did you mean"),
    "unknown command": (("losess",), 2, "There is no command 'losess'. Did you mean losses"),
    "unknown session": (("report", "mondey"), 2, "There is no session 'mondey'. Did you mean monday?"),
    "unknown comparison": (
        ("report", "monday", "--comparison", "77"),
        2,
        "The session 'monday' has no comparison 77; it has 1.",
    ),
    "loss that does not fit": (("run", "--loss", "mse"), 2, "mse is a loss for regression tasks, but this task is"),
    "no epochs": (("run", "--epochs", "0"), 2, "The number of epochs is 0, but must be from 1"),
    "epochs below zero": (("run", "--epochs", "-3"), 2, "The number of epochs is -3, but must be from 1"),
    "no seeds": (("run", "--seeds", "0"), 2, "The number of seeds is 0, but must be from 1"),
    "seeds below zero": (("run", "--seeds", "-1"), 2, "The number of seeds is -1, but must be from 1"),
    "no batch": (("run", "--batch-size", "0"), 2, "The batch size is 0, but must be from 1"),
    "rate 0": (("run", "--lr", "0"), 2, "The learning rate is 0.0, but must be a positive number."),
    "rate -1": (("run", "--lr", "-1"), 2, "The learning rate is -1.0, but must be a positive number."),
    "rate nan": (("run", "--lr", "nan"), 2, "The learning rate is nan, but must be a positive number."),
    "rate inf": (("run", "--lr", "inf"), 2, "The learning rate is inf, but must be a positive number."),
    "rate in words": (
        ("run", "--lr", "fast"),
        2,
        "--lr is 'fast', but must be `tune`, a positive number such as 0.01,",
    ),
    "rates half empty": (
        ("run", "--lr", "0.01,"),
        2,
        "--lr is '0.01,', but must be `tune`, a positive number such as 0.01,",
    ),
    "tune and a rate": (
        ("run", "--lr", "tune,0.1"),
        2,
        "--lr is 'tune,0.1', but must be `tune`, a positive number such as 0.01,",
    ),
    "one bad rate of two": (("run", "--lr", "0.1,-1"), 2, "The learning rate is -1.0, but must be a positive number."),
    "too many rates": (
        ("run", "--lr", ",".join(map(str, range(1, 102)))),
        2,
        "The number of learning rates is 101, but must be from 1 to 100.",
    ),
    "several rates under tutorial": (
        ("run", "--protocol", "tutorial", "--lr", "0.01,0.1"),
        2,
        "The protocol tutorial has no validation split to choose a learning rate on: give one rate, or use "
        "--protocol fair.",
    ),
    "tuning under tutorial": (
        ("run", "--protocol", "tutorial", "--lr", "tune"),
        2,
        "The protocol tutorial has no validation split to choose a learning rate on",
    ),
    "tutorial on another task": (
        ("run", "--task", "digits", "--protocol", "tutorial"),
        2,
        "knows only regression, circles, blobs: for digits use --protocol fair.",
    ),
    "published on another task": (
        ("run", "--task", "circles", "--protocol", "published"),
        2,
        "knows only digits: for circles use --protocol fair.",
    ),
    "loss of another range": (
        ("run", "--task", "regression", "--loss", "msle"),
        2,
        "msle needs targets y ≥ 0, and this task's go below; --protocol tutorial trains it all the same",
    ),
    "parameter out of range": (
        ("run", "--task", "regression", "--loss", "huber:delta=-1"),
        2,
        "delta of huber is -1, but must be from 0.000001 to 1,000,000.",
    ),
    "parameter in words": (
        ("run", "--task", "regression", "--loss", "huber:delta=big"),
        2,
        "'delta=big' after huber cannot be read: give a parameter and a number, as delta=1.",
    ),
    "parameter without a name": (
        ("run", "--task", "regression", "--loss", "barron:0.5"),
        2,
        "'0.5' after barron cannot be read: give a parameter and a number, as alpha=1.",
    ),
    "unknown parameter": (
        ("run", "--task", "regression", "--loss", "huber:dleta=1"),
        2,
        "There is no parameter of huber 'dleta'. Did you mean delta?",
    ),
    "parameter of a loss that has none": (
        ("run", "--task", "regression", "--loss", "mse:delta=1"),
        2,
        "mse has no parameters, so 'delta' cannot be set.",
    ),
    "parameter given twice": (
        ("run", "--task", "regression", "--loss", "huber:delta=1,delta=2"),
        2,
        "delta of huber is given twice.",
    ),
    "loss that is left out": (
        ("run", "--task", "regression", "--loss", "cosine_similarity"),
        2,
        "cosine_similarity is left out: with one unit it is always ±1, and its gradient 0, so that nothing can be "
        "trained by it.",
    ),
    "loss of targets that are never 0": (
        ("run", "--task", "counts", "--loss", "gamma"),
        2,
        "gamma needs targets y > 0, and this task's may be 0. Losses that fit:",
    ),
    "loss of the other kind of classes": (
        ("run", "--loss", "focal"),
        2,
        "focal is a loss for multiclass tasks, but this task is binary. Did you mean binary_focal?",
    ),
    "custom loss without its place": (
        ("run", "--loss", "mine@01234567"),
        2,
        "'mine@01234567' is a custom loss: say where it is with --loss-file FILE.py:NAME.",
    ),
    "probabilities of numbers": (
        ("advise", "--task", "counts", "--probabilities"),
        2,
        "--probabilities is for classes",
    ),
    "loss file without a name": (
        ("run", "--loss-file", "{mine}"),
        2,
        "is invalid: give FILE.py:NAME, or package.module:NAME for an installed package,",
    ),
    "loss file with half a parameter": (
        ("run", "--loss-file", "{mine}:mine:delta"),
        2,
        "mine.py:mine:delta': 'delta' is not of the form parameter=value. Give FILE.py:NAME",
    ),
    "loss file with an unknown head": (
        ("run", "--loss-file", "{mine}:mine:head=logits"),
        2,
        "There is no head for a custom loss 'logits'. Did you mean logit",
    ),
    "loss file that lacks the name": (
        ("run", "--loss-file", "{mine}:mien"),
        2,
        "There is no loss in mine.py called 'mien'. Did you mean mine?",
    ),
    "loss file that is neither file nor module": (
        ("run", "--loss-file", "no-module:mine"),
        2,
        "'no-module' is neither a Python file nor a module.",
    ),
    "loss file that is not there": (
        ("run", "--loss-file", "{home}/absent.py:mine"),
        3,
        "absent.py cannot be read: No such file or directory.",
    ),
    "loss file that is no Python": (
        ("run", "--loss-file", "{broken}:mine"),
        3,
        "broken.py, line 2 is not Python: '(' was never closed.",
    ),
    "loss file of another ending": (
        ("run", "--loss-file", "{file}/a:mine"),
        3,
        "is not a Python file: a loss of your own must be in a file that ends in .py.",
    ),
    "loss file before": (
        ("--loss-file", "{broken}:mine"),
        3,
        "broken.py, line 2 is not Python: '(' was never closed.",
    ),
    "explain an unknown loss": (("explain", "hubr"), 2, "There is no loss 'hubr'. Did you mean huber"),
    "explain a parameter out of range": (
        ("explain", "huber:delta=0"),
        2,
        "delta of huber is 0, but must be from 0.000001 to 1,000,000.",
    ),
    "explain one that is left out": (
        ("explain", "ctc"),
        2,
        "ctc is left out: it is of sequences whose labels are not aligned,",
    ),
    "losses of an unknown task": (("losses", "--task", "circels"), 2, "There is no task 'circels'. Did you mean"),
    "unknown metric": (("run", "--metric", "acuracy"), 2, "There is no metric 'acuracy'. Did you mean accuracy"),
    "metric of another kind": (
        ("run", "--metric", "mae"),
        2,
        "mae is a metric for regression and multioutput tasks, but this task is binary. Metrics that fit: accuracy,",
    ),
    "metric of another range": (
        ("run", "--task", "regression", "--metric", "rmsle"),
        2,
        "rmsle needs targets of at least 0, and this task's go below. Metrics that fit: mae,",
    ),
    "metric of another protocol": (
        ("run", "--metric", "keras2_accuracy"),
        2,
        "keras2_accuracy is computed under the protocol tutorial only. Metrics that fit: accuracy,",
    ),
    "report by an unknown metric": (
        ("report", "monday", "--metric", "acuracy"),
        2,
        "There is no metric 'acuracy'. Did you mean accuracy",
    ),
    "report by a metric of another kind": (
        ("report", "monday", "--metric", "r2"),
        2,
        "r2 is a metric for regression and multioutput tasks, but this task is binary.",
    ),
    "ROPE below 0": (("report", "monday", "--rope", "-1"), 2, "The ROPE is -1.0, but must be"),
    "layers in words": (("run", "--hidden", "abc"), 2, "--hidden is 'abc', but must be whole numbers"),
    "layers half empty": (("run", "--hidden", "50,"), 2, "--hidden is '50,', but must be whole numbers"),
    "a layer of nothing": (("run", "--hidden", "50,0"), 2, "A hidden layer is 0, but must be from 1"),
    "session without a name": (("run", "--session", " "), 2, "A session's name must be 1 to 80 printable characters."),
    "trials in a table": (("run", "--trials"), 2, "--trials adds to the JSON: say --format json too."),
    "trials in a reported table": (("report", "monday", "--trials"), 2, "--trials adds to the JSON"),
    "bench of nothing": (("bench", "--epochs", "0"), 2, "The number of epochs is 0, but must be from 1"),
    "ascii before a command": (("--ascii", "losses"), 2, "--ascii is for the app: leave it out before a command's"),
    "no ascii before a command": (("--no-ascii", "losses"), 2, "--ascii is for the app: leave it out before a comm"),
    "low bandwidth before a command": (("--low-bandwidth", "run"), 2, "--low-bandwidth is for the app: leave it out"),
    "a theme before a command": (("--theme", "dark", "tasks"), 2, "--theme is for the app: leave it out before"),
    "markers before a command": (("--markers", "ascii", "tasks"), 2, "--markers is for the app: leave it out before"),
    "sentences before a command": (("--linear", "report", "monday"), 2, "--linear is for the app: leave it out before"),
    "unknown markers": (("--markers", "brailel"), 2, "There is no kind of markers 'brailel'. Did you mean braille?"),
    "sentences and a loss file": (
        ("--linear", "--loss-file", "{mine}:mine"),
        2,
        "--loss-file adds a loss to choose in",
    ),
    "sentences of a corrupt store": (("--linear", "--store", "{corrupt}"), 3, "is damaged or is not a lossterm store"),
    "a reproduction in sentences": (
        ("reproduce", "--format", "linear"),
        2,
        "There is no format 'linear'. Did you mean plain?",
    ),
    "no terminal": ((), 2, "The terminal app needs a terminal for input and output"),
    "no terminal, a session": (("--session", "x"), 2, "The terminal app needs a terminal for input and output"),
    "store under a file": (("run", "--store", "{file}/lossterm.db"), 3, "cannot be used: Not a directory"),
    "store deep under a file": (("sessions", "--store", "{file}/a/b.db"), 3, "cannot be used: Not a directory"),
    "store is a directory": (("sessions", "--store", "{home}"), 3, "cannot be used: it is a directory"),
    "corrupt store to run": (("run", "--store", "{corrupt}"), 3, "is damaged or is not a lossterm store"),
    "corrupt store to report": (("report", "s", "--store", "{corrupt}"), 3, "is damaged or is not a lossterm store"),
    "corrupt store before": (("--store", "{corrupt}", "sessions"), 3, "is damaged or is not a lossterm store"),
    "store of another program": (("sessions", "--store", "{other}"), 3, "is a SQLite file of another program"),
    "newer store to run": (("run", "--store", "{newer}"), 3, "was made by a newer lossterm"),
    "newer store to list": (("sessions", "--store", "{newer}"), 3, "was made by a newer lossterm"),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    home = tmp_path_factory.mktemp("refused")
    with Store(home / "lossterm.db") as store:
        store.requests.ask("monday", Comparison.ask("circles"))
    places = {name: home / name for name in ("file", "corrupt", "other", "newer")}
    places["file"].write_text("a file")
    places["other"].write_bytes(b"SQLite format 3\0" + b"\xa5" * 5000)
    places["corrupt"].write_bytes(b"SQLite format 3\0" + b"\xa5" * 52 + b"loss" + b"\xa5" * 5000)
    Store(places["newer"]).close()
    with closing(sqlite3.connect(places["newer"])) as connection:
        connection.execute(f"PRAGMA user_version = {migrations.VERSION + 1}")
    places |= {"home": home, "mine": home / "mine.py", "broken": home / "broken.py"}
    places["mine"].write_text("def mine(y_true, y_pred):\n    return (y_true - y_pred) ** 2\n")
    places["broken"].write_text("x = 1\ny = (2\n")
    every = [[argument.format(**places) for argument in arguments] for arguments, _, _ in REFUSED.values()]
    return dict(zip(REFUSED, several(home, every), strict=True))


@each("case", REFUSED)
def test_what_cannot_be_done_is_said_in_one_sentence(refused: dict[str, Result], case: str) -> None:
    _, code, sentence = REFUSED[case]
    result = refused[case]
    assert result.returncode == code
    assert sentence in result.stderr
    assert result.stderr.startswith("lossterm: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith((".\n", "?\n"))
    assert result.stdout == ""


def test_nothing_that_is_refused_is_written_into_the_store(refused: dict[str, Result]) -> None:
    home = Path(refused["store is a directory"].args[-1])
    with Store(home / "lossterm.db") as store:
        assert [(row.name, row.comparisons) for row in store.sessions.every()] == [("monday", 1)]
    assert (home / "other").read_bytes() == b"SQLite format 3\0" + b"\xa5" * 5000
    damaged = b"SQLite format 3\0" + b"\xa5" * 52 + b"loss" + b"\xa5" * 5000
    assert (home / "corrupt").read_bytes() == damaged
    assert not list(home.glob("*worker*"))


@pytest.mark.parametrize("case", ["unknown task", "corrupt store to report", "no terminal"])
def test_a_cold_start_says_the_same(refused: dict[str, Result], case: str) -> None:
    home = Path(refused["store is a directory"].args[-1])
    cold, warm = lossterm(home, *refused[case].args), refused[case]
    assert (cold.returncode, cold.stdout, cold.stderr) == (warm.returncode, warm.stdout, warm.stderr)


@pytest.mark.parametrize(
    "words", [("run", "--max-trials", "ten"), ("run", "--sedes", "3"), ("export",), ("--nonsense",)]
)
def test_words_that_cannot_be_read_are_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = lossterm(tmp_path, *words)
    assert succeeded(result, 2) == ""
    assert "Error: " in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--epochs ten", "--epochs is 'ten', but must be a whole number."),
        ("--seeds 1.5", "--seeds is '1.5', but must be a whole number."),
        ("--dropout much", "--dropout is 'much', but must be a number."),
        ("--hidden 5,x", "--hidden is '5,x', but must be whole numbers with commas between, such as 50,20, or `none`."),
        ("--early-stopping x", "--early-stopping is 'x', but must be a whole number, or empty for none."),
    ],
)
def test_a_setting_that_cannot_be_read_is_wrong_usage_too_and_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["run", *words.split()])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == sentence
    assert result.exception.exit_code == 2


def test_a_terminal_that_is_only_piped_into_is_no_terminal(tmp_path: Path) -> None:
    piped = subprocess.run(
        list(PROGRAM), env=environment(tmp_path), input=b"q\n", capture_output=True, check=False, timeout=WAIT
    )
    assert piped.returncode == 2
    assert b"needs a terminal" in piped.stderr
    assert piped.stdout == b""


# Help and lists


@each("name", ["", *COMMANDS])
def test_help_names_every_option_and_command(name: str) -> None:
    result = CliRunner().invoke(cli, [*filter(None, [name]), "--help"], prog_name="lossterm")
    assert (result.exit_code, result.stderr) == (0, "")
    command = cli.commands[name] if name else cli
    names = [word for option in command.params if isinstance(option, click.Option) for word in option.opts]
    assert names
    for word in names:
        assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", result.stdout), word
    if not name:
        assert all(re.search(rf"^  {one} ", result.stdout, re.MULTILINE) for one in COMMANDS)
        assert "Exit codes" in result.stdout


def test_help_of_the_whole_program_and_of_a_command_are_printed_without_a_store(tmp_path: Path) -> None:
    assert succeeded(lossterm(tmp_path, "--help")).startswith("Usage: lossterm [OPTIONS]")
    text = re.sub(r"\s+", "", succeeded(lossterm(tmp_path, "run", "-h")))
    for words in (OPTIMIZERS, (*DEVICES, CARDS), FORMATS):
        assert "[" + "|".join(words) + "]" in text
    assert list(tmp_path.iterdir()) == []


def test_version_is_printed(tmp_path: Path) -> None:
    assert succeeded(lossterm(tmp_path, "--version")) == f"lossterm {__version__}\n"


@pytest.mark.parametrize(("command", "catalogue"), [("tasks", TASKS), ("metrics", METRICS)])
def test_lists_hold_the_whole_catalogue_as_a_table_and_as_json(
    tmp_path: Path, command: str, catalogue: dict[str, Any]
) -> None:
    table, document = several(tmp_path, [(command,), (command, "--format", "json")])
    lines = succeeded(table).splitlines()
    assert [line.split()[0] for line in lines[2:]] == list(catalogue)
    assert table.stderr == document.stderr == ""
    rows = strictly(succeeded(document))
    assert [row["key"] for row in rows] == list(catalogue)
    for row in rows:
        record = catalogue[row["key"]]
        assert row["title"] == record.title
        assert not any("function" in str(value) for value in row.values() if isinstance(value, str) and "<" in value)


KINDS = {
    "For numbers": "regression",
    "For two classes": "binary",
    "For three or more classes": "multiclass",
    "For several labels at once": "multilabel",
    "For ranks": "ordinal",
    "For masks": "segmentation",
}


def listed(text: str) -> dict[str, list[list[str]]]:
    """The cells of each table of losses, by the kind of task that its heading names."""
    parts = re.split(rf"^({'|'.join(KINDS)})$", text.partition("\nlossterm explain")[0], flags=re.MULTILINE)
    return {
        KINDS[head]: [re.split(r"  +", line.strip()) for line in table.strip("\n").splitlines()[2:]]
        for head, table in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_losses_are_listed_by_kind_with_the_usual_ones_marked_and_as_json(tmp_path: Path) -> None:
    table, document = several(tmp_path, [("losses",), ("losses", "--format", "json")])
    assert table.stderr == document.stderr == ""
    tables = listed(succeeded(table))
    assert list(tables) == list(KINDS.values())
    for kind, rows in tables.items():
        wanted = [loss for loss in LOSSES.values() if kind in loss.kinds]
        usual = [row[0] == "●" for row in rows]
        assert usual == [loss.usual for loss in wanted]
        cells = [row[1:] if row[0] == "●" else row for row in rows]
        assert [(row[0], row[1]) for row in cells] == [(loss.key, loss.estimates) for loss in wanted]
    for name, reason in LEFT_OUT.items():
        assert f"\n{name}: {reason}." in table.stdout
    records = strictly(succeeded(document))
    assert [record["key"] for record in records] == list(LOSSES)
    for record in records:
        loss = LOSSES[record["key"]]
        assert [one["name"] for one in record["parameters"]] == [one.name for one in loss.parameters]
        assert record["aliases"] == list(loss.aliases)
        assert record["usual"] == loss.usual
        assert record["lowest"] == (None if loss.lowest == -math.inf else loss.lowest)
        assert "function" not in record
    assert not re.search(r"<function|0x", document.stdout)


def test_losses_are_listed_as_markdown_whose_cells_no_formula_breaks(tmp_path: Path) -> None:
    text = succeeded(lossterm(tmp_path, "losses", "--format", "markdown"))
    assert re.findall(r"^\*\*(.*)\*\*$", text, re.MULTILINE) == list(KINDS)
    tables = re.split(r"^\*\*.*\*\*$", text, flags=re.MULTILINE)[1:]
    for table, kind in zip(tables, KINDS.values(), strict=True):
        lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.strip().splitlines()]
        assert len({len(cells) for cells in lines}) == 1
        names = [cells[1].strip() for cells in lines[2:]]
        assert names == [loss.key for loss in LOSSES.values() if kind in loss.kinds]
        formulas = [cells[-1].strip().replace("\\|", "|") for cells in lines[2:]]
        assert formulas == [loss.formula for loss in LOSSES.values() if kind in loss.kinds]


@pytest.mark.parametrize("task", ["counts", "circles"])
def test_losses_are_listed_for_a_task_with_why_some_do_not_fit(tmp_path: Path, task: str) -> None:
    words = ("losses", "--task", task)
    table, document = several(tmp_path, [words, (*words, "--format", "json")])
    kind = TASKS[task].kind
    rows = strictly(succeeded(document))
    assert [row["key"] for row in rows] == [loss.key for loss in LOSSES.values() if kind in loss.kinds]
    assert {row["key"] for row in rows if row["misfit"] is None} == {loss.key for loss in fitting(TASKS[task].targets)}
    ((shown, lines),) = listed(succeeded(table)).items()
    assert shown == kind
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines, strict=True):
        assert (row["misfit"] or "fits") in line


def test_every_loss_is_explained_in_words_and_as_json(tmp_path: Path) -> None:
    groups = [
        [loss.key for loss in LOSSES.values() if (loss.kinds[0] == "regression") == numeric]
        for numeric in (True, False)
    ]
    words = [("explain", *keys) for keys in groups]
    *texts, values, classes = several(tmp_path, [*words, *((*one, "--format", "json") for one in words)])
    for keys, text in zip(groups, map(succeeded, texts), strict=True):
        for key in keys:
            loss = LOSSES[key]
            assert f"\n{key}: {loss.title}\n" in f"\n{text}"
            for part in (loss.formula, loss.estimates):
                assert part in re.sub(r"\s+", " ", text)
            assert all(re.search(rf"^{one.name} ", text, re.MULTILINE) for one in loss.parameters)
    for keys, result in zip(groups, (values, classes), strict=True):
        documents = strictly(succeeded(result))
        assert [one["key"] for one in documents] == keys
        for one in documents:
            shape = one["shape"]
            assert len({len(shape[name]) for name in ("x", "loss", "slope")}) == 1
            shown = 15 if LOSSES[one["key"]].link == "logit" else 20  # shares lie from −½ to ½ about a target of ½
            assert sum(value is not None for value in shape["loss"]) > shown
            assert sum(value is not None for value in shape["slope"]) > shown


def test_a_loss_with_parameters_is_explained_with_its_values(tmp_path: Path) -> None:
    (document,) = strictly(succeeded(lossterm(tmp_path, "explain", "Barron:c=2", "--format", "json")))
    assert document["key"] == "barron:c=2"
    assert {one["name"]: (one["value"], one["default"]) for one in document["parameters"]} == {
        "alpha": (1, 1),
        "c": (2, 1),
    }
    place = document["shape"]["x"].index(4)
    assert document["shape"]["loss"][place] == pytest.approx(math.sqrt(1 + (4 / 2) ** 2) - 1)


def test_sessions_are_listed_and_none_is_said_on_stderr(tmp_path: Path) -> None:
    empty = lossterm(tmp_path, "sessions")
    assert succeeded(empty) == ""
    assert "No sessions yet. Begin one with `lossterm run`." in empty.stderr
    with Store(tmp_path / "lossterm.db") as store:
        store.requests.ask("monday", Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=2))
        store.requests.ask("sunday", Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=3, epochs=7))
        row = store.worker.claim("auto")
        while row and row.trial.hyperparameters.epochs != 7:
            row = store.worker.claim("auto")
        assert row is not None
        store.worker.finish(row.id, "done", seconds=0.1)
        store.sessions.stop("sunday")
    table, document = several(tmp_path, [("sessions",), ("sessions", "--format", "json")])
    assert re.search(r"monday .* circles +1 +0/2 *$", succeeded(table), re.MULTILINE)
    assert re.search(r"sunday .* circles +1 +1/3, 2 stopped *$", table.stdout, re.MULTILINE)
    (sunday, monday) = strictly(succeeded(document))
    assert (sunday["trials"], sunday["ended"], sunday["stopped"]) == (3, 3, 2)
    assert {key: monday[key] for key in monday if key not in ("created", "last")} == {
        "name": "monday",
        "comparisons": 1,
        "trials": 2,
        "ended": 0,
        "stopped": 0,
        "tasks": ["circles"],
    }


def test_comparisons_are_listed_with_their_verdicts(tmp_path: Path) -> None:
    fill(
        tmp_path / "lossterm.db", Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=2), session="monday"
    )
    fill(tmp_path / "lossterm.db", Comparison.ask("blobs", seeds=2, learning_rates=[0.01]), session="sunday")
    words = ("sessions", "--comparisons")
    empty, table, document = several(tmp_path, [(*words, "--store", "none.db"), words, (*words, "--format", "json")])
    assert "No sessions yet" in empty.stderr
    assert re.search(r"sunday .* blobs +2 +No verdict", succeeded(table))
    sunday, monday = strictly(succeeded(document))
    assert (monday["session"], monday["task"], monday["losses"], monday["seeds"]) == ("monday", "circles", ["hinge"], 2)
    assert monday["settings"] == ["hidden 50", "tutorial"]
    assert (monday["trials"], monday["ended"], monday["stopped"]) == (2, 2, 0)
    assert monday["verdict"] == "Only hinge has scores: nothing to compare"
    assert sunday["comparison"] == 2


# Running


def run(home: Path, session: str, *more: str, **variables: str) -> Result:
    """Run four small trials; the tutorial's protocol unless said otherwise, so that there is one learning rate."""
    words = ("run", "--session", session, "--loss", "hinge", "--loss", "squared_hinge", "--seeds", "2")
    return lossterm(home, *words, "--epochs", "5", "--protocol", "tutorial", *more, **variables)


def tuned(home: Path, session: str, *more: str, **variables: str) -> Result:
    return run(home, session, "--protocol", "fair", *more, **variables)


def rows_in(home: Path, *sessions: str) -> list[TrialRow]:
    """Return the trials of all comparisons of sessions, each once."""
    with Store(home / "lossterm.db") as store:
        return store.reader.trials([one.id for session in sessions for one in store.reader.comparisons(session)])


def test_a_run_prints_its_table_on_stdout_and_plain_lines_of_progress_on_stderr(shared: Path) -> None:
    result = run(shared, "table")
    text = succeeded(result)
    assert text.startswith("circles: 2 seeds × 5 epochs")
    assert re.search(r"^1 +hinge", text, re.MULTILINE)
    assert "±" in text
    lines = result.stderr.splitlines()
    assert re.match(r"4/4 trials", lines[-1])
    assert "\x1b" not in result.stderr + text
    assert "\r" not in result.stderr


def test_a_run_as_json_is_one_document_with_the_progress_kept_out_of_it(shared: Path) -> None:
    result = run(shared, "json", "--format", "json")
    document = strictly(succeeded(result))
    assert (document["session"], document["seeds"], document["schema"]) == ("json", 2, 2)
    assert [standing["loss"] for standing in document["standings"]] == ["hinge", "squared_hinge"]
    assert document["environment"]["tensorflow"] == "fake"
    assert "trials" not in document
    assert "4/4 trials" in result.stderr


def test_trials_add_every_curve_to_the_json(shared: Path) -> None:
    document = strictly(succeeded(run(shared, "curves", "--format", "json", "--trials")))
    assert [(one["loss"], one["seed"], one["status"]) for one in document["trials"]] == [
        ("hinge", 0, "done"),
        ("squared_hinge", 0, "done"),
        ("hinge", 1, "done"),
        ("squared_hinge", 1, "done"),
    ]
    assert all(len(curve) == 5 for one in document["trials"] for curve in one["curves"].values())


def test_quiet_says_nothing_on_stderr(shared: Path) -> None:
    result = run(shared, "quiet", "--quiet", "--format", "json", "--lr", "0.02")
    assert strictly(succeeded(result))["hyperparameters"]["learning_rates"] == [0.02]
    assert result.stderr == ""


def test_every_setting_reaches_the_training(shared: Path) -> None:
    words = ("--hidden", "8,4", "--batch-size", "16", "--optimizer", "adam", "--lr", "0.5", "--task", "circles")
    document = strictly(succeeded(run(shared, "settings", *words, "--metric", "roc_auc", "--format", "json")))
    assert (document["task"]["key"], document["protocol"], document["metric"]["key"]) == (
        *("circles", "tutorial", "roc_auc"),
    )
    assert document["hyperparameters"] == {
        "hidden": [8, 4],
        "activation": "relu",
        "initial_sd": None,
        "optimizer": "adam",
        "batch_size": 16,
        "epochs": 5,
        "dropout": 0.0,
        "batch_norm": False,
        "l2": 0.0,
        "schedule": "constant",
        "early_stopping": None,
        "class_weight": None,
        "scaling": "standard",
        "network": "mlp",
        "filters": [],
        "kernel": 3,
        "pooling": "max",
        "units": [],
        "cell": "gru",
        "bidirectional": False,
        "model": "",
        "learning_rates": [0.5],
        "widened": {},
    }


def test_a_run_alone_trains_what_the_project_file_says_that_init_wrote(shared: Path) -> None:
    words = ("--loss", "hinge", "--protocol", "tutorial", "--seeds", "2", "--epochs", "5", "--session", "project")
    wrote, result = several(shared, [("init", *words), ("run", "--format", "json")])
    assert re.match(r"Wrote /.+/lossterm\.toml\. ", succeeded(wrote))
    document = strictly(succeeded(result))
    assert (document["session"], document["protocol"], document["seeds"]) == ("project", "tutorial", 2)
    assert [standing["loss"] for standing in document["standings"]] == ["hinge"]
    assert result.stderr.startswith("Using lossterm.toml; --no-project does without.\n")


def test_a_rate_that_makes_every_trial_diverge_still_prints_the_table_and_exits_with_4(
    shared: Path,
) -> None:
    text = succeeded(run(shared, "absurd", "--lr", "1000"), code=4)
    assert text.count("diverged 2/2") == 2
    table, document = several(shared, [("report", "absurd"), ("report", "absurd", "--format", "json")])
    assert succeeded(table, code=4).count("diverged 2/2") == 2
    standings = strictly(succeeded(document, code=4))["standings"]
    assert [(one["rank"], one["mean"], one["diverged"], one["failed"]) for one in standings] == [(None, None, 2, 0)] * 2


def test_what_is_in_the_store_is_not_trained_again(shared: Path) -> None:
    succeeded(run(shared, "once", "--lr", "0.03"))
    with Store(shared / "lossterm.db") as store:
        before = [
            (row.id, row.finished) for row in store.reader.trials([one.id for one in store.reader.comparisons("once")])
        ]
    again = strictly(succeeded(run(shared, "twice", "--lr", "0.03", "--format", "json")))
    assert again["seconds"] == 0
    with Store(shared / "lossterm.db") as store:
        after = [
            (row.id, row.finished) for row in store.reader.trials([one.id for one in store.reader.comparisons("twice")])
        ]
    assert after == before


# Protocols, rates and metrics


def test_a_run_is_fair_and_tuned_unless_said_otherwise(shared: Path) -> None:
    words = ("run", "--session", "default", "--loss", "hinge", "--seeds", "1", "--epochs", "5", "--format", "json")
    result = lossterm(shared, *words)
    document = strictly(succeeded(result))
    assert document["protocol"] == "fair"
    assert document["hyperparameters"]["learning_rates"] == list(RATES_TO_TUNE)
    assert "5/5 trials" in result.stderr


@pytest.mark.parametrize(
    ("words", "rates"),
    [
        (("--lr", "tune"), RATES_TO_TUNE),
        (("--lr", "0.1,0.01"), (0.01, 0.1)),
        (("--lr", "0.02,0.02"), (0.02,)),
        (("--lr", " 0.5 , 2e-1 "), (0.2, 0.5)),
        (("--lr", "0.3"), (0.3,)),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_rates_are_trained_as_given_and_the_best_on_validation_is_judged(
    shared: Path, words: tuple[str, ...], rates: tuple[float, ...]
) -> None:
    session = f"rates {rates}"
    document = strictly(succeeded(tuned(shared, session, *words, "--format", "json", "--trials")))
    assert document["hyperparameters"]["learning_rates"] == list(rates)
    assert sorted({trial["learning_rate"] for trial in document["trials"]}) == list(rates)
    assert len(document["trials"]) == 2 * 2 * len(rates)
    for standing in document["standings"]:
        assert [point["learning_rate"] for point in standing["sweep"]] == list(rates)
        assert standing["learning_rate"] == min(rates, key=lambda rate: abs(math.log10(rate / BEST_RATE)))
        assert standing["trials"] == standing["done"] == 2
        (chosen,) = (point for point in standing["sweep"] if point["chosen"])
        assert chosen["learning_rate"] == standing["learning_rate"]


def test_a_tuned_run_shows_its_sweep_and_marks_a_best_rate_at_the_edge(shared: Path) -> None:
    text = succeeded(tuned(shared, "sweep", "--lr", "0.03,0.1,1"))
    assert text.startswith("circles: 2 seeds × 5 epochs, 3 lr from 0.03 to 1 cosine, ")
    assert len(re.findall(r" 0\.03\* +‹█›[▁-█][▁-█] ", text)) == 2
    assert "* hinge, squared_hinge: the best rate is the smallest tried" in text
    assert "try lr 0.003,0.009,0.03,0.1,1." in text
    assert "Fair protocol: fresh data for each seed, split 60/20/20" in text


@pytest.mark.parametrize(
    ("task", "protocol", "rows", "caveat"),
    [
        ("circles", "fair", (600, 200, 200), "Fair protocol: fresh data for each seed"),
        ("blobs", "tutorial", (500, None, 500), "Tutorial protocol: one fixed draw cut in half"),
        ("digits", "fair", (1079, 359, 359), "Fair protocol: the same rows split anew for each seed"),
        ("digits", "published", (1077, 270, 450), "Published protocol: one stratified split 60/15/25"),
    ],
)
def test_a_protocol_is_trained_on_its_own_splits_and_says_its_caveat(
    shared: Path, task: str, protocol: str, rows: tuple[int | None, ...], caveat: str
) -> None:
    session = f"{task} {protocol}"
    words = ("--session", session, "--task", task, "--protocol", protocol, "--seeds", "1", "--epochs", "2")
    document = strictly(succeeded(lossterm(shared, "run", *words, "--format", "json", "--quiet")))
    assert document["protocol"] == protocol
    assert tuple(document["task"]["rows"].values()) == rows
    assert caveat in succeeded(lossterm(shared, "report", session))


def test_a_network_may_have_no_hidden_layer(shared: Path) -> None:
    document = strictly(succeeded(run(shared, "linear", "--hidden", "none", "--format", "json")))
    assert document["hyperparameters"]["hidden"] == []
    assert ", hidden none\n" in succeeded(lossterm(shared, "report", "linear"))


def test_a_run_ranks_and_tunes_by_the_metric_asked_for_and_a_report_by_any_other(shared: Path) -> None:
    words = ("--session", "by metric", "--seeds", "3", "--epochs", "5", "--metric", "log_loss")
    text = succeeded(lossterm(shared, "run", *words))
    assert re.search(r"^1 +binary_crossentropy ", text, re.MULTILINE)
    assert len(re.findall(r"^– +(?:squared_)?hinge +– ", text, re.MULTILINE)) == 2
    assert "Ranked by mean test log_loss (less is better)" in text
    assert "hinge has no log_loss: its output does not give it." in text
    before = [(row.id, row.finished) for row in rows_in(shared, "by metric")]
    anew, again = several(
        shared,
        [
            ("report", "by metric", "--metric", "accuracy", "--format", "json"),
            ("report", "by metric", "--format", "json"),
        ],
    )
    document = strictly(succeeded(anew))
    assert document["metric"] == {"key": "accuracy", "direction": "max"}
    assert [one["rank"] for one in document["standings"]] == [1, 2, 3]
    assert strictly(succeeded(again))["metric"]["key"] == "log_loss"
    assert [(row.id, row.finished) for row in rows_in(shared, "by metric")] == before


def test_a_report_is_judged_by_another_rope_which_is_told_and_not_kept(shared: Path) -> None:
    succeeded(lossterm(shared, "run", "--session", "judged", "--seeds", "5", "--epochs", "5", "--lr", "0.1"))
    form = ("--format", "json")
    usual, wide, other, again = several(
        shared,
        [
            ("report", "judged", *form),
            ("report", "judged", "--rope", "0.9", *form),
            ("report", "judged", "--rope", "0.4", "--metric", "log_loss", *form),
            ("report", "judged", *form),
        ],
    )
    assert wide.stderr == "Judged by a ROPE of 0.9, chosen after the training: say so beside the verdicts.\n"
    assert [one["verdict"] for one in strictly(succeeded(wide))["standings"] if one["loss"]][1:] == ["equal", "equal"]
    assert (strictly(wide.stdout)["rope"], strictly(succeeded(other))["rope"]) == (0.9, 0.4)
    assert strictly(other.stdout)["metric"]["key"] == "log_loss"
    assert succeeded(again) == succeeded(usual) != wide.stdout
    assert usual.stderr == again.stderr == ""


def test_one_rope_judges_neither_two_metrics_nor_a_race(shared: Path) -> None:
    words = ("--seeds", "5", "--epochs", "2", "--lr", "0.1")
    for session, *more in (("units",), ("units", "--task", "regression"), ("raced", "--until", "settled")):
        succeeded(lossterm(shared, "run", "--session", session, *words, *more))
    two, race = several(shared, [("report", name, "--rope", "0.1") for name in ("units", "raced")])
    assert two.returncode == 2
    assert re.search(r"these tables rank by accuracy \(comparison \d+\) and mae \(.*: add --comparison N\.", two.stderr)
    assert race.returncode == 2
    assert (
        race.stderr == "lossterm: A race ends by the ROPE that it was begun with. Run it again with --rope instead.\n"
    )
    number = re.findall(r"\(comparison (\d+)\)", two.stderr)[1]
    assert "equal is less than .1" in succeeded(
        lossterm(shared, "report", "units", "--rope", "0.1", "--comparison", number)
    )


def test_a_report_of_numbers_may_be_ranked_by_any_quantile_whatever_the_run_was_for(shared: Path) -> None:
    words = ("--task", "regression", "--session", "numbers", "--seeds", "2", "--epochs", "5", "--lr", "0.1")
    succeeded(lossterm(shared, "run", *words, "--loss", "mse", "--loss", "mae"))
    before = [(row.id, row.finished) for row in rows_in(shared, "numbers")]
    anew, again = several(
        shared,
        [
            ("report", "numbers", "--metric", "pinball_90", "--format", "json"),
            ("report", "numbers", "--format", "json"),
        ],
    )
    document = strictly(succeeded(anew))
    assert document["metric"] == {"key": "pinball_90", "direction": "min"}
    assert [one["rank"] for one in document["standings"]] == [1, 2]
    assert all(one["mean"] is not None for one in document["standings"])
    assert strictly(succeeded(again))["metric"]["key"] == "mae"
    assert [(row.id, row.finished) for row in rows_in(shared, "numbers")] == before


# What is in the store already


def test_more_seeds_train_only_the_new_trials(shared: Path) -> None:
    words = ("--format", "json", "--hidden", "7")
    first = strictly(succeeded(tuned(shared, "grown", *words)))
    before = {row.id: (row.attempts, row.finished) for row in rows_in(shared, "grown")}
    assert len(before) == 2 * 2 * 5
    more = strictly(succeeded(tuned(shared, "grown", *words, "--seeds", "5")))
    after = {row.id: (row.attempts, row.finished) for row in rows_in(shared, "grown")}
    assert len(after) == 2 * 5 * 5
    assert {number: after[number] for number in before} == before
    assert {attempts for attempts, _ in after.values()} == {1}
    assert [[one["trials"] for one in document["standings"]] for document in (first, more)] == [[2, 2], [5, 5]]


def test_another_loss_and_another_rate_train_only_what_is_new(shared: Path) -> None:
    words = ("--hidden", "6", "--quiet")
    succeeded(tuned(shared, "wider", *words, "--lr", "0.01,0.1"))
    before = {row.id: row.finished for row in rows_in(shared, "wider")}
    succeeded(tuned(shared, "wider", *words, "--lr", "0.1,1", "--loss", "binary_crossentropy"))
    after = {row.id: row.finished for row in rows_in(shared, "wider")}
    assert {number: after[number] for number in before} == before
    fresh = {(row.trial.loss, row.trial.learning_rate) for row in rows_in(shared, "wider") if row.id not in before}
    assert fresh == {("hinge", 1), ("squared_hinge", 1), ("binary_crossentropy", 0.1), ("binary_crossentropy", 1)}


# Losses with parameters, and custom losses


def test_losses_with_parameters_are_compared_side_by_side_whatever_they_are_called(shared: Path) -> None:
    words = ("run", "--session", "bent", "--task", "regression", "--seeds", "2", "--epochs", "3", "--lr", "0.01")
    asked = ("--loss", "l2", "--loss", "huber:delta=.5", "--loss", "Huber", "--loss", "huber:delta=0.50")
    document = strictly(succeeded(lossterm(shared, *words, *asked, "--format", "json")))
    assert {one["loss"] for one in document["standings"]} == {"mse", "huber:delta=0.5", "huber"}
    assert {row.trial.loss for row in rows_in(shared, "bent")} == {"mse", "huber:delta=0.5", "huber"}
    assert re.search(r"^\d +huber:delta=0\.5 ", succeeded(lossterm(shared, "report", "bent")), re.MULTILINE)


def test_usual_losses_are_trained_unless_all_are_asked_for(shared: Path) -> None:
    words = ("run", "--task", "counts", "--seeds", "1", "--epochs", "2", "--lr", "0.01", "--format", "json", "--quiet")
    few, same, every = (
        {one["loss"] for one in strictly(succeeded(lossterm(shared, *words, "--session", session, *more)))["standings"]}
        for session, more in (("few", ()), ("same", ("--loss", "usual")), ("every", ("--loss", "all")))
    )
    assert few == same == {loss.key for loss in fitting(TASKS["counts"].targets) if loss.usual}
    assert every == {loss.key for loss in fitting(TASKS["counts"].targets)}


def test_a_custom_loss_is_trained_beside_the_usual_ones_and_anew_once_its_file_was_edited(
    shared: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def mine(y, f):\n    return (y - f) ** 2\n")
    words = ("run", "--session", "mine", "--seeds", "2", "--epochs", "3", "--lr", "0.01", "--format", "json")

    def trained() -> set[str]:
        document = strictly(succeeded(lossterm(shared, *words, "--loss-file", f"{path}:mine:weight=2")))
        return {one["loss"] for one in document["standings"]}

    first = trained()
    (own,) = (loss for loss in first if "@" in loss)
    assert re.fullmatch(r"mine:weight=2@[0-9a-f]{8}", own)
    assert first - {own} == {"binary_crossentropy", "hinge", "squared_hinge"}
    sources = {row.trial.source for row in rows_in(shared, "mine") if row.trial.loss == own}
    assert sources == {f"{path}:mine:weight=2"}
    ids = {row.id for row in rows_in(shared, "mine")}
    assert trained() == first
    assert {row.id for row in rows_in(shared, "mine")} == ids
    path.write_text("def mine(y, f):\n    return (y - f) ** 4\n")
    second = trained()
    assert len(second - first) == 1
    assert len(rows_in(shared, "mine")) == len(ids) + 2
    path.unlink()
    assert own in succeeded(lossterm(shared, "report", "mine"))  # what was trained is shown without the file


# Trials that diverge or fail


def test_a_rate_that_diverges_is_passed_over_for_one_that_does_not_and_named(shared: Path) -> None:
    text = succeeded(tuned(shared, "one absurd", "--lr", "0.01,1000"))
    assert len(re.findall(r" 0\.01\* +‹█›× ", text)) == 2
    assert "hinge diverged or failed at rates that were not chosen: 2/2 at 1000." in text
    text = succeeded(tuned(shared, "all absurd", "--lr", "1000,2000"), code=4)
    assert text.count("diverged 2/2") == 2


def end_at(status: Status, *which: tuple[float, int]) -> Callable[[Trial], Status]:
    return lambda trial: status if (trial.learning_rate, trial.seed) in which else "done"


ENDS: dict[str, tuple[Callable[[Trial], Status], int]] = {
    "all done": (end_at("done"), 0),
    "diverged elsewhere": (end_at("diverged", (0.1, 0), (0.1, 1)), 0),
    "diverged at the rate that is judged": (end_at("diverged", (0.01, 1), (0.1, 0)), 4),
    "failed elsewhere": (end_at("failed", (0.1, 0)), 4),
    "failed at the rate that is judged": (end_at("failed", (0.01, 0), (0.1, 1)), 4),
    "stopped": (end_at("cancelled", (0.01, 1), (0.1, 1)), 0),
}


def test_a_report_exits_with_4_only_for_a_failure_or_a_divergence_at_the_rate_that_is_judged(home: Path) -> None:
    with Store(home / "lossterm.db") as store:
        for case, (end, _) in ENDS.items():
            epochs = 5 + list(ENDS).index(case)  # trials of its own
            comparison = Comparison.ask("circles", ("hinge",), seeds=2, epochs=epochs, learning_rates=(0.01, 0.1))
            asked = store.requests.ask(case, comparison)
            while row := store.worker.claim("auto"):
                value = 0.9 if row.trial.learning_rate == 0.01 else 0.5
                scores: TrialScores = {one.key: {"validation": value, "test": value} for one in metrics_for("binary")}
                status = end(row.trial)
                if status == "cancelled":
                    store.requests.cancel([asked.id])
                store.worker.finish(row.id, status, scores=scores if status == "done" else None)
    results = several(home, [("report", case) for case in ENDS])
    assert {case: result.returncode for case, result in zip(ENDS, results, strict=True)} == {
        case: code for case, (_, code) in ENDS.items()
    }
    assert all("hinge" in result.stdout for result in results)


def test_the_store_may_be_named_before_or_after_the_command(shared: Path, tmp_path: Path) -> None:
    succeeded(run(shared, "named"))
    path = str(shared / "lossterm.db")
    for words in (("--store", path, "report", "named"), ("report", "named", "--store", path)):
        assert "hinge" in succeeded(lossterm(tmp_path, *words))
    assert not (tmp_path / "lossterm.db").exists()


# Reporting


@pytest.fixture(scope="module")
def reported(shared: Path) -> dict[str, Result]:
    succeeded(run(shared, "kept", "--lr", "0.04"))
    return dict(zip(FORMATS, several(shared, [("report", "kept", "--format", form) for form in FORMATS]), strict=True))


@pytest.mark.parametrize("form", FORMATS)
def test_a_stored_session_is_reported_in_every_format(reported: dict[str, Result], form: str) -> None:
    result = reported[form]
    text = succeeded(result)
    assert result.stderr == ""
    if form == "json":
        assert [one["loss"] for one in strictly(text)["standings"]] == ["hinge", "squared_hinge"]
    elif form == "csv":
        lines = list(csv.DictReader(io.StringIO(text), strict=True))
        assert {line["loss"] for line in lines} == {"hinge", "squared_hinge"}
        assert {line["learning_rate"] for line in lines} == {"0.04"}
    elif form == "markdown":
        assert len([line for line in text.splitlines() if line.startswith("| ")]) == 5
    elif form == "linear":
        assert re.search(
            r"^Place 1: hinge, with mean test accuracy .*\n.*\nPlace 2: squared_hinge,", text, re.MULTILINE
        )
        assert "Curves of hinge on test follow, of the median over 2 seeds.\n" in text
    else:
        assert re.search(r"^1 +hinge .*\n2 +squared_hinge ", text, re.MULTILINE)
        assert form == "table" or not re.search("[\u2500-\u259f]", text)


def test_a_report_says_what_the_run_said(shared: Path, reported: dict[str, Result]) -> None:
    text = succeeded(reported["plain"])
    assert succeeded(run(shared, "kept again", "--lr", "0.04", "--format", "plain")) == text


def test_json_of_several_comparisons_holds_the_last_and_says_how_to_get_the_others(
    shared: Path,
) -> None:
    succeeded(run(shared, "several", "--lr", "0.05"))
    succeeded(run(shared, "several", "--lr", "0.06"))
    with Store(shared / "lossterm.db") as store:
        first, second = (one.id for one in store.reader.comparisons("several"))
    words: list[tuple[str, ...]] = [("--format", "json"), ("--format", "json", "--comparison", str(first)), ()]
    last, named, both = several(shared, [("report", "several", *more) for more in words])
    assert strictly(succeeded(last))["comparison"] == second
    assert f"Not in this one: {first} (circles)" in last.stderr
    assert strictly(succeeded(named))["hyperparameters"]["learning_rates"] == [0.05]
    assert named.stderr == ""
    assert re.search(r"\b0\.05\b", succeeded(both))
    assert re.search(r"\b0\.06\b", both.stdout)


@pytest.mark.parametrize(
    "poor",
    [
        {"LANG": "C"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
    ],
    ids=str,
)
def test_a_poor_terminal_gets_the_table_too(shared: Path, reported: dict[str, Result], poor: dict[str, str]) -> None:
    succeeded(reported["table"])

    def tried(words: tuple[str, ...]) -> "subprocess.CompletedProcess[bytes]":
        command = [*PROGRAM, *words]
        return subprocess.run(command, env=environment(shared, **poor), capture_output=True, check=False, timeout=WAIT)

    for done in map(tried, [("report", "kept"), ("report", "kept", "--format", "markdown")]):
        assert done.returncode == 0, done.stderr
        assert b"hinge" in done.stdout
        assert done.stderr == b""


@pytest.mark.parametrize(
    "words",
    [
        ("losses",),
        ("losses", "--format", "json"),
        ("--help",),
        ("run", "--help"),
        ("--version",),
        ("report", "kept"),
        ("report", "kept", "--format", "linear"),
        ("--session", "kept", "--linear"),
    ],
    ids=" ".join,
)
def test_a_reader_that_leaves_early_ends_it_without_a_word_and_as_sigpipe_would(
    shared: Path, reported: dict[str, Result], words: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = subprocess.run(
            [*PROGRAM, *words],
            env=environment(shared),
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
            timeout=WAIT,
        )
    finally:
        os.close(writer)
    assert result.stderr == b""
    assert result.returncode == 128 + signal.SIGPIPE


def in_a_shell(home: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a line in which lossterm is `$0 "$@"`."""
    return subprocess.run(
        ["/bin/sh", "-c", command, *PROGRAM],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("words", ["losses", "report kept --format json", "--help"])
def test_an_output_that_goes_to_a_full_disk_is_a_sentence(
    shared: Path, reported: dict[str, Result], words: str
) -> None:
    result = in_a_shell(shared, f'"$0" "$@" {words} > /dev/full')
    assert result.stderr == (
        "lossterm: The output could not be written whole: No space left on device. Free some space first.\n"
    )
    assert result.returncode == 3


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_as_good_as_thrown_away(shared: Path, closed: str) -> None:
    result = in_a_shell(shared, f'"$0" "$@" losses {closed}')
    assert (result.returncode, result.stderr) == (0, "")
    assert ("huber" in result.stdout) == (">&-" not in closed.replace("2>&-", ""))


# Being interrupted


@contextmanager
def running(home: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a command in the background."""
    with subprocess.Popen(
        [*PROGRAM, *words],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


@pytest.mark.parametrize("quiet", [(), ("--quiet",)], ids=["loud", "quiet"])
def test_ctrl_c_stops_the_trials_keeps_the_session_and_exits_with_130(home: Path, quiet: tuple[str, ...]) -> None:
    start_fake(home, LOSSTERM_FAKE_EPOCH_SECONDS="0.05")
    words = ("run", "--session", "long", "--epochs", "10000", "--seeds", "3", "--protocol", "tutorial")
    with running(home, *words, "--format", "json", *quiet) as process, Store(home / "lossterm.db") as store:
        until(lambda: any(row.epochs for row in rows_in(home, "long")), "a first epoch")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=WAIT)
        assert process.returncode == 130
        assert stdout == ""  # no trial has ended, so there is nothing to show
        assert "Traceback" not in stderr
        assert stderr.splitlines()[-1] == "Interrupted."
        assert ("what was trained is kept: lossterm report long" in stderr) == (not quiet)
        until(lambda: all(row.ended for row in rows_in(home, "long")), "the trials to stop")
        assert {row.status for row in rows_in(home, "long")} == {"cancelled"}
        assert len(rows_in(home, "long")) == 9
        assert store.reader.comparisons("long")[0].cancelled is not None
        assert lock.alive(store.path, "auto")
    partial = lossterm(home, "report", "long", "--format", "plain")
    assert "Partial: 9 of 9 trials were stopped." in succeeded(partial)


@pytest.mark.parametrize("form", FORMATS)
def test_ctrl_c_prints_the_table_of_what_there_is_marked_partial(home: Path, form: str) -> None:
    start_fake(home, LOSSTERM_FAKE_EPOCH_SECONDS="0.01")
    words = ("run", "--session", "cut", "--loss", "hinge", "--loss", "squared_hinge", "--lr", "0.01,0.1")
    with running(home, *words, "--seeds", "500", "--epochs", "4", "--format", form) as process:
        until(lambda: sum(row.status == "done" for row in rows_in(home, "cut")) >= 12, "some trials to end")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=WAIT)
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in stderr
    if form == "json":
        document = strictly(stdout)
        assert document["partial"] is True
        assert document["seeds"] == 500
        assert {standing["rank"] for standing in document["standings"]} == {1, 2}
        assert all(3 <= standing["done"] < 500 for standing in document["standings"])
    elif form == "csv":
        lines = list(csv.DictReader(io.StringIO(stdout), strict=True))
        assert {line["loss"] for line in lines} == {"hinge", "squared_hinge"}
        assert all(3 <= int(line["done"]) < int(line["trials"]) == 500 for line in lines)
    elif form == "linear":
        assert re.search(r"^Partial: 1?\d{3} of 2000 trials were stopped\.$", stdout, re.MULTILINE)
        assert len(re.findall(r" with \d+ of 500 trials done\.$", stdout, re.MULTILINE)) == 2
        assert len(re.findall(r"^Curves of \w+ on validation follow, of the median over", stdout, re.MULTILINE)) == 2
    else:
        assert re.search(r"^\W*Partial: 1?\d{3} of 2000 trials were stopped\.$", stdout, re.MULTILINE)
        assert len(re.findall(r"\b\d+/500\b", stdout)) == 2
        assert re.search(r"^(?:\| )?1 +(?:\| )?(?:squared_)?hinge ", stdout, re.MULTILINE)
    until(lambda: all(row.ended for row in rows_in(home, "cut")), "the trials to stop")


def test_a_run_whose_trials_someone_else_stops_prints_its_table_and_exits_with_130(home: Path) -> None:
    start_fake(home, LOSSTERM_FAKE_EPOCH_SECONDS="0.01")
    words = ("run", "--session", "ended", "--loss", "hinge", "--protocol", "tutorial", "--seeds", "500")
    with running(home, *words, "--epochs", "4") as process, Store(home / "lossterm.db") as store:
        until(lambda: sum(row.status == "done" for row in rows_in(home, "ended")) >= 3, "some trials to end")
        assert store.sessions.stop("ended") == 0
        stdout, stderr = process.communicate(timeout=WAIT)
    assert process.returncode == 130
    assert re.search(r"^Partial: \d{3} of 500 trials were stopped\.$", stdout, re.MULTILINE)
    assert "Traceback" not in stderr


# Races

RACE = ("run", "--session", "race", "--until", "settled", "--task", "circles", "--epochs", "3")


def test_a_race_says_at_each_look_what_stops_and_at_its_end_what_it_saved(home: Path) -> None:
    start_fake(home)
    done = lossterm(home, *RACE, "--format", "json")
    document = strictly(succeeded(done))
    race = document["race"]
    assert race["over"]
    assert race["cap"] == 30
    assert race["trainings"]["fixed_design"] == 450
    assert race["trainings"]["done"] == len(rows_in(home, "race")) < 225
    assert "After 3 seeds: " in done.stderr
    assert "Look at 5 seeds: " in done.stderr
    sentences = succeeded(lossterm(home, "report", "race", "--format", "linear"))
    assert "They race with at most 30 seeds, until all is settled: each is trained for 3 epochs." in sentences
    assert f"with {race['trainings']['done']} of the 450 trainings" in sentences
    again = lossterm(home, *RACE, "--format", "json")
    assert strictly(succeeded(again))["race"] == race


def test_a_race_that_ran_out_of_time_is_taken_up_again_by_resume(home: Path) -> None:
    start_fake(home, LOSSTERM_FAKE_EPOCH_SECONDS="0.02")
    cut = lossterm(home, *RACE, "--max-time", "0.2s", "--format", "json")
    assert cut.returncode == 4
    document = strictly(cut.stdout)
    assert document["partial"]
    assert not document["race"]["over"]
    assert {standing["verdict"] for standing in document["standings"]} == {None}
    resumed = strictly(succeeded(lossterm(home, "resume", "race", "--format", "json")))
    assert resumed["race"]["over"]
    assert not resumed["partial"]


def test_resume_asks_for_the_stage_of_a_race_that_nobody_was_there_to_ask_for(home: Path) -> None:
    start_fake(home)
    with Store(home / "lossterm.db") as store:
        store.requests.ask("race", Comparison.ask("circles", epochs=3, until="settled"))
    until(lambda: all(row.ended for row in rows_in(home, "race")), "the first stage to end")
    assert strictly(succeeded(lossterm(home, "resume", "race", "--format", "json")))["race"]["over"]


# In sentences


@pytest.mark.parametrize("store", [(), ("--store", "{home}/other.db")], ids=["usual store", "other store"])
def test_an_empty_session_in_sentences_says_what_to_run_and_makes_no_store(
    tmp_path: Path, store: tuple[str, ...]
) -> None:
    place = tuple(word.format(home=tmp_path) for word in store)
    result = lossterm(tmp_path, *place, "--linear", "--session", "my own")
    command = shlex.join(["lossterm", "run", *place, "--session", "my own"])
    assert succeeded(result) == f"There is nothing in the session my own yet. Begin with: {command}\n"
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_training_is_told_while_it_goes_on_and_reported_at_its_end(home: Path) -> None:
    start_fake(home, LOSSTERM_FAKE_EPOCH_SECONDS="0.01")
    with Store(home / "lossterm.db") as store:
        losses = ("hinge", "squared_hinge")
        store.requests.ask("told", Comparison.ask("circles", losses, protocol="tutorial", seeds=10, epochs=30))
    result = lossterm(home, "--session", "told", "--linear")
    narrated, _, whole = succeeded(result).partition("Session told, task circles: 2 losses are compared.\n")
    assert result.stderr == ""
    counts = [int(count) for count in re.findall(r"^(\d+) of 20 trials have ended\.$", narrated, re.MULTILINE)]
    assert counts == sorted(set(counts))
    assert counts[0] < 20
    assert "Place 1: hinge, with mean test accuracy 0." in whole
    assert "Place 2: squared_hinge, with mean test accuracy 0." in whole
    assert "10 of 10 trials done." in whole
    assert whole == succeeded(lossterm(home, "report", "told", "--format", "linear")).partition("compared.\n")[2]


def test_ctrl_c_leaves_the_sentences_and_lets_the_training_go_on(home: Path) -> None:
    start_fake(home, LOSSTERM_FAKE_EPOCH_SECONDS="0.05")
    with Store(home / "lossterm.db") as store:
        store.requests.ask("long one", Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=3, epochs=2000))
        until(lambda: [row.state for row in store.reader.workers()] == ["training"], "the training to begin")
        with running(home, "--linear", "--session", "long one") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "0 of 3 trials have ended.\n"
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=WAIT)
        assert process.returncode == 130
        assert stdout == ""
        assert stderr.split("\n") == [
            "Training goes on. Come back with: lossterm --linear --session 'long one'",
            "",  # click's, after the ^C that a terminal shows
            "Interrupted.",
            "",
        ]
        assert lock.alive(store.path, "auto")
        assert not any(row.ended or row.cancel for row in rows_in(home, "long one"))


def test_sentences_start_a_worker_where_none_is(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store() as store:
        store.requests.ask("alone", Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=2, epochs=3))
        assert not lock.alive(store.path, "auto")
        cli.main(["--linear", "--session", "alone"], standalone_mode=False, obj={"workers": Workers(FAKE)})
        assert lock.alive(store.path, "auto")
    assert capsys.readouterr().out.startswith("0 of 2 trials have ended.\nThe worker that trains is starting.\n")
    assert {row.status for row in rows_in(home, "alone")} == {"done"}


def test_sentences_of_a_loss_that_diverged_end_with_4_as_its_report_does(home: Path) -> None:
    with Store() as store:
        store.requests.ask("lost", Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=1, epochs=2))
        row = store.worker.claim("auto")
        assert row is not None
        store.worker.finish(row.id, "diverged", seconds=0.1)
    text = succeeded(lossterm(home, "--linear", "--session", "lost"), code=4)
    assert "hinge has no place: no trial of it has a test accuracy.\n" in text


# The app's configuration


class Opened:
    """Stands in for the app: keeps what it was opened with, and leaves it at once."""

    def __init__(self) -> None:
        self.config: Config | None = None
        self.memory: int | None = None

    def open_app(
        self,
        session: str,
        store: Path,
        own: Sequence[str] = (),
        table: FileRequest | None = None,
        *,
        config: Config,
        workers: Workers,
    ) -> tuple[int, str, SessionState, dict[str, str]]:
        self.config, self.memory = config, workers.memory
        return 0, session, SessionState(), {}

    def started(self, *words: str) -> object:
        """Run the program in what says to be a terminal, and return its exit code."""
        with pytest.MonkeyPatch.context() as patch:
            for stream in (sys.stdin, sys.stdout):
                patch.setattr(stream, "isatty", lambda: True)
            with pytest.raises(SystemExit) as left:
                main(list(words))
        return left.value.code


@pytest.fixture
def opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    app = Opened()
    monkeypatch.setitem(sys.modules, "lossterm.tui.app", cast("ModuleType", app))
    return app


def test_options_given_win_over_the_file_and_the_file_over_what_is_usual(opened: Opened, home: Path) -> None:
    (home / "config.toml").write_text("ascii = true\nlow_bandwidth = true\ntheme = 'light'\n")
    for words, expected in (
        ([], Config(ascii=True, low_bandwidth=True, theme="light")),
        (["--no-ascii", "--theme", "nord"], Config(low_bandwidth=True, theme="nord")),
        (["--no-low-bandwidth", "--markers", "blocks"], Config(ascii=True, theme="light", markers="blocks")),
    ):
        assert opened.started(*words) == 0
        assert opened.config == expected


def test_what_a_worker_may_take_reaches_the_app(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (opened.started(), opened.memory) == (0, None)
    assert (opened.started("--memory", "2G"), opened.memory) == (0, 2 * 10**9)
    monkeypatch.setenv("LOSSTERM_MEMORY", "3G")
    assert (opened.started(), opened.memory) == (0, 3 * 10**9)
    assert not opened.started("sessions"), "the variable is for whatever trains, and no word before a command"
    assert opened.started("--memory", "2G", "sessions") == 2


def test_a_clamped_value_is_said_before_the_app_opens_and_a_broken_file_keeps_it_shut(
    opened: Opened, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config.toml").write_text("frame_seconds = 60\n")
    assert opened.started() == 0
    assert opened.config == Config(frame_seconds=10)
    assert capsys.readouterr().err.startswith("lossterm: frame_seconds is 60 in ")
    opened.config = None
    (home / "config.toml").write_text("markers = 'dots'\n")
    assert opened.started() == 3
    assert 'config.toml is wrong: markers is "dots", but must be' in capsys.readouterr().err
    assert opened.config is None


@pytest.mark.parametrize(
    ("text", "state", "said"),
    [
        (None, "good", "config.toml, not made: everything is as usual"),
        ("ascii = true\n", "good", "config.toml, read"),
        ("frame_seconds = 60\n", "note", "config.toml, read"),
        ("ascii = 1\n", "bad", "config.toml is wrong: ascii is 1, but must be true or false."),
    ],
    ids=["absent", "good", "clamped", "broken"],
)
def test_the_doctor_shows_the_configuration_and_whether_it_reads(
    home: Path, text: str | None, state: str, said: str
) -> None:
    if text is not None:
        (home / "config.toml").write_text(text)
    (finding,) = _configuration()
    assert (finding.what, finding.state) == ("configuration", state)
    assert said in finding.observation
    assert bool(finding.advice) == (state != "good")


def test_the_doctor_tells_only_what_was_chosen_on_this_machine_by_this_engine(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {
        "tensorflow": "2",
        "keras": "3",
        "import_seconds": 1.0,
        "gpus": [],
        "cpu": "one",
        "machine": "one × 4, engine 2",
    }
    said = subprocess.CompletedProcess[bytes]([], 0, msgspec.json.encode(seen))
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: said)
    for machine in ("one × 4, engine 2", "one × 4, engine 1", "another × 4, engine 2"):
        speeds = {"CPU": Speed(0.001, 4), "GPU": Speed(0.01, 1)}
        device_choices.keep(DeviceChoice(machine=machine, shape=f"of {machine}", speeds=speeds))
    (choice,) = [check.observation for check in _devices() if check.what == "auto"]
    assert choice.startswith("measured for of one × 4, engine 2: CPU (40 × as fast as the GPU)")


# Signs of life


def test_advice_says_what_it_does_on_a_terminal_alone(home: Path) -> None:
    words = [*PROGRAM, "advise", "--task", "circles"]
    piped = lossterm(home, *words[len(PROGRAM) :])
    assert piped.stderr == ""
    screen, end = os.openpty()
    try:
        done = subprocess.run(
            words,
            env=environment(home),
            stdin=end,
            stdout=subprocess.PIPE,
            stderr=end,
            check=True,
            timeout=WAIT,
            text=True,
        )
        assert os.read(screen, 1000).decode().strip() == "Looking at the data of circles …"
    finally:
        os.close(end)
        os.close(screen)
    assert done.stdout == succeeded(piped)
