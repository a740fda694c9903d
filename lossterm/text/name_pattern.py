"""What a person types to find names: a part of one, with signs for alternatives and for what is not wanted."""

from fnmatch import fnmatchcase

SIGNS = "a part of a name; * for anything, | for or, ! for not"
"""The signs, in words."""


def whole(text: str) -> bool:
    """Whether nothing is missing yet: after | and ! there is more to come."""
    return not text.rstrip().endswith(("|", "!"))


def matches(pattern: str, name: str) -> bool:
    """Whether a name has one of the pattern's parts and none of those with a !; case does not matter.

    An empty pattern lets everything through.
    """
    parts = [part.strip().casefold() for part in pattern.split("|")]
    wanted = [part for part in parts if part and not part.startswith("!")]
    unwanted = [part[1:].strip() for part in parts if part.startswith("!") and part[1:].strip()]
    return (not wanted or _any(wanted, name)) and not _any(unwanted, name)


def _any(parts: list[str], name: str) -> bool:
    # fnmatch's other signs are ordinary ones here.
    return any(fnmatchcase(name.casefold(), f"*{part.replace('[', '[[]').replace('?', '[?]')}*") for part in parts)
