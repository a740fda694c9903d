"""The pages that users read, taken apart: blocks of code with what a comment says of them, headings, links."""

import re
from pathlib import Path

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = {path.relative_to(ROOT).as_posix(): path for path in (README, *sorted((ROOT / "docs").glob("*.md")))}
LINKED = {**PAGES, **{name: ROOT / name for name in ("CHANGELOG.md", "SECURITY.md")}}

_SAYS = re.compile(r"<!-- (not run|slow): (.+) -->")


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A fenced block."""

    language: str
    """What the fence says after its signs."""
    text: str
    """What is in it."""
    kept_from: str = ""
    """"not run", or "slow", where a comment before it says so."""
    reason: str = ""
    """Why, as the comment says."""

    @property
    def file(self) -> str | None:
        """The file that it shows, if it begins with a comment that names one."""
        named = re.match(r"# (\w+\.py)\n", self.text)
        return named and named[1]

    @property
    def commands(self) -> list[str]:
        """The lines of a block of the shell that are no comment, without what follows them."""
        if self.language != "sh":
            return []
        lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in self.text.splitlines())
        return [line for line in lines if line]


def tokens(path: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))


def blocks(path: Path) -> list[Block]:
    """Return the fenced blocks of a page, those inside lists too."""
    found, before = [], ""
    for token in tokens(path):
        if token.type == "html_block":
            before = token.content.strip()
            continue
        if token.type == "fence":
            says = _SAYS.fullmatch(before)
            found.append(
                Block(
                    language=token.info,
                    text=token.content,
                    kept_from=says[1] if says else "",
                    reason=says[2] if says else "",
                )
            )
        before = ""
    return found


def between(path: Path, name: str) -> str:
    """Return what stands between `<!-- name -->` and `<!-- end of name -->`, of which there is one."""
    (text,) = re.findall(
        rf"<!-- {name} -->\n(.*?)\n<!-- end of {name} -->", path.read_text(encoding="utf-8"), re.DOTALL
    )
    return str(text)


def anchors(path: Path) -> set[str]:
    """Return what a link may name after # on a page, made of its headings as GitHub makes them."""
    every = tokens(path)
    headings = [every[place + 1].content for place, token in enumerate(every) if token.type == "heading_open"]
    slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert len(slugs) == len(set(slugs)), f"{path} has two headings of one name"
    return set(slugs)


def links(path: Path) -> list[str]:
    """Return where the links and pictures of a page lead."""
    inner = (child for token in tokens(path) for child in token.children or ())
    return [str(child.attrs["href" if child.type == "link_open" else "src"]) for child in inner if child.attrs]
