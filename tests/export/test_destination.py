"""Where an export goes: whole or not at all, and never over what it did not write."""

import errno
import os
from pathlib import Path

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.data import FileRequest, describe
from lossterm.errors import DataError, UsageError
from lossterm.export import FORMATS, Contents, Format, default_destination, gather, path_from, write
from lossterm.export.destination import MARK
from lossterm.store import Store
from tests.builders.stores import SESSION, fill

CSV, TENSORBOARD, MLFLOW = FORMATS["csv"], FORMATS["tensorboard"], FORMATS["mlflow"]
OF_FILES = [one for one in FORMATS.values() if one.place == "file" and not one.second_file]
"""The trained model has a second file, and tests of its own in test_model: it starts TensorFlow."""


@pytest.mark.parametrize("form", OF_FILES, ids=lambda form: form.key)
def test_a_file_is_there_as_a_whole_and_alone(contents: Contents, tmp_path: Path, form: Format) -> None:
    path = tmp_path / f"x.{form.suffix}"
    write(contents, form, path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_size > 100
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask  # as any file that this person makes


def test_the_size_that_is_told_before_is_about_what_is_written(tmp_path: Path) -> None:
    store = tmp_path / "lossterm.db"
    fill(store, Comparison.ask("circles", learning_rates=[0.003, 0.01], epochs=400, seeds=4))
    with Store(store) as opened:
        contents = gather(opened, SESSION)
        for form in OF_FILES:
            path = tmp_path / f"x.{form.suffix}"
            write(contents, form, path)
            told, written = form.size(len(contents.rows), contents.epochs), path.stat().st_size
            assert 0.5 * told <= written <= 2 * told if told else written < 500_000, form.key


@pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.key)
def test_the_default_is_named_for_the_session(form: Format) -> None:
    assert default_destination("my/run", form) == Path(f"my_run.{form.suffix}")


def test_suffixes_and_keys_are_no_one_elses() -> None:
    assert len({form.suffix for form in FORMATS.values()}) == len(FORMATS)
    assert all(key == form.key and form.title for key, form in FORMATS.items())
    assert all((form.clear is not None) == (form.place == "store") for form in FORMATS.values())


@pytest.mark.parametrize("form", OF_FILES, ids=lambda form: form.key)
def test_a_file_that_is_there_is_replaced_only_when_told_to(contents: Contents, tmp_path: Path, form: Format) -> None:
    path = tmp_path / "x"
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there already: replace it with --force"):
        write(contents, form, path)
    assert path.read_text() == "mine"
    write(contents, form, path, force=True)
    assert path.read_bytes() != b"mine"
    assert list(tmp_path.iterdir()) == [path]


def test_what_would_stand_beside_a_file_is_not_replaced_either_unless_told_to(
    contents: Contents, tmp_path: Path
) -> None:
    path = tmp_path / "x.keras"
    (tmp_path / "x.keras.json").write_text("mine")
    with pytest.raises(UsageError, match=r"x\.keras\.json is there already: replace it with --force"):
        write(contents, FORMATS["model"], path)
    assert [one.name for one in tmp_path.iterdir()] == ["x.keras.json"]


def test_the_table_that_was_trained_on_is_never_replaced(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("a,y\n" + "".join(f"{n},{3 * n % 17}\n" for n in range(60)), encoding="utf-8")
    data, _ = describe(FileRequest(path=str(table), target="y"), tmp_path / "shelf")
    with Store(tmp_path / "own.db") as store:
        store.requests.ask("mine", Comparison.ask(data, ("mse",), seeds=1, learning_rates=[0.01]))
        contents = gather(store, "mine")
        with pytest.raises(UsageError, match="is the table that was trained on"):
            write(contents, CSV, table, force=True)
    assert table.read_text(encoding="utf-8").startswith("a,y\n")


def test_a_directory_that_an_export_made_is_replaced_as_a_whole(contents: Contents, tmp_path: Path) -> None:
    path = tmp_path / "runs"
    write(contents, TENSORBOARD, path)
    assert (path / MARK).is_file()
    (path / "old").mkdir()
    with pytest.raises(UsageError, match="--force"):
        write(contents, TENSORBOARD, path)
    write(contents, TENSORBOARD, path, force=True)
    assert not (path / "old").exists()
    assert len(list(path.iterdir())) == len(contents.rows) + 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_with_other_things_is_never_replaced(contents: Contents, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match="never replaced"):
        write(contents, TENSORBOARD, tmp_path / "home", force=True)
    assert (tmp_path / "home" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("form", "name", "message"),
    [
        (CSV, "there", "is a directory, and csv is a file"),
        (TENSORBOARD, "file", "is a file, and tensorboard is a directory"),
        (CSV, "gone/x.csv", "There is no directory"),
        (MLFLOW, "gone/x.db", "There is no directory"),
        (CSV, "pipe", "is not a regular file"),
    ],
)
def test_what_is_no_place_is_said_and_left_alone(
    contents: Contents, tmp_path: Path, form: Format, name: str, message: str, force: bool
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=message):
        write(contents, form, tmp_path / name, force=force)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "pipe", "there"]


@pytest.mark.parametrize("form", FORMATS.values(), ids=lambda form: form.key)
def test_the_store_itself_is_never_written_over(contents: Contents, tmp_path: Path, form: Format) -> None:
    path = contents.store.path
    before = path.read_bytes()
    (tmp_path / "link.db").symlink_to(path)
    for place in (path, tmp_path / "link.db", path.with_name(f"{path.name}-wal")):
        with pytest.raises(UsageError, match="is the store that is read from"):
            write(contents, form, place, force=True)
    assert path.read_bytes() == before


def broken(error: BaseException) -> Format:
    def fail(_: Contents, path: Path) -> None:
        path.write_text("half")
        raise error

    return msgspec.structs.replace(CSV, write=fail)


def test_a_place_that_cannot_be_written_is_said(contents: Contents, tmp_path: Path) -> None:
    full = broken(OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(DataError, match=r"x\.csv cannot be written: No space left on device\. Choose another"):
        write(contents, full, tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a bug")])
def test_of_an_export_that_broke_nothing_is_left_and_what_was_there_stays(
    contents: Contents, tmp_path: Path, error: BaseException
) -> None:
    (tmp_path / "x.csv").write_text("mine")
    with pytest.raises(type(error)):
        write(contents, broken(error), tmp_path / "x.csv", force=True)
    assert [one.name for one in tmp_path.iterdir()] == ["x.csv"]
    assert (tmp_path / "x.csv").read_text() == "mine"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.EACCES, "Permission denied")])
def test_a_directory_whose_successor_cannot_be_put_there_is_put_back(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path, moved, replace = tmp_path / "runs", [], Path.replace
    write(contents, TENSORBOARD, path)
    (path / "old").touch()

    def failing(self: Path, target: Path) -> Path:
        moved.append(target)
        if len(moved) == 2:  # after the old one went aside
            raise error
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(DataError if isinstance(error, OSError) else KeyboardInterrupt):
        write(contents, TENSORBOARD, path, force=True)
    assert moved[1:] == [path, path]
    assert list(tmp_path.iterdir()) == [path]
    assert (path / "old").exists()


def test_a_link_to_a_directory_is_refused_and_left_alone(contents: Contents, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "runs")
    for _ in range(2):  # to nothing, then to an earlier export
        with pytest.raises(UsageError, match="is a link, and tensorboard is a directory"):
            write(contents, TENSORBOARD, tmp_path / "link", force=True)
        if not (tmp_path / "runs").exists():
            write(contents, TENSORBOARD, tmp_path / "runs")
    assert (tmp_path / "link").is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link", "runs"]


def test_a_name_as_long_as_a_file_system_takes_is_written(contents: Contents, tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write(contents, CSV, path)
    assert path.is_file()
    with pytest.raises(DataError, match="cannot be written: File name too long"):
        write(contents, CSV, tmp_path / ("x" * 256))


def test_a_path_of_a_file_is_taken_as_it_is() -> None:
    assert path_from("a:b.csv", CSV) == Path("a:b.csv")
    assert path_from("~/x.csv", CSV) == Path("~/x.csv").expanduser()
