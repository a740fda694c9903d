"""Texts that somebody meant ill with, and what none of them may do where it is shown."""

import csv
import io
import re

from lossterm.text.harmless import FORMULA

EVIL = {
    "clears the screen": "\x1b[2J\x1b[H",
    "one-byte control": "\x9b31m\x85",
    "link": "\x1b]8;;http://evil.example\x07here\x1b]8;;\x07",
    "title": "\x1b]0;owned\x07",
    "string of commands": "\x1bP+q544e\x1b\\\x90x\x9c",
    "turned": "\u202egpj.exe\u202c",
    "isolated": "\u2066x\u2069\u200f\u061c",
    "unseen": "a\u200bb\u2060\ufeff\u00ad",
    "tagged": "a\U000e0041\U000e007f",
    "lines": "one\r\ntwo\u2028three\x0bfour",
    "cells": "a\tb\x08\x7f",
    "bell": "\x07",
    "markup": "[red]x[/red][/][nope=1]",
    "link in markup": "[@click=app.quit]x[/]",
    "half": "[bold",
    "page": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": "\" onload='alert(1)' x=\"",
    "entity": "&lt;b&gt; &#60; &amp;",
    "comment": "--> ]]> */ </style></title>",
    "calling": "@everyone | **x** `y` ![z](http://evil.example) # 1",
    "formula": '=HYPERLINK("http://evil.example")',
    "formula by sign": "+1+cmd|' /C calc'!A0",
    "formula by call": "@SUM(1)",
    "formula by minus": "-2+3",
    "wide formula": "＝1+1",
    "behind a tab": "\t=1+1",
    "form": "{0} %s {x!r} $HOME `id`",
}
"""By what it tries. None holds what no file's name can: a slash would only be a directory, NUL nothing at all."""

LAID_OUT = "\n"
"""What is not seen and yet meant."""

BREAKS_A_CALL = "\u200b"
"""Stands behind an @ in Markdown, so that nobody is called."""


def acting(text: str, allowed: str = LAID_OUT) -> dict[str, str]:
    """Return the signs of an output that act and are not seen, each with what stands around it."""
    return {
        f"U+{ord(sign):04X}": repr(text[max(place - 20, 0) : place + 20])
        for place, sign in enumerate(text)
        if not sign.isprintable() and sign not in allowed
    }


def formulas(text: str) -> list[str]:
    """Return the cells of a CSV text that a spreadsheet would compute."""
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    return [cell for cell in cells if cell.startswith((*FORMULA, "\t", "\r")) and not _is_number(cell)]


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", cell, re.IGNORECASE) is not None
