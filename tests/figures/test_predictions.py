"""Models' predictions side by side: exact sizes, a reasonable tiling, and the right epoch."""

from collections.abc import Sequence
from itertools import product
from typing import get_args

import numpy as np
import pytest

from lossterm.charts.loss_colours import colour_of, colour_text
from lossterm.charts.terminal_style import Style
from lossterm.figures.predictions import (
    GAP,
    LEAST_SCATTER,
    SMALLEST,
    TITLES,
    FigureKind,
    kinds,
    page,
    slider,
    smallest,
)
from lossterm.figures.shaped_predictions import ShapedKind
from lossterm.losses import LOSSES, Activation, Reading
from lossterm.losses.target_scaling import Scaling
from lossterm.store import Kept, Model, Sample
from tests.builders.kept import kept_of, shaped_sample
from tests.cells import each
from tests.long_run import cases

SIZES = [(42, 11), (78, 20), (100, 36), (198, 56)]
DARK = Style(dark=True)
RNG = np.random.default_rng(0)
KEYS = list(LOSSES)[:19]


def sample_of(classes: int | None, count: int = 2, rows: int = 60) -> Sample:
    features = RNG.normal(size=(rows, count)).astype("<f4")
    target = features[:, 0] > 0 if classes else features.sum(axis=1)
    return Sample(
        key="a/fair/0",
        split="test",
        count=count,
        classes=classes,
        features=features.tobytes(),
        target=target.astype("<f8").tobytes(),
    )


def model_of(
    slopes: Sequence[float],
    *,
    epochs: Sequence[int] | None = None,
    inputs: int = 2,
    reading: Reading = "logit",
    head: Activation = "linear",
) -> Model:
    """Return a linear model of the first feature whose slope is another one at each kept epoch."""
    flat = np.zeros((len(slopes), inputs + 1), "<f4")
    flat[:, 0] = slopes
    return Model(
        trial=1,
        epochs=tuple(range(len(slopes)) if epochs is None else epochs),
        layers=(inputs, 1),
        activation="relu",
        head=head,
        reading=reading,
        link="identity",
        scaling=Scaling(),
        data=flat.tobytes(),
    )


CLASSES, VALUES = sample_of(2), sample_of(None)
KINDS: dict[FigureKind, tuple[Sample, Kept]] = {
    "map": (CLASSES, model_of([0.0, 3.0])),
    "confusion": (CLASSES, model_of([0.0, 3.0])),
    "reliability": (CLASSES, model_of([0.0, 3.0])),
    "scatter": (VALUES, model_of([0.0, 1.0], reading="value")),
    **{kind: (shaped_sample(kind), kept_of(shaped_sample(kind))) for kind in get_args(ShapedKind)},
}
TILED = [kind for kind in KINDS if kind != "masks"]
"""Those of which each loss has a picture of its own."""


def test_kinds_are_those_that_can_be_drawn_of_the_rows() -> None:
    assert kinds(sample_of(None)) == ["scatter"]
    assert kinds(sample_of(2)) == ["map", "confusion", "reliability"]
    assert kinds(sample_of(3, count=4)) == ["confusion", "reliability"]
    assert set(TITLES) == set(KINDS)
    assert set(SMALLEST) == set(TILED)


@each("kind", KINDS)
@each("size", [*SIZES, (1, 1), (12, 3), (24, 9), (30, 60), (25, 2)], ids=lambda s: f"{s[0]}x{s[1]}")
def test_a_page_has_exactly_the_size_asked_for(kind: FigureKind, size: tuple[int, int]) -> None:
    sample, model = KINDS[kind]
    for count in (1, 2, 3, 5, 8, 13, 19):
        drawn = page(kind, dict.fromkeys(KEYS[:count], model), sample, 1, 0, size, DARK)
        assert [line.cell_len for line in drawn.lines] == [size[0]] * size[1]
        assert drawn.shown == tuple(KEYS[: len(drawn.shown)])
        assert 1 <= len(drawn.shown) <= count


@pytest.mark.parametrize("counts", cases({"some": [1, 2, 3, 4, 7, 12, 19], "all": range(1, 20)}, {"some"}))
@each("kind", TILED)
@each("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_pictures_are_as_large_as_they_should_be_and_never_overlap(
    kind: FigureKind, size: tuple[int, int], counts: Sequence[int]
) -> None:
    for count in counts:
        assert_as_large_as_can_be(kind, size, count)


def assert_as_large_as_can_be(kind: FigureKind, size: tuple[int, int], count: int) -> None:
    sample, model = KINDS[kind]
    drawn = page(kind, dict.fromkeys(KEYS[:count], model), sample, 1, 0, size, DARK)
    wide, tall = smallest(kind, sample)
    at = []  # row and column of each picture: its title alone has its loss's colour and its name's first letters
    for key in drawn.shown:
        places = [
            (row, span.start)
            for row, line in enumerate(drawn.lines)
            for span in line.spans
            if str(span.style) == colour_text(colour_of(key, dark=True))
            and key.startswith(line.plain[span.start : span.end].rstrip("…"))
            and (row, span.start) not in at
        ]
        at.append(places[0])
    rows, columns = sorted({row for row, _ in at}), sorted({column for _, column in at})
    assert at == list(product(rows, columns))[: len(at)]
    for one, after in zip(columns, [*columns[1:], size[0] + GAP], strict=True):
        assert after - one - GAP >= wide or size[0] < wide
    for one, after in zip(rows, [*rows[1:], size[1]], strict=True):
        assert after - one >= tall or size[1] < tall
    most = max(1, (size[0] + GAP) // (wide + GAP)) * max(1, size[1] // tall)
    assert len(drawn.shown) == min(count, most)
    # No other grid that holds as many has larger squares, a cell being twice as high as wide.
    sides = {
        (a, d): min((size[0] - GAP * (a - 1)) // a, 2 * (size[1] // d))
        for a in range(1, 9)
        for d in range(1, 9)
        if a * d >= len(drawn.shown)
        and (a == 1 or (size[0] - GAP * (a - 1)) // a >= wide)
        and (d == 1 or size[1] // d >= tall)
    }
    assert sides[len(columns), len(rows)] == max(sides.values())


def test_further_losses_are_shown_from_the_first_on() -> None:
    sample, model = KINDS["map"]
    models = dict.fromkeys(KEYS[:7], model)
    assert page("map", models, sample, 1, 0, (42, 11), DARK).shown == (KEYS[0],)
    assert page("map", models, sample, 1, 5, (42, 11), DARK).shown == (KEYS[5],)
    assert page("map", models, sample, 1, 5, (198, 56), DARK).shown == (KEYS[5], KEYS[6])


def test_a_model_is_shown_as_it_was_at_the_epoch_or_at_the_last_before() -> None:
    # Class 1 lies to the right: a slope of −1 is always wrong, one of 1 always right.
    model = model_of([-1.0, 1.0, -1.0], epochs=(0, 10, 40))
    for epoch, title in (
        (0, "accuracy 0.000"),
        (10, "accuracy 1.000"),
        (39, "accuracy 1.000 at epoch 10"),
        (40, "accuracy 0.000"),
        (99, "accuracy 0.000 at epoch 40"),
    ):
        drawn = page("map", {"hinge": model}, CLASSES, epoch, 0, (60, 20), DARK)
        assert drawn.lines[0].plain.rstrip() == f"hinge  {title}"


def test_a_model_that_predicts_the_same_for_every_row_is_marked() -> None:
    for drawn in (
        page("map", {"hinge": model_of([0.0])}, CLASSES, 0, 0, (60, 20), DARK),
        page("scatter", {"mse": model_of([0.0], reading="value")}, VALUES, 0, 0, (60, 20), DARK),
    ):
        assert drawn.lines[0].plain.rstrip().endswith(" ◇")
    assert "◇" not in page("map", {"hinge": model_of([1.0])}, CLASSES, 0, 0, (60, 20), DARK).lines[0].plain


def test_a_long_name_gives_way_to_how_good_it_is() -> None:
    drawn = page("map", {"sparse_categorical_crossentropy": model_of([1.0])}, CLASSES, 0, 0, (30, 11), DARK)
    assert drawn.lines[0].plain == "sparse_categorical_cro…  1.000"


def test_the_error_of_a_regression_is_the_mean_distance() -> None:
    features, target = VALUES.arrays()
    expected = np.abs(features[:, 0] - target).mean()
    drawn = page("scatter", {"mse": model_of([1.0], reading="value")}, VALUES, 0, 0, (60, 20), DARK)
    assert drawn.lines[0].plain.rstrip() == f"mse  mae {expected:.3g}"
    broken = page("scatter", {"mse": model_of([np.inf], reading="value")}, VALUES, 0, 0, (60, 20), DARK)
    assert broken.lines[0].plain.rstrip() == "mse  mae not finite"


@each("height", range(5, 30))
def test_a_small_scatter_has_all_the_room_and_a_large_one_its_residuals_beneath(height: int) -> None:
    drawn = page("scatter", {"mse": model_of([0.9], reading="value")}, VALUES, 0, 0, (42, height), DARK)
    text = "\n".join(line.plain for line in drawn.lines)
    assert "Too small" not in text
    assert "predicted ↑" in text
    room = height - 1
    assert bool(set(text) & set("▁▂▃▄▅▆▇█")) == (room - min(6, max(3, room // 4)) >= LEAST_SCATTER)


def test_an_output_without_probabilities_has_no_reliability() -> None:
    drawn = page("reliability", {"hinge": model_of([1.0], reading="margin")}, CLASSES, 0, 0, (24, 11), DARK)
    assert "probabilities." in " ".join(line.plain for line in drawn.lines)
    assert [line.cell_len for line in drawn.lines] == [24] * 11


# The slider


@pytest.mark.parametrize("epochs", [(0, 1), (0, 50, 100), (0, 1, 2, 5, 10, 300)], ids=len)
def test_a_column_of_the_slider_is_an_epoch(epochs: tuple[int, ...]) -> None:
    for chosen in range(len(epochs)):
        drawing = slider(epochs, chosen, 90)
        line = drawing.lines[0].plain
        at = drawing.x_at(line.index("●"), 0)
        assert at == pytest.approx(epochs[chosen], abs=epochs[-1] / 60)
        left, right = drawing.x_at(line.index("├"), 0), drawing.x_at(line.index("┤"), 0)
        assert left is not None
        assert right is not None
        assert left < 0 < epochs[-1] < right  # the ends are nearest to the first and the last
        assert drawing.x_at(0, 0) is None


@each("width", [*range(1, 60), 200])
@each("epochs", [(0,), (0, 1), (0, 1, 2, 5, 10, 300), tuple(range(0, 5001, 100))], ids=len)
def test_a_slider_is_exactly_as_wide_as_asked(width: int, epochs: tuple[int, ...]) -> None:
    for chosen in {0, len(epochs) // 2, len(epochs) - 1}:
        line = slider(epochs, chosen, width).lines[0]
        assert line.cell_len == width
        assert line.plain.count("●") <= 1


def test_a_slider_shows_the_chosen_place_among_the_kept_ones() -> None:
    epochs = (0, 50, 100)
    bars = [slider(epochs, chosen, 60).lines[0].plain for chosen in range(3)]
    assert [bar.split("  ")[0] for bar in bars] == ["epoch 0 of 100", "epoch 50 of 100", "epoch 100 of 100"]
    for chosen, bar in enumerate(bars):
        inner = bar[bar.index("├") + 1 : bar.index("┤")]
        assert bar.endswith("┤")
        marks = [(place, sign) for place, sign in enumerate(inner) if sign != "─"]
        assert [sign for _, sign in marks] == ["●" if place == chosen else "┼" for place in range(3)]
        assert [place for place, _ in marks] == [0, round(0.5 * (len(inner) - 1)), len(inner) - 1]
