"""Images, sequences and masks row by row, and tables of labels and outputs: what is seen is what was predicted."""

import msgspec
import numpy as np
import pytest
from rich.text import Text

from lossterm.charts.decision_map import class_colours
from lossterm.charts.half_blocks import beside, breadth, coloured, thinned
from lossterm.charts.terminal_style import Style
from lossterm.figures.kept_model import on_sample, place_at
from lossterm.figures.predictions import Page, kinds, page
from lossterm.figures.shaped_predictions import masks, outcome, table, worst_first
from lossterm.losses.prediction_from_output import Predicted
from lossterm.metrics import METRICS
from lossterm.store import Kept, Sample
from tests.builders.kept import NAMES, ROWS, kept_of, shaped_sample

DARK, PLAIN = Style(dark=True), Style(dark=True, plain=True)
IMAGES, SEQUENCES, MASKS, LABELS, OUTPUTS = (
    shaped_sample(kind) for kind in ("images", "sequences", "masks", "labels", "outputs")
)


def drawn(sample: Sample, kept: Kept, size: tuple[int, int] = (78, 18), epoch: int = 4, first_row: int = 0) -> Page:
    (kind, *_) = kinds(sample)
    return page(kind, {"brier": kept}, sample, epoch, 0, size, DARK, first_row=first_row)


def words(page: Page) -> str:
    return "\n".join(line.plain for line in page.lines)


# Which rows


def test_the_surest_wrong_rows_come_first_and_the_surest_right_ones_last() -> None:
    target = np.array([0, 1, 2, 1])
    probability = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.3, 0.3, 0.4], [0.8, 0.1, 0.1]])
    predictions = Predicted(prediction=probability.argmax(axis=1), probability=probability)
    assert worst_first(predictions, target).tolist() == [3, 1, 2, 0]
    unsure = Predicted(prediction=predictions.prediction)
    assert worst_first(unsure, target).tolist() == [1, 3, 0, 2]
    numbers = Predicted(prediction=np.array([1.0, 5.0, -9.0]))
    assert worst_first(numbers, np.array([1.0, 1.0, 1.0])).tolist() == [2, 1, 0]


@pytest.mark.parametrize("sample", [IMAGES, SEQUENCES], ids=["images", "sequences"])
def test_wrong_rows_are_shown_first_with_what_is_true_and_what_was_predicted(sample: Sample) -> None:
    kept = kept_of(sample, wrong=(5, 2))
    _, target = sample.arrays()
    predictions, _ = on_sample(kept, -1, sample)
    assert predictions.probability is not None
    seen = words(drawn(sample, kept))
    captions = [
        f"{NAMES[target[row]]} → {NAMES[(target[row] + 1) % 3]} {predictions.probability[row].max():.2f}"
        for row in (2, 5)
    ]
    assert seen.index(captions[0]) < seen.index(captions[1])
    assert seen.count("→") == 2
    assert f"accuracy {10 / 12:.3f}" in seen


def test_the_same_rows_are_seen_at_every_epoch_and_further_ones_on_the_next_page() -> None:
    kept = kept_of(IMAGES, wrong=(7,))
    size = (40, 12)
    last, first = drawn(IMAGES, kept, size), drawn(IMAGES, kept, size, epoch=0)
    assert last.rows == first.rows == 4
    assert last.among == ROWS

    def pixels(page: Page) -> list[str]:
        return [str(span.style) for line in page.lines[1:5] for span in line.spans if " on " in str(span.style)]

    assert pixels(last) == pixels(first)
    assert "0.33" in words(first)
    assert pixels(drawn(IMAGES, kept, size, first_row=4)) != pixels(last)
    end = drawn(IMAGES, kept, size, first_row=ROWS - 1)
    assert (end.rows, end.among) == (1, ROWS)


# Masks


def test_masks_stand_beside_the_truth_with_their_dice_and_the_worst_rows_come_first() -> None:
    models = {"brier": kept_of(MASKS, wrong=(3,)), "gce": kept_of(MASKS)}
    tile = masks(models, list(models), MASKS, 4, 0, (78, 18), DARK)
    text = [line.plain for line in tile.lines]
    assert text[0] == "▀ sea  ▀ land  ▀ air"
    assert text[1].split() == ["image", "true", "brier", "gce"]
    dice = METRICS["dice"].function(np, outcome(models["brier"], -1, MASKS))
    assert text[2].split() == ["dice", f"{dice:.3f}", "dice", "1.000"]
    assert text[3].split() == ["row", "4", "0.00", "1.00"]
    assert text[7].split() == ["row", "1", "1.00", "1.00"]
    assert (tile.rows, tile.among, tile.shown) == (3, ROWS, 2)
    alone = [line.plain for line in masks(models, ["gce"], MASKS, 4, 0, (78, 18), DARK).lines]
    assert alone[1].split() == ["image", "true", "gce"]
    assert alone[3].split() == ["row", "4", "1.00"]  # in the order of all losses


def test_masks_are_in_the_order_of_the_lowest_mean_dice_not_of_wrong_pixels() -> None:
    """A small object that is missed is worse than a large one that is nearly right."""
    truth = np.zeros((ROWS, 6, 6), np.int64)
    truth[:, 1:5, 1:5] = 1
    truth[7, :, :] = 0
    truth[7, 2, 2] = 1
    predicted = truth.copy()
    predicted[7, 2, 2] = 0  # one pixel is wrong, and the Dice is 0
    predicted[2, 1, :] = 0  # four of sixteen pixels
    predicted[9, 1:3, :] = 0  # eight of them
    sample = msgspec.structs.replace(MASKS, classes=2, names=("sea", "land"), target=truth.astype("<f8").tobytes())
    right, off = (3.0 * np.eye(2)[masks_of] for masks_of in (truth, predicted))

    def kept(last: np.ndarray) -> Kept:
        data = np.stack([0 * last, last]).astype("<f4").tobytes()
        return msgspec.structs.replace(kept_of(sample), shape=last.shape[1:], data=data)

    models = {"brier": kept(off), "gce": kept(right)}
    tile = masks(models, list(models), sample, 4, 0, (78, 40), DARK)
    captions = [line.plain.split() for line in tile.lines if line.plain.startswith("row ")]
    assert captions[:3] == [
        ["row", "8", "0.00", "1.00"],
        ["row", "10", f"{2 * 8 / 24:.2f}", "1.00"],
        ["row", "3", f"{2 * 12 / 28:.2f}", "1.00"],
    ]


def test_the_colours_of_a_mask_are_those_of_the_predicted_classes() -> None:
    models = {"brier": kept_of(MASKS)}
    _, target = MASKS.arrays()
    tile = masks(models, list(models), MASKS, 4, 0, (78, 18), DARK)
    palette = class_colours(3, dark=True)
    rows = coloured(target[0], palette)
    styles = [str(span.style) for span in tile.lines[4].spans if " on " in str(span.style)]
    expected = [f"{_hex(above)} on {_hex(below)}" for above, below in zip(rows[0], rows[1], strict=True)]
    assert styles[-6:] == expected
    assert styles[-12:-6] == expected
    assert len({line.plain for line in masks(models, list(models), MASKS, 4, 0, (78, 18), PLAIN).lines[4:7]}) == 3


def _hex(colour: np.ndarray) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour.tolist())


def test_outputs_for_fewer_rows_and_losses_without_room_are_left_out() -> None:
    models = {"brier": kept_of(MASKS), "gce": kept_of(MASKS, rows=5), "dice": kept_of(MASKS)}
    tile = masks(models, list(models), MASKS, 4, 4, (46, 12), DARK)
    assert (tile.rows, tile.among, tile.shown) == (1, 5, 2)
    assert masks(models, list(models), MASKS, 4, 99, (200, 40), DARK).shown == 3


# Tables


def test_a_table_has_what_metrics_say_of_each_label() -> None:
    kept = kept_of(LABELS, wrong=(0, 1))
    _, target = LABELS.arrays()
    prediction = on_sample(kept, -1, LABELS)[0].prediction
    lines = table(kept, 1, LABELS, (60, 6))
    assert lines[0].plain.split() == ["true", "pred.", "prec.", "recall", "F1", "AP"]
    for label, line in enumerate(lines[1:4]):
        true, said = target[:, label], prediction[:, label]
        name, share, _, other, _, precision, recall, f1, _ = line.plain.split()
        both = (true & said).sum()
        assert (name, share, other) == (NAMES[label], f"{100 * true.mean():.0f}", f"{100 * said.mean():.0f}")
        assert (precision, recall) == (f"{both / said.sum():.2f}", f"{both / true.sum():.2f}")
        assert f1 == f"{2 * both / (true.sum() + said.sum()):.2f}"
    nothing = table(kept, 0, LABELS, (60, 6))[1].plain.split()
    assert nothing[3:] == ["0", "%", "–", "0.00", "0.00", f"{target[:, 0].mean():.2f}"]


def test_a_table_has_the_errors_of_each_output_and_says_what_has_no_room() -> None:
    kept = kept_of(OUTPUTS, wrong=(4,))
    _, target = OUTPUTS.arrays()
    off = np.abs(2 * target[4, 0])
    lines = table(kept, 1, OUTPUTS, (60, 4))
    assert lines[0].plain.split() == ["mae", "rmse", "R²", "bias"]
    mae, rmse, *_ = lines[1].plain.split()[1:]
    assert (mae, rmse) == (f"{off / ROWS:.3g}", f"{(off**2 / ROWS) ** 0.5:.3g}")
    assert [line.plain.split()[0] for line in table(kept, 1, OUTPUTS, (60, 3))[1:]] == ["sea", "and"]
    assert table(kept, 1, OUTPUTS, (60, 3))[2].plain.strip() == "and 2 more"
    assert "R² " in words(drawn(OUTPUTS, kept))


# Parts


def test_the_place_is_the_last_kept_epoch_up_to_one() -> None:
    kept = kept_of(IMAGES)
    assert [place_at(kept, epoch) for epoch in (0, 3, 4, 9)] == [0, 0, 1, 1]


def test_an_image_is_thinned_to_the_room_and_pictures_stand_beside_each_other() -> None:
    image = np.arange(60).reshape(6, 10)
    assert thinned(image, 6, 10).shape == (6, 10)
    assert thinned(image, 6, 5)[0].tolist() == [0, 2, 4, 6, 8]
    assert thinned(image, 2, 10).shape == (2, 4)
    pictures = [[Text("ab"), Text("c")], [Text("x")]]
    assert breadth(pictures) == 5
    assert [line.plain for line in beside(pictures)] == ["ab  x", "c    "]
    assert beside([]) == []
