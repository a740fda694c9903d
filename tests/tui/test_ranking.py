"""Ranking by another metric, and adding the seeds that would settle what is open."""

from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from lossterm.comparison.comparison import Comparison
from lossterm.engine.fakes.fake_engine import FakeTrainer
from lossterm.metrics import METRICS
from lossterm.reports.report import metrics_of
from lossterm.reports.verdict import verdict
from lossterm.store import AskedComparison, Store, TrialRow
from lossterm.tui.app import LosstermApp
from lossterm.tui.panels.curves_panel import CurvesPanel
from lossterm.tui.panels.loss_panel import LossPanel
from lossterm.tui.panels.scores_panel import ScoresPanel
from lossterm.tui.panels.task_panel import TaskPanel
from tests.builders.app import grey, heads, opened, reported, shown, until
from tests.builders.stores import FAIR, FAKE, LOSSES, SESSION, TUTORIAL, equal, fill, settled, undecided

SIZE = (80, 24)


def order(app: LosstermApp) -> list[str]:
    return [standing.loss for standing in reported(app).standings]


def metric(app: LosstermApp) -> str:
    return reported(app).asked.comparison.metric


def asked(path: Path) -> list[AskedComparison]:
    with Store(path) as store:
        return store.reader.comparisons(SESSION)


def stored(path: Path) -> list[TrialRow]:
    with Store(path) as store:
        return store.reader.trials([one.id for one in store.reader.comparisons(SESSION)])


async def rank_by(pilot: Pilot[None], app: LosstermApp, wanted: str) -> None:
    """Press the key until that metric ranks."""
    for _ in METRICS:
        if metric(app) == wanted:
            break
        await pilot.press("o")
        await pilot.pause()
    assert metric(app) == wanted


# o: rank by another metric


async def test_o_ranks_by_the_next_metric_and_trains_nothing(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    before = stored(path)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        assert "accuracy test" in heads(app)
        assert order(app) == ["binary_crossentropy", "hinge", "squared_hinge"]
        await pilot.press("o")
        await until(pilot, lambda: "balanced_accuracy test" in heads(app))
        assert order(app) == ["squared_hinge", "hinge", "binary_crossentropy"]
        assert app.main.query_one(ScoresPanel).text.startswith("squared_hinge is best")
    assert stored(path) == before
    assert [one.comparison for one in asked(path)] == [FAIR]


@pytest.mark.parametrize(
    "comparison",
    [FAIR, TUTORIAL, Comparison.ask("regression", epochs=20, seeds=2), Comparison.ask("digits", epochs=20, seeds=2)],
    ids=["circles, fair", "circles, tutorial", "regression", "digits"],
)
async def test_o_goes_through_every_metric_and_wraps_around(path: Path, comparison: Comparison) -> None:
    fill(path, comparison)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(len(list(comparison.trials())))(pilot)
        first, seen = metric(app), [metric(app)]
        offered = {one.key for one in metrics_of(comparison)}
        for _ in offered:
            await pilot.press("o")
            await pilot.pause()
            seen.append(metric(app))
            assert f"{metric(app)} test" in heads(app)
        assert seen[-1] == first
        assert set(seen) == offered


async def test_the_other_metric_stays_when_more_trials_come_in(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        await pilot.press("o")
        await until(pilot, lambda: metric(app) == "balanced_accuracy")
        fill(path, Comparison.ask("circles", learning_rates=[0.003, 0.01, 0.03], epochs=20, seeds=5), scored=undecided)
        await until(pilot, lambda: len(app.main.view.rows) == 45 and not app.main.view.training)
        assert reported(app).asked.comparison.seeds == 5
        assert metric(app) == "balanced_accuracy"
        assert order(app) == ["squared_hinge", "hinge", "binary_crossentropy"]


async def test_each_task_keeps_its_own_metric(path: Path) -> None:
    fill(path, Comparison.ask("blobs", learning_rates=[0.01], epochs=20, seeds=2))
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(42)(pilot)
        await pilot.press("o")
        await until(pilot, lambda: metric(app) == "balanced_accuracy")
        app.main.query_one(TaskPanel).focus()
        await pilot.press("down", "space")
        await until(pilot, lambda: reported(app).asked.comparison.task == "blobs")
        assert metric(app) == "accuracy"
        await pilot.press("up", "space")
        await until(pilot, lambda: reported(app).asked.comparison.task == "circles")
        assert metric(app) == "balanced_accuracy"


async def test_a_metric_of_the_tutorial_alone_leaves_the_tables_of_other_protocols_as_they_are(path: Path) -> None:
    fill(path, FAIR)
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(48)(pilot)
        await rank_by(pilot, app, "keras3_accuracy")
        fair = app.main.query_one(ScoresPanel).reports[0].asked.comparison
        assert (fair.protocol, fair.metric) == ("fair", "accuracy")


async def test_the_sweep_follows_the_metric_that_ranks(path: Path) -> None:
    fill(path, FAIR)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        panel = app.main.query_one(CurvesPanel)
        await pilot.press("m", "m", "o")
        await until(pilot, lambda: str(panel.border_title).startswith("Curves: balanced_accuracy by"))
        assert panel.shown == "rates"


async def test_asking_under_another_protocol_does_not_end_the_app_while_the_tutorials_own_metric_ranks(
    path: Path,
) -> None:
    fill(path, TUTORIAL)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(12)(pilot)
        await rank_by(pilot, app, "keras3_accuracy")
        fill(path, FAIR)
        await until(pilot, lambda: len(app.main.view.rows) == 48 or not app.is_running)
        assert app.is_running
        await until(pilot, lambda: (reported(app).asked.comparison.protocol, metric(app)) == ("fair", "accuracy"))


# t: settle what is open


async def test_t_adds_exactly_the_seeds_that_would_settle_it_and_trains_nothing_twice(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    before = {row.trial.key: row for row in stored(path)}
    app = LosstermApp(SESSION, path, command=FAKE)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        assert "; open: hinge; ~11 seeds would settle it" in verdict(reported(app))
        assert reported(app).seeds_to_settle == 11
        await until(pilot, lambda: not grey(app, "settle"))
        seeds = app.main.query_one("#seeds", Input).value
        await pilot.press("t")
        await until(pilot, lambda: len(app.main.view.rows) == 99 and not app.main.view.training)
        assert app.main.query_one("#seeds", Input).value == seeds  # what is chosen stays for the next task
        assert reported(app).asked.comparison.seeds == 11
    first, second = asked(path)
    assert (first.comparison.seeds, second.comparison.seeds) == (4, 11)
    assert second.comparison == Comparison.ask("circles", learning_rates=[0.003, 0.01, 0.03], epochs=20, seeds=11)
    after = {row.trial.key: row for row in stored(path)}
    assert len(after) == 99
    assert {(row.status, row.attempts) for row in after.values()} == {("done", 1)}
    assert all(after[key].finished == row.finished for key, row in before.items())


async def test_t_asks_once_though_the_screen_has_not_seen_it_yet(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossterm.tui.background.session_follower.LOOK_SECONDS", 2.0)
    fill(path, FAIR, scored=undecided)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        await pilot.press("t")
        await until(pilot, lambda: len(asked(path)) == 2)
        await pilot.press("t")
        await until(pilot, lambda: len(app.main.view.rows) == 99)
        assert grey(app, "settle")
        await pilot.press("t")
        await pilot.pause()
    assert [one.comparison.seeds for one in asked(path)] == [4, 11]


async def test_t_asks_for_what_is_open_whatever_is_ticked_and_written_meanwhile(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        app.main.query_one("#epochs", Input).value = "77"
        app.main.query_one(LossPanel).focus()
        await pilot.press("a", "t")
        await until(pilot, lambda: len(asked(path)) == 2)
    again = asked(path)[-1].comparison
    assert (again.losses, again.hyperparameters.epochs, again.seeds) == (LOSSES, 20, 11)


async def test_t_is_grey_where_more_seeds_would_be_needed_than_a_key_should_ask_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossterm.reports.report.MOST_TO_SETTLE", 5)
    fill(path, FAIR, scored=undecided)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        assert "~11 seeds would settle it" in verdict(reported(app))
        assert grey(app, "settle")
        await pilot.press("t")
        await pilot.pause()
    assert len(asked(path)) == 1


async def test_t_is_grey_where_another_device_trained_since_this_app_has_no_worker_for_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossterm.reports.report.MOST_TO_SETTLE", 10**9)
    with Store(path) as store:
        store.requests.ask(SESSION, msgspec.structs.replace(FAIR, device="cpu"))
        engine = FakeTrainer()
        while row := store.worker.claim("cpu"):
            result = engine.train(row.trial, row.id, store.worker.record)
            store.worker.finish(row.id, result.status, seconds=0.02, scores=result.scores, chunk=result.chunk)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        assert reported(app).settling is not None
        assert grey(app, "settle")


async def test_t_is_grey_where_nothing_is_open(path: Path) -> None:
    fill(path, FAIR, scored=settled)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        assert "open" not in verdict(reported(app))
        assert grey(app, "settle")
        await pilot.press("t")
        await pilot.pause()
    assert len(asked(path)) == 1


async def test_t_is_grey_where_more_seeds_would_not_help(path: Path) -> None:
    fill(path, FAIR, scored=equal)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        assert "No difference that matters: all 3 equal" in verdict(reported(app))
        assert grey(app, "settle")


async def test_t_is_grey_where_no_number_of_seeds_shows_that_nothing_differs(path: Path) -> None:
    fill(path, msgspec.structs.replace(FAIR, rope=0.0), scored=undecided)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        assert "with a ROPE of 0 no number of seeds shows that nothing differs" in verdict(reported(app))
        assert grey(app, "settle")


async def test_t_can_settle_what_the_verdict_says_seeds_would_settle_though_one_loss_has_more(path: Path) -> None:
    many = Comparison.ask("circles", ["squared_hinge"], learning_rates=[0.01], epochs=20, seeds=8)
    few = Comparison.ask("circles", learning_rates=[0.01], epochs=20, seeds=4)
    fill(path, many, scored=undecided)
    fill(path, few, scored=undecided)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(16)(pilot)
        assert "; open: hinge; ~11 seeds would settle it" in verdict(reported(app))
        assert not grey(app, "settle")
        await pilot.press("t")
        await until(pilot, lambda: len(app.main.view.rows) == 33)


async def test_a_session_without_an_open_verdict_greys_t_out_in_the_key_bar_too(path: Path) -> None:
    fill(path, FAIR, scored=undecided)
    app = opened(path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(36)(pilot)
        active = {one.binding.key: one.enabled for one in app.main.active_bindings.values()}
        assert active["t"]
        await pilot.press("o")
        await until(pilot, lambda: "open" not in verdict(reported(app)))
        active = {one.binding.key: one.enabled for one in app.main.active_bindings.values()}
        assert not active["t"]
