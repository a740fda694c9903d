"""A report in sentences: what was compared, what came out, and what a reader must know."""

from collections.abc import Sequence

from lossterm.comparison import Comparison
from lossterm.figures import bare, exact
from lossterm.hyperparameters import ACTIVATIONS, SCHEDULES, Hyperparameters
from lossterm.lint import doubts
from lossterm.metrics import metric_named
from lossterm.networks import called
from lossterm.protocols import protocol_named
from lossterm.report import MOST_TO_SETTLE, Report, Standing


def headline(report: Report) -> str:
    """Say in one line what was compared."""
    c, h = report.asked.comparison, report.asked.comparison.hyperparameters
    seeds = "1 seed" if c.seeds == 1 else f"{c.seeds} seeds"
    rates = f"lr {c.learning_rates[0]:g}"
    if c.tuned:
        rates = f"{len(c.learning_rates)} lr from {c.learning_rates[0]:g} to {c.learning_rates[-1]:g}"
    if h.early_stopping:
        seeds, epochs = f"{seeds} × up to", f"{h.epochs} epochs (stopped after {h.early_stopping} without a better)"
    else:
        seeds, epochs = f"{seeds} ×", f"{h.epochs} epochs"
    rates += f" {h.schedule}" if h.schedule != SCHEDULES[0] else ""
    weights = f", {h.class_weight} classes" if h.class_weight else ""
    return f"{c.task}: {seeds} {epochs}, {rates}, {h.optimizer}, batch {h.batch_size}{weights}, {_network(h)}"


def _network(h: Hyperparameters) -> str:
    """Say what is trained; what is as usual is left out."""
    if h.model:
        return f"network {called(h.model)}"
    layers = ",".join(map(str, h.hidden)) or "none"
    parts = [f"hidden {layers}" + (f" {h.activation}" if h.activation != ACTIVATIONS[0] else "")]
    parts += ["batch norm"] if h.batch_norm else []
    parts += [f"dropout {h.dropout:g}"] if h.dropout else []
    parts += [f"l2 {h.l2:g}"] if h.l2 else []
    parts += [f"output drawn with sd {h.initial_sd:g}"] if h.initial_sd is not None else []
    return ", ".join(parts)


def verdict(report: Report) -> str:
    """Say in a sentence which loss is best, by how much, and how sure that is."""
    return f"{_said(report, short=False)}."


def short_verdict(report: Report) -> str:
    """Say the same in about a line, to stand above a table that says by how much."""
    return _said(report, short=True)


def _said(report: Report, *, short: bool) -> str:
    best, tied, worse = _sorted(report)
    if not tied and not worse:
        return f"{_no_verdict(report)}{' so far' if report.partial else ''}"
    if not worse:
        said = _all_tied(report, [best, *tied])
    elif short and tied:
        others = tied[0] if len(tied) == 1 and len(best + tied[0]) <= 36 else str(len(tied))
        said = f"Best: {best}, tied with {others}; {_settling(report)}"
    elif short:
        said = f"{best} is best"
    else:
        behind = _listed([f"{standing.loss} by {_size(standing, report.asked.comparison)}" for standing in worse])
        said = f"{best} is best, ahead of {behind}"
        said += f", tied with {_listed(tied)}; {_settling(report)}" if tied else ""
    return f"{'So far: ' if report.partial else ''}{said}"


def _sorted(report: Report) -> tuple[str, list[str], list[Standing]]:
    """Return the best loss, those tied with it and the standings of the worse; "" without a verdict."""
    ranked = [standing for standing in report.standings if standing.rank is not None]
    return (
        ranked[0].loss if ranked else "",
        [standing.loss for standing in ranked if standing.verdict == "tied"],
        [standing for standing in ranked if standing.verdict == "worse"],
    )


def _all_tied(report: Report, losses: Sequence[str]) -> str:
    many = "both" if len(losses) == 2 else f"all {len(losses)}"
    if len(losses) < len(report.standings):
        many = f"{len(losses)} losses"
    who = many if len(losses) > 2 or sum(map(len, losses)) > 26 else _listed(losses)
    return f"No detectable difference: {who} tied; {_settling(report)}"


def _no_verdict(report: Report) -> str:
    """Say why nothing is known."""
    ranked = [standing.loss for standing in report.standings if standing.rank is not None]
    if not ranked:
        return "No trial has a score"
    if len(ranked) == 1:
        return f"Only {ranked[0]} has scores: nothing to compare"
    if report.asked.comparison.seeds == 1:
        first = [standing.loss for standing in report.standings if standing.rank == 1]
        ahead = f"{first[0]} is ahead" if len(first) == 1 else f"{_listed(first)} are level"
        return f"{ahead} on one seed: no interval, no verdict"
    return "No verdict: fewer than two seeds have scores that can be compared"


def _size(standing: Standing, comparison: Comparison) -> str:
    """Write how far behind: in units of the metric, or as a share where that is what matters for the metric."""
    assert standing.difference is not None
    if metric_named(comparison.metric).relative and standing.mean:
        return f"{100 * standing.difference.mean / standing.mean:.0f} %"
    return bare(standing.difference.mean, 3)


def _settling(report: Report) -> str:
    """Say whether more seeds would tell tied losses apart."""
    tied = [standing for standing in report.standings if standing.verdict == "tied"]
    if all(standing.equivalent for standing in tied):
        return "equal for all that matters"
    if report.seeds_to_settle is None:
        return "more data may be needed"
    have = min(standing.pairs or 0 for standing in tied)
    if report.seeds_to_settle <= have:
        return "a gap that matters would show"
    if report.seeds_to_settle > MOST_TO_SETTLE:
        return f"more than {MOST_TO_SETTLE:,} seeds would be needed to settle it"
    return f"~{report.seeds_to_settle:,} seeds would settle it"


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


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
        lines.append("An interval above 0 may be a tie: intervals are of one comparison, verdicts corrected for all.")
    return lines + _edges(report) + _casualties(report)


def _edges(report: Report) -> list[str]:
    """Say for which losses a better learning rate may lie beyond those tried, and what to ask for."""
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


def _casualties(report: Report) -> list[str]:
    """Say which trials are not in the means, and why."""
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
