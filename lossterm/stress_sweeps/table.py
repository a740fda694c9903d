"""A sweep as columns of text: a row for each level, and one for each loss."""

from lossterm.reports.cells import DASH, bare, number
from lossterm.stress_axes import written
from lossterm.stress_sweeps.curve import Leader, Point, SweepCurve
from lossterm.stress_sweeps.wording import area_in_words, tipping_in_words
from lossterm.text.columns import TableColumn


def by_level(curve: SweepCurve, *, short: bool = False) -> list[TableColumn]:
    """Return a row for each level: who is best, the reference's score, and how far each other loss is ahead of it.

    A short table has no bands, and only a mark where the best loss is tied.
    """
    reference = curve.asked.reference
    scores = tuple(number(one.score.mean) for one in curve.points[reference])
    return [
        TableColumn("level", True, tuple(written(curve.asked.axis, level) for level in curve.levels)),
        TableColumn("best", False, tuple(best(leader, short=short) for leader in curve.leaders)),
        TableColumn(f"{reference} {curve.metric}", True, scores),
        *(
            TableColumn(f"Δ {loss}", short, tuple(gain(one, short=short) for one in curve.points[loss]))
            for loss in curve.others
        ),
    ]


def fit_to(curve: SweepCurve, width: int, *, between: int) -> list[TableColumn]:
    """Return the table of levels, short where the whole one does not fit a width."""
    whole = by_level(curve)
    fits = sum(column.width + between for column in whole) - between <= width
    return whole if fits else by_level(curve, short=True)


def best(leader: Leader | None, *, short: bool = False) -> str:
    """Write who is best at a level, and with whom it is tied."""
    if leader is None:
        return DASH
    if short:
        return f"{leader.loss} ▒" if leader.tied else leader.loss
    return f"{leader.loss} ▒ {', '.join(leader.tied)}" if leader.tied else leader.loss


def gain(one: Point, *, short: bool = False) -> str:
    """Write how far a loss is ahead of the reference, with its band: +.012 [−.003, +.027]."""
    if one.gain is None:
        return DASH
    values = (one.gain, *(one.band or ()))[: 1 if short else 3]
    largest = max(map(abs, values))
    if largest >= 100 or 0 < largest < 5e-4:
        mean, *ends = (f"{'−' if value < 0 else '+'}{number(abs(value))}" for value in values)
    else:
        places = 3 if largest < 1 else 2 if largest < 10 else 1
        mean, *ends = (bare(value, places, sign=True) for value in values)
    return f"{mean} [{', '.join(ends)}]" if ends else mean


def by_loss(curve: SweepCurve) -> list[TableColumn]:
    """Return a row for each loss: where it overtakes the reference, its area and its scores at both ends."""
    reference, last = curve.asked.reference, written(curve.asked.axis, curve.levels[-1])
    overtakes = ("(the reference)", *(tipping_in_words(curve, loss) for loss in curve.others))
    return [
        TableColumn("loss", False, curve.losses),
        TableColumn(f"overtakes {reference} at", False, overtakes),
        TableColumn("gets worse by", True, tuple(area_in_words(curve, loss) for loss in curve.losses)),
        TableColumn(
            f"{curve.metric} at 0", True, tuple(number(curve.points[loss][0].score.mean) for loss in curve.losses)
        ),
        TableColumn(f"at {last}", True, tuple(number(curve.points[loss][-1].score.mean) for loss in curve.losses)),
    ]
