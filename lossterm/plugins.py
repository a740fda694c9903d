"""Loads what installed packages add through entry points: at no cost if there is none, and safe against failures."""

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint


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
    points, broken = _entry_points(group)
    for package in broken:
        problem = f"The {what} of {package} are left out: its entry_points.txt is not in the format of entry points."
        yield Offer(place="entry_points.txt", package=package, given=(), problem=problem)
    for point in points:
        package = f"{point.dist.name} {point.dist.version}" if point.dist and point.dist.name else point.value
        before = "tensorflow" in sys.modules
        said = io.StringIO()
        try:
            with redirect_stdout(said):  # which is for data, or has the app on it
                given = point.load()
        except (Exception, SystemExit) as error:  # a package that fails to load must not take lossterm with it
            failure = f"The {what} of {package} do not load ({point.value}): {type(error).__name__}: {error}."
            yield Offer(place=point.value, package=package, given=(), problem=failure)
            continue
        remark: str | None = None
        if not before and "tensorflow" in sys.modules:
            remark = f"{package} imports TensorFlow with its {what} ({point.value}), which makes every start slow."
        elif text := " ".join(said.getvalue().split()):
            remark = f"{package} prints as its {what} are loaded ({point.value}), which is left out: {text[:80]}"
        yield Offer(
            place=point.value,
            package=package,
            given=given if isinstance(given, tuple) else (given,),
            problem=remark,
        )


def _entry_points(group: str) -> "tuple[tuple[EntryPoint, ...], tuple[str, ...]]":
    """Return what packages declare in a group, and the packages that name the group in a declaration that is broken."""
    if not any(group in _read(file) for file in _declarations()):
        return (), ()  # as nearly always: 2 ms, where importlib.metadata takes 30 that the first paint would wait for
    from importlib import metadata

    points: dict[str, EntryPoint] = {}
    broken: dict[str, None] = {}
    for package in metadata.distributions():  # one by one: a declaration that is broken breaks no other
        try:
            given = [point for point in package.entry_points if point.group == group and point.module]
        except Exception:  # a declaration may break in any way: its package offers nothing, the others do
            if group in _declared(package):
                broken[f"{package.metadata['Name']} {package.version}"] = None
            continue
        name = str(package.metadata["Name"])
        points |= {f"{name} {point.name}": point for point in given if f"{name} {point.name}" not in points}
    return tuple(points.values()), tuple(broken)


def _declared(package: "Distribution") -> str:
    """Return the text of a package's declaration, "" where it cannot even be read."""
    try:
        return package.read_text("entry_points.txt") or ""
    except UnicodeDecodeError as error:
        return bytes(error.object).decode(errors="replace")
    except OSError:
        return ""


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _declarations() -> list[Path]:
    """Return the files that declare the entry points of installed packages."""
    return [file for place in sys.path if place for file in Path(place).glob("*.*-info/entry_points.txt")]
