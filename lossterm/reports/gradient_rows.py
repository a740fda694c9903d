"""Which rows hold the gradient of each loss's model, and whether that is why a loss is behind."""

from collections.abc import Sequence
from statistics import fmean

import msgspec

from lossterm.reports.report import Report
from lossterm.store import HeldRow, TrialRow
from lossterm.text.numbers import listed

FIRST_SEED = 0
"""The seed whose models and rows are kept."""

CONCENTRATED = 0.05
"""Share of the gradient, held by a hundredth of the rows, from which these rows matter to a loss."""

MORE = 2.0
"""How many times the best's share that is, from which it is why a loss is behind."""

MOST_ROWS = 40
"""Rows that are listed."""


class GradientRow(msgspec.Struct, frozen=True, kw_only=True):
    """A training row of the first seed, and what it is to each loss's model that it holds much of."""

    row: int
    """Its number, as `HeldRow` has it."""
    held: dict[str, HeldRow]
    """Key of a loss → what its model does on the row; without losses that it holds little of."""

    @property
    def most(self) -> float:
        """The largest share of a loss's gradient that it holds."""
        return max(one.share for one in self.held.values())


def gradient_rows(models: Sequence[TrialRow]) -> tuple[GradientRow, ...]:
    """Return the rows that hold most of the gradient of any of the first seed's models, the one with most first."""
    rows: dict[int, dict[str, HeldRow]] = {}
    for model in models:
        for held in model.anatomy.rows if model.anatomy and model.trial.seed == FIRST_SEED else ():
            rows.setdefault(held.row, {})[model.trial.loss] = held
    every = [GradientRow(row=row, held=held) for row, held in rows.items()]
    return tuple(sorted(every, key=lambda one: (-one.most, one.row))[:MOST_ROWS])


def shares(report: Report) -> dict[str, float]:
    """Return for each loss the share of the gradient that a hundredth of the rows holds, in the mean over seeds."""
    known: dict[str, list[float]] = {}
    for row in report.judged():
        if row.anatomy and row.anatomy.share is not None:
            known.setdefault(row.trial.loss, []).append(row.anatomy.share)
    return {loss: fmean(each) for loss, each in known.items()}


def why_behind(report: Report) -> list[str]:
    """Say which losses are worse because single rows hold their gradient, with the share that these hold."""
    held, best, why, _ = _told_apart(report)
    if not why:
        return []
    lose, their = ("loses", "its") if len(why) == 1 else ("lose", "their")
    each = listed([percent(held[loss]) for loss in why])
    return [
        f"{listed(why)} {lose} because 1 % of the rows hold {each} of {their} gradient; of {best}'s they hold "
        f"{percent(held[best])}."
    ]


def why_not(report: Report) -> list[str]:
    """Say of the other losses that are worse that it is not single rows."""
    held, best, _, others = _told_apart(report)
    if not others:
        return []
    lose = "loses" if len(others) == 1 else "lose"
    each = listed([percent(held[loss]) for loss in others])
    return [
        f"{listed(others)} {lose} by something else: 1 % of the rows hold {each} of the gradient there, and "
        f"{percent(held[best])} with {best}."
    ]


def _told_apart(report: Report) -> tuple[dict[str, float], str, list[str], list[str]]:
    """Return what is held, the best loss, the losses that are worse for that reason, and the others that are worse."""
    held, best = shares(report), next(iter(report.standings), None)
    if best is None or best.loss not in held:
        return {}, "", [], []
    worse = [standing.loss for standing in report.standings if standing.verdict == "worse" and standing.loss in held]
    why = [loss for loss in worse if _is_why(held[loss], held[best.loss])]
    return held, best.loss, why, [loss for loss in worse if loss not in why]


def _is_why(share: float, of_best: float) -> bool:
    return share >= CONCENTRATED and share >= MORE * of_best


def percent(share: float) -> str:
    """Write a share: 16 %, 2.3 %."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"
