"""What a forest plot shows of a report: how far each loss is behind the best, between what, and on each seed.

Slow to import, as charts are, so the app imports it on first use.
"""

from lossterm.charts.drawing import Drawing
from lossterm.charts.forest_plot import ForestRow, forest_plot
from lossterm.charts.terminal_style import Style
from lossterm.metrics import metric_named
from lossterm.reports.cells import DASH, gap, trial_counts, verdict_in_words
from lossterm.reports.notes import region
from lossterm.reports.race_so_far import judged_in
from lossterm.reports.report import Report, Standing


def chart(report: Report, style: Style, width: int, *, seeds: bool = False) -> Drawing | None:
    """Draw a report's differences in lines of `width` cells; see `charts.forest_plot`.

    They are those that the verdicts go by: where seeds collapsed, without those seeds.
    """
    each = seed_differences(report) if seeds else {}
    rows = [_row(report, standing, style, each.get(standing.loss, ())) for standing in report.standings]
    legends = [f"Δ; ░ is under {region(report)}", f"░ under {region(report)}", "Δ to best"]
    return forest_plot(rows, report.rope, width, legends=legends if report.rope else legends[-1:], seeds=seeds)


def _row(report: Report, standing: Standing, style: Style, seeds: tuple[float, ...]) -> ForestRow:
    first = standing is report.standings[0] and standing.rank is not None
    difference = standing.difference
    return ForestRow(
        name=standing.loss,
        ink=style.of_loss(standing.loss),
        mean=difference.mean if difference else 0.0 if first else None,
        interval=difference.ci if difference else None,
        seeds=seeds,
        word=_word(report, standing),
        size=gap(difference) if difference else "",
        colour=style.of_verdict(standing.verdict or ""),
    )


def _word(report: Report, standing: Standing) -> str:
    """Write the verdict; where there is none, how many trials ended how, or that there are too few seeds."""
    word = verdict_in_words(standing, short=True)
    if word != DASH:
        return word
    if standing.rank is None:
        return trial_counts(standing, short=True)
    return "ahead" if standing is report.standings[0] else "no verdict"


def seed_differences(report: Report) -> dict[str, tuple[float, ...]]:
    """Return how far each loss but the best is behind it on each seed on which both have a score and neither collapsed.

    In the order of the seeds, positive where the best is ahead.
    """
    metric = report.asked.comparison.metric
    sign = 1 if metric_named(metric).direction == "max" else -1
    best, *others = (standing.loss for standing in report.standings)
    scores: dict[str, dict[int, float]] = {}
    judged = report.judged()
    for row in judged_in(report.race, judged) if report.race else judged:
        score = row.score(metric, "test") if row.status == "done" else None
        if score is not None and not (report.by_median and row.id in report.collapsed):
            scores.setdefault(row.trial.loss, {})[row.trial.seed] = score
    of_best = scores.get(best, {})
    shared = {loss: sorted(of_best.keys() & scores.get(loss, {}).keys()) for loss in others}
    return {loss: tuple(sign * (of_best[seed] - scores[loss][seed]) for seed in shared[loss]) for loss in others}
