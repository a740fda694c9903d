"""What a comparison came to, as a program gets it: sentences, records, frames, pages, files, a trained model."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, Literal

import msgspec

from lossterm.api.subject import notes_on_table
from lossterm.api.wording import in_python, python_words
from lossterm.errors import LosstermError, UsageError
from lossterm.export import FORMATS, format_named, path_from, write
from lossterm.export.epochs import every
from lossterm.export.html.page import page
from lossterm.export.long_form import TRIAL_COLUMNS, of_epochs, of_trial, value_columns
from lossterm.export.session_contents import Contents
from lossterm.following.follow import Follower
from lossterm.reports import json_document, plain_text, report
from lossterm.reports.curve_shape import joined
from lossterm.reports.headline import headline
from lossterm.reports.levelling import with_curves
from lossterm.reports.notes import notes
from lossterm.reports.report import Report
from lossterm.reports.verdict import verdict
from lossterm.store import Store
from lossterm.text.harmless import printable
from lossterm.text.numbers import listed

Record = dict[str, Any]
"""A record as JSON has it: numbers, texts, lists, None for what is missing."""

What = Literal["standings", "trials", "curves"]

FRAME_HEIGHT = 640
"""Height of the report in a notebook, in pixels; it scrolls."""


class Result:
    """The standings of a comparison, as they were when it ended or was looked at; `compare` and `result` return it.

    It prints as the plain table, and shows as the HTML report in a notebook. Curves and models are read from the store
    when they are asked for.
    """

    def __init__(self, built: Report, store: Path, numbers: tuple[int, ...]) -> None:
        """Hold a report; `numbers` are those of its requests in the store."""
        self._report, self._store, self._numbers = built, store, numbers

    def __repr__(self) -> str:
        return "\n".join((in_python(plain_text.as_plain(self._report)), *map(printable, self._notes()[1])))

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str | None:
        """Return the HTML report for a notebook, in a frame of its own so that its styles stay in it.

        None where its curves can no longer be read: the notebook shows the table then.
        """
        try:
            with self._contents() as contents:
                whole = page(contents)
        except LosstermError:
            return None
        return (
            f'<iframe srcdoc="{escape(whole)}" sandbox width="100%" height="{FRAME_HEIGHT}" '
            f'style="border:0" title="{escape(self.verdict)}"></iframe>'
        )

    # In words

    @property
    def verdict(self) -> str:
        """What came out, in one sentence."""
        return in_python(verdict(self._report))

    @property
    def headline(self) -> str:
        """What was compared, in one line: task, protocol, network, seeds."""
        return headline(self._report)

    @property
    def notes(self) -> list[str]:
        """What a reader of the table must know, in sentences: doubts, failed trials, collapsed seeds, slow losses.

        Of a user table also what was told as it was read: rows and columns left out, leaks, codes for missing values.
        """
        told, of_table = self._notes()
        return [*told, *of_table]

    def _notes(self) -> tuple[list[str], list[str]]:
        """Return what the report says, and what else was told of a user table."""
        told = [in_python(note) for note in notes(self._report)]
        return told, notes_on_table(self._report.asked.comparison.data, told)

    # What became of it

    @property
    def session(self) -> str:
        """Name of the session that holds the comparison."""
        return self._report.asked.session

    @property
    def complete(self) -> bool:
        """Whether every trial ended by itself; not where time was up, or trials were stopped or wait."""
        return not self._report.partial

    @property
    def sound(self) -> bool:
        """Whether no trial failed, and none diverged at the learning rate that its loss is judged at."""
        return self._report.sound

    @property
    def failure(self) -> str | None:
        """Why every trial failed, in the words of the first; None where any did not."""
        rows = self._report.rows
        failed = rows and all(row.status == "failed" for row in rows)
        return in_python(rows[0].error or "It gave no reason.") if failed else None

    # As records

    @property
    def standings(self) -> list[Record]:
        """The losses, best first, each as a record; the names are those of `lossterm run --format json`.

        Scores and their differences are in units of the metric, learning rates are step sizes.
        """
        standings: list[Record] = self.to_dict()["standings"]
        return standings

    def to_dict(self, *, trials: bool = False) -> Record:
        """Return the document of `lossterm run --format json`, with every trial and its curves if `trials`.

        No value is NaN: None stands for what is not there. Raises StoreError if curves can no longer be read.
        """
        chunks = None
        if trials:
            with self._opened() as store:
                chunks = store.reader.chunks(list(self._numbers))[0]
        document: Record = msgspec.json.decode(msgspec.json.encode(json_document.document(self._report, chunks)))
        return document

    def trials(self) -> list[Record]:
        """Return a record for each trial: loss, seed, learning rate, status, seconds, and score/METRIC/SPLIT."""
        with self._contents() as contents:
            return [
                {
                    **dict(zip(TRIAL_COLUMNS, of_trial(epochs), strict=True)),
                    "epochs": len(epochs),
                    "seconds": epochs.row.seconds,
                    **epochs.scores,
                }
                for epochs in every(contents)
            ]

    def curves(self) -> list[Record]:
        """Return a record for each epoch of each trial, in long form: the columns of `lossterm export --to csv`.

        `epoch` counts from 1. `train_loss` and the like are the loss and the metric of the task on each split after
        that epoch, None where not finite. Raises StoreError if they can no longer be read.
        """
        with self._contents() as contents:
            names = value_columns(contents)
            return [
                dict(zip((*TRIAL_COLUMNS, "epoch", *names), (*of_trial(epochs), *cells), strict=True))
                for epochs in every(contents)
                if len(epochs)
                for cells in of_epochs(epochs, names)
            ]

    def to_dataframe(self, what: What = "standings") -> Any:
        """Return standings, trials or curves as a pandas DataFrame; nested names are joined by a dot.

        Raises UsageError where pandas is not installed: `curves()`, `trials()` and `standings` are records then, of
        which any library makes a frame.
        """
        records = {"standings": lambda: self.standings, "trials": self.trials, "curves": self.curves}
        if what not in records:
            raise UsageError(f"to_dataframe is of {listed(list(map(repr, records)))}, and not of {what!r}.")
        try:
            import pandas
        except ImportError:
            raise UsageError(
                "pandas is not installed, which makes the DataFrame: pip install pandas, or take the records of "
                "standings, trials() or curves() as they are."
            ) from None
        return pandas.json_normalize(records[what]())

    # As files

    def export(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,  # noqa: A002  what the argument is called everywhere
        *,
        force: bool = False,
    ) -> Path:
        """Write the comparison for another tool, and return where: csv, json, parquet, html, markdown, keras and more.

        The format is that of the path's ending unless `format` names one of `lossterm export`; `force` replaces what an
        earlier export left there. Raises UnknownName for a format, UsageError if something else is there, DataError if
        it cannot be written, and WorkerError if the model of format "model" cannot be trained again.
        """
        with python_words({}):
            form = format_named(format or _format_of(Path(path)))
            place = path_from(os.fspath(path), form)
            with self._contents() as contents:
                write(contents, form, place, force=force)
        return place

    def script(self) -> str:
        """Return a standalone script that trains the best loss with Keras alone. Raises as `export` does."""
        with tempfile.TemporaryDirectory() as place:
            return self.export(Path(place, "script.py"), "keras").read_text(encoding="utf-8")

    def best_model(self, *, bare: bool = False) -> Any:
        """Return the network of the best loss, trained, as a Keras model; this imports TensorFlow into this process.

        Its first seed is trained again, which takes as long as one trial. The model takes the columns that were used,
        (rows, columns) float32, in their order and units, or images or sequences with the channels last, unscaled. It
        returns (rows, 1) or (rows, outputs) values in the units of the target, or probabilities: (rows, K) of classes,
        (rows, labels) of labels, (rows, height, width, K) of masks. A loss without probabilities gives margins of one
        unit or scores of K. `bare` is for the network alone, with inputs and outputs as in training: columns of names,
        missing cells and numbers of more than float32's seven digits need that, and `export("best.keras")` writes it
        with `best.keras.json`, which says how to compute them.

        Raises UsageError if no trial was trained to its end or a column is not for an array of float32, DataError for
        data or a custom loss that is gone or was changed, and WorkerError if the training fails.
        """
        from lossterm.api.loaded_model import loaded_model

        with tempfile.TemporaryDirectory() as place:
            return loaded_model(self.export(Path(place, "best.keras"), "model"), bare=bare)

    # The store

    @contextmanager
    def _opened(self) -> Iterator[Store]:
        with python_words({}), Store(self._store, make=False) as store:
            yield store

    @contextmanager
    def _contents(self) -> Iterator[Contents]:
        """Yield what is exported: this comparison alone, with its curves in the open store."""
        with self._opened() as store:
            asked = [one for one in store.reader.comparisons(self.session) if one.id in self._numbers]
            if not asked:
                raise UsageError(
                    f"The session {self.session!r} was deleted or renamed since, and the comparison's curves with it: "
                    "compare again, or see lossterm.sessions()."
                )
            there = {row.id for row in self._report.rows}
            held: dict[int, tuple[int, ...]] = {}
            for one in asked:
                for row in store.reader.trials([one.id]):
                    if row.id in there:
                        held[row.id] = (*held.get(row.id, ()), one.id)
            yield Contents(
                store=store,
                session=self.session,
                asked=tuple(asked),
                reports=(self._report,),
                rows=tuple(row for row in self._report.rows if row.id in held),
                held=held,
            )


def _format_of(path: Path) -> str:
    """Return the format that a file's ending says. Raises UsageError for an ending of none."""
    by_suffix = {form.suffix: form.key for form in FORMATS.values()}
    key = by_suffix.get(path.suffix.removeprefix("."))
    if key is None:
        raise UsageError(f"{path} does not end as any format does: give format=, one of {', '.join(FORMATS)}.")
    return key


def of_follower(follower: Follower, store: Store) -> Result:
    """Return the result of the one comparison that was followed."""
    (built,) = follower.reports()
    return Result(built, store.path, tuple(follower.numbers))


def latest(store: Store, session: str) -> Result:
    """Return the result of the comparison that was last asked for in a session, as it stands now.

    Raises UnknownName for a session that isn't there, and UsageError for one without a comparison.
    """
    store.sessions.require(session)
    asked = store.reader.comparisons(session)
    if not asked:
        raise UsageError(f"The session {session!r} holds no comparison yet.")
    table = report.tables(asked)[-1]
    numbers = [one.id for one in asked if one.comparison.comparable(table.comparison)]
    built = report.build(table, report.rows_of(table, store.reader.trials(numbers)))
    curves = joined(store.reader.sound_chunks(numbers))
    return Result(with_curves(built, curves), store.path, tuple(numbers))
