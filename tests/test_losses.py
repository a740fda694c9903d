import math
from collections.abc import Callable
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn._loss import loss as sklearn_loss

from lossterm.errors import DoesNotFit, UnknownName
from lossterm.losses import LOSSES, Kind, Loss, fitting, loss_named, losses_for
from lossterm.losses.arrays import numpy
from lossterm.metrics import METRICS, Outcome
from lossterm.protocols import PROTOCOLS
from lossterm.tasks import TASKS

Numbers = float | int | list[float]
Oracle = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
KINDS: tuple[Kind, ...] = ("regression", "binary", "multiclass")
XP = numpy()
LN2, LN3 = 0.6931471805599453, 1.0986122886681098
LOG_125 = [0.0, LN2, 1.6094379124341003]  # ln of 1, 2, 5: softmax 1/8, 2/8, 5/8
SOFT, ENTROPY = [0.7, 0.2, 0.1], 0.8018185525433372

# (target as the record's encoding says, output, loss), worked out by hand
WORKED: dict[str, list[tuple[Numbers, Numbers, float]]] = {
    "mse": [(1.0, 3.0, 4.0), (-2.0, 0.5, 6.25), (7.0, 7.0, 0.0)],
    "mae": [(1.0, 3.0, 2.0), (-2.0, 0.5, 2.5), (0.5, -2.0, 2.5), (7.0, 7.0, 0.0)],
    "msle": [
        (3.0, 1.0, LN2**2),
        (1.0, 3.0, LN2**2),
        (math.e**3 - 1, math.e - 1, 4.0),
        (-4.0, -0.5, 0.0),  # both clipped to 1e-7
        (-4.0, 1.0, 0.4804528752888145),  # (ln 2 − ln(1 + 1e-7))²
    ],
    "binary_crossentropy": [
        (1.0, 0.0, LN2),
        (0.0, 0.0, LN2),
        (0.0, LN3, 2 * LN2),  # σ(ln 3) = 3/4
        (1.0, LN3, 0.2876820724517809),  # −ln(3/4)
        (1.0, -LN3, 2 * LN2),
    ],
    "hinge": [(1.0, 0.3, 0.7), (-1.0, 0.3, 1.3), (1.0, 2.0, 0.0), (-1.0, -1.0, 0.0), (1.0, -4.0, 5.0)],
    "squared_hinge": [(1.0, 0.3, 0.49), (-1.0, 0.3, 1.69), (1.0, 2.0, 0.0), (-1.0, -1.0, 0.0), (1.0, -4.0, 25.0)],
    "categorical_crossentropy": [
        ([0.0, 1.0, 0.0], [0.0, 0.0, 0.0], LN3),
        ([0.0, 0.0, 1.0], LOG_125, 0.4700036292457356),  # −ln(5/8)
        ([1.0, 0.0, 0.0], LOG_125, 3 * LN2),
        (SOFT, [math.log(p) for p in SOFT], ENTROPY),
    ],
    "sparse_categorical_crossentropy": [
        (1, [0.0, 0.0, 0.0], LN3),
        (2, LOG_125, 0.4700036292457356),
        (0, LOG_125, 3 * LN2),
    ],
    "kl_divergence": [
        ([0.0, 1.0, 0.0], [0.0, 0.0, 0.0], LN3),
        ([0.0, 0.0, 1.0], LOG_125, 0.4700036292457356),
        (SOFT, [math.log(p) for p in SOFT], 0.0),
        ([0.5, 0.5, 0.0], [0.0, LN2, 0.0], 0.5 * LN2),  # p = 1/4, 1/2, 1/4
    ],
    "brier": [
        ([0.0, 1.0, 0.0], [0.0, 0.0, 0.0], 2 / 3),  # (1 + 4 + 1)/9
        ([0.0, 0.0, 1.0], LOG_125, 14 / 64),  # (1 + 4 + 9)/64
        ([1.0, 0.0, 0.0], LOG_125, 78 / 64),  # (49 + 4 + 25)/64
        (SOFT, [math.log(p) for p in SOFT], 0.0),
        ([0.5, 0.5, 0.0], [0.0, LN2, 0.0], 0.125),  # p = 1/4, 1/2, 1/4: 1/16 + 0 + 1/16
    ],
}


def from_sklearn(name: str, factor: float = 1.0, **settings: int) -> Oracle:
    def oracle(y: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        target = y.argmax(axis=1) if y.ndim == 2 else y
        made = getattr(sklearn_loss, name)(**settings)
        value, gradient = made.loss_gradient(y_true=target.astype(float), raw_prediction=np.ascontiguousarray(f))
        return factor * value, factor * gradient

    return oracle


def hinge_by_loop(power: int) -> Oracle:
    def one(y: float, f: float) -> tuple[float, float]:
        short = 1 - y * f
        if short <= 0:
            return 0.0, 0.0
        return (short, -y) if power == 1 else (short**2, -2 * y * short)

    def oracle(y: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pairs = [one(float(a), float(b)) for a, b in zip(y, f, strict=True)]
        return np.array([value for value, _ in pairs]), np.array([slope for _, slope in pairs])

    return oracle


def squared_log_by_loop(y: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    def one(target: float, output: float) -> tuple[float, float]:
        gap = math.log(1 + max(output, 1e-7)) - math.log(1 + max(target, 1e-7))
        return gap * gap, 2 * gap / (1 + output) if output > 1e-7 else 0.0

    pairs = [one(float(a), float(b)) for a, b in zip(y, f, strict=True)]
    return np.array([value for value, _ in pairs]), np.array([slope for _, slope in pairs])


def brier_in_numpy(y: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    gap = p - y
    return (gap**2).sum(axis=1), 2 * p * (gap - (gap * p).sum(axis=1, keepdims=True))


ORACLES: dict[str, Oracle] = {
    "mse": from_sklearn("HalfSquaredError", factor=2),
    "mae": from_sklearn("AbsoluteError"),
    "msle": squared_log_by_loop,
    "binary_crossentropy": from_sklearn("HalfBinomialLoss"),
    "hinge": hinge_by_loop(1),
    "squared_hinge": hinge_by_loop(2),
    "categorical_crossentropy": from_sklearn("HalfMultinomialLoss", n_classes=4),
    "sparse_categorical_crossentropy": from_sklearn("HalfMultinomialLoss", n_classes=4),
    "kl_divergence": from_sklearn("HalfMultinomialLoss", n_classes=4),  # its entropy is 0 for one-hot targets
    "brier": brier_in_numpy,
}

every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


def random_rows(loss: Loss, rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    classes = rng.integers(0, 4 if "multiclass" in loss.kinds else 2, rows)
    targets = {
        "value": rng.normal(0.5, 2, rows),
        "zero_one": classes.astype(float),
        "plus_minus_one": 2.0 * classes - 1,
        "one_hot": np.eye(4)[classes],
        "index": classes,
    }
    return targets[loss.encoding], rng.normal(0, 2, (rows, 4) if loss.reading == "logits" else rows)


def value_of(key: str, y: Numbers | np.ndarray, f: Numbers | np.ndarray) -> np.ndarray:
    return np.asarray(LOSSES[key].function(XP, np.array(y), np.array(f, dtype=float)))


def central_differences(loss: Loss, y: np.ndarray, f: np.ndarray, h: float = 1e-6) -> np.ndarray:
    gradient = np.empty_like(f)
    for column in range(f.shape[1]) if f.ndim == 2 else (...,):
        step = np.zeros_like(f)
        step[:, column] = h
        gradient[:, column] = (loss.function(XP, y, f + step) - loss.function(XP, y, f - step)) / (2 * h)
    return gradient


# Over the whole registry


@pytest.mark.parametrize("table", [WORKED, ORACLES], ids=["worked", "oracles"])
def test_every_loss_has_numbers_worked_by_hand_and_an_oracle(table: dict[str, object]) -> None:
    assert set(table) == set(LOSSES)


@every_loss
def test_value_is_what_was_worked_out_by_hand(loss: Loss) -> None:
    for target, output, expected in WORKED[loss.key]:
        alone = value_of(loss.key, [target], [output])  # type: ignore[list-item]  # rows of whichever form
        assert alone.shape == (1,)
        assert alone[0] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@every_loss
def test_value_is_the_oracles(loss: Loss) -> None:
    y, f = random_rows(loss)
    np.testing.assert_allclose(loss.function(XP, y, f), ORACLES[loss.key](y, f)[0], rtol=1e-10, atol=1e-12)


@every_loss
def test_gradient_by_central_differences_is_the_oracles(loss: Loss) -> None:
    y, f = random_rows(loss)
    expected = ORACLES[loss.key](y, f)[1]
    np.testing.assert_allclose(central_differences(loss, y, f), expected, rtol=1e-5, atol=1e-8)


@every_loss
def test_loss_is_never_negative_and_has_one_value_per_row(loss: Loss) -> None:
    y, f = random_rows(loss, 500)
    found = loss.function(XP, y, f)
    assert found.shape == (500,)
    assert (found >= 0).all()


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [100.0, 1e4])
def test_extreme_outputs_stay_finite(loss: Loss, dtype: type[np.floating], size: float) -> None:
    y, f = random_rows(loss)
    y = y if loss.encoding == "index" else y.astype(dtype)
    for outputs in (size * np.sign(f), np.full_like(f, size), np.full_like(f, -size)):
        assert np.isfinite(loss.function(XP, y, outputs.astype(dtype))).all()


@pytest.mark.parametrize("loss", fitting("regression"), ids=lambda loss: loss.key)
@pytest.mark.parametrize("error", [1e20, -1e20])
def test_extreme_errors_stay_finite_in_double_precision(loss: Loss, error: float) -> None:
    y = np.array([0.0, 1.0, 1e4])
    assert np.isfinite(loss.function(XP, y, y + error)).all()


@every_loss
def test_record_leaves_no_field_empty(loss: Loss) -> None:
    may_be_none = {"keras", "same_as", "tutorial"}
    for field in fields(loss):
        value = getattr(loss, field.name)
        if value is None:
            assert field.name in may_be_none, field.name
        elif isinstance(value, tuple):
            assert value
            assert all(isinstance(one, str) and one.strip() for one in value), field.name
        elif isinstance(value, str):
            assert value == value.strip() != "", field.name
    assert set(loss.kinds) <= set(KINDS)
    if loss.tutorial:
        assert loss.tutorial.note.strip()


@every_loss
def test_encoding_suits_reading_and_kind(loss: Loss) -> None:
    encodings = {
        "value": {"value"},
        "logit": {"zero_one"},
        "margin": {"plus_minus_one"},
        "logits": {"one_hot", "index"},
    }
    readings = {"regression": {"value"}, "binary": {"logit", "margin"}, "multiclass": {"logits"}}
    assert loss.encoding in encodings[loss.reading]
    assert all(loss.reading in readings[kind] for kind in loss.kinds)
    assert loss.probabilistic == (loss.reading in {"logit", "logits"})


@every_loss
def test_keras_has_the_class_that_the_record_names(loss: Loss) -> None:
    spec = find_spec("keras")
    assert spec is not None
    assert spec.origin is not None
    source = (Path(spec.origin).parent / "src" / "losses" / "losses.py").read_text(encoding="utf-8")
    assert loss.keras is None or f"\nclass {loss.keras}(" in source


@pytest.mark.parametrize("loss", [loss for loss in LOSSES.values() if loss.same_as], ids=lambda loss: loss.key)
def test_same_as_names_another_loss_that_gives_the_same_numbers(loss: Loss) -> None:
    assert loss.same_as is not None
    other = LOSSES[loss.same_as]
    assert other.key != loss.key
    assert other.kinds == loss.kinds
    classes = np.random.default_rng(3).integers(0, 4, 60)
    _, f = random_rows(loss)
    forms = {"one_hot": np.eye(4)[classes], "index": classes}
    mine, theirs = (one.function(XP, forms[one.encoding], f) for one in (loss, other))
    np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def test_keys_and_titles_are_unique_and_keys_are_typed_as_they_stand() -> None:
    assert [loss.key for loss in LOSSES.values()] == list(LOSSES)
    assert len({loss.title for loss in LOSSES.values()}) == len(LOSSES)
    assert all(key.isidentifier() and key == key.lower() for key in LOSSES)


def test_every_kind_of_task_has_losses() -> None:
    assert sum(len(fitting(kind)) for kind in KINDS) == sum(len(loss.kinds) for loss in LOSSES.values())
    assert all(len(fitting(task.kind, task.lowest)) >= 2 for task in TASKS.values())


# Identities


def test_sparse_crossentropy_is_crossentropy() -> None:
    y, f = random_rows(LOSSES["sparse_categorical_crossentropy"])
    dense = value_of("categorical_crossentropy", np.eye(4)[y], f)
    np.testing.assert_allclose(value_of("sparse_categorical_crossentropy", y, f), dense, rtol=1e-12)


def test_crossentropy_less_divergence_is_the_targets_entropy() -> None:
    outputs = np.random.default_rng(1).normal(0, 3, (40, 3))
    targets = np.tile(SOFT, (40, 1))
    gap = value_of("categorical_crossentropy", targets, outputs) - value_of("kl_divergence", targets, outputs)
    np.testing.assert_allclose(gap, ENTROPY, rtol=1e-12)
    assert round(float(gap[0]), 5) == 0.80182


def test_divergence_is_zero_only_where_the_prediction_is_the_target() -> None:
    rng = np.random.default_rng(2)
    targets = rng.dirichlet([1, 1, 1], 30)
    np.testing.assert_allclose(value_of("kl_divergence", targets, np.log(targets) + 5), 0, atol=1e-12)
    assert (value_of("kl_divergence", targets, np.log(targets) + rng.normal(0, 1, (30, 3))) > 1e-6).all()


def test_divergence_from_soft_targets_has_the_gradient_p_minus_y() -> None:
    rng = np.random.default_rng(4)
    targets, outputs = rng.dirichlet([1, 1, 1], 20), rng.normal(0, 2, (20, 3))
    p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    for key in ("kl_divergence", "categorical_crossentropy"):
        found = central_differences(LOSSES[key], targets, outputs)
        np.testing.assert_allclose(found, p - targets, rtol=1e-5, atol=1e-8)


def test_two_class_crossentropy_is_binary_crossentropy_of_the_difference() -> None:
    rng = np.random.default_rng(5)
    z, y = rng.normal(0, 3, (50, 2)), rng.integers(0, 2, 50)
    both = value_of("categorical_crossentropy", np.eye(2)[y], z)
    np.testing.assert_allclose(value_of("binary_crossentropy", y, z[:, 1] - z[:, 0]), both, rtol=1e-10)


@pytest.mark.parametrize("loss", fitting("multiclass"), ids=lambda loss: loss.key)
def test_a_shift_of_all_logits_changes_nothing(loss: Loss) -> None:
    y, f = random_rows(loss)
    np.testing.assert_allclose(value_of(loss.key, y, f + 1000), value_of(loss.key, y, f), rtol=1e-9, atol=1e-14)


def test_brier_loss_of_two_classes_is_twice_the_squared_error_of_the_probability() -> None:
    rng = np.random.default_rng(6)
    z, y = rng.normal(0, 3, (50, 2)), rng.integers(0, 2, 50)
    p = 1 / (1 + np.exp(z[:, 0] - z[:, 1]))
    np.testing.assert_allclose(value_of("brier", np.eye(2)[y], z), 2 * (p - y) ** 2, rtol=1e-10)


def test_mean_brier_loss_is_the_brier_score() -> None:
    y, f = random_rows(LOSSES["brier"])
    p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    outcome = Outcome(target=y.argmax(axis=1), prediction=p.argmax(axis=1), probability=p)
    assert value_of("brier", y, f).mean() == pytest.approx(METRICS["brier"].function(np, outcome), rel=1e-12)


def test_brier_loss_of_a_certain_mistake_is_2_without_a_gradient_and_of_the_truth_0() -> None:
    y, f = np.eye(3), 1e4 * np.eye(3)
    np.testing.assert_allclose(value_of("brier", y, f), 0, atol=1e-300)
    np.testing.assert_allclose(value_of("brier", y, np.roll(f, 1, axis=1)), 2)
    np.testing.assert_array_equal(central_differences(LOSSES["brier"], y, np.roll(f, 1, axis=1)), 0)


@pytest.mark.parametrize("key", ["brier", "categorical_crossentropy", "kl_divergence"])
def test_a_proper_loss_is_least_in_the_mean_where_the_probabilities_are_the_true_ones(key: str) -> None:
    truth, rng = np.array([0.6, 0.3, 0.1]), np.random.default_rng(8)

    def expected(f: np.ndarray) -> float:
        return float(truth @ value_of(key, np.eye(3), np.tile(f, (3, 1))))

    least = expected(np.log(truth))
    assert all(expected(np.log(truth) + rng.normal(0, 0.5, 3)) > least for _ in range(50))


@pytest.mark.parametrize(("key", "power"), [("hinge", 1), ("squared_hinge", 2)])
def test_hinge_is_zero_beyond_the_margin_and_symmetric_in_the_classes(key: str, power: int) -> None:
    f = np.linspace(-5, 5, 101)
    positive, negative = value_of(key, np.ones(101), f), value_of(key, -np.ones(101), -f)
    np.testing.assert_array_equal(positive, negative)
    assert (positive[f >= 1] == 0).all()
    assert (positive[f < 1 - 1e-9] > 0).all()
    assert positive[0] == 6**power


def test_binary_crossentropy_of_a_confident_mistake_is_its_logit() -> None:
    np.testing.assert_allclose(value_of("binary_crossentropy", [1, 0], [-1e4, 1e4]), [1e4, 1e4])
    np.testing.assert_allclose(value_of("binary_crossentropy", [0, 1], [-1e4, 1e4]), [0, 0], atol=1e-12)


def test_msle_has_no_gradient_below_zero() -> None:
    f = np.array([-3.0, -0.1])
    np.testing.assert_array_equal(central_differences(LOSSES["msle"], np.array([2.0, 2.0]), f), [0, 0])


# Looking losses up


@pytest.mark.parametrize("kind", KINDS)
def test_all_stands_for_every_loss_that_fits(kind: Kind) -> None:
    expected = tuple(key for key, loss in LOSSES.items() if kind in loss.kinds)
    assert losses_for(kind, ("all",)) == losses_for(kind, ()) == expected


def test_losses_come_in_the_order_asked_for_without_repeats() -> None:
    assert losses_for("binary", ("squared_hinge", "hinge", "squared_hinge")) == ("squared_hinge", "hinge")
    assert losses_for("binary", ("hinge", "all"))[0] == "hinge"
    assert sorted(losses_for("binary", ("hinge", "all"))) == sorted(losses_for("binary", ()))


@every_loss
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("lowest", [-math.inf, -1e-9, 0.0, 1.0, math.inf])
def test_a_loss_fits_its_kinds_where_no_target_is_below_its_range_and_under_the_tutorial_as_it_was_there(
    loss: Loss, protocol: str, lowest: float
) -> None:
    in_range = not lowest < loss.lowest or (protocol == "tutorial" and loss.tutorial is not None)
    for kind in KINDS:
        assert loss.fits(kind, lowest, protocol) == (kind in loss.kinds and in_range)
        assert (loss in fitting(kind, lowest, protocol)) == loss.fits(kind, lowest, protocol)
        assert (loss.key in losses_for(kind, ("all",), lowest, protocol)) == loss.fits(kind, lowest, protocol)


def test_lowest_target_is_the_range_that_is_told() -> None:
    ranges = {-math.inf: "any y", 0: "y ≥ 0"}
    assert all(loss.valid == ranges[loss.lowest] for loss in LOSSES.values() if loss.reading == "value")
    assert (LOSSES["mse"].lowest, LOSSES["msle"].lowest) == (-math.inf, 0)


@pytest.mark.parametrize("protocol", ["fair", "published"])
def test_msle_is_refused_where_targets_may_be_negative_with_why_and_what_fits(protocol: str) -> None:
    with pytest.raises(DoesNotFit) as raised:
        losses_for("regression", ("mse", "msle"), -math.inf, protocol)
    assert str(raised.value) == (
        "msle needs targets y ≥ 0, and this task's go below; --protocol tutorial trains it all the same, "
        f"as the tutorial did. Losses that fit: {', '.join(loss.key for loss in fitting('regression', -math.inf))}."
    )
    assert raised.value.exit_code == 2
    assert "msle" not in losses_for("regression", ("all",), -math.inf, protocol)
    assert {"mse", "mae"} <= set(losses_for("regression", ("all",), -math.inf, protocol))


def test_msle_is_taken_under_the_tutorial_and_where_no_target_is_negative() -> None:
    assert losses_for("regression", ("msle",), -math.inf, "tutorial") == ("msle",)
    assert {"mse", "msle", "mae"} <= set(losses_for("regression", ("all",), -math.inf, "tutorial"))
    assert {"mse", "msle", "mae"} <= set(losses_for("regression", ("all",), 0.0, "fair"))


@every_loss
def test_a_loss_of_another_kind_is_refused_with_what_fits(loss: Loss) -> None:
    for kind in set(KINDS) - set(loss.kinds):
        with pytest.raises(DoesNotFit, match=f"^{loss.key} is a loss for") as raised:
            losses_for(kind, (loss.key,))
        assert all(one.key in str(raised.value) for one in fitting(kind))
        assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("typed", "near"),
    [("hindge", "hinge"), ("MSE", "mse"), ("binary-crossentropy", "binary_crossentropy"), ("kl", "kl_divergence")],
)
def test_a_near_miss_is_suggested(typed: str, near: str) -> None:
    with pytest.raises(UnknownName) as raised:
        loss_named(typed)
    message = str(raised.value)
    assert repr(typed) in message
    assert near in message
    assert raised.value.exit_code == 2


def test_what_is_near_nothing_gets_the_whole_list() -> None:
    with pytest.raises(UnknownName) as raised:
        losses_for("binary", ("zzzzzz",))
    assert raised.value.near == []
    assert str(raised.value) == f"There is no loss 'zzzzzz'. Known: {', '.join(LOSSES)}."


def test_the_tutorials_head_is_used_under_its_protocol_alone() -> None:
    assert LOSSES["hinge"].head("tutorial") == "tanh"
    assert LOSSES["hinge"].head("fair") == LOSSES["hinge"].activation == "linear"
    assert LOSSES["msle"].head("tutorial") == "linear"
    assert {key for key, loss in LOSSES.items() if loss.tutorial} == {"msle", "hinge", "squared_hinge"}
