"""Loads what installed packages add through entry points: at no cost if there is none, and safe against failures."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What one entry point provides."""

    place: str
    """`module:NAME`, as declared by the package."""
    package: str
    """Name and version of the package."""
    given: tuple[object, ...]
    """The objects; empty if they do not load."""
    problem: str | None = None
    """What is wrong with all of them."""


def offers(group: str, what: str) -> Iterator[Offer]:
    """Load what packages declare in an entry point group: `key = "module:NAME"`, one object or a tuple of them.

    `what` names the objects in sentences, for instance "losses".
    """
    for point in _entry_points(group):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
        before = "tensorflow" in sys.modules
        try:
            given = point.load()
        except (Exception, SystemExit) as error:  # a package that fails to load must not take lossterm with it
            problem = f"The {what} of {package} do not load ({point.value}): {type(error).__name__}: {error}."
            yield Offer(place=point.value, package=package, given=(), problem=problem)
            continue
        slow = not before and "tensorflow" in sys.modules
        yield Offer(
            place=point.value,
            package=package,
            given=given if isinstance(given, tuple) else (given,),
            problem=f"{package} imports TensorFlow with its {what} ({point.value}), which makes every start slow."
            if slow
            else None,
        )


def _entry_points(group: str) -> "tuple[EntryPoint, ...]":
    if not any(group in file.read_text(encoding="utf-8", errors="replace") for file in _declarations()):
        return ()  # nearly always: takes 2 ms, while importlib.metadata would delay the first paint by 30
    return tuple(importlib.import_module("importlib.metadata").entry_points(group=group))


def _declarations() -> list[Path]:
    """Return the files that declare the entry points of installed packages."""
    return [file for place in sys.path if place for file in Path(place).glob("*.*-info/entry_points.txt")]
