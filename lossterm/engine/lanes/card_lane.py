"""The lane of one card, in a process that sees no other: `python -m lossterm.engine.lanes.card_lane`.

Which card that is, the worker says by CUDA_VISIBLE_DEVICES: TensorFlow reads it when it is imported. Under `auto` the
worker also names all cards of the machine and how many cores there are, for what is measured to be shared out.
"""

import argparse

import msgspec

from lossterm.engine.contract import DeviceKind, Engine
from lossterm.engine.lanes import child


class Shared(msgspec.Struct, frozen=True):
    """What trains beside each other under `auto`."""

    cores: int
    """Lanes on the processor."""
    cards: tuple[str, ...]
    """Models of all cards that have lanes."""

    def option(self) -> tuple[str, str]:
        """Return it as an option of the lane's command."""
        return "--shared", msgspec.json.encode(self).decode()


def load(memory: int | None, shared: Shared | None) -> tuple[Engine, dict[str, str]]:
    """Import TensorFlow and return the engine of the only card that is seen."""
    from lossterm.engine.worker import program_cache

    program_cache.use()
    from lossterm.engine import runtime
    from lossterm.engine.training import trainer
    from lossterm.engine.training.placing import Placing

    runtime.configure("gpu", memory)
    places, placing = runtime.places(), None
    if shared:
        lanes: dict[DeviceKind, int] = {"CPU": shared.cores, "GPU": len(shared.cards)}
        placing = Placing(places, lanes, shared.cards, trainer.epoch_seconds)
    return trainer.Trainer(place=places[1], placing=placing), runtime.environment()


def main() -> None:
    """Be the lane of a card; what is not said here is said to every lane that is a process."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--shared", type=lambda text: msgspec.json.decode(text, type=Shared))
    given, others = parser.parse_known_args()
    child.main(lambda memory: load(memory, given.shared), others)


if __name__ == "__main__":
    main()
