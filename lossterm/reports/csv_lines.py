"""Reports as CSV, in long form."""

import csv
import io
from collections.abc import Sequence

from lossterm.reports.report import Report
from lossterm.text.harmless import cell


def as_csv(reports: Sequence[Report]) -> str:
    """Write one line per task, loss, metric and split: in this long form no column is empty by design.

    Texts are made safe by `harmless.cell`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["comparison", "task", "protocol", *_CSV_STANDING, *_CSV_INTERVALS, "metric", "split", "mean", "sd"]
    )
    for report in reports:
        asked, c = report.asked, report.asked.comparison
        for s in report.standings:
            standing = [getattr(s, name) for name in _CSV_STANDING]
            d = s.difference
            intervals = [*(s.ci or (None, None)), d and d.mean, *((d and d.ci) or (None, None)), d and d.p_all_pairs]
            for metric, splits in s.scores.items():
                for split, summary in (splits or {}).items():
                    if summary is not None:
                        score = metric, split, summary.mean, summary.sd
                        line = [asked.id, c.task, c.protocol, *standing, *intervals, *score]
                        writer.writerow(map(cell, line))
    return text.getvalue().rstrip("\n")


_CSV_INTERVALS = ("ci_low", "ci_high", "difference", "difference_low", "difference_high", "p_all_pairs")
_CSV_STANDING = ("rank", "loss", "verdict", "beaten", "learning_rate", "trials", "done", "diverged", "failed")
