"""The score: predictions for the test rows from the network's output, and their metric."""

from lossterm.export.script.plan import Plan
from lossterm.export.script.script_text import Script
from lossterm.losses import Loss
from lossterm.losses.loss import RANKED
from lossterm.metrics import Metric

SIGMOID = '''
def probabilities(output):
    """Return the probability of each of two classes from the logit of the second."""
    return np.stack([np.exp(-np.logaddexp(0, output)), np.exp(-np.logaddexp(0, -output))], axis=-1)
'''
SOFTMAX = '''
def probabilities(output):
    """Return the probability of each class from their logits."""
    raised = np.exp(output - output.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)
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
    """Return the debiased calibration error over 10 bins of equal mass, equal confidences in one bin."""
    confidence, right = probability.max(axis=1), y == prediction
    _, place, count = np.unique(confidence, return_inverse=True, return_counts=True)
    bins = (((np.cumsum(count) - count / 2) * 10 // len(y)).astype(int))[place]
    total = 0.0
    for number in np.unique(bins):
        rows = bins == number
        luck = np.sum(confidence[rows] * (1 - confidence[rows]))
        total += ((confidence[rows].sum() - right[rows].sum()) ** 2 - luck) / rows.sum()
    return np.sqrt(max(0, total / len(y)))
'''
_D2 = '''
def {name}(y, prediction):
    """Return the share of the deviance of the mean that the predictions explain."""

    def deviance(f):
        return np.mean({deviance})

    return 1 - deviance(np.maximum(prediction, np.finfo(np.float32).eps)) / deviance(np.mean(y))
'''

_STEPS = '''
def quantiles_of(output):
    """Return the quantiles, from the lowest up: softplus of the units after the first gives the steps between them."""
    half = output.shape[1] // 2
    steps = np.logaddexp(output[:, 1:], 0) / half
    above = output[:, :1] + np.cumsum(steps[:, :half], axis=1)
    below = output[:, :1] - np.cumsum(steps[:, half:], axis=1)
    return np.concatenate([below[:, ::-1], output[:, :1], above], axis=1)
'''
_FREE = '''
def quantiles_of(output):
    """Return the quantiles, those of the smallest share first: the units are the median, those above, those below."""
    half = output.shape[1] // 2
    return np.concatenate([output[:, : half : -1], output[:, : half + 1]], axis=1)
'''
_NORMAL = '''
def quantiles_of(output):
    """Return the deciles of a normal distribution with the variance that the second unit gives."""
    tail = [1.2815515655446004, 0.8416212335729143, 0.5244005127080407, 0.2533471031357997]
    deviates = np.array([*(-one for one in tail), 0, *reversed(tail)])
    return output[:, :1] + np.sqrt(np.logaddexp(output[:, 1:], 0) + 1e-6) * deviates
'''
QUANTILES = {"steps": _STEPS, "quantiles": _FREE, "variance": _NORMAL}
_CRPS = '''
def crps(y, quantiles):
    """Return 0.2 times the sum of the pinball losses of the deciles, on straight lines between the quantiles."""
    levels, count = np.arange(1, 10) / 10, quantiles.shape[1]
    deciles = np.stack([np.interp(levels, np.arange(1, count + 1) / (count + 1), row) for row in quantiles])
    short = y[:, None] - deciles
    return np.mean(0.2 * np.sum(np.maximum(levels * short, (levels - 1) * short), axis=1))
'''
_INTERVAL = '''
def miscoverage(y, quantiles):
    """Return how far the share of rows between the outermost quantiles is from what it should be."""
    count = quantiles.shape[1]
    inside = (quantiles[:, 0] <= y) & (y <= quantiles[:, -1])
    return abs(np.mean(inside) - (count - 1) / (count + 1))
'''

_CUMULATIVE = '''
def probabilities(output):
    """Return the probability of each rank from the logits of reaching it, each lower than the one before."""
    steps = np.logaddexp(output[:, 1:], 0)
    logits = output[:, :1] - np.concatenate([np.zeros((len(output), 1)), np.cumsum(steps, axis=1)], axis=1)
    reached = np.exp(-np.logaddexp(0, -logits))
    edge = np.ones((len(output), 1))
    return np.concatenate([edge, reached], axis=1) - np.concatenate([reached, 0 * edge], axis=1)
'''
_CONDITIONAL = '''
def probabilities(output):
    """Return the probability of each rank from the logits of reaching it from the one before."""
    reached = np.exp(-np.cumsum(np.logaddexp(0, -output), axis=1))
    edge = np.ones((len(output), 1))
    return np.concatenate([edge, reached], axis=1) - np.concatenate([reached, 0 * edge], axis=1)
'''
PROBABILITIES = {"logit": SIGMOID, "logits": SOFTMAX, "cumulative": _CUMULATIVE, "conditional": _CONDITIONAL}
"""How an output is read → the function that reads probabilities off it."""

_QWK = '''
def qwk(y, prediction):
    """Return 1 − the mean squared error in ranks over that of rows paired at random."""
    by_chance = np.var(y) + np.var(prediction) + (np.mean(y) - np.mean(prediction)) ** 2
    return 1 - np.mean((y - prediction) ** 2) / by_chance
'''
_LABEL_F1 = '''
def label_f1(y, prediction, axis):
    """Return 2·TP / (2·TP + FP + FN) of each label, or of all of them together."""
    hits = np.sum((y == 1) & (prediction == 1), axis=axis)
    return 2 * hits / np.maximum(np.sum(y == 1, axis=axis) + np.sum(prediction == 1, axis=axis), 1)
'''
_AP = '''
def average_precision(there, score):
    """Return Σ (R_n − R_(n−1))·P_n over the thresholds from the highest score down."""
    order = np.argsort(-score, kind="stable")
    there, score = there[order], score[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    hits = np.cumsum(there)[last]
    return np.sum(np.diff(np.concatenate([[0], hits])) * hits / (last + 1)) / hits[-1] if hits[-1] else np.nan
'''
_IOU = '''
def iou(true, predicted):
    """Return TP / (TP + FP + FN) over the pixels of all images."""
    either = np.sum(true | predicted)
    return np.sum(true & predicted) / either if either else np.nan
'''
_DICE = '''
def dice(true, predicted):
    """Return 2·TP / (2·TP + FP + FN) of each image, 1 where there is nothing."""
    both, total = np.sum(true & predicted, axis=(1, 2)), np.sum(true * 1 + predicted, axis=(1, 2))
    return np.where(total > 0, 2 * both / np.maximum(total, 1), 1.0)
'''
_BOUNDARY = '''
def boundary_f1(true, predicted):
    """Return F1 of the boundary pixels of each image that are within 1 pixel of the other's, 1 where there are none."""

    def boundary(mask):
        padded = np.pad(mask, ((0, 0), (1, 1), (1, 1)), mode="edge")
        inside = padded[:, :-2, 1:-1] & padded[:, 2:, 1:-1] & padded[:, 1:-1, :-2] & padded[:, 1:-1, 2:]
        return mask & ~inside

    def near(mask):
        padded, (height, width) = np.pad(mask, ((0, 0), (1, 1), (1, 1))), mask.shape[1:]
        return np.any([padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)

    true, predicted = boundary(true), boundary(predicted)
    there, drawn = np.sum(true, axis=(1, 2)), np.sum(predicted, axis=(1, 2))
    recall = np.sum(true & near(predicted), axis=(1, 2)) / np.maximum(there, 1)
    precision = np.sum(predicted & near(true), axis=(1, 2)) / np.maximum(drawn, 1)
    f1 = 2 * recall * precision / np.where(recall + precision > 0, recall + precision, 1)
    return np.where((there == 0) & (drawn == 0), 1.0, f1)
'''
_OF_OBJECTS = "[{name}(y[test] == k, prediction == k) for k in range(1, {{classes}})]"

METRICS: dict[str, tuple[str, str]] = {
    "mae": ("np.mean(np.abs(y[test] - prediction))", ""),
    "mse": ("np.mean((y[test] - prediction) ** 2)", ""),
    "rmse": ("np.sqrt(np.mean((y[test] - prediction) ** 2))", ""),
    "r2": ("np.mean(1 - np.mean((y[test] - prediction) ** 2, axis=0) / np.var(y[test], axis=0))", ""),
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
    "crps": ("crps(y[test], quantiles)", _CRPS),
    "miscoverage": ("miscoverage(y[test], quantiles)", _INTERVAL),
    "crossing_rate": ("np.mean(np.any(np.diff(quantiles, axis=1) < 0, axis=1))", ""),
    "accuracy": ("np.mean(y[test] == prediction)", ""),
    "balanced_accuracy": ("np.mean([np.mean(prediction[y[test] == k] == k) for k in np.unique(y[test])])", ""),
    "macro_f1": ("macro_f1(y[test], prediction)", _F1),
    "roc_auc": ("area(y[test] == 1, output)", _AREA),
    "log_loss": (
        "-np.mean(np.log(np.clip(np.take_along_axis(probability, y[test][..., None], -1), "
        "np.finfo(np.float32).eps, 1)))",
        "",
    ),
    "brier": ("np.mean(np.sum((probability - np.eye({classes})[y[test]]) ** 2, axis=-1)){half}", ""),
    "ece": ("ece(y[test], prediction, probability)", _ECE),
    "rank_mae": ("np.mean(np.abs(y[test] - prediction))", ""),
    "qwk": ("qwk(y[test], prediction)", _QWK),
    "label_macro_ap": (
        "np.nanmean([average_precision(y[test][:, k], output[:, k]) for k in range(y.shape[1])])",
        _AP,
    ),
    "label_micro_ap": ("average_precision(y[test].ravel(), output.ravel())", _AP),
    "label_macro_f1": ("np.mean(label_f1(y[test], prediction, 0))", _LABEL_F1),
    "label_micro_f1": ("label_f1(y[test], prediction, None)", _LABEL_F1),
    "hamming": ("np.mean(y[test] != prediction)", ""),
    "iou": (f"np.nanmean({_OF_OBJECTS.format(name='iou')})", _IOU),
    "dice": (f"np.mean({_OF_OBJECTS.format(name='dice')})", _DICE),
    "boundary_f1": (f"np.mean({_OF_OBJECTS.format(name='boundary_f1')})", _BOUNDARY),
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
    if metric.key == "roc_auc" and (loss.by_class or loss.reading in RANKED):
        score = "probability" if loss.probabilistic else "output"
        return f"np.mean([area(y[test] == k, {score}[:, k]) for k in range({classes})])", _AREA
    text, function = METRICS[metric.key]
    if metric.kinds == ("segmentation",):
        text = text.format(classes=classes)
    if metric.key == "brier":
        text = text.format(classes=classes, half=" / 2" if classes == 2 else "")
    return text, function


def add_score(script: Script, plan: Plan) -> list[str]:
    """Add what the score needs, and return the lines, unindented, that compute it from `model`."""
    loss = plan.loss
    formula, function = expression(plan.metric, loss, plan.task.classes)
    output = "model.predict(x[test], batch_size=4096, verbose=0)"
    if not (loss.by_class or loss.reading in RANKED or plan.metric.needs == "quantiles"):
        output = plan.column(output)
    lines = [f"output = {output}.astype(float)"]
    used = formula + function
    if "probability" in formula or loss.reading in RANKED:
        script.add("Score", PROBABILITIES[loss.reading])
        lines.append("probability = probabilities(output)")
    if plan.metric.needs == "quantiles":
        script.add("Score", QUANTILES[loss.beside])
        lines.append(f"quantiles = {_in_units(plan, 'quantiles_of(output)')}")
    if function:
        script.add("Score", function)
    if "prediction" in used:
        lines += _prediction(plan)
    return [*lines, f"return {formula}"]


def _prediction(plan: Plan) -> list[str]:
    loss = plan.loss
    if loss.reading in RANKED:
        return ["prediction = (np.cumsum(probability, axis=1)[:, :-1] < 0.5).sum(axis=1)"]
    if plan.task.element != "regression":
        return ["prediction = output.argmax(axis=-1)" if loss.by_class else "prediction = (output > 0).astype(int)"]
    value = {"log": "np.exp(output)", "logit": "np.exp(-np.logaddexp(0, -output))"}.get(loss.link, "output")
    return [f"prediction = {_in_units(plan, value)}"]


def _in_units(plan: Plan, value: str) -> str:
    """Return the expression of a value in the target's units, from one on the loss's scale."""
    if plan.scaled:
        value = f"unit * {value}" if plan.loss.scale == "mean" else f"origin + unit * {value}"
        value = f"np.expm1({value})" if plan.loss.scale == "log1p" else value
    return value
