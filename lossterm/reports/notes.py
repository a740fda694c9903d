"""What a reader of a table must know: how it was ranked, what is doubtful, which trials the means leave out."""

from lossterm.comparison.doubts import doubts
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.metrics import CONSTANT, metric_named
from lossterm.reports.cells import NOTHING, bare, number
from lossterm.reports.curve_shape import NOTICEABLE
from lossterm.reports.gradient_rows import why_behind
from lossterm.reports.levelling import longer
from lossterm.reports.race_course import race_in_words
from lossterm.reports.report import ENOUGH_TO_ESTIMATE, Report, Standing, metrics_of
from lossterm.reports.widening import rates_beyond, rates_to_try
from lossterm.statistics.verdict_levels import EXTENDED
from lossterm.text.marks import COLLAPSED
from lossterm.text.numbers import counted, exact, listed


def notes(report: Report) -> list[str]:
    """Say what a reader of the table must know."""
    c = report.asked.comparison
    metric, task = metric_named(c.metric), c.record
    better = "less" if metric.direction == "min" else "more"
    lines = [f"Ranked by {'median' if report.by_median else 'mean'} test {metric.key} ({better} is better)"]
    if any(s.centre_ci for s in report.standings):
        lines[0] += "; [ ] beside it is a 95 % interval by signs" if report.by_median else "; ± is a 95 % interval"
        if any(s.verdict for s in report.standings):
            lines[0] += (
                f", Δ is how far behind the best, within [ ] for the whole table, equal is less than {region(report)}"
            )
    lines[0] += "."
    lines += [*_collapsed(report), *_constant(report), *race_in_words(report), *_levels(report), *_own_rope(report)]
    lines += [*why_behind(report), *_agreeing(report), *_still_falling(report)]
    lines.append(protocol_named(c.protocol).caveat(task, tuned=c.tuned))
    lines += doubts(c)
    lines += [
        f"{standing.loss} has no {metric.key}: its output does not give it."
        for standing in report.standings
        if standing.scores[metric.key] is None
    ]
    return (
        lines
        + _undefined(report)
        + _little(report)
        + _each_to_settle(report)
        + _widened(report)
        + _edges(report)
        + _left_out(report)
    )


def _collapsed(report: Report) -> list[str]:
    """Say which losses collapsed how often, how surely that is known, and what it changes in the table."""
    fell = [s for s in report.standings if s.collapsed]
    if not fell:
        return []
    alike = "one class" if report.asked.comparison.record.classes else "one number"
    lines = [f"Collapsed, so that the network predicts {alike} for all rows: {listed(list(map(_rate, fell)))}."]
    if not report.by_median:
        return [*lines, "A race goes by means, collapsed seeds included; without --until settled medians would rank."]
    if any(s.without_collapsed and s.verdict for s in report.standings):
        lines.append(f"{COLLAPSED} The verdict and Δ are without the seeds on which the loss or the best collapsed.")
    if not any(s.collapses for s in report.standings) and len(report.standings) > 1:
        lines.append(
            "Whether one loss collapses more often is open: one in ten against none can hardly be found by 30 seeds."
        )
    return lines


def _agreeing(report: Report) -> list[str]:
    """Say of which losses, of those that learn anything, an interval without width is no certainty."""
    comparison = report.asked.comparison
    constant = report.constant and report.constant.scores[comparison.metric].mean
    same = [
        s
        for s in report.standings
        if s.ci is not None and s.ci[1] - s.ci[0] < NOTHING and not s.collapsed and s.mean != constant
    ]
    if report.by_median or not same:
        return []
    every = listed([f"all {standing.done} seeds of {standing.loss}" for standing in same])
    rows = protocol_named(comparison.protocol).rows(comparison.record)["test"]
    return [
        f"±0 is no certainty: {every} give the same {comparison.metric}, as may happen by chance in {rows:,} test rows."
    ]


def _rate(standing: Standing) -> str:
    """Write how often a loss collapsed, with the interval of its probability."""
    assert standing.collapsed_ci is not None
    low, high = standing.collapsed_ci
    return f"{standing.loss} on {standing.collapsed} of {standing.done} seeds [{bare(low, 2)}, {bare(high, 2)}]"


SKEWED = 0.8
"""Share of the largest class above which accuracy hardly tells what a model learnt."""


def _constant(report: Report) -> list[str]:
    """Say what the last line of the table is, and when another metric tells more."""
    if report.constant is None:
        return []
    lines = [f"{CONSTANT}: predicts {report.constant.predicts}, whatever the features are."]
    share = report.constant.scores[report.asked.comparison.metric].mean or 0.0
    if report.asked.comparison.metric == "accuracy" and share > SKEWED:
        lines.append(
            f"One class is {100 * share:.0f} % of the test rows, which accuracy rewards: "
            "--metric balanced_accuracy counts every class alike."
        )
    return lines


def _levels(report: Report) -> list[str]:
    """Say how often such a table errs: at this look, and at all looks at the same seeds."""
    if not any(s.verdict for s in report.standings):
        return []
    levels = report.levels
    errs = f"about {100 * levels.worse:g} % of such tables call a loss worse that equals the best"
    if report.race:
        errs = f"about {100 * levels.worse_so_far:g} % of such races call a loss worse by now that equals the best"
        return [f"Look {levels.look} of the race: {errs}."]
    if levels.look > 1:
        return [f"Look {levels.look} at this table: {errs}, {100 * levels.worse_so_far:g} % over all looks so far."]
    if levels.final:
        return [f"Declared final: {errs}."]
    return [f"First look at this table: {errs}; a look at more seeds adds {100 * EXTENDED:g} %."]


def _own_rope(report: Report) -> list[str]:
    """Say what follows from a ROPE that a person has chosen."""
    rope = report.asked.comparison.rope
    apart = [abs(s.difference.mean) for s in report.standings if s.verdict and s.difference]
    if rope is None or not apart:
        return []
    if rope == 0:
        return ["The ROPE is 0: every difference matters, so no loss is called equal to the best."]
    if rope > max(apart):
        return [f"The ROPE of {rope:g} is wider than every difference here; the largest is {number(max(apart))}."]
    return []


def _still_falling(report: Report) -> list[str]:
    """Doubt the number of epochs, where losses had not stopped learning."""
    if not report.still_falling:
        return []
    comparison = report.asked.comparison
    epochs, rows = comparison.hyperparameters.epochs, protocol_named(comparison.protocol).held_out
    more = f": try {counted(again.hyperparameters.epochs, 'epoch')}" if (again := longer(report)) else ""
    return [
        f"Not levelled off after {counted(epochs, 'epoch')}: {listed(report.still_falling)} (on {rows}, down by more "
        f"than {100 * NOTICEABLE:g} % of the whole way in the last tenth). "
        f"The order may change{more}."
    ]


def region(report: Report) -> str:
    """Write what matters: as a share of the best, or in units of the metric where that is what counts."""
    rope = report.region
    if rope.relative and report.rope > rope.least:
        return f"{100 * rope.size:g} % of the best"
    return f"{report.rope:.3g}".replace("0.", ".", 1) if 1e-4 <= report.rope < 1 else f"{report.rope:.3g}"


def _undefined(report: Report) -> list[str]:
    """Say which metrics the data of some trials leave undefined, and why."""
    lines = []
    for metric in metrics_of(report.asked.comparison):
        scores = [(row.scores or {}).get(metric.key) for row in report.judged()]
        missing = sum(splits is not None and splits.get("test", 0.0) is None for splits in scores)
        if metric.undefined and missing:
            lines.append(f"{metric.key} is missing for {counted(missing, 'trial')}: {metric.undefined}.")
    return lines


def _little(report: Report) -> list[str]:
    """Name the losses that are behind beyond chance, but by less than matters."""
    little = [s for s in report.standings if s.less_than_matters]
    equal = [s.loss for s in little if s.verdict == "equal"]
    perhaps = [s.loss for s in little if s.verdict == "worse"]
    lines = [f"Behind, by less than matters: {listed(equal)}."] if equal else []
    return lines + ([f"Worse, on average by less than matters: {listed(perhaps)}."] if perhaps else [])


def _each_to_settle(report: Report) -> list[str]:
    """Say how many seeds would settle each open verdict, where the sentence on top gives only the largest number."""
    counts = {s.loss: s.seeds_to_settle for s in report.undecided if s.seeds_to_settle is not None}
    if report.seeds_of_undecided < ENOUGH_TO_ESTIMATE:
        return []
    if len(set(counts.values())) < 2 and len(counts) == len(report.undecided):
        return []
    each = [f"{loss} ~{count:,}" for loss, count in counts.items()]
    return [f"Seeds that would settle each open verdict: {', '.join(each)}."] if each else []


def _widened(report: Report) -> list[str]:
    """Tell which losses were tried at rates beyond the grid, by the rule that holds for all."""
    comparison = report.asked.comparison
    beyond = {loss: rates for loss in comparison.losses if (rates := rates_beyond(comparison, loss))}
    if not beyond:
        return []
    each = ", ".join(f"{loss} {' '.join(f'{rate:g}' for rate in rates)}" for loss, rates in beyond.items())
    return [f"The grid of rates was widened where the best lay clearly at its edge: {each}."]


def _edges(report: Report) -> list[str]:
    """Name the losses whose best learning rate may lie beyond those tried, and rates to try."""
    at: dict[tuple[str, tuple[float, ...]], list[str]] = {}
    for standing in report.standings:
        if standing.learning_rate_at_edge:
            word = "smallest" if standing.learning_rate == standing.sweep[0].learning_rate else "largest"
            at.setdefault((word, tuple(rates_to_try(standing))), []).append(standing.loss)
    return [
        f"* {', '.join(losses)}: the best rate is the {word} tried, a better one may lie beyond; "
        f"try lr {','.join(map(exact, wider))}."
        for (word, wider), losses in at.items()
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
    if len({s.done for s in report.standings if s.rank is not None}) > 1 and not report.race:
        lines.append("Losses have different numbers of seeds; they are ranked by the seeds that all have.")
    if report.pending:
        lines.append(f"Partial: {report.pending} of {len(report.rows)} trials have not ended.")
    if report.stopped:
        lines.append(f"Partial: {report.stopped} of {len(report.rows)} trials were stopped.")
    lines += [f"{note.rstrip('.')}." for note in dict.fromkeys(row.note for row in report.rows) if note]
    errors = dict.fromkeys((row.trial.loss, row.error) for row in report.rows if row.error)
    return lines + [f"{loss} failed: {error}" for loss, error in errors]
