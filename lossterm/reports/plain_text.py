"""A report as plain text, for terminals without anything else."""

from collections.abc import Sequence

from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.table import TableColumn, columns_of
from lossterm.reports.verdict import verdict
from lossterm.text.harmless import printable


def plain(columns: Sequence[TableColumn]) -> str:
    """Write columns aligned, without any drawing."""
    lines = zip(*((column.head, *column.values) for column in columns), strict=True)
    return "\n".join(
        "  ".join(column.padded(printable(text)) for column, text in zip(columns, line, strict=True)).rstrip()
        for line in lines
    )


def as_plain(report: Report) -> str:
    """Write an aligned table without any drawing, for logs and screen readers."""
    said, told = [headline(report), verdict(report)], notes(report)
    table = plain(columns_of(report, without=["sweep"]))
    return "\n".join([*map(printable, said), "", table, "", *map(printable, told)])
