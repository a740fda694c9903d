"""Making what is sound a little wrong: JSON by the place of a value, bytes by their offset."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

Place = tuple[str | int, ...]
"""Names and numbers that lead to a value in a document."""

Edit = tuple[Place, str]
"""A place, and the JSON that stands there instead; "" for nothing at all."""

Splice = tuple[int, int, bytes]
"""An offset, how many bytes go there, and what comes instead."""

SIGNS = (
    "\x1b[2J",
    "\x9b31m",
    "\u202eback",
    "a\r\nb",
    "\0",
    "=1+1",
    "<script>",
    "%s {0}",
    "\ud800",
    "é",
    "🦊",
    "x" * 300,
)
"""Texts that somebody may have meant ill with."""

_DEEP = 3000

ODD_JSON = (
    *("", "null", "true", "false", "0", "-1", "1", "2", "0.5", "-0.0", "1e-320", "1e308", "1e999", "NaN", "-Infinity"),
    *("1" + "0" * 30, str(2**31), str(2**63), str(-(2**63) - 1), '""', '"nonsense"', "[]", "{}", "[null]", '{"": 1}'),
    *("[" * _DEEP + "]" * _DEEP, "[0, 1, 2]", '["a", "a"]', "[1e999, NaN]", '{"test": {"mean": 1, "sd": -1}}'),
    *map(json.dumps, SIGNS),
)
"""What stands in place of a value: JSON, nearly JSON, or "" for nothing."""


def places(document: Any, before: Place = ()) -> Iterator[Place]:
    """Yield the places of all values in a document, its own left out."""
    inside = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in inside:
        yield (*before, name)
        if isinstance(value, dict | list):
            yield from places(value, (*before, name))


def edits(document: Any, most: int = 3) -> st.SearchStrategy[tuple[Edit, ...]]:
    """Return a few edits of a document: odd values, or values of other places."""
    every = sorted(places(document), key=lambda place: (len(place), str(place)))
    others = sorted({json.dumps(_at(document, place)) for place in every}, key=len)
    value = (
        st.sampled_from(ODD_JSON) | st.sampled_from(others[:200]) | st.integers().map(str) | st.floats().map(_number)
    )
    return st.lists(st.tuples(st.sampled_from(every), value), min_size=1, max_size=most).map(tuple)


def edited(document: Any, made: Sequence[Edit]) -> str:
    """Return a document as JSON with edits made; one whose place is gone is passed over."""
    mine = json.loads(json.dumps(document))
    marks = {}
    for number, (place, text) in enumerate(made):
        try:
            parent: Any = _at(mine, place[:-1])
            parent[place[-1]]  # raises where there is no such place
        except (LookupError, TypeError):
            continue
        if isinstance(parent, str):  # a value that an edit before this one put there
            continue
        if text:
            marks[mark := f"\ue000{number}\ue000"] = text
            parent[place[-1]] = mark
        else:
            del parent[place[-1]]
    written = json.dumps(mine, ensure_ascii=False)
    for mark, text in marks.items():
        written = written.replace(f'"{mark}"', text)
    return written


def splices(size: int, most: int = 4) -> st.SearchStrategy[tuple[Splice, ...]]:
    """Return a few changes of the bytes of a file of about this size; the last may cut it short."""
    offset = st.integers(0, max(size - 1, 0))
    odd = st.sampled_from([b"", b"\0", b"\xff", b"\xff\xfe", b"\n", b"\r", b'"', b",", b"\x1b", b"-", b"1e999", b"nan"])
    put = odd | st.binary(min_size=1, max_size=4)
    one = st.tuples(offset, st.integers(0, 4), put)
    cut = st.tuples(offset, st.just(size), st.just(b""))
    return st.lists(one, min_size=1, max_size=most).map(tuple) | st.tuples(cut)


def spliced(content: bytes, made: Sequence[Splice]) -> bytes:
    """Return bytes with splices made, one after the other."""
    for offset, gone, put in made:
        content = content[:offset] + put + content[offset + gone :]
    return content


def _at(document: Any, place: Place) -> Any:
    for name in place:
        document = document[name]
    return document


def _number(value: float) -> str:
    return json.dumps(value)
