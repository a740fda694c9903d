"""`lossterm export`: stdout is data, stderr says what was written, exit codes are those of the other commands."""

import csv
import errno
import io
import json
from pathlib import Path

import pytest

from lossterm.cli.main import main
from lossterm.comparison.comparison import Comparison
from lossterm.export import FORMATS
from lossterm.store import Store
from tests.builders.loaded_modules import HEAVY, loaded_by
from tests.builders.stores import fill
from tests.cells import each
from tests.export.prepared import SESSION, TRIALS, prepare


@pytest.fixture
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty present directory; the store in `home` has two sessions."""
    prepare(home / "lossterm.db")
    fill(
        home / "lossterm.db", Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=2, epochs=3), session="s"
    )
    place = home / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def exported(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["export", *words])
    return int(left.value.code or 0)


@pytest.mark.parametrize("form", [form for form, record in FORMATS.items() if not record.second_file])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # between MLflow and SQLAlchemy, not ours to mend
def test_each_format_goes_where_it_says(form: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exported("s", "--to", form) == 0
    said = capsys.readouterr()
    name = f"s.{FORMATS[form].suffix}"
    assert said.out == ""
    record = FORMATS[form]
    what = (
        f"{record.title}, from session 's'"
        if record.one_comparison
        else f"2 trials and 6 epochs of session 's' as {form}"
    )
    assert said.err.splitlines()[-1] == f"Wrote {here / name}: {what}."
    assert [one.name for one in here.iterdir()] == [name]


@pytest.mark.parametrize("form", [form for form, record in FORMATS.items() if record.text])
def test_text_goes_to_stdout_as_it_would_into_a_file(form: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session, trials = ("s", 2) if FORMATS[form].one_comparison else (SESSION, TRIALS)
    assert exported(session, "--to", form, "--output", "-") == 0
    said = capsys.readouterr()
    ending = (
        f", from session {session!r}.\n" if FORMATS[form].one_comparison else f" of session {session!r} as {form}.\n"
    )
    assert said.err.endswith(ending)
    assert said.err.startswith(f"Wrote stdout: {'a ' if FORMATS[form].one_comparison else f'{trials} trials and '}")
    assert list(here.iterdir()) == []
    assert exported(session, "--to", form, "--output", "file") == 0
    assert (here / "file").read_text(encoding="utf-8") == said.out


def test_what_is_chosen_is_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exported(SESSION, "--to", "csv", "--output", "-", "--task", "circles", "--loss", "hinge") == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {(line["task"], line["loss"]) for line in lines} == {("circles", "hinge")}
    assert exported(SESSION, "--to", "json", "-o", "-", "-l", "mse", "-l", "mae") == 0
    document = json.loads(capsys.readouterr().out)
    assert {one["loss"] for one in document["trials"]} == {"mse", "mae"}


def test_a_file_that_is_there_is_kept_unless_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exported("s", "--to", "csv") == 0
    before = (here / "s.csv").read_text()
    (here / "s.csv").write_text("mine")
    assert exported("s", "--to", "csv") == 2
    assert "s.csv is there already: replace it with --force, or choose another --output." in capsys.readouterr().err
    assert (here / "s.csv").read_text() == "mine"
    assert exported("s", "--to", "csv", "--force") == 0
    assert (here / "s.csv").read_text() == before


@each(
    ("words", "code", "said"),
    [
        (["x", "--to", "csv"], 2, "There is no session 'x'"),
        (["s", "--to", "cvs"], 2, "There is no format 'cvs'. Did you mean csv?"),
        (["s"], 2, "Missing option '--to'. Give one of csv, json, parquet, html, markdown, keras"),
        (["s", "--to", "csv", "--task", "blobs"], 2, "There is no task in this session 'blobs'"),
        (["s", "--to", "csv", "--loss", "hing"], 2, "Did you mean hinge"),
        (["s", "--to", "parquet", "--output", "-"], 2, "parquet is not text for stdout"),
        (["s", "--to", "csv", "--output", "."], 2, "is a directory, and csv is a file"),
        (["s", "--to", "csv", "--output", "gone/x.csv"], 2, "There is no directory"),
        (["s", "--to", "mlflow", "--output", "http://x:5000"], 2, "is not a destination for mlflow"),
        (["s", "--to", "csv", "--output", "x" * 300], 3, "cannot be written: File name too long"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_what_cannot_be_done_is_said(
    words: list[str], code: int, said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported(*words) == code
    assert said in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_a_directory_that_is_closed_is_said(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)  # root, as which tests may run, is refused nothing
    assert exported("s", "--to", "csv") == 3
    assert list(here.iterdir()) == []
    assert "cannot be written: Permission denied" in capsys.readouterr().err


def test_an_empty_session_and_a_store_that_is_not_there_are_said(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported("s", "--to", "csv") == 2
    assert "There is no session 's'. There are none yet." in capsys.readouterr().err
    assert not (home / "lossterm.db").exists()
    with Store() as store, store._connection.write():
        store._connection.execute("INSERT INTO sessions (name, created) VALUES ('e', 0)")
    assert exported("e", "--to", "csv") == 2
    assert "holds no comparison yet" in capsys.readouterr().err


def test_the_help_lists_the_formats(capsys: pytest.CaptureFixture[str]) -> None:
    assert exported("--help") == 0
    said = " ".join(capsys.readouterr().out.split())
    for form in FORMATS.values():
        assert f"{form.key} {form.title}" in said


def test_no_other_command_loads_the_formats_and_no_light_one_loads_numpy(here: Path) -> None:
    assert not any(module.startswith("lossterm.export") for module in loaded_by("import lossterm.cli.main"))
    code = "import contextlib, sys\nfrom lossterm.cli.main import main\nwith contextlib.suppress(SystemExit):\n"
    loaded = loaded_by(f"{code}    main(sys.argv[1:])", "export", "s", "--to", "csv", "--output", str(here / "x.csv"))
    assert (here / "x.csv").is_file()
    assert "lossterm.export.csv_file" in loaded
    assert loaded & HEAVY == set()
    assert not loaded & {"tensorboardX", "mlflow"}


def test_the_help_says_what_trains(capsys: pytest.CaptureFixture[str]) -> None:
    assert exported("--help") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Nothing is sent anywhere. Nothing is trained either, except that --to model trains one trial again." in said
