"""Which losses to try on the data at hand: rules of thumb, each with the number that it goes by.

A heuristic, not a verdict: it looks at one draw of the data and trains nothing that is compared. The reference loss is
always among what it advises.
"""

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
from lossterm.losses import Kind, every_loss, usual
from lossterm.metrics import PRIMARY
from lossterm.tasks import Task

if TYPE_CHECKING:
    import numpy as np

REFERENCE: dict[Kind, str] = {
    "regression": "mse",
    "binary": "binary_crossentropy",
    "multiclass": "categorical_crossentropy",
}
"""The loss that every other has to beat, for each kind of number that is predicted."""

MOST_ROWS = 2000
"""Rows that advice is based on."""

LEAST_ROWS = 30
"""With fewer rows nothing is concluded from them; with fewer than three rows of a class, nothing from its labels."""

MANY_ZEROS, SKEWED, LONG_TAIL = 0.10, 1.0, 20.0
FAR_OUT, HEAVY = 0.01, 3.0
IMBALANCED, NOISY = 10.0, 0.15
"""Where each rule begins: share of zeros, skewness, largest over median, share of residuals beyond five deviations,
excess kurtosis of residuals, largest class over smallest, share of labels that a forest disagrees with."""

CODED, LEAST_CODED = 0.01, 3
"""Share and number of the rows from which a number apart from all others is seen to before any loss."""

AS_SURE, UNTOLD = 0.76, 0.8
"""How sure a forest is of other classes than the labels, relative to the others, from which labels are wrong; and the
share of the errors of always naming the largest class above which a forest knows too little to say so."""

RATED: tuple[str, ...] = ()
"""What is advised for ordered levels beside the reference."""


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What to compare, and why."""

    task: str
    """Key of the task."""
    kind: Kind
    """What is to be predicted."""
    words: tuple[str, ...]
    """The words for the task on the command line, with what the warnings about its table advise."""
    losses: tuple[str, ...]
    """Keys of the losses to compare, the reference first."""
    reference: str
    """The loss that the others have to beat."""
    metric: str
    """Key of the metric to rank by."""
    reason: str
    """Why, with the number in it."""
    number: float | None
    """The number that decided; None if no rule applied."""
    notes: tuple[str, ...] = ()
    """What else the data show."""
    first: bool = False
    """Whether the reason is about the data, and to be seen to before losses are compared."""
    hidden: tuple[tuple[str, str], ...] = ()
    """Losses for this kind of task that do not fit the data, each with the reason."""

    @property
    def sentence(self) -> str:
        """The advice in a sentence."""
        if self.first:
            return f"Before any loss: {self.reason} (a heuristic)."
        *others, last = [loss for loss in self.losses if loss != self.reference] or [self.reference]
        named = f"{', '.join(others)} or {last}" if others else last
        beside = "" if named == self.reference else f" beside {self.reference}"
        return f"Try {named}{beside}: {self.reason} (a heuristic)."


class _Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule found."""

    losses: tuple[str, ...]
    reason: str
    number: float | None = None
    metric: str | None = None
    first: bool = False
    """Whether the data are to be looked at before losses are compared."""


def advise(task: Task, *, probabilities: bool = False) -> Advice:
    """Advise from one draw of a task's data; with `probabilities`, only proper losses."""
    import numpy as np

    features, target = task.draw(0)
    chosen = np.random.default_rng(0).permutation(len(target))[:MOST_ROWS]
    features, target = task.pipeline().fit(features[chosen]).transform(features[chosen]), target[chosen]
    code = next(_of_code(task, target), None) if _is_table(task) and len(target) >= LEAST_ROWS else None
    if code is not None:
        finding = code
    elif probabilities and task.element != "regression":
        finding = _proper(task)
    else:
        nothing = _Finding(losses=(), reason=_nothing_special(task, target))
        finding = next(_findings(task, features, target), nothing)
    return Advice(
        task=task.key,
        kind=task.kind,
        words=task.advised() if task.advised else task.words,
        losses=tuple(dict.fromkeys((REFERENCE[task.element], *finding.losses))),
        reference=REFERENCE[task.element],
        metric=finding.metric or PRIMARY[task.kind],
        reason=finding.reason,
        number=finding.number,
        first=finding.first,
        notes=tuple(_notes(finding, target)),
        hidden=tuple(
            (loss.key, misfit)
            for loss in every_loss().values()
            if loss.trains(task.targets) and (misfit := loss.misfit(task.targets, DEFAULT_PROTOCOL))
        ),
    )


def _proper(task: Task) -> _Finding:
    losses = tuple(loss.key for loss in usual(task.targets) if loss.probabilistic and loss.proper)
    reason = "probabilities are wanted, and these losses are proper"
    return _Finding(losses=losses, reason=reason, metric="log_loss")


def _nothing_special(task: Task, target: "np.ndarray") -> str:
    if len(target) < LEAST_ROWS:
        return f"{len(target)} rows are too few to tell what another loss would be better for"
    if not _is_table(task):
        return (
            "it is only the usual first choice, since advice looks for reasons to take another loss in tables with one "
            "target alone"
        )
    if task.kind == "regression":
        return "targets and residuals show nothing that another loss is made for"
    looked_at = _labels_are_enough(target)
    labels = "labels look right" if looked_at else "the smallest class has too few rows to judge the labels"
    return f"classes are balanced enough and {labels}, so a proper loss is the one to beat"


def _labels_are_enough(target: "np.ndarray") -> bool:
    """Whether a forest can be cross-validated on these labels."""
    import numpy as np

    from lossterm.comparison.evidence import FOLDS

    rows = np.unique(target, return_counts=True)[1]
    return len(target) >= LEAST_ROWS and len(rows) > 1 and bool(rows.min() >= FOLDS)


def _is_table(task: Task) -> bool:
    """Whether a row is one of a table, with one number or class to predict."""
    return len(task.input_shape) == 1 and task.target_shape == ()


def _findings(task: Task, features: "np.ndarray", target: "np.ndarray") -> Iterator[_Finding]:
    """Yield what the rules find, the most decisive first."""
    if not _is_table(task) or len(target) < LEAST_ROWS or target.min() == target.max():
        return
    if task.kind == "regression":
        residual = _residuals(features, target)
        predicted = target - residual * (float(target.std()) or 1.0)
        yield from _of_no_signal(target, predicted)
        yield from _of_whole_numbers(target, predicted)
        yield from _of_zeros(target)
        yield from _of_amounts(features, target, residual)
        yield from _of_heavy_tails(residual)
        return
    given = _probabilities(features, target) if _labels_are_enough(target) else None
    if given is not None:
        yield from _of_chance(given, target)
    yield from _of_classes(target)
    if given is not None:
        yield from _of_order(task, given, target)
        yield from _of_labels(task, given, target)


def _of_code(task: Task, target: "np.ndarray") -> Iterator[_Finding]:
    """Yield what looks like a code for a missing value among numbers or classes; nothing else is told before it."""
    if task.classes is None:
        yield from _of_code_among(task, target)
        return
    if not task.labels:
        return
    import numpy as np

    rows = np.bincount(target.astype(np.int64), minlength=len(task.labels))
    if (numbers := _as_numbers(task.labels)) is not None:
        yield from _of_code_among(task, np.repeat(numbers, rows[: len(numbers)]))
        return
    from lossterm.data.codes import unknown_words

    for word in unknown_words(task.labels, rows.tolist(), target=True):
        cells = int(rows[task.labels.index(word)])
        share = cells / len(target)
        if share >= CODED and cells >= LEAST_CODED:
            reason = (
                f"{word!r} is the class of {100 * share:.0f} % of the rows: it looks like what is written for a "
                f"missing value, and every loss learns it as a class; if it is, {_reads(task, word)}"
            )
            yield _Finding(losses=(), reason=reason, number=share, first=True)


def _reads(task: Task, code: str) -> str:
    """Say what reads a code of the target as missing."""
    from lossterm.data.request import typed_missing

    if "--target" not in task.asked or task.advised is None or task.target_shape or "," in _target_of(task):
        return "leave these rows out"
    return f"{typed_missing(_target_of(task), code)} reads it so"


def _target_of(task: Task) -> str:
    return task.asked[task.asked.index("--target") + 1]


def _as_numbers(labels: Sequence[str]) -> list[float] | None:
    """Return labels as numbers; None where there are none or one is not a number."""
    try:
        return [float(label) for label in labels] or None
    except ValueError:
        return None


def _of_code_among(task: Task, target: "np.ndarray") -> Iterator[_Finding]:
    from lossterm.data.codes import codes_in
    from lossterm.data.files.cells import number_text

    # A zero may be an amount, and a single row decides no comparison.
    certain = (code for code in codes_in(target) if code.value and code.share >= CODED and code.cells >= LEAST_CODED)
    if code := next(certain, None):
        value = number_text(code.value)  # which must match the cells
        hidden = "every loss learns it as a class" if task.classes else "no loss tells that from an amount"
        reason = (
            f"{value} stands in {100 * code.share:.0f} % of the targets, and all others lie from {code.low:g} "
            f"to {code.high:g}: it looks like a code for a missing value, and {hidden}; if it is one, "
            f"{_reads(task, value)}"
        )
        yield _Finding(losses=(), reason=reason, number=code.share, first=True)


def _of_no_signal(target: "np.ndarray", predicted: "np.ndarray") -> Iterator[_Finding]:
    from lossterm.comparison.evidence import knows

    rank, more = knows(target, predicted)
    if not more:
        reason = (
            f"a line and a forest foresee the target no better than chance (rank correlation {rank:.2f} on rows "
            "kept aside, where 1 is the same order and 0 is chance): look for features that tell more before losses "
            "are compared"
        )
        yield _Finding(losses=(), reason=reason, number=rank, first=True)


def _of_whole_numbers(target: "np.ndarray", predicted: "np.ndarray") -> Iterator[_Finding]:
    """Tell counts from levels and from amounts in whole units: whole numbers alone are evidence of none."""
    import numpy as np

    from lossterm.comparison.evidence import are_counts, levels_of_rating

    if target.min() < 0 or (target != np.round(target)).any() or len(np.unique(target)) < 3:
        return
    if are_counts(target, predicted):
        reason = (
            f"the targets are whole numbers from {target.min():g} to {target.max():g} whose spread grows with their "
            "mean: they may be counts"
        )
        yield _Finding(losses=("poisson",), reason=reason, number=1.0, metric="d2_poisson")
    elif rating := levels_of_rating(target):
        levels, low, high = rating
        reason = (
            f"the targets are {levels} whole levels from {low} to {high} whose spread does not grow with their mean: "
            "ordered levels, as of ratings, and no counts"
        )
        yield _Finding(losses=RATED, reason=reason, number=float(levels))


def _of_zeros(target: "np.ndarray") -> Iterator[_Finding]:
    import numpy as np

    zeros = float(np.mean(target == 0))
    if zeros > MANY_ZEROS and target.min() == 0:
        reason = f"{100 * zeros:.0f} % of the targets are exactly 0 and none is negative"
        yield _Finding(losses=("tweedie",), reason=reason, number=zeros, metric="d2_tweedie")


def _of_amounts(features: "np.ndarray", target: "np.ndarray", residual: "np.ndarray") -> Iterator[_Finding]:
    """Tell rows far out from a long tail: after logarithms a tail has none, and rows far out are far out still."""
    import numpy as np

    from lossterm.comparison.evidence import far_out

    far = far_out(residual)
    skew = _moment(target, 3)
    tail = float(target.max() / max(np.median(target), 1e-300))
    zeros = bool(target.min() == 0)
    skewed = target.min() >= 0 and (skew > SKEWED or tail > LONG_TAIL)
    logged = "" if not (skewed and far > FAR_OUT) else " of logarithms"
    if logged:
        far = far_out(_residuals(features, np.log1p(target) if zeros else np.log(target)))
    if far > FAR_OUT:
        reason = (
            f"{100 * far:.1f} % of the residuals of a robust fit{logged} lie beyond five deviations; of normal ones "
            "none would"
        )
        yield _Finding(losses=("mae", "cauchy"), reason=reason, number=far)
    if skewed:
        by_skew = skew > SKEWED
        what = f"their skewness is {skew:.1f}" if by_skew else f"the largest is {tail:.0f} times the median"
        reason = f"targets are {'not negative' if zeros else 'positive'} and {what}"
        yield _Finding(losses=("log1p_mse",), reason=reason, number=skew if by_skew else tail, metric="rmsle")


def _of_heavy_tails(residual: "np.ndarray") -> Iterator[_Finding]:
    heavy = _moment(residual, 4) - 3
    if heavy > HEAVY:
        reason = f"residuals of a robust fit have an excess kurtosis of {heavy:.1f}, where normal ones have 0"
        yield _Finding(losses=("huber",), reason=reason, number=heavy)


def _of_chance(given: "np.ndarray", target: "np.ndarray") -> Iterator[_Finding]:
    import numpy as np

    from lossterm.comparison.evidence import told_apart

    auc, more = told_apart(given, target)
    if more:
        return
    rows = np.unique(target, return_counts=True)[1]
    share = 100 * float(rows.max() / len(target))
    reason = (
        f"a cross-validated forest tells the classes apart no better than chance (AUC {auc:.2f}), and always naming "
        f"the largest is right in {share:.0f} %: look for features that tell more before losses are compared"
    )
    skewed = rows.max() > IMBALANCED * rows.min()
    metric = "balanced_accuracy" if skewed else None
    yield _Finding(losses=(), reason=reason, number=auc, metric=metric, first=True)


def _of_classes(target: "np.ndarray") -> Iterator[_Finding]:
    import numpy as np

    rows = np.unique(target, return_counts=True)[1]
    ratio = float(rows.max() / rows.min())
    if ratio > IMBALANCED:
        reason = f"the largest class has {ratio:.0f} times the rows of the smallest: keep it and tune the threshold"
        yield _Finding(losses=(), reason=reason, number=ratio, metric="balanced_accuracy")


def _of_order(task: Task, given: "np.ndarray", target: "np.ndarray") -> Iterator[_Finding]:
    """Find levels that were taken as classes: whole numbers in a row, whose neighbours are what is confused."""
    from lossterm.comparison.evidence import one_step_off

    if task.kind != "multiclass" or not _in_a_row(task.labels) or given.shape[1] != len(task.labels):
        return
    share, ordered = one_step_off(target, given.argmax(axis=1), len(task.labels))
    if ordered:
        reason = (
            f"the classes are the whole numbers {task.labels[0]} to {task.labels[-1]}, and {100 * share:.0f} % of what "
            "a forest gets wrong is one step off: ordered levels, as of ratings, and no wrong labels; "
            "--kind regression counts how far off"
        )
        yield _Finding(losses=(), reason=reason, number=share)


def _in_a_row(labels: Sequence[str]) -> bool:
    try:
        numbers = [int(label) for label in labels]
    except ValueError:
        return False
    return len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _of_labels(task: Task, given: "np.ndarray", target: "np.ndarray") -> Iterator[_Finding]:
    """Tell wrong labels from classes that overlap, where a forest hesitates."""
    import numpy as np

    from lossterm.comparison.evidence import sureness_where_wrong

    _, place, rows = np.unique(target, return_inverse=True, return_counts=True)
    wrong = given.argmax(axis=1) != place
    disagreement, by_chance = float(wrong.mean()), 1 - float(rows.max() / len(target))
    if disagreement <= NOISY:
        return
    sure = sureness_where_wrong(given, wrong)
    said = f"a cross-validated forest disagrees with {100 * disagreement:.0f} % of the labels"
    if sure > AS_SURE and disagreement < UNTOLD * by_chance:
        losses = ("binary_gce",) if task.kind == "binary" else ("gce", "sce")
        reason = f"{said} and is {100 * sure:.0f} % as sure there as elsewhere: some are wrong"
        yield _Finding(losses=losses, reason=reason, number=disagreement)
    else:
        yield _Finding(
            losses=(), reason=f"{said}, and hesitates there: classes overlap, and a proper loss is made for that"
        )


def _notes(finding: _Finding, target: "np.ndarray") -> Iterator[str]:
    if "poisson" in finding.losses and target.mean() > 0:
        over = float(target.var() / target.mean())
        if over > 2:
            yield f"The variance is {over:.1f} times the mean: overdispersed before features are looked at."


def _residuals(features: "np.ndarray", target: "np.ndarray") -> "np.ndarray":
    """Return the residuals of a quick fit, (rows,), in standard deviations of the target."""
    from lossterm.comparison.evidence import residuals

    return residuals(features, target)


def _probabilities(features: "np.ndarray", target: "np.ndarray") -> "np.ndarray":
    """Return a forest's probabilities of the classes, (rows, classes)."""
    from lossterm.comparison.evidence import probabilities

    return probabilities(features, target)


def _moment(values: "np.ndarray", order: int) -> float:
    """Return a standardised central moment: the skewness for 3, the kurtosis for 4."""
    centred = values - values.mean()
    spread = float(values.std())
    return float((centred**order).mean() / spread**order) if spread else 0.0


def command(advice: Advice) -> str:
    """Return the command that runs the advised comparison."""
    # One loss alone is no comparison: without --loss, the usual losses are compared.
    losses = "".join(f" --loss {loss}" for loss in advice.losses if len(advice.losses) > 1)
    ranking = "" if advice.metric == PRIMARY[advice.kind] else f" --metric {advice.metric}"
    return f"lossterm run {shlex.join(advice.words)}{losses}{ranking}"
