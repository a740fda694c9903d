"""The cards that a worker has lanes for: those that its device names. Each lane's process sees its own card alone.

The numbers count those that CUDA_VISIBLE_DEVICES lists where it is set, as a cluster's scheduler does: its entries are
opaque, since parts of a card have names of their own there. Elsewhere they count all cards of the machine, in the order
in which nvidia-smi lists them.
"""

import ctypes
import os
from collections.abc import Callable, Mapping

from lossterm.comparison.device import Device
from lossterm.text.numbers import counted

LISTED, ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"

BY_BUS = {ORDER: "PCI_BUS_ID"}
"""Has CUDA count as nvidia-smi does."""


def count() -> int:
    """Return how many cards CUDA sees, without TensorFlow; 0 where there is no driver."""
    try:
        driver, number = ctypes.CDLL("libcuda.so.1"), ctypes.c_int()
        if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(number)):
            return 0
    except (OSError, AttributeError):  # no driver, or what is none
        return 0
    return number.value


def names(
    device: Device, environment: Mapping[str, str] = os.environ, count: Callable[[], int] = count
) -> dict[int, str]:
    """Return what CUDA_VISIBLE_DEVICES calls each card of a device, by number.

    Raises RuntimeError for a number beyond the list that is visible.
    """
    listed = environment.get(LISTED)
    if listed is None:
        visible, who = [str(number) for number in range(count())], "CUDA sees"
    else:
        visible, who = [name.strip() for name in listed.split(",") if name.strip()], f"{LISTED} lists"
    if device.cards and device.cards[-1] >= len(visible):
        raise RuntimeError(
            f"There is no card {device.cards[-1]} here: {who} {counted(len(visible), 'card')}, and the first has "
            "number 0. `lossterm doctor` shows them."
        )
    return {card: visible[card] for card in device.cards or range(len(visible))}


def only(name: str) -> dict[str, str]:
    """Return what is set for a process that is to see one card."""
    return {LISTED: name, **BY_BUS}
