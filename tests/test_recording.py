"""Recordings: sound ones are read as they were asked, others refused in a sentence; and what agrees with them."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from lossterm import __version__, recording, report
from lossterm.cli.reproduce import document
from lossterm.comparison import Comparison, Trial
from lossterm.errors import DataError
from lossterm.metrics import METRICS
from lossterm.recording import Finding, Recording
from lossterm.report import Report
from lossterm.reproduction import CASES
from lossterm.standings import Summary
from tests.test_reproduction import Score, drawn, reported, reports_of, stored, strictly

Document = dict[str, Any]
Edit = Callable[[Document], object]

THREE = ("binary_crossentropy", "hinge", "squared_hinge")


def circles(**settings: Any) -> Comparison:
    return Comparison.ask("circles", THREE, **{"epochs": 3, "seeds": 5, **settings})


def as_run(found: Report) -> Document:
    """Return what `run` writes of a report."""
    written: Document = strictly(report.as_json(report.document(found)))
    return written


def as_reproduced(key: str, reports: list[Report]) -> Document:
    """Return what `reproduce` writes of its reports."""
    written: Document = strictly(report.as_json(document(CASES[key], reports)))
    return written


RUN = reported(circles())
RUN_DOCUMENT = as_run(RUN)
REPRODUCED = {key: reports_of(case, 3) for key, case in CASES.items()}
REPRODUCED_DOCUMENTS = {key: as_reproduced(key, reports) for key, reports in REPRODUCED.items()}


def edited(written: Document, edit: Edit) -> Document:
    """Return a copy with an edit made."""
    mine = copy.deepcopy(written)
    edit(mine)
    return mine


def read(place: Path, written: Document) -> Recording:
    path = place / "recording.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    return recording.read(path)


def standing(written: Document, loss: str) -> Document:
    """Return what a document says of a loss."""
    found: Document = next(one for one in written["standings"] if one["loss"] == loss)
    return found


def in_some_order(asked: Comparison) -> Comparison:
    """Return a comparison that is the same whatever order its losses were asked in."""
    return msgspec.structs.replace(asked, losses=tuple(sorted(asked.losses)))


# Sound recordings

SOUND: dict[str, Comparison] = {
    "fair": circles(),
    "tutorial": circles(protocol="tutorial"),
    "one seed": circles(seeds=1),
    "one rate": circles(learning_rates=(0.3,)),
    "ranked by what a hinge does not have": circles(metric="log_loss"),
    "regression": Comparison.ask("regression", seeds=3, epochs=3),
    "blobs": Comparison.ask("blobs", seeds=3, epochs=3),
    "digits split anew": Comparison.ask("digits", ("brier", "categorical_crossentropy"), seeds=3, epochs=3),
    "digits as published": CASES["digits"].comparisons(3)[2],
    "every setting": circles(
        hidden=(8, 4),
        activation="tanh",
        initial_sd=0.5,
        optimizer="adam",
        batch_size=16,
        epochs=7,
        learning_rates=(0.05, 0.5),
        metric="balanced_accuracy",
    ),
}


@pytest.mark.parametrize("comparison", SOUND.values(), ids=SOUND)
def test_a_run_is_read_as_it_was_asked_and_agrees_with_its_exact_repetition(
    tmp_path: Path, comparison: Comparison
) -> None:
    found = reported(comparison)
    recorded = read(tmp_path, as_run(found))
    (asked,) = recorded.asked
    assert in_some_order(asked) == in_some_order(comparison)
    assert (recorded.version, recorded.foreign, recorded.case, recorded.rows) == (__version__, False, None, ())
    findings = recording.compare(recorded, [found])
    assert all(finding.agrees and finding.recorded == finding.now for finding in findings)
    assert recording.remarks(recorded, [found]) == []
    ranked = [(one.loss, f"test {comparison.metric}") for one in found.standings if one.scores[comparison.metric]]
    assert [(finding.loss, finding.what) for finding in findings if finding.ranks] == ranked


@pytest.mark.parametrize("key", CASES)
@pytest.mark.parametrize("seeds", [1, 3])
def test_a_reproduction_is_read_as_it_was_asked_and_agrees_with_its_exact_repetition(
    tmp_path: Path, key: str, seeds: int
) -> None:
    case = CASES[key]
    reports = reports_of(case, seeds)
    recorded = read(tmp_path, as_reproduced(key, reports))
    assert recorded.case is case
    assert [*map(in_some_order, recorded.asked)] == [*map(in_some_order, case.comparisons(seeds))]
    assert list(recorded.rows) == case.rows(reports)
    findings = recording.compare(recorded, reports)
    assert all(finding.agrees for finding in findings)
    assert {finding.loss for finding in findings if finding.where == f"case {key}"} == {
        loss for one in reports for loss in one.asked.comparison.losses
    }
    assert recording.remarks(recorded, reports) == []


@pytest.mark.parametrize("key", CASES)
def test_a_reproduction_is_read_in_whatever_order_its_losses_came_out(tmp_path: Path, key: str) -> None:
    reports = reports_of(CASES[key], 3, lambda trial, metric, split: 1 - drawn(trial, metric, split))
    for one in (reports, REPRODUCED[key]):
        assert read(tmp_path, as_reproduced(key, one)).case is CASES[key]


def test_a_recording_with_its_trials_and_their_curves_is_read_too(tmp_path: Path) -> None:
    written = strictly(report.as_json(report.document(RUN, [])))
    assert "trials" in written
    assert read(tmp_path, written).asked == read(tmp_path, RUN_DOCUMENT).asked


def test_a_recording_of_another_version_with_the_same_form_is_read_and_known_to_be_foreign(tmp_path: Path) -> None:
    recorded = read(tmp_path, {**RUN_DOCUMENT, "lossterm": "0.0.1", "new": {"in": "that version"}})
    assert (recorded.version, recorded.foreign) == ("0.0.1", True)
    assert recorded.asked == read(tmp_path, RUN_DOCUMENT).asked


def test_settings_that_a_recording_does_not_name_are_the_usual_ones(tmp_path: Path) -> None:
    def older(written: Document) -> None:
        del written["hyperparameters"]["activation"], written["hyperparameters"]["initial_sd"], written["partial"]

    assert read(tmp_path, edited(RUN_DOCUMENT, older)).asked == read(tmp_path, RUN_DOCUMENT).asked


# What is no recording


def refused(path: Path) -> str:
    """Return the sentence by which a file is refused: one line that names it."""
    with pytest.raises(DataError) as error:
        recording.read(path)
    sentence = str(error.value)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    return sentence


def refused_edit(place: Path, written: Document, edit: Edit) -> str:
    """Return the sentence by which an edited document is refused."""
    path = place / "edited.json"
    path.write_text(json.dumps(edited(written, edit)), encoding="utf-8")
    return refused(path)


def test_a_file_that_is_not_there_and_a_directory_are_no_recordings(tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory" in refused(tmp_path / "nothing.json")
    assert "cannot be read: Is a directory" in refused(tmp_path)


WHOLE = json.dumps(RUN_DOCUMENT)
NO_RECORDINGS: dict[str, bytes] = {
    "nothing": b"",
    "words": b"loss  accuracy\nhinge 0.84\n",
    "the first half": WHOLE[: len(WHOLE) // 2].encode(),
    "two in one file": (WHOLE + "\n" + WHOLE).encode(),
    "NaN": WHOLE.replace('"mean": ', '"mean": NaN, "was": ', 1).encode(),
    "Infinity": WHOLE.replace('"mean": ', '"mean": Infinity, "was": ', 1).encode(),
    "too large for a number": WHOLE.replace('"mean": ', '"mean": 1e999, "was": ', 1).encode(),
    "UTF-16": WHOLE.encode("utf-16"),
    "no text at all": bytes(range(256)),
    "broken text": b'{"lossterm": "\xff\xfe", "schema": 1}',
    "brackets without end": b'{"lossterm": "1", "schema": 1, "x": ' + b"[" * 100_000,
    "a list": b"[]",
    "null": b"null",
    "another program's": b'{"name": "x", "version": 3}',
}


@pytest.mark.parametrize("data", NO_RECORDINGS.values(), ids=NO_RECORDINGS)
def test_what_is_no_json_of_lossterm_is_refused_with_how_to_write_one(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    sentence = refused(path)
    assert "is no recording of lossterm" in sentence
    assert "lossterm run --format json > FILE" in sentence


def test_a_file_far_too_large_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.json"
    path.write_text(WHOLE)
    monkeypatch.setattr(recording, "MOST_BYTES", len(WHOLE))
    assert recording.read(path).asked
    monkeypatch.setattr(recording, "MOST_BYTES", len(WHOLE) - 1)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was opened"))
    assert re.search(r"has more than \d+ MB", refused(path))


def put(name: str, value: object, loss: str = "hinge") -> Edit:
    """Change one field of a loss's standing."""
    return lambda written: standing(written, loss).update({name: value})


def shift(by: float, *names: str) -> Edit:
    """Move fields of the hinge's standing, numbers or both ends of an interval, and nothing that hangs on them."""

    def edit(written: Document) -> None:
        mine = standing(written, "hinge")
        for name in names:
            mine[name] = [end + by for end in mine[name]] if name == "ci" else mine[name] + by

    return edit


REFUSED: dict[str, tuple[Edit, str]] = {
    "another form": (lambda d: d.update(schema=2), r"form 2 of the JSON, .* reads form 1\. Record it anew"),
    "a form of no number": (lambda d: d.update(schema="1"), r"Expected `int`, got `str` - at `\$\.schema`"),
    "a task without a name": (lambda d: d.update(task="circles"), r"Expected `object`, got `str` - at `\$\.task`"),
    "no seeds named": (lambda d: d.pop("seeds"), "missing required field `seeds`"),
    "half a seed": (lambda d: d.update(seeds=2.5), r"Expected `int`, got `float` - at `\$\.seeds`"),
    "a mean in words": (put("mean", "good"), r"at `\$\.standings\[\d\]\.mean`"),
    "an unheard verdict": (put("verdict", "winner"), r"at `\$\.standings\[\d\]\.verdict`"),
    "an unknown loss": (put("loss", "hindge"), r"There is no loss 'hindge'\. Did you mean hinge"),
    "all losses in one": (put("loss", "all"), "does not name each of its losses once"),
    "a loss of another kind": (put("loss", "mse"), "mse is a loss for regression tasks"),
    "an unknown task": (lambda d: d["task"].update(key="circels"), r"no task 'circels'\. Did you mean circles"),
    "an unknown protocol": (lambda d: d.update(protocol="fiar"), r"no protocol 'fiar'\. Did you mean fair"),
    "a protocol for others": (lambda d: d.update(protocol="published"), "knows only digits"),
    "an unknown metric": (lambda d: d["metric"].update(key="acuracy"), r"no metric 'acuracy'\. Did you mean accuracy"),
    "a metric for others": (lambda d: d["metric"].update(key="mae"), "mae is a metric for regression tasks"),
    "a score by no metric": (lambda d: standing(d, "hinge")["scores"].update(acuracy={"test": None}), "acuracy"),
    "an unknown case": (lambda d: d.update(reproduction="tutorail"), r"no case 'tutorail'\. Did you mean tutorial"),
    "a case without rows": (lambda d: d.update(reproduction="digits"), "missing required field `rows`"),
    "no seeds": (lambda d: d.update(seeds=0), "The number of seeds is 0"),
    "seeds without end": (lambda d: d.update(seeds=10**30), "The number of seeds is 10{30}"),
    "no rates": (lambda d: d["hyperparameters"].update(learning_rates=[]), "number of learning rates is 0"),
    "a rate of 0": (lambda d: d["hyperparameters"].update(learning_rates=[0, 0.1]), "learning rate is 0.0"),
    "an unknown optimizer": (lambda d: d["hyperparameters"].update(optimizer="adm"), "no optimizer 'adm'"),
    "no losses": (lambda d: d.update(standings=[]), "."),
    "not finished": (lambda d: d.update(partial=True), r"before all of its trials had ended\. Finish the run"),
    "a mean alone": (shift(0.01, "mean"), r"contradicts itself: hinge on circles, its mean is .*Was it edited\?"),
    "a mean and its interval": (shift(0.01, "mean", "ci"), "contradicts itself: hinge on circles, its mean"),
    "an interval alone": (shift(0.01, "ci"), r"contradicts itself: hinge on circles, .* middle of its interval"),
    "no mean": (put("mean", None), "contradicts itself: hinge on circles, its mean is –"),
    "a rate that was not tried": (put("learning_rate", 0.2), "hinge on circles, its learning rate 0.2 is none of"),
    "a trial too many": (put("trials", 6), "has 6 trials of hinge on circles for 5 seeds. Run what is missing"),
    "another number of seeds": (lambda d: d.update(seeds=4), r"has 5 trials of hinge on circles for 4 seeds"),
    "more diverged than there were trials": (put("diverged", 6), "contradicts itself: hinge on circles"),
    "less than none diverged": (put("diverged", -1), "contradicts itself: hinge on circles"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_was_written_by_hand_or_by_another_is_refused_with_what_is_wrong(tmp_path: Path, case: str) -> None:
    edit, words = REFUSED[case]
    assert re.search(words, refused_edit(tmp_path, RUN_DOCUMENT, edit))


def exchange_loss(written: Document) -> None:
    """Name another loss that fits in place of one."""
    one = written["comparisons"][-1]["standings"][0]
    one["loss"] = "kl_divergence" if one["loss"] == "brier" else "brier"


OTHER_COMPARISONS: dict[str, Edit] = {
    "none": lambda d: d.update(comparisons=[]),
    "one removed": lambda d: d["comparisons"].pop(),
    "one twice": lambda d: d["comparisons"].append(d["comparisons"][0]),
    "two exchanged": lambda d: d["comparisons"].insert(0, d["comparisons"].pop()),
    "another number of seeds in one": lambda d: d["comparisons"][-1].update(seeds=2),
    "longer": lambda d: d["comparisons"][0]["hyperparameters"].update(epochs=1000),
    "another rate": lambda d: d["comparisons"][-1]["hyperparameters"]["learning_rates"].append(0.7),
    "another loss": exchange_loss,
}


@pytest.mark.parametrize("change", OTHER_COMPARISONS)
@pytest.mark.parametrize("key", CASES)
def test_a_reproduction_with_other_comparisons_than_its_cases_is_refused(tmp_path: Path, key: str, change: str) -> None:
    sentence = refused_edit(tmp_path, REPRODUCED_DOCUMENTS[key], OTHER_COMPARISONS[change])
    assert f"does not hold the comparisons of the case {key}" in sentence


def test_a_comparison_of_a_reproduction_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    def edit(written: Document) -> None:
        written["comparisons"][3]["standings"][0]["mean"] = 0.99

    sentence = refused_edit(tmp_path, REPRODUCED_DOCUMENTS["digits"], edit)
    assert "contradicts itself: brier on digits" in sentence


OTHER_ROWS: dict[str, Edit] = {
    "none": lambda d: d.update(rows=[]),
    "one removed": lambda d: d["rows"].pop(),
    "one twice": lambda d: d["rows"].append(d["rows"][-1]),
    "two exchanged": lambda d: d["rows"].insert(0, d["rows"].pop()),
    "another loss": lambda d: d["rows"][1].update(loss="hindge"),
    "no number": lambda d: d["rows"][1].update(loss=1),
}


@pytest.mark.parametrize("change", OTHER_ROWS)
@pytest.mark.parametrize("key", CASES)
def test_a_reproduction_with_other_rows_than_its_cases_is_refused(tmp_path: Path, key: str, change: str) -> None:
    assert refused_edit(tmp_path, REPRODUCED_DOCUMENTS[key], OTHER_ROWS[change])


ODD_ROWS: dict[str, tuple[str, Edit]] = {
    "a split removed": ("tutorial", lambda d: d["rows"][0]["seeds"].pop("test")),
    "a metric that is none": ("tutorial", lambda d: d["rows"][0].update(metric="msee")),
    "a range of no seeds": ("tutorial", lambda d: d["rows"][0]["seeds"]["test"].update(count=0)),
    "a spread of no seeds": ("digits", lambda d: d["rows"][0].update(seeds=0)),
}


@pytest.mark.parametrize("change", ODD_ROWS)
def test_a_row_of_a_reproduction_that_cannot_be_is_refused(tmp_path: Path, change: str) -> None:
    key, edit = ODD_ROWS[change]
    assert refused_edit(tmp_path, REPRODUCED_DOCUMENTS[key], edit)


# Comparing


def differing(place: Path, edit: Edit, found: Report = RUN) -> list[Finding]:
    """Return what does not agree between an edited recording of a report and the report itself."""
    recorded = read(place, edited(as_run(found), edit))
    return [finding for finding in recording.compare(recorded, [found]) if not finding.agrees]


def moved(metric: str, split: str, by: float, loss: str = "hinge") -> Edit:
    """Move one mean, and all that hangs on it, as a run that came out otherwise would have written it."""

    def edit(written: Document) -> None:
        mine = standing(written, loss)
        mine["scores"][metric][split]["mean"] += by
        if (metric, split) == (written["metric"]["key"], "test"):
            mine["mean"] += by
            mine["ci"] = mine["ci"] and [end + by for end in mine["ci"]]

    return edit


def half_interval(found: Report, loss: str, metric: str, split: str) -> float:
    """Return half the 95 % interval of a mean, by SciPy, from the scores at the rate that was chosen."""
    (rate,) = (one.learning_rate for one in found.standings if one.loss == loss)
    chosen = msgspec.structs.replace(found, rows=tuple(r for r in found.rows if r.trial.learning_rate == rate))
    values = stored(chosen, loss, metric, split)
    low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    return float(high - low) / 2


MEANS = [("accuracy", "test"), ("accuracy", "train"), ("roc_auc", "validation"), ("macro_f1", "test")]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("metric", "split"), MEANS)
def test_a_mean_that_moved_by_more_than_half_its_interval_is_found_and_named(
    tmp_path: Path, metric: str, split: str, sign: int
) -> None:
    half = half_interval(RUN, "hinge", metric, split)
    assert differing(tmp_path, moved(metric, split, 0.99 * sign * half)) == []
    (finding,) = differing(tmp_path, moved(metric, split, 1.01 * sign * half))
    assert (finding.loss, finding.where, finding.what) == ("hinge", "circles, fair", f"{split} {metric}")
    assert finding.ranks is ((metric, split) == ("accuracy", "test"))
    assert finding.tolerance == pytest.approx(half)
    assert finding.recorded == pytest.approx((finding.now or 0) + 1.01 * sign * half)
    assert re.match(rf"hinge \(circles, fair\): {split} {metric} \S+ recorded, \S+ now, tolerance \S+$", str(finding))


def test_a_second_run_that_came_out_otherwise_for_one_loss_differs_in_that_loss_alone(tmp_path: Path) -> None:
    def worse(trial: Trial, metric: str, split: Any) -> float:
        return drawn(trial, metric, split) - (0.6 if trial.loss == "squared_hinge" else 0)

    recorded = read(tmp_path, RUN_DOCUMENT)
    findings = recording.compare(recorded, [reported(circles(), worse)])
    assert {finding.loss for finding in findings if not finding.agrees} == {"squared_hinge"}
    (ranked,) = (finding for finding in findings if finding.ranks and finding.loss == "squared_hinge")
    assert not ranked.agrees


def test_another_count_of_diverged_or_failed_trials_is_found(tmp_path: Path) -> None:
    for name in ("diverged", "failed"):
        (finding,) = differing(tmp_path, put(name, 1))
        assert (finding.loss, finding.what, finding.recorded, finding.now) == ("hinge", f"{name} trials", 1, 0)


def test_trials_that_diverge_again_agree(tmp_path: Path) -> None:
    found = reported(circles(), end=lambda t: "diverged" if t.loss == "hinge" or t.seed == 0 else "done")
    assert {one.loss: one.diverged for one in found.standings} == {THREE[0]: 1, "hinge": 5, "squared_hinge": 1}
    assert differing(tmp_path, lambda _: None, found) == []


FLAT: Score = lambda trial, metric, split: 0.75  # noqa: E731  a score like any other


@pytest.mark.parametrize("seeds", [1, 5])
@pytest.mark.parametrize(("metric", "matters"), [("accuracy", 0.005), ("mse", 0.01 * 0.75)])
def test_without_a_spread_what_matters_is_the_measure_and_with_none_a_tenth_of_it(
    tmp_path: Path, seeds: int, metric: str, matters: float
) -> None:
    task, loss = ("circles", "hinge") if metric == "accuracy" else ("regression", "mse")
    found = reported(Comparison.ask(task, seeds=seeds, epochs=3), FLAT)
    tolerance = matters if seeds == 1 else matters / 10
    assert differing(tmp_path, moved(metric, "test", 0.98 * tolerance, loss), found) == []
    (finding,) = differing(tmp_path, moved(metric, "test", 1.02 * tolerance, loss), found)
    assert (finding.loss, finding.what) == (loss, f"test {metric}")


@pytest.mark.parametrize("count", [2, 3, 10, 30, 1000])
def test_a_tolerance_is_half_the_interval_that_scipy_gives(count: int) -> None:
    low, high = stats.t.interval(0.95, count - 1, loc=0.8, scale=0.05 / count**0.5)
    assert recording.tolerance("accuracy", Summary(0.8, 0.05), count) == pytest.approx((high - low) / 2)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_tolerance_knows_what_matters_for_every_metric(metric: Any) -> None:
    matters = metric.rope * (2.0 if metric.relative else 1.0)
    assert recording.tolerance(metric.key, Summary(2.0, None), 1) == pytest.approx(matters)
    assert recording.tolerance(metric.key, Summary(2.0, 0.0), 10) == pytest.approx(matters / 10)
    assert recording.tolerance(metric.key, Summary(-2.0, 1e-9), 10) == pytest.approx(matters / 10)
    assert recording.tolerance(metric.key, Summary(2.0, 10.0), 10) > matters


def test_a_number_in_place_of_none_and_none_in_place_of_a_number_differ(tmp_path: Path) -> None:
    def undefined(trial: Trial, metric: str, split: Any) -> float | None:
        return None if metric == "roc_auc" else drawn(trial, metric, split)

    def gone(written: Document) -> None:
        standing(written, "hinge")["scores"]["roc_auc"]["test"] = {"mean": None, "sd": None}

    without = reported(circles(), undefined)
    (finding,) = differing(tmp_path, gone)
    assert (finding.loss, finding.what, finding.recorded) == ("hinge", "test roc_auc", None)
    later = [f for f in recording.compare(read(tmp_path, RUN_DOCUMENT), [without]) if not f.agrees]
    assert {(f.loss, f.what, f.now) for f in later} == {
        (loss, f"{split} roc_auc", None) for loss in THREE for split in ("train", "validation", "test")
    }
    assert differing(tmp_path, lambda _: None, without) == []


def test_another_choice_of_rate_and_another_verdict_are_remarks_and_no_differences(tmp_path: Path) -> None:
    now = next(one for one in RUN.standings if one.loss == "hinge")
    rate = next(rate for rate in circles().learning_rates if rate != now.learning_rate)
    verdict = "worse" if now.verdict != "worse" else "tied"

    def edit(written: Document) -> None:
        standing(written, "hinge").update(learning_rate=rate, verdict=verdict)

    assert differing(tmp_path, edit) == []
    assert recording.remarks(read(tmp_path, edited(RUN_DOCUMENT, edit)), [RUN]) == [
        f"hinge (circles, fair): validation chose {now.learning_rate:g} rather than {rate:g}.",
        f"hinge (circles, fair): the verdict is {now.verdict} rather than {verdict}.",
    ]


@pytest.mark.parametrize("key", CASES)
def test_an_edited_row_of_a_reproduction_is_found(tmp_path: Path, key: str) -> None:
    case, reports = CASES[key], REPRODUCED[key]
    place = 5
    row = case.rows(reports)[place]
    quantity = case.quantities(row)[-1]

    def differs(by: float) -> list[Finding]:
        def edit(written: Document) -> None:
            mine = written["rows"][place]
            mine, name = (mine["seeds"]["test"], "median") if key == "tutorial" else (mine, "mean")
            mine[name] += by

        recorded = read(tmp_path, edited(REPRODUCED_DOCUMENTS[key], edit))
        return [finding for finding in recording.compare(recorded, reports) if not finding.agrees]

    assert differs(0.99 * quantity.tolerance) == []
    (finding,) = differs(1.01 * quantity.tolerance)
    assert (finding.where, finding.loss, finding.what) == (f"case {key}", row.loss, quantity.what)
