"""Recordings: sound ones are read as they were asked, others refused in a sentence; and what agrees with them."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from lossterm import __version__
from lossterm.comparison.comparison import Comparison, Trial
from lossterm.errors import DataError
from lossterm.losses import source_from
from lossterm.metrics import METRICS, Metric, metric_named
from lossterm.published import CASES
from lossterm.recordings import agreement, recording
from lossterm.recordings.agreement import Deviation
from lossterm.recordings.recorded_comparison import Given
from lossterm.recordings.recording import Recording
from lossterm.reports import json_document
from lossterm.reports.report import Report, build
from lossterm.text.json_text import as_json
from tests.builders.reports import (
    REPRODUCED,
    REPRODUCED_DOCUMENTS,
    Score,
    as_reproduced,
    built,
    drawn,
    patternless,
    raced,
    reports_of,
    stored,
    strictly,
)
from tests.cells import each

Document = dict[str, Any]
Edit = Callable[[Document], object]

THREE = ("binary_crossentropy", "hinge", "squared_hinge")


def circles(**settings: Any) -> Comparison:
    return Comparison.ask("circles", THREE, **{"epochs": 3, "seeds": 5, **settings})


def as_run(report: Report) -> Document:
    """Return what `run` writes of a report."""
    written: Document = strictly(as_json(json_document.document(report)))
    return written


RUN = built(circles(), patternless)
RUN_DOCUMENT = as_run(RUN)


def edited(written: Document, edit: Edit) -> Document:
    """Return a copy with an edit made."""
    changed = copy.deepcopy(written)
    edit(changed)
    return changed


def with_losses(*own: str) -> Given:
    """Return what `lossterm check --loss-file …` gives beside a recording."""
    return Given(losses=tuple(map(source_from, own)))


def read(place: Path, written: Document) -> Recording:
    path = place / "recording.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    return recording.read_recording(path)


def standing(written: Document, loss: str) -> Document:
    """Return what a document says of a loss."""
    row: Document = next(one for one in written["standings"] if one["loss"] == loss)
    return row


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
    "parameters": Comparison.ask(
        "regression", ("huber", "huber:delta=0.5", "barron:alpha=-inf,c=2"), seeds=3, epochs=3
    ),
    "a parameter with a point that is not there": Comparison.ask("regression", ("huber:delta=2.0", "l2"), seeds=3),
    "a quantile": Comparison.ask("prices", ("pinball", "pinball:tau=0.05", "mse"), seeds=3, metric="pinball_90"),
    "every loss": Comparison.ask("claims", ("all",), seeds=2, epochs=3, learning_rates=(0.01,)),
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


@each("comparison", SOUND.values(), ids=SOUND)
def test_a_run_is_read_as_it_was_asked_and_agrees_with_its_exact_repetition(
    tmp_path: Path, comparison: Comparison
) -> None:
    report = built(comparison, patternless)
    recorded = read(tmp_path, as_run(report))
    (asked,) = recorded.asked
    assert in_some_order(asked) == in_some_order(comparison)
    assert (recorded.version, recorded.foreign, recorded.case, recorded.rows) == (__version__, False, None, ())
    findings = agreement.compare(recorded, [report])
    assert all(finding.agrees and finding.recorded == finding.now for finding in findings)
    assert agreement.remarks(recorded, [report]) == []
    ranked = [(one.loss, f"test {comparison.metric}") for one in report.standings if one.scores[comparison.metric]]
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
    findings = agreement.compare(recorded, reports)
    assert all(finding.agrees for finding in findings)
    assert {finding.loss for finding in findings if finding.where == f"case {key}"} == {
        loss for one in reports for loss in one.asked.comparison.losses
    }
    assert agreement.remarks(recorded, reports) == []


@pytest.mark.parametrize("key", CASES)
def test_a_reproduction_is_read_in_whatever_order_its_losses_came_out(tmp_path: Path, key: str) -> None:
    reports = reports_of(CASES[key], 3, lambda trial, metric, split: 1 - patternless(trial, metric, split))
    for one in (reports, REPRODUCED[key]):
        assert read(tmp_path, as_reproduced(key, one)).case is CASES[key]


def test_a_recording_with_its_trials_and_their_curves_is_read_too(tmp_path: Path) -> None:
    written = strictly(as_json(json_document.document(RUN, [])))
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


# What is not a recording


def refused(path: Path) -> str:
    """Return the sentence by which a file is refused: one line that names it."""
    with pytest.raises(DataError) as error:
        recording.read_recording(path)
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


@each("data", NO_RECORDINGS.values(), ids=NO_RECORDINGS)
def test_what_is_no_json_of_lossterm_is_refused_with_how_to_write_one(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    sentence = refused(path)
    assert "is not a recording of lossterm" in sentence
    assert "lossterm run --format json > FILE" in sentence


def test_of_a_file_far_too_large_no_more_is_read_than_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.json"
    path.write_text(WHOLE)
    monkeypatch.setattr(recording, "MOST_BYTES", len(WHOLE))
    assert recording.read_recording(path).asked
    monkeypatch.setattr(recording, "MOST_BYTES", len(WHOLE) - 1)
    assert re.search(r"has more than \d+ MB", refused(path))
    with path.open("r+b") as file:
        file.truncate(1 << 40)  # a hole, but more than there is memory
    assert re.search(r"has more than \d+ MB", refused(path))


@each("version", ["\x1b[31m", "1.0\x1b]0;x\x07", "1.0\u009b2J", "1.0\nlossterm", "", "1 0", "1" * 41])
@each("schema", [1, 99])
def test_an_invalid_version_is_refused_without_repeating_it(tmp_path: Path, version: str, schema: int) -> None:
    sentence = refused_edit(tmp_path, RUN_DOCUMENT, lambda d: d.update(lossterm=version, schema=schema))
    assert re.search(r"is not a recording of lossterm: .* at `\$\.lossterm`", sentence)
    assert sentence.isprintable()


@pytest.mark.parametrize("version", ["0", "1.0.0+local.3", "2.0.0rc1.dev-4", "1" * 40])
def test_a_version_of_any_common_form_is_read(tmp_path: Path, version: str) -> None:
    assert read(tmp_path, {**RUN_DOCUMENT, "lossterm": version}).version == version


def put(name: str, value: object, loss: str = "hinge") -> Edit:
    """Change one field of a loss's standing."""
    return lambda written: standing(written, loss).update({name: value})


def shift(by: float, *names: str) -> Edit:
    """Move fields of the hinge's standing, numbers or both ends of an interval, and nothing that hangs on them."""

    def edit(written: Document) -> None:
        row = standing(written, "hinge")
        for name in names:
            row[name] = [end + by for end in row[name]] if name == "ci" else row[name] + by

    return edit


def stretch(by: float, *names: str) -> Edit:
    """Make the spread of the hinge's standing, its interval about the same mean, or both wider."""

    def edit(written: Document) -> None:
        row = standing(written, "hinge")
        for name in names:
            row[name] = (
                [row["mean"] + by * (end - row["mean"]) for end in row["ci"]] if name == "ci" else by * row[name]
            )

    return edit


REFUSED: dict[str, tuple[Edit, str]] = {
    "another form": (lambda d: d.update(schema=3), r"form 3 of the JSON, .* reads forms 1 to 2\. Record it anew"),
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
    "a metric for others": (
        lambda d: d["metric"].update(key="mae"),
        "mae is a metric for regression and multioutput tasks",
    ),
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
    "a spread alone": (stretch(1.001, "sd"), r"hinge on circles, its sd is"),
    "a wider interval alone": (stretch(1.001, "ci"), "its interval does not follow from its sd"),
    "a diverged trial alone": (put("diverged", 1), "its interval does not follow from its sd"),
    "no mean": (put("mean", None), "contradicts itself: hinge on circles, its mean is –"),
    "a rate that was not tried": (put("learning_rate", 0.2), "hinge on circles, its learning rate 0.2 is not among"),
    "a trial too many": (put("trials", 6), "has 6 trials of hinge on circles for 5 seeds. Run what is missing"),
    "another number of seeds": (lambda d: d.update(seeds=4), r"has 5 trials of \w+ on circles for 4 seeds"),
    "more diverged than there were trials": (put("diverged", 6), "contradicts itself: hinge on circles"),
    "less than none diverged": (put("diverged", -1), "contradicts itself: hinge on circles"),
}


@each("case", REFUSED)
def test_what_was_written_by_hand_or_by_another_is_refused_with_what_is_wrong(tmp_path: Path, case: str) -> None:
    edit, words = REFUSED[case]
    assert re.search(words, refused_edit(tmp_path, RUN_DOCUMENT, edit))


def exchange_loss(written: Document) -> None:
    """Name another loss that fits in place of one."""
    last = written["comparisons"][-1]
    one, of_numbers = last["standings"][0], last["task"]["kind"] == "regression"
    others = ("huber", "log_cosh") if of_numbers else ("brier", "kl_divergence")
    one["loss"] = others[one["loss"] == others[0]]


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


@each("change", OTHER_COMPARISONS)
@each("key", CASES)
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


@each("change", OTHER_ROWS)
@each("key", CASES)
def test_a_reproduction_with_other_rows_than_its_cases_is_refused(tmp_path: Path, key: str, change: str) -> None:
    assert refused_edit(tmp_path, REPRODUCED_DOCUMENTS[key], OTHER_ROWS[change])


ODD_ROWS: dict[str, tuple[str, Edit]] = {
    "a split removed": ("tutorial", lambda d: d["rows"][0]["seeds"].pop("test")),
    "an unknown metric": ("tutorial", lambda d: d["rows"][0].update(metric="msee")),
    "no spread named": ("tutorial", lambda d: d["rows"][0]["seeds"]["test"].pop("sd")),
    "half a seed": ("digits", lambda d: d["rows"][0].update(seeds=0.5)),
}


@pytest.mark.parametrize("change", ODD_ROWS)
def test_a_row_of_a_reproduction_that_cannot_be_is_refused(tmp_path: Path, change: str) -> None:
    key, edit = ODD_ROWS[change]
    assert refused_edit(tmp_path, REPRODUCED_DOCUMENTS[key], edit)


def score_of(written: Document) -> tuple[Document, str, str]:
    """Return what holds a score of a reproduction's first row, and the names of that score and of its seeds."""
    row = written["rows"][0]
    return (row["seeds"]["test"], "median", "count") if "inside" in row else (row, "mean", "seeds")


@pytest.mark.parametrize("count", [-1, 0, 1])
@pytest.mark.parametrize("key", CASES)
def test_a_spread_of_too_few_seeds_counts_for_nothing_and_its_row_is_compared(
    tmp_path: Path, key: str, count: int
) -> None:
    def differs(by: float) -> list[Deviation]:
        def edit(written: Document) -> None:
            written_row, score, seeds = score_of(written)
            written_row.update({seeds: count, score: written_row[score] + by})

        recorded = read(tmp_path, edited(REPRODUCED_DOCUMENTS[key], edit))
        return [finding for finding in agreement.compare(recorded, REPRODUCED[key]) if not finding.agrees]

    matters = 0.02 * score_of(REPRODUCED_DOCUMENTS[key])[0]["median"] if key == "tutorial" else 0.005
    assert differs(0.98 * matters) == []
    (finding,) = differs(1.05 * matters)
    assert finding.where == f"case {key}"
    assert finding.tolerance == pytest.approx(matters, rel=0.03)


# Comparing


def differing(place: Path, edit: Edit, report: Report = RUN) -> list[Deviation]:
    """Return what does not agree between an edited recording of a report and the report itself."""
    recorded = read(place, edited(as_run(report), edit))
    return [finding for finding in agreement.compare(recorded, [report]) if not finding.agrees]


def moved(metric: str, split: str, by: float, loss: str = "hinge") -> Edit:
    """Move one mean, and all that hangs on it, as a run that came out otherwise would have written it."""

    def edit(written: Document) -> None:
        row = standing(written, loss)
        row["scores"][metric][split]["mean"] += by
        if (metric, split) == (written["metric"]["key"], "test"):
            row["mean"] += by
            row["ci"] = row["ci"] and [end + by for end in row["ci"]]

    return edit


def apart(report: Report, loss: str, metric: str, split: str) -> float:
    """Return how far apart the worst of all pairs of means may be, by SciPy, at the rate that was chosen."""
    (rate,) = (one.learning_rate for one in report.standings if one.loss == loss)
    chosen = msgspec.structs.replace(report, rows=tuple(r for r in report.rows if r.trial.learning_rate == rate))
    values = stored(chosen, loss, metric, split)
    half = stats.t.ppf(0.975, len(values) - 1) * np.hypot(stats.sem(values), stats.sem(values))
    return float(half * widening(len(values), sum(1 for _ in means(RUN_DOCUMENT))))


def widening(count: int, among: int) -> float:
    """Return how much wider an interval is at Bonferroni's level for so many pairs, as if there were ten seeds."""
    t = stats.t(max(count - 1, 9))
    return float(t.ppf(1 - 0.025 / among) / t.ppf(0.975))


def means(document: Document) -> Iterator[float]:
    """Yield every mean of a document that a second run has to reproduce."""
    for standing in document["standings"]:
        for splits in standing["scores"].values():
            yield from (summary["mean"] for summary in (splits or {}).values() if summary)


MEANS = [("accuracy", "test"), ("accuracy", "train"), ("roc_auc", "validation"), ("macro_f1", "test")]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("metric", "split"), MEANS)
def test_a_mean_that_moved_further_than_other_seeds_would_move_it_is_detected_and_named(
    tmp_path: Path, metric: str, split: str, sign: int
) -> None:
    half = apart(RUN, "hinge", metric, split)
    assert differing(tmp_path, moved(metric, split, 0.99 * sign * half)) == []
    (finding,) = differing(tmp_path, moved(metric, split, 1.01 * sign * half))
    assert (finding.loss, finding.where, finding.what) == ("hinge", "circles, fair", f"{split} {metric}")
    assert finding.ranks is ((metric, split) == ("accuracy", "test"))
    assert finding.tolerance == pytest.approx(half)
    assert finding.recorded == pytest.approx((finding.now or 0) + 1.01 * sign * half)
    assert re.match(rf"hinge \(circles, fair\): {split} {metric} \S+ recorded, \S+ now, tolerance \S+$", str(finding))


def test_a_second_run_that_came_out_otherwise_for_one_loss_differs_in_that_loss_alone(tmp_path: Path) -> None:
    def worse(trial: Trial, metric: str, split: Any) -> float:
        return patternless(trial, metric, split) - (0.9 if trial.loss == "squared_hinge" else 0)

    recorded = read(tmp_path, RUN_DOCUMENT)
    findings = agreement.compare(recorded, [built(circles(), worse)])
    assert {finding.loss for finding in findings if not finding.agrees} == {"squared_hinge"}
    (ranked,) = (finding for finding in findings if finding.ranks and finding.loss == "squared_hinge")
    assert not ranked.agrees


def test_another_count_of_diverged_or_failed_trials_is_detected(tmp_path: Path) -> None:
    def of_four(name: str) -> Edit:
        """Count one trial less, with the interval that the others then have."""

        def edit(written: Document) -> None:
            row = standing(written, "hinge")
            ends = stats.t.interval(0.95, 3, loc=row["mean"], scale=row["sd"] / 2)
            row.update({name: 1, "ci": [float(end) for end in ends]})

        return edit

    for name in ("diverged", "failed"):
        (finding,) = differing(tmp_path, of_four(name))
        assert (finding.loss, finding.what, finding.recorded, finding.now) == ("hinge", f"{name} trials", 1, 0)


def test_trials_that_diverge_again_agree(tmp_path: Path) -> None:
    report = built(circles(), patternless, end=lambda t: "diverged" if t.loss == "hinge" or t.seed == 0 else "done")
    assert {one.loss: one.diverged for one in report.standings} == {THREE[0]: 1, "hinge": 5, "squared_hinge": 1}
    assert differing(tmp_path, lambda _: None, report) == []


FLAT: Score = lambda trial, metric, split: 0.75  # noqa: E731  a score like any other


@pytest.mark.parametrize("seeds", [1, 5])
@pytest.mark.parametrize(("metric", "matters"), [("accuracy", 0.005), ("mse", 0.02 * 0.75)])
def test_without_a_spread_what_matters_is_the_measure_and_with_none_a_tenth_of_it(
    tmp_path: Path, seeds: int, metric: str, matters: float
) -> None:
    task, loss = ("circles", "hinge") if metric == "accuracy" else ("regression", "mse")
    report = built(Comparison.ask(task, seeds=seeds, epochs=3), FLAT)
    tolerance = matters if seeds == 1 else matters / 10
    assert differing(tmp_path, moved(metric, "test", 0.98 * tolerance, loss), report) == []
    (finding,) = differing(tmp_path, moved(metric, "test", 1.05 * tolerance, loss), report)
    assert (finding.loss, finding.what) == (loss, f"test {metric}")


@pytest.mark.parametrize("count", [2, 3, 10, 30, 1000])
def test_a_tolerance_is_half_the_interval_of_a_difference_that_scipy_gives(count: int) -> None:
    expected = stats.t.ppf(0.975, count - 1) * 0.05 * np.sqrt(2 / count)
    assert metric_named("accuracy").tolerance(0.8, 0.05, count) == pytest.approx(expected)
    assert metric_named("accuracy").tolerance(0.8, 0.05, count, 340) == pytest.approx(expected * widening(count, 340))


def test_a_second_run_with_other_seeds_seldom_differs_anywhere() -> None:
    """What rounding can do at most to chaotic trainings: 340 pairs of means, each of seeds of its own."""
    runs, among, count = 400, 340, 10
    draws = np.random.default_rng(0).normal(0.8, 0.05, (2, runs, among, count))
    (recorded, now), sd = draws.mean(axis=-1), draws[0].std(axis=-1, ddof=1)
    accuracy = metric_named("accuracy")
    per_sd = accuracy.tolerance(0.8, 1.0, count, among)  # proportional to the spread, far above its least value
    assert np.mean(np.any(np.abs(recorded - now) > per_sd * sd, axis=1)) < 0.08  # 0.05, and what 400 runs leave open
    assert np.mean(np.any(np.abs(recorded - now) > accuracy.tolerance(0.8, 1.0, count) * sd, axis=1)) > 0.99


@each("metric", METRICS.values(), ids=METRICS)
def test_a_tolerance_knows_what_matters_for_every_metric(metric: Metric) -> None:
    matters = metric.rope * (2.0 if metric.relative else 1.0)
    for sd, count in ((None, 1), (None, 10), (0.1, 1), (0.1, 0)):
        assert metric.tolerance(2.0, sd, count) == metric.tolerance(-2.0, sd, count) == pytest.approx(matters)
    assert metric.tolerance(2.0, 0.0, 10) == pytest.approx(matters / 10)
    assert metric.tolerance(-2.0, 1e-9, 10) == pytest.approx(matters / 10)
    assert metric.tolerance(2.0, 10.0, 10) == pytest.approx(stats.t.ppf(0.975, 9) * 10.0 * np.sqrt(0.2))


def test_a_number_in_place_of_none_and_none_in_place_of_a_number_differ(tmp_path: Path) -> None:
    def undefined(trial: Trial, metric: str, split: Any) -> float | None:
        return None if metric == "roc_auc" else patternless(trial, metric, split)

    def gone(written: Document) -> None:
        standing(written, "hinge")["scores"]["roc_auc"]["test"] = {"mean": None, "sd": None}

    without = built(circles(), undefined)
    (finding,) = differing(tmp_path, gone)
    assert (finding.loss, finding.what, finding.recorded) == ("hinge", "test roc_auc", None)
    later = [f for f in agreement.compare(read(tmp_path, RUN_DOCUMENT), [without]) if not f.agrees]
    assert {(f.loss, f.what, f.now) for f in later} == {
        (loss, f"{split} roc_auc", None) for loss in THREE for split in ("train", "validation", "test")
    }
    assert differing(tmp_path, lambda _: None, without) == []


def preferring(rate: float) -> Score:
    """Score so that validation chooses a rate by a hair's breadth, while tests are as far apart as they are drawn."""

    def score(trial: Trial, metric: str, split: Any) -> float:
        if split == "validation":
            return 0.6 + 0.01 * trial.seed + (1e-6 if trial.learning_rate == rate else 0)
        return patternless(trial, metric, split)

    return score


def test_another_choice_of_rate_and_another_verdict_are_remarks_and_no_differences(tmp_path: Path) -> None:
    first, last = min(circles().learning_rates), max(circles().learning_rates)
    before, after = (built(circles(), preferring(rate)) for rate in (first, last))
    assert {one.learning_rate for one in before.standings} == {first}
    assert {one.learning_rate for one in after.standings} == {last}
    recorded = read(tmp_path, as_run(before))
    findings = agreement.compare(recorded, [after])
    assert all(finding.agrees for finding in findings)
    ranked = {finding.loss: finding.now for finding in findings if finding.ranks}
    assert ranked == {one.loss: pytest.approx(one.mean) for one in before.standings}  # at the rate that was recorded
    assert all(abs((one.mean or 0) - (ranked[one.loss] or 0)) > 1e-3 for one in after.standings)
    now = {one.loss: one for one in after.standings}
    expected = []
    for one in before.standings:
        expected.append(f"{one.loss} (circles, fair): validation chose {last:g} rather than {first:g}.")
        if one.verdict != now[one.loss].verdict:
            expected.append(
                f"{one.loss} (circles, fair): the verdict is {now[one.loss].verdict} rather than {one.verdict}."
            )
    assert agreement.remarks(recorded, [after]) == expected


def test_a_recording_of_the_first_form_is_read_and_its_ties_agree_with_equal_and_open_verdicts(tmp_path: Path) -> None:
    def as_first(document: Document) -> None:
        document["schema"] = 1
        for name in ("rope", "own_rope", "levels"):
            del document[name]
        for one in document["standings"]:
            for name in ("behind", "less_than_matters", "shares"):
                del one[name]
            if one["scores"]["ece"]:
                one["scores"]["ece"]["test"]["mean"] += 0.3  # which was worked out in another way
            one["verdict"] = "tied" if one["verdict"] in ("equal", "open") else one["verdict"]

    recorded = read(tmp_path, edited(RUN_DOCUMENT, as_first))
    assert "tied" in {one.verdict for one in recorded.comparisons[0].standings}
    assert all(finding.agrees for finding in agreement.compare(recorded, [RUN]))
    assert agreement.remarks(recorded, [RUN]) == []


def test_a_recording_is_asked_for_again_with_the_rope_and_the_finality_that_it_had(tmp_path: Path) -> None:
    comparison = msgspec.structs.replace(RUN.asked.comparison, rope=0.25, final=True)
    [asked] = read(tmp_path, as_run(built(comparison, patternless))).asked
    assert (asked.rope, asked.final) == (0.25, True)


def test_verdicts_are_compared_at_the_levels_that_were_recorded(tmp_path: Path) -> None:
    once = built(circles(), patternless)
    for looks in range(1, 5):
        again = build(msgspec.structs.replace(once.asked, looks=looks), once.rows)
        assert agreement.remarks(read(tmp_path, as_run(again)), [once]) == []


def test_another_verdict_alone_is_a_remark_and_no_difference(tmp_path: Path) -> None:
    now = next(one for one in RUN.standings if one.loss == "hinge")
    verdict = "worse" if now.verdict != "worse" else "open"
    assert differing(tmp_path, put("verdict", verdict)) == []
    assert agreement.remarks(read(tmp_path, edited(RUN_DOCUMENT, put("verdict", verdict))), [RUN]) == [
        f"hinge (circles, fair): the verdict is {now.verdict} rather than {verdict}."
    ]


def test_scores_that_are_said_to_be_another_rates_are_held_against_that_rates(tmp_path: Path) -> None:
    def score(trial: Trial, metric: str, split: Any) -> float:
        return (0.8 if trial.learning_rate == 0.1 else 0.4) + 0.01 * trial.seed

    report = built(circles(learning_rates=(0.1, 0.3), metric="accuracy"), score)
    assert differing(tmp_path, put("learning_rate", 0.1), report) == []
    wrong = differing(tmp_path, put("learning_rate", 0.3), report)
    assert {finding.loss for finding in wrong} == {"hinge"}
    for finding in wrong:
        assert [finding.recorded, finding.now] == pytest.approx([0.82, 0.42])
    assert "test accuracy" in {finding.what for finding in wrong}


@pytest.mark.parametrize("key", CASES)
def test_an_edited_row_of_a_reproduction_is_detected(tmp_path: Path, key: str) -> None:
    case, reports = CASES[key], REPRODUCED[key]
    place = 5
    row = case.rows(reports)[place]
    quantity = case.quantities(row)[-1]

    def differs(by: float) -> list[Deviation]:
        def edit(written: Document) -> None:
            written_row = written["rows"][place]
            written_row, name = (written_row["seeds"]["test"], "median") if key == "tutorial" else (written_row, "mean")
            written_row[name] += by

        recorded = read(tmp_path, edited(REPRODUCED_DOCUMENTS[key], edit))
        return [finding for finding in agreement.compare(recorded, reports) if not finding.agrees]

    numbers = sum(sum(1 for _ in means(one)) for one in REPRODUCED_DOCUMENTS[key]["comparisons"])
    tolerance = quantity.tolerance(numbers + sum(len(case.quantities(one)) for one in case.rows(reports)))
    assert differs(0.99 * tolerance) == []
    (finding,) = differs(1.01 * tolerance)
    assert (finding.where, finding.loss, finding.what) == (f"case {key}", row.loss, quantity.what)


# Custom losses


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text("def mine(y, f):\n    return (y - f) ** 2\n\ndef yours(y, f):\n    return abs(y - f)\n")
    return path


def test_a_recording_with_custom_losses_is_read_if_their_places_are_given(tmp_path: Path, mine: Path) -> None:
    own = (f"{mine}:mine", f"{mine}:mine:weight=2")
    comparison = Comparison.ask("circles", ("hinge",), own=own, seeds=3, epochs=3)
    report = built(comparison, patternless)
    written = as_run(report)
    assert str(mine) not in json.dumps(written)  # a recording never says where to find code
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    recorded = recording.read_recording(path, with_losses(*own, f"{mine}:yours"))
    (asked,) = recorded.asked
    assert in_some_order(asked) == in_some_order(comparison)  # what it does not hold is left out
    assert {trial.key for trial in asked.trials()} == {trial.key for trial in comparison.trials()}
    assert all(finding.agrees for finding in agreement.compare(recorded, [report]))
    assert {finding.loss for finding in agreement.compare(recorded, [report])} == set(comparison.losses)


def test_a_recording_with_a_custom_loss_that_was_edited_since_is_refused(tmp_path: Path, mine: Path) -> None:
    comparison = Comparison.ask("circles", ("hinge",), own=(f"{mine}:mine",), seeds=2, epochs=3)
    (key,) = (loss for loss in comparison.losses if "@" in loss)
    path = tmp_path / "recording.json"
    path.write_text(json.dumps(as_run(built(comparison, patternless))), encoding="utf-8")
    words = f"asks for something that cannot be run: {key!r} is a custom loss: say where it is with --loss-file"
    for own in ((), (f"{mine}:yours",), (f"{mine}:mine:weight=2",)):
        with pytest.raises(DataError, match=re.escape(words)) as raised:
            recording.read_recording(path, with_losses(*own))
        assert raised.value.exit_code == 3
    mine.write_text(mine.read_text() + "# edited\n")
    with pytest.raises(DataError, match="a file that was edited is another loss"):
        recording.read_recording(path, with_losses(f"{mine}:mine"))


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("huber:delta=-1", "delta of huber is -1, but must be from 0.000001 to 1,000,000."),
        ("huber:dleta=1", "There is no parameter of huber 'dleta'. Did you mean delta?"),
        ("poisson", "poisson needs targets y ≥ 0, and this task's go below."),
        ("cosine_similarity", "cosine_similarity is left out: "),
    ],
)
def test_a_recording_of_a_loss_that_cannot_be_had_is_refused_with_why(tmp_path: Path, key: str, sentence: str) -> None:
    written = as_run(built(Comparison.ask("regression", ("mse", "huber:delta=2"), seeds=2, epochs=3), patternless))
    written["standings"][0]["loss"] = key
    with pytest.raises(DataError, match=re.escape(sentence)):
        read(tmp_path, written)


def test_a_recording_in_which_a_loss_is_written_otherwise_is_refused(tmp_path: Path) -> None:
    written = as_run(built(Comparison.ask("regression", ("mse", "huber:delta=2"), seeds=2, epochs=3), patternless))
    for spelling in ("huber:delta=2.0", "Huber:delta=2"):
        standing_of = next(one for one in written["standings"] if one["loss"].lower().startswith("huber"))
        standing_of["loss"] = spelling
        with pytest.raises(DataError, match="does not name each of its losses once"):
            read(tmp_path, written)


# Races


def test_a_recorded_race_is_read_as_it_was_asked_and_agrees_with_itself(tmp_path: Path) -> None:
    *earlier, last = raced(circles(until="settled", seeds=30), drawn)
    assert len({standing.trials for standing in last.standings}) > 1
    path = tmp_path / "race.json"
    path.write_text(as_json(json_document.document(last)), encoding="utf-8")
    read = recording.read_recording(path)
    (asked,) = read.asked
    assert (asked.until, asked.cap, asked.seeds) == ("settled", 30, 3)
    assert all(one.agrees for one in agreement.compare(read, [last]))
    assert agreement.remarks(read, [last]) == []
    path.write_text(as_json(json_document.document(earlier[0])), encoding="utf-8")
    with pytest.raises(DataError, match="was recorded before all of its trials had ended"):
        recording.read_recording(path)
