"""Pictures of screens, held against those in `snapshots`; `pytest tests/tui --snapshot-update` takes them anew."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation
from textual.pilot import Pilot

from lossterm.tui.app import LosstermApp
from tests.builders.app import still
from tests.pictures import svg

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"

Size = tuple[int, int]
Before = Callable[[Pilot[None]], Awaitable[None]]
"""What is done to an app before its picture is taken."""


class _Picture(SingleFileSnapshotExtension):
    """A picture in a file of its own, beside the package."""

    file_extension = "svg"
    _write_mode = WriteMode.TEXT

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(SNAPSHOTS / test_location.basename)


class Pictures:
    """Takes pictures of an app at rest and holds them against those that are kept; all that differ are named."""

    def __init__(self, kept: SnapshotAssertion, place: Path) -> None:
        self._kept, self._place = kept.use_extension(_Picture), place
        self._differing: list[str] = []

    def __call__(
        self, app: LosstermApp, sizes: Size | list[Size], before: Before | None = None, name: str | None = None
    ) -> None:
        """Take one picture, or one in each size that a terminal is given in turn; `name` has {} for the size."""
        turns = sizes if isinstance(sizes, list) else []

        async def go(pilot: Pilot[None]) -> None:
            if before:
                await before(pilot)
            if not turns:
                await self.take(pilot, name)
                return
            for columns, lines in turns:
                if pilot.app.size != (columns, lines):
                    await pilot.resize_terminal(columns, lines)
                await self.take(pilot, (name or "{}").format(f"{columns}x{lines}"))

        self.run(app, sizes[0] if isinstance(sizes, list) else sizes, go)

    def run(self, app: LosstermApp, size: Size, go: Before) -> None:
        """Run an app and do to it what takes pictures. Fails when one differs."""
        app.run(headless=True, size=size, auto_pilot=partial(self._done, go=go))
        assert not self._differing

    async def take(self, pilot: Pilot[None], name: str | None) -> None:
        """Hold what is on the screen, once it has come to rest, against the picture of that name."""
        await still(pilot)
        size = pilot.app.size.width, pilot.app.size.height
        picture = svg.still(svg.frame(pilot.app.screen._compositor.render_strips()), size, pilot.app.title)
        if picture != (self._kept if name is None else self._kept(name=name)):
            other = self._place / f"{name}.svg"
            other.write_text(picture, encoding="utf-8")
            self._differing.append(f"{name}: {other} is not the picture that is kept; --snapshot-update takes it")

    async def _done(self, pilot: Pilot[None], go: Before) -> None:
        await go(pilot)
        pilot.app.exit()
