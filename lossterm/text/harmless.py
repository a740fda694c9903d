"""Makes text from elsewhere, such as names, cells and errors, harmless for where it is written.

The origin does not matter: a table, a store or recording from someone else, a package, an exception. Text is made
harmless only on output and stays unchanged everywhere else, so that look-ups by name still work.
"""

import re

REPLACED = "\ufffd"
"""Replaces a character that a terminal would not show but act upon: one that moves the cursor, sets a colour, reverses
the direction of writing, or is invisible and makes two names look alike."""

FORMULA = tuple("=+-@＝＋－＠")
"""Characters that a spreadsheet takes for the beginning of a formula, in ASCII and full width."""


def printable(text: str) -> str:
    """Return the text with each white-space character as a space and each other unprintable one as REPLACED."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " if char.isspace() else REPLACED for char in text)


def clipped(text: str, most: int = 32) -> str:
    """Return at most `most` characters of a text, harmless; an ellipsis marks that there is more."""
    text = printable(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def one_line(text: str) -> str:
    """Return a harmless text with each stretch of white space as one space."""
    return " ".join(printable(text).split())


def lines_of(text: str) -> str:
    """Return a harmless text of several lines: line breaks and tabs are kept."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _LAYOUT else REPLACED for char in text)


_LAYOUT = frozenset("\n\t \u00a0\u2007\u2009\u202f")
"""Line breaks, tabs, and spaces of special width."""


def cell(value: object) -> object:
    """Return a value for CSV: a text in one line, after an apostrophe if a spreadsheet would take it for a formula.

    Numbers stay as they are, negative ones too.
    """
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if value.startswith(("\t", "\r", "\n")) or text.startswith(FORMULA) else text


def in_json(document: str) -> str:
    """Return an equivalent JSON document, with characters that a terminal would act upon as \\u…."""
    return _UNSAFE.sub(lambda match: _escaped(match[0]), document)


def _escaped(char: str) -> str:
    """Write a character as a JSON escape, or as a surrogate pair if it needs more than 16 bits."""
    code = ord(char)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


_UNSAFE = re.compile(
    "[\x7f-\xa0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Characters that JSON strings may contain unescaped and that a terminal does not show, or shows as a plain space."""

_MARKS = re.compile(
    r"([\\`*]|~~|\[(?=\^)|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_]|\{)|<(?=[A-Za-z/!?])|&(?=#?\w+;)|^[#+>\-](?=\s))"
)
"""Characters that Markdown acts upon; no underscore within a word, and no `<` or `&` that begins no tag or entity."""

_MENTION = re.compile(r"(?<![^\W_])@(?=\w)")
"""An @ that mentions somebody: any except within an address. An escaped ` or _ before it is not part of an address."""


def in_markdown(text: str) -> str:
    """Escape a one-line text so that Markdown shows it as it is and an @ mentions nobody; `|` is left to the table."""
    return _MENTION.sub("@\u200b", _MARKS.sub(_marked, printable(text)))


def _marked(match: re.Match[str]) -> str:
    return {"<": "&lt;", "&": "&amp;", "~~": "\\~\\~"}.get(match[0], f"\\{match[0]}")
