"""TensorFlow and Keras, imported once with the settings that the engine needs."""

import logging
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lossterm.comparison.comparison import ENGINE
from lossterm.comparison.device import device_from
from lossterm.engine.contract import DeviceKind
from lossterm.text.numbers import counted


def cpu() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def configure(device: str, memory: int | None = None) -> None:
    """Set what must be set before the first operation: threads, device, memory, and what makes results repeatable.

    `memory` is how much of a card may be taken, in bytes; without it, memory is taken as needed.

    One thread within an operation is right because trials run side by side, one on each core, and each is far too small
    to split. Raises RuntimeError if more cards are asked for than TensorFlow sees; `cards.show` has hidden the others.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of tracing: each program here is another one
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(os.cpu_count() or 1)
    cards = tf.config.list_physical_devices("GPU")
    asked = device_from(device)
    if asked.kind == "gpu" and not cards:
        raise RuntimeError("TensorFlow sees no GPU here. Train on the CPU with --device cpu, or see `lossterm doctor`.")
    if len(asked.cards) > len(cards):
        raise RuntimeError(
            f"--device {device} names {counted(len(asked.cards), 'card')}, of which TensorFlow sees {len(cards)} here. "
            "`lossterm doctor` shows which there are."
        )
    if asked.kind == "cpu":
        tf.config.set_visible_devices([], "GPU")
        cards = []
    _make_exact(cards)
    for card in cards:
        if memory is None:
            tf.config.experimental.set_memory_growth(card, True)
        else:  # a fixed part of the card cannot also grow: it is taken at once
            part = tf.config.LogicalDeviceConfiguration(memory_limit=memory // 2**20)
            tf.config.set_logical_device_configuration(card, [part])


def _make_exact(cards: Sequence[Any]) -> None:
    """Have float32 mean float32, and the same operation give the same bits each time.

    Cards multiply with 10 bits of each number unless told not to. Only they need deterministic operations, which refuse
    to draw random numbers without a seed, as a custom loss may: so there is one.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)
    if cards:
        tf.config.experimental.enable_op_determinism()
        tf.random.set_seed(0)


def machine(count: int, cards: Sequence[str]) -> str:
    """Name what the speed of a program depends on besides its shape: so many cores, models of cards, the engine."""
    return ", ".join([f"{cpu()} × {count}", *cards, f"engine {ENGINE}"])


class Place(NamedTuple):
    """What operations run on."""

    kind: DeviceKind
    """What it is."""
    name: str
    """What TensorFlow calls it, as /GPU:0."""


CPU = Place("CPU", "/CPU:0")


def places() -> list[Place]:
    """Return where trainings can run, the processor first; none of the cards that are hidden."""
    cards = tf.config.list_logical_devices("GPU")
    return [CPU, *(Place("GPU", f"/GPU:{number}") for number in range(len(cards)))]


def card_names() -> list[str]:
    """Return the models of the cards that are visible, as the maker names them."""
    return _models(tf.config.get_visible_devices("GPU"))


def card_models() -> list[str]:
    """Return the models of all cards that TensorFlow could use, also of those that are hidden from it later."""
    return _models(tf.config.list_physical_devices("GPU"))


def _models(cards: Sequence[Any]) -> list[str]:
    details = map(tf.config.experimental.get_device_details, cards)
    return [str(one.get("device_name", "a card")) for one in details]


def usual_place() -> Place:
    """Return the first card that is visible, or else the processor."""
    return next((place for place in places() if place.kind == "GPU"), CPU)


def environment() -> dict[str, str]:
    """Return versions and the device that trainings run on."""
    import numpy as np

    return {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "device": "GPU" if tf.config.get_visible_devices("GPU") else "CPU",
        "cpu": cpu(),
    }


def _with_older_emitters(flags: str) -> str:
    """Return flags of XLA with its older emitters of fused loops for processors, unless they say which.

    For two circles, with TensorFlow 2.21, these compile a program in three quarters of the time, which then takes nine
    tenths of the time.
    """
    chosen = "--xla_cpu_use_fusion_emitters"
    return flags if chosen in flags else f"{flags} {chosen}=false".strip()


# The environment is read when TensorFlow is imported, so these stand before the import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["XLA_FLAGS"] = _with_older_emitters(os.environ.get("XLA_FLAGS", ""))

import keras  # noqa: E402  see above
import tensorflow as tf  # noqa: E402  see above

__all__ = [
    "CPU",
    "Place",
    "card_models",
    "card_names",
    "configure",
    "cpu",
    "environment",
    "keras",
    "machine",
    "places",
    "tf",
    "usual_place",
]
