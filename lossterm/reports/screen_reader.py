"""A session in plain sentences, one a line, for screen readers and logs: nothing drawn, and no symbols."""

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
from lossterm.reports.curve_shape import Course, course, median, stacked
from lossterm.reports.report import Report, Standing
from lossterm.store import Chunk, TrialRow
from lossterm.text.numbers import counted, listed

if TYPE_CHECKING:
    import numpy as np

TOLD_IN_FULL = {"hidden", "activation", "initial_sd", "optimizer", "batch_size", "epochs", "model"}
"""Hyperparameters that sentences are made for; others are told by their names."""

CurvesByTrial = Mapping[int, "array[float]"]
"""Number of a trial → its curve: (epochs, columns) row by row, as `View.curves` holds it."""


def lines(report: Report, curves: CurvesByTrial) -> list[str]:
    """Tell a comparison: what was compared, the verdict, each loss's place, the notes, and the curves if there are any.

    `curves` may hold other trials too; of the comparison's own, those that are judged are told.
    """
    found = [*_headline(report), verdict.verdict(report)]
    for standing in report.standings:
        found += [_place(report, standing), _training(report, standing)]
    found += _notes(report)
    if any(row.id in curves for row in report.rows):
        for standing in report.standings:
            found += _curves(report, standing, curves)
    return [spoken(line) for line in found]


def joined(chunks: Iterable[Chunk]) -> dict[int, "array[float]"]:
    """Return the curve of each trial from its chunks, in their order."""
    found: dict[int, array[float]] = {}
    for chunk in chunks:
        found.setdefault(chunk.trial, array("f")).extend(chunk.values())
    return found


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
    others = [setting for setting in h.told if setting.name not in TOLD_IN_FULL]
    besides = [f"{setting.title} {setting.written(getattr(h, setting.name))}" for setting in others]
    return [
        f"Session {report.asked.session}, task {c.task}: {losses}.",
        f"Each is trained with {counted(c.seeds, 'seed', 'seeds')} for {counted(h.epochs, 'epoch', 'epochs')}.",
        f"{rate}.",
        f"{network}, and is trained by {h.optimizer} in batches of {h.batch_size}.",
        *([f"Besides: {', '.join(besides)}."] if besides else []),
    ]


def _place(report: Report, standing: Standing) -> str:
    metric, loss = report.asked.comparison.metric, standing.loss
    if standing.rank is None:
        if standing.scores[metric] is None:
            return f"{loss} has no place: its output does not give {metric}."
        return f"{loss} has no place{' yet' if report.partial else ''}: no trial of it has a test {metric}."
    said = f"Place {standing.rank}: {loss}, with {score(metric, standing)}"
    words = {"best": "the best", "tied": "tied with the best", "worse": "worse than the best", None: ""}
    verdict = words[standing.verdict]
    if standing.difference is None:
        return f"{said}; it is {verdict}." if verdict else f"{said}."
    sign, amount = standing.difference.mean, gap(standing.difference, brackets=False)[1:]
    side = "ahead of" if sign < 0 else "behind"
    if standing.verdict is None:
        return f"{said}; it is {_figure(amount)} {side} the first."
    return f"{said}; it is {verdict}, {_figure(amount)} {side} it."


def score(metric: str, standing: Standing) -> str:
    """Say a mean test score and its interval: `mean test accuracy 0.840 plus or minus 0.015`."""
    return spoken(f"mean test {metric} {_figure(spread(standing.mean, standing.ci))}")


def _training(report: Report, standing: Standing) -> str:
    c, rate = report.asked.comparison, standing.learning_rate
    said = f"is judged at learning rate {rate:g}"
    if c.tuned and not any(point.ended for point in standing.sweep):
        said = "has no learning rate chosen yet"
    elif c.tuned:
        said += f", chosen of {len(c.learning_rates)} on validation"
        if standing.learning_rate_at_edge:
            said += f", the {'smallest' if rate == min(c.learning_rates) else 'largest'} tried"
    ends = [f"{standing.done} of {counted(standing.trials, 'trial', 'trials')} done"]
    ends += [f"{standing.diverged} diverged"] if standing.diverged else []
    ends += [f"{standing.failed} failed"] if standing.failed else []
    return f"{standing.loss} {said}, with {listed(ends)}."


def _notes(report: Report) -> list[str]:
    c = report.asked.comparison
    metric = metric_named(c.metric)
    better = "less" if metric.direction == "min" else "more"
    found = [f"Losses are ranked by mean test {metric.key}, of which {better} is better."]
    if any(standing.ci for standing in report.standings):
        found.append("Plus or minus gives a 95 percent interval.")
    if any(standing.verdict for standing in report.standings):
        region = f"{100 * metric.rope:g} percent" if metric.relative else f"{metric.rope:g}"
        found.append(f"Tied includes losses that are less than {region} behind the best.")
    return found + notes.notes(report)[1:]  # the first explains the symbols of the table


# Curves


def _curves(report: Report, standing: Standing, curves: CurvesByTrial) -> list[str]:
    c, loss = report.asked.comparison, standing.loss
    protocol = protocol_named(c.protocol)
    held_out, layout, columns = protocol.held_out, protocol.curves, protocol.curves.columns
    place = layout.column(held_out, "loss")
    rows = [row for row in report.judged() if row.trial.loss == loss]
    mine = [curves[row.id] for row in rows if len(curves.get(row.id, ())) >= columns]
    if not mine:
        return [f"{loss} has no curve yet: nothing of it was trained."]
    losses, training = stacked(mine, columns, place), stacked(mine, columns, layout.column("train", "loss"))
    ended = [curves[row.id] for row in rows if row.status == "done" and len(curves.get(row.id, ())) >= columns]
    diverged = _diverged(rows, curves, columns)
    found = course(median(losses), "min")
    if found is None:
        return [f"No curve of {loss} has a finite value on {held_out}.", *diverged]
    seeds = sum(course(one, "min") is not None for one in losses)
    metric = metric_named(PRIMARY[c.record.kind])
    measured = course(median(stacked(mine, columns, layout.column(held_out, "metric"))), metric.direction)
    return [
        f"Curves of {loss} on {held_out} follow, of {'one seed' if seeds == 1 else f'the median over {seeds} seeds'}.",
        *_course("Its loss", found, "lowest"),
        *_trend(found),
        *_end(losses, training, held_out, stacked(ended, columns, place) if ended else losses),
        *_course(f"Its {metric.key}", measured, "lowest" if metric.direction == "min" else "highest"),
        *diverged,
    ]


def _course(what: str, found: Course | None, best: str) -> list[str]:
    if found is None:
        return [f"{what} has no finite value."]
    if found.constant:
        known = "in epoch 1, the only one" if found.last == 1 else f"up to epoch {found.last}, without a change"
        return [f"{what} is {_value(found.end)} {known}."]
    ends = f"{what} starts at {_value(found.start)} and ends at {_value(found.end)} in epoch {found.last}"
    if found.best_epoch == found.last:
        return [f"{ends}, which is its {best}."]
    return [f"{ends}.", f"{what} is {best} in epoch {found.best_epoch}, at {_value(found.best)}."]


def _trend(found: Course) -> list[str]:
    """Say where a loss falls, whether it is level, and whether it rises again."""
    if found.constant:
        return []
    endings = {"better": "is still falling", "worse": "is rising", "unsteady": "is not level", None: ""}
    lines = [f"It falls fastest between epochs {found.steepest[0]} and {found.steepest[1]}."] if found.steepest else []
    lines += [] if found.steepest else ["It never falls."]
    if found.level_from is None:
        lines.append(f"It {endings[found.ending]} at the end.")
    else:
        lines.append(f"It is level from epoch {found.level_from} on.")
    if found.worsened and found.best_epoch > 1:
        lines.append(
            f"It ends {_value(found.worsened)} above its lowest, of epoch {found.best_epoch}: the network may overfit."
        )
    elif found.worsened:
        lines.append(f"It ends {_value(found.worsened)} above where it started.")
    return lines


def _end(losses: "np.ndarray", training: "np.ndarray", held_out: str, ended: "np.ndarray") -> list[str]:
    """Say how far seeds lie apart at the end, and train and held-out rows."""
    import numpy as np

    middle, trained = median(losses), median(training)
    last, lines = np.flatnonzero(np.isfinite(middle))[-1], []
    finite = [row[np.isfinite(row)] for row in ended]
    ends = np.array([row[-1] for row in finite if len(row)])  # each seed's own: some may have stopped early
    if len(ends) > 1:
        low, high = _value(float(ends.min())), _value(float(ends.max()))
        apart = f"between {low} and {high}" if low != high else f"at {low} alike"
        lines.append(f"Over {len(ends)} seeds it ends {apart}.")
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
    return _figure(number(value + 0.0))  # −0.0 is no number that a person says


def _figure(text: str) -> str:
    """Say powers of ten: 1.2e-05 is 1.2 times 10 to the minus 5."""
    said = re.sub(r"(?<=\d)e-0*(\d+)", r" times 10 to the minus \1", text)
    return re.sub(r"(?<=\d)e\+?0*(\d+)", r" times 10 to the \1", said)


PUNCTUATION = frozenset(" .,:;!?'\"()-_/%+=@")
"""What may stand in a sentence beside letters and digits."""

SYMBOLS = {
    **{"±": " plus or minus ", "×": " times ", "·": " times ", "≤": " at most ", "≥": " at least "},
    **{"<": " less than ", ">": " more than ", "−": " minus ", "~": " about ", "≈": " about ", "→": " to "},
    **{"–": "-", "—": "-", "⁄": "/", "`": "'", "[": "(", "]": ")", "{": "(", "}": ")", "&": " and ", "Δ": "difference"},
    **{"∞": " infinity ", "^": " to the power ", "’": "'", "“": '"', "”": '"', "√": " root of "},
}
"""Symbol → what a person says for it."""


def spoken(text: str) -> str:
    """Write a sentence in letters, digits and PUNCTUATION: symbols as words, what nobody could say left out."""
    text = re.sub(r"^[*†]\s+", "", text)  # marks that point to a place in a table
    said = "".join(map(_said, unicodedata.normalize("NFKC", text)))
    said = re.sub(r"(?<![\w.)/])\.(?=\d)", "0.", " ".join(said.split()))
    return re.sub(r"(?<![\w.-])-(?=\d)", "minus ", said)


def _said(character: str) -> str:
    if character in SYMBOLS:
        return SYMBOLS[character]
    if "\u0391" <= character <= "\u03c9":
        return unicodedata.name(character).split()[-1].lower()  # GREEK SMALL LETTER ALPHA
    return character if character in PUNCTUATION or unicodedata.category(character)[0] in "LMN" else " "
