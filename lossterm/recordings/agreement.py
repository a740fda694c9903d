"""Whether a second run agrees with a recorded one: the tolerance, and what differs."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from lossterm.metrics import metric_named
from lossterm.published import Case
from lossterm.recordings.recorded_comparison import RecordedComparison, RecordedStanding
from lossterm.recordings.recording import Recording
from lossterm.reports.cells import number
from lossterm.reports.report import Report
from lossterm.statistics.paired_differences import summarise
from lossterm.store import TrialRow


class Deviation(msgspec.Struct, frozen=True, kw_only=True):
    """One number of a recording beside the second run's."""

    where: str
    """Task and protocol, or the case."""
    loss: str
    """Key of the loss."""
    what: str
    """The number in words."""
    recorded: float | None
    """What the recording says."""
    now: float | None
    """What the second run says."""
    tolerance: float
    """How far the two may be apart."""
    ranks: bool = False
    """Whether it is the number that the loss is ranked by."""

    @property
    def agrees(self) -> bool:
        """Whether both are there and near enough, or neither is there."""
        if self.recorded is None or self.now is None:
            return self.recorded is self.now
        return abs(self.recorded - self.now) <= self.tolerance

    def __str__(self) -> str:
        told = f"{number(self.recorded)} recorded, {number(self.now)} now"
        return f"{self.loss} ({self.where}): {self.what} {told}, tolerance {number(self.tolerance)}"


# Comparing


def compare(recording: Recording, reports: Sequence[Report]) -> list[Deviation]:
    """Hold a recording against the reports of its comparisons run again, number by number.

    Each loss is compared at the rate that was recorded: should validation choose another now, that is a remark.
    """
    found: list[Deviation] = []
    for recorded, report in zip(recording.comparisons, reports, strict=True):
        for standing in recorded.standings:
            rows = [
                row
                for row in report.rows
                if (row.trial.loss, row.trial.learning_rate) == (standing.loss, standing.learning_rate)
            ]
            found += _standing(recorded, standing, rows)
    if recording.case:
        found += _rows(recording.case, recording.rows, recording.case.rows(reports))
    return found


def remarks(recording: Recording, reports: Sequence[Report]) -> list[str]:
    """Say what came out otherwise without being a difference: a rate or a verdict that stood on a knife's edge."""
    lines = []
    for recorded, report in zip(recording.comparisons, reports, strict=True):
        now = {standing.loss: standing for standing in report.standings}
        for one in recorded.standings:
            other, where = now[one.loss], f"{one.loss} ({_where(recorded)})"
            if one.learning_rate != other.learning_rate:
                lines.append(f"{where}: validation chose {other.learning_rate:g} rather than {one.learning_rate:g}.")
            if one.verdict != other.verdict:
                lines.append(f"{where}: the verdict is {other.verdict} rather than {one.verdict}.")
    return lines


def _where(comparison: RecordedComparison) -> str:
    h = comparison.hyperparameters
    scale = "" if h.initial_sd is None else f", {len(h.hidden)} hidden, initial sd {h.initial_sd:g}"
    return f"{comparison.task.key}, {comparison.protocol}{scale}"


def _standing(
    comparison: RecordedComparison, recorded: RecordedStanding, rows: Sequence[TrialRow]
) -> Iterator[Deviation]:
    where, loss = _where(comparison), recorded.loss
    for name in ("diverged", "failed"):
        before, after = getattr(recorded, name), sum(row.status == name for row in rows)
        yield Deviation(where=where, loss=loss, what=f"{name} trials", recorded=before, now=after, tolerance=0)
    count = recorded.trials - recorded.diverged - recorded.failed
    for metric, splits in recorded.scores.items():
        for split, summary in (splits or {}).items():
            if summary is not None:
                scores = [row.score(metric, split) for row in rows if row.status == "done"]
                yield Deviation(
                    where=where,
                    loss=loss,
                    what=f"{split} {metric}",
                    recorded=summary.mean,
                    now=summarise([score for score in scores if score is not None]).mean,
                    tolerance=metric_named(metric).tolerance(summary.mean or 0.0, summary.sd, count),
                    ranks=metric == comparison.metric.key and split == "test",
                )


def _rows(case: Case, recorded: Sequence[Any], now: Sequence[Any]) -> Iterator[Deviation]:
    for one, other in zip(recorded, now, strict=True):
        for before, after in zip(case.quantities(one), case.quantities(other), strict=True):
            yield Deviation(
                where=f"case {case.key}",
                loss=one.loss,
                what=before.what,
                recorded=before.value,
                now=after.value,
                tolerance=before.tolerance,
            )
