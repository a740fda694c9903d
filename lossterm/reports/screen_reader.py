"""A session in plain sentences, one per line, for screen readers and logs: no drawing and no symbols."""

import re
import unicodedata
from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lossterm.comparison.comparison import Comparison
from lossterm.comparison.curve_layout import CurveLayout
from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.comparison.setting_catalogue import HYPERPARAMETERS
from lossterm.comparison.user_network import called
from lossterm.metrics import FOLLOWED, metric_named
from lossterm.reports import notes, verdict
from lossterm.reports.cells import gap_and_ends, median_and_ends, number, spread
from lossterm.reports.curve_shape import CurveShape, median, shape_of, stacked
from lossterm.reports.report import Report, Standing
from lossterm.store import TrialRow
from lossterm.text.numbers import counted, listed

if TYPE_CHECKING:
    import numpy as np

TOLD_IN_SENTENCES = {"hidden", "activation", "initial_sd", "optimizer", "batch_size", "epochs", "model"}
"""Hyperparameters that have sentences; others are listed by name."""

CurvesByTrial = Mapping[int, "array[float]"]
"""Number of a trial → its curve: (epochs, columns) row by row."""


def lines(report: Report, curves: CurvesByTrial, *, followed: bool = False) -> list[str]:
    """Describe a comparison: what was compared, the verdict, each loss's place, the notes, and the curves if any.

    `curves` may hold other trials too; only those of the judged trials are described. They have all columns, or those
    that viewers keep if `followed`.
    """
    sentences = [*_headline(report), verdict.verdict(report)]
    for standing in report.standings:
        sentences += [_place(report, standing), _training(report, standing)]
    sentences += _constant(report)
    sentences += _notes(report)
    if any(row.id in curves for row in report.rows):
        for standing in report.standings:
            protocol = protocol_named(report.asked.comparison.protocol)
            sentences += _curves(report, standing, curves, protocol.followed if followed else protocol.curves)
    return [spoken(line) for line in sentences]


# What was compared and what came out


def _headline(report: Report) -> list[str]:
    c, h = report.asked.comparison, report.asked.comparison.hyperparameters
    losses = counted(len(c.losses), "loss is compared", "losses are compared")
    rate = f"The learning rate is {c.learning_rates[0]:g}"
    if c.tuned:
        rate = f"{len(c.rates_tried)} learning rates are tried, from {c.rates_tried[0]:g} to {c.rates_tried[-1]:g}"
    layers = counted(len(h.hidden), "hidden layer", "hidden layers") + f" of {listed(list(map(str, h.hidden)))} units"
    network = f"The network has {layers if h.hidden else 'no hidden layer'}"
    network += f" with {h.activation} and {h.hidden_initializer.title} initial weights" if h.hidden_initializer else ""
    network = f"The network is {called(h.model)}" if h.model else network
    if h.initial_sd is not None:
        network += f", its output is drawn with standard deviation {h.initial_sd:g}"
    optimizer = HYPERPARAMETERS["optimizer"]
    others = [setting for setting in h.shown if setting.name not in TOLD_IN_SENTENCES]
    extras = [f"{setting.title} {setting.written(getattr(h, setting.name))}" for setting in others]
    extras += [f"{setting.title} {setting.written(getattr(c, setting.name))}" for setting in c.judged_otherwise]
    return [
        f"Session {report.asked.session}, task {c.task}: {losses}.",
        f"{_seeds(c)} for {counted(h.epochs, 'epoch', 'epochs')}.",
        f"{rate}.",
        f"{network}, and is trained by {optimizer.phrase(h.optimizer)} in batches of {h.batch_size}.",
        *([f"Besides: {', '.join(extras)}."] if extras else []),
    ]


def _seeds(comparison: Comparison) -> str:
    if comparison.cap is None:
        return f"Each is trained with {counted(comparison.seeds, 'seed', 'seeds')}"
    return f"They race with at most {comparison.cap} seeds, until all is settled: each is trained"


def _place(report: Report, standing: Standing) -> str:
    metric, loss = report.asked.comparison.metric, standing.loss
    if standing.rank is None:
        if standing.scores[metric] is None:
            return f"{loss} has no place: its output does not give {metric}."
        return f"{loss} has no place{' yet' if report.partial else ''}: no trial of it has a test {metric}."
    sentence = f"Place {standing.rank}: {loss}, with {score(metric, standing)}"
    verdict = _verdict(standing)
    if standing.difference is None or (standing.verdict is None and standing.collapses):
        return f"{sentence}; it {verdict}." if verdict else f"{sentence}."
    amount, *ends = gap_and_ends(standing.difference)
    side = "ahead of" if standing.difference.mean < 0 else "behind"
    if standing.verdict is None:
        return f"{sentence}; it is {_figure(amount[1:])} {side} the first."
    between = f", between {' and '.join(map(_figure, ends))}" if ends else ""
    return f"{sentence}; it {verdict}; {_figure(amount[1:])} {side} it{between}."


def _verdict(standing: Standing) -> str:
    """Say in words what a loss is, and whether it collapses more or less often than the best; "" without either."""
    words = f"is {_of_differences(standing)}" if standing.verdict else ""
    if words and standing.without_collapsed:
        words += ", without the seeds on which either collapsed"
    collapses = f"collapses {standing.collapses} than the best" if standing.collapses else ""
    return f"{words}, and {collapses}" if words and collapses else words or collapses


def _of_differences(standing: Standing) -> str:
    if standing.less_than_matters:
        if standing.verdict == "equal":
            return "equal to the best: behind, by less than matters"
        return "worse than the best, on average by less than matters"
    words = {
        "best": "the best",
        "equal": "equal to the best for all that matters",
        "worse": "worse than the best",
        "open": "open, neither worse than the best nor equal to it",
    }
    return words[standing.verdict or "open"]


def score(metric: str, standing: Standing) -> str:
    """Say a mean test score and its interval: `mean test accuracy 0.840 plus or minus 0.015`; or a median's."""
    if standing.median is not None:
        middle, *ends = map(_figure, median_and_ends(standing))
        between = f", between {' and '.join(ends)}" if ends else ""
        return spoken(f"median test {metric} {middle}{between}")
    return spoken(f"mean test {metric} {_figure(spread(standing.mean, standing.ci))}")


def _training(report: Report, standing: Standing) -> str:
    c, rate = report.asked.comparison, standing.learning_rate
    sentence = f"is judged at learning rate {rate:g}"
    if c.tuned and not any(point.ended for point in standing.sweep):
        sentence = "has no learning rate chosen yet"
    elif c.tuned:
        sentence += f", chosen of {len(standing.sweep)} on validation"
        if standing.learning_rate_at_edge:
            sentence += f", the {'smallest' if rate == standing.sweep[0].learning_rate else 'largest'} tried"
    ends = [f"{standing.done} of {counted(standing.trials, 'trial', 'trials')} done"]
    ends += [f"{standing.collapsed} collapsed"] if standing.collapsed else []
    ends += [f"{standing.diverged} diverged"] if standing.diverged else []
    ends += [f"{standing.failed} failed"] if standing.failed else []
    return f"{standing.loss} {sentence}, with {listed(ends)}."


def _constant(report: Report) -> list[str]:
    """Say what the constant prediction scores."""
    if report.constant is None:
        return []
    metric = report.asked.comparison.metric
    score = _figure(number(report.constant.scores[metric].mean))
    than = "The best loss is better" if report.constant.beaten else "No loss is clearly better"
    return [f"The constant prediction has mean test {metric} {score}. {than}."]


def _notes(report: Report) -> list[str]:
    c = report.asked.comparison
    metric = metric_named(c.metric)
    better = "less" if metric.direction == "min" else "more"
    middle = "median" if report.by_median else "mean"
    sentences = [f"Losses are ranked by {middle} test {metric.key}, of which {better} is better."]
    if any(standing.centre_ci for standing in report.standings):
        interval = "Between two numbers lies" if report.by_median else "Plus or minus gives"
        sentences.append(f"{interval} a 95 percent interval.")
    if any(standing.verdict for standing in report.standings):
        sentences.append(
            f"Equal losses are behind the best by less than {notes.region(report).replace(' %', ' percent')}."
        )
    return sentences + notes.notes(report)[1:]  # the first explains the symbols of the table


# Curves


def _curves(report: Report, standing: Standing, curves: CurvesByTrial, layout: CurveLayout) -> list[str]:
    c, loss = report.asked.comparison, standing.loss
    held_out, columns = protocol_named(c.protocol).held_out, layout.columns
    place = layout.column(held_out, "loss")
    rows = [row for row in report.judged() if row.trial.loss == loss]
    drawn = [curves[row.id] for row in rows if len(curves.get(row.id, ())) >= columns]
    if not drawn:
        return [f"{loss} has no curve yet: none of its trials was trained."]
    losses, training = stacked(drawn, columns, place), stacked(drawn, columns, layout.column("train", "loss"))
    ended = [curves[row.id] for row in rows if row.status == "done" and len(curves.get(row.id, ())) >= columns]
    diverged = _diverged(rows, curves, columns)
    shape = shape_of(median(losses), "min")
    if shape is None:
        return [f"No curve of {loss} has a finite value on {held_out}.", *diverged]
    seeds = sum(shape_of(curve, "min") is not None for curve in losses)
    metric = metric_named(FOLLOWED[c.record.kind])
    measured = shape_of(median(stacked(drawn, columns, layout.column(held_out, "metric"))), metric.direction)
    return [
        f"Curves of {loss} on {held_out} follow, of {'one seed' if seeds == 1 else f'the median over {seeds} seeds'}.",
        *_course_sentences("Its loss", shape, "lowest"),
        *_trend(shape),
        *_end(losses, training, held_out, stacked(ended, columns, place) if ended else losses),
        *_course_sentences(f"Its {metric.key}", measured, "lowest" if metric.direction == "min" else "highest"),
        *diverged,
    ]


def _course_sentences(what: str, shape: CurveShape | None, best: str) -> list[str]:
    if shape is None:
        return [f"{what} has no finite value."]
    if shape.constant:
        known = "in epoch 1, the only one" if shape.last == 1 else f"up to epoch {shape.last}, without a change"
        return [f"{what} is {_value(shape.end)} {known}."]
    ends = f"{what} starts at {_value(shape.start)} and ends at {_value(shape.end)} in epoch {shape.last}"
    if shape.best_epoch == shape.last:
        return [f"{ends}, which is its {best}."]
    return [f"{ends}.", f"{what} is {best} in epoch {shape.best_epoch}, at {_value(shape.best)}."]


def _trend(shape: CurveShape) -> list[str]:
    """Say where a loss falls, whether it is level, and whether it rises again."""
    if shape.constant:
        return []
    endings = {"better": "is still falling", "worse": "is rising", "unsteady": "is not level", None: ""}
    lines = [f"It falls fastest between epochs {shape.steepest[0]} and {shape.steepest[1]}."] if shape.steepest else []
    lines += [] if shape.steepest else ["It never falls."]
    if shape.level_from is None:
        lines.append(f"It {endings[shape.ending]} at the end.")
    else:
        lines.append(f"It is level from epoch {shape.level_from} on.")
    if shape.worsened and shape.best_epoch > 1:
        lines.append(
            f"It ends {_value(shape.worsened)} above its lowest, of epoch {shape.best_epoch}: the network may overfit."
        )
    elif shape.worsened:
        lines.append(f"It ends {_value(shape.worsened)} above where it started.")
    return lines


def _end(losses: "np.ndarray", training: "np.ndarray", held_out: str, ended: "np.ndarray") -> list[str]:
    """Say how far apart the seeds end, and training and held-out rows."""
    import numpy as np

    middle, trained = median(losses), median(training)
    last, lines = np.flatnonzero(np.isfinite(middle))[-1], []
    finite = [row[np.isfinite(row)] for row in ended]
    ends = np.array([row[-1] for row in finite if len(row)])  # each seed's last epoch: some may have stopped early
    if len(ends) > 1:
        low, high = _value(float(ends.min())), _value(float(ends.max()))
        where = f"between {low} and {high}" if low != high else f"at {low} alike"
        lines.append(f"Over {len(ends)} seeds it ends {where}.")
    if np.isfinite(trained[last]):
        above = float(middle[last] - trained[last])
        side = "above" if above >= 0 else "below"
        lines.append(f"At the end {held_out} is {_value(abs(above))} {side} train, which is {_value(trained[last])}.")
    return lines


def _diverged(rows: Sequence[TrialRow], curves: CurvesByTrial, columns: int) -> list[str]:
    import numpy as np

    epochs = []
    for row in rows:
        if row.status == "diverged":
            curve = curves.get(row.id, array("f"))
            table = np.array(curve[: len(curve) // columns * columns], np.float64).reshape(-1, columns)
            broken = np.flatnonzero(~np.isfinite(table).all(axis=1))
            epochs.append(int(broken[0]) + 1 if broken.size else row.epochs)
    if not epochs:
        return []
    first, last = min(epochs), max(epochs)
    when = f"in epoch {first}" if first == last else f"between epochs {first} and {last}"
    return [f"{len(epochs)} of {counted(len(rows), 'seed', 'seeds')} diverged, {when}."]


# Words


def _value(value: float) -> str:
    return _figure(number(value + 0.0))  # nobody says −0.0


def _figure(text: str) -> str:
    """Write powers of ten in words: 1.2e-05 is 1.2 times 10 to the minus 5."""
    text = re.sub(r"(?<=\d)e-0*(\d+)", r" times 10 to the minus \1", text)
    return re.sub(r"(?<=\d)e\+?0*(\d+)", r" times 10 to the \1", text)


PUNCTUATION = frozenset(" .,:;!?'\"()-_/%+=@")
"""Characters allowed in a sentence besides letters and digits."""

SYMBOLS = {
    **{"±": " plus or minus ", "×": " times ", "·": " times ", "≤": " at most ", "≥": " at least "},
    **{"<": " less than ", ">": " more than ", "−": " minus ", "~": " about ", "≈": " about ", "→": " to "},
    **{"–": "-", "—": "-", "⁄": "/", "`": "'", "[": "(", "]": ")", "{": "(", "}": ")", "&": " and ", "Δ": "difference"},
    **{"∞": " infinity ", "^": " to the power ", "’": "'", "“": '"', "”": '"', "√": " root of "},
}
"""Symbol → its words."""


def spoken(text: str) -> str:
    """Write a sentence in letters, digits and PUNCTUATION: symbols become words, anything else is left out."""
    text = re.sub(r"^[*†◇]\s+", "", text)  # marks that point to a place in a table
    sentence = "".join(map(_in_words, unicodedata.normalize("NFKC", text)))
    sentence = re.sub(r"(?<![\w.)/])\.(?=\d)", "0.", " ".join(sentence.split()))
    return re.sub(r"(?<![\w.-])-(?=\d)", "minus ", sentence)


def _in_words(character: str) -> str:
    if character in SYMBOLS:
        return SYMBOLS[character]
    if "\u0391" <= character <= "\u03c9":
        return unicodedata.name(character).split()[-1].lower()  # GREEK SMALL LETTER ALPHA
    return character if character in PUNCTUATION or unicodedata.category(character)[0] in "LMN" else " "
