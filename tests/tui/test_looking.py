"""Looking at curves: cursor, zoom, pan, smoothing, log axis, splits, pin, hide and filter, by keys."""

from pathlib import Path

from textual.pilot import Pilot

from lossterm.charts.loss_colours import colour_of, colour_text
from lossterm.comparison.comparison import Comparison
from lossterm.figures.curve_view_state import FAST, LEAST_SHOWN, SMOOTHING, SPLITS
from lossterm.tui.app import LosstermApp
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.widgets.changing_lines import ChangingLines
from tests.builders.app import grey, opened, shown, until
from tests.builders.stores import LOSSES, TUTORIAL, fill

SMALL, LARGE = (80, 24), (140, 40)
LONG = Comparison.ask("circles", protocol="tutorial", epochs=200, seeds=2)
"""Three losses, six trials."""


def chart(app: LosstermApp, name: str = "loss") -> str:
    return app.main.query_one(f"#chart-{name}", ChangingLines).text


def colours(app: LosstermApp) -> set[str]:
    """Return the losses that are named in the chart of the loss, in their colours."""
    named = {
        (line.plain[span.start : span.end].strip(" ▸…"), str(span.style).split()[0])
        for line in app.main.query_one("#chart-loss", ChangingLines).rows
        for span in line.spans
    }
    return {
        loss
        for loss in LOSSES
        for name, style in named
        if len(name) > 4 and loss.startswith(name) and style == colour_text(colour_of(loss, dark=True))
    }


def frame_text(app: LosstermApp) -> str:
    """Return what stands on the frame of the curves, and beneath them."""
    readout = app.main.curves.readout
    beneath = readout.text if readout.display else ""
    return f"{app.main.curves.border_title} | {app.main.curves.border_subtitle} | {beneath}"


async def at_curves(pilot: Pilot[None], app: LosstermApp, trials: int = 6) -> None:
    await shown(trials)(pilot)
    await pilot.press("1")
    await until(pilot, lambda: app.focused is app.main.curves and any("⠀" < mark <= "⣿" for mark in chart(app)))


# The cursor


async def test_the_cursor_starts_at_the_end_and_says_epoch_time_and_values(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await at_curves(pilot, app)
        without = chart(app)
        await pilot.press("left")
        await until(pilot, lambda: "epoch 200 of 200" in frame_text(app))
        assert "20 ms" in frame_text(app)
        assert chart(app) != without
        await pilot.press("left")
        await until(pilot, lambda: "epoch 198 of 200" in frame_text(app))
        await pilot.press("shift+left")
        await until(pilot, lambda: f"epoch {198 - 2 * FAST} of 200" in frame_text(app))
        await pilot.press("l", "L")
        await until(pilot, lambda: "epoch 200 of 200" in frame_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: chart(app) == without)


async def test_the_cursor_stays_within_the_epochs(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await at_curves(pilot, app)
        await pilot.press(*["shift+left"] * 12)
        await until(pilot, lambda: "epoch 1 of 200" in frame_text(app))
        await pilot.press(*["H"] * 2, *["shift+right"] * 12, "right")
        await until(pilot, lambda: "epoch 200 of 200" in frame_text(app))


async def test_the_cursor_tells_the_values_of_the_curves(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=(200, 60)) as pilot:
        await at_curves(pilot, app)
        await pilot.press("left", *["shift+left"] * 12)
        await until(pilot, lambda: "epoch 1 of 200" in frame_text(app) and LOSSES[0] in chart(app))
        first = chart(app)
        await pilot.press(*["shift+right"] * 12)
        await until(pilot, lambda: "epoch 200 of 200" in frame_text(app) and chart(app) != first)
        for loss in LOSSES:
            (at_first,) = [line for line in first.split("\n") if f" {loss} " in f"{line} "]
            (at_last,) = [line for line in chart(app).split("\n") if f" {loss} " in f"{line} "]
            value_first, value_last = (
                float(line.replace(loss, "|").rpartition("|")[2].split()[0]) for line in (at_first, at_last)
            )
            assert value_first > value_last + 0.4  # the fake's curves fall by 0.6


async def test_a_click_puts_the_cursor_at_the_epoch_under_the_mouse(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await at_curves(pilot, app)
        for name in ("loss", "metric"):
            lines = app.main.query_one(f"#chart-{name}", ChangingLines)
            (region,) = app.main.curves._drawings[name].regions
            left = lines.content_region.x - lines.region.x + region.left
            for column, epoch in ((0, 1), (region.columns - 1, 200), (-1, 200)):  # the last is on the labels
                await pilot.click(lines, offset=(left + column, region.top + 3))
                await until(pilot, lambda: app.main.curves.look.cursor == epoch)  # noqa: B023  waited for at once
            middle = region.x_at(region.left + region.columns // 2)
            await pilot.click(lines, offset=(left + region.columns // 2, region.rows))  # beneath, on the axis
            await until(pilot, lambda: app.main.curves.look.cursor == round(middle or 0))  # noqa: B023


async def test_a_click_on_the_lower_of_two_charts_goes_by_its_own_axis(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await at_curves(pilot, app)
        await pilot.press("b", "b", "b")
        await until(pilot, lambda: app.main.curves.look.splits == "apart")
        await pilot.pause()
        lines = app.main.query_one("#chart-loss", ChangingLines)
        _, lower = app.main.curves._drawings["loss"].regions
        await pilot.click(lines, offset=(lower.left, lower.top + 1))
        await until(pilot, lambda: app.main.curves.look.cursor == 1)
        await pilot.click(lines, offset=(lower.left + lower.columns - 1, lower.top + 1))
        await until(pilot, lambda: app.main.curves.look.cursor == 200)


# Zoom and pan


async def test_enter_halves_the_frame_around_the_cursor_and_esc_widens_it(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await at_curves(pilot, app)
        whole = chart(app)
        await pilot.press("left", *["shift+left"] * 5)
        cursor = app.main.curves.look.cursor
        assert cursor == 200 - 2 * 5 * FAST
        await pilot.press("enter")
        first, last = app.main.curves.look.shown(200)
        assert last - first + 1 == 100
        assert first < cursor < last
        await until(pilot, lambda: chart(app) != whole)
        await pilot.press(*["enter"] * 10)
        first, last = app.main.curves.look.shown(200)
        assert LEAST_SHOWN <= last - first + 1 < 2 * LEAST_SHOWN
        assert first <= cursor <= last
        await pilot.press(*["escape"] * 20)
        assert app.main.curves.look.shown(200) == (1, 200)


async def test_the_frame_says_its_epochs_where_there_is_no_cursor(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await at_curves(pilot, app)
        await pilot.press("enter")
        await until(pilot, lambda: "epochs 101 to 200" in frame_text(app))


async def test_angles_pan_within_the_epochs_and_are_grey_without_a_zoom(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await at_curves(pilot, app)
        assert grey(app, "panel", "pan_back")
        await pilot.press("less_than_sign")
        assert app.main.curves.look.frames == ()
        await pilot.press("enter")
        assert not grey(app, "panel", "pan_back")
        await pilot.press("less_than_sign")
        assert app.main.curves.look.shown(200) == (92, 191)
        await pilot.press(*["less_than_sign"] * 20)
        assert app.main.curves.look.shown(200) == (1, 100)
        await pilot.press(*["greater_than_sign"] * 30)
        assert app.main.curves.look.shown(200) == (101, 200)


async def test_a_cursor_that_leaves_the_frame_takes_it_along(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await at_curves(pilot, app)
        await pilot.press("left", "enter", *["shift+left"] * 15)
        look = app.main.curves.look
        first, last = look.shown(200)
        assert look.cursor is not None
        assert first <= look.cursor <= last
        assert last - first + 1 == 100
        assert first < 101


# Smoothing, axis, splits


async def test_plus_and_minus_smooth_in_steps_and_zero_takes_it_back(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await at_curves(pilot, app)
        rough = chart(app)
        assert grey(app, "panel", "unsmooth")
        assert grey(app, "panel", "rougher")
        seen = [rough]
        for weight in SMOOTHING[1:]:
            await pilot.press("plus")
            await until(pilot, lambda: f"smooth {weight:g}" in frame_text(app))  # noqa: B023  waited for at once
            seen.append(chart(app))
        assert len(set(seen)) == len(SMOOTHING)
        await pilot.press("equals_sign")
        await pilot.pause()
        assert f"smooth {SMOOTHING[-1]:g}" in frame_text(app)
        await pilot.press("minus")
        await until(pilot, lambda: f"smooth {SMOOTHING[-2]:g}" in frame_text(app))
        await pilot.press("0")
        await until(pilot, lambda: chart(app) == rough)
        assert "smooth" not in frame_text(app)


async def test_y_makes_the_axis_logarithmic_and_linear_again(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await at_curves(pilot, app)
        linear = chart(app)
        await pilot.press("y")
        await until(pilot, lambda: chart(app) != linear and ", log" in frame_text(app))
        await pilot.press("y")
        await until(pilot, lambda: chart(app) == linear and ", log" not in frame_text(app))


async def test_b_goes_through_the_splits(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await at_curves(pilot, app)
        seen = [(frame_text(app), chart(app))]
        for _ in SPLITS:
            await pilot.press("b")
            await pilot.pause()
            seen.append((frame_text(app), chart(app)))
        assert seen[0] == seen[-1]
        assert len({drawn for _, drawn in seen}) == len(SPLITS)
        assert ["faint: train" in words for words, _ in seen] == [True, False, False, False, True]
        assert "loss, train" in seen[2][0]
        assert "test above train" in seen[3][0]


# Pin and hide


async def test_p_draws_the_selected_loss_on_top_and_marks_it(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await at_curves(pilot, app)
        await pilot.press("down", "p")
        assert app.main.curves.look.pinned == (LOSSES[1],) == (app.main.curves.selected,)
        await until(pilot, lambda: f"▸{LOSSES[1]}" in chart(app).replace(" ", ""))
        await pilot.press("p")
        await until(pilot, lambda: "▸" not in chart(app))


async def test_x_hides_the_selected_loss_which_stays_in_the_table_and_in_its_colour(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await at_curves(pilot, app)
        await until(pilot, lambda: colours(app) == set(LOSSES))
        await pilot.press("down", "x")
        await until(pilot, lambda: colours(app) == {LOSSES[0], LOSSES[2]})
        assert "1 hidden" in frame_text(app)
        assert all(loss in app.main.scores.text for loss in LOSSES)
        await pilot.press("up", "x", "k", "x")
        await until(pilot, lambda: "No loss is shown" in chart(app))
        await pilot.press("x", "j", "x", "j", "x")
        await until(pilot, lambda: colours(app) == set(LOSSES))
        assert "hidden" not in frame_text(app)


async def test_the_loss_under_the_cursor_of_the_list_is_what_is_pinned_and_hidden(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(6)(pilot)
        app.main.query_one(LossPanel).focus()
        await pilot.press("home", "down", "down", "x", "up", "p")
        assert app.main.curves.look.hidden == (LOSSES[2],)
        assert app.main.curves.look.pinned == (LOSSES[1],)


# The filter


async def test_the_filter_narrows_list_and_curves_and_keeps_ticks_and_colours(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(6)(pilot)
        losses, box = app.main.query_one(LossPanel), app.main.filter
        assert not box.display
        await pilot.press("slash", *"hinge|!squared")
        await until(pilot, lambda: colours(app) == {"hinge"})
        assert "hinge" in losses.listed
        assert losses.ticked == LOSSES
        assert all(loss in app.main.scores.text for loss in LOSSES)
        await pilot.press("enter")
        assert app.focused is losses
        assert box.display  # it stays while it holds a pattern
        await pilot.press("escape")
        await until(pilot, lambda: colours(app) == set(LOSSES))
        assert not box.display


async def test_a_half_typed_pattern_leaves_what_was_found(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(6)(pilot)
        await pilot.press("slash", *"hinge|")
        await pilot.pause()
        assert app.main.filter.has_class("-half")
        assert app.main.filter.pattern == "hinge"
        assert app.main.query_one(LossPanel).listed
        await pilot.press(*"x")
        await pilot.pause()
        assert not app.main.filter.has_class("-half")


async def test_letters_typed_into_the_filter_are_letters(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(6)(pilot)
        await pilot.press("slash", *"qrsx12?")
        await pilot.pause()
        assert app.is_running
        assert app.main.filter.value == "qrsx12?"
        assert app.main.stage.view == "curves"
        assert app.main.curves.look.hidden == ()


async def test_an_empty_filter_goes_away_with_enter(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("slash", "enter")
        await pilot.pause()
        assert not app.main.filter.display
        assert app.focused is app.main.query_one(LossPanel)


async def test_a_filter_that_nothing_matches_says_so(path: Path) -> None:
    fill(path, LONG)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(6)(pilot)
        await pilot.press("slash", *"zzz", "enter")
        await until(pilot, lambda: "No loss is shown" in chart(app))
        await pilot.press("space", "e", "a", "v", "x", "p")
        await pilot.pause()
        assert app.is_running


async def test_the_filter_holds_when_another_task_is_chosen(path: Path) -> None:
    fill(path, Comparison.ask("blobs", protocol="tutorial", epochs=20, seeds=2))
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(18)(pilot)
        await pilot.press("slash", *"cross", "enter")
        await pilot.pause()
        app.main.query_one(TaskPanel).focus()
        await pilot.press("down", "space")
        await until(pilot, lambda: app.main.query_one(LossPanel).record.key == "blobs")
        await pilot.pause()
        assert app.main.curves.losses == [loss for loss in app.main.curves.losses if "cross" in loss] != []
        await until(pilot, lambda: any("⠀" < mark <= "⣿" for mark in chart(app)))


async def test_without_curves_the_keys_of_curves_do_nothing(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("1")
        await until(pilot, lambda: app.focused is app.main.curves)
        before = app.main.curves.look
        for key in ("left", "enter", "y", "plus", "p", "x", "b", "i", "less_than_sign", "down"):
            await pilot.press(key)
            await pilot.pause()
            assert app.main.curves.look == before, key
