"""What a comparison was trained with: all that is set and nothing that is idle."""

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS
from lossterm.errors import UsageError
from lossterm.export.setting_labels import hyperparameters, settings
from lossterm.tasks import task_named
from tests.builders.reports import built

STACK = Hyperparameters(hidden=(), optimizer="adam", batch_size=8, epochs=5)
OWN = msgspec.structs.replace(STACK, model="nets.py:build@0123456789ab")
OF_LAYERS = {setting.name for setting in HYPERPARAMETERS.values() if setting.part == "layers"}
SHAPED = {
    "hidden": (8, 4),
    "activation": "tanh",
    "initial_sd": 0.1,
    "dropout": 0.2,
    "batch_norm": True,
    "l2": 0.01,
    "network": "cnn",
    "filters": (4,),
    "kernel": 5,
    "pooling": "average",
    "units": (4,),
    "cell": "lstm",
    "bidirectional": True,
}


def test_what_shapes_a_stack_of_layers_is_told_of_such_a_stack_alone() -> None:
    rest = [("optimizer", "adam"), ("batch size", "8"), ("epochs", "5"), ("schedule", "constant")]
    rest += [("scaling", "standard")]
    assert hyperparameters(STACK) == [
        *(("hidden", "none"), ("activation", "relu"), *rest, ("network", "mlp")),
        ("output kernel", "Glorot-uniform"),
    ]
    assert hyperparameters(OWN) == [*rest, ("model", OWN.model)]
    shaped = [msgspec.structs.replace(STACK, **{**SHAPED, "network": network}) for network in ("cnn", "rnn")]
    assert {label.replace(" ", "_") for one in shaped for label, _ in hyperparameters(one)} >= OF_LAYERS


@pytest.mark.parametrize("name", Hyperparameters.__struct_fields__)
def test_a_setting_is_left_out_where_a_custom_network_refuses_it(name: str) -> None:
    assert (name in OF_LAYERS) == (name in SHAPED)
    if name in SHAPED:
        with pytest.raises(UsageError, match=f"so {name.replace('_', ' ')} would change nothing"):
            msgspec.structs.replace(OWN, **{name: SHAPED[name]}).checked(task_named("circles"), protocol_named("fair"))


def test_the_line_of_the_protocol_says_nothing_that_the_comparison_did_otherwise() -> None:
    for rates in ((0.03,), (0.01, 0.03)):
        said = dict(settings(built(Comparison.ask("circles", seeds=2, learning_rates=rates))))
        assert said["protocol"] == "fair: fresh data for each seed, split 60/20/20, scaled on train"
        assert ("on validation" in said["learning rate"]) == (len(rates) > 1)
    anew = dict(settings(built(Comparison.ask("digits", seeds=2, learning_rates=(0.03,)))))
    assert anew["protocol"].startswith("fair: the same rows split anew for each seed, 60/20/20 ")
    kept = dict(settings(built(Comparison.ask("digits", protocol="published", seeds=2, learning_rates=(0.1,)))))
    assert kept["protocol"] == f"published: {protocol_named('published').title}"
