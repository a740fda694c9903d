"""A sweep as comparisons: one for each level, that of level 0 the plain one, which shares its trials with any other."""

from collections.abc import Iterable, Sequence

import msgspec

from lossterm.comparison.advice import REFERENCE
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL, fair_parts, protocol_named
from lossterm.comparison.user_axis import axis_from, axis_of, own_axis
from lossterm.errors import DoesNotFit, UnknownName, UsageError
from lossterm.losses import is_own
from lossterm.reports.report import tables
from lossterm.store import AskedComparison
from lossterm.stress_axes import Axis, Severity, Stress, axes_for, axis_named
from lossterm.stress_axes.levels import all_checked, in_words
from lossterm.tasks import Task


class AskedSweep(msgspec.Struct, frozen=True, kw_only=True):
    """The comparisons of a session that make one curve."""

    axis: Axis
    """What there is more and more of; of a custom axis what is known without loading it."""
    levels: tuple[tuple[float, AskedComparison], ...]
    """Each level with its table, ascending; 0 is plain data."""
    losses: tuple[str, ...]
    """The losses that were asked for at any level above 0."""
    number: int
    """The comparison that was asked for last: the sweep's number."""

    @property
    def comparison(self) -> Comparison:
        """What all levels share: the comparison at the last level."""
        return self.levels[-1][1].comparison

    @property
    def record(self) -> Task:
        """What is trained on."""
        return self.comparison.record

    @property
    def session(self) -> str:
        """The session that holds it."""
        return self.levels[-1][1].session

    @property
    def reference(self) -> str:
        """The loss that the others are compared with."""
        return reference_of(self.record, self.losses)


def reference_of(task: Task, losses: Sequence[str]) -> str:
    """Return the usual loss for a kind of task, or the first of the losses where it is not among them."""
    usual = REFERENCE[task.element]
    return usual if usual in losses else losses[0]


def chosen_axis(axis: str | None, file: str | None, task: Task) -> tuple[Axis, str]:
    """Return the record of an axis and where its code is, "" for lossterm's own.

    `file` is FILE.py:NAME of a custom axis. Raises UsageError for both or neither, UnknownName and DoesNotFit for an
    axis that is not there or not for the task, and DataError for a file that cannot be used.
    """
    if (axis is None) == (file is None):
        known = ", ".join(one.key for one in fitting_axes(task))
        raise UsageError(f"Say what to stress the data by: --axis, one of {known}; or --axis-file FILE.py:NAME.")
    if file is not None:
        source = axis_from(file)
        return own_axis(source.key), source.text
    record = axis_named(str(axis), task.kind)
    if record.needs_classes and task.classes != record.needs_classes:
        raise DoesNotFit(f"The axis {record.key} is for {record.needs_classes} classes; {task.key} has {task.classes}.")
    if record.needs_numbers and (len(task.input_shape) > 1 or (task.numeric is not None and not task.numeric().any())):
        raise DoesNotFit(f"The axis {record.key} alters columns of numbers, and {task.title} has none.")
    return record, record.origin


def fitting_axes(task: Task) -> tuple[Axis, ...]:
    """Return the axes that can be tried on a task."""
    table = len(task.input_shape) == 1
    return tuple(
        axis
        for axis in axes_for(task.kind)
        if axis.needs_classes in (0, task.classes) and (table or not axis.needs_numbers)
    )


def at_levels(
    plain: Comparison, axis: Axis, source: str, levels: Sequence[float] | None = None
) -> tuple[Comparison, ...]:
    """Return the comparisons of a sweep, the plain one first.

    Without `levels` the axis's own are tried, and more put around the points at which the best loss changes. Raises
    OutOfRange for a level that is not on the axis, and UsageError for no level above 0, a single loss, a protocol
    whose data cannot be stressed, or rows that weigh differently.
    """
    if not protocol_named(plain.protocol).stresses:
        raise UsageError(
            f"The protocol {plain.protocol} prepares its data in its own way, which cannot be stressed: "
            f"leave it out, or use --protocol {DEFAULT_PROTOCOL}."
        )
    if plain.record.weights:  # some axes put copies of rows in the place of others
        raise UsageError(
            "A sweep alters rows, to which their weights would no longer belong: leave out --sample-weight."
        )
    if len(plain.losses) < 2:
        raise UsageError(f"A sweep compares losses, and {plain.losses[0]} is alone: add another with --loss.")
    every = _usual(plain, axis) if levels is None else all_checked(tuple(levels), axis)
    return (plain, *(stressed(plain, axis.key, source, level, refines=levels is None) for level in every if level))


def without_lost_class(
    comparisons: tuple[Comparison, ...], axis: Axis, *, chosen: bool
) -> tuple[tuple[Comparison, ...], str]:
    """Return the comparisons of a sweep whose levels leave a row of every class, and a sentence about the others.

    The sentence is "" where there are none. Raises UsageError, before anything is trained, where the highest level was
    `chosen` by a person and leaves no row of a class of the first seed, and where no level is possible. It draws and
    splits data, so it is not for the app's process.
    """
    if not axis.thins:
        return comparisons, ""
    task, seeds = comparisons[0].record, 1 if chosen else comparisons[0].seeds
    kept, left_out = list(comparisons), ""
    for seed in range(seeds):
        features, target = task.draw(seed)
        parts = fair_parts(task, target, seed)
        while (severity := kept[-1].severity) is not None:
            try:
                Stress(axis=axis, level=severity.level).applied(task, features, target, parts, seed)
                break
            except UsageError:
                if chosen or len(kept) == _FEWEST:
                    raise
                left_out = in_words(axis, severity.level)
                kept.pop()
    said = f"Levels from {left_out} on are left out: of some seeds they leave no row of a class." if left_out else ""
    return tuple(kept), said


_FEWEST = 2
"""Comparisons of a sweep at least: the plain one and one level."""


def _usual(plain: Comparison, axis: Axis) -> tuple[float, ...]:
    """Return the axis's own levels; of shares those that are at least a row of the training split."""
    rows = protocol_named(plain.protocol).rows(plain.record)["train"]
    seen = tuple(level for level in axis.levels if axis.unit != "share" or level == 0 or level * rows > 0.5)
    return seen if len(seen) > 1 else axis.levels


def stressed(plain: Comparison, axis: str, source: str, level: float, *, refines: bool) -> Comparison:
    """Return a comparison on data stressed at a level above 0, as a sweep asks for it at first."""
    severity = Severity(axis=axis, level=level, source=source)
    return msgspec.structs.replace(plain, severity=severity, refines=refines)


def sweeps(every: Sequence[AskedComparison]) -> list[AskedSweep]:
    """Return the sweeps among the comparisons of a session, the last asked for last."""
    groups: dict[tuple[str, Comparison], list[AskedComparison]] = {}
    joined = tables(every, stressed=True)
    for asked in joined:
        if (key := sweep_key(asked.comparison)) is not None:
            groups[key] = [*groups.pop(key, ()), asked]
    plain = {_base(asked.comparison): asked for asked in joined if asked.comparison.severity is None}
    every_sweep = (_sweep(group, plain.get(base)) for (_, base), group in groups.items())
    return [sweep for sweep in every_sweep if sweep is not None]


def sweep_key(comparison: Comparison) -> tuple[str, Comparison] | None:
    """Return what the stressed levels of one sweep have in common and no other comparison has; None on plain data."""
    severity = comparison.severity
    return None if severity is None else (f"{severity.axis} {severity.source}", _base(comparison))


def _base(comparison: Comparison) -> Comparison:
    """Return what the levels of a sweep have in common."""
    return msgspec.structs.replace(comparison.table, severity=None)


def _sweep(group: Sequence[AskedComparison], plain: AskedComparison | None) -> AskedSweep | None:
    """Return the sweep of some tables; None where its axis is that of a package which is no longer installed."""
    first = group[0].comparison.severity
    assert first is not None
    losses = tuple(dict.fromkeys(loss for asked in group for loss in asked.comparison.losses))
    levels = [(asked.comparison.severity.level, asked) for asked in group if asked.comparison.severity]
    if plain is not None:
        levels.append((0.0, _of_losses(plain, losses)))
    last = max(group, key=lambda asked: asked.id)
    try:
        axis = axis_of(first)
    except UnknownName:
        return None
    return AskedSweep(
        axis=axis,
        levels=tuple(sorted(levels, key=lambda one: one[0])),
        losses=losses,
        number=last.id,
    )


def _of_losses(plain: AskedComparison, losses: Iterable[str]) -> AskedComparison:
    """Return a plain table with only the losses of a sweep: others may have been compared on plain data alone."""
    whole = plain.comparison
    kept = tuple(loss for loss in whole.losses if loss in set(losses))
    if kept == whole.losses or not kept:
        return plain
    design = tuple(arm for arm in whole.design if arm.loss in kept)
    return msgspec.structs.replace(plain, comparison=msgspec.structs.replace(whole, losses=kept, design=design))


def is_custom(sweep: AskedSweep) -> bool:
    """Whether the axis is a person's own."""
    return is_own(sweep.axis.key)
