"""A custom network, as the processes that do not train know it: a place, a name, a fingerprint."""

import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from lossterm.cli.main import cli
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.user_network import called, network_from, source_of
from lossterm.errors import DataError, LosstermError, OutOfRange, UnknownName, UsageError
from tests.cells import each

NETWORK = "import keras\n\ndef build(features, outputs):\n    return keras.Sequential()\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.py"
    path.write_text(NETWORK)
    return path


def test_a_place_is_read_with_a_fingerprint_and_may_be_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = network_from(f"{file}:build")
    place, _, key = model.rpartition(":")
    assert place == str(file)
    assert called(model) == key
    assert key.startswith("build@")
    assert len(key) == len("build@") + 8
    assert network_from(model) == model
    source = source_of(model)
    assert (source.file, source.name, source.key) == (file, "build", key)
    monkeypatch.chdir(file.parent)
    assert network_from("net.py:build") == network_from("./net.py:build") == model
    assert called(network_from("keras.models:Sequential")).startswith("Sequential@")


def test_a_file_that_was_edited_is_another_network_and_not_the_one_that_was_asked_for(file: Path) -> None:
    model = network_from(f"{file}:build")
    before = Comparison.ask("circles", ("hinge",), model=f"{file}:build")
    file.write_text(NETWORK + "\n")
    assert network_from(f"{file}:build") != model
    for read in (network_from, source_of):
        with pytest.raises(DataError, match=r"net\.py was changed since build@[0-9a-f]{8} was asked for\. Run again"):
            read(model)
    after = Comparison.ask("circles", ("hinge",), model=f"{file}:build")
    one, two = (next(iter(asked.trials())) for asked in (before, after))
    assert one.key != two.key
    assert one.program != two.program
    assert not before.comparable(after)
    assert msgspec.json.decode(msgspec.json.encode(after), type=Comparison) == after


def test_a_file_is_not_run_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "loud.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n{NETWORK}")
    assert called(network_from(f"{path}:build")).startswith("build@")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("net.py", UsageError, "--model 'net.py' is invalid: give FILE.py:NAME of a function"),
        ("net.py:", UsageError, "is invalid: give"),
        ("build@01234567", UsageError, "'build@01234567' is a custom network: say where it is with --model"),
        ("net.py:build:units=3", UsageError, "a network takes no parameters"),
        ("net.py:bild", UnknownName, "There is no network in net.py called 'bild'. Did you mean build?"),
        ("gone.py:build", DataError, "gone.py cannot be read: No such file or directory."),
        ("./net.txt:build", DataError, "net.txt is not a Python file: a network of your own must be in a file"),
        ("broken.py:build", DataError, "broken.py, line 1 is not Python"),
        ("nowhere_at_all:build", DataError, "There is no module nowhere_at_all to take build from"),
    ],
)
def test_what_is_no_network_is_told_in_a_sentence(
    file: Path, monkeypatch: pytest.MonkeyPatch, text: str, error: type[LosstermError], says: str
) -> None:
    monkeypatch.chdir(file.parent)
    Path("net.txt").write_text(NETWORK)
    Path("broken.py").write_text("def build(:\n")
    with pytest.raises(error) as raised:
        Comparison.ask("circles", model=text)
    assert says in str(raised.value)


# Settings that have no effect on a custom network, and others that make no sense


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"hidden": (5,)}, "hidden"),
        ({"activation": "tanh"}, "activation"),
        ({"initial_sd": 0.5}, "initial sd"),
        ({"dropout": 0.1, "batch_norm": True}, "dropout and batch norm"),
        ({"l2": 0.1}, "l2"),
    ],
)
def test_a_setting_that_a_custom_network_ignores_is_refused(file: Path, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError) as raised:
        Comparison.ask("circles", model=f"{file}:build", **settings)
    assert f"builds the whole network, so {named} would change nothing" in str(raised.value)


def test_a_custom_network_has_no_layers_to_show_and_may_be_asked_for_as_it_was_stored(file: Path) -> None:
    asked = Comparison.ask("circles", model=f"{file}:build", schedule="cosine", optimizer="adamw", early_stopping=3)
    assert asked.hyperparameters.hidden == ()
    stored = msgspec.structs.asdict(asked.hyperparameters)
    assert Comparison.ask("circles", **stored) == asked


@each(
    ("settings", "error", "says"),
    [
        ({"dropout": -0.1}, OutOfRange, "The dropout rate is -0.1, but must be at least 0 and below 1."),
        ({"dropout": 1}, OutOfRange, "The dropout rate is 1.0"),
        ({"dropout": math.nan}, OutOfRange, "The dropout rate is nan"),
        ({"l2": -1}, OutOfRange, "The factor of the L2 penalty is -1.0"),
        ({"l2": math.inf}, OutOfRange, "The factor of the L2 penalty is inf"),
        ({"l2": math.nan}, OutOfRange, "The factor of the L2 penalty is nan"),
        ({"early_stopping": 0}, OutOfRange, "The patience of early stopping is 0, but must be from 1 to 1000000."),
        ({"schedule": "cosin"}, UnknownName, "There is no schedule 'cosin'. Did you mean cosine?"),
        ({"activation": "rely"}, UnknownName, "Did you mean relu"),
        ({"optimizer": "adamv"}, UnknownName, "Did you mean adam"),
        ({"class_weight": "balance"}, UnknownName, "There is no class weight 'balance'. Did you mean balanced?"),
        ({"hidden": (), "dropout": 0.1}, UsageError, "Dropout and batch normalisation apply to hidden layers"),
        ({"hidden": (), "batch_norm": True}, UsageError, "this network has none"),
        (
            {"early_stopping": 5, "protocol": "tutorial"},
            UsageError,
            "The protocol tutorial has no validation split for early stopping to watch",
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(
    settings: dict[str, Any], error: type[LosstermError], says: str
) -> None:
    with pytest.raises(error) as raised:
        Comparison.ask("circles", **settings)
    assert says in str(raised.value)


def test_class_weights_are_for_classes() -> None:
    with pytest.raises(UsageError, match="Class weights are for classes of whole rows"):
        Comparison.ask("regression", class_weight="balanced")
    assert Comparison.ask("blobs", class_weight="balanced").hyperparameters.class_weight == "balanced"


# What is written


def test_a_setting_that_is_as_before_is_not_written_however_it_was_given() -> None:
    plain = Comparison.ask("circles", protocol="tutorial").hyperparameters
    given = Comparison.ask("circles", dropout=0, l2=float("0"), schedule="".join(["con", "stant"])).hyperparameters
    read = msgspec.json.decode(
        b'{"hidden":[50],"optimizer":"momentum","batch_size":32,"epochs":200,"dropout":0,"l2":0.0,'
        b'"schedule":"constant","early_stopping":null,"class_weight":null,"batch_norm":false,"model":""}',
        type=Hyperparameters,
    )
    assert given == read == plain
    written = (
        b'{"hidden":[50],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":200}'
    )
    assert [msgspec.json.encode(one) for one in (plain, given, read)] == [written] * 3
    replaced = msgspec.structs.replace(msgspec.structs.replace(plain, dropout=0.5), dropout=0.5 - 0.5)
    assert msgspec.json.encode(replaced) == written


def test_the_first_trial_of_circles_has_the_key_that_it_always_had() -> None:
    trial = next(iter(Comparison.ask("circles", schedule="constant").trials()))
    assert trial.key == "f58f79a9f60cf2684b56b30736e549da"
    assert trial.program == "circles/fair/binary_crossentropy/50/relu/None/momentum/32"


# As a person types them


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--hidden 0", "A hidden layer is 0"),
        ("--activation rely", "There is no activation 'rely'. Did you mean relu"),
        ("--dropout 1", "The dropout rate is 1.0"),
        ("--hidden none --batch-norm", "this network has none"),
        ("--l2 -1", "The factor of the L2 penalty is -1.0"),
        ("--optimizer adamx", "There is no optimizer 'adamx'. Did you mean adam"),
        ("--schedule cosin", "There is no schedule 'cosin'. Did you mean cosine?"),
        ("--early-stopping 0", "The patience of early stopping is 0"),
        ("--class-weight balance", "There is no class weight 'balance'. Did you mean balanced?"),
        ("--class-weight balanced --task regression", "Class weights are for classes"),
        ("--model gone.py:build", "gone.py cannot be read"),
        ("--model keras:Sequential --l2 0.1", "so l2 would change nothing"),
    ],
)
def test_every_option_of_run_reaches_what_checks_it(home: Path, words: str, says: str) -> None:
    result = CliRunner().invoke(cli, ["run", *words.split()])
    assert isinstance(result.exception, LosstermError)
    assert says in str(result.exception)
    assert list(home.iterdir()) == []
