"""The form of a case: what was published, the comparisons that repeat it, and the rows that show both side by side."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.metrics import metric_named
from lossterm.reports.cells import DASH
from lossterm.reports.report import Report
from lossterm.statistics.paired_differences import Interval
from lossterm.text.columns import TableColumn


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a row that a second run must reproduce."""

    what: str
    """Its name in words."""
    value: float | None
    """Its value in this run."""
    metric: str
    """Key of its metric."""
    sd: float | None
    """Standard deviation over seeds of a score whose mean is as uncertain as the value; None if unknown."""
    count: int
    """Number of seeds."""

    def tolerance(self, among: int) -> float:
        """Return how far a second run may deviate in the worst of `among` numbers; see `Metric.tolerance`."""
        return metric_named(self.metric).tolerance(self.value or 0.0, self.sd, self.count, among)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One published result."""

    key: str
    """As typed on the command line."""
    title: str
    """One line above the table."""
    seeds: int
    """Default number of seeds."""
    comparisons: Callable[[int], list[Comparison]]
    """`seeds -> comparisons` that repeat the result."""
    rows: Callable[[Sequence[Report]], list[Any]]
    """`reports -> rows`, of those comparisons in their order; each row is a `row_type`."""
    row_type: type[Any]
    """A msgspec.Struct; its field names are those of the JSON."""
    columns: Callable[[Sequence[Any]], list[TableColumn]]
    """`rows -> table`, the most important columns first."""
    quantities: Callable[[Any], list[Quantity]]
    """`row -> its numbers`, to be compared with those of a second run."""
    story: Callable[[Sequence[Any], Sequence[Report]], list[str]]
    """`(rows, reports) -> sentences` that say what the rows show."""


def in_percent(share: float | None, ends: Interval | None = None) -> str:
    """Write a share in per cent, with the ends of its interval or range: `96.4 [95.1, 97.2]`, a dash without one."""
    if share is None:
        return DASH
    return f"{100 * share:.1f}" + (f" [{100 * ends[0]:.1f}, {100 * ends[1]:.1f}]" if ends else "")


def casualties(reports: Sequence[Report]) -> list[str]:
    """Say which trials are missing from the rows, because they diverged or failed at the rate chosen for their loss."""
    return [
        f"{s.loss} on {report.asked.comparison.task}, {report.asked.comparison.protocol}: of {s.trials} trials "
        f"{s.diverged} diverged and {s.failed} failed; the rows are of the others."
        for report in reports
        for s in report.standings
        if s.diverged or s.failed
    ]
