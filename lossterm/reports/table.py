"""The columns of a report's table, from which plain text and Markdown are written."""

from collections.abc import Collection, Iterable

from lossterm.comparison.protocol import SplitName
from lossterm.losses import loss_recorded
from lossterm.metrics import CONSTANT, metric_named
from lossterm.reports.cells import (
    DASH,
    centre,
    gap,
    number,
    rate,
    shares_in_percent,
    strip,
    times_beaten,
    trial_counts,
    verdict_in_words,
)
from lossterm.reports.report import Report, Standing, metrics_of
from lossterm.text.columns import TableColumn

DISTORTED = "†"
"""Mark beside a score of probabilities that the loss distorts because it is not proper."""


def columns_of(
    report: Report, others: int | None = None, *, short: bool = False, without: Collection[str] = ()
) -> list[TableColumn]:
    """Return the columns of the table except those in `without`, with `others` metrics besides the ranking one.

    Empty columns are left out: with one seed there are no intervals and no verdicts. There is a row for each loss, and
    below them one for the constant prediction if that is known.
    """
    comparison, standings = report.asked.comparison, report.standings
    ranking = metric_named(comparison.metric)
    shown = [metric.key for metric in metrics_of(comparison) if metric.key != ranking.key]

    constant = report.constant

    def column(head: str, texts: Iterable[str], *, right: bool = True, last: str = "") -> TableColumn:
        return TableColumn(head, right, (*texts, *([last] if constant else [])))

    def of_constant(metric: str) -> str:
        summary = constant.scores.get(metric) if constant else None
        return number(summary.mean if summary else None)

    def scores(metric: str, split: SplitName) -> Iterable[str]:
        for standing in standings:
            yield marked(standing, metric, number(report.centre(standing, metric, split)))

    def marked(standing: Standing, metric: str, text: str) -> str:
        distorted = text != DASH and metric_named(metric).distorted(loss_recorded(standing.loss))
        return text + DISTORTED if distorted else text

    def score(standing: Standing) -> str:
        return marked(standing, ranking.key, centre(standing, digits=1 if short else 2))

    columns = {
        "rank": column("#", (str(s.rank or DASH) for s in standings)),
        "loss": column("loss", (s.loss for s in standings), right=False, last=CONSTANT),
        "score": column(f"{ranking.key} test", (score(s) for s in standings), last=of_constant(ranking.key)),
        "difference": column(
            "Δ to best", (gap(s.difference, digits=1 if short else 2) for s in standings), right=False
        ),
        "beaten": column("beaten", (times_beaten(s) for s in standings)),
        "shares": column("worse/equal/better %", map(shares_in_percent, standings)),
        "verdict": column("verdict", (verdict_in_words(s, short=short) for s in standings), right=False),
        "rate": column("lr", map(rate, standings), right=False),
        "sweep": column("lr sweep", map(strip, standings), right=False),
        "train": column("train", scores(ranking.key, "train")),
        **{key: column(key, scores(key, "test"), last=of_constant(key)) for key in shown[:others]},
        "trials": column("trials", (trial_counts(s, short=short) for s in standings), right=False),
    }
    always = ("rank", "loss", "score", "rate", "trials")
    of_losses = {name: set(column.values[: len(standings)]) for name, column in columns.items()}
    empty = {name for name, values in of_losses.items() if name not in always and values <= {DASH}}
    if not comparison.tuned:
        empty.add("sweep")
    return [column for name, column in columns.items() if name not in empty and name not in without]


LESS_NEEDED = ("shares", "sweep", "train", "trials", "beaten", "rate")
"""Columns that a narrow table leaves out, in this order, once the other metrics are gone."""

BESIDE_SHARES = 2
"""Other metrics that are needed more than the shares: each metric favours one loss."""


def fit_to(report: Report, width: int, *, between: int) -> tuple[list[TableColumn], bool]:
    """Return as many columns as fit a width, dropping the least needed first; and whether all fit."""
    every, most = columns_of(report), len(metrics_of(report.asked.comparison)) - 1
    layouts = [columns_of(report, others) for others in range(most, BESIDE_SHARES - 1, -1)] or [every]
    layouts += [columns_of(report, others, without=["shares"]) for others in range(min(most, BESIDE_SHARES), -1, -1)]
    layouts += [columns_of(report, 0, without=LESS_NEEDED[:count]) for count in (2, 3)]
    # Where trials failed, collapsed or are missing it is shown.
    kept = () if report.sound and not report.partial and not report.collapsed else ("trials",)
    for count in range(3, len(LESS_NEEDED) + 1):
        left_out = [name for name in LESS_NEEDED[:count] if name not in kept]
        layouts.append(columns_of(report, 0, short=True, without=left_out))
    layouts.append(columns_of(report, 0, short=True, without=[*left_out, "difference"]))
    layouts.append(columns_of(report, 0, short=True, without=[*left_out, "difference", "verdict"]))
    for columns in layouts:
        if sum(column.width + between for column in columns) - between <= width:
            return columns, len(columns) == len(every)
    return layouts[-1], False
