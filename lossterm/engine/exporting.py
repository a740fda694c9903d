"""The engine's side of `lossterm export`: describes a custom loss, trains one trial again and saves its network.

`python -m lossterm.engine.exporting describe` and `… train FILE.keras [CPU|GPU]` read a trial as JSON from stdin; the
first answers in MessagePack, the second in JSON.
"""

import inspect
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import msgspec

from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.runtime import configure, environment, keras
from lossterm.engine.training.keras_network import build_network
from lossterm.engine.training.model_inputs import about_inputs
from lossterm.engine.training.placing import place_for
from lossterm.engine.training.trainer import Program
from lossterm.engine.user_code import loss_loading, probe
from lossterm.errors import DataError, LosstermError
from lossterm.losses import Loss, source_from
from lossterm.losses.keras_on_numbers import TARGET
from lossterm.losses.target_scaling import Scaling
from lossterm.losses.user_defined import PER

FIELDS = (
    *("kinds", "reading", "encoding", "activation", "units", "beside", "per"),
    *("scale", "link", "counted", "lowest", "highest", "zeros"),
)
"""Fields of a loss's record that a training depends on."""


def describe(trial: Trial) -> dict[str, Any]:
    """Return what a custom loss is for the task of a trial: fields of `export.script.user_loss.Described`."""
    loss = probe.load(trial).loss
    source = source_from(trial.source)
    given = getattr(loss_loading.module_of(source), source.name)
    settings = {name: loss_loading._value(value) for name, value in source.settings}
    head = settings.pop("head", None)
    settings.pop("labels", None)
    settings.pop(TARGET, None)
    settings.pop(PER, None)
    description: dict[str, Any] = {"fields": {name: getattr(loss, name) for name in FIELDS}, "settings": settings}
    if isinstance(given, Loss):
        plain = inspect.unwrap(given.function)
        file = inspect.getsourcefile(plain) if inspect.isfunction(plain) else None
        name = getattr(plain, "__qualname__", "")
        if file is None or not name.isidentifier():
            raise DataError(f"{loss.title} cannot be written out: its function is not a plain function in a file.")
        return {**description, "form": "record", "takes": "output", "file": file, "name": name, "values": loss.values}
    form = "class" if inspect.isclass(given) else "instance" if isinstance(given, keras.losses.Loss) else "function"
    made = given(**settings) if form == "class" else given
    logits = (
        loss.reading in ("value", "margin") or head == "logit" or (head is None and loss_loading._wants_logits(made))
    )
    if head is None and "hinge" in source.name.lower() and loss.reading == "logits":
        logits = True
    takes = "output" if logits else "probability" if loss.reading == "logit" else "probabilities"
    return {**description, "form": form, "takes": takes}


def train(trial: Trial, path: Path, recorded: str = "") -> dict[str, Any]:
    """Train a trial again, save its network, and return what goes in, what comes out and what it scores.

    `recorded` is the kind of device that it was trained on, where that is known.
    """
    place = place_for(trial, recorded)
    program = Program(trial, place)
    result = program.train(trial)
    if result.status != "done":
        raise DataError(f"Trained again, seed {trial.seed} of {trial.loss} ended as {result.status}: nothing to save.")
    _for_anyone(program, trial).save(path)
    task, protocol, loss = program.task, protocol_named(trial.protocol), program.loss
    inputs, target = about_inputs(trial, task, protocol)
    data = msgspec.structs.replace(protocol.prepare(task, trial.seed), robust=trial.hyperparameters.robust)
    scaling = data.scaling(loss.scale) if task.element == "regression" else Scaling()
    names = task.labels or tuple(map(str, range(task.classes or 0)))
    return {
        "input_shape": list(task.input_shape),
        "inputs": inputs,
        "output": {
            "kind": task.kind,
            "units": int(program.network.output_shape[-1]),
            "reading": loss.reading,
            "link": loss.link,
            "origin": scaling.origin,
            "unit": scaling.unit,
            "log1p": scaling.log1p,
            "target": target,
            "classes": list(names),
        },
        "scores": result.scores,
        "environment": {**environment(), "device": place.kind},
    }


def _for_anyone(program: Program, trial: Trial) -> Any:
    """Return the trained network with layers of Keras alone, which loads where lossterm is not installed."""
    h = trial.hyperparameters
    if h.model or not h.filters:
        return program.network
    plain = build_network(program.task, program.loss, h, plain=True)
    plain.set_weights(program.network.get_weights())
    return plain


def main() -> None:
    """Answer on stdout; whatever else is printed meanwhile goes to stderr."""
    what, *words = sys.argv[1:]
    trial = msgspec.json.decode(sys.stdin.buffer.read(), type=Trial)
    try:
        with redirect_stdout(sys.stderr):
            configure(trial.device)
            answer = describe(trial) if what == "describe" else train(trial, Path(words[0]), *words[1:])
    except LosstermError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    encode = msgspec.msgpack.encode if what == "describe" else msgspec.json.encode
    sys.stdout.buffer.write(encode(answer))


if __name__ == "__main__":
    main()
