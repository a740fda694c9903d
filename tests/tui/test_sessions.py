"""The view of every comparison: open, mark, compare; begin, rename, resume and delete sessions, as a person does it."""

import sqlite3
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from lossterm.comparison.comparison import Comparison
from lossterm.figures.curve_view_state import CurveViewState
from lossterm.store import Store, TrialRow
from lossterm.text.numbers import ago
from lossterm.tui.app import LosstermApp
from lossterm.tui.dialogs import ConfirmDialog, NewSessionDialog, RenameDialog, TextDialog
from tests.builders.app import opened, reported, shown, until
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


def notifications(app: LosstermApp) -> str:
    return " ".join(note.message for note in app._notifications)


def pointed(app: LosstermApp) -> str | None:
    row = app.main.sessions._under_cursor
    return row.session if row else None


async def at(pilot: Pilot[None], app: LosstermApp, session: str, place: int = 0) -> None:
    """Go to the view, and in it to one of a session's comparisons, counted from the last; wait for its verdict."""
    await pilot.press("5")
    panel = app.main.sessions
    await until(pilot, lambda: session in [row.session for row in panel.rows] and len(listed(app)) == len(panel.rows))
    await until(pilot, lambda: bool(app.focused and panel in app.focused.ancestors_with_self))
    lines = [line for line, row in enumerate(panel.rows) if row.session == session]
    await pilot.press("home", *["down"] * lines[place])
    await until(pilot, lambda: panel.list.highlighted == lines[place] and panel._unjudged is None)


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
        assert first.split("\n")[0].split()[:7] == ["●", "circles", SESSION, "4", "seeds", "just", "now"]
        assert first.split("\n")[1].strip() == "No detectable difference: all 3 open; 1,000+ seeds settle it"
        assert first.split("\n")[2].strip() == "hidden 50, tutorial, 20 epochs"
        assert second.split()[:4] == ["blobs", "older", "2", "seeds"]
        assert app.main.sessions.border_subtitle == "2 comparisons in 2 sessions; ● open"


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
        await until(pilot, lambda: len(listed(app)) == 3 and "4 seeds" in listed(app)[0])


async def test_the_filter_narrows_the_list_and_the_cursor_stays_on_its_session(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, "older")
        await pilot.press("slash", *"OLD", "enter")
        await until(pilot, lambda: len(listed(app)) == 1)
        assert app.main.sessions.border_subtitle == "1 of 2 comparisons in 2 sessions; ● open"
        assert app.focused is app.main.sessions.query_one(OptionList)
        assert pointed(app) == "older"
        await pilot.press("escape")
        await until(pilot, lambda: len(listed(app)) == 2)
        assert pointed(app) == "older"


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
        assert not app.main.stage.full
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
            await until(pilot, lambda: app.main.session == session)  # noqa: B023  waited for at once
            await shown(trials)(pilot)
        assert len(app.screen_stack) == 2


async def test_enter_brings_back_an_earlier_comparison_until_another_is_asked_for(path: Path) -> None:
    deep = Comparison.ask("circles", protocol="tutorial", epochs=7, seeds=3, hidden=[64, 32])
    fill(path, deep)
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(21)(pilot)
        assert reported(app).asked.comparison == TUTORIAL
        await at(pilot, app, SESSION, place=1)
        await pilot.press("enter")
        await until(pilot, lambda: app.main.choices.adopted and app.main.settings.hidden_layers == "64,32")
        await until(pilot, lambda: bool(app.main.scores.reports) and reported(app).asked.comparison == deep)
        assert app.main.curves.report == reported(app)
        assert app.main.stage.view == "curves"
        app.main.settings.ask_for_seeds(4)
        await pilot.press("r")
        await until(pilot, lambda: reported(app).asked.comparison == deep.with_seeds(4))
        assert app.main.standings.reopened == 0


# Damaged


async def test_a_damaged_comparison_is_listed_as_such_and_only_its_session_stays_shut(two: Path) -> None:
    fill(two, FAIR, session="third")
    connection = sqlite3.connect(two)
    with connection:
        connection.execute("UPDATE comparisons SET asked = '{' WHERE id = 1")
    connection.close()
    app = opened(two)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await at(pilot, app, "older")
        assert "Damaged: `lossterm doctor --repair` saves" in listed(app)[2]
        before = app.main
        await pilot.press("enter")
        await until(pilot, lambda: "The session older cannot be opened" in notifications(app))
        await pilot.press("space", "home", "c")
        await until(pilot, lambda: "One of them cannot be read" in notifications(app))
        assert app.main is before
        await at(pilot, app, "third")
        await pilot.press("enter")
        await until(pilot, lambda: app.main.session == "third")


# Many


async def test_only_what_is_seen_is_judged_and_more_as_it_comes_into_sight(path: Path) -> None:
    for epochs in range(1, 40):
        fill(path, Comparison.ask("circles", ("hinge",), protocol="tutorial", epochs=epochs, seeds=1))
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, SESSION)
        assert "nothing to compare" in listed(app)[0]
        assert listed(app)[-1].split("\n")[1].strip() == "…"
        await pilot.press("end")
        await until(pilot, lambda: "nothing to compare" in listed(app)[-1])


# Begin


async def test_a_new_session_is_begun_and_a_name_that_is_taken_refused(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, SESSION)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, NewSessionDialog))
        await pilot.press(*"older", "enter")
        await until(pilot, lambda: "There is a session 'older' already" in str(app.screen.query_one("#wrong").render()))
        await pilot.press(*" two", "enter")
        await until(pilot, lambda: app.main.session == "older two" and app.screen is app.main)
        await until(pilot, lambda: app.main.is_mounted and not app.main.view.asked)
        await pilot.press("1", "r")
        await until(pilot, lambda: names(two) == ["older", "older two", SESSION])


# Compare


async def test_two_marked_sessions_are_set_side_by_side(two: Path) -> None:
    fill(two, FAIR, session="third")
    app = opened(two)
    async with app.run_test(size=SIZE) as pilot:
        await at(pilot, app, SESSION)
        await pilot.press("space")
        await until(pilot, lambda: any(line.startswith("✓●") for line in listed(app)))
        await at(pilot, app, "third")
        await pilot.press("space")
        await at(pilot, app, "older")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, TextDialog))
        assert isinstance(app.screen, TextDialog)
        words = "\n".join(app.screen._lines)
        assert f"first: circles in {SESSION}, just now" in words
        assert "second: circles in third, just now" in words
        assert "older" not in words, "it is only under the cursor"
        assert "protocol tutorial → fair" in words
        assert "By how much cannot be said: tutorial and fair score on other rows." in words
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
        words = " ".join(app.screen._lines)
        assert "circles in prepared," in words
        assert "blobs in older," in words
        assert "the data are not the same" in words


async def test_comparing_one_says_what_to_do(two: Path) -> None:
    app = opened(two)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await at(pilot, app, SESSION)
        await pilot.press("c")
        await until(pilot, lambda: "Mark at least two" in notifications(app))
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
        await until(pilot, lambda: app.screen.query_one("#wrong", Static).has_class("-visible"))
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
        await until(pilot, lambda: SESSION in notifications(app))
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
        await until(pilot, lambda: "Nothing of it was stopped" in notifications(app))
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
        assert app.main.sessions.rows == ()
        assert "No comparison yet. r trains what is ticked" in listed(app)[0]
