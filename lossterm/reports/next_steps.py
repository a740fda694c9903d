"""What a person may do next about a table, from the same records as the sentences and notes that say why."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Literal

import msgspec

from lossterm.comparison.comparison import Arm, Comparison
from lossterm.losses import fitting
from lossterm.reports.levelling import longer
from lossterm.reports.report import Report
from lossterm.reports.widening import rates_to_try
from lossterm.store import TrialRow
from lossterm.text.numbers import counted, duration, listed

Kind = Literal["seeds", "rates", "epochs", "losses", "race"]


class NextStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step, and what it costs."""

    kind: Kind
    """What there would be more of; a race trains seeds until all is settled."""
    what: str
    """The same in a few words."""
    comparison: Comparison | None
    """What is to be asked for; None for a race, which trains what a person has chosen."""
    seconds: float | None = None
    """About how long that trains, at the pace so far; None for a race, and before any training has ended."""

    @property
    def words(self) -> str:
        """Say what it is and what it costs."""
        return self.what if self.seconds is None else f"{self.what} {_about(self.seconds)}"


def next_steps(report: Report, advised: Collection[str] = ()) -> tuple[NextStep, ...]:
    """Return the steps that a table suggests, what its verdict needs first; none while trials are trained or stopped.

    `advised` are keys of losses that are advised for its data.
    """
    if report.partial or (report.race and not report.race.over):
        return ()
    steps = (_more_seeds(report), _wider_rates(report), _more_epochs(report), _race(report), _others(report, advised))
    return tuple(step for step in steps if step)


def _more_seeds(report: Report) -> NextStep | None:
    """Return the seeds that would settle what is open."""
    comparison = report.settling
    if comparison is None:
        return None
    more = comparison.most_seeds - report.asked.comparison.most_seeds
    what = counted(more, "more seed", "more seeds") if more > 0 else "the missing seeds"
    return _step(report, "seeds", what, comparison, comparison.size_at_most - len(report.rows))


def _wider_rates(report: Report) -> NextStep | None:
    """Return the rates beyond those tried of each loss whose best one lies at the edge: one rule for all losses."""
    asked = report.asked.comparison
    if report.race:
        return None  # which widens its grid itself
    arms = []
    for standing in report.standings:
        tried = asked.rates_of(standing.loss)
        seeds = max(tried.values())
        arms += [
            Arm(loss=standing.loss, learning_rate=rate, seeds=seeds)
            for rate in rates_to_try(standing)
            if rate not in tried
        ]
    if not arms:
        return None
    losses = list(dict.fromkeys(arm.loss for arm in arms))
    what = f"wider rates for {losses[0] if len(losses) == 1 else counted(len(losses), 'loss', 'losses')}"
    return _step(report, "rates", what, asked.extended(arms), sum(arm.seeds for arm in arms))


def _more_epochs(report: Report) -> NextStep | None:
    """Return the same with the epochs to try, where losses had not stopped learning."""
    comparison = longer(report)
    if comparison is None:
        return None
    epochs, before = comparison.hyperparameters.epochs, report.asked.comparison.hyperparameters.epochs
    trainings = comparison.size_at_most * epochs / before
    return _step(report, "epochs", counted(epochs, "epoch"), comparison, trainings)


def _race(report: Report) -> NextStep | None:
    """Return a race for what is open."""
    if report.race or not report.undecided:
        return None
    return NextStep(kind="race", what="race until settled", comparison=None)


def _others(report: Report, advised: Collection[str]) -> NextStep | None:
    """Return the advised losses that the table lacks, with its seeds and rates."""
    asked = report.asked.comparison
    fit = {loss.key for loss in fitting(asked.record.targets, asked.protocol)}
    new = [loss for loss in advised if loss not in asked.losses and loss in fit]
    if not new or report.race:
        return None
    seeds = asked.seeds
    arms = [Arm(loss=loss, learning_rate=rate, seeds=seeds) for loss in new for rate in asked.learning_rates]
    comparison = msgspec.structs.replace(asked, losses=(*asked.losses, *new)).extended(arms)
    what = f"advised: {listed(new)}" if len(new) < 3 else f"{len(new)} advised losses"
    return _step(report, "losses", what, comparison, len(arms) * seeds)


def _step(report: Report, kind: Kind, what: str, comparison: Comparison, trainings: float) -> NextStep:
    each = seconds_a_training(report.rows)
    return NextStep(kind=kind, what=what, comparison=comparison, seconds=None if each is None else trainings * each)


def seconds_a_training(rows: Sequence[TrialRow]) -> float | None:
    """Return what a training costs in seconds, by the pace of those that ended by themselves; None before any did.

    Trainings that are stacked, or side by side, end together: the time from end to end counts, not the sum of what each
    took. Pauses between requests are no longer than a training.
    """
    done = [row for row in rows if row.status == "done" and row.seconds]
    if not done:
        return None
    mean = fmean(row.seconds or 0.0 for row in done)
    ends = sorted(row.finished for row in done if row.finished is not None)
    gaps = [min(after - before, mean) for before, after in pairwise(ends)]
    return fmean([mean, *gaps]) if gaps else mean


def _about(seconds: float) -> str:
    return "in a moment" if seconds < 1 else f"≈ {duration(seconds)}"
