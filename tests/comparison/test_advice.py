"""Advice by rules of thumb: each rule just below and just above where it begins, their order, and the command."""

import json
import re
import shlex
from collections.abc import Callable
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


def test_whole_numbers_may_be_counts(residuals: Residuals) -> None:
    advice = advise(task_of(np.random.default_rng(0).poisson(3, ROWS).astype(float), lowest=0))
    assert (advice.losses, advice.metric) == (("mse", "poisson"), "d2_poisson")
    assert re.fullmatch(
        r"100 % of the targets are whole numbers, from 0 to \d+: they may be counts",
        advice.reason,
    )


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


@pytest.mark.parametrize("value", [0.0, -0.001])
def test_targets_that_are_not_all_positive_get_no_log1p(residuals: Residuals, value: float) -> None:
    target = np.exp(np.random.default_rng(0).normal(size=ROWS))
    assert advise(task_of(target)).losses == ("mse", "log1p_mse")
    target[0] = value
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

    def foreseen(_: object, __: np.ndarray, labels: np.ndarray, **___: object) -> np.ndarray:
        flipped = labels.copy()
        flipped[:apart] = (flipped[:apart] + 1) % classes
        return flipped

    monkeypatch.setattr("sklearn.model_selection.cross_val_predict", foreseen)
    robust = {"binary": ("binary_gce",), "multiclass": ("gce", "sce")}[kind]
    advice = advise(task_of(target, kind=kind))
    assert advice.losses == (REFERENCE[kind], *(robust if noisy else ()))


# Order


def test_counts_come_before_zeros_skewness_and_residuals(residuals: Residuals) -> None:
    residuals(np.concatenate([normal()[:-50], np.full(50, 100.0)]))
    target = np.random.default_rng(0).poisson(0.4, ROWS).astype(float)
    target[0] = 50
    assert (target == 0).mean() > 0.1
    assert advise(task_of(target)).losses == ("mse", "poisson")


def test_zeros_come_before_skewness_and_residuals(residuals: Residuals) -> None:
    residuals(np.concatenate([normal()[:-50], np.full(50, 100.0)]))
    target = np.exp(np.random.default_rng(0).normal(size=ROWS))
    target[:300] = 0
    assert advise(task_of(target)).losses == ("mse", "tweedie")


def test_skewness_comes_before_residuals_and_far_ones_before_heavy_ones(residuals: Residuals) -> None:
    values = np.concatenate([normal()[:-50], np.full(50, 100.0)])
    residuals(values)
    assert advise(task_of(np.exp(SIGNED))).losses == ("mse", "log1p_mse")
    assert advise(task_of(SIGNED)).losses == ("mse", "mae", "cauchy")


def test_imbalance_comes_before_noise() -> None:
    stream = np.random.default_rng(0)
    target = np.repeat([0, 1, 2], [900, 50, 50])
    assert advise(task_of(target, stream.normal(size=(ROWS, 2)), kind="multiclass")).metric == "balanced_accuracy"


# What always holds


@each("key", TASKS)
@each("probabilities", [False, True], ids=["any", "probabilities"])
def test_the_reference_is_always_first_and_everything_fits_the_task(key: str, probabilities: bool) -> None:
    task = TASKS[key]
    advice = known(key, probabilities=probabilities)
    assert advice.losses[0] == advice.reference == REFERENCE[task.kind]
    assert len(set(advice.losses)) == len(advice.losses)
    assert all(LOSSES[loss].misfit(task.targets, "fair") is None for loss in advice.losses)
    assert metric_for(advice.metric, task.kind, "fair", task.lowest).key == advice.metric
    assert advice.task == key
    assert advice.sentence.startswith("Try ")
    assert advice.sentence.endswith("(a heuristic).")
    if probabilities and task.kind != "regression":
        assert all(loss_named(loss).proper and loss_named(loss).probabilistic for loss in advice.losses)
        assert len(advice.losses) > 1 or task.kind == "binary"


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
        ("circles", ("binary_crossentropy", "binary_gce"), "accuracy"),
        ("blobs", ("categorical_crossentropy", "gce", "sce"), "accuracy"),
        ("digits", ("categorical_crossentropy",), "accuracy"),
        ("diabetes", ("mse", "poisson"), "d2_poisson"),
        ("breast_cancer", ("binary_crossentropy",), "accuracy"),
        ("wine", ("categorical_crossentropy",), "accuracy"),
        ("iris", ("categorical_crossentropy",), "accuracy"),
    ],
)
def test_the_tasks_that_come_with_it_get_what_they_were_made_for(
    key: str, losses: tuple[str, ...], metric: str
) -> None:
    advice = known(key)
    assert (advice.losses, advice.metric) == (losses, metric)


def test_every_task_has_an_expectation_here() -> None:
    drawn = ["regression", "counts", "claims", "prices", "circles", "blobs"]
    assert list(TASKS) == [*drawn, "digits", "diabetes", "breast_cancer", "wine", "iris"]


def test_losses_that_the_data_make_wrong_are_hidden_with_the_reason(residuals: Residuals) -> None:
    below = dict(advise(task_of(SIGNED)).hidden)
    assert {"msle", "poisson", "gamma", "tweedie"} <= set(below)
    assert "go below" in below["poisson"]
    zeros = dict(advise(task_of(np.abs(SIGNED), lowest=0)).hidden)
    assert set(zeros) == {"gamma", "mape"}
    assert all("may be 0" in reason for reason in zeros.values())
    assert advise(task_of(np.abs(SIGNED) + 1, lowest=0, zeros=False)).hidden == ()


@pytest.mark.parametrize(("fours", "noted"), [(490, True), (510, False)])
def test_counts_that_are_spread_more_than_twice_their_mean_are_called_overdispersed(
    residuals: Residuals, fours: int, noted: bool
) -> None:
    # Of 0 and v with a share p of v the variance is v(1 − p) times the mean.
    notes = advise(task_of(np.repeat([4.0, 0.0], [fours, ROWS - fours]))).notes
    assert bool(notes) == noted
    if noted:
        assert notes == ("The variance is 2.0 times the mean: overdispersed before features are looked at.",)


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
