"""The way from a key to a table that is trained on: choose a file, then what its columns are for."""

from collections.abc import Callable, Sequence
from pathlib import Path

from textual.app import App

from lossterm.data import Data, FileRequest, Preview
from lossterm.tui.background.table_reader import Read
from lossterm.tui.state.key_names import KeyNames
from lossterm.tui.state.sentences_with_keys import with_keys


class TableChooser:
    """Asks for a file and shows its columns, back and forth until a table is taken or none is.

    Each dialog opens within the handling of the key that asks for it: what is typed after that key, however soon, goes
    to the dialog.
    """

    def __init__(self, read: Read, keys: KeyNames) -> None:
        """`read` reads a file, and `keys` says what a person presses in the dialogs."""
        self._read, self._keys = read, keys
        self._directory = Path.cwd()  # where the last file was

    def choose(
        self, app: App[None], asked: FileRequest | None, before: Sequence[Data], take: Callable[[Preview], None]
    ) -> None:
        """Have a table chosen, and `take` it if there is one.

        `asked` is shown at once, and a whole wish is taken without a question; None has a file chosen first, whose
        columns are then for what they were `before`.
        """
        from lossterm.tui.dialogs.file_dialog import FileDialog
        from lossterm.tui.dialogs.preview_dialog import PreviewDialog

        if asked is None:

            def preview(path: str) -> PreviewDialog:
                self._directory = Path(path).parent
                return PreviewDialog(_asked_before(path, before), self._read, self._keys)

            dialog = FileDialog(self._directory, self._keys, preview)
            app.push_screen(dialog, lambda shown: take(shown) if shown else None)
            return
        self._directory, at_once = Path(asked.path).parent, bool(asked.target)

        def looked_at(shown: Preview | None) -> None:
            if shown is None:
                self.choose(app, None, before, take)
                return
            if at_once:
                keys, first = self._keys.of(PreviewDialog), f"{self._keys['main.file']}, then "
                said = (with_keys(sentence, keys, first) for sentence in (*shown.said, *shown.warnings))
                app.notify("\n".join(said), timeout=15, markup=False)
            take(shown)

        app.push_screen(PreviewDialog(asked, self._read, self._keys, at_once=at_once), looked_at)


def _asked_before(path: str, before: Sequence[Data]) -> FileRequest:
    """Return the last request for a file, if this app knows it."""
    same = [data.asked for data in before if data.asked.path == path]
    return same[-1] if same else FileRequest(path=path, target="")
