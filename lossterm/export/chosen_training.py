"""The training of a session that is exported: one comparison, one loss at the rate it is judged at, its seeds."""

from dataclasses import dataclass

from lossterm.comparison.comparison import Comparison
from lossterm.errors import UsageError
from lossterm.export.session_contents import Contents
from lossterm.reports.report import Report, Standing
from lossterm.store import TrialRow


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The chosen training."""

    report: Report
    """The standings it was chosen from."""
    standing: Standing
    """The standing of its loss."""
    rows: tuple[TrialRow, ...]
    """Its trials that were trained to their end and have a score, by seed."""

    @property
    def comparison(self) -> Comparison:
        """What was asked for."""
        return self.report.asked.comparison

    @property
    def scores(self) -> dict[int, float]:
        """Seed → test score by the metric that ranks."""
        by_seed = {row.trial.seed: row.score(self.comparison.metric, "test") for row in self.rows}
        return {seed: score for seed, score in by_seed.items() if score is not None}

    def row(self, seed: int) -> TrialRow:
        """Return the trial of a seed. Raises UsageError for one that was not trained to its end."""
        for row in self.rows:
            if row.trial.seed == seed:
                return row
        known = ", ".join(str(row.trial.seed) for row in self.rows)
        raise UsageError(f"There is no trained seed {seed} of {self.standing.loss}: there are {known}.")


def chosen(contents: Contents) -> Chosen:
    """Choose the best loss of the latest standings that have a loss with a score.

    Raises UsageError if no trial was trained to its end.
    """
    for report in reversed(contents.reports):
        for standing in report.standings:
            if standing.mean is not None:
                return _chosen(report, standing)
    raise UsageError(f"No trial of the session {contents.session!r} has a score yet: wait for the first to end.")


def _chosen(report: Report, standing: Standing) -> Chosen:
    metric = report.asked.comparison.metric
    rows = [
        row
        for row in report.judged()
        if row.trial.loss == standing.loss and row.status == "done" and row.score(metric, "test") is not None
    ]
    return Chosen(report=report, standing=standing, rows=tuple(sorted(rows, key=lambda row: row.trial.seed)))
