"""Classes whose names are nearly the same, and which may be one class that is written in two ways."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from lossterm.text.harmless import clipped
from lossterm.text.numbers import listed

MOST_LOOKED_AT = 300
"""Classes that are compared with each other."""

LONG_ENOUGH = 5
"""Letters from which two names that differ in one of them may be one."""

RARE = 0.1
"""Share of the rows of a class below which another with one letter of its name changed may be a slip."""

_MOST_NAMED = 4


def similar(labels: Sequence[str], counts: np.ndarray) -> Iterator[tuple[int, ...]]:
    """Yield classes, as indices, that differ in case, blanks and signs alone, or that are a rare slip of another.

    `counts` are their rows, (classes,).
    """
    alike: dict[str, list[int]] = defaultdict(list)
    for place, label in enumerate(labels[:MOST_LOOKED_AT]):
        alike[_plain(label) or label].append(place)
    for places in alike.values():
        if len(places) > 1:
            yield tuple(places)
    plain = list(alike)
    for number, one in enumerate(plain):
        for other in plain[number + 1 :]:
            if _one_off(one, other):
                rows = [int(counts[alike[name]].sum()) for name in (one, other)]
                if min(rows) < RARE * max(rows):
                    yield alike[one][0], alike[other][0]


def similar_in_words(labels: Sequence[str], counts: np.ndarray) -> Iterator[str]:
    """Say which classes are nearly the same."""
    pairs = list(similar(labels, counts))
    if pairs:
        named = [
            " and ".join(f"{clipped(labels[place])!r} ({int(counts[place]):,})" for place in places)
            for places in pairs[:_MOST_NAMED]
        ]
        more = [f"{len(pairs) - _MOST_NAMED} more"] if len(pairs) > _MOST_NAMED else []
        yield f"Classes that are nearly the same: {listed([*named, *more])}. Are they one class, written in two ways?"


def _plain(label: str) -> str:
    """Return a name without case, blanks and signs; a number as it is, whose sign and point count."""
    try:
        return repr(float(label))
    except ValueError:
        return "".join(sign for sign in label.casefold() if sign.isalnum())


def _one_off(one: str, other: str) -> bool:
    """Whether one letter was left out, put in, or taken for another; digits tell names apart on purpose."""
    short, long = sorted((one, other), key=len)
    if len(short) < LONG_ENOUGH or len(long) - len(short) > 1:
        return False
    start = next((place for place, sign in enumerate(short) if sign != long[place]), len(short))
    rest = short[start + (len(short) == len(long)) :]
    changed = short[start : start + 1] + long[start : start + 1]
    return long[start + 1 :] == rest and not any(sign.isdigit() for sign in changed)
