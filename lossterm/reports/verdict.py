"""A report in sentences: what was compared, what came out, and what a reader must know."""

from collections.abc import Sequence

from lossterm.comparison.comparison import Comparison
from lossterm.metrics import metric_named
from lossterm.reports.cells import bare
from lossterm.reports.report import MOST_TO_SETTLE, Report, Standing
from lossterm.text.numbers import listed


def verdict(report: Report) -> str:
    """Say in a sentence which loss is best, by how much, and how sure that is."""
    return f"{_sentence(report, short=False)}."


def short_verdict(report: Report) -> str:
    """Say the same in about a line, without amounts, for use above a table that shows them."""
    return _sentence(report, short=True)


def _sentence(report: Report, *, short: bool) -> str:
    best, tied, worse = _sorted(report)
    if not tied and not worse:
        return f"{_no_verdict(report)}{' so far' if report.partial else ''}"
    if not worse:
        sentence = _all_tied(report, [best, *tied])
    elif short and tied:
        others = tied[0] if len(tied) == 1 and len(best + tied[0]) <= 36 else str(len(tied))
        sentence = f"Best: {best}, tied with {others}; {_settling(report)}"
    elif short:
        sentence = f"{best} is best"
    else:
        behind = listed([f"{standing.loss} by {_size(standing, report.asked.comparison)}" for standing in worse])
        sentence = f"{best} is best, ahead of {behind}"
        sentence += f", tied with {listed(tied)}; {_settling(report)}" if tied else ""
    return f"{'So far: ' if report.partial else ''}{sentence}"


def _sorted(report: Report) -> tuple[str, list[str], list[Standing]]:
    """Return the best loss ("" without one), those tied with it, and the standings of the worse."""
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
    who = many if len(losses) > 2 or sum(map(len, losses)) > 26 else listed(losses)
    return f"No detectable difference: {who} tied; {_settling(report)}"


def _no_verdict(report: Report) -> str:
    """Say why there is no verdict."""
    ranked = [standing.loss for standing in report.standings if standing.rank is not None]
    if not ranked:
        return "No trial has a score"
    if len(ranked) == 1:
        return f"Only {ranked[0]} has scores: nothing to compare"
    if report.asked.comparison.seeds == 1:
        first = [standing.loss for standing in report.standings if standing.rank == 1]
        ahead = f"{first[0]} is ahead" if len(first) == 1 else f"{listed(first)} are level"
        return f"{ahead} on one seed: no interval, no verdict"
    return "No verdict: fewer than two seeds have scores that can be compared"


def _size(standing: Standing, comparison: Comparison) -> str:
    """Write how far a loss is behind: in units of the metric, or as a share for relative metrics."""
    assert standing.difference is not None
    if metric_named(comparison.metric).relative and standing.mean:
        return f"{100 * standing.difference.mean / standing.mean:.0f} %"
    return bare(standing.difference.mean, 3)


def _settling(report: Report) -> str:
    """Say whether more seeds would settle the ties."""
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
