"""Markdown for a pull request: the verdict first, the table, and the rest folded away."""

import html
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from lossterm.export.contents import Contents
from lossterm.export.rerun import command
from lossterm.export.settings import Labelled, environment, settings
from lossterm.export.text import clean, one_line
from lossterm.report import Report
from lossterm.table import Column, columns_of, markdown
from lossterm.wording import headline, notes, verdict


def write_markdown(contents: Contents, path: Path) -> None:
    """Write a part for each table, the last asked for first: a request is about that."""
    parts = (_part(report, contents.choice) for report in reversed(contents.reports))
    path.write_text("\n\n---\n\n".join(parts) + "\n", encoding="utf-8")


def _part(report: Report, choice: str) -> str:
    columns = [msgspec.structs.replace(c, values=tuple(map(escaped, c.values))) for c in columns_of(report)]
    known = [Column("setting", False, ()), Column("", False, ())]
    about = [*settings(report), *environment(report)]
    return "\n\n".join(
        [
            f"**{escaped(verdict(report))}**",
            escaped(headline(report)),
            markdown(columns),
            "\n".join(f"- {escaped(note)}" for note in (*notes(report), choice) if note),
            "<details>\n<summary>Settings, environment, and how to run it again</summary>",
            markdown(_two_columns(known, about)),
            f"Session {escaped(report.asked.session)}. Run it again:",
            fenced(command(report.asked.comparison)),
            "</details>",
        ]
    )


def _two_columns(heads: Iterable[Column], about: Labelled) -> list[Column]:
    values = zip(*about, strict=True)
    return [
        msgspec.structs.replace(head, values=tuple(map(escaped, column)))
        for head, column in zip(heads, values, strict=True)
    ]


_SPECIAL = re.compile(r"([\\`*~]|\[(?=\^)|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])|^[#+\-](?=\s))")
"""What Markdown acts upon; an underscore within a word is none of it."""

_CALLING = re.compile(r"(?<![^\W_])@(?=\w)")
"""An @ that calls somebody: any but that of an address. An escaped ` or _ before it is no part of an address."""


def escaped(text: str) -> str:
    """Write a text in one line so that it is shown as it is, and calls nobody by an @. A | is left to the table."""
    safe = _SPECIAL.sub(r"\\\1", one_line(text))
    return _CALLING.sub("@\u200b", html.escape(safe, quote=False))


def fenced(text: str) -> str:
    """Write a command as a block of code, whatever is in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{clean(text)}\n{fence}"
