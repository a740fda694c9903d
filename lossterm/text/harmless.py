"""Text from elsewhere, such as names, cells and errors, made harmless for where it is to stand.

Where it comes from is no matter: a table, a store or a recording that was sent, a package, an exception. It is made
harmless where it is put out, and stays what it is everywhere else, so that names are found again.
"""

import re

REPLACED = "\ufffd"
"""Stands for a sign that would not be seen but acted upon: moves a cursor, sets a colour, turns the direction of
writing, or hides in a name that then looks like another."""

FORMULA = tuple("=+-@＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula, in its own width and that of Chinese and Japanese."""


def printable(text: str) -> str:
    """Return the text with every kind of space as one space, and every other sign that prints nothing as REPLACED."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else REPLACED for sign in text)


def clipped(text: str, most: int = 32) -> str:
    """Return at most `most` signs of a text, harmless; an ellipsis says that there is more."""
    text = printable(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def one_line(text: str) -> str:
    """Return a harmless text in which each stretch of white space is a blank."""
    return " ".join(printable(text).split())


def lines_of(text: str) -> str:
    """Return a harmless text that keeps its line breaks and tabs, for what has several lines of its own."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in _LAID_OUT else REPLACED for sign in text)


_LAID_OUT = frozenset("\n\t \u00a0\u2007\u2009\u202f")
"""Line breaks, tabs, and the blanks that are set on purpose."""


def cell(value: object) -> object:
    """Return a value for CSV: a text in one line, with an apostrophe before it where a spreadsheet would compute it.

    A number is one, whatever its sign.
    """
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if value.startswith(("\t", "\r", "\n")) or text.startswith(FORMULA) else text


def in_json(document: str) -> str:
    """Return a JSON document that means the same, with what a terminal would act upon written as \\u…."""
    return _ACTING.sub(lambda found: _escaped(found[0]), document)


def _escaped(sign: str) -> str:
    """Write a sign as JSON's escape, or as two where it lies beyond the 16 bits of one."""
    code = ord(sign)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


_ACTING = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""What JSON leaves as it is within its strings, and a terminal does not show."""

_MARKS = re.compile(
    r"([\\`*]|~~|\[(?=\^)|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_]|\{)|<(?=[A-Za-z/!?])|&(?=#?\w+;)|^[#+>\-](?=\s))"
)
"""What Markdown acts upon: no underscore within a word, and no sign that begins no tag or entity."""

_CALLING = re.compile(r"(?<![^\W_])@(?=\w)")
"""An @ that calls somebody: any but that of an address. An escaped ` or _ before it is no part of an address."""


def in_markdown(text: str) -> str:
    """Write a text in one line so that Markdown shows it as it is, and calls nobody by an @; | is left to a table."""
    return _CALLING.sub("@\u200b", _MARKS.sub(_marked, printable(text)))


def _marked(found: re.Match[str]) -> str:
    return {"<": "&lt;", "&": "&amp;", "~~": "\\~\\~"}.get(found[0], f"\\{found[0]}")
