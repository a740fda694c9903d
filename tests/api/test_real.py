"""Custom losses, networks and the best model, with TensorFlow: in this process, where a worker has its own."""

import importlib
import itertools
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import pytest

import lossterm
from lossterm.api.comparing import started_as
from lossterm.api.loaded_model import _read, _refuse_lost_digits, _refuse_other_columns, loaded_model
from lossterm.comparison.comparison import Trial
from lossterm.export import model
from lossterm.export.model import about_model
from lossterm.losses import Link, Reading
from lossterm.losses.loss import RANKED
from lossterm.losses.prediction_from_output import prediction_of
from lossterm.losses.target_scaling import Scaling
from tests.builders.training_here import training_here

from .test_user_objects import main_of

pytestmark = pytest.mark.tensorflow

SCRIPT = """
import keras
from keras import ops

CAP = 4.0

def squared(y_true, y_pred):
    return ops.square(y_true - y_pred)

def capped(y_true, y_pred):
    return ops.minimum(squared(y_true, y_pred), CAP)

class Capped(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(capped(y_true, y_pred), axis=-1)

def build(features, outputs):
    return keras.Sequential([keras.layers.Input((features,)), keras.layers.Dense(outputs)])

def compiled(features, outputs):
    network = build(features, outputs)
    network.compile(loss="mse")
    return network
"""

QUICK: dict[str, Any] = {"seeds": 1, "epochs": 3, "learning_rates": 0.01, "device": "cpu", "progress": False}
X = np.random.default_rng(0).normal(size=(60, 3))
Y = X @ [1.0, 2.0, 3.0] + np.random.default_rng(1).normal(size=60)


@pytest.fixture
def trainer(home: Path, runtime: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the engine, which trains in this process, exports too."""
    exporting = importlib.import_module("lossterm.engine.exporting")

    def asked(what: str, file: str, device: str, *, trial: Trial) -> bytes:
        return msgspec.json.encode(exporting.train(trial, Path(file), device))

    monkeypatch.setattr(model, "asked_of_engine", asked)
    return importlib.import_module("lossterm.engine.training.trainer").Trainer()


def test_what_a_script_defines_is_trained_and_the_best_model_comes_back(
    trainer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    script = main_of(path, monkeypatch)
    with started_as(None), training_here(engine=trainer, device="cpu"):
        result = lossterm.compare((X, Y), [script["capped"], script["Capped"]], model=script["build"], **QUICK)
        assert result.sound
        one, other = result.trials()
        assert one["score/mae/test"] == pytest.approx(other["score/mae/test"], rel=1e-5)  # the same loss, written twice
        with pytest.raises(lossterm.DataError, match=r"Every trial failed. compiled in .*: leave compile\(\) out"):
            lossterm.compare((X, Y), "mse", model=script["compiled"], **QUICK)
    network, exported = result.best_model(), result.export(tmp_path / "best.keras")
    about, bare = about_model(exported), loaded_model(exported, bare=True)
    means, scales = (np.array([one[name] for one in about["inputs"]]) for name in ("mean", "scale"))
    inputs = ((X - means) / scales).astype(np.float32)
    wanted = np.asarray(bare(inputs)) * about["output"]["unit"] + about["output"]["origin"]
    np.testing.assert_allclose(network(X.astype(np.float32)), wanted, rtol=1e-4, atol=1e-5)


def test_the_best_model_takes_images_and_sequences_and_gives_masks_outputs_and_labels(
    trainer: Any, tmp_path: Path
) -> None:
    random = np.random.default_rng(2)
    images = random.normal((5.0, -300.0), (2.0, 40.0), size=(40, 8, 8, 2))
    images[..., 0] += np.arange(8)  # a slope, so that places differ though the scale of a channel is one
    masks = (images[..., 0] > 9).astype(int)
    three = np.digitize(images[..., 0], (7, 10))
    labels = (random.random((40, 3)) < 0.5).astype(int)
    cells: tuple[tuple[Any, Any, str, tuple[int, ...]], ...] = (
        (images, masks, "binary_crossentropy", (8, 8, 2)),
        (images, three, "categorical_crossentropy", (8, 8, 3)),
        (images[:, 0], Y[:40], "mae", (1,)),
        (images, np.stack([Y[:40], 1000 + 50 * Y[20:]], axis=1), "mse", (2,)),
        (images[:, 0, 0], labels, "binary_crossentropy", (3,)),
    )
    for inputs, target, loss, shape in cells:
        with started_as(None), training_here(engine=trainer, device="cpu"):
            result = lossterm.compare((inputs, target), [loss], **QUICK)
        path = result.export(tmp_path / "best.keras", force=True)
        about = about_model(path)
        assert about["input_shape"] == list(inputs.shape[1:])
        assert [one.get("channel", one.get("column")) for one in about["inputs"]] == [0, 1]
        assert all(("channel" in one) == (inputs.ndim > 2) for one in about["inputs"])
        means, scales = (np.array([one[name] for one in about["inputs"]]) for name in ("mean", "scale"))
        output = np.asarray(loaded_model(path, bare=True)(((inputs - means) / scales).astype(np.float32)))
        got = np.asarray(loaded_model(path, bare=False)(inputs.astype(np.float32)))
        assert got.shape == (40, *shape)
        scaling = Scaling(**{name: about["output"][name] for name in ("origin", "unit", "log1p")})
        if about["output"]["reading"] == "value":
            wanted: Any = scaling.restored(output)
        elif about["output"]["kind"] == "multilabel":
            wanted = 1 / (1 + np.exp(-output))
        else:
            output = output if output.shape[-1] > 1 else output[..., 0]
            wanted = prediction_of(output, about["output"]["reading"], "identity", scaling, target.ndim).probability
        np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-5)


def test_outputs_are_read_as_predictions(runtime: ModuleType) -> None:
    ops = importlib.import_module("keras").ops
    outputs = {1: np.array([[0.5], [-1.0]]), 2: np.array([[0.5, -1.0], [2.0, 1.0]])}
    readings: tuple[Reading, ...] = ("value", "logit", "logits", "margin", "scores")
    links: tuple[Link, ...] = ("identity", "log", "logit")
    for ranked in RANKED:  # three ranks, from two logits
        probability: Any = prediction_of(outputs[2], ranked, "identity", Scaling()).probability
        got = np.asarray(_read(ops, ops.convert_to_tensor(outputs[2]), {"reading": ranked}))
        np.testing.assert_allclose(got, probability, rtol=1e-5)
    for reading, link, log1p in itertools.product(readings, links, (False, True)):
        output = outputs[2 if reading in ("logits", "scores") else 1]
        scaling = Scaling(origin=1.0, unit=2.0, log1p=log1p)
        about = {**msgspec.structs.asdict(scaling), "reading": reading, "link": link, "target": None, "kind": "binary"}
        wanted = prediction_of(output if output.shape[1] > 1 else output[:, 0], reading, link, scaling)
        got = np.asarray(_read(ops, output, about))
        if reading == "value":
            np.testing.assert_allclose(got[:, 0], wanted.prediction, rtol=1e-5)
        elif wanted.probability is not None:
            np.testing.assert_allclose(got, wanted.probability, rtol=1e-5)
        else:
            np.testing.assert_array_equal(got, output)


def test_columns_of_names_need_the_bare_network() -> None:
    with pytest.raises(lossterm.UsageError, match=r"Column town holds names, .* best_model\(bare=True\)"):
        _refuse_other_columns([{"column": "town", "as": "level"}])
    with pytest.raises(lossterm.UsageError, match="Column rooms has missing cells"):
        _refuse_other_columns([{"column": "area", "as": "number"}, {"column": "rooms", "as": "missing"}])
    with pytest.raises(lossterm.UsageError, match="prepared by a package"):
        _refuse_other_columns(None)


def test_columns_whose_differences_float32_loses_are_refused() -> None:
    year, seconds = ({"column": "when", "origin": start, "mean": 5.0, "scale": 3.0} for start in (1990.0, 1e9))
    _refuse_lost_digits([year, {**seconds, "scale": 1e5}])
    with pytest.raises(lossterm.UsageError, match=r"when lies near 1,000,000,005, .*: best_model\(bare=True\)"):
        _refuse_lost_digits([year, seconds])
    with pytest.raises(lossterm.UsageError, match=r"Channel 2 lies near"):
        _refuse_lost_digits([{"channel": 2, "origin": 0.0, "mean": 1e9, "scale": 1.0}])
