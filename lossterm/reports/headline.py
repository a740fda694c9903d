"""What was compared, in one line."""

from lossterm.reports.report import Report
from lossterm.text.numbers import counted


def headline(report: Report) -> str:
    """Say in one line what was compared; most settings that have their defaults are left out."""
    c, h = report.asked.comparison, report.asked.comparison.hyperparameters
    seeds = counted(c.seeds, "seed") if c.cap is None else f"race of at most {c.cap} seeds"
    rates = f"lr {c.learning_rates[0]:g}"
    if c.tuned:
        rates = f"{len(c.rates_tried)} lr from {c.rates_tried[0]:g} to {c.rates_tried[-1]:g}"
    clauses = {"epochs": "", "learning_rates": rates}  # first, since a result depends most on these
    for setting in sorted(h.shown, key=lambda setting: setting.part != "training"):
        phrase = setting.phrase(getattr(h, setting.name))
        before, how = setting.joins or ("", "")
        if before in clauses:
            clauses[before] += f" {how.format(phrase)}"
        else:
            clauses[setting.name] = phrase
    clauses |= {setting.name: setting.phrase(getattr(c, setting.name)) for setting in c.judged_otherwise}
    if h.hidden_initializer:
        drawn = next(name for name in ("hidden", "filters") if name in clauses)
        clauses[drawn] += f" ({h.hidden_initializer.key})"  # told always: Keras draws others by default
    most = "up to " if h.early_stopping else ""
    return f"{c.task}: {seeds} × {most}{', '.join(clauses.values())}"
