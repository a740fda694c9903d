"""How a comparison is made fair, as one record: what is drawn, how it is split and scaled, and what a seed fixes."""

import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from lossterm.comparison.curve_layout import CurveLayout
from lossterm.losses import Scale
from lossterm.losses.target_scaling import Scaling, scaling_of
from lossterm.stress_axes import Stress
from lossterm.tasks import Task

if TYPE_CHECKING:
    import numpy as np

    Parts = dict["SplitName", np.ndarray]
    """Indices of the rows of each split."""

SplitName = Literal["train", "validation", "test"]


class Split(msgspec.Struct, frozen=True):
    """One part of the data, ready for the network."""

    features: "np.ndarray"
    """(rows, *input_shape), float32."""
    target: "np.ndarray"
    """(rows, *target_shape): float64 values in the units that scores are in, or int64 class indices."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """Data as the network sees them, except the target, whose scale and form depend on the loss."""

    splits: dict[SplitName, Split]
    """Each part, in the protocol's order."""
    scales: bool = True
    """Whether a numeric target is to be scaled as the loss wants it."""
    robust: bool = False
    """Whether it is scaled by medians, which outliers do not shift."""
    rows: "np.ndarray | None" = None
    """(rows,) int64, the number of each training row, counted from 1: in its file, or in the draw of the first seed.
    None where rows are not numbered."""
    weights: "np.ndarray | None" = None
    """(rows,) float32, what each training row weighs in the loss that is trained; None where all weigh alike."""

    def scaling(self, scale: Scale) -> Scaling:
        """Return the scaling of a numeric target that a loss asks for, fitted to the training rows."""
        return scaling_of(scale if self.scales else "raw", self.splits["train"].target, robust=self.robust)


class Prepare(typing.Protocol):
    """Prepares the data of a seed."""

    def __call__(self, task: Task, seed: int, stress: Stress | None = None) -> Prepared:
        """Draw, split and scale; a stress alters rows before anything is fitted to them."""


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """One way to make a comparison."""

    key: str
    """As typed on the command line."""
    title: str
    """One line for lists."""
    splits: tuple[SplitName, ...]
    """The parts that the data are cut into."""
    shares: tuple[float, ...]
    """Share of the rows in each split."""
    schedule: str = "constant"
    """How the learning rate changes, unless a person says: one of `hyperparameters.SCHEDULES`."""
    scales: bool = True
    """Whether a numeric target is scaled as the loss wants it; otherwise it is as `prepare` gives it."""
    draws: bool
    """Whether each seed draws or splits the data anew; otherwise all seeds share one draw."""
    tasks: tuple[str, ...] | None
    """Keys of the tasks that it is for, None for all."""
    prepare: "Prepare"
    """`(task, seed, stress) -> data`, drawn, split, stressed if that is asked for, and scaled."""
    stresses: bool = False
    """Whether its data can be stressed."""
    flaws: Callable[[Task], str] | None = None
    """Replaces what `caveat` says of a task, for a protocol with flaws that a reader must know."""

    @property
    def tunes(self) -> bool:
        """Whether there is a validation split to choose a learning rate on."""
        return "validation" in self.splits

    @property
    def held_out(self) -> SplitName:
        """The split on which curves are judged: validation where there is one, since test is for the table."""
        return "validation" if "validation" in self.splits else self.splits[-1]

    @property
    def curves(self) -> CurveLayout:
        """How the curves of its trainings are laid out."""
        return CurveLayout(self.splits)

    @property
    def followed(self) -> CurveLayout:
        """How a viewer keeps them: it shows train and the held-out split, and all else would only take memory."""
        return CurveLayout(("train", self.held_out))

    def varies(self, task: Task) -> bool:
        """Whether each seed has different data on a task; rows in order of time can be split in one way only."""
        return self.draws and not task.ordered

    def rows(self, task: Task) -> dict[SplitName, int]:
        """Return the number of rows in each split; the first takes what rounding leaves over.

        Where groups stay together, the number is the one that groups of equal size would give.
        """
        first, *others = self.splits
        rest = {split: round(share * task.rows) for split, share in zip(others, self.shares[1:], strict=True)}
        if task.test_rows:
            left = (task.rows - task.test_rows) / (1 - self.shares[-1])
            rest = {split: round(share * left) for split, share in zip(others, self.shares[1:], strict=True)}
            rest[others[-1]] = task.test_rows
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
        return f"{self.key.capitalize()} protocol: {self._prepared(task)}; {rate}; compared seed by seed."

    def described(self, task: Task) -> str:
        """Say what it does to the data of a task, without what a comparison chooses, as its learning rates."""
        return self._prepared(task) if self.draws else self.title

    def _prepared(self, task: Task) -> str:
        """Say how the data of a task are drawn, split and scaled."""
        cut = "/".join(f"{100 * share:.0f}" for share in self.shares)
        if task.ordered:
            data = f"one split, about {cut}, by time for all seeds, so that intervals say nothing of other times"
        elif self.draws and task.test_rows:
            data = f"the {task.test_rows:,} test rows of the file for all seeds, the others split anew for each"
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
        weighed = ", rows weighed in training" if task.weights else ""
        return f"{data}, scaled on train{weighed}"
