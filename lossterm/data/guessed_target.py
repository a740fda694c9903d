"""Guesses which column of a table is to be predicted: a person confirms it or says otherwise."""

from collections.abc import Iterable

_NAMES = frozenset(
    [
        "target",
        "label",
        "class",
        "y",
        "outcome",
        "response",
        "result",
        "survived",
        "species",
        "price",
        "saleprice",
        "sale_price",
        "medv",
        "medhouseval",
        "median_house_value",
        "quality",
        "churn",
        "churned",
        "exited",
        "diagnosis",
        "default",
        "income",
        "score",
        "rating",
        "grade",
        "charges",
        "cost",
        "amount",
        "sales",
        "revenue",
        "demand",
        "count",
        "cnt",
        "salary",
        "fraud",
        "is_fraud",
        "spam",
        "sentiment",
        "category",
        "variety",
        "strength",
        "mpg",
        "risk",
        "approved",
        "purchased",
        "converted",
        "clicked",
        "attrition",
        "progression",
    ]
)
"""Names that targets have again and again."""

_PARTS = ("target", "label", "outcome", "response")
"""Words that the name of a target often begins or ends with."""


def guessed_target(columns: Iterable[str]) -> tuple[str, str]:
    """Return the column that is most likely the target, and why; two empty texts where there is no column.

    `columns` are those that may be one, in the order of the file: no numbers of rows, dates or texts. A name that
    targets have comes first, and of several the last; else it is the last column, where most files have their target.
    """
    every = list(columns)
    if not every:
        return "", ""
    named = [name for name in every if _sounds_like_target(name)]
    return (named[-1], "targets are often called so") if named else (every[-1], "it is the last column")


def _sounds_like_target(name: str) -> bool:
    plain = name.strip().casefold().replace(" ", "_").replace("-", "_")
    parts = plain.split("_")
    return plain in _NAMES or parts[0] in _PARTS or parts[-1] in _PARTS
