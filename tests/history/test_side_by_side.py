"""Sessions side by side: one table for each task, whatever the sessions have in common."""

from pathlib import Path

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.history import side_by_side
from lossterm.history.entries import History
from lossterm.reports.report import Report
from lossterm.store import Store
from tests.builders.reports import built, circles, valued
from tests.builders.stores import fill

GOOD = valued({("hinge", 0): 0.9, ("hinge", 1): 0.8})


def table(lines: list[str]) -> dict[str, list[str]]:
    """Return the cells of the first table's rows, by the loss that begins them; the head's under "loss"."""
    start = next(place for place, line in enumerate(lines) if line.startswith("loss"))
    rows = lines[start : lines.index("", start)]
    return {row.split()[0]: row.split()[1:] for row in rows}


def test_each_session_has_a_column_and_each_loss_a_row() -> None:
    reports = {"a": [built(circles("hinge", "squared_hinge"), GOOD)], "b": [built(circles("hinge"))]}
    lines = side_by_side.lines(reports)
    assert lines[0] == "circles: mean test accuracy ± half a 95 % interval, * best of its column"
    rows = table(lines)
    assert rows["loss"] == ["a", "b"]
    assert rows["hinge"][0].startswith("0.85")
    assert rows["hinge"][1].endswith("*")
    assert rows["squared_hinge"][-1] == "–"
    assert any(line.startswith("a: ") for line in lines)
    assert any(line.startswith("b: ") for line in lines)


def test_the_best_of_each_session_is_marked() -> None:
    other = valued({("squared_hinge", 0): 0.9, ("squared_hinge", 1): 0.8})
    losses = circles("hinge", "squared_hinge")
    rows = table(side_by_side.lines({"a": [built(losses, GOOD)], "b": [built(losses, other)]}))
    assert [cell.endswith("*") for cell in rows["hinge"] if cell.startswith("±")] == [True, False]
    assert [cell.endswith("*") for cell in rows["squared_hinge"] if cell.startswith("±")] == [False, True]


def test_columns_end_beneath_their_heads() -> None:
    reports = {"one": [built(circles("hinge", "squared_hinge"), GOOD)], "the other": [built(circles("squared_hinge"))]}
    lines = side_by_side.lines(reports)
    head, best, other = lines[2:5]
    assert (best.split()[0], other.split()[0]) == ("hinge", "squared_hinge")
    assert best.index("*") == head.index("one") + 2
    assert other.rindex("*") == head.index("other") + 4


def test_losses_that_no_session_shares_stand_beneath_each_other_with_dashes() -> None:
    rows = table(side_by_side.lines({"a": [built(circles("hinge"))], "b": [built(circles("squared_hinge"))]}))
    assert list(rows) == ["loss", "hinge", "squared_hinge"]
    assert rows["hinge"][-1] == "–"
    assert rows["squared_hinge"][0] == "–"


def test_tasks_have_a_table_each_in_which_sessions_without_it_are_empty() -> None:
    blobs = built(Comparison.ask("blobs", ("categorical_crossentropy",), protocol="tutorial", seeds=2, epochs=3))
    lines = side_by_side.lines({"a": [built(circles("hinge")), blobs], "b": [blobs]})
    assert [line.split(":")[0] for line in lines if "best of its column" in line] == ["circles", "blobs"]
    assert table(lines)["hinge"][-1] == "–"
    assert sum(line.startswith("b: ") for line in lines) == 1


def test_of_several_tables_of_a_task_the_last_is_shown() -> None:
    first, last = built(circles("hinge")), built(circles("squared_hinge"))
    assert list(table(side_by_side.lines({"a": [first, last]}))) == ["loss", "squared_hinge"]


def test_all_are_ranked_by_the_metric_of_the_first() -> None:
    def score(trial: object, metric: str, split: str) -> float:
        return {"accuracy": 0.25, "balanced_accuracy": 0.75}.get(metric, 0.5)

    asked = Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=2, epochs=3, metric="balanced_accuracy")
    balanced, plain = built(asked, score), built(circles("hinge"), score)
    for reports, metric, number in (
        ({"a": [balanced], "b": [plain]}, "balanced_accuracy", "0.75"),
        ({"b": [plain], "a": [balanced]}, "accuracy", "0.25"),
    ):
        lines = side_by_side.lines(reports)
        assert f"mean test {metric} " in lines[0]
        assert [cell[:4] for cell in table(lines)["hinge"] if cell[0].isdigit()] == [number, number]


def test_another_protocol_is_pointed_out() -> None:
    tutorial, fair = built(circles("hinge")), built(circles("hinge", protocol="fair", learning_rates=[0.01]))
    assert "Not the same protocol (fair, tutorial)" in side_by_side.lines({"a": [tutorial], "b": [fair]})[-1]
    assert "protocol" not in side_by_side.lines({"a": [tutorial], "b": [tutorial]})[-1]


def test_a_session_whose_trainings_have_not_ended_has_dashes() -> None:
    rows = table(
        side_by_side.lines({"a": [built(circles("hinge"), end=lambda _: "queued")], "b": [built(circles("hinge"))]})
    )
    assert rows["hinge"][0] == "–"


@pytest.mark.parametrize("length", [24, 25, 80])
def test_long_names_are_cut_unless_they_would_be_the_same(length: int) -> None:
    report = [built(circles("hinge"))]
    one, same = "x" * length, "x" * (length - 1) + "y"
    assert table(side_by_side.lines({one: report, "b": report}))["loss"] == [
        one if length < 25 else "x" * 23 + "…",
        "b",
    ]
    assert table(side_by_side.lines({one: report, same: report}))["loss"] == [one, same]


@pytest.mark.parametrize("reports", [{}, {"a": []}, {"a": [], "b": []}])
def test_nothing_at_all_is_said(reports: dict[str, list[Report]]) -> None:
    assert side_by_side.lines(reports) == ["Nothing was compared."]


def test_comparisons_of_a_store_are_named_in_the_order_of_asking(home: Path) -> None:
    path = home / "lossterm.db"
    for session, seeds in (("a", 3), ("b", 4), ("a", 2)):
        fill(path, circles("hinge", seeds=seeds, epochs=seeds), session=session)
    with Store(path) as store:
        history = History(store)
        entries = history.entries()[::-1]
        now = entries[0].asked.created if entries[0].asked else 0.0
        two = side_by_side.of_comparisons(history, entries[:2], now)
        assert two[0].startswith("epochs 3 → 4 and seeds 3 → 4: accuracy ")
        assert {"first: circles in a, just now", "second: circles in b, just now"} <= set(two)
        assert table(two[two.index("second: circles in b, just now") :])["loss"] == ["first", "second"]
        three = side_by_side.of_comparisons(history, entries, now + 86_400 * 2)
        assert three[0].startswith("1: circles in a, 2 days ago, ")
        assert table(three)["loss"] == ["1", "2", "3"]
