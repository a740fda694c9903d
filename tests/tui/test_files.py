"""The dialog that asks for a file: by typing, by arrows, in directories of any size and kind."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from lossterm.tui.app import LosstermApp
from lossterm.tui.background import directory_listing
from lossterm.tui.background.directory_listing import DirectoryEntry, completed, matching
from lossterm.tui.dialogs.file_dialog import MOST_SHOWN, FileDialog
from lossterm.tui.dialogs.preview_dialog import PreviewDialog
from tests.builders.app import opened, painted, until
from tests.builders.tables import ROWS, Reader

SIZE = (80, 24)


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a directory of files of all kinds and change into it."""
    directory = home / "work"
    for name in ("data/deep", "docs", "houses", ".hidden"):
        (directory / name).mkdir(parents=True)
    for name in ("houses.csv", "harbours.TSV", "wine.parquet", "array.npz", "notes.txt", ".secret.csv"):
        (directory / name).write_text(ROWS)
    for name in ("readme.md", "picture.png", "houses.csv.bz2"):
        (directory / name).write_bytes(b"\x1f\x8b")
    (directory / "data" / "more.csv").write_text(ROWS)
    monkeypatch.chdir(directory)
    monkeypatch.setenv("HOME", str(home))
    return directory


def dialog(app: LosstermApp) -> FileDialog:
    assert isinstance(app.screen, FileDialog)
    return app.screen


def names(app: LosstermApp) -> list[str]:
    return [one.shown for one in dialog(app)._shown if one.can]


def pointed(app: LosstermApp) -> str:
    entry = dialog(app)._pointed
    return entry.shown if entry else ""


@asynccontextmanager
async def choosing(path: Path, reader: Reader | None = None) -> AsyncIterator[tuple[LosstermApp, Pilot[None], Reader]]:
    """Open the app, and the dialog in it."""
    reader = reader or Reader()
    app = opened(path, read=reader)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, FileDialog) and dialog(app)._read is not None)
        await until(pilot, lambda: app.focused is dialog(app).path)
        yield app, pilot, reader


async def looked_at(pilot: Pilot[None], app: LosstermApp, reader: Reader, file: Path) -> None:
    """Wait until a file is looked at."""
    await until(pilot, lambda: isinstance(app.screen, PreviewDialog))
    await until(pilot, lambda: bool(reader.asked) and reader.asked[-1].path == str(file))


async def test_it_begins_where_one_is_with_tables_first_and_the_rest_dimmed(path: Path, place: Path) -> None:
    async with choosing(path) as (app, _pilot, _):
        assert dialog(app).path.value == "~/work/"
        tables = ["array.npz", "harbours.TSV", "houses.csv", "notes.txt", "wine.parquet"]
        assert names(app) == [*tables, "../", "data/", "docs/", "houses/"]
        dimmed = [dialog(app).list.get_option_at_index(index) for index in range(9, 12)]
        assert [str(one.prompt) for one in dimmed] == ["houses.csv.bz2", "picture.png", "readme.md"]
        assert all(one.disabled for one in dimmed)
        assert "A table of your own" in "\n".join(painted(app))


async def test_a_directory_of_arrays_can_be_taken_whole(path: Path, place: Path) -> None:
    (place / "docs" / "X.npy").write_bytes(b"")
    async with choosing(path) as (app, pilot, reader):
        await pilot.press(*"docs/")
        await until(pilot, lambda: names(app) == ["../"])  # a single array has no target
        (place / "docs" / "y.npy").write_bytes(b"")
        await pilot.press("backspace", *"docs/")
        await until(pilot, lambda: names(app) == ["./ the arrays of this directory", "../"])
        await pilot.press("enter")
        await looked_at(pilot, app, reader, place / "docs")


async def test_typing_narrows_the_list_and_enter_opens_what_is_left(path: Path, place: Path) -> None:
    async with choosing(path) as (app, pilot, reader):
        await pilot.press(*"win")
        await until(pilot, lambda: names(app) == ["wine.parquet"])
        await pilot.press("enter")
        await looked_at(pilot, app, reader, place / "wine.parquet")


async def test_a_whole_name_is_pointed_at_before_those_that_hold_it(path: Path, place: Path) -> None:
    (place / "a_houses.csv").write_text(ROWS)
    async with choosing(path) as (app, pilot, _):
        await pilot.press(*"houses.csv")
        await until(pilot, lambda: pointed(app) == "houses.csv")
        assert names(app) == ["houses.csv", "a_houses.csv"]


async def test_tab_completes_as_far_as_it_can_and_then_goes_into_the_list(path: Path, place: Path) -> None:
    async with choosing(path) as (app, pilot, _):
        await pilot.press("d", "tab")
        assert dialog(app).path.value == "~/work/d"
        assert dialog(app).list.has_focus
        await pilot.press("a")
        await until(pilot, lambda: dialog(app).path.value == "~/work/da")
        assert dialog(app).path.has_focus
        await pilot.press("tab")
        await until(pilot, lambda: dialog(app).path.value == "~/work/data/" and "more.csv" in names(app))
        await pilot.press("m", "right")
        assert dialog(app).path.value == "~/work/data/more.csv"


async def test_arrows_and_letters_move_in_the_list_and_through_directories(path: Path, place: Path) -> None:
    async with choosing(path) as (app, pilot, reader):
        assert pointed(app) == "array.npz"
        await pilot.press("down", "down")
        assert pointed(app) == "houses.csv"
        await pilot.press("tab", "j", "j", "j", "j")
        assert pointed(app) == "data/"
        await pilot.press("l")
        await until(pilot, lambda: "more.csv" in names(app))
        await pilot.press("h")
        await until(pilot, lambda: "wine.parquet" in names(app))
        await pilot.press("j", "k", "slash")
        assert app.focused is dialog(app).path
        await pilot.press("backspace")
        await until(pilot, lambda: names(app) == ["../", "work/"])
        await pilot.press("down", "enter")
        await until(pilot, lambda: "wine.parquet" in names(app))
        await pilot.press("enter")
        await looked_at(pilot, app, reader, place / "array.npz")


async def test_hidden_files_come_when_their_point_is_typed(path: Path, place: Path) -> None:
    async with choosing(path) as (app, pilot, _):
        assert ".secret.csv" not in names(app)
        await pilot.press("full_stop", "s")
        await until(pilot, lambda: names(app) == [".secret.csv"])


async def test_a_path_may_be_pasted_whole_and_in_quotes(path: Path, place: Path) -> None:
    async with choosing(path) as (app, pilot, reader):
        app.post_message(events.Paste(f"'{place / 'data' / 'more.csv'}'\nsecond line\x1b[31m"))
        await until(pilot, lambda: pointed(app) == "more.csv")
        await pilot.press("enter")
        await looked_at(pilot, app, reader, place / "data" / "more.csv")


@pytest.mark.parametrize("typed", ["~/work/data/more.csv", "~/work/../work/./data/more.csv", "data/more.csv"])
async def test_a_path_may_be_written_in_every_usual_way(path: Path, place: Path, typed: str) -> None:
    async with choosing(path) as (app, pilot, reader):
        dialog(app).path.value = typed
        await until(pilot, lambda: pointed(app) == "more.csv")
        await pilot.press("enter")
        await looked_at(pilot, app, reader, place / "data" / "more.csv")


async def test_a_file_of_another_name_is_looked_at_when_it_is_named_whole(path: Path, place: Path) -> None:
    async with choosing(path) as (app, pilot, reader):
        await pilot.press(*"readme.md", "enter")
        await looked_at(pilot, app, reader, place / "readme.md")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("~/work/nothing.csv", "Nothing here is called nothing.csv"),
        ("~/work/no/such/place/", "There is no directory"),
        ("~/work/houses.csv/x", "cannot be looked into: Not a directory."),
        ("~nobody_at_all/", "There is no directory"),
    ],
)
async def test_what_is_not_there_gets_a_sentence(path: Path, place: Path, typed: str, words: str) -> None:
    async with choosing(path) as (app, pilot, _):
        dialog(app).path.value = typed
        await until(pilot, lambda: words in " ".join(" ".join(painted(app)).split()))
        await pilot.press("enter")
        await until(pilot, lambda: "There is no file" in " ".join(" ".join(painted(app)).split()))
        assert isinstance(app.screen, FileDialog)


async def test_a_directory_that_may_not_be_read_gets_a_sentence(
    path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = directory_listing.entries

    def entries(where: Path) -> list[DirectoryEntry]:
        if where.name == "docs":
            raise PermissionError(13, "Permission denied")
        return real(where)

    monkeypatch.setattr(directory_listing, "entries", entries)
    async with choosing(path) as (app, pilot, _):
        await pilot.press(*"docs", "enter")
        await until(pilot, lambda: "cannot be looked into: Permission denied" in " ".join(painted(app)))
        await pilot.press("backspace")
        await until(pilot, lambda: "wine.parquet" in names(app))


async def test_ten_thousand_files_are_listed_in_part_and_found_by_name(path: Path, place: Path) -> None:
    many = place / "many"
    many.mkdir()
    for number in range(10_000):
        (many / f"t{number:05}.csv").touch()
    async with choosing(path) as (app, pilot, _):
        await pilot.press(*"many", "enter")
        await until(pilot, lambda: len(names(app)) == MOST_SHOWN)
        last = dialog(app).list.get_option_at_index(MOST_SHOWN)
        assert "more: begin a name" in str(last.prompt)
        begun = time.monotonic()
        await pilot.press(*"t09999")
        await until(pilot, lambda: names(app) == ["t09999.csv"])
        assert time.monotonic() - begun < 5


async def test_a_directory_that_hangs_holds_up_nothing(
    path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, free = directory_listing.entries, threading.Event()

    def entries(where: Path) -> list[DirectoryEntry]:
        if where.name == "docs":
            free.wait(60)
        return real(where)

    monkeypatch.setattr(directory_listing, "entries", entries)
    async with choosing(path) as (app, pilot, _reader):
        await pilot.press(*"docs", "enter")
        await until(pilot, lambda: "Reading" in " ".join(painted(app)))
        await pilot.press("backspace")
        await until(pilot, lambda: "wine.parquet" in names(app))
        await pilot.press(*"hou", "down", "escape")
        await until(pilot, lambda: app.screen is app.main)
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)
    free.set()


async def test_names_that_would_harm_a_terminal_are_shown_but_cannot_be_taken(path: Path, place: Path) -> None:
    (place / "wild\x1b[31m.csv").write_text(ROWS)
    (place / "two\nlines.csv").write_text(ROWS)
    (place / "latin\udce9.csv").write_text(ROWS)
    async with choosing(path) as (app, pilot, _):
        assert not any(sign in "".join(painted(app)) for sign in "\x1b\n\udce9")
        assert not any("wild" in name or "lines" in name or "latin" in name for name in names(app))
        await pilot.press(*"wild")
        await until(pilot, lambda: "wild\ufffd[31m.csv" in "".join(painted(app)))


async def test_a_click_opens_a_directory(path: Path, place: Path) -> None:
    async with choosing(path) as (app, pilot, _):
        await pilot.click(dialog(app).list, offset=(2, names(app).index("data/")))
        await until(pilot, lambda: "more.csv" in names(app))
        await pilot.click(dialog(app).list, offset=(2, names(app).index("../")))
        await until(pilot, lambda: "wine.parquet" in names(app))


def test_what_is_found_begins_with_what_was_typed() -> None:
    every = [DirectoryEntry(name=name, directory=False, table=True) for name in ("xab.csv", "abx.csv", "ab", "ABY.csv")]
    assert [one.name for one in matching(every, "ab")] == ["ab", "abx.csv", "ABY.csv", "xab.csv"]
    assert completed(every, "xa") == "xab.csv"
    assert completed(every, "a") == "ab"
    assert completed(every, "z") == "z"
    assert completed(every, "aby") == "ABY.csv"


async def test_what_a_thread_raises_is_raised_here() -> None:
    def fail() -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await directory_listing.in_daemon_thread(fail)
    assert await directory_listing.in_daemon_thread(lambda: 7) == 7
    waiting = asyncio.ensure_future(directory_listing.in_daemon_thread(lambda: time.sleep(0.05)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0.1)
    assert waiting.cancelled()
