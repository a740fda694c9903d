"""Arrays by name, from an NPZ file or a folder of NPY files: shapes first, then the arrays. Nothing is unpickled."""

import hashlib
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lossterm.data import memory
from lossterm.data.files import npz_file
from lossterm.data.files.foreign_formats import ARRAY_OF_PICTURES
from lossterm.data.files.position import refusal
from lossterm.errors import DataError
from lossterm.text.harmless import clipped, printable
from lossterm.text.numbers import memory_size


class Header(NamedTuple):
    """What stands in the head of an array's file."""

    shape: tuple[int, ...]
    dtype: str


Shapes = dict[str, tuple[int, ...]]
"""Name of an array → its shape."""

DIGITS = 16
"""Number of hex digits of a digest."""

_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_BYTES = 8
"""Bytes that each number takes at most while the arrays are read: as a float32 in the table, and once more beside."""


def shapes_of(path: Path) -> Shapes | None:
    """Return the shapes of the arrays at a path as `headers_of` does."""
    headers = headers_of(path)
    return None if headers is None else {name: header.shape for name, header in headers.items()}


def headers_of(path: Path) -> dict[str, Header] | None:
    """Return the heads of the arrays at a path without reading them; None for anything but an NPZ file or a folder.

    Raises DataError for a folder without arrays, and for a damaged file.
    """
    if path.is_dir():
        return _of_folder(path)
    if path.suffix.lower() != ".npz" or not path.is_file():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            headers = {}
            for member in archive.infolist():
                with archive.open(member) as content:
                    headers[printable(member.filename.removesuffix(".npy"))] = _header(content)
            return headers
    except npz_file._DAMAGED:
        return None  # the reader of tables says what is wrong


def refuse_too_large(path: Path, shapes: Shapes) -> str:
    """Say how much memory the arrays take. Raises DataError, with both sizes, where it is not there."""
    cells = sum(int(np.prod(shape, dtype=np.float64)) for shape in shapes.values())
    memory.refuse_too_large(path, cells * _BYTES / memory.BYTES_PER_CELL)
    return f"{memory_size(4 * cells)} as float32"


def read(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Return arrays by name. Raises DataError for a pickle or damage."""
    if not path.is_dir():
        every = npz_file._arrays(path)
        return {name: every[name] for name in names}
    arrays = {}
    for name in names:
        try:
            arrays[name] = np.load(path / f"{name}.npy", allow_pickle=False)
        except ValueError as error:
            raise refusal(
                path,
                "the array is a pickle or damaged, and is not opened. Rows of different lengths are saved so: pad them "
                f"to one length and save numbers, as with .astype(float) ({clipped(str(error), 60)}).",
                column=name,
            ) from error
        except OSError as error:
            raise refusal(path, f"{name}.npy can't be read: {error.strerror or error}.") from error
    return arrays


def digest(path: Path) -> str:
    """Return the first DIGITS hex digits of a SHA-256: of a file's bytes, or of all arrays of a folder."""
    sums = hashlib.sha256()
    files = sorted(path.glob("*.npy")) if path.is_dir() else [path]
    try:
        for file in files:
            with file.open("rb") as content:
                one = hashlib.file_digest(content, "sha256")
            sums.update(file.name.encode() + one.digest())
    except OSError as error:
        raise refusal(path, f"the file can't be read: {error.strerror or error}.") from error
    return (one if not path.is_dir() else sums).hexdigest()[:DIGITS]


def _of_folder(path: Path) -> dict[str, Header]:
    files = sorted(path.glob("*.npy"))
    if not files:
        raise _no_arrays(path)
    headers = {}
    for file in files:
        try:
            with file.open("rb") as content:
                headers[printable(file.stem)] = _header(content)
        except (OSError, ValueError) as error:
            raise refusal(
                path, f"{file.name} is no array of NumPy ({clipped(str(error), 60)}). Save it anew."
            ) from error
    return headers


def _header(content: object) -> Header:
    version = np.lib.format.read_magic(content)  # type: ignore[arg-type]  # any file
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = header(content)  # type: ignore[arg-type]  # any file
    return Header(tuple(shape), printable(str(kind)))


def _no_arrays(path: Path) -> DataError:
    """Say what to do with a folder of pictures, or of something else."""
    pictures = [file for file in path.rglob("*") if file.suffix.lower() in _PICTURES][:10_000]
    if not pictures:
        return refusal(path, "this is a directory without arrays (.npy). Name a file in it.")
    return refusal(
        path,
        f"this is a folder of {len(pictures):,} image files, and arrays are read here. Make one array of them, all of "
        f"one size, and save it with its classes: {ARRAY_OF_PICTURES}.",
    )
