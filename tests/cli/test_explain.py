"""A loss in words: the facts of every record, and `lossterm explain`."""

import json
import math
from typing import Any

import pytest
from click.testing import CliRunner

from lossterm.cli.main import cli, main
from lossterm.losses import LEFT_OUT, LOSSES, Loss, every_loss, explanation, loss_named, loss_recorded
from lossterm.losses.equivalent import LIBRARIES
from lossterm.losses.shape import where_drawn
from lossterm.metrics import METRICS
from tests.cells import each

ALIASES = {alias: loss.key for loss in LOSSES.values() for alias in loss.aliases}
KEYS = ("mse", "mae", "huber:delta=0.5")
VARIED = ("huber:delta=0.5", "barron:alpha=-inf", "weighted_binary_crossentropy:weight=3", "tweedie:power=1.2")


def facts_of(loss: Loss) -> dict[str, str]:
    return dict(explanation.facts(loss))


def told_elsewhere(loss: Loss) -> dict[str, str]:
    """Return what is told last of each library."""
    calls = loss.equivalents or ()
    return {
        name: next((one.text for one in reversed(calls) if one.library == key), "has none")
        for key, name in LIBRARIES.items()
    }


def said(*arguments: str) -> str:
    """Return what `lossterm explain` prints."""
    result = CliRunner().invoke(cli, ["explain", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def document(*arguments: str) -> list[dict[str, Any]]:
    losses: list[dict[str, Any]] = json.loads(said(*arguments, "--format", "json"), parse_constant=pytest.fail)
    return losses


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Return the exit code and the sentence on stderr of what is refused."""
    with pytest.raises(SystemExit) as end:
        main(["explain", *arguments])
    out, err = capsys.readouterr()
    assert out == ""
    return int(end.value.code or 0), err


# Every record


@each("key", LOSSES)
def test_every_record_says_what_a_person_wants_to_know(key: str) -> None:
    loss, facts = LOSSES[key], facts_of(LOSSES[key])
    assert list(facts)[:8] == ["formula", "estimates", "tasks", "head", "target", "far off", "use it when", "not when"]
    assert all(facts.values())
    assert facts["formula"] == loss.formula
    assert facts["use it when"] == loss.use_when
    assert facts["not when"] == loss.avoid_when
    assert ("(not proper)" in facts["estimates"]) == (loss.probabilistic and not loss.proper)
    assert {name: text for name, text in facts.items() if name in LIBRARIES.values()} == told_elsewhere(loss)
    assert [text for label, text in explanation.facts(loss) if label == "misleading"] == [
        f"not the same function as {friend.name}, which {friend.why}" for friend in loss.false_friends
    ]
    assert facts.get("also called") == (", ".join(loss.aliases) or None)
    assert [text for label, text in explanation.facts(loss) if label == "source"] == list(loss.references)
    assert all(facts[f"under {variant.protocol}"] == variant.note for variant in loss.variants)


@each("key", [*LOSSES, *VARIED])
@each("width", [40, 60, 72, 80, 92, 110])
def test_no_line_of_an_explanation_is_wider_than_asked(key: str, width: int) -> None:
    assert [line for line in explanation.lines(loss_named(key), width) if len(line) > width] == []


@each("key", [*LOSSES, *VARIED])
def test_an_explanation_loses_no_word_when_it_is_wrapped(key: str) -> None:
    loss = loss_named(key)
    words = "".join(f"{label}{text}" for label, text in explanation.facts(loss)).split()
    assert "".join("".join(explanation.lines(loss, 60)).split()) == "".join(words)


def test_code_that_is_too_long_for_a_line_is_broken_after_a_bracket() -> None:
    lines = [line.split() for line in explanation.lines(LOSSES["sparse_categorical_crossentropy"], 70)]
    at = lines.index(["Keras", "keras.losses.SparseCategoricalCrossentropy("])
    assert lines[at + 1][0] == "from_logits=True);"


@each("key", LOSSES)
def test_every_parameter_is_told_with_its_default_and_its_range(key: str) -> None:
    loss = LOSSES[key]
    for parameter in loss.parameters:
        fact = facts_of(loss)[parameter.name]
        assert fact.startswith(parameter.meaning)
        assert f"; {parameter.range}" in fact
        assert all(alias in fact for alias in parameter.aliases)
        value = "from the data" if parameter.default is None else f"{parameter.default:g}"
        assert f"Here {value}; " in fact


@each("key", [key for key, loss in LOSSES.items() if loss.parameters])
def test_a_parameter_that_was_given_is_told_beside_its_default(key: str) -> None:
    parameter = LOSSES[key].parameters[0]
    usual = parameter.default if parameter.default is not None else 1.0
    other = next(
        value for value in (usual / 2, usual / 2 + 0.01, usual + 0.25, usual + 2) if value and parameter.allows(value)
    )
    fact = facts_of(LOSSES[key].bound({parameter.name: other}))[parameter.name]
    beside = "" if parameter.default is None else f", by default {parameter.default:g}"
    assert fact.startswith(f"{parameter.meaning}. Here {other:g}{beside}; {parameter.range}")


def test_losses_that_are_the_same_name_each_other() -> None:
    assert facts_of(LOSSES["sparse_categorical_crossentropy"])["same as"] == "categorical_crossentropy, by construction"
    others = {loss.key for loss in LOSSES.values() if loss.same_as == "categorical_crossentropy"}
    told_of = facts_of(LOSSES["categorical_crossentropy"])["same as"].removesuffix(", by construction")
    assert set(told_of.split(", ")) == others
    assert "same as" not in facts_of(LOSSES["mse"])


def test_a_custom_loss_says_that_little_is_known() -> None:
    facts = facts_of(loss_recorded("mine@12345678"))
    assert facts["formula"] == "its own"
    assert facts["comes from"] == "own"
    assert "head" in facts


def test_every_metric_of_a_table_is_told() -> None:
    for key, metric in METRICS.items():
        if any(key in (loss.key, *loss.aliases) for loss in every_loss().values()):  # which is told instead
            continue
        result = CliRunner().invoke(cli, ["explain", key, "--format", "json"])
        (told,) = json.loads(result.stdout)
        assert told["name"] == key
        assert metric.formula in told["says"]
        assert f"{'less' if metric.direction == 'min' else 'more'} is better" in told["says"]


def test_losses_that_share_a_drawing_say_once_over_what() -> None:
    assert explanation.drawn([LOSSES["mse"], LOSSES["mae"]]) == [where_drawn(LOSSES["mse"])]
    assert explanation.drawn([LOSSES["mse"], LOSSES["poisson"], LOSSES["mae"]]) == [
        f"mse, mae: {where_drawn(LOSSES['mse'])}",
        f"poisson: {where_drawn(LOSSES['poisson'])}",
    ]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ((), ""),
        (("mse", "mae"), where_drawn(LOSSES["mse"])),
        (("mse", "poisson", "mae"), "over e = f − y, each in its own unit"),
        (("hinge", "unhinged"), "over the margin, each in its own unit"),
    ],
)
def test_the_axis_is_a_short_phrase_however_many_units_share_it(keys: tuple[str, ...], words: str) -> None:
    assert explanation.axis([LOSSES[key] for key in keys]) == words


# The command


@each("key", LOSSES)
def test_every_loss_is_explained_and_drawn(key: str) -> None:
    text = said(key)
    assert text.startswith(f"{key}: {LOSSES[key].title}\n")
    assert LOSSES[key].formula in text
    assert f"Drawn {where_drawn(LOSSES[key])}:" in " ".join(text.split())
    assert any("⠀" < mark <= "⣿" for mark in text)


def test_several_losses_share_a_drawing() -> None:
    text = said(*KEYS)
    assert [line for line in text.split("\n") if ": " in line and line.split(": ")[0] in KEYS] == [
        f"{key}: {loss_named(key).title}" for key in KEYS
    ]
    known = LOSSES["huber"].parameters[0].range
    assert f"Here 0.5, by default 1; {known}" in " ".join(text.split())
    assert "Drawn:" not in text
    assert [text.count(f"{key}, drawn over ") for key in KEYS] == [1] * len(KEYS)  # a pipe has no colours
    assert said("mse", "mse") == said("mse")


def test_losses_of_several_units_are_told_over_what_in_a_line_each() -> None:
    lines = explanation.drawn([LOSSES[key] for key in ("mse", "poisson", "mae")])
    assert [line.split(": ")[0] for line in lines] == ["mse, mae", "poisson"]


@each("alias", ALIASES)
def test_other_names_explain_the_loss_that_they_stand_for(alias: str) -> None:
    assert document(alias)[0]["key"] == ALIASES[alias]


@each("key", [*LOSSES, *VARIED])
def test_as_json_every_loss_has_its_facts_and_its_curve(key: str) -> None:
    (record,) = document(key)
    loss = loss_named(key)
    assert (record["key"], record["title"], record["formula"]) == (key, loss.title, loss.formula)
    assert [one["name"] for one in record["parameters"]] == [parameter.name for parameter in loss.parameters]
    for one in record["parameters"]:
        value = loss.values[one["name"]]
        assert one["value"] == (value if value is None or math.isfinite(value) else None)
    assert [one["text"] for one in record["equivalents"]] == [one.text for one in loss.equivalents or ()]
    assert [one["factor"] for one in record["equivalents"]] == [one.factor for one in loss.equivalents or ()]
    assert [one["text"] for one in record["false_friends"]] == [one.text for one in loss.false_friends]
    shape = record["shape"]
    assert len(shape["x"]) == len(shape["loss"]) == len(shape["slope"])
    assert shape["where"] == where_drawn(loss)
    finite = sum(value is not None for value in shape["loss"])
    narrow = {"unhinged": 41, "share_crossentropy": 19}  # which have a prediction in a part of what is drawn
    assert finite == narrow[key] if key in narrow else finite > 50


def test_as_json_several_losses_come_in_the_order_asked_for() -> None:
    assert [one["key"] for one in document(*KEYS)] == list(KEYS)


@pytest.mark.parametrize("pair", [("mse", "hinge"), ("bce", "huber:delta=2"), ("mse", "brier")])
def test_losses_over_different_axes_are_drawn_apart(pair: tuple[str, str]) -> None:
    assert said(*pair).count(", drawn over ") == 2


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_loss_that_is_left_out_says_why(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, name) == (2, f"lossterm: {name} is left out: {LEFT_OUT[name]}.\n")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hubber", "Did you mean huber"),
        ("huber:delta=0", "delta of huber is 0, but must be "),
        ("huber:gamma=1", "There is no parameter of huber 'gamma'"),
        ("mse:delta=1", "mse has no parameters"),
        ("huber:delta", "cannot be read: give a parameter and a number, as delta=1"),
    ],
)
def test_what_is_no_loss_gets_a_sentence(name: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, sentence = refused(capsys, name)
    assert code == 2
    assert words in sentence


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_custom_loss_is_explained_or_refused_without_a_traceback(form: str) -> None:
    result = CliRunner().invoke(cli, ["explain", "mine@12345678", "--format", form])
    assert not isinstance(result.exception, NotImplementedError)
