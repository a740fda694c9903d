"""How initial weights are drawn, as it is told wherever a network is described."""

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import ACTIVATIONS, MOMENTUM, OPTIMIZERS
from lossterm.comparison.initial_weights import HIDDEN, KERAS_DEFAULT, chosen_by_activation
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS
from lossterm.export.setting_labels import hyperparameters


def test_every_activation_has_initial_weights_and_all_of_them_are_told() -> None:
    assert set(HIDDEN) == set(ACTIVATIONS)
    words = chosen_by_activation()
    assert all(activation in words for activation in ACTIVATIONS)
    assert words in HYPERPARAMETERS["activation"].more


@pytest.mark.parametrize(
    ("settings", "labels"),
    [
        ({}, {"hidden kernels": "He-uniform", "output kernel": "Glorot-uniform", "momentum": "0.9"}),
        ({"activation": "tanh", "optimizer": "adam"}, {"hidden kernels": "Glorot-uniform", "momentum": None}),
        ({"activation": "selu"}, {"hidden kernels": "LeCun-normal"}),
        ({"hidden": (), "optimizer": "sgd"}, {"hidden kernels": None, "momentum": None}),
        ({"initial_sd": 4.0}, {"output kernel": None, "initial sd": "4"}),
        ({"model": "keras:Sequential"}, {"hidden kernels": None, "output kernel": None, "momentum": "0.9"}),
    ],
)
def test_exports_tell_them_and_the_momentum_of_what_is_trained(
    settings: dict[str, object], labels: dict[str, str | None]
) -> None:
    told = dict(hyperparameters(Comparison.ask("circles", **settings).hyperparameters))  # type: ignore[arg-type]  # by name
    assert {label: told.get(label) for label in labels} == labels


def test_the_momentum_that_is_told_is_the_one_of_sgd() -> None:
    told = {key: HYPERPARAMETERS["optimizer"].phrase(key) for key in OPTIMIZERS}
    assert told == {**{key: key for key in OPTIMIZERS}, "momentum": f"momentum {MOMENTUM}"}
    assert KERAS_DEFAULT.key == "glorot_uniform"
