"""`lossterm reproduce`: published results beside what this tool finds."""

import csv
import io
import sys
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from lossterm import __version__
from lossterm.cli.console import print_columns, print_lines
from lossterm.cli.exit_codes import SOME_FAILED, STOPPED
from lossterm.cli.following import Watch
from lossterm.cli.options.hyperparameters import setting_option
from lossterm.cli.options.shared import FORMATS, Choice, StorePath, format_option, store_option
from lossterm.comparison.setting_catalogue import OF_COMPARISON
from lossterm.following.follow import asking
from lossterm.published import CASES, Case, case_named
from lossterm.reports import json_document, report
from lossterm.store import Store, session_name
from lossterm.text.columns import markdown, plain
from lossterm.text.json_text import as_json


@click.command()
@click.option("--case", "key", type=Choice("case", *CASES), default=next(iter(CASES)), show_default=True, help="Which.")
@click.option(
    "--seeds", "-n", type=int, help="Trainings of each loss (default: 30; for digits 5, as published; for noise 5)."
)
@click.option("--session", metavar="NAME", help="Session to keep the trials in (default: reproduce-CASE).")
@setting_option(OF_COMPARISON["device"])
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@format_option(*(form for form in FORMATS if form != "linear"))  # sentences tell a report, not these rows
@store_option
def reproduce(
    key: str, seeds: int | None, session: str | None, device: str, quiet: bool, form: str, store: StorePath
) -> None:
    """Train what was published and print both side by side.

    The tutorial's nine rows: what one seed printed, what many seeds of the same set-up say, and the fair result, from
    fewer seeds (a third, or 10). Trials that are in the store already are not trained again.
    """
    case = case_named(key)
    asked = case.comparisons(case.seeds if seeds is None else seeds)
    asked = [msgspec.structs.replace(one, device=device) for one in asked]
    name = session_name(session or f"reproduce-{case.key}")
    with Store(store) as opened:
        watch = Watch(opened, name, asking(opened, name, asked), quiet=quiet)
        try:
            watch.to_the_end()
        except KeyboardInterrupt:
            reports = watch.reports()
            if form != "json" and any(standing.rank for one in reports for standing in one.standings):
                _print(case, reports, form)
            raise
        reports = watch.reports()
    _print(case, reports, form)
    if not all(one.sound for one in reports):
        sys.exit(SOME_FAILED)
    if any(one.stopped for one in reports):
        sys.exit(STOPPED)


def document(case: Case, reports: Sequence[report.Report]) -> dict[str, Any]:
    """Return the JSON: the rows, and every comparison in the form that `run` gives it."""
    rows = case.rows(reports)
    return {
        "lossterm": __version__,
        "schema": json_document.SCHEMA,
        "reproduction": case.key,
        "session": reports[0].asked.session,
        "seeds": reports[0].asked.comparison.seeds,
        "rows": rows,
        "story": case.story(rows, reports),
        "comparisons": [json_document.document(one) for one in reports],
        "environment": reports[-1].environment,
        "seconds": max(round(one.seconds, 3) for one in reports),
    }


def _print(case: Case, reports: Sequence[report.Report], form: str) -> None:
    rows = case.rows(reports)
    columns, story = case.columns(rows), case.story(rows, reports)
    if form == "json":
        click.echo(as_json(document(case, reports)))
    elif form == "csv":
        click.echo(_as_csv([_flat(msgspec.to_builtins(row)) for row in rows]))
    elif form == "markdown":
        listed = "\n".join(f"- {line}" for line in story)
        click.echo("\n\n".join([f"**{case.title}**", markdown(columns), listed]))
    elif form == "plain":
        click.echo("\n".join([case.title, "", plain(columns), "", *story]))
    else:
        print_lines([case.title], "bold")
        print_columns(columns)
        print_lines(story, "")


def _flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested values under joined names: `seeds_test_median`, `fair_ci_low`."""
    flat: dict[str, Any] = {}
    for name, part in value.items():
        if isinstance(part, dict):
            flat.update(_flat(part, f"{before}{name}_"))
        elif isinstance(part, list):
            flat.update({f"{before}{name}_low": part[0], f"{before}{name}_high": part[1]})
        else:
            flat[f"{before}{name}"] = part
    return flat


def _as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Write rows under all names that any of them has; a part that a row lacks is empty there."""
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    parts = [name for name in names if not any(other.startswith(f"{name}_") for other in names)]
    writer = csv.DictWriter(text, parts, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")
