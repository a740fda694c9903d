"""Where the rows come from, unless it is a user table, and how they are split and scaled."""

from importlib.metadata import entry_points

from lossterm.comparison import splits
from lossterm.errors import DataError
from lossterm.export.script.plan import Plan
from lossterm.export.script.script_text import Script, quoted
from lossterm.export.script.source_excerpt import Excerpts, location
from lossterm.losses.target_scaling import NORMAL
from lossterm.tasks import TASKS, Task
from lossterm.tasks.catalogue import GROUP
from lossterm.tasks.channel_scaling import by_channel
from lossterm.tasks.shipped import SHIPPED
from lossterm.tasks.task import standard

SPLIT_AT_RANDOM = '''
def split(y, seed):
    """Return the rows of the training, validation and test split{stratified}."""
    state = {state}
    rest, test = train_test_split(np.arange(len(y)), test_size={test}, random_state=state{by_all})
    train, validation = train_test_split(rest, test_size={validation}, random_state=state{by_rest})
    return train, validation, test
'''
SPLIT_WITH_TEST_ROWS = '''
def split(y, seed):
    """Return the rows of the training and validation split{stratified}, and the test rows, the last of the file."""
    state = {state}
    rest, test = np.split(np.arange(len(y)), [len(y) - {test}])
    train, validation = train_test_split(rest, test_size={validation}, random_state=state{by_rest})
    return train, validation, test
'''
SPLIT_BY_GROUPS = '''
def split(y, groups, seed):
    """Return the rows of the training, validation and test split; rows of one group stay together."""
    state = {state}

    def cut(rows, folds, size):
        parts = {fold}(folds, shuffle=True, random_state=state).split(rows, y[rows], groups[rows])
        rest, taken = min(parts, key=lambda part: abs(len(part[1]) - size))  # as near to the size as groups allow
        return rows[rest], rows[taken]

    rest, test = cut(np.arange(len(y)), {test_folds}, {test})
    train, validation = cut(rest, {validation_folds}, {validation})
    return train, validation, test
'''
SPLIT_BY_TIME = '''
def split(y):
    """Return the rows of the training, validation and test split, the earliest first, no moment in two of them."""
    return np.split(np.arange(len(y)), {cuts})
'''
STATE = "int(np.random.SeedSequence([seed, 2]).generate_state(1)[0])  # another stream than the one that draws rows"

TUTORIAL = {"regression": (1, True), "circles": (1, False), "blobs": (2, False)}
"""Task → `random_state` of the tutorial's draw, and whether it standardised before the split."""


def add_rows(script: Script, plan: Plan) -> str:
    """Add where the rows of a task of the catalogue come from; return the expression of `(features, target)`."""
    task = plan.task
    if task.key not in TASKS:
        return f"{_add_package(script, task)}.draw(seed)"
    if task in SHIPPED:
        script.imports.add(f"from sklearn.datasets import load_{task.key}")
        return f"load_{task.key}(return_X_y=True)"
    path, name = location(task.draw, task.key)
    excerpts = Excerpts()
    excerpts.take_draw(path, name, "draw", f"Return features (rows, columns) and target: {task.title}.")
    script.imports |= excerpts.imports
    script.add("Data", excerpts.opened)
    state = TUTORIAL[task.key][0] if plan.protocol.key == "tutorial" else "seed"
    return f"draw({state})"


def _add_package(script: Script, task: Task) -> str:
    """Import a task's record from its installed package, and return its name in the script."""
    for point in entry_points(group=GROUP):
        given = point.load()
        if given is task or (isinstance(given, tuple) and any(one is task for one in given)):
            break
    else:
        raise DataError(f"No installed package provides the task {task.key} any more: install it again.")
    record = point.attr
    script.imports.add(f"from {point.module} import {record}")
    if not isinstance(given, tuple):
        return record
    taken = f"TASK = next(task for task in {record} if task.key == {quoted(task.key)})"
    script.constants += [taken] if taken not in script.constants else []
    return "TASK"


def splitting(script: Script, plan: Plan) -> list[str]:
    """Add how rows are split, and return the line, unindented, that does so."""
    task, protocol = plan.task, plan.protocol
    rows = protocol.rows(task)
    if protocol.key == "tutorial":
        half = rows["train"]
        return [f"train, test = np.arange({half}), np.arange({half}, len(y))"]
    numbers = {name: str(count) for name, count in rows.items()}
    state = STATE if protocol.draws else "seed"
    if task.ordered:
        text, given = SPLIT_BY_TIME.format(cuts=_cuts(plan)), "y"
    elif task.groups:
        fold = "StratifiedGroupKFold" if task.stratifies else "GroupKFold"
        script.imports.add(f"from sklearn.model_selection import {fold}")
        folds = {
            "test_folds": round(task.rows / rows["test"]),
            "validation_folds": round((task.rows - rows["test"]) / rows["validation"]),
        }
        text, given = SPLIT_BY_GROUPS.format(**numbers, **folds, fold=fold, state=state), "y, groups, seed"
    else:
        script.imports.add("from sklearn.model_selection import train_test_split")
        by_class = task.stratifies
        form = SPLIT_WITH_TEST_ROWS if task.test_rows else SPLIT_AT_RANDOM
        text = form.format(
            **numbers,
            state=state,
            stratified=", each with the same share of every class" if by_class else "",
            by_all=", stratify=y" if by_class else "",
            by_rest=", stratify=y[rest]" if by_class else "",
        )
        given = "y, seed" if protocol.draws else "y, 0"
        if not protocol.draws:
            text = text.replace("    state = seed\n", "").replace("random_state=state", "random_state=seed")
    script.add("Data", text)
    kept = "validation" if plan.settings.early_stopping else "_"
    return [f"train, {kept}, test = split({given})"]


def _cuts(plan: Plan) -> list[int]:
    """Return where rows in order of time are cut: at changes of time, the same for every seed."""
    _, target = plan.task.draw(0)
    parts = splits.split_rows(plan.task, plan.protocol, target, 0)
    return [int(parts[name][0]) for name in plan.protocol.splits[1:]]


def features(script: Script, plan: Plan, preprocessing: str | None = None) -> list[str]:
    """Return the lines, unindented, that bring features to the network's scale.

    `preprocessing` is the expression of an unfitted transformer, None for the task's pipeline.
    """
    task, protocol = plan.task, plan.protocol
    if protocol.key == "tutorial" and not TUTORIAL[task.key][1]:
        return ["x = x.astype(np.float32)"]
    if protocol.key == "published":
        return ["x = (x / np.abs(x[train]).max()).astype(np.float32)"]
    if task.pipeline is by_channel:
        places = tuple(range(len(task.input_shape)))
        return [
            "# Each channel as a whole.",
            f"mean, sd = x[train].mean(axis={places}), x[train].std(axis={places})",
            "x = ((x - mean) / np.where(sd > 0, sd, 1)).astype(np.float32)",
        ]
    if preprocessing is None and task.pipeline is not standard:
        preprocessing = f"{_add_package(script, task)}.pipeline()"
    if preprocessing is None:
        script.imports.add("from sklearn.preprocessing import StandardScaler")
        preprocessing = "StandardScaler()"
    if protocol.key == "tutorial":
        return [
            "# Before the split, as the tutorial does it: the test rows are not quite unseen.",
            "x = StandardScaler().fit_transform(x).astype(np.float32)",
            "y = StandardScaler().fit_transform(y[:, None])[:, 0]",
        ]
    return [f"x = {preprocessing}.fit(x[train]).transform(x).astype(np.float32)"]


def targets(plan: Plan) -> list[str]:
    """Return the lines, unindented, that give the target the form that the loss wants."""
    loss, column = plan.loss, plan.as_column
    forms = {
        "one_hot": f"np.eye({plan.task.classes}, dtype=np.float32)[y]",
        "index": f"y{column}.astype(np.int32)",
        "plus_minus_one": f"(2 * y{column} - 1).astype(np.float32)",
    }
    if not plan.scaled:
        return [f"targets = {forms.get(loss.encoding, f'y{column}.astype(np.float32)')}"]
    robust = plan.settings.robust
    if loss.scale == "mean":
        axis = "axis=0" if plan.several else ""
        robustly = "np.median(np.abs(y[train])) or np.abs(y[train]).mean()"
        if plan.several:
            robustly = "np.median(np.abs(y[train]), axis=0)"
        unit = robustly if robust else f"np.abs(y[train]).mean({axis})"
        return [f"unit = {unit}", f"targets = (y / unit){column}.astype(np.float32)"]
    if loss.scale != "log1p":
        return [
            *_scale("y[train]", robust=robust, several=plan.several),
            f"targets = ((y - origin) / unit){column}.astype(np.float32)",
        ]
    return [
        "logarithm = np.log1p(y)",
        *_scale("logarithm[train]", robust=robust, several=plan.several),
        f"targets = ((logarithm - origin) / unit){column}.astype(np.float32)",
    ]


def _scale(values: str, *, robust: bool, several: bool) -> list[str]:
    """Return the lines that give origin and unit of a target, from the expression of those of the training rows."""
    if not robust:
        axis = "axis=0" if several else ""
        return [f"origin, unit = {values}.mean({axis}), {values}.std({axis})"]
    if several:
        return [
            "# Outliers hardly shift the median and the median absolute deviation.",
            f"origin = np.median({values}, axis=0)",
            f"unit = {NORMAL} * np.median(np.abs({values} - origin), axis=0)",
            f"unit = np.where(unit > 0, unit, {values}.std(axis=0))",
        ]
    return [
        "# Outliers hardly shift the median and the median absolute deviation.",
        f"origin = np.median({values})",
        f"unit = {NORMAL} * np.median(np.abs({values} - origin)) or {values}.std()",
    ]
