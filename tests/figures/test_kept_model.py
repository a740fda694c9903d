import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix
from sklearn.neural_network import MLPClassifier, MLPRegressor

from lossterm.comparison.hyperparameters import ACTIVATIONS
from lossterm.figures.kept_model import confusion, field, outputs, predicted, reliability, residuals
from lossterm.losses import Activation, Link, Reading
from lossterm.losses.prediction_from_output import Predicted, prediction_of
from lossterm.losses.target_scaling import Scaling
from lossterm.store import Model

RNG = np.random.default_rng(0)


def model_of(
    *layers: tuple[np.ndarray, np.ndarray],
    reading: Reading = "value",
    activation: str = "relu",
    head: Activation = "linear",
    link: Link = "identity",
    scaling: Scaling | None = None,
) -> Model:
    """Return a model of these kernels and biases; at its other place, 0, all of them are 0."""
    flat = np.concatenate([part.ravel() for layer in layers for part in layer]).astype("<f4")
    return Model(
        trial=1,
        epochs=(0, 7),
        layers=(len(layers[0][0]), *(len(bias) for _, bias in layers)),
        activation=activation,
        head=head,
        reading=reading,
        link=link,
        scaling=scaling or Scaling(),
        data=np.stack([np.zeros_like(flat), flat]).tobytes(),
    )


def linear(kernel: list[list[float]], bias: list[float], **settings: Any) -> Model:
    return model_of((np.array(kernel), np.array(bias)), **settings)


# The forward pass


UNTRAINED = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # nor need it be trained


@UNTRAINED
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("hidden", [(5,), (4, 3)])
def test_a_regression_network_gives_what_scikit_learns_network_of_the_same_weights_gives(
    activation: str, hidden: tuple[int, ...]
) -> None:
    x = RNG.normal(size=(60, 3))
    network = MLPRegressor(hidden_layer_sizes=hidden, activation=activation, max_iter=5, random_state=0)
    network.fit(x, x.sum(axis=1))
    model = model_of(*zip(network.coefs_, network.intercepts_, strict=True), activation=activation)
    np.testing.assert_allclose(outputs(model, -1, x), network.predict(x), atol=1e-5)
    np.testing.assert_allclose(predicted(model, 1, x).prediction, network.predict(x), atol=1e-5)
    np.testing.assert_array_equal(outputs(model, 0, x), 0)


@UNTRAINED
@pytest.mark.parametrize(("classes", "reading"), [(2, "logit"), (4, "logits")])
def test_a_classifier_gives_the_classes_and_probabilities_of_scikit_learns(classes: int, reading: Reading) -> None:
    x = RNG.normal(size=(90, 2))
    network = MLPClassifier((6,), max_iter=5, random_state=0, solver="lbfgs")
    network.fit(x, (np.arctan2(x[:, 0], x[:, 1]) // (2.01 * np.pi / classes)).astype(int) + 2)
    model = model_of(*zip(network.coefs_, network.intercepts_, strict=True), reading=reading)
    predictions = predicted(model, 1, x)
    assert predictions.probability is not None
    np.testing.assert_allclose(predictions.probability, network.predict_proba(x), atol=1e-5)
    np.testing.assert_array_equal(network.classes_[predictions.prediction], network.predict(x))
    assert outputs(model, 1, x).shape == ((90,) if classes == 2 else (90, 4))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("linear", [[1, -2]]),
        ("tanh", [[math.tanh(1), math.tanh(-2)]]),
        ("sigmoid", [[1 / (1 + math.exp(-1)), 1 / (1 + math.exp(2))]]),
        ("softmax", [[1 / (1 + math.exp(-3)), 1 / (1 + math.exp(3))]]),
    ],
)
def test_the_output_layer_has_an_activation_of_its_own(head: Activation, expected: list[list[float]]) -> None:
    model = linear([[1, 0], [0, -1]], [0, 0], head=head, reading="scores")
    np.testing.assert_allclose(outputs(model, 1, np.array([[1, 2]])), expected, rtol=1e-6)


def phi(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


SELU = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
"""λ and α of Klambauer et al. 2017."""


@pytest.mark.parametrize(
    ("activation", "formula"),
    [
        ("relu", lambda x: max(x, 0)),
        ("leaky_relu", lambda x: x if x > 0 else 0.2 * x),
        ("elu", lambda x: x if x > 0 else math.exp(x) - 1),
        ("selu", lambda x: SELU[0] * (x if x > 0 else SELU[1] * (math.exp(x) - 1))),
        ("silu", lambda x: x / (1 + math.exp(-x))),
        ("gelu", lambda x: x * phi(x)),
        ("tanh", math.tanh),
        ("sigmoid", lambda x: 1 / (1 + math.exp(-x))),
    ],
)
def test_hidden_layers_have_the_activations_of_the_textbooks(
    activation: str, formula: Callable[[float], float]
) -> None:
    identity = (np.eye(1), np.zeros(1))
    x = np.concatenate([np.linspace(-6, 6, 241), [-30, -1e-4, 1e-4, 30]])
    values = outputs(model_of(identity, identity, activation=activation), 1, x[:, None])
    np.testing.assert_allclose(values, [formula(value) for value in x.tolist()], rtol=2e-6, atol=1e-6)


def test_every_activation_that_may_be_asked_for_is_known_and_does_not_overflow() -> None:
    layer = (np.eye(2), np.zeros(2))
    for activation in ACTIVATIONS:
        values = outputs(model_of(layer, layer, activation=activation), 1, np.array([[-1e4, 1e4]]))
        assert np.isfinite(values).all(), activation


def test_a_place_that_was_not_kept_is_refused() -> None:
    with pytest.raises(IndexError):
        outputs(linear([[1]], [0]), 2, np.zeros((1, 1)))


# What is read off an output


def test_values_come_in_the_units_of_the_target_and_of_several_outputs_the_first_is_the_value() -> None:
    scaling = Scaling(origin=5, unit=2)
    x = np.array([[0.0], [1.0], [-1.0]])
    assert predicted(linear([[3]], [1], scaling=scaling), 1, x).prediction.tolist() == [7, 13, 1]
    two = linear([[3, 100]], [1, 100], scaling=scaling)
    assert predicted(two, 1, x).prediction.tolist() == [7, 13, 1]
    log = linear([[1]], [0], link="log", scaling=Scaling(unit=10))
    np.testing.assert_allclose(predicted(log, 1, x).prediction, [10, 10 * math.e, 10 / math.e], rtol=1e-6)
    log1p = linear([[1]], [0], scaling=Scaling(log1p=True))
    np.testing.assert_allclose(predicted(log1p, 1, x).prediction, np.expm1([0, 1, -1]), rtol=1e-6)


def test_classes_are_the_sign_or_the_largest_and_only_logits_give_probabilities() -> None:
    one, three = np.array([-2.0, 0.0, 0.5]), np.array([[1.0, 3.0, 2.0], [0.0, -1.0, -2.0]])
    for reading, output, classes in (("margin", one, [0, 0, 1]), ("scores", three, [1, 0])):
        predictions = prediction_of(output, reading, "identity", Scaling())  # type: ignore[arg-type]  # a tuple's words are plain str
        assert (predictions.prediction.tolist(), predictions.probability) == (classes, None)
    two = prediction_of(one, "logit", "identity", Scaling())
    assert two.probability is not None
    np.testing.assert_allclose(two.probability[:, 1], 1 / (1 + np.exp(-one)))
    np.testing.assert_allclose(two.probability.sum(axis=1), 1)
    assert two.prediction.tolist() == [0, 0, 1]
    many = prediction_of(three, "logits", "identity", Scaling())
    assert many.probability is not None
    np.testing.assert_allclose(many.probability, np.exp(three) / np.exp(three).sum(axis=1, keepdims=True))
    far = prediction_of(np.array([-1e4, 1e4]), "logit", "identity", Scaling()).probability
    assert far is not None
    assert far.tolist() == [[1, 0], [0, 1]]


def test_weights_that_overflow_give_predictions_that_are_not_finite_and_no_warning() -> None:
    huge = linear([[3e38, 3e38], [3e38, -3e38]], [0, 0], reading="logits")
    x = np.array([[3.0, 3.0], [-3.0, 3.0]])
    assert not np.isfinite(outputs(huge, 1, x)).all()
    assert set(predicted(huge, 1, x).prediction.tolist()) <= {0, 1}
    assert np.isnan(field(huge, 1, (-9, -9), (9, 9), 4, 4)[1]).any()  # a map shows where nothing is predicted
    steep = linear([[3e38]], [0], link="log")
    assert predicted(steep, 1, np.array([[9.0]])).prediction.tolist() == [math.inf]


# The plane


def test_a_field_has_its_largest_second_feature_on_top_and_takes_the_centres_of_its_cells() -> None:
    by_height = linear([[0], [1]], [-0.1], reading="margin")
    classes, confidence = field(by_height, 1, (-1, -1), (1, 1), 3, 4)
    assert classes.tolist() == [[1] * 3, [1] * 3, [0] * 3, [0] * 3]
    centres = np.array([0.75, 0.25, -0.25, -0.75]) - 0.1
    np.testing.assert_allclose(confidence, np.tanh(np.abs(centres))[:, None].repeat(3, axis=1), rtol=1e-6)
    by_width = linear([[1], [0]], [-2.5], reading="margin")
    assert field(by_width, 1, (0, 10), (4, 20), 4, 2)[0].tolist() == [[0, 0, 0, 1]] * 2


def test_confidence_is_the_probability_between_chance_and_certainty() -> None:
    def at(model: Model) -> float:
        return float(field(model, 1, (0, 0), (1, 1), 1, 1)[1][0, 0])

    for p in (0.5, 0.75, 0.999):
        z = math.log(p / (1 - p))
        assert at(linear([[0], [0]], [z], reading="logit")) == pytest.approx(2 * p - 1, abs=1e-6)
        assert at(linear([[0], [0]], [-z], reading="logit")) == pytest.approx(2 * p - 1, abs=1e-6)
    for p in (1 / 3, 0.5, 0.9):
        logits = [math.log((1 - p) / 2), math.log(p), math.log((1 - p) / 2)]
        expected = (p - 1 / 3) / (2 / 3)
        assert at(linear([[0] * 3] * 2, logits, reading="logits")) == pytest.approx(expected, abs=1e-6)
    assert at(linear([[0] * 3] * 2, [1, 3, 2.5], reading="scores")) == pytest.approx(math.tanh(0.5))


def test_only_classes_over_two_features_have_a_field() -> None:
    for model in (linear([[1]] * 3, [0], reading="logit"), linear([[1]] * 2, [0])):
        with pytest.raises(ValueError, match="two features"):
            field(model, 1, (0, 0), (1, 1), 2, 2)


# How far it is right


def test_residuals_are_prediction_less_target() -> None:
    predictions = Predicted(prediction=np.array([1.0, 2.0]))
    assert residuals(predictions, np.array([3.0, 0.5])).tolist() == [-2, 1.5]


@pytest.mark.parametrize("classes", [2, 5])
def test_confusion_is_scikit_learns(classes: int) -> None:
    target, prediction = RNG.integers(0, classes, (2, 300))
    expected = confusion_matrix(target, prediction)
    np.testing.assert_array_equal(confusion(prediction, target, classes), expected)
    none = confusion(np.zeros(0, int), np.zeros(0, int), classes)
    assert none.tolist() == np.zeros((classes, classes)).tolist()


@pytest.mark.parametrize("bins", [5, 10])
def test_reliability_of_two_classes_is_scikit_learns_calibration_curve(bins: int) -> None:
    sure = np.concatenate([RNG.uniform(0, 0.55, 400), [0, 0.5, 1]])
    target = (RNG.random(403) < sure**2).astype(int)
    filled = reliability(np.stack([1 - sure, sure], axis=1), target, bins)
    accuracy, confidence = calibration_curve(target, sure, n_bins=bins)
    np.testing.assert_allclose([one.accuracy for one in filled], accuracy)
    np.testing.assert_allclose([one.confidence for one in filled], confidence)
    assert len(filled) < bins  # what is empty is left out
    assert sum(one.count for one in filled) == 403
    assert all(one.low <= one.confidence <= one.high for one in filled)
    assert {round((one.high - one.low) * bins, 9) for one in filled} == {1}


def test_reliability_of_several_classes_is_that_of_the_predicted_one() -> None:
    probability = RNG.dirichlet([1, 1, 1], 500)
    target = np.array([RNG.choice(3, p=row) for row in probability])
    accuracy, confidence = calibration_curve(target == probability.argmax(axis=1), probability.max(axis=1), n_bins=10)
    filled = reliability(probability, target)
    np.testing.assert_allclose([one.accuracy for one in filled], accuracy)
    np.testing.assert_allclose([one.confidence for one in filled], confidence)
    broken = np.concatenate([probability, np.full((3, 3), np.nan)])
    assert reliability(broken, np.concatenate([target, [0, 1, 2]])) == filled


def test_a_model_is_the_same_after_json_and_back() -> None:
    model = linear([[1.5]], [-2], scaling=Scaling(origin=1 / 3, log1p=True))
    assert msgspec.json.decode(msgspec.json.encode(model), type=Model) == model
