"""Safe file names from arbitrary names."""

import unicodedata


def file_name(text: str, longest: int = 120) -> str:
    """Return a name that every file system accepts and no shell takes for an option: letters, digits and `_ - . , =`.

    Different texts may give the same name. At most `longest` bytes.
    """
    safe = "".join(sign if sign.isalnum() or sign in "_-.,=" else "_" for sign in unicodedata.normalize("NFC", text))
    short = safe.encode()[:longest].decode(errors="ignore").strip(".").lstrip("-") or "_"
    return f"_{short}" if short.split(".")[0].upper() in _DEVICES else short


_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}
"""Names that are devices on Windows, with any suffix."""
