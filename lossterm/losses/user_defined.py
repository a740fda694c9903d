"""A loss of one's own, as the processes that do not train know it: where it comes from and what it is called.

Its code is loaded by the worker alone, since it may import TensorFlow. Here it is a name, the place that it is in, and
a fingerprint of that place, so that a file that was edited is another loss.
"""

import ast
import importlib.util
import re
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Literal, get_args

import msgspec

from lossterm.errors import DataError, UnknownName, UsageError
from lossterm.home.tilde import expanded
from lossterm.losses.loss import Kind, Loss
from lossterm.text.fingerprint import sha256

PLACE = "FILE.py:NAME, or package.module:NAME for an installed package"
FORM = f"{PLACE}, and then perhaps :parameter=value,…"

Head = Literal["probability", "logit", "margin"]
"""What the function is given as y_pred for classes: probabilities, as Keras does; logits; or an output whose sign is
the class, with labels −1 and 1."""

Labels = Literal["one_hot", "index"]
"""What it is given as y_true for three or more classes: one-hot rows, or the index of the class. A value and one of two
classes come as a column (rows, 1), as Keras hands them."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a loss of one's own comes from."""

    place: str
    """Absolute path of a file, or the dotted name of an installed module."""
    name: str
    """The name in it."""
    settings: tuple[tuple[str, str], ...] = ()
    """What to call it or construct it with, as written; `head` and `labels` are lossterm's own."""

    @property
    def file(self) -> Path | None:
        """The file, None for an installed module."""
        return Path(self.place) if self.place.endswith(".py") else None

    @property
    def text(self) -> str:
        """The same in one line, as `source_from` reads it."""
        return f"{self.place}:{self._called}"

    @property
    def key(self) -> str:
        """The name under which trials and tables know it: with a fingerprint of what it is now."""
        return f"{self._called}@{self.digest[:8]}"

    @property
    def digest(self) -> str:
        """SHA-256 of what it is now: of a file's bytes, or of an installed module's place, version and content."""
        if self.file:
            content = self.file.read_bytes()
        else:
            content = b" ".join([self.place.encode(), _version_of(self.place), _content_of(self.place)])
        return sha256(content)

    @property
    def _called(self) -> str:
        written = ",".join(f"{name}={value}" for name, value in self.settings)
        return f"{self.name}:{written}" if written else self.name


_KEY = re.compile(r"[A-Za-z_]\w*(:[\w.+,=-]+)?@[0-9a-f]{8}")
"""What such a key looks like; nothing else is one, least of all what could move a terminal's cursor."""

_SETTING = re.compile(r"([A-Za-z_]\w*)=([\w.+-]+)")


def _version_of(module: str) -> bytes:
    """Return the version of the package that a module is named for, nothing where none is."""
    from importlib import metadata  # 10 ms that only such a loss need cost

    try:
        return metadata.version(module.partition(".")[0]).encode()
    except metadata.PackageNotFoundError:
        return b""


def _top(module: str) -> ModuleSpec | None:
    """Find the package that holds a module, without running any of it; None where there is none."""
    try:
        return importlib.util.find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return None


def _content_of(module: str) -> bytes:
    """Return what is in an installed module's file without running any of it, nothing where it has none."""
    spec, below = _top(module), module.split(".")[1:]
    if spec is None:
        return b""
    files = [file for place in spec.submodule_search_locations or () for file in _files(Path(place, *below))]
    files += [Path(spec.origin)] if spec.origin and not below else []
    return next((file.read_bytes() for file in files if file.is_file()), b"")


def _files(inside: Path) -> tuple[Path, Path]:
    return inside.with_suffix(".py"), inside / "__init__.py"


def is_own(key: str) -> bool:
    """Whether a loss's key is that of a loss of one's own."""
    return _KEY.fullmatch(key) is not None


def own_loss(key: str) -> Loss:
    """Return what can be said of a loss of one's own without loading it."""
    kinds: tuple[Kind, ...] = get_args(Kind)
    return Loss(
        key=key,
        title=key.partition("@")[0],
        kinds=kinds,
        function=_not_loaded,
        formula="its own",
        estimates="not known",
        reading="unknown",
        encoding="value",
        valid="any y",
        large_errors="not known",
        use_when="you wrote it, or want to know what it is worth",
        avoid_when="it fails a check of lossterm probe",
        keras=None,
        references=("a file or package of your own",),
        origin="own",
    )


def _not_loaded(*_: object, **__: object) -> None:
    raise NotImplementedError("a loss of one's own is loaded by the worker alone")


def source_from(text: str, option: str = "--loss-file", what: str = "loss", form: str = FORM) -> Source:
    """Read where a loss of one's own is, and look at the file without running it.

    `option` is what a person said it with, `what` what they said it of, `form` how it is to be said.

    Raises UsageError for what is no such place, UnknownName for a name that the file does not define, and DataError for
    a file that is not there or is not Python, with the line.
    """
    place, dot_py, rest = text.partition(".py:")  # a path may hold colons
    if dot_py:
        place += ".py"
    else:
        place, _, rest = text.partition(":")
    name, _, written = rest.partition(":")
    if not place or not name.isidentifier():
        raise UsageError(f"{option} {text!r} says no place and name: give {form}.")
    settings = []
    for part in filter(None, written.split(",")):
        if not (read := _SETTING.fullmatch(part)):
            raise UsageError(f"{option} {text!r}: {part!r} is no parameter=value. Give {form}.")
        parameter, value = read.groups()
        if parameter in _OURS and value not in _OURS[parameter]:
            raise UnknownName(f"{parameter} for a custom loss", value, _OURS[parameter])
        settings.append((parameter, value))
    if place.endswith(".py") or "/" in place:
        path = expanded(Path(place)).absolute()
        _look_at(path, name, what)
        place = str(path)
    elif not all(part.isidentifier() for part in place.split(".")):
        raise UsageError(f"{option} {text!r}: {place!r} is neither a Python file nor a module. Give {form}.")
    elif _top(place) is None:
        raise DataError(f"There is no module {place} to take {name} from: install its package, or give a FILE.py.")
    return Source(place=place, name=name, settings=tuple(settings))


_OURS: dict[str, tuple[str, ...]] = {"head": get_args(Head), "labels": get_args(Labels)}


def _look_at(path: Path, name: str, what: str) -> None:
    """See that the file is there, is Python, and gives the name a meaning."""
    if path.suffix != ".py":
        raise DataError(f"{path} is no Python file: a {what} of your own must be in a file that ends in .py.")
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise DataError(f"{path}{where} is not Python: {getattr(error, 'msg', None) or error}.") from error
    names: dict[str, bool] = {}  # whether it is imported
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] = False
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names[node.id] = False
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(dict.fromkeys(((alias.asname or alias.name).partition(".")[0] for alias in node.names), True))
    if name not in names and "*" not in names:
        own = [one for one, imported in names.items() if not (imported or one.startswith("_"))]
        raise UnknownName(f"{what} in {path.name} called", name, own)
