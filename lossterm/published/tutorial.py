"""The tutorial's nine rows: what it printed from one seed, and what many seeds of the same set-up give.

Printed figures: Brownlee 2019, How to Choose Loss Functions When Training Deep Learning Neural Networks. It printed the
mean squared error for all three regression losses, and the `accuracy` of Keras 2.3 for the others.
"""

import math
import statistics
from collections.abc import Sequence

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import SCHEDULES
from lossterm.comparison.protocol import SplitName
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL
from lossterm.losses import loss_named
from lossterm.metrics import metric_named
from lossterm.published.case import Case, Quantity, casualties
from lossterm.reports.cells import DASH, spread
from lossterm.reports.report import Report
from lossterm.reports.verdict import verdict
from lossterm.statistics.paired_differences import Interval, summarise
from lossterm.statistics.ranking import RecordedVerdict
from lossterm.tasks import task_named
from lossterm.text.columns import TableColumn

PRINTED: dict[str, dict[str, tuple[float, float]]] = {
    "regression": {"mse": (0.000, 0.001), "msle": (0.165, 0.184), "mae": (0.002, 0.002)},
    "circles": {"binary_crossentropy": (0.836, 0.852), "hinge": (0.792, 0.740), "squared_hinge": (0.682, 0.646)},
    "blobs": {
        "categorical_crossentropy": (0.840, 0.822),
        "sparse_categorical_crossentropy": (0.832, 0.818),
        "kl_divergence": (0.822, 0.822),
    },
}
"""Task → loss → what the tutorial printed for train and test."""

ON_SCHEDULE = "regression"
"""The task whose fair comparison is made under another schedule too: which loss is best depends on it there."""

ANOTHER_SCHEDULE = "constant"

FAIR_SEEDS = 10
"""Number of seeds of the fair comparisons, unless very few or very many are requested."""

OTHERWISE = {"keras2_accuracy": "as Keras 2.3 counted", "keras3_accuracy": "as Keras 3 counts"}
"""Other accuracies of the same outputs → their names in the table."""


class Seeds(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution of one score over the seeds."""

    median: float | None
    """Median, None without a score."""
    range: Interval | None
    """The 2.5th and the 97.5th percentile, interpolated linearly; None for fewer than two seeds."""
    sd: float | None
    """Sample standard deviation, None for fewer than two seeds."""
    count: int
    """Number of seeds that have the score."""

    @property
    def sd_of_median(self) -> float | None:
        """The spread of a score whose mean would be as uncertain as this median: √(π/2) times the spread."""
        return None if self.sd is None else math.sqrt(math.pi / 2) * self.sd

    def holds(self, value: float) -> bool | None:
        """Whether the range contains a value that was printed with three digits; None without a range."""
        if self.range is None:
            return None
        return self.range[0] - 0.0005 <= value <= self.range[1] + 0.0005


class Fair(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the same loss under the fair protocol."""

    metric: str
    """Key of the ranking metric there."""
    mean: float | None
    """Mean on the test split."""
    ci: Interval | None
    """95 % interval of the mean."""
    verdict: RecordedVerdict | None
    """Place among the losses of the task."""
    learning_rate: float
    """The rate that validation chose."""
    schedule: str = SCHEDULES[0]
    """How it changed over the training."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One loss, scored by one metric."""

    task: str
    """Key of the task."""
    loss: str
    """Key of the loss."""
    metric: str
    """Key of the metric, computed under the tutorial's protocol."""
    printed: dict[str, float]
    """Split → the value that the tutorial printed, by whichever metric."""
    seeds: dict[str, Seeds]
    """Split → the distribution over the seeds."""
    inside: dict[str, bool | None]
    """Split → whether the printed value lies in the range over the seeds; None without a range."""
    fair: Fair | None
    """The fair result; None if the loss is not offered there, and on rows with another accuracy."""
    fair_on_schedule: Fair | None = None
    """The fair result under ANOTHER_SCHEDULE; None where that is not asked for, and as above."""


def comparisons(seeds: int) -> list[Comparison]:
    """Return the tutorial's three comparisons, then fair ones of the losses that fit, one of them twice.

    A fair seed takes five trainings, so the fair comparisons have a third of the seeds, but at least ten if so many are
    requested.
    """
    printed = [Comparison.ask(task, list(losses), protocol="tutorial", seeds=seeds) for task, losses in PRINTED.items()]
    fair_seeds = max(seeds // 3, min(seeds, FAIR_SEEDS))
    fair = [Comparison.ask(one.task, _fitting(one), seeds=fair_seeds) for one in printed]
    again = Comparison.ask(
        ON_SCHEDULE, _fitting(printed[[*PRINTED].index(ON_SCHEDULE)]), seeds=fair_seeds, schedule=ANOTHER_SCHEDULE
    )
    return [*printed, *fair, again]


def _fitting(comparison: Comparison) -> list[str]:
    """Return the losses of a comparison that the fair protocol offers for its task."""
    targets = task_named(comparison.task).targets
    return [loss for loss in comparison.losses if loss_named(loss).misfit(targets, DEFAULT_PROTOCOL) is None]


def rows(reports: Sequence[Report]) -> list[Row]:
    """Return the tutorial's figures beside those of the seeds, loss by loss in the tutorial's order."""
    table_rows: list[Row] = []
    fair: dict[str, list[Report]] = {}
    for report in reports[len(PRINTED) :]:
        fair.setdefault(report.asked.comparison.task, []).append(report)
    for report in reports[: len(PRINTED)]:
        task = report.asked.comparison.task
        for loss in PRINTED[task]:
            table_rows += [_row(report, fair[task], loss, metric) for metric in _metrics(task, loss)]
    return table_rows


def _metrics(task: str, loss: str) -> tuple[str, ...]:
    if task == "regression":
        return ("mse",)
    others = tuple(key for key in OTHERWISE if metric_named(key).defined(loss_named(loss)))
    return ("accuracy", *others)


def _row(report: Report, fair: Sequence[Report], loss: str, metric: str) -> Row:
    task = report.asked.comparison.task
    splits: tuple[SplitName, ...] = ("train", "test")
    printed: dict[str, float] = dict(zip(splits, PRINTED[task][loss], strict=True))
    seeds: dict[str, Seeds] = {split: _seeds(report, loss, metric, split) for split in splits}
    fairly = [_fair(one, loss) for one in fair] if metric == _metrics(task, loss)[0] else []
    return Row(
        task=task,
        loss=loss,
        metric=metric,
        printed=printed,
        seeds=seeds,
        inside={split: seeds[split].holds(printed[split]) for split in splits},
        fair=fairly[0] if fairly else None,
        fair_on_schedule=fairly[1] if len(fairly) > 1 else None,
    )


def _seeds(report: Report, loss: str, metric: str, split: SplitName) -> Seeds:
    scores = [row.score(metric, split) for row in report.rows if row.trial.loss == loss]
    values = [score for score in scores if score is not None]
    if len(values) < 2:
        return Seeds(median=values[0] if values else None, range=None, sd=None, count=len(values))
    parts = statistics.quantiles(values, n=40, method="inclusive")
    sd = summarise(values).sd
    return Seeds(median=statistics.median(values), range=(parts[0], parts[-1]), sd=sd, count=len(values))


def _fair(report: Report, loss: str) -> Fair | None:
    standing = next((standing for standing in report.standings if standing.loss == loss), None)
    if standing is None:
        return None
    return Fair(
        metric=report.asked.comparison.metric,
        mean=standing.mean,
        ci=standing.ci,
        verdict=standing.verdict,
        learning_rate=standing.learning_rate,
        schedule=report.asked.comparison.hyperparameters.schedule,
    )


# For a person


def columns(rows: Sequence[Row]) -> list[TableColumn]:
    """Return the table of all rows."""

    def inside(row: Row, split: str) -> str:
        return {True: "inside", False: "outside", None: DASH}[row.inside[split]]

    def fair(row: Row) -> str:
        if row.fair is None:
            return "" if row.metric in OTHERWISE else "not offered"
        return f"{row.fair.metric} {spread(row.fair.mean, row.fair.ci)}"

    def on_schedule(row: Row) -> str:
        fair = row.fair_on_schedule
        return f"{spread(fair.mean, fair.ci)} {fair.verdict or ''}".rstrip() if fair else ""

    return [
        TableColumn(
            "loss", False, tuple(f"  {OTHERWISE[row.metric]}" if row.metric in OTHERWISE else row.loss for row in rows)
        ),
        TableColumn("printed", True, tuple(_three(row.printed["test"]) for row in rows)),
        TableColumn("median [95 % range]", False, tuple(_median_and_range(row, "test") for row in rows)),
        TableColumn("printed is", False, tuple(inside(row, "test") for row in rows)),
        TableColumn("fair", False, tuple(map(fair, rows))),
        TableColumn("verdict", False, tuple((row.fair and row.fair.verdict) or "" for row in rows)),
        TableColumn(f"{ANOTHER_SCHEDULE} rate", False, tuple(map(on_schedule, rows))),
        TableColumn("printed train", True, tuple(_three(row.printed["train"]) for row in rows)),
        TableColumn("train [95 % range]", False, tuple(_median_and_range(row, "train") for row in rows)),
        TableColumn("is", False, tuple(inside(row, "train") for row in rows)),
    ]


def _three(value: float | None) -> str:
    return DASH if value is None else f"{value:.3f}"


def _range(ends: Interval | None) -> str:
    return f"[{_three(ends[0])}, {_three(ends[1])}]" if ends else ""


def quantities(row: Row) -> list[Quantity]:
    """Return the medians of a row."""
    return [
        Quantity(
            what=f"median {split} {row.metric} on {row.task}",
            value=seeds.median,
            metric=row.metric,
            sd=seeds.sd_of_median,
            count=seeds.count,
        )
        for split, seeds in row.seeds.items()
    ]


def story(rows: Sequence[Row], reports: Sequence[Report]) -> list[str]:
    """Say what became of the tutorial's ranking."""
    row_of = {(row.loss, row.metric): row for row in rows}
    lines = [
        "The tutorial ranked from one seed, one learning rate and Keras 2.3's accuracy, with the test rows as "
        "validation data and a scaler fitted on them too.",
        "[ ] holds the middle 95 % of the seeds. Regression rows are mean squared errors on the standardised target, "
        "as printed; the fair column is in the target's own units.",
    ]
    if reports[0].asked.comparison.seeds == 1:
        return [
            *lines,
            "One seed says as little here as it did there: ask for more with --seeds.",
            *casualties(reports),
        ]
    for loss in ("hinge", "squared_hinge"):
        sign, rounding, threshold = (row_of[loss, key] for key in ("accuracy", "keras2_accuracy", "keras3_accuracy"))
        lines.append(
            f"{loss}: printed {_three(sign.printed['test'])}. The same training counted by the sign of its output "
            f"scores {_median_and_range(sign, 'test')}; Keras 2.3 rounds a tanh output, so that |f| < 0.5 counts as "
            f"wrong: {_median_and_range(rounding, 'test')}; Keras 3 compares f > 0.5 with labels −1 and 1: "
            f"{_median_and_range(threshold, 'test')}."
        )
    first, second = (row_of[key, "accuracy"] for key in ("categorical_crossentropy", "sparse_categorical_crossentropy"))
    lines.append(
        f"{second.loss} is {first.loss} by construction: {_three(second.printed['test'])} against "
        f"{_three(first.printed['test'])} was the luck of the seeds."
    )
    lines.append(
        f"msle saw a standardised target, of which every negative value is clipped to 0: a lottery over the seeds, "
        f"{_median_and_range(row_of['msle', 'mse'], 'test')}. The fair protocol does not offer it here."
    )
    lines += casualties(reports)
    *fair, again = reports[len(PRINTED) :]
    lines += [f"Fair, {report.asked.comparison.task}: {verdict(report)}" for report in fair]
    return [*lines, f"Fair, {ON_SCHEDULE}, with a {ANOTHER_SCHEDULE} rate: {verdict(again)}"]


def _median_and_range(row: Row, split: str) -> str:
    seeds = row.seeds[split]
    return " ".join(filter(None, (_three(seeds.median), _range(seeds.range))))


CASE = Case(
    key="tutorial",
    title="Nine losses on three toy tasks: what a tutorial printed for its test rows, and what the seeds say",
    seeds=30,
    comparisons=comparisons,
    rows=rows,
    row_type=Row,
    columns=columns,
    quantities=quantities,
    story=story,
)
