"""Stores: any value of any type in any column, and any byte of the file another."""

import json
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from lossterm.errors import LosstermError
from lossterm.following.session_state import SessionState
from lossterm.following.store_changes import StoreChanges
from lossterm.store import Model, sample_key
from tests.fuzz import materials
from tests.fuzz.mutation import ODD_JSON, SIGNS, Edit, Splice, edited, edits, spliced, splices
from tests.fuzz.property import Property
from tests.fuzz.sandbox import ESCAPES, Sandbox, sandbox
from tests.seal import seal

Value = None | int | float | str | bytes
Change = tuple[str, str, int, Value | tuple[Edit, ...]]
"""A table, a column, the place of a row, and what stands there instead: a value, or edits of the JSON that is there."""

_TO = ("export", materials.SESSION, "--output")
_ON = ("--task", "circles", "--to")
LOOKS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("view",), ("sessions",), ("sessions", "--format", "json")),
    tuple(("report", materials.SESSION, "--format", form) for form in ("table", "csv", "markdown", "plain")),
    (
        ("report", materials.SESSION, "--format", "json", "--trials", "--comparison", "1"),
        ("report", materials.OTHER, "--format", "linear"),
        ("--session", materials.OTHER, "--linear"),
    ),
    ((*_TO, "-", "--to", "csv"), (*_TO, "-", "--to", "json"), (*_TO, "new.parquet", "--to", "parquet")),
    ((*_TO, "-", "--to", "html"), (*_TO, "-", "--to", "markdown")),
    ((*_TO, "-", *_ON, "keras"), (*_TO, "new.keras", *_ON, "model"), (*_TO, "new", "--to", "tensorboard")),
    (
        ("run", "--task", "circles", "--loss", "hinge", "--lr", "0.01", "--seeds", "3", "--epochs", "4", "--quiet"),
        ("doctor",),
    ),
    (("doctor", "--repair"), ("view",), ("resume", materials.SESSION, "--quiet")),
)
"""Ways to look at a store, those that are alike together; `view` is what the app does."""

ODD: tuple[Value, ...] = (
    *(None, 0, 1, -1, 2**31, 2**63 - 1, -(2**63), 0.5, -1.5, 1e308, 1e18, float("inf"), "", "nonsense"),
    *("1", "done", "running", "queued", "auto", b"", b"\0", b"\xff\xfe", b"\x00\x00\xc0\x7f" * 4, b"abc"),
    *(sign for sign in SIGNS if "\ud800" not in sign),
    *(text for text in ODD_JSON if "\ud800" not in text),
)


def a_changed_one_is_looked_at(example: tuple[tuple[Change, ...], int]) -> None:
    """Change values in a store, and look at it."""
    changes, look = example
    with sandbox() as place:
        place.store.write_bytes(materials.store())
        with closing(sqlite3.connect(place.store)) as connection, connection:
            for change in changes:
                _make(connection, *change)
            if all(column != "checksum" for _, column, *_ in changes):  # else every change would only be a wrong one
                seal(connection)
        for words in LOOKS[look]:
            _look(place, words)


def a_damaged_one_is_looked_at(example: tuple[tuple[Splice, ...], int]) -> None:
    """Change bytes of a store, and look at it."""
    made, look = example
    with sandbox() as place:
        place.store.write_bytes(_overwritten(materials.store(), made))
        for words in LOOKS[look]:
            _look(place, words)


def _overwritten(content: bytes, made: tuple[Splice, ...]) -> bytes:
    """Return bytes with splices made that move nothing, but for one that cuts the end off."""
    for offset, gone, put in made:
        content = spliced(content, [(offset, len(put) or gone, put)])
    return content


def _look(place: Sandbox, words: tuple[str, ...]) -> None:
    if words == ("view",):
        try:
            _view(place.store)
        except LosstermError as error:
            assert not ESCAPES.search(str(error)), repr(error)  # noqa: PT017  that none is raised is right too
    else:
        place.run(*words)


def _view(path: Path) -> None:
    tail, view = StoreChanges(path, materials.SESSION), SessionState()
    try:
        update = tail.poll()
        assert update
        view.apply(update)
        view.progress()
        view.reports()
        models = tail._store.reader.models(list(view.rows))
        for model in models.values():
            if isinstance(model, Model):
                model.weights(0)
            else:
                model.output(0)
        if sample := tail._store.reader.sample(sample_key("circles", "fair", 0)):
            sample.arrays()
        tail._store.worker.checkpoint(1)
        tail._store.preferences.kept("view")
    finally:
        tail.close()


def _make(connection: sqlite3.Connection, table: str, column: str, row: int, value: Value | tuple[Edit, ...]) -> None:
    key = next(one[0] for one in _schema()[table] if one[1])
    number = connection.execute(f"SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET ?", (row,)).fetchone()
    if number is None:
        return
    if isinstance(value, tuple):
        before = connection.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", number).fetchone()
        if before is None:  # of a row whose key another change made NULL
            return
        try:
            value = edited(json.loads(before[0]), value)
        except (TypeError, ValueError):
            return
    try:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (value, *number))
    except (sqlite3.IntegrityError, UnicodeEncodeError):
        return  # SQLite holds such a value in no store


@cache
def _schema() -> dict[str, tuple[tuple[str, bool], ...]]:
    """Return the columns of each table, and whether a row is found by it."""
    with sandbox() as place:
        place.store.write_bytes(materials.store())
        with closing(sqlite3.connect(place.store)) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            schema = {}
            for table in tables:
                columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
                keys = [row[1] for row in columns if row[5]] or [columns[0][1]]
                schema[table] = tuple((row[1], row[1] == keys[-1]) for row in columns)
            return {table: columns for table, columns in schema.items() if not table.startswith("sqlite_")}


@cache
def _cells() -> tuple[tuple[str, str, int, str], ...]:
    """Return table, column and place of the first cells of each column, and the JSON in it, "" where it holds none."""
    cells = []
    with sandbox() as place:
        place.store.write_bytes(materials.store())
        with closing(sqlite3.connect(place.store)) as connection:
            for table, columns in _schema().items():
                key = next(name for name, is_key in columns if is_key)
                for column, _ in columns:
                    rows = connection.execute(f"SELECT {column} FROM {table} ORDER BY {key} LIMIT 12").fetchall()
                    cells += [(table, column, number, _json(row[0])) for number, row in enumerate(rows)]
    return tuple(cells)


def _json(value: object) -> str:
    return value if isinstance(value, str) and value.startswith("{") else ""


@st.composite
def _changes(draw: st.DrawFn) -> tuple[Change, ...]:
    changes: list[Change] = []
    cells = _cells()
    columns = sorted({cell[:2] for cell in cells})
    for _ in range(draw(st.integers(1, 2))):
        one = draw(st.sampled_from(columns))  # a column first, so that long tables are not all that is changed
        table, column, row, text = draw(st.sampled_from([cell for cell in cells if cell[:2] == one]))
        value: Value | tuple[Edit, ...]
        if text and draw(st.integers(0, 3)):
            value = draw(edits(json.loads(text), most=2))
        else:
            value = draw(st.sampled_from(ODD) | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False))
        changes.append((table, column, row, value))
    return tuple(changes)


_ANY = st.integers(0, len(LOOKS) - 1)

PROPERTIES = (
    Property(
        name="a_store_with_any_values_is_shown_or_refused_in_a_sentence",
        examples=st.tuples(_changes(), _ANY),
        holds=a_changed_one_is_looked_at,
        gate=150,
    ),
    Property(
        name="a_damaged_store_is_shown_or_refused_in_a_sentence",
        examples=st.deferred(lambda: st.tuples(splices(len(materials.store())), _ANY)),
        holds=a_damaged_one_is_looked_at,
        gate=120,
    ),
)
