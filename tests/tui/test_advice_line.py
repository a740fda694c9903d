"""Advice on the chosen task: when it comes, where it stands, and that it is never another task's."""

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot

from lossterm.comparison.advice import Advice
from lossterm.comparison.comparison import Comparison
from lossterm.tasks import TASKS, Task, task_named
from lossterm.tui.app import LosstermApp
from lossterm.tui.background.advisor import Advisor
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.task_panel import TaskPanel
from tests.builders.app import opened, shown, until
from tests.builders.stores import FAIR, fill

SMALL, LARGE = (80, 24), (140, 40)

NAMED = {"circles": ("binary_crossentropy", "binary_gce"), "regression": ("mse", "huber"), "blobs": ("brier", "gce")}
"""What is advised in these tests."""


def advice_on(task: str) -> Advice:
    losses = NAMED.get(task, ("mse",) if TASKS[task].kind == "regression" else ("categorical_crossentropy",))
    return Advice(
        task=task,
        kind="regression",
        words=("--task", task),
        losses=losses,
        reference=losses[0],
        metric="mae",
        reason=f"so says {task}",
        number=None,
    )


async def at_once(task: Task) -> Advice | None:
    return advice_on(task.key)


class Slow:
    """Advice that comes when it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._waiting: dict[str, asyncio.Event] = {}

    async def __call__(self, task: Task) -> Advice | None:
        self.asked.append(task.key)
        await self._event(task.key).wait()
        return advice_on(task.key)

    def let_go(self, task: str) -> None:
        self._event(task).set()

    def _event(self, task: str) -> asyncio.Event:
        return self._waiting.setdefault(task, asyncio.Event())


def scores(app: LosstermApp) -> str:
    """Return what stands in the scores, in one line."""
    return " ".join(app.main.query_one(ScoresPanel).text.split())


def stars(app: LosstermApp) -> set[str]:
    """Return the losses with a star in the list."""
    panel = app.main.query_one(LossPanel)
    options = [panel.get_option_at_index(place) for place in range(panel.option_count)]
    return {str(option.id) for option in options if str(option.prompt).endswith("★")}


async def choose(pilot: Pilot[None], app: LosstermApp, task: str) -> None:
    app.main.query_one(TaskPanel).focus()
    await pilot.press("home", *["down"] * list(TASKS).index(task), "space")
    await until(pilot, lambda: app.main.query_one(TaskPanel).chosen.key == task)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_advice_stands_in_the_empty_scores_and_marks_losses(path: Path, size: tuple[int, int]) -> None:
    app = opened(path, find_advice=at_once)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: advice_on("circles").sentence in scores(app))
        assert scores(app).startswith("No scores yet")
        assert stars(app) == {"binary_crossentropy", "binary_gce"}
        assert app.main.query_one(LossPanel).ticked == ("binary_crossentropy", "hinge", "squared_hinge")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "140x40"])
async def test_advice_stands_under_the_table_on_top_alone(path: Path, size: tuple[int, int]) -> None:
    fill(path, Comparison.ask("blobs", learning_rates=[0.01], epochs=20, seeds=2))
    fill(path, FAIR)
    app = opened(path, find_advice=at_once)
    async with app.run_test(size=size) as pilot:
        await shown(42)(pilot)
        await until(pilot, lambda: advice_on("circles").sentence in scores(app))
        assert scores(app).count("so says") == 1
        assert scores(app).index("so says") < scores(app).index("blobs")
        width = app.main.query_one(ScoresPanel).size.width
        assert all(len(line.rstrip()) <= width for line in app.main.query_one(ScoresPanel).text.split("\n"))


async def test_nothing_is_said_where_there_is_no_advisor_or_no_advice(path: Path) -> None:
    async def none(_: Task) -> Advice | None:
        return None

    for find in (None, none):
        app = opened(path, find_advice=find)
        async with app.run_test(size=SMALL) as pilot:
            await pilot.pause()
            assert scores(app) == "No scores yet: r trains what is ticked, and they appear as trainings end."
            assert stars(app) == set()


async def test_advice_that_never_comes_holds_up_nothing(path: Path) -> None:
    app = opened(path, find_advice=Slow())
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("space", "m")
        await choose(pilot, app, "regression")
        assert "mse" in app.main.query_one(LossPanel).ticked
        assert "so says" not in scores(app)
        await pilot.press("q")
        await until(pilot, lambda: app.return_code == 0)


async def test_advice_that_comes_late_is_shown_when_it_comes(path: Path) -> None:
    slow = Slow()
    app = opened(path, find_advice=slow)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: slow.asked == ["circles"])
        assert "so says" not in scores(app)
        slow.let_go("circles")
        await until(pilot, lambda: "so says circles" in scores(app))


async def test_advice_on_a_task_that_was_left_meanwhile_is_not_shown(path: Path) -> None:
    slow = Slow()
    app = opened(path, find_advice=slow)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: slow.asked == ["circles"])
        await choose(pilot, app, "regression")
        await until(pilot, lambda: slow.asked == ["circles", "regression"])
        slow.let_go("circles")
        await pilot.pause(0.05)
        assert "so says" not in scores(app)
        assert stars(app) == set()
        slow.let_go("regression")
        await until(pilot, lambda: "so says regression" in scores(app))
        assert stars(app) == {"mse", "huber"}
        assert "circles" not in scores(app)


async def test_of_tasks_that_are_gone_through_fast_the_last_ones_advice_is_shown(path: Path) -> None:
    slow = Slow()
    app = opened(path, find_advice=slow)
    async with app.run_test(size=SMALL) as pilot:
        app.main.query_one(TaskPanel).focus()
        await pilot.pause()
        last, back = "iris", len(TASKS) - 1 - list(TASKS).index("iris")
        for key in ("home", "space", *["down", "space"] * (len(TASKS) - 1), *["up"] * back, "space"):
            app.simulate_key(key)
        await until(pilot, lambda: app.main.query_one(TaskPanel).chosen.key == last)
        for task in reversed(TASKS):
            slow.let_go(task)
        await until(pilot, lambda: f"so says {last}" in scores(app))
        await pilot.pause(0.05)
        assert scores(app).count("so says") == 1
        assert f"so says {last}" in scores(app)
        assert stars(app) == {"categorical_crossentropy"}


async def test_the_advice_on_a_task_goes_away_with_it_and_is_there_again_when_it_comes_back(path: Path) -> None:
    asked: list[str] = []

    async def once(task: Task) -> Advice | None:
        asked.append(task.key)
        return advice_on(task.key) if task.key == "circles" else None

    app = opened(path, find_advice=once)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "so says circles" in scores(app))
        await choose(pilot, app, "regression")
        await until(pilot, lambda: "so says" not in scores(app))
        assert stars(app) == set()
        await choose(pilot, app, "circles")
        await until(pilot, lambda: "so says circles" in scores(app))
    assert asked == ["circles", "regression"]


async def test_a_session_that_is_taken_up_gets_the_advice_on_its_own_task(path: Path) -> None:
    fill(path, Comparison.ask("blobs", learning_rates=[0.01], epochs=20, seeds=2))
    app = opened(path, find_advice=at_once)
    async with app.run_test(size=LARGE) as pilot:
        await shown(6)(pilot)
        await until(pilot, lambda: app.main.query_one(TaskPanel).chosen.key == "blobs")
        await until(pilot, lambda: "so says" in scores(app))
        assert "so says blobs" in scores(app)
        assert "so says circles" not in scores(app)
        assert stars(app) == {"brier", "gce"}


async def test_an_advisor_that_fails_does_not_end_the_app(path: Path) -> None:
    async def fails(_: Task) -> Advice | None:
        raise OSError("there is no program `nice` here")

    app = opened(path, find_advice=fails)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause(0.05)
        assert app.is_running
        assert app._exception is None


async def test_a_task_is_looked_at_once_and_again_after_an_interruption() -> None:
    slow = Slow()
    advisor = Advisor(slow)
    first = asyncio.create_task(advisor.on(task_named("circles")))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    slow.let_go("circles")
    assert await advisor.on(task_named("circles")) == advice_on("circles")
    assert await advisor.on(task_named("circles")) == advice_on("circles")
    assert slow.asked == ["circles", "circles"]
    assert await Advisor(None).on(task_named("circles")) is None
