"""Asking for comparisons and following them to their end: what `run`, `reproduce` and `check` have in common."""

from collections.abc import Sequence

from lossterm import daemon, report
from lossterm.cli.console import Narrator
from lossterm.comparison import Comparison
from lossterm.errors import WorkerError
from lossterm.store import Asked, Chunk, Store
from lossterm.tail import Tail
from lossterm.view import View


class Watch:
    """Comparisons of one session that are asked for together, on one device."""

    def __init__(
        self, store: Store, session: str, comparisons: Sequence[Comparison], *, quiet: bool, keeps: bool = True
    ) -> None:
        """Prepare to ask; `keeps` tells whether the store outlives this command."""
        self._store, self._session, self._quiet, self._keeps = store, session, quiet, keeps
        self._comparisons = comparisons
        self.asked: list[Asked] = []

    def to_the_end(self) -> None:
        """Ask for the comparisons and follow them, seeing to it that a worker is there. Raises WorkerError.

        Interrupted, or left without a worker, it stops what nobody else waits for; what was trained is kept.
        """
        with Narrator(quiet=self._quiet) as narrator:
            if self._store.network:
                narrator.say(f"The store lies on a network file system ({self._store.network}), which makes it slower.")
            try:
                for comparison in self._comparisons:
                    self.asked.append(self._store.ask(self._session, comparison))
                self._follow(narrator)
            except (KeyboardInterrupt, WorkerError):
                shared = self._store.cancel(self._numbers)
                if self._keeps:
                    narrator.say(f"Stopped; what was trained is kept: lossterm report {self._session}")
                if shared:
                    narrator.say(f"{shared} of the trials go on, since another comparison waits for them too.")
                raise

    def reports(self) -> list[report.Report]:
        """Return the standings of what is there, one for each comparison, in the order asked."""
        rows = self._store.trials(self._numbers)
        return [report.build(one, report.rows_of(one, rows)) for one in self.asked]

    def chunks(self) -> list[Chunk]:
        """Return the curves of what is there, in the order of their epochs."""
        return self._store.chunks(self._numbers)[0]

    @property
    def _numbers(self) -> list[int]:
        return [asked.id for asked in self.asked]

    def _follow(self, narrator: Narrator) -> None:
        device = self.asked[0].comparison.device
        keeper, view = daemon.Keeper(self._store.path, device), View()
        tail = Tail(self._store.path, self._session, self._numbers, device=device)
        try:
            for update in tail.follow():
                if update:
                    view.apply(update)
                    narrator.show(view)
                if not view.training:
                    return
                keeper.tend(needed=True, ready=view.ready)
        finally:
            tail.close()
