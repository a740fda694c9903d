"""A custom network, loaded, checked and trained; an unusable one is refused in a sentence."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.errors import DataError, LosstermError
from lossterm.figures.kept_model import outputs
from lossterm.store import Model
from lossterm.tasks import task_named
from tests.cells import each
from tests.long_run import cases

from .conftest import train, trial_of
from .reference import fit

pytestmark = pytest.mark.tensorflow

HEAD = "import keras\nfrom keras import layers\n\n\ndef build(features, outputs):\n"
"""Five lines, so that what follows begins at line 6."""

PLAIN = """    return keras.Sequential([
        layers.Input((features,)),
        layers.Dense(12, activation="relu", kernel_initializer="he_uniform"),
        layers.Dense(outputs),
    ])
"""
CHAIN = """    x = given = keras.Input((features,))
    x = layers.Dense(8, bias_initializer="ones")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("elu")(x)
    x = layers.Dropout(0.2)(x)
    x = layers.Dense(4, activation="elu", kernel_regularizer="l2", use_bias=False)(x)
    return keras.Model(given, layers.Dense(outputs)(x))
"""
RESIDUAL = """    given = keras.Input((features,))
    x = layers.Dense(6, activation="tanh", activity_regularizer="l2")(given)
    x = layers.LayerNormalization()(x + layers.Dense(6)(x))
    return keras.Model(given, layers.Dense(outputs)(x))
"""
UNBUILT = """    return keras.Sequential([layers.Dense(5, activation="relu"), layers.Dense(outputs)])
"""
SUBCLASS = """    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.one = layers.Dense(7, activation="silu")
            self.two = layers.Dense(outputs)

        def call(self, x):
            return self.two(self.one(x))

    return Own()
"""
NETWORKS = {"plain": PLAIN, "chain": CHAIN, "residual": RESIDUAL, "unbuilt": UNBUILT, "subclass": SUBCLASS}
KEPT = ("plain", "chain", "unbuilt")
"""Those that are stacks of dense layers."""

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file with the body of a function, and return what `--model` takes."""

    def written(body: str) -> str:
        path = tmp_path / "net.py"
        path.write_text(HEAD + body)
        return f"{path}:build"

    return written


def built_by(model: str) -> Callable[..., Any]:
    """Return the function of a file, loaded without the engine."""
    names: dict[str, Any] = {}
    exec(compile(Path(model.rpartition(":")[0]).read_text(), "net", "exec"), names)
    built: Callable[..., Any] = names["build"]
    return built


TRAINED = {
    f"{name}-{task}": (name, task, loss)
    for name, task, loss in (
        ("plain", "regression", "mse"),
        ("plain", "breast_cancer", "binary_crossentropy"),
        ("plain", "wine", "categorical_crossentropy"),
        ("chain", "breast_cancer", "binary_crossentropy"),
        ("residual", "wine", "categorical_crossentropy"),
        ("unbuilt", "regression", "mse"),
        ("subclass", "breast_cancer", "binary_crossentropy"),
    )
}


@pytest.mark.parametrize(
    ("name", "task", "loss"),
    cases(TRAINED, {"chain-breast_cancer"}),
)
def test_a_custom_network_trains_as_with_fit(
    runtime: ModuleType, training: ModuleType, network: SimpleNamespace, write: Write, name: str, task: str, loss: str
) -> None:
    model = write(NETWORKS[name])
    # On breast_cancer all batches are of one size: a smaller last one is a second step to compile.
    size = 31 if task == "breast_cancer" else 32
    settings: dict[str, Any] = {"protocol": "fair", "model": model, "epochs": 4, "batch_size": size}
    trial = trial_of(task, loss, seed=0, schedule="linear", **settings)
    program = training.Program(trial)
    ours = train(program, trial)
    assert ours.result.status == "done"
    assert str(ours.result.note).endswith(" is trained one at a time, since only plain networks share a program.")
    theirs = fit(runtime, network, program, trial, build=built_by(model), curves=True)
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-5)

    train(program, trial_of(task, loss, seed=1, schedule="linear", **settings))
    assert train(program, trial).bits == train(training.Program(trial), trial).bits == ours.bits

    kept = ours.result.model
    assert (kept is not None) == (name in KEPT)
    if kept:
        assert isinstance(kept, Model)
        test = protocol_named("fair").prepare(task_named(task), 0).splits["test"]
        expected = program.network.predict(test.features, verbose=0)
        computed = outputs(kept, -1, test.features).reshape(expected.shape)
        np.testing.assert_allclose(computed, expected, rtol=1e-5, atol=1e-5)


def test_seeds_differ_and_a_build_elsewhere_changes_nothing(training: ModuleType, write: Write) -> None:
    model = write(PLAIN)
    trials = [trial_of("circles", "hinge", protocol="fair", model=model, seed=seed, epochs=1) for seed in (0, 1)]
    program = training.Program(trials[0])
    first, other = (train(program, trial) for trial in trials)
    assert first.bits != other.bits
    plain = trial_of("circles", "hinge", protocol="fair")
    training.Program(plain)
    assert train(program, trials[0]).bits == first.bits


def test_where_a_protocol_wants_another_head_it_follows_the_network(training: ModuleType, write: Write) -> None:
    trial = trial_of("circles", "squared_hinge", protocol="tutorial", model=write(PLAIN), epochs=2)
    result = train(training.Program(trial), trial).result
    assert isinstance(result.model, Model)
    assert (result.model.head, result.model.layers) == ("tanh", (2, 12, 1))


UNCOMPILED = """    import tensorflow as tf

    class Slow(layers.Layer):
        def call(self, x):
            return tf.ensure_shape(tf.py_function(lambda y: y + 0.0, [x], tf.float32), (None, 5))

    given = keras.Input((features,))
    x = layers.Dense(5)(given)
    return keras.Model(given, layers.Dense(outputs)(x + tf.stop_gradient(1.0) * Slow()(x)))
"""


def test_a_network_that_does_not_compile_trains_the_slower_way_and_says_so(training: ModuleType, write: Write) -> None:
    trial = trial_of("circles", "hinge", protocol="fair", model=write(UNCOMPILED), epochs=2)
    result = train(training.Program(trial), trial).result
    assert result.status == "done"
    assert result.note is not None
    assert "build in " in result.note
    assert "does not compile" in result.note
    assert result.note.endswith("it trains as a TensorFlow graph, which is slower.")


WRONG: dict[str, tuple[str, list[str]]] = {
    "raises": ("    raise ValueError('no luck')\n", ["net.py, line 6:", "ValueError: no luck."]),
    "raises below": ("    return layers.Dense(-3)\n", ["net.py, line 6:", "called, it raised ValueError"]),
    "no model": ("    return layers.Dense(outputs)\n", ["returns something of type Dense, not a Keras model."]),
    "nothing": ("    pass\n", ["returns something of type NoneType"]),
    "other features": (
        "    return keras.Sequential([layers.Input((features + 1,)), layers.Dense(outputs)])\n",
        ["takes (None, 3), where rows of 2 features are wanted."],
    ),
    "two inputs": (
        "    given = [keras.Input((features,)), keras.Input((features,))]\n"
        "    return keras.Model(given, layers.Dense(outputs)(layers.Add()(given)))\n",
        ["takes (None, 2) and (None, 2), where rows of 2 features are wanted."],
    ),
    "other outputs": (
        "    return keras.Sequential([layers.Input((features,)), layers.Dense(outputs + 2)])\n",
        ["returns (4, 3) for 4 rows, where (4, 1) is wanted"],
    ),
    "two outputs": (
        "    given = keras.Input((features,))\n"
        "    return keras.Model(given, [layers.Dense(outputs)(given), layers.Dense(1)(given)])\n",
        ["has an output of type list, where one tensor is wanted."],
    ),
    "sigmoid": (
        "    return keras.Sequential([layers.Input((features,)), layers.Dense(outputs, activation='sigmoid')])\n",
        ["ends in a sigmoid: leave it out"],
    ),
    "sigmoid of its own": (
        "    given = keras.Input((features,))\n"
        "    return keras.Model(given, keras.ops.sigmoid(layers.Dense(outputs)(given)))\n",
        ["ends in a sigmoid: leave it out"],
    ),
    "softmax": (
        "    return keras.Sequential([layers.Input((features,)), layers.Dense(outputs), layers.Softmax()])\n",
        ["ends in a softmax: leave it out"],
    ),
    "compiled": (
        "    network = keras.Sequential([layers.Input((features,)), layers.Dense(outputs)])\n"
        "    network.compile('sgd', 'mse')\n    return network\n",
        ["returns a compiled model: leave compile() out"],
    ),
    "nothing to train": (
        "    network = keras.Sequential([layers.Input((features,)), layers.Dense(outputs)])\n"
        "    network.trainable = False\n    return network\n",
        ["has no weights to train."],
    ),
    "half precision": (
        "    return keras.Sequential([layers.Input((features,)), layers.Dense(outputs, dtype='float16')])\n",
        ["has an output of float16, where float32 is wanted."],
    ),
    "fails on rows": (
        "    return keras.Sequential([layers.Dense(4), layers.Reshape((3,)), layers.Dense(outputs)])\n",
        ["tried on 4 rows of 2 features, it raised ValueError"],
    ),
}


@each("name", WRONG)
def test_what_is_wrong_with_a_network_is_told_in_a_sentence(training: ModuleType, write: Write, name: str) -> None:
    body, says = WRONG[name]
    trial = trial_of("circles", "hinge", protocol="fair", model=write(body))
    with pytest.raises(DataError) as raised:
        training.Program(trial)
    for words in says:
        assert words in str(raised.value)
    assert "net.py" in str(raised.value)


def test_a_name_that_is_no_function_is_refused(training: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text("build = 3\n")
    with pytest.raises(DataError, match="is of type int: a network is given as a function"):
        training.Program(trial_of("circles", "hinge", protocol="fair", model=f"{path}:build"))


def test_a_network_that_is_another_each_time_is_refused(training: ModuleType, write: Write) -> None:
    model = write("    import random\n    units = random.randint(1, 10**6)\n" + PLAIN.replace("12", "units % 50 + 1"))
    trials = [trial_of("circles", "hinge", protocol="fair", model=model, seed=seed) for seed in range(4)]
    program = training.Program(trials[0])

    def all_of_them() -> None:
        for trial in trials:
            train(program, trial)

    with pytest.raises(DataError, match="builds another network each time"):
        all_of_them()


def test_a_file_that_was_edited_meanwhile_is_not_trained(training: ModuleType, write: Write) -> None:
    trial = trial_of("circles", "hinge", protocol="fair", model=write(PLAIN))
    write(UNBUILT)
    with pytest.raises(LosstermError, match=r"net\.py was changed since build@[0-9a-f]{8} was asked for"):
        training.Program(trial)
