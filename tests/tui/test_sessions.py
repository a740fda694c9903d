"""The view of sessions: open, mark, compare, rename, resume and delete, each as a person does it."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from lossterm.comparison.comparison import Comparison
from lossterm.figures.curve_view_state import CurveViewState
from lossterm.store import SessionRow, Store, TrialRow
from lossterm.text.numbers import ago
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import ConfirmDialog, RenameDialog, TextDialog
from tests.builders.app import opened, shown, until
from tests.builders.stores import FAIR, FAKE, SESSION, TUTORIAL, fill

SIZE = (80, 24)
BLOBS = Comparison.ask("blobs", learning_rates=[0.01], epochs=20, seeds=2)


def names(path: Path) -> list[str]:
    with Store(path) as store:
        return sorted(row.name for row in store.sessions.every())


def stored(path: Path, session: str = SESSION) -> list[TrialRow]:
    with Store(path) as store:
        return store.reader.trials([one.id for one in store.reader.comparisons(session)])


def listed(app: LosstermApp) -> list[str]:
    options = app.main.sessions.query_one(OptionList)
    return [str(options.get_option_at_index(place).prompt) for place in range(options.option_count)]


def said(app: LosstermApp) -> str:
    return " ".join(note.message for note in app._notifications)


async def at(pilot: Pilot[None], app: LosstermApp, session: str) -> None:
    """Go to the view and to a session in it."""
    await pilot.press("5")
    panel = app.main.sessions
    await until(pilot, lambda: session in [row.name for row in panel.rows] and len(listed(app)) == len(panel.rows))
    await pilot.press("home", *["down"] * [row.name for row in panel.rows].index(session))
    await until(pilot, lambda: panel._under_cursor == session)


@pytest.fixture
def two(path: Path) -> Path:
    """Return a store with two sessions; the prepared one is newer."""
    fill(path, BLOBS, session="older")
    fill(path, TUTORIAL)
    return path


# What is listed


async def test_every_session_has_a_line_the_newest_first_and_the_open_one_marked(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, SESSION)
        first, second = listed(app)
        assert first.split()[:4] == ["●", SESSION, "12/12", "trials"]
        assert "circles" in first
        assert "just now" in first
        assert second.split()[:2] == ["older", "6/6"]
        assert "blobs" in second
        assert app.main.sessions.border_subtitle == "2 of 2; ● open"


async def test_what_was_stopped_is_told(path: Path) -> None:
    fill(path, TUTORIAL, trials=5)
    with Store(path) as store:
        store.sessions.stop(SESSION)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, SESSION)
        assert "5/12 trials, 7 stopped" in listed(app)[0]


async def test_the_list_follows_what_happens_in_the_store(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, SESSION)
        fill(two, FAIR)
        await until(pilot, lambda: "48/48 trials" in listed(app)[0])


async def test_the_filter_narrows_the_list_and_the_cursor_stays_on_its_session(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, "older")
        await pilot.press("slash", *"OLD", "enter")
        await until(pilot, lambda: len(listed(app)) == 1)
        assert app.main.sessions.border_subtitle == "1 of 2; ● open"
        assert app.focused is app.main.sessions.query_one(OptionList)
        assert app.main.sessions._under_cursor == "older"
        await pilot.press("escape")
        await until(pilot, lambda: len(listed(app)) == 2)
        assert app.main.sessions._under_cursor == "older"


async def test_names_of_any_length_and_sign_fit_the_line(path: Path) -> None:
    for session in ("x" * 80, "[bold]not markup[/]", "日本語の名前", "🙂 moji"):
        fill(path, BLOBS, session=session)
    app = opened(path, session="日本語の名前")
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, "[bold]not markup[/]")
        assert any("[bold]not markup[/]" in line for line in listed(app))
        assert any("x" * 29 + "…" in line for line in listed(app))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, RenameDialog))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7199, "1 h ago"),
        (86_400, "1 day ago"),
        (1e7, "115 days ago"),
    ],
)
def test_ages_are_told_in_their_largest_unit(seconds: float, words: str) -> None:
    assert ago(seconds) == words


# Open


async def test_enter_opens_a_session_with_its_curves_and_choices(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await at(pilot, app, "older")
        await pilot.press("enter")
        await until(pilot, lambda: app.main.session == "older" and len(app.main.view.rows) == 6)
        await until(pilot, lambda: app.main.tasks.chosen.key == "blobs")
        assert app.main.stage.view == "curves"
        assert app.main.losses.ticked == BLOBS.losses
        await until(pilot, lambda: "older" in app.export_screenshot())
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)
    assert app.main.session == "older"


async def test_what_is_asked_for_after_opening_another_belongs_to_it(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await at(pilot, app, "older")
        await pilot.press("enter")
        await until(pilot, lambda: app.main.session == "older" and app.main.tasks.chosen.key == "blobs")
        app.main.settings.ask_for_seeds(3)
        await pilot.press("r")
        await until(pilot, lambda: len(stored(two, "older")) == 9)
    assert len(stored(two)) == 12


async def test_sessions_are_opened_one_after_the_other_many_times(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        for session, trials in (("older", 6), (SESSION, 12)) * 3:
            await at(pilot, app, session)
            await pilot.press("enter")
            await until(pilot, lambda: app.main.session == session and len(app.main.view.rows) == trials)  # noqa: B023  waited for at once
        assert len(app.screen_stack) == 2


# Compare


async def test_two_marked_sessions_are_set_side_by_side(two: Path) -> None:
    fill(two, FAIR, session="third")
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, SESSION)
        await pilot.press("space")
        await until(pilot, lambda: any(line.startswith("✓●") for line in listed(app)))
        await at(pilot, app, "third")
        await pilot.press("space", "c")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        assert isinstance(app.screen, TextDialog)
        words = "\n".join(app.screen._lines)
        assert SESSION in words
        assert "third" in words
        assert "older" not in words
        assert "binary_crossentropy" in words
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)


async def test_one_marked_session_is_compared_with_the_one_under_the_cursor(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, SESSION)
        await pilot.press("space")
        await at(pilot, app, "older")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        assert isinstance(app.screen, TextDialog)
        assert {SESSION, "older"} <= set(" ".join(app.screen._lines).split())


async def test_comparing_one_session_says_what_to_do(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await at(pilot, app, SESSION)
        await pilot.press("c")
        await until(pilot, lambda: "Mark at least two" in said(app))
        await pilot.press("space", "c")
        await pilot.pause()
        assert app.screen is app.main


# Rename


async def rename(pilot: Pilot[None], app: LosstermApp, name: str) -> None:
    await pilot.press("n")
    await until(pilot, lambda: isinstance(app.screen, RenameDialog))
    app.screen.query_one(Input).value = name
    await pilot.press("enter")


async def test_a_session_gets_another_name_with_all_that_is_in_it(two: Path) -> None:
    before = stored(two, "older")
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, "older")
        await rename(pilot, app, "  younger ")
        await until(pilot, lambda: names(two) == [SESSION, "younger"])
        await until(pilot, lambda: any("younger" in line for line in listed(app)))
        assert app.main.session == SESSION
    assert stored(two, "younger") == before


async def test_renaming_the_open_session_keeps_it_open_and_its_look(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await pilot.press("y")
        await at(pilot, app, SESSION)
        await pilot.pause(1.2)  # until the look is kept
        await rename(pilot, app, "another")
        await until(pilot, lambda: app.main.session == "another" and len(app.main.view.rows) == 12)
        assert app.main.curves.look == CurveViewState(log=True)
        await pilot.pause(0.5)  # until what was chosen before is chosen again
        app.main.settings.ask_for_seeds(5)
        await pilot.press("r")
        await until(pilot, lambda: len(stored(two, "another")) == 15)
    assert names(two) == ["another", "older"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "two\nlines"])
async def test_a_name_that_cannot_be_is_refused_where_it_is_typed(two: Path, name: str) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, "older")
        await rename(pilot, app, name)
        await until(pilot, lambda: app.screen.query_one("#wrong", Static).has_class("-said"))
        assert isinstance(app.screen, RenameDialog)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.main)
    assert names(two) == ["older", SESSION]


async def test_a_name_that_is_taken_is_refused_with_a_sentence(two: Path) -> None:
    before = stored(two), stored(two, "older")
    app = opened(two)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await at(pilot, app, "older")
        await rename(pilot, app, SESSION)
        await until(pilot, lambda: SESSION in said(app))
    assert (stored(two), stored(two, "older")) == before


# Delete


@pytest.mark.parametrize("answer", [["n"], ["escape"], ["enter"]], ids=["n", "esc", "enter"])
async def test_deleting_asks_first_and_no_is_the_first_answer(two: Path, answer: list[str]) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, "older")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        assert "older with 1 comparison and 6 trials" in " ".join(
            str(static.render()) for static in app.screen.query(Static)
        )
        await pilot.press(*answer)
        await until(pilot, lambda: app.screen is app.main)
    assert names(two) == ["older", SESSION]


async def test_a_deleted_session_is_gone_and_others_stay(two: Path) -> None:
    before = stored(two)
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, "older")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("y")
        await until(pilot, lambda: len(listed(app)) == 1)
        assert app.main.session == SESSION
    assert names(two) == [SESSION]
    assert stored(two) == before


async def test_deleting_the_open_session_leaves_an_empty_one_that_can_be_begun_anew(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await at(pilot, app, SESSION)
        before = app.main
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("y")
        await until(pilot, lambda: app.main is not before and app.screen is app.main)
        assert (app.main.session, app.main.view.rows) == (SESSION, {})
        await pilot.press("1", "r")
        await until(pilot, lambda: names(two) == ["older", SESSION])


async def test_trials_that_another_session_holds_outlive_a_deletion(path: Path) -> None:
    fill(path, TUTORIAL, session="older")
    fill(path, TUTORIAL)
    before = stored(path)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, "older")
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog))
        await pilot.press("y")
        await until(pilot, lambda: names(path) == [SESSION])
    assert stored(path) == before


# Resume


async def test_what_was_stopped_is_trained_when_it_is_resumed(path: Path) -> None:
    fill(path, TUTORIAL, trials=5)
    with Store(path) as store:
        store.sessions.stop(SESSION)
    done = {row.id: row.finished for row in stored(path) if row.status == "done"}
    app = LosstermApp(SESSION, path, command=FAKE)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await at(pilot, app, SESSION)
        await pilot.press("u")
        await until(pilot, lambda: {row.status for row in stored(path)} == {"done"}, seconds=20)
    assert {row.id: row.finished for row in stored(path) if row.id in done} == done


async def test_resuming_another_session_opens_it(path: Path) -> None:
    fill(path, BLOBS, session="older", trials=2)
    with Store(path) as store:
        store.sessions.stop("older")
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, "older")
        await pilot.press("u")
        await until(pilot, lambda: app.main.session == "older" and app.main.view.training)
    assert [row.status for row in stored(path, "older")].count("queued") == 4


async def test_resuming_what_is_whole_says_so(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await at(pilot, app, SESSION)
        await pilot.press("u")
        await until(pilot, lambda: "Nothing of it was stopped" in said(app))
    with Store(two) as store:
        assert len(store.reader.comparisons(SESSION)) == 1


@pytest.mark.parametrize("key", ["enter", "space", "c", "n", "u", "d"])
async def test_with_no_session_at_all_the_keys_do_nothing(path: Path, key: str) -> None:
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("5")
        await pilot.pause()
        await pilot.press(key)
        await pilot.pause()
        assert app.screen is app.main
        rows: tuple[SessionRow, ...] = app.main.sessions.rows
        assert rows == ()
