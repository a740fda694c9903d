"""The dialogs, which open on top of everything else."""

from lossterm.tui.dialogs.choice_dialogs import ConfirmDialog, Leaving, QuitDialog
from lossterm.tui.dialogs.information_dialogs import ExplainDialog, HelpDialog, TextDialog
from lossterm.tui.dialogs.text_dialogs import NewSessionDialog, RenameDialog, VaryDialog

__all__ = [
    "ConfirmDialog",
    "ExplainDialog",
    "HelpDialog",
    "Leaving",
    "NewSessionDialog",
    "QuitDialog",
    "RenameDialog",
    "TextDialog",
    "VaryDialog",
]
