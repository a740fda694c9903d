"""What was compared, in one line."""

from lossterm.comparison.hyperparameters import ACTIVATIONS, SCHEDULES, Hyperparameters
from lossterm.comparison.user_network import called
from lossterm.reports.report import Report
from lossterm.text.numbers import counted


def headline(report: Report) -> str:
    """Say in one line what was compared."""
    c, h = report.asked.comparison, report.asked.comparison.hyperparameters
    seeds = counted(c.seeds, "seed")
    rates = f"lr {c.learning_rates[0]:g}"
    if c.tuned:
        rates = f"{len(c.learning_rates)} lr from {c.learning_rates[0]:g} to {c.learning_rates[-1]:g}"
    if h.early_stopping:
        seeds, epochs = (
            f"{seeds} × up to",
            f"{counted(h.epochs, 'epoch')} (stopped after {h.early_stopping} without a better)",
        )
    else:
        seeds, epochs = f"{seeds} ×", counted(h.epochs, "epoch")
    rates += f" {h.schedule}" if h.schedule != SCHEDULES[0] else ""
    weights = f", {h.class_weight} classes" if h.class_weight else ""
    return f"{c.task}: {seeds} {epochs}, {rates}, {h.optimizer}, batch {h.batch_size}{weights}, {_network(h)}"


def _network(h: Hyperparameters) -> str:
    """Say what is trained; what is as usual is left out."""
    if h.model:
        return f"network {called(h.model)}"
    layers = ",".join(map(str, h.hidden)) or "none"
    parts = [f"hidden {layers}" + (f" {h.activation}" if h.activation != ACTIVATIONS[0] else "")]
    parts += ["batch norm"] if h.batch_norm else []
    parts += [f"dropout {h.dropout:g}"] if h.dropout else []
    parts += [f"l2 {h.l2:g}"] if h.l2 else []
    parts += [f"output drawn with sd {h.initial_sd:g}"] if h.initial_sd is not None else []
    return ", ".join(parts)
