"""HTML: a report in one file that needs no network and no script, for light and dark screens."""

from array import array
from datetime import UTC, datetime
from pathlib import Path

from lossterm.export.epochs import every
from lossterm.export.html import pictures
from lossterm.export.html.frame import figure, table, whole
from lossterm.export.html.svg import shown
from lossterm.export.html.sweep_section import section
from lossterm.export.rerun_command import command
from lossterm.export.session_contents import Contents
from lossterm.export.setting_labels import Labelled, environment, settings
from lossterm.reports.headline import headline
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.table import columns_of
from lossterm.reports.verdict import verdict
from lossterm.text.harmless import lines_of
from lossterm.text.numbers import counted


def write_html(contents: Contents, path: Path) -> None:
    """Write the report in a file, UTF-8."""
    path.write_text(page(contents), encoding="utf-8")


def page(contents: Contents) -> str:
    """Return the report, a section for each table, the last asked for first. Nothing that stands in it acts."""
    judged = {row.id for report in contents.reports for row in report.judged()}
    curves = {epochs.row.id: epochs.values for epochs in every(contents) if epochs.row.id in judged}
    losses = tuple(dict.fromkeys(s.loss for report in contents.reports for s in report.standings))
    every_section = [section(curve) for curve in reversed(contents.sweeps())]
    every_section += [_section(report, curves) for report in reversed(contents.levelled())]
    sections = "\n".join(every_section)
    return whole(contents.session, losses, f"{_when(contents)}. {contents.choice}", sections)


def _when(contents: Contents) -> str:
    ended = [row.finished for row in contents.rows if row.finished]
    counts = f"{counted(len(contents.rows), 'trial')}, {counted(contents.epochs, 'epoch')}"
    if not ended:
        return f"{counts}, none ended"
    return f"{counts}, the last ended on {datetime.fromtimestamp(max(ended), UTC):%Y-%m-%d at %H:%M} UTC"


def _section(report: Report, curves: "dict[int, array[float]]") -> str:
    c = report.asked.comparison
    each = "\n".join(figure(pictures.loss_curves(report, curves, standing)) for standing in report.standings)
    return "\n".join(
        [
            f"<section>\n<h2>{shown(c.task)}, {shown(c.protocol)} protocol</h2>",
            f'<p class="verdict">{shown(verdict(report))}</p>',
            f'<p class="faint">{shown(headline(report))}</p>',
            figure(pictures.scores(report)),
            table(columns_of(report)),
            f"<ul>{''.join(f'<li>{shown(note)}</li>' for note in notes(report))}</ul>",
            figure(pictures.metric_curves(report, curves)),
            figure(pictures.sweep(report)),
            f'<div class="pair">\n{each}\n</div>',
            f"<h3>Settings</h3>\n{_labelled(settings(report))}",
            f"<h3>Environment</h3>\n{_labelled(environment(report))}",
            f"<h3>Run it again</h3>\n<pre><code>{_code(command(c))}</code></pre>\n</section>",
        ]
    )


def _labelled(about: Labelled) -> str:
    lines = "\n".join(f'<tr><th scope="row">{shown(label)}</th><td>{shown(value)}</td></tr>' for label, value in about)
    return f"<table><tbody>\n{lines}\n</tbody></table>"


def _code(command: str) -> str:
    from html import escape

    return escape(lines_of(command))
