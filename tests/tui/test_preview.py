"""The screen that shows a file before training on it: what it shows, what changes it, and what goes wrong."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot

from lossterm.data import FileRequest, Preview, ShownColumn, ShownOutput
from lossterm.data.request import checked
from lossterm.errors import UsageError
from lossterm.losses import KINDS
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import preview_dialog
from lossterm.tui.dialogs.file_dialog import FileDialog
from lossterm.tui.dialogs.preview_dialog import PreviewDialog
from lossterm.tui.dialogs.reading_dialog import ReadingDialog
from lossterm.tui.state import column_choices
from lossterm.tui.state.table_reading import READING_OPTIONS, with_reading, written
from tests.builders.app import opened, painted, until
from tests.builders.tables import COLUMNS, ROWS, Reader, preview_of, with_problem

SMALL, LARGE = (80, 24), (140, 40)
PLAIN = FileRequest(path="/data/houses.csv", target="")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read anew soon after a change."""
    monkeypatch.setattr(preview_dialog, "DEBOUNCE_SECONDS", 0.05)
    monkeypatch.setattr(preview_dialog, "TICK_SECONDS", 0.05)


def dialog(app: LosstermApp) -> PreviewDialog:
    assert isinstance(app.screen, PreviewDialog)
    return app.screen


def screen(app: LosstermApp) -> str:
    return "\n".join(painted(app))


@asynccontextmanager
async def looking(
    path: Path, reader: Reader, size: tuple[int, int] = SMALL, asked: FileRequest = PLAIN
) -> AsyncIterator[tuple[LosstermApp, Pilot[None]]]:
    """Open the app on a file that is looked at."""
    app = opened(path, read=reader, table=asked)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog))
        if reader._free.is_set():
            await until(pilot, lambda: not dialog(app).reading)
        yield app, pilot


async def press(pilot: Pilot[None], app: LosstermApp, *keys: str) -> None:
    """Press keys, and wait until the file was read as is wanted then."""
    await pilot.press(*keys)
    await until(pilot, lambda: not dialog(app).reading)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_columns_target_and_sentences_are_shown_whole(path: Path, size: tuple[int, int]) -> None:
    async with looking(path, Reader(), size) as (app, pilot):
        await press(pilot, app, "end", "t")
        await until(pilot, lambda: "a number to predict" in screen(app))
        seen = screen(app)
        for column in COLUMNS:
            assert column.name in seen
        assert all(word in seen for word in ("number", "category", "boolean", "30.4 … 199.9", "5 %", "harbour 164"))
        assert all(bar in seen for bar in "▁▇█")
        assert "25,000" in seen
        words = " ".join(dialog(app).words.text.split())
        assert "31 cells of rooms are missing: the median of the training rows stands for them." in words
        assert "Read as text in UTF-8 with commas between cells and a row of names." in words
        assert "enter takes this table" in seen


def arrays_of(asked: FileRequest) -> Preview:
    """Return what is shown of images and masks."""
    x = ShownColumn(
        name="X", kind="array", role="inputs", shape=(60, 8, 8, 3), dtype="float32", lowest="0", highest="1"
    )
    y = ShownColumn(name="y", kind="array", role="target", shape=(60, 8, 8), dtype="int64", memory="1 MB")
    shown = preview_of(asked, (x, y))
    return msgspec.structs.replace(shown, form="npz", guess="y", guess_why="targets are often called so")


async def test_arrays_are_shown_with_their_shapes_and_the_target_is_guessed(path: Path) -> None:
    async with looking(path, Reader(arrays_of), LARGE) as (app, pilot):
        await until(pilot, lambda: dialog(app).asked.target == "y" and not dialog(app).reading)
        seen = screen(app)
        assert "NPZ, 600 rows, 2 arrays" in seen
        assert "60 × 8 × 8 × 3 float32, 0 … 1" in seen
        assert [row[1:3] for row in dialog(app).columns._rows] == [("array", "inputs"), ("array", "target")]


async def test_a_guess_that_is_refused_is_said_in_place_of_the_question(path: Path) -> None:
    refused = "With y as the target: a.npz, column y: soft masks are not taken. --drop Z keeps X."

    def answer(asked: FileRequest) -> Preview:
        shown = arrays_of(msgspec.structs.replace(asked, target=""))
        return msgspec.structs.replace(shown, said=(refused,), refused=refused)

    reader = Reader(answer)
    async with looking(path, reader, LARGE) as (app, pilot):
        words = " ".join(dialog(app).words.text.split())
        assert "soft masks are not taken. d on Z keeps X." in words
        assert words.count("soft masks") == 1
        assert "is to be predicted?" not in words
        assert len(reader.asked) == 1
        await pilot.press("enter")
        await until(pilot, lambda: any("soft masks" in note.message for note in app._notifications))


async def test_each_of_several_targets_has_bars(path: Path) -> None:
    def together(asked: FileRequest) -> Preview:
        shown = preview_of(asked)
        if shown.target is None or not asked.more_targets:
            return shown
        outputs = tuple(
            ShownOutput(name=name, edges=shown.target.edges, counts=shown.target.counts) for name in asked.targets
        )
        target = msgspec.structs.replace(shown.target, outputs=outputs, edges=(), counts=())
        return msgspec.structs.replace(shown, target=target)

    async with looking(path, Reader(together), LARGE) as (app, pilot):
        await press(pilot, app, "t", "down", "a")
        lines = dialog(app).words.text.split("\n")
        assert {"area", "rooms"} <= {line.strip() for line in lines}
        assert sum("█" in line for line in lines) >= 4


async def test_classes_have_a_bar_each_with_their_rows(path: Path) -> None:
    async with looking(path, Reader()) as (app, pilot):
        await press(pilot, app, "end", "up", "t")
        words = dialog(app).words.text
        assert "two classes (binary)" in words
        (no,) = [line for line in words.split("\n") if line.startswith("no ")]
        (yes,) = [line for line in words.split("\n") if line.startswith("yes ")]
        assert no.endswith(" 302")
        assert no.count("█") > yes.count("█") > 30


@pytest.mark.parametrize(
    ("keys", "wanted", "role"),
    [
        (("t",), {"target": "area"}, "target"),
        (("t", "t"), {}, "feature"),
        (("d",), {"drop": ("area",)}, "dropped"),
        (("space",), {"drop": ("area",)}, "dropped"),
        (("d", "d"), {}, "feature"),
        (("c",), {"categorical": ("area",)}, "feature"),
        (("c", "c"), {}, "feature"),
        (("g",), {"group": "area"}, "group"),
        (("T",), {"time": "area"}, "time"),
        (("g", "T"), {"time": "area"}, "time"),
        (("w",), {"sample_weight": "area"}, "weight"),
        (("w", "w"), {}, "feature"),
        (("c", "w"), {"sample_weight": "area"}, "weight"),
        (("w", "t"), {"target": "area"}, "target"),
        (("T", "g"), {"group": "area"}, "group"),
        (("t", "d"), {"drop": ("area",)}, "dropped"),
        (("d", "t"), {"target": "area"}, "target"),
        (("t", "K"), {"target": "area", "kind": KINDS[0]}, "target"),
        (("t", *["K"] * (len(KINDS) + 1)), {"target": "area"}, "target"),
        (("K",), {}, "feature"),
        (("t", "K", "down", "t"), {"target": "rooms"}, "target"),
        (("a",), {"target": "area"}, "target"),
        (("t", "down", "a"), {"target": "area", "more_targets": ("rooms",)}, "target"),
        (("t", "K", "down", "a", "a"), {"target": "area"}, "feature"),
        (("t", "down", "a", "up", "a"), {"target": "rooms"}, "feature"),
        (("t", "down", "a", "t"), {"target": "rooms"}, "target"),
        (("t", "down", "a", "d"), {"target": "area", "drop": ("rooms",)}, "dropped"),
        (("t", "down", "d", "a"), {"target": "area", "more_targets": ("rooms",)}, "target"),
    ],
    ids=lambda value: "".join(value) if isinstance(value, tuple) else None,
)
async def test_a_key_changes_what_the_column_under_the_cursor_is_for(
    path: Path, keys: tuple[str, ...], wanted: dict[str, object], role: str
) -> None:
    reader = Reader()
    async with looking(path, reader) as (app, pilot):
        await press(pilot, app, *keys)
        expected = msgspec.structs.replace(PLAIN, **wanted)
        assert dialog(app).asked == expected
        await until(pilot, lambda: reader.asked[-1] == expected)
        columns = dialog(app).columns
        assert columns._rows[columns.cursor][2] == role


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_how_the_file_is_read_is_asked_for_with_keys_alone(path: Path, size: tuple[int, int]) -> None:
    reader = Reader()
    async with looking(path, reader, size) as (app, pilot):
        await press(pilot, app, "end", "t")
        assert "r read" in screen(app)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ReadingDialog))
        for option in READING_OPTIONS:
            assert option.title in screen(app)
            assert option.about in screen(app)
        await pilot.press(*"comma", "down", *"-999,n/k", "down", *"5-join", "enter")
        await until(pilot, lambda: "--min-class is '5-join', but must be 5:join" in " ".join(screen(app).split()))
        await pilot.press(*["backspace"] * 5, *":join", "enter")
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and not dialog(app).reading)
        wanted = {"target": "price", "thousands": ",", "missing": ("-999", "n/k"), "min_class": "5:join"}
        assert reader.asked[-1] == msgspec.structs.replace(PLAIN, **wanted)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ReadingDialog))
        assert "-999,n/k" in screen(app)
        await pilot.press("ctrl+r", "enter")
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and not dialog(app).reading)
        assert reader.asked[-1] == msgspec.structs.replace(PLAIN, target="price")
        await pilot.press("r", "x", "escape")
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog))
        assert dialog(app).asked == reader.asked[-1]


def test_every_way_to_read_a_file_is_written_as_it_is_read() -> None:
    asked = msgspec.structs.replace(
        PLAIN, thousands=".", missing=("-1", "a,b"), min_class="9:drop", delimiter="\t", encoding="cp1252", header=False
    )
    texts = written(asked)
    assert texts["delimiter"] == "tab"
    assert texts["header"] == "no"
    assert with_reading(PLAIN, texts) == asked
    assert with_reading(asked, dict.fromkeys(texts, " ")) == PLAIN
    for name, text in (("thousands", "x"), ("header", "perhaps"), ("min_class", "5"), ("delimiter", "ab")):
        with pytest.raises(UsageError):
            with_reading(PLAIN, texts | {name: text})


async def test_changes_in_one_burst_are_read_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_dialog, "DEBOUNCE_SECONDS", 3.0)  # of a machine on which a key takes long
    reader = Reader()
    async with looking(path, reader) as (app, pilot):
        for key in ("end", "t", "up", "d", "up", "c"):
            app.simulate_key(key)
        await until(pilot, lambda: len(reader.asked) == 2 and not dialog(app).reading)
        await pilot.pause(0.1)
    assert reader.asked[1:] == [
        FileRequest(path=PLAIN.path, target="price", drop=("garden",), categorical=("district",)),
    ]


async def test_the_app_goes_on_while_a_large_file_is_read(path: Path) -> None:
    reader = Reader(waits=True)
    async with looking(path, reader) as (app, pilot):
        await until(pilot, lambda: "Reading houses.csv …" in screen(app))
        await until(pilot, lambda: re.search(r"Reading houses\.csv … \d+ s", screen(app)) is not None)
        await pilot.press("question_mark", "down", "t", "d")
        await pilot.resize_terminal(*LARGE)
        await until(pilot, lambda: re.search(r"Reading houses\.csv … ([2-9]|\d\d) s", screen(app)) is not None)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FileDialog))
        await until(pilot, lambda: reader.ended == len(reader.asked))


async def test_the_first_reading_ends_when_something_else_is_wanted_meanwhile(path: Path) -> None:
    reader = Reader()
    async with looking(path, reader) as (app, pilot):
        reader._free.clear()
        await pilot.press("end", "t")
        await until(pilot, lambda: len(reader.asked) == 2)
        await pilot.press("up", "d")
        await until(pilot, lambda: len(reader.asked) == 3 and reader.ended == 2)
        reader.let_go()
        await until(pilot, lambda: not dialog(app).reading)
        preview = dialog(app)._preview
        assert preview is not None
        assert preview.data is not None
        assert preview.data.asked.drop == ("garden",)


async def test_enter_while_it_is_read_takes_it_when_it_is_read(path: Path) -> None:
    reader = Reader()
    async with looking(path, reader) as (app, pilot):
        reader._free.clear()
        await pilot.press("end", "t", "enter")
        await until(pilot, lambda: len(reader.asked) == 2)
        assert isinstance(app.screen, PreviewDialog)
        reader.let_go()
        await until(pilot, lambda: app.screen is app.main and app.main.tasks.table is not None)


async def test_enter_without_a_target_says_what_is_missing(path: Path) -> None:
    async with looking(path, Reader()) as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: bool(app._notifications))
        (note,) = app._notifications
        assert "press t" in note.message
        assert isinstance(app.screen, PreviewDialog)


async def test_a_problem_is_told_whole_and_enter_does_not_take_it(path: Path) -> None:
    async with looking(path, Reader(with_problem)) as (app, pilot):
        await press(pilot, app, "t")
        words = " ".join(dialog(app).words.text.split())
        assert "/data/houses.csv, column area: all values are the same. Choose another target." in words
        await pilot.press("enter")
        await until(pilot, lambda: any("all values are the same" in note.message for note in app._notifications))
        assert isinstance(app.screen, PreviewDialog)
        await press(pilot, app, "t")
        assert "all values" not in dialog(app).words.text


async def test_a_file_that_cannot_be_read_says_why_and_another_can_be_chosen(
    path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = "binary.csv: the file is a workbook of Excel. Save its sheet as CSV."
    reader = Reader(refuses={"binary.csv": sentence})
    (home / "houses.csv").write_text(ROWS)
    async with looking(path, reader, asked=FileRequest(path=str(home / "binary.csv"), target="")) as (app, pilot):
        assert " ".join(dialog(app).words.text.split()) == sentence
        await pilot.press("t", "d", "K", "enter", "end", "slash", "escape")
        assert isinstance(app.screen, PreviewDialog)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FileDialog) and bool(app.screen._shown))
        assert isinstance(app.screen, FileDialog)
        assert [one.name for one in app.screen._shown if one.table] == ["houses.csv"]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and app.screen._preview is not None)


async def test_a_file_that_is_deleted_meanwhile_says_so_and_keeps_what_was_seen(path: Path) -> None:
    reader = Reader()
    async with looking(path, reader) as (app, pilot):
        reader._refuses["houses.csv"] = "/data/houses.csv: there is no such file. Check the path."
        await press(pilot, app, "t")
        assert "there is no such file" in dialog(app).words.text
        assert "district" in screen(app)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, PreviewDialog)


@pytest.mark.parametrize(
    "write",
    [
        lambda file: None,
        lambda file: file.mkdir(),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(bytes(range(256)) * 40),
        lambda file: file.write_bytes(b"\x1f\x8b" + bytes(100)),
        lambda file: file.write_text("a,b\n1,2,3\n4\n"),
    ],
    ids=["missing", "directory", "empty", "binary", "gzip", "ragged"],
)
async def test_what_cannot_be_read_gets_a_sentence_from_the_real_reader(
    path: Path, home: Path, write: Callable[[Path], object]
) -> None:
    file = home / "it.csv"
    write(file)
    app = opened(path, table=FileRequest(path=str(file), target=""))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and not app.screen.reading, seconds=30)
        words = " ".join(dialog(app).words.text.split())
        assert "it.csv" in words
        assert words.endswith(".")
        assert "Traceback" not in words


async def test_ten_thousand_columns_are_gone_through_at_once(path: Path) -> None:
    many = tuple(ShownColumn(name=f"x{place}", kind="number", role="feature") for place in range(10_000))
    async with looking(path, Reader(lambda asked: preview_of(asked, many))) as (app, pilot):
        await pilot.press("end")
        await until(pilot, lambda: "x9999" in screen(app))
        await pilot.press("home")
        await until(pilot, lambda: "x0 " in screen(app))
        await pilot.press("slash", *"x77", "enter")
        await until(pilot, lambda: "x7777" in screen(app) or "x770" in screen(app))
        await press(pilot, app, "down", "t")
        assert dialog(app).asked.target == "x770"


async def test_names_with_control_characters_are_shown_harmless_and_changed_as_they_are(path: Path) -> None:
    wild = "a\x1b[31mb\nc"
    columns = (ShownColumn(name=wild, kind="number", role="feature"), *COLUMNS)
    reader = Reader(lambda asked: preview_of(asked, columns))
    async with looking(path, reader) as (app, pilot):
        assert "\x1b" not in screen(app)
        assert "a\ufffd[31mb c" in screen(app)
        await press(pilot, app, "d")
        assert reader.asked[-1].drop == (wild,)


async def test_a_name_that_no_command_line_can_hold_gets_a_sentence(path: Path, home: Path) -> None:
    (home / "it.csv").write_text(ROWS)
    app = opened(path, table=FileRequest(path=str(home / "it.csv"), target="a\0b"))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PreviewDialog) and not app.screen.reading, seconds=30)
        assert "cannot be looked at" in " ".join(dialog(app).words.text.split())


async def test_a_tiny_terminal_does_no_harm(path: Path) -> None:
    async with looking(path, Reader()) as (app, pilot):
        for size in ((20, 5), (1, 1), (300, 80), (80, 24)):
            await pilot.resize_terminal(*size)
            await press(pilot, app, "t", "down", "d")
        assert app.is_running


NAMES = [column.name for column in COLUMNS]
CHANGES = st.sampled_from(
    [
        column_choices.with_target,
        column_choices.with_drop,
        column_choices.with_names,
        column_choices.with_group,
        column_choices.with_time,
        column_choices.with_weight,
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(CHANGES, st.sampled_from(NAMES)), max_size=12), st.integers(0, 4))
def test_whatever_is_pressed_the_wishes_do_not_contradict(
    changes: list[tuple[Callable[[FileRequest, str], FileRequest], str]], kinds: int
) -> None:
    asked = PLAIN
    for change, name in changes:
        asked = change(asked, name)
    for _ in range(kinds):
        asked = column_choices.with_next_kind(asked)
    checked(asked, NAMES)
