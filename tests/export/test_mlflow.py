"""MLflow: its own client finds every value of every trial, and nothing is sent anywhere."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lossterm.errors import UsageError
from lossterm.export import FORMATS, Contents, mlflow, path_from, write
from lossterm.export.epochs import TrialEpochs
from lossterm.store import Store

from .prepared import SESSION, TRIALS, stored

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # between MLflow and SQLAlchemy, not ours to mend

MLFLOW = FORMATS["mlflow"]
STATUS = {
    **{"done": "FINISHED", "diverged": "FAILED", "failed": "FAILED"},
    **{"cancelled": "KILLED", "queued": "SCHEDULED", "running": "RUNNING"},
}


def client(path: Path) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{path}" if path.suffix == ".db" else path.as_uri())


def runs_in(path: Path, name: str = SESSION) -> dict[int, Any]:
    """Return the runs of an experiment by the number of the trial."""
    experiment = client(path).get_experiment_by_name(name)
    runs = client(path).search_runs([experiment.experiment_id], max_results=1000)
    return {int(run.data.tags["lossterm.trial"]): run for run in runs}


@pytest.mark.parametrize("name", ["runs.db", "runs"])
def test_every_value_of_every_trial_is_read_back(contents: Contents, opened: Store, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(contents, MLFLOW, path)
    runs, reader = runs_in(path), client(path)
    expected = stored(opened)
    assert sorted(runs) == sorted(expected)
    assert len(runs) == TRIALS
    for number, run in runs.items():
        row, columns, curve = expected[number]
        assert run.info.status == STATUS[row.status]
        assert run.data.params["loss"] == row.trial.loss
        assert float(run.data.params["learning_rate"]) == row.trial.learning_rate
        assert run.data.params["hidden"] == ", ".join(map(str, row.trial.hyperparameters.hidden))
        assert run.data.tags["lossterm.status"] == row.status
        metric = {"circles": "accuracy", "regression": "mae"}[row.trial.task]
        curves = {tag for tag in run.data.metrics if not tag.startswith("score/")}
        assert len(curves) == (len(columns) if len(curve) else 0)
        for place, column in enumerate(columns if len(curve) else ()):
            split, what = column.split("_")
            tag = f"{metric if what == 'metric' else 'loss'}/{split}"
            history = sorted(reader.get_metric_history(run.info.run_id, tag), key=lambda one: one.step)
            assert [one.step for one in history] == list(range(1, len(curve) + 1))
            values = curve[:, place].tolist()
            assert [None if math.isnan(one.value) else one.value for one in history] == [
                None if math.isnan(value) else value for value in values
            ]
        for key, splits in (row.scores or {}).items():
            for split, value in (splits or {}).items():
                assert run.data.metrics[f"score/{key}/{split}"] == value


def test_more_values_than_one_request_takes_are_all_there(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lossterm.export.mlflow.MOST_AT_ONCE", 7)
    write(contents, MLFLOW, tmp_path / "runs")
    counts = {number: run.data.metrics for number, run in runs_in(tmp_path / "runs").items()}
    for row in contents.rows:
        curves = 0 if not row.epochs else 6 if row.trial.protocol == "fair" else 4
        scores = sum(len(splits or {}) for splits in (row.scores or {}).values())
        assert len(counts[row.id]) == curves + scores


@pytest.mark.parametrize("name", ["runs.db", "runs"])
def test_other_experiments_stay_and_the_same_one_is_replaced_only_when_told_to(
    contents: Contents, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    write(contents, MLFLOW, path)
    reader = client(path)
    other = reader.create_experiment("other")
    kept = reader.create_run(other).info.run_id
    with pytest.raises(UsageError, match=r"holds an experiment .* already: .*--force"):
        write(contents, MLFLOW, path)
    assert len(runs_in(path)) == TRIALS
    before = {run.info.run_id for run in runs_in(path).values()}
    write(contents, MLFLOW, path, force=True)
    after = {run.info.run_id for run in runs_in(path).values()}
    assert len(after) == TRIALS
    assert not before & after
    assert reader.get_run(kept).info.lifecycle_stage == "active"
    write(contents, MLFLOW, path, force=True)  # again and again
    assert len(runs_in(path)) == TRIALS


def test_runs_that_a_person_added_to_the_experiment_are_kept(contents: Contents, tmp_path: Path) -> None:
    path = tmp_path / "runs"
    write(contents, MLFLOW, path)
    reader = client(path)
    mine = reader.create_run(reader.get_experiment_by_name(SESSION).experiment_id).info.run_id
    write(contents, MLFLOW, path, force=True)
    assert reader.get_run(mine).info.lifecycle_stage == "active"
    assert len(runs_in(path)) == TRIALS


@pytest.mark.parametrize("name", ["runs.db", "runs"])
def test_of_an_export_that_broke_nothing_is_left(
    contents: Contents, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lossterm.export.mlflow._write_runs", breaking)
    with pytest.raises(KeyboardInterrupt):
        write(contents, MLFLOW, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["runs.db", "runs"])
def test_an_export_that_broke_half_way_leaves_its_name_free_in_a_store_that_was_there(
    contents: Contents, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    reader = client(path)
    kept = reader.create_run(reader.create_experiment("other")).info.run_id
    tags = mlflow._tags
    written: list[TrialEpochs] = []

    def breaking(epochs: TrialEpochs) -> dict[str, str]:
        if len(written) == TRIALS // 2:
            raise KeyboardInterrupt
        written.append(epochs)
        return tags(epochs)

    with monkeypatch.context() as broken:
        broken.setattr(mlflow, "_tags", breaking)
        with pytest.raises(KeyboardInterrupt):
            write(contents, MLFLOW, path)
    assert len(written) == TRIALS // 2
    assert reader.get_experiment_by_name(SESSION) is None
    assert {one.name for one in reader.search_experiments()} <= {"other", "Default"}
    write(contents, MLFLOW, path)
    assert len(runs_in(path)) == TRIALS
    assert reader.get_run(kept).info.lifecycle_stage == "active"


def test_a_place_that_is_no_store_of_mlflow_is_refused_and_left_alone(contents: Contents, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    (tmp_path / "text.db").write_text("no database at all")
    for name in ("full", "text.db"):
        with pytest.raises(UsageError, match="is not an MLflow store"):
            write(contents, MLFLOW, tmp_path / name, force=True)
    assert (tmp_path / "full" / "letter.txt").read_text() == "dear"
    assert (tmp_path / "text.db").read_text() == "no database at all"
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["full", "letter.txt", "text.db"]


@pytest.mark.parametrize(("package", "place"), [("mlflow.tracking", "runs"), ("alembic", "runs.db")])
def test_without_a_package_it_is_said_what_to_install(
    contents: Contents, tmp_path: Path, package: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=r"pip install 'lossterm\[mlflow\]'"):
        write(contents, MLFLOW, tmp_path / place)
    assert list(tmp_path.iterdir()) == []


def test_a_place_may_be_written_as_mlflow_writes_it() -> None:
    assert path_from("sqlite:///runs.db", MLFLOW) == Path("runs.db")
    assert path_from("sqlite:////tmp/runs.db", MLFLOW) == Path("/tmp/runs.db")
    assert path_from("file:///tmp/runs", MLFLOW) == path_from("file:/tmp/runs", MLFLOW) == Path("/tmp/runs")
    for remote in ("http://x:5000", "https://x", "databricks", "postgresql://x/y"):
        if ":" in remote:
            with pytest.raises(UsageError, match="is not a destination for mlflow"):
                path_from(remote, MLFLOW)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sqlite:///runs", "names a database, so it must end in one of .db, .sqlite, .sqlite3."),
        ("sqlite:///", "names a database, "),
        ("file:runs.db", "names a directory, so it must not end in one of .db, .sqlite, .sqlite3."),
    ],
)
def test_a_place_that_would_become_the_other_kind_of_store_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"{text!r} {message}")):
        path_from(text, MLFLOW)


ALONE = """
import json, sys
from pathlib import Path
events = []
def listen(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"):
        events.append([event, str(arguments)])
sys.addaudithook(listen)
from lossterm.export import FORMATS, gather, write
from lossterm.store import Store
with Store(Path(sys.argv[1])) as store:
    contents = gather(store, sys.argv[2])
    for place in ("runs.db", "runs"):
        write(contents, FORMATS["mlflow"], Path(sys.argv[3], place))
    write(contents, FORMATS["tensorboard"], Path(sys.argv[3], "events"))
import threading, time
until = time.monotonic() + 5
while threading.active_count() > 1 and time.monotonic() < until:  # a store that was closed is looked after no longer
    time.sleep(0.05)
print(json.dumps([events, [one.name for one in threading.enumerate()]]))
"""


def test_nothing_is_sent_and_nothing_is_left_running(opened: Store, tmp_path: Path) -> None:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "CI", "DO_NOT", "PYTEST"))
    }
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(opened.path), SESSION, str(tmp_path)],
        env=kept,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[], ["MainThread"]]
    assert done.stderr == ""
