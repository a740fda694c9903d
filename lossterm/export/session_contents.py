"""What of a session is written out: its comparisons, their standings, and every trial once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from lossterm.errors import UnknownName, UsageError
from lossterm.reports import report
from lossterm.reports.report import Report
from lossterm.store import AskedComparison, Store, TrialRow


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
    """The standings: one for each table, in the order last asked for."""
    rows: tuple[TrialRow, ...]
    """Every trial once, whatever became of it, in the order asked for."""
    held: Mapping[int, tuple[int, ...]]
    """Number of a trial → numbers of the comparisons that hold it, oldest first."""
    left_out: tuple[str, ...] = ()
    """Losses of these comparisons that were not chosen."""

    @property
    def epochs(self) -> int:
        """Epochs that were recorded of all trials."""
        return sum(row.epochs for row in self.rows)

    @property
    def choice(self) -> str:
        """What a reader of the standings must know of the choice, "" where everything is there."""
        if not self.left_out:
            return ""
        return f"The losses here were judged among themselves; left out: {', '.join(self.left_out)}."


def gather(store: Store, session: str, *, task: str | None = None, losses: Sequence[str] = ()) -> Contents:
    """Read a session, or its comparisons on one task, or some of its losses: these are judged among themselves.

    A loss or task of one's own may be named without its fingerprint. Raises UnknownName for a session, task or loss
    that isn't there, and UsageError for a session without a comparison.
    """
    store.sessions.require(session)
    every = store.reader.comparisons(session)
    if not every:
        raise UsageError(f"The session {session!r} holds no comparison yet. Begin one with `lossterm run`.")
    whole = _on_task(every, task)
    asked = _with_losses(whole, losses)
    found: dict[int, TrialRow] = {}
    held: dict[int, tuple[int, ...]] = {}
    for one in asked:
        for row in store.reader.trials([one.id]):
            if row.trial.loss in one.comparison.losses:
                found[row.id] = row
                held[row.id] = (*held.get(row.id, ()), one.id)
    rows = tuple(found.values())
    tables = report.tables(asked)
    return Contents(
        store=store,
        session=session,
        asked=asked,
        reports=tuple(report.build(one, report.rows_of(one, rows)) for one in tables),
        rows=rows,
        held=held,
        left_out=tuple(loss for loss in _losses_of(whole) if loss not in _losses_of(asked)),
    )


def _on_task(every: Iterable[AskedComparison], task: str | None) -> tuple[AskedComparison, ...]:
    if task is None:
        return tuple(every)
    by_task: dict[str, list[AskedComparison]] = {}
    for one in every:
        by_task.setdefault(one.comparison.task, []).append(one)
    return tuple(one for key in _meant("task in this session", task, by_task) for one in by_task[key])


def _losses_of(every: Iterable[AskedComparison]) -> dict[str, None]:
    return dict.fromkeys(loss for one in every for loss in one.comparison.losses)


def _with_losses(every: tuple[AskedComparison, ...], losses: Sequence[str]) -> tuple[AskedComparison, ...]:
    if not losses:
        return every
    known = _losses_of(every)
    wanted = {key for name in losses for key in _meant("loss in this session", name, known)}
    found = []
    for one in every:
        c = one.comparison
        kept = tuple(loss for loss in c.losses if loss in wanted)
        sources = tuple((loss, source) for loss, source in c.sources if loss in wanted)
        if kept:
            found.append(
                msgspec.structs.replace(one, comparison=msgspec.structs.replace(c, losses=kept, sources=sources))
            )
    return tuple(found)


def _meant(what: str, name: str, known: Iterable[str]) -> list[str]:
    """Return the key that a name is, or the keys that it is without their fingerprints. Raises UnknownName."""
    keys = list(known)
    found = [key for key in keys if key == name] or [key for key in keys if key.rpartition("@")[0] == name]
    if not found:
        raise UnknownName(what, name, keys)
    return found
