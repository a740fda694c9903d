"""Losses that installed packages add under an entry point, and what is said of those that are not sound."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from lossterm import plugins
from lossterm.errors import UnknownName
from lossterm.losses import (
    LOSSES,
    Loss,
    Targets,
    catalogue,
    every_loss,
    loss_named,
    losses_for,
    place_of,
    problems,
    usual,
)
from tests.losses import XP

Install = Callable[[Callable[[], object]], None]

QUARTIC = replace(
    LOSSES["mse"],
    key="quartic",
    title="fourth power",
    aliases=("fourth_power",),
    function=lambda xp, y, f: xp.square(xp.square(f - y)),
    usual=True,
)


def forget() -> None:
    for cached in (catalogue._every, catalogue.loss_named, catalogue.fitting, catalogue.usual):
        cached.cache_clear()


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return what makes the losses that a function gives those of a package that is installed for this test."""
    points: list[EntryPoint] = []
    # They are read for real in test_plugins and in engine/test_entry_points.
    monkeypatch.setattr(
        plugins, "_entry_points", lambda group: (tuple(point for point in points if point.group == group), ())
    )

    def installed(given: Callable[[], object]) -> None:
        name = f"package_{len(points)}"
        module = ModuleType(name)
        module.__getattr__ = lambda _: given()  # type: ignore[method-assign]  # PEP 562
        monkeypatch.setitem(sys.modules, name, module)
        points.append(EntryPoint(name="losses", value=f"{name}:LOSSES", group=catalogue.GROUP))
        forget()

    forget()
    yield installed
    monkeypatch.undo()
    forget()


def one_problem() -> str:
    (problem,) = problems()
    return problem


def test_a_packages_record_is_found_by_key_alias_and_parameters_after_the_catalogues_own(install: Install) -> None:
    install(lambda: QUARTIC)
    assert list(every_loss()) == [*LOSSES, "quartic"]
    loss = loss_named("fourth-power")
    assert (loss.key, loss.origin, loss.usual) == ("quartic", "package_0:LOSSES", False)
    assert loss(XP, np.array([1.0]), np.array([3.0])) == 16
    assert problems() == []


def test_a_packages_loss_is_compared_where_it_is_asked_for(install: Install) -> None:
    install(lambda: QUARTIC)
    targets = Targets(kind="regression")
    assert losses_for(targets, ("quartic",)) == ("quartic",)
    assert "quartic" in losses_for(targets, ("all",))
    assert "quartic" not in {loss.key for loss in usual(targets)}
    assert place_of("quartic") == sum("regression" in loss.kinds for loss in LOSSES.values())


def test_a_package_may_give_several_records(install: Install) -> None:
    install(lambda: (QUARTIC, replace(QUARTIC, key="sextic", aliases=())))
    assert list(every_loss())[-2:] == ["quartic", "sextic"]


def test_the_catalogues_own_record_is_kept_where_a_package_has_one_of_its_key(install: Install) -> None:
    install(lambda: replace(QUARTIC, key="mse"))
    assert loss_named("mse") is LOSSES["mse"]
    assert "'mse'" in one_problem()
    assert "package_0:LOSSES" in one_problem()


def test_of_two_packages_with_one_key_the_first_is_taken(install: Install) -> None:
    install(lambda: QUARTIC)
    install(lambda: replace(QUARTIC, title="another fourth power"))
    assert loss_named("quartic").title == "fourth power"
    assert one_problem().endswith("but fourth_power, quartic is taken: left out.")


@pytest.mark.parametrize("taking", [{"aliases": ("l2",)}, {"key": "l2"}], ids=["alias", "key"])
def test_a_package_cannot_take_another_name_of_the_catalogues_losses(install: Install, taking: dict[str, Any]) -> None:
    install(lambda: replace(QUARTIC, **taking))
    assert loss_named("l2") is LOSSES["mse"]
    assert one_problem().endswith("but l2 is taken: left out.")


@pytest.mark.parametrize("key", ["", "two words", "quartic:a=1", "Quartic", "quar-tic", "4tic", "all", "usual"])
def test_a_record_whose_key_is_no_name_is_left_out_and_the_others_are_taken(install: Install, key: str) -> None:
    install(lambda: (replace(QUARTIC, key=key, aliases=()), QUARTIC))
    assert list(every_loss()) == [*LOSSES, "quartic"]
    assert one_problem() == (
        f"package_0:LOSSES gives a loss {key!r} (package_0:LOSSES), which is not a valid name: left out."
    )


def test_what_is_not_a_record_is_left_out_and_reported_and_the_others_are_used(install: Install) -> None:
    install(lambda: ("quartic", QUARTIC))
    assert loss_named("quartic").title == "fourth power"
    assert "a str" in one_problem()


@pytest.mark.parametrize("error", [RuntimeError, ImportError, SystemExit])
def test_a_package_that_fails_to_load_takes_nothing_with_it(install: Install, error: type[BaseException]) -> None:
    def fail() -> Loss:
        raise error("half installed")

    install(fail)
    install(lambda: QUARTIC)
    assert "quartic" in every_loss()
    assert one_problem().endswith(f"{error.__name__}: half installed.")


def test_a_package_that_imports_tensorflow_is_reported_and_used(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)

    def heavy() -> Loss:
        monkeypatch.setitem(sys.modules, "tensorflow", ModuleType("tensorflow"))
        return QUARTIC

    install(heavy)
    assert "quartic" in every_loss()
    assert "imports TensorFlow" in one_problem()


def test_without_the_package_its_loss_is_unknown(install: Install) -> None:
    with pytest.raises(UnknownName):
        loss_named("quartic")
    assert every_loss() == LOSSES
