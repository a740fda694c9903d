"""Every protocol, and how each prepares the data of a task."""

from typing import TYPE_CHECKING

from lossterm.comparison.protocol import Prepared, Protocol, Split, SplitName
from lossterm.comparison.splits import split_rows
from lossterm.data import let_go
from lossterm.errors import DataError, DoesNotFit, UnknownName
from lossterm.stress_axes import Stress
from lossterm.tasks import Task

if TYPE_CHECKING:
    import numpy as np

    Parts = dict["SplitName", np.ndarray]
    """Indices of the rows of each split."""

BLOCK = 8192
"""Rows transformed at a time: a table may be large, and a pipeline makes several copies of its input."""


def _fair(task: Task, seed: int, stress: Stress | None = None) -> Prepared:
    """Draw (or take) and split by the seed, classes stratified; fit the task's pipeline of features on train.

    A stress alters rows between the two: the split and the rows that are not altered are those of the plain data.
    """
    features, target = task.draw(seed)
    parts = fair_parts(task, target, seed)
    if stress is not None:
        whole = features
        features, target = stress.applied(task, features, target, parts, seed)
        if features is not whole:
            let_go(whole)
    return _through_pipeline(task, features, target, parts)


def fair_parts(task: Task, target: "np.ndarray", seed: int) -> "Parts":
    """Return the places of the rows of each split that the fair protocol makes by a seed."""
    return split_rows(task, PROTOCOLS["fair"], target, _stream(seed))


def _tutorial(task: Task, seed: int, stress: Stress | None = None) -> Prepared:  # noqa: ARG001  all take them
    """Prepare as the tutorial does: one fixed draw, the first half trains, scaling (if any) fitted before the split."""
    import numpy as np

    random_state, scaled = _TUTORIAL[task.key]
    features, target = task.draw(random_state)
    if scaled:
        from sklearn.preprocessing import StandardScaler

        features = StandardScaler().fit_transform(features)
        target = StandardScaler().fit_transform(target.reshape(-1, 1))[:, 0]
    features = features.astype(np.float32)
    target = target.astype(np.float64 if task.kind == "regression" else np.int64)
    half = task.rows // 2
    splits: dict[SplitName, Split] = {
        "train": Split(features[:half], target[:half]),
        "test": Split(features[half:], target[half:]),
    }
    return Prepared(splits=splits, scales=PROTOCOLS["tutorial"].scales)


def _published(task: Task, seed: int, stress: Stress | None = None) -> Prepared:  # noqa: ARG001  as above
    """Split once for all seeds, classes stratified; divide features by their largest value on train."""
    import numpy as np

    features, target = task.draw(0)
    parts = split_rows(task, PROTOCOLS["published"], target, 0)
    largest = np.abs(features[parts["train"]]).max()
    return Prepared(
        splits={
            name: Split((features[rows] / largest).astype(np.float32), target[rows].astype(np.int64))
            for name, rows in parts.items()
        },
        rows=_numbers(task, parts),
    )


def _tutorial_flaws(task: Task) -> str:
    scaled = "scaled before the split, " if _TUTORIAL[task.key][1] else ""
    return (
        f"Tutorial protocol: one fixed draw cut in half, {scaled}one learning rate; "
        "seeds vary initial weights and shuffles only, so intervals say nothing of other data."
    )


_TUTORIAL = {"regression": (1, True), "circles": (1, False), "blobs": (2, False)}
"""Task → the tutorial's `random_state`, and whether it standardised features and target."""


def _stream(seed: int) -> int:
    """Return a seed for the split that is independent of the one that drew the rows."""
    import numpy as np

    return int(np.random.SeedSequence([seed, 2]).generate_state(1)[0])


def _through_pipeline(task: Task, features: "np.ndarray", target: "np.ndarray", parts: "Parts") -> Prepared:
    """Transform each split by the task's pipeline, fitted on train."""
    import numpy as np

    pipeline = task.pipeline().fit(features[parts["train"]])
    form = np.float64 if task.element == "regression" else np.int64

    def transformed(rows: "np.ndarray") -> "np.ndarray":
        prepared = np.empty((len(rows), *task.input_shape), np.float32)
        for start in range(0, len(rows), BLOCK):
            prepared[start : start + BLOCK] = pipeline.transform(features[rows[start : start + BLOCK]])
        return prepared

    splits = {name: Split(transformed(rows), target[rows].astype(form)) for name, rows in parts.items()}
    let_go(features)
    return Prepared(splits=splits, rows=_numbers(task, parts), weights=_weights(task, parts))


def _weights(task: Task, parts: "Parts") -> "np.ndarray | None":
    """Return what the training rows weigh. Raises DataError where all of them weigh 0."""
    import numpy as np

    if task.weights is None:
        return None
    weights = np.asarray(task.weights()[parts["train"]], np.float32)
    if not weights.any():
        raise DataError(
            f"{task.title}: all training rows weigh 0, so that nothing would be learnt. Split by another time or other "
            "groups, or weigh them by another column."
        )
    return weights


def _numbers(task: Task, parts: "Parts") -> "np.ndarray":
    """Return the numbers of the training rows."""
    import numpy as np

    train = parts["train"]
    return np.asarray(task.row_numbers()[train] if task.row_numbers else train + 1, np.int64)


PROTOCOLS: dict[str, Protocol] = {
    protocol.key: protocol
    for protocol in (
        Protocol(
            key="fair",
            title="fresh data or a fresh split for each seed, scaled on train",
            splits=("train", "validation", "test"),
            shares=(0.6, 0.2, 0.2),
            # Of the schedules that were tried on every task it has the lowest errors: tests/bench/defaults.py.
            schedule="cosine",
            draws=True,
            tasks=None,
            prepare=_fair,
            stresses=True,
        ),
        Protocol(
            key="tutorial",
            title="the tutorial's own set-up, flaws included",
            splits=("train", "test"),
            shares=(0.5, 0.5),
            scales=False,
            draws=False,
            tasks=tuple(_TUTORIAL),
            prepare=_tutorial,
            flaws=_tutorial_flaws,
        ),
        Protocol(
            key="published",
            title="the set-up of the published comparison on digits: one stratified split for all seeds",
            splits=("train", "validation", "test"),
            shares=(1077 / 1797, 270 / 1797, 450 / 1797),
            draws=False,
            tasks=("digits",),
            prepare=_published,
        ),
    )
}
"""Every protocol by key; the first is the default."""

DEFAULT_PROTOCOL = next(iter(PROTOCOLS))


def protocol_named(key: str) -> Protocol:
    """Return the record of a key. Raises UnknownName with near misses."""
    try:
        return PROTOCOLS[key]
    except KeyError:
        raise UnknownName("protocol", key, PROTOCOLS) from None


def protocols_for(task: Task) -> tuple[Protocol, ...]:
    """Return the protocols that are for a task, the default first."""
    return tuple(protocol for protocol in PROTOCOLS.values() if protocol.tasks is None or task.key in protocol.tasks)


def protocol_for(key: str, task: Task) -> Protocol:
    """Return the record of a key. Raises UnknownName, and DoesNotFit where the protocol is not for this task."""
    protocol = protocol_named(key)
    if protocol not in protocols_for(task):
        raise DoesNotFit(
            f"The protocol {key!r} is {protocol.title}, and knows only {', '.join(protocol.tasks or ())}: "
            f"for {task.key} use --protocol {DEFAULT_PROTOCOL}."
        )
    return protocol
