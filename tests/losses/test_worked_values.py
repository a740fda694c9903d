"""Values worked out by hand for every loss of the registry."""

import math

import numpy as np
import pytest

from lossterm.losses import LOSSES, Loss
from tests.losses import TABLES, XP, Numbers, over_the_registry

Worked = list[tuple[Numbers, Numbers, float]]

LN2, LN3 = 0.6931471805599453, 1.0986122886681098
LOG_3_4 = 0.2876820724517809  # −ln(3/4), 3/4 being σ(ln 3)
LOG_125 = [0.0, LN2, 1.6094379124341003]  # ln of 1, 2, 5: softmax 1/8, 2/8, 5/8
LOG_5_8 = 0.4700036292457356  # −ln(5/8)
LN5, STEP = 1.6094379124341003, math.log(math.expm1(4))
SOFT, ENTROPY = [0.7, 0.2, 0.1], 0.8018185525433372
VARIANCE_1, VARIANCE_4 = math.log(math.expm1(1 - 1e-6)), math.log(math.expm1(4 - 1e-6))  # softplus + 1e-6 gives 1, 4
FIRST, SECOND, THIRD = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
EVEN = [0.0, 0.0, 0.0]

CROSSENTROPY: Worked = [(SECOND, EVEN, LN3), (THIRD, LOG_125, LOG_5_8), (FIRST, LOG_125, 3 * LN2)]

COUNTS = {1: [6, 2], 2: [6, 2], 3: [4, 2, 2], 32: [1] * 32}
"""Training rows of each class, by the columns of the output: balanced weights 2/3 and 2, shares ½, ¼, ¼."""

# (target as the record's encoding says, output, loss) with every parameter at its default
WORKED: dict[str, Worked] = {
    "mse": [(1.0, 3.0, 4.0), (-2.0, 0.5, 6.25), (7.0, 7.0, 0.0)],
    "mae": [(1.0, 3.0, 2.0), (-2.0, 0.5, 2.5), (0.5, -2.0, 2.5), (7.0, 7.0, 0.0)],
    "pinball": [(1.0, 3.0, 0.2), (3.0, 1.0, 1.8), (7.0, 7.0, 0.0)],
    "expectile": [(1.0, 3.0, 0.4), (3.0, 1.0, 3.6), (7.0, 7.0, 0.0)],
    "gaussian_nll": [(1.0, [3.0, VARIANCE_1], 2.0), (1.0, [3.0, VARIANCE_4], LN2 + 0.5), (1.0, [1.0, VARIANCE_4], LN2)],
    "beta_nll": [(1.0, [3.0, VARIANCE_1], 2.0), (1.0, [3.0, VARIANCE_4], 2 * LN2 + 1), (1.0, [1.0, VARIANCE_1], 0.0)],
    "huber": [(1.0, 1.5, 0.125), (1.0, 2.0, 0.5), (1.0, 3.0, 1.5), (0.5, -2.0, 2.0), (7.0, 7.0, 0.0)],
    "log_cosh": [  # cosh(ln a) = (a + 1/a)/2
        (1.0, 1.0 + LN2, math.log(1.25)),
        (0.0, -LN3, math.log(5 / 3)),
        (7.0, 7.0, 0.0),
    ],
    "pseudo_huber": [(1.0, 1.75, 0.25), (0.0, -4 / 3, 2 / 3), (2.4, 0.0, 1.6), (7.0, 7.0, 0.0)],  # 3-4-5 and 5-12-13
    "epsilon_insensitive": [(1.0, 1.05, 0.0), (1.0, 3.0, 1.9), (1.0, -1.0, 1.9)],
    "fair": [(1.0, 2.0, 1 - LN2), (0.0, -2.0, 2 - LN3), (7.0, 7.0, 0.0)],
    "cauchy": [(1.0, 2.0, LN2 / 2), (0.0, -math.sqrt(2), LN3 / 2), (0.0, math.sqrt(7), 1.5 * LN2), (7.0, 7.0, 0.0)],
    "barron": [(1.0, 1.75, 0.25), (0.0, -4 / 3, 2 / 3), (2.4, 0.0, 1.6), (7.0, 7.0, 0.0)],
    "msle": [(3.0, 0.0, LN2**2), (1.0, LN3, LN2**2), (0.0, 0.0, LN2**2), (math.e**3 - 1, math.log(math.e - 1), 4.0)],
    "log1p_mse": [(1.0, 3.0, 4.0), (-2.0, 0.5, 6.25), (7.0, 7.0, 0.0)],
    "mape": [(2.0, 3.0, 0.5), (-4.0, -5.0, 0.25), (-1.0, 1.0, 2.0), (0.5, 0.5, 0.0)],
    "poisson": [(2.0, 0.0, 1.0), (2.0, LN2, 2 - 2 * LN2), (0.0, LN3, 3.0)],
    "gamma": [(2.0, 0.0, 2.0), (2.0, LN2, 1 + LN2), (0.5, -LN2, 1 - LN2)],
    "tweedie": [(2.0, 0.0, 6.0), (4.0, 2 * LN2, 8.0), (0.0, 2 * LN3, 6.0)],  # p = 3/2: 2(y/√f + √f)
    "negative_binomial": [  # α = 1: (y + 1)·ln(1 + μ) − y·ln μ − ln y!
        (0.0, [0.0, VARIANCE_1], LN2),
        (2.0, [0.0, VARIANCE_1], 2 * LN2),  # 3·ln 2 − ln 2
        (3.0, [LN2, VARIANCE_1], 4 * LN3 - 4 * LN2 - LN3),  # ln 3! is ln 2 + ln 3
        (2.0, [0.0, VARIANCE_4], 2.25 * LN5 - LN5),  # α = 4: ln(1 + 4) for j = 1
    ],
    "zero_inflated_poisson": [  # π = ½, so that λ is twice the mean
        (0.0, [0.0, 0.0], LN2 - math.log1p(math.exp(-2))),
        (2.0, [0.0, 0.0], LN2 + 2 - 2 * LN2),
        (1.0, [-LN3, LN2], LN3 + 1),  # π = 2/3, λ = 1
    ],
    "share_crossentropy": [
        (0.5, 0.0, LN2),
        (0.25, LN3, 2 * LN2 - 0.25 * LN3),
        (1.0, LN3, LOG_3_4),
        (0.0, LN3, 2 * LN2),
    ],
    "quantiles": [  # steps of softplus(STEP)/4 = 1: deciles −4 … 4 about the median
        (0.0, [0.0, *[STEP] * 8], 0.2 * 2 * (0.4 + 0.6 + 0.6 + 0.4)),
        (5.0, [5.0, *[STEP] * 8], 0.8),
        (10.0, [0.0, *[STEP] * 8], 0.2 * sum(0.1 * k * (15 - k) for k in range(1, 10))),
    ],
    "free_quantiles": [
        (0.0, [0.0, 1.0, 2.0, 3.0, 4.0, -1.0, -2.0, -3.0, -4.0], 0.8),
        (1.0, [0.0] * 9, 0.2 * 4.5),
        (-1.0, [0.0] * 9, 0.2 * 4.5),
        (0.0, [0.0, -1.0, *[0.0] * 7], 0.2 * 0.6),  # the 60 % quantile below the median
    ],
    "binary_crossentropy": [
        (1.0, 0.0, LN2),
        (0.0, 0.0, LN2),
        (0.0, LN3, 2 * LN2),
        (1.0, LN3, LOG_3_4),
        (1.0, -LN3, 2 * LN2),
    ],
    "weighted_binary_crossentropy": [(1.0, 0.0, 2 * LN2), (0.0, 0.0, 2 / 3 * LN2), (0.0, LN3, 4 / 3 * LN2)],
    "smoothed_binary_crossentropy": [
        (1.0, 0.0, LN2),
        (0.0, LN3, 2 * LN2 - 0.05 * LN3),
        (1.0, LN3, 2 * LN2 - 0.95 * LN3),
    ],
    "binary_focal": [(1.0, 0.0, LN2 / 4), (0.0, LN3, 9 / 8 * LN2), (1.0, LN3, LOG_3_4 / 16)],
    "binary_brier": [(1.0, 0.0, 0.25), (0.0, LN3, 9 / 16), (1.0, LN3, 1 / 16)],
    "binary_gce": [(1.0, 0.0, 0.549182561896488), (0.0, LN3, 0.887244083389144), (1.0, -LN3, 0.887244083389144)],
    "hinge": [(1.0, 0.3, 0.7), (-1.0, 0.3, 1.3), (1.0, 2.0, 0.0), (-1.0, -1.0, 0.0), (1.0, -4.0, 5.0)],
    "squared_hinge": [(1.0, 0.3, 0.49), (-1.0, 0.3, 1.69), (1.0, 2.0, 0.0), (-1.0, -1.0, 0.0), (1.0, -4.0, 25.0)],
    "modified_huber": [(1.0, 0.3, 0.49), (1.0, -1.0, 4.0), (1.0, -4.0, 16.0), (-1.0, 2.0, 8.0), (1.0, 2.0, 0.0)],
    "exponential": [(1.0, 0.0, 1.0), (1.0, -LN3, 3.0), (-1.0, -LN2, 0.5)],
    "unhinged": [(1.0, 0.3, 0.7), (-1.0, 0.3, 1.3), (1.0, -1.0, 2.0), (1.0, 1.0, 0.0)],
    "categorical_crossentropy": [*CROSSENTROPY, (SOFT, [math.log(p) for p in SOFT], ENTROPY)],
    "sparse_categorical_crossentropy": [(1, EVEN, LN3), (2, LOG_125, LOG_5_8), (0, LOG_125, 3 * LN2)],
    "kl_divergence": [
        *CROSSENTROPY,
        (SOFT, [math.log(p) for p in SOFT], 0.0),
        ([0.5, 0.5, 0.0], [0.0, LN2, 0.0], 0.5 * LN2),  # p = 1/4, 1/2, 1/4
    ],
    "smoothed_crossentropy": [  # y′ = 1/30, 1/30, 28/30
        (SECOND, EVEN, LN3),
        (THIRD, LOG_125, 5 / 30 * LN2 + 28 / 30 * LOG_5_8),
        (FIRST, LOG_125, 86 / 30 * LN2 + 1 / 30 * LOG_5_8),
    ],
    "focal": [(SECOND, EVEN, 4 / 9 * LN3), (FIRST, LOG_125, 147 / 64 * LN2), (SECOND, LOG_125, 9 / 8 * LN2)],
    "brier": [
        (SECOND, EVEN, 2 / 3),  # (1 + 4 + 1)/9
        (THIRD, LOG_125, 14 / 64),  # (1 + 4 + 9)/64
        (FIRST, LOG_125, 78 / 64),  # (49 + 4 + 25)/64
        (SOFT, [math.log(p) for p in SOFT], 0.0),
        ([0.5, 0.5, 0.0], [0.0, LN2, 0.0], 0.125),  # p = 1/4, 1/2, 1/4: 1/16 + 0 + 1/16
    ],
    "poly1": [(SECOND, EVEN, LN3 + 2 / 3), (FIRST, LOG_125, 3 * LN2 + 7 / 8), (THIRD, LOG_125, LOG_5_8 + 3 / 8)],
    "square_on_logits": [(SECOND, [0.5, -1.0, 2.0], 8.25), (FIRST, EVEN, 1.0), (THIRD, THIRD, 0.0)],
    "multiclass_hinge": [
        (SECOND, EVEN, 1.0),
        (SECOND, [-5.0, -1.0, -3.0], 0.0),
        (FIRST, [-5.0, -1.0, -3.0], 5.0),
        (THIRD, [1.0, 2.5, 3.0], 0.5),
        (SECOND, [-50.0, -35.0, -34.5], 1.5),
    ],
    "logit_adjusted": [(FIRST, EVEN, LN2), (SECOND, EVEN, 2 * LN2), (THIRD, [0.0, LN2, LN2], LN3)],
    "class_balanced": [  # 1/(1 − β⁴) and 1/(1 − β²) are to each other as 1 and 1.998001, their mean is 1.665334
        (FIRST, EVEN, LN3 * 3 / 4.996002),
        (SECOND, EVEN, LN3 * 3 * 1.998001 / 4.996002),
        (FIRST, LOG_125, LN2 * 9 / 4.996002),
    ],
    "probability_mae": [(SECOND, EVEN, 4 / 3), (THIRD, LOG_125, 0.75), (FIRST, LOG_125, 1.75)],
    "gce": [
        (SECOND, EVEN, 0.766481347468615),
        (FIRST, LOG_125, 1.095345360165426),
        (THIRD, LOG_125, 0.400512587833639),
    ],
    "sce": [
        (SECOND, EVEN, 0.1 * LN3 + 8 / 3),
        (FIRST, LOG_125, 0.3 * LN2 + 3.5),
        (THIRD, LOG_125, 0.1 * LOG_5_8 + 1.5),
    ],
    "bi_tempered": [
        ([1.0] + [0.0] * 31, [0.0] * 32, 25 / 12),  # p = 1/32, its fifth root ½: 5(1 − ½) − (1 − ½)/1.2
        (SECOND, EVEN, 25 / 6 * (1 - 3**-0.2)),
        (  # p = 1/32, 15/32, 16/32, from z = λ − 5(p^−0.2 − 1)
            FIRST,
            [0.0, 5 * (2 - (32 / 15) ** 0.2), 5 * (2 - 2**0.2)],
            2.5 - (1 - (1 / 64 + (15 / 32) ** 1.2 + 0.5**1.2)) / 1.2,
        ),
    ],
    "ldam": [  # counts 4, 2, 2: margins ½·2^(−¼) and twice ½
        (SECOND, EVEN, math.log(2 * math.exp(0.5) + 1)),
        (FIRST, EVEN, math.log(2 * math.exp(0.5 * 0.8408964152537145) + 1)),
        (THIRD, [0.0, 0.0, 0.5 + LN2], LN2),
    ],
    "balanced_softmax": [(FIRST, EVEN, LN2), (SECOND, EVEN, 2 * LN2), (THIRD, [0.0, LN2, LN2], LN3)],
}

# Losses that a protocol sets up otherwise
WORKED_UNDER: dict[tuple[str, str], Worked] = {
    ("msle", "tutorial"): [
        (3.0, 1.0, LN2**2),
        (1.0, 3.0, LN2**2),
        (math.e**3 - 1, math.e - 1, 4.0),
        (-4.0, -0.5, 0.0),  # both clipped to 1e-7
        (-4.0, 1.0, 0.4804528752888145),  # (ln 2 − ln(1 + 1e-7))²
    ],
    ("hinge", "tutorial"): WORKED["hinge"],
    ("squared_hinge", "tutorial"): WORKED["squared_hinge"],
}


def check(loss: Loss, worked: Worked) -> None:
    for target, output, expected in worked:
        one = np.array([output], dtype=float)
        values = loss(XP, np.array([target]), one, np.array(COUNTS[one.shape[-1]] if loss.counted else 0))
        assert values.shape == (1,)
        assert values[0] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_every_loss_has_values_worked_out_by_hand() -> None:
    assert list(WORKED) == list(TABLES)
    assert set(WORKED_UNDER) == {(loss.key, one.protocol) for loss in TABLES.values() for one in loss.variants}


@over_the_registry
def test_value_is_what_was_worked_out_by_hand(loss: Loss) -> None:
    check(loss, WORKED[loss.key])


@pytest.mark.parametrize(("key", "protocol"), WORKED_UNDER)
def test_value_under_a_protocol_is_what_was_worked_out_by_hand(key: str, protocol: str) -> None:
    check(LOSSES[key].under(protocol), WORKED_UNDER[key, protocol])


def test_the_rows_of_a_class_that_has_none_count_as_one() -> None:
    nobody = np.array([8, 0])
    weighted = LOSSES["weighted_binary_crossentropy"](XP, np.array([1.0, 0.0]), np.zeros(2), nobody)
    np.testing.assert_allclose(weighted, [4 * LN2, LN2 / 2])
    for key in ("logit_adjusted", "class_balanced"):
        assert np.isfinite(LOSSES[key](XP, np.eye(3), np.zeros((3, 3)), np.array([5, 3, 0]))).all()
