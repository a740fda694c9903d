"""A report as plain text, for terminals without anything else."""

from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.table import columns_of
from lossterm.reports.verdict import verdict
from lossterm.text.columns import plain
from lossterm.text.harmless import printable


def as_plain(report: Report) -> str:
    """Write an aligned table without any drawing, for logs and screen readers."""
    said, told = [headline(report), verdict(report)], notes(report)
    table = plain(columns_of(report, without=["sweep"]))
    return "\n".join([*map(printable, said), "", table, "", *map(printable, told)])
