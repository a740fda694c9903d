"""Whatever is pressed, pasted and resized: the app goes on, and nothing that was trained is lost or changed."""

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from textual import events
from textual.binding import Binding

from lossterm.comparison.comparison import Comparison
from lossterm.store import Store, TrialRow
from lossterm.tui.app import LosstermApp
from lossterm.tui.screens.main_screen import MainScreen
from tests.builders.app import opened, until
from tests.builders.stores import FAIR, TUTORIAL, fill

HELD_BACK = {"ctrl+q", "q", "ctrl+z", "d", "y"}
"""Keys that end the app, and those that delete: y is said to the question, d asks it."""

BOUND = sorted(
    {
        key
        for holder in (LosstermApp, MainScreen, *MainScreen.PANELS)
        for binding in holder.BINDINGS
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
    }
    - HELD_BACK
)
MOVES = ["up", "down", "home", "end", "pageup", "pagedown", "backspace", "delete", "tab", "shift+tab", "space", "enter"]
SIZES = [(80, 24), (120, 35), (140, 40), (20, 5), (300, 80), (79, 23), (1, 1), (80, 24)]
PASTES = [
    "/",
    "~/",
    "",
    "hinge",
    "12",
    "[a(",
    "q" * 300,
    "two\nlines",
    "\x1b[31m",
    "日本語 🙂",
    "mse:delta=1",
    "1e999,nan,-3",
]

STEPS = st.one_of(
    st.sampled_from(BOUND),
    st.sampled_from(BOUND),
    st.sampled_from(MOVES),
    st.sampled_from("0123456789.,"),
    st.sampled_from(SIZES),
    st.sampled_from(PASTES).map(lambda text: ("paste", text)),
)
Step = str | tuple[int, int] | tuple[str, str]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with two sessions, of which one is half way."""
    path = tmp_path_factory.mktemp("prepared") / "lossterm.db"
    fill(path, Comparison.ask("regression", learning_rates=[0.01], epochs=20, seeds=2), session="other")
    fill(path, FAIR, diverged=lambda trial: trial.loss == "hinge" and trial.seed == 3)
    fill(path, TUTORIAL, trials=5, running=True)
    return path


def ended(path: Path) -> dict[int, tuple[TrialRow, tuple[tuple[int, bytes], ...]]]:
    """Return every trial that has ended of itself, with its curve; that a stop came too late for it does not count."""
    with Store(path) as store:
        numbers = [asked.id for session in store.sessions.every() for asked in store.reader.comparisons(session.name)]
        rows = [row for row in store.reader.trials(numbers) if row.trained]
        chunks, _ = store.reader.chunks(numbers)
        return {
            row.id: (
                msgspec.structs.replace(row, cancel=False, changed=0),
                tuple((chunk.start, chunk.data) for chunk in chunks if chunk.trial == row.id),
            )
            for row in rows
        }


async def press(path: Path, steps: list[Step]) -> None:
    app = opened(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(app.main.view.rows))
        for step in steps:
            if isinstance(step, str):
                await pilot.press(step)
            elif step[0] == "paste":
                app.post_message(events.Paste(str(step[1])))
            else:
                await pilot.resize_terminal(int(step[0]), int(step[1]))
            await pilot.pause()
            assert app.is_running, step
        await pilot.resize_terminal(80, 24)
        for _ in range(6):  # out of dialogs, zooms and views
            await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.main
        assert app.main.stage.view == "curves"
        assert app.main.stage.shows("choices")


WRITTEN: list[list[Step]] = [
    ["5", "space", "down", "c", "escape", "n", ("paste", "two\nlines"), "enter", "escape", "enter", "4"],
    ["N", "down", "l", "tab", "0", ".", "5", "enter", "w", "down", "tab", "x", (20, 5), "escape", "r", "f"],
    ["1", "enter", "enter", "greater_than_sign", "left", (20, 5), "x", (300, 80), "escape"],
    ["slash", "[", "a", "5", "escape", "3", "left_square_bracket", "tab", "0", ("paste", "12"), "r"],
    ["f", "h", "tab", "j", "l", "backspace", ("paste", "/no/such.csv"), "enter", "escape", "N", "space", "r"],
    ["4", "left", "m", "m", "down", (1, 1), "2", (120, 35), "tab", "r", "s", "t"],
]
"""Sequences that go through every dialog and view."""


def assert_nothing_is_lost(prepared: Path, path: Path, steps: list[Step]) -> None:
    shutil.copy(prepared, path)
    before = ended(path)
    assert len(before) > 30
    asyncio.run(press(path, steps))
    after = ended(path)
    assert {number: after.get(number) for number in before} == before


@pytest.mark.parametrize(
    "steps", [*WRITTEN[:2], *(pytest.param(steps, marks=pytest.mark.slow) for steps in WRITTEN[2:])], ids=range(6)
)
def test_keys_through_every_dialog_crash_nothing_and_lose_no_trial(
    prepared: Path, path: Path, steps: list[Step]
) -> None:
    assert_nothing_is_lost(prepared, path, steps)


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.generate],  # to shrink would take minutes; what failed is printed whole
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, min_size=5, max_size=20))
def test_no_keys_crash_the_app_or_lose_a_trial(
    prepared: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    assert_nothing_is_lost(prepared, tmp_path_factory.mktemp("random") / "lossterm.db", steps)


def test_the_keys_are_all_there_is_but_what_ends_or_deletes() -> None:
    assert {"r", "s", "t", "o", "1", "5", "left", "H", "slash", "space", "n", "u", "c", "f", "w", "N"} <= set(BOUND)
