"""How curves are looked at: what each key does, and that no sequence of keys leaves the epochs there are."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from lossterm.figures.curve_view_state import LEAST_SHOWN, SMOOTHING, SPLITS, CurveViewState


def test_without_a_zoom_all_epochs_are_shown() -> None:
    assert CurveViewState().shown(300) == (1, 300)
    assert CurveViewState().shown(1) == (1, 1)
    assert not CurveViewState().near


@pytest.mark.parametrize(("at", "epoch"), [(1.0, 1), (17.4, 17), (17.6, 18), (300.0, 300), (-4.0, 1), (512.0, 300)])
def test_a_place_that_is_pointed_at_is_the_nearest_epoch_that_is_shown(at: float, epoch: int) -> None:
    assert CurveViewState().pointed(at, 300).cursor == epoch
    zoomed = CurveViewState(frames=((100, 110),)).pointed(at, 300)
    assert zoomed.cursor == min(max(epoch, 100), 110)
    assert zoomed.frames == ((100, 110),)
    assert CurveViewState().pointed(0.5, 1).cursor == 1  # the axis of a single epoch goes from a half before it


def test_smoothing_goes_up_and_down_its_steps_and_off() -> None:
    look, weights = CurveViewState(), []
    for _ in range(8):
        weights.append(look.weight)
        look = look.smoother(1)
    assert weights == [0, 0.6, 0.8, 0.9, 0.95, 0.98, 0.98, 0.98]
    assert look.smoother(-1).weight == 0.95
    assert look.smoother(0).weight == 0
    assert CurveViewState().smoother(-1) == CurveViewState()
    assert CurveViewState(smoothing=99).weight == SMOOTHING[-1]
    assert CurveViewState(smoothing=-9).weight == 0


def test_the_cursor_begins_at_the_right_and_moves_by_hundredths_of_what_is_shown() -> None:
    look = CurveViewState().moved(-1, 1000)
    assert look.cursor == 1000
    assert look.near
    assert look.moved(-1, 1000).cursor == 990
    assert look.moved(-10, 1000).cursor == 900
    assert look.moved(5, 1000).cursor == 1000
    assert look.moved(-500, 1000).cursor == 1
    assert CurveViewState(cursor=7).moved(1, 20).cursor == 8
    zoomed = CurveViewState(frames=((101, 200),))
    assert zoomed.moved(1, 1000).cursor == 200
    assert zoomed.moved(1, 1000).moved(-1, 1000).cursor == 199


def test_the_cursor_moves_the_frame_where_it_goes_beyond() -> None:
    look = CurveViewState(frames=((101, 200),), cursor=195)
    assert look.moved(5, 1000).shown(1000) == (101, 200)
    assert look.moved(10, 1000).shown(1000) == (106, 205)
    assert CurveViewState(frames=((101, 200),), cursor=103).moved(-10, 1000).shown(1000) == (93, 192)
    assert look.moved(10_000, 1000).shown(1000) == (901, 1000)
    assert look.moved(-10_000, 1000).shown(1000) == (1, 100)


def test_a_frame_pans_by_tenths_as_far_as_there_are_epochs() -> None:
    look = CurveViewState(frames=((101, 200),))
    assert look.panned(1, 1000).shown(1000) == (110, 209)
    assert look.panned(-1, 1000).shown(1000) == (92, 191)
    assert look.panned(1000, 1000).shown(1000) == (901, 1000)
    assert look.panned(-1000, 1000).shown(1000) == (1, 100)
    assert CurveViewState().panned(1, 1000) == CurveViewState()


def test_zooms_halve_around_the_cursor_or_at_the_right() -> None:
    assert CurveViewState().nearer(300).shown(300) == (151, 300)
    assert CurveViewState(cursor=100).nearer(300).shown(300) == (25, 174)
    assert CurveViewState(cursor=2).nearer(300).shown(300) == (1, 150)
    assert CurveViewState(cursor=299).nearer(300).shown(300) == (151, 300)
    assert CurveViewState(cursor=100).nearer(300).nearer(300).shown(300) == (63, 137)


def test_zooms_stop_where_few_epochs_are_left() -> None:
    look = CurveViewState()
    for _ in range(20):
        look = look.nearer(300)
    first, last = look.shown(300)
    assert last - first + 1 == LEAST_SHOWN
    assert CurveViewState().nearer(2 * LEAST_SHOWN - 1) == CurveViewState()
    assert CurveViewState().nearer(2 * LEAST_SHOWN).shown(2 * LEAST_SHOWN) == (LEAST_SHOWN + 1, 2 * LEAST_SHOWN)


def test_going_out_undoes_each_zoom_and_then_the_cursor() -> None:
    begun = CurveViewState(cursor=40)
    once = begun.nearer(300)
    twice = once.nearer(300)
    assert twice.farther() == once
    assert twice.farther().farther() == begun
    assert begun.farther() == CurveViewState()
    assert not begun.farther().near


def test_pins_and_hides_are_turned_on_and_off() -> None:
    look = CurveViewState().pin("mse").pin("mae").hide("huber")
    assert (look.pinned, look.hidden) == (("mse", "mae"), ("huber",))
    assert look.pin("mse").pinned == ("mae",)
    assert look.hide("huber").hidden == ()


def test_splits_are_taken_in_turn() -> None:
    look, seen = CurveViewState(), []
    for _ in SPLITS:
        seen.append(look.splits)
        look = look.next_splits()
    assert tuple(seen) == SPLITS
    assert look == CurveViewState()


KEY = some.one_of(
    some.tuples(some.sampled_from(["moved", "panned"]), some.integers(-30, 30)),
    some.tuples(some.sampled_from(["nearer", "farther", "epochs"]), some.integers(1, 2000)),
)


@given(epochs=some.integers(1, 2000), keys=some.lists(KEY, max_size=25))
def test_no_sequence_of_keys_leaves_the_epochs(epochs: int, keys: list[tuple[str, int]]) -> None:
    look = CurveViewState()
    for key, number in keys:
        if key == "epochs":  # another comparison is shown
            epochs = number
        elif key == "farther":
            look = look.farther()
        elif key == "nearer":
            nearer = look.nearer(epochs)
            assert nearer == look or nearer.farther() == look
            look = nearer
        else:
            look = getattr(look, key)(number, epochs)
            if key == "moved":
                first, last = look.shown(epochs)
                assert look.cursor is not None
                assert 1 <= first <= look.cursor <= last
        first, last = look.shown(epochs)
        assert 1 <= first <= last <= epochs
        assert last - first + 1 >= min(2, epochs)


@pytest.mark.parametrize("frames", [((5, 3),), ((-4, 900),), ((700, 900),), ((0, 0),)])
def test_a_frame_that_was_kept_of_another_comparison_is_brought_within_this_one(frames: tuple[tuple[int, int]]) -> None:
    first, last = CurveViewState(frames=frames).shown(50)
    assert 1 <= first < last <= 50


def test_a_look_is_the_same_after_json_and_back() -> None:
    look = CurveViewState(
        smoothing=2, log=True, splits="apart", frames=((3, 9),), cursor=4, pinned=("mse",), hidden=("mae",)
    )
    assert msgspec.json.decode(msgspec.json.encode(look), type=CurveViewState) == look
