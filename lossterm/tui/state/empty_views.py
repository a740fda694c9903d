"""Why a view has nothing to show, and what a person can do about it.

Keys stand in braces as the ids of their bindings, for `KeyNames.fill_in`.
"""

from collections import Counter
from collections.abc import Sequence

from lossterm.comparison.comparison import Status
from lossterm.comparison.user_network import NOT_SHOWN, called
from lossterm.following.session_state import SessionState
from lossterm.reports.report import Report
from lossterm.store import TrialRow
from lossterm.text.numbers import counted, listed

BEGIN = """Tick losses with {loss.tick},
then press {main.run} to train them.
{main.file} brings a table of your own."""
"""How a person begins."""

NO_CURVES = "No curves yet."
"""What an empty chart says where nothing was asked for."""

LOOKING = "Looking at the data …"
"""What is said where a first look at them will stand in a moment."""

TO_TRAIN = "{main.run} trains what is ticked"

NO_COMPARISON = "No comparison yet. {main.run} trains what is ticked, and each comparison is listed here from then on."
NO_SCORES = "No scores yet: {main.run} trains what is ticked, and they appear as trainings end."
NO_SCORES_OF_TASK = "No scores on {} yet: {{main.run}} trains what is ticked. Below are those on {}."
"""{} are the chosen task and the one whose table is on top."""
NOTHING_TICKED = "No loss is ticked, so there is nothing to train: {loss.tick} ticks the one under the cursor."
ONE_TICKED = "A race needs two losses at least: {loss.tick} ticks the one under the cursor."
NO_LOSS_DRAWN = (
    "No loss whose shape is known is ticked.\n\n"
    "{loss.tick} ticks the loss under the cursor; that of a custom loss is known to its file alone."
)
ALL_HIDDEN = "No loss is shown: all are hidden ({curves.hide}) or filtered out ({main.filter})."
NONE_MATCHES = "No {} matches the filter; {{main.filter}} changes it, {{main.out}} drops it."
"""{} is what is filtered."""

_ENDED: dict[Status, str] = {"failed": "failed", "diverged": "diverged", "cancelled": "stopped"}
_REMEDIES: dict[Status, str] = {
    "failed": "{main.run} tries those that failed again; `lossterm doctor` says what may be wrong here.",
    "diverged": "A smaller learning rate may keep them from diverging: change rate in the settings.",
    "cancelled": "{main.run} trains those that were stopped.",
}


def why_no_result(rows: Sequence[TrialRow]) -> str:
    """Say how trainings ended and what to do, "" unless all have ended and none got through."""
    counts = Counter(row.status for row in rows)
    if not rows or not counts.keys() <= _ENDED.keys():
        return ""
    ends = [status for status in _ENDED if counts[status]]
    if len(rows) == 1:
        first = f"The only training {_was(ends[0], 1)}."
    elif len(ends) == 1:
        first = f"All {counted(len(rows), 'training')} {_was(ends[0], len(rows))}."
    else:
        each = listed([f"{counts[status]} {_was(status, counts[status])}" for status in ends])
        first = f"None of the {counted(len(rows), 'training')} got through: {each}."
    errors = list(dict.fromkeys(row.error for row in rows if row.error))
    reasons = [f"{'The first reason' if len(errors) > 1 else 'The reason'}: {errors[0].rstrip('.')}."] if errors else []
    return "\n\n".join([first, *reasons, "\n".join(_REMEDIES[status] for status in ends)])


def _was(status: Status, count: int) -> str:
    verb = "was " if count == 1 else "were "
    return f"{verb if status == 'cancelled' else ''}{_ENDED[status]}"


def why_no_curves(state: SessionState, task: str, report: Report | None) -> str:
    """Say what an empty chart of curves waits for: the worker, or a person. `report` is what would be drawn."""
    worker = state.worker
    training = any(not row.ended for row in state.rows.values() if row.trial.task == task)
    if training and worker and worker.state == "training":
        return f"Compiling {worker.message} …"
    if training:
        return "Waiting for TensorFlow to load …"
    if report and (why := why_no_result(report.rows)):
        return why
    text = f"{NO_CURVES}\n\n{BEGIN}"
    return f"{text}\n\nTensorFlow is loading meanwhile." if worker and worker.state == "loading" else text


def why_no_rates(report: Report) -> str:
    """Say why no learning-rate sweep can be drawn, "" where one can."""
    if why := why_no_result(report.rows):
        return why
    metric = report.asked.comparison.metric
    sweeps = [standing.sweep for standing in report.standings if standing.tuned_by == metric]
    if not sweeps:
        others = listed(list(dict.fromkeys(standing.tuned_by for standing in report.standings)))
        return f"The learning rates were chosen by {others}, not by {metric}: {{main.rank}} ranks by the next metric."
    if any(point.mean is not None for points in sweeps for point in points):
        return ""
    return "No learning rate has a score yet: they appear as trainings end."


NONE_KEPT = (
    "Nothing was kept of what these networks predict: they are of a version that kept nothing, what was kept was "
    "damaged, or it would have been too large."
)


def why_no_predictions(report: Report | None, first_seed: Sequence[TrialRow], *, kept: bool) -> str:
    """Say why there are no predictions. `kept` says whether losses have models and only the filter hides them.

    `first_seed` are the trials whose models would be shown.
    """
    if report is None:
        return f"No predictions yet.\n\n{BEGIN}"
    if kept:
        return NONE_MATCHES.format("loss")
    own = report.asked.comparison.hyperparameters.model
    shaped = report.asked.comparison.record.shaped
    if own and not shaped and any(row.status == "done" for row in first_seed):
        return NOT_SHOWN.format(called(own))
    if why := why_no_result(report.rows) or why_no_result(first_seed):
        return f"No model was kept. {why}"
    if report.pending or not first_seed:
        return "No predictions yet: they are kept of each loss's first seed, and shown when its training has ended."
    return NONE_KEPT
