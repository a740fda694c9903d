"""How the losses of a session stand, as the person at the screen ranks them."""

from lossterm.comparison.comparison import Comparison
from lossterm.following.session_state import SessionState
from lossterm.reports.report import Report, metrics_of


class Standings:
    """The standings of each table of a session, ranked by the metric that was chosen last for its task."""

    def __init__(self) -> None:
        self.reports: tuple[Report, ...] = ()
        """One for each table, the last asked for last."""
        self.metrics: dict[str, str] = {}
        """Task → metric that ranks it, where a person has chosen one."""

    def work_out(self, state: SessionState) -> None:
        """Work them out from what is known of the session now."""
        self.reports = tuple(state.reports(self.metrics))

    def of(self, task: str) -> Report | None:
        """Return how what was last asked for on a task stands, None where nothing was."""
        return next((one for one in reversed(self.reports) if one.asked.comparison.task == task), None)

    def with_last(self, task: str) -> tuple[Report, ...]:
        """Return all of them, those of a task last."""
        return tuple(sorted(self.reports, key=lambda one: one.asked.comparison.task == task))

    def settling(self, task: str, device: str) -> Comparison | None:
        """Return what would settle the ties on a task, None where nothing does or another device is to train it."""
        report = self.of(task)
        settling = report.settling if report else None
        return settling if settling and settling.device == device else None

    def rank_by_next(self, comparison: Comparison) -> None:
        """Have the task of a comparison ranked by its next metric when they are worked out again."""
        metrics = [metric.key for metric in metrics_of(comparison)]
        self.metrics[comparison.task] = metrics[(metrics.index(comparison.metric) + 1) % len(metrics)]
