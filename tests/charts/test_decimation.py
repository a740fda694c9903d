"""Fewer points: the same picture while that can be paid for, and all extremes beyond."""

import numpy as np

from lossterm.charts.decimation import MOST_DOTS, STROKES, Line, decimated, rounded

WIDE, TALL = 260, 140


def line(points: int, noise: float, seed: int = 0) -> Line:
    random = np.random.default_rng(seed)
    share = np.linspace(0, 1, points)
    y = np.clip(np.exp(-4 * share) + noise * random.normal(size=points), 0, 1)
    return Line(share * (WIDE - 1), y * (TALL - 1))


def dots(line: Line) -> set[tuple[int, int]]:
    """Return the dots that plotext sets: from point to point, each way without its last."""
    drawn = set()
    x, y = rounded(line.x).astype(int), rounded(line.y).astype(int)
    for place in range(len(x) - 1):
        steps = max(abs(x[place + 1] - x[place]), abs(y[place + 1] - y[place]))
        ways = (np.linspace(way[place], way[place + 1], steps + 1).astype(int)[:-1] for way in (x, y))
        drawn |= set(zip(*(way.tolist() for way in ways), strict=True))
    return drawn | {(int(x[-1]), int(y[-1]))}


def test_the_picture_stays_the_same_and_costs_less() -> None:
    for points in (1, 2, 200, 5000, 50_000):
        whole = line(points, 0.01)
        (fewer,) = decimated([whole])
        assert dots(fewer) == dots(whole)
        assert fewer.cost <= whole.cost
        assert len(fewer.x) <= 4 * WIDE


def test_where_that_costs_too_much_every_extreme_is_kept_in_its_stroke() -> None:
    whole = [line(20_000, 0.2, seed) for seed in range(24)]
    fewer = decimated(whole)
    assert sum(one.cost for one in fewer) < sum(one.cost for one in whole) / 20
    width = STROKES[-1]
    for before, after in zip(whole, fewer, strict=True):
        for column in range(WIDE // width):
            inside, kept = (rounded(one.x) // width == column for one in (before, after))
            assert after.y[kept].min() <= before.y[inside].min()
            assert after.y[kept].max() >= before.y[inside].max()
        assert (after.x[0], after.y[0], after.x[-1], after.y[-1]) == (
            before.x[0],
            before.y[0],
            before.x[-1],
            before.y[-1],
        )


def test_what_can_be_paid_for_is_not_thinned_out() -> None:
    whole = [line(190, 0.002, seed) for seed in range(11)]
    assert sum(one.cost for one in whole) < MOST_DOTS
    assert all(dots(fewer) == dots(one) for fewer, one in zip(decimated(whole), whole, strict=True))


def test_a_way_that_goes_straight_on_is_one_step() -> None:
    x = np.arange(12.0)
    for y in (np.zeros(12), x, -x + 20, np.where(x < 6, 0, x - 5), np.where(x < 6, 3, 9), np.abs(x - 5)):
        (fewer,) = decimated([Line(x, y)])
        assert dots(fewer) == dots(Line(x, y))
        assert len(fewer.x) <= 4
