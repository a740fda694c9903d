"""User tables: files near a sound one are read or refused, and one table means the same in every format."""

import io

import numpy as np
from hypothesis import strategies as st

from tests.fuzz import materials
from tests.fuzz.mutation import Splice, spliced, splices
from tests.fuzz.property import Property
from tests.fuzz.sandbox import sandbox

CELLS = (
    *(
        "",
        "0",
        "1",
        "-1",
        "1,5",
        "1.5",
        "1e999",
        "1e308",
        "nan",
        "inf",
        "-inf",
        "9" * 400,
        "1,234.5",
        "12 %",
        "$3",
        "٣",
    ),
    *("2021-01-01", "0000-00-00", "31/12/2020", "9999-12-31", "2021-02-30", "2021-01-01T25:00", "12:00", "1e5"),
    *("yes", "no", "red", '"', '""', '"a', 'a"b', "'", "a;b", "a,b", "\0", "\x1b[2J", "\u202e", "\ufeff", "\x85", "🦊"),
    *("x" * 5000, "\u2028", "=1+1", "true", "NA", "-", "\t", "\\", "\\N", "\ufffe"),
)
"""Cells that are read in a way of their own."""

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1", "shift_jis")
ASK = (("data", "FILE"), ("data", "FILE", "--target", "y"), ("data", "FILE", "--target", "y", "--format", "json"))
TRAIN = ("run", "--data", "FILE", "--target", "y", "--seeds", "1", "--epochs", "1", "--lr", "0.01", "--quiet")

Cell = tuple[int, int, str]


def _look(name: str, content: bytes, ask: int) -> None:
    with sandbox() as place:
        (place.here / name).write_bytes(content)
        words = (*ASK, TRAIN)[ask]
        place.run(*(name if word == "FILE" else word for word in words))


def a_changed_text_is_read(example: tuple[tuple[Cell, ...], str, str, str, int]) -> None:
    """Put other cells into a CSV, write it in some encoding, and look at it."""
    cells, delimiter, end, encoding, ask = example
    rows = [line.split(";") for line in materials.table().decode().split("\n")]
    for row, column, text in cells:
        rows[row % len(rows)][column:] = [text, *rows[row % len(rows)][column + 1 :]]
    content = end.join(delimiter.join(row) for row in rows).encode(encoding, errors="replace")
    _look("table.csv", content, ask)


def a_damaged_file_is_read(example: tuple[str, tuple[Splice, ...], int]) -> None:
    """Change bytes of a file of some form, and look at it."""
    form, made, ask = example
    content = {"csv": materials.table, "npz": materials.npz, "parquet": materials.parquet}[form]()
    _look(f"table.{form}", spliced(content, made), ask)


def an_odd_archive_is_read(example: tuple[int, dict[str, tuple[str, int, int]], int]) -> None:
    """Write arrays of odd kinds and shapes as NPZ, of so many rows and a few more, and look at it."""
    rows, arrays, ask = example
    members = {name: _array(kind, rows + more, columns) for name, (kind, more, columns) in arrays.items()}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **members)
    _look("table.npz", content.getvalue(), ask)


def _array(kind: str, rows: int, columns: int) -> np.ndarray:
    shape = (rows,) if columns == 1 else (rows, columns) if columns else ()
    count = int(np.prod(shape))
    values = np.arange(count) % 7
    if kind == "odd":
        return np.resize(np.array([np.nan, np.inf, 1e300, -0.0, 1.0]), shape)
    if kind in ("U3", "S3"):
        return np.array(["a", "b", "\x1b[m"] * (1 + count // 3))[:count].reshape(shape).astype(kind)
    return values.reshape(shape).astype(kind)


def one_table_is_the_same_in_every_form(example: tuple[tuple[float, ...], tuple[str, ...]]) -> None:
    """Write a table as CSV, NPZ and Parquet, and see that the same is trained on."""
    import pyarrow
    from pyarrow import parquet

    numbers, words = example
    count = len(numbers)
    table = {
        "number": [float(np.float32(number)) for number in numbers],
        "word": [words[place % len(words)] for place in range(count)],
        "y": [place / 4 for place in range(count)],
    }
    lines = [";".join(table), *(";".join(map(_written, row)) for row in zip(*table.values(), strict=True))]
    packed = io.BytesIO()
    np.savez(packed, allow_pickle=False, **{name: np.array(values) for name, values in table.items()})
    stored = io.BytesIO()
    parquet.write_table(pyarrow.table(table), stored)
    forms = {"csv": "\n".join(lines).encode(), "npz": packed.getvalue(), "parquet": stored.getvalue()}
    with sandbox() as place:
        by_form = {}
        for form, content in forms.items():
            (place.here / f"table.{form}").write_bytes(content)
            outcome = place.run("data", f"table.{form}", "--target", "y")
            lines = outcome.out.split("\n")
            by_form[form] = (
                outcome.code,
                [line.split() for line in lines if line.lstrip().startswith(("number", "word"))],
            )
        assert by_form["csv"] == by_form["npz"] == by_form["parquet"], by_form


def _written(value: float | str) -> str:
    return repr(value) if isinstance(value, float) else value


_ASK = st.integers(0, len(ASK))
_CELL = st.tuples(st.integers(0, 40), st.integers(0, 5), st.sampled_from(CELLS) | st.text(max_size=6))
_ARRAY = st.tuples(
    st.sampled_from(["f8", "f2", "i8", "u8", "?", "c16", "U3", "S3", "M8[D]", "m8[s]", "odd", ">f4"]),
    st.sampled_from([*[0] * 20, 1]),
    st.sampled_from([1, 1, 1, 2, 40, 0]),
)

PROPERTIES = (
    Property(
        name="a_table_of_any_cells_is_read_or_refused_in_a_sentence",
        examples=st.tuples(
            st.lists(_CELL.filter(lambda cell: "\ud800" not in cell[2]), max_size=6).map(tuple),
            st.sampled_from(";,\t| "),
            st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
            st.sampled_from(ENCODINGS),
            _ASK,
        ),
        holds=a_changed_text_is_read,
        gate=120,
    ),
    Property(
        name="a_damaged_file_is_read_or_refused_in_a_sentence",
        examples=st.one_of(
            *(
                st.tuples(st.just(form), splices(size), _ASK)
                for form, size in (("csv", 1500), ("npz", 3000), ("parquet", 3000))
            )
        ),
        holds=a_damaged_file_is_read,
        gate=120,
    ),
    Property(
        name="an_archive_of_any_arrays_is_read_or_refused_in_a_sentence",
        examples=st.tuples(
            st.sampled_from([40, 40, 20, 19, 1, 0]),
            st.fixed_dictionaries({"y": _ARRAY}, optional=dict.fromkeys(["a", "X", "b c", "\x1b"], _ARRAY)),
            _ASK,
        ),
        holds=an_odd_archive_is_read,
        gate=60,
    ),
    Property(
        name="one_table_is_the_same_in_every_form",
        examples=st.tuples(
            st.lists(st.floats(-1e6, 1e6, width=32), min_size=24, max_size=30, unique=True).map(tuple),
            st.lists(st.sampled_from(["ab", "cd", "é", "f g", "x'y"]), min_size=2, max_size=4, unique=True).map(tuple),
        ),
        holds=one_table_is_the_same_in_every_form,
        gate=20,
    ),
)
