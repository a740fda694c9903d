"""What a dispatcher gives out: chooses what each lane trains best, and brings its node what that needs first."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from lossterm.comparison.comparison import Trial
from lossterm.engine.cluster.messages import (
    Ship,
    Shipped,
)
from lossterm.engine.cluster.nodes import Nodes
from lossterm.engine.cluster.remote_lane import RemoteLane, Sent
from lossterm.engine.cluster.served import Node
from lossterm.engine.lanes.messages import (
    Batch,
    Prepare,
    Prepared,
)
from lossterm.engine.worker import health
from lossterm.errors import LosstermError

if TYPE_CHECKING:
    from lossterm.engine.cluster.shipping import Need

WORK_SECONDS = 5.0
"""What a batch should take where a stack takes less: the longer, the fewer messages; the shorter, the less is lost."""

COMPILE_SECONDS = 1.5
"""What compiling a program costs, about: a lane takes over another's program only if that is repaid."""

MOST_CLAIMS = 64
"""Batches that are claimed in one transaction, at most."""

MOST_PREPARING = 64
"""Lanes that make a program ready whose stacks' width is not known yet, at most: the others wait for their answer."""


class GivingOut(Nodes):
    """Gives trials to the lanes of one connection to a cluster."""

    def _fill(self) -> None:
        """Claim batches for lanes that have room, those with the fewest first."""
        roomy = sorted((lane for lane in self.lanes.values() if lane.has_room), key=lambda lane: len(lane.batches))
        if not roomy or self._store.reader.data_version() == self._nothing:
            return
        queued = self._queue.look(self._store, self._device)
        with self._transaction(needed=bool(queued)):
            taken = self._give_out(roomy[:MOST_CLAIMS], queued)
        if taken:
            return
        if self._queue.fresh:
            self._nothing = self._store.reader.data_version()
        self._queue.forget()

    def _give_out(self, roomy: Sequence[RemoteLane], queued: dict[str, int]) -> int:
        """Give lanes what each trains best; return how many got something."""
        now = self._clock.look()
        self._barred = {program: until for program, until in self._barred.items() if until > now}
        wanted: dict[str, list[RemoteLane]] = {}
        paces = self._paces() if len(queued) > 1 else {}
        known = {program for lane in self.lanes.values() for program in lane.programs} if len(queued) > 1 else set()
        for lane in roomy:
            if program := self._choose(lane, queued, known, paces):
                wanted.setdefault(program, []).append(lane)
        return sum(self._give(program, lanes, queued) for program, lanes in wanted.items())

    def _paces(self) -> dict[str, float]:
        """Return how many seconds an epoch takes, by program: of a first training at least what it has taken so far."""
        now, paces = self._clock.look(), dict(self._pace)
        for lane in self.lanes.values():
            if lane.batches:
                sent = lane.batches[0]
                least = (now - sent.since - COMPILE_SECONDS) / sent.epochs / sent.size
                paces[sent.program] = max(paces.get(sent.program, 0.0), least)
        return paces

    def _choose(
        self, lane: RemoteLane, queued: dict[str, int], known: Collection[str], paces: dict[str, float]
    ) -> str | None:
        """Return a program that the lane has compiled, or else one that is worth compiling there; None if none is."""
        barred = self.nodes[lane.slot.node].barred
        open_ones = [program for program in queued if program not in self._barred and program not in barred]
        for program in open_ones:
            if program in lane.programs:
                return program
        for program in open_ones:
            if program not in known or len(queued) == 1 or queued[program] * paces.get(program, 0) >= COMPILE_SECONDS:
                return program
        return None

    def _give(self, program: str, lanes: Sequence[RemoteLane], queued: dict[str, int]) -> int:
        """Claim batches of a program for lanes of one kind; return how many got one."""
        width = self._widths.get((lanes[0].slot.kind, program))
        if width is None:
            preparing = sum(lane.preparing is not None for lane in self.lanes.values())
            lanes = lanes[: max(MOST_PREPARING - preparing, 0)]
        sizes = [self._stacks(program, queued, width) * width if width else 1 for _ in lanes]
        stacks = self._store.worker.claim_stacks(self._device, program, sizes, away=True)
        if not stacks and lanes:  # those that go on from a checkpoint, or are tried alone
            row = self._store.worker.claim(self._device, queued.keys() - {program}, self._barred, away=True)
            stacks = [[row]] if row else []
        for lane, stack in zip(lanes, stacks, strict=False):
            lane.waiting = stack
            self._send_waiting(lane)
        return len(stacks)

    def _send_waiting(self, lane: RemoteLane) -> None:
        """Send what waits for a lane, once its node has what it needs."""
        rows, node = lane.waiting, self.nodes[lane.slot.node]
        try:
            missing = [need for need in self._needs_of(rows[0].trial) if need.name not in node.kept]
        except LosstermError as error:
            self._bar(lane, str(error))
            return
        if lacking := [node.lacks[need.name] for need in missing if need.name in node.lacks]:
            self._bar(lane, f"Node {node.up.name}: {lacking[0]}", node)
            return
        for need in missing:
            if need.name not in node.asked:
                node.asked.add(need.name)
                place = str(need.place)
                self._send(Ship(node=node.up.node, what=need.what, name=need.name, digest=need.digest, place=place))
        if missing:
            return
        lane.waiting = []
        if not lane.ledger.given:  # else it trains, and is watched
            self._hear_of_training(lane)
        program = rows[0].trial.program
        lane.programs.add(program)
        attempts = [lane.ledger.give(row) for row in rows]
        if (lane.slot.kind, program) in self._widths:
            self._train(lane, program, attempts)
            return
        lane.preparing = attempts[0]
        served = (lane.slot.kind,)
        self._tell(lane, Prepare(number=rows[0].id, attempt=attempts[0], trial=rows[0].trial, served=served))

    def _train_prepared(self, lane: RemoteLane, said: Prepared) -> None:
        """Train a trial whose program is ready, with what waits and can be trained with it."""
        if lane.preparing != said.attempt or said.attempt not in lane.ledger.given:
            return
        lane.preparing = None
        self._hear_of_training(lane)
        row = lane.ledger.given[said.attempt].row
        program, width = row.trial.program, max(said.width, 1)
        self._widths[lane.slot.kind, program] = width
        more = self._store.worker.claim_like(row, width - 1, away=True)
        self._train(lane, program, [said.attempt, *map(lane.ledger.give, more)])

    def _train(self, lane: RemoteLane, program: str, attempts: Sequence[int]) -> None:
        epochs = max(lane.ledger.given[attempts[0]].row.trial.hyperparameters.epochs, 1)
        lane.begin(Sent(program, set(attempts), epochs=epochs, size=len(attempts), since=self._clock.look()))
        self._tell(lane, Batch(assignments=lane.ledger.assignments(attempts)))

    def _stacks(self, program: str, queued: dict[str, int], width: int) -> int:
        """Return how many stacks make a batch: some seconds of work, but no more than a fair share of what waits.

        One, where a stack takes long enough.
        """
        pace = self._pace.get(program)
        if pace is None or (epochs := self._lengths.get(program, 0)) == 0:
            return 1
        seconds = pace * epochs * width
        fair = int(queued.get(program, 0) / epochs / (2 * width * max(len(self.lanes), 1)))
        return max(1, min(int(WORK_SECONDS / max(seconds, 1e-6)), fair))

    # What nodes must have first

    def _needs_of(self, trial: Trial) -> tuple["Need", ...]:
        axis = trial.severity.axis if trial.severity else ""
        key = f"{trial.task} {trial.loss} {trial.hyperparameters.model or ''} {axis}"
        if key not in self._needs:
            from lossterm.engine.cluster.shipping import (
                needs,  # takes NumPy, which a worker without tables does without
            )

            self._needs[key] = needs(trial, self._cluster.address)
        return self._needs[key]

    def _go_on(self, shipped: Shipped) -> None:
        """Go on with what waited for a table or code, or where the node can't keep it, give that to others."""
        if (node := self.nodes.get(shipped.node)) is None:
            return
        node.asked.discard(shipped.name)
        if shipped.error:
            node.lacks[shipped.name] = shipped.error
        else:
            node.kept.add(shipped.name)
        for lane in [slot.lane for slot in node.slots if slot.lane and slot.lane.waiting]:
            self._send_waiting(lane)

    def _bar(self, lane: RemoteLane, reason: str, node: Node | None = None) -> None:
        """Leave a program to others than a node, or than the whole cluster; fail trials for which there are none."""
        rows, lane.waiting = lane.waiting, []
        program = rows[0].trial.program
        able = [one for one in self.nodes.values() if one.slots and not one.leaves and program not in one.barred]
        if not self._others() and (node is None or able in ([], [node])):
            for row in rows:
                self._store.worker.finish(row.id, "failed", error=reason, device=lane.slot.kind)
            return
        print(reason, flush=True)
        if node:
            node.barred.add(program)
        else:
            self._barred[program] = self._clock.look() + health.OBEY_SECONDS
        self._store.worker.requeue(self._device, died=False, trials=[row.id for row in rows])
