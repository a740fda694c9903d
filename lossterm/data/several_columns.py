"""Decides what several columns make that are predicted together: classes where they are one-hot, labels, or outputs."""

from collections.abc import Callable, Sequence

import numpy as np

from lossterm.data.target import FEWEST, Target
from lossterm.errors import DataError
from lossterm.losses import Kind
from lossterm.text.numbers import counted

KINDS_OF_SEVERAL: tuple[Kind, ...] = ("multioutput", "multilabel", "multiclass", "binary")
"""Kinds of task that several columns may make, the last two where they are one-hot."""

Refuse = Callable[[str, str | None], DataError]
"""What is wrong, and in which column if in one → the error with the name of the file."""


def several_columns(
    they: str, names: Sequence[str], values: np.ndarray, rows: np.ndarray, asked: Kind | None, refuse: Refuse
) -> Target:
    """Return what numbers (rows, columns), all of them finite, are as a target of the sheet's rows at indices (rows,).

    `they` is the beginning of sentences about them, as "y has 3 columns", and `asked` the kind of task that is wanted,
    None for what they look like. Raises DataError for what cannot be learned or split, with the column.
    """
    zero_one = bool(np.isin(values, (0, 1)).all())
    one_hot = zero_one and bool((values.sum(axis=1) == 1).all())
    wanted = asked or ("multiclass" if one_hot else "multilabel" if zero_one else "multioutput")
    if wanted not in KINDS_OF_SEVERAL:
        raise refuse(f"--kind {wanted} is of one number a row, and {they}. Leave out --kind.", None)
    if wanted in ("multiclass", "binary") and one_hot:
        return _one_hot(they, names, values, rows, refuse)
    if wanted == "multilabel" and zero_one:
        return _labels(they, names, values, rows, refuse)
    if wanted != "multioutput":
        needed, there = ("a single 1 in each row", "0 and 1") if zero_one else ("0 and 1", "other numbers")
        raise refuse(f"--kind {wanted} needs {needed}, and {they} of {there}. Leave out --kind.", None)
    return _outputs(they, names, values, rows, refuse)


def _one_hot(they: str, names: Sequence[str], values: np.ndarray, rows: np.ndarray, refuse: Refuse) -> Target:
    index, number = values.argmax(axis=1).astype(np.int64), len(names)
    counts = np.bincount(index, minlength=number)
    if counts.min() < FEWEST:
        rare = int(counts.argmin())
        many = counted(int(counts[rare]), "row") if counts[rare] else "no row"
        raise refuse(f"class {names[rare]} has {many}, and a split needs {FEWEST}.", names[rare])
    kind: Kind = "binary" if number == 2 else "multiclass"
    seen = f"one-hot, {number} classes ({kind})"
    why = f"{they} with a single 1 in each row: {seen}; --kind multilabel takes them as labels."
    imbalance = float(counts.max() / counts.min())
    return Target(kind=kind, why=why, values=index, classes=tuple(names), imbalance=imbalance, rows=rows)


def _labels(they: str, names: Sequence[str], values: np.ndarray, rows: np.ndarray, refuse: Refuse) -> Target:
    index = values.astype(np.int64)
    for label, column in zip(names, index.T, strict=True):
        with_it, without = int(column.sum()), int(len(column) - column.sum())
        if min(with_it, without) < FEWEST:
            verb, most = ("has", with_it) if with_it < FEWEST else ("lacks", without)
            many = counted(most, "row") if most else "no row"
            verb = verb if most < 2 else {"has": "have", "lacks": "lack"}[verb]
            raise refuse(
                f"{many} {verb} the label, and a split needs {FEWEST} that do. Leave the column out, or add rows.",
                label,
            )
    why = f"{they} of 0 and 1, several in a row: {len(names)} labels (multilabel)."
    ones = index.sum()
    imbalance = float(max(ones, index.size - ones) / min(ones, index.size - ones))
    return Target(kind="multilabel", why=why, values=index, classes=("no", "yes"), imbalance=imbalance, rows=rows)


def _outputs(they: str, names: Sequence[str], values: np.ndarray, rows: np.ndarray, refuse: Refuse) -> Target:
    outputs = values.astype(np.float64)
    if still := [label for label, column in zip(names, outputs.T, strict=True) if column.min() == column.max()]:
        raise refuse("the output is the same in every row: there is nothing to predict.", still[0])
    why = f"{they} of numbers: {len(names)} outputs (multioutput)."
    lowest, zeros = float(outputs.min()), bool((outputs == 0).any())
    return Target(kind="multioutput", why=why, values=outputs, lowest=lowest, zeros=zeros, rows=rows)
