"""The content of a recording: comparisons as they were requested, and their results."""

from pathlib import Path
from typing import Any

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.user_network import OPTION, called, network_from
from lossterm.data import Data, describe
from lossterm.errors import DataError, UsageError
from lossterm.home.paths import shelf
from lossterm.home.tilde import expanded
from lossterm.losses import Source, is_own
from lossterm.losses.keras_on_numbers import suited
from lossterm.statistics.paired_differences import Interval, Summary
from lossterm.statistics.ranking import RecordedVerdict
from lossterm.statistics.verdict_levels import VerdictLevels, levels_at
from lossterm.stress_axes import Severity, axis_named
from lossterm.stress_axes.levels import checked
from lossterm.stress_sweeps.sweep import stressed
from lossterm.tasks import task_named, task_on

OLDEST_SCHEMA = 1
"""The oldest version of the JSON that is read: it calls "tied" what is now equal or open."""


class RecordedStanding(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded result of one loss."""

    loss: str
    verdict: RecordedVerdict | None
    mean: float | None
    sd: float | None
    ci: Interval | None
    learning_rate: float
    trials: int
    diverged: int
    failed: int
    scores: dict[str, dict[str, Summary | None] | None]


class RecordedKey(msgspec.Struct, frozen=True):
    """A record of which only the key is read."""

    key: str


class RecordedTask(msgspec.Struct, frozen=True, kw_only=True):
    """The task that was trained on."""

    key: str
    data: Data | None = None
    """The table, if it was a user table."""


class RecordedSettings(Hyperparameters, frozen=True, kw_only=True):
    """What all trials shared; of a custom network only the name and fingerprint."""

    learning_rates: tuple[float, ...]
    widened: dict[str, tuple[float, ...]] = msgspec.field(default_factory=dict)


class RecordedRace(msgspec.Struct, frozen=True, kw_only=True):
    """How a race was asked for."""

    until: str
    cap: int
    over: bool = True


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a user gives with a recording because it contains only names: code, and the place of a table."""

    losses: tuple[Source, ...] = ()
    """Where custom losses are."""
    model: str = ""
    """Where a custom network is, as `user_network.network_from` parses it."""
    data: Path | None = None
    """Where the user table is now; None for its recorded place."""


class RecordedComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of a recording: the part of the JSON that a second run needs."""

    schema: int = OLDEST_SCHEMA
    task: RecordedTask
    protocol: str
    severity: Severity | None = None
    metric: RecordedKey
    own_rope: float | None = None
    levels: VerdictLevels = levels_at(1)
    seeds: int
    partial: bool = False
    race: RecordedRace | None = None
    hyperparameters: RecordedSettings
    standings: tuple[RecordedStanding, ...]

    def asked(self, given: Given) -> Comparison:
        """Return the comparison that was recorded.

        The place of code is never taken from a recording. Raises UsageError if there is no such comparison, and
        DataError if the table has changed.
        """
        names = {standing.loss.partition("@")[0] for standing in self.standings if is_own(standing.loss)}
        subject = self._subject(given.data)
        task = task_named(subject) if isinstance(subject, str) else task_on(subject)
        losses = [suited(source, task.kind, task.key) for source in given.losses]
        plain = Comparison.ask(
            subject,
            [standing.loss for standing in self.standings],
            own=[source.text for source in losses if source.key.partition("@")[0] in names],
            protocol=self.protocol,
            metric=self.metric.key,
            rope=self.own_rope,
            final=self.levels.final,
            seeds=self.race.cap if self.race else self.seeds,
            until=self.race.until if self.race else None,
            **{**self._settings, "model": self._model(given.model)},
        )
        if self.severity is None:
            return plain
        if self.severity.source and is_own(self.severity.axis):
            key = self.severity.axis
            raise DataError(f"{key} is a custom axis, whose place a recording does not say: sweep again.")
        axis = axis_named(self.severity.axis, task.kind)
        checked(self.severity.level, axis)
        return stressed(plain, axis.key, axis.origin, self.severity.level, refines=False)

    @property
    def _settings(self) -> dict[str, Any]:
        """What was asked for; rates beyond the grid are found again."""
        settings = msgspec.structs.asdict(self.hyperparameters)
        del settings["widened"]
        return settings

    def _subject(self, path: Path | None) -> str | Data:
        data = self.task.data
        if data is None:
            return self.task.key
        if data.key != self.task.key:  # the task's key is printed
            raise DataError("the task's name is not that of its table: was it edited? Record it anew.")
        if path is None:
            return data
        asked = msgspec.structs.replace(data.asked, path=str(expanded(path).absolute()))
        current, _ = describe(asked, shelf())
        if current.digest != data.digest:
            raise DataError(f"{path} is not the table that was recorded: its bytes differ.")
        return current

    def _model(self, given: str) -> str:
        recorded = self.hyperparameters.model
        if not recorded:
            return ""
        if not given:
            raise UsageError(f"{recorded!r} is a custom network: say where it is with {OPTION} FILE.py:NAME.")
        current = network_from(given)
        if called(current) != recorded:
            raise UsageError(f"{recorded!r} was recorded, and {given} is {called(current)!r} now: it was edited.")
        return current
