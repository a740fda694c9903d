"""Text out of files, made harmless for a terminal, and short."""

REPLACED = "\ufffd"
"""Stands where a sign was that moves a cursor, sets a colour or turns the direction of writing."""


def printable(text: str) -> str:
    """Return the text with every kind of space as one space, and every other sign that prints nothing as REPLACED."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else REPLACED for sign in text)


def clipped(text: str, most: int = 32) -> str:
    """Return at most `most` signs of a text, harmless; an ellipsis says that there is more."""
    text = printable(text)
    return text if len(text) <= most else text[: most - 1] + "…"
