"""Several sessions side by side: what each says of the same losses on the same task."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

from lossterm.reports import headline, verdict
from lossterm.reports.cells import DASH, spread
from lossterm.reports.report import Report, Standing, build, fitting_metric, rows_of, tables
from lossterm.store import Store
from lossterm.text.columns import TableColumn, plain

BEST = "*"
"""Mark beside the score of the best loss of its session."""

WIDEST = 70
"""Characters of a line of settings."""

LONGEST_HEAD = 24
"""Characters of a session's name above its column, unless two names need more to differ."""


def reports(store: Store, session: str) -> list[Report]:
    """Return a session's standings, one for each table, the latest last."""
    every = store.reader.comparisons(session)
    rows = store.reader.trials([asked.id for asked in every])
    return [build(asked, rows_of(asked, rows)) for asked in tables(every)]


def lines(by_session: Mapping[str, Sequence[Report]]) -> list[str]:
    """Return a table for each task that any of the sessions has: a row for each loss, a column for each session.

    If a session has several tables of a task, the last is shown; all are ranked by the metric of the first session.
    """
    tasks = dict.fromkeys(report.asked.comparison.task for of_session in by_session.values() for report in of_session)
    text: list[str] = []
    for task in tasks:
        last = {
            session: next((report for report in reversed(of_session) if report.asked.comparison.task == task), None)
            for session, of_session in by_session.items()
        }
        text += [*([""] if text else []), *_task(task, last)]
    return text or ["None of these sessions holds a comparison."]


def _task(task: str, last: Mapping[str, Report | None]) -> list[str]:
    first = next(report for report in last.values() if report)
    metric = first.asked.comparison.metric
    ranked = {
        session: build(report.asked, report.rows, fitting_metric(report.asked, metric)) if report else None
        for session, report in last.items()
    }
    there = {session: report for session, report in ranked.items() if report}
    return [
        f"{task}: mean test {metric} ± half a 95 % interval, {BEST} best of its session",
        "",
        *_table(ranked).split("\n"),
        "",
        *(
            line
            for session, report in there.items()
            for line in (f"{session}: {verdict.short_verdict(report)}", *_settings(report))
        ),
        *_warnings(there, metric),
    ]


def _settings(report: Report) -> list[str]:
    """Say what was compared, in lines that fit a small terminal: the difference may be at their end."""
    return wrap(headline.headline(report), WIDEST, initial_indent="  ", subsequent_indent="    ")


def _table(ranked: Mapping[str, Report | None]) -> str:
    """Write a row for each loss, in the order of the sessions' standings, and a column for each session."""
    standings = {session: report.standings if report else () for session, report in ranked.items()}
    losses = list(dict.fromkeys(standing.loss for ranking in standings.values() for standing in ranking))
    columns = [TableColumn("loss", False, tuple(losses))]
    for head, ranking in zip(_heads(list(standings)), standings.values(), strict=True):
        places = {standing.loss: standing for standing in ranking}
        columns.append(TableColumn(head, True, tuple(_cell(places.get(loss)) for loss in losses)))
    return plain(columns)


def _cell(standing: Standing | None) -> str:
    if standing is None:
        return f"{DASH} "
    return spread(standing.mean, standing.ci) + (BEST if standing.rank == 1 else " ")


def _heads(sessions: Sequence[str]) -> list[str]:
    """Return the sessions' names, shortened if they stay distinct."""
    cut = [name if len(name) <= LONGEST_HEAD else f"{name[: LONGEST_HEAD - 1]}…" for name in sessions]
    return cut if len(set(cut)) == len(cut) else list(sessions)


def _warnings(there: Mapping[str, Report], metric: str) -> list[str]:
    """Say why numbers of the sessions cannot be compared with each other."""
    warnings = [
        f"{session} has no {metric}: its column is {report.asked.comparison.metric}."
        for session, report in there.items()
        if report.asked.comparison.metric != metric
    ]
    protocols = sorted({report.asked.comparison.protocol for report in there.values()})
    if len(protocols) > 1:
        warnings.append(f"Not the same protocol ({', '.join(protocols)}): the numbers are not of the same kind.")
    return warnings
