"""TensorBoard: its own reader finds every value of every trial."""

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from lossterm.export import Contents
from lossterm.export.epochs import every
from lossterm.export.tensorboard import run_name, write_tensorboard
from lossterm.store import Store

from .prepared import ERROR, TRIALS, stored


@pytest.fixture
def runs(contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, Any]:
    """Return TensorBoard's own accumulator of each run, by the number of the trial."""
    # TensorBoard looks for this module to learn that it is to do without TensorFlow, which takes seconds to load.
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", ModuleType("notf"))
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    write_tensorboard(contents, tmp_path / "runs")
    runs = {}
    for directory in (tmp_path / "runs").iterdir():
        run = EventAccumulator(str(directory), size_guidance={"scalars": 0, "tensors": 0})
        run.Reload()
        runs[int(directory.name.rpartition("trial")[2])] = run
    return runs


def test_every_value_of_every_trial_is_read_back(runs: dict[int, Any], opened: Store) -> None:
    expected = stored(opened)
    assert sorted(runs) == sorted(expected)
    assert len(runs) == TRIALS
    for number, run in runs.items():
        row, columns, curve = expected[number]
        metric = {"circles": "accuracy", "regression": "mae"}[row.trial.task]
        tags = {f"{metric if what == 'metric' else 'loss'}/{split}" for split, what in (c.split("_") for c in columns)}
        there = {tag for tag in run.Tags()["scalars"] if not tag.startswith("score/")}
        assert there == (tags if len(curve) else set())
        for place, column in enumerate(columns if len(curve) else ()):
            split, what = column.split("_")
            events = run.Scalars(f"{metric if what == 'metric' else 'loss'}/{split}")
            assert [event.step for event in events] == list(range(1, len(curve) + 1))
            values = np.array([event.value for event in events], np.float32)
            np.testing.assert_array_equal(values, curve[:, place])  # NaN is NaN


def test_scores_of_the_final_model_stand_at_the_last_epoch(runs: dict[int, Any], opened: Store) -> None:
    for number, (row, _, curve) in stored(opened).items():
        expected = {
            f"score/{metric}/{split}": value
            for metric, splits in (row.scores or {}).items()
            for split, value in (splits or {}).items()
        }
        there = [tag for tag in runs[number].Tags()["scalars"] if tag.startswith("score/")]
        assert sorted(there) == sorted(expected)
        for tag in there:
            (event,) = runs[number].Scalars(tag)
            assert (event.step, event.value) == (len(curve), np.float32(expected[tag]))


def test_runs_can_be_compared_by_what_they_were_trained_with(runs: dict[int, Any], opened: Store) -> None:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    ends = {"done": 1, "failed": 2, "diverged": 2, "cancelled": 2, "running": 3, "queued": 0}
    for number, (row, _, _) in stored(opened).items():
        data = runs[number].summary_metadata
        start = HParamsPluginData.FromString(data["_hparams_/session_start_info"].plugin_data.content)
        given = start.session_start_info.hparams
        assert given["loss"].string_value == row.trial.loss
        assert given["learning rate"].number_value == row.trial.learning_rate
        assert given["seed"].number_value == row.trial.seed
        assert given["status"].string_value == row.status
        assert given["optimizer"].string_value == "momentum"
        assert ("error" in given) == (row.error == ERROR)
        end = HParamsPluginData.FromString(data["_hparams_/session_end_info"].plugin_data.content)
        assert end.session_end_info.status == ends[row.status]


def test_each_run_has_a_name_that_any_file_system_takes(contents: Contents) -> None:
    names = [run_name(one) for one in every(contents)]
    assert len(set(names)) == TRIALS
    assert not any(set(name) & set('<>:"/\\|?* ' + os.sep) for name in names)
    assert "circles-hinge-lr0.01-seed2-trial3" in names
