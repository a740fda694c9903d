"""TensorFlow in this process: started once, by the first test that asks for it, never at collection."""

import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest

from lossterm.comparison import Comparison, Trial

ENGINE_SETS = ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND")
"""Environment variables that importing the engine sets; TensorFlow reads some of them only at its first operation."""


@pytest.fixture(scope="session")
def runtime() -> Iterator[ModuleType]:
    """The engine's TensorFlow, set up as a worker sets it up on the CPU."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ENGINE_SETS:
            environment.delenv(name, raising=False)  # and put back when the last test has run
        module = importlib.import_module("lossterm.engine.runtime")
        module.configure("cpu")
        yield module


@pytest.fixture(scope="session")
def training(runtime: ModuleType) -> ModuleType:
    """The module `lossterm.engine.training`."""
    return importlib.import_module("lossterm.engine.training")


@pytest.fixture(scope="session")
def network(runtime: ModuleType) -> ModuleType:
    """The module `lossterm.engine.network`."""
    return importlib.import_module("lossterm.engine.network")


def trial_of(
    task: str,
    loss: str,
    *,
    protocol: str = "tutorial",
    seed: int = 0,
    epochs: int = 5,
    learning_rate: float = 0.01,
    optimizer: str = "momentum",
    batch_size: int = 32,
    hidden: tuple[int, ...] | None = None,
    activation: str = "relu",
    initial_sd: float | None = None,
) -> Trial:
    """Return one trial, asked for as a person would."""
    asked = Comparison.ask(
        task,
        [loss],
        protocol=protocol,
        seeds=seed + 1,
        epochs=epochs,
        learning_rates=(learning_rate,),
        optimizer=optimizer,
        batch_size=batch_size,
        hidden=hidden,
        activation=activation,
        initial_sd=initial_sd,
        device="cpu",
    )
    return list(asked.trials())[seed]
