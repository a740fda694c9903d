"""Learning rates beyond the grid, for losses whose best rate lies at its edge: the same rule for all."""

from lossterm.comparison.comparison import RATES_TO_TUNE, Arm, Comparison
from lossterm.reports.rate_sweep import validation_scores
from lossterm.reports.report import Report, Standing
from lossterm.statistics.learning_rate_choice import MOST_WIDENED, rate_beyond


def widened(report: Report) -> Comparison | None:
    """Return the comparison that also tries the next rate of each loss whose best one lies clearly at the edge.

    None where nothing is to be tried: while trials have not ended or if some were stopped, where the rates are a
    person's own, and after MOST_WIDENED rates of a loss. Rates beyond the grid are trained for the loss's seeds on it.
    A race widens the grid itself, at its looks.
    """
    comparison = report.asked.comparison
    if report.partial or report.race or comparison.learning_rates != RATES_TO_TUNE:
        return None
    more = [arm for loss in comparison.losses for arm in _more(report, loss)]
    return comparison.extended(more) if more else None


def rates_beyond(comparison: Comparison, loss: str) -> list[float]:
    """Return the rates that were tried of a loss beyond those asked for, ascending."""
    return [rate for rate in comparison.rates_of(loss) if rate not in comparison.learning_rates]


def rates_to_try(standing: Standing) -> list[float]:
    """Return the rates that were tried of a loss with two more beyond the end at which its best one lies; else none."""
    if not standing.learning_rate_at_edge:
        return []
    rates = [point.learning_rate for point in standing.sweep]
    upwards = standing.learning_rate == rates[-1]
    more = [float(f"{rates[-1 if upwards else 0] * factor:.3g}") for factor in ((3, 10) if upwards else (0.1, 0.3))]
    return [*rates, *more] if upwards else [*more, *rates]


def _more(report: Report, loss: str) -> list[Arm]:
    comparison, beyond = report.asked.comparison, rates_beyond(report.asked.comparison, loss)
    seeds = comparison.rates_of(loss)
    own = max(seeds[rate] for rate in comparison.learning_rates)
    behind = [rate for rate in beyond if seeds[rate] < own]
    if not behind and len(beyond) < MOST_WIDENED:
        trained = [row for row in report.rows if row.trial.loss == loss and row.trained]
        next_one = rate_beyond(*validation_scores(comparison, loss, trained))
        behind = [] if next_one is None else [next_one]
    return [Arm(loss=loss, learning_rate=rate, seeds=own) for rate in behind]


def announced(report: Report, comparison: Comparison) -> str:
    """Say which rates the comparison tries that the report's does not."""
    known = {(arm.loss, arm.learning_rate) for arm in report.asked.comparison.arms}
    new = [arm for arm in comparison.arms if (arm.loss, arm.learning_rate) not in known]
    if not new:
        return "The rates beyond the grid are trained for the new seeds too."
    rates = ", ".join(f"{arm.learning_rate:g} for {arm.loss}" for arm in new)
    return f"The best learning rate lies at the edge of the grid, so it is widened: {rates}."
