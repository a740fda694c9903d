"""`lossterm stress`: the same comparison on worse and worse data, and where the best loss changes."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from lossterm.cli.console import print_columns, print_lines, print_rows
from lossterm.cli.exit_codes import SOME_FAILED, STOPPED
from lossterm.cli.following import Limits, Watch
from lossterm.cli.options.comparison import comparison_options
from lossterm.cli.options.comparison_size import most_trials_option, see_to_sizes
from lossterm.cli.options.limits import limit_options
from lossterm.cli.options.shared import StorePath, store_option, table_formats
from lossterm.cli.options.task_or_table import Subject
from lossterm.cli.printed_sweeps import found_in, print_sweeps
from lossterm.cli.project_file import ProjectCommand
from lossterm.comparison.axis_preview import Preview, columns_of, counted_in_words, example_in_words, preview
from lossterm.comparison.comparison import Comparison
from lossterm.comparison.doubts import doubts
from lossterm.comparison.user_axis import axis_from
from lossterm.comparison.user_code_consent import share, trust, trust_all_of
from lossterm.data import Data
from lossterm.errors import DataError, WorkerError
from lossterm.following.follow import asking
from lossterm.losses import is_own
from lossterm.store import Store
from lossterm.stress_axes import Axis, every_axis, levels_from
from lossterm.stress_axes.levels import in_words, written
from lossterm.stress_sweeps.contamination import contamination
from lossterm.stress_sweeps.curve import SweepCurve, curve_of
from lossterm.stress_sweeps.sweep import at_levels, chosen_axis, sweeps, without_lost_class
from lossterm.tasks import Task, task_named, task_on
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json
from lossterm.worker_control.cluster import Cluster

PREVIEW = "lossterm.engine.user_code.axis_preview"


@click.command(cls=ProjectCommand)
@click.option("--axis", "-a", metavar="AXIS", help="What there is to be more and more of; --list names the axes.")
@click.option(
    "--axis-file",
    metavar="FILE.py:NAME",
    help="An axis of your own: a function (features, target, level, generator) that returns features and target.",
)
@click.option(
    "--levels",
    metavar="X,Y,…",
    help="How much of it, as 0.01,0.05 or 1%,5%; 0 is always one (default: the axis's own, then more around the point "
    "at which the best loss changes).",
)
@click.option("--show", is_flag=True, help="Show what the axis does to the data, and train nothing.")
@click.option("--list", "listing", is_flag=True, help="List the axes, with what each does and what is known of it.")
@comparison_options
@limit_options
@most_trials_option
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@table_formats
@store_option
def stress(
    subject: Subject,
    axis: str | None,
    axis_file: str | None,
    levels: str | None,
    show: bool,
    listing: bool,
    session: str,
    max_time: float | None,
    memory: int | None,
    cluster: Cluster | None,
    max_trials: int | None,
    quiet: bool,
    form: str,
    store: StorePath,
    **settings: Any,
) -> None:
    """Find out until how much noise a loss is the one to take: the same comparison on worse and worse data.

    Train and validation rows are altered, test rows never (but by the axis that is about them). Level 0 is the plain
    comparison, whose trainings are shared with lossterm run; whatever is in the store already is not trained again.
    Ctrl-C stops, and prints the curve so far. With --until settled each level is raced.
    """
    if listing:
        _list(form)
        return
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        if not quiet:
            click.echo(printable(sentence), err=True)

    data = subject.task_or_data(say)
    task = task_named(data) if isinstance(data, str) else task_on(data)
    record, source = chosen_axis(axis, axis_file, task)
    chosen = None if levels is None else levels_from(levels, record)
    if is_own(record.key):
        trust(axis_from(source))
        if cluster:
            share(cluster.address, axis_from(source))
    if show:
        _show(data, task, record, source, record.levels if chosen is None else chosen, form)
        return
    plain = Comparison.ask(data, **settings)
    comparisons, left_out = without_lost_class(
        at_levels(plain, record, source, chosen), record, chosen=chosen is not None
    )
    if left_out:
        say(f"Note: {left_out}")
    trust_all_of(plain, cluster and cluster.address)
    for doubt in (one for one in doubts(plain) if one not in said):
        say(f"Note: {doubt}")
    see_to_sizes(comparisons, max_trials)
    with Store(store) as opened:
        limits = Limits(max_time, memory, cluster)
        watch = Watch(opened, session, asking(opened, session, comparisons), quiet=quiet, limits=limits)
        try:
            watch.to_the_end()
        except KeyboardInterrupt:
            curve = _curve(opened, watch, session)
            if curve is not None and any(leader is not None for leader in curve.leaders):
                print_sweeps([curve], form, [found_in(curve)])  # marked partial
            raise
        curve = _curve(opened, watch, session)
    if curve is None:
        raise DataError(f"The session {session!r} no longer holds this sweep: somebody deleted it.")
    print_sweeps([curve], form, [found_in(curve)])
    if not curve.sound or watch.out_of_time:
        sys.exit(SOME_FAILED)
    if curve.stopped:
        sys.exit(STOPPED)


def _curve(store: Store, watch: Watch, session: str) -> SweepCurve | None:
    """Return the curve of the sweep that was asked for; None before a level above 0 was."""
    stressed = [one for one in watch.asked if one.comparison.severity is not None]
    if not stressed:
        return None
    every = store.reader.comparisons(session)
    numbers = {one.id for one in stressed}
    held = [sweep for sweep in sweeps(every) if sweep.number in numbers or _among(sweep.levels, numbers)]
    if not held:
        return None
    return curve_of(held[-1], store.reader.trials([one.id for one in every]))


def _among(levels: Sequence[tuple[float, Any]], numbers: set[int]) -> bool:
    return any(asked.id in numbers for level, asked in levels if level)


def _list(form: str) -> None:
    rows = [
        {
            "axis": axis.key,
            "title": axis.title,
            "kinds": ", ".join(axis.kinds),
            "levels": ", ".join(written(axis, level) for level in axis.levels),
            "most": axis.most,
            "unit": axis.unit,
            "of": axis.of,
            "splits": axis.splits,
            "does": axis.does,
            "known": axis.known,
            "source": axis.source,
            "package": axis.origin,
        }
        for axis in every_axis().values()
    ]
    print_rows(rows, {"axis": "axis", "kinds": "for", "levels": "levels", "does": "what it does"}, form, "No axis.")


def _show(data: str | Data, task: Task, axis: Axis, source: str, levels: Sequence[float], form: str) -> None:
    """Print what an axis does to the first seed's data."""
    shown = _previewed_elsewhere(data, source, levels) if is_own(axis.key) else preview(task, axis, levels)
    estimate = contamination(task, axis)
    if form == "json":
        whole = {"axis": axis.key, "task": task.key, **msgspec.structs.asdict(shown), "contamination": estimate}
        click.echo(as_json(whole))
        return
    print_lines([f"{task.key}: {axis.title}"], "bold")
    print_lines([f"{axis.does} The {shown.split} rows of seed 0, {shown.rows:,} of them:"], "")
    print_columns(columns_of(shown, task, axis))
    print_lines([line for line in (counted_in_words(task), shown.ends) if line], "")
    if shown.examples:
        print_lines([f"Some rows at {in_words(axis, shown.levels[-1].level)}:"], "dim")
        print_lines([example_in_words(one, task) for one in shown.examples], "")
    if estimate is not None:
        print_lines([estimate.sentence(axis, task.key if isinstance(data, str) else "Your table") + "."], "")
    print_lines([f"Known: {axis.known} ({axis.source})"], "dim")


def _previewed_elsewhere(data: str | Data, source: str, levels: Sequence[float]) -> Preview:
    """Have a process of its own run a custom axis. Raises DataError with what went wrong in it."""
    about = ["--task", data] if isinstance(data, str) else ["--table", msgspec.json.encode(data).decode()]
    words = [sys.executable, "-P", "-m", PREVIEW, source, "--levels", msgspec.json.encode(list(levels)).decode()]
    done = subprocess.run([*words, *about], capture_output=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        why = "".join(last).removesuffix(".") or "no word of why"
        raise WorkerError(f"The preview of {source} ended with {done.returncode}: {why}.")
    answer = msgspec.json.decode(lines[-1], type=_Answer)
    if answer.preview is None:
        raise DataError(answer.error or "")
    return answer.preview


class _Answer(msgspec.Struct):
    """What that process says."""

    preview: Preview | None
    error: str | None
