"""Whatever is written as CSV is read back equal, and equal to what readers of others make of it."""

import csv
import io
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv

from lossterm.data import FileRequest, Table, describe, load, preview
from lossterm.data.files.cells import is_missing, number_of
from lossterm.data.request import joined, names_from
from lossterm.errors import LosstermError
from lossterm.text.harmless import printable

from .conftest import Read, Write

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda word: not is_missing(word) and number_of(word, comma=True) is None and word == word.strip()
)
NUMBERS = st.floats(-(2.0**100), 2.0**100, width=32)
ROWS = st.integers(20, 60)


def written(columns: dict[str, list[str]], delimiter: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()


def table_of(content: bytes, target: str = "y") -> Table:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "table.csv")
        path.write_bytes(content)
        data, _ = describe(FileRequest(path=str(path), target=target), Path(place, "shelf"))
        loaded = load(data, Path(place, "shelf"))
        return Table(
            features=np.array(loaded.features),
            target=np.array(loaded.target),
            groups=loaded.groups,
            times=loaded.times,
            columns=loaded.columns,
        )


@given(st.data(), st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@settings(max_examples=60)
def test_a_table_is_read_back_as_it_was_written(data: st.DataObject, delimiter: str, encoding: str) -> None:
    rows = data.draw(ROWS)
    numbers = data.draw(st.lists(NUMBERS | st.none(), min_size=rows, max_size=rows))
    levels = data.draw(st.lists(WORDS, min_size=2, max_size=5, unique_by=lambda word: (printable(word), word.strip())))
    words = [levels[place % len(levels)] for place in range(rows)]
    number = ["" if value is None else repr(value) for value in numbers]
    columns = {"number": number, "word": words, "y": [repr(place / 3) for place in range(rows)]}
    loaded = table_of(written(columns, delimiter).encode(encoding))
    places = {column.name: place for place, column in enumerate(loaded.columns)}
    assert loaded.target.tolist() == [place / 3 for place in range(rows)]
    if "number" in places:
        column = loaded.columns[places["number"]]
        expected = np.array([math.nan if value is None else value for value in numbers])
        np.testing.assert_array_equal(
            loaded.features[:, places["number"]], (expected - column.origin).astype(np.float32)
        )
    else:
        assert None not in numbers or set(numbers) == {None}
        assert len(set(numbers)) == 1
    if loaded.columns[places["word"]].kind == "category":
        column = loaded.columns[places["word"]]
        assert [column.levels[int(place)] for place in loaded.features[:, places["word"]]] == words


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@settings(max_examples=300)
def test_any_bytes_are_a_table_or_a_sentence(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        for name in ("table.csv", "table.npz", "table.parquet"):
            path = Path(place, name)
            path.write_bytes(content)
            try:
                shown = preview(path, shelf=Path(place, "shelf"))
            except LosstermError as error:
                assert str(error).isprintable()  # noqa: PT017  what no error is, is checked too
            else:
                texts = [*shown.said, *shown.warnings, *(one.name for one in shown.columns)]
                assert all(map(str.isprintable, texts))


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
            lambda one: one == one.strip() and one
        )
    )
)
def test_names_on_the_command_line_are_read_as_written(names: list[str]) -> None:
    assert list(names_from(joined(names))) == names or not names


@given(st.text())
def test_what_is_shown_can_be_shown(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)
    assert not text.isprintable() or printable(text) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_two_other_readers_find_the_same(delimiter: str, read: Read, write: Write) -> None:
    stream = np.random.default_rng(5)
    values = stream.normal(size=(3000, 6)) * 10.0 ** stream.integers(-8, 8, size=(3000, 6))
    names = [f"c{place}" for place in range(6)]
    out = io.StringIO()
    np.savetxt(out, values, delimiter=delimiter, header=delimiter.join(names), comments="")
    path = write(out.getvalue())
    _, _, loaded = read(path, "c5")
    np.testing.assert_array_equal(
        loaded.features, np.genfromtxt(path, delimiter=delimiter, skip_header=1)[:, :5].astype(np.float32)
    )
    arrow = arrow_csv.read_csv(path, parse_options=arrow_csv.ParseOptions(delimiter=delimiter))
    np.testing.assert_array_equal(loaded.target, arrow["c5"].to_numpy())


def test_arrow_finds_the_same_words_dates_and_gaps(read: Read, write: Write) -> None:
    stream = np.random.default_rng(6)
    lines = ["when,what,size,y"]
    for place in range(5000):
        what = ('"blue, or ""so"""', "red", '"two\nlines"', "")[stream.integers(4)]
        size = "" if stream.random() < 0.1 else repr(stream.normal())
        lines.append(f"2020-0{stream.integers(1, 10)}-1{stream.integers(10)},{what},{size},{place / 8}")
    path = write("\n".join(lines) + "\n")
    _, _, loaded = read(path)
    arrow = arrow_csv.read_csv(path, parse_options=arrow_csv.ParseOptions(newlines_in_values=True))
    days = arrow["when"].cast("int32").to_numpy()
    np.testing.assert_array_equal(loaded.features[:, 0], (days - loaded.columns[0].origin).astype(np.float32))
    levels = loaded.columns[1].levels
    ours = [None if math.isnan(cell) else levels[int(cell)] for cell in loaded.features[:, 1].tolist()]
    assert ours == [None if word == "" else word for word in arrow["what"].to_pylist()]
    theirs = arrow["size"].to_numpy().astype(np.float32)
    np.testing.assert_array_equal(loaded.features[:, 2], theirs)
