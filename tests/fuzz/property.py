"""A property: what is given, and what must be true of whatever comes of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """What is tried. An example is a value that `ast.literal_eval` reads from its repr, so that it can be replayed."""

    name: str
    """In words, with _ between."""
    examples: SearchStrategy[Any]
    """What is given."""
    holds: Callable[[Any], None]
    """Raises where it does not hold for an example; needs nothing but a writable temporary directory."""
    gate: int
    """How many examples the slow tests try; the others try a part of them."""
