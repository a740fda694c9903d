"""`lossterm doctor --repair`: a sound store is tidied, of a damaged one all that can be read goes into a new file."""

import fcntl
import json
import os
import random
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lossterm.cli.main import main
from lossterm.errors import StoreError
from lossterm.store import Store, schema
from lossterm.store.backup import backups
from lossterm.store.integrity import half
from lossterm.store.repair import TABLES, Repaired, repair
from lossterm.worker_control import lock, starting
from tests.builders.stores import FAKE
from tests.cells import each
from tests.faults.filled import EPOCHS, asked_for, fill, train
from tests.faults.watcher import until
from tests.seal import seal

PAGE = 4096
TRIALS = 24
"""Of the two sessions of `fill`: 20, and 4 of which 2 are done, one was being trained and one waits."""

Doctor = Callable[..., tuple[int, str, str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a store in which everything is as it should be, but that a worker has gone that trained."""
    return fill(tmp_path / "lossterm.db")


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Return what runs `lossterm doctor --repair` on a store: its exit code, stdout and stderr."""

    def run(path: Path, *more: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["doctor", "--repair", "--store", str(path), *more])
        out, err = capsys.readouterr()
        code = left.value.code
        assert isinstance(code, int) or code is None
        return code or 0, out, err

    return run


def change(path: Path, *statements: str, sealed: bool = True) -> None:
    """Do to a store what lossterm would not, with checksums of what is there then unless it is not to be sealed."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
        if sealed:
            seal(connection)


def one(path: Path, query: str) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchone()[0]


def rows(path: Path, table: str) -> set[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return set(connection.execute(f"SELECT * FROM {table}"))


def root(path: Path, name: str) -> int:
    """Return the page that a table or an index begins at, from 0."""
    return int(str(one(path, f"SELECT rootpage FROM sqlite_master WHERE name = '{name}'"))) - 1


def overwrite(path: Path, page: int, data: bytes = b"\xa5" * PAGE) -> None:
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(data)


def assert_sound(path: Path) -> None:
    """Check that SQLite and lossterm find nothing wrong, and that every trial can come to its end."""
    assert schema.damage(path) == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert half(connection) == []
    with Store(path) as store:
        train(store)
        for session in store.sessions.every():
            assert session.ended == session.trials
    again = repair(path)
    assert (again.damaged, again.complete) == (False, True)


def repaired(path: Path) -> Repaired | None:
    """Repair a store; return None for one of which nothing can be read, which is left as it is."""
    before = path.read_bytes()
    try:
        return repair(path)
    except StoreError as error:
        said = str(error)
    assert "left as it is" in said
    assert path.read_bytes() == before
    return None


def test_a_sound_store_is_tidied_and_said_to_be_sound(path: Path, doctor: Doctor) -> None:
    before = {table: rows(path, table) for table in ("sessions", "comparisons", "curves", "models", "samples", "kept")}
    code, out, err = doctor(path)
    assert (code, err) == (0, "")
    assert f"The store {path} is sound: 2 sessions, 2 comparisons, 24 trials." in out
    assert "1 trial said to be running without a worker: queued again." in out
    assert {table: rows(path, table) for table in before} == before
    assert one(path, "SELECT count(*) FROM checkpoints") == 1, "it goes on from there"
    assert_sound(path)


def test_rows_that_belong_to_nothing_are_dropped_and_free_pages_given_back(path: Path, doctor: Doctor) -> None:
    with Store(path) as store:
        train(store)
    change(path, "INSERT INTO checkpoints VALUES (1, 1, 1.0, x'00', 0)")  # of a trial that is done
    change(path, "PRAGMA foreign_keys = OFF", "DELETE FROM sessions WHERE name = 'half'")
    size = path.stat().st_size
    code, out, _ = doctor(path)
    assert code == 0
    assert "Dropped, since it belonged to nothing: 1 comparison, 4 links to trials, 4 trials, 13 parts of curves" in out
    assert "2 checkpoints" in out
    assert path.stat().st_size < size
    assert [one(path, f"SELECT count(*) FROM {table}") for table in ("comparisons", "trials")] == [1, 20]
    assert_sound(path)


def test_the_json_tells_the_same(path: Path, doctor: Doctor) -> None:
    overwrite(path, root(path, "workers"))
    code, out, err = doctor(path, "--format", "json")
    document = json.loads(out)
    assert code == 3
    assert err == "lossterm: Not all of the store could be saved: see above.\n"
    assert document["damaged"]
    assert document["unread"] == ["workers"]
    assert document["saved"]["trials"] == TRIALS
    assert document["kept"] == f"{path}.damaged-1"


def test_a_damaged_file_is_kept_under_a_name_that_is_free(path: Path, doctor: Doctor) -> None:
    for number in (1, 2):
        overwrite(path, root(path, "trials_by_status"))
        before = path.read_bytes()
        code, out, _ = doctor(path)
        kept = path.with_name(f"lossterm.db.damaged-{number}")
        assert code == 0, "an index is made anew from its table"
        assert f"The store {path} was damaged. There are now 2 sessions, 2 comparisons, 24 trials." in out
        assert "Nothing was lost." in out
        assert f"The damaged file is kept: {kept}" in out
        assert kept.read_bytes() == before
        assert stat.S_IMODE(kept.stat().st_mode) == stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(place.name for place in path.parent.iterdir() if "repair" in place.name) == []
    assert_sound(path)


def test_a_trial_whose_curve_was_lost_is_trained_again_rather_than_shown_half(path: Path, doctor: Doctor) -> None:
    change(path, "DELETE FROM curves WHERE trial = 3 AND start = 10", "UPDATE curves SET data = X'00' WHERE trial = 4")
    code, out, _ = doctor(path)
    assert code == 3
    assert "Left out, since it could not be believed: 4 parts of curves." in out
    assert "2 trials of which not all was left will be trained again." in out
    with Store(path) as store:
        rows = {row.id: row for row in store.reader.trials([1])}
        assert {number for number, row in rows.items() if row.status == "queued"} == {3, 4}
        assert {rows[3].epochs, rows[4].epochs} == {0}
        assert {chunk.trial for chunk in store.reader.chunks([1])[0]} == set(range(1, 21)) - {3, 4}
    assert_sound(path)


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    "harm",
    [
        'UPDATE trials SET scores = \'{"accuracy": {"train"\' WHERE id = 7',
        "UPDATE trials SET scores = NULL WHERE id = 7",
        "UPDATE trials SET scores = X'ff' WHERE id = 7",
        "UPDATE trials SET status = 'dome' WHERE id = 7",
        "UPDATE trials SET epochs = 'many' WHERE id = 7",
        "UPDATE trials SET asked = '{' WHERE id = 7",
        "UPDATE trials SET asked = CAST(X'ff' AS TEXT) WHERE id = 7",
        "UPDATE trials SET finished = 'once' WHERE id = 7",
    ],
)
def test_a_trial_whose_row_cannot_be_believed_is_trained_again(
    path: Path, doctor: Doctor, harm: str, sealed: bool
) -> None:
    change(path, harm, sealed=sealed)
    code, out, err = doctor(path)
    assert code == 3, out
    assert "Traceback" not in err
    assert "trial" in out
    with Store(path) as store:
        rows = store.reader.trials([1])
        assert len(rows) == 20
        assert [row.status for row in rows].count("done") == 19
        assert [row.status for row in rows].count("queued") == 1
        assert {row.trial.key for row in rows} == {trial.key for trial in asked_for().trials()}
    assert_sound(path)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE comparisons SET asked = 'what?' WHERE id = 2", "1 comparison"),
        ("UPDATE samples SET features = X'00'", "1 sample of rows"),
        ("UPDATE models SET data = X'00' WHERE trial = 1", "1 model"),
        ("UPDATE models SET about = '[]' WHERE trial = 1", "1 model"),
        ("UPDATE workers SET environment = '{'", "1 worker's word"),
        ("UPDATE checkpoints SET state = 'text'", "1 checkpoint"),
        ("UPDATE sessions SET name = ''", "1 session"),
    ],
)
def test_a_row_that_no_lossterm_wrote_is_left_out_and_counted(path: Path, doctor: Doctor, harm: str, said: str) -> None:
    change(path, harm if "name = ''" not in harm else f"{harm} WHERE id = 1")
    code, out, _ = doctor(path)
    assert code == 3
    assert f"Left out, since it could not be believed: {said}." in out
    assert_sound(path)


def test_a_session_whose_name_was_lost_gets_another(path: Path, doctor: Doctor) -> None:
    change(path, "PRAGMA foreign_keys = OFF", "DELETE FROM sessions WHERE id = 1")
    overwrite(path, root(path, "kept"))
    assert doctor(path)[0] == 3
    with Store(path) as store:
        assert {row.name for row in store.sessions.every()} == {"recovered 1", "half"}
        assert len(store.reader.trials([store.reader.comparisons("recovered 1")[0].id])) == 20


NUMBERS = {
    "trials": "UPDATE trials SET scores = replace(scores, '0.9', '0.8') WHERE id = 7",
    "trials by what was asked": """UPDATE trials SET asked = replace(asked, '"seed":', '"seed":1') WHERE id = 7""",
    "curves": "UPDATE curves SET data = x'01' || substr(data, 2) WHERE trial = 7 AND start = 10",
    "comparisons": "UPDATE comparisons SET asked = replace(asked, '0.01', '0.02') WHERE id = 1",
}
"""Table → a stored number that becomes another, as by one bit: every row is still one that could have been written."""


@pytest.mark.parametrize("table", NUMBERS)
def test_a_number_that_became_another_is_told_and_trained_again(
    path: Path, doctor: Doctor, capsys: pytest.CaptureFixture[str], table: str
) -> None:
    def reported() -> tuple[object, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(["report", "whole", "--store", str(path), "--format", "csv"])
        return left.value.code, *capsys.readouterr()

    undisturbed = reported()
    change(path, NUMBERS[table], sealed=False)
    assert schema.damage(path) == [], "SQLite notices nothing"
    code, out, err = reported()
    assert (code, out) == (3, "") if table != "curves" else (code, out) == undisturbed[:2], "a table has no curves"
    if table != "curves":
        assert "whose checksum is wrong" in err
        assert "lossterm doctor --repair" in err
    code, out, _ = doctor(path)
    assert code == 3
    assert "The store" in out
    with Store(path) as store:
        if table == "comparisons":
            assert store.reader.comparisons("whole") == []
            store.requests.ask("whole", asked_for())
        train(store)
        rows = store.reader.trials([one.id for one in store.reader.comparisons("whole")])
        assert [row.trial.key for row in rows] == [trial.key for trial in asked_for().trials()]
        assert {row.status for row in rows} == {"done"}
    if table in ("trials", "curves"):  # others get new numbers, which what pretends to train makes its scores of
        assert reported() == undisturbed
    assert_sound(path)


def test_a_comparison_whose_checksum_alone_is_wrong_is_kept_with_its_trials(path: Path, doctor: Doctor) -> None:
    change(path, "UPDATE comparisons SET checksum = checksum + 1", sealed=False)
    code, out, _ = doctor(path)
    assert code == 0
    assert "Nothing was lost." in out
    with Store(path) as store:
        assert [row.status for row in store.reader.trials([1])] == ["done"] * 20
    assert_sound(path)


@pytest.mark.parametrize("tick", ["9223372036854775807", "-1", "'abc'", "1e300"])
def test_a_clock_that_is_none_is_set_anew(path: Path, doctor: Doctor, tick: str) -> None:
    change(path, f"UPDATE clock SET tick = {tick}")
    assert "was damaged" in doctor(path)[1]
    with Store(path) as store:
        store.requests.ask("whole", asked_for(2))
    assert_sound(path)


def test_what_is_written_during_a_repair_stops_it(path: Path, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    overwrite(path, root(path, "curves"))

    def meanwhile(copy: Path) -> None:
        with path.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr("lossterm.store.repair.mend_header", meanwhile)
    before = path.read_bytes()
    code, out, err = doctor(path)
    assert (code, out) == (3, "")
    assert f"The store {path} was written while it was being repaired, and was left as it is" in err
    assert path.read_bytes() == before + b"more"
    assert [one.name for one in path.parent.iterdir() if "damaged" in one.name] == []


@pytest.mark.parametrize("seed", range(24))
def test_pages_overwritten_at_random_cost_what_was_on_them_and_no_more(path: Path, seed: int) -> None:
    whole, stream = path.read_bytes(), random.Random(seed)
    pages = stream.sample(range(1, len(whole) // PAGE), 3)
    safe = {root(path, name) for name in ("sessions", "comparisons")}
    for page in pages:
        overwrite(path, page, stream.randbytes(PAGE))
    result = repair(path)
    assert Path(str(result.kept)).stat().st_size == len(whole)
    if safe.isdisjoint(pages):
        assert result.saved["trials"] == TRIALS, "all that was asked for is there, trained or to be trained"
    assert_sound(path)


@each("seed", range(40))
def test_bits_flipped_at_random_never_stop_a_repair(path: Path, seed: int) -> None:
    data, stream = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(stream.randrange(1, 40)):
        data[stream.randrange(len(data))] ^= 1 << stream.randrange(8)
    path.write_bytes(data)
    if repaired(path):
        assert_sound(path)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_store_cut_short_gives_what_is_left(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    result = repaired(path)
    assert result or share < 0.3
    if result:
        assert result.damaged
        assert not result.complete
        assert_sound(path)


def test_a_page_that_points_at_itself_does_not_lead_in_a_circle(tmp_path: Path) -> None:
    path = fill(tmp_path / "large.db", seeds=200)
    page = root(path, "curves")
    data = path.read_bytes()[page * PAGE : (page + 1) * PAGE]
    assert data[0] == 5, "a page of pages"
    first = int.from_bytes(data[12:14], "big")
    itself = (page + 1).to_bytes(4, "big")
    overwrite(path, page, data[:8] + itself + data[12:first] + itself + data[first + 4 :])
    result = repair(path)
    assert result.unread == ("curves",)
    assert result.again > 0
    assert result.saved["trials"] == 404
    assert_sound(path)


@pytest.mark.parametrize("content", [b"", b"precious notes, no store\n" * 400], ids=["empty", "text"])
def test_what_holds_nothing_of_a_store_is_left_as_it_is(tmp_path: Path, doctor: Doctor, content: bytes) -> None:
    path = tmp_path / "lossterm.db"
    path.write_bytes(content)
    code, out, err = doctor(path)
    assert (code, out) == (3, "")
    assert err == (
        f"lossterm: Nothing in {path} can be read as a store of lossterm. It was left as it is: move it away, or "
        "give another place with --store FILE.\n"
    )
    assert path.read_bytes() == content


def test_a_file_of_another_program_is_left_as_it_is(tmp_path: Path, doctor: Doctor) -> None:
    path = tmp_path / "lossterm.db"
    change(path, "CREATE TABLE recipes (name TEXT)", "INSERT INTO recipes VALUES ('soup')")
    before = path.read_bytes()
    code, _, err = doctor(path)
    assert code == 3
    assert "is a SQLite file of another program. It was left as it is" in err
    assert path.read_bytes() == before


def test_a_store_that_is_not_there_is_said(tmp_path: Path, doctor: Doctor) -> None:
    path = tmp_path / "lossterm.db"
    assert doctor(path) == (3, "", f"lossterm: The store {path} is not there: there is nothing to repair.\n")
    assert not path.exists()


def test_nothing_is_repaired_while_a_worker_is_at_a_trial(path: Path, doctor: Doctor) -> None:
    held = os.open(lock.lock_path(path, "auto"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    before = path.read_bytes()
    try:
        code, out, err = doctor(path)
    finally:
        os.close(held)
    assert (code, out) == (3, "")
    assert err.startswith(f"lossterm: A worker trains for the store {path}: wait until it has left")
    assert path.read_bytes() == before
    assert doctor(path)[0] == 0


def test_an_idle_worker_makes_room_for_a_repair(home: Path, doctor: Doctor) -> None:
    path = home / "lossterm.db"
    with Store(path) as store:
        worker = starting.ensure(path, "auto", FAKE)
        assert worker
        until(lambda: any(one.state == "ready" for one in store.reader.workers()), "the worker to be idle")
    code, out, err = doctor(path)
    assert (code, err) == (0, "")
    assert "is sound" in out
    assert worker.wait(10) == 0


def test_a_log_beside_the_damaged_file_is_read_and_kept_with_it(path: Path, doctor: Doctor) -> None:
    index = root(path, "trials_by_change")
    source = Store(path)
    source.preferences.keep("written", "last")
    files = {ending: path.with_name(path.name + ending).read_bytes() for ending in ("", "-wal")}
    source.close()
    for ending, data in files.items():  # as a killed process leaves them
        path.with_name(path.name + ending).write_bytes(data)
    assert len(files["-wal"]) > 0
    overwrite(path, index)
    code, out, _ = doctor(path)
    assert code == 0
    assert "Nothing was lost." in out
    with Store(path) as store:
        assert store.preferences.kept("written") == "last"
    assert path.with_name("lossterm.db.damaged-1-wal").read_bytes() == files["-wal"]
    assert_sound(path)


def test_a_disk_that_takes_no_new_file_leaves_the_damaged_one(
    path: Path, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    overwrite(path, root(path, "kept"))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    code, _, err = doctor(path)
    assert code == 3
    assert err == f"lossterm: The store {path} could not be repaired: No space left on device.\n"
    assert path.read_bytes() == before
    assert [place.name for place in path.parent.iterdir() if "damaged" in place.name or "repair" in place.name] == []


def test_the_doctor_names_damage_and_the_way_out(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossterm.cli.commands.doctor._devices", lambda: iter(()))  # would load TensorFlow
    overwrite(path, root(path, "trials_by_status"))
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--store", str(path)])
    assert left.value.code == 3
    out = capsys.readouterr().out
    assert f"BAD   store          {path}: 2 sessions, 24 trials, " in out
    assert f"→ Save what can be read: lossterm doctor --repair --store {path}\n" in out


def test_the_doctor_names_backups(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossterm.cli.commands.doctor._devices", lambda: iter(()))  # would load TensorFlow
    path.with_name("lossterm.db.v3-backup").write_bytes(b"as it was")
    assert [place.name for place in backups(path)] == ["lossterm.db.v3-backup"]
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--store", str(path), "--format", "json"])
    findings = {finding["what"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert left.value.code in (None, 0, 3)
    assert findings["backups"]["found"].startswith("lossterm.db.v3-backup in ")


def test_a_comparison_goes_on_with_the_same_bits_after_a_repair(tmp_path: Path) -> None:
    whole, harmed = fill(tmp_path / "whole.db"), fill(tmp_path / "harmed.db")
    overwrite(harmed, root(harmed, "curves"))
    repair(harmed)
    trained = []
    for path in (whole, harmed):
        with Store(path) as store:
            store.worker.requeue("auto", died=True)
            train(store)
            chunks = store.reader.chunks([1, 2])[0]
            curves = {
                row.id: b"".join(c.data for c in chunks if c.trial == row.id) for row in store.reader.trials([1, 2])
            }
            assert {len(curve) for curve in curves.values()} == {EPOCHS * 4 * 4}
            trained.append((curves, [(row.trial.key, row.status, row.scores) for row in store.reader.trials([1, 2])]))
    assert trained[0] == trained[1]


def test_every_table_is_carried_over(path: Path) -> None:
    tables = rows(path, "sqlite_master")
    named = {row[1] for row in tables if row[0] == "table"} - {"clock", "comparison_trials", "sqlite_sequence"}
    assert set(TABLES) == named, "a table that a migration adds is to be repaired too"
