"""What a reader of a table must know: how it was ranked, what is doubtful, which trials the means leave out."""

from lossterm.comparison.doubts import doubts
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.metrics import metric_named
from lossterm.reports.cells import bare
from lossterm.reports.report import Report
from lossterm.text.numbers import exact


def notes(report: Report) -> list[str]:
    """Say what a reader of the table must know."""
    c = report.asked.comparison
    metric, task = metric_named(c.metric), c.record
    better = "less" if metric.direction == "min" else "more"
    lines = [f"Ranked by mean test {metric.key} ({better} is better)"]
    if any(s.ci for s in report.standings):
        region = f"{100 * metric.rope:g} %" if metric.relative else bare(metric.rope, 3)
        lines[0] += "; ± and [ ] are 95 % intervals"
        if any(s.verdict for s in report.standings):
            lines[0] += f", Δ is how far behind the best, tied includes Δ below {region}"
    lines[0] += "."
    lines.append(protocol_named(c.protocol).caveat(task, tuned=c.tuned))
    lines += doubts(c)
    lines += [
        f"{standing.loss} has no {metric.key}: its output does not give it."
        for standing in report.standings
        if standing.scores[metric.key] is None
    ]
    if any(
        s.verdict == "tied" and s.difference and s.difference.ci and s.difference.ci[0] > 0 for s in report.standings
    ):
        lines.append(
            "An interval above 0 may be a tie: intervals are for one pair, verdicts are corrected for all pairs."
        )
    return lines + _edges(report) + _left_out(report)


def _edges(report: Report) -> list[str]:
    """Name the losses whose best learning rate may lie beyond those tried, and rates to try."""
    rates = report.asked.comparison.learning_rates
    wider = {
        "smallest": (rates[0], [float(f"{rates[0] * factor:.3g}") for factor in (0.1, 0.3)] + [*rates]),
        "largest": (rates[-1], [*rates] + [float(f"{rates[-1] * factor:.3g}") for factor in (3, 10)]),
    }
    return [
        f"* {', '.join(losses)}: the best rate is the {word} tried, a better one may lie beyond; "
        f"try lr {','.join(map(exact, more))}."
        for word, (rate, more) in wider.items()
        if (losses := [s.loss for s in report.standings if s.learning_rate_at_edge and s.learning_rate == rate])
    ]


def _left_out(report: Report) -> list[str]:
    """Say which trials the means leave out, and why."""
    lines = [
        f"{s.loss}: {s.diverged + s.failed} of {s.trials} trials diverged or failed; ranked by the others."
        for s in report.standings
        if s.rank is not None and s.diverged + s.failed
    ]
    for s in report.standings:
        elsewhere = [point for point in s.sweep if point.broken and not point.chosen]
        if elsewhere and s.rank is not None:
            counts = ", ".join(f"{point.broken}/{point.ended} at {point.learning_rate:g}" for point in elsewhere)
            lines.append(f"{s.loss} diverged or failed at rates that were not chosen: {counts}.")
    if len({s.done for s in report.standings if s.rank is not None}) > 1:
        lines.append("Losses have different numbers of seeds; they are ranked by the seeds that all have.")
    if report.pending:
        lines.append(f"Partial: {report.pending} of {len(report.rows)} trials have not ended.")
    if report.stopped:
        lines.append(f"Partial: {report.stopped} of {len(report.rows)} trials were stopped.")
    lines += [f"{note.rstrip('.')}." for note in dict.fromkeys(row.note for row in report.rows) if note]
    errors = dict.fromkeys((row.trial.loss, row.error) for row in report.rows if row.error)
    return lines + [f"{loss} failed: {error}" for loss, error in errors]
