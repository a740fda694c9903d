"""Custom losses, as processes that do not train know them: where a loss comes from and what it is called.

Only the worker loads its code, since that may import TensorFlow. Here it is a name, a place, and a fingerprint of the
content there, so that an edited file is another loss.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Literal, get_args

import msgspec

from lossterm.errors import DataError, UnknownName, UsageError
from lossterm.home.tilde import expanded
from lossterm.losses.loss import Kind, Loss, Per, Scale
from lossterm.text.fingerprint import sha256

PLACE = "FILE.py:NAME, or package.module:NAME for an installed package"
FORM = f"{PLACE}, and then perhaps :parameter=value,…"

Head = Literal["probability", "logit", "margin"]
"""What the function gets as y_pred for classes: probabilities, as in Keras; logits; or an output whose sign is the
class, with labels −1 and 1."""

Labels = Literal["one_hot", "index"]
"""What it gets as y_true for three or more classes: one-hot rows, or class indices. Values and two classes come as a
column (rows, 1), as in Keras."""

PER = "per"
"""The setting that says whether a loss is one number for each row, or one for a batch."""

TargetScale = Literal["raw", "mean", "standard"]
"""What it gets as y_true for numbers: the target in its own units, divided by its mean, or standardised."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a custom loss comes from."""

    place: str
    """Absolute path of a file, or the dotted name of an installed module."""
    name: str
    """Its name there."""
    settings: tuple[tuple[str, str], ...] = ()
    """Arguments for calling or constructing it, as written; `head`, `labels`, `target` and `per` are for lossterm
    itself."""

    @property
    def file(self) -> Path | None:
        """The file, None for an installed module."""
        return Path(self.place) if self.place.endswith(".py") else None

    @property
    def text(self) -> str:
        """The source in one line, as `source_from` parses it."""
        return f"{self.place}:{self._called}"

    @property
    def key(self) -> str:
        """The loss's key in trials and tables: its name with a fingerprint of its present content."""
        return f"{self._called}@{self.digest[:8]}"

    @property
    def digest(self) -> str:
        """SHA-256 of the present content: a file's bytes, or an installed module's name, version and content."""
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
"""Pattern of such a key. It admits no control characters, which could move a terminal's cursor."""

_SETTING = re.compile(r"([A-Za-z_]\w*)=([\w.+-]+)")


def _version_of(module: str) -> bytes:
    """Return the version of the package with the module's top-level name, empty if there is none."""
    from importlib import metadata  # costs 10 ms, which only such a loss needs

    try:
        return metadata.version(module.partition(".")[0]).encode()
    except metadata.PackageNotFoundError:
        return b""


def _package_of(module: str) -> ModuleSpec | None:
    """Find the package that contains a module, without running any of it; None if it is not installed."""
    try:
        return importlib.util.find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return None


def _content_of(module: str) -> bytes:
    """Return the content of an installed module's file without running any of it, empty if it has no file."""
    spec, below = _package_of(module), module.split(".")[1:]
    if spec is None:
        return b""
    files = [file for place in spec.submodule_search_locations or () for file in _files(Path(place, *below))]
    files += [Path(spec.origin)] if spec.origin and not below else []
    return next((file.read_bytes() for file in files if file.is_file()), b"")


def _files(inside: Path) -> tuple[Path, Path]:
    return inside.with_suffix(".py"), inside / "__init__.py"


def is_own(key: str) -> bool:
    """Whether a key is that of a custom loss."""
    return _KEY.fullmatch(key) is not None


def own_loss(key: str) -> Loss:
    """Return a record of a custom loss that holds what is known without loading it."""
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
        references=("a file or package of your own",),
        origin="own",
        scale=_scale_in(key),
        per="batch" if f"{PER}=batch" in _written_in(key) else "row",
    )


def _scale_in(key: str) -> Scale:
    """Return the scale of numeric targets that a key says, the usual one where it says none."""
    named = next((part.removeprefix("target=") for part in _written_in(key) if part.startswith("target=")), "standard")
    return named if named in get_args(Scale) else "standard"  # type: ignore[return-value]  # one of Scale


def _written_in(key: str) -> list[str]:
    """Return the settings that a key has, as they are written."""
    return key.partition("@")[0].partition(":")[2].split(",")


def _not_loaded(*_: object, **__: object) -> None:
    raise NotImplementedError("only the worker loads a custom loss")


def source_from(text: str, option: str = "--loss-file", what: str = "loss", form: str = FORM) -> Source:
    """Parse the place of a custom loss, and check the file without running it.

    Errors name the `option` that the text was given for, `what` it stands for, and the expected `form`.

    Raises UsageError for an invalid text, UnknownName for a name that the file does not define, and DataError for a
    file that is missing or not Python, with the line.
    """
    place, dot_py, rest = text.partition(".py:")  # a path may hold colons
    if dot_py:
        place += ".py"
    else:
        place, _, rest = text.partition(":")
    name, _, written = rest.partition(":")
    if not place or not name.isidentifier():
        raise UsageError(f"{option} {text!r} is invalid: give {form}.")
    settings = []
    for part in filter(None, written.split(",")):
        if not (match := _SETTING.fullmatch(part)):
            raise UsageError(f"{option} {text!r}: {part!r} is not of the form parameter=value. Give {form}.")
        parameter, value = match.groups()
        if parameter in _RESERVED and value not in _RESERVED[parameter]:
            raise UnknownName(f"{parameter} for a custom loss", value, _RESERVED[parameter])
        settings.append((parameter, value))
    if place.endswith(".py") or "/" in place:
        path = expanded(Path(place)).absolute()
        _refuse_without(path, name, what)
        place = str(path)
    elif not all(part.isidentifier() for part in place.split(".")):
        raise UsageError(f"{option} {text!r}: {place!r} is neither a Python file nor a module. Give {form}.")
    elif _package_of(place) is None:
        raise DataError(f"There is no module {place} to take {name} from: install its package, or give a FILE.py.")
    return Source(place=place, name=name, settings=tuple(settings))


_RESERVED: dict[str, tuple[str, ...]] = {
    "head": get_args(Head),
    "labels": get_args(Labels),
    "target": get_args(TargetScale),
    PER: get_args(Per),
}


def _refuse_without(path: Path, name: str, what: str) -> None:
    """Raise DataError or UnknownName unless the file exists, is Python, and defines the name."""
    if path.suffix != ".py":
        raise DataError(f"{path} is not a Python file: a {what} of your own must be in a file that ends in .py.")
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise DataError(f"{path}{where} is not Python: {getattr(error, 'msg', None) or error}.") from error
    names: dict[str, bool] = {}  # name → whether it is imported
    for node in _at_module_level(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names[node.name] = False
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names[node.id] = False
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(dict.fromkeys(((alias.asname or alias.name).partition(".")[0] for alias in node.names), True))
        elif isinstance(node, ast.Global):
            names.update(dict.fromkeys(node.names, False))
    if name not in names and "*" not in names:
        public = [defined for defined, imported in names.items() if not (imported or defined.startswith("_"))]
        maker = _maker_of(tree, name)
        advice = f"{maker} defines it inside: write `{name} = {maker}(…)` below it." if maker else None
        raise UnknownName(f"{what} in {path.name} called", name, public, advice=advice)


def _at_module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a module does, without the bodies of its functions and classes but for their `global`."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.Global))
        else:
            yield from _at_module_level(node)


def _maker_of(tree: ast.Module, name: str) -> str | None:
    """Return the function of a module that defines another function of this name, None if there is none."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            inside = (inner for inner in ast.walk(node) if inner is not node and isinstance(inner, ast.FunctionDef))
            if any(inner.name == name for inner in inside):
                return node.name
    return None
