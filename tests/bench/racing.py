"""Races on the score tables of the shipped tasks, beside the fixed design of every seed at every rate.

    python -m tests.bench.racing [--tasks circles,wine] [--loss usual] [--seeds 30] [--fake]

Each task is trained once by `lossterm run --seeds 30`, which takes minutes to an hour with `--loss all`, and raced by
`lossterm run --until settled` in the same store: what the race asks for is there already. Printed is what share of the
trainings the race would have taken, and how many losses it calls as the fixed design does. The fixed design is
declared final, so that it is judged at the .05 that the looks of a race share.
"""

import argparse
from pathlib import Path

import msgspec

from lossterm.tasks import TASKS
from tests.bench.headless import Home, document, verdicts_of


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a race on one task took and said."""

    done: int
    """Its trainings."""
    fixed: int
    """Those of the fixed design."""
    alike: int
    """Losses with the same verdict."""
    losses: int
    """All losses."""
    worse_alike: int
    """Losses that both, or neither, call worse."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", default=",".join(TASKS), help="keys with commas between (default: every task)")
    parser.add_argument("--loss", default="usual", help="as of lossterm run (default usual)")
    parser.add_argument(
        "--seeds", type=int, default=30, help="of the fixed design, and at most of the race (default 30)"
    )
    parser.add_argument("--epochs", type=int, help="instead of each task's own")
    parser.add_argument("--fake", action="store_true", help="with a worker that pretends to train, to try this out")
    given = parser.parse_args()
    every = []
    with Home(fake=given.fake) as home:
        for task in given.tasks.split(","):
            every.append(measured(home, task, given.loss, given.seeds, given.epochs))
            print(_line(task, every[-1]), flush=True)
    total = {name: sum(getattr(one, name) for one in every) for name in Measured.__struct_fields__}
    print(_line("all", Measured(**total)))


def measured(home: Path, task: str, loss: str, seeds: int, epochs: int | None) -> Measured:
    """Train a task, race it, and compare the two."""
    asked = ["run", "--session", task, "--task", task, "--loss", loss, "--seeds", str(seeds)]
    asked += ["--epochs", str(epochs)] if epochs else []
    fixed, raced = (document(home, [*asked, *more]) for more in (["--final"], ["--until", "settled"]))
    before, after = (verdicts_of(one) for one in (fixed, raced))
    rates = {one["loss"]: len(one["sweep"]) for one in fixed["standings"]}
    return Measured(
        done=raced["race"]["trainings"]["done"],
        fixed=sum(rates.values()) * seeds,
        alike=sum(before[key] == after[key] for key in before),
        worse_alike=sum((before[key] == "worse") == (after[key] == "worse") for key in before),
        losses=len(before),
    )


def _line(name: str, one: Measured) -> str:
    return (
        f"{name:14} {one.done:6,} of {one.fixed:6,} trainings ({one.done / one.fixed:.2f}), "
        f"{one.alike} of {one.losses} verdicts alike, {one.worse_alike} of {one.losses} worse or not alike"
    )


if __name__ == "__main__":
    main()
