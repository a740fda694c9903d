"""TensorFlow and Keras, imported once with the settings that the engine needs."""

import os
import platform
from pathlib import Path


def cpu() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def configure(device: str, memory: int | None = None) -> None:
    """Set what must be set before the first operation: one thread per operation, the device, and its memory.

    `memory` is how much of a card may be taken, in bytes; without it, memory is taken as needed.

    One thread within an operation is right because trials run side by side, one on each core, and each is far too small
    to split. Raises RuntimeError if a GPU is asked for and TensorFlow sees none.
    """
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(os.cpu_count() or 1)
    cards = tf.config.list_physical_devices("GPU")
    if device == "gpu" and not cards:
        raise RuntimeError("TensorFlow sees no GPU here. Train on the CPU with --device cpu, or see `lossterm doctor`.")
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    for card in cards if device != "cpu" else ():
        if memory is None:
            tf.config.experimental.set_memory_growth(card, True)
        else:  # a fixed part of the card cannot also grow: it is taken at once
            part = tf.config.LogicalDeviceConfiguration(memory_limit=memory // 2**20)
            tf.config.set_logical_device_configuration(card, [part])


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


# The environment is read when TensorFlow is imported, so these stand before the import.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras  # noqa: E402  see above
import tensorflow as tf  # noqa: E402  see above

__all__ = ["configure", "cpu", "environment", "keras", "tf"]
