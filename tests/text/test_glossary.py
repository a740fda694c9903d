"""The glossary: no sign of a screen is without an entry, and every entry is found by its name and told in the docs."""

import html
import re
from collections import Counter
from pathlib import Path

import pytest

from lossterm.losses import every_loss
from lossterm.text.glossary import BRAILLE, GLOSSARY, markdown, signs_explained, term_named, terms_in
from tests.pictures.svg import ARMS, BLOCKS, CORNERS

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "snapshots").rglob("*.svg"))


def seen_in(picture: Path) -> str:
    """Return the text of a picture of a screen."""
    drawn = re.sub(r"<style.*?</style>", "", picture.read_text(encoding="utf-8"), flags=re.DOTALL)
    return html.unescape("\n".join(re.findall(r">([^<]*)<", drawn)))


def test_every_sign_of_every_screen_is_explained() -> None:
    assert len(PICTURES) > 50
    signs = Counter[str]()
    for picture in PICTURES:
        signs.update(sign for sign in seen_in(picture) if not (sign.isascii() or sign.isspace()))
    signs.update(dict.fromkeys([*ARMS, *CORNERS, *BLOCKS, "⣿"], 1))  # which are drawn as shapes there
    assert {"●", "◇", "★", "░", "Δ"} <= signs.keys()
    letters = {sign for sign in signs if sign.isalpha() and sign not in "Δαβγδετπσωℓ"}  # names, in any language
    unused = set("━┃┴╴╵╶╷╸╺▔▕")  # the writer of pictures knows them, and nothing draws them
    assert signs.keys() - letters - unused - signs_explained() == set()


def test_every_sign_that_the_program_writes_is_explained() -> None:
    written = Counter[str]()
    for place in ("charts", "reports", "tui/panels", "tui/widgets", "tui/dialogs", "tui/state"):
        for file in (ROOT / "lossterm" / place).rglob("*.py"):
            strings = re.findall(r'(?<!")"(?!")((?:[^"\\\n]|\\.)*)"', file.read_text(encoding="utf-8"))
            written.update(sign for text in strings for sign in text if not (sign.isascii() or sign.isalpha()))
    assert set(written) - set("—’“⁄") - signs_explained() == set()  # punctuation of texts


@pytest.mark.parametrize("term", GLOSSARY, ids=lambda term: term.name)
def test_every_entry_is_found_by_its_name_and_words(term: object) -> None:
    assert term in GLOSSARY
    for entry in (one for one in GLOSSARY if one is term):
        assert term_named(entry.name) is entry
        assert all(term_named(word) is entry for word in entry.also)
        assert all(term_named(sign) in GLOSSARY for sign in entry.signs[:20])
        assert entry.says.endswith(".")
        assert entry.is_in(f"beside {entry.name} and more")


def test_no_word_has_two_entries_and_no_loss_is_hidden_by_one() -> None:
    words = Counter(word for term in GLOSSARY for word in (term.name, *term.also))
    assert [word for word, times in words.items() if times > 1] == []
    assert not words.keys() & every_loss().keys()


def test_terms_are_found_as_whole_words_and_signs_anywhere() -> None:
    assert [term.name for term in terms_in("3 seeds, ROPE of .01")] == ["seed", "ROPE"]
    assert terms_in("europe, speeds") == ()
    assert [term.name for term in terms_in("worse◇")] == ["verdict", "collapsed"]
    assert terms_in("ROPE", without=["ROPE"]) == ()
    assert term_named("rope") is term_named("ROPE")
    assert term_named("nonsense") is None
    assert len(BRAILLE) == 255


def test_the_page_is_made_from_the_records() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- made by: lossterm.text.glossary -->\n(.*?)\n<!-- end -->", page, re.DOTALL)
    assert shown is not None
    assert shown[1] == markdown()
