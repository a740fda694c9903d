"""Reports as CSV, in long form."""

import csv
import io
from collections.abc import Sequence

from lossterm.reports.report import Report
from lossterm.text.harmless import cell


def as_csv(reports: Sequence[Report]) -> str:
    """Write one line per task, loss, metric and split: in this long form no column is empty by design.

    Beside a loss's score on the test rows stands that of the constant prediction. Texts are made safe by
    `harmless.cell`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["comparison", "task", "protocol", *_CSV_STANDING, *_CSV_INTERVALS, "metric", "split", "mean", "sd", "constant"]
    )
    for report in reports:
        asked, c = report.asked, report.asked.comparison
        constants = report.constant.scores if report.constant else {}
        for s in report.standings:
            standing = [getattr(s, name) for name in _CSV_STANDING]
            d = s.difference
            intervals = [*(s.ci or (None, None)), d and d.mean, *((d and d.ci) or (None, None)), d and d.p]
            intervals += [s.shares and getattr(s.shares, name) for name in ("worse", "equal", "better")]
            intervals += [s.median, *(s.median_ci or (None, None)), s.collapses]
            for metric, splits in s.scores.items():
                for split, summary in (splits or {}).items():
                    if summary is not None:
                        constant = constants.get(metric) if split == "test" else None
                        score = metric, split, summary.mean, summary.sd, constant and constant.mean
                        line = [asked.id, c.task, c.protocol, *standing, *intervals, *score]
                        writer.writerow(map(cell, line))
    return text.getvalue().rstrip("\n")


_CSV_INTERVALS = (
    *("ci_low", "ci_high", "difference", "difference_low", "difference_high"),
    *("p", "p_worse", "p_equal", "p_better", "median", "median_low", "median_high", "collapses"),
)
_CSV_STANDING = (
    *("rank", "loss", "verdict", "beaten", "learning_rate"),
    *("trials", "done", "collapsed", "diverged", "failed"),
)
