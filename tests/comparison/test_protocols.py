from collections import Counter
from typing import get_args

import numpy as np
import pytest
from msgspec.structs import asdict, replace
from sklearn.datasets import load_digits, make_blobs, make_circles, make_regression
from sklearn.model_selection import train_test_split

from lossterm.comparison.protocol import Prepared, Protocol, SplitName
from lossterm.comparison.protocol_catalogue import DEFAULT_PROTOCOL, PROTOCOLS, protocol_for, protocol_named
from lossterm.errors import DoesNotFit, UnknownName
from lossterm.losses import Scale
from lossterm.losses.target_scaling import Scaling, scaling_of
from lossterm.tasks import TASKS, Task, task_named
from tests.cells import each

FAIR, TUTORIAL, PUBLISHED = (PROTOCOLS[key] for key in ("fair", "tutorial", "published"))
ALL_SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
SCALES: tuple[Scale, ...] = get_args(Scale)
USES = [
    (protocol, task)
    for protocol in PROTOCOLS.values()
    for task in TASKS.values()
    if protocol.tasks is None or task.key in protocol.tasks
]
MISUSES = [
    (protocol, task) for protocol in PROTOCOLS.values() for task in TASKS.values() if (protocol, task) not in USES
]

every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS.keys())
every_task = each("task", TASKS.values(), ids=TASKS.keys())
every_use = each(("protocol", "task"), USES, ids=[f"{protocol.key}-{task.key}" for protocol, task in USES])


def first_of(features: np.ndarray) -> np.ndarray:
    """The first number of each row."""
    return features.reshape(len(features), -1)[:, 0]


def drawn(protocol: Protocol, task: Task, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The draw that a protocol splits."""
    if protocol is FAIR:
        return task.draw(seed)
    return task.draw({"regression": 1, "circles": 1, "blobs": 2, "digits": 0}[task.key])


def numbered(task: Task) -> Task:
    """The task with the number of each row in its first column."""

    def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
        features, target = task.draw(seed)
        features = features.astype(float)
        first_of(features)[:] = np.arange(task.rows)
        return features, target

    return replace(task, draw=draw)


def rows_by_number(protocol: Protocol, task: Task, seed: int) -> dict[SplitName, np.ndarray]:
    """The original number of each row of each split: scaling keeps the order of the first column."""
    splits = protocol.prepare(numbered(task), seed).splits
    column = np.concatenate([first_of(split.features) for split in splits.values()])
    numbers = np.argsort(np.argsort(column, kind="stable"))
    ends = np.cumsum([len(split.target) for split in splits.values()])[:-1]
    return dict(zip(splits, np.split(numbers, ends), strict=True))


def split_by_sklearn(task: Task, seed: int) -> dict[SplitName, tuple[np.ndarray, np.ndarray]]:
    """The rows of protocol `fair`, unscaled: test is cut off first, then validation."""
    state = int(np.random.SeedSequence([seed, 2]).generate_state(1)[0])
    features, target = task.draw(seed)
    by_number: dict[SplitName, tuple[np.ndarray, np.ndarray]] = {}
    cut: tuple[SplitName, ...] = ("test", "validation")
    for name in cut:
        features, other, target, truth = train_test_split(
            features,
            target,
            test_size=round(0.2 * task.rows),
            random_state=state,
            stratify=target if task.stratifies else None,
        )
        by_number[name] = other, truth
    return {"train": (features, target), **by_number}


def assert_same(one: Prepared, other: Prepared) -> None:
    assert one.scales == other.scales
    assert one.scaling("standard") == other.scaling("standard")
    assert list(one.splits) == list(other.splits)
    for name, split in one.splits.items():
        np.testing.assert_array_equal(split.features, other.splits[name].features)
        np.testing.assert_array_equal(split.target, other.splits[name].target)


# Every protocol on every task that it is for


@every_use
def test_splits_are_ready_for_the_network_and_have_the_rows_that_the_protocol_says(
    protocol: Protocol, task: Task
) -> None:
    for seed in (0, 11):
        data = protocol.prepare(task, seed)
        assert tuple(data.splits) == protocol.splits
        assert {name: len(split.target) for name, split in data.splits.items()} == protocol.rows(task)
        assert data.scales == protocol.scales
        for split in data.splits.values():
            assert split.features.shape == (len(split.target), *task.input_shape)
            assert split.target.shape == (len(split.target), *task.target_shape)
            assert split.features.dtype == np.float32
            assert split.target.dtype == (np.float64 if task.element == "regression" else np.int64)
            assert np.isfinite(split.features).all()
            assert np.isfinite(split.target).all()


@every_use
def test_rows_of_all_splits_are_the_rows_of_the_task_in_about_the_shares_said(protocol: Protocol, task: Task) -> None:
    rows = protocol.rows(task)
    assert tuple(rows) == protocol.splits
    assert sum(rows.values()) == task.rows
    for name, share in zip(protocol.splits, protocol.shares, strict=True):
        assert abs(rows[name] - share * task.rows) <= 1


@every_use
def test_data_are_the_same_for_the_same_seed_and_differ_between_seeds_where_the_protocol_draws(
    protocol: Protocol, task: Task
) -> None:
    np.random.seed(1)  # a split that reads the global state would change with it
    first = protocol.prepare(task, 3)
    np.random.seed(2)
    assert_same(first, protocol.prepare(task, 3))
    other = protocol.prepare(task, 4)
    for name in protocol.splits:
        assert np.array_equal(first.splits[name].features, other.splits[name].features) != protocol.draws
    if not protocol.draws:
        assert_same(first, other)


@every_use
def test_every_row_is_in_exactly_one_split(protocol: Protocol, task: Task) -> None:
    for seed in (0, 1):
        by_number = rows_by_number(protocol, task, seed)
        assert sorted(np.concatenate(list(by_number.values()))) == list(range(task.rows))
        data = protocol.prepare(numbered(task), seed)
        column = np.concatenate([first_of(split.features) for split in data.splits.values()])
        assert len(np.unique(column)) == task.rows


@every_use
def test_target_of_every_row_stays_with_it_in_its_own_units(protocol: Protocol, task: Task) -> None:
    for seed in (0, 5):
        data, numbers = protocol.prepare(task, seed), rows_by_number(protocol, task, seed)
        target = drawn(protocol, task, seed)[1]
        if protocol is TUTORIAL and task.kind == "regression":
            target = (target - target.mean()) / target.std()  # the tutorial scores in scaled units
        for name, split in data.splits.items():
            np.testing.assert_allclose(split.target, target[numbers[name]], rtol=1e-14)


SCALED = [
    (protocol, task, scale)
    for protocol, task in USES
    for scale in SCALES
    if task.kind == "regression" and (scale != "log1p" or task.lowest >= 0)  # no loss wants the logarithm of less
]


@each(
    ("protocol", "task", "scale"),
    SCALED,
    ids=[f"{protocol.key}-{task.key}-{scale}" for protocol, task, scale in SCALED],
)
def test_a_loss_has_its_target_on_the_scale_it_wants_but_under_the_tutorial(
    protocol: Protocol, task: Task, scale: Scale
) -> None:
    for seed in (0, 5):
        data = protocol.prepare(task, seed)
        scaling = data.scaling(scale)
        assert scaling == (scaling_of(scale, data.splits["train"].target) if protocol is FAIR else Scaling())
        assert (scaling == Scaling()) == (protocol is TUTORIAL or scale == "raw")
        for split in data.splits.values():
            back = scaling.restored(scaling.scaled(split.target))
            np.testing.assert_allclose(back, split.target, rtol=1e-10, atol=1e-9)


def test_scales_are_fitted_as_their_names_say() -> None:
    target = np.array([0.0, 1.0, 3.0, 12.0])
    logs = np.log1p(target)
    assert scaling_of("raw", target) == Scaling() == Scaling(origin=0.0, unit=1.0, log1p=False)
    assert scaling_of("mean", target) == Scaling(unit=4.0)
    assert scaling_of("mean", -target) == Scaling(unit=4.0)  # the mean of sizes: a sign never turns a target over
    assert scaling_of("standard", target) == Scaling(origin=4.0, unit=float(np.std(target)))
    assert scaling_of("log1p", target) == Scaling(origin=logs.mean(), unit=logs.std(), log1p=True)


@pytest.mark.parametrize("scale", SCALES)
def test_scaled_targets_have_the_moments_that_the_scale_promises(scale: Scale) -> None:
    target = np.random.default_rng(0).gamma(2, 30, 500)
    scaled = scaling_of(scale, target).scaled(target)
    if scale == "raw":
        np.testing.assert_array_equal(scaled, target)
    elif scale == "mean":
        assert scaled.mean() == pytest.approx(1)
    else:
        assert (scaled.mean(), scaled.std()) == pytest.approx((0, 1), abs=1e-12)
        assert np.corrcoef(scaled, np.log1p(target) if scale == "log1p" else target)[0, 1] == pytest.approx(1)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("value", [0.0, 3.0])
def test_a_target_that_never_varies_or_is_all_0_has_a_scale_too(scale: Scale, value: float) -> None:
    target = np.full(7, value)
    scaling = scaling_of(scale, target)
    assert np.asarray(scaling.unit) > 0
    assert np.isfinite(scaling.scaled(target)).all()
    np.testing.assert_allclose(scaling.restored(scaling.scaled(target)), target)


@pytest.mark.parametrize(
    ("protocol", "task"),
    [(protocol, task) for protocol, task in USES if task.stratifies and protocol is not TUTORIAL],
    ids=lambda record: record.key,
)
def test_every_split_has_its_share_of_each_class_within_one_row(protocol: Protocol, task: Task) -> None:
    for seed in range(4):
        data = protocol.prepare(task, seed)
        whole = np.bincount(drawn(protocol, task, seed)[1])
        assert sum(np.bincount(split.target) for split in data.splits.values()) == pytest.approx(whole)
        for split in data.splits.values():
            expected = whole * len(split.target) / task.rows
            assert np.abs(np.bincount(split.target) - expected).max() <= 1


@every_use
def test_correlation_of_seeds_is_that_of_nadeau_and_bengio_where_the_same_rows_are_split_anew(
    protocol: Protocol, task: Task
) -> None:
    rows = {name: len(split.target) for name, split in protocol.prepare(task, 0).splits.items()}
    expected = rows["test"] / rows["train"] if protocol is FAIR and task.finite else 0
    assert protocol.correlation(task) == expected


def test_correlation_on_digits_is_a_third() -> None:
    assert FAIR.correlation(task_named("digits")) == 359 / 1079


@every_use
@each("tuned", [True, False])
def test_caveat_is_one_sentence_that_says_how_seeds_and_rates_were_used(
    protocol: Protocol, task: Task, tuned: bool
) -> None:
    caveat = protocol.caveat(task, tuned=tuned)
    assert caveat.endswith(".")
    assert caveat.count(". ") == 0
    assert "\n" not in caveat
    assert caveat.startswith(f"{protocol.key.capitalize()} protocol: ")
    if protocol.tunes:
        assert ("tuned per loss on validation" in caveat) == tuned
    assert ("one learning rate" in caveat) == (not tuned or not protocol.tunes)
    assert ("fresh data for each seed" in caveat) == (protocol.draws and not task.finite and not task.family)
    assert ("a new problem of the same kind" in caveat) == (protocol.draws and task.family)
    assert ("Nadeau–Bengio" in caveat) == (protocol.correlation(task) > 0)
    assert ("intervals say nothing of other data" in caveat) == (not protocol.draws)


@every_use
def test_a_protocol_is_found_for_every_task_that_it_is_for(protocol: Protocol, task: Task) -> None:
    assert protocol_for(protocol.key, task) is protocol_named(protocol.key) is protocol


@each(("protocol", "task"), MISUSES, ids=[f"{protocol.key}-{task.key}" for protocol, task in MISUSES])
def test_a_protocol_is_refused_for_any_other_task_with_what_to_do_instead(protocol: Protocol, task: Task) -> None:
    with pytest.raises(DoesNotFit) as raised:
        protocol_for(protocol.key, task)
    message = str(raised.value)
    assert f"The protocol '{protocol.key}'" in message
    assert protocol.tasks is not None
    assert all(key in message for key in protocol.tasks)
    assert message.endswith(f"for {task.key} use --protocol fair.")
    assert raised.value.exit_code == 2


def test_an_unknown_protocol_is_refused_with_a_near_miss() -> None:
    with pytest.raises(UnknownName, match=r"There is no protocol 'tutorail'\. Did you mean tutorial"):
        protocol_named("tutorail")
    with pytest.raises(UnknownName, match=r"There is no protocol 'fare'\. Did you mean fair"):
        protocol_for("fare", task_named("circles"))


@every_protocol
def test_protocol_record_leaves_no_field_empty(protocol: Protocol) -> None:
    assert PROTOCOLS[protocol.key] is protocol
    for name, value in asdict(protocol).items():
        assert value is not None or name in ("tasks", "flaws"), name
        assert value not in ("", ()), name
    assert set(protocol.splits) <= set(ALL_SPLITS)
    assert [split for split in ALL_SPLITS if split in protocol.splits] == list(protocol.splits)
    assert len(protocol.splits) == len(protocol.shares)
    assert sum(protocol.shares) == pytest.approx(1)
    assert {"train", "test"} <= set(protocol.splits)
    assert protocol.tunes == ("validation" in protocol.splits)
    assert (protocol.flaws is not None) == (protocol is TUTORIAL)
    assert protocol.scales == (protocol is not TUTORIAL)
    assert protocol.tasks is None or set(protocol.tasks) <= set(TASKS)


def test_the_default_protocol_is_the_fair_one_and_for_every_task() -> None:
    assert DEFAULT_PROTOCOL == next(iter(PROTOCOLS)) == "fair"
    assert FAIR.tasks is None
    assert FAIR.tunes


# fair


@every_task
@each("seed", [0, 9])
def test_fair_splits_60_20_20_by_the_seed_and_scales_by_train_alone(task: Task, seed: int) -> None:
    data = FAIR.prepare(task, seed)
    parts = split_by_sklearn(task, seed)
    train, values = parts["train"]
    places = tuple(range(len(task.input_shape)))  # of an image, each channel as a whole
    sd = train.std(axis=places)
    sd[sd == 0] = 1  # a pixel that is never inked
    if task.kind == "regression":
        scaling = data.scaling("standard")
        assert (scaling.origin, scaling.unit) == pytest.approx((values.mean(), values.std()), rel=1e-12)
    for name, (features, target) in parts.items():
        split = data.splits[name]
        np.testing.assert_allclose(split.features, (features - train.mean(axis=places)) / sd, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(split.target, target)


@every_task
def test_fair_train_has_mean_0_and_sd_1_and_the_other_splits_only_nearly(task: Task) -> None:
    data = FAIR.prepare(task, 2)
    for name, split in data.splits.items():
        columns = split.features.astype(float).reshape(-1, task.input_shape[-1])
        if task.kind == "regression":
            target = data.scaling("standard").scaled(split.target)
            columns = np.concatenate([columns, target[:, None]], axis=1)
        varying = columns.std(axis=0) > 0  # some pixels are never inked
        mean, sd = np.abs(columns.mean(axis=0)).max(), np.abs(columns.std(axis=0)[varying] - 1).max()
        assert (mean < 1e-5, sd < 1e-5) == ((True, True) if name == "train" else (False, False))


@every_task
def test_rows_outside_train_do_not_change_how_fair_scales(task: Task) -> None:
    numbers = rows_by_number(FAIR, task, 1)
    outside = np.concatenate([numbers["validation"], numbers["test"]])

    def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
        features, target = task.draw(seed)
        features[outside] = 3 * features[outside] + 7
        if task.element == "regression":
            target[outside] = -5 * target[outside] + 100
        return features, target

    plain, changed = FAIR.prepare(task, 1), FAIR.prepare(replace(task, draw=draw), 1)
    if task.element == "regression":
        assert changed.scaling("standard") == plain.scaling("standard")
        assert changed.scaling("mean") == plain.scaling("mean")
    np.testing.assert_array_equal(changed.splits["train"].features, plain.splits["train"].features)
    np.testing.assert_array_equal(changed.splits["train"].target, plain.splits["train"].target)
    assert not np.array_equal(changed.splits["test"].features, plain.splits["test"].features)


def test_a_target_that_never_varies_is_not_divided_by_nothing() -> None:
    def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
        features, target = task_named("regression").draw(seed)
        return features, np.full_like(target, 3.0)

    data = FAIR.prepare(replace(task_named("regression"), draw=draw), 0)
    scaling = data.scaling("standard")
    assert scaling == Scaling(origin=3.0, unit=1.0)
    assert (scaling.scaled(data.splits["test"].target) == 0).all()


def test_fair_splits_the_same_digits_anew_for_each_seed() -> None:
    task = task_named("digits")
    assert FAIR.rows(task) == {"train": 1079, "validation": 359, "test": 359}
    one, other = (rows_by_number(FAIR, task, seed)["test"] for seed in (0, 1))
    shared = len(set(one) & set(other))
    assert 359 * 0.1 < shared < 359 * 0.3  # a fifth of the rows by chance


def test_the_split_of_a_seed_does_not_follow_the_order_of_its_draw() -> None:
    numbers = rows_by_number(FAIR, task_named("regression"), 0)
    assert list(numbers["test"]) != sorted(numbers["test"])
    assert abs(numbers["test"].mean() - 500) < 100


# tutorial


def drawn_by_hand(key: str) -> tuple[np.ndarray, np.ndarray]:
    if key == "regression":
        x, y = make_regression(n_samples=1000, n_features=20, noise=0.1, random_state=1)
        return (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    if key == "circles":
        return make_circles(n_samples=1000, noise=0.1, random_state=1)  # type: ignore[no-any-return]  # no stubs
    return make_blobs(n_samples=1000, centers=3, n_features=2, cluster_std=2, random_state=2)  # type: ignore[no-any-return]  # no stubs


@pytest.mark.parametrize("key", ["regression", "circles", "blobs"])
def test_the_tutorials_first_500_rows_train_and_the_rest_test(key: str) -> None:
    features, target = drawn_by_hand(key)
    data = TUTORIAL.prepare(task_named(key), 5)
    assert TUTORIAL.rows(task_named(key)) == {"train": 500, "test": 500}
    assert not data.scales
    for name, part in (("train", slice(0, 500)), ("test", slice(500, 1000))):
        split = data.splits[name]  # type: ignore[index]  # names of splits
        np.testing.assert_allclose(split.features, features[part], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(split.target, target[part], rtol=1e-5, atol=1e-6)


def test_the_tutorial_scales_regression_over_all_rows_and_leaves_the_others_alone() -> None:
    splits = TUTORIAL.prepare(task_named("regression"), 0).splits
    whole = np.concatenate([splits["train"].target, splits["test"].target]).astype(float)
    assert whole.mean() == pytest.approx(0, abs=1e-6)
    assert whole.std() == pytest.approx(1, abs=1e-6)
    assert abs(float(splits["train"].target.mean())) > 1e-4  # the scaler saw the test rows: the tutorial's own flaw
    circles = TUTORIAL.prepare(task_named("circles"), 0).splits["train"]
    assert circles.features.std() != pytest.approx(1, abs=0.1)


# published


def test_published_rows_are_those_of_the_published_comparison() -> None:
    assert PUBLISHED.rows(task_named("digits")) == {"train": 1077, "validation": 270, "test": 450}


def test_published_features_are_divided_by_the_largest_on_train_and_hold_every_digit_once() -> None:
    data = PUBLISHED.prepare(task_named("digits"), 0)
    assert data.splits["train"].features.max() == 1
    rows = np.concatenate([split.features for split in data.splits.values()]) * 16
    target = np.concatenate([split.target for split in data.splits.values()])
    np.testing.assert_allclose(rows, np.round(rows), atol=1e-4)
    counts = Counter(zip(map(bytes, np.round(rows).astype(np.uint8)), target.tolist(), strict=True))
    expected = load_digits()
    assert counts == Counter(zip(map(bytes, expected.data.astype(np.uint8)), expected.target.tolist(), strict=True))
