"""Files that cannot be used: each with the sentence that names the file and, where there is one, row and column."""

import io
import os
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossterm.data import FileRequest, describe, load, memory
from lossterm.data.files.sheet import Sheet
from lossterm.data.request import names_from
from lossterm.errors import DataError, LosstermError, UnknownName, UsageError
from lossterm.text.harmless import printable

from .conftest import Read, Write, table


def refused(read: Read, path: Path, target: str = "y", kind: type[LosstermError] = DataError, **more: Any) -> str:
    """Return the sentence that a file is refused with, beginning with its path in a DataError."""
    with pytest.raises(kind) as error:
        read(path, target, **more)
    sentence = str(error.value)
    if kind is DataError:
        assert sentence.startswith(str(path))
    return sentence.removeprefix(str(path))


# Not a file to read


def test_no_such_file(read: Read, tmp_path: Path) -> None:
    assert refused(read, tmp_path / "none.csv") == ": there is no such file. Check the path."


def test_a_directory(read: Read, tmp_path: Path) -> None:
    assert refused(read, tmp_path) == ": this is a directory without arrays (.npy). Name a file in it."


def test_a_pipe(read: Read, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refused(read, tmp_path / "pipe") == ": this is not a regular file. Save its content in one."


def test_an_unreadable_file(read: Read, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(table())

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # whoever runs the tests as root may read everything
    assert refused(read, path) == ": the file can't be read: Permission denied."


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_an_empty_file(content: str, read: Read, write: Write) -> None:
    sentence = refused(read, write(content))
    assert sentence == ": the file is empty. Give one with a row of names and a row for each example."


def test_a_header_only(read: Read, write: Write) -> None:
    assert refused(read, write("x,c,y\n")) == ": there is a row of names and nothing below it. Give a file with rows."


@pytest.mark.parametrize(
    ("start", "word"),
    [
        (b"\x1f\x8b", "gzip"),
        (b"PK\x03\x04", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0", "Excel workbook"),
        (b"\x93NUMPY", "a single array"),
        (b"SQLite format 3\0", "SQLite"),
        (b"\x89HDF", "HDF5"),
        (b"\x89PNG", "np.stack"),
        (b"\xff\xd8\xff", "np.stack"),
        (b"GIF89a", "np.stack"),
        (b"II*\0", "np.stack"),
        (b"RIFF\x10\0\0\0WEBP", "np.stack"),
        (b"BM\x10\0\0\0\0\0\0\0", "np.stack"),
    ],
)
def test_another_kind_of_file(start: bytes, word: str, read: Read, write: Write) -> None:
    assert word in refused(read, write(start + bytes(range(256))))


def test_an_array_in_a_file_of_its_own(read: Read, tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.zeros((30, 4, 4)))
    assert refused(read, tmp_path / "X.npy").endswith(f"beside it as y.npy, and name the folder, {tmp_path}.")
    np.save(tmp_path / "y.npy", np.zeros(30))
    assert f"Name its folder, {tmp_path}, whose arrays are read together" in refused(read, tmp_path / "X.npy")


# Text that is not a table


def test_a_ragged_row(read: Read, write: Write) -> None:
    sentence = refused(read, write(table("1,a")))
    assert sentence.startswith(", row 31: 2 cells where the first row has 3. Fix the row")


def test_a_ragged_row_after_a_cell_of_two_lines(read: Read, write: Write) -> None:
    assert refused(read, write(table('1,"a\nb",2', "1,a,2,3"))).startswith(
        ", row 32: 4 cells where the first row has 3."
    )


def test_a_title_above_the_names(read: Read, write: Write) -> None:
    sentence = refused(read, write("My report\n\n" + table()))
    assert sentence.startswith(", row 1: this looks like a title above the table, and line 3 like the names")
    assert sentence.endswith("(x, c, y). Delete lines 1 to 2.")
    sentence = refused(read, write("My report, of 2020\n\n" + table()))
    assert sentence.startswith(", row 1: 2 cells where most rows have 3.")
    assert sentence.endswith("take out what stands above.")


def test_a_nul_byte(read: Read, write: Write) -> None:
    sentence = refused(read, write(table("1,a\0,2")))
    assert sentence == ", row 31: there is a NUL byte, so this is not text. Fix the row, or give the file's --encoding."


def test_a_nul_byte_far_from_the_beginning(read: Read, write: Write) -> None:
    sentence = refused(read, write(table(*["1.5,a,2.5"] * 200_000, "1,a\0,2", rows=200_002)))
    assert sentence.startswith(", row 200003: there is a NUL byte")


def test_bytes_that_the_encoding_does_not_have(read: Read, write: Write) -> None:
    sentence = refused(read, write(table("1,é,2"), encoding="latin-1"), encoding="utf-8")
    assert sentence == ", row 31: the bytes are not UTF-8. Give another --encoding."


def test_half_a_sign_of_utf_16(read: Read, write: Write) -> None:
    path = write(table(), encoding="utf-16")
    path.write_bytes(path.read_bytes() + b"x")
    assert ": the bytes are not UTF-16. Give another --encoding." in refused(read, path)


def test_an_encoding_that_does_not_exist(read: Read, write: Write) -> None:
    for name in (
        "utf-9",
        "base64",
        "",
        "idna",
        "punycode",
        "undefined",
        "unicode_escape",
        "raw-unicode-escape",
        "a\0b",
    ):
        sentence = refused(read, write(table()), kind=UsageError, encoding=name)
        assert sentence == f"There is no encoding {printable(name)!r}. Common ones: utf-8, utf-16, cp1252, latin-1."


@pytest.mark.parametrize("order", ["le", "be"])
def test_utf_16_without_a_mark(order: str, read: Read, write: Write) -> None:
    path = write(table(), encoding=f"utf-16-{order}")
    assert refused(read, path) == f", row 1: this is UTF-16. Give --encoding utf-16-{order}."
    assert refused(read, path, encoding="utf-16") == (
        f", row 1: the bytes are not UTF-16 with a byte order mark at the beginning. Give --encoding utf-16-{order}."
    )
    data, sentence, _ = read(path, encoding=f"utf-16-{order}")
    assert data.rows == 30
    assert sentence[0].startswith("Read as text in UTF-16 ")


def test_utf_16_asked_of_what_is_none(read: Read, write: Write) -> None:
    sentence = refused(read, write(table()), encoding="utf-16")
    assert sentence == ", row 1: the bytes are not UTF-16. Give another --encoding."


@pytest.mark.parametrize("header", [None, True, False])
def test_a_first_cell_beyond_the_limit_of_cells(header: bool | None, read: Read, write: Write) -> None:
    sentence = refused(read, write("x" * 200_000 + "," + table()), header=header)
    assert sentence.startswith(", row 1: a cell is invalid (field larger than field limit (131072)).")
    assert sentence.endswith("keep cells below 131,072 characters.")


def test_a_nul_in_the_path(read: Read) -> None:
    with pytest.raises(DataError, match="the path holds a NUL"):
        read(Path("/tables\0.csv"))


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "x", "\n"])
def test_an_invalid_delimiter(delimiter: str, read: Read, write: Write) -> None:
    assert "must be one character, or one of comma" in refused(
        read, write(table()), kind=UsageError, delimiter=delimiter
    )


def test_a_quotation_mark_without_an_end(read: Read, write: Write) -> None:
    sentence = refused(read, write(table('1,"a,2')))
    assert sentence.startswith(", row 31: a cell is invalid (unexpected end of data).")


# Invalid numbers


def test_a_decimal_point_among_decimal_commas(read: Read, write: Write) -> None:
    content = table().replace(",", ";").replace(".", ",") + "1.5;a;2,5\n"
    sentence = refused(read, write(content))
    assert sentence == (
        ", row 32, column x: '1.5' has a decimal point, and '0,0' in row 2 has a decimal comma. "
        "Write all numbers with the same."
    )


def test_a_decimal_comma_among_decimal_points(read: Read, write: Write) -> None:
    content = table().replace(",", "\t") + "1,5\ta\t2.5\n"
    assert ", row 32, column x: '1,5' has a decimal comma, and '0.0' in row 2 " in refused(read, write(content))


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_an_infinite_number(cell: str, read: Read, write: Write) -> None:
    sentence = refused(read, write(table(f"{cell},a,2", "1,a,2")))
    assert sentence == ", row 30, column x: a number is infinite. Leave the cell empty, or correct it."


def test_a_number_beyond_32_bits(read: Read, write: Write) -> None:
    sentence = refused(read, write(table("1,a,1e300")))
    assert sentence.startswith(", row 31, column y: a number is 1e+300, too large for a network's 32 bits.")


# Targets that cannot be predicted


def test_a_target_that_is_missing_everywhere(read: Read, write: Write) -> None:
    content = "x,y\n" + "".join(f"{number},NA\n" for number in range(30))
    assert refused(read, write(content)) == ", column y: the target is missing in every row. Name another target."


def test_a_constant_target(read: Read, write: Write) -> None:
    content = "x,y\n" + "".join(f"{number},7\n" for number in range(30))
    sentence = refused(read, write(content))
    assert sentence.startswith(", column y: the target is 7 in every row: there is nothing to predict.")


def test_a_target_of_one_class(read: Read, write: Write) -> None:
    sentence = refused(read, write(table().replace(",b,", ",a,")), "c")
    assert sentence.startswith(", column c: the target has one class, 'a': there is nothing to tell apart.")


def test_a_class_of_one_row(read: Read, write: Write) -> None:
    sentence = refused(read, write(table("1,rare,2", "1,a,2")), "c")
    assert sentence == (
        ", row 30, column c: class 'rare' has 1 row, and a split needs 5 of each. "
        "Add rows, or say --min-class 5:drop, which leaves their rows out."  # joined, it would be as rare
    )


def test_a_rare_class_beside_a_single_one_can_neither_be_joined_nor_left_out(read: Read, write: Write) -> None:
    labels = ["no"] * 40 + ["yes"]
    sentence = refused(read, write("\n".join(["x,y", *(f"{n / 3},{label}" for n, label in enumerate(labels))])), "y")
    assert sentence.endswith("class 'yes' has 1 row, and a split needs 5 of each. Add rows.")


def test_an_amount_is_no_id_however_many_there_are(read: Read, write: Write) -> None:
    rows = [f"{1000 + 7 * n} kr,{5000 + 3 * n},{n % 7}.5" for n in range(40)]
    _, said, _ = read(write("\n".join(["cost,number,y", *rows])), "y")
    assert [one.split()[0] for one in said if "as an id is" in one] == ["number"]


def test_several_rare_classes(read: Read, write: Write) -> None:
    sentence = refused(read, write(table("1,rare,2", "1,thin,2", "1,few,2")), "c")
    assert sentence.startswith(", row 31, column c: class 'few' has 1 row (and 2 more as rare), and a split needs 5")


def test_a_target_of_free_text(read: Read, write: Write) -> None:
    content = "x,y\n" + "".join(f"{number},review {number}\n" for number in range(30))
    sentence = refused(read, write(content))
    assert sentence == (
        ", row 2, column y: the target is free text: 30 different ones in 30 rows, the first 'review 0'. "
        "A target is a number, or one of a few names."
    )


def test_names_asked_to_be_numbers(read: Read, write: Write) -> None:
    with pytest.raises(DataError) as error:
        read(write(table()), "c", **{"kind": "regression"})
    sentence = str(error.value)
    assert ", row 2, column c: the target is 'a', which is not a number" in sentence


@pytest.mark.parametrize(
    ("target", "kind", "word"),
    [("three", "binary", "has 3 classes, not two. Give --kind multiclass"), ("c", "multiclass", "Give --kind binary")],
)
def test_the_wrong_number_of_classes(target: str, kind: str, word: str, read: Read, write: Write) -> None:
    content = "x,c,three\n" + "".join(f"{number},{'ab'[number % 2]},{'abc'[number % 3]}\n" for number in range(30))
    with pytest.raises(DataError, match=re.escape(word)):
        read(write(content), target, **{"kind": kind})


def test_too_few_rows(read: Read, write: Write) -> None:
    sentence = refused(read, write(table(rows=19)))
    assert sentence == ": 19 rows can be used, and at least 20 are needed. Give a file with more."


def test_no_feature(read: Read, write: Write) -> None:
    content = "y,z\n" + "".join(f"{number}.5,same\n" for number in range(30))
    sentence = refused(read, write(content))
    assert sentence.startswith(": no column is left to predict from. Left out, since it is the same in every row: z.")


# Wishes that contradict


def test_columns_that_are_not_there(read: Read, write: Write) -> None:
    path = write("Price,Size,y\n" + "1,2,3\n" * 30)
    wishes: tuple[dict[str, Any], ...] = (
        {"target": "price"},
        {"drop": ("price",)},
        {"categorical": ("price",)},
        {"group": "price"},
    )
    for wish in wishes:
        sentence = refused(read, path, kind=UnknownName, **{"target": "y", **wish})
        assert sentence == f"There is no column in {path} called 'price'. Did you mean Price?"


@pytest.mark.parametrize(
    ("wish", "word"),
    [
        ({"group": "c", "time": "x"}, "--group and --time are two ways to split"),
        ({"group": "y"}, "Column y is the target and --group at once"),
        ({"time": "y"}, "Column y is the target and --time at once"),
        ({"drop": ("y",)}, "Column y is the target and in --drop at once"),
        ({"drop": ("c",), "group": "c"}, "Column c is in --drop and --group at once"),
        ({"categorical": ("x",), "time": "x"}, "Column x is in --categorical and --time at once"),
    ],
)
def test_a_column_with_two_parts(wish: dict[str, Any], word: str, read: Read, write: Write) -> None:
    assert refused(read, write(table()), kind=UsageError, **wish).startswith(word)


def test_a_time_of_words(read: Read, write: Write) -> None:
    sentence = refused(read, write(table()), time="c")
    assert sentence.startswith(", row 2, column c: 'a' is neither a date nor a number")


def test_names_in_several_lines() -> None:
    with pytest.raises(UsageError, match=r"'a b' is not a list of columns in one line, separated by commas\."):
        names_from("a\nb")


def test_too_few_times(read: Read, write: Write) -> None:
    content = "t,x,y\n" + "".join(f"{number % 4},{number}.5,{number}.25\n" for number in range(40))
    assert refused(read, write(content), time="t") == (
        ", column t: there are 4 different times, and a split by time needs 5. Name another --time."
    )


def test_too_few_groups(read: Read, write: Write) -> None:
    assert refused(read, write(table()), group="c") == (
        ", column c: there are 2 groups, and a split needs 5. Name another --group."
    )


# Too large


def test_ten_gigabytes_are_refused_without_reading_them(
    read: Read, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(table())
    os.truncate(path, 10_000_000_000)  # a file with a hole: it takes no room on the disk
    monkeypatch.setattr(memory, "available", lambda: 8_000_000_000)
    monkeypatch.setattr("hashlib.file_digest", None)  # whoever would read it all fails
    match = re.fullmatch(
        r": about ([\d.]+) GB of memory would be needed and 8\.0 GB is available\. "
        r"Take a sample of the rows, or fewer columns\.",
        refused(read, path),
    )
    assert match
    assert float(match[1]) == pytest.approx(10 * 90 * memory.BYTES_PER_CELL / (len(table()) - 6), rel=0.1)


def test_a_file_with_a_hole_is_refused_without_reading_it(
    read: Read, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(table())
    os.truncate(path, 10_000_000_000)
    monkeypatch.setattr(memory, "available", lambda: 10**15)
    monkeypatch.setattr("hashlib.file_digest", None)
    assert refused(read, path).startswith(", row 32: there is a NUL byte")


def test_the_memory_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"_MEMINFO": "MemTotal: 9 kB\nMemAvailable:  4000 kB\n", "_LIMIT": "3000000", "_USED": "2500000"}
    files["_PARTS"] = "anon 5\nactive_file 300000\ninactive_file 200000\n"
    for name, content in files.items():
        (tmp_path / name).write_text(content)
        monkeypatch.setattr(memory, name, tmp_path / name)
    assert memory.available() == 1_000_000
    (tmp_path / "_LIMIT").write_text("max")
    assert memory.available() == 4_096_000
    (tmp_path / "_MEMINFO").unlink()
    assert memory.available() == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_a_large_npz_is_refused_without_reading_it(read: Read, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = npz(write, X=np.zeros((1000, 100)), y=np.arange(1000.0))
    monkeypatch.setattr(memory, "available", lambda: 2_000_000)
    assert refused(read, path).startswith(": about 2 MB of memory would be needed and 2 MB is available.")


# Archives


def npz(write: Write, **arrays: Any) -> Path:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return write(content.getvalue(), "arrays.npz")


class Explodes:
    """What a pickle may hold."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("exploded",)


def test_a_pickle_in_an_npz(read: Read, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    array = np.array([Explodes()] * 30, dtype=object)
    sentence = refused(read, npz(write, X=array, y=np.arange(30.0)))
    assert sentence.startswith(", column X: the array is a pickle, which can run any program and is never opened.")
    assert not (tmp_path / "exploded").exists()


def test_a_pickle_under_the_name_of_an_npz(read: Read, write: Write, tmp_path: Path) -> None:
    sentence = refused(read, write(pickle.dumps(Explodes()), "arrays.npz"))
    assert sentence.startswith(": the file is a pickle, which can run any program and is never opened.")


def test_a_pickle_as_a_member_of_an_npz(read: Read, write: Write) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("y.npy", pickle.dumps(Explodes()))
    sentence = refused(read, write(content.getvalue(), "arrays.npz"))
    assert sentence == ": the NPZ archive is damaged (y is not an array). Save it anew."


def test_arrays_of_different_lengths(read: Read, write: Write) -> None:
    sentence = refused(read, npz(write, X=np.zeros((30, 2)), y=np.arange(31.0)))
    assert sentence == ": all arrays must have the same number of rows: X has 30, y has 31. " + (
        "Cut all to one length, as y[:30], if their rows are in the same order."
    )


def test_a_damaged_npz(read: Read, write: Write) -> None:
    path = npz(write, X=np.random.default_rng(0).random((300, 2)), y=np.arange(300.0))
    content = bytearray(path.read_bytes())
    content[150:400] = b"x" * 250
    path.write_bytes(content)
    assert refused(read, path).startswith(": the NPZ archive is damaged (")


def test_infinity_in_an_npz(read: Read, write: Write) -> None:
    x = np.zeros((30, 2))
    x[16, 1] = np.inf
    assert refused(read, npz(write, X=x, y=np.arange(30.0))).startswith(", row 17, column X_1: a number is infinite.")


# Files that change


def test_a_file_that_is_gone_when_it_must_be_read_again(write: Write, shelf: Path, tmp_path: Path) -> None:
    path = write(table())
    data, _ = describe(FileRequest(path=str(path), target="y"), shelf)
    path.unlink()
    load(data, shelf)  # the shelf has it
    with pytest.raises(DataError, match=r"table\.csv: the file is gone since it was described\."):
        load(data, tmp_path / "another")


def test_a_file_that_was_changed_since(write: Write, shelf: Path, tmp_path: Path) -> None:
    path = write(table())
    data, _ = describe(FileRequest(path=str(path), target="y"), shelf)
    write(table("1,a,2"))
    with pytest.raises(DataError, match=r"table\.csv: the file was changed since it was described\."):
        load(data, tmp_path / "another")


def test_a_file_that_changes_while_it_is_read(write: Write, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(table())
    whole = Sheet.__init__

    def made(self: Sheet, **more: Any) -> None:
        path.write_text(table("1,a,2"))
        whole(self, **more)

    monkeypatch.setattr(Sheet, "__init__", made)
    assert refused(read, path) == ": the file was changed while it was read. Try again when it is complete."


def test_names_from_a_file_cannot_move_the_cursor(read: Read, write: Write) -> None:
    path = write(table("1,\x1b]0;owned\x07,2").replace("x,c,y", "x,\x1b[2Jc,y"))
    sentence = refused(read, path, "\N{REPLACEMENT CHARACTER}[2Jc")
    assert sentence.isprintable()
    with pytest.raises(UnknownName) as error:
        read(path, "none")
    assert str(error.value).isprintable()


def test_a_name_that_none_of_many_is_like_is_not_answered_with_all(read: Read, write: Write) -> None:
    names = [f"column number {place}" for place in range(500)]
    path = write("\n".join([",".join(names), *(",".join(["1"] * 500) for _ in range(30))]))
    sentence = refused(read, path, "zzz", kind=UnknownName)
    assert sentence.endswith("column number 39.")


def test_an_archive_of_arrays_is_refused_by_what_its_arrays_would_take(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.npz"
    cells = 40_000
    for values in (
        np.zeros((cells // 4, 4), np.float32),
        np.zeros((cells // 4, 4), np.float64),
        np.zeros((cells // 4, 4), bool),
        np.zeros((cells // 4, 4), np.uint8),
        np.zeros((cells // 4, 4), "U7"),
    ):
        np.savez_compressed(path, X=values)
        monkeypatch.setattr(memory, "available", lambda values=values: cells * (values.dtype.itemsize + 13))
        assert "of memory would be needed and" in refused(read, path), values.dtype
    # A bomb: 2 kB that would be 400 MB, and an array that says it is larger than all memory.
    np.savez_compressed(path, X=np.zeros((10, 10)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 3)})
        archive.writestr("X.npy", header.getvalue() + b"\0" * 1000)
    monkeypatch.setattr(memory, "available", lambda: 100_000_000_000)
    assert "of memory would be needed and" in refused(read, path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", b"\0" * 50_000_000)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(memory, "available", lambda: 10_000_000)
    assert "of memory would be needed and" in refused(read, path)
