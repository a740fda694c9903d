"""A standalone Python script that trains the chosen loss as it was trained here, put together section by section."""

import importlib.metadata
import textwrap
from pathlib import Path

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.errors import DataError, UsageError
from lossterm.export.chosen_training import Chosen, chosen
from lossterm.export.script.arrays_section import add_arrays
from lossterm.export.script.data_section import add_rows, features, splitting, targets
from lossterm.export.script.loss_section import add_loss
from lossterm.export.script.network_section import add_network, add_training, training
from lossterm.export.script.plan import Plan
from lossterm.export.script.score_section import add_score
from lossterm.export.script.script_text import WIDTH, Name, Script
from lossterm.export.script.table_section import add_table
from lossterm.export.script.user_loss import described
from lossterm.export.session_contents import Contents
from lossterm.losses import is_own, loss_named
from lossterm.metrics import metric_named


def write_keras(contents: Contents, path: Path) -> None:
    """Write the script for the best loss that was chosen.

    Raises UsageError if nothing was trained yet, and DataError for custom code or a user table that is missing or was
    changed.
    """
    path.write_text(script_of(chosen(contents)), encoding="utf-8")


def script_of(what: Chosen) -> str:
    """Return the script as text. Raises as `write_keras` does."""
    return compose(_plan(what), _score_note(what))


def _plan(what: Chosen) -> Plan:
    c, key = what.comparison, what.standing.loss
    _refuse_foreign_settings(c)
    user_loss = described(what.rows[0].trial) if is_own(key) else None
    loss = (user_loss.record(key) if user_loss else loss_named(key)).under(c.protocol)
    if c.record.kind in loss.kinds:  # of others the script takes the mean over a row itself
        loss = loss.on(c.record.targets)
    return Plan(
        comparison=c,
        task=c.record,
        protocol=protocol_named(c.protocol),
        loss=loss,
        source=what.rows[0].trial.source,
        user_loss=user_loss,
        learning_rate=what.standing.learning_rate,
        metric=metric_named(c.metric),
        seeds=tuple(what.scores),
    )


def _refuse_foreign_settings(comparison: Comparison) -> None:
    """Refuse settings that lossterm never writes: the store may come from somebody else, and they become code here."""
    try:
        comparison.hyperparameters.checked(comparison.record, protocol_named(comparison.protocol))
    except UsageError as error:
        raise DataError(f"The store holds a setting that lossterm never wrote: {error}") from error


def _score_note(what: Chosen) -> str:
    """Say which score was measured here, and with which versions."""
    scores, versions = what.scores, what.rows[-1].environment or {}
    mean = sum(scores.values()) / len(scores)
    used = ", ".join(f"{name} {versions[name]}" for name in ("tensorflow", "keras", "numpy") if name in versions)
    ci = what.standing.ci
    interval = f", 95 % interval {ci[0]:.6g} to {ci[1]:.6g}" if ci else ""
    return f"It was {mean:.6g}{interval}{f', with {used}' if used else ''}."


def compose(plan: Plan, score_note: str = "") -> str:
    """Return the script of a plan; `score_note` is a sentence about the score that was measured here."""
    script = Script()
    needs = ["numpy", "scikit-learn", "keras", "tensorflow"]
    lines = []
    script.constant("METRIC", plan.metric.title)
    script.constant("SEEDS", _seeds(plan.seeds))
    preprocessing = None
    if plan.comparison.data and plan.comparison.data.input_shape:
        lines.append(add_arrays(script, plan.comparison.data))
    elif plan.comparison.data:
        loaded, preprocessing, parquet = add_table(script, plan)
        needs += ["pyarrow"] if parquet else []
        lines.append(loaded)
    else:
        rows = add_rows(script, plan)
        lines += [f"x, y = {rows}"]
        if plan.task.groups:
            lines.append(f"groups = {rows.removesuffix('.draw(seed)')}.groups()")
    lines += splitting(script, plan)
    lines += features(script, plan, preprocessing)
    lines += targets(plan)
    add_network(script, plan)
    loss = add_loss(script, plan)
    add_training(script, plan)
    lines += training(plan, loss)
    lines += add_score(script, plan)
    body = "\n".join(f"    {line}" for line in lines)
    script.add("Score", f'def score_of(seed):\n    """Train with one seed and score on its test rows."""\n{body}')
    script.imports.add("import logging")
    script.add("Score", _MAIN)
    script.docstring = _docstring(plan, score_note, needs)
    return script.written()


def _docstring(plan: Plan, score_note: str, needs: list[str]) -> str:
    loss, task = plan.loss.key.partition("@")[0], plan.task.key.partition("@")[0]
    paragraphs = (
        f"Train a network on {task} with the loss {loss}, once for each seed.",
        f"The data: {plan.task.title}. Prints the {plan.metric.title} on the test rows. {score_note}",
        f"Needs: pip install {' '.join(map(_pinned, needs))}",
    )
    wrapped = (textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) for text in paragraphs)
    return _plain("\n\n".join(wrapped)) + "\n"


def _seeds(seeds: tuple[int, ...]) -> object:
    return Name(f"range({len(seeds)})") if seeds == tuple(range(len(seeds))) else list(seeds)


def _plain(text: str) -> str:
    """Return a text that may stand in a docstring."""
    return text.replace("\\", "/").replace('"', "'")


def _pinned(package: str) -> str:
    """Name a package with the version that is installed here, if any."""
    try:
        return f"{package}=={importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return package


_MAIN = '''
def main():
    """Train with every seed, and print each score and their mean."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns that each network is compiled anew
    scores = []
    for seed in SEEDS:
        scores.append(score_of(seed))
        print(f"seed {seed}: {scores[-1]:.6g}", flush=True)
    print(f"{METRIC} on the test rows, mean of {len(scores)}: {np.mean(scores):.6g}")
'''
