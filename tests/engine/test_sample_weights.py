"""Rows that weigh differently: held to the sample weights of `Model.fit`, in stacks and alone."""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lossterm.comparison.comparison import Comparison, Trial
from lossterm.data import Data, FileRequest, describe
from lossterm.home.paths import shelf
from lossterm.losses import Kind
from tests.long_run import cases

from .conftest import train
from .reference import fit

pytestmark = pytest.mark.tensorflow

ROWS = 120
TARGETS: dict[str, Kind] = {"y": "regression", "count": "regression", "side": "binary", "kind": "multiclass"}

Weighed = Callable[..., Trial]


@pytest.fixture
def weighed(home: Path) -> Weighed:
    """Give a trial on a table of two features, a target of each kind, weights that differ."""
    stream = np.random.default_rng(0)
    x = stream.normal(size=(ROWS, 2))
    y = x @ [1.0, -2.0] + stream.normal(size=ROWS)
    weight, kind = stream.integers(0, 5, ROWS) / 2, np.digitize(y, [-1.0, 1.0])
    path = home / "weighed.npz"
    np.savez(path, X=x, y=y, count=stream.poisson(np.exp(y / 4)), side=y > 0, kind=kind, weight=weight)

    def trial(target: str, loss: str, **settings: Any) -> Trial:
        others = tuple(name for name in TARGETS if name != target)
        asked = FileRequest(
            path=str(path),
            target=target,
            kind=TARGETS[target],
            drop=others,
            sample_weight="weight",
        )
        data: Data = describe(asked, shelf())[0]
        given = {"learning_rates": (0.03,), "epochs": 8, "hidden": (6,), "seeds": 1, "device": "cpu", **settings}
        return next(Comparison.ask(data, (loss,), **given).trials())

    return trial


ALL: dict[str, Any] = {"batch_norm": True, "l2": 1e-3, "early_stopping": 2, "schedule": "cosine", "epochs": 20}
LOSSES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "mse": ("y", "mse", {}),
    "mae": ("y", "mae", {"optimizer": "adam"}),
    "counts": ("count", "poisson", {}),
    "all settings": ("side", "binary_crossentropy", ALL),
    "margins": ("side", "hinge", {}),
    "classes": ("kind", "categorical_crossentropy", {}),
}


RUNS = {f"{name}, {width}": (name, width) for name in LOSSES for width in ("stacked", "alone", "by batches")}
QUICK = ("all settings, stacked", "mse, by batches")


@pytest.mark.parametrize(("name", "width"), cases(RUNS, QUICK))
def test_training_is_that_of_fit_with_sample_weights(
    runtime: ModuleType,
    training: ModuleType,
    network: SimpleNamespace,
    weighed: Weighed,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    width: str,
) -> None:
    """Curves and early stopping do not weigh, as Keras's do not without weights of their own."""
    target, loss, settings = LOSSES[name]
    trial = weighed(target, loss, **settings)
    if width != "stacked":
        monkeypatch.setattr(training, "stack_width", lambda *_: 1)
    if width == "by batches":  # as large tables are shuffled
        monkeypatch.setattr(importlib.import_module("lossterm.engine.training.compiled_epochs"), "AT_ONCE", 8)
    program = training.Program(trial)
    assert (program.width > 1) == (width == "stacked")
    ours = train(program, trial)
    theirs = fit(runtime, network, program, trial, curves=True)
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-5)
    if not settings.get("l2"):  # of a penalised loss Keras's curves show the penalty too
        np.testing.assert_allclose(ours.curve[:, ::2], theirs.losses, rtol=2e-5, atol=1e-5)
