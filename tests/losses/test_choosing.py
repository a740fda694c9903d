"""Which losses train on which targets: by kind and range, under each protocol, one by one or as `all` and `usual`."""

import math
from itertools import product

import msgspec
import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import PROTOCOLS, protocols_for
from lossterm.data import Data
from lossterm.errors import DoesNotFit
from lossterm.losses import ALL, LOSSES, USUAL, Kind, Loss, Targets, fitting, loss_named, losses_for, place_of, usual
from lossterm.tasks import TASKS, Task, task_named, task_on
from tests.builders.tables import HOUSES
from tests.cells import each
from tests.losses import KINDS

EVERY = {kind: Targets(kind=kind) for kind in KINDS}

# A numeric target that may be anything, may be 0, is above 0, or is known to stay away from it
NUMERIC = {
    "negative": Targets(kind="regression"),
    "zero": Targets(kind="regression", lowest=0),
    "positive": Targets(kind="regression", lowest=0, zeros=False),
    "far above": Targets(kind="regression", lowest=0.5),
    "not zero": Targets(kind="regression", zeros=False),
}

NEGATIVE, SOME_ZERO = "this task's go below", "0"

# Losses with a range → which targets they refuse, and a word of why
REFUSED: dict[str, dict[str, str]] = {
    "msle": {"negative": NEGATIVE, "not zero": NEGATIVE},
    "log1p_mse": {"negative": NEGATIVE, "not zero": NEGATIVE},
    "poisson": {"negative": NEGATIVE, "not zero": NEGATIVE},
    "tweedie": {"negative": NEGATIVE, "not zero": NEGATIVE},
    "negative_binomial": {"negative": NEGATIVE, "not zero": NEGATIVE},
    "zero_inflated_poisson": {"negative": NEGATIVE, "not zero": NEGATIVE},
    "gamma": {"negative": NEGATIVE, "not zero": NEGATIVE, "zero": SOME_ZERO},
    "mape": {"negative": SOME_ZERO, "zero": SOME_ZERO},
}


@each("loss", fitting(NUMERIC["far above"]), ids=lambda loss: loss.key)
def test_numeric_targets_out_of_a_losses_range_are_refused_with_the_range(loss: Loss) -> None:
    for protocol, (name, targets) in product(PROTOCOLS, NUMERIC.items()):
        anyway = protocol == "tutorial" and loss.key == "msle"
        refused = {} if anyway else REFUSED.get(loss.key, {})
        reason = loss.misfit(targets, protocol)
        if name in refused:
            assert reason is not None
            assert reason.startswith(f"needs targets {loss.valid}, and ")
            assert reason.endswith(refused[name])
        else:
            assert reason is None


def test_every_loss_with_a_range_is_in_the_table_of_what_it_refuses() -> None:
    ranged = {loss.key for loss in LOSSES.values() if loss.lowest > -math.inf or not loss.zeros}
    assert set(REFUSED) == ranged - {loss.key for loss in LOSSES.values() if loss.highest < math.inf}


def test_a_loss_of_shares_takes_targets_from_0_to_1_and_no_others() -> None:
    loss = LOSSES["share_crossentropy"]
    for lowest, highest, reason in ((0, 1, None), (0.2, 0.8, None), (0, 1.5, "go above"), (-0.1, 1, "go below")):
        said = loss.misfit(Targets(kind="regression", lowest=lowest, highest=highest), "fair")
        assert said == (reason and f"needs targets 0≤y≤1, and this task's {reason}")
    assert loss.misfit(TASKS["shares"].targets, "fair") is None
    assert loss.misfit(TASKS["counts"].targets, "fair") == "needs targets 0≤y≤1, and this task's go above"


def test_a_loss_fits_its_own_kind_alone() -> None:
    for loss in LOSSES.values():
        for kind in KINDS:
            targets = Targets(kind=kind, lowest=1, highest=1)
            assert (loss.misfit(targets, "fair") is None) == (kind in loss.kinds)
            if kind not in loss.kinds:
                assert loss.misfit(targets, "fair") == f"is a loss for {loss.kinds[0]} tasks, but this task is {kind}"


@each("protocol", PROTOCOLS)
@each("targets", [*NUMERIC.values(), *EVERY.values()], ids=[*NUMERIC, *EVERY])
def test_all_is_what_fits_and_usual_a_part_of_it_in_the_same_order(targets: Targets, protocol: str) -> None:
    fit = tuple(loss.key for loss in fitting(targets, protocol))
    assert fit == tuple(key for key, loss in LOSSES.items() if loss.misfit(targets, protocol) is None)
    assert losses_for(targets, (ALL,), protocol) == fit
    chosen = losses_for(targets, (USUAL,), protocol)
    assert chosen == losses_for(targets, (), protocol) == tuple(loss.key for loss in usual(targets, protocol))
    assert chosen == tuple(key for key in fit if LOSSES[key].usual or LOSSES[key].variant(protocol))
    assert len(fit) > len(chosen) >= 3


@each("task", TASKS)
def test_every_task_has_losses_to_compare(task: str) -> None:
    assert len(losses_for(TASKS[task].targets, ())) >= 3


def test_usual_losses_are_those_that_a_range_of_targets_allows() -> None:
    assert losses_for(NUMERIC["negative"], ()) == ("mse", "mae", "huber")
    assert losses_for(NUMERIC["zero"], ()) == ("mse", "mae", "huber", "log1p_mse", "poisson")
    assert losses_for(EVERY["binary"], ()) == ("binary_crossentropy", "hinge", "squared_hinge")
    assert losses_for(EVERY["multiclass"], ()) == ("categorical_crossentropy", "brier", "gce")


def test_losses_come_in_the_order_asked_for_without_repeats() -> None:
    binary = EVERY["binary"]
    assert losses_for(binary, ("squared_hinge", "hinge", "squared_hinge")) == ("squared_hinge", "hinge")
    assert losses_for(binary, ("bce", "binary_crossentropy", "log_loss")) == ("binary_crossentropy",)
    assert losses_for(binary, ("unhinged", "usual")) == ("unhinged", *losses_for(binary, ()))
    assert losses_for(binary, ("hinge", "all"))[0] == "hinge"
    assert sorted(losses_for(binary, ("hinge", "all"))) == sorted(losses_for(binary, ("all",)))


def test_a_loss_with_other_parameters_is_compared_as_a_loss_of_its_own() -> None:
    asked = ("huber:delta=2", "huber", "smooth_l1:delta=2.0", "huber:delta=1")
    assert losses_for(EVERY["regression"], asked) == ("huber:delta=2", "huber")


def test_a_loss_of_another_kind_is_refused_with_what_fits() -> None:
    for loss in LOSSES.values():
        for kind in set(KINDS) - set(loss.kinds):
            with pytest.raises(DoesNotFit, match=f"^{loss.key} is a loss for {loss.kinds[0]} tasks") as raised:
                losses_for(EVERY[kind], (loss.key,))
            fit = [one.key for one in fitting(EVERY[kind])]
            near = [key for key in fit if loss.key in key or key in loss.key]
            assert all(key in str(raised.value) for key in near or fit)
            assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "kind", "instead"),
    [
        ("brier", "binary", "binary_brier"),
        ("focal:gamma=1", "binary", "binary_focal"),
        ("hinge", "multiclass", "multiclass_hinge"),
        ("binary_brier", "multiclass", "brier"),
    ],
)
def test_a_loss_that_has_a_counterpart_of_the_tasks_kind_points_to_it(name: str, kind: Kind, instead: str) -> None:
    with pytest.raises(DoesNotFit) as raised:
        losses_for(EVERY[kind], (name,))
    assert str(raised.value).startswith(loss_named(name).key)
    assert str(raised.value).endswith(f"Did you mean {instead}?")


@pytest.mark.parametrize("protocol", ["fair", "published"])
def test_msle_is_refused_where_targets_may_be_negative_with_where_it_is_taken_and_what_fits(protocol: str) -> None:
    targets = NUMERIC["negative"]
    with pytest.raises(DoesNotFit) as raised:
        losses_for(targets, ("mse", "msle"), protocol, ["fair", "tutorial"])
    assert str(raised.value) == (
        "msle needs targets y ≥ 0, and this task's go below; --protocol tutorial trains it all the same, "
        f"flaws included. Losses that fit: {', '.join(loss.key for loss in fitting(targets, protocol))}."
    )
    assert "msle" not in losses_for(targets, ("all",), protocol)


def test_a_protocol_is_named_only_where_the_task_can_be_trained_under_it() -> None:
    table = msgspec.structs.replace(HOUSES, lowest=-2.0)
    for subject, possible in (("regression", True), (table, False)):
        with pytest.raises(DoesNotFit) as raised:
            Comparison.ask(subject, ["msle"])
        assert ("--protocol tutorial" in str(raised.value)) == possible
        assert ("tutorial" in [one.key for one in protocols_for(_record(subject))]) == possible


def _record(subject: str | Data) -> Task:
    return task_named(subject) if isinstance(subject, str) else task_on(subject)


def test_msle_is_taken_and_usual_under_the_tutorial() -> None:
    assert losses_for(NUMERIC["negative"], ("msle",), "tutorial") == ("msle",)
    assert losses_for(NUMERIC["negative"], (), "tutorial") == ("mse", "mae", "huber", "msle")
    assert "msle" not in losses_for(NUMERIC["zero"], (), "fair")
    assert "msle" in losses_for(NUMERIC["zero"], ("all",), "fair")


# Places


@pytest.mark.parametrize("kind", KINDS)
def test_usual_losses_of_a_kind_have_the_first_places_each_its_own(kind: Kind) -> None:
    of_kind = [loss for loss in LOSSES.values() if kind in loss.kinds]
    places = {loss.key: place_of(loss.key) for loss in of_kind}
    assert sorted(places.values()) == list(range(len(of_kind)))
    first = [key for key, place in places.items() if place < sum(loss.usual for loss in of_kind)]
    assert first == [loss.key for loss in of_kind if loss.usual]


def test_the_place_of_a_loss_with_parameters_or_of_a_missing_one_is_the_same_each_time_and_no_usual_one() -> None:
    taken = {place_of(loss.key) for loss in LOSSES.values() if loss.usual and "regression" in loss.kinds}
    for key in ("huber:delta=0.5", "huber:delta=2", "mine@0a1b2c3d", "gone"):
        assert place_of(key) == place_of(key)
        assert place_of(key) not in taken
    assert place_of("huber:delta=0.5") != place_of("huber:delta=2")
