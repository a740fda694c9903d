"""Several comparisons side by side: what each says of the same losses on the same task."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

from lossterm.history.entries import Entry, History
from lossterm.reports import headline, verdict, what_differs
from lossterm.reports.cells import DASH, centre
from lossterm.reports.report import Report, Standing, build, fitting_metric
from lossterm.text.columns import TableColumn, plain
from lossterm.text.harmless import printable
from lossterm.text.numbers import moment

BEST = "*"
"""Mark beside the score of the best loss of its column."""

WIDEST = 70
"""Characters of a line of settings."""

LONGEST_HEAD = 24
"""Characters of a name above its column, unless two names need more to differ."""


def of_comparisons(history: History, entries: Sequence[Entry], now: float) -> list[str]:
    """Say of two comparisons what differs and by how much, and set any number side by side; the times are up to `now`.

    Raises LosstermError for one that cannot be judged.
    """
    names = ("first", "second") if len(entries) == 2 else tuple(str(place) for place in range(1, len(entries) + 1))
    reports = {name: history.report(entry) for name, entry in zip(names, entries, strict=True)}
    said = what_differs.lines(*reports.values()) if len(entries) == 2 else []
    which = [
        f"{name}: {entry.title} in {printable(entry.session)}, {moment(report.asked.created, now)}"
        for (name, report), entry in zip(reports.items(), entries, strict=True)
    ]
    return [*said, *([""] if said else []), *which, "", *lines({name: [report] for name, report in reports.items()})]


def lines(by_column: Mapping[str, Sequence[Report]]) -> list[str]:
    """Return a table for each task that any column has: a row for each loss.

    If a column has several reports of a task, the last is shown; all are ranked by the metric of the first column.
    """
    tasks = dict.fromkeys(report.asked.comparison.task for of_column in by_column.values() for report in of_column)
    text: list[str] = []
    for task in tasks:
        last = {
            column: next((report for report in reversed(of_column) if report.asked.comparison.task == task), None)
            for column, of_column in by_column.items()
        }
        text += [*([""] if text else []), *_task(task, last)]
    return text or ["Nothing was compared."]


def _task(task: str, last: Mapping[str, Report | None]) -> list[str]:
    first = next(report for report in last.values() if report)
    metric = first.asked.comparison.metric
    ranked = {
        column: build(report.asked, report.rows, fitting_metric(report.asked, metric)) if report else None
        for column, report in last.items()
    }
    there = {column: report for column, report in ranked.items() if report}
    return [
        f"{task}: mean test {metric} ± half a 95 % interval{_medians(there)}, {BEST} best of its column",
        "",
        *_table(ranked).split("\n"),
        "",
        *(
            line
            for column, report in there.items()
            for line in (f"{column}: {verdict.short_verdict(report)}", *_settings(report))
        ),
        *_warnings(there, metric),
    ]


def _medians(there: Mapping[str, Report]) -> str:
    """Say where medians stand instead of means."""
    return ", or median [95 % interval] where trials collapsed" if any(one.by_median for one in there.values()) else ""


def _settings(report: Report) -> list[str]:
    """Say what was compared, in lines that fit a small terminal: the difference may be at their end."""
    return wrap(headline.headline(report), WIDEST, initial_indent="  ", subsequent_indent="    ")


def _table(ranked: Mapping[str, Report | None]) -> str:
    """Write a row for each loss, in the order of the columns' standings."""
    standings = {column: report.standings if report else () for column, report in ranked.items()}
    losses = list(dict.fromkeys(standing.loss for ranking in standings.values() for standing in ranking))
    columns = [TableColumn("loss", False, tuple(losses))]
    for head, ranking in zip(_heads(list(standings)), standings.values(), strict=True):
        places = {standing.loss: standing for standing in ranking}
        columns.append(TableColumn(head, True, tuple(_cell(places.get(loss)) for loss in losses)))
    return plain(columns)


def _cell(standing: Standing | None) -> str:
    if standing is None:
        return f"{DASH} "
    return centre(standing) + (BEST if standing.rank == 1 else " ")


def _heads(names: Sequence[str]) -> list[str]:
    """Return the columns' names, shortened if they stay distinct."""
    cut = [name if len(name) <= LONGEST_HEAD else f"{name[: LONGEST_HEAD - 1]}…" for name in names]
    return cut if len(set(cut)) == len(cut) else list(names)


def _warnings(there: Mapping[str, Report], metric: str) -> list[str]:
    """Say why numbers of the columns cannot be compared with each other."""
    warnings = [
        f"{column} has no {metric}: its column is {report.asked.comparison.metric}."
        for column, report in there.items()
        if report.asked.comparison.metric != metric
    ]
    protocols = sorted({report.asked.comparison.protocol for report in there.values()})
    if len(protocols) > 1:
        warnings.append(f"Not the same protocol ({', '.join(protocols)}): the numbers are not of the same kind.")
    return warnings
