"""User tables as tasks."""

import math
from collections.abc import Callable
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossterm.data import Data, FeatureColumn, Table, advised, arguments, load
from lossterm.home.paths import shelf
from lossterm.tasks.channel_scaling import by_channel
from lossterm.tasks.task import Task, standard
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    import numpy as np

    from lossterm.tasks.task import Draw

STEPS = 6000
"""Approximate number of steps of a training by default: a large table gets fewer epochs."""

FEWEST_EPOCHS, MOST_EPOCHS, SHAPED_EPOCHS = 10, 100, 30
"""The fewest epochs by default, and the most: of tables, and of images and sequences."""

AT_ONCE = 2**19
"""Number of cells that are fitted at once: scikit-learn takes about forty bytes for each."""

NUMBERS = "numbers from "
"""Names of the pipeline parts that impute and scale begin with this; the number of their first column follows."""


@cache
def task_on(data: Data) -> Task:
    """Return the task for a table; the table is read when rows are drawn."""
    batch = _batch_size(data.rows)
    steps = math.ceil(0.6 * data.rows / batch)
    return Task(
        key=data.key,
        title=printable(f"{data.asked.predicted} in {Path(data.asked.path).name}"),
        kind=data.kind,
        rows=data.rows,
        features=data.features,
        input_shape=data.input_shape,
        target_shape=data.target_shape,
        output_names=_output_names(data),
        test_rows=data.test_rows,
        classes=len(data.classes) or None,
        network=_network(data),
        hidden=(50,) if len(data.input_shape) < 2 else (),
        epochs=min(
            max(round(STEPS / steps), FEWEST_EPOCHS), MOST_EPOCHS if len(data.input_shape) < 2 else SHAPED_EPOCHS
        ),
        batch_size=batch,
        lowest=data.lowest,
        highest=math.inf if data.highest is None else data.highest,
        zeros=data.zeros,
        imbalance=data.imbalance,
        finite=True,
        ordered=data.asked.time is not None,
        times=partial(_times, data) if data.asked.time is not None else None,
        groups=partial(_groups, data) if data.asked.group is not None else None,
        weights=partial(_weights, data) if data.asked.sample_weight is not None else None,
        row_numbers=partial(_row_numbers, data),
        column_names=partial(_column_names, data),
        pipeline=_scaler(data) if data.input_shape else partial(_pipeline, data),
        numeric=None if data.input_shape else partial(_numeric, data),
        labels=() if data.kind == "multilabel" else data.classes,
        asked=tuple(arguments(data.asked)),
        advised=None if data.input_shape else partial(_advised, data),
        draw=partial(_draw, data),
    )


def _network(data: Data) -> str:
    """Return the network for inputs of such a shape."""
    if data.kind == "segmentation":
        return "unet"
    return {2: "rnn", 3: "cnn"}.get(len(data.input_shape), "mlp")


def _scaler(data: Data) -> "Callable[[], Any]":
    return by_channel if len(data.input_shape) > 1 else standard


def _output_names(data: Data) -> tuple[str, ...]:
    """Return the names of several outputs or labels: those of their columns, or of the columns of their array."""
    if data.kind not in ("multioutput", "multilabel"):
        return ()
    if data.asked.more_targets:
        return tuple(map(printable, data.asked.targets))
    return tuple(printable(f"{data.asked.target}_{place}") for place in range(*data.target_shape))


def _batch_size(rows: int) -> int:
    """Return 32, or more for larger tables: a step with few rows costs nearly as much as one with many."""
    return 32 if rows < 10_000 else 256 if rows < 50_000 else 1024


@lru_cache(2)
def table_of(data: Data) -> Table:
    """Return the table of a record. Raises DataError as `load` does."""
    return load(data, shelf())


def _draw(data: Data, _: int) -> "Draw":
    table = table_of(data)
    return table.features, table.target


def _advised(data: Data) -> tuple[str, ...]:
    return tuple(arguments(advised(data, shelf())))


def _times(data: Data) -> "np.ndarray":
    times = table_of(data).times
    assert times is not None
    return times


def _column_names(data: Data) -> tuple[str, ...]:
    return tuple(column.name for column in table_of(data).columns)


def _row_numbers(data: Data) -> "np.ndarray":
    numbers = table_of(data).rows
    assert numbers is not None
    return numbers


def _groups(data: Data) -> "np.ndarray":
    groups = table_of(data).groups
    assert groups is not None
    return groups


def _weights(data: Data) -> "np.ndarray":
    weights = table_of(data).weights
    assert weights is not None
    return weights


def _numeric(data: Data) -> "np.ndarray":
    import numpy as np

    return np.array([column.kind in ("number", "date") for column in table_of(data).columns], bool)


def _pipeline(data: Data) -> Any:
    table = table_of(data)
    return pipeline(table.columns, len(table.target))


def pipeline(columns: tuple[FeatureColumn, ...], rows: int = 1) -> Any:
    """Return an unfitted scikit-learn transformer for columns (rows, columns) as a Table holds them.

    With many `rows`, numbers are fitted a few columns at a time, since computing medians takes several copies.

    Numbers, dates and booleans: missing cells get the median of the training rows, columns are scaled to mean 0 and
    standard deviation 1, and a column with missing cells adds a feature that marks them. Categories: one feature per
    level. The width depends only on the columns, never on which rows are in the training split.
    """
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    def part(name: str, places: list[int], *steps: Any) -> tuple[str, Any]:
        return name, make_pipeline(FunctionTransformer(_columns, kw_args={"places": places}), *steps)

    categories = [place for place, column in enumerate(columns) if column.kind == "category"]
    numbers = [place for place, column in enumerate(columns) if column.kind != "category"]
    parts: list[tuple[str, Any]] = []
    at_once = max(AT_ONCE // rows, 1)
    for first in range(0, len(numbers), at_once):
        imputer = SimpleImputer(strategy="median", keep_empty_features=True)
        parts.append(part(f"{NUMBERS}{first}", numbers[first : first + at_once], imputer, StandardScaler()))
    if missing := [place for place in numbers if columns[place].missing]:
        parts.append(part("missing", missing, MissingIndicator(features="all")))
    for place in categories:
        levels = len(columns[place].levels)
        # Missing cells get an extra level after the others.
        fill = SimpleImputer(strategy="constant", fill_value=levels, keep_empty_features=True)
        steps = [fill] if columns[place].missing else []
        known = [list(range(columns[place].width))]
        encoder = OneHotEncoder(categories=known, handle_unknown="ignore", sparse_output=False, dtype="float32")
        parts.append(part(f"category {place}", [place], *steps, encoder))
    return FeatureUnion(parts)  # ColumnTransformer would transform all rows just to be fitted


def _columns(rows: "np.ndarray", places: list[int]) -> "np.ndarray":
    return rows[:, places]
