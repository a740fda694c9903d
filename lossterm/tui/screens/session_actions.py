"""A person's actions on a session: train, stop, export, leave."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec
from textual.message import Message
from textual.screen import Screen

from lossterm.comparison.comparison import MANY, Comparison
from lossterm.errors import LosstermError
from lossterm.tui.background.directory_listing import in_daemon_thread
from lossterm.tui.background.exporter import Wanted, export, is_there
from lossterm.tui.background.store_jobs import StoreJobs
from lossterm.tui.background.widget_work import run_with_widget
from lossterm.tui.dialogs import ConfirmDialog, Leaving, QuitDialog
from lossterm.tui.state.key_names import KeyNames


class SessionActions:
    """Carries out actions for a screen: confirms what may be a mistake, and reports the result."""

    class Began(Message):
        """A request to the store began; no other is made until it is `Done`."""

    class Done(Message):
        """The request to the store succeeded or failed."""

    def __init__(self, screen: Screen[None], jobs: StoreJobs, store: Path, session: str, keys: KeyNames) -> None:
        """Dialogs and messages appear on `screen`, which gets `Began` and `Done`."""
        self._screen, self._jobs, self._store, self._session, self._keys = screen, jobs, store, session, keys
        self.asking = False
        """Whether something is being asked for."""

    def ask(self, *comparisons: Comparison) -> None:
        """Train a comparison, or the levels of a sweep, after confirming what is suspiciously large."""
        total = sum(one.size_at_most for one in comparisons)

        def answered(meant: bool | None) -> None:
            if meant:
                self._begin(comparisons)

        if total > MANY:
            words = comparisons[0].size_in_words if len(comparisons) == 1 else f"up to {total:,} trials"
            dialog = ConfirmDialog(f"These are {words}.", "train them all", self._keys)
            self._screen.app.push_screen(dialog, answered)
        else:
            self._begin(comparisons)

    def _begin(self, comparisons: Sequence[Comparison]) -> None:
        self.asking = True
        self._screen.post_message(self.Began())
        self._write(partial(self._jobs.ask, *comparisons))

    def stop(self) -> None:
        """Stop all trainings of the session."""
        self._write(self._jobs.stop)

    def _write(self, write: Callable[[], Awaitable[str | None]]) -> None:
        run_with_widget(self._screen, self._written, write, name="write")

    async def _written(self, write: Callable[[], Awaitable[str | None]]) -> None:
        """Wait until the store was written, and show the message about it."""
        try:
            if words := await write():
                self._screen.notify(words, markup=False)
        except LosstermError as error:
            self._screen.notify(str(error), severity="error", markup=False)
        finally:
            self.asking = False
            self._screen.post_message(self.Done())

    def ask_for_export(self, task: str, loss: str | None, *, trials: int, epochs: int) -> None:
        """Ask for a format and a path, and write the session; some formats take one task, or one loss, of it.

        `trials` and `epochs` are how many the session holds.
        """
        from lossterm.tui.dialogs.export_dialog import ExportDialog

        dialog = ExportDialog(self._session, task, loss, self._keys, trials=trials, epochs=epochs)
        self._screen.app.push_screen(dialog, self._wanted)

    def _wanted(self, wanted: Wanted | None) -> None:
        if wanted:
            run_with_widget(self._screen, self._export, wanted, name="export")

    async def _export(self, wanted: Wanted) -> None:
        screen = self._screen
        try:
            if await in_daemon_thread(lambda: is_there(wanted)):
                question = f"{wanted.path} is there already."
                if not await screen.app.push_screen_wait(ConfirmDialog(question, "replace it", self._keys)):
                    return
                wanted = msgspec.structs.replace(wanted, force=True)
            screen.notify(f"Writing {wanted.path} …", timeout=3, markup=False)
            screen.notify(await export(self._store, self._session, wanted), timeout=10, markup=False)
        except LosstermError as error:
            screen.notify(str(error), severity="error", timeout=15, markup=False)

    async def leave(self, remember: Callable[[], Awaitable[None]]) -> None:
        """Leave the app; first ask what happens to a running training. To be awaited in a worker.

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
