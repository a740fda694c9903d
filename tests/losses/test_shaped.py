"""Losses of ranks, labels and masks: values by hand, by other sources and by definition, identities and extremes."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, softmax
from scipy.stats import logistic
from sklearn import metrics as sk
from sklearn._loss import loss as sklearn_loss

from lossterm.losses import LOSSES, loss_named
from lossterm.losses.prediction_from_output import prediction_of, rank_probabilities
from lossterm.losses.target_scaling import Scaling
from tests.cells import each
from tests.losses import TABLES, XP, rows_of

SHAPED = {key: loss for key, loss in LOSSES.items() if key not in TABLES}
LN2, LN3 = math.log(2), math.log(3)

IMAGE = np.array([[1, 0], [0, 0]])
OUTPUT = np.array([[LN3, 0.0], [0.0, 0.0]])  # p is ¾ on the object and ½ elsewhere: TP ¾, FP 1½, FN ¼
THREE = np.array([[0, 1], [2, 2]])
EVEN = np.zeros((2, 2, 3))

Worked = list[tuple[object, object, float]]

WORKED: dict[str, Worked] = {
    "asymmetric": [
        ([1], [0.0], LN2 / 2),
        ([0], [0.0], -(0.45**4) * math.log(0.55)),
        ([0, 1], [0.0, LN3], (-(0.45**4) * math.log(0.55) - 0.25 * math.log(0.75)) / 2),
        ([0], [-LN3 * 3], 0.0),  # p is 1/28, below the clip
    ],
    "coral": [  # z = 0 and −ln 2
        ([1, 0, 0], [0.0, 0.0], LN2 + math.log(1.5)),
        ([0, 1, 0], [0.0, 0.0], LN2 + math.log(1.5)),
        ([0, 0, 1], [0.0, 0.0], LN2 + math.log(1.5) + LN2),
    ],
    "corn": [  # ½, ¼, ¼
        ([1, 0, 0], [0.0, 0.0], LN2),
        ([0, 1, 0], [0.0, 0.0], 2 * LN2),
        ([0, 0, 1], [0.0, LN3], LN2 - math.log(0.75)),
    ],
    "cumulative_link": [  # ½, 1/6, 1/3
        ([1, 0, 0], [0.0, 0.0], LN2),
        ([0, 1, 0], [0.0, 0.0], math.log(6)),
        ([0, 0, 1], [0.0, 0.0], LN3),
    ],
    "squared_emd": [
        ([1, 0, 0], [0.0, 0.0, 0.0], 5 / 9),
        ([0, 1, 0], [0.0, 0.0, 0.0], 2 / 9),
        ([0, 0, 1], [0.0, LN2, math.log(5)], 10 / 64),  # 1/8, 2/8, 5/8
    ],
    "dice": [
        (IMAGE, OUTPUT, 1 - 2.5 / 4.25),
        (0 * IMAGE, OUTPUT, 1 - 1 / 3.25),
        (THREE, EVEN, 1 - ((5 / 3) / (1 + 4 / 3 + 1) + (7 / 3) / (2 + 4 / 3 + 1)) / 2),
    ],
    "batch_dice": [(IMAGE, OUTPUT, 1 - 2.5 / 4.25), (0 * IMAGE, OUTPUT, 1 - 1 / 3.25)],
    "tversky": [(IMAGE, OUTPUT, 0.625 / 2.375), (0 * IMAGE, OUTPUT, 0.675 / 1.675)],
    "focal_tversky": [(IMAGE, OUTPUT, (0.625 / 2.375) ** 0.75), (0 * IMAGE, OUTPUT, (0.675 / 1.675) ** 0.75)],
    "dice_crossentropy": [
        (IMAGE, OUTPUT, 1 - 2.5 / 4.25 + (3 * LN2 - math.log(0.75)) / 4),
        (THREE, EVEN, 1 - ((5 / 3) / (10 / 3) + (7 / 3) / (13 / 3)) / 2 + LN3),
    ],
    "generalised_dice": [
        (IMAGE, OUTPUT, 1 - 2 * (1.5 / 9 + 0.75) / (4.75 / 9 + 3.25)),
        (THREE, EVEN, 1 - 2 * (1 / 3 + 1 / 3 + 1 / 6) / (7 / 3 + 7 / 3 + 10 / 12)),
    ],
    "lovasz_softmax": [(IMAGE, OUTPUT, (0.4375 + 0.5) / 2), (0 * IMAGE, OUTPUT, 0.5625)],
    "lovasz_hinge": [(IMAGE, OUTPUT, (0.75 + 1) / 2)],
}


@each("key", SHAPED)
def test_value_is_what_was_worked_out_by_hand(key: str) -> None:
    loss = SHAPED[key]
    for target, output, expected in WORKED[key]:
        value = np.asarray(loss(XP, np.array([target]), np.array([output], float)))
        assert value.shape == ((1,) if loss.per == "row" else ())
        assert float(value.sum()) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_every_loss_has_values_worked_out_by_hand() -> None:
    assert list(WORKED) == list(SHAPED)


# By other sources


def probabilities_of(z: np.ndarray) -> np.ndarray:
    """Return the probability of each class of each pixel, (rows, pixels, K)."""
    p = softmax(z, axis=-1) if z.ndim == 4 else np.stack([expit(-z), expit(z)], axis=-1)
    return np.asarray(p.reshape(len(z), -1, p.shape[-1]))


def by_image(one: Callable[..., float]) -> Callable[..., np.ndarray]:
    """Return the oracle of a loss given as `(truth, p, **parameters) -> value` of an image, (pixels, K)."""

    def oracle(y: np.ndarray, z: np.ndarray, **parameters: float) -> np.ndarray:
        p = probabilities_of(z)
        truth = np.eye(p.shape[-1])[y.reshape(len(y), -1)]
        return np.array([one(t, q, **parameters) for t, q in zip(truth, p, strict=True)])

    return oracle


def overlap(truth: np.ndarray, p: np.ndarray, alpha: float, beta: float, smooth: float) -> list[float]:
    """Return the Tversky index of each class but the first, pixel by pixel."""
    indices = []
    for c in range(1, truth.shape[1]):
        hits = sum(q for t, q in zip(truth[:, c], p[:, c], strict=True) if t)
        wrong = sum(q for t, q in zip(truth[:, c], p[:, c], strict=True) if not t)
        missed = sum(1 - q for t, q in zip(truth[:, c], p[:, c], strict=True) if t)
        indices.append((hits + smooth) / (hits + alpha * wrong + beta * missed + smooth))
    return indices


def dice(truth: np.ndarray, p: np.ndarray, smooth: float) -> float:
    return float(1 - np.mean(overlap(truth, p, 0.5, 0.5, smooth / 2)))


def crossentropy(truth: np.ndarray, p: np.ndarray) -> float:
    return float(sk.log_loss(truth.argmax(axis=1), p, labels=range(p.shape[1])))


def generalised(truth: np.ndarray, p: np.ndarray) -> float:
    weights = [1 / max(sum(column), 1) ** 2 for column in truth.T]
    columns = list(zip(weights, truth.T, p.T, strict=True))
    hits = sum(w * sum(t * q for t, q in zip(a, b, strict=True)) for w, a, b in columns)
    sizes = sum(w * (sum(a) + sum(b)) for w, a, b in columns)
    return float(1 - 2 * hits / sizes)


def choquet(truth: np.ndarray, errors: np.ndarray) -> float:
    """The integral over t of 1 − IoU where the pixels with an error above t are wrong: what a Lovász extension is."""
    edges = np.unique(np.concatenate([[0.0], errors]))
    total = 0.0
    for low, high in pairwise(edges.tolist()):
        wrong = errors > low
        missed, added = np.sum(wrong & (truth == 1)), np.sum(wrong & (truth == 0))
        total += (high - low) * float(1 - (truth.sum() - missed) / (truth.sum() + added))
    return float(total)


def lovasz_softmax(truth: np.ndarray, p: np.ndarray) -> float:
    return float(np.mean([choquet(t, np.abs(t - q)) for t, q in zip(truth.T, p.T, strict=True) if t.any()]))


def lovasz_hinge(y: np.ndarray, z: np.ndarray) -> np.ndarray:
    scores = z if z.ndim == 4 else np.stack([-z, z], axis=-1)
    values = []
    for mask, image in zip(y, scores, strict=True):
        truth = np.eye(scores.shape[-1])[mask.ravel()]
        hinges = np.maximum(1 - (2 * truth - 1) * image.reshape(len(truth), -1), 0)
        values.append(np.mean([choquet(t, h) for t, h in zip(truth.T, hinges.T, strict=True) if t.any()]))
    return np.array(values)


def falling(f: np.ndarray) -> np.ndarray:
    return np.array([[row[0] - sum(np.log1p(np.exp(row[1 : k + 1]))) for k in range(len(row))] for row in f])


def coral(y: np.ndarray, f: np.ndarray) -> np.ndarray:
    """As `coral_pytorch.losses.coral_loss` is documented, of the falling logits: BCE of each level, by scikit-learn."""
    levels = (y.argmax(axis=1)[:, None] > np.arange(f.shape[1])).astype(float)
    z, bce = falling(f), sklearn_loss.HalfBinomialLoss()
    columns = [
        bce.loss(y_true=levels[:, k].copy(), raw_prediction=np.ascontiguousarray(z[:, k])) for k in range(z.shape[1])
    ]
    return np.asarray(np.sum(columns, axis=0))


def corn(y: np.ndarray, f: np.ndarray) -> np.ndarray:
    """The likelihood of reaching rank after rank and no further."""
    ranks, p = y.argmax(axis=1), expit(f)
    chances = [
        np.prod(row[:rank]) * (1 - row[rank] if rank < len(row) else 1) for rank, row in zip(ranks, p, strict=True)
    ]
    return np.asarray(-np.log(chances))


def cumulative_link(y: np.ndarray, f: np.ndarray) -> np.ndarray:
    """McCullagh's model by SciPy's logistic distribution: the rank says between which thresholds a quantity lies."""
    values = []
    for rank, z in zip(y.argmax(axis=1), falling(f), strict=True):
        thresholds = [-math.inf, *(-z), math.inf]
        values.append(-math.log(logistic.cdf(thresholds[rank + 1]) - logistic.cdf(thresholds[rank])))
    return np.array(values)


def squared_emd(y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The integral of (P − Y)² over the ranks, Epstein's ranked probability score times K − 1."""
    p = softmax(z, axis=1)
    return np.array(
        [sum((sum(q[: k + 1]) - sum(t[: k + 1])) ** 2 for k in range(len(t))) for t, q in zip(y, p, strict=True)]
    )


def asymmetric(y: np.ndarray, z: np.ndarray, gamma_pos: float, gamma_neg: float, clip: float) -> np.ndarray:
    """As its authors write it, in probabilities."""

    def one(there: float, p: float) -> float:
        q = max(0.0, p - clip)
        return float(-((1 - p) ** gamma_pos) * math.log(p) if there else -(q**gamma_neg) * math.log(1 - q))

    p = expit(z)
    return np.array([np.mean([one(t, q) for t, q in zip(a, b, strict=True)]) for a, b in zip(y, p, strict=True)])


def whole(y: np.ndarray, z: np.ndarray, smooth: float) -> np.ndarray:
    """Dice of one image that is put together of all."""
    p = probabilities_of(z)
    truth = np.eye(p.shape[-1])[y.reshape(len(y), -1)]
    return np.array(dice(truth.reshape(-1, p.shape[-1]), p.reshape(-1, p.shape[-1]), smooth))


ORACLES: dict[str, Callable[..., np.ndarray]] = {
    "asymmetric": asymmetric,
    "coral": coral,
    "corn": corn,
    "cumulative_link": cumulative_link,
    "squared_emd": squared_emd,
    "dice": by_image(dice),
    "batch_dice": whole,
    "tversky": by_image(lambda t, p, alpha, beta, smooth: 1 - float(np.mean(overlap(t, p, alpha, beta, smooth)))),
    "focal_tversky": by_image(
        lambda t, p, alpha, beta, gamma, smooth: float(
            np.mean((1 - np.array(overlap(t, p, alpha, beta, smooth))) ** gamma)
        )
    ),
    "dice_crossentropy": by_image(lambda t, p, weight, smooth: dice(t, p, smooth) + weight * crossentropy(t, p)),
    "generalised_dice": by_image(generalised),
    "lovasz_softmax": by_image(lovasz_softmax),
    "lovasz_hinge": lovasz_hinge,
}

SPELLED = (
    "asymmetric:gamma_pos=0,gamma_neg=0,clip=0",
    "asymmetric:gamma_neg=2,clip=0.2",
    "dice:smooth=0.001",
    "batch_dice:smooth=5",
    "tversky:alpha=0.9,beta=0.1,smooth=0.5",
    "focal_tversky:alpha=0.6,beta=0.2,gamma=2,smooth=3",
    "dice_crossentropy:weight=0.2,smooth=2",
)
CASES = {name: (loss_named(name), ORACLES[loss_named(name).base]) for name in (*ORACLES, *SPELLED)}


def test_every_loss_has_an_oracle_and_every_parameter_another_value() -> None:
    assert list(ORACLES) == list(SHAPED)
    tried = {(loss.base, name) for loss, _ in CASES.values() for name, _ in loss.settings}
    assert tried == {(loss.key, one.name) for loss in SHAPED.values() for one in loss.parameters}


@each("name", CASES)
def test_value_is_the_oracles_for_two_classes_and_for_more(name: str) -> None:
    loss, oracle = CASES[name]
    for classes in (3, 5) if loss.kinds == ("ordinal",) else (2, 4):
        y, f = rows_of(loss, classes=classes)
        np.testing.assert_allclose(loss(XP, y, f), oracle(y, f, **loss.values), rtol=1e-9, atol=1e-12)


# Identities

SAME = [
    ("tversky:alpha=0.5,beta=0.5,smooth=1", "dice:smooth=2", 1.0),
    ("focal_tversky:gamma=1", "tversky", 1.0),
    ("dice_crossentropy:weight=0", "dice", 1.0),
]


@each(("name", "other", "factor"), SAME, ids=[f"{one}={other}" for one, other, _ in SAME])
def test_one_loss_is_another_times_a_factor(name: str, other: str, factor: float) -> None:
    y, f = rows_of(loss_named(other))
    np.testing.assert_allclose(loss_named(name)(XP, y, f), factor * loss_named(other)(XP, y, f), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("asymmetric:gamma_pos=0,gamma_neg=0,clip=0", "binary_crossentropy"),
        ("asymmetric:gamma_pos=2,gamma_neg=2,clip=0", "binary_focal"),
    ],
)
def test_the_asymmetric_loss_begins_at_those_of_two_classes(name: str, other: str) -> None:
    y, z = rows_of(LOSSES["asymmetric"])
    np.testing.assert_allclose(loss_named(name)(XP, y, z), LOSSES[other](XP, y, z).mean(axis=1), rtol=1e-9)


def test_two_classes_as_two_logits_are_two_classes_as_one() -> None:
    for loss in (one for one in SHAPED.values() if one.kinds == ("segmentation",) and one.probabilistic):
        y, z = rows_of(loss, classes=2)
        np.testing.assert_allclose(
            loss(XP, y, np.stack([np.zeros_like(z), z], axis=-1)), loss(XP, y, z), rtol=1e-9, err_msg=loss.key
        )


def test_dice_of_a_batch_is_that_of_an_image_where_there_is_one_or_all_are_alike() -> None:
    dice, batch = loss_named("dice:smooth=0.00001"), loss_named("batch_dice:smooth=0.00001")
    y, z = rows_of(dice, rows=1)
    assert float(batch(XP, y, z)) == pytest.approx(float(dice(XP, y, z)[0]), rel=1e-9)
    alike = np.repeat(y, 7, axis=0), np.repeat(z, 7, axis=0)
    assert float(batch(XP, *alike)) == pytest.approx(float(dice(XP, y, z)[0]), rel=1e-4)
    y, z = rows_of(dice)
    assert float(batch(XP, y, z)) != pytest.approx(float(dice(XP, y, z).mean()), rel=1e-3)


@pytest.mark.parametrize("classes", [2, 4])
def test_where_outputs_are_certain_losses_of_overlap_are_what_scikit_learn_says_of_the_masks(classes: int) -> None:
    y, z = rows_of(LOSSES["dice"], classes=classes)
    predicted = (z > 0).astype(int) if classes == 2 else z.argmax(axis=-1)
    certain = 1e3 * (2 * predicted - 1.0) if classes == 2 else 1e3 * np.eye(classes)[predicted]
    for row in range(len(y)):
        labels = list(range(1, classes))
        f1 = sk.f1_score(y[row].ravel(), predicted[row].ravel(), labels=labels, average="macro", zero_division=1)
        value = loss_named("dice:smooth=0.00001")(XP, y[row : row + 1], certain[row : row + 1])[0]
        assert value == pytest.approx(1 - f1, abs=1e-4)
        present = np.unique(y[row])
        iou = sk.jaccard_score(y[row].ravel(), predicted[row].ravel(), labels=present, average="macro")
        value = LOSSES["lovasz_softmax"](XP, y[row : row + 1], certain[row : row + 1])[0]
        assert value == pytest.approx(1 - iou, abs=1e-9)


def test_squared_emd_of_two_ranks_is_the_brier_score() -> None:
    y, z = np.eye(2)[[0, 1, 1]], np.array([[0.3, -1.0], [0.2, 0.4], [2.0, -1.0]])
    brier = LOSSES["binary_brier"](XP, np.array([0, 1, 1]), z[:, 1] - z[:, 0])
    np.testing.assert_allclose(LOSSES["squared_emd"](XP, y, z), brier, rtol=1e-12)


def test_corn_and_cumulative_links_are_cross_entropy_of_the_probabilities_that_are_read_off_them() -> None:
    for key in ("corn", "cumulative_link"):
        loss = LOSSES[key]
        y, f = rows_of(loss)
        p = rank_probabilities(f, loss.reading)
        np.testing.assert_allclose(loss(XP, y, f), -np.log((y * p).sum(axis=1)), rtol=1e-9)


# What they estimate


@pytest.mark.parametrize("key", ["corn", "cumulative_link", "squared_emd"])
def test_a_proper_loss_of_ranks_is_least_at_the_true_probabilities(key: str) -> None:
    loss, truth = LOSSES[key], np.array([0.15, 0.4, 0.3, 0.15])
    assert loss.proper

    def expected(output: np.ndarray) -> float:
        return float(truth @ loss(XP, np.eye(4), np.tile(output, (4, 1))))

    best = minimize(expected, np.zeros(loss.outputs(4)), method="BFGS", options={"gtol": 1e-9}).x
    read = prediction_of(best[None], loss.reading, loss.link, Scaling())
    assert read.probability is not None
    np.testing.assert_allclose(read.probability[0], truth, atol=1e-4)
    assert read.prediction[0] == 1  # the median, and the most probable rank


def test_coral_finds_the_probability_of_reaching_each_rank() -> None:
    loss, truth = LOSSES["coral"], np.array([0.15, 0.4, 0.3, 0.15])
    best = minimize(lambda f: float(truth @ loss(XP, np.eye(4), np.tile(f, (4, 1)))), np.zeros(3), method="BFGS").x
    reached = 1 - np.cumsum(rank_probabilities(best[None], "cumulative")[0])[:-1]
    np.testing.assert_allclose(reached, 1 - np.cumsum(truth)[:-1], atol=1e-4)


@pytest.mark.parametrize("reading", ["cumulative", "conditional"])
def test_ranks_are_probabilities_whose_median_is_predicted(reading: str) -> None:
    f = np.random.default_rng(3).normal(0, 3, (200, 4))
    read = prediction_of(f, reading, "identity", Scaling())  # type: ignore[arg-type]  # one of Reading
    p = read.probability
    assert p is not None
    assert p.shape == (200, 5)
    assert p.min() >= 0
    np.testing.assert_allclose(p.sum(axis=1), 1)
    below = [sum(row[:rank]) for row, rank in zip(p, read.prediction, strict=True)]
    up_to = [sum(row[: rank + 1]) for row, rank in zip(p, read.prediction, strict=True)]
    assert max(below) < 0.5 <= min(up_to)


# Extremes


@each("key", SHAPED)
def test_extremes_are_finite_without_a_warning(key: str) -> None:
    loss = SHAPED[key]
    for classes in (3, 6) if loss.kinds == ("ordinal",) else (2, 4):
        y, f = rows_of(loss, classes=classes)
        targets = [y] if loss.kinds != ("segmentation",) else [y, 0 * y, 0 * y + classes - 1]
        for precision in ("float32", "float64"):
            for output in (0 * f, 100 * np.sign(f), 1e4 * np.sign(f), 0 * f + 1e4, 0 * f - 1e4):
                for target in targets:
                    truth = target if loss.encoding == "index" else target.astype(precision)
                    value = np.asarray(loss(XP, truth, output.astype(precision)))
                    assert np.isfinite(value).all(), (precision, output.flat[0])
                    assert (value >= -1e-6).all()


@each("key", SHAPED)
def test_a_row_has_the_same_loss_alone_as_among_others_unless_it_is_of_the_batch(key: str) -> None:
    loss = SHAPED[key]
    y, f = rows_of(loss)
    alone = np.array([np.sum(loss(XP, y[row : row + 1], f[row : row + 1])) for row in range(len(y))])
    among = np.asarray(loss(XP, y, f))
    if loss.per == "row":
        np.testing.assert_allclose(among, alone, rtol=1e-12)
    else:
        assert among.shape == ()
        assert abs(float(among) - alone.mean()) > 1e-3


@each("key", SHAPED)
def test_right_outputs_cost_less_than_wrong_ones(key: str) -> None:
    loss = SHAPED[key]
    if loss.kinds == ("ordinal",):
        y, right = np.eye(4), {"cumulative": "steps", "conditional": "each", "logits": "each"}[loss.reading]
        if loss.reading == "logits":
            outputs = np.asarray(8 * np.eye(4))
        else:
            reach = 8 * (2.0 * (np.arange(4)[:, None] > np.arange(3)) - 1)
            steps = np.concatenate([reach[:, :1], np.where(np.diff(reach) < 0, 16, -30)], axis=1)
            outputs = np.asarray(steps if right == "steps" else reach)
        values = np.array([loss(XP, y, np.roll(outputs, shift, axis=0)).mean() for shift in range(4)])
    else:
        y, _ = rows_of(loss, classes=2)
        values = np.array([np.mean(loss(XP, y, size * (2.0 * y - 1))) for size in (8, 2, 0, -2)])
    assert values.argmin() == 0
    assert values[0] < 0.1
