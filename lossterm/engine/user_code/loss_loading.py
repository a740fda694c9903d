"""Loads custom code from a file or package, and turns a custom loss into a record in the form that a task wants."""

import importlib
import inspect
import itertools
import re
import sys
import threading
import traceback
from ast import literal_eval
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args

import msgspec

from lossterm.comparison.user_code_consent import refuse_unnamed
from lossterm.engine.runtime import keras
from lossterm.errors import DataError, UsageError
from lossterm.losses import Loss, Source
from lossterm.tasks import Task
from lossterm.text.fingerprint import sha256

Way = Literal["compiled", "graph", "eager"]
"""How a training runs: as one XLA program, as a TensorFlow graph, or step by step in Python."""

WAYS: tuple[Way, ...] = get_args(Way)
"""Every way, the fastest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A loss that can be called."""

    loss: Loss
    """Its record, with a function that works on tensors."""
    way: Way = "compiled"
    """The fastest way to train with it."""
    note: str | None = None
    """What a reader must know about that."""


def load_user_loss(source: Source, task: Task) -> Loss:
    """Load a custom loss and give it the form of a record for a task.

    Raises DataError, with the line, for a file that fails, for a name that is not a loss, and for a loss that does not
    fit the task.
    """
    with blamed(source, "loaded"):
        given = getattr(module_of(source), source.name, None)
    if given is None:
        raise DataError(f"{source.place} has no {source.name}.")
    spot = f"{source.name} in {source.place}{line_of(given)}"
    settings = {name: _value(value) for name, value in source.settings}
    head, labels = settings.pop("head", None), settings.pop("labels", None)
    if isinstance(given, Loss):
        return _record(given, source, task, settings, spot)
    if inspect.isclass(given):
        with blamed(source, "constructed"):
            given = given(**settings)
        settings = {}
    function = given.call if isinstance(given, keras.losses.Loss) else given
    if not callable(function):
        raise DataError(
            f"{spot} is of type {type(given).__name__}: a loss is a function (y_true, y_pred), "
            "a keras.losses.Loss, or a lossterm.losses.Loss."
        )
    if head is None and "hinge" in source.name.lower():  # like Keras's hinges, it takes margins, with labels −1 and 1
        head = {"binary": "margin", "multiclass": "logit"}.get(task.kind)
    _refuse_useless(spot, task, head, labels)
    index = labels == "index" or (labels is None and type(given).__name__.startswith("Sparse"))
    logits = head == "logit" or (head is None and _wants_logits(given))

    def called(y_true: Any, y_pred: Any) -> Any:
        with blamed(source, "called"):
            return _rows(function(y_true, y_pred, **settings))

    return msgspec.structs.replace(_as_record(source, task, called, head, logits=logits, index=index), title=spot)


def _refuse_useless(spot: str, task: Task, head: str | None, labels: str | None) -> None:
    """Refuse a head or labels that would change nothing on such a task."""
    if head is not None and (task.kind == "regression" or (head == "margin" and task.kind == "multiclass")):
        raise DataError(f"{spot}: head={head} has no meaning for {task.key}, whose targets are {_TARGETS[task.kind]}.")
    if labels is not None and task.kind != "multiclass":
        raise DataError(
            f"{spot}: labels={labels} has no meaning for {task.key}, whose targets are {_TARGETS[task.kind]}."
        )


_TARGETS = {"regression": "numbers", "binary": "two classes", "multiclass": "three or more classes"}


def line_of(given: object) -> str:
    """Name the line at which a function or class begins, where Python knows it."""
    try:
        return f", line {inspect.getsourcelines(inspect.unwrap(given))[1]}"  # type: ignore[arg-type]  # any other raises
    except (TypeError, OSError, ValueError):
        return ""


def _record(record: Loss, source: Source, task: Task, settings: dict[str, Any], spot: str) -> Loss:
    if words := [f"{name}={value}" for name, value in settings.items() if not isinstance(value, int | float)]:
        raise DataError(f"{spot}: {words[0]} is not a number, as the parameters of a record must be.")
    with blamed(source, "given its parameters"):
        record = record.bound(settings) if settings else record
    if reason := record.misfit(task.targets, ""):
        raise DataError(f"{spot} {reason}.")
    function = record.function

    def called(*arguments: Any, **parameters: Any) -> Any:
        with blamed(source, "called"):
            return _rows(function(*arguments, **parameters))

    return msgspec.structs.replace(record, key=source.key, title=spot, origin=source.text, function=called)


def _wants_logits(given: object) -> bool:
    """Whether a Keras loss was constructed with `from_logits`."""
    inner = getattr(given, "_fn_kwargs", {})
    return bool(getattr(given, "from_logits", inner.get("from_logits", False)))


def _as_record(
    source: Source, task: Task, call: Callable[[Any, Any], Any], head: str | None, *, logits: bool, index: bool
) -> Loss:
    """Wrap a function of Keras's form in a record: it gets y_true and y_pred as Keras passes them for such a task."""
    ops = keras.ops

    def of_columns(_: Any, y: Any, f: Any) -> Any:
        return call(y[:, None], f[:, None])

    def of_two(_: Any, y: Any, z: Any) -> Any:
        return call(y[:, None], (z if logits else ops.sigmoid(z))[:, None])

    def of_many(_: Any, y: Any, z: Any) -> Any:
        return call(y, z if logits else ops.softmax(z, axis=-1))

    form: dict[str, Any] = {"function": of_columns, "reading": "value", "encoding": "value"}
    if task.kind == "binary" and head == "margin":
        form = {"function": of_columns, "reading": "margin", "encoding": "plus_minus_one"}
    elif task.kind == "binary":
        form = {"function": of_two, "reading": "logit", "encoding": "zero_one"}
    elif task.kind == "multiclass":
        form = {"function": of_many, "reading": "logits", "encoding": "index" if index else "one_hot"}
    return Loss(
        key=source.key,
        title=source.name,
        kinds=(task.kind,),
        formula="its own",
        estimates="not known",
        valid="any y",
        large_errors="not known",
        use_when="you wrote it",
        avoid_when="it fails a check",
        keras=None,
        references=(source.text,),
        proper=False,
        origin=source.text,
        **form,
    )


def _rows(values: Any) -> Any:
    """Accept a column as a vector, as Keras does, and convert floats to float32; the probe reports anything else."""
    shape: Any = getattr(values, "shape", ())
    if getattr(shape, "rank", 0) is None:  # in a graph, from a function that runs in Python
        values = keras.ops.reshape(values, (-1,))
    elif len(shape) == 2 and shape[-1] == 1:
        values = values[:, 0]
    floats = getattr(getattr(values, "dtype", None), "is_floating", False)
    return keras.ops.cast(values, "float32") if floats else values


def _value(text: str) -> Any:
    """Parse a parameter as Python would: a number, True, None; anything else is a word."""
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError):
        return text


_MODULE_PREFIX = "lossterm_own_"
_names = (f"{_MODULE_PREFIX}{number}" for number in itertools.count())


def module_of(source: Source, option: str = "--loss-file") -> ModuleType:
    """Run a file afresh, with its directory on the path meanwhile, or import an installed module.

    `option` is the option that a person names it with. Raises DataError for code that a store names but no person did,
    and whatever the code raises.
    """
    if source.file is None:
        refuse_unnamed(source, source.digest, option)
        return importlib.import_module(source.place)
    content = source.file.read_bytes()  # read once, so that what runs is what was checked
    refuse_unnamed(source, sha256(content), option)
    module = ModuleType(next(_names))
    module.__file__ = source.place
    with _IMPORTING, _importing_from(source.file.parent):
        sys.modules[module.__name__] = module  # dataclasses and Keras's registry look a class's module up
        # Compiled from the present content: an import might use bytecode from a second ago.
        exec(compile(content, source.place, "exec"), module.__dict__)
    return module


_IMPORTING = threading.Lock()
"""Training threads share the path on which modules are searched."""


@contextmanager
def _importing_from(directory: Path) -> Iterator[None]:
    """Let a file import its neighbours, with installed modules first; forget them afterwards, as they may be edited."""
    before, writes = set(sys.modules), sys.dont_write_bytecode
    sys.path.append(str(directory))
    sys.dont_write_bytecode = True  # it is dated to the second only, and does not belong in a person's directory
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(directory))
        neighbours = [name for name in set(sys.modules) - before if not name.startswith(_MODULE_PREFIX)]
        for name in neighbours:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == directory:
                del sys.modules[name]


@contextmanager
def blamed(source: Source, doing: str) -> Iterator[None]:
    """Turn whatever custom code raises into a DataError that names file and line."""
    try:
        yield
    except DataError:
        raise
    except UsageError as error:
        raise DataError(str(error)) from error
    except (Exception, SystemExit) as error:
        raise DataError(
            f"{where(source, error)} {doing}, it raised {type(error).__name__}: {first_line(error)}"
        ) from error


def where(source: Source, error: BaseException) -> str:
    """Name the last line of the custom code that an error passed through."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}:"
    frames = traceback.extract_tb(error.__traceback__)
    in_file = [frame for frame in frames if frame.filename == source.place]
    outside = [frame for frame in frames if "lossterm/engine" not in frame.filename]
    if in_file:
        return f"{in_file[-1].filename}, line {in_file[-1].lineno}:"
    inside = f" (in {outside[-1].filename}, line {outside[-1].lineno})" if outside and source.file is None else ""
    return f"{source.name} in {source.place}{inside}:"


_NAMES_OF_GRAPHS = re.compile(r"__\w+\[[^\]]*\]|\[[^\]]*XlaMustCompile[^\]]*\]")
"""Names in TensorFlow's errors that differ from run to run."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, kept short."""
    text = _NAMES_OF_GRAPHS.sub("it", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0][:200] if lines else "it gave no message").rstrip(".") + "."
