"""What is asked and told on top of everything else."""

from lossterm.tui.dialogs.asking import RenameDialog, VaryDialog
from lossterm.tui.dialogs.choosing import ConfirmDialog, Leaving, QuitDialog
from lossterm.tui.dialogs.telling import ExplainDialog, HelpDialog, TextDialog

__all__ = [
    "ConfirmDialog",
    "ExplainDialog",
    "HelpDialog",
    "Leaving",
    "QuitDialog",
    "RenameDialog",
    "TextDialog",
    "VaryDialog",
]
