"""What an axis does to data, seen before anything is trained: for every task and every axis that is for it."""

import numpy as np
import pytest

from lossterm.comparison.axis_preview import columns_of, counted_in_words, example_in_words, preview
from lossterm.comparison.protocol_catalogue import fair_parts
from lossterm.errors import UsageError
from lossterm.stress_axes import AXES, Axis, Stress
from lossterm.stress_sweeps.contamination import contamination
from lossterm.stress_sweeps.sweep import fitting_axes
from lossterm.tasks import TASKS, Task, task_named
from tests.cells import each

SHAPED = [task for task in TASKS.values() if task.shaped or task.kind == "ordinal"]


@each(("task", "axis"), [(task, axis) for task in SHAPED for axis in fitting_axes(task)], ids=lambda one: one.key)
def test_what_every_axis_does_to_a_task_with_a_shape_is_shown(task: Task, axis: Axis) -> None:
    shown = preview(task, axis, axis.levels)
    assert shown.levels[0].altered == 0
    assert shown.levels[-1].altered > 0
    columns = columns_of(shown, task, axis)
    assert len(columns) > 2, "nothing but the share of rows altered"
    assert {len(column.values) for column in columns} == {len(shown.levels)}
    assert shown.examples
    for one in shown.examples:
        assert "→" in example_in_words(one, task) or " changed" in example_in_words(one, task)
    contamination(task, axis)


def test_counts_are_those_of_the_rows_labels_and_pixels() -> None:
    for key in ("digit_images", "topics", "shapes"):
        task = task_named(key)
        axis = AXES["fewer_rows"]
        features, target = task.draw(0)
        parts = fair_parts(task, target, 0)
        _, altered = Stress(axis=axis, level=0.3).applied(task, features, target, parts, 0)
        before, after = (one.classes for one in preview(task, axis, (0.0, 0.3)).levels)
        for counted, whole in ((before, target), (after, altered)):
            train = whole[parts["train"]]
            wanted = train.sum(axis=0) if key == "topics" else np.bincount(train.ravel())
            assert counted == tuple(wanted.tolist()), key
    assert counted_in_words(task_named("shapes")) == "Counted are the pixels of each class."
    assert counted_in_words(task_named("topics")) == "Counted are the rows with each label."
    assert counted_in_words(task_named("digit_images")) == ""


def test_several_outputs_have_a_mean_and_a_deviation_each() -> None:
    task, axis = task_named("arm"), AXES["fewer_rows"]
    shown = preview(task, axis, (0.0, 0.3))
    _, target = task.draw(0)
    train = target[fair_parts(task, target, 0)["train"]]
    np.testing.assert_allclose(shown.levels[0].outputs, np.stack([train.mean(axis=0), train.std(axis=0)], axis=1))
    heads = [column.head for column in columns_of(shown, task, axis)[2:]]
    assert heads == [f"{part} {name}" for name in task.outputs for part in ("mean", "SD")]


def test_levels_end_where_a_class_would_be_lost_and_it_is_said_why() -> None:
    task, axis = task_named("digit_images"), AXES["fewer_rows"]
    shown = preview(task, axis, axis.levels)
    assert [one.level for one in shown.levels] == [0.0, 0.3, 0.6, 0.8, 0.9]
    assert shown.ends.startswith("No higher level is possible: ")
    assert "at 95 % rows missing: no row of the class 2 is left" in shown.ends
    assert preview(task, axis, (0.0, 0.3)).ends == ""
    with pytest.raises(UsageError, match="no row of the class"):
        preview(task, axis, (0.0, 0.95))
