"""A process that stands in for a card's, with the fake engine: `python -m lossterm.engine.fakes.fake_lane`."""

from lossterm.engine.fakes.fake_engine import FakeTrainer, fake_environment
from lossterm.engine.lanes import child


def load(_: int | None) -> tuple[FakeTrainer, dict[str, str]]:
    """Return the fake engine."""
    return FakeTrainer("GPU"), fake_environment("GPU")


if __name__ == "__main__":
    child.main(load)
