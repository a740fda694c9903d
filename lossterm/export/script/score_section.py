"""The score: predictions for the test rows from the network's output, and their metric."""

from lossterm.export.script.plan import Plan
from lossterm.export.script.script_text import Script
from lossterm.losses import Loss
from lossterm.metrics import Metric

SIGMOID = '''
def probabilities(output):
    """Return the probability of each of two classes from the logit of the second."""
    return np.stack([np.exp(-np.logaddexp(0, output)), np.exp(-np.logaddexp(0, -output))], axis=1)
'''
SOFTMAX = '''
def probabilities(output):
    """Return the probability of each class from their logits."""
    raised = np.exp(output - output.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
'''

_AREA = '''
def area(positive, score):
    """Return the area under the ROC curve: P(score of a positive > score of a negative), ties counted half."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    midrank = np.cumsum(count) - (count - 1) / 2
    positives, negatives = np.sum(positive), np.sum(~positive)
    return (np.sum(midrank[place][positive]) - positives * (positives + 1) / 2) / (positives * negatives)
'''
_F1 = '''
def macro_f1(y, prediction):
    """Return the mean over classes of 2·TP / (2·TP + FP + FN)."""

    def f1(k):
        return 2 * np.sum((y == k) & (prediction == k)) / (np.sum(y == k) + np.sum(prediction == k))

    return np.mean([f1(k) for k in np.union1d(y, prediction)])
'''
_ECE = '''
def ece(y, prediction, probability):
    """Return the expected calibration error over 10 bins of equal mass."""
    confidence, right = probability.max(axis=1), y == prediction
    bins = [rows for rows in np.array_split(np.argsort(confidence, kind="stable"), 10) if len(rows)]
    return sum(len(rows) * abs(confidence[rows].mean() - right[rows].mean()) for rows in bins) / len(y)
'''
_D2 = '''
def {name}(y, prediction):
    """Return the share of the deviance of the mean that the predictions explain."""

    def deviance(f):
        return np.mean({deviance})

    return 1 - deviance(np.maximum(prediction, np.finfo(np.float32).eps)) / deviance(np.mean(y))
'''

METRICS: dict[str, tuple[str, str]] = {
    "mae": ("np.mean(np.abs(y[test] - prediction))", ""),
    "mse": ("np.mean((y[test] - prediction) ** 2)", ""),
    "rmse": ("np.sqrt(np.mean((y[test] - prediction) ** 2))", ""),
    "r2": ("1 - np.mean((y[test] - prediction) ** 2) / np.var(y[test])", ""),
    "median_ae": ("np.median(np.abs(y[test] - prediction))", ""),
    "rmsle": ("np.sqrt(np.mean((np.log1p(np.maximum(prediction, 0)) - np.log1p(y[test])) ** 2))", ""),
    "d2_poisson": (
        "d2_poisson(y[test], prediction)",
        _D2.format(name="d2_poisson", deviance="y * np.log(np.where(y > 0, y / f, 1)) - y + f"),
    ),
    "d2_tweedie": (
        "d2_tweedie(y[test], prediction)",
        _D2.format(name="d2_tweedie", deviance="4 * (np.sqrt(f) - np.sqrt(y)) ** 2 / np.sqrt(f)"),
    ),
    "accuracy": ("np.mean(y[test] == prediction)", ""),
    "balanced_accuracy": ("np.mean([np.mean(prediction[y[test] == k] == k) for k in np.unique(y[test])])", ""),
    "macro_f1": ("macro_f1(y[test], prediction)", _F1),
    "roc_auc": ("area(y[test] == 1, output)", _AREA),
    "log_loss": (
        "-np.mean(np.log(np.clip(probability[np.arange(len(test)), y[test]], np.finfo(np.float32).eps, 1)))",
        "",
    ),
    "brier": ("np.mean(np.sum((probability - np.eye({classes})[y[test]]) ** 2, axis=1)){half}", ""),
    "ece": ("ece(y[test], prediction, probability)", _ECE),
    "keras2_accuracy": ("np.mean(2 * y[test] - 1 == np.round(output))", ""),
    "keras3_accuracy": ("np.mean(2 * y[test] - 1 == (output > 0.5))", ""),
}
"""Metric → its expression for the test rows, and the function that it calls, if any."""

PINBALL = "np.mean(np.maximum({level} * (y[test] - prediction), ({level} - 1) * (y[test] - prediction)))"
MISCOVERAGE = "abs(np.mean(y[test] <= prediction) - {level})"


def expression(metric: Metric, loss: Loss, classes: int | None) -> tuple[str, str]:
    """Return a metric's expression, and the function that it calls, "" for none."""
    if metric.level is not None:
        form = PINBALL if metric.key.startswith("pinball") else MISCOVERAGE
        return form.format(level=f"{metric.level:g}"), ""
    if metric.key == "roc_auc" and loss.by_class:
        score = "probability" if loss.probabilistic else "output"
        return f"np.mean([area(y[test] == k, {score}[:, k]) for k in range({classes})])", _AREA
    text, function = METRICS[metric.key]
    if metric.key == "brier":
        text = text.format(classes=classes, half=" / 2" if classes == 2 else "")
    return text, function


def add_score(script: Script, plan: Plan) -> list[str]:
    """Add what the score needs, and return the lines, unindented, that compute it from `model`."""
    loss = plan.loss
    formula, function = expression(plan.metric, loss, plan.task.classes)
    column = "" if loss.by_class else "[:, 0]"
    lines = [f"output = model.predict(x[test], batch_size=4096, verbose=0){column}.astype(float)"]
    used = formula + function
    if "probability" in formula:
        script.add("Score", SIGMOID if loss.reading == "logit" else SOFTMAX)
        lines.append("probability = probabilities(output)")
    if function:
        script.add("Score", function)
    if "prediction" in used:
        lines += _prediction(plan)
    return [*lines, f"return {formula}"]


def _prediction(plan: Plan) -> list[str]:
    loss = plan.loss
    if plan.task.kind != "regression":
        return ["prediction = output.argmax(axis=1)" if loss.by_class else "prediction = (output > 0).astype(int)"]
    value = "np.exp(output)" if loss.link == "log" else "output"
    if plan.scaled:
        value = f"unit * {value}" if loss.scale == "mean" else f"origin + unit * {value}"
        value = f"np.expm1({value})" if loss.scale == "log1p" else value
    return [f"prediction = {value}"]
