"""Compiled programs kept on disk by TensorFlow, so that the next worker need not compile them again.

What lies there is machine code that a later worker runs. So the directory is its owner's alone, or none is used; and
each file must have the checksum that was taken when the worker that wrote it was still well: what a bit flip or a full
disk has spoilt would not be noticed by TensorFlow.
"""

import hashlib
import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

from lossterm.errors import DataError
from lossterm.home.paths import programs
from lossterm.home.private import make_private, opened

MOST_BYTES = 128 * 2**20
"""What programs may take on disk; the oldest go first."""

LEAST_FREE = 512 * 2**20
"""Free bytes below which none are kept: TensorFlow fails a training that it cannot keep the program of."""

SWITCH = "LOSSTERM_KEEP_PROGRAMS"
"""Environment variable; 0 keeps none."""

_FLAG = "--tf_xla_persistent_cache_directory="
_SUM = ".sum"


def use() -> None:
    """Have TensorFlow, which must not be loaded yet, keep its programs, and check those that are there.

    A directory that the user names in TF_XLA_FLAGS is used instead. A directory that others can write to is not
    used, with a word in the log.
    """
    flags = os.environ.get("TF_XLA_FLAGS", "")
    if _FLAG in flags or os.environ.get(SWITCH) == "0":
        return
    place = _place()
    if any(sign.isspace() or sign in "'\"" for sign in str(place)):
        print(f"Compiled programs are not kept: TensorFlow would not read the path {place!s} as a whole.", flush=True)
        return
    try:
        make_private(place)
        _check(place)
        if shutil.disk_usage(place).free < LEAST_FREE:
            print(f"Compiled programs are not kept: the disk of {place} is nearly full.", flush=True)
            return
    except (OSError, DataError) as error:
        print(f"Compiled programs are not kept: {error}", flush=True)
        return
    os.environ["TF_XLA_FLAGS"] = f"{flags}{_flags_for(place)}"


def without() -> dict[str, str]:
    """Return the environment as it was before `use`, for another worker, which is to look for itself."""
    flags = os.environ.get("TF_XLA_FLAGS", "").replace(_flags_for(_place()), "")
    others = {name: value for name, value in os.environ.items() if name != "TF_XLA_FLAGS"}
    return {**others, "TF_XLA_FLAGS": flags} if flags else others


def _flags_for(place: Path) -> str:
    return f" {_FLAG}{place} --tf_xla_persistent_cache_prefix=lossterm"


def seal() -> None:
    """Take the checksums of programs that are new; to be called by a worker that is well."""
    place = _place()
    if f"{_FLAG}{place} " not in os.environ.get("TF_XLA_FLAGS", ""):
        return
    try:
        for file in place.glob("*.pb"):
            if not file.with_suffix(_SUM).exists():
                descriptor = opened(file.with_suffix(_SUM), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                try:
                    os.write(descriptor, _sum(file).encode())
                finally:
                    os.close(descriptor)
    except (OSError, DataError) as error:  # they are compiled again next time
        print(f"Compiled programs are not kept: {error}", flush=True)


def failed(error: Exception) -> bool:
    """Whether a training failed since its program could not be kept or read."""
    return _FLAG in os.environ.get("TF_XLA_FLAGS", "") and str(_place()) in str(error)


def _place() -> Path:
    """Return the directory for this machine: a home may be shared by machines with other processors."""
    lines = [platform.machine(), version("tensorflow")]
    try:
        cpu_lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        lines += [next((line for line in cpu_lines if line.startswith(name)), "") for name in ("model name", "flags")]
    except OSError:
        lines.append(platform.processor())
    return programs().absolute() / hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _check(place: Path) -> None:
    """Delete programs whose checksum is missing or wrong, and the oldest ones where all take too much."""
    left = MOST_BYTES
    for file in sorted(place.iterdir(), key=lambda file: file.stat().st_mtime, reverse=True):
        if file.suffix == _SUM:
            continue
        checksum = file.with_suffix(_SUM)
        left -= file.stat().st_size
        if left < 0 or not checksum.exists() or checksum.read_text(encoding="ascii", errors="replace") != _sum(file):
            file.unlink(missing_ok=True)
            checksum.unlink(missing_ok=True)


def _sum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "blake2b").hexdigest()
