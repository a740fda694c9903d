"""A report as a Markdown table."""

from collections.abc import Sequence

from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.table import TableColumn, columns_of
from lossterm.reports.verdict import verdict
from lossterm.text.harmless import in_markdown


def markdown(columns: Sequence[TableColumn]) -> str:
    """Write columns as a Markdown table, in which every text is shown as it is."""
    rule = ["---:" if column.right else ":---" for column in columns]
    heads, rows = [column.head for column in columns], zip(*(column.values for column in columns), strict=True)
    shown = [[in_markdown(text).replace("|", "\\|") for text in row] for row in (heads, *rows)]
    table = [shown[0], rule, *shown[1:]]
    return "\n".join("| " + " | ".join(line) + " |" for line in table)


def as_markdown(report: Report) -> str:
    """Write a table for a pull request."""
    listed = "\n".join(f"- {in_markdown(note)}" for note in notes(report))
    said, compared = in_markdown(verdict(report)), in_markdown(headline(report))
    return "\n\n".join([f"**{said}**", compared, markdown(columns_of(report)), listed])
