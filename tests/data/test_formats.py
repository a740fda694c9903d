"""Formats that are read, and those that are not, each of which is named with a way on."""

import gzip
import io
import json
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather

from lossterm.errors import DataError, ForeignFormat

from .conftest import Read, Write, table

ROWS = 60


def test_feather_and_json_lines_give_the_table_of_the_csv(read: Read, write: Write, tmp_path: Path) -> None:
    cells = {"x": [n / 4 for n in range(ROWS)], "c": ["ab"[n % 2] for n in range(ROWS)]}
    cells["y"] = [n * 1.25 for n in range(ROWS)]
    feather.write_feather(pa.table(cells), tmp_path / "t.feather")
    feather.write_feather(pa.table(cells), tmp_path / "lz4.arrow", compression="lz4")
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (tmp_path / "t.json").write_text("\n".join(map(json.dumps, rows)))
    _, _, plain = read(write(table(rows=ROWS)))
    for name, said in (
        ("t.feather", "Read as Feather (Arrow)."),
        ("lz4.arrow", "Read as Feather (Arrow)."),
        ("t.jsonl", "Read as JSON lines, an object in each."),
        ("t.json", "Read as JSON lines, an object in each."),
    ):
        _, remarks, loaded = read(tmp_path / name)
        assert said in remarks
        assert loaded.columns == plain.columns
        np.testing.assert_array_equal(loaded.features, plain.features)
        np.testing.assert_array_equal(loaded.target, plain.target)


def test_json_lines_with_gaps_nested_values_and_written_numbers(read: Read, tmp_path: Path) -> None:
    rows = [
        {"price": f"${n * 1000:,}", "flag": n % 2 == 0, "deep": {"a": n}, "y": n / 3} | ({} if n % 7 else {"z": n})
        for n in range(ROWS)
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    _, said, loaded = read(tmp_path / "t.jsonl")
    assert [(one.name, one.kind, one.missing) for one in loaded.columns] == [
        ("price", "number", False),
        ("flag", "boolean", False),
        ("z", "number", True),
    ]
    assert any("deep" in one and "struct" in one for one in said)
    (tmp_path / "t.jsonl").write_text('{"a": 1, "y": 2}\n{"a": "x", "y": 3}\n')
    with pytest.raises(DataError, match=r"the JSON lines cannot be read \(JSON parse error.*one kind of value by name"):
        read(tmp_path / "t.jsonl")


def test_without_pyarrow_it_is_said_how_to_install_it(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feather.write_feather(pa.table({"y": [1.0]}), tmp_path / "t.feather")
    (tmp_path / "t.jsonl").write_text('{"y": 1}\n' * 30)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    for name in ("t.feather", "t.jsonl"):
        with pytest.raises(
            DataError, match=r"read by pyarrow, which is not installed: pip install 'lossterm\[parquet\]'"
        ):
            read(tmp_path / name)


def test_text_that_is_compressed_by_gzip(read: Read, write: Write) -> None:
    _, _, plain = read(write(table(rows=ROWS)))
    for encoding in ("utf-8", "utf-16"):
        packed = write(gzip.compress(table(rows=ROWS).encode(encoding)), "t.csv.gz")
        _, said, loaded = read(packed)
        assert said[0].startswith("Read as text, unpacked by gzip, in UTF-")
        np.testing.assert_array_equal(loaded.features, plain.features)
    whole = gzip.compress(table(rows=ROWS).encode())
    for damaged in (whole[:-20], whole[:40] + b"\0\0\0\0" + whole[44:], b"\x1f\x8b"):
        with pytest.raises(DataError, match="the file is compressed by gzip and damaged or cut off"):
            read(write(damaged, "bad.csv.gz"))
    with pytest.raises(DataError, match="row 31: 2 cells where the first row has 3"):
        read(write(gzip.compress(table("1,a").encode()), "ragged.gz"))


def archive(name: str) -> bytes:
    """Return a ZIP archive with one member."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr(name, "a")
    return content.getvalue()


def tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as packed:
        packed.addfile(tarfile.TarInfo("t.csv"))
    return content.getvalue()


def test_formats_that_are_not_read_are_named_with_a_way_on(read: Read, write: Write) -> None:
    rows = [{"a": n, "y": n / 2} for n in range(ROWS)]
    svm = "".join(f"{n % 2} 1:0.{n} 3:0.2\n" for n in range(ROWS))
    arff = "% a comment\n\n@RELATION t\n@attribute a numeric\n@data\n" + "1\n" * ROWS
    cases: list[tuple[str, bytes | str, str, str]] = [
        ("t.json", json.dumps(rows), "JSON in one piece", "pandas.read_json(FILE).to_csv(NEW, index=False)"),
        ("t.json", json.dumps(rows, indent=1), "JSON in one piece", "an object in each line"),
        ("t.json", json.dumps({"a": {"0": 1}, "y": {"0": 2}}), "JSON in one piece", "pandas.read_json"),
        ("t.json", json.dumps([[1, 2], [3, 4]]), "JSON in one piece", "pandas.read_json"),
        ("t.pkl", pickle.dumps(rows), "a pickle, which can run any program", "pandas.read_pickle(FILE)"),
        ("t", pickle.dumps(rows, protocol=2), "a pickle, which can run any program", "np.savez"),
        ("t.pkl", pickle.dumps(rows, protocol=0), "a pickle, which can run any program", "np.savez"),
        ("t.html", "<!DOCTYPE html>\n<html><body>", "a page of HTML", "pandas.read_html(FILE)[0]"),
        ("t.csv", "\n <table><tr><th>a</th></tr></table>", "a page of HTML", "pandas.read_html(FILE)[0]"),
        ("t.xml", '<?xml version="1.0"?><a/>', "XML", "pandas.read_xml"),
        ("t.arff", arff, "ARFF", "scipy.io.arff.loadarff(FILE)"),
        ("t.libsvm", svm, "libsvm", "sklearn.datasets.load_svmlight_file(FILE)"),
        ("t.txt", svm.replace("0.", "-1e-2"), "libsvm", "X.toarray()"),
        ("t.dta", b"<stata_dta><header>", "Stata", "pandas.read_stata"),
        ("t.dta", b"\x72\x02\x01\x00" + bytes(60), "Stata", "pandas.read_stata"),
        ("t.sav", b"$FL2@(#) SPSS", "SPSS", "pandas.read_spss"),
        ("t.xls", b"\xd0\xcf\x11\xe0" + bytes(60), "Excel workbook", "pandas.read_excel"),
        ("t.xlsx", archive("xl/workbook.xml"), "Excel workbook", "pandas.read_excel"),
        ("t.zip", archive("t.csv"), "ZIP archive", "unzip FILE"),
        ("t.tar", tar(), "tar archive", "tar -xf FILE"),
        ("t.tar.gz", gzip.compress(tar()), "tar archive", "tar -xf FILE"),
        ("t.parquet.gz", gzip.compress(b"PAR1" + bytes(60)), "compressed by gzip", "gunzip -k FILE"),
        ("t.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 30), "compressed by gzip", "gunzip -k FILE"),
        ("t.bz2", b"BZh9" + bytes(60), "bzip2", "bunzip2 -k FILE"),
        ("t.xz", b"\xfd7zXZ\0" + bytes(60), "xz", "unxz -k FILE"),
        ("t.mat", b"MATLAB 5.0 MAT-file", "MATLAB", "scipy.io.loadmat"),
        ("t.db", b"SQLite format 3\0", "SQLite", "sqlite3 -header -csv"),
    ]
    for name, content, word, way in cases:
        with pytest.raises(ForeignFormat) as error:
            read(write(content, name))
        assert word in str(error.value), (name, error.value)
        assert way in str(error.value), (name, error.value)
        assert error.value.exit_code == 2


def test_addresses_are_not_fetched(read: Read) -> None:
    for address in ("https://example.org/data/t.csv", "s3://bucket/t.parquet"):
        with pytest.raises(ForeignFormat, match="this is an address, and nothing is fetched") as error:
            read(Path(f"/home/{address}".replace("://", ":/")))
        assert str(error.value).startswith(f"{address}: this is an address")
        assert str(error.value).endswith(
            f"curl -LO {address}" if address.startswith("http") else "Download the file, then name it"
        )


def test_text_that_looks_a_little_like_another_format_is_read(read: Read, write: Write) -> None:
    cases = [
        ("<TICKER>,<CLOSE>,y\n" + "".join(f"{n % 3},{n / 3},{n}\n" for n in range(ROWS)), "<CLOSE>"),
        ("[a],{b},y\n" + "".join(f"{n % 3},{n / 3},{n}\n" for n in range(ROWS)), "{b}"),
        ('"[1, 2]",{b},y\n' + "".join(f"{n % 3},{n / 3},{n}\n" for n in range(ROWS)), "{b}"),
        ("%,@relation,y\n" + "".join(f"{n % 3},{n / 3},{n}\n" for n in range(ROWS)), "@relation"),
    ]
    for content, name in cases:
        _, _, loaded = read(write(content))
        assert loaded.columns[1].name == name
    headless = "".join(f"{n},2020-01-{n % 28 + 1:02d} 12:{n % 60:02d},{n / 3}\n" for n in range(ROWS))
    assert len(read(write(headless), "column_1")[2].columns) == 2


def test_what_is_no_table_says_what_it_is(read: Read, write: Write) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 12345\n"
    cases = (
        (pointer, "t.csv", "a pointer of Git LFS", "git lfs pull."),
        (pointer, "t.parquet", "a pointer of Git LFS", "git lfs pull."),
        (pointer, "t.npz", "a pointer of Git LFS", "git lfs pull."),
        ("/annex/objects/SHA256E-s12--4d7a.csv\n", "t.csv", "a pointer of git-annex", "git annex get FILE."),
        ("outs:\n- md5: a304\n  size: 14\n  path: d.csv\n", "t.csv", "a pointer of DVC", "dvc pull"),
        ("<center>403 Forbidden</center>\n", "t.csv", "a page of HTML", "read_html"),
        ("<head><title>Moved</title></head>", "t.csv", "a page of HTML", "read_html"),
        ("404: Not Found", "t.csv", "what a server answers", "download it again."),
        ("Error 500 Internal Server Error\n", "t.csv", "what a server answers", "download it again."),
        ("Access Denied\n", "t.csv", "what a server answers", "download it again."),
        ("total 8\n-rw-r--r-- 1 me me 50 Nov 29 19:32 a.csv\n", "t.csv", "a list of files", "Name one of those"),
        ("a.csv\nb.csv\nmore/c d.parquet\n", "t.csv", "a list of files", "Name one of those"),
        ("\0" * 5000, "t.csv", "nothing but NUL bytes", "Get it anew."),
        ("\\documentclass{article}\n", "t.csv", "LaTeX", "as CSV."),
        ("#!/bin/sh\necho 1\n", "t.csv", "a program", "as CSV."),
        ("<svg xmlns='x'></svg>\n", "t.csv", "XML", "read_xml"),
    )
    for text, name, what, way in cases:
        with pytest.raises(ForeignFormat) as error:
            read(write(text, name))
        assert what in str(error.value), text
        assert way in str(error.value), text
    for text in ("500 m,y\n", "error,y\n", "not_found,y\n", "p,y\n", "total 8,y\n"):
        data, _, _ = read(write(text + "".join(f"{n},{n * 2 % 7}.5\n" for n in range(40))))
        assert data.rows == 40
