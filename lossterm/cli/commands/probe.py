"""`lossterm probe`: checks a custom loss before it is trained."""

import shlex
import subprocess
import sys
from typing import Any

import click
import msgspec

from lossterm.cli.console import print_lines
from lossterm.cli.options.shared import list_formats
from lossterm.cli.options.task_or_table import Subject, subject_options
from lossterm.comparison.user_code_consent import trust
from lossterm.errors import DataError, WorkerError
from lossterm.losses import source_from
from lossterm.losses.keras_on_numbers import suited
from lossterm.tasks import task_named, task_on
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json

MODULE = "lossterm.engine.user_code.probe"


@click.command()
@click.argument("loss", metavar="FILE.py:NAME")
@subject_options
@list_formats
def probe(loss: str, subject: Subject, form: str) -> None:
    """Check a loss of your own as it is checked before training: shapes, values, gradient, batch, compiling.

    LOSS is a file and a name in it, or package.module:NAME, then perhaps :parameter=value,… It is tried on rows of a
    task, or of a table of your own with --data FILE --target COL. TensorFlow takes some seconds to load.

    A target of numbers comes standardised: less its mean, over its standard deviation. :target=raw gives it in its own
    units, :target=mean divided by its mean, as losses of ratios need. For classes :head=probability, logit or margin
    says what y_pred is, and :labels=one_hot or index what y_true is of three or more. :per=batch says that it returns
    one number for a whole batch.
    """
    data = subject.task_or_data(lambda sentence: click.echo(printable(sentence), err=True))
    record = task_named(data) if isinstance(data, str) else task_on(data)
    source = suited(source_from(loss), record.kind, record.key)
    trust(source)
    about = ["--task", data] if isinstance(data, str) else ["--table", msgspec.json.encode(data).decode()]
    done = subprocess.run([sys.executable, "-P", "-m", MODULE, source.text, *about], capture_output=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise WorkerError(
            f"The probe of {source.text} ended with {done.returncode}: {''.join(last) or 'no word of why'}"
        )
    result: dict[str, Any] = msgspec.json.decode(lines[-1])
    if form == "json":
        click.echo(as_json(result))
    else:
        print_lines([f"✓ {sentence}" for sentence in result["passed"]], "")
    if result["error"]:
        raise DataError(result["error"])
    if form != "json":
        words = shlex.join([*record.words, "--loss-file", loss])
        click.echo(f"Train it: lossterm run {printable(words)}")  # not folded, since it is to be copied
