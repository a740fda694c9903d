"""Every comparison and sweep of every session: what was asked, when, and what came of it in a line."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from lossterm.comparison.comparison import Comparison, usual_rates
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS
from lossterm.comparison.user_axis import axis_of
from lossterm.comparison.user_network import called
from lossterm.errors import LosstermError, StoreError, UsageError
from lossterm.reports.cells import bars, strip
from lossterm.reports.report import Report, Standing, build, rows_of, tables
from lossterm.reports.verdict import short_verdict
from lossterm.store import AskedComparison, RequestRow, Store
from lossterm.stress_axes import Severity, written
from lossterm.stress_sweeps import wording
from lossterm.stress_sweeps.curve import SweepCurve, curve_of
from lossterm.stress_sweeps.sweep import AskedSweep, sweep_key, sweeps
from lossterm.text.numbers import counted

DAMAGED = "Damaged: `lossterm doctor --repair` saves what can be read."

UNREADABLE = "One of its trainings cannot be read: `lossterm doctor` says why."

MOST_BARS = 12
"""Losses whose scores are drawn."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison, the requests of a session that share a table; or one sweep, those that share a curve.

    The plain data of a sweep are a comparison like any other.
    """

    session: str
    """Name of its session."""
    requests: tuple[RequestRow, ...]
    """The requests, the last one last."""
    asked: AskedComparison | None
    """What they ask for together, of a sweep at its last level, under the number of the last; None where that is
    damaged."""
    sweep: AskedSweep | None = None
    """The sweep; None for a comparison, and where the sweep's axis is of a package that is not installed."""

    @property
    def number(self) -> int:
        """Number of the last request in its store."""
        return self.requests[-1].id

    @property
    def severity(self) -> Severity | None:
        """How the data of a sweep are stressed at its last level, None for a comparison."""
        return self.asked.comparison.severity if self.asked else None

    @property
    def title(self) -> str:
        """The task as a list shows it, a user table without the fingerprint of its key; with the axis of a sweep."""
        if self.asked is None:
            return "?"
        comparison = self.asked.comparison
        task = comparison.task.rpartition("@")[0] if comparison.data else comparison.task
        return f"{task} · {self.severity.axis.partition('@')[0]}" if self.severity else task

    @property
    def settings(self) -> list[str]:
        """The levels of a sweep, the network, and the settings that neither the protocol nor the task sets so."""
        if self.asked is None:
            return []
        return [*_levels(self), *unusual_settings(self.asked.comparison)]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a comparison so far."""

    verdict: str
    """The verdict in a short sentence, or why there is none."""
    trials: int = 0
    """How many trainings it has."""
    ended: int = 0
    """How many of them ended by themselves."""
    stopped: int = 0
    """How many were stopped."""
    bars: str = ""
    """As bars, higher is better: the scores of its losses, best first, the learning rates of a single loss, or the
    scores of a sweep's reference by level."""


class History:
    """Reads the comparisons and sweeps of a store. What came of one is worked out when it is asked for, and again once
    its trials have changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._grouped: dict[str, tuple[object, list[Entry]]] = {}
        self._outcomes: dict[int, tuple[object, Outcome]] = {}

    def entries(self) -> list[Entry]:
        """Return every comparison, the last asked for first. Raises StoreError."""
        by_session: dict[str, list[RequestRow]] = defaultdict(list)
        for row in self._store.sessions.requests():
            by_session[row.session].append(row)
        every = [entry for session, rows in by_session.items() for entry in self._of_session(session, rows)]
        return sorted(every, key=lambda entry: entry.number, reverse=True)

    def _of_session(self, session: str, rows: Sequence[RequestRow]) -> list[Entry]:
        """Return a session's comparisons; which requests share a table is worked out again only for other requests."""
        asked = [(row.id, row.asked and row.asked.cancelled) for row in rows]
        before = self._grouped.get(session)
        if before is None or before[0] != asked:
            self._grouped[session] = asked, _grouped(session, rows)
            return self._grouped[session][1]
        now = {row.id: row for row in rows}
        return [
            msgspec.structs.replace(entry, requests=tuple(now[row.id] for row in entry.requests)) for entry in before[1]
        ]

    def known(self, entry: Entry) -> Outcome | None:
        """Return what came of a comparison if it was worked out as it is now; at once."""
        before = self._outcomes.get(entry.number)
        return before[1] if before and before[0] == _state(entry) else None

    def last(self, entry: Entry) -> Outcome | None:
        """Return what came of a comparison when it was last worked out, even if its trials have changed since."""
        before = self._outcomes.get(entry.number)
        return before[1] if before else None

    def outcome(self, entry: Entry) -> Outcome:
        """Return what came of a comparison; of one that cannot be judged, why."""
        if (known := self.known(entry)) is not None:
            return known
        try:
            outcome = self._outcome(entry)
        except StoreError:
            outcome = Outcome(verdict=UNREADABLE)
        except LosstermError as error:  # a task whose package is not installed
            outcome = Outcome(verdict=str(error))
        self._outcomes[entry.number] = _state(entry), outcome
        return outcome

    def _outcome(self, entry: Entry) -> Outcome:
        if entry.asked is None:
            return Outcome(verdict=DAMAGED)
        if entry.severity is None:
            return outcome_of(self.report(entry))
        if entry.sweep is None:
            axis_of(entry.severity)  # says which package is missing
        return outcome_of_sweep(self.curve(entry))

    def report(self, entry: Entry) -> Report:
        """Return a comparison's report. Raises LosstermError for one that cannot be judged, and for a sweep."""
        assert entry.asked is not None
        if entry.severity:
            raise UsageError(f"{entry.title} is a stress sweep: it has a curve, and no table to set beside another.")
        rows = self._store.reader.trials([row.id for row in entry.requests])
        return build(entry.asked, rows_of(entry.asked, rows))

    def curve(self, entry: Entry) -> SweepCurve:
        """Return a sweep's curve. Raises LosstermError for one that cannot be judged."""
        assert entry.sweep is not None
        return curve_of(entry.sweep, self._store.reader.trials([row.id for row in entry.requests]))


def _state(entry: Entry) -> tuple[object, ...]:
    return tuple((row.id, row.state) for row in entry.requests)


def _grouped(session: str, rows: Sequence[RequestRow]) -> list[Entry]:
    damaged = [Entry(session=session, requests=(row,), asked=None) for row in rows if row.asked is None]
    plain: dict[Comparison, list[RequestRow]] = defaultdict(list)
    stressed: dict[tuple[str, Comparison], list[RequestRow]] = defaultdict(list)
    for row in rows:
        if row.asked is None:
            continue
        key = sweep_key(row.asked.comparison)
        if key is None:
            plain[row.asked.comparison.table].append(row)
        else:
            stressed[key].append(row)
    asked = [row.asked for row in rows if row.asked]
    comparisons = [
        Entry(session=session, requests=tuple(plain[table.comparison.table]), asked=table) for table in tables(asked)
    ]
    known = {sweep_key(sweep.comparison): sweep for sweep in sweeps(asked)}
    return [
        *damaged,
        *comparisons,
        *(_sweep_entry(session, known.get(key), plain, group) for key, group in stressed.items()),
    ]


def _sweep_entry(
    session: str, sweep: AskedSweep | None, plain: Mapping[Comparison, list[RequestRow]], group: Sequence[RequestRow]
) -> Entry:
    """Return the entry of a sweep: with the requests on plain data, whose scores its curve begins with, first."""
    if sweep is None:
        return Entry(session=session, requests=tuple(group), asked=group[-1].asked)
    level, first = sweep.levels[0]
    shared = plain[first.comparison.table] if level == 0 else []
    return Entry(session=session, requests=(*shared, *group), asked=sweep.levels[-1][1], sweep=sweep)


def record(entry: Entry, outcome: Outcome) -> dict[str, object]:
    """Return a comparison and what came of it as plain values; what is not known of a damaged one is None."""
    asked = entry.asked
    comparison = asked.comparison if asked else None
    return {
        "session": entry.session,
        "comparison": entry.number,
        "asked": asked.created if asked else None,
        "task": comparison.task if comparison else None,
        "axis": entry.severity.axis if entry.severity else None,
        "protocol": comparison.protocol if comparison else None,
        "losses": comparison.losses if comparison else None,
        "seeds": comparison.most_seeds if comparison else None,
        "settings": entry.settings if comparison else None,
        **msgspec.structs.asdict(outcome),
    }


def outcome_of(report: Report) -> Outcome:
    """Say what came of a comparison in a line."""
    return Outcome(
        verdict=short_verdict(report),
        trials=len(report.rows),
        ended=sum(row.trained for row in report.rows),
        stopped=report.stopped,
        bars=_bars(report),
    )


def outcome_of_sweep(curve: SweepCurve) -> Outcome:
    """Say what came of a sweep in a line."""
    rows = [row for report in curve.reports for row in report.rows]
    return Outcome(
        verdict=wording.verdict(curve),
        trials=len(rows),
        ended=sum(row.trained for row in rows),
        stopped=curve.stopped,
        bars=bars(_of_reference(curve), curve.metric),
    )


def _of_reference(curve: SweepCurve) -> list[Standing]:
    return [one for report in curve.reports for one in report.standings if one.loss == curve.asked.reference]


def _levels(entry: Entry) -> list[str]:
    if entry.sweep is None:
        return []
    levels = [level for level, _ in entry.sweep.levels]
    return [f"{counted(len(levels), 'level')} up to {written(entry.sweep.axis, levels[-1])} {entry.sweep.axis.of}"]


def _bars(report: Report) -> str:
    if len(report.standings) > 1:
        return bars(report.standings[:MOST_BARS], report.asked.comparison.metric)
    return "".join(strip(standing) for standing in report.standings if len(standing.sweep) > 1)


def unusual_settings(comparison: Comparison) -> list[str]:
    """Return the network, and in a few words each of the settings that neither the protocol nor the task sets so."""
    h, protocol = comparison.hyperparameters, protocol_named(comparison.protocol)
    stack = HYPERPARAMETERS["hidden"].phrase(h.hidden) if h.network == "mlp" else h.network
    network = f"network {called(h.model)}" if h.model else stack
    words = [network, comparison.protocol]
    if comparison.learning_rates != usual_rates(protocol):
        low, *_, high = (*comparison.learning_rates, comparison.learning_rates[-1])
        words.append(f"lr {low:g}" if low == high else f"{len(comparison.learning_rates)} lr from {low:g} to {high:g}")
    for setting in h.unlike(protocol):
        value = getattr(h, setting.name)
        if setting.name not in ("hidden", "model") and not (
            setting.of_task and value == _of_task(comparison, setting.name)
        ):
            words.append(setting.phrase(value))
    return words + [setting.phrase(getattr(comparison, setting.name)) for setting in comparison.judged_otherwise]


def _of_task(comparison: Comparison, name: str) -> object:
    """Return the value that a task sets, None where it is not known: of a package that is not installed here."""
    try:
        return getattr(comparison.record, name)
    except LosstermError:
        return None
