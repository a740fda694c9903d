"""`lossterm probe`: looks at a loss of one's own before it is trained."""

import subprocess
import sys
from typing import Any

import click
import msgspec

from lossterm.cli.console import print_lines
from lossterm.cli.options.shared import list_formats
from lossterm.comparison.comparison import DEFAULT_TASK
from lossterm.comparison.user_code_consent import trust
from lossterm.errors import DataError, WorkerError
from lossterm.losses import source_from
from lossterm.tasks import task_named
from lossterm.text.json_text import as_json

MODULE = "lossterm.engine.user_code.probe"


@click.command()
@click.argument("loss", metavar="FILE.py:NAME")
@click.option("--task", "-t", default=DEFAULT_TASK, show_default=True, help="On whose rows to try it.")
@list_formats
def probe(loss: str, task: str, form: str) -> None:
    """Check a loss of your own as it is checked before training: shapes, values, gradient, batch, compiling.

    LOSS is a file and a name in it, or package.module:NAME, then perhaps :parameter=value,… TensorFlow takes some
    seconds to load.
    """
    source, record = source_from(loss), task_named(task)
    trust(source)
    done = subprocess.run(
        [sys.executable, "-P", "-m", MODULE, source.text, "--task", record.key], capture_output=True, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise WorkerError(
            f"The probe of {source.text} ended with {done.returncode}: {''.join(last) or 'no word of why'}"
        )
    found: dict[str, Any] = msgspec.json.decode(lines[-1])
    if form == "json":
        click.echo(as_json(found))
    else:
        print_lines([f"✓ {sentence}" for sentence in found["passed"]], "")
    if found["error"]:
        raise DataError(found["error"])
    if form != "json":
        print_lines([f"Train it: lossterm run --task {record.key} --loss-file {loss}"], "bold")
