"""A report in sentences: what came out, by how much, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from lossterm.metrics import metric_named
from lossterm.reports.cells import bare, number
from lossterm.reports.report import ENOUGH_TO_ESTIMATE, MOST_TO_SETTLE, Report, Standing
from lossterm.statistics.race_levels import looks
from lossterm.statistics.ranking import Verdict
from lossterm.text.harmless import clipped
from lossterm.text.numbers import listed

SHORT = 70
"""Characters of a short sentence up to which something may be added to it."""

LARGE = 10
"""How many times what matters a mean difference is that must be named even if it is not certain."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """The ranked losses by their verdicts."""

    best: str
    equal: list[Standing]
    worse: list[Standing]
    large: list[Standing]
    """Open ones that are far behind, as far as the scores go."""
    open: list[Standing]
    """The other open ones."""


def verdict(report: Report) -> str:
    """Say in a sentence which loss is best, by how much, and how sure that is."""
    return f"{_sentence(report, short=False)}."


def short_verdict(report: Report) -> str:
    """Say the same in about a line, without the amounts that the table below it shows."""
    return _sentence(report, short=True)


def outcome(report: Report) -> Verdict | None:
    """Return the verdict that the whole table comes down to: open, best or equal; None where there is none."""
    verdicts = {standing.verdict for standing in report.standings}
    return "open" if "open" in verdicts else "best" if "worse" in verdicts else "equal" if "equal" in verdicts else None


def _sentence(report: Report, *, short: bool) -> str:
    parts = (_of_leaks, _of_constant, _of_losses, _of_collapses)
    return "".join(part(report, short=short) for part in parts)


def _of_leaks(report: Report, *, short: bool) -> str:
    """Name the columns that may give the target away, if any: scores and verdict come from them then."""
    data = report.asked.comparison.data
    names = data.leaking if data else ()
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"Leak? {clipped(names[0], 16)}{more}. " if short else f"Leak? {clipped(names[0])}{more}, see below. "


def _of_constant(report: Report, *, short: bool) -> str:
    """Say that no loss beats the constant prediction, or none for certain: all else matters little then."""
    constant, best = report.constant, next(iter(report.standings), None)
    if constant is None or constant.beaten or best is None or best.centre is None:
        return ""
    metric = report.asked.comparison.metric
    sign, level = 1 if metric_named(metric).direction == "max" else -1, constant.scores[metric].mean
    ahead = level is not None and sign * (best.centre - level) > 0
    words = f"{'It is not certain that a loss beats' if ahead else 'No loss beats'} the constant prediction"
    return (
        f"{words}. "
        if short
        else f"{words} (test {metric}: constant {number(level)}, {best.loss} {number(best.centre)}). "
    )


def _of_collapses(report: Report, *, short: bool) -> str:
    """Say which losses collapsed, and whether they do so more or less often than the best."""
    parts, predicts = [], "predicts one class" if report.asked.comparison.record.classes else "predicts one number"
    for standing in report.standings:
        of_seeds, loss = f"{standing.collapsed} of {standing.done} seeds", standing.loss
        if standing.collapses and not short:
            parts.append(f"{loss} collapses {standing.collapses} than {report.standings[0].loss}, {of_seeds}")
        elif standing.collapses:
            parts.append(f"{loss} collapses {standing.collapses}")
        elif standing.collapsed:
            parts.append(
                f"{loss} collapsed {standing.collapsed}/{standing.done}"
                if short
                else f"{loss} {predicts} on {of_seeds}"
            )
    return "".join(f"; {part}" for part in parts)


def _of_losses(report: Report, *, short: bool) -> str:
    groups = _grouped(report)
    if not (groups.equal or groups.worse or groups.large or groups.open):
        return f"{_no_verdict(report)}{' so far' if report.partial else ''}"
    sentence = _short(report, groups) if short else _whole(report, groups)
    if not short and any(standing.verdict and standing.without_collapsed for standing in report.standings):
        sentence += ", without collapsed seeds"
    if groups.open or groups.large:
        sentence += f"; {_settling_in_short(report) if short else _settling(report)}"
    if not short and (groups.open or groups.large) and _rates_first(report):
        edges = ""  # that has just been said
    else:
        edges = ", at the rates tried" if any(standing.learning_rate_at_edge for standing in report.standings) else ""
    sentence += edges if not short or len(sentence + edges) <= SHORT else ""
    return f"{'So far: ' if report.partial else ''}{sentence}"


def _grouped(report: Report) -> _Groups:
    ranked = [standing for standing in report.standings if standing.rank is not None]
    undecided = [standing for standing in ranked if standing.verdict == "open"]
    large = [standing for standing in undecided if _is_large(report, standing)]
    return _Groups(
        best=ranked[0].loss if ranked else "",
        equal=[standing for standing in ranked if standing.verdict == "equal"],
        worse=[standing for standing in ranked if standing.verdict == "worse"],
        large=large,
        open=[standing for standing in undecided if standing not in large],
    )


def _is_large(report: Report, standing: Standing) -> bool:
    """Whether a difference is large by what usually matters, whatever a person said that matters."""
    assert standing.difference is not None
    return standing.difference.mean >= LARGE * report.usual_rope > 0


def _whole(report: Report, groups: _Groups) -> str:
    equal, undecided = _names(groups.equal), _names(groups.open)
    if groups.worse:
        sentence = f"{groups.best} is best, ahead of {_sizes(report, groups.worse)}"
        sentence += f", equal to {listed(equal)}" if equal else ""
        sentence += f"; not certain: ahead of {_sizes(report, groups.large)}" if groups.large else ""
        return sentence + (f"; open: {listed(undecided)}" if undecided else "")
    if groups.large:
        sentence = f"Not certain: {groups.best} is ahead of {_sizes(report, groups.large)}"
        sentence += f"; equal: {listed(equal)}" if equal else ""
        return sentence + (f"; open: {listed(undecided)}" if undecided else "")
    if not undecided:
        return f"No difference that matters: {_who(report, [groups.best, *equal])} equal"
    if equal:
        return f"No detectable difference: {listed([groups.best, *equal])} equal, {listed(undecided)} open"
    return f"No detectable difference: {_who(report, [groups.best, *undecided])} open"


def _short(report: Report, groups: _Groups) -> str:
    equal, undecided = _named(groups.best, groups.equal, "equal"), [*groups.large, *groups.open]
    rest = [part for part in (equal, _named(groups.best, undecided, "open")) if part]
    if groups.worse:
        return f"Best: {groups.best}; {', '.join(rest)}" if rest else f"{groups.best} is best"
    if groups.large:
        return f"Not certain: {groups.best} is ahead"
    if groups.equal and groups.open:
        return f"No detectable difference: {len(groups.equal) + 1} equal, {len(groups.open)} open"
    return _whole(report, groups)


def _names(standings: Sequence[Standing]) -> list[str]:
    return [standing.loss for standing in standings]


def _named(best: str, standings: Sequence[Standing], verdict: str) -> str:
    """Name a single loss with its verdict if there is room beside the best, else say how many there are."""
    if not standings:
        return ""
    first = standings[0].loss
    who = first if len(standings) == 1 and len(best + first) <= 36 else str(len(standings))
    return f"{who} {verdict}"


def _who(report: Report, losses: Sequence[str]) -> str:
    many = "both" if len(losses) == 2 else f"all {len(losses)}"
    if len(losses) < len(report.standings):
        many = f"{len(losses)} losses"
    return many if len(losses) > 2 or sum(map(len, losses)) > 26 else listed(losses)


def _no_verdict(report: Report) -> str:
    """Say why there is no verdict."""
    ranked = [standing.loss for standing in report.standings if standing.rank is not None]
    if not ranked:
        return "No trial has a score"
    if len(ranked) == 1:
        return f"Only {ranked[0]} has scores{_why_others_have_none(report)}: nothing to compare"
    if report.race and not report.race.looked:
        return f"The first look is at {looks(report.race.cap)[0]} seeds: no verdict"
    if report.asked.comparison.seeds == 1:
        first = [standing.loss for standing in report.standings if standing.rank == 1]
        ahead = f"{first[0]} is ahead" if len(first) == 1 else f"{listed(first)} are level"
        return f"{ahead} on one seed: no interval, no verdict"
    return "No verdict: fewer than three seeds have scores that can be compared"


def _why_others_have_none(report: Report) -> str:
    """Name the losses without a rank whose trials failed or diverged."""
    unranked = {standing.loss for standing in report.standings if standing.rank is None}
    ends = {row.trial.loss: row.status for row in report.rows if row.status in ("failed", "diverged")}
    words = [f"{loss} {end}" for loss, end in ends.items() if loss in unranked]
    return f" ({listed(words)})" if words else ""


def _sizes(report: Report, standings: Sequence[Standing]) -> str:
    """Name losses with how far each is behind, and say of what that is a share or amount."""
    metric, best = report.asked.comparison.metric, report.standings[0]
    behind = listed([f"{standing.loss} by {_size(report, standing)}" for standing in standings])
    return f"{behind} of {best.loss}'s test {metric}" if _relative(report) else f"{behind} in test {metric}"


def _relative(report: Report) -> bool:
    return metric_named(report.asked.comparison.metric).relative and bool(report.standings[0].centre)


def _size(report: Report, standing: Standing) -> str:
    """Write how far a loss is behind: in units of the metric, or as a share of the best's for relative metrics."""
    assert standing.difference is not None
    best = report.standings[0].centre
    if _relative(report) and best:
        return f"{100 * standing.difference.mean / abs(best):,.0f} %"
    return bare(standing.difference.mean, 3)


def _settling(report: Report) -> str:
    """Say whether more seeds would settle what is open."""
    if report.seeds_of_undecided < ENOUGH_TO_ESTIMATE:
        return "too few seeds to say how many would settle it"
    if _rates_first(report):
        return f"try other rates first, since the best of {listed(_at_edges(report))} is at the edge of those tried"
    if report.seeds_to_settle is None:
        return _beyond_seeds(report)
    if report.seeds_to_settle > MOST_TO_SETTLE:
        return f"more than {MOST_TO_SETTLE:,} seeds would be needed to settle it"
    return f"~{report.seeds_to_settle:,} seeds would settle it"


def _rates_first(report: Report) -> bool:
    """Whether other rates are to be tried before it is asked how many seeds would settle what is open."""
    enough = report.seeds_of_undecided >= ENOUGH_TO_ESTIMATE
    return enough and report.seeds_to_settle is None and bool(_at_edges(report))


def _beyond_seeds(report: Report) -> str:
    """Say why no number of seeds would settle what is open."""
    if report.rope == 0:
        return "with a ROPE of 0 no number of seeds shows that nothing differs"
    if report.correlation:
        return "no number of re-splits would settle it, more data would"
    return "no number of seeds would settle it"


def _at_edges(report: Report) -> list[str]:
    """Return the losses, of the best and of those that are open, whose best rate lies at the edge of those tried."""
    asked = [standing for standing in report.standings if standing.rank == 1 or standing.verdict == "open"]
    return [standing.loss for standing in asked if standing.learning_rate_at_edge]


def _settling_in_short(report: Report) -> str:
    """Say the same so that it fits a line of the smallest terminal."""
    if report.seeds_of_undecided < ENOUGH_TO_ESTIMATE:
        return "too few seeds to tell how many"
    if _rates_first(report):
        return "try other learning rates first"
    if report.seeds_to_settle is None:
        return "more data would settle it" if report.rope and report.correlation else "seeds do not settle it"
    many = report.seeds_to_settle > MOST_TO_SETTLE
    return f"{MOST_TO_SETTLE:,}+ seeds settle it" if many else f"~{report.seeds_to_settle:,} seeds settle it"
