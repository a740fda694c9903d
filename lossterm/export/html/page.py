"""HTML: a report in one file that needs no network and no script, for light and dark screens."""

from array import array
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from lossterm import __version__
from lossterm.export.epochs import every
from lossterm.export.html import pictures
from lossterm.export.html.svg import shown
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

_SAFE = "default-src 'none'; style-src 'unsafe-inline'"
"""What the page may load: nothing, whatever stands in it."""

_STYLE = """
:root{color-scheme:light dark;--ground:#fff;--ink:#1c1c1c;--faint:#5a5a5a;--rule:#d5d5d5;--raised:#f4f4f4}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.5rem}
h1{margin:0 0 .2rem;overflow-wrap:anywhere}h2{margin-top:2.5rem;overflow-wrap:anywhere}
.verdict{font-size:1.25rem;font-weight:600;overflow-wrap:anywhere}.faint{color:var(--faint)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .7rem;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
th.right,td.right{text-align:right}td{overflow-wrap:anywhere}.scores td,.scores th{white-space:nowrap}
pre{background:var(--raised);padding:.8rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
figure{margin:1.2rem 0}.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr));gap:1rem}
svg{width:100%;height:auto;font:12px system-ui,sans-serif}
svg text{fill:#1c1c1c}svg .title{font-size:14px;font-weight:600}
svg .grid{stroke:#d5d5d5}svg .axis{stroke:#5a5a5a}svg .best{stroke:#5a5a5a;stroke-dasharray:2 3}
svg .lead{stroke:#9a9a9a;fill:none;stroke-width:.7}
svg .line{fill:none;stroke-width:2}svg .ring{fill:none;stroke-width:2}svg .band{opacity:.16}
"""

_DARK = """
:root{--ground:#191919;--ink:#e6e6e6;--faint:#a8a8a8;--rule:#3c3c3c;--raised:#242424}
svg text{fill:#e6e6e6}svg .grid{stroke:#3c3c3c}svg .axis,svg .best{stroke:#a8a8a8}svg .lead{stroke:#777}
"""


def write_html(contents: Contents, path: Path) -> None:
    """Write the report, a section for each table, the last asked for first. Nothing that stands in it acts."""
    judged = {row.id for report in contents.reports for row in report.judged()}
    curves = {epochs.row.id: epochs.values for epochs in every(contents) if epochs.row.id in judged}
    losses = tuple(dict.fromkeys(s.loss for report in contents.reports for s in report.standings))
    sections = "\n".join(_section(report, curves) for report in reversed(contents.reports))
    title = shown(contents.session)
    path.write_text(
        f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_SAFE}">
<meta name="generator" content="lossterm {__version__}">
<title>{title} · lossterm</title>
<style>{_STYLE}{pictures.rules(losses, dark=False)}
@media (prefers-color-scheme: dark){{{_DARK}{pictures.rules(losses, dark=True)}}}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p class="faint">{shown(f"{_when(contents)}. {contents.choice}")}</p>
{sections}
</main>
</body>
</html>
""",
        encoding="utf-8",
    )


def _when(contents: Contents) -> str:
    ended = [row.finished for row in contents.rows if row.finished]
    counts = f"{counted(len(contents.rows), 'trial')}, {counted(contents.epochs, 'epoch')}"
    if not ended:
        return f"{counts}, none ended"
    return f"{counts}, the last ended on {datetime.fromtimestamp(max(ended), UTC):%Y-%m-%d at %H:%M} UTC"


def _section(report: Report, curves: "dict[int, array[float]]") -> str:
    c = report.asked.comparison
    each = "\n".join(_figure(pictures.loss_curves(report, curves, standing)) for standing in report.standings)
    return "\n".join(
        [
            f"<section>\n<h2>{shown(c.task)}, {shown(c.protocol)} protocol</h2>",
            f'<p class="verdict">{shown(verdict(report))}</p>',
            f'<p class="faint">{shown(headline(report))}</p>',
            _figure(pictures.scores(report)),
            _standings(report),
            f"<ul>{''.join(f'<li>{shown(note)}</li>' for note in notes(report))}</ul>",
            _figure(pictures.metric_curves(report, curves)),
            _figure(pictures.sweep(report)),
            f'<div class="pair">\n{each}\n</div>',
            f"<h3>Settings</h3>\n{_labelled(settings(report))}",
            f"<h3>Environment</h3>\n{_labelled(environment(report))}",
            f"<h3>Run it again</h3>\n<pre><code>{_code(command(c))}</code></pre>\n</section>",
        ]
    )


def _figure(drawn: str) -> str:
    return f"<figure>{drawn}</figure>" if drawn else ""


def _standings(report: Report) -> str:
    columns = columns_of(report)
    kinds = ["right" if column.right else "left" for column in columns]
    heads = (f'<th scope="col" class="{kind}">{shown(c.head)}</th>' for kind, c in zip(kinds, columns, strict=True))
    rows = zip(*(column.values for column in columns), strict=True)
    lines = ("".join(_cells(kinds, row)) for row in rows)
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f'<div class="wide"><table class="scores">\n<thead><tr>{"".join(heads)}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _cells(kinds: Iterable[str], row: Iterable[str]) -> Iterable[str]:
    return (f'<td class="{kind}">{shown(value)}</td>' for kind, value in zip(kinds, row, strict=True))


def _labelled(about: Labelled) -> str:
    lines = "\n".join(f'<tr><th scope="row">{shown(label)}</th><td>{shown(value)}</td></tr>' for label, value in about)
    return f"<table><tbody>\n{lines}\n</tbody></table>"


def _code(command: str) -> str:
    from html import escape

    return escape(lines_of(command))
