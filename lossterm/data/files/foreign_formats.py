"""Formats that are not read: how each is recognised, and how a table in it becomes one that is."""

import re
from collections.abc import Callable
from json import JSONDecodeError, JSONDecoder
from pathlib import Path

from lossterm.data.files.position import refusal
from lossterm.errors import ForeignFormat
from lossterm.text.harmless import printable

START = 4096
"""Number of bytes at the beginning of a file by which its format is recognised."""

_ADDRESS = re.compile(r"(?:^|/)(?P<scheme>https?|ftp|s3|gs|hf|abfss?):/+(?P<rest>.+)", re.IGNORECASE)
_HTML = re.compile(
    rb"<(?:!doctype html|html|table|head|body|title|center|div|pre|script|meta|h\d|p)\b|<!--", re.IGNORECASE
)
_OF_SERVER = re.compile(
    rb"(?:error:?\s+)?(?:(?:http\S*\s+)?[345]\d\d\b[:. -]*(?:client error|server error)?:?\s*|error:?\s+|access |"
    rb"not |forbidden|unauthori[sz]ed|bad gateway|too many requests|internal server error|service unavailable)"
    rb"[\w .,:;!/'\"()-]{0,200}",
    re.IGNORECASE,
)
"""A line that a server sends in the place of a file, such as 404: Not Found."""
_LISTING = re.compile(rb"(?:total \d+\r?\n)?[-dlbcps](?:[r-][w-][xsStT-]){3}[.+@]?\s+\d+\s|\s?Volume in drive ")
_FILE_NAME = re.compile(rb"[\w .()/~-]+\.(?:csv|tsv|txt|parquet|feather|npz|npy|jsonl?|gz|zip|xlsx?|dta|pdf|html?)/?")
_XML = re.compile(rb"<\?xml|<svg\b|<rss\b|<kml\b", re.IGNORECASE)
_ARFF = re.compile(rb"(?:\s*%[^\n]*\n|\s*\n)*\s*@relation\b", re.IGNORECASE)
_NUMBER = rb"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_LIBSVM = re.compile(_NUMBER + rb"(?:,\d+)*(?:\s+(?:qid|\d+):" + _NUMBER + rb")+\s*(?:#.*)?")
_STATA_RELEASES = range(102, 116)
"""First bytes of files of Stata before its thirteenth version."""
_OLD_PICKLES = (b"(lp", b"(dp", b"ccopy_reg\n", b"cpandas", b"cnumpy")
_OF_PICKLES = (".pkl", ".pickle", ".joblib")

_OF_JSON_LINES = (".jsonl", ".ndjson", ".jsonlines")

_PANDAS = "With pandas: pandas.{reader}(FILE).to_csv(NEW, index=False)."
_UNPACK = "Unpack it first: {command}."

_POINTERS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (
        re.compile(rb"version https://git-lfs\.github\.com/spec/"),
        "the file is a pointer of Git LFS: it names the table and does not hold it. Fetch it in its repository: "
        "git lfs pull.",
    ),
    (
        re.compile(rb"/annex/objects/\S+\s*$"),
        "the file is a pointer of git-annex: it names the table and does not hold it. Fetch it: git annex get FILE.",
    ),
    (
        re.compile(rb"(?:md5: \w+\n(?:\w+: [^\n]*\n)*)?outs:\s*\n\s*- (?:md5|etag|hash|path):"),
        "the file is a pointer of DVC: it names the table and does not hold it. Fetch it with dvc pull, then name the "
        "table itself.",
    ),
)
"""Small files that stand for others, whatever their names end with."""

ARRAY_OF_PICTURES = (
    "X = np.stack([np.asarray(Image.open(f).convert('L').resize((32, 32))) for f in files])[..., None]; "
    "np.savez('images.npz', X=X, y=y)"
)
"""How pictures become an array."""

_PICTURE = (
    "the file is a picture, and tables and arrays are read here. Make one array of all pictures, all of one size, and "
    f"save it with their classes: {ARRAY_OF_PICTURES}."
)

_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"BZh", f"the file is compressed by bzip2. {_UNPACK.format(command='bunzip2 -k FILE')}"),
    (b"\x28\xb5\x2f\xfd", f"the file is compressed by zstd. {_UNPACK.format(command='unzstd FILE')}"),
    (b"\xfd7zXZ\x00", f"the file is compressed by xz. {_UNPACK.format(command='unxz -k FILE')}"),
    (b"7z\xbc\xaf\x27\x1c", f"the file is a 7z archive. {_UNPACK.format(command='7z x FILE')}"),
    (
        b"\xd0\xcf\x11\xe0",
        "the file is an Excel workbook. Save its sheet as CSV. " + _PANDAS.format(reader="read_excel"),
    ),
    (b"\x89HDF", "the file is HDF5. Save the table as CSV, Parquet or NPZ. " + _PANDAS.format(reader="read_hdf")),
    (
        b"SQLite format 3",
        "the file is an SQLite database. Save one of its tables as CSV: sqlite3 -header -csv FILE 'TABLE'.",
    ),
    (b"<stata_dta>", "the file is of Stata. " + _PANDAS.format(reader="read_stata")),
    (b"$FL2", "the file is of SPSS. " + _PANDAS.format(reader="read_spss")),
    (b"$FL3", "the file is of SPSS. " + _PANDAS.format(reader="read_spss")),
    (b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60", "the file is of SAS. " + _PANDAS.format(reader="read_sas")),
    (b"HEADER RECORD*******", "the file is of SAS. " + _PANDAS.format(reader="read_sas")),
    (
        b"MATLAB 5.0",
        "the file is of MATLAB. With SciPy: np.savez(NEW, **scipy.io.loadmat(FILE)), of arrays of one length.",
    ),
    (b"RDX", "the file is of R. Write its data frame there: write.csv(FRAME, NEW, row.names = FALSE)."),
    (b"ORC", "the file is ORC. " + _PANDAS.format(reader="read_orc")),
    (b"Obj\x01", "the file is Avro. Write its rows as CSV or Parquet."),
    (
        b"\xff\xff\xff\xff",
        "the file is a stream of Arrow's. Write a Feather file: pyarrow.feather.write_feather(TABLE, NEW).",
    ),
    (b"{\\rtf", "the file is a document (RTF). Give a table, as CSV."),
    (b"\\documentclass", "the file is a document of LaTeX. Give the table in it, as CSV."),
    (b"%!PS", "the file is PostScript. Give the table that it shows, as CSV."),
    (b"#!", "the file is a program. Give the table that it writes, as CSV."),
    (b"diff --git ", "the file is a patch of Git. Give a table, as CSV."),
    (b"%PDF", "the file is a PDF. Give the table that it shows, as CSV."),
    *((mark, _PICTURE) for mark in (b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")),
)
_PICKLE = (
    "the file is a pickle, which can run any program and is never opened. If you trust it, open it yourself: "
    "pandas.read_pickle(FILE).to_csv(NEW, index=False), or np.savez(NEW, X=…, y=…)."
)
_JSON = (
    "the file is JSON in one piece, which is not read. Write an object in each line (JSON lines) or CSV. "
    + _PANDAS.format(reader="read_json")
)


def refuse_address(path: Path) -> None:
    """Raise ForeignFormat for an address in the network, from which nothing is fetched."""
    if match := _ADDRESS.search(str(path)):
        address = printable(f"{match['scheme']}://{match['rest']}")
        fetch = f": curl -LO {address}" if match["scheme"].lower() in ("http", "https", "ftp") else ", then name it"
        raise ForeignFormat(f"{address}: this is an address, and nothing is fetched. Download the file{fetch}")


def refuse_pointer(path: Path, start: bytes) -> None:
    """Raise ForeignFormat, with the command that fetches it, for a small file that stands for one not fetched."""
    for mark, what in _POINTERS:
        if len(start) < START and mark.match(start):
            raise _foreign(path, what)


def refuse_foreign_format(path: Path, start: bytes) -> None:
    """Raise ForeignFormat, with a way on, for a file whose first bytes, unpacked, are of a format that is not read."""
    if start.startswith(b"\x93NUMPY"):
        raise _foreign(path, _single_array(path))
    for mark, what in _MARKS:
        if start.startswith(mark):
            raise _foreign(path, what)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    for is_it, what in _TEXTS:
        if is_it(path, start, text):
            raise _foreign(path, what)


def _single_array(path: Path) -> str:
    """Say how an array is read with its target: from one file, or from their folder."""
    folder = printable(str(path.parent))
    if any(other.name != path.name for other in path.parent.glob("*.npy")):
        return (
            f"the file is a single array. Name its folder, {folder}, whose arrays are read together; or save inputs "
            "and target in one NPZ: np.savez(FILE, X=…, y=…)."
        )
    return (
        "the file is a single array. Save inputs and target in one NPZ: np.savez(FILE, X=…, y=…); or put the target "
        f"beside it as y.npy, and name the folder, {folder}."
    )


def is_json_lines(path: Path, start: bytes) -> bool:
    """Whether each of the first lines of a file is an object in JSON; a single one only if the name says so."""
    first, end, more = start.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    if path.suffix.lower() in _OF_JSON_LINES and first.startswith(b"{"):
        return True
    return bool(end) and isinstance(_decoded(first), dict) and more.lstrip().startswith(b"{")


def refuse_packed(path: Path) -> None:
    """Raise ForeignFormat for a compressed file that is not CSV."""
    raise _foreign(
        path,
        f"the file is compressed by gzip, which is unpacked for CSV only. {_UNPACK.format(command='gunzip -k FILE')}",
    )


def _decoded(text: bytes) -> object:
    """Return a value in JSON that is the whole of a text, None if it is none."""
    try:
        value, end = JSONDecoder().raw_decode(text.decode("utf-8", "replace"))
    except (JSONDecodeError, RecursionError):
        return None
    return value if not text.decode("utf-8", "replace")[end:].strip() else None


def _is_pickle(path: Path, start: bytes, _: bytes) -> bool:
    protocol = start[:1] == b"\x80" and start[1:2] in (b"\2", b"\3", b"\4", b"\5")
    return protocol or start.startswith(_OLD_PICKLES) or (path.suffix.lower() in _OF_PICKLES and not start.isascii())


def _is_json(_: Path, __: bytes, text: bytes) -> bool:
    if text[:1] == b"{":
        return re.match(rb"\{\s*(?:\"|\})", text) is not None
    return re.match(rb"\[\s*(?:[{\[\]]|\"|-?\d+(?:\.\d+)?\s*,\s)", text) is not None


def _is_answer(_: Path, start: bytes, text: bytes) -> bool:
    return len(start) < START and _OF_SERVER.fullmatch(text.strip()) is not None


def _is_listing(_: Path, __: bytes, text: bytes) -> bool:
    lines = [line.strip() for line in text.split(b"\n")[:6]]
    names = [line for line in (lines[:-1] if len(lines) == 6 else lines) if line]
    return _LISTING.match(text) is not None or (len(names) > 1 and all(map(_FILE_NAME.fullmatch, names)))


def _is_libsvm(_: Path, start: bytes, __: bytes) -> bool:
    lines = [line.strip() for line in start.split(b"\n")[:6]]
    lines = [line for line in (lines[:-1] if len(start) >= START else lines) if line]
    return all(map(_LIBSVM.fullmatch, lines)) and any(line.count(b":") > 1 for line in lines)


def _is_old_stata(path: Path, start: bytes, _: bytes) -> bool:
    return path.suffix.lower() == ".dta" and start[0] in _STATA_RELEASES


_TEXTS: tuple[tuple[Callable[[Path, bytes, bytes], bool], str], ...] = (
    (_is_pickle, _PICKLE),
    (_is_old_stata, "the file is of Stata. " + _PANDAS.format(reader="read_stata")),
    (
        lambda _, __, text: _HTML.match(text) is not None,
        "the file is a page of HTML, perhaps that of a download rather than the file itself. For a table in it: "
        "pandas.read_html(FILE)[0].to_csv(NEW, index=False).",
    ),
    (lambda _, __, text: _XML.match(text) is not None, "the file is XML. " + _PANDAS.format(reader="read_xml")),
    (
        lambda _, __, text: _ARFF.match(text) is not None,
        "the file is ARFF, of Weka. With SciPy: "
        "pandas.DataFrame(scipy.io.arff.loadarff(FILE)[0]).to_csv(NEW, index=False).",
    ),
    (
        _is_libsvm,
        "the file is of libsvm (svmlight). With scikit-learn: X, y = sklearn.datasets.load_svmlight_file(FILE); "
        "np.savez(NEW, X=X.toarray(), y=y).",
    ),
    (_is_json, _JSON),
    (
        _is_answer,
        "the file holds one line, which is what a server answers where it has no file. Check the address, and download "
        "it again.",
    ),
    (lambda _, start, __: start[:4] == b"RIFF" and start[8:12] == b"WEBP", _PICTURE),
    (lambda _, start, __: start[:2] == b"BM" and start[6:10] == b"\0" * 4, _PICTURE),
    (_is_listing, "the file is a list of files, not a table. Name one of those that it lists."),
    (
        lambda _, start, __: not start.strip(b"\0"),
        "the file begins with nothing but NUL bytes, as one that was not written to its end. Get it anew.",
    ),
    (
        lambda _, start, __: start[257:262] == b"ustar",
        f"the file is a tar archive. {_UNPACK.format(command='tar -xf FILE')}",
    ),
)


def _foreign(path: Path, what: str) -> ForeignFormat:
    return ForeignFormat(str(refusal(path, what)))


def refuse_archive(path: Path, start: bytes) -> None:
    """Raise ForeignFormat for a ZIP archive that is not NPZ, by what it holds."""
    if b"xl/" in start or b"[Content_Types].xml" in start or path.suffix.lower() in (".xlsx", ".xlsm", ".xlsb"):
        raise _foreign(
            path, "the file is an Excel workbook. Save its sheet as CSV. " + _PANDAS.format(reader="read_excel")
        )
    if b"opendocument.spreadsheet" in start:
        raise _foreign(path, "the file is a spreadsheet. Save it as CSV. " + _PANDAS.format(reader="read_excel"))
    raise _foreign(
        path,
        f"the file is a ZIP archive or an Excel workbook. {_UNPACK.format(command='unzip FILE')} Save a sheet as CSV.",
    )
