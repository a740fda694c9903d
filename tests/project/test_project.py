"""The project file: what stands in one, what `lossterm run` makes of it, and what `lossterm init` writes."""

import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import click
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossterm import project
from lossterm.cli.main import cli
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import ACTIVATIONS, OPTIMIZERS, SCHEDULES
from lossterm.errors import DataError, LosstermError, UnknownName, UsageError
from lossterm.project import FILE_NAME, SECTIONS
from lossterm.project.settings_schema import FLAG, LAYERS, NAMES, NUMBER, RATES, TEXT, TEXTS, WHOLE, SettingKey
from tests.builders.commands import Asked, invoked
from tests.cells import each

KEYS = [(section, key) for section, keys in SECTIONS.items() for key in keys]
NO_PART = {"trials", "quiet", "format", "store", "project", "no-project", "max-time", "max-trials", "memory"} | {
    "allow-open-cluster"
}
"""Options of `lossterm run` that say how it goes on, not what is compared."""

every_key = each(("section", "key"), KEYS, ids=[key.name for _, key in KEYS])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty directory that is the working one."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def wrote(text: str, name: str = FILE_NAME) -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def asked(*words: str) -> tuple[str, Comparison]:
    """Return the session and the comparison that a run asks for."""
    error = invoked(*words).exception
    if not isinstance(error, Asked):
        assert error is not None
        raise error
    session, comparison = error.args
    return session, comparison


def refused(*words: str, kind: type[LosstermError]) -> str:
    with pytest.raises(kind) as raised:
        asked(*words)
    assert "\n" not in str(raised.value)
    return str(raised.value)


# What stands in the file


def test_keys_are_the_long_options_of_a_run_that_say_what_is_compared() -> None:
    options = [option.opts[0] for option in cli.commands["run"].params if isinstance(option, click.Option)]
    assert {f"--{key.name}" for _, key in KEYS} == set(options) - {f"--{name}" for name in NO_PART}
    assert len({key.name for _, key in KEYS}) == len(KEYS)


@every_key
def test_a_key_says_what_it_is_in_one_line_and_its_example_is_of_its_form(section: str, key: SettingKey) -> None:
    assert key.form.fits(key.example)
    assert key.meaning.endswith((".", ":"))
    assert len(key.meaning) < 110


@every_key
def test_an_example_is_taken_by_its_option(here: Path, section: str, key: SettingKey) -> None:
    wrote(f"[{section}]\n{key.name} = {project.toml.toml(key.example)}\n")
    file = project.read_project(Path(FILE_NAME))
    assert list(file.values) == [key.name]
    error = invoked("run").exception
    assert isinstance(error, (Asked, UsageError, DataError))  # alone, some are refused: a target without a table
    assert FILE_NAME not in str(error)


WRONG = {
    TEXT: ["3", "true", '""', '["a"]', '"a\\u0000b"', "1979-05-27"],
    TEXTS: ['"a"', "[1]", '["a", ""]', "true"],
    NAMES: ["3", "[]", "[1]", '["a", ""]', "true"],
    FLAG: ["1", '"true"', "[]"],
    WHOLE: ["1.0", '"1"', "true", "inf", "[1]"],
    NUMBER: ['"0.1"', "nan", "inf", "true", "9" * 400, "[0.1]"],
    LAYERS: ["50", '"50,20"', "[50.0]", "[true]", '"none"'],
    RATES: ['"tuen"', "[]", "[nan]", "true", '["tune"]', "9" * 400],
}


@every_key
def test_a_value_of_another_form_is_refused_with_its_key_and_what_is_wanted(
    here: Path, section: str, key: SettingKey
) -> None:
    for value in WRONG[key.form]:
        wrote(f"[{section}]\n{key.name} = {value}\n")
        with pytest.raises(DataError) as raised:
            project.read_project(Path(FILE_NAME))
        assert str(raised.value).startswith(f"{FILE_NAME}: {section}.{key.name} is ")
        assert str(raised.value).endswith(f", but must be {key.form.wanted}.")


def test_values_are_read_as_the_options_take_them(here: Path) -> None:
    wrote("""
        [data]
        data = "tables/a b.csv"
        drop = ["id", "a, b"]
        header = false
        [network]
        hidden = [64, 32]
        dropout = 0
        batch-norm = true
        model = "nets.py:build"
        [training]
        lr = [1, 0.1]
        epochs = 3
        [comparison]
        loss = ["mse", "huber:delta=0.5"]
        loss-file = ["sub/mine.py:wing:w=2", "keras.losses:LogCosh", "/abs/mine.py:x"]
    """)
    assert project.read_project(Path(FILE_NAME)).values == {
        "data": f"{here}/tables/a b.csv",
        "drop": ("id", '"a, b"'),
        "header": False,
        "hidden": (64, 32),
        "dropout": 0,
        "batch-norm": True,
        "model": f"{here}/nets.py:build",
        "lr": (1.0, 0.1),
        "epochs": 3,
        "loss": ("mse", "huber:delta=0.5"),
        "loss-file": (f"{here}/sub/mine.py:wing:w=2", "keras.losses:LogCosh", "/abs/mine.py:x"),
    }


@pytest.mark.parametrize(
    ("written", "read"), [("0.05", (0.05,)), ("1", (1.0,)), ('"tune"', "tune"), ("[0.1, 0.2]", (0.1, 0.2))]
)
def test_learning_rates_are_one_several_or_tuned(here: Path, written: str, read: object) -> None:
    assert project.read_project(wrote(f"[training]\nlr = {written}\n")).values == {"lr": read}


def test_paths_start_where_the_file_lies(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("sub").mkdir()
    wrote('[data]\ndata = "t.csv"\n[network]\nmodel = "../n.py:build"\n', "sub/other.toml")
    values = project.read_project(Path("sub/other.toml")).values
    assert values == {"data": f"{here}/sub/t.csv", "model": f"{here}/sub/../n.py:build"}
    monkeypatch.setenv("HOME", "/home/someone")
    assert project.read_project(wrote('[data]\ndata = "~/t.csv"\n')).values == {"data": "/home/someone/t.csv"}
    assert project.read_project(wrote('[data]\ndata = "~t.csv"\n')).values == {"data": f"{here}/~t.csv"}


def test_a_mark_of_bytes_at_the_start_and_an_empty_file_are_read(here: Path) -> None:
    Path(FILE_NAME).write_bytes(b"\xef\xbb\xbf[training]\r\nepochs = 3\r\n")
    assert project.read_project(Path(FILE_NAME)).values == {"epochs": 3}
    assert project.read_project(wrote("")).values == {}


@each(
    ("text", "says"),
    [
        (
            "[training]\nepochs = \n",
            "The project file lossterm.toml is not valid TOML: Invalid value (at line 2, column 10).",
        ),
        ("[training]\nepochs = 1\nepochs = 2\n", "is not valid TOML: Cannot overwrite a value (at line 3,"),
        (f"[training]\nepochs = {'9' * 5000}\n", "is not valid TOML: "),
        (f"[training]\nlr = {'[' * 100_000}\n", "is not valid TOML: "),
        ("[training]\nepoch = 3\n", "There is no key in [training] called 'epoch'. Did you mean epochs?"),
        ("[network]\nbatch_norm = true\n", "There is no key in [network] called 'batch_norm'. Did you mean batch-norm"),
        ("[network]\nbatch_size = 3\n", "There is no key in [network] called 'batch_size'. Did you mean batch-size"),
        ("[comparison]\nformat = 'json'\n", "There is no key in [comparison] called 'format'. Known: loss, loss-file,"),
        ("[network]\nepochs = 3\n", "epochs belongs in the section [training], not in [network]."),
        ("epochs = 3\n", "epochs belongs in the section [training]."),
        ("[trainig]\nepochs = 3\n", "There is no section 'trainig'. Did you mean training?"),
        ("[tool.lossterm]\nepochs = 3\n", "There is no section 'tool'. Known: data, network, training, comparison."),
        ("training = 3\n", "training is 3, but must be a section: [training]."),
        ("[[training]]\nepochs = 3\n", "but must be a section: [training]."),
        ("[training.epochs]\n", "training.epochs is a section, but must be a whole number."),
        ("[data]\n'\\u001b[31m' = 3\n", "called '\\\\u001b[31m'. Known: task,"),
        ('[data]\ntask = ["\\u001b[31m"]\n', 'data.task is ["\\u001b[31m"], but must be text in quotes.'),
    ],
)
def test_what_is_no_project_file_is_refused_with_its_line_or_key(here: Path, text: str, says: str) -> None:
    with pytest.raises(DataError) as raised:
        project.read_project(wrote(text))
    assert says in str(raised.value)
    assert FILE_NAME in str(raised.value)
    assert str(raised.value).endswith((".", "?"))
    assert str(raised.value).isprintable()


def test_a_file_that_is_not_there_or_no_text_is_refused(here: Path) -> None:
    assert refused("run", "--project", "absent.toml", kind=DataError) == (
        "There is no project file absent.toml. `lossterm init` writes one."
    )
    assert "cannot be read: Is a directory." in refused("run", "--project", ".", kind=DataError)
    Path(FILE_NAME).write_bytes(b"[data]\ntask = '\xff\xfe'\n")
    assert "is not UTF-8 text" in refused("run", kind=DataError)


# What a run makes of it


def test_a_run_alone_asks_for_what_the_file_says(here: Path) -> None:
    wrote("""
        [data]
        task = "iris"
        [network]
        hidden = []
        l2 = 1e-4
        [training]
        epochs = 7
        lr = [0.1, 0.01]
        schedule = "cosine"
        early-stopping = 3
        class-weight = "balanced"
        [comparison]
        loss = ["brier", "focal:gamma=1"]
        seeds = 2
        metric = "brier"
        session = "from the file"
    """)
    expected = Comparison.ask(
        "iris",
        ("brier", "focal:gamma=1"),
        hidden=(),
        l2=1e-4,
        epochs=7,
        learning_rates=(0.01, 0.1),
        schedule="cosine",
        early_stopping=3,
        class_weight="balanced",
        seeds=2,
        metric="brier",
    )
    assert asked("run") == ("from the file", expected)


def test_options_on_the_command_line_win_one_by_one(here: Path) -> None:
    wrote('[network]\nhidden = [8]\nl2 = 0.1\n[comparison]\nloss = ["hinge"]\nseeds = 2\nsession = "file"\n')
    session, comparison = asked("run", "--loss", "squared_hinge", "--hidden", "none", "--session", "mine")
    assert session == "mine"
    assert comparison.losses == ("squared_hinge",)
    assert (comparison.hyperparameters.hidden, comparison.hyperparameters.l2, comparison.seeds) == ((), 0.1, 2)


def test_a_session_that_is_named_before_the_command_wins_too(here: Path) -> None:
    wrote('[comparison]\nsession = "file"\n')
    assert asked("run")[0] == "file"
    assert asked("--session", "before", "run")[0] == "before"
    assert asked("--session", "before", "run", "--session", "after")[0] == "after"
    Path(FILE_NAME).unlink()
    assert asked("run")[0] == "default"


def table(name: str = "t.csv", *, latin: bool = False) -> Path:
    """Write a table with semicolons: a number, two names, an id, a group, a day, and a number to predict."""
    rows = [
        f"{n % 7 / 2};{('höher', 'tiefer')[n % 3 // 2]};{n};{n % 9};2020-02-{n % 28 + 1:02};{n * n % 31 / 7}"
        for n in range(60)
    ]
    path = Path(name)
    path.write_text("\n".join(["a;b;the, id;g;day;y", *rows]), encoding="latin-1" if latin else "utf-8")
    return path


def test_a_task_on_the_command_line_goes_before_the_files_table_and_a_table_before_its_task(here: Path) -> None:
    table()
    wrote('[data]\ndata = "t.csv"\ntarget = "y"\ndrop = ["the, id"]\n')
    data = asked("run")[1].data
    assert data is not None
    assert (data.asked.path, data.asked.drop) == (f"{here}/t.csv", ("the, id",))
    assert asked("run", "--task", "circles")[1] == Comparison.ask("circles")
    wrote('[data]\ntask = "iris"\n')
    assert asked("run", "--data", "t.csv", "--target", "y")[1].task.startswith("t.y@")
    wrote('[data]\ntask = "iris"\ndata = "t.csv"\ntarget = "y"\n')
    assert refused("run", kind=UsageError).startswith("--task and --data are two things to train on")


def test_several_targets_are_a_list_or_a_text_with_commas(here: Path) -> None:
    table()
    for written in ('["y", "a"]', '"y,a"', '["y", "the, id"]'):
        wrote(f'[data]\ndata = "t.csv"\ntarget = {written}\n')
        data = asked("run")[1].data
        assert data is not None
        assert (data.kind, data.asked.target, len(data.asked.targets)) == ("multioutput", "y", 2)
    wrote('[data]\ndata = "t.csv"\ntarget = []\n')
    assert 'data.target is [], but must be text in quotes, or a list of texts, as ["one", "other"]' in refused(
        "run", kind=DataError
    )


def test_a_run_says_that_it_uses_a_file_unless_it_is_to_be_quiet(here: Path) -> None:
    wrote("[training]\nepochs = 3\n")
    assert invoked("run").stderr == f"Using {FILE_NAME}; --no-project does without.\n"
    assert invoked("run", "--quiet").stderr == invoked("run", "-q").stderr == ""
    Path(FILE_NAME).rename("other.toml")
    assert invoked("run").stderr == ""
    assert invoked("run", "--project", "other.toml").stderr == "Using other.toml; --no-project does without.\n"


def test_another_file_is_taken_where_it_is_named_and_none_where_none_is_wanted(here: Path) -> None:
    wrote("[training]\nepochs = 3\n")
    wrote("[training]\nepochs = 4\n", "other.toml")
    epochs = [
        asked("run", *words)[1].hyperparameters.epochs
        for words in ([], ["--project", "other.toml"], ["--no-project"], ["--project", "other.toml", "--epochs", "5"])
    ]
    assert epochs == [3, 4, 200, 5]
    assert "contradict" in refused("run", "--no-project", "--project", "other.toml", kind=UsageError)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[training]\noptimizer = "sdg"\n', "training.optimizer: There is no optimizer 'sdg'. Did you mean sgd?"),
        ('[comparison]\ndevice = "gpus"\n', "comparison.device: There is no device 'gpus'. Did you mean gpu?"),
        ('[comparison]\nsession = " "\n', "comparison.session: A session's name must be 1 to 80 printable characters."),
    ],
)
def test_a_word_that_an_option_does_not_know_is_refused_with_its_key(here: Path, text: str, says: str) -> None:
    wrote(text)
    assert refused("run", "-q", kind=DataError) == f"{FILE_NAME}, {says}"


def test_settings_go_through_the_checks_that_options_go_through(here: Path) -> None:
    wrote('[data]\ntask = "circels"\n')
    assert refused("run", kind=UnknownName) == refused("run", "--no-project", "--task", "circels", kind=UnknownName)
    wrote("[network]\ndropout = 1.5\n")
    assert refused("run", kind=UsageError) == refused("run", "--no-project", "--dropout", "1.5", kind=UsageError)


def test_help_and_other_commands_do_not_mind_a_broken_file(here: Path) -> None:
    wrote("nonsense")
    for words in (["run", "--help"], ["run", "-h"], ["tasks"], ["init", "--force"]):
        result = invoked(*words)
        assert (result.exit_code, result.stderr) == (0, ""), words
    assert asked("run")[0] == "default"  # since init wrote it anew


# Code that it names


@pytest.fixture
def naming_code(here: Path) -> Iterator[Path]:
    """Write a file that names code, which would leave a trace if it ran."""
    for name in ("mine.py", "nets.py"):
        wrote(f"open({name + '.ran'!r}, 'w').close()\ndef it(*_): pass\n", name)
    wrote('[network]\nmodel = "nets.py:it"\n[comparison]\nloss-file = ["mine.py:it"]\n')
    yield here
    assert not list(here.glob("*.ran"))


def test_code_is_said_and_run_neither_by_reading_nor_by_asking(naming_code: Path) -> None:
    said = invoked("run", "--project", FILE_NAME).stderr.splitlines()
    assert said[1] == (
        f"{FILE_NAME} names code, which the worker is going to run: {naming_code}/mine.py:it, {naming_code}/nets.py:it."
    )
    assert invoked("run", "--quiet").stderr.splitlines() == invoked("run", "-q").stderr.splitlines() == said[1:2]
    comparison = asked("run")[1]
    assert comparison.losses[-1].startswith("it@")
    assert comparison.hyperparameters.model.startswith(f"{naming_code}/nets.py:it@")


def test_code_that_the_command_line_replaces_is_not_said(naming_code: Path) -> None:
    wrote("def other(*_): pass\n", "other.py")
    said = invoked("run", "--model", "other.py:other", "--project", FILE_NAME).stderr
    assert "mine.py:it" in said
    assert "nets.py" not in said


def test_code_that_never_ran_is_asked_about_on_a_terminal_and_refused_elsewhere(
    naming_code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_of: list[str] = []

    def answer(reply: bool) -> None:
        monkeypatch.setattr("click.confirm", lambda text, **_: asked_of.append(text) or reply)  # type: ignore[func-returns-value]  # it is None, so the reply

    said = refused("run", kind=UsageError)
    places = f"{naming_code}/mine.py:it, {naming_code}/nets.py:it"
    assert said.startswith(f"{FILE_NAME} names code that has not run in its present form: {places}. Look at it, ")
    with patch("lossterm.cli.project_file._asks", lambda: True):
        answer(False)
        assert refused("run", kind=UsageError) == f"What {FILE_NAME} names was not run: {places}."
        answer(True)
        assert asked("run")[1].losses[-1].startswith("it@")
        assert len(asked_of) == 2
        assert places in asked_of[1]
        asked("run")
        assert len(asked_of) == 2, "once"
        asked("run", "--no-project")
        Path("nets.py").write_text("def it(*_): return 1\n")
        answer(False)
        assert refused("run", "--project", FILE_NAME, kind=UsageError).endswith(f": {naming_code}/nets.py:it.")
    assert "names code that has not run in its present form: " in refused("run", kind=UsageError)
    asked("run", "--project", FILE_NAME)
    asked("run")  # remembered


def test_code_that_is_named_on_the_command_line_or_to_init_is_not_asked_about(naming_code: Path) -> None:
    words = ("--loss-file", "mine.py:it", "--model", "nets.py:it")
    asked("run", *words)
    asked("run")
    Path("nets.py").write_text("def it(*_): return 2\n")
    Path("more.py").write_text("def it(*_): return 3\n")
    refused("run", kind=UsageError)
    assert invoked("init", "--force", "--task", "circles", "--loss-file", "more.py:it").exit_code == 0
    assert asked("run")[1].losses[-1].startswith("it@")


def test_a_project_file_and_code_that_others_may_write_are_refused(naming_code: Path) -> None:
    for name in (FILE_NAME, "mine.py", "nets.py"):
        Path(name).chmod(0o646)
        for words in (("run",), ("run", "--project", FILE_NAME)):
            said = refused(*words, kind=DataError)
            assert f"{name} can be written by everybody" in said
            assert "chmod go-w" in said
        assert Path(name).stat().st_mode & 0o777 == 0o646
        Path(name).chmod(0o644)
    naming_code.chmod(0o777)
    assert "in which everybody can put another file in its place" in refused("run", kind=DataError)
    naming_code.chmod(0o755)
    asked("run", "--project", FILE_NAME)


def test_somebody_elses_file_runs_no_code_unless_it_is_named(
    naming_code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_foreign(path: Path) -> project.Project:
        return replace(project.read_project(path), foreign=True)

    monkeypatch.setattr("lossterm.cli.project_file.read_project", read_foreign)  # told below
    said = refused("run", kind=UsageError)
    assert said.startswith(f"{FILE_NAME} here is somebody else's and names code to run: {naming_code}/mine.py:it, ")
    assert f"--project {FILE_NAME} or --no-project" in said
    assert asked("run", "--project", FILE_NAME)[1].losses[-1].startswith("it@")
    assert asked("run", "--no-project")[1] == Comparison.ask("circles")
    wrote("[training]\nepochs = 3\n")
    assert asked("run")[1].hyperparameters.epochs == 3  # which names no code


def test_a_file_is_foreign_where_it_is_neither_the_users_nor_roots(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = wrote("")
    owner = path.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner)
    assert not project.read_project(path).foreign
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert project.read_project(path).foreign == (owner != 0)


# What init writes


def set_in(text: str) -> dict[str, Any]:
    return {name: value for section in tomllib.loads(text).values() for name, value in section.items()}


def uncommented(text: str, names: set[str]) -> str:
    """Set keys that stand behind a #, at what stands there."""
    return re.sub(r"^#([\w-]+)(?= = )", lambda match: match[1] if match[1] in names else match[0], text, flags=re.M)


def test_init_writes_every_key_with_its_meaning_and_sets_what_is_given(here: Path) -> None:
    result = invoked("init", "--task", "blobs", "--seeds", "3", "--lr", "tune", "--hidden", "none", "--session", "s")
    assert result.exception is None
    assert result.stdout == f"Wrote {here / FILE_NAME}. Look it through, then train what it says: lossterm run\n"
    text = Path(FILE_NAME).read_text(encoding="utf-8")
    assert set_in(text) == {"task": "blobs", "seeds": 3, "lr": "tune", "hidden": [], "session": "s"}
    lines = text.splitlines()
    for section, key in KEYS:
        place = lines.index(f"# {key.meaning}")
        assert lines[place + 1].removeprefix("#").startswith(f"{key.name} = ")
        assert lines.index(f"[{section}]") < place
    assert max(map(len, lines)) <= 120


def test_init_of_nothing_sets_nothing_and_a_run_then_asks_for_what_it_always_does(here: Path) -> None:
    assert invoked("init").exception is None
    assert set_in(Path(FILE_NAME).read_text()) == {}
    assert asked("run") == ("default", Comparison.ask("circles"))


def test_init_overwrites_only_where_it_is_forced(here: Path) -> None:
    wrote("mine")
    assert refused("init", kind=UsageError) == f"{FILE_NAME} is there already; --force overwrites it."
    assert Path(FILE_NAME).read_text() == "mine"
    assert invoked("init", "--force", "--seeds", "3").exception is None
    assert set_in(Path(FILE_NAME).read_text()) == {"seeds": 3}


@pytest.mark.parametrize(
    "words",
    [
        ("--task", "circels"),
        ("--loss", "hubr"),
        ("--lr", "0"),
        ("--data", "absent.csv", "--target", "y"),
        ("--model", "absent.py:build"),
        ("--dropout", "2"),
        ("--task", "regression", "--class-weight", "balanced"),
    ],
    ids=" ".join,
)
def test_init_writes_nothing_where_a_run_would_be_refused(here: Path, words: tuple[str, ...]) -> None:
    sentence = refused("init", *words, kind=LosstermError)
    assert sentence == refused("run", *words, kind=LosstermError)
    assert list(here.iterdir()) == []


def test_init_says_where_a_file_cannot_be_written(here: Path) -> None:
    assert "cannot be written: No such file or directory." in refused("init", "--project", "no/a.toml", kind=DataError)
    with patch.object(project, "written", lambda *_: "data = '\udcff'"):  # not every file system has such a name
        assert "holds bytes that are not UTF-8." in refused("init", kind=UsageError)
    assert list(here.iterdir()) == []


def test_init_elsewhere_writes_paths_that_start_there_and_says_how_to_use_it(here: Path) -> None:
    Path("sub").mkdir()
    table("sub/t.csv")
    wrote("def it(*_): pass\n", "mine.py")
    wrote("def it(*_): pass\n", "sub/in.py")
    words = ("--data", "sub/t.csv", "--target", "y", "--loss-file", "mine.py:it", "--loss-file", "sub/in.py:it")
    result = invoked("init", *words, "--project", "sub/a b.toml")
    assert result.stdout.endswith("lossterm run --project 'sub/a b.toml'\n")
    values = set_in(Path("sub/a b.toml").read_text())
    assert (values["data"], values["loss-file"]) == ("t.csv", [f"{here}/mine.py:it", "in.py:it"])
    assert asked("run", "--project", "sub/a b.toml")[1].sources == asked("run", *words)[1].sources


def test_init_looks_at_a_table_and_writes_what_it_recognised(here: Path) -> None:
    table(latin=True)
    words = ("--data", "t.csv", "--target", "y", "--drop", '"the, id"', "--group", "g", "--seeds", "3")
    result = invoked("init", *words)
    assert "semicolons between cells" in result.stderr
    assert "y has 16 different numbers: a number to predict (regression)" in result.stderr
    values = set_in(Path(FILE_NAME).read_text(encoding="utf-8"))
    assert values.pop("encoding") in ("latin-1", "iso-8859-1", "cp1252")
    assert values == {
        "data": "t.csv",
        "target": "y",
        "kind": "regression",
        "drop": ["the, id"],
        "group": "g",
        "delimiter": ";",
        "header": True,
        "seeds": 3,
    }


def as_read(comparison: Comparison) -> Comparison:
    """Return a comparison without what of a table was said in so many words: what was read of it is the same."""
    if comparison.data is None:
        return comparison
    plain = msgspec.structs.replace(comparison.data.asked, kind=None, delimiter=None, encoding=None, header=None)
    return msgspec.structs.replace(comparison, task="", data=msgspec.structs.replace(comparison.data, asked=plain))


TABLES = {
    "semicolons": ("t.csv", "--target", "y"),
    "latin-1": ("latin.csv", "--target", "y", "--categorical", "g", "--drop", '"the, id",day'),
    "two names to predict": ("latin.csv", "--target", "b"),
    "numbers as classes": ("t.csv", "--target", "g", "--drop", "day"),
    "in order of time": ("t.csv", "--target", "y", "--time", "day"),
    "in groups, of another kind": ("t.csv", "--target", "g", "--kind", "regression", "--group", "day"),
    "weighed": ("t.csv", "--target", "y", "--sample-weight", "a", "--drop", "day"),
    "a day to predict": ("t.csv", "--target", "day"),
    "without names": ("bare.csv", "--target", "column_2"),
    "tabs in UTF-16": ("wide.tsv", "--target", "y"),
    "arrays": ("a.npz", "--target", "y"),
    "two numbers to predict together": ("t.csv", "--target", "y,a"),
}


def tables() -> None:
    table()
    table("latin.csv", latin=True)
    text = Path("t.csv").read_text(encoding="utf-8")
    Path("wide.tsv").write_text(text.replace(";", "\t"), encoding="utf-16")
    Path("bare.csv").write_text("\n".join(f"{n % 7 / 2},{n * n % 31 / 7},{n % 5}" for n in range(60)))
    np.savez("a.npz", x=np.arange(120).reshape(60, 2) % 11, y=np.arange(60) * 7 % 13 / 3)


@pytest.mark.parametrize("case", TABLES)
def test_a_run_after_init_reads_a_table_as_the_options_did(here: Path, case: str) -> None:
    tables()
    words = ("--data", *TABLES[case], "--seeds", "2", "--epochs", "3")
    assert invoked("init", *words).exception is None
    _, comparison = asked("run")
    _, expected = asked("run", "--no-project", *words)
    assert as_read(comparison) == as_read(expected)
    assert comparison.data is not None
    assert comparison.data.asked.kind == comparison.data.kind
    assert invoked("init", "--force", *words).exception is None
    assert asked("run")[1] == comparison


FLOATS = st.floats(1e-6, 0.9)
WORDS = {
    "--task": st.sampled_from(["circles", "breast_cancer"]),
    "--loss": st.sampled_from(["usual", "all", "hinge", "binary_focal:gamma=1.5"]),
    "--hidden": st.sampled_from(["none", "5", "64,32"]),
    "--activation": st.sampled_from(ACTIVATIONS),
    "--l2": FLOATS.map(repr),
    "--epochs": st.integers(1, 10**6).map(str),
    "--batch-size": st.integers(1, 10**6).map(str),
    "--lr": st.just("tune") | st.lists(FLOATS.map(repr), min_size=1, max_size=3).map(",".join),
    "--optimizer": st.sampled_from(OPTIMIZERS),
    "--schedule": st.sampled_from(SCHEDULES),
    "--early-stopping": st.integers(1, 99).map(str),
    "--class-weight": st.just("balanced"),
    "--seeds": st.integers(1, 10_000).map(str),
    "--protocol": st.just("fair"),
    "--metric": st.sampled_from(["accuracy", "roc_auc"]),
    "--rope": st.floats(0, 9).map(repr),
    "--device": st.sampled_from(["auto", "cpu"]),
    "--session": st.text(min_size=1, max_size=20).filter(lambda name: name.isprintable() and name.strip() == name),
}


@given(
    words=st.fixed_dictionaries({}, optional=WORDS),
    more=st.sampled_from([(), ("--batch-norm",), ("--final",), ("-l", "bce")]),
)
def test_a_run_after_init_asks_for_what_the_options_asked_for(words: dict[str, str], more: tuple[str, ...]) -> None:
    line = [f"{option}={value}" for option, value in words.items()] + list(more)
    with TemporaryDirectory() as place, chdir(place):
        first = invoked("run", *line).exception
        if isinstance(first, UsageError):  # as dropout without hidden layers
            assert refused("init", *line, kind=UsageError) == str(first)
            assert not Path(FILE_NAME).exists()
            return
        expected = asked("run", *line)
        assert invoked("init", *line).exception is None
        assert asked("run") == expected
        text = Path(FILE_NAME).read_text(encoding="utf-8")
        settled = {key.name for _, key in KEYS} - {"early-stopping", "class-weight", "model", "loss-file", "rope"}
        settled -= {"until"}  # a race asks for other trials
        settled -= {key.name for key in SECTIONS["data"]} - {"task"}
        wrote(uncommented(text, settled))
        assert set(set_in(Path(FILE_NAME).read_text(encoding="utf-8"))) >= settled
        assert asked("run") == expected
