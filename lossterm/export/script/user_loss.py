"""The description of a custom loss: only the engine can load it."""

import math
import subprocess
import sys
from typing import Any, Literal

import msgspec

from lossterm.comparison.comparison import Trial
from lossterm.errors import DataError, WorkerError
from lossterm.losses import Loss, Parameter, loss_named

MODULE = "lossterm.engine.exporting"

LossForm = Literal["function", "class", "instance", "record"]
Takes = Literal["output", "probability", "probabilities"]


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """A custom loss, as the engine loaded it for a task."""

    form: LossForm
    """A function (y_true, y_pred), a class or instance of `keras.losses.Loss`, or a record."""
    takes: Takes
    """What it gets as y_pred: the output itself, or its sigmoid or softmax."""
    settings: dict[str, Any]
    """What it is called or constructed with."""
    fields: dict[str, Any]
    """Fields of its record, except the function."""
    file: str = ""
    """For a record: the file that holds its function."""
    name: str = ""
    """For a record: the name of its function there."""
    values: dict[str, float | None] = {}
    """For a record: its parameters."""

    def record(self, key: str) -> Loss:
        """Return a record with everything known of it, except the function."""
        parameters = tuple(
            Parameter(name=name, default=value, low=-math.inf, high=math.inf, meaning="its own")
            for name, value in self.values.items()
        )
        return msgspec.structs.replace(loss_named(key), parameters=parameters, **self.fields)


def described(trial: Trial) -> Described:
    """Load a custom loss in the engine and return its description for the task of a trial.

    Raises DataError for a loss that is missing, was changed or fails to load, WorkerError if the engine fails.
    """
    return msgspec.msgpack.decode(asked_of_engine("describe", trial=trial), type=Described)


def asked_of_engine(*words: str, trial: Trial) -> bytes:
    """Run the engine's side of an export on a trial, and return its answer. Raises as `described` does."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", MODULE, *words], input=msgspec.json.encode(trial), capture_output=True, check=False
    )
    if done.returncode == DataError.exit_code:
        raise DataError(done.stderr.decode(errors="replace").strip().splitlines()[-1])
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise WorkerError(f"The export's training ended with {done.returncode}: {''.join(last) or 'it gave no reason'}")
    return done.stdout
