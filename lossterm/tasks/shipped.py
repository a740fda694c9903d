"""Tasks on the tables that scikit-learn ships: the same rows for all seeds, split anew for each."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from lossterm.tasks.task import Task

if TYPE_CHECKING:
    from lossterm.tasks.task import Draw


def _loaded(name: str) -> "Callable[[int], Draw]":
    """Return a draw that loads a table with scikit-learn's function `load_NAME`."""

    def load(_: int) -> "Draw":
        from sklearn import datasets

        features, target = getattr(datasets, f"load_{name}")(return_X_y=True)
        return features, target

    return load


SHIPPED = (
    Task(
        key="digits",
        title="handwritten digits of 8×8 pixels",
        kind="multiclass",
        rows=1797,
        features=64,
        classes=10,
        hidden=(32,),
        epochs=30,
        finite=True,
        draw=_loaded("digits"),
    ),
    Task(
        key="diabetes",
        title="progress of diabetes in 442 patients a year after ten measurements",
        kind="regression",
        rows=442,
        features=10,
        classes=None,
        hidden=(25,),
        epochs=100,
        lowest=25,
        zeros=False,
        finite=True,
        draw=_loaded("diabetes"),
    ),
    Task(
        key="breast_cancer",
        title="malignant or benign, from 30 measurements of cell nuclei",
        kind="binary",
        rows=569,
        features=30,
        classes=2,
        hidden=(25,),
        epochs=50,
        imbalance=357 / 212,
        finite=True,
        labels=("malignant", "benign"),
        draw=_loaded("breast_cancer"),
    ),
    Task(
        key="wine",
        title="three cultivars, from 13 measurements of the wine",
        kind="multiclass",
        rows=178,
        features=13,
        classes=3,
        hidden=(25,),
        epochs=50,
        imbalance=71 / 48,
        finite=True,
        labels=("class_0", "class_1", "class_2"),
        draw=_loaded("wine"),
    ),
    Task(
        key="iris",
        title="three species, from 4 measurements of the flower",
        kind="multiclass",
        rows=150,
        features=4,
        classes=3,
        hidden=(25,),
        epochs=100,
        finite=True,
        labels=("setosa", "versicolor", "virginica"),
        draw=_loaded("iris"),
    ),
)
