"""A script as it grows: what it imports, its constants, and its sections in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lossterm.export.script.function_rewriting import bound_in, free_name, renamed

WIDTH = 120
"""Characters of the longest line."""

USER_CODE = "their__"
"""Prefix of a name where the rest of a script means the one that custom code binds."""

_STANDARD = ("csv", "datetime", "functools", "itertools", "logging", "math", "os", "random", "re", "sys", "typing")
"""Modules that come with Python and that a script may import."""


@dataclass(kw_only=True)
class Script:
    """One Python file."""

    docstring: str = ""
    """Its docstring."""
    imports: set[str] = field(default_factory=set)
    """Import statements."""
    constants: list[str] = field(default_factory=list)
    """Assignments, in the order in which a reader wants them."""
    sections: dict[str, list[str]] = field(default_factory=dict)
    """Title → functions and classes."""
    given: dict[str, str] = field(default_factory=dict)
    """Title → custom code, copied unchanged into its section."""
    taken: set[str] = field(default_factory=set)
    """Names that the custom code binds: anything else with such a name is renamed."""
    paths: set[str] = field(default_factory=set)
    """Directories from which the custom code imports."""

    def constant(self, name: str, value: object, why: str = "") -> None:
        """Add a constant, with a comment if `why` gives one."""
        self.constants.append(assigned(name, value, why))

    def add(self, title: str, *texts: str) -> None:
        """Add functions or classes to a section."""
        self.sections.setdefault(title, []).extend(text.strip("\n") for text in texts)

    def add_user_code(self, title: str, text: str, names: set[str]) -> None:
        """Add custom code, which binds these names; elsewhere they are written with the prefix USER_CODE."""
        self.given[title] = text
        self.taken |= names

    def written(self) -> str:
        """Return the whole."""
        generated = [*self.constants, *(text for texts in self.sections.values() for text in texts)]
        bound = {name for text in generated for name in bound_in(text)}
        others = {name: free_name(name, {*self.taken, *bound}) for name in bound & self.taken}
        constants = "\n".join(renamed(constant, others) for constant in self.constants)
        parts = [f'"""{self.docstring}"""', self._imports(), constants]
        script = "\n\n".join(filter(None, parts)) + "\n"
        for title, texts in self.sections.items():
            user_code = [self.given[title]] if self.given.get(title) else []
            whole = "\n\n\n".join([*user_code, *(renamed(text, others) for text in texts)])
            script += f"\n\n# {title}\n\n\n{whole}\n"
        script += f'\n\nif __name__ == "__main__":\n    {others.get("main", "main")}()\n'
        return script.replace(USER_CODE, "")

    def _imports(self) -> str:
        standard = {statement for statement in self.imports if _package(statement) in _STANDARD}
        blocks = [_sorted({*standard, "import os"}), _BACKEND]
        if self.paths:
            blocks[0] = _sorted({*standard, "import os", "import sys"})
            blocks += [f"sys.path.append({path!r})  # the code below imports from there" for path in sorted(self.paths)]
        blocks.append(_sorted({*self.imports - standard, "import keras", "import numpy as np"}))
        return "\n\n".join(blocks)


_BACKEND = 'os.environ["KERAS_BACKEND"] = "tensorflow"  # as in the training here; read when Keras is imported'


def _package(statement: str) -> str:
    return statement.split()[1].partition(".")[0]


def _sorted(statements: Iterable[str]) -> str:
    """Put imports in the usual order, those from one module into one line."""
    plain, named = set[str](), dict[str, set[str]]()
    for statement in statements:
        if statement.startswith("from "):
            module, _, names = statement.removeprefix("from ").partition(" import ")
            named.setdefault(module, set()).update(names.split(", "))
        else:
            plain.add(statement)
    froms = [f"from {module} import {', '.join(sorted(names, key=_case))}" for module, names in sorted(named.items())]
    return "\n".join([*sorted(plain), *froms])


def _case(name: str) -> tuple[int, str]:
    """Sort constants, then classes, then functions, as formatters of imports do."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2), name


def assigned(name: str, value: object, why: str = "") -> str:
    """Write an assignment in one line, or in as many as it needs."""
    comment = f"  # {why}" if why else ""
    line = f"{name} = {text_of(value)}"
    if len(line) + len(comment) <= WIDTH:
        return line + comment
    above = f"# {why[:1].upper()}{why[1:]}\n" if why else ""
    return f"{above}{line if len(line) <= WIDTH else f'{name} = {_broken(value)}'}"


@dataclass(frozen=True)
class Name:
    """An expression to be written as it is, not as a value."""

    name: str


def text_of(value: object) -> str:
    """Write a value as Python."""
    if isinstance(value, Name):
        return value.name
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text_of(key)}: {text_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text_of, value)) + "]"
    if isinstance(value, set):
        return "{" + ", ".join(map(text_of, sorted(value))) + "}" if value else "set()"
    if isinstance(value, str):
        return quoted(value)
    return repr(value)


def quoted(text: str) -> str:
    """Write a text in double quotes, or as Python does if that needs fewer escapes."""
    literal = repr(text)
    return literal if '"' in text else f'"{literal[1:-1]}"' if "'" not in text else literal


def _broken(value: Any) -> str:
    """Write a list, dictionary or set over several lines, as many of its items in one as fit."""
    if isinstance(value, dict):
        lines = []
        for key, item in value.items():
            line = f"    {text_of(key)}: {text_of(item)},"
            if len(line) > WIDTH and isinstance(item, list):
                inner = "\n".join(f"    {part}" for part in _broken(item).splitlines())
                line = f"    {text_of(key)}: {inner.lstrip()},"
            lines.append(line)
        return "{\n" + "\n".join(lines) + "\n}"
    ends = "[]" if isinstance(value, list) else "{}"
    items: Sequence[Any] = value if isinstance(value, list) else sorted(value)
    return f"{ends[0]}\n" + "\n".join(f"    {text_of(item)}," for item in items) + f"\n{ends[1]}"
