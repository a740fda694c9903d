import csv
import io
import json
import math
import re
from array import array
from typing import Any, get_args

import msgspec
import pytest

from lossterm import __version__, report, table
from lossterm.comparison import Comparison, Status
from lossterm.losses import LOSSES
from lossterm.metrics import METRICS, metrics_for
from lossterm.protocols import protocol_named
from lossterm.report import Report
from lossterm.standings import summarise
from lossterm.store import Asked, Chunk, Scores, TrialRow
from lossterm.tasks import TASKS, task_named

ENVIRONMENT = {"tensorflow": "2.21.0", "keras": "3.15.1", "numpy": "2.0", "device": "CPU", "cpu": "a processor"}
BEGAN = 1000.0


def scores_for(task: str, loss: str, value: float) -> Scores:
    kind = task_named(task).kind
    return {
        metric.key: None
        if metric.needs_probability and not LOSSES[loss].probabilistic
        else {"train": value + 0.01, "test": value}
        for metric in metrics_for(kind)
    }


def asked_for(comparison: Comparison, number: int = 1, session: str = "s") -> Asked:
    return Asked(id=number, session=session, comparison=comparison, created=BEGAN, cancelled=None)


def rows_for(
    comparison: Comparison,
    values: dict[tuple[str, int], float] | None = None,
    ends: dict[tuple[str, int], Status] | None = None,
    error: str = "ValueError: it broke",
) -> list[TrialRow]:
    rows = []
    for number, trial in enumerate(comparison.trials(), start=1):
        status: Status = (ends or {}).get((trial.loss, trial.seed), "done")
        value = (values or {}).get((trial.loss, trial.seed), 0.5)
        rows.append(
            TrialRow(
                id=number,
                trial=trial,
                status=status,
                cancel=False,
                attempts=1,
                epochs=trial.hyperparameters.epochs,
                seconds=0.25 if status == "done" else None,
                scores=scores_for(trial.task, trial.loss, value) if status == "done" else None,
                environment=ENVIRONMENT if status == "done" else None,
                error=error if status == "failed" else None,
                finished=BEGAN + number if status not in ("queued", "running") else None,
                changed=number,
            )
        )
    return rows


def built(
    comparison: Comparison,
    values: dict[tuple[str, int], float] | None = None,
    ends: dict[tuple[str, int], Status] | None = None,
    error: str = "ValueError: it broke",
) -> Report:
    return report.build(asked_for(comparison), rows_for(comparison, values, ends, error))


def circles(*losses: str, seeds: int = 2, **settings: Any) -> Comparison:
    return Comparison.ask("circles", losses or ("all",), seeds=seeds, **{"epochs": 3, **settings})


def strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


TROUBLED = built(
    circles(seeds=3),
    {("hinge", 0): 0.6, ("hinge", 1): 0.8, ("binary_crossentropy", 0): 0.9},
    {
        ("hinge", 2): "diverged",
        ("squared_hinge", 0): "diverged",
        ("squared_hinge", 1): "failed",
        ("squared_hinge", 2): "failed",
        ("binary_crossentropy", 1): "running",
        ("binary_crossentropy", 2): "cancelled",
    },
)


# Standings


def test_standings_are_means_over_the_seeds_that_were_done_best_first() -> None:
    first, second, third = TROUBLED.standings
    assert (first.rank, first.loss, first.mean, first.sd) == (1, "binary_crossentropy", 0.9, None)
    assert (second.rank, second.loss) == (2, "hinge")
    assert second.mean == pytest.approx(0.7)
    assert second.sd == pytest.approx(math.sqrt(0.02))
    assert (third.rank, third.loss, third.mean, third.sd) == (None, "squared_hinge", None, None)


def test_what_did_not_come_to_its_end_is_counted_and_never_dropped() -> None:
    counts = {s.loss: (s.trials, s.done, s.diverged, s.failed) for s in TROUBLED.standings}
    assert counts == {
        "binary_crossentropy": (3, 1, 0, 0),
        "hinge": (3, 2, 1, 0),
        "squared_hinge": (3, 0, 1, 2),
    }
    assert not TROUBLED.sound
    assert TROUBLED.pending == 1


def test_regression_is_ranked_by_the_least_error() -> None:
    comparison = Comparison.ask("regression", ("mse", "mae"), seeds=1)
    found = built(comparison, {("mse", 0): 0.4, ("mae", 0): 0.1})
    assert [(s.rank, s.loss, s.mean) for s in found.standings] == [(1, "mae", 0.1), (2, "mse", 0.4)]


@pytest.mark.parametrize("status", ["diverged", "failed"])
def test_a_report_is_sound_unless_a_trial_diverged_or_failed(status: Status) -> None:
    assert built(circles()).sound
    assert built(circles(), ends={("hinge", 0): "cancelled", ("hinge", 1): "queued"}).sound
    assert not built(circles(), ends={("hinge", 0): status}).sound


def test_time_is_from_asking_to_the_last_end() -> None:
    assert built(circles("hinge", seeds=4)).seconds == 4
    earlier = [msgspec.structs.replace(row, finished=BEGAN - 50) for row in rows_for(circles("hinge"))]
    assert report.build(asked_for(circles("hinge")), earlier).seconds == 0
    assert report.build(asked_for(circles("hinge")), []).seconds == 0


def test_a_score_without_a_value_on_one_seed_is_the_mean_of_the_others() -> None:
    rows = rows_for(Comparison.ask("regression", ("mse",), seeds=3), {("mse", 1): 0.7})
    scores = rows[0].scores
    assert scores is not None
    scores["r2"] = {"train": None, "test": None}
    found = report.build(asked_for(Comparison.ask("regression", ("mse",), seeds=3)), rows).standings[0]
    assert found.scores["r2"] is not None
    assert found.scores["r2"]["test"] == summarise([0.7, 0.5])
    assert found.scores["r2"]["validation"] is None


# The JSON

KEYS: dict[str, Any] = {
    "lossterm": str,
    "schema": int,
    "session": str,
    "comparison": int,
    "task": {
        "key": str,
        "kind": str,
        "features": int,
        "classes": int,
        "rows": {"train": int, "validation": None, "test": int},
    },
    "protocol": str,
    "metric": {"key": str, "direction": str},
    "seeds": int,
    "hyperparameters": {
        "hidden": list,
        "optimizer": str,
        "batch_size": int,
        "epochs": int,
        "learning_rates": list,
    },
    "standings": list,
    "environment": {"tensorflow": str, "keras": str, "numpy": str, "device": str, "cpu": str},
    "seconds": float,
}
MEAN_SD = {"mean": float, "sd": float}
STANDING: dict[str, Any] = {
    "rank": int,
    "loss": str,
    "verdict": None,
    "learning_rate": float,
    "learning_rate_at_edge": bool,
    "mean": float,
    "sd": float,
    "ci": None,
    "difference": None,
    "beaten": None,
    "seeds_to_settle": None,
    "trials": int,
    "diverged": int,
    "failed": int,
    "scores": {metric.key: {"train": MEAN_SD, "validation": None, "test": MEAN_SD} for metric in metrics_for("binary")},
}
TRIAL: dict[str, Any] = {
    "loss": str,
    "seed": int,
    "learning_rate": float,
    "status": str,
    "seconds": float,
    "scores": {metric.key: {"train": float, "test": float} for metric in metrics_for("binary")},
    "curves": {"train_loss": list, "train_metric": list, "test_loss": list, "test_metric": list},
}


def holds(value: Any, form: Any, place: str = "$") -> None:
    if isinstance(form, dict):
        assert isinstance(value, dict), place
        assert list(value) == list(form), place
        for key, inner in form.items():
            holds(value[key], inner, f"{place}.{key}")
    elif form is None:
        assert value is None, place
    else:
        assert type(value) is form, place


def test_json_has_exactly_the_keys_of_version_1() -> None:
    document = strictly(report.as_json(built(circles("binary_crossentropy"), {("binary_crossentropy", 0): 0.25})))
    holds(document, KEYS)
    (standing,) = document["standings"]
    holds(standing, STANDING)


def test_json_says_what_was_asked_and_found() -> None:
    found = built(circles("binary_crossentropy", "hinge", seeds=2, hidden=(8, 4)), {("hinge", 0): 0.7})
    document = strictly(report.as_json(found))
    assert (document["lossterm"], document["schema"]) == (__version__, 1)
    assert (document["session"], document["comparison"], document["protocol"]) == ("s", 1, "tutorial")
    assert document["task"] == {
        "key": "circles",
        "kind": "binary",
        "features": 2,
        "classes": 2,
        "rows": {"train": 500, "validation": None, "test": 500},
    }
    assert document["metric"] == {"key": "accuracy", "direction": "max"}
    assert document["hyperparameters"] == {
        "hidden": [8, 4],
        "optimizer": "momentum",
        "batch_size": 32,
        "epochs": 3,
        "learning_rates": [0.01],
    }
    assert document["environment"] == ENVIRONMENT
    assert document["seconds"] == 4.0
    best, second = document["standings"]
    assert (best["rank"], best["loss"], best["mean"]) == (1, "hinge", pytest.approx(0.6))
    assert (second["rank"], second["loss"], second["learning_rate"]) == (2, "binary_crossentropy", 0.01)
    assert best["scores"]["log_loss"] is None
    assert second["scores"]["log_loss"]["test"] == {"mean": 0.5, "sd": 0.0}
    assert second["scores"]["accuracy"]["train"]["mean"] == pytest.approx(0.51)


def test_json_of_regression_has_no_classes() -> None:
    document = strictly(report.as_json(built(Comparison.ask("regression", ("mse",), seeds=1))))
    assert document["task"]["classes"] is None
    assert document["task"]["features"] == 20
    assert document["metric"] == {"key": "mae", "direction": "min"}
    assert document["standings"][0]["sd"] is None


def test_json_with_trials_has_their_curves_joined_from_chunks() -> None:
    comparison = circles("binary_crossentropy", seeds=2)
    numbers = [[float(10 * epoch + column) for column in range(4)] for epoch in range(3)]
    chunks = [
        Chunk(trial=1, start=0, epochs=1, data=array("f", numbers[0]).tobytes()),
        Chunk(trial=2, start=0, epochs=1, data=array("f", [9.0] * 4).tobytes()),
        Chunk(trial=1, start=1, epochs=2, data=array("f", numbers[1] + numbers[2]).tobytes()),
    ]
    document = strictly(report.as_json(built(comparison), chunks))
    holds({key: value for key, value in document.items() if key != "trials"}, KEYS)
    assert list(document)[-1] == "trials"
    for trial in document["trials"]:
        holds(trial, TRIAL)
    assert document["trials"][0]["curves"] == {
        "train_loss": [0, 10, 20],
        "train_metric": [1, 11, 21],
        "test_loss": [2, 12, 22],
        "test_metric": [3, 13, 23],
    }
    assert document["trials"][1]["curves"]["test_metric"] == [9]
    assert [trial["seed"] for trial in document["trials"]] == [0, 1]


def test_json_holds_null_where_a_trial_diverged_and_never_nan() -> None:
    nan = Chunk(trial=1, start=0, epochs=1, data=array("f", [math.nan, math.inf, -math.inf, 0.5]).tobytes())
    text = report.as_json(TROUBLED, [nan])
    assert not re.search(r"\b(nan|inf|infinity)\b", text, re.IGNORECASE)
    document = strictly(text)
    curves = document["trials"][0]["curves"]
    assert [curves[name] for name in curves] == [[None], [None], [None], [0.5]]
    assert {trial["status"] for trial in document["trials"]} == set(get_args(Status)) - {"queued"}
    last = document["standings"][-1]
    assert (last["rank"], last["mean"], last["sd"]) == (None, None, None)
    assert (last["trials"], last["diverged"], last["failed"]) == (3, 1, 2)
    assert last["scores"]["accuracy"]["test"] == {"mean": None, "sd": None}


@pytest.mark.parametrize("task", TASKS)
def test_columns_of_a_curve_are_named_for_each_split(task: str) -> None:
    protocol = protocol_named(Comparison.ask(task).protocol)
    assert report.curve_columns(protocol) == ("train_loss", "train_metric", "test_loss", "test_metric")


# Text


def test_csv_is_read_by_the_csv_module_with_one_line_for_each_loss_metric_and_split() -> None:
    lines = list(csv.DictReader(io.StringIO(table.as_csv([TROUBLED])), strict=True))
    assert all(None not in line and None not in line.values() for line in lines)
    found = {(line["loss"], line["metric"], line["split"]): line for line in lines}
    assert len(found) == len(lines)
    plain = sum(not METRICS[key].needs_probability for key in TROUBLED.standings[0].scores)
    assert len(lines) == 2 * (len(metrics_for("binary")) + 2 * plain)
    line = found["hinge", "accuracy", "test"]
    assert float(line["mean"]) == pytest.approx(0.7)
    assert float(line["sd"]) == pytest.approx(math.sqrt(0.02))
    counts = [line[name] for name in ("comparison", "task", "rank", "trials", "done", "diverged", "failed")]
    assert counts == ["1", "circles", "2", "3", "2", "1", "0"]
    empty = found["squared_hinge", "accuracy", "test"]
    assert (empty["rank"], empty["mean"], empty["sd"], empty["failed"]) == ("", "", "", "2")


def test_csv_of_several_reports_has_one_head() -> None:
    other = built(Comparison.ask("blobs", ("kl_divergence",), seeds=1))
    lines = list(csv.DictReader(io.StringIO(table.as_csv([TROUBLED, other]))))
    assert {line["task"] for line in lines} == {"circles", "blobs"}
    assert table.as_csv([TROUBLED, other]).count("comparison,task") == 1


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


@pytest.mark.parametrize("task", TASKS)
def test_markdown_has_as_many_cells_in_every_line(task: str) -> None:
    text = table.as_markdown(built(Comparison.ask(task, seeds=2)))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(Comparison.ask(task).losses)
    assert len({len(cells(line)) for line in lines}) == 1
    assert all(re.fullmatch(r":?-+:?", cell) for cell in cells(lines[1]))
    assert cells(lines[0])[:2] == ["#", "loss"]
    assert cells(lines[0])[-1] == "trials"
    assert text.splitlines()[1] == ""


@pytest.mark.parametrize("task", TASKS)
def test_plain_text_has_no_drawing_and_lines_its_columns_up(task: str) -> None:
    text = table.as_plain(built(Comparison.ask(task, seeds=2)))
    assert not re.search("[|\u2500-\u259f\x1b]", text)
    head, *rows = text.split("\n\n")[1].splitlines()
    assert len(rows) == len(Comparison.ask(task).losses)
    place = head.index("loss")
    assert all(row[place - 1] == " " and row[place] != " " for row in rows)
    assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("task", TASKS)
def test_table_shows_every_metric_of_its_kind_the_ranking_one_with_its_spread(task: str) -> None:
    found = built(Comparison.ask(task, seeds=2), {(Comparison.ask(task).losses[0], 0): 0.7})
    columns = {column.head: column.values for column in table.columns_of(found)}
    metric = found.asked.comparison.metric
    others = [one.key for one in metrics_for(task_named(task).kind) if one.key != metric]
    assert list(columns) == ["#", "loss", f"{metric} test", "train", *others, "trials"]
    place = columns["loss"].index(Comparison.ask(task).losses[0])
    assert columns[f"{metric} test"][place] == "0.6000 ±0.1414"
    assert columns["train"][place] == "0.6100 ±0.1414"
    assert columns[others[0]][place] == "0.6000"
    assert columns["trials"][place] == "2/2"


def test_table_says_what_diverged_and_failed_and_shows_a_dash_for_no_score() -> None:
    columns = {column.head: column.values for column in table.columns_of(TROUBLED)}
    assert columns["#"] == ("1", "2", table.DASH)
    assert columns["trials"] == ("1/3", "2/3, diverged 1/3", "0/3, diverged 1/3, failed 2/3")
    assert columns["accuracy test"] == ("0.9000", "0.7000 ±0.1414", table.DASH)
    assert columns["log_loss"] == ("0.9000", table.DASH, table.DASH)
    short = {column.head: column.values for column in table.columns_of(TROUBLED, 0, short=True)}
    assert list(short) == ["#", "loss", "accuracy test", "train", "trials"]
    assert short["trials"] == ("1/3", "2/3 div 1", "0/3 div 1 fail 2")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0.0000"),
        (0.5, "0.5000"),
        (-0.25, "-0.2500"),
        (0.001, "0.0010"),
        (0.0009, "9.0e-04"),
        (12.3456, "12.35"),
        (9999.0, "9999.00"),
        (123456.0, "1.2e+05"),
    ],
)
def test_numbers_are_written_short(value: float | None, text: str) -> None:
    assert table.number(value) == text


# What a reader must know


def said(found: Report) -> str:
    texts = {table.as_plain(found), table.as_markdown(found)}
    assert all(note in text for note in table.notes(found) for text in texts)
    return "\n".join([table.headline(found), *table.notes(found)])


def test_one_seed_says_that_it_says_little() -> None:
    one, two = said(built(circles(seeds=1))), said(built(circles(seeds=2)))
    assert "One seed says little: ask for more with --seeds." in one
    assert "circles: 1 seed × 3 epochs" in one
    assert "±" not in one
    assert "One seed" not in two
    assert "circles: 2 seeds × 3 epochs" in two
    assert "± is the sd over seeds" in two


@pytest.mark.parametrize(("task", "better"), [("regression", "less"), ("circles", "more"), ("blobs", "more")])
def test_the_ranking_metric_and_its_direction_are_said(task: str, better: str) -> None:
    comparison = Comparison.ask(task)
    assert f"Ranked by mean test {comparison.metric} ({better} is better)" in said(built(comparison))


def test_what_is_not_whole_is_marked_partial() -> None:
    assert "Partial" not in said(built(circles()))
    text = said(TROUBLED)
    assert "Partial: 1 of 9 trials have not ended." in text
    assert "Partial: 1 of 9 trials were stopped." in text


def test_failures_are_said_once_for_each_loss_with_their_reason() -> None:
    assert said(TROUBLED).count("squared_hinge failed: ValueError: it broke") == 1


def test_the_protocols_caveat_and_the_tutorials_faults_are_said() -> None:
    text = said(built(circles()))
    assert protocol_named("tutorial").caveat in text
    assert "hinge, squared_hinge: the tutorial puts a tanh on the output" in text
    assert "tanh" not in said(built(circles("binary_crossentropy")))


def test_losses_that_are_one_function_are_said_to_be_so() -> None:
    both = said(built(Comparison.ask("blobs", ("kl_divergence", "categorical_crossentropy"), seeds=1)))
    assert "kl_divergence is categorical_crossentropy by construction." in both
    assert "by construction" not in said(built(Comparison.ask("blobs", ("kl_divergence",), seeds=1)))


# Comparisons in one table


def test_comparable_comparisons_share_a_table_under_the_last_ones_number() -> None:
    every = [
        asked_for(circles("hinge", seeds=2), 1),
        asked_for(Comparison.ask("blobs", seeds=1), 2),
        asked_for(circles("squared_hinge", seeds=5), 3),
        asked_for(circles("hinge", seeds=2, epochs=4), 4),
    ]
    blobs, joined, longer = report.tables(every)
    assert (blobs, longer) == (every[1], every[3])
    assert joined.id == 3
    assert (joined.comparison.losses, joined.comparison.seeds) == (("hinge", "squared_hinge"), 5)
    assert report.tables([]) == []


def test_rows_of_a_table_are_those_that_its_comparison_asks_for() -> None:
    small = circles("hinge", seeds=2)
    rows = [
        *rows_for(circles("hinge", "squared_hinge", seeds=3)),
        *rows_for(circles("hinge", seeds=2, epochs=4)),
        *rows_for(circles("hinge", seeds=2, learning_rate=0.5)),
        *rows_for(circles("hinge", seeds=2, device="cpu")),
        *rows_for(Comparison.ask("blobs", seeds=2, epochs=3)),
    ]
    found = report.rows_of(asked_for(small), rows)
    assert [row.trial for row in found] == list(small.trials())
