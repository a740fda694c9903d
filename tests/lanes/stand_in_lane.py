"""The lane of a card, for which the second half of the processor stands: `python stand_in_lane.py`, as `card_lane` is.

NARROWED in the environment has stacks of so many trials.
"""

import os
from typing import Any

from lossterm.engine.lanes import card_lane

NARROWED = "LOSSTERM_TEST_WIDTH"


def stand_in() -> None:
    """Have the engine of this process see half of the processor as its card."""
    from lossterm.engine import runtime
    from lossterm.engine.training import stack_width

    config, configure = runtime.tf.config, runtime.configure
    (processor,) = config.list_physical_devices("CPU")
    config.set_logical_device_configuration(processor, [config.LogicalDeviceConfiguration()] * 2)

    def configured(_: str, memory: int | None = None) -> None:
        configure("cpu", memory)

    changed: dict[str, Any] = {
        "configure": configured,
        "places": lambda: [runtime.CPU, runtime.Place("GPU", "/CPU:1")],
    }
    for name, value in changed.items():
        setattr(runtime, name, value)
    if width := os.environ.get(NARROWED):
        stack_width.CARD_WIDTH = int(width)


if __name__ == "__main__":
    stand_in()
    card_lane.main()
