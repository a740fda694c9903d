"""Compiled programs kept on disk: found again with the same bits, never trusted where they are spoilt."""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from lossterm.engine.worker import program_cache
from lossterm.home import paths
from tests.fork_server import ForkServer

TRAIN = """
import os
os.environ["LOSSTERM_HOME"] = {home!r}
os.environ.pop("TF_XLA_FLAGS", None)  # the server's own
from lossterm.engine.worker import program_cache
os.umask(0o077)  # as the worker does
program_cache.use()
from lossterm.comparison.comparison import Comparison
from lossterm.engine.training.trainer import Trainer
for hidden in ((4,), (3,)):
    trial = next(Comparison.ask("circles", ("hinge",), seeds=1, epochs=5, hidden=hidden).trials())
    curve = []
    result = Trainer().train(trial, 1, lambda chunk: curve.append(chunk.data.hex()))
    print("".join(curve) + result.chunk.data.hex(), program_cache.failed(OSError("elsewhere")))
    program_cache.seal()
"""


@pytest.fixture
def kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of programs in a home of this test, used by nobody yet."""
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    monkeypatch.delenv(program_cache.SWITCH, raising=False)
    return program_cache._place()


def used() -> Path | None:
    """Begin to use the programs, and return where TensorFlow is told to keep them."""
    program_cache.use()
    flags = [flag for flag in os.environ.get("TF_XLA_FLAGS", "").split() if "directory" in flag]
    return Path(flags[-1].partition("=")[2]) if flags else None


def write(kept: Path, name: str, size: int = 10) -> Path:
    file = kept / f"{name}.pb"
    file.write_bytes(name.encode() * size)
    return file


@pytest.mark.tensorflow
def test_a_program_is_compiled_once_unless_it_is_spoilt_and_gives_the_same_bits_from_disk(
    kept: Path, home: Path, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    script = tmp_path_factory.mktemp("script") / "train.py"
    script.write_text(TRAIN.format(home=str(home)), encoding="utf-8")

    def trained() -> list[str]:
        done = fork_server.run(script)
        assert done.returncode == 0, done.stderr
        lines = [line.split() for line in done.stdout.splitlines()]
        assert [elsewhere for _, elsewhere in lines] == ["False", "False"]
        return [bits for bits, _ in lines]

    first = trained()
    assert sorted(file.suffix for file in kept.iterdir()) == [".pb", ".pb", ".sum", ".sum"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in kept.iterdir())
    spoilt, sound = sorted(kept.glob("*.pb"))
    changed = bytearray(spoilt.read_bytes())
    changed[len(changed) // 2] ^= 1
    spoilt.write_bytes(changed)
    files = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in (sound, sound.with_suffix(".sum"))}
    assert trained() == first
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in files} == files  # was not compiled again
    assert len(list(kept.glob("*.pb"))) == 2
    assert changed not in [file.read_bytes() for file in kept.glob("*.pb")]


def test_only_what_has_its_checksum_is_kept(kept: Path) -> None:
    assert used() == kept
    assert kept.stat().st_mode & 0o777 == 0o700
    sound, spoilt, cut = (write(kept, name) for name in ("sound", "spoilt", "cut"))
    program_cache.seal()
    unsealed = write(kept, "unsealed")
    (kept / "left.pb.tmp").write_bytes(b"of a worker that was killed")
    spoilt.write_bytes(spoilt.read_bytes()[:-1] + b"!")
    cut.write_bytes(b"")
    program_cache.seal()  # of those that have one, none is taken anew
    os.environ.pop("TF_XLA_FLAGS")
    unsealed.with_suffix(".sum").unlink()
    assert used() == kept
    assert {file.name for file in kept.iterdir()} == {sound.name, "sound.sum"}


def test_the_oldest_go_first(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used()
    for age, name in enumerate(("new", "older", "oldest")):
        os.utime(write(kept, name), (10**9 - age, 10**9 - age))
    program_cache.seal()
    monkeypatch.setattr(program_cache, "MOST_BYTES", 85)
    os.environ.pop("TF_XLA_FLAGS")
    used()
    assert {file.name for file in kept.iterdir()} == {"new.pb", "new.sum", "older.pb", "older.sum"}


def test_none_are_kept_where_that_is_not_safe_or_not_wanted(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(program_cache.SWITCH, "0")
    assert used() is None
    monkeypatch.delenv(program_cache.SWITCH)
    used()
    os.environ.pop("TF_XLA_FLAGS")
    kept.chmod(0o777)
    assert used() is None
    assert f"Compiled programs are not kept: {kept} can be written by everybody" in capsys.readouterr().out
    kept.chmod(0o700)
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**6))
    assert used() is None
    assert "nearly full" in capsys.readouterr().out


def test_a_directory_that_a_person_named_is_left_alone(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = "--tf_xla_persistent_cache_directory=/somewhere"
    monkeypatch.setenv("TF_XLA_FLAGS", flags)
    program_cache.use()
    program_cache.seal()
    assert os.environ["TF_XLA_FLAGS"] == flags
    assert not paths.programs().exists()


def test_another_worker_looks_for_itself(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=1")
    used()
    assert os.environ["TF_XLA_FLAGS"] != "--tf_xla_auto_jit=1"
    assert program_cache.without()["TF_XLA_FLAGS"] == "--tf_xla_auto_jit=1"
    monkeypatch.delenv("TF_XLA_FLAGS")
    used()
    assert "TF_XLA_FLAGS" not in program_cache.without()


def test_a_path_that_tensorflow_would_cut_at_its_blank_is_not_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    monkeypatch.setenv("LOSSTERM_HOME", str(home / "my box"))
    assert used() is None
    assert not (home / "my box").exists()


def test_a_failure_to_keep_a_program_is_told_from_one_of_a_training(kept: Path) -> None:
    full = RuntimeError(f"{kept}/x.pb.tmp; No space left on device")
    assert not program_cache.failed(full)
    used()
    assert program_cache.failed(full)
    assert not program_cache.failed(RuntimeError("No space left on device"))
