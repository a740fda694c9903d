"""Patterns that a user types to filter names: a part of a name, with signs for alternatives and exclusions."""

from fnmatch import fnmatchcase

SIGNS = "a part of a name; * for anything, | for or, ! for not"
"""The signs, in words."""


def whole(text: str) -> bool:
    """Whether a pattern is complete: after | and ! more has to follow."""
    return not text.rstrip().endswith(("|", "!"))


def matches(pattern: str, name: str) -> bool:
    """Whether a name contains one of the pattern's parts and none of those after a !, ignoring case.

    An empty pattern matches every name.
    """
    parts = [part.strip().casefold() for part in pattern.split("|")]
    wanted = [part for part in parts if part and not part.startswith("!")]
    unwanted = [part[1:].strip() for part in parts if part.startswith("!") and part[1:].strip()]
    return (not wanted or _any(wanted, name)) and not _any(unwanted, name)


def _any(parts: list[str], name: str) -> bool:
    # The other special characters of fnmatch are taken literally.
    return any(fnmatchcase(name.casefold(), f"*{part.replace('[', '[[]').replace('?', '[?]')}*") for part in parts)
