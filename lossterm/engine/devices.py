"""What TensorFlow sees on this machine, as JSON: `python -m lossterm.engine.devices`, for `lossterm doctor`."""

import sys
import time

import msgspec

_began = time.perf_counter()

from lossterm.engine import runtime  # noqa: E402  the import is what is timed
from lossterm.worker_control.cores import cores  # noqa: E402


def main() -> None:
    """Print versions, devices and how long TensorFlow took to load."""
    seconds = time.perf_counter() - _began
    runtime.configure("auto")
    cards = [card.name for card in runtime.tf.config.list_physical_devices("GPU")]
    machine = runtime.machine(cores(), runtime.card_names())
    document = {**runtime.environment(), "gpus": cards, "machine": machine, "import_seconds": round(seconds, 1)}
    sys.stdout.buffer.write(msgspec.json.encode(document) + b"\n")


if __name__ == "__main__":
    main()
