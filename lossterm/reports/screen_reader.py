"""A session in plain sentences, one per line, for screen readers and logs: no drawing and no symbols."""

import re
import unicodedata
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from lossterm.comparison.protocol_catalogue import protocol_named
from lossterm.comparison.user_network import called
from lossterm.metrics import PRIMARY, metric_named
from lossterm.reports import notes, verdict
from lossterm.reports.cells import gap, number, spread
from lossterm.reports.curve_shape import CurveShape, median, shape_of, stacked
from lossterm.reports.report import Report, Standing
from lossterm.store import Chunk, TrialRow
from lossterm.text.numbers import counted, listed

if TYPE_CHECKING:
    import numpy as np

TOLD_IN_SENTENCES = {"hidden", "activation", "initial_sd", "optimizer", "batch_size", "epochs", "model"}
"""Hyperparameters that have sentences; others are listed by name."""

CurvesByTrial = Mapping[int, "array[float]"]
"""Number of a trial → its curve: (epochs, columns) row by row, as `SessionState.curves` holds it."""


def lines(report: Report, curves: CurvesByTrial) -> list[str]:
    """Describe a comparison: what was compared, the verdict, each loss's place, the notes, and the curves if any.

    `curves` may hold other trials too; only those of the judged trials are described.
    """
    sentences = [*_headline(report), verdict.verdict(report)]
    for standing in report.standings:
        sentences += [_place(report, standing), _training(report, standing)]
    sentences += _notes(report)
    if any(row.id in curves for row in report.rows):
        for standing in report.standings:
            sentences += _curves(report, standing, curves)
    return [spoken(line) for line in sentences]


def joined(chunks: Iterable[Chunk]) -> dict[int, "array[float]"]:
    """Join the chunks of each trial, in their order, into its curve."""
    curves: dict[int, array[float]] = {}
    for chunk in chunks:
        curves.setdefault(chunk.trial, array("f")).extend(chunk.values())
    return curves


# What was compared and what came out


def _headline(report: Report) -> list[str]:
    c, h = report.asked.comparison, report.asked.comparison.hyperparameters
    losses = counted(len(c.losses), "loss is compared", "losses are compared")
    rate = f"The learning rate is {c.learning_rates[0]:g}"
    if c.tuned:
        rate = f"{len(c.learning_rates)} learning rates are tried, from {c.learning_rates[0]:g} to"
        rate += f" {c.learning_rates[-1]:g}"
    layers = counted(len(h.hidden), "hidden layer", "hidden layers") + f" of {listed(list(map(str, h.hidden)))} units"
    network = f"The network has {layers if h.hidden else 'no hidden layer'}"
    network += f" with {h.activation}" if h.hidden else ""
    network = f"The network is {called(h.model)}" if h.model else network
    if h.initial_sd is not None:
        network += f", its output is drawn with standard deviation {h.initial_sd:g}"
    others = [setting for setting in h.shown if setting.name not in TOLD_IN_SENTENCES]
    extras = [f"{setting.title} {setting.written(getattr(h, setting.name))}" for setting in others]
    return [
        f"Session {report.asked.session}, task {c.task}: {losses}.",
        f"Each is trained with {counted(c.seeds, 'seed', 'seeds')} for {counted(h.epochs, 'epoch', 'epochs')}.",
        f"{rate}.",
        f"{network}, and is trained by {h.optimizer} in batches of {h.batch_size}.",
        *([f"Besides: {', '.join(extras)}."] if extras else []),
    ]


def _place(report: Report, standing: Standing) -> str:
    metric, loss = report.asked.comparison.metric, standing.loss
    if standing.rank is None:
        if standing.scores[metric] is None:
            return f"{loss} has no place: its output does not give {metric}."
        return f"{loss} has no place{' yet' if report.partial else ''}: no trial of it has a test {metric}."
    sentence = f"Place {standing.rank}: {loss}, with {score(metric, standing)}"
    words = {"best": "the best", "tied": "tied with the best", "worse": "worse than the best", None: ""}
    verdict = words[standing.verdict]
    if standing.difference is None:
        return f"{sentence}; it is {verdict}." if verdict else f"{sentence}."
    sign, amount = standing.difference.mean, gap(standing.difference, brackets=False)[1:]
    side = "ahead of" if sign < 0 else "behind"
    if standing.verdict is None:
        return f"{sentence}; it is {_figure(amount)} {side} the first."
    return f"{sentence}; it is {verdict}, {_figure(amount)} {side} it."


def score(metric: str, standing: Standing) -> str:
    """Say a mean test score and its interval: `mean test accuracy 0.840 plus or minus 0.015`."""
    return spoken(f"mean test {metric} {_figure(spread(standing.mean, standing.ci))}")


def _training(report: Report, standing: Standing) -> str:
    c, rate = report.asked.comparison, standing.learning_rate
    sentence = f"is judged at learning rate {rate:g}"
    if c.tuned and not any(point.ended for point in standing.sweep):
        sentence = "has no learning rate chosen yet"
    elif c.tuned:
        sentence += f", chosen of {len(c.learning_rates)} on validation"
        if standing.learning_rate_at_edge:
            sentence += f", the {'smallest' if rate == min(c.learning_rates) else 'largest'} tried"
    ends = [f"{standing.done} of {counted(standing.trials, 'trial', 'trials')} done"]
    ends += [f"{standing.diverged} diverged"] if standing.diverged else []
    ends += [f"{standing.failed} failed"] if standing.failed else []
    return f"{standing.loss} {sentence}, with {listed(ends)}."


def _notes(report: Report) -> list[str]:
    c = report.asked.comparison
    metric = metric_named(c.metric)
    better = "less" if metric.direction == "min" else "more"
    sentences = [f"Losses are ranked by mean test {metric.key}, of which {better} is better."]
    if any(standing.ci for standing in report.standings):
        sentences.append("Plus or minus gives a 95 percent interval.")
    if any(standing.verdict for standing in report.standings):
        region = f"{100 * metric.rope:g} percent" if metric.relative else f"{metric.rope:g}"
        sentences.append(f"Tied includes losses that are less than {region} behind the best.")
    return sentences + notes.notes(report)[1:]  # the first explains the symbols of the table


# Curves


def _curves(report: Report, standing: Standing, curves: CurvesByTrial) -> list[str]:
    c, loss = report.asked.comparison, standing.loss
    protocol = protocol_named(c.protocol)
    held_out, layout, columns = protocol.held_out, protocol.curves, protocol.curves.columns
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
    metric = metric_named(PRIMARY[c.record.kind])
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
    text = re.sub(r"^[*†]\s+", "", text)  # marks that point to a place in a table
    sentence = "".join(map(_in_words, unicodedata.normalize("NFKC", text)))
    sentence = re.sub(r"(?<![\w.)/])\.(?=\d)", "0.", " ".join(sentence.split()))
    return re.sub(r"(?<![\w.-])-(?=\d)", "minus ", sentence)


def _in_words(character: str) -> str:
    if character in SYMBOLS:
        return SYMBOLS[character]
    if "\u0391" <= character <= "\u03c9":
        return unicodedata.name(character).split()[-1].lower()  # GREEK SMALL LETTER ALPHA
    return character if character in PUNCTUATION or unicodedata.category(character)[0] in "LMN" else " "
