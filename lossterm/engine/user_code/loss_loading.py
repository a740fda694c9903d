"""From a file or package of one's own to what is in it, and to a record of a loss, in the form that a task wants."""

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
"""How a training is run: one XLA program, a TensorFlow graph, or Python step by step."""

WAYS: tuple[Way, ...] = get_args(Way)
"""The same, the fastest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A loss that can be called."""

    loss: Loss
    """Its record, with a function that works on tensors."""
    way: Way = "compiled"
    """The fastest way in which it can be trained."""
    note: str | None = None
    """What a reader must know of that."""


def own(source: Source, task: Task) -> Loss:
    """Load a loss of one's own and give it the form of a record for a task.

    Raises DataError for a file that fails, with its line, for a name that is no loss, and for one of another task.
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
    if head is None and "hinge" in source.name.lower():  # Keras's too take margins, of labels −1 and 1
        head = {"binary": "margin", "multiclass": "logit"}.get(task.kind)
    _refuse_idle(spot, task, head, labels)
    index = labels == "index" or (labels is None and type(given).__name__.startswith("Sparse"))
    logits = head == "logit" or (head is None and _wants_logits(given))

    def called(y_true: Any, y_pred: Any) -> Any:
        with blamed(source, "called"):
            return _rows(function(y_true, y_pred, **settings))

    return msgspec.structs.replace(_as_record(source, task, called, head, logits=logits, index=index), title=spot)


def _refuse_idle(spot: str, task: Task, head: str | None, labels: str | None) -> None:
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
        raise DataError(f"{spot}: {words[0]} is no number, as the parameters of a record are.")
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
    """Wrap a function of Keras's form: y_true and y_pred as Keras hands them to a loss of such a task."""
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
    """Take a column for a vector, as Keras does, and any float for a float32; the probe tells of what is neither."""
    shape: Any = getattr(values, "shape", ())
    if getattr(shape, "rank", 0) is None:  # in a graph, of a function that only Python knows
        values = keras.ops.reshape(values, (-1,))
    elif len(shape) == 2 and shape[-1] == 1:
        values = values[:, 0]
    floats = getattr(getattr(values, "dtype", None), "is_floating", False)
    return keras.ops.cast(values, "float32") if floats else values


def _value(text: str) -> Any:
    """Read a parameter as Python would: a number, True, None; else it is a word."""
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError):
        return text


_OWN = "lossterm_own_"
_names = (f"{_OWN}{number}" for number in itertools.count())


def module_of(source: Source, option: str = "--loss-file") -> ModuleType:
    """Run a file afresh, with its directory on the path meanwhile, or import an installed module.

    `option` is what a person names it with. Raises DataError for code that a store names and no person did, and
    whatever the code raises.
    """
    if source.file is None:
        refuse_unnamed(source, source.digest, option)
        return importlib.import_module(source.place)
    content = source.file.read_bytes()  # once: what is run is what was looked at
    refuse_unnamed(source, sha256(content), option)
    module = ModuleType(next(_names))
    module.__file__ = source.place
    with _IMPORTING, _beside(source.file.parent):
        sys.modules[module.__name__] = module  # dataclasses and Keras's registry look a class's module up
        # Compiled from what the file holds now: an import might take bytecode of what it was a second ago.
        exec(compile(content, source.place, "exec"), module.__dict__)
    return module


_IMPORTING = threading.Lock()
"""Lanes are threads, and share the path on which modules are looked for."""


@contextmanager
def _beside(directory: Path) -> Iterator[None]:
    """Let a file import its neighbours, after all that is installed; and forget them, since they may be edited too."""
    before, writes = set(sys.modules), sys.dont_write_bytecode
    sys.path.append(str(directory))
    sys.dont_write_bytecode = True  # it is told apart by the second only, and is not ours to leave there
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(directory))
        neighbours = [name for name in set(sys.modules) - before if not name.startswith(_OWN)]
        for name in neighbours:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == directory:
                del sys.modules[name]


@contextmanager
def blamed(source: Source, doing: str) -> Iterator[None]:
    """Turn whatever the person's code raises into a sentence that names file and line."""
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
    """Name the last line of the person's own file, or of what they named, that an error came through."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}:"
    frames = traceback.extract_tb(error.__traceback__)
    mine = [frame for frame in frames if frame.filename == source.place]
    outside = [frame for frame in frames if "lossterm/engine" not in frame.filename]
    if mine:
        return f"{mine[-1].filename}, line {mine[-1].lineno}:"
    inside = f" (in {outside[-1].filename}, line {outside[-1].lineno})" if outside and source.file is None else ""
    return f"{source.name} in {source.place}{inside}:"


_NAMES_OF_GRAPHS = re.compile(r"__\w+\[[^\]]*\]|\[[^\]]*XlaMustCompile[^\]]*\]")
"""What TensorFlow calls things in its errors, otherwise in each run."""


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, kept short."""
    text = _NAMES_OF_GRAPHS.sub("it", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[0][:200] if lines else "no more is known").rstrip(".") + "."
