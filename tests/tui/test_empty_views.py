"""Views without anything to show: each says why, and what a person can do about it."""

from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.store import Store
from lossterm.tui.app import LosstermApp
from tests.builders.app import opened, shown, until
from tests.builders.stores import DEVICE, SESSION, fill

SIZES = ((80, 24), (140, 40), (200, 60))


def asked(task: str) -> Comparison:
    return Comparison.ask(task, learning_rates=[0.003, 0.01], epochs=20, seeds=2)


def end(path: Path, task: str, *ends: str) -> None:
    """Ask for a comparison, and end its trials by turns in these ways: none records an epoch with a finite value."""
    with Store(path) as store:
        number = store.requests.ask(SESSION, asked(task)).id
        place = 0
        while ends[place % len(ends)] != "cancelled" and (row := store.worker.claim(DEVICE)):
            error = "ran out of memory" if ends[place % len(ends)] == "failed" else None
            store.worker.finish(row.id, ends[place % len(ends)], seconds=0.02, scores=None, error=error)  # type: ignore[arg-type]  # a status
            place += 1
        store.requests.cancel([number])


def words(app: LosstermApp) -> str:
    """Return what the view in the middle says, as it is read."""
    return " ".join(" ".join(lines.text for lines in app.main.stage.panel.query("ChangingLines").results()).split())  # type: ignore[attr-defined]  # the lines


FATES = {
    "circles": ("All 12 trainings failed. The reason: ran out of memory. r tries those", "lossterm doctor"),
    "regression": ("All 12 trainings were stopped. r trains those that were stopped.",),
    "blobs": ("trainings diverged. A smaller learning rate may keep",),
    "counts": ("None of the", "2 failed, 1 diverged and ", " were stopped.", "r trains those that were stopped."),
}
"""Task → what its views say."""


async def test_every_empty_view_says_what_became_of_the_trainings_and_what_to_do(path: Path) -> None:
    end(path, "circles", "failed")
    end(path, "regression", "cancelled")
    fill(path, asked("blobs"), session=SESSION, diverged=lambda trial: True)
    end(path, "counts", "failed", "diverged", "failed", "cancelled")
    app = opened(path)
    async with app.run_test(size=SIZES[0]) as pilot:
        await shown(sum(asked(task).size for task in FATES))(pilot)
        for size in SIZES:
            await pilot.resize_terminal(*size)
            for task, sentences in FATES.items():
                app.main.tasks.choose(app.main.tasks.tasks[task])
                for keys in ("1", "m", "4")[: 2 if task == "blobs" else 3]:  # what it began as is kept of a model
                    await pilot.press(keys)
                    await until(pilot, lambda: all(one in words(app) for one in sentences))  # noqa: B023  awaited here
                app.main.curves.shown = "loss"


async def test_a_view_that_nothing_was_asked_of_or_that_is_filtered_names_the_key(path: Path) -> None:
    app = opened(path)
    async with app.run_test(size=SIZES[0]) as pilot:
        for keys, sentence in (
            ("1", "No curves yet. Tick losses with space, then press r to train them."),
            ("4", "No predictions yet. Tick losses with space, then press r"),
            ("3", ""),
        ):
            await pilot.press(keys)
            await until(pilot, lambda: sentence in words(app))  # noqa: B023  awaited here
        app.main.losses.focus()
        await pilot.press("escape", "u")
        await until(pilot, lambda: "space ticks the loss under the cursor" in words(app))
        await pilot.press("slash", *"nothing", "enter")
        (only,) = app.main.losses.options
        assert "No loss matches the filter; / changes it, esc drops it." in str(only.prompt)
        assert "r trains what is ticked" in " ".join(app.main.scores.text.split())
