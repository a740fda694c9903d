"""The trained network as Keras keeps it: it predicts what was stored, from the numbers in its sidecar alone."""

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from lossterm.comparison import protocol_catalogue
from lossterm.comparison.comparison import Comparison, Trial
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.comparison.splits import split_rows
from lossterm.data import FileRequest, describe, load
from lossterm.errors import DataError, UsageError
from lossterm.export import gather, model
from lossterm.export.chosen_training import chosen
from lossterm.export.model import sidecar, write_model
from lossterm.home.paths import shelf
from lossterm.metrics import METRICS, Outcome
from lossterm.store import Store
from tests.long_run import cases

from .test_script import messy
from .trained import Train, train_all

__all__ = ["train_all"]  # a fixture

pytestmark = pytest.mark.tensorflow


def prepared(about: list[dict[str, Any]], cells: dict[Any, np.ndarray]) -> np.ndarray:
    """Return a network's inputs, (rows, inputs), as the sidecar says, from numbers or words, NaN where missing."""

    def one(entry: dict[str, Any]) -> np.ndarray:
        cell = cells[entry["column"]]
        if entry["as"] == "level":
            return np.array(cell == entry["level"], float)
        if entry["as"] == "missing":
            return np.array([isinstance(value, float) and np.isnan(value) for value in cell], float)
        value = cell - entry["origin"]
        filled = value if entry["median"] is None else np.where(np.isnan(value), entry["median"], value)
        return np.asarray((filled - entry["mean"]) / entry["scale"])

    return np.stack([one(entry) for entry in about], axis=1).astype(np.float32)


def read(about: dict[str, Any], output: np.ndarray, target: np.ndarray) -> Outcome:
    """Return what an output of (rows, units) says, as the sidecar has it."""
    if about["reading"] == "value":
        value = np.exp(output[:, 0]) if about["link"] == "log" else output[:, 0]
        unscaled = about["origin"] + about["unit"] * value
        return Outcome(target=target, prediction=np.expm1(unscaled) if about["log1p"] else unscaled)
    if about["units"] == 1:
        return Outcome(target=target, prediction=(output[:, 0] > 0).astype(int), decision=output[:, 0])
    return Outcome(target=target, prediction=output.argmax(1), decision=output)


@pytest.fixture
def engine_here(train_all: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the engine asked in this process, which has TensorFlow loaded; the test of a table asks one of its own."""
    exporting = importlib.import_module("lossterm.engine.exporting")

    def asked(what: str, file: str, device: str, *, trial: Trial) -> bytes:
        assert what == "train"
        return msgspec.json.encode(exporting.train(trial, Path(file), device))

    monkeypatch.setattr(model, "asked_of_engine", asked)


CASES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "prices": ("prices", "log1p_mse", "fair", ("mae", "rmse")),
    "a logarithm": ("counts", "poisson", "fair", ("mae", "d2_poisson")),
    "the tutorial's": ("regression", "mse", "tutorial", ("mae",)),
    "published": ("digits", "categorical_crossentropy", "published", ("accuracy",)),
}


@pytest.mark.parametrize("name", cases({name: name for name in CASES}, {"prices", "published"}))
def test_a_model_scores_what_is_stored(
    train_all: Train, engine_here: None, store: Store, tmp_path: Path, name: str
) -> None:
    task, loss, protocol, metrics = CASES[name]
    wanted: dict[str, Any] = {"protocol": protocol, "seeds": 2, "epochs": 3, "learning_rates": (0.01,)}
    train_all(store, Comparison.ask(task, (loss,), device="cpu", **wanted))
    contents = gather(store, "s")
    path = tmp_path / "model.keras"
    sentence = write_model(contents, path, seed=1)
    assert sentence.startswith(f"Trained again, seed 1 of {loss} scores exactly what is stored: ")
    about = json.loads(sidecar(path).read_text())
    assert (about["loss"], about["seed"], about["same_as_stored"], about["said"]) == (loss, 1, True, sentence)
    record = contents.asked[0].comparison.record
    state = 1 if protocol == "fair" else protocol_state(task)
    features, target = record.draw(state)
    rows = rows_of_test(record, protocol, target)
    if target_scaling := about["output"]["target"]:
        target = (target - target_scaling["mean"]) / target_scaling["scale"]
    inputs = prepared(about["inputs"], dict(enumerate(features[rows].T)))
    hold(path, about, inputs, target[rows], chosen(contents).row(1).scores, metrics)


def test_a_model_is_trained_where_the_trial_was_and_says_where(
    train_all: Train, engine_here: None, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporting = importlib.import_module("lossterm.engine.exporting")
    recorded: list[str] = []

    def place_for(trial: Trial, device: str) -> Any:
        recorded.append(device)
        return importlib.import_module("lossterm.engine.runtime").Place("GPU", "/CPU:1")

    monkeypatch.setattr(exporting, "place_for", place_for)
    wanted: dict[str, Any] = {"protocol": "tutorial", "seeds": 1, "epochs": 1, "learning_rates": (0.01,)}
    store.worker.report_worker("cpu", 1, "ready", "", {"device": "GPU"})
    train_all(store, Comparison.ask("circles", ("hinge",), device="cpu", **wanted))
    contents = gather(store, "s")
    write_model(contents, tmp_path / "model.keras")
    assert recorded == [(chosen(contents).row(0).environment or {})["device"]]
    assert json.loads(sidecar(tmp_path / "model.keras").read_text())["environment"]["device"] == "GPU"


def protocol_state(task: str) -> int:
    return {"regression": 1, "digits": 0}[task]


def rows_of_test(record: Any, protocol: str, target: np.ndarray) -> np.ndarray:
    """Find the rows of the test split of seed 1 by their targets' places."""
    if protocol == "tutorial":
        return np.arange(record.rows // 2, record.rows)
    rules = protocol_named(protocol)
    state = protocol_catalogue._stream(1) if protocol == "fair" else 0
    return split_rows(record, rules, target, state)["test"]


def hold(
    path: Path, about: dict[str, Any], inputs: np.ndarray, target: np.ndarray, stored: Any, metrics: tuple[str, ...]
) -> None:
    network = importlib.import_module("keras").models.load_model(path)
    output = np.asarray(network.predict(inputs, verbose=0), float)
    outcome = read(about["output"], output, target)
    for metric in metrics:
        score = METRICS[metric].function(np, outcome)
        assert score == pytest.approx(stored[metric]["test"], rel=1e-5)
        assert about["scores"][metric] == stored[metric]


def test_a_model_of_a_table_takes_its_columns(train_all: Train, store: Store, home: Path, tmp_path: Path) -> None:
    file = messy(home / "table.csv")
    data, _ = describe(FileRequest(path=str(file), target="garden", time="since", drop=("owner",)), shelf())
    train_all(store, Comparison.ask(data, ("hinge",), seeds=1, epochs=3, learning_rates=(0.01,), device="cpu"))
    contents = gather(store, "s")
    path = tmp_path / "model.keras"
    write_model(contents, path)
    about = json.loads(sidecar(path).read_text())
    assert about["output"]["classes"] == list(data.classes)
    table = load(data, shelf())
    test = rows_of_test(contents.asked[0].comparison.record, "fair", table.target)
    cells: dict[Any, np.ndarray] = {}
    for place, column in enumerate(table.columns):
        values = table.features[test, place].astype(float)
        if column.kind == "category":
            words = [column.levels[int(value)] if not np.isnan(value) else np.nan for value in values]
            cells[column.name] = np.array(words, object)
        else:
            cells[column.name] = values + column.origin
    inputs = prepared(about["inputs"], cells)
    assert inputs.shape[1] == data.features
    hold(path, about, inputs, table.target[test], chosen(contents).row(0).scores, ("accuracy", "roc_auc"))
    shutil.rmtree(shelf())
    file.unlink()
    with pytest.raises(DataError, match="the file is gone"):
        write_model(contents, path)


def test_what_cannot_be_trained_again_leaves_nothing(train_all: Train, store: Store, tmp_path: Path) -> None:
    train_all(store, Comparison.ask("circles", ("hinge",), seeds=1, epochs=1, learning_rates=(0.01,), device="cpu"))
    with pytest.raises(UsageError, match=r"There is no trained seed 5 of hinge: there are 0\."):
        write_model(gather(store, "s"), tmp_path / "x.keras", seed=5)
    assert not list(tmp_path.glob("*.keras*"))


def test_another_score_than_the_stored_one_is_told(engine_here: None, store: Store, tmp_path: Path) -> None:
    comparison = Comparison.ask("circles", ("hinge",), seeds=1, epochs=1, learning_rates=(0.01,), device="cpu")
    store.requests.ask("s", comparison)
    row = store.worker.claim("cpu")
    assert row is not None
    store.worker.finish(row.id, "done", scores={"accuracy": {"train": 0.25, "validation": 0.25, "test": 0.25}})
    sentence = write_model(gather(store, "s"), tmp_path / "x.keras")
    assert "and 0.25 is stored: versions or processors differ." in sentence
    assert json.loads(sidecar(tmp_path / "x.keras").read_text())["same_as_stored"] is False
