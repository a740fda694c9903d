import hashlib
import math
from typing import Any

import msgspec
import pytest

from lossterm import comparison as module
from lossterm.comparison import DEVICES, OPTIMIZERS, Comparison, Hyperparameters, Trial
from lossterm.errors import DoesNotFit, OutOfRange, UnknownName
from lossterm.losses import fitting
from lossterm.metrics import PRIMARY
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
    "optimizer": other_hyperparameters(optimizer="adam"),
    "batch_size": other_hyperparameters(batch_size=33),
    "epochs": other_hyperparameters(epochs=201),
}
SAME_PROGRAM = {"learning_rate", "seed", "epochs", "device"}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
def test_what_is_not_said_comes_from_the_task(task: Task) -> None:
    asked = Comparison.ask(task.key)
    assert asked.losses == tuple(loss.key for loss in fitting(task.kind))
    assert asked.hyperparameters.hidden == task.hidden
    assert asked.hyperparameters.epochs == task.epochs
    assert asked.metric == PRIMARY[task.kind]
    assert (asked.seeds, asked.learning_rates, asked.device) == (10, (0.01,), "auto")
    assert (asked.hyperparameters.optimizer, asked.hyperparameters.batch_size) == ("momentum", 32)


def test_what_is_said_is_kept() -> None:
    asked = Comparison.ask(
        "circles",
        ("hinge",),
        protocol="tutorial",
        seeds=3,
        learning_rate=0.5,
        hidden=[8, 4],
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
        hyperparameters=Hyperparameters(hidden=(8, 4), optimizer="adam", batch_size=7, epochs=9),
        metric="accuracy",
        device="cpu",
    )


def test_trials_come_seed_by_seed_and_within_a_seed_in_the_order_of_losses() -> None:
    asked = Comparison.ask("circles", ("squared_hinge", "hinge"), seeds=3, epochs=2)
    trials = list(asked.trials())
    assert [(trial.seed, trial.loss) for trial in trials] == [
        (0, "squared_hinge"),
        (0, "hinge"),
        (1, "squared_hinge"),
        (1, "hinge"),
        (2, "squared_hinge"),
        (2, "hinge"),
    ]
    assert all(trial.hyperparameters == asked.hyperparameters for trial in trials)
    assert all((trial.task, trial.protocol, trial.device) == ("circles", "tutorial", "auto") for trial in trials)


def test_every_learning_rate_is_tried_with_every_loss_and_seed() -> None:
    asked = msgspec.structs.replace(
        Comparison.ask("circles", ("hinge", "squared_hinge"), seeds=2), learning_rates=(0.1, 0.2)
    )
    found = {(trial.seed, trial.learning_rate, trial.loss) for trial in asked.trials()}
    assert found == {(s, r, loss) for s in (0, 1) for r in (0.1, 0.2) for loss in ("hinge", "squared_hinge")}
    assert len({trial.key for trial in asked.trials()}) == len(list(asked.trials())) == 8


# Identity


def test_key_is_a_hash_of_the_engine_and_of_everything_the_trial_says() -> None:
    text = f"{module.ENGINE} " + (
        '{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":3,"hyperparameters":'
        '{"hidden":[50,20],"optimizer":"momentum","batch_size":32,"epochs":200},"device":"auto"}'
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
        ({"hidden": ()}, "number of hidden layers is 0"),
        ({"hidden": (1,) * 33}, "number of hidden layers is 33"),
        ({"hidden": (0,)}, "hidden layer is 0"),
        ({"hidden": (50, -1)}, "hidden layer is -1"),
        ({"hidden": (65_537,)}, "hidden layer is 65537"),
        ({"learning_rate": 0.0}, "learning rate is 0.0"),
        ({"learning_rate": -1.0}, "learning rate is -1.0"),
        ({"learning_rate": math.nan}, "learning rate is nan"),
        ({"learning_rate": math.inf}, "learning rate is inf"),
        ({"learning_rate": -math.inf}, "learning rate is -inf"),
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
        {"learning_rate": 1e-12},
        {"learning_rate": 1e12},
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
def test_every_optimizer_and_device_is_taken(optimizer: str, device: str) -> None:
    asked = Comparison.ask("circles", optimizer=optimizer, device=device)
    assert (asked.hyperparameters.optimizer, asked.device) == (optimizer, device)


# Comparisons in one table


def test_comparisons_that_differ_in_losses_and_seeds_alone_are_comparable() -> None:
    one = Comparison.ask("circles", ("hinge",), seeds=2)
    two = Comparison.ask("circles", ("squared_hinge", "hinge"), seeds=5)
    assert one.comparable(two)
    joined = one.joined(two)
    assert (joined.losses, joined.seeds) == (("hinge", "squared_hinge"), 5)
    assert two.joined(one).losses == ("squared_hinge", "hinge")


@pytest.mark.parametrize(
    "other",
    [
        Comparison.ask("blobs", seeds=2),
        Comparison.ask("circles", seeds=2, learning_rate=0.02),
        Comparison.ask("circles", seeds=2, epochs=3),
        Comparison.ask("circles", seeds=2, hidden=(3,)),
        Comparison.ask("circles", seeds=2, optimizer="sgd"),
        Comparison.ask("circles", seeds=2, batch_size=16),
        Comparison.ask("circles", seeds=2, device="cpu"),
    ],
    ids=["task", "rate", "epochs", "hidden", "optimizer", "batch", "device"],
)
def test_comparisons_that_differ_in_anything_else_are_not_comparable(other: Comparison) -> None:
    assert not Comparison.ask("circles", seeds=2).comparable(other)
