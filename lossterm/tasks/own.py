"""A task of one's own: a table that a person brought."""

import math
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossterm.data import Column, Data, Table, arguments, load
from lossterm.home import shelf
from lossterm.printable import printable
from lossterm.tasks.record import Task

if TYPE_CHECKING:
    import numpy as np

    from lossterm.tasks.record import Draw

STEPS = 6000
"""Steps that a training takes about, unless the comparison says otherwise: a large table is passed over less often."""

FEWEST_EPOCHS, MOST_EPOCHS = 10, 100


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
    return pipeline(_table(data).columns)


def pipeline(columns: tuple[Column, ...]) -> Any:
    """Return an unfitted scikit-learn transformer for columns (rows, columns) as a Table holds them.

    Numbers, dates and booleans: what is missing becomes the median of the training rows, then mean 0 and standard
    deviation 1, and where any is missing a feature says so. Categories: one feature a level. The width depends on the
    columns alone, never on which rows are in the training split.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    categories = [place for place, column in enumerate(columns) if column.kind == "category"]
    numbers = [place for place, column in enumerate(columns) if column.kind != "category"]
    parts: list[tuple[str, Any, list[int]]] = []
    if numbers:
        scaled = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
        parts.append(("numbers", scaled, numbers))
    if missing := [place for place in numbers if columns[place].missing]:
        parts.append(("missing", MissingIndicator(features="all"), missing))
    for place in categories:
        levels = len(columns[place].levels)
        # A level of its own for what is missing, after the others.
        fill = SimpleImputer(strategy="constant", fill_value=levels, keep_empty_features=True)
        steps = [fill] if columns[place].missing else []
        known = [list(range(columns[place].width))]
        encoder = OneHotEncoder(categories=known, handle_unknown="ignore", sparse_output=False, dtype="float32")
        parts.append((f"category {place}", make_pipeline(*steps, encoder), [place]))
    return ColumnTransformer(parts, sparse_threshold=0)
