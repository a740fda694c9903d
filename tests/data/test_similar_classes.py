"""Classes whose names are nearly the same."""

import numpy as np
import pytest

from lossterm.data.similar_classes import similar, similar_in_words


@pytest.mark.parametrize(
    ("labels", "counts", "found"),
    [
        (("Yes", "yes ", "no"), (50, 40, 60), [(0, 1)]),
        (("New York", "new-york", "Boston"), (5, 5, 5), [(0, 1)]),
        (("setosa", "sentosa", "virginica"), (50, 2, 50), [(0, 1)]),
        (("setosa", "sentosa"), (50, 50), []),  # both are common: two names
        (("grade1", "grade2"), (500, 3), []),  # digits tell apart on purpose
        (("-1", "1"), (50, 50), []),
        (("no", "yes"), (50, 2), []),
        (("+", "-"), (5, 5), []),
    ],
)
def test_case_blanks_signs_and_rare_slips(
    labels: tuple[str, ...], counts: tuple[int, ...], found: list[tuple[int, ...]]
) -> None:
    assert list(similar(labels, np.array(counts))) == found


def test_they_are_named_with_their_rows() -> None:
    (sentence,) = similar_in_words(("Yes", "yes", "no"), np.array([50, 4, 60]))
    assert sentence.startswith("Classes that are nearly the same: 'Yes' (50) and 'yes' (4). ")
    assert list(similar_in_words(("a", "b"), np.array([5, 5]))) == []
