"""How a comparison is made fair: what is drawn, how it is split and scaled, and what a seed fixes."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lossterm.data import let_go
from lossterm.errors import DataError, DoesNotFit, UnknownName
from lossterm.losses import Scale
from lossterm.scaling import Scaling, scaling_of
from lossterm.tasks import Task

if TYPE_CHECKING:
    import numpy as np

    Parts = dict["SplitName", np.ndarray]
    """Places of the rows of each split."""

SplitName = Literal["train", "validation", "test"]

BLOCK = 8192
"""Rows that are transformed at once: a table may be large, and a pipeline makes several copies of what it is given."""


@dataclass(frozen=True, slots=True)
class Split:
    """One part of the data, ready for the network."""

    features: "np.ndarray"
    """(rows, features), float32."""
    target: "np.ndarray"
    """(rows,): float64 values for regression, in the units that scores are in; int64 class indices otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """Data as the network sees them, but for the target, whose scale and form are the loss's."""

    splits: dict[SplitName, Split]
    """Each part, in the protocol's order."""
    scales: bool = True
    """Whether a numeric target is to be scaled as the loss wants it."""

    def scaling(self, scale: Scale) -> Scaling:
        """Return the scale of a numeric target that a loss asks for, fitted to the training rows."""
        return scaling_of(scale if self.scales else "raw", self.splits["train"].target)


@dataclass(frozen=True, kw_only=True, slots=True)
class Protocol:
    """One way to make a comparison."""

    key: str
    """As typed on the command line."""
    title: str
    """One line for lists."""
    splits: tuple[SplitName, ...]
    """The parts that the data are cut into."""
    shares: tuple[float, ...]
    """Share of the rows in each split."""
    scales: bool = True
    """Whether a numeric target is scaled as the loss wants it; otherwise it is as `prepare` gives it."""
    draws: bool
    """Whether each seed has data of its own, drawn or split anew; otherwise all seeds share one draw."""
    tasks: tuple[str, ...] | None
    """Keys of the tasks that it is for, None for all."""
    prepare: Callable[[Task, int], Prepared]
    """`(task, seed) -> data`, drawn, split and scaled."""
    flaws: Callable[[Task], str] | None = None
    """What a reader must know of it on a task, where that is not what `caveat` says of any sound protocol."""

    @property
    def tunes(self) -> bool:
        """Whether there is a validation split to choose a learning rate on."""
        return "validation" in self.splits

    def varies(self, task: Task) -> bool:
        """Whether each seed has data of its own on a task; rows in order of time can be split in one way only."""
        return self.draws and not task.ordered

    def rows(self, task: Task) -> dict[SplitName, int]:
        """Return the number of rows in each split; the first takes what rounding leaves.

        Where groups stay together it is that of equal ones.
        """
        first, *others = self.splits
        rest = {split: round(share * task.rows) for split, share in zip(others, self.shares[1:], strict=True)}
        return {first: task.rows - sum(rest.values()), **rest}

    def correlation(self, task: Task) -> float:
        """Return Nadeau and Bengio's ρ between the scores of two seeds.

        n_test/n_train where the same rows are split anew for each seed; 0 where each seed draws fresh ones, and where
        all share one split, so that intervals then speak of that split alone.
        """
        if not (task.finite and self.varies(task)):
            return 0.0
        rows = self.rows(task)
        return rows["test"] / rows["train"]

    def caveat(self, task: Task, *, tuned: bool) -> str:
        """Say in one sentence what a reader of its table must know."""
        if self.flaws:
            return self.flaws(task)
        rate = "the learning rate tuned per loss on validation" if tuned else "one learning rate for all losses"
        cut = "/".join(f"{100 * share:.0f}" for share in self.shares)
        if task.ordered:
            data = f"one split, about {cut}, by time for all seeds, so that intervals say nothing of other times"
        elif self.draws and task.groups:
            data = f"the same groups split anew for each seed, about {cut} (intervals widened after Nadeau–Bengio)"
        elif self.draws and task.finite:
            data = f"the same rows split anew for each seed, {cut} (intervals widened after Nadeau–Bengio)"
        elif self.draws and task.family:
            data = f"a new problem of the same kind drawn for each seed, split {cut}"
        elif self.draws:
            data = f"fresh data for each seed, split {cut}"
        else:
            data = f"one stratified split {cut} for all seeds, so that intervals say nothing of other data"
        return f"{self.key.capitalize()} protocol: {data}, scaled on train; {rate}; tests paired by seed, Holm."


def _fair(task: Task, seed: int) -> Prepared:
    """Draw (or take) and split by the seed, classes stratified; fit the task's pipeline of features on train."""
    features, target = task.draw(seed)
    parts = _split(task, PROTOCOLS["fair"], target, _stream(seed))
    return _through_pipeline(task, features, target, parts)


def _tutorial(task: Task, seed: int) -> Prepared:  # noqa: ARG001  every protocol takes a seed; this one's data ignore it
    """The tutorial's own: one fixed draw, the first 500 rows train, scaling (if any) fitted before the split."""
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


def _published(task: Task, seed: int) -> Prepared:  # noqa: ARG001  as above
    """One stratified split for all seeds, features divided by their largest value on train."""
    import numpy as np

    features, target = task.draw(0)
    parts = _split(task, PROTOCOLS["published"], target, 0)
    largest = np.abs(features[parts["train"]]).max()
    return Prepared(
        splits={
            name: Split((features[rows] / largest).astype(np.float32), target[rows].astype(np.int64))
            for name, rows in parts.items()
        }
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
    """Return a seed for the split that shares nothing with the one that drew the rows."""
    import numpy as np

    return int(np.random.SeedSequence([seed, 2]).generate_state(1)[0])


def _split(task: Task, protocol: Protocol, target: "np.ndarray", random_state: int) -> "Parts":
    """Cut the rows by time, by groups, or at random with classes stratified."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    wanted, rest = protocol.rows(task), np.arange(len(target))
    if task.ordered:
        ends = np.cumsum([wanted[split] for split in protocol.splits])[:-1]
        parts: Parts = dict(zip(protocol.splits, np.split(rest, _between_times(task, ends)), strict=True))
        return _with_every_class(task, target, parts)
    parts = {}
    left = len(target)  # what would be left if all groups were of one size
    for split in reversed(protocol.splits[1:]):  # test first, then validation; train is what is left
        if task.groups:
            rest, parts[split] = _by_groups(task, target, rest, (left, wanted[split]), random_state)
            left -= wanted[split]
            continue
        rest, parts[split] = train_test_split(
            rest,
            test_size=wanted[split],
            random_state=random_state,
            stratify=None if task.kind == "regression" else target[rest],
        )
    parts[protocol.splits[0]] = rest
    return _with_every_class(task, target, {split: parts[split] for split in protocol.splits})


def _between_times(task: Task, ends: "np.ndarray") -> "list[int]":
    """Move places where rows in order of time are to be cut to the nearest change of time."""
    import numpy as np

    if task.times is None:
        return [int(end) for end in ends]
    changes = np.flatnonzero(np.diff(task.times())) + 1
    cuts: list[int] = []
    for place, end in enumerate(ends):
        free = changes[place : len(changes) - (len(ends) - 1 - place)]  # one is left for each of the other cuts
        free = free[free > cuts[-1]] if cuts else free
        cuts.append(int(free[np.argmin(np.abs(free - end))]))
    return cuts


def _with_every_class(task: Task, target: "np.ndarray", parts: "Parts") -> "Parts":
    """Return the parts. Raises DataError where a class is in none of the rows that are trained on."""
    import numpy as np

    first = next(iter(parts))
    lost = set(range(task.classes or 0)) - set(np.unique(target[parts[first]]).tolist()) if task.classes else set()
    if lost:
        place = min(lost)
        name = task.labels[place] if task.labels else place
        raise DataError(
            f"{task.title}: no row of the class {name} is among those that are trained on. "
            "Split otherwise than by this time or these groups, or leave the class out."
        )
    return parts


def _by_groups(
    task: Task, target: "np.ndarray", rows: "np.ndarray", sizes: tuple[int, int], random_state: int
) -> "tuple[np.ndarray, np.ndarray]":
    """Take whole groups out of the rows, as near to the second size of the first as they allow.

    Raises DataError for too few groups.
    """
    import numpy as np
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    assert task.groups is not None
    groups = task.groups()[rows]
    folds, found = round(sizes[0] / sizes[1]), len(np.unique(groups))
    if found < folds:
        raise DataError(
            f"{task.title} has {found} groups left where {folds} are wanted to split them: "
            "take a column with more groups, or leave --group away."
        )
    fold = GroupKFold if task.kind == "regression" else StratifiedGroupKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a class in fewer groups than folds
        cut = list(fold(folds, shuffle=True, random_state=random_state).split(rows, target[rows], groups))
    rest, taken = min(cut, key=lambda parts: abs(len(parts[1]) - sizes[1]))
    return rows[rest], rows[taken]


def _through_pipeline(task: Task, features: "np.ndarray", target: "np.ndarray", parts: "Parts") -> Prepared:
    """Transform each split by the task's pipeline, fitted on train."""
    import numpy as np

    pipeline = task.pipeline().fit(features[parts["train"]])
    form = np.float64 if task.kind == "regression" else np.int64

    def transformed(rows: "np.ndarray") -> "np.ndarray":
        found = np.empty((len(rows), task.features), np.float32)
        for start in range(0, len(rows), BLOCK):
            found[start : start + BLOCK] = pipeline.transform(features[rows[start : start + BLOCK]])
        return found

    splits = {name: Split(transformed(rows), target[rows].astype(form)) for name, rows in parts.items()}
    let_go(features)
    return Prepared(splits=splits)


PROTOCOLS: dict[str, Protocol] = {
    protocol.key: protocol
    for protocol in (
        Protocol(
            key="fair",
            title="fresh data or a fresh split for each seed, scaled on train, learning rate tuned on validation",
            splits=("train", "validation", "test"),
            shares=(0.6, 0.2, 0.2),
            draws=True,
            tasks=None,
            prepare=_fair,
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
