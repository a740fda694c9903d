"""The curves of a comparison laid over each other: what is drawn, in which colour, and what is not."""

from array import array
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.text import Text

from lossterm.charts import line_chart
from lossterm.charts.drawing import Prepared
from lossterm.charts.loss_colours import colour_of, colour_text, faint
from lossterm.charts.terminal_style import Style
from lossterm.comparison.comparison import Comparison, Trial
from lossterm.figures.curve_view_state import CurveViewState
from lossterm.figures.curves import MOST_DRAWN, Curves, Overlay, seconds_at, sweeps
from lossterm.reports.report import Report, build
from tests.builders.reports import asked_for, built, circles, drawn, ending, flat, rows_for

DARK = Style(dark=True)
WIDE = (100, 24)
TRAIN_LOSS, TRAIN_METRIC, HELD_OUT_LOSS, HELD_OUT_METRIC = 0.1, 0.2, 0.3, 0.4


def curves_of(report: Report, epochs: int = 3) -> Curves:
    """Every trial's curves fall a little; seeds lie beside each other, each column of values elsewhere."""
    values = {}
    for row in report.rows:
        splits = 3 if row.trial.protocol == "fair" else 2
        columns = [TRAIN_LOSS, TRAIN_METRIC, HELD_OUT_LOSS, HELD_OUT_METRIC, 9, 9][: 2 * splits]
        steps = np.array(columns)[None] + 0.01 * row.trial.seed - 0.001 * np.arange(epochs)[:, None]
        values[row.id] = array("f", steps.ravel().tolist())
    return Curves(report=report, values=values)


class Seen:
    """What was asked of `line_chart.prepared`, which this stands in for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.series: list[Sequence[line_chart.Series]] = []
        self.bands: list[Sequence[line_chart.Band]] = []
        self.frames: list[line_chart.Frame] = []
        self._prepare = line_chart.prepared
        monkeypatch.setattr(line_chart, "prepared", self.prepared)

    def prepared(self, series: Any, width: int, height: int, frame: Any, bands: Any = ()) -> Prepared:
        self.series.append(series)
        self.bands.append(bands)
        self.frames.append(frame)
        return self._prepare(series, width, height, frame, bands)

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.series[-1] if one.name]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    return Seen(monkeypatch)


THREE = ("binary_crossentropy", "hinge", "squared_hinge")
REPORT = built(circles(*THREE))


def chart(losses: Sequence[str] = THREE, look: CurveViewState | None = None, **how: Any) -> Sequence[Text]:
    settings: dict[str, Any] = {"what": "loss", "size": WIDE, "style": DARK, "report": REPORT} | how
    curves = curves_of(settings["report"])
    return (
        Overlay()
        .prepared(curves, losses, look or CurveViewState(), settings["what"], settings["size"], settings["style"])
        .draw()
        .lines
    )


def first_values(series: Sequence[line_chart.Series]) -> list[float]:
    return [round(float(one.values[0]), 3) for one in series]


# What is drawn


@pytest.mark.parametrize("protocol", ["tutorial", "fair"])
@pytest.mark.parametrize(
    ("what", "train", "held_out"), [("loss", TRAIN_LOSS, HELD_OUT_LOSS), ("metric", TRAIN_METRIC, HELD_OUT_METRIC)]
)
def test_bright_curves_are_of_the_held_out_split_and_faint_ones_of_train(
    seen: Seen, protocol: str, what: str, train: float, held_out: float
) -> None:
    report = built(circles("hinge", protocol=protocol, learning_rates=[0.01]))
    for splits, values in (
        ("both", [held_out, train]),
        ("held out", [held_out]),
        ("train", [train]),
    ):
        chart(("hinge",), CurveViewState(splits=splits), what=what, report=report)  # type: ignore[arg-type]  # plain str here
        assert first_values(seen.series[-1]) == [pytest.approx(value + 0.005) for value in values]  # median of 2 seeds
        bright = colour_of("hinge", dark=True)
        assert [one.colour for one in seen.series[-1]] == [bright, faint(bright, dark=True)][: len(values)]


def test_splits_stand_apart_one_above_the_other(seen: Seen) -> None:
    for height in (24, 25):
        lines = chart(("hinge",), CurveViewState(splits="apart"), size=(100, height))
        assert [line.cell_len for line in lines] == [100] * height
        held_out, train = (first_values(series) for series in seen.series[-2:])
        assert held_out == [pytest.approx(HELD_OUT_LOSS + 0.005)]
        assert train == [pytest.approx(TRAIN_LOSS + 0.005)]
        assert sum("└" in line.plain for line in lines) == 2


def test_pinned_losses_lie_on_top_and_are_marked(seen: Seen) -> None:
    chart(look=CurveViewState(pinned=("squared_hinge",)))
    assert seen.names == ["▸squared_hinge", "binary_crossentropy", "hinge"]


def test_hidden_losses_and_those_that_are_filtered_out_are_not_drawn(seen: Seen) -> None:
    chart(look=CurveViewState(hidden=("hinge",)))
    assert seen.names == ["binary_crossentropy", "squared_hinge"]
    chart(("hinge",))
    assert seen.names == ["hinge"]


def test_no_loss_gives_words() -> None:
    for losses, look in (
        ((), CurveViewState()),
        (("hinge",), CurveViewState(hidden=("hinge",))),
        ((), CurveViewState(splits="apart")),
    ):
        lines = chart(losses, look)
        assert [line.cell_len for line in lines] == [100] * 24
        assert lines[0].plain.strip() == "No loss is shown."


def test_losses_without_curves_give_words_until_there_are_some() -> None:
    curves = Curves(report=REPORT, values={})
    lines = Overlay().prepared(curves, THREE, CurveViewState(), "loss", WIDE, DARK).draw().lines
    assert lines[0].plain.strip() == "No epoch here yet."


def test_colours_are_the_same_whatever_else_is_shown() -> None:
    def inks(lines: Sequence[Text]) -> set[str]:
        return {str(span.style).split(" on ")[0] for line in lines for span in line.spans}

    for loss in THREE:
        wanted = colour_text(colour_of(loss, dark=True))
        for losses, look in (
            (THREE, CurveViewState()),
            (tuple(reversed(THREE)), CurveViewState()),
            ((loss,), CurveViewState()),
            (THREE, CurveViewState(pinned=(loss,), splits="train")),
        ):
            assert wanted in inks(chart(losses, look))
        assert wanted not in inks(chart([one for one in THREE if one != loss]))


@pytest.mark.parametrize(("losses", "each"), [(1, 30), (2, 15), (3, 10)])
def test_every_seed_is_drawn_up_to_a_number_of_curves_in_all(seen: Seen, losses: int, each: int) -> None:
    report = built(circles(*THREE[:losses], seeds=40))
    chart(THREE[:losses], CurveViewState(each_seed=True), report=report)
    assert len(seen.series[-1]) == losses + losses * each
    assert losses * each <= MOST_DRAWN
    assert seen.bands[-1] == []
    few = built(circles(*THREE[:losses], seeds=4))
    chart(THREE[:losses], CurveViewState(each_seed=True), report=few)
    assert first_values(seen.series[-1])[losses:] == pytest.approx(
        [HELD_OUT_LOSS + 0.01 * s for s in range(4)] * losses
    )


def test_bands_are_drawn_of_several_seeds_and_where_there_are_bytes_for_them(seen: Seen) -> None:
    chart()
    assert len(seen.bands[-1]) == 3
    low, high = (np.quantile([HELD_OUT_LOSS, HELD_OUT_LOSS + 0.01], share) for share in (0.1, 0.9))
    assert float(seen.bands[-1][0].low[0]) == pytest.approx(low)
    assert float(seen.bands[-1][0].high[0]) == pytest.approx(high)
    chart(style=Style(dark=True, bands=False))
    assert seen.bands[-1] == []
    chart(report=built(circles(*THREE, seeds=1)))
    assert seen.bands[-1] == []


def test_trainings_that_diverged_are_marked_where_they_ended(seen: Seen) -> None:
    report = built(circles(*THREE, seeds=3), end=ending({("hinge", 0): "diverged", ("hinge", 2): "diverged"}))
    rows = tuple(
        msgspec.structs.replace(row, epochs=1 + row.trial.seed) if row.status == "diverged" else row
        for row in report.rows
    )
    chart(report=msgspec.structs.replace(report, rows=rows))
    assert {one.name: one.broken for one in seen.series[-1] if one.name} == {
        "binary_crossentropy": (),
        "hinge": (1, 3),
        "squared_hinge": (),
    }


def test_trainings_that_collapsed_are_marked_where_they_ended(seen: Seen) -> None:
    def score(trial: Trial, *_: str) -> float:
        return 0.5 if fell(trial) else 0.9

    def fell(trial: Trial) -> bool:
        return trial.loss == "hinge" and trial.seed == 2

    report = built(circles(*THREE, seeds=3), score, collapse=fell)
    chart(report=report)
    ends = {one.name: one.collapsed for one in seen.series[-1] if one.name}
    assert {name: [epoch for epoch, _ in end] for name, end in ends.items()} == {
        "binary_crossentropy": [],
        "hinge": [3],
        "squared_hinge": [],
    }
    ((_, value),), (own,) = ends["hinge"], report.collapsed
    assert value == curves_of(report).values[own][-2]  # its own loss on held-out rows, not the median's


def test_curves_are_smoothed_as_they_are_looked_at(seen: Seen) -> None:
    chart(("hinge",), CurveViewState(smoothing=2, splits="train"))
    raw = TRAIN_LOSS + 0.005 - 0.001 * np.arange(3)
    weights = 0.8 ** np.arange(3)
    expected = [(raw[: end + 1] @ weights[end::-1]) / weights[: end + 1].sum() for end in range(3)]
    np.testing.assert_allclose(seen.series[-1][0].values, expected, rtol=1e-5)


def test_names_need_room_or_a_reason(seen: Seen) -> None:
    for size, look, style, named in (
        ((100, 24), CurveViewState(), DARK, True),
        ((40, 12), CurveViewState(), DARK, False),
        ((40, 12), CurveViewState(cursor=2), DARK, True),
        ((40, 12), CurveViewState(), Style(dark=True, plain=True), True),
    ):
        chart(look=look, size=size, style=style)
        assert bool(seen.frames[-1].names) == named
    chart(look=CurveViewState(cursor=900))  # of another comparison, that had more epochs
    assert seen.frames[-1].cursor == 3


def test_an_epoch_more_costs_an_epoch_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from lossterm.charts import band_over_seeds

    report, counted = built(circles(*THREE, seeds=5, epochs=300)), []
    real = band_over_seeds._quantiles

    def counting(values: np.ndarray) -> np.ndarray:
        counted.append(values.shape[1])
        return real(values)

    monkeypatch.setattr(band_over_seeds, "_quantiles", counting)
    whole, kept = curves_of(report, 300), Overlay()
    curves = Curves(report=report, values={key: one[: 299 * 4] for key, one in whole.values.items()})
    kept.prepared(curves, THREE, CurveViewState(), "loss", WIDE, DARK).draw()
    kept.prepared(curves, THREE, CurveViewState(log=True), "loss", WIDE, DARK).draw()
    assert counted == [299] * 6  # three losses, two splits
    for key, curve in curves.values.items():
        curve.extend(whole.values[key][299 * 4 :])
    lines = kept.prepared(curves, THREE, CurveViewState(), "loss", WIDE, DARK).draw().lines
    assert counted[6:] == [1] * 6
    assert lines == Overlay().prepared(whole, THREE, CurveViewState(), "loss", WIDE, DARK).draw().lines


# Legends and readouts


def test_the_held_out_split_is_validation_where_there_is_one() -> None:
    for protocol, split in (("fair", "validation"), ("tutorial", "test")):
        curves = curves_of(built(circles("hinge", protocol=protocol, learning_rates=[0.01])))
        assert (curves.held_out, curves.metric, curves.epochs) == (split, "accuracy", 3)


def test_the_time_to_an_epoch_is_the_median_of_the_trainings() -> None:
    report = built(circles("hinge", seeds=3))
    rows = tuple(
        msgspec.structs.replace(row, seconds=seconds)
        for row, seconds in zip(report.rows, (3.0, 6.0, 60.0), strict=True)
    )
    assert seconds_at(curves_of(msgspec.structs.replace(report, rows=rows)), 2) == pytest.approx(4.0)
    none = tuple(msgspec.structs.replace(row, seconds=None) for row in rows)
    assert seconds_at(curves_of(msgspec.structs.replace(report, rows=none)), 2) is None


# Learning rates


def test_sweeps_are_drawn_of_the_losses_that_are_shown_each_chosen_rate_marked() -> None:
    comparison = Comparison.ask("circles", THREE, learning_rates=[0.001, 0.01, 0.1], seeds=2, epochs=3)
    curves = curves_of(build(asked_for(comparison), rows_for(comparison, drawn)))
    for losses in (THREE, THREE[:1], ()):
        lines = sweeps(curves, losses, (60, 15), DARK).draw().lines
        assert [line.cell_len for line in lines] == [60] * 15
        inks = {str(span.style) for line in lines for span in line.spans}
        assert {loss for loss in THREE if colour_text(colour_of(loss, dark=True)) in inks} == set(losses)
        assert sum(line.plain.count("●") for line in lines) in range(bool(losses), len(losses) + 1)


def test_a_loss_whose_rate_another_metric_chose_is_not_on_the_axis_of_the_one_that_ranks() -> None:
    comparison = Comparison.ask(
        "circles", ("binary_crossentropy", "hinge"), learning_rates=[0.01, 0.1], seeds=2, epochs=3, metric="log_loss"
    )
    curves = curves_of(build(asked_for(comparison), rows_for(comparison, flat)))
    lines = sweeps(curves, ("hinge",), (60, 15), DARK).draw().lines
    assert lines[0].plain.strip() == "No learning rate has a score yet."
    assert "●" in "".join(
        line.plain for line in sweeps(curves, ("binary_crossentropy", "hinge"), (60, 15), DARK).draw().lines
    )
