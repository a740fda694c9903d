"""How a loss is named: keys, other names, parameters bound to it, names that are left out or nearly right."""

import math

import numpy as np
import pytest

from lossterm.errors import DoesNotFit, OutOfRange, UnknownName, UsageError
from lossterm.losses import LEFT_OUT, LOSSES, Loss, Parameter, loss_named, loss_recorded, losses_for
from lossterm.losses.loss import Targets
from tests.cells import each
from tests.losses import loss_of, over_the_registry, random_rows

PARAMETERS = [(loss, parameter) for loss in LOSSES.values() for parameter in loss.parameters]
every_parameter = each(
    ("loss", "parameter"), PARAMETERS, ids=[f"{loss.key}:{parameter.name}" for loss, parameter in PARAMETERS]
)


def another(parameter: Parameter) -> float:
    """Return a value inside the range that is not the default."""
    if parameter.odd:
        return parameter.low
    low, high = max(parameter.low, -8), min(parameter.high, 8)
    return low + (high - low) * 0.375


# Keys and other names


@over_the_registry
def test_key_and_other_names_give_the_record_however_they_are_written(loss: Loss) -> None:
    assert loss_named(loss.key) is loss
    for name in (loss.key, *loss.aliases):
        for written in (name, name.upper(), name.replace("_", "-"), name.replace("_", " "), f" {name} "):
            assert loss_named(written) == loss


@pytest.mark.parametrize(
    ("alias", "key"),
    [
        ("bce", "binary_crossentropy"),
        ("cce", "categorical_crossentropy"),
        ("kl", "kl_divergence"),
        ("l1", "mae"),
        ("smooth_l1", "huber"),
        ("quantile", "pinball"),
        ("categorical_hinge", "multiclass_hinge"),
    ],
)
def test_names_that_people_know_are_understood(alias: str, key: str) -> None:
    assert loss_named(alias) is LOSSES[key]


@pytest.mark.parametrize(
    ("typed", "near"),
    [("hindge", "hinge"), ("rmse", "mse"), ("binary_crossentropi", "binary_crossentropy"), ("quantil", "pinball")],
)
def test_a_near_miss_is_suggested_by_its_key(typed: str, near: str) -> None:
    with pytest.raises(UnknownName) as raised:
        loss_named(typed)
    assert repr(typed) in str(raised.value)
    assert near in raised.value.near
    assert set(raised.value.near) <= set(LOSSES)
    assert raised.value.exit_code == 2


def test_what_is_near_nothing_gets_the_whole_list() -> None:
    with pytest.raises(UnknownName) as raised:
        losses_for(Targets(kind="binary"), ("zzzzzz",))
    assert raised.value.near == []
    assert str(raised.value) == f"There is no loss 'zzzzzz'. Known: {', '.join(LOSSES)}."


def test_several_losses_in_one_name_are_named_each_by_itself() -> None:
    for typed in ("hinge,bce", "hinge, bce"):
        with pytest.raises(UsageError, match=r"are 2 losses: name each by itself, 'hinge' and 'bce'\.$"):
            loss_named(typed)
    with pytest.raises(UnknownName, match="There is no loss 'hinge,zzzzzz'"):
        loss_named("hinge,zzzzzz")


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_loss_that_is_left_out_says_why(name: str) -> None:
    for written in (name, name.upper(), name.replace("_", "-")):
        with pytest.raises(DoesNotFit) as raised:
            loss_named(written)
        assert str(raised.value) == f"{name} is left out: {LEFT_OUT[name]}."
        assert raised.value.exit_code == 2


def test_the_first_word_of_what_is_left_out_is_enough() -> None:
    with pytest.raises(DoesNotFit, match=r"^cosine_similarity is left out: "):
        loss_named("cosine")


def test_no_loss_is_left_out_and_here_too() -> None:
    assert not set(LEFT_OUT) & {name for loss in LOSSES.values() for name in (loss.key, *loss.aliases)}
    assert all(reason.strip() and not reason.endswith(".") for reason in LEFT_OUT.values())


# Parameters


@every_parameter
def test_a_bound_parameter_is_in_the_key_and_reaches_the_function(loss: Loss, parameter: Parameter) -> None:
    value = another(parameter)
    bound = loss_named(f"{loss.key}:{parameter.name}={value!r}")
    assert bound.values == {**loss.values, parameter.name: value}
    assert (bound.base, bound.settings) == (loss.key, ((parameter.name, value),))
    assert loss_named(bound.key) == bound
    y, f = random_rows(loss)
    assert not np.allclose(loss_of(bound, y, f[:, : bound.units] if bound.units_by else f), loss_of(loss, y, f))


@every_parameter
def test_a_parameter_at_its_default_is_not_in_the_key(loss: Loss, parameter: Parameter) -> None:
    if parameter.default is not None:
        assert loss_named(f"{loss.key}:{parameter.name}={parameter.default!r}") == loss


@every_parameter
def test_a_parameter_outside_its_range_is_refused_with_the_range(loss: Loss, parameter: Parameter) -> None:
    outside = [end for end in (parameter.low, parameter.high) if parameter.open]
    outside += [end for end in (parameter.low - 1, parameter.high + 1) if math.isfinite(end)]
    outside += [parameter.low + 1, parameter.low + 0.5] if parameter.odd else []
    assert outside
    for value in outside:
        with pytest.raises(OutOfRange) as raised:
            loss_named(f"{loss.key}:{parameter.name}={value!r}")
        message = f"{parameter.name} of {loss.key} is {value:g}, but must be {parameter.range}."
        assert str(raised.value) == message
        assert raised.value.exit_code == 2


def test_an_unknown_parameter_is_refused_with_those_that_there_are() -> None:
    for loss in LOSSES.values():
        with pytest.raises(UsageError) as raised:
            loss_named(f"{loss.key}:nonsense=1")
        assert loss.key in str(raised.value)
        assert "'nonsense'" in str(raised.value)
        assert all(parameter.name in str(raised.value) for parameter in loss.parameters)
        assert isinstance(raised.value, UnknownName) == bool(loss.parameters)


def test_a_parameter_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(UnknownName, match=r"^There is no parameter of huber 'delt'\. Did you mean delta\?$"):
        loss_named("huber:delt=1")


@pytest.mark.parametrize(
    "written", ["", "delta", "delta=", "=1", "delta=x", "delta=nan", "delta=1,", ",delta=1", "delta=1_0"]
)
def test_what_cannot_be_read_as_parameters_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(UsageError) as raised:
        loss_named(f"huber:{written}")
    assert "huber" in str(raised.value)
    assert "as delta=1." in str(raised.value)


@every_parameter
def test_the_example_is_of_the_losss_own_first_parameter_and_can_be_typed(loss: Loss, parameter: Parameter) -> None:
    with pytest.raises(UsageError) as raised:
        loss_named(f"{loss.key}:{parameter.name}=x")
    example = str(raised.value).rpartition(", as ")[2].removesuffix(".")
    assert example.partition("=")[0] == loss.parameters[0].name
    assert loss_named(f"{loss.key}:{example}").base == loss.key


def test_of_a_single_parameter_the_number_is_enough() -> None:
    assert loss_named("huber:0.5").key == "huber:delta=0.5"
    with pytest.raises(UsageError, match="as alpha=1"):
        loss_named("barron:0.5")


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"^delta of huber is given twice\.$"):
        loss_named("huber:delta=1,delta=2")


@each(
    ("written", "key"),
    [
        ("barron:c=2,alpha=0", "barron:alpha=0,c=2"),
        ("barron:c=1,alpha=-2", "barron:alpha=-2"),
        ("barron:alpha=1,c=1", "barron"),
        ("general-robust: c = 2.50 , alpha = -inf", "barron:alpha=-inf,c=2.5"),
        ("huber:delta=1.0", "huber"),
        ("huber:delta=5e-1", "huber:delta=0.5"),
        ("huber:delta=0.1234567890123", "huber:delta=0.1234567890123"),
        ("huber:delta=1e5", "huber:delta=100000"),
        ("PINBALL:tau=.5", "pinball:tau=0.5"),
        ("weighted_bce:weight=1", "weighted_binary_crossentropy:weight=1"),
    ],
)
def test_one_loss_has_one_key_however_its_parameters_are_written(written: str, key: str) -> None:
    assert loss_named(written).key == key
    assert loss_named(key) == loss_named(written)


def test_zero_has_no_sign_in_a_key() -> None:
    assert loss_named("barron:alpha=-0").key == "barron:alpha=0"


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (LOSSES["huber"].parameters[0], "from 0.000001 to 1,000,000"),
        (LOSSES["epsilon_insensitive"].parameters[0], "from 0 to 10,000"),
        (LOSSES["pinball"].parameters[0], "between 0 and 1"),
        (LOSSES["gce"].parameters[0], "from 0.001 to 1"),
        (LOSSES["barron"].parameters[0], "at most 10"),
        (Parameter(name="x", default=0, low=-math.inf, high=math.inf, meaning="x"), "a number"),
        (Parameter(name="x", default=1, low=0, high=math.inf, open=True, meaning="x"), "above 0"),
        (Parameter(name="x", default=1, low=0, high=math.inf, meaning="x"), "at least 0"),
        (Parameter(name="x", default=-1, low=-math.inf, high=0, open=True, meaning="x"), "below 0"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.name,
)
def test_a_range_in_words(parameter: Parameter, words: str) -> None:
    assert parameter.range.startswith(words)


# Keys that a store holds


def test_a_recorded_loss_is_the_record_or_what_can_be_said_of_one_that_is_gone() -> None:
    assert loss_recorded("huber:delta=0.5") == loss_named("huber:delta=0.5")
    gone = loss_recorded("nobodys_loss:a=1")
    assert (gone.key, gone.reading, gone.usual, gone.origin) == ("nobodys_loss:a=1", "unknown", False, "own")
    with pytest.raises(NotImplementedError):
        gone(np, np.zeros(1), np.zeros(1))
