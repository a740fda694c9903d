"""From a trial to its result: draws and encodes the data, runs epochs in chunks, scores and keeps the outcome."""

import math
import time
from collections import OrderedDict
from typing import Any

import msgspec
import numpy as np

from lossterm.comparison.comparison import ENGINE, Status, Trial
from lossterm.comparison.protocol import Prepared, SplitName
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.contract import OnCheckpoint, OnChunk, Result
from lossterm.engine.runtime import environment, tf
from lossterm.engine.scoring import encode, outcome_of, score
from lossterm.engine.training.anatomy import anatomy_of
from lossterm.engine.training.batch_orders import batch_orders, shuffler
from lossterm.engine.training.checkpoint_timer import CheckpointTimer
from lossterm.engine.training.checkpoints import MOST_BYTES, Unpacked, packed
from lossterm.engine.training.compiled_epochs import CompiledEpochs, Tensors
from lossterm.engine.training.kept_weights import KeptWeights, kept_epochs, sample_of
from lossterm.engine.training.layer_stack import stack_of
from lossterm.engine.training.prepared_rows import rows_of
from lossterm.engine.user_code.probe import load
from lossterm.engine.worker.health import resident
from lossterm.errors import LosstermError, Unnamed
from lossterm.losses.target_scaling import Scaling
from lossterm.metrics import metrics_for
from lossterm.store import Checkpoint, Chunk

REPORT_SECONDS = 0.1
"""Length of a chunk: how often a curve grows, and the longest delay of a cancel."""

FORGET_SECONDS = 10.0
"""How long a program that failed to load is not tried again; by then its file may be fixed."""

_ORDERS_BYTES = 2**21
_MOST_CHUNK = 256


class Trainer:
    """Trains one trial after another, keeping the programs that it compiled. One per thread."""

    def __init__(self, most: int = 64) -> None:
        self._programs: OrderedDict[str, Program] = OrderedDict()
        self._most, self._let_go_bytes = most, 0
        self._failed: dict[str, tuple[float, type[LosstermError], str]] = {}

    @property
    def programs(self) -> frozenset[str]:
        """Names of the programs at hand, as `Trial.program` gives them."""
        return frozenset(self._programs)

    @property
    def compiled_bytes(self) -> int:
        """Memory that compiling took so far; measured beside other threads, so rather too much than too little."""
        return self._let_go_bytes + sum(program.compiled_bytes for program in self._programs.values())

    def train(
        self,
        trial: Trial,
        number: int,
        report: OnChunk,
        save: OnCheckpoint = lambda _: None,
        checkpoint: Checkpoint | None = None,
    ) -> Result:
        """Train from the trial's seed or a checkpoint; see `Program.train`."""
        tried, kind, message = self._failed.get(trial.program, (-math.inf, LosstermError, ""))
        if time.monotonic() - tried < FORGET_SECONDS:
            raise kind(message)
        try:
            program = self._programs.pop(trial.program, None) or Program(trial)
        except Unnamed:  # a person may name it now
            raise
        except LosstermError as error:  # tried once, and not again for each of its trials
            self._failed[trial.program] = time.monotonic(), type(error), str(error)
            raise
        self._programs[trial.program] = program  # the last used comes last
        if len(self._programs) > self._most:
            _, gone = self._programs.popitem(last=False)
            self._let_go_bytes += gone.compiled_bytes  # XLA keeps what it compiled
        try:
            return program.train(trial, number, report, save, checkpoint)
        except (MemoryError, tf.errors.ResourceExhaustedError):
            self._let_go_bytes = self.compiled_bytes
            self._programs.clear()  # frees memory for the next trial
            raise


class Program:
    """Trains all trials of one program, as `Trial.program` names it, one after the other. One per thread."""

    def __init__(self, trial: Trial) -> None:
        """Load the loss, build network and optimizer; the first trial compiles them."""
        before = resident()
        self.task, self.protocol = trial.record, protocol_named(trial.protocol)
        loaded = load(trial)
        self.loss = loaded.loss.under(self.protocol.key)
        self._metrics = metrics_for(self.task.kind, self.protocol.key, self.task.lowest)
        self._epochs = CompiledEpochs(trial, self.task, self.protocol, self.loss, loaded.way)
        self.network, self._stopping = self._epochs.network, self._epochs.stopping
        self._note = " ".join(note for note in (loaded.note, self._epochs.note) if note) or None
        self._stack = stack_of(self.network)
        self._encoded: tuple[int, list[Any]] | None = None
        self._ready: set[tuple[int, ...]] = set()
        self._epoch_seconds: float | None = None
        # Nearly all numbers take four bytes.
        self._small = 4 * sum(math.prod(variable.shape) for variable in self._epochs.variables()) <= MOST_BYTES
        self.compiled_bytes = max(resident() - before, 0)
        """Memory that building and compiling took."""

    def train(
        self,
        trial: Trial,
        number: int = 0,
        report: OnChunk = lambda _: False,
        save: OnCheckpoint = lambda _: None,
        checkpoint: Checkpoint | None = None,
    ) -> Result:
        """Train from the trial's seed, reporting about every REPORT_SECONDS; the first seed's weights are kept.

        The last chunk comes with the result rather than with a report, so that a short trial is one transaction. When
        `report` asks to stop, it stops within a chunk. A long training saves checkpoints; it continues from one to the
        same bits, and starts over if it cannot.
        """
        data, tensors = self._prepare(trial.seed)
        rows = len(data.splits["train"].target)
        self._epochs.reset(trial, rows)
        shape = tuple(len(part.target) for part in data.splits.values())
        if shape not in self._ready:  # splits by groups differ in size from seed to seed
            held = resident()
            self._epochs.run(np.zeros((_most(rows), rows), np.int32), 0, tensors)  # compiles; trains nothing
            self.compiled_bytes += max(resident() - held, 0)
            self._ready.add(shape)
        stream, keeping = shuffler(trial.seed), self._keeping(trial)
        done, before = self._go_on(checkpoint, stream, keeping)
        began, epochs, pulse = time.perf_counter() - before, trial.hyperparameters.epochs, CheckpointTimer(before)
        while True:
            count = min(self._chunk_epochs(), _most(rows), epochs - done)
            values, outputs, slopes = self._advance(done, count, stream, tensors, keeping)
            chunk = Chunk(trial=number, start=done, epochs=len(values), data=values.astype("<f4").tobytes())
            done += len(values)
            if not np.isfinite(values[-1]).all():
                result = self._result("diverged", began, chunk=chunk)
                return self._with_model(result, keeping, trial, number, data)
            if done == epochs or self._stopped:
                outputs, slopes = self._restored(outputs, slopes, rows, tensors, keeping)
                seconds = time.perf_counter() - began
                outcomes = {name: outcome_of(self.loss, data, name, f) for name, f in outputs.items()}
                scores = score(self._metrics, self.loss, outcomes)
                anatomy = anatomy_of(self.loss, data, outputs["train"], slopes)
                result = Result(
                    status="done", seconds=seconds, scores=scores, chunk=chunk, anatomy=anatomy, note=self._note
                )
                return self._with_model(result, keeping, trial, number, data)
            leaving, seconds = report(chunk), time.perf_counter() - began
            if self._small and pulse.due(seconds, leaving=leaving):
                state = packed(self._values(), stream, keeping.kept, _made())
                save(Checkpoint(epochs=done, seconds=seconds, state=state))
            if leaving:
                return self._result("cancelled", began)

    def _go_on(
        self, checkpoint: Checkpoint | None, stream: np.random.Generator, keeping: KeptWeights
    ) -> tuple[int, float]:
        """Restore a checkpoint; return the epochs and seconds trained, 0 without a usable one."""
        if checkpoint is None:
            return 0, 0.0
        try:
            unpacked = Unpacked(checkpoint.state, self._values(), _made())
        except ValueError as error:
            print(f"A checkpoint was ignored: {error}.", flush=True)
            return 0, 0.0
        for variable, value in zip(self._epochs.variables(), unpacked.variables, strict=True):
            variable.assign(value)
        unpacked.set_stream(stream)
        keeping.go_on(unpacked.kept)
        return checkpoint.epochs, checkpoint.seconds

    def _values(self) -> list[np.ndarray]:
        return [np.asarray(variable) for variable in self._epochs.variables()]

    def _advance(
        self, done: int, count: int, stream: np.random.Generator, tensors: Tensors, keeping: KeptWeights
    ) -> tuple[np.ndarray, dict[SplitName, np.ndarray], np.ndarray]:
        """Train the next epochs, up to the first that is not finite; return what `CompiledEpochs.run` does, for all."""
        rows, seconds, parts = int(tensors.splits[0][0].shape[0]), 0.0, []
        for piece in keeping.pieces(done, count):
            orders = np.zeros((_most(rows), rows), np.int32)
            orders[:piece] = batch_orders(stream, rows, piece)
            start = time.perf_counter()
            values, outputs, slopes = self._epochs.run(orders, piece, tensors)
            seconds += time.perf_counter() - start
            if self._stopping:
                values = values[: self._stopping.seen - done]
            done += len(values)
            finite = np.isfinite(values).all(axis=1)
            if not finite.all():
                parts.append(values[: int(finite.argmin()) + 1])  # the epoch in which it happened is the last one shown
                break
            parts.append(values)
            if keeping.wants(done):
                keeping.keep(done, self._weights())
            if self._stopped:
                break
        curve = np.concatenate(parts)
        self._epoch_seconds = seconds / len(curve)
        return curve, outputs, slopes

    @property
    def _stopped(self) -> bool:
        return self._stopping is not None and self._stopping.stopped

    def _restored(
        self,
        outputs: dict[SplitName, np.ndarray],
        slopes: np.ndarray,
        rows: int,
        tensors: Tensors,
        keeping: KeptWeights,
    ) -> tuple[dict[SplitName, np.ndarray], np.ndarray]:
        """With early stopping, restore the best weights and return their outputs and slopes."""
        if self._stopping is None:
            return outputs, slopes
        self._stopping.restore()
        keeping.end(self._stopping.best, self._weights())
        _, outputs, slopes = self._epochs.run(np.zeros((_most(rows), rows), np.int32), 0, tensors)
        return outputs, slopes

    def _weights(self) -> list[np.ndarray]:
        return self._stack.weights() if self._stack else []

    def _keeping(self, trial: Trial) -> KeptWeights:
        """Return what keeps the weights of a trial: only the first seed's, and only of stacks of layers."""
        if trial.seed != 0 or self._stack is None:
            return KeptWeights()
        keeping = KeptWeights(kept_epochs(trial.hyperparameters.epochs, self._stack.size))
        if keeping.wants(0):
            keeping.keep(0, self._weights())
        return keeping

    def _with_model(self, result: Result, keeping: KeptWeights, trial: Trial, number: int, data: Prepared) -> Result:
        model = self._stack and keeping.model(number, self._stack.form, self.loss, self._scaling(data))
        if model is None:
            return result
        sample = sample_of(trial, data.splits["test"], self.task.classes)
        return msgspec.structs.replace(result, model=model, sample=sample)

    def _result(self, status: Status, began: float, chunk: Chunk | None = None) -> Result:
        return Result(status=status, seconds=time.perf_counter() - began, scores=None, chunk=chunk, note=self._note)

    def _chunk_epochs(self) -> int:
        if self._epoch_seconds is None:
            return 1
        return max(1, int(REPORT_SECONDS / max(self._epoch_seconds, 1e-6)))

    def _prepare(self, seed: int) -> tuple[Prepared, Tensors]:
        """Draw, split, scale and encode the data of a seed; all programs share the features."""
        seed = seed if self.protocol.varies(self.task) else 0
        rows = rows_of(self.task, self.protocol, seed)
        data, scaling, classes = rows.data, self._scaling(rows.data), self.task.classes
        if self._encoded is None or self._encoded[0] != seed:
            encoded = [tf.constant(encode(self.loss, scaling, part.target, classes)) for part in data.splits.values()]
            self._encoded = seed, encoded
        counts = np.bincount(data.splits["train"].target, minlength=classes) if classes else np.zeros(1)
        return data, Tensors(
            splits=list(zip(rows.features, self._encoded[1], strict=True)),
            counts=tf.constant(counts, tf.float32),
            scale=tf.constant([scaling.origin, scaling.unit], tf.float32),
        )

    def _scaling(self, data: Prepared) -> Scaling:
        return data.scaling(self.loss.scale) if self.task.kind == "regression" else Scaling()


def _made() -> str:
    """Name what the bits of a training depend on besides its trial."""
    return " ".join([str(ENGINE), *environment().values()])


def _most(rows: int) -> int:
    """Return how many epochs one call of a program may train, given the number of training rows."""
    return max(1, min(_MOST_CHUNK, _ORDERS_BYTES // (4 * rows)))
