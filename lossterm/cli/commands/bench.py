"""`lossterm bench`: this engine beside `Model.fit`, on this machine."""

import subprocess
import sys

import click
import msgspec

from lossterm.cli.options.shared import list_formats
from lossterm.errors import BenchmarkError, OutOfRange
from lossterm.text.numbers import duration


class MeasuredComparison(msgspec.Struct, frozen=True, kw_only=True):
    """All trainings of a comparison."""

    trainings: int
    """How many there were."""
    seconds: float
    """What they took together, without compiling, drawing of charts, and the store."""
    lanes: int
    """How many were trained beside each other: as many as there are processors."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """What `lossterm.engine.benchmark` prints."""

    task: str
    """Key of the task."""
    loss: str
    """Key of the loss."""
    epochs: int
    """Epochs of each training."""
    fit_seconds: float
    """`Model.fit`, traced before."""
    engine_seconds: list[float]
    """Each warm training by this engine: its part of what its stack took."""
    median_seconds: float
    """Their median."""
    ratio: float
    """`fit_seconds` in terms of it."""
    comparison: MeasuredComparison
    """A whole comparison by this engine."""
    fit_accuracy: float
    """Test accuracy that `Model.fit` reached."""
    engine_accuracy: float
    """Mean test accuracy that the engine's trainings reached."""
    environment: dict[str, str]
    """Versions and device."""


@click.command()
@click.option("--epochs", type=int, default=200, show_default=True, help="Epochs that each trains.")
@list_formats
def bench(epochs: int, form: str) -> None:
    """Train circles with binary cross-entropy by Model.fit and by this engine, and print the ratio."""
    if not 1 <= epochs <= 10_000:
        raise OutOfRange("The number of epochs", epochs, "from 1 to 10000")
    click.echo(f"Training {epochs} epochs with Model.fit, then with the engine; takes about half a minute.", err=True)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "lossterm.engine.benchmark", "--epochs", str(epochs)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()[-5:]
        raise BenchmarkError("The benchmark did not finish:\n" + "\n".join(words))
    if form == "json":
        click.echo(msgspec.json.format(done.stdout, indent=2).decode().strip())
        return
    measured = msgspec.json.decode(done.stdout, type=Measurement)
    click.echo(f"{measured.task}, {measured.loss}, {measured.epochs} epochs on {measured.environment['cpu']}")
    click.echo(f"Model.fit   {duration(measured.fit_seconds):>10}   test accuracy {measured.fit_accuracy:.3f}")
    click.echo(
        f"this engine {measured.median_seconds * 1000:>7.1f} ms   test accuracy {measured.engine_accuracy:.3f}"
        f"   (median of {len(measured.engine_seconds)} warm trainings)"
    )
    whole = measured.comparison
    click.echo(
        f"{whole.trainings} trainings, those of a comparison of circles, in {whole.seconds:.2f} s "
        f"on {whole.lanes} {'processor' if whole.lanes == 1 else 'processors'}"
    )
    click.echo(f"{measured.ratio:,.0f} times as fast; the accuracies differ as seeds do, not as the engines do")
