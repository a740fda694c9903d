"""Which losses to try on the data at hand: rules of thumb, each with the number that it goes by.

A heuristic, not a verdict: it looks at one draw of the data and trains nothing that is compared. The reference loss is
always among what it advises.
"""

import shlex
import warnings
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
"""The loss that every other has to beat, for each kind of task."""

MOST_ROWS = 2000
"""Rows that advice is based on."""

FOLDS = 3
LEAST_ROWS = 30
"""With fewer rows, or fewer than FOLDS rows of a class, no model is fitted to look at its residuals."""

MANY_ZEROS, SKEWED, LONG_TAIL = 0.10, 1.0, 20.0
FAR_OUT, HEAVY = 0.01, 3.0
IMBALANCED, NOISY = 10.0, 0.15
"""Where each rule begins: share of zeros, skewness, largest over median, share of residuals beyond five deviations,
excess kurtosis of residuals, largest class over smallest, share of labels that a forest disagrees with."""


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What to compare, and why."""

    task: str
    """Key of the task."""
    kind: Kind
    """What is to be predicted."""
    words: tuple[str, ...]
    """The words for the task on the command line."""
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
    hidden: tuple[tuple[str, str], ...] = ()
    """Losses for this kind of task that do not fit the data, each with the reason."""

    @property
    def sentence(self) -> str:
        """The advice in a sentence."""
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


def advise(task: Task, *, probabilities: bool = False) -> Advice:
    """Advise from one draw of a task's data; with `probabilities`, only proper losses."""
    import numpy as np

    features, target = task.draw(0)
    chosen = np.random.default_rng(0).permutation(len(target))[:MOST_ROWS]
    features, target = task.pipeline().fit_transform(features[chosen]), target[chosen]
    finding = next(_findings(task, features, target), None) or _Finding(losses=(), reason=_nothing_special(task))
    if probabilities and task.kind != "regression":
        proper = tuple(loss.key for loss in usual(task.targets) if loss.probabilistic and loss.proper)
        reason = "probabilities are wanted, and these losses are proper"
        finding = _Finding(losses=proper, reason=reason, metric="log_loss")
    return Advice(
        task=task.key,
        kind=task.kind,
        words=task.words,
        losses=tuple(dict.fromkeys((REFERENCE[task.kind], *finding.losses))),
        reference=REFERENCE[task.kind],
        metric=finding.metric or PRIMARY[task.kind],
        reason=finding.reason,
        number=finding.number,
        notes=tuple(_notes(task, target)),
        hidden=tuple(
            (loss.key, misfit)
            for loss in every_loss().values()
            if task.kind in loss.kinds and (misfit := loss.misfit(task.targets, DEFAULT_PROTOCOL))
        ),
    )


def _nothing_special(task: Task) -> str:
    if task.kind == "regression":
        return "targets and residuals show nothing that another loss is made for"
    return "classes are balanced enough and labels look right, so a proper loss is the one to beat"


def _findings(task: Task, features: "np.ndarray", target: "np.ndarray") -> Iterator[_Finding]:
    """Yield what the rules find, the most decisive first."""
    if task.kind == "regression":
        yield from _of_targets(target)
        if len(target) >= LEAST_ROWS:
            yield from _of_residuals(_residuals(features, target))
    else:
        yield from _of_classes(target)
        yield from _of_labels(task, features, target)


def _of_targets(target: "np.ndarray") -> Iterator[_Finding]:
    import numpy as np

    if target.min() < 0:
        return
    zeros = float(np.mean(target == 0))
    if (target == np.round(target)).all() and len(np.unique(target)) > 2:
        reason = (
            f"100 % of the targets are whole numbers, from {target.min():g} to {target.max():g}: they may be counts"
        )
        yield _Finding(losses=("poisson",), reason=reason, number=1.0, metric="d2_poisson")
    if zeros > MANY_ZEROS:
        reason = f"{100 * zeros:.0f} % of the targets are exactly 0 and none is negative"
        yield _Finding(losses=("tweedie",), reason=reason, number=zeros, metric="d2_tweedie")
    skew, tail = _moment(target, 3), float(target.max() / max(np.median(target), 1e-300))
    if zeros == 0 and (skew > SKEWED or tail > LONG_TAIL):
        by_skew = skew > SKEWED
        what = f"their skewness is {skew:.1f}" if by_skew else f"the largest is {tail:.0f} times the median"
        reason = f"targets are positive and {what}"
        yield _Finding(losses=("log1p_mse",), reason=reason, number=skew if by_skew else tail, metric="rmsle")


def _of_residuals(residual: "np.ndarray") -> Iterator[_Finding]:
    import numpy as np

    spread = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
    far = float(np.mean(np.abs(residual) > 5 * spread))
    if far > FAR_OUT:
        reason = (
            f"{100 * far:.1f} % of the residuals of a robust fit lie beyond five deviations; of normal ones none would"
        )
        yield _Finding(losses=("mae", "cauchy"), reason=reason, number=far)
    heavy = _moment(residual, 4) - 3
    if heavy > HEAVY:
        reason = f"residuals of a robust fit have an excess kurtosis of {heavy:.1f}, where normal ones have 0"
        yield _Finding(losses=("huber",), reason=reason, number=heavy)


def _of_classes(target: "np.ndarray") -> Iterator[_Finding]:
    import numpy as np

    rows = np.unique(target, return_counts=True)[1]
    ratio = float(rows.max() / rows.min())
    if ratio > IMBALANCED:
        reason = f"the largest class has {ratio:.0f} times the rows of the smallest: keep it and tune the threshold"
        yield _Finding(losses=(), reason=reason, number=ratio, metric="balanced_accuracy")


def _of_labels(task: Task, features: "np.ndarray", target: "np.ndarray") -> Iterator[_Finding]:
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_predict

    if len(target) < LEAST_ROWS or np.unique(target, return_counts=True)[1].min() < FOLDS:
        return
    forest = RandomForestClassifier(100, min_samples_leaf=3, random_state=0)
    disagreement = float((cross_val_predict(forest, features, target, cv=FOLDS) != target).mean())
    if disagreement > NOISY:
        reason = (
            f"a cross-validated forest disagrees with {100 * disagreement:.0f} % of the labels: "
            "wrong ones, or classes overlap"
        )
        losses = ("binary_gce",) if task.kind == "binary" else ("gce", "sce")
        yield _Finding(losses=losses, reason=reason, number=disagreement)


def _notes(task: Task, target: "np.ndarray") -> Iterator[str]:
    import numpy as np

    if task.kind == "regression" and target.min() >= 0 and (target == np.round(target)).all() and target.mean() > 0:
        over = float(target.var() / target.mean())
        if over > 2:
            yield f"The variance is {over:.1f} times the mean: overdispersed before features are looked at."


def _residuals(features: "np.ndarray", target: "np.ndarray") -> "np.ndarray":
    """Return out-of-fold residuals, (rows,), of the better of two robust fits: a line and a forest."""
    import numpy as np
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import HuberRegressor
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fits: Sequence[object] = (
        make_pipeline(StandardScaler(), HuberRegressor(max_iter=1000)),
        RandomForestRegressor(100, min_samples_leaf=3, random_state=0),
    )
    scaled = (target - np.median(target)) / (float(target.std()) or 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that has not settled is robust enough to look at its residuals
        residuals = [scaled - cross_val_predict(fit, features, scaled, cv=FOLDS) for fit in fits]
    return min(residuals, key=lambda residual: float(np.median(np.abs(residual))))


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
