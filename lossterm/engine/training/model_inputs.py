"""How a network's inputs are computed, as numbers that anyone can apply without scikit-learn."""

from typing import Any

import numpy as np

from lossterm.comparison import protocol_catalogue, splits
from lossterm.comparison.comparison import Trial
from lossterm.comparison.protocol import Protocol
from lossterm.data import Data, FeatureColumn, load
from lossterm.home.paths import shelf
from lossterm.tasks import Task
from lossterm.tasks.channel_scaling import by_channel
from lossterm.tasks.task import standard
from lossterm.tasks.user_table import NUMBERS

Input = dict[str, Any]
"""One input: its `column` (a name, or a number from 0), and what it is taken `as`. Of images and sequences it is a
`channel`, a number from 0, whose mean and scale hold at every place.

number: (value − origin − mean)/scale, with `median` for value − origin where it is missing; missing: 1 where the value
is missing, else 0; level: 1 where the cell is `level`, else 0.
"""


def about_inputs(trial: Trial, task: Task, protocol: Protocol) -> tuple[list[Input] | None, Input | None]:
    """Return the inputs in order, and how the protocol scaled the target before the loss saw it, if it did.

    No inputs where a package prepares them by custom code.
    """
    if task.pipeline is by_channel or (task.pipeline is standard and isinstance(trial.data, Data)):
        features, target = task.draw(trial.seed)
        rows = splits.split_rows(task, protocol, target, protocol_catalogue._stream(trial.seed))["train"]
        inputs = _scaled(task.pipeline().fit(features[rows]))
        return [_of_channel(one) for one in inputs] if len(task.input_shape) > 1 else inputs, None
    if not isinstance(trial.data, Data) and task.pipeline is not standard:
        return None, None
    features, target = task.draw(trial.seed)
    if protocol.key == "tutorial":
        return _of_the_tutorial(task)
    if protocol.key == "published":
        features, target = task.draw(0)
        rows = splits.split_rows(task, protocol, target, 0)["train"]
        largest = float(np.abs(features[rows]).max())
        return [_number(place, 0.0, largest) for place in range(task.features)], None
    rows = splits.split_rows(task, protocol, target, protocol_catalogue._stream(trial.seed))["train"]
    fitted = task.pipeline().fit(features[rows])
    if isinstance(trial.data, Data):
        return _of_table(load(trial.data, shelf()).columns, fitted), None
    return _scaled(fitted), None


def _of_the_tutorial(task: Task) -> tuple[list[Input], Input | None]:
    random_state, scaled = protocol_catalogue._TUTORIAL[task.key]
    if not scaled:
        return [_number(place, 0.0, 1.0) for place in range(task.features)], None
    features, target = task.draw(random_state)
    whole = standard().fit(target.reshape(-1, 1))
    about = {"mean": float(whole.mean_[0]), "scale": float(whole.scale_[0])}
    return _scaled(standard().fit(features)), about


def _scaled(scaler: Any) -> list[Input]:
    pairs = zip(scaler.mean_, scaler.scale_, strict=True)
    return [_number(place, float(mean), float(scale)) for place, (mean, scale) in enumerate(pairs)]


def _of_channel(number: Input) -> Input:
    return {"channel" if key == "column" else key: value for key, value in number.items()}


def _number(column: int | str, mean: float, scale: float) -> Input:
    return {"column": column, "as": "number", "origin": 0.0, "median": None, "mean": mean, "scale": scale}


def _of_table(columns: tuple[FeatureColumn, ...], fitted: Any) -> list[Input]:
    """Return the inputs of a table, from the fitted transformer of `tasks.user_table.pipeline`."""
    numeric = [column for column in columns if column.kind != "category"]
    inputs: list[Input] = []
    for column, median, mean, scale in zip(numeric, *_fitted_to_numbers(fitted), strict=True):
        number = _number(column.name, mean, scale)
        inputs.append({**number, "kind": column.kind, "origin": column.origin, "median": median})
    inputs += [{"column": column.name, "as": "missing"} for column in numeric if column.missing]
    for column in columns:
        if column.kind == "category":
            inputs += [{"column": column.name, "as": "level", "level": level} for level in column.levels]
            inputs += [{"column": column.name, "as": "missing"}] if column.missing else []
    return inputs


def _fitted_to_numbers(fitted: Any) -> tuple[list[float], list[float], list[float]]:
    """Return median, mean and scale of each numeric column, in order."""
    medians, means, scales = list[float](), list[float](), list[float]()
    for name, part in fitted.transformer_list:
        if name.startswith(NUMBERS):
            _, imputer, scaler = (step for _, step in part.steps)
            medians += imputer.statistics_.tolist()
            means += scaler.mean_.tolist()
            scales += scaler.scale_.tolist()
    return medians, means, scales
