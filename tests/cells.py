"""Loops inside one test over cells that do not interact: a product of hundreds is one line of the run, not hundreds."""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

Test = Callable[..., None]


def each(names: str | tuple[str, ...], values: Iterable[Any], ids: Any = None) -> Callable[[Test], Test]:
    """Call a test once for each value, like `pytest.mark.parametrize`, but as one test that names all failing cells.

    Fixtures are made once for all cells: a test whose cells leave something behind for one another wants parametrize.
    Decorators of this kind may be stacked, under those of pytest.
    """
    arguments = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    cells = [_cell(value, len(arguments)) for value in values]
    named = _named(cells, arguments, ids)

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)
        assert set(arguments) <= set(signature.parameters), f"{test.__name__} does not take {arguments}"

        @functools.wraps(test)
        def loop(**fixtures: Any) -> None:
            failures: list[Exception] = []
            for name, cell in zip(named, cells, strict=True):
                try:
                    test(**fixtures, **dict(zip(arguments, cell, strict=True)))
                except (Exception, pytest.fail.Exception) as error:
                    failures += _failures(error, name)
            if failures:
                raise ExceptionGroup(f"{len(failures)} cells failed", failures)

        rest = [given for name, given in signature.parameters.items() if name not in arguments]
        loop.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]  # what pytest looks at
        return loop

    return decorate


def _cell(value: Any, count: int) -> tuple[Any, ...]:
    cell = tuple(value) if count > 1 else (value,)
    assert len(cell) == count, f"{value!r} is not {count} values"
    return cell


def _named(cells: list[tuple[Any, ...]], arguments: list[str], ids: Any) -> list[str]:
    if ids is not None and not callable(ids):
        return [str(name) for name in ids]
    say = ids if ids is not None else repr
    return [", ".join(f"{name}={say(value)}" for name, value in zip(arguments, cell, strict=True)) for cell in cells]


def _failures(error: BaseException, name: str) -> list[Exception]:
    """Return the failures of one cell, each with its name; those of a loop inside it are told one by one."""
    if isinstance(error, ExceptionGroup) and str(error.message).endswith("cells failed"):
        inner = list(error.exceptions)
    elif isinstance(error, Exception):
        inner = [error]
    else:
        inner = [AssertionError(str(error))]  # pytest.fail's is none of Exception's
    for one in inner:
        one.add_note(f"in the cell {name}")
    return inner
