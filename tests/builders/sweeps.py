"""Stress sweeps with a tipping point, for stores and the app."""

from lossterm.comparison.axis_preview import Example, LevelPreview
from lossterm.comparison.comparison import Comparison, Trial
from lossterm.stress_axes import AXES
from lossterm.stress_sweeps.contamination import Contamination
from lossterm.stress_sweeps.sweep import at_levels
from lossterm.tasks import Task
from lossterm.tui.app import LosstermApp
from lossterm.tui.background.axis_looker import AxisLook
from lossterm.tui.panels.stress_panel import StressPanel

LOSSES = ("mse", "mae")
LOOK = AxisLook(
    split="train",
    rows=600,
    levels=(
        LevelPreview(level=0.0, altered=0.0, moments=(0.0, 1.0, -3.0, 3.0), classes=None),
        LevelPreview(level=0.2, altered=0.2, moments=(2.0, 4.0, -3.0, 18.0), classes=None),
    ),
    examples=(Example(row=7, target=(1.5, 12.25), features=()),),
    contamination=Contamination(level=0.012, by="residuals of robust fits"),
)


def tipped(trial: Trial) -> float:
    """Return the level of a trial's error: mse is better up to 4 % outliers, mae beyond."""
    level = trial.severity.level if trial.severity else 0.0
    luck = 0.01 * ((trial.seed * (7 if trial.loss == "mse" else 5)) % 4)
    return {"mse": 0.3 + 5 * level, "mae": 0.5}.get(trial.loss, 0.4) + luck


def levels(**settings: object) -> list[Comparison]:
    """Return the comparisons of a sweep over outliers."""
    asked = {"seeds": 5, "epochs": 3, "learning_rates": [0.01], **settings}
    plain = Comparison.ask("regression", LOSSES, **asked)  # type: ignore[arg-type]  # settings by name
    return list(at_levels(plain, AXES["outliers"], "", (0.01, 0.03, 0.1)))


def with_look(app: LosstermApp) -> StressPanel:
    """Return the panel of sweeps, which looks at data without a process."""

    async def look(task: Task, axis: str) -> AxisLook | str:
        return LOOK if axis == "outliers" else "The data cannot be looked at: no."

    panel = app.main.stress
    panel._look = look
    return panel
