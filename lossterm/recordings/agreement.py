"""Compares a second run with a recorded one, within a tolerance."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from lossterm.metrics import metric_named
from lossterm.published import Case
from lossterm.recordings.recorded_comparison import RecordedComparison, RecordedStanding
from lossterm.recordings.recording import Recording
from lossterm.reports.cells import number
from lossterm.reports.report import Report, build
from lossterm.statistics.paired_differences import Summary, summarise
from lossterm.statistics.ranking import RecordedVerdict
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
    """How far apart the two may be."""
    ranks: bool = False
    """Whether the loss is ranked by this number."""

    @property
    def agrees(self) -> bool:
        """Whether both are present and near enough, or both are missing."""
        if self.recorded is None or self.now is None:
            return self.recorded is self.now
        return abs(self.recorded - self.now) <= self.tolerance

    def __str__(self) -> str:
        both = f"{number(self.recorded)} recorded, {number(self.now)} now"
        return f"{self.loss} ({self.where}): {self.what} {both}, tolerance {number(self.tolerance)}"


# Comparing


def compare(recording: Recording, reports: Sequence[Report]) -> list[Deviation]:
    """Compare a recording, number by number, with the reports of its comparisons after they were run again.

    Each loss is compared at the recorded rate; if validation now chooses another one, `remarks` says so.
    """
    among = _count(recording)
    deviations: list[Deviation] = []
    for recorded, report in zip(recording.comparisons, reports, strict=True):
        for standing in recorded.standings:
            rows = [
                row
                for row in report.rows
                if (row.trial.loss, row.trial.learning_rate) == (standing.loss, standing.learning_rate)
                and row.trial.seed < standing.trials  # a race may go further now
            ]
            deviations += _standing(recorded, standing, rows, among)
    if recording.case:
        deviations += _rows(recording.case, recording.rows, recording.case.rows(reports), among)
    return deviations


def remarks(recording: Recording, reports: Sequence[Report]) -> list[str]:
    """Say what changed without counting as a difference: a chosen rate or a verdict that was a close call.

    Verdicts are compared at the recorded levels, though the second run was looked at only once.
    """
    lines = []
    for recorded, once in zip(recording.comparisons, reports, strict=True):
        report = build(msgspec.structs.replace(once.asked, looks=recorded.levels.look), once.rows)
        now = {standing.loss: standing for standing in report.standings}
        for old in recorded.standings:
            new, where = now[old.loss], f"{old.loss} ({_where(recorded)})"
            if old.learning_rate != new.learning_rate:
                lines.append(f"{where}: validation chose {new.learning_rate:g} rather than {old.learning_rate:g}.")
            if not _same_verdict(old.verdict, new.verdict):
                lines.append(f"{where}: the verdict is {new.verdict} rather than {old.verdict}.")
    return lines


def _same_verdict(old: RecordedVerdict | None, new: RecordedVerdict | None) -> bool:
    return old == new or (old == "tied" and new in ("equal", "open"))


def _where(comparison: RecordedComparison) -> str:
    h = comparison.hyperparameters
    scale = "" if h.initial_sd is None else f", {len(h.hidden)} hidden, initial sd {h.initial_sd:g}"
    return f"{comparison.task.key}, {comparison.protocol}{scale}"


def _standing(
    comparison: RecordedComparison, recorded: RecordedStanding, rows: Sequence[TrialRow], among: int
) -> Iterator[Deviation]:
    where, loss = _where(comparison), recorded.loss
    for name in ("diverged", "failed"):
        before, after = getattr(recorded, name), sum(row.status == name for row in rows)
        yield Deviation(where=where, loss=loss, what=f"{name} trials", recorded=before, now=after, tolerance=0)
    count = recorded.trials - recorded.diverged - recorded.failed
    for metric, split, summary in _summaries(comparison, recorded):
        scores = [row.score(metric, split) for row in rows if row.status == "done"]
        yield Deviation(
            where=where,
            loss=loss,
            what=f"{split} {metric}",
            recorded=summary.mean,
            now=summarise([score for score in scores if score is not None]).mean,
            tolerance=metric_named(metric).tolerance(summary.mean or 0.0, summary.sd, count, among),
            ranks=metric == comparison.metric.key and split == "test",
        )


def _summaries(comparison: RecordedComparison, standing: RecordedStanding) -> Iterator[tuple[str, str, Summary]]:
    """Yield the recorded scores that are compared, with metric and split."""
    for metric, splits in standing.scores.items():
        if comparison.schema >= metric_named(metric).since:
            yield from ((metric, split, summary) for split, summary in (splits or {}).items() if summary)


def _count(recording: Recording) -> int:
    """Return how many scores are compared: the more there are, the further off is the worst of them by chance."""
    scores = (_summaries(comparison, one) for comparison in recording.comparisons for one in comparison.standings)
    rows = [recording.case.quantities(row) for row in recording.rows] if recording.case else []
    return max(1, sum(sum(1 for _ in one) for one in scores) + sum(map(len, rows)))


def _rows(case: Case, recorded: Sequence[Any], now: Sequence[Any], among: int) -> Iterator[Deviation]:
    for old, new in zip(recorded, now, strict=True):
        for before, after in zip(case.quantities(old), case.quantities(new), strict=True):
            yield Deviation(
                where=f"case {case.key}",
                loss=old.loss,
                what=before.what,
                recorded=before.value,
                now=after.value,
                tolerance=before.tolerance(among),
            )
