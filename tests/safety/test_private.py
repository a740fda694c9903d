"""Directories of 0700 and files of 0600, whatever the umask; nothing that others own, linked to or may write."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lossterm.cli.main import main
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.user_code_consent import trust
from lossterm.data import FileRequest, describe
from lossterm.errors import DataError
from lossterm.home import configuration
from lossterm.home.paths import configuration_path, programs, shelf
from lossterm.home.paths import home as home_of
from lossterm.home.private import make_private, make_private_file, opened, refuse_foreign
from lossterm.losses import source_from
from lossterm.store import Store

OTHER = 12_345
"""A user who is not the one that runs the tests."""


@pytest.fixture(params=[0, 0o022, 0o777], ids=["000", "022", "777"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A LOSSTERM_HOME that is still to be made."""
    place = tmp_path / "own_home"
    monkeypatch.setenv("LOSSTERM_HOME", str(place))
    return place


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests is now another user, and what is there is somebody else's."""
    monkeypatch.setattr(os, "getuid", lambda: OTHER)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(place: Path) -> dict[str, str]:
    """Return what in a directory has rights that it should not have, or lacks those that its owner needs."""
    wrong = {}
    for one in (place, *place.rglob("*")):
        wanted = 0o700 if one.is_dir() else 0o600
        if mode(one) != wanted:
            wrong[str(one.relative_to(place))] = oct(mode(one))
    return wrong


# What lossterm makes


def test_directories_are_made_for_their_owner_alone(own_home: Path, umask: int) -> None:
    assert make_private(shelf() / "deeper") is None
    assert make_private(programs()) is None
    assert {one.name for one in own_home.iterdir()} == {"data", "programs"}
    assert open_to_others(own_home) == {}


def test_files_are_made_for_their_owner_alone(own_home: Path, umask: int) -> None:
    make_private_file(own_home / "deep" / "lossterm.db", ("-wal",))
    os.close(opened(own_home / "a.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT))
    assert open_to_others(own_home) == {}


def test_a_table_is_kept_for_its_owner_alone(own_home: Path, tmp_path: Path, umask: int) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,y\n" + "".join(f"{n},{2 * n + 1}\n" for n in range(40)))
    table.chmod(0o644)
    describe(FileRequest(path=str(table), target="y"), shelf())
    assert len(list(shelf().rglob("*.npy"))) >= 2
    assert open_to_others(own_home) == {}


def test_what_is_trusted_is_kept_for_its_owner_alone(own_home: Path, tmp_path: Path, umask: int) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def mine(y, f):\n    return y - f\n")
    file.chmod(0o644)
    trust(source_from(f"{file}:mine"))
    assert (own_home / "trusted").read_text().count("mine.py:mine") == 1
    assert open_to_others(own_home) == {}


def test_compiled_programs_lie_in_the_cache_unless_a_home_is_told(
    nobodys_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert programs() == nobodys_home / "lossterm" / "programs"
    monkeypatch.delenv("LOSSTERM_HOME")
    assert programs().name == "programs"
    assert programs().is_relative_to(nobodys_home)
    assert not programs().is_relative_to(home_of())


@pytest.mark.parametrize("umask", [0, 0o022], indirect=True)
def test_a_store_is_made_for_its_owner_alone_with_its_log(own_home: Path, umask: int) -> None:
    with Store() as store:
        store.requests.ask("s", Comparison.ask("circles", ("hinge",), seeds=1))
        assert {one.name for one in own_home.iterdir()} >= {"lossterm.db", "lossterm.db-wal", "lossterm.db-shm"}
        assert open_to_others(own_home) == {}


# What is there


def test_a_home_that_a_person_made_is_closed_to_others_with_a_sentence(own_home: Path) -> None:
    own_home.mkdir()
    own_home.chmod(0o755)
    said = make_private(own_home)
    assert said == f"{own_home} could be read by others: it is now open to you alone."
    assert mode(own_home) == 0o700
    assert make_private(own_home) is None


def test_the_command_line_says_that_sentence_once(own_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own_home.mkdir()
    own_home.chmod(0o775)
    for said in (f"lossterm: {own_home} could be read by others: it is now open to you alone.\n", ""):
        with pytest.raises(SystemExit):
            main(["metrics", "--format", "json"])
        assert capsys.readouterr().err == said


def test_a_directory_of_lossterms_own_is_closed_without_a_word(own_home: Path) -> None:
    make_private(shelf())
    shelf().chmod(0o755)
    assert make_private(shelf()) is None
    assert mode(shelf()) == 0o700


def test_a_file_that_others_could_read_is_closed_and_one_that_is_read_only_stays_so(own_home: Path) -> None:
    make_private(own_home)
    for before, after in ((0o644, 0o600), (0o444, 0o400)):
        file = own_home / f"{before:o}.db"
        file.touch()
        file.chmod(before)
        make_private_file(file)
        assert mode(file) == after


def test_the_directory_of_a_store_elsewhere_is_left_as_it_is(own_home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "project"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    make_private_file(elsewhere / "s.db")
    assert (mode(elsewhere), mode(elsewhere / "s.db")) == (0o755, 0o600)
    assert not own_home.exists()


def test_the_users_own_links_are_followed(own_home: Path, tmp_path: Path) -> None:
    real = tmp_path / "disk"
    real.mkdir(mode=0o700)
    own_home.symlink_to(real)
    make_private(shelf())
    (own_home / "s.db").symlink_to(real / "elsewhere.db")
    make_private_file(own_home / "s.db", ("-wal",))
    assert mode(real / "elsewhere.db") == 0o600
    assert (real / "data").is_dir()


# What is refused


@pytest.mark.parametrize("what", ["home", "shelf", "programs"])
def test_a_directory_that_all_may_write_is_refused_and_left(own_home: Path, what: str) -> None:
    place = {"home": own_home, "shelf": shelf(), "programs": programs()}[what]
    make_private(place)
    place.chmod(0o777)
    with pytest.raises(DataError, match=rf"{place} can be written by everybody: .* `chmod go-w {place}`\."):
        make_private(place / "in it")
    assert mode(place) == 0o777
    assert not (place / "in it").exists()


def test_a_directory_of_another_user_is_refused(own_home: Path, stranger: None) -> None:
    own_home.mkdir(mode=0o700)
    with pytest.raises(
        DataError, match=rf"{own_home} belongs to another user \({own_home.stat().st_uid}\), who could read"
    ):
        make_private(shelf())
    assert not shelf().exists()


def test_a_directory_that_is_a_link_to_anothers_is_refused(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    own_home.symlink_to(theirs)
    own = os.getuid()
    if own == 0:
        os.chown(theirs, OTHER, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: OTHER)
    with pytest.raises(DataError, match=rf"{own_home}.* (belongs to another user|is a link that another user)"):
        make_private(shelf())
    assert list(theirs.iterdir()) == []


def test_a_link_that_another_user_made_is_refused(
    own_home: Path, stranger: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted link is refused before what it leads to is looked at: it may lead to the user's own files."""
    own_home.mkdir(mode=0o700)
    mine = own_home / "mine"
    mine.write_text("x")
    link = own_home / "s.db"
    link.symlink_to(mine)
    real = Path.lstat

    def of_another(path: Path) -> os.stat_result:
        fields = list(real(path))
        fields[stat.ST_UID] = OTHER + 1
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "lstat", of_another)
    with pytest.raises(DataError, match=rf"{link} is a link that another user \({OTHER + 1}\) made: remove it"):
        refuse_foreign(link)


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
def test_a_store_that_all_may_write_is_refused_with_what_lies_beside_it(own_home: Path, ending: str) -> None:
    make_private(own_home)
    file = own_home / f"s.db{ending}"
    file.touch()
    file.chmod(0o666)
    with pytest.raises(DataError, match=rf"{file} can be written by everybody"):
        make_private_file(own_home / "s.db", ("-wal", "-shm", "-journal"))
    assert mode(file) == 0o666


def test_a_store_where_all_may_put_another_in_its_place_is_refused(own_home: Path, tmp_path: Path) -> None:
    common = tmp_path / "common"
    common.mkdir()
    common.chmod(0o777)
    with pytest.raises(DataError, match=r"in which everybody can put another file in its place: give a place"):
        make_private_file(common / "s.db")
    assert list(common.iterdir()) == []
    common.chmod(0o1777)  # as /tmp: everyone may add to it, and nobody replace what is another's
    make_private_file(common / "s.db")
    assert mode(common / "s.db") == 0o600


def test_a_log_that_another_user_put_there_is_not_written(own_home: Path, stranger: None) -> None:
    own_home.mkdir(mode=0o700)
    log = own_home / "a.log"
    log.touch(0o600)
    with pytest.raises(DataError, match="belongs to another user"):
        opened(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    assert log.read_bytes() == b""


def test_a_configuration_that_all_may_write_is_not_read(own_home: Path) -> None:
    make_private(own_home)
    file = configuration_path()
    file.write_text('theme = "dark"\n')
    file.chmod(0o602)
    with pytest.raises(DataError, match=rf"{file} can be written by everybody"):
        configuration.load()
    file.chmod(0o644)
    assert configuration.load()[0].theme == "dark"


def test_a_trusted_list_that_all_may_write_is_not_believed(own_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("mine = 1\n")
    trust(source_from(f"{file}:mine"))
    (own_home / "trusted").chmod(0o666)
    with pytest.raises(DataError, match="can be written by everybody"):
        trust(source_from(f"{file}:mine"))


def test_a_shelf_of_another_user_is_not_read(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,y\n" + "".join(f"{n},{2 * n + 1}\n" for n in range(40)))
    describe(FileRequest(path=str(table), target="y"), shelf())
    monkeypatch.setattr(os, "getuid", lambda: OTHER)
    with pytest.raises(DataError, match="belongs to another user"):
        describe(FileRequest(path=str(table), target="y"), shelf())
