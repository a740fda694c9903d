"""What `--device auto` chose on this machine, and why: one line of JSON for each kind of program that was measured."""

import math
from collections.abc import Iterator

import msgspec

from lossterm.home import json_lines
from lossterm.home.paths import device_choices
from lossterm.text.numbers import brief_duration, counted, ratio


class Speed(msgspec.Struct, frozen=True):
    """How fast a program is on one kind of device."""

    epoch_seconds: float | None
    """What an epoch of a training takes on one of them, as part of a whole stack; None where their memory does not
    suffice."""
    lanes: int
    """How many of them train side by side: cores, or cards."""

    @property
    def share(self) -> float:
        """Seconds an epoch when all of them are busy; infinite where none can be trained."""
        return math.inf if self.epoch_seconds is None else self.epoch_seconds / self.lanes

    @property
    def in_words(self) -> str:
        """Say how long an epoch takes on one of them, as `2.5 ms an epoch`."""
        return "out of memory" if self.epoch_seconds is None else f"{brief_duration(self.epoch_seconds)} an epoch"


class DeviceChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen for programs of one shape on one machine."""

    machine: str
    """Processor, cores, cards and the number of the engine, on which the choice depends."""
    shape: str
    """Network, batches and rows, in words."""
    speeds: dict[str, Speed]
    """By kind of device, CPU or GPU."""

    @property
    def kind(self) -> str:
        """The faster kind of device, with all of them busy."""
        return self._ordered[0]

    @property
    def _ordered(self) -> list[str]:
        return sorted(self.speeds, key=lambda kind: self.speeds[kind].share)

    @property
    def short(self) -> str:
        """Say what was chosen and why, as `CPU (13 × as fast as the GPU)`."""
        first, *_, last = self._ordered
        if self.speeds[last].epoch_seconds is None:
            return f"{first} (the {last} runs out of memory)"
        times = self.speeds[last].share / max(self.speeds[first].share, 1e-9)
        return f"{first} ({ratio(times)} × as fast as the {last})"

    @property
    def reason(self) -> str:
        """Say the same of what shape, and what was measured."""
        measured = [
            f"{one.in_words} on each of {counted(one.lanes, _WORDS[kind])}"
            for kind, one in ((kind, self.speeds[kind]) for kind in self._ordered)
        ]
        return f"{self.shape}: {self.short}: {', '.join(measured)}"


_WORDS = {"CPU": "core", "GPU": "card"}


def kept() -> dict[tuple[str, str], DeviceChoice]:
    """Return what was chosen so far, by machine and shape; of two, the first, which earlier trainings followed."""
    choices: dict[tuple[str, str], DeviceChoice] = {}
    for choice in _lines():
        choices.setdefault((choice.machine, choice.shape), choice)
    return choices


def keep(choice: DeviceChoice) -> None:
    """Add a choice. Raises OSError or DataError where it cannot be kept."""
    json_lines.append(device_choices(), choice, "move it away, and networks are measured anew.")


def _lines() -> Iterator[DeviceChoice]:
    for choice in json_lines.records(device_choices(), DeviceChoice):
        if choice.speeds.keys() == _WORDS.keys() and all(one.lanes > 0 for one in choice.speeds.values()):
            yield choice
