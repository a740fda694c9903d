"""The view of predictions: pictures of the kept models side by side, and the scrubber over their epochs."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from lossterm.comparison.comparison import Comparison
from lossterm.losses import fitting
from lossterm.store import Store
from lossterm.tasks import task_named
from lossterm.tui.app import LosstermApp
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.widgets.changing_lines import ChangingLines
from tests.builders.app import grey, opened, shown, until
from tests.builders.stores import FAIR, LOSSES, TUTORIAL, fill

SMALL, LARGE = (80, 24), (140, 40)
both_sizes = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])


def pictures(app: LosstermApp) -> str:
    return app.main.query_one("#pictures", ChangingLines).text


def scrubber(app: LosstermApp) -> str:
    return app.main.query_one("#scrubber", ChangingLines).text


def title(app: LosstermApp) -> str:
    return str(app.main.predictions.border_title)


async def look(pilot: Pilot[None], app: LosstermApp, trials: int) -> None:
    await shown(trials)(pilot)
    await pilot.press("4")
    await until(pilot, lambda: app.main.predictions.drawn and "epoch" in scrubber(app))


# What is shown


@both_sizes
async def test_two_features_have_decision_maps_confusion_and_reliability(path: Path, size: tuple[int, int]) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await look(pilot, app, 12)
        seen = []
        for _ in range(4):
            seen.append(title(app))
            assert all(loss[:5] in pictures(app) for loss in LOSSES)
            await pilot.press("m")
            await pilot.pause()
        kinds = ["decision maps", "confusion matrices", "reliability", "decision maps"]
        assert seen == [f"Predictions: {kind}, test rows of seed 0" for kind in kinds]


async def test_more_features_have_no_map(path: Path) -> None:
    fill(path, Comparison.ask("digits", learning_rates=[0.01], epochs=20, seeds=2))
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await look(pilot, app, 6)
        assert "confusion matrices" in title(app)
        await pilot.press("m")
        await until(pilot, lambda: "reliability" in title(app))
        await pilot.press("m")
        await until(pilot, lambda: "confusion matrices" in title(app))


@both_sizes
async def test_regression_has_predicted_against_true_alone(path: Path, size: tuple[int, int]) -> None:
    fill(path, Comparison.ask("regression", learning_rates=[0.01], epochs=20, seeds=2))
    app = opened(path)
    async with app.run_test(size=size) as pilot:
        await look(pilot, app, 6)
        assert "predicted against true" in title(app)
        assert pictures(app).count("mae ") >= 2
        assert grey(app, "panel", "next_chart")


@pytest.mark.parametrize(
    "task", ["blobs", "circles", "counts", "digits", "regression", "digit_images", "shapes", "topics"]
)
async def test_tasks_of_every_kind_have_pictures_that_fit_in_any_room(path: Path, task: str) -> None:
    comparison = Comparison.ask(task, learning_rates=[0.01], epochs=20, seeds=1)
    fill(path, comparison)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, app, len(comparison.losses))
        for size in (SMALL, LARGE, (100, 30), (200, 60)):
            await pilot.resize_terminal(*size)
            for _ in range(3):
                await pilot.pause()
                await pilot.press("m")
                await pilot.pause()
                lines, room = pictures(app).split("\n"), app.main.query_one("#pictures").size
                assert len(lines) <= room.height
                assert max(map(len, lines)) <= room.width
                assert len(scrubber(app)) <= room.width


# Row by row


async def test_masks_stand_beside_the_truth_and_the_scrubber_goes_over_them(path: Path) -> None:
    fill(path, Comparison.ask("shapes", ("dice", "brier"), learning_rates=[0.01], epochs=20, seeds=1))
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await look(pilot, app, 2)
        assert title(app) == "Predictions: masks, the worst first, test rows of seed 0"
        legend, heads, *_ = pictures(app).split("\n")
        assert legend.split()[1::2] == ["background", "disc", "cross"]
        assert heads.split() == ["image", "true", "dice", "brier"]
        assert all(grey(app, "panel", action) for action in ("next_chart", "log"))
        final = pictures(app)
        await pilot.press("left")
        await until(pilot, lambda: not scrubber(app).startswith("epoch 20 "))
        assert pictures(app) != final
        rows = [word for word in final.split() if word.isdigit()]
        assert rows == [word for word in pictures(app).split() if word.isdigit()]


async def test_further_rows_come_with_the_keys_that_mark_rows_elsewhere(path: Path) -> None:
    fill(path, Comparison.ask("digit_images", ("brier", "gce"), learning_rates=[0.01], epochs=20, seeds=1))
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, app, 2)
        first, panel = pictures(app), app.main.predictions
        assert "→" in first
        seen = int(str(panel.border_subtitle).split("–")[1].split()[0])
        assert str(panel.border_subtitle) == f"1–{seen} of 359 rows, .: more"
        await pilot.press("full_stop")
        await until(pilot, lambda: str(panel.border_subtitle).startswith(f"{seen + 1}–{2 * seen} of 359 "))
        assert pictures(app) != first
        await pilot.press(*["full_stop"] * (359 // seen + 2))
        await until(pilot, lambda: str(panel.border_subtitle).split()[-2:] == ["359", "rows"])
        await pilot.press(*["comma"] * (359 // seen + 2))
        await until(pilot, lambda: pictures(app) == first)
        await pilot.press("m")
        await until(pilot, lambda: "confusion" in title(app))
        assert grey(app, "panel", "next_row")


# The scrubber


async def test_the_scrubber_goes_over_the_kept_epochs(path: Path) -> None:
    fill(path, Comparison.ask("circles", protocol="tutorial", epochs=200, seeds=1))
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await look(pilot, app, 3)
        epochs = app.main.predictions._epochs
        assert (epochs[0], epochs[-1]) == (0, 200)
        assert 15 <= len(epochs) <= 25
        final = pictures(app)
        assert scrubber(app).startswith("epoch 200 of 200")
        await pilot.press("left")
        await until(pilot, lambda: scrubber(app).startswith(f"epoch {epochs[-2]} of 200"))
        await pilot.press(*["h"] * len(epochs))
        await until(pilot, lambda: scrubber(app).startswith("epoch 0 of 200"))
        assert pictures(app) != final
        await pilot.press("right")
        await until(pilot, lambda: scrubber(app).startswith(f"epoch {epochs[1]} of 200"))
        await pilot.press("shift+right")
        await until(pilot, lambda: scrubber(app).startswith(f"epoch {epochs[6]} of 200"))
        await pilot.press("shift+left", *["shift+right"] * 9, "right")
        await until(pilot, lambda: pictures(app) == final)
        assert scrubber(app).count("●") == 1


async def test_esc_goes_back_to_the_final_models_before_it_leaves(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, app, 12)
        await pilot.press("left", "left", "escape")
        await until(pilot, lambda: scrubber(app).startswith("epoch 20 of 20"))
        assert app.main.stage.full
        await pilot.press("escape")
        await until(pilot, lambda: not app.main.stage.full)


async def test_one_that_diverged_is_shown_as_it_was_last_kept(path: Path) -> None:
    fill(path, TUTORIAL, diverged=lambda trial: trial.loss == "hinge")
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await look(pilot, app, 12)
        assert "hinge  accuracy" in pictures(app)
        await pilot.press("left")
        await until(pilot, lambda: not scrubber(app).startswith("epoch 20 "))
        assert all(loss in pictures(app) for loss in LOSSES)


async def test_a_click_on_the_scrubber_goes_to_the_nearest_kept_epoch(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await look(pilot, app, 12)
        for sign, epoch in (("├", 0), ("┤", 20), ("┼", 0)):
            await pilot.click("#scrubber", offset=(scrubber(app).index(sign), 0))
            await until(pilot, lambda: scrubber(app).startswith(f"epoch {epoch} "))  # noqa: B023  waited for at once
        await pilot.click("#scrubber", offset=(0, 0))
        await pilot.pause()
        assert scrubber(app).startswith("epoch 0 ")


# Which losses


async def test_losses_that_have_no_room_come_with_the_cursor_keys(path: Path) -> None:
    losses = tuple(loss.key for loss in fitting(task_named("blobs").targets))[:8]
    fill(path, Comparison.ask("blobs", losses, learning_rates=[0.01], epochs=20, seeds=1))
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await look(pilot, app, 8)
        assert "of 8 losses, ↓: more" in str(app.main.predictions.border_subtitle)
        seen = {loss for loss in losses if loss[:6] in pictures(app)}
        assert len(seen) < 8
        for key in ("down", "j", *["down"] * 6):
            await pilot.press(key)
            await pilot.pause()
            seen |= {loss for loss in losses if loss[:6] in pictures(app)}
        assert seen == set(losses)
        await pilot.press(*["up"] * 5, *["k"] * 3)
        await until(pilot, lambda: losses[0][:6] in pictures(app))


async def test_the_filter_shows_only_what_matches(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await look(pilot, app, 12)
        await pilot.press("slash", *"hinge|!squared", "enter")
        await until(pilot, lambda: "binary_crossentropy" not in pictures(app) and "hinge" in pictures(app))
        assert app.focused is app.main.predictions
        await pilot.press("slash", *"zz", "enter")
        await until(pilot, lambda: "No loss matches the filter;" in pictures(app))
        assert scrubber(app).strip() == ""
        await pilot.press("escape")
        await until(pilot, lambda: all(loss in pictures(app) for loss in LOSSES))


async def test_it_shows_the_models_of_the_chosen_rate(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await look(pilot, app, 36)
        chosen = {row.trial.learning_rate for row in app.main.predictions._judged()}
        assert chosen == {0.01}
        assert len(app.main.predictions._judged()) == 3


# What comes and goes


async def test_it_says_why_there_is_nothing(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: "No predictions yet" in pictures(app))
        assert all(grey(app, "panel", action) for action in ("back", "forth", "next_chart"))
        await pilot.press("left", "down", "m", "escape")
        await pilot.pause()
        assert app.is_running


async def test_models_come_in_while_it_is_shown(path: Path) -> None:
    fill(path, TUTORIAL, trials=0)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(12)(pilot)
        await pilot.press("4")
        await until(pilot, lambda: "No predictions yet" in pictures(app))
        fill(path, TUTORIAL, trials=4)
        await until(pilot, lambda: "accuracy" in pictures(app))
        fill(path, TUTORIAL)
        await until(pilot, lambda: all(loss in pictures(app) for loss in LOSSES))


async def test_trainings_that_were_stopped_left_nothing_and_it_says_so(path: Path) -> None:
    fill(path, TUTORIAL, trials=0)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(12)(pilot)
        await pilot.press("s", "4")
        await until(pilot, lambda: "No model was kept" in " ".join(pictures(app).split()))


async def test_where_nothing_was_kept_of_trainings_that_are_done_that_is_said(path: Path) -> None:
    fill(path, Comparison.ask("shapes", ("dice",), seeds=1, epochs=2, learning_rates=[0.01]))
    with Store(path) as store:
        store._connection.execute("DELETE FROM models")
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(1)(pilot)
        await pilot.press("4")
        await until(pilot, lambda: "Nothing was kept" in " ".join(pictures(app).split()))


async def test_another_task_brings_its_own_models(path: Path) -> None:
    fill(path, Comparison.ask("blobs", learning_rates=[0.01], epochs=20, seeds=1))
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await look(pilot, app, 15)
        assert "hinge" in pictures(app)
        await pilot.press("left_square_bracket")
        app.main.query_one(TaskPanel).focus()
        await pilot.press("down", "space")
        await until(pilot, lambda: "categorical_crossentropy" in pictures(app) and "hinge" not in pictures(app))


async def test_colours_follow_the_theme(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await look(pilot, app, 12)

        def colours() -> set[str]:
            lines = app.main.query_one("#pictures", ChangingLines)._lines
            return {str(span.style) for line in lines for span in line.spans}

        before = colours()
        app.theme = "textual-light"
        await until(pilot, lambda: colours() != before)
