"""What `lossterm doctor --repair` does: make sure that nobody uses the store, repair it, and say what was done."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from lossterm.comparison.device import DEVICES
from lossterm.errors import DataError, StoreError
from lossterm.store.backup import backups
from lossterm.store.file_header import refuse_other_files
from lossterm.store.repair import Repaired, repair, trains
from lossterm.text.json_text import as_json
from lossterm.text.numbers import counted
from lossterm.worker_control import lock

LEAVING_SECONDS = 5.0
"""How long an idle worker has to leave."""

_DONE = {"repair": "repaired", "restore": "restored"}

_WORDS = {
    "sessions": ("session", "sessions"),
    "comparisons": ("comparison", "comparisons"),
    "trials": ("trial", "trials"),
    "curves": ("part of a curve", "parts of curves"),
    "models": ("model", "models"),
    "samples": ("sample of rows", "samples of rows"),
    "checkpoints": ("checkpoint", "checkpoints"),
    "kept": ("setting", "settings"),
    "workers": ("worker's word", "workers' words"),
    "comparison_trials": ("link to a trial", "links to trials"),
}


def mend(path: Path, form: str) -> None:
    """Put the store at `path` in order and print what was done, as sentences or as JSON.

    Raises StoreError for one that is in use or cannot be repaired, and DataError if anything was lost.
    """
    if not path.exists():
        raise StoreError(f"The store {path} is not there: there is nothing to repair.")
    refuse_other_files(path, damaged=True)
    with exclusive_use(path, "repair"):
        repaired = repair(path)
    if form == "json":
        click.echo(as_json(repaired))
    else:
        click.echo("\n".join(_sentences(path, repaired)))
    if not repaired.complete:
        raise DataError("Not all of the store could be saved: see above.")


@contextmanager
def exclusive_use(path: Path, verb: str) -> Iterator[None]:
    """Hold the workers' locks, so that no worker starts meanwhile. Raises StoreError for a store in use.

    `verb` is what is to be done to the store. On an error, lock files that were made here are removed again.
    """
    held: list[int] = []
    devices = sorted({*DEVICES, *lock.devices(path)})
    new = [place for device in devices if not os.path.lexists(place := lock.lock_path(path, device))]
    try:
        for device in devices:
            descriptor = lock.hold(path, device)
            if descriptor is None and not trains(path, device):  # it waits for more, which it can do later
                lock.dismiss(path, device)
                descriptor = lock.hold(path, device, LEAVING_SECONDS)
            if descriptor is None:
                raise StoreError(
                    f"A worker trains for the store {path}: wait until it has left, or stop what it trains, then "
                    f"{verb} the store."
                )
            held.append(descriptor)
        if lock.in_use(path):
            raise StoreError(
                f"Another program has the store {path} open: close it (a lossterm in another terminal?), then "
                f"{verb} the store."
            )
        yield
    except OSError as error:
        raise StoreError(f"The store {path} cannot be {_DONE[verb]}: {error.strerror or error}.") from error
    except DataError:
        for place in new:
            place.unlink(missing_ok=True)
        raise
    finally:
        for descriptor in held:
            os.close(descriptor)


def _sentences(path: Path, repaired: Repaired) -> Iterator[str]:
    saved = _in_words({name: repaired.saved[name] for name in ("sessions", "comparisons", "trials")}, none="nothing")
    if repaired.damaged:
        yield f"The store {path} was damaged. There are now {saved}."
        if repaired.lost:
            yield f"Left out, since it could not be believed: {_in_words(repaired.lost)}."
        if repaired.unread:
            yield f"Pages that held {' and '.join(_WORDS[table][1] for table in repaired.unread)} could not be read."
        if repaired.again:
            yield f"{counted(repaired.again, 'trial')} of which not all was left will be trained again."
        if repaired.complete:
            yield "Nothing was lost."
        yield f"The damaged file is kept: {repaired.kept}"
        if kept := backups(path):
            yield f"Backups from before an update: {', '.join(map(str, kept))}"
    else:
        yield f"The store {path} is sound: {saved}."
    if repaired.put_back:
        yield f"{counted(repaired.put_back, 'trial')} said to be running without a worker: queued again."
    if repaired.dropped:
        yield f"Dropped, since it belonged to nothing: {_in_words(repaired.dropped)}."
    if repaired.freed:
        yield f"The file is {repaired.freed / 1e6:.1f} MB smaller."


def _in_words(counts: Mapping[str, int], none: str = "") -> str:
    return ", ".join(counted(count, *_WORDS[table]) for table, count in counts.items()) or none
