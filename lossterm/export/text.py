"""Text from elsewhere, such as names and errors, made safe to stand in a file that people open."""

import unicodedata

REPLACED = "\ufffd"
"""Stands for a character that would not be seen but acted upon."""

_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows, so that a text reads as another."""


def clean(text: str) -> str:
    """Replace what a terminal or browser would act upon rather than show; line breaks and tabs stay."""
    return "".join(character if _seen(character) else REPLACED for character in text)


def one_line(text: str) -> str:
    """Return a clean text in one line: each stretch of white space becomes a blank."""
    return " ".join(clean(text).split())


def _seen(character: str) -> bool:
    if character in "\n\r\t":
        return True
    return unicodedata.category(character) not in ("Cc", "Cs") and character not in _TURNING


def file_name(text: str, longest: int = 120) -> str:
    """Return a name that every file system takes and no shell reads as an option: letters, digits and `_ - . , =`.

    Different texts may give the same name. At most `longest` bytes.
    """
    safe = "".join(sign if sign.isalnum() or sign in "_-.,=" else "_" for sign in unicodedata.normalize("NFC", text))
    short = safe.encode()[:longest].decode(errors="ignore").strip(".").lstrip("-") or "_"
    return f"_{short}" if short.split(".")[0].upper() in _DEVICES else short


_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}
"""Names that are devices on Windows, with any suffix."""
