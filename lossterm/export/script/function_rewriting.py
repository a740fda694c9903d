"""Functions as text, rewritten: for fixed parameters, for `keras.ops` in place of a namespace, under other names."""

import ast
import builtins
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Edit = tuple[int, int, bytes]
"""First byte, byte after the last, and the replacement."""


COUNTS = "counts"
"""Parameter of a loss that takes the number of training rows of each class."""


class Rewritten(NamedTuple):
    """A function that calls `ops` by name."""

    text: str
    helpers: tuple[str, ...]
    """Functions that it passed the namespace to."""
    uses_namespace: bool


class _Text:
    """A text with the places of its syntax tree."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()
        self.tree = ast.parse(text)
        self._starts = [0]
        for line in self._bytes.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def start(self, node: Any) -> int:
        """Return where a node begins."""
        return self._place(node.lineno, node.col_offset)

    def end(self, node: Any) -> int:
        """Return where it ends."""
        return self._place(node.end_lineno, node.end_col_offset)

    def _place(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def line(self, node: Any) -> int:
        """Return where the line of a node begins."""
        return self._place(node.lineno, 0)

    def below(self, node: Any) -> int:
        """Return where the line after a node begins."""
        last: int = node.end_lineno
        return self._starts[min(last, len(self._starts) - 1)]

    def between(self, start: int, end: int) -> bytes:
        return self._bytes[start:end]

    def edited(self, edits: Iterable[Edit]) -> str:
        data = self._bytes
        for start, end, instead in sorted(edits, reverse=True):
            data = data[:start] + instead + data[end:]
        return data.decode().rstrip("\n")


# For fixed parameters


def folded(
    text: str, values: Mapping[str, float | None], constants: Mapping[str, float]
) -> tuple[str, tuple[str, ...]]:
    """Drop the branches of a function that its parameters decide, and name the parameters that are left."""
    known: dict[str, Any] = {**constants, **values}
    while True:
        read = _Text(text)
        edits = next(filter(None, (_branch(read, node, known) for node in ast.walk(read.tree))), None)
        if edits is None:
            read_in = _loaded(read.tree)
            return text, tuple(name for name in (*values, COUNTS) if name in read_in)
        text = read.edited(edits)


def _branch(read: _Text, node: ast.AST, known: Mapping[str, Any]) -> list[Edit] | None:
    if isinstance(node, ast.IfExp) and (truth := _truth(node.test, known)) is not None:
        chosen = node.body if truth else node.orelse
        return [(read.start(node), read.end(node), read.between(read.start(chosen), read.end(chosen)))]
    if not isinstance(node, ast.FunctionDef):
        return None
    for statement in node.body:
        if not isinstance(statement, ast.If) or statement.orelse:
            continue
        truth = _truth(statement.test, known)
        if truth is False:
            return [(read.line(statement), read.below(statement), b"")]
        if truth:
            body = read.between(read.line(statement.body[0]), read.below(statement.body[-1]))
            moved = b"".join(line.removeprefix(b" " * 4) for line in body.splitlines(keepends=True))
            ends = isinstance(statement.body[-1], ast.Return)
            return [(read.line(statement), read.below(node if ends else statement), moved)]
    return None


def constants_of(tree: ast.Module) -> dict[str, float]:
    """Return the numbers that a module names."""
    return {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, int | float)
    }


def _truth(test: ast.expr, known: Mapping[str, Any]) -> bool | None:
    """Evaluate a comparison; None if that is not possible."""
    if not isinstance(test, ast.Compare) or len(test.ops) > 1:
        return None
    try:
        left, right = _value(test.left, known), _value(test.comparators[0], known)
    except LookupError:
        return None
    operator = test.ops[0]
    if isinstance(operator, ast.Is | ast.Eq):
        return bool(left == right)
    if isinstance(operator, ast.Lt):
        return bool(left < right)
    return None


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    """Compute a number from constants, known names, −, abs and math.inf. Raises LookupError for anything else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return known[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, known)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "abs":
        return abs(_value(node.args[0], known))
    if ast.unparse(node) == "math.inf":
        return math.inf
    raise LookupError


# For keras.ops


def of_keras(text: str, keywords: Iterable[str] | None = None) -> Rewritten:
    """Remove the namespace from a function's parameters and calls, and the annotations that only a record needs.

    Only the keyword parameters in `keywords` stay, or all of them for None.
    """
    read = _Text(text)
    function = read.tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    namespace = function.args.args[0].arg
    kept = None if keywords is None else set(keywords)
    edits, helpers = [_head(read, function, kept)], dict[str, None]()
    uses = False
    inside = [node for statement in function.body for node in ast.walk(statement)]
    for node in inside:
        if isinstance(node, ast.FunctionDef):
            edits.append(_head(read, node, None, nested=True))
        elif isinstance(node, ast.Attribute) and _is(node.value, namespace):
            edits.append((read.start(node.value), read.end(node.value), b"ops"))
            uses = True
        elif isinstance(node, ast.Call) and node.args and _is(node.args[0], namespace):
            assert isinstance(node.func, ast.Name)
            helpers[node.func.id] = None
            after = [*node.args[1:], *node.keywords]
            edits.append((read.start(node.args[0]), read.start(after[0]) if after else read.end(node) - 1, b""))
    return Rewritten(read.edited(edits), tuple(helpers), uses)


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _head(read: _Text, function: ast.FunctionDef, kept: set[str] | None, *, nested: bool = False) -> Edit:
    """Write a function's first line without the namespace and without annotations."""
    given = function.args
    names = [argument.arg for argument in given.args][0 if nested else 1 :]
    defaults = [ast.unparse(default) for default in given.defaults]
    words = names[: len(names) - len(defaults)]
    words += [f"{name}={default}" for name, default in zip(names[len(words) :], defaults, strict=True)]
    used = _loaded(function)
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if kept is None or (argument.arg in kept and argument.arg in used):
            words += ["*"] if "*" not in words else []
            words.append(argument.arg if default is None else f"{argument.arg}={ast.unparse(default)}")
    first = function.body[0]
    indent = b" " * first.col_offset
    head = f"def {function.name}({', '.join(words)}):\n".encode()
    return read.start(function), read.start(first), head + indent


# For a draw


def plain(text: str, name: str, title: str) -> tuple[str, set[str]]:
    """Give a function another name, drop its annotations, add a docstring if it has none, and take out its imports.

    Returns the text and the imports.
    """
    read = _Text(text)
    function = read.tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    inner = [node for node in function.body if isinstance(node, ast.Import | ast.ImportFrom)]
    edits = [(read.line(node), read.below(node), b"") for node in inner]
    left = _Text(re.sub(r"(\):\n|\"\"\"\n)\n", r"\1", read.edited(edits)))
    function = left.tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.name = name
    start, end, head = _head(left, function, None, nested=True)
    if title and ast.get_docstring(function) is None:
        head += f'"""{title}"""\n    '.encode()
    return left.edited([(start, end, head)]), {ast.unparse(node) for node in inner}


# Under other names


def names_in(text: str) -> list[str]:
    """Return the names that a text reads and does not bind in the function that reads them, each once."""
    names = dict[str, None]()
    for node in ast.parse(text).body:
        for name in _read(node, frozenset()):
            names[name] = None
    return list(names)


def _read(node: ast.AST, local: frozenset[str]) -> Iterable[str]:
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        given = node.args
        names = [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        names += [argument.arg for argument in (given.vararg, given.kwarg) if argument]
        statements: Sequence[ast.AST] = node.body if isinstance(node, ast.FunctionDef) else [node.body]
        names += [
            n.id for statement in statements for n in ast.walk(statement) if isinstance(n, ast.Name) and _stores(n)
        ]
        outside = [*given.defaults, *filter(None, given.kw_defaults), *getattr(node, "decorator_list", ())]
        outside += [argument.annotation for argument in (*given.args, *given.kwonlyargs) if argument.annotation]
        outside += [node.returns] if isinstance(node, ast.FunctionDef) and node.returns else []
        for expression in outside:
            yield from _read(expression, local)
        for statement in statements:
            yield from _read(statement, local | set(names))
    elif isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id not in local:
            yield node.id
    else:
        for child in ast.iter_child_nodes(node):
            yield from _read(child, local)


def _loaded(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name) and not _stores(inner)}


def _stores(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def renamed(text: str, names: Mapping[str, str]) -> str:
    """Rename what a text defines or reads at its top level; attributes and keyword arguments stay."""
    if not names:
        return text
    read, edits = _Text(text), list[Edit]()
    for node in ast.walk(read.tree):
        if isinstance(node, ast.Name) and node.id in names:
            edits.append((read.start(node), read.end(node), names[node.id].encode()))
        elif isinstance(node, ast.arg) and node.arg in names:
            edits.append((read.start(node), read.start(node) + len(node.arg.encode()), names[node.arg].encode()))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names:
            start = read.start(node) + len("def " if isinstance(node, ast.FunctionDef) else "class ")
            edits.append((start, start + len(node.name.encode()), names[node.name].encode()))
    return read.edited(edits)


def bound_in(text: str) -> set[str]:
    """Return every name that a text binds anywhere."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and _stores(node):
            names.add(node.id)
    return names


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return an unused name, as near to this one as possible."""
    free, others = name, {*taken, *dir(builtins)}
    while free in others:
        free += "_"
    return free
