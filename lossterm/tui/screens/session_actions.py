"""What a person does with a session: have something trained, stop it, write it for others, leave it."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec
from textual.message import Message
from textual.screen import Screen

from lossterm.comparison.comparison import MANY, Comparison
from lossterm.errors import LosstermError
from lossterm.tui.background.directory_listing import apart
from lossterm.tui.background.exporter import Wanted, export, is_there
from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.background.widget_work import run_beside
from lossterm.tui.dialogs import ConfirmDialog, Leaving, QuitDialog
from lossterm.tui.state.key_names import KeyNames


class SessionActions:
    """Does what was asked for on behalf of a screen: asks before what may not be meant, and says how it went."""

    class Began(Message):
        """Something is being asked for: until that is `Done`, nothing else is."""

    class Done(Message):
        """What was to be done with the store was done, or could not be."""

    def __init__(self, screen: Screen[None], jobs: StoreJobs, store: Path, session: str, keys: KeyNames) -> None:
        """Dialogs and words stand on `screen`, which hears of what began and of what is done."""
        self._screen, self._jobs, self._store, self._session, self._keys = screen, jobs, store, session, keys
        self.asking = False
        """Whether something is being asked for."""

    def ask(self, comparison: Comparison) -> None:
        """Have a comparison trained, after asking about one that is too large to be meant."""

        def answered(meant: bool | None) -> None:
            if meant:
                self._begin(comparison)

        if comparison.size > MANY:
            dialog = ConfirmDialog(f"These are {comparison.size_in_words}.", "train them all", self._keys)
            self._screen.app.push_screen(dialog, answered)
        else:
            self._begin(comparison)

    def _begin(self, comparison: Comparison) -> None:
        self.asking = True
        self._screen.post_message(self.Began())
        self._write(partial(self._jobs.ask, comparison))

    def stop(self) -> None:
        """Stop all trainings of the session."""
        self._write(self._jobs.stop)

    def _write(self, write: Callable[[], Awaitable[str | None]]) -> None:
        run_beside(self._screen, self._written, write, name="write")

    async def _written(self, write: Callable[[], Awaitable[str | None]]) -> None:
        """Wait until the store was written, and show what there is to say of it."""
        try:
            if words := await write():
                self._screen.notify(words, markup=False)
        except LosstermError as error:
            self._screen.notify(str(error), severity="error", markup=False)
        finally:
            self.asking = False
            self._screen.post_message(self.Done())

    def ask_for_export(self, task: str, loss: str | None) -> None:
        """Ask for a format and a path, and write the session; some formats take one task, or one loss, of it."""
        from lossterm.tui.dialogs.export_dialog import ExportDialog

        self._screen.app.push_screen(ExportDialog(self._session, task, loss, self._keys), self._wanted)

    def _wanted(self, wanted: Wanted | None) -> None:
        if wanted:
            run_beside(self._screen, self._export, wanted, name="export")

    async def _export(self, wanted: Wanted) -> None:
        screen = self._screen
        try:
            if await apart(lambda: is_there(wanted)):
                question = f"{wanted.path} is there already."
                if not await screen.app.push_screen_wait(ConfirmDialog(question, "replace it", self._keys)):
                    return
                wanted = msgspec.structs.replace(wanted, force=True)
            screen.notify(f"Writing {wanted.path} …", timeout=3, markup=False)
            screen.notify(await export(self._store, self._session, wanted), timeout=10, markup=False)
        except LosstermError as error:
            screen.notify(str(error), severity="error", timeout=15, markup=False)

    async def leave(self, remember: Callable[[], Awaitable[None]]) -> None:
        """Leave the app; ask first what becomes of a training. To be awaited in a worker.

        The store is asked whether anything is trained, since what is seen may be a moment behind.
        """
        app = self._screen.app
        leaving: Leaving = "leave"
        try:
            await remember()
            if await self._jobs.waiting():
                leaving = await app.push_screen_wait(QuitDialog(self._keys))
            if leaving == "stop":
                await self._jobs.stop()
        except LosstermError as error:
            app.exit(return_code=error.exit_code, message=f"lossterm: {error}")
            return
        if leaving != "stay":
            app.exit()
