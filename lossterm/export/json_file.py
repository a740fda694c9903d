"""JSON: one document with what was asked, the standings, and every trial with its scores and curves."""

from pathlib import Path
from typing import Any

import msgspec

from lossterm import __version__
from lossterm.export.epochs import TrialEpochs, every
from lossterm.export.session_contents import Contents
from lossterm.reports.json_document import document
from lossterm.stress_sweeps.document import document as sweep_document
from lossterm.text.harmless import in_json

SCHEMA = 2
"""Raised when readers of the document would have to change."""


def write_json(contents: Contents, path: Path) -> None:
    """Write the document, a line for each comparison, report and trial. No value is NaN: null, with the status.

    Reports are as `lossterm report --format json` gives them; curves are the stored float32 in full.
    """
    head = {"lossterm": __version__, "schema": SCHEMA, "session": contents.session}
    lists = {
        "comparisons": map(_whole, contents.asked),
        "reports": map(document, contents.levelled()),
        "sweeps": map(sweep_document, contents.sweeps()),
        "trials": map(_trial, every(contents)),
    }
    with path.open("wb") as file:
        file.write(b"{\n")
        for name, value in head.items():
            file.write(b"%s: %s,\n" % (msgspec.json.encode(name), _line(value)))
        for number, (name, items) in enumerate(lists.items()):
            file.write(b"%s%s: [" % (b",\n" if number else b"", msgspec.json.encode(name)))
            for place, item in enumerate(items):
                file.write((b",\n" if place else b"\n") + _line(item))
            file.write(b"\n]")
        file.write(b"\n}\n")


def _line(value: object) -> bytes:
    """Write a value without control characters, since the document may go to a terminal."""
    return in_json(msgspec.json.encode(value).decode()).encode()


def _trial(epochs: TrialEpochs) -> dict[str, Any]:
    row = epochs.row
    return {
        "id": row.id,
        "comparisons": epochs.comparisons,
        **_whole(row.trial),
        "status": row.status,
        "attempts": row.attempts,
        "epochs": len(epochs),
        "seconds": row.seconds,
        "finished": row.finished,
        "error": row.error,
        "note": row.note,
        "scores": row.scores,
        "anatomy": row.anatomy,
        "environment": row.environment,
        "metric": epochs.metric,
        "curves": {name: list(epochs.column(place)) for place, name in enumerate(epochs.layout.names)},
    }


def _whole(record: msgspec.Struct) -> dict[str, Any]:
    """Return every field of a record, including those that lossterm's own files leave out at their defaults."""
    fields = msgspec.structs.asdict(record).items()
    pairs = ((name, None if value is msgspec.UNSET else value) for name, value in fields)
    return {name: _whole(value) if isinstance(value, msgspec.Struct) else value for name, value in pairs}
