"""Reads a recorded comparison: the JSON that `run` or `reproduce` wrote."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from lossterm import __version__
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.errors import DataError, LosstermError
from lossterm.metrics import metric_named
from lossterm.published import Case, case_named
from lossterm.recordings.recorded_comparison import OLDEST_SCHEMA, Given, RecordedComparison, RecordedStanding
from lossterm.reports.cells import number
from lossterm.reports.json_document import SCHEMA
from lossterm.reports.report import build
from lossterm.statistics.paired_differences import Summary, mean_interval
from lossterm.store import AskedComparison

MOST_BYTES = 200_000_000
"""Size above which a file is not read: a recording without trials has a few kilobytes."""

WRITE_ONE = "Write a recording with `lossterm run --format json > FILE`."

ROUNDING = 1e-9
"""Relative error allowed for numbers that were written and read again."""


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    lossterm: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.+-]{1,40}\Z")]  # it is printed, so no escapes
    schema: int
    reproduction: str | None = None


class _Reproduction(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[msgspec.Raw]
    comparisons: tuple[RecordedComparison, ...]


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A valid recording."""

    version: str
    """Version of lossterm that wrote it."""
    comparisons: tuple[RecordedComparison, ...]
    """The recorded comparisons: one, or all of a reproduction."""
    asked: tuple[Comparison, ...]
    """The same comparisons in the form that can be run again."""
    case: Case | None
    """The case that was reproduced, None for a `run`."""
    rows: tuple[Any, ...]
    """The rows of that case."""

    @property
    def foreign(self) -> bool:
        """Whether another version wrote it."""
        return self.version != __version__


# Reading


def read_recording(path: Path, given: Given = Given()) -> Recording:  # noqa: B008  frozen: it cannot be changed by a caller
    """Read a recording. Raises DataError for a file that is not a recording, or that contradicts itself."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. {WRITE_ONE}") from error
    if len(data) > MOST_BYTES:
        raise DataError(f"{path} has more than {MOST_BYTES // 1_000_000} MB: that is not a recording. {WRITE_ONE}")
    try:
        head = msgspec.json.decode(data, type=_Head)
        if not OLDEST_SCHEMA <= head.schema <= SCHEMA:
            raise DataError(
                f"{path} was written by lossterm {head.lossterm} in form {head.schema} of the JSON, and this lossterm "
                f"{__version__} reads forms {OLDEST_SCHEMA} to {SCHEMA}. Record it anew, or check it with that version."
            )
        if head.reproduction is None:
            return _sound(path, head, (msgspec.json.decode(data, type=RecordedComparison),), None, (), given)
        case = case_named(head.reproduction)
        whole = msgspec.json.decode(data, type=_Reproduction)
        rows = tuple(msgspec.json.decode(row, type=case.row_type) for row in whole.rows)
        return _sound(path, head, whole.comparisons, case, rows, Given())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        what = str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON"
        raise DataError(f"{path} is not a recording of lossterm: {what}. {WRITE_ONE}") from error
    except DataError:
        raise
    except LosstermError as error:  # it asks for something unknown or invalid
        raise DataError(f"{path} asks for something that cannot be run: {error}") from error


def _sound(
    path: Path,
    head: _Head,
    comparisons: tuple[RecordedComparison, ...],
    case: Case | None,
    rows: tuple[Any, ...],
    given: Given,
) -> Recording:
    asked = tuple(one.asked(given) for one in comparisons)
    edited = "was it edited? Record it anew."
    if case:
        expected = tuple(case.comparisons(asked[0].seeds if asked else case.seeds))
        if [_unordered(one) for one in asked] != [_unordered(one) for one in expected]:
            raise DataError(f"{path} does not hold the comparisons of the case {case.key}: {edited}")
    for one, comparison in zip(comparisons, asked, strict=True):
        _refuse_unsound(path, one, comparison)
    if case:
        asked = expected
        if not _rows_fit(case, asked, rows):
            raise DataError(f"{path} does not hold the rows of the case {case.key}: {edited}")
    return Recording(version=head.lossterm, comparisons=comparisons, asked=asked, case=case, rows=rows)


def _unordered(comparison: Comparison) -> Comparison:
    return msgspec.structs.replace(comparison, losses=tuple(sorted(comparison.losses)))


def _refuse_unsound(path: Path, recorded: RecordedComparison, asked: Comparison) -> None:
    if recorded.partial or (recorded.race and not recorded.race.over):
        raise DataError(f"{path} was recorded before all of its trials had ended. Finish the run, record it anew.")
    if asked.losses != tuple(standing.loss for standing in recorded.standings):
        raise DataError(f"{path} does not name each of its losses once: was it edited? Record it anew.")
    for standing in recorded.standings:
        for metric in standing.scores:
            metric_named(metric)
        if standing.trials != recorded.seeds and not recorded.race:  # what stops early has fewer
            raise DataError(
                f"{path} has {standing.trials} trials of {standing.loss} on {recorded.task.key} for {recorded.seeds} "
                f"seeds. Run what is missing, record it anew."
            )
        if words := next(_contradictions(recorded, asked, standing), None):
            raise DataError(
                f"{path} contradicts itself: {standing.loss} on {recorded.task.key}, {words}. Was it edited?"
            )


def _rows_fit(case: Case, asked: Sequence[Comparison], rows: Sequence[Any]) -> bool:
    """Whether the rows are those of the comparisons, in their order."""
    empty = [build(AskedComparison(id=0, session="", comparison=one, created=0.0, cancelled=None), ()) for one in asked]
    try:
        recorded = [_identity(case, row) for row in rows]
    except (LosstermError, KeyError, ArithmeticError):  # a row that no run can have written
        return False
    return recorded == [_identity(case, row) for row in case.rows(empty)]


def _identity(case: Case, row: Any) -> tuple[str, list[str]]:
    """Return what identifies a row, whatever its values: its loss and the names of its quantities."""
    return row.loss, [quantity.what for quantity in case.quantities(row)]


def _contradictions(comparison: RecordedComparison, asked: Comparison, standing: RecordedStanding) -> Iterator[str]:
    """Yield statements about a standing that cannot be true."""
    metric, hyperparameters = comparison.metric.key, comparison.hyperparameters
    rates = (*hyperparameters.learning_rates, *hyperparameters.widened.get(standing.loss, ()))
    scores = (standing.scores.get(metric) or {}).get("test") or Summary(None, None)
    every = [summary for splits in standing.scores.values() for summary in (splits or {}).values() if summary]
    if not _equal(scores.mean, standing.mean):
        yield f"its mean is {number(standing.mean)} and its test {metric} {number(scores.mean)}"
    if not _equal(scores.sd, standing.sd):
        yield f"its sd is {number(standing.sd)} and that of its test {metric} {number(scores.sd)}"
    if any(summary.sd is not None and summary.sd < 0 for summary in every):
        yield "it has an sd below 0"
    if standing.ci and not _equal(sum(standing.ci) / 2, standing.mean):
        yield f"its mean {number(standing.mean)} is not the middle of its interval"
    if (standing.ci is None) != (standing.sd is None) or (standing.ci and not _follows(asked, standing)):
        yield f"its interval does not follow from its sd {number(standing.sd)}"
    if standing.learning_rate not in rates:
        yield f"its learning rate {standing.learning_rate:g} is not among those tried"
    if min(standing.diverged, standing.failed) < 0 or standing.diverged + standing.failed > standing.trials:
        yield f"{standing.diverged} diverged and {standing.failed} failed of {standing.trials} trials"


def _follows(comparison: Comparison, standing: RecordedStanding) -> bool:
    """Whether the interval fits some number of seeds; on some seeds the metric may be undefined."""
    rho = protocol_named(comparison.protocol).correlation(comparison.record)
    done = standing.trials - standing.diverged - standing.failed
    possible = (mean_interval(Summary(standing.mean, standing.sd), count, rho) for count in range(2, done + 1))
    return any(ends and standing.ci and all(map(_equal, ends, standing.ci)) for ends in possible)


def _equal(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a - b) <= ROUNDING * max(abs(a), abs(b), 1e-6)
