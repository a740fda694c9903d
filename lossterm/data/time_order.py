"""Rows that are in order of time, which a random split mixes: a test row then lies between two that were trained on."""

import re
from collections.abc import Iterator, Mapping

import numpy as np

from lossterm.data.files.sheet import Raw
from lossterm.data.request import FileRequest, typed
from lossterm.text.harmless import clipped

FEWEST = 20
"""Different times of which an order is no accident, nor that of a table sorted by month or year."""
_NUMBER_OF_TIME = re.compile(r"time|timestamp|datetime|date|epoch|unix_?time|ts", re.IGNORECASE)
"""Names of columns in which a number is a time; what ends in `_time` is often a duration."""


def time_order_in_words(raws: Mapping[str, Raw], rows: np.ndarray, asked: FileRequest) -> Iterator[str]:
    """Say by which column the usable rows, indices of a sheet's, are in order of time; at most one sentence.

    Nothing is said where the user has chosen how rows are split.
    """
    if asked.time is not None or asked.group is not None:
        return
    for name, raw in raws.items():
        is_time = raw.kind == "date" or (raw.kind == "number" and _NUMBER_OF_TIME.fullmatch(name))
        if name in asked.targets or not is_time:
            continue
        times = raw.values[rows]
        steps = np.diff(times)
        in_order = (steps >= 0).all() or (steps <= 0).all()  # neither with a time that is missing
        if in_order and len(np.unique(times)) >= FEWEST:
            yield (
                f"The rows are in order of {clipped(name)}, and are split at random all the same: where later rows "
                f"are to be predicted, --time {typed([name])} trains on the earlier ones and tests on the latest."
            )
            return
