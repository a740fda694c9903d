"""How a comparison is made fair: what is drawn, how it is split and scaled, and what a seed fixes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lossterm.errors import UnknownName
from lossterm.tasks import Task

if TYPE_CHECKING:
    import numpy as np

SplitName = Literal["train", "validation", "test"]


@dataclass(frozen=True, slots=True)
class Split:
    """One part of the data, ready for the network."""

    features: "np.ndarray"
    """(rows, features), float32."""
    target: "np.ndarray"
    """(rows,): float32 values for regression, int64 class indices otherwise."""


Splits = dict[SplitName, Split]


@dataclass(frozen=True, kw_only=True, slots=True)
class Protocol:
    """One way to make a comparison."""

    key: str
    """As typed on the command line."""
    title: str
    """One line for lists."""
    caveat: str
    """What a reader of its table must know, in one sentence."""
    splits: tuple[SplitName, ...]
    """The parts that the data are cut into."""
    draws: bool
    """Whether each seed has data of its own; otherwise all seeds share one draw."""
    shares: tuple[float, ...]
    """Share of the rows in each split."""
    prepare: Callable[[Task, int], Splits]
    """`(task, seed) -> splits`, drawn and scaled."""

    def rows(self, task: Task) -> dict[SplitName, int]:
        """Return the number of rows in each split."""
        return {split: round(share * task.rows) for split, share in zip(self.splits, self.shares, strict=True)}


def _tutorial(task: Task, seed: int) -> Splits:  # noqa: ARG001  every protocol takes a seed; this one's data ignore it
    """The tutorial's own: one fixed draw, the first 500 rows train, scaling (if any) fitted before the split."""
    import numpy as np

    features, target = task.draw(task.tutorial_seed)
    if task.tutorial_scaling:
        from sklearn.preprocessing import StandardScaler

        features = StandardScaler().fit_transform(features)
        target = StandardScaler().fit_transform(target.reshape(-1, 1))[:, 0]
    features = features.astype(np.float32)
    target = target.astype(np.float32 if task.kind == "regression" else np.int64)
    half = task.rows // 2
    return {"train": Split(features[:half], target[:half]), "test": Split(features[half:], target[half:])}


PROTOCOLS: dict[str, Protocol] = {
    "tutorial": Protocol(
        key="tutorial",
        title="the tutorial's own set-up, flaws included",
        caveat=(
            "Tutorial protocol: one fixed draw cut in half, scaled before the split, one learning rate; "
            "seeds vary initial weights and shuffles only."
        ),
        splits=("train", "test"),
        shares=(0.5, 0.5),
        draws=False,
        prepare=_tutorial,
    ),
}
"""Every protocol by key."""


def protocol_named(key: str) -> Protocol:
    """Return the record of a key. Raises UnknownName with near misses."""
    try:
        return PROTOCOLS[key]
    except KeyError:
        raise UnknownName("protocol", key, PROTOCOLS) from None
