"""The records of settings: each is complete, and reads back what it writes."""

import math
from typing import Any

import pytest

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import Hyperparameters
from lossterm.comparison.setting import Range, Setting
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS, IN_DIALOG, IN_PANEL, OF_COMPARISON, OF_VERDICTS
from lossterm.errors import LosstermError, OutOfRange, UnknownName
from lossterm.losses import KINDS
from lossterm.tasks import TASKS

EVERY = [*HYPERPARAMETERS.values(), *OF_COMPARISON.values()]

every_setting = pytest.mark.parametrize("setting", EVERY, ids=[setting.name for setting in EVERY])


def values(setting: Setting) -> list[Any]:
    """Return values that a setting may have."""
    usual = [getattr(task, setting.name) for task in TASKS.values()] if setting.of_task else [setting.default]
    bounds = setting.range or Range()
    edges = [number for number in (bounds.least, bounds.most) if math.isfinite(number)]
    by_form: dict[Any, list[Any]] = {
        bool: [True, False],
        int: [int(edge) for edge in edges],
        float: [*edges, 0.1 + 0.2, 1e-300],
        tuple[int, ...]: [(), (1,), (50, 20)],
        str: list(setting.words),
    }
    return [*usual, *by_form[setting.plain_form]] if setting.plain_form is not float else by_form[float]


def test_every_hyperparameter_has_a_record() -> None:
    assert set(HYPERPARAMETERS) == set(Hyperparameters.__struct_fields__)
    assert set(OF_COMPARISON) < set(Comparison.__struct_fields__)


def test_whatever_a_person_may_set_is_asked_for_in_the_app() -> None:
    assert {one.name for one in (*IN_DIALOG, *IN_PANEL)} == {
        one.name for one in (*HYPERPARAMETERS.values(), *OF_VERDICTS) if one.has_option
    }


@every_setting
def test_a_record_is_complete(setting: Setting) -> None:
    assert setting.label[0].isupper()
    assert setting.help[0].isupper()
    assert not setting.help.endswith(".")
    assert len(setting.row) < 50
    partial = setting.needs_validation or setting.needs_hidden or setting.networks or setting.kinds != KINDS
    assert (setting.unfit != "") == bool(partial)
    assert not setting.optional or setting.unset or not setting.has_option
    assert not setting.of_task or all(hasattr(task, setting.name) for task in TASKS.values())
    assert setting.joins is None or setting.joins[0] in (*HYPERPARAMETERS, "learning_rates")


@every_setting
def test_what_is_written_is_read_back_and_lies_in_the_range(setting: Setting) -> None:
    for value in values(setting):
        if value is None and not setting.optional:  # the metric, which the kind of task gives
            continue
        assert setting.read(setting.written(value)) == value
        assert setting.of_form(value) == value
        assert setting.checked(value) == value
        assert setting.phrase(value) or value == ""
        assert setting.shared(value) == value
        assert setting.asked_again(value) == value


@every_setting
def test_what_has_another_form_is_refused_by_its_label(setting: Setting) -> None:
    with pytest.raises(OutOfRange, match=f"^{setting.label} is {{}}, but must be "):
        setting.of_form({})
    if setting.plain_form is not str:
        with pytest.raises(LosstermError):
            setting.read("nonsense")
    elif setting.words:
        with pytest.raises(UnknownName, match=f"There is no {setting.what} 'nonsense'"):
            setting.read("nonsense")


@pytest.mark.parametrize(
    ("bounds", "words", "inside", "outside"),
    [
        (Range(least=1, most=10), "from 1 to 10", (1, 10), (0, 11)),
        (Range(above=0), "a positive number", (1e-300,), (0, -1)),
        (Range(least=0, below=1), "at least 0 and below 1", (0, 0.999), (-1e-9, 1)),
        (Range(least=0), "a number of at least 0", (0, 1e300), (-1e-9,)),
        (Range(), "a number", (-1e300, 1e300), ()),
    ],
)
def test_a_range_holds_what_its_words_say(
    bounds: Range, words: str, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    assert bounds.words == words
    assert all(map(bounds.holds, inside))
    assert not any(map(bounds.holds, (*outside, math.nan, math.inf, -math.inf)))


@pytest.mark.parametrize(
    ("name", "near"), [("batchsize", "batch_size"), ("seed", "seeds"), ("learning_rate", "learning_rates")]
)
def test_a_name_that_is_no_setting_is_refused_with_near_misses(name: str, near: str) -> None:
    given: dict[str, Any] = {name: 1}
    with pytest.raises(UnknownName, match=f"There is no setting '{name}'. Did you mean {near}"):
        Comparison.ask("circles", **given)
