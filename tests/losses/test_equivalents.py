"""What a record says that its loss is in PyTorch, held to the documented definitions written in NumPy; see
`tests/engine/test_keras_traps.py` for Keras."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from lossterm.losses import Loss, loss_named
from lossterm.losses.equivalent import LIBRARIES, Equivalent, FalseFriend, Given, GivenTarget
from tests.losses import TABLES, loss_of, random_rows
from tests.losses.elsewhere import CASES, factor_of, given

Torch = Callable[..., np.ndarray]


def _log_softmax(z: np.ndarray) -> np.ndarray:
    shifted = z - z.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _by_row(elements: np.ndarray) -> np.ndarray:
    """Average over the columns of a row, as reduction="mean" does in a batch of that row alone."""
    return np.asarray(elements.mean(axis=-1)) if elements.ndim == 2 else elements


def _crossentropy(z: np.ndarray, y: np.ndarray, *, label_smoothing: float = 0) -> np.ndarray:
    target = np.eye(z.shape[-1])[y] if y.ndim == 1 else y
    smoothed = target * (1 - label_smoothing) + label_smoothing / z.shape[-1]
    return np.asarray(-(smoothed * _log_softmax(z)).sum(axis=-1))


def _bce(z: np.ndarray, y: np.ndarray, *, pos_weight: float = 1) -> np.ndarray:
    return np.asarray(pos_weight * y * np.log1p(np.exp(-z)) + (1 - y) * np.log1p(np.exp(z)))


def _huber(x: np.ndarray, y: np.ndarray, *, delta: float) -> np.ndarray:
    e = np.abs(x - y)
    return np.asarray(np.where(e <= delta, 0.5 * e**2, delta * (e - 0.5 * delta)))


def _smooth_l1(x: np.ndarray, y: np.ndarray, *, beta: float) -> np.ndarray:
    e = np.abs(x - y)
    return np.asarray(np.where(e < beta, 0.5 * e**2 / beta, e - 0.5 * beta))


def _poisson(x: np.ndarray, y: np.ndarray, *, log_input: bool, full: bool) -> np.ndarray:
    assert log_input
    assert not full
    return np.asarray(np.exp(x) - y * x)


def _gaussian(x: tuple[np.ndarray, np.ndarray], y: np.ndarray, *, full: bool, eps: float) -> np.ndarray:
    assert not full
    mean, variance = x[0], np.maximum(x[1], eps)
    return np.asarray(0.5 * (np.log(variance) + (mean - y) ** 2 / variance))


def _ranking(x: tuple[np.ndarray, np.ndarray], y: np.ndarray, *, margin: float) -> np.ndarray:
    return np.asarray(np.maximum(0, -y * (x[0] - x[1]) + margin))


def _divergence(x: np.ndarray, y: np.ndarray, *, reduction: str) -> np.ndarray:
    assert reduction == "batchmean"
    return np.asarray((np.where(y > 0, y * np.log(np.where(y > 0, y, 1)), 0) - y * x).sum(axis=-1))


def _focal(z: np.ndarray, y: np.ndarray, *, alpha: float, gamma: float, reduction: str) -> np.ndarray:
    assert reduction == "none"
    p = 1 / (1 + np.exp(-z))
    right = p * y + (1 - p) * (1 - y)
    loss = _bce(z, y) * (1 - right) ** gamma
    return np.asarray((alpha * y + (1 - alpha) * (1 - y)) * loss if alpha >= 0 else loss)


TORCH: dict[str, Torch] = {
    "torch.nn.MSELoss": lambda x, y: _by_row((x - y) ** 2),
    "torch.nn.L1Loss": lambda x, y: _by_row(np.abs(x - y)),
    "torch.nn.HuberLoss": _huber,
    "torch.nn.SmoothL1Loss": _smooth_l1,
    "torch.nn.PoissonNLLLoss": _poisson,
    "torch.nn.GaussianNLLLoss": _gaussian,
    "torch.nn.BCEWithLogitsLoss": _bce,
    "torch.nn.MarginRankingLoss": _ranking,
    "torch.nn.CrossEntropyLoss": _crossentropy,
    "torch.nn.KLDivLoss": _divergence,
    "torchvision.ops.sigmoid_focal_loss": _focal,
}
"""Class or function → its definition in PyTorch's documentation, of (input, target)."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "torch.nn.HuberLoss": {"delta": 1},
    "torch.nn.SmoothL1Loss": {"beta": 1},
    "torch.nn.PoissonNLLLoss": {"log_input": True, "full": False},
    "torch.nn.GaussianNLLLoss": {"full": False, "eps": 1e-6},
    "torch.nn.BCEWithLogitsLoss": {"pos_weight": None},
    "torch.nn.MarginRankingLoss": {"margin": 0},
    "torch.nn.CrossEntropyLoss": {"label_smoothing": 0},
    "torch.nn.KLDivLoss": {"reduction": "mean"},
    "torchvision.ops.sigmoid_focal_loss": {"alpha": 0.25, "gamma": 2, "reduction": "none"},
}
"""Their documented defaults."""


def called(one: Equivalent, loss: Loss, y: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Return the loss of each row that a record's words for PyTorch give."""
    target, prediction = given(one, loss, y, f)
    value = TORCH[one.name](prediction, target, **{argument.name: argument.value for argument in one.arguments})
    return np.asarray(factor_of(one, loss, y, f) * value)


def of_pytorch(key: str) -> list[Equivalent]:
    return [one for one in loss_named(key).equivalents or () if one.library == "pytorch"]


def test_what_pytorch_has_for_a_loss_gives_its_values_for_every_row_with_its_factor_and_defaults() -> None:
    told = 0
    for key in CASES:
        loss = loss_named(key)
        y, f = random_rows(loss)
        for one in of_pytorch(key):
            expected = loss_of(loss, y, f)
            np.testing.assert_allclose(called(one, loss, y, f), expected, rtol=1e-9, atol=1e-12, err_msg=one.text)
            for argument in one.arguments:
                assert argument.default == DEFAULTS[one.name][argument.name], one.text
            told += 1
    assert told > 40


def test_every_class_of_keras_that_a_record_names_is_there() -> None:
    spec = find_spec("keras")
    assert spec is not None
    assert spec.origin is not None
    source = (Path(spec.origin).parent / "src" / "losses" / "losses.py").read_text(encoding="utf-8")
    for key in CASES:
        loss = loss_named(key)
        named: list[Equivalent | FalseFriend] = [*(loss.equivalents or ()), *loss.false_friends]
        for name in (one.name for one in named if one.name.startswith("keras.")):
            assert f"\nclass {name.removeprefix('keras.losses.')}(" in source, key


def test_every_loss_of_the_catalogue_says_what_it_is_elsewhere_and_every_way_of_saying_it_is_used() -> None:
    assert [loss.key for loss in TABLES.values() if loss.equivalents is None] == []
    every = [one for key in CASES for one in loss_named(key).equivalents or ()]
    assert {one.library for one in every} == set(LIBRARIES)
    assert {one.on for one in every} == set(get_args(Given))
    assert {one.target for one in every} == set(get_args(GivenTarget))


@pytest.mark.parametrize(
    ("key", "texts"),
    [
        (
            "huber:delta=0.5",
            [
                "keras.losses.Huber(delta=0.5); by default delta=1",
                "torch.nn.HuberLoss(delta=0.5); by default delta=1",
                "0.5·torch.nn.SmoothL1Loss(beta=0.5); by default beta=1; the factor is δ",
            ],
        ),
        ("pinball", []),
        ("pinball:tau=0.5", ["0.5·keras.losses.MeanAbsoluteError()", "0.5·torch.nn.L1Loss()"]),
        (
            "brier",
            ["K·keras.losses.MeanSquaredError() on softmax(z)", "K·torch.nn.MSELoss() on softmax(z)"],
        ),
        (
            "gce",
            [
                "keras.losses.CategoricalGeneralizedCrossEntropy(q=0.7) on softmax(z), the target the index of the "
                "class; by default q=0.5; a column of indices (N, 1) gives N×N losses without a word"
            ],
        ),
        (
            "kl_divergence",
            [
                "keras.losses.KLDivergence() on softmax(z); clips at 1e-7, so rows far off differ",
                'torch.nn.KLDivLoss(reduction="batchmean") on log_softmax(z); by default reduction="mean"; its default '
                "divides by K too",
            ],
        ),
    ],
)
def test_an_equivalent_is_told_with_its_factor_what_it_takes_and_its_defaults(key: str, texts: list[str]) -> None:
    assert [one.text for one in loss_named(key).equivalents or ()] == texts


# Names that mislead: each is shown to be another function


def _multi_margin(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    right = (y * z).sum(axis=-1, keepdims=True)
    return np.asarray((np.maximum(0, 1 - right + z) * (1 - y)).sum(axis=-1) / z.shape[-1])


FALSE: dict[str, Torch] = {
    "torch.nn.HingeEmbeddingLoss": lambda x, y: np.where(y == 1, x, np.maximum(0, 1 - x)),
    "torch.nn.MultiMarginLoss": _multi_margin,
    "torch.nn.NLLLoss": lambda x, y: -x[:, 0],
    "torchvision.ops.sigmoid_focal_loss": lambda z, y: _focal(z, y, alpha=0.25, gamma=2, reduction="none").sum(axis=-1),
    "keras.losses.CategoricalHinge": lambda z, y: np.maximum(0, 1 + ((1 - y) * z).max(axis=-1) - (y * z).sum(axis=-1)),
    "keras.losses.MeanSquaredLogarithmicError": lambda f, y: (
        (np.log1p(np.maximum(f, 1e-7)) - np.log1p(np.maximum(y, 1e-7))) ** 2
    ),
}


def test_a_name_that_misleads_is_of_another_function_whatever_the_factor() -> None:
    for loss in TABLES.values():
        y, f = random_rows(loss)
        for friend in loss.false_friends:
            theirs, ours = FALSE[friend.name](f, y), loss_of(loss, y, f)
            alike = np.isfinite(theirs) & (theirs != 0) & (ours != 0)
            assert np.ptp(ours[alike] / theirs[alike]) > 0.1, friend.text
            assert friend.text == f"not the same function as {friend.name}, which {friend.why}"
