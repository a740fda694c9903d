"""What the machine is doing, read from made-up files and a made-up NVML."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lossterm.following.hardware import Card, Hardware, HardwareReader

MEMINFO = (
    "MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    5000000 kB\nHugePages_Total:       0\n"
)


class FakeNvml:
    """NVML with two cards, the second of which is a part of a card and tells little."""

    class NVMLError(Exception):
        """What NVML raises."""

    def __init__(self, *, broken: str = "") -> None:
        self.begun, self._broken = 0, broken

    def nvmlInit(self) -> None:  # noqa: N802  NVML's own name
        if self._broken:
            raise self.NVMLError(self._broken)
        self.begun += 1

    def __getattr__(self, name: str) -> Any:
        answers = {
            "nvmlDeviceGetName": ("Card A", b"Part B"),
            "nvmlDeviceGetUtilizationRates": (SimpleNamespace(gpu=87), None),
            "nvmlDeviceGetMemoryInfo": (SimpleNamespace(used=12e9, total=24e9), None),
            "nvmlDeviceGetTemperature": (61, None),
        }

        def told(number: int, *_: int) -> Any:
            if answers[name][number] is None:
                raise self.NVMLError("Not Supported")
            return answers[name][number]

        return {"nvmlDeviceGetCount": lambda: 2, "nvmlDeviceGetHandleByIndex": int}.get(name, told)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "meminfo").write_text(MEMINFO, encoding="ascii")
    return tmp_path


def absent() -> Any:
    raise ModuleNotFoundError("No module named 'pynvml'")


def test_cards_tell_what_they_know(proc: Path) -> None:
    nvml = FakeNvml()
    reader = HardwareReader(lambda: nvml, proc)
    first, again = reader.read(), reader.read()
    assert nvml.begun == 1
    assert first.cards == again.cards
    assert first.cards == (
        Card(name="Card A", busy=0.87, used=12 * 10**9, memory=24 * 10**9, celsius=61),
        Card(name="Part B"),
    )
    assert (first.memory, first.used, first.trouble) == (8_192_000_000, 3_072_000_000, "")
    assert str(first).endswith("memory 3.1 of 8.2 GB · Card A 87 % 12.0 of 24.0 GB 61 °C · Part B")


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (absent, "Figures of cards need another package: pip install nvidia-ml-py."),
        (lambda: FakeNvml(broken="Driver Not Loaded"), "NVML tells nothing of cards: Driver Not Loaded."),
    ],
)
def test_without_nvml_there_is_a_sentence_and_the_rest(load: Any, words: str, proc: Path) -> None:
    asked = []

    def count_and_load() -> Any:
        asked.append(1)
        return load()

    reader = HardwareReader(count_and_load, proc)
    for _ in range(2):
        seen = reader.read()
        assert (seen.cards, seen.trouble, seen.memory) == ((), words, 8_192_000_000)
    assert len(asked) == 1


@pytest.mark.parametrize("content", [None, "", "MemTotal:\n", "MemTotal: many kB\n", "MemTotal: 5 kB\n"])
def test_where_memory_is_not_told_it_is_left_out(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "meminfo").write_text(content, encoding="ascii")
    seen = HardwareReader(absent, tmp_path).read()
    assert seen.used is None
    assert "GB" not in str(seen)
    assert seen.cores > 0


def test_the_use_of_the_cores_is_what_they_worked_since_the_look_before(proc: Path) -> None:
    stat, seen = proc / "stat", []
    reader = HardwareReader(absent, proc)
    for ticks in ("100 0 100 800 0 0 0 0", "150 0 110 840 0 0 0 0", "150 0 110 840 0 0 0 0", "9 0 0 1 0 0 0 0"):
        stat.write_text(f"cpu  {ticks} 0 0\ncpu0 1 2 3\n", encoding="ascii")
        seen.append(reader.read().busy)
    stat.write_text("cpu", encoding="ascii")
    assert [*seen, reader.read().busy] == [None, 0.6, None, None, None]


def test_the_machine_in_words() -> None:
    assert str(Hardware(cores=2, busy=0.875)) == "2 cores 88 %"
    assert str(Hardware(cores=1)) == "1 core"
    assert (
        str(Hardware(cores=16, load=3.24, used=5 * 10**9, memory=64 * 10**9))
        == "16 cores, load 3.2 · memory 5.0 of 64.0 GB"
    )
