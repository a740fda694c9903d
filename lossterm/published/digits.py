"""Cross-entropy against squared error on scikit-learn's digits, at two scales of the initial output weights.

Published figures: companion code to "Why cross-entropy" (patslaurel.com): one stratified split 1077/270/450, SGD with
batches of 32, 30 epochs, learning rate by validation over seeds 0–2 from .01 to 1000 in half-decades, test over seeds
0–4. Where it is silent, this is assumed: pixels divided by their maximum; biases 0; in the network with a hidden layer,
the scale applies only to the output layer, and the hidden one is glorot_uniform.

Its squared error is ½Σ(p − y)²; ours has no ½, so its rates are halved here, which gives the same steps of plain SGD.
"""

from collections.abc import Sequence

import msgspec

from lossterm.comparison.comparison import Comparison
from lossterm.published.case import Case, Quantity, casualties, in_percent
from lossterm.reports.report import Report
from lossterm.statistics.learning_rate_choice import sweep
from lossterm.statistics.paired_differences import Interval, summarise
from lossterm.text.columns import TableColumn

RATES = tuple(float(f"{10 ** (half / 2):.6g}") for half in range(-4, 7))
"""Learning rates of the published code."""

TUNING_SEEDS = 3
"""Seeds whose validation scores choose the rate."""

MODELS: dict[str, tuple[int, ...]] = {"softmax regression": (), "32 tanh units": (32,)}
LOSSES = {"categorical_crossentropy": 1.0, "brier": 0.5}
"""Loss → factor on the published rates."""

PUBLISHED: dict[tuple[str, float, str], tuple[float, Interval | None]] = {
    ("softmax regression", 0.01, "categorical_crossentropy"): (0.969, None),
    ("softmax regression", 0.01, "brier"): (0.966, None),
    ("softmax regression", 4.0, "categorical_crossentropy"): (0.951, None),
    ("softmax regression", 4.0, "brier"): (0.581, (0.478, 0.736)),
    ("32 tanh units", 0.01, "categorical_crossentropy"): (0.977, None),
    ("32 tanh units", 0.01, "brier"): (0.977, None),
    ("32 tanh units", 4.0, "categorical_crossentropy"): (0.966, None),
    ("32 tanh units", 4.0, "brier"): (0.667, None),
}
"""(model, initial sd, loss) → mean test accuracy, and its range over seeds if published."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One loss with one model and one scale of initial weights."""

    model: str
    """Name of the model."""
    initial_sd: float
    """Standard deviation of the output layer's initial weights."""
    loss: str
    """Key of the loss."""
    published: float
    """Published mean test accuracy."""
    published_range: Interval | None
    """Its range over seeds, None if not published."""
    mean: float | None
    """Mean test accuracy in this run, None without a score."""
    sd: float | None
    """Its standard deviation over seeds."""
    range: Interval | None
    """Its smallest and largest value; None for fewer than two seeds."""
    seeds: int
    """Number of seeds with a score."""
    learning_rate: float
    """The rate that validation chose, in the units of the published code."""


def comparisons(seeds: int) -> list[Comparison]:
    """Return one comparison for each model, scale and loss."""
    return [
        Comparison.ask(
            "digits",
            [loss],
            protocol="published",
            seeds=seeds,
            learning_rates=[factor * rate for rate in RATES],
            hidden=hidden,
            activation="tanh",
            initial_sd=sd,
            optimizer="sgd",
        )
        for hidden in MODELS.values()
        for sd in (0.01, 4.0)
        for loss, factor in LOSSES.items()
    ]


def rows(reports: Sequence[Report]) -> list[Row]:
    """Return the published figures beside those of this run."""
    return [_row(report, key) for report, key in zip(reports, PUBLISHED, strict=True)]


def _row(report: Report, key: tuple[str, float, str]) -> Row:
    model, sd, loss = key
    trained = [row for row in report.rows if row.trained]
    rates: dict[float, dict[int, float | None]] = {rate: {} for rate in report.asked.comparison.learning_rates}
    for row in trained:
        if row.trial.seed < TUNING_SEEDS:
            rates[row.trial.learning_rate][row.trial.seed] = row.score("accuracy", "validation")
    chosen = next(point.learning_rate for point in sweep(rates, "max") if point.chosen)
    tested = [row.score("accuracy", "test") for row in trained if row.trial.learning_rate == chosen]
    values = [value for value in tested if value is not None]
    summary = summarise(values)
    return Row(
        model=model,
        initial_sd=sd,
        loss=loss,
        published=PUBLISHED[key][0],
        published_range=PUBLISHED[key][1],
        mean=summary.mean,
        sd=summary.sd,
        range=(min(values), max(values)) if len(values) > 1 else None,
        seeds=len(values),
        learning_rate=chosen / LOSSES[loss],
    )


def columns(rows: Sequence[Row]) -> list[TableColumn]:
    """Return the table of all rows, in per cent as in the publication."""
    return [
        TableColumn("model", False, tuple(row.model for row in rows)),
        TableColumn("initial sd", True, tuple(f"{row.initial_sd:g}" for row in rows)),
        TableColumn("loss", False, tuple(row.loss for row in rows)),
        TableColumn("published", False, tuple(in_percent(row.published, row.published_range) for row in rows)),
        TableColumn("found [least, most]", False, tuple(in_percent(row.mean, row.range) for row in rows)),
        TableColumn("lr", False, tuple(f"{row.learning_rate:.3g}" for row in rows)),
        TableColumn("seeds", True, tuple(str(row.seeds) for row in rows)),
    ]


def quantities(row: Row) -> list[Quantity]:
    """Return the mean of a row."""
    what = f"mean test accuracy, {row.model}, initial sd {row.initial_sd:g}"
    return [Quantity(what=what, value=row.mean, metric="accuracy", sd=row.sd, count=row.seeds)]


def story(rows: Sequence[Row], reports: Sequence[Report]) -> list[str]:
    """Say what the scale of the initial weights does to each loss."""
    row_of = {(row.model, row.initial_sd, row.loss): row for row in rows}
    lines = []
    for model in MODELS:
        for sd in (0.01, 4.0):
            cross, squared = (row_of[model, sd, loss] for loss in LOSSES)
            if cross.mean is not None and squared.mean is not None:
                lines.append(
                    f"{model}, initial sd {sd:g}: cross-entropy is ahead of squared error by "
                    f"{100 * (cross.mean - squared.mean):.1f} points here, "
                    f"{100 * (cross.published - squared.published):.1f} as published."
                )
    lines.append(
        "Where the network starts surely wrong, the gradient of squared error through a softmax is nearly 0 and it "
        "stays there; cross-entropy's is not. From small weights the two do equally well."
    )
    return lines + casualties(reports)


CASE = Case(
    key="digits",
    title="Cross-entropy against squared error on digits, test accuracy in per cent",
    seeds=5,
    comparisons=comparisons,
    rows=rows,
    row_type=Row,
    columns=columns,
    quantities=quantities,
    story=story,
)
