"""One list of evil texts through the real commands, on a real store: none of it acts, wherever it is put out."""

import csv
import io
import json
import struct
import sys
from collections.abc import Callable
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lossterm.cli.main import main
from lossterm.errors import WorkerError
from lossterm.following.narrator import Narrator
from lossterm.home.paths import configuration_path
from lossterm.project import FILE_NAME
from tests.builders.commands import Asked, Watching
from tests.builders.packages import HALVES, installing
from tests.cells import each

from .evil import BREAKS_A_CALL, EVIL, LAID_OUT, acting, formulas
from .evil_store import SESSION, fill

every_evil = each("text", EVIL.values(), ids=EVIL)

Said = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store that somebody sent; the tests only read it."""
    path = tmp_path_factory.mktemp("sent") / "theirs.db"
    fill(path)
    return path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Said:
    """Return what runs the command line in an empty directory, trains nothing, and returns what was written."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    for module in ("run", "check", "resume"):
        monkeypatch.setattr(f"lossterm.cli.commands.{module}.Watch", Watching)

    def said(*words: object) -> tuple[str, str]:
        with pytest.raises((SystemExit, Asked)):
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return captured.out, captured.err

    return said


def assert_harmless(*texts: str, allowed: str = LAID_OUT) -> None:
    for text in texts:
        assert acting(text, allowed) == {}


# A session


@pytest.mark.parametrize("form", ["table", "plain", "linear"])
def test_a_report_shows_and_does_nothing(said: Said, path: Path, form: str) -> None:
    out, err = said("report", SESSION, "--store", path, "--format", form)
    assert_harmless(out, err)
    assert out.count("hinge") >= len(EVIL)


def test_a_report_in_markdown_is_text(said: Said, path: Path) -> None:
    out, err = said("report", SESSION, "--store", path, "--format", "markdown")
    assert_harmless(out, err, allowed=LAID_OUT + BREAKS_A_CALL)
    assert "<script" not in out
    assert "@everyone" not in out
    assert r"\![z](" in out or r"![z\](" in out


def test_a_report_in_csv_computes_nothing(said: Said, path: Path) -> None:
    out, err = said("report", SESSION, "--store", path, "--format", "csv")
    assert_harmless(out, err)
    assert formulas(out) == []
    assert len(list(csv.reader(io.StringIO(out)))) > len(EVIL)


def test_a_report_in_json_keeps_every_text(said: Said, path: Path) -> None:
    for number, text in enumerate(EVIL.values(), start=1):
        words = ("--store", path, "--comparison", number)
        out, err = said("report", SESSION, *words, "--format", "json")
        assert_harmless(out, err)
        document = json.loads(out)
        assert document["task"]["data"]["asked"]["target"] == text
        assert document["task"]["data"]["classes"] == [text, f"not {text}"]


@pytest.mark.parametrize("form", ["table", "json"])
def test_the_list_of_sessions_shows_every_name(said: Said, path: Path, form: str) -> None:
    out, err = said("sessions", "--store", path, "--format", form)
    assert_harmless(out, err)
    if form == "json":
        assert {row["name"] for row in json.loads(out)} == {SESSION, *EVIL.values()}


def test_a_session_is_told_in_sentences(said: Said, path: Path) -> None:
    out, err = said("--linear", "--session", SESSION, "--store", path)
    assert_harmless(out, err)
    assert out


# What leaves


@pytest.mark.parametrize("form", ["csv", "json", "markdown"])
def test_what_is_exported_to_stdout_does_nothing(said: Said, path: Path, form: str) -> None:
    out, err = said("export", SESSION, "--to", form, "--output", "-", "--store", path)
    assert_harmless(err)
    # A tab in a command that is to be copied is meant.
    assert_harmless(out, allowed=LAID_OUT + BREAKS_A_CALL + "\t" if form == "markdown" else LAID_OUT)
    assert len(out) > 10_000
    if form == "csv":
        assert formulas(out) == []
    if form == "json":
        errors = {trial["error"] for trial in json.loads(out)["trials"]}
        assert set(EVIL.values()) <= errors


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.links: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.links += [value for name, value in attributes if name in ("href", "src", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_page_holds_texts_and_no_code(said: Said, path: Path, tmp_path: Path) -> None:
    _, err = said("export", SESSION, "--to", "html", "--output", tmp_path / "x.html", "--store", path)
    assert_harmless(err)
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert_harmless(text, allowed="\n\t\u2009\u00a0\u202f\u2007")
    page = _Page(text)
    assert page.tags & {"script", "img", "iframe", "object", "embed", "link", "base", "form"} == set()
    assert not any(name.startswith("on") for name in page.attributes)
    assert page.links == []
    assert "Content-Security-Policy" in text
    assert any("<script>alert(1)</script>" in one for one in page.text)  # shown, as it was written


# A table


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a table whose name, columns, cells and classes are evil, as far as each may be."""
    place = tmp_path / "\x1b[2J\u202e[red]=1+1"
    place.mkdir()
    columns = list(EVIL.values())
    with (place / "@x\x9b.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["n", *columns, "y"])
        for number in range(60):
            cells = [column if (number + place) % 3 else "plain" for place, column in enumerate(columns)]
            writer.writerow([number, *cells, columns[number % 4]])
    return place / "@x\x9b.csv"


@each(
    "words",
    [
        ("data", "{table}", "--target", "y"),
        ("data", "{table}", "--target", "y", "--format", "json"),
        ("data", "{table}"),
        ("data", "{table}", "--target", "\x1b[2J"),
        ("data", "{table}", "--target", EVIL["markup"], "--kind", "regression"),
        ("data", "{table}", "--target", "y", "--drop", "\u202ex", "--group", "\x07"),
        ("data", "{table}", "--target", "y", "--delimiter", "\x1b"),
        ("run", "--data", "{table}", "--target", "y", "--loss", "categorical_crossentropy"),
        ("run", "--data", "{table}", "--target", EVIL["half"]),
        ("advise", "--data", "{table}", "--target", "y"),
        ("init", "--data", "{table}", "--target", "y"),
    ],
    ids=lambda words: " ".join(words[:1]) + f" {len(words)}",
)
def test_a_table_is_told_of_and_does_nothing(said: Said, table: Path, words: tuple[str, ...]) -> None:
    out, err = said(*(str(table) if word == "{table}" else word for word in words))
    assert out + err
    assert_harmless(out, err)


# What a person may have been told to type or to open


@every_evil
def test_no_complaint_repeats_what_acts(said: Said, path: Path, text: str) -> None:
    place = ("--store", path)
    for words in (
        ("report", text, *place),
        ("export", text, "--to", "csv", *place),
        ("export", SESSION, "--to", text, *place),
        ("export", SESSION, "--to", "csv", "--task", text, *place),
        ("export", SESSION, "--to", "csv", "--output", f"{text}/none/x.csv", *place),
        ("resume", text, *place),
        ("run", "--task", text),
        ("run", "--loss", text),
        ("run", "--loss-file", f"{text}:mine"),
        ("run", "--loss-file", f"{text}.py:{text}"),
        ("run", "--model", f"{text}.py:net"),
        ("run", "--data", f"{text}.csv", "--target", text),
        ("run", "--session", f"{text}\x07"),
        ("run", "--seeds", text),
        ("run", "--lr", text),
        ("run", "--project", text),
        ("report", SESSION, "--store", f"{text}\x1b/none.db"),
        ("check", f"{text}.json"),
        ("explain", text),
        ("probe", f"{text}.py:mine"),
        ("losses", "--task", text),
        (f"--{text}",),
        (f"x{text}",),
    ):
        out, err = said(*words)
        assert_harmless(out, err)
        assert err, words


@every_evil
def test_a_project_file_is_told_of_and_does_nothing(said: Said, text: str) -> None:
    written = json.dumps(text.replace("\x7f", ""))  # a string of JSON is one of TOML, but for what has two halves
    for line in (
        f"[data]\ntask = {written}",
        f"[data]\ndata = {written}\ntarget = {written}",
        f"[comparison]\nloss-file = [{written}]",
        f"[comparison]\n{written} = 1",
        f"[{written}]",
        f"[training]\nepochs = {written}",
        f"[comparison]\nsession = {written}",
        f"[comparison]\nloss = [{text}]",
    ):
        Path(FILE_NAME).write_text(line, encoding="utf-8")
        assert_harmless(*said("run"))


@every_evil
def test_a_configuration_is_told_of_and_does_nothing(said: Said, text: str, nobodys_home: Path) -> None:

    file = configuration_path()
    file.parent.mkdir(parents=True, exist_ok=True)
    written = json.dumps(text.replace("\x7f", ""))
    for line in (f"theme = {written}", f"{written} = 1", f"[keys]\n{written} = {written}", text):
        file.write_text(line, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdin.isatty", lambda: True, raising=False)
            patch.setattr("sys.stdout.isatty", lambda: True, raising=False)
            patch.setattr("lossterm.tui.app.open_app", lambda *_, **__: sys.exit(0))
            assert_harmless(*said())


@every_evil
def test_a_recording_is_told_of_and_does_nothing(said: Said, path: Path, tmp_path: Path, text: str) -> None:
    number = 1 + list(EVIL.values()).index(text)
    out, _ = said("report", SESSION, "--store", path, "--comparison", number, "--format", "json")
    document: dict[str, Any] = json.loads(out)
    for name in (None, *document):
        recorded = tmp_path / "recorded.json"
        recorded.write_text(json.dumps(document if name is None else {**document, name: text}), encoding="utf-8")
        out, err = said("check", recorded)
        assert err
        assert_harmless(out, err)


# Packages, workers, a person's own code


@every_evil
def test_what_a_package_says_does_nothing(said: Said, text: str) -> None:
    def fails() -> object:
        raise ValueError(text)

    with pytest.MonkeyPatch.context() as patch, contextmanager(installing)(patch) as install:
        install(lambda: replace(HALVES, title=text))
        install(lambda: replace(HALVES, key=f"other{text}"))
        install(fails)
        for words in (("tasks",), ("tasks", "--format", "json"), ("losses",), ("losses", "--format", "markdown")):
            out, err = said(*words)
            assert_harmless(out, err, allowed=LAID_OUT + BREAKS_A_CALL)
        assert "ValueError" in said("tasks")[1]


@every_evil
def test_what_a_worker_says_last_keeps_its_lines_and_does_nothing(
    said: Said, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise WorkerError(f"The worker went away:\nfirst {text}\nlast")

    monkeypatch.setattr("lossterm.cli.commands.run.Watch", gone)
    _, err = said("run", "--no-project")
    assert_harmless(err)
    assert err.endswith("\nlast\n")


@every_evil
def test_what_is_narrated_does_nothing(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with Narrator(quiet=False) as narrator:
        narrator.say(f"Note: {text}")
    assert_harmless(capsys.readouterr().err)


# Other tools


def test_tensorboard_is_given_texts_that_do_nothing(said: Said, path: Path, tmp_path: Path) -> None:
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData

    _, err = said("export", SESSION, "--to", "tensorboard", "--output", tmp_path / "runs", "--store", path)
    assert_harmless(err)
    texts = []
    for file in (tmp_path / "runs").rglob("events*"):
        assert_harmless(file.parent.name)
        data, place = file.read_bytes(), 0
        while place < len(data):
            (size,) = struct.unpack_from("<Q", data, place)
            event = Event.FromString(data[place + 12 : place + 12 + size])
            place += size + 16
            for value in event.summary.value:
                content = HParamsPluginData.FromString(value.metadata.plugin_data.content)
                texts += [value.tag, *(one.string_value for one in content.session_start_info.hparams.values())]
    assert_harmless(*texts)
    assert sum("<script>alert(1)</script>" in text for text in texts) > 0  # shown, as it was written


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # between MLflow and SQLAlchemy, not ours to mend
def test_mlflow_is_given_texts_that_do_nothing(said: Said, path: Path, tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    _, err = said("export", SESSION, "--to", "mlflow", "--output", tmp_path / "runs.db", "--store", path)
    assert_harmless(err)
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'runs.db'}")
    experiment = client.get_experiment_by_name(SESSION)
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    assert len(runs) >= 2 * len(EVIL)
    for run in runs:
        assert_harmless(run.info.run_name, *run.data.params, *run.data.params.values())
        assert_harmless(*run.data.tags, *run.data.tags.values(), allowed="\n\t")
    assert any("<script>alert(1)</script>" in run.data.tags.get("lossterm.error", "") for run in runs)
