"""The axis of a trial with its function: lossterm's own, a package's, or one that a person named."""

import inspect
from functools import lru_cache

import msgspec

from lossterm.comparison.comparison import Trial
from lossterm.comparison.user_axis import AXIS_OPTION, axis_of, own_axis, source_of
from lossterm.engine.user_code.loss_loading import blamed, line_of, module_of
from lossterm.errors import DataError
from lossterm.losses import Source
from lossterm.stress_axes import Axis, Rows, Severity, Stress
from lossterm.stress_axes.axis import Function
from lossterm.stress_axes.catalogue import malformed


def stress_of(trial: Trial) -> Stress:
    """Return what is done to the data of a trial on stressed data. Raises DataError as `load_axis`."""
    assert trial.severity
    return stress_at(trial.severity)


def stress_at(severity: Severity) -> Stress:
    """Return an axis and a level, loaded. Raises DataError as `load_axis`, UnknownName for a package that is gone."""
    source = source_of(severity)
    return Stress(axis=load_axis(source, severity.axis) if source else axis_of(severity), level=severity.level)


@lru_cache(16)
def load_axis(source: Source, key: str) -> Axis:
    """Load a custom axis: a record, or a function (features, target, level, generator).

    `key` has the fingerprint of the file, so that an edited one is loaded anew.

    Raises DataError, with the line, for a file that was edited or fails and for what is no axis, and Unnamed for code
    that nobody named on this machine.
    """
    with blamed(source, "loaded"):
        given = getattr(module_of(source, AXIS_OPTION), source.name, None)
    spot = f"{source.name} in {source.place}{line_of(given)}"
    if isinstance(given, Axis):
        if problem := malformed(given):
            raise DataError(f"{spot} is an axis of which {problem}.")
        return msgspec.structs.replace(given, key=key, function=_blamed(given.function, source), origin="own")
    if not callable(given):
        raise DataError(
            f"{spot} is of type {type(given).__name__}: an axis is a function (features, target, level, generator) "
            "that returns features and target, or a lossterm.stress_axes.Axis."
        )
    try:
        inspect.signature(given).bind(None, None, 0.1, None)
    except TypeError as error:
        raise DataError(f"{spot} cannot be called with (features, target, level, generator): {error}.") from error
    function = given

    def of_rows(rows: Rows, level: float, generator: object) -> object:
        return function(rows.features.copy(), rows.target.copy(), level, generator)

    return msgspec.structs.replace(own_axis(key), function=_blamed(of_rows, source))  # type: ignore[arg-type]  # checked there


def _blamed(function: Function, source: Source) -> Function:
    """Return the function, whose errors name the file and the line, and whose result is a pair."""

    def called(rows: Rows, level: float, generator: object) -> object:
        with blamed(source, f"called at the level {level:g}"):
            result = function(rows, level, generator)  # type: ignore[arg-type]  # as it is handed over
        if not isinstance(result, tuple) or len(result) != 2:
            spot = f"{source.name} in {source.place}"
            raise DataError(f"{spot} must return features and target, and gave {result!r:.60}.")
        return result

    return called  # type: ignore[return-value]  # a person's arrays, looked at by Stress
