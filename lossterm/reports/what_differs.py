"""Two comparisons: which settings differ, and by how much the scores do."""

from collections.abc import Mapping
from textwrap import wrap

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.setting import Setting
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS, OF_COMPARISON
from lossterm.metrics import metric_named
from lossterm.reports.cells import DASH, bare, gap, number
from lossterm.reports.report import Report, Standing, build, fitting_metric
from lossterm.statistics import student_t
from lossterm.statistics.paired_differences import LEAST_SEEDS, Paired, paired
from lossterm.statistics.ranking import Difference
from lossterm.text.columns import TableColumn, plain
from lossterm.text.numbers import counted, listed

ARROW = "→"

WIDEST = 70
"""Characters of a line: the smallest terminal shows them without scrolling."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How one loss scores in two comparisons."""

    loss: str
    """Key of the loss."""
    before: float
    """What it is ranked by in the first."""
    after: float
    """The same in the second."""
    seeds: int
    """Seeds on which both have a score."""
    paired: Paired | None = None
    """The differences seed by seed, second less first; None where they cannot be paired."""


def lines(before: Report, after: Report) -> list[str]:
    """Say what differs between two comparisons, and by how much; where that cannot be said, why."""
    c, d = before.asked.comparison, after.asked.comparison
    settings, changes = listed(differing(c, d)) or "No setting differs", list[Change]()
    why = incomparable(c, d)
    if not why and fitting_metric(after.asked, c.metric) is None:
        why = f"the second has no {c.metric}"
    if not why:
        after = after if c.metric == d.metric else build(after.asked, after.rows, c.metric)
        changes = changes_of(before, after)
        why = "" if changes else "no loss has scores in both"
    if why:
        return [*wrap(f"{settings}.", WIDEST), *wrap(f"By how much cannot be said: {why}.", WIDEST)]
    middle = "median" if before.by_median or after.by_median else "mean"
    by_rate = ", each loss at its best learning rate" if c.tuned or d.tuned else ""
    return [
        *wrap(f"{settings}: {c.metric} {_effect(changes[0], c.metric)} with {changes[0].loss}.", WIDEST),
        "",
        *_table(changes, c.metric).split("\n"),
        "",
        *wrap(f"{middle.capitalize()} test {c.metric}{by_rate}; {_basis(changes, middle)}", WIDEST),
    ]


def differing(before: Comparison, after: Comparison) -> list[str]:
    """Return each setting that differs, with both values: `hidden 50 → 64,32`."""
    words = []
    for name, one, other in _values(before, after):
        if one != other:
            words.append(f"{name} {one} {ARROW} {other}")
    return words


def _values(before: Comparison, after: Comparison) -> list[tuple[str, str, str]]:
    """Return the title of every setting with its two values as a person reads them."""
    values = [("task", before.task, after.task)]
    for setting in HYPERPARAMETERS.values():
        pair = [_written(setting, getattr(one.hyperparameters, setting.name)) for one in (before, after)]
        values.append((setting.title, pair[0], pair[1]))
    for setting in OF_COMPARISON.values():
        name = "most_seeds" if setting.name == "seeds" else setting.name  # of a race, those that it may have
        pair = [_written(setting, getattr(one, name)) for one in (before, after)]
        values.append((setting.title, pair[0], pair[1]))
    rates = [",".join(f"{rate:g}" for rate in comparison.learning_rates) for comparison in (before, after)]
    values.append(("learning rates", rates[0], rates[1]))
    return values


def _written(setting: Setting, value: object) -> str:
    return setting.written(setting.shared(value)) or "none"


def incomparable(before: Comparison, after: Comparison) -> str:
    """Say why the scores of two comparisons cannot be set against each other; "" where they can."""
    if not _same_data(before, after):
        same_file = before.data and after.data and before.data.asked.path == after.data.asked.path
        return "the table, or how it is read, was changed in between" if same_file else "the data are not the same"
    if before.protocol != after.protocol:
        return f"{before.protocol} and {after.protocol} score on other rows"
    return ""


def _same_data(before: Comparison, after: Comparison) -> bool:
    """Whether both are about the same rows, wherever the file lies."""
    one, other = before.data, after.data
    if one is None or other is None:
        return before.task == after.task
    moved = msgspec.structs.replace(other.asked, path=one.asked.path)
    return msgspec.structs.replace(other, asked=moved) == one


def changes_of(before: Report, after: Report) -> list[Change]:
    """Return how each loss that has scores in both comparisons changed, in the order of the first.

    Both must be ranked by the same metric. The differences are paired by seed: a seed fixes rows and split in both.
    """
    there = {standing.loss: standing for standing in after.standings}
    scores, others = _by_seed(before), _by_seed(after)
    changes = []
    for standing in before.standings:
        other = there.get(standing.loss)
        if other is None or standing.centre is None or other.centre is None:
            continue
        one, two = scores[standing.loss], others[standing.loss]
        both = sorted(one.keys() & two.keys())
        medians = before.by_median or after.by_median
        d = [] if medians else [two[seed] - one[seed] for seed in both]
        changes.append(_change(standing, other, len(both), paired(d, before.correlation)))
    return changes


def _change(before: Standing, after: Standing, seeds: int, differences: Paired | None) -> Change:
    assert before.centre is not None
    assert after.centre is not None
    return Change(loss=before.loss, before=before.centre, after=after.centre, seeds=seeds, paired=differences)


def _by_seed(report: Report) -> Mapping[str, dict[int, float]]:
    metric = report.asked.comparison.metric
    scores: dict[str, dict[int, float]] = {standing.loss: {} for standing in report.standings}
    for row in report.judged():
        if row.status == "done" and (score := row.score(metric, "test")) is not None:
            scores[row.trial.loss][row.trial.seed] = score
    return scores


def _interval(change: Change) -> Difference:
    """Return the change and its 95 % interval, if it has one."""
    of = change.paired
    if of is None:
        return Difference(mean=change.after - change.before, ci=None, p=None)
    half = student_t.critical(of.seeds - 1) * of.standard_error
    return Difference(mean=of.mean, ci=(of.mean - half, of.mean + half), p=None)


def _effect(change: Change, metric: str) -> str:
    """Write a change with its interval, as a share of the first score where the metric is judged by shares."""
    difference = _interval(change)
    if not (metric_named(metric).relative and change.before):
        return gap(difference)
    share = 100 / abs(change.before)
    mean, *ends = (f"{bare(share * value, 1, sign=True)}" for value in (difference.mean, *(difference.ci or ())))
    return f"{mean} % [{', '.join(ends)}]" if ends else f"{mean} %"


def _judged(change: Change, metric: str) -> str:
    """Say whether the second is better; only an interval that leaves out 0 tells."""
    difference = _interval(change)
    if difference.ci is None:
        return DASH
    low, high = difference.ci
    if low == high == 0:
        return "same"
    if low <= 0 <= high:
        return "open"
    return "better" if (low > 0) == (metric_named(metric).direction == "max") else "worse"


def _table(changes: list[Change], metric: str) -> str:
    return plain(
        [
            TableColumn("loss", False, tuple(change.loss for change in changes)),
            TableColumn("first", True, tuple(number(change.before) for change in changes)),
            TableColumn("second", True, tuple(number(change.after) for change in changes)),
            TableColumn("change", True, tuple(_effect(change, metric) for change in changes)),
            TableColumn("", False, tuple(_judged(change, metric) for change in changes)),
        ]
    )


def _basis(changes: list[Change], middle: str) -> str:
    """Say what the intervals rest on, or why there are none."""
    if middle == "median":
        return "no intervals, since trainings collapsed and medians are compared."
    counts = sorted({change.seeds for change in changes})
    many = counted(counts[0], "seed") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"
    if counts[-1] < LEAST_SEEDS:
        return f"no intervals, since both share {many}, and {LEAST_SEEDS} are the least."
    return f"changes with 95 % intervals, paired over the {many} that both have; each stands for itself."
