"""What every page of the HTML report is made of: the document with its style, figures and tables."""

from collections.abc import Iterable, Sequence

from lossterm import __version__
from lossterm.export.html import pictures
from lossterm.export.html.svg import shown
from lossterm.text.columns import TableColumn

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


def whole(title: str, losses: Sequence[str], about: str, sections: str) -> str:
    """Return a document with its sections, in which each loss has its colour. Nothing that stands in it acts."""
    name = shown(title)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_SAFE}">
<meta name="generator" content="lossterm {__version__}">
<title>{name} · lossterm</title>
<style>{_STYLE}{pictures.rules(losses, dark=False)}
@media (prefers-color-scheme: dark){{{_DARK}{pictures.rules(losses, dark=True)}}}</style>
</head>
<body>
<main>
<h1>{name}</h1>
<p class="faint">{shown(about)}</p>
{sections}
</main>
</body>
</html>
"""


def figure(drawn: str) -> str:
    """Frame a picture; "" for none."""
    return f"<figure>{drawn}</figure>" if drawn else ""


def table(columns: Sequence[TableColumn]) -> str:
    """Write columns as a table."""
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
