"""Markdown: the verdict first, tables that hold together, and nothing that acts or calls."""

import re
from pathlib import Path

import pytest

from lossterm.export import Contents, gather
from lossterm.export.pull_request import fenced, write_markdown
from lossterm.reports.verdict import verdict
from lossterm.store import Store
from lossterm.text.harmless import in_markdown
from tests.builders.stores import FAIR, fill, undecided

from .prepared import SESSION


@pytest.fixture
def text(contents: Contents, tmp_path: Path) -> str:
    write_markdown(contents, tmp_path / "x.md")
    return (tmp_path / "x.md").read_text(encoding="utf-8")


def test_the_verdict_is_the_first_line(tmp_path: Path) -> None:
    fill(tmp_path / "s.db", FAIR, scored=undecided)
    with Store(tmp_path / "s.db") as store:
        contents = gather(store, "prepared")
    write_markdown(contents, tmp_path / "x.md")
    first, *others = (tmp_path / "x.md").read_text(encoding="utf-8").splitlines()
    assert first == f"**{verdict(contents.reports[0])}**"
    assert sum(line.startswith("| 1 | binary_crossentropy |") for line in others) == 1


def test_a_choice_of_losses_is_told(opened: Store, tmp_path: Path) -> None:
    write_markdown(gather(opened, SESSION, task="circles", losses=["hinge"]), tmp_path / "x.md")
    text = (tmp_path / "x.md").read_text(encoding="utf-8")
    assert "- The losses here were judged among themselves; left out: binary_crossentropy, squared_hinge." in text


def test_each_table_of_the_session_has_its_part_the_last_first(text: str, contents: Contents) -> None:
    parts = text.split("\n\n---\n\n")
    assert len(parts) == len(contents.reports)
    for part, report in zip(parts, reversed(contents.reports), strict=True):
        assert part.startswith("**")
        assert f"| task | {report.asked.comparison.task} |" in part
        assert part.count("<details>") == part.count("</details>") == 1
        assert re.search(r"```sh\nlossterm run --task \w+ .*\n```", part)


def test_every_line_of_a_table_has_as_many_cells_as_its_head(text: str) -> None:
    width = 0
    for line in text.splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line))
        if line.startswith("|"):
            width = width or cells
            assert cells == width, line
        else:
            width = 0


def test_hostile_text_is_shown_and_does_nothing(text: str) -> None:
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    tags = re.findall(r"<[^>]*>", prose)
    assert set(tags) == {"<details>", "</details>", "<summary>", "</summary>"}
    assert not set(text) & set("\x1b\u202e\r")
    assert not re.search(r"(?<![^\W_])@\w", prose)
    assert "&lt;script>alert(1)&lt;/script>" in prose
    assert "![x](y)" not in prose
    assert "a &lt;processor> & more" in prose


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("binary_crossentropy 0.3 ±.02 [−.1, +.2]", "binary_crossentropy 0.3 ±.02 [−.1, +.2]"),
        ("* a note", "\\* a note"),
        ("# a head", "\\# a head"),
        ("- a list", "\\- a list"),
        ("−.022", "−.022"),
        ("_slanted_", "\\_slanted\\_"),
        ("`code`", "\\`code\\`"),
        ("[a](b) [^1]", "[a\\](b) \\[^1]"),
        ("a\nb\x1b", "a b\ufffd"),
        ("`@all` _@all", "\\`@\u200ball\\` \\_@\u200ball"),
        ("<b> & @all mine@ab", "&lt;b> & @\u200ball mine@ab"),
        ("r < 0, r<0 & y>1", "r < 0, r<0 & y>1"),
        ("&lt;b> &#60;", "&amp;lt;b> &amp;#60;"),
        ("~41 seeds, ~~none~~", "~41 seeds, \\~\\~none\\~\\~"),
        ("> a quotation", "\\> a quotation"),
    ],
)
def test_what_markdown_acts_upon_is_escaped(raw: str, safe: str) -> None:
    assert in_markdown(raw) == safe


def test_a_command_is_a_block_whatever_it_holds() -> None:
    assert fenced("a ``` b") == "````sh\na ``` b\n````"
