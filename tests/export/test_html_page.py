"""The HTML report: whole in one file, sound, harmless, and readable without colours."""

import math
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest

from lossterm import __version__
from lossterm.charts.loss_colours import colour_of, colour_text
from lossterm.comparison.comparison import Comparison, Trial
from lossterm.export import Contents, gather
from lossterm.export.epochs import every
from lossterm.export.html import pictures, svg
from lossterm.export.html.page import write_html
from lossterm.reports.cells import spread
from lossterm.reports.notes import notes
from lossterm.reports.table import columns_of
from lossterm.reports.verdict import verdict
from lossterm.store import Store
from tests.builders.stores import FAIR, TUTORIAL, fill, undecided

from .prepared import SESSION

VOID = {"meta", "br", "img", "hr", "link", "input"}
HOSTILE = "<script>alert('1')</script>\"&\x1b]0;x\x07\u202e"
Page = Callable[[Contents], str]


class Reader(HTMLParser):
    """Checks that every element is closed in its turn, and keeps what is shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self.within: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open, f"only within a picture may {tag} close itself"
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"{tag} is closed and was not opened"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.shown.append(data)
            for tag in self.open:
                self.within.setdefault(tag, []).append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def page(tmp_path: Path) -> Page:
    def written_out(contents: Contents) -> str:
        write_html(contents, tmp_path / "x.html")
        return (tmp_path / "x.html").read_text(encoding="utf-8")

    return written_out


@pytest.fixture
def tuned(tmp_path: Path) -> Iterator[Contents]:
    """Three losses at three rates, of which one diverged."""
    fill(
        tmp_path / "t.db",
        FAIR,
        scored=undecided,
        diverged=lambda one: one.loss == "hinge" and one.learning_rate == 0.03,
    )
    with Store(tmp_path / "t.db") as store:
        yield gather(store, "prepared")


def test_every_element_is_closed_and_nothing_is_loaded(contents: Contents, page: Page) -> None:
    text = page(contents)
    parsed = read(text)
    tags = {tag for tag, _ in parsed.elements}
    assert not tags & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "base",
        "form",
        "a",
        "use",
        "image",
        "foreignobject",
    }
    for tag, attributes in parsed.elements:
        assert not any(name.startswith("on") or name in ("src", "href", "style") for name in attributes), tag
    assert re.findall(r"\w+://[^\s\"']+", text.replace("http://www.w3.org/2000/svg", "")) == ["http://x&quot;)�[2J"]
    assert "default-src 'none'" in text
    assert not re.search(r"@import|url\(", text)


def test_each_picture_is_sound_xml_with_a_title_and_finite_numbers(contents: Contents, page: Page) -> None:
    drawn = re.findall(r"<svg.*?</svg>", page(contents), re.DOTALL)
    assert len(drawn) > 5
    for one in drawn:
        root = ElementTree.fromstring(one)
        title = root.find("{http://www.w3.org/2000/svg}title")
        assert title is not None
        assert title.text
        assert not re.search(r"\b(nan|inf)\b", re.sub(r"<text.*?</text>|<title>.*?</title>", "", one))


def test_it_says_what_was_found_and_how_to_run_it_again(tuned: Contents, page: Page) -> None:
    (report,) = tuned.reports
    parsed = read(page(tuned))
    whole = "".join(parsed.shown)
    for sentence in (verdict(report), *notes(report), f"lossterm{__version__}"):
        assert " ".join(sentence.split()) in " ".join(whole.split())
    cells = "".join(parsed.within["td"])
    for column in columns_of(report):
        for value in column.values:
            assert value in cells
    (code,) = parsed.within["code"]
    assert code.startswith("lossterm run --task circles --protocol fair --loss binary_crossentropy")
    for setting in ("0.003, 0.01, 0.03", "momentum", "600 train, 200 validation, 200 test"):
        assert setting in cells


def test_a_choice_of_losses_is_told(opened: Store, page: Page) -> None:
    text = page(gather(opened, SESSION, task="circles", losses=["hinge"]))
    assert "judged among themselves; left out: binary_crossentropy, squared_hinge." in text


def test_a_session_name_and_an_error_do_nothing_but_show(contents: Contents, page: Page) -> None:
    text = page(contents)
    parsed = read(text)
    assert SESSION in "".join(parsed.within["h1"])
    assert not set(text) & set("\x1b\u202e\r")
    assert "alert(1)" in "".join(parsed.within["li"])  # the error of a trial, told as text
    assert "a <processor> & more" in "".join(parsed.within["td"])


@pytest.mark.parametrize("text", [HOSTILE, "]]>", "<!--", "</title>", "&lt;", "\x00\x85", "x" * 500])
def test_whatever_a_loss_is_called_a_picture_shows_it_as_text(tuned: Contents, text: str) -> None:
    (report,) = tuned.reports
    standings = tuple(msgspec.structs.replace(standing, loss=text) for standing in report.standings)
    drawn = pictures.scores(msgspec.structs.replace(report, standings=standings))
    root = ElementTree.fromstring(drawn)
    names = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text") if one.get("class") == "name"]
    assert names == [svg.shortened(text)] * 3
    assert len(svg.shortened(text)) <= svg.LONGEST_NAME
    assert not list(root.iter("script"))


def test_each_loss_has_the_colour_of_the_app_on_both_grounds(tuned: Contents, page: Page) -> None:
    text = page(tuned)
    light, dark = re.search(r"<style>(.*)@media \(prefers-color-scheme: dark\)(.*)</style>", text, re.DOTALL).groups()  # type: ignore[union-attr]  # it is there
    for loss in FAIR.losses:
        name = pictures.colour(loss)
        assert f".line.{name},.ring.{name}{{stroke:{colour_text(colour_of(loss, dark=False))}}}" in light
        assert f".line.{name},.ring.{name}{{stroke:{colour_text(colour_of(loss, dark=True))}}}" in dark
        assert f'class="line {name}"' in text
    assert light.count("{") == light.count("}")
    assert dark.count("{") == dark.count("}")


def test_lines_are_told_apart_by_name_and_dash(tuned: Contents) -> None:
    (report,) = tuned.reports
    curves = {one.row.id: one.values for one in every(tuned)}
    root = ElementTree.fromstring(pictures.metric_curves(report, curves))
    names = {one.text for one in root.iter("{http://www.w3.org/2000/svg}text") if one.get("class") == "name"}
    assert names == set(FAIR.losses)
    dashes = [one.get("stroke-dasharray") for one in root.iter("{http://www.w3.org/2000/svg}polyline")]
    assert len(set(dashes)) == 3
    assert len(list(root.iter("{http://www.w3.org/2000/svg}polygon"))) == 3  # a band each


def test_where_trials_collapsed_there_are_diamonds_medians_and_the_words(tmp_path: Path, page: Page) -> None:
    def scored(trial: Trial, metric: str) -> float:
        if trial.loss == "hinge" and trial.seed == 1:
            return 0.0 if metric == "macro_f1" else 0.5
        return 0.9 - 0.001 * trial.seed

    fill(tmp_path / "c.db", TUTORIAL, session="c", scored=scored)
    with Store(tmp_path / "c.db") as store:
        contents = gather(store, "c")
        text, curves = page(contents), {one.row.id: one.values for one in every(contents)}
    (report,) = contents.reports
    assert len(report.collapsed) == 1
    root = ElementTree.fromstring(pictures.metric_curves(report, curves))
    paths = [one.get("class") or "" for one in root.iter("{http://www.w3.org/2000/svg}path")]
    assert sum(kind.startswith("ring") for kind in paths) == 1
    shown = "".join(read(text).shown)
    for words in ("hinge predicts one class on 1 of 4 seeds", "median and 95 % interval", "collapsed 1/4", "constant"):
        assert words in shown


def test_scores_are_drawn_where_they_are(tuned: Contents) -> None:
    (report,) = tuned.reports
    root = ElementTree.fromstring(pictures.scores(report))
    marks = [float(one.get("cx", "")) for one in root.iter("{http://www.w3.org/2000/svg}circle")]
    means = [standing.mean for standing in report.standings if standing.mean is not None]
    assert len(marks) == 3
    ratio = (marks[0] - marks[1]) / (marks[0] - marks[2])
    assert ratio == pytest.approx((means[0] - means[1]) / (means[0] - means[2]), abs=0.01)
    words = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}text")]
    for standing in report.standings:
        assert any(word.startswith(spread(standing.mean, standing.ci)) for word in words)
        assert any(standing.verdict is not None and standing.verdict in word for word in words)


def test_a_sweep_rings_the_choice_and_leaves_out_what_diverged(tuned: Contents) -> None:
    (report,) = tuned.reports
    root = ElementTree.fromstring(pictures.sweep(report))
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    rings = [one for one in circles if (one.get("class") or "").startswith("ring")]
    assert len(rings) == 3
    assert len(circles) - len(rings) == 3 * 3 - 1


def test_without_anything_to_draw_there_is_a_page_all_the_same(tmp_path: Path, page: Page) -> None:
    comparison = Comparison.ask("circles", protocol="tutorial", seeds=1, epochs=2)
    fill(tmp_path / "e.db", comparison, session="e", trials=0)
    with Store(tmp_path / "e.db") as store:
        text = page(gather(store, "e"))
    parsed = read(text)
    assert "svg" not in {tag for tag, _ in parsed.elements}
    assert "No trial has a score" in "".join(parsed.shown)


def test_one_epoch_and_one_seed_are_drawn_as_points(tmp_path: Path, page: Page) -> None:
    comparison = Comparison.ask("circles", protocol="tutorial", seeds=1, epochs=1)
    fill(tmp_path / "e.db", comparison, session="e")
    with Store(tmp_path / "e.db") as store:
        text = page(gather(store, "e"))
    read(text)
    assert 'class="dot' in text


# Drawing


def test_a_long_line_keeps_its_extremes() -> None:
    y = np.zeros(100_000)
    y[12_345], y[54_321] = 9, -9
    x, thin = svg.thinned(np.arange(100_000), y)
    assert len(x) <= svg.MOST_POINTS
    assert (thin.max(), thin.min()) == (9, -9)
    assert (np.diff(x) > 0).all()


def test_names_are_moved_apart_by_as_little_as_it_takes() -> None:
    assert svg.spread([50, 52, 200], 30, 300) == [50, 64, 200]
    assert svg.spread([290, 295, 299], 30, 300) == [272, 286, 300]
    assert svg.spread([], 30, 300) == []


def test_a_gap_divides_a_line_and_its_band() -> None:
    nan = math.nan
    runs = svg._runs(np.array([1, nan, 2, 3, nan]), np.array([1, 1, 1, 1, 1.0]))
    assert [(run.start, run.stop) for run in runs] == [(0, 1), (2, 4)]
