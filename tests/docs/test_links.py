"""Every link of README, docs, changelog and security page leads somewhere; the README is short; the index is whole."""

from pathlib import Path
from urllib.parse import unquote

from tests.cells import each
from tests.docs.pages import LINKED, PAGES, README, ROOT, anchors, links


@each("name", LINKED)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(name: str) -> None:
    path = LINKED[name]
    for link in links(path):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / unquote(file)).resolve() if file else path
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_links_and_headings_are_read_as_they_are_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One, two: `--three`\n\n[a](b.md#c) and ![d](e.svg)\n\n| [f](g.md) |\n|---|\n", encoding="utf-8")
    assert links(page) == ["b.md#c", "e.svg", "g.md"]
    assert anchors(page) == {"one-two---three"}


def test_the_readme_is_a_page() -> None:
    assert len(README.read_bytes()) <= 8_000


def test_readme_and_index_name_every_page() -> None:
    pages = {path for name, path in PAGES.items() if name not in {"README.md", "docs/README.md"}}
    for index in (README, ROOT / "docs/README.md"):
        assert pages <= {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}, index


@each("name", PAGES)
def test_no_page_says_a_sentence_twice(name: str) -> None:
    lines = [line.strip() for line in PAGES[name].read_text(encoding="utf-8").splitlines()]
    long = [line for line in lines if len(line) > 60 and not line.startswith(("<!--", "python3 "))]
    assert len(long) == len(set(long)), name
