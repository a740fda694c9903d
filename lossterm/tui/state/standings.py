"""How the losses of a session stand, as the person at the screen ranks them."""

from collections.abc import Collection

from lossterm.comparison.comparison import Comparison
from lossterm.following.session_state import SessionState
from lossterm.reports.next_steps import NextStep, next_steps
from lossterm.reports.report import Report, metrics_of


class Standings:
    """The standings of each table of a session, ranked by the metric that was chosen last for its task."""

    def __init__(self) -> None:
        self.reports: tuple[Report, ...] = ()
        """One for each table, the last asked for last."""
        self.metrics: dict[str, str] = {}
        """Task → metric that ranks it, where a person has chosen one."""
        self.reopened = 0
        """Number of a comparison that stands for its task until another is asked for, 0 for the last."""

    def work_out(self, state: SessionState) -> None:
        """Compute the standings from the session's present state."""
        self.reports = tuple(state.reports(self.metrics))

    def of(self, task: str) -> Report | None:
        """Return the report of the last comparison on a task, or of the one reopened; None if there is none."""
        of_task = [one for one in self.reports if one.asked.comparison.task == task]
        last = of_task[-1] if of_task else None
        return next((one for one in of_task if one.asked.id == self.reopened), last)

    def with_last(self, task: str) -> tuple[Report, ...]:
        """Return all standings, those of a task last, and last of all what stands for it."""
        top = self.of(task)
        return tuple(sorted(self.reports, key=lambda one: (one.asked.comparison.task == task, one is top)))

    def next_steps(self, task: str, device: str, advised: Collection[str] = ()) -> tuple[NextStep, ...]:
        """Return what a person may do next about a task's table; nothing where another device trains it."""
        report = self.of(task)
        return next_steps(report, advised) if report and report.asked.comparison.device == device else ()

    def rank_by_next(self, comparison: Comparison) -> None:
        """Rank the task of a comparison by its next metric from the next computation on."""
        metrics = [metric.key for metric in metrics_of(comparison)]
        self.metrics[comparison.task] = metrics[(metrics.index(comparison.metric) + 1) % len(metrics)]
