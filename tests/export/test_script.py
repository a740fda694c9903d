"""The standalone script: for every loss, metric, task and setting as text, and some of them run."""

import ast
import csv
import importlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.hyperparameters import ACTIVATIONS, OPTIMIZERS, SCHEDULES
from lossterm.comparison.protocol import Prepared, Split
from lossterm.comparison.protocol_catalogue import PROTOCOLS, protocol_named, protocols_for
from lossterm.comparison.user_code_consent import trust_all_of
from lossterm.data import Data, describe, load
from lossterm.data import FileRequest as AskedOfFile
from lossterm.engine.scoring import outcome_of
from lossterm.errors import DataError, UsageError
from lossterm.export import gather
from lossterm.export.chosen_training import chosen
from lossterm.export.script.composition import compose, script_of
from lossterm.export.script.loss_section import add_loss, keras_loss
from lossterm.export.script.plan import Plan
from lossterm.export.script.score_section import PROBABILITIES, QUANTILES, expression
from lossterm.export.script.script_text import Script
from lossterm.export.script.user_loss import described
from lossterm.home.paths import shelf
from lossterm.losses import LOSSES, Loss, is_own, loss_named
from lossterm.losses.arrays import numpy
from lossterm.losses.prediction_from_output import prediction_of, quantiles_of
from lossterm.losses.target_scaling import Scaling
from lossterm.metrics import METRICS, Metric, Outcome, metric_named
from lossterm.store import Store
from lossterm.tasks import TASKS
from lossterm.tasks.shipped import SHIPPED
from lossterm.tasks.user_table import pipeline
from lossterm.text.json_text import as_json
from tests import losses as kinds_of_losses
from tests.cells import each
from tests.fork_server import ForkServer
from tests.long_run import cases
from tests.metrics import SHAPED
from tests.metrics.test_shaped_metrics import random_outcome as shaped_outcome

from .trained import Train, train_all

__all__ = ["train_all"]  # a fixture

Run = Callable[[str], ModuleType]

PARAMETERS = (
    *("huber:delta=0.5", "pinball:tau=0.2", "focal:gamma=0", "gce:q=0.3", "weighted_binary_crossentropy:weight=3"),
    *("barron:alpha=2", "barron:alpha=0", "barron:alpha=-inf", "barron:alpha=-2,c=0.5"),
    *("bi_tempered:t1=1,t2=1", "bi_tempered:t1=0.5", "beta_nll:beta=1", "smoothed_crossentropy:epsilon=0.3"),
)
"""Losses whose parameters decide what of them is written."""


def plan_of(task: str | Data, loss: str, **asked: Any) -> Plan:
    """Return what a script of a comparison is to do, as if it had been trained."""
    own = [loss] if ".py:" in loss else []
    wanted = {"learning_rates": (0.01,), "seeds": 2, "device": "cpu", **asked}
    c = Comparison.ask(task, [] if own else [loss], own=own, **wanted)
    trust_all_of(c)
    trial = next(c.trials())
    description = described(trial) if is_own(trial.loss) else None
    record = (description.record(trial.loss) if description else loss_named(trial.loss)).under(c.protocol)
    return Plan(
        comparison=c,
        task=c.record,
        protocol=protocol_named(c.protocol),
        loss=record.on(c.record.targets) if c.record.kind in record.kinds else record,
        source=trial.source,
        user_loss=description,
        learning_rate=c.learning_rates[0],
        metric=metric_named(c.metric),
        seeds=tuple(range(c.seeds)),
    )


def settings_of(loss: Loss) -> Iterator[tuple[str, str]]:
    """Yield each protocol with the first task that the loss fits under it."""
    for protocol in PROTOCOLS:
        for task in TASKS.values():
            if protocol_named(protocol) in protocols_for(task) and loss.misfit(task.targets, protocol) is None:
                yield task.key, protocol
                break


CASES = [
    *((key, *setting) for key in (*kinds_of_losses.TABLES, *PARAMETERS) for setting in settings_of(loss_named(key))),
    *(
        ("mse" if task.element == "regression" else "hinge" if task.element == "binary" else "focal", task.key, "fair")
        for task in TASKS.values()
    ),
]

SETTINGS: tuple[dict[str, Any], ...] = (
    *({"activation": activation} for activation in ACTIVATIONS),
    *({"optimizer": optimizer} for optimizer in OPTIMIZERS),
    *({"schedule": schedule} for schedule in SCHEDULES),
    *({"hidden": hidden} for hidden in ((), (8, 4))),
    {"initial_sd": 0.1},
    {"dropout": 0.5, "batch_norm": True, "l2": 1e-3},
    {"early_stopping": 3, "class_weight": "balanced", "metric": "roc_auc"},
)


OF_SHAPES = {
    "ordinal": (("ratings", "qwk"),),
    "multilabel": (("topics", "label_macro_ap"),),
    "segmentation": (("spots", "iou"), ("shapes", "boundary_f1")),
}
"""Tasks and metrics for losses of ranks, labels and masks."""


def scripts() -> dict[str, str]:
    """Return a script for every loss, task, protocol and setting, by what it is for."""
    texts = {
        f"{loss} {task} {protocol}": compose(plan_of(task, loss, protocol=protocol)) for loss, task, protocol in CASES
    }
    robust = {
        f"{loss} robust": compose(plan_of("prices", loss, scaling="robust")) for loss in ("huber", "log1p_mse", "mape")
    }
    hinges = {f"hinge {settings}": compose(plan_of("circles", "hinge", **settings)) for settings in SETTINGS}
    shaped = {
        f"{key} {task} {metric}": compose(plan_of(task, key, metric=metric))
        for key, loss in LOSSES.items()
        for task, metric in OF_SHAPES.get(loss.kinds[0], ())
    }
    return texts | robust | hinges | shaped


@pytest.fixture(scope="module")
def every() -> dict[str, str]:
    return scripts()


# As text


def test_every_script_is_python_without_a_trace_of_where_it_is_from(every: dict[str, str]) -> None:
    assert len(every) > len(kinds_of_losses.TABLES) + len(TASKS)
    for name, text in every.items():
        ast.parse(text)
        assert "lossterm" not in text.casefold(), name
        imported = {node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)}
        packages = {
            (node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]
            for node in imported
        }
        assert packages <= {"os", "logging", "math", "keras", "numpy", "sklearn"}, name


def test_every_script_is_as_a_formatter_and_a_linter_want_it(every: dict[str, str], tmp_path: Path) -> None:
    for number, text in enumerate(every.values()):
        (tmp_path / f"script_{number}.py").write_text(text)
    ruff = [sys.executable, "-m", "ruff"]
    shape = ["--isolated", "--line-length", "120", str(tmp_path)]
    for words in (["check", "--select", "E,F,W,I,B,ARG,SIM,C4", "--ignore", "B905"], ["format", "--check"]):
        done = subprocess.run([*ruff, *words, *shape], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_branches_that_parameters_decide_are_not_written() -> None:
    written = {
        loss: compose(plan_of(task, loss))
        for loss, task in (
            ("barron", "regression"),
            ("barron:alpha=2", "regression"),
            ("barron:alpha=-inf", "regression"),
            ("weighted_binary_crossentropy", "circles"),
            ("weighted_binary_crossentropy:weight=3", "circles"),
            ("focal:gamma=0", "blobs"),
        )
    }
    assert all("\n    if " not in text for text in written.values())
    assert "_LOGARITHMIC" not in "".join(written.values())
    assert "alpha" not in written["barron:alpha=2"].partition("# Loss")[2]
    assert "expm1(-0.5 * square)" in written["barron:alpha=-inf"]
    assert "return (1 + y * (weight - 1)) * logistic(y, z)" in written["weighted_binary_crossentropy:weight=3"]
    assert "balanced" not in written["weighted_binary_crossentropy:weight=3"]
    assert "weight=" not in written["weighted_binary_crossentropy"]
    assert "power" not in written["focal:gamma=0"]


# The loss


def batch(loss: Loss, classes: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return targets and outputs as the record has them, and the number of training rows of each class."""
    stream = np.random.default_rng(0)
    rows = np.arange(24) % (classes if loss.by_class else 2)
    counts = np.bincount(rows).astype(np.float32)
    counts[0] += 5
    units = classes if loss.by_class else loss.units
    output = stream.normal(size=(24, units)).astype(np.float32)
    if loss.encoding == "value":
        return stream.gamma(2, size=24).astype(np.float32), output, counts
    if loss.encoding == "one_hot":
        return np.eye(classes, dtype=np.float32)[rows], output, counts
    if loss.encoding == "index":
        return rows, output, counts
    return (2 * rows - 1 if loss.encoding == "plus_minus_one" else rows).astype(np.float32), output, counts


def loss_in_script(plan: Plan, rows: np.ndarray, namespace: dict[str, Any]) -> Any:
    """Run what a script says of its loss and return what `compile` is given."""
    script = Script()
    expression = add_loss(script, plan)
    texts = [script.given.get("Loss", ""), *script.sections.get("Loss", ())]
    namespace |= {"np": np, "y": rows, "train": np.arange(len(rows))}
    exec(
        "\n\n".join([*sorted(one for one in script.imports if "keras" not in one), *texts]).replace("their__", ""),
        namespace,
    )
    return eval(expression.replace("their__", ""), namespace)


WRITTEN = [key for key in (*kinds_of_losses.TABLES, *PARAMETERS) if keras_loss(loss_named(key), "fair") is None]


@each("key", WRITTEN)
def test_a_loss_that_is_written_out_gives_what_its_record_does(key: str) -> None:
    task, protocol = next(iter(settings_of(loss_named(key))))
    plan = plan_of(task, key, protocol=protocol)
    _hold(plan, {"ops": SimpleNamespace(**{**vars(numpy()), "cast": lambda x, _: x})})


def _hold(plan: Plan, namespace: dict[str, Any]) -> None:
    target, output, counts = batch(plan.loss)
    weighed = np.repeat(np.arange(len(counts)), counts.astype(int))  # rows with these counts
    given = loss_in_script(plan, weighed, namespace)
    squeezed = output if plan.loss.by_class or plan.loss.units > 1 else output[:, 0]
    expected = plan.loss(numpy(), target, squeezed, counts)
    column = target if target.ndim == 2 else target[:, None]
    values = (given.call if hasattr(given, "call") else given)(column, output)
    np.testing.assert_allclose(np.ravel(np.asarray(values)), expected, rtol=2e-5, atol=2e-6)


@pytest.mark.tensorflow
def test_a_loss_of_keras_is_written_only_where_it_is_the_same_function(train_all: Train) -> None:
    keras = importlib.import_module("keras")
    same = [
        (key, task, protocol)
        for key, task, protocol in CASES
        if keras_loss(loss_named(key), protocol) and key in {*kinds_of_losses.TABLES, *PARAMETERS}
    ]
    assert len({key for key, _, _ in same}) > 12
    for key, task, protocol in same:
        _hold(plan_of(task, key, protocol=protocol), {"keras": keras, "ops": keras.ops})


def test_the_packages_that_a_script_needs_are_named_with_the_versions_that_trained_here() -> None:
    text = " ".join(compose(plan_of("circles", "hinge")).split())
    needs = [f"{name}=={version(name)}" for name in ("numpy", "scikit-learn", "keras", "tensorflow")]
    assert f"Needs: pip install {' '.join(needs)} " in text.replace('"""', " ")


def test_a_script_says_where_its_kernels_are_not_drawn_as_keras_would() -> None:
    words = "# As in the training here; Keras's own default is GlorotUniform."
    text = compose(plan_of("circles", "hinge", schedule="constant"))
    assert words in text
    assert "keras.initializers.HeUniform(" in text
    assert "SGD(LEARNING_RATE, momentum=0.9)" in text
    assert words not in compose(plan_of("circles", "hinge", activation="tanh"))


# The metric


def outcomes(metric: Metric) -> Iterator[tuple[Loss, Outcome]]:
    """Yield predictions by each way to read an output that the metric has a meaning for."""
    stream = np.random.default_rng(1)
    if metric.needs == "quantiles":
        for key in ("quantiles", "free_quantiles", "gaussian_nll", "quantiles:levels=19"):
            loss = loss_named(key)
            output = stream.normal(size=(50, loss.units))
            split = Split(np.zeros((50, 1), np.float32), stream.normal(size=50))
            yield loss, outcome_of(loss, Prepared(splits={"train": split, "test": split}), "test", output)
        return
    if "regression" in metric.kinds:
        yield LOSSES["mse"], Outcome(target=stream.poisson(3, 50).astype(float), prediction=stream.normal(2, 2, 50))
        return
    for loss in map(
        LOSSES.__getitem__, ("binary_crossentropy", "hinge", "categorical_crossentropy", "multiclass_hinge")
    ):
        if set(loss.kinds) & set(metric.kinds) and metric.defined(loss):
            classes = 3 if loss.by_class else 2
            decision = np.round(stream.normal(size=(50, classes) if loss.by_class else 50), 1)  # with ties
            p = stream.dirichlet(np.ones(classes), 50)
            prediction = decision.argmax(1) if loss.by_class else (decision > 0).astype(int)
            target = stream.integers(classes, size=50)
            yield (
                loss,
                Outcome(
                    target=target,
                    prediction=prediction,
                    decision=decision,
                    probability=p if loss.probabilistic else None,
                ),
            )


@each("key", SHAPED)
def test_every_metric_of_ranks_labels_and_masks_is_computed_as_here(key: str) -> None:
    metric, kind = METRICS[key], SHAPED[key]
    loss = LOSSES[{"ordinal": "coral", "multilabel": "asymmetric", "segmentation": "dice"}[kind]]
    for seed in range(3):
        o = shaped_outcome(kind, seed)
        text, function = expression(metric, loss, 3)
        space: dict[str, Any] = {"np": np, "y": np.concatenate([o.target[:1], o.target]), "output": o.decision}
        space |= {"test": np.arange(1, len(o.target) + 1), "prediction": o.prediction}
        exec(function, space)
        assert eval(text, space) == pytest.approx(metric.function(np, o), rel=1e-12)


@pytest.mark.parametrize("key", ["coral", "corn", "cumulative_link", "squared_emd"])
def test_ranks_are_read_off_an_output_as_here(key: str) -> None:
    loss, output = LOSSES[key], np.random.default_rng(2).normal(0, 2, (30, LOSSES[key].outputs(5)))
    space: dict[str, Any] = {"np": np, "output": output}
    exec(PROBABILITIES[loss.reading], space)
    here = prediction_of(output, loss.reading, loss.link, Scaling())
    assert here.probability is not None
    np.testing.assert_allclose(space["probabilities"](output), here.probability, rtol=1e-9, atol=1e-12)
    text = compose(plan_of("ratings", key, metric="rank_mae"))
    line = next(line for line in text.splitlines() if line.strip().startswith("prediction ="))
    space["probability"] = here.probability
    exec(line.strip(), space)
    np.testing.assert_array_equal(space["prediction"], here.prediction)


@each("key", [key for key in METRICS if key not in SHAPED])
def test_every_metric_is_computed_as_here(key: str) -> None:
    metric, seen = METRICS[key], 0
    for loss, o in outcomes(metric):
        text, function = expression(metric, loss, None if loss.reading == "value" else o.target.max() + 1)
        space = {"np": np, "y": np.concatenate([[9], o.target]).astype(o.target.dtype), "test": np.arange(1, 51)}
        exec(function, space)
        if o.quantiles is not None:
            space["quantiles"] = o.quantiles
        space |= {"prediction": o.prediction, "output": o.decision, "probability": o.probability}
        assert eval(text, space) == pytest.approx(metric.function(np, o), rel=1e-12), loss.key
        seen += 1
    assert seen


@pytest.mark.parametrize("key", ["quantiles", "free_quantiles:levels=3", "gaussian_nll", "beta_nll"])
def test_quantiles_are_read_off_an_output_as_here(key: str) -> None:
    loss, output = loss_named(key), np.random.default_rng(2).normal(size=(20, loss_named(key).units))
    text = compose(plan_of("prices", key, metric="crps"))
    assert "quantiles = origin + unit * quantiles_of(output)" in text
    space: dict[str, Any] = {"np": np}
    exec(QUANTILES[loss.beside], space)
    here = quantiles_of(output, loss.beside)
    assert here is not None
    np.testing.assert_allclose(space["quantiles_of"](output), here, rtol=1e-12)


# The data


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return what runs a script but for its `main`, with nothing in place of Keras."""
    nothing = ModuleType("keras")
    nothing.utils = SimpleNamespace(PyDataset=object)  # type: ignore[attr-defined]  # all that a script's classes need
    nothing.ops = SimpleNamespace()  # type: ignore[attr-defined]  # as above
    monkeypatch.setitem(sys.modules, "keras", nothing)
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # as it is set by a script: put back when the test is over

    def loaded(text: str) -> ModuleType:
        (tmp_path / "script.py").write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("script", tmp_path / "script.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return loaded


@pytest.mark.parametrize("key", TASKS)
def test_every_task_is_drawn_and_split_as_here(run: Run, key: str) -> None:
    task = TASKS[key]
    text = compose(plan_of(key, "mse" if task.element == "regression" else "usual"))
    module = run(text)
    drawn = module.draw(3) if task not in SHIPPED else getattr(module, f"load_{key}")(return_X_y=True)
    for mine, theirs in zip(drawn, task.draw(3), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    prepared = PROTOCOLS["fair"].prepare(task, 3).splits
    for rows, part in zip(module.split(drawn[1], 3), prepared.values(), strict=True):
        np.testing.assert_array_equal(drawn[1][rows], part.target)


def messy(path: Path, rows: int = 240) -> Path:
    """Write a table with decimal commas, thousands, units, days, names, booleans, gaps and odd cells, in UTF-16."""
    stream, lines = np.random.default_rng(0), ["area;built;city;garden;price;owner;since;weight"]
    for number in range(rows):
        area, city = stream.uniform(20, 200), ("Rome", "Oslo", "Paris")[number % 7 % 3]
        price = 2000 * area + len(city) * 9000 + stream.normal() * 5000
        lines.append(
            ";".join(
                (
                    "n/a"
                    if number % 17 == 0
                    else f"{area:.2f}".replace(".", ",") + (" %" if number % 60 == 59 else " €"),
                    "" if number % 23 == 0 else f"{number % 28 + 1:02d}.{number % 12 + 1:02d}.{1950 + number % 60}",
                    "-" if number % 29 == 0 else city,
                    "" if number % 31 == 0 else ("yes", "No")[number % 3 == 0],
                    "?" if number % 41 == 0 else f"{price:,.2f}".translate(str.maketrans(",.", ".,")),
                    f"o{(number * 7) % 37}",
                    f"{2000 + number % 20}-{number % 12 + 1:02d}-{number % 28 + 1:02d}T10:{number % 60:02d}",
                    f"{number % 9 / 4:.2f}".replace(".", ","),
                )
            )
        )
    path.write_text("\n".join(lines), encoding="utf-16")
    return path


def arrays(path: Path) -> Path:
    """Write arrays of every type that a table can use."""
    stream = np.random.default_rng(1)
    x = stream.normal(size=(120, 3))
    x[3, 1] = np.nan
    np.savez(
        path,
        x=x,
        flag=stream.random(120) > 0.5,
        when=np.datetime64("2020-01-01T12:00") + np.arange(120).astype("timedelta64[h]"),
        word=stream.choice(["a", "b", "c"], 120),
        code=stream.choice([1, 2, 5], 120),
        written=np.array([f"{value:.3f}" for value in stream.random(120)]),
        y=x[:, 0] + stream.normal(size=120),
    )
    return path


def columns(path: Path) -> Path:
    """Write a Parquet file of numbers, days, words, text that stands for numbers, yes and no, with gaps."""
    import pyarrow as pa
    from pyarrow import parquet

    stream = np.random.default_rng(2)
    table = pa.table(
        {
            "a": stream.normal(size=90),
            "w": pa.array(stream.choice(["x", "y"], 90).tolist()).dictionary_encode(),
            "d": (np.datetime64("2020-01-01") + np.arange(90)).astype("datetime64[D]"),
            "t": [None if number % 9 == 0 else f"{number * 1.5}" for number in range(90)],
            "b": [None if number % 7 == 0 else bool(number % 2) for number in range(90)],
            "y": stream.normal(size=90),
        }
    )
    parquet.write_table(table, path)
    return path


def together(path: Path) -> Path:
    """Write a table with columns to predict together: numbers in two notations, labels, one-hot classes."""
    stream, lines = np.random.default_rng(3), ["a;city;owner;y1;y2;l1;l2;o1;o2;o3"]
    for number in range(120):
        a, k = stream.normal(size=2), number % 3
        first = "" if number % 40 == 7 else f"{a[0]:.3f}"
        second = f"{1000 + 300 * a[0] + 50 * stream.normal():,.1f} €".translate(str.maketrans(",.", ".,"))
        labels = f"{int(a[1] > 0)};{'yes' if a[0] + stream.normal() > 0 else 'no'}"
        one_hot = ";".join(str(int(k == place)) for place in range(3))
        city, owner = ("Rome", "Oslo")[number % 2], f"o{number % 17}"
        lines.append(f"{a[0] + stream.normal():.3f};{city};{owner};{first};{second};{labels};{one_hot}")
    path.write_text("\n".join(lines))
    return path


PLAIN_TABLE = "\n".join(f"{number};x{number % 4};{number * 1.5};{number % 3}" for number in range(60))

TABLES: dict[str, tuple[Any, dict[str, Any]]] = {
    "groups": (messy, {"target": "price", "group": "owner", "drop": ("since",)}),
    "time": (messy, {"target": "price", "time": "since"}),
    "yes or no": (messy, {"target": "garden"}),
    "names": (messy, {"target": "city"}),
    "numbers as names": (messy, {"target": "price", "categorical": ("built",)}),
    "arrays": (arrays, {"target": "y"}),
    "arrays by group": (arrays, {"target": "y", "group": "written"}),
    "arrays that weigh": (arrays, {"target": "y", "group": "written", "sample_weight": "code"}),
    "weights in time": (messy, {"target": "garden", "time": "since", "sample_weight": "weight"}),
    "arrays with codes": (arrays, {"target": "y", "categorical": ("code",), "drop": ("word",)}),
    "arrays in time": (arrays, {"target": "code", "time": "when", "kind": "multiclass"}),
    "flag": (arrays, {"target": "flag"}),
    "columns": (columns, {"target": "y"}),
    "words in columns": (columns, {"target": "w"}),
    "outputs": (together, {"target": "y1,y2", "group": "owner"}),
    "labels": (together, {"target": "l1,l2"}),
    "one-hot": (together, {"target": "o1,o2,o3"}),
}


def suffix(write: Any) -> str:
    return {messy: ".csv", together: ".csv", arrays: ".npz", columns: ".parquet"}[write]


def data_of(path: Path, **asked: Any) -> Data:
    return describe(AskedOfFile(path=str(path), **asked), shelf())[0]


def script_of_table(data: Data) -> str:
    losses = {"binary": "hinge", "multilabel": "hinge", "multiclass": "focal"}
    return compose(plan_of(data, losses.get(data.kind, "mse")))


def untold(text: str, file: str) -> bool:
    """Return whether a script says nothing of where it is from; the path of its table is the user's."""
    return "lossterm" not in text.replace(file, "").casefold()


def hold_table(run: Run, data: Data) -> ModuleType:
    """Hold what a script reads and how it prepares it to what is trained on here."""
    text = script_of_table(data)
    assert untold(text, data.asked.path)
    module, table = run(text), load(data, shelf())
    x, y, *rest = module.load()
    np.testing.assert_array_equal(y, table.target)
    if table.groups is not None:
        mine, theirs = (np.unique(one, return_inverse=True)[1] for one in (rest[0], table.groups))
        np.testing.assert_array_equal(mine, theirs)
    if table.weights is not None:
        np.testing.assert_array_equal(rest[-1], table.weights)
    rows = np.arange(0, len(y), 2)
    mine = module.preprocessing().fit(x[rows]).transform(x)
    theirs = pipeline(table.columns).fit(table.features[rows]).transform(table.features)
    assert mine.shape[1] == data.features
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-6)
    return module


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_and_prepared_as_here(run: Run, home: Path, name: str) -> None:
    write, asked = TABLES[name]
    hold_table(run, data_of(write(home / f"table{suffix(write)}"), **asked))


@pytest.mark.parametrize(
    ("head", "asked"),
    [
        ("", {"target": "column_3"}),
        ("a;b;y;k", {"target": "y", "delimiter": ";"}),
        (" a ;;y;k", {"target": "k"}),
        ("a;b;y;y z", {"target": "y z", "kind": "multiclass"}),
        ("a;b;a;a", {"target": "a_2"}),
        ("a;;b;\n;;mean;sd\nid;what;;", {"target": "b_mean"}),
    ],
    ids=["no names", "names", "a name left out", "classes", "one name again", "names in three rows"],
)
def test_names_are_those_of_the_file(run: Run, home: Path, head: str, asked: dict[str, Any]) -> None:
    file = home / "table.csv"
    file.write_text(f"{head}\n{PLAIN_TABLE}\n" if head else PLAIN_TABLE)
    hold_table(run, data_of(file, **asked))


def test_rare_levels_and_cells_with_an_underscore_are_read_as_here(run: Run, home: Path) -> None:
    file = home / "table.csv"
    rows = [f"{number},c{min(number % 100, number // 4)},{number * 1.5}" for number in range(400)]
    rows[7] = "1_000,c1,3"
    file.write_text("\n".join(["a,c,y", *rows]))
    module = hold_table(run, data_of(file, target="y"))
    assert module.LEVELS["c"][-1] == "other"
    assert {"1_000"} == module.IGNORED


def test_dates_that_stand_for_a_missing_value_are_read_as_here(run: Run, home: Path) -> None:
    for written in ("{1}.03.20{0}", "20{0}-03-{1}"):
        never = written.replace("03", "01").replace("20{0}", "1900").format(0, "01")
        cells = [never if n % 7 == 0 else written.format(10 + n % 9, 10 + n % 15) for n in range(90)]
        file = home / "table.csv"
        file.write_text("\n".join(["day,x,y", *(f"{cell},{n % 8},{n * 1.5}" for n, cell in enumerate(cells))]))
        hold_table(run, data_of(file, target="y", missing=("1900-01-01",)))
    days = np.array(cells, "datetime64[us]")
    x, y = np.arange(90) % 8, np.arange(90) * 1.5
    np.savez(home / "table.npz", day=days, x=x, y=y)
    parquet.write_table(pa.table({"day": days, "x": x, "y": y}), home / "table.parquet")
    for name in ("table.npz", "table.parquet"):
        hold_table(run, data_of(home / name, target="y", missing=("1900-01-01", "3")))


def test_numbers_in_any_notation_are_read_as_here(run: Run, home: Path) -> None:
    written: dict[str, Callable[[int], str]] = {
        "price": lambda n: f'"${1_000_000 + n * 7919:,}"',
        "weight": lambda n: f"{60 + n % 40} kg",
        "profit": lambda n: f"({n / 4})" if n % 3 else f"{n / 4}",
        "followers": lambda n: f"{n + 1}k" if n % 5 else f"{n / 8:.3f}M",
        "swiss": lambda n: f"{n + 1}'{n + 100}" if n % 11 else "-",
        "took": lambda n: f"{n % 7}:{n % 60:02d}:{n * 7 % 60:02d}",
        "spent": lambda n: f"{n % 5 + 1}h {n % 60}min" if n % 3 else f"{n}s",
        "booked": lambda n: f"{n}.50-" if n % 2 else f"{n}.25",
        "euros": lambda n: f'"{n + 1}.{n + 100},5 €"' if n % 3 else f'"{n},25 €"',
        "narrow": lambda n: f"{n + 1}\u202f{n + 100} €",
        "height": lambda n: "-999" if n % 6 == 0 else f"{150 + n % 50}",
        "state": lambda n: ("on", "off", "gone")[n % 3],
    }
    rows = [",".join(cell(number) for cell in written.values()) for number in range(120)]
    file = home / "table.csv"
    file.write_text("\n".join([",".join(written), *rows]) + "\n")
    for target in ("price", "weight", "took", "swiss", "height", "spent"):
        data = data_of(file, target=target, missing=("-999", "gone"))
        assert data.kind == "regression"
        assert data.rows == (100 if target == "height" else 109 if target == "swiss" else 120)
        hold_table(run, data)


def test_codes_of_missing_values_in_arrays_are_read_as_here(run: Run, home: Path) -> None:
    stream = np.random.default_rng(0)
    x = np.where(stream.random((60, 3)) < 0.2, -999, stream.normal(size=(60, 3)))
    np.savez(home / "table.npz", x=x, word=stream.choice(["a", "none at all", "c"], 60), y=stream.normal(size=60))
    data = data_of(home / "table.npz", target="y", missing=("-999", "none at all"))
    module = hold_table(run, data)
    assert module.CODES == [-999.0]


def test_codes_of_one_column_are_read_as_here(run: Run, home: Path) -> None:
    n = np.arange(120)
    day = np.array("2020-01-01", "datetime64[us]") + (n % 9).astype("timedelta64[D]")
    frame = pa.table({"temp": n % 17 - 8.0, "word": np.array(["a", "b", "c"])[n % 3], "day": day, "y": n % 4 - 1})
    parquet.write_table(frame, home / "table.parquet")
    np.savez(home / "table.npz", **{name: frame[name].to_numpy() for name in ("temp", "day", "y")})
    written = ("\n".join(f"{row['temp']},{row['word']},{row['day']:%Y-%m-%d},{row['y']}" for row in frame.to_pylist()),)
    (home / "table.csv").write_text("\n".join(["temp,word,day,y", *written]))
    for name in ("table.csv", "table.parquet", "table.npz"):
        codes = ("y=-1", "day=2020-01-02", "7", *(("word=b",) if name != "table.npz" else ()))
        data = data_of(home / name, target="y", missing=codes)
        assert data.classes == ("0", "1", "2")
        module = hold_table(run, data)
        assert {*module.CODES_OF} == {"y", "day", "word"} - ({"word"} if name == "table.npz" else set())


def test_feather_json_lines_and_compressed_text_are_read_as_here(run: Run, home: Path) -> None:
    import gzip
    import json

    from pyarrow import feather, parquet

    frame = parquet.read_table(columns(home / "table.parquet"))
    feather.write_feather(frame, home / "table.feather")
    rows = [{**row, "d": str(row["d"])} for row in frame.to_pylist()]
    (home / "table.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (home / "table.csv.gz").write_bytes(gzip.compress(messy(home / "table.csv").read_bytes()))
    for name, target in (("table.feather", "y"), ("table.jsonl", "w"), ("table.csv.gz", "price")):
        hold_table(run, data_of(home / name, target=target))


def shaped() -> dict[str, dict[str, np.ndarray]]:
    """Return arrays with every kind of target, as a file may hold it."""
    stream = np.random.default_rng(0)
    images, sequences = stream.normal(size=(60, 8, 8, 3)), stream.normal(size=(60, 12, 2)).astype(np.float32)
    classes, masks = np.arange(60) % 3, stream.integers(0, 3, (60, 8, 8))
    labels = (stream.random((60, 4)) < 0.4).astype(int)
    halves = {"x_train": images[:40], "y_train": classes[:40], "x_test": images[40:], "y_test": classes[40:]}
    return {
        "classes": {"X": images, "y": classes},
        "grey, names": {"X": images[..., 0], "y": np.array(["cat", "Dog", "ant"])[classes]},
        "classes as text of digits": {"X": images, "y": classes.astype(str)},
        "numbers as classes": {"X": images, "y": 2.0 * (classes > 0) + 1},
        "one-hot": {"X": images, "y": np.eye(3)[classes]},
        "masks": {"X": images, "y": masks},
        "masks of two values": {"X": images, "y": 255 * (masks > 1)[..., None]},
        "masks, one-hot": {"X": images, "y": np.eye(3)[masks]},
        "labels": {"X": sequences, "y": labels},
        "outputs": {"X": sequences[:, 0], "y": stream.normal(size=(60, 2))},
        "numbers": {"X": sequences, "y": stream.normal(size=(60, 1, 1))},
        "a split": halves,
        "rows that weigh": {"X": images, "y": classes, "w": np.arange(60)[:, None] % 4},
        "a split that weighs": {**halves, "w_train": np.arange(40) % 4},
        "a name that is code": {"X{1 + 1}": images, "y": classes},
    }


LOSS_OF_SHAPED = {"binary": "hinge", "multilabel": "hinge", "multiclass": "focal", "segmentation": "dice"}


@pytest.mark.parametrize("name", list(shaped()))
def test_arrays_with_shapes_are_read_and_split_as_here(run: Run, home: Path, name: str) -> None:
    np.savez(home / "arrays.npz", **shaped()[name])  # type: ignore[arg-type]  # NumPy takes arrays by any name
    (home / "folder").mkdir()
    for key, array in shaped()[name].items():
        np.save(home / "folder" / f"{key}.npy", array)
    for path in (home / "arrays.npz", home / "folder"):
        data = data_of(path, target="y", sample_weight=next((key for key in shaped()[name] if key[0] == "w"), None))
        plan = plan_of(data, LOSS_OF_SHAPED.get(data.kind, "mse"))
        text = compose(plan)
        assert untold(text, data.asked.path)
        module, table = run(text), load(data, shelf())
        x, y, *weights = module.load()
        np.testing.assert_array_equal(x, table.features)
        np.testing.assert_array_equal(y, table.target)
        assert len(weights) == (table.weights is not None)
        for mine in weights:
            np.testing.assert_array_equal(mine, table.weights)
        prepared = PROTOCOLS["fair"].prepare(plan.task, 3).splits
        for rows, part in zip(module.split(y, 3), prepared.values(), strict=True):
            np.testing.assert_array_equal(y[rows], part.target)


def test_arrays_that_a_script_cannot_read_as_here_are_refused(home: Path) -> None:
    images = np.random.default_rng(0).normal(size=(60, 8, 8, 3))
    np.savez(home / "arrays.npz", X=images, y=np.array([f"{number / 7:.3f}" for number in range(60)]))
    with pytest.raises(DataError, match="scripts read targets of numbers as numbers, and y is <U5"):
        compose(plan_of(data_of(home / "arrays.npz", target="y"), "mse"))
    np.savez(home / "arrays.npz", X=images, y=np.arange(60) % 3)
    plan = plan_of(data_of(home / "arrays.npz", target="y"), "focal")
    np.savez(home / "arrays.npz", X=images + 1, y=np.arange(60) % 3)
    with pytest.raises(DataError, match="was changed since it was trained on"):
        compose(plan)


@pytest.mark.parametrize("rule", ["5:drop", "5:join"])
def test_rare_classes_are_dropped_or_joined_as_here(run: Run, home: Path, rule: str) -> None:
    file = home / "table.csv"
    rows = [f"{number},{number % 7 / 3},{'rare' if number % 40 == 7 else 'ABZ'[number % 3]}" for number in range(120)]
    rows += [f"{number},1.5,few" for number in range(3)]
    numbers = [row.translate(str.maketrans("ABZ", "012")).replace("rare", "3").replace("few", "4") for row in rows]
    for content in (rows, numbers):
        file.write_text("\n".join(["x,z,c", *content]) + "\n")
        data = data_of(file, target="c", min_class=rule)
        assert (data.rows, len(data.classes)) == ((117, 3) if rule == "5:drop" else (123, 4))
        hold_table(run, data)


ODD = ("New York", "New\u00a0York", "new\u200byork", "\u202ekroY", "two\nlines", 'a"b\\', "x\u00ad")
"""Names that look alike, or are not shown as they are."""


def odd(path: Path, words: tuple[str, ...] = ODD, head: str = "ci\u200bty") -> Path:
    """Write a table of such names as features and classes, and in the name of a column."""
    import pyarrow
    from pyarrow import parquet

    city, label = ([words[n * step % len(words)] for n in range(140)] for step in (1, 3))
    number = [n / 7 for n in range(140)]
    if path.suffix == ".npz":
        arrays: dict[str, Any] = {head: np.array(city), "x": np.array(number), "y": np.array(label)}
        np.savez(path, **arrays)
    elif path.suffix == ".parquet":
        parquet.write_table(pyarrow.table({head: city, "x": number, "y": label}), path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([(head, "x", "y"), *zip(city, number, label, strict=True)])
    return path


def test_names_that_look_alike_or_are_invisible_are_the_same_classes_in_a_script(run: Run, home: Path) -> None:
    for suffix in (".csv", ".npz", ".parquet"):
        file = odd(home / f"odd{suffix}")
        data = data_of(file, target="y")
        assert set(data.classes) == set(ODD)
        module = hold_table(run, data)
        assert set(module.CLASSES) == set(ODD)
        assert set(module.LEVELS["ci\ufffdty"]) == set(ODD)
        text = script_of_table(data)
        assert not {"\u00a0", "\u200b", "\u202e", "\u00ad"} & set(text)
        shown = as_json({"data": data})
        assert not {"\u00a0", "\u200b", "\u202e", "\u00ad"} & set(shown)
        assert set(msgspec.json.decode(shown)["data"]["classes"]) == set(ODD)


def test_a_script_stops_at_a_class_or_a_level_that_it_does_not_know(run: Run, home: Path) -> None:
    file = odd(home / "odd.csv")
    text = script_of_table(data_of(file, target="y"))
    odd(file, (*ODD[:-1], "x\u200c"))
    with pytest.raises(SystemExit, match=r"odd\.csv holds 'x\\u200c', unknown in the training: .* were there"):
        run(text).load()


def test_days_in_any_form_are_read_as_here(run: Run, home: Path) -> None:
    forms = (
        "{y}-{m:02}-{d:02}",
        "{y}-{m:02}",
        "{d}.{m}.{y}",
        "{d:02}/{m:02}/{y}",
        "{d} Mar {y}",
        "{y}/{m:02}/{d:02} 10:30",
    )
    head = ",".join(f"d{number}" for number in range(len(forms)))
    rows = [
        ",".join([*(form.format(y=2000 + n % 9, m=n % 12 + 1, d=n % 28 + 1) for form in forms), str(n * 1.5)])
        for n in range(60)
    ]
    file = home / "table.csv"
    file.write_text("\n".join([f"{head},y", *rows]))
    data = data_of(file, target="y")
    table = load(data, shelf())
    assert len(table.columns) == len(forms)
    hold_table(run, data)


def test_a_table_that_was_changed_is_refused(home: Path) -> None:
    file = messy(home / "table.csv")
    data = data_of(file, target="price")
    plan = plan_of(data, "mse")
    file.write_text("a,y\n1,2\n")
    with pytest.raises(DataError, match=r"table\.csv was changed since it was trained on"):
        compose(plan)


# What is chosen


def test_nothing_trained_is_told(store: Store) -> None:
    store.requests.ask("s", Comparison.ask("circles", ("hinge",), seeds=1, epochs=1))
    with pytest.raises(UsageError, match="No trial of the session 's' has a score yet"):
        script_of(chosen(gather(store, "s")))


def test_settings_that_somebody_wrote_into_a_store_do_not_become_code(store: Store) -> None:
    evil = Comparison.ask("circles", ("hinge",), seeds=1, learning_rates=(0.01,), epochs=1)
    settings = msgspec.structs.replace(evil.hyperparameters, activation='relu", kernel_initializer=print("ran") or "')
    store.requests.ask("s", msgspec.structs.replace(evil, hyperparameters=settings))
    while row := store.worker.claim("auto"):
        store.worker.finish(row.id, "done", scores={"accuracy": {"train": 0.5, "validation": 0.5, "test": 0.5}})
    with pytest.raises(DataError, match="The store holds a setting that lossterm never wrote: There is no activation"):
        script_of(chosen(gather(store, "s")))


def test_the_best_loss_at_the_rate_it_is_judged_at_and_the_seeds_that_have_a_score_are_written(store: Store) -> None:
    store.requests.ask(
        "s", Comparison.ask("circles", ("hinge", "binary_focal"), seeds=3, learning_rates=(0.01, 0.03), epochs=1)
    )
    while row := store.worker.claim("auto"):
        best = row.trial.loss == "binary_focal" and row.trial.learning_rate == 0.03
        value = 0.9 if best else 0.8
        test = None if best and row.trial.seed == 1 else value
        store.worker.finish(row.id, "done", scores={"accuracy": {"train": value, "validation": value, "test": test}})
    text = script_of(chosen(gather(store, "s")))
    assert "def focal(y, z, *, gamma):" in text
    assert "\nLEARNING_RATE = 0.03\n" in text
    assert "\nSEEDS = [0, 2]\n" in text
    assert "It was 0.9" in text
    other = script_of(chosen(gather(store, "s", losses=("hinge",))))
    assert "keras.losses.Hinge()" in other
    assert "\nLEARNING_RATE = 0.01\n" in other


# Run

RUNS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "circles": ("circles", "hinge", {"epochs": 20}),
    "regression": ("regression", "huber", {"epochs": 8}),
    "log1p": ("prices", "log1p_mse", {"epochs": 8}),
    "robust": ("diabetes", "huber", {"epochs": 8, "scaling": "robust"}),
    "robust log1p": ("prices", "log1p_mse", {"epochs": 8, "scaling": "robust"}),
    "robust mean": ("prices", "poisson", {"epochs": 8, "scaling": "robust"}),
    "blobs": ("blobs", "categorical_crossentropy", {"epochs": 8, "metric": "log_loss"}),
    "tutorial": ("regression", "msle", {"epochs": 4, "protocol": "tutorial"}),
}

ALONE = "circles"
"""The run whose script gets a Python of its own; the others find Keras imported."""

ALL: dict[str, Any] = {
    **{"hidden": (8,), "activation": "gelu", "dropout": 0.1, "batch_norm": True, "l2": 1e-3, "optimizer": "adamw"},
    **{"schedule": "cosine", "early_stopping": 2, "class_weight": "balanced", "epochs": 4},
    "metric": "roc_auc",
}


RunScript = Callable[[Path], "subprocess.CompletedProcess[str]"]


def run_alone(script: Path) -> "subprocess.CompletedProcess[str]":
    """Run a script as a person does who has nothing but Python and what the script imports."""
    return subprocess.run(
        [sys.executable, "-I", str(script)], capture_output=True, text=True, check=False, cwd=script.parent
    )


def hold_run(train_all: Train, run_script: RunScript, comparison: Comparison, home: Path) -> str:
    """Train a comparison, run its script in a process of its own, and hold the scores to each other; return it."""
    with Store() as store:
        train_all(store, comparison)
        what = chosen(gather(store, "s"))
    text = script_of(what)
    assert untold(text, comparison.data.asked.path if comparison.data else "")
    (home / "script.py").write_text(text, encoding="utf-8")
    done = run_script(home / "script.py")
    assert done.returncode == 0, done.stderr[-2000:]
    *seeds, last = done.stdout.splitlines()
    scores = {int(seed): float(score) for seed, score in (re.findall(r"seed (\d+): (.+)", line)[0] for line in seeds)}
    assert scores == pytest.approx(what.scores, rel=1e-3)
    mean = float(last.rpartition(": ")[2])
    assert what.standing.ci is not None
    low, high = what.standing.ci
    printed = 1e-5 * abs(mean)  # six digits of it
    assert low - printed <= mean <= high + printed
    assert mean == pytest.approx(what.standing.mean, rel=1e-3)
    return text


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", cases({name: name for name in RUNS}, (ALONE, "tutorial")))
def test_a_script_prints_the_scores_that_were_found_here(
    train_all: Train, fork_server: ForkServer, home: Path, name: str
) -> None:
    task, loss, asked = RUNS[name]
    wanted = {"seeds": 2, "learning_rates": (0.01,), "device": "cpu", **asked}
    run_script = run_alone if name == ALONE else fork_server.run
    hold_run(train_all, run_script, Comparison.ask(task, (loss,), **wanted), home)


@pytest.mark.tensorflow
def test_a_script_of_several_targets_prints_the_scores_that_were_found_here(
    train_all: Train, fork_server: ForkServer, home: Path
) -> None:
    data = data_of(together(home / "table.csv"), target="y1,y2", group="owner")
    comparison = Comparison.ask(data, ("mse",), learning_rates=(0.01,), seeds=2, epochs=4, device="cpu")
    hold_run(train_all, fork_server.run, comparison, home)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("loss", "asked", "settings"),
    cases(
        {
            "groups": (
                *("huber", {"target": "price", "group": "owner"}),
                {"early_stopping": 3, "optimizer": "adam", "epochs": 6},
            ),
            "time, weighed": (
                *("hinge", {"target": "garden", "time": "since", "sample_weight": "weight"}),
                {"epochs": 4},
            ),
            "time, all settings": ("hinge", {"target": "garden", "time": "since"}, ALL),
        },
        {"time, weighed"},
    ),
)
def test_a_script_on_a_table_prints_the_scores_that_were_found_here(
    train_all: Train, fork_server: ForkServer, home: Path, loss: str, asked: dict[str, Any], settings: dict[str, Any]
) -> None:
    data = data_of(messy(home / "table.csv"), **asked)
    comparison = Comparison.ask(data, (loss,), learning_rates=(0.01,), seeds=2, device="cpu", **settings)
    hold_run(train_all, fork_server.run, comparison, home)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", cases({name: name for name in ("masks", "labels", "a split")}, {"a split"}))
def test_a_script_on_arrays_prints_the_scores_that_were_found_here(
    train_all: Train, fork_server: ForkServer, home: Path, name: str
) -> None:
    np.savez(home / "arrays.npz", **shaped()[name])  # type: ignore[arg-type]  # NumPy takes arrays by any name
    data = data_of(home / "arrays.npz", target="y")
    loss = LOSS_OF_SHAPED[data.kind]
    comparison = Comparison.ask(data, (loss,), learning_rates=(0.01,), seeds=2, epochs=3, device="cpu")
    hold_run(train_all, fork_server.run, comparison, home)


OWN = """
import keras
from beside import WIDE

def build(features, outputs):
    layers = [keras.layers.Dense(WIDE, "tanh"), keras.layers.Dropout(0.1), keras.layers.Dense(outputs)]
    return keras.Sequential(layers)

def loss(y_true, y_pred, power=2):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** power, axis=-1)
"""


@pytest.mark.tensorflow
def test_a_custom_loss_and_network_are_copied_in(train_all: Train, fork_server: ForkServer, home: Path) -> None:
    (home / "beside.py").write_text("WIDE = 7\nOTHER = 8\n")
    file = home / "mine.py"
    file.write_text(OWN)
    comparison = Comparison.ask(
        "regression",
        (),
        own=[f"{file}:loss:power=1.5"],
        model=f"{file}:build",
        learning_rates=(0.01,),
        seeds=2,
        epochs=4,
        device="cpu",
    )
    text = hold_run(train_all, fork_server.run, comparison, home)
    assert "OTHER" not in text
    assert "beside" not in text
