"""`lossterm check`: a recorded comparison, run again and compared."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import msgspec

from lossterm.cli.console import print_columns, print_lines
from lossterm.cli.exit_codes import DIFFERS, ended_by
from lossterm.cli.following import Watch
from lossterm.cli.options.hyperparameters import setting_option
from lossterm.cli.options.shared import list_formats, loss_file_option
from lossterm.comparison.setting_catalogue import OF_COMPARISON
from lossterm.comparison.user_code_consent import trust_all_of
from lossterm.following.follow import asking
from lossterm.losses import source_from
from lossterm.recordings import agreement, recording
from lossterm.recordings.agreement import Deviation
from lossterm.recordings.recorded_comparison import Given
from lossterm.reports.cells import number
from lossterm.store import Store
from lossterm.text.columns import TableColumn
from lossterm.text.harmless import printable
from lossterm.text.json_text import as_json


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@setting_option(OF_COMPARISON["device"])
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@loss_file_option
@click.option("--model", metavar="FILE.py:NAME", default="", help="Where its custom network is.")
@click.option("--data", metavar="FILE", type=click.Path(path_type=Path), help="Where its table lies, if it was moved.")
@list_formats
def check(file: Path, device: str, quiet: bool, own: tuple[str, ...], model: str, data: Path | None, form: str) -> None:
    """Run a recorded comparison again and compare it, loss by loss.

    FILE is the JSON that `run` or `reproduce` wrote. Everything is trained anew, in a store of its own that is
    removed afterwards. A score agrees if it is no further off than another run with other seeds would be, 19 times
    in 20; any other is named, and the exit code is 5.
    """
    given = Given(losses=tuple(map(source_from, own)), model=model, data=data)
    recorded = recording.read_recording(file, given)
    if recorded.foreign and not quiet:
        known = f"{file} was written by lossterm {recorded.version}; its form is the same."
        click.echo(printable(known), err=True)
    asked = [msgspec.structs.replace(one, device=device) for one in recorded.asked]
    for one in asked:  # a recording never says where code is: a person did
        trust_all_of(one)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ended_by(signal.SIGTERM)))  # or the store would stay
    # The worker leaves when it sees that its store is gone; what it still writes must not keep the place from going.
    with (
        TemporaryDirectory(prefix="lossterm-check-", ignore_cleanup_errors=True) as place,
        Store(Path(place) / "lossterm.db") as store,
    ):
        watch = Watch(store, "check", asking(store, "check", asked), quiet=quiet, keeps=False)
        watch.to_the_end()
        reports = watch.reports()
    findings, remarks = agreement.compare(recorded, reports), agreement.remarks(recorded, reports)
    if form == "json":
        click.echo(as_json(_document(file, findings, remarks)))
    else:
        _print(findings, remarks)
    if not all(finding.agrees for finding in findings):
        sys.exit(DIFFERS)


def _document(file: Path, findings: Sequence[Deviation], remarks: Sequence[str]) -> dict[str, Any]:
    return {
        "recording": str(file),
        "agrees": all(finding.agrees for finding in findings),
        "findings": [{**msgspec.structs.asdict(finding), "agrees": finding.agrees} for finding in findings],
        "remarks": remarks,
    }


def _print(findings: Sequence[Deviation], remarks: Sequence[str]) -> None:
    shown = [finding for finding in findings if finding.ranks]
    print_columns(
        [
            TableColumn("loss", False, tuple(finding.loss for finding in shown)),
            TableColumn("", False, tuple("agrees" if finding.agrees else "DIFFERS" for finding in shown)),
            TableColumn("recorded", True, tuple(number(finding.recorded) for finding in shown)),
            TableColumn("now", True, tuple(number(finding.now) for finding in shown)),
            TableColumn("tolerance", True, tuple(number(finding.tolerance) for finding in shown)),
            TableColumn("ranked by", False, tuple(finding.what for finding in shown)),
            TableColumn("in", False, tuple(finding.where for finding in shown)),
        ]
    )
    wrong = [finding for finding in findings if not finding.agrees]
    same = sum(finding.recorded == finding.now for finding in findings)
    count = (
        f"{len(findings) - len(wrong)} of {len(findings)} scores agree within what their seeds justify, "
        f"{same} to the last digit."
    )
    print_lines([count], "bold")
    print_lines([f"Differs: {finding}." for finding in wrong], "")
    print_lines([f"Not a difference, but: {remark}" for remark in remarks], "dim")
