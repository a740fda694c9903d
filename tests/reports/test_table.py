"""Reports written out: JSON of version 1, CSV, Markdown, plain text, and columns that fit a width."""

import csv
import io
import math
import re
from array import array
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

import msgspec
import pytest

from lossterm import __version__, data
from lossterm.cli.options.shared import FORMATS
from lossterm.cli.printed_reports import print_reports
from lossterm.comparison.comparison import RATES_TO_TUNE, Comparison, Status, Trial
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.losses import loss_named
from lossterm.metrics import METRICS, metric_named, metrics_for
from lossterm.reports import csv_lines, headline, json_document, markdown, plain_text, report, table, verdict
from lossterm.reports.cells import DASH
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.statistics.ranking import Verdict
from lossterm.store import LEVELS, Anatomy, Chunk
from lossterm.tasks import task_named
from lossterm.text.columns import TableColumn
from lossterm.text.harmless import in_markdown
from lossterm.text.json_text import as_json
from tests.builders.reports import (
    ENVIRONMENT,
    EVERY,
    TROUBLED,
    End,
    as_document,
    asked_for,
    built,
    circles,
    done,
    drawn,
    ending,
    flat,
    nowhere,
    rows_for,
    strictly,
    valued,
)
from tests.cells import each
from tests.long_run import cases

# What is to be written


def ended_only(*seeds: int) -> End:
    return lambda trial: "done" if trial.seed in seeds else "queued"


def all_end(status: Status) -> End:
    return lambda trial: status


def in_trouble(trial: Trial) -> Status:
    """Some of everything, for other seeds of each loss."""
    ends: tuple[Status, ...] = ("diverged", "failed", "queued", "done", "done")
    return ends[(7 * trial.seed + len(trial.loss)) % 5]


def collapsing_hinge(trial: Trial) -> bool:
    return trial.loss == "hinge" and trial.seed == 1


FAIR = circles(protocol="fair")
CASES: dict[str, tuple[Any, ...]] = {
    **{f"{task} {protocol}": (Comparison.ask(task, protocol=protocol), drawn, done) for task, protocol in EVERY},
    "nothing ended": (FAIR, flat, ended_only()),
    "one seed": (circles(protocol="fair", seeds=1), drawn, done),
    "one seed ended": (circles(protocol="fair", seeds=5), drawn, ended_only(3)),
    "some seeds ended": (circles(protocol="fair", seeds=5), drawn, ended_only(0, 1, 4)),
    "one loss": (circles("hinge", protocol="fair"), drawn, done),
    "all scores the same": (FAIR, flat, done),
    "all diverged": (FAIR, flat, all_end("diverged")),
    "all failed": (FAIR, flat, all_end("failed")),
    "all stopped": (FAIR, flat, all_end("cancelled")),
    "one loss diverged": (FAIR, drawn, lambda trial: "diverged" if trial.loss == "hinge" else "done"),
    "no seed in common": (
        circles("hinge", "squared_hinge", seeds=4),
        drawn,
        lambda trial: "done" if (trial.seed < 2) == (trial.loss == "hinge") else "diverged",
    ),
    "no score for two": (circles(protocol="fair", metric="log_loss"), drawn, done),
    "long names in trouble": (Comparison.ask("blobs", seeds=30, learning_rates=(0.01, 0.1)), drawn, in_trouble),
    "some collapsed": (circles(seeds=6), drawn, done, collapsing_hinge, 0.5),
    "no better than the constant": (circles(protocol="fair", seeds=3), flat, done, nowhere, 0.6),
    "large numbers": (Comparison.ask("regression", seeds=3), lambda *which: 12345.678 * drawn(*which), done),
}


@cache
def seen(case: str) -> Report:
    if case == "troubled":
        return TROUBLED
    if case in CASES:
        comparison, score, end, *more = CASES[case]
        return built(comparison, score, end, **dict(zip(("collapse", "constant"), more, strict=False)))
    return report.build(asked_for(FAIR), [])


def lines_in(result: Report) -> int:
    """Return how many lines a table has below its heads: the constant prediction stands below the losses."""
    return len(result.standings) + (result.constant is not None)


every_case = each("case", [*CASES, "troubled", "no rows"])


# JSON

MEAN_SD = {"mean": (float, None), "sd": (float, None)}
RACE: dict[str, Any] = {
    "until": str,
    "cap": int,
    "settled": bool,
    "over": bool,
    "stages": [
        {"seeds": int, "look": bool, "dropped": dict, "worse": [str], "broken": [str], "running": [str]},
    ],
    "trainings": {"done": int, "fixed_design": int},
}
KEYS: dict[str, Any] = {
    "lossterm": str,
    "schema": int,
    "session": str,
    "comparison": int,
    "task": {
        "key": str,
        "kind": str,
        "features": int,
        "classes": (int, None),
        "rows": {"train": int, "validation": (int, None), "test": int},
    },
    "protocol": str,
    "severity": None,
    "metric": {"key": str, "direction": str},
    "rope": float,
    "own_rope": (float, None),
    "levels": {"look": int, "worse": float, "equal": float, "worse_so_far": float, "final": bool},
    "seeds": int,
    "partial": bool,
    "ranked_by": str,
    "race": (RACE, None),
    "still_falling": [str],
    "hyperparameters": {
        "hidden": [int],
        "activation": str,
        "initial_sd": (float, None),
        "optimizer": str,
        "batch_size": int,
        "epochs": int,
        "dropout": float,
        "batch_norm": bool,
        "l2": float,
        "schedule": str,
        "early_stopping": (int, None),
        "class_weight": (str, None),
        "scaling": str,
        "network": str,
        "filters": [int],
        "kernel": int,
        "pooling": str,
        "units": [int],
        "cell": str,
        "bidirectional": bool,
        "model": str,
        "learning_rates": [float],
        "widened": {},
    },
    "network": {
        "hidden_initializer": (str, None),
        "output_initializer": (str, None),
        "momentum": (float, None),
    },
    "standings": list,
    "constant": ({"predicts": str, "beaten": bool, "scores": dict}, None),
    "environment": ({"tensorflow": str, "keras": str, "numpy": str, "device": str, "cpu": str}, None),
    "seconds": float,
}
STANDING: dict[str, Any] = {
    "rank": (int, None),
    "loss": str,
    "verdict": (str, None),
    "learning_rate": float,
    "learning_rate_at_edge": bool,
    "behind": bool,
    "less_than_matters": bool,
    "mean": (float, None),
    "sd": (float, None),
    "ci": ([float], None),
    "difference": ({"mean": float, "ci": ([float], None), "p": (float, None)}, None),
    "beaten": (float, None),
    "beaten_ci": ([float], None),
    "shares": ({"worse": float, "equal": float, "better": float}, None),
    "pairs": (int, None),
    "seeds_to_settle": (int, None),
    "collapsed": int,
    "collapsed_ci": ([float], None),
    "collapses": (str, None),
    "collapses_p": (float, None),
    "sound_pairs": (int, None),
    "median": (float, None),
    "median_ci": ([float], None),
    "tuned_by": str,
    "sweep": [{"learning_rate": float, **MEAN_SD, "ended": int, "broken": int, "chosen": bool}],
    "trials": int,
    "done": int,
    "diverged": int,
    "failed": int,
    "scores": dict,
}


def holds(value: Any, form: Any, place: str = "$") -> None:
    """Compare with a form: a type, a dict of forms in order, a list of one form, None, or (form, None) for either."""
    if form is None or (isinstance(form, tuple) and value is None):
        assert value is None, place
    elif isinstance(form, tuple):
        holds(value, form[0], place)
    elif isinstance(form, dict):
        assert isinstance(value, dict), place
        assert list(value) == list(form), place
        for key, inner in form.items():
            holds(value[key], inner, f"{place}.{key}")
    elif isinstance(form, list):
        assert isinstance(value, list), place
        for number, one in enumerate(value):
            holds(one, form[0], f"{place}[{number}]")
    else:
        assert type(value) is form, place


def numbers_in(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(one)
    elif isinstance(value, int | float):
        yield value


@every_case
def test_json_has_exactly_the_keys_of_version_2_and_no_number_that_is_not_finite(case: str) -> None:
    result = seen(case)
    document, comparison = as_document(result), result.asked.comparison
    holds(document, KEYS)
    task, splits = task_named(comparison.task), protocol_named(comparison.protocol).splits
    metrics = [one for one in metrics_for(task.kind, comparison.protocol, task.lowest) if one.level is None]
    metrics = [one for one in metrics if one.needs != "quantiles"]
    assert {one["loss"] for one in document["standings"]} == set(comparison.losses)
    for standing in document["standings"]:
        holds(standing, STANDING)
        assert list(standing["scores"]) == [metric.key for metric in metrics]
        for metric in metrics:
            scores = standing["scores"][metric.key]
            assert (scores is None) == (not metric.defined(loss_named(standing["loss"])))
            if scores is not None:
                holds(scores, dict.fromkeys(("train", "validation", "test"), (MEAN_SD, None)))
                assert {split for split, one in scores.items() if one is not None} == set(splits)
        assert [point["learning_rate"] for point in standing["sweep"]] == list(comparison.learning_rates)
    assert all(math.isfinite(number) for number in numbers_in(document))


@every_case
def test_json_has_null_exactly_where_nothing_is_known(case: str) -> None:
    document, metric = as_document(seen(case)), metric_named(seen(case).asked.comparison.metric)
    best, *others = document["standings"]
    for standing in document["standings"]:
        scored = standing["done"] if metric.defined(loss_named(standing["loss"])) else 0
        assert [standing[name] is None for name in ("rank", "mean", "sd", "ci")] == [scored < n for n in (1, 1, 2, 2)]
        assert standing["verdict"] in (*get_args(Verdict), None)
        assert [point["chosen"] for point in standing["sweep"]].count(True) == 1
        assert standing["trials"] >= standing["done"] + standing["diverged"] + standing["failed"]
        assert all(len(ci) == 2 and ci[0] <= ci[1] for ci in (standing["ci"], standing["beaten_ci"]) if ci)
    assert {best[name] for name in ("difference", "beaten", "beaten_ci", "pairs", "seeds_to_settle")} == {None}
    assert (best["verdict"] == "best") == any(one["verdict"] for one in others)
    for standing in others:
        difference, pairs = standing["difference"], standing["pairs"] or 0
        for name in ("difference", "beaten", "beaten_ci", "pairs"):
            assert (standing[name] is None) == (pairs == 0), name
        assert (standing["verdict"] in ("equal", "worse", "open")) == (pairs > 2)
        for name in ("ci", "p"):
            assert ((difference or {}).get(name) is None) == (pairs < 3), name
        assert standing["seeds_to_settle"] is None or standing["verdict"] == "open"
        assert standing["shares"] is None or math.isclose(sum(standing["shares"].values()), 1)


def test_identical_scores_are_equal_in_json_with_a_p_of_1_and_no_width() -> None:
    best, *others = as_document(built(circles(protocol="fair", seeds=3), flat))["standings"]
    assert (best["rank"], best["verdict"], best["sd"], best["ci"]) == (1, "best", 0, [0.5, 0.5])
    assert len(others) == 2
    for standing in others:
        assert (standing["rank"], standing["verdict"], standing["beaten"]) == (1, "equal", 0.5)
        assert standing["difference"] == {"mean": 0, "ci": [0, 0], "p": 1}
        assert (standing["seeds_to_settle"], standing["behind"], standing["shares"]) == (None, False, None)


def test_json_says_what_was_asked_and_found() -> None:
    comparison = circles("binary_crossentropy", "hinge", hidden=(8, 4), activation="tanh", initial_sd=2, dropout=0.5)
    document = as_document(built(comparison, valued({("hinge", 0): 0.7})))
    assert (document["lossterm"], document["schema"]) == (__version__, 2)
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
        "activation": "tanh",
        "initial_sd": 2.0,
        "optimizer": "momentum",
        "batch_size": 32,
        "epochs": 3,
        "dropout": 0.5,
        "batch_norm": False,
        "l2": 0.0,
        "schedule": "constant",
        "early_stopping": None,
        "class_weight": None,
        "scaling": "standard",
        "network": "mlp",
        "filters": [],
        "kernel": 3,
        "pooling": "max",
        "units": [],
        "cell": "gru",
        "bidirectional": False,
        "model": "",
        "learning_rates": [0.01],
        "widened": {},
    }
    assert document["environment"] == ENVIRONMENT
    assert document["seconds"] == 4.0
    best, second = document["standings"]
    assert (best["rank"], best["loss"], best["mean"]) == (1, "hinge", pytest.approx(0.6))
    assert (second["rank"], second["loss"], second["learning_rate"]) == (2, "binary_crossentropy", 0.01)
    assert best["scores"]["log_loss"] is None
    assert second["scores"]["log_loss"]["test"] == {"mean": 0.5, "sd": 0.0}
    assert second["scores"]["accuracy"]["train"]["mean"] == pytest.approx(0.51)


@pytest.mark.parametrize(
    ("task", "protocol", "rows"),
    [
        ("circles", "fair", (600, 200, 200)),
        ("digits", "fair", (1079, 359, 359)),
        ("digits", "published", (1077, 270, 450)),
    ],
)
def test_json_says_how_many_rows_each_split_has(task: str, protocol: str, rows: tuple[int, int, int]) -> None:
    document = as_document(seen(f"{task} {protocol}"))
    assert document["task"]["rows"] == dict(zip(("train", "validation", "test"), rows, strict=True))
    assert document["hyperparameters"]["learning_rates"] == list(RATES_TO_TUNE)


def test_json_names_a_custom_network_without_the_place_where_it_is() -> None:
    usual = circles("hinge")
    settings = msgspec.structs.replace(usual.hyperparameters, model="/a/net.py:build@01234567")
    document = as_document(built(msgspec.structs.replace(usual, hyperparameters=settings)))
    holds(document, KEYS)
    assert document["hyperparameters"]["model"] == "build@01234567"


def test_json_says_all_that_is_known_of_a_user_table() -> None:
    asked = data.FileRequest(path="/a/houses.csv", target="price", drop=("id",))
    record = data.Data(
        asked=asked,
        digest="0123456789abcdef",
        kind="regression",
        rows=600,
        features=6,
        lowest=1.5,
        zeros=False,
        imbalance=1,
    )
    document = as_document(report.build(asked_for(Comparison.ask(record, ("mae",), seeds=2)), []))
    holds(document, {**KEYS, "task": {**KEYS["task"], "data": dict}})
    assert document["task"]["key"] == record.key
    assert document["task"]["rows"] == {"train": 360, "validation": 120, "test": 120}
    assert msgspec.convert(document["task"]["data"], data.Data) == record
    assert document["task"]["data"]["asked"] == {"path": "/a/houses.csv", "target": "price", "drop": ["id"]}


def test_json_of_regression_has_no_classes() -> None:
    document = as_document(built(Comparison.ask("regression", ("mse",), seeds=1)))
    assert document["task"]["classes"] is None
    assert document["task"]["features"] == 20
    assert document["metric"] == {"key": "mae", "direction": "min"}
    assert document["standings"][0]["sd"] is None


@pytest.mark.parametrize("protocol", ["tutorial", "fair"])
def test_json_with_trials_has_their_curves_joined_from_chunks(protocol: str) -> None:
    splits = protocol_named(protocol).splits
    columns = [f"{split}_{what}" for split in splits for what in ("loss", "metric")]
    numbers = [[float(10 * epoch + column) for column in range(len(columns))] for epoch in range(3)]
    chunks = [
        Chunk(trial=1, start=0, epochs=1, data=array("f", numbers[0]).tobytes()),
        Chunk(trial=2, start=0, epochs=1, data=array("f", [9.0] * len(columns)).tobytes()),
        Chunk(trial=1, start=1, epochs=2, data=array("f", numbers[1] + numbers[2]).tobytes()),
    ]
    result = built(circles("binary_crossentropy", protocol=protocol, learning_rates=(0.01,)))
    document = as_document(result, chunks)
    holds({key: value for key, value in document.items() if key != "trials"}, KEYS)
    assert list(document)[-1] == "trials"
    metrics = metrics_for("binary", protocol)
    form = {
        "loss": str,
        "seed": int,
        "learning_rate": float,
        "status": str,
        "seconds": float,
        "error": None,
        "note": None,
        "scores": {one.key: None if one.needs == "margin" else dict.fromkeys(splits, float) for one in metrics},
        "anatomy": None,
        "curves": {name: [float] for name in columns},
    }
    for trial in document["trials"]:
        holds(trial, form)
    assert document["trials"][0]["curves"] == {
        name: [place, 10 + place, 20 + place] for place, name in enumerate(columns)
    }
    assert document["trials"][1]["curves"]["test_metric"] == [9]
    assert [trial["seed"] for trial in document["trials"]] == [0, 1]


def test_json_with_trials_has_what_is_known_of_how_each_was_trained_and_of_its_final_model() -> None:
    anatomy = Anatomy(of="margin", quantiles=tuple(float(level) for level in LEVELS), share=None)
    comparison = circles("hinge", "squared_hinge", seeds=1)
    first, second = rows_for(comparison, end=ending({("squared_hinge", 0): "failed"}))
    rows = [msgspec.structs.replace(first, anatomy=anatomy, note="trained step by step"), second]
    document = strictly(as_json(json_document.document(report.build(asked_for(comparison), rows), [])))
    trained, failed = document["trials"]
    assert trained["anatomy"] == {"of": "margin", "quantiles": list(LEVELS), "share": None, "rows": []}
    assert (trained["note"], trained["error"]) == ("trained step by step", None)
    assert (failed["anatomy"], failed["note"], failed["error"]) == (None, None, "ValueError: it broke")
    assert "trials" not in as_document(report.build(asked_for(comparison), rows))


def test_json_holds_null_where_a_trial_diverged_and_never_nan() -> None:
    nan = Chunk(trial=1, start=0, epochs=1, data=array("f", [math.nan, math.inf, -math.inf, 0.5]).tobytes())
    text = as_json(json_document.document(TROUBLED, [nan]))
    assert not re.search(r"\b(nan|inf|infinity)\b", text, re.IGNORECASE)
    document = strictly(text)
    curves = document["trials"][0]["curves"]
    assert [curves[name] for name in curves] == [[None], [None], [None], [0.5]]
    assert {trial["status"] for trial in document["trials"]} == set(get_args(Status)) - {"queued"}
    last = document["standings"][-1]
    assert (last["rank"], last["mean"], last["sd"]) == (None, None, None)
    assert (last["trials"], last["diverged"], last["failed"]) == (3, 1, 2)
    assert last["scores"]["accuracy"]["test"] == {"mean": None, "sd": None}


# CSV


def test_csv_is_read_by_the_csv_module_with_one_line_for_each_loss_metric_and_split() -> None:
    lines = list(csv.DictReader(io.StringIO(csv_lines.as_csv([TROUBLED])), strict=True))
    assert all(None not in line and None not in line.values() for line in lines)
    by_key = {(line["loss"], line["metric"], line["split"]): line for line in lines}
    assert len(by_key) == len(lines)
    metrics = metrics_for("binary", "tutorial")
    assert len(lines) == 2 * sum(m.defined(loss_named(s.loss)) for m in metrics for s in TROUBLED.standings)
    line = by_key["hinge", "accuracy", "test"]
    assert float(line["mean"]) == pytest.approx(0.7)
    assert float(line["sd"]) == pytest.approx(math.sqrt(0.02))
    counts = [line[name] for name in ("comparison", "task", "protocol", "rank", "trials", "done", "diverged", "failed")]
    assert counts == ["1", "circles", "tutorial", "2", "3", "2", "1", "0"]
    empty = by_key["squared_hinge", "accuracy", "test"]
    assert (empty["rank"], empty["mean"], empty["sd"], empty["failed"]) == ("", "", "", "2")
    assert (empty["verdict"], empty["beaten"], empty["difference"]) == ("", "", "")


def test_csv_holds_the_verdicts_and_the_chosen_rates() -> None:
    result = seen("circles fair")
    lines = list(csv.DictReader(io.StringIO(csv_lines.as_csv([result])), strict=True))
    for standing in result.standings:
        mine = [line for line in lines if line["loss"] == standing.loss]
        assert {line["split"] for line in mine} == {"train", "validation", "test"}
        assert {line["verdict"] for line in mine} == {standing.verdict}
        assert {float(line["learning_rate"]) for line in mine} == {standing.learning_rate}
        if standing.difference:
            assert {float(line["difference"]) for line in mine} == {standing.difference.mean}
            assert {float(line["beaten"]) for line in mine} == {standing.beaten}


def test_csv_of_several_reports_has_one_head() -> None:
    other = built(Comparison.ask("blobs", ("kl_divergence",), seeds=1))
    lines = list(csv.DictReader(io.StringIO(csv_lines.as_csv([TROUBLED, other]))))
    assert {line["task"] for line in lines} == {"circles", "blobs"}
    assert csv_lines.as_csv([TROUBLED, other]).count("comparison,task") == 1


# Tables


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


@every_case
def test_markdown_has_as_many_cells_in_every_line(case: str) -> None:
    text = markdown.as_markdown(seen(case))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + lines_in(seen(case))
    assert len({len(cells(line)) for line in lines}) == 1
    assert all(re.fullmatch(r":?-+:?", cell) for cell in cells(lines[1]))
    assert cells(lines[0])[:2] == ["#", "loss"]
    assert cells(lines[0])[-1] == "trials"
    first, empty, second, *_ = text.splitlines()
    assert (first, empty) == (f"**{in_markdown(verdict.verdict(seen(case)))}**", "")
    assert second == headline.headline(seen(case))


@every_case
def test_plain_text_has_no_drawing_and_lines_its_columns_up(case: str) -> None:
    text = plain_text.as_plain(seen(case))
    assert not re.search("[|\u2500-\u259f\x1b]", text)
    above, drawn_table, _ = text.split("\n\n", 2)
    assert above.splitlines() == [headline.headline(seen(case)), verdict.verdict(seen(case))]
    head, *rows = drawn_table.splitlines()
    assert len(rows) == lines_in(seen(case))
    place = head.index("loss")
    assert all(row[place - 1] == " " and row[place] != " " for row in rows)
    assert all(line == line.rstrip() for line in text.splitlines())


def columns(result: Report, *arguments: Any, **settings: Any) -> Mapping[str, tuple[str, ...]]:
    return {column.head: column.values for column in table.columns_of(result, *arguments, **settings)}


@each(("task", "protocol"), EVERY)
def test_table_shows_what_is_known_of_each_loss_and_every_metric_of_its_kind(task: str, protocol: str) -> None:
    result = seen(f"{task} {protocol}")
    metric, tuned = result.asked.comparison.metric, result.asked.comparison.tuned
    every = metrics_for(task_named(task).kind, protocol, task_named(task).lowest)
    losses = [loss_named(key) for key in result.asked.comparison.losses]
    known = [one for one in every if any(map(one.defined, losses))]
    others = [one.key for one in known if one.level is None and one.key != metric]
    sweep = ["lr sweep"] if tuned else []
    assert list(columns(result)) == [
        *("#", "loss", f"{metric} test", "Δ to best", "beaten", "worse/equal/better %", "verdict"),
        *("lr", *sweep, "train", *others, "trials"),
    ]


def test_an_interval_without_width_is_called_no_certainty() -> None:
    values = {("hinge", 0): 0.75, ("hinge", 1): 0.7, ("hinge", 2): 0.8, ("squared_hinge", 0): 0.5}
    (said,) = [one for one in notes(built(circles("hinge", "squared_hinge", seeds=3), valued(values))) if "±0" in one]
    assert "all 3 seeds of squared_hinge give the same accuracy, as may happen by chance in 500 test rows." in said
    apart = {**values, ("squared_hinge", 2): 0.6}
    assert not [one for one in notes(built(circles("hinge", "squared_hinge", seeds=3), valued(apart))) if "±0" in one]


def test_table_writes_scores_differences_and_verdicts() -> None:
    values = {("hinge", 0): 0.75, ("hinge", 1): 0.7, ("hinge", 2): 0.8, ("squared_hinge", 0): 0.5}
    result = built(circles("hinge", "squared_hinge", seeds=3), valued(values))
    shown = columns(result)
    assert shown["#"] == ("1", "2")
    assert shown["loss"] == ("hinge", "squared_hinge")
    assert shown["accuracy test"] == ("0.75 ±.12", "0.5000 ±0")
    assert shown["Δ to best"] == (DASH, "+.25 [+.09, +.36]")
    assert shown["beaten"] == (DASH, "3/3")
    assert shown["worse/equal/better %"] == (DASH, "99/0/1")
    assert shown["verdict"] == ("best", "worse")
    assert shown["lr"] == ("0.01", "0.01")
    assert shown["train"] == ("0.7600", "0.5100")
    assert shown["roc_auc"] == ("0.7500", "0.5000")
    assert shown["trials"] == ("3/3", "3/3")


def test_table_says_what_diverged_and_failed_and_shows_a_dash_for_no_score() -> None:
    shown = columns(TROUBLED)
    assert shown["#"] == ("1", "2", DASH)
    assert shown["trials"] == ("1/3", "2/3, diverged 1/3", "0/3, diverged 1/3, failed 2/3")
    assert shown["accuracy test"][0] == "0.9000"
    assert shown["accuracy test"][2] == DASH
    assert shown["Δ to best"] == (DASH, "+.3000", DASH)
    assert shown["log_loss"] == ("0.9000", DASH, DASH)
    short = columns(TROUBLED, 0, short=True)
    assert short["trials"] == ("1/3", "2/3 div 1", "0/3 div 1 fail 2")


@every_case
def test_columns_in_which_nothing_stands_are_left_out_but_rank_loss_and_score(case: str) -> None:
    result = seen(case)
    needed = {"#", "loss", f"{result.asked.comparison.metric} test"}
    shown = columns(result)
    assert needed <= set(shown)
    assert {head for head, texts in shown.items() if set(texts) == {DASH}} <= needed


def test_one_seed_has_no_column_for_verdicts_and_one_rate_none_for_a_sweep() -> None:
    one = columns(seen("one seed"))
    assert "verdict" not in one
    assert "lr sweep" in one
    assert "lr sweep" not in columns(seen("circles tutorial"))
    assert {"verdict", "Δ to best", "beaten"}.isdisjoint(columns(seen("one loss")))


def test_metrics_can_be_limited_and_columns_left_out() -> None:
    result = seen("circles fair")
    every = list(columns(result))
    assert [head for head in every if head in METRICS] == [m.key for m in metrics_for("binary")[1:]]
    assert [head for head in columns(result, 2) if head in METRICS] == [m.key for m in metrics_for("binary")[1:3]]
    left = columns(result, without=("sweep", "train"))
    assert list(left) == [head for head in every if head not in ("lr sweep", "train")]


# Fitting a width

BETWEEN = 3


def width_of(shown: list[TableColumn]) -> int:
    return sum(column.width + BETWEEN for column in shown) - BETWEEN


@pytest.mark.parametrize("widths", cases({"some": range(60, 221, 5), "all": range(60, 221)}, {"some"}))
@every_case
def test_a_table_fits_any_width_from_80_and_keeps_rank_loss_and_score_at_any(case: str, widths: range) -> None:
    result = seen(case)
    every = [column.head for column in table.columns_of(result)]
    needed = {"#", "loss", f"{result.asked.comparison.metric} test"}
    counts = []
    for width in widths:
        shown, whole = table.fit_to(result, width, between=BETWEEN)
        heads = [column.head for column in shown]
        assert needed <= set(heads)
        assert width < 80 or width_of(shown) <= width
        assert whole == (heads == every)
        assert heads == [head for head in every if head in heads]
        assert {len(column.values) for column in shown} == {lines_in(result)}
        if not result.sound or result.partial or result.collapsed:
            assert "trials" in heads
        counts.append(len(heads))
    assert counts == sorted(counts)
    assert table.fit_to(result, 1000, between=BETWEEN)[1]


@pytest.mark.parametrize("case", ["circles fair", "regression fair", "digits fair"])
def test_the_verdict_and_the_difference_are_among_the_last_to_go(case: str) -> None:
    shown, whole = table.fit_to(seen(case), 80, between=BETWEEN)
    assert not whole
    assert {"verdict", "Δ to best"} <= {column.head for column in shown}


def test_a_column_pads_to_its_widest_text_on_its_side() -> None:
    right, left = TableColumn("n", True, ("1", "100")), TableColumn("loss", False, ("a", "bb"))
    assert (right.width, left.width) == (3, 4)
    assert [right.padded(text) for text in (right.head, *right.values)] == ["  n", "  1", "100"]
    assert [left.padded(text) for text in left.values] == ["a   ", "bb  "]


# Metrics of quantiles, and probabilities that a loss distorts


@pytest.mark.parametrize(
    ("losses", "metric", "shown"),
    [
        (("mse", "huber"), None, []),
        (("mse", "pinball"), None, ["pinball_90", "miscoverage_90"]),
        (
            ("mse", "pinball:tau=0.05", "pinball"),
            None,
            ["pinball_05", "miscoverage_05", "pinball_90", "miscoverage_90"],
        ),
        (("mse", "pinball:tau=0.5"), None, []),
        (("mse", "mae"), "pinball_75", ["pinball_75"]),
        (("mse", "pinball:tau=0.75"), "pinball_75", ["pinball_75", "miscoverage_75"]),
    ],
)
def test_metrics_of_quantiles_are_shown_where_a_loss_estimates_them_or_where_they_rank(
    losses: tuple[str, ...], metric: str | None, shown: list[str]
) -> None:
    result = built(Comparison.ask("regression", losses, seeds=2, learning_rates=(0.1,), metric=metric), drawn)
    of_quantiles = {one.key for one in METRICS.values() if one.level is not None}
    assert [one.key for one in report.metrics_of(result.asked.comparison) if one.key in of_quantiles] == shown
    heads = [head.removesuffix(" test") for head in columns(result)]
    assert [head for head in heads if head in of_quantiles] == shown
    for standing in as_document(result)["standings"]:
        assert [key for key in standing["scores"] if key in of_quantiles] == shown
    lines = csv.DictReader(io.StringIO(csv_lines.as_csv([result])), strict=True)
    assert list(dict.fromkeys(line["metric"] for line in lines if line["metric"] in of_quantiles)) == shown


def test_every_trial_is_scored_for_every_quantile_so_that_another_may_rank_later() -> None:
    comparison = Comparison.ask("regression", ("mse", "huber"), seeds=3, learning_rates=(0.1,))
    result = built(comparison, drawn, metric="pinball_05")
    assert result.asked.comparison.metric == "pinball_05"
    assert all(standing.mean is not None for standing in result.standings)
    assert report.fitting_metric(result.asked, "pinball_05") == "pinball_05"
    assert report.fitting_metric(asked_for(Comparison.ask("regression")), "pinball_05") == "pinball_05"
    assert report.fitting_metric(asked_for(Comparison.ask("circles")), "pinball_05") is None
    assert report.fitting_metric(asked_for(Comparison.ask("regression")), None) is None


DISTORTING = Comparison.ask("blobs", ("brier", "gce", "square_on_logits"), seeds=2, learning_rates=(0.1,))


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_figures_of_probabilities_that_a_loss_distorts_are_marked(metric: str) -> None:
    result = built(msgspec.structs.replace(DISTORTING, metric=metric), drawn)
    shown = columns(result)
    places = {loss: place for place, loss in enumerate(shown["loss"])}
    of_probabilities = {"log_loss", "brier", "ece", f"{metric} test", "train"}
    of_probabilities -= {"accuracy test", "train"} if metric == "accuracy" else set()
    for head, texts in shown.items():
        if head in ("Δ to best", "beaten", "verdict", "lr", "trials", "#", "loss"):
            assert not any("†" in text for text in texts)
        else:
            assert texts[places["gce"]].endswith("†") == (head in of_probabilities)
            assert not texts[places["brier"]].endswith("†")
            assert not texts[places["square_on_logits"]].endswith("†")
    assert shown["brier"][places["square_on_logits"]] == DASH


@pytest.mark.parametrize("form", FORMATS)
def test_the_mark_and_what_it_means_are_in_every_text_and_numbers_stay_numbers(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_reports([built(DISTORTING, drawn)], form)
    text = capsys.readouterr().out
    if form in ("json", "csv", "linear"):
        assert "†" not in text
        assert "gce" in text
        if form == "linear":
            assert (
                "gce: not proper, or not known to be: log_loss, brier, ece may judge distorted probabilities." in text
            )
        return
    *_, rows = text.partition("log_loss")
    (line,) = [line for line in rows.splitlines() if re.match(r"[ |\d–]+gce ", line)]
    assert len(re.findall(r"\d†(?: |$)", line)) == 3
    assert line.count("†") == 3
    sentence = "† gce: not proper, or not known to be: log_loss, brier, ece may judge distorted probabilities."
    assert len(re.findall(rf"^(?:- )?{sentence}$", text, re.MULTILINE)) == 1
    assert text.count("†") == 4


def test_where_every_loss_is_proper_nothing_is_marked() -> None:
    for form in (plain_text.as_plain, markdown.as_markdown):
        assert "†" not in form(built(Comparison.ask("blobs", ("brier", "square_on_logits"), seeds=2), drawn))


def test_a_figure_that_is_not_there_is_not_marked() -> None:
    result = built(DISTORTING, end=all_end("queued"))
    assert not any("†" in text for texts in columns(result).values() for text in texts)
    assert list(columns(result)) == ["#", "loss", "accuracy test", "lr", "trials"]


# Losses with parameters, and custom losses

OWN = "mine:delta=2@0123abcd"


def test_losses_with_parameters_stand_side_by_side_under_their_keys() -> None:
    keys = ("huber", "huber:delta=0.5", "barron:alpha=0,c=2")
    result = built(Comparison.ask("regression", keys, seeds=3), drawn)
    assert set(columns(result)["loss"]) == set(keys)
    lines = list(csv.DictReader(io.StringIO(csv_lines.as_csv([result])), strict=True))
    assert {line["loss"] for line in lines} == set(keys)
    assert {standing["loss"] for standing in as_document(result)["standings"]} == set(keys)
    for key in keys:
        assert f"| {key} |" in markdown.as_markdown(result)


def with_own(metric: str = "accuracy", **settings: Any) -> Comparison:
    asked, sources = circles("hinge", **settings), ((OWN, "/a/mine.py:mine:delta=2"),)
    return msgspec.structs.replace(asked, losses=(*asked.losses, OWN), sources=sources, metric=metric)


def test_a_custom_loss_is_shown_with_whatever_scores_its_trials_have() -> None:
    rows = rows_for(with_own(), drawn)
    rows = [
        msgspec.structs.replace(row, scores={**(row.scores or {}), "log_loss": None, "brier": None, "ece": None})
        if row.trial.loss == OWN
        else row
        for row in rows
    ]
    result = report.build(asked_for(with_own()), rows)
    shown = columns(result)
    place = shown["loss"].index(OWN)
    assert shown["roc_auc"][place] != DASH
    assert {"log_loss", "brier", "ece"}.isdisjoint(shown)  # neither loss has them
    (mine,) = [one for one in as_document(result)["standings"] if one["loss"] == OWN]
    assert mine["scores"]["log_loss"] is None
    assert mine["scores"]["accuracy"]["test"]["mean"] is not None
    whole = columns(built(with_own(), drawn))
    assert whole["log_loss"][whole["loss"].index(OWN)] != DASH


def test_the_rate_of_a_custom_loss_without_the_metric_that_ranks_is_chosen_by_the_tasks_own() -> None:
    asked = with_own("log_loss", protocol="fair", learning_rates=(0.01, 0.1))

    def score(trial: Trial, metric: str, split: str) -> float:
        return 0.9 if (trial.learning_rate == 0.1) == (metric == "accuracy") else 0.5

    rows = [
        msgspec.structs.replace(row, scores={**(row.scores or {}), "log_loss": None}) for row in rows_for(asked, score)
    ]
    standings = {one.loss: one for one in report.build(asked_for(asked), rows).standings}
    assert (standings[OWN].tuned_by, standings[OWN].learning_rate) == ("accuracy", 0.1)
    assert standings[OWN].rank is None
    scored = {one.loss: one for one in built(asked, score).standings}
    assert (scored[OWN].tuned_by, scored[OWN].learning_rate) == ("log_loss", 0.1)
