import hashlib
import math
from typing import Any

import msgspec
import pytest

from lossterm import comparison as module
from lossterm.comparison import ACTIVATIONS, DEVICES, OPTIMIZERS, RATES_TO_TUNE, Comparison, Hyperparameters, Trial
from lossterm.errors import DoesNotFit, OutOfRange, UnknownName, UsageError
from lossterm.losses import fitting
from lossterm.metrics import PRIMARY, metrics_for
from lossterm.protocols import PROTOCOLS, Protocol, protocol_named
from lossterm.tasks import TASKS, Task

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
    "learning_rate": msgspec.structs.replace(TRIAL, learning_rate=0.010000000000000002),
    "seed": msgspec.structs.replace(TRIAL, seed=4),
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
}
SAME_PROGRAM = {"learning_rate", "seed", "epochs", "device"}


USES = [
    (protocol, task)
    for protocol in PROTOCOLS.values()
    for task in TASKS.values()
    if protocol.tasks is None or task.key in protocol.tasks
]


@pytest.mark.parametrize(("protocol", "task"), USES, ids=[f"{protocol.key}-{task.key}" for protocol, task in USES])
def test_what_is_not_said_comes_from_the_task_and_the_protocol(protocol: Protocol, task: Task) -> None:
    asked = Comparison.ask(task.key, protocol=protocol.key)
    assert asked.protocol == protocol.key
    assert asked.losses == tuple(loss.key for loss in fitting(task.kind, task.lowest, protocol.key))
    assert asked.hyperparameters == Hyperparameters(
        hidden=task.hidden, activation="relu", initial_sd=None, optimizer="momentum", batch_size=32, epochs=task.epochs
    )
    assert asked.metric == PRIMARY[task.kind]
    assert asked.learning_rates == ((0.001, 0.003, 0.01, 0.03, 0.1) if protocol.tunes else (0.01,))
    assert asked.tuned == protocol.tunes
    assert (asked.seeds, asked.device) == (10, "auto")


@pytest.mark.parametrize("task", TASKS)
def test_the_protocol_is_fair_unless_said(task: str) -> None:
    asked = Comparison.ask(task)
    assert asked == Comparison.ask(task, protocol="fair")
    assert asked.learning_rates == RATES_TO_TUNE == (0.001, 0.003, 0.01, 0.03, 0.1)
    assert asked.metric == ("mae" if task == "regression" else "accuracy")
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


@pytest.mark.parametrize(("protocol", "task"), USES, ids=[f"{protocol.key}-{task.key}" for protocol, task in USES])
def test_every_metric_that_fits_may_rank(protocol: Protocol, task: Task) -> None:
    for metric in metrics_for(task.kind, protocol.key, task.lowest):
        assert Comparison.ask(task.key, protocol=protocol.key, metric=metric.key).metric == metric.key


@pytest.mark.parametrize(
    ("task", "protocol", "metric", "message"),
    [
        ("circles", "fair", "mae", "mae is a metric for regression tasks, but this task is binary"),
        ("regression", "fair", "accuracy", "accuracy is a metric for binary and multiclass tasks"),
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


@pytest.mark.parametrize("seeds", [1, 4])
@pytest.mark.parametrize("rates", [None, (0.1,), (0.1, 0.2, 0.3)])
@pytest.mark.parametrize("losses", [("all",), ("hinge",)])
def test_there_is_one_trial_for_each_seed_rate_and_loss(
    seeds: int, rates: tuple[float, ...] | None, losses: tuple[str, ...]
) -> None:
    asked = Comparison.ask("circles", losses, seeds=seeds, learning_rates=rates)
    keys = [trial.key for trial in asked.trials()]
    assert len(set(keys)) == len(keys) == seeds * (len(rates) if rates else 5) * len(asked.losses)
    assert len(asked.losses) == (len(fitting("binary")) if losses == ("all",) else 1)


# Identity


def test_key_is_a_hash_of_the_engine_and_of_everything_the_trial_says() -> None:
    text = f"{module.ENGINE} " + (
        '{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":3,"hyperparameters":'
        '{"hidden":[50,20],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":200},"device":"auto"}'
    )
    # Should this fail, then trials in people's stores are no longer found: raise ENGINE if that is meant.
    assert TRIAL.key == hashlib.sha256(text.encode()).hexdigest()[:32]


@pytest.mark.parametrize("change", CHANGED)
def test_any_change_makes_another_key(change: str) -> None:
    assert CHANGED[change].key != TRIAL.key
    assert len({trial.key for trial in CHANGED.values()}) == len(CHANGED)


def test_a_raised_engine_makes_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = TRIAL.key
    monkeypatch.setattr(module, "ENGINE", module.ENGINE + 1)
    assert TRIAL.key != before


@pytest.mark.parametrize("change", CHANGED)
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


@pytest.mark.parametrize(
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
    ],
)
def test_a_number_out_of_range_is_refused_by_name(setting: dict[str, Any], names: str) -> None:
    with pytest.raises(OutOfRange, match=names) as raised:
        Comparison.ask("circles", **setting)
    assert "must be" in str(raised.value)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
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
        ({"task": "circels"}, "There is no task 'circels'. Did you mean circles?"),
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


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
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
    assert joined == Comparison.ask("circles", ("hinge", "squared_hinge"), seeds=5, metric="accuracy")
    assert two.joined(one) == Comparison.ask("circles", ("squared_hinge", "hinge"), seeds=5, metric="macro_f1")
    every = {trial.key for trial in joined.trials()}
    assert {trial.key for trial in (*one.trials(), *two.trials())} <= every


@pytest.mark.parametrize(
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
