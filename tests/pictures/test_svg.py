"""Pictures of the app as SVG: each word in its place, shapes that join up, and frames that follow each other."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.segment import Segment
from rich.style import Style

from tests.builders.stores import FAKE
from tests.pictures.film import Film
from tests.pictures.moving import SIZE, film
from tests.pictures.svg import ARMS, BLOCKS, CELL, CORNERS, LINE, Frame, frame, moving, spans, still

PICTURES = sorted((Path(__file__).parents[2] / "snapshots").glob("*.svg"))
NAMESPACE = "{http://www.w3.org/2000/svg}"


def written(*rows: str, style: Style | None = None) -> Frame:
    return frame([Segment(row, style)] for row in rows)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def words(svg: str) -> list[tuple[str | None, float, float]]:
    """Return every word with its column and row, but for the title."""
    terminal = parsed(svg).findall(f"{NAMESPACE}g")[-1]
    return [
        (text.text, float(text.attrib["x"]) / CELL, float(text.attrib["y"]) // LINE)
        for text in terminal.iter(f"{NAMESPACE}text")
    ]


def paths(svg: str) -> str:
    return "".join(path.attrib["d"] for path in parsed(svg).iter(f"{NAMESPACE}path"))


def test_every_word_stands_at_a_place_of_its_own() -> None:
    svg = still(written("one  two", "   three<&>"), (12, 2), "title")
    assert words(svg) == [("one", 0, 0), ("two", 5, 0), ("three<&>", 3, 1)]


def test_signs_beyond_ascii_and_wide_ones_push_nothing_out_of_its_place() -> None:
    svg = still(written("a±b 日本c"), (12, 1), "title")
    assert words(svg) == [("a", 0, 0), ("±", 1, 0), ("b", 2, 0), ("日", 4, 0), ("本", 6, 0), ("c", 8, 0)]


def test_lines_blocks_and_dots_are_shapes_that_reach_the_edges_of_their_cells() -> None:
    every = "".join([*ARMS, *CORNERS, *BLOCKS, "\u2801\u28ff"])
    svg = still(written(every), (len(every), 1), "title")
    assert words(svg) == []
    assert f"M{CELL / 2:g} {LINE / 2:g}H0" in paths(still(written("─"), (1, 1), "")), "half of it to the left edge"
    assert paths(still(written("█"), (1, 1), "")) == f"M0 0h{CELL}v{LINE}h-{CELL}z"
    assert paths(still(written("\u28ff"), (1, 1), "")).count("M") == 8


def test_colours_are_those_of_the_cell() -> None:
    style = Style.parse("bold #ff0000 on #0000ff")
    row = [Segment("in", style), Segment("verse", Style.parse("reverse")), Segment(" and more that is plain")]
    svg = still(frame([row]), (30, 1), "")
    assert 'fill="#ff0000" font-weight="bold"><text x="0" y="13.5">in<' in svg
    assert 'fill="#121212"><text x="18"' in svg
    dim = still(written("x", style=Style.parse("dim #ffffff on #000000")), (1, 1), "")
    assert 'fill="#999999"' in dim


FRAMES = [written("same 1"), written("same 2"), written("same 2 "), written("same 1")]


def test_what_stays_is_drawn_once_and_what_changes_for_as_long_as_it_is_there() -> None:
    spanned = {(piece.text, times) for piece, times in spans(FRAMES) if piece.text}
    assert spanned == {("same", (0, 3)), ("1", (0, 0)), ("2", (1, 2)), ("1", (3, 3))}


def test_frames_follow_each_other_and_the_last_is_there_without_movement() -> None:
    svg = moving(FRAMES, [1, 2, 3, 4], (7, 1), "title")
    assert [word for word, *_ in words(svg)].count("same") == 1
    assert "@keyframes f1-2{0%{visibility:hidden}10%{visibility:visible}60%{visibility:hidden}}" in svg
    assert "animation:f1-2 10s step-end infinite" in svg
    groups = [group for group in parsed(svg).iter(f"{NAMESPACE}g") if "style" in group.attrib]
    at_rest = ["".join(group.itertext()) for group in groups if group.get("visibility") != "hidden"]
    assert at_rest == ["1"]
    assert "prefers-reduced-motion" in svg


@pytest.mark.parametrize("seconds", [[], [1.0]])
def test_a_film_of_nothing_is_refused(seconds: list[float]) -> None:
    with pytest.raises(ValueError, match="one frame at least"):
        moving([], seconds, (1, 1), "")


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_the_pictures_that_are_kept_need_no_font_no_script_and_no_network(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    assert picture.stat().st_size < 1_000_000
    assert parsed(text).tag == f"{NAMESPACE}svg"
    assert not re.search(r"<script|textLength|@font-face|url\(|href", text)
    assert "hinge" in [word for word, *_ in words(text)]
    for (word, column, row), (_, following, below) in pairwise(sorted(words(text), key=lambda one: (one[2], one[1]))):
        assert picture.stem == "moving" or row != below or column + len(str(word)) <= following, word


@pytest.mark.slow
async def test_a_film_of_a_training_moves_and_ends_in_what_is_known(home: Path) -> None:
    taken: Film = await film(home / "lossterm.db", FAKE, step=0.1)
    svg = taken.svg(SIZE, "lossterm")
    assert len(svg) < 1_000_000
    assert len(taken.frames) > 8
    assert all(before != after for before, after in pairwise(taken.frames))
    assert "Scores" in {word for word, *_ in words(svg)}
    assert {piece.text for piece in taken.frames[0]} >= {"No", "curves", "yet."}
