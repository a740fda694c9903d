"""`--to model`: the trained network of the chosen loss in Keras's format, and a sidecar on its inputs and outputs."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec

from lossterm.export.chosen_training import chosen
from lossterm.export.script.user_loss import asked_of_engine
from lossterm.export.session_contents import Contents
from lossterm.losses import loss_recorded
from lossterm.text.json_text import as_json

SIDECAR = ".json"
"""Suffix that the sidecar's name adds to the model's."""


def sidecar(path: Path) -> Path:
    """Return the path of the file that describes a model's inputs and outputs: MODEL.keras.json."""
    return path.with_name(path.name + SIDECAR)


def about_model(path: Path) -> dict[str, Any]:
    """Return what the file beside an exported model says of its inputs and outputs."""
    about: dict[str, Any] = msgspec.json.decode(sidecar(path).read_bytes())
    return about


def write_model(contents: Contents, path: Path, seed: int | None = None) -> str:
    """Train one trial of the chosen loss again, by default its first seed, and write its network.

    Returns a sentence that says whether it scores what the stored trial does; the sidecar holds it too. Raises
    UsageError if there is no such trial, DataError for a user table or custom loss that is missing or was changed, and
    WorkerError if the training fails.
    """
    what = chosen(contents)
    row = what.row(what.rows[0].trial.seed if seed is None else seed)
    trial, metric = row.trial, what.comparison.metric
    device = (row.environment or {}).get("device", "")
    with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=".part-") as place:
        network = Path(place, "network.keras")  # Keras chooses the format by the suffix
        trained: dict[str, Any] = msgspec.json.decode(asked_of_engine("train", str(network), device, trial=trial))
        same = trained["scores"] == row.scores
        score = (trained["scores"].get(metric) or {}).get("test")
        sentence = (
            f"Trained again, seed {trial.seed} of {trial.loss} scores exactly what is stored: {metric} {score:.6g}."
            if same
            else f"Trained again, seed {trial.seed} of {trial.loss} scores {metric} {score:.6g}, and "
            f"{row.score(metric, 'test'):.6g} is stored: versions or processors differ."
        )
        about = {
            "task": trial.task,
            "protocol": trial.protocol,
            "loss": trial.loss,
            "formula": loss_recorded(trial.loss).formula,
            "learning_rate": trial.learning_rate,
            "seed": trial.seed,
            "metric": metric,
            "score": score,
            "same_as_stored": same,
            "said": sentence,
            **trained,
        }
        written = Path(place, "about.json")
        written.write_bytes(as_json(about).encode() + b"\n")
        network.replace(path)
        written.replace(sidecar(path))
    return sentence
