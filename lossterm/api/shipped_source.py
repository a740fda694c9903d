"""Functions and classes of a notebook or a script, written into a file with all that they use, for the worker to load.

A script itself cannot be loaded: it would begin the comparison anew. So the source of the function is copied, and of
the names that it uses: modules become imports, numbers and texts constants as they are now, other functions of the same
notebook or script are copied too.
"""

import __future__

import ast
import builtins
import dis
import inspect
import linecache
import math
import sys
import textwrap
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any, BinaryIO

from lossterm.api.worker_imports import found_by_worker
from lossterm.data.kept_file import keep_file
from lossterm.errors import UsageError
from lossterm.home.paths import shipped_code
from lossterm.text.numbers import listed

MOST_CELLS = 1000
"""Numbers of an array that is written as a constant."""

_LITERALS = (int, float, complex, str, bytes, bool, type(None))

_UNREAD_ANNOTATIONS = __future__.annotations.compiler_flag
"""Flag of code that was compiled under `from __future__ import annotations`."""

_JUMPS = frozenset((*dis.hasjabs, *dis.hasjrel))


def ship(given: Any, what: str) -> str:
    """Write a function or a class into a file of its own, and return FILE.py:NAME.

    `what` is what it stands for. The same source is the same file. Raises UsageError where Python keeps no source of
    it, or where it uses what cannot be written down, and DataError if the file cannot be written.
    """
    copy = _Copy(what)
    copy.take(given)
    text = copy.text.encode()

    def write(file: BinaryIO) -> str:
        file.write(text)
        return ".py"

    path = keep_file(shipped_code(), f"{{}}/{given.__name__}", write, most=None)
    return f"{path}:{given.__name__}"


class _Copy:
    """Definitions in the order in which Python must see them, below the imports that they need."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._imports: dict[str, str] = {}  # by the names that they bind
        self._definitions: dict[str, str] = {}
        self._taken: set[int] = set()

    @property
    def text(self) -> str:
        """The content of the file."""
        # Names that only type checkers import are not there for annotations to be evaluated.
        first = "from __future__ import annotations"
        return "\n".join([first, "", *self._imports.values(), "", *self._definitions.values(), ""])

    def take(self, given: Any) -> None:
        """Take a function or class, after all that it uses."""
        if id(given) in self._taken:
            return
        self._taken.add(id(given))
        if isinstance(given, FunctionType) and given.__closure__:
            raise _captures(given, takes_parameters=self._what == "loss" and len(self._taken) == 1)
        source = _source_of(given)
        known = given.__globals__ if isinstance(given, FunctionType) else vars(sys.modules[given.__module__])
        for name, when_called in sorted(_used(source).items()):
            if name in known and name != given.__name__:
                self._need(given.__name__, name, known[name])
            elif when_called and name != given.__name__ and not hasattr(builtins, name):
                raise UsageError(f"{given.__name__} uses {name}, which is not defined here: define it first.")
        self._define(given.__name__, source)

    def _need(self, user: str, name: str, value: Any) -> None:
        """See to it that a name is there for the definition of `user`."""
        if isinstance(value, ModuleType):
            self._need_module(user, name, value)
        elif (constant := _constant(value)) is not None:
            text, imports = constant
            for module in imports:
                self._bind(module, f"import {module}", self._imports)
            self._define(name, f"{name} = {text}")
        elif (source := _importable(value)) is not None:
            text = f"from {source[0]} import {source[1]}" + (f" as {name}" if source[1] != name else "")
            self._bind(name, text, self._imports)
        elif inspect.isfunction(value) or inspect.isclass(value):
            self.take(value)
            if name != value.__name__:
                self._define(name, f"{name} = {value.__name__}")
        else:
            raise UsageError(
                f"{user} uses {name}, of type {type(value).__name__}, which exists in this process alone: compute it "
                f"in {user}, or put the {self._what} in a file and give 'FILE.py:{user}'."
            )

    def _need_module(self, user: str, name: str, module: ModuleType) -> None:

        if not found_by_worker(module):
            raise UsageError(
                f"{user} uses {name}, a module beside this program that the worker does not find: put the {self._what} "
                f"in a file beside it, and give 'FILE.py:{user}'."
            )
        text = f"import {module.__name__}" + (f" as {name}" if module.__name__ != name else "")
        self._bind(name, text, self._imports)

    def _define(self, name: str, text: str) -> None:
        self._bind(name, text, self._definitions)

    def _bind(self, name: str, text: str, into: dict[str, str]) -> None:
        """Give a name its one meaning in the file. Raises UsageError if it has another."""
        into.setdefault(name, text)
        if {self._imports.get(name, text), self._definitions.get(name, text)} != {text}:
            raise UsageError(f"There are two different {name} here, so they cannot be in one file: rename one.")


def _captures(given: FunctionType, *, takes_parameters: bool) -> UsageError:
    name, first = given.__name__, given.__code__.co_freevars[0]
    names = listed(given.__code__.co_freevars)
    return UsageError(
        f"{name} is defined inside another function and uses {names} of it, which the worker would not have: define it "
        f"at the top level of a module, the script or a cell, with {names} as a constant there"
        + (f", or as a parameter: losses=['FILE.py:{name}:{first}=…']." if takes_parameters else ".")
    )


def _source_of(given: Any) -> str:
    """Return the source of a definition, without its indent. Raises UsageError where Python keeps none."""
    name = given.__name__
    try:
        text = textwrap.dedent(_class_source(given) if inspect.isclass(given) else inspect.getsource(given))
        (node,) = ast.parse(text).body
    except (OSError, TypeError, SyntaxError, ValueError) as error:
        raise UsageError(
            f"Python keeps no source of {name}, as of what is typed at its prompt or read from standard input, so the "
            f"worker cannot get it: write it in a file, and give 'FILE.py:{name}'."
        ) from error
    if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name != name:
        raise UsageError(f"{name} is defined under another name, so it cannot be written out: write def {name}(…).")
    if any(_was_changed(function, text) for function in _functions(given)):
        raise UsageError(
            f"The source of {name} was changed since it was defined, so it is not what would be trained with: "
            f"run its definition again."
        )
    return text.rstrip("\n") + "\n"


def _functions(given: Any) -> Iterator[FunctionType]:
    """Yield a function, or the methods of a class."""
    for one in vars(given).values() if inspect.isclass(given) else [given]:
        if isinstance(one, FunctionType):
            yield one


def _was_changed(function: FunctionType, text: str) -> bool:
    """Whether a definition's source is now compiled to something else than a function of it was.

    Not known, and False, where decorators or dataclasses made another function of it, and where it uses variables of
    the function around it, which its own source lacks.
    """
    code = function.__code__
    if set(code.co_freevars) - {"__class__"}:
        return False
    # What stands at the top of a file is not in the source of its definitions.
    module = _module_code(text, code.co_flags & _UNREAD_ANNOTATIONS)
    made = [one for one in _codes(module) if one.co_name == code.co_name]
    return bool(made) and _content(code) not in map(_content, made)


def _module_code(text: str, flags: int) -> CodeType:
    code: CodeType = compile(text, "<source>", "exec", flags=flags, dont_inherit=True)
    return code


def _content(code: CodeType) -> tuple[object, ...]:
    """Return what tells two versions of a function apart: parameters and steps, also of the functions inside it.

    A method call on a name is compiled in another way where the file imports that name: these differences are left out.
    """
    steps: list[dis.Instruction] = []
    places: dict[int, int] = {}
    for step in dis.get_instructions(code):
        places[step.offset] = len(steps)
        if step.opname not in ("PUSH_NULL", "EXTENDED_ARG"):
            steps.append(step)
    rest = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    parameters = code.co_varnames, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, rest
    return parameters, tuple((step.opname.replace("METHOD", "ATTR"), _argument(step, places)) for step in steps)


def _argument(step: dis.Instruction, places: Mapping[int, int]) -> object:
    """Return what a step works on; `places` numbers the steps by their offsets."""
    value = step.argval
    if isinstance(value, CodeType):
        return _content(value)
    if step.opcode in _JUMPS:
        return places[value]
    if isinstance(value, frozenset):  # in no order of its own
        return sorted(map(repr, value))
    return value if isinstance(value, str) else step.argrepr or value  # as it is written, since 1 == True


def _class_source(given: type) -> str:
    """Return the source of a class, also in a notebook, whose module has no file: found by one of its methods.

    Raises OSError where there is none.
    """
    for method in vars(given).values():
        if not isinstance(method, FunctionType):
            continue
        text = "".join(linecache.getlines(method.__code__.co_filename))
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ClassDef) or node.name != given.__name__:
                continue
            if node.lineno <= method.__code__.co_firstlineno <= (node.end_lineno or 0):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                return "\n".join(text.split("\n")[first - 1 : node.end_lineno])
    return inspect.getsource(given)


def _used(source: str) -> dict[str, bool]:
    """Return the global names that a definition uses: name → whether it does so when it is called, not when made.

    Names in annotations count as used when it is made, if at all: the file that is written does not evaluate them.
    """
    used: dict[str, bool] = {}
    for flags in (0, _UNREAD_ANNOTATIONS):
        for code in _codes(_module_code(source, flags)):
            for step in dis.get_instructions(code):
                if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and not step.argval.startswith("__"):
                    called = bool(flags) and step.opname == "LOAD_GLOBAL"
                    used[step.argval] = used.get(step.argval, False) or called
    return used


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _constant(value: Any) -> tuple[str, tuple[str, ...]] | None:
    """Return a value as Python text and the modules that it needs, None for what cannot be written so."""
    if hasattr(value, "item") and hasattr(value, "dtype") and getattr(value, "shape", None) == ():
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")', ()
    if type(value) in _LITERALS:
        return repr(value), ()
    if type(value) in (tuple, list, set, frozenset, dict) and _is_literal(value):
        return repr(value), ()
    return (f'numpy.array({value.tolist()!r}, dtype="{value.dtype}")', ("numpy",)) if _is_small(value) else None


def _is_small(value: Any) -> bool:
    """Whether a value is an array of few numbers, all of them finite."""
    if type(value).__module__ != "numpy" or not hasattr(value, "tolist") or value.dtype.kind not in "biuf":
        return False
    return value.size <= MOST_CELLS and all(math.isfinite(one) for one in value.ravel().tolist())


def _is_literal(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, RecursionError):
        return False


def _importable(value: Any) -> tuple[str, str] | None:
    """Return module and name from which the worker can import something, None if it cannot."""

    module, name = sys.modules.get(getattr(value, "__module__", None) or ""), getattr(value, "__name__", "")
    if module is None or module.__name__ == "__main__" or getattr(module, name, None) is not value:
        return None
    return (module.__name__, name) if found_by_worker(module) else None
