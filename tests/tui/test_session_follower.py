"""What follows a session for the app, without a screen."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest
from textual.message import Message
from textual.widget import Widget

from lossterm.comparison.comparison import Comparison
from lossterm.errors import StoreError, WorkerError
from lossterm.store import Store
from lossterm.tui.background.session_follower import LOOK_SECONDS, SessionFollower
from lossterm.worker_control import lock
from lossterm.worker_control.starting import Workers
from lossterm.worker_control.supervisor import Supervisor
from tests.builders.stores import LOSSES, fill, settled

SESSION = "s"


class Listener:
    """Stands in for a screen: keeps the messages posted to it."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def run_worker(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str, **_: object) -> None:
        self.tasks[name] = asyncio.create_task(work())

    def post_message(self, message: Message) -> None:
        self.messages.append(message)

    async def until(self, true: Callable[[], object]) -> None:
        end = time.monotonic() + 10
        while not true():
            assert time.monotonic() < end, f"waited in vain; messages: {self.messages}"
            await asyncio.sleep(0.01)


Follow = Callable[[Workers | None], Awaitable[tuple[SessionFollower, Listener]]]


@pytest.fixture
async def follow(path: Path) -> AsyncIterator[Follow]:
    """Return what begins to follow the session of a store that is empty."""
    listener = Listener()
    with Store(path) as store:

        async def begin(workers: Workers | None) -> tuple[SessionFollower, Listener]:
            follower = SessionFollower(store, SESSION, workers, time.monotonic)
            follower.follow(cast("Widget", listener))
            return follower, listener

        yield begin
        for task in listener.tasks.values():
            task.cancel()
        await asyncio.gather(*listener.tasks.values(), return_exceptions=True)


async def test_what_another_writes_is_known_when_it_is_told(path: Path, follow: Follow) -> None:
    follower, listener = await follow(None)
    await listener.until(lambda: len(listener.messages) == 1)
    assert follower.state.rows == {}
    with Store(path) as other:
        other.requests.ask(SESSION, Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=2, epochs=1))
        await listener.until(lambda: len(listener.messages) == 2)
        assert [row.status for row in follower.state.rows.values()] == ["queued"] * 2
    assert {type(one) for one in listener.messages} == {SessionFollower.Changed}
    assert "keeper" not in listener.tasks
    assert not lock.alive(path, "auto")


async def test_a_store_that_goes_away_ends_it(path: Path, follow: Follow) -> None:
    _, listener = await follow(None)
    await listener.until(lambda: listener.messages)
    path.unlink()
    await listener.until(lambda: isinstance(listener.messages[-1], SessionFollower.Ended))
    ended = listener.messages[-1]
    assert isinstance(ended, SessionFollower.Ended)
    assert isinstance(ended.error, StoreError)
    assert "was deleted or moved" in str(ended.error)


async def test_a_worker_that_does_not_start_is_told_and_the_session_still_followed(
    path: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Supervisor, "GRACE", 0.0)
    follower, listener = await follow(Workers(("/nowhere/at/all",)))
    await listener.until(listener.tasks["keeper"].done)
    (lost,) = [one for one in listener.messages if isinstance(one, SessionFollower.WorkerLost)]
    assert isinstance(lost.error, WorkerError)
    with Store(path) as other:
        other.requests.ask(SESSION, Comparison.ask("circles", ("hinge",), protocol="tutorial", seeds=1, epochs=1))
    await listener.until(lambda: follower.state.rows)


async def test_a_race_that_is_asked_for_again_goes_on_where_it_is_though_nothing_was_left_to_train(
    path: Path, follow: Follow
) -> None:
    race = Comparison.ask("circles", LOSSES, until="settled", epochs=3)
    fill(path, race, session=SESSION, scored=settled)
    follower, listener = await follow(Workers(("/nowhere/at/all",)))
    await listener.until(lambda: len(follower.state.rows) == race.size)
    with Store(path) as store:
        await asyncio.sleep(2 * LOOK_SECONDS)
        assert len(store.reader.comparisons(SESSION)) == 1, "opening a session trains nothing"
        store.requests.ask(SESSION, race)
        await listener.until(lambda: any(isinstance(one, SessionFollower.GoesOn) for one in listener.messages))
        assert store.reader.comparisons(SESSION)[-1].comparison.seeds == 5
    (news,) = [one for one in listener.messages if isinstance(one, SessionFollower.GoesOn)]
    assert news.words.startswith("After 3 seeds: ")
