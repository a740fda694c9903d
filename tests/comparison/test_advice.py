"""Advice by rules of thumb: each rule just below and just above where it begins, their order, and the command."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

from lossterm.cli.main import cli
from lossterm.comparison import advice
from lossterm.comparison.advice import REFERENCE, Advice, advise, command
from lossterm.comparison.comparison import Comparison
from lossterm.losses import LOSSES, Kind, loss_named
from lossterm.metrics import PRIMARY, metric_for
from lossterm.tasks import TASKS, Task
from tests.cells import each

ROWS = 1000


def task_of(
    target: np.ndarray, features: np.ndarray | None = None, *, kind: Kind = "regression", **fields: Any
) -> Task:
    """Return a task of a kind with these rows."""
    if features is None:
        features = np.random.default_rng(5).normal(size=(len(target), 3))
    return Task(
        key={"regression": "regression", "binary": "circles", "multiclass": "blobs"}[kind],
        title="made for a test",
        kind=kind,
        rows=len(target),
        features=features.shape[1],
        classes=None if kind == "regression" else len(np.unique(target)),
        hidden=(5,),
        epochs=1,
        draw=lambda _: (features, target),
        **fields,
    )


OF_TABLE: dict[str, Any] = {"asked": ("--data", "t.csv", "--target", "y"), "advised": lambda: ("--data", "t.csv")}
"""Fields of a task on a user table, whose cells can be read as missing."""


def unsure(*, probabilities: bool = False) -> Advice:
    """Return the advice on two classes of which a fifth of the labels is wrong."""
    features, target = two_classes(0.2)
    return advise(task_of(target, features, kind="binary"), probabilities=probabilities)


def two_classes(wrong: float) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of two classes that a line tells apart, of which some labels are wrong."""
    stream = np.random.default_rng(1)
    features = stream.uniform(-1, 1, size=(ROWS, 2))
    target = (features[:, 0] > 0).astype(int)
    turned = stream.permutation(ROWS)[: round(wrong * ROWS)]
    target[turned] = 1 - target[turned]
    return features, target


@pytest.fixture
def residuals(monkeypatch: pytest.MonkeyPatch) -> Callable[[np.ndarray], None]:
    """Return what sets the residuals of the robust fit, which itself is slow."""

    def hold(values: np.ndarray) -> None:
        monkeypatch.setattr(advice, "_residuals", lambda *_: values)

    hold(normal())
    return hold


def normal() -> np.ndarray:
    return np.random.default_rng(2).normal(size=ROWS)


SIGNED = np.random.default_rng(3).normal(size=ROWS)
"""Targets that go below 0."""

Residuals = Callable[[np.ndarray], None]


# Targets


def counted(mean: float = 1.0, scatter: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return features and counts whose mean grows along them, with more scatter than Poisson's where that is wanted."""
    stream = np.random.default_rng(0)
    x = stream.normal(size=(ROWS, 3))
    rate = mean * np.exp(0.7 * x[:, 0]) * (stream.gamma(1 / scatter, scatter, ROWS) if scatter else 1.0)
    return x, stream.poisson(rate).astype(float)


def test_whole_numbers_whose_spread_grows_may_be_counts() -> None:
    for mean, scatter in ((1.0, 0.0), (4.0, 0.0), (4.0, 0.3)):
        features, target = counted(mean, scatter)
        advice = advise(task_of(target, features, lowest=0))
        assert (advice.losses, advice.metric) == (("mse", "poisson"), "d2_poisson")
        assert re.fullmatch(
            r"the targets are whole numbers from 0 to \d+ whose spread grows with their mean: they may be counts",
            advice.reason,
        )


def bent(rows: int = ROWS) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Return features, a signal of them with spread 1, and what draws noise."""
    stream = np.random.default_rng(6)
    x = stream.normal(size=(rows, 3))
    signal = x[:, 0] + 0.5 * x[:, 1] ** 2
    return x, (signal - signal.mean()) / signal.std(), stream


def test_whole_numbers_alone_are_no_counts() -> None:
    x, signal, stream = bent()
    noise = stream.normal(size=ROWS)
    amounts = {
        "prices": np.round(80_000 * np.exp(0.4 * signal + 0.2 * noise)),
        "prices in hundreds": np.round(800 * np.exp(0.4 * signal + 0.2 * noise)),
        "weights": np.round(3000 + 400 * signal + 100 * noise),
        "scores": np.clip(np.round(66 + 12 * signal + 6 * noise), 0, 100),
        "years": np.round(1970 + 15 * signal + 8 * noise),
    }
    for what, target in amounts.items():
        advice = advise(task_of(target, x, lowest=float(target.min()), zeros=False))
        assert "poisson" not in advice.losses, what
        assert "count" not in advice.sentence + "".join(advice.notes), what
        assert not any("overdispersed" in note for note in advice.notes), what


def test_a_few_whole_levels_are_ratings_and_neither_counts_nor_wrong_labels() -> None:
    x, signal, stream = bent()
    stars = np.clip(np.round(3 + 0.9 * signal + 0.6 * stream.normal(size=ROWS)), 1, 5)
    advice = advise(task_of(stars, x, lowest=1, zeros=False))
    assert advice.losses == ("mse",)
    assert "5 whole levels from 1 to 5" in advice.reason
    assert "no counts" in advice.reason
    classes = advise(task_of((stars - 1).astype(int), x, kind="multiclass", labels=tuple("12345")))
    assert classes.losses == ("categorical_crossentropy",)
    assert "the classes are the whole numbers 1 to 5" in classes.reason
    assert "one step off" in classes.reason
    assert "--kind regression" in classes.reason


def test_a_code_among_targets_is_named_and_nothing_that_hides_it_advised() -> None:
    x, signal, stream = bent()
    plain = 20 + 4 * signal + stream.normal(size=ROWS)
    for code, share in ((-999.0, 0.2), (-99.0, 0.02), (9999.0, 0.1), (-1.0, 0.15)):
        target = np.where(stream.random(ROWS) < share, code, np.maximum(plain, 1))
        advice = advise(task_of(target, x, lowest=float(target.min())))
        assert (advice.losses, advice.first) == (("mse",), True)
        assert advice.sentence.startswith(f"Before any loss: {code:g} stands in ")
        assert "looks like a code for a missing value" in advice.reason
        table = advise(task_of(target, x, lowest=float(target.min()), **OF_TABLE))
        assert table.reason.endswith(f"if it is one, --missing y={code:g} reads it so")
        arrays = advise(task_of(target, x, lowest=float(target.min()), asked=OF_TABLE["asked"]))
        assert arrays.reason.endswith("if it is one, leave these rows out")
    for honest in (plain, np.round(plain), np.where(np.arange(ROWS) == 3, -999.0, plain), 100 * signal):
        assert "code" not in advise(task_of(honest, x)).reason


@each("code", ["9999999", "2147483647", "-999.9"])
def test_a_code_is_written_as_its_cells_are(code: str) -> None:
    target = np.where(np.arange(ROWS) % 10 == 0, float(code), 20 + SIGNED)
    task = task_of(target, **OF_TABLE)
    (found,) = advice._of_code(task, target)
    assert found.reason.startswith(f"{code} stands in 10 % of the targets")
    assert found.reason.endswith(f"--missing y={code} reads it so")


@each(
    ("labels", "said"),
    [
        (
            ("-1", "0", "1", "2"),
            "-1 stands in 25 % of the targets, and all others lie from 0 to 2: it looks like a code",
        ),
        (("a", "b", "c", "unknown"), "'unknown' is the class of 25 % of the rows: it looks like what is"),
    ],
)
def test_a_code_among_classes_is_named_and_no_reason_built_on_it(labels: tuple[str, ...], said: str) -> None:
    target = np.arange(ROWS) % 4
    task = task_of(target, kind="multiclass", labels=labels, **OF_TABLE)
    code = labels[0] if labels[0] == "-1" else labels[-1]
    for probabilities in (False, True):
        advised = advise(task, probabilities=probabilities)
        assert (advised.first, advised.losses) == (True, ("categorical_crossentropy",))
        assert advised.reason.startswith(said)
        assert advised.reason.endswith(f", --missing y={code} reads it so")
        assert "levels" not in advised.reason
    for honest in (("0", "1", "2", "3"), ("a", "b", "c", "d"), ()):
        assert not next(advice._of_code(task_of(target, kind="multiclass", labels=honest), target), None)


def test_the_command_holds_what_is_advised(tmp_path: Path) -> None:
    rows = [f"{n},{n * 7 % 17},{n % 7},{(-1, 0, 1, 2)[n % 4]}" for n in range(120)]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["id,x,w,mood", *rows]) + "\n")
    for _ in ("read", "cached"):
        result = CliRunner().invoke(cli, ["advise", "--data", str(file), "--target", "mood", "--format", "json"])
        assert result.exception is None, result.output
        document = json.loads(result.stdout)
        assert document["sentence"].startswith("Before any loss: -1 stands in ")
        assert document["command"].endswith(" --target mood --drop id --missing mood=-1")


def test_where_features_tell_nothing_no_loss_is_advised() -> None:
    stream = np.random.default_rng(7)
    x = stream.normal(size=(ROWS, 3))
    numbers = advise(task_of(5 + stream.normal(size=ROWS), x))
    assert (numbers.losses, numbers.first) == (("mse",), True)
    assert "no better than chance (rank correlation " in numbers.reason
    for share, metric in ((0.06, "balanced_accuracy"), (0.5, "accuracy")):
        classes = advise(task_of((stream.random(ROWS) < share).astype(int), x, kind="binary"))
        assert (classes.losses, classes.metric, classes.first) == (("binary_crossentropy",), metric, True)
        assert "no better than chance (AUC 0." in classes.reason
        assert "always naming the largest is right in" in classes.reason


def test_classes_that_overlap_are_not_taken_for_wrong_labels() -> None:
    stream = np.random.default_rng(8)
    target = stream.integers(0, 2, ROWS)
    advice = advise(task_of(target, stream.normal(size=(ROWS, 3)) + 0.8 * target[:, None], kind="binary"))
    assert advice.losses == ("binary_crossentropy",)
    assert "hesitates there: classes overlap" in advice.reason


@pytest.mark.parametrize(
    "spoilt", [lambda y: np.where(np.arange(ROWS) == 7, 2.5, y), lambda y: y - 1, lambda y: np.minimum(y, 1)]
)
def test_what_is_no_count_gets_no_poisson(residuals: Residuals, spoilt: Callable[[np.ndarray], np.ndarray]) -> None:
    target = spoilt(np.random.default_rng(0).poisson(3, ROWS).astype(float))
    assert "poisson" not in advise(task_of(target)).losses


@pytest.mark.parametrize(("zeros", "losses"), [(100, ("mse",)), (101, ("mse", "tweedie"))])
def test_more_than_a_tenth_of_exact_zeros_is_for_tweedie(
    residuals: Residuals, zeros: int, losses: tuple[str, ...]
) -> None:
    target = np.random.default_rng(0).uniform(1, 2, ROWS)
    target[:zeros] = 0
    advice = advise(task_of(target, lowest=0))
    assert advice.losses == losses
    if zeros > 100:
        assert (advice.metric, advice.number) == ("d2_tweedie", 0.101)
        assert advice.reason == "10 % of the targets are exactly 0 and none is negative"


def skewed(skew: float) -> np.ndarray:
    """Return positive targets of two values, of which the rarer is as rare as this skewness wants."""
    share = next(p for p in np.linspace(0.5, 0.01, 100_000) if (1 - 2 * p) / np.sqrt(p * (1 - p)) >= skew)
    rare = round(share * ROWS)
    return np.concatenate([np.full(ROWS - rare, 1.5), np.full(rare, 2.5)])


@pytest.mark.parametrize(("skew", "losses"), [(0.97, ("mse",)), (1.03, ("mse", "log1p_mse"))])
def test_positive_targets_of_a_skewness_over_one_are_for_log1p(
    residuals: Residuals, skew: float, losses: tuple[str, ...]
) -> None:
    advice = advise(task_of(skewed(skew), lowest=0, zeros=False))
    assert advice.losses == losses
    if len(losses) > 1:
        assert advice.metric == "rmsle"
        assert advice.number == pytest.approx(skew, abs=0.02)
        assert advice.reason == "targets are positive and their skewness is 1.0"


@pytest.mark.parametrize(("largest", "losses"), [(19.9, ("mse",)), (20.1, ("mse", "log1p_mse"))])
def test_positive_targets_with_a_largest_over_twenty_times_the_median_are_for_log1p(
    residuals: Residuals, largest: float, losses: tuple[str, ...]
) -> None:
    # Two thirds near 1, a third near the largest: a long way from the median, and hardly skewed.
    target = np.concatenate([np.full(520, 1.0), np.full(480, largest)])
    advice = advise(task_of(target + 0.0001 * np.arange(ROWS) / ROWS, lowest=0, zeros=False))
    assert advice.losses == losses
    if len(losses) > 1:
        assert advice.reason == "targets are positive and the largest is 20 times the median"
        assert advice.number == pytest.approx(20.1, abs=0.1)


def test_targets_that_go_below_0_get_no_log1p(residuals: Residuals) -> None:
    target = np.exp(np.random.default_rng(0).normal(size=ROWS))
    assert advise(task_of(target)).losses == ("mse", "log1p_mse")
    target[0] = 0.0
    assert advise(task_of(target)).reason.startswith("targets are not negative and their skewness is ")
    target[0] = -0.001
    assert advise(task_of(target)).losses == ("mse",)


# Residuals


@pytest.mark.parametrize(("far", "losses"), [(10, ("mse",)), (11, ("mse", "mae", "cauchy"))])
def test_more_than_a_hundredth_of_residuals_far_out_is_for_mae_or_cauchy(
    residuals: Residuals, monkeypatch: pytest.MonkeyPatch, far: int, losses: tuple[str, ...]
) -> None:
    monkeypatch.setattr(advice, "HEAVY", np.inf)  # the next rule, which far residuals would meet
    values = np.resize([-1.0, 0.0, 1.0], ROWS)
    values[:far] = 5.01 * 1.4826
    residuals(values)
    advised = advise(task_of(SIGNED))
    assert advised.losses == losses
    if far > 10:
        assert advised.number == 0.011
        assert advised.reason.startswith("1.1 % of the residuals of a robust fit lie beyond five deviations")


def test_residuals_within_five_deviations_are_not_far_out(
    residuals: Residuals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advice, "HEAVY", np.inf)
    values = np.resize([-1.0, 0.0, 1.0], ROWS)
    values[:200] = 4.99 * 1.4826
    residuals(values)
    assert advise(task_of(SIGNED)).losses == ("mse",)


@pytest.mark.parametrize(("size", "losses"), [(4.6, ("mse",)), (4.8, ("mse", "huber"))])
def test_residuals_of_an_excess_kurtosis_over_three_are_for_huber(
    residuals: Residuals, size: float, losses: tuple[str, ...]
) -> None:
    # 40 of 1000 rows further out than the others, and none beyond five deviations.
    values = np.concatenate([np.tile([-1.0, 1.0], 480), np.tile([-size, size], 20)])
    residuals(values)
    heavy = (0.96 + 0.04 * size**4) / (0.96 + 0.04 * size**2) ** 2 - 3
    assert heavy == pytest.approx(3, abs=0.3)
    advice = advise(task_of(SIGNED))
    assert advice.losses == losses
    if len(losses) > 1:
        assert advice.number == pytest.approx(heavy)
        assert f"excess kurtosis of {heavy:.1f}" in advice.reason


def test_normal_residuals_of_signed_targets_need_nothing_but_the_reference(residuals: Residuals) -> None:
    advice = advise(task_of(SIGNED))
    assert (advice.losses, advice.number, advice.metric) == (("mse",), None, "mae")
    assert advice.sentence == f"Try mse: {advice.reason} (a heuristic)."


@pytest.mark.parametrize("far", [False, True])
def test_outliers_in_the_data_are_found_by_a_real_fit(far: bool) -> None:
    stream = np.random.default_rng(4)
    features = stream.normal(size=(600, 3))
    target = features @ [1.0, -2.0, 0.5] + 0.1 * stream.normal(size=600)
    if far:
        target[:30] += 40
    advice = advise(task_of(target, features))
    assert advice.losses == (("mse", "mae", "cauchy") if far else ("mse",))


# Classes and labels


@pytest.mark.parametrize(("rare", "metric"), [(50, "accuracy"), (49, "balanced_accuracy")])
def test_classes_out_of_balance_by_more_than_ten_keep_the_reference(rare: int, metric: str) -> None:
    stream = np.random.default_rng(0)
    target = np.repeat([0, 1], [500, rare])
    features = target[:, None] * 4 + stream.normal(size=(len(target), 2))
    advice = advise(task_of(target, features, kind="binary"))
    assert (advice.losses, advice.metric) == (("binary_crossentropy",), metric)
    assert ("keep it and tune the threshold" in advice.reason) == (metric == "balanced_accuracy")
    assert "focal" not in advice.sentence


@pytest.mark.parametrize(("wrong", "losses"), [(0.10, ()), (0.20, ("binary_gce",))])
def test_labels_that_a_forest_disagrees_with_are_for_robust_losses(wrong: float, losses: tuple[str, ...]) -> None:
    features, target = two_classes(wrong)
    advice = advise(task_of(target, features, kind="binary"))
    assert advice.losses == ("binary_crossentropy", *losses)
    if losses:
        assert advice.number is not None
        assert 0.15 < advice.number < 0.4
        assert f"disagrees with {100 * advice.number:.0f} % of the labels" in advice.reason


@pytest.mark.parametrize(("apart", "noisy"), [(150, False), (151, True)])
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_disagreement_with_more_than_fifteen_in_a_hundred_labels_counts_as_noise(
    monkeypatch: pytest.MonkeyPatch, apart: int, noisy: bool, kind: Kind
) -> None:
    classes = 2 if kind == "binary" else 3
    target = np.arange(ROWS) % classes

    def given(_: np.ndarray, labels: np.ndarray) -> np.ndarray:
        foreseen = labels.copy()
        foreseen[:apart] = (foreseen[:apart] + 1) % classes
        probabilities = np.full((ROWS, classes), 0.1)
        probabilities[np.arange(ROWS), foreseen] = 1 - 0.1 * (classes - 1)
        return probabilities

    monkeypatch.setattr(advice, "_probabilities", given)
    robust = {"binary": ("binary_gce",), "multiclass": ("gce", "sce")}[kind]
    advised = advise(task_of(target, kind=kind))
    assert advised.losses == (REFERENCE[kind], *(robust if noisy else ()))


# Order


def test_counts_come_before_zeros_and_skewness() -> None:
    features, target = counted(0.6)
    target[0] = 20
    assert (target == 0).mean() > 0.1
    assert advise(task_of(target, features)).losses == ("mse", "poisson")


def test_zeros_come_before_skewness_and_residuals(residuals: Residuals) -> None:
    residuals(np.concatenate([normal()[:-50], np.full(50, 100.0)]))
    target = np.exp(np.random.default_rng(0).normal(size=ROWS))
    target[:300] = 0
    assert advise(task_of(target)).losses == ("mse", "tweedie")


def test_rows_far_out_come_before_skewness_and_heavy_tails(residuals: Residuals) -> None:
    values = np.concatenate([normal()[:-50], np.full(50, 100.0)])
    residuals(values)
    assert advise(task_of(np.exp(SIGNED))).losses == ("mse", "mae", "cauchy")
    assert advise(task_of(SIGNED)).losses == ("mse", "mae", "cauchy")


def test_a_long_tail_is_no_outlier_and_gross_errors_are_no_long_tail() -> None:
    x, signal, stream = bent()
    tail = 1000 * np.exp(signal + 0.4 * stream.normal(size=ROWS))
    assert advise(task_of(tail, x, lowest=0, zeros=False)).losses == ("mse", "log1p_mse")
    plain = 20 + 3 * signal + 0.5 * stream.normal(size=ROWS)
    wrong = np.where(stream.random(ROWS) < 0.05, 10 * plain, plain)
    advice = advise(task_of(wrong, x, lowest=0, zeros=False))
    assert advice.losses == ("mse", "mae", "cauchy")
    assert "residuals of a robust fit of logarithms lie beyond" in advice.reason


def test_imbalance_comes_before_noise() -> None:
    stream = np.random.default_rng(0)
    target = np.repeat([0, 1, 2], [900, 50, 50])
    assert advise(task_of(target, stream.normal(size=(ROWS, 2)), kind="multiclass")).metric == "balanced_accuracy"


# What always holds


ASKED = [
    (key, wanted)
    for key, task in TASKS.items()
    for wanted in (False, True)
    if not (wanted and task.kind == "regression")
]
"""Tasks, and whether probabilities are wanted, which means something for classes alone."""


@each(("key", "probabilities"), ASKED)
def test_the_reference_is_always_first_and_everything_fits_the_task(key: str, probabilities: bool) -> None:
    task = TASKS[key]
    advice = known(key, probabilities=probabilities)
    assert advice.losses[0] == advice.reference == REFERENCE[task.element]
    assert len(set(advice.losses)) == len(advice.losses)
    assert all(LOSSES[loss].misfit(task.targets, "fair") is None for loss in advice.losses)
    assert metric_for(advice.metric, task.kind, "fair", task.lowest).key == advice.metric
    assert advice.task == key
    assert advice.sentence.startswith("Try ")
    assert advice.sentence.endswith("(a heuristic).")
    if probabilities and task.element != "regression":
        assert all(loss_named(loss).proper and loss_named(loss).probabilistic for loss in advice.losses)
        assert len(advice.losses) > 1 or task.element == "binary"


_known: dict[tuple[str, bool], Advice] = {}


def known(key: str, *, probabilities: bool = False) -> Advice:
    """Return the advice on a task that comes with lossterm, looked for once."""
    if (key, probabilities) not in _known:
        _known[key, probabilities] = advise(TASKS[key], probabilities=probabilities)
    return _known[key, probabilities]


@each(
    ("key", "losses", "metric"),
    [
        ("regression", ("mse",), "mae"),
        ("counts", ("mse", "poisson"), "d2_poisson"),
        ("claims", ("mse", "tweedie"), "d2_tweedie"),
        ("prices", ("mse", "log1p_mse"), "rmsle"),
        ("shares", ("mse",), "mae"),
        ("circles", ("binary_crossentropy",), "accuracy"),
        ("blobs", ("categorical_crossentropy",), "accuracy"),
        ("digits", ("categorical_crossentropy",), "accuracy"),
        ("diabetes", ("mse",), "mae"),
        ("breast_cancer", ("binary_crossentropy",), "accuracy"),
        ("wine", ("categorical_crossentropy",), "accuracy"),
        ("iris", ("categorical_crossentropy",), "accuracy"),
        ("digit_images", ("categorical_crossentropy",), "accuracy"),
        ("shapes", ("categorical_crossentropy",), "dice"),
        ("spots", ("binary_crossentropy",), "dice"),
        ("waves", ("categorical_crossentropy",), "accuracy"),
        ("arm", ("mse",), "r2"),
        ("topics", ("binary_crossentropy",), "label_macro_ap"),
        ("ratings", ("categorical_crossentropy",), "qwk"),
    ],
)
def test_the_tasks_that_come_with_it_get_what_they_were_made_for(
    key: str, losses: tuple[str, ...], metric: str
) -> None:
    advice = known(key)
    assert (advice.losses, advice.metric) == (losses, metric)


def test_where_nothing_is_looked_for_the_usual_first_choice_is_called_no_more_than_that() -> None:
    for key in ("digit_images", "shapes", "waves", "arm", "topics"):
        advice = known(key)
        assert advice.sentence.startswith(f"Try {advice.reference}: it is only the usual first choice, "), key
        assert "in tables with one target alone (a heuristic)." in advice.sentence, key
        assert advice.number is None, key


def test_every_task_has_an_expectation_here() -> None:
    drawn = ["regression", "counts", "claims", "prices", "shares", "circles", "blobs"]
    shaped = ["digit_images", "shapes", "spots", "waves", "arm", "topics", "ratings"]
    assert list(TASKS) == [*drawn, "digits", "diabetes", "breast_cancer", "wine", "iris", *shaped]


def test_losses_that_the_data_make_wrong_are_hidden_with_the_reason(residuals: Residuals) -> None:
    below = dict(advise(task_of(SIGNED)).hidden)
    assert {"msle", "poisson", "gamma", "tweedie"} <= set(below)
    assert "go below" in below["poisson"]
    zeros = dict(advise(task_of(np.abs(SIGNED), lowest=0)).hidden)
    assert set(zeros) == {"gamma", "mape", "share_crossentropy"}
    assert "go above" in zeros.pop("share_crossentropy")
    assert all("may be 0" in reason for reason in zeros.values())
    assert {key for key, _ in advise(task_of(np.abs(SIGNED) + 1, lowest=0, zeros=False)).hidden} <= {
        "share_crossentropy"
    }


def test_counts_that_are_spread_more_than_twice_their_mean_are_called_overdispersed() -> None:
    for mean, scatter, noted in ((4.0, 0.3, True), (0.4, 0.0, False)):
        features, target = counted(mean, scatter)
        notes = advise(task_of(target, features)).notes
        over = target.var() / target.mean()
        assert (over > 2) == noted
        said = f"The variance is {over:.1f} times the mean: overdispersed before features are looked at."
        assert notes == ((said,) if noted else ())


def test_amounts_that_are_no_counts_are_never_called_overdispersed(residuals: Residuals) -> None:
    assert advise(task_of(np.exp(2 * SIGNED))).notes == ()


def test_where_probabilities_are_wanted_only_proper_losses_are_named() -> None:
    assert unsure().losses == ("binary_crossentropy", "binary_gce")
    wanted = unsure(probabilities=True)
    assert (wanted.losses, wanted.metric) == (("binary_crossentropy",), "log_loss")
    assert wanted.reason == "probabilities are wanted, and these losses are proper"
    many = known("blobs", probabilities=True)
    assert many.losses == ("categorical_crossentropy", "brier")


def test_probabilities_change_nothing_for_numbers() -> None:
    assert known("counts", probabilities=True) == known("counts")


def test_the_same_task_gets_the_same_advice() -> None:
    assert advise(TASKS["counts"]) == advise(TASKS["counts"])


# Data that are hardly there


@pytest.mark.parametrize("value", [0.0, 3.0, 2.5, -1.5])
def test_constant_targets_are_told_something(value: float) -> None:
    advice = advise(task_of(np.full(60, value)))
    assert advice.losses[0] == "mse"


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0])
def test_residuals_that_are_all_equal_end_nothing(residuals: Residuals, value: float) -> None:
    residuals(np.full(ROWS, value))
    assert advise(task_of(SIGNED)).losses[0] == "mse"


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 20])
def test_a_few_rows_of_numbers_end_nothing(rows: int) -> None:
    assert advise(task_of(SIGNED[:rows])).losses[0] == "mse"


@pytest.mark.parametrize("rows", [(1, 1), (2, 2), (1, 5), (3, 3), (20, 2), (5,)])
def test_a_few_rows_of_classes_end_nothing(rows: tuple[int, ...]) -> None:
    target = np.repeat(np.arange(len(rows)), rows)
    assert advise(task_of(target, kind="binary")).losses[0] == "binary_crossentropy"


def test_more_rows_than_are_looked_at_are_thinned() -> None:
    seen: list[int] = []

    def note(_: np.ndarray, target: np.ndarray) -> np.ndarray:
        seen.append(len(target))
        return target

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(advice, "_residuals", note)
        advise(task_of(np.random.default_rng(0).normal(size=5000)))
    assert seen == [advice.MOST_ROWS]


# Command and JSON


@each("key", TASKS)
@each("probabilities", [False, True], ids=["any", "probabilities"])
def test_the_command_is_one_that_the_program_understands(key: str, probabilities: bool) -> None:
    advice = known(key, probabilities=probabilities)
    program, name, *arguments = shlex.split(command(advice))
    assert program == "lossterm"
    run = cli.commands[name]
    assert isinstance(run, click.Command)
    options = run.make_context(name, arguments).params
    comparison = Comparison.ask(options["task"], options["losses"], metric=options["metric"])
    assert (comparison.task, comparison.metric) == (key, advice.metric)
    if len(advice.losses) > 1:
        assert comparison.losses == advice.losses
    else:
        assert advice.reference in comparison.losses
        assert len(comparison.losses) > 1


def test_the_command_names_a_metric_only_where_another_than_the_first_ranks() -> None:
    assert "--metric" not in command(known("blobs"))
    assert command(known("counts")).endswith(" --metric d2_poisson")
    assert PRIMARY["regression"] in Comparison.ask("regression").metric


@pytest.mark.parametrize(
    ("key", "arguments", "reference", "metric"),
    [
        ("counts", (), "mse", "d2_poisson"),
        ("blobs", ("--probabilities",), "categorical_crossentropy", "log_loss"),
    ],
)
def test_advice_as_json_holds_everything(key: str, arguments: tuple[str, ...], reference: str, metric: str) -> None:
    result = CliRunner().invoke(cli, ["advise", "--task", key, "--format", "json", *arguments])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    advice = known(key, probabilities=bool(arguments))
    assert document["losses"] == list(advice.losses)
    assert document["hidden"] == [list(pair) for pair in advice.hidden]
    assert (document["reference"], document["metric"]) == (reference, metric)
    assert document["sentence"] == advice.sentence
    assert document["command"] == command(advice)
    assert document["heuristic"] is True


def test_advice_in_words_has_reason_hidden_losses_and_the_way_to_know() -> None:
    result = CliRunner().invoke(cli, ["advise", "--task", "counts"])
    advice = known("counts")
    first, *others = result.stdout.splitlines()
    assert first == advice.sentence
    assert [line for line in others if line.startswith("Not offered: ")] == [
        f"Not offered: {', '.join(f'{loss} (needs {LOSSES[loss].valid})' for loss, _ in advice.hidden)}."
    ]
    assert f"To know: {command(advice)}" in others
    assert any("No detectable difference" in line for line in others)


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        (("mse",), "Try mse: so (a heuristic)."),
        (("mse", "huber"), "Try huber beside mse: so (a heuristic)."),
        (("mse", "mae", "cauchy"), "Try mae or cauchy beside mse: so (a heuristic)."),
        (("mse", "mae", "cauchy", "fair"), "Try mae, cauchy or fair beside mse: so (a heuristic)."),
    ],
)
def test_the_sentence_names_the_others_beside_the_reference(losses: tuple[str, ...], words: str) -> None:
    advice = Advice(
        task="regression",
        kind="regression",
        words=("--task", "regression"),
        losses=losses,
        reference="mse",
        metric="mae",
        reason="so",
        number=None,
    )
    assert advice.sentence == words


def test_a_few_rows_are_said_to_be_too_few_instead_of_being_judged() -> None:
    counts, positive = np.array([0, 1, 3, 2, 0, 1]), np.array([1.0, 1.5, 90.0, 2.0, 1.0])
    classes = np.array([0] * 22 + [1])
    cases: tuple[tuple[np.ndarray, Kind], ...] = (
        (counts, "regression"),
        (positive, "regression"),
        (classes, "binary"),
    )
    for target, kind in cases:
        given = advise(task_of(target, kind=kind))
        assert given.losses == (REFERENCE[kind],)
        assert given.reason == f"{len(target)} rows are too few to tell what another loss would be better for"
    rare = np.array([0] * 20 + [1] * 18 + [2] * 2)
    assert "too few rows to judge the labels" in advise(task_of(rare, kind="multiclass")).reason
