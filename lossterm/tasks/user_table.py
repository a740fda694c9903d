"""A task of one's own: a table that a person brought."""

import math
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossterm.data import Data, FeatureColumn, Table, arguments, load
from lossterm.home.paths import shelf
from lossterm.tasks.task import Task
from lossterm.text.harmless import printable

if TYPE_CHECKING:
    import numpy as np

    from lossterm.tasks.task import Draw

STEPS = 6000
"""Steps that a training takes about, unless the comparison says otherwise: a large table is passed over less often."""

FEWEST_EPOCHS, MOST_EPOCHS = 10, 100

AT_ONCE = 2**19
"""Cells that are fitted at once: scikit-learn takes about forty bytes for each."""

NUMBERS = "numbers from "
"""What the parts of a pipeline are called that impute and scale, before the number of their first column."""


@cache
def task_on(data: Data) -> Task:
    """Return the task that a table is; the table is read when rows are drawn."""
    batch = _batch_size(data.rows)
    steps = math.ceil(0.6 * data.rows / batch)
    return Task(
        key=data.key,
        title=printable(f"{data.asked.target} in {Path(data.asked.path).name}"),
        kind=data.kind,
        rows=data.rows,
        features=data.features,
        classes=len(data.classes) or None,
        hidden=(50,),
        epochs=min(max(round(STEPS / steps), FEWEST_EPOCHS), MOST_EPOCHS),
        batch_size=batch,
        lowest=data.lowest,
        zeros=data.zeros,
        imbalance=data.imbalance,
        finite=True,
        ordered=data.asked.time is not None,
        times=partial(_times, data) if data.asked.time is not None else None,
        groups=partial(_groups, data) if data.asked.group is not None else None,
        pipeline=partial(_pipeline, data),
        labels=data.classes,
        asked=tuple(arguments(data.asked)),
        draw=partial(_draw, data),
    )


def _batch_size(rows: int) -> int:
    """Return 32, and for larger tables more: steps of few rows cost nearly what steps of many do."""
    return 32 if rows < 10_000 else 256 if rows < 50_000 else 1024


@lru_cache(2)
def _table(data: Data) -> Table:
    return load(data, shelf())


def _draw(data: Data, _: int) -> "Draw":
    table = _table(data)
    return table.features, table.target


def _times(data: Data) -> "np.ndarray":
    found = _table(data).times
    assert found is not None
    return found


def _groups(data: Data) -> "np.ndarray":
    found = _table(data).groups
    assert found is not None
    return found


def _pipeline(data: Data) -> Any:
    table = _table(data)
    return pipeline(table.columns, len(table.target))


def pipeline(columns: tuple[FeatureColumn, ...], rows: int = 1) -> Any:
    """Return an unfitted scikit-learn transformer for columns (rows, columns) as a Table holds them.

    Numbers are fitted some columns at a time where there are many `rows`, since medians take several copies.

    Numbers, dates and booleans: what is missing becomes the median of the training rows, then mean 0 and standard
    deviation 1, and where any is missing a feature says so. Categories: one feature a level. The width depends on the
    columns alone, never on which rows are in the training split.
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
        # A level of its own for what is missing, after the others.
        fill = SimpleImputer(strategy="constant", fill_value=levels, keep_empty_features=True)
        steps = [fill] if columns[place].missing else []
        known = [list(range(columns[place].width))]
        encoder = OneHotEncoder(categories=known, handle_unknown="ignore", sparse_output=False, dtype="float32")
        parts.append(part(f"category {place}", [place], *steps, encoder))
    return FeatureUnion(parts)  # ColumnTransformer would transform all rows in order to be fitted


def _columns(rows: "np.ndarray", places: list[int]) -> "np.ndarray":
    return rows[:, places]
