"""Markdown for a pull request: the verdict first, the table, and the rest folded away."""

import re
from pathlib import Path

from lossterm.export.rerun_command import command
from lossterm.export.session_contents import Contents
from lossterm.export.setting_labels import environment, settings
from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.table import columns_of
from lossterm.reports.verdict import verdict
from lossterm.stress_sweeps.document import as_markdown
from lossterm.text.columns import TableColumn, markdown
from lossterm.text.harmless import in_markdown, lines_of


def write_markdown(contents: Contents, path: Path) -> None:
    """Write a part for each sweep and each table, the latest first: the pull request is about that one."""
    parts = [as_markdown(curve) for curve in reversed(contents.sweeps())]
    parts += [_part(report, contents.choice) for report in reversed(contents.levelled())]
    path.write_text("\n\n---\n\n".join(parts) + "\n", encoding="utf-8")


def _part(report: Report, choice: str) -> str:
    names, values = zip(*settings(report), *environment(report), strict=True)
    return "\n\n".join(
        [
            f"**{in_markdown(verdict(report))}**",
            in_markdown(headline(report)),
            markdown(columns_of(report)),
            "\n".join(f"- {in_markdown(note)}" for note in (*notes(report), choice) if note),
            "<details>\n<summary>Settings, environment, and how to run it again</summary>",
            markdown([TableColumn("setting", False, names), TableColumn("", False, values)]),
            f"Session {in_markdown(report.asked.session)}. Run it again:",
            fenced(command(report.asked.comparison)),
            "</details>",
        ]
    )


def fenced(text: str) -> str:
    """Write a command as a block of code, even if it holds backticks."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{lines_of(text)}\n{fence}"
