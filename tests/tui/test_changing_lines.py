"""Lines of text of which only what differs is painted anew: rows, as far as the last cell of another look."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip

from lossterm.tui.widgets.changing_lines import ChangingLines, _last_change

WIDTH, HEIGHT = 40, 5


class Holder(App[None]):
    """Nothing but lines."""

    def compose(self) -> ComposeResult:
        yield ChangingLines()


@contextmanager
def refreshed(lines: ChangingLines, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Region]]:
    """Collect the regions that are painted anew; a region of None is all of the widget."""
    regions: list[Region] = []
    with monkeypatch.context() as patched:
        patched.setattr(lines, "refresh", lambda *painted, **_: regions.extend(painted or [lines.size.region]))
        yield regions


def cells(regions: list[Region]) -> set[tuple[int, int]]:
    return {(x, region.y) for region in regions for x in range(region.x, region.right)}


async def test_only_the_row_that_differs_is_refreshed_and_no_further_than_it_differs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Holder()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        lines = app.query_one(ChangingLines)
        lines.show([Text("same"), Text("0123456789 and more"), Text("same")])
        await pilot.pause()
        with refreshed(lines, monkeypatch) as regions:
            lines.show([Text("same"), Text("012x456789 and more"), Text("same")])
        assert cells(regions) == {(x, 1) for x in range(4)}


async def test_the_same_again_refreshes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Holder()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        lines = app.query_one(ChangingLines)
        lines.show([Text("same", "bold red"), Text("too")])
        await pilot.pause()
        with refreshed(lines, monkeypatch) as regions:
            lines.show([Text("same", "bold red"), Text("too")])
        assert regions == []


async def test_another_colour_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Holder()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        lines = app.query_one(ChangingLines)
        lines.show([Text.assemble("ab", ("c", "red"), "d")])
        await pilot.pause()
        with refreshed(lines, monkeypatch) as regions:
            lines.show([Text.assemble("ab", ("c", "green"), "d")])
        assert cells(regions) == {(0, 0), (1, 0), (2, 0)}


async def test_lines_that_come_and_go_are_refreshed(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Holder()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        lines = app.query_one(ChangingLines)
        lines.show([Text("a"), Text("b")])
        await pilot.pause()
        with refreshed(lines, monkeypatch) as regions:
            lines.show([Text("a")])
        assert cells(regions) == {(0, 1)}
        with refreshed(lines, monkeypatch) as regions:
            lines.show([Text("a"), Text(""), Text("c")])
        assert cells(regions) == {(0, 2)}


async def test_what_is_out_of_sight_is_not_refreshed(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Holder()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        lines = app.query_one(ChangingLines)
        rows = [Text(f"row {place}") for place in range(20)]
        lines.show(rows)
        await pilot.pause()
        lines.scroll_to(y=10, animate=False)
        await pilot.pause()
        with refreshed(lines, monkeypatch) as regions:
            lines.show([Text("other"), *rows[1:12], Text("row !!"), *rows[13:]])
        assert cells(regions) == {(x, 2) for x in range(6)}


async def test_what_is_painted_is_what_is_shown() -> None:
    app = Holder()
    async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
        lines = app.query_one(ChangingLines)
        for rows in (["one", "two", "three"], ["one", "2"], [], ["", "", "x" * 60], ["wide 漢字 signs", "after"]):
            lines.show([Text(row) for row in rows])
            await pilot.pause()
            painted = [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]
            assert painted == [*(row[:WIDTH] for row in rows), *[""] * (HEIGHT - len(rows))]


STYLES = [None, Style(color="red"), Style(bold=True)]
STRIPS = st.lists(
    st.tuples(st.text("ab ─⣿漢", max_size=6), st.sampled_from(STYLES)).map(lambda part: Segment(*part)), max_size=6
).map(Strip)


def looks(strip: Strip, width: int) -> list[tuple[str, Style | None]]:
    """Return sign and style of each cell, with two cells for a sign that is that wide."""
    cells: list[tuple[str, Style | None]] = []
    for segment in strip:
        for sign in segment.text:
            cells += [(sign, segment.style), *([("", segment.style)] if sign == "漢" else [])]
    return (cells + [(" ", None)] * width)[:width]


@settings(max_examples=300, deadline=None)
@given(STRIPS, STRIPS, st.integers(0, 40))
def test_every_difference_is_painted_and_no_more_than_need_be(old: Strip, new: Strip, width: int) -> None:
    end = _last_change(old, new, width)
    looks_old, looks_new = looks(old, width), looks(new, width)
    differ = [place for place in range(width) if looks_old[place] != looks_new[place]]
    assert 0 <= end <= width
    assert max(differ, default=-1) < end or not differ
    if "漢" not in old.text + new.text:
        assert end == max(differ, default=-1) + 1
