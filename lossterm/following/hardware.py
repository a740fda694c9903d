"""What the machine is doing: load of its cores, memory, and its cards as NVML tells of them.

What cannot be read is left out and said in a sentence: figures beside a training are never a reason to fail.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from lossterm.text.numbers import counted
from lossterm.worker_control.cores import cores

TEMPERATURE_OF_CHIP = 0
"""NVML's name of the sensor."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One card; None for what it does not tell, as parts of a card do not."""

    name: str
    """Model."""
    busy: float | None = None
    """Share of the last moment in which it computed."""
    used: int | None = None
    """Bytes of its memory that are taken."""
    memory: int | None = None
    """Bytes of memory that it has."""
    celsius: int | None = None
    """Temperature of the chip."""

    @property
    def busy_in_words(self) -> str:
        """Its use, as `87 %`; "" where it does not tell."""
        return _percent(self.busy)

    @property
    def memory_in_words(self) -> str:
        """Its memory, as `12.0 of 24.0 GB`; "" where it does not tell."""
        return _of(self.used, self.memory)

    @property
    def heat_in_words(self) -> str:
        """Its temperature, as `61 °C`; "" where it does not tell."""
        return "" if self.celsius is None else f"{self.celsius} °C"

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name, self.busy_in_words, self.memory_in_words, self.heat_in_words)))


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """The machine at one moment."""

    cores: int
    """Those that this process may use."""
    busy: float | None = None
    """Share of all cores' time that was used since the look before; None for the first."""
    load: float | None = None
    """Processes that wanted a core, on average over the last minute."""
    used: int | None = None
    """Bytes of memory that programs hold."""
    memory: int | None = None
    """Bytes of memory that there are."""
    cards: tuple[Card, ...] = ()
    """Those that NVML shows."""
    trouble: str = ""
    """Why nothing is known of cards; "" if it is."""

    @property
    def cores_in_words(self) -> str:
        """Its cores, as `16 cores 87 %, load 3.2`."""
        load = "" if self.load is None else f", load {self.load:.1f}"
        return " ".join(filter(None, (counted(self.cores, "core"), _percent(self.busy)))) + load

    @property
    def memory_in_words(self) -> str:
        """Its memory, as `5.0 of 64.0 GB`; "" where that is not told."""
        return _of(self.used, self.memory)

    def __str__(self) -> str:
        memory = f"memory {amount}" if (amount := self.memory_in_words) else ""
        parts = (self.cores_in_words, memory, *map(str, self.cards))
        return " · ".join(part for part in parts if part)


class HardwareReader:
    """Reads the machine's figures; NVML is loaded with the first, so that nobody waits for it who does not look."""

    def __init__(self, load_nvml: Callable[[], Any] | None = None, proc: Path = Path("/proc")) -> None:
        """`load_nvml` returns NVML's module; `proc` is where Linux tells of memory."""
        self._load, self._proc = load_nvml or _pynvml, proc
        self._nvml: Any = None
        self._times: tuple[int, int] | None = None
        self._trouble = ""

    def read(self) -> Hardware:
        """Return the figures of this moment; not for an event loop, since the first time loads NVML."""
        memory = _memory(self._proc)
        cards = self._cards()
        total, free = memory.get("MemTotal"), memory.get("MemAvailable")
        return Hardware(
            cores=cores(),
            busy=self._busy(),
            load=_load(),
            used=None if total is None or free is None else total - free,
            memory=total,
            cards=cards,
            trouble=self._trouble,
        )

    def _busy(self) -> float | None:
        """Return the share of the cores' time that was used since the last look."""
        before, self._times = self._times, _times(self._proc)
        if before is None or self._times is None or self._times[1] <= before[1]:
            return None
        return min(max((self._times[0] - before[0]) / (self._times[1] - before[1]), 0.0), 1.0)

    def _cards(self) -> tuple[Card, ...]:
        if self._trouble:
            return ()
        try:
            if self._nvml is None:
                nvml = self._load()
                nvml.nvmlInit()
                self._nvml = nvml
            return tuple(self._card(number) for number in range(self._nvml.nvmlDeviceGetCount()))
        except ImportError:
            self._trouble = "Figures of cards need another package: pip install nvidia-ml-py."
        except Exception as error:  # NVML's errors are its own, and a driver that is broken fails in many ways
            self._trouble = f"NVML tells nothing of cards: {error}."
        return ()

    def _card(self, number: int) -> Card:
        handle = self._nvml.nvmlDeviceGetHandleByIndex(number)
        name = self._told("nvmlDeviceGetName", handle) or f"card {number}"
        rates = self._told("nvmlDeviceGetUtilizationRates", handle)
        memory = self._told("nvmlDeviceGetMemoryInfo", handle)
        return Card(
            name=name.decode(errors="replace") if isinstance(name, bytes) else str(name),
            busy=None if rates is None else rates.gpu / 100,
            used=None if memory is None else int(memory.used),
            memory=None if memory is None else int(memory.total),
            celsius=self._told("nvmlDeviceGetTemperature", handle, TEMPERATURE_OF_CHIP),
        )

    def _told(self, function: str, *given: Any) -> Any:
        """Return what NVML tells, None where this card does not support the question."""
        try:
            return getattr(self._nvml, function)(*given)
        except self._nvml.NVMLError:
            return None


def _pynvml() -> Any:
    import pynvml

    return pynvml


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def _times(proc: Path) -> tuple[int, int] | None:
    """Return the time that all cores have worked, and all of it, in ticks, as Linux tells it; None elsewhere."""
    try:
        name, *texts = (proc / "stat").read_text(encoding="ascii").splitlines()[0].split()
        user, nice, system, idle, waiting, *rest = map(int, texts[:8])
    except (OSError, ValueError, IndexError):
        return None
    worked = user + nice + system + sum(rest)
    return (worked, worked + idle + waiting) if name == "cpu" else None


def _memory(proc: Path) -> Mapping[str, int]:
    """Return the bytes of the kinds of memory that Linux tells of; none elsewhere."""
    try:
        lines = (proc / "meminfo").read_text(encoding="ascii").splitlines()
        return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith(" kB")}
    except (OSError, ValueError, IndexError):
        return {}


def share_of(used: int | None, memory: int | None) -> float | None:
    """Return the share of a memory that is used; None where one of both is not known."""
    return None if used is None or not memory else used / memory


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}".replace("%", " %")


def _of(used: int | None, memory: int | None) -> str:
    return "" if used is None or memory is None else f"{used / 1e9:.1f} of {memory / 1e9:.1f} GB"
