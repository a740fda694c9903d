"""The way from a key to a table that is trained on: choose a file, then what its columns are for."""

from collections.abc import Iterable
from pathlib import Path

from textual.app import App

from lossterm.data import Data, FileRequest, Preview
from lossterm.tui.background.table_reader import Read
from lossterm.tui.state.key_names import KeyNames


class TableChooser:
    """Asks for a file and shows its columns, back and forth until a table is taken or none is."""

    def __init__(self, read: Read, keys: KeyNames) -> None:
        """`read` reads a file, and `keys` says what a person presses in the dialogs."""
        self._read, self._keys = read, keys
        self._directory = Path.cwd()  # where the last file was

    async def choose(self, app: App[None], asked: FileRequest | None, before: Iterable[Data]) -> Preview | None:
        """Return the table that is taken, None for none. To be awaited in a worker.

        `asked` is shown at once, and a whole wish is taken without a question; None has a file chosen first, whose
        columns are then for what they were `before`.
        """
        from lossterm.tui.dialogs.file_dialog import FileDialog
        from lossterm.tui.dialogs.preview_dialog import PreviewDialog

        at_once = asked is not None and bool(asked.target)
        while True:
            if asked is None:
                path = await app.push_screen_wait(FileDialog(self._directory, self._keys))
                if path is None:
                    return None
                asked = _asked_before(path, before)
            self._directory = Path(asked.path).parent
            shown = await app.push_screen_wait(PreviewDialog(asked, self._read, self._keys, at_once=at_once))
            if shown is not None:
                if at_once:
                    app.notify("\n".join((*shown.said, *shown.warnings)), timeout=15, markup=False)
                return shown
            asked, at_once = None, False


def _asked_before(path: str, before: Iterable[Data]) -> FileRequest:
    """Return what was asked of a file the last time, as far as this app knows it."""
    same = [data.asked for data in before if data.asked.path == path]
    return same[-1] if same else FileRequest(path=path, target="")
