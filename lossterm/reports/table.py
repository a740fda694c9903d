"""The columns of a report's table, from which plain text and Markdown are written."""

from collections.abc import Collection, Iterable

from lossterm.comparison.protocol import SplitName
from lossterm.losses import loss_recorded
from lossterm.metrics import metric_named
from lossterm.reports.cells import DASH, gap, number, rate, spread, strip, times_beaten, trial_counts
from lossterm.reports.report import Report, Standing, metrics_of
from lossterm.text.columns import TableColumn

DISTORTED = "†"
"""Mark beside a score of probabilities that the loss distorts because it is not proper."""


def columns_of(
    report: Report, others: int | None = None, *, short: bool = False, without: Collection[str] = ()
) -> list[TableColumn]:
    """Return the columns of the table except those in `without`, with `others` metrics besides the ranking one.

    Empty columns are left out: with one seed there are no intervals and no verdicts.
    """
    comparison, standings = report.asked.comparison, report.standings
    ranking = metric_named(comparison.metric)
    shown = [metric.key for metric in metrics_of(comparison) if metric.key != ranking.key]

    def column(head: str, texts: Iterable[str], *, right: bool = True) -> TableColumn:
        return TableColumn(head, right, tuple(texts))

    def scores(metric: str, split: SplitName) -> Iterable[str]:
        for standing in standings:
            summary = (standing.scores[metric] or {}).get(split)
            yield marked(standing, metric, number(summary.mean if summary else None))

    def marked(standing: Standing, metric: str, text: str) -> str:
        distorted = text != DASH and metric_named(metric).distorted(loss_recorded(standing.loss))
        return text + DISTORTED if distorted else text

    def score(standing: Standing) -> str:
        return marked(standing, ranking.key, spread(standing.mean, standing.ci, digits=1 if short else 2))

    columns = {
        "rank": column("#", (str(s.rank or DASH) for s in standings)),
        "loss": column("loss", (s.loss for s in standings), right=False),
        "score": column(f"{ranking.key} test", (score(s) for s in standings)),
        "difference": column("Δ to best", (gap(s.difference, brackets=not short) for s in standings), right=False),
        "beaten": column("beaten", (times_beaten(s) for s in standings)),
        "verdict": column("verdict", (s.verdict or DASH for s in standings), right=False),
        "rate": column("lr", map(rate, standings), right=False),
        "sweep": column("lr sweep", map(strip, standings), right=False),
        "train": column("train", scores(ranking.key, "train")),
        **{key: column(key, scores(key, "test")) for key in shown[:others]},
        "trials": column("trials", (trial_counts(s, short=short) for s in standings), right=False),
    }
    always = ("rank", "loss", "score", "rate", "trials")
    empty = {name for name, column in columns.items() if name not in always and set(column.values) <= {DASH}}
    if not comparison.tuned:
        empty.add("sweep")
    return [column for name, column in columns.items() if name not in empty and name not in without]


LESS_NEEDED = ("sweep", "train", "trials", "beaten", "rate")
"""Columns that a narrow table leaves out, in this order, once the other metrics are gone."""


def fit_to(report: Report, width: int, *, between: int) -> tuple[list[TableColumn], bool]:
    """Return as many columns as fit a width, dropping the least needed first; and whether all fit."""
    every = columns_of(report)
    layouts = [columns_of(report, others) for others in range(len(every), -1, -1)]
    layouts += [columns_of(report, 0, without=LESS_NEEDED[:count]) for count in (1, 2)]
    kept = () if report.sound and not report.partial else ("trials",)  # trials failed or are missing: show it
    for count in range(2, len(LESS_NEEDED) + 1):
        left_out = [name for name in LESS_NEEDED[:count] if name not in kept]
        layouts.append(columns_of(report, 0, short=True, without=left_out))
    layouts.append(columns_of(report, 0, short=True, without=[*left_out, "difference"]))
    layouts.append(columns_of(report, 0, short=True, without=[*left_out, "difference", "verdict"]))
    for columns in layouts:
        if sum(column.width + between for column in columns) - between <= width:
            return columns, len(columns) == len(every)
    return layouts[-1], False
