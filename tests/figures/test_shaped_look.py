"""A first look at images, sequences, masks and targets of several numbers."""

import numpy as np
import pytest

from lossterm.charts.half_blocks import blocks, channels, coloured, grey
from lossterm.charts.terminal_style import Style
from lossterm.figures.first_look import chart
from lossterm.figures.first_look_building import first_look
from lossterm.figures.shaped_look import drawn_pictures
from lossterm.tasks import TASKS, task_named
from lossterm.tasks.drawn_rows import rows_of_draw

SHAPED = [key for key, task in TASKS.items() if len(task.input_shape) > 1 or task.target_shape]


@pytest.mark.parametrize("key", SHAPED)
@pytest.mark.parametrize("plain", [False, True])
def test_every_task_with_a_shape_can_be_looked_at_in_the_cells_that_there_are(key: str, plain: bool) -> None:
    look = first_look(task_named(key))
    assert look.rows == task_named(key).rows
    assert look.said
    for width, height in ((38, 12), (80, 24), (140, 40)):
        lines = chart(look, width, height, Style(dark=True, plain=plain)).lines
        assert len(lines) == height
        assert {line.cell_len for line in lines} == {width}


@pytest.mark.parametrize("key", [key for key in SHAPED if len(TASKS[key].input_shape) > 1])
def test_no_title_stands_without_its_picture(key: str) -> None:
    look = first_look(task_named(key))
    titles = {word for picture in look.pictures for word in picture.title.split()} | {"mask"}
    for width in (38, 80, 140):
        whole = drawn_pictures(look, width, 200, Style(dark=True)).lines
        for height in range(45):
            lines = [line.plain for line in drawn_pictures(look, width, height, Style(dark=True)).lines]
            assert len(lines) == height
            drawn = [line for line in lines if line.strip()]
            assert drawn == [line.plain for line in whole[: len(drawn)]]
            assert not drawn or not titles & set(drawn[-1].split()), (width, height)


def test_what_is_said_are_the_numbers_of_the_draw() -> None:
    shapes = first_look(task_named("shapes"))
    _, masks = task_named("shapes").draw(0)
    assert [count for _, count in shapes.classes] == np.bincount(masks.ravel()).tolist()
    assert "images of 16 × 16 × 1" in shapes.said[0]
    assert "of the pixels" in shapes.said[1]
    np.testing.assert_array_equal(shapes.pictures[0].mask, masks[0])
    topics = first_look(task_named("topics"))
    assert [count for _, count in topics.classes] == task_named("topics").draw(0)[1].sum(axis=0).tolist()
    assert [one.title for one in first_look(task_named("waves")).pictures] == ["falling", "steady", "rising"]


def test_an_image_is_two_pixels_in_a_cell_its_largest_the_brightest() -> None:
    image = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 8.0]])
    pixels = grey(image, dark=True)
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[2, 1].tolist() == [255, 255, 255]
    assert grey(image, dark=False)[2, 1].tolist() == [0, 0, 0]
    lines = blocks(pixels)
    assert [line.plain for line in lines] == ["▀▀", "▀▀"]
    assert str(lines[0].spans[1].style) == "#1f1f1f on #5f5f5f"
    assert blocks(pixels, plain=True)[1].plain == "░▒"
    assert (grey(np.full((2, 2), 7.0), dark=True) == 0).all()


def test_a_mask_has_the_colour_of_each_class_and_a_sequence_a_line_for_each_channel() -> None:
    palette = [(1, 2, 3), (4, 5, 6)]
    assert coloured(np.array([[0, 1]]), palette).tolist() == [[[1, 2, 3], [4, 5, 6]]]
    rising = channels(np.stack([np.arange(16.0), np.zeros(16)], axis=1), 8)
    assert [line.plain for line in rising] == ["▁▂▃▄▅▆▇█", "▁" * 8]


def test_rows_of_a_draw_are_written_with_their_targets() -> None:
    (row,) = rows_of_draw(task_named("topics"), (1,)).rows
    assert set(row.cells[0].split(", ")) <= {*task_named("topics").outputs, "none"}
    (row,) = rows_of_draw(task_named("shapes"), (1,)).rows
    assert row.cells[0].startswith("background ")
    assert len(row.cells) == 257
    (row,) = rows_of_draw(task_named("arm"), (2,)).rows
    assert len(row.cells[0].split(", ")) == 3
