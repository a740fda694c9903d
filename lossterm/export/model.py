"""`--to model`: the trained network of the chosen loss as Keras keeps it, and beside it what goes in and comes out."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec

from lossterm.export.chosen_training import chosen
from lossterm.export.script.user_loss import asked_of_engine
from lossterm.export.session_contents import Contents
from lossterm.losses import loss_recorded

SIDECAR = ".json"
"""End of the name of what stands beside the model."""


def sidecar(path: Path) -> Path:
    """Return where what goes in and comes out of a model is told: MODEL.keras.json."""
    return path.with_name(path.name + SIDECAR)


def write_model(contents: Contents, path: Path, seed: int | None = None) -> str:
    """Train one trial of the best loss that was chosen again, by default its first seed, and write its network.

    Returns a sentence on whether it scores what the stored trial does, which the sidecar holds too. Raises UsageError
    where there is no such trial, DataError for data or a loss of one's own that is gone or was changed, WorkerError
    where the training does not end.
    """
    what = chosen(contents)
    row = what.row(what.rows[0].trial.seed if seed is None else seed)
    trial, metric = row.trial, what.comparison.metric
    with tempfile.TemporaryDirectory(dir=path.absolute().parent, prefix=".part-") as place:
        network = Path(place, "network.keras")  # Keras goes by the suffix
        found: dict[str, Any] = msgspec.json.decode(asked_of_engine("train", str(network), trial=trial))
        same = found["scores"] == row.scores
        score = (found["scores"].get(metric) or {}).get("test")
        said = (
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
            "said": said,
            **found,
        }
        written = Path(place, "about.json")
        written.write_bytes(msgspec.json.format(msgspec.json.encode(about), indent=2) + b"\n")
        network.replace(path)
        written.replace(sidecar(path))
    return said
