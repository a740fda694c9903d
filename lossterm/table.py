"""A report as text: its columns, and from them plain text, Markdown and CSV."""

import csv
import io
from collections.abc import Iterable, Sequence

import msgspec

from lossterm.losses import loss_named
from lossterm.metrics import metric_named, metrics_for
from lossterm.protocols import protocol_named
from lossterm.report import Report, Standing
from lossterm.standings import Summary
from lossterm.tasks import task_named

FORMATS = ("table", "json", "csv", "markdown", "plain")


class Column(msgspec.Struct, frozen=True):
    """One column of the table of standings."""

    head: str
    """Column title."""
    right: bool
    """Whether it is aligned to the right."""
    values: tuple[str, ...]
    """One text per standing."""

    @property
    def width(self) -> int:
        """Cells that the widest text takes."""
        return max(map(len, (self.head, *self.values)))

    def padded(self, text: str) -> str:
        """Fill a text up to the column's width."""
        return text.rjust(self.width) if self.right else text.ljust(self.width)


DASH = "–"


def number(value: float | None) -> str:
    """Write a score with four digits after the point, two from 10 on, 1.2e-05 where that shows little; – for none."""
    if value is None:
        return DASH
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"
    return f"{value:.1e}"


def spread(summary: Summary | None) -> str:
    """Write mean ± sd; the mean alone for one trial."""
    if summary is None or summary.mean is None:
        return DASH
    return number(summary.mean) + (f" ±{number(summary.sd)}" if summary.sd is not None else "")


def trial_counts(standing: Standing, *, short: bool = False) -> str:
    """Write how many trials are done, and what became of the others."""
    words = [f"{standing.done}/{standing.trials}"]
    if standing.diverged:
        words.append(f"div {standing.diverged}" if short else f"diverged {standing.diverged}/{standing.trials}")
    if standing.failed:
        words.append(f"fail {standing.failed}" if short else f"failed {standing.failed}/{standing.trials}")
    return " ".join(words) if short else ", ".join(words)


def columns_of(report: Report, others: int | None = None, *, short: bool = False) -> list[Column]:
    """Return the columns of the table: rank, loss, the metric on test and train, other metrics on test, trials."""
    comparison, standings = report.asked.comparison, report.standings
    shown = [m.key for m in metrics_for(task_named(comparison.task).kind) if m.key != comparison.metric]

    def column(head: str, texts: Iterable[str], *, right: bool = True) -> Column:
        return Column(head, right, tuple(texts))

    def scores(metric: str, split: str) -> Iterable[str]:
        for standing in standings:
            summary = (standing.scores[metric] or {}).get(split)
            yield spread(summary) if metric == comparison.metric else number(summary.mean if summary else None)

    return [
        column("#", (str(s.rank or DASH) for s in standings)),
        column("loss", (s.loss for s in standings), right=False),
        column(f"{comparison.metric} test", scores(comparison.metric, "test")),
        column("train", scores(comparison.metric, "train")),
        *(column(key, scores(key, "test")) for key in shown[:others]),
        column("trials", (trial_counts(s, short=short) for s in standings), right=False),
    ]


def fit_to(report: Report, width: int, *, gap: int) -> tuple[list[Column], bool]:
    """Return as many columns as fit a width, metrics beyond the first left out first; and whether all are there."""
    every = columns_of(report)
    for others in range(len(every), -1, -1):
        columns = columns_of(report, others)
        if sum(column.width + gap for column in columns) - gap <= width:
            return columns, len(columns) == len(every)
    return columns_of(report, 0, short=True), False


def headline(report: Report) -> str:
    """Say in one line what was compared."""
    c, h = report.asked.comparison, report.asked.comparison.hyperparameters
    seeds = "1 seed" if c.seeds == 1 else f"{c.seeds} seeds"
    return (
        f"{c.task}: {seeds} × {h.epochs} epochs, lr {c.learning_rates[0]:g}, {h.optimizer}, "
        f"batch {h.batch_size}, hidden {','.join(map(str, h.hidden))}"
    )


def notes(report: Report) -> list[str]:
    """Say what a reader of the table must know."""
    c = report.asked.comparison
    metric = metric_named(c.metric)
    better = "less" if metric.direction == "min" else "more"
    lines = [
        f"Ranked by mean test {metric.key} ({better} is better)" + ("; ± is the sd over seeds." if c.seeds > 1 else ".")
    ]
    if c.seeds == 1:
        lines[0] += " One seed says little: ask for more with --seeds."
    lines.append(protocol_named(c.protocol).caveat)
    losses = [loss_named(standing.loss) for standing in report.standings]
    if c.protocol == "tutorial":
        faults = dict.fromkeys(loss.tutorial.note for loss in losses if loss.tutorial)
        for note in faults:
            concerned = [loss.key for loss in losses if loss.tutorial and loss.tutorial.note == note]
            lines.append(f"{', '.join(concerned)}: {note}.")
    shown = {loss.key for loss in losses}
    lines += [f"{loss.key} is {loss.same_as} by construction." for loss in losses if loss.same_as in shown]
    lines += [
        f"{s.loss}: ranked by the {s.done} of {s.trials} trials that did not diverge or fail."
        for s in report.standings
        if s.done and s.diverged + s.failed
    ]
    if report.pending:
        lines.append(f"Partial: {report.pending} of {len(report.rows)} trials have not ended.")
    if report.stopped:
        lines.append(f"Partial: {report.stopped} of {len(report.rows)} trials were stopped.")
    errors = dict.fromkeys((row.trial.loss, row.error) for row in report.rows if row.error)
    lines += [f"{loss} failed: {error}" for loss, error in errors]
    return lines


def as_csv(reports: Sequence[Report]) -> str:
    """Write one line per task, loss, metric and split: long form, so that no column is ever empty by construction."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "comparison",
            "task",
            "rank",
            "loss",
            "metric",
            "split",
            "mean",
            "sd",
            "learning_rate",
            "trials",
            "done",
            "diverged",
            "failed",
        ]
    )
    for report in reports:
        place = report.asked.id, report.asked.comparison.task
        for s in report.standings:
            for metric, splits in s.scores.items():
                for split, summary in (splits or {}).items():
                    if summary is not None:
                        writer.writerow(
                            [
                                *place,
                                s.rank,
                                s.loss,
                                metric,
                                split,
                                summary.mean,
                                summary.sd,
                                s.learning_rate,
                                s.trials,
                                s.done,
                                s.diverged,
                                s.failed,
                            ]
                        )
    return text.getvalue().rstrip("\n")


def as_markdown(report: Report) -> str:
    """Write a table for a pull request."""
    columns = columns_of(report)
    rule = ["---:" if column.right else ":---" for column in columns]
    table = [[column.head for column in columns], rule, *zip(*(column.values for column in columns), strict=True)]
    lines = [f"**{headline(report)}**", "", *("| " + " | ".join(line) + " |" for line in table), ""]
    return "\n".join([*lines, *(f"- {note}" for note in notes(report))])


def as_plain(report: Report) -> str:
    """Write an aligned table without any drawing, for logs and screen readers."""
    columns = columns_of(report)
    lines = zip(*((column.head, *column.values) for column in columns), strict=True)
    table = ["  ".join(c.padded(text) for c, text in zip(columns, line, strict=True)).rstrip() for line in lines]
    return "\n".join([headline(report), "", *table, "", *notes(report)])
