"""What was compared, in one line."""

from lossterm.reports.report import Report
from lossterm.text.numbers import counted


def headline(report: Report) -> str:
    """Say in one line what was compared; of network and training, what is as usual is mostly left out."""
    c, h = report.asked.comparison, report.asked.comparison.hyperparameters
    seeds = counted(c.seeds, "seed")
    rates = f"lr {c.learning_rates[0]:g}"
    if c.tuned:
        rates = f"{len(c.learning_rates)} lr from {c.learning_rates[0]:g} to {c.learning_rates[-1]:g}"
    clauses = {"epochs": "", "learning_rates": rates}  # first, as what an answer depends on most
    for setting in sorted(h.told, key=lambda one: one.part != "training"):
        said = setting.said(getattr(h, setting.name))
        whose, how = setting.joins or ("", "")
        if whose in clauses:
            clauses[whose] += f" {how.format(said)}"
        else:
            clauses[setting.name] = said
    most = "up to " if h.early_stopping else ""
    return f"{c.task}: {seeds} × {most}{', '.join(clauses.values())}"
