"""Under `--device auto`: which kind of device trains each program. Both are measured once, and the answer is kept.

A card starts each operation of a small network far more slowly than a processor does, so it would train most of what is
shipped ten times as slowly. The choice decides the last bits, so that it must not change from one trial to the next.
The process of a card measures, since it alone has both; lanes on the processor follow.
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence

from lossterm.comparison.comparison import Trial
from lossterm.comparison.device import device_from
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.contract import DeviceKind, out_of_memory
from lossterm.engine.runtime import CPU, Place, card_names, machine, places, usual_place
from lossterm.engine.training.output_shape import outputs_of
from lossterm.engine.training.prepared_rows import rows_of
from lossterm.engine.user_code.probe import load
from lossterm.errors import DataError
from lossterm.home import device_choices
from lossterm.home.device_choices import DeviceChoice, Speed
from lossterm.worker_control.cores import cores

Measure = Callable[[Trial, Place], float]
"""Trains some epochs of a trial at a place and returns the seconds that one took."""


class Placing:
    """Chooses a kind of device for each program. All lanes of a process share it."""

    def __init__(
        self, places: Sequence[Place], lanes: Mapping[DeviceKind, int], cards: Sequence[str], measure: Measure
    ) -> None:
        """Choose for a machine with so many `lanes` on each kind of device, and `cards` of these models.

        `places` are those of this process: only one that has both kinds measures.
        """
        self._first = {place.kind: place for place in reversed(places)}
        self._lanes = lanes
        self._machine, self._measure = machine(lanes["CPU"], cards), measure
        self._measuring: dict[str, threading.Lock] = {}  # by shape
        self._known: dict[str, DeviceChoice] = {}  # by shape
        self._chosen: dict[str, DeviceChoice] = {}  # by program

    def kind(self, trial: Trial, own: DeviceKind, served: Collection[DeviceKind]) -> DeviceKind:
        """Return the kind of device that trains a trial's program, its lane's `own` where no other is `served`.

        What was never measured is measured, or left to whoever can. Raises what building or training the program
        raises, except for memory that runs out.
        """
        if not set(served) - {own}:
            return own
        if (choice := self._choice(trial)) is None:
            return next(kind for kind in served if kind != own)
        kind: DeviceKind = "GPU" if choice.kind == "GPU" else "CPU"
        return kind if kind in served else own

    def in_words(self, program: str) -> str:
        """Say what trains a program and why; "" if nothing was chosen for it yet."""
        return choice.short if (choice := self._chosen.get(program)) else ""

    def _choice(self, trial: Trial) -> DeviceChoice | None:
        if (choice := self._chosen.get(trial.program)) is None:
            shape = _shape(trial)
            with self._measuring.setdefault(shape, threading.Lock()):  # two that measure could come to two answers
                choice = self._known.get(shape) or self._choose(trial, shape)
                if choice is not None:
                    self._known[shape] = self._chosen[trial.program] = choice
        return choice

    def _choose(self, trial: Trial, shape: str) -> DeviceChoice | None:
        """Return what the file says, also where another process was quicker; measure and add what it does not say.

        None where there is only one kind of device to measure on.
        """
        if known := device_choices.kept().get((self._machine, shape)):
            return known
        if len(self._first) == 1:
            return None
        speeds: dict[str, Speed] = {kind: Speed(self._seconds(trial, kind), self._lanes[kind]) for kind in self._lanes}
        choice = DeviceChoice(machine=self._machine, shape=shape, speeds=speeds)
        print(f"Measured: {choice.reason}.", flush=True)
        if all(one.epoch_seconds is None for one in speeds.values()):
            return choice  # nothing was measured; the training itself says so
        try:
            device_choices.keep(choice)
        except (OSError, DataError) as error:
            print(f"What was measured is not kept: {error}", flush=True)
        return device_choices.kept().get((self._machine, shape), choice)

    def _seconds(self, trial: Trial, kind: DeviceKind) -> float | None:
        """Return what an epoch takes on one kind of device; None where its memory does not suffice."""
        try:
            return self._measure(trial, self._first[kind])
        except Exception as error:
            if out_of_memory(error):
                return None
            raise


def place_for(trial: Trial, recorded: str = "") -> Place:
    """Return where one trial is trained again: where it was before, or would be now.

    `recorded` is the kind of device that it was trained on, where that is known.
    """
    seen = {place.kind: place for place in reversed(places())}
    if device_from(trial.device).kind != "auto" or len(seen) == 1:
        return usual_place()
    kind = recorded
    if kind not in seen:
        known = device_choices.kept().get((machine(cores(), card_names()), _shape(trial)))
        kind = known.kind if known else ""
    return next((place for name, place in seen.items() if name == kind), usual_place())


def _shape(trial: Trial) -> str:
    """Say what the speed of a trial's program depends on."""
    task, protocol, h = trial.record, protocol_named(trial.protocol), trial.hyperparameters
    splits = rows_of(task, protocol, trial.seed if protocol.varies(task) else 0, CPU.name).data.splits
    outputs = outputs_of(task, load(trial).loss.under(protocol.key))
    network = h.model or "-".join(map(str, (task.features, *h.hidden, outputs)))
    if len(task.input_shape) > 1 and not h.model:
        shape, inner = "×".join(map(str, task.input_shape)), "-".join(map(str, (*h.filters, *h.units)))
        network = f"{h.network} {shape} {inner or 'dense'} {network}"
    rows = sum(len(part.target) for part in splits.values())
    dropout = ", dropout" if h.dropout else ""
    return f"{network}, batches of {h.batch_size}, {rows:,} rows{dropout}"
