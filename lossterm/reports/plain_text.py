"""A report as plain text, for terminals without colours or drawing."""

from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.table import columns_of
from lossterm.reports.verdict import verdict
from lossterm.text.columns import plain
from lossterm.text.harmless import printable


def as_plain(report: Report) -> str:
    """Write an aligned table without drawing, for logs and screen readers."""
    sentences, remarks = [headline(report), verdict(report)], notes(report)
    table = plain(columns_of(report, without=["sweep"]))
    return "\n".join([*map(printable, sentences), "", table, "", *map(printable, remarks)])
