"""`lossterm.stress` from Python, with a worker in a thread."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lossterm
from lossterm.api.comparing import started_as
from lossterm.comparison.comparison import Trial
from lossterm.engine.fakes import fake_engine
from lossterm.store import Store
from tests.builders.training_here import training_here

QUICK: dict[str, Any] = {"seeds": 5, "epochs": 2, "learning_rates": 0.01, "progress": False}
LOSSES = ["mse", "mae"]


def tipped(trial: Trial) -> float:
    level = trial.severity.level if trial.severity else 0.0
    luck = 0.01 * ((trial.seed * (7 if trial.loss == "mse" else 5)) % 4)
    return {"mse": 0.3 + 5 * level, "mae": 0.5}.get(trial.loss, 0.4) + luck


@pytest.fixture
def trained(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(fake_engine, "_level", tipped)
    with Store():
        pass
    with started_as(None), training_here():
        yield home


def test_a_sweep_says_until_where_a_loss_is_the_one_to_take(trained: Path) -> None:
    sweep = lossterm.stress("regression", "outliers", LOSSES, levels=["1%", 0.03, np.float64(0.1)], **QUICK)
    assert sweep.verdict.startswith("mse until 3.")
    assert sweep.complete
    assert sweep.sound
    assert sweep.levels == (0.0, 0.01, 0.03, 0.1)
    assert [step["loss"] for step in sweep.steps] == LOSSES
    assert 0.02 < sweep.steps[0]["until"]["level"] < 0.08
    assert (sweep.best_at(0), sweep.best_at(0.1)) == ("mse", "mae")
    assert len(sweep.records()) == 8
    assert sweep.records()[7]["difference"] > 0.2
    assert sweep.contamination is None
    assert sweep.headline in str(sweep)
    assert "<iframe" in sweep._repr_html_()
    assert sweep.losses[1]["loss"] == "mae"
    assert sweep.notes
    assert sweep.session == "python"


def test_levels_of_the_axis_are_refined(trained: Path) -> None:
    sweep = lossterm.stress("regression", "outliers", LOSSES, **QUICK)
    assert len(sweep.levels) == 9


def test_a_frame_has_a_row_for_each_loss_and_level(trained: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = lossterm.stress("regression", "skew", LOSSES, levels=[1.0], **QUICK).to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert len(frame) == 4


@pytest.mark.parametrize(
    ("axis", "more", "error", "says"),
    [
        ("outlier", {}, lossterm.UnknownName, "There is no axis 'outlier'. Did you mean outliers?"),
        ("label_noise", {}, lossterm.DoesNotFit, "The axis label_noise (wrong labels) is not for regression tasks"),
        (3, {}, lossterm.UsageError, "axis is 3: give the key of an axis"),
        ("outliers", {"levels": [2]}, lossterm.OutOfRange, "levels is 2, but must be from 0 to 0.5"),
        ("outliers", {"levels": [True]}, lossterm.OutOfRange, "levels is True, but must be numbers, or texts"),
        ("outliers", {"levels": ["x"]}, lossterm.OutOfRange, "levels is 'x', but must be a number such as 0.05"),
        ("outliers", {"levels": []}, lossterm.UsageError, "levels has no level above 0"),
        ("outliers", {"max_trials": 10}, lossterm.UsageError, "This sweep has 70 trainings at most: allow more than"),
        ("outliers", {"losses": "mse"}, lossterm.UsageError, "A sweep compares losses, and mse is alone"),
        (lambda f, t, level, g: (f, t), {}, lossterm.UsageError, "A axis cannot be a lambda"),
    ],
)
def test_what_cannot_be_done_is_said(trained: Path, axis: Any, more: dict[str, Any], error: Any, says: str) -> None:
    with pytest.raises(error) as raised:
        lossterm.stress("regression", axis, **{"losses": LOSSES, **QUICK, **more})
    assert str(raised.value).replace("An axis", "A axis").startswith(says)


def test_a_level_beyond_the_axis_has_no_best_loss(trained: Path) -> None:
    sweep = lossterm.stress("regression", "outliers", LOSSES, levels=[0.1], **QUICK)
    with pytest.raises(lossterm.OutOfRange, match=r"The level is 3, but must be from 0 to 0\.5"):
        sweep.best_at(3)
