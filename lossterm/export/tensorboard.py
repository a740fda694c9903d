"""TensorBoard: a directory with a run for each trial, written by tensorboardX."""

from pathlib import Path
from typing import Any

from lossterm.comparison.comparison import Status
from lossterm.export.epochs import TrialEpochs, every
from lossterm.export.file_name import file_name
from lossterm.export.session_contents import Contents
from lossterm.export.setting_labels import hyperparameters
from lossterm.text.harmless import printable

_STATUS: dict[Status, str] = {
    "queued": "STATUS_UNKNOWN",
    "running": "STATUS_RUNNING",
    "done": "STATUS_SUCCESS",
    **dict.fromkeys(("diverged", "failed", "cancelled"), "STATUS_FAILURE"),
}


def write_tensorboard(contents: Contents, path: Path) -> None:
    """Write one event file per trial: a scalar for each value of each epoch, its settings, and its scores.

    Epochs count from 1; values that are not finite are kept.
    """
    began = {asked.id: asked.created for asked in contents.asked}
    for epochs in every(contents):
        _write_run(epochs, path / run_name(epochs), began[epochs.comparisons[0]])


def run_name(epochs: TrialEpochs) -> str:
    """Return the name of a trial's run, and of its directory; the trial's number makes it unique."""
    trial = epochs.row.trial
    parts = [trial.task, trial.loss, f"lr{trial.learning_rate:g}", f"seed{trial.seed}"]
    parts += [trial.severity.name] if trial.severity else []
    return file_name("-".join(parts)) + f"-trial{epochs.row.id}"


def _write_run(epochs: TrialEpochs, directory: Path, began: float) -> None:
    # Not SummaryWriter, which starts a queue and a thread for each run and writes one event per value.
    from tensorboardX.event_file_writer import EventsWriter
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary

    row = epochs.row
    directory.mkdir(parents=True)
    seconds = row.seconds or 0.0
    began = began if row.finished is None else row.finished - seconds
    writer = EventsWriter(str(directory / "events"))
    try:
        for summary in _described(epochs):
            writer.write_event(Event(wall_time=began, summary=summary))
        for epoch, values in epochs.lines():
            scalars = [
                Summary.Value(tag=tag, simple_value=value) for tag, value in zip(epochs.tags, values, strict=True)
            ]
            now = began + seconds * epoch / len(epochs)
            writer.write_event(Event(wall_time=now, step=epoch, summary=Summary(value=scalars)))
        if scores := [Summary.Value(tag=tag, simple_value=value) for tag, value in epochs.scores.items()]:
            writer.write_event(Event(wall_time=began + seconds, step=len(epochs), summary=Summary(value=scores)))
    finally:
        writer.close()


def _described(epochs: TrialEpochs) -> list[Any]:
    """Return the summaries for the plugin that compares runs by their settings."""
    from tensorboardX.proto.api_pb2 import Status as Ends
    from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData, SessionEndInfo
    from tensorboardX.summary import hparams

    row, trial = epochs.row, epochs.row.trial
    given: dict[str, str | float] = {
        "task": trial.task,
        "protocol": trial.protocol,
        "loss": trial.loss,
        "learning rate": trial.learning_rate,
        "seed": trial.seed,
        **({"severity": trial.severity.name} if trial.severity else {}),
        **dict(hyperparameters(trial.hyperparameters)),
        "status": row.status,
    }
    if row.error:
        given["error"] = row.error
    given = {name: printable(value) if isinstance(value, str) else value for name, value in given.items()}
    experiment, start, end = hparams(given, dict.fromkeys([*epochs.tags, *epochs.scores], 0.0))
    ended = HParamsPluginData(session_end_info=SessionEndInfo(status=Ends.Value(_STATUS[row.status])), version=0)
    end.value[0].metadata.plugin_data.content = ended.SerializeToString()
    return [experiment, start, end]
