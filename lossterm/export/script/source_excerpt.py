"""Copies definitions out of Python files as text, each with everything it needs, without running any of it."""

import ast
import builtins
import importlib.util
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from lossterm.errors import DataError
from lossterm.export.script.function_rewriting import bound_in, constants_of, folded, names_in, of_keras, plain, renamed

OPS = "from keras import ops"

_COPIED = "lossterm"
"""Package whose definitions are copied where a file imports them: a script must not need it."""


@cache
def _module(path: Path) -> "_Module":
    return _Module(path, path.read_text(encoding="utf-8"))


def location(function: Callable[..., Any], what: str) -> tuple[Path, str]:
    """Return the file and the name of a function. Raises DataError where it has none, naming `what`."""
    plain = inspect.unwrap(function)
    file, name = inspect.getsourcefile(plain) if inspect.isfunction(plain) else None, getattr(plain, "__qualname__", "")
    if file is None or not name.isidentifier():
        raise DataError(f"{what} cannot be written out: it is not a plain function in a file. Export to model instead.")
    return Path(file), name


class _Module:
    """One file, and the statement that binds each of its names."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self._lines = path, text.splitlines(keepends=True)
        self.tree = ast.parse(text, filename=str(path))
        self.bound: dict[str, ast.stmt] = {}
        for node in self.tree.body:
            for name in _bound_by(node):
                self.bound[name] = node

    def text(self, node: ast.stmt) -> str:
        """Return the text of a statement, with its decorators and a comment behind it."""
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        return "".join(self._lines[first - 1 : node.end_lineno]).rstrip("\n")


def _bound_by(node: ast.stmt) -> Iterator[str]:
    for inner in ast.walk(node) if not isinstance(node, ast.FunctionDef | ast.ClassDef) else (node,):
        if isinstance(inner, ast.FunctionDef | ast.ClassDef):
            yield inner.name
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id
        elif isinstance(inner, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in inner.names)


@dataclass(kw_only=True)
class Excerpts:
    """Definitions for one script, in the order in which Python must see them."""

    imports: set[str] = field(default_factory=set)
    """Statements that they need above them."""
    paths: set[str] = field(default_factory=set)
    """Directories from which neighbouring modules are imported."""
    _taken: dict[tuple[Path, str], str] = field(default_factory=dict)
    """File and name → text; a definition comes after those that it needs."""

    @property
    def text(self) -> str:
        """Everything that was taken, with two blank lines around functions and classes."""
        return stacked(self._taken.values())

    @property
    def opened(self) -> str:
        """The same, with private names made public where the public name is free."""
        text = self.text
        others = {name: name.lstrip("_") for name in self.names if name.startswith("_")}
        return renamed(text, {old: new for old, new in others.items() if new not in bound_in(text)})

    @property
    def names(self) -> set[str]:
        """The names that the text defines, which a script must not reuse."""
        return {name for text in self._taken.values() for name in names_bound(text)}

    def take(self, path: Path, name: str, *, as_name: str | None = None) -> None:
        """Take a definition as it is written, and everything it needs. Raises DataError if the file has none."""
        module = _module(path)
        node = module.bound.get(name)
        if node is None:
            raise DataError(f"{path} defines no {name}, so that it cannot be written out. Export to model instead.")
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._imported(module, node, name)
            return
        if (path, name) in self._taken:
            return
        self._keep(module, name, renamed(module.text(node), {name: as_name} if as_name else {}))

    def take_draw(self, path: Path, name: str, as_name: str, title: str) -> None:
        """Take a function that draws rows, and the functions that it calls; `title` is its docstring if it has none."""
        module = _module(path)
        text, imports = plain(module.text(module.bound[name]), as_name, title)
        self.imports |= imports
        for needed in names_in(text):
            if isinstance(module.bound.get(needed), ast.FunctionDef) and (path, needed) not in self._taken:
                self.take_draw(path, needed, needed, "")
        self._taken[path, name] = text

    def take_loss(self, path: Path, name: str, values: Mapping[str, float | None]) -> tuple[str, ...]:
        """Take the function of a loss's record, written with `keras.ops`, and everything it needs.

        Branches that the parameters `values` decide are left out. Returns the parameters that still must be passed.
        """
        module = _module(path)
        node = module.bound.get(name)
        if not isinstance(node, ast.FunctionDef):
            raise DataError(f"{path} defines no function {name}, so that it cannot be written out.")
        text, left = folded(module.text(node), values, constants_of(module.tree))
        self._loss_function(module, name, text, left)
        return left

    def _loss_function(self, module: _Module, name: str, text: str, left: Iterable[str] | None = None) -> None:
        rewritten = of_keras(text, left)
        if rewritten.uses_namespace:
            self.imports.add(OPS)
        for helper in rewritten.helpers:
            self._helper(module, helper)
        self._keep(module, name, rewritten.text)

    def _helper(self, module: _Module, name: str) -> None:
        """Take a function that the namespace is passed to."""
        node = module.bound[name]
        if isinstance(node, ast.ImportFrom):
            source, original = _origin(node, name)
            self._helper(_module(_file_of(source)), original)
        elif (module.path, name) not in self._taken:
            self._loss_function(module, name, module.text(node))

    def _keep(self, module: _Module, name: str, text: str) -> None:
        for needed in names_in(text):
            if needed == name or hasattr(builtins, needed) or needed not in module.bound:
                continue
            if (module.path, needed) not in self._taken and not self._has(module, needed):
                self.take(module.path, needed)
        self._taken[module.path, name] = text

    def _has(self, module: _Module, name: str) -> bool:
        """Whether the definition behind an imported name was already taken."""
        node = module.bound[name]
        if not isinstance(node, ast.ImportFrom) or not _is_copied(node.module or ""):
            return False
        source, original = _origin(node, name)
        return (_file_of(source), original) in self._taken

    def _imported(self, module: _Module, node: ast.Import | ast.ImportFrom, name: str) -> None:
        if isinstance(node, ast.ImportFrom):
            source, original = _origin(node, name)
            if _is_copied(source):
                self.take(_file_of(source), original, as_name=name)
                return
            if _is_beside(module.path, source):
                self.take(module.path.parent / f"{source}.py", original, as_name=name)
                return
            self.imports.add(f"from {source} import {original}" + (f" as {name}" if name != original else ""))
            return
        alias = next(one for one in node.names if (one.asname or one.name).partition(".")[0] == name)
        if _is_beside(module.path, alias.name):
            self.paths.add(str(module.path.parent))
        self.imports.add(f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else ""))


def _origin(node: ast.ImportFrom, name: str) -> tuple[str, str]:
    alias = next(one for one in node.names if (one.asname or one.name) == name)
    return node.module or "", alias.name


def _is_copied(module: str) -> bool:
    return module.partition(".")[0] == _COPIED


def _is_beside(path: Path, module: str) -> bool:
    """Whether an import in a file means a module in the file's directory; installed modules come first."""
    file = path.parent / f"{module}.py"
    if "." in module or not file.is_file():  # looking for a module in a package would run the package
        return False
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return True
    return spec is None or spec.origin == str(file)


def _file_of(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


def names_bound(text: str) -> set[str]:
    """Return the names that a text defines at its top level."""
    return {name for node in ast.parse(text).body for name in _bound_by(node)}


def stacked(texts: Iterable[str]) -> str:
    """Put definitions one after the other: two blank lines around functions and classes, none between constants."""
    stack, before = "", True
    for text in texts:
        whole = text.lstrip().startswith(("def ", "class ", "@"))
        stack += ("\n\n\n" if whole or before else "\n") * bool(stack) + text
        before = whole
    return stack
