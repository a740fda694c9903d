"""Tables on the shelf: taken from it, read anew where they are damaged, private, and few."""

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossterm.data import FileRequest, describe, load, table_cache
from lossterm.data.files import csv_file
from lossterm.errors import DataError

from .conftest import Write, table


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the files that were read, as they are."""
    paths: list[Path] = []
    whole = csv_file.read

    def counted(path: Path, asked: FileRequest) -> Any:
        paths.append(path)
        return whole(path, asked)

    monkeypatch.setattr(csv_file, "read", counted)
    return paths


def test_a_file_is_read_once(write: Write, shelf: Path, readings: list[Path]) -> None:
    asked = FileRequest(path=str(write(table())), target="y")
    first = describe(asked, shelf)
    assert describe(asked, shelf) == first
    load(first[0], shelf)
    assert len(readings) == 1
    describe(FileRequest(path=asked.path, target="y", drop=("c",)), shelf)
    assert len(readings) == 2


def test_a_changed_file_is_read_again(write: Write, shelf: Path, readings: list[Path]) -> None:
    path = write(table())
    before = path.stat()
    first, _ = describe(FileRequest(path=str(path), target="y"), shelf)
    write(table().replace("1.25", "2.25"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as large and as old as before
    second, _ = describe(FileRequest(path=str(path), target="y"), shelf)
    assert len(readings) == 2
    assert first.digest != second.digest


@pytest.mark.parametrize("name", ["features.npy", "target.npy", "groups.npy", "rows.npy", "meta.json"])
@pytest.mark.parametrize("damage", ["gone", "shorter", "other", "empty"])
def test_a_damaged_table_is_read_anew(name: str, damage: str, write: Write, shelf: Path, readings: list[Path]) -> None:
    rows = "".join(f"{number}.5,g{number % 7},{number}.25\n" for number in range(40))
    data, _ = describe(FileRequest(path=str(write("x,g,y\n" + rows)), target="y", group="g"), shelf)
    expected = np.array(load(data, shelf).features)
    (file,) = shelf.glob(f"*/{name}")
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        other = content[:-1] + bytes([content[-1] ^ 1])
        file.write_bytes({"shorter": content[:-9], "other": other, "empty": b""}[damage])
    loaded = load(data, shelf)
    np.testing.assert_array_equal(loaded.features, expected)
    assert loaded.groups is not None
    assert len(readings) == 2
    load(data, shelf)
    assert len(readings) == 2


def test_a_damaged_delimiter_is_read_anew(write: Write, shelf: Path, readings: list[Path]) -> None:
    asked = FileRequest(path=str(write(table().replace(",", ";"))), target="y", delimiter=";")
    first = describe(asked, shelf)
    (file,) = shelf.glob("*/meta.json")
    file.write_bytes(file.read_bytes().replace(b'"delimiter":";"', b'"delimiter":"x"'))
    assert describe(asked, shelf) == first
    assert len(readings) == 2


def test_a_pickle_on_the_shelf_is_not_opened(write: Write, shelf: Path, readings: list[Path]) -> None:
    data, _ = describe(FileRequest(path=str(write(table())), target="y"), shelf)
    (file,) = shelf.glob("*/target.npy")
    np.save(file, np.array([object()], dtype=object), allow_pickle=True)
    assert load(data, shelf).target.dtype == np.float64
    assert len(readings) == 2


def test_only_its_owner_can_read_it(write: Write, shelf: Path) -> None:
    describe(FileRequest(path=str(write(table())), target="y"), shelf)
    for path in (shelf, *shelf.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert {path.name for path in shelf.rglob("*.*")} == {"features.npy", "target.npy", "rows.npy", "meta.json"}


def test_features_are_mapped_and_cannot_be_written(write: Write, shelf: Path) -> None:
    data, _ = describe(FileRequest(path=str(write(table())), target="y"), shelf)
    features = load(data, shelf).features
    assert isinstance(features, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        features[0, 0] = 1


def test_a_refused_file_leaves_nothing_behind(write: Write, shelf: Path) -> None:
    with pytest.raises(DataError):
        describe(FileRequest(path=str(write(table(rows=10))), target="y"), shelf)
    assert list(shelf.iterdir()) == []


def test_the_longest_unused_go_first(write: Write, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_cache, "KEPT", 2)
    path = str(write(table()))
    wishes = [FileRequest(path=path, target="y", drop=drop) for drop in ((), ("c",), ("x",))]
    first, _ = describe(wishes[0], shelf)
    describe(wishes[1], shelf)
    for number, entry in enumerate(sorted(shelf.iterdir(), key=lambda one: one.stat().st_mtime_ns)):
        os.utime(entry, (number, number))
    load(first, shelf)  # used now, so that the second is the oldest
    describe(wishes[2], shelf)
    kept = table_cache.TableCache(shelf)
    assert [kept.find(first.digest, wish) is not None for wish in wishes] == [True, False, True]


def test_what_another_process_removes_meanwhile(write: Write, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(write(table()))
    describe(FileRequest(path=path, target="y"), shelf)
    (gone,) = shelf.iterdir()
    whole = Path.is_dir

    def overtaken(self: Path) -> bool:
        listed = whole(self)
        if self == gone:  # what another does between our looking and our asking how old it is
            shutil.rmtree(gone)
        return listed

    monkeypatch.setattr(Path, "is_dir", overtaken)
    data, _ = describe(FileRequest(path=path, target="y", drop=("c",)), shelf)
    assert not gone.exists()
    assert table_cache.TableCache(shelf).find(data.digest, data.asked)


def test_directories_above_are_private_too(write: Write, tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    describe(FileRequest(path=str(write(table())), target="y"), home / "data")
    for one in (home.parent, home, home / "data"):
        assert stat.S_IMODE(one.stat().st_mode) == 0o700


def test_a_shelf_that_cannot_be_made(write: Write, tmp_path: Path) -> None:
    place = write("a file", "not-a-directory")
    with pytest.raises(DataError, match=r"not-a-directory/shelf: tables can't be kept here \(Not a directory\)\."):
        describe(FileRequest(path=str(write(table())), target="y"), place / "shelf")


FULL = """
import subprocess, sys
from pathlib import Path
file, place = Path(sys.argv[1]), Path(sys.argv[2])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)], check=True)
from lossterm.data import FileRequest, describe
from lossterm.errors import DataError
try:
    describe(FileRequest(path=str(file), target="y"), place / "shelf")
except DataError as error:
    print(error)
print([one.name for one in (place / "shelf").iterdir()])
"""


def test_a_full_disk_is_a_sentence(write: Write, tmp_path: Path, mounts: None) -> None:
    """Features are written through memory: where the disk has no room for them, that ends the process with SIGBUS."""
    path, place = write(table(rows=20_000)), tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["unshare", "-m", sys.executable, "-c", FULL, str(path), str(place)],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    said, left = done.stdout.splitlines()
    assert said == f"{place}/shelf: the table can't be kept here (No space left on device)."
    assert left == "[]"


def test_another_process_may_put_the_same_there_first(
    write: Write, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = FileRequest(path=str(write(table())), target="y")
    describe(asked, shelf)
    (kept,) = shelf.iterdir()
    content = {file.name: file.read_bytes() for file in kept.iterdir()}
    monkeypatch.setattr(table_cache.TableCache, "find", lambda *_: None)
    whole = Path.rename

    def overtaken(self: Path, target: Path) -> Path:
        if target == kept:  # what another does between our looking and our renaming
            kept.mkdir()
            for name, bytes_ in content.items():
                (kept / name).write_bytes(bytes_)
        return whole(self, target)

    monkeypatch.setattr(Path, "rename", overtaken)
    describe(asked, shelf)
    assert {file.name for file in kept.iterdir()} == set(content)
    assert list(shelf.iterdir()) == [kept]


def test_what_a_killed_process_left_is_cleared_away(write: Write, shelf: Path) -> None:
    path = str(write(table()))
    for name, age in ((".unfinished-old", 100_000), (".unfinished-new", 0)):
        (shelf / name).mkdir(parents=True)
        os.utime(shelf / name, (time.time() - age,) * 2)
    describe(FileRequest(path=path, target="y"), shelf)
    assert not (shelf / ".unfinished-old").exists()
    assert (shelf / ".unfinished-new").exists()
