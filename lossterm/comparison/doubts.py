"""What is allowed but doubtful about a comparison, in sentences; `Loss.misfit` refuses what is wrong."""

from collections.abc import Callable, Iterator, Sequence

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import SCHEDULES
from lossterm.data.leak import leaks_in_words
from lossterm.losses import Loss, loss_recorded
from lossterm.losses.loss import GEOMETRIC_MEAN, LOG_MEAN
from lossterm.metrics import METRICS

Rule = Callable[[Comparison, Sequence[Loss]], Iterator[str]]

MANY_CLASSES = 10
"""Classes from which MAE of probabilities is known to underfit."""

ABOUT_EQUAL = 1.5
"""Largest class over smallest below which weights for classes change next to nothing."""

BELOW_THE_MEAN = (LOG_MEAN, GEOMETRIC_MEAN)
OF_THE_MEAN = ("mse", "rmse", "r2", "d2_poisson", "d2_tweedie")
"""What some losses estimate, and the metrics by which that is too low an estimate."""

FAR = 5.0
"""Length, in standard deviations of the target, beyond which hardly any error lies."""


def doubts(comparison: Comparison) -> list[str]:
    """Return a sentence for each thing that a reader of the comparison's table must be warned about."""
    losses = [loss_recorded(key) for key in comparison.losses]
    return [sentence for rule in RULES for sentence in rule(comparison, losses)]


def _leaks(comparison: Comparison, _: Sequence[Loss]) -> Iterator[str]:
    if comparison.data is not None:
        yield from leaks_in_words(comparison.data.leaks, comparison.data.asked)


def _protocol_variants(comparison: Comparison, losses: Sequence[Loss]) -> Iterator[str]:
    concerned: dict[str, list[str]] = {}
    for loss in losses:
        if variant := loss.variant(comparison.protocol):
            concerned.setdefault(variant.note, []).append(loss.key)
    yield from (f"{', '.join(keys)}: {note}." for note, keys in concerned.items())


def _equal_losses(_: Comparison, losses: Sequence[Loss]) -> Iterator[str]:
    shown = {loss.key for loss in losses}
    for loss in losses:
        if loss.same_as in shown:
            yield f"{loss.key} is {loss.same_as} by construction; what differs is rounding that grew."
    for loss in losses:
        if loss.base == "barron" and loss.values["alpha"] == 1:
            for other in losses:
                if other.base == "pseudo_huber" and other.values["delta"] == loss.values["c"] == 1:
                    yield f"{loss.key} is {other.key} by construction at α = 1; what differs is rounding that grew."


def _not_proper(comparison: Comparison, losses: Sequence[Loss]) -> Iterator[str]:
    if comparison.record.kind == "regression":
        return
    if keys := [loss.key for loss in losses if loss.distorts]:
        judged = ", ".join(metric.key for metric in METRICS.values() if metric.needs == "probability")
        yield f"† {', '.join(keys)}: not proper, or not known to be: {judged} may judge distorted probabilities."


def _not_measured(comparison: Comparison, losses: Sequence[Loss]) -> Iterator[str]:
    ranking = METRICS[comparison.metric]
    others = [loss.key for loss in losses if loss.level != ranking.level and loss.reading != "unknown"]
    if ranking.level is not None and others:
        do = "does" if len(others) == 1 else "do"
        yield f"{', '.join(others)} {do} not estimate the {ranking.level:g}-quantile, which {ranking.key} measures."
    for loss in losses:
        tau = loss.values.get("tau")
        if loss.level is not None and ranking.level is None and loss.level != 0.5:
            fitting = [metric.key for metric in METRICS.values() if metric.level == loss.level]
            levels = ", ".join(f"{level:g}" for level in sorted({m.level for m in METRICS.values() if m.level}))
            advice = f"rank by {fitting[0]}" if fitting else f"the quantile metrics are for {levels}"
            yield f"{loss.key} estimates the {loss.level:g}-quantile, which {ranking.key} does not measure: {advice}."
        elif loss.base == "expectile" and tau != 0.5:
            yield f"{loss.key} estimates the {tau:g}-expectile, which no metric here measures: its rank says little."
        elif loss.estimates in BELOW_THE_MEAN and ranking.key in OF_THE_MEAN:
            yield f"{loss.key} estimates {loss.estimates}, which lies below the mean: rmsle or mae is fairer to it."


def _underfits(comparison: Comparison, losses: Sequence[Loss]) -> Iterator[str]:
    classes = comparison.record.classes or 0
    if classes >= MANY_CLASSES and any(loss.base == "probability_mae" for loss in losses):
        yield f"probability_mae learns slowly with many classes, and {comparison.task} has {classes}: it may underfit."


def _nothing_to_balance(comparison: Comparison, losses: Sequence[Loss]) -> Iterator[str]:
    keys = [loss.key for loss in losses if loss.counted]
    keys += ["class weights"] if comparison.hyperparameters.class_weight else []
    if keys and comparison.record.imbalance < ABOUT_EQUAL:
        yield f"{', '.join(keys)}: classes of {comparison.task} are about equally frequent: nothing to balance."


def _class_weights(comparison: Comparison, losses: Sequence[Loss]) -> Iterator[str]:
    if not comparison.hyperparameters.class_weight:
        return
    if keys := [loss.key for loss in losses if loss.probabilistic and not loss.counted]:
        yield (
            f"Class weights shift probabilities towards rare classes ({', '.join(keys)}): "
            "metrics of probabilities judge them as if that were an error."
        )
    if keys := [loss.key for loss in losses if loss.counted]:
        yield f"{', '.join(keys)} weighs classes itself, and class weights weigh them once more."


def _of_batches(comparison: Comparison, losses: Sequence[Loss]) -> Iterator[str]:
    if keys := [loss.key for loss in losses if loss.per == "batch"]:
        are, size = ("is a loss" if len(keys) == 1 else "are losses"), comparison.hyperparameters.batch_size
        yield f"{', '.join(keys)} {are} of a batch of {size} rows as a whole: another --batch-size makes another loss."


def _stopped_early(comparison: Comparison, _: Sequence[Loss]) -> Iterator[str]:
    h = comparison.hyperparameters
    if h.early_stopping is None:
        return
    if h.early_stopping >= h.epochs:
        yield f"Early stopping waits for {h.early_stopping} epochs, and there are {h.epochs}: it never stops."
    if h.schedule != SCHEDULES[0]:
        yield f"The {h.schedule} schedule is laid out for all {h.epochs} epochs: early stopping cuts it short."


def _too_far_out(_: Comparison, losses: Sequence[Loss]) -> Iterator[str]:
    for loss in (loss for loss in losses if loss.kinds == ("regression",)):
        for name in ("delta", "c"):
            if (loss.values.get(name) or 0) >= FAR:
                value = loss.values[name]
                yield f"{loss.key}: hardly an error is beyond {value:g} standard deviations, so it is like mse."
        if (loss.values.get("epsilon") or 0) >= 1 and loss.base == "epsilon_insensitive":
            yield f"{loss.key}: an error as large as the target's standard deviation costs nothing."


RULES: tuple[Rule, ...] = (
    _leaks,
    _protocol_variants,
    _equal_losses,
    _not_proper,
    _not_measured,
    _underfits,
    _nothing_to_balance,
    _class_weights,
    _of_batches,
    _stopped_early,
    _too_far_out,
)
"""Every rule, in the order in which the warnings are shown."""
