"""MLflow: a run for each trial, in an experiment named after the session, in a store on this machine."""

import os
import re
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from lossterm import __version__
from lossterm.comparison.comparison import Status
from lossterm.errors import UsageError
from lossterm.export.epochs import TrialEpochs, every
from lossterm.export.session_contents import Contents
from lossterm.export.setting_labels import hyperparameters
from lossterm.text.harmless import lines_of, printable

WITHOUT = "This needs {} which is not installed: pip install 'lossterm[mlflow]'."

DATABASES = (".db", ".sqlite", ".sqlite3")
"""Suffixes of paths to databases; any other path is a directory of files."""

TRIAL_TAG = "lossterm.trial"
"""Tag of every run that an export wrote."""

MOST_AT_ONCE = 1000
"""The most values that MLflow takes in one request."""

LONGEST = 5000
"""Characters of a tag or parameter that every MLflow takes."""

_NOT_IN_A_NAME = re.compile(r"[^\w .:-]")
"""Characters that MLflow may take in no name of a tag."""

_STATUS: dict[Status, str] = {
    "queued": "SCHEDULED",
    "running": "RUNNING",
    "done": "FINISHED",
    "diverged": "FAILED",
    "failed": "FAILED",
    "cancelled": "KILLED",
}


def write_mlflow(contents: Contents, path: Path) -> None:
    """Add the experiment to a store, which is made if it is missing: a database for DATABASES, else a directory.

    NaN is kept; MLflow stores an infinity in a database as the largest double. Raises UsageError without MLflow, for a
    path that is not such a store, and if the experiment exists already. If writing fails, a new store is removed; in an
    existing one, a deleted experiment of another name is left.
    """
    new = not path.exists()
    client = _client(path)
    if client.get_experiment_by_name(contents.session):
        raise UsageError(
            f"{path} holds an experiment {contents.session!r} already: "
            "replace what an export wrote there with --force, or choose another --output."
        )
    experiment = client.create_experiment(contents.session, artifact_location=_artifacts(path))
    try:
        _write_runs(client, experiment, contents)
    except BaseException:
        _discard(client, experiment, f"{contents.session} (broken off {experiment})")
        if new:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def clear_mlflow(contents: Contents, path: Path) -> None:
    """Free the name of the session's experiment, and delete the runs in it that an export wrote; others stay."""
    client = _client(path)
    if not (there := client.get_experiment_by_name(contents.session)):
        return
    if there.lifecycle_stage == "deleted":
        client.restore_experiment(there.experiment_id)
    others = False
    for run in _runs(client, there.experiment_id):
        if TRIAL_TAG in run.data.tags:
            client.delete_run(run.info.run_id)
        else:
            others = True
    name = f"{contents.session} (replaced {there.experiment_id})"
    if others:
        client.rename_experiment(there.experiment_id, name)
    else:
        _discard(client, there.experiment_id, name)


def _discard(client: Any, experiment: str, name: str) -> None:
    """Rename an experiment, then delete it: in MLflow, deleted experiments still hold their names."""
    client.rename_experiment(experiment, name)
    client.delete_experiment(experiment)


def _write_runs(client: Any, experiment: str, contents: Contents) -> None:
    from mlflow.entities import Param, RunTag

    began = {asked.id: asked.created for asked in contents.asked}
    for epochs in every(contents):
        row, trial = epochs.row, epochs.row.trial
        seconds = row.seconds or 0.0
        start = began[epochs.comparisons[0]] if row.finished is None else row.finished - seconds
        stressed = f" {trial.severity.name}" if trial.severity else ""
        name = printable(f"{trial.task} {trial.loss} lr {trial.learning_rate:g} seed {trial.seed}{stressed}")
        run = client.create_run(experiment, start_time=int(1000 * start), run_name=name).info.run_id
        client.log_batch(
            run,
            params=[Param(key, printable(value)[:LONGEST]) for key, value in _params(epochs).items()],
            tags=[RunTag(key, lines_of(value)[:LONGEST]) for key, value in _tags(epochs).items()],
        )
        values = _values(epochs, start, seconds)
        while batch := list(islice(values, MOST_AT_ONCE)):
            client.log_batch(run, metrics=batch)
        end = None if row.finished is None else int(1000 * row.finished)
        if row.ended:
            client.set_terminated(run, _STATUS[row.status], end_time=end)
        else:
            client.update_run(run, _STATUS[row.status])


def _params(epochs: TrialEpochs) -> dict[str, str]:
    trial = epochs.row.trial
    return {
        "task": trial.task,
        "protocol": trial.protocol,
        "loss": trial.loss,
        "learning_rate": repr(trial.learning_rate),
        "seed": str(trial.seed),
        **({"severity": trial.severity.name} if trial.severity else {}),
        **{label.replace(" ", "_"): value for label, value in hyperparameters(trial.hyperparameters)},
        "device": trial.device,
    }


def _tags(epochs: TrialEpochs) -> dict[str, str]:
    row = epochs.row
    tags = {
        TRIAL_TAG: str(row.id),
        "lossterm.version": __version__,
        "lossterm.status": row.status,
        "lossterm.comparisons": ",".join(map(str, epochs.comparisons)),
        "lossterm.source": row.trial.source,
        "lossterm.error": row.error or "",
        "lossterm.note": row.note or "",
        **{f"environment.{_NOT_IN_A_NAME.sub('_', name)}": value for name, value in (row.environment or {}).items()},
    }
    return {key: value for key, value in tags.items() if value}


def _values(epochs: TrialEpochs, start: float, seconds: float) -> Iterator[Any]:
    """Yield each value of each epoch, then the scores of the final model at the last epoch."""
    from mlflow.entities import Metric

    for epoch, values in epochs.lines():
        now = int(1000 * (start + seconds * epoch / len(epochs)))
        for tag, value in zip(epochs.tags, values, strict=True):
            yield Metric(tag, value, now, epoch)
    for tag, value in epochs.scores.items():
        yield Metric(tag, value, int(1000 * (start + seconds)), len(epochs))


def _runs(client: Any, experiment: str) -> Iterator[Any]:
    token = None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _client(path: Path) -> Any:
    """Open a store, with MLflow set to send nothing. Raises UsageError."""
    database = path.suffix in DATABASES
    _refuse_other_content(path, database=database)
    # MLflow reads these when it is imported. It calls file stores "in maintenance mode", but they need no database.
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    os.environ["MLFLOW_CONFIGURE_LOGGING"] = "false"
    try:
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise UsageError(WITHOUT.format("MLflow,")) from error
    if database:
        try:
            import alembic  # noqa: F401  MLflow's own error, if it is missing, does not name it
        except ImportError as error:
            raise UsageError(WITHOUT.format("alembic for a database,")) from error
    where = path.absolute()
    uri = f"sqlite:///{where}" if database else where.as_uri()
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _refuse_other_content(path: Path, *, database: bool) -> None:
    if not path.exists():
        return
    if database:
        fits = path.is_file() and _begins(path) in (b"", b"SQLite format 3")
    else:
        fits = path.is_dir() and (not any(path.iterdir()) or any(path.glob("*/meta.yaml")))
    if not fits:
        raise UsageError(f"{path} exists and is not an MLflow store: choose another --output.")


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(15)


def _artifacts(path: Path) -> str | None:
    """Return where files of runs would go: beside a database; None in a directory, where MLflow chooses."""
    return path.absolute().with_name(f"{path.name}.artifacts").as_uri() if path.suffix in DATABASES else None
