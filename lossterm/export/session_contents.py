"""What is exported of a session: its comparisons, their standings, and every trial once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from lossterm.errors import UnknownName, UsageError
from lossterm.reports import report
from lossterm.reports.curve_shape import joined
from lossterm.reports.levelling import all_with_curves
from lossterm.reports.report import Report
from lossterm.store import AskedComparison, Store, TrialRow
from lossterm.stress_sweeps.curve import SweepCurve, curves_of
from lossterm.stress_sweeps.sweep import sweeps


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """A session, or what was chosen of it, as it was when it was read."""

    store: Store
    """The open store: curves are read from it when they are written, comparison by comparison."""
    session: str
    """Name of the session."""
    asked: tuple[AskedComparison, ...]
    """Its comparisons, oldest first, each with the losses that were chosen."""
    reports: tuple[Report, ...]
    """The standings: one for each table, in the order last asked for; `levelled` says more of them."""
    rows: tuple[TrialRow, ...]
    """Every trial once, whatever became of it, in the order asked for."""
    held: Mapping[int, tuple[int, ...]]
    """Number of a trial → numbers of the comparisons that hold it, oldest first."""
    left_out: tuple[str, ...] = ()
    """Losses of these comparisons that were not chosen."""

    def levelled(self) -> tuple[Report, ...]:
        """Return the standings with the losses that had not levelled off; all curves are read for it."""
        curves = joined(self.store.reader.sound_chunks([item.id for item in self.asked]))
        return tuple(all_with_curves(self.reports, curves))

    def sweeps(self) -> list[SweepCurve]:
        """Return the curves of the stress sweeps, in the order last asked for."""
        return curves_of(sweeps(self.asked), self.rows)

    @property
    def epochs(self) -> int:
        """Epochs that were recorded of all trials."""
        return sum(row.epochs for row in self.rows)

    @property
    def choice(self) -> str:
        """What a reader of the standings must know of the choice, "" if nothing was left out."""
        if not self.left_out:
            return ""
        return f"The losses here were judged among themselves; left out: {', '.join(self.left_out)}."


def gather(store: Store, session: str, *, task: str | None = None, losses: Sequence[str] = ()) -> Contents:
    """Read a session, or its comparisons on one task, or some of its losses: these are judged among themselves.

    A custom loss or user table may be named without its fingerprint. Raises UnknownName for a session, task or loss
    that does not exist, and UsageError for a session without a comparison.
    """
    store.sessions.require(session)
    every = store.reader.comparisons(session)
    if not every:
        raise UsageError(f"The session {session!r} holds no comparison yet. Begin one with `lossterm run`.")
    whole = _on_task(every, task)
    asked = _with_losses(whole, losses)
    rows_by_id: dict[int, TrialRow] = {}
    held: dict[int, tuple[int, ...]] = {}
    for item in asked:
        for row in store.reader.trials([item.id]):
            if row.trial.loss in item.comparison.losses:
                rows_by_id[row.id] = row
                held[row.id] = (*held.get(row.id, ()), item.id)
    rows = tuple(rows_by_id.values())
    tables = report.tables(asked)
    return Contents(
        store=store,
        session=session,
        asked=asked,
        reports=tuple(report.build(item, report.rows_of(item, rows)) for item in tables),
        rows=rows,
        held=held,
        left_out=tuple(loss for loss in _losses_of(whole) if loss not in _losses_of(asked)),
    )


def _on_task(every: Iterable[AskedComparison], task: str | None) -> tuple[AskedComparison, ...]:
    if task is None:
        return tuple(every)
    by_task: dict[str, list[AskedComparison]] = {}
    for item in every:
        by_task.setdefault(item.comparison.task, []).append(item)
    return tuple(item for key in _keys_named("task in this session", task, by_task) for item in by_task[key])


def _losses_of(every: Iterable[AskedComparison]) -> dict[str, None]:
    return dict.fromkeys(loss for item in every for loss in item.comparison.losses)


def _with_losses(every: tuple[AskedComparison, ...], losses: Sequence[str]) -> tuple[AskedComparison, ...]:
    if not losses:
        return every
    known = _losses_of(every)
    wanted = {key for name in losses for key in _keys_named("loss in this session", name, known)}
    chosen = []
    for item in every:
        c = item.comparison
        kept = tuple(loss for loss in c.losses if loss in wanted)
        sources = tuple((loss, source) for loss, source in c.sources if loss in wanted)
        if kept:
            chosen.append(
                msgspec.structs.replace(item, comparison=msgspec.structs.replace(c, losses=kept, sources=sources))
            )
    return tuple(chosen)


def _keys_named(what: str, name: str, known: Iterable[str]) -> list[str]:
    """Return the key that equals a name, or else the keys that do without their fingerprints. Raises UnknownName."""
    keys = list(known)
    matches = [key for key in keys if key == name] or [key for key in keys if key.rpartition("@")[0] == name]
    if not matches:
        raise UnknownName(what, name, keys)
    return matches
