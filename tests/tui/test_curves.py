"""The charts: loss and metric with a band over the seeds, every seed, the sweep of learning rates."""

from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.metrics import metrics_for
from lossterm.tui.app import LosstermApp
from lossterm.tui.panels.curves_panel import CurvesPanel
from lossterm.tui.panels.task_panel import TaskPanel
from lossterm.tui.widgets.changing_lines import ChangingLines
from tests.builders.app import grey, opened, reported, shown, until
from tests.builders.stores import FAIR, TUTORIAL, fill, settled

SMALL, LARGE = (80, 24), (140, 40)


def chart(app: LosstermApp, name: str) -> str:
    return app.main.query_one(f"#chart-{name}", ChangingLines).text


def charts(app: LosstermApp) -> list[str]:
    """Return which charts are to be seen."""
    return [name for name in ("loss", "metric", "rates") if app.main.query_one(f"#chart-{name}").display]


def dots(text: str) -> int:
    return sum((ord(mark) - 0x2800).bit_count() for mark in text if "⠀" <= mark <= "⣿")


# m: charts


async def test_m_steps_through_loss_metric_and_sweep(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        seen, titles = [charts(app)], [str(app.main.query_one(CurvesPanel).border_title)]
        for _ in range(3):
            await pilot.press("m")
            await pilot.pause()
            seen.append(charts(app))
            titles.append(str(app.main.query_one(CurvesPanel).border_title))
        assert seen == [["loss"], ["metric"], ["rates"], ["loss"]]
        assert titles[:2] == ["Curves: loss, validation", "Curves: accuracy, validation"]
        assert titles[2].startswith("Curves: accuracy by l")
        assert titles[3] == titles[0]


async def test_m_steps_to_the_sweep_where_loss_and_metric_stand_side_by_side(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        seen = [charts(app)]
        for _ in range(2):
            await pilot.press("m")
            await pilot.pause()
            seen.append(charts(app))
        assert seen == [["loss", "metric"], ["rates"], ["loss", "metric"]]


async def test_without_tuned_rates_there_is_no_sweep(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(12)(pilot)
        assert not grey(app, "panel", "next_chart")
        seen = []
        for _ in range(2):
            await pilot.press("m")
            await pilot.pause()
            seen.append(charts(app))
        assert seen == [["metric"], ["loss"]]


async def test_m_is_grey_where_all_charts_are_shown_already(path: Path) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(12)(pilot)
        await until(pilot, lambda: grey(app, "panel", "next_chart"))
        await pilot.press("m")
        await pilot.pause()
        assert charts(app) == ["loss", "metric"]


async def test_the_sweep_marks_the_rate_chosen_for_each_loss(path: Path) -> None:
    fill(path, FAIR, scored=lambda trial, metric: settled(trial, metric) - 0.01 * (trial.learning_rate != 0.01))
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        await pilot.press("m", "m")
        await until(pilot, lambda: chart(app, "rates").count("●") == 3)
        assert all(rate in chart(app, "rates").split("\n")[-1] for rate in ("0.003", "0.01", "0.03"))


async def test_the_sweeps_title_fits_whatever_metric_ranks(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(36)(pilot)
        await pilot.press("m", "m")
        cut = []
        for metric in metrics_for("binary"):
            await pilot.pause()
            assert reported(app).asked.comparison.metric == metric.key
            cut += [metric.key] if "…" in app.export_screenshot() else []
            await pilot.press("o")
        assert cut == []


async def test_the_sweep_gives_way_where_another_task_has_none(path: Path) -> None:
    fill(path, Comparison.ask("blobs", protocol="tutorial", epochs=20, seeds=2))
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=SMALL) as pilot:
        await shown(42)(pilot)
        await pilot.press("m", "m")
        await pilot.pause()
        assert charts(app) == ["rates"]
        app.main.query_one(TaskPanel).focus()
        await pilot.press("down", "space")
        await until(pilot, lambda: charts(app) == ["loss"])
        await until(pilot, lambda: dots(chart(app, "loss")) > 0)


# i: every seed


async def test_i_draws_every_seed_and_median_and_band_again(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        panel = app.main.query_one(CurvesPanel)
        await until(pilot, lambda: dots(chart(app, "loss")) > 0)
        median, words = chart(app, "loss"), str(panel.border_subtitle)
        await pilot.press("i")
        await until(pilot, lambda: dots(chart(app, "loss")) > dots(median))
        assert (panel.border_subtitle, words) == ("every seed; bright: median", "median, 80 % of seeds; faint: train")
        await pilot.press("i")
        await until(pilot, lambda: chart(app, "loss") == median)
        assert panel.border_subtitle == words


async def test_the_band_over_seeds_is_tinted_in_median_mode_only(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=LARGE) as pilot:
        await shown(36)(pilot)
        lines = app.main.query_one("#chart-loss", ChangingLines)

        def tints() -> set[str]:
            return {str(span.style) for line in lines._lines for span in line.spans if " on #" in f" {span.style}"}

        await until(pilot, lambda: dots(lines.text) > 0)
        assert tints()
        await pilot.press("i")
        await until(pilot, lambda: app.main.query_one(CurvesPanel).border_subtitle == "every seed; bright: median")
        assert not tints()
