import errno
import hashlib
import math
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lossterm.comparison import comparison as module
from lossterm.comparison.comparison import RATES_TO_TUNE, Arm, Comparison, Trial
from lossterm.comparison.device import DEVICES
from lossterm.comparison.hyperparameters import ACTIVATIONS, OPTIMIZERS, Hyperparameters
from lossterm.comparison.protocol import Protocol
from lossterm.comparison.protocol_catalogue import PROTOCOLS, protocol_named
from lossterm.errors import DataError, DoesNotFit, OutOfRange, UnknownName, UsageError
from lossterm.losses import LOSSES, fitting, is_own, loss_recorded, source_from, usual
from lossterm.metrics import PRIMARY, metrics_for
from lossterm.stress_axes import Severity
from lossterm.tasks import TASKS, Task, task_named
from tests.cells import each

TRIAL = Trial(
    task="circles",
    protocol="tutorial",
    loss="hinge",
    learning_rate=0.01,
    seed=3,
    hyperparameters=Hyperparameters(hidden=(50, 20), optimizer="momentum", batch_size=32, epochs=200),
    device="auto",
)


def other_hyperparameters(**changes: Any) -> Trial:
    return msgspec.structs.replace(TRIAL, hyperparameters=msgspec.structs.replace(TRIAL.hyperparameters, **changes))


CHANGED: dict[str, Trial] = {
    "task": msgspec.structs.replace(TRIAL, task="blobs"),
    "protocol": msgspec.structs.replace(TRIAL, protocol="fair"),
    "loss": msgspec.structs.replace(TRIAL, loss="squared_hinge"),
    "parameter": msgspec.structs.replace(TRIAL, loss="hinge:c=2"),
    "another parameter": msgspec.structs.replace(TRIAL, loss="hinge:c=2.5"),
    "source": msgspec.structs.replace(TRIAL, source="/a/mine.py:loss"),
    "another source": msgspec.structs.replace(TRIAL, source="/b/mine.py:loss"),
    "learning_rate": msgspec.structs.replace(TRIAL, learning_rate=0.010000000000000002),
    "seed": msgspec.structs.replace(TRIAL, seed=4),
    "severity": msgspec.structs.replace(TRIAL, severity=Severity(axis="label_noise", level=0.1)),
    "another level": msgspec.structs.replace(TRIAL, severity=Severity(axis="label_noise", level=0.2)),
    "another axis": msgspec.structs.replace(TRIAL, severity=Severity(axis="shift", level=0.1)),
    "another axis of the name": msgspec.structs.replace(
        TRIAL, severity=Severity(axis="label_noise", level=0.1, source="dusty 1.0")
    ),
    "device": msgspec.structs.replace(TRIAL, device="cpu"),
    "hidden": other_hyperparameters(hidden=(50, 21)),
    "hidden joined": other_hyperparameters(hidden=(5020,)),
    "no hidden": other_hyperparameters(hidden=()),
    "activation": other_hyperparameters(activation="tanh"),
    "initial_sd": other_hyperparameters(initial_sd=0.01),
    "another initial_sd": other_hyperparameters(initial_sd=4.0),
    "optimizer": other_hyperparameters(optimizer="adam"),
    "batch_size": other_hyperparameters(batch_size=33),
    "epochs": other_hyperparameters(epochs=201),
    "dropout": other_hyperparameters(dropout=0.1),
    "batch_norm": other_hyperparameters(batch_norm=True),
    "l2": other_hyperparameters(l2=0.1),
    "schedule": other_hyperparameters(schedule="linear"),
    "early_stopping": other_hyperparameters(early_stopping=1),
    "patience": other_hyperparameters(early_stopping=2),
    "class_weight": other_hyperparameters(class_weight="balanced"),
    "scaling": other_hyperparameters(scaling="robust"),
    "model": other_hyperparameters(model="/a/net.py:build@01234567"),
    "another model": other_hyperparameters(model="/a/net.py:build@76543210"),
}
SAME_PROGRAM = {
    *("learning_rate", "seed", "epochs", "device", "source", "another source"),
    *("severity", "another level", "another axis", "another axis of the name"),
}


USES = [
    (protocol, task)
    for protocol in PROTOCOLS.values()
    for task in TASKS.values()
    if protocol.tasks is None or task.key in protocol.tasks
]


@each(("protocol", "task"), USES, ids=[f"{protocol.key}-{task.key}" for protocol, task in USES])
def test_what_is_not_said_comes_from_the_task_and_the_protocol(protocol: Protocol, task: Task) -> None:
    asked = Comparison.ask(task.key, protocol=protocol.key)
    assert asked.protocol == protocol.key
    assert asked.losses == tuple(loss.key for loss in usual(task.targets, protocol.key))
    assert asked.sources == ()
    assert asked.hyperparameters == Hyperparameters(
        hidden=task.hidden,
        activation="relu",
        initial_sd=None,
        optimizer="momentum",
        batch_size=task.batch_size,
        epochs=task.epochs,
        network=task.network,
        filters=task.filters,
        units=task.units,
        schedule="cosine" if protocol.key == "fair" else "constant",
    )
    assert asked.metric == PRIMARY[task.kind]
    assert asked.learning_rates == ((0.001, 0.003, 0.01, 0.03, 0.1) if protocol.tunes else (0.01,))
    assert asked.tuned == protocol.tunes
    assert (asked.seeds, asked.device) == (10, "auto")


@each("task", TASKS)
def test_the_protocol_is_fair_unless_said(task: str) -> None:
    asked = Comparison.ask(task)
    assert asked == Comparison.ask(task, protocol="fair")
    assert asked.learning_rates == RATES_TO_TUNE == (0.001, 0.003, 0.01, 0.03, 0.1)
    assert asked.metric == PRIMARY[TASKS[task].kind]
    assert asked.tuned


def test_msle_is_left_out_where_targets_may_be_negative_but_under_the_tutorial() -> None:
    assert "msle" not in Comparison.ask("regression").losses
    assert "msle" in Comparison.ask("regression", protocol="tutorial").losses
    assert Comparison.ask("regression", ("msle",), protocol="tutorial").losses == ("msle",)
    with pytest.raises(DoesNotFit, match="msle needs targets y ≥ 0, and this task's go below; --protocol tutorial"):
        Comparison.ask("regression", ("mse", "msle"))


def test_what_is_said_is_kept() -> None:
    asked = Comparison.ask(
        "circles",
        ("hinge",),
        protocol="tutorial",
        metric="keras2_accuracy",
        seeds=3,
        learning_rates=[0.5],
        hidden=[8, 4],
        activation="tanh",
        initial_sd=2,
        optimizer="adam",
        batch_size=7,
        epochs=9,
        device="cpu",
    )
    assert asked == Comparison(
        task="circles",
        protocol="tutorial",
        losses=("hinge",),
        seeds=3,
        learning_rates=(0.5,),
        hyperparameters=Hyperparameters(
            hidden=(8, 4), activation="tanh", initial_sd=2.0, optimizer="adam", batch_size=7, epochs=9
        ),
        metric="keras2_accuracy",
        device="cpu",
    )
    assert not asked.tuned


def test_no_hidden_layer_makes_a_linear_model() -> None:
    assert Comparison.ask("digits", hidden=()).hyperparameters.hidden == ()


def test_learning_rates_are_sorted_and_each_is_tried_once() -> None:
    asked = Comparison.ask("circles", learning_rates=[1, 0.03, 0.1, 1.0, 0.03, 1e-3])
    assert asked.learning_rates == (0.001, 0.03, 0.1, 1.0)
    assert all(type(rate) is float for rate in asked.learning_rates)
    assert asked == Comparison.ask("circles", learning_rates=(0.001, 0.03, 0.1, 1.0))


def test_a_whole_number_for_a_rate_or_a_spread_makes_the_same_trials_as_the_decimal() -> None:
    whole = Comparison.ask("circles", learning_rates=[1], initial_sd=2)
    decimal = Comparison.ask("circles", learning_rates=[1.0], initial_sd=2.0)
    assert [trial.key for trial in whole.trials()] == [trial.key for trial in decimal.trials()]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_learning_rate_may_be_asked_for_under_every_protocol(protocol: str) -> None:
    task = (protocol_named(protocol).tasks or ("circles",))[0]
    asked = Comparison.ask(task, protocol=protocol, learning_rates=[0.2, 0.2])
    assert asked.learning_rates == (0.2,)
    assert not asked.tuned


def test_several_learning_rates_are_refused_where_there_is_nothing_to_choose_one_on() -> None:
    with pytest.raises(UsageError) as raised:
        Comparison.ask("circles", protocol="tutorial", learning_rates=[0.1, 0.2])
    assert str(raised.value) == (
        "The protocol tutorial has no validation split to choose a learning rate on: "
        "give one rate, or use --protocol fair."
    )
    assert raised.value.exit_code == 2


@each(("protocol", "task"), USES, ids=[f"{protocol.key}-{task.key}" for protocol, task in USES])
def test_every_metric_that_fits_may_rank(protocol: Protocol, task: Task) -> None:
    every = [loss.key for loss in fitting(task.targets, protocol.key)]
    for metric in metrics_for(task.kind, protocol.key, task.lowest):
        assert Comparison.ask(task.key, every, protocol=protocol.key, metric=metric.key).metric == metric.key


@pytest.mark.parametrize(
    ("task", "protocol", "metric", "message"),
    [
        ("circles", "fair", "mae", "mae is a metric for regression and multioutput tasks, but this task is binary"),
        (
            "regression",
            "fair",
            "accuracy",
            "accuracy is a metric for binary, multiclass, ordinal",
        ),
        ("regression", "fair", "rmsle", "rmsle needs targets of at least 0, and this task's go below"),
        ("circles", "fair", "keras3_accuracy", "keras3_accuracy is computed under the protocol tutorial only"),
        ("blobs", "tutorial", "keras3_accuracy", "keras3_accuracy is a metric for binary tasks"),
    ],
)
def test_a_metric_that_does_not_fit_is_refused(task: str, protocol: str, metric: str, message: str) -> None:
    with pytest.raises(DoesNotFit, match=f"^{message}"):
        Comparison.ask(task, protocol=protocol, metric=metric)


@pytest.mark.parametrize(("protocol", "task"), [("published", "circles"), ("tutorial", "digits")])
def test_a_protocol_that_is_not_for_the_task_is_refused(protocol: str, task: str) -> None:
    with pytest.raises(DoesNotFit, match=rf"^The protocol '{protocol}' is .* for {task} use --protocol fair\.$"):
        Comparison.ask(task, protocol=protocol)


def test_trials_come_seed_by_seed_then_rate_by_rate_and_then_in_the_order_of_losses() -> None:
    asked = Comparison.ask("circles", ("squared_hinge", "hinge"), seeds=2, epochs=2, learning_rates=(0.2, 0.1))
    trials = list(asked.trials())
    assert [(trial.seed, trial.learning_rate, trial.loss) for trial in trials] == [
        (0, 0.1, "squared_hinge"),
        (0, 0.1, "hinge"),
        (0, 0.2, "squared_hinge"),
        (0, 0.2, "hinge"),
        (1, 0.1, "squared_hinge"),
        (1, 0.1, "hinge"),
        (1, 0.2, "squared_hinge"),
        (1, 0.2, "hinge"),
    ]
    assert all(trial.hyperparameters == asked.hyperparameters for trial in trials)
    assert all((trial.task, trial.protocol, trial.device) == ("circles", "fair", "auto") for trial in trials)


@each("seeds", [1, 4])
@each("rates", [None, (0.1,), (0.1, 0.2, 0.3)])
@each("losses", [("all",), ("hinge",)])
def test_there_is_one_trial_for_each_seed_rate_and_loss(
    seeds: int, rates: tuple[float, ...] | None, losses: tuple[str, ...]
) -> None:
    asked = Comparison.ask("circles", losses, seeds=seeds, learning_rates=rates)
    keys = [trial.key for trial in asked.trials()]
    assert len(set(keys)) == len(keys) == seeds * (len(rates) if rates else 5) * len(asked.losses)
    assert len(asked.losses) == (len(fitting(TASKS["circles"].targets)) if losses == ("all",) else 1)


# Identity


def test_key_is_a_hash_of_the_engine_and_of_everything_the_trial_says() -> None:
    text = f"{module.ENGINE} " + (
        '{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":3,"hyperparameters":'
        '{"hidden":[50,20],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":200},'
        '"device":"auto","source":""}'
    )
    # Should this fail, then trials in people's stores are no longer found: raise ENGINE if that is meant.
    assert TRIAL.key == hashlib.sha256(text.encode()).hexdigest()[:32]


@each("change", CHANGED)
def test_any_change_makes_another_key(change: str) -> None:
    assert CHANGED[change].key != TRIAL.key
    assert len({trial.key for trial in CHANGED.values()}) == len(CHANGED)


def test_a_raised_engine_makes_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = TRIAL.key
    monkeypatch.setattr(module, "ENGINE", module.ENGINE + 1)
    assert TRIAL.key != before


@each("change", CHANGED)
def test_program_is_shared_by_trials_that_compile_alike_and_by_no_others(change: str) -> None:
    assert (CHANGED[change].program == TRIAL.program) == (change in SAME_PROGRAM)


def test_trial_and_comparison_survive_json() -> None:
    asked = Comparison.ask("blobs", seeds=2)
    assert msgspec.json.decode(msgspec.json.encode(asked), type=Comparison) == asked
    again = msgspec.json.decode(msgspec.json.encode(TRIAL), type=Trial)
    assert again == TRIAL
    assert again.key == TRIAL.key
    tuned = Comparison.ask("digits", hidden=(), activation="tanh", initial_sd=4.0, protocol="published", metric="brier")
    assert msgspec.json.decode(msgspec.json.encode(tuned), type=Comparison) == tuned


def test_what_was_stored_before_activation_and_initial_sd_were_settings_is_read_as_what_it_was() -> None:
    stored = b'{"hidden":[50],"optimizer":"adam","batch_size":32,"epochs":200}'
    trial = b'{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":3,"hyperparameters":'
    read = msgspec.json.decode(trial + stored + b',"device":"auto"}', type=Trial)
    expected = Hyperparameters(
        hidden=(50,), activation="relu", initial_sd=None, optimizer="adam", batch_size=32, epochs=200
    )
    assert read.hyperparameters == expected
    comparison = (
        b'{"task":"circles","protocol":"tutorial","losses":["hinge"],"seeds":2,"learning_rates":[0.01],'
        b'"hyperparameters":' + stored + b',"metric":"accuracy","device":"auto"}'
    )
    assert msgspec.json.decode(comparison, type=Comparison) == Comparison.ask(
        "circles", ("hinge",), protocol="tutorial", seeds=2, optimizer="adam"
    )


# What makes no sense


@each(
    ("setting", "names"),
    [
        ({"seeds": 0}, "number of seeds is 0"),
        ({"seeds": -1}, "number of seeds is -1"),
        ({"seeds": 10_001}, "number of seeds is 10001"),
        ({"epochs": 0}, "number of epochs is 0"),
        ({"epochs": -5}, "number of epochs is -5"),
        ({"epochs": 1_000_001}, "number of epochs is 1000001"),
        ({"batch_size": 0}, "batch size is 0"),
        ({"batch_size": -1}, "batch size is -1"),
        ({"batch_size": 1_000_001}, "batch size is 1000001"),
        ({"hidden": (1,) * 33}, "number of hidden layers is 33"),
        ({"hidden": (0,)}, "hidden layer is 0"),
        ({"hidden": (50, -1)}, "hidden layer is -1"),
        ({"hidden": (65_537,)}, "hidden layer is 65537"),
        ({"learning_rates": (0.0,)}, "learning rate is 0.0"),
        ({"learning_rates": (-1.0,)}, "learning rate is -1.0"),
        ({"learning_rates": (math.nan,)}, "learning rate is nan"),
        ({"learning_rates": (math.inf,)}, "learning rate is inf"),
        ({"learning_rates": (-math.inf,)}, "learning rate is -inf"),
        ({"learning_rates": (0.1, math.nan, 0.01)}, "learning rate is nan"),
        ({"learning_rates": (0.1, -0.5, 0.2)}, "learning rate is -0.5"),
        ({"learning_rates": ()}, "number of learning rates is 0"),
        ({"learning_rates": range(1, 102)}, "number of learning rates is 101"),
        ({"learning_rates": (), "protocol": "tutorial"}, "number of learning rates is 0"),
        ({"initial_sd": 0.0}, "standard deviation of initial weights is 0.0"),
        ({"initial_sd": -1.0}, "standard deviation of initial weights is -1.0"),
        ({"initial_sd": math.nan}, "standard deviation of initial weights is nan"),
        ({"initial_sd": math.inf}, "standard deviation of initial weights is inf"),
        ({"rope": -0.01}, "The ROPE is -0.01, but must be a number of at least 0"),
        ({"rope": math.nan}, "The ROPE is nan"),
        ({"rope": math.inf}, "The ROPE is inf"),
        ({"rope": "wide"}, "The ROPE is 'wide'"),
    ],
)
def test_a_number_out_of_range_is_refused_by_name(setting: dict[str, Any], names: str) -> None:
    with pytest.raises(OutOfRange, match=names) as raised:
        Comparison.ask("circles", **setting)
    assert "must be" in str(raised.value)
    assert raised.value.exit_code == 2


@each(
    "setting",
    [
        {"seeds": 1},
        {"seeds": 10_000},
        {"epochs": 1},
        {"epochs": 1_000_000},
        {"batch_size": 1},
        {"batch_size": 1_000_000},
        {"hidden": (1,)},
        {"hidden": (65_536,) * 32},
        {"hidden": ()},
        {"learning_rates": (1e-12,)},
        {"learning_rates": (1e12,)},
        {"learning_rates": range(1, 101)},
        {"initial_sd": 1e-12},
        {"initial_sd": 1e3},
    ],
)
def test_a_number_at_the_edge_of_its_range_is_taken(setting: dict[str, Any]) -> None:
    assert Comparison.ask("circles", **setting).task == "circles"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"task": "circels"}, "There is no task 'circels'. Did you mean circles"),
        ({"losses": ("hing",)}, "There is no loss 'hing'. Did you mean hinge"),
        ({"protocol": "tutorail"}, "There is no protocol 'tutorail'. Did you mean tutorial?"),
        ({"metric": "acuracy"}, "There is no metric 'acuracy'. Did you mean accuracy"),
        ({"activation": "rellu"}, "There is no activation 'rellu'. Did you mean relu?"),
        ({"activation": "gelu-9"}, "There is no activation 'gelu-9'."),
        ({"optimizer": "adm"}, "There is no optimizer 'adm'. Did you mean adam"),
        ({"device": "gpus"}, "There is no device 'gpus'. Did you mean gpu"),
        ({"device": "tpu-9"}, "There is no device 'tpu-9'."),
    ],
)
def test_an_unknown_name_is_refused_with_near_misses(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownName) as raised:
        Comparison.ask(**{"task": "circles", **setting})
    assert str(raised.value).startswith(message)


def test_a_loss_of_another_kind_is_refused() -> None:
    with pytest.raises(DoesNotFit, match="mse is a loss for regression tasks, but this task is binary"):
        Comparison.ask("circles", ("hinge", "mse"))


@each("optimizer", OPTIMIZERS)
@each("device", DEVICES)
@each("activation", ACTIVATIONS)
def test_every_optimizer_device_and_activation_is_taken(optimizer: str, device: str, activation: str) -> None:
    asked = Comparison.ask("circles", optimizer=optimizer, device=device, activation=activation)
    h = asked.hyperparameters
    assert (h.optimizer, asked.device, h.activation) == (optimizer, device, activation)


# Comparisons in one table


def test_comparisons_that_differ_in_losses_seeds_and_metric_alone_are_comparable() -> None:
    one = Comparison.ask("circles", ("hinge",), seeds=2, metric="macro_f1")
    two = Comparison.ask("circles", ("squared_hinge", "hinge"), seeds=5, metric="roc_auc")
    assert one.comparable(two)
    assert two.comparable(one)
    assert one.comparable(one)


def test_joined_comparisons_ask_for_what_both_do_and_rank_as_the_later() -> None:
    one = Comparison.ask("circles", ("hinge",), seeds=5, metric="macro_f1")
    two = Comparison.ask("circles", ("squared_hinge", "hinge"), seeds=2)
    joined = one.joined(two)
    for both, losses, metric in (
        (joined, ("hinge", "squared_hinge"), "accuracy"),
        (two.joined(one), ("squared_hinge", "hinge"), "macro_f1"),
    ):
        assert (both.losses, both.seeds, both.metric) == (losses, 5, metric)
        assert set(both.rates_of("hinge").values()) == {5}
        assert set(both.rates_of("squared_hinge").values()) == {2}
    asked = {trial.key for trial in (*one.trials(), *two.trials())}
    assert {trial.key for trial in joined.trials()} == asked
    assert joined.size == len(asked)
    assert joined.size_in_words == "35 trials"


def test_more_seeds_are_more_for_every_loss_and_each_rate_that_is_not_given_up() -> None:
    one, two = (Comparison.ask("circles", (loss,), seeds=seeds) for loss, seeds in (("hinge", 5), ("squared_hinge", 2)))
    wider = one.joined(two).extended([Arm(loss="hinge", learning_rate=0.3, seeds=5)])
    more = wider.with_seeds(9)
    assert set(more.rates_of("hinge").values()) == {9}
    assert list(more.rates_of("hinge")) == [*RATES_TO_TUNE, 0.3]
    assert set(more.rates_of("squared_hinge").values()) == {9}
    assert {arm.seeds for arm in wider.with_seeds(2).arms} == {2}
    assert one.joined(Comparison.ask("circles", ("squared_hinge",), seeds=5)).design == (), "every loss at every rate"


@each(
    "other",
    [
        Comparison.ask("blobs", seeds=2),
        Comparison.ask("circles", seeds=2, learning_rates=(0.02,)),
        Comparison.ask("circles", seeds=2, learning_rates=RATES_TO_TUNE[:-1]),
        Comparison.ask("circles", seeds=2, epochs=3),
        Comparison.ask("circles", seeds=2, hidden=(3,)),
        Comparison.ask("circles", seeds=2, activation="tanh"),
        Comparison.ask("circles", seeds=2, initial_sd=4.0),
        Comparison.ask("circles", seeds=2, optimizer="sgd"),
        Comparison.ask("circles", seeds=2, batch_size=16),
        Comparison.ask("circles", seeds=2, device="cpu"),
    ],
    ids=[
        *("task", "rate", "rates", "epochs", "hidden", "activation", "initial_sd"),
        *("optimizer", "batch", "device"),
    ],
)
def test_comparisons_that_differ_in_anything_else_are_not_comparable(other: Comparison) -> None:
    assert not Comparison.ask("circles", seeds=2).comparable(other)
    assert not other.comparable(Comparison.ask("circles", seeds=2))


def test_the_same_settings_under_another_protocol_are_not_comparable() -> None:
    fair = Comparison.ask("circles", learning_rates=(0.01,))
    assert not fair.comparable(Comparison.ask("circles", protocol="tutorial", learning_rates=(0.01,)))


# Losses with parameters, by other names, and in groups


@each(
    ("task", "asked", "keys"),
    [
        ("regression", ("huber:delta=0.5",), ("huber:delta=0.5",)),
        ("regression", ("huber:delta=.50",), ("huber:delta=0.5",)),
        ("regression", ("huber: delta = 5e-1",), ("huber:delta=0.5",)),
        ("regression", ("huber:delta=1",), ("huber",)),  # the default
        ("regression", ("huber:delta=2.0",), ("huber:delta=2",)),
        ("regression", ("barron:c=2,alpha=0",), ("barron:alpha=0,c=2",)),  # in the record's order
        ("regression", ("barron:alpha=-inf",), ("barron:alpha=-inf",)),
        ("regression", ("huber", "huber:delta=0.5", "huber:delta=3"), ("huber", "huber:delta=0.5", "huber:delta=3")),
        ("regression", ("huber:delta=3", "huber:delta=3.0", "huber:delta=1", "huber"), ("huber:delta=3", "huber")),
        ("regression", ("l2", "L1", "quantile:tau=0.1"), ("mse", "mae", "pinball:tau=0.1")),
        ("circles", ("bce", "log-loss", "Binary Crossentropy"), ("binary_crossentropy",)),
        (
            "blobs",
            ("kl", "CCE", "focal_loss:gamma=0.5"),
            ("kl_divergence", "categorical_crossentropy", "focal:gamma=0.5"),
        ),
    ],
)
def test_a_loss_is_kept_under_one_key_however_it_is_written(
    task: str, asked: tuple[str, ...], keys: tuple[str, ...]
) -> None:
    assert Comparison.ask(task, asked).losses == keys


def test_usual_and_all_stand_for_losses_and_may_be_mixed_with_others() -> None:
    every = tuple(loss.key for loss in fitting(task_named("counts").targets))
    few = tuple(loss.key for loss in usual(task_named("counts").targets))
    assert Comparison.ask("counts").losses == Comparison.ask("counts", ("usual",)).losses == few
    assert Comparison.ask("counts", ()).losses == few
    assert Comparison.ask("counts", ("all",)).losses == every
    assert set(few) < set(every)
    assert Comparison.ask("counts", ("tweedie", "usual")).losses == ("tweedie", *few)
    assert Comparison.ask("counts", ("usual", "tweedie", "mse")).losses == (*few, "tweedie")
    assert Comparison.ask("counts", ("usual", "all")).losses == (*few, *(key for key in every if key not in few))
    assert Comparison.ask("counts", ("all", "huber:delta=2")).losses == (*every, "huber:delta=2")


@each(
    ("task", "loss", "error", "sentence"),
    [
        ("regression", "huber:delta=-1", OutOfRange, "delta of huber is -1, but must be from 0.000001 to 1,000,000."),
        ("regression", "huber:delta=0", OutOfRange, "delta of huber is 0, but must be from 0.000001 to 1,000,000."),
        ("regression", "pinball:tau=1", OutOfRange, "tau of pinball is 1, but must be between 0 and 1."),
        ("counts", "tweedie:power=3", OutOfRange, "power of tweedie is 3, but must be between 1 and 2."),
        ("regression", "barron:alpha=11", OutOfRange, "alpha of barron is 11, but must be at most 10."),
        (
            "regression",
            "huber:delta=nan",
            UsageError,
            "'delta=nan' after huber cannot be read: give a parameter and a number",
        ),
        (
            "regression",
            "huber:delta=big",
            UsageError,
            "'delta=big' after huber cannot be read: give a parameter and a number",
        ),
        ("regression", "barron:0.5", UsageError, "'0.5' after barron cannot be read: give a parameter and a number"),
        ("regression", "huber:", UsageError, "'' after huber cannot be read: give a parameter and a number"),
        ("regression", "huber:delta=1,delta=2", UsageError, "delta of huber is given twice."),
        ("regression", "huber:dleta=1", UnknownName, "There is no parameter of huber 'dleta'. Did you mean delta?"),
        ("regression", "mse:delta=1", UsageError, "mse has no parameters, so 'delta' cannot be set."),
        ("regression", "hubr", UnknownName, "There is no loss 'hubr'. Did you mean huber"),
        (
            "regression",
            "cosine_similarity",
            DoesNotFit,
            "cosine_similarity is left out: with one unit it is always ±1,",
        ),
        ("regression", "Cosine", DoesNotFit, "cosine_similarity is left out: "),
        (
            "blobs",
            "dice",
            DoesNotFit,
            "dice is a loss for segmentation tasks, but this task is multiclass. Losses that fit: ",
        ),
        ("blobs", "ctc", DoesNotFit, "ctc is left out: it is of sequences whose labels are not aligned,"),
        (
            "regression",
            "poisson",
            DoesNotFit,
            "poisson needs targets y ≥ 0, and this task's go below. Losses that fit:",
        ),
        ("counts", "gamma", DoesNotFit, "gamma needs targets y > 0, and this task's may be 0. Losses that fit:"),
        (
            "circles",
            "focal",
            DoesNotFit,
            "focal is a loss for multiclass tasks, but this task is binary. Did you mean binary_focal?",
        ),
        (
            "circles",
            "huber:delta=2",
            DoesNotFit,
            "huber:delta=2 is a loss for regression tasks, but this task is binary.",
        ),
    ],
)
def test_a_loss_that_cannot_be_had_is_refused_with_why(
    task: str, loss: str, error: type[UsageError], sentence: str
) -> None:
    with pytest.raises(error) as raised:
        Comparison.ask(task, ("mse" if task == "regression" else "usual", loss))
    assert str(raised.value).startswith(sentence)
    assert str(raised.value).endswith((".", "?"))
    assert raised.value.exit_code == 2


def test_losses_with_other_parameters_are_other_trials_and_other_programs() -> None:
    keys = ("huber", "huber:delta=0.5", "huber:delta=0.50001")
    trials = list(Comparison.ask("regression", keys, seeds=1, learning_rates=(0.1,)).trials())
    assert [trial.loss for trial in trials] == list(keys)
    assert len({trial.key for trial in trials}) == len({trial.program for trial in trials}) == 3
    (again,) = Comparison.ask("regression", ("huber:delta=5e-1",), seeds=1, learning_rates=(0.1,)).trials()
    assert again == trials[1]
    assert again.key == trials[1].key


@each("loss", LOSSES)
def test_the_trials_of_the_catalogues_losses_say_nothing_of_a_source(loss: str) -> None:
    task = next(one for one in TASKS.values() if LOSSES[loss].misfit(one.targets, "fair") is None)
    asked = Comparison.ask(task.key, (loss,), seeds=1, learning_rates=(0.1,))
    assert asked.losses == (loss,)
    assert [trial.source for trial in asked.trials()] == [""]


# Custom losses

MINE = "def mine(y_true, y_pred):\n    return (y_true - y_pred) ** 2\n\nLINE = 3\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "my losses.py"
    path.write_text(MINE)
    return path


def test_a_custom_loss_comes_after_the_others_under_its_name_and_a_fingerprint(mine: Path) -> None:
    asked = Comparison.ask("regression", ("mse", "mae"), own=(f"{mine}:mine",), seeds=1)
    *others, key = asked.losses
    assert others == ["mse", "mae"]
    assert key == f"mine@{hashlib.sha256(MINE.encode()).hexdigest()[:8]}"
    assert is_own(key)
    assert asked.sources == ((key, f"{mine}:mine"),)
    assert {trial.loss: trial.source for trial in asked.trials()} == {"mse": "", "mae": "", key: f"{mine}:mine"}
    assert msgspec.json.decode(msgspec.json.encode(asked), type=Comparison) == asked
    assert source_from(asked.sources[0][1]).key == key


def test_a_custom_loss_may_be_compared_with_nothing_with_the_usual_or_with_others_of_its_kind(mine: Path) -> None:
    few = tuple(loss.key for loss in usual(task_named("regression").targets))
    place = f"{mine}:mine"
    (key,) = Comparison.ask("regression", (), own=(place,)).losses
    assert Comparison.ask("regression", own=(place,)).losses == (*few, key)
    settings = (f"{place}:weight=2", f"{place}:weight=2.0", place, place)
    every = Comparison.ask("circles", (), own=(*settings, f"{place}:head=logit"))
    name, mark = key.split("@")
    assert every.losses == (
        *(f"{name}:weight=2@{mark}", f"{name}:weight=2.0@{mark}", key, f"{name}:head=logit@{mark}"),
    )
    assert [text for _, text in every.sources] == [*settings[:3], f"{place}:head=logit"]


def test_a_file_that_was_edited_is_another_loss(mine: Path) -> None:
    def trial() -> Trial:
        return next(Comparison.ask("regression", (), own=(f"{mine}:mine",)).trials())

    before = trial()
    assert trial() == before
    mine.write_text(MINE + "# better\n")
    assert trial().key != before.key
    assert trial().loss != before.loss
    assert trial().source == before.source
    mine.write_text(MINE)
    assert trial().key == before.key


def test_the_same_file_in_another_place_is_another_trial(mine: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / mine.name
    copy.parent.mkdir()
    copy.write_text(MINE)
    one, other = (Comparison.ask("regression", (), own=(f"{path}:mine",)) for path in (mine, copy))
    assert one.losses == other.losses
    assert next(one.trials()).key != next(other.trials()).key


def test_a_place_is_kept_whole_however_it_was_given(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Comparison.ask("regression", (), own=(f"{mine}:mine",))
    monkeypatch.chdir(mine.parent)
    assert Comparison.ask("regression", (), own=(f"{mine.name}:mine",)) == whole
    monkeypatch.setenv("HOME", str(mine.parent))
    assert Comparison.ask("regression", (), own=(f"~/{mine.name}:mine",)) == whole


def test_a_file_is_looked_at_and_never_run(tmp_path: Path) -> None:
    path, trace = tmp_path / "loud.py", tmp_path / "it ran"
    path.write_text(f"open({str(trace)!r}, 'w')\nraise SystemExit(9)\ndef mine(y, f): ...\n")
    assert len(Comparison.ask("regression", (), own=(f"{path}:mine",)).losses) == 1
    assert not trace.exists()


@pytest.mark.parametrize(
    "text", ["class mine: ...\n", "mine = 3\n", "from x import y as mine\n", "from x import *\n", "import mine\n"]
)
def test_a_name_may_be_anything_that_a_file_gives_a_meaning(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.py"
    path.write_text(text)
    assert Comparison.ask("regression", (), own=(f"{path}:mine",)).losses[0].startswith("mine@")


def test_a_module_that_is_installed_may_hold_a_loss_and_is_not_imported() -> None:
    asked = Comparison.ask("regression", (), own=("click.core:mine:delta=1",))
    assert asked.losses[0].startswith("mine:delta=1@")
    assert asked.sources[0][1] == "click.core:mine:delta=1"
    version = Comparison.ask("regression", (), own=("click.core:mine",)).losses[0]
    assert version != Comparison.ask("regression", (), own=("click.types:mine",)).losses[0]


@each(
    ("text", "sentence"),
    [
        ("{mine}", "is invalid: give FILE.py:NAME"),
        ("{mine}:", "is invalid: give"),
        (":mine", "is invalid: give"),
        ("{mine}:not a name", "is invalid: give"),
        ("{mine}:mine:delta", "'delta' is not of the form parameter=value."),
        ("{mine}:mine:delta=", "'delta=' is not of the form parameter=value."),
        ("{mine}:mine:=1", "'=1' is not of the form parameter=value."),
        ("{mine}:mine:x=a@b", "'x=a@b' is not of the form parameter=value."),
        ("no-module:mine", "'no-module' is neither a Python file nor a module."),
        ("{mine}:mine:head=logits", "There is no head for a custom loss 'logits'. Did you mean logit"),
        ("{mine}:mine:labels=onehot", "There is no labels for a custom loss 'onehot'. Did you mean one_hot"),
        ("{mine}:min", "There is no loss in my losses.py called 'min'. Did you mean mine"),
        ("{mine}:y_true", "There is no loss in my losses.py called 'y_true'."),  # a parameter is no name of the file
    ],
)
def test_what_is_no_place_of_a_loss_is_refused(mine: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        Comparison.ask("regression", (), own=(text.format(mine=mine),))
    assert sentence in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_file_that_is_not_there_or_is_no_python_is_refused_with_its_line(tmp_path: Path) -> None:
    broken, text, nul = tmp_path / "broken.py", tmp_path / "notes.txt", tmp_path / "nul.py"
    broken.write_text("x = 1\ny = (2\n")
    text.write_text("mine = 1\n")
    nul.write_bytes(b"mine = 1\0\n")
    cases = {
        tmp_path / "absent.py": "absent.py cannot be read: No such file or directory.",
        tmp_path: "is not a Python file: a loss of your own must be in a file that ends in .py.",
        text: "notes.txt is not a Python file: a loss of your own must be in a file that ends in .py.",
        broken: "broken.py, line 2 is not Python: '(' was never closed.",
        nul: "nul.py is not Python: ",
    }
    for path, sentence in cases.items():
        with pytest.raises(DataError) as raised:
            Comparison.ask("regression", (), own=(f"{path}:mine",))
        assert sentence in str(raised.value)
        assert str(path) in str(raised.value)
        assert raised.value.exit_code == 3


def test_a_file_that_may_not_be_read_is_refused(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_bytes", refuse)  # root may read everything
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        Comparison.ask("regression", (), own=(f"{mine}:mine",))


def test_joined_comparisons_have_the_losses_and_sources_of_both_each_once(mine: Path) -> None:
    other = mine.with_name("other.py")
    other.write_text("theirs = 1\n")
    one = Comparison.ask("regression", ("mse",), own=(f"{mine}:mine",), seeds=5)
    two = Comparison.ask("regression", ("huber:delta=2",), own=(f"{other}:theirs", f"{mine}:mine"), seeds=2)
    assert one.comparable(two)
    assert two.comparable(one)
    joined = one.joined(two)
    assert joined.losses == ("mse", one.losses[1], "huber:delta=2", two.losses[1])
    assert joined.sources == (one.sources[0], two.sources[0])
    assert joined.seeds == 5
    every = {trial.key for trial in joined.trials()}
    assert {trial.key for trial in (*one.trials(), *two.trials())} <= every


def test_what_can_be_said_of_a_loss_that_is_not_at_hand_is_said_without_it(mine: Path) -> None:
    asked = Comparison.ask("regression", (), own=(f"{mine}:mine",))
    mine.unlink()
    record = loss_recorded(asked.losses[0])
    assert (record.key, record.title, record.reading) == (asked.losses[0], "mine", "unknown")
    assert [trial.source for trial in msgspec.structs.replace(asked, seeds=1, learning_rates=(0.1,)).trials()] == [
        asked.sources[0][1]
    ]
    gone = loss_recorded("of_a_package_that_went")
    assert (gone.key, gone.reading) == ("of_a_package_that_went", "unknown")


def test_what_was_stored_before_losses_had_sources_is_read_without_any() -> None:
    asked = Comparison.ask("circles", ("hinge",))
    stored = msgspec.to_builtins(asked)
    del stored["sources"]
    assert msgspec.convert(stored, Comparison) == asked
    trial = msgspec.to_builtins(next(asked.trials()))
    del trial["source"]
    assert msgspec.convert(trial, Trial) == next(asked.trials())


def test_a_custom_loss_may_be_named_by_its_key_where_its_place_is_said(mine: Path) -> None:
    place = f"{mine}:mine"
    (key,) = Comparison.ask("regression", (), own=(place,)).losses
    asked = Comparison.ask("regression", ("mse", key, "mae"), own=(place,))
    assert asked.losses == ("mse", key, "mae")  # in its place, and once
    assert asked.sources == ((key, place),)
    with pytest.raises(UsageError) as raised:
        Comparison.ask("regression", ("mse", key))
    assert str(raised.value) == (f"{key!r} is a custom loss: say where it is with --loss-file FILE.py:NAME.")
    mine.write_text(MINE + "# edited\n")
    with pytest.raises(UsageError, match=rf"^'{key}' is a custom loss: .* a file that was edited is another loss"):
        Comparison.ask("regression", (key,), own=(place,))


# How scores are judged


def test_tables_that_are_judged_otherwise_share_their_trials_and_the_last_says_what_matters() -> None:
    first = Comparison.ask("circles", ("hinge",), seeds=10, final=True)
    last = Comparison.ask("circles", ("hinge",), seeds=20, rope=0.02)
    assert first.comparable(last)
    joined = first.joined(last)
    assert (joined.seeds, joined.rope, joined.final) == (20, 0.02, True)
    assert last.joined(first).final is False  # a single look is declared before the scores are seen
    assert [trial.key for trial in first.trials()] == [trial.key for trial in last.trials()][:50]
    assert [setting.name for setting in last.judged_otherwise] == ["rope"]


def test_a_comparison_that_was_stored_before_says_nothing_of_how_it_is_judged() -> None:
    stored = msgspec.to_builtins(Comparison.ask("circles", ("hinge",)))
    del stored["rope"], stored["final"]
    assert msgspec.convert(stored, Comparison) == Comparison.ask("circles", ("hinge",))


# Devices


@pytest.mark.parametrize(
    ("text", "device"),
    [("gpu:0", "gpu:0"), ("gpu:2,0", "gpu:0,2"), ("gpu:00,7", "gpu:0,7"), ("gpu", "gpu"), ("auto", "auto")],
)
def test_a_device_has_one_spelling(text: str, device: str) -> None:
    asked = Comparison.ask("circles", seeds=1, device=text)
    assert {trial.device for trial in asked.trials()} == {asked.device} == {device}
    assert next(asked.trials()).key == next(Comparison.ask("circles", seeds=1, device=device).trials()).key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpu:1,1", "The device is 'gpu:1,1', but must be each card once, such as gpu:1."),
        ("gpu:", "The device is 'gpu:', but must be numbers of cards from 0 to 99, such as gpu:0,2."),
        ("gpu:0,-1", "The device is 'gpu:0,-1', but must be numbers of cards"),
        ("gpu:0,100", "The device is 'gpu:0,100', but must be numbers of cards"),
        ("gpu:" + "9" * 5000, "The device is 'gpu:99"),
        ("gpu:²", "The device is 'gpu:²', but must be numbers of cards"),
        (f"gpu:{','.join(map(str, range(17)))}", "The device is a list of 17 cards, but must be of 16 at most."),
        ("cpu:0", "There is no device 'cpu:0'. Did you mean cpu"),
        ("", "There is no device ''."),
    ],
)
def test_cards_that_cannot_be_are_a_sentence(text: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        Comparison.ask("circles", device=text)
    assert str(raised.value).startswith(message)
