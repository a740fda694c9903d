"""Every class of a dialog whose keys a configuration can change: imported only where one does, for it takes long."""

from textual.dom import DOMNode

from lossterm.tui.dialogs.choice_dialogs import ConfirmDialog, QuitDialog
from lossterm.tui.dialogs.export_dialog import ExportDialog
from lossterm.tui.dialogs.file_dialog import FileDialog, FileList, PathField
from lossterm.tui.dialogs.information_dialogs import ExplainDialog, HelpDialog, TextDialog
from lossterm.tui.dialogs.machine_dialog import MachineDialog
from lossterm.tui.dialogs.network_dialog import NetworkDialog, StepField
from lossterm.tui.dialogs.preview_dialog import PreviewDialog, Words
from lossterm.tui.dialogs.reading_dialog import ReadingDialog
from lossterm.tui.dialogs.text_dialogs import NewSessionDialog, RenameDialog, VaryDialog
from lossterm.tui.widgets.column_list import ColumnList

DIALOGS: tuple[type[DOMNode], ...] = (
    *(ExplainDialog, HelpDialog, TextDialog, NewSessionDialog, RenameDialog, VaryDialog),
    *(QuitDialog, ConfirmDialog, ExportDialog, MachineDialog),
    *(FileDialog, FileList, PathField, NetworkDialog, StepField, PreviewDialog, ColumnList, Words, ReadingDialog),
)
"""The dialogs, each before what it holds."""
