"""A custom loss, loaded, checked and trained; an unusable one is refused in a sentence."""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import pytest

from lossterm.comparison.comparison import Trial
from lossterm.comparison.user_code_consent import trust
from lossterm.errors import DataError
from lossterm.losses import loss_named, source_from
from tests.cells import each
from tests.long_run import cases

from .conftest import Programs, Trained, assert_same_slopes, mean_loss, raw_outputs, train, trial_of

pytestmark = pytest.mark.tensorflow

HEAD = "import keras\nimport numpy as np\nimport tensorflow as tf\nfrom keras import ops\n\n"
"""Five lines, so that what follows begins at line 6."""

SQUARED = "def loss(y_true, y_pred):\n    return ops.mean(ops.square(y_true - y_pred), axis=-1)\n"
FOCAL = """
@keras.saving.register_keras_serializable()
class Focal(keras.losses.Loss):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def call(self, y_true, y_pred):
        p = ops.clip(ops.where(y_true > 0.5, y_pred, 1 - y_pred), 1e-7, 1)
        return ops.mean(-((1 - p) ** self.gamma) * ops.log(p), axis=-1)

two, three = Focal(), Focal(gamma=3)
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of custom code and return it."""

    def written(content: str) -> Path:
        path = tmp_path / "mine.py"
        path.write_text(HEAD + content)
        return path

    return written


@pytest.fixture(scope="module")
def trained(training: ModuleType, programs: Programs) -> Callable[..., Trained]:
    """Train a trial: of the catalogue's losses in the program that other tests use, of a person's in a new one."""

    def once(trial: Trial) -> Trained:
        return train(training.Program(trial) if trial.source else programs(trial), trial)

    return once


@pytest.fixture
def load(training: ModuleType) -> Callable[[Trial], Any]:
    """The function that a worker loads a trial's loss by."""
    load_loss: Callable[[Trial], Any] = training.load
    return load_loss


def close(one: Trained, other: Trained, atol: float = 1e-6) -> None:
    """Hold two trainings to the same weights and curves."""
    for mine, theirs in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=atol)
    np.testing.assert_allclose(one.curve, other.curve, rtol=1e-4, atol=1e-5)


# The same function under another name trains the same network

SAME = {
    "function": (SQUARED, "loss", "regression", "mse"),
    "function of a column": (
        "def loss(y_true, y_pred):\n    assert y_true.shape[1:] == (1,)\n    return (y_true - y_pred) ** 2\n",
        *("loss", "regression", "mse"),
    ),
    "parameter": (
        "def loss(y, f, power=1):\n    return ops.mean(ops.abs(y - f) ** power, axis=-1)\n",
        *("loss:power=2", "regression", "mse"),
    ),
    "instance": ("loss = keras.losses.MeanSquaredError()\n", "loss", "regression", "mse"),
    "probabilities": (
        "def loss(y, p):\n    return -ops.mean(y * ops.log(p) + (1 - y) * ops.log(1 - p), axis=-1)\n",
        *("loss", "circles", "binary_crossentropy"),
    ),
    "head=logit": (
        "def loss(y, z):\n    return ops.mean(ops.softplus(z) - y * z, axis=-1)\n",
        *("loss:head=logit", "circles", "binary_crossentropy"),
    ),
    "head=margin": (
        "def loss(y, f):\n    return ops.mean(ops.relu(1 - y * f) ** 2, axis=-1)\n",
        *("loss:head=margin", "circles", "squared_hinge"),
    ),
    "class": (FOCAL, "Focal:gamma=3", "circles", "binary_focal:gamma=3"),
    "instance of a class": (FOCAL, "three", "circles", "binary_focal:gamma=3"),
    "class by its defaults": (FOCAL, "Focal", "circles", "binary_focal"),
    "one-hot": (
        "def loss(y, p):\n    return -ops.sum(y * ops.log(p), axis=-1)\n",
        *("loss", "blobs", "categorical_crossentropy"),
    ),
    "labels=index": (
        "def loss(y, p):\n    return -ops.log(ops.take_along_axis(p, y[:, None], axis=-1))[:, 0]\n",
        *("loss:labels=index", "blobs", "categorical_crossentropy"),
    ),
    "logits of classes": (
        "def loss(y, z):\n    return -ops.sum(y * ops.log_softmax(z, axis=-1), axis=-1)\n",
        *("loss:head=logit", "blobs", "categorical_crossentropy"),
    ),
    "record": ("from lossterm.losses import LOSSES\nloss = LOSSES['huber']\n", "loss", "regression", "huber"),
    "record with a parameter": (
        "from lossterm.losses import LOSSES\nloss = LOSSES['huber']\n",
        *("loss:delta=0.5", "regression", "huber:delta=0.5"),
    ),
    "record with counts": (
        "from lossterm.losses import LOSSES\nloss = LOSSES['class_balanced']\n",
        *("loss:beta=0.9", "blobs", "class_balanced:beta=0.9"),
    ),
    "record of two units": (
        "from lossterm.losses import LOSSES\nloss = LOSSES['gaussian_nll']\n",
        *("loss", "regression", "gaussian_nll"),
    ),
}


@each(("content", "name", "task", "same"), SAME.values(), ids=SAME)
def test_a_custom_loss_and_its_gradient_are_those_of_the_catalogues(
    runtime: ModuleType, load: Callable[[Trial], Any], write: Write, content: str, name: str, task: str, same: str
) -> None:
    _hold(runtime, load, trial_of(task, None, own=f"{write(content)}:{name}", protocol="fair"), same)


def _hold(runtime: ModuleType, load: Callable[[Trial], Any], trial: Trial, same: str) -> None:
    """Hold what a person's file gives to a loss of the catalogue, where neither has an activation behind it."""
    mine, theirs = load(trial).loss.under("fair"), loss_named(same).under("fair")
    raw = raw_outputs(theirs, trial.task)
    (mean, slopes), (expected, expected_slopes) = (mean_loss(runtime, one, trial, raw) for one in (mine, theirs))
    assert mean == pytest.approx(expected, rel=1e-5)
    assert_same_slopes(slopes, expected_slopes)


@pytest.mark.parametrize(
    ("content", "name", "task", "same"),
    cases(SAME, {"function", "labels=index", "record of two units"}),
)
def test_a_custom_loss_trains_what_the_catalogues_does(
    trained: Callable[..., Trained], write: Write, content: str, name: str, task: str, same: str
) -> None:
    rate = 0.001 if task == "blobs" else 0.01  # unscaled features magnify rounding, as test_parity says
    mine = trained(trial_of(task, None, own=f"{write(content)}:{name}", learning_rate=rate))
    theirs = trained(
        trial_of(task, same, learning_rate=rate, protocol="tutorial" if same != "squared_hinge" else "fair")
    )
    if same == "squared_hinge":  # the tutorial's has a tanh; a custom loss has a linear output
        mine = trained(trial_of(task, None, own=f"{write(content)}:{name}", protocol="fair"))
    assert mine.result.status == "done"
    assert mine.result.note is None
    assert mine.result.scores is not None
    close(mine, theirs, atol=1e-5)


PUBLISHED = {
    "keras.losses:LogCosh": ("regression", "log_cosh"),
    "keras.losses:Huber:delta=0.5": ("regression", "huber:delta=0.5"),
    "keras.losses:mean_absolute_error": ("regression", "mae"),
    "keras.losses:BinaryFocalCrossentropy": ("circles", "binary_focal"),
    "keras.losses:BinaryCrossentropy:from_logits=True": ("circles", "binary_crossentropy"),
    "keras.losses:BinaryCrossentropy:label_smoothing=0.1": ("circles", "smoothed_binary_crossentropy"),
    "keras.losses:SparseCategoricalCrossentropy": ("blobs", "categorical_crossentropy"),
    "keras.losses:SparseCategoricalCrossentropy:from_logits=True": ("blobs", "categorical_crossentropy"),
    "keras.losses:CategoricalFocalCrossentropy:alpha=1,gamma=3": ("blobs", "focal:gamma=3"),
}


@each(("place", "task", "same"), [(place, *rest) for place, rest in PUBLISHED.items()], ids=PUBLISHED)
def test_kerass_own_classes_are_found_by_module_and_are_the_catalogues_losses(
    runtime: ModuleType, load: Callable[[Trial], Any], place: str, task: str, same: str
) -> None:
    _hold(runtime, load, trial_of(task, None, own=place, protocol="fair"), same)


@pytest.mark.parametrize(
    ("place", "task", "same"),
    cases(
        {place: (place, *rest) for place, rest in PUBLISHED.items()},
        {"keras.losses:BinaryCrossentropy:from_logits=True"},
    ),
)
def test_kerass_own_classes_are_found_by_module_and_train_what_ours_do(
    trained: Callable[..., Trained], place: str, task: str, same: str
) -> None:
    rate = 0.001 if task == "blobs" else 0.01
    mine = trained(trial_of(task, None, own=place, learning_rate=rate))
    assert mine.result.note is None
    close(mine, trained(trial_of(task, same, learning_rate=rate)), atol=1e-5)


def test_a_file_may_import_what_lies_beside_it_and_leaves_no_trace_on_the_path(
    load: Callable[[Trial], Any], write: Write, tmp_path: Path
) -> None:
    (tmp_path / "beside_it.py").write_text("FACTOR = 2.0\n")
    path = write("from beside_it import FACTOR\ndef loss(y, f):\n    return ops.mean(FACTOR * (y - f) ** 2, axis=-1)\n")
    before = list(sys.path)
    assert load(trial_of("regression", None, own=f"{path}:loss")).way == "compiled"
    assert sys.path == before


def test_scores_of_a_custom_loss_are_those_of_its_head(trained: Callable[..., Trained], write: Write) -> None:
    path = write(
        "def logit(y, z):\n    return ops.mean(ops.softplus(z) - y * z, axis=-1)\n"
        "def margin(y, f):\n    return ops.mean(ops.relu(1 - y * f), axis=-1)\n"
    )
    for name, probabilistic in (("logit:head=logit", True), ("margin:head=margin", False)):
        result = trained(trial_of("circles", None, own=f"{path}:{name}", epochs=2)).result
        assert result.scores is not None
        assert result.anatomy is not None
        assert (result.scores["log_loss"] is not None) is probabilistic
        assert result.scores["accuracy"] is not None
        assert result.anatomy.of == "margin"


@pytest.mark.parametrize("kind", cases({kind: kind for kind in ("float64", "float16", "bfloat16")}, ("float16",)))
def test_a_loss_in_another_precision_trains(trained: Callable[..., Trained], write: Write, kind: str) -> None:
    path = write(f"def loss(y, f):\n    return ops.mean(ops.cast(y - f, {kind!r}) ** 2, axis=-1)\n")
    result = trained(trial_of("regression", None, own=f"{path}:loss", epochs=2)).result
    assert result.status == "done"


# What cannot be used, told in a sentence that names the place

IMPORTED = "def loss(y, f):\n    return ops.mean((y - f) ** 2, axis=-1)\n"
RECORD = (
    "from lossterm.losses import LOSSES\nloss = LOSSES['huber']\nhinge = LOSSES['hinge']\npoisson = LOSSES['poisson']\n"
)
WRONG: dict[str, tuple[str, str, list[str]]] = {
    "raises on import": (f"raise OSError('no disk')\n{IMPORTED}", "loss", [", line 6", "OSError: no disk."]),
    "leaves on import": (f"import sys\nsys.exit('bye')\n{IMPORTED}", "loss", [", line 7", "SystemExit: bye."]),
    "imports what is not there": (f"import nowhere_at_all\n{IMPORTED}", "loss", [", line 6", "nowhere_at_all"]),
    "imports what is not Python": (f"import crooked\n{IMPORTED}", "loss", ["crooked.py, line 2", "SyntaxError"]),
    "is not there at run time": ("if not tf:\n    loss = 1\n", "loss", ["mine.py has no loss."]),
    "is not callable": ("loss = 3\n", "loss", [" int", "a loss is a function (y_true, y_pred)"]),
    "returns a scalar": (
        "def loss(y, f):\n    return ops.mean((y - f) ** 2)\n",
        *("loss", ["mine.py", "returns one number (", "for 12 rows: return the loss of each row"]),
    ),
    "returns a matrix": (
        "def loss(y, f):\n    return y - ops.transpose(f)\n",
        *("loss", ["mine.py", "returns a shape of (12, 12) for 12 rows, where (12,) is wanted"]),
    ),
    "returns nothing": ("def loss(y, f):\n    y - f\n", "loss", ["mine.py", "returns something of type NoneType"]),
    "returns a number": ("def loss(y, f):\n    return 1.5\n", "loss", ["mine.py", "returns something of type float"]),
    "returns integers": (
        "def loss(y, f):\n    return ops.cast(y - f, 'int32')[:, 0]\n",
        *("loss", ["mine.py", "returns int32, which has no gradient"]),
    ),
    "returns NumPy": (
        "def loss(y, f):\n    return np.square(np.asarray(y) - np.asarray(f))[:, 0]\n",
        *("loss", ["mine.py", "returns something of type ndarray: compute with keras.ops or tf"]),
    ),
    "is NaN": (
        "def loss(y, f):\n    return ops.log(f)[:, 0]\n",
        "loss",
        ["mine.py", " is nan at y_true ", ", output -"],
    ),
    "is infinite": ("def loss(y, f):\n    return ((y - f) / 0)[:, 0]\n", "loss", ["mine.py", "inf at y_true "]),
    "has no gradient": (
        "def loss(y, f):\n    return ops.mean(y**2, axis=-1)\n",
        *("loss", ["mine.py", "has no gradient: y_pred must pass through keras.ops or tf alone"]),
    ),
    "rounds": ("def loss(y, f):\n    return ops.abs(y - ops.round(f))[:, 0]\n", "loss", ["mine.py", "no gradient"]),
    "has a gradient of 0": (
        "def loss(y, f):\n    return (y + 0 * f)[:, 0]\n",
        *("loss", ["mine.py", "is 0 on all of 12 rows: nothing can be trained by it."]),
    ),
    "has a gradient of NaN": (
        "def loss(y, f):\n    return ops.sqrt(0 * ops.maximum(f, 0))[:, 0]\n",
        *("loss", ["The gradient of loss", "mine.py", "is nan at y_true "]),
    ),
    "means over the batch": (
        "def loss(y, f):\n    e = (y - f) ** 2\n    return (0.5 * e + 0.5 * ops.mean(e))[:, 0]\n",
        *("loss", ["mine.py", "in a batch of 12 and ", "in one of 4", "it is not a loss of single rows"]),
    ),
    "divides by its length": (
        "def loss(y, f):\n    return ops.sum((y - f) ** 2, axis=-1) / len(y)\n",
        *("loss", ["mine.py", "in a batch of 12 and ", "in one of 4"]),
    ),
    "wants its own batch": (
        "def loss(y, f):\n    return ops.reshape((y - f) ** 2, (12,))\n",
        *("loss", [", line 7", "called, it raised"]),
    ),
    "raises when called": (
        "def loss(y, f):\n    z = y - f\n    raise ValueError('what now')\n",
        *("loss", [", line 8", "raised ValueError: what now."]),
    ),
    "raises further down": (
        "def helper(z):\n    return z.nothing\ndef loss(y, f):\n    return helper(f)\n",
        *("loss", [", line 7", "AttributeError"]),
    ),
    "takes a third thing": (
        "def loss(y, f, w):\n    return y - f\n",
        *(
            "loss",
            ["mine.py, line 6", "a third argument, w, and a loss gets y_true and y_pred alone", "mine.py:loss:w=1."],
        ),
    ),
    "makes a loss": (
        f"def make(w=2.0):\n    {SQUARED.replace(chr(10) + '    ', chr(10) + '        ')}    return loss\n",
        *(
            "make",
            ["mine.py, line 6", "takes (w) and not (y_true, y_pred)", "`my_loss = make(w=…)`", "mine.py:my_loss."],
        ),
    ),
    "makes a loss of two things": (
        "def make(gamma, alpha):\n    return lambda y, f: gamma * (y - f) ** 2 + alpha\n",
        *("make", ["mine.py, line 6", "returns a function, not losses of rows", "`my_loss = make("]),
    ),
    "is for Keras 2": (
        "from keras import backend as K\ndef loss(y, f):\n    return K.mean(K.square(y - f), axis=-1)\n",
        *(
            "loss",
            ["mine.py, line 8", "has no attribute 'mean'", "Keras 3 has no mean there any more: write keras.ops.mean."],
        ),
    ),
    "is Keras's for ratios": (
        "from keras.losses import MeanAbsolutePercentageError\nmine = MeanAbsolutePercentageError()\n",
        *("mine", ["means something else on a standardised target", "mine.py:mine:target=mean", "target=raw"]),
    ),
    "record on another scale": (RECORD, "loss:target=raw", ["mine.py is a record, which says its scale itself"]),
    "root of a standardised target": (
        "def loss(y, f):\n    return ops.mean((ops.sqrt(y) - f) ** 2, axis=-1)\n",
        *("loss", [" is nan at y_true -", "gets the target standardised", "loss:target=raw", "loss:target=mean"]),
    ),
    "root of the output": (
        "def loss(y, f):\n    return ops.mean((y - ops.log(f)) ** 2, axis=-1)\n",
        *("loss", [" is nan at y_true ", "y_pred is the network's output, of any sign", "ops.maximum(y_pred, 0)"]),
    ),
    "calls itself": ("def loss(y, f):\n    return loss(y, f)\n", "loss", [", line 7", "RecursionError"]),
    "unknown parameter of a function": (SQUARED, "loss:gama=3", ["mine.py", "keyword argument 'gama'"]),
    "unknown parameter of a class": (
        FOCAL,
        "Focal:gama=3",
        ["mine.py", "constructed, it raised", "keyword argument 'gama'"],
    ),
    "class that raises": (
        "class Own(keras.losses.Loss):\n    def __init__(self):\n        raise ValueError('not today')\n",
        *("Own", [", line 8", "constructed, it raised ValueError: not today."]),
    ),
    "class without a call": ("class Own(keras.losses.Loss):\n    pass\n", "Own", ["mine.py", "NotImplementedError"]),
    "record of another kind": (RECORD, "hinge", ["mine.py is a loss for binary tasks, but this task is regression."]),
    "record of another range": (RECORD, "poisson", ["mine.py needs targets y ≥ 0, and this task's"]),
    "record with an unknown parameter": (RECORD, "loss:delta_=1", ["parameter of huber 'delta_'. Did you mean delta?"]),
    "record with a parameter out of range": (RECORD, "loss:delta=-1", ["delta of huber is -1, but must be "]),
}


@each(("content", "name", "says"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_used_is_told_in_a_sentence(
    load: Callable[[Trial], Any], write: Write, tmp_path: Path, content: str, name: str, says: list[str]
) -> None:
    (tmp_path / "crooked.py").write_text("x = 1\ny = = 2\n")
    trial = trial_of("regression", None, own=f"{write(content)}:{name}")
    with pytest.raises(DataError) as raised:
        load(trial)
    for part in says:
        assert part in str(raised.value)
    assert str(raised.value).endswith((".", "?"))
    assert "\n" not in str(raised.value)


def test_a_custom_loss_gets_the_target_on_the_scale_that_is_asked_for(
    trained: Callable[..., Trained], load: Callable[[Trial], Any], write: Write
) -> None:
    ratio = "def loss(y, f):\n    return ops.mean(ops.abs((y - f) / y), axis=-1)\n"
    name = f"{write(ratio)}:loss"
    trial = trial_of("prices", None, own=f"{name}:target=mean", protocol="fair", epochs=3)
    mine, theirs = trained(trial), trained(trial_of("prices", "mape", protocol="fair", epochs=3))
    close(mine, theirs)
    assert "gets the target divided by its mean" in (mine.result.note or "")
    for scale, words in (("raw", "in its own units"), ("standard", "standardised: less its mean")):
        loaded = load(trial_of("prices", None, own=f"{name}:target={scale}", protocol="fair"))
        assert (loaded.loss.scale, words in loaded.note) == (scale, True)
    assert load(trial_of("prices", None, own=name, protocol="fair")).loss.scale == "standard"


def test_keras_losses_of_ratios_train_on_the_target_over_its_mean(trained: Callable[..., Trained]) -> None:
    trial = trial_of("prices", None, own="keras.losses:MeanAbsolutePercentageError", protocol="fair", epochs=3)
    assert trial.loss.startswith("MeanAbsolutePercentageError:target=mean@")
    assert "gets the target divided by its mean" in (trained(trial).result.note or "")


def test_cosine_similarity_of_one_unit_is_told_to_have_no_gradient(load: Callable[[Trial], Any]) -> None:
    with pytest.raises(DataError, match=r"keras\.losses.* is 0 on all of 12 rows: nothing can be trained by it"):
        load(trial_of("regression", None, own="keras.losses:CosineSimilarity"))


def test_keras_generalised_cross_entropy_wants_indices_and_can_be_given_them(load: Callable[[Trial], Any]) -> None:
    with pytest.raises(DataError, match="called, it raised"):  # it wants the index, and is given one-hot rows
        load(trial_of("blobs", None, own="keras.losses:CategoricalGeneralizedCrossEntropy"))
    place = "keras.losses:CategoricalGeneralizedCrossEntropy:q=0.7,labels=index"
    assert load(trial_of("blobs", None, own=place)).way == "compiled"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nowhere_at_all:loss", "There is no module nowhere_at_all"),
        ("keras.losses:Hubert", "Hubert"),
        ("keras.losses:Huber:beta=1", "unexpected keyword argument 'beta'"),
        ("keras:losses", "module"),
    ],
)
def test_a_module_that_gives_no_loss_is_told(load: Callable[[Trial], Any], place: str, says: str) -> None:
    with pytest.raises(DataError) as raised:
        load(trial_of("regression", None, own=place))
    assert says in str(raised.value)
    assert place.partition(":")[0] in str(raised.value)


def test_a_margin_of_three_classes_is_refused(load: Callable[[Trial], Any], write: Write) -> None:
    with pytest.raises(DataError, match="head=margin has no meaning for blobs"):
        load(trial_of("blobs", None, own=f"{write(SQUARED)}:loss:head=margin"))


def test_a_file_edited_since_it_was_asked_for_is_not_trained(load: Callable[[Trial], Any], write: Write) -> None:
    trial = trial_of("regression", None, own=f"{write(SQUARED)}:loss")
    path = write(SQUARED.replace("square", "abs"))
    with pytest.raises(DataError, match=r"was changed since loss@.* was asked for\. Run again"):
        load(trial)
    path.unlink()
    with pytest.raises(DataError, match=r"mine.py cannot be read: No such file"):
        load(trial)


def test_a_file_edited_so_that_the_name_or_all_sense_is_gone_is_told_too(
    load: Callable[[Trial], Any], write: Write
) -> None:
    trial = trial_of("regression", None, own=f"{write(SQUARED)}:loss")
    for content in ("other = 1\n", "def loss(:\n"):
        path = write(content)
        with pytest.raises(DataError, match=str(path.name)):
            load(trial)


# What cannot be compiled

SLOW = {
    "graph": "def loss(y, f):\n    return tf.py_function(lambda e: e * e, [ops.mean(y - f, axis=-1)], tf.float32)\n",
    "eager": "def loss(y, f):\n    largest = float(ops.max(ops.abs(y)))\n"
    "    return (1.0 if largest >= 0 else 2.0) * ops.mean((y - f) ** 2, axis=-1)\n",
    "eager by numpy()": "def loss(y, f):\n    assert y.numpy().shape[1] == 1\n"
    "    return ops.mean((y - f) ** 2, axis=-1)\n",
}


@pytest.mark.parametrize(("way", "content"), SLOW.items(), ids=SLOW)
def test_what_cannot_be_compiled_trains_the_slower_way_to_the_same_and_says_so(
    training: ModuleType, programs: Programs, load: Callable[[Trial], Any], write: Write, way: str, content: str
) -> None:
    trial = trial_of("regression", None, own=f"{write(content)}:loss", epochs=2)
    loaded = load(trial)
    assert loaded.way == way.partition(" ")[0]
    mine = train(training.Program(trial), trial)
    assert mine.result.status == "done"
    assert mine.result.note is not None
    assert "does not compile (" in mine.result.note
    assert mine.result.note.endswith(
        ("as a TensorFlow graph, which is slower.", "step by step in Python, which is slower.")
    )
    same = trial_of("regression", "mse", epochs=2)
    close(mine, train(programs(same), same), atol=1e-5)


def test_two_files_of_one_name_are_two_losses(load: Callable[[Trial], Any], write: Write, tmp_path: Path) -> None:
    one = trial_of("regression", None, own=f"{write(SQUARED)}:loss")
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "mine.py"
    other.write_text(HEAD + SQUARED.replace("square", "abs"))
    two = trial_of("regression", None, own=f"{other}:loss")
    assert one.program != two.program
    values = []
    for trial in (one, two):
        loss = load(trial).loss
        assert loss.origin == source_from(trial.source).text
        values.append(float(loss(None, np.ones(1, np.float32), np.full(1, 3.0, np.float32))[0]))
    assert values == [4.0, 2.0]


BATCH = "def loss(y, f):\n    return 1 - 2 * ops.sum(y * f) / (ops.sum(y) + ops.sum(f))\n"


def test_a_loss_of_a_batch_is_one_number_where_it_says_so_and_trains(
    load: Callable[[Trial], Any], trained: Callable[..., Trained], write: Write
) -> None:
    path = write(BATCH)
    trial = trial_of("circles", None, own=f"{path}:loss:per=batch", epochs=3)
    loaded = load(trial)
    assert loaded.loss.per == "batch"
    assert loaded.way == "compiled"
    assert re.search(r"for 12 rows, and [\d.]+ as the mean of 3 batches of 4", loaded.note)
    result = trained(trial).result
    assert result.status == "done"
    assert "With another --batch-size it is another loss." in str(result.note)


@pytest.mark.parametrize(
    ("code", "setting", "says"),
    [
        (BATCH, "", "If it is meant for a batch as a whole, write per=batch after its name."),
        (SQUARED, ":per=batch", "where one number for all 12 rows of a batch is wanted, as per=batch says"),
        (RECORD, ":per=batch", "is a record, which says itself what it is per (per='row'): leave out per."),
        ("def loss(y, f):\n    return ops.sum(f) / 0.0 * 0.0\n", ":per=batch", "must be finite there"),
    ],
)
def test_a_loss_of_rows_is_not_taken_for_one_of_a_batch(
    load: Callable[[Trial], Any], write: Write, code: str, setting: str, says: str
) -> None:
    with pytest.raises(DataError, match=re.escape(says)):
        load(trial_of("regression", None, own=f"{write(code)}:loss{setting}"))


def test_the_probe_says_in_json_what_it_found(
    runtime: ModuleType, write: Write, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    place = f"{write(SQUARED)}:loss"
    trust(source_from(place))
    monkeypatch.setattr(sys, "argv", ["probe", place, "--task", "regression"])
    importlib.import_module("lossterm.engine.user_code.probe").main()
    document = msgspec.json.decode(capsysbinary.readouterr().out)
    assert (document["task"], document["way"], document["error"]) == ("regression", "compiled", None)
    assert document["loss"].startswith("loss@")
    assert document["passed"][-1] == "compiles"
    assert len(document["passed"]) == 6


# After the probe


@pytest.mark.parametrize(
    "ending", ["raise ValueError('too many rows')", "raise SystemExit('bye')"], ids=["raises", "leaves"]
)
def test_a_function_that_fails_only_in_training_is_told_with_its_line(
    write: Write, training: ModuleType, ending: str
) -> None:
    path = write(f"def loss(y, f):\n    if y.shape[0] > 12:\n        {ending}\n    return (y - f) ** 2\n")
    trial = trial_of("regression", None, own=f"{path}:loss")
    with pytest.raises(DataError, match=r"mine\.py, line 8: called, it raised \w+: (too many rows|bye)\."):
        training.Trainer().train(trial, 0, lambda _: False)


def test_a_file_is_run_as_it_is_now_with_its_neighbours_as_they_are_now(
    write: Write, load: Callable[[Trial], Any], tmp_path: Path
) -> None:
    lines = []
    for size in (1, 2):  # within the second that bytecode on disk is told apart by
        (tmp_path / "beside.py").write_text(f"SIZE = {size}\n")
        path = write(f"from beside import SIZE\n# {size}\ndef loss(y, f):\n    return SIZE * (y - f) ** 2\n")
        loss = load(trial_of("regression", None, own=f"{path}:loss")).loss
        lines.append(float(loss(None, np.zeros(1), np.full(1, 3.0))[0]))
    assert lines == [9, 18]
    assert "beside" not in sys.modules
    assert str(tmp_path) not in sys.path


def test_a_neighbour_does_not_stand_in_for_what_is_installed(
    write: Write, load: Callable[[Trial], Any], tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('the wrong one')\n")
    path = write("import json\nSIZE = json.loads('2')\ndef loss(y, f):\n    return SIZE * (y - f) ** 2\n")
    assert load(trial_of("regression", None, own=f"{path}:loss")).way == "compiled"


@pytest.mark.parametrize(("task", "setting"), [("regression", "head=logit"), ("circles", "labels=index")])
def test_a_setting_that_would_change_nothing_is_refused(
    write: Write, load: Callable[[Trial], Any], task: str, setting: str
) -> None:
    with pytest.raises(DataError, match=f"{setting} has no meaning for {task}"):
        load(trial_of(task, None, own=f"{write(SQUARED)}:loss:{setting}"))


def test_what_a_file_prints_does_not_come_between_the_probes_findings(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("print('hello')\n" + HEAD + SQUARED)
    done = subprocess.run(
        [sys.executable, "-m", "lossterm", "probe", f"{path}:loss", "--task", "regression", "--format", "json"],
        capture_output=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )
    assert msgspec.json.decode(done.stdout)["way"] == "compiled"
