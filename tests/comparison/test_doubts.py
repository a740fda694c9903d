"""What is doubtful about a comparison: one test for each rule, with the cases in which it is silent."""

from typing import Any

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.doubts import RULES, doubts
from lossterm.comparison.protocol_catalogue import protocols_for
from lossterm.data.leak import Leak
from lossterm.losses import LOSSES, fitting, loss_recorded, usual
from lossterm.reports.json_document import document
from lossterm.reports.notes import notes
from lossterm.reports.verdict import short_verdict, verdict
from lossterm.tasks import TASKS, task_named
from tests.builders.reports import built
from tests.builders.tables import HOUSES
from tests.cells import each


def asked(task: str, *losses: str, **settings: Any) -> Comparison:
    return Comparison.ask(task, losses, seeds=2, **settings)


def with_own(task: str, *losses: str, **settings: Any) -> Comparison:
    """Return the same with a custom loss too."""
    comparison = asked(task, *losses, **settings)
    return msgspec.structs.replace(comparison, losses=(*comparison.losses, "mine@01234567"))


def leaking(*leaks: Leak) -> Comparison:
    """Return a comparison on a table in which columns give the target away."""
    return Comparison.ask(msgspec.structs.replace(HOUSES, leaks=leaks), ("mse", "mae"), seeds=4)


LEAK = Leak(columns=("log_price",), how="order", number=0.99999)

FIRES: dict[str, list[tuple[Comparison, str]]] = {
    "_leaks": [
        (
            leaking(LEAK),
            "Leak? log_price puts the rows in the order of the target, as a function of it does (rank correlation "
            "1.000, where 1 is the same order). Where that is not known before the target, scores and verdicts come "
            "from the leak and not from the losses. --drop log_price leaves it out.",
        ),
    ],
    "_protocol_variants": [
        (
            asked("circles", "squared_hinge", "hinge", "binary_crossentropy", protocol="tutorial"),
            "squared_hinge, hinge: the tutorial puts a tanh on the output, which bounds the margin; "
            "the loss is meant for a linear unit.",
        ),
        (
            asked("regression", "mse", "msle", protocol="tutorial"),
            "msle: on a standardised target every negative value is clipped to 0 and any f ≤ 0 has no gradient.",
        ),
    ],
    "_equal_losses": [
        (
            asked("blobs", "kl_divergence", "categorical_crossentropy"),
            "kl_divergence is categorical_crossentropy by construction; what differs is rounding that grew.",
        ),
    ],
    "_not_proper": [
        (
            asked("digits", "brier", "focal", "gce", "focal:gamma=0.5"),
            "† focal, gce, focal:gamma=0.5: not proper, or not known to be: log_loss, brier, ece may judge "
            "distorted probabilities.",
        ),
        (
            asked("circles", "weighted_binary_crossentropy"),
            "† weighted_binary_crossentropy: not proper, or not known to be: log_loss, brier, ece may judge "
            "distorted probabilities.",
        ),
        (
            with_own("circles", "binary_focal"),
            "† binary_focal, mine@01234567: not proper, or not known to be: log_loss, brier, ece may judge "
            "distorted probabilities.",
        ),
    ],
    "_not_measured": [
        (
            asked("regression", "mse", "pinball"),
            "pinball estimates the 0.9-quantile, which mae does not measure: rank by pinball_90.",
        ),
        (
            asked("regression", "pinball:tau=0.05", metric="pinball_90"),
            "pinball:tau=0.05 does not estimate the 0.9-quantile, which pinball_90 measures.",
        ),
        (
            asked("regression", "pinball:tau=0.05"),
            "pinball:tau=0.05 estimates the 0.05-quantile, which mae does not measure: rank by pinball_05.",
        ),
        (
            asked("regression", "mse", "mae", "pinball", metric="pinball_90"),
            "mse, mae do not estimate the 0.9-quantile, which pinball_90 measures.",
        ),
        (
            asked("regression", "pinball:tau=0.8"),
            "pinball:tau=0.8 estimates the 0.8-quantile, which mae does not measure: "
            "the quantile metrics are for 0.05, 0.1, 0.25, 0.75, 0.9, 0.95.",
        ),
        (
            asked("regression", "expectile", metric="rmse"),
            "expectile estimates the 0.9-expectile, which no metric here measures: its rank says little.",
        ),
        *(
            (
                asked("prices", "msle", metric=metric),
                "msle estimates about the geometric mean, which lies below the mean: rmsle or mae is fairer to it.",
            )
            for metric in ("mse", "rmse", "r2", "d2_poisson", "d2_tweedie")
        ),
        (
            asked("prices", "log1p_mse", metric="rmse"),
            "log1p_mse estimates exp of the mean logarithm, which lies below the mean: rmsle or mae is fairer to it.",
        ),
    ],
    "_underfits": [
        (
            asked("digits", "probability_mae"),
            "probability_mae learns slowly with many classes, and digits has 10: it may underfit.",
        ),
    ],
    "_nothing_to_balance": [
        (
            asked("circles", "weighted_binary_crossentropy"),
            "weighted_binary_crossentropy: classes of circles are about equally frequent: nothing to balance.",
        ),
        (
            asked("blobs", "logit_adjusted", "brier", "class_balanced:beta=0.9"),
            "logit_adjusted, class_balanced:beta=0.9: classes of blobs are about equally frequent: nothing to balance.",
        ),
        (
            asked("circles", "weighted_binary_crossentropy:weight=3"),
            "weighted_binary_crossentropy:weight=3: classes of circles are about equally frequent: nothing to balance.",
        ),
        (
            asked("circles", "hinge", class_weight="balanced"),
            "class weights: classes of circles are about equally frequent: nothing to balance.",
        ),
    ],
    "_class_weights": [
        (
            asked("breast_cancer", "hinge", "binary_crossentropy", "binary_focal", class_weight="balanced"),
            "Class weights shift probabilities towards rare classes (binary_crossentropy, binary_focal): "
            "metrics of probabilities judge them as if that were an error.",
        ),
        (
            asked("breast_cancer", "weighted_binary_crossentropy", class_weight="balanced"),
            "weighted_binary_crossentropy weighs classes itself, and class weights weigh them once more.",
        ),
    ],
    "_of_batches": [
        (
            asked("spots", "dice", "batch_dice"),
            "batch_dice is a loss of a batch of 16 rows as a whole: another --batch-size makes another loss.",
        ),
    ],
    "_stopped_early": [
        (
            asked("circles", "hinge", early_stopping=20, epochs=20, schedule="constant"),
            "Early stopping waits for 20 epochs, and there are 20: it never stops.",
        ),
        (
            asked("circles", "hinge", early_stopping=5, schedule="cosine"),
            "The cosine schedule is laid out for all 200 epochs: early stopping cuts it short.",
        ),
    ],
    "_too_far_out": [
        (
            asked("regression", "huber:delta=5"),
            "huber:delta=5: hardly an error is beyond 5 standard deviations, so it is like mse.",
        ),
        (
            asked("regression", "cauchy:c=7.5"),
            "cauchy:c=7.5: hardly an error is beyond 7.5 standard deviations, so it is like mse.",
        ),
        (
            asked("regression", "epsilon_insensitive:epsilon=1"),
            "epsilon_insensitive:epsilon=1: an error as large as the target's standard deviation costs nothing.",
        ),
    ],
}

SILENT: dict[str, list[Comparison]] = {
    "_leaks": [leaking(), asked("regression", "mse", "mae")],
    "_protocol_variants": [
        asked("circles", "hinge", "squared_hinge"),
        asked("circles", "binary_crossentropy", "modified_huber", protocol="tutorial"),
        asked("counts", "msle", "mse"),
    ],
    "_equal_losses": [
        asked("blobs", "kl_divergence", "sparse_categorical_crossentropy", "brier"),  # each as another one is
        asked("blobs", "categorical_crossentropy"),
    ],
    "_not_proper": [
        asked("blobs", "categorical_crossentropy", "brier", "kl_divergence"),
        asked("blobs", "square_on_logits", "multiclass_hinge", "bi_tempered"),  # no probabilities to distort
        asked("circles", "binary_crossentropy", "hinge", "binary_brier", "unhinged"),
        asked("blobs", "focal:gamma=0", "smoothed_crossentropy:epsilon=0"),  # cross-entropy itself
        asked("regression", "all"),
        with_own("regression", "mse"),
    ],
    "_not_measured": [
        asked("regression", "mse", "mae", "huber", "cauchy", "gaussian_nll"),
        asked("regression", "pinball", metric="pinball_90"),
        with_own("regression", "pinball", metric="pinball_90"),  # whatever that estimates
        asked("regression", "pinball:tau=0.25", metric="miscoverage_25"),
        asked("regression", "pinball:tau=0.5"),  # the median
        asked("regression", "expectile:tau=0.5"),  # the mean
        asked("prices", "log1p_mse"),
        asked("prices", "log1p_mse", metric="rmsle"),
        asked("prices", "msle"),
        asked("blobs", "logit_adjusted"),  # a tau, but of something else
    ],
    "_underfits": [
        asked("blobs", "probability_mae"),
        asked("digits", "gce", "sce", "categorical_crossentropy"),
    ],
    "_nothing_to_balance": [
        asked("circles", "binary_crossentropy", "binary_focal"),
        asked("breast_cancer", "hinge", class_weight="balanced"),
    ],
    "_class_weights": [
        asked("breast_cancer", "binary_crossentropy", "weighted_binary_crossentropy"),
        asked("breast_cancer", "hinge", class_weight="balanced"),  # no probabilities to shift
    ],
    "_of_batches": [asked("spots", "dice", "tversky")],
    "_stopped_early": [
        asked("circles", "hinge", early_stopping=20, schedule="constant"),
        asked("circles", "hinge", schedule="cosine"),
    ],
    "_too_far_out": [
        asked("regression", "huber", "huber:delta=4.9", "fair", "barron:c=2"),
        asked("regression", "epsilon_insensitive", "epsilon_insensitive:epsilon=0.9"),
        asked("circles", "smoothed_binary_crossentropy:epsilon=1"),  # an epsilon, but of something else
        asked("blobs", "poly1"),
    ],
}


def sentences_of(rule: str, comparison: Comparison) -> list[str]:
    (function,) = [one for one in RULES if one.__name__ == rule]
    return list(function(comparison, [loss_recorded(key) for key in comparison.losses]))


def test_every_rule_has_a_comparison_in_which_it_is_told_and_one_in_which_it_is_not() -> None:
    names = [rule.__name__ for rule in RULES]
    assert list(FIRES) == list(SILENT) == names


@each(("rule", "number"), [(rule, n) for rule, cases in FIRES.items() for n in range(len(cases))])
def test_rule_says_what_is_doubtful_in_one_sentence_that_readers_find_below_the_table(rule: str, number: int) -> None:
    comparison, sentence = FIRES[rule][number]
    assert sentences_of(rule, comparison) == [sentence]
    assert sentence in doubts(comparison)
    assert notes(built(comparison)).count(sentence) == 1


@each(("rule", "number"), [(rule, n) for rule, cases in SILENT.items() for n in range(len(cases))])
def test_rule_is_silent_where_nothing_is_doubtful(rule: str, number: int) -> None:
    assert sentences_of(rule, SILENT[rule][number]) == []


def test_a_leak_is_named_before_the_verdict_and_in_json() -> None:
    report = built(leaking(LEAK, Leak(columns=("a", "b"), how="sum", number=1.0)))
    assert verdict(report).startswith("Leak? log_price and 2 more, see below. ")
    assert short_verdict(report).startswith("Leak? log_price and 2 more. ")
    task = document(report)["task"]
    assert task["data"].leaks[1].columns == ("a", "b")
    assert task["leaks"][-1].endswith("--drop log_price,a,b leaves 3 columns out.")
    clean = built(leaking())
    assert "Leak" not in verdict(clean)
    assert "leaks" not in document(clean)["task"]


def test_what_is_doubtful_is_told_in_the_order_of_the_rules() -> None:
    comparison = asked("digits", "logit_adjusted", "probability_mae", "kl_divergence", "categorical_crossentropy")
    sentences = doubts(comparison)
    assert sentences == [sentence for rule in RULES for sentence in sentences_of(rule.__name__, comparison)]
    assert [sentence.split()[0] for sentence in sentences] == [
        "kl_divergence",
        "†",
        "probability_mae",
        "logit_adjusted:",
    ]


def test_losses_that_are_one_function_are_told_one_by_one() -> None:
    comparison = asked("blobs", "categorical_crossentropy", "kl_divergence", "sparse_categorical_crossentropy")
    assert [sentence.split()[0] for sentence in doubts(comparison)] == [
        *("kl_divergence", "sparse_categorical_crossentropy"),
    ]


def test_a_quantile_is_doubtful_under_every_metric_but_its_own() -> None:
    for metric in ("mae", "rmse", "r2", "pinball_75", "miscoverage_95"):
        assert sentences_of("_not_measured", asked("regression", "pinball", metric=metric))
    for metric in ("pinball_90", "miscoverage_90"):
        assert sentences_of("_not_measured", asked("regression", "pinball", metric=metric)) == []


@each("task", TASKS)
def test_the_usual_losses_under_the_fair_protocol_leave_no_doubt_but_of_their_probabilities(task: str) -> None:
    assert [sentence for sentence in doubts(Comparison.ask(task)) if not sentence.startswith("† ")] == []


@each(("task", "protocol"), [(task.key, protocol.key) for task in TASKS.values() for protocol in protocols_for(task)])
def test_every_doubt_about_the_whole_catalogue_is_a_sentence_that_is_told_once(task: str, protocol: str) -> None:
    comparison = Comparison.ask(task, ("all",), protocol=protocol)
    sentences = doubts(comparison)
    assert len(set(sentences)) == len(sentences)
    for sentence in sentences:
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert ".." not in sentence
        assert any(key in sentence for key in comparison.losses)
    assert len(comparison.losses) == len(fitting(task_named(task).targets, protocol))
    assert len(usual(task_named(task).targets, protocol)) < len(comparison.losses)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES.values() if loss.same_as], ids=lambda loss: loss.key)
def test_a_loss_that_is_another_is_doubtful_beside_it(loss: Any) -> None:
    task = next(one for one in TASKS.values() if loss.misfit(one.targets, "fair") is None)
    assert sentences_of("_equal_losses", asked(task.key, loss.key, loss.same_as))


def test_a_length_is_too_far_out_for_numbers_only() -> None:
    (rule,) = [one for one in RULES if one.__name__ == "_too_far_out"]
    loss = LOSSES["huber"].bound({"delta": 50})
    assert len(list(rule(asked("regression", "huber"), [loss]))) == 1
    assert list(rule(asked("circles", "hinge"), [msgspec.structs.replace(loss, kinds=("binary",))])) == []


def test_nothing_is_said_of_a_loss_of_numbers_of_a_custom_loss_or_of_one_that_is_gone() -> None:
    gone = ("mine@01234567", "of_a_package_that_went")
    assert doubts(msgspec.structs.replace(asked("regression", "mse"), losses=gone)) == []


def test_nothing_but_that_its_probabilities_may_be_distorted_is_said_of_such_a_loss_of_classes() -> None:
    gone = ("mine@01234567", "of_a_package_that_went")
    (sentence,) = doubts(msgspec.structs.replace(asked("circles", "hinge"), losses=gone))
    assert sentence.startswith("† mine@01234567, of_a_package_that_went: not proper, or not known to be: ")
