"""What a loss of one's own turns out to be when it is loaded, which only the engine does."""

import dataclasses
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
    """A loss of one's own, as the engine loaded it for a task."""

    form: LossForm
    """A function (y_true, y_pred), a class or instance of `keras.losses.Loss`, or a record."""
    takes: Takes
    """What it is given as y_pred: the output as it is, or what sigmoid or softmax makes of it."""
    settings: dict[str, Any]
    """What it is called or constructed with."""
    fields: dict[str, Any]
    """Fields of its record, but for the function."""
    file: str = ""
    """Of a record: the file that its function is in."""
    name: str = ""
    """Of a record: the name of its function there."""
    values: dict[str, float | None] = {}
    """Of a record: its parameters."""

    def record(self, key: str) -> Loss:
        """Return a record with all that is known of it, but for the function."""
        parameters = tuple(
            Parameter(name=name, default=value, low=-math.inf, high=math.inf, meaning="its own")
            for name, value in self.values.items()
        )
        return dataclasses.replace(loss_named(key), parameters=parameters, **self.fields)


def described(trial: Trial) -> Described:
    """Load a loss of one's own in the engine and return what it is for the task of a trial.

    Raises DataError for one that is gone, was changed or does not load, WorkerError where the engine does not answer.
    """
    return msgspec.msgpack.decode(asked_of_engine("describe", trial=trial), type=Described)


def asked_of_engine(*words: str, trial: Trial) -> bytes:
    """Run the engine's side of an export on a trial, and return what it answers. Raises as `described` does."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", MODULE, *words], input=msgspec.json.encode(trial), capture_output=True, check=False
    )
    if done.returncode == DataError.exit_code:
        raise DataError(done.stderr.decode(errors="replace").strip().splitlines()[-1])
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise WorkerError(f"The export's training ended with {done.returncode}: {''.join(last) or 'no word of why'}")
    return done.stdout
