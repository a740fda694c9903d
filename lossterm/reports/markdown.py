"""A report as a Markdown table."""

from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.table import columns_of
from lossterm.reports.verdict import verdict
from lossterm.text.columns import markdown
from lossterm.text.harmless import in_markdown


def as_markdown(report: Report) -> str:
    """Write a table for a pull request."""
    listed = "\n".join(f"- {in_markdown(note)}" for note in notes(report))
    sentence, compared = in_markdown(verdict(report)), in_markdown(headline(report))
    return "\n\n".join([f"**{sentence}**", compared, markdown(columns_of(report)), listed])
