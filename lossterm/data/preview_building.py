"""Builds the preview of a file that is shown before training on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lossterm.data.guessed_target import guessed_target
from lossterm.data.preview import Preview, Role, ShownColumn, ShownKind, ShownOutput, ShownTarget
from lossterm.data.request import FileRequest, command, resolved
from lossterm.errors import DataError
from lossterm.home.tilde import whole
from lossterm.losses import Kind
from lossterm.text.harmless import clipped, printable

if TYPE_CHECKING:
    import numpy as np

    from lossterm.data.features import Features
    from lossterm.data.files.sheet import Raw, Sheet
    from lossterm.data.table_building import Built

BARS = 20
"""Bars of the histogram of a target of numbers."""

_LEVELS = 20
_EXAMPLES = 3
_DIGITS = 10
_EXAMPLE_ROWS = 1000
"""Number of first rows from which examples are taken."""


def preview(
    path: str | Path,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    target: str | None = None,
    more_targets: Sequence[str] = (),
    kind: Kind | None = None,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    group: str | None = None,
    time: str | None = None,
    sample_weight: str | None = None,
    thousands: str | None = None,
    missing: Sequence[str] = (),
    min_class: str | None = None,
    shelf: Path,
) -> Preview:
    """Read a file and describe its content; with a target, also cache its table in the directory `shelf`.

    What prevents training is reported in `problem`. Raises DataError for a file that can't be read at all, UnknownName
    for a column that does not exist, and UsageError for options that contradict each other.
    """
    from lossterm.data.files.opening import opened
    from lossterm.data.shaped_preview import shaped_preview
    from lossterm.data.table_building import build
    from lossterm.data.table_cache import TableCache

    asked = FileRequest(
        path=str(whole(Path(path))),
        target=target or "",
        more_targets=tuple(more_targets),
        kind=kind,
        drop=tuple(drop),
        categorical=tuple(categorical),
        group=group,
        time=time,
        sample_weight=sample_weight,
        delimiter=delimiter,
        encoding=encoding,
        header=header,
        thousands=thousands,
        missing=tuple(missing),
        min_class=min_class,
    )
    if arrays := shaped_preview(asked, shelf):
        return arrays
    file = opened(asked)
    sheet = file.read()
    asked = resolved(asked, sheet.names)
    built, problem = None, ""
    if target:
        try:
            built = TableCache(shelf).keep(
                file.digest, asked, lambda allocate: build(sheet, asked, file.digest, allocate)
            )
        except DataError as error:
            problem = str(error)
    return _shown(sheet, asked, built, problem)


def _shown(sheet: "Sheet", asked: FileRequest, built: "Built | None", problem: str) -> Preview:
    import numpy as np

    from lossterm.data.features import features_of

    features = built.features if built else features_of(sheet, np.arange(sheet.rows), asked)
    guess, why = ("", "") if asked.target else _guess(sheet, features, asked)
    return Preview(
        file=printable(sheet.path),
        form=sheet.form,
        rows=sheet.rows,
        delimiter=sheet.delimiter,
        encoding=sheet.encoding,
        header=sheet.header,
        columns=tuple(_column(sheet, name, asked, features) for name in (*sheet.names, *_arrays(sheet))),
        target=_target(built, asked) if built else None,
        features=built.data.features if built else None,
        said=built.remarks if built else (*sheet.remarks, *features.sentences),
        warnings=built.warnings if built else features.warnings,
        problem=problem,
        data=built.data if built else None,
        command=command(asked) if built else "",
        advised=command(built.advised) if built and built.advised != asked else "",
        guess=guess,
        guess_why=why,
    )


def _guess(sheet: "Sheet", features: "Features", asked: FileRequest) -> tuple[str, str]:
    taken = {asked.group, asked.time, asked.sample_weight, *asked.drop, *features.left_out}
    kinds = ("number", "boolean", "word")
    return guessed_target(name for name, raw in sheet.raws.items() if name not in taken and raw.kind in kinds)


def _arrays(sheet: "Sheet") -> list[str]:
    """Return the arrays of an NPZ file that are not columns."""
    return [name for name in sheet.unread if name not in sheet.names]


def _column(sheet: "Sheet", name: str, asked: FileRequest, features: "Features") -> ShownColumn:
    role: Role = "left out" if name in features.left_out else "feature"
    for other, names in (
        ("dropped", asked.drop),
        ("target", asked.targets),
        ("group", (asked.group,)),
        ("time", (asked.time,)),
        ("weight", (asked.sample_weight,)),
    ):
        if name in names:
            role = other  # type: ignore[assignment]  # a literal of Role, which the loop widens to str
    why = features.left_out.get(name, "")
    raw = sheet.raws.get(name)
    if raw is None:
        return ShownColumn(name=name, kind="unread", role=role, why=why)
    return _described(raw, role, why, names=name in asked.categorical, text=name in features.texts)


def _described(raw: "Raw", role: Role, why: str, *, names: bool, text: bool) -> ShownColumn:
    import numpy as np

    from lossterm.data.files.sheet import as_words

    if names and raw.kind != "nothing":
        raw = as_words(raw)
    missing = raw.missing
    present = raw.values[~missing]
    kind: ShownKind = "category" if raw.kind == "word" else raw.kind
    lowest = highest = ""
    levels: tuple[tuple[str, int], ...] = ()
    different = 0
    if raw.kind in ("number", "date"):
        ends = [int(np.nanargmin(raw.values)), int(np.nanargmax(raw.values))]
        lowest, highest = (_short(raw, index) for index in ends)
    elif raw.kind == "word":
        counts = np.bincount(present[present >= 0], minlength=len(raw.words))
        different = int((counts > 0).sum())
        order = np.argsort(-counts, kind="stable")[:_LEVELS]
        if text:
            kind = "text"
        else:
            levels = tuple((clipped(raw.words[code]), int(counts[code])) for code in order)
    elif raw.kind == "boolean":
        levels = tuple((clipped(word), int((present == side).sum())) for side, word in enumerate(raw.words))
    return ShownColumn(
        name=raw.name,
        kind=kind,
        role=role,
        why=why,
        missing=float(missing.mean()) if len(missing) else 0.0,
        lowest=lowest,
        highest=highest,
        different=different,
        levels=levels,
        examples=_examples(raw, missing),
    )


def _examples(raw: "Raw", missing: "np.ndarray") -> tuple[str, ...]:
    examples: dict[str, None] = {}
    for index in range(min(len(missing), _EXAMPLE_ROWS)):
        if len(examples) == _EXAMPLES:
            break
        if not missing[index]:
            examples.setdefault(_short(raw, index))
    return tuple(examples)


def _short(raw: "Raw", index: int) -> str:
    """Write a cell short enough for a table: numbers with six digits, whole numbers in full."""
    text = raw.text(index)
    return f"{raw.values[index]:.6g}" if raw.kind == "number" and len(text) > _DIGITS and "." in text else clipped(text)


def _target(built: "Built", asked: FileRequest) -> ShownTarget:
    import numpy as np

    target = built.target
    if target.kind == "multilabel":
        rows_of = target.values.sum(axis=0).tolist()
        labels = tuple(zip(map(clipped, asked.targets), rows_of, strict=True))
        return ShownTarget(kind=target.kind, why=target.why, rows=len(built.rows), classes=labels)
    if target.kind == "multioutput":
        outputs = tuple(shown_output(name, values) for name, values in zip(asked.targets, target.values.T, strict=True))
        return ShownTarget(kind=target.kind, why=target.why, rows=len(built.rows), outputs=outputs)
    if target.classes:
        counts = np.bincount(target.values, minlength=len(target.classes)).tolist()
        classes = tuple(zip(map(clipped, target.classes), counts, strict=True))
        return ShownTarget(kind=target.kind, why=target.why, rows=len(built.rows), classes=classes)
    bars = shown_output(asked.target, target.values)
    return ShownTarget(kind=target.kind, why=target.why, rows=len(built.rows), edges=bars.edges, counts=bars.counts)


def shown_output(name: str, values: "np.ndarray") -> ShownOutput:
    """Return numbers (rows,) as bars."""
    import numpy as np

    counts, edges = np.histogram(values, bins=BARS)
    return ShownOutput(name=clipped(name), edges=tuple(edges.tolist()), counts=tuple(counts.tolist()))
