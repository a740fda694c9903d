"""From a trial to its result: draws and encodes the data, runs epochs in chunks, scores and keeps the outcome."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
import numpy as np

from lossterm.comparison.comparison import ENGINE, Status, Trial
from lossterm.comparison.protocol import Prepared, Protocol, SplitName
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.engine.contract import DeviceKind, Job, OnCheckpoint, OnChunk, Result, TrainsOne, out_of_memory
from lossterm.engine.runtime import Place, environment, tf, usual_place
from lossterm.engine.scoring import blown_up, encode, outcome_of, score, with_constant
from lossterm.engine.training.anatomy import anatomy_of
from lossterm.engine.training.checkpoints import MOST_BYTES, Unpacked, packed
from lossterm.engine.training.compiled_epochs import CompiledEpochs, Tensors
from lossterm.engine.training.course import Course, Streams
from lossterm.engine.training.kept_numbers import (
    KeptNumbers,
    kept_epochs,
    pieces,
    rows_of_outputs,
    sample_of,
    sampled,
)
from lossterm.engine.training.layer_stack import stack_of
from lossterm.engine.training.output_shape import shape_seen
from lossterm.engine.training.placing import Placing
from lossterm.engine.training.prepared_rows import PreparedRows, Stressed, rows_of
from lossterm.engine.training.stack_width import device_name, stack_width
from lossterm.engine.training.stacked_epochs import StackedEpochs
from lossterm.engine.user_code.axis_loading import stress_of
from lossterm.engine.user_code.loss_loading import Way
from lossterm.engine.user_code.probe import load
from lossterm.engine.worker.health import resident
from lossterm.errors import LosstermError, Unnamed
from lossterm.home import stack_widths
from lossterm.losses.target_scaling import Scaling
from lossterm.metrics import metrics_for
from lossterm.store import Anatomy, Checkpoint, Chunk, Kept, TrialScores
from lossterm.tasks import Task

REPORT_SECONDS = 0.1
"""Length of a chunk: how often a curve grows, and the longest delay of a cancel."""

FORGET_SECONDS = 10.0
"""How long a program that failed to load is not tried again; by then its file may be fixed."""

MEASURED_CHUNKS = 4
"""Chunks that are trained to measure a program, at most: the first is a single epoch."""

MEASURED_SECONDS = 2.0
"""How long a program is measured; one whose first epoch takes longer, for that epoch."""

_ORDERS_BYTES = 2**21
_MOST_CHUNK = 256


Shape = tuple[int, ...]
"""Rows of each split."""

Draw = tuple[int, str]
"""A seed, and what was done to its data, "" for nothing."""


class _Draw(NamedTuple):
    """The data of one draw, as a program needs them."""

    data: Prepared
    tensors: Tensors
    constants: dict[str, float | None]
    """What the constant prediction scores on its test rows, by metric, as far as it was worked out."""


def draw_of(trial: Trial) -> Draw:
    """Return what names the data of a trial within its program: levels of a sweep share one."""
    return trial.seed, trial.severity.name if trial.severity else ""


class Trainer(TrainsOne):
    """Trains one trial after another at one place, keeping the programs that it compiled. One per thread."""

    def __init__(self, most: int = 64, place: Place | None = None, placing: Placing | None = None) -> None:
        """Train at a place, the usual one without it; `placing` says which programs are for that, if it is given."""
        self._place, self._placing = place or usual_place(), placing
        self._programs: OrderedDict[str, Program] = OrderedDict()
        self._most, self._let_go_bytes = most, 0
        self._failed: dict[str, tuple[float, LosstermError]] = {}

    @property
    def programs(self) -> frozenset[str]:
        """Names of the programs at hand, as `Trial.program` gives them."""
        return frozenset(self._programs)

    @property
    def kind(self) -> DeviceKind:
        """The kind of device that it trains on."""
        return self._place.kind

    def belongs(self, trial: Trial, served: Collection[DeviceKind]) -> DeviceKind:
        """Return the kind of device that trains a trial's program, of those that are served."""
        return self._placing.kind(trial, self.kind, served) if self._placing else self.kind

    def chosen(self, trial: Trial) -> str:
        """Say what was chosen to train a trial's program, and why; "" where there is no choice, or none yet."""
        return self._placing.in_words(trial.program) if self._placing else ""

    @property
    def compiled_bytes(self) -> int:
        """Memory that compiling took so far; measured beside other threads, so rather too much than too little."""
        return self._let_go_bytes + sum(program.compiled_bytes for program in self._programs.values())

    def width(self, trial: Trial) -> int:
        """Return how many trials of a trial's program are trained together."""
        return self._program(trial).width

    def narrow(self, trial: Trial) -> bool:
        """Halve the width of a trial's program, for good: the width decides the last bits."""
        if (width := width_of(trial, self._place)) == 1:
            return False
        stack_widths.keep(device_name(self._place), trial.program, width // 2)
        self._let_go(trial.program)
        return width_of(trial, self._place) < width  # else it could not be kept

    def train_together(self, jobs: Sequence[Job]) -> None:
        """Train trials of one program; see `Program.train_together`."""
        try:
            self._program(jobs[0].trial).train_together(jobs)
        except Exception as error:
            if out_of_memory(error):
                for name in list(self._programs):
                    self._let_go(name)  # frees memory for the next trial
            raise

    def _let_go(self, name: str) -> None:
        if gone := self._programs.pop(name, None):
            self._let_go_bytes += gone.compiled_bytes  # XLA keeps what it compiled

    def _program(self, trial: Trial) -> "Program":
        """Return the program of a trial, built if it is not at hand. One that could not be is not tried again soon."""
        tried, before = self._failed.get(trial.program, (-math.inf, LosstermError()))
        if time.monotonic() - tried < FORGET_SECONDS:
            raise before.with_traceback(None)
        try:
            program = self._at_hand(trial) or Program(trial, self._place)
        except Unnamed:  # a person may name it now
            raise
        except LosstermError as error:  # tried once, and not again for each of its trials
            self._failed[trial.program] = time.monotonic(), error
            raise
        self._programs[trial.program] = program  # the last used comes last
        if len(self._programs) > self._most:
            self._let_go(next(iter(self._programs)))
        return program

    def _at_hand(self, trial: Trial) -> "Program | None":
        """Take out the program of a trial, unless another lane has found meanwhile that it must be narrower."""
        program = self._programs.get(trial.program)
        if program and program.width > 1:
            kept = stack_widths.kept(device_name(self._place), trial.program)
            if kept and kept < program.width:
                self._let_go(trial.program)
        return self._programs.pop(trial.program, None)


def width_of(trial: Trial, place: Place) -> int:
    """Return how many trials of a trial's program are trained together at a place, without building it."""
    task, protocol, loaded = trial.record, protocol_named(trial.protocol), load(trial)
    splits = _rows(task, protocol, trial, place).data.splits.values()
    rows = sum(len(part.target) for part in splits)
    return stack_width(trial, task, loaded.loss.under(protocol.key), loaded.way, rows, place)


def epoch_seconds(trial: Trial, place: Place) -> float:
    """Train the first epochs of a trial at a place and return a training's part of the seconds that one took.

    Compiling is left out, and the stack taken for full.
    """
    program, seconds = Program(trial, place), list[float]()

    def enough(chunk: Chunk) -> bool:
        seconds.append(chunk.epochs * program.epoch_seconds)
        return len(seconds) >= MEASURED_CHUNKS or sum(seconds) > MEASURED_SECONDS

    program.train(trial, report=enough)
    return program.epoch_seconds / program.width


class Program(TrainsOne):
    """Trains all trials of one program, as `Trial.program` names it, a stack at a time. One per thread."""

    def __init__(self, trial: Trial, place: Place | None = None) -> None:
        """Load the loss, build network and optimizer at a place; the first trial compiles them."""
        self._place = place or usual_place()
        with tf.device(self._place.name):
            self._build(trial)

    def _build(self, trial: Trial) -> None:
        before = resident()
        self.task, self.protocol = trial.record, protocol_named(trial.protocol)
        loaded = load(trial)
        self.loss = loaded.loss.under(self.protocol.key).on(self.task.targets)
        self._metrics = metrics_for(self.task.kind, self.protocol.key, self.task.lowest)
        self._epochs = self._epochs_of(trial, loaded.way)
        self.network, self._stopping = self._epochs.network, self._epochs.stopping
        self._note = " ".join(note for note in (loaded.note, self._epochs.note) if note) or None
        self._layers = None if self.task.shaped else stack_of(self.network)
        self._output_shape = shape_seen(self.task, self.loss)
        self._outputs_at_start: np.ndarray | None = None
        self._prepared: dict[Draw, _Draw] = {}  # those that were trained last
        self._ready: set[Shape] = set()
        self._epoch_seconds: float | None = None
        # Nearly all numbers take four bytes.
        self._small = 4 * sum(math.prod(value.shape) for value in self._epochs.state(0)) <= MOST_BYTES
        self.compiled_bytes = max(resident() - before, 0)
        """Memory that building and compiling took."""

    def _epochs_of(self, trial: Trial, way: Way) -> CompiledEpochs | StackedEpochs:
        """Build what trains: a stack, where networks are small."""
        width = stack_width(trial, self.task, self.loss, way, sum(self._shape(trial)), self._place)
        if width > 1:
            return StackedEpochs(trial, self.task, self.protocol, self.loss, width)
        return CompiledEpochs(trial, self.task, self.protocol, self.loss, way)

    @property
    def width(self) -> int:
        """Trials that it trains at once."""
        return self._epochs.width

    @property
    def epoch_seconds(self) -> float:
        """What an epoch took in the last chunk; infinite before the first."""
        return math.inf if self._epoch_seconds is None else self._epoch_seconds

    def train(
        self,
        trial: Trial,
        number: int = 0,
        report: OnChunk = lambda _: False,
        save: OnCheckpoint = lambda _: None,
        checkpoint: Checkpoint | None = None,
    ) -> Result:
        """Train one trial and return its result; `network` has the weights that it ended with."""
        result = super().train(trial, number, report, save, checkpoint)
        self._epochs.show(0)
        return result

    def train_together(self, jobs: Sequence[Job]) -> None:
        """Train each trial from its seed, reporting about every REPORT_SECONDS; it keeps what the first seed predicts.

        The last chunk comes with the result rather than with a report, so that a short trial is one transaction. When
        a `report` asks to stop, that trial stops within a chunk. A long training saves checkpoints; it continues from
        one to the same bits, and starts over if it cannot.

        Trials whose splits are of equal size, and which begin at the beginning, share stacks.
        """
        together: dict[tuple[Any, ...], list[Job]] = {}
        for job in jobs:
            alone = job.number if job.checkpoint else None
            together.setdefault((self._shape(job.trial), alone), []).append(job)
        with tf.device(self._place.name):
            for alike in together.values():
                for start in range(0, len(alike), self.width):
                    self._train_stack(alike[start : start + self.width])

    def _train_stack(self, jobs: Sequence[Job]) -> None:
        trials, epochs = [job.trial for job in jobs], jobs[0].trial.hyperparameters.epochs
        draws = {draw_of(trial): trial for trial in trials}
        self._prepared = {draw: self._prepared.get(draw) or self._prepare(trial) for draw, trial in draws.items()}
        data = [self._prepared[draw_of(trial)].data for trial in trials]
        tensors = self._stacked([self._prepared[draw_of(trial)].tensors for trial in trials])
        shape = self._shape(trials[0])
        self._epochs.begin(trials, shape[0])
        weights = self._weights()
        if shape not in self._ready:  # splits by groups differ in size from seed to seed
            held = resident()
            self._epochs.run(self._no_orders(shape[0]), 0, tensors)  # compiles; trains nothing
            self.compiled_bytes += max(resident() - held, 0)
            self._ready.add(shape)
        streams = Streams(trials, self.width)
        courses = [
            Course(job, slot, data[slot], self._keeping(job.trial, weights, slot), len(jobs))
            for slot, job in enumerate(jobs)
        ]
        done = self._go_on(courses[0], streams)
        for course in courses:
            course.begin()
        while courses:
            count = min(self._chunk_epochs(), self._most(shape[0]), epochs - done)
            outputs, slopes = self._advance(courses, done, count, streams, tensors)
            done += count
            last = done == epochs or not any(course.trains for course in courses)
            if last and self._stopping:
                outputs, slopes = self._restored(courses, shape[0], tensors)
            for course in courses:
                if course.diverged:
                    self._end(course, "diverged")
                elif last:
                    self._score(course, outputs, slopes)
                elif course.trains:
                    self._report(course, streams)
            courses = [course for course in courses if not course.ended]

    def _go_on(self, course: Course, streams: Streams) -> int:
        """Restore a checkpoint; return the epochs trained, 0 without a usable one."""
        checkpoint = course.job.checkpoint
        if checkpoint is None:
            return 0
        try:
            unpacked = Unpacked(checkpoint.state, self._epochs.state(0), _made(self._place))
        except ValueError as error:
            print(f"A checkpoint was ignored: {error}.", flush=True)
            return 0
        self._epochs.restore(unpacked.variables)
        unpacked.set_stream(streams.of(course.job.trial))
        course.keeping.go_on(unpacked.kept)
        course.go_on(checkpoint.epochs, checkpoint.seconds)
        return checkpoint.epochs

    def _advance(
        self, courses: Sequence[Course], done: int, count: int, streams: Streams, tensors: Tensors
    ) -> tuple[dict[SplitName, np.ndarray], np.ndarray]:
        """Train the next epochs and add them to the curves; return what `CompiledEpochs.run` does, but for those."""
        rows, seconds, trained = len(courses[0].data.splits["train"].target), 0.0, 0
        for piece in pieces([course.keeping for course in courses], done, count):
            orders = streams.orders(rows, piece, self._most(rows))
            start = time.perf_counter()
            curves, outputs, slopes = self._epochs.run(orders, piece, tensors)
            seconds += time.perf_counter() - start
            trained += piece
            numbers = self._numbers(outputs)
            for course in (course for course in courses if course.trains):
                seen = self._stopping.seen(course.slot) - course.done if self._stopping else piece
                course.add(curves[course.slot, :seen])
                course.stopped = self._stopping is not None and self._stopping.stopped(course.slot)
                if not course.diverged and course.keeping.wants(course.done):
                    course.keeping.keep(course.done, numbers(course))
            if not any(course.trains for course in courses):
                break
        self._epoch_seconds = seconds / trained
        return outputs, slopes

    def _report(self, course: Course, streams: Streams) -> None:
        """Report what came to its curve, save where a long training stands, and end it if that is asked for."""
        leaving = course.job.report(course.chunk())
        if self._small and course.pulse.due(course.seconds, leaving=leaving):
            values, stream = self._epochs.state(course.slot), streams.of(course.job.trial)
            state = packed(values, stream, course.keeping.kept, _made(self._place))
            course.job.save(Checkpoint(epochs=course.done, seconds=course.seconds, state=state))
        if leaving:
            seconds, kind = course.seconds, self._place.kind
            course.end(
                Result(status="cancelled", seconds=seconds, scores=None, chunk=None, note=self._note, device=kind)
            )

    def _score(self, course: Course, outputs: dict[SplitName, np.ndarray], slopes: np.ndarray) -> None:
        """End a training with the scores of its final model, unless that is beyond all bounds."""
        own, data = {name: output[course.slot] for name, output in outputs.items()}, course.data
        outcomes = {name: outcome_of(self.loss, data, name, output) for name, output in own.items()}
        if blown_up(outcomes["train"], self.task.element):
            self._end(course, "diverged")
            return
        constants = self._prepared[draw_of(course.job.trial)].constants
        scores = with_constant(score(self._metrics, self.loss, outcomes), outcomes, constants)
        # Only the first seed's rows are kept, as its models are: in a draw of another seed they are other rows.
        first = course.job.trial.seed == 0 and self.task.target_shape == ()
        predicted = outcomes["train"].prediction if first else None
        anatomy = anatomy_of(self.loss, data, own["train"], slopes[course.slot], predicted)
        self._end(course, "done", scores, anatomy)

    def _end(
        self, course: Course, status: Status, scores: TrialScores | None = None, anatomy: Anatomy | None = None
    ) -> None:
        """End a training with the rest of its curve and, of the first seed, its model."""
        model = self._kept(course)
        result = Result(
            status=status,
            seconds=course.seconds,
            scores=scores,
            chunk=course.chunk(),
            anatomy=anatomy,
            note=self._note,
            device=self._place.kind,
            model=model,
            sample=sample_of(course.job.trial, course.data.splits["test"], self.task) if model else None,
        )
        course.end(result)

    def _restored(
        self, courses: Sequence[Course], rows: int, tensors: Tensors
    ) -> tuple[dict[SplitName, np.ndarray], np.ndarray]:
        """With early stopping, restore the best weights and return their outputs and slopes."""
        assert self._stopping is not None
        self._stopping.restore()
        _, outputs, slopes = self._epochs.run(self._no_orders(rows), 0, tensors)
        numbers = self._numbers(outputs)
        for course in courses:
            if not course.diverged:
                course.keeping.end(self._stopping.best(course.slot), numbers(course))
        return outputs, slopes

    def _keeping(self, trial: Trial, weights: Callable[[int], list[np.ndarray]], slot: int) -> KeptNumbers:
        """Return what keeps the weights or outputs of a trial: those of the first seed on plain data."""
        if trial.seed != 0 or trial.severity:
            return KeptNumbers()
        epochs = trial.hyperparameters.epochs
        if self._layers:
            keeping = KeptNumbers(kept_epochs(epochs, self._layers.size))
        elif self.task.shaped:
            keeping = KeptNumbers(kept_epochs(epochs, self._rows(trial) * math.prod(self._output_shape)))
        else:
            return KeptNumbers()
        if keeping.wants(0):
            keeping.keep(0, weights(slot) if self._layers else [self._initial_outputs(trial, slot)])
        return keeping

    def _numbers(self, outputs: dict[SplitName, np.ndarray]) -> Callable[[Course], list[np.ndarray]]:
        """Return what gives the numbers to be kept of a course at present, given the outputs on each split."""
        if self._layers:
            weights = self._weights()
            return lambda course: weights(course.slot)
        return lambda course: [outputs["test"][course.slot, : self._rows(course.job.trial)]]

    def _weights(self) -> Callable[[int], list[np.ndarray]]:
        """Return what gives the present weights of a training by its slot; each variable is fetched once for all."""
        fetched: dict[int, np.ndarray] = {}

        def value(slot: int, variable: Any) -> np.ndarray:
            if id(variable) not in fetched:
                fetched[id(variable)] = self._epochs.values(variable)
            return fetched[id(variable)][slot]  # type: ignore[no-any-return]

        return lambda slot: self._layers.weights(partial(value, slot)) if self._layers else []

    def _initial_outputs(self, trial: Trial, slot: int) -> np.ndarray:
        """Return what the initial network gives, the same at all rates; a program gives outputs after epochs alone."""
        if self._outputs_at_start is None:
            self._epochs.show(slot)
            features, _ = self._prepared[draw_of(trial)].tensors.splits[self.protocol.splits.index("test")]
            rows = self._rows(trial)
            output = np.asarray(self.network(features[:rows], training=False))
            self._outputs_at_start = output.reshape(rows, *self._output_shape)
        return self._outputs_at_start

    def _rows(self, trial: Trial) -> int:
        """Return how many rows' outputs are kept."""
        available = len(self._drawn(trial).data.splits["test"].target)
        return rows_of_outputs(sampled(self.task, available), math.prod(self._output_shape))

    def _kept(self, course: Course) -> Kept | None:
        """Return what was kept of a course as a record."""
        number, scaling = course.job.number, self._scaling(course.data)
        if self._layers:
            return course.keeping.model(number, self._layers.form, self.loss, scaling)
        return course.keeping.outputs(number, self._output_shape, self.loss, scaling)

    def _chunk_epochs(self) -> int:
        if self._epoch_seconds is None:
            return 1
        return max(1, int(REPORT_SECONDS / max(self._epoch_seconds, 1e-6)))

    def _most(self, rows: int) -> int:
        """Return how many epochs one call of the program may train, given the number of training rows."""
        return max(1, min(_MOST_CHUNK, _ORDERS_BYTES // (4 * rows * self.width)))

    def _no_orders(self, rows: int) -> np.ndarray:
        return np.zeros((self._most(rows), self.width, rows), np.int32)

    def _shape(self, trial: Trial) -> Shape:
        return tuple(len(part.target) for part in self._drawn(trial).data.splits.values())

    def _drawn(self, trial: Trial) -> PreparedRows:
        return _rows(self.task, self.protocol, trial, self._place)

    def _prepare(self, trial: Trial) -> _Draw:
        """Draw, split, scale and encode the data of a trial; all programs share the features."""
        rows = self._drawn(trial)
        data = msgspec.structs.replace(rows.data, robust=trial.hyperparameters.robust)
        scaling, classes = self._scaling(data), self.task.classes
        encoded = [tf.constant(encode(self.loss, scaling, part.target, classes)) for part in data.splits.values()]
        counts = np.bincount(data.splits["train"].target.ravel(), minlength=classes) if classes else np.zeros(1)
        tensors = Tensors(
            splits=list(zip(rows.features, encoded, strict=True)),
            counts=tf.constant(counts, tf.float32),
            scale=tf.constant(np.stack([scaling.origin, scaling.unit], axis=-1), tf.float32),
            weights=() if data.weights is None else (tf.constant(data.weights),),
        )
        return _Draw(data, tensors, {})

    def _stacked(self, parts: Sequence[Tensors]) -> Tensors:
        """Return the tensors of several trials with an axis of trials first; of one that is trained alone, its own."""
        if self.width == 1:
            return parts[0]
        parts = [*parts, *[parts[0]] * (self.width - len(parts))]
        return Tensors(
            splits=[
                (tf.stack([x for x, _ in split]), tf.stack([y for _, y in split]))
                for split in zip(*(part.splits for part in parts), strict=True)
            ],
            counts=tf.stack([part.counts for part in parts]),
            scale=tf.stack([part.scale for part in parts]),
            weights=tuple(tf.stack(weights) for weights in zip(*(part.weights for part in parts), strict=True)),
        )

    def _scaling(self, data: Prepared) -> Scaling:
        return data.scaling(self.loss.scale) if self.task.element == "regression" else Scaling()


def _rows(task: Task, protocol: Protocol, trial: Trial, place: Place) -> PreparedRows:
    seed = trial.seed if protocol.varies(task) or trial.severity else 0
    stress = Stressed(trial.severity.name, partial(stress_of, trial)) if trial.severity else None
    return rows_of(task, protocol, seed, place.name, stress)


def _made(place: Place) -> str:
    """Name what the bits of a training depend on besides its trial."""
    return " ".join([str(ENGINE), *{**environment(), "device": place.kind}.values()])
