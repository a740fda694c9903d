"""`lossterm.stress`: sweep the severity of something done to the data, and return where the best loss changes."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from html import escape
from typing import Any, Unpack

import msgspec

from lossterm.api.comparing import SESSION, asked_for, limits_of, opened_store
from lossterm.api.given_losses import LossGiven
from lossterm.api.progress import progress_shown
from lossterm.api.settings import Keywords
from lossterm.api.subject import Subject, notes_on_table
from lossterm.api.user_objects import place_of
from lossterm.api.wording import in_python, python_words
from lossterm.comparison.comparison import MANY
from lossterm.comparison.user_axis import axis_from
from lossterm.comparison.user_code_consent import share, trust, trust_all_of
from lossterm.errors import DataError, LosstermError, OutOfRange, UsageError, WorkerError
from lossterm.following.follow import Follower, asking
from lossterm.following.narrator import narrate
from lossterm.losses import is_own
from lossterm.store import Store
from lossterm.stress_axes import Axis, level_from
from lossterm.stress_axes.levels import all_checked
from lossterm.stress_sweeps import document, wording
from lossterm.stress_sweeps.contamination import Contamination, contamination
from lossterm.stress_sweeps.curve import SweepCurve, curve_of
from lossterm.stress_sweeps.sweep import at_levels, chosen_axis, sweeps, without_lost_class
from lossterm.text.harmless import printable
from lossterm.text.numbers import duration

Record = dict[str, Any]
"""A record as JSON has it."""


class SweepResult:
    """What a sweep came to, as it was when it ended; it prints as plain tables and shows as a drawing in a notebook."""

    def __init__(self, curve: SweepCurve, found: Contamination | None) -> None:
        """Hold a curve, and where the data at hand lie on its axis."""
        self._curve, self._found = curve, found

    def __repr__(self) -> str:
        return "\n".join((in_python(document.as_plain(self._curve, self._found)), *map(printable, self._notes()[1])))

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        """Return the drawing and the tables for a notebook, in a frame of its own."""
        from lossterm.export.html.sweep_section import alone

        with suppress(LosstermError):
            return (
                f'<iframe srcdoc="{escape(alone(self._curve, self._found))}" sandbox width="100%" height="640" '
                f'style="border:0" title="{escape(self.verdict)}"></iframe>'
            )
        return f"<pre>{escape(repr(self))}</pre>"

    @property
    def verdict(self) -> str:
        """Which loss to take from where to where, in a sentence."""
        return in_python(wording.verdict(self._curve, self._found))

    @property
    def headline(self) -> str:
        """What was swept, in one line."""
        return wording.headline(self._curve)

    @property
    def notes(self) -> list[str]:
        """What a reader must know, in sentences; of a user table also what was told as it was read."""
        told, of_table = self._notes()
        return [*told, *of_table]

    def _notes(self) -> tuple[list[str], list[str]]:
        """Return what the sweep says, and what else was told of a user table."""
        told = [in_python(note) for note in wording.notes(self._curve, self._found)]
        return told, notes_on_table(self._curve.reports[0].asked.comparison.data, told)

    @property
    def session(self) -> str:
        """Name of the session that holds the sweep."""
        return self._curve.asked.session

    @property
    def complete(self) -> bool:
        """Whether every trial ended by itself; not where time was up, or trials were stopped or wait."""
        return not self._curve.partial

    @property
    def sound(self) -> bool:
        """Whether no trial failed, and none diverged at the learning rate that its loss is judged at."""
        return self._curve.sound

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels, ascending; 0 is plain data. In the axis's unit: a share, or standard deviations."""
        return self._curve.levels

    @property
    def steps(self) -> list[Record]:
        """Which loss to take from where to where: records of `loss` and `until`, which is None for the last.

        `until` has the level (median over seeds), its 95 % interval, and the level of each seed; None is beyond the
        last level.
        """
        steps: list[Record] = self.to_dict()["steps"]
        return steps

    @property
    def losses(self) -> list[Record]:
        """A record for each loss, the reference first: tipping point, area, and its scores at each level."""
        losses: list[Record] = self.to_dict()["losses"]
        return losses

    def best_at(self, level: float) -> str:
        """Return the loss to take at a level. Raises OutOfRange for one that is not on the axis."""
        axis = self._curve.asked.axis
        if not (isinstance(level, int | float) and 0 <= level <= axis.most):
            raise OutOfRange("The level", level, f"from 0 to {axis.most:g}")
        return self._curve.taken_at(float(level))

    @property
    def contamination(self) -> float | None:
        """The level that the data at hand have already, as far as quick fits tell; None where they cannot."""
        return self._found.level if self._found else None

    def to_dict(self) -> Record:
        """Return the document of `lossterm stress --format json`. No value is NaN."""
        whole = document.document(self._curve, self._found)
        plain: Record = msgspec.json.decode(msgspec.json.encode(whole))
        return plain

    def records(self) -> list[Record]:
        """Return a record for each loss at each level: mean, sd, difference to the reference with its band, seeds."""
        return [
            {"loss": one["loss"], **{name: value for name, value in level.items() if name != "difference"}}
            | {
                "difference": level["difference"] and level["difference"]["mean"],
                "difference_ci": level["difference"] and level["difference"]["ci"],
            }
            for one in self.losses
            for level in one["levels"]
        ]

    def to_dataframe(self) -> Any:
        """Return `records()` as a pandas DataFrame. Raises UsageError where pandas is not installed."""
        try:
            import pandas
        except ImportError:
            raise UsageError(
                "pandas is not installed, which makes the DataFrame: pip install pandas, or take records() as they are."
            ) from None
        return pandas.DataFrame(self.records())


def stress(
    data: Subject,
    axis: str | Any,
    losses: LossGiven | Iterable[LossGiven] = "usual",
    *,
    levels: Sequence[float | str] | None = None,
    target: str | int | Sequence[str | int] | None = None,
    session: str = SESSION,
    store: str | os.PathLike[str] | None = None,
    progress: bool = True,
    max_time: float | str | None = None,
    memory: int | str | None = None,
    cluster: str | None = None,
    allow_open_cluster: bool = False,
    max_trials: int | None = None,
    **settings: Unpack[Keywords],
) -> SweepResult:
    """Compare losses on worse and worse data, and return until where each is the one to take.

    Level 0 is the plain comparison, whose trials are shared with `compare`; whatever the store holds is not trained
    again.

    Args:
        data: As for `compare`.
        axis: Key of an axis, as `lossterm stress --list` tells them; `"FILE.py:NAME"` or a function (features, target,
            level, generator) that returns features (rows, columns) and target (rows,).
        losses: As for `compare`, at least two.
        levels: Shares such as 0.05 or "5%", or standard deviations, as the axis has them; None for its own, with more
            put around the points at which the best loss changes.
        target: As for `compare`, and so are `session`, `store`, `progress`, `max_time`, `memory`, `cluster`,
            `allow_open_cluster` and the settings.
        session: See above.
        store: See above.
        progress: See above.
        max_time: See above.
        memory: See above.
        cluster: See above.
        allow_open_cluster: See above.
        max_trials: The most trainings of all levels together; more than 10,000 must be allowed here.
        **settings: See above.

    Returns:
        The result. It is not `complete` where time was up or somebody stopped trials.

    Raises:
        UsageError: As `compare`; and OutOfRange for a level, UnknownName or DoesNotFit for an axis.
        DataError: As `compare`; StoreError, WorkerError and KeyboardInterrupt too.
    """
    called: dict[str, str] = {}
    with python_words(called) as worded:
        shown = progress_shown(quiet=not progress)

        def say(sentence: str) -> None:
            shown.say(worded(sentence))

        plain, name = asked_for(data, losses, target, session, settings, say, called)
        key, file = _axis(axis)
        record, source = chosen_axis(key, file, plain.record)
        comparisons, left_out = without_lost_class(
            at_levels(plain, record, source, _levels(levels, record)), record, chosen=levels is not None
        )
        if left_out:
            say(left_out)
        if is_own(record.key):
            trust(axis_from(source))
        _see_to_size(sum(one.size_at_most for one in comparisons), max_trials)
        seconds, workers = limits_of(max_time, memory, cluster, allow_open_cluster=allow_open_cluster)
        if workers and workers.cluster:
            trust_all_of(plain, workers.cluster.address)
            share(workers.cluster.address, *([axis_from(source)] if is_own(record.key) else []))
        with opened_store(store) as opened:
            follower = Follower(opened, name, asking(opened, name, comparisons), workers=workers, seconds=seconds)
            try:
                with shown:
                    up = narrate(follower, shown)
            except KeyboardInterrupt as interrupt:
                follower.stop()
                interrupt.add_note("Stopped; what was trained is kept, and the same stress(…) goes on.")
                raise
            except WorkerError as error:
                error.add_note("What was trained is kept, and the same stress(…) goes on.")
                raise
            if up is not None:
                shown.say(f"Stopped after {duration(up)}, as max_time says. The same stress(…) goes on.")
            curve = _curve(opened, follower, name)
        if curve.failure is not None and all(row.status == "failed" for one in curve.reports for row in one.rows):
            raise DataError(f"Every trial failed. {curve.failure}")
        return SweepResult(curve, contamination(curve.asked.record, curve.asked.axis))


def _axis(given: str | Any) -> tuple[str | None, str | None]:
    """Return the key of an axis, or where a custom one is. Raises UsageError for what is neither."""
    if isinstance(given, str):
        return (None, given) if ":" in given else (given, None)
    if isinstance(given, Axis):
        raise UsageError("A record of an axis must be in a file or a package: give its place, FILE.py:NAME.")
    if not callable(given):
        raise UsageError(
            f"axis is {given!r:.60}: give the key of an axis, FILE.py:NAME, or a function (features, target, level, "
            "generator)."
        )
    return None, place_of(given, "axis")


def _levels(given: Sequence[float | str] | None, axis: Axis) -> tuple[float, ...] | None:
    """Return levels as numbers. Raises OutOfRange and UsageError, as `all_checked` does."""
    if given is None:
        return None
    every = [given] if isinstance(given, int | float | str) else list(given)
    return all_checked(
        [level_from(one, axis, "levels") if isinstance(one, str) else _number(one) for one in every], axis, "levels"
    )


def _number(given: object) -> float:
    value = given.item() if hasattr(given, "item") else given
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise OutOfRange("levels", repr(given), "numbers, or texts such as '5%'")
    return float(value)


def _see_to_size(total: int, most: int | None) -> None:
    if total > (MANY if most is None else most):
        allow = f"max_trials={total}" if most is None else f"more than max_trials={most}"
        raise UsageError(f"This sweep has {total:,} trainings at most: allow {allow}, or ask for fewer.")


def _curve(store: Store, follower: Follower, session: str) -> SweepCurve:
    """Return the curve of the sweep that was followed."""
    every = store.reader.comparisons(session)
    numbers = {one.id for one in follower.asked}
    held = [sweep for sweep in sweeps(every) if any(asked.id in numbers for level, asked in sweep.levels if level)]
    if not held:
        raise DataError(f"The session {session!r} no longer holds this sweep: somebody deleted it.")
    return curve_of(held[-1], store.reader.trials([one.id for one in every]))
