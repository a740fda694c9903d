"""Where Keras's own losses are not what their name says: each shown on Keras itself, and on ours."""

import inspect
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lossterm.errors import DoesNotFit
from lossterm.losses import loss_named
from tests.losses import TABLES, loss_of, random_rows
from tests.losses.elsewhere import CASES, factor_of, given

from .conftest import trial_of

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def losses(runtime: ModuleType) -> Any:
    """`keras.losses`."""
    return runtime.keras.losses


@pytest.fixture(scope="module")
def differentiated(runtime: ModuleType) -> Any:
    """`(function, output) -> (value, gradient)`, both in NumPy."""

    def differentiated_loss(function: Any, output: Any) -> tuple[np.ndarray, np.ndarray]:
        variable = runtime.tf.Variable(np.asarray(output, np.float32))
        with runtime.tf.GradientTape() as tape:
            value = function(variable)
        return np.asarray(value), np.asarray(tape.gradient(value, variable))

    return differentiated_loss


def ours(runtime: ModuleType, name: str, y: Any, protocol: str = "fair") -> Any:
    """Return a loss of the catalogue as a function of the output."""
    target = runtime.tf.constant(np.asarray(y, np.float32))
    return lambda f: loss_named(name).under(protocol)(runtime.keras.ops, target, f)


def column(values: list[float]) -> np.ndarray:
    return np.array(values, np.float32)[:, None]


def test_what_keras_has_for_a_loss_gives_its_values_for_every_row_with_its_factor_and_defaults(losses: Any) -> None:
    told = 0
    for key in CASES:
        loss = loss_named(key)
        y, f = random_rows(loss)
        for one in (one for one in loss.equivalents or () if one.library == "keras"):
            made = getattr(losses, one.name.removeprefix("keras.losses."))
            target, prediction = given(one, loss, y, f)
            if prediction.ndim == 1:
                target, prediction = target[:, None], prediction[:, None]
            arguments = {argument.name: argument.value for argument in one.arguments}
            values = made(**arguments, reduction=None)(target, prediction.astype(np.float32))
            theirs = factor_of(one, loss, y, f) * np.asarray(values)
            np.testing.assert_allclose(theirs, loss_of(loss, y, f), rtol=1e-4, atol=1e-5, err_msg=one.text)
            defaults = inspect.signature(made).parameters
            for argument in one.arguments:
                assert argument.default == defaults[argument.name].default, one.text
            told += 1
    assert told > 40


def test_what_is_said_to_clip_does_and_the_rest_does_not(losses: Any) -> None:
    for loss in (loss for loss in TABLES.values() if loss.by_class):
        z = np.array([[-60.0, 60.0, 0.0]])
        y = np.array([0]) if loss.encoding == "index" else np.eye(3)[:1]
        for one in (one for one in loss.equivalents or () if one.library == "keras"):
            target, prediction = given(one, loss, y, z)
            arguments = {argument.name: argument.value for argument in one.arguments}
            form = getattr(losses, one.name.removeprefix("keras.losses."))(**arguments, reduction=None)
            theirs = factor_of(one, loss, y, z) * np.asarray(form(target, prediction.astype(np.float32)))
            same = np.allclose(theirs, loss_of(loss, y, z), rtol=1e-3)
            assert same == (not one.clips), one.text


def test_keras_msle_has_no_gradient_where_a_standardised_output_is_not_positive_and_takes_negative_targets_for_0(
    runtime: ModuleType, losses: Any, differentiated: Any
) -> None:
    y, f = [-1.5, 0.5, 2.0], [-0.3, -0.3, -0.3]
    keras_form = losses.MeanSquaredLogarithmicError(reduction=None)
    value, gradient = differentiated(lambda f: keras_form(column(y), f[:, None]), f)
    np.testing.assert_array_equal(gradient, 0)
    np.testing.assert_allclose(value, [0, np.log(1.5) ** 2, np.log(3) ** 2], atol=1e-6)  # −1.5 is 0, and so is −0.3
    theirs, gradient_theirs = differentiated(ours(runtime, "msle", y, "tutorial"), f)
    np.testing.assert_allclose(theirs, value, rtol=1e-6)  # which the tutorial's configuration keeps, and says so
    np.testing.assert_array_equal(gradient_theirs, 0)
    variant = loss_named("msle").variant("tutorial")
    assert variant is not None
    assert "clipped" in variant.note


def test_our_msle_has_a_gradient_at_every_output(runtime: ModuleType, losses: Any, differentiated: Any) -> None:
    y, z = [0.0, 0.5, 2.0], [-0.3, -3.0, 1.0]
    value, gradient = differentiated(ours(runtime, "msle", y), z)
    assert (np.abs(gradient) > 1e-3).all()
    expected = losses.MeanSquaredLogarithmicError(reduction=None)(column(y), np.exp(column(z)))
    np.testing.assert_allclose(value, expected, rtol=1e-5)  # and where the clip does nothing, it is Keras's


def test_keras_mape_is_a_billion_where_a_target_is_0_and_ours_refuses_such_a_task(losses: Any) -> None:
    value = float(losses.MeanAbsolutePercentageError()(column([0.0]), column([1.0])))
    assert value == pytest.approx(1e9, rel=1e-5)
    for task in ("counts", "claims", "regression"):
        with pytest.raises(DoesNotFit, match="mape needs targets y ≠ 0"):
            trial_of(task, "mape", protocol="fair")
    assert trial_of("prices", "mape", protocol="fair").loss == "mape"


def test_keras_poisson_is_nan_below_minus_1e_7_and_ours_is_finite_at_every_output(
    runtime: ModuleType, losses: Any, differentiated: Any
) -> None:
    assert np.isfinite(float(losses.Poisson()(column([2.0]), column([0.0]))))
    assert np.isnan(float(losses.Poisson()(column([2.0]), column([-2e-7]))))
    value, gradient = differentiated(ours(runtime, "poisson", [2.0, 2.0]), [-2e-7, -50.0])
    np.testing.assert_allclose(value, [1, 100], rtol=1e-5)
    np.testing.assert_allclose(gradient, [-1, -2], rtol=1e-5)


def test_keras_kl_divergence_has_no_gradient_at_extreme_logits_and_ours_has(
    runtime: ModuleType, losses: Any, differentiated: Any
) -> None:
    target, logits = np.array([[1, 0, 0]], np.float32), [[-40.0, 40.0, 0.0]]
    theirs, no_gradient = differentiated(lambda z: losses.KLDivergence()(target, runtime.tf.nn.softmax(z)), logits)
    assert float(theirs) == pytest.approx(16.118, abs=1e-3)
    np.testing.assert_allclose(no_gradient, [[0, 0, 0]], atol=1e-20)
    value, gradient = differentiated(ours(runtime, "kl_divergence", target), logits)
    np.testing.assert_allclose(value, [80])
    np.testing.assert_allclose(gradient, [[-1, 1, 0]], atol=1e-6)


def test_keras_categorical_hinge_is_2_for_a_row_that_is_right_by_far_where_all_logits_are_negative(
    runtime: ModuleType, losses: Any
) -> None:
    target = np.array([[1, 0, 0]], np.float32)
    logits = np.array([[-1, -5, -6]], np.float32)  # right, with a margin of 4
    assert float(losses.CategoricalHinge()(target, logits)) == pytest.approx(2)  # the true class's own 0 is its rival
    differentiated_loss = ours(runtime, "multiclass_hinge", target)
    assert float(differentiated_loss(runtime.tf.constant(logits))[0]) == 0
    assert (
        float(differentiated_loss(runtime.tf.constant(logits + 100))[0]) == 0
    )  # and a shift of all logits changes nothing
    assert float(losses.CategoricalHinge()(target, logits + 100)) == 0


def test_keras_categorical_focal_loss_with_gamma_0_is_a_quarter_of_cross_entropy_and_ours_is_all_of_it(
    runtime: ModuleType, losses: Any
) -> None:
    rng = np.random.default_rng(0)
    target, logits = np.eye(3, dtype=np.float32)[rng.integers(3, size=50)], rng.normal(size=(50, 3)).astype(np.float32)
    entropy = losses.CategoricalCrossentropy(from_logits=True, reduction=None)(target, logits)
    theirs = losses.CategoricalFocalCrossentropy(gamma=0, from_logits=True, reduction=None)(target, logits)
    np.testing.assert_allclose(theirs, 0.25 * np.asarray(entropy), rtol=1e-5)
    differentiated_loss = ours(runtime, "focal:gamma=0", target)(runtime.tf.constant(logits))
    np.testing.assert_allclose(differentiated_loss, entropy, rtol=1e-5)


def test_keras_generalised_cross_entropy_makes_n_by_n_losses_of_a_column_of_labels_without_a_word(
    runtime: ModuleType, losses: Any
) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=8)
    logits = rng.normal(size=(8, 3)).astype(np.float32)
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    form = losses.CategoricalGeneralizedCrossEntropy(q=0.7, reduction=None)
    assert form.call(labels[:, None], probability).shape == (8, 8)
    right = (1 - probability[np.arange(8), labels] ** 0.7) / 0.7
    np.testing.assert_allclose(form.call(labels, probability), right, rtol=1e-5)
    differentiated_loss = ours(runtime, "gce:q=0.7", np.eye(3)[labels])(runtime.tf.constant(logits))
    assert differentiated_loss.shape == (8,)
    np.testing.assert_allclose(differentiated_loss, right, rtol=1e-5)


def test_keras_cosine_similarity_of_one_unit_is_plus_or_minus_1_without_a_gradient_and_so_is_left_out(
    losses: Any, differentiated: Any
) -> None:
    y, f = column([-2.0, 0.5, 1.0]), [0.3, 0.1, -4.0]
    form = losses.CosineSimilarity(reduction=None)
    value, gradient = differentiated(lambda f: form(y, f[:, None]), f)
    np.testing.assert_allclose(value, [1, -1, 1], rtol=1e-5)
    np.testing.assert_allclose(gradient, 0, atol=1e-6)
    with pytest.raises(DoesNotFit, match="cosine_similarity is left out: with one unit it is always ±1"):
        loss_named("cosine_similarity")
